"""What an error quotes: the datagram that it is about, and where extensions follow it (RFC 4884)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from dissector.errors import Finding, Severity
from dissector.layout import OCTETS, Node, Shape, Tail
from dissector.tails.datagram import Datagram, split
from dissector.tails.extensions import VERSION, Extensions, is_structure, structure_node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.layout import Layout
    from dissector.tails.extensions import ExtensionObject

__all__ = ["EXTENSIBLE", "LEAST_FIELD", "NO_QUOTE", "QUOTE", "Datagram", "Quote", "extended"]

LEAST_FIELD = 128
"""Octets that the "original datagram" field has at least where extensions follow (RFC 4884, 4)."""

LEAST_DATAGRAM = 20
"""Octets before extensions in any case: an IPv4 header."""

STRUCTURE_HEADER = Extensions.layout.size
M = TypeVar("M", bound=Shape)


class Quote(NamedTuple):
    """A quoted datagram, with what follows it.

    Attributes:
        datagram: the datagram; None where there is none.
        padding: the zero octets after it, before the extensions; all octets where they are no IP datagram.
        extensions: the extension structure, None where there is none.
    """

    datagram: Datagram | None
    padding: bytes = b""
    extensions: Extensions | None = None

    @classmethod
    def of(cls, octets: bytes, extensions: Extensions | None = None, *, unit: int = 4) -> Quote:
        """Return the quote of a datagram.

        Args:
            octets: the datagram's first octets.
            extensions: what follows; then the quote is padded to 128 octets at least (RFC 4884, 4).
            unit: the padded quote is a multiple of so many octets: 4 in ICMPv4, 8 in ICMPv6.
        """
        if extensions is not None:
            length = max(LEAST_FIELD, (len(octets) + unit - 1) // unit * unit)
            octets = octets.ljust(length, b"\0")
        return cls(*split(octets), extensions)

    @property
    def field_length(self) -> int:
        """Octets of the "original datagram" field: the datagram and its padding."""
        return len(self.datagram or b"") + len(self.padding)

    def encode(self) -> bytes:
        """Return its octets."""
        extensions = b"" if self.extensions is None else self.extensions.encode()
        return bytes(self.datagram or b"") + self.padding + extensions

    def findings(self) -> tuple[Finding, ...]:
        """Return what is odd about the datagram."""
        datagram = self.datagram
        if datagram is not None:
            length, have = datagram.length, len(datagram.octets)
            if length is None or length >= have:
                return ()
            text = f"the quoted datagram's header says {length} octets, {have} are there"
            return (Finding("quote-length", Severity.NOTE, text),)
        if self.padding:
            text = f"the quote is no IP datagram: it begins with 0x{self.padding[0]:02x}"
            return (Finding("quote-not-ip", Severity.WARNING, text),)
        text = "not one octet is there of the datagram that it is about (RFC 792; RFC 4443, 3)"
        return (Finding("quote-missing", Severity.NOTE, text),)


NO_QUOTE = Quote(None)


class QuoteTail(Tail[Quote]):
    """A quoted datagram up to the end."""

    def read(self, octets: bytes, owner: Shape, notes: list[Finding]) -> Quote:  # noqa: ARG002 - see Tail
        """Return the quote."""
        quote = Quote(*split(octets))
        notes.extend(quote.findings())
        return quote

    def write(self, value: Quote) -> bytes:
        """Return its octets."""
        return value.encode()

    def nodes(self, name: str, value: Quote, offset: int, doc: str) -> Iterator[Node]:
        """Yield the datagram, its padding, the extensions."""
        if value.datagram is not None:
            bits = len(value.datagram) * 8
            children = tuple(value.datagram.nodes(offset))
            yield Node(name, str(value.datagram), offset, bits, doc, children)
            offset += bits
        doc = "Fills the quote up." if value.datagram is not None else "A quote that is no IP datagram."
        yield from OCTETS.nodes("padding", value.padding, offset, doc)
        offset += len(value.padding) * 8
        if value.extensions is not None:
            yield structure_node("extensions", value.extensions, offset, "What is told beside the quote.")


class ExtensibleTail(QuoteTail):
    """A quoted datagram, and an extension structure after it where there is one.

    Strategy: senders put the structure in three places: where ``original_length`` says, after 128 octets (all
    did before RFC 4884, some still do whatever length they say), and where the length is if it is taken for
    octets. It is at the first of them from which on octets are a structure beyond doubt. Failing that, what
    begins as one where the length says is one: damaged, or cut by the capture.
    """

    def read(self, octets: bytes, owner: Shape, notes: list[Finding]) -> Quote:
        """Return the quote; the owner has ``original_length``."""
        if len(octets) <= LEAST_FIELD and not owner.original_length:  # type: ignore[attr-defined]  # as in stated_length
            return super().read(octets, owner, notes)
        stated, unit = stated_length(owner)
        at = None
        for place in (stated, LEAST_FIELD, stated // unit):
            if LEAST_DATAGRAM <= place < len(octets) and is_structure(octets[place:]):
                at = place
                break
        if at is None and stated:
            if begins_structure(octets, stated):
                at = stated
            else:
                text = (
                    f"no extension structure follows {stated} octets; {len(octets)} are there (RFC 4884, 4)"
                )
                notes.append(Finding("extension-missing", Severity.NOTE, text))
        if at is None:
            return super().read(octets, owner, notes)
        notes.extend(place_findings(at, stated))
        quote = Quote(*split(octets[:at]), Extensions.parse(octets[at:], notes))
        notes.extend(quote.findings())
        return quote


def stated_length(owner: Shape) -> tuple[int, int]:
    """Return the ``original_length`` of a message in octets, and how many octets its unit has."""
    return int(owner.original_length), _unit(owner.layout)  # type: ignore[attr-defined]  # every shape with this tail has it


@cache
def _unit(layout: Layout) -> int:
    """Return how many octets the unit of a layout's ``original_length`` has."""
    return next(field.scale for field in layout.fields if field.name == "original_length")


def begins_structure(octets: bytes, at: int) -> bool:
    """Return whether at an offset the header of a structure is, of the right version."""
    return LEAST_DATAGRAM <= at <= len(octets) - STRUCTURE_HEADER and octets[at] >> 4 == VERSION


def place_findings(at: int, stated: int) -> Iterator[Finding]:
    """Yield what is wrong with the place of a structure."""
    if at != stated:
        text = f"original_length says {stated} octets, extensions follow {at} octets (RFC 4884, 4 and 5.5)"
        yield Finding("extension-length", Severity.WARNING, text)
    elif at < LEAST_FIELD:
        text = f"extensions follow a quote of {at} octets, at least {LEAST_FIELD} are needed (RFC 4884, 4)"
        yield Finding("extension-quote-short", Severity.WARNING, text)


QUOTE = QuoteTail()
EXTENSIBLE = ExtensibleTail()


def extended(message: M, *objects: ExtensionObject) -> M:
    """Return an error with extension objects, its quote padded and ``original_length`` set (RFC 4884, 4).

    Args:
        message: an error whose shape has ``original_length``; extensions that it has are replaced.
        objects: the objects, at least one.
    """
    _, unit = stated_length(message)
    old: Quote = message.quote  # type: ignore[attr-defined]  # every shape with that length has it
    quote = Quote.of(bytes(old.datagram or b""), Extensions.of(*objects), unit=unit)
    return message.replace(quote=quote, original_length=quote.field_length)
