"""All fields of a message, one a line, indented by what they belong to."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from dissector.errors import quantity
from dissector.layout import Node, address_text, partial
from dissector.present.line import NOTHING, headline
from dissector.present.text import printable
from dissector.present.times import iso, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.decoder import Decoded
    from dissector.message import Message
    from dissector.present.line import Answer

STEP = "  "


def nodes(decoded: Decoded) -> Iterator[Node]:
    """Yield the fields of a message at their places; of one that is too short, those that are whole."""
    message, shape = decoded.message, decoded.shape
    if message is not None and decoded.malformed is None:
        yield from message.nodes()
        return
    end = 0
    for field in shape.layout.fields:
        if field.offset + field.bits <= len(decoded.octets) * 8:
            end = field.offset + field.bits
            value = partial(shape, decoded.octets).get(field.key or field.name, 0)
            yield Node(field.name, field.text(value), field.offset, field.bits, field.doc)
    left = len(decoded.octets) * 8 - end
    if left:
        yield Node(
            "unread", quantity(left // 8, "octet"), end, left, "Octets of a field that is not all there."
        )


def branches(found: Iterator[Node] | tuple[Node, ...], depth: int) -> Iterator[str]:
    """Yield the lines of some nodes and of what is in them."""
    for node in found:
        yield f"{STEP * depth}{node.name}: {printable(node.text)}"
        yield from branches(node.children, depth + 1)


def computed(decoded: Decoded, depth: int) -> Iterator[str]:
    """Yield the lines of what is computed from the fields: numbers, texts and addresses."""
    if decoded.message is None or decoded.malformed is not None:
        return
    for name in decoded.message.layout.derived:
        value = getattr(decoded.message, name)
        if isinstance(value, int | float | str | IPv4Address | IPv6Address):
            yield f"{STEP * depth}{name}: {printable(str(value))}"


def message_tree(decoded: Decoded, depth: int = 0) -> Iterator[str]:
    """Yield the lines of the ICMP message itself."""
    yield f"{STEP * depth}{decoded.family.label} {headline(decoded)} ({decoded.entry.type.kind})"
    yield from branches(nodes(decoded), depth + 1)
    yield from computed(decoded, depth + 1)
    if decoded.malformed is not None:
        yield f"{STEP * (depth + 1)}malformed: {decoded.malformed}"
    for finding in decoded.findings:
        yield f"{STEP * (depth + 1)}{finding.severity}: {printable(finding.text)} [{finding.id}]"


def tree(message: Message, answer: Answer = NOTHING) -> Iterator[str]:
    """Yield the lines of a message and of how it came: frame, path, addresses, fields, findings."""
    time = "no time" if message.time_ns is None else iso(message.time_ns)
    yield f"Frame {message.frame}: {quantity(message.original, 'octet')}, {time}, interface {message.interface}"
    yield f"{STEP}path: {' / '.join(message.path)} ({message.link})"
    yield f"{STEP}src: {address_text(message.src)}"
    yield f"{STEP}dst: {address_text(message.dst)}"
    yield f"{STEP}ttl: {message.ttl}"
    yield f"{STEP}length: {message.length} ({len(message.octets)} captured)"
    yield f"{STEP}checksum_status: {message.checksum_status}"
    frame, rtt_ns = answer
    if frame is not None:
        yield f"{STEP}response_to: frame {frame}" + (
            "" if rtt_ns is None else f", {seconds(rtt_ns)} s before"
        )
    if message.fragment:
        yield f"{STEP}fragment: {'reassembled from fragments' if message.reassembled else 'the first fragment alone'}"
    yield from message_tree(message, 1)
