"""Octets → one message, with everything that was noticed on the way."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from dissector.checksum import pseudo_header, verify
from dissector.errors import Finding, Severity
from dissector.layout import partial
from dissector.messages.base import IcmpMessage, Opaque
from dissector.registry.model import Family, Status
from dissector.registry.table import find
from dissector.tails.reserved import reserved_set

if TYPE_CHECKING:
    import builtins
    from ipaddress import IPv4Address, IPv6Address

    from dissector.layout import Layout
    from dissector.registry.model import Entry
    from dissector.tails.extensions import Extensions
    from dissector.tails.quoted import Datagram

WANTING = ("-missing", "-cut", "-short", "-count", "-unreadable")
"""How findings end that octets are wanting; of a message that was captured in part they say nothing."""
HEADER = IcmpMessage.layout.size
UNREAD: Any = object()
"""What stands for a message before it is read; None is one with too few octets."""
NOT_FIELDS = frozenset({"type", "code", "checksum", "data", "quote"})
"""What JSON and trees show beside the fields: the header, the payload and the quoted datagram."""


class ChecksumStatus(StrEnum):
    """The verdict on a checksum; a message that was cut, or is a fragment, has none."""

    GOOD = "good"
    BAD = "bad"
    UNVERIFIED = "unverified"


class Decoded:
    """One ICMP message, read; nothing in it is computed before it is asked for.

    Attributes:
        family: which ICMP.
        octets: the message's octets, from its type on, as many as there are.
        length: octets that the message had on the wire, as its IP header says.
        checksum_status: whether the checksum is right.
        limit: what set the end of the octets, for the sentence about a message that is too short.
    """

    __slots__ = (
        "_message",
        "_notes",
        "_shape",
        "checksum_status",
        "family",
        "length",
        "limit",
        "octets",
    )

    def __init__(
        self,
        family: Family,
        octets: bytes,
        *,
        length: int | None = None,
        checksum_status: ChecksumStatus = ChecksumStatus.UNVERIFIED,
        limit: str = "octets given",
    ) -> None:
        self.family = family
        self.octets = octets
        self.length = len(octets) if length is None else length
        self.checksum_status = checksum_status
        self.limit = limit
        self._shape: builtins.type[IcmpMessage] | None = None
        self._message: IcmpMessage | None = UNREAD
        self._notes: list[Finding]

    @property
    def type(self) -> int | None:
        """The type; None if not even that octet is there."""
        return self.octets[0] if self.octets else None

    @property
    def code(self) -> int | None:
        """The code; None if that octet is not there."""
        return self.octets[1] if len(self.octets) > 1 else None

    @property
    def checksum(self) -> int | None:
        """The checksum as it stands; None if its octets are not there."""
        return int.from_bytes(self.octets[2:HEADER]) if len(self.octets) >= HEADER else None

    @property
    def entry(self) -> Entry:
        """What the registry says about this type and code; the type's row where the code is not in it."""
        octets = self.octets
        return find(self.family, octets[0] if octets else 0, octets[1] if len(octets) > 1 else None)

    @property
    def name(self) -> str:
        """The type's name."""
        return self.entry.type.name.en if self.octets else "no octets"

    @property
    def code_name(self) -> str | None:
        """The code's name; None for a code that is not in the registry."""
        code = self.entry.code
        return None if code is None or not self.octets else code.name.en

    @property
    def shape(self) -> builtins.type[IcmpMessage]:
        """The shape that these octets should have."""
        if self._shape is None:
            entry = self.entry
            longer = entry.type.longer
            self._shape = entry.shape if longer is None or self.length < longer[0] else longer[1]
        return self._shape

    @property
    def message(self) -> IcmpMessage | None:
        """The message as its shape; an :class:`Opaque` where octets are too few for it, None under four octets."""
        message = self._message
        if message is UNREAD:
            octets, layout = self.octets, (self._shape or self.shape).layout
            notes: list[Finding] = []
            if len(octets) >= layout.size:
                message = layout.read(octets, notes)
                if notes:
                    notes = [self._named(note) for note in notes]
            else:
                message = Opaque.parse(octets, notes) if len(octets) >= HEADER else None
            self._message, self._notes = message, notes
        return message

    @property
    def fields(self) -> dict[str, Any]:
        """The message's own fields by JSON key; None for those that are not there."""
        shape, message = self.shape, self.message
        if message is not None and len(self.octets) >= shape.layout.size:
            return {key: getattr(message, name) for key, name in own_fields(shape.layout)}
        there = partial(shape, self.octets)
        return {key: there.get(key) for key, _ in own_fields(shape.layout)}

    @property
    def data(self) -> bytes:
        """The payload, for messages that have one."""
        data: bytes = b"" if self.malformed else getattr(self.message, "data", b"")
        return data

    @property
    def quoted(self) -> Datagram | None:
        """The datagram that the message is about."""
        quote = getattr(self.message, "quote", None)
        datagram: Datagram | None = getattr(quote, "datagram", None)
        return datagram

    @property
    def extensions(self) -> Extensions | None:
        """The extension structure after the quoted datagram, or in an extended echo (RFC 4884, RFC 8335)."""
        message = self.message
        found = getattr(message, "extensions", None) or getattr(
            getattr(message, "quote", None), "extensions", None
        )
        extensions: Extensions | None = found
        return extensions

    @property
    def malformed(self) -> str | None:
        """What is missing, in one sentence; None where everything that its shape needs is there."""
        layout = self.shape.layout
        if len(self.octets) >= layout.size:
            return None
        return f"{self.name} needs {layout.size} octets, has {len(self.octets)} ({self.limit})"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is not as it should be, without looking beyond this message."""
        found = []
        if self.checksum_status is ChecksumStatus.BAD:
            text = f"the checksum 0x{self.checksum or 0:04x} is wrong"
            found.append(Finding("checksum-bad", Severity.WARNING, text))
        if self.octets:
            found += self._unassigned()
        message = self.message
        if message is not None:
            found += reserved_set(message)
        if len(self.octets) < self.length:
            return (*found, *(note for note in self._notes if not note.id.endswith(WANTING)))
        return (*found, *self._notes)

    def _named(self, note: Finding) -> Finding:
        """Return a note that calls the message as the registry does: a tail knows its owner's class alone."""
        before, colon, sentence = note.text.partition(": ")
        return note._replace(text=self.name + colon + sentence) if before == self.shape.__name__ else note

    def _unassigned(self) -> list[Finding]:
        """Return a finding for a type or a code that nobody assigned."""
        entry = self.entry
        if entry.status is Status.UNASSIGNED and entry.code is None:
            text = f"{self.family.label} type {self.type} is not assigned"
            return [Finding("type-unassigned", Severity.NOTE, text)]
        known = entry.type.codes and (entry.code is None or entry.status is Status.UNASSIGNED)
        if known and self.code is not None:
            text = f"{entry.type.name.en} has no code {self.code}"
            return [Finding("code-unassigned", Severity.NOTE, text)]
        return []


@cache
def own_fields(layout: Layout) -> tuple[tuple[str, str], ...]:
    """Return key and attribute of what is particular to messages of a layout."""
    return tuple((key, name) for key, name in layout.shown if key not in NOT_FIELDS)


def guess_family(octets: bytes) -> Family:
    """Return which ICMP some octets most likely are.

    Strategy: a message whose checksum is right without a pseudo header is ICMPv4; else the type decides, where only
    one family has it; what is left (1 to 4, mostly) is taken for ICMPv4, the more common one in hex that people paste.
    """
    if not octets or verify(octets):
        return Family.ICMPV4
    statuses = {family: find(family, octets[0]).status for family in Family}
    only_v6 = (
        statuses[Family.ICMPV4] is Status.UNASSIGNED and statuses[Family.ICMPV6] is not Status.UNASSIGNED
    )
    return Family.ICMPV6 if only_v6 else Family.ICMPV4


def decode_message(
    octets: bytes,
    family: Family,
    *,
    src: IPv4Address | IPv6Address | None = None,
    dst: IPv4Address | IPv6Address | None = None,
) -> Decoded:
    """Read one ICMP message.

    Args:
        octets: the message, from its type on.
        family: which ICMP.
        src: source address of its packet; without both addresses an ICMPv6 checksum stays unverified.
        dst: destination address of its packet.

    Returns:
        The message; octets too few for it are told by :attr:`Decoded.malformed`, not raised.
    """
    summed: bytes | None = octets
    if family is Family.ICMPV6:
        summed = None if src is None or dst is None else pseudo_header(src, dst, len(octets)) + octets
    status = ChecksumStatus.UNVERIFIED
    if summed is not None and len(octets) >= HEADER:
        status = ChecksumStatus.GOOD if verify(summed) else ChecksumStatus.BAD
    return Decoded(family, octets, checksum_status=status)
