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
from dissector.analysis.table import Table, grouped
from dissector.capture.records import NO_TIME

if TYPE_CHECKING:
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
RULES = {
    "count": "count",
    "first_ns": "least",
    "last_ns": "most",
    "least": "least",
    "most": "most",
    "other_0": "first",
    "other_1": "first",
}


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
        self._numbers = [np.zeros(0, np.int64)]
        self._rows = [np.zeros((0, columns), np.int64)]
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
        if len(numbers):
            self._numbers.append(numbers)
            self._rows.append(rows)
            self._size += len(numbers)

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
        self._numbers, self._rows, self._size = [after[some]], [rows[some]], len(some)
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
        self._numbers, self._rows = [np.concatenate(self._numbers)], [np.concatenate(self._rows)]
        return self._numbers[0], self._rows[0]


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


class Sightings:
    """Sightings of all rules.

    Args:
        each: frames kept of each key.
        limit: keys kept.
    """

    def __init__(self, each: int, limit: int) -> None:
        self.table = Table(KEY_WORDS, RULES, limit)
        self.places = Firsts(1, each)

    def add(  # noqa: PLR0913 - the parts of a key and the values of a row
        self,
        batch: Batch,
        file: int,
        rule: int,
        rows: Numbers,
        *,
        version: NDArray[np.uint8],
        subject: Words | None = None,
        object_: Words | None = None,
        detail: NDArray[np.integer] | int = 0,
        value: NDArray[np.integer] | int = 0,
        other: Words | None = None,
    ) -> None:
        """Put in some messages of a batch.

        Args:
            batch: the batch.
            file: its number.
            rule: the rule's number.
            rows: the messages.
            version: of their addresses.
            subject: of the key, two words each; nothing by default, as for all that follow.
            object_: likewise.
            detail: the number in it.
            value: a number of each message, of which the least and the most are kept.
            other: an address, of which the first one is kept.
        """
        keys = np.zeros((len(rows), KEY_WORDS), np.uint64)
        keys[:, RULE] = np.uint64(rule) | version.astype(np.uint64) << np.uint64(VERSION_AT)
        if subject is not None:
            keys[:, SUBJECT] = subject
        if object_ is not None:
            keys[:, OBJECT] = object_
        keys[:, DETAIL] = np.asarray(detail).astype(np.uint64)
        timeless = batch.record_flags[rows] & NO_TIME != 0
        times = batch.time_ns[rows]
        values = np.broadcast_to(np.asarray(value, np.int64), len(rows))
        told = np.zeros((len(rows), 2), np.int64) if other is None else other.view(np.int64)
        columns = {
            "count": np.ones(len(rows), np.int64),
            "first_ns": np.where(timeless, NEVER, times),
            "last_ns": np.where(timeless, ALWAYS, times),
            "least": values,
            "most": values,
            "other_0": told[:, 0],
            "other_1": told[:, 1],
        }
        numbers = self.table.add(keys, columns)
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


class Seen:
    """All sightings, by rule: what findings are told from."""

    def __init__(self, sightings: Sightings) -> None:
        self.keys, self.values = sightings.table.keys, sightings.table.values
        self.each = sightings.places.each
        numbers, rows = sightings.places.rows()
        order = np.argsort(numbers, kind="stable")
        self._places = rows[order, 0]
        self._ends = np.searchsorted(numbers[order], np.arange(len(self.keys) + 1))

    def of(self, rule: int) -> Numbers:
        """Return the rows of a rule."""
        return np.flatnonzero(self.keys[:, RULE] & RULE_MASK == rule)

    def groups(self, rule: int, by: tuple[slice | int, ...], least: int = 1) -> list[Numbers]:
        """Return the rows of a rule that agree in some words of their keys, each group in the order of coming.

        Args:
            rule: its number.
            by: the words of the key.
            least: messages that a group has, at least.
        """
        rows = self.of(rule)
        if not len(rows):
            return []
        key = [self.keys[rows, :1], *(self.keys[rows][:, place].reshape(len(rows), -1) for place in by)]
        order, starts = grouped(np.column_stack(key))
        counts = np.add.reduceat(self.values["count"][rows[order]], starts)
        ends = np.append(starts[1:], len(order))
        some = np.flatnonzero(counts >= least)
        pairs = zip(starts[some].tolist(), ends[some].tolist(), strict=True)
        return sorted((rows[order[start:end]] for start, end in pairs), key=lambda group: int(group[0]))

    def sighting(self, rows: Numbers, *, pair: bool = True) -> Sighting:
        """Return some rows, put together; ``pair`` is whether the rule has an object, and the rows have one of them."""
        keys, values = self.keys[rows], self.values
        version = int(keys[0, RULE]) >> VERSION_AT
        first, last = int(values["first_ns"][rows].min()), int(values["last_ns"][rows].max())
        other = np.array([values["other_0"][rows[0]], values["other_1"][rows[0]]]).view(np.uint64)
        ends = zip(self._ends[rows].tolist(), self._ends[rows + 1].tolist(), strict=True)
        places = sorted({place for start, end in ends for place in self._places[start:end].tolist()})
        return Sighting(
            subject=address(keys[0, SUBJECT], version),
            object=address(keys[0, OBJECT], version) if pair else None,
            other=address(other, version),
            details=tuple(dict.fromkeys(keys[:, DETAIL].tolist())),
            messages=int(values["count"][rows].sum()),
            least=int(values["least"][rows].min()),
            most=int(values["most"][rows].max()),
            first_ns=None if first == NEVER else first,
            last_ns=None if last == ALWAYS else last,
            places=tuple(places[: self.each]),
        )
