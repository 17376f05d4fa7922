"""Flows as words of table keys, and back.

An error's key begins with the words of the flow that it is about and goes on with what tells errors about one
flow apart. A captured flow's key are hashes: it is only looked up.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from dissector import kernel
from dissector.analysis.hashing import FACTORS, mix
from dissector.analysis.quotes import MISSING
from dissector.analysis.table import grouped
from dissector.capture.records import NO_TIME
from dissector.kernel.tables import HAS_DPORT, HAS_IDENTIFIER, HAS_MTU, HAS_SPI, HAS_SPORT, HAS_TYPE
from dissector.tails.datagram import IPV4

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dissector.analysis.quotes import Quotes
    from dissector.batch import Batch

Address: TypeAlias = IPv4Address | IPv6Address

NEVER, ALWAYS = np.iinfo(np.int64).max, np.iinfo(np.int64).min
"""First and last time of what has no time."""
FLOW_WORDS = 6
"""Words of a key that say the flow; those of errors go on with the error."""
KEY_WORDS = 11
QUERY_WORDS = 2
"""Words of a captured flow's key: hashes of its two addresses and of all of it, which do for a look-up."""

SPAN = {
    "count": "count",
    "first_ns": "least",
    "last_ns": "most",
    "first_frame": "first",
    "last_frame": "last",
}
"""Values that say how often and when, and how those of several rows become one."""
QUERY_RULES = SPAN | {"last_length": "last"}
"""Those of captured flows: octets of the last datagram too, MISSING for one in fragments."""


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


def flow_keys(quotes: Quotes) -> NDArray[np.uint64]:
    """Return the keys of some errors, which begin with the flow they quote: zeros where none is known."""
    keys = np.empty((len(quotes.rows), KEY_WORDS), np.uint64)
    kernel.flow.errors(quotes.numbers.data, quotes.hosts.view(np.uint64).data, keys.data)
    return keys


def flow_words(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the words of errors' keys that say the flow, as the keys of queries are."""
    words = keys[:, :FLOW_WORDS].copy()
    words[:, 0] &= ~np.uint64(HAS_MTU << 8)
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
        sport=high if present & HAS_SPORT else None,
        dport=low if present & HAS_DPORT else None,
        type=high if present & HAS_TYPE else None,
        identifier=low if present & HAS_IDENTIFIER else None,
        spi=selector if present & HAS_SPI else None,
    )


def span(values: dict[str, NDArray[np.int64]], row: int) -> Span:
    """Return the span of one row of a table."""
    return joined(values, np.array([row]))


def joined(values: dict[str, NDArray[np.int64]], rows: NDArray[np.int64]) -> Span:
    """Return the span of some rows of a table, which are at least one and in their order."""
    first = int(values["first_ns"][rows].min())
    last, frame = max(zip(values["last_ns"][rows].tolist(), values["last_frame"][rows].tolist(), strict=True))
    return Span(
        messages=int(values["count"][rows].sum()),
        first_ns=None if first == NEVER else first,
        last_ns=None if last == ALWAYS else last,
        first_frame=int(values["first_frame"][rows[0]]),
        last_frame=frame,
    )


class Ranked:
    """Rows of a table that have something in common, those together that come most often first.

    Args:
        keys: what they have in common, shape (n, words).
        counts: how often each came.
        ties: the group whose first row has less here is first among equals.

    Attributes:
        numbers: for each row a number of its group.
    """

    def __init__(self, keys: NDArray[np.uint64], counts: NDArray[np.int64], ties: NDArray[np.int64]) -> None:
        self._order, starts = grouped(keys)
        sizes = np.diff(starts, append=len(self._order))
        totals = np.add.reduceat(counts[self._order], starts) if len(starts) else starts
        ranks = np.lexsort((ties[self._order[starts]], -totals))
        self._starts, self._ends = starts[ranks], (starts + sizes)[ranks]
        self.numbers = np.empty(len(self._order), np.int64)
        self.numbers[self._order] = np.repeat(np.arange(len(starts)), sizes)

    def __len__(self) -> int:
        """Return how many groups there are."""
        return len(self._starts)

    def first(self, count: int | None = None) -> Iterator[NDArray[np.int64]]:
        """Yield the rows of so many groups, all of them by default."""
        for start, end in zip(self._starts[:count].tolist(), self._ends[:count].tolist(), strict=True):
            yield self._order[start:end]


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
