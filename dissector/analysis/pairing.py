"""Queries joined with what answers them: over the edges of batches, in one pass, with bounded memory.

An answer belongs to the latest query before it (by the order of the capture) that has its key, if that was not
longer ago than the reach. So identifiers and sequences can be used again and again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dissector.analysis.hashing import digest
from dissector.analysis.pairs import ANSWER, QUERY
from dissector.analysis.participants import ERROR, HEADER, Participants, participants
from dissector.analysis.reporters import Reporters

if TYPE_CHECKING:
    from collections.abc import Iterator

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
SMALL = 1 << 12
"""Queries up to which what several batches left open is put together."""

OPEN = np.dtype(
    [
        ("key", np.uint64),
        ("series", np.uint64),
        ("time_ns", np.int64),
        ("frame", np.int64),
        ("order", np.int64),
        ("digest", np.uint64),
        ("loose", np.uint64),
        ("size", np.int32),
        ("error", np.int32),
        ("answered", np.bool_),
    ]
)
"""A query that may still be answered: ``order`` counts messages from 0; ``digest`` is that of its data, which
had ``size`` octets; ``loose`` its key without identifier but with the data, 0 where these are too few; ``error``
is the number of the error that ended it, see :mod:`dissector.analysis.reporters`, -1 for none.
Digest and loose key are made of those that their batch left unanswered."""


class Joined(NamedTuple):
    """What became of the participants of a batch.

    Attributes:
        parts: the participants.
        response: answers and errors that have a query, in the order of the batch; indices in ``parts``.
        query: the query of each, index in ``parts``; -1 where it is of an earlier batch.
        place: where that is among the open ones, else -1; see :meth:`Pairing.find`.
        first: whether it is the first answer to its query, or the first error about it.
        time_ns, frame, order, series: the query of each, as in OPEN.
        crossing: which of the responses have a query of an earlier batch; indices in ``response``.
        crossed: those queries, as they were before.
        unasked: answers and errors that have no query; indices in ``parts``.
    """

    parts: Participants
    response: NDArray[np.int64]
    query: NDArray[np.int64]
    place: NDArray[np.int64]
    first: NDArray[np.bool_]
    time_ns: NDArray[np.int64]
    frame: NDArray[np.int64]
    order: NDArray[np.int64]
    series: Hashes
    crossing: NDArray[np.int64]
    crossed: NDArray[np.void]
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
        open: the queries that may still be answered, in stretches of the capture, each sorted by key.
    """

    def __init__(self, timeout_ns: int = TIMEOUT_NS, limit: int = LIMIT) -> None:
        self.timeout_ns = timeout_ns
        self.reach_ns = REACH * timeout_ns
        self.limit = limit
        self.given_up = 0
        self.seen = 0
        self.now = -(1 << 62)
        self.open: list[NDArray[np.void]] = []
        self.wide = False
        self.reporters = Reporters()

    def pair(self, batch: Batch) -> Answers:
        """Return for each message of a batch what it answers; further answers to a query count too.

        Batches must come in the order of the capture.
        """
        joined = self.join(batch)
        frames, rtt = np.full(len(batch), -1, np.int64), np.full(len(batch), -1, np.int64)
        answers = np.flatnonzero(joined.parts.role[joined.response] == ANSWER)
        rows = joined.parts.rows[joined.response[answers]]
        frames[rows] = joined.frame[answers]
        rtt[rows] = np.maximum(batch.time_ns[rows] - joined.time_ns[answers], -1)
        for _ in self.expired():
            pass
        return Answers(frames, rtt)

    def join(self, batch: Batch) -> Joined:
        """Return what became of the participants of a batch; its queries are then open."""
        parts = participants(batch)
        self.wide = self.wide or bool(parts.wide.any())
        count = len(parts.rows)
        query = np.full(count, -1, np.int64)
        place = np.full(count, -1, np.int64)
        key = parts.key
        if self.wide:
            asking = np.flatnonzero(parts.wide)
            key = key.copy()
            key[asking] = parts.wide_keys(asking)
        asked = self._latest(key, parts, np.arange(count), query, place)
        if self.wide:
            left = np.flatnonzero((query < 0) & (place < 0) & (parts.role != QUERY))
            wide_key = key.copy()
            wide_key[left] = parts.wide_keys(left)
            self._latest(wide_key, parts, np.sort(np.concatenate([asking, left])), query, place)
        joined = self._joined(parts, batch, query, place)
        self._keep(key, asked, batch, joined)
        self.seen += len(batch)
        if len(batch):
            self.now = max(self.now, int(batch.time_ns.max()))
        return joined

    def _latest(
        self,
        key: Hashes,
        parts: Participants,
        which: NDArray[np.int64],
        query: NDArray[np.int64],
        place: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """Find the query of each response among some participants: in the batch, else among the open ones.

        Args:
            key: the keys of all participants.
            parts: the participants.
            which: those that are looked at, in order.
            query: filled in: the index of each one's query in the batch.
            place: filled in: where each one's open query is, see :meth:`find`.

        Returns:
            The queries, by key; those with the same key in order.
        """
        order, starts = grouped(key[which])
        asks = (parts.role[which] == QUERY)[order]
        at = np.arange(len(order))
        # Of everything up to here with this key: the latest query.
        found = np.maximum.accumulate(np.where(asks, at, -1))
        begin = np.maximum.accumulate(np.where(starts, at, 0))
        responding = ~asks
        inside = np.flatnonzero(responding & (found >= begin))
        query[which[order[inside]]] = which[order[found[inside]]]
        outside = which[order[responding & (found < begin)]]
        if len(outside) and self.open:
            place[outside] = self.find(key[outside])
        queries: NDArray[np.int64] = which[order[asks]]
        return queries

    def find(self, keys: Hashes) -> NDArray[np.int64]:
        """Return the place of the latest open query of each key, counted over all stretches; -1 for none."""
        place = np.full(len(keys), -1, np.int64)
        base = sum(map(len, self.open))
        left = np.arange(len(keys))
        for stretch in reversed(self.open):
            base -= len(stretch)
            if not len(left):
                break
            known = stretch["key"]
            # Of queries with the same key the latest stands last.
            at = np.searchsorted(known, keys[left], "right") - 1
            hit = (at >= 0) & (known[at] == keys[left])
            place[left[hit]] = base + at[hit]
            left = left[~hit]
        return place

    def _stretches(
        self, place: NDArray[np.int64]
    ) -> Iterator[tuple[NDArray[np.void], NDArray[np.bool_], int]]:
        """Yield each stretch, a mask of those of some places that are in it, and the place of its first."""
        base = 0
        for stretch in self.open:
            yield stretch, (place >= base) & (place < base + len(stretch)), base
            base += len(stretch)

    def at(self, place: NDArray[np.int64]) -> NDArray[np.void]:
        """Return the open queries at some places."""
        found = np.empty(len(place), OPEN)
        for stretch, here, base in self._stretches(place):
            found[here] = stretch[place[here] - base]
        return found

    def mark(self, place: NDArray[np.int64], name: str, values: NDArray[np.generic]) -> None:
        """Set a field of the open queries at some places, each given once."""
        for stretch, here, base in self._stretches(place):
            stretch[name][place[here] - base] = values[here]

    def _joined(
        self, parts: Participants, batch: Batch, query: NDArray[np.int64], place: NDArray[np.int64]
    ) -> Joined:
        """Return what was found, without what is too long ago; queries that were answered are marked."""
        times = batch.time_ns[parts.rows]
        response = np.flatnonzero((query >= 0) | (place >= 0))
        query, place = query[response], place[response]
        asked = parts.rows[query]
        time_ns, frame, order, series = (
            batch.time_ns[asked],
            batch.frame[asked],
            asked + self.seen,
            parts.series[query],
        )
        crossing = np.flatnonzero(query < 0)
        crossed = self.at(place[crossing])
        for column, name in ((time_ns, "time_ns"), (frame, "frame"), (order, "order"), (series, "series")):
            column[crossing] = crossed[name]
        near = times[response] - time_ns <= self.reach_ns
        if not near.all():
            crossed = crossed[near[crossing]]
            response, query, place, time_ns = response[near], query[near], place[near], time_ns[near]
            frame, order, series = frame[near], order[near], series[near]
            crossing = np.flatnonzero(query < 0)
        answers = parts.role[response] == ANSWER
        first = np.zeros(len(response), np.bool_)
        for role in (answers, ~answers):
            first[role] = first_of(order[role])
        open_answers = answers[crossing]
        first[crossing[open_answers & crossed["answered"]]] = False
        first[crossing[~open_answers & (crossed["error"] >= 0)]] = False
        won = crossing[first[crossing] & open_answers]
        self.mark(place[won], "answered", np.ones(len(won), np.bool_))
        unasked = parts.role != QUERY
        unasked[response] = False
        return Joined(
            parts,
            response,
            query,
            place,
            first,
            time_ns,
            frame,
            order,
            series,
            crossing,
            crossed,
            np.flatnonzero(unasked),
        )

    def _keep(self, key: Hashes, asking: NDArray[np.int64], batch: Batch, joined: Joined) -> None:
        """Keep the queries of a batch, which come sorted by key, as open."""
        parts = joined.parts
        ended = self._errors(batch, joined)
        if not len(asking):
            return
        answered = np.zeros(len(parts.rows), np.bool_)
        answered[joined.query[(parts.role[joined.response] == ANSWER) & (joined.query >= 0)]] = True
        rows = parts.rows[asking]
        stretch = np.zeros(len(asking), OPEN)
        stretch["key"] = key[asking]
        stretch["series"] = parts.series[asking]
        stretch["time_ns"] = batch.time_ns[rows]
        stretch["frame"] = batch.frame[rows]
        stretch["order"] = rows + self.seen
        stretch["answered"] = answered[asking]
        stretch["error"] = ended[asking]
        left = np.flatnonzero(~stretch["answered"])
        loose, data, sizes = loose_keys(batch, parts, asking[left])
        stretch["loose"][left], stretch["digest"][left], stretch["size"][left] = loose, data, sizes
        self.add(stretch)

    def _errors(self, batch: Batch, joined: Joined) -> NDArray[np.int32]:
        """Return for each participant the number of the error that ended it, -1 for none; mark the open ones."""
        parts = joined.parts
        ended = np.full(len(parts.rows), -1, np.int32)
        errors = np.flatnonzero((parts.role[joined.response] == ERROR) & joined.first)
        if len(errors):
            numbers = self.reporters.number(batch, parts.rows[joined.response[errors]])
            query = joined.query[errors]
            ended[query[query >= 0]] = numbers[query >= 0]
            crossing = query < 0
            self.mark(joined.place[errors[crossing]], "error", numbers[crossing])
        return ended

    def add(self, stretch: NDArray[np.void]) -> None:
        """Keep queries, sorted by key and all later than those that are kept."""
        self.open.append(stretch)
        while len(self.open) > 1 and len(self.open[-2]) <= len(self.open[-1]) < SMALL:
            joined = np.concatenate(self.open[-2:])
            self.open[-2:] = [joined[np.argsort(joined["key"], kind="stable")]]

    def expired(self, *, every: bool = False) -> Iterator[NDArray[np.void]]:
        """Take out the queries whose time is over, or that are too many, and yield them, the oldest first."""
        while self.open and (every or int(self.open[0]["time_ns"].max()) < self.now - self.reach_ns):
            yield self.open.pop(0)
        over = sum(map(len, self.open)) - self.limit
        while over > 0:
            stretch = self.open.pop(0)
            if len(stretch) > over:
                newer = stretch["order"] > np.partition(stretch["order"], over - 1)[over - 1]
                self.open.insert(0, stretch[newer])
                stretch = stretch[~newer]
            over -= len(stretch)
            young = stretch["time_ns"] >= self.now - self.reach_ns
            self.given_up += int(np.count_nonzero(young & ~stretch["answered"]))
            yield stretch


def grouped(keys: Hashes) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the order that sorts keys, equal ones as they were, and where in it another key begins."""
    count = len(keys)
    bits = np.uint64(max(count - 1, 0).bit_length())
    low = (np.uint64(1) << bits) - np.uint64(1)
    # Sorting numbers is far faster than sorting places by them: the low bits of each key make room for its place.
    packed = np.sort((keys & ~low) | np.arange(count, dtype=np.uint64))
    order = (packed & low).astype(np.int64)
    there = keys[order]
    starts = np.ones(count, np.bool_)
    starts[1:] = there[1:] != there[:-1]
    packed &= ~low
    if np.count_nonzero(starts) != np.count_nonzero(packed[1:] != packed[:-1]) + (count > 0):
        # Two keys differ in those bits alone.
        order = np.argsort(keys, kind="stable")
        there = keys[order]
        starts[1:] = there[1:] != there[:-1]
    return order, starts


def first_of(numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which of some numbers were not there before."""
    if not len(numbers):
        return np.zeros(0, np.bool_)
    low = int(numbers.min())
    span = int(numbers.max()) - low + 1
    if span > 1 << 20:
        # Far apart (a query long before the others): by sorting.
        first = np.zeros(len(numbers), np.bool_)
        first[np.unique(numbers, return_index=True)[1]] = True
        return first
    earliest = np.empty(span, np.int64)
    places = np.arange(len(numbers))
    earliest[numbers[::-1] - low] = places[::-1]
    found: NDArray[np.bool_] = earliest[numbers - low] == places
    return found


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
