"""Whom to probe: names, addresses, ranges and networks, expanded one address at a time."""

from __future__ import annotations

import errno
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, NamedTuple

from dissector.errors import DissectError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TextIO

Address = IPv4Address | IPv6Address
FAMILIES = {None: socket.AF_UNSPEC, 4: socket.AF_INET, 6: socket.AF_INET6}
"""By the version of IP that was asked for."""
RESOLVERS = 16
"""Names that are resolved at a time."""
LIMITED = IPv4Address("255.255.255.255")
LONGEST_LINE = 1 << 20
"""Characters of a line in a file of targets; what has more is no such file."""
DISCARD = 9
"""Any port would do: nothing is sent there."""


class TargetError(DissectError):
    """What was given as a target is none."""


class Word(NamedTuple):
    """What was given as a target.

    Attributes:
        text: as it stands there.
        place: where it stands, ``"hosts.txt, line 3"``; empty on the command line.
    """

    text: str
    place: str = ""

    def about(self, sentence: object) -> str:
        """Return a sentence about it that says where it stands."""
        return f"{self.place}: {sentence}" if self.place else str(sentence)


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
        zone = zone_of(self.first)
        for number in range(int(self.first), int(self.last) + 1):
            address = zoned(type(self.first)(number), zone)
            yield str(address), address


def addresses(spans: Iterable[Span]) -> Iterator[tuple[str, Address]]:
    """Yield name and address of every target, in the order given."""
    for span in spans:
        yield from span.addresses()


def words(file: TextIO, name: str) -> Iterator[Word]:
    """Yield the targets of a file: words on lines, up to a ``#``.

    Raises:
        TargetError: it is not a file of text.
    """
    number = 0
    while line := file.readline(LONGEST_LINE):
        number += 1
        found = line.partition("#")[0].split()
        if len(line) == LONGEST_LINE or not all(map(str.isprintable, found)):
            text = f"{name} is not a list of targets: line {number} is no text"
            raise TargetError(text)
        yield from (Word(text, f"{name}, line {number}") for text in found)


def spans(given: Iterable[Word], version: int | None = None) -> tuple[list[Span], list[str]]:
    """Return the targets of some words, and a sentence for each name that did not resolve.

    Args:
        given: addresses, names, networks (``10.0.0.0/24``, ``fe80::%eth0/120``), ranges (``10.0.0.1-20``,
            ``10.0.0.1-10.0.1.20``, ``fe80::1-20%eth0``).
        version: 4 or 6 where names are to resolve to one version of IP only.

    Raises:
        TargetError: a word is no target, or of the other version.
    """
    found: list[Span | None] = []
    names: list[Word] = []
    for word in given:
        try:
            span = numeric(word.text, version)
        except TargetError as error:
            raise TargetError(word.about(error)) from None
        if span is None:
            names.append(word)
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


def numeric(word: str, version: int | None = None) -> Span | None:
    """Return the span of an address, a network or a range; None for what must be a name.

    Raises:
        TargetError: it begins as a range or a network, and is none; its interface is not there; it is of the other
            version than was asked for.
    """
    span = network(word) if "/" in word else range_of(word)
    zone = None if span is None else zone_of(span.first)
    if zone is not None and not is_interface(zone):
        text = f"{word}: there is no interface {zone}; there are {interfaces()}"
        raise TargetError(text)
    if span is not None and version is not None and span.first.version != version:
        text = f"{word} is no IPv{version} address"
        raise TargetError(text)
    return span


def range_of(word: str) -> Span | None:
    """Return the span of an address or a range; None for what begins with neither.

    A zone stands behind it all (``fe80::1-20%eth-0``): names of interfaces may have a dash in them.
    """
    numbers, _, zone = word.partition("%")
    low, dash, high = numbers.partition("-")
    try:
        first = address_of(f"{low}%{zone}" if zone else low)
    except ValueError:
        return None
    last = last_of(first, high) if dash else first
    if last is None or int(last) < int(first):
        text = f"{word} is no range; one looks like 10.0.0.1-20 or 10.0.0.1-10.0.1.20"
        raise TargetError(text)
    return Span(word, first, last)


def address_of(text: str) -> Address:
    """Return an address, its zone by the interface's name.

    Raises:
        ValueError: it is none.
    """
    found = ip_address(text)
    zone = zone_of(found)
    if zone is not None and zone.isdigit():
        try:
            return zoned(found, socket.if_indextoname(int(zone)))
        except OSError:
            return found
    return found


def zone_of(address: Address) -> str | None:
    """Return the zone of an address (RFC 4007, 11): on Linux the interface by which it is reached."""
    return address.scope_id if isinstance(address, IPv6Address) else None


def zoned(address: Address, zone: str | None) -> Address:
    """Return an address in a zone, whatever zone it was in."""
    return IPv6Address(f"{str(address).partition('%')[0]}%{zone}") if zone else address


def last_of(first: Address, text: str) -> Address | None:
    """Return the end of a range: a whole address, or what stands in the place of the last part of the first."""
    try:
        last = ip_address(text)
    except ValueError:
        head, separator, _ = (
            str(first).partition("%")[0].rpartition("." if isinstance(first, IPv4Address) else ":")
        )
        try:
            last = ip_address(f"{head}{separator}{text}")
        except ValueError:
            return None
    return zoned(last, zone_of(first)) if last.version == first.version else None


def network(word: str) -> Span:
    """Return the hosts of a network: all but those addresses that stand for the network and for all in it."""
    base, _, prefix = word.rpartition("/")
    try:
        zone = zone_of(address_of(base))
        found = ip_network(f"{base.partition('%')[0]}/{prefix}", strict=False)
    except ValueError:
        text = f"{word} is no network; one looks like 10.0.0.0/24, 2001:db8::/120 or fe80::%eth0/120"
        raise TargetError(text) from None
    first, last = int(found[0]), int(found[-1])
    if found.num_addresses > 2:  # noqa: PLR2004 - point-to-point links have no others (RFC 3021; RFC 6164)
        first += 1
        last -= found.version == 4  # noqa: PLR2004 - IPv6 has no broadcast
    kind: type[Address] = IPv4Address if isinstance(found[0], IPv4Address) else IPv6Address
    return Span(word, zoned(kind(first), zone), zoned(kind(last), zone))


def interfaces() -> str:
    """Return the names of all interfaces, for people."""
    return ", ".join(name for _, name in socket.if_nameindex())


def is_interface(name: str) -> bool:
    """Return whether there is an interface of that name."""
    try:
        socket.if_nametoindex(name)
    except OSError:
        return False
    return True


def group_of(address: Address) -> str | None:
    """Return what makes several hosts answer an address, ``multicast`` or ``broadcast``; None for that of one host.

    An address is a broadcast one by the networks that this host is in.
    """
    if address.is_multicast:
        return "multicast"
    return "broadcast" if isinstance(address, IPv4Address) and is_broadcast(address) else None


def is_broadcast(address: IPv4Address) -> bool:
    """Return whether an address is one of all hosts of a network.

    The kernel knows: it lets a socket connect there only once it may broadcast. A route that prohibits is refused in
    the same words, but then as well.
    """
    if address == LIMITED:
        return True
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        if asked.connect_ex((str(address), DISCARD)) != errno.EACCES:
            return False
        asked.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        return asked.connect_ex((str(address), DISCARD)) == 0


def resolve(names: list[Word], version: int | None) -> list[Span | str]:
    """Return for each name its first address, or a sentence where there is none."""

    def one(word: Word) -> Span | str:
        name = word.text
        try:
            found = socket.getaddrinfo(name, None, FAMILIES[version], socket.SOCK_DGRAM)
        except (OSError, UnicodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a name"
            return word.about(f"{name} did not resolve: {reason}")
        address = str(found[0][4][0])
        scope = found[0][4][3] if len(found[0][4]) > 3 else 0  # noqa: PLR2004 - IPv6 has four parts
        resolved = address_of(f"{address}%{scope}" if scope and "%" not in address else address)
        return Span(name, resolved, resolved)

    if len(names) <= 1:
        return [one(name) for name in names]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(RESOLVERS) as pool:
        return list(pool.map(one, names))
