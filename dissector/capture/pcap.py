"""Containers made of one kind of record with a fixed header; and classic pcap, the best known of them.

Strategy: the walker takes whatever is plain. Where it stops, the record there either claims an impossible
length, or is followed by what cannot be a record. In the second case the length may be wrong, so its own
octets are searched for records first, and only then it is taken as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dissector.capture.records import SHORTENED, Interface
from dissector.capture.window import ContainerReader, byte_order, largest_packet, octets
from dissector.errors import CaptureError
from dissector.kernel import walk

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from dissector.capture.records import Block
    from dissector.capture.source import Source


class Layout(NamedTuple):
    """Where the fields of a record header are, in octets; what :func:`walk.records` is told.

    Attributes:
        header: length of the header.
        seconds, fraction: offsets of the time stamp.
        captured, original: offsets of the lengths.
        length: offset of the length of the whole record, -1 if there is none.
        big: 1 for big-endian.
        scale: nanoseconds in a unit of the fraction.
        limit: most octets that a packet may claim.
    """

    header: int = 16
    seconds: int = 0
    fraction: int = 4
    captured: int = 8
    original: int = 12
    length: int = -1
    big: int = 0
    scale: int = 1000
    limit: int = 0


class RecordsReader(ContainerReader):
    """Read a container whose records have a header of one layout.

    Args:
        source: the octets.
        interface: the one interface of the file.
        layouts: the layout of the records, then others that files of this kind may have instead; the first
            packets decide.
        start: octets of the file header.
        strict: whether to raise at the first damaged place.
    """

    def __init__(
        self, source: Source, interface: Interface, layouts: list[Layout], *, start: int, strict: bool
    ) -> None:
        super().__init__(source, strict=strict)
        self.interfaces.append(interface)
        self._start = start
        self._others = layouts[1:]
        self._take(layouts[0])
        records = self._records
        # Interpreted, the walker is much faster on memoryviews than on arrays; compiled, it does not matter.
        self._columns = [
            column.data for column in (records.start, records.captured, records.original, records.time_ns)
        ]

    def _take(self, layout: Layout) -> None:
        self._layout = layout
        self._numbers = np.array(layout, np.int64).data

    def __iter__(self) -> Iterator[Block]:
        """Hand out the blocks; each is valid until the next.

        Raises:
            CaptureError: the file ends in its header.
            TruncatedCaptureError: the file is damaged, and only a whole one is wanted.
        """
        window = self._window
        while window.left < self._start and not window.final:
            window.more()
        window.position = min(self._start, window.end)
        while True:
            first = not self._frames and not self._count
            status, position, count = self._walk()
            if status != walk.FULL and first and count < walk.CHAIN - 1:
                status, position, count = self._try_others(status, position, count)
            window.position, self._count = position, count
            # What is done for a block is not done for each damaged place.
            if count and (self._strict or status != walk.SUSPECT):
                yield self._block()
            if status == walk.SUSPECT:
                yield from self._suspect()
            elif status == walk.MORE and not window.final:
                if self._stopped():
                    return
                window.more()
            elif status == walk.MORE and not (window.left and (yield from self._shortened())):
                break
        if window.left:
            header = self._layout.header
            needed = header if window.left < header else self._span()
            self._cut(needed - window.left)
        else:
            self._cut(0)

    def _walk(self, end: int = 0) -> tuple[int, int, int]:
        """Let the walker fill the columns, up to ``end`` only if that is given."""
        window = self._window
        final = window.final or end > 0
        found: tuple[int, int, int] = walk.records(
            window.octets, window.position, end or window.end, final, self._numbers, *self._columns, self._count
        )  # fmt: skip
        self._records.flags[self._count : found[2]] = 0
        return found

    def _find(self, position: int) -> tuple[int, int]:
        """Look for a record in the window."""
        window = self._window
        found: tuple[int, int] = walk.find_record(
            window.octets, position, window.end, window.final, self._numbers, 0
        )
        return found

    def _context(self) -> tuple[Layout, list[Layout]]:
        """Return the layout of the records, and those still to be tried because there was none so far."""
        return self._layout, [] if self._frames else self._others

    def _take_context(self, context: tuple[Layout, list[Layout]]) -> None:
        """Know the layout, and go on behind the file header."""
        layout, self._others = context
        self._start = 0
        self._take(layout)

    def _span(self) -> int:
        """Return the octets that the record at the position claims, -1 if it cannot be one."""
        claimed: int = walk.span(self._window.octets, self._window.position, self._numbers)
        return claimed

    def _try_others(self, status: int, position: int, count: int) -> tuple[int, int, int]:
        """Read the first packets by the other layouts, and keep to the one that reads most of them."""
        best = self._layout
        found = (status, position, count)
        least = 0 if status == walk.SUSPECT else walk.CHAIN - 1
        for layout in self._others:
            self._take(layout)
            tried = self._walk()
            if tried[2] > max(found[2], least):
                best, found = layout, tried
        self._take(best)
        return self._walk()

    def _suspect(self) -> Iterator[Block]:
        """Judge the record at the position, or find the next."""
        window = self._window
        claimed = self._span()
        if claimed < 0:
            yield from self._skip()
        elif not (yield from self._shortened()):
            # Its length is right, for all that is known: the damage is behind it.
            _, window.position, self._count = self._walk(window.position + claimed)

    def _shortened(self) -> Generator[Block, None, bool]:
        """Take the record at the position up to the next if that begins inside it; return whether it does.

        The record claims a possible length, beyond the end of the file or up to where no record is.
        """
        window, header = self._window, self._layout.header
        if window.left < header:
            return False
        claimed = self._span()
        looked = header
        while True:
            status, place = walk.find_record(
                window.octets,
                window.position + looked,
                window.end,
                window.final,
                self._numbers,
                window.position + claimed,
            )
            if status != walk.MORE:
                break
            looked = place - window.position
            yield from self._more()
        if status != walk.FOUND:
            return False
        captured = place - window.position - header
        self._damaged(
            window.offset,
            f"the packet there claims {octets(claimed - header)}, the next begins after {captured}",
        )
        self._fill(captured)
        window.position = place
        return True

    def _fill(self, captured: int) -> None:
        """Note the record at the position in the next row, with fewer octets than it claims."""
        window, layout, records, row = self._window, self._layout, self._records, self._count
        big = bool(layout.big)
        seconds = window.number(layout.seconds, 4, big=big)
        fraction = window.number(layout.fraction, 4, big=big)
        records.start[row] = window.position + layout.header
        records.captured[row] = captured
        records.original[row] = window.number(layout.original, 4, big=big)
        records.time_ns[row] = seconds * 1_000_000_000 + fraction * layout.scale
        records.flags[row] = SHORTENED
        self._count += 1

    def _skip(self) -> Iterator[Block]:
        """Pass over octets that are no record, up to the next one."""
        window, layout = self._window, self._layout
        begin = window.offset
        size = window.number(layout.captured, 4, big=bool(layout.big))
        claim = f"what follows claims {octets(size)}" if size > layout.limit else "no packet header follows"
        window.position += 1
        while True:
            window.pass_zeros(layout.header - 1)
            status, window.position = self._find(window.position)
            if status != walk.MORE:
                break
            yield from self._more()
        self._skipped(begin, claim, found=status == walk.FOUND)


class PcapReader(RecordsReader):
    """Read a pcap."""

    format = "pcap"


# draft-ietf-opsawg-pcap, section 4, and the variants that Wireshark and libpcap know: order, nanoseconds in a
# unit of the fraction, octets of the file header, and of the record header that this magic number, alas, may
# mean.
_MICROSECONDS = ("us", 1000, 24, (16, 24, 20))  # 24 as Red Hat 6.1, 20 as Nokia wrote it
_NANOSECONDS = ("ns", 1, 24, (16,))
_MODIFIED = ("us", 1000, 24, (24, 28))  # with interface, protocol and direction; 28 as SuSE 6.3 wrote it
_IXIA_HARDWARE = ("ns", 1, 28, (16,))
_IXIA_SOFTWARE = ("us", 1000, 28, (16,))
_MAGICS = {
    0xA1B2C3D4: _MICROSECONDS,
    0xA1B23C4D: _NANOSECONDS,
    0xA1B2CD34: _MODIFIED,
    0x1C0001AC: _IXIA_HARDWARE,
    0x1C0001AB: _IXIA_SOFTWARE,
}
_HEADER = 24
_OLD_MINOR = 3  # version 2.3 put the captured length first; some that say 2.3 did not
_DG_UX = 543  # its major version number; lengths as before 2.3
# AIX: version 2.2, nanoseconds, and RFC 1573 interface types for link types.
_AIX_LINKS = {6: 1, 9: 6, 15: 10, 24: 0}


def is_pcap(head: bytes) -> bool:
    """Whether a file that begins with these octets is a pcap of some kind."""
    return int.from_bytes(head[:4], "big") in _MAGICS or int.from_bytes(head[:4], "little") in _MAGICS


def open_pcap(source: Source, *, strict: bool) -> RecordsReader:
    """Read a pcap: both byte orders, micro- and nanoseconds, and its modified variants.

    Raises:
        CaptureError: the file ends in its header.
    """
    head = source.peek(_HEADER)
    if len(head) < _HEADER:
        message = f"{source.name} ends in its file header ({len(head)} of {_HEADER} octets)"
        raise CaptureError(message)
    big = int.from_bytes(head[:4], "big") in _MAGICS
    order = byte_order(big=big)
    resolution, scale, start, headers = _MAGICS[int.from_bytes(head[:4], order)]
    major, minor, snaplen, link = (
        int.from_bytes(head[first:last], order) for first, last in ((4, 6), (6, 8), (16, 20), (20, 24))
    )
    # The upper half: four bits for the length of the frame check sequence in 16-bit words, one that says
    # whether they mean anything, the rest reserved.
    fcs = 2 * (link >> 28) if link & 0x04000000 else 0
    link &= 0xFFFF
    if (major, minor) == (2, 2) and link in _AIX_LINKS and headers == _MICROSECONDS[3]:
        resolution, scale, link = "ns", 1, _AIX_LINKS[link]
    plain = Layout(big=int(big), scale=scale, limit=largest_packet(link, snaplen))
    layouts = [plain._replace(header=header) for header in headers]
    swapped = plain._replace(captured=plain.original, original=plain.captured)
    if major == _DG_UX or (major, minor) < (2, _OLD_MINOR):
        layouts = [swapped, plain]
    elif (major, minor) == (2, _OLD_MINOR):
        layouts = [plain, swapped]
    interface = Interface(link, snaplen=snaplen, resolution=resolution, fcs=fcs)
    return PcapReader(source, interface, layouts, start=start, strict=strict)
