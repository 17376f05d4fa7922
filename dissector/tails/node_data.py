"""The data of a Node Information Query or Reply (RFC 4620, 4 and 6)."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, ClassVar, cast

from dissector.errors import Finding, Severity, quantity
from dissector.layout import OCTETS, Node, Several, Shape, Tail, each, rest, shape, wire
from dissector.tails.kept import As, KeptItems
from dissector.tails.names import DnsName, NamesOf, take_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.messages.node_information import NodeInformation

QUERY = 139
NOOP, NODE_NAME, NODE_ADDRESSES, IPV4_ADDRESSES = 0, 2, 3, 4
QTYPES = {
    NOOP: "NOOP",
    1: "unused",
    NODE_NAME: "Node Name",
    NODE_ADDRESSES: "Node Addresses",
    IPV4_ADDRESSES: "IPv4 Addresses",
}
SUCCESS = 0
TTL_OCTETS = 4
TTL = "Sent as zero; older nodes sent how long it may be cached."


def take_node_name(octets: bytes, at: int = 0, *, compressed: bool = False) -> DnsName | str:
    """Return the name that starts somewhere; a single label has two zero octets after it (RFC 4620, 4)."""
    name = take_name(octets, at, compressed=compressed)
    if isinstance(name, str):
        return name
    end = at + len(name)
    single = len(name.labels) == 1 and octets[end : end + 1] == b"\0"
    return DnsName(octets[at : end + 1], name.labels) if single else name


@shape
class SubjectIpv6(Shape):
    """The IPv6 address that a query is about."""

    title: ClassVar[str] = "Subject"

    address: IPv6Address = wire(128, "An address of the node that is asked.", as_=IPv6Address)


@shape
class SubjectIpv4(Shape):
    """The IPv4 address that a query is about."""

    title: ClassVar[str] = "Subject"

    address: IPv4Address = wire(32, "An address of the node that is asked.", as_=IPv4Address)


@shape
class SubjectName(Shape):
    """The name that a query is about."""

    title: ClassVar[str] = "Subject"

    node_name: DnsName = rest(As(DnsName), "A name of the node that is asked.")


class NodeNamesTail(KeptItems[DnsName]):
    """Names one after another, compressed or not; offsets count from the TTL before them (RFC 4620, 6.2)."""

    def __init__(self) -> None:
        super().__init__(lambda octets, notes: "", "node name")  # noqa: ARG005 - a name needs the octets before it

    def read(self, octets: bytes, owner: Shape, notes: list[Finding]) -> Several[DnsName]:
        """Return the names; octets from the first unreadable one on are left over."""
        return NamesOf(bytes(TTL_OCTETS) + octets, self.what, take_node_name).read(octets, owner, notes)


@shape
class NodeNames(Shape):
    """The names of a node (RFC 4620, 6.2)."""

    title: ClassVar[str] = "Node Names"

    ttl: int = wire(32, TTL, unit="s", default=0)
    node_names: Several[DnsName] = rest(
        NodeNamesTail(), "A name of the node; none where it does not know it.", default=()
    )


@shape
class NodeAddress(Shape):
    """One address of a node (RFC 4620, 6.3)."""

    title: ClassVar[str] = "Node Address"

    ttl: int = wire(32, TTL, unit="s", default=0)
    address: IPv6Address = wire(128, "An address of the node.", as_=IPv6Address)


@shape
class NodeAddresses(Shape):
    """The IPv6 addresses of a node, preferred ones first (RFC 4620, 6.3)."""

    title: ClassVar[str] = "Node Addresses"

    addresses: Several[NodeAddress] = rest(
        each(NodeAddress, "address"), "An address of the node.", default=()
    )


@shape
class NodeIpv4Address(Shape):
    """One IPv4 address of a node (RFC 4620, 6.4)."""

    title: ClassVar[str] = "IPv4 Address"

    ttl: int = wire(32, TTL, unit="s", default=0)
    address: IPv4Address = wire(32, "An address of the node.", as_=IPv4Address)


@shape
class NodeIpv4Addresses(Shape):
    """The IPv4 addresses of a node (RFC 4620, 6.4)."""

    title: ClassVar[str] = "IPv4 Addresses"

    addresses: Several[NodeIpv4Address] = rest(
        each(NodeIpv4Address, "address"), "An address of the node.", default=()
    )


SUBJECT_ADDRESSES: dict[int, type[Shape]] = {0: SubjectIpv6, 2: SubjectIpv4}
"""The subject's shape by the code of a query; code 1 is a name."""
SUBJECT_NAME = 1
ANSWERS: dict[int, type[Shape]] = {
    NODE_NAME: NodeNames,
    NODE_ADDRESSES: NodeAddresses,
    IPV4_ADDRESSES: NodeIpv4Addresses,
}
"""The answer's shape by qtype."""


class DataTail(Tail[Shape | bytes]):
    """A query's subject by its code, a reply's answer by its qtype; plain octets where there is neither."""

    def read(self, octets: bytes, owner: Shape, notes: list[Finding]) -> Shape | bytes:
        """Return what the data says."""
        message = cast("NodeInformation", owner)
        said: Shape | bytes | str
        if message.type == QUERY:
            said = self._subject(octets, message.qtype, message.code)
        else:
            said = self._answer(octets, message.qtype, message.code, notes)
        if isinstance(said, str):
            notes.append(Finding("node-data-unreadable", Severity.WARNING, f"the data is kept whole: {said}"))
            return octets
        return said

    def _subject(self, octets: bytes, qtype: int, code: int) -> Shape | bytes | str:
        """Return the subject of a query, or why there is none."""
        if not octets and (qtype == NOOP or code == SUBJECT_NAME):
            return octets
        if code == SUBJECT_NAME:
            return self._subject_name(octets)
        kind = SUBJECT_ADDRESSES.get(code)
        if kind is None:
            return f"code {code} does not say what it is (RFC 4620, 4)"
        if len(octets) != kind.layout.size:
            return f"the subject's address has {kind.layout.size} octets, not {len(octets)} (RFC 4620, 4)"
        return kind.parse(octets)

    def _subject_name(self, octets: bytes) -> Shape | str:
        """Return the name that a query is about, or why there is none."""
        name = take_node_name(octets)
        if isinstance(name, str):
            return name
        surplus = len(octets) - len(name)
        return (
            f"{quantity(surplus, 'octet')} after the subject's name"
            if surplus
            else SubjectName(node_name=name)
        )

    def _answer(self, octets: bytes, qtype: int, code: int, notes: list[Finding]) -> Shape | bytes | str:
        """Return the answer of a reply, or why there is none."""
        if octets and (code != SUCCESS or qtype == NOOP):
            return f"such a reply has no data, this one has {quantity(len(octets), 'octet')} (RFC 4620, 4 and 6.1)"
        kind = ANSWERS.get(qtype)
        if kind is None or not octets:
            return octets
        if len(octets) < kind.layout.size:
            return f"{kind.title} need {kind.layout.size} octets, {len(octets)} are there (RFC 4620, 6.2)"
        return kind.parse(octets, notes)

    def write(self, value: Shape | bytes) -> bytes:
        """Return the octets."""
        return value if isinstance(value, bytes) else value.encode()

    def nodes(self, name: str, value: Shape | bytes, offset: int, doc: str) -> Iterator[Node]:
        """Yield one node, with the values in it."""
        if isinstance(value, bytes):
            yield from OCTETS.nodes(name, value, offset, doc)
        else:
            yield Node(name, value.title, offset, len(value.encode()) * 8, doc, tuple(value.nodes(offset)))


DATA = DataTail()
