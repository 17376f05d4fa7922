"""What agents of Mobile IP add to a Router Advertisement (RFC 5944, 2.1)."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING, ClassVar

from dissector.errors import Finding, Severity, quantity
from dissector.layout import OCTETS, Items, Node, Several, Shape, Tail, each, rest, shape, wire

if TYPE_CHECKING:
    from collections.abc import Iterator

PADDING = 0
SKIPPABLE = 128
"""Types from here on are ignored where they are not known; below, they spoil the message (RFC 5944, 1.8)."""


@shape
class AgentExtension(Shape):
    """An extension as Type-Length-Value (RFC 5944, 1.9); here one that is not known: kept whole."""

    title: ClassVar[str] = "Unknown Extension"

    type: int = wire(8, "What kind of extension it is.")
    length: int = wire(8, "Length of what follows this octet.", unit="octets")
    data: bytes = rest(OCTETS, "The extension's data.", default=b"")


@shape
class OneBytePadding(Shape):
    """One octet that makes the length of the message even; it has no length of its own (RFC 5944, 2.1.3)."""

    title: ClassVar[str] = "One-byte Padding"

    type: int = wire(8, "Zero.", default=PADDING)


@shape
class MobilityAgentAdvertisement(AgentExtension):
    """The advertisement is an agent's, and this is what the agent does (RFC 5944, 2.1.1)."""

    title: ClassVar[str] = "Mobility Agent Advertisement"

    sequence: int = wire(16, "Counts the advertisements since the agent was started.", default=0)
    registration_lifetime: int = wire(
        16, "Longest lifetime of a registration that it accepts; 65535 is for ever.", unit="s"
    )
    registration_required: bool = wire(
        1, "Registration with a foreign agent is required (R).", as_=bool, default=False
    )
    busy: bool = wire(1, "It accepts no more registrations (B).", as_=bool, default=False)
    home_agent: bool = wire(1, "It is a home agent (H).", as_=bool, default=False)
    foreign_agent: bool = wire(1, "It is a foreign agent (F).", as_=bool, default=False)
    minimal_encapsulation: bool = wire(
        1, "It takes tunnelled datagrams in minimal encapsulation (M).", as_=bool, default=False
    )
    gre: bool = wire(1, "It takes tunnelled datagrams in GRE (G).", as_=bool, default=False)
    reserved: int = wire(
        1, "Sent as zero, and not to be used for anything else (r).", reserved=True, default=0
    )
    reverse_tunneling: bool = wire(
        1, "It supports reverse tunnelling (T, RFC 3024).", as_=bool, default=False
    )
    udp_tunneling: bool = wire(1, "It supports tunnels in UDP (U, RFC 3519).", as_=bool, default=False)
    revocation: bool = wire(1, "It supports registration revocation (X, RFC 3543).", as_=bool, default=False)
    regional_registration: bool = wire(
        1, "It supports regional registration (I, RFC 4857).", as_=bool, default=False
    )
    reserved_2: int = wire(5, reserved=True, default=0)
    care_of_addresses: Several[IPv4Address] = rest(
        each(IPv4Address, "care-of address"), "Care-of addresses that the foreign agent offers.", default=()
    )

    def findings(self) -> Iterator[Finding]:
        """Yield the rules about flags that it breaks (RFC 5944, 2.1.1)."""
        rules = (
            (self.busy and not self.foreign_agent, "it is busy (B) but no foreign agent (F)"),
            (self.registration_required and not self.foreign_agent, "it asks for registration (R) without F"),
            (
                not (self.home_agent or self.foreign_agent),
                "it is neither home agent (H) nor foreign agent (F)",
            ),
            (
                self.foreign_agent and not self.care_of_addresses,
                "a foreign agent (F) without a care-of address",
            ),
        )
        for broken, text in rules:
            if broken:
                yield Finding("agent-flags", Severity.WARNING, f"{self.title}: {text} (RFC 5944, 2.1.1)")


class Numbers(Tail[tuple[int, ...]]):
    """Numbers of one octet each."""

    def read(self, octets: bytes, owner: Shape, notes: list[Finding]) -> tuple[int, ...]:  # noqa: ARG002 - see Tail
        """Return the numbers."""
        return tuple(octets)

    def write(self, value: tuple[int, ...]) -> bytes:
        """Return their octets."""
        return bytes(value)

    def nodes(self, name: str, value: tuple[int, ...], offset: int, doc: str) -> Iterator[Node]:
        """Yield a node a number."""
        for index, number in enumerate(value):
            yield Node(name, str(number), offset + index * 8, 8, doc)


@shape
class PrefixLengths(AgentExtension):
    """How many bits of each router address are the network's prefix (RFC 5944, 2.1.2)."""

    title: ClassVar[str] = "Prefix-Lengths"

    prefix_lengths: tuple[int, ...] = rest(
        Numbers(), "One for each router address, in their order.", default=()
    )


@shape
class Challenge(AgentExtension):
    """Random octets that a registration must return (RFC 4721, 2)."""

    title: ClassVar[str] = "Mobile-Agent Challenge"

    challenge: bytes = rest(OCTETS, "The challenge, at least 32 bits of it.", default=b"")


EXTENSIONS: dict[int, type[AgentExtension]] = {
    16: MobilityAgentAdvertisement,
    19: PrefixLengths,
    24: Challenge,
}
"""The shape of each type."""


def take_extension(octets: bytes, notes: list[Finding]) -> tuple[AgentExtension | OneBytePadding, int] | str:
    """Read the extension at the start of some octets; see :class:`~dissector.layout.Items`."""
    if octets[0] == PADDING:
        return OneBytePadding(), 1
    head = AgentExtension.layout.size
    if len(octets) < head:
        return "its length is not there (RFC 5944, 1.9)"
    length = head + octets[1]
    if length > len(octets):
        return f"it needs {quantity(length, 'octet')}, {len(octets)} are left (RFC 5944, 1.9)"
    kind = EXTENSIONS.get(octets[0], AgentExtension)
    if length < kind.layout.size:
        text = f"{kind.title} needs {kind.layout.size} octets, has {length}: kept whole"
        notes.append(Finding("agent-extension-short", Severity.WARNING, text))
        kind = AgentExtension
    if octets[0] not in EXTENSIONS and octets[0] < SKIPPABLE:
        text = f"agent extension {octets[0]} is not known, and not one to be skipped (RFC 5944, 1.8)"
        notes.append(Finding("agent-extension-unknown", Severity.NOTE, text))
    return kind.parse(octets[:length], notes), length


if TYPE_CHECKING:
    AgentExtensions = Several[AgentExtension | OneBytePadding]

AGENT_EXTENSIONS: Items[AgentExtension | OneBytePadding] = Items(take_extension, "agent extension")
