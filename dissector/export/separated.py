"""Tables as CSV (RFC 4180, with line feeds alone)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dissector.export.schema import BOOLEAN, TIME, columns
from dissector.present.text import no_formula, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import BinaryIO

    from numpy.typing import NDArray

    from dissector.export.columns import Values
    from dissector.export.schema import Column
    from dissector.export.table import Table

STRETCH = 1 << 14
"""Rows that are text at a time."""


def write(tables: Iterable[Table], out: BinaryIO) -> int:
    """Write tables as one CSV file, the names of the columns first; return how many rows it has."""
    out.write((",".join(columns()) + "\n").encode())
    rows = 0
    for table in tables:
        every = {name: Every(found.every, found) for name, found in table.columns.items()}
        for start in range(0, table.length, STRETCH):
            end = min(start + STRETCH, table.length)
            cells = _cells(every, start, end)
            out.write("".join([",".join(row) + "\n" for row in zip(*cells, strict=True)]).encode())
        rows += table.length
    return rows


class Every(NamedTuple):
    """A column with a value for each row, and what else there is of it."""

    values: NDArray[Any]
    found: Values


def _cells(table: dict[str, Every], start: int, end: int) -> list[Sequence[str]]:
    """Return the cells of some rows by columns; neighbouring columns without values are one, of their commas."""
    found: list[Sequence[str]] = []
    empty = 0
    for column in columns().values():
        values = table.get(column.name)
        if values is None:
            empty += 1
            continue
        if empty:
            found.append(["," * (empty - 1)] * (end - start))
            empty = 0
        found.append(_column(column, values, start, end))
    if empty:
        found.append(["," * (empty - 1)] * (end - start))
    return found


def _column(column: Column, every: Every, start: int, end: int) -> Sequence[str]:
    """Return the cells of some rows of a column."""
    values, found = every.values[start:end], every.found
    if found.texts is not None:
        shown = [cell(text) for text in found.texts] or [""]
        texts = [shown[index] for index in values.tolist()]
    elif column.type == TIME:
        texts = [
            f"{time}Z" for time in np.datetime_as_string(values.view("datetime64[ns]"), unit="ns").tolist()
        ]
    elif column.type == BOOLEAN:
        texts = ["true" if value else "false" for value in values.tolist()]
    else:
        texts = list(map(str, values.tolist()))
    if found.missing is not None:
        texts = [
            "" if absent else text
            for text, absent in zip(texts, found.missing[start:end].tolist(), strict=True)
        ]
    return texts


def cell(text: str) -> str:
    """Return a text as a cell: without control characters, no formula, quoted where it needs to be."""
    text = no_formula(printable(text))
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"') else text
