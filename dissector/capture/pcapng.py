"""Pcapng (draft-ietf-opsawg-pcapng): all its sections, interfaces and kinds of packet block.

Strategy: the walker takes packet blocks and passes over what it may; section headers and interface
descriptions come here, and it goes on with the same columns. What is not plain is judged as in
:mod:`dissector.capture.pcap`: a block says its length at both ends, so a place in damaged octets is soon known
for a block or for none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dissector.capture.records import Interface
from dissector.capture.window import (
    LARGEST_MESSAGE,
    LARGEST_SNAPLEN,
    ContainerReader,
    byte_order,
    largest_packet,
    octets,
)
from dissector.kernel import walk

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from dissector.capture.records import Block
    from dissector.capture.source import Source

SECTION = 0x0A0D0D0A
_SMALLEST = 12
_SECTION_SMALLEST = 28
_INTERFACE_SMALLEST = 20
_ROOM = 65536  # in a block beside the packet: header, options
_LARGEST_BLOCK = LARGEST_SNAPLEN + _ROOM
_LARGEST_MESSAGE_BLOCK = LARGEST_MESSAGE + _ROOM
_INTERFACES = 1 << 18  # so many are remembered: a file may describe one in 20 octets
_TEXT = 256  # characters of a name or description
_TEXTS = 1 << 22  # of all in a file: each takes up to four octets
_ENDS_BLOCK = {walk.FULL, walk.MORE, walk.NUMBERED}  # no rows are left; octets move; frame numbers have a gap
_ORDERS = {b"\x1a\x2b\x3c\x4d": True, b"\x4d\x3c\x2b\x1a": False}

# Options of an interface description, section 4.2.
_NAME, _DESCRIPTION, _RESOLUTION, _FCS, _OFFSET = 2, 3, 9, 13, 14
_MICROSECONDS = 6
_NANOSECONDS = 9
_COARSEST_UNIT = 27  # ticks of 10**-28 s and less: 64 bits of them are under two nanoseconds
_BINARY = 0x80
_SECOND = 1_000_000_000
_LAST_NS = (1 << 63) - 1


class Unit(NamedTuple):
    """How the walker turns ticks into nanoseconds.

    Attributes:
        kind: ``walk.UNIT_MULTIPLY`` and so on.
        factor: what it means for the kind.
        name: for people.
    """

    kind: int
    factor: int
    name: str


def unit(resolution: int) -> Unit:
    """Return the unit that ``if_tsresol`` names: ticks of 10**-n s, or 2**-n s if the highest bit is set."""
    power = resolution & ~_BINARY
    if resolution & _BINARY:
        return Unit(walk.UNIT_BINARY, power, f"2^-{power} s")
    name = {_MICROSECONDS: "us", _NANOSECONDS: "ns"}.get(power, f"10^-{power} s")
    if power <= _NANOSECONDS:
        return Unit(walk.UNIT_MULTIPLY, 10 ** (_NANOSECONDS - power), name)
    if power <= _COARSEST_UNIT:
        return Unit(walk.UNIT_DIVIDE, 10 ** (power - _NANOSECONDS), name)
    return Unit(walk.UNIT_NONE, 1, name)


def options(area: bytes, *, big: bool) -> dict[int, bytes]:
    """Return the first value of each option, as far as they can be read (section 3.5)."""
    order = byte_order(big=big)
    found: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(area):
        code = int.from_bytes(area[at : at + 2], order)
        length = int.from_bytes(area[at + 2 : at + 4], order)
        if code == 0 or at + 4 + length > len(area):
            break
        found.setdefault(code, area[at + 4 : at + 4 + length])
        at += 4 + (length + 3 & ~3)
    return found


def _text(value: bytes) -> str:
    """Return an option's text; what is no UTF-8 is escaped, what is long is cut."""
    return value[:_TEXT].decode(errors="backslashreplace")[:_TEXT]


class PcapngReader(ContainerReader):
    """Read a pcapng.

    Args:
        source: the octets; they begin with a section header.
        strict: whether to raise at the first damaged place.
    """

    format = "pcapng"

    def __init__(self, source: Source, *, strict: bool) -> None:
        super().__init__(source, strict=strict)
        records = self._records
        self._columns = [
            column.data
            for column in (
                records.start,
                records.captured,
                records.original,
                records.time_ns,
                records.interface,
                records.flags,
            )
        ]
        self._units = np.zeros((16, 4), np.int64).data
        self._section = -1
        self._big = False
        self._first = 0  # of the section's interfaces, in ``interfaces``
        self._limit = _LARGEST_BLOCK
        self._texts = 0  # characters of the interfaces' names and descriptions
        self._searched = 0  # up to this offset of the file no block begins that was looked for

    def __iter__(self) -> Iterator[Block]:  # noqa: C901, PLR0912 - what stops the walker, case by case
        """Hand out the blocks; each is valid until the next.

        Raises:
            TruncatedCaptureError: the file is damaged, and only a whole one is wanted.
        """
        window = self._window
        while True:
            status, window.position, self._count = self._walk()
            if status == walk.SPECIAL and self._special():
                continue
            if status == walk.SPECIAL and self._claimed() > window.left:
                status = walk.MORE
            # A file may describe an interface before each packet, or damage each: what is done for a block is not done
            # for each.
            if self._count and (self._strict or status in _ENDS_BLOCK):
                yield self._block()
            if status == walk.SPECIAL:
                yield from self._odd()
            elif status == walk.MORE:
                if self._stopped() and not window.final:
                    return
                if not window.final:
                    window.more()
                elif not (window.left >= _SMALLEST and (yield from self._shortened())):
                    break
            elif status == walk.SUSPECT:
                yield from self._suspect()
            elif status == walk.UNREADABLE:
                self._unreadable()
            elif status == walk.NUMBERED:
                self._frames += 1
                window.position += self._claimed()
        if 0 < window.left < _SMALLEST:
            self._cut(_SMALLEST - window.left)
        else:
            self._cut(self._claimed() - window.left if window.left else 0)

    def _walk(self) -> tuple[int, int, int]:
        """Let the walker fill the columns behind what is there."""
        window = self._window
        found: tuple[int, int, int] = walk.blocks(
            window.octets, window.position, window.end, self._big, self._limit,
            *self._known(), *self._columns, self._count,
        )  # fmt: skip
        return found

    def _find(self, position: int) -> tuple[int, int]:
        """Look for a block in the window."""
        window = self._window
        found: tuple[int, int] = walk.find_block(
            window.octets, position, window.end, window.final, self._big, 0
        )
        return found

    def _context(self) -> tuple[Any, ...]:
        """Return section, byte order, interfaces with their units, and how long a block may be."""
        units = np.asarray(self._units)[: len(self.interfaces)].tolist()
        return self._section, self._big, self._first, self._limit, tuple(self.interfaces), units

    def _take_context(self, context: tuple[Any, ...]) -> None:
        """Know what another reader of the file has learned."""
        self._section, self._big, self._first, self._limit, interfaces, units = context
        self.interfaces[:] = interfaces
        self._texts = sum(len(interface.name) + len(interface.description) for interface in interfaces)
        table = np.zeros((max(16, len(units)), 4), np.int64)
        table[: len(units)] = np.array(units, np.int64).reshape(-1, 4)
        self._units = table.data

    def _known(self) -> tuple[memoryview, int, int]:
        """Return what the walker needs to know of the section's interfaces."""
        return self._units, self._first, len(self.interfaces) - self._first

    def _order(self) -> bool | None:
        """Return the byte order of the block here, None for a section header with a wrong magic number."""
        window = self._window
        if window.number(0, 4, big=True) != SECTION:
            return self._big
        return _ORDERS.get(bytes(window.octets[window.position + 8 : window.position + 12]))

    def _claimed(self) -> int:
        """Return the octets that the block here claims with its padding, 0 if that is impossible."""
        order = self._order()
        length = 0 if order is None else self._window.number(4, 4, big=order)
        return length + 3 & ~3 if _SMALLEST <= length <= self._limit else 0

    def _special(self) -> bool:
        """Read the section header or interface description here; return whether that could be done at once."""
        window = self._window
        kind, claimed = self._kind()
        if kind == SECTION and claimed >= _SECTION_SMALLEST:
            self._section += 1
            self._big = bool(self._order())
            self._searched = 0
            self._first = len(self.interfaces)
        elif kind != 1 or claimed < _INTERFACE_SMALLEST:
            return False
        elif len(self.interfaces) < _INTERFACES:
            self._describe(bytes(window.octets[window.position + 8 : window.position + claimed - 4]))
        elif self.report.most_interfaces:
            self.report.interfaces_skipped += 1
        else:
            return False
        window.position += claimed
        return True

    def _kind(self) -> tuple[int, int]:
        """Return type and octets of the section header or interface description here, zeros if it is not sound."""
        window = self._window
        order, claimed = self._order(), self._claimed()
        if order is None or not 0 < claimed <= window.left:
            return 0, 0
        if window.number(4, 4, big=order) != window.number(claimed - 4, 4, big=order):
            return 0, 0
        return window.number(0, 4, big=order), claimed

    def _describe(self, body: bytes) -> None:
        """Note the interface that a description's body describes (section 4.2)."""
        big = self._big
        order = byte_order(big=big)
        number = len(self.interfaces)
        link = int.from_bytes(body[0:2], order)
        snaplen = int.from_bytes(body[4:8], order)
        given = options(body[8:], big=big)
        ticks = unit((given.get(_RESOLUTION) or bytes([_MICROSECONDS]))[0])
        offset = 0
        if len(given.get(_OFFSET, b"")) == 8:  # noqa: PLR2004 - 64 bits
            offset = int.from_bytes(given[_OFFSET], order, signed=True)
        name, description = (_text(given.get(code, b"")) for code in (_NAME, _DESCRIPTION))
        if self._texts + len(name) + len(description) > _TEXTS:
            name = description = ""
            self.report.unnamed += 1
        self._texts += len(name) + len(description)
        # The draft says bits and means octets in its example; both are written.
        fcs = (given.get(_FCS) or b"\0")[0]
        self.interfaces.append(
            Interface(
                link,
                snaplen=snaplen,
                name=name,
                description=description,
                resolution=ticks.name,
                offset=offset,
                fcs=fcs if fcs < 8 else fcs // 8,  # noqa: PLR2004 - bits of an octet
                section=max(self._section, 0),
            )
        )
        if number == len(self._units):
            self._units = np.concatenate([np.asarray(self._units), np.zeros((number, 4), np.int64)]).data
        told = abs(offset) * _SECOND <= _LAST_NS
        row = (ticks.kind if told else walk.UNIT_NONE, ticks.factor, offset * _SECOND if told else 0, snaplen)
        for column, value in enumerate(row):
            self._units[number, column] = value
        if largest_packet(link, 0) == LARGEST_MESSAGE:
            self._limit = _LARGEST_MESSAGE_BLOCK

    # --- what is not as it should be
    # ----------------------------------------------------------------------------

    def _odd(self) -> Iterator[Block]:
        """Judge the section header or interface description here: damaged, too short, or one too many."""
        window = self._window
        kind, claimed = self._kind()
        if not kind:
            yield from self._skip("the section header or interface description there is damaged")
        elif kind == 1 and claimed >= _INTERFACE_SMALLEST:
            self._sentence(window.offset, f"more than {_INTERFACES} interfaces")
            self.report.most_interfaces = _INTERFACES
        else:
            what = f"the block there is too short; {octets(claimed)} skipped"
            self._damaged(window.offset, what, skipped=claimed)
            window.position += claimed

    def _suspect(self) -> Iterator[Block]:
        """Judge the block here: it claims an impossible length, or not the same one at both ends."""
        window = self._window
        claimed = self._claimed()
        if claimed:
            if not (yield from self._shortened()):
                self._unended(claimed)
            return
        size = window.number(4, 4, big=self._big)
        status, place = walk.find_block(
            window.octets, window.position + 4, window.end, window.final, self._big, 0
        )
        if status == walk.FOUND:
            length = place - window.position
            self._salvage(length, length, f"what follows claims {octets(size)}")
        else:
            yield from self._skip(f"what follows claims {octets(size)}")

    def _unended(self, claimed: int) -> None:
        """Take the block here, which does not end with its length, up to the next that can be seen behind it.

        Of many such blocks in a row each is followed by the same octets without a block: these are searched once.
        """
        window = self._window
        begin = max(window.position + claimed, self._searched - window.base)
        status, place = walk.find_block(window.octets, begin, window.end, window.final, self._big, 0)
        self._searched = window.base + place
        length = place - window.position if status == walk.FOUND else claimed
        body = length if length > claimed else claimed - 4
        self._salvage(length, body, "the block there does not end with its length")

    def _shortened(self) -> Generator[Block, None, bool]:
        """Take the block at the position up to the next if that begins inside it; return whether it does.

        The block claims a possible length, beyond the end of the file or up to where its length is not
        repeated.
        """
        window = self._window
        claimed = self._claimed()
        looked = _SMALLEST
        while True:
            status, place = walk.find_block(
                window.octets,
                window.position + looked,
                window.end,
                window.final,
                self._big,
                window.position + claimed,
            )
            if status != walk.MORE:
                break
            looked = place - window.position
            yield from self._more()
        if status != walk.FOUND:
            return False
        length = place - window.position
        what = f"the block there claims {octets(claimed)}, the next begins after {length}"
        self._salvage(length, length, what)
        return True

    def _unreadable(self) -> None:
        """Take what can be had of a packet that does not fit its block, or is of no known interface."""
        claimed = self._claimed()
        fits = walk.damaged_packet(*self._packet(claimed - 4))
        if not fits and self.report.most_interfaces:
            # Of one of those that are not remembered; what is wrong was told.
            self.report.packets_skipped += 1
            self._window.position += claimed
            return
        what = "claims more octets than its block has" if fits else "is of an interface that is not described"
        self._salvage(claimed, claimed - 4, f"the packet there {what}")

    def _packet(self, body: int) -> tuple[object, ...]:
        """Return what :func:`walk.damaged_packet` takes for the block here, of which ``body`` octets are."""
        window = self._window
        return (
            window.octets, window.position, window.position + body, self._big, *self._known(), *self._columns,
            self._count
        )  # fmt: skip

    def _salvage(self, length: int, body: int, what: str) -> None:
        """Take the packet of the block here if it can be had, and go on behind ``length`` octets."""
        window = self._window
        taken = walk.damaged_packet(*self._packet(body))
        if taken:
            self._damaged(window.offset, what)
            self._count += 1
        else:
            self._damaged(window.offset, f"{what}; {octets(length)} skipped", skipped=length)
        window.position += length

    def _skip(self, claim: str) -> Iterator[Block]:
        """Pass over octets that are no block, up to the next one."""
        window = self._window
        begin = window.offset
        window.position += 1
        while True:
            window.pass_zeros(_SMALLEST - 1)
            status, window.position = self._find(window.position)
            if status != walk.MORE:
                break
            yield from self._more()
        self._skipped(begin, claim, found=status == walk.FOUND)
