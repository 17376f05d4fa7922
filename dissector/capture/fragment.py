"""One fragment, read from its IP header on, and the headers that many of them make (RFC 791, 3.1; RFC 8200, 4.5)."""

from __future__ import annotations

from typing import Final, NamedTuple

from dissector.checksum import internet_checksum
from dissector.kernel.layers import UDP_PORTS

LONGEST: Final = 65535
"""Octets of an IPv4 datagram, or of what follows an IPv6 header, at most."""
_IPV4_HEADER: Final = 20
_IPV6_HEADER: Final = 40
_FRAGMENT_HEADER: Final = 8
_FRAGMENT: Final = 44
UDP: Final = 17
_AUTHENTICATION: Final = 51
_EXTENSIONS: Final = frozenset({0, 43, 60, 135, 139, 140})
"""Extension headers with their length in units of 8 octets, less one (RFC 6564)."""


class Fragment(NamedTuple):
    """One fragment, read.

    Attributes:
        key: addresses, identification and, in IPv4, protocol.
        header: the datagram's headers up to the fragmented part, without an IPv6 Fragment header.
        protocol: what the fragmented part begins with; sure in a first fragment alone.
        start: where in the fragmented part its octets belong, a multiple of 8.
        end: where they end by the header's word.
        more: whether it is not the last.
        data: those of its octets that are there.
    """

    key: bytes
    header: bytes
    protocol: int
    start: int
    end: int
    more: bool
    data: bytes


def read_fragment(octets: bytes) -> Fragment | None:
    """Read a fragment from its IP header on; None if it is none that a host would keep."""
    version = octets[0] >> 4 if octets else 0
    fragment = _read4(octets) if version == 4 else _read6(octets) if version == 6 else None  # noqa: PLR2004 - of IP
    if fragment is None or fragment.end <= fragment.start:
        return None
    # All but the last have a multiple of 8 octets (RFC 791, 3.2; RFC 8200, 4.5).
    if fragment.more and fragment.end % 8:
        return None
    return fragment if len(fragment.header) + fragment.end <= limit(fragment.header) else None


def _read4(octets: bytes) -> Fragment | None:
    size = (octets[0] & 15) * 4
    if size < _IPV4_HEADER or len(octets) < size:
        return None
    total = int.from_bytes(octets[2:4])
    word = int.from_bytes(octets[6:8])
    start = (word & 0x1FFF) * 8
    key = octets[12:20] + octets[4:6] + octets[9:10]
    more = bool(word & 0x2000)
    return Fragment(key, octets[:size], octets[9], start, start + total - size, more, octets[size:total])


def _read6(octets: bytes) -> Fragment | None:
    if len(octets) < _IPV6_HEADER:
        return None
    named, at = 6, _IPV6_HEADER
    while (following := octets[named]) != _FRAGMENT:
        if at + 2 > len(octets):
            return None
        if following in _EXTENSIONS:
            size = (octets[at + 1] + 1) * 8
        elif following == _AUTHENTICATION:
            # In units of 4 octets, less two (RFC 4302, 2.2).
            size = (octets[at + 1] + 2) * 4
        else:
            return None
        named, at = at, at + size
        if at >= len(octets):
            return None
    if at + _FRAGMENT_HEADER > len(octets):
        return None
    word = int.from_bytes(octets[at + 2 : at + 4])
    start = word & 0xFFF8
    past = _IPV6_HEADER + int.from_bytes(octets[4:6])
    end = start + past - at - _FRAGMENT_HEADER
    # The next header of the first fragment moves to where the Fragment header was announced (RFC 8200, 4.5).
    header = octets[:named] + octets[at : at + 1] + octets[named + 1 : at]
    key = octets[8:40] + octets[at + 4 : at + 8]
    return Fragment(key, header, octets[at], start, end, bool(word & 1), octets[at + _FRAGMENT_HEADER : past])


def limit(header: bytes) -> int:
    """Return how long a datagram with that header can be: IPv6 does not count its header (RFC 8200, 3)."""
    return LONGEST + _IPV6_HEADER * is6(header)


def is6(header: bytes) -> bool:
    """Return whether a header is one of IPv6."""
    return header[0] >> 4 == 6  # noqa: PLR2004 - the version of IP


def assemble(header: bytes, data: bytes) -> bytes:
    """Return the datagram that a first fragment's headers and all the data make."""
    if is6(header):
        length = len(header) - _IPV6_HEADER + len(data)
        return header[:4] + length.to_bytes(2) + header[6:] + data
    total = (len(header) + len(data)).to_bytes(2)
    unsummed = header[:2] + total + header[4:6] + b"\0\0" + header[8:10] + b"\0\0" + header[12:]
    checksum = internet_checksum(unsummed).to_bytes(2)
    return unsummed[:10] + checksum + unsummed[12:] + data


def leads_on(fragment: Fragment) -> bool:
    """Return whether a first fragment may lead to ICMP: one of UDP only to or from a tunnel's port."""
    if fragment.protocol != UDP:
        return True
    ports = int.from_bytes(fragment.data[:2]), int.from_bytes(fragment.data[2:4])
    return not UDP_PORTS.keys().isdisjoint(ports)
