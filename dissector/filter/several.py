"""Fields that a message may have several times: of its options, records and extension objects.

They are read message by message, by the decoder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dissector.filter.sources import Decoded, Kind, Known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from dissector.message import Message
    from dissector.messages.base import IcmpMessage


class Item(NamedTuple):
    """What a name stands for in the items of a message.

    Attributes:
        kind: what the values are.
        field: the attribute of an item, its value or several; or the method that returns it.
        of: the shapes of items that it is asked of, by name; empty for all.
    """

    kind: Kind
    field: str
    of: tuple[str, ...] = ()


OPTIONS = {
    "opt.type": Item(Kind.NUMBER, "type"),
    "opt.linkaddr": Item(Kind.OCTETS, "link_layer_address"),
    "opt.prefix": Item(Kind.IPV6, "prefix", ("PrefixInformation",)),
    "opt.prefix.length": Item(Kind.NUMBER, "prefix_length", ("PrefixInformation", "RouteInformation")),
    "opt.prefix.flag.l": Item(Kind.BOOLEAN, "on_link", ("PrefixInformation",)),
    "opt.prefix.flag.a": Item(Kind.BOOLEAN, "autonomous", ("PrefixInformation",)),
    "opt.prefix.valid_lifetime": Item(Kind.NUMBER, "valid_lifetime", ("PrefixInformation",)),
    "opt.prefix.preferred_lifetime": Item(Kind.NUMBER, "preferred_lifetime", ("PrefixInformation",)),
    "opt.mtu": Item(Kind.NUMBER, "mtu", ("Mtu",)),
    "opt.rdnss": Item(Kind.IPV6, "addresses", ("RecursiveDnsServers",)),
    "opt.rdnss.lifetime": Item(Kind.NUMBER, "lifetime", ("RecursiveDnsServers",)),
    "opt.route_lifetime": Item(Kind.NUMBER, "route_lifetime"),
    "opt.nonce": Item(Kind.OCTETS, "nonce"),
}
"""Of neighbour discovery's options; the names of Wireshark after ``icmpv6.``."""

RECORDS = {
    "mldr.mar.record_type": Item(Kind.NUMBER, "record_type"),
    "mldr.mar.multicast_address": Item(Kind.IPV6, "multicast_address"),
    "mldr.mar.nb_sources": Item(Kind.NUMBER, "number_of_sources"),
    "mldr.mar.source_address": Item(Kind.IPV6, "sources"),
}
"""Of the records of an MLDv2 report."""

STRUCTURES = {
    "ext": Item(Kind.OCTETS, "encode"),
    "ext.version": Item(Kind.NUMBER, "version"),
    "ext.res": Item(Kind.NUMBER, "reserved"),
    "ext.checksum": Item(Kind.NUMBER, "checksum"),
}
"""Of the extension structure (RFC 4884), and all of it."""

OBJECTS = {
    "ext.class": Item(Kind.NUMBER, "class_num"),
    "ext.ctype": Item(Kind.NUMBER, "c_type"),
    "ext.length": Item(Kind.NUMBER, "length"),
}
"""Of extension objects (RFC 4884)."""

LABELS = {
    "mpls.label": Item(Kind.NUMBER, "label"),
    "mpls.exp": Item(Kind.NUMBER, "tc"),
    "mpls.s": Item(Kind.BOOLEAN, "bottom"),
    "mpls.ttl": Item(Kind.NUMBER, "ttl"),
}
"""Of the entries of an MPLS label stack (RFC 4950)."""


def fields(
    prefix: str, of: Sequence[type[IcmpMessage]], extended: Mapping[str, Sequence[type[IcmpMessage]]]
) -> Iterator[Known]:
    """Yield the fields of a family.

    Args:
        prefix: ``"icmp"`` or ``"icmpv6"``.
        of: its shapes.
        extended: those of the families whose extensions have such names, by their prefixes.
    """
    own = {prefix: of}
    for table, families, has, find in (
        (OPTIONS, own, _has_options, _options),
        (RECORDS, own, _has_records, _records),
        (STRUCTURES, extended, _has_extensions, _structures),
        (OBJECTS, extended, _has_extensions, _objects),
        (LABELS, extended, _has_extensions, _labels),
    ):
        having = {family: list(filter(has, shapes)) for family, shapes in families.items()}
        for name, item in table.items():
            tell = _teller(item, find)
            sources = tuple(Decoded(family, shapes, tell) for family, shapes in having.items() if shapes)
            if sources:
                yield Known(f"{prefix}.{name}", item.kind, sources)


def _tail(shape: type[IcmpMessage]) -> str:
    rest = shape.layout.rest
    return "" if rest is None else rest.name


def _has_options(shape: type[IcmpMessage]) -> bool:
    return _tail(shape) == "options"


def _has_records(shape: type[IcmpMessage]) -> bool:
    return _tail(shape) == "records"


def _has_extensions(shape: type[IcmpMessage]) -> bool:
    """Whether an extension structure may stand behind a quote or by itself, or come back as data."""
    tail = _tail(shape)
    return tail in {"quote", "extensions"} or (tail == "data" and hasattr(shape, "extensions"))


def _teller(item: Item, find: Callable[[Message], Iterable[Any]]) -> Callable[[Message], Iterator[Any]]:
    """Return what tells the values of a message."""

    def tell(message: Message) -> Iterator[Any]:
        for one in find(message):
            value = getattr(one, item.field, None)
            if item.of and type(one).__name__ not in item.of:
                continue
            if isinstance(value, tuple):
                yield from value
            elif value is not None:
                yield value() if callable(value) else value

    return tell


def _options(message: Message) -> Iterable[Any]:
    return getattr(message.message, "options", ())


def _records(message: Message) -> Iterable[Any]:
    return getattr(message.message, "records", ())


def _structures(message: Message) -> Iterable[Any]:
    return () if message.extensions is None else (message.extensions,)


def _objects(message: Message) -> Iterable[Any]:
    return getattr(message.extensions, "objects", ())


def _labels(message: Message) -> Iterator[Any]:
    for one in _objects(message):
        yield from getattr(one, "entries", ())
