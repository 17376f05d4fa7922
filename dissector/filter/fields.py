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


EVERYWHERE = np.zeros(0, np.bool_)
"""Which of some offsets have a field: all of them."""


def is_number(field: Field) -> bool:
    """Whether a field is read as a number of few octets, without a sign and as it stands there."""
    return field.as_ in PLAIN and octets_of(field) <= WORD and not field.signed and field.scale == 1


def octets_of(field: Field) -> int:
    """Return how many octets a field has a part of."""
    return (field.offset % 8 + field.bits + 7) // 8


def read(octets: NDArray[np.uint8], starts: NDArray[np.int64], field: Field) -> NDArray[Any]:
    """Return one field of shapes that begin at some offsets, as :func:`dissector.columns.extract` returns it."""
    if is_number(field):
        return numbers(octets, starts, field)
    first, offset = divmod(field.offset, 8)
    starts = starts + first if first else starts
    if field.as_ is bytes and not offset and not field.bits % 8:
        return gather(octets, starts, field.bits // 8)
    layout = cover(field.bits, offset, field.as_, field.scale, field.signed)
    return extract(octets, starts, layout, ("value",))["value"]


def numbers(
    octets: NDArray[np.uint8],
    starts: NDArray[np.int64],
    field: Field,
    there: NDArray[np.bool_] = EVERYWHERE,
) -> NDArray[Any]:
    """Return a field that :func:`is_number`, 0 where it is not there."""
    first, size = field.offset // 8, octets_of(field)
    found = np.empty(len(starts), np.uint64)
    kernel.look.numbers(
        octets.data, np.ascontiguousarray(starts).data, first, size, there.view(np.uint8).data, found.data
    )  # fmt: skip
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
