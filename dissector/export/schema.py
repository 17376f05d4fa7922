"""The schema of the table ``messages``: which columns there are, of which type and unit, and what they mean.

It is derived: what every message has from the columns of a batch and the keys of its JSON, what some messages have
from the layouts of all shapes in the registry, so that a new message type brings its columns along. A column that
a message does not have is null. Later versions add columns and rename none.
"""

from __future__ import annotations

from functools import cache
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dissector.batch import DTYPES
from dissector.decoder import NOT_FIELDS
from dissector.registry.table import all_entries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.layout import Field
    from dissector.messages.base import IcmpMessage

VERSION = 1
"""Of the schema; it stands in every Parquet file."""
TEXT, TIME, BOOLEAN = "VARCHAR", "TIMESTAMP_NS", "BOOLEAN"
NUMBERS = {
    "UTINYINT": np.uint8,
    "USMALLINT": np.uint16,
    "UINTEGER": np.uint32,
    "UBIGINT": np.uint64,
    "INTEGER": np.int32,
    "BIGINT": np.int64,
}
"""The types of numbers by their SQL names."""
NUMPY: dict[str, np.dtype[Any]] = {
    name: np.dtype(kind)
    for name, kind in {**NUMBERS, BOOLEAN: np.bool_, TIME: np.int64, TEXT: np.int32}.items()
}
"""The type in memory of each type in SQL; texts are indices of distinct ones."""
_SQL = {np.dtype(kind): name for name, kind in NUMBERS.items()}
QUOTED = "quoted_"
"""How the columns of the datagram that an error quotes begin."""


class Column(NamedTuple):
    """A column.

    Attributes:
        name: its name.
        type: its type, by SQL's name.
        unit: the unit of its values, empty where they have none.
        doc: what it says.
        nullable: whether some messages have no value.
    """

    name: str
    type: str
    unit: str = ""
    doc: str = ""
    nullable: bool = True


class Source(NamedTuple):
    """Where the values of one key of ``fields`` come from.

    Attributes:
        column: its column.
        shapes: the shapes that have it.
    """

    column: Column
    shapes: tuple[type[IcmpMessage], ...]


def _number(name: str, unit: str, doc: str, *, nullable: bool = False) -> Column:
    """Return a column that a batch has, of the type it has there."""
    return Column(name, _SQL[np.dtype(DTYPES[name])], unit, doc, nullable)


PLACE = (
    Column("file", TEXT, doc="The file, as it was named.", nullable=False),
    _number(
        "frame", "", "Number of the packet in the file, from 1. Of a reassembled message: its last fragment."
    ),
    Column(
        "time",
        TIME,
        "UTC",
        "When the packet was captured, to the nanosecond; null where the file does not say.",
    ),
    _number("time_ns", "ns since 1970", "The same as a number.", nullable=True),
    _number("interface", "", "Number of the interface, from 0, over all sections of the file."),
    Column("link", TEXT, doc="The interface's link type, by libpcap's name.", nullable=False),
    Column(
        "path", TEXT, doc="The layers around the message, outermost first: `eth:vlan 12:ip`.", nullable=False
    ),
    _number("original", "octets", "Length of the packet on the wire."),
    Column(
        "src", TEXT, doc="Source address of the innermost IP header, the one that carries it.", nullable=False
    ),
    Column("dst", TEXT, doc="Destination address of that header.", nullable=False),
    _number("ttl", "hops", "TTL or hop limit of that header."),
)
"""Columns that say where a message was."""
MESSAGE = (
    Column("family", TEXT, doc="`icmpv4` or `icmpv6`.", nullable=False),
    _number("type", "", "The type; null where the octet was not captured.", nullable=True),
    _number("code", "", "The code; likewise.", nullable=True),
    Column("name", TEXT, doc="The type's name, as IANA writes it.", nullable=False),
    Column("code_name", TEXT, doc="The code's name; null for a code that is not in the registry."),
    Column(
        "kind", TEXT, doc="`error`, `query` (ICMPv4), `informational` (ICMPv6), `unknown`.", nullable=False
    ),
    Column(
        "status",
        TEXT,
        doc="`current`, `deprecated`, `obsolete`, `experimental`, `unassigned`.",
        nullable=False,
    ),
    _number(
        "checksum", "", "The checksum as it stands; null where its octets were not captured.", nullable=True
    ),
    Column("checksum_status", TEXT, doc="`good`, `bad`, `unverified` (cut, or a fragment).", nullable=False),
    _number("length", "octets", "Length of the message by its IP header."),
    _number("captured", "octets", "As much of it as is there."),
    Column("data_length", "INTEGER", "octets", "Length of its payload.", nullable=False),
    Column("fragment", BOOLEAN, doc="Whether its datagram was fragmented.", nullable=False),
    Column("malformed", TEXT, doc="What is missing, in one sentence; null where everything is there."),
)
"""Columns that say what every message is."""
DATAGRAM = (
    Column(QUOTED + "src", TEXT, doc="Source address of the datagram that an error is about."),
    Column(QUOTED + "dst", TEXT, doc="Its destination address."),
    Column(QUOTED + "protocol", "UTINYINT", doc="Number of the protocol it carries."),
    Column(QUOTED + "ttl", "UTINYINT", "hops", "Its TTL or hop limit, as the reporter got it."),
    Column(QUOTED + "length", "UINTEGER", "octets", "Its length, by its header."),
    Column(QUOTED + "id", "UINTEGER", doc="Its identification (IPv4, or an IPv6 fragment header)."),
    Column(QUOTED + "sport", "USMALLINT", doc="Source port."),
    Column(QUOTED + "dport", "USMALLINT", doc="Destination port."),
    Column(QUOTED + "type", "UTINYINT", doc="Type, where it carries an ICMP message."),
    Column(QUOTED + "identifier", "USMALLINT", doc="Identifier of that message."),
    Column(QUOTED + "sequence", "USMALLINT", doc="Sequence number of that message."),
    Column(QUOTED + "spi", "UINTEGER", doc="SPI of ESP, where that is what it carries."),
)
"""Columns of the quoted datagram."""
EXCHANGE = (
    Column("response_to", "BIGINT", doc="Frame of the request that it answers."),
    Column("response_in", "BIGINT", doc="Frame of the first answer to it."),
    Column("rtt_ns", "BIGINT", "ns", "Time since that request, of an answer."),
)
"""Columns that tie answers to requests."""
NOTES = (
    Column("extensions", TEXT, doc="The extension objects of an error (RFC 4884), as JSON text."),
    Column("findings", TEXT, doc="What is not as it should be with the message, as JSON text."),
)
"""Columns of lists, as the text that JSON has of them; null where there is nothing."""


@cache
def shapes() -> tuple[type[IcmpMessage], ...]:
    """Return all shapes of the registry, each once."""
    found: dict[type[IcmpMessage], None] = {}
    for entry in all_entries():
        found[entry.shape] = None
        if entry.code is None and entry.type.longer is not None:
            found[entry.type.longer[1]] = None
    return tuple(found)


def own_fields(shape: type[IcmpMessage]) -> Iterator[tuple[str, Field]]:
    """Yield the fields of fixed width that are a shape's own, with their keys."""
    for field in shape.layout.fields:
        key = field.key or field.name
        if not field.reserved and key not in NOT_FIELDS:
            yield key, field


def computed(shape: type[IcmpMessage]) -> Iterator[tuple[str, str]]:
    """Yield the keys of values that a shape computes, with their types in SQL; lists of things have no column."""
    for name in shape.layout.derived:
        returned = getattr(shape, name).function.__annotations__["return"].removesuffix(" | None")
        kind = {
            "int": "BIGINT",
            "bool": BOOLEAN,
            "bytes": TEXT,
            "IPv4Address": TEXT,
            "IPv6Address": TEXT,
        }.get(returned)
        if kind is not None:
            yield name, kind


@cache
def fields() -> dict[str, Source]:
    """Return the columns of the messages' own fields, by their keys in JSON, in the order of the registry."""
    found: dict[str, list[tuple[type[IcmpMessage], str, str, str]]] = {}
    for shape in shapes():
        for key, field in own_fields(shape):
            found.setdefault(key, []).append((shape, _type(field), field.unit, field.doc))
        for key, kind in computed(shape):
            doc = (getattr(shape, key).__doc__ or "").partition("\n")[0]
            found.setdefault(key, []).append((shape, kind, "", doc))
    taken = {column.name for column in (*PLACE, *MESSAGE, *DATAGRAM, *EXCHANGE, *NOTES)}
    return {key: _source(f"field_{key}" if key in taken else key, rows) for key, rows in found.items()}


def _source(name: str, rows: list[tuple[type[IcmpMessage], str, str, str]]) -> Source:
    """Return the column that all shapes with a key share."""
    kinds = {kind for _, kind, _, _ in rows}
    kind = kinds.pop() if len(kinds) == 1 else _widest(kinds)
    units = dict.fromkeys(unit for _, _, unit, _ in rows if unit)
    return Source(Column(name, kind, ", ".join(units), rows[0][3]), tuple(shape for shape, *_ in rows))


def _widest(kinds: set[str]) -> str:
    """Return the type that holds the numbers of several."""
    found = np.result_type(*(NUMPY[kind] for kind in kinds))
    return _SQL.get(found, "BIGINT")


def _type(field: Field) -> str:
    """Return the type of a field's values."""
    if field.as_ is bool:
        return BOOLEAN
    if field.as_ in (bytes, IPv4Address, IPv6Address):
        return TEXT
    bits = field.bits + (field.scale - 1).bit_length()
    if field.signed:
        return "INTEGER" if bits <= 32 else "BIGINT"  # noqa: PLR2004 - bits of an INTEGER
    return next(name for name, kind in NUMBERS.items() if bits <= np.dtype(kind).itemsize * 8)


@cache
def columns() -> dict[str, Column]:
    """Return all columns by name, in their order."""
    own = (source.column for source in fields().values())
    every = (*PLACE, *MESSAGE, *own, *DATAGRAM, *EXCHANGE, *NOTES)
    return {column.name: column for column in every}


BRIEF = ("frame", "time", "src", "dst", "ttl", "family", "type", "code", "name", "code_name")
"""The columns that are shown where none were named."""
