"""The unprivileged socket for echoes: the kernel chooses the identifier, and tells errors by a queue of their own."""

from __future__ import annotations

import socket
import struct
import sys
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from dissector.probe.kinds import Engine
from dissector.probe.linux import LEVEL, OFFENDER, ORIGINS, RECVERR, ExtendedError, sockaddr_of
from dissector.probe.matching import Arrival
from dissector.probe.sockets import (
    ANCILLARY,
    AT_ONCE,
    LARGEST,
    V4,
    KernelSocket,
    sender_address,
    told,
)
from dissector.tails.headers import Ipv4Header, Ipv6Header

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.messages.base import IcmpMessage
    from dissector.probe.probes import Query
    from dissector.probe.sockets import Options
    from dissector.probe.targets import Address
    from dissector.registry.model import Family

MESSAGE_TOO_LONG, PARAMETER_PROBLEM = (3, 4), 12
"""The errors of ICMPv4 of which the kernel tells a number: the MTU, the pointer."""


class DatagramSocket(KernelSocket):
    """A socket that sends echoes and gets the answers to them only (``net.ipv4.ping_group_range``)."""

    engine = Engine.DATAGRAM
    kind = socket.SOCK_DGRAM

    def _set_up(self, options: Options, query: Query) -> None:
        """Have errors queued, and learn which identifier the kernel chose: the socket's port."""
        super()._set_up(options, query)
        self.socket.setsockopt(LEVEL[self.version], RECVERR[self.version], 1)
        if not self.socket.getsockname()[1]:
            self.socket.bind(("", 0))
        self.identifier = int(self.socket.getsockname()[1])

    def send(self, message: IcmpMessage, address: Address) -> int:
        """Send a message; an error about an earlier one, which the kernel reports here, is no reason not to."""
        try:
            return super().send(message, address)
        except OSError:
            self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            return super().send(message, address)

    def receive(self) -> Iterator[Arrival]:
        """Yield answers, then errors."""
        yield from super().receive()
        for _ in range(AT_ONCE):
            try:
                octets, ancillary, _, asked = self.socket.recvmsg(LARGEST, ANCILLARY, socket.MSG_ERRQUEUE)
            except (BlockingIOError, InterruptedError):
                return
            time_ns, _, received_by, error = told(ancillary)
            if error is None or ExtendedError.of(error).origin not in ORIGINS.values():
                continue
            message = error_message(self.family, octets, error, sender_address(asked), received_by)
            source = offender(error, sender_address(asked))
            yield Arrival(
                self.family, message, self.identifier, source, received_by, None, time_ns, told=True
            )


def offender(error: bytes, asked: Address) -> Address:
    """Return who sent an error: a ``struct sockaddr`` behind the ``struct sock_extended_err``."""
    address = sockaddr_of(error)
    kind = int.from_bytes(address[:2], sys.byteorder)
    if kind == socket.AF_INET:
        return IPv4Address(address[OFFENDER[4]])
    if kind == socket.AF_INET6:
        (scope,) = struct.unpack("=I", address[24:28])
        return sender_address((socket.inet_ntop(socket.AF_INET6, address[OFFENDER[6]]), 0, 0, scope))
    return asked


def error_message(
    family: Family, quote: bytes, error: bytes, asked: Address, received_by: Address | None
) -> bytes:
    """Return the message that the kernel tells of: type, code, number, and the probe that it quotes.

    The kernel keeps neither the error's checksum nor the IP header of the quote: the one is zero, and of the other
    only addresses and length are known.
    """
    told_of = ExtendedError.of(error)
    kind, code, number = told_of.type, told_of.code, told_of.info
    if family is V4 and (kind, code) != MESSAGE_TOO_LONG:
        number = number << 24 & 0xFFFFFFFF if kind == PARAMETER_PROBLEM else 0
    return struct.pack(">BBHI", kind, code, 0, number) + ip_header(asked, received_by, len(quote)) + quote


def ip_header(asked: Address, received_by: Address | None, length: int) -> bytes:
    """Return what is known of the IP header of a probe."""
    if isinstance(asked, IPv4Address):
        src = received_by if isinstance(received_by, IPv4Address) else IPv4Address(0)
        header = Ipv4Header(total_length=20 + length, ttl=0, protocol=1, src=src, dst=asked)
        return header.encode()
    src6 = received_by if isinstance(received_by, IPv6Address) else IPv6Address(0)
    header6 = Ipv6Header(payload_length=length, next_header=58, hop_limit=0, src=src6, dst=asked)
    return header6.encode()
