"""Programs: what the lines and the JSON of plain messages look like, for the kernel that writes them.

A program is derived from what writes a single message: from :func:`~dissector.present.line.line` by the same order of
pieces, from :func:`~dissector.present.jsonlines.record` by making the record of a sample message and putting an
operation wherever a value differs from message to message. A test holds the two against each other.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dissector.batch import DTYPES, Batch, Origin
from dissector.capture.records import Interface
from dissector.kernel import operations as op
from dissector.layout import OCTETS, Items, Octets, Shape
from dissector.message import Message
from dissector.present.jsonlines import dumps, record
from dissector.present.line import headline, remarks, shown_fields
from dissector.registry.model import Family
from dissector.tails.extensions import StructureTail
from dissector.tails.quoted import EXTENSIBLE, QUOTE, ExtensibleTail, QuoteTail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.messages.base import IcmpMessage

COLUMNS = (
    "file",
    "frame",
    "time",
    "time_ns",
    "interface",
    "link",
    "path",
    "ttl",
    "length",
    "captured",
    "data",
    "checksum",
    "checksum_status",
    "response_to",
    "response_in",
    "rtt_ns",
    "timed",
)
"""The columns of numbers that programs name; ``time`` is what a line shows, ``data`` the octets of payload,
``timed`` whether there is a round-trip time."""
NUMBER = {name: index for index, name in enumerate(COLUMNS)}
STYLES = {
    int: op.DECIMAL,
    bool: op.BOOLEAN,
    IPv4Address: op.IPV4,
    IPv6Address: op.IPV6,
    bytes: op.OCTETS,
}
TIME_STYLES = {"a": op.CLOCK, "ad": op.DATE_CLOCK, "r": op.SECONDS, "d": op.SECONDS, "e": op.SECONDS}

FILE, LINKS, PATHS, STATUSES, PROTOCOLS = range(5)
"""Which text is meant: of the file, a link type, a path, a checksum's status, a protocol's name."""

SAMPLE_QUOTE = bytes.fromhex("4500001c000000000011").ljust(24, b"\0") + b"\0\x08\0\0"
"""A UDP datagram without data."""

SILENT = (Items, Octets, QuoteTail, ExtensibleTail, StructureTail)
"""Tails that make nothing of no octets, whatever the fields before them say."""

UNLIMITED = 1 << 30

WIDEST = 64
"""Octets that one operation writes at most, literals apart."""

Operation = tuple[int, Any, int]


class Program(NamedTuple):
    """What a plain message of one type and code looks like.

    Attributes:
        operations: kernel operations; literals stand as text, fields as :class:`~dissector.layout.Field`.
        least: octets that a message must have.
        most: octets that it may have.
        payload: what comes after the first ``least`` octets is the message's data.
    """

    operations: list[Operation]
    least: int
    most: int
    payload: bool


def sample(family: Family, kind: int, code: int) -> Message | None:
    """Return a message of a type and code, all zero otherwise; with a quoted datagram where it has one.

    None where no program can be made: its shape depends on its length, or computes values or findings of its own.
    """
    bare = Message.of(_batch(family, bytes((kind, code, 0, 0))), 0)
    shape = bare.shape
    if bare.entry.type.longer is not None or shape.layout.derived or shape.findings is not Shape.findings:
        return None
    if isinstance(getattr(shape, "extensions", None), property):  # found in the payload of some messages
        return None
    if shape.layout.rest is not None and type(shape.layout.rest.tail) not in SILENT:
        return None
    if any(field.bits > 63 and field.default for field in shape.layout.fields):  # noqa: PLR2004 - what the kernel takes
        return None
    octets = bytes((kind, code)).ljust(shape.layout.size, b"\0")
    if _quotes(shape):
        octets += SAMPLE_QUOTE
    return Message.of(_batch(family, octets), 0)


def _quotes(shape: type[IcmpMessage]) -> bool:
    return shape.layout.rest is not None and shape.layout.rest.tail in (QUOTE, EXTENSIBLE)


def _batch(family: Family, octets: bytes) -> Batch:
    """Return a batch of one message."""
    columns: dict[str, Any] = {
        name: np.zeros((1, 16) if name in ("src", "dst") else 1, kind) for name, kind in DTYPES.items()
    }
    columns["family"][0] = 4 if family is Family.ICMPV4 else 6
    columns["type"][0], columns["code"][0] = octets[:2]
    columns["frame_end"][0] = columns["captured"][0] = columns["length"][0] = len(octets)
    return Batch(np.frombuffer(octets, np.uint8), columns, [()], Origin("", "", [Interface(1)]))


def line_program(message: Message, style: str) -> Program:
    """Return the program of a message's line; see :func:`dissector.present.line.line` for its pieces."""
    shape = message.shape
    operations: list[Operation] = [
        (op.TEXT, NUMBER["file"], FILE),
        (op.NUMBER, NUMBER["frame"], 0),
        (op.LITERAL, " ", 0),
        (op.TIME, NUMBER["time"], TIME_STYLES[style]),
        (op.LITERAL, " ", 0),
        (op.ADDRESS, 0, 0),
        (op.LITERAL, " > ", 0),
        (op.ADDRESS, 1, 0),
        (op.LITERAL, f" {message.family.label} {headline(message)}", 0),
    ]
    for field in shown_fields(shape.layout):
        if field.as_ is bool:
            operations.append((op.UNLESS_FIELD, field, 2))
        operations += [(op.LITERAL, f" {field.name}=", 0), (op.FIELD, field, 0)]
    if _quotes(shape):
        operations += [
            *_lengths(shape),
            (op.QUOTE, shape.layout.size, 0),
            (op.LITERAL, " about ", 0),
            (op.QUOTED_TEXT, op.R_PROTOCOL, PROTOCOLS),
            (op.LITERAL, " ", 0),
            (op.QUOTED_END, 0, 0),
            (op.LITERAL, " > ", 0),
            (op.QUOTED_END, 1, 0),
        ]
    else:
        operations += [
            (op.UNLESS_NUMBER, NUMBER["data"], 2),
            (op.LITERAL, " data=", 0),
            (op.NUMBER, NUMBER["data"], 0),
        ]
    end = "".join(f" {remark}" for remark in remarks(message))
    operations += [
        (op.UNLESS_NUMBER, NUMBER["timed"], 4),
        (op.LITERAL, " re=", 0),
        (op.NUMBER, NUMBER["response_to"], 0),
        (op.LITERAL, " rtt=", 0),
        (op.TIME, NUMBER["rtt_ns"], op.SECONDS),
    ]
    operations += [(op.LITERAL, " ttl=", 0), (op.NUMBER, NUMBER["ttl"], 0), (op.LITERAL, f"{end}\n", 0)]
    return _program(shape, operations)


def _lengths(shape: type[IcmpMessage]) -> Iterator[Operation]:
    """Yield what makes a message hard that may have extensions (RFC 4884, 5)."""
    for field in shape.layout.fields:
        if field.name == "original_length":
            yield op.ZERO, field, 0


def json_program(message: Message) -> Program | None:
    """Return the program of a message's JSON line."""
    shape = message.shape
    operations: list[Operation] = [(op.ZERO, field, 0) for field in shape.layout.fields if field.reserved]
    operations += _lengths(shape)
    if _quotes(shape):
        operations.append((op.QUOTE, shape.layout.size, 0))
    fields = {field.key or field.name: (op.FIELD, field, 0) for field in shape.layout.fields}
    pieces = list(_object(record(message), FACTS, {"fields": fields, "quoted": QUOTED}))
    if any(piece is None for piece in pieces):
        return None
    operations += [piece for piece in pieces if piece is not None]
    return _program(shape, [*operations, (op.LITERAL, "\n", 0)])


FACTS: dict[str, Operation] = {
    "file": (op.TEXT, NUMBER["file"], FILE),
    "frame": (op.NUMBER, NUMBER["frame"], 0),
    "time": (op.TIME, NUMBER["time_ns"], op.ISO),
    "time_ns": (op.NUMBER, NUMBER["time_ns"], 0),
    "interface": (op.NUMBER, NUMBER["interface"], 0),
    "link": (op.TEXT, NUMBER["link"], LINKS),
    "path": (op.TEXT, NUMBER["path"], PATHS),
    "src": (op.ADDRESS, 0, 0),
    "dst": (op.ADDRESS, 1, 0),
    "ttl": (op.NUMBER, NUMBER["ttl"], 0),
    "length": (op.NUMBER, NUMBER["length"], 0),
    "captured": (op.NUMBER, NUMBER["captured"], 0),
    "checksum": (op.NUMBER, NUMBER["checksum"], 0),
    "checksum_status": (op.TEXT, NUMBER["checksum_status"], STATUSES),
    "data_length": (op.NUMBER, NUMBER["data"], 0),
    "response_to": (op.NUMBER_OR_NULL, NUMBER["response_to"], 0),
    "response_in": (op.NUMBER_OR_NULL, NUMBER["response_in"], 0),
    "rtt_ns": (op.NUMBER_OR_NULL, NUMBER["rtt_ns"], 0),
}
"""Keys of a record whose value differs from message to message; the others are the sample's."""
QUOTED: dict[str, Operation] = {
    "src": (op.QUOTED_ADDRESS, 0, 0),
    "dst": (op.QUOTED_ADDRESS, 1, 0),
    "protocol": (op.QUOTED, op.R_PROTOCOL, 0),
    "protocol_name": (op.QUOTED_TEXT, op.R_PROTOCOL, PROTOCOLS),
    "ttl": (op.QUOTED, op.R_TTL, 0),
    "length": (op.QUOTED, op.R_LENGTH, 0),
    "id": (op.QUOTED, op.R_ID, 0),
    "sport": (op.QUOTED, op.R_SPORT, 0),
    "dport": (op.QUOTED, op.R_DPORT, 0),
    "truncated": (op.QUOTED, op.R_TRUNCATED, 0),
    "seq": (op.QUOTED, op.R_SEQ, 0),
}
"""Keys of a quoted datagram that differ; the others are null for TCP and UDP."""


def _object(
    sampled: dict[str, Any], known: dict[str, Operation], inner: dict[str, dict[str, Operation]]
) -> Iterator[Operation | None]:
    """Yield the operations of a JSON object; None where one cannot be made.

    Args:
        sampled: the sample's object.
        known: operations of values that differ from message to message, by key.
        inner: the same for objects inside, which are written so only where the sample has them.
    """
    for index, (key, value) in enumerate(sampled.items()):
        yield op.LITERAL, f"{', ' if index else '{'}{dumps(key)}: ", 0
        if key in known:
            yield from _value(known[key])
        elif key in inner and value is not None:
            yield from _object(value, inner[key], {})
        else:
            # Computed from the octets, and not by an operation: only what is nothing in the sample may be so in all.
            yield (op.LITERAL, dumps(value), 0) if inner or value in (None, [], "") else None
    yield op.LITERAL, "}" if sampled else "{}", 0


def _value(operation: Operation) -> Iterator[Operation]:
    """Yield an operation, between quotation marks where JSON wants them."""
    what, argument, _ = operation
    marked = what in (op.TIME, op.ADDRESS, op.QUOTED_ADDRESS)
    if what == op.FIELD:
        marked = argument.as_ in (IPv4Address, IPv6Address, bytes)
    mark = (op.LITERAL, '"', 0)
    yield from (mark, operation, mark) if marked else (operation,)


def _program(shape: type[IcmpMessage], operations: list[Operation]) -> Program:
    """Return the program with the lengths of messages it holds for."""
    rest, size = shape.layout.rest, shape.layout.size
    payload = rest is not None and rest.tail is OCTETS and rest.name == "data"
    return Program(operations, size, UNLIMITED if payload or _quotes(shape) else size, payload)
