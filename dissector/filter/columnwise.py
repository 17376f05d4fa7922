"""Tests of whole columns of values: what compares, is within, contains, matches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dissector.filter.fields import gather
from dissector.filter.sources import Kind
from dissector.kernel import search

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from dissector.filter.literals import Value

    Test = Callable[[Any, NDArray[np.uint8]], NDArray[np.bool_]]
    """Values and the octets that they may point into → a mask."""

COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}
ADDRESS = 16
CASE = 0x20
"""The bit of a letter's octet in which its two cases differ."""
SAMPLE = 1 << 12
"""Octets from which it is guessed which ones are rare in a buffer."""


def comparison(kind: Kind, operator: str, literal: Value) -> Test:
    """Return the test of values of a kind against a literal: ``"eq"``, ``"lt"``."""
    compare = COMPARE[operator]
    value, mask = literal
    if kind is Kind.IPV6:
        wanted = np.frombuffer(value, np.uint8)
        bits = None if mask is None else np.frombuffer(mask.to_bytes(ADDRESS, "big"), np.uint8)
        return lambda values, _: compare(order(values if bits is None else values & bits, wanted), 0)
    if kind is Kind.OCTETS:
        return lambda values, octets: compare(order_spans(values, octets, value), 0)
    if kind is Kind.IPV4 and mask is not None:
        return lambda values, _: compare(values & np.uint32(mask), np.uint32(value))
    return lambda values, _: np.asarray(compare(values, value), np.bool_)


def within(kind: Kind, first: Value, last: Value) -> Test:
    """Return the test whether values are from the first literal to the last."""
    low, high = comparison(kind, "ge", first), comparison(kind, "le", last)
    return lambda values, octets: low(values, octets) & high(values, octets)


def any_of(tests: Sequence[Test]) -> Test:
    """Return the test whether values pass any of some tests."""

    def test(values: Any, octets: NDArray[np.uint8]) -> NDArray[np.bool_]:
        passed: NDArray[np.bool_] = np.logical_or.reduce([one(values, octets) for one in tests])
        return passed

    return test


def order(values: NDArray[Any], wanted: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Return -1, 0 or 1: how rows of octets stand to some octets, or to other rows, shape (n, size) both."""
    if not values.shape[1]:
        return np.zeros(len(values), np.int8)
    word = next(word for word in (8, 4, 2, 1) if values.shape[1] % word == 0)
    if word > 1:
        values, wanted = (np.ascontiguousarray(part).view(f">u{word}") for part in (values, wanted))
    result = np.zeros(len(values), np.int8)
    for place in reversed(range(values.shape[1])):
        ours, theirs = values[:, place], wanted[..., place]
        step = (ours > theirs).astype(np.int8)
        step -= ours < theirs
        result = step if place == values.shape[1] - 1 else np.where(step, step, result)
    return result


def order_spans(spans: NDArray[Any], octets: NDArray[np.uint8], wanted: bytes) -> NDArray[np.int8]:
    """Return the same for octets of any number; fewer come before more, as in Wireshark.

    Args:
        spans: where they begin and end, or rows of octets.
        octets: what they point into.
        wanted: what they are compared with.
    """
    if spans.dtype == np.uint8:
        ours = spans.shape[1]
        if ours == len(wanted):
            return order(spans, np.frombuffer(wanted, np.uint8))
        return np.full(len(spans), 1 if ours > len(wanted) else -1, np.int8)
    sizes = spans[:, 1] - spans[:, 0]
    result: NDArray[np.int8] = np.sign(sizes - len(wanted)).astype(np.int8)
    same = np.flatnonzero(result == 0)
    if len(same):
        result[same] = order(gather(octets, spans[same, 0], len(wanted)), np.frombuffer(wanted, np.uint8))
    return result


def containing(needle: bytes) -> Test:
    """Return the test whether octets contain others."""

    def test(spans: NDArray[np.int64], octets: NDArray[np.uint8]) -> NDArray[np.bool_]:
        found = np.ones(len(spans), np.bool_)
        if needle:
            often = np.bincount(octets[:SAMPLE], minlength=256)[list(needle)]
            search.containing(octets, spans, needle, int(often.argmin()), found.view(np.uint8))
        return found

    return test


def matching(pattern: re.Pattern[bytes], literal: bytes) -> Test:
    """Return the test whether octets match a regular expression.

    Args:
        pattern: the expression, which takes no notice of case.
        literal: octets that whatever matches contains, in either case; those that contain none are not tried.
    """
    # With this bit the two cases of a letter are one; so are some other octets, which are tried in vain.
    folded = bytes(octet | CASE for octet in literal)
    candidates = containing(folded)

    def test(spans: NDArray[np.int64], octets: NDArray[np.uint8]) -> NDArray[np.bool_]:
        found = np.zeros(len(spans), np.bool_)
        rows = np.arange(len(spans))
        if folded:
            rows = np.flatnonzero(candidates(spans, octets | np.uint8(CASE)))
        buffer = octets.data
        search = pattern.search
        hits = (search(buffer[start:end]) is not None for start, end in spans[rows].tolist())
        found[rows] = np.fromiter(hits, np.bool_, len(rows))
        return found

    return test


class Texts:
    """Texts, each different one there once: few are, of many packets.

    Args:
        distinct: those that there are.
        places: which of them each value is.
    """

    def __init__(self, distinct: Sequence[str], places: NDArray[np.integer]) -> None:
        self.distinct = distinct
        self.places = places

    def __len__(self) -> int:
        """Return how many values there are."""
        return len(self.places)

    def __iter__(self) -> Iterator[str]:
        """Yield the text of each value."""
        return (self.distinct[place] for place in self.places.tolist())

    def __getitem__(self, rows: NDArray[np.int64]) -> Texts:
        """Return the values of some rows."""
        return Texts(self.distinct, self.places[rows])

    def each(self, convert: Callable[[str], str]) -> Texts:
        """Return what a function makes of each."""
        return Texts([convert(text) for text in self.distinct], self.places)

    def column(self, convert: Callable[[str], Any], dtype: type[np.generic]) -> NDArray[Any]:
        """Return what a function tells of each, as a column."""
        column: NDArray[Any] = np.array([convert(text) for text in self.distinct], dtype)[self.places]
        return column


def over_texts(test: Callable[[str], bool]) -> Test:
    """Return the test of texts, each different one looked at once."""
    return lambda values, _: values.column(test, np.bool_)
