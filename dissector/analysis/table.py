"""Rows that are told apart by a key and put together where the key is the same: what analyses keep.

Strategy: an index numbers the keys in the order in which they first came, and a row's values go straight to where
its key's are. The table has room for so many keys: what has later ones is counted and not kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dissector import kernel
from dissector.analysis.hashing import Index, grown, mix, spread
from dissector.kernel.tables import RULES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


class Table:
    """Keys of some 64-bit words, each with some values.

    Args:
        words: 64-bit words of a key.
        rules: for each value, how several become one: ``count``, ``least``, ``most``, ``first``, ``last``. A
            value ``count`` by the rule of the same name must be among them: how many there were.
        limit: how many keys are kept.

    Attributes:
        refused: how many were not kept: the sum of their ``count``.
    """

    def __init__(self, words: int, rules: Mapping[str, str], limit: int) -> None:
        self.rules = dict(rules)
        self.limit = limit
        self.refused = 0
        self._index = Index(words, limit)
        self._how = np.array([RULES.index(rule) for rule in rules.values()], np.uint8)
        self._rows = np.zeros((0, len(rules)), np.int64)
        self._count = list(rules).index("count")

    def __len__(self) -> int:
        """Return how many keys there are."""
        return len(self._index)

    @property
    def keys(self) -> NDArray[np.uint64]:
        """The keys, shape (n, words), in the order of their first rows."""
        return self._index.keys

    @property
    def values(self) -> dict[str, NDArray[np.int64]]:
        """For each name a column, a value for each key."""
        return {name: self._rows[: len(self), place] for place, name in enumerate(self.rules)}

    def add(self, keys: NDArray[np.uint64], values: Mapping[str, NDArray[Any]]) -> NDArray[np.int64]:
        """Put rows in, which come after all that are there; return the number of the key of each, -1 for none."""
        rows = np.empty((len(keys), len(self.rules)), np.int64)
        for place, name in enumerate(self.rules):
            rows[:, place] = values[name]
        return self.take(keys, rows)

    def take(self, keys: NDArray[np.uint64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Do as :meth:`add` does, of values that are rows, in the order of the rules."""
        before = len(self)
        numbers = self._index.place(keys)
        self._rows = grown(self._rows, len(self))
        if len(rows):
            kernel.fold.reduce(numbers.data, before, rows.data, self._how.data, self._rows.data)
        if len(self) == self.limit:
            self.refused += int(rows[numbers < 0, self._count].sum())
        return numbers

    def merge(self, other: Table) -> NDArray[np.int64]:
        """Put in the rows of a table of what comes after, which is left as it is; return the numbers of its keys."""
        numbers = self.add(other.keys, other.values)
        self.refused += other.refused
        return numbers

    def kept(self, which: NDArray[np.bool_]) -> Table:
        """Return a table of some of its rows."""
        return self.replaced(self.keys[which], {name: column[which] for name, column in self.values.items()})

    def replaced(self, keys: NDArray[np.uint64], values: Mapping[str, NDArray[Any]]) -> Table:
        """Return a table with other keys and values, a row for each of this one's, that refused as many."""
        table = Table(keys.shape[1], self.rules, self.limit)
        table.add(keys, values)
        table.refused = self.refused
        return table


def grouped(keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the order that puts equal keys together, and where in it each group starts.

    Rows of equal keys stay in their order.

    Args:
        keys: shape (n, words).
    """
    # Sorting numbers is many times as fast as sorting places by them: so each has its place in its low bits.
    bits = np.uint64(len(keys).bit_length())
    hashes = mix(spread(keys)) >> bits << bits
    hashes |= np.arange(len(keys), dtype=np.uint64)
    hashes.sort()
    order = (hashes & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64)
    hashes >>= bits
    changes = _changes(keys[order])
    if (changes[1:] & (hashes[1:] == hashes[:-1])).any():
        # Different keys of one hash: rare by chance, or somebody made them so.
        order = np.lexsort(keys.T)
        changes = _changes(keys[order])
    return order, np.flatnonzero(changes)


def _changes(keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Return which keys differ from the one before."""
    changes = np.ones(len(keys), np.bool_)
    if len(keys):
        changes[1:] = (keys[1:] != keys[:-1]).any(axis=1)
    return changes
