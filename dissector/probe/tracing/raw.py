"""Probes through raw sockets: every octet is ours, and answers come whole; this needs rights."""

from __future__ import annotations

import secrets
import socket
import time
from typing import TYPE_CHECKING

from dissector.analysis.quotes import TCP, UDP
from dissector.decoder import decode_message
from dissector.message import FAMILIES
from dissector.probe.linux import ICMP_FILTER, blocking, without_header
from dissector.probe.tracing.channel import (
    KINDS,
    Arrival,
    RightsError,
    bound,
    dont_fragment,
    opened,
    ready,
    received,
    sending,
    sockaddr,
    unscoped,
    way_out,
)
from dissector.probe.tracing.flows import ICMP_PROTOCOLS, Flow, packet_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.probe.tracing.channel import Aim
    from dissector.probe.tracing.flows import Marks

HEARD = {4: (0, 3, 11, 12), 6: (1, 2, 3, 4, 129)}
"""Types that answer probes: the kernel drops the others."""
IPPROTO_RAW = 255


class RawChannel:
    """Raw sockets: one that sends IP packets, one that hears ICMP, for TCP one that hears TCP.

    Source ports are held by sockets of their protocol, so that nobody else gets them.

    Args:
        aim: where to.
        marks: of this run.

    Raises:
        RightsError: the system does not allow it.
        TraceError: there is no way there.
    """

    def __init__(self, aim: Aim, marks: Marks) -> None:
        self._aim, self._marks = aim, marks
        self._version = aim.dst.version
        self._open: list[socket.socket] = []
        self._source, self.mtu = way_out(aim)
        try:
            self._out = self._opened(socket.SOCK_RAW, IPPROTO_RAW)
            dont_fragment(aim, self._out)
            self._icmp = self._opened(socket.SOCK_RAW, ICMP_PROTOCOLS[self._version])
            self._icmp.setsockopt(*ICMP_FILTER[self._version], blocking(self._version, HEARD[self._version]))
            self._tcp = self._opened(socket.SOCK_RAW, TCP) if aim.protocol == TCP else None
            self._holders = dict(self._hold())
        except PermissionError as error:
            self.close()
            raise RightsError(aim.protocol, str(error.strerror)) from None
        self.flows = tuple(self._holders)

    def _opened(self, kind: int, protocol: int) -> socket.socket:
        found = opened(self._aim, kind, protocol)
        self._open.append(found)
        return found

    def _hold(self) -> Iterator[tuple[Flow, socket.socket | None]]:
        """Yield the flows, each with the socket that holds its port."""
        aim, source = self._aim, self._source
        ends = aim.protocol, unscoped(source), unscoped(aim.dst)
        identifier = secrets.randbits(16)
        for index in range(1, aim.flows + 1):
            if aim.protocol in KINDS:
                holder = self._opened(KINDS[aim.protocol], aim.protocol)
                yield Flow(index, *ends, bound(aim, holder, source), aim.port), holder
            else:
                yield Flow(index, *ends, (identifier + index) % 0x10000, 0), None

    def send(self, flow: Flow, number: int, ttl: int, size: int) -> int:
        """Send a probe and return when, ns since 1970."""
        packet = packet_of(flow, self._marks, number, ttl=ttl, size=size, whole=self._aim.whole)
        now = time.time_ns()
        with sending(self._aim):
            self._out.sendto(packet, sockaddr(self._aim.dst))
        return now

    def arrivals(self, seconds: float) -> Iterator[Arrival]:
        """Yield what has come, after waiting so long for the first."""
        if not ready(self._open, seconds):
            return
        for found in received(self._icmp):
            octets = without_header(self._version, found.octets)
            message = decode_message(
                octets, FAMILIES[self._version], src=found.address, dst=unscoped(self._source)
            )
            yield Arrival(found.time_ns, found.address, message)
        if self._tcp is not None:
            for found in received(self._tcp):
                yield Arrival(
                    found.time_ns, found.address, octets=without_header(self._version, found.octets)
                )
        for flow, holder in self._holders.items():
            if holder is not None and flow.protocol == UDP:
                for found in received(holder):
                    yield Arrival(found.time_ns, found.address, octets=found.octets, flow=flow)

    def close(self) -> None:
        """Close all sockets."""
        for one in self._open:
            one.close()
