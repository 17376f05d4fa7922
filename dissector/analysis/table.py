"""Rows that are told apart by a key and put together where the key is the same: what analyses keep.

Strategy: new rows are only laid by. When there are as many as the table has, all are sorted by a hash of their
keys and reduced at once, so that no Python runs for any of them and each is sorted a few times at most. Rows
stay in the order in which their keys first came, and the table has room for so many keys: later ones are counted
and not kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dissector.analysis.hashing import FACTORS, mix

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

AT_LEAST = 1 << 16
"""So many new rows are laid by before they are put in."""
REDUCTIONS = {"count": np.add, "least": np.minimum, "most": np.maximum}
"""How the values of one key become one; ``first`` and ``last`` take those of the first and the last row."""


class Table:
    """Keys of some 64-bit words, each with some values.

    Args:
        words: 64-bit words of a key.
        rules: for each value, how several become one: ``count``, ``least``, ``most``, ``first``, ``last``. A
            value ``count`` by the rule of the same name must be among them: how many there were.
        limit: how many keys are kept.

    Attributes:
        keys: the keys, shape (n, words), uint64, in the order of their first rows.
        values: for each name a column, int64.
        refused: how many were not kept: the sum of their ``count``.
    """

    def __init__(self, words: int, rules: Mapping[str, str], limit: int) -> None:
        self.rules = dict(rules)
        self.limit = limit
        self._refused = 0
        self._keys = np.zeros((0, words), np.uint64)
        self._values = {name: np.zeros(0, np.int64) for name in rules}
        self._new: list[tuple[NDArray[np.uint64], Mapping[str, NDArray[Any]]]] = []
        self._waiting = 0

    def add(self, keys: NDArray[np.uint64], values: Mapping[str, NDArray[Any]]) -> None:
        """Put rows in, which come after all that are there."""
        if len(keys):
            self._new.append((keys, values))
            self._waiting += len(keys)
        if self._waiting >= max(AT_LEAST, len(self._keys)):
            self.settle()

    def merge(self, other: Table) -> None:
        """Put in the rows of a table of what comes after; that one is left as it is."""
        other.settle()
        self.add(other._keys, other._values)
        self._refused += other._refused

    def replaced(self, keys: NDArray[np.uint64], values: Mapping[str, NDArray[Any]]) -> Table:
        """Return a table with other keys and values, a row for each of this one's, that refused as many."""
        table = Table(keys.shape[1], self.rules, self.limit)
        table.add(keys, values)
        table._refused = self.refused
        return table

    @property
    def refused(self) -> int:
        """How many were not kept."""
        self.settle()
        return self._refused

    @property
    def keys(self) -> NDArray[np.uint64]:
        """The keys."""
        self.settle()
        return self._keys

    @property
    def values(self) -> dict[str, NDArray[np.int64]]:
        """The values."""
        self.settle()
        return self._values

    def settle(self) -> None:
        """Put in what was laid by."""
        if not self._new:
            return
        keys = np.concatenate([self._keys, *(new for new, _ in self._new)])
        values = {
            name: np.concatenate([self._values[name], *(new[name] for _, new in self._new)])
            for name in self.rules
        }
        self._new, self._waiting = [], 0
        order, starts = grouped(keys)
        ends = np.append(starts[1:], len(order)) - 1
        # In the order of their first rows; a group's rows are in their order within the sort, which is stable.
        arrival = np.argsort(order[starts], kind="stable")
        self._keys = keys[order[starts[arrival]]]
        for name, rule in self.rules.items():
            column = values[name][order]
            if rule in REDUCTIONS:
                reduced = REDUCTIONS[rule].reduceat(column, starts) if len(starts) else column
            else:
                reduced = column[starts if rule == "first" else ends]
            self._values[name] = reduced[arrival].astype(np.int64, copy=False)
        if len(self._keys) > self.limit:
            self._refused += int(self._values["count"][self.limit :].sum())
            self._keys = self._keys[: self.limit].copy()
            self._values = {name: column[: self.limit].copy() for name, column in self._values.items()}


def grouped(keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the order that puts equal keys together, and where in it each group starts.

    Rows of equal keys stay in their order.

    Args:
        keys: shape (n, words).
    """
    hashes = np.zeros(len(keys), np.uint64)
    for column in range(keys.shape[1]):
        hashes ^= keys[:, column]
        hashes *= FACTORS[0]
        hashes ^= hashes >> np.uint64(32)
    # Sorting numbers is many times as fast as sorting places by them: so each has its place in its low bits.
    bits = np.uint64(len(keys).bit_length())
    hashes = mix(hashes) >> bits << bits
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
