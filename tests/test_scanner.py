# ruff: noqa: PLR0913 - headers have many fields
from __future__ import annotations

import csv
import struct
from ipaddress import ip_address

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dissector import kernel
from dissector.batch import DTYPES, Batch, Origin
from dissector.capture.formats import open_capture
from dissector.capture.links import LINKS
from dissector.capture.records import SHORTENED, Block, Interface, Records
from dissector.capture.scanner import Scanner
from dissector.checksum import internet_checksum
from dissector.errors import CaptureError
from dissector.kernel import layers

BACKENDS = {"interpreted": kernel.interpreted("scan")}
if kernel.scan.COMPILED:
    BACKENDS["compiled"] = kernel.scan


@pytest.fixture(params=list(BACKENDS))
def backend(request):
    return BACKENDS[request.param]


# --- frames, layer by layer -----------------------------------------------------------------------------------------

SOURCE, DESTINATION = "192.0.2.1", "198.51.100.2"
SOURCE6, DESTINATION6 = "2001:db8::1", "2001:db8::2"
MAC = bytes.fromhex("0200000000010200000000aa")


def packed(text):
    return ip_address(text).packed


def eth(kind, payload, mac=MAC):
    return mac + struct.pack(">H", kind) + payload


def ip4(protocol, payload, *, ttl=64, fragment=0, total=None, options=b"", src=SOURCE, dst=DESTINATION):
    size = 20 + len(options)
    total = size + len(payload) if total is None else total
    head = struct.pack(">BBHHHBBH", 0x40 + size // 4, 0, total, 7, fragment, ttl, protocol, 0)
    head += packed(src) + packed(dst) + options
    return head[:10] + struct.pack(">H", internet_checksum(head)) + head[12:] + payload


def ip6(following, payload, *, hops=63, size=None, src=SOURCE6, dst=DESTINATION6):
    size = len(payload) if size is None else size
    return struct.pack(">IHBB", 6 << 28, size, following, hops) + packed(src) + packed(dst) + payload


def icmp(kind=8, code=0, rest=b"\0\1\0\2", body=b"abcdefg"):
    octets = struct.pack(">BBH", kind, code, 0) + rest + body
    return octets[:2] + struct.pack(">H", internet_checksum(octets)) + octets[4:]


def icmp6(kind=128, code=0, rest=b"\0\1\0\2", body=b"abcdefg", *, src=SOURCE6, dst=DESTINATION6):
    octets = struct.pack(">BBH", kind, code, 0) + rest + body
    pseudo = packed(src) + packed(dst) + struct.pack(">II", len(octets), 58)
    return octets[:2] + struct.pack(">H", internet_checksum(pseudo + octets)) + octets[4:]


def udp(port, payload):
    return struct.pack(">HHHH", 50000, port, 8 + len(payload), 0) + payload


def label(number, bottom, ttl=9):
    return struct.pack(">I", number << 12 | bottom << 8 | ttl)


def over4(protocol, payload, **header):
    return eth(0x0800, ip4(protocol, payload, **header))


def over_udp(port, payload):
    return over4(17, udp(port, payload))


PING = ip4(1, icmp())
PING6 = ip6(58, icmp6())
FRAME = eth(0x0800, PING)
SNAP = b"\xaa\xaa\x03\0\0\0\x08\0"

# link type, packet, path
CASES = {
    "ethernet": (1, FRAME, "eth ip"),
    "ethernet-v6": (1, eth(0x86DD, PING6), "eth ipv6"),
    "ip-options": (1, over4(1, icmp(), options=b"\x01" * 8), "eth ip"),
    "llc-snap": (1, eth(len(SNAP + PING), SNAP + PING), "eth llc ip"),
    "llc-ip": (1, eth(len(PING) + 3, b"\x06\x06\x03" + PING), "eth llc ip"),
    "vlan": (1, eth(0x8100, b"\x20\x0c\x08\0" + PING), "eth vlan 12 ip"),
    "stacked-vlan": (1, eth(0x88A8, b"\0\x64\x81\0\0\x0c\x86\xdd" + PING6), "eth vlan 100 vlan 12 ipv6"),
    "mpls": (1, eth(0x8847, label(16, 0) + label(17, 1) + PING), "eth mpls ip"),
    "mpls-v6": (1, eth(0x8847, label(17, 1) + PING6), "eth mpls ipv6"),
    "mpls-ethernet": (1, eth(0x8847, label(17, 1) + FRAME), "eth mpls pw eth ip"),
    "mpls-control-word": (1, eth(0x8847, label(17, 1) + bytes(4) + FRAME), "eth mpls pw eth ip"),
    "mpls-sequenced": (1, eth(0x8847, label(17, 1) + b"\0\0\0\7" + FRAME), "eth mpls pw eth ip"),
    "mpls-ethernet-4": (1, eth(0x8847, label(17, 1) + b"\x4a" + FRAME[1:]), "eth mpls pw eth ip"),
    "pppoe": (
        1, eth(0x8864, b"\x11\0\0\1" + struct.pack(">H", len(PING) + 2) + b"\0\x21" + PING), "eth pppoe ppp ip",
    ),
    "gre": (1, over4(47, b"\0\0\x08\0" + PING), "eth ip gre ip"),
    "gre-all-fields": (
        1,
        over4(47, b"\xf0\0\x08\0" + bytes(12) + b"\0\2\0\4\1\2\3\4\0\0\0\0" + PING),
        "eth ip gre ip",
    ),
    "gre-routing": (1, over4(47, b"\x40\0\x08\0" + bytes(4) + bytes(4) + PING), "eth ip gre ip"),
    "gre-ppp": (
        1,
        over4(47, b"\x30\x81\x88\x0b" + struct.pack(">HHII", len(PING) + 4, 1, 2, 3) + b"\xff\x03\0\x21" + PING),
        "eth ip gre ppp ip",
    ),
    "gre-ethernet": (1, over4(47, b"\0\0\x65\x58" + FRAME), "eth ip gre eth ip"),
    "erspan-1": (1, over4(47, b"\0\0\x88\xbe" + FRAME), "eth ip gre eth ip"),
    "erspan-2": (1, over4(47, b"\x10\0\x88\xbe" + bytes(4) + b"\x10" + bytes(7) + FRAME), "eth ip gre erspan eth ip"),
    "erspan-3": (
        1, over4(47, b"\x10\0\x22\xeb" + bytes(4) + b"\x20" + bytes(11) + FRAME),
        "eth ip gre erspan eth ip",
    ),
    "erspan-3-subheader": (
        1,
        over4(47, b"\x10\0\x22\xeb" + bytes(4) + b"\x20" + bytes(10) + b"\1" + bytes(8) + FRAME),
        "eth ip gre erspan eth ip",
    ),
    "4-in-4": (1, over4(4, PING), "eth ip ip"),
    "6-in-4": (1, over4(41, PING6), "eth ip ipv6"),
    "4-in-6": (1, eth(0x86DD, ip6(4, PING)), "eth ipv6 ip"),
    "6-in-6": (1, eth(0x86DD, ip6(41, PING6)), "eth ipv6 ipv6"),
    "etherip": (1, over4(97, b"\x30\0" + FRAME), "eth ip etherip eth ip"),
    "ah": (1, over4(51, b"\1\4\0\0" + bytes(20) + icmp()), "eth ip ah"),
    "ah-v6": (1, eth(0x86DD, ip6(51, b"\x3a\4\0\0" + bytes(20) + icmp6())), "eth ipv6 ah"),
    "vxlan": (1, over_udp(4789, b"\x08" + bytes(7) + FRAME), "eth ip vxlan eth ip"),
    "vxlan-gpe": (1, over_udp(4790, b"\x0c\0\0\2" + bytes(4) + PING6), "eth ip vxlan-gpe ipv6"),
    "geneve": (1, eth(0x86DD, ip6(17, udp(6081, b"\1\0\x65\x58" + bytes(8) + FRAME))), "eth ipv6 geneve eth ip"),
    "gtp": (1, over_udp(2152, b"\x30\xff" + struct.pack(">H", len(PING)) + bytes(4) + PING), "eth ip gtp ip"),
    "gtp-extension": (
        1,
        over_udp(2152, b"\x34\xff" + struct.pack(">H", len(PING6) + 8) + bytes(7) + b"\x85\1\0\0\0" + PING6),
        "eth ip gtp ipv6",
    ),
    "teredo": (1, over_udp(3544, PING6), "eth ip teredo ipv6"),
    "teredo-indications": (1, over_udp(3544, b"\0\1" + bytes(11) + bytes(8) + PING6), "eth ip teredo ipv6"),
    "l2tp": (1, over_udp(1701, b"\0\2\0\1\0\1\xff\x03\0\x21" + PING), "eth ip l2tp ppp ip"),
    "l2tp-all-fields": (
        1,
        over_udp(
            1701, b"\x4a\2" + struct.pack(">H", 18 + len(PING)) + b"\0\1\0\1\0\0\0\0\0\2??" + b"\0\x21" + PING
        ),
        "eth ip l2tp ppp ip",
    ),
    "l2tpv3": (1, over4(115, b"\0\0\0\7" + FRAME), "eth ip l2tp eth ip"),
    "lisp": (1, over_udp(4341, bytes(8) + PING6), "eth ip lisp ipv6"),
    "ayiya": (1, over_udp(5072, b"\x41\x52\x11\x29" + bytes(4 + 16 + 20) + PING6), "eth ip ayiya ipv6"),
    "mpls-in-udp": (1, over_udp(6635, label(17, 1) + PING), "eth ip mpls ip"),
    "nsh": (1, eth(0x894F, b"\0\2\1\1" + bytes(4) + PING), "eth nsh ip"),
    "macsec": (1, eth(0x88E5, b"\0\0\0\0\0\1\x08\0" + PING + bytes(16)), "eth macsec ip"),
    "backbone": (1, eth(0x88E7, bytes(4) + FRAME), "eth pbb eth ip"),
    "hsr": (1, eth(0x892F, bytes(4) + b"\x08\0" + PING), "eth hsr ip"),
    "vn-tag": (1, eth(0x8926, bytes(4) + b"\x08\0" + PING), "eth vntag ip"),
    "e-tag": (1, eth(0x893F, bytes(6) + b"\x08\0" + PING), "eth etag ip"),
    "hop-by-hop": (1, eth(0x86DD, ip6(0, b"\x3a\0\1\4" + bytes(4) + icmp6())), "eth ipv6"),
    "atomic-fragment": (1, eth(0x86DD, ip6(44, b"\x3a\0\0\0\0\0\0\1" + icmp6())), "eth ipv6"),
    "raw": (101, PING, "raw ip"),
    "raw-v6": (12, PING6, "raw ipv6"),
    "ipv4": (228, PING, "ip"),
    "ipv6": (229, PING6, "ipv6"),
    "null-little": (0, b"\2\0\0\0" + PING, "null ip"),
    "null-big": (0, b"\0\0\0\x1e" + PING6, "null ipv6"),
    "loop": (108, b"\0\0\0\2" + PING, "null ip"),
    "sll": (113, bytes(14) + b"\x08\0" + PING, "sll ip"),
    "sll-vlan": (113, bytes(14) + b"\x81\0\0\5\x08\0" + PING, "sll vlan 5 ip"),
    "sll2": (276, b"\x86\xdd" + bytes(18) + PING6, "sll2 ipv6"),
    "ppp": (9, b"\xff\x03\0\x21" + PING, "ppp ip"),
    "ppp-compressed": (9, b"\x57" + PING6, "ppp ipv6"),
    "ppp-serial": (50, b"\xff\x03\0\x21" + PING, "ppp ip"),
    "ppp-cisco": (50, b"\x0f\0\x08\0" + PING, "chdlc ip"),
    "ppp-direction": (204, b"\1\xff\x03\0\x21" + PING, "ppp ip"),
    "ppp-pppd": (166, b"\1\x03\0\x21" + PING, "ppp ip"),
    "chdlc": (104, b"\x0f\0\x08\0" + PING, "chdlc ip"),
    "frame-relay": (107, b"\x18\x41\x03\xcc" + PING, "fr ip"),
    "frame-relay-snap": (107, b"\x18\x41\x03\0\x80\0\0\0\x08\0" + PING, "fr ip"),
    "frame-relay-cisco": (107, b"\x18\x41\x08\0" + PING, "fr ip"),
    "wlan": (105, b"\x08\1" + bytes(22) + SNAP + PING, "wlan llc ip"),
    "wlan-qos": (105, b"\x88\1" + bytes(24) + SNAP + PING, "wlan llc ip"),
    "wlan-four-addresses": (105, b"\x88\3" + bytes(30) + SNAP + PING, "wlan llc ip"),
    "wlan-a-msdu": (
        105,
        b"\x88\1" + bytes(22) + b"\x80\0" + bytes(12) + struct.pack(">H", 8 + len(PING)) + SNAP + PING + FRAME,
        "wlan llc ip",
    ),
    "radiotap": (127, b"\0\0\x0a\0\0\0\0\0??" + b"\x08\1" + bytes(22) + SNAP + PING, "radiotap wlan llc ip"),
    "radiotap-padded": (127, b"\0\0\x09\0\2\0\0\0\x20" + b"\x88\1" + bytes(26) + SNAP + PING, "radiotap wlan llc ip"),
    "ppi": (192, b"\0\0\x08\0\x69\0\0\0" + b"\x08\1" + bytes(22) + SNAP + PING, "ppi wlan llc ip"),
    "prism": (119, b"\0\0\0\x44\0\0\0\x90" + bytes(136) + b"\x08\1" + bytes(22) + SNAP + PING, "prism wlan llc ip"),
    "avs": (163, b"\x80\x21\x10\1\0\0\0\x40" + bytes(56) + b"\x08\1" + bytes(22) + SNAP + PING, "avs wlan llc ip"),
    "nflog": (239, b"\2\0\0\0\5\0\x0a\0x\0\0\0" + struct.pack("<HH", 4 + len(PING), 9) + PING, "nflog ip"),
    "ipoib": (242, bytes(40) + b"\x08\0\0\0" + PING, "ipoib ip"),
    "fddi": (10, b"\x50" + bytes(12) + SNAP + PING, "fddi llc ip"),
    "token-ring": (6, b"\x10\x40" + bytes(12) + SNAP + PING, "tr llc ip"),
    "token-ring-routed": (
        6, b"\x10\x40" + bytes(6) + b"\x80" + bytes(5) + b"\x06" + bytes(5) + SNAP + PING,
        "tr llc ip",
    ),
    "arcnet": (7, b"\1\2\xd4\0\0\1" + PING, "arcnet ip"),
    "arcnet-exception": (7, b"\1\2\xd4\xff\xff\xff\xff\0\0\1" + PING, "arcnet ip"),
    "arcnet-linux": (129, b"\1\2\0\0\xf0" + PING, "arcnet ip"),
    "slip": (8, b"\0\x40" + bytes(14) + PING, "slip ip"),
    "dsa": (284, MAC + bytes(4) + b"\x08\0" + PING, "dsa ip"),
    "edsa": (285, MAC + b"\xda\xda" + bytes(6) + b"\x08\0" + PING, "edsa ip"),
    "brcm": (281, MAC + bytes(4) + b"\x08\0" + PING, "brcm ip"),
    "brcm-first": (282, bytes(4) + FRAME, "brcm eth ip"),
    "ipnet": (226, bytes(24) + PING, "ipnet ip"),
    "pktap": (258, struct.pack("<III", 12, 1, 1) + FRAME, "pktap eth ip"),
    "enc": (109, bytes(12) + PING, "enc ip"),
    "pflog": (117, b"\x3d" + bytes(63) + PING, "pflog ip"),
    "erf": (197, bytes(8) + b"\2" + bytes(7) + bytes(2) + FRAME, "erf eth ip"),
    "erf-extension": (197, bytes(8) + b"\x82" + bytes(7) + bytes(8) + bytes(2) + FRAME, "erf eth ip"),
    "netanalyzer": (240, bytes(4) + FRAME, "netanalyzer eth ip"),
    "netanalyzer-preamble": (241, bytes(12) + FRAME, "netanalyzer eth ip"),
    "mpacket": (274, b"\x55" * 7 + b"\xd5" + FRAME, "mpacket eth ip"),
    "fc": (122, bytes(16) + SNAP + PING, "fc llc ip"),
    "1394": (138, bytes(16) + b"\x08\0" + PING, "1394 ip"),
    "sun-atm": (123, b"\2\0\0\1" + SNAP + PING, "atm llc ip"),
    "atm-bridged": (100, b"\xaa\xaa\x03\0\x80\xc2\0\7" + b"\0\0" + FRAME, "llc eth ip"),
    "clip": (106, SNAP + PING, "clip llc ip"),
    "clip-bare": (18, PING, "clip ip"),
}  # fmt: skip


def block(*packets, wire=None, flags=0, interface=None):
    """Return a block of packets; ``wire``: octets of each on the wire, ``interface``: of which they are."""
    records = Records(max(1, len(packets)))
    octets = bytearray()
    for row, packet in enumerate(packets):
        records.start[row] = len(octets)
        records.captured[row] = len(packet)
        records.original[row] = len(packet) if wire is None else wire[row]
        records.time_ns[row] = 1000 + row
        records.interface[row] = 0 if interface is None else interface[row]
        records.flags[row] = flags
        octets += packet
    return Block(octets, records, len(packets), 1, 0)


def scanner(backend, *link_types, **options):
    origin = Origin("x.pcap", "pcap", [Interface(link_type) for link_type in link_types or (1,)])
    return Scanner(origin, module=backend, **options)


def only(found):
    """Return the batch of a list that should have one message."""
    (batch,) = found
    assert len(batch) == 1
    return batch


def read(backend, packet, link_type=1, *, wire=None, **options):
    """Return the one message of a packet, and its scanner."""
    here = scanner(backend, link_type, **options)
    return only(list(here.scan(block(packet, wire=None if wire is None else [wire])))), here


def verdict(backend, packet, link_type=1, *, wire=None, **options):
    """Return what a packet without a message turned out to be."""
    here = scanner(backend, link_type, **options)
    assert not list(here.scan(block(packet, wire=None if wire is None else [wire])))
    assert here.counts.sum() == 1
    return int(np.flatnonzero(here.counts)[0])


@pytest.mark.parametrize(("link_type", "packet", "path"), CASES.values(), ids=list(CASES))
def test_a_message_is_found_behind_every_layer(backend, link_type, packet, path):
    batch, here = read(backend, packet, link_type)
    expected = _steps(path)
    assert batch.paths[batch.path[0]] == expected
    six = batch.family[0] == 6
    assert batch.type[0] == (128 if six else 8)
    assert batch.source(0) == (SOURCE6 if six else SOURCE)
    assert batch.destination(0) == (DESTINATION6 if six else DESTINATION)
    assert batch.ttl[0] == (63 if six else 64)
    assert batch.checksum_status[0] == layers.GOOD
    assert batch.message_octets(0) == (icmp6() if six else icmp())
    assert batch.frame_octets(0) == packet
    tunnel = sum(step in ("ip", "ipv6") for step in expected) > 1 or expected.count("eth") > 1
    assert batch.flags[0] == (layers.TUNNEL if tunnel else 0)
    assert here.counts[layers.MESSAGE6 if six else layers.MESSAGE4] == 1


def _steps(text):
    """Split a path's text; ``vlan`` takes its number with it."""
    words = text.split()
    steps = []
    while words:
        step = words.pop(0)
        steps.append(f"vlan {words.pop(0)}" if step == "vlan" else step)
    return tuple(steps)


@pytest.mark.parametrize(("link_type", "packet", "path"), CASES.values(), ids=list(CASES))
def test_every_cut_is_told_from_a_whole_packet(backend, link_type, packet, path):
    """A packet cut anywhere has a verdict, and never a message with octets that are not there."""
    del path
    for size in range(len(packet)):
        here = scanner(backend, link_type)
        for batch in here.scan(block(packet[:size], wire=[len(packet)])):
            assert batch.icmp[0] + batch.captured[0] <= size
            whole = icmp() if batch.family[0] == 4 else icmp6()
            assert batch.message_octets(0) == whole[: batch.captured[0]]
            assert bool(batch.flags[0] & layers.TRUNCATED) == (batch.captured[0] < len(whole))
        assert here.counts.sum() == 1


def test_padding_and_trailers_are_not_the_message(backend):
    batch, _ = read(backend, FRAME + bytes(20))
    assert (batch.captured[0], batch.length[0]) == (15, 15)
    batch, _ = read(backend, eth(0x86DD, PING6) + b"\xff" * 7)
    assert batch.captured[0] == 15
    assert batch.checksum_status[0] == layers.GOOD


@pytest.mark.parametrize("size", range(1, 8))
def test_fewer_than_eight_octets_are_a_message(backend, size):
    octets = icmp(body=b"")[:size]
    batch, _ = read(backend, eth(0x0800, ip4(1, octets)) + bytes(30))
    assert batch.message_octets(0) == octets
    assert batch.flags[0] == layers.SHORT
    assert batch.checksum_status[0] == (layers.UNVERIFIED if size < 4 else layers.BAD)


def test_a_total_length_of_zero_means_up_to_the_end_of_the_frame(backend):
    batch, _ = read(backend, eth(0x0800, ip4(1, icmp(), total=0)))
    assert (batch.captured[0], batch.length[0], batch.checksum_status[0]) == (15, 15, layers.GOOD)


def test_the_length_of_an_llc_frame_ends_it(backend):
    frame = SNAP + ip4(1, icmp(), total=0)
    batch, _ = read(backend, eth(len(frame), frame) + bytes(20))
    assert (batch.captured[0], batch.checksum_status[0]) == (15, layers.GOOD)


def test_what_an_outer_header_claims_is_not_held_against_the_inner(backend):
    batch, _ = read(backend, eth(0x0800, ip4(4, PING, total=300)))
    assert batch.flags[0] == layers.TUNNEL


def test_ipv6_without_a_payload_takes_nothing_of_the_padding(backend):
    assert verdict(backend, eth(0x86DD, ip6(58, b"", size=0)) + bytes(6)) == layers.MALFORMED


@pytest.mark.parametrize(
    "frame", [eth(0x8909, bytes.fromhex("0101000100100800") + ip4(1, icmp()))], ids=["type-last-on-ethernet"]
)
def test_cisco_metadata_is_passed(backend, frame):
    batch, _ = read(backend, frame)
    assert batch.type.tolist() == [8]


def test_a_jumbogram_says_its_length_in_an_option(backend):
    message = icmp6(body=bytes(70000))
    jumbo = struct.pack(">BBBBBBI6x", 58, 1, 0, 0, 0xC2, 4, 16 + len(message))  # two of Pad1 before it
    batch, _ = read(backend, eth(0x86DD, ip6(0, jumbo + message, size=0)) + b"trailer")
    assert (batch.length[0], batch.checksum_status[0]) == (len(message), layers.GOOD)


def test_a_wrong_checksum_is_bad_and_a_cut_message_unverified(backend):
    packet = FRAME[:-1] + b"?"
    assert read(backend, packet)[0].checksum_status[0] == layers.BAD
    batch, _ = read(backend, packet[:-1], wire=len(packet))
    assert batch.checksum_status[0] == layers.UNVERIFIED
    assert batch.flags[0] == layers.TRUNCATED
    assert (batch.captured[0], batch.length[0]) == (14, 15)


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 56, 1000, 1001])
@pytest.mark.parametrize("octet", [b"\0", b"\xff", b"\x80"])
def test_checksums_of_every_alignment(backend, size, octet):
    for shift in range(3):
        packet = eth(0x8100, b"\0\1\x08\0" + ip4(1, icmp(body=octet * size), options=b"\1" * 4 * shift))
        assert read(backend, packet)[0].checksum_status[0] == layers.GOOD
        packet = packet[:-1] + bytes([packet[-1] ^ 1])
        assert read(backend, packet)[0].checksum_status[0] == layers.BAD


def test_a_message_of_zeros_has_no_good_checksum(backend):
    # The checksum of zeros is 0xffff (RFC 1071): 0x0000 is wrong there, and tcpdump long took it for right.
    assert read(backend, eth(0x0800, ip4(1, bytes(8))))[0].checksum_status[0] == layers.BAD


def test_a_header_that_claims_more_than_the_frame_holds(backend):
    batch, _ = read(backend, eth(0x0800, ip4(1, icmp(), total=300)))
    assert batch.flags[0] == layers.BEYOND | layers.TRUNCATED
    assert (batch.captured[0], batch.length[0]) == (15, 280)
    assert batch.checksum_status[0] == layers.GOOD  # over what was sent; tshark does the same


def test_icmp_of_the_other_family(backend):
    batch, _ = read(backend, eth(0x86DD, ip6(1, icmp())))
    assert (batch.family[0], batch.flags[0]) == (4, layers.FOREIGN)
    assert (batch.source(0), batch.checksum_status[0]) == (SOURCE6, layers.GOOD)
    batch, _ = read(backend, eth(0x0800, ip4(58, icmp6())))
    assert (batch.family[0], batch.source(0)) == (6, SOURCE)
    assert batch.checksum_status[0] == layers.UNVERIFIED


def test_the_pseudo_header_has_the_final_destination(backend):
    """RFC 8200 section 8.1: of a routing header with segments left, the last address."""
    final = "2001:db8::f1"
    type_0 = b"\x3a\2\0\1" + bytes(4) + packed(final)
    assert read(backend, eth(0x86DD, ip6(43, type_0 + icmp6(dst=final))))[0].checksum_status[0] == layers.GOOD
    arrived = b"\x3a\2\0\0" + bytes(4) + packed(final)
    assert read(backend, eth(0x86DD, ip6(43, arrived + icmp6())))[0].checksum_status[0] == layers.GOOD
    segments = b"\x3a\4\4\1\1\0\0\0" + packed(final) + packed("2001:db8::f2")
    assert (
        read(backend, eth(0x86DD, ip6(43, segments + icmp6(dst=final))))[0].checksum_status[0] == layers.GOOD
    )
    # RFC 6554 section 3: fifteen octets left out of the last address, seven of padding.
    rpl = b"\x3a\1\3\1\xff\x70\0\0" + b"\xf1" + bytes(7)
    assert read(backend, eth(0x86DD, ip6(43, rpl + icmp6(dst=final))))[0].checksum_status[0] == layers.GOOD


def test_verdicts(backend):
    assert verdict(backend, eth(0x0800, ip4(6, bytes(20)))) == 6
    assert verdict(backend, eth(0x0800, ip4(17, udp(53, b"?")))) == 17
    assert verdict(backend, eth(0x86DD, ip6(89, bytes(20)))) == 89
    assert verdict(backend, eth(0x0806, bytes(28))) == layers.ETHERTYPES + 0x0806
    assert verdict(backend, eth(3, b"\x42\x42\x03")) == layers.NOT_IP
    assert verdict(backend, FRAME[:30], wire=len(FRAME)) == layers.CUT_SHORT
    assert verdict(backend, FRAME[:30]) == layers.MALFORMED
    assert verdict(backend, eth(0x0800, b"\x44" + PING[1:])) == layers.MALFORMED
    assert verdict(backend, eth(0x0800, ip4(1, icmp(), total=19))) == layers.MALFORMED
    assert verdict(backend, eth(0x0800, ip4(1, b""))) == layers.MALFORMED
    assert verdict(backend, b"\x08\x41" + bytes(50), 105) == layers.ENCRYPTED
    assert verdict(backend, eth(0x88E5, b"\x0c" + bytes(40))) == layers.ENCRYPTED
    assert verdict(backend, bytes(40), 187) == layers.NOT_DECODED
    # Not opened: what PIM and sFlow carry is their payload.
    assert verdict(backend, eth(0x0800, ip4(103, b"\x21" + bytes(7) + PING))) == 103
    assert verdict(backend, eth(0x0800, ip4(17, udp(6343, FRAME)))) == 17
    assert verdict(backend, eth(0x86DD, ip6(135, b"\x3b\1" + bytes(14)))) == 135


def test_depth_is_bounded(backend):
    tags = b"\x81\0\0\1" * (layers.MAX_LAYERS - 3)
    assert len(read(backend, eth(0x8100, tags[2:] + b"\x08\0" + PING))[0]) == 1
    tags += b"\x81\0\0\1" * 3
    assert verdict(backend, eth(0x8100, tags[2:] + b"\x08\0" + PING)) == layers.TOO_DEEP


def test_paths_that_are_made_to_meet_in_the_table_are_not_looked_for_long(backend):
    # All these steps have their place among 256 of the 131072 there are.
    keys = np.arange(1 << 20, dtype=np.int64) * 40503
    steps = np.flatnonzero(((keys ^ keys >> 17) & 2 * layers.MAX_PATHS - 1) < 256).tolist()
    child = scanner(backend)._kernel.child
    found = [child(0, step) for step in steps]
    # So many are certain, and hardly more: the others end where there is no number left.
    assert found[: layers.PROBES] == list(range(1, layers.PROBES + 1))
    assert max(found) < layers.PROBES + 256 < len(steps) - 500
    assert found[-1] == child(0, steps[-1]) == 0


def test_tunnels_stay_closed_on_demand(backend):
    for name in ("4-in-4", "6-in-6", "gre", "vxlan", "etherip", "teredo", "l2tpv3", "mpls-in-udp"):
        assert verdict(backend, CASES[name][1], tunnels=False) in layers.PROTOCOLS
    assert verdict(backend, CASES["mpls-ethernet"][1], tunnels=False) == layers.NOT_IP
    for name in ("vlan", "mpls", "pppoe", "ah", "hop-by-hop"):  # nothing of this is a tunnel
        assert len(read(backend, CASES[name][1], tunnels=False)[0]) == 1


# --- fragments ------------------------------------------------------------------------------------------------------

MORE = 0x2000


def test_fragments_wait_to_be_put_together(backend):
    message = icmp(body=bytes(40))
    first = eth(0x0800, ip4(1, message[:24], fragment=MORE))
    later = eth(0x0800, ip4(1, message[24:], fragment=3))
    here = scanner(backend)
    (batch,) = here.scan(block(first, later, eth(0x0800, ip4(6, bytes(24), fragment=3))))
    assert batch.frame.tolist() == [1, 2]
    assert batch.flags.tolist() == [layers.FRAGMENT | layers.PENDING, layers.PENDING | layers.BARE]
    assert batch.family.tolist() == [4, 0]
    assert batch.type.tolist() == [8, 0]
    assert batch.checksum_status.tolist() == [layers.UNVERIFIED] * 2
    assert [batch.octets[at] for at in batch.ip] == [0x45, 0x45]
    assert here.counts[[layers.MESSAGE4, layers.LATER_FRAGMENT, 6]].tolist() == [1, 1, 1]
    whole = here.datagram(ip4(1, message), batch, 1)
    assert whole.flags[0] == layers.REASSEMBLED
    assert (whole.frame[0], whole.time_ns[0], whole.checksum_status[0]) == (2, 1001, layers.GOOD)
    assert whole.paths[whole.path[0]] == ("eth", "ip")
    assert whole.message_octets(0) == message
    assert here.counts.sum() == 3
    assert Batch.join([batch, whole]).frame.tolist() == [1, 2, 2]


def test_without_reassembly_a_first_fragment_is_a_message(backend):
    here = scanner(backend, reassemble=False)
    message = icmp6(body=bytes(40))
    first = eth(0x86DD, ip6(44, b"\x3a\0\0\1\0\0\0\1" + message[:24]))
    later = eth(0x86DD, ip6(44, b"\x3a\0\0\x18\0\0\0\1" + message[24:]))
    (batch,) = here.scan(block(first, later))
    assert batch.flags.tolist() == [layers.FRAGMENT]
    assert batch.checksum_status.tolist() == [layers.UNVERIFIED]
    assert here.counts[[layers.MESSAGE6, layers.LATER_FRAGMENT]].tolist() == [1, 1]


def test_fragments_of_tunnels_wait_bare(backend):
    inner = ip4(1, icmp(body=bytes(60)), src="10.0.0.1")
    carried = ip4(47, b"\0\0\x08\0" + inner)
    pieces = [
        eth(0x8100, b"\0\7\x08\0" + ip4(47, carried[20:68], fragment=MORE)),
        eth(0x8100, b"\0\7\x08\0" + ip4(47, carried[68:], fragment=6)),
    ]
    here = scanner(backend)
    (batch,) = here.scan(block(*pieces))
    assert batch.flags.tolist() == [
        layers.PENDING | layers.BARE | layers.FRAGMENT, layers.PENDING | layers.BARE,
    ]  # fmt: skip
    assert here.counts[47] == 2
    whole = here.datagram(carried, batch, 1)
    assert whole.flags[0] == layers.REASSEMBLED | layers.TUNNEL
    assert whole.paths[whole.path[0]] == ("eth", "vlan 7", "ip", "gre", "ip")
    assert (whole.source(0), whole.checksum_status[0]) == ("10.0.0.1", layers.GOOD)
    # The rest never came.
    first = batch.octets[batch.ip[0] : batch.frame_end[0]].tobytes()
    alone = here.datagram(first, batch, 0, alone=True)
    assert alone.flags[0] & (layers.FRAGMENT | layers.PENDING | layers.REASSEMBLED) == layers.FRAGMENT
    assert alone.source(0) == "10.0.0.1"
    assert not list(scanner(backend, tunnels=False).scan(block(*pieces)))


def test_fragments_within_reassembled_datagrams_wait_again(backend):
    inner = ip4(1, icmp(), fragment=MORE)
    here = scanner(backend)
    (batch,) = here.scan(block(eth(0x0800, ip4(4, inner[:24], fragment=MORE))))
    again = here.datagram(ip4(4, inner), batch, 0)
    assert again.flags[0] & layers.PENDING
    assert again.paths[again.path[0]] == ("eth", "ip", "ip")
    deeper = here.datagram(ip4(1, icmp()), again, 0)
    assert deeper.flags[0] == layers.REASSEMBLED | layers.TUNNEL
    assert deeper.paths[deeper.path[0]] == ("eth", "ip", "ip")


def test_a_fragment_behind_authentication_keeps_its_path(backend):
    here = scanner(backend)
    datagram = ip4(51, b"\1\4\0\0" + bytes(20) + icmp())
    (batch,) = here.scan(block(eth(0x0800, datagram[:6] + b"\x20\0" + datagram[8:])))
    assert batch.flags[0] == layers.PENDING | layers.FRAGMENT
    whole = here.datagram(datagram, batch, 0)
    assert whole.paths[whole.path[0]] == ("eth", "ip", "ah")


def test_a_datagram_without_a_message_gives_no_row(backend):
    here = scanner(backend)
    (batch,) = here.scan(block(eth(0x0800, ip4(17, udp(4789, b""), fragment=MORE))))
    assert len(here.datagram(ip4(17, udp(4789, bytes(8))), batch, 0)) == 0


# --- batches --------------------------------------------------------------------------------------------------------


def test_a_batch_owns_its_memory_and_is_compact(backend):
    here = scanner(backend)
    tcp = eth(0x0800, ip4(6, bytes(1000)))
    stretch = block(tcp, FRAME, tcp, eth(0x86DD, PING6), flags=SHORTENED)
    (batch,) = here.scan(stretch)
    stretch.octets[:] = bytes(len(stretch.octets))
    stretch.records.time_ns[:] = 0
    list(here.scan(block(eth(0x0800, ip4(1, icmp(kind=13))))))
    assert batch.octets.tobytes() == FRAME + eth(0x86DD, PING6)
    assert batch.frame.tolist() == [2, 4]
    assert batch.time_ns.tolist() == [1001, 1003]
    assert batch.type.tolist() == [8, 128]
    assert batch.record_flags.tolist() == [SHORTENED] * 2
    assert [batch.frame_octets(row) for row in (0, 1)] == [FRAME, eth(0x86DD, PING6)]
    assert batch.src[0].tobytes() == packed(SOURCE) + bytes(12)
    for name, dtype in DTYPES.items():
        assert getattr(batch, name).dtype == dtype
        assert getattr(batch, name).base is None or name in ("src", "dst")


def test_interfaces_may_come_later_and_have_link_types_of_their_own(backend):
    interfaces = [Interface(1)]
    here = Scanner(Origin("x", "pcapng", interfaces), module=backend)
    list(here.scan(block(FRAME)))
    interfaces += [Interface(187), Interface(101), Interface(9999), Interface(187)]
    (batch,) = here.scan(block(PING, bytes(9), bytes(9), b"", interface=[2, 1, 3, 4]))
    assert batch.interface.tolist() == [2]
    assert here.skipped_links == {187: 2, 9999: 1}
    assert here.counts[layers.NOT_DECODED] == 3


def test_a_frame_check_sequence_is_no_payload(backend):
    here = Scanner(Origin("x", "pcap", [Interface(1, fcs=4)]), module=backend)
    batch = only(list(here.scan(block(eth(0x0800, ip4(1, icmp(), total=0)) + b"fcs!"))))
    assert batch.message_octets(0) == icmp()


def test_many_paths_are_told_apart(backend):
    here = scanner(backend)
    found = list(here.scan(block(*(eth(0x8100, struct.pack(">HH", k, 0x0800) + PING) for k in range(4096)))))
    paths = [here.paths[k] for batch in found for k in batch.path]
    assert paths == [("eth", f"vlan {k}", "ip") for k in range(4096)]
    assert here.paths[0] == ()


def test_a_block_may_have_more_packets_than_usual(backend):
    here = scanner(backend)
    (batch,) = here.scan(block(*[PING[:1]] * 10, *[FRAME] * 66000))
    assert len(batch) == 66000
    assert batch.frame[-1] == 66010


# --- hostile octets -------------------------------------------------------------------------------------------------

FRAMES = [(link_type, packet) for link_type, packet, _ in CASES.values()]
DECODED = [number for number, link in LINKS.items() if link.layer]


@st.composite
def hostile(draw):
    """Return packets with their link types: arbitrary, or a good one with a few octets changed."""
    packets = []
    for _ in range(draw(st.integers(1, 8))):
        if draw(st.booleans()):
            packets.append((draw(st.sampled_from(DECODED)), draw(st.binary(max_size=120))))
            continue
        link_type, packet = draw(st.sampled_from(FRAMES))
        changed = bytearray(packet)
        for _ in range(draw(st.integers(0, 4))):
            changed[draw(st.integers(0, len(packet) - 1))] = draw(st.integers(0, 255))
        packets.append((link_type, bytes(changed[: draw(st.integers(0, len(packet)))])))
    return packets


@settings(max_examples=300)
@given(hostile(), st.booleans(), st.booleans(), st.integers(0, 100))
def test_any_octets_give_one_verdict_and_the_same_on_both_back_ends(packets, tunnels, reassemble, more):
    results = []
    for module in BACKENDS.values():
        here = scanner(
            module, *(link_type for link_type, _ in packets), tunnels=tunnels, reassemble=reassemble
        )
        octets = [packet for _, packet in packets]
        stretch = block(*octets, wire=[len(p) + more for p in octets], interface=range(len(octets)))
        found = list(here.scan(stretch))
        assert here.counts.sum() == len(packets)
        for batch in found:
            assert (batch.captured >= 0).all()
            assert (batch.captured <= batch.length).all()
            assert (batch.icmp + batch.captured <= batch.frame_end).all()
            assert (batch.frame_start <= batch.ip).all()
        results.append((here.counts.tolist(), here.paths, [_columns(batch) for batch in found]))
    assert all(result == results[0] for result in results)


def _columns(batch):
    return {name: getattr(batch, name).tolist() for name in DTYPES}


# --- real captures --------------------------------------------------------------------------------------------------

STATUS = {"1": layers.GOOD, "0": layers.BAD, "2": layers.UNVERIFIED, "3": layers.UNVERIFIED}


def test_real_captures_agree_with_tshark(backend, shared):
    csv.field_size_limit(1 << 30)
    seen = same = 0
    for table in sorted((shared / "captures" / "expected").rglob("*.tsv")):
        path = shared / "captures" / "files" / str(table.relative_to(shared / "captures" / "expected"))[:-4]
        try:
            ours = _by_frame(path, backend)
        except CaptureError:
            continue
        with table.open(newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t"):
                wanted = _expected(row)
                if wanted is not None:
                    seen += 1
                    same += ours.get(int(row["frame.number"])) == wanted
    assert seen > 17000
    assert same / seen >= 0.999


def _by_frame(path, backend):
    found = {}
    with open_capture(path) as reader:
        here = Scanner(Origin(str(path), reader.format, reader.interfaces), reassemble=False, module=backend)
        for stretch in reader:
            for batch in here.scan(stretch):
                for row in range(len(batch)):
                    found[int(batch.frame[row])] = (
                        int(batch.type[row]), int(batch.code[row]), batch.source(row), batch.destination(row),
                        int(batch.ttl[row]), int(batch.checksum[row]), int(batch.checksum_status[row]),
                    )  # fmt: skip
        assert here.counts.sum() == reader.report.packets
    return found


def _expected(row):
    family = "icmpv6" if row["proto"].startswith("icmpv6") else "icmp"
    if not row[f"{family}.checksum"]:
        return None
    six = family == "icmpv6" and row["ipv6.src"]
    names = ("ipv6.src", "ipv6.dst", "ipv6.hlim") if six else ("ip.src", "ip.dst", "ip.ttl")
    src, dst, ttl = (row[name].split(",")[0] for name in names)
    kind, code, checksum = (
        int(row[f"{family}.{name}"].split(",")[0] or "0", 0) for name in ("type", "code", "checksum")
    )
    return kind, code, src, dst, int(ttl), checksum, STATUS[row[f"{family}.checksum.status"].split(",")[0]]
