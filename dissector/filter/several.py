"""Fields that a message may have several times: of its options, records, addresses and extension objects.

They are read message by message, by the decoder. Their names stand in ``dissector/filter/listed.py``.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any, NamedTuple

from dissector.filter import listed
from dissector.filter.sources import KINDS, Decoded, Kind, Known
from dissector.layout import Several
from dissector.messages.locator import Locator
from dissector.messages.multicast_forwarding import MplSeedInfo
from dissector.tails import extensions, interfaces, mobile_ip, nd_options, rpl_options
from dissector.tails.entries import RouterAddress
from dissector.tails.kept import Prefix
from dissector.tails.mld import AddressRecord
from dissector.tails.node_data import NodeAddress, NodeIpv4Address, SubjectIpv4, SubjectIpv6
from dissector.tails.renumbering import MatchReport, PrefixControlOperation, UsePrefix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from dissector.filter.listed import Item
    from dissector.layout import Field, Shape
    from dissector.message import Message
    from dissector.messages.base import IcmpMessage


class Meaning(NamedTuple):
    """What an item of :mod:`dissector.filter.listed` is in a table's shapes.

    Attributes:
        kind: what its values are.
        bits: how wide, for numbers.
        labels: names of some of its values.
        signed: whether they may be below zero.
        tell: returns the values of a message.
    """

    kind: Kind
    bits: int
    labels: dict[str, int]
    signed: bool
    tell: Callable[[Any], Iterator[Any]]


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
    for table, shapes, has, find in _LISTS:
        families = extended if has is _has_extensions else own
        having = {family: list(filter(has, messages)) for family, messages in families.items()}
        if not any(having.values()):
            continue
        for name, item in table.items():
            kind, bits, labels, signed, tell = meaning(item, shapes, find)
            sources = tuple(Decoded(family, those, tell) for family, those in having.items() if those)
            yield Known(f"{prefix}.{name}", kind, sources, bits, labels, signed)


def meaning(item: Item, shapes: Iterable[type[Shape]], find: Callable[[Any], Iterable[Any]]) -> Meaning:
    """Return what an item is.

    Args:
        item: the item.
        shapes: what the list that it is of may have in it.
        find: returns such a list.
    """
    names = item.field.split()
    owners = [shape for shape in shapes if not item.of or shape.__name__ in item.of]
    layout = next((found for owner in owners if (found := _layout_fields(owner, names))), [])
    tell = _teller(item, names, layout, find)
    if item.kind is not None:
        return Meaning(item.kind, 64, {}, signed=False, tell=tell)
    first = layout[0]
    kind = KINDS[first.as_] if len(layout) == 1 else Kind.NUMBER
    # As in Wireshark, a number of some bits may be as big as their octets.
    bits = 8 * -(-sum(field.bits for field in layout) // 8)
    labels = {text: number for number, text in first.names.items()} if len(layout) == 1 else {}
    return Meaning(kind, bits, labels, item.scaled and first.signed, tell)


def _layout_fields(shape: type[Shape], names: list[str]) -> list[Field]:
    """Return the fields of a shape that have some names; none where it has not all of them."""
    found = [field for field in shape.layout.fields if field.name in names]
    return found if len(found) == len(names) else []


def _teller(
    item: Item, names: list[str], layout: list[Field], find: Callable[[Any], Iterable[Any]]
) -> Callable[[Any], Iterator[Any]]:
    """Return what tells the values of a message."""

    def tell(message: Any) -> Iterator[Any]:
        for one in find(message):
            if item.of and type(one).__name__ not in item.of:
                continue
            if item.types and one.type not in item.types:
                continue
            value = joined(one, layout) if len(layout) > 1 else getattr(one, names[0], None)
            if callable(value):
                value = value()
            elif len(layout) == 1 and not item.scaled and layout[0].as_ is int and value is not None:
                value = on_the_wire(value, layout[0])
            for each in value if isinstance(value, Several | tuple) else (value,):
                yield _CONVERT[item.kind](each) if item.kind in _CONVERT and each is not None else each

    return tell


def _ipv4(value: Any) -> IPv4Address | None:
    """Return what is an IPv4 address."""
    return value if isinstance(value, IPv4Address) else None


def _ipv6(value: Any) -> IPv6Address | None:
    """Return what is an IPv6 address; of a prefix, if an octet of it was sent, the one that goes on with zeros."""
    if isinstance(value, Prefix) and value.octets:
        return IPv6Address(str(value))
    return value if isinstance(value, IPv6Address) else None


_CONVERT: dict[Kind, Callable[[Any], Any]] = {Kind.STRING: str, Kind.IPV4: _ipv4, Kind.IPV6: _ipv6}


def on_the_wire(value: int, field: Field) -> int:
    """Return the number that stands for a value."""
    return value // field.scale & (1 << field.bits) - 1


def joined(one: Any, layout: list[Field]) -> int | None:
    """Return bits that follow each other as one number; None where an item has them not."""
    number = 0
    for field in layout:
        value = getattr(one, field.name, None)
        if value is None:
            return None
        number = number << field.bits | on_the_wire(value, field)
    return number


def _tail(shape: type[IcmpMessage]) -> str:
    rest = shape.layout.rest
    return "" if rest is None else rest.name


def _having(name: str) -> Callable[[type[IcmpMessage]], bool]:
    """Return the test whether a shape has a list by some name."""
    return lambda shape: _tail(shape) == name


def _has_options(shape: type[IcmpMessage]) -> bool:
    """Whether there may be options of neighbour discovery."""
    return shape.layout.rest is not None and shape.layout.rest.tail is nd_options.OPTIONS


def _has_rpl_options(shape: type[IcmpMessage]) -> bool:
    return _tail(shape) == "options" and not _has_options(shape)


def _has_extensions(shape: type[IcmpMessage]) -> bool:
    """Whether an extension structure may stand behind a quote or by itself, or come back as data."""
    tail = _tail(shape)
    return tail in {"quote", "extensions"} or (tail == "data" and hasattr(shape, "extensions"))


def _is_listed(shape: type[IcmpMessage]) -> bool:
    """Whether a message itself has a list, or an address behind a flag."""
    return _tail(shape) in {"sources", "home_agent_addresses"} or hasattr(shape, "dodagid_present")


def _has_routers(shape: type[IcmpMessage]) -> bool:
    return hasattr(shape, "agent_extensions")


def _list(name: str) -> Callable[[Message], Iterable[Any]]:
    """Return what finds a list of a message."""
    return lambda message: getattr(message.message, name, ())


def _body(message: Message) -> Iterable[Any]:
    body = getattr(message.message, "body", ())
    return body if isinstance(body, Several) else ()


def _operations(message: Message) -> Iterator[Any]:
    return (part for part in _body(message) if isinstance(part, PrefixControlOperation))


def _new_prefixes(message: Message) -> Iterator[Any]:
    for part in _operations(message):
        yield from part.use_prefixes


def _results(message: Message) -> Iterator[Any]:
    return (part for part in _body(message) if isinstance(part, MatchReport))


def _structures(message: Message) -> Iterable[Any]:
    return () if message.extensions is None else (message.extensions,)


def _objects(message: Message) -> Iterable[Any]:
    return getattr(message.extensions, "objects", ())


def _parts(message: Message) -> Iterator[Any]:
    for one in _objects(message):
        if isinstance(one, extensions.InterfaceInformation):
            yield from one.parts


def _labels(message: Message) -> Iterator[Any]:
    for one in _objects(message):
        yield from getattr(one, "entries", ())


def _itself(message: Message) -> Iterable[Any]:
    return (message.message,)


def _contents(message: Message) -> Iterator[Any]:
    content = getattr(message.message, "content", None)
    yield content
    yield from getattr(content, "addresses", ())


_CONTENTS = (SubjectIpv6, SubjectIpv4, NodeAddress, NodeIpv4Address)
_LISTS: tuple[
    tuple[
        dict[str, Item],
        tuple[type[Shape], ...],
        Callable[[type[IcmpMessage]], bool],
        Callable[[Message], Iterable[Any]],
    ],
    ...,
] = (
    (listed.ANY_OPTIONS, (), _having("options"), _list("options")),
    (listed.OPTIONS, tuple(nd_options.SHAPES.values()), _has_options, _list("options")),
    (
        listed.RPL_OPTIONS,
        (*rpl_options.KINDS.values(), rpl_options.TransitInformationWithParent),
        _has_rpl_options,
        _list("options"),
    ),
    (listed.MESSAGES, (), _is_listed, _itself),
    (listed.CONTENTS, _CONTENTS, _having("content"), _contents),
    (listed.RECORDS, (AddressRecord,), _having("records"), _list("records")),
    (listed.LOCATORS, (Locator,), _having("locators"), _list("locators")),
    (listed.SEEDS, (MplSeedInfo,), _having("seed_infos"), _list("seed_infos")),
    (listed.OPERATIONS, (PrefixControlOperation,), _having("body"), _operations),
    (listed.NEW_PREFIXES, (UsePrefix,), _having("body"), _new_prefixes),
    (listed.RESULTS, (MatchReport,), _having("body"), _results),
    (listed.ROUTERS, (RouterAddress,), _has_routers, _list("addresses")),
    (listed.AGENTS, tuple(mobile_ip.EXTENSIONS.values()), _has_routers, _list("agent_extensions")),
    (listed.STRUCTURES, (extensions.Extensions,), _has_extensions, _structures),
    (listed.OBJECTS, tuple(extensions.OBJECTS.values()), _has_extensions, _objects),
    (listed.PARTS, (interfaces.IpAddress4, interfaces.IpAddress6, interfaces.Name), _has_extensions, _parts),
    (listed.LABELS, (extensions.LabelStackEntry,), _has_extensions, _labels),
)
"""Names, the shapes of what is in such a list, which messages have one, and how to find it."""
