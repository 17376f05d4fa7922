"""A router, and the host behind it, that answer probes in ways in which Linux does not.

Run in a namespace that does not forward: ``fake_hop.py MODE``. The first hop answers what has run out of hops, the
host everything else. It says "ready" when it listens, and ends with its standard input.
"""

from __future__ import annotations

import select
import socket
import sys
import time
from ipaddress import IPv4Address, IPv6Address, ip_address

from dissector.encoder import encode
from dissector.messages.errors import DestinationUnreachable, TimeExceeded
from dissector.messages.errors6 import DestinationUnreachable6, TimeExceeded6
from dissector.registry.model import Family
from dissector.tails.extensions import InterfaceInformation, LabelStackEntry, MplsLabelStack
from dissector.tails.interfaces import IfIndex, Name
from dissector.tails.quoted import Quote, extended

ETH = {0x0800: 4, 0x86DD: 6}
PROTOCOLS = (1, 6, 17, 58)
OBJECTS = (
    MplsLabelStack(
        length=12,
        class_num=1,
        c_type=1,
        entries=[LabelStackEntry(label=16004, tc=0, ttl=1), LabelStackEntry(label=24, bottom=True, ttl=1)],
    ),
    InterfaceInformation(
        length=20,
        class_num=2,
        c_type=0x0A,
        parts=[IfIndex(if_index=5), Name.of("ge-0/0/1.5")],
    ),
)
EXCEEDED = {4: (TimeExceeded, 11, 0), 6: (TimeExceeded6, 3, 0)}
UNREACHABLE = {4: (DestinationUnreachable, 3, 3), 6: (DestinationUnreachable6, 1, 4)}
LATE = 0.7
"""Seconds; longer than a probe is waited for where a hop behind answers."""


STRANGERS = {4: IPv4Address("198.51.100.9"), 6: IPv6Address("2001:db8::9")}


def error(mode: str, packet: bytes, hop: IPv4Address | IPv6Address, about: bytes | None = None) -> bytes:
    """Return the error about a packet, as an IP packet; one that quotes something else is from a stranger."""
    version = packet[0] >> 4
    ends = (packet[12:16], packet[16:20]) if version == 4 else (packet[8:24], packet[24:40])
    src, dst = map(ip_address, ends)
    ttl = packet[8] if version == 4 else packet[7]
    shape, kind, code = (EXCEEDED if ttl == 1 else UNREACHABLE)[version]
    sender = hop if ttl == 1 else dst
    if about is not None:
        sender = STRANGERS[version]
    elif mode == "short" and version == 4:
        about = packet[:28]
    about = about or packet
    message = shape(type=kind, code=code, quote=Quote.of(about))
    if mode == "labels" and ttl == 1:
        message = extended(message, *OBJECTS)
    family = Family.ICMPV4 if version == 4 else Family.ICMPV6
    octets = encode(message, family, src=sender, dst=src)
    return headed(octets, sender, src)


def headed(octets: bytes, src, dst) -> bytes:
    """Return an ICMP message as an IP packet; the kernel writes the checksum of IPv4."""
    if src.version == 4:
        return (
            b"\x45\0"
            + (20 + len(octets)).to_bytes(2)
            + b"\0\0\0\0\x40\x01\0\0"
            + src.packed
            + dst.packed
            + octets
        )
    return b"\x60\0\0\0" + len(octets).to_bytes(2) + b"\x3a\x40" + src.packed + dst.packed + octets


def foreign(packet: bytes) -> list[bytes]:
    """Return packets that are like one of ours, but are not."""
    dst, head = (16, 20) if packet[0] >> 4 == 4 else (24, 40)
    places = (dst, head, head + 2, head + 10)
    return [packet[:at] + bytes([packet[at] ^ 0x55]) + packet[at + 1 :] for at in places]


def main() -> None:
    """Answer until standard input ends."""
    mode, hop4, hop6 = sys.argv[1], IPv4Address(sys.argv[2]), IPv6Address(sys.argv[3])
    listen = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    out = {
        4: socket.socket(socket.AF_INET, socket.SOCK_RAW, 255),
        6: socket.socket(socket.AF_INET6, socket.SOCK_RAW, 255),
    }
    late: list[tuple[float, int, bytes, str]] = []
    print("ready", flush=True)
    while True:
        there, _, _ = select.select([listen, sys.stdin], [], [], 0.02)
        while late and late[0][0] <= time.monotonic():
            _, version, answer, to = late.pop(0)
            out[version].sendto(answer, (to, 0))
        if sys.stdin in there:
            return
        if listen not in there:
            continue
        packet, (_, protocol, kind, *_) = listen.recvfrom(65535)
        version = ETH.get(protocol)
        if version is None or kind != socket.PACKET_HOST:
            continue
        upper = packet[9] if version == 4 else packet[6]
        if upper not in PROTOCOLS or (upper == 58 and packet[40] != 128):
            continue
        hop = hop4 if version == 4 else hop6
        sender = str(ip_address(packet[12:16] if version == 4 else packet[8:24]))
        for about in foreign(packet) if mode == "foreign" else []:
            out[version].sendto(error(mode, packet, hop, about), (sender, 0))
        answer = error(mode, packet, hop)
        ttl = packet[8] if version == 4 else packet[7]
        if mode == "late" and ttl == 1:
            late.append((time.monotonic() + LATE, version, answer, sender))
            continue
        out[version].sendto(answer, (sender, 0))
        if mode == "late":
            out[version].sendto(answer, (sender, 0))


if __name__ == "__main__":
    main()
