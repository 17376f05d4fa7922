"""What stands on the right of a comparison, read as the field on its left asks for."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TYPE_CHECKING, Any, NamedTuple

from dissector.filter.sources import Kind

if TYPE_CHECKING:
    from dissector.filter.parse import Operand
    from dissector.filter.sources import Known

OCTETS = re.compile(r"[0-9A-Fa-f]{1,2}([:.-][0-9A-Fa-f]{1,2})*|([0-9A-Fa-f]{2})+|0[xX]([0-9A-Fa-f]{2})+")
NUMBER = re.compile(r"-?(0[xX][0-9A-Fa-f]+|0[bB][01]+|0[0-7]*|[1-9][0-9]*)")
ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
ESCAPES = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
ENGLISH = re.compile(rf"({'|'.join(MONTHS)}) +(\d{{1,2}}), (\d{{4}})( .*?)?(?: UTC)?")
"""A time as Wireshark shows it: ``Nov 14, 2023 22:13:20.000123000 UTC``."""
SECOND = 1_000_000_000
"""Nanoseconds in a second, and the most digits of a time after the point."""
LAST = 1 << 63
MOST_DIGITS = 20
"""Digits before the point, in a number of seconds that is worth looking at."""


class Value(NamedTuple):
    """A literal as the columns of its field hold values.

    Attributes:
        value: a number, octets, or text; of an address the first of its network.
        mask: bits of an address that count; None where all do.
    """

    value: Any
    mask: int | None = None


def read(field: Known, kind: Kind, operand: Operand) -> Value:
    """Return a literal as a value of a field, of the kind given.

    Raises:
        FilterError: it is none.
    """
    if kind is Kind.OCTETS:
        return Value(octets(operand))
    if kind is Kind.NUMBER:
        return Value(_number(field, operand))
    text = octets(operand).decode("utf-8", "replace") if operand.quoted else operand.text
    if kind is Kind.STRING:
        return Value(text)
    try:
        make = _MAKERS.get(kind)
        return _address(kind, text) if make is None else Value(make(text))
    except (ValueError, InvalidOperation, OverflowError) as error:
        why = f"; {error}" if isinstance(error, AddressValueError) else ""
        sentence = f"{operand.text} is not {kind}, which {field.name} is{why}"
        meant = [one for one in ("True", "False") if kind is Kind.BOOLEAN and one[0] == text[:1].upper()]
        raise operand.refuse(sentence, tuple(meant)) from None


def octets(operand: Operand) -> bytes:
    """Return a literal as octets: hexadecimal, or a string as UTF-8.

    Raises:
        FilterError: it is none.
    """
    text = operand.text
    if text.startswith("r"):
        if text.endswith('"'):
            return text[2:-1].encode()
    elif operand.quoted:
        return _unescaped(text[1:-1])
    if not OCTETS.fullmatch(text):
        sentence = f"{text} is not octets: write 01:02, or a string in quotes"
        raise operand.refuse(sentence)
    if text[:2] in ("0x", "0X"):
        text = text[2:]
    parts = re.split("[:.-]", text)
    return (
        bytes.fromhex(text) if len(parts) == 1 and len(text) > 1 else bytes(int(part, 16) for part in parts)
    )


def _unescaped(text: str) -> bytes:
    """Return a string's octets."""
    found = bytearray()
    at = 0
    for escape in ESCAPE.finditer(text):
        found += text[at : escape.start()].encode()
        what = escape[1]
        if what[0] == "x" and len(what) > 1:
            found.append(int(what[1:], 16))
        elif what[0] in "01234567":
            found.append(int(what, 8) & 0xFF)
        else:
            found += bytes((ESCAPES[what],)) if what in ESCAPES else what.encode()
        at = escape.end()
    return bytes(found + text[at:].encode())


def label(field: Known, name: str) -> int | None:
    """Return the number that a field has a name for, in capitals or not; None where it has none such."""
    return _labels(field).get(name.casefold(), ("", None))[1]


def _labels(field: Known) -> dict[str, tuple[str, int]]:
    """Return the names that a field has for numbers, as they are written and what they stand for."""
    return {name.casefold(): (name, number) for name, number in (field.labels or {}).items()}


def _number(field: Known, operand: Operand) -> int:
    """Return a number that the field can be."""
    text = operand.text
    if text.startswith("'"):
        character = octets(operand)
        if len(character) == 1:
            return character[0]
    name = text[1:-1] if text.startswith('"') else text
    named = label(field, name)
    if named is not None:
        return named
    if not NUMBER.fullmatch(text):
        near = get_close_matches(name.casefold(), labels, n=2) if (labels := _labels(field)) else []
        sentence = f"{text} is not a number, which {field.name} is"
        meant = (labels[one][0] for one in near)
        raise operand.refuse(sentence, tuple(f'"{one}"' if " " in one else one for one in meant))
    digits = text.lstrip("-")
    base = {"x": 16, "b": 2}.get(digits[1:2].lower(), 8 if digits.startswith("0") else 10)
    # Python puts a limit on the digits of a decimal number; no field comes near it.
    number = int(digits[:100], base) * (-1 if text.startswith("-") else 1)
    least = -1 << field.bits - 1 if field.signed else 0
    most = (1 << field.bits - field.signed) - 1
    if number > most:
        sentence = f"{text} is too big for {field.name}, which is at most {most}"
        raise operand.refuse(sentence)
    if number < least:
        sentence = f"{text} is too small for {field.name}, which is {least} or more"
        raise operand.refuse(sentence)
    return number


def _truth(text: str) -> int:
    if text in ("True", "TRUE", "true", "1"):
        return 1
    if text in ("False", "FALSE", "false", "0"):
        return 0
    raise ValueError


def _nanoseconds(text: str) -> int:
    """Return seconds as nanoseconds, exactly."""
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError
    return _within(
        int(number.scaleb(9)) if number.adjusted() < MOST_DIGITS else LAST * (-1 if number < 0 else 1)
    )


def _moment(text: str) -> int:
    """Return a date and time as nanoseconds since 1970; UTC where it does not say."""
    english = ENGLISH.fullmatch(text)
    if english:
        month = MONTHS.index(english[1]) + 1
        text = f"{english[3]}-{month:02}-{int(english[2]):02}{english[4] or ''}"
    whole, _, fraction = text.partition(".")
    digits = re.match(r"\d{0,9}", fraction)
    places = digits[0] if digits else ""
    when = datetime.fromisoformat(whole + fraction[len(places) :])
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    since = when - datetime(1970, 1, 1, tzinfo=UTC)
    seconds = since.days * 86400 + since.seconds
    return _within(seconds * SECOND + int(places.ljust(9, "0") or 0))


def _within(number: int) -> int:
    """Return a number of nanoseconds as near as a column can have it."""
    return min(max(number, -LAST), LAST - 1)


def _address(kind: Kind, text: str) -> Value:
    """Return an address or a network."""
    address, slash, prefix = text.partition("/")
    if kind is Kind.IPV4:
        number = int(IPv4Address(address))
        if not slash:
            return Value(number)
        mask = int(IPv4Network(f"0.0.0.0/{int(prefix)}").netmask)
        return Value(number & mask, mask)
    packed = int(IPv6Address(address))
    if not slash:
        return Value(packed.to_bytes(16, "big"))
    mask = int(IPv6Network(f"::/{int(prefix)}").netmask)
    return Value((packed & mask).to_bytes(16, "big"), mask)


_MAKERS = {Kind.BOOLEAN: _truth, Kind.SECONDS: _nanoseconds, Kind.TIME: _moment}
