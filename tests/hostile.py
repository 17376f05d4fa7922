"""Captures and messages that are made to take for ever or to fill the memory; each by a size ``n``."""

from __future__ import annotations

import struct

from dissector.checksum import internet_checksum

ETHERNET = b"\2" * 12
PCAP = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
SNOOP = b"snoop\0\0\0" + struct.pack(">II", 2, 4)


def ip4(payload: bytes, protocol: int = 1, *, number: int = 1, word: int = 0) -> bytes:
    """Return a frame with an IPv4 datagram; ``word`` is what says whether it is a fragment."""
    size, host = 20 + len(payload), number >> 16
    header = struct.pack(">BBHHHBBH", 0x45, 0, size, number & 0xFFFF, word, 64, protocol, 0)
    return ETHERNET + b"\x08\0" + header + bytes((10, 0, 0, 1, 10, 0, host, 2)) + payload


def message(kind: int, code: int = 0, body: bytes = bytes(4)) -> bytes:
    """Return an ICMPv4 message with its checksum."""
    octets = struct.pack(">BBH", kind, code, 0) + body
    return octets[:2] + internet_checksum(octets).to_bytes(2) + octets[4:]


PING = ip4(message(8, body=bytes(40)))


def tagged(number: int) -> bytes:
    """Return a ping within two VLANs, others for each number."""
    tags = (b"\x81\0" + tag.to_bytes(2) for tag in (number % 4096, number // 4096))
    return ETHERNET + b"".join(tags) + PING[12:]


def record(frame: bytes, size: int | None = None) -> bytes:
    """Return a packet of a pcap; ``size`` is what it claims."""
    claimed = len(frame) if size is None else size
    return struct.pack("<IIII", 1, 1, claimed, claimed) + frame


def block(kind: int, body: bytes, size: int | None = None) -> bytes:
    """Return a block of a pcapng; ``size`` is what it claims."""
    body += bytes(-len(body) % 4)
    length = struct.pack("<I", 12 + len(body) if size is None else size)
    return struct.pack("<I", kind) + length + body + length


def interface(options: bytes = b"", link: int = 1) -> bytes:
    """Return an interface description."""
    return block(1, struct.pack("<HHI", link, 0, 0) + options)


def named(number: int) -> bytes:
    """Return an interface description with texts as long as they are kept, each character of four octets."""
    text = f"{number:08x}{'n' * 240}\N{GRINNING FACE}".encode()
    return interface(b"".join(struct.pack("<HH", code, len(text)) + text for code in (2, 3)))


def packet(frame: bytes, number: int = 0) -> bytes:
    """Return an enhanced packet block."""
    return block(6, struct.pack("<IIIII", number, 0, 5, len(frame), len(frame)) + frame)


SECTION = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))


def each_in_its_section(frames: list[bytes]) -> bytes:
    """Return a capture in which each packet comes alone: what is done for a block is done for each."""
    return b"".join(SECTION + interface() + packet(frame) for frame in frames)


def nested(depth: int) -> bytes:
    """Return a ping within so many IPv4 headers."""
    inner = message(8, body=bytes(40))
    for level in range(depth):
        inner = ip4(inner, 4 if level else 1)[14:]
    return ETHERNET + b"\x08\0" + inner


CAPTURES = {
    "interfaces": lambda n: SECTION + n * (interface() + packet(PING)),
    "interfaces-without-packets": lambda n: SECTION + n * 40 * interface() + packet(PING),
    "sections": lambda n: each_in_its_section(n * [PING]),
    "paths": lambda n: each_in_its_section([tagged(number) for number in range(n)]),
    "kinds": lambda n: each_in_its_section([ip4(message(kind >> 8, kind & 255)) for kind in range(n)]),
    "tiny-fragments": lambda n: (
        PCAP
        + b"".join(
            record(ip4(bytes(8), number=place // 2000, word=0x2000 | place % 2000)) for place in range(8 * n)
        )
    ),
    "one-octet-fragments": lambda n: (
        PCAP + b"".join(record(ip4(b"x", number=place, word=1 + place % 8000)) for place in range(8 * n))
    ),
    "first-fragments": lambda n: (
        PCAP + b"".join(record(ip4(message(8), number=number, word=0x2000)) for number in range(2 * n))
    ),
    "empty-blocks": lambda n: SECTION + interface() + n * 1000 * block(99, b"") + packet(PING),
    "empty-options": lambda n: SECTION + interface(n * 400 * struct.pack("<HH", 1, 0)) + packet(PING),
    "claims": lambda n: PCAP + n * 4 * (record(PING) + record(b"", 0xFFFFFFFF) + bytes(20)),
    "tunnels": lambda n: PCAP + n * 4 * record(nested(50)),
}
"""Captures that grow with ``n``; a hundred take some milliseconds."""

MESSAGES = {
    "extension objects": (
        4,
        lambda n: message(11, body=b"\0\x20\0\0" + bytes(128) + structure(n // 4 * b"\0\4\xfe\1")),
    ),
    "labels": (4, lambda n: message(11, body=b"\0\x20\0\0" + bytes(128) + structure(stacks(n)))),
    "options": (6, lambda n: struct.pack(">BBHI", 133, 0, 0, 0) + n // 8 * (b"\xfd\1" + bytes(6))),
    "options of no length": (6, lambda n: struct.pack(">BBHI", 133, 0, 0, 0) + bytes(n)),
    "records": (
        6,
        lambda n: struct.pack(">BBHHH", 143, 0, 0, 0, 65535) + n // 20 * (b"\1\0\0\0\xff\2" + bytes(14)),
    ),
    "sources": (6, lambda n: struct.pack(">BBHHH", 143, 0, 0, 0, 65535) + b"\1\0\xff\xff" + bytes(n)),
    "routers": (4, lambda n: message(9, body=b"\xff\2\0\0" + bytes(n))),
    "names": (4, lambda n: message(38, body=bytes(8) + n // 4 * b"\1a\0\0")),
    "RPL options": (6, lambda n: struct.pack(">BBH", 155, 0, 0) + n * b"\0"),
}
"""Family and octets of messages that grow with ``n``."""


def structure(objects: bytes) -> bytes:
    """Return an extension structure (RFC 4884, 7) with its checksum."""
    head = b"\x20\0\0\0"
    return head[:2] + internet_checksum(head + objects).to_bytes(2) + objects


def stacks(count: int) -> bytes:
    """Return MPLS label stacks (RFC 4950) of so many octets."""
    size = 60000
    return b"".join(struct.pack(">HBB", size, 1, 1) + bytes(size - 4) for _ in range(max(count // size, 1)))


NAMES = {
    "each points to the one before": b"\0"
    + b"".join((0xC000 | (12 if number == 0 else 11 + 2 * number)).to_bytes(2) for number in range(8000)),
    "all point to a long one": 126 * b"\1a" + b"\0" + 30_000 * b"\xc0\x0c",
    "two point at each other": b"\xc0\x0e\xc0\x0c" * 10_000,
}
"""Names as a Domain Name Reply has them from its octet 12 on (RFC 1788)."""
