"""What scapy and dpkt read in a capture: type, code, checksum, identifier, sequence, addresses quoted.

Both are compared on the message that each finds first in a packet, from the outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import dpkt
from scapy.layers.inet import ICMP, ICMPerror
from scapy.layers.inet6 import _ICMPv6
from scapy.packet import NoPayload
from scapy.utils import PcapReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dissector.message import Message

LINKS = {
    dpkt.pcap.DLT_NULL: dpkt.loopback.Loopback,
    dpkt.pcap.DLT_EN10MB: dpkt.ethernet.Ethernet,
    dpkt.pcap.DLT_LINUX_SLL: dpkt.sll.SLL,
    276: dpkt.sll2.SLL2,
}
"""dpkt's class by LINKTYPE; raw IP is told by its version."""


class Reading(NamedTuple):
    """What a program reads in one message; None where it does not say.

    Attributes:
        type: the type.
        code: the code.
        checksum: the checksum as it stands.
        identifier: of queries and answers.
        sequence: of queries and answers.
        source: source address of the quoted datagram.
        destination: destination address of the quoted datagram.
    """

    type: int
    code: int | None
    checksum: int | None
    identifier: int | None = None
    sequence: int | None = None
    source: str | None = None
    destination: str | None = None


Numbered = tuple[int, Reading | None]
"""A packet's number, and what is read in it; None where no ICMP message is found."""


def ours(message: Message) -> Reading:
    """Return what we read."""
    quoted = message.quoted
    source, destination = (None, None) if quoted is None else (quoted.src, quoted.dst)
    return Reading(
        message.type or 0,
        message.code or 0,
        message.checksum or 0,
        message.fields.get("identifier"),
        message.fields.get("sequence"),
        None if source is None else str(source),
        None if destination is None else str(destination),
    )


def scapy_readings(capture: Path) -> Iterator[Numbered]:
    """Yield number and reading of every packet; None where scapy finds no ICMP message in one."""
    with PcapReader(str(capture)) as packets:
        for frame, packet in enumerate(packets, 1):
            yield frame, of_scapy(packet)


def of_scapy(packet: Any) -> Reading | None:
    """Return what scapy reads in a packet."""
    while not isinstance(packet, NoPayload):
        if isinstance(packet, ICMP | _ICMPv6) and not isinstance(packet, ICMPerror):
            quoted = packet.payload
            by_ip = quoted.name in ("IP in ICMP", "IPv6 in ICMPv6")
            return Reading(
                packet.type,
                packet.fields.get("code"),
                packet.fields.get("chksum", packet.fields.get("cksum")),
                packet.fields.get("id"),
                packet.fields.get("seq"),
                quoted.src if by_ip else None,
                quoted.dst if by_ip else None,
            )
        packet = packet.payload
    return None


def dpkt_readings(capture: Path) -> Iterator[Numbered]:
    """Yield number and reading of every packet; None where dpkt finds no ICMP message in one."""
    with capture.open("rb") as file:
        reader = dpkt.pcap.UniversalReader(file)
        link = LINKS.get(reader.datalink())
        for frame, (_, octets) in enumerate(reader, 1):
            kind = link or (dpkt.ip6.IP6 if octets[:1] >= b"\x60" else dpkt.ip.IP)
            try:
                packet = kind(octets)
            except dpkt.UnpackError:
                yield frame, None
            else:
                yield frame, of_dpkt(packet)


def of_dpkt(packet: Any) -> Reading | None:
    """Return what dpkt reads in a packet."""
    while isinstance(packet, dpkt.Packet):
        if isinstance(packet, dpkt.icmp.ICMP | dpkt.icmp6.ICMP6):
            body = packet.data
            inner = getattr(body, "data", None)
            quoted = inner if isinstance(inner, dpkt.ip.IP | dpkt.ip6.IP6) else None
            return Reading(
                packet.type,
                packet.code,
                packet.sum,
                getattr(body, "id", None),
                getattr(body, "seq", None),
                None if quoted is None else dpkt.utils.inet_to_str(quoted.src),
                None if quoted is None else dpkt.utils.inet_to_str(quoted.dst),
            )
        packet = packet.data
    return None
