"""Who sent echo requests and replies to whom: what sweeps, smurfs, rate limits and tunnels are told from.

Strategy: a pair of hosts is one number of a hash table, and what is kept of it is a row of numbers. So most messages
cost a look-up, and no sorting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dissector import kernel
from dissector.analysis.findings.evidence import FILE_AT, moved
from dissector.analysis.findings.view import columns, roles
from dissector.analysis.hashing import Index, grown
from dissector.kernel import tables

if TYPE_CHECKING:
    from typing import Any, Self

    from numpy.typing import NDArray

    from dissector.analysis.findings.evidence import Firsts, Numbers, Words
    from dissector.analysis.findings.view import View

COLUMNS = tables.HOSTS
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
        refused: messages between other pairs.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.refused = 0
        self._index = Index(4, limit)
        self._rows = np.zeros((0, len(COLUMNS)), np.int64)

    def __len__(self) -> int:
        """Return how many pairs there are."""
        return len(self._index)

    def pairs(self) -> Pairs:
        """Return the pairs, in the order of their coming."""
        keys = self._index.keys
        columns = {name: self._rows[: len(self), place] for place, name in enumerate(COLUMNS)}
        return Pairs(keys[:, :2], keys[:, 2:], columns)

    def update(self, view: View, samples: Firsts, limit: int) -> int:
        """Take in the echo messages of a batch, and put those among samples that tunnels are told by.

        Returns:
            How many were not put in, because there are as many samples as the limit says.
        """
        if not len(view.echo):
            return 0
        before = len(self)
        numbers = self._index.place(view.pairs)
        self._rows = grown(self._rows, len(self))
        if len(self) == self.limit:
            self.refused += int(np.count_nonzero(numbers < 0))
        owners, rows = samples.space(min(len(numbers), limit - len(samples)))
        chosen = kernel.echo.echoes(
            view.echo.data, numbers.data, before, view.kinds.data, roles().data,
            *columns(view.batch, "family", "flags", "octets", "icmp", "captured", "length", "ttl", "time_ns", "frame"),
            view.file << FILE_AT,
            self._rows.data, samples.room(len(self)).data, samples.each,
            owners.data, rows.data, rows.view(np.uint8).data,
        )  # fmt: skip
        samples.fill(min(chosen, len(owners)))
        return int(chosen - min(chosen, len(owners)))

    def merge(self, other: Self, files: Numbers) -> Numbers:
        """Take in the pairs of what comes after, of which ``files`` are the numbers of the files here.

        Returns:
            The numbers here of the pairs there, -1 where there is no room.
        """
        self.refused += other.refused
        values = other.pairs().columns
        values["place"] = moved(values["place"], files)
        numbers, new = self._index.number(other._index.keys)
        self._rows = grown(self._rows, len(self))
        theirs = np.column_stack([values[name] for name in COLUMNS])
        self._rows[numbers[new]] = theirs[new]
        known = numbers >= 0
        self.refused += int((values["requests"] + values["replies"])[~known].sum())
        known[new] = False
        ours = numbers[known]
        columns = {name: self._rows[:, place] for place, name in enumerate(COLUMNS)}
        values = {name: column[known] for name, column in values.items()}
        asked = columns["requests"][ours] > 0
        differ = asked & (values["requests"] > 0) & (columns["ttl"][ours] != values["ttl"])
        columns["varied"][ours] |= values["varied"] | differ
        columns["ttl"][ours] = np.where(asked, columns["ttl"][ours], values["ttl"])
        for name in SUMS:
            columns[name][ours] += values[name]
        columns["last_ns"][ours] = values["last_ns"]
        return numbers

    def back(self, numbers: Numbers) -> Numbers:
        """Return the numbers of the pairs that go the other way, -1 where there is none."""
        keys = self._index.keys[numbers]
        return self._index.find(np.column_stack([keys[:, 2:], keys[:, :2]]))

    def between(self, src: Words, dst: Words) -> Numbers:
        """Return the numbers of some pairs, -1 where there is none; addresses of two words each, shape (n, 2)."""
        return self._index.find(np.column_stack([src, dst]))


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
