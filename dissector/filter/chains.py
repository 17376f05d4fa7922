"""What stands in IP headers besides their fields of fixed place: options, and IPv6's extension headers.

Few packets have them, and they are of any length: the headers that have some are read one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dissector.filter import listed
from dissector.filter.headers import LEAST
from dissector.filter.several import meaning
from dissector.filter.sources import Kind, Known, Told, chosen
from dissector.tails.datagram import read_layers
from dissector.tails.header_options import Option
from dissector.tails.headers import (
    DestinationOptions,
    FragmentHeader,
    HopByHopOptions,
    Ipv4Header,
    RoutingHeader,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from dissector.filter.views import View
    from dissector.tails.datagram import Layer
    from dissector.tails.header_options import OneOctetOption

RECORD_ROUTE, TIMESTAMP, LOOSE_ROUTE, STRICT_ROUTE = 7, 68, 131, 137
"""IPv4 options with a pointer (RFC 791, 3.1)."""
END, STREAM, ROUTER_ALERT = 0, 136, 148
ALERT, JUMBO, TUNNEL_LIMIT = 5, 0xC2, 4
"""IPv6 options (RFC 2711, RFC 2675, RFC 2473)."""


class Chain(Told):
    """Values that the headers of a datagram tell, from that of IP to what they carry.

    Args:
        where: ``"ip"`` or ``"ipv6"``.
        tell: returns the values of some headers.
    """

    def __init__(self, where: str, tell: Callable[[tuple[Layer, ...]], Iterable[Any]]) -> None:
        self.where = where
        self.tell = tell

    def present(self, view: View) -> NDArray[np.bool_]:
        """Return which rows have a header that is longer than the shortest."""
        mask = view.having(self.where, LEAST[self.where])
        longer: NDArray[np.bool_] = self._end(view) > view.ip + LEAST[self.where]
        return longer if mask is None else mask & longer

    def values(self, view: View, index: NDArray[np.int64] | None) -> list[list[Any]]:
        """Return the values of each row."""
        octets = view.batch.octets
        starts, ends = (chosen(column, index).tolist() for column in (view.ip, self._end(view)))
        return [
            [value for value in self.tell(_layers(octets[start:end])) if value is not None]
            for start, end in zip(starts, ends, strict=True)
        ]

    def _end(self, view: View) -> NDArray[np.int64]:
        """Return where the headers end."""
        end = view.upper
        if self.where == "ip":
            # Behind options there may be an authentication header.
            end = view.ip + (view.batch.octets[view.ip] & 0xF).astype(np.int64) * 4
        found: NDArray[np.int64] = np.minimum(end, view.limit)
        return found


def _layers(octets: NDArray[np.uint8]) -> tuple[Layer, ...]:
    return read_layers(octets.tobytes())[0]


class Said(NamedTuple):
    """What a name stands for in the options of a header.

    Attributes:
        value: returns the value of an option, or several of them.
        kinds: the options that have it; empty for all.
        least: octets of data that an option must have for it.
        kind: what it is.
        bits: how wide, for numbers.
        longer: whether options of one octet have it not.
    """

    value: Callable[[Any], Any]
    kinds: tuple[int, ...] = ()
    least: int = 0
    kind: Kind = Kind.NUMBER
    bits: int = 8
    longer: bool = False


def _number(start: int, end: int) -> Callable[[Option], int]:
    """Return what reads some octets of an option's data as a number."""
    return lambda option: int.from_bytes(option.data[start:end])


_POINTED = (RECORD_ROUTE, TIMESTAMP, LOOSE_ROUTE, STRICT_ROUTE)

IPV4_OPTIONS = {
    "opt.type": Said(lambda option: option.kind),
    "opt.type.copy": Said(lambda option: option.kind >> 7, kind=Kind.BOOLEAN, bits=1),
    "opt.type.class": Said(lambda option: option.kind >> 5 & 3),
    "opt.type.number": Said(lambda option: option.kind & 0x1F),
    "opt.len": Said(lambda option: getattr(option, "length", None)),
    "opt.ptr": Said(_number(0, 1), _POINTED, 1),
    "opt.ra": Said(_number(0, 2), (ROUTER_ALERT,), 2, bits=16),
    "opt.sid": Said(_number(0, 2), (STREAM,), 2, bits=16),
    "opt.overflow": Said(lambda option: option.data[1] >> 4, (TIMESTAMP,), 2),
    "opt.flag": Said(lambda option: option.data[1] & 0xF, (TIMESTAMP,), 2),
}
"""Wireshark's names after ``ip.``."""

IPV6_OPTIONS = {
    "opt": Said(lambda option: option.encode(), kind=Kind.OCTETS),
    "opt.type": Said(lambda option: option.kind),
    "opt.type.action": Said(lambda option: option.kind >> 6, longer=True),
    "opt.type.change": Said(lambda option: option.kind >> 5 & 1, kind=Kind.BOOLEAN, bits=1, longer=True),
    "opt.type.rest": Said(lambda option: option.kind & 0x1F, longer=True),
    "opt.length": Said(lambda option: getattr(option, "length", None)),
    "opt.router_alert": Said(_number(0, 2), (ALERT,), 2, bits=16),
    "opt.tel": Said(_number(0, 1), (TUNNEL_LIMIT,), 1),
    "opt.jumbo": Said(_number(0, 4), (JUMBO,), 4, bits=32),
}
"""Wireshark's names after ``ipv6.``."""


def fields(prefix: str) -> Iterator[Known]:
    """Yield the fields of ``"ip"`` or ``"ipv6"``."""
    for name, said in (IPV4_OPTIONS if prefix == "ip" else IPV6_OPTIONS).items():
        yield Known(f"{prefix}.{name}", said.kind, (Chain(prefix, _teller(said)),), said.bits)
    if prefix == "ipv6":
        shapes = (HopByHopOptions, DestinationOptions, RoutingHeader, FragmentHeader)
        for name, item in listed.EXTENSION_HEADERS.items():
            kind, bits, labels, _, tell = meaning(item, shapes, _headers)
            yield Known(f"{prefix}.{name}", kind, (Chain(prefix, tell),), bits, labels)


def _headers(layers: tuple[Layer, ...]) -> Iterator[Any]:
    """Yield the headers that are there as far as their fields go."""
    return (layer.header for layer in layers if len(layer.octets) >= layer.header.layout.size)


def _teller(said: Said) -> Callable[[tuple[Layer, ...]], Iterator[Any]]:
    """Return what tells the values of some headers' options."""

    def tell(layers: tuple[Layer, ...]) -> Iterator[Any]:
        for option in _options(layers):
            if said.longer and not isinstance(option, Option):
                continue
            wanted = not said.kinds or option.kind in said.kinds
            if wanted and len(getattr(option, "data", b"")) >= said.least:
                yield said.value(option)

    return tell


def _options(layers: tuple[Layer, ...]) -> Iterator[Option | OneOctetOption]:
    """Yield the options of some headers; behind the end of IPv4's there are none."""
    for header in _headers(layers):
        for option in getattr(header, "options", ()):
            yield option
            if option.kind == END and isinstance(header, Ipv4Header):
                break
