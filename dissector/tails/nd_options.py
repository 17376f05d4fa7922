"""The options of neighbour discovery (RFC 4861, 4.6), one after another up to the end of the message."""

from __future__ import annotations

from dissector.errors import Finding, Severity
from dissector.layout import Items
from dissector.tails.options.base import NAMES, UNIT, NdOption, WholeOption
from dissector.tails.options.handovers import (
    HandoverLinkLayerAddress,
    IpAddressPrefix,
    Map,
    NeighborAdvertisementAcknowledgment,
    NewRouterPrefix,
)
from dissector.tails.options.links import (
    AddressList,
    LinkLayerAddressOption,
    Mtu,
    NbmaShortcutLimit,
    RedirectedHeader,
)
from dissector.tails.options.lowpower import (
    AddressRegistration,
    AuthoritativeBorderRouter,
    CapabilityIndication,
    LowpanContext,
)
from dissector.tails.options.routers import (
    AdvertisementInterval,
    CaptivePortal,
    DnsSearchList,
    HomeAgentInformation,
    Pref64,
    PrefixInformation,
    RaFlagsExtension,
    RecursiveDnsServers,
    RouteInformation,
)
from dissector.tails.options.secure import Certificate, Cga, Nonce, RsaSignature, Timestamp, TrustAnchor
from dissector.tails.reserved import reserved_set

HEADER = NdOption.layout.size

SHAPES: dict[int, type[NdOption]] = {
    1: LinkLayerAddressOption,
    2: LinkLayerAddressOption,
    3: PrefixInformation,
    4: RedirectedHeader,
    5: Mtu,
    6: NbmaShortcutLimit,
    7: AdvertisementInterval,
    8: HomeAgentInformation,
    9: AddressList,
    10: AddressList,
    11: Cga,
    12: RsaSignature,
    13: Timestamp,
    14: Nonce,
    15: TrustAnchor,
    16: Certificate,
    17: IpAddressPrefix,
    18: NewRouterPrefix,
    19: HandoverLinkLayerAddress,
    20: NeighborAdvertisementAcknowledgment,
    23: Map,
    24: RouteInformation,
    25: RecursiveDnsServers,
    26: RaFlagsExtension,
    31: DnsSearchList,
    33: AddressRegistration,
    34: LowpanContext,
    35: AuthoritativeBorderRouter,
    36: CapabilityIndication,
    37: CaptivePortal,
    38: Pref64,
}
"""The shape of each type. Others are kept whole, the experiments 253 and 254 (RFC 4727) by their nature."""


def take_option(octets: bytes, notes: list[Finding]) -> tuple[NdOption, int] | str:
    """Read the option at the start of some octets; see :class:`~dissector.layout.Items`."""
    if len(octets) < HEADER:
        return f"its header needs {HEADER} octets, {len(octets)} is left (RFC 4861, 4.6)"
    number, length = octets[0], octets[1] * UNIT
    if not length:
        return "its length is zero: nodes discard the whole message (RFC 4861, 4.6)"
    if length > len(octets):
        return f"its length is {length} octets, {len(octets)} are left (RFC 4861, 4.6)"
    kind = SHAPES.get(number, WholeOption)
    size = kind.layout.size
    if length < size or (kind.layout.rest is None and length > size):
        text = f"{NAMES[number]} has {size} octets, its length is {length}: kept whole, nodes ignore it"
        notes.append(Finding("option-length", Severity.WARNING, text))
        kind = WholeOption
    option = kind.parse(octets[:length], notes)
    notes.extend(reserved_set(option))
    return option, length


OPTIONS = Items(take_option, "option")
