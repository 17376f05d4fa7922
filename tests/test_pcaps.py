"""The sample captures: that they are current, whole, and read alike by others."""

from __future__ import annotations

import shutil
import subprocess
import sys
from ipaddress import ip_network
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

import dissector as library
from dissector.batch import Batch
from dissector.capture.links import LINKS
from dissector.kernel import layers
from dissector.registry.model import Family
from dissector.registry.table import all_entries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MILLISECOND = 1_000_000
ND = (*range(133, 138), 141, 142, 148, 149, 154, 159)
LISTENERS = (130, 131, 132, 143, 151, 152, 153)


@pytest.fixture(scope="module")
def examples(pcaps: Path) -> Iterator[list]:
    """Return the examples that the tour was made of; their modules are siblings of the program."""
    before = set(sys.modules)
    sys.path.insert(0, str(pcaps))
    try:
        import examples as made

        yield list(made.examples())
    finally:
        sys.path.remove(str(pcaps))
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None) or ""
            if file.startswith(str(pcaps)):
                del sys.modules[name]


@pytest.fixture(scope="module")
def tour(pcaps: Path) -> list:
    return list(library.read(pcaps / "tour.pcapng"))


def messages(pcaps: Path, name: str) -> list:
    return list(library.read(pcaps / name))


def scanned(pcaps: Path, name: str) -> Batch:
    return Batch.join(library.scan(pcaps / name))


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


def test_the_captures_are_what_the_program_writes(pcaps: Path) -> None:
    done = run(sys.executable, pcaps / "make.py", "--check")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_stale_capture_is_told(pcaps: Path, tmp_path: Path) -> None:
    copy = tmp_path / "pcaps"
    shutil.copytree(pcaps, copy, ignore=shutil.ignore_patterns("__pycache__"))
    stale = copy / "modified.pcap"
    stale.write_bytes(b"stale")
    done = run(sys.executable, copy / "make.py", "--check")
    assert done.returncode == 1
    assert "modified.pcap" in done.stderr
    assert stale.read_bytes() == b"stale"
    assert run(sys.executable, copy / "make.py").returncode == 0
    assert stale.read_bytes() == (pcaps / "modified.pcap").read_bytes()


def test_the_captures_are_small(pcaps: Path) -> None:
    captures = [*pcaps.glob("*.pcap"), *pcaps.glob("*.pcapng")]
    assert sum(path.stat().st_size for path in captures) < 300_000


def test_the_page_names_every_capture_and_no_other(pcaps: Path) -> None:
    page = (pcaps / "README.md").read_text()
    listed = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")}
    assert listed == {path.name for path in pcaps.glob("*.pcap*")}


def test_the_commands_of_the_page_run(pcaps: Path, dissector) -> None:
    cells = [cell for line in (pcaps / "README.md").read_text().splitlines() for cell in line.split("`")]
    commands = [cell.split() for cell in cells if cell.startswith("dissector ")]
    assert len(commands) >= 11
    for _, *arguments in commands:
        done = dissector(
            *(str(pcaps.parent / part) if part.startswith("pcaps/") else part for part in arguments)
        )
        assert done.code == 0, (arguments, done.err)
        assert done.out


def test_every_row_of_the_table_is_in_the_tour(pcaps: Path) -> None:
    there = set()
    for batch in library.scan(pcaps / "tour.pcapng"):
        there |= set(zip(batch.family.tolist(), batch.type.tolist(), batch.code.tolist(), strict=True))
    for entry in all_entries():
        family = 4 if entry.family is Family.ICMPV4 else 6
        codes = {code for version, number, code in there if (version, number) == (family, entry.type.number)}
        assert codes, f"no {entry.reference} in the tour"
        assert entry.code is None or entry.code.number in codes, f"no {entry.reference} in the tour"


def test_every_message_of_the_tour_is_its_example(tour: list, examples: list) -> None:
    assert len(tour) == len(examples)
    for message, example in zip(tour, examples, strict=True):
        told = f"frame {message.frame}, {example.about}"
        assert (message.src, message.dst, message.ttl) == (example.src, example.dst, example.hops), told
        assert message.octets == example.octets, told
        assert message.message.replace(checksum=0) == example.message, told
        assert message.checksum_status == "good", told
        assert message.malformed is None, told
        assert tuple(finding.id for finding in message.findings) == example.findings, told


def test_the_tour_keeps_to_the_hop_limits_of_the_rfcs(pcaps: Path) -> None:
    batch = scanned(pcaps, "tour.pcapng")
    for row in (batch.family == 6).nonzero()[0].tolist():
        kind, hops, packet = int(batch.type[row]), int(batch.ttl[row]), batch.frame_octets(row)
        if kind in ND:
            assert hops == 255, batch.frame[row]
        if kind in LISTENERS:
            # A hop-by-hop header follows, in it Router Alert for listener discovery (RFC 2711, 2.1).
            assert (hops, packet[20], packet[56:60]) == (1, 0, b"\5\2\0\0"), batch.frame[row]
            assert batch.source(row).startswith("fe80::")


def test_an_answer_follows_its_query_at_once(tour: list) -> None:
    hosts = {"192.0.2.10", "2001:db8:1::10", "fe80::10"}
    pairs = 0
    for before, message in pairwise(tour):
        elapsed = message.time_ns - before.time_ns
        assert elapsed > 0
        answers = message.entry.type.answered_by == before.type and message.family is before.family
        if answers and str(before.src) in hosts and before.src == message.dst and before.dst == message.src:
            assert elapsed <= 30 * MILLISECOND, message.frame
            pairs += 1
    assert pairs >= 30


def test_tshark_reads_the_same_types_and_codes(pcaps: Path, tour: list) -> None:
    program = shutil.which("tshark")
    if program is None:
        pytest.skip("tshark is not installed")
    fields = ("frame.number", "icmp.type", "icmp.code", "icmpv6.type", "icmpv6.code")
    checks = ("icmp.checksum.status", "icmpv6.checksum.status", "ip.checksum.status")
    shown = [part for name in (*fields, *checks) for part in ("-e", name)]
    options = ("-T", "fields", "-E", "occurrence=f", "-o", "ip.check_checksum:TRUE")
    lines = run(program, "-r", pcaps / "tour.pcapng", *options, *shown).stdout.splitlines()
    assert len(lines) == len(tour)
    for line, message in zip(lines, tour, strict=True):
        number, type4, code4, type6, code6, *sums = line.split("\t")
        told = (type4, code4) if message.family is Family.ICMPV4 else (type6, code6)
        assert int(number) == message.frame
        # tshark names no code where the message has a field of its own there (RFC 4286).
        assert told[0] == str(message.type), line
        assert told[1] in (str(message.code), ""), line
        assert "0" not in sums, line


def test_scapy_reads_the_same_types_and_codes(pcaps: Path, tour: list) -> None:
    inet6 = pytest.importorskip("scapy.layers.inet6")
    from scapy.layers.inet import ICMP, IP
    from scapy.utils import PcapNgReader

    with PcapNgReader(str(pcaps / "tour.pcapng")) as reader:
        packets = list(reader)
    assert len(packets) == len(tour)
    for packet, message in zip(packets, tour, strict=True):
        if message.family is Family.ICMPV4:
            layer = packet[IP].payload
            # scapy 2.8.0 stumbles over a Domain Name Request and leaves it as octets.
            assert isinstance(layer, ICMP) or message.type == 37, message.frame
        else:
            layer = packet[inet6.IPv6].payload
            if isinstance(layer, inet6.IPv6ExtHdrHopByHop):
                layer = layer.payload
        octets = bytes(layer)
        assert (octets[0], octets[1]) == (message.type, message.code), message.frame


def test_dpkt_reads_the_same_types_and_codes(pcaps: Path, tour: list) -> None:
    dpkt = pytest.importorskip("dpkt")
    with (pcaps / "tour.pcapng").open("rb") as file:
        frames = [octets for _, octets in dpkt.pcapng.Reader(file)]
    assert len(frames) == len(tour)
    for octets, message in zip(frames, tour, strict=True):
        ip = dpkt.ethernet.Ethernet(octets).data
        kind = dpkt.icmp.ICMP if message.family is Family.ICMPV4 else dpkt.icmp6.ICMP6
        icmp = ip.data
        assert isinstance(icmp, kind), message.frame
        assert (icmp.type, icmp.code) == (message.type, message.code), message.frame


def test_each_tunnel_has_one_echo_request(pcaps: Path) -> None:
    found = messages(pcaps, "tunnels.pcap")
    assert [message.frame for message in found] == list(range(1, len(found) + 1))
    assert all(message.checksum_status == "good" and message.type in (8, 128) for message in found)
    steps = {step.partition(" ")[0] for message in found for step in message.path}
    tunnels = layers.STEP_NAMES[layers.GRE : layers.AYIYA + 1]
    assert steps >= {name for name in tunnels if name} | {"vlan", "mpls", "pppoe", "ppp", "llc"}


def test_each_decoded_link_type_has_one_echo_request(pcaps: Path) -> None:
    batch = scanned(pcaps, "links.pcapng")
    assert set(batch.checksum_status.tolist()) == {layers.GOOD}
    assert set(batch.type.tolist()) == {8, 128}
    read = [batch.origin.interfaces[number].link_type for number in batch.interface.tolist()]
    assert read == sorted(number for number, link in LINKS.items() if link.layer)


def test_fragments_are_put_together_where_they_may_be(pcaps: Path) -> None:
    found = messages(pcaps, "fragments.pcap")
    told = [(message.frame, message.reassembled, message.family) for message in found]
    four, six = Family.ICMPV4, Family.ICMPV6
    assert told[:5] == [(3, True, four), (6, True, six), (9, True, four), (12, True, six), (15, True, four)]
    assert all(message.checksum_status == "good" for message in found[:5])
    # RFC 5722, 3 drops overlapping IPv6 fragments; of the last two a piece is missing.
    assert [message[:2] for message in told[5:]] == [(16, False), (19, False), (21, False)]


def test_extensions_are_found_wherever_they_are(pcaps: Path) -> None:
    found = messages(pcaps, "extensions.pcap")
    labels = [
        [entry.label for item in message.extensions.objects for entry in getattr(item, "entries", ())]
        if message.extensions
        else None
        for message in found
    ]
    two = [16004, 24001]
    assert labels == [two, two, two, two, two, [], [16004], None, two]
    assert found[5].extensions.objects[0].node_name == "r1-core"
    assert found[8].extensions.checksum_status == "bad"


def test_sections_differ_in_byte_order_and_resolution(pcaps: Path) -> None:
    interfaces = scanned(pcaps, "sections.pcapng").origin.interfaces
    assert [interface.resolution for interface in interfaces] == ["us", "ns", "10^-3 s", "2^-20 s", "ns"]
    assert [interface.section for interface in interfaces] == [0, 0, 1, 1, 1]
    found = messages(pcaps, "sections.pcapng")
    untimed = [message.frame for message in found if message.time_ns is None]
    assert [message.frame for message in found] == [1, 2, 4, 5, 6, 8, 9, 10, 11]
    assert untimed == [4, 9]
    assert all(abs(message.time_ns - found[0].time_ns) < 10**10 for message in found if message.time_ns)
    status = [message.checksum_status.value for message in found]
    assert status == ["unverified", "good", "unverified", *6 * ["good"]]


def test_damage_costs_only_what_is_damaged(pcaps: Path, dissector) -> None:
    assert len(messages(pcaps, "damaged.pcap")) == 9
    told = dissector("read", pcaps / "damaged.pcap").err
    assert "40 octets skipped" in told
    assert "the file ends 30 octets short" in told
    assert dissector("read", "--strict", pcaps / "damaged.pcap").code == 2


def test_short_messages_are_messages(pcaps: Path) -> None:
    found = messages(pcaps, "short.pcap")
    lengths = [len(message.octets) for message in found if message.type in (8, 128)]
    assert set(lengths) == set(range(1, 8))
    assert [message.length for message in found if message.type == 11] == [148] * 11


def test_hostile_messages_do_no_harm(pcaps: Path, dissector) -> None:
    done = dissector("read", "-v", pcaps / "hostile.pcap")
    assert done.code == 0
    assert not {"\x1b", "\x07", "\u202e"} & set(done.out)
    for arguments in (("-x",), ("--json",)):
        assert dissector("read", *arguments, pcaps / "hostile.pcap").code == 0
    assert "nested too deep" in done.err


@pytest.mark.parametrize("name", ["big-endian-ns.pcap", "modified.pcap"])
def test_variants_of_pcap_hold_two_pings(pcaps: Path, name: str) -> None:
    found = messages(pcaps, name)
    assert [message.type for message in found] == [8, 0, 8, 0]
    exact = name.startswith("big")
    assert found[1].time_ns - found[0].time_ns == 12 * MILLISECOND + (1001 if exact else 1000)


def test_addresses_are_for_documentation(tour: list) -> None:
    nets = [ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")]
    for message in tour:
        for address in (message.src, message.dst):
            special = address.is_multicast or address.is_link_local or address.is_unspecified
            assert special or any(address in net for net in nets), message.frame
