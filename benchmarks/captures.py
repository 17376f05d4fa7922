"""The captures that speed is measured on; the same arguments give the same octets.

icmp.pcap has ICMP alone: echo requests, nearly all answered, and errors. mixed.pcap has packets of 60 to 1,442 octets,
5 % of them ICMP, the rest TCP and UDP. Both are classic pcap with microseconds, Ethernet and IPv4. The others have the
messages of icmp.pcap in other containers, links and families.
"""

from __future__ import annotations

import struct
import sys
from itertools import count
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from dissector.checksum import internet_checksum

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

START = 1_700_000_000
ICMP_PACKETS, MIXED_PACKETS, VARIANT_PACKETS = 4_000_000, 3_000_000, 400_000
DISTINCT = 200_000
"""Messages that are made; they come again and again."""
FEW, MANY = 1000, 60_000
"""Addresses on either side."""
ETHERNET = bytes.fromhex("020000000001020000000002")
SLL = bytes.fromhex("000000010006020000000001") + b"\0\0"
UDP, TCP = 17, 6


class Packet(NamedTuple):
    """An IP datagram.

    Attributes:
        version: of IP.
        octets: from its header on.
    """

    version: int
    octets: bytes


def ipv4(src: int, dst: int, protocol: int, payload: bytes, ttl: int = 64) -> bytes:
    """Return an IPv4 datagram."""
    head = struct.pack(">BBHHHBBHII", 0x45, 0, 20 + len(payload), 1, 0, ttl, protocol, 0, src, dst)
    return head[:10] + struct.pack(">H", internet_checksum(head)) + head[12:] + payload


def ipv6(src: int, dst: int, protocol: int, payload: bytes, ttl: int = 64) -> bytes:
    """Return an IPv6 datagram."""
    net = 0x20010DB8 << 96
    addresses = (net + src).to_bytes(16) + (net + dst).to_bytes(16)
    return struct.pack(">IHBB", 6 << 28, len(payload), protocol, ttl) + addresses + payload


def message(version: int, ends: tuple[int, int], kind: tuple[int, int], rest: bytes, ttl: int = 64) -> Packet:
    """Return a datagram with an ICMP message; ``rest`` is what follows its checksum."""
    src, dst = ends
    octets = bytes(kind) + b"\0\0" + rest
    if version == 4:  # noqa: PLR2004 - the IP version
        octets = octets[:2] + internet_checksum(octets).to_bytes(2) + rest
        return Packet(4, ipv4(src, dst, 1, octets, ttl))
    pseudo = ipv6(src, dst, 58, b"")[8:40] + struct.pack(">II", len(octets), 58)
    octets = octets[:2] + internet_checksum(pseudo + octets).to_bytes(2) + rest
    return Packet(6, ipv6(src, dst, 58, octets, ttl))


def messages(number: int, hosts: int, version: int = 4) -> list[Packet]:
    """Return messages: a request and its reply follow each other, one in ten is an error."""
    random = Random(1)  # noqa: S311 - the same captures every time
    four = version == 4  # noqa: PLR2004 - the IP version
    ip = ipv4 if four else ipv6
    request, reply, unreachable, exceeded = (8, 0, 3, 11) if four else (128, 129, 1, 3)
    made: list[Packet] = []
    for index in count():
        if len(made) >= number:
            return made[:number]
        src, dst = 0x0A000000 + random.randint(1, hosts), 0xC6120000 + random.randint(1, hosts)
        rest = struct.pack(">HH", index >> 16, index & 0xFFFF) + random.randbytes(56)
        made.append(message(version, (src, dst), (request, 0), rest))
        if index % 50:
            made.append(message(version, (dst, src), (reply, 0), rest, 57))
        if index % 10 == 0:
            quoted = ip(src, dst, UDP, struct.pack(">HHHH", 33434 + index % 30, 53, 48, 0), 1)
            made.append(message(version, (dst, src), (unreachable, index % 7), bytes(4) + quoted))
        if index % 10 == 5:  # noqa: PLR2004 - another one of ten
            quoted = ip(src, dst, TCP, struct.pack(">HHI", 50000, 443, 7), 1)
            made.append(message(version, (dst, src), (exceeded, 0), bytes(4) + quoted))
    return made


def others(number: int, hosts: int) -> list[Packet]:
    """Return TCP and UDP datagrams."""
    random = Random(2)  # noqa: S311 - as above
    sizes = random.choices([26, 80, 200, 576, 1408], [35, 15, 10, 10, 30], k=number)
    return [
        Packet(
            4,
            ipv4(
                0x0A000000 + random.randint(1, hosts),
                0xC6120000 + random.randint(1, hosts),
                TCP if index % 4 else UDP,
                random.randbytes(size),
            ),
        )
        for index, size in enumerate(sizes)
    ]


def ethernet(packet: Packet, tag: bytes = b"") -> bytes:
    """Return a frame."""
    return ETHERNET + tag + (b"\x08\0" if packet.version == 4 else b"\x86\xdd") + packet.octets  # noqa: PLR2004 - of IP


def pcap(
    path: Path, frames: Iterable[bytes], *, order: str = "<", nanoseconds: bool = False, link: int = 1
) -> None:
    """Write a classic pcap, a packet every 25 µs."""
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    record, unit = struct.Struct(f"{order}IIII"), 1000 if nanoseconds else 1
    with path.open("wb", buffering=1 << 22) as out:
        out.write(struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 262144, link))
        for index, frame in enumerate(frames):
            seconds, rest = divmod(25 * index, 1_000_000)
            out.write(record.pack(START + seconds, rest * unit, len(frame), len(frame)) + frame)


def pcapng(path: Path, frames: Iterable[bytes]) -> None:
    """Write a pcapng of one section with one interface."""
    head = struct.Struct("<IIIIIII")
    with path.open("wb", buffering=1 << 22) as out:
        out.write(struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28))
        out.write(struct.pack("<IIHHII", 1, 20, 1, 0, 262144, 20))
        for index, frame in enumerate(frames):
            high, low = divmod(START * 1_000_000 + 25 * index, 1 << 32)
            size = 32 + len(frame) + -len(frame) % 4
            out.write(head.pack(6, size, 0, high, low, len(frame), len(frame)))
            out.write(frame + bytes(-len(frame) % 4) + size.to_bytes(4, "little"))


def again(things: list[bytes], number: int) -> Iterator[bytes]:
    """Yield things over and over, ``number`` of them."""
    for index in range(number):
        yield things[index % len(things)]


def mixture(found: list[bytes], filler: list[bytes], number: int) -> Iterator[bytes]:
    """Yield frames of which one in twenty, at random, is a message."""
    random = Random(3)  # noqa: S311 - as above
    index = 0
    for _ in range(number):
        if random.random() < 0.05:  # noqa: PLR2004 - one in twenty
            yield found[index % len(found)]
            index += 1
        else:
            yield filler[int(random.random() * len(filler))]


def make(folder: Path, scale: float) -> None:
    """Write all captures that are not there yet into a folder.

    Args:
        folder: made if it is not there.
        scale: 1 for captures of 4 and 3 million packets.
    """
    folder.mkdir(parents=True, exist_ok=True)
    distinct = min(DISTINCT, int(ICMP_PACKETS * scale))
    number = int(VARIANT_PACKETS * scale)
    plain = [ethernet(packet) for packet in messages(distinct, FEW)]
    many = [ethernet(packet) for packet in messages(distinct, MANY)]
    filler = [ethernet(packet) for packet in others(4000, FEW)]
    tagged = [ethernet(packet, b"\x81\0\0\x0c") for packet in messages(min(distinct, number), FEW)]
    six = [ethernet(packet) for packet in messages(min(distinct, number), FEW, 6)]
    cooked = [SLL + frame[12:] for frame in plain[:number]]
    captures: dict[str, Callable[[Path], None]] = {
        "icmp": lambda path: pcap(path, again(plain, int(ICMP_PACKETS * scale))),
        "hosts": lambda path: pcap(path, again(many, int(ICMP_PACKETS * scale))),
        "mixed": lambda path: pcap(path, mixture(plain, filler, int(MIXED_PACKETS * scale))),
        "ten": lambda path: pcap(path, plain[:10]),
        "plain": lambda path: pcap(path, again(plain, number)),
        "pcapng": lambda path: pcapng(path, again(plain, number)),
        "nanoseconds": lambda path: pcap(path, again(plain, number), nanoseconds=True),
        "big-endian": lambda path: pcap(path, again(plain, number), order=">"),
        "vlan": lambda path: pcap(path, again(tagged, number)),
        "ipv6": lambda path: pcap(path, again(six, number)),
        "cooked": lambda path: pcap(path, again(cooked, number), link=113),
    }
    for name, write in captures.items():
        path = folder / f"{name}.pcap"
        if not path.exists():
            unfinished = path.with_suffix(".part")
            write(unfinished)
            unfinished.rename(path)


if __name__ == "__main__":
    make(Path(sys.argv[1]), float(sys.argv[2]))
