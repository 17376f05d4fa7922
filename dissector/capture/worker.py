"""What a worker of :mod:`dissector.capture.parallel` does: it reads ranges, keeps them, and hands over what it makes.

Its methods are called in the worker's process, one after another.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from dissector.batch import Batch, Origin
from dissector.capture.account import Account
from dissector.capture.split import Bounds, Options, Range
from dissector.capture.spool import Place
from dissector.capture.stream import Tally, is_pending
from dissector.kernel import BACKEND

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dissector.capture.records import Interface, Report
    from dissector.capture.window import Mark


class Outcome(NamedTuple):
    """What the parent must know of a range that was read.

    Attributes:
        first: where it began; None where no beginning was found.
        last: where it ended.
        whole: whether nothing is damaged in it.
    """

    first: Mark | None
    last: Mark | None
    whole: bool


class Part(NamedTuple):
    """What became of a block.

    Attributes:
        time_ns: of its last packet.
        made: of each of its batches; of one with fragments in it the batch itself.
    """

    time_ns: int
    made: list[Any]


class Made(NamedTuple):
    """What became of a range.

    Attributes:
        parts: block by block.
        account: what its packets were, and its plain messages.
        report: what is damaged.
        steps: the paths of its scanner.
        interfaces: those known at its end.
    """

    parts: list[Part]
    account: Account
    report: Report
    steps: list[tuple[int, int]]
    interfaces: list[Interface]


class Pending(NamedTuple):
    """A batch with fragments in it, on its way to the parent."""

    batch: Batch


class Worker:
    """What one process holds: the ranges that were read and not handed over, and what makes something of a batch.

    Args:
        making: returns the function that makes something of a batch; an iterator of octets is put into a place.
        places: where (see :mod:`dissector.capture.spool`).
    """

    def __init__(self, making: Callable[[], Callable[[Batch], Any]], places: list[str]) -> None:
        self._make = making()
        self._places = [Place(file) for file in places or [""]]
        self._ranges: dict[int, Range] = {}

    def read(self, number: int, options: Options, bounds: Bounds, context: Any, mark: Mark | None) -> Outcome:
        """Read a range: from its mark, from the beginning of the file, or from a guess."""
        found = self._ranges[number] = Range(options, Origin(options.file, "", []), bounds)
        if mark is not None or not bounds.start:
            found.read(mark)
        else:
            found.guess(context)
        return Outcome(found.first, found.last, found.last is not None and found.report.whole)

    def hand_over(self, number: int, frames: int) -> Made:
        """Make something of a range's batches, whose numbers of packets are ``frames`` more; keep it no longer."""
        found = self._ranges.pop(number)
        found.number(frames)
        place = self._places[number % len(self._places)]
        place.begin()
        tally = Tally()
        parts = [
            Part(time_ns, [self._made(batch, tally, place) for batch in batches])
            for time_ns, batches in found.blocks
        ]
        account = Account.of(found.scanner, BACKEND)
        tally.tell(account)
        return Made(parts, account, found.report, found.scanner.steps, found.scanner.origin.interfaces)

    def _made(self, batch: Batch, tally: Tally, place: Place) -> Any:
        if is_pending(batch):
            return Pending(batch)
        made = self._make(tally.counted(batch))
        return place.put(made) if isinstance(made, Iterator) else made

    def drop(self, number: int) -> None:
        """Forget a range."""
        del self._ranges[number]
