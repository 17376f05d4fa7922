"""What came again and again, a row a second, as far as that can matter: memory does not grow with repetitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dissector import kernel
from dissector.analysis.hashing import Groups, Index, grown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

VALUES = ("count", "first_ns", "frame")
"""The values of a row: how many messages, when the first one came, and the least of their frames."""
SECOND = 1_000_000_000


class Moments:
    """Keys of some 64-bit words, and when they came.

    Args:
        words: 64-bit words of a key.
        group: returns the groups of some keys: rows of words.
        limit: how many keys are kept.
        members: how many of one group.
        repeats: how many rows of one key; the last one has all that come later.

    Attributes:
        refused: messages whose keys were not kept.
    """

    def __init__(
        self,
        words: int,
        group: Callable[[NDArray[np.uint64]], NDArray[np.uint64]],
        *,
        limit: int,
        members: int,
        repeats: int,
    ) -> None:
        self.limit, self.members, self.repeats = limit, members, repeats
        self.refused = 0
        self._index = Index(words, limit)
        self._group = group
        self._groups = Index(group(self._index.keys).shape[1], limit)
        self._members = np.zeros(0, np.int64)
        self._latest = np.zeros((0, 3), np.int64)
        self._owner = np.zeros(0, np.int64)
        self._rows = np.zeros((0, len(VALUES)), np.int64)
        self._count = 0

    def __len__(self) -> int:
        """Return how many rows there are."""
        return self._count

    @property
    def distinct(self) -> NDArray[np.uint64]:
        """The keys, in the order in which they first came."""
        return self._index.keys

    @property
    def owner(self) -> NDArray[np.int64]:
        """The place in :attr:`distinct` of each row's key; rows are in the order of their first messages."""
        return self._owner[: self._count]

    @property
    def keys(self) -> NDArray[np.uint64]:
        """The key of each row."""
        return self.distinct[self.owner]

    @property
    def values(self) -> dict[str, NDArray[np.int64]]:
        """For each name a column, a value for each row."""
        return {name: self._rows[: self._count, place] for place, name in enumerate(VALUES)}

    def add(self, keys: NDArray[np.uint64], values: Mapping[str, NDArray[np.int64]]) -> None:
        """Put messages in, or rows of what comes after."""
        if not len(keys):
            return
        numbers = self._index.find(keys)
        new = np.flatnonzero(numbers < 0)
        if len(new):
            group, _ = self._groups.number(self._group(keys[new]))
            self._members = grown(self._members, len(self._groups))
            members = Groups(group, self._members, self.members)
            numbers[new], _ = self._index.number(keys[new], groups=members)
        self._latest = grown(self._latest, len(self._index))
        rows = np.column_stack([values[name] for name in VALUES])
        self._owner = grown(self._owner, self._count + len(rows))
        self._rows = grown(self._rows, self._count + len(rows))
        self._count = kernel.fold.moments(
            numbers.data, (values["first_ns"] // SECOND).data, rows.data, self.repeats, self._latest.data,
            self._owner.data, self._rows.data, self._count,
        )  # fmt: skip
        self.refused += int(rows[numbers < 0, 0].sum())
