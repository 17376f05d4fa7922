"""Tables of tabulate's, whose cells are text and nothing else in any of its formats: no markup, no script.

Cells hold what came in packets and files. A page that they are pasted into must not run it, or fetch what it names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dissector.present.text import no_formula, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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
    lines: Iterable[Sequence[object]], headers: Sequence[str], table_format: str, **how: Any
) -> str:
    """Return a table.

    Args:
        lines: the cells.
        headers: of the columns.
        table_format: one of tabulate's names.
        how: more for tabulate.
    """
    from tabulate import tabulate  # what makes no table does not wait for it

    return tabulate(
        [[cell(value, table_format) for value in line] for line in lines],
        [str(cell(header, table_format)) for header in headers],
        tablefmt=ESCAPING.get(table_format, table_format),
        disable_numparse=True,
        **how,
    )


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
