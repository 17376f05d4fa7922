"""The extension objects of RFC 4884: what their classes and C-Types are called, and who defines them.

How an object's octets are read is declared once, in :mod:`dissector.tails.extensions`; an entry here finds
its shape there by its numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dissector.registry.model import Text, span
from dissector.tails.extensions import OBJECTS, ExtensionObject

if TYPE_CHECKING:
    from collections.abc import Iterator

ROLE = 0xC0
"""The bits of the C-Type that say which role an interface has (RFC 5837, 4.1)."""


class CType(NamedTuple):
    """One C-Type of a class.

    Attributes:
        number: its value, as far as ``bits`` go.
        name: its name, English as IANA writes it.
        bits: the bits of the C-Type that it is about; the others are free.
    """

    number: int
    name: Text
    bits: int = 0xFF


class ObjectClass(NamedTuple):
    """One class of objects, or a range of classes.

    Attributes:
        number: the Class-Num, or the first of a range.
        name: its name, English as IANA writes it.
        documents: its documents.
        c_types: its C-Types, ascending.
        last: the last Class-Num of a range that this row stands for.
    """

    number: int
    name: Text
    documents: tuple[str, ...] = ()
    c_types: tuple[CType, ...] = ()
    last: int | None = None


class ObjectEntry(NamedTuple):
    """A class, or a class with one of its C-Types.

    Attributes:
        object_class: the class's row.
        c_type: the C-Type's row; None for the class itself.
    """

    object_class: ObjectClass
    c_type: CType | None = None

    @property
    def name(self) -> Text:
        """The C-Type's name, or that of the class."""
        return self.object_class.name if self.c_type is None else self.c_type.name

    @property
    def documents(self) -> tuple[str, ...]:
        """The documents of the class."""
        return self.object_class.documents

    @property
    def shape(self) -> type[ExtensionObject]:
        """The shape of its octets; that of unknown objects where there is none, or one for each C-Type."""
        number = self.object_class.number
        whole = OBJECTS.get((number, None), ExtensionObject)
        return whole if self.c_type is None else OBJECTS.get((number, self.c_type.number), whole)

    @property
    def reference(self) -> str:
        """Class and C-Type as people write them: ``1/1``, ``247-255``, ``2/role 0``."""
        text = span(self.object_class.number, self.object_class.last)
        if self.c_type is None:
            return text
        return (
            f"{text}/role {self.c_type.number >> 6}"
            if self.c_type.bits == ROLE
            else f"{text}/{self.c_type.number}"
        )


OBJECT_CLASSES: tuple[ObjectClass, ...] = (
    ObjectClass(0, Text("Reserved", "保留")),
    ObjectClass(
        1,
        Text("MPLS Label Stack Class", "MPLS标签栈类"),
        ("RFC 4950",),
        (
            CType(0, Text("Reserved", "保留")),
            CType(1, Text("Incoming MPLS Label Stack", "入方向MPLS标签栈")),
        ),
    ),
    ObjectClass(
        2,
        Text("Interface Information Object", "接口信息对象"),
        ("RFC 5837",),
        (
            CType(0x00, Text("IP interface on which the datagram arrived", "数据报到达的IP接口"), ROLE),
            CType(0x40, Text("sub-IP component on which the datagram arrived", "数据报到达的子IP部件"), ROLE),
            CType(
                0x80,
                Text("IP interface through which it would have been forwarded", "本应转发的IP接口"),
                ROLE,
            ),
            CType(
                0xC0, Text("IP next hop to which it would have been forwarded", "本应转发到的下一跳"), ROLE
            ),
        ),
    ),
    ObjectClass(
        3,
        Text("Interface Identification Object", "接口标识对象"),
        ("RFC 8335",),
        (
            CType(1, Text("Identifies Interface by Name", "按名称标识接口")),
            CType(2, Text("Identifies Interface by Index", "按索引标识接口")),
            CType(3, Text("Identifies Interface by Address", "按地址标识接口")),
        ),
    ),
    ObjectClass(
        4,
        Text("Extended Information", "扩展信息"),
        ("RFC 8883",),
        (CType(1, Text("Pointer", "指针")),),
    ),
    ObjectClass(
        5,
        Text("Node Identification Object", "节点标识对象"),
        ("draft-ietf-intarea-extended-icmp-nodeid",),
    ),
    ObjectClass(247, Text("Private use", "私有使用"), ("RFC 4884",), last=255),
)


def object_entries() -> Iterator[ObjectEntry]:
    """Yield each class and, after it, each of its C-Types."""
    for row in OBJECT_CLASSES:
        yield ObjectEntry(row)
        for c_type in row.c_types:
            yield ObjectEntry(row, c_type)


def find_object(class_num: int, c_type: int | None = None) -> ObjectEntry | None:
    """Return what is known about a class and C-Type; the class's entry where the C-Type is not known.

    Args:
        class_num: the Class-Num, 0 to 255.
        c_type: the C-Type; None for the class itself.

    Returns:
        The entry; None for a class that nobody has assigned.
    """
    for row in OBJECT_CLASSES:
        if row.number <= class_num <= (row.last or row.number):
            known = (
                None
                if c_type is None
                else next((one for one in row.c_types if c_type & one.bits == one.number), None)
            )
            return ObjectEntry(row, known)
    return None
