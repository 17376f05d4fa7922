"""A message in a capture: what it says, and where, when and how it came.

Strategy: NumPy is slow at giving out single values, so the columns that each message is made of are turned into lists
once, when the messages of a batch are first asked for; addresses become objects when the first of them is asked for.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from itertools import repeat
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from dissector.capture.records import NO_TIME
from dissector.decoder import UNREAD, ChecksumStatus, Decoded
from dissector.kernel import layers
from dissector.registry.model import Family
from dissector.registry.table import find

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dissector.batch import Batch
    from dissector.messages.base import IcmpMessage

T = TypeVar("T")

STATUSES = (ChecksumStatus.GOOD, ChecksumStatus.BAD, ChecksumStatus.UNVERIFIED)
"""By the numbers in a batch's column ``checksum_status``."""
FAMILIES = {4: Family.ICMPV4, 6: Family.ICMPV6}
"""By the numbers in a batch's column ``family``."""
V6 = 6
TYPE_AND_CODE = 2
"""Octets of a message that say its shape."""


class Rows:
    """What the messages of a batch are made of, a list with one value a row each.

    Args:
        batch: the batch.

    Attributes:
        batch: the batch.
        octets: its octets, as bytes.
        starts, ends: where messages lie in them.
        frame, ttl, length, family, checksum_status, limit: as :class:`Message` has them.
        time_ns: likewise; None where there is no time.
        shape: the shapes; None where type and code alone do not say which.
        src, dst: the addresses; empty before :meth:`addresses`.
    """

    __slots__ = (
        "batch",
        "checksum_status",
        "dst",
        "ends",
        "family",
        "frame",
        "length",
        "limit",
        "octets",
        "shape",
        "src",
        "starts",
        "time_ns",
        "ttl",
    )

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.octets = batch.octets.tobytes()
        self.starts: list[int] = batch.icmp.tolist()
        self.ends: list[int] = (batch.icmp + batch.captured).tolist()
        self.frame: list[int] = batch.frame.tolist()
        self.ttl: list[int] = batch.ttl.tolist()
        self.length: list[int] = batch.length.tolist()
        self.family = _pick((Family.ICMPV4, Family.ICMPV6), batch.family == V6)
        self.checksum_status = _pick(STATUSES, batch.checksum_status)
        self.limit = _pick(("IP length", "captured length"), batch.flags & layers.TRUNCATED != 0)
        self.time_ns: list[int | None] = batch.time_ns.tolist()
        for row in np.flatnonzero(batch.record_flags & NO_TIME).tolist():
            self.time_ns[row] = None
        self.shape = _shapes(batch)
        self.src: list[IPv4Address | IPv6Address] = []
        self.dst: list[IPv4Address | IPv6Address] = []

    def addresses(self, name: str) -> list[IPv4Address | IPv6Address]:
        """Fill and return :attr:`src` or :attr:`dst`."""
        batch = self.batch
        keys = np.empty((len(batch), 17), np.uint8)
        keys[:, :16] = getattr(batch, name)
        keys[:, 16] = np.where(batch.flags & layers.FOREIGN, 10 - batch.family, batch.family)
        packed = keys.view("V17").ravel().tolist()
        known = {key: _address(key) for key in set(packed)}
        found = [known[key] for key in packed]
        setattr(self, name, found)
        return found


@lru_cache(maxsize=4096)
def _address(key: bytes) -> IPv4Address | IPv6Address:
    """Return the address of 16 octets and a version of IP; the same hosts come again and again."""
    return IPv4Address(key[:4]) if key[16] == 4 else IPv6Address(key[:16])  # noqa: PLR2004 - the IP version


def _pick(values: tuple[T, ...], numbers: NDArray[np.generic]) -> list[T]:
    """Return for each number, or bit, the value of that place."""
    picked: list[T] = np.array(values, object)[numbers.astype(np.intp)].tolist()
    return picked


def _shapes(batch: Batch) -> list[type[IcmpMessage] | None]:
    """Return the shapes of a batch's messages, None where type and code alone do not say which."""
    kinds = (batch.family.astype(np.int32) << 16 | batch.type.astype(np.int32) << 8 | batch.code).tolist()
    known: dict[int, type[IcmpMessage] | None] = {}
    for kind in set(kinds):
        entry = find(FAMILIES[kind >> 16], kind >> 8 & 0xFF, kind & 0xFF)
        known[kind] = entry.shape if entry.type.longer is None else None
    shapes = [known[kind] for kind in kinds]
    for row in np.flatnonzero(batch.captured < TYPE_AND_CODE).tolist():
        shapes[row] = None
    return shapes


class Message(Decoded):
    """One row of a :class:`~dissector.batch.Batch`, decoded.

    Attributes:
        frame: its packet's number in the file, from 1.
        time_ns: when its packet was captured, ns since 1970 UTC; None where the container does not say.
        ttl: TTL or hop limit of the innermost IP header, the one that carries it.
        rows: what the messages of its batch are made of; a message keeps that and the batch alive.
        row: its row there.
    """

    __slots__ = ("frame", "row", "rows", "time_ns", "ttl")

    def __init__(self, rows: Rows, row: int) -> None:
        # All that Decoded.__init__ does, without the call.
        self.family = rows.family[row]
        self.octets = rows.octets[rows.starts[row] : rows.ends[row]]
        self.length = rows.length[row]
        self.checksum_status = rows.checksum_status[row]
        self.limit = rows.limit[row]
        self._shape = rows.shape[row]
        self._message = UNREAD
        self.frame = rows.frame[row]
        self.time_ns = rows.time_ns[row]
        self.ttl = rows.ttl[row]
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
    def interface(self) -> int:
        """The number of the interface it came by, from 0, over all sections of the file."""
        return int(self.rows.batch.interface[self.row])

    @property
    def link(self) -> str:
        """The link type, by its DLT name: ``EN10MB``."""
        return self.rows.batch.link(self.row)

    @property
    def original(self) -> int:
        """Octets that its packet had on the wire."""
        return int(self.rows.batch.original[self.row])

    @property
    def path(self) -> tuple[str, ...]:
        """The layers around it, outermost first: ``("eth", "vlan 12", "ip")``."""
        batch = self.rows.batch
        return batch.paths[int(batch.path[self.row])]

    @property
    def src(self) -> IPv4Address | IPv6Address:
        """Source address of the innermost IP header."""
        rows = self.rows
        return (rows.src or rows.addresses("src"))[self.row]

    @property
    def dst(self) -> IPv4Address | IPv6Address:
        """Destination address of that header."""
        rows = self.rows
        return (rows.dst or rows.addresses("dst"))[self.row]

    @property
    def fragment(self) -> bool:
        """Whether its datagram was fragmented: reassembled here, or a first fragment alone."""
        return bool(self.rows.batch.flags[self.row] & (layers.FRAGMENT | layers.REASSEMBLED))

    @property
    def reassembled(self) -> bool:
        """Whether it was put together from all its fragments."""
        return bool(self.rows.batch.flags[self.row] & layers.REASSEMBLED)


def messages(batch: Batch) -> Iterator[Message]:
    """Yield the messages of a batch, in the order of its rows."""
    return map(Message, repeat(Rows(batch)), range(len(batch)))
