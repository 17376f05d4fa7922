"""Options of the headers in a quoted datagram: those of IPv4, TCP and the IPv6 extension headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dissector.errors import quantity
from dissector.layout import OCTETS, Items, Node, Several, Shape, rest, shape, wire

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dissector.errors import Finding

IPV4_NAMES = {
    0: "End of Options",
    1: "No Operation",
    7: "Record Route",
    68: "Timestamp",
    82: "Traceroute",
    130: "Security",
    131: "Loose Source Route",
    136: "Stream ID",
    137: "Strict Source Route",
    148: "Router Alert",
}
TCP_NAMES = {
    0: "End of Options",
    1: "No Operation",
    2: "Maximum Segment Size",
    3: "Window Scale",
    4: "SACK Permitted",
    5: "SACK",
    8: "Timestamps",
    34: "Fast Open",
}
IPV6_NAMES = {
    0: "Pad1",
    1: "PadN",
    4: "Tunnel Encapsulation Limit",
    5: "Router Alert",
    0x63: "RPL",
    0xC2: "Jumbo Payload",
    0xC9: "Home Address",
}


@shape
class Option(Shape):
    """An option of IPv4, TCP or an IPv6 extension header."""

    kind: int = wire(8, "What option it is.")
    length: int = wire(8, "Length: in IPv4 and TCP with these two octets, in IPv6 without.", unit="octets")
    data: bytes = rest(OCTETS, "The option's data.", default=b"")


@shape
class OneOctetOption(Shape):
    """An option without length and data."""

    kind: int = wire(8, "What option it is.")


class Options(Items[Option | OneOctetOption]):
    """Options one after another.

    Args:
        names: names of options.
        single: the kinds that are one octet.
        uncounted: octets of the option that its length does not count.
    """

    def __init__(self, names: Mapping[int, str], single: tuple[int, ...], uncounted: int) -> None:
        super().__init__(self.take_option, "option")
        self.names = names
        self.single = single
        self.uncounted = uncounted

    def take_option(self, octets: bytes, notes: list[Finding]) -> tuple[Option | OneOctetOption, int] | str:
        """Read the option at the start of some octets; see :class:`~dissector.layout.Items`."""
        if octets[0] in self.single:
            return OneOctetOption(kind=octets[0]), 1
        head = Option.layout.size
        if len(octets) < head:
            return "its length is not there"
        length = octets[1] + self.uncounted
        if not head <= length <= len(octets):
            return f"its length is {length}, {quantity(len(octets), 'octet')} left"
        return Option.parse(octets[:length], notes), length

    def nodes(self, name: str, value: Several[Any], offset: int, doc: str) -> Iterator[Node]:
        """Yield a node an option, by its name."""
        for node, option in zip(super().nodes(name, value, offset, doc), [*value, None], strict=False):
            yield (
                node if option is None else node._replace(text=self.names.get(option.kind, str(option.kind)))
            )


IPV4_OPTIONS = Options(IPV4_NAMES, (0, 1), 0)
TCP_OPTIONS = Options(TCP_NAMES, (0, 1), 0)
IPV6_OPTIONS = Options(IPV6_NAMES, (0,), 2)
