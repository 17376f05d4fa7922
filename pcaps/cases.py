"""The captures of special cases: fragments, extensions, odd containers, damage, short and hostile messages."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any

from containers import Frame, Section, pcap_file
from frames import ICMP, ICMPV6, datagram, ethernet, framed, header
from model import HOST, HOST6, MILLISECOND, PAUSE, ROUTER, SERVER, SERVER6, Example
from objects import labels, node
from quotes import TCP, TRACE, ipv4, tcp

from dissector.messages.echo import Echo
from dissector.messages.errors import TimeExceeded
from dissector.tails.extensions import Extensions
from dissector.tails.quoted import Quote, extended

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scapy.packet import Packet

    from dissector.messages.base import IcmpMessage

START = 1_704_110_400_000_000_000
"""2024-01-01 12:00:00 UTC, when all captures begin."""

PING = bytes(range(0x10, 0x38))
REQUEST = Example("a ping", Echo(type=8, identifier=1, sequence=1, data=PING), HOST, SERVER)
REQUEST6 = Example("a ping", Echo(type=128, identifier=1, sequence=1, data=PING), HOST6, SERVER6)


def clock(frames: Iterable[bytes], step: int = PAUSE) -> list[Frame]:
    """Return frames at regular times."""
    return [Frame(START + index * step, octets) for index, octets in enumerate(frames)]


def pings(count: int) -> list[Frame]:
    """Return echo requests and their replies in Ethernet, an exchange a second."""
    frames = []
    for number in range(count):
        sequence, answer = divmod(number, 2)
        message = Echo(type=0 if answer else 8, identifier=1, sequence=sequence + 1, data=PING)
        src, dst = (SERVER, HOST) if answer else (HOST, SERVER)
        time = START + sequence * 10 * PAUSE + answer * 12 * MILLISECOND + number * 1001
        frames.append(Frame(time, ethernet(Example("", message, src, dst), number + 1)))
    return frames


# --- fragments --------------------------------------------------------------------------------------------------

FRAGMENTED = bytes(index % 251 for index in range(120))
"""Data of a fragmented echo request: 128 octets with the header, in pieces of 48."""
IN_ORDER = ((0, 48), (48, 96), (96, 128))
OUT_OF_ORDER = ((96, 128), (0, 48), (48, 96))
OVERLAPPING = ((0, 56), (48, 96), (88, 128))
INCOMPLETE = ((0, 48), (96, 128))


def pieces(example: Example, spans: Iterable[tuple[int, int]], number: int) -> Iterator[bytes]:
    """Yield fragments of an example's datagram as Ethernet frames; ``number`` is its identification."""
    from scapy.layers.inet import IP
    from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment
    from scapy.packet import Raw

    message = example.octets
    ends: dict[str, Any] = {"src": str(example.src), "dst": str(example.dst)}
    for begin, end in spans:
        more = int(end < len(message))
        if isinstance(example.src, IPv4Address):
            whole: Packet = IP(id=number, flags=more, frag=begin // 8, proto=ICMP, **ends)
        else:
            piece = IPv6ExtHdrFragment(nh=ICMPV6, offset=begin // 8, m=more, id=number)
            whole = IPv6(**ends) / piece
        yield framed(whole / Raw(message[begin:end]), example.src, example.dst)


def fragments() -> bytes:
    """Return the capture of fragmented echo requests, ICMPv4 and ICMPv6 by turns."""
    frames: list[bytes] = []
    for number, spans in enumerate((IN_ORDER, OUT_OF_ORDER, OVERLAPPING, INCOMPLETE), 1):
        for example in (REQUEST, REQUEST6):
            message = example.message.replace(sequence=number, data=FRAGMENTED)
            frames += pieces(example._replace(message=message), spans, number)
    return pcap_file(clock(frames, MILLISECOND))


# --- extensions -------------------------------------------------------------------------------------------------

LONG = ipv4(tcp(443, data=bytes(range(160)) + bytes(range(116))), TCP, total_length=1500)
"""A datagram of 1500 octets, of which 316 are here."""
TWO_LABELS = Extensions.of(labels(16004, 24001))


def located() -> Iterator[tuple[str, IcmpMessage]]:
    """Yield errors whose extensions stand in all places where senders put them."""
    base = TimeExceeded(type=11)

    def quoting(octets: bytes, length: int, structure: Extensions | None = TWO_LABELS) -> IcmpMessage:
        quote = Quote(*Quote.of(octets)[:2], structure)
        return base.replace(original_length=length, quote=quote)

    yield "t1: length is 32 words, the quoted header says 1500 octets", quoting(LONG[:128], 128)
    yield "t2: length is 0, the structure follows 128 octets, as before RFC 4884", quoting(LONG[:128], 0)
    yield "t3: length is 50 words", quoting(LONG[:200], 200)
    padded = TRACE.ljust(128, b"\0")
    yield "t4: a datagram of 60 octets, padded", quoting(padded, 128)
    yield "t5: length is that without padding, the structure follows 128 octets", quoting(padded, 60)
    named = extended(base.replace(quote=Quote.of(TRACE)), node("r1-core", ROUTER))
    yield "t6: the node's identification", named
    one = Extensions.of(labels(16004))
    yield "t25: length is 128, octets instead of words", quoting(LONG[:128], 512, one)
    yield "t2.6: 300 octets are quoted, no structure follows", quoting(LONG[:300], 0, None)
    wrong = TWO_LABELS.replace(checksum=TWO_LABELS.checksum ^ 0x0FF0)
    yield "t2.5: the structure's checksum is wrong", quoting(LONG[:128], 128, wrong)


def extensions() -> bytes:
    """Return the capture of extensions that other tools do not find."""
    frames = [ethernet(Example(about, message, ROUTER, HOST)) for about, message in located()]
    return pcap_file(clock(frames))


# --- containers -------------------------------------------------------------------------------------------------


def sections() -> bytes:
    """Return a pcapng of two sections in different byte orders, with every kind of packet block."""
    frames = pings(12)
    raw = [Frame(frame.time_ns, bytes(datagram(REQUEST))) for frame in frames]
    cut = Frame(frames[3].time_ns, frames[3].octets[:50], len(frames[3].octets))
    little = Section(options={4: b"pcaps/make.py"})
    little.interface(1, "eth0", snaplen=50, description="microseconds")
    little.interface(
        101, "tun0", resolution=9, offset=1_700_000_000, description="nanoseconds, with an offset"
    )
    little.enhanced(frames[0]._replace(octets=frames[0].octets[:50], original=len(frames[0].octets)))
    little.enhanced(raw[1], 1, "raw IP").custom(b"custom").simple(cut)
    little.raw(0x0C0FFEE0, b"a block that nobody knows").obsolete(raw[4], 1)
    big = Section(big=True)
    big.interface(1, "en0", resolution=3, description="milliseconds")
    big.interface(101, "utun0", resolution=0x80 | 20, description="2**-20 seconds")
    big.enhanced(frames[5]).custom(b"custom").enhanced(raw[6], 1)
    big.raw(0x0C0FFEE0, b"a block that nobody knows").simple(frames[7]).obsolete(frames[8])
    # An interface may be described after the first packets (section 4.2).
    big.interface(1, "en1", resolution=9, description="described late").enhanced(frames[9], 2)
    return bytes(little) + bytes(big)


NOISE = bytes.fromhex("5a c3 0f 96 69 f0 3c a5") * 5
"""Octets that are no packet header."""


def damaged() -> bytes:
    """Return a pcap with rubbish between two packets, and a last packet that is cut."""
    whole = pcap_file(pings(10))
    rubbish_at = len(pcap_file(pings(4)))
    return whole[:rubbish_at] + NOISE + whole[rubbish_at:-30]


# --- what is too short ------------------------------------------------------------------------------------------

SHORTEST = 8
"""Octets that every ICMP message has (RFC 792)."""


def short() -> bytes:
    """Return messages of 0 to 7 octets, then one that the capture cut after each of its first octets."""
    from scapy.packet import Raw

    frames = []
    for example in (REQUEST, REQUEST6):
        for length in range(SHORTEST):
            packet = header(example) / Raw(example.octets[:length])
            frames.append(framed(packet, example.src, example.dst))
    captured = clock(frames)
    error = Example("", extended(TimeExceeded(type=11, quote=Quote.of(TRACE)), labels(16004)), ROUTER, HOST)
    whole = ethernet(error)
    message_at = len(whole) - len(error.octets)
    for length in (*range(0, 12, 2), 20, 36, 64, 128, 140, len(error.octets)):
        time = captured[-1].time_ns + PAUSE
        captured.append(Frame(time, whole[: message_at + length], len(whole)))
    return pcap_file(captured, snaplen=len(whole))
