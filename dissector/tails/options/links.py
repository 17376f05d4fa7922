"""Options about neighbours and their link (RFC 4861, RFC 3122, RFC 2491)."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Any

from dissector.errors import Finding, Severity
from dissector.layout import Several, each, rest, shape, wire
from dissector.tails.kept import LINK_LAYER_ADDRESS, LinkLayerAddress
from dissector.tails.options.base import NdOption
from dissector.tails.quoted import NO_QUOTE, QUOTE, Quote

if TYPE_CHECKING:
    from collections.abc import Iterator

MINIMUM_MTU = 1280
"""The least that a link of IPv6 carries (RFC 8200, 5)."""


@shape
class LinkLayerAddressOption(NdOption):
    """Source or Target Link-Layer Address (RFC 4861, 4.6.1)."""

    link_layer_address: LinkLayerAddress = rest(
        LINK_LAYER_ADDRESS, "The address; how many of these octets it has, the link says."
    )


@shape
class RedirectedHeader(NdOption):
    """Redirected Header: the packet that is redirected, as much of it as fits (RFC 4861, 4.6.3)."""

    reserved: int = wire(48, reserved=True, default=0)
    quote: Quote = rest(QUOTE, "The packet that is redirected.", default=NO_QUOTE)

    def values(self) -> dict[str, Any]:
        """Return what JSON shows of it; the packet is shown as what the message quotes."""
        shown = NdOption.values(self)
        del shown["quote"]
        return shown


@shape
class Mtu(NdOption):
    """MTU of the link (RFC 4861, 4.6.4)."""

    reserved: int = wire(16, reserved=True, default=0)
    mtu: int = wire(32, "Recommended MTU of the link.", unit="octets")

    def findings(self) -> Iterator[Finding]:
        """Yield that it is too small for IPv6 (RFC 4861, 6.3.4)."""
        if self.mtu < MINIMUM_MTU:
            text = f"the MTU option says {self.mtu}, hosts ignore less than {MINIMUM_MTU} (RFC 4861, 6.3.4)"
            yield Finding("option-mtu", Severity.WARNING, text)


@shape
class NbmaShortcutLimit(NdOption):
    """How many hops a shortcut through a link without broadcast may replace (RFC 2491, 5.2)."""

    shortcut_limit: int = wire(8, "Hop limit of the request for a shortcut.")
    reserved_1: int = wire(8, reserved=True, default=0)
    reserved_2: int = wire(32, reserved=True, default=0)


@shape
class AddressList(NdOption):
    """Source or Target Address List of inverse neighbour discovery (RFC 3122, 3.1)."""

    reserved: int = wire(48, reserved=True, default=0)
    addresses: Several[IPv6Address] = rest(
        each(IPv6Address, "address"), "An address of the interface.", default=()
    )

    def findings(self) -> Iterator[Finding]:
        """Yield that there is no address, or one twice (RFC 3122, 3.1)."""
        if not self.addresses:
            yield Finding(
                "option-empty", Severity.WARNING, f"{self.title} without an address (RFC 3122, 3.1)"
            )
        if len(set(self.addresses)) < len(self.addresses):
            yield Finding(
                "option-address-twice", Severity.NOTE, f"{self.title} has an address twice (RFC 3122, 3.1)"
            )
