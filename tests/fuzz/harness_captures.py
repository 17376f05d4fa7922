"""Harnesses for captures: any octets are packets, or damage that the account tells, or one ``DissectError``.

As with those for messages, a harness is called with octets and returns what was made of them.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from dissector import kernel
from dissector.api import RAW_IP
from dissector.batch import Batch, Origin
from dissector.capture.fragments import MOST_OCTETS
from dissector.capture.links import LINKS
from dissector.capture.records import Block, Interface, Records
from dissector.capture.scanner import Scanner
from dissector.capture.stream import Messages, scan
from dissector.errors import DissectError, TruncatedCaptureError
from dissector.message import messages
from dissector.present.blocks import JsonLines, Lines
from dissector.present.jsonlines import dumps, record
from dissector.present.line import line
from dissector.present.tree import tree
from fuzz import pipeline, rings
from fuzz.harness_messages import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

TYPES = [number for number, link in LINKS.items() if link.layer]
"""Link types that are decoded."""
SECOND = 1_000_000_000
PCAP = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, RAW_IP)


def block(packets: list[bytes], times: list[int], first_frame: int = 1) -> Block:
    """Return a block of packets, in a buffer that ends with the last of them."""
    records = Records(len(packets))
    sizes = [len(packet) for packet in packets]
    records.captured[:] = records.original[:] = sizes
    records.start[:] = np.cumsum([0, *sizes[:-1]])
    records.time_ns[:] = times
    return Block(bytearray(b"".join(packets)), records, len(packets), first_frame, 0)


def ip4(ends: tuple[int, int], payload: bytes, protocol: int = 1, word: int = 0) -> bytes:
    """Return an IPv4 datagram between hosts of 192.0.2.0/24; ``word`` has the flags and the offset."""
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 7, word, 64, protocol, 0)
    return head + bytes((192, 0, 2, ends[0], 192, 0, 2, ends[1])) + payload


def ip6(ends: tuple[int, int], payload: bytes, protocol: int = 58) -> bytes:
    """Return an IPv6 datagram between hosts of 2001:db8::/120."""
    net = b"\x20\x01\x0d\xb8" + bytes(11)
    head = struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64)
    return head + net + bytes(ends[:1]) + net + bytes(ends[1:]) + payload


def rows_of(batches: Iterator[Batch]) -> list[dict[str, Any]]:
    """Return what is in some batches, which name no octet beyond their own."""
    found = []
    for batch in batches:
        assert len(batch)
        assert (batch.icmp + batch.captured <= len(batch.octets)).all()
        assert (batch.frame_start >= 0).all()
        assert (batch.frame_end <= len(batch.octets)).all()
        found.append(pipeline.rows_of(batch))
    return found


class Containers:
    """A file: pcap, pcapng, snoop, packed or not, or nothing of all these."""

    def __call__(self, octets: bytes) -> object:
        """Return its messages and its account, or the sentence that refuses it; and whether it is whole."""
        found = self.read(octets, strict=False)
        strictly = self.read(octets, strict=True)
        assert strictly == found or strictly[0] is TruncatedCaptureError, (found, strictly)
        return found, strictly

    def read(self, octets: bytes, *, strict: bool) -> tuple[object, object]:
        """Return all that was read, or what was raised."""
        try:
            with scan(pipeline.Capture("x", octets), strict=strict) as found:
                rows = rows_of(iter(found))
                report = found.account.captures[0].report
                shown(report.warnings())
                told = {
                    name: value
                    for name, value in vars(found.account).items()
                    if name not in ("captures", "kernel")
                }
                return rows, [told, report.warnings()]
        except DissectError as error:
            return type(error), str(error)


class Packets:
    """A packet of any link type, which the first octet chooses: every text about the message in it."""

    def __init__(self) -> None:
        self.lines, self.json = Lines("ad"), JsonLines()

    def __call__(self, given: bytes) -> object:
        """Return the texts, and how the packet was counted."""
        link, packet = TYPES[given[0] % len(TYPES) if given else 0], given[1:]
        scanner = Scanner(Origin("-", "packet", [Interface(link)]), reassemble=False)
        told: list[Any] = []
        for batch in scanner.scan(block([packet], [SECOND])):
            rows_of(iter([batch]))
            for message in messages(batch):
                text = dumps(record(message))
                told += shown([text, *tree(message)])
                # Written from columns, they are the same as one by one.
                assert b"".join(map(bytes, self.json.text(batch))) == f"{text}\n".encode()
                (written,) = b"".join(map(bytes, self.lines.text(batch))).decode().split("\n")[:-1]
                shown([written])
                assert written.endswith(line(message, "")[len(str(message.frame)) + 1 :])
        return told, scanner.counts.tolist()


class Fragments:
    """Fragments in any order, whole or not: five octets are one of them.

    They say: family, host, whether more follow and whether it is cut; where it begins; how long it is; what is in it;
    and how much later than the one before it came.
    """

    def __call__(self, given: bytes) -> object:
        """Return the messages that they make."""
        packets, times, now = [], [], SECOND
        for at in range(0, len(given) - 4, 5):
            packet, now = self.fragment(*given[at : at + 4]), now + (given[at + 4] ** 3 << 12)
            packets.append(packet)
            times.append(now)
        if not packets:
            return None
        read = Messages(Origin("-", "packet", [Interface(RAW_IP)]), tunnels=True, reassemble=True)
        reassembler = read._mender.reassembler
        found = []
        # Two blocks: what waits for others is not in the block that they come in.
        half = len(packets) // 2
        for first, last in ((0, half), (half, len(packets))):
            if first < last:
                found += rows_of(read.of(block(packets[first:last], times[first:last], first + 1)))
                assert 0 <= reassembler.octets <= MOST_OCTETS
        found += rows_of(read.finish())
        assert (len(reassembler), reassembler.octets) == (0, 0)
        frames = [frame for rows in found for frame in rows["frame"]]
        assert len(frames) == len(set(frames)), frames
        return found, reassembler.unfinished, reassembler.overlapping, reassembler.refused

    def fragment(self, what: int, place: int, size: int, content: int) -> bytes:
        """Return one fragment."""
        more, host, protocol = what >> 1 & 1, what >> 2 & 1, (1, 58, 17, 4, 41, 44, 47, 51)[what >> 3 & 7]
        payload = (bytes([content, 0, 0, 0]) * 64)[: size or 256]
        if what & 1:
            inner = struct.pack(">BBHI", protocol, 0, place << 3 | more, 7)
            packet = ip6((host, 9), inner + payload, 44)
        else:
            packet = ip4((host, 9), payload, protocol, more << 13 | place)
        return packet[: -(size // 2)] if what & 0x80 and size > 1 else packet


class Conversations:
    """Messages between two hosts, one after another: everything that the program makes of their capture.

    An octet stands before each message: who sends it (bit 0), the family (bit 1), how much later (bits 2 to 4) and how
    long it is (bits 5 to 7, by 12 octets).
    """

    def __init__(self) -> None:
        self.writers = pipeline.Writers()

    def __call__(self, given: bytes) -> object:
        """Return rows, texts, answers, written captures and all parts of the summary."""
        pieces, at, now = [PCAP], 0, 1_700_000_000_000_000
        while at < len(given):
            head, size = given[at], 4 + 12 * (given[at] >> 5)
            payload, at = given[at + 1 : at + 1 + size], at + 1 + size
            ends = (1, 2) if head & 1 else (2, 1)
            packet = ip6(ends, payload) if head & 2 else ip4(ends, payload)
            now += (0, 1, 1000, 100_000, 999_999, 1_000_000, 61_000_000, 10_000_000_000)[head >> 2 & 7]
            pieces += [
                struct.pack(
                    "<IIII", now // 1_000_000 & 0xFFFFFFFF, now % 1_000_000, len(packet), len(packet)
                ),
                packet,
            ]
        return pipeline.told("x", b"".join(pieces), self.writers)


class Rings:
    """A block of the ring that Linux shares, of which the octets were changed: the live walker.

    The first four octets say how many packets there are, how much room, how many rows, and what is known of interfaces.
    """

    def __call__(self, given: bytes) -> object:
        """Return what the walker makes of it, which stays within its buffers."""
        head = given[:4].ljust(4, b"\0")
        room, rows = (0, 40, 500, rings.ROOM)[head[1] & 3], 1 + head[2] % rings.ROWS
        forms = [head[3] & 3, head[3] >> 2 & 3, head[3] >> 4 & 3][: 1 + head[3] % 3]
        answer, columns, octets = rings.walked(kernel.walk, given[4:], head[0], (room, rows), forms)
        _, at, _, position, row = answer
        assert 0 <= at <= len(given[4:])
        assert 0 <= position <= room
        assert 0 <= row <= rows
        assert all(
            0 <= start <= position - size
            for start, size in zip(columns[0][:row], columns[1][:row], strict=True)
        )
        return answer, columns, octets
