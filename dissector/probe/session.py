"""The loop: one thread that sends probes when they are due, and reads what comes in between."""

from __future__ import annotations

import selectors
import socket
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from dissector.probe.events import Event, Outcome, Probe, Target
from dissector.probe.matching import Matcher
from dissector.probe.probes import Question
from dissector.probe.schedule import Schedule
from dissector.probe.sockets import FAMILIES
from dissector.probe.targets import group_of
from dissector.probe.times import Times
from dissector.registry.model import Family

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dissector.analysis.outcomes import Rtt
    from dissector.probe.engines import Channel
    from dissector.probe.matching import Arrival, Match
    from dissector.probe.probes import Payload, Query
    from dissector.probe.targets import Address

SECOND = 1_000_000_000
PATIENCE = 5
"""As many timeouts after a probe its answer is still known as late, as in summaries."""
PASSING = {Family.ICMPV4: (4, 5), Family.ICMPV6: ()}
"""Errors after which an answer may still come: the datagram went on (source quench, redirect)."""
LONGEST = 3600.0
"""Seconds of one wait at most: select() refuses some that a user may ask for."""


class Plan(NamedTuple):
    """How often and how fast probes are sent.

    Attributes:
        limit: probes to each target; None without end.
        interval: seconds between two to the same target.
        timeout: seconds after which an answer is late.
        rate: probes a second to all targets together.
        every: seconds between summaries; None for none.
        broadcast: whether addresses may stand for several hosts.
    """

    limit: int | None = 4
    interval: float = 1.0
    timeout: float = 5.0
    rate: float = 1000.0
    every: float | None = None
    broadcast: bool = False


class Session:
    """Probes to some targets, from the first to the last answer.

    Args:
        addresses: name and address of each target, taken when its turn comes.
        channels: what to send and receive with, one for each family.
        query: what is asked.
        payload: the data of echoes.
        plan: how often and how fast.
        report: is called with each event.
        summary: is called when a summary is due.

    Attributes:
        targets: those that were begun.
        repeated: addresses that were given more than once; they are probed once.
    """

    def __init__(  # noqa: PLR0913 - what a session is made of
        self,
        addresses: Iterable[tuple[str, Address]],
        channels: dict[Family, Channel],
        query: Query,
        payload: Payload,
        plan: Plan,
        *,
        report: Callable[[Event], None],
        summary: Callable[[], None],
    ) -> None:
        self.targets: list[Target] = []
        self.repeated = 0
        self._channels = channels
        self._query = query
        self._payload = payload
        self._plan = plan
        self._report = report
        self._summary = summary
        self._matcher = Matcher(query, payload)
        self._schedule = Schedule(self._begun(addresses), plan.interval, plan.rate, plan.limit)
        self._times = Times()
        self._awaited: deque[Probe] = deque()
        self._remembered: deque[Probe] = deque()
        self._open = 0
        self._wishes: set[str] = set()
        self._wake, self._waker = socket.socketpair()
        self._wake.setblocking(False)

    def _begun(self, addresses: Iterable[tuple[str, Address]]) -> Iterator[Target]:
        """Yield the targets, each address once."""
        for name, address in addresses:
            many = self._plan.broadcast and group_of(address) is not None
            target = Target(len(self.targets), name, address, many=many)
            if self._matcher.begin(target):
                self.targets.append(target)
                yield target
            else:
                self.repeated += 1

    def stop(self) -> None:
        """End the session as soon as may be; a signal handler may call it, as those that follow."""
        self._wish("stop")

    def summarise(self) -> None:
        """Ask for a summary."""
        self._wish("summary")

    def _wish(self, what: str) -> None:
        self._wishes.add(what)
        self._waker.send(b"\0")

    def times(self) -> list[Rtt | None]:
        """Return the round-trip times of each target, None for one that did not answer."""
        return self._times.result(len(self.targets))

    def run(self) -> None:
        """Send, receive and report until all is answered or over, or :meth:`stop` is called."""
        # select() alone waits for less than a millisecond; it is limited to 1,024 files, of which there are three.
        with selectors.SelectSelector() as selector:
            selector.register(self._wake, selectors.EVENT_READ, None)
            for channel in self._channels.values():
                selector.register(channel.fileno(), selectors.EVENT_READ, channel)
            self._loop(selector)
        self._wake.close()
        self._waker.close()

    def _loop(self, selector: selectors.BaseSelector) -> None:
        now = time.monotonic()
        every = self._plan.every
        shown = None if every is None else now + every
        while "stop" not in self._wishes:
            now = time.monotonic()
            turn = self._schedule.take(now)
            if turn is not None:
                self._send(*turn)
            if self._schedule.finished and not self._open:
                return
            if shown is not None and every is not None and now >= shown:
                shown = max(shown + every, now)
                self._summary()
            for key, _ in selector.select(self._idle(shown)):
                if key.data is None:
                    self._grant()
                else:
                    for arrival in key.data.receive():
                        self._arrived(arrival)
            # Only now: what came in time is not late because it was not read in time.
            self._expire(now)

    def _idle(self, shown: float | None) -> float | None:
        """Return how many seconds nothing has to be done."""
        now = time.monotonic()
        awaited = self._awaited[0].begun + self._plan.timeout if self._awaited else None
        moments = [at for at in (self._schedule.due(now), awaited, shown) if at is not None]
        return min(max(0.0, min(moments) - now), LONGEST) if moments else None

    def _grant(self) -> None:
        """Do what signal handlers wished."""
        self._wake.recv(64)
        if "summary" in self._wishes:
            self._wishes.discard("summary")
            self._summary()

    def _send(self, target: Target, number: int) -> None:
        """Send one probe."""
        family = FAMILIES[target.address.version]
        channel = self._channels[family]
        data = self._payload.octets(target.number, number) if self._query.has_data else b""
        asked = Question(self._query.types[family], channel.identifier, self._query.sequence(number), data)
        message = self._query.build(asked)
        begun = time.monotonic()
        try:
            sent_ns = channel.send(message, target.address)
        except OSError as error:
            target.failed += 1
            reason = error.strerror or str(error)
            group = group_of(target.address) if isinstance(error, PermissionError) else None
            if group is not None:
                reason += f": it is a {group} address"
            self._report(Event(Outcome.FAILED, time.time_ns(), target, number, reason=reason))
            return
        probe = Probe(target, number, sent_ns, begun)
        self._matcher.add(probe)
        target.sent += 1
        target.waiting += 1
        self._open += 1
        self._awaited.append(probe)

    def _expire(self, now: float) -> None:
        """Say which probes were not answered in time, and forget those whose answers are no longer of interest."""
        while self._awaited and self._awaited[0].begun + self._plan.timeout <= now:
            probe = self._awaited.popleft()
            if not probe.over:
                self._close(probe)
                if not probe.answered:
                    waited = round(self._plan.timeout * SECOND)
                    self._report(Event(Outcome.TIMEOUT, probe.sent_ns + waited, probe.target, probe.number))
            self._remembered.append(probe)
        while self._remembered and self._remembered[0].begun + PATIENCE * self._plan.timeout <= now:
            self._matcher.forget(self._remembered.popleft())

    def _close(self, probe: Probe) -> None:
        """Wait for a probe no longer."""
        if not probe.over:
            probe.over = True
            probe.target.waiting -= not probe.answered
            self._open -= 1

    def _arrived(self, arrival: Arrival) -> None:
        """Count and report a message, if it is about a probe of ours."""
        match = self._matcher.match(arrival)
        if match is None:
            return
        probe, target = match.probe, match.probe.target
        elapsed = time.monotonic() - probe.begun
        time_ns = arrival.time_ns or time.time_ns()
        rtt_ns = round_trip(probe, arrival.time_ns, elapsed)
        event = Event(
            match.outcome,
            time_ns,
            target,
            probe.number,
            arrival.source,
            arrival.ttl,
            rtt_ns,
            match.decoded,
            elsewhere=match.elsewhere,
            altered=match.altered,
            reason=match.reason,
        )
        if match.outcome is Outcome.REPLY:
            event = self._answered(event, match, rtt_ns)
        elif match.outcome is Outcome.REFUSED:
            target.refused += 1
        elif match.decoded.type not in PASSING[arrival.family] and not probe.over and not probe.answered:
            target.errors += 1
            self._close(probe)
        self._report(event)

    def _answered(self, event: Event, match: Match, rtt_ns: int) -> Event:
        """Count an answer."""
        probe, target = match.probe, match.probe.target
        late = rtt_ns > self._plan.timeout * SECOND
        target.altered += match.altered is not None
        target.elsewhere += match.elsewhere
        if probe.answered:
            target.duplicates += 1
        else:
            target.received += 1
            target.late += late
            target.waiting -= not probe.over
            self._times.add(target.number, probe.number, rtt_ns)
        event = event._replace(late=late, duplicate=probe.answered > 0)
        probe.answered += 1
        if not target.many:
            self._close(probe)
        return event


def round_trip(probe: Probe, received_ns: int | None, elapsed: float) -> int:
    """Return the ns between a probe and its answer.

    The kernel's time of the answer is exact, but by a clock that may be set meanwhile: what is not between zero and
    the time that passed here by a clock that is never set is taken from that.
    """
    passed = round(elapsed * SECOND)
    if received_ns is None:
        return passed
    taken = received_ns - probe.sent_ns
    return taken if 0 <= taken <= passed else passed
