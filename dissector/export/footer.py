"""What the footer of a Parquet file says: the columns, and where each row group has its pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dissector.export.schema import BOOLEAN, TEXT, TIME, VERSION, columns
from dissector.export.thrift import Octet, Short

if TYPE_CHECKING:
    from dissector.export import thrift
    from dissector.export.schema import Column

FORMAT_VERSION = 2
REQUIRED, OPTIONAL = 0, 1
BOOLEAN_TYPE, INT32, INT64, BYTE_ARRAY = 0, 1, 2, 6
UTF8 = 0
CONVERTED = {
    "UTINYINT": 11,
    "USMALLINT": 12,
    "UINTEGER": 13,
    "UBIGINT": 14,
    "INTEGER": 17,
    "BIGINT": 18,
    TEXT: UTF8,
}
"""Parquet's ConvertedType, for readers that do not know its LogicalType."""
INTEGERS = {
    "UTINYINT": (8, False),
    "USMALLINT": (16, False),
    "UINTEGER": (32, False),
    "UBIGINT": (64, False),
    "INTEGER": (32, True),
    "BIGINT": (64, True),
}
"""Bits of each type of integer, and whether it is signed."""


class Page(NamedTuple):
    """A page, compressed.

    Attributes:
        octets: with its header.
        size: octets that it has uncompressed, with its header.
    """

    octets: bytes
    size: int


class Chunk(NamedTuple):
    """A column of a row group.

    Attributes:
        pages: a dictionary, if it has one, and the values.
        statistics: Parquet's, as fields.
        encodings: those that were used.
        codec: how the pages are compressed.
        dictionary: whether the first page is one.
    """

    pages: list[Page]
    statistics: thrift.Fields
    encodings: tuple[int, ...]
    codec: int
    dictionary: bool


def row_group(rows: int, chunks: list[Chunk], position: int) -> tuple[thrift.Fields, int]:
    """Return what the footer says of a row group that begins at a position, and the octets it has."""
    found = []
    start = position
    for column, chunk in zip(columns().values(), chunks, strict=True):
        packed = sum(len(page.octets) for page in chunk.pages)
        data = position + (len(chunk.pages[0].octets) if chunk.dictionary else 0)
        meta = {
            1: Short(physical(column)),
            2: [Short(encoding) for encoding in chunk.encodings],
            3: [column.name],
            4: Short(chunk.codec),
            5: rows,
            6: sum(page.size for page in chunk.pages),
            7: packed,
            9: data,
            11: position if chunk.dictionary else None,
            12: chunk.statistics,
        }
        found.append({2: position, 3: meta})
        position += packed
    sizes = sum(page.size for chunk in chunks for page in chunk.pages)
    return {1: found, 2: sizes, 3: rows, 5: start, 6: position - start}, position - start


def physical(column: Column) -> int:
    """Return Parquet's type of a column."""
    if column.type in (TEXT, BOOLEAN):
        return BYTE_ARRAY if column.type == TEXT else BOOLEAN_TYPE
    return INT64 if column.type == TIME or INTEGERS[column.type][0] == 64 else INT32  # noqa: PLR2004 - bits


def _logical(column: Column) -> thrift.Fields | None:
    """Return Parquet's LogicalType of a column."""
    if column.type == TEXT:
        return {1: {}}
    if column.type == TIME:
        # Not "adjusted to UTC": readers that know zones know no nanoseconds with them, and would round.
        return {8: {1: False, 2: {3: {}}}}
    if column.type == BOOLEAN:
        return None
    bits, signed = INTEGERS[column.type]
    return {10: {1: Octet(bits), 2: signed}}


def metadata(rows: int, groups: list[thrift.Fields]) -> thrift.Fields:
    """Return the footer's FileMetaData."""
    import dissector

    schema: list[thrift.Fields] = [{4: "messages", 5: Short(len(columns()))}]
    for column in columns().values():
        converted = CONVERTED.get(column.type)
        schema.append(
            {
                1: Short(physical(column)),
                3: Short(OPTIONAL if column.nullable else REQUIRED),
                4: column.name,
                6: None if converted is None else Short(converted),
                10: _logical(column),
            }
        )
    notes = {"dissector.schema": str(VERSION)}
    notes |= {f"unit.{column.name}": column.unit for column in columns().values() if column.unit}
    return {
        1: Short(FORMAT_VERSION),
        2: schema,
        3: rows,
        4: groups,
        5: [{1: key, 2: value} for key, value in notes.items()],
        6: f"dissector {dissector.__version__}",
        7: [{1: {}} for _ in columns()],
    }
