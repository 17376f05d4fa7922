"""The body of a Router Renumbering message (RFC 2894, 3.2 and 3.3)."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Any, ClassVar, cast

from dissector.errors import Finding, Severity, quantity
from dissector.layout import OCTETS, Items, Node, Several, Shape, Tail, each, rest, shape, wire
from dissector.tails.reserved import reserved_set

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.messages.base import IcmpMessage

COMMAND, RESULT = 0, 1
OPERATIONS = {1: "ADD", 2: "CHANGE", 3: "SET-GLOBAL"}
LONGEST_PREFIX = 128
UNIT = 8


@shape
class UsePrefix(Shape):
    """Use-Prefix Part: a prefix to make of what was matched (RFC 2894, 3.2.1.2)."""

    title: ClassVar[str] = "Use-Prefix"

    use_len: int = wire(8, "Leading bits to take from this prefix.", unit="bits")
    keep_len: int = wire(8, "Bits after them to keep of the matched prefix.", unit="bits", default=0)
    flag_mask: int = wire(8, "Which flags to set as told here.", hexadecimal=True, default=0)
    ra_flags: int = wire(8, "The flags, as in Prefix Information.", hexadecimal=True, default=0)
    valid_lifetime: int = wire(32, "How long the new prefix is valid.", unit="s")
    preferred_lifetime: int = wire(32, "How long the new prefix is preferred.", unit="s")
    decrement_valid: bool = wire(1, "The valid lifetime runs off in real time (V).", as_=bool, default=False)
    decrement_preferred: bool = wire(
        1, "The preferred lifetime runs off in real time (P).", as_=bool, default=False
    )
    reserved: int = wire(30, reserved=True, default=0)
    use_prefix: IPv6Address = wire(128, "The prefix.", as_=IPv6Address)


@shape
class PrefixControlOperation(Shape):
    """One operation of a command: what to match, and what to make of it (RFC 2894, 3.2.1)."""

    title: ClassVar[str] = "Prefix Control Operation"

    op_code: int = wire(8, "What to do with prefixes that match.", names=OPERATIONS)
    op_length: int = wire(8, "Length of the operation.", scale=UNIT, unit="octets")
    ordinal: int = wire(8, "Tells the operations of a command apart.", default=0)
    match_len: int = wire(8, "Leading bits that must match.", unit="bits")
    min_len: int = wire(8, "Least length of a prefix that can match.", unit="bits", default=0)
    max_len: int = wire(8, "Greatest length of a prefix that can match.", unit="bits", default=LONGEST_PREFIX)
    reserved: int = wire(16, reserved=True, default=0)
    match_prefix: IPv6Address = wire(128, "What prefixes are compared with.", as_=IPv6Address)
    use_prefixes: Several[UsePrefix] = rest(each(UsePrefix, "use-prefix"), "A prefix to use.", default=())

    def findings(self) -> Iterator[Finding]:
        """Yield what makes a router not carry it out (RFC 2894, 4.2)."""
        about = f"operation {self.ordinal}"
        if self.op_code not in OPERATIONS:
            text = f"{about} has the unknown code {self.op_code}: routers do not carry it out (RFC 2894, 4.2)"
            yield Finding("operation-unknown", Severity.WARNING, text)
        if self.match_len > LONGEST_PREFIX:
            text = f"{about} matches {self.match_len} bits, at most {LONGEST_PREFIX} can be (RFC 2894, 4.2)"
            yield Finding("operation-bounds", Severity.WARNING, text)
        for part in self.use_prefixes:
            yield from reserved_set(part)
            if part.use_len + part.keep_len > LONGEST_PREFIX:
                text = f"{about} makes a prefix of {part.use_len} + {part.keep_len} bits (RFC 2894, 4.2)"
                yield Finding("operation-bounds", Severity.WARNING, text)
            if part.use_prefix.is_multicast or part.use_prefix.is_link_local:
                text = f"{about} uses {part.use_prefix}, which is multicast or link-local (RFC 2894, 3.2.1.2)"
                yield Finding("operation-prefix", Severity.WARNING, text)


@shape
class MatchReport(Shape):
    """One prefix that a command matched on one interface (RFC 2894, 3.3)."""

    title: ClassVar[str] = "Match Report"

    reserved: int = wire(14, reserved=True, default=0)
    out_of_bounds: bool = wire(1, "Fields of the operation were out of bounds (B).", as_=bool, default=False)
    forbidden: bool = wire(1, "It would have made a forbidden prefix (F).", as_=bool, default=False)
    ordinal: int = wire(8, "Copied from the operation.")
    matched_len: int = wire(8, "Length of the matched prefix.", unit="bits")
    interface_index: int = wire(32, "The router's number of the interface.")
    matched_prefix: IPv6Address = wire(128, "The matched prefix.", as_=IPv6Address)

    def findings(self) -> Iterator[Finding]:
        """Yield what the router could not do (RFC 2894, 3.3)."""
        if self.out_of_bounds:
            text = f"operation {self.ordinal} was not carried out: a field was out of bounds (RFC 2894, 3.3)"
            yield Finding("operation-refused", Severity.NOTE, text)
        if self.forbidden:
            text = f"operation {self.ordinal} was not carried out in full: a forbidden prefix (RFC 2894, 3.3)"
            yield Finding("operation-refused", Severity.NOTE, text)


def take_operation(octets: bytes, notes: list[Finding]) -> tuple[PrefixControlOperation, int] | str:
    """Read the operation at the start of some octets; see :class:`~dissector.layout.Items`."""
    size = PrefixControlOperation.layout.size
    if len(octets) < size:
        return f"it needs {size} octets, {len(octets)} are left (RFC 2894, 3.2.1)"
    length = octets[1] * UNIT
    if length < size:
        return f"its length is {quantity(length, 'octet')}, at least {size} are needed (RFC 2894, 3.2.1.1)"
    if length > len(octets):
        return f"its length is {length} octets, {len(octets)} are left (RFC 2894, 3.2.1.1)"
    return PrefixControlOperation.parse(octets[:length], notes), length


def take_report(octets: bytes, notes: list[Finding]) -> tuple[MatchReport, int] | str:
    """Read the match report at the start of some octets; see :class:`~dissector.layout.Items`."""
    size = MatchReport.layout.size
    if len(octets) < size:
        return f"it needs {size} octets, {len(octets)} are left (RFC 2894, 3.3)"
    return MatchReport.parse(octets[:size], notes), size


class BodyTail(Tail[Several[Shape] | bytes]):
    """Operations in a command, match reports in a result; plain octets with any other code."""

    def __init__(self) -> None:
        self.items: dict[int, Items[Any]] = {
            COMMAND: Items(take_operation, "operation"),
            RESULT: Items(take_report, "match report"),
        }

    def read(self, octets: bytes, owner: Shape, notes: list[Finding]) -> Several[Shape] | bytes:
        """Return the body by the message's code."""
        items = self.items.get(cast("IcmpMessage", owner).code)
        if items is not None:
            parts = items.read(octets, owner, notes)
            for part in parts:
                notes.extend(reserved_set(part))
            return parts
        if octets:
            text = f"{quantity(len(octets), 'octet')} of body, which this code has no use for (RFC 2894, 5)"
            notes.append(Finding("octets-after-end", Severity.NOTE, text))
        return octets

    def write(self, value: Several[Shape] | bytes) -> bytes:
        """Return the octets."""
        return value if isinstance(value, bytes) else self.items[COMMAND].write(value)

    def nodes(self, name: str, value: Several[Shape] | bytes, offset: int, doc: str) -> Iterator[Node]:
        """Yield a node a part."""
        if isinstance(value, bytes):
            yield from OCTETS.nodes(name, value, offset, doc)
        else:
            yield from self.items[COMMAND].nodes(name, value, offset, doc)


BODY = BodyTail()
