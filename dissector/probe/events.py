"""What happens to probes: one event each, and what is counted for each target."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dissector.decoder import Decoded
    from dissector.probe.targets import Address


class Outcome(StrEnum):
    """What an event says; the values are the JSON ones.

    ``reply``: the target answered. ``error``: an ICMP error is about the probe. ``timeout``: nothing came in time.
    ``failed``: the probe could not be sent. ``refused``: it looks like an answer, and is none.
    """

    REPLY = "reply"
    ERROR = "error"
    TIMEOUT = "timeout"
    FAILED = "failed"
    REFUSED = "refused"


class Target:
    """One address that is probed.

    Attributes:
        number: from 0, in the order in which targets were begun.
        name: as it was given, or the address of a range.
        address: the address.
        many: whether it stands for several hosts (broadcast, multicast).
        sent: probes that were handed to the kernel.
        received: probes that were answered, late ones too.
        late: of those, answered after the timeout.
        duplicates: further answers to a probe.
        altered: answers in which something is not as in the probe: numbers or data.
        refused: what looks like an answer and is none.
        elsewhere: answers that came from another address.
        errors: probes that an ICMP error ended.
        failed: probes that could not be sent.
        waiting: probes that are neither answered nor over; at the end, when the session was ended.
    """

    __slots__ = (
        "address",
        "altered",
        "duplicates",
        "elsewhere",
        "errors",
        "failed",
        "late",
        "many",
        "name",
        "number",
        "received",
        "refused",
        "sent",
        "waiting",
    )

    def __init__(self, number: int, name: str, address: Address, *, many: bool = False) -> None:
        self.number = number
        self.name = name
        self.address = address
        self.many = many
        self.sent = self.received = self.late = self.duplicates = self.altered = 0
        self.refused = self.elsewhere = self.errors = self.failed = self.waiting = 0

    @property
    def lost(self) -> int:
        """Probes without an answer, those that ended in an error and those not sent among them."""
        return self.sent + self.failed - self.received - self.waiting


class Probe:
    """One question to one target.

    Attributes:
        target: whom.
        number: from 1.
        sent_ns: when, in ns since 1970, as kernels stamp what they receive.
        begun: when, by a clock that never steps, in seconds.
        answered: answers so far.
        over: whether nothing more is awaited: it was answered, ended by an error, or its time is over.
    """

    __slots__ = ("answered", "begun", "number", "over", "sent_ns", "target")

    def __init__(self, target: Target, number: int, sent_ns: int, begun: float) -> None:
        self.target = target
        self.number = number
        self.sent_ns = sent_ns
        self.begun = begun
        self.answered = 0
        self.over = False


class Event(NamedTuple):
    """One thing that happened.

    Attributes:
        outcome: what.
        time_ns: when, in ns since 1970.
        target: to whose probe.
        number: the probe's, from 1.
        source: who sent what came; None where nothing came.
        ttl: what was left of its TTL or hop limit.
        rtt_ns: nanoseconds since the probe.
        decoded: the message that came.
        late, duplicate: whether the answer came after the timeout, after another one.
        elsewhere: whether the answer came from another address than the target's.
        altered: how it differs from what was sent; None where it does not.
        reason: why it failed or is refused.
    """

    outcome: Outcome
    time_ns: int
    target: Target
    number: int
    source: Address | None = None
    ttl: int | None = None
    rtt_ns: int | None = None
    decoded: Decoded | None = None
    late: bool = False
    duplicate: bool = False
    elsewhere: bool = False
    altered: str | None = None
    reason: str | None = None
