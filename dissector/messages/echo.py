"""Echo and its replies, ICMPv4 and ICMPv6: a host is asked, or one of its interfaces (PROBE)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dissector.layout import OCTETS, rest, shape, wire
from dissector.messages.base import IcmpMessage
from dissector.tails.extensions import STRUCTURE, VERSION, Extensions, structure_node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.layout import Node, Several
    from dissector.tails.extensions import ExtensionObject

INTERFACE_STATES = {
    0: "reserved",
    1: "incomplete",
    2: "reachable",
    3: "stale",
    4: "delay",
    5: "probe",
    6: "failed",
}
"""State of the ARP table or neighbour cache entry of a probed interface (RFC 8335, 3)."""


@shape
class Echo(IcmpMessage):
    """Echo or Echo Reply (RFC 792, page 14; RFC 4443, 4.1 and 4.2)."""

    identifier: int = wire(16, "Matches replies to requests, like a port: one for each sender.", default=0)
    sequence: int = wire(16, "Matches replies to requests: counts them.", default=0)
    data: bytes = rest(OCTETS, "What the reply must return unchanged.", default=b"")


@shape
class ExtendedEchoRequest(IcmpMessage):
    """Extended Echo Request: asks a proxy about an interface of its own or of a neighbour (RFC 8335, 2)."""

    identifier: int = wire(16, "Matches replies to requests, like a port: one for each sender.", default=0)
    sequence: int = wire(8, "Matches replies to requests: counts them.", default=0)
    reserved: int = wire(7, reserved=True, default=0)
    local: bool = wire(
        1, "The probed interface is the proxy's own; else it is directly connected.", as_=bool, default=True
    )
    extensions: Extensions | Several[ExtensionObject] = rest(
        STRUCTURE, "Names the probed interface: one Interface Identification Object.", default=()
    )


@shape
class ExtendedEchoReply(IcmpMessage):
    """Extended Echo Reply: what the proxy knows about the interface (RFC 8335, 3).

    The RFC draws nothing after the flags; Linux returns the extension structure of the request there.
    """

    identifier: int = wire(16, "Copied from the request.", default=0)
    sequence: int = wire(8, "Copied from the request.", default=0)
    state: int = wire(
        3,
        "State of the neighbour entry, where the interface is not local.",
        names=INTERFACE_STATES,
        default=0,
    )
    reserved: int = wire(2, reserved=True, default=0)
    active: bool = wire(1, "The interface is local and active (A).", as_=bool, default=False)
    ipv4: bool = wire(1, "IPv4 runs on it (4).", as_=bool, default=False)
    ipv6: bool = wire(1, "IPv6 runs on it (6).", as_=bool, default=False)
    data: bytes = rest(OCTETS, "Octets after the message, for which the RFC has no use.", default=b"")

    @property
    def extensions(self) -> Extensions | None:
        """The structure that was returned in :attr:`data`; None where those octets are none beyond doubt."""
        if len(self.data) < Extensions.layout.size or self.data[0] >> 4 != VERSION:
            return None
        found = Extensions.parse(self.data)
        status = found.checksum_status
        return found if status == "good" or (status == "absent" and found.whole) else None

    def nodes(self, offset: int = 0) -> Iterator[Node]:
        """Yield the fields at their places, a returned structure as what it is."""
        returned = self.extensions
        for node in super().nodes(offset):
            if node.name == "data" and returned is not None:
                yield structure_node("data", returned, node.offset, node.doc)
            else:
                yield node
