"""Tables as Parquet (format 2): a row group some hundred thousand rows, a page a table, zstd or nothing.

Strategy: texts, and numbers of which few are distinct, are indices of a dictionary that the pages of a row group share
(see :mod:`dissector.export.pages`); other numbers are differences. A page is made of a table while that is in the
processor's cache. A row group that has been made waits, some ten octets a row, until it is known what answered its
messages (see :mod:`dissector.export.answers`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import zstandard

from dissector.export import thrift
from dissector.export.answers import settled
from dissector.export.footer import INT64, Chunk, Page, metadata, physical, row_group
from dissector.export.pages import FEW, Distinct, differences, indices, levels
from dissector.export.schema import BOOLEAN, columns
from dissector.export.table import RESPONSES, ROWS, Maker, Table, responses
from dissector.export.thrift import Short, varint
from dissector.present.text import utf8

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import BinaryIO

    from numpy.typing import NDArray

    from dissector.export.answers import Later, Told
    from dissector.export.columns import Values
    from dissector.export.schema import Column

MAGIC = b"PAR1"
PLAIN, RLE, DELTA, RLE_DICTIONARY = 0, 3, 5, 8
DICTIONARY_PAGE = 2
UNCOMPRESSED, ZSTD = 0, 6
LEVEL = 1
"""Of zstd: its fastest."""
PAGE = 1 << 14
"""Rows of a page, at least, but for the last one of a row group."""
SAMPLE = 1 << 12
"""Numbers that tell whether a dictionary is worth it."""
WORD = 4
"""Octets of the smallest number that Parquet has."""
TIMES, TWIN = "time", "time_ns"
"""Columns with the same values."""


class Group(NamedTuple):
    """A row group.

    Attributes:
        tables: its rows, without their columns.
        chunks: its columns by name.
    """

    tables: list[Table]
    chunks: dict[str, Chunk]

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return sum(table.length for table in self.tables)

    @property
    def later(self) -> list[Later]:
        """What is known later of its messages."""
        return [later for table in self.tables for later in table.later]

    @property
    def octets(self) -> int:
        """Octets of memory that it takes: its pages, and what is told later."""
        pages = sum(len(page.octets) for chunk in self.chunks.values() for page in chunk.pages)
        return pages + 2 * np.dtype(np.int64).itemsize * self.rows


def write(told: Iterable[Told], out: BinaryIO, rows: int = ROWS) -> int:
    """Write messages as one Parquet file, in row groups of so many at least; return how many there are."""
    out.write(MAGIC)
    position, count = len(MAGIC), 0
    found: list[thrift.Fields] = []
    encoder = Encoder()
    for group in settled(encoder.groups(told, rows), lambda group: group.later, lambda group: group.octets):
        chunks = encoder.finished(group)
        described, size = row_group(group.rows, chunks, position)
        for chunk in chunks:
            out.writelines(page.octets for page in chunk.pages)
        found.append(described)
        position += size
        count += group.rows
    footer = thrift.struct(metadata(count, found))
    out.write(footer + len(footer).to_bytes(4, "little") + MAGIC)
    return count


class Encoder:
    """Makes row groups, one after another."""

    def __init__(self) -> None:
        self.press = zstandard.ZstdCompressor(LEVEL)
        self._columns = {column.name: Writer(column, self.press) for column in columns().values()}

    def groups(self, told: Iterable[Told], rows: int) -> Iterator[Group]:
        """Yield messages as row groups of at least so many rows, without the column that is known later."""
        maker = Maker()
        tables: list[Table] = []
        for table in maker.tables(told, PAGE):
            self._add(table, sum(before.length for before in tables))
            tables.append(table._replace(columns={}))
            if sum(part.length for part in tables) >= rows:
                yield self._group(tables)
                maker.forget()
                tables = []
        if tables:
            yield self._group(tables)

    def _add(self, table: Table, start: int) -> None:
        """Add a table as pages of the row group; its first row is the one with this number."""
        for name, values in table.columns.items():
            if name != TWIN:
                self._columns[name].add(values, start, table.length)

    def _group(self, tables: list[Table]) -> Group:
        rows = sum(table.length for table in tables)
        return Group(
            tables, {name: column.chunk(rows) for name, column in self._columns.items() if column.rows}
        )

    def finished(self, group: Group) -> list[Chunk]:
        """Return the chunks of a row group, one for each column of the schema."""
        start = 0
        writer = self._columns[RESPONSES]
        for table in group.tables:
            found = responses(table)
            if found is not None:
                writer.add(found, start, table.length)
            start += table.length
        chunks = {**group.chunks, RESPONSES: writer.chunk(start)}
        empty = _empty(group.rows)
        # The two columns of the time are one.
        return [chunks.get(TIMES if name == TWIN else name, empty) for name in self._columns]


class Writer:
    """Makes the chunk of a column of a row group, page by page."""

    def __init__(self, column: Column, press: zstandard.ZstdCompressor) -> None:
        self.column = column
        self.press = press
        self.pages: list[Page] = []
        self.encodings: set[int] = set()
        self.rows = self.values = 0
        self.least: Any = None
        self.most: Any = None
        self.texts: Sequence[str] | None = None
        self.known: tuple[Sequence[str] | None, int, Page | None] = (None, 0, None)
        self.distinct = Distinct()
        self.listed: bool | None = None
        """Whether numbers have a dictionary; not known before the first."""

    def add(self, found: Values, start: int, rows: int) -> None:
        """Add a page.

        Args:
            found: the values.
            start: the first row; those between it and the page before have no value.
            rows: how many rows.
        """
        self._skip(start)
        values = found.values
        if not len(values):
            return
        self.rows += rows
        self.values += len(values)
        before = levels(found.missing, rows) if self.column.nullable else b""
        if found.texts is not None:
            self.texts = found.texts
            self._page(rows, RLE_DICTIONARY, before, indices(values, len(found.texts)))
        elif self.column.type == BOOLEAN:
            self._page(rows, PLAIN, before, np.packbits(values, bitorder="little").tobytes())
        else:
            self._numbers(values, rows, before)

    def chunk(self, rows: int) -> Chunk:
        """Return the chunk of a row group of so many rows, and begin anew."""
        self._skip(rows)
        pages, codec = self.pages, ZSTD
        statistics: thrift.Fields = {3: rows - self.values}
        if self.texts is not None:
            pages = [self._words(self.texts), *pages]
        elif self.distinct.numbers:
            numbers = np.array(self.distinct.numbers, self._physical)
            self._extend(int(numbers.min()), int(numbers.max()))
            pages = [_dictionary(numbers.tobytes(), len(numbers), self.press), *pages]
        if self.least is not None:
            least, most = (
                np.array(value, np.int64).astype(self._physical).tobytes()
                for value in (self.least, self.most)
            )
            statistics |= {5: most, 6: least}
        dictionary = len(pages) > len(self.pages)
        made = Chunk(pages, statistics, (*sorted(self.encodings | {PLAIN, RLE}),), codec, dictionary)
        self.distinct.forget()
        self.pages, self.encodings, self.rows, self.values = [], set(), 0, 0
        self.least = self.most = self.texts = self.listed = None
        return made

    @property
    def _physical(self) -> str:
        return "<i8" if physical(self.column) == INT64 else "<i4"

    def _skip(self, row: int) -> None:
        """Add a page of nothing up to a row."""
        missing = row - self.rows
        if missing:
            self._page(missing, PLAIN, levels(None, missing, there=False), b"")
            self.rows = row

    def _numbers(self, values: NDArray[Any], rows: int, before: bytes) -> None:
        """Add a page of numbers."""
        if self.listed is None:
            sample = self.distinct.places(values[:SAMPLE])
            self.listed = sample is not None and len(self.distinct.numbers) <= FEW
            if not self.listed:
                self.distinct.forget()
        places = self.distinct.places(values) if self.listed else None
        if places is not None:
            self._page(rows, RLE_DICTIONARY, before, indices(places, len(self.distinct.numbers)))
            return
        self._extend(int(values.min()), int(values.max()))
        plain = values.view(self._physical) if values.itemsize >= WORD else values.astype(self._physical)
        self._page(rows, DELTA, before, differences(plain))

    def _extend(self, least: int, most: int) -> None:
        """Take down the least and the most of some numbers."""
        self.least = least if self.least is None else min(self.least, least)
        self.most = most if self.most is None else max(self.most, most)

    def _words(self, texts: Sequence[str]) -> Page:
        """Return the page of a column's texts, which is often that of the row group before."""
        known, count, page = self.known
        if page is None or known is not texts or count != len(texts):
            encoded = [utf8(text) for text in texts]
            body = b"".join([len(text).to_bytes(4, "little") + text for text in encoded])
            page = _dictionary(body, len(encoded), self.press)
            self.known = texts, len(encoded), page
        return page

    def _page(self, rows: int, encoding: int, before: bytes, body: bytes) -> None:
        self.encodings.add(encoding)
        self.pages.append(_page(rows, encoding, before + body, self.press))


def _empty(rows: int) -> Chunk:
    """Return a column without any value."""
    body = levels(None, rows, there=False)
    head = _data_header(rows, PLAIN, len(body), len(body))
    return Chunk(
        [Page(head + body, len(head + body))], {3: rows}, (PLAIN, RLE), UNCOMPRESSED, dictionary=False
    )


def _dictionary(body: bytes, count: int, press: zstandard.ZstdCompressor) -> Page:
    """Return the page of a dictionary of so many values."""
    packed = press.compress(body)
    head = thrift.struct(
        {
            1: Short(DICTIONARY_PAGE),
            2: Short(len(body)),
            3: Short(len(packed)),
            7: {1: Short(count), 2: Short(PLAIN)},
        }
    )
    return Page(head + packed, len(head) + len(body))


def _page(rows: int, encoding: int, body: bytes, press: zstandard.ZstdCompressor) -> Page:
    """Return a page of values, compressed."""
    packed = press.compress(body)
    head = _data_header(rows, encoding, len(body), len(packed))
    return Page(head + packed, len(head) + len(body))


def _data_header(rows: int, encoding: int, size: int, packed: int) -> bytes:
    """Return the header of a page of values.

    There are many, so the struct is spelled out: fields 1 (kind), 2 and 3 (sizes), and 5, a struct of fields 1 (rows),
    2 (encoding), 3 and 4 (encoding of levels), all numbers of 32 bits but that.
    """
    # A number that is not negative is written twice as large (zigzag).
    return b"".join(
        (
            b"\x15\x00\x15",
            varint(size << 1),
            b"\x15",
            varint(packed << 1),
            b"\x2c\x15",
            varint(rows << 1),
            bytes((0x15, encoding << 1, 0x15, RLE << 1, 0x15, RLE << 1, 0, 0)),
        )
    )
