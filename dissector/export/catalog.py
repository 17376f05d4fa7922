"""What the registry says of every family, type and code, as columns to look it up in."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dissector.layout import OCTETS
from dissector.registry.model import Family
from dissector.registry.table import all_entries

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dissector.messages.base import IcmpMessage
    from dissector.registry.model import Entry


class Catalog(NamedTuple):
    """What the registry says.

    Attributes:
        entries: index of the entry by family (0, 1), type and code: shape (131072,).
        shapes: all shapes.
        shape: index of its shape by entry.
        longer: by index of type (family and type, 512): octets from which ``long_shape`` is the shape; 0 for never.
        long_shape: see there.
        sizes: octets of the fixed part by shape.
        payload: whether what follows it is the message's data, by shape.
        words: for each column of names, the text by entry; None where there is none.
    """

    entries: NDArray[np.int16]
    shapes: tuple[type[IcmpMessage], ...]
    shape: NDArray[np.uint8]
    longer: NDArray[np.int32]
    long_shape: NDArray[np.uint8]
    sizes: NDArray[np.int32]
    payload: NDArray[np.bool_]
    words: dict[str, list[str | None]]


@cache
def catalog() -> Catalog:
    """Return the catalog."""
    known: dict[type[IcmpMessage], int] = {}
    rows: list[Entry] = list(all_entries())
    entries = np.zeros((2, 256, 256), np.int16)
    longer, long_shape = np.zeros((2, 256), np.int32), np.zeros((2, 256), np.uint8)
    for index, entry in enumerate(rows):
        family, row, code = int(entry.family is Family.ICMPV6), entry.type, entry.code
        types = slice(row.number, (row.last or row.number) + 1)
        entries[
            family, types, slice(None) if code is None else slice(code.number, (code.last or code.number) + 1)
        ] = index
        known.setdefault(entry.shape, len(known))
        if row.longer is not None:
            longer[family, types] = row.longer[0]
            long_shape[family, types] = known.setdefault(row.longer[1], len(known))
    shapes = tuple(known)
    words: dict[str, list[str | None]] = {
        "name": [entry.type.name.en for entry in rows],
        "code_name": [None if entry.code is None else entry.code.name.en for entry in rows],
        "kind": [entry.type.kind.value for entry in rows],
        "status": [entry.status.value for entry in rows],
    }
    return Catalog(
        entries.reshape(-1),
        shapes,
        np.array([known[entry.shape] for entry in rows], np.uint8),
        longer.reshape(-1),
        long_shape.reshape(-1),
        np.array([shape.layout.size for shape in shapes], np.int32),
        np.array([_has_data(shape) for shape in shapes], np.bool_),
        words,
    )


def _has_data(shape: type[IcmpMessage]) -> bool:
    rest = shape.layout.rest
    return rest is not None and rest.tail is OCTETS and rest.name == "data"
