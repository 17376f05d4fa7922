"""ICMPv4 messages of experiments that ended; RFC 6918 deprecates all of them.

Types 33 to 36 and 39 never had a format in an RFC either: :class:`~dissector.messages.base.Opaque`.
"""

from __future__ import annotations

from dissector.layout import OCTETS, rest, shape, wire
from dissector.messages.base import IcmpMessage, Opaque


@shape
class AlternateHostAddress(Opaque):
    """Alternate Host Address (type 6).

    IANA's registry names Jon Postel and no document; RFC 6918, 2.1 found no specification. Kept whole.
    """


@shape
class Traceroute(IcmpMessage):
    """Traceroute: a router saw the Traceroute option of IPv4 (RFC 1393, 2.3)."""

    identifier: int = wire(16, "ID Number of the option, not of the IP header.")
    unused: int = wire(16, reserved=True, default=0)
    outbound_hop_count: int = wire(16, "Routers that the outbound packet passed.")
    return_hop_count: int = wire(16, "Routers that the return packet passed; 65535 in an outbound packet.")
    output_link_speed: int = wire(
        32, "Speed of the link it will be sent over; zero where not known.", unit="octets/s"
    )
    output_link_mtu: int = wire(32, "MTU of that link; zero where not known.", unit="octets")
    data: bytes = rest(OCTETS, "Octets after the message, for which the RFC has no use.", default=b"")


@shape
class MobileHostRedirect(Opaque):
    """Mobile Host Redirect (type 32).

    From an Internet-Draft of 1993 on mobile hosts by David Johnson (CMU); no RFC followed (RFC 6918, 2.8).
    Kept whole.
    """
