"""Messages that raise every finding, rule by rule: what each is good for, and what to send for it.

Each case is by itself: hosts of its own where what others send would change it.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from cases import START, pieces
from containers import Frame, Section
from examples_neighbors import TARGET, link_layer, nd, solicited_node
from frames import ethernet
from model import (
    ALL_NODES6,
    ALL_SYSTEMS,
    HOST,
    HOST6,
    HOST_LOCAL,
    MILLISECOND,
    NOWHERE,
    PAUSE,
    ROUTER,
    ROUTER6,
    ROUTER_LOCAL,
    ROUTER_MAC,
    SERVER,
    SERVER6,
    UNSPECIFIED,
    Example,
    some,
)
from quotes import DNS, ICMP, TCP, UDP, echo, ipv4, ipv6, short, tcp, udp

from dissector.messages.base import Opaque
from dissector.messages.echo import Echo
from dissector.messages.errors import DestinationUnreachable, FragmentationNeeded, Redirect, TimeExceeded
from dissector.messages.errors6 import PacketTooBig
from dissector.messages.multicast import MulticastListenerQuery
from dissector.messages.neighbor_discovery import (
    NeighborAdvertisement,
    NeighborSolicitation,
    Redirect6,
    RouterAdvertisement6,
)
from dissector.messages.queries import AddressMask, Timestamp
from dissector.messages.router_discovery import RouterAdvertisement
from dissector.tails.quoted import Quote

if TYPE_CHECKING:
    from collections.abc import Iterator

FORWARDED = 61
"""A TTL that no stack sends with."""
SECOND = 1000 * MILLISECOND
PING = bytes(range(0x10, 0x38))
VICTIM, SCANNER, LONELY = (IPv4Address(f"192.0.2.{number}") for number in (20, 66, 30))


class Sent(NamedTuple):
    """One frame of a case.

    Attributes:
        about: what it shows.
        octets: the frame.
        after: nanoseconds since the one before.
    """

    about: str
    octets: bytes
    after: int


def sent(example: Example) -> Sent:
    """Return an example as a frame."""
    return Sent(example.about, ethernet(example), example.after)


def net(number: int, host: int) -> IPv4Address:
    """Return an address of 198.18.0.0/15, which is for tests (RFC 2544): of the numbered network."""
    return IPv4Address(f"198.18.{number}.{host}")


def error(about: str, quote: bytes, code: int = 1, dst: IPv4Address = HOST, after: int = PAUSE) -> Example:
    """Return Destination Unreachable by the router about a datagram."""
    message = DestinationUnreachable(type=3, code=code, quote=Quote.of(quote))
    return Example(about, message, ROUTER, dst, after=after)


def query(
    port: int = DNS, src: IPv4Address = HOST, dst: IPv4Address = NOWHERE, **fields: int | bool
) -> bytes:
    """Return a datagram of UDP to quote; ``fields`` are those of its header."""
    return ipv4(udp(port, b"?", src, dst), UDP, src=src, dst=dst, **fields)


# --- conformance ------------------------------------------------------------------------------------------------


def headers() -> Iterator[tuple[str, Example]]:
    """Yield what the first octets show."""
    request = Echo(type=8, identifier=7, sequence=1, data=PING)
    yield "deprecated", error("network unknown, which RFC 1812 took back", query(), 6)
    yield "type-unassigned", Example("type 77", Opaque(type=77, data=b"whatever"), HOST, SERVER)
    yield "code-unassigned", Example("an echo request with code 9", request.replace(code=9), HOST, SERVER)
    unreachable = DestinationUnreachable(type=3, code=1, unused=0x55, quote=Quote.of(query()))
    yield "reserved-bits", Example("an unused octet is 0x55", unreachable, ROUTER, HOST)


def forbidden() -> Iterator[tuple[str, Example]]:
    """Yield errors about what no error may be about."""
    inner = error("", query()).octets
    yield (
        "error-about-error",
        error("about Destination Unreachable", ipv4(inner, ICMP, src=HOST, dst=NOWHERE)),
    )
    everybody, group = IPv4Address("255.255.255.255"), IPv4Address("239.1.2.3")
    yield "error-about-broadcast", error("about a broadcast", query(dst=everybody))
    yield "error-about-multicast", error("about a multicast", query(dst=group))
    yield "error-about-fragment", error("about a fragment at 1480", query(fragment_offset=1480))
    yield "error-about-no-host", error("about a datagram from 0.0.0.0", query(src=IPv4Address(0)))
    yield "quote-short", error("a header and 4 octets", query()[:24])


def mtus() -> Iterator[tuple[str, Example]]:
    """Yield next-hop MTUs that cannot be."""
    datagram = ipv6(udp(DNS, bytes(1400), HOST6, SERVER6), UDP)
    small = PacketTooBig(type=2, mtu=1000, quote=Quote.of(datagram[:1232]))
    yield "mtu-below-1280", Example("an MTU of 1000 octets", small, ROUTER6, HOST6)
    large = query(dst=SERVER, total_length=1500, dont_fragment=True)
    needed = FragmentationNeeded(type=3, code=4, next_hop_mtu=60, quote=short(large))
    yield "mtu-below-68", Example("a next-hop MTU of 60 octets", needed, ROUTER, HOST)
    yield "mtu-zero", Example("no next-hop MTU", needed.replace(next_hop_mtu=0), ROUTER, HOST)
    yield (
        "mtu-above-packet",
        Example("1500 octets do not fit 1500", needed.replace(next_hop_mtu=1500), ROUTER, HOST),
    )
    may = short(query(dst=SERVER, total_length=1500))
    yield (
        "fragmentation-allowed",
        Example("no DF", needed.replace(next_hop_mtu=1400, quote=may), ROUTER, HOST),
    )


def discovery() -> Iterator[tuple[str, Example]]:
    """Yield neighbour discovery that a receiver discards."""
    told = NeighborAdvertisement(type=136, target=ROUTER_LOCAL, router=True, solicited=True)
    yield "nd-hop-limit", Example("an advertisement from afar", told, ROUTER_LOCAL, HOST_LOCAL, 63)
    yield "nd-code", nd("code 1", told.replace(code=1), ROUTER_LOCAL, HOST_LOCAL)
    router = RouterAdvertisement6(type=134, router_lifetime=0)
    yield "nd-source", nd("a router by its global address", router, ROUTER6, ALL_NODES6)
    asking = NeighborSolicitation(type=135, target=ALL_NODES6)
    yield "nd-target", nd("who has ff02::1?", asking, HOST_LOCAL, ALL_NODES6)
    group = MulticastListenerQuery(type=130, multicast_address=UNSPECIFIED)
    yield (
        "mld-not-on-link",
        Example("a query that was forwarded", group, ROUTER_LOCAL, ALL_NODES6, 64, alert=True),
    )
    nobody = RouterAdvertisement(type=9, num_addrs=0, lifetime=1800)
    yield "router-advertisement-invalid", Example("no address", nobody, ROUTER, ALL_SYSTEMS, 1)
    redirect = Redirect(type=5, code=1, gateway=ROUTER, quote=short(query()))
    yield "redirect-invalid", Example("to the router that sends it", redirect, ROUTER, HOST)


def damage() -> Iterator[tuple[str, Sent]]:
    """Yield what an example cannot be: a wrong checksum, fragments."""
    octets = bytearray(ethernet(Example("", Echo(type=8, identifier=7, sequence=2, data=PING), HOST, SERVER)))
    octets[-1] ^= 0xFF
    yield "checksum-bad", Sent("the last octet is not what was summed", bytes(octets), PAUSE)
    target = NeighborSolicitation(type=135, target=ROUTER_LOCAL, options=some(link_layer(1, ROUTER_MAC)))
    asking = Example("", target, HOST_LOCAL, solicited_node(ROUTER_LOCAL), 255)
    for number, piece in enumerate(pieces(asking, ((0, 16), (16, 32)), 1), 1):
        # The frames of pieces() have the hop limit of everything else, which would be a finding too.
        whole = piece[:21] + b"\xff" + piece[22:]
        yield "nd-fragmented", Sent(f"who has {ROUTER_LOCAL}? in two fragments: {number}", whole, PAUSE)


# --- operation --------------------------------------------------------------------------------------------------


def unreachable() -> Iterator[tuple[str, Example]]:
    """Yield what services and filters tell."""
    closed = DestinationUnreachable(type=3, code=3, quote=Quote.of(query(dst=SERVER)))
    yield "port-closed", Example("no name server", closed, SERVER, HOST)
    yield "port-refused", error("the router, for a host behind it", query(dst=net(9, 3)), 3)
    yield "filtered", error("no SSH from here", ipv4(tcp(22), TCP), 13)
    for _ in range(8):
        quote = Quote.of(ipv4(tcp(443, dst=NOWHERE), TCP, dst=NOWHERE))
        yield "loop", Example("always at the same router", TimeExceeded(type=11, quote=quote), ROUTER, HOST)
    large = ipv4(
        tcp(443, dst=net(9, 1), data=bytes(8)), TCP, dst=net(9, 1), total_length=1500, dont_fragment=True
    )
    needed = FragmentationNeeded(type=3, code=4, next_hop_mtu=1400, quote=short(large))
    for number in range(1, 5):
        yield "mtu-black-hole", Example(f"told for the {number}. time", needed, ROUTER, HOST, after=SECOND)


def limited() -> Iterator[tuple[str, Example]]:
    """Yield pings of a host that is not there, of which the router tells now and then."""
    for number in range(24):
        request = Echo(type=8, identifier=0x600D, sequence=number, data=PING)
        yield "rate-limited", Example("a ping", request, HOST, net(9, 2))
        if number % 4 == 0:
            quote = ipv4(echo(), ICMP, dst=net(9, 2))
            yield "rate-limited", error("one answer of four", quote, after=MILLISECOND)


def addresses() -> Iterator[tuple[str, Example]]:
    """Yield an address that is taken, and routers that do not agree."""
    wanted = IPv6Address("fe80::77")
    asking = NeighborSolicitation(type=135, target=wanted)
    yield "duplicate-address", nd("is it free?", asking, UNSPECIFIED, solicited_node(wanted))
    taken = NeighborAdvertisement(
        type=136, target=wanted, override=True, options=some(link_layer(TARGET, "00:00:5e:00:53:77"))
    )
    yield "duplicate-address", nd("no, it is mine", taken, wanted, ALL_NODES6, after=MILLISECOND)
    for number in (1, 2):
        router = RouterAdvertisement6(type=134, cur_hop_limit=64 * number, router_lifetime=1800)
        source = IPv6Address(f"fe80::{number}")
        yield "routers-differ", nd(f"hop limit {64 * number}", router, source, ALL_NODES6)
    better = Redirect(type=5, code=1, gateway=IPv4Address("192.0.2.2"), quote=short(query()))
    yield "redirected", Example("a better first hop", better, ROUTER, HOST)


# --- security ---------------------------------------------------------------------------------------------------


def redirects() -> Iterator[tuple[str, Example]]:
    """Yield redirects by others than the router."""
    yours = Redirect(type=5, code=1, gateway=SCANNER, quote=short(query(src=VICTIM)))
    yield (
        "redirect-not-router",
        Example("its TTL says that it was forwarded", yours, ROUTER, VICTIM, FORWARDED),
    )
    six = Redirect6(type=137, target=IPv6Address("fe80::66"), destination=SERVER6)
    yield "redirect-not-router", nd("by no router", six, IPv6Address("fe80::66"), HOST6)


def smurf() -> Iterator[tuple[str, Example]]:
    """Yield a ping to a broadcast address, in the name of the victim, and the answers."""
    ping = Echo(type=8, identifier=1, sequence=1, data=PING)
    yield "smurf", Example("to a directed broadcast address", ping, VICTIM, net(1, 255))
    for number in range(1, 5):
        answer = Example(f"answer {number}", ping.replace(type=0), net(1, number), VICTIM, after=MILLISECOND)
        yield "smurf", answer


def sweeps() -> Iterator[tuple[str, Example]]:
    """Yield a search for hosts, and one for services."""
    for number in range(1, 18):
        ping = Echo(type=8, identifier=0xBAD, sequence=number)
        yield "sweep-hosts", Example(f"host {number}", ping, SCANNER, net(2, number), after=MILLISECOND)
    for port in range(1, 18):
        quote = Quote.of(query(port, SCANNER, SERVER))
        closed = DestinationUnreachable(type=3, code=3, quote=quote)
        yield "sweep-ports", Example(f"port {port}", closed, SERVER, SCANNER, after=50 * MILLISECOND)
    yield "recon-mask", Example("a mask", AddressMask(type=17, address_mask=IPv4Address(0)), SCANNER, SERVER)
    for number in (1, 2):
        clock = Timestamp(type=13, identifier=0xBAD, originate=1)
        yield "recon-timestamp", Example(f"clock {number}", clock, SCANNER, net(2, number))


def floods() -> Iterator[tuple[str, Example]]:
    """Yield more unreachables than a host asks for, and more routers than a link has."""
    for number in range(110):
        quote = query(40_000 + number, LONELY, net(3, number % 250 + 1))
        # All of them within one second of the clock.
        yield (
            "unreachable-flood",
            error("backscatter", quote, 0, LONELY, SECOND if not number else MILLISECOND),
        )
    router = RouterAdvertisement6(type=134, cur_hop_limit=64, router_lifetime=9000)
    for number in range(1, 18):
        source = IPv6Address(f"fe80::f:{number:x}")
        yield "router-flood", nd(f"router {number}", router, source, ALL_NODES6, after=MILLISECOND)


FRAGMENTS = 1480
"""Octets of a fragment."""


def fragments() -> Iterator[tuple[str, Sent]]:
    """Yield an echo request that is larger than any link, and one whose fragments overlap."""
    large = Example("", Echo(type=8, identifier=1, sequence=1, data=bytes(10_100)), SCANNER, SERVER)
    size = len(large.octets)
    spans = [(begin, min(begin + FRAGMENTS, size)) for begin in range(0, size, FRAGMENTS)]
    for number, piece in enumerate(pieces(large, spans, 21), 1):
        yield "oversized", Sent(f"fragment {number} of {len(spans)}", piece, MILLISECOND)
    torn = Example("", Echo(type=8, identifier=1, sequence=2, data=bytes(88)), SCANNER, SERVER)
    for piece in pieces(torn, ((0, 56), (48, 96)), 22):
        yield "fragments-overlap", Sent("octets 48 to 55 come twice", piece, MILLISECOND)


def tunnel() -> Iterator[tuple[str, Example]]:
    """Yield echo messages that carry something else: each way its own, in different sizes."""
    noise = Random(792)  # noqa: S311 - the same octets whenever the capture is made
    for number in range(40):
        there, back = (noise.randbytes(noise.choice(sizes)) for sizes in ((40, 52, 64), (100, 140, 180)))
        request = Echo(type=8, identifier=0x7E57, sequence=number, data=there)
        yield "tunnel", Example("there", request, HOST, net(4, 1), after=20 * MILLISECOND)
        answer = request.replace(type=0, data=back)
        yield "tunnel", Example("back", answer, net(4, 1), HOST, 57, after=MILLISECOND)


def cases() -> Iterator[tuple[str, Sent]]:
    """Yield every frame with the rule that it is for."""
    groups = (
        headers,
        forbidden,
        mtus,
        discovery,
        unreachable,
        limited,
        addresses,
        redirects,
        smurf,
        sweeps,
        floods,
    )
    for group in (*groups, tunnel):
        for rule, example in group():
            yield rule, sent(example)
    yield from damage()
    yield from fragments()


def several_routers() -> Iterator[tuple[str, Sent]]:
    """Yield two routers that agree: on a link of their own, since the others do not."""
    for number in (1, 2):
        router = RouterAdvertisement6(type=134, cur_hop_limit=64, router_lifetime=1800)
        source = IPv6Address(f"fe80::b{number}")
        yield "routers-several", sent(nd(f"router {number} of 2", router, source, ALL_NODES6))


def findings() -> bytes:
    """Return the capture: each packet has a comment with the rule that it is for. Three links, by their routers."""
    section = Section(options={4: b"pcaps/make.py"})
    for name in ("eth0", "eth1", "eth2"):
        section.interface(1, name, resolution=9)
    time = START
    for rule, frame in (*cases(), *several_routers()):
        time += frame.after
        interface = {"router-flood": 1, "routers-several": 2}.get(rule, 0)
        section.enhanced(Frame(time, frame.octets), interface, f"{rule}: {frame.about}")
    return bytes(section)
