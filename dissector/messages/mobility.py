"""Messages of nodes that move: Mobile IPv6, and fast handovers; experiments are in `experiments`."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import TYPE_CHECKING

from dissector.layout import OCTETS, each, rest, shape, wire
from dissector.messages.base import IcmpMessage
from dissector.tails.nd_options import OPTIONS

if TYPE_CHECKING:
    from dissector.layout import Several
    from dissector.tails.options.base import NdOption

HANDOVER_SUBTYPES = {
    2: "RtSolPr",
    3: "PrRtAdv",
    4: "HI, deprecated",
    5: "HAck, deprecated",
}
"""Messages by subtype (RFC 5568, 6.1 and 11); forerunners of the RFC sent 4 and 5 in ICMPv6."""


@shape
class HomeAgentAddressDiscoveryRequest(IcmpMessage):
    """Home Agent Address Discovery Request: which home agents are there (RFC 6275, 6.5)."""

    identifier: int = wire(16, "Matches the reply to the request.", default=0)
    reserved: int = wire(16, reserved=True, default=0)
    data: bytes = rest(OCTETS, "Octets after the message, for which the RFC has no use.", default=b"")


@shape
class HomeAgentAddressDiscoveryReply(IcmpMessage):
    """Home Agent Address Discovery Reply: these home agents are there (RFC 6275, 6.6)."""

    identifier: int = wire(16, "Copied from the request.", default=0)
    reserved: int = wire(16, reserved=True, default=0)
    home_agent_addresses: Several[IPv6Address] = rest(
        each(IPv6Address, "home agent address"),
        "Home agents on the home link, the preferred first.",
        default=(),
    )


@shape
class MobilePrefixSolicitation(IcmpMessage):
    """Mobile Prefix Solicitation: a mobile node asks for the prefixes of its home link (RFC 6275, 6.7)."""

    identifier: int = wire(16, "Matches the advertisement to the solicitation.", default=0)
    reserved: int = wire(16, reserved=True, default=0)
    options: Several[NdOption] = rest(
        OPTIONS, "Neighbor discovery options; none is defined for it.", default=()
    )


@shape
class MobilePrefixAdvertisement(IcmpMessage):
    """Mobile Prefix Advertisement: the prefixes of the home link, for a node away from it (RFC 6275, 6.8)."""

    identifier: int = wire(16, "Copied from the solicitation.", default=0)
    managed: bool = wire(1, "Addresses are to be had by DHCPv6 (M).", as_=bool, default=False)
    other: bool = wire(1, "Other configuration is to be had by DHCPv6 (O).", as_=bool, default=False)
    reserved: int = wire(14, reserved=True, default=0)
    options: Several[NdOption] = rest(
        OPTIONS, "Neighbor discovery options: the prefixes, one Prefix Information each.", default=()
    )


@shape
class FastHandover(IcmpMessage):
    """FMIPv6: Router Solicitation for Proxy Advertisement and Proxy Router Advertisement (RFC 5568, 6.1)."""

    subtype: int = wire(8, "Which message.", names=HANDOVER_SUBTYPES)
    reserved: int = wire(8, reserved=True, default=0)
    identifier: int = wire(
        16, "Matches the advertisement to the solicitation; zero where none asked for it.", default=0
    )
    options: Several[NdOption] = rest(
        OPTIONS, "Neighbor discovery options: access points, and the router behind each.", default=()
    )
