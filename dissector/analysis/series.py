"""What is kept of series of exchanges, and how queries are compared with what answers them."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dissector import kernel
from dissector.analysis.hashing import Index, grown, words_of
from dissector.analysis.pairs import pairs
from dissector.analysis.participants import HEADER
from dissector.analysis.payloads import SAMPLE
from dissector.analysis.reporters import versions
from dissector.kernel.tables import ANSWER, COUNTS, KIND, WORDS
from dissector.registry.model import Family
from dissector.registry.table import message_type

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dissector.analysis.participants import Participants
    from dissector.batch import Batch

KNOWN = np.dtype(
    [
        ("number", np.int16),
        ("version", np.uint8),
        ("identifier", np.uint16),
        ("querier", "V16"),
        ("asked", "V16"),
        ("first_ns", np.int64),
        ("size", np.int32),
        ("sampled", np.uint8),
        ("sample", f"V{SAMPLE}"),
    ]
)
"""What is known of a series: ``number`` of its pair, who asks whom, and the time and data of its first query (``size``
octets, of which the first ``sampled`` are in ``sample``)."""
SERIES = np.dtype([*KNOWN.descr, *((name, np.int64) for name in COUNTS)])
"""The same, with how often what happened."""

UNASKED = np.dtype(
    [
        ("key", np.uint64, (WORDS,)),
        ("wide", np.uint64, (WORDS,)),
        ("loose", np.uint64),
        ("digest", np.uint64),
        ("time_ns", np.int64),
        ("order", np.int64),
        ("series", np.int64),
        ("row", np.int64),
        ("size", np.int32),
        ("error", np.int32),
        ("role", np.uint8),
        ("times", np.uint32, (3,)),
    ]
)
"""An answer without a query, or at the beginning of a stretch an error about none: the columns of OPEN, the keys
by which its query could yet be found, the number of its series, the row of times that begins after it (-1: none),
and the three times of a Timestamp Reply."""

TIMESTAMP = 13
LIMIT = 1 << 17
"""Default: so many series are kept apart; those that begin later are counted together, one for each pair."""
_ANY = np.uint64(0xFFFFFFFF)
"""Identifier and sequence in the word of the kind."""
UNKNOWN = np.uint32(0xFFFFFFFF)
"""Stands for a time that was not captured."""


class Closed(NamedTuple):
    """What became of queries that no answer came to.

    Attributes:
        series: the number of the series of each.
        taken: the index of the answer with another identifier, -1 for none.
        error: the number of the error that ended it, -1 for none.
    """

    series: NDArray[np.int64]
    taken: NDArray[np.int64]
    error: NDArray[np.int64]


@cache
def returning() -> NDArray[np.bool_]:
    """Return which pairs have an answer that must return the query's data: same shape, nothing else to tell."""
    found = []
    for pair in pairs():
        query, answer = (message_type(pair.family, number).shape for number in (pair.query, pair.answer))
        told = {field.name for field in query.layout.fields} - {"type", "code", "checksum"}
        found.append(query is answer and told == {"identifier", "sequence"})
    return np.array(found)


@cache
def timestamp_pair() -> int:
    """Return the number of the pair of Timestamp and Timestamp Reply."""
    return next(pair.number for pair in pairs() if pair.family is Family.ICMPV4 and pair.query == TIMESTAMP)


def ends(closed: Closed) -> Counter[tuple[int, int]]:
    """Return how many queries of each series each error ended."""
    ended = np.flatnonzero(closed.error >= 0)
    both, counts = np.unique(closed.series[ended] << 32 | closed.error[ended], return_counts=True)
    return Counter(
        {
            (one >> 32, one & 0xFFFFFFFF): count
            for one, count in zip(both.tolist(), counts.tolist(), strict=True)
        }
    )


def identifiers(parts: Participants, which: NDArray[np.int64]) -> NDArray[np.uint16]:
    """Return the identifiers of some participants, 0 for those of kinds that have none."""
    has = np.array([pair.has("identifier") for pair in pairs()])[parts.number[which]]
    found: NDArray[np.uint16] = np.where(
        has, parts.identity[which].astype(np.uint16).byteswap(), np.uint16(0)
    )
    return found


def times_of(batch: Batch, parts: Participants, which: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Return the three times of Timestamp messages, shape (n, 3); all UNKNOWN where they were cut off."""
    times = np.full((len(which), 3), UNKNOWN, np.uint32)
    there = np.flatnonzero(parts.captured[which] >= HEADER + times.itemsize * 3)
    words = batch.octets[parts.start[which[there]][:, None] + HEADER + np.arange(12)]
    times[there] = words.view(">u4")
    return times


def differs(
    queries: NDArray[np.void], data: NDArray[np.uint64], sizes: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which answers differ from their queries, as far as the digests of their data are known."""
    known = (queries["digest"] != 0) & (data != 0)
    found: NDArray[np.bool_] = (queries["size"] != sizes) | (known & (queries["digest"] != data))
    return found


class AllSeries:
    """The series of a stream of batches, by number.

    Args:
        limit: how many are kept apart. Later ones share one for each pair, of hosts and identifier 0; those of a
            state that is adopted stay.

    Attributes:
        shared: queries and answers of series that are not kept apart.
        rows: what is known of each, dtype KNOWN; longer than there are series.
        counts: how often what happened, a column for each of :data:`dissector.kernel.tables.COUNTS`; likewise.
        top: the order of the latest query of each that has been answered, -1 for none; likewise.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._index = Index(WORDS, limit)
        self.shared = 0
        self.rows = np.zeros(0, KNOWN)
        self.counts = np.zeros((0, len(COUNTS)), np.int64)
        self.top = np.zeros(0, np.int64)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._index)

    def number(self, batch: Batch, parts: Participants, which: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of the series of some participants, and take down what is known of new ones."""
        keys = parts.series(which)
        numbers, new = self._index.number(keys)
        apart = len(new)
        beyond = np.flatnonzero(numbers < 0)
        if len(beyond):
            self.shared += len(beyond)
            together = np.zeros((len(beyond), WORDS), np.uint64)
            together[:, KIND] = keys[beyond, KIND] & ~_ANY
            numbers[beyond], first = self._index.number(together, more=len(pairs()))
            new = np.append(new, beyond[first])
        if len(new):
            which = which[new]
            rows = parts.rows[which]
            fresh = np.zeros(len(new), KNOWN)
            fresh["number"] = parts.number[which]
            fresh["version"] = versions(batch, rows)
            fresh["size"] = -1
            fresh["identifier"][:apart] = identifiers(parts, which[:apart])
            answers = parts.role[which] == ANSWER
            for name, sender in (("querier", ~answers), ("asked", answers)):
                octets = np.where(sender[:, None], batch.src[rows], batch.dst[rows])
                octets[apart:] = 0
                fresh[name] = np.ascontiguousarray(octets).view("V16").ravel()
            self._add(fresh)
        return numbers

    def _correct(self, batch: Batch, rows: NDArray[np.int64], numbers: NDArray[np.int64]) -> None:
        """Have series the hosts of some queries: an answer that came before may be from another one than was asked."""
        others = np.delete(self._index.keys[numbers], KIND, axis=1)
        # But for those that are counted together, which have none.
        apart = others.any(axis=1)
        for name, column in (("querier", batch.src), ("asked", batch.dst)):
            self.rows[name][numbers[apart]] = np.ascontiguousarray(column[rows[apart]]).view("V16").ravel()

    def _add(self, fresh: NDArray[np.void]) -> None:
        """Take in what is known of the series with the latest numbers."""
        count = len(self)
        begin = count - len(fresh)
        self.rows, self.counts, self.top = (grown(one, count) for one in (self.rows, self.counts, self.top))
        self.rows[begin:count], self.top[begin:count] = fresh, -1

    def ask(self, batch: Batch, parts: Participants, which: NDArray[np.int64]) -> NDArray[np.int64]:
        """Take in queries, in their order: how many, and the time and data of each series' first.

        Returns:
            The number of the series of each.
        """
        before = len(self)
        every = self.number(batch, parts, which)
        first = np.empty(len(which), np.int64)
        first = first[: kernel.exchange.ask(every.data, self.counts.data, first.data)]
        if not len(first):
            return every
        rows, numbers, which = self.rows, every[first], which[first]
        at = parts.rows[which]
        known = np.flatnonzero(numbers < before)
        if len(known):
            self._correct(batch, at[known], numbers[known])
        there = np.minimum(np.maximum(parts.captured[which] - HEADER, 0), SAMPLE)
        sample = np.zeros((len(which), SAMPLE), np.uint8)
        # Not np.unique, which imports numpy.ma.
        for size in (np.flatnonzero(np.bincount(there)[1:]) + 1).tolist():
            alike = np.flatnonzero(there == size)
            words = words_of(batch.octets, parts.start[which[alike]] + HEADER, size)
            sample[alike, :size] = words.view(np.uint8).reshape(len(words), -1)[:, :size]
        rows["first_ns"][numbers] = batch.time_ns[at]
        rows["size"][numbers] = batch.length[at] - HEADER
        rows["sampled"][numbers] = there
        rows["sample"][numbers] = sample.view(f"V{SAMPLE}").ravel()
        return every

    def count(self, name: str, numbers: NDArray[np.int64]) -> None:
        """Count what happened to some series, once for each time that one is named."""
        np.add.at(self.counts[:, COUNTS.index(name)], numbers, 1)

    def table(self) -> NDArray[np.void]:
        """Return what is known of all, dtype SERIES."""
        table = np.empty(len(self), SERIES)
        # Whole rows: field by field it takes four times as long.
        octets, known = table.view(np.uint8).reshape(len(self), SERIES.itemsize), KNOWN.itemsize
        octets[:, :known] = self.rows[: len(self)].view(np.uint8).reshape(len(self), known)
        octets[:, known:] = self.counts[: len(self)].view(np.uint8)
        return table

    def adopt(self, other: AllSeries, shift: int) -> NDArray[np.int64]:
        """Take in the series of what comes after, ``shift`` messages later; return the numbers here of those there."""
        theirs = other.rows[: len(other)]
        numbers, new = self._index.number(other._index.keys, more=len(other))
        self.shared += other.shared
        self._add(theirs[new])
        mine = self.rows[numbers]
        unsent = (mine["size"] < 0) & (theirs["size"] >= 0)
        for name in ("querier", "asked", "first_ns", "size", "sampled", "sample"):
            mine[name][unsent] = theirs[name][unsent]
        self.rows[numbers] = mine
        self.counts[numbers] += other.counts[: len(other)]
        top = other.top[: len(other)]
        self.top[numbers] = np.where(top >= 0, top + shift, self.top[numbers])
        return numbers
