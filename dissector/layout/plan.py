"""How the fields of a shape are written, and in which units they are read: planned once."""

from __future__ import annotations

import struct
from ipaddress import IPv6Address
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
        shape: the shape itself.
        read: makes an instance of octets, of :attr:`size` at least (the tail takes all after those), and adds what is
            wrong with it to a list.
    """

    __slots__ = ("derived", "fields", "name", "pack", "read", "rest", "shape", "shown", "size", "units")

    shape: type[Shape]

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
        self.pack = struct.Struct(">" + "".join(unit.code for unit in self.units))
        self.read: Callable[[bytes, list[Finding]], Any] = self._read_first
        self.shown = tuple(
            [(field.key or field.name, field.name) for field in fields if not field.reserved]
            + [(name, name) for name in derived_names]
            + ([] if rest is None else [(rest.name, rest.name)])
        )

    def _read_first(self, octets: bytes, notes: list[Finding]) -> Any:
        """Read the first one, and have made what reads the others."""
        from dissector.layout.reader import reader

        self.read = reader(self.shape)
        return self.read(octets, notes)

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
        return self.pack.pack(*values)

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
