"""Which flow each error is about, who reports it, and what that says about NAT and about path MTUs.

Strategy: an error becomes one row of a table whose key is all that tells errors apart: the quoted datagram's
flow, reporter, receiver, type, code, MTU. Everything else is derived from that table when it is asked for. The
other table has the flows of ICMP queries and their answers as they were captured: batches have ICMP alone, so
that "seen in the capture" can be said of no other flow.
"""

from __future__ import annotations

from functools import cached_property
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from dissector.analysis.hashing import FACTORS, mix
from dissector.analysis.quotes import (
    ICMP_PROTOCOL,
    ICMPV6_PROTOCOL,
    MISSING,
    QUOTE_START,
    Quotes,
    errors_in,
    identified,
    number,
    outer_version,
    windows,
)
from dissector.analysis.table import Table, grouped
from dissector.capture import layers
from dissector.capture.records import NO_TIME
from dissector.tails.datagram import IPV4

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from numpy.typing import NDArray

    from dissector.analysis.path_mtu import PathMtu
    from dissector.batch import Batch

Address: TypeAlias = IPv4Address | IPv6Address

LIMIT = 1 << 20
"""How many rows each table keeps: about 150 octets each."""
NEVER, ALWAYS = np.iinfo(np.int64).max, np.iinfo(np.int64).min
"""First and last time of what has no time."""
FLOW_WORDS = 6
"""Words of a key that say the flow; those of errors go on with the error."""
KEY_WORDS = 11
QUERY_WORDS = 2
"""Words of a captured flow's key: hashes of its two addresses and of all of it, which do for a look-up."""

SPORT, DPORT, TYPE, IDENTIFIER, SPI, MTU = (1 << bit for bit in range(6))
"""Flags in the first word of a key: what is there."""

SPAN = {
    "count": "count",
    "first_ns": "least",
    "last_ns": "most",
    "first_frame": "first",
    "last_frame": "last",
}
ERROR_RULES = SPAN | {
    "file": "first",
    "first_length": "first",
    "last_length": "last",
    "least_length": "least",
}
QUERY_RULES = SPAN | {"last_length": "last"}

TYPES_OF_MTU = ((4, 3, 4), (6, 2, None))
"""Family, type and code of the errors that tell an MTU (RFC 1191, 4; RFC 4443, 3.2)."""
FROM_DESTINATION = {4: ((3, 2), (3, 3)), 6: ((1, 4),)}
"""Type and code of errors that the destination itself sends (RFC 1122, 3.2.2.1; RFC 4443, 3.1)."""


class Flow(NamedTuple):
    """A flow as a quoted datagram shows it; None for what was not quoted, or what such a flow has not.

    Attributes:
        src, dst: addresses.
        protocol: its number.
        sport, dport: ports of TCP, UDP, UDP-Lite, SCTP.
        type, identifier: of ICMP queries and their answers; other ICMP has its type alone.
        spi: of ESP.
    """

    src: Address
    dst: Address
    protocol: int | None
    sport: int | None = None
    dport: int | None = None
    type: int | None = None
    identifier: int | None = None
    spi: int | None = None


class Span(NamedTuple):
    """How often something was captured, and over what time.

    Attributes:
        messages: how many.
        first_ns, last_ns: ns since 1970, earliest and latest; None where the capture has no times.
        first_frame, last_frame: the first and the last message's frames.
    """

    messages: int
    first_ns: int | None
    last_ns: int | None
    first_frame: int
    last_frame: int


class FlowError(NamedTuple):
    """Errors about one flow that agree in everything.

    Attributes:
        family: 4 for ICMP, 6 for ICMPv6.
        type, code: of the errors.
        reporter: who sent them.
        receiver: to whom.
        mtu: what they say about the next hop; None for other errors.
        span: how often, when, where.
        file: the file of the first one.
        first_length, last_length: octets that the quoted datagrams had; None where it was not quoted.
    """

    family: int
    type: int
    code: int
    reporter: Address
    receiver: Address
    mtu: int | None
    span: Span
    file: str
    first_length: int | None
    last_length: int | None


class FlowErrors(NamedTuple):
    """A flow and the errors about it.

    Attributes:
        flow: the flow; None for errors that quote no datagram with both addresses.
        total: errors.
        errors: what they are, in the order of their coming.
        seen: messages of the flow in the capture; None if there are none, or it is no flow of ICMP.
        source_nat: receivers that are not the quoted source: its address was translated on the way and the
            quote was not translated back (RFC 5508, 4.2.1), or the error is not for the host that it reached.
        destination_nat: reporters that speak as the destination and have another address: it was translated
            (RFC 5508, 4.2.2), or the destination answers from another of its addresses.
    """

    flow: Flow | None
    total: int
    errors: tuple[FlowError, ...]
    seen: Span | None
    source_nat: tuple[Address, ...]
    destination_nat: tuple[Address, ...]


class Reporter(NamedTuple):
    """One sender of errors of one type and code.

    Attributes:
        reporter: its address.
        family, type, code: of the errors.
        flows: how many flows they are about.
        span: how often, when, where.
    """

    reporter: Address
    family: int
    type: int
    code: int
    flows: int
    span: Span


class Flows:
    """State: the errors of batches, by the flow they are about.

    Args:
        limit: rows kept of either table; see :attr:`FlowReport.warnings`.
        queries: whether to note which flows of ICMP were captured, which takes as long as all the rest.
    """

    def __init__(self, *, limit: int = LIMIT, queries: bool = True) -> None:
        self.errors = Table(KEY_WORDS, ERROR_RULES, limit)
        self.queries = Table(QUERY_WORDS, QUERY_RULES, limit) if queries else None
        self.files: list[str] = []

    def update(self, batch: Batch) -> None:
        """Put in the messages of a batch, which comes after all that were put in."""
        rows = errors_in(batch)
        if len(rows):
            self._add_errors(batch, Quotes(batch, rows))
        if self.queries is not None:
            self._add_queries(batch, self.queries)

    def merge(self, other: Self) -> Self:
        """Put in the state of what came after, which is left as it is; return self."""
        numbers = np.array([self._file(name) for name in other.files], np.int64)
        moved = Table(KEY_WORDS, ERROR_RULES, other.errors.limit)
        values = other.errors.values
        if len(numbers):
            values = values | {"file": numbers[values["file"]]}
        moved.add(other.errors.keys, values)
        moved.refused = other.errors.refused
        self.errors.merge(moved)
        if self.queries is not None and other.queries is not None:
            self.queries.merge(other.queries)
        return self

    def result(self) -> FlowReport:
        """Return what is known so far."""
        return FlowReport(self.errors, self.queries, self.files)

    def _file(self, name: str) -> int:
        if name not in self.files:
            self.files.append(name)
        return self.files.index(name)

    def _add_errors(self, batch: Batch, quotes: Quotes) -> None:
        rows = quotes.rows
        keys = np.zeros((len(rows), KEY_WORDS), np.uint64)
        mtu, told = mtu_of(batch, rows)
        flow_key(keys, quotes)
        keys[:, 0] |= np.where(told, np.uint64(MTU << 8), np.uint64(0))
        head = (batch.family[rows], batch.type[rows], batch.code[rows], outer_version(batch, rows))
        for shift, column in zip((0, 8, 16, 24), head, strict=True):
            keys[:, FLOW_WORDS] |= column.astype(np.uint64) << np.uint64(shift)
        keys[:, FLOW_WORDS] |= mtu.astype(np.uint64) << np.uint64(32)
        keys[:, FLOW_WORDS + 1 : FLOW_WORDS + 3] = np.ascontiguousarray(batch.src[rows]).view(np.uint64)
        keys[:, FLOW_WORDS + 3 :] = np.ascontiguousarray(batch.dst[rows]).view(np.uint64)
        values = span_of(batch, rows)
        values |= {
            "file": np.full(len(rows), self._file(batch.origin.file), np.int64),
            "first_length": quotes.length,
            "last_length": quotes.length,
            "least_length": np.where(quotes.length == MISSING, NEVER, quotes.length),
        }
        self.errors.add(keys, values)

    def _add_queries(self, batch: Batch, table: Table) -> None:
        rows = np.flatnonzero(identified()[batch.family, batch.type] & (batch.captured >= QUOTE_START))
        if not len(rows):
            return
        protocol = np.where(batch.family[rows] == IPV4, ICMP_PROTOCOL, ICMPV6_PROTOCOL)
        present = (TYPE | IDENTIFIER) << 8
        head = outer_version(batch, rows).astype(np.int64) | present | (protocol + 1) << 16
        identifier = number(windows(batch.octets, batch.icmp[rows], QUOTE_START), 4, 2)
        selector = batch.type[rows].astype(np.int64) << 16 | identifier
        keys = query_keys(
            head.astype(np.uint64),
            selector.astype(np.uint64),
            np.ascontiguousarray(batch.src[rows]).view(np.uint64),
            np.ascontiguousarray(batch.dst[rows]).view(np.uint64),
        )
        # A datagram that came in fragments says nothing about what fits.
        whole = batch.flags[rows] & (layers.FRAGMENT | layers.REASSEMBLED) == 0
        length = np.where(whole, batch.icmp[rows] - batch.ip[rows] + batch.length[rows], MISSING)
        table.add(keys, span_of(batch, rows) | {"last_length": length})


def flow_key(keys: NDArray[np.uint64], quotes: Quotes) -> None:
    """Write the flows of some quotes into the first words of keys; zeros where no flow is known."""
    known = (quotes.version != 0) & quotes.dst.any(axis=1)
    present = np.zeros(len(keys), np.int64)
    selector = np.zeros(len(keys), np.int64)
    for flag, column, shift in (
        (SPORT, quotes.sport, 16),
        (DPORT, quotes.dport, 0),
        (TYPE, quotes.type, 16),
        (IDENTIFIER, quotes.identifier, 0),
        (SPI, quotes.spi, 0),
    ):
        there = column != MISSING
        present |= np.where(there, flag, 0)
        selector |= np.where(there, column << shift, 0)
    first = quotes.version | present << 8 | (quotes.protocol + 1) << 16
    keys[:, 0] = np.where(known, first, 0).astype(np.uint64)
    keys[:, 1] = np.where(known, selector, 0).astype(np.uint64)
    keys[:, 2:4] = np.where(known[:, None], quotes.src.view(np.uint64), np.uint64(0))
    keys[:, 4:6] = np.where(known[:, None], quotes.dst.view(np.uint64), np.uint64(0))


def mtu_of(batch: Batch, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the MTU that some errors tell, 0 where they tell none, and whether they are of the kind that does."""
    head = windows(batch.octets, batch.icmp[rows], QUOTE_START)
    mtu = np.zeros(len(rows), np.int64)
    told = np.zeros(len(rows), np.bool_)
    for family, kind, code in TYPES_OF_MTU:
        which = (batch.family[rows] == family) & (batch.type[rows] == kind)
        which &= True if code is None else batch.code[rows] == code
        mtu[which] = number(head[which], 6, 2) if family == IPV4 else number(head[which], 4, 4)
        told |= which
    return mtu, told


def span_of(batch: Batch, rows: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    """Return the values of :data:`SPAN` for some messages."""
    times = batch.time_ns[rows]
    timeless = batch.record_flags[rows] & NO_TIME != 0
    return {
        "count": np.ones(len(rows), np.int64),
        "first_ns": np.where(timeless, NEVER, times),
        "last_ns": np.where(timeless, ALWAYS, times),
        "first_frame": batch.frame[rows],
        "last_frame": batch.frame[rows],
    }


class FlowReport:
    """What :class:`Flows` found.

    Attributes:
        count: errors.
        refused: errors that were not kept for lack of room; no other number has them.
        keys, values: the table of errors.
    """

    def __init__(self, errors: Table, queries: Table | None, files: list[str]) -> None:
        self.keys, self.values = errors.keys, errors.values
        self.refused = errors.refused
        self.count = int(self.values["count"].sum()) + self.refused
        self.files = list(files)
        self.limit = errors.limit
        noted = Table(QUERY_WORDS, QUERY_RULES, limit=0) if queries is None else queries
        self.query_keys, self.query_values = noted.keys, noted.values
        self._queries_refused = noted.refused

    @cached_property
    def groups(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Rows of the table, those of a flow together; where each flow starts; errors of each flow."""
        order, starts = grouped(flow_words(self.keys))
        counts = self.values["count"][order]
        return order, starts, np.add.reduceat(counts, starts) if len(starts) else counts

    def __len__(self) -> int:
        """Return how many flows have errors."""
        return len(self.groups[1])

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence where a table was too small."""
        found = []
        if self.refused:
            found.append(
                f"{self.refused} of {self.count} errors were not kept: "
                f"more than {self.limit} rows of flow, reporter, type and code"
            )
        if self._queries_refused:
            found.append(
                f"{self._queries_refused} ICMP queries were not kept: "
                f"more than {self.limit} flows, so that some may wrongly count as not seen"
            )
        return tuple(found)

    def most(self, count: int | None = None) -> Iterator[FlowErrors]:
        """Yield the flows with the most errors, the first of equals first; all of them by default."""
        order, starts, totals = self.groups
        ends = np.append(starts[1:], len(order))
        ranks = np.lexsort((order[starts], -totals))[:count]
        rows = [order[starts[rank] : ends[rank]].tolist() for rank in ranks.tolist()]
        seen = self._seen(np.array([group[0] for group in rows], np.int64))
        for group, captured in zip(rows, seen, strict=True):
            yield self._flow_errors(group, captured)

    def _seen(self, rows: NDArray[np.int64]) -> list[Span | None]:
        """Return for the flow of each of some rows what was captured of it; None where that is nothing."""
        found: list[Span | None] = [None] * len(rows)
        words = flow_words(self.keys[rows])
        wanted = query_keys(words[:, 0], words[:, 1], words[:, 2:4], words[:, 4:6])
        # Most queries are between hosts that no error is about.
        near = np.flatnonzero(np.isin(self.query_keys[:, 0], wanted[:, 0]))
        order, starts = grouped(np.concatenate([wanted, self.query_keys[near]]))
        ends = np.append(starts[1:], len(order))
        for start in starts[ends - starts > 1].tolist():
            place, query = order[start : start + 2].tolist()
            found[place] = span(self.query_values, int(near[query - len(rows)]))
        return found

    def _flow_errors(self, rows: list[int], seen: Span | None) -> FlowErrors:
        flow = flow_of(self.keys[rows[0]])
        errors = tuple(self.error(row) for row in rows)
        source, destination = [], []
        for error in errors:
            if flow is None or flow.src.version != error.receiver.version:
                continue
            if error.receiver != flow.src:
                source.append(error.receiver)
            own = (error.type, error.code) in FROM_DESTINATION[error.family]
            if own and error.reporter != flow.dst:
                destination.append(error.reporter)
        return FlowErrors(
            flow,
            sum(error.span.messages for error in errors),
            errors,
            seen,
            tuple(dict.fromkeys(source)),
            tuple(dict.fromkeys(destination)),
        )

    def error(self, row: int) -> FlowError:
        """Return one row of the table."""
        key = self.keys[row].tolist()
        head, values = key[FLOW_WORDS], self.values
        lengths = [int(values[name][row]) for name in ("first_length", "last_length")]
        version = head >> 24 & 0xFF
        return FlowError(
            family=head & 0xFF,
            type=head >> 8 & 0xFF,
            code=head >> 16 & 0xFF,
            reporter=address(self.keys[row, FLOW_WORDS + 1 : FLOW_WORDS + 3], version),
            receiver=address(self.keys[row, FLOW_WORDS + 3 :], version),
            mtu=head >> 32 if key[0] >> 8 & MTU else None,
            span=span(values, row),
            file=self.files[int(values["file"][row])],
            first_length=None if lengths[0] == MISSING else lengths[0],
            last_length=None if lengths[1] == MISSING else lengths[1],
        )

    @cached_property
    def reporters(self) -> tuple[Reporter, ...]:
        """Who sent errors, of which type and code; the most frequent first."""
        words = np.column_stack(
            [
                self.keys[:, FLOW_WORDS] & np.uint64(0xFFFFFFFF),
                self.keys[:, FLOW_WORDS + 1 : FLOW_WORDS + 3],
            ]
        )
        flow_order, flow_starts, _ = self.groups
        numbers = np.zeros(len(words), np.int64)
        numbers[flow_starts] = 1
        flow_of_row = np.zeros(len(words), np.int64)
        flow_of_row[flow_order] = np.cumsum(numbers)
        order, starts = grouped(words)
        found = []
        for group in np.split(order, starts[1:]) if len(order) else []:
            first = self.error(int(group[0]))
            flows = len(np.unique(flow_of_row[group]))
            total = joined(self.values, group)
            found.append(Reporter(first.reporter, first.family, first.type, first.code, flows, total))
        return tuple(sorted(found, key=lambda item: (-item.span.messages, item.span.first_frame)))

    def path_mtus(self) -> tuple[PathMtu, ...]:
        """Return what errors say about path MTUs; see :func:`dissector.analysis.path_mtu.path_mtus`."""
        from dissector.analysis.path_mtu import path_mtus  # that module needs the names of this one

        return path_mtus(self)


def flow_words(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the words of errors' keys that say the flow, as the keys of queries are."""
    words = keys[:, :FLOW_WORDS].copy()
    words[:, 0] &= ~np.uint64(MTU << 8)
    return words


def query_keys(
    head: NDArray[np.uint64], selector: NDArray[np.uint64], src: NDArray[np.uint64], dst: NDArray[np.uint64]
) -> NDArray[np.uint64]:
    """Return the keys of captured flows, shape (n, 2), from the words of their flows."""
    keys = np.empty((len(head), QUERY_WORDS), np.uint64)
    keys[:, 0] = pair_hashes(src, dst)
    keys[:, 1] = mix(keys[:, 0] + mix(head * FACTORS[0] ^ selector))
    return keys


def pair_hashes(src: NDArray[np.uint64], dst: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return one number for each pair of addresses, which are two words each."""
    folded = src[:, 0] * FACTORS[0]
    for factor, column in zip(FACTORS[1:], (src[:, 1], dst[:, 0], dst[:, 1]), strict=False):
        folded = (folded ^ column) * factor
        folded ^= folded >> np.uint64(32)
    return mix(folded)


def address(words: NDArray[np.uint64], version: int) -> Address:
    """Return the address in two words of a key."""
    octets = words.tobytes()
    return IPv4Address(octets[:4]) if version == IPV4 else IPv6Address(octets)


def flow_of(key: NDArray[np.uint64]) -> Flow | None:
    """Return the flow that a key is about, None if there is none."""
    head, selector = int(key[0]), int(key[1])
    version, present, protocol = head & 0xFF, head >> 8 & 0xFF, (head >> 16 & 0xFFFF) - 1
    if not version:
        return None
    high, low = selector >> 16, selector & 0xFFFF
    return Flow(
        src=address(key[2:4], version),
        dst=address(key[4:6], version),
        protocol=None if protocol == MISSING else protocol,
        sport=high if present & SPORT else None,
        dport=low if present & DPORT else None,
        type=high if present & TYPE else None,
        identifier=low if present & IDENTIFIER else None,
        spi=selector if present & SPI else None,
    )


def span(values: dict[str, NDArray[np.int64]], row: int) -> Span:
    """Return the span of one row of a table."""
    return joined(values, np.array([row]))


def joined(values: dict[str, NDArray[np.int64]], rows: NDArray[np.int64]) -> Span:
    """Return the span of some rows of a table, which are at least one and in their order."""
    first, last = int(values["first_ns"][rows].min()), int(values["last_ns"][rows].max())
    latest = rows[np.lexsort((values["last_frame"][rows], values["last_ns"][rows]))[-1]]
    return Span(
        messages=int(values["count"][rows].sum()),
        first_ns=None if first == NEVER else first,
        last_ns=None if last == ALWAYS else last,
        first_frame=int(values["first_frame"][rows[0]]),
        last_frame=int(values["last_frame"][latest]),
    )
