"""The filter in the kernel refuses nothing that the scanner finds a message in; run here by a machine of our own."""

from __future__ import annotations

import os
import struct
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import CAPTURES, ROOT
from test_scanner import CASES, DESTINATION6, SOURCE6, block, eth, icmp6, ip4, ip6, scanner, udp

from dissector import kernel
from dissector.capture.formats import open_capture
from dissector.capture.scanner import Scanner
from dissector.errors import CaptureFilterError
from dissector.kernel import layers

if not sys.platform.startswith("linux"):
    pytest.skip("the filter is for Linux", allow_module_level=True)

from dissector.batch import Origin
from dissector.capture.live import bpf, hardware
from dissector.capture.live.icmp_filter import icmp_filter
from dissector.capture.live.text_filter import icmp_text, text_filter

SNAPLEN = 4096
KEEP = [bpf.Instruction(bpf.RETURN, 0, 0, SNAPLEN)]
FILTER = icmp_filter(KEEP)
WITHOUT_TUNNELS = icmp_filter(KEEP, tunnels=False)
PPP = 512
HARDWARE = {1: hardware.ETHERNET, 101: 65534, 12: 519, 105: 801, 119: 802, 127: 803, 104: 513}
OUTGOING = 4
SIZES = {0x00: 4, 0x08: 2, 0x10: 1}


def signed(number):
    return (number & 0xFFFFFFFF) - (1 << 32 if number & 0x80000000 else 0)


def run(program, packet, *, kind=1, direction=0, protocol=0, network=14, tag=None):  # noqa: C901, PLR0912, PLR0913 - a machine
    """Run a program as the kernel does (net/core/filter.c); a load beyond the packet refuses it."""
    known = {
        bpf.PROTOCOL: protocol,
        bpf.PACKET_TYPE: direction,
        bpf.HARDWARE: kind,
        bpf.TAG_PRESENT: int(tag is not None),
        bpf.TAG: tag or 0,
        bpf.TAG_TYPE: 0x8100,
    }
    a = x = at = 0
    memory = [0] * 16
    while True:
        code, true, false, k = program[at]
        at += 1
        group = code & 7
        if (group == 0 and code & 0xE0 in {0x20, 0x40}) or code == 0xB1:
            place = signed(k + (x if code & 0xE0 == 0x40 else 0))
            if code & 0xE0 == 0x20 and place in known:
                a = known[place]
                continue
            if place < 0:
                assert place >= bpf.NETWORK
                place += network - bpf.NETWORK
            size = 1 if code == 0xB1 else SIZES[code & 0x18]
            if place < 0 or place + size > len(packet):
                return 0
            value = int.from_bytes(packet[place : place + size], "big")
            if code == 0xB1:
                x = 4 * (value & 0xF)
            else:
                a = value
        elif code == 0x00:
            a = k
        elif code == 0x01:
            x = k
        elif code == 0x60:
            a = memory[k]
        elif code == 0x02:
            memory[k] = a
        elif group == 4:
            by = x if code & 8 else k
            change = {0x00: a + by, 0x50: a & by, 0x60: a << by, 0x40: a | by, 0x70: a >> by}
            a = change[code & 0xF0] & 0xFFFFFFFF
        elif code == 0x05:
            at += k
        elif group == 5:
            by = x if code & 8 else k
            holds = {0x10: a == by, 0x20: a > by, 0x30: a >= by, 0x40: bool(a & by)}[code & 0xF0]
            at += true if holds else false
        elif code == 0x07:
            x = a
        elif code == 0x87:
            a = x
        else:
            assert code == 6
            return k


def passes(packet, link_type=1, program=FILTER):
    return run(program, packet, kind=HARDWARE[link_type])


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[0] in HARDWARE])
def test_every_layer_that_the_scanner_opens_passes(name):
    link_type, packet, _ = CASES[name]
    assert passes(packet, link_type) == SNAPLEN


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[0] == 1])
def test_without_tunnels_the_filter_opens_no_less_than_the_scanner(name):
    _, packet, _ = CASES[name]
    here = scanner(kernel.scan, 1, tunnels=False)
    if list(here.scan(block(packet))):
        assert passes(packet, program=WITHOUT_TUNNELS)
    elif name in {"gre", "4-in-4", "6-in-6", "vxlan", "teredo"}:
        assert not passes(packet, program=WITHOUT_TUNNELS)


@pytest.mark.parametrize(
    "packet",
    [
        eth(0x0800, ip4(6, bytes(20))),
        eth(0x0800, ip4(17, udp(53, bytes(20)))),
        eth(0x86DD, ip6(6, bytes(20))),
        eth(0x86DD, ip6(17, udp(53, bytes(20)))),
        eth(0x86DD, ip6(0, b"\x06\0\1\4" + bytes(4) + bytes(20))),
        eth(0x86DD, ip6(44, b"\x06\0\0\x08\0\0\0\1" + bytes(20))),
        eth(0x8100, b"\0\x0c\x08\0" + ip4(6, bytes(20))),
        eth(0x0806, bytes(28)),
        eth(38, b"\x42\x42\x03" + bytes(35)),
        eth(0x0800, b"\x45\0"),
        b"",
    ],
)
def test_what_cannot_hold_icmp_does_not_pass(packet):
    assert passes(packet) == 0


EXTENSIONS = {0: b"\0\1\4\0\0\0\0", 60: b"\0\1\4\0\0\0\0", 43: b"\0\4\0\0\0\0\0", 44: b"\0\0\1\0\0\0\1"}


@given(
    st.lists(st.sampled_from(sorted(EXTENSIONS)), max_size=12),
    st.sampled_from([1, 58, 6, 17, 41, 59]),
    st.lists(st.sampled_from([0x8100, 0x88A8, 0x9100]), max_size=6),
    st.booleans(),
)
@settings(max_examples=400)
def test_chains_of_headers_pass_whenever_there_is_a_message(chain, last, tags, tunnels):
    payload, following = icmp6(src=SOURCE6, dst=DESTINATION6), last
    for number in reversed(chain):
        payload, following = bytes([following]) + EXTENSIONS[number] + payload, number
    kind, frame = 0x86DD, ip6(following, payload)
    for tag in tags:
        kind, frame = tag, b"\0\7" + struct.pack(">H", kind) + frame
    packet = eth(kind, frame)
    if list(scanner(kernel.scan, 1, tunnels=tunnels).scan(block(packet))):
        assert passes(packet, program=FILTER if tunnels else WITHOUT_TUNNELS)


@given(st.binary(max_size=80), st.sampled_from([0x0800, 0x86DD, 0x8100, 0x8864, 40, 0x894F]))
@settings(max_examples=400)
def test_hostile_frames_end_in_a_verdict(octets, kind):
    packet = eth(kind, octets)
    if list(scanner(kernel.scan, 1).scan(block(packet))):
        assert passes(packet)
    else:
        assert passes(packet) in {0, SNAPLEN}


@pytest.mark.usefixtures("shared")
def test_all_messages_of_the_real_captures_pass():
    """Also by the filter as text, for systems whose kernel takes no program of ours."""
    text = compiled(icmp_text(None))
    seen = 0
    for file in sorted(path for path in CAPTURES.rglob("*") if path.is_file()):
        try:
            reader = open_capture(file)
        except Exception:  # noqa: BLE001, S112 - some are no captures, on purpose
            continue
        with reader:
            found = Scanner(Origin("x", reader.format, reader.interfaces))
            for capture in reader:
                octets = memoryview(capture.octets)
                for batch in found.scan(capture):
                    for frame in batch.frame[:100].tolist():
                        row = frame - capture.first_frame
                        link_type = reader.interfaces[int(capture.records.interface[row])].link_type
                        if link_type not in HARDWARE:
                            continue
                        start = int(capture.records.start[row])
                        packet = bytes(octets[start : start + int(capture.records.captured[row])])
                        assert passes(packet, link_type), (file.name, frame)
                        if link_type == 1:
                            assert run(text, packet), (file.name, frame)
                        seen += 1
                break
    assert seen > 5000


def test_loopback_is_seen_once():
    packet = CASES["ethernet"][1]
    assert run(FILTER, packet, kind=hardware.LOOPBACK)
    assert not run(FILTER, packet, kind=hardware.LOOPBACK, direction=OUTGOING)
    assert run(FILTER, packet, direction=OUTGOING)


def test_cooked_hardware_is_read_from_the_network_layer_on():
    ping, ping6, tcp = CASES["raw"][1], CASES["raw-v6"][1], ip4(6, bytes(20))
    for header in (b"", b"\xff\x03\0\x21"):
        about = {"kind": PPP, "network": len(header)}
        assert run(FILTER, header + ping, protocol=0x0800, **about)
        assert run(FILTER, header + ping6, protocol=0x86DD, **about)
        assert not run(FILTER, header + tcp, protocol=0x0800, **about)


def test_the_kernel_takes_the_program():
    import socket

    assert len(FILTER) < bpf.LONGEST
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with one, other:
        bpf.attach(one, FILTER)
        with pytest.raises(OSError, match="nvalid"):
            bpf.attach(one, FILTER[:1])


# --- filters of users -----------------------------------------------------------------------------------------------


def compiled(text):
    """Return a filter as libpcap compiles it for Ethernet."""
    pytest.importorskip("scapy.libs.winpcapy", reason="libpcap is missing", exc_type=OSError)
    from dissector.capture.live.text_filter import _compiled

    return _compiled(text, 1, SNAPLEN, needed=True)


def user(text, link_types=None):
    compiled("icmp")
    return icmp_filter(text_filter(text, link_types, 77))


def test_both_filters_have_to_be_passed():
    program = user("host 192.0.2.1")
    ping, tcp = CASES["ethernet"][1], eth(0x0800, ip4(6, bytes(20)))
    assert run(program, ping) == 77
    assert run(program, tcp) == 0
    assert run(user("host 192.0.2.7"), ping) == 0
    assert run(program, CASES["raw"][1], kind=65534, network=0) == 77
    assert run(program, b"\xff\x03\0\x21" + CASES["raw"][1], kind=PPP, protocol=0x0800, network=4) == 77
    elsewhere = user("host 192.0.2.7")
    assert run(elsewhere, b"\xff\x03\0\x21" + CASES["raw"][1], kind=PPP, protocol=0x0800, network=4) == 0


def test_a_filter_that_speaks_of_vlans_looks_at_the_tag_beside_the_frame():
    ping = CASES["ethernet"][1]
    in_frame = eth(0x8100, b"\x20\x0c\x08\0" + ping[14:])
    for text, twelve, seven, none in (
        ("vlan 12 and icmp", True, False, False),
        ("vlan and host 192.0.2.1", True, True, False),
        ("vlan and icmp[icmptype] == icmp-echo", True, True, False),
        ("vlan and icmp[icmptype] == icmp-echoreply", False, False, False),
        ("icmp[icmptype] == icmp-echo", True, True, True),
    ):
        program = user(text)
        assert bool(run(program, ping, tag=0x200C)) == twelve, text
        assert bool(run(program, ping, tag=7)) == seven, text
        assert bool(run(program, ping)) == none, text
    assert run(user("vlan 12 and icmp"), in_frame)


def test_a_filter_that_libpcap_refuses_is_an_error():
    with pytest.raises(
        CaptureFilterError, match=r"'icmp foo' is not a capture filter \(pcap-filter\(7\)\): .*syntax"
    ):
        user("icmp foo")
    with pytest.raises(CaptureFilterError, match="ethernet addresses"):
        user("ether host 02:00:00:00:00:01", {101})
    assert run(user("ether host 02:00:00:00:00:01"), CASES["raw"][1], kind=65534, network=0) == 0


def test_the_filter_is_made_of_the_scanners_tables():
    numbers = {instruction.k for instruction in FILTER if instruction.code == bpf.EQUAL}
    assert numbers >= set(layers.ETHER_TYPES) | set(layers.UDP_PORTS) | set(layers.PROTOCOLS)


@pytest.mark.parametrize("cache", ["", "unreadable"], ids=["here", "where nobody may"])
def test_scapy_keeps_no_files(tmp_path, cache):
    pytest.importorskip("scapy.libs.winpcapy", reason="libpcap is missing", exc_type=OSError)
    folder = tmp_path / "work"
    folder.mkdir()
    (tmp_path / "unreadable").write_bytes(b"")  # no folder can be made in a file, whoever tries
    code = "from dissector.capture.live.text_filter import text_filter as f; print(len(f('host 10.0.0.1', {1}, 64)))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "HOME": str(folder),
            "XDG_CACHE_HOME": cache and str(tmp_path / cache),
        },
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 1
    assert not list(folder.iterdir())
