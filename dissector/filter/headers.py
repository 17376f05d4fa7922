"""IP headers of many datagrams at once: where those end, what they carry, where redirects have what they quote."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dissector import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

V4, V6 = 4, 6
IPV4_HEADER, IPV6_HEADER = 20, 40
HOP_BY_HOP, ROUTING, DESTINATION = 0, 43, 60
"""IPv6 extension headers of a length in units of 8 octets (RFC 8200, 4); fragments are looked at apart."""
FRAGMENT = 44
AUTHENTICATION = 51
"""An extension header of a length in units of 4 octets, less 2 (RFC 4302, 2.2)."""
MOST_EXTENSIONS = 256
NOTHING = 255
"""The protocol of what is no start of anything, or is not there (reserved by IANA)."""
OFFSET = 0x1FFF
"""The bits of the fragment offset among the flags' (RFC 791, 3.1)."""
BEFORE_OPTIONS, REDIRECTED_HEADER, MOST_OPTIONS = 40, 4, 32
"""Octets of an ICMPv6 redirect before its options, the type of the one that quotes, and how many are read."""
LEAST = {"ip": IPV4_HEADER, "ipv6": IPV6_HEADER}
"""Octets of a header without options, by the name of its protocol."""


class Headers(NamedTuple):
    """IP headers in the octets of a batch.

    Attributes:
        depth: 0 for those that carry the messages, 1 for what these quote, and so on; -1, -2, … for those of tunnels
            around the messages, the innermost first.
        rows: the row of the batch that each belongs to, ascending; None where they are the rows themselves.
        version: 4 or 6, one for each.
        ip: where they begin.
        limit: where the octets that there are of their datagrams end.
    """

    depth: int
    rows: NDArray[np.int64] | None
    version: NDArray[np.uint8]
    ip: NDArray[np.int64]
    limit: NDArray[np.int64]


def redirected(
    octets: NDArray[np.uint8], start: NDArray[np.int64], limit: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the packets that redirects are about begin and end (RFC 4861, 4.6.3); the start where there is none.

    Args:
        octets: all octets.
        start: where the redirects begin.
        limit: where the octets that there are of them end.
    """
    found, end, at = start.copy(), limit.copy(), start + BEFORE_OPTIONS
    for _ in range(MOST_OPTIONS):
        there = at + 2 <= limit
        size = octets[np.where(there, at + 1, 0)].astype(np.int64) * 8
        there &= size > 0
        if not there.any():
            break
        here = there & (octets[np.where(there, at, 0)] == REDIRECTED_HEADER) & (found == start)
        found, end = np.where(here, at + 8, found), np.where(here, np.minimum(at + size, limit), end)
        at = np.where(there, at + size, limit)
    return found, end


def pairs(octets: NDArray[np.uint8], at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return numbers of two octets each, from some places on."""
    words = np.ndarray((max(len(octets) - 1, 0),), ">u2", octets, strides=(1,))
    return words[at].astype(np.int64)


class Carried(NamedTuple):
    """What IP headers carry, one for each.

    Attributes:
        end: where the datagrams end, see :func:`ends`.
        upper: where what they carry begins.
        protocol: what that is; NOTHING for later fragments.
    """

    end: NDArray[np.int64]
    upper: NDArray[np.int64]
    protocol: NDArray[np.uint8]


def carried(
    octets: NDArray[np.uint8], version: NDArray[np.uint8], ip: NDArray[np.int64], limit: NDArray[np.int64]
) -> Carried:
    """Return what IP headers carry.

    Args:
        octets: all octets.
        version: 4 or 6, one for each header.
        ip: where the headers begin.
        limit: where the octets that there are of their datagrams end.
    """
    end, upper, protocol = (
        np.empty(len(ip), np.int64),
        np.empty(len(ip), np.int64),
        np.empty(len(ip), np.uint8),
    )
    columns = (version, ip, limit, upper, end, protocol)
    if kernel.look.carried(octets.data, *(np.ascontiguousarray(column).data for column in columns)):
        return Carried(end, upper, protocol)
    end = ends(octets, version, ip, limit)
    return Carried(end, *_upper_layer(octets, version, ip, end))


def _upper_layer(
    octets: NDArray[np.uint8], version: NDArray[np.uint8], ip: NDArray[np.int64], end: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return where what IP headers carry begins, and its protocol; they may be cut, or have extension headers."""

    def at(offset: int, start: NDArray[np.int64]) -> NDArray[np.uint8]:
        place = start + offset
        inside = place < end
        return np.where(inside, octets[np.where(inside, place, 0)], NOTHING).astype(np.uint8)

    four = version == V4
    upper = ip + np.where(four, (octets[ip] & 0xF).astype(np.int64) * 4, IPV6_HEADER)
    protocol = np.where(four, at(9, ip), at(6, ip))
    later = four & ((((at(6, ip) & 0x1F) | at(7, ip)) != 0) | (upper < ip + IPV4_HEADER))
    for _ in range(MOST_EXTENSIONS):
        fragment = ~four & (protocol == FRAGMENT)
        security = protocol == AUTHENTICATION
        more = ~four & np.isin(protocol, (HOP_BY_HOP, ROUTING, DESTINATION)) | fragment | security
        if not more.any():
            break
        later |= fragment & ((at(2, upper) | (at(3, upper) & 0xF8)) != 0)
        words = at(1, upper).astype(np.int64)
        size = np.where(fragment, 8, 8 + words * np.where(security, 4, 8))
        protocol, upper = np.where(more, at(0, upper), protocol), np.where(more, upper + size, upper)
    return upper, np.where(later, NOTHING, protocol).astype(np.uint8)


def ends(
    octets: NDArray[np.uint8], version: NDArray[np.uint8], ip: NDArray[np.int64], limit: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return where datagrams end by their own lengths; ``limit`` where those are beyond it or make no sense.

    Args:
        octets: all octets.
        version: 4 or 6, one for each datagram.
        ip: where they begin.
        limit: where the octets that there are of them end.
    """
    four = version == V4
    # Total Length (RFC 791, 3.1); Payload Length, without the header (RFC 8200, 3).
    place = ip + np.where(four, 2, 4)
    there = place + 2 <= limit
    length = pairs(octets, place if there.all() else np.where(there, place, 0)) + np.where(
        four, 0, IPV6_HEADER
    )
    there &= length >= np.where(four, IPV4_HEADER, IPV6_HEADER + 1)
    return np.where(there, np.minimum(ip + length, limit), limit)
