"""The headers that a quoted datagram may begin with: IP, and what may follow it.

They are read as shapes but laxly: a quote may be cut anywhere, see :class:`~dissector.tails.datagram.Layer`.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, ClassVar

from dissector.layout import OCTETS, Shape, rest, shape, wire
from dissector.protocols import PROTOCOLS
from dissector.tails.header_options import IPV4_OPTIONS, IPV6_OPTIONS, TCP_OPTIONS

if TYPE_CHECKING:
    from dissector.layout import Several
    from dissector.tails.header_options import OneOctetOption, Option


class Header(Shape):
    """A header of a quoted datagram.

    Attributes:
        says_next: the field that says what follows; empty where that is the payload.
    """

    __slots__ = ()
    says_next: ClassVar[str] = ""

    @classmethod
    def extent(cls, octets: bytes) -> int:  # noqa: ARG003 - headers of variable length look at them
        """Return how long the header at the start of some octets (at least two of them) says that it is."""
        return cls.layout.size

    @property
    def is_last(self) -> bool:
        """Whether no header can be read after it, whatever :attr:`says_next` says."""
        return False


@shape
class Ipv4Header(Header):
    """The header of IPv4 (RFC 791, 3.1)."""

    title: ClassVar[str] = "IPv4"
    says_next: ClassVar[str] = "protocol"

    version: int = wire(4, "Version of IP.", default=4)
    header_length: int = wire(
        4, "Length of this header, options included.", scale=4, unit="octets", default=20
    )
    dscp: int = wire(6, "Differentiated services code point (RFC 2474).", default=0)
    ecn: int = wire(2, "Explicit congestion notification (RFC 3168).", default=0)
    total_length: int = wire(
        16, "Length of the datagram when it was sent, this header included.", unit="octets"
    )
    identification: int = wire(16, "Tells which fragments belong together.", default=0)
    reserved: int = wire(1, reserved=True, default=0)
    dont_fragment: bool = wire(1, "Not to be fragmented (DF).", as_=bool, default=False)
    more_fragments: bool = wire(1, "Not the last fragment (MF).", as_=bool, default=False)
    fragment_offset: int = wire(13, "Where this fragment belongs.", scale=8, unit="octets", default=0)
    ttl: int = wire(8, "Time to live.", default=64)
    protocol: int = wire(8, "What follows the header.", names=PROTOCOLS)
    header_checksum: int = wire(16, "Sum over the header.", hexadecimal=True, default=0)
    src: IPv4Address = wire(32, "Source address.", as_=IPv4Address)
    dst: IPv4Address = wire(32, "Destination address.", as_=IPv4Address)
    options: Several[Option | OneOctetOption] = rest(IPV4_OPTIONS, "An option (RFC 791, 3.1).", default=())

    @classmethod
    def extent(cls, octets: bytes) -> int:
        """Return the length in the header, at least 20."""
        return max(cls.layout.size, (octets[0] & 0x0F) * 4)

    @property
    def is_last(self) -> bool:
        """Whether it is a later fragment, or too short to be a header."""
        return self.fragment_offset > 0 or self.header_length < self.layout.size


@shape
class Ipv6Header(Header):
    """The header of IPv6 (RFC 8200, 3)."""

    title: ClassVar[str] = "IPv6"
    says_next: ClassVar[str] = "next_header"

    version: int = wire(4, "Version of IP.", default=6)
    dscp: int = wire(6, "Differentiated services code point (RFC 2474).", default=0)
    ecn: int = wire(2, "Explicit congestion notification (RFC 3168).", default=0)
    flow_label: int = wire(20, "Flow label (RFC 6437).", hexadecimal=True, default=0)
    payload_length: int = wire(16, "Length of what follows this header.", unit="octets")
    next_header: int = wire(8, "What follows the header.", names=PROTOCOLS)
    hop_limit: int = wire(8, "Hop limit.", default=64)
    src: IPv6Address = wire(128, "Source address.", as_=IPv6Address)
    dst: IPv6Address = wire(128, "Destination address.", as_=IPv6Address)


@shape
class ExtensionHeader(Header):
    """What all IPv6 extension headers begin with (RFC 6564, 3)."""

    says_next: ClassVar[str] = "next_header"

    next_header: int = wire(8, "What follows the header.", names=PROTOCOLS)
    extension_length: int = wire(8, "Length in units of 8 octets, the first not counted.", default=0)

    @classmethod
    def extent(cls, octets: bytes) -> int:
        """Return the length in the header."""
        return 8 + octets[1] * 8


@shape
class HopByHopOptions(ExtensionHeader):
    """Options for every router on the path (RFC 8200, 4.3)."""

    title: ClassVar[str] = "Hop-by-Hop Options"

    options: Several[Option | OneOctetOption] = rest(IPV6_OPTIONS, "An option (RFC 8200, 4.2).", default=())


@shape
class DestinationOptions(HopByHopOptions):
    """Options for the destination (RFC 8200, 4.6)."""

    title: ClassVar[str] = "Destination Options"


@shape
class RoutingHeader(ExtensionHeader):
    """Nodes to be visited on the way (RFC 8200, 4.4)."""

    title: ClassVar[str] = "Routing"

    routing_type: int = wire(
        8, "What kind of route.", names={0: "source route", 2: "home address", 3: "RPL", 4: "segment routing"}
    )
    segments_left: int = wire(8, "Nodes still to be visited.")
    data: bytes = rest(OCTETS, "Data of its kind.", default=b"")


@shape
class FragmentHeader(Header):
    """The datagram is a fragment (RFC 8200, 4.5)."""

    title: ClassVar[str] = "Fragment"
    says_next: ClassVar[str] = "next_header"

    next_header: int = wire(8, "What the fragmented part begins with.", names=PROTOCOLS)
    reserved: int = wire(8, reserved=True, default=0)
    fragment_offset: int = wire(13, "Where this fragment belongs.", scale=8, unit="octets", default=0)
    reserved_2: int = wire(2, reserved=True, default=0)
    more_fragments: bool = wire(1, "Not the last fragment (M).", as_=bool, default=False)
    identification: int = wire(32, "Tells which fragments belong together.", default=0)

    @property
    def is_last(self) -> bool:
        """Whether it is a later fragment."""
        return self.fragment_offset > 0


@shape
class AuthenticationHeader(Header):
    """The datagram is authenticated (RFC 4302, 2)."""

    title: ClassVar[str] = "AH"
    says_next: ClassVar[str] = "next_header"

    next_header: int = wire(8, "What follows the header.", names=PROTOCOLS)
    payload_length: int = wire(8, "Length in units of 4 octets, minus 2.", default=1)
    reserved: int = wire(16, reserved=True, default=0)
    spi: int = wire(32, "Security parameters index: which association.", hexadecimal=True)
    sequence_number: int = wire(32, "Counts the packets of the association.", default=0)
    icv: bytes = rest(OCTETS, "Integrity check value.", default=b"")

    @classmethod
    def extent(cls, octets: bytes) -> int:
        """Return the length in the header; 8 is that of 1995, without a sequence number (RFC 1826, 3)."""
        return (octets[1] + 2) * 4


@shape
class EspHeader(Header):
    """What follows is encrypted (RFC 4303, 2)."""

    title: ClassVar[str] = "ESP"

    spi: int = wire(32, "Security parameters index: which association.", hexadecimal=True)
    sequence_number: int = wire(32, "Counts the packets of the association.", default=0)


@shape
class TcpHeader(Header):
    """The header of TCP (RFC 9293, 3.1)."""

    title: ClassVar[str] = "TCP"

    sport: int = wire(16, "Source port.")
    dport: int = wire(16, "Destination port.")
    seq: int = wire(32, "Sequence number of the first octet.", default=0)
    ack: int = wire(32, "Sequence number that is expected next.", default=0)
    data_offset: int = wire(4, "Length of this header, options included.", scale=4, unit="octets", default=20)
    reserved: int = wire(4, reserved=True, default=0)
    cwr: bool = wire(1, "Congestion window reduced.", as_=bool, default=False)
    ece: bool = wire(1, "ECN echo.", as_=bool, default=False)
    urg: bool = wire(1, "The urgent pointer counts.", as_=bool, default=False)
    ack_flag: bool = wire(1, "The acknowledgment number counts.", as_=bool, default=False)
    psh: bool = wire(1, "Push.", as_=bool, default=False)
    rst: bool = wire(1, "Reset.", as_=bool, default=False)
    syn: bool = wire(1, "Synchronizes sequence numbers.", as_=bool, default=False)
    fin: bool = wire(1, "No more data.", as_=bool, default=False)
    window: int = wire(16, "Octets that may be sent, before scaling.", default=0)
    checksum: int = wire(16, "Sum over pseudo header, header and data.", hexadecimal=True, default=0)
    urgent_pointer: int = wire(16, "Where urgent data ends.", default=0)
    options: Several[Option | OneOctetOption] = rest(TCP_OPTIONS, "An option (RFC 9293, 3.1).", default=())

    @classmethod
    def extent(cls, octets: bytes) -> int:
        """Return the length in the header, at least 20; 20 too where its octet is not there."""
        return max(cls.layout.size, (octets[12] >> 4) * 4 if len(octets) > 12 else 0)  # noqa: PLR2004 - its place


@shape
class UdpHeader(Header):
    """The header of UDP (RFC 768)."""

    title: ClassVar[str] = "UDP"

    sport: int = wire(16, "Source port.")
    dport: int = wire(16, "Destination port.")
    length: int = wire(16, "Length of header and data.", unit="octets")
    checksum: int = wire(16, "Sum over pseudo header, header and data.", hexadecimal=True, default=0)


@shape
class UdpLiteHeader(Header):
    """The header of UDP-Lite (RFC 3828, 3.1)."""

    title: ClassVar[str] = "UDP-Lite"

    sport: int = wire(16, "Source port.")
    dport: int = wire(16, "Destination port.")
    coverage: int = wire(16, "Octets that the checksum covers; zero is all.", unit="octets")
    checksum: int = wire(16, "Sum over pseudo header, header and some data.", hexadecimal=True, default=0)


@shape
class SctpHeader(Header):
    """The common header of SCTP (RFC 9260, 3.1)."""

    title: ClassVar[str] = "SCTP"

    sport: int = wire(16, "Source port.")
    dport: int = wire(16, "Destination port.")
    verification_tag: int = wire(32, "Tells this association from earlier ones.", hexadecimal=True)
    checksum: int = wire(32, "CRC32c of the packet.", hexadecimal=True, default=0)


@shape
class GreHeader(Header):
    """The header of GRE (RFC 2784, 2; RFC 2890, 2; RFC 2637, 4.1)."""

    title: ClassVar[str] = "GRE"

    has_checksum: bool = wire(1, "Checksum and offset are there (C).", as_=bool, default=False)
    has_routing: bool = wire(1, "Routing is there (R, RFC 1701).", as_=bool, default=False)
    has_key: bool = wire(1, "The key is there (K).", as_=bool, default=False)
    has_sequence: bool = wire(1, "The sequence number is there (S).", as_=bool, default=False)
    strict_route: bool = wire(1, "Strict source route (s, RFC 1701).", as_=bool, default=False)
    recursion: int = wire(3, "Recursion control (RFC 1701).", default=0)
    has_acknowledgment: bool = wire(1, "The acknowledgment is there (A, version 1).", as_=bool, default=False)
    flags: int = wire(4, reserved=True, default=0)
    version: int = wire(3, "Version; 1 is PPTP's.", default=0)
    protocol_type: int = wire(16, "What follows, as an EtherType.", hexadecimal=True)
    optional: bytes = rest(OCTETS, "The fields that the flags say are there.", default=b"")

    @classmethod
    def extent(cls, octets: bytes) -> int:
        """Return the length that the flags make: four octets for each field that is there."""
        fields = (octets[0] & 0xC0 != 0) + (octets[0] >> 5 & 1) + (octets[0] >> 4 & 1) + (octets[1] >> 7)
        return cls.layout.size + 4 * fields


@shape
class IcmpHeader(Header):
    """The header of an ICMP message; of one that is an error, nothing more is read."""

    title: ClassVar[str] = "ICMP"

    type: int = wire(8, "What kind of message it is.")
    code: int = wire(8, "Which one of its kind.", default=0)
    checksum: int = wire(16, "One's complement of the one's complement sum.", hexadecimal=True, default=0)


@shape
class IcmpQueryHeader(IcmpHeader):
    """The header of a query or of its answer."""

    identifier: int = wire(16, "Matches replies to requests.", default=0)
    sequence: int = wire(16, "Matches replies to requests.", default=0)


@shape
class IcmpProbeHeader(IcmpHeader):
    """The header of an extended echo (RFC 8335, 2 and 3)."""

    identifier: int = wire(16, "Matches replies to requests.", default=0)
    sequence: int = wire(8, "Matches replies to requests.", default=0)
    flags: int = wire(8, "What is asked, or the answer.", hexadecimal=True, default=0)


QUERIES = dict.fromkeys((0, 8, 13, 14, 15, 16, 17, 18, 37, 38), IcmpQueryHeader)
PROBES = dict.fromkeys((42, 43), IcmpProbeHeader)
ICMP: dict[int, type[IcmpHeader]] = {**QUERIES, **PROBES}
ICMPV6: dict[int, type[IcmpHeader]] = {
    **dict.fromkeys((128, 129), IcmpQueryHeader),
    **dict.fromkeys((160, 161), IcmpProbeHeader),
}
IPV6_HEADERS: dict[int, type[Header]] = {
    0: HopByHopOptions,
    43: RoutingHeader,
    44: FragmentHeader,
    60: DestinationOptions,
}
HEADERS: dict[int, type[Header]] = {
    6: TcpHeader,
    17: UdpHeader,
    47: GreHeader,
    50: EspHeader,
    51: AuthenticationHeader,
    132: SctpHeader,
    136: UdpLiteHeader,
}
ICMP_TYPES = {1: ICMP, 58: ICMPV6}


def header_of(protocol: int, version: int, octets: bytes) -> type[Header] | None:
    """Return the shape of the header at the start of some octets, None where it is not known.

    Args:
        protocol: its number.
        version: of the IP header before it; extension headers belong to IPv6 alone.
        octets: at least one.
    """
    if protocol in ICMP_TYPES:
        return ICMP_TYPES[protocol].get(octets[0], IcmpHeader)
    if version == 6 and protocol in IPV6_HEADERS:  # noqa: PLR2004 - the version
        return IPV6_HEADERS[protocol]
    return HEADERS.get(protocol)
