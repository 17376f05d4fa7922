"""Numbers for what messages have in common: 64-bit hashes of whole columns, and dense numbers for keys.

Numbers of keys are exact: keys are compared as they are. Two different stretches of data have the same digest once
in 2**64 pairs of them.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from dissector import kernel

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


SECRETS = np.frombuffer(secrets.token_bytes(8 * 16), np.uint64) | np.uint64(1)
"""Factors for the words of keys that nobody can know who sends packets."""


def spread(keys: NDArray[np.uint64]) -> Hashes:
    """Return a number for each row of words, to be mixed to a hash; they differ from one run to the next.

    A word that is 0 adds nothing, so that those that all keys have empty cost nothing.
    """
    hashes = np.zeros(len(keys), np.uint64)
    for factor, word in zip(SECRETS, keys.T, strict=False):
        if word.any():
            product = word * factor
            hashes += product ^ product >> _SHIFT
    return hashes


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
    """Dense numbers, from 0 in the order of appearance, for keys of whole words: see :mod:`dissector.kernel.pair`.

    Args:
        words: 64-bit words of a key.
        limit: how many keys have numbers.
    """

    def __init__(self, words: int = 1, limit: int = 1 << 62) -> None:
        self.limit = limit
        self._slots = np.full(1 << 10, -1, np.int64)
        self._keys = np.zeros((1 << 9, words), np.uint64)
        self._count = 0
        # With the state, so that it can go to another process.
        self._secrets = SECRETS

    def __len__(self) -> int:
        """Return how many there are."""
        return self._count

    @property
    def keys(self) -> NDArray[np.uint64]:
        """What has been numbered, by number, shape (n, words)."""
        return self._keys[: self._count]

    def find(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return the number of each key, -1 for those that have none."""
        return self._numbered(keys, self._count)

    def number(self, keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the number of each key, and the rows in which new ones appeared, in the order of their numbers.

        Beyond the limit a new key has no number: -1.
        """
        before = self._count
        self._room(min(before + len(keys), max(self.limit, before)))
        numbers = self._numbered(keys, self.limit)
        fresh = np.flatnonzero(numbers >= before)
        new = np.empty(self._count - before, np.int64)
        # Of several rows of a key the first is written last, and stays.
        new[numbers[fresh[::-1]] - before] = fresh[::-1]
        return numbers, new

    def _numbered(self, keys: NDArray[np.uint64], limit: int) -> NDArray[np.int64]:
        numbers = np.empty(len(keys), np.int64)
        keys = np.ascontiguousarray(keys).reshape(len(keys), self._keys.shape[1])
        if len(keys):
            self._count = kernel.pair.number(
                keys.data, self._secrets.data, self._slots.data, self._keys.data,
                0, self._count, limit, numbers.data,
            )  # fmt: skip
        return numbers

    def _room(self, count: int) -> None:
        """Make room for so many keys: twice as many slots, and more."""
        if count > len(self._keys):
            self._keys = grown(self._keys, count)
        if 2 * count >= len(self._slots):
            self._slots = slots_for(count)
            kernel.pair.place(self._secrets.data, self._slots.data, self._keys.data, 0, 0, self._count)


def slots_for(count: int) -> NDArray[np.int64]:
    """Return free slots, enough for so many keys and for as many again before there are to be more."""
    return np.full(1 << (4 * count).bit_length(), -1, np.int64)


def grown(table: NDArray[Any], count: int) -> NDArray[Any]:
    """Return a table with room for so many rows: itself, or a copy twice as long."""
    if count <= len(table):
        return table
    larger = np.zeros((max(count, 2 * len(table)), *table.shape[1:]), table.dtype)
    larger[: len(table)] = table
    return larger
