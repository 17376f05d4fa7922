"""Traceroutes found in captures: hops, round-trip times, labels, gaps, loops, ends; split anywhere and merged."""

from __future__ import annotations

import io
import json
import struct
from ipaddress import IPv4Address, IPv6Address
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissector.analysis.hops import EXCEEDED
from dissector.analysis.numbering import fitted
from dissector.analysis.paths import MAX_HOPS, WORDS, Paths, moments
from dissector.capture.stream import scan
from dissector.encoder import encode
from dissector.messages.echo import Echo
from dissector.messages.errors import DestinationUnreachable, TimeExceeded
from dissector.messages.errors6 import DestinationUnreachable6, TimeExceeded6
from dissector.present.paths import path_tables, paths_json
from dissector.registry.model import Family
from dissector.tails.extensions import InterfaceInformation, LabelStackEntry, MplsLabelStack
from dissector.tails.headers import Ipv4Header, Ipv6Header, TcpHeader, UdpHeader
from dissector.tails.interfaces import IfIndex, Name
from dissector.tails.quoted import Quote, extended, split

if TYPE_CHECKING:
    from pathlib import Path

    from dissector.analysis.hops import Path as Traced
    from dissector.analysis.paths import PathReport
    from dissector.batch import Batch

RAW = 101
SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
HOST, SERVER = IPv4Address("192.0.2.10"), IPv4Address("198.51.100.80")
HOST6, SERVER6 = IPv6Address("2001:db8::10"), IPv6Address("2001:db8::80")
ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58


def router(hop: int, which: int = 0, version: int = 4) -> Any:
    """The router at a hop."""
    return (
        IPv4Address(f"203.0.113.{hop + 100 * which}") if version == 4 else IPv6Address(f"2001:db8:ff::{hop}")
    )


def ip(  # noqa: PLR0913 - the fields of its header
    octets: bytes, protocol: int, src: Any, dst: Any, *, ttl: int = 64, identification: int = 0
) -> bytes:
    """An IP packet."""
    if src.version == 6:
        fields = {"payload_length": len(octets), "next_header": protocol, "hop_limit": ttl}
        return Ipv6Header(src=src, dst=dst, **fields).encode() + octets
    fields = {"total_length": 20 + len(octets), "protocol": protocol, "ttl": ttl}
    return Ipv4Header(src=src, dst=dst, identification=identification, **fields).encode() + octets


def packet(message: Any, src: Any, dst: Any, *, ttl: int = 64, identification: int = 0) -> bytes:
    """An IP packet with a message."""
    if src.version == 6:
        octets = encode(message, Family.ICMPV6, src=src, dst=dst)
        return ip(octets, ICMPV6, src, dst, ttl=ttl)
    return ip(encode(message), ICMP, src, dst, ttl=ttl, identification=identification)


def request(ttl: int, sequence: int, *, src: Any = HOST, dst: Any = SERVER, identifier: int = 7) -> bytes:
    kind = 8 if src.version == 4 else 128
    message = Echo(type=kind, code=0, checksum=0, identifier=identifier, sequence=sequence, data=bytes(32))
    return packet(message, src, dst, ttl=ttl, identification=1000 + sequence)


def reply(sequence: int, *, src: Any = HOST, dst: Any = SERVER, identifier: int = 7) -> bytes:
    kind = 0 if src.version == 4 else 129
    message = Echo(type=kind, code=0, checksum=0, identifier=identifier, sequence=sequence, data=bytes(32))
    return packet(message, dst, src)


def udp(  # noqa: PLR0913 - the fields of its headers
    dport: int,
    *,
    sport: int = 40000,
    src: Any = HOST,
    dst: Any = SERVER,
    number: int = 0,
    ttl: int = 1,
    checksum: int = 0,
) -> bytes:
    octets = UdpHeader(sport=sport, dport=dport, length=8, checksum=checksum).encode()
    return ip(octets, UDP, src, dst, ttl=ttl, identification=number)


def syn(  # noqa: PLR0913 - the fields of its headers
    sport: int,
    *,
    dport: int = 443,
    number: int = 0,
    syn: bool = True,
    size: int = 20,
    ttl: int = 1,
    sequence: int = 0,
    src: Any = HOST,
    dst: Any = SERVER,
) -> bytes:
    fields = {"sport": sport, "dport": dport, "seq": sequence, "syn": syn, "ack_flag": not syn}
    return ip(TcpHeader(**fields).encode()[:size], TCP, src, dst, ttl=ttl, identification=number)


def exceeded(probe: bytes, by: Any, *objects: Any, to: Any = HOST) -> bytes:
    shape, kind = (TimeExceeded, 11) if by.version == 4 else (TimeExceeded6, 3)
    message = shape(type=kind, code=0, checksum=0, quote=Quote(*split(probe)))
    return packet(extended(message, *objects) if objects else message, by, to)


def unreachable(probe: bytes, code: int, by: Any = SERVER, *, to: Any = HOST) -> bytes:
    shape, kind = (DestinationUnreachable, 3) if by.version == 4 else (DestinationUnreachable6, 1)
    return packet(shape(type=kind, code=code, checksum=0, quote=Quote(*split(probe))), by, to)


def arrived(probe: bytes) -> bytes:
    """A probe as its last router quotes it."""
    at = 8 if probe[0] >> 4 == 4 else 7
    return probe[:at] + b"\1" + probe[at + 1 :]


def capture_of(*packets: tuple[float, bytes]) -> bytes:
    """A pcap of IP packets at their times, seconds after the start."""
    octets = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, RAW)
    for after, data in packets:
        seconds, rest = divmod(START + round(after * SECOND), SECOND)
        octets += struct.pack("<IIII", seconds, rest, len(data), len(data)) + data
    return octets


def batch_of(*packets: tuple[float, bytes]) -> Batch:
    """The one batch of such a capture, with the probes in it."""
    (batch,) = scan(io.BytesIO(capture_of(*packets)), probes=MAX_HOPS)
    return batch


def report_of(*packets: tuple[float, bytes], **options: Any) -> PathReport:
    state = Paths(**options)
    state.update(batch_of(*packets))
    return state.result()


def path_of(*packets: tuple[float, bytes]) -> Traced:
    (path,) = report_of(*packets).paths
    return path


def hops_of(path: Traced) -> list[list[str]]:
    """The addresses at each hop."""
    return [[str(answer.address) for answer in hop.answers] for hop in path.hops]


def traceroute(hops: int = 3, per_hop: int = 3, start: int = 1, **ends: Any) -> list[tuple[float, bytes]]:
    """The packets of an ICMP traceroute: each router answers after as many ms as it is hops away."""
    packets = []
    for number in range(hops * per_hop):
        ttl, at = number // per_hop + 1, number / 10
        sent = request(ttl, start + number, **ends)
        packets.append((at, sent))
        back = at + ttl / 1000
        if ttl == hops:
            packets.append((back, reply(start + number, **ends)))
        else:
            src = ends.get("src", HOST)
            packets.append((back, exceeded(arrived(sent), router(ttl, version=src.version), to=src)))
    return packets


# --- echo requests that were captured ----------------------------------------------------------------------


@pytest.mark.parametrize("ends", [{}, {"src": HOST6, "dst": SERVER6}], ids=["icmp", "icmpv6"])
def test_hops_of_captured_echo_requests_are_their_ttl(ends):
    path = path_of(*traceroute(**ends))
    assert (path.src, path.dst) == (ends.get("src", HOST), ends.get("dst", SERVER))
    assert (path.numbering, path.end, path.identifier) == ("ttl", "reached", 7)
    assert [hop.number for hop in path.hops] == [1, 2, 3]
    assert [hop.probes for hop in path.hops] == [3, 3, 3]
    for hop in path.hops:
        (answer,) = hop.answers
        assert answer.answers == 3
        assert answer.rtt_ns == (hop.number * 1_000_000,) * 3
    assert path.hops[-1].answers[0].address == path.ended_by == path.dst
    assert (path.first_frame, path.last_frame) == (1, 18)


def test_hops_without_answers_and_probes_behind_the_end_are_told():
    packets = []
    for ttl in range(1, 7):
        sent = request(ttl, ttl)
        packets.append((ttl, sent))
        if ttl in (1, 3):
            packets.append((ttl + 0.01, exceeded(arrived(sent), router(ttl))))
        elif ttl > 3:
            packets.append((ttl + 0.01, reply(ttl)))
    path = path_of(*packets)
    assert hops_of(path) == [["203.0.113.1"], [], ["203.0.113.3"], ["198.51.100.80"]]
    assert path.missing == (2,)


def test_a_path_without_an_end_goes_as_far_as_its_probes():
    sent = [request(ttl, ttl) for ttl in range(1, 6)]
    packets = [*enumerate(sent), (6, exceeded(arrived(sent[0]), router(1)))]
    path = path_of(*packets)
    assert (path.end, path.ended_by, len(path.hops)) == ("nothing", None, 5)
    assert path.missing == (2, 3, 4, 5)
    assert "no ICMP answer from the destination in 5 hops" in next(path_tables(report_of(*packets)))


@pytest.mark.parametrize(("code", "end"), [(13, "prohibited"), (1, "unreachable"), (2, "reached")])
def test_a_path_ends_with_the_error_that_ended_it(code, end):
    first, second = request(1, 1), request(2, 2)
    path = path_of(
        (0, first),
        (0.1, exceeded(arrived(first), router(1))),
        (1, second),
        (1.1, unreachable(arrived(second), code, router(2))),
    )
    assert (path.end, path.end_type, path.end_code, path.ended_by) == (end, 3, code, router(2))
    assert hops_of(path) == [["203.0.113.1"], ["203.0.113.2"]]


def test_a_reply_that_comes_too_late_is_none():
    packets = traceroute(hops=2, per_hop=1)
    assert path_of(*packets[:-1], (10.0, packets[-1][1])).end == "reached"
    assert path_of(*packets[:-1], (10.2, packets[-1][1])).end == "nothing"


def test_after_a_long_silence_it_is_another_traceroute():
    again = [(at + 100, octets) for at, octets in traceroute()]
    first, second = report_of(*traceroute(), *again).paths
    assert first.hops[0].answers[0].rtt_ns == second.hops[0].answers[0].rtt_ns == (1_000_000,) * 3
    assert second.first_ns == START + 100 * SECOND
    (one,) = report_of(*traceroute(), *again, idle_ns=200 * SECOND).paths
    assert one.hops[0].probes == 6


def test_who_is_behind_a_translator_gets_the_answers_with_another_source():
    sent = [request(ttl, ttl) for ttl in (1, 2)]
    public = [request(1, sequence, src=IPv4Address("203.0.113.200")) for sequence in (1, 2)]
    path = path_of(
        (0, sent[0]),
        (0.1, exceeded(arrived(sent[0]), router(1))),
        (1, sent[1]),
        (1.1, exceeded(arrived(public[1]), router(2))),
    )
    assert hops_of(path) == [["203.0.113.1"], ["203.0.113.2"]]


def test_pings_are_no_traceroutes():
    pings = [(number, request(64, number)) for number in range(5)]
    assert not report_of(*pings, *((number + 0.1, reply(number)) for number in range(5))).paths
    # One TTL that is too small is a ping too.
    small = [(number, request(2, number)) for number in range(5)]
    errors = [(number + 0.1, exceeded(arrived(octets), router(2))) for number, octets in small]
    assert not report_of(*sorted(small + errors)).paths


# --- probes that are no ICMP -------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [33434, 33435])
@pytest.mark.parametrize("per_hop", [1, 2, 3, 5])
def test_udp_ports_count_hops(first, per_hop):
    hops = 4
    packets = []
    for number in range(hops * per_hop):
        hop = number // per_hop + 1
        probe = udp(first + number, sport=40000 + number * 7)
        packets.append((number, unreachable(probe, 3) if hop == hops else exceeded(probe, router(hop))))
    path = path_of(*packets)
    assert (path.numbering, path.end, path.end_code) == ("count", "reached", 3)
    assert hops_of(path) == [[str(router(hop))] for hop in range(1, hops)] + [[str(SERVER)]]
    assert all(answer.answers == per_hop and not answer.rtt_ns for hop in path.hops for answer in hop.answers)


@pytest.mark.parametrize("per_hop", [1, 2, 3])
def test_probes_sent_ahead_all_get_to_the_end(per_hop):
    packets = []
    for number in range(16):  # at once, as Linux's traceroute does
        hop = number // per_hop + 1
        probe = udp(33434 + number)
        packets.append((number, unreachable(probe, 3) if hop > 3 else exceeded(probe, router(hop))))
    path = path_of(*packets)
    assert hops_of(path) == [[str(router(hop))] for hop in (1, 2, 3)] + [[str(SERVER)]]
    assert (path.numbering, path.end) == ("count", "reached")


def test_a_silent_hop_of_udp_is_missing():
    packets = [(number, exceeded(udp(33434 + number), router(number // 3 + 1))) for number in range(12)]
    path = path_of(*packets[:3], *packets[6:])
    assert path.missing == (2,)


def test_several_routers_at_a_hop_are_all_told():
    packets = [
        (
            number,
            exceeded(
                udp(33434 + number), router(number // 3 + 1, which=number % 2 if number in (3, 4, 5) else 0)
            ),
        )
        for number in range(12)
    ]
    path = path_of(*packets)
    assert hops_of(path)[1] == ["203.0.113.102", "203.0.113.2"]


def test_a_loop_is_told():
    order = [1, 2, 3, 2, 3, 2, 3]
    packets = [
        (number, exceeded(udp(33434 + number), router(order[number // 3])))
        for number in range(3 * len(order))
    ]
    path = path_of(*packets)
    assert path.loops == (router(2), router(3))
    assert "loop: 203.0.113.2, 203.0.113.3" in next(path_tables(report_of(*packets)))
    # Two hops of one router are none: some hand on what has run out.
    order = [1, 2, 2, 3]
    twice = [(number, exceeded(udp(33434 + number), router(order[number // 3]))) for number in range(12)]
    assert hops_of(path_of(*twice)) == [[str(router(hop))] for hop in order]
    assert path_of(*twice).loops == ()
    straight = [(number, exceeded(udp(33434 + number), router(number // 3 + 1))) for number in range(9)]
    assert path_of(*straight).loops == ()


@pytest.mark.parametrize("per_hop", [1, 2, 3, 4])
@pytest.mark.parametrize(
    "order",
    [[1, 2, 3, 2, 3, 2, 3], [1, 2, 3, 4, 2, 3, 4, 2, 3, 4], [1, 2, 1, 2, 1, 2], [1, 2, *[3, 4] * 14]],
    ids=len,
)
def test_a_loop_is_fitted_with_any_number_of_probes_a_hop(order, per_hop):
    packets = [
        (number, exceeded(udp(33434 + number), router(order[number // per_hop])))
        for number in range(per_hop * len(order))
    ]
    path = path_of(*packets)
    assert hops_of(path) == [[str(router(hop))] for hop in order]
    assert set(path.loops) == {router(hop) for hop in order if order.count(hop) > 1}


def test_tcp_probes_are_counted_by_identification_or_else_by_their_order():
    def probes(numbers: list[int]) -> list[tuple[float, bytes]]:
        return [
            (place, exceeded(syn(50000 + 7 * place, number=number), router(place // 2 + 1)))
            for place, number in enumerate(numbers)
        ]

    counted = path_of(*probes([9, 10, 11, 12, 13, 14]))
    assert (counted.numbering, counted.port, counted.identifier) == ("relative", 443, None)
    assert hops_of(counted) == [["203.0.113.1"], ["203.0.113.2"], ["203.0.113.3"]]
    ordered = path_of(*probes([900, 1, 30000, 77, 5000, 2]))
    assert ordered.numbering == "order"
    assert hops_of(ordered) == hops_of(counted)


def test_segments_that_open_no_connection_are_no_probes():
    assert not report_of(
        *((hop, exceeded(syn(1, number=hop, syn=False), router(hop))) for hop in (1, 2))
    ).paths
    # Of eight octets nobody can tell.
    assert report_of(*((hop, exceeded(syn(1, number=hop, size=8), router(hop))) for hop in (1, 2))).paths


def test_a_flow_in_a_routing_loop_is_no_traceroute():
    lost = [(number / 10, exceeded(udp(27520, number=number), router(3))) for number in range(20)]
    assert not report_of(*lost).paths


def test_a_sequence_in_the_other_order_of_octets_counts_too():
    packets = [
        (number, exceeded(arrived(request(1, (number + 1) << 8)), router(number // 3 + 1)))
        for number in range(9)
    ]
    path = path_of(*packets)
    assert (path.numbering, len(path.hops)) == ("count", 3)


def test_rounds_that_go_on_counting_are_no_loops():
    packets = [
        (number / 10, exceeded(arrived(request(1, number)), router(number % 6 + 1))) for number in range(18)
    ]
    path = path_of(*packets)
    assert (path.numbering, path.loops, len(path.hops)) == ("order", (), 6)
    assert [hop.answers[0].answers for hop in path.hops] == [3] * 6


def test_what_fits_no_hops_is_not_believed():
    first, second, third = (SimpleNamespace(kind=EXCEEDED, reporter=router(hop)) for hop in (1, 2, 3))
    assert fitted([0, 1, 500, 501], [first, first, second, second], (0,)) is None
    assert fitted([33434, 33435, 33436], [first, second, third], (33434, 33435)) == (33434, 1)


# --- beside the address ------------------------------------------------------------------------------------


def test_labels_and_interfaces_are_told_with_their_hop():
    stack = MplsLabelStack(
        length=12,
        class_num=1,
        c_type=1,
        entries=(LabelStackEntry(label=16004, ttl=1), LabelStackEntry(label=24, bottom=True, ttl=2)),
    )
    parts = (IfIndex(if_index=5), Name.of("ge-0/0/1\x1b[2J"))
    size = 4 + sum(len(part.encode()) for part in parts)
    incoming = InterfaceInformation(length=size, class_num=2, c_type=0x0A, parts=parts)
    path = path_of(
        (0, exceeded(udp(33434), router(1))),
        (1, exceeded(udp(33437), router(2), stack, incoming)),
        (2, exceeded(udp(33438), router(2), stack, incoming)),
        (3, unreachable(udp(33440), 3)),
    )
    (answer,) = path.hops[1].answers
    assert [(label.label, label.ttl, label.bottom) for label in answer.labels] == [
        (16004, 1, False),
        (24, 2, True),
    ]
    (interface,) = answer.interfaces
    assert (interface.name, interface.if_index) == ("ge-0/0/1\x1b[2J", 5)
    assert interface.role == "interface on which the datagram arrived"
    assert path.hops[0].answers[0].labels == ()


def test_text_from_the_wire_is_escaped_and_tables_fit_80_columns():
    parts = (Name.of("eth0\x1b[2J" + "x" * 50),)
    incoming = InterfaceInformation(length=4 + len(parts[0].encode()), class_num=2, c_type=0x02, parts=parts)
    long = IPv6Address("2001:db8:1111:2222:3333:4444:5555:6666")
    probes = [udp(33434 + number, src=HOST6, dst=SERVER6) for number in range(3)]
    report = report_of(
        (0, exceeded(probes[0], long, incoming, to=HOST6)),
        (1, exceeded(probes[1], router(2, version=6), to=HOST6)),
        (2, unreachable(probes[2], 4, SERVER6, to=HOST6)),
    )
    (text,) = path_tables(report, narrow=True)
    assert "\x1b" not in text
    assert "\\x1b" in text
    assert "reached after 3 hops" in text
    assert max(map(len, text.splitlines())) <= 80
    far = IPv6Address(int(long) + 1)
    ends = {"src": long, "dst": far}
    (text,) = path_tables(report_of(*traceroute(**ends)), narrow=True)
    assert max(map(len, text.splitlines())) <= 80
    assert f"Traceroute {long}" in text


# --- split and merged --------------------------------------------------------------------------------------


def merged(batch: Batch, cuts: list[int], *, left: bool) -> PathReport:
    """The result of a batch in parts, joined from the left or from the right."""
    edges = [0, *sorted(min(cut, len(batch)) for cut in cuts), len(batch)]
    parts = []
    for start, end in pairwise(edges):
        part = Paths(begins=not start)
        part.update(batch[start:end])
        parts.append(part)
    if left:
        state = parts[0]
        for part in parts[1:]:
            state = state.merge(part)
    else:
        state = parts[-1]
        for part in reversed(parts[:-1]):
            state = part.merge(state)
    return state.result()


def sent_and_answered(protocol: int, hops: int, silent: int) -> list[tuple[float, bytes]]:
    """A traceroute by UDP or TCP whose probes were captured, and answered but at one hop."""
    make = udp if protocol == UDP else syn
    probes = [(hop, make(33434, number=hop, ttl=hop)) for hop in range(1, hops + 1)]
    errors = [(hop + 0.01, exceeded(arrived(octets), router(hop))) for hop, octets in probes if hop != silent]
    return sorted(probes + errors)


pieces = st.one_of(
    st.builds(traceroute, st.integers(2, 4), st.integers(1, 3), st.integers(0, 3)),
    st.builds(
        lambda hops: [(hop / 7, exceeded(udp(33434 + 3 * hop), router(hop + 1))) for hop in range(hops)],
        st.integers(1, 4),
    ),
    st.builds(sent_and_answered, st.sampled_from([UDP, TCP]), st.integers(1, 4), st.integers(0, 3)),
    st.builds(lambda sequence: [(0.5, reply(sequence))], st.integers(0, 5)),
    st.builds(lambda ttl: [(0.2, request(ttl, 1, identifier=9))], st.integers(1, 3)),
)


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 1.0, 8.0, 75.0]), pieces), min_size=1, max_size=4),
    st.lists(st.integers(0, 60), max_size=4),
    st.booleans(),
)
def test_a_capture_split_anywhere_and_merged_is_the_same(groups, cuts, left):
    packets = sorted((start + at, octets) for start, group in groups for at, octets in group)
    batch = batch_of(*packets)
    whole = Paths()
    whole.update(batch)
    assert paths_json(merged(batch, cuts, left=left)) == paths_json(whole.result())


@pytest.mark.parametrize("left", [True, False])
def test_a_reply_finds_its_request_across_every_cut(left):
    batch = batch_of(*traceroute(per_hop=1))
    whole = Paths()
    whole.update(batch)
    for cut in range(len(batch) + 1):
        assert paths_json(merged(batch, [cut], left=left)) == paths_json(whole.result())


def test_labels_stay_with_their_hops_when_merged():
    def labelled(label: int) -> MplsLabelStack:
        return MplsLabelStack(length=8, class_num=1, c_type=1, entries=(LabelStackEntry(label=label, ttl=1),))

    packets = [(hop, exceeded(udp(33433 + hop), router(hop), labelled(100 + hop))) for hop in (1, 2, 3, 4)]
    (path,) = merged(batch_of(*packets), [2], left=True).paths
    assert [label.label for hop in path.hops for answer in hop.answers for label in answer.labels] == [
        101,
        102,
        103,
        104,
    ]


def test_a_full_table_is_told():
    report = report_of(*traceroute(), limit=4)
    assert report.refused
    assert report.warnings[0].startswith(f"{report.refused} messages that may belong to traceroutes")


def test_what_a_loop_repeats_has_a_bound():
    table = moments(1 << 20)

    def add(identifications: int, seconds: int) -> None:
        numbers = np.arange(identifications * seconds)
        keys = np.zeros((len(numbers), WORDS), np.uint64)
        keys[:, 0] = EXCEEDED | 17 << 16
        keys[:, 1] = numbers % identifications
        times = numbers // identifications * 1_000_000_000
        table.add(keys, {"count": np.ones_like(numbers), "first_ns": times, "frame": numbers + 1})

    add(1000, 1)
    assert (len(table.distinct), len(table), table.refused) == (64, 64, 936)
    add(64, 1000)
    assert (len(table.distinct), len(table), table.refused) == (64, 3 * 64, 936)
    assert table.values["count"].sum() == 64 + 64_000


def test_json_of_nothing_and_of_something():
    assert paths_json(Paths().result()) == {"paths": [], "warnings": []}
    (path,) = json.loads(json.dumps(paths_json(report_of(*traceroute()))))["paths"]
    assert path["hops"][0]["answers"][0]["rtt_ns"] == [1_000_000] * 3
    assert path["missing"] == []


# --- real captures -----------------------------------------------------------------------------------------


def real(shared: Path, name: str, *, probes: int = 0) -> PathReport:
    file = next((shared / "captures" / "files").rglob(name))
    state = Paths()
    for batch in scan(file, probes=probes):
        state.update(batch)
    return state.result()


def test_windows_tracert_with_a_label(shared: Path):
    (path,) = real(shared, "icmp_traceroute.pcapng").paths
    assert (path.numbering, path.end, len(path.hops)) == ("ttl", "reached", 9)
    assert [len(hop.answers[0].rtt_ns) for hop in path.hops] == [3] * 9
    assert [label.label for label in path.hops[4].answers[0].labels] == [19642]


def test_linux_traceroute_that_is_never_answered_by_its_destination(shared: Path):
    (path,) = real(shared, "*mka-linux-traceroute.pcap").paths
    assert (path.numbering, path.end, len(path.hops), path.missing) == ("count", "nothing", 14, ())
    assert [len(hop.answers) for hop in path.hops] == [1] * 8 + [2, 1, 1, 1, 3, 2]


def test_traceroute6_to_a_closed_port(shared: Path):
    (path,) = real(shared, "*SampleCaptures__v6.pcap").paths
    assert (path.end, path.end_type, path.end_code, len(path.hops)) == ("reached", 1, 4, 4)


def test_a_pinging_plotter_behind_a_translator(shared: Path):
    (path,) = real(shared, "*ip-ethereal-trace-1.pcap").paths
    assert (path.numbering, path.end, len(path.hops), path.missing) == ("ttl", "reached", 13, ())
    # What tshark gives as icmp.resptime.
    rtt_ms = np.array(path.hops[-1].answers[0].rtt_ns) / 1e6
    assert rtt_ms.round(3).tolist() == [
        25.105,
        23.93,
        36.537,
        557.837,
        556.561,
        566.218,
        1199.969,
        1199.207,
        1194.945,
    ]


def test_traceroutes_with_one_probe_a_hop_beside_other_traffic(shared: Path):
    report = real(shared, "*SkypeIRC.cap")
    assert [len(path.hops) for path in report.paths] == [4] * 4


def test_probes_of_a_game_that_should_not_arrive_are_no_traceroute(shared: Path):
    assert not real(shared, "*nintendo.pcap").paths
