"""Queries and their answers."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any

from dissector.messages.echo import ExtendedEchoRequest
from dissector.messages.queries import AddressMask, Information, Timestamp
from dissector.tails.extensions import Extensions, InterfaceByAddress, InterfaceByIndex, InterfaceByName
from testbed.model import scenario, v4, v6
from testbed.traffic import echo, header, icmp

if TYPE_CHECKING:
    from scapy.packet import Packet

    from dissector.tails.extensions import ExtensionObject
    from testbed.model import Playing, Record
    from testbed.network import Network

A, B, A6, B6 = "10.1.0.1", "10.1.0.2", "2001:db8:1::1", "2001:db8:1::2"
ALL, ALL6 = "10.1.0.255", "ff02::1"
EVERYBODY, EVERYBODY6 = "ff:ff:ff:ff:ff:ff", "33:33:00:00:00:01"
LONG = bytes(number % 251 for number in range(3000))
"""Data of an echo that needs three fragments."""
RECORD_ROUTE = bytes((7, 15, 4, *bytes(12)))
"""An IPv4 option with room for three addresses (RFC 791, 3.1)."""
PROBED = {"active": True, "ipv4": True, "ipv6": True}


def exchange(sent: int, answered: int, lost: int = 0, **more: int) -> Record:
    """Return what the summary must say of exchanges."""
    return {"sent": sent, "answered": answered, "lost": lost, "unasked": 0, **more}


@scenario(
    v4(8, 0, A, B, identifier=77, sequence=1, ttl=64),
    v4(0, 0, B, A, identifier=77, sequence=1, ttl=64),
    v4(8, 0, A, B, identifier=77, sequence=2, ttl=64),
    v4(0, 0, B, A, identifier=77, sequence=2, ttl=64),
    v6(128, 0, A6, B6, identifier=77, sequence=1, ttl=64),
    v6(129, 0, B6, A6, identifier=77, sequence=1, ttl=64),
    v6(128, 0, A6, B6, identifier=77, sequence=2, ttl=64),
    v6(129, 0, B6, A6, identifier=77, sequence=2, ttl=64),
    exchanges={"kinds": [exchange(2, 2, altered=0, duplicates=0)] * 2},
)
def echoes(net: Network) -> Playing:
    """Echo: two hosts on a cable, IPv4 and IPv6."""
    one, other = net.link(net.host(), net.host())
    yield one
    for src, dst in ((A, B), (A6, B6)):
        for number in (1, 2):
            one.send(other.mac, echo(src, dst, number))


@scenario(
    *(v4(kind, 0, *ends, fragment=True, identifier=77, sequence=1) for kind, *ends in ((8, A, B), (0, B, A))),
    *(
        v6(kind, 0, *ends, fragment=True, identifier=77, sequence=1)
        for kind, *ends in ((128, A6, B6), (129, B6, A6))
    ),
    exchanges={"kinds": [exchange(1, 1, altered=0)] * 2},
)
def echo_in_fragments(net: Network) -> Playing:
    """Echo in three fragments there and, made by the kernel, three back; put together again."""
    from scapy.layers.inet import fragment
    from scapy.layers.inet6 import IPv6ExtHdrFragment, fragment6

    one, other = net.link(net.host(), net.host())
    yield one
    one.send(other.mac, *fragment(echo(A, B, data=LONG, id=7), 1480))
    inner = echo(A6, B6, data=LONG).payload
    one.send(other.mac, *fragment6(header(A6, B6, 44) / IPv6ExtHdrFragment(id=7, nh=58) / inner, 1500))


@scenario(
    v4(8, 0, A, "10.2.0.3"),
    v4(0, 0, "10.2.0.3", A),
    exchanges={"kinds": [exchange(1, 1, altered=0)]},
)
def echo_with_options(net: Network) -> Playing:
    """Echo with the option Record Route, in which router and host note their addresses (RFC 791, 3.1)."""
    from scapy.layers.inet import IPOption

    ports = net.line(1)
    yield ports[0]
    ports[0].send(ports[1].mac, echo(A, "10.2.0.3", options=[IPOption(RECORD_ROUTE)]))


@scenario(
    v4(13, 0, A, B, identifier=77, sequence=1, originate=3600000, receive=0, transmit=0),
    v4(14, 0, B, A, identifier=77, sequence=1, originate=3600000, receive_ms=int, transmit_ms=int),
    exchanges={"kinds": [exchange(1, 1)]},
)
def timestamp(net: Network) -> Playing:
    """Timestamp: the other host's clock (RFC 792, page 16)."""
    one, other = net.link(net.host(), net.host())
    yield one
    one.send(other.mac, icmp(A, B, Timestamp(type=13, identifier=77, sequence=1, originate=3_600_000)))


@scenario(
    v4(17, 0, A, B, identifier=77, sequence=1),
    v4(15, 0, A, B, identifier=77, sequence=2),
    findings="deprecated recon-mask",
    exchanges={"kinds": [exchange(1, 0, 1)] * 2},
)
def mask_unanswered(net: Network) -> Playing:
    """Address Mask and Information Requests: Linux answers neither (RFC 6918 deprecates both)."""
    one, other = net.link(net.host(), net.host())
    yield one
    one.send(other.mac, icmp(A, B, AddressMask(type=17, identifier=77, sequence=1)))
    one.send(other.mac, icmp(A, B, Information(type=15, identifier=77, sequence=2)))


def probe(
    src: str, dst: str, sequence: int, kind: type[ExtensionObject], c_type: int, **values: Any
) -> Packet:
    """Return a question about an interface of a host, which an object of a kind names (RFC 8335, 2)."""
    bare = kind(length=0, class_num=3, c_type=c_type, **values)
    structure = Extensions.of(bare.replace(length=len(bare.encode())))
    number = 160 if ":" in dst else 42
    return icmp(
        src, dst, ExtendedEchoRequest(type=number, identifier=77, sequence=sequence, extensions=structure)
    )


@scenario(
    v4(42, 0, A, B, sequence=1, local=True),
    v4(43, 0, B, A, sequence=1, **PROBED),
    v4(42, 0, A, B, sequence=2),
    v4(43, 0, B, A, sequence=2, **PROBED),
    v4(42, 0, A, B, sequence=3),
    v4(43, 0, B, A, sequence=3, **PROBED),
    v4(42, 0, A, B, sequence=4),
    v4(43, 2, B, A, sequence=4, active=False, ipv4=False, ipv6=False),
    v4(42, 0, A, B, sequence=5),
    v4(43, 1, B, A, sequence=5, active=False),
    v6(160, 0, A6, B6, sequence=1),
    v6(161, 0, B6, A6, sequence=1, **PROBED),
    v6(160, 0, A6, B6, sequence=2),
    v6(161, 0, B6, A6, sequence=2, **PROBED),
    exchanges={"kinds": [exchange(5, 5), exchange(2, 2)]},
)
def extended_echo(net: Network) -> Playing:
    """Extended Echo (PROBE, RFC 8335): interfaces by name, index and address; one that is not there, and a query
    whose address is of no family. ``net.ipv4.icmp_echo_enable_probe`` is on."""
    one, other = net.link(net.host(), net.host())
    other.host.set("ipv4/icmp_echo_enable_probe", 1)
    four, six = IPv4Address(B).packed, IPv6Address(B6).packed
    yield one
    one.send(
        other.mac,
        probe(A, B, 1, InterfaceByName, 1, octets=b"eth1"),
        probe(A, B, 2, InterfaceByIndex, 2, if_index=other.if_index),
        probe(A, B, 3, InterfaceByAddress, 3, afi=1, address_length=len(four), octets=four),
        probe(A, B, 4, InterfaceByName, 1, octets=b"none"),
        probe(A, B, 5, InterfaceByAddress, 3, afi=9, address_length=4, octets=bytes(4)),
        probe(A6, B6, 1, InterfaceByName, 1, octets=b"eth1"),
        probe(A6, B6, 2, InterfaceByAddress, 3, afi=2, address_length=len(six), octets=six),
    )


@scenario(
    v4(8, 0, A, ALL),
    v4(0, 0, B, A),
    v4(0, 0, "10.1.0.3", A),
    v6(128, 0, A6, ALL6),
    v6(129, 0, B6, A6),
    v6(129, 0, "2001:db8:1::3", A6),
    any_order=True,
    exchanges={"kinds": [exchange(1, 1, by_others=1, duplicates=0)] * 2},
)
def broadcast_echo(net: Network) -> Playing:
    """Echo to everybody on a link of three, IPv4 broadcast and IPv6 multicast: both others answer, the former since
    ``net.ipv4.icmp_echo_ignore_broadcasts`` is off."""
    ports = net.link(net.host(), net.host(), net.host())
    for port in ports[1:]:
        port.host.set("ipv4/icmp_echo_ignore_broadcasts", 0)
    yield ports[0]
    ports[0].send(EVERYBODY, echo(A, ALL))
    ports[0].send(EVERYBODY6, echo(A6, ALL6, ttl=1))
