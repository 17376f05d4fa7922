"""From the probes and answers between two hosts to the hops at which they were answered.

A probe's hop is the TTL with which it was sent, and the error does not tell it: what is quoted has run out. So it is
taken from the probe where that was captured, else from what the program counts in its probes: the destination port
of UDP, the sequence number of echo, the identification of IPv4. How many probes a hop gets is found by trying: the
right number makes each hop's answers come from one router, and each router answer in one hop. Where nothing is
counted, the order of the answers is all that is known.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from dissector.analysis.hops import EXCEEDED, PROBE, REPLY, Numbered, ends, path_of
from dissector.analysis.quotes import ICMP_PROTOCOL, ICMPV6_PROTOCOL, UDP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dissector.analysis.flow_keys import Address
    from dissector.analysis.hops import Event, Path

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
ANY = -1
"""In a name of a probe: it does not matter there."""
FORWARDED_NS = 1_000_000_000
"""In so long a time a probe that is captured again with a lower TTL is the same one, further on its way."""


def paths_of(events: list[Event], *, idle_ns: int, reply_ns: int) -> Iterator[Path]:
    """Yield the traceroutes among the events between two hosts, with one kind of probe.

    Args:
        events: all there are.
        idle_ns: after so long a silence it is another traceroute.
        reply_ns: an echo reply that takes longer is none.
    """
    events = list(first_seen(sorted(events, key=_moment)))
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


def first_seen(events: list[Event]) -> Iterator[Event]:
    """Yield events, probes as they were seen first: in a loop, or on both sides of a router, they are seen again."""
    latest: dict[tuple[int, ...], Event] = {}
    for event in events:
        if event.kind == PROBE:
            name = _names(event)[0]
            before, latest[name] = latest.get(name, event), event
            if event.ttl < before.ttl and _moment(event)[0] - _moment(before)[0] <= FORWARDED_NS:
                continue
        yield event


def _path(events: list[Event], reply_ns: int) -> Iterator[Path]:
    """Yield the path of one traceroute; nothing where it is none."""
    probes = [event for event in events if event.kind == PROBE]
    answers = [event for event in events if event.kind != PROBE]
    numbering, numbered = "ttl", list(by_ttl(probes, answers, reply_ns))
    # Echo requests with one TTL are a ping, even if it is too small; so are other probes.
    enough = len({event.ttl for event in probes}) > 1
    if not probes or not is_echo(probes[0]):
        matched = {item.event for item in numbered}
        if not matched:
            events, enough = answers, False
        others = [event for event in answers if event not in matched]
        found = by_count(others, numbered) if others else None
        if found is not None:
            enough = enough or is_trace(others)
            numbering, numbered = found[0], numbered + found[1]
    if not enough or all(item.event.kind != EXCEEDED for item in numbered):
        return
    yield path_of(events, numbering, numbered)


def is_echo(event: Event) -> bool:
    """Return whether a probe is an echo request."""
    return event.protocol in (ICMP_PROTOCOL, ICMPV6_PROTOCOL)


def by_ttl(probes: list[Event], answers: list[Event], reply_ns: int) -> Iterator[Numbered]:
    """Yield the answers to captured probes: the hop is the TTL that the probe had."""
    sent: dict[tuple[int, ...], list[Event]] = {}
    unlike: dict[tuple[int, ...], set[tuple[int, int]]] = {}
    for probe in probes:
        for name in _names(probe):
            sent.setdefault(name, []).append(probe)
            unlike.setdefault(name, set()).add((probe.identification, probe.mark))
    for event in answers:
        found = [name for name in _names(event) if name in sent]
        # Where what the name leaves out tells the probes apart, and it is none of them, this one was not captured.
        if not found or (len(unlike[found[0]]) > 1 and not is_echo(event)):
            continue
        known = sent[found[0]]
        place = bisect_right(known, event.time_ns or 0, key=lambda probe: probe.time_ns or 0)
        if not place:
            continue
        probe = known[place - 1]
        rtt = None if event.time_ns is None or probe.time_ns is None else event.time_ns - probe.time_ns
        if event.kind != REPLY or (rtt or 0) <= reply_ns:
            yield Numbered(probe.ttl, event, rtt)


def _names(event: Event) -> tuple[tuple[int, ...], ...]:
    """Return by what an answer finds its probe, the surest first.

    A translator may have changed the identification, a network card have filled in the checksum of UDP after it was
    captured. What is left may be the same for several probes that nothing tells apart: then the last one is it.
    """
    ports = (event.selector, event.counter)
    return (
        (*ports, event.identification, event.mark),
        (*ports, event.identification, ANY),
        (*ports, ANY, event.mark),
        (*ports, ANY, ANY),
    )


def by_count(answers: list[Event], known: list[Numbered]) -> tuple[str, list[Numbered]] | None:
    """Return how hops are numbered where no probe was captured, and the answers with their hops.

    Args:
        answers: the answers to such probes.
        known: the other answers of this traceroute, with their hops, which theirs must go with.

    Returns:
        None where nothing goes with them.
    """
    events = [*(item.event for item in known), *answers]
    ttls = [item.hop for item in known]
    reporters = [event.reporter for event in events]
    for counts, firsts in counters(events):
        found = fitted(counts, events, firsts, ttls)
        if found is None:
            continue
        start, per_hop = found
        hops = [(count - start) // per_hop + 1 for count in counts]
        if not known and events[0].protocol != UDP and in_rounds(hops, reporters):
            continue
        numbering = "count" if known or start in firsts else "relative"
        numbers = zip(hops[len(known) :], answers, strict=True)
        return numbering, [Numbered(hop, event, None, seen=False) for hop, event in numbers]
    if known:
        return None
    order: dict[Address, int] = {}
    return "order", [
        Numbered(order.setdefault(event.reporter, len(order) + 1), event, None, seen=False)
        for event in answers
    ]


def counters(answers: list[Event]) -> Iterator[tuple[list[int], tuple[int, ...]]]:
    """Yield what may count the probes, and where it usually begins."""
    counts = [event.counter for event in answers]
    if len(set(counts)) > 1:
        if answers[0].protocol == UDP:
            yield counts, FIRST_PORTS
        elif is_echo(answers[0]):
            # Some count in the order of octets of their own machine.
            swapped = len({count & 0xFF for count in counts}) == 1
            yield [count >> 8 for count in counts] if swapped else counts, FIRST_SEQUENCES
    identifications = [event.identification for event in answers]
    distinct = len(set(identifications))
    if distinct == len(answers) > 1 and max(identifications) - min(identifications) < SPARSE * distinct:
        yield identifications, ()


def fitted(
    counts: list[int], answers: list[Event], firsts: tuple[int, ...], ttls: Sequence[int] = ()
) -> tuple[int, int] | None:
    """Return the count of the first hop's first probe and how many probes a hop has; None where nothing fits.

    Strategy: all are tried, and what speaks against each is counted (:func:`against`). Of equals the usual number of
    probes is taken, then the smallest. What leaves more than half of the hops without an answer is not believed.

    Args:
        counts: what may count the probes, of each answer.
        answers: the answers.
        firsts: where counts usually begin.
        ttls: the hops of the first answers, where they are known: all others are held against them.
    """
    least = min(counts)
    near = tuple(first for first in firsts if first <= least < first + MOST_PER_HOP * MOST_HOPS)
    found = []
    for per_hop in range(1, MOST_PER_HOP + 1):
        starts: Iterable[int] = near or (least,)
        if ttls:
            latest = counts[0] - (ttls[0] - 1) * per_hop
            starts = range(latest - per_hop + 1, latest + 1)
        for start in starts:
            hops = [(count - start) // per_hop + 1 for count in counts]
            if max(hops) > MOST_HOPS or min(hops) < 1 or hops[: len(ttls)] != list(ttls):
                continue
            if ttls or 2 * len(set(hops)) >= max(hops):
                found.append((against(hops, answers), per_hop != USUAL_PER_HOP, per_hop, min(hops), start))
    if not found:
        return None
    _, _, per_hop, _, start = min(found)
    return start, per_hop


def against(hops: list[int], answers: list[Event]) -> int:
    """Return how much speaks against hops of some answers.

    Each router that answers in one hop beside another, and each that answers in the next hop again, weighs two. One
    that answers again after others is in a loop, or it has no place there: it weighs one, however often it does.
    Answers from behind the end do not count: programs send probes ahead, all of which get that far.
    """
    last = min((hop for hop, event in zip(hops, answers, strict=True) if ends(event)), default=MOST_HOPS)
    routers: dict[int, set[Address]] = {}
    for hop, event in zip(hops, answers, strict=True):
        if hop <= last:
            routers.setdefault(hop, set()).add(event.reporter)
    seen: dict[Address, int] = {}
    again: set[Address] = set()
    weight = 0
    for place, hop in enumerate(sorted(routers)):
        weight += 2 * len(routers[hop]) - 2
        for router in routers[hop]:
            if seen.get(router) == place - 1:
                weight += 2
            elif router in seen:
                again.add(router)
            seen[router] = place
    return weight + len(again)


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
