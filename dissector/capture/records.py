"""What every reader of a container hands on: blocks of packets, interfaces, and an account of the damage.

A reader never holds a whole capture. It reads into one buffer, notes where the packets in it are, and hands
out the two as a :class:`Block`, which is valid only until the next block is asked for: buffer and columns are
used again. Whoever needs a packet for longer copies it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from dissector.errors import quantity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

    from numpy.typing import NDArray

    from dissector.capture.window import Window

CAPACITY = 65536
"""Packets in a block, at most."""

NO_TIME = 1
"""Flag of a record: the container gives no time, or one outside 1823 to 2116; ``time_ns`` is 0."""

SHORTENED = 2
"""Flag of a record: fewer octets are here than its header claims, because of damage or of size."""

_DAMAGE_KEPT = 50


class Records:
    """Columns for the packets of one block; the first ``Block.count`` rows are valid.

    Attributes:
        start: offset of the first link-layer octet in the block's buffer, shape (capacity,), int64.
        captured: link-layer octets that are there, int32; ``start + captured`` never exceeds the buffer.
        original: octets on the wire as the capture claims, int64; may be less than ``captured``.
        time_ns: nanoseconds since 1970 (UTC), int64, of at most 62 bits: so the difference of any two is int64 too.
        interface: index in the reader's ``interfaces``, over all sections of the file, int32.
        flags: :data:`NO_TIME`, :data:`SHORTENED`, uint8.
    """

    __slots__ = ("captured", "flags", "interface", "original", "start", "time_ns")

    start: NDArray[np.int64]
    captured: NDArray[np.int32]
    original: NDArray[np.int64]
    time_ns: NDArray[np.int64]
    interface: NDArray[np.int32]
    flags: NDArray[np.uint8]

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.start = np.zeros(capacity, np.int64)
        self.captured = np.zeros(capacity, np.int32)
        self.original = np.zeros(capacity, np.int64)
        self.time_ns = np.zeros(capacity, np.int64)
        self.interface = np.zeros(capacity, np.int32)
        self.flags = np.zeros(capacity, np.uint8)

    def __len__(self) -> int:
        """Return the capacity in packets."""
        return len(self.start)


class Interface(NamedTuple):
    """Where packets were captured; a classic pcap or snoop file has one.

    Attributes:
        link_type: LINKTYPE number of tcpdump.org's registry, without the bits for the frame check sequence;
            -1 when the file names a link by a number that has no LINKTYPE (snoop).
        snaplen: most octets kept of a packet; 0 for no limit.
        name: such as ``eth0``; empty if the file has none.
        description: free text; empty if the file has none.
        resolution: the unit of the time stamps: ``"us"``, ``"ns"``, ``"10^-3 s"``, ``"2^-10 s"``.
        offset: seconds to be added to the time stamps (already done in ``Records.time_ns``).
        fcs: octets of frame check sequence at the end of each packet; 0 if none or not said.
        section: number of the pcapng section it belongs to, from 0.
    """

    link_type: int
    snaplen: int = 0
    name: str = ""
    description: str = ""
    resolution: str = "us"
    offset: int = 0
    fcs: int = 0
    section: int = 0


class Block:
    """Packets out of one stretch of a capture; valid only until the reader's next block, but for :meth:`keep`.

    Attributes:
        octets: the buffer; only the stretches named in ``records`` mean anything.
        records: the columns.
        count: how many rows of ``records`` are valid, at least 1.
        first_frame: number of the first packet, counted from 1 over the whole file.
        offset: where the buffer's first octet lies in the (unpacked) file.
        window: whose buffer it is, if that is used again.
    """

    __slots__ = ("count", "first_frame", "octets", "offset", "records", "window")

    def __init__(
        self,
        octets: bytearray | memoryview,
        records: Records,
        count: int,
        first_frame: int,
        offset: int,
    ) -> None:
        self.octets = octets
        self.records = records
        self.count = count
        self.first_frame = first_frame
        self.offset = offset
        self.window: Window | None = None

    def keep(self) -> bytearray | memoryview:
        """Return the buffer for good: the reader leaves it alone and goes on with another."""
        if self.window is not None:
            self.window.kept = True
        return self.octets


class Damage(NamedTuple):
    """One place where a capture is not whole.

    Attributes:
        packets: how many packets were read before it.
        offset: octet of the (unpacked) file where it starts.
        skipped: octets left out there, or that the file is short of when ``cut``.
        cut: whether the file ends here, before it should.
        sentence: what happened, without the name of the file.
    """

    packets: int
    offset: int
    skipped: int
    cut: bool
    sentence: str


class Report:
    """What is known about the state of a capture; complete once the reader is exhausted.

    Attributes:
        packets: packets read so far.
        damage: the places where it is not whole, in order; the first 50 of them.
        places: how many such places there are altogether.
        skipped: octets left out altogether.
        most_interfaces: how many interfaces are remembered, if there were more; else 0.
        interfaces_skipped: those beyond.
        packets_skipped: packets of interfaces that are not known, once some were skipped.
        unnamed: interfaces whose name and description are left out, because there was too much of them before.
    """

    __slots__ = (
        "damage",
        "interfaces_skipped",
        "most_interfaces",
        "packets",
        "packets_skipped",
        "places",
        "skipped",
        "unnamed",
    )

    def __init__(self) -> None:
        self.packets = 0
        self.damage: list[Damage] = []
        self.places = 0
        self.skipped = 0
        self.most_interfaces = 0
        self.interfaces_skipped = 0
        self.packets_skipped = 0
        self.unnamed = 0

    def add(self, damage: Damage) -> None:
        """Note a place, keeping the list short for a file that is damaged all over."""
        self.places += 1
        self.skipped += 0 if damage.cut else damage.skipped
        if len(self.damage) < _DAMAGE_KEPT:
            self.damage.append(damage)

    def extend(self, other: Report) -> None:
        """Note the places of another report, of what comes after."""
        self.places += other.places
        self.skipped += other.skipped
        self.damage += other.damage[: _DAMAGE_KEPT - len(self.damage)]
        self.most_interfaces = max(self.most_interfaces, other.most_interfaces)
        self.interfaces_skipped += other.interfaces_skipped
        self.packets_skipped += other.packets_skipped
        self.unnamed += other.unnamed

    @property
    def whole(self) -> bool:
        """Whether nothing was found to be wrong so far."""
        return not self.places and not self.most_interfaces

    @property
    def cut(self) -> bool:
        """Whether the file ends before it should."""
        return any(damage.cut for damage in self.damage)

    def warnings(self) -> list[str]:
        """Return a sentence a place: ``whole up to packet 19 (octet 2038); the file ends 30 octets short``."""
        sentences = [damage.sentence for damage in self.damage]
        if self.places > len(sentences):
            more = self.places - len(sentences)
            sentences.append(
                f"{more} more damaged places; {quantity(self.skipped, 'octet')} skipped altogether"
            )
        if self.most_interfaces:
            skipped = quantity(self.interfaces_skipped, "interface"), quantity(self.packets_skipped, "packet")
            sentences.append(
                f"more than {self.most_interfaces} interfaces, their packets are skipped ({', '.join(skipped)})"
            )
        if self.unnamed:
            sentences.append(
                f"names of interfaces take too much room: those of {quantity(self.unnamed, 'interface')} are left out"
            )
        return sentences


class Reader(Protocol):
    """What :func:`dissector.capture.formats.open_capture` returns.

    Iterate over it once. ``interfaces`` grows while it is read (pcapng); a block refers only to those already
    there.
    """

    format: str
    interfaces: list[Interface]
    report: Report

    @property
    def progress(self) -> tuple[int, int] | None:
        """Octets read and octets altogether; None where that is not known."""

    def __iter__(self) -> Iterator[Block]:
        """Hand out the blocks; each is valid until the next."""

    def __enter__(self) -> Self:
        """Return the reader itself."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""

    def close(self) -> None:
        """Close the file, if the reader opened it."""
