"""Items whose number is stated by a field before them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from dissector.errors import Finding, Severity, quantity
from dissector.layout import Items, Several, Shape, each

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Counted(Items[T]):
    """As many items as a field of the owner says.

    Args:
        take: see :class:`Items`.
        what: what one item is, for people.
        count: the owner's field that says how many there are.
    """

    def __init__(
        self, take: Callable[[bytes, list[Finding]], tuple[T, int] | str], what: str, count: str
    ) -> None:
        super().__init__(take, what)
        self.count = count

    def read(self, octets: bytes, owner: Shape, notes: list[Finding]) -> Several[T]:
        """Return the items; octets that are too few for one, or come after the last one, are left over and noted."""
        stated: int = getattr(owner, self.count)
        items: list[T] = []
        at, why = 0, ""
        while len(items) < stated:
            taken = self.take_at(octets, at, notes)
            if isinstance(taken, str):
                why = taken
                break
            items.append(taken[0])
            at += taken[1]
        octets = octets[at:]
        layer, identity = owner.called, self.what.replace(" ", "-")
        if why:
            text = f"{layer}: {self.count} says {stated}, only {len(items)} can be read: {why}"
            notes.append(Finding(f"{identity}-count", Severity.WARNING, text))
        elif octets:
            text = f"{layer}: {quantity(len(octets), 'octet')} after the last {self.what}"
            notes.append(Finding("octets-after-end", Severity.NOTE, text))
        return Several.of(items, octets)


def counted(kind: Any, what: str, count: str) -> Counted[Any]:
    """Return a tail of items of one fixed size; see :func:`dissector.layout.each` and :class:`Counted`."""
    return Counted(each(kind, what).take, what, count)
