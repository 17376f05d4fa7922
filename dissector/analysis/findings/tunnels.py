"""Echo messages whose data no ping is known to send, and the signs that two hosts carry something in them.

Strategy: the last octets of the data tell nearly every ping: programs fill up with one octet, or count. What is left
is rare, and of each pair of hosts some are looked at closely: entropy, sizes, whether answers give back what was
asked. How a batch is cut does not matter: the first ones of a pair are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dissector.analysis.findings.asked import ECHO, REPLIES
from dissector.analysis.findings.evidence import FILE_AT, VERSION_AT, Firsts, renumbered
from dissector.analysis.flow_keys import address
from dissector.analysis.hashing import digest
from dissector.analysis.quotes import number, windows
from dissector.analysis.table import Table, grouped
from dissector.capture.records import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from numpy.typing import NDArray

    from dissector.analysis.findings.evidence import Numbers, Words
    from dissector.analysis.findings.model import Thresholds
    from dissector.analysis.findings.view import View
    from dissector.analysis.flow_keys import Address

HEADER, TAIL = 8, 8
"""Octets before the data, and of their end that tell a ping."""
ENOUGH = 24
"""Octets of data that a known ping could not fill with a time and an identifier alone."""
CLOSELY = 128
"""Octets that are looked at closely."""
EACH = 64
"""Messages of two hosts that are."""
ONES = np.uint64(0x0101010101010101)
PTUNNEL = 0xD5200880
"""What each message of ptunnel begins with."""
RULES = {
    "count": "count",
    "first_ns": "least",
    "last_ns": "most",
    "there": "count",
    "back": "count",
    "marked": "count",
}
BACK, REPLY, IDENTITY, SIZE, DIGEST, ENTROPY, PLACE = range(7)
"""Columns of a sample."""
MATCHES = 3
"""Answers that differ from their query: fewer may be faults."""
MILLI = 1000


class Suspicion(NamedTuple):
    """Two hosts whose echo looks like a tunnel.

    Attributes:
        hosts: the two.
        reasons: the signs, in words.
        messages, first_ns, last_ns, places: as in a sighting.
    """

    hosts: tuple[Address, Address]
    reasons: tuple[str, ...]
    messages: int
    first_ns: int | None
    last_ns: int | None
    places: tuple[int, ...]


class Tunnels:
    """Echo messages with odd data, by the two hosts: a mergeable state.

    Args:
        limit: pairs of hosts kept.
    """

    def __init__(self, limit: int) -> None:
        self.table = Table(5, RULES, limit)
        self.samples = Firsts(5, 7, EACH, limit)

    def update(self, view: View) -> None:
        """Take in the echo messages of a batch."""
        rows = odd(view)
        if not len(rows):
            return
        batch = view.batch
        src, dst = view.src[rows], view.dst[rows]
        later = (src[:, 0] > dst[:, 0]) | (src[:, 0] == dst[:, 0]) & (src[:, 1] > dst[:, 1])
        keys = np.zeros((len(rows), 5), np.uint64)
        keys[:, 0] = view.version[rows].astype(np.uint64) << np.uint64(VERSION_AT)
        keys[:, 1:3] = np.where(later[:, None], dst, src)
        keys[:, 3:] = np.where(later[:, None], src, dst)
        size = batch.length[rows].astype(np.int64) - HEADER
        timeless = batch.record_flags[rows] & NO_TIME != 0
        times, info = batch.time_ns[rows], np.iinfo(np.int64)
        self.table.add(
            keys,
            {
                "count": np.ones(len(rows), np.int64),
                "first_ns": np.where(timeless, info.max, times),
                "last_ns": np.where(timeless, info.min, times),
                "there": np.where(later, 0, size),
                "back": np.where(later, size, 0),
                "marked": number(windows(batch.octets, batch.icmp[rows] + HEADER, 4), 0, 4) == PTUNNEL,
            },
        )
        order, starts = grouped(keys)
        rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
        chosen = np.sort(order[rank < EACH])
        self.samples.add(keys[chosen], _samples(view, rows[chosen], later[chosen]))

    def merge(self, other: Self, files: Numbers) -> None:
        """Take in the state of what comes after, of which ``files`` are the numbers of the files here."""
        self.table.merge(other.table)
        self.samples.merge(renumbered(other.samples, files))

    @property
    def refused(self) -> int:
        """Messages that were not kept."""
        return self.table.refused

    def found(self, thresholds: Thresholds) -> Iterator[Suspicion]:
        """Yield the pairs of hosts that show enough signs."""
        keys, values = self.table.keys, self.table.values
        rows = np.flatnonzero(values["count"] >= thresholds.tunnel_messages)
        if not len(rows):
            return
        sampled, columns = self.samples.rows()
        order, starts = grouped(sampled)
        where = {sampled[order[start]].tobytes(): place for place, start in enumerate(starts.tolist())}
        groups = np.split(order, starts[1:])
        for row in rows.tolist():
            some = columns[groups[where[keys[row].tobytes()]]]
            told = {name: int(column[row]) for name, column in values.items()}
            reasons = signs(some, told, thresholds)
            needed = thresholds.tunnel_signs
            if len(reasons) < needed and not told["marked"]:
                continue
            version = int(keys[row, 0]) >> VERSION_AT
            timeless = told["first_ns"] == np.iinfo(np.int64).max
            yield Suspicion(
                hosts=(address(keys[row, 1:3], version), address(keys[row, 3:], version)),
                reasons=tuple(reasons),
                messages=told["count"],
                first_ns=None if timeless else told["first_ns"],
                last_ns=None if timeless else told["last_ns"],
                places=tuple(some[: thresholds.frames, PLACE].tolist()),
            )


def signs(samples: Numbers, told: dict[str, int], thresholds: Thresholds) -> list[str]:
    """Return the signs of a tunnel, each in words.

    Args:
        samples: of the pair's messages, a row each.
        told: what is known of all of them: octets there and back, messages with the mark of ptunnel.
        thresholds: what to compare with.
    """
    found = []
    if told["marked"]:
        found.append(f"{told['marked']} begin with the mark of ptunnel")
    entropy = float(samples[:, ENTROPY].mean()) / MILLI
    if entropy >= thresholds.tunnel_entropy:
        found.append(f"{entropy:.1f} bits of entropy an octet")
    sizes = np.unique(samples[:, SIZE])
    if len(sizes) >= thresholds.tunnel_sizes:
        found.append(f"{len(sizes)} sizes from {sizes[0]} to {sizes[-1]} octets")
    differing, matched = compared(samples)
    if differing >= MATCHES and 2 * differing >= matched:
        found.append(f"{differing} of {matched} answers differ from their query")
    there, back = told["there"], told["back"]
    if there and back and max(there, back) >= thresholds.tunnel_asymmetry * min(there, back):
        found.append(f"{there} octets one way, {back} the other")
    return found


def compared(samples: Numbers) -> tuple[int, int]:
    """Return how many answers among some samples differ from their query, and how many have one."""
    queries: dict[tuple[int, int], tuple[int, int]] = {}
    differing = matched = 0
    for back, reply, identity, size, data, _, _ in samples.tolist():
        if not reply:
            queries[back, identity] = size, data
            continue
        query = queries.get((1 - back, identity))
        if query is not None:
            matched += 1
            differing += query != (size, data)
    return differing, matched


def odd(view: View) -> Numbers:
    """Return the rows of the echo messages whose data do not end as those of pings do: constant, or counting."""
    batch = view.batch
    rows = view.of(*ECHO, octets=HEADER + ENOUGH)
    if not len(rows):
        return rows
    ends = windows(batch.octets, batch.icmp[rows] + batch.captured[rows] - TAIL - 1, TAIL + 1)
    steps = (ends[:, 1:] - ends[:, :-1]).view(np.uint64).ravel()
    rows, ends = rows[steps != (steps & np.uint64(0xFF)) * ONES], ends[steps != (steps & np.uint64(0xFF)) * ONES]
    # Two octets over and over, as Cisco's.
    found: Numbers = rows[(ends[:, 2:] != ends[:, :-2]).any(axis=1)]
    return found


def _samples(view: View, rows: Numbers, later: NDArray[np.bool_]) -> Numbers:
    """Return the columns of samples of some messages."""
    batch = view.batch
    starts = batch.icmp[rows] + HEADER
    there = np.minimum(batch.captured[rows].astype(np.int64) - HEADER, CLOSELY)
    found = np.zeros((len(rows), 7), np.int64)
    found[:, BACK] = later
    found[:, REPLY] = np.isin(view.kinds[rows], REPLIES)
    found[:, IDENTITY] = number(view.octets(rows, HEADER), 4, 4)
    found[:, SIZE] = batch.length[rows] - HEADER
    found[:, DIGEST] = digest(batch.octets, starts, there).view(np.int64)
    found[:, PLACE] = batch.frame[rows] | view.file << FILE_AT
    for size in np.unique(there).tolist():
        some = np.flatnonzero(there == size)
        data = windows(batch.octets, starts[some], size)
        bits = np.minimum(entropy(data), entropy(data[:, 1:] - data[:, :-1]))
        found[some, ENTROPY] = np.round(bits * MILLI).astype(np.int64)
    return found


def entropy(data: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the entropy of each row of octets, in bits an octet (Shannon)."""
    count, size = data.shape
    places = data.astype(np.int64) + np.arange(count)[:, None] * 256
    shares = np.bincount(places.ravel(), minlength=count * 256).reshape(count, 256) / size
    # No octet takes part as many times as it is there: 0 log 0 is 0.
    logs = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    bits: NDArray[np.float64] = -(shares * logs).sum(axis=1)
    return bits
