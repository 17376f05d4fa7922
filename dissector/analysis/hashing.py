"""Numbers for what messages have in common: 64-bit hashes of whole columns, and dense numbers for keys.

Numbers of keys are exact: keys are compared as they are.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from dissector import kernel
from dissector.kernel.tables import MIX

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
_MIX = np.uint64(MIX)


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


NONE = np.zeros(0, np.int64)
MOST = 1 << 31
"""Keys that a table can have."""
LEAST_SLOTS = 1 << 10


class Groups(NamedTuple):
    """What keys have in common of which there may be so many.

    Attributes:
        group: the number of each key's group, -1 for none: such a key gets no number.
        members: how many keys each group has, by its number; counted on.
        each: how many it may have.
    """

    group: NDArray[np.int64]
    members: NDArray[np.int64]
    each: int


class Index:
    """Dense numbers, from 0 in the order of appearance, for keys of whole words: see :mod:`dissector.kernel.pair`.

    Args:
        words: 64-bit words of a key.
        limit: how many keys have numbers.
    """

    def __init__(self, words: int = 1, limit: int = MOST) -> None:
        self.limit = limit
        self._slots = slots_for(0)
        self._keys = np.zeros((0, words), np.uint64)
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
        numbers, keys = self._shaped(keys)
        if len(keys):
            kernel.pair.find(
                keys.data, self._secrets.data, self._slots.data, self._keys.data, numbers.data
            )  # fmt: skip
        return numbers

    def place(
        self, keys: NDArray[np.uint64], *, more: int = 0, groups: Groups | None = None
    ) -> NDArray[np.int64]:
        """Return the number of each key; new ones get the next, in their order.

        Beyond the limit, and so many more, a new key has no number: -1. Nor has one of a group that has its most.
        """
        before, limit = self._count, self.limit + more
        self._room(min(before + len(keys), max(limit, before)))
        numbers, keys = self._shaped(keys)
        if len(keys):
            group, members, each = (NONE, NONE, 0) if groups is None else groups
            self._count = kernel.pair.number(
                keys.data, self._secrets.data, self._slots.data, self._keys.data,
                self._count, limit, group.data, members.data, each, numbers.data,
            )  # fmt: skip
        return numbers

    def number(
        self, keys: NDArray[np.uint64], *, more: int = 0, groups: Groups | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the number of each key, and the rows in which new ones appeared, in the order of their numbers.

        As for :meth:`place`.
        """
        before = self._count
        numbers = self.place(keys, more=more, groups=groups)
        fresh = np.flatnonzero(numbers >= before)
        new = np.empty(self._count - before, np.int64)
        # Of several rows of a key the first is written last, and stays.
        new[numbers[fresh[::-1]] - before] = fresh[::-1]
        return numbers, new

    def _shaped(self, keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        """Return room for the numbers of keys, and these as rows of words."""
        shaped = np.ascontiguousarray(keys).reshape(len(keys), self._keys.shape[1])
        return np.empty(len(keys), np.int64), shaped

    def _room(self, count: int) -> None:
        """Make room for so many keys: twice as many slots, and more."""
        self._keys = grown(self._keys, count)
        if 2 * count >= len(self._slots):
            before, self._slots = self._slots, slots_for(count)
            kernel.pair.spread(before.data, self._slots.data)


def slots_for(count: int) -> NDArray[np.uint64]:
    """Return free slots, a power of two, enough for so many keys and for some more before there are to be more."""
    return np.full(max(1 << (3 * count).bit_length(), LEAST_SLOTS), kernel.pair.FREE, np.uint64)


def grown(table: NDArray[Any], count: int) -> NDArray[Any]:
    """Return a table with room for so many rows: itself, or a copy four times as long.

    Rows that nobody has written to are no memory yet, but copies are.
    """
    if count <= len(table):
        return table
    larger = np.zeros((max(count, 4 * len(table)), *table.shape[1:]), table.dtype)
    larger[: len(table)] = table
    return larger
