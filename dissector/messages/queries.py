"""ICMPv4 queries besides echo: the time, the network's number and mask, the domain name."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from dissector.errors import Finding, Severity
from dissector.layout import OCTETS, derived, rest, shape, wire
from dissector.messages.base import IcmpMessage
from dissector.tails.names import COMPRESSED_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.layout import Several
    from dissector.tails.names import DnsName

MATCHES = "Matches replies to requests; may be zero."
SURPLUS = "Octets after the message, for which the RFC has no use."
MILLISECONDS = "ms since midnight UT"
NON_STANDARD = 1 << 31
"""Set in a time that is not in milliseconds or not since midnight UT (RFC 792, page 17)."""


def milliseconds(time: int) -> int | None:
    """Return a time of a Timestamp message in ms since midnight UT, None where it says that it is none."""
    return None if time & NON_STANDARD else time


@shape
class Timestamp(IcmpMessage):
    """Timestamp or Timestamp Reply (RFC 792, page 16)."""

    identifier: int = wire(16, MATCHES, default=0)
    sequence: int = wire(16, MATCHES, default=0)
    originate: int = wire(32, "When the sender last touched the request.", unit=MILLISECONDS, default=0)
    receive: int = wire(32, "When the replier first touched it.", unit=MILLISECONDS, default=0)
    transmit: int = wire(32, "When the replier last touched the reply.", unit=MILLISECONDS, default=0)
    data: bytes = rest(OCTETS, SURPLUS, default=b"")

    @derived
    def originate_ms(self) -> int | None:
        """When the sender last touched the request, where that is milliseconds since midnight UT."""
        return milliseconds(self.originate)

    @derived
    def receive_ms(self) -> int | None:
        """When the replier first touched it, where that is milliseconds since midnight UT."""
        return milliseconds(self.receive)

    @derived
    def transmit_ms(self) -> int | None:
        """When the replier last touched the reply, where that is milliseconds since midnight UT."""
        return milliseconds(self.transmit)

    def findings(self) -> Iterator[Finding]:
        """Yield one finding for the times that are not in ms since midnight UT."""
        times = {"originate": self.originate, "receive": self.receive, "transmit": self.transmit}
        odd = [name for name, time in times.items() if time & NON_STANDARD]
        if odd:
            text = f"{' and '.join(odd)} not in ms since midnight UT: the high bit says so (RFC 792, page 17)"
            yield Finding("timestamp-non-standard", Severity.NOTE, text)


@shape
class Information(IcmpMessage):
    """Information Request or Information Reply (RFC 792, page 18; deprecated by RFC 6918)."""

    identifier: int = wire(16, MATCHES, default=0)
    sequence: int = wire(16, MATCHES, default=0)
    data: bytes = rest(OCTETS, SURPLUS, default=b"")


@shape
class AddressMask(IcmpMessage):
    """Address Mask Request or Address Mask Reply (RFC 950, appendix I; deprecated by RFC 6918)."""

    identifier: int = wire(16, MATCHES, default=0)
    sequence: int = wire(16, MATCHES, default=0)
    address_mask: IPv4Address = wire(
        32, "The subnet's mask; zero in a request.", as_=IPv4Address, default=IPv4Address(0)
    )
    data: bytes = rest(OCTETS, SURPLUS, default=b"")


@shape
class DomainNameRequest(IcmpMessage):
    """Domain Name Request (RFC 1788, 2; deprecated by RFC 6918)."""

    identifier: int = wire(16, MATCHES, default=0)
    sequence: int = wire(16, MATCHES, default=0)
    data: bytes = rest(OCTETS, SURPLUS, default=b"")


@shape
class DomainNameReply(IcmpMessage):
    """Domain Name Reply (RFC 1788, 3; deprecated by RFC 6918)."""

    identifier: int = wire(16, "Copied from the request.", default=0)
    sequence: int = wire(16, "Copied from the request.", default=0)
    time_to_live: int = wire(
        32, "How long the names may be cached; signed for historic reasons.", signed=True, unit="s", default=0
    )
    names: Several[DnsName] = rest(
        COMPRESSED_NAMES, "The host's fully qualified domain names; none where none is known.", default=()
    )
