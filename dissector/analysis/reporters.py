"""Who reported what: the errors that ended queries, a number for each address with type and code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dissector.analysis.hashing import Index
from dissector.kernel import layers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dissector.batch import Batch

REPORTER = np.dtype(
    [("address", "V16"), ("version", np.uint8), ("family", np.uint8), ("type", np.uint8), ("code", np.uint8)]
)
"""An address (as in a batch, ``version`` is its family), and the error it sent."""


class Reporters:
    """Numbers for reporters with the error they sent.

    Attributes:
        table: a row for each number, dtype REPORTER.
    """

    def __init__(self) -> None:
        self.table: NDArray[np.void] = np.zeros(0, REPORTER)
        self._index = Index(3)

    def number(self, batch: Batch, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the numbers of some errors of a batch."""
        found = np.zeros(len(rows), REPORTER)
        found["address"] = np.ascontiguousarray(batch.src[rows]).view("V16").ravel()
        found["version"] = versions(batch, rows)
        found["family"], found["type"], found["code"] = batch.family[rows], batch.type[rows], batch.code[rows]
        return self.add(found)

    def add(self, reporters: NDArray[np.void]) -> NDArray[np.int64]:
        """Return the numbers of some reporters; new ones get new numbers."""
        words = np.ascontiguousarray(reporters["address"]).view(np.uint64).reshape(-1, 2)
        kind = reporters["family"].astype(np.uint64) << np.uint64(16)
        kind |= reporters["type"].astype(np.uint64) << np.uint64(8) | reporters["code"].astype(np.uint64)
        numbers, new = self._index.number(np.column_stack([words, kind]))
        if len(new):
            self.table = np.concatenate([self.table, reporters[new]])
        return numbers


def versions(batch: Batch, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return the IP version of the addresses of some messages."""
    family = batch.family[rows]
    return np.where(batch.flags[rows] & layers.FOREIGN, 10 - family, family).astype(np.uint8)
