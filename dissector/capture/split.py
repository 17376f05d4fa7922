"""A capture in ranges that can be read side by side, with exactly the result of reading it at once.

Strategy: a reader that has read up to a multiple of a window is in a state that fits into a :class:`Mark`: the next
record, and what it learned of the file. Where the ranges lie is known beforehand, their marks are not. So each range
but the first is begun at a *guess*: a chain of plausible headers that leads up to its first octet. The guess is
*verified* as soon as the range before is done: its reader must have come to the very same mark. If it has not (a
capture within a packet, damage, a new interface in a pcapng), the range is read again from the mark where that reader
is. Nothing that rests on a guess is ever handed on.

Numbers of packets are not guessed: a range counts from its beginning, and the packets before are added when it is
verified. A range in which something is damaged is read again too: the sentences about damage say numbers of packets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from dissector.capture.formats import open_capture
from dissector.capture.scanner import Scanner
from dissector.capture.window import SIZE, ContainerReader

if TYPE_CHECKING:
    from typing import Any

    from dissector.batch import Batch, Origin
    from dissector.capture.records import Interface, Report
    from dissector.capture.window import Mark

RANGE = SIZE
"""Octets of a range: enough to make its costs small, few enough to hold what becomes of some of them."""


class Options(NamedTuple):
    """How the ranges of a file are read.

    Attributes:
        file: its path.
        tunnels: as in :func:`dissector.capture.stream.scan`, as is the next.
        reassemble: see there.
    """

    file: str
    tunnels: bool
    reassemble: bool


class Plan(NamedTuple):
    """What is known of a file before it is read in ranges.

    Attributes:
        format: its container.
        ranges: how many there are.
        size: octets of each but the last.
        context: what a reader has learned of it after its first window; the guess for all ranges.
        interfaces: those known by then.
    """

    format: str
    ranges: int
    size: int
    context: Any
    interfaces: list[Interface]


def plan(file: str, *, size: int = RANGE) -> Plan | None:
    """Return how to split a capture; None for one that must be read in one go: a stream, or packed.

    Args:
        file: its path.
        size: octets of a range, a multiple of :data:`~dissector.capture.window.SIZE`.

    Raises:
        CaptureError: it cannot be opened, or is not a capture.
    """
    with open_capture(file) as reader:
        if not isinstance(reader, ContainerReader) or reader.size is None:
            return None
        ranges = -(-reader.size // size)
        if ranges > 1:
            next(iter(reader), None)
        return Plan(reader.format, ranges, size, reader.mark().context, list(reader.interfaces))


class Bounds(NamedTuple):
    """Where a range lies.

    Attributes:
        start: the offset where it begins, or rather the record in which that offset falls.
        stop: where the next begins; None for the last.
    """

    start: int
    stop: int | None


class Range:
    """One range of a capture, read.

    Args:
        options: how.
        origin: the file, as its batches name it.
        bounds: where it lies.

    Attributes:
        first: the mark where it began; None for the beginning of the file.
        last: the mark where the next range begins; its packets are counted from ``first``.
        blocks: the time of each block's last packet, and the messages in it.
        scanner: what the packets were.
        report: what is damaged.
    """

    def __init__(self, options: Options, origin: Origin, bounds: Bounds) -> None:
        self._options = options
        self._origin = origin
        self._bounds = bounds
        self.first: Mark | None = None
        self.last: Mark | None = None
        self.blocks: list[tuple[int, list[Batch]]] = []

    def guess(self, context: Any) -> None:
        """Read it from where it seems to begin; read nothing if that is nowhere.

        Args:
            context: of the plan.
        """
        with self._open() as reader:
            mark = reader.guess(self._bounds.start, context)
            if mark is not None:
                self._read(reader, mark)

    def read(self, mark: Mark | None) -> None:
        """Read it from a mark, or from the beginning of the file."""
        with self._open() as reader:
            self._read(reader, mark)

    def _open(self) -> ContainerReader:
        # A plan was made, so it is one of these.
        return cast("ContainerReader", open_capture(self._options.file))

    def _read(self, reader: ContainerReader, mark: Mark | None) -> None:
        self.first, self.blocks = mark, []
        reader.stop = self._bounds.stop
        if mark is not None:
            reader.resume(mark)
        self.report: Report = reader.report
        origin = self._origin._replace(format=reader.format, interfaces=reader.interfaces)
        self.scanner = Scanner(origin, tunnels=self._options.tunnels, reassemble=self._options.reassemble)
        for block in reader:
            batches = list(self.scanner.scan(block))
            self.blocks.append((int(block.records.time_ns[block.count - 1]), batches))
        self.last = reader.mark()

    def number(self, frames: int) -> None:
        """Add the packets before to the numbers of its own."""
        for _, batches in self.blocks:
            for batch in batches:
                batch.frame += frames
