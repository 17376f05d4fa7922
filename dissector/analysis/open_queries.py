"""The queries that may still be answered: a ring of columns, and a hash table of their keys."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from dissector import kernel
from dissector.analysis.hashing import SECRETS, slots_for
from dissector.kernel import tables
from dissector.kernel.tables import KIND, QUERY, WIDE, WORDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

OPEN = np.dtype([(name, np.uint64 if name in {"digest", "loose"} else np.int64) for name in tables.OPEN])
"""A query that may still be answered: ``series`` is its number; ``order`` counts messages from 0; ``digest`` is that
of its data, which had ``size`` octets; ``loose`` its key without identifier but with the data, 0 where these are too
few; ``error`` is the number of the error that ended it, see :mod:`dissector.analysis.reporters`, -1 for none."""

COLUMNS = ("rows", "come", "answerer", "_key", "_marks")
"""What :class:`Open` has a value of for each query."""
LINE = 64
"""Octets that come from memory at once."""


class Open:
    """The queries that may still be answered, in their order: a hash table of their keys beside their columns.

    The columns are rings: a query comes in behind the last one, in place of one whose time is over. Its *place* counts
    all queries that ever were open.

    Attributes:
        head, tail: the places where they begin and end.
        rows: what is known of each, dtype OPEN; see :meth:`at`.
        come: what has come to each: bits ``1 << role``.
        answerer: who answered each first, as a key has who is asked, where others may answer too.
    """

    def __init__(self) -> None:
        self.head = self.tail = 0
        self.rows = np.zeros(1, OPEN)
        self.come = np.zeros(1, np.uint8)
        self.answerer = np.zeros((1, 2), np.uint64)
        self._key = np.zeros((1, WORDS), np.uint64)
        self._marks = np.zeros(1, np.uint32)
        self._slots = slots_for(0)
        self._secrets = SECRETS
        self._widened = np.zeros((1, WORDS), np.uint64)

    def __len__(self) -> int:
        """Return how many there are."""
        return self.tail - self.head

    @property
    def time_ns(self) -> NDArray[np.int64]:
        """When each was asked."""
        column: NDArray[np.int64] = self.rows["time_ns"]
        return column

    @property
    def table(self) -> NDArray[np.int64]:
        """The same as ``rows``, as kernels have it: a column for each name in :data:`dissector.kernel.tables.OPEN`."""
        return self.rows.view(np.int64).reshape(len(self.rows), -1)

    @property
    def keys(self) -> NDArray[np.uint64]:
        """The key of each."""
        return self._key

    def at(self, place: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where in the columns the queries of some places stand."""
        return place & len(self.rows) - 1

    def since(self, place: int, end: int | None = None) -> NDArray[np.int64]:
        """Return where those from a place on stand, up to another place or to the last one."""
        return self.at(np.arange(place, self.tail if end is None else end))

    def room(self, count: int) -> None:
        """Make room for so many more."""
        size = 1 << (len(self) + count).bit_length()
        if size <= len(self.rows):
            return
        old = len(self.rows)
        for name in COLUMNS:
            column = getattr(self, name)
            larger = lines((size, *column.shape[1:]), column.dtype)
            begin = self.head
            while begin < self.tail:
                # To the end of the ring as it was: so far they stand one behind the other in both.
                end = min((begin | old - 1) + 1, self.tail)
                larger[begin & size - 1 :][: end - begin] = column[begin & old - 1 :][: end - begin]
                begin = end
            setattr(self, name, larger)
        # They can be half full at most.
        self._slots = slots_for(size // 2)
        self._place(self.head)

    def _place(self, first: int) -> None:
        kernel.pair.place(
            self._secrets.data, self._slots.data, self._key.data, self._marks.data, first, self.tail
        )  # fmt: skip

    def pair(
        self,
        role: NDArray[np.uint8],
        time_ns: NDArray[np.int64],
        key: NDArray[np.uint64],
        wide: NDArray[np.uint8],
        reach_ns: int,
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Put queries in and find those of responses; see :func:`dissector.kernel.pair.pair`."""
        self.room(int(np.count_nonzero(role == QUERY)))
        found, first = np.empty(len(role), np.int64), np.zeros(len(role), np.bool_)
        self.tail = kernel.pair.pair(
            role.data, time_ns.data, key.data, wide.data, self._widened.data, self._secrets.data, reach_ns,
            self._slots.data, self._key.data, self._marks.data, self.table.data, self.come.data, self.tail,
            found.data, first.view(np.uint8).data,
        )  # fmt: skip
        return found, first

    def find(self, key: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return the place of the latest query of each key, -1 for none."""
        found = np.empty(len(key), np.int64)
        if len(key):
            kernel.pair.find(
                key.data, self._secrets.data, self._slots.data, self._key.data, found.data
            )  # fmt: skip
        return np.where(found < 0, -1, self.tail - 1 - self.at(self.tail - 1 - found))

    def by_others(
        self, place: NDArray[np.int64], answerer: NDArray[np.uint64], first: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Return which answers are by another host than the one that answered their query first.

        Only queries to many have such answers. Who answers first is taken down.

        Args:
            place: the query of each.
            answerer: who sent each, as a key has who is asked.
            first: which are the first to their query.
        """
        at = self.at(place)
        self.answerer[at[first]] = answerer[first]
        found: NDArray[np.bool_] = self.to_many(place) & (self.answerer[at] != answerer).any(axis=1)
        return found

    def to_many(self, place: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which queries others than the one asked may answer."""
        many: NDArray[np.bool_] = self._key[self.at(place), KIND] >= WIDE
        return many

    def add(self, other: Open) -> None:
        """Take in other queries, which come after all that are here."""
        self.room(len(other))
        begin, self.tail = self.tail, self.tail + len(other)
        here, there = self.since(begin), other.since(other.head)
        for name in COLUMNS:
            getattr(self, name)[here] = getattr(other, name)[there]
        self._place(begin)

    def left(self, end: int) -> NDArray[np.void]:
        """Return those before a place that no answer has come to."""
        return self.rows[self.unanswered(self.head, end)]

    def unanswered(self, begin: int, end: int) -> NDArray[np.int64]:
        """Return where those stand from a place on, up to another place, that no answer has come to."""
        found = np.empty(end - begin, np.int64)
        return found[: kernel.exchange.unanswered(self.come.data, begin, end, found.data)]

    def over(self, before: int) -> int:
        """Return where those begin that were asked from a time on."""
        return int(kernel.pair.over(self.table.data, self.head, self.tail, before))

    def leave(self, end: int) -> None:
        """Take out those before a place."""
        kernel.pair.leave(self._slots.data, self._marks.data, self.head, end)
        self.head = end


def lines(shape: tuple[int, ...], kind: np.dtype[Any]) -> NDArray[Any]:
    """Return zeros that begin where a line of the processor's cache does, so that rows of 64 octets are one each."""
    octets = np.zeros(math.prod(shape) * kind.itemsize + LINE, np.uint8)
    begin = -octets.ctypes.data % LINE
    return octets[begin : begin + len(octets) - LINE].view(kind).reshape(shape)
