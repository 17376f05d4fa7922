"""Who sent echo requests and replies to whom: what sweeps, smurfs, rate limits and tunnels are told from.

Strategy: a pair of hosts is one number of a hash table, and what is kept of it are columns. So most messages cost a
look-up, and no sorting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dissector.analysis.findings.evidence import FILE_AT, moved
from dissector.analysis.findings.view import SIX
from dissector.analysis.hashing import Index, grown

if TYPE_CHECKING:
    from typing import Any, Self

    from numpy.typing import NDArray

    from dissector.analysis.findings.evidence import Numbers, Words
    from dissector.analysis.findings.view import View

ECHO = (8, SIX + 128, 0, SIX + 129)
"""Echo requests, then replies."""
REPLIES = ECHO[2:]
COLUMNS = {
    "version": np.uint8,
    "ttl": np.uint8,
    "varied": np.bool_,
    "requests": np.int64,
    "replies": np.int64,
    "first_ns": np.int64,
    "last_ns": np.int64,
    "place": np.int64,
    "odd": np.int64,
    "odd_octets": np.int64,
    "marked": np.int64,
}
"""What is kept of a pair beside its addresses.

TTL of the first request, and whether another one had a different one; how many; the times of the first and the last in
the order of their coming; where the first is; messages with odd data, octets of those, messages with a tunnel's mark.
"""
SUMS = ("requests", "replies", "odd", "odd_octets", "marked")


class Asked:
    """The pairs of hosts with echo messages, by direction: a mergeable state.

    Args:
        limit: pairs kept.

    Attributes:
        columns: of them, see :data:`COLUMNS`, in the order of their coming; longer than there are pairs.
        refused: messages between other pairs.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.refused = 0
        self._index = Index(4, limit)
        self.columns: dict[str, NDArray[Any]] = {name: np.zeros(0, dtype) for name, dtype in COLUMNS.items()}

    def __len__(self) -> int:
        """Return how many pairs there are."""
        return len(self._index)

    def pairs(self) -> Pairs:
        """Return the pairs."""
        keys = self._index.keys
        return Pairs(keys[:, :2], keys[:, 2:], {name: of[: len(self)] for name, of in self.columns.items()})

    def update(self, view: View) -> tuple[Numbers, Numbers]:
        """Take in the echo messages of a batch; return their rows, and the number of each one's pair, -1 for none."""
        rows = view.of(*ECHO, octets=8)
        if not len(rows):
            return rows, rows
        batch = view.batch
        numbers, new = self._numbered(np.column_stack([view.src[rows], view.dst[rows]]))
        columns = self.columns
        if len(new):
            fresh = numbers[new]
            columns["version"][fresh] = view.version[rows[new]]
            columns["first_ns"][fresh] = batch.time_ns[rows[new]]
            columns["place"][fresh] = batch.frame[rows[new]] | view.file << FILE_AT
        kept = np.flatnonzero(numbers >= 0)
        self.refused += len(rows) - len(kept)
        some, known = (rows, numbers) if len(kept) == len(rows) else (rows[kept], numbers[kept])
        answers = (batch.type[some] == 0) | (view.kinds[some] == SIX + 129)
        asking = np.flatnonzero(~answers)
        asked, ttl = known[asking], batch.ttl[some[asking]]
        # Of several first requests of one pair the earliest is written last, and stays.
        first = np.flatnonzero(columns["requests"][asked] == 0)[::-1]
        columns["ttl"][asked[first]] = ttl[first]
        columns["varied"][asked[ttl != columns["ttl"][asked]]] = True
        np.add.at(columns["requests"], asked, 1)
        np.add.at(columns["replies"], known[answers], 1)
        columns["last_ns"][known] = batch.time_ns[some]
        return rows, numbers

    def merge(self, other: Self, files: Numbers) -> Numbers:
        """Take in the pairs of what comes after, of which ``files`` are the numbers of the files here.

        Returns:
            The numbers here of the pairs there, -1 where there is no room.
        """
        self.refused += other.refused
        values = other.pairs().columns
        values["place"] = moved(values["place"], files)
        numbers, new = self._numbered(other._index.keys)
        for name, column in values.items():
            self.columns[name][numbers[new]] = column[new]
        known = numbers >= 0
        self.refused += int((values["requests"] + values["replies"])[~known].sum())
        known[new] = False
        ours = numbers[known]
        columns, values = self.columns, {name: column[known] for name, column in values.items()}
        asked = columns["requests"][ours] > 0
        differ = asked & (values["requests"] > 0) & (columns["ttl"][ours] != values["ttl"])
        columns["varied"][ours] |= values["varied"] | differ
        columns["ttl"][ours] = np.where(asked, columns["ttl"][ours], values["ttl"])
        for name in SUMS:
            columns[name][ours] += values[name]
        columns["last_ns"][ours] = values["last_ns"]
        return numbers

    def between(self, src: Words, dst: Words) -> Numbers:
        """Return the numbers of some pairs, -1 where there is none; addresses of two words each, shape (n, 2)."""
        return self._index.find(np.column_stack([src, dst]))

    def _numbered(self, keys: Words) -> tuple[Numbers, Numbers]:
        """Return the number of each pair, -1 where there is no room, and the rows of those that are new."""
        numbers, new = self._index.number(keys)
        self.columns = {name: grown(column, len(self)) for name, column in self.columns.items()}
        return numbers, new


class Pairs:
    """Some pairs of hosts: their addresses and what is kept of them.

    Attributes:
        src, dst, columns: as in :class:`Asked`.
    """

    def __init__(self, src: Words, dst: Words, columns: dict[str, NDArray[Any]]) -> None:
        self.src, self.dst, self.columns = src, dst, columns

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.src)

    def __getitem__(self, which: NDArray[Any] | slice) -> Pairs:
        """Return some of them."""
        return Pairs(
            self.src[which], self.dst[which], {name: column[which] for name, column in self.columns.items()}
        )
