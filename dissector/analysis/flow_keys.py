"""Flows as words of table keys, and back.

An error's key begins with the words of the flow that it is about and goes on with what tells errors about one
flow apart. A captured flow's key are hashes: it is only looked up.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from dissector.analysis.hashing import FACTORS, mix
from dissector.analysis.quotes import MISSING
from dissector.capture.records import NO_TIME
from dissector.tails.datagram import IPV4

if TYPE_CHECKING:
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

SPORT, DPORT, TYPE, IDENTIFIER, SPI, MTU = (1 << bit for bit in range(6))
"""Flags in the first word of a key: what is there."""

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
