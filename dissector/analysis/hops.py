"""From the probes and answers between two hosts to the hops of a path.

A probe's hop is the TTL with which it was sent, and the error does not tell it: what is quoted has run out. So it is
taken from the probe where that was captured, else from what the program counts in its probes: the destination port
of UDP, the sequence number of echo, the identification of IPv4. How many probes a hop gets is found by trying: the
right number makes each hop's answers come from one router, and each router answer in one hop. Where nothing is
counted, the order of the answers is all that is known.
"""

from __future__ import annotations

from bisect import bisect_right
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, NamedTuple

from dissector.analysis.quotes import ICMP_PROTOCOL, ICMPV6_PROTOCOL, UDP
from dissector.kernel import tables
from dissector.tails.datagram import IPV4

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.analysis.flow_keys import Address
    from dissector.analysis.hop_notes import Interface, Label, Notes

PROBE, EXCEEDED, ENDED, REPLY = tables.EVENTS
"""Kinds of events: an echo request, an error because no hop was left, another error, an echo reply."""

FIRST_PORTS = (33434, 33435)
"""Where the destination ports of UDP probes begin: with Linux's traceroute; with those that count first."""
FIRST_SEQUENCES = (1, 0)
"""Where sequence numbers begin, in programs that begin anew each time."""
MOST_PER_HOP = 10
"""Probes a hop, at most (traceroute -q)."""
USUAL_PER_HOP = 3
MOST_HOPS = 64
"""A count that makes more hops than this is none of hops."""
PORTS = 1024
"""As many ports from the first one on are taken for those of probes."""
SPARSE = 4
"""Identifications that are further apart than this, on average, count no probes."""

PROHIBITED = {4: ((3, 9), (3, 10), (3, 13)), 6: ((1, 1), (1, 5), (1, 6))}
"""Errors that say that somebody forbids it (RFC 1812, 5.2.7.1; RFC 4443, 3.1)."""
PORT_UNREACHABLE = {4: (3, 3), 6: (1, 4)}
PROTOCOL_UNREACHABLE = (3, 2)


class Event(NamedTuple):
    """Something captured of a traceroute.

    Attributes:
        kind: PROBE, EXCEEDED, ENDED or REPLY.
        protocol: of the probe: UDP, TCP, ICMP or ICMPv6.
        type, code: of an error.
        ttl: with which a PROBE was captured.
        selector: the identifier of an echo, or both ports: source port * 65536 + destination port.
        counter: the sequence number of an echo, or the destination port.
        identification: of the probe's IPv4 header; 0 in replies and IPv6.
        src, dst: addresses of the probe.
        reporter: who answered; unspecified in a PROBE.
        notes: what an error tells beside that.
        copies: how many alike were captured.
        time_ns: when the first was captured; None where the capture does not say.
        frame: its frame.
    """

    kind: int
    protocol: int
    type: int
    code: int
    ttl: int
    selector: int
    counter: int
    identification: int
    src: Address
    dst: Address
    reporter: Address
    notes: Notes
    copies: int
    time_ns: int | None
    frame: int


class Answer(NamedTuple):
    """What one address answered at one hop.

    Attributes:
        address: the address.
        answers: how many.
        rtt_ns: from probe to answer, one for each probe that was captured.
        type, code: of the error; None for an echo reply.
        labels: the MPLS label stack with which the probe arrived, the last one told.
        interfaces: what it tells of its interfaces.
        frames: of the answers.
    """

    address: Address
    answers: int
    rtt_ns: tuple[int, ...]
    type: int | None
    code: int | None
    labels: tuple[Label, ...]
    interfaces: tuple[Interface, ...]
    frames: tuple[int, ...]


class Hop(NamedTuple):
    """One hop.

    Attributes:
        number: from 1; see :attr:`Path.numbering`.
        probes: probes that were captured; None where probes are no ICMP.
        answers: the answers by address; empty where nobody answered.
    """

    number: int
    probes: int | None
    answers: tuple[Answer, ...]


class Path(NamedTuple):
    """One traceroute.

    Attributes:
        src, dst: from where to where.
        protocol: of the probes: UDP, TCP, ICMP or ICMPv6.
        port: destination port of TCP probes, and of UDP probes that all have the same.
        identifier: of echo requests.
        numbering: where hop numbers are from: ``"ttl"`` of captured probes; ``"count"``: what the program
            counts, from its usual beginning; ``"relative"``: likewise, but from the first answer; ``"order"``:
            the order of the answers.
        hops: the hops up to the end, without a gap.
        end: how it ended: ``"reached"``, ``"prohibited"``, ``"unreachable"``, ``"nothing"``.
        end_type, end_code: the error that ended it; None where that was an echo reply, or nothing.
        ended_by: who sent it.
        loops: addresses that are at two hops with another in between.
        first_ns, last_ns: over what time; None where the capture does not say.
        first_frame, last_frame: the first and the last frame.
    """

    src: Address
    dst: Address
    protocol: int
    port: int | None
    identifier: int | None
    numbering: str
    hops: tuple[Hop, ...]
    end: str
    end_type: int | None
    end_code: int | None
    ended_by: Address | None
    loops: tuple[Address, ...]
    first_ns: int | None
    last_ns: int | None
    first_frame: int
    last_frame: int

    @property
    def missing(self) -> tuple[int, ...]:
        """The hops at which nobody answered."""
        return tuple(hop.number for hop in self.hops if not hop.answers)


class Numbered(NamedTuple):
    """An answer with its hop and, where the probe was captured, the time from it."""

    hop: int
    event: Event
    rtt_ns: int | None


def address_of(octets: bytes, version: int) -> Address:
    """Return an address out of 16 octets, of which IPv4 has the first four."""
    return IPv4Address(octets[:4]) if version == IPV4 else IPv6Address(octets)


def paths_of(events: list[Event], *, idle_ns: int, reply_ns: int) -> Iterator[Path]:
    """Yield the traceroutes among the events between two hosts, with one kind of probe.

    Args:
        events: all there are.
        idle_ns: after so long a silence it is another traceroute.
        reply_ns: an echo reply that takes longer is none.
    """
    events = sorted(events, key=_moment)
    probes = [event for event in events if event.kind == PROBE]
    replies = [event for event in events if event.kind == REPLY]
    # A reply to a probe that was not captured may not be one to a probe: others ask too.
    paired = [item.event for item in by_ttl(probes, replies, reply_ns)]
    others = [event for event in events if event.kind != REPLY]
    run: list[Event] = []
    for event in sorted(paired + others, key=_moment):
        if run and (event.time_ns or 0) - (run[-1].time_ns or 0) > idle_ns:
            yield from _path(run, reply_ns)
            run = []
        run.append(event)
    yield from _path(run, reply_ns)


def _moment(event: Event) -> tuple[int, int]:
    """Return by what events are ordered."""
    return event.time_ns or 0, event.frame


def _path(events: list[Event], reply_ns: int) -> Iterator[Path]:
    """Yield the path of one traceroute; nothing where it is none."""
    probes = [event for event in events if event.kind == PROBE]
    answers = [event for event in events if event.kind != PROBE]
    if probes:
        numbering, numbered = "ttl", list(by_ttl(probes, answers, reply_ns))
        # Echo requests with one TTL are a ping, even if it is too small.
        enough = len({event.ttl for event in probes}) > 1
    else:
        numbering, numbered = by_count(answers)
        enough = is_trace([item.event for item in numbered])
    if not enough or all(item.event.kind != EXCEEDED for item in numbered):
        return
    yield path_of(events, numbering, numbered)


def path_of(
    events: list[Event], numbering: str, numbered: list[Numbered], *, last: int | None = None
) -> Path:
    """Return the path of one traceroute.

    Args:
        events: its probes and answers, at least one.
        numbering: where hop numbers are from, see :attr:`Path.numbering`.
        numbered: the answers with their hops.
        last: the last hop, where some of the probes may have gone further than to the first end; else it is there.
    """
    first = events[0]
    probes = [event for event in events if event.kind == PROBE]
    last_hop = min((item.hop for item in numbered if ends(item.event)), default=None)
    end = next((item.event for item in numbered if item.hop == last_hop and ends(item.event)), None)
    hops = tuple(_hops(probes, numbered, last_hop if last is None else last))
    times = [event.time_ns for event in events if event.time_ns is not None]
    icmp = first.protocol in (ICMP_PROTOCOL, ICMPV6_PROTOCOL)
    ports = {event.selector & 0xFFFF for event in events}
    error = end is not None and end.kind != REPLY
    return Path(
        src=first.src,
        dst=first.dst,
        protocol=first.protocol,
        port=ports.pop() if not icmp and len(ports) == 1 else None,
        identifier=first.selector if icmp else None,
        numbering=numbering,
        hops=hops,
        end="nothing" if end is None else end_of(end),
        end_type=end.type if end is not None and error else None,
        end_code=end.code if end is not None and error else None,
        ended_by=None if end is None else end.reporter,
        loops=loops_in(hops),
        first_ns=min(times, default=None),
        last_ns=max(times, default=None),
        first_frame=min(event.frame for event in events),
        last_frame=max(event.frame for event in events),
    )


def by_ttl(probes: list[Event], answers: list[Event], reply_ns: int) -> Iterator[Numbered]:
    """Yield the answers to captured probes: the hop is the TTL that the probe had."""
    sent: dict[tuple[int, int | None], list[Event]] = {}
    for probe in probes:
        for key in ((probe.counter, probe.identification), (probe.counter, None)):
            sent.setdefault(key, []).append(probe)
    for event in answers:
        # A translator may have changed the identification.
        known = sent.get((event.counter, event.identification)) or sent.get((event.counter, None), [])
        place = bisect_right(known, event.time_ns or 0, key=lambda probe: probe.time_ns or 0)
        if not place:
            continue
        probe = known[place - 1]
        rtt = None if event.time_ns is None or probe.time_ns is None else event.time_ns - probe.time_ns
        if event.kind != REPLY or (rtt or 0) <= reply_ns:
            yield Numbered(probe.ttl, event, rtt)


def by_count(answers: list[Event]) -> tuple[str, list[Numbered]]:
    """Return how hops are numbered where no probe was captured, and the answers with their hops."""
    reporters = [event.reporter for event in answers]
    for counts, firsts in counters(answers):
        found = fitted(counts, answers, firsts)
        if found is None:
            continue
        start, per_hop = found
        hops = [(count - start) // per_hop + 1 for count in counts]
        if answers[0].protocol != UDP and in_rounds(hops, reporters):
            continue
        numbering = "count" if start in firsts else "relative"
        return numbering, [Numbered(hop, event, None) for hop, event in zip(hops, answers, strict=True)]
    order: dict[Address, int] = {}
    return "order", [
        Numbered(order.setdefault(event.reporter, len(order) + 1), event, None) for event in answers
    ]


def counters(answers: list[Event]) -> Iterator[tuple[list[int], tuple[int, ...]]]:
    """Yield what may count the probes, and where it usually begins."""
    counts = [event.counter for event in answers]
    if len(set(counts)) > 1:
        if answers[0].protocol == UDP:
            yield counts, FIRST_PORTS
        elif answers[0].protocol in (ICMP_PROTOCOL, ICMPV6_PROTOCOL):
            # Some count in the order of octets of their own machine.
            swapped = len({count & 0xFF for count in counts}) == 1
            yield [count >> 8 for count in counts] if swapped else counts, FIRST_SEQUENCES
    identifications = [event.identification for event in answers]
    distinct = len(set(identifications))
    if distinct == len(answers) > 1 and max(identifications) - min(identifications) < SPARSE * distinct:
        yield identifications, ()


def fitted(counts: list[int], answers: list[Event], firsts: tuple[int, ...]) -> tuple[int, int] | None:
    """Return the count of the first hop's first probe and how many probes a hop has; None where nothing fits.

    Strategy: all are tried; each router that answers in more than one hop is held against a try, and so is each
    hop in which more than one answers. Answers from behind the end do not count: programs send probes ahead, all of
    which get that far. Of equals the usual number of probes is taken, then the smallest. What leaves more than half
    of the hops without an answer is not believed.
    """
    least = min(counts)
    near = tuple(first for first in firsts if first <= least < first + MOST_PER_HOP * MOST_HOPS)
    found = []
    for start in near or (least,):
        for per_hop in range(1, MOST_PER_HOP + 1):
            hops = [(count - start) // per_hop + 1 for count in counts]
            if max(hops) > MOST_HOPS:
                continue
            last = min(
                (hop for hop, event in zip(hops, answers, strict=True) if ends(event)), default=MOST_HOPS
            )
            places = {(hop, event.reporter) for hop, event in zip(hops, answers, strict=True) if hop <= last}
            wrong = (
                2 * len(places) - len({hop for hop, _ in places}) - len({reporter for _, reporter in places})
            )
            if 2 * len(set(hops)) >= max(hops):
                found.append((wrong, per_hop != USUAL_PER_HOP, per_hop, min(hops), start))
    if not found:
        return None
    _, _, per_hop, _, start = min(found)
    return start, per_hop


def in_rounds(hops: list[int], reporters: list[Address]) -> bool:
    """Return whether the first router answers again after others.

    Then a program goes on counting when it begins anew (mtr). Ports of UDP begin anew too: there it is a loop.
    """
    answered = sorted(zip(hops, map(int, reporters), strict=True))
    first = answered[0][1]
    others = [hop for hop, reporter in answered if reporter != first]
    return bool(others) and any(hop > others[0] for hop, reporter in answered if reporter == first)


def is_trace(answers: list[Event]) -> bool:
    """Return whether errors without captured probes are those of a traceroute and not of a loop, or a mistake.

    A traceroute has answers from several routers, or to probes for several of its ports.
    """
    exceeded = [event for event in answers if event.kind == EXCEEDED]
    if len({event.reporter for event in exceeded}) > 1:
        return True
    ports = {event.counter for event in answers}
    usual = all(FIRST_PORTS[0] <= port < FIRST_PORTS[0] + PORTS for port in ports)
    return answers[0].protocol == UDP and len(ports) > 1 and usual if exceeded else False


def ends(event: Event) -> bool:
    """Return whether nothing is behind the sender of an answer."""
    return event.kind != EXCEEDED


def end_of(event: Event) -> str:
    """Return how a path ended, by the answer that ended it."""
    told = (event.type, event.code)
    version = event.dst.version
    if event.kind == REPLY or told in (PORT_UNREACHABLE[version], PROTOCOL_UNREACHABLE):
        return "reached"
    return "prohibited" if told in PROHIBITED[version] else "unreachable"


def _hops(probes: list[Event], numbered: list[Numbered], last: int | None) -> Iterator[Hop]:
    """Yield the hops from the first on, those behind the end left out."""
    most = max((item.hop for item in numbered), default=0) if last is None else last
    if last is None:
        most = max(most, *(probe.ttl for probe in probes)) if probes else most
    for number in range(1, most + 1):
        sent = sum(probe.copies for probe in probes if probe.ttl == number) if probes else None
        here = [item for item in numbered if item.hop == number]
        yield Hop(number, sent, tuple(_answers(here)))


def _answers(numbered: list[Numbered]) -> Iterator[Answer]:
    """Yield the answers of one hop, by address and what was answered."""
    groups: dict[tuple[Address, int | None, int | None], list[Numbered]] = {}
    for item in numbered:
        event = item.event
        told = (None, None) if event.kind == REPLY else (event.type, event.code)
        groups.setdefault((event.reporter, *told), []).append(item)
    for (address, kind, code), items in groups.items():
        notes = [item.event.notes for item in items]
        yield Answer(
            address=address,
            answers=sum(item.event.copies for item in items),
            rtt_ns=tuple(item.rtt_ns for item in items if item.rtt_ns is not None),
            type=kind,
            code=code,
            labels=next((note.labels for note in reversed(notes) if note.labels), ()),
            interfaces=tuple(dict.fromkeys(one for note in notes for one in note.interfaces)),
            frames=tuple(item.event.frame for item in items),
        )


def loops_in(hops: tuple[Hop, ...]) -> tuple[Address, ...]:
    """Return the addresses that are at two hops with other addresses alone at a hop in between."""
    seen: dict[Address, int] = {}
    found: dict[Address, None] = {}
    answered = [hop for hop in hops if hop.answers]
    for place, hop in enumerate(answered):
        here = dict.fromkeys(answer.address for answer in hop.answers)
        for address in here:
            if address in seen and place - seen[address] > 1:
                found[address] = None
            seen[address] = place
    return tuple(found)
