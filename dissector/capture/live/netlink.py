"""Interfaces and addresses as the Linux kernel lists them (rtnetlink(7)); a question needs no rights."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

LINKS: Final = 18
"""RTM_GETLINK: struct ifinfomsg."""
ADDRESSES: Final = 22
"""RTM_GETADDR: struct ifaddrmsg."""

_HEADER: Final = struct.Struct("=IHHII")
_ATTRIBUTE: Final = struct.Struct("=HH")
_FIXED: Final = {LINKS: 16, ADDRESSES: 8}
_ASK: Final = 0x301  # NLM_F_REQUEST and NLM_F_DUMP
_ERROR, _DONE = 2, 3
_BUFFER: Final = 65536
_TYPE_BITS: Final = 0x3FFF


def dump(question: int) -> Iterator[tuple[bytes, dict[int, bytes]]]:
    """Yield all there are of something: the fixed part of each, and its attributes by number."""
    size = _FIXED[question]
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
        sock.send(_HEADER.pack(_HEADER.size + size, question, _ASK, 1, 0) + bytes(size))
        while True:
            octets = sock.recv(_BUFFER)
            while octets:
                length, kind, *_ = _HEADER.unpack_from(octets)
                if kind in {_ERROR, _DONE}:
                    return
                body = octets[_HEADER.size : length]
                yield body[:size], attributes(body[size:])
                octets = octets[-(-length // 4) * 4 :]


def attributes(octets: bytes) -> dict[int, bytes]:
    """Return attributes by number."""
    found = {}
    while len(octets) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(octets)
        found[kind & _TYPE_BITS] = octets[_ATTRIBUTE.size : length]
        octets = octets[-(-max(length, _ATTRIBUTE.size) // 4) * 4 :]
    return found
