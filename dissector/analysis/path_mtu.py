"""Path MTUs as errors tell them: values over time, what to assume where they tell none, whether senders heed them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dissector.analysis.flow_keys import (
    FLOW_WORDS,
    NEVER,
    Flow,
    Ranked,
    Span,
    address,
    flow_of,
    flow_words,
    joined,
    pair_hashes,
)
from dissector.analysis.quotes import MISSING
from dissector.analysis.table import grouped
from dissector.kernel.tables import HAS_MTU
from dissector.tails.datagram import IPV4

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dissector.analysis.flow_keys import Address
    from dissector.analysis.flow_report import FlowReport

PLATEAUS = (65535, 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68)
"""MTUs to try where a router tells none (RFC 1191, 7)."""
LEAST = {4: 68, 6: 1280}
"""A path MTU is never below it (RFC 1191, 3; RFC 8201, 4)."""

SECOND = 1_000_000_000
REPEATS = 3
"""So many errors of one MTU about one flow, or more, hint at a black hole …"""
REPEATS_SPAN_NS = SECOND
"""… if they come over so long a time: shorter, and they may be about what was under way already …"""
REPEATS_GAP_NS = 300 * SECOND
"""… and less than so far apart on average: a sender may try a larger size after five minutes (RFC 8201, 4)."""


class MtuValue(NamedTuple):
    """One MTU that was told about a destination.

    Attributes:
        told: the value in the errors, octets; 0 from routers before RFC 1191.
        mtu: what a sender makes of it: the value, a plateau for 0, None where it is to be discarded.
        estimated: whether that is a plateau (RFC 1191, 7).
        span: how often, when, where.
    """

    told: int
    mtu: int | None
    estimated: bool
    span: Span


class BlackHole(NamedTuple):
    """A flow whose sender goes on sending what is too big.

    Attributes:
        flow: the flow.
        mtu: the MTU that it was told.
        length: octets of the last datagram that was quoted.
        span: how often, when, where.
    """

    flow: Flow
    mtu: int
    length: int
    span: Span


class PathMtu(NamedTuple):
    """What was told about the path to one destination.

    Attributes:
        destination: its address.
        path_mtu: the least of the values that count; None if none does.
        values: what was told, in the order of the first time.
        reporters: who told it.
        sources: how many senders were told.
        shrank: whether what was sent later fits: a datagram quoted by a later error, or an ICMP query that was
            captured later; None where nothing later is known.
        black_holes: the flows whose sender seems not to have got the errors, or not to heed them.
    """

    destination: Address
    path_mtu: int | None
    values: tuple[MtuValue, ...]
    reporters: tuple[Address, ...]
    sources: int
    shrank: bool | None
    black_holes: tuple[BlackHole, ...]


def plateau(length: int) -> int:
    """Return the MTU to assume after a datagram of some octets was too long: the next plateau below.

    Routers made of 4.2BSD add the header's length to the one they quote (RFC 1191, 5); the next estimate then
    comes with the next error.
    """
    return next((value for value in PLATEAUS if value < length), PLATEAUS[-1])


def path_mtus(
    report: FlowReport,
    count: int | None = None,
    *,
    repeats: int = REPEATS,
    repeats_span_ns: int = REPEATS_SPAN_NS,
    repeats_gap_ns: int = REPEATS_GAP_NS,
) -> tuple[PathMtu, ...]:
    """Return what errors say about path MTUs, a destination each, the most errors first.

    Args:
        report: the errors.
        count: how many destinations, all of them by default.
        repeats: errors of one MTU about one flow that hint at a black hole, at least.
        repeats_span_ns: over how long a time, at least.
        repeats_gap_ns: how far apart on average, less than.
    """
    limits = repeats, repeats_span_ns, repeats_gap_ns
    telling = telling_of(report.keys)
    pairs = pair_hashes(report.keys[telling, 2:4], report.keys[telling, 4:6])
    queries = np.flatnonzero(np.isin(report.query_keys[:, 0], pairs))
    return tuple(_path_mtu(report, telling[rows], queries, limits) for rows in report.told.first(count))


def told_of(report: FlowReport) -> Ranked:
    """Return the errors that tell an MTU, as :func:`telling_of` has them, by destination."""
    telling = telling_of(report.keys)
    destinations = np.column_stack(
        [report.keys[telling, 0] & np.uint64(0xFF), report.keys[telling, FLOW_WORDS - 2 : FLOW_WORDS]]
    )
    return Ranked(destinations, report.values["count"][telling], telling)


def telling_of(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return which errors tell an MTU for a known flow."""
    told = keys[:, 0] >> np.uint64(8) & np.uint64(HAS_MTU) != 0
    return np.flatnonzero(told & (keys[:, 0] & np.uint64(0xFF) != 0))


def _path_mtu(
    report: FlowReport, rows: NDArray[np.int64], queries: NDArray[np.int64], limits: tuple[int, int, int]
) -> PathMtu:
    """Return what some rows say, which are about one destination."""
    key = report.keys[rows[0]]
    version = int(key[0]) & 0xFF
    told = report.keys[rows, FLOW_WORDS] >> np.uint64(32)
    values = []
    for value in dict.fromkeys(told.tolist()):
        some = rows[told == value]
        values.append(_value(report, some, value, version))
    values.sort(key=lambda item: (item.span.first_ns is None, item.span.first_ns or 0, item.span.first_frame))
    counting = [value.mtu for value in values if value.mtu is not None]
    least = min(counting, default=None)
    errors = [
        report.error(int(row)) for row in _distinct(report.keys[rows, FLOW_WORDS : FLOW_WORDS + 3], rows)
    ]
    return PathMtu(
        destination=address(key[4:6], version),
        path_mtu=least,
        values=tuple(values),
        reporters=tuple(dict.fromkeys(error.reporter for error in errors)),
        sources=len(np.unique(report.keys[rows, 2:4], axis=0)),
        shrank=None if least is None else _shrank(report, rows, queries, least),
        black_holes=tuple(_black_holes(report, rows, limits)),
    )


def _distinct(keys: NDArray[np.uint64], rows: NDArray[np.int64]) -> list[int]:
    """Return the first row of each different key, in their order."""
    order, starts = grouped(keys)
    found: list[int] = rows[np.sort(order[starts])].tolist()
    return found


def usable(told: int, length: int | None, version: int) -> int | None:
    """Return the path MTU that a sender takes from an error; None where it is to discard it.

    Args:
        told: the MTU in the error.
        length: octets of the quoted datagram, None where they are not known.
        version: of IP.
    """
    if version == IPV4 and told == 0:
        return None if length is None else plateau(length)
    return told if told >= LEAST[version] else None


def _value(report: FlowReport, rows: NDArray[np.int64], told: int, version: int) -> MtuValue:
    """Return one value that was told, and what a sender makes of it."""
    length = int(report.values["least_length"][rows].min())
    mtu = usable(told, None if length == NEVER else length, version)
    return MtuValue(told, mtu, version == IPV4 and told == 0, joined(report.values, rows))


def _shrank(report: FlowReport, rows: NDArray[np.int64], queries: NDArray[np.int64], mtu: int) -> bool | None:
    """Return whether the latest that was sent after some errors fits what they tell; None where that is unknown.

    Args:
        report: the errors.
        rows: those errors, about one destination.
        queries: the rows of captured flows that may be to it.
        mtu: the least MTU that they tell.
    """
    limits: dict[bytes, int] = {}
    verdict: bool | None = None
    version = int(report.keys[rows[0], 0]) & 0xFF
    for _, source, length, told in sorted(_quoted(report, rows)):
        if source in limits:
            verdict = length <= limits[source]
        value = usable(told, length, version)
        if value is not None:
            limits[source] = min(value, limits.get(source, value))
    pairs = pair_hashes(report.keys[rows, 2:4], report.keys[rows, 4:6])
    near = queries[np.isin(report.query_keys[queries, 0], pairs)]
    lengths, times = (report.query_values[name][near] for name in ("last_length", "last_ns"))
    later = np.flatnonzero((times > int(report.values["last_ns"][rows].max())) & (lengths != MISSING))
    return bool(lengths[later[np.argmax(times[later])]] <= mtu) if len(later) else verdict


def _quoted(report: FlowReport, rows: NDArray[np.int64]) -> Iterator[tuple[int, bytes, int, int]]:
    """Yield time, source, length and told MTU of the first and the last error of each row, where known."""
    values = report.values
    for row in rows.tolist():
        source, told = report.keys[row, 2:4].tobytes(), int(report.keys[row, FLOW_WORDS]) >> 32
        names = ("first", "last") if values["count"][row] > 1 else ("first",)
        for name in names:
            length = int(values[f"{name}_length"][row])
            if length != MISSING:
                yield int(values[f"{name}_ns"][row]), source, length, told


def _black_holes(
    report: FlowReport, rows: NDArray[np.int64], limits: tuple[int, int, int]
) -> list[BlackHole]:
    """Return the flows among some rows about which the same MTU is told again and again."""
    repeats, least_span, most_gap = limits
    words = np.column_stack([flow_words(report.keys[rows]), report.keys[rows, FLOW_WORDS] >> np.uint64(32)])
    order, starts = grouped(words)
    found = []
    for group in np.split(rows[order], starts[1:]):
        span = joined(report.values, group)
        if span.messages < repeats or span.first_ns is None or span.last_ns is None:
            continue
        elapsed = span.last_ns - span.first_ns
        if elapsed < least_span or elapsed >= most_gap * (span.messages - 1):
            continue
        told = int(report.keys[group[0], FLOW_WORDS]) >> 32
        length = int(report.values["last_length"][group[-1]])
        flow = flow_of(report.keys[group[0]])
        if length > told and flow is not None:
            found.append(BlackHole(flow, told, length, span))
    return found
