"""Domain names in DNS wire format (RFC 1035, 3.1), with compression where it is allowed (4.1.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dissector.errors import quantity
from dissector.layout import Items, Several, Shape
from dissector.tails.kept import PRINTABLE, Kept, KeptItems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dissector.errors import Finding

POINTER = 0xC0
LONGEST_LABEL = 63
LONGEST_NAME = 255
MOST_POINTERS = 127
"""Pointers that a name has at most: one behind each of the labels for which it has room."""
MOST_OCTETS = 65535
"""Octets that the names of a message have at most when they are written out: those of a datagram."""


class DnsName(Kept):
    """A domain name; its octets end with the zero octet, or with a pointer.

    Attributes:
        labels: its labels, those behind a pointer too.
    """

    __slots__ = ("labels",)

    def __init__(self, octets: bytes, labels: tuple[bytes, ...] | None = None) -> None:
        super().__init__(octets)
        self.labels = tuple(_plain_labels(octets)) if labels is None else labels

    @classmethod
    def of(cls, text: str) -> DnsName:
        """Return the fully qualified name of some text such as ``"example.com"``.

        Raises:
            ValueError: a label is empty or longer than 63 octets, or the name is longer than 255 octets.
        """
        labels = tuple(label.encode() for label in text.rstrip(".").split(".")) if text.rstrip(".") else ()
        octets = b"".join(bytes([len(label) & 0xFF]) + label for label in labels) + b"\0"
        if not all(0 < len(label) <= LONGEST_LABEL for label in labels) or len(octets) > LONGEST_NAME:
            why = "labels have 1 to 63 octets, a name at most 255 (RFC 1035, 2.3.4)"
            message = f"{text!r} is no domain name: {why}"
            raise ValueError(message)
        return cls(octets, labels)

    def __str__(self) -> str:
        r"""Return it with dots, without the last one; what could be misread is ``\DDD`` (RFC 1035, 5.1)."""
        return ".".join("".join(_escaped(label)) for label in self.labels) or "."


def _plain_labels(octets: bytes) -> Iterator[bytes]:
    """Yield the labels of a name without pointers."""
    at = 0
    while at < len(octets) and 0 < octets[at] <= LONGEST_LABEL:
        yield octets[at + 1 : at + 1 + octets[at]]
        at += 1 + octets[at]


def _escaped(label: bytes) -> Iterator[str]:
    """Yield the characters of a label."""
    for octet in label:
        if octet in b".\\":
            yield "\\" + chr(octet)
        else:
            yield chr(octet) if octet in PRINTABLE else f"\\{octet:03d}"


def take_name(octets: bytes, at: int = 0, *, compressed: bool = False) -> DnsName | str:
    """Return the name that starts somewhere in some octets, or a sentence that says why there is none.

    Args:
        octets: what offsets of pointers are counted in.
        at: where the name starts.
        compressed: whether pointers are allowed.
    """
    labels: list[bytes] = []
    start, end, lowest, length, pointers = at, 0, at, 1, 0
    while True:
        found = _label(octets, at, compressed=compressed)
        if isinstance(found, str):
            return found
        label, after = found
        if label is None:
            end = end or at + 2
            # Only ever backwards, before everything read so far: such a chain has an end.
            if after >= lowest:
                return "a pointer in the name does not point backwards"
            lowest = after
            pointers += 1
            if pointers > MOST_POINTERS:
                return f"the name has more than {MOST_POINTERS} pointers"
        elif not label:
            return DnsName(octets[start : end or after], tuple(labels))
        else:
            labels.append(label)
            length += 1 + len(label)
        if length > LONGEST_NAME:
            return f"the name is longer than {LONGEST_NAME} octets"
        at = after


def _label(octets: bytes, at: int, *, compressed: bool) -> tuple[bytes | None, int] | str:
    """Return the label at an offset and the next offset; None and the target for a pointer; or why none."""
    left = octets[at : at + 1 + LONGEST_LABEL]
    if not left:
        return "the name is cut"
    length = left[0]
    if length & POINTER == POINTER and not compressed:
        return "the name is compressed, which is not allowed here"
    if length & POINTER == POINTER:
        target = int.from_bytes(left[:2]) & ~(POINTER << 8)
        return (None, target) if len(left) > 1 else "the name is cut in a pointer"
    if length > LONGEST_LABEL:
        return f"a label of the name has the unknown kind 0x{length:02x}"
    if len(left) <= length:
        return f"a label of the name has {quantity(length, 'octet')}, {len(left) - 1} are left"
    return left[1 : 1 + length], at + 1 + length


def _take(octets: bytes, notes: list[Finding]) -> tuple[DnsName, int] | str:  # noqa: ARG001 - see Items
    name = take_name(octets)
    return name if isinstance(name, str) else (name, len(name))


class Names(KeptItems[DnsName]):
    """Uncompressed names one after another; zero octets after the last are padding (RFC 8106, 5.2)."""

    def __init__(self) -> None:
        super().__init__(_take, "domain name")

    def read(self, octets: bytes, owner: Shape, notes: list[Finding]) -> Several[DnsName]:
        """Return the names; the padding is left over."""
        padding = octets[len(octets.rstrip(b"\0")) + 1 :] if octets.rstrip(b"\0") else octets
        names = super().read(octets[: len(octets) - len(padding)], owner, notes)
        return Several.of(list(names), names.leftover + padding)


NAMES = Names()


class CompressedNames(KeptItems[DnsName]):
    """Names one after another, their pointers counted from the start of the message (RFC 1788, 1.3)."""

    def __init__(self) -> None:
        super().__init__(_take, "domain name")

    def read(self, octets: bytes, owner: Shape, notes: list[Finding]) -> Several[DnsName]:
        """Return the names; octets from the first unreadable one on are left over and noted."""
        return NamesOf(owner.layout.write(owner) + octets, self.what).read(octets, owner, notes)


class NamesOf(Items[DnsName]):
    """The names at the end of one message, whose pointers lead anywhere before.

    Args:
        message: its octets.
        what: see :class:`Items`.
        read: reads the name at a place in it.
    """

    def __init__(self, message: bytes, what: str, read: Callable[..., DnsName | str] = take_name) -> None:
        super().__init__(_take, what)
        self._message = message
        self._read = read
        self._octets = 0

    def take_at(self, octets: bytes, at: int, notes: list[Finding]) -> tuple[DnsName, int] | str:  # noqa: ARG002 - see Items
        """Read the name at a place; none where there would be too much of them."""
        name = self._read(self._message, len(self._message) - len(octets) + at, compressed=True)
        if isinstance(name, str):
            return name
        self._octets += sum(map(len, name.labels), len(name.labels) + 1)
        if self._octets > MOST_OCTETS:
            return f"written out, the names have more than {MOST_OCTETS} octets"
        return name, len(name)


COMPRESSED_NAMES = CompressedNames()
