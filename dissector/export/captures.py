"""The packets that messages are in, as a capture: pcap or pcapng, with time stamps in nanoseconds.

A datagram put together from fragments is written as what it is then, an IP datagram without a link layer. Times
before 1970, and none, are written as 1970.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dissector.capture.links import link_name
from dissector.errors import DissectError
from dissector.kernel import layers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

    from numpy.typing import NDArray

    from dissector.batch import Batch
    from dissector.capture.records import Interface

RAW = 101
"""LINKTYPE of packets that begin with their IP header."""
SNAPLEN = 262144
PCAP_NS = 0xA1B23C4D
"""The number that a pcap with nanoseconds begins with."""
SECTION, INTERFACE, PACKET = 0x0A0D0D0A, 1, 6
"""Types of pcapng's blocks."""
BYTE_ORDER = 0x1A2B3C4D
IF_NAME, IF_DESCRIPTION, IF_TSRESOL, IF_FCSLEN = 2, 3, 9, 13
APPLICATION = 4
"""shb_userappl."""
NANOSECONDS = b"\x09"
SECOND = 1_000_000_000
PCAP_HEAD = np.dtype([("seconds", "<u4"), ("fraction", "<u4"), ("captured", "<u4"), ("original", "<u4")])
PACKET_HEAD = np.dtype(
    [
        ("type", "<u4"),
        ("total", "<u4"),
        ("interface", "<u4"),
        ("high", "<u4"),
        ("low", "<u4"),
        ("captured", "<u4"),
        ("original", "<u4"),
    ]
)


class MixedLinksError(DissectError):
    """A pcap can hold one link type only."""


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
    packets = 0
    for batch in batches:
        for rows, interface in _stretches(batch):
            kind = (interface.link_type, interface.fcs)
            if first is None:
                first = kind
                out.write(_pcap_header(*kind))
            elif kind != first:
                raise MixedLinksError(_mixed(name, first, kind))
            part = batch.take(rows)
            heads = np.zeros(len(part), PCAP_HEAD)
            time = np.maximum(part.time_ns, 0)
            heads["seconds"], heads["fraction"] = time // SECOND, time % SECOND
            heads["captured"] = part.frame_end - part.frame_start
            heads["original"] = np.maximum(part.original, heads["captured"])
            out.write(_interleaved(part, heads))
            packets += len(part)
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
    import dissector

    head = BYTE_ORDER.to_bytes(4, "little") + b"\x01\0\0\0" + b"\xff" * 8
    out.write(_block(SECTION, head + _options({APPLICATION: f"dissector {dissector.__version__}".encode()})))
    # By file: two files may have equal interfaces, which are different ones.
    numbers: dict[tuple[int, Interface, int], int] = {}
    files: dict[int, Any] = {}
    packets = 0
    for batch in batches:
        files[id(batch.origin.interfaces)] = batch.origin.interfaces  # kept, so that its id stays its own
        for rows, interface in _stretches(batch):
            key = (id(batch.origin.interfaces), interface, int(batch.interface[rows[0]]))
            if key not in numbers:
                numbers[key] = len(numbers)
                out.write(_interface(interface))
            part = batch.take(rows)
            heads = np.zeros(len(part), PACKET_HEAD)
            time = np.maximum(part.time_ns, 0)
            heads["type"], heads["interface"] = PACKET, numbers[key]
            heads["high"], heads["low"] = time >> 32, time & 0xFFFFFFFF
            heads["captured"] = part.frame_end - part.frame_start
            heads["original"] = np.maximum(part.original, heads["captured"])
            heads["total"] = 32 + (heads["captured"] + 3 & ~np.uint32(3))
            out.write(_interleaved(part, heads, padded=True))
            packets += len(part)
    return packets


def _interface(interface: Interface) -> bytes:
    """Return an Interface Description Block."""
    options = {
        IF_NAME: interface.name.encode(),
        IF_DESCRIPTION: interface.description.encode(),
        IF_TSRESOL: NANOSECONDS,
        IF_FCSLEN: bytes((interface.fcs,)) if interface.fcs else b"",
    }
    head = interface.link_type.to_bytes(2, "little") + bytes(2) + SNAPLEN.to_bytes(4, "little")
    return _block(INTERFACE, head + _options(options))


def _options(options: dict[int, bytes]) -> bytes:
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


def _stretches(batch: Batch) -> list[tuple[NDArray[np.int64], Interface]]:
    """Return rows of one interface each, in the order of the batch, with that interface."""
    put_together = (batch.flags & layers.REASSEMBLED) != 0
    kinds = batch.interface.astype(np.int64) << 1 | put_together
    borders = np.flatnonzero(np.diff(kinds)) + 1
    found = []
    for rows in np.split(np.arange(len(batch)), borders):
        if not len(rows):
            continue
        interface = batch.origin.interfaces[int(batch.interface[rows[0]])]
        if put_together[rows[0]]:
            interface = interface._replace(link_type=RAW, fcs=0)
        found.append((rows, interface))
    return found


def _interleaved(batch: Batch, heads: NDArray[Any], *, padded: bool = False) -> bytes:
    """Return packets, each after its head; with ``padded`` in blocks of pcapng."""
    size = heads.dtype.itemsize
    octets, head = batch.octets.tobytes(), heads.tobytes()
    ends = batch.frame_end.tolist()
    pieces: list[bytes] = []
    for row, start in enumerate(batch.frame_start.tolist()):
        end = ends[row]
        pieces += (head[row * size : (row + 1) * size], octets[start:end])
        if padded:
            pieces.append(bytes(-(end - start) % 4) + head[row * size + 4 : row * size + 8])
    return b"".join(pieces)
