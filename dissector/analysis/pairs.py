"""Which messages ask and which answer, and by which fields an answer is known: derived from the registry."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dissector.kernel.tables import ANSWER, QUERY
from dissector.registry.model import Family, Kind
from dissector.registry.table import types

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dissector.registry.model import MessageType

IDENTITIES = ("identifier", "sequence", "nonce", "target", "eui_64", "registered_address")
"""Fields that an answer copies from its query, by their names in the shapes."""
ANSWERING = ("reply", "response", "advertisement", "confirmation", "i-am-here")
"""Words in the names of types that answer."""


class Identity(NamedTuple):
    """A field that query and answer have in common.

    Attributes:
        name: its name in the shapes.
        start, size: where it lies in the message, in octets.
    """

    name: str
    start: int
    size: int


class Pair(NamedTuple):
    """A type that asks and the one that answers.

    Attributes:
        number: index in :func:`pairs`.
        family: which ICMP.
        query, answer: the types.
        identities: the fields that an answer copies, in the order of the octets.
    """

    number: int
    family: Family
    query: int
    answer: int
    identities: tuple[Identity, ...]

    def has(self, name: str) -> bool:
        """Return whether the messages have this identity."""
        return any(identity.name == name for identity in self.identities)

    @property
    def size(self) -> int:
        """Octets of a message that are needed to know its identities."""
        return max((identity.start + identity.size for identity in self.identities), default=4)

    @property
    def name(self) -> str:
        """The query's name."""
        return next(row.name.en for row in types(self.family) if row.number == self.query)

    @property
    def label(self) -> str:
        """Both types as people write them: ``8/0``, ``v6 128/129``."""
        return f"{'' if self.family is Family.ICMPV4 else 'v6 '}{self.query}/{self.answer}"


def answers(row: MessageType) -> bool:
    """Return whether a type answers; else it asks."""
    name = row.name.en.lower()
    return any(word in name for word in ANSWERING)


@cache
def pairs() -> tuple[Pair, ...]:
    """Return every type that is answered, with what answers it; ICMPv4 first, queries ascending."""
    found: list[Pair] = []
    for family in Family:
        rows = {row.number: row for row in types(family)}
        for row in rows.values():
            if row.answered_by is not None and not answers(row):
                identities = _common(row, rows[row.answered_by])
                found.append(Pair(len(found), family, row.number, row.answered_by, identities))
    return tuple(found)


def _common(query: MessageType, answer: MessageType) -> tuple[Identity, ...]:
    """Return the identities that both shapes have at the same place."""
    there = {(field.name, field.offset, field.bits) for field in answer.shape.layout.fields}
    return tuple(
        Identity(field.name, field.offset // 8, field.bits // 8)
        for field in query.shape.layout.fields
        if field.name in IDENTITIES and (field.name, field.offset, field.bits) in there
    )


@cache
def roles() -> NDArray[np.uint8]:
    """Return the role of each type: ``roles()[family, type]``, where family is 4 or 6."""
    table = np.zeros((7, 256), np.uint8)
    for pair in pairs():
        version = 4 if pair.family is Family.ICMPV4 else 6
        table[version, pair.query] = QUERY
        table[version, pair.answer] = ANSWER
    return table


@cache
def numbers() -> NDArray[np.int16]:
    """Return the number of the pair of each type, -1 for none; indexed as :func:`roles` is."""
    table = np.full((7, 256), -1, np.int16)
    for pair in pairs():
        version = 4 if pair.family is Family.ICMPV4 else 6
        table[version, [pair.query, pair.answer]] = pair.number
    return table


@cache
def error_types() -> NDArray[np.bool_]:
    """Return which types end what they are about: errors but source quench and redirects, indexed as above."""
    table = np.zeros((7, 256), np.bool_)
    for family, version in ((Family.ICMPV4, 4), (Family.ICMPV6, 6)):
        for row in types(family):
            if row.kind is Kind.ERROR:
                table[version, row.number : (row.last or row.number) + 1] = True
    table[4, [4, 5]] = False  # the datagram they are about went on its way (RFC 792, pages 11 and 13)
    return table
