"""What an example is, and the network that the sample captures were taken in.

Two hosts and a router between them; all addresses are for documentation (RFC 5737, RFC 3849, RFC 7042). The
captures are taken on the first host's link.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from dissector.encoder import encode
from dissector.layout import Several
from dissector.registry.model import Family

if TYPE_CHECKING:
    from dissector.messages.base import IcmpMessage

T = TypeVar("T")

HOST, HOST6 = IPv4Address("192.0.2.10"), IPv6Address("2001:db8:1::10")
ROUTER, ROUTER6 = IPv4Address("192.0.2.1"), IPv6Address("2001:db8:1::1")
SERVER, SERVER6 = IPv4Address("198.51.100.80"), IPv6Address("2001:db8:2::80")
NOWHERE, NOWHERE6 = IPv4Address("203.0.113.5"), IPv6Address("2001:db8:dead::5")
HOST_LOCAL, ROUTER_LOCAL = IPv6Address("fe80::10"), IPv6Address("fe80::1")
UNSPECIFIED = IPv6Address("::")
ALL_SYSTEMS, ALL_ROUTERS = IPv4Address("224.0.0.1"), IPv4Address("224.0.0.2")
ALL_NODES6, ALL_ROUTERS6 = IPv6Address("ff02::1"), IPv6Address("ff02::2")

HOST_MAC, ROUTER_MAC = "00:00:5e:00:53:10", "00:00:5e:00:53:01"
ON_LINK = frozenset((HOST, HOST6, HOST_LOCAL, UNSPECIFIED))
"""Addresses of the first host; all others are behind the router, or its own."""

MILLISECOND = 1_000_000
PAUSE = 100 * MILLISECOND
"""Nanoseconds between one exchange and the next."""


class Example(NamedTuple):
    """One message, and the packet that carries it.

    Attributes:
        about: what it shows, in a few words.
        message: the message; its checksum is computed when it is sent.
        src: source address, of the family of the message.
        dst: destination address.
        hops: TTL or hop limit, as captured.
        alert: whether the packet has the Router Alert option.
        after: nanoseconds since the packet before it: for an answer, the round trip.
        findings: the findings that it is meant to have.
    """

    about: str
    message: IcmpMessage
    src: IPv4Address | IPv6Address
    dst: IPv4Address | IPv6Address
    hops: int = 64
    alert: bool = False
    after: int = PAUSE
    findings: tuple[str, ...] = ()

    @property
    def family(self) -> Family:
        """Which ICMP it is."""
        return Family.ICMPV4 if isinstance(self.src, IPv4Address) else Family.ICMPV6

    @property
    def octets(self) -> bytes:
        """The message as it is sent, with its checksum."""
        return encode(self.message, self.family, src=self.src, dst=self.dst)


def some(*items: T) -> Several[T]:
    """Return items as the tails of messages hold them."""
    return Several(items)


def mac(address: IPv4Address | IPv6Address) -> str:
    """Return the Ethernet address that frames to or from an IP address have on the first host's link."""
    if not address.is_multicast:
        return HOST_MAC if address in ON_LINK else ROUTER_MAC
    # RFC 1112, 6.4 maps 23 bits; RFC 2464, 7 maps 32.
    if isinstance(address, IPv4Address):
        number = 0x01005E << 24 | int(address) & 0x7FFFFF
    else:
        number = 0x3333 << 32 | int(address) & 0xFFFFFFFF
    return number.to_bytes(6, "big").hex(":")
