"""Multicast listener discovery (RFC 2710, RFC 3810) and multicast router discovery (RFC 4286)."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import TYPE_CHECKING

from dissector.errors import Finding, Severity
from dissector.layout import OCTETS, derived, rest, shape, wire
from dissector.messages.base import IcmpMessage
from dissector.tails.mld import RECORDS, SOURCES, from_code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.layout import Several
    from dissector.tails.mld import AddressRecord

MANTISSA_OF_RESPONSE = 12
MANTISSA_OF_INTERVAL = 4
GENERAL = IPv6Address(0)
SURPLUS = "Octets after the message, which receivers ignore."


def not_multicast(address: IPv6Address, where: str) -> Iterator[Finding]:
    """Yield that what should be a multicast address is none."""
    if not address.is_multicast:
        yield Finding("mld-address", Severity.WARNING, f"{address} is not a multicast address ({where})")


@shape
class MulticastListenerQuery(IcmpMessage):
    """Multicast Listener Query, version 1 (RFC 2710, 3)."""

    max_response: int = wire(
        16, "Maximum Response Delay: longest time until the report.", unit="ms", default=0
    )
    reserved: int = wire(16, reserved=True, default=0)
    multicast_address: IPv6Address = wire(
        128,
        "The address that is asked about; unspecified in a general query.",
        as_=IPv6Address,
        default=GENERAL,
    )
    data: bytes = rest(OCTETS, SURPLUS, default=b"")

    def findings(self) -> Iterator[Finding]:
        """Yield what makes listeners ignore it (RFC 2710, 3.6; RFC 3810, 8.1)."""
        if self.multicast_address != GENERAL:
            yield from not_multicast(self.multicast_address, "RFC 2710, 3.6")
        length = self.layout.size + len(self.data)
        if self.layout.size < length < MulticastListenerQuery2.layout.size:
            text = f"a query of {length} octets is ignored: it has 24, or at least 28 (RFC 3810, 8.1)"
            yield Finding("query-length", Severity.WARNING, text)


@shape
class MulticastListenerQuery2(IcmpMessage):
    """Multicast Listener Query, version 2 (RFC 3810, 5.1)."""

    maximum_response_code: int = wire(16, "Longest time until the report, as a code.", default=0)
    reserved: int = wire(16, reserved=True, default=0)
    multicast_address: IPv6Address = wire(
        128,
        "The address that is asked about; unspecified in a general query.",
        as_=IPv6Address,
        default=GENERAL,
    )
    reserved_2: int = wire(4, reserved=True, default=0)
    suppress: bool = wire(1, "Routers shall not update their timers (S).", as_=bool, default=False)
    qrv: int = wire(3, "Querier's Robustness Variable; zero where it is more than 7.", default=0)
    qqic: int = wire(8, "Querier's Query Interval Code.", default=0)
    number_of_sources: int = wire(16, "How many source addresses follow.", default=0)
    sources: Several[IPv6Address] = rest(SOURCES, "A source that is asked about.", default=())

    @derived
    def max_response(self) -> int:
        """Maximum Response Delay in ms (RFC 3810, 5.1.3)."""
        return from_code(self.maximum_response_code, MANTISSA_OF_RESPONSE)

    @derived
    def query_interval(self) -> int:
        """Querier's Query Interval in seconds (RFC 3810, 5.1.9)."""
        return from_code(self.qqic, MANTISSA_OF_INTERVAL)

    def findings(self) -> Iterator[Finding]:
        """Yield an address that is none to ask about, and sources in a general query (RFC 3810, 5.1)."""
        if self.multicast_address != GENERAL:
            yield from not_multicast(self.multicast_address, "RFC 3810, 5.1.5")
        elif self.number_of_sources:
            text = "a general query has no sources (RFC 3810, 5.1.10)"
            yield Finding("query-sources", Severity.WARNING, text)


@shape
class MulticastListenerReport(IcmpMessage):
    """Multicast Listener Report, version 1 (RFC 2710, 3)."""

    max_response: int = wire(16, "Sent as zero: it has a meaning in queries only.", unit="ms", default=0)
    reserved: int = wire(16, reserved=True, default=0)
    multicast_address: IPv6Address = wire(128, "The address that is listened to.", as_=IPv6Address)
    data: bytes = rest(OCTETS, SURPLUS, default=b"")

    def findings(self) -> Iterator[Finding]:
        """Yield that the address is no multicast address (RFC 2710, 3.6)."""
        return not_multicast(self.multicast_address, "RFC 2710, 3.6")


@shape
class MulticastListenerDone(IcmpMessage):
    """Multicast Listener Done (RFC 2710, 3)."""

    max_response: int = wire(16, "Sent as zero: it has a meaning in queries only.", unit="ms", default=0)
    reserved: int = wire(16, reserved=True, default=0)
    multicast_address: IPv6Address = wire(128, "The address that is no longer listened to.", as_=IPv6Address)
    data: bytes = rest(OCTETS, SURPLUS, default=b"")

    def findings(self) -> Iterator[Finding]:
        """Yield that the address is no multicast address (RFC 2710, 3.6)."""
        return not_multicast(self.multicast_address, "RFC 2710, 3.6")


@shape
class MulticastListenerReport2(IcmpMessage):
    """Multicast Listener Report, version 2 (RFC 3810, 5.2)."""

    reserved: int = wire(16, reserved=True, default=0)
    number_of_records: int = wire(16, "How many Multicast Address Records follow (M).", default=0)
    records: Several[AddressRecord] = rest(RECORDS, "What is listened to, an address a record.", default=())


@shape
class MulticastRouterAdvertisement(IcmpMessage):
    """Multicast Router Advertisement (RFC 4286, 3.2); its code is the advertisement interval."""

    query_interval: int = wire(16, "Querier's Query Interval; zero where there is no querier.", unit="s")
    robustness_variable: int = wire(16, "Robustness Variable; zero where there is no querier.")
    data: bytes = rest(OCTETS, SURPLUS, default=b"")

    @derived
    def advertisement_interval(self) -> int:
        """Time between unsolicited advertisements in seconds: the octet of the code (RFC 4286, 3.2.2)."""
        return self.code


@shape
class MulticastRouterSolicitation(IcmpMessage):
    """Multicast Router Solicitation (RFC 4286, 4.1)."""

    data: bytes = rest(OCTETS, SURPLUS, default=b"")


@shape
class MulticastRouterTermination(IcmpMessage):
    """Multicast Router Termination (RFC 4286, 5.1)."""

    data: bytes = rest(OCTETS, SURPLUS, default=b"")
