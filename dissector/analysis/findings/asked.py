"""Who sent echo requests and replies to whom: what sweeps, smurfs, rate limits and tunnels are told from.

Strategy: a pair of hosts is one number of a hash table, and what is kept of it are columns. So most messages cost a
look-up, and no sorting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dissector.analysis.findings.evidence import FILE_AT
from dissector.analysis.findings.view import SIX
from dissector.analysis.hashing import FACTORS, Index, mix

if TYPE_CHECKING:
    from typing import Any, Self

    from numpy.typing import NDArray

    from dissector.analysis.findings.evidence import Numbers, Words
    from dissector.analysis.findings.view import View
    from dissector.analysis.hashing import Hashes

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
        src, dst: their addresses, shape (n, 2), in the order of their coming; longer than there are pairs.
        columns: of them, see :data:`COLUMNS`; likewise.
        refused: messages between other pairs.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.refused = 0
        self._index = Index()
        self.src, self.dst = np.zeros((0, 2), np.uint64), np.zeros((0, 2), np.uint64)
        self.columns: dict[str, NDArray[Any]] = {name: np.zeros(0, dtype) for name, dtype in COLUMNS.items()}

    def __len__(self) -> int:
        """Return how many pairs there are."""
        return len(self._index)

    @property
    def hashes(self) -> Hashes:
        """The hash of each pair."""
        return self._index.hashes

    def pairs(self) -> Pairs:
        """Return the pairs."""
        count = len(self)
        return Pairs(
            self.src[:count], self.dst[:count], {name: of[:count] for name, of in self.columns.items()}
        )

    def update(self, view: View) -> tuple[Numbers, Numbers]:
        """Take in the echo messages of a batch; return their rows, and the number of each one's pair, -1 for none."""
        rows = view.of(*ECHO, octets=8)
        if not len(rows):
            return rows, rows
        batch = view.batch
        src, dst = _gathered(view.src, rows), _gathered(view.dst, rows)
        numbers, new = self._numbered(pair_numbers(src, dst))
        columns = self.columns
        if len(new):
            fresh = numbers[new]
            self.src[fresh], self.dst[fresh] = src[new], dst[new]
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

    def merge(self, other: Self, files: Numbers) -> None:
        """Take in the pairs of what comes after, of which ``files`` are the numbers of the files here."""
        self.refused += other.refused
        theirs = other.pairs()
        if not len(theirs.src):
            return
        place = theirs.columns["place"]
        values = theirs.columns | {"place": place & ((1 << FILE_AT) - 1) | files[place >> FILE_AT] << FILE_AT}
        numbers, new = self._numbered(other.hashes.copy())
        fresh = numbers[new]
        self.src[fresh], self.dst[fresh] = theirs.src[new], theirs.dst[new]
        for name, column in values.items():
            self.columns[name][fresh] = column[new]
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

    def find(self, hashes: Hashes) -> Numbers:
        """Return the numbers of the pairs with some hashes, -1 where there is none."""
        return self._index.find(hashes)

    def between(self, src: Words, dst: Words) -> Numbers:
        """Return the numbers of some pairs, -1 where there is none; addresses of two words each, shape (n, 2)."""
        return self._index.find(pair_numbers(src, dst))

    def _numbered(self, hashes: Hashes) -> tuple[Numbers, Numbers]:
        """Return the number of each hash, -1 where there is no room, and the rows of those that are new."""
        numbers = self._index.find(hashes)
        missing = np.flatnonzero(numbers < 0)
        room = self.limit - len(self)
        if not len(missing) or not room:
            return numbers, missing[:room]
        _, first = np.unique(hashes[missing], return_index=True)
        new = missing[np.sort(first)][:room]
        self._index.number(hashes[new])
        numbers[missing] = self._index.find(hashes[missing])
        if len(self) > len(self.src):
            count = max(len(self), 2 * len(self.src))
            self.src, self.dst = grown(self.src, count), grown(self.dst, count)
            self.columns = {name: grown(column, count) for name, column in self.columns.items()}
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


def grown(array: NDArray[Any], count: int) -> NDArray[Any]:
    """Return an array with room for so many rows."""
    larger = np.zeros((count, *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger


def pair_numbers(src: Words, dst: Words) -> Hashes:
    """Return one hash for each pair, of its direction too."""
    folded = src[:, 0] * FACTORS[0]
    folded ^= dst[:, 0] * FACTORS[1]
    for factor, column in ((FACTORS[2], src[:, 1]), (FACTORS[3], dst[:, 1])):
        # What is zero for all, as in IPv4, changes nothing; for one row of several it must not depend on the others.
        folded += mix(column * factor) if column.any() else np.uint64(0)
    return mix(folded)


def _gathered(addresses: Words, rows: Numbers) -> Words:
    """Return the addresses of some rows; as one number of 16 octets each, they are gathered at once."""
    if len(rows) == len(addresses):
        return addresses
    found: Words = addresses.view(np.complex128).ravel()[rows].view(np.uint64).reshape(-1, 2)
    return found
