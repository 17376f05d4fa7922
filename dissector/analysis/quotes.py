"""The datagrams that the errors of a batch quote, as columns: whose they were and where they were going.

Strategy: what :class:`~dissector.tails.datagram.Datagram` reads of one quote, a kernel reads of all of them in one
pass (:mod:`dissector.kernel.quote`), for all analyses that ask for it. A value is there only where all its octets
were quoted.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from dissector import kernel
from dissector.kernel import layers, tables
from dissector.registry.model import Family
from dissector.registry.table import find
from dissector.tails.datagram import IPV4, IPV6
from dissector.tails.headers import HEADERS, ICMP, ICMP_TYPES, ICMPV6, IPV6_HEADERS, IcmpQueryHeader

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dissector.batch import Batch

MISSING = -1
"""In a column: the value is not there."""
QUOTE_START = 8
"""Octets of an error before its quote (RFC 792; RFC 4443, 3)."""
TCP, UDP, ESP, AH, FRAGMENT = 6, 17, 50, 51, 44
ICMP_PROTOCOL, ICMPV6_PROTOCOL = ICMP_TYPES
EVERY_TTL = 255


@cache
def quoting() -> NDArray[np.bool_]:
    """Return which types quote a datagram: for each value of ``Batch.family``, then of ``Batch.type``."""
    found = np.zeros((7, 256), np.bool_)
    for row, family in ((IPV4, Family.ICMPV4), (IPV6, Family.ICMPV6)):
        for number in range(256):
            rest = find(family, number).shape.layout.rest
            found[row, number] = rest is not None and rest.name == "quote"
    return found


@cache
def identified() -> NDArray[np.bool_]:
    """Return which types have identifier and sequence, as :func:`quoting` does."""
    found = np.zeros((7, 256), np.bool_)
    for row, types in ((IPV4, ICMP), (IPV6, ICMPV6)):
        found[row, [number for number, shape in types.items() if shape is IcmpQueryHeader]] = True
    return found


@cache
def following() -> NDArray[np.uint8]:
    """Return what header follows by the number of a protocol: in a row each for IPv4 and IPv6."""
    found = np.full((2, 256), tables.OTHER, np.uint8)
    for protocol, shape in HEADERS.items():
        if any(field.name == "sport" for field in shape.layout.fields):
            found[:, protocol] = tables.PORTS
    found[1, list(IPV6_HEADERS)] = tables.EXTENSION
    found[1, FRAGMENT] = tables.FRAGMENT
    for protocol, header in (
        (TCP, tables.TCP),
        (ESP, tables.ESP),
        (AH, tables.AH),
        (ICMP_PROTOCOL, tables.ICMP),
        (ICMPV6_PROTOCOL, tables.ICMPV6),
    ):
        found[:, protocol] = header
    return found


def errors_in(batch: Batch) -> NDArray[np.int64]:
    """Return the rows of a batch that are errors and have all the octets before their quote."""
    return chosen(batch, quoting())


def chosen(batch: Batch, types: NDArray[np.bool_], most: int = EVERY_TTL) -> NDArray[np.int64]:
    """Return the rows of a batch that are of some types and have eight octets.

    Args:
        batch: the batch.
        types: which types, as :func:`quoting` has them.
        most: the most hops that they may have left.
    """
    rows = np.empty(len(batch), np.int64)
    columns = flat(batch.family, batch.type, batch.captured, batch.ttl, types.view(np.uint8))
    count = kernel.quote.messages(*columns, most, rows.data)
    return rows[:count].copy()


def flat(*columns: NDArray[Any]) -> list[memoryview]:
    """Return columns as kernels take them."""
    return [np.ascontiguousarray(column).data for column in columns]


def windows(octets: NDArray[np.uint8], starts: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
    """Return the octets from each start on, shape (n, size); zeros after the end of all octets."""
    over = int(starts.max(initial=0)) + size - len(octets)
    if over > 0:
        octets = np.concatenate([octets, np.zeros(over, np.uint8)])
    view = np.ndarray((len(octets) - size + 1,), f"V{size}", np.ascontiguousarray(octets), strides=(1,))
    return view[starts].view(np.uint8).reshape(-1, size)


def number(window: NDArray[np.uint8], at: int, octets: int) -> NDArray[np.int64]:
    """Return the number that some octets of each window are, most significant first."""
    value = window[:, at].astype(np.int64)
    for place in range(at + 1, at + octets):
        value = value << 8 | window[:, place]
    return value


class Quotes:
    """The quotes of some errors of a batch, one row each.

    Args:
        batch: the batch.
        rows: the errors, as :func:`errors_in` finds them.

    Attributes:
        rows: their rows in the batch.
        numbers, hosts: all that follows, as kernels take it (:data:`dissector.kernel.tables.QUOTE`, ``ADDRESSES``).
        version: 4 or 6; 0 where the quote is no IP datagram.
        there: octets that were captured from the quote's start on, extensions included.
        src, dst: addresses, shape (n, 16), as in a batch; zeros where they are not there.
        reporter, receiver: likewise, of the errors themselves.
        protocol, ttl, length, id: as in :class:`~dissector.tails.datagram.Datagram`; MISSING where not there.
        sport, dport, type, identifier, sequence, spi: likewise.
        mark: the four octets behind the ports: length and checksum of UDP, sequence number of TCP; likewise.
        opening: 0 where it is a TCP segment that is known not to open a connection, else 1.
        mtu: what an error that tells an MTU tells; MISSING for others (RFC 1191, 4; RFC 4443, 3.2).
        error: family, type, code of the error and version of its addresses, an octet each, the lowest first.
    """

    __slots__ = ("hosts", "numbers", "rows", *tables.QUOTE, *tables.ADDRESSES)

    version: NDArray[np.int64]
    there: NDArray[np.int64]
    protocol: NDArray[np.int64]
    ttl: NDArray[np.int64]
    length: NDArray[np.int64]
    id: NDArray[np.int64]
    sport: NDArray[np.int64]
    dport: NDArray[np.int64]
    type: NDArray[np.int64]
    identifier: NDArray[np.int64]
    sequence: NDArray[np.int64]
    spi: NDArray[np.int64]
    mtu: NDArray[np.int64]
    src: NDArray[np.uint8]
    dst: NDArray[np.uint8]

    def __init__(self, batch: Batch, rows: NDArray[np.int64]) -> None:
        self.rows = rows
        self.numbers = np.empty((len(tables.QUOTE), len(rows)), np.int64)
        self.hosts = np.empty((len(tables.ADDRESSES), len(rows), 16), np.uint8)
        if len(rows):
            columns = flat(
                batch.octets, rows, batch.icmp, batch.captured, batch.family, batch.type, batch.code, batch.flags,
                batch.src.ravel(), batch.dst.ravel(), following(), identified()[[IPV4, IPV6]].view(np.uint8),
            )  # fmt: skip
            kernel.quote.read(*columns, self.numbers.data, self.hosts.data)
        for place, name in enumerate(tables.QUOTE):
            setattr(self, name, self.numbers[place])
        for place, name in enumerate(tables.ADDRESSES):
            setattr(self, name, self.hosts[place])


@lru_cache(maxsize=1)
def quotes_of(batch: Batch) -> Quotes | None:
    """Return the quotes of all errors of a batch, None where there are none; once for all who ask in turn."""
    rows = errors_in(batch)
    return Quotes(batch, rows) if len(rows) else None


def outer_version(batch: Batch, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return of which IP version the addresses of some rows are."""
    family = batch.family[rows]
    foreign = batch.flags[rows] & layers.FOREIGN != 0
    return np.where(foreign, 10 - family, family).astype(np.uint8)
