"""Durations and sizes as people write them: ``500ms``, ``60s``, ``1h``; ``64KiB``, ``100MiB``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from dissector.present.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

NUMBER = re.compile(r"(\d+(?:\.\d+)?) ?([A-Za-z]*)")
DURATIONS = {"ms": 10**6, "s": 10**9, "": 10**9, "min": 60 * 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
"""Nanoseconds of each unit; a number alone is seconds."""
SIZES = {
    "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "k": 2**10, "K": 2**10, "KiB": 2**10, "M": 2**20, "MiB": 2**20, "G": 2**30, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip
"""Octets of each unit; a number alone is refused, for programs differ in what it means."""


def duration(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Return the nanoseconds of a duration."""
    return (
        None if value is None else _amount(ctx, param, value, DURATIONS, "duration, such as 500ms, 60s or 1h")
    )


def size(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Return the octets of a size."""
    return None if value is None else _amount(ctx, param, value, SIZES, "size, such as 64KiB or 100MiB")


def _amount(
    ctx: click.Context, param: click.Parameter, value: str, units: Mapping[str, int], wanted: str
) -> int:
    """Return a number with a unit as a whole number of the smallest unit, at least 1."""
    found = NUMBER.fullmatch(value.strip())
    if found is not None and found[2] in units:
        whole, _, part = found[1].partition(".")
        unit = units[found[2]]
        amount = int(whole) * unit + (int(part) * unit // 10 ** len(part) if part else 0)
        if amount:
            return amount
    message = f"{printable(value)!r} is no {wanted}"
    raise click.BadParameter(message, ctx, param)
