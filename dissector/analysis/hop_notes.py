"""What routers tell about themselves beside a hop's address: MPLS labels and interfaces (RFC 4950, RFC 5837)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dissector.analysis.quotes import QUOTE_START
from dissector.decoder import Decoded
from dissector.message import FAMILIES
from dissector.tails.extensions import VERSION, InterfaceInformation, MplsLabelStack, NodeIdentification
from dissector.tails.quoted import LEAST_FIELD

if TYPE_CHECKING:
    from dissector.analysis.flow_keys import Address
    from dissector.tails.extensions import ExtensionObject

UNITS = {4: 4, 6: 8}
"""Octets that ``original_length`` counts by, by family (RFC 4884, 4.1 and 4.4)."""
LENGTH_AT = {4: 5, 6: 4}
"""Where in the message it is."""
CACHED = 1 << 16
"""So many different extension structures are remembered."""


class Label(NamedTuple):
    """An entry of the label stack with which the probe arrived (RFC 4950, 5)."""

    label: int
    tc: int
    bottom: bool
    ttl: int


class Interface(NamedTuple):
    """An interface, or the node, that a hop tells of (RFC 5837, 4).

    Attributes:
        role: which one it is, in words.
        name, if_index, address, mtu: what is told; None for the rest.
    """

    role: str
    name: str | None = None
    if_index: int | None = None
    address: Address | None = None
    mtu: int | None = None


class Notes(NamedTuple):
    """What one extension structure tells of a hop."""

    labels: tuple[Label, ...] = ()
    interfaces: tuple[Interface, ...] = ()


NOTHING = Notes()


class NotesReader:
    """Reads extension structures; the same ones come with every probe, so each is read once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int, bytes], Notes] = {}

    def read(self, family: int, octets: bytes) -> Notes:
        """Return what an error tells beside its quote.

        Args:
            family: 4 or 6.
            octets: the error, with at least the octets before its quote.
        """
        stated = octets[LENGTH_AT[family]]
        # The places where the structure may begin; which one it is, the decoder says (RFC 4884, 4 and 5.5).
        places = [QUOTE_START + place for place in (stated * UNITS[family], LEAST_FIELD, stated)]
        place = next((at for at in places if at < len(octets) and octets[at] >> 4 == VERSION), None)
        if place is None:
            return NOTHING
        key = (family, stated, octets[min(place, QUOTE_START + LEAST_FIELD) :])
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= CACHED:
                self._known.clear()
            found = self._known[key] = notes_of(Decoded(FAMILIES[family], octets))
        return found


def notes_of(message: Decoded) -> Notes:
    """Return what the extension objects of a message tell of its sender."""
    extensions = message.extensions
    objects: tuple[ExtensionObject, ...] = () if extensions is None else tuple(extensions.objects)
    labels, interfaces = [], []
    for item in objects:
        if isinstance(item, MplsLabelStack):
            labels += [Label(entry.label, entry.tc, entry.bottom, entry.ttl) for entry in item.entries]
        elif isinstance(item, InterfaceInformation):
            told = item.interface_name, item.if_index, item.address, item.mtu
            interfaces.append(Interface(item.role_name, *told))
        elif isinstance(item, NodeIdentification):
            interfaces.append(Interface("node", item.node_name, address=item.address))
    return Notes(tuple(labels), tuple(interfaces))
