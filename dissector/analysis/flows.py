"""Which flow each error is about, who reports it, and what that says about NAT and about path MTUs.

Strategy: an error becomes one row of a table whose key is all that tells errors apart: the quoted datagram's
flow, reporter, receiver, type, code, MTU. Everything else is derived from that table when it is asked for. The
other table has the flows of ICMP queries and their answers as they were captured: batches have ICMP alone, so
that "seen in the capture" can be said of no other flow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dissector.analysis.flow_keys import (
    KEY_WORDS,
    NEVER,
    QUERY_RULES,
    QUERY_WORDS,
    SPAN,
    flow_keys,
    query_keys,
    span_of,
)
from dissector.analysis.flow_report import FlowReport
from dissector.analysis.quotes import (
    ICMP_PROTOCOL,
    ICMPV6_PROTOCOL,
    MISSING,
    QUOTE_START,
    chosen,
    identified,
    number,
    outer_version,
    quotes_of,
    windows,
)
from dissector.analysis.table import Table
from dissector.kernel import layers
from dissector.kernel.tables import HAS_IDENTIFIER, HAS_TYPE
from dissector.tails.datagram import IPV4

if TYPE_CHECKING:
    from typing import Self

    from dissector.analysis.quotes import Quotes
    from dissector.batch import Batch

LIMIT = 1 << 20
"""How many rows each table keeps: about 150 octets each."""

ERROR_RULES = SPAN | {
    "file": "first",
    "first_length": "first",
    "last_length": "last",
    "least_length": "least",
}


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
        quotes = quotes_of(batch)
        if quotes is not None:
            self._add_errors(batch, quotes)
        if self.queries is not None:
            self._add_queries(batch, self.queries)

    def merge(self, other: Self) -> Self:
        """Put in the state of what came after, which is left as it is; return self."""
        numbers = np.array([self._file(name) for name in other.files], np.int64)
        values = other.errors.values
        if len(numbers):
            values = values | {"file": numbers[values["file"]]}
        self.errors.merge(other.errors.replaced(other.errors.keys, values))
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
        values = span_of(batch, rows)
        values |= {
            "file": np.full(len(rows), self._file(batch.origin.file), np.int64),
            "first_length": quotes.length,
            "last_length": quotes.length,
            "least_length": np.where(quotes.length == MISSING, NEVER, quotes.length),
        }
        self.errors.add(flow_keys(quotes), values)

    def _add_queries(self, batch: Batch, table: Table) -> None:
        rows = chosen(batch, identified())
        if not len(rows):
            return
        protocol = np.where(batch.family[rows] == IPV4, ICMP_PROTOCOL, ICMPV6_PROTOCOL)
        present = (HAS_TYPE | HAS_IDENTIFIER) << 8
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
