"""Many messages of one shape → one NumPy column a field.

Strategy: every start of a message indexes a view of the octets in which each element is a whole fixed part and
neighbours overlap (stride 1); the gathered elements are then viewed as a structured type made from the units of the
layout. That copies each message once and runs no Python for any of them.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dissector.layout import Field, Layout, Unit

NUMBER_TYPES = {"B": ">u1", "H": ">u2", "I": ">u4", "Q": ">u8"}


def extract(octets: NDArray[np.uint8], starts: NDArray[np.int64], layout: Layout) -> dict[str, NDArray[Any]]:
    """Return one column for each field of fixed width, reserved ones too.

    Args:
        octets: all octets, shape (n_octets,), uint8, contiguous.
        starts: where each message starts, shape (n_messages,), int64; ``layout.size`` octets must follow each.
        layout: the layout of their shape, ``Echo.layout``.

    Returns:
        Field name to column, shape (n_messages,), in the machine's byte order: unsigned integers (signed where the
        field is), bool, IPv4 addresses as uint32; IPv6 addresses and octets as (n_messages, n_octets) uint8. Values
        are scaled to the field's unit, as in single messages.

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
    return {field.name: column(raw[f"u{unit.offset}"], unit, field, shift) for unit in layout.units for field, shift in unit.fields}


def structured(layout: Layout) -> np.dtype[Any]:
    """Return the structured type of a layout's fixed part: one element a unit, named ``u`` and its offset."""
    kinds = [NUMBER_TYPES.get(unit.code, f"({unit.octets},)u1") for unit in layout.units]
    return np.dtype([(f"u{unit.offset}", kind) for unit, kind in zip(layout.units, kinds, strict=True)])


def column(raw: NDArray[Any], unit: Unit, field: Field, shift: int) -> NDArray[Any]:
    """Return one field of a gathered unit."""
    if unit.code.endswith("s"):
        if field.as_ not in (int, bool, IPv4Address):
            return np.ascontiguousarray(raw)
        numbers = np.zeros(len(raw), np.uint64)
        for index in range(unit.octets):
            numbers = (numbers << np.uint64(8)) | raw[:, index]
        raw = numbers
    values: NDArray[Any] = raw.astype(raw.dtype.newbyteorder("="))
    if shift:
        values >>= np.array(shift, values.dtype)
    if field.bits < values.dtype.itemsize * 8:
        values &= np.array((1 << field.bits) - 1, values.dtype)
    if field.as_ is bool:
        return values != 0
    if field.signed:
        sign = np.array(1 << field.bits - 1, values.dtype)
        values = (values ^ sign).astype(np.int64) - int(sign)
    if field.scale != 1:
        values = values.astype(np.int64 if field.signed else np.uint64) * field.scale
    return values
