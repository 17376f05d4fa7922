"""How the fields of a shape are read and written: planned once, read by generated source."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any, NamedTuple

from dissector.errors import EncodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dissector.errors import Finding
    from dissector.layout.field import Field, Rest
    from dissector.layout.shape import Shape

STRUCT_CODES = {8: "B", 16: "H", 32: "I", 64: "Q"}


class Unit(NamedTuple):
    """What one `struct` code reads.

    Attributes:
        code: the code, ``"H"`` or ``"16s"``.
        octets: its width.
        offset: octets from the start of the shape.
        fields: the fields in it, each with the bits to shift it down.
    """

    code: str
    octets: int
    offset: int
    fields: tuple[tuple[Field, int], ...]


class Layout:
    """The octets of a shape, planned.

    Attributes:
        fields: the fields of fixed width, in order.
        rest: the tail, or None.
        size: octets of the fixed part.
        units: how the fixed part is read.
        derived: names of the values computed from the fields.
        shown: what JSON shows, as (key, attribute): fields that are not reserved, derived values, the tail.
        reader: makes an instance of octets (the tail takes all after :attr:`size`) and a list for findings; None
            before :meth:`compile`, which happens when the first one is read.
    """

    __slots__ = ("_pack", "derived", "fields", "name", "reader", "rest", "shown", "size", "units")

    def __init__(
        self, name: str, fields: tuple[Field, ...], rest: Rest | None, derived_names: tuple[str, ...]
    ) -> None:
        bits = sum(field.bits for field in fields)
        if bits % 8:
            message = f"{name}: its fields have {bits} bits, not whole octets"
            raise TypeError(message)
        self.name = name
        self.fields = fields
        self.rest = rest
        self.size = bits // 8
        self.units = tuple(plan(fields))
        self.derived = derived_names
        self._pack = struct.Struct(">" + "".join(unit.code for unit in self.units))
        self.reader: Callable[[bytes, list[Finding]], Any] | None = None
        self.shown = tuple(
            [(field.key or field.name, field.name) for field in fields if not field.reserved]
            + [(name, name) for name in derived_names]
            + ([] if rest is None else [(rest.name, rest.name)])
        )

    def compile(self, cls: type[Shape]) -> Callable[[bytes, list[Finding]], Any]:
        """Make, keep and return the :attr:`reader`: a function written out as source for this layout.

        Strategy: instances are frozen, and setting slots past that costs more than all else. So the values are set in
        an instance of a class that has the same slots and is not frozen, which then becomes one of ``cls``.
        """
        body = {
            "__slots__": cls.__slots__,
            "__setattr__": object.__setattr__,
            "__delattr__": object.__delattr__,
        }
        open_: Any = type(cls)(cls.__name__, cls.__bases__, body)  # type: ignore[misc]  # a class like any other
        names: dict[str, Any] = {
            "unpack": self._pack.unpack_from,
            "new": open_.__new__,
            "open_": open_,
            "cls": cls,
            "IPv4Address": IPv4Address,
            "IPv6Address": IPv6Address,
        }
        targets = "".join(f"u{index}, " for index in range(len(self.units)))
        lines = [
            "def read(octets, notes):",
            f"    {targets}= unpack(octets)" if targets else "    pass",
            "    self = new(open_)",
        ]
        for index, unit in enumerate(self.units):
            for field, shift in unit.fields:
                lines.append(f"    self.{field.name} = {expression(field, unit, f'u{index}', shift)}")
        lines.append("    self.__class__ = cls")
        if self.rest is not None:
            names["set_rest"] = getattr(cls, self.rest.name).__set__
            names["read_rest"] = self.rest.tail.read
            lines.append(f"    set_rest(self, read_rest(octets[{self.size}:], self, notes))")
        source = "\n".join([*lines, "    return self"])
        exec(source, names)  # noqa: S102 - made from declarations, not from input
        reader: Callable[[bytes, list[Finding]], Any] = names["read"]
        self.reader = reader
        return reader

    def write(self, message: Shape) -> bytes:
        """Return the octets of the fixed part.

        Raises:
            EncodeError: a value does not fit its field.
        """
        values: list[int | bytes] = []
        for unit in self.units:
            field, _ = unit.fields[0]
            if field.as_ is bytes:
                values.append(self._octets(field, getattr(message, field.name)))
                continue
            total = 0
            for field, shift in unit.fields:
                total |= self._number(field, getattr(message, field.name)) << shift
            values.append(total.to_bytes(unit.octets, "big") if unit.code.endswith("s") else total)
        return self._pack.pack(*values)

    def _octets(self, field: Field, value: Any) -> bytes:
        if not isinstance(value, bytes) or len(value) * 8 != field.bits:
            raise self._refuse(field, value, f"takes {field.bits // 8} octets")
        return value

    def _number(self, field: Field, value: Any) -> int:
        """Return the bits of a value, as they stand on the wire."""
        try:
            number = int(value)
        except (TypeError, ValueError):
            raise self._refuse(field, value, "takes a number") from None
        if number % field.scale:
            raise self._refuse(field, value, f"takes a multiple of {field.scale}")
        number //= field.scale
        low = -(1 << field.bits - 1) if field.signed else 0
        high = low + (1 << field.bits) - 1
        if not low <= number <= high:
            raise self._refuse(field, value, f"takes {low * field.scale} to {high * field.scale}")
        return number & (1 << field.bits) - 1

    def _refuse(self, field: Field, value: Any, why: str) -> EncodeError:
        text = f"{self.name}.{field.name} {why}, not {value!r}"
        return EncodeError(text, layer=self.name, field=field.name, value=value)


def plan(fields: tuple[Field, ...]) -> Iterator[Unit]:
    """Yield the units that read some fields: runs of fields that are 8, 16, 32 or 64 bits, else octets.

    Raises:
        TypeError: octets or an IPv6 address do not begin at an octet.
    """
    first = 0
    while first < len(fields):
        lead = fields[first]
        if lead.as_ in (bytes, IPv6Address):
            yield Unit(f"{lead.bits // 8}s", lead.bits // 8, lead.offset // 8, ((lead, 0),))
            first += 1
            continue
        total, whole, last = 0, 0, first
        for index in range(first, len(fields)):
            if fields[index].as_ in (bytes, IPv6Address):
                break
            total += fields[index].bits
            if total in STRUCT_CODES:
                whole, last = total, index + 1
                break
            if total % 8 == 0 and not whole:
                whole, last = total, index + 1
        if not whole:
            message = f"{fields[last].name} and what follows do not begin at an octet"
            raise TypeError(message)
        members, left = [], whole
        for field in fields[first:last]:
            left -= field.bits
            members.append((field, left))
        yield Unit(STRUCT_CODES.get(whole, f"{whole // 8}s"), whole // 8, lead.offset // 8, tuple(members))
        first = last


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
