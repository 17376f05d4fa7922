"""The part of a capture that is in memory, and what all readers of containers share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from dissector.capture.records import Block, Damage, Interface, Records, Report
from dissector.errors import TruncatedCaptureError, quantity
from dissector.kernel import walk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

    from dissector.capture.source import Source

_ZEROS = re.compile(rb"\0+")

SIZE = 4194304
"""Octets read at a time: measured, less costs more calls, in analyses above all; more leaves the caches."""

LARGEST_PACKET = 262144
"""Captured octets of a packet that need no reason (tcpdump's and Wireshark's greatest snapshot length)."""

LARGEST_SNAPLEN = 16777216
"""The greatest snapshot length that is believed; many files carry 2**31 - 1 for «no limit»."""

LARGEST_MESSAGE = 134217728
"""Captured octets of a packet on D-Bus or USB, which know far greater units than a network does."""

_MESSAGE_LINKS = frozenset({231, 249})


def largest_packet(link_type: int, snaplen: int) -> int:
    """Return how many captured octets a packet of an interface may claim."""
    if link_type in _MESSAGE_LINKS:
        return LARGEST_MESSAGE
    return max(LARGEST_PACKET, snaplen if snaplen <= LARGEST_SNAPLEN else 0)


_BACK = 524288
"""Octets before the end of a stretch in which a chain of records is looked for."""


class Mark(NamedTuple):
    """A place in a capture, and all that a reader must know to go on from there as if it had read all before.

    Attributes:
        position: offset of the first octet not done with.
        end: offset up to which octets had been read.
        frames: number of the last packet; see :attr:`Block.first_frame`.
        packets: packets before.
        context: what the reader had learned of the file.
        over: whether the file ends there: damage may lead far beyond a :attr:`ContainerReader.stop`.
    """

    position: int
    end: int
    frames: int
    packets: int
    context: Any
    over: bool

    def fits(self, before: Mark) -> bool:
        """Whether it is the same place in the same state, by whatever numbers of packets."""
        return self[:2] == before[:2] and self.context == before.context and not before.over

    def after(self, before: Mark) -> Mark:
        """Return it with the packets before counted in, for a reader that began at ``before`` without."""
        return self._replace(frames=before.frames + self.frames, packets=before.packets + self.packets)


class Window:
    """Octets of a source that are in memory: one buffer, used again and again.

    It is filled up to whole multiples of :data:`SIZE` in the unpacked file, wherever it begins, so that what
    is read between two of them does not depend on what was read before.

    Attributes:
        octets: the buffer. Another takes its place when a single record needs a greater one, or when this one
            is kept by who was handed it; it is never resized, so that views of it stay good.
        kept: whether the buffer belongs to somebody else from now on.
        position: the first octet that is not done with.
        end: where the valid octets end.
        base: where the buffer's first octet lies in the unpacked file.
        final: whether nothing comes after ``end``.
    """

    __slots__ = ("_source", "base", "end", "final", "kept", "octets", "position")

    def __init__(self, source: Source) -> None:
        self._source = source
        self.octets = buffer(SIZE + LARGEST_PACKET)
        self.kept = False
        self.position = 0
        self.end = 0
        self.base = 0
        self.final = False

    @property
    def offset(self) -> int:
        """Where ``position`` lies in the unpacked file."""
        return self.base + self.position

    @property
    def left(self) -> int:
        """How many valid octets are not done with."""
        return self.end - self.position

    def number(self, at: int, size: int, *, big: bool) -> int:
        """Return the unsigned number of ``size`` octets at ``position + at``; they must be valid."""
        start = self.position + at
        return int.from_bytes(self.octets[start : start + size], byte_order(big=big))

    def go_to(self, position: int, end: int) -> None:
        """Begin anew at an offset of the file, with the octets up to another one."""
        self._source.go_to(position)
        self.position = self.end = 0
        self.base, self.final = position, False
        if end - position > len(self.octets):
            self.octets = buffer(end - position)
        while self.end < end - position and not self.final:
            self.fill(end - position)

    def fill(self, room: int) -> None:
        """Read up to ``room`` octets of the buffer; set ``final`` if nothing comes."""
        got = self._source.readinto(self.octets[self.end : room])
        self.end += got
        self.final = not got

    def pass_zeros(self, keep: int) -> None:
        """Go on to the last ``keep`` octets of the zeros here: a hole may be large, and nothing is in it."""
        zeros = _ZEROS.match(self.octets, self.position, self.end)
        if zeros:
            self.position = max(self.position, zeros.end() - keep)

    def more(self) -> None:
        """Move what is not done with to the front and read behind it; set ``final`` if nothing comes."""
        left = self.left
        room = (self.base + self.end) // SIZE * SIZE + SIZE - self.offset
        old = self.octets
        if self.kept or room > len(old):
            self.octets = buffer(max(room, 2 * left, SIZE + LARGEST_PACKET))
            self.kept = False
        if self.position or self.octets is not old:
            # One memmove, overlapping or not.
            self.octets[:left] = old[self.position : self.end]
            self.base += self.position
            self.position, self.end = 0, left
        self.fill(room)


def buffer(size: int) -> memoryview:
    """Return a new buffer, whose octets mean nothing yet."""
    return np.empty(size, np.uint8).data


class ContainerReader:
    """A reader of one container format; see :class:`dissector.capture.records.Reader`.

    Attributes:
        stop: an offset in the file, a multiple of :data:`SIZE`: it ends, as if this were all, when it has read so
            far and would need more; None for the end of the file.
    """

    format = ""
    stop: int | None = None

    def __init__(self, source: Source, *, strict: bool) -> None:
        self.interfaces: list[Interface] = []
        self.report = Report()
        self._source = source
        self._strict = strict
        self._window = Window(source)
        self._records = Records()
        self._count = 0
        self._frames = 0

    def __iter__(self) -> Iterator[Block]:
        """Hand out the blocks; each is valid until the next."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        """Return the reader itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file, if it was opened for this reader."""
        self._source.close()

    @property
    def size(self) -> int | None:
        """Octets of the file; None where it cannot be read from anywhere: a stream, or packed."""
        return self._source.size

    @property
    def progress(self) -> tuple[int, int] | None:
        """Octets read and octets altogether; None where :attr:`size` is."""
        return None if self.size is None else (self._window.base + self._window.end, self.size)

    def mark(self) -> Mark:
        """Return where it is, and all it needs to know to go on from there."""
        window = self._window
        place = window.offset, window.base + window.end
        return Mark(*place, self._frames, self.report.packets, self._context(), window.final)

    def resume(self, mark: Mark) -> None:
        """Go on from a mark of another reader of the same file."""
        self._take_context(mark.context)
        self._frames, self.report.packets = mark.frames, mark.packets
        self._window.go_to(mark.position, mark.end)

    def guess(self, end: int, context: Any) -> Mark | None:
        """Return what the mark may be, but for the numbers of packets, when the octets up to ``end`` are read.

        A guess, to be compared with the mark of the one who reads what comes before.

        Args:
            end: an offset, a multiple of :data:`SIZE`.
            context: a mark's, from elsewhere in the file.
        """
        window = self._window
        self._take_context(context)
        window.go_to(max(end - _BACK, 0), end)
        window.final = True  # a chain that would lead out of the window decides nothing
        status, window.position = self._find(window.position)
        window.final = False
        if status != walk.FOUND:
            return None
        status = walk.FULL
        while status == walk.FULL:
            status, window.position, _ = self._walk()
        return self.mark()._replace(frames=0, packets=0) if status == walk.MORE else None

    def _stopped(self) -> bool:
        """Whether it has read as far as it should."""
        return self.stop is not None and self._window.base + self._window.end >= self.stop

    def _walk(self) -> tuple[int, int, int]:
        """Let the walker fill the columns behind what is there, from the position on.

        Returns:
            Status, position, and how many rows there are then.
        """
        raise NotImplementedError

    def _find(self, position: int) -> tuple[int, int]:
        """Look for a record in the window; return status and place."""
        raise NotImplementedError

    def _context(self) -> Any:
        """Return what it learned of the file so far and needs for reading on; compared by value."""
        raise NotImplementedError

    def _take_context(self, context: Any) -> None:
        """Know what :meth:`_context` returned."""
        raise NotImplementedError

    def _block(self) -> Block:
        """Return the rows as a block, and count them."""
        count, self._count = self._count, 0
        block = Block(self._window.octets, self._records, count, self._frames + 1, self._window.base)
        block.window = self._window
        self._frames += count
        self.report.packets += count
        return block

    def _more(self) -> Iterator[Block]:
        """Read on, which moves the octets: what the rows are about is handed out first."""
        if self._count:
            yield self._block()
        self._window.more()

    def _damaged(self, offset: int, what: str, *, skipped: int = 0, cut: bool = False) -> None:
        """Note a damaged place, or raise if only a whole capture is wanted."""
        sentence = self._sentence(offset, what)
        self.report.add(Damage(self.report.packets + self._count, offset, skipped, cut, sentence))

    def _sentence(self, offset: int, what: str) -> str:
        """Return what is wrong from an offset on, or raise it if only a whole capture is wanted."""
        sentence = f"whole up to packet {self._frames + self._count} (octet {offset}); {what}"
        if self._strict:
            message = f"{self._source.name}: {sentence}"
            raise TruncatedCaptureError(message)
        return sentence

    def _skipped(self, begin: int, claim: str, *, found: bool) -> None:
        """Note that octets from ``begin`` on were passed over, up to the position if one was found there."""
        window = self._window
        if not found:
            window.position = window.end
        count = window.offset - begin
        where = f"up to the next packet (octet {window.offset})" if found else "up to the end of the file"
        self._damaged(begin, f"{claim}; {octets(count)} skipped {where}", skipped=count)

    def _cut(self, short: int) -> None:
        """Note that the file ends ``short`` octets before the record here does; 0 if between two records."""
        clauses = [f"the file ends {octets(short)} short"] if short else []
        clauses += filter(None, (self._source.fault, self._source.lost))
        if clauses:
            self._damaged(self._window.offset, "; ".join(clauses), skipped=short, cut=True)


def byte_order(*, big: bool) -> Literal["big", "little"]:
    """Return the byte order's name in Python."""
    return "big" if big else "little"


def octets(count: int) -> str:
    """Return a number of octets in words."""
    return quantity(count, "octet")
