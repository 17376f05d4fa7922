"""Values that are calculated from those of fields: sums, bits, functions.

As in Wireshark a calculation has a value for each pair of the values that it is made of, and none where a field is
not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dissector.filter.evaluate import Computed, Predicate, Reading, Values, any_value, paired, read
from dissector.filter.sources import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from dissector.filter.evaluate import Mask
    from dissector.filter.views import Views

    Column = Reading | Computed
    Operation = Callable[[Any, Any], tuple[Any, Mask | None]]
    """Two columns of values → theirs, and which of them there are; None for all."""

LARGEST = float(1 << 63)
"""What numbers stay below; what is not is no value."""
NONE = np.zeros(0, np.uint8)


def _checked(operation: Callable[[Any, Any], Any]) -> Operation:
    """Return an operation of numbers, without what has no room."""

    def calculate(ours: Any, theirs: Any) -> tuple[Any, Mask | None]:
        ours, theirs = np.asarray(ours, np.int64), np.asarray(theirs, np.int64)
        with np.errstate(over="ignore"):
            about = np.abs(operation(ours.astype(np.float64), theirs.astype(np.float64)))
            return operation(ours, theirs), about < LARGEST

    return calculate


def _divided(operation: Callable[[Any, Any], Any]) -> Operation:
    """Return a division: by zero there is none, and what is left has the sign of what is divided, as in C."""

    def calculate(ours: Any, theirs: Any) -> tuple[Any, Mask | None]:
        ours, theirs = np.asarray(ours, np.int64), np.asarray(theirs, np.int64)
        there = np.broadcast_to(theirs != 0, np.broadcast_shapes(ours.shape, theirs.shape))
        divisor = np.where(theirs == 0, 1, theirs)
        return operation(ours, divisor), there

    return calculate


def _quotient(ours: Any, theirs: Any) -> Any:
    return np.sign(ours) * np.sign(theirs) * (np.abs(ours) // np.abs(theirs))


def _bits(ours: Any, theirs: Any) -> tuple[Any, Mask | None]:
    """Return the bits that both have, of numbers or of rows of octets."""
    if np.ndim(ours) > 1 or np.ndim(theirs) > 1:
        return ours & theirs, None
    return np.asarray(ours, np.int64) & np.asarray(theirs, np.int64), None


OPERATIONS: dict[str, Operation] = {
    "+": _checked(np.add),
    "-": _checked(np.subtract),
    "*": _checked(np.multiply),
    "/": _divided(_quotient),
    "%": _divided(np.fmod),
    "&": _bits,
}
"""What is calculated with numbers, and with rows of octets."""


def combined(left: Column | Any, operator: str, right: Column | Any, kind: Kind) -> Computed:
    """Return what an operator makes of the values of two fields, or of a field and a constant on either side."""
    operation = OPERATIONS[operator]

    def columns(views: Views, wanted: Mask | None) -> Iterator[Values]:
        count = len(views.batch)
        if not isinstance(left, Reading | Computed):
            for theirs in read(right, views, wanted):
                yield _kept(_rows(theirs, count), *operation(left, theirs.values))
            return
        rights = list(read(right, views, wanted)) if isinstance(right, Reading | Computed) else []
        for ours in read(left, views, wanted):
            if not isinstance(right, Reading | Computed):
                yield _kept(_rows(ours, count), *operation(ours.values, right))
            for theirs in rights:
                rows, mine, other = paired(ours.rows, theirs.rows, count)
                yield _kept(rows, *operation(ours.values[mine], theirs.values[other]))

    return Computed(kind, columns)


def _rows(found: Values, count: int) -> NDArray[np.int64]:
    """Return the rows that values are of."""
    return np.arange(count) if found.rows is None else found.rows


def _kept(rows: NDArray[np.int64], values: Any, there: Mask | None) -> Values:
    """Return the values that there are."""
    return Values(rows, values, NONE) if there is None else Values(rows[there], values[there], NONE)


def nonzero(column: Column) -> Predicate:
    """Return whether any value is not zero."""

    def test(values: Any, _: NDArray[np.uint8]) -> Mask:
        there: Mask = values != 0
        return np.logical_or.reduce(there, axis=1) if there.ndim > 1 else there

    return any_value(column, test)


def each(column: Column, kind: Kind, convert: Callable[[Values], Any]) -> Computed:
    """Return what a function makes of each value."""

    def columns(views: Views, wanted: Mask | None) -> Iterator[Values]:
        for found in read(column, views, wanted):
            yield Values(found.rows, convert(found), NONE)

    return Computed(kind, columns)


def counted(column: Column) -> Computed:
    """Return how many values there are; nothing where there is none."""

    def columns(views: Views, wanted: Mask | None) -> Iterator[Values]:
        total = np.zeros(len(views.batch), np.int64)
        for found in read(column, views, wanted):
            if found.rows is None:
                total += 1
            else:
                total += np.bincount(found.rows, minlength=len(total))
        rows = np.flatnonzero(total)
        yield Values(rows, total[rows], NONE)

    return Computed(Kind.NUMBER, columns)


def extreme(columns_of: Sequence[Column | int], kind: Kind, *, greatest: bool) -> Computed:
    """Return the greatest or the least of all values of some fields and constants."""
    choose = np.maximum if greatest else np.minimum
    limits = np.iinfo(np.int64)

    def columns(views: Views, wanted: Mask | None) -> Iterator[Values]:
        count = len(views.batch)
        best = np.full(count, limits.min if greatest else limits.max)
        there = np.zeros(count, np.bool_)
        for column in columns_of:
            if isinstance(column, int):
                choose(best, column, out=best)
                there[:] = True
                continue
            for found in read(column, views, wanted):
                rows = _rows(found, count)
                choose.at(best, rows, np.asarray(found.values, np.int64))
                there[rows] = True
        rows = np.flatnonzero(there)
        yield Values(rows, best[rows], NONE)

    return Computed(kind, columns)
