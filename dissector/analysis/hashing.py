"""Numbers for what messages have in common: 64-bit hashes of whole columns, and dense numbers for hashes.

Two different things have the same hash once in 2**64 pairs of them; a capture with ten million open queries
has such a pair with a probability of three in a million.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Hashes: TypeAlias = NDArray[np.uint64]

# Odd numbers without pattern: the digits of the golden ratio and what splitmix64 makes of 1, 2, 3 …
FACTORS = tuple(
    np.uint64(number)
    for number in (
        0x9E3779B97F4A7C15,
        0x910A2DEC89025CC1,
        0xBEEB8DA1658EEC67,
        0xF893A2EEFB32555F,
        0x71C18690EE42C90B,
        0x71BB54D8D101B5B9,
        0xC34D0BFF90150281,
        0xE099EC6CD7363CA5,
    )
)
_SHIFT = np.uint64(32)
_MIX = np.uint64(0xD6E8FEB86659FD93)


def mix(values: Hashes) -> Hashes:
    """Spread every bit of some values over all bits, in place, one to one; return them."""
    for _ in range(2):
        values ^= values >> _SHIFT
        values *= _MIX
    values ^= values >> _SHIFT
    return values


def words_of(octets: NDArray[np.uint8], starts: NDArray[np.int64], size: int) -> NDArray[np.uint64]:
    """Return octets as 64-bit words, shape (n, words), little-endian, filled up with zeros.

    Args:
        octets: the octets, contiguous.
        starts: where each row's begin; ``size`` octets must be there.
        size: octets a row, at least 1.
    """
    view = np.ndarray((len(octets) - size + 1,), f"V{size}", octets, strides=(1,))
    gathered = view[starts].view(np.uint8).reshape(-1, size)
    if size % 8:
        gathered = np.concatenate([gathered, np.zeros((len(starts), -size % 8), np.uint8)], axis=1)
    return gathered.view(np.uint64)


def digest(octets: NDArray[np.uint8], starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> Hashes:
    """Return one hash for each of several stretches of octets, of their sizes too."""
    found = np.zeros(len(starts), np.uint64)
    for size in np.unique(sizes).tolist():
        rows = np.flatnonzero(sizes == size)
        value = np.full(len(rows), size, np.uint64)
        if size > 0:
            words = words_of(octets, starts[rows], size)
            for column in range(words.shape[1]):
                value = mix(value * FACTORS[0] + words[:, column])
        found[rows] = mix(value)
    return found


class Index:
    """Dense numbers, from 0 in the order of appearance, for 64-bit hashes: a hash table of whole columns.

    Attributes:
        hashes: what has been numbered, shape (n,).
    """

    def __init__(self) -> None:
        self._slots = np.full(1 << 12, -1, np.int64)
        self._all = np.zeros(1 << 11, np.uint64)
        self._count = 0

    def __len__(self) -> int:
        """Return how many there are."""
        return self._count

    @property
    def hashes(self) -> Hashes:
        """What has been numbered, by number."""
        return self._all[: self._count]

    def find(self, hashes: Hashes) -> NDArray[np.int64]:
        """Return the number of each hash, -1 for those that have none."""
        mask = np.uint64(len(self._slots) - 1)
        at = (hashes & mask).astype(np.int64)
        found = self._slots[at]
        # What is there and is something else: look in the next slot, until all have met their own or a free one.
        left = np.flatnonzero((found >= 0) & (self._all[found] != hashes))
        while len(left):
            at[left] = (at[left] + 1) & int(mask)
            next_found = self._slots[at[left]]
            found[left] = next_found
            left = left[(next_found >= 0) & (self._all[next_found] != hashes[left])]
        return found

    def number(self, hashes: Hashes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the number of each hash, and the rows in which new ones appeared, in the order of their numbers."""
        found = self.find(hashes)
        missing = np.flatnonzero(found < 0)
        if not len(missing):
            return found, missing
        values, first, inverse = np.unique(hashes[missing], return_index=True, return_inverse=True)
        order = np.argsort(first, kind="stable")
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        found[missing] = self._count + rank[inverse]
        self._add(values[order])
        return found, missing[first[order]]

    def _add(self, hashes: Hashes) -> None:
        """Number hashes that are new, each once."""
        count = self._count + len(hashes)
        if count > len(self._all):
            self._all = np.concatenate([self._all, np.zeros(max(count, len(self._all)), np.uint64)])
        self._all[self._count : count] = hashes
        numbers = np.arange(self._count, count)
        self._count = count
        if 4 * count > len(self._slots):
            self._slots = np.full(1 << (4 * count).bit_length(), -1, np.int64)
            numbers = np.arange(count)
        self._place(numbers)

    def _place(self, numbers: NDArray[np.int64]) -> None:
        """Put numbers into free slots."""
        mask = len(self._slots) - 1
        at = (self._all[numbers] & np.uint64(mask)).astype(np.int64)
        while len(numbers):
            free = self._slots[at] < 0
            self._slots[at[free]] = numbers[free]
            # Of several that wanted the same slot the last one written has it.
            left = self._slots[at] != numbers
            numbers, at = numbers[left], (at[left] + 1) & mask
