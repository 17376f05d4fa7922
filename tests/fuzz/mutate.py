"""Mutants of captures: what damage makes of them, and what somebody makes of them who means harm.

Mutants depend on nothing but the capture, its name and a number: the same ones come in each run.
"""

from __future__ import annotations

import random
import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ODD = (
    0,
    1,
    3,
    4,
    7,
    8,
    11,
    12,
    16,
    20,
    28,
    40,
    0x7F,
    0x80,
    0xFF,
    0xFFFF,
    262144,
    262145,
    0x7FFFFFFF,
    0x80000000,
)
"""Numbers at which something begins or ends, or nearly."""
MAGICS = {
    b"\xd4\xc3\xb2\xa1": "<",
    b"\xa1\xb2\xc3\xd4": ">",
    b"\x4d\x3c\xb2\xa1": "<",
    b"\xa1\xb2\x3c\x4d": ">",
}
SECTION = b"\x0a\x0d\x0d\x0a"
FILE_HEADER, RECORD_HEADER, SMALLEST_BLOCK = 24, 16, 12
MOST = 1 << 16
"""Octets of a stretch that is doubled or taken out, at most."""


class Places(NamedTuple):
    """Where the whole numbers of a capture's container are.

    Attributes:
        order: their byte order, as ``struct`` has it.
        starts: where records or blocks begin.
        lengths: where the 32-bit numbers are that say how long something is.
        packets: begin and end of the packets, as far as that is easily told.
    """

    order: str
    starts: list[int]
    lengths: list[int]
    packets: list[tuple[int, int]]


def places(octets: bytes) -> Places:
    """Return what can be told of a pcap or pcapng without reading it as the project does; nothing of another file."""
    if octets[:4] in MAGICS:
        return _records(octets, MAGICS[octets[:4]])
    if octets[:4] == SECTION:
        return _blocks(octets, "<" if octets[8:12] == b"\x4d\x3c\x2b\x1a" else ">")
    return Places("<", [], [], [])


def _records(octets: bytes, order: str) -> Places:
    found = Places(order, [], [], [])
    at = FILE_HEADER
    while at + RECORD_HEADER <= len(octets):
        (size,) = struct.unpack_from(f"{order}I", octets, at + 8)
        if at + RECORD_HEADER + size > len(octets):
            break
        found.starts.append(at)
        found.lengths.extend((at + 8, at + 12))
        found.packets.append((at + RECORD_HEADER, at + RECORD_HEADER + size))
        at += RECORD_HEADER + size
    return found


def _blocks(octets: bytes, order: str) -> Places:
    found = Places(order, [], [], [])
    at = 0
    while at + SMALLEST_BLOCK <= len(octets):
        kind, size = struct.unpack_from(f"{order}II", octets, at)
        if size < SMALLEST_BLOCK or at + size > len(octets):
            break
        found.starts.append(at)
        found.lengths.extend((at + 4, at + size - 4))
        if kind == 6 and size >= 32:  # Enhanced Packet Block
            found.lengths.extend((at + 8, at + 20, at + 24))
            found.packets.append((at + 28, at + size - 4))
        at += size + -size % 4
    return found


def _bits(octets: bytes, _: Places, rng: random.Random) -> bytes:
    """Flip some bits."""
    made = bytearray(octets)
    for _number in range(1 << rng.randrange(6)):
        made[rng.randrange(len(made))] ^= 1 << rng.randrange(8)
    return bytes(made)


def _packet_bits(octets: bytes, known: Places, rng: random.Random) -> bytes:
    """Flip bits within packets alone, mostly in the headers, so that the container stays whole."""
    made = bytearray(octets)
    for _number in range(4 + len(known.packets) // 4 if known.packets else 0):
        begin, end = rng.choice(known.packets)
        if begin < end:
            made[rng.randrange(begin, min(end, begin + 1 + rng.randrange(96)))] ^= 1 << rng.randrange(8)
    return bytes(made)


def _packet_numbers(octets: bytes, known: Places, rng: random.Random) -> bytes:
    """Put odd numbers of one, two or four octets into packets: their own length fields are among these."""
    made = bytearray(octets)
    for _number in range(4 + len(known.packets) // 4 if known.packets else 0):
        begin, end = rng.choice(known.packets)
        size = rng.choice((1, 2, 4))
        if end - begin >= size:
            at = rng.randrange(begin, min(end - size, begin + 96) + 1)
            made[at : at + size] = (rng.choice(ODD) & (1 << 8 * size) - 1).to_bytes(size, "big")
    return bytes(made)


def _cut(octets: bytes, _: Places, rng: random.Random) -> bytes:
    """Cut the file anywhere."""
    return octets[: rng.randrange(len(octets))]


def _short_packets(octets: bytes, known: Places, rng: random.Random) -> bytes:
    """Cut packets, each at its own place, with the headers that a capture with a small snapshot length has."""
    if octets[:4] not in MAGICS:
        return _cut(octets, known, rng)
    pieces = [octets[:FILE_HEADER]]
    for begin, end in known.packets:
        kept = rng.randrange(min(end - begin, 128) + 1)
        header = bytearray(octets[begin - RECORD_HEADER : begin])
        struct.pack_into(f"{known.order}I", header, 8, kept)
        pieces += [bytes(header), octets[begin : begin + kept]]
    return b"".join(pieces)


def _lengths(octets: bytes, known: Places, rng: random.Random) -> bytes:
    """Change some of the container's length fields: a little, or to an odd number."""
    made = bytearray(octets)
    for at in rng.sample(known.lengths, min(len(known.lengths), 1 << rng.randrange(3))):
        (value,) = struct.unpack_from(f"{known.order}I", made, at)
        value = rng.choice((*ODD, value + 1, value - 1, value + 4, value * 2, value + 0x10000))
        struct.pack_into(f"{known.order}I", made, at, value & 0xFFFFFFFF)
    return bytes(made)


def _swapped(octets: bytes, known: Places, rng: random.Random) -> bytes:
    """Turn round the words of the file's header, or of some records' headers, so that the byte order is another."""
    made = bytearray(octets)
    starts = rng.sample(known.starts, min(len(known.starts), rng.randrange(3)))
    for start, words in ((0, 6), *((start, 4) for start in starts)):
        for at in range(start, min(start + 4 * words, len(made) - 3), 4):
            made[at : at + 4] = made[at : at + 4][::-1]
    return bytes(made)


def _stretch(octets: bytes, known: Places, rng: random.Random) -> tuple[int, int]:
    """Return a stretch: whole records, or any octets."""
    if len(known.starts) > 1 and rng.randrange(2):
        first = rng.randrange(len(known.starts) - 1)
        last = min(first + 1 + rng.randrange(8), len(known.starts) - 1)
        return known.starts[first], known.starts[last]
    begin = rng.randrange(len(octets))
    return begin, min(len(octets), begin + 1 + rng.randrange(MOST))


def _doubled(octets: bytes, known: Places, rng: random.Random) -> bytes:
    """Put a stretch there twice."""
    begin, end = _stretch(octets, known, rng)
    to = rng.choice(known.starts) if known.starts and rng.randrange(2) else rng.randrange(len(octets))
    return octets[:to] + octets[begin:end] + octets[to:]


def _removed(octets: bytes, known: Places, rng: random.Random) -> bytes:
    """Take a stretch out."""
    begin, end = _stretch(octets, known, rng)
    return octets[:begin] + octets[end:]


def _filled(octets: bytes, known: Places, rng: random.Random) -> bytes:
    """Put zeros, ones or noise over a stretch."""
    begin, end = _stretch(octets, known, rng)
    end = min(end, begin + 512)
    filling = rng.choice((bytes(end - begin), b"\xff" * (end - begin), rng.randbytes(end - begin)))
    return octets[:begin] + filling + octets[end:]


KINDS: dict[str, Callable[[bytes, Places, random.Random], bytes]] = {
    "bits": _bits,
    "packet-bits": _packet_bits,
    "packet-numbers": _packet_numbers,
    "cut": _cut,
    "short-packets": _short_packets,
    "lengths": _lengths,
    "swapped": _swapped,
    "doubled": _doubled,
    "removed": _removed,
    "filled": _filled,
}
"""What is done to a capture, by name."""


def mutants(name: str, octets: bytes, first: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield mutants of a capture with their names; number ``n`` is always the same one.

    Args:
        name: of the capture.
        octets: what is in it.
        first: number of the first mutant.
        count: how many.
    """
    if not octets:
        return
    known = places(octets)
    kinds = list(KINDS)
    for number in range(first, first + count):
        rng = random.Random(f"{name} {number}")
        # The name decides where the round begins, so that few mutants of many captures are of all kinds.
        kind = kinds[(sum(name.encode()) + number) % len(kinds)]
        yield f"{name}#{number}-{kind}", KINDS[kind](octets, known, rng)
