"""One frame for each tunnel and tag that is opened, with an echo request in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model import HOST_MAC, ROUTER_MAC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scapy.packet import Packet

NEAR, FAR = "192.0.2.1", "203.0.113.1"
NEAR6, FAR6 = "2001:db8:1::1", "2001:db8:ffff::1"
"""The ends of the tunnels."""
UDP, EPHEMERAL = 17, 0xC000


def ether(kind: int) -> Packet:
    """Return an Ethernet header."""
    from scapy.layers.l2 import Ether

    return Ether(src=HOST_MAC, dst=ROUTER_MAC, type=kind)


def outer(protocol: int = UDP) -> Packet:
    """Return Ethernet and IPv4 around a tunnel."""
    from scapy.layers.inet import IP

    return ether(0x0800) / IP(src=NEAR, dst=FAR, proto=protocol, id=1)


def outer6(protocol: int) -> Packet:
    """Return Ethernet and IPv6 around a tunnel."""
    from scapy.layers.inet6 import IPv6

    return ether(0x86DD) / IPv6(src=NEAR6, dst=FAR6, nh=protocol)


def udp(port: int) -> Packet:
    """Return everything up to the UDP header of a tunnel."""
    from scapy.layers.inet import UDP as Udp  # noqa: N811 - scapy takes long to import; UDP is the number

    # A source port of its own keeps readers from taking one tunnel for an earlier one.
    return outer() / Udp(sport=EPHEMERAL | port & ~EPHEMERAL, dport=port)


def octets(text: str) -> Packet:
    """Return octets that scapy has no layer for."""
    from scapy.packet import Raw

    return Raw(bytes.fromhex(text))


def tags(ip: Packet, ip6: Packet) -> Iterator[tuple[str, Packet]]:
    """Yield what stands between Ethernet and IP."""
    from scapy.contrib.macsec import MACsec
    from scapy.contrib.mpls import MPLS, EoMCW
    from scapy.contrib.nsh import NSH
    from scapy.layers.l2 import LLC, SNAP, Dot1AD, Dot1Q, Dot3
    from scapy.layers.ppp import PPP, PPPoE

    frame = ether(0x0800) / ip
    yield "802.1Q", ether(0x8100) / Dot1Q(vlan=12, type=0x0800) / ip
    stacked = Dot1AD(vlan=100, type=0x8100) / Dot1Q(vlan=12, type=0x86DD)
    yield "802.1ad, stacked tags", ether(0x88A8) / stacked / ip6
    yield "802.3 with LLC and SNAP", Dot3(src=HOST_MAC, dst=ROUTER_MAC) / LLC() / SNAP(code=0x0800) / ip
    two = MPLS(label=16004, s=0, ttl=63) / MPLS(label=24001, s=1, ttl=63)
    yield "MPLS, two labels", ether(0x8847) / two / ip
    one = MPLS(label=16004, s=1, ttl=63)
    yield "Ethernet over MPLS", ether(0x8847) / one / frame
    yield "Ethernet over MPLS with a control word", ether(0x8847) / one / EoMCW(seq=1) / frame
    yield "PPPoE", ether(0x8864) / PPPoE(sessionid=1) / PPP(proto=0x0021) / ip
    plain = MACsec(SC=0, ES=1, E=0, C=0, AN=0, pn=1)
    # The check value of 16 octets is not the datagram's, of which scapy would take it for the data.
    yield "MACsec without encryption", ether(0x88E5) / plain / octets("0800" + bytes(ip).hex() + 16 * "a5")
    yield "provider backbone bridges", ether(0x88E7) / octets("00 012345") / frame
    yield "HSR", ether(0x892F) / octets("0034 0001 0800") / ip
    yield "VN-Tag", ether(0x8926) / octets("00010000 0800") / ip
    yield "E-Tag of 802.1BR", ether(0x893F) / octets("0000 0001 0000 0800") / ip
    yield "Cisco metadata", ether(0x8909) / octets("0101 0001 0010 0800") / ip
    yield "NSH", ether(0x894F) / NSH(mdtype=2, nextproto=1, spi=42, si=255) / ip


def in_ip(ip: Packet, ip6: Packet) -> Iterator[tuple[str, Packet]]:
    """Yield what has a protocol number of IP."""
    from scapy.contrib.erspan import ERSPAN_II, ERSPAN_III
    from scapy.contrib.etherip import EtherIP
    from scapy.contrib.mpls import MPLS
    from scapy.layers.l2 import GRE, GRE_PPTP
    from scapy.layers.ppp import PPP

    frame = ether(0x0800) / ip
    yield "IPv4 in IPv4", outer(4) / ip
    yield "IPv6 in IPv4", outer(41) / ip6
    yield "IPv4 in IPv6", outer6(4) / ip
    yield "IPv6 in IPv6", outer6(41) / ip6
    yield "GRE", outer(47) / GRE(proto=0x0800) / ip
    keyed = GRE(proto=0x86DD, key_present=1, key=42, seqnum_present=1, sequence_number=1, chksum_present=1)
    yield "GRE with checksum, key and sequence number", outer(47) / keyed / ip6
    yield (
        "PPTP: PPP in GRE",
        outer(47)
        / GRE_PPTP(call_id=1, seqnum_present=1, sequence_number=1, payload_len=4 + len(ip))
        / PPP(proto=0x0021)
        / ip,
    )
    yield "Ethernet in GRE", outer(47) / GRE(proto=0x6558) / frame
    yield "MPLS in GRE", outer(47) / GRE(proto=0x8847) / MPLS(label=16004, s=1, ttl=63) / ip
    mirrored = GRE(proto=0x88BE, seqnum_present=1, sequence_number=1)
    yield "ERSPAN type II", outer(47) / mirrored / ERSPAN_II(vlan=12, session_id=1) / frame
    newer = GRE(proto=0x22EB, seqnum_present=1, sequence_number=1)
    yield "ERSPAN type III", outer(47) / newer / ERSPAN_III(vlan=12, session_id=1) / frame
    yield "WCCP redirection in GRE", outer(47) / GRE(proto=0x883E) / octets("00000000") / ip
    yield "Cisco metadata in GRE", outer(47) / GRE(proto=0x8909) / octets("0800 0101 0001 0010") / ip
    yield "EtherIP", outer(97) / EtherIP() / frame
    yield "L2TPv3", outer(115) / octets("0000002a") / frame
    yield "MPLS in IP", outer(137) / MPLS(label=16004, s=1, ttl=63) / ip


def in_udp(ip: Packet, ip6: Packet) -> Iterator[tuple[str, Packet]]:
    """Yield what has a UDP port."""
    from scapy.contrib.geneve import GENEVE
    from scapy.contrib.gtp import GTP_U_Header
    from scapy.contrib.mpls import MPLS
    from scapy.layers.l2 import GRE
    from scapy.layers.l2tp import L2TP
    from scapy.layers.ppp import HDLC, PPP
    from scapy.layers.vxlan import VXLAN

    frame = ether(0x0800) / ip
    yield "VXLAN", udp(4789) / VXLAN(vni=42, flags="Instance") / frame
    yield "VXLAN GPE", udp(4790) / octets("0c000001 00002a00") / ip
    yield "Geneve", udp(6081) / GENEVE(vni=42, proto=0x6558) / frame
    yield "GTP-U", udp(2152) / GTP_U_Header(teid=42, gtp_type=255) / ip
    yield "Teredo", udp(3544) / ip6
    yield (
        "L2TP",
        udp(1701) / L2TP(hdr="", version=2, tunnel_id=1, session_id=2) / HDLC() / PPP(proto=0x0021) / ip,
    )
    yield "LISP", udp(4341) / octets("80123456 00000001") / ip
    yield "AYIYA", udp(5072) / octets("44520129 65939a00" + NEAR_HEX + 20 * "00") / ip6
    yield "GRE in UDP", udp(4754) / GRE(proto=0x0800) / ip
    yield "MPLS in UDP", udp(6635) / MPLS(label=16004, s=1, ttl=63) / ip


NEAR_HEX = "20010db8000100000000000000000001"
"""The identity of the near end for AYIYA: its address, 2**4 octets."""


def extension_headers(ip: Packet, ip6: Packet) -> Iterator[tuple[str, Packet]]:
    """Yield headers between IP and ICMP."""
    from scapy.layers.inet import IP, IPOption_RR
    from scapy.layers.inet6 import (
        IPv6,
        IPv6ExtHdrDestOpt,
        IPv6ExtHdrHopByHop,
        IPv6ExtHdrSegmentRouting,
        PadN,
        RouterAlert,
    )
    from scapy.layers.ipsec import AH

    message, message6 = ip.payload, ip6.payload
    ends: dict[str, Any] = {"src": ip.src, "dst": ip.dst}
    ends6: dict[str, Any] = {"src": ip6.src, "dst": ip6.dst}
    yield (
        "IPv4 options",
        ether(0x0800) / IP(proto=1, id=1, options=[IPOption_RR(pointer=8, routers=[NEAR])], **ends) / message,
    )
    verified = AH(nh=1, payloadlen=4, spi=0x1234, seq=1, icv=bytes(12))
    yield "AH in IPv4", ether(0x0800) / IP(proto=51, id=1, **ends) / verified / message
    alert = IPv6ExtHdrHopByHop(nh=60, options=[RouterAlert(value=0)])
    padded = IPv6ExtHdrDestOpt(nh=58, options=[PadN(optdata=bytes(2))])
    yield (
        "hop-by-hop and destination options",
        ether(0x86DD) / IPv6(nh=0, **ends6) / alert / padded / message6,
    )
    route = IPv6ExtHdrSegmentRouting(nh=58, addresses=[ip6.dst], segleft=0, lastentry=0)
    yield "segment routing", ether(0x86DD) / IPv6(nh=43, **ends6) / route / message6
    # With a value of 12 octets the header has 24, a multiple of eight as IPv6 needs (RFC 4302, 2.2).
    verified6 = AH(nh=58, payloadlen=4, spi=0x1234, seq=1, icv=bytes(12))
    yield "AH in IPv6", ether(0x86DD) / IPv6(nh=51, **ends6) / verified6 / message6


def tunnels(ip: Packet, ip6: Packet) -> Iterator[tuple[str, bytes]]:
    """Yield what each frame shows, and the frame.

    Args:
        ip: an IPv4 datagram of scapy's.
        ip6: an IPv6 datagram of scapy's.
    """
    for group in (tags, in_ip, in_udp, extension_headers):
        for name, packet in group(ip, ip6):
            yield name, bytes(packet)
