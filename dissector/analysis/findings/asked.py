"""Who sent echo requests and replies to whom: what sweeps, smurfs and rate limits are told from.

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
    from typing import Self

    from numpy.typing import NDArray

    from dissector.analysis.findings.evidence import Numbers, Words
    from dissector.analysis.findings.view import View
    from dissector.analysis.hashing import Hashes

ECHO = (8, SIX + 128, 0, SIX + 129)
"""Echo requests, then replies."""
REPLIES = ECHO[2:]
PAIR = np.dtype(
    [
        ("src", np.uint64, 2),
        ("dst", np.uint64, 2),
        ("version", np.uint8),
        ("ttl", np.uint8),
        ("varied", np.bool_),
        ("requests", np.int64),
        ("replies", np.int64),
        ("first_ns", np.int64),
        ("last_ns", np.int64),
        ("place", np.int64),
    ]
)
"""What is kept of a pair: addresses, TTL of the first request and whether others had another one, how many, when."""


class Asked:
    """The pairs of hosts with echo messages, by direction: a mergeable state.

    Args:
        limit: pairs kept.

    Attributes:
        refused: messages between other pairs.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.refused = 0
        self._index = Index()
        self._pairs = np.zeros(1 << 10, PAIR)

    @property
    def pairs(self) -> NDArray[np.void]:
        """The pairs, in the order of their coming, dtype PAIR."""
        return self._pairs[: len(self._index)]

    def update(self, view: View) -> None:
        """Take in the echo messages of a batch."""
        rows = view.of(*ECHO, octets=8)
        if not len(rows):
            return
        batch = view.batch
        src, dst = _gathered(view.src, rows), _gathered(view.dst, rows)
        numbers, new = self._numbered(_hashes(src, dst))
        answers = np.isin(view.kinds[rows], REPLIES) if len(rows) else np.zeros(0, np.bool_)
        pairs = self.pairs
        ttl, times = batch.ttl[rows], batch.time_ns[rows]
        if len(new):
            fresh = numbers[new]
            for name, column in (("src", src), ("dst", dst), ("version", view.version[rows])):
                pairs[name][fresh] = column[new]
            pairs["first_ns"][fresh] = times[new]
            pairs["place"][fresh] = batch.frame[rows[new]] | view.file << FILE_AT
        kept = numbers >= 0
        if not kept.all():
            self.refused += int(len(rows) - kept.sum())
            numbers, answers, ttl, times = numbers[kept], answers[kept], ttl[kept], times[kept]
        asking = np.flatnonzero(~answers)
        asked = numbers[asking]
        # Of several requests of one pair, the first is written last and stays.
        first = asking[::-1][pairs["requests"][asked[::-1]] == 0]
        pairs["ttl"][numbers[first]] = ttl[first]
        pairs["varied"][asked[ttl[asking] != pairs["ttl"][asked]]] = True
        pairs["requests"] += np.bincount(asked, minlength=len(pairs))
        pairs["replies"] += np.bincount(numbers[answers], minlength=len(pairs))
        pairs["last_ns"][numbers] = times

    def merge(self, other: Self, files: Numbers) -> None:
        """Take in the pairs of what comes after, of which ``files`` are the numbers of the files here."""
        theirs = other.pairs.copy()
        self.refused += other.refused
        if not len(theirs):
            return
        place = theirs["place"]
        theirs["place"] = place & ((1 << FILE_AT) - 1) | files[place >> FILE_AT] << FILE_AT
        numbers, new = self._numbered(_hashes(theirs["src"], theirs["dst"]))
        known = np.ones(len(theirs), np.bool_)
        known[new] = False
        self.pairs[numbers[new]] = theirs[new]
        self.refused += int((theirs["requests"] + theirs["replies"])[numbers < 0].sum())
        known &= numbers >= 0
        ours, theirs = self.pairs[numbers[known]], theirs[known]
        both = (ours["requests"] > 0) & (theirs["requests"] > 0)
        ours["varied"] |= theirs["varied"] | both & (ours["ttl"] != theirs["ttl"])
        ours["ttl"] = np.where(ours["requests"] > 0, ours["ttl"], theirs["ttl"])
        for name in ("requests", "replies"):
            ours[name] += theirs[name]
        ours["last_ns"] = theirs["last_ns"]
        self.pairs[numbers[known]] = ours

    def between(self, src: Words, dst: Words) -> Numbers:
        """Return the numbers of some pairs, -1 where there is none; addresses of two words each, shape (n, 2)."""
        return self._index.find(_hashes(src, dst))

    def _numbered(self, hashes: Hashes) -> tuple[Numbers, Numbers]:
        """Return the number of each hash, -1 where there is no room, and the rows of those that are new."""
        room = self.limit - len(self._index)
        numbers = self._index.find(hashes)
        missing = np.flatnonzero(numbers < 0)
        if not len(missing):
            return numbers, missing
        _, first = np.unique(hashes[missing], return_index=True)
        new = missing[np.sort(first)][:room]
        self._index.number(hashes[new])
        numbers[missing] = self._index.find(hashes[missing])
        if len(self._index) > len(self._pairs):
            more = np.zeros(max(len(self._index), 2 * len(self._pairs)), PAIR)
            more[: len(self._pairs)] = self._pairs
            self._pairs = more
        return numbers, new


def _gathered(addresses: Words, rows: Numbers) -> Words:
    """Return the addresses of some rows; as one number of 16 octets each, they are gathered at once."""
    if len(rows) == len(addresses):
        return addresses
    found: Words = addresses.view(np.complex128).ravel()[rows].view(np.uint64).reshape(-1, 2)
    return found


def _hashes(src: Words, dst: Words) -> Hashes:
    """Return one number for each pair."""
    folded = src[:, 0] * FACTORS[0]
    folded ^= dst[:, 0] * FACTORS[1]
    for factor, column in ((FACTORS[2], src[:, 1]), (FACTORS[3], dst[:, 1])):
        if column.any():
            folded = mix(folded) + column * factor
    return mix(folded)
