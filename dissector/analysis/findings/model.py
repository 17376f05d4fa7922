"""What a finding about a capture is, how its rule is declared, and the thresholds that rules have."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from dissector.errors import Severity
from dissector.registry.model import Text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from dissector.analysis.flow_keys import Address

__all__ = ["Area", "CaptureFinding", "FindingsReport", "Place", "Rule", "Severity", "Text", "Thresholds"]


class Area(StrEnum):
    """What a rule is about."""

    CONFORMANCE = "conformance"
    OPERATION = "operation"
    SECURITY = "security"


TITLES = {
    Area.CONFORMANCE: Text("Conformance", "一致性"),
    Area.OPERATION: Text("Operation", "运行"),
    Area.SECURITY: Text("Security", "安全"),
}


class Thresholds(NamedTuple):
    """The numbers that rules compare with; :data:`MEANINGS` says of each what it is, and why it is as it is."""

    frames: int = 5
    loop_errors: int = 8
    mtu_repeats: int = 3
    mtu_seconds: float = 1.0
    rate_queries: int = 20
    rate_errors: int = 5
    rate_ratio: float = 2.0
    redirect_prefix: int = 16
    sweep_hosts: int = 16
    sweep_queries: float = 4.0
    sweep_ports: int = 16
    flood_errors: int = 100
    flood_routers: int = 16
    smurf_hosts: int = 3
    oversized_octets: int = 10_000
    recon_hosts: int = 2
    tunnel_messages: int = 10
    tunnel_entropy: float = 3.0
    tunnel_sizes: int = 4
    tunnel_asymmetry: float = 2.0
    tunnel_signs: int = 2

    @classmethod
    def of(cls, values: Mapping[str, float]) -> Self:
        """Return the thresholds with other values for some, by their names with ``-`` or ``_``.

        Raises:
            KeyError: there is no threshold of that name.
            ValueError: a value is below zero.
        """
        named = {name.replace("-", "_"): value for name, value in values.items()}
        for name, value in named.items():
            if name not in cls._fields:
                raise KeyError(name)
            if value < 0:
                message = f"{name.replace('_', '-')} cannot be {value}: it is below zero"
                raise ValueError(message)
        return cls()._replace(
            **{name: type(cls._field_defaults[name])(value) for name, value in named.items()}
        )


MEANINGS = {
    "frames": "Frames that a finding names, the first ones.",
    "loop_errors": "Time Exceeded about one pair of hosts, from one router or two alone: a traceroute hears from "
    "more routers, and asks each three times.",
    "mtu_repeats": "Errors that tell one sender the same MTU for one destination: it is to heed the first.",
    "mtu_seconds": "Over so many seconds at least: shorter, and they may be about what was under way already.",
    "rate_queries": "Queries to one host that errors should have answered.",
    "rate_errors": "Errors about them, at least.",
    "rate_ratio": "So many queries for each error, or more, none of them answered.",
    "redirect_prefix": "Bits that a new gateway's address has in common with the receiver's: both are on one "
    "network, and there are few larger ones than that.",
    "sweep_hosts": "Hosts that one host asks.",
    "sweep_queries": "Queries to each of them on average, at most: who monitors hosts asks on and on.",
    "sweep_ports": "Ports of one host that are told closed to another; those of traceroute (UDP from 33434 on) "
    "do not count.",
    "flood_errors": "Destination Unreachable to one host within a second of the clock.",
    "flood_routers": "Addresses that advertise themselves as routers on one link.",
    "smurf_hosts": "Hosts that answer echo requests to a broadcast address, and were not asked by name.",
    "oversized_octets": "Octets of an echo message beyond which it is oversized: jumbo frames end before.",
    "recon_hosts": "Hosts that are asked for their clock; one alone may be meant to be measured.",
    "tunnel_messages": "Echo messages between two hosts with data that no ping is known to send.",
    "tunnel_entropy": "Bits an octet: the entropy of the data and of the steps between octets, whichever is "
    "less, on average; patterns have less than 2.",
    "tunnel_sizes": "Different sizes of data; ping keeps to one.",
    "tunnel_asymmetry": "So many times as many octets one way as the other: echo gives back what it gets.",
    "tunnel_signs": "How many of the signs of a tunnel are needed: entropy, sizes, asymmetry, answers that differ "
    "from their query. A known tunnel's mark counts for as many as are needed.",
}
"""What each threshold is."""


class Rule(NamedTuple):
    """One thing to find: everything that is said about it stands here.

    Attributes:
        id: its name, stable.
        area: what it is about.
        severity: how much it matters.
        title: its name for people.
        sentence: the sentence of a finding; the facts stand in braces.
        advice: what to do.
        rfc: what it rests on, with the section; empty where that is no RFC.
        thresholds: the names of the thresholds it has.
    """

    id: str
    area: Area
    severity: Severity
    title: Text
    sentence: str
    advice: Text
    rfc: str = ""
    thresholds: tuple[str, ...] = ()


class Place(NamedTuple):
    """A packet in a file; ``frame`` counts from 1."""

    file: str
    frame: int


class CaptureFinding(NamedTuple):
    """Something that a capture shows.

    Attributes:
        rule: what was found.
        text: one sentence with the facts.
        messages: how many messages show it.
        first_ns, last_ns: ns since 1970, earliest and latest; None where the capture has no times.
        hosts: the addresses it is about, whose doing it is first.
        frames: the first messages that show it.
    """

    rule: Rule
    text: str
    messages: int
    first_ns: int | None
    last_ns: int | None
    hosts: tuple[Address, ...]
    frames: tuple[Place, ...]


class FindingsReport(NamedTuple):
    """What a capture shows.

    Attributes:
        findings: the gravest first; of equal ones security, operation, conformance.
        thresholds: what was compared with.
        refused: messages that were not looked at for lack of room.
        warnings: a sentence where a table was too small.
    """

    findings: tuple[CaptureFinding, ...]
    thresholds: Thresholds
    refused: int
    warnings: tuple[str, ...]
