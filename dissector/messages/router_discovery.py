"""ICMPv4 router discovery (RFC 1256), and the agents of Mobile IP that advertise with it (RFC 5944)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dissector.errors import Finding, Severity
from dissector.layout import OCTETS, derived, rest, shape, wire
from dissector.messages.base import IcmpMessage
from dissector.tails.entries import ENTRIES, MINIMUM_ENTRY, RouterAddresses
from dissector.tails.mobile_ip import PrefixLengths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.tails.mobile_ip import AgentExtension, OneBytePadding


@shape
class RouterAdvertisement(IcmpMessage):
    """Router Advertisement (RFC 1256, 3), or with extensions Agent Advertisement (RFC 5944, 2.1)."""

    num_addrs: int = wire(8, "How many router addresses follow.")
    entry_size: int = wire(8, "Words of 32 bits for each address; 2 in RFC 1256.", default=MINIMUM_ENTRY)
    lifetime: int = wire(16, "How long the addresses are valid.", unit="s")
    addresses: RouterAddresses = rest(
        ENTRIES,
        "Addresses of the router, how much each is preferred, and Mobile IP's extensions.",
        default=(),
    )

    @derived
    def agent_extensions(self) -> tuple[AgentExtension | OneBytePadding, ...]:
        """The extensions of Mobile IP after the addresses; none in a plain advertisement."""
        return getattr(self.addresses, "extensions", ())

    def findings(self) -> Iterator[Finding]:
        """Yield what makes a host discard it (RFC 1256, 5.2), and prefix lengths that do not match."""
        if self.entry_size < MINIMUM_ENTRY:
            text = (
                f"entry size is {self.entry_size} words, at least {MINIMUM_ENTRY} are needed (RFC 1256, 5.2)"
            )
            yield Finding("router-entry-size", Severity.WARNING, text)
        if self.num_addrs == 0 and not self.agent_extensions:
            text = "no router address, at least one is needed (RFC 1256, 5.2)"
            yield Finding("router-no-address", Severity.WARNING, text)
        for extension in self.agent_extensions:
            if isinstance(extension, PrefixLengths) and len(extension.prefix_lengths) != self.num_addrs:
                text = (
                    f"{len(extension.prefix_lengths)} prefix lengths for {self.num_addrs} router addresses "
                    "(RFC 5944, 2.1.2)"
                )
                yield Finding("agent-prefix-lengths", Severity.WARNING, text)


@shape
class RouterSolicitation(IcmpMessage):
    """Router Solicitation (RFC 1256, 3)."""

    reserved: int = wire(32, reserved=True, default=0)
    data: bytes = rest(OCTETS, "Octets after the message, for which the RFC has no use.", default=b"")
