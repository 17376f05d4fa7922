"""Numbers, durations and sizes as people write them: ``0.5``; ``500ms``, ``60s``, ``1h``; ``64KiB``, ``100MiB``."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import click

from dissector.present.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

NUMBER = re.compile(r"(\d{0,18})(?:\.(\d{0,18}))?\s*([A-Za-zµ]*)", re.ASCII)
"""What is before the point, what is behind it, and the unit."""
SECOND = 10**9
DURATIONS = {
    "us": 10**3, "µs": 10**3, "ms": 10**6, "s": SECOND, "": SECOND, "m": 60 * SECOND, "min": 60 * SECOND,
    "h": 3600 * SECOND,
}  # fmt: skip
"""Nanoseconds of each unit; a number alone is seconds."""
WANTED = "duration, such as 500ms, 60s or 1h"
SIZES = {
    "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "k": 2**10, "K": 2**10, "KiB": 2**10, "M": 2**20, "MiB": 2**20, "G": 2**30, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip
"""Octets of each unit; a number alone is refused, for programs differ in what it means."""


def duration(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Return the nanoseconds of a duration."""
    return None if value is None else _amount(ctx, param, value, DURATIONS, WANTED)


class Seconds(click.ParamType):  # type: ignore[type-arg]  # newer versions alone have one
    """A duration, in seconds, within a range."""

    name = "duration"

    def __init__(self, least: float = 0, most: float = math.inf) -> None:
        self.least, self.most = least, most

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds of some text; a number is one of seconds already."""
        if not isinstance(value, str):
            return value
        seconds = _amount(ctx, param, value, DURATIONS, WANTED) / SECOND
        if not self.least <= seconds <= self.most:
            self.fail(f"{printable(value)!r} is not from {self.least:g} to {self.most:g} seconds", param, ctx)
        return seconds


SECONDS = Seconds()


def size(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Return the octets of a size."""
    return None if value is None else _amount(ctx, param, value, SIZES, "size, such as 64KiB or 100MiB")


class Finite(click.FloatRange):
    """A number in a range, neither infinite nor nan, which no range keeps out."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number that some text is."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{printable(str(value))!r} is no finite number", param, ctx)
        return number


def _amount(
    ctx: click.Context | None,
    param: click.Parameter | None,
    value: str,
    units: Mapping[str, int],
    wanted: str,
) -> int:
    """Return a number with a unit as a whole number of the smallest unit, at least 1."""
    found = NUMBER.fullmatch(value.strip())
    if found is not None and found[3] in units:
        whole, part, unit = found[1], found[2] or "", units[found[3]]
        amount: int = int(whole + part or "0") * unit // 10 ** len(part)
        if amount:
            return amount
    message = f"{printable(value)!r} is no {wanted}"
    raise click.BadParameter(message, ctx, param)
