"""A bar on stderr while something takes long, on a terminal only."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeVar

    T = TypeVar("T")

PATIENCE = 1.0
"""Seconds after which a bar is shown."""


def watched(things: Iterable[T], progress: Callable[[], tuple[int, int] | None], label: str) -> Iterator[T]:
    """Yield what is given, and show how far it is: where stderr is a terminal and stdout is not.

    Args:
        things: what takes long to come.
        progress: how much is done, of how much; None while that is not known.
        label: what is being done.
    """
    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield from things
        return
    begun = time.monotonic()
    with _bar(label) as show:
        for thing in things:
            yield thing
            if time.monotonic() - begun > PATIENCE:
                show(progress())


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
