"""Many messages of one shape → one NumPy column a field.

Strategy: every start of a message indexes a view of the octets in which each element is a whole fixed part
and neighbours overlap (stride 1); the gathered elements are then viewed as a structured type made from the
units of the layout. That copies each message once and runs no Python for any of them.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Container

    from numpy.typing import NDArray

    from dissector.layout import Field, Layout, Unit

NUMBER_TYPES = {"B": ">u1", "H": ">u2", "I": ">u4", "Q": ">u8"}
WIDEST = 64
"""Bits of the widest number that NumPy has."""


def extract(
    octets: NDArray[np.uint8],
    starts: NDArray[np.int64],
    layout: Layout,
    names: Container[str] | None = None,
) -> dict[str, NDArray[Any]]:
    """Return one column for each field of fixed width, reserved ones too.

    Args:
        octets: all octets, shape (n_octets,), uint8, contiguous.
        starts: where each message starts, shape (n_messages,), int64; ``layout.size`` octets must be there.
        layout: the layout of their shape, ``Echo.layout``.
        names: the fields that are wanted; None for all.

    Returns:
        Field name to column, shape (n_messages,), in the machine's byte order: unsigned integers (signed
        where the field is), bool, IPv4 addresses as uint32; IPv6 addresses and octets as (n_messages,
        n_octets) uint8; numbers for which 64 bits could be too few as Python's own (object). Values are
        scaled to the field's unit, as in single messages.

    Raises:
        IndexError: a message would run past the end, or starts before the beginning.
    """
    if len(starts) and (int(starts.min()) < 0 or int(starts.max()) + layout.size > len(octets)):
        text = f"a {layout.name} of {layout.size} octets would run past the {len(octets)} octets given"
        raise IndexError(text)
    kind = f"V{layout.size}"
    if len(starts):
        gathered = np.ndarray((1 + len(octets) - layout.size,), kind, octets, strides=(1,))[starts]
    else:
        gathered = np.empty(0, kind)
    raw = gathered.view(structured(layout))
    return {
        field.name: column(raw[f"u{unit.offset}"], unit, field, shift)
        for unit in layout.units
        for field, shift in unit.fields
        if names is None or field.name in names
    }


def structured(layout: Layout) -> np.dtype[Any]:
    """Return the structured type of a layout's fixed part: one element a unit, named ``u`` and its offset."""
    kinds = [NUMBER_TYPES.get(unit.code, f"({unit.octets},)u1") for unit in layout.units]
    return np.dtype([(f"u{unit.offset}", kind) for unit, kind in zip(layout.units, kinds, strict=True)])


def column(raw: NDArray[Any], unit: Unit, field: Field, shift: int) -> NDArray[Any]:
    """Return one field of a gathered unit."""
    if field.as_ in (bytes, IPv6Address):
        return np.ascontiguousarray(raw)
    exact = unit.octets * 8 > WIDEST or field.bits + (field.scale - 1).bit_length() > WIDEST
    values = numbers(raw, unit, exact=exact)
    if shift:
        values >>= shift
    if field.bits < unit.octets * 8:
        values &= (1 << field.bits) - 1
    if field.as_ is bool:
        return values.astype(np.bool_)
    if field.as_ is IPv4Address:
        return values.astype(np.uint32)
    if not exact and (field.signed or field.scale != 1):
        values = values.astype(np.uint64)
    if field.signed:
        sign = 1 << field.bits - 1
        values = (values ^ sign) - sign
        # Modulo 2**64 the negative ones are right as soon as they are read as signed.
        values = values if exact else values.view(np.int64)
    return values if field.scale == 1 else values * field.scale


def numbers(raw: NDArray[Any], unit: Unit, *, exact: bool) -> NDArray[Any]:
    """Return a gathered unit as numbers, Python's own where they must be exact beyond 64 bits."""
    if not unit.code.endswith("s"):
        return raw.astype(object if exact else raw.dtype.newbyteorder("="))
    octets = raw.astype(object if exact else np.uint64)
    values = np.zeros(len(raw), octets.dtype)
    for index in range(unit.octets):
        values = (values << 8) | octets[:, index]
    return values
