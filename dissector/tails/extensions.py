"""The ICMP Extension Structure (RFC 4884, 7) and its objects.

Each class of object is a shape; what is not known, or too short for its class, is :class:`ExtensionObject`.
Where in a message the structure begins is found in :mod:`dissector.tails.quoted`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from dissector.checksum import internet_checksum, verify
from dissector.errors import Finding, Severity, quantity
from dissector.layout import OCTETS, Items, Node, Several, Shape, Tail, derived, each, rest, shape, wire
from dissector.tails.interfaces import (
    ADDRESS_FAMILIES,
    INTERFACE_PARTS,
    NODE_PARTS,
    ROLES,
    IfIndex,
    InterfaceMtu,
    IpAddress4,
    IpAddress6,
    Name,
    read_address,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ipaddress import IPv4Address, IPv6Address

    from dissector.tails.interfaces import Part

VERSION = 2


@shape
class ExtensionObject(Shape):
    """One object of the structure (RFC 4884, 8); here one whose class is not known: kept whole."""

    title: ClassVar[str] = "Unknown Object"

    length: int = wire(16, "Length of the object with this header.", unit="octets")
    class_num: int = wire(8, "What kind of object it is.", key="class")
    c_type: int = wire(8, "Which one of its kind.")
    data: bytes = rest(OCTETS, "The object's payload.", default=b"")

    def as_json(self) -> dict[str, Any]:
        """Return what JSON shows of it: class and C-Type, its name, its values."""
        values = self.values()
        del values["length"]
        head = {"class": values.pop("class"), "c_type": values.pop("c_type"), "name": self.title}
        return head | values


@shape
class PrivateObject(ExtensionObject):
    """An object of a class for private use, 247 to 255 (RFC 4884, 10)."""

    title: ClassVar[str] = "Private Use Object"


@shape
class LabelStackEntry(Shape):
    """One entry of an MPLS label stack (RFC 4950, 5)."""

    title: ClassVar[str] = "Label Stack Entry"

    label: int = wire(20, "The label.")
    tc: int = wire(3, "Traffic class (RFC 5462); EXP in RFC 4950.", default=0)
    bottom: bool = wire(1, "It is the bottom of the stack (S).", as_=bool, default=False)
    ttl: int = wire(8, "Its time to live.")


@shape
class MplsLabelStack(ExtensionObject):
    """The label stack of the datagram as it arrived (RFC 4950, 5)."""

    title: ClassVar[str] = "MPLS Label Stack"

    entries: Several[LabelStackEntry] = rest(
        each(LabelStackEntry, "label stack entry"), "The stack, its top first."
    )


class PartsTail(Items[Shape]):
    """The sub-objects of an object whose C-Type says which ones are there (RFC 5837, 4.1).

    Args:
        parts: for each bit of the C-Type, in the order of the sub-objects, what reads one.
    """

    def __init__(self, parts: tuple[Part, ...]) -> None:
        super().__init__(lambda octets, notes: "", "sub-object")  # noqa: ARG005 - the parts say how each is read
        self.parts = parts

    def read(self, octets: bytes, owner: Shape, notes: list[Finding]) -> Several[Shape]:
        """Return the sub-objects; data after them is left over, without a word (RFC 5837, 4.1)."""
        items: list[Shape] = []
        c_type: int = owner.c_type  # type: ignore[attr-defined]  # only objects have this tail
        for bit, take in self.parts:
            if not c_type & bit:
                continue
            item = take(octets)
            if isinstance(item, str):
                text = f"{owner.title}: {item}"
                notes.append(Finding("extension-object-cut", Severity.WARNING, text))
                break
            items.append(item)
            octets = octets[len(item.encode()) :]
        return Several.of(items, octets)


class _Described(ExtensionObject):
    """What objects with sub-objects have in common: values of those that are there, None for the others."""

    __slots__ = ()

    if TYPE_CHECKING:
        parts: Several[Shape]

    def part(self, kind: type[Shape], name: str) -> Any:
        """Return a value of the first sub-object of a kind, None where there is none."""
        return next((getattr(part, name) for part in self.parts if isinstance(part, kind)), None)

    @property
    def ip_address(self) -> IPv4Address | IPv6Address | None:
        """The address in it."""
        found: IPv4Address | IPv6Address | None = self.part(IpAddress4, "address")
        return self.part(IpAddress6, "address") if found is None else found

    def as_json(self) -> dict[str, Any]:
        """Return the values of the sub-objects beside class, C-Type and name."""
        values = super().as_json()
        del values["parts"]
        return values


@shape
class InterfaceInformation(_Described):
    """An interface that the datagram passed, or would have passed (RFC 5837, 4)."""

    title: ClassVar[str] = "Interface Information"

    parts: Several[Shape] = rest(PartsTail(INTERFACE_PARTS), "What is told about the interface.", default=())

    @derived
    def role(self) -> int:
        """The role of the interface: the two high bits of the C-Type (RFC 5837, 4.1)."""
        return self.c_type >> 6

    @derived
    def role_name(self) -> str:
        """The role in words."""
        return ROLES[self.c_type >> 6]

    @derived
    def if_index(self) -> int | None:
        """The interface's index."""
        found: int | None = self.part(IfIndex, "if_index")
        return found

    @derived
    def address(self) -> IPv4Address | IPv6Address | None:
        """An address of the interface."""
        return self.ip_address

    @derived
    def interface_name(self) -> str | None:
        """The interface's name."""
        found: str | None = self.part(Name, "text")
        return found

    @derived
    def mtu(self) -> int | None:
        """The interface's MTU in octets."""
        found: int | None = self.part(InterfaceMtu, "mtu")
        return found


@shape
class NodeIdentification(_Described):
    """The node that sends the message (draft-ietf-intarea-extended-icmp-nodeid, 3)."""

    title: ClassVar[str] = "Node Identification"

    parts: Several[Shape] = rest(PartsTail(NODE_PARTS), "What is told about the node.", default=())

    @derived
    def address(self) -> IPv4Address | IPv6Address | None:
        """An address that is the node's alone."""
        return self.ip_address

    @derived
    def node_name(self) -> str | None:
        """The node's name."""
        found: str | None = self.part(Name, "text")
        return found


@shape
class InterfaceByName(ExtensionObject):
    """The interface that is asked about, by name (RFC 8335, 2.1)."""

    title: ClassVar[str] = "Interface Identification by Name"

    octets: bytes = rest(OCTETS, "The name, padded with zero octets.")

    @derived
    def interface_name(self) -> str:
        """The name without its padding."""
        return text_of(self.octets)

    def as_json(self) -> dict[str, Any]:
        """Return the name beside class and C-Type."""
        values = super().as_json()
        del values["octets"]
        return values


@shape
class InterfaceByIndex(ExtensionObject):
    """The interface that is asked about, by index (RFC 8335, 2.1)."""

    title: ClassVar[str] = "Interface Identification by Index"

    if_index: int = wire(32, "The interface's index.")
    data: bytes = rest(OCTETS, "Octets after the index.", default=b"")


@shape
class InterfaceByAddress(ExtensionObject):
    """The interface that is asked about, by an address of any family (RFC 8335, 2.1)."""

    title: ClassVar[str] = "Interface Identification by Address"

    afi: int = wire(16, "Address family.", names=ADDRESS_FAMILIES)
    address_length: int = wire(8, "Octets of the address without its padding.", unit="octets")
    reserved: int = wire(8, reserved=True, default=0)
    octets: bytes = rest(OCTETS, "The address, padded with zero octets.")

    @derived
    def address(self) -> IPv4Address | IPv6Address | str:
        """The address; in hexadecimal where its family is not that of IP."""
        return read_address(self.afi, self.octets[: self.address_length])

    def as_json(self) -> dict[str, Any]:
        """Return family and address beside class and C-Type."""
        values = super().as_json()
        del values["octets"]
        return values


@shape
class ExtendedInformationPointer(ExtensionObject):
    """Where in the packet the limit was exceeded that an ICMPv6 error reports (RFC 8883, 3.1)."""

    title: ClassVar[str] = "Extended Information Pointer"

    pointer: int = wire(32, "Octet of the invoking packet; it may lie beyond what is quoted.")
    data: bytes = rest(OCTETS, "Octets after the pointer.", default=b"")


OBJECTS: dict[tuple[int, int | None], type[ExtensionObject]] = {
    (1, 1): MplsLabelStack,
    (2, None): InterfaceInformation,
    (3, 1): InterfaceByName,
    (3, 2): InterfaceByIndex,
    (3, 3): InterfaceByAddress,
    (4, 1): ExtendedInformationPointer,
    (5, None): NodeIdentification,
} | {(private, None): PrivateObject for private in range(247, 256)}
"""The shape of each class and C-Type; None where the C-Type is made of bits."""


def take_object(octets: bytes, notes: list[Finding]) -> tuple[ExtensionObject, int] | str:
    """Read the object at the start of some octets; see :class:`~dissector.layout.Items`."""
    head = ExtensionObject.layout.size
    if len(octets) < head:
        return f"its header needs {head} octets, {len(octets)} are left (RFC 4884, 8)"
    length, class_num, c_type = int.from_bytes(octets[:2]), octets[2], octets[3]
    if length < head:
        return f"its length is {length}, less than its header's {head} octets (RFC 4884, 8)"
    if length > len(octets):
        return f"its length is {length}, {len(octets)} octets are left (RFC 4884, 8)"
    kind = OBJECTS.get((class_num, c_type)) or OBJECTS.get((class_num, None), ExtensionObject)
    if length < kind.layout.size:
        text = f"{kind.title} needs {kind.layout.size} octets, its length is {length}: kept whole"
        notes.append(Finding("extension-object-short", Severity.WARNING, text))
        kind = ExtensionObject
    if length % 4:
        text = f"{kind.title} is {length} octets long, which is no multiple of 4 (RFC 4884, 8)"
        notes.append(Finding("extension-object-unaligned", Severity.NOTE, text))
    return kind.parse(octets[:length], notes), length


@shape
class Extensions(Shape):
    """The ICMP Extension Structure (RFC 4884, 7)."""

    title: ClassVar[str] = "ICMP Extension Structure"

    version: int = wire(4, "Version of the structure.", default=VERSION)
    reserved: int = wire(12, reserved=True, default=0)
    checksum: int = wire(
        16, "Sum over the structure; zero where it was left out.", hexadecimal=True, default=0
    )
    objects: Several[ExtensionObject] = rest(
        Items(take_object, "extension object"), "The objects, one after another.", default=()
    )

    @classmethod
    def of(cls, *objects: ExtensionObject) -> Extensions:
        """Return a structure of some objects, with its checksum."""
        bare = cls(objects=Several.of(list(objects)))
        return bare.replace(checksum=internet_checksum(bare.encode()))

    @property
    def whole(self) -> bool:
        """Whether there are objects, and they fill the structure to its end."""
        return bool(self.objects) and not getattr(self.objects, "leftover", b"")

    @property
    def checksum_status(self) -> str:
        """``good``, ``bad``, ``absent`` (zero), or ``unverified`` where the last object is cut.

        Good is also one over the whole objects alone: some probes send data of theirs behind them.
        """
        if self.checksum == 0:
            return "absent"
        octets = self.encode()
        end = len(octets) - len(getattr(self.objects, "leftover", b""))
        if verify(octets) or (self.objects and verify(octets[:end])):
            return "good"
        return "bad" if self.whole else "unverified"

    def findings(self) -> Iterator[Finding]:
        """Yield what the structure as a whole has wrong."""
        if self.version != VERSION:
            text = (
                f"the extension structure has version {self.version}, only {VERSION} is defined (RFC 4884, 7)"
            )
            yield Finding("extension-version", Severity.WARNING, text)
        if self.checksum_status == "bad":
            text = f"the extension structure's checksum 0x{self.checksum:04x} is wrong (RFC 4884, 7)"
            yield Finding("extension-checksum-bad", Severity.WARNING, text)
        if not self.objects:
            text = "the extension structure has no whole object, at least one is needed (RFC 4884, 7)"
            yield Finding("extension-empty", Severity.WARNING, text)
        roles = [item.role for item in self.objects if isinstance(item, InterfaceInformation)]
        if len(roles) != len(set(roles)):
            text = "two Interface Information Objects have the same role (RFC 5837, 4.5)"
            yield Finding("extension-role-twice", Severity.WARNING, text)

    def as_json(self) -> list[dict[str, Any]]:
        """Return what JSON shows of it: its objects."""
        return [item.as_json() for item in self.objects]


class StructureTail(Tail["Extensions | Several[ExtensionObject]"]):
    """A structure up to the end, nothing before it; octets too few for its header are a leftover."""

    def read(
        self, octets: bytes, owner: Shape, notes: list[Finding]
    ) -> Extensions | Several[ExtensionObject]:
        """Return the structure."""
        size = Extensions.layout.size
        if len(octets) >= size:
            return Extensions.parse(octets, notes)
        text = f"{owner.called}: no extension structure, {quantity(len(octets), 'octet')} of {size} (RFC 8335, 2)"
        notes.append(Finding("extension-missing", Severity.WARNING, text))
        return Several.of([], octets)

    def write(self, value: Extensions | Several[ExtensionObject]) -> bytes:
        """Return its octets."""
        return value.encode() if isinstance(value, Extensions) else getattr(value, "leftover", b"")

    def nodes(
        self, name: str, value: Extensions | Several[ExtensionObject], offset: int, doc: str
    ) -> Iterator[Node]:
        """Yield it as one node, its header and objects below."""
        if isinstance(value, Extensions):
            yield structure_node(name, value, offset, doc)
        else:
            leftover: bytes = getattr(value, "leftover", b"")
            yield from OCTETS.nodes("leftover", leftover, offset, "Octets that are no whole structure.")


def structure_node(name: str, value: Extensions, offset: int, doc: str) -> Node:
    """Return a structure as one node."""
    return Node(name, value.title, offset, len(value.encode()) * 8, doc, tuple(value.nodes(offset)))


def is_structure(octets: bytes) -> bool:
    """Return whether some octets are a structure beyond doubt.

    Its version is right, whole objects fill it to the end, its checksum is right or absent (RFC 4884, 7).
    """
    at = Extensions.layout.size
    if len(octets) <= at or octets[0] >> 4 != VERSION:
        return False
    while at <= len(octets) - ExtensionObject.layout.size:
        length = int.from_bytes(octets[at : at + 2])
        if length < ExtensionObject.layout.size:
            return False
        at += length
    return at == len(octets) and (octets[2:4] == b"\0\0" or verify(octets))


STRUCTURE = StructureTail()
