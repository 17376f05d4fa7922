"""The sample captures: that they are current, whole, and read alike by others."""

from __future__ import annotations

import shutil
import subprocess
import sys
from ipaddress import IPv6Address
from typing import TYPE_CHECKING

import pytest

import dissector as library
from dissector.capture import layers
from dissector.capture.links import LINKS
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


def test_the_captures_are_what_the_program_writes(pcaps: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(pcaps / "make.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_stale_capture_is_told(pcaps: Path, tmp_path: Path) -> None:
    copy = tmp_path / "pcaps"
    shutil.copytree(pcaps, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "modified.pcap").write_bytes(b"stale")
    command = [sys.executable, str(copy / "make.py")]
    done = subprocess.run([*command, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "modified.pcap" in done.stderr
    assert (copy / "modified.pcap").read_bytes() == b"stale"
    assert subprocess.run(command, check=False).returncode == 0
    assert (copy / "modified.pcap").read_bytes() == (pcaps / "modified.pcap").read_bytes()


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
        run = dissector(*(str(pcaps.parent / part) if part.startswith("pcaps/") else part for part in arguments))
        assert run.code == 0, (arguments, run.err)
        assert run.out


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


def test_the_tour_keeps_to_the_hop_limits_of_the_rfcs(tour: list) -> None:
    for message in tour:
        if message.family is Family.ICMPV6 and message.type in ND:
            assert message.ttl == 255, message.frame
        if message.family is Family.ICMPV6 and message.type in LISTENERS:
            packet = message.batch.frame_octets(message.row)
            # IPv6, a hop-by-hop header, in it Router Alert for listener discovery (RFC 2711, 2.1).
            assert (message.ttl, packet[20], packet[56:60]) == (1, 0, b"\5\2\0\0"), message.frame
            assert message.src.is_link_local


def test_an_answer_follows_its_query_at_once(tour: list) -> None:
    for before, message in zip(tour, tour[1:], strict=False):
        answers = message.entry.type.answered_by == before.type and message.family is before.family
        elapsed = message.time_ns - before.time_ns
        assert elapsed > 0
        if answers and message.src == before.dst and message.dst == before.src:
            assert elapsed <= 30 * MILLISECOND, message.frame


def test_tshark_reads_the_same_types_and_codes(pcaps: Path, tour: list) -> None:
    program = shutil.which("tshark")
    if program is None:
        pytest.skip("tshark is not installed")
    fields = ("frame.number", "icmp.type", "icmp.code", "icmpv6.type", "icmpv6.code")
    checks = ("icmp.checksum.status", "icmpv6.checksum.status", "ip.checksum.status")
    command = [program, "-r", str(pcaps / "tour.pcapng"), "-T", "fields", "-E", "occurrence=f"]
    command += ["-o", "ip.check_checksum:TRUE"]
    for name in (*fields, *checks):
        command += ["-e", name]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
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
    from scapy.layers.inet import ICMP
    from scapy.utils import PcapNgReader

    with PcapNgReader(str(pcaps / "tour.pcapng")) as reader:
        packets = list(reader)
    assert len(packets) == len(tour)
    for packet, message in zip(packets, tour, strict=True):
        if message.family is Family.ICMPV4:
            layer = packet[ICMP]
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
    found = messages(pcaps, "links.pcapng")
    assert all(message.checksum_status == "good" and message.type in (8, 128) for message in found)
    read = {message.batch.origin.interfaces[message.interface].link_type for message in found}
    assert read == {number for number, link in LINKS.items() if link.layer}


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
    with library.scan(pcaps / "sections.pcapng") as scan:
        found = [message for batch in scan for message in library.message.messages(batch)]
        account = scan.account
    interfaces = found[0].batch.origin.interfaces
    assert [interface.resolution for interface in interfaces] == ["us", "ns", "10^-3 s", "2^-20 s", "ns"]
    assert [interface.section for interface in interfaces] == [0, 0, 1, 1, 1]
    assert len(found) == 9
    assert [message.time_ns is None for message in found] == [False, False, True, False, False, False, True, False, False]
    assert {message.checksum_status for message in found} == {"good", "unverified"}
    assert account.packets == 9


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
    assert [message.length for message in found if message.type == 11] == [148] * 10


def test_hostile_messages_do_no_harm(pcaps: Path, dissector) -> None:
    run = dissector("read", "-v", pcaps / "hostile.pcap")
    assert run.code == 0
    assert not {"\x1b", "\x07", "\u202e"} & set(run.out)
    for arguments in (("-x",), ("--json",)):
        assert dissector("read", *arguments, pcaps / "hostile.pcap").code == 0
    assert "nested too deep" in run.err


@pytest.mark.parametrize("name", ["big-endian-ns.pcap", "modified.pcap"])
def test_variants_of_pcap_hold_two_pings(pcaps: Path, name: str) -> None:
    found = messages(pcaps, name)
    assert [message.type for message in found] == [8, 0, 8, 0]
    exact = name.startswith("big")
    assert found[1].time_ns - found[0].time_ns == 12 * MILLISECOND + (1001 if exact else 1000)


def test_addresses_are_for_documentation(tour: list) -> None:
    for message in tour:
        for address in (message.src, message.dst):
            if isinstance(address, IPv6Address):
                special = address.is_multicast or address.is_link_local or address.is_unspecified
                assert special or address in library_documentation(), message.frame


def library_documentation():
    """Return the prefix that RFC 3849 sets apart."""
    from ipaddress import IPv6Network

    return IPv6Network("2001:db8::/32")
