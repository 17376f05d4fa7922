"""The names that a filter can ask for: Wireshark's, and one for each field of the table's shapes."""

from __future__ import annotations

from collections import Counter
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from dissector.batch import distinct
from dissector.capture.records import NO_TIME
from dissector.filter import chains, payload, several, wireshark
from dissector.filter.columnwise import Texts
from dissector.filter.families import longer, shapes
from dissector.filter.ip import HeaderChecksum, Text
from dissector.filter.sources import KINDS, Address, Attribute, Decoded, Kind, Known, Placed, Reach, Recorded
from dissector.kernel import layers
from dissector.registry.model import Family
from dissector.registry.table import types
from dissector.tails.headers import Ipv4Header, Ipv6Header, UdpHeader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from dissector.batch import Batch
    from dissector.filter.sources import Source
    from dissector.filter.views import View
    from dissector.filter.wireshark import Alias
    from dissector.layout import Field, Layout
    from dissector.message import Message
    from dissector.messages.base import IcmpMessage
    from dissector.tails.headers import Header

FAMILIES = {"icmp": Family.ICMPV4, "icmpv6": Family.ICMPV6}
HEADERS: dict[str, tuple[type[Header], dict[str, Alias]]] = {
    "ip": (Ipv4Header, wireshark.IP),
    "ipv6": (Ipv6Header, wireshark.IPV6),
}
STATUSES = np.array([1, 0, 2], np.uint8)
"""Wireshark's numbers of a checksum's status, by those of ``layers``."""
MEANT = {"icmp4": "icmp", "icmpv4": "icmp", "icmp6": "icmpv6", "ip4": "ip", "ipv4": "ip", "ip6": "ipv6"}
"""What may be written for the first part of a name."""
UPPER = ("tcp", "udp", "udplite", "sctp", "dccp")
"""Protocols with ports, of which there is what errors quote."""
ELSEWHERE = {
    "resp_to": "read --json",
    "resp_in": "read --json",
    "resptime": "read --json",
    "no_resp": "summary",
    "time_relative": "read -t r",
    "time_delta": "read -t d",
    "time_delta_displayed": "read -t d",
}
"""Ends of Wireshark's names of what several packets tell, and where it is shown."""
QUOTED_NUMBERS = ("protocol", "length", "id", "type", "code", "identifier", "sequence", "spi", "seq")
"""Numbers that quoted datagrams tell, apart from ports and time to live."""


@cache
def names(prefix: str) -> dict[str, Known]:
    """Return all fields whose names begin with a prefix and a dot, and the one that is the prefix itself."""
    found = _MAKERS[prefix](prefix)
    return {field.name: field for field in found}


def find(name: str) -> Known | None:
    """Return the field of a name; None where there is none."""
    prefix = name.partition(".")[0]
    return names(prefix).get(name) if prefix in _MAKERS else None


def all_names() -> list[str]:
    """Return every name that a filter can ask for."""
    return [name for prefix in _MAKERS for name in names(prefix)]


def elsewhere(name: str) -> str:
    """Return the sentence that says where there is what a name of Wireshark's is about; empty for other names."""
    prefix, _, rest = name.partition(".")
    if prefix in _MAKERS and rest in ELSEWHERE:
        return f"a filter looks at one packet alone, {name} at several: {ELSEWHERE[rest]} shows that"
    if name == "frame.protocols":
        return f"{name} is what Wireshark makes of the whole packet; the layers down to IP are in read --json"
    if prefix in UPPER:
        return (
            f"{prefix} is not decoded; of what an error quotes there are quoted.protocol, quoted.sport "
            "and quoted.dport"
        )
    return ""


def _message(prefix: str) -> Iterator[Known]:
    """Yield the fields of a family; Wireshark's names stand before the shapes' where both are the same."""
    family = FAMILIES[prefix]
    of = _shapes(family)
    yield from _derived(prefix, of)
    yield Known(prefix, Kind.OCTETS, (Reach(prefix),))
    for name, size, bits in (("type", 1, 8), ("code", 2, 8), ("checksum", 4, 16)):
        labels = _types(prefix) if name == "type" else None
        yield Known(f"{prefix}.{name}", Kind.NUMBER, (Attribute(name, prefix, size),), bits, labels)
    status = (_Status("checksum_status", prefix, 4),)
    yield Known(f"{prefix}.checksum.status", Kind.NUMBER, status, 8, wireshark.CHECKSUM_STATUS)
    for name, alias in (wireshark.ICMP if prefix == "icmp" else wireshark.ICMPV6).items():
        found = [
            (shape, field)
            for shape in of
            if not alias.of or shape.__name__ in alias.of
            for field in _joined(shape.layout, alias)
        ]
        if found:
            yield _placed(f"{prefix}.{name}", prefix, found, alias)
    # What extensions say has the same names in both families; those of ICMPv6 alone are ours.
    extended = {prefix: of} if prefix == "icmpv6" else {one: _shapes(FAMILIES[one]) for one in FAMILIES}
    yield from several.fields(prefix, of, extended)


class _Nonzero(Placed):
    """A number that is there where it is not zero."""

    def present(self, view: View) -> NDArray[np.bool_]:
        """Return which rows have it."""
        mask = super().present(view)
        found = np.zeros(len(view), np.bool_)
        rows = np.arange(len(view)) if mask is None else np.flatnonzero(mask)
        found[rows] = self.values(view, rows) != 0
        return found


def _types(prefix: str) -> dict[str, int]:
    """Return the names of types that stand for one number alone."""
    rows = [row for row in types(FAMILIES[prefix]) if row.last is None]
    often = Counter(row.name.en for row in rows)
    return {row.name.en: row.number for row in rows if often[row.name.en] == 1} | wireshark.TYPES[prefix]


class _Status(Attribute):
    """The status of a checksum, with Wireshark's numbers."""

    def values(self, view: Any, index: NDArray[np.int64] | None) -> NDArray[np.uint8]:
        """Return the numbers."""
        numbers: NDArray[np.uint8] = STATUSES[super().values(view, index)]
        return numbers


def _shapes(family: Family) -> tuple[type[IcmpMessage], ...]:
    """Return the shapes of a family."""
    return tuple(dict.fromkeys((*shapes(family)[0], *(shape for _, _, shape in longer(family)))))


def _derived(prefix: str, of: tuple[type[IcmpMessage], ...]) -> Iterator[Known]:
    """Yield a field for each name of a field or a tail of some shapes."""
    fields: dict[str, list[tuple[type[IcmpMessage], Field]]] = {}
    tails: dict[str, dict[int, list[type[IcmpMessage]]]] = {}
    for shape in of:
        for field in shape.layout.fields[3:]:
            fields.setdefault(field.name, []).append((shape, field))
        rest = shape.layout.rest
        if rest is not None:
            tails.setdefault(rest.name, {}).setdefault(shape.layout.size, []).append(shape)
    for name, sizes in tails.items():
        sources = tuple(Reach(prefix, size, those) for size, those in sizes.items())
        yield Known(f"{prefix}.{name}", Kind.OCTETS, sources)
    for name, found in fields.items():
        yield _placed(f"{prefix}.{name}", prefix, found)


def _placed(
    name: str, where: str, found: list[tuple[type[IcmpMessage], Field]], alias: Alias | None = None
) -> Known:
    """Return a field that some shapes have, read at once for all that have it at the same place."""
    places: dict[tuple[Any, ...], tuple[Field, list[type[IcmpMessage]]]] = {}
    for shape, field in found:
        key = (field.offset, field.bits, field.as_, field.scale, field.signed)
        places.setdefault(key, (_bare(field), []))[1].append(shape)
    swapped = alias is not None and alias.swapped
    make = _Nonzero if alias is not None and alias.nonzero else Placed
    sources = tuple(make(where, field, of, swapped=swapped) for field, of in places.values())
    labels = {text: number for _, field in found for text, number in _labels(field).items()}
    bits = max(field.bits + (field.scale - 1).bit_length() for _, field in found)
    signed = any(field.signed for _, field in found)
    return Known(name, KINDS[found[0][1].as_], sources, bits, labels, signed)


def _joined(layout: Layout, alias: Alias) -> Iterator[Field]:
    """Yield the field of a layout that an alias names, where it has that."""
    wanted = alias.fields.split()
    fields = [field for field in layout.fields if field.name in wanted]
    if len(fields) != len(wanted):
        return
    first = fields[0]
    if len(fields) > 1:
        first = first._replace(bits=sum(field.bits for field in fields), as_=int, signed=False, scale=1)
    if not alias.scaled:
        first = first._replace(scale=1, signed=False)
    yield first


def _bare(field: Field) -> Field:
    """Return a field without what does not matter for reading it, so that equal ones are equal."""
    return field._replace(name="value", doc="", unit="", names={}, key="", default=None)


def _header(prefix: str) -> Iterator[Known]:
    """Yield the fields of an IP header: of the one that carries the message, and of those that are quoted."""
    shape, aliases = HEADERS[prefix]
    fields = {field.name: _bare(field) for field in shape.layout.fields}
    yield Known(prefix, Kind.OCTETS, (Reach(prefix),))
    for name, alias in aliases.items():
        for field in _joined(shape.layout, alias):
            # As in Wireshark, a number of some bits may be as big as their octets.
            bits = 8 * -(-(field.bits + (field.scale - 1).bit_length()) // 8)
            # There ip.version is of both versions too.
            where = HEADERS if name == "version" and prefix == "ip" else (prefix,)
            sources = tuple(Placed(one, _bare(field)) for one in where)
            yield Known(f"{prefix}.{name}", KINDS[field.as_], sources, bits, _labels(field))
    kind = KINDS[fields["src"].as_]
    for end, source, of in (("", Address, kind), ("_host", Text, Kind.STRING)):
        src, dst = (source(prefix, fields[name], name) for name in ("src", "dst"))
        yield Known(f"{prefix}.src{end}", of, (src,))
        yield Known(f"{prefix}.dst{end}", of, (dst,))
        yield Known(f"{prefix}.{end[1:] or 'addr'}", of, (src, dst))
    name, theirs = ("ttl", "ttl") if prefix == "ip" else ("hlim", "hop_limit")
    yield Known(f"{prefix}.{name}", Kind.NUMBER, (Placed(prefix, fields[theirs]),), 8)
    if prefix == "ip":
        checksum = (HeaderChecksum(),)
        yield Known("ip.checksum.status", Kind.NUMBER, checksum, 8, wireshark.CHECKSUM_STATUS)
    yield from chains.fields(prefix)


def _labels(field: Field) -> dict[str, int]:
    """Return the names of a field's values."""
    return {text: number for number, text in field.names.items()}


def _frame(prefix: str) -> Iterator[Known]:
    """Yield what the capture says about a packet."""

    def column(name: str, kind: Kind, convert: Callable[[Batch], NDArray[Any]]) -> Known:
        return Known(f"{prefix}.{name}", kind, (Attribute(name, "frame", 0, convert),))

    def recorded(
        name: str,
        kind: Kind,
        convert: Callable[[Batch], Any],
        missing: Callable[[Batch], NDArray[np.bool_]],
    ) -> Known:
        return Known(f"{prefix}.{name}", kind, (Recorded(name, convert, missing),))

    def timeless(batch: Batch) -> NDArray[np.bool_]:
        none: NDArray[np.bool_] = (batch.record_flags & NO_TIME) != 0
        return none

    def unnumbered(batch: Batch) -> NDArray[np.bool_]:
        # Only pcapng numbers its interfaces.
        return np.full(len(batch), batch.origin.format != "pcapng")

    yield Known(prefix, Kind.OCTETS, (Reach("frame"),))
    yield column("number", Kind.NUMBER, lambda batch: batch.frame)
    yield column("len", Kind.NUMBER, lambda batch: batch.original)
    yield recorded(
        "cap_len",
        Kind.NUMBER,
        lambda batch: batch.frame_end - batch.frame_start,
        # What was put together is in no frame.
        lambda batch: (batch.flags & layers.REASSEMBLED) != 0,
    )
    yield recorded("time_epoch", Kind.SECONDS, lambda batch: batch.time_ns, timeless)
    yield recorded("time", Kind.TIME, lambda batch: batch.time_ns, timeless)
    yield recorded("interface_id", Kind.NUMBER, lambda batch: batch.interface, unnumbered)
    for name in ("name", "description"):
        yield recorded(f"interface_{name}", Kind.STRING, _interface(name), partial(_unnamed, name))


def _interface(name: str) -> Callable[[Batch], Texts]:
    """Return what gives a text of the interfaces that packets came by."""

    def texts(batch: Batch) -> Texts:
        there, places = distinct(batch.interface)
        interfaces = batch.origin.interfaces
        return Texts([getattr(interfaces[one], name) for one in there], places)

    return texts


def _unnamed(name: str, batch: Batch) -> NDArray[np.bool_]:
    """Return which packets came by an interface that the file has no such text of."""
    there, places = distinct(batch.interface)
    return np.array([not getattr(batch.origin.interfaces[one], name) for one in there], np.bool_)[places]


def _quoted(prefix: str) -> Iterator[Known]:
    """Yield the fields of the datagram that an error quotes, by their names in JSON."""
    yield Known(prefix, Kind.OCTETS, tuple(_second(Reach(name)) for name in HEADERS))
    four, six = (
        {field.name: _bare(field) for field in shape.layout.fields} for shape in (Ipv4Header, Ipv6Header)
    )
    for name in ("src", "dst"):
        either = (_second(Placed("ip", four[name])), _second(Placed("ipv6", six[name])))
        yield Known(f"{prefix}.{name}", Kind.ADDRESS, either)
    hops = (_second(Placed("ip", four["ttl"])), _second(Placed("ipv6", six["hop_limit"])))
    yield Known(f"{prefix}.ttl", Kind.NUMBER, hops, 8)
    ports = {field.name: _bare(field) for field in UdpHeader.layout.fields}
    for name in ("sport", "dport"):
        yield Known(f"{prefix}.{name}", Kind.NUMBER, (_second(Placed("ports", ports[name])),), 16)
    for name in QUOTED_NUMBERS:
        yield Known(f"{prefix}.{name}", Kind.NUMBER, _told(name))
    yield Known(f"{prefix}.truncated", Kind.BOOLEAN, _told("truncated"), 1)


def _second(source: Source) -> Source:
    """Return a source that is asked for what messages quote alone."""
    source.quoted_only = True
    return source


def _told(name: str) -> tuple[Source, ...]:
    """Return where a quoted datagram tells a value."""

    def tell(message: Message) -> list[Any]:
        quoted = message.quoted
        return [] if quoted is None else [getattr(quoted, name)]

    return tuple(
        Decoded(prefix, [shape for shape in _shapes(family) if _quotes(shape)], tell)
        for prefix, family in FAMILIES.items()
    )


def _quotes(shape: type[IcmpMessage]) -> bool:
    return shape.layout.rest is not None and shape.layout.rest.name == "quote"


_MAKERS: dict[str, Callable[[str], Iterator[Known]]] = {
    "icmp": _message,
    "icmpv6": _message,
    "ip": _header,
    "ipv6": _header,
    "data": payload.fields,
    "frame": _frame,
    "quoted": _quoted,
}
PREFIXES = f"{', '.join([*_MAKERS][:-1])} or {[*_MAKERS][-1]}"
"""What all names begin with, as a sentence says it."""
