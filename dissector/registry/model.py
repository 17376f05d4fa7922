"""What a row of the decoder table is.

A :class:`MessageType` ties a type number to its shape, its codes, their kind, names, status and meaning; a
:class:`Code` is one of its codes. A code says only what differs from its type: :class:`Entry` is the view of
both together, and what `lookup` and the decoder read.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterator

    from dissector.messages.base import IcmpMessage


class Family(StrEnum):
    """Which ICMP: the values are the JSON ones."""

    ICMPV4 = "icmpv4"
    ICMPV6 = "icmpv6"

    __hash__ = str.__hash__  # Enum's own is Python, and every message is looked up by its family

    @property
    def label(self) -> str:
        """The name people read: ``ICMP`` or ``ICMPv6``."""
        return "ICMP" if self is Family.ICMPV4 else "ICMPv6"


class Kind(StrEnum):
    """What a message is for (RFC 1122, 3.2.2; RFC 4443, 2.1)."""

    ERROR = "error"
    QUERY = "query"
    INFORMATIONAL = "informational"
    UNKNOWN = "unknown"


class Status(StrEnum):
    """Where a type or code stands today."""

    CURRENT = "current"
    DEPRECATED = "deprecated"
    OBSOLETE = "obsolete"
    EXPERIMENTAL = "experimental"
    UNASSIGNED = "unassigned"


class Effect(StrEnum):
    """What an error does to an established TCP connection (RFC 9293, 3.9.2.2)."""

    SOFT = "soft"
    HARD = "hard"


class Text(NamedTuple):
    """One text in the two languages."""

    en: str
    zh: str


class About(NamedTuple):
    """What a row says beyond its name; what is None here is said by the type's row.

    Attributes:
        sender: who sends it.
        meaning: what happened, or what is asked.
        receiver: what the receiver's stack does with it.
        action: what an operator does about it.
        filtering: whether a firewall should let it pass, and who says so.
        note: where other documents differ from the RFC, and that the RFC stands.
    """

    sender: Text | None = None
    meaning: Text | None = None
    receiver: Text | None = None
    action: Text | None = None
    filtering: Text | None = None
    note: Text | None = None


class Code(NamedTuple):
    """One code of a type.

    Attributes:
        number: the code, or the first of a range.
        name: its name, English as IANA writes it.
        about: what it means, where that differs from its type.
        rfc: its documents, ``("RFC 792",)``; empty means the type's.
        status: its status; None means the type's.
        errno: what Linux reports to the socket, ``"ECONNREFUSED"``.
        fatal: whether Linux holds that for a hard error, which connected UDP sockets are told; None without errno.
        effect: whether it ends a TCP connection.
        shape: the shape of its octets; None means the type's.
        last: the last code of a range that this row stands for.
    """

    number: int
    name: Text
    about: About = About()
    rfc: tuple[str, ...] = ()
    status: Status | None = None
    errno: str | None = None
    fatal: bool | None = None
    effect: Effect | None = None
    shape: type[IcmpMessage] | None = None
    last: int | None = None


class MessageType(NamedTuple):
    """One type, or a range of types, of one family.

    Attributes:
        number: the type, or the first of a range.
        name: its name, English as IANA writes it.
        kind: error, query, informational or unknown.
        shape: the shape of its octets.
        about: what it means; complete on every type, its codes refer to it.
        codes: its codes, ascending.
        rfc: its documents, the defining one first.
        status: its status.
        answered_by: the type that answers it, or that it answers.
        longer: another shape from so many octets on: ``(28, MulticastListenerQuery2)``.
        errno: as in :class:`Code`, for codes that do not say.
        fatal: as in :class:`Code`, for codes that have no errno of their own.
        effect: as in :class:`Code`, for codes that do not say.
        last: the last type of a range that this row stands for.
        code_bits: how many low bits of the code tell the codes; the receiver ignores the others (RFC 8505, 4.2).
        code_holds: the value of the shape that the code octet holds, where it tells no codes (RFC 4286, 3.2.2).
    """

    number: int
    name: Text
    kind: Kind
    shape: type[IcmpMessage]
    about: About
    codes: tuple[Code, ...] = ()
    rfc: tuple[str, ...] = ()
    status: Status = Status.CURRENT
    answered_by: int | None = None
    longer: tuple[int, type[IcmpMessage]] | None = None
    errno: str | None = None
    fatal: bool | None = None
    effect: Effect | None = None
    last: int | None = None
    code_bits: int = 8
    code_holds: str | None = None


class Entry(NamedTuple):
    """A type, or a type with one of its codes, with everything the table says about it.

    Attributes:
        family: the family it belongs to.
        type: the type's row.
        code: the code's row; None for the type itself.
    """

    family: Family
    type: MessageType
    code: Code | None = None

    @property
    def name(self) -> Text:
        """The code's name, or the type's where this is the type itself."""
        return self.type.name if self.code is None else self.code.name

    @property
    def status(self) -> Status:
        """The code's status, else the type's."""
        return self.type.status if self.code is None or self.code.status is None else self.code.status

    @property
    def rfc(self) -> tuple[str, ...]:
        """The code's documents, else the type's."""
        return self.type.rfc if self.code is None or not self.code.rfc else self.code.rfc

    @property
    def errno(self) -> str | None:
        """What Linux reports to the socket; None where it reports nothing."""
        return self.type.errno if self.code is None or self.code.errno is None else self.code.errno

    @property
    def fatal(self) -> bool | None:
        """Whether Linux holds that for a hard error (icmp_err_convert); None where it reports nothing."""
        return self.type.fatal if self.code is None or self.code.errno is None else self.code.fatal

    @property
    def effect(self) -> Effect | None:
        """Soft or hard for TCP; None where it is neither."""
        return self.type.effect if self.code is None or self.code.effect is None else self.code.effect

    @property
    def about(self) -> About:
        """The code's texts, each replaced by the type's where it has none (notes are each row's own)."""
        if self.code is None:
            return self.type.about
        merged = About(
            *(own or general for own, general in zip(self.code.about, self.type.about, strict=True))
        )
        return merged._replace(note=self.code.about.note)

    @property
    def shape(self) -> builtins.type[IcmpMessage]:
        """The shape of its octets."""
        return self.type.shape if self.code is None or self.code.shape is None else self.code.shape

    @property
    def reference(self) -> str:
        """How `lookup` takes it: ``3/4``, ``v6:1/4``, ``44-252``."""
        text = span(self.type.number, self.type.last)
        if self.code is not None:
            text += "/" + span(self.code.number, self.code.last)
        return text if self.family is Family.ICMPV4 else f"v6:{text}"


def span(first: int, last: int | None) -> str:
    """Return ``"5"`` or ``"5-99"``."""
    return str(first) if last is None else f"{first}-{last}"


def entries(family: Family, types: tuple[MessageType, ...]) -> Iterator[Entry]:
    """Yield each type of a family and, after it, each of its codes."""
    for row in types:
        yield Entry(family, row)
        for code in row.codes:
            yield Entry(family, row, code)
