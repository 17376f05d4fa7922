"""One field of many headers or messages at once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from dissector.columns import extract
from dissector.layout import Layout
from dissector.layout.field import NO_DEFAULT, Field

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
    layout = cover(field.bits, offset, field.as_, field.scale, field.signed)
    return extract(octets, starts + first if first else starts, layout)["value"]


def gather(octets: NDArray[np.uint8], starts: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
    """Return so many octets from each of some offsets on, shape (n, size)."""
    if not size:
        return np.zeros((len(starts), 0), np.uint8)
    return read(octets, starts, bare("octets", size * 8, 0, bytes))
