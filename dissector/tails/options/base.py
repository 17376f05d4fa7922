"""What every neighbour-discovery option begins with, and the option that is kept whole (RFC 4861, 4.6)."""

from __future__ import annotations

from typing import Any, Self

from dissector.errors import EncodeError
from dissector.layout import OCTETS, Shape, rest, shape, wire

UNIT = 8
"""Octets that the length of an option counts by."""
LONGEST = 255 * UNIT
LONGEST_PREFIX = 128
INFINITE = 0xFFFFFFFF
LIFETIMES = {INFINITE: "infinity"}
PREFERENCES = {1: "high", 0: "medium", -1: "low", -2: "reserved"}
"""Preference of a default router or a route: a signed integer of two bits (RFC 4191, 2.1)."""

NAMES = {
    1: "Source Link-Layer Address",
    2: "Target Link-Layer Address",
    3: "Prefix Information",
    4: "Redirected Header",
    5: "MTU",
    6: "NBMA Shortcut Limit",
    7: "Advertisement Interval",
    8: "Home Agent Information",
    9: "Source Address List",
    10: "Target Address List",
    11: "CGA",
    12: "RSA Signature",
    13: "Timestamp",
    14: "Nonce",
    15: "Trust Anchor",
    16: "Certificate",
    17: "IP Address/Prefix",
    18: "New Router Prefix Information",
    19: "Link-Layer Address",
    20: "Neighbor Advertisement Acknowledgment",
    21: "PvD ID Router Advertisement",
    23: "MAP",
    24: "Route Information",
    25: "Recursive DNS Server",
    26: "RA Flags Extension",
    27: "Handover Key Request",
    28: "Handover Key Reply",
    29: "Handover Assist Information",
    30: "Mobile Node Identifier",
    31: "DNS Search List",
    32: "Proxy Signature",
    33: "Address Registration",
    34: "6LoWPAN Context",
    35: "Authoritative Border Router",
    36: "6LoWPAN Capability Indication",
    37: "Captive Portal",
    38: "PREF64",
    39: "Crypto-ID Parameters",
    40: "NDP Signature",
    41: "Resource Directory Address",
    42: "Consistent Uptime",
    138: "CARD Request",
    139: "CARD Reply",
    144: "Encrypted DNS",
    253: "RFC 3692-style Experiment 1",
    254: "RFC 3692-style Experiment 2",
}
"""IANA's registry "IPv6 Neighbor Discovery Option Formats"."""


@shape
class NdOption(Shape):
    """Type and length, which every option begins with (RFC 4861, 4.6)."""

    type: int = wire(8, "What kind of option it is.", names=NAMES)
    length: int = wire(8, "Length of the option with this header.", scale=UNIT, unit="octets")

    @property
    def title(self) -> str:  # type: ignore[override]  # what is kept whole may be of any type
        """The name of its type."""
        return NAMES.get(self.type, "Unknown Option")

    @classmethod
    def of(cls, type: int, **values: Any) -> Self:  # noqa: A002 - the RFC's name
        """Return an option with its length, padded with zero octets to whole units.

        Args:
            type: its type.
            values: its other fields.

        Raises:
            EncodeError: a value does not fit its field, or all of them together an option.
        """
        octets = cls(type=type, length=0, **values).encode()
        length = -(-len(octets) // UNIT) * UNIT
        if length > LONGEST:
            text = f"an option has at most {LONGEST} octets (RFC 4861, 4.6), not {length}"
            raise EncodeError(text, layer=cls.__name__, field="length", value=length)
        return cls.parse(octets[:1] + bytes([length // UNIT]) + octets[2:].ljust(length - 2, b"\0"))

    def values(self) -> dict[str, Any]:
        """Return what JSON shows: type and name first, without octets that a derived value tells."""
        shown = Shape.values(self)
        shown.pop("octets", None)
        return {"type": shown.pop("type"), "name": self.title, **shown}


@shape
class WholeOption(NdOption):
    """An option that is not known, or whose length is not one that its type can have: kept whole."""

    data: bytes = rest(OCTETS, "Everything after the length.", default=b"")
