"""Options of Mobile IPv6's fast handovers (RFC 5568, 6.4; RFC 4068) and hierarchies (RFC 5380)."""

from __future__ import annotations

from ipaddress import IPv6Address

from dissector.layout import Several, each, rest, shape, wire
from dissector.tails.kept import LINK_LAYER_ADDRESS, LinkLayerAddress
from dissector.tails.options.base import LIFETIMES, NdOption

ADDRESS_CODES = {1: "Old Care-of Address", 2: "New Care-of Address", 3: "NAR's IP address", 4: "NAR's Prefix"}
LINK_LAYER_CODES = {
    0: "wildcard: all nearby access points",
    1: "New Access Point",
    2: "MN",
    3: "NAR",
    4: "source of this message",
    5: "access point of the router's current interface",
    6: "no prefix information for this access point",
    7: "no fast handover support for this access point",
}
STATUSES = {
    1: "NCoA is invalid, perform address configuration",
    2: "NCoA is invalid, use the supplied NCoA",
    3: "NCoA is invalid, use NAR's IP address as NCoA in FBU",
    4: "PCoA supplied, do not send FBU",
    128: "Link-Layer Address unrecognized",
}


@shape
class IpAddressPrefix(NdOption):
    """An address or a prefix (RFC 5568, 6.4.1)."""

    option_code: int = wire(8, "Whose address it is.", names=ADDRESS_CODES)
    prefix_length: int = wire(8, "How many bits of it are a prefix.", unit="bits", default=128)
    reserved: int = wire(32, reserved=True, default=0)
    ipv6_address: IPv6Address = wire(128, "The address or prefix.", as_=IPv6Address)


@shape
class NewRouterPrefix(NdOption):
    """A prefix of the new router's link (RFC 4068, 6.4.2; RFC 5568 replaced it with IP Address/Prefix)."""

    option_code: int = wire(8, "Zero.", default=0)
    prefix_length: int = wire(8, "How many bits of the prefix are valid.", unit="bits")
    reserved: int = wire(32, reserved=True, default=0)
    prefix: IPv6Address = wire(128, "The prefix.", as_=IPv6Address)


@shape
class HandoverLinkLayerAddress(NdOption):
    """A link-layer address, LLA (RFC 5568, 6.4.3)."""

    option_code: int = wire(8, "Whose address it is.", names=LINK_LAYER_CODES)
    lla: LinkLayerAddress = rest(
        LINK_LAYER_ADDRESS, "The address; how many of these octets it has, the link says."
    )


@shape
class NeighborAdvertisementAcknowledgment(NdOption):
    """What became of an unsolicited Neighbor Advertisement, NAACK (RFC 5568, 6.4.6)."""

    option_code: int = wire(8, "Zero.", default=0)
    status: int = wire(8, "What the mobile node shall do.", names=STATUSES)
    reserved: int = wire(32, reserved=True, default=0)
    new_care_of_address: Several[IPv6Address] = rest(
        each(IPv6Address, "address"), "The new care-of address that the router supplies.", default=()
    )


@shape
class Map(NdOption):
    """A mobility anchor point (RFC 5380, 7)."""

    distance: int = wire(4, "How far the MAP is, in hops.")
    preference: int = wire(4, "How much it is preferred; 15 is the most.")
    home_network: bool = wire(
        1, "The node must use a regional address made by itself (R).", as_=bool, default=False
    )
    reserved: int = wire(7, reserved=True, default=0)
    valid_lifetime: int = wire(32, "How long it may be used.", unit="s", names=LIFETIMES)
    global_address: IPv6Address = wire(128, "An address of the MAP.", as_=IPv6Address)
