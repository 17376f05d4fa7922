"""Octets from text that people paste: plain hex, or what dump programs print."""

from __future__ import annotations

import re

from dissector.errors import quantity

OFFSET = re.compile(r"^\s*(?:0x)?[0-9a-f]{3,16}(?::|\s{2,})\s*(?=[0-9a-f])", re.IGNORECASE)
"""``0x0010:``, ``00000010:`` or ``00000010  `` at the start of a line of tcpdump, xxd, hexdump -C or tshark -x."""
END = re.compile(r"^\s*[0-9a-f]{4,16}:?\s*$", re.IGNORECASE)
"""The last line of hexdump: an offset alone."""
COLUMNS = re.compile(
    r"^\s*((?:[0-9a-f]{2,8}[ :-]{1,2})*[0-9a-f]{2,8})\s{2,}.*$|^\s*(.*?)\s*\|.*\|\s*$", re.IGNORECASE
)
"""Columns of octets and, after two spaces or between bars, the same as ASCII."""
SEPARATORS = re.compile(r"0x|\\x|[\s:,;\-]", re.IGNORECASE)


def octets_of(given: bytes, *, raw: bool = False) -> bytes:
    """Return the octets that were given as hex.

    Args:
        given: the text.
        raw: what is no text is taken as the octets themselves.

    Raises:
        ValueError: it is no hex; the sentence says where.
    """
    try:
        text = given.decode("ascii")
    except UnicodeDecodeError:
        if raw:
            return given
        text = given.decode(errors="replace")
    if raw and any(octet < 0x09 or 0x0D < octet < 0x20 or octet == 0x7F for octet in given):  # noqa: PLR2004 - controls
        return given
    lines = text.splitlines()
    if any(OFFSET.match(line) for line in lines):
        lines = [undumped(line) for line in lines if not END.match(line)]
    digits = SEPARATORS.sub("", "".join(lines))
    wrong = re.search(r"[^0-9a-fA-F]", digits)
    if wrong:
        message = f"hex expected, found {wrong.group()!r} after {quantity(wrong.start() // 2, 'octet')}"
        raise ValueError(message)
    if len(digits) % 2:
        message = f"{quantity(len(digits), 'hex digit')} can be no whole octets: one is missing or too many"
        raise ValueError(message)
    if not digits:
        message = "no octets given"
        raise ValueError(message)
    return bytes.fromhex(digits)


def undumped(line: str) -> str:
    """Return a line without the offset before and the ASCII after its octets, where it is one of a dump."""
    at = OFFSET.match(line)
    if at is None:
        return line
    line = line[at.end() :]
    columns = COLUMNS.match(line)
    return line if columns is None else columns.group(1) or columns.group(2)
