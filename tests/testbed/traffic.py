"""Packets that make a kernel answer; ICMP messages among them are of the project's own encoder."""

from __future__ import annotations

import socket
import time
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from dissector.encoder import encode
from dissector.messages.echo import Echo
from dissector.registry.model import Family

if TYPE_CHECKING:
    from scapy.packet import Packet

    from dissector.messages.base import IcmpMessage
    from testbed.nodes import Host

DATA = bytes(range(0x10, 0x38))
"""What an echo carries, as that of ping."""
FROM, TRACE, CLOSED = 40000, 33434, 9
"""Ports: a client's, traceroute's first one, and one that nobody listens at."""

IP_MTU_DISCOVER, IP_MTU, IPV6_MTU_DISCOVER, IPV6_MTU, ALWAYS = 10, 14, 23, 24, 2
"""Linux's socket options of MTU discovery, which Python does not name (ip(7), ipv6(7))."""
ROUND = 0.06
"""Seconds between datagrams that find an MTU: errors about one are back by then."""


def header(src: str, dst: str, protocol: int, **fields: Any) -> Packet:
    """Return an IP header of the family of its addresses; ``ttl`` is the hop limit too."""
    from scapy.layers.inet import IP
    from scapy.layers.inet6 import IPv6

    if ip_address(dst).version == 4:
        return IP(src=src, dst=dst, proto=protocol, **fields)
    if "ttl" in fields:
        fields["hlim"] = fields.pop("ttl")
    return IPv6(src=src, dst=dst, nh=protocol, **fields)


def icmp(src: str, dst: str, message: IcmpMessage, **fields: Any) -> Packet:
    """Return an ICMP message in its packet."""
    from scapy.packet import Raw

    source, destination = ip_address(src), ip_address(dst)
    four = destination.version == 4
    octets = encode(message, Family.ICMPV4 if four else Family.ICMPV6, src=source, dst=destination)
    return header(src, dst, 1 if four else 58, **fields) / Raw(octets)


def echo(src: str, dst: str, sequence: int = 1, data: bytes = DATA, **fields: Any) -> Packet:
    """Return an echo request; its identifier is 77."""
    kind = 8 if ip_address(dst).version == 4 else 128
    return icmp(src, dst, Echo(type=kind, identifier=77, sequence=sequence, data=data), **fields)


def udp(src: str, dst: str, port: int = CLOSED, length: int = 8, **fields: Any) -> Packet:
    """Return a UDP datagram with so many octets of data."""
    from scapy.layers.inet import UDP
    from scapy.packet import Raw

    return header(src, dst, 17, **fields) / UDP(sport=FROM, dport=port) / Raw(bytes(length))


def knock(host: Host, dst: str, *lengths: int) -> None:
    """Have a kernel send UDP datagrams that it fragments only where the path's MTU, as it knows it, asks for it."""
    four = ip_address(dst).version == 4
    with host.socket(socket.AF_INET if four else socket.AF_INET6, socket.SOCK_DGRAM) as sender:
        for length in lengths:
            sender.sendto(bytes(length), (dst, CLOSED))


def ping(host: Host, src: str, dst: str, sequence: int) -> None:
    """Have a kernel send an echo request where its routes say."""
    request = bytes(echo(src, dst, sequence).payload)
    four = ip_address(dst).version == 4
    family, protocol = (
        (socket.AF_INET, socket.IPPROTO_ICMP) if four else (socket.AF_INET6, socket.IPPROTO_ICMPV6)
    )
    with host.socket(family, socket.SOCK_RAW, protocol) as sender:
        sender.sendto(request, (dst, 0))


def discover(host: Host, dst: str, rounds: int) -> int:
    """Have a kernel find the MTU of a path: it sends as much as it believes to fit, unfragmented, again and again.

    Returns:
        What it believes at the end.
    """
    four = ip_address(dst).version == 4
    family, level, headers = (
        (socket.AF_INET, socket.IPPROTO_IP, 28) if four else (socket.AF_INET6, socket.IPPROTO_IPV6, 48)
    )
    how, mtu = (IP_MTU_DISCOVER, IP_MTU) if four else (IPV6_MTU_DISCOVER, IPV6_MTU)
    with host.socket(family, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(level, how, ALWAYS)
        sender.connect((dst, CLOSED))
        for _ in range(rounds):
            sender.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # else what the last one met is raised now
            sender.send(bytes(sender.getsockopt(level, mtu) - headers))
            time.sleep(ROUND)
        return sender.getsockopt(level, mtu)
