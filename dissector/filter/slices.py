"""Parts of octets: ``[0:2]``, ``[-4:4]``, ``[2-5]``, ``[0,7:2]``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

RANGE = re.compile(r"\s*(-?\d{1,9})?\s*(?:(:)\s*(-?\d{1,9})?|(-)\s*(-?\d{1,9}))?\s*")
MOST = 1 << 16
"""Octets that several parts may be together."""


class Slice(NamedTuple):
    """One part.

    Attributes:
        start: the first octet; negative ones count from the end.
        length: how many, None up to the end.
        last: the last octet, where that is how the part is written; negative ones count from the end.
    """

    start: int
    length: int | None
    last: int | None = None


def parsed(text: str) -> tuple[Slice, ...]:
    """Return the parts of ``[0:2,4]``.

    Raises:
        ValueError: a part is not written as one.
    """
    found = []
    for part in text.strip("[]").split(","):
        match = RANGE.fullmatch(part)
        start, colon, length, dash, last = match.groups() if match else (None,) * 5
        if colon:
            found.append(Slice(int(start or 0), int(length) if length else None))
        elif start is None or (length is not None and int(length) <= 0):
            message = f"[{part}] is not a part of octets: write [0:2], [2-5], [4] or [-1]"
            raise ValueError(message)
        elif dash and last is not None:
            found.append(Slice(int(start), None, int(last)))
        else:
            found.append(Slice(int(start), 1))
    for one in found:
        if one.length is not None and not 0 < one.length <= MOST:
            message = f"a part of octets has 1 to {MOST} of them, not {one.length}"
            raise ValueError(message)
    return tuple(found)


class Cut:
    """Takes parts of octets, one after another.

    Args:
        parts: which ones.
    """

    def __init__(self, parts: tuple[Slice, ...]) -> None:
        self.parts = parts

    def __call__(
        self, spans: NDArray[np.int64], octets: NDArray[np.uint8]
    ) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.uint8]]:
        """Return which spans reach so far, where the parts of those are, and in what octets."""
        pieces = [self._piece(spans, part) for part in self.parts]
        there = np.logical_and.reduce([piece[:, 0] < piece[:, 1] for piece in pieces])
        pieces = [piece[there] for piece in pieces]
        if len(pieces) == 1:
            return there, pieces[0], octets
        rows = [
            b"".join(octets[start:end].tobytes() for start, end in row)
            for row in np.stack(pieces, axis=1).tolist()
        ]
        ends = np.cumsum([len(row) for row in rows], dtype=np.int64)
        starts = ends - np.array([len(row) for row in rows], np.int64)
        return there, np.stack((starts, ends), axis=1), np.frombuffer(b"".join(rows), np.uint8)

    @staticmethod
    def _piece(spans: NDArray[np.int64], part: Slice) -> NDArray[np.int64]:
        """Return one part of spans; where they do not reach so far, one that ends before it starts."""
        first, end = spans[:, 0], spans[:, 1]
        start = first + part.start if part.start >= 0 else end + part.start
        stop = end
        if part.length is not None:
            stop = start + part.length
        elif part.last is not None:
            stop = (first + part.last if part.last >= 0 else end + part.last) + 1
        good = (first <= start) & (start < stop) & (stop <= end)
        return np.stack((np.where(good, start, 0), np.where(good, stop, 0)), axis=1)
