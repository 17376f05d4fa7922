"""What every ICMP message begins with, and the message that is kept whole."""

from __future__ import annotations

from dissector.layout import OCTETS, Shape, rest, shape, wire


@shape
class IcmpMessage(Shape):
    """The first four octets of every ICMP message (RFC 792; RFC 4443, 2.1)."""

    type: int = wire(8, "What kind of message it is.")
    code: int = wire(8, "Which one of its kind.", default=0)
    checksum: int = wire(16, "One's complement of the one's complement sum.", hexadecimal=True, default=0)


@shape
class Opaque(IcmpMessage):
    """A message whose format is not known, or was never published: kept whole."""

    data: bytes = rest(OCTETS, "Everything after the checksum.", default=b"")
