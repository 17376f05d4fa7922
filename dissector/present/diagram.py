"""The octets of a shape drawn as RFCs draw them: 32 bits a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.layout import Layout

ROW = 32
SCALE = (
    " " + "                   ".join("0123")[: 2 * ROW],
    " " + " ".join("0123456789" * 4)[: 2 * ROW - 1],
)


def diagram(layout: Layout) -> Iterator[str]:
    """Yield the lines of the drawing; a field longer than a row has its name in the middle of its rows.

    Args:
        layout: the layout to draw.
    """
    yield from SCALE
    cells = list(_cells(layout))
    while cells:
        used, row = 0, []
        while cells and used + cells[0][1] <= ROW:
            row.append(cells.pop(0))
            used += row[-1][1]
        yield _border(used)
        yield "|" + "|".join(name[: bits * 2 - 1].center(bits * 2 - 1) for name, bits in row) + "|"
    yield _border(ROW)
    if layout.rest is not None:
        yield "|" + f"{layout.rest.name} ...".center(2 * ROW - 1) + "|"
        yield _border(ROW)


def _border(used: int) -> str:
    return "+-" * max(used, ROW) + "+"


def _cells(layout: Layout) -> Iterator[tuple[str, int]]:
    """Yield name and bits of each cell; a field is cut where a row ends."""
    at = 0
    for field in layout.fields:
        left, parts = field.bits, []
        while left:
            bits = min(left, ROW - at % ROW)
            parts.append(bits)
            left -= bits
            at += bits
        middle = (len(parts) - 1) // 2
        for index, bits in enumerate(parts):
            yield (_label(field.name, bits) if index == middle else ""), bits


def _label(name: str, bits: int) -> str:
    """Return a name that fits its cell; one bit takes one letter, as the RFCs draw flags."""
    room = bits * 2 - 1
    title = name.replace("_", " ")
    if len(title) <= room:
        return title
    return name[:1].upper() if room < 3 else title[:room]  # noqa: PLR2004 - two letters say no more than one
