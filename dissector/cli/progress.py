"""A bar on stderr while something takes long, on a terminal only."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T_co = TypeVar("T_co", covariant=True)

PATIENCE = 1.0
"""Seconds after which a bar is shown."""


class Reading(Protocol[T_co]):
    """What is read and knows how far it is, as :class:`~dissector.capture.stream.Scan` does."""

    def __iter__(self) -> Iterator[T_co]:
        """Hand out what is read."""

    @property
    def progress(self) -> tuple[int, int] | None:
        """Octets read so far, and altogether; None where that is not known."""


def watched(reading: Reading[T_co], *, beside: bool = False) -> Iterator[T_co]:
    """Yield what is read, and show how far that is: where stderr is a terminal and stdout is not.

    Args:
        reading: what takes long to come.
        beside: whether stdout may be a terminal, too: nothing is written there meanwhile.
    """
    if not sys.stderr.isatty() or (sys.stdout.isatty() and not beside):
        yield from reading
        return
    begun = time.monotonic()
    with _bar("reading") as show:
        for thing in reading:
            yield thing
            if time.monotonic() - begun > PATIENCE:
                show(reading.progress)


@contextmanager
def _bar(label: str) -> Iterator[Callable[[tuple[int, int] | None], None]]:
    """Give what draws the bar, from when it is first called; leave the line empty."""
    bar = None

    def show(state: tuple[int, int] | None) -> None:
        nonlocal bar
        if state is None:
            return
        if bar is None:
            bar = click.progressbar(length=state[1], label=label, file=sys.stderr, width=30)
        bar.update(min(state[0], state[1]) - bar.pos)

    try:
        yield show
    finally:
        if bar is not None:
            click.echo("\r\x1b[K", nl=False, err=True)
