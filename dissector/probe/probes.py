"""What is asked: the message of each kind of probe, and the data that make its answer known."""

from __future__ import annotations

import secrets
import time
from functools import cache, partial
from ipaddress import IPv4Address, ip_address
from struct import pack, unpack_from
from typing import TYPE_CHECKING, NamedTuple

from dissector.messages.echo import Echo, ExtendedEchoRequest
from dissector.messages.queries import AddressMask, Information, Timestamp
from dissector.messages.router_discovery import RouterSolicitation
from dissector.probe.kinds import Ask
from dissector.registry.model import Family, Kind
from dissector.registry.table import message_type, types
from dissector.tails.extensions import Extensions, InterfaceByAddress, InterfaceByIndex, InterfaceByName
from dissector.tails.interfaces import IPV4_FAMILY, IPV6_FAMILY

if TYPE_CHECKING:
    from collections.abc import Callable

    from dissector.messages.base import IcmpMessage
    from dissector.tails.extensions import ExtensionObject

DAY_MS = 86_400_000
COOKIE = 8
"""Octets that nobody can guess, the first of the data."""
STAMP = COOKIE + 8
"""Octets of cookie, target and probe."""


class Question(NamedTuple):
    """What a message is made of.

    Attributes:
        type: its type.
        identifier, sequence: as they stand in it.
        data: its data, for those that have any.
    """

    type: int
    identifier: int
    sequence: int
    data: bytes


class Query(NamedTuple):
    """A kind of probe.

    Attributes:
        name: what ``--type`` calls it.
        types: its type in each family that has it.
        build: returns the message of a question.
        sequence_bits: width of its sequence number; 0 where it has neither that nor an identifier.
        has_data: whether the answer returns the data of the question.
        datagram: whether Linux sends it through an unprivileged socket.
        hops: the TTL that it must have, None where any will do.
    """

    name: Ask
    types: dict[Family, int]
    build: Callable[[Question], IcmpMessage]
    sequence_bits: int = 16
    has_data: bool = False
    datagram: bool = False
    hops: int | None = None

    def answer(self, family: Family) -> int | None:
        """Return the type that answers it."""
        return message_type(family, self.types[family]).answered_by

    def sequence(self, number: int) -> int:
        """Return the sequence number of a probe."""
        return number & ((1 << self.sequence_bits) - 1)


@cache
def errors(family: Family) -> frozenset[int]:
    """Return the types of error messages."""
    return frozenset(row.number for row in types(family) if row.kind is Kind.ERROR)


def _echo(asked: Question) -> IcmpMessage:
    return Echo(type=asked.type, identifier=asked.identifier, sequence=asked.sequence, data=asked.data)


def _timestamp(asked: Question) -> IcmpMessage:
    now = time.time_ns() // 1_000_000 % DAY_MS
    return Timestamp(type=asked.type, identifier=asked.identifier, sequence=asked.sequence, originate=now)


def _mask(asked: Question) -> IcmpMessage:
    return AddressMask(type=asked.type, identifier=asked.identifier, sequence=asked.sequence)


def _information(asked: Question) -> IcmpMessage:
    return Information(type=asked.type, identifier=asked.identifier, sequence=asked.sequence)


def _solicitation(asked: Question) -> IcmpMessage:
    from dissector.messages.neighbor_discovery import (
        RouterSolicitation6,
    )  # many options that no other probe has

    return (RouterSolicitation if asked.type == RS4 else RouterSolicitation6)(type=asked.type)


def _extended(extensions: Extensions, local: bool, asked: Question) -> IcmpMessage:
    return ExtendedEchoRequest(
        type=asked.type,
        identifier=asked.identifier,
        sequence=asked.sequence,
        local=local,
        extensions=extensions,
    )


RS4 = 10
V4, V6 = Family.ICMPV4, Family.ICMPV6
QUERIES = {
    query.name: query
    for query in (
        Query(Ask.ECHO, {V4: 8, V6: 128}, _echo, has_data=True, datagram=True),
        Query(Ask.TIMESTAMP, {V4: 13}, _timestamp),
        Query(Ask.ADDRESS_MASK, {V4: 17}, _mask),
        Query(Ask.INFORMATION, {V4: 15}, _information),
        # RFC 1256, 5.1, and RFC 4861, 4.1: on the link alone.
        Query(Ask.ROUTER_SOLICITATION, {V4: RS4, V6: 133}, _solicitation, sequence_bits=0, hops=255),
    )
}
"""By name; extended echo has to know its interface, see :func:`extended_echo`."""


def extended_echo(interface: str, *, local: bool = True) -> Query:
    """Return the query about an interface of the target (PROBE, RFC 8335).

    Args:
        interface: its index, an address of it, or its name.
        local: it is the target's own; else it is its neighbour's, and named by address.
    """
    build = partial(_extended, Extensions.of(interface_object(interface)), local)
    # Linux sends them through unprivileged sockets, but hands over no error about them.
    return Query(Ask.EXTENDED_ECHO, {V4: 42, V6: 160}, build, sequence_bits=8)


def interface_object(interface: str) -> ExtensionObject:
    """Return the object that names an interface (RFC 8335, 2.1)."""
    kind, head = 3, 4
    if interface.isdigit():
        return InterfaceByIndex(length=head + 4, class_num=kind, c_type=2, if_index=int(interface))
    try:
        address = ip_address(interface)
    except ValueError:
        name = interface.encode()
        name += bytes(-len(name) % 4)
        return InterfaceByName(length=head + len(name), class_num=kind, c_type=1, octets=name)
    family = IPV4_FAMILY if isinstance(address, IPv4Address) else IPV6_FAMILY
    octets = address.packed
    return InterfaceByAddress(
        length=head + 4 + len(octets),
        class_num=kind,
        c_type=3,
        afi=family,
        address_length=len(octets),
        octets=octets,
    )


class Payload:
    """The data of echoes: a cookie, target and probe, then octets that count; or what a user wants.

    Args:
        size: octets of data.
        octets: what the user wants, repeated up to the size; data then have no cookie.

    Attributes:
        size: octets of data.
        stamped: whether all of the stamp is in them.
    """

    def __init__(self, size: int, octets: bytes | None = None) -> None:
        self.size = size
        self.stamped = octets is None and size >= STAMP
        self._cookie = secrets.token_bytes(COOKIE)
        pattern = bytes(number & 0xFF for number in range(STAMP, max(size, STAMP)))
        self._rest = pattern
        self._fixed = None if octets is None else (octets * (size // max(len(octets), 1) + 1))[:size]

    def octets(self, target: int, number: int) -> bytes:
        """Return the data of a target's probe."""
        if self._fixed is not None:
            return self._fixed
        return (self._cookie + pack(">II", target, number & 0xFFFFFFFF) + self._rest)[: self.size]

    def ours(self, data: bytes) -> bool:
        """Return whether data that came back begin as those that were sent, as far as both have a cookie."""
        if self._fixed is not None:
            return True
        size = min(COOKIE, self.size, len(data))
        return data[:size] == self._cookie[:size]

    def stamp(self, data: bytes) -> tuple[int, int] | None:
        """Return target and probe of data that came back; None where they have no stamp of ours."""
        if not self.stamped or len(data) < STAMP or data[:COOKIE] != self._cookie:
            return None
        target, number = unpack_from(">II", data, COOKIE)
        return target, number


def difference(sent: bytes, received: bytes) -> str | None:
    """Return in words how data that came back differ from those that were sent; None where they do not."""
    if sent == received:
        return None
    if len(sent) != len(received) and sent[: len(received)] == received[: len(sent)]:
        return f"{len(received)} octets came back of {len(sent)}"
    at = next(at for at, (one, other) in enumerate(zip(sent, received, strict=False)) if one != other)
    return f"octet {at} is 0x{received[at]:02x}, was 0x{sent[at]:02x}"
