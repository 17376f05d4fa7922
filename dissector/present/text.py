"""Text for terminals and spreadsheets: nothing from the wire or from a file name may steer one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

UNSEEN: Final = frozenset(
    chr(number)
    for first, last in (
        (0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x3164, 0x3164),
        (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xE0100, 0xE01EF),
    )
    for number in range(first, last + 1)
)  # fmt: skip
"""Characters that take no room or show nothing although Python calls them printable (Unicode's Default_Ignorable)."""
FORMULA: Final = r"(?:^|(?<=;))(?=\s*[=+\-@＝＋－＠].)"
"""Where a spreadsheet begins to read a formula: at the start of a cell, or after what some take for the end of one."""

INDENT = 13
"""Columns before the text of a titled paragraph."""


def printable(text: str) -> str:
    r"""Return text with control characters, escapes and what cannot be printed written as ``\x1b``, ``\u202e``."""
    if is_visible(text):
        return text
    return "".join(char if is_visible(char) else escaped(char) for char in text)


def is_visible(text: str) -> bool:
    """Return whether text has only characters that are to be seen, and spaces."""
    return text.isprintable() and (text.isascii() or UNSEEN.isdisjoint(text))


def utf8(text: str) -> bytes:
    r"""Return text as octets; what stands for octets of a file name that are no text is written as ``\udcff``."""
    return text.encode(errors="backslashreplace")


def no_formula(text: str) -> str:
    """Return text with an apostrophe before what a spreadsheet would compute (OWASP, CSV injection)."""
    return re.sub(FORMULA, "'", text)


def escaped(char: str) -> str:
    """Return one character as its escape."""
    number = ord(char)
    if number <= 0xFF:  # noqa: PLR2004 - two digits suffice
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"  # noqa: PLR2004 - four suffice


def bullets(title: str, text: str, width: int, indent: int = INDENT) -> str:
    """Return a titled paragraph, wrapped and indented; Chinese counts two columns a character."""
    lines = [""]
    for word in words(text):
        if columns(lines[-1]) + columns(word.rstrip()) > width - indent and lines[-1].strip():
            lines.append("")
        lines[-1] += word if lines[-1] else word.lstrip()
    head = title + " " * max(1, indent - columns(title))
    return "\n".join((" " * indent if index else head) + line.rstrip() for index, line in enumerate(lines))


ADDRESS: Final = 39
"""Columns of the longest address. What is longer may be broken within a word: such as JSON, and octets."""
SPACE: Final = re.compile(r"(?<= )(?=[^ ])")
"""Where one word ends and another one begins."""
JOINTS: Final = re.compile(r"(?<=[-,;:/&=_])")
"""Where a long word is broken rather than elsewhere."""


def folded(text: str, width: int) -> list[str]:
    """Return text in lines of so many columns; a word is broken only where it is longer than they are."""
    lines = [""]
    for word in _apart(text):
        for piece in _pieces(word, width) if columns(word.rstrip()) > width else (word,):
            if lines[-1] and columns(lines[-1]) + columns(piece.rstrip()) > width:
                lines.append("")
            lines[-1] += piece
    return [line.rstrip() for line in lines]


def _pieces(word: str, width: int) -> Iterator[str]:
    """Yield a word in pieces of no more than so many columns."""
    for part in JOINTS.split(word):
        piece = ""
        for char in part:
            if piece and columns(piece + char) > width:
                yield piece
                piece = ""
            piece += char
        yield piece


def least(text: str) -> int:
    """Return the columns that text takes when its words stand beneath each other, long ones broken."""
    return max((min(columns(word.rstrip()), ADDRESS) for word in _apart(text)), default=0)


def _apart(text: str) -> Iterator[str]:
    """Yield words, also those that begin with a stop, as addresses do."""
    for word in words(text):
        yield from SPACE.split(word)


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
