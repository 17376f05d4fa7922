"""Router renumbering: prefixes of many routers are changed at once (RFC 2894)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dissector.errors import Finding, Severity
from dissector.layout import rest, shape, wire
from dissector.messages.base import IcmpMessage
from dissector.tails.renumbering import BODY, COMMAND, PrefixControlOperation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.layout import Several, Shape


@shape
class RouterRenumbering(IcmpMessage):
    """Router Renumbering Command, Result or Sequence Number Reset (RFC 2894, 3)."""

    sequence_number: int = wire(32, "Never decreases but by a reset.")
    segment_number: int = wire(8, "Tells messages of one sequence number apart.", default=0)
    test: bool = wire(1, "Nothing is to be changed, only tried (T).", as_=bool, default=False)
    result_requested: bool = wire(1, "Routers shall report (R).", as_=bool, default=False)
    all_interfaces: bool = wire(1, "Interfaces that are shut down too (A).", as_=bool, default=False)
    site_specific: bool = wire(1, "Interfaces of this site only (S).", as_=bool, default=False)
    processed: bool = wire(
        1, "The command was processed before; has a meaning in results only (P).", as_=bool, default=False
    )
    reserved: int = wire(3, reserved=True, default=0)
    max_delay: int = wire(16, "Longest time until the result.", unit="ms", default=0)
    reserved_2: int = wire(32, reserved=True, default=0)
    body: Several[Shape] | bytes = rest(
        BODY, "The operations of a command, or the match reports of a result.", default=b""
    )

    def findings(self) -> Iterator[Finding]:
        """Yield what a command must not have (RFC 2894, 3.1 and 3.2.1.1)."""
        if self.code != COMMAND:
            return
        if self.processed:
            yield Finding("processed-flag", Severity.NOTE, "P must be zero in a command (RFC 2894, 3.1)")
        ordinals = [part.ordinal for part in self.body if isinstance(part, PrefixControlOperation)]
        if len(ordinals) != len(set(ordinals)):
            text = "two operations have the same ordinal (RFC 2894, 3.2.1.1)"
            yield Finding("ordinal-twice", Severity.WARNING, text)
