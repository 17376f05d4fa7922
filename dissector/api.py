"""What a program asks: read a capture, scan it, decode some octets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dissector.decoder import Decoded, decode_message, guess_family
from dissector.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ipaddress import IPv4Address, IPv6Address
    from os import PathLike
    from typing import BinaryIO

    from dissector.capture.stream import Scan
    from dissector.message import Message
    from dissector.registry.model import Family

IPV4_HEADER, IPV6_HEADER = 20, 40
"""Least octets of an IP header (RFC 791, 3.1; RFC 8200, 3)."""
RAW_IP = 101
"""LINKTYPE of packets that begin with their IP header."""


def scan(
    file: str | PathLike[str] | BinaryIO,
    *,
    tunnels: bool = True,
    reassemble: bool = True,
    strict: bool = False,
) -> Scan:
    """Read a capture as batches: NumPy columns of many ICMP messages at a time.

    Args:
        file: a path, ``"-"`` for standard input, or a binary file; pcap, pcapng or snoop, compressed or not.
        tunnels: look into tunnels for the ICMP message.
        reassemble: put IP fragments together; else each packet stands by itself.
        strict: raise at the first damage instead of reading on.

    Returns:
        An iterable of :class:`~dissector.batch.Batch`, in the order of the file; its ``account`` is complete when
        it has been iterated. Memory does not grow with the file.

    Raises:
        UnknownFormatError: it is no capture of a format that is read.
        CaptureError: it cannot be opened.
        TruncatedCaptureError: while iterating, with ``strict``: it is damaged.
    """
    from dissector.capture.stream import scan as scan_capture

    return scan_capture(file, tunnels=tunnels, reassemble=reassemble, strict=strict)


def read(
    file: str | PathLike[str] | BinaryIO,
    *,
    tunnels: bool = True,
    reassemble: bool = True,
    strict: bool = False,
) -> Iterator[Message]:
    """Read a capture as messages, one after another.

    Args:
        file: as in :func:`scan`, as are the others.
        tunnels: see there.
        reassemble: see there.
        strict: see there.

    Yields:
        Every ICMP message, in the order of the file. A message keeps the batch it came from in memory: keep
        ``message.message`` or ``message.octets`` of those wanted for long.

    Raises:
        CaptureError: as :func:`scan`, when the first message is asked for.
    """
    from dissector.message import messages

    with scan(file, tunnels=tunnels, reassemble=reassemble, strict=strict) as batches:
        for batch in batches:
            yield from messages(batch)


def decode(
    octets: bytes,
    family: Family | None = None,
    *,
    src: IPv4Address | IPv6Address | None = None,
    dst: IPv4Address | IPv6Address | None = None,
) -> Decoded:
    """Read one ICMP message, or the ICMP message in one IP packet.

    Args:
        octets: the message from its type on, or the packet from its IP header on.
        family: which ICMP the message is; without it a packet is recognised by its header, and the family of a
            message is guessed from its checksum and type (see :func:`~dissector.decoder.guess_family`).
        src: source address of the packet the message was in; without both addresses an ICMPv6 checksum is not
            verified.
        dst: destination address of that packet.

    Returns:
        The message; a :class:`~dissector.message.Message` with addresses and path where a packet was given. Octets
        too few for the message are told by its ``malformed``.

    Raises:
        DecodeError: the packet has no ICMP message in it.
    """
    if family is None:
        if is_packet(octets):
            return decode_packet(octets)
        family = guess_family(octets)
    return decode_message(octets, family, src=src, dst=dst)


def is_packet(octets: bytes) -> bool:
    """Return whether octets begin with an IP header; no type 69 to 79 or 96 to 111 of either ICMP is assigned."""
    if not octets:
        return False
    version, words = octets[0] >> 4, octets[0] & 0xF
    if version == 4:  # noqa: PLR2004 - the IP version
        return words * 4 >= IPV4_HEADER and len(octets) >= IPV4_HEADER
    return version == 6 and len(octets) >= IPV6_HEADER  # noqa: PLR2004 - the IP version


def decode_packet(octets: bytes, link_type: int = RAW_IP) -> Message:
    """Read the ICMP message in one packet.

    Args:
        octets: the packet, from its first link-layer octet on.
        link_type: its LINKTYPE number, such as 1 for Ethernet.

    Returns:
        The message; as frame 1 of an interface 0, without a time.

    Raises:
        DecodeError: there is none.
    """
    from dissector.batch import Origin
    from dissector.capture.account import Account
    from dissector.capture.records import NO_TIME, Block, Interface, Records
    from dissector.capture.scanner import Scanner
    from dissector.message import Message

    records = Records(1)
    records.captured[0] = records.original[0] = len(octets)
    records.flags[0] = NO_TIME
    scanner = Scanner(Origin("-", "packet", [Interface(link_type)]), reassemble=False)
    for batch in scanner.scan(Block(bytearray(octets), records, 1, 1, 0)):
        if len(batch):
            return Message.of(batch, 0)
    sentence = f"the packet has no ICMP message in it ({Account.of(scanner).others})"
    raise DecodeError(sentence, layer="packet")
