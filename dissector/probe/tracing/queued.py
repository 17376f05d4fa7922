"""Probes through ordinary sockets: the kernel keeps ICMP errors about them in error queues; no rights needed.

Strategy: the kernel tells of an error its type, code and sender, and what was quoted behind the headers of the
probe. Those headers are known, so that the message is put together again and read as every other. UDP probes
whose quote ends there cannot be told apart.
"""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from dissector.analysis.quotes import UDP
from dissector.decoder import Decoded, decode_message
from dissector.message import FAMILIES
from dissector.messages.errors import DestinationUnreachable, FragmentationNeeded
from dissector.messages.errors6 import DestinationUnreachable6, PacketTooBig
from dissector.probe.linux import (
    LEVEL,
    OFFENDER,
    ORIGINS,
    RECVERR,
    RECVERR_RFC4884,
    ExtendedError,
    sockaddr_of,
)
from dissector.probe.tracing.channel import (
    TTL,
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
from dissector.probe.tracing.flows import ICMP_PROTOCOLS, TRANSPORT, Flow, echo_of, packed, payload_of
from dissector.tails.datagram import HEADER_OCTETS, IPV6
from dissector.tails.headers import UdpHeader
from dissector.tails.quoted import Quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.probe.tracing.channel import Aim, Received
    from dissector.probe.tracing.flows import Marks

TRIES = 3
"""A socket's error is cleared by failing to send."""
TOO_BIG = {4: (3, 4), 6: (2, 0)}


class QueueChannel:
    """A UDP or ICMP datagram socket for each flow, and its error queue.

    Args:
        aim: where to; not by TCP.
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
        if aim.protocol not in (UDP, ICMP_PROTOCOLS[self._version]):
            raise RightsError(aim.protocol, "TCP probes need a raw one")
        try:
            self._sockets = {self._flow(index): self._open[-1] for index in range(1, aim.flows + 1)}
        except PermissionError as error:
            self.close()
            raise RightsError(aim.protocol, str(error.strerror)) from None
        self.flows = tuple(self._sockets)

    def _flow(self, index: int) -> Flow:
        """Open the socket of a flow, and return the flow."""
        aim, version = self._aim, self._version
        found = opened(aim, socket.SOCK_DGRAM, aim.protocol)
        self._open.append(found)
        found.setsockopt(LEVEL[version], RECVERR[version], 1)
        with suppress(OSError):  # before Linux 5.9: extensions are looked for where most senders put them
            found.setsockopt(LEVEL[version], RECVERR_RFC4884[version], 1)
        dont_fragment(aim, found)
        # The port of an ICMP socket is the identifier of its requests (icmp(7)).
        return Flow(
            index,
            aim.protocol,
            unscoped(self._source),
            unscoped(aim.dst),
            bound(aim, found, self._source),
            aim.port,
        )

    def send(self, flow: Flow, number: int, ttl: int, size: int) -> int:
        """Send a probe and return when, ns since 1970."""
        by = self._sockets[flow]
        room = size - HEADER_OCTETS[self._version]
        if flow.is_echo:
            octets = echo_of(flow, self._marks, number, room)
        else:
            octets = payload_of(self._marks, number, room - TRANSPORT[UDP])
        by.setsockopt(LEVEL[self._version], TTL[self._version], ttl)
        for _ in range(TRIES):
            now = time.time_ns()
            # What was heard of an earlier probe is the socket's error now; it stands in the queue too.
            with suppress(OSError):
                by.sendto(octets, sockaddr(self._aim.dst, self._aim.port))
                return now
        with sending(self._aim):
            by.sendto(octets, sockaddr(self._aim.dst, self._aim.port))
        return now

    def arrivals(self, seconds: float) -> Iterator[Arrival]:
        """Yield what has come, after waiting so long for the first."""
        if not ready(self._open, seconds):
            return
        for flow, one in self._sockets.items():
            for entry in received(one, socket.MSG_ERRQUEUE):
                told = self._told(flow, entry)
                if told is not None:
                    yield told
            for found in received(one):
                message = self._read(found) if flow.is_echo else None
                yield Arrival(found.time_ns, found.address, message, found.octets, flow)

    def _read(self, found: Received) -> Decoded:
        """Return an ICMP message that a socket gave."""
        family = FAMILIES[self._version]
        return decode_message(found.octets, family, src=found.address, dst=unscoped(self._source))

    def _told(self, flow: Flow, entry: Received) -> Arrival | None:
        """Return an entry of an error queue as the message that it was.

        None where it is the kernel's own, or about what the same socket did not send to the destination.
        """
        version = self._version
        if (entry.address, entry.port) != (flow.dst, flow.dport):
            return None
        for level, kind, data in entry.control:
            if (level, kind) != (LEVEL[version], RECVERR[version]):
                continue
            error = ExtendedError.of(data)
            if error.origin != ORIGINS[version]:
                return None
            reporter = ip_address(sockaddr_of(data)[OFFENDER[version]])
            message = restored(flow, error, entry.octets)
            return Arrival(entry.time_ns, reporter, Decoded(FAMILIES[version], message))
        return None

    def close(self) -> None:
        """Close all sockets."""
        for one in self._open:
            one.close()


def restored(flow: Flow, error: ExtendedError, quoted: bytes) -> bytes:
    """Return the ICMP message of an error, without its checksum.

    Args:
        flow: of the probe that it is about.
        error: what the kernel told.
        quoted: what was quoted behind the headers of the probe; of an echo request, with its header.
    """
    version = flow.dst.version
    if not flow.is_echo:
        length = UdpHeader.layout.size + len(quoted)
        quoted = UdpHeader(sport=flow.sport, dport=flow.dport, length=length).encode() + quoted
    before = HEADER_OCTETS[version] + (0 if flow.is_echo else UdpHeader.layout.size)
    values: dict[str, Any] = {
        "type": error.type,
        "code": error.code,
        "quote": Quote.of(packed(flow, quoted, ttl=1)),
        # With extensions, the quote's length was told in the message (RFC 4884, 4).
        "original_length": before + error.extensions if error.extensions else 0,
    }
    if (error.type, error.code) != TOO_BIG[version]:
        kind = DestinationUnreachable6 if version == IPV6 else DestinationUnreachable
        return kind(**values).encode()
    if version == IPV6:
        del values["original_length"]
        return PacketTooBig(mtu=error.info, **values).encode()
    return FragmentationNeeded(next_hop_mtu=error.info, **values).encode()
