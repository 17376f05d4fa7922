"""What reads a shape from octets: a function, generated as source from the shape's layout.

Strategy: instances are frozen, and setting slots past that costs more than all else. So the values are set in an
instance of a subclass that is not frozen, which then becomes one of the shape itself.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any

from dissector.layout.shape import Shape
from dissector.layout.tail import Octets

if TYPE_CHECKING:
    from collections.abc import Callable

    from dissector.errors import Finding
    from dissector.layout.field import Field
    from dissector.layout.plan import Unit


def reader(cls: type[Shape]) -> Callable[[bytes, list[Finding]], Any]:
    """Return the :attr:`~dissector.layout.Layout.read` of a shape."""
    layout = cls.layout
    names: dict[str, Any] = {
        "cls": cls,
        "thawed": thawed(cls),
        "unpack": layout.pack.unpack_from,
        "IPv4Address": IPv4Address,
        "IPv6Address": IPv6Address,
    }
    targets = "".join(f"u{index}, " for index in range(len(layout.units)))
    lines = [
        "def read(octets, notes):",
        f"    {targets}= unpack(octets)" if targets else "    pass",
        "    self = thawed()",
    ]
    for index, unit in enumerate(layout.units):
        for field, shift in unit.fields:
            lines.append(f"    self.{field.name} = {expression(field, unit, f'u{index}', shift)}")
    if layout.rest is not None:
        tail, octets = layout.rest.tail, f"octets[{layout.size}:]"
        names["read_rest"] = tail.read
        # Plain octets are as they are: nothing is called.
        value = octets if isinstance(tail, Octets) else f"read_rest({octets}, self, notes)"
        lines.append(f"    self.{layout.rest.name} = {value}")
    lines.append("    self.__class__ = cls")
    if cls.findings is not Shape.findings:
        lines.append("    notes.extend(self.findings())")
    exec("\n".join([*lines, "    return self"]), names)  # noqa: S102 - made from declarations, not from input
    read: Callable[[bytes, list[Finding]], Any] = names["read"]
    return read


def thawed(cls: type[Shape]) -> type[Shape]:
    """Return a subclass of a shape whose instances are made empty and can be set; it adds no slots."""
    plain = ("__init__", "__setattr__", "__delattr__")
    body = {"__slots__": (), **{name: getattr(object, name) for name in plain}}
    return type(cls.__name__, (cls,), body)


def expression(field: Field, unit: Unit, variable: str, shift: int) -> str:
    """Return the source that takes a field's value out of a unit."""
    if field.as_ is bytes:
        return variable
    if field.as_ is IPv6Address:
        return f"IPv6Address({variable})"
    text = f"int.from_bytes({variable})" if unit.code.endswith("s") else variable
    if shift:
        text = f"({text} >> {shift})"
    if field.bits + shift < unit.octets * 8:
        text = f"({text} & {(1 << field.bits) - 1})"
    if field.signed:
        sign = 1 << field.bits - 1
        text = f"(({text} ^ {sign}) - {sign})"
    if field.scale != 1:
        text = f"{text} * {field.scale}"
    if field.as_ is int:
        return text
    return f"{text} != 0" if field.as_ is bool else f"IPv4Address({text})"
