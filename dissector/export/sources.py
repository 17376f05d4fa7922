"""Some captures as one source of batches, which can be read again."""

from __future__ import annotations

import shutil
import sys
import tempfile
from contextlib import closing
from typing import TYPE_CHECKING

from dissector.capture.account import Account
from dissector.capture.formats import open_capture
from dissector.capture.stream import Scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import BinaryIO, Self

    from dissector.batch import Batch

STDIN = "-"


class Captures:
    """Some captures, one after another. A context manager, for the copy of standard input.

    Args:
        files: their names; ``-`` for standard input.
        reassemble: as in :func:`dissector.scan`, as is the next.
        tunnels: see there.
        again: whether they may be read more than once; standard input is copied to a temporary file then.
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
        self._copy: BinaryIO | None = None

    def __enter__(self) -> Self:
        """Return the captures themselves."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the copy of standard input."""
        if self._copy is not None:
            self._copy.close()

    def each(self) -> Iterator[Iterator[Batch]]:
        """Read all of them, from the start, one after another.

        Raises:
            CaptureError: one of them is no capture.
        """
        self.account = account = Account()
        self.complete = False
        for file in self.files:
            reading = self._scan(file)
            with closing(reading):
                try:
                    yield self._watched(reading)
                finally:
                    account.add(reading.account)
        self.complete = True

    def batches(self) -> Iterator[Batch]:
        """Read all of them, from the start, as one."""
        for batches in self.each():
            yield from batches

    def _scan(self, file: str) -> Scan:
        if file != STDIN or not self._again:
            return Scan(open_capture(file), file, **self._options)
        if self._copy is None:
            self._copy = tempfile.TemporaryFile()  # noqa: SIM115 - __exit__ closes it
            shutil.copyfileobj(sys.stdin.buffer, self._copy)
        self._copy.seek(0)
        return Scan(open_capture(self._copy), file, **self._options)
