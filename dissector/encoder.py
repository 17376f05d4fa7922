"""A message → octets, with its checksum."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import TYPE_CHECKING

from dissector.checksum import internet_checksum, pseudo_header
from dissector.errors import EncodeError
from dissector.registry.model import Family

if TYPE_CHECKING:
    from ipaddress import IPv4Address

    from dissector.messages.base import IcmpMessage

CHECKSUM = slice(2, 4)


def encode(
    message: IcmpMessage,
    family: Family = Family.ICMPV4,
    *,
    src: IPv4Address | IPv6Address | None = None,
    dst: IPv4Address | IPv6Address | None = None,
) -> bytes:
    """Return the octets of a message, its checksum computed (whatever its ``checksum`` says).

    ``message.encode()`` writes the checksum that the message carries instead.

    Args:
        message: the message.
        family: which ICMP; ICMPv6 sums a pseudo header too (RFC 4443, 2.3).
        src: the source address of the packet; needed for ICMPv6.
        dst: its (final) destination address; needed for ICMPv6.

    Returns:
        The ICMP message, from its type on.

    Raises:
        EncodeError: a value does not fit its field, or ICMPv6 lacks an IPv6 address.
    """
    octets = bytearray(message.encode())
    octets[CHECKSUM] = b"\0\0"
    summed = bytes(octets)
    if family is Family.ICMPV6:
        if not isinstance(src, IPv6Address) or not isinstance(dst, IPv6Address):
            text = "the ICMPv6 checksum covers both IPv6 addresses (RFC 4443, 2.3): give src and dst"
            raise EncodeError(text, layer=type(message).__name__, field="checksum", value=None)
        summed = pseudo_header(src, dst, len(octets)) + summed
    octets[CHECKSUM] = internet_checksum(summed).to_bytes(2, "big")
    return bytes(octets)
