"""Datagrams for errors to quote, made with the shapes that read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model import HOST, HOST6, SERVER, SERVER6

from dissector.checksum import internet_checksum
from dissector.tails.headers import (
    FragmentHeader,
    IcmpQueryHeader,
    Ipv4Header,
    Ipv6Header,
    SctpHeader,
    TcpHeader,
    UdpHeader,
)
from dissector.tails.quoted import Quote

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from dissector.layout import Shape

    Address = IPv4Address | IPv6Address

ICMP, TCP, UDP, ICMPV6, SCTP, NO_NEXT, FRAGMENT = 1, 6, 17, 58, 132, 59, 44
EPHEMERAL, TRACEROUTE, DNS, HTTPS, SSH = 49152, 33434, 53, 443, 22
SHORT_QUOTE = 28
"""Octets of the header and 8 of the data: what RFC 792 asks for."""


def ipv4(
    payload: bytes, protocol: int, *, src: IPv4Address = HOST, dst: IPv4Address = SERVER, **fields: Any
) -> bytes:
    """Return an IPv4 datagram with its header's checksum; ``fields`` are those of :class:`Ipv4Header`."""
    values: dict[str, Any] = (
        {"total_length": 0, "identification": 0x1C46, "ttl": 1}
        | {"protocol": protocol, "src": src, "dst": dst}
        | fields
    )
    bare = Ipv4Header(**values)
    length = len(bare.encode())
    if not bare.total_length:
        bare = bare.replace(total_length=length + len(payload))
    bare = bare.replace(header_length=length)
    return bare.replace(header_checksum=internet_checksum(bare.encode())).encode() + payload


def ipv6(
    payload: bytes, next_header: int, *, src: IPv6Address = HOST6, dst: IPv6Address = SERVER6, **fields: Any
) -> bytes:
    """Return an IPv6 packet; ``fields`` are those of :class:`Ipv6Header`."""
    values = {"payload_length": len(payload), "hop_limit": 1, "flow_label": 0x5EED2} | fields
    return Ipv6Header(next_header=next_header, src=src, dst=dst, **values).encode() + payload


def summed(header: Shape, data: bytes, protocol: int, src: Address, dst: Address) -> bytes:
    """Return header and data, with the checksum over them and the pseudo header (RFC 9293, 3.1)."""
    octets = header.encode() + data
    pseudo = src.packed + dst.packed + len(octets).to_bytes(4, "big") + bytes((0, 0, 0, protocol))
    return header.replace(checksum=internet_checksum(pseudo + octets)).encode() + data


def udp(dport: int, data: bytes, src: Address = HOST, dst: Address = SERVER) -> bytes:
    """Return a UDP datagram."""
    header = UdpHeader(sport=EPHEMERAL, dport=dport, length=UdpHeader.layout.size + len(data))
    return summed(header, data, UDP, src, dst)


def tcp(dport: int, src: Address = HOST, dst: Address = SERVER, data: bytes = b"") -> bytes:
    """Return a TCP segment: a SYN, or data where there is some."""
    header = TcpHeader(
        sport=EPHEMERAL, dport=dport, seq=0x5EED0001, syn=not data, ack_flag=bool(data), window=64240
    )
    return summed(header, data, TCP, src, dst)


def echo(data: bytes = b"", *, kind: int = 8) -> bytes:
    """Return an ICMPv4 echo request."""
    header = IcmpQueryHeader(type=kind, identifier=0x1234, sequence=1)
    return header.replace(checksum=internet_checksum(header.encode() + data)).encode() + data


def sctp() -> bytes:
    """Return the start of an SCTP packet; its CRC stands for itself."""
    return SctpHeader(sport=EPHEMERAL, dport=5060, verification_tag=0, checksum=0x1D3BCA4F).encode()


def fragment(payload: bytes, next_header: int) -> bytes:
    """Return a first IPv6 fragment's header and payload."""
    header = FragmentHeader(next_header=next_header, more_fragments=True, identification=0x00BADA55)
    return header.encode() + payload


PATTERN = bytes(range(0x40, 0x60))
"""Data of traceroute's probes: @ABC and so on."""

TRACE = ipv4(udp(TRACEROUTE, PATTERN), UDP)
TRACE6 = ipv6(udp(TRACEROUTE, PATTERN, HOST6, SERVER6), UDP)


def short(datagram: bytes) -> Quote:
    """Return the quote of a datagram's header and the first 8 octets after it (RFC 792)."""
    return Quote.of(datagram[: (datagram[0] & 0x0F) * 4 + 8])
