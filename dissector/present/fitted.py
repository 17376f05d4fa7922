"""Tables that fit a terminal, whatever is in them.

Strategy: cells are folded, those the most that have the most text, but no word is broken that is not longer than any
address. Where that is not enough, rows are written one beneath the other, a line a value: so nothing is lost.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from dissector.present.tables import PADDING, SAFE, tabulated
from dissector.present.text import columns, folded, least, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


MARGIN: Final = "  "
"""Before the names of values."""


def fitted(
    rows: Iterable[Sequence[object]], headers: Sequence[str], table_format: str, width: int | None
) -> Iterator[str]:
    """Yield a table that is no wider than the terminal, or its rows one by one.

    Args:
        rows: the cells; "" and None are no values. Columns with a number stand right.
        headers: of the columns.
        table_format: one of tabulate's names; one that is markup is left as it is, for others to read.
        width: columns of the terminal; None for no limit.
    """
    heads = [printable(header) for header in headers]
    width = width if drawn(table_format) else None
    if width is not None and sum(least(head) + PADDING for head in heads) > width:
        # Whatever is in the cells, and without waiting for all of them.
        yield from beneath(rows, heads, width)
        return
    lines = list(rows)
    aligned = ["right" if any(map(_number, column)) else "left" for column in zip(*lines, strict=True)]
    draw = partial(
        tabulated, lines, headers, table_format, preserve_whitespace=True, colalign=aligned or None
    )
    table = draw()
    if width is None or extent(table) <= width:
        yield table
        return
    texts = [[printable(str(line[at])) for line in lines] for at in range(len(heads))]
    most, low = (
        [max([size(head) + PADDING, *map(size, column)]) for head, column in zip(heads, texts, strict=True)]
        for size in (columns, least)
    )
    room = width - (extent(table) - sum(most))
    while sum(low) <= room:
        table = draw(widths=shares(most, low, room))
        if extent(table) <= width:
            yield table
            return
        room -= extent(table) - width
    yield from beneath(lines, heads, width)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def drawn(table_format: str) -> bool:
    """Return whether a format draws tables for people, in which a cell may have several lines."""
    from tabulate import multiline_formats

    return table_format in multiline_formats and table_format not in SAFE


def extent(table: str) -> int:
    """Return the columns that a table takes."""
    return max(map(columns, table.split("\n")))


def shares(most: Sequence[int], low: Sequence[int], room: int) -> list[int]:
    """Return how wide columns are to be, so that what would take many times its width gets what is left.

    Args:
        most: what each would take; together more than there is room for.
        low: what each must have; together no more than there is room for.
        room: for all.
    """
    given = list(low)
    for _ in range(room - sum(low)):
        given[max(range(len(given)), key=lambda at: most[at] / given[at])] += 1
    return given


def beneath(rows: Iterable[Sequence[object]], names: Sequence[str], width: int) -> Iterator[str]:
    """Yield rows one by one, a line a value, without those that there are not.

    Args:
        rows: the values.
        names: theirs, printable.
        width: columns of the terminal.
    """
    indent = min(max(map(columns, names)) + len(MARGIN) + 2, width // 2)
    number = 0
    for number, row in enumerate(rows, 1):
        shown = [*[""] * (number > 1), f"row {number}"]
        for name, value in zip(names, row, strict=True):
            if value is None or value == "":
                continue
            *above, head = [MARGIN + part for part in folded(name, width - len(MARGIN))]
            if columns(head) >= indent:
                above, head = [*above, head], ""
            first, *others = folded(printable(str(value)), width - indent)
            shown += [*above, head + " " * (indent - columns(head)) + first]
            shown += [" " * indent + part for part in others]
        yield "\n".join(shown)
    if not number:
        yield "no rows"
