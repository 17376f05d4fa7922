"""Snoop (RFC 1761), as Solaris and Shomiti's Surveyor write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dissector.capture.pcap import Layout, RecordsReader
from dissector.capture.records import Interface
from dissector.capture.window import LARGEST_PACKET
from dissector.errors import CaptureError

if TYPE_CHECKING:
    from dissector.capture.source import Source

MAGIC = b"snoop\0\0\0"
_HEADER = 16
_VERSIONS = range(2, 6)  # 2 is RFC 1761's; 3 to 5 are Surveyor's, which differ in the padding only
_LAYOUT = Layout(
    header=24,
    seconds=16,
    fraction=20,
    captured=4,
    original=0,
    length=8,
    big=1,
    scale=1000,
    limit=LARGEST_PACKET,
)
# RFC 1761 section 3 and Solaris' <sys/dlpi.h>, as LINKTYPE numbers. What is not here has none.
_LINKS = {0: 1, 2: 6, 4: 1, 8: 10, 9: 0, 14: 0, 16: 122, 18: 123, 0x80000005: 226}
# Surveyor gives 10 to 19 another meaning: faster Ethernets, and token rings.
_SURVEYOR_LINKS = {0: 1, 2: 6, 4: 1, 8: 10, 10: 1, 11: 6, 12: 1, 13: 6, 14: 6, 19: 1}
_SURVEYOR_TRAILER = 16


class SnoopReader(RecordsReader):
    """Read a snoop file."""

    format = "snoop"


def open_snoop(source: Source, *, strict: bool) -> SnoopReader:
    """Read a snoop file.

    Raises:
        CaptureError: the file ends in its header, or is of an unknown version.
    """
    head = source.peek(_HEADER)
    if len(head) < _HEADER:
        message = f"{source.name} ends in its file header ({len(head)} of {_HEADER} octets)"
        raise CaptureError(message)
    version = int.from_bytes(head[8:12], "big")
    if version not in _VERSIONS:
        message = f"{source.name} is a snoop file of version {version}; versions 2 to 5 are read"
        raise CaptureError(message)
    # Only the padding of the first packet tells Surveyor's files from Sun's.
    first = source.peek(_HEADER + _LAYOUT.header)[_HEADER:]
    padding = int.from_bytes(first[8:12], "big") - int.from_bytes(first[4:8], "big") - _LAYOUT.header
    links = _SURVEYOR_LINKS if padding >= _SURVEYOR_TRAILER else _LINKS
    link = links.get(int.from_bytes(head[12:16], "big"), -1)
    return SnoopReader(source, Interface(link), [_LAYOUT], start=_HEADER, strict=strict)
