"""The rows of round-trip times of series: one each, or several where something may yet come between two answers.

Strategy: jitter, first and last depend on the order in which answers came. In a stretch of a capture that does not
begin it, answers come whose queries are in an earlier one. Where such an answer may belong a row ends and another one
begins, so that its time can be put between them when the stretches are joined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dissector.analysis import statistics
from dissector.analysis.hashing import grown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dissector.analysis.statistics import Table


class SeriesTimes:
    """Rows of times, and to which series they belong.

    Attributes:
        count: how many there are.
        table: the rows, see :data:`dissector.analysis.statistics.TIMES`; longer than there are.
        owner: the series of each; likewise.
        since: the order of the message from which on each is its series' row, -1 for the first one; likewise.
        current: for each series, the row of answers to come.
    """

    def __init__(self) -> None:
        self.count = 0
        self.table = statistics.table(0)
        self.owner = np.zeros(0, np.int64)
        self.since = np.zeros(0, np.int64)
        self.current = np.zeros(0, np.int64)

    def begin(self, count: int) -> None:
        """Begin a row for each new series, now that there are so many."""
        new = np.arange(len(self.current), count)
        if len(new):
            self.current = np.append(self.current, self.rows(new, np.full(len(new), -1)))

    def rows(self, series: NDArray[np.int64], since: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the numbers of new rows, one for each of some series, and from which order on they are theirs."""
        first, self.count = self.count, self.count + len(series)
        self.table, self.owner, self.since = (
            grown(column, self.count) for column in (self.table, self.owner, self.since)
        )
        self.table[first : self.count] = statistics.table(len(series))
        self.owner[first : self.count], self.since[first : self.count] = series, since
        return np.arange(first, self.count)

    def after(
        self, unasked: NDArray[np.void], series: NDArray[np.int64], order: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return the rows of answers where some came after unasked ones of their series, which have new rows.

        Should an earlier part of the capture have the query of the unasked answer, its time belongs between
        those before it and those after it.

        Args:
            unasked: the unasked answers, in their order.
            series: that of each answer.
            order: of each answer.
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
        row = self.current[series]
        row[answers[same]] = unasked["row"][latest[same]]
        # In the order of the capture: the last one stays.
        self.current[unasked["series"]] = unasked["row"]
        return row

    def apart(self, series: NDArray[np.int64], order: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return new rows for answers to queries to many.

        An unasked answer does not tell to which group its query went, should an earlier part of the capture have it:
        its time may belong between any two of these.

        Args:
            series: that of each answer.
            order: of each.
        """
        row = self.rows(series, order)
        # In the order of the capture: the last one stays, unless an unasked answer came still later.
        latest = np.flatnonzero(order > self.since[self.current[series]])
        self.current[series[latest]] = row[latest]
        return row

    def shift(self, messages: int) -> None:
        """Count all orders from so many messages earlier on."""
        for column in (self.table["top"], self.since):
            there = column[: self.count]
            there[there >= 0] += messages

    def append(self, rows: NDArray[np.int64], times: Table) -> None:
        """Join single times to different rows."""
        times["reordered"] = times["top"] < self.table["top"][rows]
        self.join(rows, times)

    def join(self, rows: NDArray[np.int64], later: Table) -> None:
        """Join rows to different rows, which they come after."""
        self.table[rows] = statistics.join(self.table[rows], later)

    def divide(self, series: NDArray[np.int64], since: NDArray[np.int64]) -> None:
        """Begin new rows of some series, which go on where their latest ones are."""
        fresh = self.rows(series, since)
        self.table["top"][fresh] = self.table["top"][self.current[series]]
        self.current[series] = fresh

    def whole(self, series: int) -> Table:
        """Return one row for each of all series."""
        if self.count == series:
            return self.table[: self.count]
        found = statistics.table(series)
        for rows in ranked(self.owner[: self.count], self.since[: self.count]):
            owner = self.owner[rows]
            found[owner] = statistics.join(found[owner], self.table[rows])
        return found


def ranked(owner: NDArray[np.int64], since: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield rows by their place among those of their owner, in their order: all first ones, all second ones, and so on.

    Args:
        owner: that of each row.
        since: by which they are in order; of two that are equal the earlier row comes first.
    """
    order = np.lexsort((since, owner))
    sorted_owner = owner[order]
    starts = np.append(True, sorted_owner[1:] != sorted_owner[:-1])[: len(owner)]
    at = np.arange(len(owner))
    rank = at - np.maximum.accumulate(np.where(starts, at, 0))
    for place in range(int(rank.max(initial=-1)) + 1):
        yield order[rank == place]
