"""ICMPv4 errors: each quotes the datagram that it is about."""

from __future__ import annotations

from ipaddress import IPv4Address

from dissector.layout import rest, shape, wire
from dissector.messages.base import IcmpMessage
from dissector.tails.quoted import EXTENSIBLE, NO_QUOTE, QUOTE, Quote

ABOUT = "The datagram that caused it: its header and at least 8 octets of its data."
LENGTH = "Length of the quoted datagram's field, zero where no extensions follow (RFC 4884, 4)."
UNUSED = "Sent as zero; later documents took some of these octets."


@shape
class DestinationUnreachable(IcmpMessage):
    """Destination Unreachable (RFC 792, page 4; RFC 4884, 4.1)."""

    unused: int = wire(8, UNUSED, reserved=True, default=0)
    original_length: int = wire(8, LENGTH, scale=4, unit="octets", default=0)
    unused_2: int = wire(16, UNUSED, reserved=True, default=0)
    quote: Quote = rest(EXTENSIBLE, ABOUT, default=NO_QUOTE)


@shape
class FragmentationNeeded(IcmpMessage):
    """Destination Unreachable, code 4: too long for the next link and not to be fragmented (RFC 1191, 4)."""

    unused: int = wire(8, UNUSED, reserved=True, default=0)
    original_length: int = wire(8, LENGTH, scale=4, unit="octets", default=0)
    next_hop_mtu: int = wire(
        16,
        "Largest datagram that fits the next hop, header included; zero from routers before RFC 1191.",
        unit="octets",
    )
    quote: Quote = rest(EXTENSIBLE, ABOUT, default=NO_QUOTE)


@shape
class SourceQuench(IcmpMessage):
    """Source Quench (RFC 792, page 10; deprecated by RFC 6633)."""

    unused: int = wire(32, UNUSED, reserved=True, default=0)
    quote: Quote = rest(QUOTE, ABOUT, default=NO_QUOTE)


@shape
class Redirect(IcmpMessage):
    """Redirect (RFC 792, page 12)."""

    gateway: IPv4Address = wire(32, "Router to use instead.", as_=IPv4Address)
    quote: Quote = rest(QUOTE, "The datagram that was redirected.", default=NO_QUOTE)


@shape
class TimeExceeded(IcmpMessage):
    """Time Exceeded (RFC 792, page 6; RFC 4884, 4.2)."""

    unused: int = wire(8, UNUSED, reserved=True, default=0)
    original_length: int = wire(8, LENGTH, scale=4, unit="octets", default=0)
    unused_2: int = wire(16, UNUSED, reserved=True, default=0)
    quote: Quote = rest(EXTENSIBLE, ABOUT, default=NO_QUOTE)


@shape
class ParameterProblem(IcmpMessage):
    """Parameter Problem (RFC 792, page 8; RFC 4884, 4.3)."""

    pointer: int = wire(8, "Octet of the quoted datagram where the error was detected (code 0).", default=0)
    original_length: int = wire(8, LENGTH, scale=4, unit="octets", default=0)
    unused: int = wire(16, UNUSED, reserved=True, default=0)
    quote: Quote = rest(EXTENSIBLE, ABOUT, default=NO_QUOTE)


@shape
class DatagramConversionError(IcmpMessage):
    """Datagram Conversion Error between IPv4 and TP/IX, "IPv7" (RFC 1475, 6.2; deprecated by RFC 6918)."""

    pointer: int = wire(32, "Octet of the original datagram where the offending field begins.")
    quote: Quote = rest(QUOTE, "Part of the datagram that could not be converted.", default=NO_QUOTE)


@shape
class SecurityFailure(IcmpMessage):
    """Security Failure, also known as Photuris (RFC 2521, 2)."""

    reserved: int = wire(16, reserved=True, default=0)
    pointer: int = wire(
        16,
        "Octet of the quoted headers where the offending SPI begins; zero where there is no SPI.",
        default=0,
    )
    quote: Quote = rest(QUOTE, "The original headers up to the SPI, and 8 octets more.", default=NO_QUOTE)
