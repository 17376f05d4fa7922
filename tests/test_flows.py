"""Errors by the flow they are about: what is quoted, who reports, NAT, path MTUs; split anywhere and merged."""

from __future__ import annotations

import io
import json
import struct
from ipaddress import IPv4Address, IPv6Address
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissector.analysis import table as tables
from dissector.analysis.flow_keys import Flow
from dissector.analysis.flows import Flows
from dissector.analysis.path_mtu import path_mtus, plateau
from dissector.analysis.quotes import MISSING, Quotes, errors_in
from dissector.analysis.table import Table, grouped
from dissector.capture.stream import scan
from dissector.encoder import encode
from dissector.message import messages
from dissector.messages.echo import Echo
from dissector.messages.errors import DestinationUnreachable, FragmentationNeeded
from dissector.messages.errors6 import DestinationUnreachable6, PacketTooBig
from dissector.present.flows import error_text, flow_tables, flow_text, flows_json
from dissector.registry.model import Family
from dissector.tails.headers import Ipv4Header, Ipv6Header, TcpHeader
from dissector.tails.quoted import Quote, split

if TYPE_CHECKING:
    from pathlib import Path

    from dissector.analysis.flow_report import FlowReport
    from dissector.batch import Batch

RAW = 101
SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
CLIENT, CLIENT2 = IPv4Address("192.0.2.10"), IPv4Address("192.0.2.11")
ROUTER, SERVER = IPv4Address("192.0.2.1"), IPv4Address("198.51.100.80")
CLIENT6, ROUTER6, SERVER6 = (IPv6Address(f"2001:db8::{last}") for last in (10, 1, 80))
TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58


def packet(message: Any, src: Any = ROUTER, dst: Any = CLIENT, *, ttl: int = 64) -> bytes:
    """An IP packet with a message."""
    if src.version == 4:
        octets = encode(message)
        fields = {"total_length": 20 + len(octets), "protocol": ICMP, "ttl": ttl, "identification": 1}
        return Ipv4Header(src=src, dst=dst, **fields).encode() + octets
    octets = encode(message, Family.ICMPV6, src=src, dst=dst)
    header = Ipv6Header(src=src, dst=dst, payload_length=len(octets), next_header=ICMPV6, hop_limit=ttl)
    return header.encode() + octets


def capture(*packets: tuple[float, bytes]) -> bytes:
    """A pcap of IP packets at their times, seconds after the start."""
    octets = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, RAW)
    for after, data in packets:
        seconds, rest = divmod(START + round(after * SECOND), SECOND)
        octets += struct.pack("<IIII", seconds, rest, len(data), len(data)) + data
    return octets


def batch_of(*packets: tuple[float, bytes]) -> Batch:
    """The one batch of such a pcap."""
    (batch,) = scan(io.BytesIO(capture(*packets)))
    return batch


def datagram(
    src: Any = CLIENT, dst: Any = SERVER, *, sport: int = 50000, dport: int = 443, length: int = 1500
) -> bytes:
    """The start of a TCP segment of so many octets in all."""
    transport = TcpHeader(sport=sport, dport=dport, seq=7).encode()[:8]
    if src.version == 4:
        return Ipv4Header(src=src, dst=dst, protocol=TCP, total_length=length).encode() + transport
    return Ipv6Header(src=src, dst=dst, next_header=TCP, payload_length=length - 40).encode() + transport


def unreachable(quoted: bytes, code: int = 3) -> DestinationUnreachable:
    return DestinationUnreachable(type=3, code=code, checksum=0, quote=Quote(*split(quoted)))


def too_big(mtu: int, length: int = 1500, **fields: Any) -> FragmentationNeeded:
    quote = Quote(*split(datagram(length=length, **fields)))
    return FragmentationNeeded(type=3, code=4, checksum=0, next_hop_mtu=mtu, quote=quote)


def report_of(*packets: tuple[float, bytes], **options: Any) -> FlowReport:
    state = Flows(**options)
    state.update(batch_of(*packets))
    return state.result()


# --- quotes ------------------------------------------------------------------------------------------------


VALUES = ("protocol", "ttl", "length", "id", "sport", "dport", "type", "identifier", "sequence")


def agree(batch: Batch) -> int:
    """Compare the columns of quotes with the quotes decoded one by one; return how many there were."""
    rows = errors_in(batch)
    quotes = Quotes(batch, rows)
    decoded = list(messages(batch))
    for place, row in enumerate(rows.tolist()):
        quoted = decoded[row].quoted
        if quoted is None:
            assert quotes.version[place] == 0
            continue
        assert quotes.version[place] == quoted.version
        for name in VALUES:
            column = int(getattr(quotes, name)[place])
            assert (None if column == MISSING else column) == getattr(quoted, name), (row, name)
        for name in ("src", "dst"):
            value = getattr(quoted, name)
            octets = b"" if value is None else value.packed
            assert getattr(quotes, name)[place].tobytes() == octets.ljust(16, b"\0")
    return len(rows)


def octets_of(version: int, headers: list[tuple[int, bytes]], last: int, rest: bytes) -> bytes:
    """A datagram with some headers between IP and transport."""
    follows = [number for number, _ in headers] + [last]
    body = b"".join(bytes((number,)) + head for number, (_, head) in zip(follows[1:], headers, strict=True))
    body += rest
    if version == 4:
        length = 20 + len(body)
        return Ipv4Header(src=CLIENT, dst=SERVER, protocol=follows[0], total_length=length).encode() + body
    fields = {"next_header": follows[0], "payload_length": len(body)}
    return Ipv6Header(src=CLIENT6, dst=SERVER6, **fields).encode() + body


extension = st.one_of(
    st.tuples(st.sampled_from([0, 43, 60]), st.binary(min_size=6, max_size=6).map(lambda data: b"\0" + data)),
    st.tuples(st.just(44), st.binary(min_size=7, max_size=7)),
    st.tuples(st.just(51), st.binary(min_size=10, max_size=10).map(lambda data: b"\1" + data)),
)
quoted_octets = st.builds(
    octets_of,
    st.sampled_from([4, 6]),
    st.lists(extension, max_size=3),
    st.sampled_from([1, 6, 17, 33, 50, 58, 59, 132, 136]),
    st.binary(max_size=24).map(lambda data: data + b"\1"),
)


@given(st.lists(st.tuples(quoted_octets, st.integers(0, 100)), min_size=1, max_size=6))
def test_columns_of_quotes_are_what_single_quotes_say_cut_anywhere(cases):
    packets = []
    for octets, cut in cases:
        packets.append((0, packet(unreachable(octets[: cut or len(octets)]))))
    assert agree(batch_of(*packets)) == len(packets)


@given(st.lists(st.binary(max_size=80), min_size=1, max_size=6))
def test_columns_of_quotes_survive_any_octets(datas):
    packets = [
        (0, packet(DestinationUnreachable(type=3, code=1, checksum=0, quote=Quote(None, data))))
        for data in datas
    ]
    batch = batch_of(*packets)
    assert len(Quotes(batch, errors_in(batch)).rows) == len(datas)


def test_a_quoted_later_fragment_has_no_ports():
    header = Ipv4Header(src=CLIENT, dst=SERVER, protocol=UDP, total_length=40, fragment_offset=8)
    batch = batch_of((0, packet(unreachable(header.encode() + bytes(range(20))))))
    assert agree(batch) == 1
    assert Quotes(batch, errors_in(batch)).sport.tolist() == [MISSING]


def test_columns_of_quotes_agree_on_real_captures(shared: Path):
    found = 0
    for folder in ("nevil-brownlee+python-libtrace", "chrissanders+packets", "zeek+zeek", "ntop+nDPI"):
        for file in sorted((shared / "captures" / "files" / folder).glob("*icmp*")):
            found += sum(agree(batch) for batch in scan(file))
    assert found > 40


# --- tables ------------------------------------------------------------------------------------------------


def test_a_table_keeps_the_first_keys_and_counts_the_others():
    table = Table(1, {"count": "count"}, limit=2)
    for key in (5, 3, 5, 9, 3, 9):
        table.add(np.array([[key]], np.uint64), {"count": np.array([1])})
    assert table.keys[:, 0].tolist() == [5, 3]
    assert table.values["count"].tolist() == [2, 2]
    assert table.refused == 2


def test_keys_of_one_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tables, "mix", lambda hashes: hashes * np.uint64(0))
    keys = np.array([[1, 2], [3, 4], [1, 2], [3, 4], [1, 5]], np.uint64)
    order, starts = grouped(keys)
    groups = [sorted(group.tolist()) for group in np.split(order, starts[1:])]
    assert sorted(groups) == [[0, 2], [1, 3], [4]]


# --- flows -------------------------------------------------------------------------------------------------


def test_errors_of_a_flow_are_one_flow_whoever_reports_them():
    report = report_of(
        (0, packet(unreachable(datagram(), 1))),
        (1, packet(unreachable(datagram(), 1))),
        (2, packet(unreachable(datagram(), 13), src=IPv4Address("192.0.2.2"))),
        (3, packet(unreachable(datagram(sport=50001), 1))),
    )
    first, second = report.most()
    assert first.flow == Flow(CLIENT, SERVER, TCP, 50000, 443)
    assert first.total == 3
    assert [(error.code, str(error.reporter), error.span.messages) for error in first.errors] == [
        (1, "192.0.2.1", 2),
        (13, "192.0.2.2", 1),
    ]
    span = first.errors[0].span
    assert (span.first_ns, span.last_ns) == (START, START + SECOND)
    assert (span.first_frame, span.last_frame) == (1, 2)
    assert second.total == 1
    assert [(item.code, item.flows, item.span.messages) for item in report.reporters] == [
        (1, 2, 3),
        (13, 1, 1),
    ]


def test_errors_without_a_quote_are_kept_by_who_sent_them():
    report = report_of((0, packet(DestinationUnreachable(type=3, code=1, checksum=0))))
    (item,) = report.most()
    assert item.flow is None
    assert item.errors[0].reporter == ROUTER


def test_a_flow_of_icmp_is_joined_with_its_queries_in_the_capture():
    query = Echo(type=8, code=0, checksum=0, identifier=7, sequence=1, data=bytes(40))
    sent = packet(query, CLIENT, SERVER)
    other = packet(query.replace(identifier=8), CLIENT, SERVER)
    error = packet(unreachable(sent, 1))
    (item,) = report_of((0, sent), (1, other), (2, error)).most()
    assert item.flow is not None
    assert (item.flow.type, item.flow.identifier) == (8, 7)
    assert item.seen is not None
    assert (item.seen.messages, item.seen.first_frame) == (1, 1)
    (unseen,) = report_of((1, other), (2, error)).most()
    assert unseen.seen is None
    (unasked,) = report_of((0, sent), (2, error), queries=False).most()
    assert unasked.seen is None


def test_addresses_that_disagree_are_told_as_translated():
    public = IPv4Address("203.0.113.9")
    (item,) = report_of((0, packet(unreachable(datagram(src=public))))).most()
    assert item.source_nat == (CLIENT,)
    assert item.destination_nat == (ROUTER,)
    (straight,) = report_of((0, packet(unreachable(datagram()), src=SERVER))).most()
    assert straight.source_nat == straight.destination_nat == ()
    (router,) = report_of((0, packet(unreachable(datagram(), 1)))).most()
    assert router.destination_nat == ()


def test_a_real_capture_behind_a_nat_shows_the_quotes_that_were_not_translated_back(shared: Path):
    file = next((shared / "captures" / "files").rglob("*ip-ethereal-trace-1.pcap"))
    state = Flows()
    for batch in scan(file):
        state.update(batch)
    translated = [item for item in state.result().most() if item.source_nat]
    assert [str(item.flow.src) for item in translated if item.flow] == ["24.91.224.200"]
    assert [str(address) for address in translated[0].source_nat] == ["192.168.1.102"]


# --- path MTUs ---------------------------------------------------------------------------------------------


def test_plateaus_are_those_of_rfc_1191():
    assert plateau(1500) == 1492
    assert plateau(1492) == 1006
    assert plateau(60) == 68


def test_the_values_told_about_a_destination_are_told_over_time():
    (item,) = report_of(
        (0, packet(too_big(0))),
        (1, packet(too_big(1400, 1492))),
        (2, packet(too_big(20, 1400, src=CLIENT2), dst=CLIENT2)),
    ).path_mtus()
    assert item.destination == SERVER
    assert [(value.told, value.mtu, value.estimated) for value in item.values] == [
        (0, 1492, True),
        (1400, 1400, False),
        (20, None, False),
    ]
    assert item.path_mtu == 1400
    assert item.sources == 2
    assert item.reporters == (ROUTER,)
    assert item.shrank is True


@pytest.mark.parametrize(("later", "shrank"), [(1400, True), (1450, False)])
def test_later_errors_say_whether_a_sender_shrinks(later, shrank):
    (item,) = report_of((0, packet(too_big(1400))), (5, packet(too_big(1300, later)))).path_mtus()
    assert item.shrank is shrank
    (once,) = report_of((0, packet(too_big(1400))), queries=False).path_mtus()
    assert once.shrank is None


@pytest.mark.parametrize(("size", "shrank"), [(1300, True), (1472, False)])
def test_later_queries_say_whether_a_sender_shrinks(size, shrank):
    query = Echo(type=8, code=0, checksum=0, data=bytes(size))
    (item,) = report_of((0, packet(too_big(1400))), (1, packet(query, CLIENT, SERVER))).path_mtus()
    assert item.shrank is shrank


def test_packet_too_big_below_1280_does_not_count():
    quote = Quote(*split(datagram(CLIENT6, SERVER6)))
    errors = [PacketTooBig(type=2, code=0, checksum=0, mtu=mtu, quote=quote) for mtu in (1279, 1400, 70000)]
    (item,) = report_of(
        *((place, packet(error, ROUTER6, CLIENT6)) for place, error in enumerate(errors))
    ).path_mtus()
    assert [value.mtu for value in item.values] == [None, 1400, 70000]
    assert item.path_mtu == 1400


@pytest.mark.parametrize(
    ("times", "found"),
    [((0, 1, 3), 1), ((0, 3), 0), ((0, 0.1, 0.2), 0), ((0, 400, 800), 0)],
    ids=["again-and-again", "twice", "one-burst", "probing-every-few-minutes"],
)
def test_a_black_hole_is_one_mtu_told_again_and_again(times, found):
    report = report_of(*((time, packet(too_big(1400))) for time in times))
    (item,) = report.path_mtus()
    assert len(item.black_holes) == found
    if found:
        assert item.black_holes[0].flow.src == CLIENT
        assert item.black_holes[0].length == 1500
    assert not path_mtus(report, repeats=9)[0].black_holes


# --- split and merged --------------------------------------------------------------------------------------


def everything(report: FlowReport) -> Any:
    return json.dumps(flows_json(report))


query = st.builds(
    lambda src, identifier, size: packet(
        Echo(type=8, code=0, checksum=0, identifier=identifier, data=bytes(size)), src, SERVER
    ),
    st.sampled_from([CLIENT, CLIENT2]),
    st.integers(0, 2),
    st.sampled_from([8, 1450]),
)
error4 = st.builds(
    lambda src, dport, code, reporter: packet(
        unreachable(datagram(src=src, dport=dport), code), reporter, src
    ),
    st.sampled_from([CLIENT, CLIENT2]),
    st.integers(1, 3),
    st.integers(0, 3),
    st.sampled_from([ROUTER, SERVER]),
)
about_query = st.builds(lambda sent: packet(unreachable(sent, 1), ROUTER, CLIENT), query)
big = st.builds(
    lambda mtu, length: packet(too_big(mtu, length)),
    st.sampled_from([0, 1300, 1400]),
    st.sampled_from([1400, 1500]),
)
error6 = st.builds(
    lambda dport: packet(
        DestinationUnreachable6(
            type=1, code=4, checksum=0, quote=Quote(*split(datagram(CLIENT6, SERVER6, dport=dport)))
        ),
        SERVER6,
        CLIENT6,
    ),
    st.integers(1, 2),
)
streams = st.lists(st.one_of(query, error4, about_query, big, error6), min_size=1, max_size=30)


@given(streams, st.lists(st.integers(0, 30), max_size=3), st.booleans())
def test_a_capture_split_anywhere_and_merged_is_the_same(stream, cuts, left):
    batch = batch_of(*((place / 2, octets) for place, octets in enumerate(stream)))
    whole = Flows()
    whole.update(batch)
    edges = [0, *sorted(min(cut, len(batch)) for cut in cuts), len(batch)]
    parts = []
    for start, end in pairwise(edges):
        part = Flows()
        part.update(batch[start:end])
        parts.append(part)
    if left:
        merged = parts[0]
        for part in parts[1:]:
            merged = merged.merge(part)
    else:
        merged = parts[-1]
        for part in reversed(parts[:-1]):
            merged = part.merge(merged)
    assert everything(merged.result()) == everything(whole.result())


def test_files_keep_their_names_when_merged():
    first, second = Flows(), Flows()
    for name, state, code in (("a.pcap", first, 1), ("b.pcap", second, 2)):
        batch = batch_of((0, packet(unreachable(datagram(), code))))
        batch.origin = batch.origin._replace(file=name)
        state.update(batch)
    second.merge(first)
    (item,) = second.result().most()
    assert [error.file for error in item.errors] == ["b.pcap", "a.pcap"]


def test_a_full_table_is_told():
    packets = [(0, packet(unreachable(datagram(dport=port)))) for port in range(1, 6)]
    report = report_of(*packets, limit=3)
    assert (report.count, len(report), report.refused) == (5, 3, 2)
    (sentence,) = report.warnings
    assert sentence.startswith("2 of 5 errors were not kept")


# --- shown -------------------------------------------------------------------------------------------------


def test_tables_fit_80_columns_even_with_long_addresses():
    long = IPv6Address("2001:db8:1111:2222:3333:4444:5555:6666")
    quote = Quote(*split(datagram(long, IPv6Address(int(long) + 1))))
    error = packet(PacketTooBig(type=2, code=0, checksum=0, mtu=1400, quote=quote), ROUTER6, CLIENT6)
    text = "\n".join(flow_tables(report_of((0, error), (2, error), (4, error)), narrow=True))
    assert "Errors by flow (1)" in text
    assert "black hole?" in text.replace("\n", " ")
    assert max(map(len, text.splitlines())) <= 80


def test_json_has_the_same_keys_for_nothing():
    nothing = Flows().result()
    assert flows_json(nothing) == {
        "errors": 0,
        "flows": 0,
        "by_flow": [],
        "by_reporter": [],
        "path_mtus": [],
        "warnings": [],
    }
    assert list(flow_tables(nothing)) == []
    something = flows_json(report_of((0, packet(too_big(1400)))))
    assert something.keys() == flows_json(nothing).keys()
    assert json.loads(json.dumps(something))["by_flow"][0]["flow"]["src"] == "192.0.2.10"


def test_flows_and_errors_as_text():
    assert flow_text(Flow(CLIENT, SERVER, UDP, 1, 2)) == "UDP 192.0.2.10:1 > 198.51.100.80:2"
    assert flow_text(Flow(CLIENT6, SERVER6, TCP, 1, 2)) == "TCP [2001:db8::10]:1 > [2001:db8::80]:2"
    assert (
        flow_text(Flow(CLIENT, SERVER, ICMP, type=8, identifier=9))
        == "ICMP 192.0.2.10 > 198.51.100.80 Echo id 9"
    )
    assert flow_text(Flow(CLIENT, SERVER, 50, spi=0xAB)) == "ESP 192.0.2.10 > 198.51.100.80 SPI 0x000000ab"
    assert flow_text(None) == "unknown: nothing is quoted"
    assert error_text(4, 3, 3) == "3/3 Port Unreachable"
    assert error_text(6, 2, 0).startswith("v6 2/0 ")
