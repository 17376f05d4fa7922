"""Echo messages whose data no ping is known to send, and the signs that two hosts carry something in them.

Strategy: the last octets of the data tell nearly every ping: programs fill up with one octet, or count. What is left
is rare; it is counted by pairs of hosts, and one exchange of four is looked at closely: entropy, sizes, whether the
answer gives back what was asked. Which one is told by identifier and sequence, so that how a capture is cut does not
matter, and a query is looked at together with its answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dissector.analysis.findings.asked import REPLIES
from dissector.analysis.findings.evidence import FILE_AT, Firsts
from dissector.analysis.flow_keys import address
from dissector.analysis.hashing import mix
from dissector.analysis.quotes import number, windows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from numpy.typing import NDArray

    from dissector.analysis.findings.asked import Asked
    from dissector.analysis.findings.evidence import Numbers
    from dissector.analysis.findings.model import Thresholds
    from dissector.analysis.findings.view import View
    from dissector.analysis.flow_keys import Address
    from dissector.analysis.hashing import Hashes

HEADER, TAIL = 8, 8
"""Octets before the data, and of their end that tell a ping."""
ENOUGH = 24
"""Octets of data that a known ping could not fill with a time and an identifier alone."""
CLOSELY = 48
"""Octets that are looked at closely."""
EACH = 32
"""Messages of two hosts, in one direction, that are."""
ONE_OF = np.uint64(4)
"""Of so many exchanges one is looked at closely."""
ONES = np.uint64(0x0101010101010101)
PTUNNEL = 0xD5200880
"""What each message of ptunnel begins with."""
REPLY, IDENTITY, SIZE, THERE, DATA = range(5)
"""Columns of a sample: THERE octets of the data are from DATA on, and the place is last."""
PLACE = DATA + CLOSELY // 8
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
    reasons: tuple[str, ...]
    messages: int
    first_ns: int
    last_ns: int
    places: tuple[int, ...]


class Tunnels:
    """Samples of echo messages with odd data: a mergeable state.

    Args:
        limit: pairs of hosts kept, by direction.
    """

    def __init__(self, limit: int) -> None:
        self.samples = Firsts(1, PLACE + 1, EACH, limit)

    def update(self, view: View, asked: Asked, rows: Numbers, numbers: Numbers) -> None:
        """Take in the echo messages of a batch, of which ``asked`` has the pairs by number."""
        which = np.flatnonzero(odd(view, rows) & (numbers >= 0))
        if not len(which):
            return
        batch = view.batch
        rows, numbers = rows[which], numbers[which]
        np.add.at(asked.columns["odd"], numbers, 1)
        np.add.at(asked.columns["odd_octets"], numbers, batch.length[rows].astype(np.int64) - HEADER)
        head = windows(batch.octets, batch.icmp[rows] + 4, 8)
        marked = numbers[number(head, 4, 4) == PTUNNEL]
        np.add.at(asked.columns["marked"], marked, 1)
        identity = number(head, 0, 4)
        chosen = np.flatnonzero(mix(identity.astype(np.uint64)) % ONE_OF == 0)
        hashes = asked.hashes[numbers[chosen]]
        self.samples.add(hashes[:, None], _samples(view, rows[chosen], identity[chosen]))

    def merge(self, other: Self, files: Numbers) -> None:
        """Take in the state of what comes after, of which ``files`` are the numbers of the files here."""
        self.samples.merge(other.samples.renumbered(files))

    def found(self, asked: Asked, thresholds: Thresholds) -> Iterator[Suspicion]:
        """Yield the pairs of hosts that show enough signs."""
        pairs = asked.pairs()
        strange = np.flatnonzero(pairs.columns["odd"])
        back = asked.between(pairs.dst[strange], pairs.src[strange])
        odd_back = np.where(back >= 0, pairs.columns["odd"][back], 0)
        enough = pairs.columns["odd"][strange] + odd_back >= thresholds.tunnel_messages
        # Of the two directions the one that came first stands for both.
        enough &= (back < 0) | (strange < back) | (odd_back == 0)
        keys, columns = self.samples.rows()
        order = np.argsort(keys[:, 0], kind="stable")
        hashes = keys[order, 0]
        for there, other in zip(strange[enough].tolist(), back[enough].tolist(), strict=True):
            both = [there] if other < 0 else [there, other]
            some = [_of(columns, order, hashes, asked.hashes[one]) for one in both]
            told = {
                name: pairs.columns[name][both].tolist()
                for name in ("odd", "odd_octets", "marked", "first_ns", "last_ns")
            }
            reasons = signs(some, told, thresholds)
            if len(reasons) < thresholds.tunnel_signs and not any(told["marked"]):
                continue
            version = int(pairs.columns["version"][there])
            places = np.sort(np.concatenate([one[:, PLACE] for one in some]))
            yield Suspicion(
                hosts=(address(pairs.src[there], version), address(pairs.dst[there], version)),
                reasons=tuple(reasons),
                messages=sum(told["odd"]),
                first_ns=min(told["first_ns"]),
                last_ns=max(told["last_ns"]),
                places=tuple(places[: thresholds.frames].tolist()),
            )


def _of(columns: Numbers, order: Numbers, hashes: Hashes, wanted: np.uint64) -> Numbers:
    """Return the samples of one pair; ``order`` sorts them, ``hashes`` are the pairs' in that order."""
    begin, end = np.searchsorted(hashes, wanted), np.searchsorted(hashes, wanted, side="right")
    return columns[order[begin:end]]


def signs(samples: list[Numbers], told: dict[str, list[int]], thresholds: Thresholds) -> list[str]:
    """Return the signs of a tunnel, each in words.

    Args:
        samples: of each direction, a row a message.
        told: messages with odd data of each direction, octets of data in them, messages with the mark of ptunnel.
        thresholds: what to compare with.
    """
    found = []
    marked = sum(told["marked"])
    if marked:
        found.append(f"{marked} begin with the mark of ptunnel")
    every = np.concatenate(samples)
    if len(every):
        bits = entropies(every)
        if bits >= thresholds.tunnel_entropy:
            found.append(f"{bits:.1f} bits of entropy an octet")
        sizes = np.unique(every[:, SIZE])
        if len(sizes) >= thresholds.tunnel_sizes:
            found.append(f"{len(sizes)} sizes from {sizes[0]} to {sizes[-1]} octets")
    differing, matched = compared(samples)
    if differing >= MATCHES and 2 * differing >= matched:
        found.append(f"{differing} of {matched} answers differ from their query")
    means = [octets / count for octets, count in zip(told["odd_octets"], told["odd"], strict=True) if count]
    if len(means) > 1 and max(means) >= thresholds.tunnel_asymmetry * min(means):
        found.append(f"{means[0]:.0f} octets a message one way, {means[1]:.0f} the other")
    return found


def compared(samples: list[Numbers]) -> tuple[int, int]:
    """Return how many answers among some samples differ from their query, and how many have one."""
    queries = [
        {row[IDENTITY]: (row[SIZE], row[DATA:PLACE]) for row in some.tolist() if not row[REPLY]}
        for some in samples
    ]
    differing = matched = 0
    for some, asked in zip(samples, reversed(queries), strict=True):
        for row in some.tolist():
            if row[REPLY] and row[IDENTITY] in asked:
                matched += 1
                differing += asked[row[IDENTITY]] != (row[SIZE], row[DATA:PLACE])
    return differing, matched


def odd(view: View, rows: Numbers) -> NDArray[np.bool_]:
    """Return which of some echo messages have data that do not end as those of pings do: constant, or counting."""
    batch = view.batch
    found = batch.captured[rows] >= HEADER + ENOUGH
    some = np.flatnonzero(found)
    starts = batch.icmp[rows[some]] + batch.captured[rows[some]] - TAIL - 1
    ends = windows(batch.octets, starts, TAIL + 1)
    steps = (ends[:, 1:] - ends[:, :-1]).view(np.uint64).ravel()
    strange = steps != (steps & np.uint64(0xFF)) * ONES
    # Two octets over and over, as Cisco's.
    strange[strange] = (ends[strange, 2:] != ends[strange, :-2]).any(axis=1)
    found[some] = strange
    return found


def _samples(view: View, rows: Numbers, identity: Numbers) -> Numbers:
    """Return the columns of samples of some messages."""
    batch = view.batch
    starts = batch.icmp[rows] + HEADER
    there = np.minimum(batch.captured[rows].astype(np.int64) - HEADER, CLOSELY)
    found = np.zeros((len(rows), PLACE + 1), np.int64)
    found[:, REPLY] = np.isin(view.kinds[rows], REPLIES)
    found[:, IDENTITY] = identity
    found[:, SIZE] = batch.length[rows] - HEADER
    found[:, THERE] = there
    data = np.where(np.arange(CLOSELY) < there[:, None], windows(batch.octets, starts, CLOSELY), np.uint8(0))
    found[:, DATA:PLACE] = data.view(np.int64)
    found[:, PLACE] = batch.frame[rows] | view.file << FILE_AT
    return found


def entropies(samples: Numbers) -> float:
    """Return the mean entropy of samples: of the data, or of the steps between octets, whichever is less."""
    total = 0.0
    data = np.ascontiguousarray(samples[:, DATA:PLACE]).view(np.uint8).reshape(len(samples), CLOSELY)
    for size in np.unique(samples[:, THERE]).tolist():
        some = data[samples[:, THERE] == size, :size]
        total += float(np.minimum(entropy(some), entropy(some[:, 1:] - some[:, :-1])).sum())
    return total / len(samples)


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
