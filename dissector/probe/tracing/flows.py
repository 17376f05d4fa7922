"""Probes as octets, and how each is known again by what comes back.

Strategy (Paris traceroute): whatever load balancers look at is the same in all probes of a flow: addresses,
protocol, ports; of an echo request its type, code, identifier and checksum. What tells probes apart is

- UDP: number and cookie in the payload; where an error quotes less than that, the identification of IPv4;
- echo: the sequence number, made up for by two octets of data; the cookie in the data;
- TCP: the sequence number, which counts in steps of 65,536 from a random one.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

from dissector.analysis.quotes import ICMP_PROTOCOL, ICMPV6_PROTOCOL, TCP, UDP
from dissector.checksum import internet_checksum
from dissector.messages.echo import Echo
from dissector.tails.datagram import HEADER_OCTETS, IPV4, IPV6
from dissector.tails.headers import Ipv4Header, Ipv6Header, TcpHeader, UdpHeader

if TYPE_CHECKING:
    from dissector.analysis.flow_keys import Address
    from dissector.tails.datagram import Datagram

ICMP_PROTOCOLS = {IPV4: ICMP_PROTOCOL, IPV6: ICMPV6_PROTOCOL}
REQUEST = {IPV4: 8, IPV6: 128}
COOKIE = 4
"""Octets by which a probe is known to be of this run."""
NUMBER = 2
STEP = 16
"""A TCP probe's number begins at this bit of its sequence number: its data count below."""
LOW = (1 << STEP) - 1
SEQUENCES = 1 << 32
MOST_PROBES = (1 << 16) - 1
WINDOW = 65535
TRANSPORT = {UDP: UdpHeader.layout.size, TCP: TcpHeader.layout.size}
LEAST_DATA = {UDP: NUMBER + COOKIE, TCP: 0}
ECHO_DATA = COOKIE + NUMBER


class Flow(NamedTuple):
    """What load balancers look at.

    Attributes:
        number: its number among the flows of a run, from 1.
        protocol: UDP, TCP, ICMP or ICMPv6.
        src, dst: addresses, without a zone.
        sport: source port; the identifier of echo requests.
        dport: destination port; 0 for echo requests.
    """

    number: int
    protocol: int
    src: Address
    dst: Address
    sport: int
    dport: int

    @property
    def is_echo(self) -> bool:
        """Whether its probes are echo requests."""
        return self.protocol in ICMP_PROTOCOLS.values()


class Marks(NamedTuple):
    """What tells the probes of one run from everything else.

    Attributes:
        cookie: four octets in the payload.
        base: the sequence number of the TCP probe 0.
    """

    cookie: bytes
    base: int

    @classmethod
    def random(cls) -> Marks:
        """Return marks that nobody guesses."""
        return cls(secrets.token_bytes(COOKIE), secrets.randbits(32))


def least_size(protocol: int, version: int) -> int:
    """Return how many octets the smallest probe has, IP header included."""
    if protocol in ICMP_PROTOCOLS.values():
        return HEADER_OCTETS[version] + Echo.layout.size + ECHO_DATA
    return HEADER_OCTETS[version] + TRANSPORT[protocol] + LEAST_DATA[protocol]


def payload_of(marks: Marks, number: int, size: int) -> bytes:
    """Return the payload of a UDP probe: the number first, where servers of names return it."""
    return (number.to_bytes(NUMBER) + marks.cookie).ljust(size, b"\0")


def echo_of(flow: Flow, marks: Marks, number: int, size: int) -> bytes:
    """Return an echo request of so many octets, the same checksum in all of a flow."""
    balance = (MOST_PROBES - number).to_bytes(NUMBER)
    data = (marks.cookie + balance).ljust(size - Echo.layout.size, b"\0")
    echo = Echo(type=REQUEST[flow.dst.version], identifier=flow.sport, sequence=number, data=data)
    octets = echo.encode()
    summed = octets if flow.dst.version == IPV4 else pseudo(flow, len(octets)) + octets
    return echo.replace(checksum=internet_checksum(summed)).encode()


def segment_of(flow: Flow, marks: Marks, number: int, size: int) -> bytes:
    """Return a TCP segment of so many octets that opens a connection."""
    header = TcpHeader(
        sport=flow.sport,
        dport=flow.dport,
        seq=(marks.base + (number << STEP)) % SEQUENCES,
        syn=True,
        window=WINDOW,
    )
    data = bytes(size - header.layout.size)
    checksum = internet_checksum(pseudo(flow, size) + header.encode() + data)
    return header.replace(checksum=checksum).encode() + data


def datagram_of(flow: Flow, marks: Marks, number: int, size: int) -> bytes:
    """Return a UDP datagram of so many octets."""
    header = UdpHeader(sport=flow.sport, dport=flow.dport, length=size)
    payload = payload_of(marks, number, size - header.layout.size)
    # Zero would say that there is no checksum (RFC 768).
    checksum = internet_checksum(pseudo(flow, size) + header.encode() + payload) or WINDOW
    return header.replace(checksum=checksum).encode() + payload


def pseudo(flow: Flow, length: int) -> bytes:
    """Return what checksums cover before the transport header; the sum of RFC 793's and RFC 8200's is the same."""
    return flow.src.packed + flow.dst.packed + length.to_bytes(4) + flow.protocol.to_bytes(4)


def packet_of(  # noqa: PLR0913 - the fields of its headers
    flow: Flow, marks: Marks, number: int, *, ttl: int, size: int, whole: bool
) -> bytes:
    """Return a probe as an IP packet.

    Args:
        flow: its flow.
        marks: of the run.
        number: its own.
        ttl: hops that it may go.
        size: octets of the packet.
        whole: whether routers may not fragment it; those of IPv6 never do.
    """
    makers = {UDP: datagram_of, TCP: segment_of}
    room = size - HEADER_OCTETS[flow.dst.version]
    octets = makers.get(flow.protocol, echo_of)(flow, marks, number, room)
    return packed(flow, octets, ttl=ttl, identification=number, whole=whole)


def packed(flow: Flow, octets: bytes, *, ttl: int, identification: int = 0, whole: bool = False) -> bytes:
    """Return octets of the transport as an IP packet; see :func:`packet_of`."""
    ends: dict[str, Any] = {"src": flow.src, "dst": flow.dst}
    if flow.dst.version == IPV6:
        length = len(octets)
        head = Ipv6Header(payload_length=length, next_header=flow.protocol, hop_limit=ttl, **ends)
        return head.encode() + octets
    return (
        Ipv4Header(
            total_length=HEADER_OCTETS[IPV4] + len(octets),
            identification=identification,
            dont_fragment=whole,
            ttl=ttl,
            protocol=flow.protocol,
            **ends,
        ).encode()
        + octets
    )


class Known(NamedTuple):
    """A probe that something is about.

    Attributes:
        flow: its flow.
        number: its number; None where what came back does not tell.
    """

    flow: Flow
    number: int | None


class Recogniser:
    """Tells what is about our probes from what is about those of others.

    Args:
        flows: ours.
        marks: of this run.
    """

    def __init__(self, flows: tuple[Flow, ...], marks: Marks) -> None:
        self.marks = marks
        # None is in no key: it stands for what is not quoted.
        self._flows: dict[tuple[int | None, int | None], Flow] = {
            (flow.sport, flow.dport): flow for flow in flows
        }
        self._any = flows[0]

    def quoted(self, datagram: Datagram) -> Known | None:
        """Return the probe that an error quotes; None where it is not ours."""
        ours = self._any
        if datagram.protocol != ours.protocol or datagram.dst != ours.dst:
            return None
        if ours.is_echo and datagram.type != REQUEST[ours.dst.version]:
            return None
        ends = (datagram.identifier, 0) if ours.is_echo else (datagram.sport, datagram.dport)
        flow = self._flows.get(ends)
        if flow is None:
            return None
        last = datagram.layers[-1]
        data = datagram.octets[last.offset + len(last.octets) :]
        place = {UDP: NUMBER, TCP: None}.get(ours.protocol, 0)
        cookie = b"" if place is None else data[place : place + COOKIE]
        told = len(cookie) == COOKIE
        if told and cookie != self.marks.cookie:
            return None
        # A translator may leave its own address in the quote (RFC 5508, 4.2.1, forbids it): the cookie is enough.
        if datagram.src != ours.src and not told:
            return None
        return self._numbered(flow, datagram, data if told else b"")

    def _numbered(self, flow: Flow, datagram: Datagram, data: bytes) -> Known | None:
        """Return a quoted probe by its number, which depends on the protocol."""
        if flow.is_echo:
            return Known(flow, datagram.sequence)
        if flow.protocol == UDP:
            # IPv6 has no identification; that of a datagram sent by the kernel is not ours, and quoted as zero.
            return Known(flow, int.from_bytes(data[:NUMBER]) if data else datagram.id or None)
        if datagram.seq is None:
            return Known(flow, None)
        distance = (datagram.seq - self.marks.base) % SEQUENCES
        return None if distance & LOW else Known(flow, distance >> STEP)

    def echoed(self, reply: Echo) -> Known | None:
        """Return the request that an echo reply answers; None where it is not ours."""
        flow = self._flows.get((reply.identifier, 0))
        if flow is None or reply.data[:COOKIE] != self.marks.cookie:
            return None
        return Known(flow, reply.sequence)

    def connected(self, segment: bytes) -> Known | None:
        """Return the probe that a TCP segment from the destination answers; None where it is not ours."""
        if len(segment) < TcpHeader.layout.size:
            return None
        header = TcpHeader.parse(segment)
        flow = self._flows.get((header.dport, header.sport))
        if flow is None or not header.ack_flag or not (header.rst or header.syn):
            return None
        # The acknowledgment counts the SYN, and the data where it was taken (RFC 9293, 3.10.7).
        return Known(flow, (header.ack - 1 - self.marks.base) % SEQUENCES >> STEP)

    def served(self, flow: Flow, payload: bytes) -> Known:
        """Return the probe that a server's datagram answers, which it tells only by returning its first octets."""
        return Known(flow, int.from_bytes(payload[:NUMBER]) if len(payload) >= NUMBER else None)
