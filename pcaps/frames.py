"""Packets and frames around the messages, made with scapy, which takes long to import: so it is late."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from model import HOST, mac

if TYPE_CHECKING:
    from ipaddress import IPv6Address

    from model import Example
    from scapy.packet import Packet

ICMP, ICMPV6 = 1, 58
MINIMUM_FRAME = 60
"""Octets of an Ethernet frame without its checksum: shorter ones are padded."""


def datagram(example: Example, number: int = 1) -> Packet:
    """Return the IP datagram of an example; ``number`` is the identification of IPv4."""
    from scapy.packet import Raw

    return header(example, number) / Raw(example.octets)


def header(example: Example, number: int = 1) -> Packet:
    """Return what stands before the message of an example: its IP header, and Router Alert (RFC 2711)."""
    from scapy.layers.inet import IP
    from scapy.layers.inet6 import IPv6, IPv6ExtHdrHopByHop, RouterAlert

    src, dst = str(example.src), str(example.dst)
    if isinstance(example.src, IPv4Address):
        return IP(src=src, dst=dst, ttl=example.hops, id=number, proto=ICMP)
    if example.alert:
        options = IPv6ExtHdrHopByHop(nh=ICMPV6, options=[RouterAlert(value=0)])
        return IPv6(src=src, dst=dst, hlim=example.hops) / options
    return IPv6(src=src, dst=dst, hlim=example.hops, nh=ICMPV6)


def ethernet(example: Example, number: int = 1) -> bytes:
    """Return the Ethernet frame of an example, as it is on the first host's link."""
    return framed(datagram(example, number), example.src, example.dst)


def framed(
    packet: Packet,
    src: IPv4Address | IPv6Address = HOST,
    dst: IPv4Address | IPv6Address = HOST,
) -> bytes:
    """Return a packet in an Ethernet frame between two addresses."""
    from scapy.layers.l2 import Ether

    kind = 0x0800 if isinstance(src, IPv4Address) else 0x86DD
    target = mac(dst)
    source = mac(src)
    if source == target:
        # Between two addresses of the far side: what the router sees from behind it.
        source = "00:00:5e:00:53:80"
    return bytes(Ether(src=source, dst=target, type=kind) / packet).ljust(MINIMUM_FRAME, b"\0")
