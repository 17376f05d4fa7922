"""When the next probe goes: each target at its interval, all together no faster than a rate."""

from __future__ import annotations

import heapq
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.probe.events import Target

SLACK = 0.010
"""Seconds of lateness that are made up for: so much the timers of a busy system err. What was missed beyond (the
process was stopped, or the system) is not sent afterwards in a burst."""


def following(due: float, gap: float, now: float) -> float:
    """Return when the next one is due after one that was due at some time and goes now."""
    return (now if now - due > SLACK else due) + gap


class Schedule:
    """Whose turn it is.

    Args:
        targets: those not begun, taken one at a time.
        interval: seconds between two probes to one target.
        rate: probes a second to all of them together.
        limit: probes to each target; None without end.
    """

    def __init__(self, targets: Iterator[Target], interval: float, rate: float, limit: int | None) -> None:
        self._fresh = targets
        self._next: Target | None = next(targets, None)
        self._interval = interval
        self._gap = 1 / rate
        self._limit = limit
        self._slot: float | None = None
        self._again: list[tuple[float, int, Target, int]] = []
        self._ties = count()

    @property
    def finished(self) -> bool:
        """Whether no probe is left to send."""
        return self._next is None and not self._again

    def due(self, now: float) -> float | None:
        """Return when the next probe goes; None where none is left."""
        if self.finished:
            return None
        slot = now if self._slot is None else self._slot
        if self._next is not None:
            return slot
        return max(slot, self._again[0][0])

    def take(self, now: float) -> tuple[Target, int] | None:
        """Return whom to probe now and the number of that probe; None while it is nobody's turn."""
        due = self.due(now)
        if due is None or due > now:
            return None
        self._slot = following(due, self._gap, now)
        if self._again and (self._next is None or self._again[0][0] <= now):
            planned, _, target, number = heapq.heappop(self._again)
        else:
            planned, target, number = now, self._next, 1  # type: ignore[assignment]  # due() is None without either
            self._next = next(self._fresh, None)
        if self._limit is None or number < self._limit:
            again = following(planned, self._interval, now)
            heapq.heappush(self._again, (again, next(self._ties), target, number + 1))
        return target, number
