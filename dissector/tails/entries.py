"""The addresses of a Router Advertisement (RFC 1256, 3), and the extensions of Mobile IP after them."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any, Self

from dissector.errors import Finding, Severity
from dissector.layout import OCTETS, Node, Several, Shape, Tail, rest, shape, wire
from dissector.tails.mobile_ip import AGENT_EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dissector.tails.mobile_ip import AgentExtensions

WORD = 4
MINIMUM_ENTRY = 2
"""Words of 32 bits that an entry has at least (RFC 1256, 5.2)."""

NOT_DEFAULT = -(1 << 31)
"""The least preference: never to be used as a default router (RFC 1256, 2.1)."""


@shape
class RouterAddress(Shape):
    """One address of a router (RFC 1256, 3)."""

    address: IPv4Address = wire(32, "An address of the router on this link.", as_=IPv4Address)
    preference: int = wire(
        32,
        "How much it is preferred as a default router; the higher the more.",
        signed=True,
        names={NOT_DEFAULT: "not a default router"},
        default=0,
    )


@shape
class WideRouterAddress(RouterAddress):
    """An address with more than two words; a host uses the first two (RFC 1256, 5.2)."""

    extra: bytes = rest(OCTETS, "Words for which the RFC has no use.", default=b"")


class RouterAddresses(Several[RouterAddress]):
    """The addresses, and what follows them.

    Attributes:
        extensions: the extensions of Mobile IP; none in a plain advertisement.
    """

    extensions: AgentExtensions = Several()

    @classmethod
    def made(
        cls, addresses: Iterable[RouterAddress], extensions: AgentExtensions, leftover: bytes = b""
    ) -> Self:
        """Return the addresses with what follows them."""
        self = cls.of(list(addresses), leftover)
        self.extensions = extensions
        return self

    def __eq__(self, other: object) -> bool:
        """Compare addresses, extensions and leftover octets."""
        return super().__eq__(other) and self.extensions == getattr(other, "extensions", ())

    __hash__ = Several.__hash__

    def __repr__(self) -> str:
        """Return the addresses as a tuple shows them, then the extensions."""
        return super().__repr__() + (f" + {self.extensions!r}" if self.extensions else "")


class Entries(Tail[RouterAddresses]):
    """As many entries of such a size as the message says, then extensions of Mobile IP up to the end."""

    def read(self, octets: bytes, owner: Shape, notes: list[Finding]) -> RouterAddresses:
        """Return the addresses; where their size is too small or they are cut, the octets are left over."""
        count, size = (int(getattr(owner, name)) for name in ("num_addrs", "entry_size"))
        if size < MINIMUM_ENTRY and count:
            return RouterAddresses.of([], octets)
        size *= WORD
        kind = WideRouterAddress if size > RouterAddress.layout.size else RouterAddress
        whole = min(count, len(octets) // size) if count else 0
        addresses = [kind.parse(octets[index * size : (index + 1) * size]) for index in range(whole)]
        left = octets[whole * size :]
        if whole == count:
            return RouterAddresses.made(addresses, AGENT_EXTENSIONS.read(left, owner, notes))
        text = f"{count} router addresses of {size} octets are announced, {whole} are there (RFC 1256, 5.2)"
        notes.append(Finding("router-address-missing", Severity.WARNING, text))
        return RouterAddresses.of(addresses, left)

    def write(self, value: Iterable[RouterAddress]) -> bytes:
        """Return the octets of the addresses and of what follows them."""
        entries = b"".join(address.encode() for address in value)
        extensions: AgentExtensions = getattr(value, "extensions", Several())
        leftover: bytes = getattr(value, "leftover", b"")
        return entries + AGENT_EXTENSIONS.write(extensions) + leftover

    def nodes(self, name: str, value: Iterable[RouterAddress], offset: int, doc: str) -> Iterator[Node]:
        """Yield a node an address, a node an extension."""
        for address in value:
            bits = len(address.encode()) * 8
            text = f"{address.address} preference {address.preference}"
            yield Node(name, text, offset, bits, doc, tuple(address.nodes(offset)))
            offset += bits
        extensions: Any = getattr(value, "extensions", Several())
        yield from AGENT_EXTENSIONS.nodes("extensions", extensions, offset, "An extension of Mobile IP.")
        leftover: bytes = getattr(value, "leftover", b"")
        yield from OCTETS.nodes("leftover", leftover, offset, "Octets that are no whole router address.")


ENTRIES = Entries()
