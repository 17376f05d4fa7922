"""How many messages there are of each type and code."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dissector.registry.model import Family
from dissector.registry.table import find

if TYPE_CHECKING:
    from typing import Self

    from dissector.batch import Batch
    from dissector.registry.model import Entry

_CODES = 1 << 16
"""Types with their codes in one family."""


class TypeCount(NamedTuple):
    """Messages of one type and code.

    Attributes:
        entry: what the registry says of it.
        type, code: its numbers.
        messages: how many.
    """

    entry: Entry
    type: int
    code: int
    messages: int


class Types:
    """Messages by type and code in a stream of batches: a mergeable state."""

    def __init__(self) -> None:
        self._counts = np.zeros(2 * _CODES, np.int64)

    def update(self, batch: Batch) -> None:
        """Take in a batch; messages of which type and code were not captured do not count."""
        kinds = batch.type.astype(np.uint16) << 8 | batch.code
        there = batch.captured >= 2  # noqa: PLR2004 - type and code
        for counts, version in ((self._counts[:_CODES], 4), (self._counts[_CODES:], 6)):
            which = there & (batch.family == version)
            found = np.bincount(kinds if which.all() else kinds[which])
            counts[: len(found)] += found

    def merge(self, other: Self) -> Self:
        """Take in what another state has seen; return self."""
        self._counts += other._counts
        return self

    def result(self) -> list[TypeCount]:
        """Return what there is, ICMPv4 first, ascending."""
        found = []
        for kind in np.flatnonzero(self._counts).tolist():
            family = Family.ICMPV4 if kind < _CODES else Family.ICMPV6
            number, code = kind % _CODES >> 8, kind & 0xFF
            found.append(TypeCount(find(family, number, code), number, code, int(self._counts[kind])))
        return found
