"""Tables as Parquet (format 2): a row group a table, a page a column, zstd.

Strategy: everything is done on whole columns. Texts, and numbers of which few are distinct, are written as indices
of a dictionary, in 8, 16 or 32 bits each, so that what the format calls bit-packing is the memory of an array; a
column of one value, or of none, is a run of a few octets. Other numbers stand as they are. What that leaves is
compressed. (A thread for it gains nothing: most of the time is in calls too short to hand the interpreter over.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import zstandard

from dissector.export import thrift
from dissector.export.schema import BOOLEAN, TEXT, TIME, VERSION, columns
from dissector.export.thrift import Octet, Short, varint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import BinaryIO

    from numpy.typing import NDArray

    from dissector.export.columns import Values
    from dissector.export.schema import Column
    from dissector.export.table import Table

MAGIC = b"PAR1"
PLAIN, RLE, RLE_DICTIONARY = 0, 3, 8
DATA_PAGE, DICTIONARY_PAGE = 0, 2
UNCOMPRESSED, ZSTD = 0, 6
LEVEL = 1
"""Of zstd: its fastest."""
SMALL = 1 << 16
"""Numbers that may have a dictionary are less."""
WORTH = 0.75
"""A dictionary is written where, with its indices, it has at most this much of the octets of the numbers."""
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
    """

    pages: list[Page]
    statistics: thrift.Fields
    encodings: tuple[int, ...]
    codec: int = ZSTD


def write(tables: Iterable[Table], out: BinaryIO) -> int:
    """Write tables as one Parquet file; return how many rows it has."""
    out.write(MAGIC)
    position, rows = len(MAGIC), 0
    groups: list[thrift.Fields] = []
    encoder = Encoder()
    for table in tables:
        chunks = encoder.encode(table)
        group, size = _row_group(table.length, chunks, position)
        for chunk in chunks:
            out.writelines(page.octets for page in chunk.pages)
        groups.append(group)
        position += size
        rows += table.length
    footer = thrift.struct(_metadata(rows, groups))
    out.write(footer + len(footer).to_bytes(4, "little") + MAGIC)
    return rows


class Encoder:
    """Makes the chunks of row groups, one after another."""

    def __init__(self) -> None:
        self.press = zstandard.ZstdCompressor(LEVEL)
        self._dictionaries: dict[str, tuple[Sequence[str], int, Page]] = {}

    def encode(self, table: Table) -> list[Chunk]:
        """Return the chunks of a row group, one for each column of the schema."""
        chunks: dict[str, Chunk] = {}
        for column in columns().values():
            found = table.columns.get(column.name)
            # The two columns of the time are one.
            known = chunks.get("time") if found is table.columns.get("time") and found is not None else None
            chunks[column.name] = known or _chunk(column, found, table.length, self)
        return list(chunks.values())

    def dictionary(self, name: str, texts: Sequence[str]) -> Page:
        """Return the page of a column's texts, which is often that of the row group before."""
        known = self._dictionaries.get(name)
        if known is None or known[0] is not texts or known[1] != len(texts):
            encoded = [text.encode() for text in texts]
            body = b"".join([len(text).to_bytes(4, "little") + text for text in encoded])
            known = texts, len(encoded), _dictionary(body, len(encoded), self.press)
            self._dictionaries[name] = known
        return known[2]


def _chunk(column: Column, found: Values | None, rows: int, encoder: Encoder) -> Chunk:
    """Return a column of a row group."""
    if found is None:
        empty = _levels(None, rows, there=False)
        header = {1: Short(rows), 2: Short(PLAIN), 3: Short(RLE), 4: Short(RLE)}
        return Chunk([_page(DATA_PAGE, 5, header, empty, None)], {3: rows}, (PLAIN, RLE), UNCOMPRESSED)
    values, missing = found.values, found.missing
    levels = _levels(missing, rows, there=True) if column.nullable else b""
    if missing is not None:
        values = values[~missing]
    pages = []
    encoding = PLAIN
    nulls = rows - len(values)
    statistics: thrift.Fields = {3: nulls}
    if found.texts is not None:
        pages.append(encoder.dictionary(column.name, found.texts))
        body, encoding = _indices(values, len(found.texts)), RLE_DICTIONARY
    else:
        statistics |= _extremes(column, values)
        if column.type == BOOLEAN:
            body = np.packbits(values, bitorder="little").tobytes()
        else:
            plain = _plain(values)
            distinct, places = _distinct(plain)
            if distinct is None:
                body = plain.tobytes()
            else:
                pages.append(_dictionary(distinct.tobytes(), len(distinct), encoder.press))
                body, encoding = _indices(places, len(distinct)), RLE_DICTIONARY
    header = {1: Short(rows), 2: Short(encoding), 3: Short(RLE), 4: Short(RLE)}
    pages.append(_page(DATA_PAGE, 5, header, levels + body, encoder.press))
    return Chunk(pages, statistics, (encoding, RLE) if encoding == PLAIN else (PLAIN, RLE, RLE_DICTIONARY))


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    """Return numbers as Parquet has them: of 32 or 64 bits."""
    if values.dtype.itemsize < 4:  # noqa: PLR2004 - octets of the smallest that there is
        return values.astype("<i4")
    return values.astype(values.dtype.newbyteorder("<"), copy=False)


def _distinct(values: NDArray[Any]) -> tuple[NDArray[Any] | None, NDArray[Any]]:
    """Return the distinct ones of some numbers and which each is; None where a dictionary would save too little."""
    if not len(values) or int(values.min()) < 0 or int(values.max()) >= SMALL:
        return None, values
    used = np.flatnonzero(np.bincount(values))
    width = 1 if len(used) <= 1 << 8 else 2
    if len(used) * values.itemsize + len(values) * width > WORTH * values.nbytes:
        return None, values
    places = np.zeros(int(used[-1]) + 1, np.uint8 if width == 1 else np.uint16)
    places[used] = np.arange(len(used))
    return used.astype(values.dtype), places[values]


def _extremes(column: Column, values: NDArray[Any]) -> thrift.Fields:
    """Return the least and the most of some numbers."""
    if not len(values) or column.type == BOOLEAN:
        return {}
    least, most = (
        _plain(np.array([value], values.dtype)).tobytes() for value in (values.min(), values.max())
    )
    return {5: most, 6: least}


def _levels(missing: NDArray[np.bool_] | None, rows: int, *, there: bool) -> bytes:
    """Return which rows have values (definition levels), with their length before them."""
    if missing is None:
        runs = varint(rows << 1) + bytes((there,))
    else:
        bits = np.packbits(~missing, bitorder="little")
        runs = varint(len(bits) << 1 | 1) + bits.tobytes()
    return len(runs).to_bytes(4, "little") + runs


def _indices(values: NDArray[Any], count: int) -> bytes:
    """Return indices of a dictionary of so many values, with their width before them."""
    if count <= 1:
        return b"\x01" + varint(len(values) << 1) + b"\0"
    kind = next(
        kind for kind in (np.uint8, np.uint16, np.uint32) if count <= 1 << np.dtype(kind).itemsize * 8
    )
    width = np.dtype(kind).itemsize
    # Bit-packed values come in eights; those that fill up the last are not looked at.
    eights = (len(values) + 7) // 8
    body = (
        values.astype(np.dtype(kind).newbyteorder("<"), copy=False).tobytes().ljust(eights * 8 * width, b"\0")
    )
    return bytes((width * 8,)) + varint(eights << 1 | 1) + body


def _dictionary(body: bytes, count: int, press: zstandard.ZstdCompressor) -> Page:
    """Return the page of a dictionary of so many values."""
    return _page(DICTIONARY_PAGE, 7, {1: Short(count), 2: Short(PLAIN)}, body, press)


def _page(
    kind: int, number: int, header: thrift.Fields, body: bytes, press: zstandard.ZstdCompressor | None
) -> Page:
    """Return a page, compressed if there is what does it."""
    packed = body if press is None else press.compress(body)
    head = thrift.struct({1: Short(kind), 2: Short(len(body)), 3: Short(len(packed)), number: header})
    return Page(head + packed, len(head) + len(body))


def _row_group(rows: int, chunks: list[Chunk], position: int) -> tuple[thrift.Fields, int]:
    """Return what the footer says of a row group that begins at a position, and the octets it has."""
    found = []
    start = position
    for column, chunk in zip(columns().values(), chunks, strict=True):
        packed = sum(len(page.octets) for page in chunk.pages)
        data = position + packed - len(chunk.pages[-1].octets)
        meta = {
            1: Short(_physical(column)),
            2: [Short(encoding) for encoding in chunk.encodings],
            3: [column.name],
            4: Short(chunk.codec),
            5: rows,
            6: sum(page.size for page in chunk.pages),
            7: packed,
            9: data,
            11: position if len(chunk.pages) > 1 else None,
            12: chunk.statistics,
        }
        found.append({2: position, 3: meta})
        position += packed
    sizes = sum(page.size for chunk in chunks for page in chunk.pages)
    return {1: found, 2: sizes, 3: rows, 5: start, 6: position - start}, position - start


def _physical(column: Column) -> int:
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


def _metadata(rows: int, groups: list[thrift.Fields]) -> thrift.Fields:
    """Return the footer's FileMetaData."""
    import dissector

    schema: list[thrift.Fields] = [{4: "messages", 5: Short(len(columns()))}]
    for column in columns().values():
        converted = CONVERTED.get(column.type)
        schema.append(
            {
                1: Short(_physical(column)),
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
