"""Options with which routers describe the link: prefixes, routes, name servers, NAT64 and more."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import TYPE_CHECKING

from dissector.errors import Finding, Severity
from dissector.layout import OCTETS, Several, derived, each, rest, shape, wire
from dissector.tails.kept import PREFIX, URI, Prefix, Uri
from dissector.tails.names import NAMES, DnsName
from dissector.tails.options.base import LIFETIMES, LONGEST_PREFIX, PREFERENCES, NdOption

if TYPE_CHECKING:
    from collections.abc import Iterator

LINK_LOCAL_PREFIX = 64
PREF64_OCTETS = 16
PREF64_LENGTHS = {0: 96, 1: 64, 2: 56, 3: 48, 4: 40, 5: 32}
"""Bits of a NAT64 prefix by its code (RFC 8781, 4)."""


def prefix_findings(name: str, prefix_length: int, room: int, where: str) -> Iterator[Finding]:
    """Yield that a prefix length is none, or more than the bits that are there.

    Args:
        name: the option's name.
        prefix_length: what it says.
        room: bits that are there.
        where: RFC and section.
    """
    if prefix_length > LONGEST_PREFIX:
        text = f"{name} has a prefix of {prefix_length} bits, at most {LONGEST_PREFIX} are possible ({where})"
        yield Finding("option-prefix-length", Severity.WARNING, text)
    elif prefix_length > room:
        text = f"{name} has a prefix of {prefix_length} bits, only {room} are there ({where})"
        yield Finding("option-prefix-length", Severity.WARNING, text)


@shape
class PrefixInformation(NdOption):
    """A prefix of the link (RFC 4861, 4.6.2; RFC 6275, 7.2; RFC 9762, 4)."""

    prefix_length: int = wire(8, "How many bits of the prefix are valid.", unit="bits")
    on_link: bool = wire(1, "The prefix is on the link (L).", as_=bool, default=False)
    autonomous: bool = wire(1, "Hosts may make addresses of it by themselves (A).", as_=bool, default=False)
    router_address: bool = wire(
        1, "The prefix is a whole address of the router (R, RFC 6275).", as_=bool, default=False
    )
    prefix_delegation: bool = wire(
        1, "Hosts should rather ask DHCPv6 for a prefix of their own (P, RFC 9762).", as_=bool, default=False
    )
    reserved_1: int = wire(4, reserved=True, default=0)
    valid_lifetime: int = wire(32, "How long the prefix is on the link.", unit="s", names=LIFETIMES)
    preferred_lifetime: int = wire(
        32, "How long addresses made of it stay preferred.", unit="s", names=LIFETIMES
    )
    reserved_2: int = wire(32, reserved=True, default=0)
    prefix: IPv6Address = wire(128, "The prefix, or an address that begins with it.", as_=IPv6Address)

    def findings(self) -> Iterator[Finding]:
        """Yield what makes hosts ignore it (RFC 4861, 4.6.2; RFC 4862, 5.5.3)."""
        yield from prefix_findings(self.title, self.prefix_length, LONGEST_PREFIX, "RFC 4861, 4.6.2")
        if self.preferred_lifetime > self.valid_lifetime:
            text = (
                f"the preferred lifetime of {self.prefix}, {self.preferred_lifetime} s, exceeds the valid, "
                f"{self.valid_lifetime} s (RFC 4861, 4.6.2)"
            )
            yield Finding("option-lifetimes", Severity.WARNING, text)
        if self.prefix.is_link_local and self.prefix_length >= LINK_LOCAL_PREFIX:
            text = f"{self.prefix}/{self.prefix_length} is link-local: hosts ignore it (RFC 4861, 4.6.2)"
            yield Finding("option-prefix-link-local", Severity.NOTE, text)


@shape
class AdvertisementInterval(NdOption):
    """How often the router advertises itself unasked (RFC 6275, 7.3)."""

    reserved: int = wire(16, reserved=True, default=0)
    advertisement_interval: int = wire(32, "Longest time between two advertisements.", unit="ms")


@shape
class HomeAgentInformation(NdOption):
    """The router as a home agent of Mobile IPv6 (RFC 6275, 7.4)."""

    reserved: int = wire(16, reserved=True, default=0)
    home_agent_preference: int = wire(16, "Higher is better.", default=0)
    home_agent_lifetime: int = wire(16, "How long it is a home agent.", unit="s")

    def findings(self) -> Iterator[Finding]:
        """Yield that the lifetime is zero (RFC 6275, 7.4)."""
        if not self.home_agent_lifetime:
            text = "the home agent lifetime is zero, which must not be used (RFC 6275, 7.4)"
            yield Finding("option-lifetimes", Severity.WARNING, text)


@shape
class RouteInformation(NdOption):
    """A prefix that is reached through the router (RFC 4191, 2.3)."""

    prefix_length: int = wire(8, "How many bits of the prefix are valid.", unit="bits")
    reserved_1: int = wire(3, reserved=True, default=0)
    preference: int = wire(2, "Preference among routers (Prf).", signed=True, names=PREFERENCES, default=0)
    reserved_2: int = wire(3, reserved=True, default=0)
    route_lifetime: int = wire(32, "How long the route is valid.", unit="s", names=LIFETIMES)
    prefix: Prefix = rest(PREFIX, "The prefix, in 0, 8 or 16 octets.", default=Prefix(b""))

    def findings(self) -> Iterator[Finding]:
        """Yield what makes hosts ignore it (RFC 4191, 2.3)."""
        yield from prefix_findings(self.title, self.prefix_length, len(self.prefix) * 8, "RFC 4191, 2.3")
        if len(self.prefix) * 8 > LONGEST_PREFIX:
            text = f"{self.title} has {len(self.prefix)} octets of prefix, at most 16 can be (RFC 4191, 2.3)"
            yield Finding("option-length", Severity.WARNING, text)
        if PREFERENCES[self.preference] == "reserved":
            text = f"the route to {self.prefix} has the reserved preference: hosts ignore it (RFC 4191, 2.3)"
            yield Finding("option-preference", Severity.WARNING, text)


@shape
class RecursiveDnsServers(NdOption):
    """Name servers, RDNSS (RFC 8106, 5.1)."""

    reserved: int = wire(16, reserved=True, default=0)
    lifetime: int = wire(32, "How long they may be used.", unit="s", names=LIFETIMES)
    addresses: Several[IPv6Address] = rest(
        each(IPv6Address, "address"), "A name server's address.", default=()
    )

    def findings(self) -> Iterator[Finding]:
        """Yield what makes hosts discard it (RFC 8106, 5.3.1)."""
        if not self.addresses:
            yield Finding(
                "option-empty", Severity.WARNING, f"{self.title} without an address (RFC 8106, 5.3.1)"
            )
        if getattr(self.addresses, "leftover", b""):
            text = f"{self.title} is {self.length} octets, not 8 + 16 a server: hosts discard it (5.3.1)"
            yield Finding("option-length", Severity.WARNING, text)
        if any(address.is_multicast for address in self.addresses):
            text = f"{self.title} has a multicast address (RFC 8106, 5.3.1)"
            yield Finding("option-address-multicast", Severity.WARNING, text)


@shape
class DnsSearchList(NdOption):
    """Domain names to complete other names with, DNSSL (RFC 8106, 5.2)."""

    reserved: int = wire(16, reserved=True, default=0)
    lifetime: int = wire(32, "How long they may be used.", unit="s", names=LIFETIMES)
    domain_names: Several[DnsName] = rest(NAMES, "A domain name, not compressed.", default=())

    def findings(self) -> Iterator[Finding]:
        """Yield that there is no name (RFC 8106, 5.3.1)."""
        if not self.domain_names:
            yield Finding("option-empty", Severity.WARNING, f"{self.title} without a name (RFC 8106, 5.3.1)")


@shape
class RaFlagsExtension(NdOption):
    """More flags of a Router Advertisement; none is assigned (RFC 5175, 4)."""

    flags: bytes = rest(OCTETS, "The flags, 48 of them or more.")


@shape
class CaptivePortal(NdOption):
    """Where the captive portal's API is (RFC 8910, 2.3)."""

    uri: Uri = rest(URI, "URI of the API; urn:ietf:params:capport:unrestricted where there is no portal.")


@shape
class Pref64(NdOption):
    """The prefix of the NAT64 (RFC 8781, 4)."""

    lifetime: int = wire(13, "Scaled Lifetime: how long the prefix may be used.", scale=8, unit="s")
    prefix_length_code: int = wire(3, "Length of the prefix (PLC): 96, 64, 56, 48, 40, 32 bits.")
    prefix: Prefix = rest(PREFIX, "The highest 96 bits of the prefix.")

    @derived
    def prefix_length(self) -> int | None:
        """Bits of the prefix; None where the code has no meaning."""
        return PREF64_LENGTHS.get(self.prefix_length_code)

    def findings(self) -> Iterator[Finding]:
        """Yield what makes hosts ignore it (RFC 8781, 4)."""
        if self.length != PREF64_OCTETS:
            text = f"{self.title} is {self.length} octets, not {PREF64_OCTETS}: hosts ignore it (RFC 8781, 4)"
            yield Finding("option-length", Severity.WARNING, text)
        if self.prefix_length is None:
            text = (
                f"{self.title} has the unknown prefix length code {self.prefix_length_code}: hosts ignore it"
            )
            yield Finding("option-prefix-length", Severity.WARNING, f"{text} (RFC 8781, 4)")
