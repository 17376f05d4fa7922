"""A message in a capture: what it says, and where, when and how it came."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from dissector.capture import layers
from dissector.capture.records import NO_TIME
from dissector.decoder import ChecksumStatus, Decoded
from dissector.registry.model import Family

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from dissector.batch import Batch

STATUSES = (ChecksumStatus.GOOD, ChecksumStatus.BAD, ChecksumStatus.UNVERIFIED)
"""By the numbers in a batch's column ``checksum_status``."""


class Message(Decoded):
    """One row of a :class:`~dissector.batch.Batch`, decoded.

    Attributes:
        batch: the batch it is in; a message keeps its batch alive.
        row: its row there.
    """

    __slots__ = ("batch", "row")

    def __init__(self, batch: Batch, row: int) -> None:
        family = Family.ICMPV4 if batch.family[row] == 4 else Family.ICMPV6  # noqa: PLR2004 - the IP version
        octets = batch.message_octets(row)
        truncated = batch.flags[row] & layers.TRUNCATED
        super().__init__(
            family,
            octets,
            length=int(batch.length[row]),
            checksum_status=STATUSES[batch.checksum_status[row]],
            limit="captured length" if truncated else "IP length",
        )
        self.batch = batch
        self.row = row

    @property
    def file(self) -> str:
        """The file it came from, as it was named; ``-`` for standard input."""
        return self.batch.origin.file

    @property
    def frame(self) -> int:
        """Its packet's number in the file, from 1."""
        return int(self.batch.frame[self.row])

    @property
    def time_ns(self) -> int | None:
        """When its packet was captured, ns since 1970 UTC; None where the container does not say."""
        if self.batch.record_flags[self.row] & NO_TIME:
            return None
        return int(self.batch.time_ns[self.row])

    @property
    def interface(self) -> int:
        """The number of the interface it came by, from 0, over all sections of the file."""
        return int(self.batch.interface[self.row])

    @property
    def link(self) -> str:
        """The link type, by its DLT name: ``EN10MB``."""
        return self.batch.link(self.row)

    @property
    def original(self) -> int:
        """Octets that its packet had on the wire."""
        return int(self.batch.original[self.row])

    @property
    def path(self) -> tuple[str, ...]:
        """The layers around it, outermost first: ``("eth", "vlan 12", "ip")``."""
        return self.batch.paths[self.batch.path[self.row]]

    @property
    def src(self) -> IPv4Address | IPv6Address:
        """Source address of the innermost IP header, the one that carries it."""
        return self._address(self.batch.src)

    @property
    def dst(self) -> IPv4Address | IPv6Address:
        """Destination address of that header."""
        return self._address(self.batch.dst)

    def _address(self, column: NDArray[np.uint8]) -> IPv4Address | IPv6Address:
        """Return an address out of a column of 16 octets a row, of which IPv4 uses the first four."""
        octets = column[self.row].tobytes()
        return IPv4Address(octets[:4]) if self.batch.ip_version(self.row) == 4 else IPv6Address(octets)  # noqa: PLR2004 - the IP version

    @property
    def ttl(self) -> int:
        """TTL or hop limit of that header."""
        return int(self.batch.ttl[self.row])

    @property
    def fragment(self) -> bool:
        """Whether its datagram was fragmented: reassembled here, or a first fragment alone."""
        return bool(self.batch.flags[self.row] & (layers.FRAGMENT | layers.REASSEMBLED))

    @property
    def reassembled(self) -> bool:
        """Whether it was put together from all its fragments."""
        return bool(self.batch.flags[self.row] & layers.REASSEMBLED)



def messages(batch: Batch) -> Iterator[Message]:
    """Yield the messages of a batch, in the order of its rows."""
    for row in range(len(batch)):
        yield Message(batch, row)
