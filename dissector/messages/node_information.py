"""Node Information Queries: a node is asked for its name or its addresses (RFC 4620)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dissector.errors import Finding, Severity
from dissector.layout import Shape, rest, shape, wire
from dissector.messages.base import IcmpMessage
from dissector.tails.node_data import DATA, IPV4_ADDRESSES, NODE_ADDRESSES, QTYPES

if TYPE_CHECKING:
    from collections.abc import Iterator


@shape
class NodeInformation(IcmpMessage):
    """Node Information Query or Reply (RFC 4620, 4)."""

    qtype: int = wire(16, "What is asked for.", names=QTYPES, default=0)
    unused: int = wire(10, reserved=True, default=0)
    global_scope: bool = wire(1, "Global addresses are asked for (G).", as_=bool, default=False)
    site_local: bool = wire(1, "Site-local addresses are asked for (S).", as_=bool, default=False)
    link_local: bool = wire(1, "Link-local addresses are asked for (L).", as_=bool, default=False)
    compatible: bool = wire(
        1, "IPv4-compatible and IPv4-mapped addresses are asked for (C).", as_=bool, default=False
    )
    all_addresses: bool = wire(
        1,
        "Addresses of all interfaces are asked for, not of the subject's only (A).",
        as_=bool,
        default=False,
    )
    truncated: bool = wire(1, "Not all addresses are told, for want of space (T).", as_=bool, default=False)
    nonce: bytes = wire(64, "Matches replies to queries; not to be guessed.", as_=bytes)
    content: Shape | bytes = rest(DATA, "The subject of a query, or the answer.", default=b"")

    def findings(self) -> Iterator[Finding]:
        """Yield flags that have no meaning here (RFC 4620, 4)."""
        wide = (self.global_scope, self.site_local, self.link_local, self.compatible)
        both = (self.all_addresses, self.truncated)
        undefined = {NODE_ADDRESSES: (), IPV4_ADDRESSES: wide}.get(self.qtype, wide + both)
        if any(undefined):
            text = f"flags are set that have no meaning with qtype {self.qtype} (RFC 4620, 4)"
            yield Finding("flags-undefined", Severity.NOTE, text)
