"""What Timestamp exchanges say about two clocks (RFC 792, page 16): offset and one-way delays.

The four times are: T1 the query left, T2 it came, T3 the answer left, all three as its sender wrote them, and
T4 the answer came, which is T1 plus the round-trip time in the capture. Then the replier's clock is ahead of the
querier's by ((T2 - T1) + (T3 - T4)) / 2 if both ways take the same time, and T2 - T1 and T4 - T3 are the one-way
delays as the two clocks see them: right if the clocks agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dissector.analysis.hashing import Index

if TYPE_CHECKING:
    from numpy.typing import NDArray

DAY = 86_400_000
"""Milliseconds of a day."""
NON_STANDARD = np.uint32(1 << 31)
"""Set in a time that is not in milliseconds since midnight UT (RFC 792, page 17)."""
NEAR = 3_600_000
"""A time within an hour of the capture's is taken to be meant so."""
MILLISECOND = 1_000_000

CLOCKS = np.dtype(
    [
        ("count", np.int64),
        ("non_standard", np.int64),
        ("little_endian", np.int64),
        ("offset", np.float64),
        ("least", np.float64),
        ("most", np.float64),
        ("forward", np.float64),
        ("backward", np.float64),
    ]
)
"""What is kept of the exchanges of a series: how many had times to calculate with, how many not, how many were
written in the wrong order of octets; sums of the offset and of the one-way delays, and the least and the greatest
offset, in ms."""


class Clock(NamedTuple):
    """What the Timestamp exchanges of a series say.

    Attributes:
        exchanges: answers with standard times.
        non_standard: answers with times that are not in ms since midnight UT.
        little_endian: answers with times in the wrong order of octets (read as they were meant).
        offset_ms: how far the replier's clock is ahead, the mean; None where no times were standard, as below.
        offset_min_ms, offset_max_ms: the least and the greatest.
        forward_ms, backward_ms: one-way delays as the clocks see them, the means.
    """

    exchanges: int
    non_standard: int
    little_endian: int
    offset_ms: float | None
    offset_min_ms: float | None
    offset_max_ms: float | None
    forward_ms: float | None
    backward_ms: float | None


def wrapped(difference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return differences of times of day as what they are over midnight: from -12 h to 12 h."""
    return (difference + DAY / 2) % DAY - DAY / 2


def _near(times: NDArray[np.uint32], now_ms: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which times are times of day, and near that of the capture."""
    apart = np.abs(wrapped(times.astype(np.float64) - now_ms[:, None]))
    found: NDArray[np.bool_] = (times < DAY) & (apart <= NEAR)
    return found


def read(
    times: NDArray[np.uint32], now_ms: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return times in ms since midnight UT, which rows are not standard, and which are little-endian.

    A row is taken to be little-endian if read so it is a time near that of the capture and read as it should
    be it is no time of day, or not one near that of the capture.

    Args:
        times: as read from the wire, shape (n, 3).
        now_ms: the time of day in the capture.
    """
    turned: NDArray[np.uint32] = times.byteswap()
    near, turned_near = _near(times, now_ms), _near(turned, now_ms)
    # Receive and transmit are the replier's; originate is whoever's asked, and may be anything.
    right = near[:, 1] & near[:, 2]
    little = ~right & turned_near[:, 1] & turned_near[:, 2]
    shown = np.where(little[:, None], turned, times)
    meant = turned_near[:, 0] & ~near[:, 0]
    shown[:, 0] = np.where(meant, turned[:, 0], times[:, 0])
    odd = np.not_equal(shown & NON_STANDARD, 0).any(axis=1)
    return shown.astype(np.float64), odd, little | (meant & ~odd)


class Clocks:
    """What the Timestamp exchanges of each series say, by the series' number."""

    def __init__(self) -> None:
        self._index = Index()
        self._table = np.zeros(0, CLOCKS)

    def add(
        self,
        series: NDArray[np.int64],
        times: NDArray[np.uint32],
        answered_ns: NDArray[np.int64],
        rtt_ns: NDArray[np.int64],
    ) -> None:
        """Take in answers: the three times each, when it came, and how long after its query."""
        now_ms = (answered_ns / MILLISECOND) % DAY
        shown, odd, little = read(times, now_ms)
        forward = wrapped(shown[:, 1] - shown[:, 0])
        backward = wrapped(shown[:, 0] + rtt_ns / MILLISECOND - shown[:, 2])
        rows = np.zeros(len(series), CLOCKS)
        rows["count"], rows["non_standard"], rows["little_endian"] = ~odd, odd, little
        rows["offset"] = np.where(odd, 0, (forward - backward) / 2)
        rows["least"] = np.where(odd, np.inf, rows["offset"])
        rows["most"] = np.where(odd, -np.inf, rows["offset"])
        rows["forward"], rows["backward"] = np.where(odd, 0, forward), np.where(odd, 0, backward)
        self._join(series, rows)

    def merge(self, other: Clocks, numbers: NDArray[np.int64]) -> None:
        """Take in what others say; ``numbers`` are the numbers here of the series there."""
        self._join(numbers[other._index.keys[:, 0].astype(np.int64)], other._table)

    def _join(self, series: NDArray[np.int64], rows: NDArray[np.void]) -> None:
        numbers, new = self._index.number(series.astype(np.uint64))
        fresh = np.zeros(len(new), CLOCKS)
        fresh["least"], fresh["most"] = np.inf, -np.inf
        self._table = np.concatenate([self._table, fresh])
        for name in CLOCKS.names or ():
            how = {"least": np.minimum, "most": np.maximum}.get(name, np.add)
            how.at(self._table[name], numbers, rows[name])

    def of(self, series: int) -> Clock | None:
        """Return what the exchanges of a series say; None if it has none."""
        number = int(self._index.find(np.array([series], np.uint64))[0])
        if number < 0:
            return None
        row = self._table[number]
        count = int(row["count"])
        counts = count, int(row["non_standard"]), int(row["little_endian"])
        if not count:
            return Clock(*counts, None, None, None, None, None)
        sums = (
            row["offset"] / count,
            row["least"],
            row["most"],
            row["forward"] / count,
            row["backward"] / count,
        )
        return Clock(*counts, *map(float, sums))
