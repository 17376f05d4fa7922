"""Probes through scapy: for systems whose own sockets do not do, and to compare with.

scapy is slow to import and GPL-2.0-only: nothing imports this module before this engine is asked for.
"""

from __future__ import annotations

import socket
import time
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Any

from dissector.api import decode_packet
from dissector.capture.live import scapy_alone
from dissector.encoder import encode
from dissector.errors import DecodeError
from dissector.probe.kinds import Engine
from dissector.probe.matching import Arrival
from dissector.probe.sockets import DOMAINS, V4, V6, destination
from dissector.probe.targets import address_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.messages.base import IcmpMessage
    from dissector.probe.probes import Query
    from dissector.probe.sockets import Options
    from dissector.probe.targets import Address
    from dissector.registry.model import Family

DEFAULT_HOPS = 64


class ScapySocket:
    """A socket of scapy's for one family; see :class:`~dissector.probe.engines.Channel`.

    Args:
        family: which ICMP.
        query: what will be asked.
        options: how.
        identifier: for the probes.

    Raises:
        OSError: the system does not allow it.
    """

    engine = Engine.SCAPY

    def __init__(self, family: Family, query: Query, options: Options, identifier: int) -> None:
        self.family = family
        self.identifier = identifier
        hops = query.hops if options.ttl is None else options.ttl
        self._hops = DEFAULT_HOPS if hops is None else hops
        self._tos = options.tos or 0
        self._dont_fragment = options.dont_fragment
        self._source, interface = source_of(options.source)
        self._socket = open_socket(family, interface)

    def fileno(self) -> int:
        """Return the file descriptor of what it receives with."""
        number: int = self._socket.fileno()
        return number

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def send(self, message: IcmpMessage, address: Address) -> int:
        """Send a message, and return when, in ns since 1970."""
        from scapy.layers.inet import IP
        from scapy.layers.inet6 import IPv6
        from scapy.packet import Raw

        source = self._source if self._source is not None else source_towards(address)
        dst = str(address).partition("%")[0]
        header: Any
        if self.family is V4:
            flags = "DF" if self._dont_fragment else 0
            header = IP(src=str(source), dst=dst, ttl=self._hops, tos=self._tos, flags=flags, proto=1)
        else:
            header = IPv6(src=str(source), dst=dst, hlim=self._hops, tc=self._tos, nh=58)
        octets = encode(message, self.family, src=source, dst=bare(address))
        packet = header / Raw(octets)
        sent_ns = time.time_ns()
        self._socket.send(packet)
        return sent_ns

    def receive(self) -> Iterator[Arrival]:
        """Yield what has come, if it is ICMP."""
        packet = self._socket.recv()
        if packet is None:
            return
        try:
            message = decode_packet(packet.original)
        except DecodeError:
            return
        if message.family is self.family:
            time_ns = int(packet.time * 1_000_000_000)
            yield Arrival(
                self.family, message.octets, self.identifier, message.src, message.dst, message.ttl, time_ns
            )


def open_socket(family: Family, interface: str | None) -> Any:
    """Return scapy's socket; where the system has them, one that leaves routes and neighbours to the kernel."""
    scapy_alone.prepare()
    from scapy import supersocket
    from scapy.config import conf
    from scapy.layers import inet6, l2  # noqa: F401 - scapy knows a link layer only once its module is imported

    name = "L3RawSocket" if family is V4 else "L3RawSocket6"
    kind = getattr(supersocket, name, conf.L3socket if family is V4 else conf.L3socket6)
    return kind(iface=interface)


def source_of(source: str | None) -> tuple[Address | None, str | None]:
    """Return the address, or the interface, that a user wants to send from."""
    if source is None:
        return None, None
    try:
        return address_of(source), None
    except ValueError:
        return None, source


def source_towards(address: Address) -> Address:
    """Return the address that this host has on the way to another."""
    domain, _ = DOMAINS[V6 if isinstance(address, IPv6Address) else V4]
    with socket.socket(domain, socket.SOCK_DGRAM) as probe:
        where = destination(address)
        probe.connect((where[0], 9, *where[2:]))  # any port: nothing is sent
        return bare(address_of(str(probe.getsockname()[0])))


def bare(address: Address) -> Address:
    """Return an address without its scope."""
    return IPv6Address(address.packed) if isinstance(address, IPv6Address) else address
