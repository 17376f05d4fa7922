"""Some captures as one source of batches, which can be read again."""

from __future__ import annotations

import shutil
import sys
import tempfile
from contextlib import ExitStack, closing, nullcontext
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING

from dissector.capture.account import Account
from dissector.capture.formats import open_capture
from dissector.capture.gathering import gathered
from dissector.capture.stream import Scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Self

    from dissector.batch import Batch
    from dissector.capture.records import Reader

STDIN = "-"


class Captures:
    """Some captures, one after another. A context manager, which looks at all of them before one is read.

    Args:
        files: their names; ``-`` for standard input.
        reassemble: as in :func:`dissector.scan`, as is the next.
        tunnels: see there.
        again: whether they may be read more than once; pipes are copied to temporary files then.
        watched: iterates over one of them; it may show how far that is.

    Attributes:
        account: what the reading that is under way, or was the last, has found so far.
        complete: whether that has come to the end.
    """

    def __init__(
        self,
        files: tuple[str, ...],
        *,
        reassemble: bool = True,
        tunnels: bool = True,
        again: bool = False,
        watched: Callable[[Scan], Iterator[Batch]] = iter,
    ) -> None:
        self.files = files
        self.account = Account()
        self.complete = False
        self._options = {"reassemble": reassemble, "tunnels": tunnels}
        self._again = again
        self._watched = watched
        self._temporary = ExitStack()
        self._copies: dict[str, Path] = {}

    def __enter__(self) -> Self:
        """Open each of them once, but for pipes that can be read only once; return the captures themselves.

        Raises:
            CaptureError: one of them is no capture.
        """
        with ExitStack() as temporary:
            self._temporary = temporary
            for file in self.files:
                if self._again or not piped(file):
                    self._open(file).close()
            self._temporary = temporary.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the copies of pipes."""
        self._temporary.close()

    def each(self, *, at_once: bool = False) -> Iterator[Iterator[Batch]]:
        """Read all of them, from the start, one after another.

        Args:
            at_once: whether small batches do not wait for others.

        Raises:
            CaptureError: one of them is no capture.
        """
        self.account = account = Account()
        self.complete = False
        for file in self.files:
            reading = self._scan(file)
            with closing(reading):
                try:
                    batches = self._watched(reading)
                    yield batches if at_once else gathered(batches)
                finally:
                    account.add(reading.account)
        self.complete = True

    def batches(self, *, at_once: bool = False) -> Iterator[Batch]:
        """Read all of them, from the start, as one; as for :meth:`each`."""
        for batches in self.each(at_once=at_once):
            yield from batches

    def _scan(self, file: str) -> Scan:
        return Scan(self._open(file), file, **self._options)

    def _open(self, file: str) -> Reader:
        """Open a capture; a pipe that may be read again, as its copy."""
        if not (self._again and piped(file)):
            return open_capture(file)
        if file not in self._copies:
            self._copies[file] = self._copied(file)
        # A file object for each time: two tables may be read at once.
        octets = self._temporary.enter_context(FileIO(self._copies[file]))
        octets.name = "standard input" if file == STDIN else file
        return open_capture(octets)

    def _copied(self, pipe: str) -> Path:
        """Return a temporary file with what comes from a pipe."""
        folder = self._temporary.enter_context(tempfile.TemporaryDirectory(prefix="dissector-"))
        copy = Path(folder, "capture")
        with (
            nullcontext(sys.stdin.buffer) if pipe == STDIN else Path(pipe).open("rb") as octets,
            copy.open("wb") as out,
        ):
            shutil.copyfileobj(octets, out)
        return copy


def piped(file: str) -> bool:
    """Return whether a file is a pipe, which cannot be read twice."""
    try:
        return file == STDIN or Path(file).is_fifo()
    except OSError:
        return False
