"""One line a message: what greps well."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any

from dissector.decoder import NOT_FIELDS, ChecksumStatus
from dissector.errors import Severity, quantity
from dissector.layout import Several, Shape, address_text
from dissector.messages.echo import INTERFACE_STATES
from dissector.present.text import printable
from dissector.present.times import seconds
from dissector.registry.model import Kind
from dissector.tails.extensions import InterfaceByIndex, LabelStackEntry
from dissector.tails.kept import Kept
from dissector.tails.mld import RECORD_TYPES, AddressRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.decoder import Decoded
    from dissector.layout import Field, Layout
    from dissector.message import Message

NO_CODE = "(no code)"
NOT_SHOWN = NOT_FIELDS | {"extensions", "original_length"}
"""What a line shows in its own way, or not at all: where extensions begin is of use only with the octets at hand."""


def headline(decoded: Decoded) -> str:
    """Return what it is: ``Destination Unreachable: Port Unreachable``."""
    code = decoded.entry.code
    if decoded.type is None:
        return "message without a single octet"
    nameless = decoded.entry.type.last is not None or decoded.entry.type.kind is Kind.UNKNOWN
    name = f"{decoded.name} type {decoded.type}" if nameless else decoded.name
    if decoded.entry.type.code_holds is not None:
        return name
    if code is None or code.last is not None:
        return f"{name}, code {decoded.code}" if decoded.code else name
    if code.name.en.endswith(NO_CODE) or code.name.en == decoded.name:
        return name
    return f"{name}: {code.name.en}"


def shown_fields(layout: Layout) -> Iterator[Field]:
    """Yield the fields that a line shows; a flag among them only where it is set."""
    for field in layout.fields:
        if not field.reserved and field.name not in NOT_SHOWN:
            yield field


def details(decoded: Decoded) -> Iterator[str]:
    """Yield what it says, piece by piece: ``identifier=7``, ``data=56``, the datagram it is about."""
    message = decoded.message
    if message is not None and decoded.malformed is None:
        held = decoded.entry.type.code_holds
        if held is not None:
            yield f"{held}={getattr(message, held)}"
        yield from of_fields(message)
    if decoded.data:
        yield f"data={len(decoded.data)}"
    if decoded.quoted is not None:
        yield f"about {decoded.quoted}"
    if decoded.extensions is not None:
        yield f"extensions={brief(Several(decoded.extensions.objects))}"


def of_fields(message: Shape) -> Iterator[str]:
    """Yield the fields and the tail of a message."""
    for field in shown_fields(message.layout):
        value = getattr(message, field.name)
        if field.names is INTERFACE_STATES:
            yield f"{field.name}={interface_state(value)}"
        elif value is not False:
            yield f"{field.name}={brief(value)}"
    tail = message.layout.rest
    if tail is not None and tail.name not in NOT_SHOWN:
        value = getattr(message, tail.name)
        if value:
            yield f"{tail.name}={brief(value)}"


def brief(value: Any) -> str:
    """Return a value in a few words: of a part such as an option, its name and the addresses and names in it."""
    if isinstance(value, Several):
        return "[" + ", ".join(brief(item) for item in value) + (" …" if value.leftover else "") + "]"
    if isinstance(value, Shape):
        return brief_part(value)
    if isinstance(value, bytes):
        return value.hex() or "-"
    if isinstance(value, IPv4Address | IPv6Address):
        return address_text(value)
    return str(value).lower() if isinstance(value, bool) else printable(str(value))


def brief_part(part: Shape) -> str:
    """Return a part in a few words."""
    if isinstance(part, LabelStackEntry):
        return str(part.label)
    if isinstance(part, InterfaceByIndex):
        return f"{part.title} {part.if_index}"
    if isinstance(part, AddressRecord):
        return listening(part)
    return " ".join(filter(None, (part.title, *telling(part))))


def interface_state(value: int) -> str:
    """Return the state of a probed interface by its name: ``reachable``; zero stands for none (RFC 8335, 3)."""
    return INTERFACE_STATES.get(value, str(value)) if value else "0"


def listening(record: AddressRecord) -> str:
    """Return what is reported of a group: ``ff02::fb to exclude 0 sources``, with which a listener joins."""
    change = RECORD_TYPES.get(record.record_type, f"type {record.record_type}")
    for word in ("MODE_", "CHANGE_", "_MODE", "_SOURCES"):
        change = change.replace(word, "", 1)
    change = change.replace("_", " ").lower()
    sources = f" {brief(record.sources)}" if record.sources else ""
    group = address_text(record.multicast_address)
    return f"{group} {change} {quantity(record.number_of_sources, 'source')}{sources}"


def telling(part: Shape) -> Iterator[str]:
    """Yield the values of a part that tell it apart from its like."""
    for key, value in part.values().items():
        if key == "parts":  # what is in them is told by values of the part's own
            continue
        if isinstance(value, IPv4Address | IPv6Address | Kept) or (isinstance(value, Several) and value):
            bits = getattr(part, "prefix_length", None) if "prefix" in key else None
            yield brief(value) if bits is None else f"{brief(value)}/{bits}"
        elif key == "address" and isinstance(value, str):  # of another family than those of IP
            yield value
        elif key.endswith("_name") and isinstance(value, str) and not key.startswith(("role", "record")):
            yield printable(value)


def remarks(message: Message) -> Iterator[str]:
    """Yield what is not as it should be, in brackets."""
    if message.fragment:
        yield "[reassembled]" if message.reassembled else "[first fragment]"
    if message.malformed is not None:
        yield f"[{message.malformed}]"
    elif len(message.octets) < message.length:
        yield f"[cut: {len(message.octets)} of {quantity(message.length, 'octet')}]"
    if message.checksum_status is ChecksumStatus.BAD:
        yield "[bad checksum]"
    for finding in message.findings:
        if finding.severity is not Severity.NOTE and finding.id != "checksum-bad":
            yield f"[{finding.id}]"


YELLOW, RED, PLAIN = "\x1b[33m", "\x1b[31m", "\x1b[0m"


def colored(message: Message, text: str) -> str:
    """Return a message's line in its colour: an error yellow, what has something wrong in itself red."""
    if message.malformed is not None or any(
        finding.severity is not Severity.NOTE for finding in message.findings
    ):
        return f"{RED}{text}{PLAIN}"
    return f"{YELLOW}{text}{PLAIN}" if message.entry.type.kind is Kind.ERROR else text


Answer = tuple[int | None, int | None]
"""Frame of the request that a message answers, and nanoseconds since then."""
NOTHING: Answer = (None, None)


def line(message: Message, time: str, answer: Answer = NOTHING) -> str:
    """Return the line of a message.

    Args:
        message: the message.
        time: its time, as :class:`~dissector.present.times.TimeColumn` shows it.
        answer: what it answers.
    """
    frame, rtt_ns = answer
    pieces = [
        str(message.frame),
        time,
        f"{address_text(message.src)} > {address_text(message.dst)}",
        message.family.label,
        headline(message),
        *details(message),
        *(() if frame is None or rtt_ns is None else (f"re={frame}", f"rtt={seconds(rtt_ns)}")),
        f"ttl={message.ttl}",
        *remarks(message),
    ]
    return " ".join(pieces)
