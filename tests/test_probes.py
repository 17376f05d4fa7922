"""Probes of traceroutes by UDP and TCP: found by the scan, kept by batches, joined to the errors about them."""

from __future__ import annotations

import io
import json
import pickle
import struct
from functools import reduce
from itertools import count, pairwise, product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from test_paths import (
    HOST,
    HOST6,
    SERVER,
    SERVER6,
    TCP,
    UDP,
    arrived,
    batch_of,
    capture_of,
    exceeded,
    hops_of,
    path_of,
    report_of,
    router,
    syn,
    udp,
    unreachable,
)
from test_scanner import BACKENDS, CASES, PING, PING6, block, eth, icmp, ip4, ip6, scanner
from test_scanner import udp as udp_of

from dissector.analysis.paths import MAX_HOPS, Paths
from dissector.analysis.waiting import ROOM, Waiting
from dissector.batch import NO_PROBES, PROBE, Batch
from dissector.capture import window
from dissector.capture.formats import open_capture
from dissector.capture.records import NO_TIME
from dissector.capture.stream import scan
from dissector.present.paths import path_tables, paths_json

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MORE = 0x2000


@pytest.fixture(params=list(BACKENDS))
def backend(request: pytest.FixtureRequest) -> Any:
    """A scan kernel."""
    return BACKENDS[request.param]


def found(backend: Any, *packets: bytes, link: int = 1, **options: Any) -> NDArray[np.void]:
    """What a scan puts down of some packets."""
    here = scanner(backend, link, **{"probes": MAX_HOPS} | options)
    batches = list(here.scan(block(*packets)))
    assert here.counts.sum() == len(packets)
    return np.concatenate([NO_PROBES, *(batch.probes for batch in batches)])


def segment(flags: int = 2) -> bytes:
    """A TCP header."""
    return struct.pack(">HHIIBBHHH", 50000, 80, 0xDEADBEEF, 0, 5 << 4, flags, 0, 0, 0)


# --- the scan ------------------------------------------------------------------------------------------------

LIKE_PING = ip4(17, udp_of(33434, bytes(7)), ttl=3)
LIKE_PING6 = ip6(17, udp_of(33434, bytes(7)), hops=3)


@pytest.mark.parametrize(
    ("link", "packet"),
    [
        (link, packet.replace(PING, LIKE_PING).replace(PING6, LIKE_PING6))
        for link, packet, _ in CASES.values()
        if PING in packet or PING6 in packet
    ],
    ids=[name for name, (_, packet, _) in CASES.items() if PING in packet or PING6 in packet],
)
def test_a_probe_is_found_behind_every_layer(backend: Any, link: int, packet: bytes) -> None:
    (probe,) = found(backend, packet, link=link)
    six = LIKE_PING6 in packet
    assert (probe["version"], probe["protocol"], probe["ttl"]) == (6 if six else 4, UDP, 3)
    assert (probe["sport"], probe["dport"], probe["mark"]) == (50000, 33434, 15 << 16)
    assert probe["id"] == (0 if six else 7)
    wanted = LIKE_PING6[8:40] if six else LIKE_PING[12:16] + bytes(12) + LIKE_PING[16:20] + bytes(12)
    assert probe["src"].tobytes() + probe["dst"].tobytes() == wanted
    assert (probe["frame"], probe["time_ns"], probe["record_flags"]) == (1, 1000, 0)


OPENING = {
    "ipv4": eth(0x0800, ip4(6, segment(), ttl=30)),
    "options": eth(0x0800, ip4(6, segment(), ttl=1, options=b"\1" * 8)),
    "ipv6": eth(0x86DD, ip6(6, segment(), hops=30)),
    "hop-by-hop": eth(0x86DD, ip6(0, b"\6\0\1\4" + bytes(4) + segment(), hops=1)),
    "authentication": eth(0x0800, ip4(51, b"\6\4\0\0" + bytes(20) + segment(), ttl=1)),
    "congestion": eth(0x0800, ip4(6, segment(0xC2), ttl=1)),
}


@pytest.mark.parametrize("packet", OPENING.values(), ids=list(OPENING))
def test_a_segment_that_opens_a_connection_may_be_a_probe(backend: Any, packet: bytes) -> None:
    (probe,) = found(backend, packet)
    assert (probe["protocol"], probe["mark"]) == (TCP, 0xDEADBEEF)
    assert (probe["sport"], probe["dport"]) == (50000, 80)


DATAGRAM = udp_of(33434, bytes(7))
NONE = {
    "more hops": eth(0x0800, ip4(17, DATAGRAM, ttl=31)),
    "more hops, v6": eth(0x86DD, ip6(17, DATAGRAM, hops=31)),
    "multicast": eth(0x0800, ip4(17, DATAGRAM, ttl=1, dst="239.255.255.250")),
    "broadcast": eth(0x0800, ip4(17, DATAGRAM, ttl=1, dst="255.255.255.255")),
    "multicast, v6": eth(0x86DD, ip6(17, DATAGRAM, hops=1, dst="ff02::c")),
    "later fragment": eth(0x0800, ip4(17, DATAGRAM, ttl=1, fragment=3)),
    "answer": eth(0x0800, ip4(6, segment(0x12), ttl=1)),
    "connection": eth(0x0800, ip4(6, segment(0x10), ttl=1)),
    "short": eth(0x0800, ip4(17, DATAGRAM[:7], ttl=1)) + bytes(20),
    "short segment": eth(0x0800, ip4(6, segment()[:13], ttl=1)) + bytes(20),
    "other protocol": eth(0x0800, ip4(132, DATAGRAM, ttl=1)),
    "tunnel": eth(0x0800, ip4(17, udp_of(4789, b"\x08" + bytes(7) + eth(0x0806, bytes(28))), ttl=1)),
}


@pytest.mark.parametrize("packet", NONE.values(), ids=list(NONE))
def test_what_is_no_probe_is_not_put_down(backend: Any, packet: bytes) -> None:
    assert not len(found(backend, packet))


@pytest.mark.parametrize("packet", [*NONE.values(), eth(0x0800, LIKE_PING), eth(0x86DD, LIKE_PING6)])
def test_nothing_is_put_down_where_nobody_asks(backend: Any, packet: bytes) -> None:
    assert not len(found(backend, packet, probes=0))


def test_a_first_fragment_may_be_a_probe(backend: Any) -> None:
    first = eth(0x0800, ip4(17, DATAGRAM + bytes(9), ttl=2, fragment=MORE))
    later = eth(0x0800, ip4(17, bytes(24), ttl=2, fragment=3))
    (probe,) = found(backend, first, later)
    assert (probe["frame"], probe["dport"]) == (1, 33434)


def test_what_was_cut_is_put_down_as_far_as_ports_are_there(backend: Any) -> None:
    for packet, least in ((eth(0x0800, LIKE_PING), 42), (OPENING["ipv6"], 68)):
        for size in range(len(packet)):
            here = scanner(backend, probes=MAX_HOPS)
            batches = list(here.scan(block(packet[:size], wire=[len(packet)])))
            assert sum(len(batch.probes) for batch in batches) == (size >= least)


def test_probes_come_beside_messages_and_without_them(backend: Any) -> None:
    here = scanner(backend, probes=MAX_HOPS)
    low, ping = eth(0x0800, LIKE_PING), eth(0x0800, ip4(1, icmp(), ttl=1))
    (batch,) = here.scan(block(low, ping, low, bytes(9), low, flags=NO_TIME))
    assert batch.frame.tolist() == [2]
    assert batch.probes["frame"].tolist() == [1, 3, 5]
    assert batch.probes["time_ns"].tolist() == [1000, 1002, 1004]
    assert batch.probes["record_flags"].tolist() == [NO_TIME] * 3
    (empty,) = here.scan(block(*[low] * 70))
    assert (len(empty), len(empty.probes), len(batch.probes)) == (0, 70, 3)
    assert not list(here.scan(block(bytes(9))))


def test_a_datagram_put_together_puts_nothing_down(backend: Any) -> None:
    inner = ip4(4, LIKE_PING)
    here = scanner(backend, probes=MAX_HOPS)
    (batch,) = here.scan(block(eth(0x0800, ip4(4, inner[:24], fragment=MORE))))
    for _ in range(3):  # more than there is room for
        assert not len(here.datagram(inner, batch, 0).probes)
    (batch,) = here.scan(block(eth(0x0800, LIKE_PING)))
    assert len(batch.probes) == 1


def test_any_octets_give_the_same_probes_on_both_back_ends() -> None:
    packets = [packet for packets in (OPENING, NONE) for packet in packets.values()]
    packets += [eth(0x0800, LIKE_PING), eth(0x86DD, LIKE_PING6)]
    random = np.random.default_rng(4)
    for packet in list(packets):
        for _ in range(40):
            changed = bytearray(packet)
            for at in random.integers(0, len(packet), 3):
                changed[at] = random.integers(256)
            packets.append(bytes(changed[: random.integers(4 * len(packet))]))
    results = [found(module, *packets).tobytes() for module in BACKENDS.values()]
    assert len(results[0]) > 100 * PROBE.itemsize
    assert all(result == results[0] for result in results)


# --- batches -------------------------------------------------------------------------------------------------


def mixed() -> Batch:
    """Probes in frames 1, 3, 4, 6 and errors in 2, 5."""
    probes = [udp(33434 + number, ttl=number + 1) for number in range(4)]
    errors = [exceeded(probes[0], router(1)), exceeded(probes[2], router(3))]
    order = [probes[0], errors[0], probes[1], probes[2], errors[1], probes[3]]
    return batch_of(*enumerate(order))


def frames(batch: Batch) -> list[int]:
    """The frames of a batch's probes."""
    found: list[int] = batch.probes["frame"].tolist()
    return found


def test_a_filter_leaves_the_probes_and_a_stretch_has_its_own() -> None:
    batch = mixed()
    assert frames(batch) == [1, 3, 4, 6]
    none = np.zeros(2, np.bool_)
    assert frames(batch[none]) == frames(batch.take(none)) == [1, 3, 4, 6]
    assert [frames(batch[at : at + 1]) for at in range(2)] == [[1], [3, 4, 6]]
    assert [frames(batch[:0]), frames(batch[:]), frames(batch[2:])] == [[], [1, 3, 4, 6], []]
    assert frames(batch[np.array([0])]) == frames(batch.take([0, 1])) == frames(batch.take([])) == []
    assert frames(batch[none][:]) == [1, 3, 4, 6]
    assert frames(Batch.join([batch[:1], batch[1:]])) == [1, 3, 4, 6]
    assert frames(pickle.loads(pickle.dumps(batch))) == [1, 3, 4, 6]


def test_probes_are_not_lost_beside_fragments() -> None:
    message = icmp(body=bytes(40))
    pieces = [ip4(1, message[:24], fragment=MORE), ip4(1, message[24:], fragment=3)]
    packets = [LIKE_PING, pieces[0], LIKE_PING, pieces[1], LIKE_PING]
    (batch,) = scan(io.BytesIO(capture_of(*enumerate(packets))), probes=MAX_HOPS)
    assert (batch.frame.tolist(), frames(batch)) == ([4], [1, 3, 5])
    # A first fragment alone: its batch has nothing but probes, and it comes at the end.
    first, last = scan(io.BytesIO(capture_of(*enumerate(packets[:3]))), probes=MAX_HOPS)
    assert (len(first), frames(first), len(last), frames(last)) == (0, [1, 3], 1, [])


def test_the_account_counts_messages_alone() -> None:
    with scan(io.BytesIO(capture_of((0, LIKE_PING))), probes=MAX_HOPS) as batches:
        assert sum(map(len, batches)) == 0
        assert (batches.account.packets, batches.account.messages) == (1, 0)


# --- hops and times ------------------------------------------------------------------------------------------


def traced(protocol: int, *, six: bool = False, per_hop: int = 3, **fields: Any) -> list[tuple[float, bytes]]:
    """A traceroute of three hops by UDP or TCP: each answers after as many ms as it is hops away.

    Args:
        protocol: of the probes.
        six: whether by IPv6.
        per_hop: probes a hop.
        fields: of the probes; iterators give each its own.
    """
    make, ends = (udp if protocol == UDP else syn), {"src": HOST, "dst": SERVER}
    if six:
        ends = {"src": HOST6, "dst": SERVER6}
    packets = []
    for number in range(3 * per_hop):
        ttl, at = number // per_hop + 1, number / 10
        own = {name: value if isinstance(value, int) else next(value) for name, value in fields.items()}
        port = own.pop("port", 33434)
        probe = make(port, ttl=ttl, **ends, **own)
        back, by = at + ttl / 1000, router(ttl, version=ends["src"].version)
        if ttl < 3 or protocol == TCP:
            answer = exceeded(arrived(probe), by, to=ends["src"])
        else:
            answer = unreachable(arrived(probe), 4 if six else 3, ends["dst"], to=ends["src"])
        packets += [(at, probe), (back, answer)]
    return packets


TOLD_APART = {
    "port": (UDP, {"port": range(33434, 33500)}),
    "identification": (UDP, {"number": range(7, 99)}),
    "checksum": (UDP, {"checksum": range(7, 99)}),
    "time": (UDP, {}),
    "source port": (TCP, {"port": range(33434, 33500)}),
    "sequence number": (TCP, {"sequence": range(7, 99)}),
}


@pytest.mark.parametrize("six", [False, True], ids=["v4", "v6"])
@pytest.mark.parametrize(("protocol", "fields"), TOLD_APART.values(), ids=list(TOLD_APART))
def test_hops_of_captured_probes_are_their_ttl_and_have_times(
    protocol: int, fields: dict[str, Any], *, six: bool
) -> None:
    own = {name: iter(value) for name, value in fields.items() if not (six and name == "number")}
    path = path_of(*traced(protocol, six=six, **own))
    assert (path.numbering, path.end) == ("ttl", "reached" if protocol == UDP else "nothing")
    assert [hop.probes for hop in path.hops] == [3, 3, 3]
    rtts = [rtt for hop in path.hops for answer in hop.answers for rtt in answer.rtt_ns]
    # Probes within one second that nothing tells apart count as one that came several times.
    if fields and not (six and "number" in fields):
        assert rtts == [hop * 1_000_000 for hop in (1, 2, 3) for _ in range(3)]
    assert set(rtts) == {1_000_000, 2_000_000, 3_000_000}
    assert [answer.answers for hop in path.hops for answer in hop.answers] == [3, 3, 3]


def test_probes_sent_ahead_are_told_apart_by_their_checksum() -> None:
    probes = [udp(33434, ttl=ttl, checksum=ttl) for ttl in (1, 2, 3)]
    answers = [exceeded(arrived(probe), router(ttl)) for ttl, probe in enumerate(probes, 1)]
    # All at once, answered in another order.
    path = path_of(
        *((ttl / 1000, probe) for ttl, probe in enumerate(probes)),
        *((1 + place / 1000, answers[at]) for place, at in enumerate((2, 0, 1))),
    )
    assert hops_of(path) == [[str(router(hop))] for hop in (1, 2, 3)]
    assert [answer.rtt_ns for hop in path.hops for answer in hop.answers] == [
        (1_001_000_000,),
        (1_001_000_000,),
        (998_000_000,),
    ]


def test_a_checksum_that_the_network_card_fills_in_does_not_matter() -> None:
    packets = []
    for ttl in (1, 2, 3):
        sent, quoted = (udp(33434, ttl=ttl, number=ttl, checksum=sum_) for sum_ in (0x1504, 1000 + ttl))
        packets += [(ttl, sent), (ttl + ttl / 1000, exceeded(arrived(quoted), router(ttl)))]
    path = path_of(*packets)
    assert [answer.rtt_ns for hop in path.hops for answer in hop.answers] == [
        (hop * 1_000_000,) for hop in (1, 2, 3)
    ]


@pytest.mark.parametrize("field", ["number", "checksum"])
def test_an_answer_to_a_probe_that_was_not_captured_is_not_that_to_another(field: str) -> None:
    probes = [udp(33434, ttl=ttl, **{field: 9 * ttl}) for ttl in (1, 2, 3)]
    answers = [exceeded(arrived(probe), router(ttl)) for ttl, probe in enumerate(probes, 1)]
    # The capture begins between the first probe and its answer, which comes last.
    path = path_of((1, probes[1]), (2, probes[2]), (2.1, answers[1]), (2.2, answers[2]), (2.3, answers[0]))
    rtts = {str(answer.address): answer.rtt_ns for hop in path.hops for answer in hop.answers}
    assert rtts.pop("203.0.113.1", ()) == ()
    assert rtts == {"203.0.113.2": (1_100_000_000,), "203.0.113.3": (200_000_000,)}


def test_hops_whose_probes_were_not_captured_are_counted() -> None:
    packets = traced(UDP, port=count(33434))
    late = packets[7:]  # the capture begins with the second answer of the second hop
    path = path_of(*packets[1:2], *packets[3:4], *late)
    assert path.numbering == "count"
    assert hops_of(path) == [["203.0.113.1"], ["203.0.113.2"], ["198.51.100.80"]]
    assert [hop.probes for hop in path.hops] == [None, None, 3]
    assert [len(hop.answers[0].rtt_ns) for hop in path.hops] == [0, 2, 3]
    assert "0 of" not in next(path_tables(report_of(*packets[1:2], *late)))


def test_answers_that_nothing_places_are_left_out() -> None:
    packets = traced(TCP, sequence=count(), number=iter((9, 900, 5, 33, 8000, 1, 70, 7, 6)))
    path = path_of(*packets[1:2], *packets[6:])
    assert (path.numbering, path.missing) == ("ttl", (1,))
    assert [hop.probes for hop in path.hops] == [0, 3, 3]


def test_hops_that_do_not_answer_are_told_with_their_probes() -> None:
    packets = traced(UDP, port=count(33434))
    path = path_of(*(packet for place, packet in enumerate(packets) if place not in (7, 9, 11, 13, 15, 17)))
    assert (path.end, path.missing, [hop.probes for hop in path.hops]) == ("nothing", (2, 3), [3, 3, 3])


def test_a_flow_with_one_ttl_is_no_traceroute() -> None:
    # Neither is it one if two routers tell of it, as in a loop.
    packets = [
        (number, packet)
        for number in range(0, 20, 2)
        for sent in [udp(27520, ttl=20, number=number)]
        for packet in (sent, exceeded(arrived(sent), router(3 + number % 4)))
    ]
    packets = [(place / 10, packet) for place, (_, packet) in enumerate(packets)]
    assert not report_of(*packets).paths
    assert report_of(*(item for item in packets if item[1][9] == 1)).paths


def test_a_datagram_in_a_loop_is_no_traceroute_for_being_seen_again() -> None:
    sent = [udp(27520, ttl=ttl, number=7) for ttl in range(30, 0, -2)]
    packets = [(place / 1000, packet) for place, packet in enumerate(sent)]
    assert not report_of(*packets, (0.1, exceeded(sent[-1], router(1)))).paths


def test_probes_seen_on_both_sides_of_a_router_count_once() -> None:
    packets = []
    for ttl in (2, 3, 4):
        before, behind = (udp(33434 + ttl, ttl=left) for left in (ttl, ttl - 1))
        answer = exceeded(arrived(before), router(ttl))
        packets += [(ttl, before), (ttl + 0.001, behind), (ttl + 0.003, answer), (ttl + 0.004, answer)]
    path = path_of(*packets)
    assert hops_of(path)[1:] == [[str(router(hop))] for hop in (2, 3, 4)]
    assert [hop.probes for hop in path.hops] == [0, 1, 1, 1]
    assert [hop.answers[0].rtt_ns for hop in path.hops[1:]] == [(3_000_000,)] * 3


def test_loops_of_captured_probes_are_right_with_any_number_a_hop() -> None:
    order = [1, 2, 3, 2, 3, 2, 3]
    packets = []
    for ttl, which in enumerate(order, 1):
        probe = udp(33434 + ttl, ttl=ttl)
        packets += [(ttl, probe), (ttl + 0.1, exceeded(arrived(probe), router(which)))]
    path = path_of(*packets)
    assert (path.numbering, path.loops) == ("ttl", (router(2), router(3)))
    assert hops_of(path) == [[str(router(hop))] for hop in order]


def test_a_capture_without_times_has_hops_without_times() -> None:
    batch = batch_of(*traced(UDP, port=count(33434)))
    batch.record_flags = np.full_like(batch.record_flags, NO_TIME)
    batch.probes["record_flags"] = NO_TIME
    state = Paths()
    state.update(batch)
    (path,) = state.result().paths
    assert (path.numbering, path.first_ns) == ("ttl", None)
    assert not any(answer.rtt_ns for hop in path.hops for answer in hop.answers)


def parts_of(packets: list[tuple[float, bytes]], edges: list[int]) -> list[Paths]:
    """The states of a capture cut at some packets."""
    parts = []
    for start, end in pairwise([0, *edges, len(packets)]):
        part = Paths(begins=not start)
        for batch in scan(io.BytesIO(capture_of(*packets[start:end])), probes=MAX_HOPS):
            batch.frame += start
            batch.probes["frame"] += start
            part.update(batch)
        parts.append(part)
    return parts


@pytest.mark.parametrize("left", [True, False])
def test_a_probe_finds_its_error_across_every_cut(*, left: bool) -> None:
    packets = traced(UDP, port=count(33434), per_hop=2)
    packets += [(at + 0.05, packet) for at, packet in traced(TCP, sequence=count(), six=True, per_hop=2)]
    # One that is answered last of all, when all other probes have been sent.
    packets += [(at + 5 * (packet[9] == 1), packet) for at, packet in traced(UDP, number=count(), port=53)]
    packets.sort()
    whole = parts_of(packets, [])[0].result()
    assert len(whole.paths) == 2
    for edges in product(range(0, len(packets) + 1, 5), range(1, len(packets) + 1, 7)):
        parts = parts_of(packets, sorted(edges))
        if left:
            state = reduce(lambda one, other: one.merge(other), parts)
        else:
            state = reduce(lambda other, one: one.merge(other), reversed(parts))
        assert paths_json(state.result()) == paths_json(whole)


# --- what waits ----------------------------------------------------------------------------------------------


def test_probes_that_no_error_tells_of_are_not_kept() -> None:
    state = Paths()
    state.update(batch_of(*((number, udp(33434 + number)) for number in range(9))))
    assert len(state.table) == 0
    # Nor are those of another host, or of another protocol.
    others = [udp(33434, dst=HOST6, src=SERVER6), syn(1), exceeded(udp(1, dst=SERVER), router(1))]
    state.update(batch_of(*enumerate(others)))
    assert len(state.table) == 1 + 9


@pytest.mark.parametrize("sizes", [[ROOM + 5], [ROOM - 1, 7], [3 * ROOM], [1, ROOM, 2], [5] * 3])
def test_the_last_probes_wait_in_their_order(sizes: list[int]) -> None:
    waiting = Waiting()
    every = np.zeros(sum(sizes), PROBE)
    every["frame"] = np.arange(len(every)) + 1
    whose = np.where(every["frame"] % 3 == 0, 3, 1).astype(np.uint64)
    at = 0
    for size in sizes:
        waiting.add(every[at : at + size], whose[at : at + size])
        at += size
    kept = every["frame"][-ROOM:]
    assert waiting.take(np.array([3], np.uint64))["frame"].tolist() == kept[kept % 3 == 0].tolist()
    assert not len(waiting.take(np.array([3], np.uint64)))
    assert waiting.take()["frame"].tolist() == kept[kept % 3 != 0].tolist()
    assert not len(waiting.take())


def test_a_flood_of_datagrams_with_few_hops_has_a_bound() -> None:
    flood = np.zeros(1 << 20, PROBE)
    flood["version"], flood["protocol"], flood["ttl"] = 4, UDP, 1
    flood["dst"][:, 0] = np.arange(len(flood)) % 1000 + 1
    flood["id"], flood["frame"] = np.arange(len(flood)) >> 4 & 0xFFFF, np.arange(len(flood)) + 1
    batch, state = mixed()[:0], Paths()
    for at in range(0, len(flood), 1 << 16):
        batch.probes = flood[at : at + (1 << 16)]
        state.update(batch)
    assert len(state.table) == 0
    assert len(pickle.dumps(state)) < 2 * ROOM * (PROBE.itemsize + 8)
    # A traceroute amid them is found, and one that is traced has a bound too.
    (path,) = report_after(state, *traced(UDP, port=count(33434))).paths
    assert (path.numbering, [hop.probes for hop in path.hops]) == ("ttl", [3, 3, 3])
    flood["src"], flood["dst"] = mixed().probes["src"][0], mixed().probes["dst"][0]
    batch.probes = flood
    state.update(batch)
    assert len(state.table) < 200
    assert state.table.refused > 1_000_000


def report_after(state: Paths, *packets: tuple[float, bytes]) -> Any:
    """What a state tells after some more packets."""
    state.update(batch_of(*packets))
    return state.result()


# --- captures ------------------------------------------------------------------------------------------------

TRACED = ("traceroute-udp", "traceroute-tcp", "traceroute-v6")


def times_of(capture: Path) -> list[int]:
    """The time of each packet of a capture."""
    with open_capture(capture) as reader:
        return [time for stretch in reader for time in stretch.records.time_ns[: stretch.count].tolist()]


@pytest.mark.parametrize("name", TRACED)
def test_times_are_those_from_probe_to_answer(pcaps: Path, name: str) -> None:
    capture = pcaps / "testbed" / f"{name}.pcap"
    times = times_of(capture)
    state = Paths()
    for batch in scan(capture, probes=MAX_HOPS):
        state.update(batch)
    (path,) = state.result().paths
    assert (path.numbering, len(path.hops)) == ("ttl", 4)
    answers = [answer for hop in path.hops for answer in hop.answers]
    assert len(answers) == (3 if name == "traceroute-tcp" else 4)
    for answer in answers:
        # Each answer comes right behind its probe.
        assert answer.rtt_ns == tuple(times[frame - 1] - times[frame - 2] for frame in answer.frames)


@pytest.mark.parametrize("passing", [False, True])
@pytest.mark.parametrize("size", [300, 1000])
@pytest.mark.parametrize("name", TRACED)
def test_however_much_is_read_at_once_the_times_are_the_same(
    pcaps: Path, monkeypatch: pytest.MonkeyPatch, name: str, size: int, *, passing: bool
) -> None:
    capture = pcaps / "testbed" / f"{name}.pcap"
    found = []
    for octets in (window.SIZE, size):
        monkeypatch.setattr(window, "SIZE", octets)
        state = Paths()
        batches = 0
        for batch in scan(capture, probes=MAX_HOPS, passing=passing):
            state.update(batch)
            batches += 1
            if passing:
                batch.probes.view(np.uint8)[:] = 0x33
                batch.octets[:] = 0x5A
        found.append(paths_json(state.result()))
    assert batches > 1
    assert found[0] == found[1]


@pytest.mark.parametrize("options", [(), ("--jobs", "2"), ("-Y", "icmp.type == 11 || icmp.type == 3")])
def test_a_summary_has_times(dissector: Any, pcaps: Path, options: tuple[str, ...]) -> None:
    capture = pcaps / "testbed" / "traceroute-udp.pcap"
    (line,) = (
        json.loads(line)
        for line in dissector("summary", "--json", "-q", *options, capture).out.splitlines()
        if '"part": "paths"' in line
    )
    (path,) = line["paths"]
    assert [len(hop["answers"][0]["rtt_ns"]) for hop in path["hops"]] == [2, 2, 2, 2]


@pytest.mark.parametrize("options", [(), ("--jobs", "3"), ("-Y", "icmp")])
def test_a_summary_of_a_capture_with_nothing_but_probes(
    tmp_path: Path, dissector: Any, options: tuple[str, ...]
) -> None:
    file = tmp_path / "probes.pcap"
    file.write_bytes(capture_of(*traced(UDP)[::2]))
    told = dissector("summary", *options, file)
    assert (told.code, told.out) == (0, "")
    assert "9 packets read, 0 ICMP" in told.err


def test_a_traceroute_across_two_captures_is_one(tmp_path: Path, dissector: Any) -> None:
    packets = traced(UDP, port=count(33434))
    files = [tmp_path / "one.pcap", tmp_path / "two.pcap"]
    for file, some in zip(files, (packets[:7], packets[7:]), strict=True):
        file.write_bytes(capture_of(*some))
    told = dissector("summary", "--json", "-q", *files).out.splitlines()
    (path,) = next(json.loads(line)["paths"] for line in told if '"part": "paths"' in line)
    assert [len(hop["answers"][0]["rtt_ns"]) for hop in path["hops"]] == [3, 3, 3]


def test_a_real_traceroute_has_the_times_that_tshark_gives(shared: Path) -> None:
    file = next((shared / "captures" / "files").rglob("*mka-linux-traceroute.pcap"))
    state = Paths()
    for batch in scan(file, probes=MAX_HOPS):
        state.update(batch)
    (path,) = state.result().paths
    assert (path.numbering, [hop.probes for hop in path.hops][:14]) == ("ttl", [3] * 14)
    # The differences of frame.time_epoch.
    rtt_ms = [np.array(hop.answers[0].rtt_ns) / 1e6 for hop in path.hops[:3]]
    assert [hop.round(3).tolist() for hop in rtt_ms] == [
        [1.525, 4.962, 11.301],
        [22.553, 23.657, 24.884],
        [26.752, 27.123, 28.685],
    ]
