"""Traceroutes in a capture, from the errors that they provoke and from the echo requests that they are.

Strategy: what may belong to a traceroute becomes a row of a table: each error about a datagram that ran out of
hops, each error from where it might have arrived, each echo request sent with few hops and each reply to one.
Rows about the same two hosts and the same kind of probe are put together, and made into hops, when the paths are
asked for (:mod:`dissector.analysis.numbering`).

UDP and TCP probes are no messages of ICMP. A batch has them where its scan was asked for datagrams with few hops left,
and most of these are none: so they wait (:mod:`dissector.analysis.waiting`) until an error tells that one from the same
host to the same host has run out of hops, and from then on become rows at once. Where they were not looked for, or not
captured, they are known from the errors alone, without a time of sending, and their hops have no RTT.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from dissector import kernel
from dissector.analysis.flow_keys import ALWAYS, NEVER, pair_hashes
from dissector.analysis.hashing import FACTORS, Index, mix
from dissector.analysis.hop_notes import LENGTH_AT, NOTHING, NotesReader
from dissector.analysis.hops import ENDED, EXCEEDED, PROBE, REPLY, Event, address_of
from dissector.analysis.moments import Moments
from dissector.analysis.numbering import paths_of
from dissector.analysis.quotes import (
    ICMP_PROTOCOL,
    ICMPV6_PROTOCOL,
    QUOTE_START,
    TCP,
    UDP,
    chosen,
    number,
    outer_version,
    quotes_of,
    windows,
)
from dissector.analysis.table import grouped
from dissector.analysis.waiting import Waiting, whose
from dissector.capture.records import NO_TIME
from dissector.tails.datagram import IPV4, IPV6
from dissector.tails.quoted import LEAST_FIELD

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from numpy.typing import NDArray

    from dissector.analysis.hop_notes import Notes
    from dissector.analysis.hops import Path
    from dissector.analysis.quotes import Quotes
    from dissector.batch import Batch

LIMIT = 1 << 20
"""How many probes and answers are kept: about 200 octets each."""
MAX_HOPS = 30
"""A probe has no more hops left than this, on its way or where it arrives: what traceroutes stop at."""
SECOND = 1_000_000_000
REPLY_NS = 10 * SECOND
"""A reply that takes longer is none; traceroutes wait for three to five seconds."""
IDLE_NS = 60 * SECOND
"""After so long a silence between the same hosts, it is another traceroute."""

WORDS, GROUP_WORDS = 9, 8
SAME = 64
"""Different probes that one address answers with one kind of message, or of one TTL, between two hosts: later ones are
not looked at. That is enough for as many rounds as a path is worth, and a loop does not end."""
REPEATS = 3
"""Seconds in which the very same probe, or its answer, is kept apart; later ones count with the last one."""
NOTE_BITS = np.uint64(32)
"""So many of a key's last word are the number of what an error tells; the others tell probes of equal ports apart."""
PROBED = (ICMP_PROTOCOL, TCP, UDP, ICMPV6_PROTOCOL)
"""Protocols of probes."""


@cache
def ends() -> NDArray[np.uint8]:
    """Return what errors tell of a probe: for each value of ``Batch.family``, then of ``Batch.type``."""
    found = np.zeros((7, 256), np.uint8)
    found[IPV4, 11] = found[IPV6, 3] = EXCEEDED
    found[IPV4, 3] = found[IPV6, 1] = ENDED
    return found


@cache
def echoes() -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which types are echo requests and which are replies, likewise."""
    requests, replies = np.zeros((2, 7, 256), np.bool_)
    requests[IPV4, 8] = requests[IPV6, 128] = True
    replies[IPV4, 0] = replies[IPV6, 129] = True
    return requests, replies


@cache
def probing() -> NDArray[np.uint8]:
    """Return which protocols probes are of."""
    found = np.zeros(256, np.uint8)
    found[list(PROBED)] = 1
    return found


class Paths:
    """State: what may be traceroutes among the messages of batches.

    Args:
        limit: rows kept; see :attr:`PathReport.warnings`.
        max_hops: the most hops that a probe has left.
        idle_ns: the silence after which it is another traceroute.
        begins: whether nothing comes before the first batch; else its first replies wait for :meth:`merge`.
    """

    def __init__(
        self,
        *,
        limit: int = LIMIT,
        max_hops: int = MAX_HOPS,
        idle_ns: int = IDLE_NS,
        begins: bool = True,
    ) -> None:
        self.max_hops, self.idle_ns, self.begins = max_hops, idle_ns, begins
        self.table = moments(limit)
        self.notes: dict[Notes, int] = {NOTHING: 0}
        self._reader = NotesReader()
        # Flows of echo requests with few hops, hashed: replies to others are not kept.
        self._probed = Index(limit=limit)
        # Who sent UDP or TCP to whom that ran out of hops: other probes wait until that is known.
        self._traced = Index(limit=limit)
        self._waiting = Waiting()
        # Replies that came first, unless this begins a capture: they may answer what came before all this.
        self._start: int | None = None
        self._early = moments(limit)

    def update(self, batch: Batch) -> None:
        """Put in the messages of a batch, which comes after all that were put in."""
        if self._start is None:
            timed = np.flatnonzero(batch.record_flags & NO_TIME == 0)
            self._start = int(batch.time_ns[timed[0]]) if len(timed) else None
        quotes = quotes_of(batch)
        if quotes is not None:
            self._add_errors(batch, quotes)
        if len(batch.probes):
            self._add_probes(batch.probes)
        self._add_echoes(batch)

    def merge(self, other: Self) -> Self:
        """Put in what came after, as another state made with ``begins=False`` saw it; return self."""
        if self._start is None:
            self._start = other._start
        self._trace(other._traced.keys[:, 0])
        numbers = np.array([self._note(notes) for notes in other.notes], np.uint64)
        keys = other.table.keys
        marks = keys[:, 8] >> NOTE_BITS << NOTE_BITS
        keys[:, 8] = marks | numbers[(keys[:, 8] ^ marks).astype(np.int64)]
        self.table.add(keys, other.table.values)
        self.table.refused += other.table.refused
        self._add_probes(other._waiting.take())
        self._add_replies(other._early.keys, other._early.values)
        self._probed.place(other._probed.keys)
        return self

    def result(self) -> PathReport:
        """Return the traceroutes found so far."""
        return PathReport(self.table, tuple(self.notes), self.idle_ns)

    def _note(self, notes: Notes) -> int:
        return self.notes.setdefault(notes, len(self.notes))

    def _add_errors(self, batch: Batch, quotes: Quotes) -> None:
        """Put in errors about what may be a probe."""
        some = np.empty(len(quotes.rows), np.int64)
        keys = np.empty((len(some), WORDS), np.uint64)
        count = kernel.flow.probes(
            quotes.numbers.data, quotes.hosts.view(np.uint64).data, ends().data, probing().data, self.max_hops,
            some.data, keys.data,
        )  # fmt: skip
        if count:
            keys, rows = keys[:count], quotes.rows[some[:count]]
            self._add_notes(batch, rows, keys)
            self._trace(whose(keys[(keys[:, 0] & np.uint64(0xFF) == EXCEEDED) & ~of_echo(keys)]))
            self.table.add(keys, values_in(batch, rows))

    def _trace(self, senders: NDArray[np.uint64]) -> None:
        """Keep probes of those who sent what ran out of hops: those that wait, and those to come."""
        _, new = self._traced.number(senders)
        if len(new):
            self._keep(self._waiting.take(senders[new]))

    def _add_probes(self, probes: NDArray[np.void]) -> None:
        """Keep probes of UDP and TCP, or let them wait."""
        senders = whose(probe_keys(probes))
        waits = self._traced.find(senders) < 0
        self._waiting.add(probes[waits], senders[waits])
        self._keep(probes[~waits])

    def _keep(self, probes: NDArray[np.void]) -> None:
        """Keep probes of UDP and TCP."""
        self.table.add(
            probe_keys(probes), values_of(probes["record_flags"], probes["time_ns"], probes["frame"])
        )

    def _add_notes(self, batch: Batch, rows: NDArray[np.int64], keys: NDArray[np.uint64]) -> None:
        """Write into keys the number of what each error tells beside its quote."""
        at = np.where(batch.family[rows] == IPV6, LENGTH_AT[IPV6], LENGTH_AT[IPV4])
        stated = batch.octets[batch.icmp[rows] + at] != 0
        told = stated | (batch.captured[rows] > QUOTE_START + LEAST_FIELD)
        for place in np.flatnonzero(told).tolist():
            row = int(rows[place])
            notes = self._reader.read(int(batch.family[row]), batch.message_octets(row))
            keys[place, 8] |= np.uint64(self._note(notes))

    def _add_echoes(self, batch: Batch) -> None:
        """Put in echo requests with few hops, and what may be a reply to one."""
        requests, replies = echoes()
        rows = plain(batch, chosen(batch, requests, self.max_hops))
        if len(rows):
            keys = echo_keys(batch, rows, PROBE)
            self._probed.place(probed_flows(keys))
            self.table.add(keys, values_in(batch, rows))
        if len(self._probed) or self._early_in(batch):
            rows = plain(batch, chosen(batch, replies))
            self._add_replies(echo_keys(batch, rows, REPLY), values_in(batch, rows))

    def _early_in(self, batch: Batch) -> bool:
        """Return whether replies in a batch may answer what came before this state."""
        end = self._early_end()
        return end != ALWAYS and bool((batch.time_ns[batch.record_flags & NO_TIME == 0] <= end).any())

    def _add_replies(self, keys: NDArray[np.uint64], values: dict[str, NDArray[np.int64]]) -> None:
        """Keep those replies that answer what was sent with few hops, and those that came early."""
        answering = self._probed.find(probed_flows(keys)) >= 0
        early = ~answering & (values["first_ns"] <= self._early_end())
        for table, rows in ((self.table, answering), (self._early, early)):
            table.add(keys[rows], {name: column[rows] for name, column in values.items()})

    def _early_end(self) -> int:
        """Return the time until which a reply may answer what came before this state."""
        return ALWAYS if self.begins or self._start is None else self._start + REPLY_NS


def moments(limit: int) -> Moments:
    """Return an empty table of probes and answers."""
    return Moments(WORDS, group_of, limit=limit, members=SAME, repeats=REPEATS)


def group_of(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return what messages have in common that differ by what counts probes alone, and by what they tell beside it."""
    groups = keys[:, :GROUP_WORDS].copy()
    # The identifier of echo counts no probes; ports do.
    groups[:, 1] = np.where(of_echo(keys), keys[:, 1] >> np.uint64(32), np.uint64(0))
    return groups


def of_echo(keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Return which probes are echo requests."""
    protocol = keys[:, 0] >> np.uint64(16) & np.uint64(0xFF)
    found: NDArray[np.bool_] = (protocol == ICMP_PROTOCOL) | (protocol == ICMPV6_PROTOCOL)
    return found


def plain(batch: Batch, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return those of some rows whose code is 0."""
    found: NDArray[np.int64] = rows[batch.code[rows] == 0]
    return found


def packed(
    selector: NDArray[np.int64], counter: NDArray[np.int64], identification: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Return the word of a key that tells probes apart: 32, 16 and 16 bits."""
    low = np.maximum(counter, 0) << 16 | np.maximum(identification, 0) & 0xFFFF
    return selector.astype(np.uint64) << np.uint64(32) | low.astype(np.uint64)


def echo_keys(batch: Batch, rows: NDArray[np.int64], kind: int) -> NDArray[np.uint64]:
    """Return the keys of some echo requests (PROBE) or replies (REPLY), addresses as the request has them."""
    keys = np.zeros((len(rows), WORDS), np.uint64)
    version = outer_version(batch, rows).astype(np.int64)
    protocol = np.where(batch.family[rows] == IPV6, ICMPV6_PROTOCOL, ICMP_PROTOCOL)
    head = windows(batch.octets, batch.icmp[rows], QUOTE_START)
    identification = number(windows(batch.octets, batch.ip[rows], 6), 4, 2)
    src, dst = (np.ascontiguousarray(column[rows]).view(np.uint64) for column in (batch.src, batch.dst))
    keys[:, 0] = (kind | version << 8 | protocol << 16 | version << 48).astype(np.uint64)
    if kind == PROBE:
        keys[:, 0] |= batch.ttl[rows].astype(np.uint64) << np.uint64(40)
        identification = np.where(version == IPV4, identification, 0)
    else:
        # A reply has an identification of its own.
        keys[:, 6:8] = src
        src, dst, identification = dst, src, np.zeros_like(identification)
    keys[:, 1] = packed(number(head, 4, 2), number(head, 6, 2), identification)
    keys[:, 2:4], keys[:, 4:6] = src, dst
    return keys


def probed_flows(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return one number for the hosts and the identifier of each echo."""
    return mix(pair_hashes(keys[:, 2:4], keys[:, 4:6]) ^ (keys[:, 1] >> np.uint64(32)) * FACTORS[0])


def probe_keys(probes: NDArray[np.void]) -> NDArray[np.uint64]:
    """Return the keys of probes of UDP and TCP, as :data:`~dissector.batch.PROBE` has them."""
    keys = np.zeros((len(probes), WORDS), np.uint64)
    version, protocol, ttl, sport, dport, identification = (
        probes[name].astype(np.int64) for name in ("version", "protocol", "ttl", "sport", "dport", "id")
    )
    keys[:, 0] = PROBE | version << 8 | protocol << 16 | ttl << 40 | version << 48
    keys[:, 1] = packed(sport << 16 | dport, dport, identification)
    keys[:, 2:4], keys[:, 4:6] = probes["src"], probes["dst"]
    keys[:, 8] = probes["mark"].astype(np.uint64) << NOTE_BITS
    return keys


def values_in(batch: Batch, rows: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    """Return the values of some messages of a batch."""
    return values_of(batch.record_flags[rows], batch.time_ns[rows], batch.frame[rows])


def values_of(
    record_flags: NDArray[np.uint8], time_ns: NDArray[np.int64], frame: NDArray[np.int64]
) -> dict[str, NDArray[np.int64]]:
    """Return the values of :data:`~dissector.analysis.moments.VALUES` for some packets."""
    return {
        "count": np.ones(len(frame), np.int64),
        "first_ns": np.where(record_flags & NO_TIME != 0, NEVER, time_ns),
        "frame": frame,
    }


class PathReport:
    """What :class:`Paths` found.

    Attributes:
        paths: the traceroutes, in the order of their beginning.
        refused: messages that were not looked at for lack of room.
    """

    def __init__(self, table: Moments, notes: tuple[Notes, ...], idle_ns: int) -> None:
        self.refused, self.limit = table.refused, table.limit
        found: list[Path] = []
        keys, values = table.distinct, table.values
        for rows in _candidates(keys, table.owner):
            events = [_event(keys[table.owner[row]], values, row, notes) for row in rows.tolist()]
            found += paths_of(events, idle_ns=idle_ns, reply_ns=REPLY_NS)
        self.paths = tuple(sorted(found, key=lambda path: (path.first_ns or 0, path.first_frame)))

    def __len__(self) -> int:
        """Return how many traceroutes there are."""
        return len(self.paths)

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence where the table was too small."""
        if not self.refused:
            return ()
        what = f"{self.refused} messages that may belong to traceroutes were not looked at"
        return (f"{what}: more than {SAME} alike between two hosts, or {self.limit} altogether",)


def _candidates(keys: NDArray[np.uint64], owner: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return the rows of each pair of hosts and kind of probe among which a traceroute may be.

    A flow that loops, or a ping with too few hops, comes in millions: all its errors are from one router.

    Args:
        keys: the different keys.
        owner: for each row the place of its key.
    """
    head = keys[:, 0] & np.uint64(0xFFFF00)
    tcp = head >> np.uint64(16) == TCP
    selector = keys[:, 1] >> np.uint64(32)
    # The destination port of TCP says the service; the ports of UDP and the source port of TCP count probes.
    told = np.where(of_echo(keys), selector, np.where(tcp, selector & np.uint64(0xFFFF), np.uint64(0)))
    order, starts = grouped(np.column_stack([head, told, keys[:, 2:6]]))
    if not len(starts):
        return []
    ordered = keys[order]
    kinds = ordered[:, 0] & np.uint64(0xFF)
    exceeded = kinds == EXCEEDED
    ports = ordered[:, 1] >> np.uint64(16) & np.uint64(0xFFFF)
    ttls = ordered[:, 0] >> np.uint64(40) & np.uint64(0xFF)
    reporters = pair_hashes(ordered[:, 6:8], ordered[:, 6:8])
    worth = _differ(reporters, exceeded, starts) | _differ(ports, kinds != PROBE, starts)
    worth |= _differ(ttls, kinds == PROBE, starts)
    worth &= np.maximum.reduceat(exceeded, starts)
    # A number from 1 on for each of those groups, 0 for all others.
    numbers = np.empty(len(keys), np.int64)
    numbers[order] = np.repeat(worth * np.cumsum(worth), np.diff(starts, append=len(order)))
    groups = numbers[owner]
    rows = np.flatnonzero(groups)
    rows = rows[np.argsort(groups[rows], kind="stable")]
    return np.split(rows, np.flatnonzero(np.diff(groups[rows])) + 1) if len(rows) else []


def _differ(
    values: NDArray[np.uint64], which: NDArray[np.bool_], starts: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return for each group whether those of its values that count differ.

    Args:
        values: the values, those of a group together.
        which: which of them count.
        starts: where each group starts.
    """
    most = np.maximum.reduceat(np.where(which, values, np.uint64(0)), starts)
    least = np.minimum.reduceat(np.where(which, values, np.iinfo(np.uint64).max), starts)
    differ: NDArray[np.bool_] = most > least
    return differ


def _event(
    key: NDArray[np.uint64], values: Mapping[str, NDArray[np.int64]], row: int, notes: tuple[Notes, ...]
) -> Event:
    """Return one row of the table, which has this key."""
    head, probe = int(key[0]), int(key[1])
    mark, note = divmod(int(key[8]), 1 << int(NOTE_BITS))
    first_ns = int(values["first_ns"][row])
    return Event(
        kind=head & 0xFF,
        protocol=head >> 16 & 0xFF,
        type=head >> 24 & 0xFF,
        code=head >> 32 & 0xFF,
        ttl=head >> 40 & 0xFF,
        selector=probe >> 32,
        counter=probe >> 16 & 0xFFFF,
        identification=probe & 0xFFFF,
        src=address_of(key[2:4].tobytes(), head >> 8 & 0xFF),
        dst=address_of(key[4:6].tobytes(), head >> 8 & 0xFF),
        reporter=address_of(key[6:8].tobytes(), head >> 48 & 0xFF),
        notes=notes[note],
        copies=int(values["count"][row]),
        time_ns=None if first_ns == NEVER else first_ns,
        frame=int(values["frame"][row]),
        mark=mark,
    )
