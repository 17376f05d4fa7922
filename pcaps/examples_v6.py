"""One realistic ICMPv6 message of every kind but neighbour discovery; a query is followed by its answer."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any

from model import (
    ALL_NODES6,
    ALL_ROUTERS6,
    HOST6,
    HOST_LOCAL,
    MILLISECOND,
    NOWHERE6,
    ROUTER6,
    ROUTER_LOCAL,
    SERVER6,
    Example,
    some,
)
from objects import by_address, by_index, by_name, exceeded, interface, labels, node
from quotes import (
    DNS,
    FRAGMENT,
    HTTPS,
    NO_NEXT,
    PATTERN,
    SSH,
    TCP,
    TRACE6,
    UDP,
    fragment,
    ipv6,
    tcp,
    udp,
)

from dissector.messages.base import Opaque
from dissector.messages.echo import Echo, ExtendedEchoReply, ExtendedEchoRequest
from dissector.messages.errors6 import (
    DestinationUnreachable6,
    PacketTooBig,
    ParameterProblem6,
    TimeExceeded6,
)
from dissector.messages.multicast import (
    MulticastListenerDone,
    MulticastListenerQuery,
    MulticastListenerQuery2,
    MulticastListenerReport,
    MulticastListenerReport2,
    MulticastRouterAdvertisement,
    MulticastRouterSolicitation,
    MulticastRouterTermination,
)
from dissector.messages.node_information import NodeInformation
from dissector.messages.renumbering import RouterRenumbering
from dissector.tails.header_options import Option
from dissector.tails.headers import DestinationOptions, HopByHopOptions, RoutingHeader
from dissector.tails.mld import AddressRecord
from dissector.tails.names import DnsName
from dissector.tails.node_data import (
    NodeAddress,
    NodeAddresses,
    NodeIpv4Address,
    NodeIpv4Addresses,
    NodeNames,
    SubjectIpv4,
    SubjectIpv6,
    SubjectName,
)
from dissector.tails.quoted import Quote, extended
from dissector.tails.renumbering import MatchReport, PrefixControlOperation, UsePrefix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.messages.base import IcmpMessage
    from dissector.tails.extensions import Extensions

PING = bytes(range(0x10, 0x38))
LINK, PATH = MILLISECOND * 3 // 10, 12 * MILLISECOND
"""Round trips to the router and to the server."""
HOP_BY_HOP, ROUTING, DESTINATION = 0, 43, 60
ALL_SNOOPERS, ALL_MLD2_ROUTERS = IPv6Address("ff02::6a"), IPv6Address("ff02::16")
SITE_ROUTERS = IPv6Address("ff05::2")
GROUP, SSM_GROUP = IPv6Address("ff02::fb"), IPv6Address("ff3e::8000:1")
NONCE = bytes.fromhex("c0ffee0102030405")


PADDING = Option(kind=1, length=4, data=bytes(4))
CHAIN = ipv6(
    DestinationOptions(next_header=DESTINATION, options=some(PADDING)).encode() * 15
    + DestinationOptions(next_header=NO_NEXT, options=some(PADDING)).encode(),
    DESTINATION,
    hop_limit=63,
)
"""A packet with sixteen headers of destination options."""
LIMITS = {
    5: (6, "a router does not know the next header"),
    6: (40, "one extension header is too big"),
    7: (144, "the extension headers are too long"),
    8: (104, "there are too many extension headers"),
    9: (42, "there are too many options"),
    10: (42, "an option is too big"),
}
"""What routers refuse (RFC 8883, 2): the pointer of each code, and what it says."""


def exchange(
    about: str, query: IcmpMessage, answer: IcmpMessage, peer: IPv6Address = ROUTER6, after: int = LINK
) -> tuple[Example, Example]:
    """Return a query of the host and its answer."""
    hops = 64 if peer == ROUTER6 else 57
    return (
        Example(about, query, HOST6, peer),
        Example(f"{about}: answer", answer, peer, HOST6, hops, after=after),
    )


def error(about: str, message: IcmpMessage, src: IPv6Address = ROUTER6) -> Example:
    """Return an error about something that the host sent."""
    return Example(about, message, src, HOST6, 64 if src == ROUTER6 else 57)


def unreachables() -> Iterator[Example]:
    """Yield what says that a destination cannot be reached."""
    query = ipv6(udp(DNS, PATTERN, HOST6, NOWHERE6), UDP, dst=NOWHERE6, hop_limit=63)
    yield error("no route to the destination", DestinationUnreachable6(type=1, quote=Quote.of(query)))
    login = ipv6(tcp(SSH, HOST6, SERVER6), TCP, hop_limit=57)
    filtered = DestinationUnreachable6(type=1, code=1, quote=Quote.of(login))
    yield error("a filter rejects SSH", filtered)
    local = ipv6(tcp(HTTPS, HOST_LOCAL, SERVER6), TCP, src=HOST_LOCAL, hop_limit=64)
    scope = DestinationUnreachable6(type=1, code=2, quote=Quote.of(local))
    yield Example("a link-local source would leave its link", scope, ROUTER_LOCAL, HOST_LOCAL)
    resolved = DestinationUnreachable6(type=1, code=3, quote=Quote.of(query))
    yield error("neighbour discovery finds no one", resolved)
    nobody = DestinationUnreachable6(type=1, code=4, quote=Quote.of(TRACE6))
    yield error("nobody listens", nobody, SERVER6)
    spoofed = ipv6(tcp(HTTPS, NOWHERE6, SERVER6), TCP, src=NOWHERE6, hop_limit=64)
    policy = DestinationUnreachable6(type=1, code=5, quote=Quote.of(spoofed))
    yield error("not with this source address", policy)
    route = RoutingHeader(
        next_header=NO_NEXT, extension_length=2, routing_type=3, segments_left=1, data=bytes(20)
    )
    source_routed = ipv6(route.encode(), ROUTING, dst=ROUTER6)
    in_route = DestinationUnreachable6(type=1, code=7, quote=Quote.of(source_routed))
    yield error("the RPL source route cannot be followed", in_route)
    too_long = DestinationUnreachable6(type=1, code=8, quote=Quote.of(CHAIN))
    yield error("the headers are longer than 128 octets", extended(too_long, exceeded(128)))


def errors() -> Iterator[Example]:
    """Yield the other errors."""
    # As much of it as fits 1280 octets (RFC 4443, 2.4 (c)): 1232 with its own header.
    large = ipv6(tcp(HTTPS, HOST6, SERVER6, bytes(1172)), TCP, payload_length=1460, hop_limit=63)
    yield error(
        "1500 octets are too many for the next link", PacketTooBig(type=2, mtu=1400, quote=Quote.of(large))
    )
    hop = TimeExceeded6(type=3, quote=Quote.of(TRACE6))
    yield error("traceroute's first hop", hop)
    yield error("a hop with an MPLS label stack", extended(hop, labels(16006)))
    here = interface(2, "ge-0/0/1", ROUTER6, 1500)
    yield error("a hop that tells its interface and name", extended(hop, here, node("r1-core", ROUTER6)))
    first = ipv6(fragment(udp(DNS, PATTERN, HOST6, SERVER6), UDP), FRAGMENT, hop_limit=57)
    yield error("fragments are missing", TimeExceeded6(type=3, code=1, quote=Quote.of(first)), SERVER6)
    wrong = ipv6(PATTERN, 253, hop_limit=57)
    strange = ParameterProblem6(type=4, code=1, pointer=6, quote=Quote.of(wrong))
    jumbo = Option(kind=0xC2, length=4, data=(1000).to_bytes(4, "big"))
    options = HopByHopOptions(next_header=NO_NEXT, options=some(jumbo))
    short = ipv6(options.encode(), HOP_BY_HOP)
    yield error("a jumbo payload that is none", ParameterProblem6(type=4, pointer=44, quote=Quote.of(short)))
    yield error("a next header that nobody knows", strange, SERVER6)
    unknown = HopByHopOptions(next_header=NO_NEXT, options=some(Option(kind=0x9E, length=4, data=bytes(4))))
    option = Quote.of(ipv6(unknown.encode(), HOP_BY_HOP))
    yield error("an option that nobody knows", ParameterProblem6(type=4, code=2, pointer=42, quote=option))
    cut = ParameterProblem6(type=4, code=3, pointer=0, quote=Quote.of(ipv6(fragment(b"", TCP), FRAGMENT)))
    yield error("a first fragment without its TCP header", cut, SERVER6)
    for code, (pointer, why) in LIMITS.items():
        yield error(why, ParameterProblem6(type=4, code=code, pointer=pointer, quote=Quote.of(CHAIN)))
    segments = RoutingHeader(
        next_header=TCP, extension_length=2, routing_type=4, segments_left=0, data=bytes(4) + SERVER6.packed
    )
    routed = ipv6(segments.encode() + tcp(HTTPS, HOST6, SERVER6), ROUTING, hop_limit=57)
    upper = ParameterProblem6(type=4, code=4, pointer=64, quote=Quote.of(routed))
    yield error("not that upper layer with segment routing", upper, SERVER6)


def echoes() -> Iterator[Example]:
    """Yield echo, and probes of interfaces (RFC 8335)."""
    request = Echo(type=128, identifier=0x1234, sequence=1, data=bytes(8) + PING)
    yield from exchange("a ping", request, request.replace(type=129), SERVER6, PATH)
    yield from probe(1, "an interface by name", by_name("eth0"), active=True, ipv6=True)
    yield from probe(2, "an interface by index", by_index(2), active=True, ipv4=True, ipv6=True)
    away = by_address(NOWHERE6)
    yield from probe(3, "a neighbour's interface by address", away, local=False, state=3)
    yield from probe(4, "an interface that is not there", by_name("eth9"), code=2)
    yield from probe(5, "a neighbour that is not in the table", away, local=False, code=3)
    yield from probe(6, "an address of several interfaces", by_address(ROUTER6), code=4)
    two = by_name("eth0").objects + by_index(2).objects
    yield from probe(7, "two interfaces at once", type(away).of(*two), code=1)


def probe(
    sequence: int, about: str, asked: Extensions, *, local: bool = True, code: int = 0, **answer: Any
) -> tuple[Example, Example]:
    """Return a probe and the reply of the router."""
    values: dict[str, Any] = {"identifier": 0x1234, "sequence": sequence}
    request = ExtendedEchoRequest(type=160, local=local, extensions=asked, **values)
    return exchange(about, request, ExtendedEchoReply(type=161, code=code, **values, **answer))


def listeners() -> Iterator[Example]:
    """Yield multicast listener discovery: hop limit 1, with the Router Alert option (RFC 2710, 3)."""
    query = MulticastListenerQuery(type=130, max_response=10_000)
    yield mld("who listens? (version 1)", query, ALL_NODES6)
    report = MulticastListenerReport(type=131, multicast_address=GROUP)
    yield mld("I listen (version 1)", report, GROUP, src=HOST_LOCAL)
    done = MulticastListenerDone(type=132, multicast_address=GROUP)
    yield mld("I no longer listen (version 1)", done, ALL_ROUTERS6, src=HOST_LOCAL)
    general = MulticastListenerQuery2(type=130, maximum_response_code=10_000, qrv=2, qqic=125)
    yield mld("who listens? (version 2)", general, ALL_NODES6)
    asked = general.replace(
        # An exponent of 1 and a mantissa of 0: 32768 + 32768 ms (RFC 3810, 5.1.3).
        maximum_response_code=0x9000,
        multicast_address=SSM_GROUP,
        suppress=True,
        number_of_sources=2,
        sources=some(SERVER6, NOWHERE6),
    )
    yield mld("who listens to these sources?", asked, SSM_GROUP)
    records = tuple(
        AddressRecord(
            record_type=kind,
            number_of_sources=len(sources),
            multicast_address=address,
            sources=some(*sources),
        )
        for kind, address, sources in (
            (1, SSM_GROUP, (SERVER6,)),
            (2, GROUP, ()),
            (3, GROUP, ()),
            (4, GROUP, ()),
            (5, SSM_GROUP, (SERVER6, NOWHERE6)),
            (6, SSM_GROUP, (NOWHERE6,)),
        )
    )
    told = MulticastListenerReport2(type=143, number_of_records=len(records), records=some(*records))
    yield mld("a record of every type", told, ALL_MLD2_ROUTERS, src=HOST_LOCAL)
    found = MulticastRouterAdvertisement(type=151, code=20, query_interval=125, robustness_variable=2)
    yield mld(
        "where is a multicast router?", MulticastRouterSolicitation(type=152), ALL_ROUTERS6, src=HOST_LOCAL
    )
    yield mld("a multicast router", found, ALL_SNOOPERS)
    yield mld("a multicast router less", MulticastRouterTermination(type=153), ALL_SNOOPERS)


def mld(about: str, message: IcmpMessage, dst: IPv6Address, src: IPv6Address = ROUTER_LOCAL) -> Example:
    """Return a message of listener discovery, of the router unless another is said."""
    return Example(about, message, src, dst, 1, alert=True)


def management() -> Iterator[Example]:
    """Yield router renumbering and node information."""
    change = PrefixControlOperation(
        op_code=2,
        op_length=56,
        match_len=48,
        match_prefix=IPv6Address("2001:db8:1::"),
        use_prefixes=some(
            UsePrefix(
                use_len=48,
                keep_len=16,
                valid_lifetime=2_592_000,
                preferred_lifetime=604_800,
                use_prefix=IPv6Address("2001:db8:9::"),
            ),
        ),
    )
    command = RouterRenumbering(
        type=138, sequence_number=7, test=True, result_requested=True, max_delay=1000, body=some(change)
    )
    yield Example("would all routers change a prefix?", command, HOST6, SITE_ROUTERS, 64)
    report = MatchReport(
        ordinal=0, matched_len=64, interface_index=2, matched_prefix=IPv6Address("2001:db8:1::")
    )
    result = RouterRenumbering(
        type=138, code=1, sequence_number=7, test=True, result_requested=True, body=some(report)
    )
    yield Example("this router would", result, ROUTER6, HOST6, after=LINK)
    reset = RouterRenumbering(type=138, code=255, sequence_number=0)
    yield Example("the sequence numbers begin anew", reset, HOST6, SITE_ROUTERS, 64)
    yield from node_information()


def node_information() -> Iterator[Example]:
    """Yield a query and a reply for each qtype, then refusals."""
    router = SubjectIpv6(address=ROUTER6)
    yield from asked("are you there?", 0, b"", b"", code=1)
    names = NodeNames(node_names=some(DnsName.of("r1.example.com")))
    yield from asked("your name?", 2, router, names)
    addresses = NodeAddresses(addresses=some(NodeAddress(address=ROUTER6), NodeAddress(address=ROUTER_LOCAL)))
    flags = {"global_scope": True, "link_local": True}
    name = SubjectName(node_name=DnsName.of("r1.example.com"))
    yield from asked("your IPv6 addresses?", 3, name, addresses, code=1, **flags)
    old = NodeIpv4Addresses(addresses=some(NodeIpv4Address(address=IPv4Address("192.0.2.1"))))
    yield from asked("your IPv4 addresses?", 4, SubjectIpv4(address=IPv4Address("192.0.2.1")), old, code=2)
    yield from asked("what I do not say", 2, router, b"", answer_code=1)
    query, answer = asked("what nobody defined", 9, router, b"", answer_code=2)
    yield from (query, answer)


def asked(  # noqa: PLR0913 - each is a field of the query or of the reply
    about: str,
    qtype: int,
    subject: SubjectIpv6 | SubjectIpv4 | SubjectName | bytes,
    data: NodeNames | NodeAddresses | NodeIpv4Addresses | bytes,
    *,
    code: int = 0,
    answer_code: int = 0,
    **flags: bool,
) -> tuple[Example, Example]:
    """Return a node information query and the reply of the router."""
    query = NodeInformation(type=139, code=code, qtype=qtype, nonce=NONCE, content=subject, **flags)
    reply = query.replace(type=140, code=answer_code, content=data)
    return exchange(about, query, reply)


def experiments() -> Iterator[Example]:
    """Yield what is left to experiments."""
    for number in (100, 101, 200, 201):
        yield Example("an experiment", Opaque(type=number, data=b"experiment"), HOST6, SERVER6)


def examples() -> Iterator[Example]:
    """Yield all of them."""
    yield from echoes()
    yield from unreachables()
    yield from errors()
    yield from listeners()
    yield from management()
    yield from experiments()
