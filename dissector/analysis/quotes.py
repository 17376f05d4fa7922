"""The datagrams that the errors of a batch quote, as columns: whose they were and where they were going.

Strategy: what :class:`~dissector.tails.datagram.Datagram` reads of one quote is read of all of them at once.
Fixed windows are gathered at each header's place; headers between IP and transport are walked together, one
step for all rows that still have one. A value is there only where all its octets were quoted.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from dissector.kernel import layers
from dissector.registry.model import Family
from dissector.registry.table import find
from dissector.tails.datagram import HEADER_OCTETS, IPV4, IPV6
from dissector.tails.headers import HEADERS, ICMP, ICMP_TYPES, ICMPV6, IPV6_HEADERS, IcmpQueryHeader

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dissector.batch import Batch

MISSING = -1
"""In a column: the value is not there."""
QUOTE_START = 8
"""Octets of an error before its quote (RFC 792; RFC 4443, 3)."""
TCP, UDP, ESP, AH, FRAGMENT = 6, 17, 50, 51, 44
ICMP_PROTOCOL, ICMPV6_PROTOCOL = ICMP_TYPES
PORTED = tuple(
    number for number, shape in HEADERS.items() if any(field.name == "sport" for field in shape.layout.fields)
)
"""Protocols with ports in their first four octets."""
SYN, ACK = 0x02, 0x10
TRANSPORT = 16
"""Octets of a transport header that are looked at: as far as the flags of TCP."""


@cache
def quoting() -> NDArray[np.bool_]:
    """Return which types quote a datagram: for each value of ``Batch.family``, then of ``Batch.type``."""
    found = np.zeros((7, 256), np.bool_)
    for row, family in ((4, Family.ICMPV4), (6, Family.ICMPV6)):
        for number in range(256):
            rest = find(family, number).shape.layout.rest
            found[row, number] = rest is not None and rest.name == "quote"
    return found


@cache
def identified() -> NDArray[np.bool_]:
    """Return which types have identifier and sequence, as :func:`quoting` does."""
    found = np.zeros((7, 256), np.bool_)
    for row, types in ((4, ICMP), (6, ICMPV6)):
        found[row, [number for number, shape in types.items() if shape is IcmpQueryHeader]] = True
    return found


def errors_in(batch: Batch) -> NDArray[np.int64]:
    """Return the rows of a batch that are errors and have all the octets before their quote."""
    return np.flatnonzero(quoting()[batch.family, batch.type] & (batch.captured >= QUOTE_START))


def windows(octets: NDArray[np.uint8], starts: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
    """Return the octets from each start on, shape (n, size); zeros after the end of all octets."""
    over = int(starts.max(initial=0)) + size - len(octets)
    if over > 0:
        octets = np.concatenate([octets, np.zeros(over, np.uint8)])
    view = np.ndarray((len(octets) - size + 1,), f"V{size}", np.ascontiguousarray(octets), strides=(1,))
    return view[starts].view(np.uint8).reshape(-1, size)


def number(window: NDArray[np.uint8], at: int, octets: int) -> NDArray[np.int64]:
    """Return the number that some octets of each window are, most significant first."""
    value = window[:, at].astype(np.int64)
    for place in range(at + 1, at + octets):
        value = value << 8 | window[:, place]
    return value


def known(window: NDArray[np.uint8], there: NDArray[np.int64], at: int, octets: int) -> NDArray[np.int64]:
    """Return those numbers, MISSING where fewer octets than they need are there."""
    return np.where(there >= at + octets, number(window, at, octets), MISSING)


def addresses(window: NDArray[np.uint8], there: NDArray[np.int64], at: int, octets: int) -> NDArray[np.uint8]:
    """Return the octets of an address in each window, zeros where not all are there."""
    return np.where((there >= at + octets)[:, None], window[:, at : at + octets], np.uint8(0))


class Quotes:
    """The quotes of some errors of a batch, one row each.

    Args:
        batch: the batch.
        rows: the errors, as :func:`errors_in` finds them.

    Attributes:
        rows: their rows in the batch.
        there: octets that were captured from the quote's start on, extensions included.
        version: 4 or 6; 0 where the quote is no IP datagram.
        src, dst: addresses, shape (n, 16), as in a batch; zeros where they are not there.
        protocol, ttl, length, id: as in :class:`~dissector.tails.datagram.Datagram`; MISSING where not there.
        sport, dport, type, identifier, sequence, spi: likewise.
        opening: False where it is a TCP segment that is known not to open a connection.
    """

    __slots__ = (
        "dport",
        "dst",
        "id",
        "identifier",
        "length",
        "opening",
        "protocol",
        "rows",
        "sequence",
        "spi",
        "sport",
        "src",
        "there",
        "ttl",
        "type",
        "version",
    )

    protocol: NDArray[np.int64]
    ttl: NDArray[np.int64]
    length: NDArray[np.int64]
    id: NDArray[np.int64]

    def __init__(self, batch: Batch, rows: NDArray[np.int64]) -> None:
        self.rows = rows
        starts = batch.icmp[rows] + QUOTE_START
        self.there = (batch.captured[rows] - QUOTE_START).astype(np.int64)
        count = len(rows)
        for name in ("protocol", "ttl", "length", "id"):
            setattr(self, name, np.full(count, MISSING, np.int64))
        self.src, self.dst = np.zeros((count, 16), np.uint8), np.zeros((count, 16), np.uint8)
        head = windows(batch.octets, starts, HEADER_OCTETS[IPV6])
        version = np.where(self.there > 0, head[:, 0] >> 4, 0)
        self.version = np.where((version == IPV4) | (version == IPV6), version, 0).astype(np.uint8)
        # Where the transport header begins; MISSING where none is known to be there.
        at = np.full(count, MISSING, np.int64)
        self._ipv4(head, at)
        self._ipv6(head, at)
        self._walk(batch.octets, starts, at)
        self._transport(batch.octets, starts, at)

    def _ipv4(self, head: NDArray[np.uint8], at: NDArray[np.int64]) -> None:
        """Read the headers of IPv4 (RFC 791, 3.1); set where what follows them begins."""
        four = np.flatnonzero(self.version == IPV4)
        head, there = head[four], self.there[four]
        length = number(head, 2, 2)
        # Zeros after the datagram's end pad it (RFC 4884, 4); other octets say that its length is wrong.
        beyond = np.arange(HEADER_OCTETS[IPV4], HEADER_OCTETS[IPV4] + 8) >= length[:, None]
        tail = head[:, HEADER_OCTETS[IPV4] : HEADER_OCTETS[IPV4] + 8]
        padded = (length >= HEADER_OCTETS[IPV4]) & (length < there) & ~(beyond & (tail != 0)).any(axis=1)
        there = np.where(padded, length, there)
        self.there[four] = there
        size = (head[:, 0] & 0x0F).astype(np.int64) * 4
        self.length[four] = known(head, there, 2, 2)
        self.id[four] = known(head, there, 4, 2)
        self.ttl[four] = known(head, there, 8, 1)
        self.protocol[four] = known(head, there, 9, 1)
        self.src[four, :4] = addresses(head, there, 12, 4)
        self.dst[four, :4] = addresses(head, there, 16, 4)
        whole = (size >= HEADER_OCTETS[IPV4]) & (there > size)
        first = number(head, 6, 2) & 0x1FFF == 0
        at[four] = np.where(whole & first, size, MISSING)

    def _ipv6(self, head: NDArray[np.uint8], at: NDArray[np.int64]) -> None:
        """Read the headers of IPv6 (RFC 8200, 3); set where what follows them begins."""
        six = np.flatnonzero(self.version == IPV6)
        head, there = head[six], self.there[six]
        payload, least = known(head, there, 4, 2), HEADER_OCTETS[IPV6]
        unknown = (payload == MISSING) | (payload == 0) & (there > least)
        self.length[six] = np.where(unknown, MISSING, payload + least)
        self.protocol[six] = known(head, there, 6, 1)
        self.ttl[six] = known(head, there, 7, 1)
        self.src[six] = addresses(head, there, 8, 16)
        self.dst[six] = addresses(head, there, 24, 16)
        at[six] = np.where(there > least, least, MISSING)

    def _walk(self, octets: NDArray[np.uint8], starts: NDArray[np.int64], at: NDArray[np.int64]) -> None:
        """Pass extension headers and AH, one step for all rows at a time; each step is 8 octets at least."""
        between = np.zeros((2, 256), np.bool_)
        between[:, AH] = True
        between[1, list(IPV6_HEADERS)] = True
        rows = np.flatnonzero(at != MISSING)
        while len(rows):
            protocol = self.protocol[rows]
            rows = rows[between[(self.version[rows] == IPV6).astype(np.int8), protocol]]
            if not len(rows):
                break
            protocol, place, there = self.protocol[rows], at[rows], self.there[rows]
            head = windows(octets, starts[rows] + place, 8)
            fragment = protocol == FRAGMENT
            size = np.where(
                protocol == AH, (head[:, 1].astype(np.int64) + 2) * 4, 8 + head[:, 1] * np.int64(8)
            )
            size[fragment] = 8
            identification = fragment & (there >= place + 8)
            self.id[rows[identification]] = number(head, 4, 4)[identification]
            self.protocol[rows] = head[:, 0]
            later = fragment & (number(head, 2, 2) >> 3 > 0)
            over = later | (place + size >= there)
            at[rows] = np.where(over, MISSING, place + size)
            rows = rows[~over]

    def _transport(self, octets: NDArray[np.uint8], starts: NDArray[np.int64], at: NDArray[np.int64]) -> None:
        """Read what tells flows and probes apart: ports, type, identifier and sequence, SPI."""
        rows = np.flatnonzero(at != MISSING)
        head = windows(octets, starts[rows] + at[rows], TRANSPORT)
        there = self.there[rows] - at[rows]
        protocol = self.protocol[rows]
        ported = np.isin(protocol, PORTED)
        v4, v6 = protocol == ICMP_PROTOCOL, protocol == ICMPV6_PROTOCOL
        family = np.where(v6, 6, 4)
        query = (v4 | v6) & identified()[family, head[:, 0]]

        def column(which: NDArray[np.bool_], place: int, size: int) -> NDArray[np.int64]:
            found = np.full(len(starts), MISSING, np.int64)
            found[rows] = np.where(which, known(head, there, place, size), MISSING)
            return found

        self.sport, self.dport = column(ported, 0, 2), column(ported, 2, 2)
        self.type = column(v4 | v6, 0, 1)
        self.identifier, self.sequence = column(query, 4, 2), column(query, 6, 2)
        self.spi = column(protocol == ESP, 0, 4)
        flags = column(protocol == TCP, 13, 1)
        self.opening = (flags == MISSING) | (flags & (SYN | ACK) == SYN)


@lru_cache(maxsize=1)
def quotes_of(batch: Batch) -> Quotes | None:
    """Return the quotes of all errors of a batch, None where there are none; once for all who ask in turn."""
    rows = errors_in(batch)
    return Quotes(batch, rows) if len(rows) else None


def outer_version(batch: Batch, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return of which IP version the addresses of some rows are."""
    family = batch.family[rows]
    foreign = batch.flags[rows] & layers.FOREIGN != 0
    return np.where(foreign, 10 - family, family).astype(np.uint8)
