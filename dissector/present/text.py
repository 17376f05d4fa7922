"""Text for terminals: nothing from the wire or from a file name may steer one."""

from __future__ import annotations

INDENT = 13
"""Columns before the text of a titled paragraph."""


def printable(text: str) -> str:
    r"""Return text with control characters, escapes and what cannot be printed written as ``\x1b``, ``\u202e``."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else escaped(char) for char in text)


def escaped(char: str) -> str:
    """Return one character as its escape."""
    number = ord(char)
    if number <= 0xFF:  # noqa: PLR2004 - two digits suffice
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"  # noqa: PLR2004 - four suffice


def quantity(count: int, noun: str) -> str:
    """Return ``"1 packet"`` or ``"5 packets"``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def bullets(title: str, text: str, width: int, indent: int = INDENT) -> str:
    """Return a titled paragraph, wrapped and indented; Chinese counts two columns a character."""
    lines = [""]
    for word in words(text):
        if columns(lines[-1]) + columns(word.rstrip()) > width - indent and lines[-1].strip():
            lines.append("")
        lines[-1] += word if lines[-1] else word.lstrip()
    head = title + " " * max(1, indent - columns(title))
    return "\n".join((" " * indent if index else head) + line.rstrip() for index, line in enumerate(lines))


CHINESE = "\u2e80"
"""From here on (CJK radicals) a character takes two columns, nearly always; good enough to wrap text by."""
OPENERS = "（「“("
STOPS = "，。；：、）」”！？,.;:)"


def columns(text: str) -> int:
    """Return how many columns of a terminal text takes."""
    return len(text) + sum(char >= CHINESE for char in text)


def words(text: str) -> list[str]:
    """Return the pieces between which a line may break: after spaces, and beside Chinese but not before its stops."""
    found = [""]
    for char in text:
        last = found[-1][-1:]
        broken = last == " " or char >= CHINESE or (last >= CHINESE and char != " ")
        joined = not broken or char in STOPS or last in OPENERS
        if joined:
            found[-1] += char
        else:
            found.append(char)
    return [word for word in found if word]
