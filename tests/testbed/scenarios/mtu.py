"""MTU discovery over several links that get narrower."""

from __future__ import annotations

from typing import TYPE_CHECKING

from testbed.model import scenario, v4, v6
from testbed.traffic import CLOSED, discover

if TYPE_CHECKING:
    from testbed.model import Playing, Record
    from testbed.network import Network

A, A6, FAR, FAR6 = "10.1.0.1", "2001:db8:1::1", "10.4.0.5", "2001:db8:4::5"
NARROWER = {"link2": 1480, "link3": 1400, "link4": 1300}


def told(destination: str) -> Record:
    """Return what the summary must say of the MTU of the path."""
    values = [{"told": mtu, "estimated": False} for mtu in NARROWER.values()]
    return {"destination": destination, "path_mtu": 1300, "values": values, "shrank": True, "black_holes": []}


@scenario(
    v4(3, 4, "10.1.0.2", A, next_hop_mtu=1480, quoted={"dst": FAR, "length": 1500, "dport": CLOSED}),
    v4(3, 4, "10.2.0.3", A, next_hop_mtu=1400, quoted={"dst": FAR, "length": 1480, "dport": CLOSED}),
    v4(3, 4, "10.3.0.4", A, next_hop_mtu=1300, quoted={"dst": FAR, "length": 1400, "dport": CLOSED}),
    v4(3, 3, FAR, A, quoted={"dst": FAR, "length": 1300, "dport": CLOSED}),
    findings="port-closed",
    flows={"errors": 4, "path_mtus": [told(FAR)]},
)
def mtu_discovery(net: Network) -> Playing:
    """Three routers, each before a narrower link, 1480, 1400, 1300: the kernel needs four datagrams (RFC 1191)."""
    ports = net.line(3, **NARROWER)
    yield ports[0]
    assert discover(ports[0].host, FAR, 4) == NARROWER["link4"]


@scenario(
    v6(2, 0, "2001:db8:1::2", A6, mtu=1480, quoted={"dst": FAR6, "length": 1500, "dport": CLOSED}),
    v6(2, 0, "2001:db8:2::3", A6, mtu=1400, quoted={"dst": FAR6, "length": 1480, "dport": CLOSED}),
    v6(2, 0, "2001:db8:3::4", A6, mtu=1300, quoted={"dst": FAR6, "length": 1400, "dport": CLOSED}),
    v6(1, 4, FAR6, A6, quoted={"dst": FAR6, "length": 1300, "dport": CLOSED}),
    findings="port-closed",
    flows={"errors": 4, "path_mtus": [told(FAR6)]},
)
def mtu_discovery_v6(net: Network) -> Playing:
    """The same in IPv6: Packet Too Big (RFC 8201)."""
    ports = net.line(3, **NARROWER)
    yield ports[0]
    assert discover(ports[0].host, FAR6, 4) == NARROWER["link4"]
