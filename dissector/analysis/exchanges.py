"""Exchanges: one outcome for every query of a capture, and the round-trip times of each series."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from dissector.analysis import statistics
from dissector.analysis.hashing import Index, words_of
from dissector.analysis.outcomes import Exchanged
from dissector.analysis.pairing import LIMIT, OPEN, TIMEOUT_NS, Pairing, data_of, first_of, loose_keys
from dissector.analysis.pairs import ANSWER, QUERY
from dissector.analysis.participants import HEADER
from dissector.analysis.payloads import SAMPLE
from dissector.analysis.reporters import versions
from dissector.analysis.series import (
    COUNTS,
    SERIES,
    UNASKED,
    UNKNOWN,
    Answers,
    Closed,
    different,
    differs,
    distinct,
    ends,
    grown,
    identifiers,
    ranked,
    returning,
    times_of,
    timestamp_pair,
)
from dissector.analysis.timestamps import Clocks

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import NDArray

    from dissector.analysis.pairing import Joined
    from dissector.analysis.participants import Participants
    from dissector.batch import Batch

BUFFER = 1 << 20
"""Answers that are gathered before they are put into rows."""
GRAINS = 1 << 12
"""Unasked answers below which it does not pay to look whether their time is over."""


class Exchanges:
    """What was asked and answered in a stream of batches: a mergeable state.

    Args:
        timeout_ns: an answer after this is late; after five times this it is no answer any more.
        limit: how many queries are kept to be answered.
        begins: whether nothing comes before the first batch; else its first answers wait for :meth:`merge`.
    """

    def __init__(self, timeout_ns: int = TIMEOUT_NS, limit: int = LIMIT, *, begins: bool = True) -> None:
        self.pairing = Pairing(timeout_ns, limit)
        self.begins = begins
        self._begin: int | None = None
        self._index = Index()
        self._series = np.zeros(0, SERIES)
        self._times = statistics.table(0)
        self._owner = np.zeros(0, np.int64)
        self._rows = 0
        self._current = np.zeros(0, np.int64)
        self._answers: list[Answers] = []
        self._buffered = 0
        self._histogram = statistics.Histogram()
        self._clocks = Clocks()
        self._unasked: list[NDArray[np.void]] = []
        self._quiet = 0
        self._waiting: list[NDArray[np.void]] = []
        self._ended: Counter[tuple[int, int]] = Counter()

    # -- what a batch brings

    def update(self, batch: Batch) -> None:
        """Take in a batch; batches must come in the order of the capture."""
        if not len(batch):
            return
        if self._begin is None:
            self._begin = int(batch.time_ns[0])
        before = self.pairing.seen
        joined = self.pairing.join(batch)
        parts = joined.parts
        asking = np.flatnonzero(parts.role == QUERY)
        own = np.full(len(parts.rows), -1, np.int64)
        asked = own[asking] = self._number(batch, parts, asking)
        self._sample(batch, parts, asking, asked)
        np.add.at(self._series["sent"], asked, 1)
        self._series["last_ns"][asked] = batch.time_ns[parts.rows[asking]]
        unasked = self._unasked_of(batch, joined, before)
        series = own[joined.query]
        series[joined.crossing] = self._index.find(joined.series[joined.crossing])
        self._answered(batch, joined, series, unasked, before)
        if len(unasked):
            self._unasked.append(unasked)
        for stretch in self.pairing.expired():
            self._settle(stretch)
        self._forget()

    def _number(self, batch: Batch, parts: Participants, which: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of the series of some participants, and take down what is known of new ones."""
        numbers, new = self._index.number(parts.series[which])
        if not len(new):
            return numbers
        which = which[new]
        rows = parts.rows[which]
        fresh = np.zeros(len(new), SERIES)
        fresh["number"] = parts.number[which]
        fresh["version"] = versions(batch, rows)
        fresh["rewritten_as"] = fresh["size"] = -1
        fresh["identifier"] = identifiers(parts, which)
        answers = parts.role[which] == ANSWER
        for name, sender in (("querier", ~answers), ("asked", answers)):
            octets = np.where(sender[:, None], batch.src[rows], batch.dst[rows])
            fresh[name] = np.ascontiguousarray(octets).view("V16").ravel()
        fresh["first_ns"] = fresh["last_ns"] = batch.time_ns[rows]
        self._new_series(fresh)
        return numbers

    def _sample(
        self, batch: Batch, parts: Participants, which: NDArray[np.int64], numbers: NDArray[np.int64]
    ) -> None:
        """Take down the data of the first query of each series, of some queries in their order."""
        first = np.flatnonzero(self._series["size"][numbers] < 0)
        if not len(first):
            return
        numbers, once = np.unique(numbers[first], return_index=True)
        which = which[first[once]]
        rows = parts.rows[which]
        there = np.minimum(np.maximum(parts.captured[which] - HEADER, 0), SAMPLE)
        sample = np.zeros((len(which), SAMPLE), np.uint8)
        for size in np.unique(there[there > 0]).tolist():
            alike = np.flatnonzero(there == size)
            words = words_of(batch.octets, parts.start[which[alike]] + HEADER, size)
            sample[alike, :size] = words.view(np.uint8).reshape(len(words), -1)[:, :size]
        self._series["first_ns"][numbers] = batch.time_ns[rows]
        self._series["size"][numbers] = batch.length[rows] - HEADER
        self._series["sampled"][numbers] = there
        self._series["sample"][numbers] = sample.view(f"V{SAMPLE}").ravel()

    def _new_series(self, fresh: NDArray[np.void]) -> None:
        """Take in series with the next numbers, and a row of times for each."""
        count = len(self._index)
        first = count - len(fresh)
        self._series = grown(self._series, count)
        self._series[first:count] = fresh
        self._current = grown(self._current, count)
        self._current[first:count] = self._new_rows(np.arange(first, count))

    def _new_rows(self, series: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the numbers of new rows of times for some series."""
        first, self._rows = self._rows, self._rows + len(series)
        self._times, self._owner = grown(self._times, self._rows), grown(self._owner, self._rows)
        self._times[first : self._rows] = statistics.table(len(series))
        self._owner[first : self._rows] = series
        return np.arange(first, self._rows)

    def _unasked_of(self, batch: Batch, joined: Joined, before: int) -> NDArray[np.void]:
        """Return the answers of a batch that have no query; errors too where the query may have come earlier."""
        parts, which = joined.parts, joined.unasked
        times = batch.time_ns[parts.rows[which]]
        which = which[(parts.role[which] == ANSWER) | self._early(times)]
        found = np.zeros(len(which), UNASKED)
        if not len(which):
            return found
        rows = parts.rows[which]
        found["key"], found["wide"] = parts.key[which], parts.wide_keys(which)
        found["time_ns"], found["order"] = batch.time_ns[rows], rows + before
        found["role"], found["identifier"] = parts.role[which], identifiers(parts, which)
        found["error"] = found["row"] = -1
        answers = found["role"] == ANSWER
        errors = np.flatnonzero(~answers)
        found["error"][errors] = self.pairing.reporters.number(batch, rows[errors])
        told = loose_keys(batch, parts, which[answers])
        found["loose"][answers], found["digest"][answers], found["size"][answers] = told
        found["series"] = -1
        found["series"][answers] = self._number(batch, parts, which[answers])
        replies = np.flatnonzero(answers & (parts.number[which] == timestamp_pair()))
        found["times"][replies] = times_of(batch, parts, which[replies])
        early = np.flatnonzero(answers & self._early(found["time_ns"]))
        found["row"][early] = self._new_rows(found["series"][early])
        return found

    def _early(self, time_ns: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which times are so soon after the beginning that what came before it matters."""
        if self.begins or self._begin is None:
            return np.zeros(len(time_ns), np.bool_)
        return time_ns <= self._begin + self.pairing.reach_ns

    def _answered(
        self,
        batch: Batch,
        joined: Joined,
        series: NDArray[np.int64],
        unasked: NDArray[np.void],
        before: int,
    ) -> None:
        """Take in the answers of a batch that have a query."""
        parts = joined.parts
        answers = parts.role[joined.response] == ANSWER
        further = series[answers & ~joined.first]
        if len(further):
            np.add.at(self._series["duplicates"], further, 1)
        which = np.flatnonzero(answers & joined.first)
        response, series = joined.response[which], series[which]
        arrived = batch.time_ns[parts.rows[response]]
        rtt = np.maximum(arrived - joined.time_ns[which], 0)
        row = self._current[series]
        begins = unasked[unasked["row"] >= 0]
        if len(begins):
            row = self._after(begins, series, row, parts.rows[response] + before)
        altered = self._altered(batch, joined, which)
        self._record(Answers(row, rtt, joined.order[which], rtt > self.pairing.timeout_ns, altered), series)
        stamped = np.flatnonzero(parts.number[response] == timestamp_pair())
        if len(stamped):
            times = times_of(batch, parts, response[stamped])
            known = (times != UNKNOWN).any(axis=1)
            stamped, times = stamped[known], times[known]
            self._clocks.add(series[stamped], times, arrived[stamped], rtt[stamped])

    def _after(
        self,
        unasked: NDArray[np.void],
        series: NDArray[np.int64],
        row: NDArray[np.int64],
        order: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """Return the rows of answers where some came after unasked ones of their series; they have new rows.

        Should an earlier part of the capture have the query of the unasked answer, its time belongs between
        those before it and those after it: the jitter depends on the order.
        """
        where = np.lexsort(
            (np.concatenate([unasked["order"], order]), np.concatenate([unasked["series"], series]))
        )
        begins = where < len(unasked)
        latest = np.maximum.accumulate(np.where(begins, np.arange(len(where)), -1))
        latest = where[latest]
        mine = ~begins & begins[np.maximum.accumulate(np.where(begins, np.arange(len(where)), 0))]
        answers, latest = where[mine] - len(unasked), latest[mine]
        same = unasked["series"][latest] == series[answers]
        row = row.copy()
        row[answers[same]] = unasked["row"][latest[same]]
        # In the order of the capture: the last one stays.
        self._current[unasked["series"]] = unasked["row"]
        return row

    def _record(self, answers: Answers, series: NDArray[np.int64]) -> None:
        """Take in answers, in the order in which they came, to be put into rows."""
        self._answers.append(answers)
        self._buffered += len(series)
        self._histogram.add(series, statistics.buckets(answers.rtt))
        if self._buffered >= BUFFER:
            self._pack()

    def _pack(self) -> None:
        """Put the answers that have been gathered into the rows of their series."""
        if not self._buffered:
            return
        row, rtt, order, late, altered = (
            np.concatenate(columns) for columns in zip(*self._answers, strict=True)
        )
        self._answers, self._buffered = [], 0
        # A row's number is larger than those of the series' earlier rows, so that sorting by series, then by
        # arrival has each row in one piece.
        lanes = self._owner[row]
        bits = len(row).bit_length()
        sorting = np.sort(lanes << bits | np.arange(len(row))) & ((1 << bits) - 1)
        row = row[sorting]
        starts = np.flatnonzero(np.append(True, row[1:] != row[:-1]))
        row, lanes = row[starts], lanes[sorting[starts]]
        fresh = np.append(True, lanes[1:] != lanes[:-1])
        top = self._times["top"][row]
        rows = statistics.fold(starts, rtt[sorting], order[sorting], top, fresh)
        for name, flags in (("late", late), ("altered", altered)):
            rows[name] = np.add.reduceat(flags[sorting], starts, dtype=np.int64)
        # Most rows of a capture with many hosts are new: there is nothing to join them with.
        known = np.flatnonzero(self._times["count"][row])
        rows[known] = statistics.join(self._times[row[known]], rows[known])
        self._times[row] = rows

    def _altered(self, batch: Batch, joined: Joined, which: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which answers differ from their query in data that they must return.

        Data that were cut by the capture are not compared, only how many octets they are.
        """
        parts = joined.parts
        response, query = joined.response[which], joined.query[which]
        altered = np.zeros(len(which), np.bool_)
        compared = returning()[parts.number[response]]
        inside = np.flatnonzero(compared & (query >= 0))
        asked, answering = parts.rows[query[inside]], parts.rows[response[inside]]
        size = batch.length[answering].astype(np.int64)
        altered[inside] = size != batch.length[asked]
        whole = (batch.captured[answering] >= size) & (batch.captured[asked] >= size) & ~altered[inside]
        for octets in distinct(size[whole & (size > HEADER)]):
            alike = np.flatnonzero(whole & (size == octets))
            one, other = (
                words_of(batch.octets, batch.icmp[rows[alike]] + HEADER, octets - HEADER)
                for rows in (asked, answering)
            )
            altered[inside[alike]] = different(one, other)
        crossing = np.flatnonzero(compared & (query < 0))
        if len(crossing):
            data, sizes = data_of(batch, parts, response[crossing])
            asked_queries = joined.crossed[np.searchsorted(joined.crossing, which[crossing])]
            altered[crossing] = differs(asked_queries, data, sizes)
        return altered

    # -- what becomes of the rest

    def _settle(self, stretch: NDArray[np.void]) -> None:
        """Account for queries whose time is over."""
        left = stretch[~stretch["answered"]]
        left = left[np.argsort(left["order"])]
        early = self._early(left["time_ns"])
        if early.any():
            self._waiting.append(left[early])
            left = left[~early]
        if not len(left):
            return
        pending = self._pending()
        closed = self._close(left, pending)
        taken = closed.taken >= 0
        if taken.any():
            answers = closed.taken[taken]
            np.add.at(self._series["rewritten"], closed.series[taken], 1)
            self._series["rewritten_as"][closed.series[taken]] = pending["identifier"][answers]
            self._unasked = [np.delete(pending, answers)]
        self._ended.update(ends(closed))

    def _pending(self) -> NDArray[np.void]:
        """Return the answers that have no query, in the order in which they came."""
        self._unasked = [np.concatenate([np.zeros(0, UNASKED), *self._unasked])]
        return self._unasked[0]

    def _close(self, left: NDArray[np.void], pending: NDArray[np.void]) -> Closed:
        """Return what became of queries that no answer came to, in their order.

        An answer that has the same hosts, sequence and data, but another identifier, is theirs: something on the
        way rewrote it. Each query takes the earliest that no other has taken.
        """
        taken = np.full(len(left), -1, np.int64)
        able = pending["loose"] != 0
        for at in np.flatnonzero(np.isin(left["loose"], pending["loose"][able])).tolist():
            later = pending["time_ns"] - left["time_ns"][at]
            fits = able & (pending["loose"] == left["loose"][at]) & (pending["order"] > left["order"][at])
            found = np.flatnonzero(fits & (later <= self.pairing.reach_ns))
            if len(found):
                taken[at] = found[0]
                able[found[0]] = False
        error = np.where(taken < 0, left["error"], -1).astype(np.int64)
        return Closed(self._index.find(left["series"]), taken, error)

    def _forget(self) -> None:
        """Count the unasked answers for which no query can be found any more, if there are many."""
        size = sum(map(len, self._unasked))
        if size < 2 * self._quiet + GRAINS:
            return
        oldest = min(
            (int(stretch["time_ns"].min()) for stretch in self.pairing.open), default=self.pairing.now
        )
        pending = self._pending()
        over = pending["time_ns"] < min(oldest, self.pairing.now - self.pairing.reach_ns)
        over[: max(size - self.pairing.limit, 0)] = True
        over &= ~self._early(pending["time_ns"])
        self._count(pending[over])
        self._unasked = [pending[~over]]
        self._quiet = len(self._unasked[0])

    def _count(self, unasked: NDArray[np.void]) -> None:
        """Count unasked answers for good."""
        np.add.at(self._series["unasked"], unasked["series"][unasked["role"] == ANSWER], 1)

    # -- states

    def merge(self, other: Exchanges) -> Self:
        """Take in what came after, as another state made with ``begins=False`` saw it; return self.

        The other state is used up. Both must have the same timeout.
        """
        self._pack()
        other._pack()
        self._begin = other._begin if self._begin is None else self._begin
        shift = self.pairing.seen
        series = self._adopt(other)
        errors = self.pairing.reporters.add(other.pairing.reporters.table)
        for stretch in (*other.pairing.open, *other._waiting, *other._unasked):
            stretch["order"] += shift
            known = stretch["error"] >= 0
            stretch["error"][known] = errors[stretch["error"][known]]
        top = other._times["top"][: other._rows]
        top[top >= 0] += shift
        pending = other._pending()
        known = pending["series"] >= 0
        pending["series"][known] = series[pending["series"][known]]
        resolved, found = self._found(pending)
        self._splice(other, series, pending, resolved, found)
        numbers, buckets, counts = other._histogram.entries()
        self._histogram.add(series[numbers], buckets, counts)
        self._clocks.merge(other._clocks, series)
        for (number, error), count in other._ended.items():
            self._ended[int(series[number]), int(errors[error])] += count
        left = pending[~resolved]
        self._unasked.append(left[(left["role"] == ANSWER) | self._early(left["time_ns"])])
        self._quiet += other._quiet
        self._take_over(other.pairing)
        for stretch in other._waiting:
            self._settle(stretch)
        for stretch in self.pairing.expired():
            self._settle(stretch)
        self._forget()
        return self

    def _adopt(self, other: Exchanges) -> NDArray[np.int64]:
        """Take in the series of another state, but for their times; return the numbers here of those there."""
        theirs = other._series[: len(other._index)]
        numbers, new = self._index.number(other._index.hashes)
        fresh = theirs[new].copy()
        for name in COUNTS:
            fresh[name] = 0
        self._new_series(fresh)
        mine = self._series[numbers]
        unsent = (mine["size"] < 0) & (theirs["size"] >= 0)
        for name in ("first_ns", "size", "sampled", "sample"):
            mine[name][unsent] = theirs[name][unsent]
        mine["last_ns"][theirs["sent"] > 0] = theirs["last_ns"][theirs["sent"] > 0]
        rewritten = theirs["rewritten_as"] >= 0
        mine["rewritten_as"][rewritten] = theirs["rewritten_as"][rewritten]
        for name in COUNTS:
            mine[name] += theirs[name]
        self._series[numbers] = mine
        return numbers

    def _found(self, pending: NDArray[np.void]) -> tuple[NDArray[np.bool_], NDArray[np.void]]:
        """Look among the open queries for those of answers that came without; mark what is found.

        Returns:
            Which have one, and a row of times for each, of one time where it is the first answer.
        """
        place = self.pairing.find(pending["key"])
        if self.pairing.wide:
            left = np.flatnonzero(place < 0)
            place[left] = self.pairing.find(pending["wide"][left])
        found = np.flatnonzero(place >= 0)
        queries = self.pairing.at(place[found])
        near = pending["time_ns"][found] - queries["time_ns"] <= self.pairing.reach_ns
        found, queries, place = found[near], queries[near], place[found[near]]
        resolved = np.zeros(len(pending), np.bool_)
        resolved[found] = True
        answers = pending["role"][found] == ANSWER
        first = np.zeros(len(found), np.bool_)
        for role in (answers, ~answers):
            first[role] = first_of(queries["order"][role])
        first &= np.where(answers, ~queries["answered"], queries["error"] < 0)
        series = self._index.find(queries["series"])
        errors = first & ~answers
        self.pairing.mark(place[errors], "error", pending["error"][found[errors]])
        np.add.at(self._series["duplicates"], series[answers & ~first], 1)
        won = first & answers
        self.pairing.mark(place[won], "answered", np.ones(int(won.sum()), np.bool_))
        found, queries, series = found[won], queries[won], series[won]
        rtt = np.maximum(pending["time_ns"][found] - queries["time_ns"], 0)
        self._histogram.add(series, statistics.buckets(rtt))
        times = statistics.table(len(pending))
        times["count"][found] = 1
        for name in ("sum", "min", "max", "first", "last"):
            times[name][found] = rtt
        times["top"][found] = queries["order"]
        times["late"][found] = rtt > self.pairing.timeout_ns
        compared = returning()[self._series["number"][series]]
        times["altered"][found] = compared & differs(
            queries, pending["digest"][found], pending["size"][found]
        )
        stamped = self._series["number"][series] == timestamp_pair()
        stamped &= (pending["times"][found] != UNKNOWN).any(axis=1)
        self._clocks.add(
            series[stamped],
            pending["times"][found[stamped]],
            pending["time_ns"][found[stamped]],
            rtt[stamped],
        )
        pending["series"][found] = series
        return resolved, times

    def _splice(
        self,
        other: Exchanges,
        series: NDArray[np.int64],
        pending: NDArray[np.void],
        resolved: NDArray[np.bool_],
        found: NDArray[np.void],
    ) -> None:
        """Join the rows of times of another state to those here, in order, with what was found at the seam between."""
        begins = np.full(other._rows, -1, np.int64)
        with_row = np.flatnonzero(pending["row"] >= 0)
        begins[pending["row"][with_row]] = with_row
        stays = ~resolved & (pending["role"] == ANSWER) & self._early(pending["time_ns"])
        # Answers to a query to many were taken for another series until now; no row of theirs begins after them.
        owners = np.full(len(pending), -1, np.int64)
        owners[with_row] = series[other._owner[pending["row"][with_row]]]
        elsewhere = np.flatnonzero((found["count"] > 0) & (owners != pending["series"]))
        for several in ranked(pending["series"][elsewhere]):
            answers = elsewhere[several]
            self._append(self._current[pending["series"][answers]], found[answers])
        for rows in ranked(other._owner[: other._rows]):
            owner = series[other._owner[rows]]
            before = begins[rows]
            held = np.flatnonzero(before >= 0)
            new = held[stays[before[held]]]
            if len(new):
                fresh = self._new_rows(owner[new])
                self._times["top"][fresh] = self._times["top"][self._current[owner[new]]]
                self._current[owner[new]] = pending["row"][before[new]] = fresh
            current = self._current[owner]
            seam = held[(found["count"][before[held]] > 0) & (pending["series"][before[held]] == owner[held])]
            self._append(current[seam], found[before[seam]])
            self._times[current] = statistics.join(self._times[current], other._times[rows])
        pending["row"][~stays] = -1

    def _append(self, rows: NDArray[np.int64], times: NDArray[np.void]) -> None:
        """Join single times to rows."""
        times["reordered"] = times["top"] < self._times["top"][rows]
        self._times[rows] = statistics.join(self._times[rows], times)

    def _take_over(self, other: Pairing) -> None:
        """Take in the open queries of another state."""
        mine = self.pairing
        for stretch in other.open:
            mine.add(stretch)
        mine.seen += other.seen
        mine.now = max(mine.now, other.now)
        mine.wide |= other.wide
        mine.given_up += other.given_up

    def result(self) -> Exchanged:
        """Return what is known so far; the state can go on."""
        self._pack()
        left = np.concatenate([np.zeros(0, OPEN), *self._waiting, *self.pairing.open])
        left = left[~left["answered"]]
        left = left[np.argsort(left["order"])]
        pending = self._pending()
        pending = pending[pending["role"] == ANSWER]
        closed = self._close(left, pending)
        series = self._series[: len(self._index)].copy()
        taken = closed.taken >= 0
        np.add.at(series["rewritten"], closed.series[taken], 1)
        series["rewritten_as"][closed.series[taken]] = pending["identifier"][closed.taken[taken]]
        np.add.at(series["unasked"], np.delete(pending["series"], closed.taken[taken]), 1)
        times = self._times[: self._rows]
        if self._rows > len(series):
            # A stretch that does not begin has several rows for a series.
            times = statistics.table(len(series))
            for rows in ranked(self._owner[: self._rows]):
                owner = self._owner[rows]
                times[owner] = statistics.join(times[owner], self._times[rows])
        return Exchanged(
            series,
            times,
            self._histogram,
            self._clocks,
            self._ended + ends(closed),
            self.pairing.reporters.table,
            self.pairing.given_up,
        )
