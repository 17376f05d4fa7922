"""Packets and frames around the messages, made with scapy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model import HOST, HOST6, ROUTER_MAC, mac

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from scapy.packet import Packet

    from model import Example

ICMP, ICMPV6 = 1, 58
MINIMUM_FRAME = 60
"""Octets of an Ethernet frame without its checksum: shorter ones are padded."""


def datagram(example: Example, number: int = 1) -> Packet:
    """Return the IP datagram of an example.

    Args:
        example: the example.
        number: identification of an IPv4 datagram.
    """
    return ip_packet(
        example.octets, example.src, example.dst, hops=example.hops, number=number, alert=example.alert
    )


def ip_packet(
    message: bytes,
    src: IPv4Address | IPv6Address = HOST,
    dst: IPv4Address | IPv6Address = HOST,
    *,
    hops: int = 64,
    number: int = 1,
    alert: bool = False,
) -> Packet:
    """Return the IP datagram of a message; ``alert`` adds the Router Alert option (RFC 2711) to IPv6."""
    from scapy.layers.inet import IP  # noqa: PLC0415 - scapy takes long to import
    from scapy.layers.inet6 import IPv6, IPv6ExtHdrHopByHop, RouterAlert  # noqa: PLC0415 - as above
    from scapy.packet import Raw  # noqa: PLC0415 - as above

    if src.version == 4:  # noqa: PLR2004 - the IP version
        return IP(src=str(src), dst=str(dst), ttl=hops, id=number, proto=ICMP) / Raw(message)
    if alert:
        header = IPv6(src=str(src), dst=str(dst), hlim=hops)
        return header / IPv6ExtHdrHopByHop(nh=ICMPV6, options=[RouterAlert(value=0)]) / Raw(message)
    return IPv6(src=str(src), dst=str(dst), hlim=hops, nh=ICMPV6) / Raw(message)


def ethernet(example: Example, number: int = 1) -> bytes:
    """Return the Ethernet frame of an example, as it is on the first host's link."""
    return framed(datagram(example, number), example.src, example.dst)


def framed(
    packet: Packet,
    src: IPv4Address | IPv6Address = HOST,
    dst: IPv4Address | IPv6Address = HOST,
) -> bytes:
    """Return a packet in an Ethernet frame between two addresses."""
    from scapy.layers.l2 import Ether  # noqa: PLC0415 - scapy takes long to import

    kind = 0x0800 if src.version == 4 else 0x86DD  # noqa: PLR2004 - the IP version
    target = mac(dst)
    source = mac(src)
    if source == target:
        # Between two addresses of the far side: what the router sees from behind it.
        source = "00:00:5e:00:53:80"
    return bytes(Ether(src=source, dst=target, type=kind) / packet).ljust(MINIMUM_FRAME, b"\0")
