"""What extension objects say of an interface or a node: index, address, name, MTU (RFC 5837, 4.1 to 4.3)."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, ClassVar, TypeVar

from dissector.errors import quantity
from dissector.layout import OCTETS, Shape, rest, shape, wire

if TYPE_CHECKING:
    from collections.abc import Callable

IPV4_FAMILY = 1
IPV6_FAMILY = 2
ADDRESS_FAMILIES = {
    IPV4_FAMILY: "IPv4",
    IPV6_FAMILY: "IPv6",
    6: "IEEE 802",
    16389: "48-bit MAC",
    16390: "64-bit MAC",
}
"""IANA's Address Family Numbers, as far as interfaces have them (RFC 8335, 2.1)."""

ROLES = (
    "interface on which the datagram arrived",
    "sub-IP component on which the datagram arrived",
    "interface through which the datagram would have been forwarded",
    "next hop to which the datagram would have been forwarded",
)
"""By the two high bits of the C-Type (RFC 5837, 4.1)."""

LONGEST_NAME = 64
"""Octets of an Interface Name Sub-Object, its length included (RFC 5837, 4.3)."""


def text_of(octets: bytes) -> str:
    r"""Return a name without the zero octets that pad it; what is no UTF-8 is shown as ``\xff``."""
    return octets.rstrip(b"\0").decode(errors="backslashreplace")


def read_address(family: int, octets: bytes) -> IPv4Address | IPv6Address | str:
    """Return an address; in hexadecimal, with colons, where it is none of IP."""
    if family == IPV4_FAMILY and len(octets) == IPv4Address(0).max_prefixlen // 8:
        return IPv4Address(octets)
    if family == IPV6_FAMILY and len(octets) == IPv6Address(0).max_prefixlen // 8:
        return IPv6Address(octets)
    return octets.hex(":")


@shape
class IfIndex(Shape):
    """The interface's index (RFC 5837, 4.1)."""

    title: ClassVar[str] = "ifIndex"

    if_index: int = wire(32, "The interface's ifIndex (RFC 2863).")


@shape
class IpAddress4(Shape):
    """An IP Address Sub-Object with an IPv4 address (RFC 5837, 4.2)."""

    title: ClassVar[str] = "IP Address"

    afi: int = wire(16, "Address family.", names=ADDRESS_FAMILIES, default=IPV4_FAMILY)
    reserved: int = wire(16, reserved=True, default=0)
    address: IPv4Address = wire(32, "The address.", as_=IPv4Address)


@shape
class IpAddress6(Shape):
    """An IP Address Sub-Object with an IPv6 address (RFC 5837, 4.2)."""

    title: ClassVar[str] = "IP Address"

    afi: int = wire(16, "Address family.", names=ADDRESS_FAMILIES, default=IPV6_FAMILY)
    reserved: int = wire(16, reserved=True, default=0)
    address: IPv6Address = wire(128, "The address.", as_=IPv6Address)


@shape
class Name(Shape):
    """An Interface or Node Name Sub-Object (RFC 5837, 4.3)."""

    title: ClassVar[str] = "Name"

    length: int = wire(8, "Length of the sub-object with this octet.", unit="octets")
    octets: bytes = rest(OCTETS, "The name in UTF-8, padded with zero octets.", default=b"")

    @classmethod
    def of(cls, text: str) -> Name:
        """Return the sub-object of a name: cut to 63 octets, padded to a multiple of four (RFC 5837, 4.3)."""
        octets = text.encode()[: LONGEST_NAME - 1]
        # The cut may not leave half a character behind.
        octets = octets.decode(errors="ignore").encode()
        length = (1 + len(octets) + 3) // 4 * 4
        return cls(length=length, octets=octets.ljust(length - 1, b"\0"))

    @property
    def text(self) -> str:
        """The name without its padding."""
        return text_of(self.octets)


@shape
class InterfaceMtu(Shape):
    """The interface's MTU (RFC 5837, 4.1)."""

    title: ClassVar[str] = "MTU"

    mtu: int = wire(32, "The interface's MTU.", unit="octets")


S = TypeVar("S", bound=Shape)


def take_whole(kind: type[S], octets: bytes) -> S | str:
    """Return the sub-object of fixed size at the start of some octets, or a sentence: why there is none."""
    size = kind.layout.size
    if len(octets) < size:
        return f"the sub-object {kind.title} needs {size} octets, {len(octets)} are left (RFC 5837, 4.1)"
    return kind.parse(octets[:size])


def take_index(octets: bytes) -> IfIndex | str:
    """Return the ifIndex at the start of some octets, or a sentence."""
    return take_whole(IfIndex, octets)


def take_address(octets: bytes) -> IpAddress4 | IpAddress6 | str:
    """Return the IP Address Sub-Object at the start of some octets, or a sentence."""
    family = int.from_bytes(octets[:2])
    if len(octets) >= 2 and family not in (IPV4_FAMILY, IPV6_FAMILY):  # noqa: PLR2004 - the family's octets
        return f"an address of family {family} has no known length (RFC 5837, 4.2)"
    return take_whole(IpAddress6, octets) if family == IPV6_FAMILY else take_whole(IpAddress4, octets)


def take_name(octets: bytes) -> Name | str:
    """Return the Name Sub-Object at the start of some octets, or a sentence."""
    if not octets:
        return "the sub-object Name needs 4 octets, 0 are left (RFC 5837, 4.3)"
    length = octets[0]
    if not 0 < length <= len(octets):
        return (
            f"the sub-object Name has length {length}, {quantity(len(octets), 'octet')} left (RFC 5837, 4.3)"
        )
    return Name.parse(octets[:length])


def take_mtu(octets: bytes) -> InterfaceMtu | str:
    """Return the MTU at the start of some octets, or a sentence."""
    return take_whole(InterfaceMtu, octets)


if TYPE_CHECKING:
    Part = tuple[int, Callable[[bytes], Shape | str]]

NODE_PARTS: tuple[Part, ...] = ((0x04, take_address), (0x02, take_name))
"""Bits of the C-Type of a Node Identification Object, in the order of the sub-objects (draft, 3.1)."""

INTERFACE_PARTS: tuple[Part, ...] = ((0x08, take_index), *NODE_PARTS, (0x01, take_mtu))
"""Bits of the C-Type of an Interface Information Object, in the order of the sub-objects (RFC 5837, 4.1)."""
