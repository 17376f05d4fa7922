"""Links and hosts that lose, delay, double and reorder, and hosts that answer but so often.

The kernel does it by nftables and queues, which count: a scenario is the same each time, and needs no netem.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from testbed.model import scenario, v4, v6
from testbed.traffic import echo

if TYPE_CHECKING:
    from testbed.model import Playing, Record
    from testbed.network import Network
    from testbed.nodes import Port

A, B, R, FAR = "10.1.0.1", "10.1.0.2", "10.1.0.2", "10.2.0.3"
A6, R6, FAR6 = "2001:db8:1::1", "2001:db8:1::2", "2001:db8:2::3"
FLOOD = 30
"""Queries at once, more than a kernel answers."""
BURST = 6
"""Errors that a kernel sends one host at once (XRLIM_BURST_FACTOR of net/ipv4/icmp.c)."""
FRAME = 82
"""Octets of an echo reply with its Ethernet header."""


def asked(*numbers: int) -> list[Record]:
    """Return what JSON must say of echo requests."""
    return [v4(8, 0, A, B, sequence=number) for number in numbers]


def answered(*numbers: int) -> list[Record]:
    """Return what JSON must say of echo replies."""
    return [v4(0, 0, B, A, sequence=number) for number in numbers]


def rule(port: Port, text: str) -> None:
    """Have a host's echo replies pass a rule of nftables before they leave."""
    chain = f"type filter hook output priority 0;\nicmp type echo-reply {text}"
    port.host.nft(f"table ip quality {{\nchain leaving {{\n{chain}\n}}\n}}")


def pinged(net: Network, count: int, *, rules: str = "", queues: tuple[str, ...] = ()) -> Playing:
    """Have one host ping another whose replies pass a rule and queues."""
    one, other = net.link(net.host(), net.host())
    if queues:
        other.host.tc(*queues)
    if rules:
        rule(other, rules)
    yield one
    one.send(other.mac, *(echo(A, B, number) for number in range(1, count + 1)))


@scenario(
    *asked(1, 2, 3, 4, 5, 6),
    *answered(2, 3, 5, 6),
    exchanges={"kinds": [{"sent": 6, "answered": 4, "lost": 2, "reordered": 0}]},
    any_order=True,
)
def loss(net: Network) -> Playing:
    """Every third reply is lost."""
    yield from pinged(net, 6, rules="numgen inc mod 3 == 0 drop")


@scenario(
    *asked(1, 2, 3),
    *answered(1, 1, 2, 2, 3, 3),
    exchanges={"kinds": [{"sent": 3, "answered": 3, "lost": 0, "duplicates": 3}]},
    any_order=True,
)
def duplicates(net: Network) -> Playing:
    """Every reply comes twice."""
    yield from pinged(net, 3, rules=f"dup to {A}")


@scenario(
    *asked(1, 2, 3, 4),
    *answered(1, 2, 3, 4),
    exchanges={"kinds": [{"sent": 4, "answered": 4, "late": 0, "reordered": 0}]},
    any_order=True,
)
def delay(net: Network) -> Playing:
    """Replies queue before a link of 16 kbit/s: each comes 41 ms later than the one before."""
    yield from pinged(net, 4, queues=(f"qdisc add dev eth1 root tbf rate 16kbit burst {FRAME} limit 10000",))


@scenario(
    *asked(1, 2, 3, 4, 5, 6, 7, 8),
    *answered(1, 2, 3, 4, 6, 8, 5, 7),
    exchanges={"kinds": [{"sent": 8, "answered": 8, "lost": 0, "reordered": 2}]},
    any_order=True,
)
def reordering(net: Network) -> Playing:
    """Replies take two queues in turn, one of them slow: once it is full, others overtake."""
    queues = (
        "qdisc add dev eth1 root handle 1: htb default 1",
        "class add dev eth1 parent 1: classid 1:1 htb rate 1gbit",
        f"class add dev eth1 parent 1: classid 1:2 htb rate 8kbit burst {FRAME} cburst {FRAME}",
    )
    yield from pinged(net, 8, rules="numgen inc mod 2 == 0 meta priority set 1:2", queues=queues)


@scenario(
    *(v4(8, 0, A, FAR, sequence=number, ttl=1) for number in range(FLOOD)),
    *(v4(11, 0, R, A, quoted={"sequence": number}) for number in range(BURST)),
    findings="rate-limited",
    any_order=True,
)
def rate_limit(net: Network) -> Playing:
    """Thirty datagrams at once whose TTL ends at the router, which answers six (``net.ipv4.icmp_ratelimit``)."""
    ports = net.line(1)
    ports[1].host.set("ipv4/icmp_ratelimit", 1000)
    yield ports[0]
    ports[0].send(ports[1].mac, *(echo(A, FAR, number, ttl=1) for number in range(FLOOD)))


@scenario(
    *(v6(128, 0, A6, FAR6, sequence=number, ttl=1) for number in range(FLOOD)),
    *(v6(3, 0, R6, A6, quoted={"sequence": number}) for number in range(BURST)),
    findings="rate-limited",
    any_order=True,
)
def rate_limit_v6(net: Network) -> Playing:
    """The same in IPv6 (``net.ipv6.icmp.ratelimit``)."""
    ports = net.line(1)
    ports[1].host.set("ipv6/icmp/ratelimit", 1000)
    yield ports[0]
    ports[0].send(ports[1].mac, *(echo(A6, FAR6, number, ttl=1) for number in range(FLOOD)))
