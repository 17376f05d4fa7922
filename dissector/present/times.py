"""Times as people and programs read them; nanoseconds stay whole numbers up to the last digit."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SECOND = 1_000_000_000
DAY = 86_400


@lru_cache(maxsize=1024)
def _date(day: int) -> str:
    """Return the date of a day since 1970."""
    moment = time.gmtime(day * DAY)
    return f"{moment.tm_year:04d}-{moment.tm_mon:02d}-{moment.tm_mday:02d}"


def clock(time_ns: int) -> str:
    """Return the time of day, UTC: ``22:13:20.000123``, with nine digits where the nanoseconds are not whole µs."""
    seconds, nanoseconds = divmod(time_ns, SECOND)
    minutes, second = divmod(seconds % DAY, 60)
    hour, minute = divmod(minutes, 60)
    fraction = f"{nanoseconds:09d}" if nanoseconds % 1000 else f"{nanoseconds // 1000:06d}"
    return f"{hour:02d}:{minute:02d}:{second:02d}.{fraction}"


def date_clock(time_ns: int) -> str:
    """Return date and time of day, UTC."""
    return f"{_date(time_ns // SECOND // DAY)} {clock(time_ns)}"


def iso(time_ns: int) -> str:
    """Return the time as ISO 8601, UTC, always nine digits: ``2023-11-14T22:13:20.000123000Z``."""
    text = clock(time_ns)
    return f"{_date(time_ns // SECOND // DAY)}T{text.ljust(18, '0')}Z"


def seconds(time_ns: int) -> str:
    """Return a time or a difference in seconds: ``0.000123``, ``-1.500000``."""
    whole, fraction = divmod(abs(time_ns), SECOND)
    digits = f"{fraction:09d}" if fraction % 1000 else f"{fraction // 1000:06d}"
    return f"{'-' if time_ns < 0 else ''}{whole}.{digits}"


class TimeColumn:
    """The time of each line, in one of the formats of ``-t``.

    Args:
        style: ``a`` time of day, ``ad`` with date, ``r`` since the first message, ``d`` since the one before,
            ``e`` since 1970; all UTC.
    """

    STYLES = ("a", "ad", "r", "d", "e")
    RELATIVE = ("r", "d")

    def __init__(self, style: str) -> None:
        self.style = style
        self._first: int | None = None
        self._previous = 0

    def numbers(self, times: NDArray[np.int64], known: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return what is shown of the next messages' times, in ns.

        Args:
            times: ns since 1970, shape (n,).
            known: whether the container says a time.
        """
        if self.style not in ("r", "d") or not known.any():
            return times
        told = times[known]
        if self._first is None:
            self._first = self._previous = int(told[0])
        shown = told - self._first
        if self.style == "d":
            shown[0] = told[0] - self._previous
            shown[1:] = told[1:] - told[:-1]
        self._previous = int(told[-1])
        numbers = times.copy()
        numbers[known] = shown
        return numbers

    def text(self, number: int) -> str:
        """Return one of those numbers as text."""
        if self.style == "a":
            return clock(number)
        return date_clock(number) if self.style == "ad" else seconds(number)
