"""RPL control messages: routing in low-power and lossy networks (RFC 6550, 6; RFC 9009, 4.3)."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import TYPE_CHECKING

from dissector.errors import Finding, Severity, quantity
from dissector.layout import OCTETS, Node, Shape, derived, rest, shape, wire
from dissector.messages.base import IcmpMessage
from dissector.tails.rpl_options import AFTER_DODAGID, DODAGID, RPL_OPTIONS, DodagOptions, RplTarget

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.layout import Several
    from dissector.tails.rpl_options import Pad1, RplOption

INSTANCE = "Which routing topology it is about; 128 and more are local to a DODAG."
PRESENT = "The DODAGID is there (D)."
OPTIONS = "Options, one after another."
AFTER = "The DODAGID where its flag is set, then options."
MODES_OF_OPERATION = {
    0: "no downward routes",
    1: "non-storing",
    2: "storing without multicast",
    3: "storing with multicast",
}


def dodagid_of(options: object) -> IPv6Address | None:
    """Return the DODAGID before some options, None where there is none."""
    found: IPv6Address | None = getattr(options, "dodagid", None)
    return found


@shape
class DodagInformationSolicitation(IcmpMessage):
    """DODAG Information Solicitation, DIS: asks for DIOs (RFC 6550, 6.2)."""

    flags: int = wire(8, reserved=True, default=0)
    reserved: int = wire(8, reserved=True, default=0)
    options: Several[Pad1 | RplOption] = rest(RPL_OPTIONS, OPTIONS, default=())


@shape
class DodagInformationObject(IcmpMessage):
    """DODAG Information Object, DIO: a DODAG, and the sender's place in it (RFC 6550, 6.3)."""

    rpl_instance_id: int = wire(8, INSTANCE)
    version_number: int = wire(8, "DODAGVersionNumber: a new one rebuilds the DODAG.")
    rank: int = wire(16, "The sender's rank: how far it is from the root.")
    grounded: bool = wire(1, "The DODAG reaches the goal of the application (G).", as_=bool, default=False)
    zero: int = wire(1, reserved=True, default=0)
    mode_of_operation: int = wire(3, "How routes down the DODAG are kept (MOP).", names=MODES_OF_OPERATION)
    dodag_preference: int = wire(3, "How much its root is preferred, 7 the most (Prf).", default=0)
    dtsn: int = wire(8, "Destination Advertisement Trigger Sequence Number: a new one asks for DAOs.")
    flags: int = wire(8, reserved=True, default=0)
    reserved: int = wire(8, reserved=True, default=0)
    dodagid: IPv6Address = wire(128, DODAGID, as_=IPv6Address)
    options: Several[Pad1 | RplOption] = rest(RPL_OPTIONS, OPTIONS, default=())


@shape
class DestinationAdvertisementObject(IcmpMessage):
    """Destination Advertisement Object, DAO: what can be reached down the DODAG (RFC 6550, 6.4)."""

    rpl_instance_id: int = wire(8, INSTANCE)
    ack_expected: bool = wire(1, "The receiver is to acknowledge it (K).", as_=bool, default=False)
    dodagid_present: bool = wire(1, PRESENT, as_=bool, default=False)
    flags: int = wire(6, reserved=True, default=0)
    reserved: int = wire(8, reserved=True, default=0)
    dao_sequence: int = wire(8, "Matches the acknowledgement; one more for each new DAO.")
    options: DodagOptions = rest(AFTER_DODAGID, AFTER, default=())

    @derived
    def dodagid(self) -> IPv6Address | None:
        """The DODAGID, where its flag is set."""
        return dodagid_of(self.options)

    def findings(self) -> Iterator[Finding]:
        """Yield what makes a node discard it (RFC 6550, 9.4)."""
        if not any(isinstance(option, RplTarget) for option in self.options):
            text = "no RPL Target option, at least one is needed (RFC 6550, 9.4)"
            yield Finding("dao-no-target", Severity.WARNING, text)


@shape
class DestinationAdvertisementAck(IcmpMessage):
    """Destination Advertisement Object Acknowledgement, DAO-ACK (RFC 6550, 6.5)."""

    rpl_instance_id: int = wire(8, INSTANCE)
    dodagid_present: bool = wire(1, PRESENT, as_=bool, default=False)
    reserved: int = wire(7, reserved=True, default=0)
    dao_sequence: int = wire(8, "Copied from the DAO.")
    status: int = wire(8, "0: accepted; to 127: better find another parent; above: rejected.", default=0)
    options: DodagOptions = rest(AFTER_DODAGID, AFTER, default=())

    @derived
    def dodagid(self) -> IPv6Address | None:
        """The DODAGID, where its flag is set."""
        return dodagid_of(self.options)


@shape
class DestinationCleanupObject(IcmpMessage):
    """Destination Cleanup Object, DCO: what can no longer be reached this way (RFC 9009, 4.3)."""

    rpl_instance_id: int = wire(8, INSTANCE)
    ack_expected: bool = wire(1, "The receiver is to acknowledge it (K).", as_=bool, default=False)
    dodagid_present: bool = wire(1, PRESENT, as_=bool, default=False)
    flags: int = wire(6, reserved=True, default=0)
    rpl_status: int = wire(8, "Why, as the root or the common parent says; 195: moved.", default=0)
    dco_sequence: int = wire(8, "Matches the acknowledgement; one more for each new DCO.")
    options: DodagOptions = rest(AFTER_DODAGID, AFTER, default=())

    @derived
    def dodagid(self) -> IPv6Address | None:
        """The DODAGID, where its flag is set."""
        return dodagid_of(self.options)


@shape
class DestinationCleanupAck(IcmpMessage):
    """Destination Cleanup Object Acknowledgment, DCO-ACK (RFC 9009, 4.3.4)."""

    rpl_instance_id: int = wire(8, INSTANCE)
    dodagid_present: bool = wire(1, PRESENT, as_=bool, default=False)
    flags: int = wire(7, reserved=True, default=0)
    dco_sequence: int = wire(8, "Copied from the DCO.")
    dco_ack_status: int = wire(8, "0: accepted; 129: no routing entry (RFC 9009, 5.3).", default=0)
    options: DodagOptions = rest(AFTER_DODAGID, AFTER, default=())

    @derived
    def dodagid(self) -> IPv6Address | None:
        """The DODAGID, where its flag is set."""
        return dodagid_of(self.options)


ALGORITHMS = {0: "CCM with AES-128, RSA with SHA-256"}
KEY_IDENTIFIER_MODES = {
    0: "group key by index",
    1: "key of the pair",
    2: "group key by source and index",
    3: "signature key",
}
SIGNATURE_KEY = 3
KEY_SOURCE_OCTETS = 8
KNOWN_LEVELS = 4
"""Levels 0 to 3 are assigned, the odd ones encrypt (RFC 6550, figure 11)."""


@shape
class SecureRpl(IcmpMessage):
    """A secured RPL message: base and options, which may be encrypted, are kept whole (RFC 6550, 6.1)."""

    counter_is_time: bool = wire(1, "The counter is a time (T).", as_=bool, default=False)
    reserved: int = wire(7, reserved=True, default=0)
    algorithm: int = wire(8, "How it is encrypted and signed.", names=ALGORITHMS, default=0)
    key_identifier_mode: int = wire(2, "Which key it is protected with (KIM).", names=KEY_IDENTIFIER_MODES)
    reserved_2: int = wire(3, reserved=True, default=0)
    security_level: int = wire(3, "How it is protected, by the key identifier mode (LVL).")
    flags: int = wire(8, reserved=True, default=0)
    counter: int = wire(32, "Never the same twice with one key.")
    secured: bytes = rest(OCTETS, "Key identifier, then what it protects: base, options, code or signature.")

    @derived
    def encrypted(self) -> bool:
        """Whether everything after the security section is encrypted (RFC 6550, figure 11)."""
        return self.security_level % 2 == 1

    @derived
    def key_source(self) -> bytes | None:
        """Who made the group key, where the message says so."""
        octets = self.key_octets
        return self.secured[: octets - 1] if 1 < octets <= len(self.secured) else None

    @derived
    def key_index(self) -> int | None:
        """Which of its maker's keys it is, where the message says so."""
        octets = self.key_octets
        return self.secured[octets - 1] if 0 < octets <= len(self.secured) else None

    @property
    def key_octets(self) -> int:
        """How many octets the key identifier has (RFC 6550, figure 10)."""
        signed = KEY_SOURCE_OCTETS + 1 if self.encrypted else 0
        return (1, 0, KEY_SOURCE_OCTETS + 1, signed)[self.key_identifier_mode]

    @property
    def body(self) -> bytes:
        """What follows the security section."""
        return self.secured[self.key_octets :]

    def nodes(self, offset: int = 0) -> Iterator[Node]:
        """Yield the fields at their places, those of the key identifier too."""
        yield from (node for node in super().nodes(offset) if node.name != "secured")
        offset += self.layout.size * 8
        if self.key_octets > len(self.secured):
            yield from OCTETS.nodes(
                "key_identifier", self.secured, offset, "What there is of the key identifier."
            )
            return
        if self.key_source is not None:
            source = self.key_source
            yield Node("key_source", source.hex(":"), offset, len(source) * 8, "Who made the group key.")
            offset += len(source) * 8
        if self.key_index is not None:
            yield Node("key_index", str(self.key_index), offset, 8, "Which of its maker's keys it is.")
            offset += 8
        yield from self.body_nodes(offset)

    def body_nodes(self, offset: int) -> Iterator[Node]:
        """Yield what follows the security section."""
        yield from OCTETS.nodes(
            "body", self.body, offset, "Base, options, and authentication code or signature."
        )

    def findings(self) -> Iterator[Finding]:
        """Yield what makes a node discard it (RFC 6550, 10.7)."""
        if self.algorithm not in ALGORITHMS:
            text = f"security algorithm {self.algorithm} is not assigned (RFC 6550, 6.1 and 10.7)"
            yield Finding("rpl-security-unknown", Severity.WARNING, text)
        if self.security_level >= KNOWN_LEVELS:
            text = f"security level {self.security_level} is not assigned (RFC 6550, 6.1 and 10.7)"
            yield Finding("rpl-security-unknown", Severity.WARNING, text)
        if self.key_octets > len(self.secured):
            have = len(self.secured)
            text = f"the key identifier has {quantity(self.key_octets, 'octet')}, {have} are there (RFC 6550, 6.1)"
            yield Finding("rpl-key-identifier-cut", Severity.WARNING, text)


@shape
class ConsistencyCheckBase(Shape):
    """What a consistency check says (RFC 6550, 6.6.1)."""

    rpl_instance_id: int = wire(8, INSTANCE)
    response: bool = wire(1, "It answers a check (R).", as_=bool, default=False)
    flags: int = wire(7, reserved=True, default=0)
    cc_nonce: int = wire(16, "Matches the response to the request.", hexadecimal=True)
    dodagid: IPv6Address = wire(128, DODAGID, as_=IPv6Address)
    destination_counter: int = wire(
        32, "What the sender believes the destination's counter is; zero: not known."
    )
    data: bytes = rest(OCTETS, "Options, then authentication code or signature.", default=b"")


@shape
class ConsistencyCheck(SecureRpl):
    """Consistency Check, CC: compares security counters; always secured (RFC 6550, 6.6)."""

    @property
    def base(self) -> ConsistencyCheckBase | None:
        """What it says; None where that is encrypted or cut."""
        if self.encrypted or len(self.body) < ConsistencyCheckBase.layout.size:
            return None
        return ConsistencyCheckBase.parse(self.body)

    @derived
    def rpl_instance_id(self) -> int | None:
        """Which routing topology it is about, where that can be read."""
        return None if self.base is None else self.base.rpl_instance_id

    @derived
    def response(self) -> bool | None:
        """Whether it answers a check, where that can be read."""
        return None if self.base is None else self.base.response

    @derived
    def cc_nonce(self) -> int | None:
        """What matches the response to the request, where that can be read."""
        return None if self.base is None else self.base.cc_nonce

    @derived
    def dodagid(self) -> IPv6Address | None:
        """The DODAGID, where that can be read."""
        return None if self.base is None else self.base.dodagid

    @derived
    def destination_counter(self) -> int | None:
        """What the sender believes the destination's counter is, where that can be read."""
        return None if self.base is None else self.base.destination_counter

    def body_nodes(self, offset: int) -> Iterator[Node]:
        """Yield the fields of the base; octets where they cannot be read."""
        base = self.base
        yield from super().body_nodes(offset) if base is None else base.nodes(offset)
