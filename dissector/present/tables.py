"""Tables of tabulate's, whose cells are text and nothing else in any of its formats: no markup, no script.

Cells hold what came in packets and files. A page that they are pasted into must not run it, or fetch what it names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from dissector.present.text import folded, least, no_formula, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

T = TypeVar("T")
PADDING: Final = 2
"""Columns that tabulate gives a header beyond its own."""
ESCAPING: Final = {"unsafehtml": "html", "latex_raw": "latex"}
"""Formats that leave cells as they are, and those that look the same and do not."""
ENTITIES: Final = {character: f"&#{ord(character)};" for character in '&<>|[]{}!`"*+'}
"""HTML's character references, which these markups know too, of characters that begin links, images, macros, cells."""
SAFE: Final[Mapping[str, Mapping[str, str]]] = {
    **dict.fromkeys(
        ("asciidoc", "github", "jira", "mediawiki", "moinmoin", "pipe", "textile", "youtrack"), ENTITIES
    ),
    "orgtbl": {"|": r"\vert{}", "[[": r"[\zwnj{}[", "@@": r"@\zwnj{}@", "{{{": r"{{\zwnj{}{"},
    "rst": {"\\": r"\\", "..": r"\..", "`": r"\`", "|": r"\|", "*": r"\*"},
}
"""What cells have instead of what has a meaning in a markup, by format."""


def tabulated(
    lines: Iterable[Sequence[object]],
    headers: Sequence[str],
    table_format: str,
    *,
    widths: Sequence[int | None] | None = None,
    **how: Any,
) -> str:
    """Return a table.

    Args:
        lines: the cells.
        headers: of the columns.
        table_format: one of tabulate's names.
        widths: columns of the terminal in which each column is folded, None for as many as needed; None for no limit.
        how: more for tabulate.
    """
    from tabulate import tabulate  # what makes no table does not wait for it

    cells = [[cell(value, table_format) for value in line] for line in lines]
    heads = [str(cell(header, table_format)) for header in headers]
    if widths is not None:
        heads = [
            _lines(head, width and max(width - PADDING, least(head)))
            for head, width in zip(heads, widths, strict=True)
        ]
        cells = [[_lines(one, width) for one, width in zip(line, widths, strict=True)] for line in cells]
    return tabulate(
        cells, heads, tablefmt=ESCAPING.get(table_format, table_format), disable_numparse=True, **how
    )


def _lines(value: T, width: int | None) -> T | str:
    """Return text folded; anything else as it is."""
    return "\n".join(folded(value, width)) if width and isinstance(value, str) else value


def cell(value: object, table_format: str) -> object:
    """Return a value as a cell of a table: a number as it is, else text that is nothing more in that format."""
    if value is None or isinstance(value, int | float):
        return value
    text = printable(str(value))
    if table_format == "tsv":
        return no_formula(text)
    for meaning, safe in _replaced(table_format):
        text = text.replace(meaning, safe)
    return text


def _replaced(table_format: str) -> Iterable[tuple[str, str]]:
    """Return what is replaced in a format; the ampersand comes first, and is in what the others are replaced by."""
    return SAFE.get(table_format, {}).items()
