"""Tables as Parquet (format 2): a row group some hundred thousand rows, a page a table, zstd or nothing.

Strategy: texts, and numbers of which few are distinct, are indices of a dictionary that the pages of a row group share
(see :mod:`dissector.export.pages`); other numbers are differences. Both take as many bits as they need, so that often
nothing is left to compress; then nothing is compressed. A page is made of a table while that is in the processor's
cache, but tables in which a column is one value, the same one, share a page. A row group that has been made waits, some
ten octets a row, until it is known what answered its messages (see :mod:`dissector.export.answers`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import zstandard

from dissector.export import thrift
from dissector.export.answers import settled
from dissector.export.footer import INT64, Chunk, Page, metadata, physical, row_group
from dissector.export.pages import FEW, Distinct, constant, differences, indices, levels, run
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
WORTH = 0.8
"""Compressed pages are at most so large a part of what they were, or are left as they were."""
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
        # Columns share what they miss.
        before: dict[int, bytes] = {}
        for name, values in table.columns.items():
            if name == TWIN:
                continue
            missing = values.missing
            if id(missing) not in before:
                before[id(missing)] = levels(missing, table.length)
            self._columns[name].add(values, start, table.length, before[id(missing)])

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
                writer.add(found, start, table.length, levels(found.missing, table.length))
            start += table.length
        chunks = {**group.chunks, RESPONSES: writer.chunk(start)}
        empty = _empty(group.rows)
        # The two columns of the time are one.
        return [chunks.get(TIMES if name == TWIN else name, empty) for name in self._columns]


class Body(NamedTuple):
    """A page that is not compressed yet.

    Attributes:
        rows: how many it has.
        encoding: of its values.
        octets: levels and values.
    """

    rows: int
    encoding: int
    octets: bytes


class Writer:
    """Makes the chunk of a column of a row group, page by page."""

    def __init__(self, column: Column, press: zstandard.ZstdCompressor) -> None:
        self.column = column
        self.press = press
        self.physical = "<i8" if physical(column) == INT64 else "<i4"
        self.pages: list[Body] = []
        self.rows = self.values = 0
        self.same: tuple[int, int] | None = None
        """Rows up to here that have one value, which have no page yet: its index, and how many."""
        self.least: int | None = None
        self.most: int | None = None
        self.texts: Sequence[str] | None = None
        self.known: tuple[Sequence[str] | None, int, bytes] = (None, 0, b"")
        self.distinct = Distinct()
        self.listed: bool | None = None
        """Whether numbers have a dictionary; not known before the first."""

    def add(self, found: Values, start: int, rows: int, before: bytes) -> None:
        """Add a table.

        Args:
            found: the values.
            start: the first row; those between it and the table before have no value.
            rows: how many rows.
            before: which of them have a value, as levels.
        """
        self._skip(start)
        values = found.values
        if not len(values):
            return
        self.rows += rows
        self.values += len(values)
        before = before if self.column.nullable else b""
        if self.column.type == BOOLEAN:
            self._page(rows, PLAIN, before, np.packbits(values, bitorder="little").tobytes())
            return
        self.texts = found.texts
        one = found.missing is None and constant(values)
        places = self._places(values[:1] if one else values) if found.texts is None else values
        if places is None:
            self._extend(int(values.min()), int(values.max()))
            self._page(rows, DELTA, before, differences(values))
        elif one:
            self._again(int(places[0]), rows)
        else:
            self._page(rows, RLE_DICTIONARY, before, indices(places, self._count))

    @property
    def _count(self) -> int:
        """How many values the dictionary has."""
        return self.distinct.count if self.texts is None else len(self.texts)

    def chunk(self, rows: int) -> Chunk:
        """Return the chunk of a row group of so many rows, and begin anew."""
        self._skip(rows)
        self._end_of_same()
        statistics: thrift.Fields = {3: rows - self.values}
        words: tuple[bytes, int] | None = None
        if self.texts is not None:
            words = self._words(self.texts), len(self.texts)
        elif self.distinct.count:
            numbers = self.distinct.numbers
            self._extend(int(numbers.min()), int(numbers.max()))
            words = numbers.astype(self.physical).tobytes(), len(numbers)
        if self.least is not None:
            least, most = (
                np.array(value, np.int64).astype(self.physical).tobytes() for value in (self.least, self.most)
            )
            statistics |= {5: most, 6: least}
        press = self.press if self._worth(b"" if words is None else words[0]) else None
        pages = [_page(body, press) for body in self.pages]
        if words is not None:
            pages.insert(0, _dictionary(*words, press))
        encodings = {body.encoding for body in self.pages} | {PLAIN, RLE}
        made = Chunk(
            pages,
            statistics,
            tuple(sorted(encodings)),
            UNCOMPRESSED if press is None else ZSTD,
            dictionary=words is not None,
        )
        self.distinct.forget()
        self.pages, self.rows, self.values = [], 0, 0
        self.least = self.most = self.texts = self.listed = None
        return made

    def _worth(self, words: bytes) -> bool:
        """Return whether the pages, and the one of a dictionary, are worth compressing: the largest one tells."""
        sizes = [len(body.octets) for body in self.pages]
        if not sizes:
            return False
        largest = self.pages[sizes.index(max(sizes))].octets
        ratio = len(self.press.compress(largest)) / len(largest)
        packed = ratio * sum(sizes) + len(self.press.compress(words))
        return packed <= WORTH * (sum(sizes) + len(words))

    def _skip(self, row: int) -> None:
        """Add a page of nothing up to a row."""
        missing = row - self.rows
        if missing:
            self._page(missing, PLAIN, levels(None, missing, there=False), b"")
            self.rows = row

    def _again(self, index: int, rows: int) -> None:
        """Add rows that have one value, by its index."""
        if self.same is not None and self.same[0] == index:
            rows += self.same[1]
        else:
            self._end_of_same()
        self.same = index, rows

    def _end_of_same(self) -> None:
        """Add a page of the rows that have one value."""
        if self.same is None:
            return
        (index, rows), self.same = self.same, None
        before = levels(None, rows) if self.column.nullable else b""
        self._page(rows, RLE_DICTIONARY, before, run(index, rows, self._count))

    def _places(self, values: NDArray[Any]) -> NDArray[np.int64] | None:
        """Return the places of numbers in the dictionary; None where there is none, or one is too large for it."""
        if self.listed is None:
            self.listed = self.distinct.places(values[:SAMPLE]) is not None and self.distinct.count <= FEW
            if not self.listed:
                self.distinct.forget()
        return self.distinct.places(values) if self.listed else None

    def _extend(self, least: int, most: int) -> None:
        """Take down the least and the most of some numbers."""
        self.least = least if self.least is None else min(self.least, least)
        self.most = most if self.most is None else max(self.most, most)

    def _words(self, texts: Sequence[str]) -> bytes:
        """Return a column's texts, which are often those of the row group before."""
        known, count, body = self.known
        if known is not texts or count != len(texts):
            encoded = [utf8(text) for text in texts]
            body = b"".join([len(text).to_bytes(4, "little") + text for text in encoded])
            self.known = texts, len(encoded), body
        return body

    def _page(self, rows: int, encoding: int, before: bytes, body: bytes) -> None:
        self._end_of_same()
        self.pages.append(Body(rows, encoding, before + body))


def _empty(rows: int) -> Chunk:
    """Return a column without any value."""
    page = _page(Body(rows, PLAIN, levels(None, rows, there=False)), None)
    return Chunk([page], {3: rows}, (PLAIN, RLE), UNCOMPRESSED, dictionary=False)


def _dictionary(body: bytes, count: int, press: zstandard.ZstdCompressor | None) -> Page:
    """Return the page of a dictionary of so many values."""
    packed = body if press is None else press.compress(body)
    head = thrift.struct(
        {
            1: Short(DICTIONARY_PAGE),
            2: Short(len(body)),
            3: Short(len(packed)),
            7: {1: Short(count), 2: Short(PLAIN)},
        }
    )
    return Page(head + packed, len(head) + len(body))


def _page(body: Body, press: zstandard.ZstdCompressor | None) -> Page:
    """Return a page of values, compressed if that is wanted."""
    packed = body.octets if press is None else press.compress(body.octets)
    head = _data_header(body.rows, body.encoding, len(body.octets), len(packed))
    return Page(head + packed, len(head) + len(body.octets))


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
