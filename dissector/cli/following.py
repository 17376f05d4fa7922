"""``read --follow``: a capture that another program is still writing."""

from __future__ import annotations

from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from dissector.capture.formats import not_opened
from dissector.capture.growing import Growing
from dissector.capture.stream import scan
from dissector.cli.endings import ENDINGS
from dissector.errors import CaptureError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dissector.capture.stream import Scan


def contradiction(files: tuple[str, ...], idle_ns: int | None, *, follow: bool) -> str | None:
    """Return what is wrong about what is to be followed; None if nothing is."""
    if not follow:
        return None if idle_ns is None else "--idle is about --follow"
    if len(files) > 1:
        return "--follow reads one capture: it has no end after which another could come"
    return (
        "--follow needs the name of a file; standard input is read until it ends anyway"
        if files == ("-",)
        else None
    )


@contextmanager
def followed(file: str, idle_ns: int | None, **options: Any) -> Iterator[Callable[[], Scan]]:
    """Hold what opens a capture that grows; the first signal makes what is there then all of it.

    Args:
        file: its name.
        idle_ns: nanoseconds without anything new after which it ends; None for no end.
        options: for :func:`~dissector.capture.stream.scan`.

    Raises:
        CaptureError: it cannot be opened.
    """
    try:
        growing = Growing(file, idle_ns)
    except OSError as error:
        raise CaptureError(not_opened(file, error)) from error
    with closing(growing), ENDINGS.instead(growing.stop, ordinary=True):
        yield partial(scan, cast("BinaryIO", growing), **options)
