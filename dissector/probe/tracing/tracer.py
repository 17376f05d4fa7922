"""Which probe is sent when, and what is made of what comes back.

Strategy: hops are probed side by side, but never more than a few behind the last one that answered, or was given
time to: a destination gets few probes with hops to spare, of which it would answer only some (RFC 1812, 4.3.2.8).
A hop is known when all its probes were answered or given up; hops are told in their order. A probe is given up
after the timeout, and earlier where the same hop or one behind it answers: then nothing is wrong with the way.
Whoever stops it gets the hops up to the last that has answered, known or not.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from dissector.analysis.hops import EXCEEDED
from dissector.analysis.quotes import TCP
from dissector.probe.linux import SECOND
from dissector.probe.tracing.answers import heard
from dissector.probe.tracing.flows import Recogniser, least_size
from dissector.probe.tracing.path_mtu import lowered
from dissector.probe.tracing.result import Trace, Traced, trace_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dissector.probe.tracing.answers import Heard
    from dissector.probe.tracing.channel import Channel
    from dissector.probe.tracing.flows import Flow, Marks

AHEAD = 3
"""Hops that are probed behind the last one that is known of."""
MILLISECOND = 1_000_000
PATIENCE_NS = (50 * MILLISECOND, 500 * MILLISECOND)
"""After so long without an answer the next hop's turn has come: at least, and before anybody answered."""
FLOOR_NS = 500 * MILLISECOND
"""No probe is given up before this."""
SLACK = 10
"""Nor before so many times the time that hops behind it took."""
LOOK_NS = 20 * MILLISECOND
"""What changes by the time alone is looked at this often."""


class Plan(NamedTuple):
    """How a path is probed.

    Attributes:
        first, most: the first hop and the last one.
        queries: probes for each hop and flow.
        timeout_ns: how long a probe is waited for.
        interval_ns: between two probes.
        parallel: probes that wait for their answer at a time.
        gap: hops without an answer after which it is over.
        size: octets of a probe, IP header included.
        discover: look for path MTUs: begin with ``size``, go down where that is too big.
    """

    first: int
    most: int
    queries: int
    timeout_ns: int
    interval_ns: int
    parallel: int
    gap: int
    size: int
    discover: bool = False


class Tracer:
    """Probes a path.

    Args:
        plan: how.
        channel: through what.
        marks: of this run.
        clock: ns of a clock that nobody sets.
    """

    def __init__(
        self, plan: Plan, channel: Channel, marks: Marks, clock: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self.plan, self.channel, self.clock = plan, channel, clock
        flows = channel.flows
        self.dst = flows[0].dst
        self.ours = Recogniser(flows, marks)
        self.probes: dict[int, Traced] = {}
        self.waiting: dict[int, Traced] = {}
        self.parallel = plan.parallel
        # A queue for each round; within one, hop by hop.
        self.rounds = [
            deque((ttl, flow) for ttl in range(plan.first, plan.most + 1) for flow in flows)
            for _ in range(plan.queries)
        ]
        self.last = dict.fromkeys(flows, plan.most)
        self.sizes = dict.fromkeys(range(plan.first, plan.most + 1), plan.size)
        self.passed = self.answered = plan.first - 1
        self.ended = False
        self.next_ns = 0
        self.told = plan.first
        self.silent = 0
        self.stopping = self.interrupted = False

    def run(self) -> Iterator[int]:
        """Probe, and yield the number of each hop when it is known."""
        while True:
            yield from self._known_hops()
            if self.told > max(self.last.values()):
                return
            if self.stopping:
                yield from self._cut_short()
                return
            self._send()
            for arrival in self.channel.arrivals(self._pause()):
                said = heard(arrival, self.ours, self.dst)
                if said is not None:
                    self._take(said)
            self._give_up()

    def stop(self) -> None:
        """Let :meth:`run` end with the hops that answered so far; may be called from a signal handler."""
        self.stopping = True

    def result(self) -> Trace | None:
        """Return what is known of the path now; None before any hop is."""
        hops = range(self.plan.first, self.told)
        return trace_of(
            list(self.probes.values()), hops, stopped=self._stopped(), discovers=self.plan.discover
        )

    def _stopped(self) -> str:
        """Return why no further hop is probed."""
        if self.silent >= self.plan.gap:
            return "gap"
        if self.interrupted or self.told <= max(self.last.values()):
            return "interrupted"
        return "end" if self.ended else "max-hops"

    # Sending

    def _send(self) -> None:
        """Send the next probe, if its time has come."""
        now = self.clock()
        if now < self.next_ns or len(self.waiting) >= self.parallel:
            return
        found = self._next(now)
        if found is None:
            return
        ttl, flow = found
        number = len(self.probes) + 1
        size = self.sizes[ttl]
        sent_ns = self.channel.send(flow, number, ttl, size)
        self.probes[number] = self.waiting[number] = Traced(number, ttl, flow, size, sent_ns, now)
        self.next_ns = now + self.plan.interval_ns

    def _next(self, now: int) -> tuple[int, Flow] | None:
        """Return hop and flow of the next probe, None where none may be sent yet."""
        horizon = self._horizon(now)
        for queue in self.rounds:
            while queue and queue[0][0] > self.last[queue[0][1]]:
                queue.popleft()
            if queue and queue[0][0] <= horizon and self._free(*queue[0]):
                return queue.popleft()
            # One probe goes ahead; the others of its hop follow where there is a hop.
            horizon = min(horizon, self.passed)
        return None

    def _free(self, ttl: int, flow: Flow) -> bool:
        """Return whether a hop may be probed again: a server takes one attempt to connect at a time."""
        if flow.protocol != TCP:
            return True
        return all(probe.ttl != ttl or probe.flow != flow for probe in self.waiting.values())

    def _horizon(self, now: int) -> int:
        """Return the last hop that may be probed."""
        patience = self._patience()
        for probe in self.probes.values() if self.passed < max(self.last.values()) else ():
            if probe.ttl > self.passed and (probe.answer is not None or now - probe.begun_ns > patience):
                self.passed = probe.ttl
        # Behind a gap that is long enough nobody asks.
        return min(self.passed + AHEAD, self.answered + self.plan.gap)

    def _patience(self) -> int:
        """Return how long the next hop waits for this one."""
        times = [probe.rtt_ns for probe in self.probes.values() if probe.answer is not None]
        least, unknown = PATIENCE_NS
        return min(max(2 * max(times), least), self.plan.timeout_ns) if times else unknown

    def _pause(self) -> float:
        """Return how many seconds there is nothing to do but listen."""
        wait = self.next_ns - self.clock() if len(self.waiting) < self.parallel else LOOK_NS
        return min(max(wait, 0) or MILLISECOND, LOOK_NS) / SECOND

    # Hearing

    def _take(self, said: Heard) -> None:
        """Note what was said about a probe."""
        probe = self._about(said)
        if probe is None:
            return
        if said.mtu is not None and self.plan.discover and self._lower(probe, said.mtu):
            return
        probe.further += probe.answer is not None
        if probe.answer is not None or probe.void:
            return
        probe.answer = said
        self.answered = max(self.answered, probe.ttl)
        if self.waiting.pop(probe.number, None) is None:
            return  # given up before: it counts as late
        self.ended |= said.kind != EXCEEDED
        if said.kind != EXCEEDED and probe.ttl < self.last[probe.flow]:
            self.last[probe.flow] = probe.ttl
            self._drop(lambda waiting: waiting.flow == probe.flow and waiting.ttl > probe.ttl)

    def _about(self, said: Heard) -> Traced | None:
        """Return the probe that something is about; None where that is not known."""
        if said.number is not None and said.number in self.probes:
            found = self.probes[said.number]
            return found if found.flow == said.flow else None
        here = [probe for probe in self.waiting.values() if probe.flow == said.flow]
        if len(here) == 1:
            return here[0]
        if len(here) > 1:
            # Quotes too short to tell probes apart: from now on, one at a time, after what is under way.
            self.parallel = 1
            self.next_ns = self.clock() + self._patience()
            for probe in here:
                self.rounds[0].appendleft((probe.ttl, probe.flow))
            self._drop(lambda probe: probe.flow == said.flow)
        return None

    def _lower(self, probe: Traced, mtu: int) -> bool:
        """Send a probe that was too big again, smaller; return whether that is possible."""
        least = least_size(probe.flow.protocol, self.dst.version)
        size = lowered(probe.size, mtu, self.dst.version)
        if size < least:
            return False
        if self.waiting.pop(probe.number, None) is not None:
            probe.void = True
            self.rounds[0].appendleft((probe.ttl, probe.flow))
        for ttl in self.sizes:
            if ttl >= probe.ttl:
                self.sizes[ttl] = min(self.sizes[ttl], size)
        return True

    def _drop(self, unwanted: Callable[[Traced], bool]) -> None:
        """Forget that probes wait for an answer, which is not wanted any more."""
        for probe in [probe for probe in self.waiting.values() if unwanted(probe)]:
            probe.void = True
            del self.waiting[probe.number]

    # Time

    def _give_up(self) -> None:
        """Wait no longer for probes whose time is over."""
        now = self.clock()
        for probe in list(self.waiting.values()):
            if now - probe.begun_ns > self._allowed(probe.ttl):
                probe.late = True
                del self.waiting[probe.number]

    def _allowed(self, ttl: int) -> int:
        """Return how long a probe of a hop is waited for."""
        behind = [
            probe.rtt_ns for probe in self.probes.values() if probe.ttl >= ttl and probe.answer is not None
        ]
        if not behind:
            return self.plan.timeout_ns
        return min(max(SLACK * max(behind), FLOOR_NS), self.plan.timeout_ns)

    def _known_hops(self) -> Iterator[int]:
        """Yield hops whose probes are all answered or given up."""
        while self.told <= max(self.last.values()) and self._known(self.told):
            hop = self.told
            self.told += 1
            answered = any(probe.ttl == hop and probe.on_time for probe in self.probes.values())
            self.silent = 0 if answered else self.silent + 1
            if self.silent >= self.plan.gap:
                self._end_at(hop)
            yield hop

    def _cut_short(self) -> Iterator[int]:
        """Yield the other hops up to the last that answered; where none did, all that were probed.

        Probes that still wait are not counted as lost: nobody knows. Only where a hop is silent they count, for those
        behind it have answered since, or nobody has.
        """
        self.interrupted = True
        heard = {probe.ttl for probe in self.probes.values() if probe.answer is not None}
        last = max(heard or {probe.ttl for probe in self.probes.values()}, default=0)
        last = min(last, max(self.last.values()))
        self._drop(lambda probe: probe.ttl in heard or probe.ttl > last)
        while self.told <= last:
            self.told += 1
            yield self.told - 1

    def _end_at(self, hop: int) -> None:
        """Probe no hop behind one."""
        self.last = dict.fromkeys(self.last, hop)
        self._drop(lambda probe: probe.ttl > hop)

    def _known(self, hop: int) -> bool:
        """Return whether nothing more is to come of a hop."""
        if any(probe.ttl == hop for probe in self.waiting.values()):
            return False
        return not any(ttl == hop and hop <= self.last[flow] for queue in self.rounds for ttl, flow in queue)
