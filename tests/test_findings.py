"""Findings: each has a capture that raises it and ordinary traffic that does not; split anywhere and merged."""

from __future__ import annotations

import io
import json
import random
import re
import struct
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from itertools import pairwise
from pathlib import Path
from string import Formatter
from typing import Any
from unicodedata import east_asian_width

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from dissector import filter as filters
from dissector.analysis.findings import RULES, Area, Findings, Thresholds
from dissector.analysis.findings.model import MEANINGS
from dissector.analysis.findings.tunnels import entropy
from dissector.batch import Batch
from dissector.capture.stream import scan
from dissector.cli import summary
from dissector.encoder import encode
from dissector.errors import CaptureError
from dissector.messages.echo import Echo
from dissector.messages.errors import DestinationUnreachable, FragmentationNeeded, Redirect, TimeExceeded
from dissector.messages.errors6 import PacketTooBig, ParameterProblem6
from dissector.messages.neighbor_discovery import NeighborSolicitation, RouterAdvertisement6
from dissector.messages.queries import Timestamp
from dissector.present.findings import TEXTS, WIDTHS, findings_json, findings_tables, page
from dissector.present.summary import table
from dissector.registry.model import Family
from dissector.tails.headers import Ipv4Header, Ipv6Header, UdpHeader
from dissector.tails.quoted import Quote, split

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "pcaps" / "findings.pcapng"
IDS = [rule.id for rule in RULES]
RAW = 101
SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
HOST, ROUTER, SERVER = (IPv4Address(text) for text in ("192.0.2.10", "192.0.2.1", "198.51.100.80"))
HOST6, ROUTER6, SERVER6 = (
    IPv6Address(text) for text in ("2001:db8:1::10", "2001:db8:1::1", "2001:db8:2::80")
)
PING = bytes(8) + bytes(range(0x10, 0x38))
DEFENDED = {
    # Test packets of a library, with addresses for documentation: their TTL is 100, as no stack sends.
    ("redirect-not-router", "IcmpV4RedirectPacketTest.pcap"),
    ("recon-mask", "IcmpV4InformationRequestPacketTest.pcap"),
    # A redirect that a private address sent across the Internet.
    ("redirect-not-router", "icmp-sample.pcap"),
    # A redirect by a host on a link where another one advertises itself as the router.
    ("redirect-not-router", "icmp6-nd-short-options.pcap"),
    # A tunnel, by the name of the capture too.
    ("tunnel", "icmp-tunnel.pcap"),
    # A scan, by the name of the capture too.
    ("sweep-hosts", "icmp-portscan.pcap"),
}
"""Every security finding on the shared captures, and why it is right."""


def packet(message: Any, src: Any = HOST, dst: Any = SERVER, hops: int = 64) -> bytes:
    """An IP packet with a message."""
    if src.version == 4:
        octets = encode(message)
        fields = {"total_length": 20 + len(octets), "protocol": 1, "ttl": hops, "identification": 1}
        return Ipv4Header(src=src, dst=dst, **fields).encode() + octets
    octets = encode(message, Family.ICMPV6, src=src, dst=dst)
    return (
        Ipv6Header(src=src, dst=dst, payload_length=len(octets), next_header=58, hop_limit=hops).encode()
        + octets
    )


def scanned(packets: list[tuple[float, bytes]]) -> Batch:
    """The batch of IP packets at their times, seconds after the start."""
    octets = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, RAW)
    for after, data in packets:
        seconds, rest = divmod(START + round(after * SECOND), SECOND)
        octets += struct.pack("<IIII", seconds, rest, len(data), len(data)) + data
    return Batch.join(scan(io.BytesIO(octets)))


def found(*packets: Any, **thresholds: float) -> dict[str, str]:
    """The findings on packets, a tenth of a second apart: the sentence of the first of each rule by its id."""
    state = Findings(Thresholds.of(thresholds))
    state.update(scanned([(number / 10, data) for number, data in enumerate(packets)]))
    report = state.result()
    return {one.rule.id: one.text for one in reversed(report.findings)}


def quoting(datagram: bytes, kind: type = DestinationUnreachable, **fields: Any) -> Any:
    return kind(**{"type": 3, "code": 1} | fields, quote=Quote(*split(datagram)))


def datagram(src: Any = HOST, dst: Any = SERVER, dport: int = 53, length: int = 0, **fields: Any) -> bytes:
    """A datagram of UDP, which claims so many octets."""
    data = UdpHeader(sport=50000, dport=dport, length=8).encode()
    if src.version == 4:
        return Ipv4Header(src=src, dst=dst, protocol=17, total_length=length or 28, **fields).encode() + data
    return Ipv6Header(src=src, dst=dst, next_header=17, payload_length=(length or 48) - 40).encode() + data


def echo(data: bytes = PING, *, reply: bool = False, sequence: int = 1, identifier: int = 7) -> Echo:
    return Echo(type=0 if reply else 8, identifier=identifier, sequence=sequence, data=data)


@cache
def sample() -> Batch:
    return Batch.join(scan(SAMPLE))


@cache
def comments() -> list[str]:
    """The comment of each packet of the sample capture, in its order."""
    return [
        text.decode()
        for text in re.findall(rb"\x01\x00[^\x00]\x00([a-z0-9-]+: [^\x00]+)", SAMPLE.read_bytes())
    ]


def report_of(batch: Batch, thresholds: Thresholds | None = None):
    state = Findings(thresholds)
    state.update(batch)
    return state.result()


# --- each rule --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_the_sample_capture_raises_it_with_the_frames_that_are_meant(rule):
    mine = [one for one in report_of(sample()).findings if one.rule is rule]
    assert mine
    # The first fragment of a message stands for it in comments too, the last one in batches.
    assert len(comments()) == sample().frame[-1]
    frames = [place.frame for one in mine for place in one.frames]
    assert any(comments()[frame - 1].startswith(f"{rule.id}: ") for frame in frames)


@pytest.mark.parametrize("name", ["big-endian-ns.pcap", "modified.pcap", "links.pcapng", "sections.pcapng"])
def test_ordinary_pings_raise_nothing(pcaps, name):
    state = Findings()
    for batch in scan(pcaps / name):
        state.update(batch)
    assert [one.text for one in state.result().findings] == []


def test_one_message_of_each_type_raises_nothing_about_security_but_masks(pcaps):
    state = Findings()
    for batch in scan(pcaps / "tour.pcapng"):
        state.update(batch)
    raised = {one.rule.id for one in state.result().findings if one.rule.area is Area.SECURITY}
    assert raised == {"recon-mask"}


RIGHT = {
    "error-about-error": quoting(
        Ipv4Header(src=HOST, dst=SERVER, protocol=1, total_length=28).encode() + encode(echo(b""))
    ),
    "error-about-broadcast": quoting(datagram(dst=IPv4Address("192.0.2.255"))),
    "error-about-multicast": quoting(datagram(dst=IPv4Address("223.255.255.1"))),
    "error-about-fragment": quoting(datagram(more_fragments=True)),
    "error-about-no-host": quoting(datagram(src=IPv4Address("10.0.0.1"))),
    "quote-short": quoting(datagram()[:28]),
    "mtu-below-68": quoting(
        datagram(length=1500, dont_fragment=True)[:28], FragmentationNeeded, code=4, next_hop_mtu=68
    ),
    "mtu-above-packet": quoting(
        datagram(length=1500, dont_fragment=True), FragmentationNeeded, code=4, next_hop_mtu=1499
    ),
    "redirect-invalid": quoting(datagram(), Redirect, type=5, gateway=IPv4Address("192.0.2.2")),
}
"""What is nearly wrong, by the rule that it does not break."""


@pytest.mark.parametrize("identity", RIGHT)
def test_what_is_nearly_wrong_is_right(identity):
    raised = found(packet(RIGHT[identity], ROUTER, HOST))
    assert not {one for one in raised if one in {rule.id for rule in RULES if rule.area is Area.CONFORMANCE}}


def test_errors_of_ipv6_that_may_be_about_multicast():
    many = IPv6Address("ff0e::1")
    large = datagram(HOST6, many, length=1400).ljust(1232, b"\0")
    told = PacketTooBig(type=2, mtu=1280, quote=Quote(*split(large)))
    option = ParameterProblem6(type=4, code=2, pointer=40, quote=Quote(*split(datagram(HOST6, many))))
    assert found(packet(told, ROUTER6, HOST6), packet(option, SERVER6, HOST6)) == {}
    header = option.replace(code=0)
    assert set(found(packet(header, SERVER6, HOST6))) == {"error-about-multicast"}


def test_the_capture_that_cut_a_quote_does_not_make_it_short():
    data = packet(quoting(datagram()), ROUTER, HOST)
    octets = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, RAW)
    octets += struct.pack("<IIII", 1, 0, len(data) - 12, len(data)) + data[:-12]
    state = Findings()
    for batch in scan(io.BytesIO(octets)):
        state.update(batch)
    assert state.result().findings == ()


def test_neighbour_discovery_as_it_should_be_raises_nothing():
    asking = NeighborSolicitation(type=135, target=ROUTER6)
    group = IPv6Address("ff02::1:ff00:1")
    router = RouterAdvertisement6(type=134, cur_hop_limit=64, router_lifetime=1800)
    local = IPv6Address("fe80::1")
    assert found(packet(asking, HOST6, group, 255), packet(router, local, IPv6Address("ff02::1"), 255)) == {}


# --- operation --------------------------------------------------------------------------------------------------


def exceeded(reporter: Any, dst: Any = SERVER, dport: int = 443) -> bytes:
    return packet(quoting(datagram(dst=dst, dport=dport), TimeExceeded, type=11, code=0), reporter, HOST)


def test_a_loop_is_always_at_one_router_or_two_and_a_path_at_many():
    two = [exceeded(IPv4Address(f"10.0.0.{number % 2 + 1}")) for number in range(10)]
    assert found(*two)["loop"].endswith("always at 10.0.0.1, 10.0.0.2: 10 messages")
    assert "loop" not in found(*two[:7])
    many = [exceeded(IPv4Address(f"10.0.0.{number % 3 + 1}")) for number in range(30)]
    assert "loop" not in found(*many)
    assert "loop" not in found(*(exceeded(ROUTER, dport=33434 + number) for number in range(10)))


def test_pings_with_other_ttls_are_a_path_and_no_loop():
    probes = [packet(echo(sequence=number), hops=number % 2 + 1) for number in range(10)]
    quote = Ipv4Header(src=HOST, dst=SERVER, protocol=1, total_length=28).encode() + encode(echo(b""))
    error = packet(quoting(quote, TimeExceeded, type=11, code=0), ROUTER, HOST)
    assert found(*probes, *[error] * 10) == {}
    assert "loop" in found(*[packet(echo())] * 10, *[error] * 10)


def test_a_black_hole_goes_on_for_some_time():
    error = packet(
        quoting(datagram(length=1500, dont_fragment=True), FragmentationNeeded, code=4, next_hop_mtu=1400),
        ROUTER,
        HOST,
    )
    assert "mtu-black-hole" in found(*[error] * 12)
    assert found(*[error] * 2) == {}
    assert "mtu-black-hole" not in found(*[error] * 12, mtu_seconds=60)


def test_replies_say_that_nothing_limits_the_rate():
    queries = [packet(echo(sequence=number)) for number in range(24)]
    quote = Ipv4Header(src=HOST, dst=SERVER, protocol=1, total_length=28).encode() + encode(echo(b""))
    errors = [packet(quoting(quote), ROUTER, HOST)] * 6
    assert "answered 24 queries" in found(*queries, *errors)["rate-limited"]
    assert found(*queries, *errors, packet(echo(reply=True), SERVER, HOST)) == {}
    assert "rate-limited" not in found(*queries, *errors * 4)


def advertised(source: str, **fields: Any) -> bytes:
    message = RouterAdvertisement6(**{"type": 134, "router_lifetime": 1800} | fields)
    return packet(message, IPv6Address(source), IPv6Address("ff02::1"), 255)


def test_routers_may_leave_a_value_to_others():
    one, other = advertised("fe80::1", cur_hop_limit=64), advertised("fe80::2", reachable_time=1)
    assert set(found(one, other)) == {"routers-several"}
    assert set(found(one, advertised("fe80::2", cur_hop_limit=65))) == {"routers-differ"}
    assert set(found(one, advertised("fe80::2", managed=True))) == {"routers-differ"}
    assert found(one, one, advertised("fe80::2", router_lifetime=0, cur_hop_limit=1)) == {}


# --- security ---------------------------------------------------------------------------------------------------


def test_a_redirect_of_the_router_is_no_attack():
    told = packet(RIGHT["redirect-invalid"], ROUTER, HOST, 255)
    assert set(found(told)) == {"redirected"}
    away = RIGHT["redirect-invalid"].replace(gateway=IPv4Address("203.0.113.1"))
    assert "another network" in found(packet(away, ROUTER, HOST, 255))["redirect-not-router"]
    assert "redirect-not-router" not in found(packet(away, ROUTER, HOST, 255), redirect_prefix=0)


@pytest.mark.parametrize(("family", "code", "src"), [(3, 3, HOST), (1, 4, HOST6)])
def test_a_port_is_closed_when_its_host_says_so_and_refused_when_another_does(family, code, src):
    host, router = (SERVER, ROUTER) if src is HOST else (SERVER6, ROUTER6)
    told = quoting(datagram(src, host), type=family, code=code)
    assert found(packet(told, host, src)) == {
        "port-closed": f"{host} told {src} in 1 message that nothing listens on UDP 53"
    }
    assert found(packet(told, router, src)) == {
        "port-refused": f"{router} told {src} in 1 message that UDP 53 on {host} cannot be reached: "
        "another host answered for it"
    }


def test_a_sweep_of_ports_is_one_behind_a_filter_too():
    told = (quoting(datagram(dport=1 + number), code=3) for number in range(16))
    said = found(*(packet(one, ROUTER, HOST) for one in told))
    assert said.keys() == {"port-refused", "sweep-ports"}
    assert said["sweep-ports"].startswith(f"{HOST} tried 16 ports of {SERVER}")


def test_who_asks_on_and_on_does_not_sweep():
    hosts = [IPv4Address(f"198.51.100.{number}") for number in range(1, 21)]
    sweep = [packet(echo(b""), dst=host) for host in hosts]
    assert (
        found(*sweep)["sweep-hosts"]
        == "192.0.2.10 sent 20 messages to 20 hosts, from 198.51.100.1 to 198.51.100.20"
    )
    assert found(*sweep * 5) == {}
    assert found(*sweep[:15]) == {}
    assert "sweep-hosts" in found(*sweep[:5], sweep_hosts=5)


def test_sweeps_of_as_many_messages_come_in_the_order_in_which_they_began():
    hosts = [IPv4Address(number) for number in range(int(SERVER), int(SERVER) + 16)]
    askers = [IPv4Address(number) for number in range(int(HOST), int(HOST) + 24)]
    random.Random(3).shuffle(askers)
    state = Findings()
    state.update(scanned([(0, packet(echo(b""), src=src, dst=dst)) for dst in hosts for src in askers]))
    assert [one.hosts for one in state.result().findings if one.rule.id == "sweep-hosts"] == [
        (asker,) for asker in askers
    ]


def test_a_broadcast_that_hosts_answer_which_were_asked_by_name_is_no_smurf():
    hosts = [IPv4Address(f"198.51.100.{number}") for number in range(1, 5)]
    asked = packet(echo(), dst=IPv4Address("198.51.100.255"))
    answers = [packet(echo(reply=True), host, HOST) for host in hosts]
    assert found(asked, *answers)["smurf"].endswith("made 4 hosts answer that were not asked by name")
    assert found(asked, *(packet(echo(), dst=host) for host in hosts), *answers) == {}
    assert found(*answers) == {}
    assert found(packet(echo(), dst=IPv4Address("224.0.0.1")), *answers) == {}


def conversation(data: list[tuple[bytes, bytes]]) -> list[bytes]:
    """Echo requests with their replies."""
    packets = []
    for number, (asked, told) in enumerate(data):
        packets.append(packet(echo(asked, sequence=number)))
        packets.append(packet(echo(told, sequence=number, reply=True), SERVER, HOST))
    return packets


def test_random_data_that_come_back_are_no_tunnel():
    noise = random.Random(1)
    data = [noise.randbytes(56) for _ in range(60)]
    assert found(*conversation([(one, one) for one in data])) == {}
    other = [noise.randbytes(56) for _ in range(60)]
    reasons = found(*conversation(list(zip(data, other, strict=True))))["tunnel"]
    assert "bits of entropy" in reasons
    assert "answers differ" in reasons
    assert found(*conversation(list(zip(data, other, strict=True))), tunnel_signs=3) == {}


def test_pings_of_all_sizes_are_no_tunnel():
    windows = (b"abcdefghijklmnopqrstuvw" * 9)[:200]
    counting = bytes(range(256))
    data = [
        text[:size]
        for text in (windows, counting, b"\xab\xcd" * 100, bytes(200))
        for size in range(24, 200, 9)
    ]
    assert found(*conversation([(one, one) for one in data])) == {}


def test_the_mark_of_a_tunnel_is_enough():
    noise = random.Random(2)
    data = [bytes.fromhex("d5200880") + noise.randbytes(24) for _ in range(10)]
    assert "the mark of ptunnel" in found(*conversation([(one, one) for one in data]))["tunnel"]


def test_lost_answers_are_no_asymmetry():
    noise = random.Random(3)
    data = [noise.randbytes(56) for _ in range(60)]
    packets = conversation([(one, one) for one in data])
    assert found(*(one for number, one in enumerate(packets) if number % 2 == 0 or number % 8 == 1)) == {}


def test_one_clock_may_be_asked_for():
    asked = [packet(Timestamp(type=13), dst=IPv4Address(f"198.51.100.{number}")) for number in (1, 2)]
    assert found(asked[0], asked[0]) == {}
    assert set(found(*asked)) == {"recon-timestamp"}


def test_entropy_is_shannons():
    import numpy as np

    rows = np.array([[1] * 8, [1, 2] * 4, list(range(8))], np.uint8)
    assert entropy(rows).tolist() == [0, 1, 3]


# --- states -----------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(st.lists(st.integers(0, 330), max_size=6), st.booleans())
def test_splitting_anywhere_and_merging_gives_the_same(cuts, right):
    batch = sample()
    whole = report_of(batch)
    edges = [0, *sorted(min(cut, len(batch)) for cut in cuts), len(batch)]
    states = []
    for begin, end in pairwise(edges):
        states.append(Findings())
        states[-1].update(batch[begin:end])
    while len(states) > 1:
        place = len(states) - 2 if right else 0
        states[place : place + 2] = [states[place].merge(states[place + 1])]
    assert states[0].result() == whole


def test_a_stream_of_batches_gives_the_same():
    batch, state = sample(), Findings()
    for row in range(len(batch)):
        state.update(batch[row : row + 1])
    assert state.result() == report_of(batch)


def test_what_is_merged_is_left_as_it_was():
    batch = sample()
    one, other = Findings(), Findings()
    one.update(batch[:100])
    other.update(batch[100:])
    before = other.result()
    one.merge(other)
    assert other.result() == before
    assert one.result() != before


def test_frames_of_several_files_are_told_apart(tmp_path, pcaps):
    copy = tmp_path / "again.pcapng"
    copy.write_bytes(SAMPLE.read_bytes())
    states = []
    for file in (pcaps / "big-endian-ns.pcap", SAMPLE, copy):
        states.append(Findings())
        for batch in scan(file):
            states[-1].update(batch)
    merged = states[0].merge(states[1].merge(states[2])).result()
    one = next(one for one in merged.findings if one.rule.id == "checksum-bad")
    assert [Path(place.file).name for place in one.frames] == ["findings.pcapng", "again.pcapng"]
    assert one.messages == 2


def test_a_table_that_is_too_small_is_told():
    state = Findings(limit=8)
    state.update(sample())
    report = state.result()
    assert report.refused
    assert "8 rows" in report.warnings[0]


# --- declarations -----------------------------------------------------------------------------------------------


def test_each_rule_says_all():
    assert len(set(IDS)) == len(IDS)
    for rule in RULES:
        assert rule.title.en, rule.id
        assert rule.title.zh, rule.id
        assert rule.advice.en.endswith("."), rule.id
        assert rule.advice.zh.endswith("。"), rule.id
        assert set(rule.thresholds) <= set(Thresholds._fields), rule.id
        assert rule.rfc or rule.id.startswith(("sweep", "code")), rule.id


def test_each_threshold_is_documented_and_used():
    assert list(MEANINGS) == list(Thresholds._fields)
    assert {name for rule in RULES for name in rule.thresholds} == set(Thresholds._fields) - {"frames"}


def test_thresholds_are_set_by_name():
    assert Thresholds.of({"sweep-hosts": 3}).sweep_hosts == 3
    with pytest.raises(KeyError):
        Thresholds.of({"sweep-horses": 3})
    with pytest.raises(ValueError, match="below zero"):
        Thresholds.of({"sweep-hosts": -1})


@pytest.mark.parametrize(("name", "lang"), [("findings.md", "en"), ("findings.zh.md", "zh")])
def test_the_page_is_what_the_rules_say(name, lang):
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == page(lang)


# --- what people see --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_tables_fit_a_terminal(lang):
    tables = list(findings_tables(report_of(sample()), narrow=True, lang=lang))
    assert len(tables) == 2
    for line in "\n".join(tables).splitlines():
        assert sum(1 + (character > "\u2e80") for character in line) <= 80, line


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_full_cells_fit_a_terminal(lang):
    title, headers, _ = TEXTS[lang]
    (text,) = table(title, headers, [["x" * width for width in WIDTHS]], "simple", widths=WIDTHS)
    assert max(map(len, text.splitlines())) <= 80


def test_json_has_every_finding():
    report = report_of(sample())
    told = json.loads(json.dumps(findings_json(report)))
    assert [one["id"] for one in told["findings"]] == [one.rule.id for one in report.findings]
    assert told["findings"][0]["frames"] == [{"file": str(SAMPLE), "frame": 73}]
    assert told["thresholds"]["sweep_hosts"] == 16


def test_nothing_is_no_table():
    assert list(findings_tables(Findings().result())) == []


# --- real captures ----------------------------------------------------------------------------------------------


def test_security_findings_on_real_captures_can_be_defended(shared):
    raised = set()
    for file in sorted((shared / "captures" / "files").rglob("*")):
        if not file.is_file():
            continue
        state = Findings()
        try:
            for batch in scan(file):
                state.update(batch)
        except CaptureError:
            continue
        for one in state.result().findings:
            if one.rule.area is Area.SECURITY:
                raised.add((one.rule.id, re.split(r"__|test\d+-", file.name)[-1]))
    assert raised == DEFENDED


# In Chinese, and with other thresholds.


def facts_of(template: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(template) if name)


def test_sentences_have_the_same_facts_in_both_languages():
    for rule in RULES:
        assert facts_of(rule.sentence.en) == facts_of(rule.sentence.zh), rule.id
        assert re.search(r"[\u4e00-\u9fff]", rule.sentence.zh), rule.id


def test_every_finding_is_told_in_chinese():
    state = Findings()
    for batch in scan(SAMPLE):
        state.update(batch)
    report = state.result()
    assert {finding.rule.id for finding in report.findings} == {rule.id for rule in RULES}
    for finding in report.findings:
        assert re.search(r"[\u4e00-\u9fff]", finding.text_zh), finding.rule.id
        # Both tell the same numbers and addresses.
        told, told_zh = (
            {found.rstrip(":.") for found in re.findall(r"(?:[0-9a-f]+[.:]+){2,}[0-9a-f]*|\d+", text)}
            for text in (finding.text, finding.text_zh)
        )
        shared = {number for number in told if len(number) > 2}
        assert shared <= told_zh, (finding.text, finding.text_zh)
        assert not re.search(r"message|more|, the first| to | and ", finding.text_zh), finding.text_zh


def test_tables_in_chinese_fit_a_terminal():
    state = Findings()
    for batch in scan(SAMPLE):
        state.update(batch)
    texts = list(findings_tables(state.result(), narrow=True, lang="zh"))
    assert len(texts) == 2
    for line in "\n".join(texts).split("\n"):
        assert sum(1 + (east_asian_width(letter) in "WF") for letter in line) <= 80, line


def run(*arguments):
    return CliRunner().invoke(summary.command, [str(argument) for argument in arguments])


def test_a_threshold_is_set_on_the_command_line():
    file = SAMPLE
    assert "sweep-hosts" in run(file, "--json").stdout
    done = run(file, "--json", "--threshold", "sweep-hosts=1000", "--threshold", "frames=1")
    assert done.exit_code == 0
    part = json.loads(done.stdout.splitlines()[-1])
    assert "sweep-hosts" not in {finding["id"] for finding in part["findings"]}
    assert {len(finding["frames"]) for finding in part["findings"]} == {1}
    assert part["thresholds"]["sweep_hosts"] == 1000


def test_thresholds_are_listed_with_units_and_what_they_are():
    done = run("--thresholds", "--threshold", "tunnel-entropy=3.5")
    assert done.exit_code == 0
    for name in Thresholds._fields:
        assert name.replace("_", "-") in done.stdout
    assert re.search(r"^tunnel-entropy +3\.5 +bits +Bits an octet", done.stdout, re.MULTILINE)
    rows = json.loads(run("--thresholds", "--json").stdout)["thresholds"]
    assert {row["name"].replace("-", "_"): row["value"] for row in rows} == Thresholds()._asdict()
    assert "八位组" in run("--thresholds", "--lang", "zh").stdout


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sweep-horses=3", "there is no threshold 'sweep-horses'; did you mean sweep-hosts?"),
        ("zzz=3", "--thresholds lists them"),
        ("sweep-hosts", "no NAME=VALUE"),
        ("sweep-hosts=many", "no NAME=VALUE"),
        ("sweep-hosts=1.5", "a whole number"),
        ("sweep-hosts=-1", "below zero"),
        ("sweep-hosts=nan", "no number below"),
    ],
)
def test_a_wrong_threshold_is_refused(text, sentence):
    done = run(SAMPLE, "--threshold", text)
    assert done.exit_code == 2
    assert sentence in " ".join(done.stderr.split())


def test_a_summary_needs_a_capture_unless_it_lists_thresholds():
    assert run().exit_code == 2


def test_a_summary_is_of_what_a_filter_chooses():
    file = SAMPLE
    done = run(file, "--json", "-Y", "icmpv6.type == 137")
    assert done.exit_code == 0
    parts = {part["part"]: part for part in map(json.loads, done.stdout.splitlines())}
    assert sum(row["count"] for row in parts["types"]["types"]) == sum(
        int(filters.compile("icmpv6.type == 137").mask(batch).sum()) for batch in scan(file)
    )
    assert all(":" in host for finding in parts["findings"]["findings"] for host in finding["hosts"])
