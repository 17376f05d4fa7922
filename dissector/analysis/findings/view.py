"""What rules look at in a batch: computed once for all of them, and only what one of them asks for."""

from __future__ import annotations

from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from dissector import kernel
from dissector.analysis.findings.evidence import EMPTY, words
from dissector.analysis.quotes import MISSING, QUOTE_START, quotes_of, windows
from dissector.batch import distinct
from dissector.kernel import layers, tables
from dissector.registry.model import Family, Status
from dissector.registry.table import types

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dissector.analysis.findings.evidence import Numbers, Words
    from dissector.analysis.quotes import Quotes
    from dissector.batch import Batch
    from dissector.layout import Layout

SIX = tables.SIX
"""What a type of ICMPv6 has more, as a number of its own: see :attr:`View.kinds`."""
DEPRECATED, TYPE_UNASSIGNED, CODE_UNASSIGNED = 1, 2, 4
"""What :func:`statuses` says."""
MAC_AT = 4
"""Where in an Ethernet frame eight octets begin of which the last six are its source."""
MAC = np.uint64((1 << 48) - 1)
ECHO = (8, SIX + 128, 0, SIX + 129)
"""Echo requests, then replies."""
OLD = (Status.DEPRECATED, Status.OBSOLETE)


class View:
    """One batch, as rules look at it.

    Args:
        batch: the batch.
        file: the number of its file.

    Attributes:
        kinds: the types, those of ICMPv6 with SIX more; int32.
        echo: the rows of the echo messages that have a whole header.
        pairs: the addresses of each of these, four words: see :class:`~dissector.analysis.findings.asked.Asked`.
        rows: the rows that rules look at: all but the echo messages that are in order.
    """

    def __init__(self, batch: Batch, file: int) -> None:
        self.batch = batch
        self.file = file
        count = len(batch)
        self.kinds = np.empty(count, np.int32)
        rows, echo, pairs = (
            np.empty(count, np.int64),
            np.empty(count, np.int64),
            np.empty((count, 4), np.uint64),
        )
        others, echoes = kernel.echo.sift(
            *columns(batch, "family", "type", "code", "checksum_status", "flags", "captured"),
            self.src.data, self.dst.data, roles().data,
            self.kinds.data, rows.data, echo.data, pairs.data,
        )  # fmt: skip
        self.echo, self.pairs = echo[:echoes], pairs[:echoes]
        self.rows = rows[:others]
        self._kinds = self.kinds[self.rows]
        self._present = set(np.flatnonzero(np.bincount(self._kinds)).tolist())

    def of(self, *kinds: int, octets: int = 4) -> Numbers:
        """Return the rows of some types, of those that rules look at, that have so many octets at least."""
        there = self._present.intersection(kinds)
        if not there:
            return EMPTY
        which = self.batch.captured[self.rows] >= octets
        if len(there) < len(self._present):
            which &= _members(frozenset(there))[self._kinds]
        return self.rows[which]

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

    @cached_property
    def heads(self) -> NDArray[np.uint8]:
        """The first octets of each quote; zeros after the end of all octets."""
        return windows(self.batch.octets, self.batch.icmp[self.errors] + QUOTE_START, QUOTE_START)

    @cached_property
    def mtus(self) -> tuple[Numbers, NDArray[np.bool_]]:
        """The MTU that each of the errors tells, and whether it is of the kind that does."""
        mtu = EMPTY if self.quotes is None else self.quotes.mtu
        return mtu, mtu != MISSING

    @property
    def errors(self) -> Numbers:
        """The rows of the quotes."""
        return EMPTY if self.quotes is None else self.quotes.rows

    def mac(self, rows: Numbers) -> NDArray[np.uint64]:
        """Return the Ethernet sources of some frames as numbers; 0 where there are none."""
        batch = self.batch
        paths, path = distinct(batch.path[rows])
        ethernet = np.array([batch.paths[one][:1] == ("eth",) for one in paths], np.bool_)
        whole = batch.flags[rows] & (layers.REASSEMBLED | layers.TUNNEL) == 0
        whole &= ethernet[path]
        head = windows(batch.octets, np.where(whole, batch.frame_start[rows] + MAC_AT, 0), 8)
        return np.where(whole, head.view(">u8")[:, 0].astype(np.uint64) & MAC, np.uint64(0))

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


def columns(batch: Batch, *names: str) -> list[memoryview]:
    """Return columns of a batch as kernels have them; those of every other row, and the like, are copied."""
    return [np.ascontiguousarray(getattr(batch, name)).data for name in names]


@cache
def roles() -> NDArray[np.uint8]:
    """Return which types are echo requests and replies, as :func:`dissector.kernel.echo.sift` has it."""
    found = np.zeros(2 * SIX, np.uint8)
    found[list(ECHO)] = [kernel.echo.REQUEST] * 2 + [kernel.echo.REPLY] * 2
    return found


@lru_cache(maxsize=64)
def _members(kinds: frozenset[int]) -> NDArray[np.bool_]:
    """Return of each type whether it is one of some."""
    found = np.zeros(2 * SIX, np.bool_)
    found[list(kinds)] = True
    return found


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
def reserved_masks() -> tuple[NDArray[np.uint8], NDArray[np.uint64], NDArray[np.int64]]:
    """Return which reserved bits a type and code has.

    Returns:
        For each ``kind << 8 | code`` the number of its mask, 0 for none; the masks, as words that hold the octets of a
        message's fixed part; and the octets of each.
    """
    which = np.zeros((2 * SIX, 256), np.uint8)
    masks: dict[bytes, int] = {b"": 0}
    for place, family in enumerate(Family):
        for row in types(family):
            if row.status is Status.UNASSIGNED or row.longer is not None:
                continue
            kind = place * SIX + row.number
            which[kind] = _numbered(masks, row.shape.layout)
            for code in row.codes:
                if code.shape is not None:
                    which[kind, code.number] = _numbered(masks, code.shape.layout)
    sizes = [len(mask) for mask in masks]
    octets = np.zeros((len(masks), -(-max(sizes) // 8) * 8), np.uint8)
    for mask, number in masks.items():
        octets[number, : len(mask)] = np.frombuffer(mask, np.uint8)
    return which.ravel(), octets.view(np.uint64), np.array(sizes)


def _numbered(masks: dict[bytes, int], layout: Layout) -> int:
    """Return the number of the mask that has a one for each reserved bit of a layout; 0 where there are none."""
    mask = 0
    for field in layout.fields:
        if field.reserved:
            mask |= (1 << field.bits) - 1 << 8 * layout.size - field.offset - field.bits
    return masks.setdefault(mask.to_bytes(layout.size, "big") if mask else b"", len(masks))
