"""Echo messages whose data no ping is known to send, and the signs that two hosts carry something in them.

Strategy: the last octets of the data tell nearly every ping: programs fill up with one octet, or count
(:func:`dissector.kernel.echo.echoes`). What is left is rare; it is counted by pairs of hosts, and one exchange of four
is looked at closely: entropy, sizes, whether the answer gives back what was asked. Which one is told by identifier and
sequence, so that how a capture is cut does not matter, and a query is looked at together with its answer. Samples of
pairs that show nothing leave when there are many, and others may come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dissector import kernel
from dissector.analysis.findings.evidence import Firsts, moved
from dissector.analysis.flow_keys import address
from dissector.analysis.hashing import SECRETS, mix
from dissector.errors import quantity
from dissector.kernel import tables
from dissector.registry.model import Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from numpy.typing import NDArray

    from dissector.analysis.findings.asked import Asked, Pairs
    from dissector.analysis.findings.evidence import Numbers
    from dissector.analysis.findings.model import Thresholds
    from dissector.analysis.findings.view import View
    from dissector.analysis.flow_keys import Address

CLOSELY = tables.CLOSELY
"""Octets that are looked at closely."""
EACH = 32
"""Messages of two hosts, in one direction, that are."""
FULL = 1 << 17
"""Samples from which on those are looked for that show nothing."""
REPLY, IDENTITY, SIZE, THERE, DATA = range(len(tables.SAMPLE))
"""Columns of a sample: THERE octets of the data are from DATA on, and the place is last."""
PLACE = DATA + CLOSELY // 8
AT_ONCE = 1 << 12
"""Samples whose entropy is computed at once: more do not fit the processor's cache."""
MATCHES = 3
"""Answers that differ from their query: fewer may be faults."""


class Suspicion(NamedTuple):
    """Two hosts whose echo looks like a tunnel.

    Attributes:
        hosts: the two.
        reasons: the signs, in words.
        messages: with odd data.
        first_ns, last_ns: of their echo messages.
        places: of the first that were looked at.
    """

    hosts: tuple[Address, Address]
    reasons: tuple[Text, ...]
    messages: int
    first_ns: int
    last_ns: int
    places: tuple[int, ...]


class Tunnels:
    """Samples of echo messages with odd data, by the number of the pair of hosts: a mergeable state."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.refused = 0
        self.samples = Firsts(PLACE + 1, EACH)
        self._full = FULL

    def update(self, view: View, asked: Asked, thresholds: Thresholds) -> None:
        """Take in the echo messages of a batch; ``asked`` takes down their pairs, and says which to look at."""
        self.refused += asked.update(view, self.samples, self.limit)
        self._tidy(asked, thresholds)

    def merge(
        self, other: Self, numbers: Numbers, files: Numbers, asked: Asked, thresholds: Thresholds
    ) -> None:
        """Take in the state of what comes after; ``numbers`` and ``files`` are as for :class:`Firsts`."""
        self.refused += other.refused
        theirs, rows = other.samples.rows()
        which = self.samples.wanted(numbers[theirs])
        rows = rows[which]
        rows[:, PLACE] = moved(rows[:, PLACE], files)
        room = self.limit - len(self.samples)
        self.refused += max(len(rows) - room, 0)
        self.samples.add(numbers[theirs[which]][:room], rows[:room])
        self._tidy(asked, thresholds)

    def _tidy(self, asked: Asked, thresholds: Thresholds) -> None:
        """Have samples of pairs that show nothing so far leave when there are too many."""
        if len(self.samples) >= self._full:
            if thresholds.tunnel_signs > 1:
                self.samples.keep(self._suspect(asked))
            # Looking again pays only when as much has come as is there.
            self._full = max(FULL, 2 * len(self.samples))

    def _suspect(self, asked: Asked) -> Numbers:
        """Return the number of each pair whose samples differ in size, or have an answer unlike its query; else -1.

        Without that the other signs cannot be: where one way has more octets than the other, there are two sizes.
        High entropy alone is what encrypted pings have, and one sign.
        """
        numbers = self.samples.rows()[0]
        looked_at = np.zeros(len(asked), np.bool_)
        looked_at[numbers] = True
        there = np.flatnonzero(looked_at)
        back = asked.back(there)
        # Of two directions the one that came first stands for both.
        first = (back < 0) | (there < back) | ~looked_at[back]
        there, back = there[first], back[first]
        looked = Looked(self.samples.rows(), len(asked), there, back)
        odd, apart = looked.odds()
        answers, differ = compared(looked, apart & ~odd)
        odd[looked.pair[answers[differ]]] = True
        found = np.full(len(asked), -1)
        for side in (there[odd], back[odd & (back >= 0)]):
            found[side] = side
        return found

    def found(self, asked: Asked, thresholds: Thresholds) -> Iterator[Suspicion]:
        """Yield the pairs of hosts that show enough signs."""
        pairs = asked.pairs()
        there = np.flatnonzero(pairs.columns["odd"])
        back = asked.back(there)
        odd_back = np.where(back >= 0, pairs.columns["odd"][back], 0)
        enough = pairs.columns["odd"][there] + odd_back >= thresholds.tunnel_messages
        # Of the two directions the one that came first stands for both.
        enough &= (odd_back == 0) | (there < back)
        there, back = there[enough], np.where(odd_back > 0, back, -1)[enough]
        if not len(there):
            return
        looked = Looked(self.samples.rows(), len(asked), there, back)
        signs = Signs(looked, pairs, there, back, thresholds)
        for row in np.flatnonzero(signs.enough).tolist():
            both = [one for one in (int(there[row]), int(back[row])) if one >= 0]
            version = int(pairs.columns["version"][both[0]])
            places = np.sort(looked.columns[looked.pair == row, PLACE])
            yield Suspicion(
                hosts=(address(pairs.src[both[0]], version), address(pairs.dst[both[0]], version)),
                reasons=tuple(signs.words(row)),
                messages=int(pairs.columns["odd"][both].sum()),
                first_ns=int(pairs.columns["first_ns"][both].min()),
                last_ns=int(pairs.columns["last_ns"][both].max()),
                places=tuple(places[: thresholds.frames].tolist()),
            )


class Looked:
    """The samples of some pairs of hosts.

    Args:
        samples: numbers of the pairs and columns of all samples.
        count: how many pairs there are by direction.
        there: for each of the pairs the number of one direction.
        back: of the other, -1 where there is nothing.

    Attributes:
        columns: the samples.
        pair: of which pair each is.
    """

    def __init__(self, samples: tuple[Numbers, Numbers], count: int, there: Numbers, back: Numbers) -> None:
        numbers, columns = samples
        pair_of = np.full(count, -1, np.int64)
        answered = np.flatnonzero(back >= 0)
        pair_of[there], pair_of[back[answered]] = np.arange(len(there)), answered
        pair = pair_of[numbers]
        if len(pair) and pair.min() < 0:
            some = pair >= 0
            pair, numbers, columns = pair[some], numbers[some], columns[some]
        self.columns, self.pair = columns, pair
        self._numbers, self._there = numbers, there

    def back(self, rows: Numbers) -> NDArray[np.bool_]:
        """Return of some samples whether they go back."""
        found: NDArray[np.bool_] = self._numbers[rows] != self._there[self.pair[rows]]
        return found

    def odds(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return of which pairs the samples differ in size, and of which queries are not answered by the same data."""
        sizes, apart = np.full(len(self._there), -1), np.zeros(len(self._there), np.uint64)
        varied = np.zeros(len(self._there), np.bool_)
        kernel.echo.odds(
            self.pair.data,
            self.columns.data,
            SECRETS.data,
            sizes.data,
            varied.view(np.uint8).data,
            apart.data,
        )
        return varied, apart != 0


class Signs:
    """The signs of a tunnel, a row for each of some pairs of hosts.

    Args:
        looked: the samples.
        pairs: all pairs of hosts.
        there, back: as for :class:`Looked`.
        thresholds: what to compare with.

    Attributes:
        marked: messages that begin with the mark of ptunnel.
        sizes, least, most: how many different sizes, the least and the most.
        matched, differing: answers whose query was looked at too, and those that differ from it; 0 where none does.
        means: octets of data in a message, there and back, shape (n, 2).
        entropy: bits an octet, on average; 0 where it does not matter, the other signs being too few.
        flags: which pairs show entropy, sizes, answers that differ, asymmetry, shape (4, n).
        enough: which show enough of them.
    """

    def __init__(
        self, looked: Looked, pairs: Pairs, there: Numbers, back: Numbers, thresholds: Thresholds
    ) -> None:
        count, pair, size = len(there), looked.pair, looked.columns[:, SIZE]
        columns = pairs.columns
        self.marked = columns["marked"][there] + np.where(back >= 0, columns["marked"][back], 0)
        both = np.sort(pair << 32 | size)
        self.sizes = np.bincount(both[np.diff(both, prepend=-1) != 0] >> 32, minlength=count)
        self.least, self.most = np.full(count, np.iinfo(np.int64).max), np.zeros(count, np.int64)
        np.minimum.at(self.least, pair, size)
        np.maximum.at(self.most, pair, size)
        answers, differ = compared(looked, looked.odds()[1])
        self.matched = np.bincount(pair[answers], minlength=count)
        self.differing = np.bincount(pair[answers[differ]], minlength=count)
        octets, messages = columns["odd_octets"], columns["odd"]
        returned = np.where(back >= 0, octets[back] / np.maximum(messages[back], 1), 0)
        self.means = np.column_stack([octets[there] / messages[there], returned])
        most, least = self.means.max(axis=1), self.means.min(axis=1)
        self.flags = np.zeros((4, count), np.bool_)
        self.flags[1] = self.sizes >= thresholds.tunnel_sizes
        self.flags[2] = (self.differing >= MATCHES) & (2 * self.differing >= self.matched)
        self.flags[3] = (least > 0) & (most >= thresholds.tunnel_asymmetry * least)
        near = (self.flags.sum(axis=0) >= thresholds.tunnel_signs - 1) | (self.marked > 0)
        closely = np.flatnonzero(near[pair])
        bits = np.bincount(pair[closely], entropies(looked.columns[closely]), minlength=count)
        self.entropy = bits / np.maximum(np.bincount(pair, minlength=count), 1)
        self.flags[0] = self.entropy >= thresholds.tunnel_entropy
        self.enough = (self.flags.sum(axis=0) >= thresholds.tunnel_signs) | (self.marked > 0)

    def words(self, row: int) -> Iterator[Text]:
        """Yield the signs of a pair."""
        marked, entropy, sizes, least, most = (
            column[row] for column in (self.marked, self.entropy, self.sizes, self.least, self.most)
        )
        differing, matched = self.differing[row], self.matched[row]
        one, other = self.means[row]
        if marked:
            yield Text(f"{marked} begin with the mark of ptunnel", f"{marked} 条以 ptunnel 的标记开头")
        texts = (
            Text(f"{entropy:.1f} bits of entropy an octet", f"每八位组的熵为 {entropy:.1f} 比特"),
            Text(
                f"{sizes} sizes from {least} to {most} octets", f"{sizes} 种大小，从 {least} 到 {most} 八位组"
            ),
            Text(
                f"{differing} of {matched} answers differ from their query",
                f"{matched} 个应答中有 {differing} 个与其查询不同",
            ),
            Text(
                f"{quantity(round(one), 'octet')} a message one way, {other:.0f} the other",
                f"一个方向每条 {one:.0f} 八位组，另一方向 {other:.0f}",
            ),
        )
        for text, flag in zip(texts, self.flags[:, row].tolist(), strict=True):
            if flag:
                yield text


def compared(looked: Looked, pairs: NDArray[np.bool_]) -> tuple[Numbers, NDArray[np.bool_]]:
    """Return which samples answer another one, and which of these differ from it.

    Args:
        looked: the samples.
        pairs: whether a pair's are looked at: those that are not have answers that do not differ.
    """
    which = np.flatnonzero(pairs[looked.pair])
    columns = looked.columns[which]
    reply = columns[:, REPLY] == 1
    # A query and its answer go opposite ways, and have pair, identifier and sequence in common.
    way = (looked.back(which) ^ reply).astype(np.uint64)
    keys = mix(looked.pair[which].astype(np.uint64) << np.uint64(1) | way)
    keys = mix(keys + columns[:, IDENTITY].astype(np.uint64))
    queries, answers = np.flatnonzero(~reply), np.flatnonzero(reply)
    # Of queries with the same numbers the last one; the sort keeps their order.
    order = queries[np.argsort(keys[queries], kind="stable")]
    place = np.searchsorted(keys[order], keys[answers], side="right") - 1
    known = place >= 0
    known[known] = keys[order[place[known]]] == keys[answers[known]]
    answers, asked = answers[known], order[place[known]]
    told = np.r_[SIZE, DATA:PLACE]
    differ: NDArray[np.bool_] = (columns[answers][:, told] != columns[asked][:, told]).any(axis=1)
    return which[answers], differ


def entropies(samples: Numbers) -> NDArray[np.float64]:
    """Return the entropy of samples: of the data, or of the steps between octets, whichever is less."""
    data = np.ascontiguousarray(samples[:, DATA:PLACE]).view(np.uint8).reshape(len(samples), CLOSELY)
    bits = np.zeros(len(samples))
    for size in sorted(set(samples[:, THERE].tolist())):
        every = np.flatnonzero(samples[:, THERE] == size)
        for begin in range(0, len(every), AT_ONCE):
            rows = every[begin : begin + AT_ONCE]
            some = data[rows, :size]
            bits[rows] = np.minimum(entropy(some), entropy(some[:, 1:] - some[:, :-1]))
    return bits


def entropy(data: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the entropy of each row of octets, in bits an octet (Shannon)."""
    count, size = data.shape
    ordered = np.sort(data, axis=1)
    begins = np.ones((count, size), np.bool_)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    starts = np.flatnonzero(begins)
    # How often each octet comes; a row's first run begins at its first octet.
    runs = np.diff(np.append(starts, count * size))
    costs = np.arange(size + 1) * np.log2(np.maximum(np.arange(size + 1), 1))
    rows = np.searchsorted(starts, np.arange(count) * size)
    bits: NDArray[np.float64] = np.log2(size) - np.add.reduceat(costs[runs], rows) / size
    return bits
