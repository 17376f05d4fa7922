"""Harnesses for messages: any octets are read, shown, and written back octet for octet.

A harness is called with octets and returns what was made of them, which is the same by both back ends. Here nothing is
ever raised, not even a ``DissectError``: a message is there whatever its octets are.
"""

from __future__ import annotations

import json
from ipaddress import IPv4Address, IPv6Address
from itertools import pairwise
from typing import TYPE_CHECKING

from dissector.decoder import Decoded, decode_message
from dissector.errors import Finding
from dissector.layout import Node
from dissector.messages.base import Opaque
from dissector.messages.errors import DestinationUnreachable
from dissector.present.hexdump import hexdump, leaves
from dissector.present.jsonlines import bare_record, dumps, plain
from dissector.present.tree import branches, message_tree, nodes
from dissector.registry.model import Family
from dissector.registry.table import types
from dissector.tails.datagram import split
from dissector.tails.extensions import Extensions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dissector.layout import Shape

FAMILIES = (Family.ICMPV4, Family.ICMPV6)
ENDS: tuple[tuple[IPv4Address, IPv4Address] | tuple[IPv6Address, IPv6Address], ...] = (
    (IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")),
    (IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")),
)
"""Source and destination, by family."""


def shown(texts: Iterable[str]) -> list[str]:
    """Return lines, in which no character steers a terminal or ends a line, and none is half a one."""
    found = list(texts)
    for text in found:
        assert text.isprintable(), ascii(text)
    return found


def in_place(found: tuple[Node, ...], size: int) -> None:
    """Check that fields lie one behind the other, and all of them within so many octets."""
    places = [(node.offset, node.offset + node.bits) for _, node in leaves(found)]
    for (_, end), (start, _) in pairwise([(0, 0), *places, (8 * size, 0)]):
        assert end <= start, places


def told(shape: Shape, octets: bytes, notes: list[Finding]) -> list[str]:
    """Return all texts about a shape, which writes the octets that it was read from, and is made anew of them."""
    again = type(shape).parse(octets)
    assert again.encode() == shape.encode() == octets
    assert (again, hash(again), repr(again)) == (shape, hash(shape), repr(shape))
    found, value = tuple(shape.nodes()), plain(shape)
    in_place(found, len(octets))
    text = dumps(value)
    assert json.loads(text) == value
    return [*shown([text]), *shown(branches(found, 0)), *(note.text for note in notes)]


class Messages:
    """A message by itself: JSON, tree and rows of octets.

    The first octet is not the message's: its lowest bit is the family, the next one says whether addresses are known,
    the others how many octets were cut off, by eights.
    """

    def __call__(self, given: bytes) -> object:
        """Return all texts about a message."""
        octets, number = given[1:], given[0] if given else 0
        family, (src, dst) = FAMILIES[number & 1], ENDS[number & 1] if number & 2 else (None, None)
        decoded = decode_message(octets, family, src=src, dst=dst)
        if number >> 2:
            decoded = Decoded(family, octets, length=len(octets) + 8 * (number >> 2), limit="captured length")
        message = decoded.message
        assert (message is None) == (len(octets) < Opaque.layout.size)
        assert message is None or message.encode() == octets
        in_place(tuple(nodes(decoded)), len(octets))
        value = bare_record(decoded)
        text = dumps(value)
        assert json.loads(text) == value
        return [*shown([text]), *shown(message_tree(decoded)), *shown(hexdump(decoded))]


class Tails:
    """What follows the fixed part of a message, which is zero here: options, records, extensions.

    The first octet says which message, the next one is its code.
    """

    def __init__(self) -> None:
        rows = [(row.number, row.shape) for family in FAMILIES for row in types(family)]
        longer = [(row.number, row.longer[1]) for row in types(Family.ICMPV6) if row.longer is not None]
        self.kinds = [(number, kind) for number, kind in rows + longer if kind.layout.rest is not None]

    def __call__(self, given: bytes) -> object:
        """Return all texts about a message of a kind."""
        number, kind = self.kinds[given[0] % len(self.kinds) if given else 0]
        octets = (bytes([number]) + given[1:2]).ljust(kind.layout.size, b"\0") + given[2:]
        notes: list[Finding] = []
        return told(kind.parse(octets, notes), octets, notes)


class Structures:
    """The extension structure alone (RFC 4884, 7)."""

    def __call__(self, octets: bytes) -> object:
        """Return all texts about a structure; octets too few for its header are filled up."""
        octets = octets.ljust(Extensions.layout.size, b"\0")
        notes: list[Finding] = []
        structure = Extensions.parse(octets, notes)
        value = plain(structure.as_json())
        assert json.loads(dumps(value)) == value
        return structure.checksum_status, told(structure, octets, notes)


class Quotes:
    """What an error quotes, its padding, and where extensions begin; the first octet is ``original_length``."""

    def __call__(self, given: bytes) -> object:
        """Return all texts about an error, and what its datagram says."""
        octets = bytes([3, 0, 0, 0, 0, *given[:1], 0, 0] if given else [3, *bytes(7)]) + given[1:]
        notes: list[Finding] = []
        error = DestinationUnreachable.parse(octets, notes)
        datagram, padding = split(given)
        assert (b"" if datagram is None else bytes(datagram)) + padding == given
        values = None if datagram is None else plain(datagram.as_json())
        assert json.loads(dumps(values)) == values
        if datagram is not None:
            in_place(tuple(datagram.nodes(0)), len(datagram))
            shown([str(datagram)])
        return values, told(error, octets, notes)
