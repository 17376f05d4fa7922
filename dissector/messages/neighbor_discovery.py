"""Neighbour and router discovery of ICMPv6 (RFC 4861), its inverse (RFC 3122) and its security (RFC 3971).

What a receiver checks against the IP header (hop limit 255, link-local source) is not seen here.
"""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import TYPE_CHECKING

from dissector.errors import Finding, Severity
from dissector.layout import Several, rest, shape, wire
from dissector.messages.base import IcmpMessage
from dissector.tails.nd_options import OPTIONS
from dissector.tails.options.base import NAMES, PREFERENCES, NdOption
from dissector.tails.options.links import RedirectedHeader
from dissector.tails.options.secure import X501_NAME, TrustAnchor
from dissector.tails.quoted import NO_QUOTE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.tails.quoted import Quote

SOURCE_LINK_LAYER, TARGET_LINK_LAYER, TARGET_ADDRESS_LIST = 1, 2, 10
ALL_CERTIFICATES = {0xFFFF: "all"}
ANY_OPTIONS = "Options, one after another."


def missing_options(options: Several[NdOption], needed: tuple[int, ...], where: str) -> Iterator[Finding]:
    """Yield a finding for each option that must be there and is not."""
    there = {option.type for option in options}
    for number in needed:
        if number not in there:
            text = f"without the option {NAMES[number]} nodes discard it ({where})"
            yield Finding("option-missing", Severity.WARNING, text)


def multicast_target(target: IPv6Address, where: str) -> Iterator[Finding]:
    """Yield that a target is a multicast address."""
    if target.is_multicast:
        text = f"the target {target} is a multicast address: nodes discard it ({where})"
        yield Finding("target-multicast", Severity.WARNING, text)


@shape
class RouterSolicitation6(IcmpMessage):
    """Router Solicitation (RFC 4861, 4.1)."""

    reserved: int = wire(32, reserved=True, default=0)
    options: Several[NdOption] = rest(OPTIONS, ANY_OPTIONS, default=())


@shape
class RouterAdvertisement6(IcmpMessage):
    """Router Advertisement (RFC 4861, 4.2; RFC 6275, 7.1; RFC 4191, 2.2; RFC 4389, 4.1.3.3)."""

    cur_hop_limit: int = wire(8, "Hop limit for what hosts send; zero leaves it to them.", default=0)
    managed: bool = wire(1, "DHCPv6 gives addresses (M).", as_=bool, default=False)
    other: bool = wire(1, "DHCPv6 gives other configuration (O).", as_=bool, default=False)
    home_agent: bool = wire(1, "The router is a home agent of Mobile IPv6 (H).", as_=bool, default=False)
    preference: int = wire(
        2, "Preference among default routers (Prf).", signed=True, names=PREFERENCES, default=0
    )
    proxy: bool = wire(1, "A proxy passed it on (P).", as_=bool, default=False)
    reserved: int = wire(2, reserved=True, default=0)
    router_lifetime: int = wire(16, "How long it is a default router; zero: it is none.", unit="s")
    reachable_time: int = wire(
        32, "How long a neighbour counts as reachable; zero: not said.", unit="ms", default=0
    )
    retrans_timer: int = wire(32, "Time between solicitations; zero: not said.", unit="ms", default=0)
    options: Several[NdOption] = rest(OPTIONS, ANY_OPTIONS, default=())

    def findings(self) -> Iterator[Finding]:
        """Yield a preference that hosts ignore (RFC 4191, 2.2)."""
        if PREFERENCES[self.preference] == "reserved":
            text = "the preference is the reserved value: hosts take it for medium (RFC 4191, 2.2)"
            yield Finding("router-preference", Severity.NOTE, text)
        elif self.preference and not self.router_lifetime:
            text = "it has a preference but is no default router: hosts ignore it (RFC 4191, 2.2)"
            yield Finding("router-preference", Severity.NOTE, text)


@shape
class NeighborSolicitation(IcmpMessage):
    """Neighbor Solicitation (RFC 4861, 4.3)."""

    reserved: int = wire(32, reserved=True, default=0)
    target: IPv6Address = wire(128, "Whose link-layer address is asked for.", as_=IPv6Address)
    options: Several[NdOption] = rest(OPTIONS, ANY_OPTIONS, default=())

    def findings(self) -> Iterator[Finding]:
        """Yield what makes nodes discard it (RFC 4861, 7.1.1)."""
        return multicast_target(self.target, "RFC 4861, 7.1.1")


@shape
class NeighborAdvertisement(IcmpMessage):
    """Neighbor Advertisement (RFC 4861, 4.4)."""

    router: bool = wire(1, "The sender is a router (R).", as_=bool, default=False)
    solicited: bool = wire(1, "It answers a solicitation (S).", as_=bool, default=False)
    override: bool = wire(1, "It replaces what is cached (O).", as_=bool, default=False)
    reserved: int = wire(29, reserved=True, default=0)
    target: IPv6Address = wire(128, "Whose link-layer address is told.", as_=IPv6Address)
    options: Several[NdOption] = rest(OPTIONS, ANY_OPTIONS, default=())

    def findings(self) -> Iterator[Finding]:
        """Yield what makes nodes discard it (RFC 4861, 7.1.2)."""
        return multicast_target(self.target, "RFC 4861, 7.1.2")


@shape
class Redirect6(IcmpMessage):
    """Redirect (RFC 4861, 4.5)."""

    reserved: int = wire(32, reserved=True, default=0)
    target: IPv6Address = wire(
        128, "The better first hop; or the destination, which is on the link.", as_=IPv6Address
    )
    destination: IPv6Address = wire(128, "What is redirected to the target.", as_=IPv6Address)
    options: Several[NdOption] = rest(OPTIONS, ANY_OPTIONS, default=())

    @property
    def quote(self) -> Quote:
        """The packet that is redirected: what the first Redirected Header option quotes."""
        headers = (option.quote for option in self.options if isinstance(option, RedirectedHeader))
        return next(headers, NO_QUOTE)

    def findings(self) -> Iterator[Finding]:
        """Yield what makes hosts discard it (RFC 4861, 8.1)."""
        if self.destination.is_multicast:
            text = (
                f"the destination {self.destination} is a multicast address: hosts discard it (RFC 4861, 8.1)"
            )
            yield Finding("destination-multicast", Severity.WARNING, text)
        if not self.target.is_link_local and self.target != self.destination:
            text = f"the target {self.target} is neither link-local nor the destination: hosts discard it"
            yield Finding("redirect-target", Severity.WARNING, f"{text} (RFC 4861, 8.1)")


@shape
class InverseNeighborSolicitation(IcmpMessage):
    """Inverse Neighbor Discovery Solicitation (RFC 3122, 2.1)."""

    reserved: int = wire(32, reserved=True, default=0)
    options: Several[NdOption] = rest(OPTIONS, ANY_OPTIONS, default=())

    def findings(self) -> Iterator[Finding]:
        """Yield which needed options are missing (RFC 3122, 4.3.1)."""
        return missing_options(self.options, (SOURCE_LINK_LAYER, TARGET_LINK_LAYER), "RFC 3122, 4.3.1")


@shape
class InverseNeighborAdvertisement(IcmpMessage):
    """Inverse Neighbor Discovery Advertisement (RFC 3122, 2.2)."""

    reserved: int = wire(32, reserved=True, default=0)
    options: Several[NdOption] = rest(OPTIONS, ANY_OPTIONS, default=())

    def findings(self) -> Iterator[Finding]:
        """Yield which needed options are missing (RFC 3122, 4.3.2)."""
        needed = (SOURCE_LINK_LAYER, TARGET_LINK_LAYER, TARGET_ADDRESS_LIST)
        return missing_options(self.options, needed, "RFC 3122, 4.3.2")


@shape
class CertificationPathSolicitation(IcmpMessage):
    """Certification Path Solicitation (RFC 3971, 6.4.1)."""

    identifier: int = wire(16, "Matches advertisements to solicitations; not zero.")
    component: int = wire(16, "Which certificate is asked for.", names=ALL_CERTIFICATES, default=0xFFFF)
    options: Several[NdOption] = rest(OPTIONS, ANY_OPTIONS, default=())

    def findings(self) -> Iterator[Finding]:
        """Yield an identifier of zero, and a first trust anchor that is no X.501 name (RFC 3971, 6.4.1)."""
        if not self.identifier:
            text = "the identifier of a solicitation must not be zero (RFC 3971, 6.4.1)"
            yield Finding("identifier-zero", Severity.WARNING, text)
        first = next((option for option in self.options if isinstance(option, TrustAnchor)), None)
        if first is not None and first.name_type != X501_NAME:
            text = "the first trust anchor must be a DER encoded X.501 name (RFC 3971, 6.4.1)"
            yield Finding("trust-anchor-first", Severity.WARNING, text)


@shape
class CertificationPathAdvertisement(IcmpMessage):
    """Certification Path Advertisement (RFC 3971, 6.4.2)."""

    identifier: int = wire(16, "Copied from the solicitation; zero where sent to all nodes.", default=0)
    all_components: int = wire(16, "How many certificates the whole path has.")
    component: int = wire(16, "Which one this is: counts down to zero, the last one.")
    reserved: int = wire(16, reserved=True, default=0)
    options: Several[NdOption] = rest(OPTIONS, ANY_OPTIONS, default=())

    def findings(self) -> Iterator[Finding]:
        """Yield a component that the path cannot have (RFC 3971, 6.4.2)."""
        if self.component >= self.all_components:
            text = f"component {self.component} of a path of {self.all_components} (RFC 3971, 6.4.2)"
            yield Finding("component-out-of-range", Severity.WARNING, text)
