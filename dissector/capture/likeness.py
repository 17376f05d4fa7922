"""What octets look like that are no capture, or a capture in a format that is not read."""

from __future__ import annotations

import re
from typing import NamedTuple


class Mark(NamedTuple):
    """Octets by which a kind of file is known.

    Attributes:
        offset: where they stand.
        octets: the octets.
        name: of the kind.
    """

    offset: int
    octets: bytes
    name: str


# As the file readers of Wireshark know them; ``editcap -F pcapng`` reads each.
_CAPTURES = (
    Mark(0, b"TRSNIFF data", "NGSniffer (Sniffer for DOS)"),
    Mark(0, b"RTSS", "Microsoft Network Monitor 1"),
    Mark(0, b"GMBU", "Microsoft Network Monitor 2"),
    Mark(0, b"XCP\0", "NetXray or Sniffer for Windows"),
    Mark(0, b"VL\0\0", "NetXray"),
    Mark(0, b"iptrace 1.0", "AIX iptrace 1"),
    Mark(0, b"iptrace 2.0", "AIX iptrace 2"),
    Mark(0, b"\xaa\xaa\xaa\xaa", "InfoVista 5View"),
    Mark(0, b"\x05VNF", "Visual Networks"),
    Mark(0, b"ObserverPktBuffe", "Network Instruments Observer"),
    Mark(0, b"TR\0", "HP-UX nettl"),
    Mark(0, b"btsnoop\0", "btsnoop (Bluetooth)"),
    Mark(0, b"Session Transcript", "Catapult DCT2000"),
    Mark(0, b"\x7fver", "WildPackets Peek, tagged"),
    Mark(0, b"LOGG", "Vector BLF"),
    Mark(0, b"\x01\x10L\0", "Novell LANalyzer"),
    Mark(0, b"\x07\x10L\0", "Novell LANalyzer"),
    Mark(0, b"EyeSDN", "EyeSDN"),
    Mark(0, b"\x42\xd2\x00\x34\x12\x66\x22\x88", "RADCOM WAN/LAN analyzer"),
    Mark(0, b"\x00\x00\x02\x00\x12\x05\x00\x10", "Tektronix K12 (rf5)"),
    Mark(0, b"V0208", "Aethra"),
    Mark(0, b"cscpkt", "Colasoft Capsa"),
    Mark(0, b"+---------+---------------+", "K12 text"),
    Mark(0, b"ETHERWATCH", "DBS Etherwatch"),
    Mark(0, b"TCPIPtrace", "TCPIPtrace (VMS)"),
)
_CAPTURE_WORDS = (
    (b"NetScaler", "NetScaler nstrace"),
    (b"NSTRACE", "NetScaler nstrace"),
    (b"ETHERWATCH", "DBS Etherwatch"),
    (b"PRI-XMIT-", "Ascend access server trace"),
    (b"RECV-iguana:", "Ascend access server trace"),
    (b"T O S H I B A", "Toshiba ISDN router trace"),
    (b"COMMUNICATIONS TRACE", "IBM iSeries communications trace"),
)
_OTHERS = (
    Mark(0, b"PK\x03\x04", "a zip archive"),
    Mark(0, b"PK\x05\x06", "an empty zip archive"),
    Mark(257, b"ustar", "a tar archive"),
    Mark(0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    Mark(0, b"Rar!\x1a\x07", "a RAR archive"),
    Mark(0, b"\x1f\x8b", "gzip data, packed twice"),
    Mark(0, b"BZh", "bzip2 data, packed twice"),
    Mark(0, b"\xfd7zXZ\0", "xz data, packed twice"),
    Mark(0, b"\x28\xb5\x2f\xfd", "zstd data, packed twice"),
    Mark(0, b"\x04\x22\x4d\x18", "lz4 data, packed twice"),
    Mark(0, b"\x02\x21\x4c\x18", "lz4 data of the legacy format"),
    Mark(0, b"\x1f\x9d", "data packed with compress (.Z)"),
    Mark(0, b"LZIP", "lzip data"),
    Mark(0, b"\x7fELF", "an ELF program"),
    Mark(0, b"MZ", "a Windows program"),
    Mark(0, b"\xcf\xfa\xed\xfe", "a Mach-O program"),
    Mark(0, b"\xca\xfe\xba\xbe", "Java byte code or a Mach-O program"),
    Mark(0, b"\x89PNG\r\n\x1a\n", "a PNG image"),
    Mark(0, b"\xff\xd8\xff", "a JPEG image"),
    Mark(0, b"GIF8", "a GIF image"),
    Mark(0, b"RIFF", "a RIFF file (WAV, AVI, WebP)"),
    Mark(4, b"ftyp", "an MP4 film"),
    Mark(0, b"%PDF-", "a PDF document"),
    Mark(0, b"%!PS", "a PostScript document"),
    Mark(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a Microsoft Office document"),
    Mark(0, b"SQLite format 3\0", "an SQLite database"),
    Mark(0, b"PAR1", "a Parquet file"),
    Mark(0, b"ARROW1", "an Arrow file"),
    Mark(0, b"\x93NUMPY", "a NumPy array"),
)
_PACKED = (b"PK\x03\x04", b"7z", b"Rar!", b"\x1f\x9d", b"LZIP", b"\x02\x21\x4c\x18")

_TCPDUMP = re.compile(r"^\s*(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\.\d+ (IP6?|ARP|[0-9a-f:]{17}) ", re.MULTILINE)
_HEX_DUMP = re.compile(r"^\s*(0x)?[0-9a-fA-F]{4,8}:? +([0-9a-fA-F]{2,4} +){4}", re.MULTILINE)
_HEX = re.compile(r"[0-9a-fA-F\s]{16,}")
_PRINTABLE = 0.9


def other_capture(head: bytes) -> str:
    """Return the name of a capture format that only Wireshark's tools read; empty if it is none."""
    for mark in _CAPTURES:
        if head.startswith(mark.octets, mark.offset):
            return mark.name
    for word, name in _CAPTURE_WORDS:
        if word in head:
            return name
    if _is_erf(head):
        return "Endace ERF"
    if _is_peek(head):
        return "WildPackets Peek, classic"
    return "pppd's log (pppdump)" if _is_pppdump(head) else ""


def _is_erf(head: bytes) -> bool:
    """Whether two records of Endace's format stand here: a type, and a length that leads to the next."""
    at = 0
    for _ in range(2):
        header = head[at : at + 16]
        length = int.from_bytes(header[10:12], "big")
        if len(header) < 16 or not 1 <= header[8] & 0x7F <= 48 or length < 16:  # noqa: PLR2004 - its sizes
            return False
        at += length
        if at >= len(head):
            return at == len(head)
    return True


def _is_peek(head: bytes) -> bool:
    """Whether a header of the old Peek format stands here: version 5 to 7, small numbers for the medium."""
    if len(head) < 64 or head[0] not in {5, 6, 7} or head[1]:  # noqa: PLR2004 - the header's size
        return False
    return head[22:25] == head[26:29] == b"\0\0\0" and head[25] < 2 and head[29] < 2  # noqa: PLR2004 - flags


def _is_pppdump(head: bytes) -> bool:
    """Whether a pppd log starts here: the time, then octets sent or received, with their number."""
    return len(head) > 8 and head[0] == 7 and head[5] in {1, 2, 3, 4} and head[6] == 0  # noqa: PLR2004 - codes


def likeness(head: bytes) -> tuple[str, str]:
    """Return what a file that begins with these octets looks like, and what to do about it (may be empty)."""
    for mark in _OTHERS:
        if head.startswith(mark.octets, mark.offset):
            return mark.name, "unpack it first" if head.startswith(_PACKED) or mark.offset else ""
    if not head.strip(b"\0"):
        return "zeros only", ""
    try:
        text = head.decode("utf-16" if head[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8", errors="replace")
    except UnicodeDecodeError:  # pragma: no cover - errors are replaced
        text = ""
    plain = sum(character.isprintable() or character.isspace() for character in text) - text.count("\ufffd")
    if plain < _PRINTABLE * len(text):
        return f"binary data (it begins with {head[:8].hex(' ')})", ""
    return _text_likeness(text.lstrip("\ufeff \t\r\n"))


def _text_likeness(text: str) -> tuple[str, str]:  # noqa: PLR0911 - a kind a line
    """Return what a text looks like, and what to do about it."""
    if _TCPDUMP.search(text):
        return "what tcpdump prints", "let tcpdump write the packets themselves, with -w FILE"
    if _HEX_DUMP.match(text):
        return "a hex dump", "text2pcap IN OUT makes a capture of it"
    if text[:1] in {"{", "["}:
        return "JSON", ""
    if text[:1] == "<":
        return "HTML" if "<html" in text.lower() else "XML", ""
    if text.startswith("#!"):
        return "a script", ""
    if _HEX.fullmatch(text):
        return "octets in hex", "`dissector decode` reads one message given as hex"
    return "text", ""
