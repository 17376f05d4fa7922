"""Paths that are probed: what is sent, what is known again, when it ends; and against real kernels."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import pairwise
from pathlib import Path

import pytest
from chains import chain, network
from hypothesis import given
from hypothesis import strategies as st
from test_sniff import wait_until_taken

from dissector.analysis.hop_notes import notes_of
from dissector.analysis.paths import Paths
from dissector.capture.stream import scan
from dissector.checksum import verify
from dissector.decoder import decode_message
from dissector.encoder import encode
from dissector.messages.echo import Echo
from dissector.messages.errors import DestinationUnreachable, FragmentationNeeded, TimeExceeded
from dissector.messages.errors6 import DestinationUnreachable6, TimeExceeded6
from dissector.present.jsonlines import dumps
from dissector.present.trace import LiveTable, closing, hop_json, trace_json, trace_table
from dissector.probe.linux import ExtendedError
from dissector.probe.tracing.answers import heard
from dissector.probe.tracing.channel import Arrival
from dissector.probe.tracing.flows import Flow, Marks, Recogniser, packet_of, pseudo
from dissector.probe.tracing.path_mtu import lowered
from dissector.probe.tracing.queued import restored
from dissector.probe.tracing.tracer import AHEAD, Plan, Tracer
from dissector.registry.model import Family
from dissector.tails.datagram import Datagram
from dissector.tails.extensions import LabelStackEntry, MplsLabelStack
from dissector.tails.headers import TcpHeader
from dissector.tails.quoted import Quote, extended

ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
SRC, DST = IPv4Address("192.0.2.10"), IPv4Address("198.51.100.80")
SRC6, DST6 = IPv6Address("2001:db8::10"), IPv6Address("2001:db8::80")
MARKS = Marks(b"\xaa\xbb\xcc\xdd", 0xFFFF_0000)
MILLISECOND = 1_000_000
SECOND = 1000 * MILLISECOND
START = 1_700_000_000 * SECOND
KINDS = [(4, UDP), (4, TCP), (4, ICMP), (6, UDP), (6, TCP), (6, ICMPV6)]
KIND_IDS = ["udp", "tcp", "icmp", "udp6", "tcp6", "icmpv6"]
PLAN = Plan(
    first=1,
    most=30,
    queries=3,
    timeout_ns=3 * SECOND,
    interval_ns=5 * MILLISECOND,
    parallel=64,
    gap=10,
    size=80,
)


def flow(version: int, protocol: int, number: int = 1) -> Flow:
    ends = (SRC, DST) if version == 4 else (SRC6, DST6)
    return Flow(number, protocol, *ends, 40000 + number, 0 if protocol in (ICMP, ICMPV6) else 33434)


def router(version: int, hop: int):
    return IPv4Address(f"203.0.113.{hop}") if version == 4 else IPv6Address(f"2001:db8:ff::{hop}")


class World:
    """A path that answers without a network: its time passes while somebody listens.

    Args:
        version, protocol: of the probes.
        routers: hops before the destination.
        silent: hops that answer nothing.
        quote: octets that routers quote.
        slow: hops and the time that their answers take.
        mtus: what the links behind some hops take.
        end: type and code of the error that a hop sends for whatever goes on behind it.
    """

    def __init__(  # noqa: PLR0913 - what a path may have
        self,
        version,
        protocol,
        routers=4,
        *,
        flows=1,
        silent=(),
        quote=1000,
        slow=None,
        mtus=None,
        end=None,
        mtu=1500,
    ):
        self.flows = tuple(flow(version, protocol, number) for number in range(1, flows + 1))
        self.mtu = mtu
        self.routers, self.silent, self.quote, self.slow = routers, silent, quote, slow or {}
        self.mtus, self.end = mtus or {}, end
        self.now = START
        self.due: list[tuple[int, int, Arrival]] = []
        self.sent: list[tuple[int, int, int, int]] = []
        self.whole = bool(mtus)

    def clock(self) -> int:
        return self.now

    def send(self, flow, number, ttl, size):
        packet = packet_of(flow, MARKS, number, ttl=ttl, size=size, whole=self.whole)
        self.sent.append((number, ttl, size, self.now))
        hop = min(ttl, self.routers + 1)
        tight = next((at for at in sorted(self.mtus) if at < hop and self.mtus[at] < size), None)
        if tight is not None:
            self.answer(flow, packet, tight, "big")
        elif self.end and hop > self.end[0]:
            self.answer(flow, packet, self.end[0], self.end[1:])
        elif hop not in self.silent:
            self.answer(flow, packet, hop, "exceeded" if hop <= self.routers else "reached")
        return self.now

    def answer(self, flow, packet, hop, what):
        version = flow.dst.version
        about = Quote.of(packet[: self.quote])
        sender = router(version, hop) if hop <= self.routers else flow.dst
        family = Family.ICMPV4 if version == 4 else Family.ICMPV6
        segment = b""
        message = None
        if what == "reached" and flow.is_echo:
            octets = packet[20 if version == 4 else 40 :]
            asked = Echo.parse(octets)
            message = asked.replace(type=0 if version == 4 else 129)
        elif what == "reached" and flow.protocol == TCP:
            asked = TcpHeader.parse(packet[20 if version == 4 else 40 :])
            ack = (asked.seq + 1) % 2**32
            segment = TcpHeader(
                sport=asked.dport, dport=asked.sport, ack=ack, syn=True, ack_flag=True
            ).encode()
        elif what == "reached":
            shape, *told = (DestinationUnreachable, 3, 3) if version == 4 else (DestinationUnreachable6, 1, 4)
            message = shape(type=told[0], code=told[1], quote=about)
        elif what == "exceeded":
            shape, kind = (TimeExceeded, 11) if version == 4 else (TimeExceeded6, 3)
            message = shape(type=kind, quote=about)
        elif what == "big":
            message = FragmentationNeeded(type=3, code=4, next_hop_mtu=self.mtus[hop], quote=about)
        else:
            message = DestinationUnreachable(type=what[0], code=what[1], quote=about)
        after = self.slow.get(hop, hop * MILLISECOND)
        decoded = None
        if message is not None:
            octets = encode(message, family, src=sender, dst=flow.src)
            decoded = decode_message(octets, family, src=sender, dst=flow.src)
        arrival = Arrival(self.now + after, sender, decoded, segment)
        self.due.append((self.now + after, len(self.sent), arrival))

    def arrivals(self, seconds):
        self.now += max(1, round(seconds * SECOND))
        there = sorted(item for item in self.due if item[0] <= self.now)
        self.due = [item for item in self.due if item[0] > self.now]
        return [item[2] for item in there]

    def close(self):
        pass


def traced(world: World, **changes):
    tracer = Tracer(PLAN._replace(**changes), world, MARKS, world.clock)
    told = list(tracer.run())
    trace = tracer.result()
    assert told == [hop.hop.number for hop in trace.hops]
    return trace


def addresses(trace) -> list[list[str]]:
    return [[str(answer.address) for answer in hop.hop.answers] for hop in trace.hops]


# What is sent


@pytest.mark.parametrize(("version", "protocol"), KINDS, ids=KIND_IDS)
@given(number=st.integers(1, 65535), size=st.integers(80, 1500), ttl=st.integers(1, 255))
def test_a_probe_is_right_and_known_again(version, protocol, number, size, ttl):
    ours = flow(version, protocol)
    packet = packet_of(ours, MARKS, number, ttl=ttl, size=size, whole=True)
    assert len(packet) == size
    octets = packet[20 if version == 4 else 40 :]
    assert verify(octets if protocol == ICMP else pseudo(ours, len(octets)) + octets)
    known = Recogniser((ours,), MARKS).quoted(Datagram(packet))
    assert known == (ours, number)


@pytest.mark.parametrize(("version", "protocol"), KINDS, ids=KIND_IDS)
@given(number=st.integers(1, 65535), cut=st.integers(28, 80))
def test_a_probe_is_known_by_what_any_router_quotes(version, protocol, number, cut):
    ours = flow(version, protocol)
    packet = packet_of(ours, MARKS, number, ttl=1, size=80, whole=False)
    cut += 20 if version == 6 else 0
    known = Recogniser((ours,), MARKS).quoted(Datagram(packet[:cut]))
    untold = version == 6 and protocol == UDP and cut < 40 + 8 + 6
    assert known == (ours, None if untold else number)


@given(first=st.integers(1, 65535), second=st.integers(1, 65535))
@pytest.mark.parametrize(("version", "protocol"), KINDS, ids=KIND_IDS)
def test_all_that_load_balancers_look_at_is_the_same(version, protocol, first, second):
    at = 20 if version == 4 else 40
    heads = [
        packet_of(flow(version, protocol), MARKS, number, ttl=9, size=80, whole=False)
        for number in (first, second)
    ]
    if protocol in (ICMP, ICMPV6):
        assert heads[0][at : at + 6] == heads[1][at : at + 6]  # type, code, checksum, identifier
    else:
        assert heads[0][at : at + 4] == heads[1][at : at + 4]  # ports
    same = (1, 9, 12) if version == 4 else (0, 1, 2, 3, 6)
    assert all(heads[0][place] == heads[1][place] for place in same)
    assert heads[0][at - 8 : at] == heads[1][at - 8 : at]


@pytest.mark.parametrize(("version", "protocol"), KINDS, ids=KIND_IDS)
def test_what_quotes_another_run_is_not_ours(version, protocol):
    ours = flow(version, protocol)
    recogniser = Recogniser((ours,), MARKS)
    packet = packet_of(ours, Marks(b"\xaa\xbb\xcc\xde", 0x1234_5678), 7, ttl=1, size=80, whole=False)
    assert recogniser.quoted(Datagram(packet)) is None
    others = ours._replace(sport=ours.sport + 1), ours._replace(dst=ip_address(int(ours.dst) + 1))
    for other in others:
        assert recogniser.quoted(Datagram(packet_of(other, MARKS, 7, ttl=1, size=80, whole=False))) is None


@given(st.binary(min_size=1, max_size=100))
def test_noise_is_not_ours(octets):
    for version, protocol in KINDS:
        datagram = Datagram(bytes([version << 4 | 5]) + octets)
        assert Recogniser((flow(version, protocol),), MARKS).quoted(datagram) is None


def test_an_address_that_a_translator_left_in_the_quote_does_no_harm_where_the_cookie_is_quoted():
    ours = flow(4, UDP)
    inside = ours._replace(src=IPv4Address("10.0.0.1"))
    packet = packet_of(inside, MARKS, 7, ttl=1, size=60, whole=False)
    recogniser = Recogniser((ours,), MARKS)
    assert recogniser.quoted(Datagram(packet)) == (ours, 7)
    assert recogniser.quoted(Datagram(packet[:28])) is None


@pytest.mark.parametrize("ack", [1, 1 + 1000])
@pytest.mark.parametrize("number", [1, 2, 65535])
def test_a_segment_answers_the_probe_that_it_acknowledges(number, ack):
    ours = flow(4, TCP)
    seq = (MARKS.base + (number << 16) + ack) % 2**32
    reply = TcpHeader(sport=33434, dport=ours.sport, ack=seq, rst=True, ack_flag=True)
    recogniser = Recogniser((ours,), MARKS)
    assert recogniser.connected(reply.encode()) == (ours, number)
    assert recogniser.connected(reply.replace(dport=1).encode()) is None
    assert recogniser.connected(reply.replace(ack_flag=False).encode()) is None
    assert recogniser.connected(reply.encode()[:19]) is None


def test_an_error_with_a_wrong_checksum_is_not_taken():
    ours = flow(4, UDP)
    packet = packet_of(ours, MARKS, 1, ttl=1, size=60, whole=False)
    octets = encode(TimeExceeded(type=11, quote=Quote.of(packet)))
    recogniser = Recogniser((ours,), MARKS)
    for damaged, taken in ((octets, True), (octets[:5] + b"\1" + octets[6:], False)):
        arrival = Arrival(0, router(4, 1), decode_message(damaged, Family.ICMPV4))
        assert (heard(arrival, recogniser, DST) is not None) is taken


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("echo", [False, True], ids=["udp", "icmp"])
def test_what_an_error_queue_keeps_becomes_the_message_again(version, echo):
    ours = flow(version, (ICMP if version == 4 else ICMPV6) if echo else UDP)
    packet = packet_of(ours, MARKS, 9, ttl=1, size=80, whole=False)
    shape, kind = (TimeExceeded, 11) if version == 4 else (TimeExceeded6, 3)
    stack = MplsLabelStack(
        length=8, class_num=1, c_type=1, entries=[LabelStackEntry(label=77, bottom=True, ttl=1)]
    )
    message = extended(shape(type=kind, quote=Quote.of(packet)), stack)
    headers = (20 if version == 4 else 40) + (0 if echo else 8)
    kept = message.encode()[8 + headers :]
    octets = restored(ours, ExtendedError(113, 2, kind, 0, 0, 128 - headers, 0), kept)
    decoded = decode_message(octets, Family.ICMPV4 if version == 4 else Family.ICMPV6)
    assert Recogniser((ours,), MARKS).quoted(decoded.quoted) == (ours, 9)
    assert [label.label for label in notes_of(decoded).labels] == [77]
    assert not decoded.findings or decoded.findings[0].id == "checksum-bad"


def test_sizes_go_down_to_what_is_told_or_to_the_next_plateau():
    assert lowered(1500, 1400, 4) == 1400
    assert lowered(1500, 0, 4) == 1492
    assert lowered(1492, 1492, 4) == 1006
    assert lowered(68, 0, 4) == 0
    assert lowered(1500, 1000, 6) == 1280
    assert lowered(1280, 1000, 6) == 0


# What is made of what comes back


@pytest.mark.parametrize(("version", "protocol"), KINDS, ids=KIND_IDS)
def test_a_path_is_found(version, protocol):
    trace = traced(World(version, protocol))
    last = str(DST if version == 4 else DST6)
    assert addresses(trace) == [[str(router(version, hop))] for hop in range(1, 5)] + [[last]]
    assert trace.reached
    assert trace.stopped == "end"
    assert [hop.hop.probes for hop in trace.hops] == [3] * 5
    assert [hop.hop.answers[0].rtt_ns for hop in trace.hops] == [
        (hop * MILLISECOND,) * 3 for hop in range(1, 6)
    ]


def test_few_probes_have_hops_to_spare():
    world = World(4, UDP, 4, slow=dict.fromkeys(range(1, 6), 400 * MILLISECOND))
    traced(world)
    assert sum(ttl > 5 for _, ttl, _, _ in world.sent) <= AHEAD


def test_probes_keep_their_distance():
    world = World(4, UDP)
    traced(world)
    times = [when for _, _, _, when in world.sent]
    assert min(after - before for before, after in pairwise(times)) >= PLAN.interval_ns


def test_a_silent_hop_is_given_up_sooner_where_those_behind_it_answer():
    world = World(4, UDP, silent=(2,))
    trace = traced(world)
    assert addresses(trace)[1] == []
    assert trace.path.missing == (2,)
    assert trace.reached
    assert world.now - START < PLAN.timeout_ns


def test_it_is_over_after_a_gap():
    trace = traced(World(4, UDP, 9, silent=range(3, 30)), gap=4)
    assert len(trace.hops) == 2 + 4
    assert (trace.stopped, trace.path.end) == ("gap", "nothing")


def test_it_is_over_after_the_last_hop():
    trace = traced(World(4, UDP, 9), most=5)
    assert len(trace.hops) == 5
    assert (trace.stopped, trace.path.end) == ("max-hops", "nothing")


def test_it_begins_at_the_first_hop_asked_for():
    trace = traced(World(4, UDP), first=3)
    assert [hop.hop.number for hop in trace.hops] == [3, 4, 5]


def test_an_unreachable_ends_it():
    trace = traced(World(4, UDP, end=(3, 3, 13)))
    assert len(trace.hops) == 4
    assert (trace.path.end, trace.path.end_type, trace.path.end_code) == ("prohibited", 3, 13)
    assert str(trace.path.ended_by) == "203.0.113.3"


def test_probes_that_quotes_do_not_tell_apart_are_sent_one_at_a_time():
    world = World(6, UDP, quote=48, slow=dict.fromkeys(range(1, 6), 60 * MILLISECOND))
    trace = traced(world)
    assert addresses(trace) == [[str(router(6, hop))] for hop in range(1, 5)] + [[str(DST6)]]
    assert [hop.hop.probes for hop in trace.hops] == [3] * 5
    times = [when for _, ttl, _, when in world.sent if ttl <= 5]
    assert min(after - before for before, after in pairwise(times[AHEAD:])) >= 60 * MILLISECOND


def test_late_answers_and_duplicates_are_counted():
    world = World(4, UDP, slow={1: 800 * MILLISECOND})
    arrivals = world.arrivals

    def twice(seconds):
        return [arrival for one in arrivals(seconds) for arrival in (one, one)]

    world.arrivals = twice
    trace = traced(world, interval_ns=300 * MILLISECOND)
    assert trace.hops[0].late == 1
    assert trace.hops[0].hop.answers[0].answers == 2  # once it is known how slow it is, it is waited for
    assert trace.duplicates > 0
    assert "late answer" in "\n".join(closing(trace, narrow=True))


def test_path_mtus_are_found_hop_by_hop():
    trace = traced(World(4, UDP, 6, mtus={2: 1400, 4: 1300}), size=1500, discover=True)
    assert [hop.mtu for hop in trace.hops] == [1500, 1500, 1400, 1400, 1300, 1300, 1300]
    assert [hop.hop.probes for hop in trace.hops] == [3] * 7
    assert trace.mtu == 1300
    assert trace.reached


def test_routers_that_tell_no_mtu_are_tried_with_the_usual_ones():
    world = World(4, UDP, mtus={2: 1300})
    world.mtus = {2: 1300}
    answer = world.answer

    def untold(flow, packet, hop, what):
        told, world.mtus = world.mtus, dict.fromkeys(world.mtus, 0)
        answer(flow, packet, hop, what)
        world.mtus = told

    world.answer = untold
    trace = traced(world, size=1500, discover=True)
    assert trace.mtu == 1006


def test_a_loop_is_told():
    world = World(4, UDP, 9)
    answer = world.answer
    world.answer = lambda flow, packet, hop, what: answer(flow, packet, 2 + hop % 2 if hop > 1 else hop, what)
    trace = traced(world, most=6)
    assert [str(address) for address in trace.path.loops] == ["203.0.113.2", "203.0.113.3"]


def test_nothing_is_shown_before_a_hop_is_known():
    assert Tracer(PLAN, World(4, UDP), MARKS).result() is None


def stopped(world: World, after: int, **changes):
    """Probe until so much time has passed, then stop; return hops told before, hops told after, and the path."""
    tracer = Tracer(PLAN._replace(**changes), world, MARKS, world.clock)
    arrivals = world.arrivals

    def until(seconds):
        if world.now - START >= after:
            tracer.stop()
        return arrivals(seconds)

    world.arrivals = until
    told = list(tracer.run())
    trace = tracer.result()
    assert told == [hop.hop.number for hop in trace.hops]
    return trace


def test_stopped_it_tells_the_hops_that_answered():
    world = World(4, UDP, 3)
    trace = stopped(world, 1600 * MILLISECOND, interval_ns=SECOND // 2)
    assert addresses(trace) == [["203.0.113.1"], ["203.0.113.2"], ["203.0.113.3"], [str(DST)]]
    assert (trace.stopped, trace.reached) == ("interrupted", True)
    assert "".join(closing(trace, narrow=False)).endswith("from 198.51.100.80; interrupted")
    assert [sum(answer.answers for answer in hop.hop.answers) for hop in trace.hops] == [
        hop.hop.probes for hop in trace.hops
    ]


def test_stopped_it_shows_a_silent_hop_before_those_that_answered_as_one():
    trace = stopped(
        World(4, UDP, 9, silent=(1,)), 700 * MILLISECOND, timeout_ns=50 * SECOND, interval_ns=SECOND // 4
    )
    assert addresses(trace)[:2] == [[], ["203.0.113.2"]]
    assert trace.hops[0].hop.probes >= 1
    assert trace.hops[-1].hop.answers
    assert trace.stopped == "interrupted"


def test_stopped_before_any_answer_it_shows_what_was_probed():
    world = World(4, UDP, 9, silent=range(1, 20))
    trace = stopped(world, 100 * MILLISECOND)
    assert trace.stopped == "interrupted"
    assert [hop.hop.probes for hop in trace.hops] == [1] * AHEAD
    assert closing(trace, narrow=False).__next__() == "no answer from the destination in 3 hops; interrupted"
    assert trace_json(trace)["sent"] == AHEAD


def test_probes_under_way_when_it_is_stopped_are_not_lost():
    trace = stopped(World(4, UDP, 9, slow={2: 400 * MILLISECOND}), 480 * MILLISECOND, queries=10)
    (answer,) = trace.hops[1].hop.answers
    assert 0 < answer.answers == trace.hops[1].hop.probes < 10
    assert sum(hop.hop.probes for hop in trace.hops) < trace.sent


class Uneven(World):
    """The second flow has a hop more to go."""

    def send(self, flow, number, ttl, size):
        self.routers = 2 + flow.number
        return super().send(flow, number, ttl, size)


@pytest.mark.parametrize("silent", [(), (4, 5)])
def test_flows_may_be_of_unequal_length(silent):
    trace = traced(Uneven(4, UDP, flows=2, silent=silent), gap=4)
    hops = addresses(trace)
    assert hops[:3] == [[str(router(4, hop))] for hop in (1, 2, 3)]
    if silent:
        assert all(not hop for hop in hops[3:])
    else:
        assert [sorted(hop) for hop in hops[3:]] == [sorted([str(DST), str(router(4, 4))]), [str(DST)]]
        assert [len(one.path.hops) for one in trace.flows] == [4, 5]


@pytest.mark.parametrize(("version", "protocol"), KINDS, ids=KIND_IDS)
def test_tables_fit_80_columns(version, protocol):
    trace = traced(World(version, protocol, silent=(2,), flows=4))
    table = LiveTable(version, narrow=True)
    lines = [*table.head(), *(line for hop in trace.hops for line in table.hop(trace, hop))]
    lines += trace_table(trace, table_format="simple", narrow=True).splitlines()
    lines += closing(trace, narrow=True)
    assert max(map(len, lines)) <= 80


def test_json_has_the_same_keys_for_every_path():
    traces = [traced(World(4, UDP)), traced(World(6, TCP, silent=(1, 5), flows=2), gap=3)]
    for make in (trace_json, lambda trace: hop_json(trace.hops[0])):
        first, second = (json.loads(dumps(make(trace))) for trace in traces)
        assert first.keys() == second.keys()
    page = (Path(__file__).parents[1] / "docs" / "trace.md").read_text(encoding="utf-8")
    for key in [*trace_json(traces[0]), *hop_json(traces[0].hops[0])]:
        assert f"`{key}`" in page, key


# The command line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such-host.invalid"], "no-such-host.invalid"),
        (["-f", "9", "-m", "3", "127.0.0.1"], "behind the last"),
        (["-s", "10", "127.0.0.1"], "--size"),
        (["-6", "127.0.0.1"], "IPv6"),
        (["10.0.0.0/24"], "one"),
        (["224.0.0.1"], "224.0.0.1 is a multicast address"),
        (["ff02::1%lo"], "is a multicast address"),
        (["255.255.255.255"], "255.255.255.255 is a broadcast address"),
        (["-w", "nan", "127.0.0.1"], "'nan' is no duration"),
        (["-z", "nan", "127.0.0.1"], "'nan' is no duration"),
        (["-w", "inf", "127.0.0.1"], "inf"),
    ],
)
def test_wrong_usage_is_told(dissector, arguments, said):
    run = dissector("trace", *arguments)
    assert run.code == 2
    assert said in run.err
    assert "Traceback" not in run.err
    assert not run.out


# Real kernels

ROUTERS = 10
NOBODY = 65534


@pytest.fixture(scope="module")
def net():
    """A chain of ten routers, which answer as often as they are asked."""
    with network("dtr") as found:
        found.last = chain(found, ROUTERS)
        for name in found.names:
            found.run(name, "sysctl", "-qw", "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0")
        yield found


def hops_of(run) -> list[list[str]]:
    """The addresses of each hop in the JSON of a run."""
    objects = [json.loads(line) for line in run.stdout.splitlines()]
    return [[answer["address"] for answer in one["answers"]] for one in objects if one["part"] == "hop"]


def final(run) -> dict:
    return json.loads(run.stdout.splitlines()[-1])


def the_chain(version: int) -> list[list[str]]:
    return [
        [f"10.77.{hop}.2" if version == 4 else str(IPv6Address(f"fd77:{hop}::2"))]
        for hop in range(ROUTERS + 1)
    ]


OPTIONS = {"udp": "-U", "icmp": "-I", "tcp": "-T"}


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("protocol", OPTIONS)
def test_ten_hops_are_those_that_traceroute_and_mtr_find(net, protocol, version):
    last = net.last[version == 6]
    run = net.trace("h", OPTIONS[protocol], "--json", last)
    assert (run.returncode, run.stderr) == (0, "")
    assert hops_of(run) == the_chain(version)
    assert all(one["answers"][0]["answers"] == 3 for one in map(json.loads, run.stdout.splitlines()[:-1]))
    peers = {
        "traceroute": ["-n", f"-{version}", *({"icmp": ["-I"], "tcp": ["-T"]}.get(protocol, [])), last],
        "mtr": [
            "-n",
            f"-{version}",
            "-r",
            "-c",
            "1",
            "-G",
            "1",
            "-i",
            "0.1",
            *({"udp": ["-u"], "tcp": ["-T"]}.get(protocol, [])),
            last,
        ],
    }
    for program, arguments in peers.items():
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
        text = net.run("h", program, *arguments).stdout
        found = re.findall(r"^ *\d+[. |-]+ *([0-9a-f:.]+)", text, re.MULTILINE)
        assert [[address] for address in found] == the_chain(version), text


@pytest.mark.parametrize("version", [4, 6])
def test_udp_probes_take_no_rights(net, version):
    run = net.trace("h", "--json", net.last[version == 6], user=NOBODY)
    assert (run.returncode, run.stderr) == (0, "")
    assert hops_of(run) == the_chain(version)


@pytest.mark.parametrize("version", [4, 6])
def test_echo_probes_take_no_rights_where_the_kernel_allows_them(net, version):
    last = net.last[version == 6]
    net.run("h", "sysctl", "-qw", "net.ipv4.ping_group_range=1 0")
    run = net.trace("h", "-I", last, user=NOBODY)
    assert run.returncode == 1
    assert "CAP_NET_RAW" in run.stderr
    assert "ping_group_range" in run.stderr
    net.run("h", "sysctl", "-qw", f"net.ipv4.ping_group_range=0 {NOBODY}")
    run = net.trace("h", "-I", "--json", last, user=NOBODY)
    assert hops_of(run) == the_chain(version)


def test_what_is_told_without_rights_works(net):
    run = net.trace("h", "-T", "-m", "2", net.last[0], user=NOBODY)
    assert run.returncode == 1
    ways = re.findall(r"^     (.+)$", run.stderr, re.MULTILINE)
    assert len(ways) == 3
    assert net.trace("h", *ways[0].split()[ways[0].split().index("trace") + 1 :], user=NOBODY).returncode == 0
    assert all(way.startswith("sudo ") for way in ways[1:])
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed")
    words = ways[1].split()[1:]
    assert words[0] == "setpriv"
    done = net.run("h", *words, check=False)
    assert done.returncode == 1, done.stderr  # two hops are too few to get there
    assert "10.77.1.2" in done.stdout


@pytest.mark.parametrize("user", [None, NOBODY], ids=["raw", "queue"])
@pytest.mark.parametrize("version", [4, 6])
def test_smaller_mtus_on_the_way_are_found(net, version, user):
    for left, right, mtu in (("r4", "r5", "1400"), ("r7", "r8", "1300")):
        net.ip(left, "link", "set", "dev", right, "mtu", mtu)
        net.ip(right, "link", "set", "dev", left, "mtu", mtu)
    try:
        run = net.trace("h", "--mtu", "--json", net.last[version == 6], user=user)
    finally:
        for left, right in (("r4", "r5"), ("r7", "r8")):
            net.ip(left, "link", "set", "dev", right, "mtu", "1500")
            net.ip(right, "link", "set", "dev", left, "mtu", "1500")
    assert hops_of(run) == the_chain(version)
    mtus = [json.loads(line)["mtu"] for line in run.stdout.splitlines()[:-1]]
    assert mtus == [1500] * 4 + [1400] * 3 + [1300] * 4
    assert final(run)["mtu"] == 1300


RULES = (
    "add table inet t; add chain inet t c {{ type filter hook {hook} priority 0; }}; add rule inet t c {rule}"
)


@pytest.fixture
def filtered(net):
    """A function that puts a rule into a router; it is gone after the test."""
    if shutil.which("nft") is None:
        pytest.skip("nft is not installed")
    touched = []

    def put(name, hook, rule):
        touched.append(name)
        net.run(name, "nft", RULES.format(hook=hook, rule=rule))

    yield put
    for name in touched:
        net.run(name, "nft", "flush", "ruleset")


def test_a_silent_router_is_a_star(net, filtered):
    filtered("r3", "output", "meta l4proto icmp drop")
    run = net.trace("h", net.last[0])
    assert run.returncode == 0
    assert re.search(r"^3 +\* +0 of 3$", run.stdout, re.MULTILINE)
    assert re.search(r"^4 +10\.77\.3\.2 +3 of 3 ", run.stdout, re.MULTILINE)


@pytest.mark.parametrize(("version", "said"), [(4, "3/13"), (6, "v6 1/1")])
def test_a_prohibition_is_told_in_words(net, filtered, version, said):
    filtered("r6", "forward", "reject with icmpx type admin-prohibited")
    for user in (None, NOBODY):
        run = net.trace("h", net.last[version == 6], user=user)
        assert run.returncode == 1
        assert f"prohibited after 7 hops: {said} " in run.stdout
        assert "rohibited from" in run.stdout.splitlines()[-1]


def test_a_route_that_is_unreachable_ends_the_path(net):
    net.ip("r5", "route", "add", "unreachable", "10.77.10.0/24")
    time.sleep(6)  # Linux sends five such errors in a burst and one a second after it, to all together
    try:
        run = net.trace("h", "-I", "--json", net.last[0])
    finally:
        net.ip("r5", "route", "del", "unreachable", "10.77.10.0/24")
    assert run.returncode == 1
    assert hops_of(run) == the_chain(4)[:5]
    assert [final(run)[key] for key in ("end", "end_type", "end_code", "ended_by")] == [
        "unreachable",
        3,
        1,
        "10.77.4.2",
    ]


def test_a_loop_of_routers_is_told(net):
    net.ip("r5", "route", "add", "10.77.10.0/24", "via", "10.77.4.1")
    try:
        run = net.trace("h", "-m", "9", net.last[0])
    finally:
        net.ip("r5", "route", "del", "10.77.10.0/24")
    assert run.returncode == 1
    assert "no answer from the destination in 9 hops; as many as were asked for (--max-hops)" in run.stdout
    assert "loop: 10.77.3.2, 10.77.4.2 at more than one hop" in run.stdout


def test_no_route_at_all_is_a_sentence(net):
    net.ip("h", "route", "add", "unreachable", "203.0.113.0/24")
    for options in (["--engine", "raw"], ["--engine", "socket"]):
        run = net.trace("h", *options, "203.0.113.1")
        assert run.returncode == 1
        assert run.stderr.startswith("error: no way to 203.0.113.1: ")
        assert "Traceback" not in run.stderr


def test_an_interface_that_is_not_there_is_named_with_those_that_are(net):
    run = net.trace("h", "-i", "nosuch0", net.last[0])
    assert run.returncode == 1
    assert "nosuch0" in run.stderr
    assert "r1" in run.stderr
    assert (
        net.trace("h", "-i", "r1", "-a", "10.77.0.1", "-m", "1", net.last[0]).stdout.count("10.77.0.2") == 1
    )


def begun(net, become, *options):
    """Begin a trace by the first host, as somebody else if a command that makes one so is given."""
    program = [*become, sys.executable, "-P", "-m", "dissector", "trace", *options]
    return subprocess.Popen(
        ["ip", "netns", "exec", f"{net.prefix}h", *program],  # noqa: S607 - the shell's path finds it
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_interrupted_it_shows_what_is_known(net, filtered):
    filtered("r3", "forward", "drop")
    with begun(net, [], "-w", "50", net.last[0]) as run:
        lines = []
        for line in run.stdout:
            lines.append(line)
            if line.startswith("3 "):
                break
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=30)
    assert run.returncode == 130
    assert "interrupted" in out
    assert "Traceback" not in err


@pytest.mark.parametrize("user", [None, NOBODY])
def test_interrupted_before_a_hop_is_known_it_shows_those_that_answered(net, user):
    """Two probes of the path have been answered, none of its hops three times."""
    become = [] if user is None else ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    for options in ([], ["--json"], ["--table-format", "grid"]):
        with begun(net, become, "-z", "1", *options, net.last[0]) as run:
            wait_until_taken(run.pid, signal.SIGINT)
            time.sleep(3)
            run.send_signal(signal.SIGINT)
            out, err = run.communicate(timeout=30)
        assert run.returncode == 130
        assert not err
        if "--json" in options:
            *hops, path = map(json.loads, out.splitlines())
            assert [hop["answers"][0]["address"] for hop in hops] == [
                f"10.77.{k}.2" for k in range(len(hops))
            ]
            assert (path["part"], path["stopped"], path["length"]) == ("path", "interrupted", len(hops))
            assert path["sent"] >= len(hops) > 0
        else:
            assert re.search(r"^(\| *)?1 .*10\.77\.0\.2 .*1 of 1 ", out, re.MULTILINE)
            assert out.splitlines()[-1].startswith("no answer from the destination in ")
            assert out.endswith("; interrupted\n")


def test_a_broadcast_address_is_no_host(net):
    for address in ("10.77.0.255", "255.255.255.255", "224.0.0.1"):
        run = net.trace("h", address)
        assert run.returncode == 2
        assert "a path leads to one" in run.stderr


def test_connections_that_are_taken_are_reached(net):
    server = "import socket; s = socket.create_server(('', 443)); print('ready', flush=True); input()"
    command = ["ip", "netns", "exec", f"{net.prefix}t", sys.executable, "-c", server]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout.readline() == "ready\n"
        found = net.trace("h", "-T", "-p", "443", "--json", net.last[0])
        run.communicate("\n", timeout=30)
    assert hops_of(found) == the_chain(4)
    assert final(found)["answer"] == "TCP SYN and ACK"


@pytest.mark.parametrize("user", [None, NOBODY], ids=["raw", "queue"])
@pytest.mark.parametrize("version", [4, 6])
def test_a_server_that_answers_udp_is_reached(net, version, user):
    server = (
        "import socket; s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.bind(('', 7))\n"
        "print('ready', flush=True)\n"
        "while True: s.sendto(*s.recvfrom(999))"
    )
    command = ["ip", "netns", "exec", f"{net.prefix}t", sys.executable, "-c", server]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout.readline() == "ready\n"
        found = net.trace("h", "-p", "7", "--json", net.last[version == 6], user=user)
        run.kill()
    assert hops_of(found) == the_chain(version)
    assert final(found)["answer"].startswith("UDP datagram of ")


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_a_neighbour_is_reached_by_its_link_local_address(net, options):
    text = net.run("r1", "ip", "addr", "show", "dev", "h").stdout
    address = re.search(r"inet6 (fe80\S+)/", text)[1]
    run = net.trace("h", options, "--json", f"{address}%r1")
    assert (run.returncode, hops_of(run)) == (0, [[address]]), run.stderr
    run = net.trace("h", options, f"{address}%nosuch0")
    assert run.returncode in {1, 2}
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("protocol", OPTIONS)
def test_a_capture_of_it_shows_the_same_path(net, protocol, tmp_path):
    if shutil.which("tcpdump") is None:
        pytest.skip("tcpdump is not installed")
    file = tmp_path / "trace.pcap"
    command = [
        "ip",
        "netns",
        "exec",
        f"{net.prefix}h",
        "tcpdump",
        "-i",
        "r1",
        "--immediate-mode",
        "-U",
        "-w",
        str(file),
        "icmp",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
        while "listening" not in run.stderr.readline():
            pass
        found = net.trace("h", OPTIONS[protocol], "--json", net.last[0])
        time.sleep(0.2)
        run.terminate()
        run.communicate(timeout=30)
    state = Paths()
    with scan(file) as batches:
        for batch in batches:
            state.update(batch)
    (path,) = state.result().paths
    live = [[ip_address(address) for address in hop] for hop in hops_of(found)]
    seen = live[:-1] if protocol == "tcp" else live  # what answers TCP is no ICMP
    assert [[answer.address for answer in hop.answers] for hop in path.hops] == seen
    assert path.dst == ip_address(net.last[0])


# Several paths


@pytest.fixture(scope="module")
def balanced():
    """Two routers side by side, over which the one before them spreads flows by their ports."""
    with network("dtb") as net:
        net.add("h", "x", "u", "l", "y", "t")
        for place, (left, right) in enumerate(
            (("h", "x"), ("x", "u"), ("x", "l"), ("u", "y"), ("l", "y"), ("y", "t"))
        ):
            net.link(left, right, (f"10.78.{place}.", f"fd78:{place}::"))
        for name, (place, last) in {"h": (0, 2), "u": (3, 2), "l": (4, 2), "t": (5, 1)}.items():
            net.ip(name, "route", "add", "default", "via", f"10.78.{place}.{last}")
            net.ip(name, "route", "add", "default", "via", f"fd78:{place}::{last}")
        for name, place in (("u", 1), ("l", 2), ("y", 3)):
            net.ip(name, "route", "add", "10.78.0.0/24", "via", f"10.78.{place}.1")
            net.ip(name, "route", "add", "fd78:0::/64", "via", f"fd78:{place}::1")
        for name in net.names:
            net.run(name, "sysctl", "-qw", "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0")
        net.run(
            "x",
            "sysctl",
            "-qw",
            "net.ipv4.fib_multipath_hash_policy=1",
            "net.ipv6.fib_multipath_hash_policy=1",
        )
        for first, second in (("10.78.1.2", "10.78.2.2"), ("fd78:1::2", "fd78:2::2")):
            net.ip("x", "route", "add", "default", "nexthop", "via", first, "nexthop", "via", second)
        yield net


@pytest.mark.parametrize("user", [None, NOBODY], ids=["raw", "queue"])
@pytest.mark.parametrize("last", ["10.78.5.2", "fd78:5::2"])
def test_one_flow_takes_one_path(balanced, last, user):
    for _ in range(3):
        run = balanced.trace("h", "-q", "8", "--json", last, user=user)
        assert [len(hop) for hop in hops_of(run)] == [1, 1, 1, 1]


@pytest.mark.parametrize("options", [["-U"], ["-T"]], ids=["udp", "tcp"])
@pytest.mark.parametrize("last", ["10.78.5.2", "fd78:5::2"])
def test_several_flows_take_both(balanced, last, options):
    run = balanced.trace("h", *options, "--flows", "16", "--json", last)
    hops = hops_of(run)
    beginning = "10.78." if "." in last else "fd78:"
    end = ".2" if "." in last else "::2"
    assert {*hops[1]} == {f"{beginning}1{end}", f"{beginning}2{end}"}
    flows = final(run)["flows"]
    assert len(flows) == 16
    assert {flow["hops"][1][0] for flow in flows} == {*hops[1]}
    assert all(flow["end"] == "reached" for flow in flows)


# Routers that Linux is not


@pytest.fixture
def fake():
    """A function that starts a hop of :mod:`fake_hop` and gives the network."""
    running = []
    with network("dtf") as net:
        net.add("h", "f")
        net.link("h", "f", ("10.79.0.", "fd79::"))
        net.run("f", "sysctl", "-qw", "net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0")
        net.ip(
            "f", "-6", "route", "add", "blackhole", "default"
        )  # else the kernel says that there is no route
        net.ip("h", "route", "add", "default", "via", "10.79.0.2")
        net.ip("h", "route", "add", "default", "via", "fd79::2")

        def start(mode):
            program = str(Path(__file__).parent / "fake_hop.py")
            command = [
                "ip",
                "netns",
                "exec",
                f"{net.prefix}f",
                sys.executable,
                program,
                mode,
                "10.79.0.2",
                "fd79::2",
            ]
            running.append(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            assert running[-1].stdout.readline() == "ready\n"
            return net

        try:
            yield start
        finally:
            for process in running:
                process.communicate("\n", timeout=30)


FAR = ["198.51.100.80", "2001:db8::80"]


@pytest.mark.parametrize("user", [None, NOBODY], ids=["raw", "queue"])
def test_labels_and_interfaces_are_shown(fake, user):
    net = fake("labels")
    for last in FAR:
        run = net.trace("h", "--json", last, user=user)
        assert run.returncode == 0, run.stderr
        answer = json.loads(run.stdout.splitlines()[0])["answers"][0]
        assert [label["label"] for label in answer["labels"]] == [16004, 24]
        assert [(one["name"], one["if_index"]) for one in answer["interfaces"]] == [("ge-0/0/1.5", 5)]
    text = net.trace("h", FAR[0], user=user).stdout
    assert "MPLS 16004 (TTL 1) 24 (TTL 1)" in text
    assert "interface on which the datagram arrived: ge-0/0/1.5, index 5" in text


@pytest.mark.parametrize("user", [None, NOBODY], ids=["raw", "queue"])
def test_quotes_of_28_octets_are_enough(fake, user):
    run = fake("short").trace("h", "--json", FAR[0], user=user)
    assert hops_of(run) == [["10.79.0.2"], [FAR[0]]]
    assert [json.loads(line)["probes"] for line in run.stdout.splitlines()[:-1]] == [3, 3]


@pytest.mark.parametrize("user", [None, NOBODY], ids=["raw", "queue"])
def test_errors_about_the_datagrams_of_others_are_not_taken(fake, user):
    net = fake("foreign")
    for last, hop in zip(FAR, ["10.79.0.2", "fd79::2"], strict=True):
        run = net.trace("h", "--json", last, user=user)
        assert hops_of(run) == [[hop], [last]]
        assert final(run)["duplicates"] == 0


@pytest.mark.parametrize("user", [None, NOBODY], ids=["raw", "queue"])
def test_late_answers_and_duplicates_of_a_router_are_counted(fake, user):
    run = fake("late").trace("h", "--json", "-z", "0.35", FAR[0], user=user)
    assert hops_of(run)[-1] == [FAR[0]]
    # Once it is known how slow the router is, it is waited for.
    hop = json.loads(run.stdout.splitlines()[0])
    assert hop["late"] == final(run)["late"] > 0
    assert sum(answer["answers"] for answer in hop["answers"]) + hop["late"] == hop["probes"] == 3
    assert final(run)["duplicates"] > 0
