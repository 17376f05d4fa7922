"""Values as pages of Parquet: runs of one value, indices of a dictionary, differences.

Strategy: a kernel writes numbers in as few bits as hold them (:mod:`dissector.kernel.page`). What is one value all
along is not looked at one by one; an array whose elements are all the same memory tells so at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dissector import kernel
from dissector.export.thrift import varint

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALL = kernel.page.SMALL
"""Numbers that may have a dictionary are less."""
WORD = 4
"""Octets of the smallest number that Parquet has."""
FEW = 1 << 8
"""Distinct numbers with which a column begins to have a dictionary, at most."""


class Distinct:
    """The distinct numbers of a column, numbered as they come: its dictionary.

    Attributes:
        count: how many there are.
    """

    def __init__(self) -> None:
        self.count = 0
        self._known = np.full(SMALL, -1, np.int32)
        self._numbers = np.zeros(SMALL, np.int64)

    @property
    def numbers(self) -> NDArray[np.int64]:
        """They themselves, by place."""
        return self._numbers[: self.count]

    def places(self, values: NDArray[Any]) -> NDArray[np.int64] | None:
        """Return the place of each number in the dictionary; None where one is too large for it."""
        found = np.empty(len(values), np.int64)
        octets = np.ascontiguousarray(values).view(np.uint8)
        count = kernel.page.learn(
            octets.data, values.itemsize, self._known.data, self._numbers.data, self.count, found.data
        )
        self.count = count if count >= 0 else -count - 1
        return found if count >= 0 else None

    def forget(self) -> None:
        """Begin anew."""
        self._known[self.numbers] = -1
        self.count = 0


def constant(values: NDArray[Any]) -> bool:
    """Return whether there are values, and all are one."""
    if not len(values):
        return False
    if values.strides[0] == 0:
        return True
    if values[0] != values[-1] or values[0] != values[len(values) // 2]:
        return False
    return bool((values == values[0]).all())


def levels(missing: NDArray[np.bool_] | None, rows: int, *, there: bool = True) -> bytes:
    """Return which rows have values (definition levels), with their length before them."""
    if missing is None:
        runs = varint(rows << 1) + bytes((there,))
    else:
        bits = np.packbits(~missing, bitorder="little")
        runs = varint(len(bits) << 1 | 1) + bits.tobytes()
    return len(runs).to_bytes(4, "little") + runs


def width(count: int) -> int:
    """Return the bits of an index of so many values."""
    return max((count - 1).bit_length(), 1)


def run(index: int, rows: int, count: int) -> bytes:
    """Return one index of so many, for some rows, with its width before it."""
    bits = width(count)
    return bytes((bits,)) + varint(rows << 1) + index.to_bytes((bits + 7) // 8, "little")


def indices(places: NDArray[np.integer], count: int) -> bytes:
    """Return indices of a dictionary of so many values, with their width before them."""
    out = np.empty(kernel.page.room(len(places)), np.uint8)
    end = kernel.page.indices(_words(places).data, width(count), out.data)
    return out[:end].tobytes()


def differences(values: NDArray[Any]) -> bytes:
    """Return numbers as differences (DELTA_BINARY_PACKED)."""
    if not len(values):
        return _NO_DIFFERENCES
    # As the format has it, differences are of 32 bits where the values are, beyond their ends too.
    signed = (
        values.astype(np.int32, copy=False) if values.itemsize < WORD else values.view(f"i{values.itemsize}")
    )
    out = np.empty(kernel.page.room(len(values)), np.uint8)
    end = kernel.page.differences(int(signed[0]), _words(signed[1:] - signed[:-1]).data, out.data)
    return out[:end].tobytes()


def _words(values: NDArray[Any]) -> NDArray[np.int64]:
    """Return numbers as words of 64 bits."""
    return np.ascontiguousarray(values, np.int64)


_NO_DIFFERENCES = bytes((0x80, 1, 4, 0, 0))
"""128 differences a block in 4 pieces, no value, and the first one is 0."""
