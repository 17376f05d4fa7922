"""Whom to probe: names, addresses, ranges and networks, expanded one address at a time."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, NamedTuple

from dissector.errors import DissectError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Address = IPv4Address | IPv6Address
FAMILIES = {None: socket.AF_UNSPEC, 4: socket.AF_INET, 6: socket.AF_INET6}
"""By the version of IP that was asked for."""
RESOLVERS = 16
"""Names that are resolved at a time."""


class TargetError(DissectError):
    """What was given as a target is none."""


class Span(NamedTuple):
    """One target as it was given, or all addresses from one to another.

    Attributes:
        name: as it was given.
        first, last: the addresses, both included.
    """

    name: str
    first: Address
    last: Address

    @property
    def size(self) -> int:
        """How many addresses it has."""
        return int(self.last) - int(self.first) + 1

    def addresses(self) -> Iterator[tuple[str, Address]]:
        """Yield each address with the name that people know it by."""
        if self.first == self.last:
            yield self.name, self.first
            return
        kind, low = type(self.first), int(self.first)
        for offset in range(self.size):
            address = kind(low + offset)
            yield str(address), address


def addresses(spans: Iterable[Span]) -> Iterator[tuple[str, Address]]:
    """Yield name and address of every target, in the order given."""
    for span in spans:
        yield from span.addresses()


def words(lines: Iterable[str]) -> Iterator[str]:
    """Yield the targets of a file: words on lines, up to a ``#``."""
    for line in lines:
        yield from line.partition("#")[0].split()


def spans(given: Iterable[str], version: int | None = None) -> tuple[list[Span], list[str]]:
    """Return the targets of some words, and a sentence for each name that did not resolve.

    Args:
        given: addresses, names, networks (``10.0.0.0/24``), ranges (``10.0.0.1-20``, ``10.0.0.1-10.0.1.20``).
        version: 4 or 6 where names are to resolve to one version of IP only.

    Raises:
        TargetError: a word is no target, or of the other version.
    """
    found: list[Span | None] = []
    names: list[str] = []
    for word in given:
        span = numeric(word)
        if span is None:
            names.append(word)
        elif version is not None and span.first.version != version:
            text = f"{word} is no IPv{version} address"
            raise TargetError(text)
        found.append(span)
    resolved = iter(resolve(names, version))
    failed, there = [], []
    for span in found:
        result = next(resolved) if span is None else span
        if isinstance(result, str):
            failed.append(result)
        else:
            there.append(result)
    return there, failed


def numeric(word: str) -> Span | None:
    """Return the span of an address, a network or a range; None for what must be a name.

    Raises:
        TargetError: it begins as a range or a network, and is none.
    """
    try:
        if "/" in word:
            return network(word)
        low, dash, high = word.partition("-")
        first = address_of(low)
    except ValueError as error:
        if "/" in word:
            text = f"{word} is no network: {error}"
            raise TargetError(text) from None
        return None
    last = last_of(first, high) if dash else first
    if last is None or int(last) < int(first):
        text = f"{word} is no range; one looks like 10.0.0.1-20 or 10.0.0.1-10.0.1.20"
        raise TargetError(text)
    return Span(word, first, last)


def address_of(text: str) -> Address:
    """Return an address, its scope by the interface's name.

    Raises:
        ValueError: it is none.
    """
    found = ip_address(text)
    scope = getattr(found, "scope_id", None)
    if scope is not None and scope.isdigit():
        try:
            return IPv6Address(f"{text.partition('%')[0]}%{socket.if_indextoname(int(scope))}")
        except OSError:
            return found
    return found


def last_of(first: Address, text: str) -> Address | None:
    """Return the end of a range: a whole address, or what stands in the place of the last part of the first."""
    try:
        last = ip_address(text)
    except ValueError:
        head, separator, _ = str(first).rpartition("." if isinstance(first, IPv4Address) else ":")
        try:
            last = ip_address(f"{head}{separator}{text}")
        except ValueError:
            return None
    return last if last.version == first.version else None


def network(word: str) -> Span:
    """Return the hosts of a network: all but those addresses that stand for the network and for all in it."""
    found = ip_network(word, strict=False)
    first, last = int(found[0]), int(found[-1])
    if found.num_addresses > 2:  # noqa: PLR2004 - point-to-point links have no others (RFC 3021; RFC 6164)
        first += 1
        last -= found.version == 4  # noqa: PLR2004 - IPv6 has no broadcast
    kind: type[Address] = IPv4Address if isinstance(found[0], IPv4Address) else IPv6Address
    return Span(word, kind(first), kind(last))


def resolve(names: list[str], version: int | None) -> list[Span | str]:
    """Return for each name its first address, or a sentence where there is none."""

    def one(name: str) -> Span | str:
        try:
            found = socket.getaddrinfo(name, None, FAMILIES[version], socket.SOCK_DGRAM)
        except (OSError, UnicodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a name"
            return f"{name} did not resolve: {reason}"
        address = str(found[0][4][0])
        scope = found[0][4][3] if len(found[0][4]) > 3 else 0  # noqa: PLR2004 - IPv6 has four parts
        resolved = address_of(f"{address}%{scope}" if scope and "%" not in address else address)
        return Span(name, resolved, resolved)

    if len(names) <= 1:
        return [one(name) for name in names]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(RESOLVERS) as pool:
        return list(pool.map(one, names))
