"""Round-trip times in numbers: what is kept of them for each series, a row each, and how rows are joined.

A row takes in one time after another, so that the memory needed does not grow with the times. Quantiles come from a
histogram whose buckets are 1/2048 of their value wide: exact below 2 µs, within 0.05 % above. A series with more than
256 different times gets wider ones: within 0.2 % where the greatest is 1.5 times the least, 1 % where it is ten times
that, and 3 % whatever they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dissector import kernel
from dissector.analysis.hashing import NONE
from dissector.kernel import tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Table = NDArray[np.void]

TIMES = np.dtype([(name, np.float64 if name in {"squares", "jitter"} else np.int64) for name in tables.TIMES])
"""What is kept of the round-trip times of a series, in ns, in the order in which the answers came: ``squares`` is
the sum of the squared differences from the mean, ``jitter`` that of RFC 3550 (6.4.1), ``top`` the order of the
latest query that has been answered."""
KEPT = 15 / 16
"""How much of the jitter each further time leaves (RFC 3550, 6.4.1)."""
EACH = 256
"""Buckets of a histogram that a series has at most."""
PACKED = 1 << 16
"""Times from which on equal ones are counted together, at once."""
FRACTION = 11
"""Bits of the buckets of a histogram within a power of two."""
_DROPPED = np.int64(52 - FRACTION)
_BASE = (1023 << FRACTION) - 1
"""One less than the bucket of 1 ns: that of 0."""
_NO_TOP = -1


def table(count: int) -> Table:
    """Return rows of no times at all."""
    rows = np.zeros(count, TIMES)
    rows["top"] = _NO_TOP
    return rows


def words(times: Table) -> NDArray[np.int64]:
    """Return the memory of rows as whole numbers, a column for each name in :data:`dissector.kernel.tables.TIMES`."""
    return times.view(np.int64).reshape(len(times), len(tables.TIMES))


def take(  # noqa: PLR0913, PLR0917 - the columns of one step
    times: Table,
    owner: NDArray[np.int64],
    top: NDArray[np.int64],
    row: NDArray[np.int64],
    rtt: NDArray[np.int64],
    order: NDArray[np.int64],
    late: NDArray[np.bool_],
    altered: NDArray[np.bool_],
) -> None:
    """Take times into rows, in the order in which the answers came; see :func:`dissector.kernel.fold.fold`.

    Args:
        times: the rows.
        owner: the series of each row.
        top: for each series, the order of the latest query answered.
        row: which row each time goes to.
        rtt: the times in ns.
        order: the order of their queries.
        late: whether each came after the timeout.
        altered: whether its data differ from those of its query.
    """
    if len(row):
        kernel.fold.fold(
            row.data, rtt.data, order.data, late.view(np.uint8).data, altered.view(np.uint8).data, owner.data, top.data,
            words(times).data, times.view(np.float64).reshape(len(times), len(tables.TIMES)).data,
        )  # fmt: skip


def join(before: Table, after: Table) -> Table:
    """Return rows of what both have seen, row by row; ``after`` came later."""
    both = table(len(before))
    count = before["count"] + after["count"]
    some = np.maximum(count, 1)
    one, other = before["count"] > 0, after["count"] > 0
    for name in ("sum", "late", "altered", "reordered"):
        both[name] = before[name] + after[name]
    both["count"] = count
    both["top"] = np.maximum(before["top"], after["top"])
    both["min"] = np.where(one & other, np.minimum(before["min"], after["min"]), before["min"] + after["min"])
    both["max"] = np.maximum(before["max"], after["max"])
    both["first"] = np.where(one, before["first"], after["first"])
    both["last"] = np.where(other, after["last"], before["last"])
    means = after["sum"] / np.maximum(after["count"], 1) - before["sum"] / np.maximum(before["count"], 1)
    between = means * means * (before["count"] / some * after["count"])
    both["squares"] = before["squares"] + after["squares"] + between
    # J = J + (|D| - J)/16, once for each time of the later row; D at the seam is between last and first.
    seam = np.where(one & other, np.abs(after["first"] - before["last"]), 0) * (1 - KEPT)
    steps = np.maximum(after["count"] - 1, 0)
    faded = (before["jitter"] * np.where(other, KEPT, 1.0) + seam) * KEPT**steps
    both["jitter"] = faded + after["jitter"]
    return both


def total(rows: Table, starts: NDArray[np.int64]) -> Table:
    """Return one row a group of rows of different series: their jitter is the mean, weighted by their times."""
    groups = table(len(starts))
    for name in ("count", "sum", "late", "altered", "reordered"):
        groups[name] = np.add.reduceat(rows[name], starts)
    some = rows["count"] > 0
    highest = np.iinfo(np.int64).max
    groups["min"] = np.minimum.reduceat(np.where(some, rows["min"], highest), starts)
    groups["min"][groups["count"] == 0] = 0
    groups["max"] = np.maximum.reduceat(rows["max"], starts)
    count = np.maximum(groups["count"], 1)
    sizes = np.diff(np.append(starts, len(rows)))
    apart = rows["sum"] / np.maximum(rows["count"], 1) - np.repeat(groups["sum"] / count, sizes)
    groups["squares"] = np.add.reduceat(rows["squares"] + rows["count"] * apart * apart, starts)
    groups["jitter"] = np.add.reduceat(rows["jitter"] * rows["count"], starts) / count
    return groups


def buckets(rtt: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the bucket of each time: the first bits of its floating-point form, which ascend with it."""
    numbers: NDArray[np.int64] = np.maximum(rtt.astype(np.float64).view(np.int64) >> _DROPPED, _BASE)
    return numbers


def values(numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the middle of each bucket, in ns; its only whole number where it has but one."""
    low = (numbers << _DROPPED).view(np.float64)
    high = ((numbers + 1) << _DROPPED).view(np.float64)
    whole = np.ceil(low)
    return np.where(numbers == _BASE, 0.0, np.where(whole + 1 >= high, whole, (low + high) / 2))


class Histogram:
    """How often each bucket of times occurred in each series.

    A series has EACH buckets at most: those of one with more are put together by twos, fours and so on.

    Attributes:
        limit: times from which on equal ones are counted together.
    """

    _BITS = 18
    """Bits of a bucket's number."""

    def __init__(self) -> None:
        # What occurred once each, as it came; and what was counted together, in order.
        self._log: list[NDArray[np.int64]] = []
        self._logged = 0
        self._keys, self._counts = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self.limit = PACKED

    def add(
        self, series: NDArray[np.int64], numbers: NDArray[np.int64], counts: NDArray[np.int64] | None = None
    ) -> None:
        """Count some buckets of some series, once each if ``counts`` does not say otherwise."""
        keys = series << self._BITS | (numbers - _BASE)
        if counts is not None:
            order = np.argsort(keys)
            self._pack(keys[order], counts[order])
            return
        self._log.append(keys)
        self._logged += len(keys)
        if self._logged > self.limit:
            self._pack()
            # Packing again pays only when as much has come as is there.
            self.limit = max(PACKED, len(self._keys))

    def _pack(self, keys: NDArray[np.int64] = NONE, counts: NDArray[np.int64] = NONE) -> None:
        """Count what came with what was counted, and with others that were, which ascend."""
        if not self._logged and not len(keys):
            return
        once = np.concatenate([NONE, *self._log])
        self._log, self._logged = [], 0
        once.sort()
        crowded = [self._join(*some) for some in ((once, NONE), (keys, counts)) if len(some[0])]
        if crowded[-1]:
            self._keys, self._counts = _coarse(self._keys, self._counts, self._BITS)

    def _join(self, keys: NDArray[np.int64], counts: NDArray[np.int64]) -> bool:
        """Count other keys too, which ascend, once each without counts; return whether a series has too many."""
        most = len(self._keys) + len(keys)
        both, sums = np.empty(most, np.int64), np.empty(most, np.int64)
        count, crowded = kernel.exchange.tally(
            self._keys.data, self._counts.data, keys.data, counts.data, self._BITS, EACH, both.data, sums.data
        )  # fmt: skip
        self._keys, self._counts = both[:count], sums[:count]
        return bool(crowded)

    def entries(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return series, bucket and count of all that occurred, by series, then by bucket."""
        self._pack()
        return self._keys >> self._BITS, (self._keys & ((1 << self._BITS) - 1)) + _BASE, self._counts

    def _grouped(
        self, groups: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return group, bucket (less the base) and count of what occurred in groups, in no order."""
        self._pack()
        low = (1 << self._BITS) - 1
        parts = []
        for begin in range(0, len(self._keys), PACKED):
            keys, counts = (column[begin : begin + PACKED] for column in (self._keys, self._counts))
            group = groups[keys >> self._BITS]
            keep = np.flatnonzero(group >= 0)
            if len(keep):
                found = group[keep] << self._BITS | keys[keep] & low
                if int(found.max()) < 4 * len(keep):
                    # Few groups: counted without sorting.
                    sums = np.bincount(found, counts[keep]).astype(np.int64)
                    there = np.flatnonzero(sums)
                    parts.append((there, sums[there]))
                else:
                    parts.append(_counted(found, counts[keep]))
        if not parts:
            return (np.zeros(0, np.int64),) * 3
        keys, found = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        return keys >> self._BITS, keys & low, found

    def quantiles(
        self, groups: NDArray[np.int64], count: int, levels: Sequence[float]
    ) -> NDArray[np.float64]:
        """Return quantiles (the nearest rank) of groups of series, shape (groups, levels), NaN where there are none.

        Args:
            groups: the group of each series, -1 for none.
            count: how many groups there are.
            levels: 0.5 for the median, and so on.
        """
        group, numbers, counts = self._grouped(groups)
        order = np.argsort(group << self._BITS | numbers, kind="stable")
        group, numbers, ranks = group[order], numbers[order] + _BASE, np.cumsum(counts[order])
        ends = np.searchsorted(group, np.arange(count), "right")
        below = np.concatenate([[0], ranks])[np.searchsorted(group, np.arange(count), "left")]
        sizes = np.concatenate([[0], ranks])[ends] - below
        found = np.full((count, len(levels)), np.nan)
        some = sizes > 0
        for column, level in enumerate(levels):
            rank = below + np.maximum(np.ceil(sizes * level), 1).astype(np.int64)
            at = np.searchsorted(ranks, rank[some], "left")
            found[some, column] = values(numbers[at])
        return found


def _counted(
    keys: NDArray[np.int64], counts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return keys in their order, each once, and their counts."""
    order = np.argsort(keys, kind="stable")
    keys, counts = keys[order], counts[order]
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])
    return keys[starts], np.add.reduceat(counts, starts) if len(keys) else counts


def _coarse(
    keys: NDArray[np.int64], counts: NDArray[np.int64], bits: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return buckets of series with those of a series put together that has too many, as the one in their middle."""
    for dropped in range(1, bits + 1):
        series = keys >> bits
        starts = np.flatnonzero(np.append(True, series[1:] != series[:-1])[: len(series)])
        sizes = np.diff(np.append(starts, len(series)))
        if not (sizes > EACH).any():
            break
        many = np.repeat(sizes > EACH, sizes)
        keys = np.where(many, keys >> dropped << dropped | 1 << dropped - 1, keys)
        keys, counts = _counted(keys, counts)
    return keys, counts
