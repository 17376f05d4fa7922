"""What a filter says → a predicate over batches.

Strategy: every part is a function from the views of a batch and the rows that still matter to a mask. Parts that
only look at columns go first; parts that read fields out of messages look at the rows alone that those leave open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dissector.filter.columnwise import COMPARE, Texts, order
from dissector.filter.sources import Kind, Source, Told, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from dissector.filter.columnwise import Test
    from dissector.filter.views import View, Views

    Mask = NDArray[np.bool_]
    Evaluate = Callable[[Views, Mask | None], Mask]


class Predicate(NamedTuple):
    """A part of a filter, ready to be asked.

    Attributes:
        evaluate: takes the views of a batch and the rows that matter, None for all; what it returns for others
            means nothing.
        costly: whether it reads more than columns.
    """

    evaluate: Evaluate
    costly: bool


class Reading(NamedTuple):
    """A field as a filter asks for it.

    Attributes:
        sources: where its values are.
        kind: what they are, after slicing.
        layers: which views count, from 1; empty for all.
        cut: takes slices; None for whole values.
    """

    sources: tuple[Source, ...]
    kind: Kind
    layers: tuple[int, ...] = ()
    cut: (
        Callable[[NDArray[np.int64], NDArray[np.uint8]], tuple[Mask, NDArray[np.int64], NDArray[np.uint8]]]
        | None
    ) = None

    @property
    def costly(self) -> bool:
        """Whether it reads more than columns."""
        return self.cut is not None or any(source.costly for source in self.sources)


class Computed(NamedTuple):
    """What is calculated from fields.

    Attributes:
        kind: what its values are.
        columns: takes the views of a batch and the rows that matter, and yields values.
    """

    kind: Kind
    columns: Callable[[Views, Mask | None], Iterator[Values]]
    costly: bool = True


class Values(NamedTuple):
    """Values found in one place.

    Attributes:
        rows: the rows of the batch that have them; None for all of them.
        values: one for each.
        octets: what spans among them point into.
        there: with all rows, which of their values mean anything; None for all.
    """

    rows: NDArray[np.int64] | None
    values: Any
    octets: NDArray[np.uint8]
    there: Mask | None = None


def everything(views: Views, wanted: Mask | None) -> Mask:  # noqa: ARG001 - see Predicate
    """Return that all rows are chosen."""
    return np.ones(len(views.batch), np.bool_)


def both(parts: Sequence[Predicate]) -> Predicate:
    """Return whether all parts hold, the cheap ones asked first."""
    if not parts:
        return Predicate(everything, costly=False)
    first, *others = sorted(parts, key=lambda part: part.costly)

    def evaluate(views: Views, wanted: Mask | None) -> Mask:
        mask = first.evaluate(views, wanted)
        for part in others:
            open_ = mask if wanted is None else mask & wanted
            mask = mask & part.evaluate(views, open_ if part.costly else wanted)
        return mask

    return Predicate(evaluate, any(part.costly for part in parts))


def either(parts: Sequence[Predicate]) -> Predicate:
    """Return whether any part holds, the cheap ones asked first."""
    first, *others = sorted(parts, key=lambda part: part.costly)

    def evaluate(views: Views, wanted: Mask | None) -> Mask:
        mask = first.evaluate(views, wanted)
        for part in others:
            open_ = ~mask if wanted is None else wanted & ~mask
            mask = mask | part.evaluate(views, open_ if part.costly else wanted)
        return mask

    return Predicate(evaluate, any(part.costly for part in parts))


def exclusive(parts: Sequence[Predicate]) -> Predicate:
    """Return whether an odd number of parts hold."""

    def evaluate(views: Views, wanted: Mask | None) -> Mask:
        mask: Mask = np.logical_xor.reduce([part.evaluate(views, wanted) for part in parts])
        return mask

    return Predicate(evaluate, any(part.costly for part in parts))


def negation(part: Predicate) -> Predicate:
    """Return whether a part does not hold."""
    return Predicate(lambda views, wanted: ~part.evaluate(views, wanted), part.costly)


def existence(reading: Reading) -> Predicate:
    """Return whether a field is there."""
    if reading.cut is None and not any(isinstance(source, Told) for source in reading.sources):

        def evaluate(views: Views, _: Mask | None) -> Mask:
            found = np.zeros(len(views.batch), np.bool_)
            for view, _source, present in places(reading, views):
                if view.rows is None:
                    found |= True if present is None else present
                    if present is None:
                        break
                else:
                    found[view.rows if present is None else view.rows[present]] = True
            return found

        return Predicate(evaluate, any(source.costly for source in reading.sources))
    return any_value(reading, lambda values, _: np.ones(len(values), np.bool_))


def any_value(reading: Reading | Computed, test: Test) -> Predicate:
    """Return whether any value of a field passes a test."""

    def evaluate(views: Views, wanted: Mask | None) -> Mask:
        mask = np.zeros(len(views.batch), np.bool_)
        for found in read(reading, views, wanted, whole=True):
            passed = test(found.values, found.octets)
            if found.rows is None:
                mask |= passed if found.there is None else passed & found.there
            else:
                mask[found.rows[passed]] = True
            if found.rows is None and mask.all():
                break
        return mask

    return Predicate(evaluate, reading.costly)


def any_span(reading: Reading, test: Test) -> Predicate:
    """Return whether any octets of a field pass a test that looks through the whole buffer that they are in."""

    def evaluate(views: Views, wanted: Mask | None) -> Mask:
        mask = np.zeros(len(views.batch), np.bool_)
        by_buffer: dict[int, list[Values]] = {}
        for found in read(reading, views, wanted):
            by_buffer.setdefault(id(found.octets), []).append(found)
        for together in by_buffer.values():
            every = np.arange(len(mask))
            rows = np.concatenate([every if one.rows is None else one.rows for one in together])
            mask[rows[test(np.concatenate([one.values for one in together]), together[0].octets)]] = True
        return mask

    return Predicate(evaluate, costly=True)


def all_values(reading: Reading | Computed, test: Test) -> Predicate:
    """Return whether a field is there and all its values pass a test."""

    def evaluate(views: Views, wanted: Mask | None) -> Mask:
        there = np.zeros(len(views.batch), np.bool_)
        failed = np.zeros(len(views.batch), np.bool_)
        for found in read(reading, views, wanted, whole=True):
            passed = test(found.values, found.octets)
            if found.rows is None:
                there |= True if found.there is None else found.there
                failed |= ~passed if found.there is None else ~passed & found.there
            else:
                there[found.rows] = True
                failed[found.rows[~passed]] = True
        return there & ~failed

    return Predicate(evaluate, reading.costly)


def fields(left: Reading | Computed, right: Reading | Computed, operator: str, *, every: bool) -> Predicate:
    """Return whether the values of two fields compare, any pair of them or every pair."""

    def compare(ours: Any, theirs: Any) -> Mask:
        if left.kind is Kind.IPV6:
            return np.asarray(COMPARE[operator](order(ours, theirs), 0), np.bool_)
        return np.asarray(COMPARE[operator](ours, theirs), np.bool_)

    def evaluate(views: Views, wanted: Mask | None) -> Mask:
        count = len(views.batch)
        there, passed, failed = (np.zeros(count, np.bool_) for _ in range(3))
        rights = list(read(right, views, wanted))
        for ours in read(left, views, wanted):
            for theirs in rights:
                rows, mine, other = paired(ours.rows, theirs.rows, count)
                result = compare(ours.values[mine], theirs.values[other])
                there[rows] = True
                passed[rows[result]] = True
                failed[rows[~result]] = True
        return there & ~failed if every else passed

    return Predicate(evaluate, costly=True)


def paired(
    ours: NDArray[np.int64] | None, theirs: NDArray[np.int64] | None, count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return each pair of places of the same row: the rows, the places in the one, those in the other."""
    every = np.arange(count)
    ours, theirs = every if ours is None else ours, every if theirs is None else theirs
    # A row may stand there several times, its values side by side (options, records).
    first = np.searchsorted(theirs, ours, "left")
    repeat = np.searchsorted(theirs, ours, "right") - first
    mine = np.repeat(np.arange(len(ours)), repeat)
    other = (
        np.repeat(first, repeat)
        + np.arange(int(repeat.sum()))
        - np.repeat(np.cumsum(repeat) - repeat, repeat)
    )
    return ours[mine], mine, other


def places(reading: Reading, views: Views) -> Iterator[tuple[View, Source, Mask | None]]:
    """Yield each view and source that a field's values are in, and which rows of the view have them; None for all."""
    for source in reading.sources:
        numbers = np.zeros(len(views.batch), np.int64)
        for view in views.reached(source):
            present = source.present(view)
            if reading.layers:
                # Headers of one protocol are numbered from the outermost on.
                here = slice(None) if view.rows is None else view.rows
                there = view.having(source.where, 0)
                numbers[here] += 1 if there is None else there
                counted = np.isin(numbers[here], reading.layers)
                present = counted if present is None else present & counted
            yield view, source, present


def read(
    reading: Reading | Computed, views: Views, wanted: Mask | None, *, whole: bool = False
) -> Iterator[Values]:
    """Yield the values of a field in the rows that matter, place by place.

    Args:
        reading: the field.
        views: of a batch.
        wanted: the rows that matter; None for all.
        whole: whether values of all messages are welcome where most of them count.
    """
    if isinstance(reading, Computed):
        yield from reading.columns(views, wanted)
        return
    for view, source, present in places(reading, views):
        mask = present
        if wanted is not None and reading.costly:
            mattering = wanted if view.rows is None else wanted[view.rows]
            mask = mattering if mask is None else mask & mattering
        index = None
        if mask is not None and not mask.all():
            if whole and view.rows is None and reading.cut is None and 2 * np.count_nonzero(mask) > len(mask):
                column = source.whole(view, mask)
                if column is not None:
                    yield Values(None, column, view.batch.octets, mask)
                    continue
            index = np.flatnonzero(mask)
            if not len(index):
                continue
        rows = view.rows if index is None else index if view.rows is None else view.rows[index]
        if isinstance(source, Told):
            found = _flat(source.values(view, index), rows, reading.kind)
        elif reading.cut is not None:
            found = Values(rows, source.spans(view, index), view.batch.octets)
        else:
            found = Values(rows, source.values(view, index), view.batch.octets)
        yield found if reading.cut is None else _cut(found, reading)


def _flat(told: list[list[Any]], rows: NDArray[np.int64] | None, kind: Kind) -> Values:
    """Return what decoded messages told, the values of all rows one after another."""
    places = np.repeat(np.arange(len(told)), [len(several) for several in told])
    flat = [plain(value) for several in told for value in several]
    owners = places if rows is None else rows[places]
    none = np.zeros(0, np.uint8)
    if kind is Kind.IPV6:
        return Values(owners, np.frombuffer(b"".join(flat), np.uint8).reshape(-1, 16), none)
    if kind is Kind.OCTETS:
        ends = np.cumsum([len(octets) for octets in flat], dtype=np.int64)
        starts = np.concatenate((np.zeros(1, np.int64), ends[:-1])) if flat else ends
        return Values(
            owners, np.stack((starts, ends), axis=1), np.frombuffer(b"".join(map(bytes, flat)), np.uint8)
        )
    if kind is Kind.STRING:
        return Values(owners, Texts(flat, np.arange(len(flat))), none)
    return Values(owners, np.array(flat, np.int64), none)


def _cut(found: Values, reading: Reading) -> Values:
    """Return slices of values, without rows whose values do not reach that far."""
    if reading.cut is None:
        return found
    there, values, octets = reading.cut(found.values, found.octets)
    rows = np.flatnonzero(there) if found.rows is None else found.rows[there]
    return Values(rows, values, octets)
