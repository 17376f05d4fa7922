"""One realistic ICMPv4 message of every kind; a query is followed by its answer."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any

from model import (
    ALL_ROUTERS,
    ALL_SYSTEMS,
    HOST,
    MILLISECOND,
    NOWHERE,
    ROUTER,
    SERVER,
    Example,
    some,
)
from objects import by_address, by_index, by_name, interface, labels, node, private, unknown
from quotes import (
    DNS,
    HTTPS,
    ICMP,
    PATTERN,
    SCTP,
    SSH,
    TCP,
    TRACE,
    UDP,
    echo,
    ipv4,
    sctp,
    short,
    tcp,
    udp,
)

from dissector.messages.base import Opaque
from dissector.messages.echo import Echo, ExtendedEchoReply, ExtendedEchoRequest
from dissector.messages.errors import (
    DatagramConversionError,
    DestinationUnreachable,
    FragmentationNeeded,
    ParameterProblem,
    Redirect,
    SecurityFailure,
    SourceQuench,
    TimeExceeded,
)
from dissector.messages.experiments import ExperimentalMobility
from dissector.messages.historic import AlternateHostAddress, MobileHostRedirect, Traceroute
from dissector.messages.queries import (
    AddressMask,
    DomainNameReply,
    DomainNameRequest,
    Information,
    Timestamp,
)
from dissector.messages.router_discovery import RouterAdvertisement, RouterSolicitation
from dissector.tails.entries import NOT_DEFAULT, RouterAddress, RouterAddresses
from dissector.tails.header_options import OneOctetOption, Option
from dissector.tails.mobile_ip import Challenge, MobilityAgentAdvertisement, OneBytePadding, PrefixLengths
from dissector.tails.names import DnsName
from dissector.tails.quoted import Quote, extended

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.messages.base import IcmpMessage
    from dissector.tails.extensions import Extensions
    from dissector.tails.mobile_ip import AgentExtensions

PING = bytes(range(0x10, 0x38))
"""Data of Linux's ping, after its time."""
NOON = 12 * 60 * 60 * 1000
"""Milliseconds since midnight when the tour begins."""
LINK, PATH = MILLISECOND * 3 // 10, 12 * MILLISECOND
"""Round trips to the router and to the server."""
BACKUP_ROUTER = IPv4Address("192.0.2.2")


def exchange(
    about: str, query: IcmpMessage, answer: IcmpMessage, peer: IPv4Address = ROUTER, after: int = LINK
) -> tuple[Example, Example]:
    """Return a query of the host and its answer."""
    hops = 64 if peer == ROUTER else 57
    return Example(about, query, HOST, peer), Example(
        f"{about}: answer", answer, peer, HOST, hops, after=after
    )


def error(about: str, message: IcmpMessage, src: IPv4Address = ROUTER) -> Example:
    """Return an error about something that the host sent."""
    return Example(about, message, src, HOST, 64 if src == ROUTER else 57)


def echoes() -> Iterator[Example]:
    """Yield queries that were asked for as long as there is ICMP."""
    request = Echo(type=8, identifier=0x1234, sequence=1, data=bytes(8) + PING)
    yield from exchange("a ping", request, request.replace(type=0), SERVER, PATH)
    sent = Timestamp(type=13, identifier=0x1234, sequence=1, originate=NOON + 112)
    told = sent.replace(type=14, receive=NOON + 118, transmit=NOON + 118)
    yield from exchange("the time", sent, told, SERVER, PATH)
    odd = (1 << 31) | 0x01020304
    strange = sent.replace(type=14, sequence=2, originate=NOON + 224, receive=odd, transmit=odd)
    query, answer = exchange(
        "the time", sent.replace(sequence=2, originate=NOON + 224), strange, SERVER, PATH
    )
    yield query
    yield answer._replace(
        about="the time: answer not in milliseconds since midnight", findings=("timestamp-non-standard",)
    )
    asked = Information(type=15, identifier=0x1234, sequence=1)
    yield from exchange("the network's number", asked, asked.replace(type=16))
    mask = AddressMask(type=17, identifier=0x1234, sequence=1)
    yield from exchange(
        "the subnet's mask", mask, mask.replace(type=18, address_mask=IPv4Address("255.255.255.0"))
    )
    name = DomainNameRequest(type=37, identifier=0x1234, sequence=1)
    # The second name ends with a pointer to the first one's domain: after 12 octets of header and 4 of www.
    names = some(DnsName.of("www.example.com"), DnsName(b"\x04mail\xc0\x10", (b"mail", b"example", b"com")))
    reply = DomainNameReply(type=38, identifier=0x1234, sequence=1, time_to_live=3600, names=names)
    yield from exchange("the domain name", name, reply, SERVER, PATH)


def probes() -> Iterator[Example]:
    """Yield probes of interfaces, and what a proxy answers (RFC 8335)."""
    yield from probe(1, "an interface by name", by_name("eth0"), active=True, ipv4=True, ipv6=True)
    yield from probe(2, "an interface by index", by_index(2), active=True, ipv4=True)
    away = by_address(NOWHERE)
    yield from probe(3, "a neighbour's interface by address", away, local=False, state=2)
    yield from probe(4, "an interface that is not there", by_name("eth9"), code=2)
    yield from probe(5, "a neighbour that is not in the table", away, local=False, code=3)
    yield from probe(6, "an address of several interfaces", by_address(ROUTER), code=4)
    two = by_name("eth0").objects + by_index(2).objects
    yield from probe(7, "two interfaces at once", type(away).of(*two), code=1)


def probe(
    sequence: int, about: str, asked: Extensions, *, local: bool = True, code: int = 0, **answer: Any
) -> tuple[Example, Example]:
    """Return a probe and the reply of the router."""
    values: dict[str, Any] = {"identifier": 0x1234, "sequence": sequence}
    request = ExtendedEchoRequest(type=42, local=local, extensions=asked, **values)
    return exchange(about, request, ExtendedEchoReply(type=43, code=code, **values, **answer))


def routers() -> Iterator[Example]:
    """Yield router discovery, and agents of Mobile IP."""
    yield Example("any router here?", RouterSolicitation(type=10), HOST, ALL_ROUTERS, 1)
    addresses = RouterAddresses(
        (
            RouterAddress(address=ROUTER, preference=100),
            RouterAddress(address=BACKUP_ROUTER, preference=-5),
            RouterAddress(address=IPv4Address("192.0.2.3"), preference=NOT_DEFAULT),
        )
    )
    plain = RouterAdvertisement(type=9, num_addrs=3, lifetime=1800, addresses=addresses)
    yield Example("three routers", plain, ROUTER, ALL_SYSTEMS, 1, after=LINK)
    agent = MobilityAgentAdvertisement(
        type=16,
        length=10,
        sequence=42,
        registration_lifetime=600,
        registration_required=True,
        foreign_agent=True,
        gre=True,
        reverse_tunneling=True,
        care_of_addresses=some(ROUTER),
    )
    extensions: AgentExtensions = some(
        agent,
        PrefixLengths(type=19, length=1, prefix_lengths=(24,)),
        Challenge(type=24, length=4, challenge=b"\x5a\xc3\x0f\x96"),
        OneBytePadding(),
    )
    one = RouterAddresses.made([RouterAddress(address=ROUTER)], extensions)
    mobile = RouterAdvertisement(type=9, code=16, num_addrs=1, lifetime=1800, addresses=one)
    yield Example("a foreign agent of Mobile IP", mobile, ROUTER, ALL_SYSTEMS, 1)


def unreachables() -> Iterator[Example]:
    """Yield what says that a destination cannot be reached."""
    query = ipv4(udp(DNS, PATTERN, dst=NOWHERE), UDP, dst=NOWHERE, ttl=63)
    yield error("no route to the network", DestinationUnreachable(type=3, quote=short(query)))
    ping = ipv4(echo(PING), ICMP, dst=NOWHERE, ttl=63)
    yield error("ARP finds no host", DestinationUnreachable(type=3, code=1, quote=Quote.of(ping)))
    stream = ipv4(sctp(), SCTP, ttl=57)
    yield error("no SCTP there", DestinationUnreachable(type=3, code=2, quote=Quote.of(stream)), SERVER)
    yield error("nobody listens", DestinationUnreachable(type=3, code=3, quote=Quote.of(TRACE)), SERVER)
    large = ipv4(tcp(HTTPS, data=bytes(8)), TCP, ttl=63, total_length=1500, dont_fragment=True)
    needed = FragmentationNeeded(type=3, code=4, next_hop_mtu=1400, quote=short(large))
    yield error("1500 octets are too many for the next link", needed)
    yield error("the same of a router before RFC 1191", needed.replace(next_hop_mtu=0))
    tunnel = extended(needed.replace(next_hop_mtu=1380), interface(3, "tun0", mtu=1380, role=2))
    yield error("the same with the outgoing interface", tunnel)
    loose = Option(kind=131, length=7, data=b"\x08" + NOWHERE.packed)
    routed = ipv4(udp(DNS, PATTERN), UDP, ttl=63, options=some(loose, OneOctetOption(kind=0)))
    failed = DestinationUnreachable(type=3, code=5, quote=short(routed))
    yield error("the next hop of a source route is not there", failed)
    quick = ipv4(udp(DNS, PATTERN), UDP, ttl=63, dscp=46)
    of_service = DestinationUnreachable(type=3, code=11, quote=short(quick))
    yield error("not with this type of service", of_service)
    yield error("not with this type of service", of_service.replace(code=12))
    login = ipv4(tcp(SSH), TCP, ttl=57)
    filtered = DestinationUnreachable(type=3, code=13, quote=Quote.of(login))
    yield error("a filter rejects SSH", filtered)


def errors() -> Iterator[Example]:
    """Yield the other errors."""
    bulk = ipv4(udp(5001, PATTERN), UDP, ttl=63)
    yield error("slow down", SourceQuench(type=4, quote=short(bulk)))
    ping = ipv4(echo(PING), ICMP, ttl=64)
    redirect = Redirect(type=5, code=1, gateway=BACKUP_ROUTER, quote=short(ping))
    yield error("better by the other router", redirect)
    yield error("better by the other router", redirect.replace(code=0))
    exceeded = TimeExceeded(type=11, quote=Quote.of(TRACE))
    yield error("traceroute's first hop", exceeded)
    yield error("a hop with an MPLS label stack", extended(exceeded, labels(16004, 24001)))
    here = interface(2, "ge-0/0/1", ROUTER, 1500)
    yield error("a hop that tells its interface and name", extended(exceeded, here, node("r1-core", ROUTER)))
    yield error("objects that few know", extended(exceeded, unknown(), private()))
    first = ipv4(udp(DNS, PATTERN), UDP, ttl=57, more_fragments=True)
    late = TimeExceeded(type=11, code=1, quote=short(first))
    yield error("fragments are missing", late, SERVER)
    record = Option(kind=7, length=7, data=b"\x03" + bytes(4))
    wrong = ipv4(echo(PING), ICMP, options=some(record, OneOctetOption(kind=0)))
    problem = ParameterProblem(type=12, pointer=22, quote=short(wrong))
    yield error("the pointer of Record Route is wrong", problem)
    missing = ParameterProblem(type=12, code=1, pointer=130, quote=short(ping))
    yield error("the Basic Security option is missing", missing)
    length = ParameterProblem(type=12, code=2, pointer=21, quote=short(wrong))
    yield error("an option's length is wrong", length)


def historic() -> Iterator[Example]:
    """Yield what experiments left."""
    instead = AlternateHostAddress(type=6, data=bytes(4) + IPv4Address("192.0.2.99").packed)
    yield error("use another address of the host", instead)
    traced = Traceroute(
        type=30,
        identifier=0x1234,
        outbound_hop_count=1,
        return_hop_count=0xFFFF,
        output_link_speed=125_000_000,
        output_link_mtu=1500,
    )
    yield error("the Traceroute option went by", traced)
    no_route = {"code": 1, "output_link_speed": 0, "output_link_mtu": 0}
    yield error("the Traceroute option found no route", traced.replace(**no_route))
    unconverted = DatagramConversionError(type=31, pointer=9, quote=short(TRACE))
    yield error("it cannot be converted to TP/IX", unconverted)
    moved = MobileHostRedirect(type=32, data=SERVER.packed + ROUTER.packed)
    yield error("a mobile host has moved", moved)
    yield Example("where are you?", Opaque(type=33, data=bytes(4) + NOWHERE.packed), HOST, ALL_ROUTERS, 1)
    yield Example("here I am", Opaque(type=34, data=bytes(4) + ROUTER.packed), ROUTER, HOST, after=LINK)
    registration = Opaque(type=35, data=bytes.fromhex("0258 0001") + HOST.packed)
    yield from exchange("register me", registration, registration.replace(type=36))
    yield error("SKIP needs its algorithm discovered", Opaque(type=39, data=bytes.fromhex("01000000")))
    spi = ipv4(bytes.fromhex("5eed0bad 00000001") + PATTERN[:8], 50, ttl=57)
    bad_spi = SecurityFailure(type=40, pointer=20, quote=Quote.of(spi))
    yield error("nobody knows this SPI", bad_spi, SERVER)
    seamoby = ExperimentalMobility(type=41, subtype=0, data=bytes.fromhex("8a011000 00000001"))
    yield Example("which access routers are there?", seamoby, HOST, ROUTER)
    for number in (253, 254):
        yield Example("an experiment", Opaque(type=number, data=b"experiment"), HOST, SERVER)


def examples() -> Iterator[Example]:
    """Yield all of them."""
    yield from echoes()
    yield from probes()
    yield from routers()
    yield from unreachables()
    yield from errors()
    yield from historic()
