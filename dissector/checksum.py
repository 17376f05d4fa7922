"""The internet checksum (RFC 1071), as ICMP uses it (RFC 792; RFC 4443, 2.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

ICMPV6_PROTOCOL = 58


def ones_complement_sum(octets: bytes) -> int:
    """Return the 16-bit one's complement sum of octets; an odd last octet is the high half of its word.

    Strategy: 2**16 is 1 modulo 0xFFFF, so the sum of the 16-bit words is the whole number modulo 0xFFFF, and
    only octets that are all zero sum to zero.
    """
    number = int.from_bytes(octets + b"\0" if len(octets) % 2 else octets)
    return number % 0xFFFF or (0xFFFF if number else 0)


def internet_checksum(octets: bytes) -> int:
    """Return the checksum of octets in which the checksum field is zero."""
    return 0xFFFF - ones_complement_sum(octets)


def verify(octets: bytes) -> bool:
    """Return whether octets that hold their checksum are as they were sent."""
    return ones_complement_sum(octets) == 0xFFFF  # noqa: PLR2004 - minus zero (RFC 1071, 2)


def pseudo_header(src: IPv4Address | IPv6Address, dst: IPv4Address | IPv6Address, length: int) -> bytes:
    """Return what ICMPv6 sums before the message (RFC 8200, 8.1)."""
    return src.packed + dst.packed + length.to_bytes(4, "big") + bytes((0, 0, 0, ICMPV6_PROTOCOL))
