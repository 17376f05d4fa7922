"""One declaration of some octets, and the readers that are derived from it.

A *shape* is a class whose attributes say how many bits each field has, what it means and in which unit::

    @shape
    class Redirect(IcmpMessage):
        \"\"\"Redirect (RFC 792, page 12).\"\"\"

        gateway: IPv4Address = wire(32, "Router to use instead.", as_=IPv4Address)
        quote: Quote = rest(QUOTE, "The datagram that was redirected.")

From it come :meth:`Shape.parse`, :meth:`Shape.encode`, :meth:`Shape.nodes` (trees and annotated octets), the
JSON keys, the bit diagram and, in :mod:`dissector.columns`, one NumPy column a field. Reserved bits are
fields too, so that octets survive a round trip and a set bit can be reported.

Strategy: a layout is planned once, at import, into *units* (what one `struct` code reads, with the shifts and
masks of the fields in it); the reader is generated as source from that plan, at the first parse of its shape.
The class is made here and not by `dataclasses`, whose import and class creation would cost every start of the
program more than all it has to do (see ``docs/decisions/0002-shapes-without-dataclasses.md``).
"""

from __future__ import annotations

from dissector.layout.field import Field, Node, Rest, address_text, derived, rest, wire
from dissector.layout.plan import Layout, Unit
from dissector.layout.shape import Shape, partial, shape
from dissector.layout.tail import OCTETS, Items, Octets, Several, Tail, each

__all__ = [
    "OCTETS",
    "Field",
    "Items",
    "Layout",
    "Node",
    "Octets",
    "Rest",
    "Several",
    "Shape",
    "Tail",
    "Unit",
    "address_text",
    "derived",
    "each",
    "partial",
    "rest",
    "shape",
    "wire",
]
