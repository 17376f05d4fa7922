"""The datagram that an error is about, read laxly: it may be cut anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dissector.errors import quantity
from dissector.layout import OCTETS, Node, address_text
from dissector.protocols import protocol_name
from dissector.tails.kept import Kept

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ipaddress import IPv4Address, IPv6Address

    from dissector.tails.headers import Header

IPV4, IPV6 = 4, 6
HEADER_OCTETS = {IPV4: 20, IPV6: 40}
"""Octets of the IP header, without options, by version."""


class Layer(NamedTuple):
    """One header, whole or cut.

    Attributes:
        header: its values; those that are not there are zero, see :meth:`value`.
        offset: octets from the start of the datagram.
        octets: those of it that are there.
        whole: whether that is all of it.
    """

    header: Header
    offset: int
    octets: bytes
    whole: bool

    def value(self, name: str) -> Any:
        """Return a field's value, None where it is not all there or the header has no such field."""
        if len(self.octets) >= self.header.layout.size:
            return getattr(self.header, name, None)
        there = len(self.octets) * 8
        for field in self.header.layout.fields:
            if field.name == name and field.offset + field.bits <= there:
                return getattr(self.header, name)
        return None

    def node(self, offset: int) -> Node:
        """Return it as a node; ``offset`` is the bit where the datagram begins."""
        start, bits = offset + self.offset * 8, len(self.octets) * 8
        children = tuple(self.whole_fields(start, start + bits))
        at = children[-1].offset + children[-1].bits if children else start
        if at < start + bits:
            doc = "Octets of a field that is not all there."
            children += (
                Node("cut", quantity((start + bits - at + 7) // 8, "octet"), at, start + bits - at, doc),
            )
        name = self.header.title.lower().replace(" ", "_").replace("-", "_")
        text = quantity(len(self.octets), "octet") + ("" if self.whole else " (cut)")
        return Node(name, text, start, bits, (self.header.__doc__ or "").partition("\n")[0], children)

    def whole_fields(self, start: int, end: int) -> Iterator[Node]:
        """Yield the fields that are all there."""
        whole = len(self.octets) >= self.header.layout.size
        fields = self.header.nodes(start)
        yield from fields if whole else (node for node in fields if node.offset + node.bits <= end)


def read_layers(octets: bytes) -> tuple[tuple[Layer, ...], int | None]:
    """Return the headers of a datagram, and the number of the protocol that the last of them says or is.

    Args:
        octets: the datagram; its first octet must say version 4 or 6.
    """
    # Two dozen shapes that only a message with a quote needs: none of them delays the program's start.
    from dissector.tails.headers import Ipv4Header, Ipv6Header, header_of

    version = octets[0] >> 4
    layers: list[Layer] = []
    at, protocol = 0, None
    kind: type[Header] | None = Ipv4Header if version == IPV4 else Ipv6Header
    while kind is not None:
        start = octets[at : at + kind.layout.size]
        size = kind.extent(start) if len(start) > 1 else kind.layout.size
        there = octets[at : at + size]
        header = kind.parse(there.ljust(kind.layout.size, b"\0"))
        layer = Layer(header, at, there, whole=len(there) == size)
        layers.append(layer)
        at += len(there)
        found: int | None = layer.value(kind.says_next) if kind.says_next else None
        if found is None:
            break
        protocol = found
        ends = header.is_last or not layer.whole or at >= len(octets)
        kind = None if ends else header_of(protocol, version, octets[at : at + 1])
    return tuple(layers), protocol


class Datagram(Kept):
    """The first octets of an IPv4 or IPv6 datagram, as many as were quoted.

    Every value is None where its octets are not there, or where the datagram has no such thing.

    Attributes:
        octets: as they were quoted, headers and payload; the first one says version 4 or 6.
    """

    __slots__ = ("_read",)

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self._read: tuple[tuple[Layer, ...], int | None] | None = None

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Its headers, the first one that of IP."""
        if self._read is None:
            self._read = read_layers(self.octets)
        return self._read[0]

    @property
    def protocol(self) -> int | None:
        """Number of the upper-layer protocol: what the last of the headers before it says."""
        if self._read is None:
            self._read = read_layers(self.octets)
        return self._read[1]

    @property
    def protocol_name(self) -> str:
        """The protocol's name; the IP version where the protocol is not there."""
        if self.protocol is None:
            return self.layers[0].header.title
        return protocol_name(self.protocol)

    @property
    def version(self) -> int:
        """The version of IP: 4 or 6."""
        return self.octets[0] >> 4

    @property
    def src(self) -> IPv4Address | IPv6Address | None:
        """Source address."""
        found: IPv4Address | IPv6Address | None = self.layers[0].value("src")
        return found

    @property
    def dst(self) -> IPv4Address | IPv6Address | None:
        """Destination address."""
        found: IPv4Address | IPv6Address | None = self.layers[0].value("dst")
        return found

    @property
    def ttl(self) -> int | None:
        """TTL or hop limit, as it was when the error was sent."""
        found = self.layers[0].value("ttl")
        hops: int | None = self.layers[0].value("hop_limit") if found is None else found
        return hops

    @property
    def length(self) -> int | None:
        """Octets that the whole datagram had, IP header included; None for a jumbogram too."""
        # Not by way of the headers: every error's quote is checked against it.
        octets = self.octets
        if octets[0] >> 4 == IPV4:
            return octets[2] << 8 | octets[3] if len(octets) >= 4 else None  # noqa: PLR2004 - where that field ends
        if len(octets) < 6:  # noqa: PLR2004 - likewise
            return None
        head, payload = HEADER_OCTETS[IPV6], int.from_bytes(octets[4:6])
        # Zero with something behind it: a jumbogram (RFC 2675, 3), or segmentation left to hardware.
        return None if not payload and len(octets) > head else head + payload

    @property
    def id(self) -> int | None:
        """Identification of the datagram; IPv6 has it in fragments alone."""
        return self._number("identification")

    @property
    def sport(self) -> int | None:
        """Source port of TCP, UDP, UDP-Lite or SCTP."""
        return self._number("sport")

    @property
    def dport(self) -> int | None:
        """Destination port."""
        return self._number("dport")

    @property
    def seq(self) -> int | None:
        """Sequence number of TCP."""
        return self._number("seq")

    @property
    def spi(self) -> int | None:
        """Security parameters index of ESP or AH."""
        return self._number("spi")

    @property
    def type(self) -> int | None:
        """Type of ICMP."""
        return self._number("type")

    @property
    def code(self) -> int | None:
        """Code of ICMP."""
        return self._number("code")

    @property
    def identifier(self) -> int | None:
        """Identifier of an ICMP query or its answer."""
        return self._number("identifier")

    @property
    def sequence(self) -> int | None:
        """Sequence number of an ICMP query or its answer."""
        return self._number("sequence")

    @property
    def truncated(self) -> bool:
        """Whether fewer octets are here than the whole datagram had."""
        return self.length is None or self.length > len(self.octets)

    def _number(self, name: str) -> int | None:
        """Return the value of the last header that has such a field."""
        for layer in reversed(self.layers):
            found: int | None = layer.value(name)
            if found is not None:
                return found
        return None

    def __str__(self) -> str:
        """Return protocol and both ends: ``UDP 10.0.0.2:5353 > 192.0.2.1:33434``."""
        ends = []
        for address, port in ((self.src, self.sport), (self.dst, self.dport)):
            end = "?" if address is None else address_text(address)
            if port is not None:
                end = f"[{end}]:{port}" if ":" in end else f"{end}:{port}"
            ends.append(end)
        return f"{self.protocol_name} {' > '.join(ends)}"

    def as_json(self) -> dict[str, Any]:
        """Return what JSON shows of it; the keys are always the same."""
        return {name: getattr(self, name) for name in KEYS}

    def nodes(self, offset: int) -> Iterator[Node]:
        """Yield its headers and its payload; ``offset`` is the bit where it begins."""
        at = 0
        for layer in self.layers:
            yield layer.node(offset)
            at = layer.offset + len(layer.octets)
        yield from OCTETS.nodes("payload", self.octets[at:], offset + at * 8, "Data of the quoted datagram.")


KEYS = (
    "src",
    "dst",
    "protocol",
    "ttl",
    "length",
    "id",
    "sport",
    "dport",
    "truncated",
    "type",
    "code",
    "identifier",
    "sequence",
    "spi",
    "seq",
)
"""What JSON shows of a quoted datagram."""


def split(octets: bytes) -> tuple[Datagram | None, bytes]:
    """Return the datagram at the start of some octets, and the zero octets after its end that pad it.

    Octets after its end that are not zero count as its own: then its length is what is wrong (some old stacks
    changed it before they quoted). No datagram is what says another version than 4 or 6.
    """
    version = octets[0] >> 4 if octets else None
    if version not in HEADER_OCTETS:
        return None, octets
    least = HEADER_OCTETS[version]
    # Total Length (RFC 791, 3.1); Payload Length, without the header (RFC 8200, 3).
    length = int.from_bytes(octets[2:4]) if version == IPV4 else least + int.from_bytes(octets[4:6])
    if least <= length < len(octets) and not octets[length:].strip(b"\0"):
        return Datagram(octets[:length]), octets[length:]
    return Datagram(octets), b""
