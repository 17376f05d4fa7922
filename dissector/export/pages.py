"""Values as pages of Parquet: constants, indices of a dictionary, differences.

Strategy: everything is done on whole columns. What the format calls bit-packing is, with 8, 16 or 32 bits a value, the
memory of an array; and differences (DELTA_BINARY_PACKED) of as many octets as the largest needs are that, too, with a
few octets before each 128 of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dissector.export.thrift import varint

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK, MINIBLOCKS = 128, 4
"""Differences in a block, and the pieces that it has: what every reader knows."""
PIECE = BLOCK // MINIBLOCKS
SMALL = 1 << 16
"""Numbers that may have a dictionary are less."""
FEW = 1 << 8
"""Distinct numbers with which a column begins to have a dictionary, at most."""


class Distinct:
    """The distinct numbers of a column, numbered as they come: its dictionary."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self._places = np.full(SMALL, -1, np.int32)

    def places(self, values: NDArray[Any]) -> NDArray[np.int32] | None:
        """Return the place of each number in the dictionary; None where one is too large for it."""
        if values.dtype.itemsize > 2 and (int(values.min()) < 0 or int(values.max()) >= SMALL):  # noqa: PLR2004 - octets
            return None
        found: NDArray[np.int32] = self._places[values]
        if int(found.min()) < 0:
            new = np.flatnonzero(np.bincount(values[found < 0].astype(np.int64)))
            self._places[new] = np.arange(len(self.numbers), len(self.numbers) + len(new))
            self.numbers += new.tolist()
            found = self._places[values]
        return found

    def forget(self) -> None:
        """Begin anew."""
        self._places[self.numbers] = -1
        self.numbers = []


def constant(values: NDArray[Any]) -> bool:
    """Return whether all values are one."""
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


def indices(values: NDArray[Any], count: int) -> bytes:
    """Return indices of a dictionary of so many values, with their width before them."""
    width = 1 if count <= 1 << 8 else 2 if count <= 1 << 16 else 4
    if not len(values):
        return bytes((width * 8,))
    if constant(values):
        return bytes((width * 8,)) + varint(len(values) << 1) + int(values[0]).to_bytes(width, "little")
    # Bit-packed values come in eights; those that fill up the last are not looked at.
    eights = (len(values) + 7) // 8
    body = values.astype(f"<u{width}", copy=False).tobytes().ljust(eights * 8 * width, b"\0")
    return bytes((width * 8,)) + varint(eights << 1 | 1) + body


def differences(values: NDArray[Any]) -> bytes:
    """Return numbers of 32 or 64 bits, signed, as differences (DELTA_BINARY_PACKED)."""
    first = int(values[0]) if len(values) else 0
    head = varint(BLOCK) + varint(MINIBLOCKS) + varint(len(values)) + _zigzag(first)
    steps = values[1:] - values[:-1]
    if not len(steps):
        return head
    least = steps.min()
    # As the format has it, differences are those of the type, beyond its ends too.
    steps -= least
    over = steps.view(f"<u{steps.itemsize}")
    width = (int(over.max()).bit_length() + 7) // 8
    blocks, rest = divmod(len(over), BLOCK)
    pieces = (rest + PIECE - 1) // PIECE
    octets = np.zeros(((blocks + 1) * BLOCK, width), np.uint8)
    octets[: len(over)] = over.view(np.uint8).reshape(len(over), over.itemsize)[:, :width]
    before = np.frombuffer(_zigzag(int(least)), np.uint8)
    whole = np.empty((blocks, len(before) + MINIBLOCKS + BLOCK * width), np.uint8)
    whole[:, : len(before)] = before
    whole[:, len(before) : len(before) + MINIBLOCKS] = width * 8
    whole[:, len(before) + MINIBLOCKS :] = octets[: blocks * BLOCK].reshape(blocks, BLOCK * width)
    last = b""
    if rest:
        last = before.tobytes() + bytes((width * 8,)) * pieces + bytes(MINIBLOCKS - pieces)
        last += octets[blocks * BLOCK : blocks * BLOCK + pieces * PIECE].tobytes()
    return head + whole.tobytes() + last


def _zigzag(value: int) -> bytes:
    """Return a signed number, small ones of either sign in few octets."""
    return varint(value << 1 if value >= 0 else (-value << 1) - 1)
