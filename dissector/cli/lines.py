"""Lines on their way to a file or a program, none of which is left half written: by a full disk, or by a signal."""

from __future__ import annotations

import io
import os
import select
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from dissector.cli.endings import ENDINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import ReadableBuffer

STEP: Final = 1 << 16
"""Octets written at a time: after a signal there are no more than these, and the rest of a line."""
NEW_LINE: Final = 10


class Lines(io.RawIOBase):
    """A stream of octets that holds nothing back, and ends where a line ends.

    Args:
        number: the file descriptor.
        name: what people know it by.
    """

    def __init__(self, number: int, name: str) -> None:
        self.name = name
        self._number = number
        self._regular = stat.S_ISREG(os.fstat(number).st_mode)

    def writable(self) -> bool:
        """Return that it can be written."""
        return True

    def fileno(self) -> int:
        """Return the file descriptor."""
        return self._number

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return os.isatty(self._number)

    def write(self, octets: ReadableBuffer, /) -> int:
        """Write whole lines, all of them; return how many octets they have.

        Raises:
            OSError: there is no room; nothing is left there of the line that did not fit.
            BrokenPipeError: nobody reads it any more.
            Ended: a signal has come; the line it came in is written.
        """
        view = memoryview(octets).cast("B")
        done, end = 0, len(view)
        with ENDINGS.held():
            while done < end:
                try:
                    done += os.write(self._number, view[done : min(end, done + STEP)])
                except BlockingIOError:  # who shares it has made it so
                    select.select([], [self._number], [])
                except BrokenPipeError:
                    raise
                except OSError as error:
                    self._take_back(view[:done])
                    reason = f"{error.strerror}; what was written before is whole up to its last line"
                    raise OSError(error.errno, reason, self.name) from error
                if ENDINGS.pending:
                    end = end_of_line(view, done)
        return len(view)

    def _take_back(self, written: memoryview) -> None:
        """Take back what is at the end of a file and no line."""
        size = os.fstat(self._number).st_size
        if self._regular and size == os.lseek(
            self._number, 0, os.SEEK_CUR
        ):  # nobody else has written behind it
            whole = size - len(written) + bytes(written).rfind(b"\n") + 1
            os.ftruncate(self._number, whole)
            os.lseek(self._number, whole, os.SEEK_SET)


@contextmanager
def appended(path: str) -> Iterator[Lines]:
    """Open a file to write lines at its end.

    Raises:
        OSError: it cannot be opened.
    """
    number = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        yield Lines(number, path)
    finally:
        os.close(number)


def end_of_line(view: memoryview, at: int) -> int:
    """Return where the line ends that is written up to ``at``."""
    while at < len(view) and (not at or view[at - 1] != NEW_LINE):
        at += 1
    return at
