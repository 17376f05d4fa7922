"""Which families, types and codes there are in a batch: what they decide is looked up once for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dissector import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dissector.batch import Batch

KEYS, CODELESS = kernel.kinds.KEYS, kernel.kinds.CODELESS


class Kinds(NamedTuple):
    """The kinds of messages in a batch.

    Attributes:
        which: the number of each message's kind.
        keys: of each kind, code, type above, and whether it is ICMPv6 above that; code 0 where none was captured.
        codeless: of which kinds no code was captured.
        least, most: octets captured of the messages of each.
        longest: octets that one of them has by its IP header, at most.
        bad: whether one of them has a bad checksum.
    """

    which: NDArray[np.int64]
    keys: NDArray[np.int64]
    codeless: NDArray[np.bool_]
    least: NDArray[np.int64]
    most: NDArray[np.int64]
    longest: NDArray[np.int64]
    bad: NDArray[np.bool_]

    def each(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return a value for each message out of one for each kind."""
        if len(values) == 1:
            return np.broadcast_to(values[0], len(self.which))
        return values.take(self.which)

    def rows(self, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the messages of some kinds."""
        return np.flatnonzero(self.each(chosen)) if chosen.any() else np.zeros(0, np.int64)


class Sorter:
    """Tells the kinds of messages in batches."""

    def __init__(self) -> None:
        self._numbers = np.full(KEYS, -1, np.int32)

    def kinds(self, batch: Batch) -> Kinds:
        """Return those of a batch."""
        which, keys = np.empty(len(batch), np.int64), np.empty(len(batch), np.int64)
        limits = np.empty((len(batch), len(kernel.kinds.LIMITS)), np.int64)
        columns = (batch.family, batch.type, batch.code, batch.captured, batch.length, batch.checksum_status)
        count = kernel.kinds.kinds(
            *(np.ascontiguousarray(column).data for column in columns),
            self._numbers.data, which.data, keys.data, limits.data,
        )  # fmt: skip
        keys = keys[:count]
        least, most, longest, bad = limits[:count].T
        return Kinds(which, keys & CODELESS - 1, keys >= CODELESS, least, most, longest, bad > 0)
