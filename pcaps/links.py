"""One frame for each link type that is read, with an echo request in it."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

from model import HOST_MAC, ROUTER_MAC

if TYPE_CHECKING:
    from collections.abc import Iterator

LLC_IP = bytes.fromhex("aaaa03 000000 0800")
"""LLC and SNAP before an IPv4 datagram (RFC 1042)."""

HOST_OCTETS, ROUTER_OCTETS = (bytes.fromhex(mac.replace(":", "")) for mac in (HOST_MAC, ROUTER_MAC))
TO_ROUTER = ROUTER_OCTETS + HOST_OCTETS
"""Destination and source of what the host sends."""

BEFORE_IP = {
    0: "02000000",  # BSD loopback, family of little-endian machines
    9: "ff03 0021",
    12: "",
    14: "",
    18: "",
    50: "0f00 0800",  # Cisco HDLC on a serial line
    101: "",
    104: "0f00 0800",
    107: "1841 03cc",  # DLCI 100, RFC 2427
    108: "00000002",
    109: "02000000 00001234 00000000",  # family, SPI, flags
    166: "00 ff03 0021",
    204: "00 ff03 0021",
    205: "00 0f00 0800",
    206: "00 1841 03cc",
    219: "03e841 40",  # label 16004, bottom, TTL 64
    228: "",
    7: "0a 01 d4 00 0000",  # from 10 to 1, IP of RFC 1201, whole, sequence number
    129: "0a 01 0000 d4 00 0000",
    8: "00 40" + 14 * "00",  # received, IP not compressed
}
"""What stands before an IPv4 datagram."""

BEFORE_LLC = {
    10: "50" + TO_ROUTER.hex(),
    6: "1040" + TO_ROUTER.hex(),
    100: "",
    106: "",
    122: "1000" + ROUTER_OCTETS.hex() + "1000" + HOST_OCTETS.hex(),
    123: "02 00 0020",  # LLC, VPI 0, VCI 32
}
"""What stands before LLC."""

BEFORE_ETHERNET = {
    1: "",
    282: "00000005",  # from port 5 of the switch
}
"""What stands before an Ethernet frame."""

BEFORE_TYPE = {
    138: "00005efffe005301 00005efffe005310",  # IEEE 1394 addresses
    281: TO_ROUTER.hex() + "00000005",
    284: TO_ROUTER.hex() + "c0280000",  # forwarded, port 5
    285: TO_ROUTER.hex() + "dada0000 c0280000",
}
"""What stands before an Ethernet type and an IPv4 datagram."""

PREAMBLE = bytes.fromhex("55555555555555d5")
"""What an Ethernet frame begins with on the wire (IEEE 802.3, 3.2.1 and 3.2.2)."""


def wlan(packet: bytes) -> bytes:
    """Return an 802.11 data frame from the access point to the host, with LLC in it."""
    from scapy.layers.dot11 import Dot11

    header = Dot11(type=2, FCfield=2, addr1=HOST_MAC, addr2=ROUTER_MAC, addr3=ROUTER_MAC)
    return bytes(header) + LLC_IP + packet


def before_wlan() -> dict[int, bytes]:
    """Return what stands before an 802.11 frame."""
    from scapy.layers.dot11 import RadioTap

    return {
        105: b"",
        119: struct.pack("<II16s", 0x44, 144, b"wlan0").ljust(144, b"\0"),
        127: bytes(RadioTap(present=0)),
        163: struct.pack(">II", 0x80211001, 64).ljust(64, b"\0"),
        192: struct.pack("<BBHI", 0, 0, 8, 105),
    }


def cooked(packet: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield Linux's cooked captures and its log of the packet filter."""
    from scapy.layers.l2 import CookedLinux, CookedLinuxV2

    address: dict[str, Any] = {"lladdrlen": 6, "src": HOST_OCTETS + b"\0\0"}
    yield 113, bytes(CookedLinux(pkttype=4, lladdrtype=1, proto=0x0800, **address)) + packet
    header = CookedLinuxV2(proto=0x0800, ifindex=2, lladdrtype=1, pkttype=4, **address)
    yield 276, bytes(header) + packet
    prefix = struct.pack("<HH", 4 + 6, 10) + b"probe\0".ljust(8, b"\0")
    yield 239, b"\2\0\0\0" + prefix + struct.pack("<HH", 4 + len(packet), 9) + packet


def checked(frame: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield Ethernet frames that keep their check sequence."""
    # It goes least significant octet first (IEEE 802.3, 3.2.9).
    frame += zlib.crc32(frame).to_bytes(4, "little")
    version, transparent, length = 1 << 10, 1 << 9, 1 << 16
    yield 240, struct.pack("<I", version | len(frame) * length) + frame
    whole = PREAMBLE + frame
    yield 241, struct.pack("<I", version | transparent | len(whole) * length) + whole
    yield 274, whole


def recorded(packet: bytes, frame: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield frames with headers of who captured them."""
    time = struct.pack("<Q", 1_704_110_400 << 32)
    kinds = ((175, 2, b"\0\0" + frame), (176, 1, b"\xff\3\0\x21" + packet), (197, 2, b"\0\0" + frame))
    for link_type, kind, inner in kinds:
        record = struct.pack(">BBHHH", kind, 4, 16 + len(inner), 0, len(inner))
        yield link_type, time + record + inner
    names = struct.pack("<III24s", 108, 1, 1, b"en0").ljust(108, b"\0")
    yield 149, names + frame
    yield 258, names + frame
    log = struct.pack(">BBBB16s16sIIiIiIB3x", 61, 2, 1, 0, b"em0", b"", 4, 0, -1, 0, -1, 0, 1)
    yield 117, log + packet
    yield 226, struct.pack(">BBHIIIII", 1, 2, 0, len(packet), 2, 0, 0, 0) + packet


def links(packet: bytes, packet6: bytes, frame: bytes) -> dict[int, bytes]:
    """Return a frame for each link type.

    Args:
        packet: an IPv4 datagram.
        packet6: an IPv6 datagram.
        frame: an Ethernet frame.
    """
    out = {number: bytes.fromhex(header) + packet for number, header in BEFORE_IP.items()}
    out |= {number: bytes.fromhex(header) + LLC_IP + packet for number, header in BEFORE_LLC.items()}
    out |= {number: bytes.fromhex(header) + frame for number, header in BEFORE_ETHERNET.items()}
    out |= dict(checked(frame))
    ip_type = b"\x08\0"
    for number, before in BEFORE_TYPE.items():
        out[number] = bytes.fromhex(before) + ip_type + packet
    out[242] = bytes(40) + ip_type + b"\0\0" + packet
    out[51] = struct.pack(">BBHHH", 0x11, 0, 1, len(packet) + 2, 0x0021) + packet
    out |= {number: header + wlan(packet) for number, header in before_wlan().items()}
    out |= dict(cooked(packet)) | dict(recorded(packet, frame))
    out[229] = packet6
    return dict(sorted(out.items()))
