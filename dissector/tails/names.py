"""Domain names in DNS wire format (RFC 1035, 3.1), with compression where it is allowed (4.1.4)."""

from __future__ import annotations

from collections.abc import Iterator

from dissector.errors import Finding
from dissector.layout import Items, Several, Shape
from dissector.tails.kept import Kept

POINTER = 0xC0
LONGEST_LABEL = 63
LONGEST_NAME = 255


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
            message = f"{text!r} is no domain name: labels have 1 to 63 octets, a name at most 255 (RFC 1035, 2.3.4)"
            raise ValueError(message)
        return cls(octets, labels)

    def __str__(self) -> str:
        r"""Return it with dots, without the last one; what could be misread is escaped as ``\DDD`` (RFC 1035, 5.1)."""
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
            yield chr(octet) if 0x20 < octet < 0x7F else f"\\{octet:03d}"


def take_name(octets: bytes, at: int = 0, *, compressed: bool = False) -> DnsName | str:
    """Return the name that starts somewhere in some octets, or a sentence that says why there is none.

    Args:
        octets: what offsets of pointers are counted in.
        at: where the name starts.
        compressed: whether pointers are allowed.
    """
    labels: list[bytes] = []
    start, end, lowest = at, None, at
    while True:
        if at >= len(octets):
            return "the name is cut"
        length = octets[at]
        if not length:
            break
        if length & POINTER == POINTER:
            if not compressed:
                return "the name is compressed, which is not allowed here"
            if at + 1 >= len(octets):
                return "the name is cut in a pointer"
            end = at + 2 if end is None else end
            at = (length & ~POINTER) << 8 | octets[at + 1]
            # Only ever backwards, before everything read so far: such a chain has an end.
            if at >= lowest:
                return "a pointer in the name does not point backwards"
            lowest = at
            continue
        if length > LONGEST_LABEL:
            return f"a label of the name has the unknown kind 0x{length:02x}"
        if at + 1 + length > len(octets):
            return f"a label of the name has {length} octets, {len(octets) - at - 1} are left"
        labels.append(octets[at + 1 : at + 1 + length])
        at += 1 + length
    return DnsName(octets[start : at + 1 if end is None else end], tuple(labels))


def _take(octets: bytes, notes: list[Finding]) -> tuple[DnsName, int] | str:  # noqa: ARG001 - see Items
    name = take_name(octets)
    return name if isinstance(name, str) else (name, len(name))


class Names(Items[DnsName]):
    """Uncompressed names one after another; zero octets after the last are padding (RFC 8106, 5.2)."""

    def __init__(self) -> None:
        super().__init__(_take, "domain name")

    def read(self, octets: bytes, owner: Shape, notes: list[Finding]) -> Several[DnsName]:
        """Return the names; the padding is left over."""
        padding = octets[len(octets.rstrip(b"\0")) + 1 :] if octets.rstrip(b"\0") else octets
        names = super().read(octets[: len(octets) - len(padding)], owner, notes)
        return Several.of(list(names), names.leftover + padding)


NAMES = Names()
