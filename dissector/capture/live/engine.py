"""What captures packets: the ring of Linux, or scapy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from dissector.capture.records import Block, Records

if TYPE_CHECKING:
    from dissector.capture.records import Interface


class Engine(Protocol):
    """A source of packets that never ends by itself.

    Attributes:
        name: ``"ring"`` or ``"scapy"``.
        interfaces: those that blocks refer to; grows while it captures on all there are.
    """

    name: str
    interfaces: list[Interface]

    def wait(self, seconds: float) -> None:
        """Return when there are packets or notices, or has been woken, or after so many seconds."""

    def collect(self) -> Block | None:
        """Return the packets there are, or a part of them, in the order of time; valid until the next call."""

    def notices(self) -> list[str]:
        """Return what has happened to the interfaces since the last call, a sentence each."""

    def statistics(self) -> list[tuple[int, int]]:
        """Return packets that passed the filter so far, and those of them the system had no room for.

        A pair for each name that is captured on, in the order in which the names were given.
        """

    def halt(self) -> None:
        """Let no more packets in; those that came before can still be collected."""

    def wake(self) -> None:
        """Let :meth:`wait` return; from a signal handler too."""

    def close(self) -> None:
        """Give everything back to the system; again does nothing."""


class Captured(Block):
    """Packets in a buffer that is used again."""

    __slots__ = ("used",)

    def __init__(self, octets: memoryview, used: int, records: Records, count: int, first_frame: int) -> None:
        super().__init__(octets, records, count, first_frame, 0)
        self.used = used

    def keep(self) -> bytearray | memoryview:
        """Return a copy of what is used of the buffer: a batch of one message keeps no more than that message."""
        return bytearray(self.octets[: self.used])


def order(records: Records, count: int) -> None:
    """Bring packets into the order of time, those of equal time into the order in which they came."""
    times = records.time_ns[:count]
    if (times[1:] >= times[:-1]).all():
        return
    by_time = np.argsort(times, kind="stable")
    for name in Records.__slots__:
        column = getattr(records, name)[:count]
        column[:] = column[by_time]
