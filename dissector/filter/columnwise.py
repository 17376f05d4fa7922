"""Tests of whole columns of values: what compares, is within, contains, matches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dissector.filter.sources import Kind
from dissector.filter.views import gather

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

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
    """Return the test whether octets contain others.

    Strategy: all places where they stand in the buffer are found at once, then each value looks for the first of
    them that is not before it.
    """

    def test(spans: NDArray[np.int64], octets: NDArray[np.uint8]) -> NDArray[np.bool_]:
        if not needle:
            return np.ones(len(spans), np.bool_)
        places = occurrences(octets, needle)
        if not len(places):
            return np.zeros(len(spans), np.bool_)
        first = np.searchsorted(places, spans[:, 0])
        there = first < len(places)
        found: NDArray[np.bool_] = there & (places[np.where(there, first, 0)] + len(needle) <= spans[:, 1])
        return found

    return test


def occurrences(octets: NDArray[np.uint8], needle: bytes) -> NDArray[np.int64]:
    """Return every place where some octets stand, ascending."""
    places = np.flatnonzero(octets[: max(len(octets) - len(needle) + 1, 0)] == needle[0])
    for index, octet in enumerate(needle[1:], 1):
        places = places[octets[places + index] == octet]
    return places


def matching(pattern: re.Pattern[bytes]) -> Test:
    """Return the test whether octets match a regular expression, one after another."""

    def test(spans: NDArray[np.int64], octets: NDArray[np.uint8]) -> NDArray[np.bool_]:
        buffer = octets.data
        found = (pattern.search(buffer[start:end]) is not None for start, end in spans.tolist())
        return np.fromiter(found, np.bool_, len(spans))

    return test


def over_texts(test: Callable[[str], bool]) -> Test:
    """Return the test of texts, each different one looked at once."""

    def texts(values: Any, _: NDArray[np.uint8]) -> NDArray[np.bool_]:
        known = {text: test(text) for text in set(values)}
        return np.fromiter((known[text] for text in values), np.bool_, len(values))

    return texts
