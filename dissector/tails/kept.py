"""Values of any length that keep their octets and are read by people as text.

Link-layer addresses, prefixes and domain names share one need: what stands on the wire must be written back
octet for octet, padding and mistakes included, while people want ``00:15:c7:56:80:00``, ``2001:db8::`` or
``example.com``.
"""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import TYPE_CHECKING, TypeVar

from dissector.layout import OCTETS, Items, Node, Several, Shape, Tail, address_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.errors import Finding

ADDRESS_OCTETS = 16
PRINTABLE = range(0x21, 0x7F)
"""ASCII characters that people see; what else comes from the wire is escaped."""


class Kept:
    """Some octets with a text; equal to another of its kind with the same octets.

    Attributes:
        octets: what stands on the wire.
    """

    __slots__ = ("octets",)

    def __init__(self, octets: bytes) -> None:
        self.octets = octets

    def __bytes__(self) -> bytes:
        """Return what stands on the wire."""
        return self.octets

    def __len__(self) -> int:
        """Return how many octets stand on the wire."""
        return len(self.octets)

    def __eq__(self, other: object) -> bool:
        """Compare kind and octets."""
        return type(other) is type(self) and isinstance(other, Kept) and other.octets == self.octets

    def __hash__(self) -> int:
        """Hash kind and octets."""
        return hash((type(self), self.octets))

    def __repr__(self) -> str:
        """Return the call that makes it."""
        return f"{type(self).__name__}({self.octets!r})"


class LinkLayerAddress(Kept):
    """A link-layer address of any length, with the padding of its option (RFC 4861, 4.6.1)."""

    def __str__(self) -> str:
        """Return its octets in hexadecimal, with colons between them."""
        return self.octets.hex(":")


class Prefix(Kept):
    """The leading octets of an IPv6 address, as many as were sent."""

    def __str__(self) -> str:
        """Return the address that begins with these octets and goes on with zeros."""
        return address_text(IPv6Address(self.octets[:ADDRESS_OCTETS].ljust(ADDRESS_OCTETS, b"\0")))


class Uri(Kept):
    """A URI, padded with zero octets."""

    def __str__(self) -> str:
        """Return it without the padding; what is no printable ASCII character is percent-encoded."""
        uri = self.octets.rstrip(b"\0")
        return "".join(chr(octet) if octet in PRINTABLE else f"%{octet:02X}" for octet in uri)


K = TypeVar("K", bound=Kept)


class As(Tail[K]):
    """A tail that is one kept value.

    Args:
        kind: its class.
    """

    def __init__(self, kind: type[K]) -> None:
        self.kind = kind

    def read(self, octets: bytes, owner: Shape, notes: list[Finding]) -> K:  # noqa: ARG002 - see Tail
        """Return the value of all the octets."""
        return self.kind(octets)

    def write(self, value: K | bytes) -> bytes:
        """Return the octets of the value; plain octets will do too."""
        return bytes(value)

    def nodes(self, name: str, value: K, offset: int, doc: str) -> Iterator[Node]:
        """Yield one node, if there are any octets."""
        if len(value):
            yield Node(name, str(value), offset, len(value) * 8, doc)


class KeptItems(Items[K]):
    """Kept values one after another."""

    def write(self, value: Several[K] | tuple[K, ...]) -> bytes:
        """Return the octets of the values and what was left over."""
        leftover = value.leftover if isinstance(value, Several) else b""
        return b"".join(bytes(item) for item in value) + leftover

    def nodes(self, name: str, value: Several[K], offset: int, doc: str) -> Iterator[Node]:
        """Yield a node a value."""
        for item in value:
            yield Node(name, str(item), offset, len(item) * 8, doc)
            offset += len(item) * 8
        yield from OCTETS.nodes(
            "leftover", getattr(value, "leftover", b""), offset, f"Octets after the last {self.what}."
        )


LINK_LAYER_ADDRESS = As(LinkLayerAddress)
PREFIX = As(Prefix)
URI = As(Uri)
