"""As much of Thrift's compact protocol as the metadata of a Parquet file needs, for writing."""

from __future__ import annotations

from typing import Any, NamedTuple

TRUE, FALSE, BYTE, I32, I64, BINARY, LIST, STRUCT = 1, 2, 3, 5, 6, 8, 9, 12
LONG_LIST = 15
"""From so many elements on, a list's length stands in octets of its own."""
FAR = 15
"""From so far on, a field's number stands in octets of its own."""


class Short(NamedTuple):
    """A number of 32 bits; Python's own are written as 64 bits."""

    value: int


class Octet(NamedTuple):
    """A number of 8 bits."""

    value: int


Fields = dict[int, Any]
"""The fields of a struct by their numbers, ascending; None for one that is left out."""


def varint(value: int) -> bytes:
    """Return a number in octets of 7 bits, the least first (ULEB128)."""
    found = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - what 7 bits hold
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def struct(fields: Fields) -> bytes:
    """Return a struct.

    Args:
        fields: values: :class:`Short`, :class:`Octet`, int, bool, str, bytes, a struct's fields, or a list of such.
    """
    pieces = []
    last = 0
    for number, value in fields.items():
        if value is None:
            continue
        kind, octets = _value(value)
        if isinstance(value, bool):
            kind, octets = (TRUE if value else FALSE), b""
        step = number - last
        head = bytes((step << 4 | kind,)) if step <= FAR else bytes((kind,)) + _zigzag(number)
        pieces.append(head + octets)
        last = number
    return b"".join(pieces) + b"\0"


def _zigzag(value: int) -> bytes:
    """Return a signed number, small ones of either sign in few octets."""
    return varint(value << 1 if value >= 0 else (-value << 1) - 1)


def _value(value: Any) -> tuple[int, bytes]:
    """Return the kind of a value, and the value."""
    if isinstance(value, Octet):
        return BYTE, bytes((value.value & 0xFF,))
    if isinstance(value, Short):
        return I32, _zigzag(value.value)
    if isinstance(value, int):
        return I64, _zigzag(value)
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return BINARY, varint(len(value)) + value
    if isinstance(value, dict):
        return STRUCT, struct(value)
    inner = [_value(element) for element in value]
    kind = inner[0][0] if inner else STRUCT
    count = len(inner)
    head = bytes((count << 4 | kind,)) if count < LONG_LIST else bytes((0xF0 | kind,)) + varint(count)
    return LIST, head + b"".join(octets for _, octets in inner)
