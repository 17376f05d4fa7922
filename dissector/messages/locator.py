"""ILNPv6, the Identifier-Locator Network Protocol: where a node can be reached now."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from dissector.layout import Shape, rest, shape, wire
from dissector.messages.base import IcmpMessage
from dissector.tails.counted import counted

if TYPE_CHECKING:
    from dissector.layout import Several

OPERATIONS = {1: "advertisement", 2: "acknowledgement"}


@shape
class Locator(Shape):
    """One locator of the sending node (RFC 6743, 2)."""

    title: ClassVar[str] = "Locator"

    locator: bytes = wire(64, "The first half of the node's addresses.", as_=bytes)
    preference: int = wire(16, "How much it is preferred, counted as in L64 records (RFC 6742).")
    lifetime: int = wire(16, "How long the locator may be considered valid.", unit="s")


@shape
class LocatorUpdate(IcmpMessage):
    """ILNPv6 Locator Update: all locators of a node from now on, and its acknowledgement (RFC 6743, 2)."""

    num_of_locs: int = wire(8, "How many locators follow; not zero.")
    operation: int = wire(8, "Whether it tells or acknowledges.", names=OPERATIONS)
    reserved: int = wire(16, reserved=True, default=0)
    locators: Several[Locator] = rest(
        counted(Locator, "locator", "num_of_locs"), "The locators, with preference and lifetime.", default=()
    )
