"""Sockets of the kernel for ICMP: what they are told, and what they say of each packet."""

from __future__ import annotations

import errno
import socket
import struct
import time
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, NamedTuple

from dissector.encoder import encode
from dissector.probe.kinds import Engine
from dissector.probe.linux import (
    ICMP_FILTER,
    IP_PKTINFO,
    IP_RECVTTL,
    LEVEL,
    MTU_DISCOVER,
    MTU_DISCOVER_PROBE,
    RECVERR,
    SO_TIMESTAMPNS,
    blocking,
    stamp,
    without_header,
)
from dissector.probe.matching import Arrival
from dissector.probe.probes import errors
from dissector.probe.targets import address_of
from dissector.registry.model import Family

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.messages.base import IcmpMessage
    from dissector.probe.probes import Query
    from dissector.probe.targets import Address

LARGEST = 1 << 16
"""Octets of the largest packet."""
ANCILLARY = 512
BUFFER = 4 << 20
"""Octets that are asked of the kernel for what waits to be read."""
AT_ONCE = 512
"""Packets that are read before anything else is done."""

TTLS = ((socket.IPPROTO_IP, socket.IP_TTL), (socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT))
ERRORS = tuple((LEVEL[version], RECVERR[version]) for version in LEVEL)
"""Level and kind of what the kernel says beside a packet."""

V4, V6 = Family.ICMPV4, Family.ICMPV6
FAMILIES = {4: V4, 6: V6}
"""By the version of IP."""
DOMAINS = {V4: (socket.AF_INET, socket.IPPROTO_ICMP), V6: (socket.AF_INET6, socket.IPPROTO_ICMPV6)}


class Options(NamedTuple):
    """How probes are sent.

    Attributes:
        ttl: TTL or hop limit; None for the system's.
        tos: type of service or traffic class, eight bits; None for the system's.
        source: address to send from, or name of the interface to send through; None to leave it to the system.
        dont_fragment: set DF, and let routers tell when a probe is too long.
        broadcast: let probes go to broadcast addresses.
    """

    ttl: int | None = None
    tos: int | None = None
    source: str | None = None
    dont_fragment: bool = False
    broadcast: bool = False


class KernelSocket:
    """A socket for one family; what raw and datagram sockets have in common.

    Args:
        family: which ICMP.
        query: what will be asked.
        options: how.
        identifier: for the probes; the kernel may choose another.

    Attributes:
        family: which ICMP.
        version: of IP.
        identifier: what the probes must have as identifier.

    Raises:
        OSError: the system does not allow it, or has no such source.
    """

    engine: Engine
    kind: socket.SocketKind

    def __init__(self, family: Family, query: Query, options: Options, identifier: int) -> None:
        self.family = family
        self.version = 4 if family is V4 else 6
        self.identifier = identifier
        domain, protocol = DOMAINS[family]
        self.socket = socket.socket(domain, self.kind, protocol)
        try:
            self.socket.setblocking(False)
            self._set_up(options, query)
        except OSError:
            self.socket.close()
            raise
        self._buffer = bytearray(LARGEST)

    def _set_up(self, options: Options, query: Query) -> None:
        """Set the options of the socket."""
        say = self.socket.setsockopt
        say(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        say(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        if options.broadcast:
            say(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if self.family is V4:
            told, lifetimes = (IP_PKTINFO, IP_RECVTTL), (socket.IP_TTL, socket.IP_MULTICAST_TTL)
            service = socket.IP_TOS
        else:
            told = (socket.IPV6_RECVPKTINFO, socket.IPV6_RECVHOPLIMIT)
            lifetimes = (socket.IPV6_UNICAST_HOPS, socket.IPV6_MULTICAST_HOPS)
            service = socket.IPV6_TCLASS
        level = LEVEL[self.version]
        for name in told:
            say(level, name, 1)
        hops = query.hops if options.ttl is None else options.ttl
        if hops is not None:
            for name in lifetimes:
                say(level, name, hops)
        if options.tos is not None:
            say(level, service, options.tos)
        if options.dont_fragment:
            say(level, MTU_DISCOVER[self.version], MTU_DISCOVER_PROBE)
        if options.source is not None:
            self._bind(options.source)

    def _bind(self, source: str) -> None:
        """Send from an address, or through an interface."""
        try:
            address = address_of(source)
        except ValueError:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, source.encode() + b"\0")
            return
        if FAMILIES[address.version] is self.family:
            self.socket.bind(destination(address))

    def fileno(self) -> int:
        """Return the file descriptor."""
        return self.socket.fileno()

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()

    def send(self, message: IcmpMessage, address: Address) -> int:
        """Send a message, and return when: in ns since 1970, as near to the kernel as may be.

        Raises:
            OSError: the kernel does not send it.
        """
        # The kernel writes the checksum of ICMPv6, which covers the source address that it chooses.
        octets = encode(message) if self.family is V4 else message.encode()
        where = destination(address)
        sent_ns = time.time_ns()
        self.socket.sendto(octets, where)
        return sent_ns

    def receive(self) -> Iterator[Arrival]:
        """Yield what has come."""
        for _ in range(AT_ONCE):
            try:
                size, ancillary, _, sender = self.socket.recvmsg_into([self._buffer], ANCILLARY)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                continue  # an error that waited on the socket: now it is taken from it
            yield self._arrival(size, ancillary, sender)

    def _arrival(
        self, size: int, ancillary: list[tuple[int, int, bytes]], sender: tuple[object, ...]
    ) -> Arrival:
        """Return what came, without its IP header."""
        time_ns, ttl, received_by, _ = told(ancillary)
        octets = bytes(memoryview(self._buffer)[:size])
        return Arrival(
            self.family,
            self.message(octets),
            self.identifier,
            sender_address(sender),
            received_by,
            ttl,
            time_ns,
        )

    def message(self, octets: bytes) -> bytes:
        """Return the ICMP message in what was received."""
        return octets


class RawSocket(KernelSocket):
    """A socket that sees every ICMP message that comes to the host; it needs a privilege."""

    engine = Engine.RAW
    kind = socket.SOCK_RAW

    def _set_up(self, options: Options, query: Query) -> None:
        """Let the kernel pass only answers and errors."""
        super()._set_up(options, query)
        answer = query.answer(self.family)
        wanted = errors(self.family) | ({answer} if answer is not None else set())
        self.socket.setsockopt(*ICMP_FILTER[self.version], blocking(self.version, wanted))

    def message(self, octets: bytes) -> bytes:
        """Return the message behind the IPv4 header; of IPv6 the kernel gives no header."""
        return without_header(self.version, octets)


def destination(address: Address) -> tuple[str, int] | tuple[str, int, int, int]:
    """Return an address as sockets take it.

    Raises:
        OSError: its interface is not there.
    """
    if isinstance(address, IPv4Address):
        return str(address), 0
    scope = address.scope_id
    if scope is None:
        return str(address), 0, 0, 0
    try:
        index = int(scope) if scope.isdigit() else socket.if_nametoindex(scope)
    except OSError:  # which has no number
        raise OSError(errno.ENODEV, f"there is no interface {scope}") from None
    return str(address).partition("%")[0], 0, 0, index


def sender_address(sender: tuple[object, ...]) -> Address:
    """Return the address that a socket says a packet came from, with its scope."""
    text = str(sender[0])
    if ":" not in text:
        return IPv4Address(text)
    scope = sender[3] if len(sender) > 3 else 0  # noqa: PLR2004 - IPv6 has four parts
    return address_of(f"{text}%{scope}") if scope and "%" not in text else IPv6Address(text)


def told(
    ancillary: list[tuple[int, int, bytes]],
) -> tuple[int | None, int | None, Address | None, bytes | None]:
    """Return what a kernel says of a packet: its time, its TTL, its destination, the error that it is kept for."""
    ttl = error = None
    received_by: Address | None = None
    for level, kind, octets in ancillary:
        what = level, kind
        if what in TTLS:
            (ttl,) = struct.unpack("=i", octets[:4])
        elif what == (socket.IPPROTO_IP, IP_PKTINFO):
            received_by = IPv4Address(octets[8:12])
        elif what == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
            received_by = IPv6Address(octets[:16])
        elif what in ERRORS:
            error = octets
    return stamp(ancillary), ttl, received_by, error
