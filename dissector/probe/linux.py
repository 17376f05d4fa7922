"""Numbers and structures of Linux's sockets, for which Python has no names; and what a socket says beside a packet."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

# Of <linux/in.h>, <linux/in6.h>, <linux/icmp.h>, <linux/icmpv6.h> and <asm-generic/socket.h>; by the version of IP.
LEVEL = {4: socket.IPPROTO_IP, 6: socket.IPPROTO_IPV6}
IP_PKTINFO, IP_RECVTTL = 8, 12
MTU_DISCOVER = {4: 10, 6: 23}
MTU_DISCOVER_DONT, MTU_DISCOVER_PROBE = 0, 3
"""Let routers fragment; forbid it, whatever the kernel believes about the path."""
MTU = {4: 14, 6: 24}
RECVERR = {4: 11, 6: 25}
RECVERR_RFC4884 = {4: 26, 6: 31}
SO_TIMESTAMPNS = 35
ICMP_FILTER = {4: (255, 1), 6: (socket.IPPROTO_ICMPV6, 1)}
"""Level and name of the option (raw(7), RFC 3542, 3.2)."""
FILTER_WORDS = {4: 1, 6: 8}

TIMESPEC = struct.Struct("@ll")
EXTENDED_ERR = struct.Struct("=IBBBxIHBx")
"""struct sock_extended_err of <linux/errqueue.h>; a sockaddr follows."""
ORIGINS = {4: 2, 6: 3}
"""Of errors that came as ICMP; others are the kernel's own."""
OFFENDER = {4: slice(4, 8), 6: slice(8, 24)}
"""Where in that sockaddr the address of the error's sender is."""
SECOND = 1_000_000_000


class ExtendedError(NamedTuple):
    """What the kernel tells of an error.

    Attributes:
        errno: what programs are told.
        origin: where it came from.
        type, code: of the ICMP message.
        info: the MTU or the pointer of one about that.
        extensions: octets of what was quoted before the extensions, headers not counted; 0 where there are none.
        flags: whether those are damaged.
    """

    errno: int
    origin: int
    type: int
    code: int
    info: int
    extensions: int
    flags: int

    @classmethod
    def of(cls, control: bytes) -> ExtendedError:
        """Return it from what came beside a packet of an error queue."""
        return cls(*EXTENDED_ERR.unpack_from(control))


def sockaddr_of(control: bytes) -> bytes:
    """Return the sockaddr behind a ``struct sock_extended_err``."""
    return control[EXTENDED_ERR.size :]


def stamp(control: Iterable[tuple[int, int, bytes]]) -> int | None:
    """Return when the kernel received something, ns since 1970, by what came beside it; None where it does not say."""
    for level, kind, data in control:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, rest = TIMESPEC.unpack_from(data)
            return int(seconds * SECOND + rest)
    return None


def blocking(version: int, wanted: Iterable[int]) -> bytes:
    """Return the filter of a raw socket that drops all but some types: a bit for each type.

    ICMPv4 types from 32 on have none: Linux lets them pass.
    """
    blocked = ~sum(1 << kind for kind in wanted)
    words = [blocked >> 32 * place & 0xFFFFFFFF for place in range(FILTER_WORDS[version])]
    return struct.pack(f"={len(words)}I", *words)


def without_header(version: int, octets: bytes) -> bytes:
    """Return what a raw socket gives without its IP header; IPv6 gives none (RFC 3542, 3)."""
    return octets[(octets[0] & 0xF) * 4 :] if version == 4 and octets else octets  # noqa: PLR2004 - the IP version
