"""What a worker of :mod:`dissector.capture.parallel` does: it reads ranges, keeps them, and makes something of them.

Its methods are called in the worker's process, one after another.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from dissector.batch import Batch, Origin
from dissector.capture.account import Account
from dissector.capture.split import Bounds, Options, Range
from dissector.capture.spool import Place, Spooled, load
from dissector.capture.stream import Tally, is_pending
from dissector.kernel import BACKEND

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dissector.capture.records import Interface, Report
    from dissector.capture.window import Mark

T = TypeVar("T")


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
        asked: of each of its batches; of one with fragments in it the batch itself.
    """

    time_ns: int
    asked: list[Any]


class Numbered(NamedTuple):
    """What became of a range whose place in the capture is known.

    Attributes:
        parts: block by block, as octets.
        account: what its packets were, and its plain messages.
        report: what is damaged.
        steps: the paths of its scanner.
        interfaces: those known at its end.
    """

    parts: Spooled | bytes
    account: Account
    report: Report
    steps: list[tuple[int, int]]
    interfaces: list[Interface]


class Pending(NamedTuple):
    """A batch with fragments in it, on its way to the parent."""

    batch: Batch


class Making(Generic[T]):
    """What becomes of batches, in three steps, of which one must see them in their order."""

    def begin(self) -> None:
        """Begin with another capture."""

    def ask(self, batch: Batch) -> Any:  # noqa: ARG002 - for those that ask
        """Return what :meth:`answer` must know of a batch; called in any order, in any process."""
        return None

    def answer(self, asked: Any) -> Any:  # noqa: ARG002 - for those that answer
        """Return what :meth:`make` must know of the batches before; called in their order, in one process."""
        return None

    def make(self, batch: Batch, answer: Any) -> T:
        """Return what becomes of a batch; called in any order, in any process."""
        raise NotImplementedError

    def all_of(self, batch: Batch) -> T:
        """Return what becomes of a batch, the next one of the capture."""
        return self.make(batch, self.answer(self.ask(batch)))


class Worker(Generic[T]):
    """What one process holds: the ranges that were read and not made something of.

    Args:
        making: returns what makes something of batches; an iterator of octets is put into a place.
        places: where to put octets (see :mod:`dissector.capture.spool`).
        answers: where answers are found, likewise.
    """

    def __init__(self, making: Callable[[], Making[T]], places: list[str], answers: list[str]) -> None:
        self._making = making()
        self._ranges: dict[int, Range] = {}
        self._plain: dict[int, list[Batch]] = {}
        self._places = [Place(file) for file in places or [""]]
        self._answers = answers

    def read(self, number: int, options: Options, bounds: Bounds, context: Any, mark: Mark | None) -> Outcome:
        """Read a range: from its mark, from the beginning of the file, or from a guess."""
        found = self._ranges[number] = Range(options, Origin(options.file, "", []), bounds)
        if mark is not None or not bounds.start:
            found.read(mark)
        else:
            found.guess(context)
        return Outcome(found.first, found.last, found.last is not None and found.report.whole)

    def number(self, number: int, frames: int) -> Numbered:
        """Add ``frames`` to the numbers of a range's packets, and ask about its batches."""
        found = self._ranges.pop(number)
        found.number(frames)
        tally = Tally()
        plain = self._plain[number] = []
        parts = []
        for time_ns, batches in found.blocks:
            asked: list[Any] = []
            for batch in batches:
                if is_pending(batch):
                    asked.append(Pending(batch))
                else:
                    plain.append(tally.counted(batch))
                    asked.append(self._making.ask(batch))
            parts.append(Part(time_ns, asked))
        account = Account.of(found.scanner, BACKEND)
        tally.tell(account)
        place = self._place(number)
        spooled = place.put([pickle.dumps(parts, pickle.HIGHEST_PROTOCOL)])
        return Numbered(spooled, account, found.report, found.scanner.steps, found.scanner.origin.interfaces)

    def make(self, number: int, answers: Spooled | bytes) -> list[Any]:
        """Make something of the batches of a range that were asked about; it is kept no longer."""
        file = self._answers[number % len(self._answers)] if self._answers else ""
        answered = load(file, answers)
        place = self._place(number)
        made = []
        for batch, answer in zip(self._plain.pop(number), answered, strict=True):
            found = self._making.make(batch, answer)
            made.append(place.put(found) if isinstance(found, Iterator) else found)
        return made

    def drop(self, number: int) -> None:
        """Forget a range."""
        del self._ranges[number]

    def _place(self, number: int) -> Place:
        place = self._places[number % len(self._places)]
        place.begin()
        return place
