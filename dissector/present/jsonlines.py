"""One JSON object a message, with the keys that `docs/json.md` promises."""

from __future__ import annotations

import json
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any

from dissector.layout import Shape, address_text
from dissector.present.text import is_visible
from dissector.present.times import iso
from dissector.tails.kept import Kept

if TYPE_CHECKING:
    from dissector.decoder import Decoded
    from dissector.message import Message

SCHEMA = 1


def plain(value: Any) -> Any:
    """Return a value as JSON has it: addresses as text, octets as hex, shapes as objects with their name."""
    if isinstance(value, Shape):
        shown = {key: plain(inner) for key, inner in value.values().items()}
        return {**shown, "name": value.title} if value.title and "name" not in shown else shown
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, IPv4Address | IPv6Address):
        return address_text(value)
    return str(value) if isinstance(value, Kept) else value


def message_record(decoded: Decoded) -> dict[str, Any]:
    """Return what JSON says of the ICMP message itself."""
    entry, quoted = decoded.entry, decoded.quoted
    return {
        "family": decoded.family.value,
        "type": decoded.type,
        "code": decoded.code,
        "name": decoded.name,
        "code_name": decoded.code_name,
        "kind": entry.type.kind.value,
        "status": entry.status.value,
        "checksum": decoded.checksum,
        "checksum_status": decoded.checksum_status.value,
        "length": decoded.length,
        "captured": len(decoded.octets),
        "fields": {key: plain(value) for key, value in decoded.fields.items() if key != "extensions"},
        "quoted": None if quoted is None else plain(quoted.as_json()),
        "extensions": extensions_json(decoded),
        "data_length": len(decoded.data),
        "findings": findings_json(decoded),
        "malformed": decoded.malformed,
    }


def extensions_json(decoded: Decoded) -> list[Any]:
    """Return what JSON says of the extension objects of an error (RFC 4884)."""
    found: list[Any] = [] if decoded.extensions is None else plain(decoded.extensions.as_json())
    return found


def findings_json(decoded: Decoded) -> list[Any]:
    """Return what JSON says of the findings of a message."""
    return [{"id": note.id, "severity": note.severity.value, "text": note.text} for note in decoded.findings]


def record(
    message: Message,
    answer: tuple[int | None, int | None] = (None, None),
    response_in: int | None = None,
) -> dict[str, Any]:
    """Return what JSON says of a message in a capture.

    Args:
        message: the message: where and when it was, and what it is.
        answer: the frame of what it answers, and nanoseconds since then.
        response_in: the frame of what answers it.
    """
    return {
        "schema": SCHEMA,
        "file": message.file,
        "frame": message.frame,
        "time": None if message.time_ns is None else iso(message.time_ns),
        "time_ns": message.time_ns,
        "interface": message.interface,
        "link": message.link,
        "path": list(message.path),
        "src": address_text(message.src),
        "dst": address_text(message.dst),
        "ttl": message.ttl,
        **message_record(message),
        "fragment": message.fragment,
        "response_to": answer[0],
        "response_in": response_in,
        "rtt_ns": answer[1],
    }


def bare_record(decoded: Decoded) -> dict[str, Any]:
    """Return the same keys for a message that comes from no capture, null where there is nothing to say."""
    nowhere = dict.fromkeys(
        ("file", "frame", "time", "time_ns", "interface", "link", "path", "src", "dst", "ttl")
    )
    later = dict.fromkeys(("fragment", "response_to", "response_in", "rtt_ns"))
    return {"schema": SCHEMA, **nowhere, **message_record(decoded), **later}


def dumps(value: Any) -> str:
    """Return one line of JSON."""
    text = json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
    return text if is_visible(text) else "".join(char if is_visible(char) else escaped(char) for char in text)


def escaped(char: str) -> str:
    """Return a character as JSON escapes it, in two halves where it is beyond the first 65,536."""
    return json.dumps(char)[1:-1]
