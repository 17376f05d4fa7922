"""Paths: traceroutes, address translation, tunnels."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from testbed.model import scenario, v4, v6
from testbed.nodes import Wire
from testbed.traffic import CLOSED, FROM, echo, ping, udp

if TYPE_CHECKING:
    from testbed.model import Playing, Record
    from testbed.network import Network
    from testbed.nodes import Port

A, A6, FAR, FAR6 = "10.1.0.1", "2001:db8:1::1", "10.4.0.5", "2001:db8:4::5"
HOPS, HOPS6 = ("10.1.0.2", "10.2.0.3", "10.3.0.4"), ("2001:db8:1::2", "2001:db8:2::3", "2001:db8:3::4")
PROBES = 2
"""Probes a hop."""
UDP, TCP, ICMP = 17, 6, 1
OUTSIDE, SERVER, BEYOND = "10.2.0.2", "10.2.0.3", "10.3.0.4"
HOST, OTHER, HIDING, HIDDEN = "10.1.0.1", "10.1.0.2", "10.2.0.3", "10.2.0.4"
"""Two hosts, the router that hides them, and the server that they ping."""
LOST = "10.9.0.1"
ROUNDS = 10
PAUSE = 0.05
"""Seconds that an exchange takes at most."""
TUNNEL = ["eth", "ip", "vxlan", "eth", "ip"]


def exceeded(protocol: int) -> list[Record]:
    """Return what JSON must say of the answers of all routers to one traceroute."""
    quoted = {"src": A, "dst": FAR, "protocol": protocol, "ttl": 1}
    return [v4(11, 0, hop, A, quoted=quoted) for hop in HOPS for _ in range(PROBES)]


def path(hops: tuple[str, ...], **about: object) -> Record:
    """Return what the summary must say of the only path."""
    numbered = enumerate(hops, 1)
    told = [{"number": number, "answers": [{"address": hop, "answers": PROBES}]} for number, hop in numbered]
    return {"paths": [{**about, "hops": told, "loops": [], "missing": []}], "warnings": []}


def traceroute(net: Network, *options: str) -> Playing:
    """Have the program traceroute show a path of three routers."""
    ports = net.line(3)
    yield ports[0]
    ports[0].host.run("traceroute", "-n", "-N", "1", "-q", str(PROBES), "-w", "1", *options)


@scenario(
    *exceeded(UDP),
    *(v4(3, 3, FAR, A, quoted={"src": A, "dst": FAR, "protocol": UDP}) for _ in range(PROBES)),
    paths=path((*HOPS, FAR), src=A, dst=FAR, protocol=UDP, end="reached"),
)
def traceroute_udp(net: Network) -> Playing:
    """traceroute by UDP over three routers: every probe has a port of its own, the last ones are closed."""
    yield from traceroute(net, FAR)


@scenario(
    *(v4(8, 0, A, FAR, ttl=1 + number // PROBES) for number in range(4 * PROBES)),
    *exceeded(ICMP),
    *(v4(0, 0, FAR, A) for _ in range(PROBES)),
    any_order=True,
    paths=path((*HOPS, FAR), src=A, dst=FAR, protocol=ICMP, end="reached"),
)
def traceroute_icmp(net: Network) -> Playing:
    """traceroute by echo over three routers."""
    yield from traceroute(net, "-I", FAR)


@scenario(*exceeded(TCP), paths=path(HOPS, src=A, dst=FAR, protocol=TCP, end="nothing"))
def traceroute_tcp(net: Network) -> Playing:
    """traceroute by TCP over three routers; the last answers are resets, no ICMP."""
    yield from traceroute(net, "-T", "-p", str(CLOSED), FAR)


@scenario(
    *(
        v6(3, 0, hop, A6, quoted={"src": A6, "dst": FAR6, "protocol": UDP})
        for hop in HOPS6
        for _ in range(PROBES)
    ),
    *(v6(1, 4, FAR6, A6, quoted={"src": A6, "dst": FAR6, "protocol": UDP}) for _ in range(PROBES)),
    paths=path((*HOPS6, FAR6), src=A6, dst=FAR6, protocol=UDP, end="reached"),
)
def traceroute_v6(net: Network) -> Playing:
    """traceroute by UDP in IPv6."""
    yield from traceroute(net, FAR6)


def masquerade(outside: Port) -> None:
    """Have a router hide what leaves by a port behind its own address there."""
    chain = f"type nat hook postrouting priority 100;\noifname {outside.name} masquerade"
    outside.host.nft(f"table ip nat {{\nchain after {{\n{chain}\n}}\n}}")


@scenario(
    v4(8, 0, A, SERVER),
    v4(8, 0, OUTSIDE, SERVER),
    v4(0, 0, SERVER, OUTSIDE),
    v4(0, 0, SERVER, A),
    v4(3, 3, SERVER, OUTSIDE, quoted={"src": OUTSIDE, "dst": SERVER, "sport": FROM, "dport": CLOSED}),
    v4(3, 3, SERVER, A, quoted={"src": A, "dst": SERVER, "sport": FROM, "dport": CLOSED}),
    v4(
        11,
        0,
        SERVER,
        OUTSIDE,
        quoted={"src": OUTSIDE, "dst": BEYOND, "sport": FROM, "dport": CLOSED, "ttl": 1},
    ),
    v4(11, 0, SERVER, A, quoted={"src": A, "dst": BEYOND, "sport": FROM, "dport": CLOSED, "ttl": 1}),
    findings="port-closed",
    exchanges={
        "hosts": [{"querier": A, "sent": 1, "answered": 1}, {"querier": OUTSIDE, "sent": 1, "answered": 1}]
    },
)
def address_translation(net: Network) -> Playing:
    """A router that hides its network behind its own address (nftables' masquerade), seen on both its sides: echo,
    a closed port, a TTL at its end. Errors are translated, and so is what they quote."""
    ports = net.line(2)
    masquerade(ports[2])
    yield Wire(ports[2].host, "any")
    for packet in (echo(A, SERVER), udp(A, SERVER), udp(A, BEYOND, ttl=2)):
        ports[0].send(ports[1].mac, packet)


@scenario(
    v4(8, 0, HOST, HIDDEN, identifier=77),
    v4(8, 0, HIDING, HIDDEN, identifier=77),
    v4(0, 0, HIDDEN, HIDING, identifier=77),
    v4(0, 0, HIDDEN, HOST, identifier=77),
    v4(8, 0, OTHER, HIDDEN, identifier=77),
    v4(8, 0, HIDING, HIDDEN, identifier=int),
    v4(0, 0, HIDDEN, HIDING, identifier=int),
    v4(0, 0, HIDDEN, OTHER, identifier=77),
    exchanges={"kinds": [{"sent": 4, "answered": 4, "lost": 0, "unasked": 0, "altered": 0}]},
)
def identifier_translation(net: Network) -> Playing:
    """Two hosts behind such a router ping the same server with the same identifier: outside, the second has
    another."""
    one, other, router, server = net.host(), net.host(), net.router(), net.host()
    inside, outside = net.link(one, other, router), net.link(router, server)
    masquerade(outside[0])
    yield Wire(router, "any")
    for port in inside[:2]:
        port.send(inside[2].mac, echo(port.v4, outside[1].v4))
        time.sleep(PAUSE)


@scenario(
    *(v4(11, 0, HOPS[0], A, quoted={"src": A, "dst": LOST, "ttl": 1}) for _ in range(ROUNDS)),
    findings="loop",
    any_order=True,
)
def routing_loop(net: Network) -> Playing:
    """Two routers that hold each other for the way to a network: datagrams go round until their TTL ends."""
    ports = net.line(2)
    ports[1].host.ip(f"route add {LOST} via {ports[3].v4}")
    ports[3].host.ip(f"route add {LOST} via {ports[2].v4}")
    yield ports[0]
    ports[0].send(ports[1].mac, *(udp(A, LOST, ttl=63, id=number) for number in range(ROUNDS)))


@scenario(
    v4(8, 0, "192.0.2.1", "192.0.2.2", path=TUNNEL),
    v4(0, 0, "192.0.2.2", "192.0.2.1", path=TUNNEL),
)
def tunnel(net: Network) -> Playing:
    """Echo in a VXLAN tunnel between two hosts (RFC 7348)."""
    one, other = net.link(net.host(), net.host())
    ends = ((one, other.v4, 1), (other, one.v4, 2))
    for port, remote, number in ends:
        port.host.set("ipv6/conf/default/disable_ipv6", 1)
        port.host.ip(
            f"link add name tunnel address 02:00:00:00:05:0{number} type vxlan id 5 remote {remote} dstport 4789 "
            f"dev {port.name}",
            "link set tunnel up",
            f"address add 192.0.2.{number}/24 dev tunnel",
            f"neighbor replace 192.0.2.{3 - number} lladdr 02:00:00:00:05:0{3 - number} dev tunnel nud permanent",
        )
    yield one
    ping(one.host, "192.0.2.1", "192.0.2.2", 1)
