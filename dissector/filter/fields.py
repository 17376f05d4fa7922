"""One field of many headers or messages at once."""

from __future__ import annotations

from functools import cache
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any

import numpy as np

from dissector import kernel
from dissector.columns import extract
from dissector.layout import Layout
from dissector.layout.field import NO_DEFAULT, Field

if TYPE_CHECKING:
    from numpy.typing import NDArray


WORD = 8
"""Octets of the widest number that NumPy has."""
SIZES = {1: np.uint8, 2: np.uint16, 4: np.uint32}
"""The type of numbers by their octets; others have WORD octets."""
PLAIN: dict[type, type[np.generic] | None] = {int: None, bool: np.bool_, IPv4Address: np.uint32}
"""What is read as a number, and its type; None where that depends on its octets."""


def bare(name: str, bits: int, offset: int, as_: type = int) -> Field:
    """Return a field without texts."""
    return Field(name, bits, offset, "", as_, "", 1, False, False, False, {}, "", NO_DEFAULT)


@cache
def cover(bits: int, offset: int, as_: type, scale: int, signed: bool) -> Layout:
    """Return a layout of whole octets with one field in it, ``value``, so many bits from their start."""
    after = -(offset + bits) % 8
    fields = [bare("before", offset, 0)] if offset else []
    fields.append(bare("value", bits, offset, as_)._replace(scale=scale, signed=signed))
    if after:
        fields.append(bare("after", after, offset + bits))
    return Layout("a field", tuple(fields), None, ())


def read(octets: NDArray[np.uint8], starts: NDArray[np.int64], field: Field) -> NDArray[Any]:
    """Return one field of shapes that begin at some offsets, as :func:`dissector.columns.extract` returns it."""
    first, offset = divmod(field.offset, 8)
    size = (offset + field.bits + 7) // 8
    if field.as_ in PLAIN and size <= WORD and not field.signed and field.scale == 1:
        return _number(octets, starts, field, first, size)
    starts = starts + first if first else starts
    if field.as_ is bytes and not offset and not field.bits % 8:
        return gather(octets, starts, field.bits // 8)
    layout = cover(field.bits, offset, field.as_, field.scale, field.signed)
    return extract(octets, starts, layout, ("value",))["value"]


def _number(
    octets: NDArray[np.uint8], starts: NDArray[np.int64], field: Field, first: int, size: int
) -> NDArray[Any]:
    """Return a number without a sign, which lies in some octets from the first on."""
    found = np.empty(len(starts), np.uint64)
    kernel.look.numbers(octets.data, np.ascontiguousarray(starts).data, first, size, found.data)
    after = (first + size) * 8 - field.offset - field.bits
    if after:
        found >>= np.uint64(after)
    if field.bits < size * 8 - after:
        found &= np.uint64((1 << field.bits) - 1)
    return found.astype(PLAIN[field.as_] or SIZES.get(size, np.uint64), copy=False)


def gather(octets: NDArray[np.uint8], starts: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
    """Return so many octets from each of some offsets on, shape (n, size)."""
    found = np.empty((len(starts), size), np.uint8)
    kernel.look.pieces(octets.data, np.ascontiguousarray(starts).data, found.data)
    return found
