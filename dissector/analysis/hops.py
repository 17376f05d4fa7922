"""From answers whose hops are known to a path; how they are known, :mod:`dissector.analysis.numbering` tells."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, NamedTuple

from dissector.analysis.quotes import ICMP_PROTOCOL, ICMPV6_PROTOCOL
from dissector.kernel import tables
from dissector.tails.datagram import IPV4

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.analysis.flow_keys import Address
    from dissector.analysis.hop_notes import Interface, Label, Notes

PROBE, EXCEEDED, ENDED, REPLY = tables.EVENTS
"""Kinds of events: a probe, an error because no hop was left, another error, an echo reply."""

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
        mark: the four octets behind the ports: length and checksum of UDP, sequence number of TCP; 0 where not known.
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
    mark: int = 0


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
        probes: probes that were captured; None where some of those that were answered were not.
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
        numbering: where hop numbers are from: ``"ttl"`` of captured probes; ``"count"``: of some probes what the
            program counts, from its usual beginning or by the TTL of others; ``"relative"``: likewise, but from the
            first answer; ``"order"``: the order of the answers.
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
    """An answer with its hop and, where the probe was captured (``seen``), the time from it."""

    hop: int
    event: Event
    rtt_ns: int | None
    seen: bool = True


def address_of(octets: bytes, version: int) -> Address:
    """Return an address out of 16 octets, of which IPv4 has the first four."""
    return IPv4Address(octets[:4]) if version == IPV4 else IPv6Address(octets)


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
        here = [item for item in numbered if item.hop == number]
        known = bool(probes) and all(item.seen for item in here)
        sent = sum(probe.copies for probe in probes if probe.ttl == number) if known else None
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
