"""Options of secure neighbour discovery, SEND (RFC 3971, 5 and 6.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dissector.errors import Finding, Severity, quantity
from dissector.layout import OCTETS, derived, rest, shape, wire
from dissector.tails.names import take_name
from dissector.tails.options.base import NdOption

if TYPE_CHECKING:
    from collections.abc import Iterator

SECOND = 1 << 16
"""Units of a timestamp in a second (RFC 3971, 5.3.1)."""
X501_NAME, FQDN = 1, 2
NAME_TYPES = {X501_NAME: "DER Encoded X.501 Name", FQDN: "FQDN"}
CERT_TYPES = {1: "X.509v3 Certificate"}


def padding_findings(name: str, pad_length: int, room: int) -> Iterator[Finding]:
    """Yield that there is less room in an option than the padding it claims."""
    if pad_length > room:
        text = f"{name} claims {quantity(pad_length, 'octet')} of padding, only {room} are there (RFC 3971)"
        yield Finding("option-padding", Severity.WARNING, text)


@shape
class Cga(NdOption):
    """What shows that the sender owns its address (RFC 3971, 5.1)."""

    pad_length: int = wire(8, "Octets of padding at the end.", unit="octets", default=0)
    reserved: int = wire(8, reserved=True, default=0)
    octets: bytes = rest(OCTETS, "The CGA Parameters (RFC 3972, 4) and the padding.")

    @derived
    def cga_parameters(self) -> bytes:
        """The parameters without the padding."""
        return self.octets[: max(len(self.octets) - self.pad_length, 0)]

    def findings(self) -> Iterator[Finding]:
        """Yield that the padding does not fit."""
        yield from padding_findings(self.title, self.pad_length, len(self.octets))


@shape
class RsaSignature(NdOption):
    """Signature of the message up to here (RFC 3971, 5.2)."""

    reserved: int = wire(16, reserved=True, default=0)
    key_hash: bytes = wire(128, "Leading bits of the SHA-1 hash of the sender's public key.", as_=bytes)
    digital_signature: bytes = rest(OCTETS, "The signature, and padding whose length nothing tells.")


@shape
class Timestamp(NdOption):
    """When the message was sent, against replays (RFC 3971, 5.3.1)."""

    reserved: int = wire(48, reserved=True, default=0)
    timestamp: int = wire(64, "Time of sending.", unit="1/65536 s since 1970-01-01 00:00 UTC")

    @derived
    def timestamp_seconds(self) -> float:
        """Time of sending, in seconds since 1970-01-01 00:00 UTC."""
        return self.timestamp / SECOND


@shape
class Nonce(NdOption):
    """A random number that ties an advertisement to its solicitation (RFC 3971, 5.3.2)."""

    nonce: bytes = rest(OCTETS, "The number, 6 octets or more.")


@shape
class TrustAnchor(NdOption):
    """Whom a node trusts to certify routers (RFC 3971, 6.4.3)."""

    name_type: int = wire(8, "How the name is written.", names=NAME_TYPES)
    pad_length: int = wire(8, "Octets of padding at the end.", unit="octets", default=0)
    octets: bytes = rest(OCTETS, "The name and the padding.")

    @derived
    def trust_anchor(self) -> bytes | str:
        """The name without the padding: text where it is a domain name that can be read."""
        octets = self.octets[: max(len(self.octets) - self.pad_length, 0)]
        name = take_name(octets) if self.name_type == FQDN else ""
        return octets if isinstance(name, str) else str(name)

    def findings(self) -> Iterator[Finding]:
        """Yield that the padding does not fit, or that the name cannot be read."""
        yield from padding_findings(self.title, self.pad_length, len(self.octets))
        if self.name_type not in NAME_TYPES:
            text = f"{self.title} has the unknown name type {self.name_type} (RFC 3971, 6.4.3)"
            yield Finding("option-name-type", Severity.NOTE, text)
        elif self.name_type == FQDN and isinstance(self.trust_anchor, bytes):
            text = f"{self.title}: the domain name cannot be read (RFC 3971, 6.4.3)"
            yield Finding("option-name", Severity.WARNING, text)


@shape
class Certificate(NdOption):
    """One certificate of a certification path (RFC 3971, 6.4.4)."""

    cert_type: int = wire(8, "What kind of certificate it is.", names=CERT_TYPES)
    reserved: int = wire(8, reserved=True, default=0)
    certificate: bytes = rest(OCTETS, "The certificate in DER, and padding after its end.")
