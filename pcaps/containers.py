"""Capture files: pcap and pcapng in both byte orders, with dpkt's headers and blocks where it has them.

dpkt has no simple, obsolete, custom or unknown blocks; they are made here (draft-ietf-opsawg-pcapng, section 4).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from dpkt import pcap, pcapng  # type: ignore[import-untyped]  # dpkt has no types

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SECOND = 1_000_000_000
SNAPLEN = 262_144
COMMENT, NAME, DESCRIPTION, RESOLUTION, OFFSET = 1, 2, 3, 9, 14
"""Options of pcapng blocks."""

SIMPLE, PACKET, CUSTOM = 3, 2, 0xBAD
BINARY = 0x80
EXAMPLE_NUMBER = 32473
"""The Private Enterprise Number for documentation (RFC 5612)."""


class Frame(NamedTuple):
    """One captured packet.

    Attributes:
        time_ns: nanoseconds since 1970.
        octets: what was captured.
        original: octets that it had on the wire; None if that is all of them.
    """

    time_ns: int
    octets: bytes
    original: int | None = None

    @property
    def length(self) -> int:
        """Octets that it had on the wire."""
        return len(self.octets) if self.original is None else self.original


def pcap_file(  # noqa: PLR0913 - all but the frames is what the file header says
    frames: Iterable[Frame],
    link_type: int = 1,
    *,
    big: bool = False,
    nanoseconds: bool = False,
    modified: bool = False,
    snaplen: int = SNAPLEN,
) -> bytes:
    """Return a classic pcap.

    Args:
        frames: its packets.
        link_type: what each begins with.
        big: whether its numbers are big-endian.
        nanoseconds: whether its times are in nanoseconds, not microseconds.
        modified: whether each packet's header has the eight octets of the modified variant.
        snaplen: what its header says that was captured at most.
    """
    magic = pcap.TCPDUMP_MAGIC_NANO if nanoseconds else pcap.TCPDUMP_MAGIC
    magic = pcap.MODPCAP_MAGIC if modified else magic
    mark = "" if big else "LE"
    packet_header = getattr(pcap, f"{mark}PktModHdr" if modified else f"{mark}PktHdr")
    file_header = getattr(pcap, f"{mark}FileHdr")
    out = [bytes(file_header(magic=magic, linktype=link_type, snaplen=snaplen))]
    for frame in frames:
        seconds, fraction = divmod(frame.time_ns, SECOND)
        fraction //= 1 if nanoseconds else 1000
        header = packet_header(tv_sec=seconds, tv_usec=fraction, caplen=len(frame.octets), len=frame.length)
        out.append(bytes(header) + frame.octets)
    return b"".join(out)


class Section:
    """A pcapng section, block by block.

    Args:
        big: whether its numbers are big-endian.
        options: options of its header, by number.
    """

    def __init__(self, *, big: bool = False, options: Mapping[int, bytes] | None = None) -> None:
        self.order = ">" if big else "<"
        self.suffix = "" if big else "LE"
        self.units: list[int] = []
        self.offsets: list[int] = []
        self.blocks = [self._made("SectionHeaderBlock", options or {})]

    def _made(self, name: str, options: Mapping[int, bytes], **fields: int | bytes) -> bytes:
        """Return a block of dpkt's."""
        option = getattr(pcapng, f"PcapngOption{self.suffix}")
        all_of_them = [option(code=code, data=data) for code, data in options.items()]
        ended = [*all_of_them, option()] if all_of_them else []
        return bytes(getattr(pcapng, f"{name}{self.suffix}")(opts=ended, **fields))

    def raw(self, kind: int, body: bytes) -> Section:
        """Add a block of any type."""
        body = body.ljust(-(-len(body) // 4) * 4, b"\0")
        length = len(body) + 12
        numbers = struct.pack(f"{self.order}I", length)
        self.blocks.append(struct.pack(f"{self.order}I", kind) + numbers + body + numbers)
        return self

    def interface(  # noqa: PLR0913 - each is a field or an option of the block
        self,
        link_type: int,
        name: str,
        *,
        resolution: int = 6,
        offset: int = 0,
        snaplen: int = SNAPLEN,
        description: str = "",
    ) -> Section:
        """Describe an interface.

        Args:
            link_type: what its packets begin with.
            name: its name.
            resolution: its times are in units of 10**-resolution seconds; of 2**-n for 128 + n.
            offset: seconds that its times lack.
            snaplen: octets that are captured of a packet at most.
            description: what it is.
        """
        options = {NAME: name.encode()}
        if description:
            options[DESCRIPTION] = description.encode()
        options[RESOLUTION] = bytes([resolution])
        if offset:
            options[OFFSET] = struct.pack(f"{self.order}q", offset)
        self.units.append(1 << resolution - BINARY if resolution & BINARY else 10**resolution)
        self.offsets.append(offset)
        block = self._made("InterfaceDescriptionBlock", options, linktype=link_type, snaplen=snaplen)
        self.blocks.append(block)
        return self

    def _ticks(self, frame: Frame, interface: int) -> tuple[int, int]:
        """Return the time of a frame in an interface's units, in two halves."""
        elapsed = frame.time_ns - self.offsets[interface] * SECOND
        ticks = elapsed * self.units[interface] // SECOND
        return ticks >> 32, ticks & 0xFFFFFFFF

    def enhanced(self, frame: Frame, interface: int = 0, comment: str = "") -> Section:
        """Add an enhanced packet block."""
        high, low = self._ticks(frame, interface)
        block = self._made(
            "EnhancedPacketBlock",
            {COMMENT: comment.encode()} if comment else {},
            iface_id=interface,
            ts_high=high,
            ts_low=low,
            pkt_data=frame.octets,
        )
        # dpkt writes the captured length for the original one too.
        self.blocks.append(block[:24] + struct.pack(f"{self.order}I", frame.length) + block[28:])
        return self

    def simple(self, frame: Frame) -> Section:
        """Add a simple packet block: of the first interface, without a time."""
        return self.raw(SIMPLE, struct.pack(f"{self.order}I", frame.length) + frame.octets)

    def obsolete(self, frame: Frame, interface: int = 0) -> Section:
        """Add a packet block, which the enhanced one replaced."""
        high, low = self._ticks(frame, interface)
        numbers = (interface, 0xFFFF, high, low, len(frame.octets), frame.length)
        return self.raw(PACKET, struct.pack(f"{self.order}HHIIII", *numbers) + frame.octets)

    def custom(self, data: bytes) -> Section:
        """Add a custom block."""
        return self.raw(CUSTOM, struct.pack(f"{self.order}I", EXAMPLE_NUMBER) + data)

    def __bytes__(self) -> bytes:
        """Return the octets."""
        return b"".join(self.blocks)
