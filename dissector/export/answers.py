"""What each message answers, and what answers it; that is known later, so that messages wait for it.

Strategy: batches are paired as they come. What is made of them (batches, row groups that are encoded already) waits in
a queue, the first answers are put where their queries are, and what is older than an answer may be leaves the queue.
The queue has an end in octets: see ``docs/decisions/0011``.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from dissector.analysis.pairing import Answers, Pairing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from dissector.batch import Batch

T = TypeVar("T")
HELD = 1 << 27
"""Octets that wait, at most."""
NONE = -1
"""Stands for no frame."""


class Asked:
    """The messages of one batch, as what may be answered yet.

    Attributes:
        frame: their frames, ascending.
        response_in: the frame of the first answer of each, NONE where there is none so far.
        last_ns: the latest time among them.
        gone: whether they have left, so that an answer comes too late.
    """

    __slots__ = ("frame", "gone", "last_ns", "response_in")

    def __init__(self, batch: Batch) -> None:
        self.frame = batch.frame
        self.response_in = np.full(len(batch), NONE, np.int64)
        self.last_ns = int(batch.time_ns.max())
        self.gone = False

    def places(self, frames: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows that have some frames, NONE where there is no such row."""
        known = self.frame
        first = known[0]
        if known[-1] - first == len(known) - 1:
            # Nothing but ICMP in this stretch of the capture: the frames are the rows.
            at = frames - first
            return np.where((at >= 0) & (at < len(known)), at, NONE)
        at = np.minimum(np.searchsorted(known, frames), len(known) - 1)
        return np.where(known[at] == frames, at, NONE)


class Later(NamedTuple):
    """What is known later of some messages.

    Attributes:
        asked: the messages of the batch that they were chosen from.
        rows: which of those they are.
        pairs: what pairs the capture that they are of.
    """

    asked: Asked
    rows: slice | NDArray[np.int64]
    pairs: Pairs

    @property
    def response_in(self) -> NDArray[np.int64]:
        """The frame of each one's first answer, NONE where there is none; final when it is :attr:`settled`."""
        return self.asked.response_in[self.rows]

    @property
    def settled(self) -> bool:
        """Whether nothing can answer them any more."""
        pairing = self.pairs.pairing
        return self.pairs.over or self.asked.last_ns < pairing.now - pairing.reach_ns


class Told(NamedTuple):
    """Messages with what is known of them beside their octets.

    Attributes:
        batch: the messages.
        answers: what each of them answers.
        later: what answers them.
    """

    batch: Batch
    answers: Answers
    later: Later

    @property
    def octets(self) -> int:
        """Octets of memory that they take, about."""
        return len(self.batch.octets) + sum(column.nbytes for column in self.batch.to_numpy().values())

    def of(self, rows: slice | NDArray[np.bool_]) -> Told:
        """Return some of them."""
        numbers = np.arange(len(self.later.asked.frame))[self.later.rows][rows]
        return Told(self.batch[rows], self.answers.of(rows), self.later._replace(rows=numbers))


class Pairs:
    """Ties answers to queries, in both directions, in one capture.

    Attributes:
        pairing: what finds the queries.
        missed: first answers to queries that had left.
        over: whether the capture has ended.
    """

    def __init__(self) -> None:
        self.pairing = Pairing()
        self.missed = 0
        self.over = False
        self._asked: deque[Asked] = deque()

    def tell(self, batch: Batch) -> Told:
        """Return a batch, which has a message at least, with what is known of it so far."""
        answers = self.pairing.pair(batch)
        asked = Asked(batch)
        self._asked.append(asked)
        self._answer(answers.frames, batch.frame)
        oldest = self.pairing.now - self.pairing.reach_ns
        while self._asked[0].last_ns < oldest:
            self._asked.popleft()
        return Told(batch, answers, Later(asked, slice(None), self))

    def _answer(self, queries: NDArray[np.int64], frames: NDArray[np.int64]) -> None:
        """Take down which frames answer which queries, in their order."""
        answering = np.flatnonzero(queries >= 0)
        queries, frames = queries[answering], frames[answering]
        for asked in reversed(self._asked):
            if not len(queries):
                return
            place = asked.places(queries)
            here = place >= 0
            # Backwards, so that of several answers the first one stays.
            at, answer = place[here][::-1], frames[here][::-1]
            new = asked.response_in[at] < 0
            if asked.gone:
                self.missed += len(set(at[new].tolist()))
            asked.response_in[at[new]] = answer[new]
            queries, frames = queries[~here], frames[~here]


class Teller:
    """Pairs the messages of captures, each by itself.

    Attributes:
        missed: queries of which it is not told what answered them, because it came when they had left.
    """

    def __init__(self) -> None:
        self.missed = 0

    def tell(self, captures: Iterable[Iterable[Batch]]) -> Iterator[Told]:
        """Yield the batches of some captures with what they answer; what answers them is filled in later."""
        for batches in captures:
            # Frames count anew in every capture; so do its pairs.
            pairs = Pairs()
            for batch in filter(len, batches):
                yield pairs.tell(batch)
            pairs.over = True
            self.missed += pairs.missed


def untold(batches: Iterable[Batch]) -> Iterator[Told]:
    """Yield batches of which nobody asks what they answer."""
    pairs = Pairs()
    pairs.over = True
    for batch in filter(len, batches):
        yield Told(batch, Answers.none(len(batch)), Later(Asked(batch), slice(None), pairs))


def settled(
    items: Iterable[T], later: Callable[[T], Iterable[Later]], octets: Callable[[T], int], held: int = HELD
) -> Iterator[T]:
    """Yield what was made of messages when nothing can answer these any more, in order.

    Args:
        items: what was made.
        later: returns what is known later of the messages that it was made of.
        octets: returns how much memory it takes.
        held: how much may wait; beyond, the oldest leave as they are.
    """
    waiting: deque[tuple[T, int]] = deque()
    kept = 0
    for item in items:
        waiting.append((item, octets(item)))
        kept += waiting[-1][1]
        while waiting and (kept > held or all(part.settled for part in later(waiting[0][0]))):
            oldest, size = waiting.popleft()
            kept -= size
            for part in later(oldest):
                part.asked.gone = True
            yield oldest
    # The captures are over: nothing answers any more.
    yield from (item for item, _ in waiting)


def final(items: Iterable[Told], held: int = HELD) -> Iterator[Told]:
    """Yield messages when nothing can answer them any more."""
    return settled(items, lambda told: (told.later,), lambda told: told.octets, held)
