"""ICMPv6 errors: each quotes as much of the invoking packet as fits the minimum IPv6 MTU."""

from __future__ import annotations

from dissector.layout import rest, shape, wire
from dissector.messages.base import IcmpMessage
from dissector.tails.quoted import EXTENSIBLE, NO_QUOTE, QUOTE, Quote

ABOUT = "The invoking packet, as much of it as fits 1280 octets."
LENGTH = "Length of the invoking packet's field, zero where no extensions follow (RFC 4884, 4)."


@shape
class DestinationUnreachable6(IcmpMessage):
    """Destination Unreachable (RFC 4443, 3.1; RFC 4884, 4.4)."""

    original_length: int = wire(8, LENGTH, scale=8, unit="octets", default=0)
    unused: int = wire(24, reserved=True, default=0)
    quote: Quote = rest(EXTENSIBLE, ABOUT, default=NO_QUOTE)


@shape
class PacketTooBig(IcmpMessage):
    """Packet Too Big (RFC 4443, 3.2); it has no room for extensions (RFC 4884, 4.6)."""

    mtu: int = wire(32, "Largest packet that fits the next hop.", unit="octets")
    quote: Quote = rest(QUOTE, ABOUT, default=NO_QUOTE)


@shape
class TimeExceeded6(IcmpMessage):
    """Time Exceeded (RFC 4443, 3.3; RFC 4884, 4.5)."""

    original_length: int = wire(8, LENGTH, scale=8, unit="octets", default=0)
    unused: int = wire(24, reserved=True, default=0)
    quote: Quote = rest(EXTENSIBLE, ABOUT, default=NO_QUOTE)


@shape
class ParameterProblem6(IcmpMessage):
    """Parameter Problem (RFC 4443, 3.4; RFC 8883, 2.1); it has no room for extensions (RFC 4884, 4.6)."""

    pointer: int = wire(
        32, "Octet of the invoking packet where the error was detected; it may lie beyond what is quoted."
    )
    quote: Quote = rest(QUOTE, ABOUT, default=NO_QUOTE)
