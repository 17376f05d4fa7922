"""One realistic message of every kind of neighbour discovery, mobility and low-power networks in ICMPv6."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Any

from model import (
    ALL_NODES6,
    ALL_ROUTERS6,
    HOST6,
    HOST_LOCAL,
    HOST_MAC,
    MILLISECOND,
    PAUSE,
    ROUTER6,
    ROUTER_LOCAL,
    ROUTER_MAC,
    SERVER6,
    UNSPECIFIED,
    Example,
    some,
)
from quotes import HTTPS, TCP, ipv6, tcp

from dissector.messages.experiments import ExperimentalMobility
from dissector.messages.locator import Locator, LocatorUpdate
from dissector.messages.lowpan import (
    DuplicateAddress,
    ExtendedDuplicateAddress64,
    ExtendedDuplicateAddress128,
    ExtendedDuplicateAddress192,
    ExtendedDuplicateAddress256,
)
from dissector.messages.mobility import (
    FastHandover,
    HomeAgentAddressDiscoveryReply,
    HomeAgentAddressDiscoveryRequest,
    MobilePrefixAdvertisement,
    MobilePrefixSolicitation,
)
from dissector.messages.multicast_forwarding import MplControl, MplSeedInfo, MplSeedInfo16
from dissector.messages.neighbor_discovery import (
    CertificationPathAdvertisement,
    CertificationPathSolicitation,
    InverseNeighborAdvertisement,
    InverseNeighborSolicitation,
    NeighborAdvertisement,
    NeighborSolicitation,
    Redirect6,
    RouterAdvertisement6,
    RouterSolicitation6,
)
from dissector.tails.kept import LinkLayerAddress, Prefix, Uri
from dissector.tails.names import DnsName
from dissector.tails.options.base import INFINITE, WholeOption
from dissector.tails.options.handovers import HandoverLinkLayerAddress, IpAddressPrefix
from dissector.tails.options.links import (
    AddressList,
    LinkLayerAddressOption,
    Mtu,
    RedirectedHeader,
)
from dissector.tails.options.lowpower import (
    AddressRegistration,
    AuthoritativeBorderRouter,
    CapabilityIndication,
    LowpanContext,
)
from dissector.tails.options.routers import (
    AdvertisementInterval,
    CaptivePortal,
    DnsSearchList,
    HomeAgentInformation,
    Pref64,
    PrefixInformation,
    RaFlagsExtension,
    RecursiveDnsServers,
    RouteInformation,
)
from dissector.tails.options.secure import Certificate, Cga, Nonce, RsaSignature, Timestamp, TrustAnchor
from dissector.tails.quoted import Quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.layout import Several
    from dissector.messages.base import IcmpMessage
    from dissector.tails.options.base import NdOption

LINK = MILLISECOND * 3 // 10
"""Round trip to the router."""
SOURCE, TARGET = 1, 2
DAY, MONTH = 86_400, 2_592_000
PREFIX = IPv6Address("2001:db8:1::")
OTHER_ROUTER_LOCAL = IPv6Address("fe80::2")
HOME_AGENT = IPv6Address("2001:db8:2::aaaa")
BORDER_ROUTER = IPv6Address("2001:db8:6::1")
ALL_FORWARDERS = IPv6Address("ff02::fc")
NONCE = bytes.fromhex("010203040506")
KEY = bytes.fromhex("30053000030100")
"""The frame of a public key in DER, without algorithm and bits."""
EUI_64 = bytes.fromhex("02005efffe005310")


def nd(
    about: str,
    message: IcmpMessage,
    src: IPv6Address,
    dst: IPv6Address,
    *,
    after: int = PAUSE,
) -> Example:
    """Return a message with hop limit 255, which shows that no router passed it on (RFC 4861, 3.1)."""
    return Example(about, message, src, dst, 255, after=after)


def solicited_node(address: IPv6Address) -> IPv6Address:
    """Return the multicast address under which an address is asked for (RFC 4291, 2.7.1)."""
    return IPv6Address(int(IPv6Address("ff02::1:ff00:0")) | int(address) & 0xFFFFFF)


def link_layer(kind: int, mac: str) -> LinkLayerAddressOption:
    """Return the option Source or Target Link-Layer Address."""
    address = LinkLayerAddress(bytes.fromhex(mac.replace(":", "")))
    return LinkLayerAddressOption.of(kind, link_layer_address=address)


def prefix(address: IPv6Address = PREFIX, **flags: bool) -> PrefixInformation:
    """Return the option that tells a prefix."""
    values = {"prefix_length": 64, "valid_lifetime": MONTH, "preferred_lifetime": 7 * DAY}
    return PrefixInformation.of(3, prefix=address, **values, **flags)


def neighbors() -> Iterator[Example]:
    """Yield how nodes find each other (RFC 4861)."""
    wanted = solicited_node(HOST6)
    dad = NeighborSolicitation(type=135, target=HOST6, options=some(Nonce.of(14, nonce=NONCE)))
    yield nd("does anybody have my address?", dad, UNSPECIFIED, wanted)
    asked = NeighborSolicitation(type=135, target=ROUTER6, options=some(link_layer(SOURCE, HOST_MAC)))
    yield nd("who has the router's address?", asked, HOST6, solicited_node(ROUTER6))
    told = NeighborAdvertisement(
        type=136,
        router=True,
        solicited=True,
        override=True,
        target=ROUTER6,
        options=some(link_layer(TARGET, ROUTER_MAC)),
    )
    yield nd("the router has it", told, ROUTER6, HOST6, after=LINK)
    moved = ipv6(tcp(HTTPS, HOST6, SERVER6), TCP, hop_limit=64)
    redirect = Redirect6(
        type=137,
        target=OTHER_ROUTER_LOCAL,
        destination=SERVER6,
        options=some(
            link_layer(TARGET, "00:00:5e:00:53:02"),
            RedirectedHeader.of(4, quote=Quote.of(moved)),
        ),
    )
    yield nd("better by the other router", redirect, ROUTER_LOCAL, HOST6)
    lists = (link_layer(SOURCE, HOST_MAC), link_layer(TARGET, ROUTER_MAC))
    inverse = InverseNeighborSolicitation(
        type=141, options=some(*lists, AddressList.of(9, addresses=some(HOST6, HOST_LOCAL)))
    )
    yield nd("which address is behind this link-layer address?", inverse, HOST6, ALL_NODES6)
    back = (link_layer(SOURCE, ROUTER_MAC), link_layer(TARGET, HOST_MAC))
    addresses = AddressList.of(10, addresses=some(ROUTER6, ROUTER_LOCAL))
    known = InverseNeighborAdvertisement(type=142, options=some(*back, addresses))
    yield nd("these are", known, ROUTER6, HOST6, after=LINK)


def router_options() -> Iterator[NdOption]:
    """Yield one of every option that routers advertise."""
    yield link_layer(SOURCE, ROUTER_MAC)
    yield Mtu.of(5, mtu=1500)
    yield prefix(on_link=True, autonomous=True)
    yield prefix(ROUTER6, on_link=True, router_address=True, prefix_delegation=True)
    yield AdvertisementInterval.of(7, advertisement_interval=30_000)
    yield HomeAgentInformation.of(8, home_agent_preference=10, home_agent_lifetime=1800)
    route = Prefix(IPv6Address("2001:db8:2::").packed[:8])
    yield RouteInformation.of(24, prefix_length=48, preference=1, route_lifetime=1800, prefix=route)
    yield RecursiveDnsServers.of(25, lifetime=600, addresses=some(ROUTER6, SERVER6))
    yield RaFlagsExtension.of(26, flags=bytes(6))
    domains = (DnsName.of("example.com"), DnsName.of("lab.example.com"))
    yield DnsSearchList.of(31, lifetime=INFINITE, domain_names=domains)
    yield CaptivePortal.of(37, uri=Uri(b"https://portal.example.com/api"))
    nat64 = Prefix(IPv6Address("64:ff9b::").packed[:12])
    yield Pref64.of(38, lifetime=1800, prefix_length_code=0, prefix=nat64)
    for experiment in (253, 254):
        yield WholeOption.of(experiment, data=b"trying")


def routers() -> Iterator[Example]:
    """Yield router discovery (RFC 4861) and its security (RFC 3971)."""
    asked = RouterSolicitation6(type=133, options=some(link_layer(SOURCE, HOST_MAC)))
    yield nd("any router here?", asked, HOST_LOCAL, ALL_ROUTERS6)
    plain = RouterAdvertisement6(
        type=134,
        cur_hop_limit=64,
        other=True,
        router_lifetime=1800,
        options=some(
            link_layer(SOURCE, ROUTER_MAC),
            Mtu.of(5, mtu=1500),
            prefix(on_link=True, autonomous=True),
            RecursiveDnsServers.of(25, lifetime=600, addresses=some(ROUTER6)),
        ),
    )
    yield nd("a router", plain, ROUTER_LOCAL, ALL_NODES6, after=LINK)
    full = plain.replace(
        managed=True,
        home_agent=True,
        preference=1,
        reachable_time=30_000,
        retrans_timer=1000,
        options=some(*router_options()),
    )
    yield nd("a router with one of every option", full, ROUTER_LOCAL, ALL_NODES6)
    # RFC 3971, 6.4.3: an X.501 name in DER, here CN=anchor.
    der = bytes.fromhex("3011310f300d06035504030c06") + b"anchor"
    anchor = TrustAnchor.of(15, name_type=1, pad_length=1, octets=der)
    path = CertificationPathSolicitation(type=148, identifier=0x1234, options=some(anchor))
    yield nd("who certifies the router?", path, HOST_LOCAL, ALL_ROUTERS6)
    # An empty sequence in DER stands for the certificate, which would be some hundred octets.
    certificate = Certificate.of(16, cert_type=1, certificate=bytes.fromhex("3000"))
    certified = CertificationPathAdvertisement(
        type=149, identifier=0x1234, all_components=2, component=1, options=some(anchor, certificate)
    )
    yield nd("the first of two certificates", certified, ROUTER_LOCAL, HOST_LOCAL, after=LINK)
    secure = (
        Cga.of(11, pad_length=4, octets=bytes(16) + PREFIX.packed[:8] + b"\0" + KEY),
        Timestamp.of(13, timestamp=1_704_110_400 << 16),
        Nonce.of(14, nonce=NONCE),
        RsaSignature.of(12, key_hash=bytes(range(16)), digital_signature=bytes(range(0x80, 0xA0))),
    )
    signed = NeighborSolicitation(
        type=135, target=ROUTER6, options=some(link_layer(SOURCE, HOST_MAC), *secure)
    )
    yield nd("a signed solicitation", signed, HOST6, solicited_node(ROUTER6))


def mobility() -> Iterator[Example]:
    """Yield Mobile IPv6 (RFC 6275), fast handovers (RFC 5568), experiments and ILNPv6 (RFC 6743)."""
    request = HomeAgentAddressDiscoveryRequest(type=144, identifier=0x1234)
    anycast = IPv6Address("2001:db8:2::fdff:ffff:ffff:fffe")
    yield Example("which home agents are there?", request, HOST6, anycast)
    reply = HomeAgentAddressDiscoveryReply(
        type=145, identifier=0x1234, home_agent_addresses=some(HOME_AGENT, IPv6Address("2001:db8:2::aaab"))
    )
    yield Example("two of them", reply, HOME_AGENT, HOST6, 57, after=12 * MILLISECOND)
    solicitation = MobilePrefixSolicitation(type=146, identifier=0x1235)
    yield Example("the prefixes of my home link?", solicitation, HOST6, HOME_AGENT)
    home = prefix(IPv6Address("2001:db8:2::"), on_link=True, autonomous=True)
    advertisement = MobilePrefixAdvertisement(type=147, identifier=0x1235, managed=True, options=some(home))
    yield Example("one prefix", advertisement, HOME_AGENT, HOST6, 57, after=12 * MILLISECOND)
    seamoby = ExperimentalMobility(type=150, subtype=0, data=bytes.fromhex("8a011000 00000001"))
    yield Example("which access routers are there?", seamoby, HOST6, ROUTER6)
    point = LinkLayerAddress(bytes.fromhex("00005e0053aa"))
    asked = FastHandover(
        type=154,
        subtype=2,
        identifier=0x1234,
        options=some(link_layer(SOURCE, HOST_MAC), HandoverLinkLayerAddress.of(19, option_code=1, lla=point)),
    )
    yield nd("what is behind that access point?", asked, HOST_LOCAL, ROUTER_LOCAL)
    there = IpAddressPrefix.of(17, option_code=3, ipv6_address=IPv6Address("2001:db8:3::1"))
    lla = HandoverLinkLayerAddress.of(19, option_code=1, lla=point)
    told = FastHandover(type=154, subtype=3, identifier=0x1234, options=some(lla, there))
    yield nd("that router is", told, ROUTER_LOCAL, HOST_LOCAL, after=LINK)
    locator = Locator(locator=PREFIX.packed[:8], preference=10, lifetime=DAY // 2)
    update = LocatorUpdate(type=156, num_of_locs=1, operation=1, locators=some(locator))
    yield Example("I have moved", update, HOST6, SERVER6)
    yield Example("noted", update.replace(operation=2), SERVER6, HOST6, 57, after=12 * MILLISECOND)


def lowpan() -> Iterator[Example]:
    """Yield 6LoWPAN (RFC 6775, RFC 8505) and MPL (RFC 7731)."""
    registration = AddressRegistration.of(
        33, status=0, r=True, t=True, tid=1, registration_lifetime=3600, rovr=EUI_64
    )
    asked = NeighborSolicitation(
        type=135, target=HOST6, options=some(link_layer(SOURCE, HOST_MAC), registration)
    )
    yield nd("register my address", asked, HOST6, ROUTER_LOCAL)
    context = LowpanContext.of(
        34, context_length=64, cid=1, valid_lifetime=36_000, context_prefix=Prefix(PREFIX.packed[:8])
    )
    border = AuthoritativeBorderRouter.of(
        35, version_low=1, version_high=0, valid_lifetime=36_000, border_router=BORDER_ROUTER
    )
    able = CapabilityIndication.of(36, d=True, l=True, e=True, g=True)
    network = RouterAdvertisement6(type=134, router_lifetime=1800, options=some(context, border, able))
    yield nd("a router of a 6LoWPAN", network, ROUTER_LOCAL, ALL_NODES6)
    dar: dict[str, Any] = {"registration_lifetime": 3600, "registered_address": HOST6}
    rovr = EUI_64 * 4
    messages: tuple[IcmpMessage, ...] = (
        DuplicateAddress(type=157, eui_64=EUI_64, **dar),
        ExtendedDuplicateAddress64(type=157, code=1, tid=1, rovr=rovr[:8], **dar),
        ExtendedDuplicateAddress128(type=157, code=2, tid=1, rovr=rovr[:16], **dar),
        ExtendedDuplicateAddress192(type=157, code=3, tid=1, rovr=rovr[:24], **dar),
        ExtendedDuplicateAddress256(type=157, code=4, tid=1, rovr=rovr, **dar),
    )
    for request in messages:
        yield Example("has anybody registered this address?", request, ROUTER6, BORDER_ROUTER)
        yield Example("nobody", request.replace(type=158), BORDER_ROUTER, ROUTER6, after=30 * MILLISECOND)
    seeds: Several[MplSeedInfo] = some(
        MplSeedInfo(min_seqno=250, bm_len=1, s=0, buffered_mpl_messages=b"\xe4"),
        MplSeedInfo16(min_seqno=7, bm_len=2, s=1, seed_id=b"\x00\x2a", buffered_mpl_messages=b"\x80\x01"),
    )
    control = MplControl(type=159, seed_infos=seeds)
    yield nd("messages of two seeds that a forwarder holds", control, ROUTER_LOCAL, ALL_FORWARDERS)


def examples() -> Iterator[Example]:
    """Yield all of them."""
    yield from neighbors()
    yield from routers()
    yield from mobility()
    yield from lowpan()
