"""A path as it was probed: hops, path MTUs, how it ended, other paths of other flows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from dissector.analysis.hop_notes import NOTHING
from dissector.analysis.hops import PROBE, Event, Numbered, path_of

if TYPE_CHECKING:
    from dissector.analysis.flow_keys import Address
    from dissector.analysis.hops import Hop, Path
    from dissector.probe.tracing.answers import Heard
    from dissector.probe.tracing.flows import Flow


@dataclass(slots=True)
class Traced:
    """A probe that was sent.

    Attributes:
        number: its number in the run, from 1.
        ttl: its hop.
        flow: its flow.
        size: its octets, IP header included.
        sent_ns: when, ns since 1970.
        begun_ns: when, by a clock that nobody sets.
        answer: what came back first.
        late: whether it was given up.
        void: whether it is not counted: it was too big, behind the end, or under way when all was stopped.
        further: answers after the first.
    """

    number: int
    ttl: int
    flow: Flow
    size: int
    sent_ns: int
    begun_ns: int
    answer: Heard | None = None
    late: bool = False
    void: bool = False
    further: int = 0

    @property
    def on_time(self) -> bool:
        """Whether it was answered before it was given up."""
        return self.answer is not None and not self.late

    @property
    def rtt_ns(self) -> int:
        """From sending to the answer; 0 without one."""
        return 0 if self.answer is None else max(0, self.answer.time_ns - self.sent_ns)


class TracedHop(NamedTuple):
    """One hop, with what only the one who probes knows.

    Attributes:
        hop: probes and answers by address.
        late: answers that came after their probe was given up.
        mtu: the path MTU up to here; None where it was not looked for, or nothing answered.
        flows: the flows that each address answered, in the order of ``hop.answers``.
    """

    hop: Hop
    late: int
    mtu: int | None
    flows: tuple[tuple[int, ...], ...]


class FlowPath(NamedTuple):
    """The path of one flow."""

    flow: Flow
    path: Path


class Trace(NamedTuple):
    """A path to a host.

    Attributes:
        path: the path, as captures have it (:class:`~dissector.analysis.hops.Path`), of all flows together.
        hops: its hops, from the first that was probed.
        flows: the path of each flow.
        answer: what the answer was that ended it; empty where that was an ICMP error, or nothing did.
        sent: probes sent.
        duplicates: answers to probes that were answered already.
        stopped: why no further hop was probed: ``"end"``, ``"gap"`` (too many hops without an answer),
            ``"max-hops"``; ``"interrupted"`` where that is not known yet.
        discovers: whether path MTUs were looked for.
    """

    path: Path
    hops: tuple[TracedHop, ...]
    flows: tuple[FlowPath, ...]
    answer: str
    sent: int
    duplicates: int
    stopped: str
    discovers: bool

    @property
    def reached(self) -> bool:
        """Whether the destination answered."""
        return self.path.end == "reached"

    @property
    def mtu(self) -> int | None:
        """The path MTU as far as the last hop that answered; None where it was not looked for."""
        return next((hop.mtu for hop in reversed(self.hops) if hop.mtu is not None), None)


def trace_of(probes: list[Traced], hops: range, *, stopped: str, discovers: bool) -> Trace | None:
    """Return the path that probes found; None before any hop is known.

    Args:
        probes: all that were sent.
        hops: the hops that are known.
        stopped: see :class:`Trace`.
        discovers: likewise.
    """
    known = [probe for probe in probes if not probe.void and probe.ttl in hops]
    if not known:
        return None
    path = _path(known, last=hops.stop - 1)
    text = next(
        (probe.answer.text for probe in known if probe.on_time and probe.answer and probe.answer.text), ""
    )
    by_flow: dict[Flow, list[Traced]] = {}
    for probe in known:
        by_flow.setdefault(probe.flow, []).append(probe)
    return Trace(
        path=path,
        hops=tuple(_hop(hop, known, discovers=discovers) for hop in path.hops if hop.number in hops),
        flows=tuple(FlowPath(flow, _path(some)) for flow, some in sorted(by_flow.items())),
        answer=text if path.end_type is None else "",
        sent=len(probes),
        duplicates=sum(probe.further for probe in probes),
        stopped=stopped,
        discovers=discovers,
    )


def _path(probes: list[Traced], *, last: int | None = None) -> Path:
    """Return the path that some probes found, at least one; ``last`` as in :func:`path_of`."""
    sent = [_event(probe, PROBE, probe.sent_ns) for probe in probes]
    answers = [
        Numbered(probe.ttl, _answer(probe, probe.answer), probe.rtt_ns)
        for probe in probes
        if probe.answer is not None and not probe.late
    ]
    return path_of([*sent, *(item.event for item in answers)], "ttl", answers, last=last)


def _event(probe: Traced, kind: int, time_ns: int) -> Event:
    """Return a probe, or what is the same in its answer, as captures have it; the frame is the probe's number."""
    flow = probe.flow
    return Event(
        kind=kind,
        protocol=flow.protocol,
        type=0,
        code=0,
        ttl=probe.ttl,
        selector=flow.sport if flow.is_echo else flow.sport << 16 | flow.dport,
        counter=probe.number if flow.is_echo else flow.dport,
        identification=0,
        src=flow.src,
        dst=flow.dst,
        reporter=flow.src,
        notes=NOTHING,
        copies=1,
        time_ns=time_ns,
        frame=probe.number,
    )


def _answer(probe: Traced, said: Heard) -> Event:
    """Return an answer as captures have it."""
    return _event(probe, said.kind, said.time_ns)._replace(
        reporter=said.reporter, type=said.type, code=said.code, notes=said.notes
    )


def _hop(hop: Hop, probes: list[Traced], *, discovers: bool) -> TracedHop:
    """Return a hop with what its probes tell beside."""
    here = [probe for probe in probes if probe.ttl == hop.number and probe.answer is not None]
    answered = [probe for probe in here if not probe.late]
    flows: dict[Address, set[int]] = {}
    for probe in answered:
        if probe.answer is not None:
            flows.setdefault(probe.answer.reporter, set()).add(probe.flow.number)
    return TracedHop(
        hop,
        late=len(here) - len(answered),
        mtu=max((probe.size for probe in answered), default=None) if discovers else None,
        flows=tuple(tuple(sorted(flows[answer.address])) for answer in hop.answers),
    )
