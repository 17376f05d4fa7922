"""Neighbour discovery and multicast listeners: what kernels say of themselves to their link."""

from __future__ import annotations

import socket
import struct
import time
from ipaddress import IPv6Address
from typing import TYPE_CHECKING

from dissector.layout import Several
from dissector.messages.neighbor_discovery import RouterAdvertisement6
from dissector.tails.kept import LinkLayerAddress
from dissector.tails.options.links import LinkLayerAddressOption, Mtu
from dissector.tails.options.routers import PrefixInformation
from testbed.model import scenario, v6
from testbed.traffic import icmp, ping

if TYPE_CHECKING:
    from testbed.model import Playing, Record
    from testbed.network import Network
    from testbed.nodes import Port

A, B, TAKEN = "2001:db8:1::1", "2001:db8:1::2", "2001:db8:1::99"
A_LOCAL, B_LOCAL, SWITCH_LOCAL = "fe80::ff:fe00:101", "fe80::ff:fe00:102", "fe80::ff:fe00:ff"
LISTENERS = (A_LOCAL, B_LOCAL, "fe80::ff:fe00:103", SWITCH_LOCAL)
NOBODY, ALL, ROUTERS, REPORTS = "::", "ff02::1", "ff02::2", "ff02::16"
ASKED_B, ASKED_TAKEN, ASKED_LOCAL, ASKED_NEW = (
    "ff02::1:ff00:2",
    "ff02::1:ff00:99",
    "ff02::1:ff00:101",
    "ff02::1:ff00:101",
)
NEW = "2001:db8:5::ff:fe00:101"
"""What a host makes of the prefix 2001:db8:5::/64 and its link-layer address."""
GROUP, SOURCE = "ff0e::1234", "2001:db8:1::5"
EVERYBODY = "33:33:00:00:00:01"
A_MAC, B_MAC = ({"type": kind, "address": f"02:00:00:00:01:0{number}"} for kind, number in ((1, 1), (2, 2)))
MCAST_JOIN_SOURCE_GROUP = 46
"""Linux's socket option (RFC 3678, 5.1.2), which Python does not name."""
IS_EXCLUDE, TO_INCLUDE, TO_EXCLUDE, ALLOW, BLOCK, ROBUSTNESS = 2, 3, 4, 5, 6, 2
"""Record types of MLDv2 (RFC 3810, 5.2.12), and how often a change is told (RFC 3810, 9.1)."""
PAUSE = 0.1
"""Seconds that kernels take at most to tell what changed."""


def report(host: str, kind: int, *sources: str) -> Record:
    """Return what JSON must say of an MLDv2 report about the group."""
    records = [{"record_type": kind, "multicast_address": GROUP, "sources": list(sources)}]
    return v6(143, 0, host, REPORTS, ttl=1, records=records)


@scenario(
    v6(135, 0, A, ASKED_B, ttl=255, target=B),
    v6(136, 0, B, A, ttl=255, target=B, solicited=True, override=True, router=False),
    v6(128, 0, A, B),
    v6(129, 0, B, A),
    v6(135, 0, B_LOCAL, A, ttl=255, target=A),
    v6(136, 0, A, B_LOCAL, ttl=255, target=A, solicited=True, override=False),
    exchanges={"kinds": [{"sent": 1, "answered": 1}, {"sent": 2, "answered": 2}]},
    any_order=True,
)
def neighbor_discovery(net: Network) -> Playing:
    """A host that does not know its neighbour's link-layer address asks all, is told, and pings; the neighbour
    makes sure of the host (unreachability detection, RFC 4861, 7.3)."""
    one, other = net.link(net.host(), net.host(), known=False)
    other.host.set(f"ipv6/neigh/{other.name}/delay_first_probe_time", 0)
    yield one
    ping(one.host, A, B, 1)


@scenario(
    v6(135, 0, NOBODY, ASKED_TAKEN, ttl=255, target=TAKEN),
    v6(136, 0, TAKEN, ALL, ttl=255, target=TAKEN, solicited=False, override=True),
    findings="duplicate-address",
)
def duplicate_address(net: Network) -> Playing:
    """A host wants an address that its neighbour has, asks whether it is free, and is told that it is not
    (duplicate address detection, RFC 4862, 5.4)."""
    one, other = net.link(net.host(), net.host())
    one.host.set(f"ipv6/conf/{one.name}/accept_dad", 1)
    one.host.set(f"ipv6/conf/{one.name}/dad_transmits", 1)
    other.host.ip(f"-6 address add {TAKEN}/64 dev {other.name} nodad")
    yield one
    one.host.ip(f"-6 address add {TAKEN}/64 dev {one.name}")
    time.sleep(1.2)  # the kernel asks after a random delay of a second at most
    assert "dadfailed" in one.host.run("ip", "-6", "address", "show", "dev", one.name)


@scenario(
    v6(133, 0, A_LOCAL, ROUTERS, ttl=255),
    v6(134, 0, B_LOCAL, ALL, ttl=255, cur_hop_limit=61, router_lifetime=1800),
)
def router_discovery(net: Network) -> Playing:
    """A host asks for routers as its interface comes up, is told a prefix, an MTU and a hop limit, and heeds them.
    The kernel sends no advertisement of its own: this one is of the project's encoder, which the other kernel
    believes."""
    one, other = net.link(net.host(), net.router())
    conf = f"ipv6/conf/{one.name}"
    one.host.set(f"{conf}/disable_ipv6", 1)
    for name, value in (("router_solicitations", 1), ("router_solicitation_delay", 0), ("accept_ra", 1)):
        one.host.set(f"{conf}/{name}", value)
    yield other
    one.host.set(f"{conf}/disable_ipv6", 0)
    time.sleep(0.3)
    other.send(EVERYBODY, icmp(B_LOCAL, ALL, advertisement(other), ttl=255))
    time.sleep(0.1)
    assert NEW in one.host.run("ip", "-6", "address", "show", "dev", one.name)
    assert f"via {B_LOCAL}" in one.host.run("ip", "-6", "route", "show", "default")


def advertisement(port: Port) -> RouterAdvertisement6:
    """Return what a router says of itself and the link."""
    prefix = PrefixInformation(
        type=3, length=32, prefix_length=64, on_link=True, autonomous=True, valid_lifetime=3600,
        preferred_lifetime=1800, prefix=IPv6Address("2001:db8:5::"),
    )  # fmt: skip
    mac = LinkLayerAddressOption(
        type=1, length=8, link_layer_address=LinkLayerAddress(bytes.fromhex(port.mac.replace(":", "")))
    )
    options = Several.of([prefix, Mtu(type=5, length=8, mtu=1400), mac])
    return RouterAdvertisement6(type=134, cur_hop_limit=61, router_lifetime=1800, options=options)


@scenario(
    *(report(A_LOCAL, TO_EXCLUDE) for _ in range(ROBUSTNESS)),
    *(report(A_LOCAL, TO_INCLUDE) for _ in range(ROBUSTNESS)),
    *(report(A_LOCAL, ALLOW, SOURCE) for _ in range(ROBUSTNESS)),
    *(report(A_LOCAL, BLOCK, SOURCE) for _ in range(ROBUSTNESS)),
)
def listeners(net: Network) -> Playing:
    """A host joins and leaves a multicast group, then one with but one sender: reports of MLDv2 (RFC 3810)."""
    one, _ = net.link(net.host(), net.host())
    time.sleep(2 * PAUSE)
    yield one
    for options in (joining(one), joining(one, SOURCE)):
        with one.host.socket(socket.AF_INET6, socket.SOCK_DGRAM) as member:
            member.setsockopt(socket.IPPROTO_IPV6, *options)
            time.sleep(PAUSE)
        time.sleep(PAUSE)


@scenario(
    *(v6(131, 0, A_LOCAL, GROUP, ttl=1, multicast_address=GROUP) for _ in range(ROBUSTNESS)),
    v6(132, 0, A_LOCAL, ROUTERS, ttl=1, multicast_address=GROUP),
)
def listeners_v1(net: Network) -> Playing:
    """The same group in MLDv1: two reports and a done (RFC 2710; ``force_mld_version``)."""
    one, _ = net.link(net.host(), net.host())
    one.host.set(f"ipv6/conf/{one.name}/force_mld_version", 1)
    time.sleep(2 * PAUSE)
    yield one
    with one.host.socket(socket.AF_INET6, socket.SOCK_DGRAM) as member:
        member.setsockopt(socket.IPPROTO_IPV6, *joining(one))
        time.sleep(PAUSE)


@scenario(
    v6(130, 0, SWITCH_LOCAL, ALL, ttl=1, maximum_response_code=100, multicast_address=NOBODY, qrv=2),
    *(
        v6(143, 0, SWITCH_LOCAL, REPORTS, records=[{"record_type": TO_EXCLUDE}] * 2)
        for _ in range(ROBUSTNESS)
    ),
    *(v6(143, 0, host, REPORTS, ttl=1, records=[{"record_type": IS_EXCLUDE}] * 2) for host in LISTENERS),
    any_order=True,
)
def listener_query(net: Network) -> Playing:
    """A switch asks who listens to what, and all on the link tell it: a bridge with ``mcast_querier``, three hosts,
    and itself."""
    ports = net.link(net.host(), net.host(), net.host())
    net.switch.set("ipv6/conf/lan/disable_ipv6", 0)
    bridge = "link set lan type bridge"
    net.switch.ip(f"{bridge} mcast_mld_version 2 mcast_query_response_interval 10 mcast_snooping 1")
    time.sleep(2 * PAUSE)
    yield ports[0]
    net.switch.ip(f"{bridge} mcast_querier 1")


def joining(port: Port, source: str | None = None) -> tuple[int, bytes]:
    """Return the socket option that joins the group, and its value (RFC 3493, 5.2; RFC 3678, 5.1.2)."""
    group = IPv6Address(GROUP).packed
    if source is None:
        return socket.IPV6_JOIN_GROUP, group + struct.pack("@I", port.if_index)
    addresses = ((socket.AF_INET6, group), (socket.AF_INET6, IPv6Address(source).packed))
    stored = b"".join(struct.pack("@HHI16s104x", family, 0, 0, octets) for family, octets in addresses)
    return MCAST_JOIN_SOURCE_GROUP, struct.pack("@I4x", port.if_index) + stored
