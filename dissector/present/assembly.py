"""Programs and the texts they name, as the kernel takes them; see :func:`dissector.kernel.render.rows`.

Strategy: tables that only grow, with room ahead. A capture may have as many interfaces, paths and kinds of message as
it likes: what is new is added, and nothing is made again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dissector.kernel import operations
from dissector.layout import Field
from dissector.present import programs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from dissector.present.programs import Program

FIRST, LAST, ROOM, LEAST, MOST = range(5)
"""The columns of ``programs``."""


class Growing:
    """A NumPy array that grows at its end.

    Args:
        kind: of its values.
        width: values in a row; 0 for rows that are values.
    """

    def __init__(self, kind: type[np.generic], width: int = 0) -> None:
        self._rows: NDArray[Any] = np.zeros((64, width) if width else 64, kind)
        self._count = 0

    def __len__(self) -> int:
        """Return how many rows there are."""
        return self._count

    @property
    def rows(self) -> NDArray[Any]:
        """The rows; good until it grows."""
        return self._rows[: self._count]

    def extend(self, rows: Sequence[Any] | NDArray[Any]) -> None:
        """Add some rows."""
        count = self._count + len(rows)
        if count > len(self._rows):
            more = np.zeros((max(count, 2 * len(self._rows)), *self._rows.shape[1:]), self._rows.dtype)
            more[: self._count] = self.rows
            self._rows = more
        if len(rows):
            self._rows[self._count : count] = rows
        self._count = count


class Assembly:
    """Programs and texts.

    Args:
        several: the texts that come in a row, so that the first and a number name one, by what they are
            (``programs.STATUSES``); of the others a column names each (:meth:`text`).
    """

    def __init__(self, several: dict[int, list[str]]) -> None:
        self._programs = Growing(np.int64, 5)
        self._named = Growing(np.int64)
        self._sizes = Growing(np.int64)
        self._code = Growing(np.int64, 4)
        self._fields = Growing(np.int64, 7)
        self._texts = Growing(np.int64, 2)
        self._literals = Growing(np.uint8)
        self._places: dict[str, tuple[int, int]] = {}
        self._numbers: dict[str, int] = {}
        self._longest = 0
        self._bases: dict[int, int] = {}
        for what, texts in several.items():
            self._bases[what] = len(self._texts)
            self._add(texts)

    def __len__(self) -> int:
        """Return how many texts there are."""
        return len(self._texts)

    def text(self, text: str) -> int:
        """Return the number of a text."""
        if text not in self._numbers:
            self._numbers[text] = len(self._texts)
            self._add([text])
        return self._numbers[text]

    def program(self, program: Program) -> int:
        """Add a program; return its number."""
        code: list[tuple[int, int, int, int]] = []
        fields: list[tuple[int, ...]] = []
        room = named = 0
        for what, a, b in program.operations:
            if what == operations.LITERAL:
                start, end = self._place(a)
                code.append((what, start, end, 0))
                room += end - start
                continue
            argument = a
            if isinstance(a, Field):
                argument = len(self._fields) + len(fields)
                fields.append(row_of(a))
                room += a.bits // 4
            by_text = what in (operations.TEXT, operations.QUOTED_TEXT)
            code.append((what, argument, self._bases.get(b, 0) if by_text else b, 0))
            named += by_text
            room += 0 if by_text else programs.WIDEST
        first = len(self._code)
        self._code.extend(code)
        self._fields.extend(fields)
        room += named * self._longest
        self._programs.extend([(first, len(self._code), room, program.least, program.most)])
        self._named.extend([named])
        self._sizes.extend([program.least if program.payload else programs.UNLIMITED])
        return len(self._programs) - 1

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Octets of a message before its payload, by the number of its program; ``UNLIMITED`` where there is none."""
        return self._sizes.rows

    @property
    def tables(self) -> tuple[NDArray[Any], ...]:
        """What the kernel is told: programs, code, fields, texts, literals."""
        grown = (self._programs, self._code, self._fields, self._texts, self._literals)
        return tuple(one.rows for one in grown)

    def _add(self, texts: Iterable[str]) -> None:
        """Add texts, and make programs wait for room for the longest."""
        places = [self._place(text) for text in texts]
        self._texts.extend(places)
        longest = max(end - start for start, end in places)
        if longest > self._longest:
            self._programs.rows[:, ROOM] += self._named.rows * (longest - self._longest)
            self._longest = longest

    def _place(self, text: str) -> tuple[int, int]:
        """Return where a text stands among the literals."""
        if text not in self._places:
            octets = text.encode()
            start = len(self._literals)
            self._literals.extend(np.frombuffer(octets, np.uint8))
            self._places[text] = (start, start + len(octets))
        return self._places[text]


def row_of(field: Field) -> tuple[int, ...]:
    """Return a field as the kernel reads it."""
    first, end = field.offset // 8, (field.offset + field.bits + 7) // 8
    style = programs.STYLES[field.as_]
    shift = end * 8 - field.offset - field.bits
    return first, end - first, shift, field.bits, int(field.signed), field.scale, style
