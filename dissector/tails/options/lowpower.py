"""Options of neighbour discovery in low-power networks, 6LoWPAN (RFC 6775, RFC 8505, RFC 7400)."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import TYPE_CHECKING

from dissector.layout import OCTETS, derived, rest, shape, wire
from dissector.tails.kept import PREFIX, Prefix
from dissector.tails.options.base import NdOption
from dissector.tails.options.routers import prefix_findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.errors import Finding

MINUTE = 60
REGISTRATION_STATUSES = {
    0: "Success",
    1: "Duplicate Address",
    2: "Neighbor Cache Full",
    3: "Moved",
    4: "Removed",
    5: "Validation Requested",
    6: "Duplicate Source Address",
    7: "Invalid Source Address",
    8: "Registered Address Topologically Incorrect",
    9: "6LBR Registry Saturated",
    10: "Validation Failed",
}
"""What became of a registration (RFC 6775, 4.1; RFC 8505, 4.1)."""


@shape
class AddressRegistration(NdOption):
    """A host registers its address with a router, ARO (RFC 6775, 4.1), extended to EARO (RFC 8505, 4.1)."""

    status: int = wire(
        8, "What became of the registration; zero in a solicitation.", names=REGISTRATION_STATUSES
    )
    opaque: int = wire(8, "For another process, such as routing; reserved in RFC 6775.", default=0)
    reserved: int = wire(4, reserved=True, default=0)
    i: int = wire(2, "What the opaque octet means: 0 is the routing topology.", default=0)
    r: bool = wire(1, "The node asks for reachability (R).", as_=bool, default=False)
    t: bool = wire(1, "There is a transaction ID: the option is an EARO (T).", as_=bool, default=False)
    tid: int = wire(8, "Transaction ID, counts registrations.", default=0)
    registration_lifetime: int = wire(16, "How long the registration is kept.", scale=MINUTE, unit="s")
    rovr: bytes = rest(OCTETS, "Registration Ownership Verifier; in RFC 6775 the EUI-64 of the interface.")


@shape
class LowpanContext(NdOption):
    """A prefix for header compression, 6CO (RFC 6775, 4.2)."""

    context_length: int = wire(8, "How many bits of the prefix are valid.", unit="bits")
    reserved_1: int = wire(3, reserved=True, default=0)
    compression: bool = wire(1, "The context may be used to compress (C).", as_=bool, default=True)
    cid: int = wire(4, "Context Identifier.")
    reserved_2: int = wire(16, reserved=True, default=0)
    valid_lifetime: int = wire(16, "How long the context is valid.", scale=MINUTE, unit="s")
    context_prefix: Prefix = rest(PREFIX, "The prefix, in 8 or 16 octets.")

    def findings(self) -> Iterator[Finding]:
        """Yield that the prefix is longer than the octets that are there (RFC 6775, 4.2)."""
        yield from prefix_findings(
            self.title, self.context_length, len(self.context_prefix) * 8, "RFC 6775, 4.2"
        )


@shape
class AuthoritativeBorderRouter(NdOption):
    """The border router that the advertised information comes from, ABRO (RFC 6775, 4.3)."""

    version_low: int = wire(16, "Low half of the information's version.")
    version_high: int = wire(16, "High half of the information's version.")
    valid_lifetime: int = wire(
        16, "How long the information is valid; zero stands for 10000 minutes.", scale=MINUTE, unit="s"
    )
    border_router: IPv6Address = wire(
        128, "Address of the border router.", as_=IPv6Address, key="6lbr_address"
    )

    @derived
    def version(self) -> int:
        """Version of the information."""
        return self.version_high << 16 | self.version_low


@shape
class CapabilityIndication(NdOption):
    """What a node can do, 6CIO (RFC 7400, 3.3; RFC 8505, 4.3)."""

    reserved_1: int = wire(10, reserved=True, default=0)
    d: bool = wire(1, "The border router supports EDAR and EDAC messages (D).", as_=bool, default=False)
    l: bool = wire(1, "The node is a router, 6LR (L).", as_=bool, default=False)  # noqa: E741 - the RFC's name
    b: bool = wire(1, "The node is a border router, 6LBR (B).", as_=bool, default=False)
    p: bool = wire(1, "The node is a Routing Registrar (P).", as_=bool, default=False)
    e: bool = wire(1, "The node is a registrar: it supports EARO (E).", as_=bool, default=False)
    g: bool = wire(1, "The node supports generic header compression (G).", as_=bool, default=False)
    reserved_2: int = wire(32, reserved=True, default=0)
