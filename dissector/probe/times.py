"""Round-trip times of all targets, kept in memory that does not grow with the answers."""

from __future__ import annotations

import numpy as np

from dissector.analysis.outcomes import LEVELS, Rtt, rtt_of
from dissector.analysis.statistics import Histogram, buckets, table, take

LIMIT = 1 << 14
"""Times that wait until they are put into the statistics at once."""
LEAST_ROWS = 64


class Times:
    """The statistics of each target's round-trip times, those of summaries."""

    def __init__(self) -> None:
        self._rows = table(LEAST_ROWS)
        self._top = self._rows["top"].copy()
        self._histogram = Histogram()
        self._waiting: list[tuple[int, int, int]] = []

    def add(self, target: int, number: int, rtt_ns: int) -> None:
        """Note the time of a target's probe."""
        self._waiting.append((target, rtt_ns, number))
        if len(self._waiting) >= LIMIT:
            self._fold()

    def _fold(self) -> None:
        """Put what waits into the statistics."""
        if not self._waiting:
            return
        target, rtt, order = np.ascontiguousarray(np.array(self._waiting, np.int64).T)
        self._waiting.clear()
        self._reach(int(target.max()) + 1)
        owner = np.arange(len(self._rows))
        # Late and altered answers are counted by the targets themselves.
        no = np.zeros(len(target), bool)
        take(self._rows, owner, self._top, target, rtt, order, no, no)
        self._histogram.add(target, buckets(rtt))

    def _reach(self, count: int) -> None:
        """Have a row for so many targets at least."""
        if count > len(self._rows):
            more = table(max(count, 2 * len(self._rows)) - len(self._rows))
            self._rows = np.concatenate([self._rows, more])
            self._top = np.concatenate([self._top, more["top"]])

    def result(self, count: int) -> list[Rtt | None]:
        """Return the statistics of the first targets; None for one without any time."""
        self._fold()
        self._reach(count)
        rows = self._rows[:count]
        groups = np.full(len(self._rows), -1, np.int64)
        groups[:count] = np.arange(count)
        quantiles = self._histogram.quantiles(groups, count, LEVELS)
        return [
            rtt_of(row, levels) if row["count"] else None for row, levels in zip(rows, quantiles, strict=True)
        ]
