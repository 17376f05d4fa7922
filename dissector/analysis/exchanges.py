"""Exchanges: one outcome for every query of a capture, and the round-trip times of each series."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from dissector import kernel
from dissector.analysis import statistics
from dissector.analysis.outcomes import Exchanged
from dissector.analysis.pairing import LIMIT, TIMEOUT_NS, Pairing, data_of, loose_keys
from dissector.analysis.participants import ASKED
from dissector.analysis.series import LIMIT as SERIES_LIMIT
from dissector.analysis.series import (
    UNASKED,
    UNKNOWN,
    AllSeries,
    Closed,
    differs,
    ends,
    returning,
    times_of,
    timestamp_pair,
)
from dissector.analysis.series_times import SeriesTimes, ranked
from dissector.analysis.timestamps import Clocks
from dissector.kernel.tables import ANSWER

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import NDArray

    from dissector.analysis.pairing import Joined
    from dissector.batch import Batch

GRAINS = 1 << 12
"""Unasked answers below which it does not pay to look whether their time is over."""


class Exchanges:
    """What was asked and answered in a stream of batches: a mergeable state.

    Args:
        timeout_ns: an answer after this is late; after five times this it is no answer any more.
        limit: how many queries are kept to be answered.
        begins: whether nothing comes before the first batch; else its first answers wait for :meth:`merge`.
        series: how many series are kept apart; later ones are counted together.
    """

    def __init__(
        self,
        timeout_ns: int = TIMEOUT_NS,
        limit: int = LIMIT,
        *,
        begins: bool = True,
        series: int = SERIES_LIMIT,
    ) -> None:
        self.pairing = Pairing(timeout_ns, limit)
        self.begins = begins
        self._begin: int | None = None
        self._all = AllSeries(series)
        self._times = SeriesTimes()
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
        self._asked(batch, joined)
        unasked = self._unasked_of(batch, joined, before)
        self._answered(batch, joined, unasked)
        if len(unasked):
            self._unasked.append(unasked)
        self._settle(self.pairing.expire())
        self._forget()

    def _asked(self, batch: Batch, joined: Joined) -> None:
        """Take in the queries of a batch: their series, and what an answer to come is compared with."""
        parts, which, open_ = joined.parts, joined.asking, self.pairing.open
        numbers = self._all.ask(batch, parts, which)
        self._times.begin(len(self._all))
        rows, at = open_.rows, open_.since(joined.begin)
        rows["series"][at] = numbers
        left = open_.unanswered(joined.begin, open_.tail)
        told = loose_keys(batch, parts, which[(left - joined.begin) & len(rows) - 1])
        rows["loose"][left], rows["digest"][left], rows["size"][left] = told

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
        found["role"] = parts.role[which]
        found["error"] = found["row"] = -1
        answers = found["role"] == ANSWER
        errors = np.flatnonzero(~answers)
        found["error"][errors] = self.pairing.reporters.number(batch, rows[errors])
        told = loose_keys(batch, parts, which[answers])
        found["loose"][answers], found["digest"][answers], found["size"][answers] = told
        found["series"] = -1
        found["series"][answers] = self._all.number(batch, parts, which[answers])
        self._times.begin(len(self._all))
        replies = np.flatnonzero(answers & (parts.number[which] == timestamp_pair()))
        found["times"][replies] = times_of(batch, parts, which[replies])
        early = np.flatnonzero(answers & self._early(found["time_ns"]))
        found["row"][early] = self._times.rows(found["series"][early], found["order"][early])
        return found

    def _early(self, time_ns: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which times are so soon after the beginning that what came before it matters."""
        if self.begins or self._begin is None:
            return np.zeros(len(time_ns), np.bool_)
        return time_ns <= self._begin + self.pairing.reach_ns

    def _answered(self, batch: Batch, joined: Joined, unasked: NDArray[np.void]) -> None:
        """Take in the answers of a batch that have a query."""
        parts, open_ = joined.parts, self.pairing.open
        columns = (batch.time_ns, batch.icmp, batch.captured, batch.length)
        made = np.empty((8, len(joined.response)), np.int64)
        flags = np.empty((3, len(joined.response)), np.bool_)
        count = kernel.exchange.answer(
            parts.role.data, parts.rows.data, parts.number.data, joined.asking.data, joined.response.data,
            joined.place.data, joined.first.view(np.uint8).data, joined.by_other.view(np.uint8).data, joined.begin,
            *(np.ascontiguousarray(column).data for column in columns),
            returning().view(np.uint8).data, self.pairing.timeout_ns, open_.table.data, self._times.current.data,
            self._all.counts.data, statistics.words(self._times.table).data, made.data,
            *(flag.data for flag in flags.view(np.uint8)),
        )  # fmt: skip
        response, series, row, rtt, order, data, asked, sizes = (column[:count] for column in made)
        late, altered, crossing = (flag[:count] for flag in flags)
        if not self.begins:
            row = self._divided(batch, joined, unasked, response, series)
        self._histogram.add(series, statistics.buckets(rtt))
        same = np.empty(count, np.bool_)
        kernel.fold.alike(batch.octets.data, data.data, asked.data, sizes.data, same.view(np.uint8).data)
        altered |= ~same
        if crossing.any():
            place = joined.place[np.searchsorted(joined.response, response[crossing])]
            altered[crossing] = differs(
                open_.rows[open_.at(place)], *data_of(batch, parts, response[crossing])
            )
        statistics.take(self._times.table, self._times.owner, self._all.top, row, rtt, order, late, altered)
        stamped = np.flatnonzero(parts.number[response] == timestamp_pair())
        if len(stamped):
            times = times_of(batch, parts, response[stamped])
            known = (times != UNKNOWN).any(axis=1)
            stamped, times = stamped[known], times[known]
            arrived = batch.time_ns[parts.rows[response[stamped]]]
            self._clocks.add(series[stamped], times, arrived, rtt[stamped])

    def _divided(
        self,
        batch: Batch,
        joined: Joined,
        unasked: NDArray[np.void],
        response: NDArray[np.int64],
        series: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """Return the rows of times of answers, some of which are new: what came unasked may belong between them."""
        times = self._times
        order = joined.parts.rows[response] + self.pairing.seen - len(batch)
        begins = unasked[unasked["row"] >= 0]
        row = times.after(begins, series, order) if len(begins) else times.current[series]
        if self.pairing.wide:
            arrived = batch.time_ns[joined.parts.rows[response]]
            alone = self._early(arrived) | (times.since[times.current[series]] < 0)
            alone &= self.pairing.open.to_many(joined.place[np.searchsorted(joined.response, response)])
            row[alone] = times.apart(series[alone], order[alone])
        return row

    # -- what becomes of the rest

    def _settle(self, left: NDArray[np.void]) -> None:
        """Account for queries whose time is over, and that no answer came to, in their order."""
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
            self._all.count("rewritten", closed.series[taken])
            self._unasked = [np.delete(pending, closed.taken[taken])]
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
        return Closed(left["series"], taken, error)

    def _forget(self) -> None:
        """Count the unasked answers for which no query can be found any more, if there are many."""
        size = sum(map(len, self._unasked))
        if size < 2 * self._quiet + GRAINS:
            return
        open_ = self.pairing.open
        oldest = int(open_.time_ns[open_.since(open_.head)].min(initial=self.pairing.now))
        pending = self._pending()
        over = pending["time_ns"] < min(oldest, self.pairing.now - self.pairing.reach_ns)
        over[: max(size - self.pairing.limit, 0)] = True
        over &= ~self._early(pending["time_ns"])
        self._count(pending[over])
        self._unasked = [pending[~over]]
        self._quiet = len(self._unasked[0])

    def _count(self, unasked: NDArray[np.void]) -> None:
        """Count unasked answers for good."""
        self._all.count("unasked", unasked["series"][unasked["role"] == ANSWER])

    # -- states

    def merge(self, other: Exchanges) -> Self:
        """Take in what came after, as another state made with ``begins=False`` saw it; return self.

        The other state is used up. Both must have the same timeout.
        """
        self._begin = other._begin if self._begin is None else self._begin
        shift = self.pairing.seen
        series = self._all.adopt(other._all, shift)
        self._times.begin(len(self._all))
        errors = self.pairing.reporters.add(other.pairing.reporters.table)
        open_, at = other.pairing.open, other.pairing.open.since(other.pairing.open.head)
        live = open_.rows[at]
        for stretch in (live, *other._waiting, *other._unasked):
            stretch["order"] += shift
            for name, numbers in (("error", errors), ("series", series)):
                known = stretch[name] >= 0
                stretch[name][known] = numbers[stretch[name][known]]
        open_.rows[at] = live
        other._times.shift(shift)
        pending = other._pending()
        resolved, found = self._found(pending)
        self._splice(other._times, series, pending, resolved, found)
        numbers, buckets, counts = other._histogram.entries()
        self._histogram.add(series[numbers], buckets, counts)
        self._clocks.merge(other._clocks, series)
        for (number, error), count in other._ended.items():
            self._ended[int(series[number]), int(errors[error])] += count
        left = pending[~resolved]
        self._unasked.append(left[(left["role"] == ANSWER) | self._early(left["time_ns"])])
        self._quiet += other._quiet
        self._take_over(other.pairing)
        over = np.concatenate([*other._waiting, self.pairing.expire()])
        # In their order, for the earlier of two queries takes an answer: it may be the other state that has ended one.
        self._settle(over[np.argsort(over["order"], kind="stable")])
        self._forget()
        return self

    def _found(self, pending: NDArray[np.void]) -> tuple[NDArray[np.bool_], NDArray[np.void]]:
        """Look among the open queries for those of answers that came without; mark what is found.

        Returns:
            Which have one, and a row of times for each, of one time where it is the first answer.
        """
        open_ = self.pairing.open
        place = open_.find(np.ascontiguousarray(pending["key"]))
        if self.pairing.wide:
            left = np.flatnonzero(place < 0)
            place[left] = open_.find(pending["wide"][left])
        found = np.flatnonzero(place >= 0)
        near = pending["time_ns"][found] - open_.time_ns[open_.at(place[found])] <= self.pairing.reach_ns
        found, place = found[near], place[found[near]]
        resolved = np.zeros(len(pending), np.bool_)
        resolved[found] = True
        answers = pending["role"][found] == ANSWER
        bits = np.left_shift(1, pending["role"][found]).astype(np.uint8)
        at = open_.at(place)
        first = open_.come[at] & bits == 0
        # Of several answers to one query, or errors about it, the first one.
        once = np.unique(place << 8 | bits, return_index=True)[1]
        first &= np.isin(np.arange(len(place)), once)
        np.bitwise_or.at(open_.come, at, bits)
        queries, series = open_.rows[at], open_.rows["series"][at]
        errors = first & ~answers
        open_.rows["error"][at[errors]] = pending["error"][found[errors]]
        by_other = answers.copy()
        by_other[answers] = open_.by_others(
            place[answers], pending["key"][found[answers]][:, ASKED], first[answers]
        )
        self._all.count("by_others", series[by_other])
        self._all.count("duplicates", series[answers & ~first & ~by_other])
        won = first & answers
        np.maximum.at(self._all.top, series[won], queries["order"][won])
        found, queries, series = found[won], queries[won], series[won]
        rtt = np.maximum(pending["time_ns"][found] - queries["time_ns"], 0)
        self._histogram.add(series, statistics.buckets(rtt))
        times = statistics.table(len(pending))
        times["count"][found] = 1
        for name in ("sum", "min", "max", "first", "last"):
            times[name][found] = rtt
        times["top"][found] = queries["order"]
        times["late"][found] = rtt > self.pairing.timeout_ns
        compared = returning()[self._all.rows["number"][series]]
        times["altered"][found] = compared & differs(
            queries, pending["digest"][found], pending["size"][found]
        )
        stamped = self._all.rows["number"][series] == timestamp_pair()
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
        other: SeriesTimes,
        series: NDArray[np.int64],
        pending: NDArray[np.void],
        resolved: NDArray[np.bool_],
        found: NDArray[np.void],
    ) -> None:
        """Join the rows of times of another state to those here, in order, with what was found at the seam between."""
        count = other.count
        begins = np.full(count, -1, np.int64)
        with_row = np.flatnonzero(pending["row"] >= 0)
        begins[pending["row"][with_row]] = with_row
        stays = ~resolved & (pending["role"] == ANSWER) & self._early(pending["time_ns"])
        # Answers to a query to many were taken for another series until now: no row of theirs begins after them, and
        # each is one more row.
        owners = np.full(len(pending), -1, np.int64)
        owners[with_row] = series[other.owner[pending["row"][with_row]]]
        single = np.flatnonzero((found["count"] > 0) & (owners != pending["series"]))
        times = np.concatenate([other.table[:count], found[single]])
        owner = np.concatenate([series[other.owner[:count]], pending["series"][single]])
        since = np.concatenate([other.since[:count], pending["order"][single]])
        begins = np.append(begins, np.full(len(single), -1))
        for rows in ranked(owner, since):
            mine, before = owner[rows], begins[rows]
            held = np.flatnonzero(before >= 0)
            # Where nothing comes before, these may have to be told apart once more.
            apart = (before < 0) & (since[rows] >= 0) & (not self.begins)
            apart[held] = stays[before[held]]
            self._times.divide(mine[apart], since[rows[apart]])
            current = self._times.current[mine]
            new = held[apart[held]]
            pending["row"][before[new]] = current[new]
            seam = held[(found["count"][before[held]] > 0) & (pending["series"][before[held]] == mine[held])]
            self._times.append(current[seam], found[before[seam]])
            alone = rows >= count
            self._times.append(current[alone], times[rows[alone]])
            self._times.join(current[~alone], times[rows[~alone]])
        pending["row"][~stays] = -1

    def _take_over(self, other: Pairing) -> None:
        """Take in the open queries of another state."""
        mine = self.pairing
        mine.open.add(other.open)
        mine.seen += other.seen
        mine.now = max(mine.now, other.now)
        mine.wide |= other.wide
        mine.given_up += other.given_up

    def result(self) -> Exchanged:
        """Return what is known so far; the state can go on."""
        left = np.concatenate([*self._waiting, self.pairing.open.left(self.pairing.open.tail)])
        pending = self._pending()
        pending = pending[pending["role"] == ANSWER]
        closed = self._close(left, pending)
        series = self._all.table()
        taken = closed.taken >= 0
        np.add.at(series["rewritten"], closed.series[taken], 1)
        np.add.at(series["unasked"], np.delete(pending["series"], closed.taken[taken]), 1)
        return Exchanged(
            series,
            self._times.whole(len(series)),
            self._histogram,
            self._clocks,
            self._ended + ends(closed),
            self.pairing.reporters.table,
            self.pairing.given_up,
            self._all.shared,
        )
