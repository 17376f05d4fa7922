"""The end of a shape, of any length: octets, or items one after another."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from dissector.errors import Finding, Severity, quantity
from dissector.layout.field import Node, address_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dissector.layout.shape import Shape

T = TypeVar("T")


class Tail(Generic[T]):
    """How the end of a shape, of any length, is read and written.

    Reading never fails: what does not fit is kept in the value and noted as a finding, so that every tail can
    be written back octet for octet.
    """

    def read(self, octets: bytes, owner: Shape, notes: list[Finding]) -> T:
        """Return the value of octets that follow the fields of ``owner``; add what is wrong to ``notes``."""
        raise NotImplementedError

    def write(self, value: T) -> bytes:
        """Return the octets of ``value``."""
        raise NotImplementedError

    def nodes(self, name: str, value: T, offset: int, doc: str) -> Iterator[Node]:
        """Yield ``value``, which starts ``offset`` bits from the message's start, as nodes."""
        raise NotImplementedError


class Octets(Tail[bytes]):
    """Octets without structure."""

    def read(self, octets: bytes, owner: Shape, notes: list[Finding]) -> bytes:  # noqa: ARG002 - see Tail
        """Return them as they are."""
        return octets

    def write(self, value: bytes) -> bytes:
        """Return them as they are."""
        return value

    def nodes(self, name: str, value: bytes, offset: int, doc: str) -> Iterator[Node]:
        """Yield them as one node, if there are any."""
        if value:
            yield Node(name, quantity(len(value), "octet"), offset, len(value) * 8, doc)


OCTETS = Octets()


class Several(tuple[T, ...]):  # noqa: SLOT001 - a tuple has no room for slots
    """The items of a tail, and the octets after them that are no whole item.

    Attributes:
        leftover: octets that could not be read as an item.
    """

    leftover: bytes = b""

    @classmethod
    def of(cls, items: Iterator[T] | list[T], leftover: bytes = b"") -> Self:
        """Return the items with what was left over."""
        self = cls(items)
        self.leftover = leftover
        return self

    def __eq__(self, other: object) -> bool:
        """Compare items and leftover octets."""
        leftover = other.leftover if isinstance(other, Several) else b""
        return tuple.__eq__(self, other) is True and self.leftover == leftover

    def __ne__(self, other: object) -> bool:
        """Compare items and leftover octets; a tuple's own looks at the items alone."""
        return not self == other

    __hash__ = tuple.__hash__

    def __repr__(self) -> str:
        """Return the items as a tuple shows them."""
        return tuple.__repr__(self) + (f" + {self.leftover!r}" if self.leftover else "")


MOST = 0xFFFF
"""Items of a message: more than its octets, unless it is a jumbogram (RFC 2675) made of nothing but small ones."""
AT_FIRST = 256
"""Octets in which an item is looked for at first: few have more."""


class Items(Tail[Several[T]]):
    """Items one after another, up to the end.

    Args:
        take: reads the item at the start of some octets; returns it and its length in octets, or a sentence
            that says why there is none.
        what: what one item is, for people: ``"option"``.
    """

    def __init__(self, take: Callable[[bytes, list[Finding]], tuple[T, int] | str], what: str) -> None:
        self.take = take
        self.what = what

    def read(self, octets: bytes, owner: Shape, notes: list[Finding]) -> Several[T]:
        """Return the items; octets from the first unreadable one on, or behind too many, are left over and noted."""
        items: list[T] = []
        at = 0
        while at < len(octets):
            full = len(items) == MOST
            taken = f"a message has {MOST} at most" if full else self.take_at(octets, at, notes)
            if isinstance(taken, str):
                number = len(items) + 1
                text = f"{owner.called}: {self.what} {number} cannot be read: {taken}"
                notes.append(Finding(f"{self.what.replace(' ', '-')}-unreadable", Severity.WARNING, text))
                break
            items.append(taken[0])
            at += taken[1]
        return Several.of(items, octets[at:])

    def take_at(self, octets: bytes, at: int, notes: list[Finding]) -> tuple[T, int] | str:
        """Read the item at a place; return what ``take`` returns.

        To hand over all that is left would copy it for each item. So it is a little at first, and more if the item is
        not clearly within that.
        """
        size, before = AT_FIRST, len(notes)
        while True:
            taken = self.take(octets[at : at + size], notes)
            if at + size >= len(octets) or (not isinstance(taken, str) and taken[1] < size):
                return taken
            del notes[before:]
            size *= 8

    def write(self, value: Several[T] | tuple[T, ...]) -> bytes:
        """Return the octets of the items and what was left over."""
        leftover = value.leftover if isinstance(value, Several) else b""
        return b"".join(item_octets(item) for item in value) + leftover

    def nodes(self, name: str, value: Several[Any], offset: int, doc: str) -> Iterator[Node]:
        """Yield a node an item."""
        for item in value:
            bits = len(item_octets(item)) * 8
            if isinstance(item, IPv4Address | IPv6Address):
                yield Node(name, address_text(item), offset, bits, doc)
            else:
                yield Node(name, item.title, offset, bits, doc, tuple(item.nodes(offset)))
            offset += bits
        yield from OCTETS.nodes(
            "leftover", getattr(value, "leftover", b""), offset, f"Octets that are no whole {self.what}."
        )


def item_octets(item: Any) -> bytes:
    """Return the octets of an item: an address, or a shape."""
    if isinstance(item, IPv4Address | IPv6Address):
        return item.packed
    octets: bytes = item.encode()
    return octets


def each(kind: Any, what: str) -> Items[Any]:
    """Return a tail of items of one fixed size.

    Args:
        kind: IPv4Address, IPv6Address or a shape without a tail.
        what: what one item is, for people.
    """
    address = kind in (IPv4Address, IPv6Address)
    size: int = kind(0).max_prefixlen // 8 if address else kind.layout.size
    make: Callable[[bytes], Any] = kind if address else kind.parse

    def take(octets: bytes, notes: list[Finding]) -> tuple[Any, int] | str:  # noqa: ARG001 - see Items
        if len(octets) < size:
            return f"it needs {size} octets, {len(octets)} are left"
        return make(octets[:size]), size

    return Items(take, what)
