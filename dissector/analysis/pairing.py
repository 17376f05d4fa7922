"""Queries joined with what answers them: over the edges of batches, in one pass, with bounded memory.

An answer belongs to the latest query before it (by the order of the capture) that has its key, if that was not
longer ago than the reach. So identifiers and sequences can be used again and again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dissector import kernel
from dissector.analysis.hashing import SECRETS, digest, slots_for
from dissector.analysis.participants import (
    ASKED,
    HEADER,
    Participants,
    participants,
)
from dissector.analysis.reporters import Reporters
from dissector.kernel.tables import ANSWER, ERROR, KIND, QUERY, WIDE, WORDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dissector.analysis.hashing import Hashes
    from dissector.batch import Batch

SECOND = 1_000_000_000
TIMEOUT_NS = 2 * SECOND
"""Default: an answer after this is late."""
REACH = 5
"""So many timeouts after a query its answers are still looked for."""
LIMIT = 1 << 20
"""Default: so many queries are kept to be answered."""
LONG_AGO = -(1 << 62)
"""Before all times."""
SIGNIFICANT = 8
"""Octets of data from which on a message is known again by them."""

OPEN = np.dtype(
    [
        ("series", np.int64),
        ("frame", np.int64),
        ("order", np.int64),
        ("digest", np.uint64),
        ("loose", np.uint64),
        ("size", np.int32),
        ("error", np.int32),
        ("time_ns", np.int64),
        ("answerer", np.uint64, (2,)),
        ("come", np.uint8),
    ]
)
"""A query that may still be answered: ``series`` is its number; ``order`` counts messages from 0; ``digest`` is that
of its data, which had ``size`` octets; ``loose`` its key without identifier but with the data, 0 where these are too
few; ``error`` is the number of the error that ended it, see :mod:`dissector.analysis.reporters`, -1 for none;
``answerer`` is who answered first, as a key has who is asked, where others may answer too; ``come`` has a bit
``1 << role`` for what came to it."""


COLUMNS = ("rows", "time_ns", "come", "_key")
"""What :class:`Open` has a value of for each query."""
NOTHING = np.zeros(0, np.uint8)


class Question(NamedTuple):
    """All that pairing must know of a batch; it can be made in another process, and in any order.

    Attributes:
        messages: how many the batch has.
        latest_ns: the latest time in it.
        rows, role, key, widening: as in :class:`~dissector.analysis.participants.Participants`.
        frame, time_ns: of the packet of each.
    """

    messages: int
    latest_ns: int
    rows: NDArray[np.int64]
    role: NDArray[np.uint8]
    key: NDArray[np.uint64]
    widening: NDArray[np.uint8]
    frame: NDArray[np.int64]
    time_ns: NDArray[np.int64]

    @classmethod
    def of(cls, batch: Batch, parts: Participants | None = None) -> Question:
        """Return that of a batch, whose participants may be known."""
        parts = participants(batch) if parts is None else parts
        rows, latest = parts.rows, int(batch.time_ns.max(initial=LONG_AGO))
        of_packets = batch.frame[rows], batch.time_ns[rows]
        return cls(len(batch), latest, rows, parts.role, parts.key, parts.widening, *of_packets)

    def __reduce__(self) -> tuple[Callable[..., Question], tuple[Any, ...]]:
        """Leave out the words that are zero in all keys on the way to another process: most are."""
        words = np.flatnonzero(self.key.any(axis=0))
        return _question, (self._replace(key=self.key[:, words])[:], words)


def _question(values: tuple[Any, ...], words: NDArray[np.int64]) -> Question:
    """Return a question from its values and the words that its keys have: the other half of pickling."""
    question = Question(*values)
    key = np.zeros((len(question.key), WORDS), np.uint64)
    key[:, words] = question.key
    return question._replace(key=key)


class Joined(NamedTuple):
    """What became of the participants of a batch.

    Attributes:
        parts: the participants.
        asking: the queries, indices in ``parts``.
        begin: the place of the first of them among the open queries; the others follow it.
        response: answers and errors that have a query, in the order of the batch; indices in ``parts``.
        place: the query of each, by its place among the open ones.
        first: whether it is the first answer to its query, or the first error about it.
        by_other: whether it is a further answer, by another host than the first one: to a query to many.
        unasked: answers and errors that have no query; indices in ``parts``.
    """

    parts: Participants
    asking: NDArray[np.int64]
    begin: int
    response: NDArray[np.int64]
    place: NDArray[np.int64]
    first: NDArray[np.bool_]
    by_other: NDArray[np.bool_]
    unasked: NDArray[np.int64]


class Answers(NamedTuple):
    """What each message of a batch answers.

    Attributes:
        frames: frame of the query, from 1; -1 for what answers nothing. Shape (n,).
        rtt_ns: nanoseconds since then; -1 where that is not known.
    """

    frames: NDArray[np.int64]
    rtt_ns: NDArray[np.int64]

    @classmethod
    def none(cls, count: int) -> Answers:
        """Return that of messages of which nothing is known."""
        return cls(np.full(count, -1, np.int64), np.full(count, -1, np.int64))

    def of(self, rows: slice | NDArray[np.bool_]) -> Answers:
        """Return that of some rows."""
        return Answers(self.frames[rows], self.rtt_ns[rows])

    def one(self, row: int) -> tuple[int | None, int | None]:
        """Return frame and nanoseconds of one row, None where there is none."""
        frame, rtt_ns = int(self.frames[row]), int(self.rtt_ns[row])
        return (None if frame < 0 else frame), (None if rtt_ns < 0 else rtt_ns)


class Open:
    """The queries that may still be answered, in their order: a hash table of their keys beside their columns.

    The columns are rings: a query comes in behind the last one, in place of one whose time is over. Its *place* counts
    all queries that ever were open.

    Attributes:
        head, tail: the places where they begin and end.
        rows: what is known of each, dtype OPEN, but for time_ns and come; see :meth:`at`.
        time_ns: when each was asked.
        come: what has come to each.
    """

    def __init__(self) -> None:
        self.head = self.tail = 0
        self.rows = np.zeros(1, OPEN)
        self.time_ns = np.zeros(1, np.int64)
        self.come = np.zeros(1, np.uint8)
        self._key = np.zeros((1, WORDS), np.uint64)
        self._slots = slots_for(0)
        self._secrets = SECRETS
        self._widened = np.zeros((1, WORDS), np.uint64)

    def __len__(self) -> int:
        """Return how many there are."""
        return self.tail - self.head

    def at(self, place: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where in the columns the queries of some places stand."""
        return place & len(self.rows) - 1

    def since(self, place: int, end: int | None = None) -> NDArray[np.int64]:
        """Return where those from a place on stand, up to another place or to the last one."""
        return self.at(np.arange(place, self.tail if end is None else end))

    def room(self, count: int) -> None:
        """Make room for so many more."""
        size = 1 << (len(self) + count).bit_length()
        if size <= len(self.rows):
            return
        before, live = self.since(self.head), np.arange(self.head, self.tail) & size - 1
        for name in COLUMNS:
            column = getattr(self, name)
            larger = np.zeros((size, *column.shape[1:]), column.dtype)
            larger[live] = column[before]
            setattr(self, name, larger)
        # They can be half full at most.
        self._slots = slots_for(size // 2)
        self._place(self.head)

    def _place(self, first: int) -> None:
        kernel.pair.place(self._secrets.data, self._slots.data, self._key.data, first, self.tail)

    def pair(
        self,
        role: NDArray[np.uint8],
        time_ns: NDArray[np.int64],
        key: NDArray[np.uint64],
        wide: NDArray[np.uint8],
        reach_ns: int,
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Put queries in and find those of responses; see :func:`dissector.kernel.pair.pair`."""
        self.room(int(np.count_nonzero(role == QUERY)))
        found, first = np.empty(len(role), np.int64), np.zeros(len(role), np.bool_)
        self.tail = kernel.pair.pair(
            role.data, time_ns.data, key.data, wide.data, self._widened.data, self._secrets.data, reach_ns,
            self._slots.data, self._key.data, self.time_ns.data, self.come.data, self.tail,
            found.data, first.view(np.uint8).data,
        )  # fmt: skip
        return found, first

    def find(self, key: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return the place of the latest query of each key, -1 for none."""
        found = np.empty(len(key), np.int64)
        if len(key):
            kernel.pair.find(
                key.data, self._secrets.data, self._slots.data, self._key.data, found.data
            )  # fmt: skip
        return np.where(found < 0, -1, self.tail - 1 - self.at(self.tail - 1 - found))

    def by_others(
        self, place: NDArray[np.int64], answerer: NDArray[np.uint64], first: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Return which answers are by another host than the one that answered their query first.

        Only queries to many have such answers. Who answers first is taken down.

        Args:
            place: the query of each.
            answerer: who sent each, as a key has who is asked.
            first: which are the first to their query.
        """
        at = self.at(place)
        self.rows["answerer"][at[first]] = answerer[first]
        many = self._key[at, KIND] >= WIDE
        found: NDArray[np.bool_] = many & (self.rows["answerer"][at] != answerer).any(axis=1)
        return found

    def add(self, other: Open) -> None:
        """Take in other queries, which come after all that are here."""
        self.room(len(other))
        begin, self.tail = self.tail, self.tail + len(other)
        here, there = self.since(begin), other.since(other.head)
        for name in COLUMNS:
            getattr(self, name)[here] = getattr(other, name)[there]
        self._place(begin)

    def left(self, end: int) -> NDArray[np.void]:
        """Return those before a place that no answer has come to."""
        at = self.since(self.head, end)
        unanswered = at[self.come[at] & 1 << ANSWER == 0]
        found: NDArray[np.void] = self.rows[unanswered]
        found["time_ns"], found["come"] = self.time_ns[unanswered], self.come[unanswered]
        return found

    def over(self, before: int) -> int:
        """Return where those begin that were asked from a time on."""
        return int(kernel.pair.over(self.time_ns.data, self.head, self.tail, before))

    def leave(self, end: int) -> None:
        """Take out those before a place."""
        kernel.pair.leave(self._secrets.data, self._slots.data, self._key.data, self.head, end)
        self.head = end


class Pairing:
    """Pairs queries and answers of a stream of batches.

    Args:
        timeout_ns: an answer after this is late; after five times this it is no answer any more.
        limit: how many queries are kept to be answered; beyond, the oldest are given up.

    Attributes:
        reach_ns: how long after a query its answers are looked for.
        given_up: queries that were given up for the limit's sake before that.
        seen: messages so far.
        now: the latest time so far.
        wide: whether there has been a query that others than the one asked may answer.
        reporters: the errors that ended queries.
        open: the queries that may still be answered.
    """

    def __init__(self, timeout_ns: int = TIMEOUT_NS, limit: int = LIMIT) -> None:
        self.timeout_ns = timeout_ns
        self.reach_ns = REACH * timeout_ns
        self.limit = limit
        self.given_up = 0
        self.seen = 0
        self.now = LONG_AGO
        self.open = Open()
        self.wide = False
        self.reporters = Reporters()

    def pair(self, batch: Batch) -> Answers:
        """Return for each message of a batch what it answers; further answers to a query count too.

        Batches must come in the order of the capture.
        """
        return self.answer(Question.of(batch))

    def answer(self, question: Question) -> Answers:
        """Return what :meth:`pair` does of the batch that a question is of."""
        found, _ = self._put(question)
        answers = Answers.none(question.messages)
        which = np.flatnonzero((question.role == ANSWER) & (found >= 0))
        rows, at = question.rows[which], self.open.at(found[which])
        answers.frames[rows] = self.open.rows["frame"][at]
        answers.rtt_ns[rows] = np.maximum(question.time_ns[which] - self.open.time_ns[at], -1)
        self.expire()
        return answers

    def join(self, batch: Batch) -> Joined:
        """Return what became of the participants of a batch; its queries are then open."""
        parts = participants(batch)
        found, first = self._put(Question.of(batch, parts))
        queries = parts.role == QUERY
        asking = np.flatnonzero(queries)
        response, unasked = np.flatnonzero(~queries & (found >= 0)), np.flatnonzero(found < 0)
        place, first = found[response], first[response]
        errors = np.flatnonzero((parts.role[response] == ERROR) & first)
        if len(errors):
            numbers = self.reporters.number(batch, parts.rows[response[errors]])
            self.open.rows["error"][self.open.at(place[errors])] = numbers
        by_other = np.zeros(len(response), np.bool_)
        if self.wide:
            answers = np.flatnonzero(parts.role[response] == ANSWER)
            answerer = parts.key[response[answers], ASKED]
            by_other[answers] = self.open.by_others(place[answers], answerer, first[answers])
        return Joined(parts, asking, self.open.tail - len(asking), response, place, first, by_other, unasked)

    def _put(self, question: Question) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Put the queries of a batch among the open ones; return what :meth:`Open.pair` does."""
        queries = question.role == QUERY
        self.wide = self.wide or bool(question.widening[queries].any())
        wide = question.widening if self.wide else NOTHING
        open_ = self.open
        found, first = open_.pair(question.role, question.time_ns, question.key, wide, self.reach_ns)
        asking = np.flatnonzero(queries)
        at, rows = open_.since(open_.tail - len(asking)), open_.rows
        rows["frame"][at], rows["order"][at] = question.frame[asking], question.rows[asking] + self.seen
        rows["error"][at] = -1
        self.seen += question.messages
        self.now = max(self.now, question.latest_ns)
        return found, first

    def expire(self) -> NDArray[np.void]:
        """Take out the queries whose time is over, or that are too many; return those that no answer has come to."""
        open_ = self.open
        end = open_.over(self.now - self.reach_ns)
        enough = max(end, open_.tail - self.limit)
        given_up = open_.come[open_.since(end, enough)] & 1 << ANSWER == 0
        self.given_up += int(np.count_nonzero(given_up))
        left = open_.left(enough)
        open_.leave(enough)
        return left


def data_of(batch: Batch, parts: Participants, which: NDArray[np.int64]) -> tuple[Hashes, NDArray[np.int64]]:
    """Return the digest of the data of some queries or answers, 0 where they were cut, and how many octets they are.

    The data are what follows the eight octets of the header.
    """
    rows = parts.rows[which]
    sizes = batch.length[rows].astype(np.int64) - HEADER
    there = batch.captured[rows] - HEADER >= sizes
    digests = np.zeros(len(rows), np.uint64)
    digests[there] = digest(batch.octets, parts.start[which[there]] + HEADER, np.maximum(sizes[there], 0))
    return digests, sizes


def loose_keys(
    batch: Batch, parts: Participants, which: NDArray[np.int64]
) -> tuple[Hashes, Hashes, NDArray[np.int64]]:
    """Return the loose key of some queries or answers, the digest of their data and how many octets these are."""
    data, sizes = data_of(batch, parts, which)
    known = (sizes >= SIGNIFICANT) & (data != 0)
    return np.where(known, parts.loose_keys(which, data), np.uint64(0)), data, sizes
