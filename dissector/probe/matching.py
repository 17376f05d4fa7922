"""Which probe a message answers or is about, if it is about any of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dissector.decoder import ChecksumStatus, Decoded, decode_message
from dissector.probe.events import Outcome
from dissector.probe.probes import STAMP, difference, errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.probe.events import Probe, Target
    from dissector.probe.probes import Payload, Query
    from dissector.probe.targets import Address
    from dissector.registry.model import Family
    from dissector.tails.datagram import Datagram

ICMP_PROTOCOLS = (1, 58)


class Arrival(NamedTuple):
    """A message that a socket received.

    Attributes:
        family: which ICMP.
        octets: the message, from its type on.
        identifier: what the probes of that socket have as identifier.
        source, destination: of its packet; the destination is None where the system does not say it.
        ttl: of its packet; None where the system does not say it.
        time_ns: when the kernel received it, in ns since 1970; None where it does not say so.
        told: whether the kernel tells of an error that it keeps the packet of: then there is no checksum.
    """

    family: Family
    octets: bytes
    identifier: int
    source: Address
    destination: Address | None = None
    ttl: int | None = None
    time_ns: int | None = None
    told: bool = False


class Match(NamedTuple):
    """A message and the probe it belongs to.

    Attributes:
        probe: the probe.
        outcome: reply, error, or refused.
        decoded: the message.
        elsewhere, altered, reason: as in :class:`~dissector.probe.events.Event`.
    """

    probe: Probe
    outcome: Outcome
    decoded: Decoded
    elsewhere: bool = False
    altered: str | None = None
    reason: str | None = None


class Matcher:
    """The probes that may yet be answered.

    Args:
        query: what is asked.
        payload: the data of echoes.

    Strategy: a stamp of ours in the data says which probe it is, whoever sends it, with whatever numbers. Else
    address, identifier and sequence must be those of one; and where its data should have our cookie and have not,
    it is no answer.
    """

    def __init__(self, query: Query, payload: Payload) -> None:
        self.query = query
        self.payload = payload
        self._targets: dict[Address, Target] = {}
        self._many: list[Target] = []
        self._probes: dict[tuple[int, int], Probe] = {}

    def begin(self, target: Target) -> bool:
        """Note a target; return False for an address that is there already."""
        if target.address in self._targets:
            return False
        self._targets[target.address] = target
        if target.many:
            self._many.append(target)
        return True

    def add(self, probe: Probe) -> None:
        """Note a probe that is sent."""
        self._probes[probe.target.number, self.query.sequence(probe.number)] = probe

    def forget(self, probe: Probe) -> None:
        """Forget a probe, if no later one has its sequence number."""
        key = (probe.target.number, self.query.sequence(probe.number))
        if self._probes.get(key) is probe:
            del self._probes[key]

    def __len__(self) -> int:
        """Return how many probes may yet be answered."""
        return len(self._probes)

    def match(self, arrival: Arrival) -> Match | None:
        """Return which probe a message belongs to; None for what is about none of ours."""
        family = arrival.family
        if family not in self.query.types or not arrival.octets:
            return None
        kind = arrival.octets[0]
        if kind == self.query.answer(family):
            return self._reply(arrival)
        return self._error(arrival) if kind in errors(family) else None

    def _reply(self, arrival: Arrival) -> Match | None:
        """Return the probe that a message answers."""
        decoded = decode(arrival)
        if decoded.malformed is not None:
            return None
        fields, data = decoded.fields, decoded.data
        probe = self._stamped(data) if self.query.has_data else None
        if probe is None:
            probe = self._asked(arrival.source, fields.get("identifier"), fields.get("sequence"), arrival)
        if probe is None:
            return None
        if decoded.checksum_status is ChecksumStatus.BAD:
            return Match(probe, Outcome.REFUSED, decoded, reason="its checksum is wrong")
        altered = None
        if self.query.has_data:
            if not self.payload.ours(data):
                return Match(probe, Outcome.REFUSED, decoded, reason="its data are not those that were sent")
            altered = ", ".join(self._differences(arrival, decoded, probe)) or None
        target = probe.target
        elsewhere = not target.many and not same(arrival.source, target.address)
        return Match(probe, Outcome.REPLY, decoded, elsewhere, altered)

    def _differences(self, arrival: Arrival, decoded: Decoded, probe: Probe) -> Iterator[str]:
        """Yield in words what is another in an answer than in its probe: the host changed it, or one on the way."""
        fields = decoded.fields
        for name, found, sent in (
            ("code", decoded.code, 0),
            ("identifier", fields.get("identifier"), arrival.identifier),
            ("sequence number", fields.get("sequence"), self.query.sequence(probe.number)),
        ):
            if found != sent:
                yield f"{name} is {found}, was {sent}"
        data = difference(self.payload.octets(probe.target.number, probe.number), decoded.data)
        if data is not None:
            yield data

    def _stamped(self, data: bytes) -> Probe | None:
        """Return the probe that data say they are from."""
        stamp = self.payload.stamp(data)
        if stamp is None:
            return None
        target, number = stamp
        probe = self._probes.get((target, self.query.sequence(number)))
        return probe if probe is not None and probe.number & 0xFFFFFFFF == number else None

    def _asked(
        self, address: Address, identifier: int | None, sequence: int | None, arrival: Arrival
    ) -> Probe | None:
        """Return the probe to an address with these numbers."""
        if not self.query.sequence_bits:
            sequence = 0
        elif identifier != arrival.identifier or sequence is None:
            return None
        target = self._target_of(address)
        candidates = self._many if target is None else [target]
        for candidate in candidates:
            probe = self._probes.get((candidate.number, sequence))
            if probe is not None:
                return probe
        return None

    def _error(self, arrival: Arrival) -> Match | None:
        """Return the probe that an error is about: the one it quotes."""
        decoded = decode(arrival)
        quoted = decoded.quoted
        if quoted is None or quoted.protocol not in ICMP_PROTOCOLS or quoted.dst is None:
            return None
        if quoted.type != self.query.types[arrival.family] or decoded.checksum_status is ChecksumStatus.BAD:
            return None
        target = self._target_of(quoted.dst)
        probe = (
            None
            if target is None
            else self._asked(target.address, quoted.identifier, quoted.sequence, arrival)
        )
        if probe is None or not self._quotes(quoted, probe):
            return None
        return Match(probe, Outcome.ERROR, decoded)

    def _target_of(self, address: Address) -> Target | None:
        """Return the target of an address; of one that lacks a scope, any with that address."""
        found = self._targets.get(address)
        if found is None and address.is_link_local:
            return next((one for one in self._targets.values() if same(one.address, address)), None)
        return found

    def _quotes(self, quoted: Datagram, probe: Probe) -> bool:
        """Return whether a quote has the data of a probe, as many of them as it has."""
        if not self.query.has_data:
            return True
        last = quoted.layers[-1]
        data = quoted.octets[last.offset + len(last.octets) :][:STAMP]
        sent = self.payload.octets(probe.target.number, probe.number)
        return data == sent[: len(data)]


def same(one: Address, other: Address) -> bool:
    """Return whether addresses are the same; neither packets nor all users say the scope of those that have one."""
    scopes = {getattr(address, "scope_id", None) for address in (one, other)}
    return one.packed == other.packed and (len(scopes) == 1 or None in scopes)


def decode(arrival: Arrival) -> Decoded:
    """Return the message of an arrival, read."""
    if arrival.told:
        return Decoded(arrival.family, arrival.octets)
    return decode_message(arrival.octets, arrival.family, src=arrival.source, dst=arrival.destination)
