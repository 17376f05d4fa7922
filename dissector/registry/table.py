"""The decoder table: every type and code of both families, and the way to one of them.

Strategy: a family's rows are imported when they are first asked for, so that who meets ICMPv4 alone does
not pay for ICMPv6. From them an index is made once that has a slot for every type there can be, ranges
resolved, so that :func:`find`, which every decoded message needs, is a few look-ups.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from dissector.registry.model import Entry, Family, MessageType, entries

if TYPE_CHECKING:
    from collections.abc import Iterator

    TABLE: dict[Family, tuple[MessageType, ...]]
    """The types of each family, ascending; made of both families when it is first asked for."""


def __getattr__(name: str) -> dict[Family, tuple[MessageType, ...]]:
    """Return :data:`TABLE`."""
    if name != "TABLE":
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return {family: types(family) for family in Family}


@cache
def types(family: Family) -> tuple[MessageType, ...]:
    """Return the types of a family, ascending."""
    if family is Family.ICMPV4:
        from dissector.registry.icmpv4_other import TYPES

        return TYPES
    from dissector.registry import icmpv6_errors, icmpv6_neighbors, icmpv6_other

    rows = (*icmpv6_errors.TYPES, *icmpv6_neighbors.TYPES, *icmpv6_other.TYPES)
    return tuple(sorted(rows, key=lambda row: row.number))


@cache
def family_entries(family: Family) -> tuple[Entry, ...]:
    """Return each type of a family and, after it, each of its codes."""
    return tuple(entries(family, types(family)))


def all_entries() -> Iterator[Entry]:
    """Yield every type and code of both families, ICMPv4 first."""
    for family in Family:
        yield from family_entries(family)


class _Indexes(dict[Family, dict[int, tuple[dict[int | None, Entry], Entry]]]):
    """For each type of a family the entries of its codes and its own; made at the first question."""

    def __missing__(self, family: Family) -> dict[int, tuple[dict[int | None, Entry], Entry]]:
        """Make the index of a family."""
        index: dict[int, tuple[dict[int | None, Entry], Entry]] = {}
        codes: dict[int | None, Entry] = {}
        for entry in family_entries(family):
            row, code = entry.type, entry.code
            if code is None:
                codes = {}
                index |= dict.fromkeys(range(row.number, (row.last or row.number) + 1), (codes, entry))
            else:
                last = code.number if code.last is None else code.last
                for ignored in range(0, 256, 1 << row.code_bits):
                    codes |= dict.fromkeys(range(ignored + code.number, ignored + last + 1), entry)
        self[family] = index
        return index


_INDEXES = _Indexes()


def find(family: Family, number: int, code: int | None = None) -> Entry:
    """Return what the registry says about a type and code; the type's entry where it has no such code.

    Args:
        family: which ICMP.
        number: the type, 0 to 255.
        code: the code; None for the type itself.

    Raises:
        KeyError: the type does not fit an octet.
    """
    codes, own = _INDEXES[family][number]
    return codes.get(code, own)


def message_type(family: Family, number: int) -> MessageType:
    """Return the row of a type, 0 to 255; see :func:`find`."""
    return find(family, number).type
