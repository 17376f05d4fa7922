"""Some captures as one source of batches, which can be read again."""

from __future__ import annotations

import shutil
import sys
import tempfile
from contextlib import closing, nullcontext
from typing import TYPE_CHECKING

from dissector.capture.account import Account
from dissector.capture.formats import open_capture
from dissector.capture.parallel import Workers
from dissector.capture.stream import Scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import BinaryIO, Self

    from dissector.batch import Batch

STDIN = "-"


class Captures:
    """Some captures, one after another. A context manager, for the copy of standard input.

    Several processes only read: what is made of the messages depends on those before, and is made here.

    Args:
        files: their names; ``-`` for standard input.
        reassemble: as in :func:`dissector.scan`, as is the next.
        tunnels: see there.
        again: whether they may be read more than once; standard input is copied to a temporary file then.
        jobs: processes that read.

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
        jobs: int = 1,
    ) -> None:
        self.files = files
        self.account = Account()
        self.complete = False
        self._options = {"reassemble": reassemble, "tunnels": tunnels}
        self._again = again
        self._jobs = jobs
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
        with Workers(self._jobs, as_it_is) if self._jobs > 1 else nullcontext() as workers:
            opened = (
                map(self._scan, self.files)
                if workers is None
                else (opening() for opening in workers.read_all(self.files, **self._options))
            )
            for reading in opened:
                with closing(reading):
                    try:
                        yield iter(reading)
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


def as_it_is() -> Callable[[Batch], Batch]:
    """Return what returns a batch."""
    return lambda batch: batch
