"""The octets of a message, each row with the field it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dissector.present.text import printable
from dissector.present.tree import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.decoder import Decoded
    from dissector.layout import Node

ROW = 8
"""Octets a row: leaves half of 80 columns for the field."""


def leaves(found: Iterator[Node] | tuple[Node, ...], path: str = "") -> Iterator[tuple[str, Node]]:
    """Yield the fields that hold no others, each with the names of what it is in."""
    for node in found:
        name = f"{path}{node.name}"
        if node.children:
            yield from leaves(node.children, f"{name}.")
        elif node.bits:
            yield name, node


def hexdump(decoded: Decoded) -> Iterator[str]:
    """Yield the rows: offset, octets, their field and its value; bits of an octet drawn as ``1... ....``."""
    octets = decoded.octets
    at = 0
    for name, node in leaves(nodes(decoded)):
        first, last = node.offset // 8, (node.offset + node.bits + 7) // 8
        label = f"{name}: {printable(node.text)}"
        if node.offset % 8 or node.bits % 8:
            start = max(first, at)
            shown = octets[start:last].hex(" ")
            yield (
                row(start, shown, f"{bits(node, octets[first:last])}  {label}")
                if shown
                else row(None, "", f"{bits(node, octets[first:last])}  {label}")
            )
        else:
            yield from rows(first, octets[first:last], label)
        at = max(at, last)
    yield from rows(at, octets[at:], "unread")


def rows(offset: int, octets: bytes, label: str) -> Iterator[str]:
    """Yield a field's rows; the label stands in the first, the octets' ASCII in the others."""
    for start in range(0, len(octets), ROW):
        part = octets[start : start + ROW]
        ascii_text = "".join(chr(octet) if 0x20 <= octet < 0x7F else "." for octet in part)  # noqa: PLR2004 - printable ASCII
        text = label if not start else f"|{ascii_text}|"
        yield row(offset + start, part.hex(" "), text)


def row(offset: int | None, octets: str, text: str) -> str:
    """Return one row."""
    place = "    " if offset is None else f"{offset:04x}"
    return f"{place}  {octets:<{ROW * 3 - 1}}  {text}".rstrip()


def bits(node: Node, octets: bytes) -> str:
    """Return the bits of a field in their octets, the others as dots: ``.10. ....``."""
    whole = f"{int.from_bytes(octets):0{len(octets) * 8}b}"
    start = node.offset % 8
    drawn = "".join(bit if start <= place < start + node.bits else "." for place, bit in enumerate(whole))
    return " ".join(drawn[place : place + 4] for place in range(0, len(drawn), 4))
