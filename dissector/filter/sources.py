"""Where the values of a field are, in a view of a batch.

A value is a number, an address, a row of octets, a text; of octets whose number differs from message to message the
value is where they begin and end in ``Batch.octets``, shape (n, 2).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import StrEnum
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dissector import kernel
from dissector.filter.families import longer, shapes
from dissector.filter.fields import bare, gather, is_number, numbers, read
from dissector.message import messages
from dissector.registry.model import Family

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from dissector.batch import Batch
    from dissector.filter.views import View
    from dissector.layout import Field
    from dissector.message import Message
    from dissector.messages.base import IcmpMessage


class Kind(StrEnum):
    """What the values of a field are; the values are what messages call them."""

    NUMBER = "a number"
    BOOLEAN = "true or false"
    IPV4 = "an IPv4 address"
    IPV6 = "an IPv6 address"
    ADDRESS = "an address"
    OCTETS = "octets"
    STRING = "a text"
    SECONDS = "seconds"
    TIME = "a date and time"


KINDS = {
    int: Kind.NUMBER,
    bool: Kind.BOOLEAN,
    bytes: Kind.OCTETS,
    IPv4Address: Kind.IPV4,
    IPv6Address: Kind.IPV6,
}
"""What values are, by the types that fields of a layout have."""


class Source(ABC):
    """One place where a field has a value, at most one for each row of a view."""

    where: str
    """What it is part of, see :meth:`View.having`."""
    costly = True
    """Whether rows that are decided already are worth leaving out."""
    first_only = False
    """Whether only messages have it, not what they quote."""
    quoted_only = False
    """Whether only what messages quote has it."""

    @abstractmethod
    def present(self, view: View) -> NDArray[np.bool_] | None:
        """Return which rows have it; None for all."""

    @abstractmethod
    def values(self, view: View, index: NDArray[np.int64] | None) -> Any:
        """Return the values of some rows that have it; None for all rows."""

    def whole(self, view: View, there: NDArray[np.bool_]) -> Any:  # noqa: ARG002 - for those that have one
        """Return values for all rows, of which some mean nothing; None where they are read for those that have them.

        Args:
            view: the view.
            there: which rows have it.
        """
        return None

    def spans(self, view: View, index: NDArray[np.int64] | None) -> NDArray[np.int64]:
        """Return where the octets of the value begin and end, shape (n, 2)."""
        raise NotImplementedError


def chosen(column: NDArray[Any], index: NDArray[np.int64] | None) -> NDArray[Any]:
    """Return some rows of a column."""
    return column if index is None else column[index]


class Attribute(Source):
    """A column of a view, or of the batch.

    Args:
        name: its name.
        where: what must be there, see :meth:`View.having`.
        size: octets of it that must be there.
        convert: makes the values of a batch's column; None for columns of views as they are.
    """

    costly = False

    def __init__(
        self, name: str, where: str, size: int = 0, convert: Callable[[Batch], Any] | None = None
    ) -> None:
        self.name = name
        self.where = where
        self.size = size
        self.convert = convert
        self.first_only = convert is not None

    def present(self, view: View) -> NDArray[np.bool_] | None:
        """Return which rows have it."""
        return view.having(self.where, self.size)

    def values(self, view: View, index: NDArray[np.int64] | None) -> Any:
        """Return the column's values."""
        column = getattr(view, self.name) if self.convert is None else self.convert(view.batch)
        return column if index is None else column[index]


class Recorded(Attribute):
    """A column of the batch that is not there for every packet; ``missing`` says for which."""

    def __init__(
        self,
        name: str,
        convert: Callable[[Batch], Any],
        missing: Callable[[Batch], NDArray[np.bool_]],
    ) -> None:
        super().__init__(name, "frame", 0, convert)
        self.missing = missing

    def present(self, view: View) -> NDArray[np.bool_]:
        """Return which rows have it."""
        return ~self.missing(view.batch)


class Placed(Source):
    """A field of fixed width.

    Args:
        where: what it is a field of, see :meth:`View.having`.
        field: the field.
        of: the shapes that have it at this place; None where it is a header's.
        swapped: its two octets are read the other way round.
    """

    def __init__(
        self,
        where: str,
        field: Field,
        of: Iterable[type[IcmpMessage]] | None = None,
        *,
        swapped: bool = False,
    ) -> None:
        self.where = where
        self.field = field
        self.of = None if of is None else Shapes(where, of)
        self.swapped = swapped
        self.end = (field.offset + field.bits + 7) // 8

    def present(self, view: View) -> NDArray[np.bool_] | None:
        """Return which rows are of the shape and long enough."""
        mask = view.having(self.where, self.end)
        return mask if self.of is None else self.of.among(view, mask)

    def values(self, view: View, index: NDArray[np.int64] | None) -> NDArray[Any]:
        """Return the values."""
        found = read(view.batch.octets, chosen(view.start(self.where), index), self.field)
        return found.byteswap() if self.swapped else found

    def whole(self, view: View, there: NDArray[np.bool_]) -> Any:
        """Return numbers for all rows."""
        if not is_number(self.field):
            return None
        found = numbers(view.batch.octets, view.start(self.where), self.field, there)
        return found.byteswap() if self.swapped else found

    def spans(self, view: View, index: NDArray[np.int64] | None) -> NDArray[np.int64]:
        """Return where they are."""
        start = chosen(view.start(self.where), index)
        return np.stack((start + self.field.offset // 8, start + self.end), axis=1)


class Excerpt(Placed):
    """Octets at a fixed place, as rows of octets: what a slice is where that can be."""

    def __init__(self, reach: Reach, start: int, size: int) -> None:
        place = bare("octets", size * 8, (reach.first + start) * 8, bytes)
        super().__init__(reach.where, place)
        self.of, self.first_only, self.quoted_only = reach.of, reach.first_only, reach.quoted_only


class Ending(Source):
    """Octets so far from the end: what a slice is that begins with a negative number.

    Args:
        reach: what they are the end of.
        back: where they begin, counted from the end.
        size: how many.
    """

    def __init__(self, reach: Reach, back: int, size: int) -> None:
        self.reach = reach
        self.where, self.first_only, self.quoted_only = reach.where, reach.first_only, reach.quoted_only
        self.back = back
        self.size = size

    def present(self, view: View) -> NDArray[np.bool_] | None:
        """Return which rows have so many octets."""
        mask = self.reach.present(view)
        enough: NDArray[np.bool_] = self.reach.ending(view) - self.reach.beginning(view) >= self.back
        return enough if mask is None else mask & enough

    def values(self, view: View, index: NDArray[np.int64] | None) -> NDArray[np.uint8]:
        """Return the octets."""
        return gather(view.batch.octets, chosen(self.reach.ending(view), index) - self.back, self.size)


class Address(Placed):
    """An address of an IP header; that of the carrying header is a column of the batch."""

    costly = False

    def __init__(self, where: str, field: Field, column: str) -> None:
        super().__init__(where, field)
        self.column = column

    def values(self, view: View, index: NDArray[np.int64] | None) -> NDArray[Any]:
        """Return the addresses: numbers, or 16 octets each."""
        if view.rows is not None:
            return super().values(view, index)
        octets: NDArray[np.uint8] = getattr(view.batch, self.column)
        if self.field.as_ is IPv6Address:
            return chosen(octets, index)
        return chosen(octets.view(">u4")[:, 0], index).astype(np.uint32)


class Reach(Source):
    """Octets from some place up to the end.

    Args:
        where: what they are part of, see :meth:`View.having`.
        first: octets of it before them.
        of: the shapes that have them there; None for all.
    """

    def __init__(self, where: str, first: int = 0, of: Iterable[type[IcmpMessage]] | None = None) -> None:
        self.where = where
        self.first = first
        self.of = None if of is None else Shapes(where, of)
        self.costly = first > 0
        self.first_only = where == "frame"

    def present(self, view: View) -> NDArray[np.bool_] | None:
        """Return which rows have them."""
        mask = view.having(self.where, self.first + (self.first > 0))
        return mask if self.of is None else self.of.among(view, mask)

    def values(self, view: View, index: NDArray[np.int64] | None) -> NDArray[np.int64]:
        """Return where they begin and end."""
        return self.spans(view, index)

    def spans(self, view: View, index: NDArray[np.int64] | None) -> NDArray[np.int64]:
        """Return where they begin and end."""
        found = np.empty((len(view) if index is None else len(index), 2), np.int64)
        found[:, 0] = chosen(self.beginning(view), index)
        found[:, 1] = chosen(self.ending(view), index)
        return found

    def beginning(self, view: View) -> NDArray[np.int64]:
        """Return where they begin."""
        start = view.start(self.where)
        return start + self.first if self.first else start

    def ending(self, view: View) -> NDArray[np.int64]:
        """Return where they end."""
        if self.where == "frame":
            return view.batch.frame_end
        return view.upper if self.where in ("ip", "ipv6") else view.end


class Told(Source):
    """Values of which a row may have several: read one by one."""

    @abstractmethod
    def values(self, view: View, index: NDArray[np.int64] | None) -> list[list[Any]]:
        """Return the values of each row, as Python has them."""


class Decoded(Told):
    """Values that a decoded message tells.

    Args:
        where: ``"icmp"`` or ``"icmpv6"``; empty for both.
        of: the shapes that may have them.
        tell: returns the values of a message.
    """

    first_only = True

    def __init__(
        self, where: str, of: Iterable[type[IcmpMessage]] | None, tell: Callable[[Message], Iterable[Any]]
    ) -> None:
        self.where = where
        self.of = None if of is None else Shapes(where, of)
        self.tell = tell

    def present(self, view: View) -> NDArray[np.bool_] | None:
        """Return which rows may have them."""
        mask = view.having(self.where, 0)
        return mask if self.of is None else self.of.among(view, mask)

    def values(self, view: View, index: NDArray[np.int64] | None) -> list[list[Any]]:
        """Return the values of each row, as Python has them."""
        batch = view.batch if index is None else view.batch.take(index)
        return [[value for value in self.tell(message) if value is not None] for message in messages(batch)]


class Shapes:
    """Some shapes of a family.

    Args:
        where: ``"icmp"`` or ``"icmpv6"``.
        of: the shapes.
    """

    def __init__(self, where: str, of: Iterable[type[IcmpMessage]]) -> None:
        self.family = Family.ICMPV4 if where == "icmp" else Family.ICMPV6
        self.wanted = frozenset(of)

    @cached_property
    def keys(self) -> NDArray[np.bool_]:
        """Which types and codes have them, by code, and type above that."""
        known, numbers = shapes(self.family)
        wanted: NDArray[np.bool_] = np.array([shape in self.wanted for shape in known])[numbers]
        return wanted

    @cached_property
    def longer(self) -> list[tuple[int, int, bool]]:
        """Types for which length makes a difference: the type, from which length on, whether it has them then."""
        return [
            (number, least, shape in self.wanted)
            for number, least, shape in longer(self.family)
            if shape in self.wanted or self.keys[number << 8 : (number + 1) << 8].any()
        ]

    def among(self, view: View, mask: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
        """Return which rows of a view are of the shapes, among some of the family; None for all."""
        found = np.empty(len(view), np.bool_)
        columns = (np.ascontiguousarray(column).data for column in (view.type, view.code))
        kernel.look.among(*columns, self.keys.view(np.uint8).data, found.view(np.uint8).data)
        for number, least, has in self.longer:
            rows = (view.type == number) & (view.length >= least)
            found[rows] = has
        return found if mask is None else mask & found


class Known(NamedTuple):
    """A field that a filter can name.

    Attributes:
        name: its name.
        kind: what its values are.
        sources: where they are.
        bits: its width, for numbers.
        labels: names of some of its values.
        signed: whether its numbers may be below zero.
    """

    name: str
    kind: Kind
    sources: tuple[Source, ...]
    bits: int = 64
    labels: dict[str, int] | None = None
    signed: bool = False

    @property
    def costly(self) -> bool:
        """Whether reading it costs more than looking at a column."""
        return any(source.costly for source in self.sources)


def plain(value: Any) -> Any:
    """Return a value of a decoded message as columns have it: addresses as numbers or octets."""
    if isinstance(value, IPv4Address):
        return int(value)
    if isinstance(value, IPv6Address):
        return value.packed
    return value
