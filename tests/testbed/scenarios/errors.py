"""Time exceeded, parameter problems, redirects."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from testbed.model import scenario, v4, v6
from testbed.traffic import header, ping, udp

if TYPE_CHECKING:
    from testbed.model import Playing
    from testbed.network import Network

A, R, B = "10.1.0.1", "10.1.0.2", "10.1.0.2"
A6, B6 = "2001:db8:1::1", "2001:db8:1::2"
FAR, FAR6 = "10.3.0.4", "2001:db8:3::4"
POINTER_OF_ROUTE = bytes((7, 7, 3, 0, 0, 0, 0, 0))
"""An IPv4 option Record Route whose pointer is below 4, the least there can be (RFC 791, 3.1)."""
NO_NEXT_HEADER, HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION_OPTIONS = 59, 0, 43, 44, 60
EXPERIMENT = 253
UNKNOWN_OPTION = bytes((NO_NEXT_HEADER, 0, 0xBE, 4, 0, 0, 0, 0))
"""Destination options with one that is to be told about where it is not known (RFC 8200, 4.2: 10)."""
UNKNOWN_ROUTING = bytes((NO_NEXT_HEADER, 0, EXPERIMENT, 1, 0, 0, 0, 0))
"""A routing header of a type for experiments (RFC 4727) with segments left (RFC 8200, 4.4)."""
ODD_FRAGMENT = bytes((17, 0, 0, 1, 0, 0, 0, 7)) + bytes(13)
"""A first fragment, more to follow, whose length is no multiple of 8 (RFC 8200, 4.5)."""
CHAIN_CUT = bytes((DESTINATION_OPTIONS, 0, 0, 1, 0, 0, 0, 8)) + bytes((17, 0, 1, 4, 0, 0, 0, 0))
"""A first fragment that ends before the UDP header (RFC 8200, 4.5; RFC 7112)."""


@scenario(
    v4(11, 0, "10.1.0.2", A, quoted={"src": A, "dst": FAR, "protocol": 17, "ttl": 1}),
    v4(11, 0, "10.2.0.3", A, quoted={"src": A, "dst": FAR, "protocol": 17, "ttl": 1}),
    v6(3, 0, "2001:db8:1::2", A6, quoted={"src": A6, "dst": FAR6, "protocol": 17, "ttl": 1}),
    v6(3, 0, "2001:db8:2::3", A6, quoted={"src": A6, "dst": FAR6, "protocol": 17, "ttl": 1}),
    flows={"errors": 4, "flows": 2},
)
def time_exceeded(net: Network) -> Playing:
    """Two routers, and datagrams whose TTL or hop limit is 1 and 2."""
    ports = net.line(2)
    yield ports[0]
    for src, dst in ((A, FAR), (A6, FAR6)):
        for ttl in (1, 2):
            ports[0].send(ports[1].mac, udp(src, dst, ttl=ttl))


@scenario(
    v4(11, 1, B, A, quoted={"src": A, "dst": B, "protocol": 17, "sport": 40000, "dport": 9}),
    v6(3, 1, B6, A6, quoted={"src": A6, "dst": B6, "protocol": 17, "sport": 40000, "dport": 9}),
    any_order=True,
)
def reassembly_time_exceeded(net: Network) -> Playing:
    """First fragments whose rest does not come, for a second (``ipfrag_time`` and ``ip6frag_time``)."""
    from scapy.layers.inet6 import IPv6ExtHdrFragment

    one, other = net.link(net.host(), net.host())
    other.host.set("ipv4/ipfrag_time", 1)
    other.host.set("ipv6/ip6frag_time", 1)
    yield one
    one.send(other.mac, udp(A, B, length=16, flags="MF", id=7))
    whole = udp(A6, B6, length=16)
    one.send(other.mac, header(A6, B6, FRAGMENT) / IPv6ExtHdrFragment(nh=17, m=1, id=7) / whole.payload)


@scenario(
    v4(12, 0, B, A, pointer=22, quoted={"src": A, "dst": B, "protocol": 17, "sport": 40000, "dport": 9})
)
def parameter_problem(net: Network) -> Playing:
    """An IPv4 option whose pointer is wrong: the third octet of the options."""
    from scapy.layers.inet import IPOption

    one, other = net.link(net.host(), net.host())
    yield one
    one.send(other.mac, udp(A, B, options=[IPOption(POINTER_OF_ROUTE)]))


@scenario(
    v6(4, 1, B6, A6, pointer=6, quoted={"src": A6, "dst": B6, "protocol": EXPERIMENT}),
    v6(4, 2, B6, A6, pointer=42, quoted={"src": A6, "dst": B6}),
    v6(4, 2, B6, A6, pointer=42, quoted={"src": A6, "dst": B6}),
    v6(4, 0, B6, A6, pointer=42, quoted={"src": A6, "dst": B6}),
    v6(4, 0, B6, A6, pointer=4, quoted={"src": A6, "dst": B6}),
    v6(4, 3, B6, A6, pointer=0, quoted={"src": A6, "dst": B6}),
)
def parameter_problem_v6(net: Network) -> Playing:
    """IPv6 headers that a host does not take: a next header and an option that it does not know, the latter in
    destination and in hop-by-hop options, a routing header of an unknown type, a fragment whose length is odd, and
    one without all headers."""
    one, other = net.link(net.host(), net.host())
    yield one
    for protocol, octets in (
        (EXPERIMENT, bytes(8)),
        (DESTINATION_OPTIONS, UNKNOWN_OPTION),
        (HOP_BY_HOP, UNKNOWN_OPTION),
        (ROUTING, UNKNOWN_ROUTING),
        (FRAGMENT, ODD_FRAGMENT),
        (FRAGMENT, CHAIN_CUT),
    ):
        one.send(other.mac, header(A6, B6, protocol) / octets)


@scenario(
    v4(8, 0, A, "10.2.0.4", sequence=1),
    v4(5, 1, R, A, gateway="10.1.0.3", quoted={"src": A, "dst": "10.2.0.4", "type": 8}),
    v4(0, 0, "10.2.0.4", A, sequence=1),
    v4(8, 0, A, "10.2.0.4", sequence=2),
    v4(0, 0, "10.2.0.4", A, sequence=2),
    findings="redirected",
    any_order=True,
)
def redirect(net: Network) -> Playing:
    """A router that is not the nearest to the server: it says so once, and the host heeds it."""
    client, near, right = (host() for host in (net.host, net.router, net.router))
    ports = net.link(client, near, right)
    beyond = net.link(right, net.host())
    client.ip(f"route add default via {ports[1].v4}")
    near.ip(f"route add 10.2.0.0/16 via {ports[2].v4}")
    beyond[1].host.route("default", beyond[0])
    yield ports[0]
    ping(client, A, "10.2.0.4", 1)
    time.sleep(0.1)
    assert f"via {ports[2].v4}" in client.run("ip", "route", "get", "10.2.0.4")
    ping(client, A, "10.2.0.4", 2)


@scenario(
    v6(128, 0, A6, "2001:db8:2::4", sequence=1),
    v6(137, 0, "fe80::ff:fe00:102", A6, target="fe80::ff:fe00:103", destination="2001:db8:2::4"),
    v6(129, 0, "2001:db8:2::4", A6, sequence=1),
    v6(128, 0, A6, "2001:db8:2::4", sequence=2),
    v6(129, 0, "2001:db8:2::4", A6, sequence=2),
    findings="redirected",
    any_order=True,
)
def redirect_v6(net: Network) -> Playing:
    """The same in IPv6, where routers are known by their link-local addresses (RFC 4861, 8)."""
    client, near, right = (host() for host in (net.host, net.router, net.router))
    ports = net.link(client, near, right)
    beyond = net.link(right, net.host())
    client.ip(f"-6 route add default via {ports[1].local} dev {ports[0].name}")
    near.ip(f"-6 route add 2001:db8:2::/48 via {ports[2].local} dev {ports[1].name}")
    beyond[1].host.route("default", beyond[0])
    yield ports[0]
    ping(client, A6, "2001:db8:2::4", 1)
    time.sleep(0.1)
    assert f"via {ports[2].local}" in client.run("ip", "-6", "route", "get", "2001:db8:2::4")
    ping(client, A6, "2001:db8:2::4", 2)
