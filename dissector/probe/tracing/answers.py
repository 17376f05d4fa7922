"""From what a socket heard to what it says about a probe of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dissector.analysis.hop_notes import NOTHING, notes_of
from dissector.analysis.hops import ENDED, EXCEEDED, REPLY
from dissector.analysis.quotes import TCP
from dissector.decoder import ChecksumStatus
from dissector.errors import quantity
from dissector.messages.echo import Echo
from dissector.registry.model import Family
from dissector.tails.headers import TcpHeader

if TYPE_CHECKING:
    from dissector.analysis.flow_keys import Address
    from dissector.analysis.hop_notes import Notes
    from dissector.decoder import Decoded
    from dissector.probe.tracing.channel import Arrival
    from dissector.probe.tracing.flows import Flow, Recogniser

TOO_BIG = {Family.ICMPV4: (3, 4), Family.ICMPV6: (2, 0)}
EXCEEDED_TYPE = {Family.ICMPV4: (11, 0), Family.ICMPV6: (3, 0)}
ECHO_REPLY = {Family.ICMPV4: 0, Family.ICMPV6: 129}


class Heard(NamedTuple):
    """What came back for a probe.

    Attributes:
        flow: the flow of the probe.
        number: which probe; None where that is not told.
        kind: EXCEEDED, ENDED or REPLY (:mod:`dissector.analysis.hops`).
        reporter: who sent it.
        type, code: of an error; 0 of what is none.
        notes: labels and interfaces that it tells.
        mtu: what fits where the probe did not, 0 where it does not say; None where the probe was not too big.
        text: what a reply was.
        time_ns: when it came, ns since 1970.
    """

    flow: Flow
    number: int | None
    kind: int
    reporter: Address
    type: int
    code: int
    notes: Notes
    mtu: int | None
    text: str
    time_ns: int


def heard(arrival: Arrival, ours: Recogniser, dst: Address) -> Heard | None:
    """Return what something that came says about a probe; None where it says nothing about ours.

    Args:
        arrival: what came.
        ours: knows our probes.
        dst: whom they are sent to.
    """
    message = arrival.message
    if message is None:
        return _from_host(arrival, ours, dst)
    if message.checksum_status is ChecksumStatus.BAD or message.malformed:
        return None
    if message.type == ECHO_REPLY[message.family]:
        return _echoed(arrival, message, ours)
    datagram = message.quoted
    known = None if datagram is None else ours.quoted(datagram)
    if known is None:
        return None
    told = (message.type or 0, message.code or 0)
    fields = message.fields
    too_big = told == TOO_BIG[message.family]
    return Heard(
        *known,
        kind=EXCEEDED if told == EXCEEDED_TYPE[message.family] else ENDED,
        reporter=arrival.sender,
        type=told[0],
        code=told[1],
        notes=notes_of(message),
        mtu=(fields.get("mtu") or fields.get("next_hop_mtu") or 0) if too_big else None,
        text="",
        time_ns=arrival.time_ns,
    )


def _echoed(arrival: Arrival, message: Decoded, ours: Recogniser) -> Heard | None:
    """Return what an echo reply says, whoever sends it: some hosts answer from another address."""
    reply = message.message
    known = ours.echoed(reply) if isinstance(reply, Echo) else None
    if known is None:
        return None
    return Heard(*known, REPLY, arrival.sender, 0, 0, NOTHING, None, "echo reply", arrival.time_ns)


def _from_host(arrival: Arrival, ours: Recogniser, dst: Address) -> Heard | None:
    """Return what the destination's own TCP or UDP says."""
    if arrival.sender != dst:
        return None
    if arrival.flow is None:
        known = ours.connected(arrival.octets)
        if known is None or known.flow.protocol != TCP:
            return None
        text = "TCP reset" if TcpHeader.parse(arrival.octets).rst else "TCP SYN and ACK"
    else:
        known = ours.served(arrival.flow, arrival.octets)
        text = f"UDP datagram of {quantity(len(arrival.octets), 'octet')}"
    return Heard(*known, REPLY, arrival.sender, 0, 0, NOTHING, None, text, arrival.time_ns)
