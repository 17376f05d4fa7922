"""What the table says of types and codes, as arrays: which shape they have, how many octets stand before a quote."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from dissector.registry.model import Family
from dissector.registry.table import family_entries, types
from dissector.tails.quoted import QuoteTail

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dissector.messages.base import IcmpMessage

FAMILIES = {Family.ICMPV4: 4, Family.ICMPV6: 6}
"""The numbers of the families in a batch."""
KEYS = 1 << 16
"""Types and codes that a family has."""
REDIRECT = 137
"""The ICMPv6 type that quotes in an option (RFC 4861, 4.5)."""


@cache
def shapes(family: Family) -> tuple[tuple[type[IcmpMessage], ...], NDArray[np.uint8]]:
    """Return the shapes of a family, and which of them each type and code has, shape (65536,).

    What a message has only from some length on is not in it, see :func:`longer`.
    """
    known: dict[type[IcmpMessage], int] = {}
    numbers = np.zeros((256, 256), np.uint8)
    for entry in family_entries(family):
        row, code = entry.type, entry.code
        types = slice(row.number, (row.last or row.number) + 1)
        codes = slice(None) if code is None else slice(code.number, (code.last or code.number) + 1)
        numbers[types, codes] = known.setdefault(entry.shape, len(known))
    return tuple(known), numbers.reshape(-1)


@cache
def longer(family: Family) -> tuple[tuple[int, int, type[IcmpMessage]], ...]:
    """Return types that have another shape from some length on: the type, that length, that shape."""
    return tuple((row.number, *row.longer) for row in types(family) if row.longer is not None)


@cache
def quoting() -> NDArray[np.int16]:
    """Return how many octets stand before the quoted datagram by code, type above and family (0, 1) above that.

    It is 0 where messages quote none, -1 where they quote in an option (RFC 4861, 4.5).
    """
    found = np.zeros((len(FAMILIES), KEYS), np.int16)
    for place, family in enumerate(FAMILIES):
        known, numbers = shapes(family)
        found[place] = np.array([before_quote(shape) for shape in known], np.int16)[numbers]
    found[-1, REDIRECT << 8] = -1
    return found.ravel()


def before_quote(shape: type[IcmpMessage]) -> int:
    """Return how many octets stand before the datagram that messages of a shape quote; 0 where they quote none."""
    rest = shape.layout.rest
    return shape.layout.size if rest is not None and isinstance(rest.tail, QuoteTail) else 0
