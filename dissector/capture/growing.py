"""A capture that is read while another program writes it: at its end, reading waits for more."""

from __future__ import annotations

import errno
import io
import os
import stat
import time
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PERIOD: Final = 0.1
"""Seconds between two looks at the end of the file."""
SECOND: Final = 1_000_000_000


class Growing(io.RawIOBase):
    """A file whose end is waited for; for :func:`dissector.scan`, as any binary file.

    Args:
        path: the file.
        idle_ns: nanoseconds without anything new after which this is its end; None to wait until :meth:`stop`.

    Attributes:
        name: the path.

    Raises:
        OSError: it cannot be opened.
    """

    def __init__(self, path: str, idle_ns: int | None = None) -> None:
        self.name = path
        self._idle = None if idle_ns is None else idle_ns / SECOND
        self._number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._read = 0
        self._stopping = False
        self._end: int | None = None

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill a buffer with what is there; wait where nothing is. Return how many octets, 0 at the end.

        Raises:
            OSError: it was cut or removed, or another file has its name now, as where files are rotated.
        """
        view = memoryview(buffer).cast("B")
        last = time.monotonic()
        while True:
            if self._stopping and self._end is None:
                self._end = os.fstat(self._number).st_size
            room = len(view) if self._end is None else self._end - self._read
            lost = self._lost()  # before it is read: what came until then is wanted
            got = os.readv(self._number, [view[: max(room, 0)]])
            self._read += got
            if got or self._end is not None:
                return got
            if lost:
                _refuse(lost)
            if self._idle is not None and time.monotonic() - last >= self._idle:
                return 0
            time.sleep(PERIOD)

    def stop(self) -> None:
        """Let what is there now be all; may be called from a signal handler."""
        self._stopping = True

    def close(self) -> None:
        """Close the file; again does nothing."""
        if not self.closed:
            os.close(self._number)
        super().close()

    def _lost(self) -> str:
        """Return why nothing more will come, as a clause; empty where it may."""
        held = os.fstat(self._number)
        if not stat.S_ISREG(held.st_mode):
            return ""
        if held.st_size < self._read:
            return f"it was cut to {held.st_size} octets"
        try:
            named = os.stat(self.name)  # noqa: PTH116 - a name as the shell has it
        except OSError:
            return "it was removed"
        return "" if os.path.samestat(held, named) else "another file has its name now"


def _refuse(reason: str) -> NoReturn:
    raise OSError(errno.ESTALE, reason)
