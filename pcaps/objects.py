"""Extension objects for errors and probes (RFC 4884, RFC 4950, RFC 5837, RFC 8335), with their lengths."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any, TypeVar

from dissector.tails.extensions import (
    ExtendedInformationPointer,
    ExtensionObject,
    Extensions,
    InterfaceByAddress,
    InterfaceByIndex,
    InterfaceByName,
    InterfaceInformation,
    LabelStackEntry,
    MplsLabelStack,
    NodeIdentification,
    PrivateObject,
)
from dissector.tails.interfaces import IfIndex, InterfaceMtu, IpAddress4, IpAddress6, Name

if TYPE_CHECKING:
    from ipaddress import IPv6Address

    from dissector.layout import Shape

O = TypeVar("O", bound=ExtensionObject)  # noqa: E741 - O for object, as T for type
INCOMING = 0
INDEX, ADDRESS, NAME, MTU = 0x08, 0x04, 0x02, 0x01
"""Bits of the C-Type of an Interface Information Object (RFC 5837, 4.1)."""


def sized(kind: type[O], class_num: int, c_type: int, **values: Any) -> O:
    """Return an object with its length."""
    bare = kind(length=0, class_num=class_num, c_type=c_type, **values)
    return bare.replace(length=len(bare.encode()))


def address_part(address: IPv4Address | IPv6Address) -> Shape:
    """Return the sub-object of an address."""
    return IpAddress4(address=address) if isinstance(address, IPv4Address) else IpAddress6(address=address)


def labels(*numbers: int) -> MplsLabelStack:
    """Return a label stack, its top first."""
    last = len(numbers) - 1
    entries = tuple(
        LabelStackEntry(label=number, bottom=index == last, ttl=1) for index, number in enumerate(numbers)
    )
    return sized(MplsLabelStack, 1, 1, entries=entries)


def interface(
    index: int,
    name: str | None = None,
    address: IPv4Address | IPv6Address | None = None,
    mtu: int | None = None,
    *,
    role: int = INCOMING,
) -> InterfaceInformation:
    """Return what a router tells of one of its interfaces."""
    parts: list[Shape] = [IfIndex(if_index=index)]
    c_type = role << 6 | INDEX
    if address is not None:
        parts.append(address_part(address))
        c_type |= ADDRESS
    if name is not None:
        parts.append(Name.of(name))
        c_type |= NAME
    if mtu is not None:
        parts.append(InterfaceMtu(mtu=mtu))
        c_type |= MTU
    return sized(InterfaceInformation, 2, c_type, parts=tuple(parts))


def node(name: str, address: IPv4Address | IPv6Address) -> NodeIdentification:
    """Return the name and address of the node that sends the error."""
    return sized(NodeIdentification, 5, ADDRESS | NAME, parts=(address_part(address), Name.of(name)))


def exceeded(pointer: int) -> ExtendedInformationPointer:
    """Return where a limit on headers was exceeded (RFC 8883, 3.1)."""
    return sized(ExtendedInformationPointer, 4, 1, pointer=pointer)


def unknown() -> ExtensionObject:
    """Return an object of a class that nobody assigned."""
    return sized(ExtensionObject, 99, 7, data=b"\xc0\xff\xee\x00")


def private() -> PrivateObject:
    """Return an object for private use."""
    return sized(PrivateObject, 247, 0, data=b"lab1")


def by_name(name: str) -> Extensions:
    """Return a probe's structure that names an interface."""
    octets = name.encode()
    padded = octets.ljust(-(-len(octets) // 4) * 4, b"\0")
    return Extensions.of(sized(InterfaceByName, 3, 1, octets=padded))


def by_index(index: int) -> Extensions:
    """Return a probe's structure that gives an interface's index."""
    return Extensions.of(sized(InterfaceByIndex, 3, 2, if_index=index))


def by_address(address: IPv4Address | IPv6Address) -> Extensions:
    """Return a probe's structure that gives an interface's address."""
    octets = address.packed
    family = 1 if isinstance(address, IPv4Address) else 2
    values = {"afi": family, "address_length": len(octets), "octets": octets}
    return Extensions.of(sized(InterfaceByAddress, 3, 3, **values))
