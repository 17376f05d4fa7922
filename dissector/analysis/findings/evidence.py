"""What rules keep: who showed what to whom, how often, when and in which frames first.

Strategy: a *sighting* is a message that shows something. Its key is the rule, two addresses and one number more;
messages of one key are one row. What a rule finds is then told from its rows alone, so that it does not matter
how the capture was cut into batches, files and states.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dissector import kernel
from dissector.analysis.flow_keys import ALWAYS, NEVER, address
from dissector.analysis.hashing import grown
from dissector.analysis.quotes import outer_version
from dissector.analysis.table import Table, grouped
from dissector.capture.records import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Self

    from numpy.typing import NDArray

    from dissector.analysis.flow_keys import Address
    from dissector.batch import Batch

    Words = NDArray[np.uint64]
    Numbers = NDArray[np.int64]

RULE, SUBJECT, OBJECT, DETAIL = 0, slice(1, 3), slice(3, 5), 5
"""The words of a key: rule and IP version, two addresses, a number."""
KEY_WORDS = 6
VERSION_AT = 16
"""Where in the first word the IP version is."""
RULE_MASK = np.uint64((1 << VERSION_AT) - 1)
"""What of the first word says the rule."""
FILE_AT = 40
"""Where in a place the file's number is; below it stands the frame's."""
EMPTY = np.zeros(0, np.int64)
"""No rows."""
RULES = {
    "count": "count",
    "first_ns": "least",
    "last_ns": "most",
    "least": "least",
    "most": "most",
    "other_0": "first",
    "other_1": "first",
}
COUNT, FIRST, LAST, LEAST, MOST, OTHER = 0, 1, 2, 3, 4, slice(5, 7)
"""Where in a row these values are."""


def words(addresses: NDArray[np.uint8]) -> Words:
    """Return addresses of a batch, shape (n, 16), as two words each."""
    return np.ascontiguousarray(addresses).view(np.uint64)


class Firsts:
    """For each number of a table the first rows of some columns: the frames that show something, samples of data.

    Args:
        columns: columns of a row, of which the last one is a place.
        each: rows kept for a number.
    """

    def __init__(self, columns: int, each: int) -> None:
        self.each = each
        self._counts = np.zeros(0, np.int64)
        self._numbers = np.zeros(0, np.int64)
        self._rows = np.zeros((0, columns), np.int64)
        self._size = 0

    def room(self, count: int) -> Numbers:
        """Return how many rows were put in of each of so many numbers, to be counted on."""
        self._counts = grown(self._counts, count)
        return self._counts

    def wanted(self, numbers: Numbers) -> Numbers:
        """Return which of some rows, by their numbers, are to be put in; they count as put in."""
        counts = self.room(int(numbers.max(initial=-1)) + 1)
        kept = np.empty(len(numbers), np.uint8)
        kernel.fold.firsts(numbers.data, counts.data, self.each, kept.data)
        return np.flatnonzero(kept)

    def add(self, numbers: Numbers, rows: Numbers) -> None:
        """Put wanted rows in, which come after all that are there."""
        owners, places = self.space(len(numbers))
        owners[:], places[:] = numbers, rows
        self.fill(len(numbers))

    def space(self, count: int) -> tuple[Numbers, Numbers]:
        """Return numbers and rows to be written: so many, which come after all that are there."""
        end = self._size + count
        self._numbers, self._rows = grown(self._numbers, end), grown(self._rows, end)
        return self._numbers[self._size : end], self._rows[self._size : end]

    def fill(self, count: int) -> None:
        """Put in as many rows as were written in the space."""
        self._size += count

    def __len__(self) -> int:
        """Return how many rows there are."""
        return self._size

    def keep(self, numbers: Numbers) -> None:
        """Leave rows out, and give the others other numbers; of those that are left out others may come.

        Args:
            numbers: the new number of each number, in the order of the old ones; -1 for those that are left out.
        """
        before, rows = self.rows()
        after = numbers[before]
        some = np.flatnonzero(after >= 0)
        self._size = len(some)
        # The memory stays, since others are to come.
        self._numbers[: self._size], self._rows[: self._size] = after[some], rows[some]
        self._counts = np.bincount(after[some], minlength=int(numbers.max(initial=-1)) + 1)

    def merge(self, other: Self, numbers: Numbers, files: Numbers) -> None:
        """Put in the rows of what comes after; that is left as it is.

        Args:
            other: the rows.
            numbers: the numbers here of the numbers there.
            files: the numbers here of the files there.
        """
        theirs, rows = other.rows()
        which = self.wanted(numbers[theirs])
        rows = rows[which]
        rows[:, -1] = moved(rows[:, -1], files)
        self.add(numbers[theirs[which]], rows)

    def rows(self) -> tuple[Numbers, Numbers]:
        """Return numbers and rows, in the order of their coming."""
        return self._numbers[: self._size], self._rows[: self._size]


def moved(places: Numbers, files: Numbers) -> Numbers:
    """Return places with other numbers of files."""
    return places & ((1 << FILE_AT) - 1) | files[places >> FILE_AT] << FILE_AT if len(places) else places


class Sighting(NamedTuple):
    """Messages that show the same: one row, or several put together.

    Attributes:
        subject, object: the addresses of its key; no object where the rule has none, or there are several.
        other: the address beside them that the first message had; none where nobody asked for it.
        details: the numbers of the keys, in the order of their coming.
        messages: how many.
        least, most: of the value that the rule takes down.
        first_ns, last_ns: as in a finding.
        places: of the first messages.
    """

    subject: Address
    object: Address | None = None
    other: Address | None = None
    details: tuple[int, ...] = ()
    messages: int = 0
    least: int = 0
    most: int = 0
    first_ns: int | None = None
    last_ns: int | None = None
    places: tuple[int, ...] = ()

    @property
    def seconds(self) -> float:
        """From the first to the last; 0 where there are no times."""
        return 0.0 if self.first_ns is None or self.last_ns is None else (self.last_ns - self.first_ns) / 1e9


class Taken(NamedTuple):
    """Messages that a rule takes down.

    Attributes:
        rule: its id.
        rows: the messages.
        subject: of the key, two words each; nothing by default, as for all that follow.
        object: likewise.
        detail: the number in it.
        value: a number of each message, of which the least and the most are kept.
        other: an address, of which the first one is kept.
    """

    rule: str
    rows: Numbers
    subject: Words | None = None
    object: Words | None = None
    detail: NDArray[np.integer] | int = 0
    value: NDArray[np.integer] | int = 0
    other: Words | None = None


class Sightings:
    """Sightings of all rules.

    Args:
        each: frames kept of each key.
        limit: keys kept.
    """

    def __init__(self, each: int, limit: int) -> None:
        self.table = Table(KEY_WORDS, RULES, limit)
        self.places = Firsts(1, each)

    def add(self, batch: Batch, file: int, taken: Sequence[tuple[int, Taken]]) -> None:
        """Put in what rules took down of a batch.

        Args:
            batch: the batch.
            file: its number.
            taken: the number of each rule, and the messages.
        """
        if not taken:
            return
        rows = np.concatenate([one.rows for _, one in taken])
        keys, values = (
            np.zeros((len(rows), KEY_WORDS), np.uint64),
            np.zeros((len(rows), len(RULES)), np.int64),
        )
        others = values.view(np.uint64)[:, OTHER]
        end = 0
        for rule, one in taken:
            part = slice(end, end := end + len(one.rows))
            keys[part, RULE], keys[part, DETAIL], values[part, LEAST] = rule, one.detail, one.value
            if one.subject is not None:
                keys[part, SUBJECT] = one.subject
            if one.object is not None:
                keys[part, OBJECT] = one.object
            if one.other is not None:
                others[part] = one.other
        keys[:, RULE] |= outer_version(batch, rows).astype(np.uint64) << np.uint64(VERSION_AT)
        values[:, COUNT], values[:, MOST] = 1, values[:, LEAST]
        values[:, FIRST] = values[:, LAST] = batch.time_ns[rows]
        timeless = np.flatnonzero(batch.record_flags[rows] & NO_TIME)
        values[timeless, FIRST], values[timeless, LAST] = NEVER, ALWAYS
        numbers = self.table.take(keys, values)
        some = self.places.wanted(numbers)
        self.places.add(numbers[some], (batch.frame[rows[some]] | np.int64(file) << FILE_AT)[:, None])

    def merge(self, other: Self, files: Numbers) -> None:
        """Put in those of what comes after, of which ``files`` are the numbers of the files here."""
        self.places.merge(other.places, self.table.merge(other.table), files)

    def keep(self, which: NDArray[np.bool_]) -> None:
        """Leave out those that are not among some."""
        numbers = np.where(which, np.cumsum(which) - 1, -1)
        self.table = self.table.kept(which)
        self.places.keep(numbers)

    @property
    def refused(self) -> int:
        """Messages that were not kept."""
        return self.table.refused


class Groups:
    """Rows of a rule that belong together.

    Args:
        rows: all of them, group after group; those of a group are in the order of their coming.
        sizes: how many rows each group has.
        messages: how many messages.

    Attributes:
        rows, sizes, messages: these.
        begins: where in the rows each group begins.
    """

    def __init__(self, rows: Numbers, sizes: Numbers, messages: Numbers) -> None:
        self.rows, self.sizes, self.messages = rows, sizes, messages
        self.begins = np.cumsum(sizes) - sizes

    def __len__(self) -> int:
        """Return how many groups there are."""
        return len(self.sizes)

    def __iter__(self) -> Iterator[Numbers]:
        """Yield the rows of each group."""
        for begin, size in zip(self.begins.tolist(), self.sizes.tolist(), strict=True):
            yield self.rows[begin : begin + size]

    @property
    def heads(self) -> Numbers:
        """The first row of each group."""
        found: Numbers = self.rows[self.begins]
        return found

    def __getitem__(self, which: NDArray[np.bool_]) -> Groups:
        """Return some of the groups."""
        return Groups(self.rows[np.repeat(which, self.sizes)], self.sizes[which], self.messages[which])


class Seen:
    """All sightings, by rule: what findings are told from."""

    def __init__(self, sightings: Sightings) -> None:
        self.keys, self.values = sightings.table.keys, sightings.table.values
        self.each = sightings.places.each
        numbers, rows = sightings.places.rows()
        order = np.argsort(numbers, kind="stable")
        self._places = rows[order, 0].tolist()
        self._ends = np.searchsorted(numbers[order], np.arange(len(self.keys) + 1))
        self._rules = self.keys[:, RULE] & RULE_MASK

    def of(self, rule: int) -> Numbers:
        """Return the rows of a rule."""
        return np.flatnonzero(self._rules == rule)

    def groups(self, rule: int, by: tuple[slice | int, ...], least: int = 1) -> Groups:
        """Return the rows of a rule that agree in some words of their keys, the groups in the order of their coming.

        Args:
            rule: its number.
            by: the words of the key.
            least: messages that a group has, at least.
        """
        rows = self.of(rule)
        if not len(rows):
            return Groups(EMPTY, EMPTY, EMPTY)
        keys = self.keys[rows]
        order, begins = grouped(np.column_stack([keys[:, 0], *(keys[:, place] for place in by)]))
        rows = rows[order]
        messages = np.add.reduceat(self.values["count"][rows], begins)
        sizes = np.diff(begins, append=len(rows))
        some = np.flatnonzero(messages >= least)
        some = some[np.argsort(rows[begins[some]])]
        sizes, begins = sizes[some], begins[some]
        shift = np.repeat(begins - (np.cumsum(sizes) - sizes), sizes)
        return Groups(rows[np.arange(len(shift)) + shift], sizes, messages[some])

    def others(self, rows: Numbers) -> list[Address]:
        """Return the addresses that some rows have beside their keys'."""
        told = np.column_stack([self.values["other_0"][rows], self.values["other_1"][rows]]).view(np.uint64)
        return self._addresses(told, rows)

    def objects(self, rows: Numbers) -> list[Address]:
        """Return the objects of some rows."""
        return self._addresses(self.keys[rows, OBJECT], rows)

    def _addresses(self, told: Words, rows: Numbers) -> list[Address]:
        """Return some addresses, of the IP versions of some rows."""
        versions = (self.keys[rows, RULE] >> np.uint64(VERSION_AT)).tolist()
        return [address(one, version) for one, version in zip(told, versions, strict=True)]

    def sighting(self, rows: Numbers, *, pair: bool = True) -> Sighting:
        """Return some rows, put together; ``pair`` as for :meth:`sightings`."""
        count = self.values["count"][rows].sum(keepdims=True)
        return next(self.sightings(Groups(rows, np.array([len(rows)]), count), pair=pair))

    def sightings(self, groups: Groups, *, pair: bool = True) -> Iterator[Sighting]:
        """Yield each group of rows, put together.

        Args:
            groups: the groups.
            pair: whether the rule has an object, and the rows of a group have one of them.
        """
        if not len(groups):
            return
        rows, heads, values = groups.rows, groups.heads, self.values
        first_ns = np.minimum.reduceat(values["first_ns"][rows], groups.begins).tolist()
        last_ns = np.maximum.reduceat(values["last_ns"][rows], groups.begins).tolist()
        least = np.minimum.reduceat(values["least"][rows], groups.begins).tolist()
        most = np.maximum.reduceat(values["most"][rows], groups.begins).tolist()
        subjects, others = self._addresses(self.keys[heads, SUBJECT], heads), self.others(heads)
        objects = self.objects(heads) if pair else [None] * len(groups)
        details = self.keys[rows, DETAIL].tolist()
        spans = list(zip(self._ends[rows].tolist(), self._ends[rows + 1].tolist(), strict=True))
        begins = groups.begins.tolist()
        for row, (begin, end) in enumerate(zip(begins, [*begins[1:], len(rows)], strict=True)):
            places = sorted({place for one, other in spans[begin:end] for place in self._places[one:other]})
            yield Sighting(
                subject=subjects[row],
                object=objects[row],
                other=others[row],
                details=tuple(dict.fromkeys(details[begin:end])),
                messages=int(groups.messages[row]),
                least=least[row],
                most=most[row],
                first_ns=None if first_ns[row] == NEVER else first_ns[row],
                last_ns=None if last_ns[row] == ALWAYS else last_ns[row],
                places=tuple(places[: self.each]),
            )
