"""What a shape declares: fields of fixed width, a tail, values derived from them."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Self, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dissector.layout.tail import Tail

T = TypeVar("T")
S = TypeVar("S")

NO_DEFAULT: Any = object()
RESERVED = "Reserved: sent as zero, ignored when received."


def address_text(address: IPv4Address | IPv6Address) -> str:
    """Return an address as text, one that holds an IPv4 address with dots (RFC 5952, 5): Pythons differ there."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(address) if mapped is None else f"::ffff:{mapped}"


class Field(NamedTuple):
    """One field of fixed width.

    Attributes:
        name: the attribute's name.
        bits: its width.
        offset: bits from the start of the shape.
        doc: what it means.
        as_: the type of its value: int, bool, bytes, IPv4Address or IPv6Address.
        unit: the unit of the value, such as ``"ms since midnight UT"``.
        scale: the value is the number on the wire times this.
        signed: two's complement.
        reserved: sent as zero, ignored when received; kept, and reported when set.
        hexadecimal: people read it in hexadecimal.
        names: names of some of its values.
        key: the JSON key, where the attribute's name cannot be it.
        default: the value where a message is made without one.
    """

    name: str
    bits: int
    offset: int
    doc: str
    as_: type
    unit: str
    scale: int
    signed: bool
    reserved: bool
    hexadecimal: bool
    names: Mapping[int, str]
    key: str
    default: Any

    def text(self, value: Any) -> str:
        """Return a value as people read it."""
        if isinstance(value, bytes):
            return value.hex(":") if self.bits <= 64 else value.hex()  # noqa: PLR2004 - up to EUI-64: an address
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, IPv4Address | IPv6Address):
            return address_text(value)
        shown = f"0x{value:0{(self.bits + 3) // 4}x}" if self.hexadecimal else str(value)
        if isinstance(value, int) and value in self.names:
            return f"{shown} ({self.names[value]})"
        return f"{shown} {self.unit}" if self.unit else shown


class Node(NamedTuple):
    """A field, or a group of fields, at its place in the octets: what trees and annotated hexdumps show.

    Attributes:
        name: the field's name.
        text: its value as people read it.
        offset: bits from the start of the message.
        bits: its width.
        doc: what it means.
        children: the fields of a group.
    """

    name: str
    text: str
    offset: int
    bits: int
    doc: str = ""
    children: tuple[Node, ...] = ()


class Rest(NamedTuple):
    """The tail of a shape: its name, how it is read, what it means and its default."""

    name: str
    tail: Tail[Any]
    doc: str
    default: Any


def wire(  # noqa: PLR0913 - a declaration says all that a field is
    bits: int,
    doc: str = RESERVED,
    *,
    as_: type = int,
    unit: str = "",
    scale: int = 1,
    signed: bool = False,
    reserved: bool = False,
    hexadecimal: bool = False,
    names: Mapping[int, str] | None = None,
    key: str = "",
    default: Any = NO_DEFAULT,
) -> Any:
    """Declare a field of ``bits`` bits; see :class:`Field` for what the rest says.

    It has its name and its place from :func:`~dissector.layout.shape`.
    """
    return Field("", bits, 0, doc, as_, unit, scale, signed, reserved, hexadecimal, names or {}, key, default)


def rest(tail: Tail[T], doc: str, *, default: Any = NO_DEFAULT) -> Any:
    """Declare what follows the fields of fixed width, up to the end."""
    return Rest("", tail, doc, default)


class derived(Generic[S, T]):  # noqa: N801 - used as a decorator, as property is
    """A value that is computed from the fields and shown beside them, in JSON too."""

    def __init__(self, function: Callable[[S], T]) -> None:
        self.function = function
        self.__doc__ = function.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: S, owner: type) -> T: ...
    def __get__(self, instance: S | None, owner: type) -> Self | T:
        """Return the value for an instance."""
        return self if instance is None else self.function(instance)
