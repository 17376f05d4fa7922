"""What an echo carries, as Wireshark's protocol ``data`` has it: behind the time of sending, where it finds one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dissector.filter.fields import gather
from dissector.filter.sources import Kind, Known, Reach, chosen
from dissector.messages.echo import Echo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dissector.filter.views import View

HEADER = 8
"""Octets of an echo before its data."""
SECOND, MICROSECOND = 1_000_000_000, 1000
DAY = 86_400 * SECOND
"""How far a time may be from that of the frame, to be taken for one."""
FORMS = ("<u4", ">u4")
"""Seconds and microseconds as programs write them. Wireshark 4.0 takes the first halves of 64 bits for them too."""
TIME = 8
"""Octets that such a time has."""


class EchoData(Reach):
    """The data of echoes, behind a time of sending.

    Args:
        where: ``"icmp"`` or ``"icmpv6"``.
        timed: whether a time is looked for.
    """

    def __init__(self, where: str, *, timed: bool) -> None:
        super().__init__(where, HEADER, (Echo,))
        self.timed = timed

    def present(self, view: View) -> NDArray[np.bool_] | None:
        """Return which rows have them."""
        mask = super().present(view)
        if not self.timed:
            return mask
        there: NDArray[np.bool_] = self.ending(view) > self.beginning(view)
        return there if mask is None else mask & there

    def beginning(self, view: View) -> NDArray[np.int64]:
        """Return where they begin."""
        start = super().beginning(view)
        if not self.timed:
            return start
        batch = view.batch
        times = batch.time_ns if view.rows is None else batch.time_ns[view.rows]
        return start + timed(batch.octets, start, self.ending(view), times)


def timed(
    octets: NDArray[np.uint8], start: NDArray[np.int64], end: NDArray[np.int64], times: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return how many octets a time of sending has that data begin with; 0 where there is none.

    Args:
        octets: all octets.
        start: where the data begin.
        end: where they end.
        times: of the frames that they are in, nanoseconds since 1970.
    """
    size = np.zeros(len(start), np.int64)
    rows = np.flatnonzero(end - start >= TIME)
    pairs = gather(octets, start[rows], TIME)
    for form in FORMS:
        seconds, fraction = pairs.view(form).astype(np.int64).T
        away = np.abs(seconds * SECOND + fraction * MICROSECOND - times[rows])
        size[rows[(fraction < SECOND // MICROSECOND) & (away < DAY)]] = TIME
    return size


class Length(Reach):
    """How many octets some others are."""

    def __init__(self, of: EchoData) -> None:
        super().__init__(of.where)
        self.of, self.costly, self.data = of.of, True, of

    def present(self, view: View) -> NDArray[np.bool_] | None:
        """Return which rows have them."""
        return self.data.present(view)

    def values(self, view: View, index: NDArray[np.int64] | None) -> NDArray[Any]:
        """Return how many they are."""
        size: NDArray[np.int64] = self.data.ending(view) - self.data.beginning(view)
        return chosen(size, index)


def fields(prefix: str) -> Iterator[Known]:
    """Yield the fields of ``data``."""
    sources = (EchoData("icmp", timed=True), EchoData("icmpv6", timed=False))
    yield Known(prefix, Kind.OCTETS, sources)
    yield Known(f"{prefix}.data", Kind.OCTETS, sources)
    yield Known(f"{prefix}.len", Kind.NUMBER, tuple(map(Length, sources)))
