"""Queries joined with what answers them: over the edges of batches, in one pass, with bounded memory.

An answer belongs to the latest query before it (by the order of the capture) that has its key, if that was not
longer ago than the reach. So identifiers and sequences can be used again and again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dissector import kernel
from dissector.analysis.hashing import FACTORS
from dissector.analysis.open_queries import Open
from dissector.analysis.participants import Participants, participants
from dissector.analysis.reporters import Reporters
from dissector.kernel.tables import ERROR, QUERY, WORDS

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
        every = len(rows) == len(batch)
        of_packets = (
            np.ascontiguousarray(column) if every else column[rows] for column in (batch.frame, batch.time_ns)
        )
        return cls(len(batch), latest, rows, parts.role, parts.key, parts.widening, *of_packets)

    def __reduce__(self) -> tuple[Callable[..., Question], tuple[Any, ...]]:
        """Leave out the words that are zero in all keys on the way to another process: most are."""
        words = np.array([word for word in range(WORDS) if self.key[:, word].any()], np.int64)
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
        kernel.exchange.tell(
            question.role.data, question.rows.data, question.frame.data, question.time_ns.data, self.seen, found.data,
            self.open.table.data, answers.frames.data, answers.rtt_ns.data,
        )  # fmt: skip
        self._pass(question)
        self.expire()
        return answers

    def join(self, batch: Batch) -> Joined:
        """Return what became of the participants of a batch; its queries are then open."""
        parts = participants(batch)
        question = Question.of(batch, parts)
        found, first = self._put(question)
        count, open_ = len(found), self.open
        asking, response, place, unasked = (np.empty(count, np.int64) for _ in range(4))
        earliest, by_other = np.empty(count, np.bool_), np.empty(count, np.bool_)
        queries, joined = kernel.exchange.join(
            parts.role.data, parts.rows.data, question.frame.data, self.seen, parts.key.data, found.data,
            first.view(np.uint8).data, self.wide, open_.table.data, open_.keys.data, open_.answerer.data, asking.data,
            response.data, place.data, earliest.view(np.uint8).data, by_other.view(np.uint8).data, unasked.data,
        )  # fmt: skip
        self._pass(question)
        response, place, earliest = response[:joined], place[:joined], earliest[:joined]
        errors = np.flatnonzero((parts.role[response] == ERROR) & earliest)
        if len(errors):
            numbers = self.reporters.number(batch, parts.rows[response[errors]])
            open_.rows["error"][open_.at(place[errors])] = numbers
        return Joined(
            parts, asking[:queries], open_.tail - queries, response, place, earliest, by_other[:joined],
            unasked[: count - queries - joined],
        )  # fmt: skip

    def _put(self, question: Question) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Put the queries of a batch among the open ones; return what :meth:`Open.pair` does."""
        self.wide = self.wide or bool(question.widening[question.role == QUERY].any())
        wide = question.widening if self.wide else NOTHING
        return self.open.pair(question.role, question.time_ns, question.key, wide, self.reach_ns)

    def _pass(self, question: Question) -> None:
        """Note that a batch has been taken in."""
        self.seen += question.messages
        self.now = max(self.now, question.latest_ns)

    def expire(self) -> NDArray[np.void]:
        """Take out the queries whose time is over, or that are too many; return those that no answer has come to."""
        open_ = self.open
        end = open_.over(self.now - self.reach_ns)
        enough = max(end, open_.tail - self.limit)
        self.given_up += len(open_.unanswered(end, enough))
        left = open_.left(enough)
        open_.leave(enough)
        return left


def data_of(batch: Batch, parts: Participants, which: NDArray[np.int64]) -> tuple[Hashes, NDArray[np.int64]]:
    """Return the digest of the data of some queries or answers, 0 where they were cut, and how many octets they are.

    The data are what follows the eight octets of the header.
    """
    rows = parts.rows[which]
    digests, sizes = np.empty(len(rows), np.uint64), np.empty(len(rows), np.int64)
    kernel.key.digests(
        rows.data,
        *(np.ascontiguousarray(column).data for column in (batch.icmp, batch.captured, batch.length, batch.octets)),
        int(FACTORS[0]), digests.data, sizes.data,
    )  # fmt: skip
    return digests, sizes


def loose_keys(
    batch: Batch, parts: Participants, which: NDArray[np.int64]
) -> tuple[Hashes, Hashes, NDArray[np.int64]]:
    """Return the loose key of some queries or answers, the digest of their data and how many octets these are."""
    data, sizes = data_of(batch, parts, which)
    known = (sizes >= SIGNIFICANT) & (data != 0)
    return np.where(known, parts.loose_keys(which, data), np.uint64(0)), data, sizes
