"""The packets that messages are in, as a capture: pcap or pcapng, with time stamps in nanoseconds.

A datagram put together from fragments is written as what it is then, an IP datagram without a link layer. Times
before 1970, and none, are written as 1970.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dissector import kernel
from dissector.capture.links import link_name
from dissector.errors import DissectError
from dissector.kernel import layers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import BinaryIO, Self

    from numpy.typing import NDArray

    from dissector.batch import Batch
    from dissector.capture.records import Block, Interface

RAW = 101
"""LINKTYPE of packets that begin with their IP header."""
SNAPLEN = 262144
PCAP_NS = 0xA1B23C4D
"""The number that a pcap with nanoseconds begins with."""
SECTION, INTERFACE, STATISTICS = 0x0A0D0D0A, 1, 5
"""Types of pcapng's blocks beside those of packets."""
BYTE_ORDER = 0x1A2B3C4D
IF_NAME, IF_DESCRIPTION, IF_TSRESOL, IF_FCSLEN = 2, 3, 9, 13
COMMENT = 1
IF_RECEIVED, IF_DROPPED = 4, 5
"""isb_ifrecv and isb_ifdrop: packets that came, and packets lost for lack of room."""
APPLICATION = 4
"""shb_userappl."""
NANOSECONDS = b"\x09"
ROOM = 1 << 20
"""Octets written at a time."""
AROUND = 36
"""Octets that a packet takes beside its own, at most: those of an Enhanced Packet Block, and padding."""


class MixedLinksError(DissectError):
    """A pcap can hold one link type only."""


class Packets:
    """Where packets lie, as the kernel takes them.

    Args:
        octets: the buffer they are in.
        columns: ``start``, ``captured``, ``original``, ``time_ns``: see :class:`dissector.capture.records.Records`;
            and ``interface``, the number that each packet's interface has in the file to be written.
        count: how many packets.
    """

    def __init__(self, octets: Any, columns: tuple[NDArray[Any], ...], count: int) -> None:
        self.octets = memoryview(octets)
        self.columns = tuple(np.ascontiguousarray(column).data for column in columns)
        self.sizes = columns[1]
        self.count = count

    @classmethod
    def of_batch(cls, batch: Batch, interface: NDArray[np.int32]) -> Self:
        """Return the packets that messages are in."""
        captured = (batch.frame_end - batch.frame_start).astype(np.int32)
        columns = (batch.frame_start, captured, batch.original, batch.time_ns, interface)
        return cls(batch.octets.data, columns, len(batch))

    @classmethod
    def of_block(cls, block: Block) -> Self:
        """Return the packets of a block, by the numbers of its reader's interfaces; valid as long as the block."""
        found = block.records
        columns = (found.start, found.captured, found.original, found.time_ns, found.interface)
        return cls(block.octets, columns, block.count)


class Written:
    """Packets → octets of a capture file, in one buffer that is used again and again.

    Args:
        enhanced: as blocks of a pcapng; else as records of a pcap.
    """

    def __init__(self, *, enhanced: bool) -> None:
        self.enhanced = enhanced
        self._out = memoryview(bytearray(ROOM))

    def next(self, packets: Packets, row: int, count: int, room: int = ROOM) -> tuple[int, memoryview]:
        """Write packets from ``row`` on into the buffer.

        Args:
            packets: some packets.
            row: the first to write.
            count: the row after the last one.
            room: octets that they may take; one packet may take more, if ``room`` is ``ROOM`` or above.

        Returns:
            The first row that was not written; and the octets, whole packets, valid until the next call.
        """
        done, size = self._write(packets, row, count, self._out[:room])
        if done == row < count and room >= ROOM:
            self._out = memoryview(bytearray(AROUND + int(packets.sizes[row])))
            done, size = self._write(packets, row, count, self._out)
        return done, self._out[:size]

    def _write(self, packets: Packets, row: int, count: int, out: memoryview) -> tuple[int, int]:
        done, size = kernel.write.packets(packets.octets, *packets.columns, row, count, self.enhanced, out)
        return done, size

    def all(self, packets: Packets) -> Iterator[memoryview]:
        """Yield the octets of all packets, each piece valid until the next."""
        row = 0
        while row < packets.count:
            row, octets = self.next(packets, row, packets.count)
            yield octets


def write_pcap(batches: Iterable[Batch], out: BinaryIO, name: str) -> int:
    """Write the packets of messages as pcap; return how many.

    Args:
        batches: the messages.
        out: where to.
        name: of the file, for the error.

    Raises:
        MixedLinksError: they are of several link types.
    """
    first: tuple[int, int] | None = None
    written = Written(enhanced=False)
    packets = 0
    for batch in batches:
        kinds = _kinds(batch)
        for kind in _present(kinds):
            interface = _interface(batch, kind)
            link = (interface.link_type, interface.fcs)
            if first is None:
                first = link
                out.write(_pcap_header(*link))
            elif link != first:
                raise MixedLinksError(_mixed(name, first, link))
        out.writelines(written.all(Packets.of_batch(batch, batch.interface)))
        packets += len(batch)
    if first is None:
        out.write(_pcap_header(1, 0))
    return packets


def _mixed(name: str, one: tuple[int, int], other: tuple[int, int]) -> str:
    names = [link_name(link) for link, _ in (one, other)]
    if names[0] == names[1]:
        names = [f"{link_name(link)} with a check sequence of {fcs} octets" for link, fcs in (one, other)]
    hint = "write .pcapng instead"
    if RAW in (one[0], other[0]):
        hint += ", or leave fragments as they are (--no-reassemble)"
    return f"{name}: a pcap holds one link type, and these packets have {names[0]} and {names[1]}; {hint}"


def _pcap_header(link_type: int, fcs: int) -> bytes:
    """Return the header of a pcap; the length of the frame check sequence is told in units of two octets."""
    link = link_type | (0x04000000 | (fcs // 2) << 28 if fcs else 0)
    return b"".join(
        (
            PCAP_NS.to_bytes(4, "little"),
            b"\x02\0\x04\0",
            bytes(8),
            SNAPLEN.to_bytes(4, "little"),
            link.to_bytes(4, "little"),
        )
    )


def write_pcapng(batches: Iterable[Batch], out: BinaryIO) -> int:
    """Write the packets of messages as pcapng, each by the interface it came by; return how many."""
    out.write(section_header())
    # By file: two files may have equal interfaces, which are different ones.
    numbers: dict[tuple[int, Interface, int], int] = {}
    files: dict[int, Any] = {}
    written = Written(enhanced=True)
    packets = 0
    for batch in batches:
        file = batch.origin.interfaces
        files[id(file)] = file  # kept, so that its id stays its own
        kinds = _kinds(batch)
        present = _present(kinds)
        number_of = np.zeros(max(present, default=0) + 1, np.int32)
        for kind in present:
            interface = _interface(batch, kind)
            key = (id(file), interface, kind >> 1)
            if key not in numbers:
                numbers[key] = len(numbers)
                out.write(interface_description(interface))
            number_of[kind] = numbers[key]
        out.writelines(written.all(Packets.of_batch(batch, number_of[kinds])))
        packets += len(batch)
    return packets


def _kinds(batch: Batch) -> NDArray[np.int64]:
    """Return a number for each packet: its interface, and whether it was put together from fragments."""
    put_together = (batch.flags & layers.REASSEMBLED) != 0
    kinds: NDArray[np.int64] = batch.interface.astype(np.int64) << 1 | put_together
    return kinds


def _present(kinds: NDArray[np.int64]) -> list[int]:
    """Return the kinds that there are, in the order in which they first come."""
    found = np.flatnonzero(np.bincount(kinds)).tolist()
    return sorted(found, key=lambda kind: int(np.argmax(kinds == kind)))


def _interface(batch: Batch, kind: int) -> Interface:
    """Return the interface of one kind of packets."""
    interface = batch.origin.interfaces[kind >> 1]
    return interface._replace(link_type=RAW, fcs=0) if kind & 1 else interface


def section_header() -> bytes:
    """Return a Section Header Block, little-endian, of a section whose length is not told."""
    import dissector

    head = BYTE_ORDER.to_bytes(4, "little") + b"\x01\0\0\0" + b"\xff" * 8
    return _block(SECTION, head + _options({APPLICATION: f"dissector {dissector.__version__}".encode()}))


def interface_description(interface: Interface, snaplen: int = SNAPLEN) -> bytes:
    """Return an Interface Description Block, with times in nanoseconds."""
    options = {
        IF_NAME: interface.name.encode(),
        IF_DESCRIPTION: interface.description.encode(),
        IF_TSRESOL: NANOSECONDS,
        IF_FCSLEN: bytes((interface.fcs,)) if interface.fcs else b"",
    }
    head = interface.link_type.to_bytes(2, "little") + bytes(2) + snaplen.to_bytes(4, "little")
    return _block(INTERFACE, head + _options(options))


def interface_statistics(time_ns: int, received: int, dropped: int, interface: int | None = None) -> bytes:
    """Return an Interface Statistics Block.

    Args:
        time_ns: when it was counted, ns since 1970 (UTC).
        received: packets that came, those lost among them.
        dropped: packets lost for lack of room.
        interface: the number of the interface; None if these are the counts of several together: then they are told
            in words, with the first.
    """
    head = b"".join(
        part.to_bytes(4, "little") for part in (interface or 0, time_ns >> 32, time_ns & 0xFFFFFFFF)
    )
    counts = {IF_RECEIVED: received.to_bytes(8, "little"), IF_DROPPED: dropped.to_bytes(8, "little")}
    words = f"on all interfaces {received} packets received, {dropped} dropped"
    return _block(STATISTICS, head + _options({COMMENT: words.encode()} if interface is None else counts))


def _options(options: Mapping[int, bytes]) -> bytes:
    """Return options that are not empty, and what ends them."""
    pieces = [
        code.to_bytes(2, "little") + len(value).to_bytes(2, "little") + value + bytes(-len(value) % 4)
        for code, value in options.items()
        if value
    ]
    return b"".join(pieces) + bytes(4)


def _block(kind: int, body: bytes) -> bytes:
    total = (len(body) + 12).to_bytes(4, "little")
    return kind.to_bytes(4, "little") + total + body + total
