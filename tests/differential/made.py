"""A capture of messages of every type with the same octets again and again: what two of our own ways are held to."""

from __future__ import annotations

import random
import struct
from io import BytesIO
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from dissector.checksum import internet_checksum, pseudo_header

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDS = {
    4: (IPv4Address("192.0.2.1"), IPv4Address("198.51.100.7")),
    6: (IPv6Address("2001:db8::1"), IPv6Address("fe80::2:0:3")),
}
MAPPED = (IPv6Address("::ffff:192.0.2.1"), IPv6Address("::"))
CODES = (0, 1, 4)
LENGTHS = (0, 1, 4, 8, 12, 16, 20, 24, 28, 36, 60)
QUOTED = (
    bytes.fromhex("4500003412344000011100000a000001c0000201") + bytes.fromhex("1b39829a00200000") + bytes(24)
)
"""A UDP datagram."""
STRUCTURE = bytes.fromhex("2000dcf4000803020000000120000000")
"""An extension structure: one Interface Identification Object, and octets of a probe after it."""
RAW_IP = 101
PROTOCOLS = {4: 1, 6: 58}


def bodies(chance: random.Random) -> Iterator[bytes]:
    """Yield what may follow the first four octets of a message."""
    for length in LENGTHS:
        yield bytes(length)
        yield chance.randbytes(length)
        yield bytes(length // 2) + chance.randbytes(length - length // 2)
    yield bytes(4) + QUOTED
    yield bytes((0, 8, 5, 120)) + QUOTED
    yield bytes(4) + QUOTED[:21]
    yield bytes(4) + STRUCTURE[:12]
    yield bytes(4) + STRUCTURE
    yield bytes(4) + b"\x60" + bytes(5) + bytes((17, 3)) + MAPPED[0].packed + MAPPED[1].packed + QUOTED[20:]


def packet(version: int, kind: int, code: int, body: bytes, *, odd: bool) -> bytes:
    """Return an IP packet with a message whose checksum is right."""
    source, destination = MAPPED if odd and version == 6 else ENDS[version]
    bare = bytes((kind, code, 0, 0)) + body
    summed = bare if version == 4 else pseudo_header(source, destination, len(bare)) + bare
    message = bare[:2] + internet_checksum(summed).to_bytes(2) + body
    if version == 4:
        header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(message), 7, 0, 64, PROTOCOLS[4], 0)
    else:
        header = struct.pack(">IHBB", 6 << 28, len(message), PROTOCOLS[6], 255)
    return header + source.packed + destination.packed + message


def capture(seed: int = 1) -> BytesIO:
    """Return a pcap file of messages of all types of both families."""
    chance = random.Random(seed)
    file = BytesIO()
    file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, RAW_IP))
    count = 0
    for version in (4, 6):
        for kind in range(256):
            for code in CODES:
                for body in bodies(chance):
                    count += 1
                    octets = packet(version, kind, code, body, odd=not count % 7)
                    file.write(struct.pack("<IIII", 1_700_000_000 + count, count, len(octets), len(octets)))
                    file.write(octets)
    file.seek(0)
    return file
