"""Batches → tables: the columns of the schema, some hundred thousand rows at a time."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dissector.analysis.quotes import MISSING, Quotes, errors_in
from dissector.batch import distinct
from dissector.capture.records import NO_TIME
from dissector.columns import extract
from dissector.decoder import HEADER
from dissector.export.catalog import catalog
from dissector.export.columns import Addresses, Values, joined, one
from dissector.export.kinds import Sorter
from dissector.export.pages import constant
from dissector.export.remarks import Remarks
from dissector.export.schema import DATAGRAM, NUMPY, QUOTED, TEXT, computed, fields, own_fields
from dissector.kernel import layers
from dissector.message import STATUSES, Message, Rows
from dissector.present.jsonlines import plain
from dissector.registry.model import Family
from dissector.registry.table import all_entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from dissector.batch import Batch
    from dissector.export.answers import Later, Told
    from dissector.export.kinds import Kinds
    from dissector.export.schema import Column

ROWS = 1 << 18
"""Rows of a table at least, but for the last one: enough for what a row group of Parquet costs by itself."""
KEPT = 1 << 13
"""Distinct texts of a column that one table takes over from the one before, at most."""
FAMILIES = (Family.ICMPV4.value, Family.ICMPV6.value)
V6 = 6
ADDRESS = 16
RESPONSES = "response_in"
"""The column that is known later than the others."""


class Table(NamedTuple):
    """Some rows.

    Attributes:
        length: how many.
        columns: their values by the name of the column; a column without values is not there.
        later: what is known later of the messages: see :func:`finished`.
    """

    length: int
    columns: Mapping[str, Values]
    later: tuple[Later, ...] = ()


class Somewhere:
    """Some rows of a table, ascending.

    Attributes:
        rows: which they are.
        count: how many there are altogether.
        others: a mask of those that they are not; columns share it.
    """

    def __init__(self, rows: NDArray[np.int64], count: int) -> None:
        self.rows = rows
        self.count = count
        self.others = np.ones(count, np.bool_)
        self.others[rows] = False


def tables(told: Iterable[Told], rows: int = ROWS) -> Iterator[Table]:
    """Yield messages as tables of at least so many rows, the last one apart, with all that is known of them."""
    maker = Maker()
    for table in maker.tables(told, rows):
        yield finished(table)
        maker.forget()


def finished(table: Table) -> Table:
    """Return a table with what is known now of its messages: what answers them."""
    found = responses(table)
    return table if found is None else table._replace(columns={**table.columns, RESPONSES: found})


def responses(table: Table) -> Values | None:
    """Return the frames of what answers the messages of a table; None where nothing does."""
    found = np.concatenate([later.response_in for later in table.later])
    missing = found < 0
    return None if missing.all() else Values.of(found, missing)


def _table(parts: list[Table]) -> Table:
    """Return several tables as one."""
    if len(parts) == 1:
        return parts[0]
    names = dict.fromkeys(name for part in parts for name in part.columns)
    sizes = [part.length for part in parts]
    found = {name: joined([part.columns.get(name) for part in parts], sizes) for name in names}
    columns = {name: values for name, values in found.items() if values is not None}
    columns["time_ns"] = columns["time"]
    return Table(sum(sizes), columns, tuple(later for part in parts for later in part.later))


class Maker:
    """Makes tables of messages."""

    def __init__(self) -> None:
        self._texts: dict[str, Addresses] = {}
        self._remarks = Remarks()
        self._sorter = Sorter()

    def tables(self, told: Iterable[Told], rows: int) -> Iterator[Table]:
        """Yield messages as tables of at least so many rows, the last one apart."""
        parts: list[Table] = []
        length = 0
        for messages in told:
            parts.append(self.table(messages))
            length += parts[-1].length
            if length >= rows:
                yield _table(parts)
                parts, length = [], 0
        if parts:
            yield _table(parts)

    def table(self, told: Told) -> Table:
        """Return messages as a table, without what is known of them later."""
        batch = told.batch
        made: dict[str, Values] = {}
        self._place(batch, made)
        shapes = self._message(batch, made)
        self._fields(batch, shapes, made)
        self._quoted(batch, made)
        self._quoted_elsewhere(batch, shapes, made)
        for name, values in (("response_to", told.answers.frames), ("rtt_ns", told.answers.rtt_ns)):
            missing = values < 0
            if not missing.all():
                made[name] = Values.of(values, missing)
        made["time_ns"] = made["time"]
        return Table(len(batch), made, (told.later,))

    def forget(self) -> None:
        """Forget texts where there are many: memory does not grow with the hosts there are."""
        self._texts = {name: texts for name, texts in self._texts.items() if len(texts.texts) <= KEPT}

    def _named(self, name: str) -> Addresses:
        """Return the distinct texts of a column."""
        if name not in self._texts:
            self._texts[name] = Addresses()
        return self._texts[name]

    def _address(
        self,
        name: str,
        octets: NDArray[np.uint8],
        version: NDArray[np.uint8],
        missing: NDArray[np.bool_] | None = None,
    ) -> Values:
        addresses = self._named(name)
        return Values.of(addresses.find(octets, version), missing, addresses.texts)

    def _constants(self, name: str, text: Callable[[int], str], numbers: NDArray[np.integer]) -> Values:
        """Return a column of texts that interfaces or paths have."""
        words = self._named(name)
        if constant(numbers):
            return Values(one(words.number(text(int(numbers[0]))), len(numbers)), None, words.texts)
        there, places = distinct(numbers)
        index = np.array([words.number(text(number)) for number in there], np.int32)
        return Values(index[places], None, words.texts)

    def _place(self, batch: Batch, made: dict[str, Values]) -> None:
        """Add where the messages were."""
        origin = batch.origin
        made["file"] = self._constants("file", lambda _: origin.file, one(0, len(batch)))
        made["time"] = Values.of(batch.time_ns, (batch.record_flags & NO_TIME) != 0)
        made["link"] = self._constants("link", origin.link, batch.interface)
        made["path"] = self._constants("path", lambda path: ":".join(batch.paths[path]), batch.path)
        for name in ("frame", "interface", "original", "ttl"):
            made[name] = Values(getattr(batch, name))
        foreign = batch.flags & layers.FOREIGN
        version = np.where(foreign, 10 - batch.family, batch.family) if foreign.any() else batch.family
        made["src"] = self._address("src", batch.src, version)
        made["dst"] = self._address("dst", batch.dst, version)

    def _message(self, batch: Batch, made: dict[str, Values]) -> NDArray[np.uint8]:
        """Add what the messages are; return the index of the shape of each."""
        known, captured = catalog(), batch.captured
        kinds = self._sorter.kinds(batch)
        entries = known.entries[kinds.keys]
        if kinds.codeless.any():
            self._codeless(batch, kinds, entries)
        least = int(kinds.least.min(initial=HEADER))
        made["family"] = Values(kinds.each((kinds.keys >> 16).astype(np.int32)), None, FAMILIES)
        for name, octets in (("type", 1), ("code", 2), ("checksum", HEADER)):
            made[name] = Values.of(getattr(batch, name), None if least >= octets else captured < octets)
        for name, texts in known.words.items():
            made[name] = self._words(name, [texts[entry] for entry in entries.tolist()], kinds)
        made["checksum_status"] = Values(batch.checksum_status, None, [status.value for status in STATUSES])
        made["length"], made["captured"] = Values(batch.length), Values(captured)
        self._noted(batch, kinds, made)
        made["fragment"] = Values((batch.flags & (layers.FRAGMENT | layers.REASSEMBLED)) != 0)
        shape = known.shape[entries]
        shapes: NDArray[np.uint8] = kinds.each(shape)
        limits, types = known.longer[kinds.keys >> 8], kinds.keys >> 8
        limited = (limits > 0) & (kinds.longest >= limits)
        if limited.any():
            rows = kinds.rows(limited)
            rows = rows[batch.length[rows] >= limits[kinds.which[rows]]]
            shapes = shapes.copy()
            shapes[rows] = known.long_shape[types[kinds.which[rows]]]
            sizes, payload = known.sizes[shapes], known.payload[shapes]
        else:
            sizes, payload = kinds.each(known.sizes[shape]), kinds.each(known.payload[shape])
        data = np.maximum(captured - sizes, 0)
        data *= payload
        if limited.any() or (kinds.least < known.sizes[shape]).any():
            short = np.flatnonzero(captured < sizes)
            if len(short):
                self._malformed(batch, short, made)
        made["data_length"] = Values(data)
        return shapes

    def _words(self, name: str, texts: list[str | None], kinds: Kinds) -> Values:
        """Return a column of names that kinds have; they are numbered as they come, so that few bits tell one."""
        words = self._named(name)
        index = np.array([-1 if text is None else words.number(text) for text in texts], np.int32)
        missing = kinds.each(index < 0) if (index < 0).any() else None
        return Values.of(kinds.each(index), missing, words.texts)

    def _noted(self, batch: Batch, kinds: Kinds, made: dict[str, Values]) -> None:
        """Add extensions and findings."""
        noted = self._remarks.of(batch, kinds)
        where = Somewhere(noted.rows, len(batch))
        for name, texts in (("extensions", noted.extensions), ("findings", noted.findings)):
            if any(texts):
                made[name] = _spread(self._named(name).column(texts), where)

    def _codeless(self, batch: Batch, kinds: Kinds, entries: NDArray[np.int16]) -> None:
        """Set the entries of kinds of which no code was captured; what has no octet at all is of type 0."""
        index = {
            (entry.family, entry.type.number): at
            for at, entry in enumerate(all_entries())
            if entry.code is None
        }
        for kind in np.flatnonzero(kinds.codeless).tolist():
            message = Message.of(batch, int(np.argmax(kinds.which == kind)))
            entries[kind] = index[message.family, message.entry.type.number]

    def _malformed(self, batch: Batch, rows: NDArray[np.int64], made: dict[str, Values]) -> None:
        """Add the sentences about messages that lack octets, and the name of those that lack all."""
        view = Rows(batch)
        messages = [Message(view, row) for row in rows.tolist()]
        found = self._named("malformed").column([message.malformed for message in messages])
        made["malformed"] = _spread(found, Somewhere(rows, len(batch)))

    def _fields(self, batch: Batch, shapes: NDArray[np.uint8], made: dict[str, Values]) -> None:
        """Add the messages' own fields."""
        known = catalog()
        present = np.flatnonzero(np.bincount(shapes, minlength=len(known.shapes)))
        for index in present.tolist():
            shape = known.shapes[index]
            rows = np.flatnonzero(shapes == index)
            where = Somewhere(rows, len(batch))
            own = {field.name: (key, field) for key, field in own_fields(shape)}
            if own:
                starts, captured = batch.icmp[rows], batch.captured[rows]
                octets = batch.octets
                cut = captured < shape.layout.size
                if cut.any():
                    octets, starts = _padded(octets, starts, captured, shape.layout.size)
                for name, values in extract(octets, starts, shape.layout, own).items():
                    key, field = own[name]
                    absent = captured * 8 < field.offset + field.bits if cut.any() else None
                    column = fields()[key].column
                    found = self._field(column, values, field.as_)
                    found = Values.of(found.values, absent, found.texts)
                    made[column.name] = _spread(found, where, made.get(column.name))
            for key, _ in computed(shape):
                self._compute(key, batch, where, made)

    def _field(self, column: Column, values: NDArray[Any], as_: type) -> Values:
        """Return the values of one field."""
        if column.type != TEXT:
            return Values(values.astype(NUMPY[column.type], copy=False))
        if as_ in (IPv4Address, IPv6Address):
            return self._field_addresses(column.name, values, as_)
        return self._named(column.name).column([octets.tobytes().hex() for octets in values])

    def _field_addresses(self, name: str, values: NDArray[Any], as_: type) -> Values:
        if as_ is IPv6Address:
            return self._address(name, values, np.full(len(values), V6, np.uint8))
        octets = np.zeros((len(values), ADDRESS), np.uint8)
        octets[:, :4] = values.astype(">u4").view(np.uint8).reshape(-1, 4)
        return self._address(name, octets, np.full(len(values), 4, np.uint8))

    def _compute(self, key: str, batch: Batch, where: Somewhere, made: dict[str, Values]) -> None:
        """Add values that are computed message by message."""
        column = fields()[key].column
        view = Rows(batch)
        found = [plain(Message(view, row).fields[key]) for row in where.rows.tolist()]
        made[column.name] = _spread(self._plain(column, found), where, made.get(column.name))

    def _plain(self, column: Column, found: list[Any]) -> Values:
        """Return values as JSON has them as a column."""
        if column.type == TEXT:
            return self._named(column.name).column(found)
        missing = np.array([value is None for value in found], np.bool_)
        numbers = np.array([0 if value is None else value for value in found], NUMPY[column.type])
        return Values.of(numbers, missing)

    def _quoted(self, batch: Batch, made: dict[str, Values]) -> None:
        """Add the datagrams that errors quote."""
        rows = errors_in(batch)
        if not len(rows):
            return
        quotes = Quotes(batch, rows)
        where = Somewhere(rows, len(batch))
        six = quotes.version == V6
        version = np.where(six, V6, 4).astype(np.uint8)
        for column in DATAGRAM:
            what = column.name.removeprefix(QUOTED)
            values = getattr(quotes, what)
            if column.type == TEXT:
                # Of a header that was cut the whole fields are there (RFC 791, 3.1; RFC 8200, 3).
                end = np.where(six, 40, 20) if what == "dst" else np.where(six, 24, 16)
                found = self._address(
                    column.name, values, version, (quotes.version == 0) | (quotes.there < end)
                )
            else:
                found = Values.of(values.astype(NUMPY[column.type]), values == MISSING)
            if len(found.values):
                made[column.name] = _spread(found, where)

    def _quoted_elsewhere(self, batch: Batch, shapes: NDArray[np.uint8], made: dict[str, Values]) -> None:
        """Add those that are quoted in an option, message by message (RFC 4861, 4.6.3)."""
        known = catalog().shapes
        elsewhere = [
            at for at, shape in enumerate(known) if isinstance(getattr(shape, "quote", None), property)
        ]
        rows = np.flatnonzero(np.isin(shapes, elsewhere))
        if not len(rows):
            return
        view, where = Rows(batch), Somewhere(rows, len(batch))
        quoted = [Message(view, row).quoted for row in rows.tolist()]
        for column in DATAGRAM:
            what = column.name.removeprefix(QUOTED)
            found = [None if datagram is None else plain(datagram.as_json()[what]) for datagram in quoted]
            made[column.name] = _spread(self._plain(column, found), where, made.get(column.name))


def _spread(found: Values, where: Somewhere, before: Values | None = None) -> Values:
    """Return values of some rows as a column of all; ``before`` is what other rows have of it."""
    if len(where.rows) == where.count and before is None:
        return found
    missing = where.others
    if found.missing is not None:
        missing = missing.copy()
        missing[where.rows] = found.missing
    if before is None:
        return Values(found.values, missing, found.texts)
    values = before.every
    values[~missing] = found.values
    return Values.of(values, None if before.missing is None else missing & before.missing, found.texts)


def _padded(
    octets: NDArray[np.uint8], starts: NDArray[np.int64], captured: NDArray[np.int32], size: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the first octets of messages, zeros where they were not captured, and where each begins."""
    index = np.arange(size)
    there = index < captured[:, None]
    places = np.where(there, starts[:, None] + index, 0)
    found = np.where(there, octets[places] if len(octets) else np.uint8(0), np.uint8(0))
    return found.reshape(-1), np.arange(len(starts), dtype=np.int64) * size
