"""Multicast listener discovery: address records, and the numbers with an exponent (RFC 3810, 5.1 and 5.2)."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import ClassVar

from dissector.errors import Finding
from dissector.layout import OCTETS, Several, Shape, derived, rest, shape, wire
from dissector.tails.counted import Counted, counted

RECORD_TYPES = {
    1: "MODE_IS_INCLUDE",
    2: "MODE_IS_EXCLUDE",
    3: "CHANGE_TO_INCLUDE_MODE",
    4: "CHANGE_TO_EXCLUDE_MODE",
    5: "ALLOW_NEW_SOURCES",
    6: "BLOCK_OLD_SOURCES",
}


def from_code(code: int, mantissa_bits: int) -> int:
    """Return the number that a code stands for (RFC 3810, 5.1.3 and 5.1.9).

    Codes with the highest bit clear stand for themselves; else three bits of exponent and a mantissa follow.

    Args:
        code: as on the wire.
        mantissa_bits: 12 in a Maximum Response Code, 4 in a Querier's Query Interval Code.
    """
    if not code >> mantissa_bits + 3:
        return code
    mantissa = code & (1 << mantissa_bits) - 1
    exponent = code >> mantissa_bits & 7
    return (mantissa | 1 << mantissa_bits) << exponent + 3


SOURCES = counted(IPv6Address, "source", "number_of_sources")
