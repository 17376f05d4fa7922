"""Ways to send probes and to hear what comes back, and what they have in common."""

from __future__ import annotations

import select
import socket
import time
from contextlib import contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple, Protocol

from dissector.analysis.quotes import TCP, UDP
from dissector.errors import DissectError
from dissector.probe.linux import (
    LEVEL,
    MTU,
    MTU_DISCOVER,
    MTU_DISCOVER_DONT,
    MTU_DISCOVER_PROBE,
    RECVERR,
    SO_TIMESTAMPNS,
    ExtendedError,
    stamp,
)
from dissector.probe.targets import interfaces
from dissector.tails.datagram import IPV4

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dissector.analysis.flow_keys import Address
    from dissector.decoder import Decoded
    from dissector.probe.tracing.flows import Flow

AF = {4: socket.AF_INET, 6: socket.AF_INET6}
KINDS = {UDP: socket.SOCK_DGRAM, TCP: socket.SOCK_STREAM}
TTL = {4: socket.IP_TTL, 6: socket.IPV6_UNICAST_HOPS}
MOST_MTU = 65535
LARGEST = {4: 65507, 6: 65487}
"""Data of the largest UDP datagram."""
RECEIVED = 65535
CONTROL = 1024


class TraceError(DissectError):
    """Probes cannot be sent."""


class RightsError(TraceError):
    """The system does not let this user open the socket that is needed.

    Attributes:
        protocol: of the probes.
    """

    def __init__(self, protocol: int, reason: str) -> None:
        super().__init__(f"cannot open a socket for these probes: {reason}")
        self.protocol = protocol


class Arrival(NamedTuple):
    """Something that came by one of our sockets, ours or not.

    Attributes:
        time_ns: when the kernel received it, ns since 1970.
        sender: who sent it.
        message: an ICMP message; None where it is none.
        octets: a TCP segment, or the data of a UDP datagram.
        flow: the flow whose socket it came by; None where a socket hears all.
    """

    time_ns: int
    sender: Address
    message: Decoded | None = None
    octets: bytes = b""
    flow: Flow | None = None


class Channel(Protocol):
    """What sends probes and hears answers.

    Attributes:
        flows: the flows of the probes.
        mtu: the MTU of the link by which they go, where probes may not be fragmented.
    """

    flows: tuple[Flow, ...]
    mtu: int

    def send(self, flow: Flow, number: int, ttl: int, size: int) -> int:
        """Send a probe and return when, ns since 1970."""

    def arrivals(self, seconds: float) -> Iterable[Arrival]:
        """Return what has come, after waiting so long for the first."""

    def close(self) -> None:
        """Close all sockets."""


class Aim(NamedTuple):
    """What probes are sent to.

    Attributes:
        dst: the address, with its zone where it needs one.
        protocol: UDP, TCP, ICMP or ICMPv6.
        port: destination port; 0 for echo requests.
        flows: how many flows.
        source: the address to send from; None for the system's choice.
        interface: the interface to send by; None for the system's choice.
        whole: whether routers may not fragment probes.
    """

    dst: Address
    protocol: int
    port: int
    flows: int = 1
    source: Address | None = None
    interface: str | None = None
    whole: bool = False


def opened(aim: Aim, kind: int, protocol: int) -> socket.socket:
    """Return a socket for an aim, which stamps what it receives.

    Raises:
        TraceError: there is no such interface.
        PermissionError: the system does not allow it.
    """
    found = socket.socket(AF[aim.dst.version], kind, protocol)
    found.setblocking(False)
    found.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    if aim.interface is not None:
        try:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, aim.interface.encode())
        except OSError as error:
            found.close()
            text = f"cannot send by {aim.interface}: {error.strerror}; there are {interfaces()}"
            raise TraceError(text) from None
    return found


def sockaddr(address: Address, port: int = 0) -> tuple[str, int] | tuple[str, int, int, int]:
    """Return an address as sockets take it: the zone of IPv6 as a number."""
    zone = getattr(address, "scope_id", None)
    if zone is None:
        return str(address), port
    try:
        return str(unscoped(address)), port, 0, int(zone) if zone.isdigit() else socket.if_nametoindex(zone)
    except OSError:
        text = f"there is no interface {zone}; there are {interfaces()}"
        raise TraceError(text) from None


def bound(aim: Aim, found: socket.socket, source: Address) -> int:
    """Bind a socket to a source address and a port of the system's choice; return the port."""
    try:
        found.bind(sockaddr(source))
    except OSError as error:
        found.close()
        text = f"cannot send from {source} to {aim.dst}: {error.strerror}"
        raise TraceError(text) from None
    port: int = found.getsockname()[1]
    return port


def way_out(aim: Aim) -> tuple[Address, int]:
    """Return the source address that the system takes for an aim, and the MTU of the link, if that is needed.

    Raises:
        TraceError: there is no route.
    """
    kind = type(aim.dst)
    with opened(aim, socket.SOCK_DGRAM, 0) as asked:
        try:
            if aim.source is not None:
                asked.bind(sockaddr(aim.source))
            asked.connect(sockaddr(aim.dst, aim.port or 33434))
        except OSError as error:
            text = f"no way to {aim.dst}: {error.strerror}"
            raise TraceError(text) from None
        source, _, *zone = asked.getsockname()
        if any(zone):
            source = f"{source.partition('%')[0]}%{zone[1]}"
        return kind(source), link_mtu(aim, asked) if aim.whole else MOST_MTU


def link_mtu(aim: Aim, asked: socket.socket) -> int:
    """Return the MTU of the link that a connected socket sends by.

    What the system says is the path's, as far as it was ever told. So it is asked to send what is too large for
    every link but the loopback, where it goes no further.
    """
    version = aim.dst.version
    level = LEVEL[version]
    dont_fragment(aim, asked)
    asked.setsockopt(level, RECVERR[version], 1)
    asked.setsockopt(level, TTL[version], 1)
    try:
        asked.send(bytes(LARGEST[version]))
    except OSError:
        for found in received(asked, socket.MSG_ERRQUEUE):
            for layer, name, data in found.control:
                if (layer, name) == (level, RECVERR[version]):
                    return min(ExtendedError.of(data).info, MOST_MTU)
    return min(int(asked.getsockopt(level, MTU[version])), MOST_MTU)


def unscoped(address: Address) -> Address:
    """Return an address without its zone, as it stands in headers."""
    return type(address)(int(address))


class Received(NamedTuple):
    """What a socket gives.

    Attributes:
        octets: the datagram; from an error queue, what was quoted of it.
        control: what came beside it.
        address: its sender; from an error queue, whom the quoted one was for.
        port: likewise.
    """

    octets: bytes
    control: list[tuple[int, int, bytes]]
    address: Address
    port: int

    @property
    def time_ns(self) -> int:
        """When the kernel received it, ns since 1970; now where it does not say."""
        return stamp(self.control) or time.time_ns()


def received(heard: socket.socket, flags: int = 0) -> Iterator[Received]:
    """Yield what waits in a socket."""
    while True:
        try:
            octets, control, _, address = heard.recvmsg(RECEIVED, CONTROL, flags)
        except BlockingIOError:
            return
        except OSError:
            # An error about a probe: it stands in the error queue too, or another socket hears it.
            continue
        yield Received(octets, control, unscoped(ip_address(address[0])), address[1])


@contextmanager
def sending(aim: Aim) -> Iterator[None]:
    """Say in a sentence why a probe could not be sent."""
    try:
        yield
    except OSError as error:
        text = f"cannot send to {aim.dst}: {error.strerror}"
        raise TraceError(text) from None


def ready(sockets: Iterable[socket.socket], seconds: float) -> bool:
    """Wait until something comes by one of some sockets; an entry in an error queue counts."""
    poll = select.poll()
    for one in sockets:
        poll.register(one, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def dont_fragment(aim: Aim, found: socket.socket) -> None:
    """Tell the kernel whether probes may be fragmented; IPv6 probes are left whole in any case."""
    version = aim.dst.version
    whole = aim.whole or version != IPV4
    found.setsockopt(
        LEVEL[version], MTU_DISCOVER[version], MTU_DISCOVER_PROBE if whole else MTU_DISCOVER_DONT
    )
