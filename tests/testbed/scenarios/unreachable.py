"""Destination Unreachable: each code that Linux can send, and what makes it do so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dissector.messages.errors import DestinationUnreachable
from dissector.tails.quoted import Quote
from testbed.model import scenario, v4, v6
from testbed.traffic import CLOSED, FROM, header, icmp, udp

if TYPE_CHECKING:
    from testbed.model import Playing, Record
    from testbed.network import Network

A, R, B = "10.1.0.1", "10.1.0.2", "10.2.0.3"
A6, R6, B6 = "2001:db8:1::1", "2001:db8:1::2", "2001:db8:2::3"
A_LOCAL, R_LOCAL = "fe80::ff:fe00:101", "fe80::ff:fe00:102"
EXPERIMENT = 253
"""A protocol number for experiments (RFC 3692), which no host knows."""
STRICT_ROUTE = bytes((137, 7, 4, 10, 9, 0, 1, 0))
"""An IPv4 option: by way of 10.9.0.1, which is to be the very next host (RFC 791, 3.1)."""
REJECTED = (("net-unreachable", 0), ("host-unreachable", 1), ("prot-unreachable", 2), ("port-unreachable", 3),
            ("net-prohibited", 9), ("host-prohibited", 10), ("admin-prohibited", 13))  # fmt: skip
REJECTED6 = (("no-route", 0), ("admin-prohibited", 1), ("addr-unreachable", 3), ("port-unreachable", 4),
             ("policy-fail", 5), ("reject-route", 6))  # fmt: skip
"""What nft can reject with, and the code that this must be."""


def about(dst: str, **more: object) -> Record:
    """Return what JSON must say of a quoted UDP datagram of the client's."""
    return {
        "src": A6 if ":" in dst else A,
        "dst": dst,
        "protocol": 17,
        "sport": FROM,
        "dport": CLOSED,
        **more,
    }


@scenario(
    v4(3, 0, R, A, quoted=about("10.3.0.9")),
    v4(3, 0, R, A, quoted=about("10.4.0.9")),
    v4(3, 1, R, A, quoted=about("10.5.0.9")),
    v4(3, 13, R, A, quoted=about("10.6.0.9")),
    v6(1, 0, R6, A6, quoted=about("2001:db8:3::9")),
    v6(1, 0, R6, A6, quoted=about("2001:db8:4::9")),
    v6(1, 0, R6, A6, quoted=about("2001:db8:5::9")),
    v6(1, 1, R6, A6, quoted=about("2001:db8:6::9")),
    findings="filtered",
    flows={"errors": 8, "flows": 8},
)
def unreachable_by_route(net: Network) -> Playing:
    """A router without a route, then with routes of the kinds throw, unreachable, prohibit and blackhole: net, net,
    host unreachable, administratively prohibited, and silence. In IPv6: no route, no route, no route, prohibited."""
    ports = net.line(1)
    router = ports[1].host
    for number, kind in enumerate(("throw", "unreachable", "prohibit", "blackhole"), 4):
        router.ip(f"route add {kind} 10.{number}.0.0/16", f"-6 route add {kind} 2001:db8:{number}::/48")
    yield ports[0]
    for number in range(3, 8):
        ports[0].send(ports[1].mac, udp(A, f"10.{number}.0.9"))
    for number in range(3, 8):
        ports[0].send(ports[1].mac, udp(A6, f"2001:db8:{number}::9"))


@scenario(
    v4(3, 1, R, A, quoted=about("10.2.0.99")),
    v6(1, 3, R6, A6, quoted=about("2001:db8:2::99")),
    any_order=True,
)
def unreachable_neighbor(net: Network) -> Playing:
    """A router that finds nobody at the last link: ARP and neighbour discovery have no answer, three times."""
    ports = net.line(1)
    router = ports[1].host
    for family in ("ipv4", "ipv6"):
        router.set(f"{family}/neigh/{ports[2].name}/retrans_time_ms", 100)
    yield ports[0]
    ports[0].send(ports[1].mac, udp(A, "10.2.0.99"), udp(A6, "2001:db8:2::99"))


@scenario(
    v4(3, 2, B, A, quoted={"src": A, "dst": B, "protocol": EXPERIMENT, "ttl": 63}),
    v4(3, 3, B, A, quoted=about(B, ttl=63)),
    v6(1, 4, B6, A6, quoted=about(B6, ttl=63)),
    findings="port-closed",
)
def unreachable_by_host(net: Network) -> Playing:
    """A host that has neither the protocol nor a program at the port; of the former ICMPv6 speaks as of a parameter
    problem, see ``parameter-problem-v6``."""
    ports = net.line(1)
    yield ports[0]
    ports[0].send(ports[1].mac, header(A, B, EXPERIMENT) / bytes(8), udp(A, B), udp(A6, B6))


@scenario(
    *(v4(3, code, R, A, quoted={**about(B), "dport": 1000 + code}) for _, code in REJECTED),
    *(v6(1, code, R6, A6, quoted={**about(B6), "dport": 1000 + code}) for _, code in REJECTED6),
    findings="filtered port-refused",
)
def unreachable_by_filter(net: Network) -> Playing:
    """A filter on the router that rejects with each code that nftables has: 0, 1, 2, 3, 9, 10, 13 in ICMPv4, 0, 1,
    3, 4, 5, 6 in ICMPv6. The port is 1000 and the code."""
    ports = net.line(1)
    for family, kind, rejected in (("ip", "icmp", REJECTED), ("ip6", "icmpv6", REJECTED6)):
        rules = [f"udp dport {1000 + code} reject with {kind} type {name}" for name, code in rejected]
        chain = "\n".join(("type filter hook forward priority 0;", *rules))
        ports[1].host.nft(f"table {family} filter {{\nchain forward {{\n{chain}\n}}\n}}")
    yield ports[0]
    for _, code in REJECTED:
        ports[0].send(ports[1].mac, udp(A, B, 1000 + code))
    for _, code in REJECTED6:
        ports[0].send(ports[1].mac, udp(A6, B6, 1000 + code))


@scenario(v4(3, 5, R, A, quoted=about(R, ttl=64)))
def source_route_failed(net: Network) -> Playing:
    """A strict source route whose next host is not on a link of the router's; the router's
    ``accept_source_route`` is on."""
    from scapy.layers.inet import IPOption

    ports = net.line(1)
    router = ports[1].host
    for name in ("all", ports[1].name):
        router.set(f"ipv4/conf/{name}/accept_source_route", 1)
    router.ip(f"route add 10.9.0.0/16 via {B}")
    yield ports[0]
    ports[0].send(ports[1].mac, udp(A, R, options=[IPOption(STRICT_ROUTE)]))


@scenario(v6(1, 2, R_LOCAL, A_LOCAL, quoted={"src": A_LOCAL, "dst": B6, "protocol": 17}))
def beyond_scope(net: Network) -> Playing:
    """A link-local source address on its way to another link (RFC 4443, 3.1, code 2)."""
    ports = net.line(1)
    yield ports[0]
    ports[0].send(ports[1].mac, udp(A_LOCAL, B6))


@scenario(v4(3, 3, A, B, ttl=1), findings="port-closed")
def unanswered(net: Network) -> Playing:
    """What no error may answer (RFC 1122, 3.2.2): a broadcast, a multicast, a later fragment, an ICMP error (the
    message that there is: sent by the test with a TTL that ends)."""
    from scapy.layers.inet import UDP

    ports = net.line(1)
    yield ports[0]
    later = header(A, B, 17, frag=10) / UDP(sport=FROM, dport=CLOSED) / bytes(8)
    ports[0].send(ports[1].mac, later)
    ports[0].send("ff:ff:ff:ff:ff:ff", udp(A, "10.1.0.255"))
    ports[0].send("01:00:5e:00:00:01", udp(A, "224.0.0.1", ttl=1))
    error = DestinationUnreachable(type=3, code=3, quote=Quote.of(bytes(udp(B, A))))
    ports[0].send(ports[1].mac, icmp(A, B, error, ttl=1))
