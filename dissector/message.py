"""A message in a capture: what it says, and where, when and how it came.

Strategy: NumPy is slow at giving out single values, so the columns of a batch are turned into lists once, when its
messages are first asked for, and every message of the batch looks into those.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

import numpy as np

from dissector.capture.records import NO_TIME
from dissector.decoder import ChecksumStatus, Decoded
from dissector.kernel import layers
from dissector.registry.model import Family

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.batch import Batch

STATUSES = (ChecksumStatus.GOOD, ChecksumStatus.BAD, ChecksumStatus.UNVERIFIED)
"""By the numbers in a batch's column ``checksum_status``."""
FAMILIES = {4: Family.ICMPV4, 6: Family.ICMPV6}
"""By the numbers in a batch's column ``family``."""
LISTS = (
    "frame",
    "time_ns",
    "interface",
    "original",
    "icmp",
    "captured",
    "length",
    "family",
    "checksum_status",
    "ttl",
    "flags",
    "record_flags",
    "path",
)
"""The columns that messages look into."""


class Rows:
    """The columns of a batch as lists.

    Args:
        batch: the batch.

    Attributes:
        batch: the batch.
        octets: its octets, as bytes.
        src, dst: its addresses, 16 octets a row.
        version: IP version of each row's addresses.
    """

    __slots__ = ("batch", "dst", "octets", "src", "version", *LISTS)

    frame: list[int]
    time_ns: list[int]
    interface: list[int]
    original: list[int]
    icmp: list[int]
    captured: list[int]
    length: list[int]
    family: list[int]
    checksum_status: list[int]
    ttl: list[int]
    flags: list[int]
    record_flags: list[int]
    path: list[int]
    src: list[bytes]
    dst: list[bytes]

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.octets = batch.octets.tobytes()
        self.src, self.dst = (column.view("V16").ravel().tolist() for column in (batch.src, batch.dst))
        for name in LISTS:
            setattr(self, name, getattr(batch, name).tolist())
        foreign = batch.flags & layers.FOREIGN
        self.version: list[int] = np.where(foreign, 10 - batch.family, batch.family).tolist()


class Message(Decoded):
    """One row of a :class:`~dissector.batch.Batch`, decoded.

    Attributes:
        rows: the columns of its batch; a message keeps them and the batch alive.
        row: its row there.
    """

    __slots__ = ("row", "rows")

    def __init__(self, rows: Rows, row: int) -> None:
        start = rows.icmp[row]
        # All that Decoded.__init__ does, without the call.
        self.family = FAMILIES[rows.family[row]]
        self.octets = rows.octets[start : start + rows.captured[row]]
        self.length = rows.length[row]
        self.checksum_status = STATUSES[rows.checksum_status[row]]
        self.limit = "captured length" if rows.flags[row] & layers.TRUNCATED else "IP length"
        self._entry = self._shape = self._message = None
        self._read = False
        self._notes = []
        self.rows = rows
        self.row = row

    @classmethod
    def of(cls, batch: Batch, row: int) -> Message:
        """Return one message of a batch; :func:`messages` is the way to have all of them."""
        return cls(Rows(batch.take([row])), 0)

    @property
    def file(self) -> str:
        """The file it came from, as it was named; ``-`` for standard input."""
        return self.rows.batch.origin.file

    @property
    def frame(self) -> int:
        """Its packet's number in the file, from 1."""
        return self.rows.frame[self.row]

    @property
    def time_ns(self) -> int | None:
        """When its packet was captured, ns since 1970 UTC; None where the container does not say."""
        return None if self.rows.record_flags[self.row] & NO_TIME else self.rows.time_ns[self.row]

    @property
    def interface(self) -> int:
        """The number of the interface it came by, from 0, over all sections of the file."""
        return self.rows.interface[self.row]

    @property
    def link(self) -> str:
        """The link type, by its DLT name: ``EN10MB``."""
        return self.rows.batch.link(self.row)

    @property
    def original(self) -> int:
        """Octets that its packet had on the wire."""
        return self.rows.original[self.row]

    @property
    def path(self) -> tuple[str, ...]:
        """The layers around it, outermost first: ``("eth", "vlan 12", "ip")``."""
        return self.rows.batch.paths[self.rows.path[self.row]]

    @property
    def src(self) -> IPv4Address | IPv6Address:
        """Source address of the innermost IP header, the one that carries it."""
        return _address(self.rows.src[self.row], self.rows.version[self.row])

    @property
    def dst(self) -> IPv4Address | IPv6Address:
        """Destination address of that header."""
        return _address(self.rows.dst[self.row], self.rows.version[self.row])

    @property
    def ttl(self) -> int:
        """TTL or hop limit of that header."""
        return self.rows.ttl[self.row]

    @property
    def fragment(self) -> bool:
        """Whether its datagram was fragmented: reassembled here, or a first fragment alone."""
        return bool(self.rows.flags[self.row] & (layers.FRAGMENT | layers.REASSEMBLED))

    @property
    def reassembled(self) -> bool:
        """Whether it was put together from all its fragments."""
        return bool(self.rows.flags[self.row] & layers.REASSEMBLED)


@lru_cache(maxsize=4096)
def _address(octets: bytes, version: int) -> IPv4Address | IPv6Address:
    """Return an address of which IPv4 uses the first four octets; the same hosts come again and again."""
    return IPv4Address(octets[:4]) if version == 4 else IPv6Address(octets)  # noqa: PLR2004 - the IP version


def messages(batch: Batch) -> Iterator[Message]:
    """Yield the messages of a batch, in the order of its rows."""
    rows = Rows(batch)
    for row in range(len(batch)):
        yield Message(rows, row)
