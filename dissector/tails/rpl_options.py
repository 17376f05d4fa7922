"""Options of RPL control messages (RFC 6550, 6.7).

Each option is a shape; what is not known, or too short for its type, is kept as :class:`RplOption`.
"""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Any, ClassVar, Self

from dissector.errors import Finding, Severity, quantity
from dissector.layout import OCTETS, Items, Node, Several, Shape, rest, shape, wire
from dissector.tails.kept import PREFIX, Prefix
from dissector.tails.options.base import LIFETIMES, PREFERENCES
from dissector.tails.reserved import reserved_set

if TYPE_CHECKING:
    from collections.abc import Iterator

DODAGID = "Address of the DODAG's root, which names the DODAG."
PAD1 = 0
DODAGID_OCTETS = 16


@shape
class Pad1(Shape):
    """One octet of padding: the only option without a length (RFC 6550, 6.7.2)."""

    title: ClassVar[str] = "Pad1"

    type: int = wire(8, "What kind of option it is.", default=PAD1)


@shape
class RplOption(Shape):
    """One option (RFC 6550, 6.7.1); here one whose type is not known: kept whole."""

    title: ClassVar[str] = "Unknown Option"

    type: int = wire(8, "What kind of option it is.")
    length: int = wire(8, "Length of the option without type and length.", unit="octets")
    data: bytes = rest(OCTETS, "Octets after the option's fields.", default=b"")

    @classmethod
    def of(cls, type: int, **values: Any) -> Self:  # noqa: A002 - the RFC's name
        """Return an option with its length.

        Args:
            type: its type.
            values: its other fields.

        Raises:
            EncodeError: a value does not fit its field, or all of them together an option.
        """
        option = cls(type=type, length=0, **values)
        return option.replace(length=len(option.encode()) - RplOption.layout.size)


@shape
class PadN(RplOption):
    """Two octets of padding or more (RFC 6550, 6.7.3)."""

    title: ClassVar[str] = "PadN"


@shape
class DagMetricContainer(RplOption):
    """Metrics and constraints of the path (RFC 6550, 6.7.4; their octets are those of RFC 6551)."""

    title: ClassVar[str] = "DAG Metric Container"

    metric_data: bytes = rest(OCTETS, "Objects of RFC 6551.", default=b"")


@shape
class RouteInformation(RplOption):
    """A prefix that the DODAG's root reaches (RFC 6550, 6.7.5; RFC 4191, 2.3)."""

    title: ClassVar[str] = "Route Information"

    prefix_length: int = wire(8, "How many leading bits of the prefix are valid.", unit="bits")
    reserved: int = wire(3, reserved=True, default=0)
    preference: int = wire(
        2, "Whether to prefer this route (Prf).", signed=True, names=PREFERENCES, default=0
    )
    reserved_2: int = wire(3, reserved=True, default=0)
    route_lifetime: int = wire(32, "How long the prefix is valid for routes.", unit="s", names=LIFETIMES)
    prefix: Prefix = rest(PREFIX, "The leading octets of the prefix.")

    def findings(self) -> Iterator[Finding]:
        """Yield what makes a node ignore the option (RFC 6550, 6.7.5)."""
        if PREFERENCES[self.preference] == "reserved":
            text = "the route's preference is the reserved one: the option is ignored (RFC 6550, 6.7.5)"
            yield Finding("rpl-route-preference", Severity.WARNING, text)
        if self.prefix_length > len(self.prefix) * 8:
            have = quantity(len(self.prefix), "octet")
            text = f"prefix length is {self.prefix_length} bits, the prefix has {have} (RFC 6550, 6.7.5)"
            yield Finding("rpl-prefix-cut", Severity.WARNING, text)


@shape
class DodagConfiguration(RplOption):
    """How the DODAG is operated (RFC 6550, 6.7.6)."""

    title: ClassVar[str] = "DODAG Configuration"

    flags: int = wire(4, reserved=True, default=0)
    authentication_enabled: bool = wire(
        1, "Routers must authenticate before they join (A).", as_=bool, default=False
    )
    path_control_size: int = wire(3, "Active bits of Path Control, less one (PCS).")
    dio_interval_doublings: int = wire(8, "How often the trickle timer's interval may double (Imax).")
    dio_interval_min: int = wire(8, "Shortest interval of the trickle timer: 2 to this power, in ms (Imin).")
    dio_redundancy_constant: int = wire(8, "Consistent DIOs that silence a node for an interval (k).")
    max_rank_increase: int = wire(16, "Rank a node may gain in a local repair; zero: no local repair.")
    min_hop_rank_increase: int = wire(16, "Least rank gained in one hop.")
    ocp: int = wire(16, "Objective Code Point: which objective function the DODAG has.")
    reserved: int = wire(8, reserved=True, default=0)
    default_lifetime: int = wire(8, "Lifetime of routes.", unit="lifetime units")
    lifetime_unit: int = wire(16, "What lifetimes are counted in.", unit="s")


@shape
class RplTarget(RplOption):
    """An address, prefix or group that can be reached down the DODAG (RFC 6550, 6.7.7)."""

    title: ClassVar[str] = "RPL Target"

    flags: int = wire(8, reserved=True, default=0)
    prefix_length: int = wire(8, "How many leading bits of the prefix are valid.", unit="bits")
    target_prefix: Prefix = rest(PREFIX, "The leading octets of the target.")


@shape
class TransitInformation(RplOption):
    """About the path to the targets before it (RFC 6550, 6.7.8; RFC 9009, 4.2)."""

    title: ClassVar[str] = "Transit Information"

    external: bool = wire(1, "The targets come from another protocol (E).", as_=bool, default=False)
    invalidate: bool = wire(
        1, "Earlier routes to the targets are void (I; RFC 9009, 4.2).", as_=bool, default=False
    )
    flags: int = wire(6, reserved=True, default=0)
    path_control: int = wire(8, "Bits shared out among parents, the preferred first.", hexadecimal=True)
    path_sequence: int = wire(8, "Counts what the targets' owner told of them.")
    path_lifetime: int = wire(
        8,
        "How long the path is valid.",
        unit="lifetime units",
        names={0: "no path any more", 0xFF: "infinity"},
    )


@shape
class TransitInformationWithParent(TransitInformation):
    """The same with the parent through which the targets are reached, in non-storing mode."""

    parent_address: IPv6Address = wire(128, "The parent.", as_=IPv6Address)


@shape
class SolicitedInformation(RplOption):
    """Who is to answer a solicitation (RFC 6550, 6.7.9)."""

    title: ClassVar[str] = "Solicited Information"

    rpl_instance_id: int = wire(8, "RPLInstanceID that is asked for, where the I flag is set.")
    version_predicate: bool = wire(1, "The version must match (V).", as_=bool, default=False)
    instance_id_predicate: bool = wire(1, "The RPLInstanceID must match (I).", as_=bool, default=False)
    dodagid_predicate: bool = wire(1, "The DODAGID must match (D).", as_=bool, default=False)
    flags: int = wire(5, reserved=True, default=0)
    dodagid: IPv6Address = wire(128, "DODAGID that is asked for, where the D flag is set.", as_=IPv6Address)
    version_number: int = wire(8, "DODAGVersionNumber that is asked for, where the V flag is set.")


@shape
class PrefixInformation(RplOption):
    """A prefix for addresses, or the sender's own address (RFC 6550, 6.7.10)."""

    title: ClassVar[str] = "Prefix Information"

    prefix_length: int = wire(8, "How many leading bits of the prefix are valid.", unit="bits")
    on_link: bool = wire(1, "Addresses with this prefix are on the link (L).", as_=bool, default=False)
    autonomous: bool = wire(1, "Hosts may form addresses from it (A).", as_=bool, default=False)
    router_address: bool = wire(
        1, "The prefix field is a whole address, the sender's (R).", as_=bool, default=False
    )
    reserved1: int = wire(5, reserved=True, default=0)
    valid_lifetime: int = wire(32, "How long the prefix is on the link.", unit="s", names=LIFETIMES)
    preferred_lifetime: int = wire(32, "How long its addresses are preferred.", unit="s", names=LIFETIMES)
    reserved2: int = wire(32, reserved=True, default=0)
    prefix: IPv6Address = wire(128, "The prefix, or an address that begins with it.", as_=IPv6Address)


@shape
class TargetDescriptor(RplOption):
    """A tag on the target before it (RFC 6550, 6.7.11)."""

    title: ClassVar[str] = "RPL Target Descriptor"

    descriptor: int = wire(32, "Opaque; set by who put the target into the network.", hexadecimal=True)


KINDS: dict[int, type[RplOption]] = {
    1: PadN,
    2: DagMetricContainer,
    3: RouteInformation,
    4: DodagConfiguration,
    5: RplTarget,
    6: TransitInformation,
    7: SolicitedInformation,
    8: PrefixInformation,
    9: TargetDescriptor,
}
"""The shape of each type but Pad1."""


def take_option(octets: bytes, notes: list[Finding]) -> tuple[Pad1 | RplOption, int] | str:
    """Read the option at the start of some octets; see :class:`~dissector.layout.Items`."""
    if octets[0] == PAD1:
        return Pad1.parse(octets[:1]), 1
    head = RplOption.layout.size
    if len(octets) < head:
        return f"type and length need {head} octets, 1 is left (RFC 6550, 6.7.1)"
    length = head + octets[1]
    if length > len(octets):
        return f"it is {length} octets long, {len(octets)} are left (RFC 6550, 6.7.1)"
    kind = KINDS.get(octets[0], RplOption)
    # Its length alone says whether the parent's address is there (RFC 6550, 6.7.8).
    if kind is TransitInformation and length >= TransitInformationWithParent.layout.size:
        kind = TransitInformationWithParent
    if length < kind.layout.size:
        text = f"{kind.title} needs {kind.layout.size} octets, has {length}: kept whole"
        notes.append(Finding("rpl-option-short", Severity.WARNING, text))
        kind = RplOption
    option = kind.parse(octets[:length], notes)
    notes.extend(reserved_set(option))
    return option, length


RPL_OPTIONS: Items[Pad1 | RplOption] = Items(take_option, "option")


class DodagOptions(Several["Pad1 | RplOption"]):
    """Options, after a DODAGID that is there or is not.

    Attributes:
        dodagid: the DODAGID; None where there is none.
    """

    dodagid: IPv6Address | None = None

    @classmethod
    def of(
        cls,
        items: Iterator[Pad1 | RplOption] | list[Pad1 | RplOption],
        leftover: bytes = b"",
        dodagid: IPv6Address | None = None,
    ) -> Self:
        """Return the options with what was left over and the DODAGID before them."""
        self = super().of(items, leftover)
        self.dodagid = dodagid
        return self

    def __eq__(self, other: object) -> bool:
        """Compare options, leftover octets and DODAGID."""
        return super().__eq__(other) and self.dodagid == getattr(other, "dodagid", None)

    __hash__ = Several.__hash__

    def __repr__(self) -> str:
        """Return the options as a tuple shows them, after the DODAGID."""
        return super().__repr__() if self.dodagid is None else f"{self.dodagid!r} + {super().__repr__()}"


class AfterDodagid(Items[Pad1 | RplOption]):
    """Options after a DODAGID that is there where the owner's D flag, ``dodagid_present``, says so."""

    def __init__(self) -> None:
        super().__init__(take_option, "option")

    def read(self, octets: bytes, owner: Shape, notes: list[Finding]) -> DodagOptions:
        """Return DODAGID and options; where the DODAGID is cut, its octets are left over and noted."""
        dodagid = None
        if getattr(owner, "dodagid_present", False):
            if len(octets) < DODAGID_OCTETS:
                layer = owner.called
                text = f"{layer}: the D flag is set, {quantity(len(octets), 'octet')} of the DODAGID there"
                notes.append(Finding("rpl-dodagid-cut", Severity.WARNING, text))
                return DodagOptions.of([], octets)
            dodagid, octets = IPv6Address(octets[:DODAGID_OCTETS]), octets[DODAGID_OCTETS:]
        options = super().read(octets, owner, notes)
        return DodagOptions.of(list(options), options.leftover, dodagid)

    def write(self, value: Several[Pad1 | RplOption] | tuple[Pad1 | RplOption, ...]) -> bytes:
        """Return the octets of the DODAGID, where there is one, and of the options."""
        dodagid: IPv6Address | None = getattr(value, "dodagid", None)
        return (b"" if dodagid is None else dodagid.packed) + super().write(value)

    def nodes(self, name: str, value: Several[Any], offset: int, doc: str) -> Iterator[Node]:
        """Yield the DODAGID, where there is one, and a node an option."""
        dodagid: IPv6Address | None = getattr(value, "dodagid", None)
        if dodagid is not None:
            yield Node("dodagid", str(dodagid), offset, DODAGID_OCTETS * 8, DODAGID)
            offset += DODAGID_OCTETS * 8
        yield from super().nodes(name, value, offset, doc)


AFTER_DODAGID = AfterDodagid()
