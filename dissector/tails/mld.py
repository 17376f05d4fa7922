"""Multicast listener discovery: address records, and the numbers with an exponent (RFC 3810, 5.1 and 5.2)."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import TYPE_CHECKING, ClassVar, cast

from dissector.errors import Finding, Severity, quantity
from dissector.layout import OCTETS, Items, Node, Several, Shape, derived, each, rest, shape, wire
from dissector.tails.counted import Counted, counted

if TYPE_CHECKING:
    from collections.abc import Iterator

MODE_IS_INCLUDE = 1
RECORD_TYPES = {
    MODE_IS_INCLUDE: "MODE_IS_INCLUDE",
    2: "MODE_IS_EXCLUDE",
    3: "CHANGE_TO_INCLUDE_MODE",
    4: "CHANGE_TO_EXCLUDE_MODE",
    5: "ALLOW_NEW_SOURCES",
    6: "BLOCK_OLD_SOURCES",
}
SOURCE_OCTETS = 16


def from_code(code: int, mantissa_bits: int) -> int:
    """Return the number that a code stands for (RFC 3810, 5.1.3 and 5.1.9).

    Codes with the highest bit clear stand for themselves; else three bits of exponent and a mantissa follow.

    Args:
        code: as on the wire.
        mantissa_bits: 12 in a Maximum Response Code, 4 in a Querier's Query Interval Code.
    """
    if not code >> mantissa_bits + 3:
        return code
    mantissa = code & (1 << mantissa_bits) - 1
    exponent = code >> mantissa_bits & 7
    return (mantissa | 1 << mantissa_bits) << exponent + 3


SOURCES = counted(IPv6Address, "source", "number_of_sources")


class RecordSources(Items[IPv6Address]):
    """The sources of a record, as many as it says, and its auxiliary data, which is left over."""

    def read(self, octets: bytes, owner: Shape, notes: list[Finding]) -> Several[IPv6Address]:
        """Return the sources."""
        end = cast("AddressRecord", owner).number_of_sources * SOURCE_OCTETS
        sources = super().read(octets[:end], owner, notes)
        return Several.of(list(sources), sources.leftover + octets[end:])

    def nodes(self, name: str, value: Several[IPv6Address], offset: int, doc: str) -> Iterator[Node]:
        """Yield a node a source, and one for the auxiliary data."""
        yield from super().nodes(name, Several.of(list(value)), offset, doc)
        leftover, offset = getattr(value, "leftover", b""), offset + len(value) * SOURCE_OCTETS * 8
        yield from OCTETS.nodes(
            "auxiliary_data", leftover, offset, "Octets after the sources; none are defined."
        )


@shape
class AddressRecord(Shape):
    """One Multicast Address Record of a Version 2 Report (RFC 3810, 5.2.4)."""

    title: ClassVar[str] = "Multicast Address Record"

    record_type: int = wire(8, "What is reported about the address.", names=RECORD_TYPES)
    aux_data_len: int = wire(8, "Length of the auxiliary data.", scale=4, unit="octets", default=0)
    number_of_sources: int = wire(16, "How many source addresses follow.", default=0)
    multicast_address: IPv6Address = wire(128, "The address that is reported about.", as_=IPv6Address)
    sources: Several[IPv6Address] = rest(
        RecordSources(each(IPv6Address, "source").take, "source"), "A source the record is about.", default=()
    )

    @derived
    def record_type_name(self) -> str | None:
        """The record type in words; None where it is not known."""
        return RECORD_TYPES.get(self.record_type)

    @derived
    def auxiliary_data(self) -> bytes:
        """Octets after the sources, for which the RFC has no use (5.2.10)."""
        leftover: bytes = getattr(self.sources, "leftover", b"")
        return leftover if len(self.sources) == self.number_of_sources else b""

    def findings(self) -> Iterator[Finding]:
        """Yield what makes a router ignore it, or part of it (RFC 3810, 5.2.10 and 5.2.12)."""
        about = f"the record of {self.multicast_address}"
        if self.record_type not in RECORD_TYPES:
            text = f"{about} has the unknown type {self.record_type} and is ignored (RFC 3810, 5.2.12)"
            yield Finding("record-type-unknown", Severity.NOTE, text)
        if self.record_type == MODE_IS_INCLUDE and not self.number_of_sources:
            text = (
                f"{about} is of type MODE_IS_INCLUDE without a source, which is never sent (RFC 3810, 5.2.12)"
            )
            yield Finding("record-sources", Severity.WARNING, text)
        if self.aux_data_len:
            text = f"{about} has {self.aux_data_len} octets of auxiliary data, which none may have (5.2.10)"
            yield Finding("record-auxiliary-data", Severity.NOTE, text)
        if not self.multicast_address.is_multicast:
            yield Finding(
                "mld-address", Severity.WARNING, f"{about} is not about a multicast address (RFC 3810, 5.2.8)"
            )


def take_record(octets: bytes, notes: list[Finding]) -> tuple[AddressRecord, int] | str:
    """Read the record at the start of some octets; see :class:`~dissector.layout.Items`."""
    size = AddressRecord.layout.size
    if len(octets) < size:
        return f"it needs {size} octets, {len(octets)} are left (RFC 3810, 5.2.4)"
    sources, words = int.from_bytes(octets[2:4]), octets[1]
    length = size + sources * SOURCE_OCTETS + words * 4
    if length > len(octets):
        said = f"{quantity(sources, 'source')} and {words * 4} octets of auxiliary data"
        text = f"a record with {said} needs {length} octets, {len(octets)} are left (RFC 3810, 5.2.4)"
        notes.append(Finding("record-cut", Severity.WARNING, text))
    record = octets[:length]
    return AddressRecord.parse(record, notes), len(record)


RECORDS = Counted(take_record, "record", "number_of_records")
