"""Fields that a message may have several times: of its options, records and extension objects.

They are read message by message, by the decoder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dissector.filter.sources import Decoded, Kind, Known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dissector.message import Message
    from dissector.messages.base import IcmpMessage


class Item(NamedTuple):
    """What a name stands for in the items of a message.

    Attributes:
        kind: what the values are.
        field: the attribute of an item, its value or several.
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


def fields(prefix: str, of: Iterable[type[IcmpMessage]]) -> Iterator[Known]:
    """Yield the fields of a family: ``"icmp"`` or ``"icmpv6"``; ``of`` are its shapes."""
    tails: dict[str, list[type[IcmpMessage]]] = {}
    for shape in of:
        if shape.layout.rest is not None:
            tails.setdefault(shape.layout.rest.name, []).append(shape)
    extended = [*tails.get("quote", ()), *tails.get("extensions", ()), *_returning(tails.get("data", ()))]
    for table, shapes, find in (
        (OPTIONS, tails.get("options"), _options),
        (RECORDS, tails.get("records"), _records),
        (OBJECTS, extended, _objects),
        (LABELS, extended, _labels),
    ):
        if shapes:
            for name, item in table.items():
                yield Known(f"{prefix}.{name}", item.kind, (Decoded(prefix, shapes, _teller(item, find)),))


def _returning(shapes: Iterable[type[IcmpMessage]]) -> Iterator[type[IcmpMessage]]:
    """Yield the shapes whose data may be an extension structure that was sent back."""
    return (shape for shape in shapes if hasattr(shape, "extensions"))


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
                yield value

    return tell


def _options(message: Message) -> Iterable[Any]:
    return getattr(message.message, "options", ())


def _records(message: Message) -> Iterable[Any]:
    return getattr(message.message, "records", ())


def _objects(message: Message) -> Iterable[Any]:
    return getattr(message.extensions, "objects", ())


def _labels(message: Message) -> Iterator[Any]:
    for one in _objects(message):
        yield from getattr(one, "entries", ())
