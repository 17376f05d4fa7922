"""Queries joined with what answers them: over the edges of batches, in one pass, with bounded memory.

An answer belongs to the latest query before it (by the order of the capture) that has its key, if that was not
longer ago than the reach. So identifiers and sequences can be used again and again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dissector import kernel
from dissector.analysis.hashing import SECRETS, digest, grown, slots_for
from dissector.analysis.pairs import ANSWER, QUERY
from dissector.analysis.participants import ERROR, HEADER, WORDS, Participants, participants
from dissector.analysis.reporters import Reporters

if TYPE_CHECKING:
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
        ("come", np.uint8),
    ]
)
"""A query that may still be answered: ``series`` is its number; ``order`` counts messages from 0; ``digest`` is that
of its data, which had ``size`` octets; ``loose`` its key without identifier but with the data, 0 where these are too
few; ``error`` is the number of the error that ended it, see :mod:`dissector.analysis.reporters`, -1 for none; ``come``
has a bit ``1 << role`` for what came to it."""


NOTHING = np.zeros(0, np.uint8)


class Joined(NamedTuple):
    """What became of the participants of a batch.

    Attributes:
        parts: the participants.
        asking: the queries, indices in ``parts``.
        begin: the place of the first of them among the open queries; the others follow it.
        response: answers and errors that have a query, in the order of the batch; indices in ``parts``.
        place: the query of each, by its place among the open ones.
        first: whether it is the first answer to its query, or the first error about it.
        unasked: answers and errors that have no query; indices in ``parts``.
    """

    parts: Participants
    asking: NDArray[np.int64]
    begin: int
    response: NDArray[np.int64]
    place: NDArray[np.int64]
    first: NDArray[np.bool_]
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

    Those whose time is over leave at the front. When there is no room behind, the others move to the front.

    Attributes:
        head, tail: where they begin and end in the columns.
        rows: what is known of each, dtype OPEN, but for time_ns and come.
        time_ns: when each was asked.
        come: what has come to each.
    """

    def __init__(self) -> None:
        self.head = self.tail = 0
        self.rows = np.zeros(0, OPEN)
        self.time_ns = np.zeros(0, np.int64)
        self.come = np.zeros(0, np.uint8)
        self._key = np.zeros((0, WORDS), np.uint64)
        self._slots = slots_for(0)
        self._secrets = SECRETS
        self._widened = np.zeros((1, WORDS), np.uint64)

    def __len__(self) -> int:
        """Return how many there are."""
        return self.tail - self.head

    def room(self, count: int) -> None:
        """Make room for so many more."""
        if self.tail + count < len(self.rows):
            return
        live, wanted = slice(self.head, self.tail), len(self) + count
        for name in ("rows", "time_ns", "come", "_key"):
            column = getattr(self, name)
            if 4 * wanted <= 3 * len(column):
                column[: len(self)] = column[live]
            else:
                setattr(self, name, grown(column[live], 2 * wanted))
        self.head, self.tail = 0, len(self)
        if len(self._slots) <= 2 * len(self.rows):
            self._slots = slots_for(len(self.rows))
        self._slots.fill(-1)
        self._place(0)

    def _place(self, first: int) -> None:
        kernel.pair.place(self._secrets.data, self._slots.data, self._key.data, self.head, first, self.tail)

    def pair(
        self,
        role: NDArray[np.uint8],
        time_ns: NDArray[np.int64],
        key: NDArray[np.uint64],
        wide: NDArray[np.uint8],
        reach_ns: int,
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Put queries in and find those of responses; see :func:`dissector.kernel.pair.pair`."""
        self.room(len(role))
        found, first = np.empty(len(role), np.int64), np.zeros(len(role), np.bool_)
        self.tail = kernel.pair.pair(
            role.data, time_ns.data, key.data, wide.data, self._widened.data, self._secrets.data, reach_ns,
            self._slots.data, self._key.data, self.time_ns.data, self.come.data, self.head, self.tail,
            found.data, first.view(np.uint8).data,
        )  # fmt: skip
        return found, first

    def find(self, key: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return the place of the latest query of each key, -1 for none."""
        found = np.empty(len(key), np.int64)
        if len(key):
            kernel.pair.number(
                key.data, self._secrets.data, self._slots.data, self._key.data, self.head, 0, 0, found.data
            )
        return found

    def add(self, other: Open) -> slice:
        """Take in other queries, which come after all that are here; return where they are."""
        count = len(other)
        self.room(count)
        begin, self.tail = self.tail, self.tail + count
        for name in ("rows", "time_ns", "come", "_key"):
            getattr(self, name)[begin : self.tail] = getattr(other, name)[other.head : other.tail]
        self._place(begin)
        return slice(begin, self.tail)

    def left(self, end: int) -> NDArray[np.void]:
        """Return those before a place that no answer has come to."""
        unanswered = self.head + np.flatnonzero(self.come[self.head : end] & 1 << ANSWER == 0)
        found = self.rows[unanswered]
        found["time_ns"], found["come"] = self.time_ns[unanswered], self.come[unanswered]
        return found

    def over(self, before: int) -> int:
        """Return where those begin that were asked from a time on."""
        return int(kernel.pair.over(self.time_ns.data, self.head, self.tail, before))


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
        self.now = -(1 << 62)
        self.open = Open()
        self.wide = False
        self.reporters = Reporters()

    def pair(self, batch: Batch) -> Answers:
        """Return for each message of a batch what it answers; further answers to a query count too.

        Batches must come in the order of the capture.
        """
        joined = self.join(batch)
        frames, rtt = np.full(len(batch), -1, np.int64), np.full(len(batch), -1, np.int64)
        answers = np.flatnonzero(joined.parts.role[joined.response] == ANSWER)
        rows, place = joined.parts.rows[joined.response[answers]], joined.place[answers]
        frames[rows] = self.open.rows["frame"][place]
        rtt[rows] = np.maximum(batch.time_ns[rows] - self.open.time_ns[place], -1)
        self.expire()
        return Answers(frames, rtt)

    def join(self, batch: Batch) -> Joined:
        """Return what became of the participants of a batch; its queries are then open."""
        parts = participants(batch)
        self.wide = self.wide or bool(parts.wide.any())
        queries = parts.role == QUERY
        wide = np.where(queries & ~parts.wide, 0, parts.widening()) if self.wide else NOTHING
        open_ = self.open
        found, first = open_.pair(parts.role, batch.time_ns[parts.rows], parts.key, wide, self.reach_ns)
        asking = np.flatnonzero(queries)
        rows = open_.rows[open_.tail - len(asking) : open_.tail]
        rows["frame"], rows["order"] = batch.frame[parts.rows[asking]], parts.rows[asking] + self.seen
        rows["error"] = -1
        response, unasked = np.flatnonzero(~queries & (found >= 0)), np.flatnonzero(found < 0)
        place, first = found[response], first[response]
        errors = np.flatnonzero((parts.role[response] == ERROR) & first)
        if len(errors):
            numbers = self.reporters.number(batch, parts.rows[response[errors]])
            open_.rows["error"][place[errors]] = numbers
        self.seen += len(batch)
        if len(batch):
            self.now = max(self.now, int(batch.time_ns.max()))
        return Joined(parts, asking, open_.tail - len(asking), response, place, first, unasked)

    def expire(self) -> NDArray[np.void]:
        """Take out the queries whose time is over, or that are too many; return those that no answer has come to."""
        open_ = self.open
        end = open_.over(self.now - self.reach_ns)
        enough = max(end, open_.tail - self.limit)
        given_up = open_.come[end:enough] & 1 << ANSWER == 0
        self.given_up += int(np.count_nonzero(given_up))
        left = open_.left(enough)
        open_.head = enough
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
