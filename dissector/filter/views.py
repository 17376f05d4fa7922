"""What a filter looks at: the messages of a batch with the headers that carry them, and what they quote.

Strategy: an error quotes a datagram, in which there may be a message that quotes another one. As Wireshark does,
a field has a value for each of them. So a filter looks at several :class:`View` of one batch: the first has a row
for each message, the next a row for each quoted datagram, and so on until nothing is quoted. All of them are
columns of offsets in the same octets, and a field is read from each of them in the same way.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from dissector.columns import extract
from dissector.kernel import layers
from dissector.layout import Layout
from dissector.layout.field import NO_DEFAULT, Field
from dissector.registry.model import Family
from dissector.registry.table import family_entries, types
from dissector.tails.quoted import QuoteTail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dissector.batch import Batch
    from dissector.messages.base import IcmpMessage

DEEPEST = 4
"""Datagrams within one another that are looked at."""
ICMP, ICMPV6 = 1, 58
V4, V6 = 4, 6
FAMILIES = {Family.ICMPV4: V4, Family.ICMPV6: V6}
"""The numbers of the families in a batch."""
IPV4_HEADER, IPV6_HEADER = 20, 40
PORTS = (6, 17, 33, 132, 136)
"""Protocols that begin with two ports: TCP, UDP, DCCP, SCTP, UDP-Lite."""
HOP_BY_HOP, ROUTING, DESTINATION = 0, 43, 60
"""IPv6 extension headers of a length in units of 8 octets (RFC 8200, 4); fragments are looked at apart."""
FRAGMENT = 44
MOST_EXTENSIONS = 32
NOTHING = 255
"""The protocol of what is no start of anything, or is not there (reserved by IANA)."""


class View:
    """Datagrams in one batch, and the messages in them.

    Attributes:
        batch: the batch.
        rows: the row of the batch that each belongs to, ascending; None where they are the rows themselves.
        version: 4 or 6, the IP version.
        ip: where the IP header begins in the batch's octets.
        upper: where what it carries begins, behind extension headers.
        end: where its octets end.
        protocol: number of what it carries; 255 where that is a later fragment.
        family: 4 or 6 where that is a message, else 0.
    """

    def __init__(
        self,
        batch: Batch,
        rows: NDArray[np.int64],
        header: tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]],
        upper: tuple[NDArray[np.int64], NDArray[np.uint8]],
    ) -> None:
        self.batch = batch
        self.rows: NDArray[np.int64] | None = rows
        self.version, self.ip, self.end = header
        self.upper, self.protocol = upper
        self._numbers: dict[Family, NDArray[np.uint8]] = {}
        self.family = np.where(self.protocol == ICMP, V4, np.where(self.protocol == ICMPV6, V6, 0)).astype(
            np.uint8
        )

    def __len__(self) -> int:
        """Return how many datagrams there are."""
        return len(self.ip)

    @cached_property
    def captured(self) -> NDArray[np.integer]:
        """Octets of what the header carries that are there."""
        found: NDArray[np.int64] = np.maximum(self.end - self.upper, 0)
        return found

    @cached_property
    def least(self) -> int:
        """The least of :attr:`captured`."""
        return int(self.captured.min()) if len(self) else 0

    @cached_property
    def only(self) -> int:
        """The family that all of them are; 0 where they differ."""
        return int(self.family[0]) if len(self) and self.family.min() == self.family.max() else 0

    @cached_property
    def length(self) -> NDArray[np.integer]:
        """Octets of the message."""
        return self.captured

    @cached_property
    def type(self) -> NDArray[np.uint8]:
        """Type of the messages; 0 where there is none."""
        return self._octet(0)

    @cached_property
    def code(self) -> NDArray[np.uint8]:
        """Code of the messages."""
        return self._octet(1)

    @cached_property
    def checksum(self) -> NDArray[np.uint16]:
        """Checksum of the messages."""
        return (self._octet(2).astype(np.uint16) << 8 | self._octet(3)).astype(np.uint16)

    @cached_property
    def checksum_status(self) -> NDArray[np.uint8]:
        """What is known about it: nothing, where a message is quoted."""
        return np.full(len(self), layers.UNVERIFIED, np.uint8)

    def _octet(self, at: int) -> NDArray[np.uint8]:
        there = (self.family > 0) & (self.captured > at)
        return np.where(there, self.batch.octets[np.where(there, self.upper + at, 0)], 0).astype(np.uint8)

    @cached_property
    def key(self) -> NDArray[np.uint16]:
        """Type and code as one number, an index of what :func:`shapes` returns."""
        key = self.type.astype(np.uint16)
        key <<= 8
        key |= self.code
        return key

    def shape_numbers(self, family: Family) -> NDArray[np.uint8]:
        """Return the number of each message's shape in what :func:`shapes` returns, as if all were of a family."""
        if family not in self._numbers:
            self._numbers[family] = shapes(family)[1][self.key]
        return self._numbers[family]

    def having(self, where: str, size: int) -> NDArray[np.bool_] | None:
        """Return which ones have octets up to ``size`` of something.

        Args:
            where: ``"ip"``, ``"ipv6"``: a header of that version; ``"icmp"``, ``"icmpv6"``: a message of that family;
                ``"ports"``: a header that begins with ports; ``"frame"``: the frame.
            size: octets of it that must be there.

        Returns:
            A mask; None for all.
        """
        if where == "frame":
            return self.batch.frame_start + size <= self.batch.frame_end if size else None
        if where in ("ip", "ipv6"):
            number = V4 if where == "ip" else V6
            if self.rows is None and self.version is self.family and self.only == number:
                return None
            mask: NDArray[np.bool_] = self.version == number
            if self.rows is not None and size:
                mask &= self.ip + size <= self.end
            return mask
        if where == "ports":
            mask = np.isin(self.protocol, PORTS)
            return mask & (self.captured >= size)
        number = V4 if where == "icmp" else V6
        if self.only == number and self.least >= size:
            return None
        mask = self.family == number
        if self.least < size:
            mask &= self.captured >= size
        return mask

    def start(self, where: str) -> NDArray[np.int64]:
        """Return where that begins; see :meth:`having`."""
        if where == "frame":
            return self.batch.frame_start
        return self.ip if where in ("ip", "ipv6") else self.upper

    def quoted(self) -> View | None:
        """Return the datagrams that these messages quote; None where they quote none."""
        # Most messages are seen to quote nothing by their type alone.
        index = np.flatnonzero(types_that_quote()[self.type])
        key = self.type[index].astype(np.uint16) << 8 | self.code[index]
        family, captured = self.family[index], self.captured[index]
        sizes = np.zeros(len(index), np.int64)
        for which, number in FAMILIES.items():
            if self.only in (0, number):
                sizes += np.where(family == number, quoting(which)[key], 0)
        good = (sizes > 0) & (captured > sizes)
        index, sizes, captured = index[good], sizes[good], captured[good]
        if not len(index):
            return None
        octets = self.batch.octets
        ip = self.upper[index] + sizes
        end = self.upper[index] + captured
        version = octets[ip] >> 4
        good = (version == V4) | (version == V6)
        index, ip, end, version = index[good], ip[good], end[good], version[good]
        if not len(index):
            return None
        rows = index if self.rows is None else self.rows[index]
        end = ends(octets, version, ip, end)
        return View(self.batch, rows, (version, ip, end), upper_layer(octets, version, ip, end))


class First(View):
    """The messages of a batch, with the headers that carry them."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.rows = None
        self._numbers = {}
        self.family = batch.family
        foreign = batch.flags & layers.FOREIGN
        self.version = np.where(foreign, 10 - batch.family, batch.family) if foreign.any() else batch.family
        self.ip, self.upper = batch.ip, batch.icmp
        self.captured = batch.captured
        self.type, self.code, self.checksum = batch.type, batch.code, batch.checksum
        self.checksum_status, self.length = batch.checksum_status, batch.length

    @cached_property
    def end(self) -> NDArray[np.int64]:  # type: ignore[override]  # made when it is asked for
        """Where the messages end."""
        return self.batch.icmp + self.batch.captured

    @cached_property
    def protocol(self) -> NDArray[np.uint8]:  # type: ignore[override]  # made when it is asked for
        """What the headers carry: messages."""
        return np.where(self.family == V4, ICMP, ICMPV6).astype(np.uint8)


class Views:
    """The views of one batch, made as far as they are asked for."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self._made: list[View] = [First(batch)]
        self._complete = False

    def __iter__(self) -> Iterator[View]:
        """Yield the messages, what they quote, and so on."""
        for depth in range(DEEPEST):
            if depth == len(self._made):
                found = None if self._complete else self._made[-1].quoted()
                if found is None:
                    self._complete = True
                    return
                self._made.append(found)
            yield self._made[depth]


def upper_layer(
    octets: NDArray[np.uint8], version: NDArray[np.uint8], ip: NDArray[np.int64], end: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return where what IP headers carry begins, and the number of its protocol.

    Args:
        octets: all octets.
        version: 4 or 6, one for each header.
        ip: where the headers begin.
        end: where the octets of their datagrams end.
    """

    def at(offset: int, start: NDArray[np.int64]) -> NDArray[np.uint8]:
        place = start + offset
        inside = place < end
        if inside.all():
            return octets[place]
        return np.where(inside, octets[np.where(inside, place, 0)], NOTHING).astype(np.uint8)

    four = version == V4
    upper = ip + np.where(four, (octets[ip] & 0xF).astype(np.int64) * 4, IPV6_HEADER)
    if four.all():
        protocol, later = at(9, ip), ((at(6, ip) & 0x1F) | at(7, ip)) != 0
        later |= upper < ip + IPV4_HEADER
        return upper, np.where(later, NOTHING, protocol).astype(np.uint8)
    protocol = np.where(four, at(9, ip), at(6, ip))
    later = four & ((((at(6, ip) & 0x1F) | at(7, ip)) != 0) | (upper < ip + IPV4_HEADER))
    for _ in range(MOST_EXTENSIONS):
        fragment = ~four & (protocol == FRAGMENT)
        more = (
            ~four & ((protocol == HOP_BY_HOP) | (protocol == ROUTING) | (protocol == DESTINATION))
        ) | fragment
        if not more.any():
            break
        later |= fragment & ((at(2, upper) | (at(3, upper) & 0xF8)) != 0)
        size = np.where(fragment, 8, 8 + at(1, upper).astype(np.int64) * 8)
        protocol, upper = np.where(more, at(0, upper), protocol), np.where(more, upper + size, upper)
    return upper, np.where(later, NOTHING, protocol).astype(np.uint8)


def ends(
    octets: NDArray[np.uint8], version: NDArray[np.uint8], ip: NDArray[np.int64], end: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return where datagrams end by their own lengths; ``end`` where those are beyond it or make no sense.

    Args:
        octets: all octets.
        version: 4 or 6, one for each datagram.
        ip: where they begin.
        end: where the octets that there are of them end.
    """
    four = version == V4
    # Total Length (RFC 791, 3.1); Payload Length, without the header (RFC 8200, 3).
    place = ip + np.where(four, 2, 4)
    place = np.where(place + 1 < end, place, ip)
    length = (octets[place].astype(np.int64) << 8 | octets[place + (place > ip)]) + np.where(
        four, 0, IPV6_HEADER
    )
    least = np.where(four, IPV4_HEADER, IPV6_HEADER + 1)
    own = ip + length
    return np.where((place > ip) & (length >= least) & (own < end), own, end)


@cache
def shapes(family: Family) -> tuple[tuple[type[IcmpMessage], ...], NDArray[np.uint8]]:
    """Return the shapes of a family, and which of them each type and code has, shape (65536,).

    What a message has only from some length on is not in it, see :func:`longer`.
    """
    known: dict[type[IcmpMessage], int] = {}
    numbers = np.zeros((256, 256), np.uint8)
    for entry in family_entries(family):
        row, code = entry.type, entry.code
        types = slice(row.number, (row.last or row.number) + 1)
        codes = slice(None) if code is None else slice(code.number, (code.last or code.number) + 1)
        numbers[types, codes] = known.setdefault(entry.shape, len(known))
    return tuple(known), numbers.reshape(-1)


@cache
def longer(family: Family) -> tuple[tuple[int, int, type[IcmpMessage]], ...]:
    """Return types that have another shape from some length on: the type, that length, that shape."""
    return tuple((row.number, *row.longer) for row in types(family) if row.longer is not None)


@cache
def types_that_quote() -> NDArray[np.bool_]:
    """Return by type whether messages of either family may quote a datagram."""
    found: NDArray[np.bool_] = sum(quoting(family).reshape(256, 256).sum(axis=1) for family in FAMILIES) > 0
    return found


@cache
def quoting(family: Family) -> NDArray[np.int64]:
    """Return by type and code how many octets stand before the quoted datagram; 0 where messages quote none."""
    known, numbers = shapes(family)
    return np.array([before_quote(shape) for shape in known], np.int64)[numbers]


def before_quote(shape: type[IcmpMessage]) -> int:
    """Return how many octets stand before the datagram that messages of a shape quote; 0 where they quote none."""
    rest = shape.layout.rest
    return shape.layout.size if rest is not None and isinstance(rest.tail, QuoteTail) else 0


def bare(name: str, bits: int, offset: int, as_: type = int) -> Field:
    """Return a field without texts."""
    return Field(name, bits, offset, "", as_, "", 1, False, False, False, {}, "", NO_DEFAULT)


@cache
def cover(bits: int, offset: int, as_: type, scale: int, signed: bool) -> Layout:
    """Return a layout of whole octets with one field in it, ``value``, so many bits from their start."""
    after = -(offset + bits) % 8
    fields = [bare("before", offset, 0)] if offset else []
    fields.append(bare("value", bits, offset, as_)._replace(scale=scale, signed=signed))
    if after:
        fields.append(bare("after", after, offset + bits))
    return Layout("a field", tuple(fields), None, ())


def read(octets: NDArray[np.uint8], starts: NDArray[np.int64], field: Field) -> NDArray[Any]:
    """Return one field of shapes that begin at some offsets, as :func:`dissector.columns.extract` returns it."""
    first, offset = divmod(field.offset, 8)
    layout = cover(field.bits, offset, field.as_, field.scale, field.signed)
    return extract(octets, starts + first if first else starts, layout)["value"]


def gather(octets: NDArray[np.uint8], starts: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
    """Return so many octets from each of some offsets on, shape (n, size)."""
    if not size:
        return np.zeros((len(starts), 0), np.uint8)
    return read(octets, starts, bare("octets", size * 8, 0, bytes))
