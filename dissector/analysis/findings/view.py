"""What rules look at in a batch: computed once for all of them, and only what one of them asks for."""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from dissector.analysis.findings.evidence import words
from dissector.analysis.quotes import number, outer_version, quotes_of, windows
from dissector.batch import distinct
from dissector.kernel import layers
from dissector.registry.model import Family, Status
from dissector.registry.table import types

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dissector.analysis.findings.evidence import Numbers, Words
    from dissector.analysis.quotes import Quotes
    from dissector.batch import Batch
    from dissector.layout import Layout

SIX = 256
"""What a type of ICMPv6 has more, as a number of its own: see :attr:`View.kinds`."""
DEPRECATED, TYPE_UNASSIGNED, CODE_UNASSIGNED = 1, 2, 4
"""What :func:`statuses` says."""
MAC_AT, MAC_OCTETS = 6, 6
"""Where the source stands in an Ethernet frame."""
OLD = (Status.DEPRECATED, Status.OBSOLETE)


class View:
    """One batch, as rules look at it.

    Args:
        batch: the batch.
        file: the number of its file.

    Attributes:
        kinds: the types, those of ICMPv6 with SIX more; int32.
    """

    def __init__(self, batch: Batch, file: int) -> None:
        self.batch = batch
        self.file = file
        six = batch.family == 6  # noqa: PLR2004 - the IP version
        self.kinds = batch.type.astype(np.int32)
        self.kinds += six * np.int32(SIX)
        self._present = np.bincount(self.kinds, minlength=2 * SIX)

    def of(self, *kinds: int, octets: int = 4) -> Numbers:
        """Return the rows of some types that have so many octets at least."""
        there = [kind for kind in kinds if self._present[kind]]
        if not there:
            return np.zeros(0, np.int64)
        which = self.kinds == there[0]
        for kind in there[1:]:
            which |= self.kinds == kind
        return np.flatnonzero(which & (self.batch.captured >= octets))

    @cached_property
    def version(self) -> NDArray[np.uint8]:
        """The IP version of the addresses."""
        return outer_version(self.batch, np.arange(len(self.batch)))

    @cached_property
    def src(self) -> Words:
        """The sources, two words each."""
        return words(self.batch.src)

    @cached_property
    def dst(self) -> Words:
        """The destinations, two words each."""
        return words(self.batch.dst)

    @cached_property
    def quotes(self) -> Quotes | None:
        """The quotes of the errors; None where there are none."""
        return quotes_of(self.batch)

    def mac(self, rows: Numbers) -> NDArray[np.uint64]:
        """Return the Ethernet sources of some frames as numbers; 0 where there are none."""
        batch = self.batch
        paths, path = distinct(batch.path[rows])
        ethernet = np.array([batch.paths[one][:1] == ("eth",) for one in paths], np.bool_)
        whole = batch.flags[rows] & (layers.REASSEMBLED | layers.TUNNEL) == 0
        whole &= ethernet[path]
        head = windows(batch.octets, np.where(whole, batch.frame_start[rows], 0), MAC_AT + MAC_OCTETS)
        return np.where(whole, number(head, MAC_AT, MAC_OCTETS), 0).astype(np.uint64)

    def octets(self, rows: Numbers, size: int) -> NDArray[np.uint8]:
        """Return the first octets of some messages, shape (n, size)."""
        return windows(self.batch.octets, self.batch.icmp[rows], size)

    @cached_property
    def links(self) -> NDArray[np.int64]:
        """A number for each message's link: its interface and VLANs."""
        batch = self.batch
        paths, path = distinct(batch.path)
        tags = ["/".join(step for step in batch.paths[one] if step.startswith("vlan ")) for one in paths]
        vlans = np.array([crc32(tag.encode()) & 0xFFFF if tag else 0 for tag in tags], np.int64)
        return batch.interface.astype(np.int64) << 16 | vlans[path]


@cache
def statuses() -> NDArray[np.uint8]:
    """Return what is wrong with a type and code by its number: ``kind << 8 | code``."""
    found = np.zeros((2, 256, 256), np.uint8)
    for place, family in enumerate(Family):
        found[place] = TYPE_UNASSIGNED
        for row in types(family):
            for kind in range(row.number, (row.last or row.number) + 1):
                own = DEPRECATED if row.status in OLD else 0
                if row.status is Status.UNASSIGNED:
                    own = TYPE_UNASSIGNED
                found[place, kind] = own | (CODE_UNASSIGNED if row.codes and own != TYPE_UNASSIGNED else 0)
                for code in row.codes:
                    old = DEPRECATED if code.status in OLD else own
                    if code.status is Status.UNASSIGNED:
                        old |= CODE_UNASSIGNED
                    found[place, kind, code.number : (code.last or code.number) + 1] = old
    return found.ravel()


@cache
def reserved_masks() -> tuple[NDArray[np.bool_], dict[int, NDArray[np.uint8]]]:
    """Return which types may have reserved bits, and their masks.

    A mask has the octets of a message's fixed part. It stands by ``kind << 8 | code`` for codes that have a shape of
    their own, by ``-kind`` for all others of the type.
    """
    may = np.zeros(2 * SIX, np.bool_)
    masks: dict[int, NDArray[np.uint8]] = {}
    for place, family in enumerate(Family):
        for row in types(family):
            if row.status is Status.UNASSIGNED or row.longer is not None:
                continue
            kind = place * SIX + row.number
            shapes = {kind << 8 | code.number: code.shape for code in row.codes}
            for key, shape in ({-kind: row.shape} | shapes).items():
                if shape is not None:
                    masks[key] = _mask(shape.layout)
                    may[kind] |= masks[key].any()
    return may, masks


def _mask(layout: Layout) -> NDArray[np.uint8]:
    """Return a one for each reserved bit of a layout."""
    mask = 0
    for field in layout.fields:
        if field.reserved:
            mask |= (1 << field.bits) - 1 << 8 * layout.size - field.offset - field.bits
    return np.frombuffer(mask.to_bytes(layout.size, "big"), np.uint8)
