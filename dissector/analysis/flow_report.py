"""What errors say about flows, out of the tables of :class:`~dissector.analysis.flows.Flows`."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dissector.analysis.flow_keys import (
    FLOW_WORDS,
    QUERY_RULES,
    QUERY_WORDS,
    Ranked,
    address,
    flow_of,
    flow_words,
    joined,
    query_keys,
    span,
)
from dissector.analysis.path_mtu import path_mtus, told_of
from dissector.analysis.quotes import MISSING
from dissector.analysis.table import Table, grouped
from dissector.kernel.tables import HAS_MTU

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dissector.analysis.flow_keys import Address, Flow, Span
    from dissector.analysis.path_mtu import PathMtu

FROM_DESTINATION = {4: ((3, 2), (3, 3)), 6: ((1, 4),)}
"""Type and code of errors that the destination itself sends (RFC 1122, 3.2.2.1; RFC 4443, 3.1)."""


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
    def flows(self) -> Ranked:
        """Rows of the table by flow."""
        return Ranked(flow_words(self.keys), self.values["count"], np.arange(len(self.keys)))

    @cached_property
    def told(self) -> Ranked:
        """The errors that tell an MTU; see :func:`~dissector.analysis.path_mtu.told_of`."""
        return told_of(self)

    def __len__(self) -> int:
        """Return how many flows have errors."""
        return len(self.flows)

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
        rows = [group.tolist() for group in self.flows.first(count)]
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
            mtu=head >> 32 if key[0] >> 8 & HAS_MTU else None,
            span=span(values, row),
            file=self.files[int(values["file"][row])],
            first_length=None if lengths[0] == MISSING else lengths[0],
            last_length=None if lengths[1] == MISSING else lengths[1],
        )

    @cached_property
    def _reporting(self) -> Ranked:
        """Rows of the table by sender, type and code."""
        words = np.column_stack(
            [
                self.keys[:, FLOW_WORDS] & np.uint64(0xFFFFFFFF),
                self.keys[:, FLOW_WORDS + 1 : FLOW_WORDS + 3],
            ]
        )
        return Ranked(words, self.values["count"], np.arange(len(self.keys)))

    @property
    def senders(self) -> int:
        """How many senders of errors of one type and code there are."""
        return len(self._reporting)

    def reporting(self, count: int | None = None) -> Iterator[Reporter]:
        """Yield who sent errors, of which type and code; the most frequent first, all of them by default."""
        for rows in self._reporting.first(count):
            first = self.error(int(rows[0]))
            flows = len(np.unique(self.flows.numbers[rows]))
            yield Reporter(
                first.reporter, first.family, first.type, first.code, flows, joined(self.values, rows)
            )

    @property
    def reporters(self) -> tuple[Reporter, ...]:
        """All of them."""
        return tuple(self.reporting())

    def path_mtus(self, count: int | None = None) -> tuple[PathMtu, ...]:
        """Return what errors say about path MTUs; see :func:`~dissector.analysis.path_mtu.path_mtus`."""
        return path_mtus(self, count)

    @property
    def destinations(self) -> int:
        """How many destinations errors tell a path MTU of."""
        return len(self.told)
