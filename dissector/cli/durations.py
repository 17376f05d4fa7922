"""Durations as people write them: ``2``, ``0.5``, ``500ms``, ``1m``."""

from __future__ import annotations

import math
import re

import click

UNITS = {"": 1.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "m": 60.0, "min": 60.0, "h": 3600.0}
"""Seconds of each."""
DURATION = re.compile(rf"(\d+\.?\d*|\.\d+)\s*({'|'.join(filter(None, UNITS))}|)", re.ASCII)


class Duration(click.ParamType[float]):
    """A duration, in seconds; without a unit it is one."""

    name = "duration"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds of some text."""
        if not isinstance(value, str):
            return float(value)
        match = DURATION.fullmatch(value.strip())
        seconds = float(match[1]) * UNITS[match[2]] if match else math.nan
        if not 0 < seconds < math.inf:
            self.fail(f"{value!r} is no duration; one looks like 2, 0.5, 500ms or 1m", param, ctx)
        return seconds


DURATION_TYPE = Duration()
