"""Columns of a table: numbers as they are, texts as indices of the distinct ones."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dissector import kernel
from dissector.layout import address_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SLOTS = kernel.page.SLOTS
"""Addresses that are found again without a search, at most."""
SLOT_AT = np.uint64(kernel.page.SLOT_AT)
FACTORS = np.array((0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F), np.uint64)
"""Odd, and random otherwise: they spread addresses over the slots."""
ROUNDS = 4
V4 = 4


class Values(NamedTuple):
    """The values of a column.

    Attributes:
        values: one for each row that has one, in order; of a column of texts, which of ``texts`` it is (some unsigned
            type or int32).
        missing: which rows have none; None where all have one.
        texts: the distinct texts, of a column of texts.
    """

    values: NDArray[Any]
    missing: NDArray[np.bool_] | None = None
    texts: Sequence[str] | None = None

    @classmethod
    def of(
        cls, values: NDArray[Any], missing: NDArray[np.bool_] | None, texts: Sequence[str] | None = None
    ) -> Values:
        """Return the values of a column out of one for each row; those of missing ones do not matter."""
        if missing is None or not missing.any():
            return cls(values, None, texts)
        return cls(values[~missing], missing, texts)

    @property
    def every(self) -> NDArray[Any]:
        """One value for each row, 0 where there is none."""
        if self.missing is None:
            return self.values
        found = np.zeros(len(self.missing), self.values.dtype)
        found[~self.missing] = self.values
        return found


def one(value: int, rows: int) -> NDArray[np.int32]:
    """Return a number for each row, the same one in the same memory."""
    return np.broadcast_to(np.int32(value), (rows,))


class Words:
    """Distinct texts, numbered as they come."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        """Return the number of a text."""
        found = self._numbers.get(text)
        if found is None:
            found = self._numbers[text] = len(self.texts)
            self.texts.append(text)
        return found

    def column(self, texts: Sequence[str | None]) -> Values:
        """Return a column of some texts."""
        numbers = np.array([self.number(text) for text in texts if text is not None], np.int32)
        missing = np.array([text is None for text in texts], np.bool_)
        return Values(numbers, missing if missing.any() else None, self.texts)


class Addresses(Words):
    """Distinct addresses.

    Strategy: an address is looked up in the slot that its hash names. Of those that are not there, one a slot is
    looked up by itself and put in the slot, which answers for all that are equal to it; then the rest, some rounds.
    What is left then, because more meet in one slot than chance brings together, is sorted and looked up, each once.
    So few hosts cost a few operations on whole columns, and very many are slow but right.
    """

    def __init__(self) -> None:
        super().__init__()
        self._of_octets: dict[bytes, int] = {}
        self._last = np.zeros(0, np.int64)
        self._slots: dict[int, tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int32]]] = {}

    def find(self, octets: NDArray[np.uint8], version: NDArray[np.uint8]) -> NDArray[np.int32]:
        """Return the numbers of addresses.

        Args:
            octets: shape (n, 16); IPv4 addresses are the first four, zeros follow.
            version: 4 or 6, one each.
        """
        if not len(octets) or (version == version[0]).all():
            return self._find(octets, int(version[0]) if len(octets) else V4)
        numbers = np.zeros(len(octets), np.int32)
        for number in np.unique(version).tolist():
            rows = np.flatnonzero(version == number)
            numbers[rows] = self._find(octets[rows], number)
        return numbers

    def _find(self, octets: NDArray[np.uint8], version: int) -> NDArray[np.int32]:
        """Return the numbers of addresses of one version."""
        # A kernel takes words where words may be; octets may be anywhere.
        words = np.require(np.ascontiguousarray(octets).view(np.uint64), requirements="A")
        if version not in self._slots:
            zeros = np.zeros(SLOTS, np.uint64)
            self._last = np.zeros(SLOTS, np.int64)
            self._slots[version] = zeros, zeros.copy(), np.full(SLOTS, -1, np.int32)
        known_high, known_low, known = self._slots[version]
        numbers, rows = np.empty(len(words), np.int32), np.empty(len(words), np.int64)
        tables = (known_high.data, known_low.data, known.data)
        rows = rows[: kernel.page.find(words.data, FACTORS.data, *tables, numbers.data, rows.data)]
        high, low = words[:, 0], words[:, 1]
        slots = np.zeros(len(words), np.int64)
        slots[rows] = (high[rows] * FACTORS[0] ^ low[rows] * FACTORS[1]) >> SLOT_AT
        for _ in range(ROUNDS):
            if not len(rows):
                return numbers
            # One row for each slot that is asked for: of several the last, as assignment has it.
            self._last[slots[rows]] = rows
            chosen = rows[self._last[slots[rows]] == rows]
            made = [self._number(key, version) for key in octets[chosen].view("V16")[:, 0].tolist()]
            at = slots[chosen]
            known_high[at], known_low[at], known[at] = high[chosen], low[chosen], made
            at = slots[rows]
            there = (known_high[at] == high[rows]) & (known_low[at] == low[rows])
            numbers[rows[there]] = known[at[there]]
            rows = rows[~there]
        keys, which = np.unique(octets[rows].view("V16")[:, 0], return_inverse=True)
        numbers[rows] = np.array([self._number(key, version) for key in keys.tolist()], np.int32)[which]
        return numbers

    def _number(self, octets: bytes, version: int) -> int:
        """Return the number of an address."""
        key = octets[:4] if version == V4 else octets
        found = self._of_octets.get(key)
        if found is None:
            found = self._of_octets[key] = self.number(_text(octets, version))
        return found


def _text(octets: bytes, version: int) -> str:
    """Return an address as text."""
    if version == V4:
        return f"{octets[0]}.{octets[1]}.{octets[2]}.{octets[3]}"
    return address_text(IPv6Address(octets))


def joined(parts: Sequence[Values | None], sizes: Sequence[int]) -> Values | None:
    """Return stretches of a column as one; None where no row has a value.

    Args:
        parts: the stretches; None for one without values. Those of texts share their texts.
        sizes: rows of each.
    """
    some = next((part for part in parts if part is not None), None)
    if some is None:
        return None
    if len(parts) == 1:
        return some
    values = np.concatenate([part.values for part in parts if part is not None])
    missing = None
    if any(part is None or part.missing is not None for part in parts):
        missing = np.concatenate([_missing(part, size) for part, size in zip(parts, sizes, strict=True)])
    return Values(values, missing, some.texts)


def _missing(part: Values | None, size: int) -> NDArray[np.bool_]:
    """Return which rows of a stretch have no value."""
    if part is None:
        return np.ones(size, np.bool_)
    return np.zeros(size, np.bool_) if part.missing is None else part.missing
