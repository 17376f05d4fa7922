"""Messages of experiments with mobility, in both families; not in `mobility`, for ICMPv4 has no need of the rest."""

from __future__ import annotations

from dissector.layout import OCTETS, rest, shape, wire
from dissector.messages.base import IcmpMessage

EXPERIMENTS = {0: "CARD", 1: "CXTP"}
"""Protocols by subtype (RFC 4065, 8): RFC 4066 and RFC 4067."""


@shape
class ExperimentalMobility(IcmpMessage):
    """A message of an experimental mobility protocol, ICMPv4 and ICMPv6 (RFC 4065, 8)."""

    subtype: int = wire(8, "Which protocol.", names=EXPERIMENTS)
    reserved: int = wire(
        24, "Sent as zero and ignored, unless the protocol says otherwise.", reserved=True, default=0
    )
    data: bytes = rest(OCTETS, "Options, as the protocol defines them.", default=b"")
