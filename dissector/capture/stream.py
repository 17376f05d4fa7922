"""A capture as a stream of batches, with its fragments put together.

Memory does not grow with the capture: a block of it is in hand at a time, and the fragments that are waited
for have a bound (:mod:`dissector.capture.fragments`).

Order: within a batch, messages ascend by frame; a datagram put together stands in the frame of its last
fragment. Batches follow each other in the order of the file, but for one thing: a first fragment whose
datagram is given up is a message by itself, with the frame in which it was captured, and comes in the batch
of the moment when it is given up: a minute later in capture time, at the end, or when too many are waited
for.
"""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING

import numpy as np

from dissector.batch import DTYPES, Batch, Origin
from dissector.capture import layers
from dissector.capture.account import Account, Capture
from dissector.capture.formats import open_capture
from dissector.capture.fragments import Reassembler
from dissector.capture.kernel import BACKEND
from dissector.capture.scanner import Scanner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike
    from types import TracebackType
    from typing import BinaryIO, Self

    from dissector.capture.records import Block, Reader


_IP = frozenset({layers.STEP_NAMES[layers.IPV4], layers.STEP_NAMES[layers.IPV6]})


def scan(
    file: str | PathLike[str] | BinaryIO,
    *,
    tunnels: bool = True,
    reassemble: bool = True,
    strict: bool = False,
) -> Scan:
    """Open a capture and return its ICMP messages as a stream of batches.

    Args:
        file: a path, ``-`` for standard input, or a binary file; compressed or not.
        tunnels: whether to look into tunnels.
        reassemble: whether to put fragments together; without, a first fragment is a message by itself.
        strict: whether damage is an error.

    Raises:
        CaptureError: it cannot be opened, or is not a capture.
        TruncatedCaptureError: while iterating, if ``strict`` and it is damaged.
    """
    reader = open_capture(file, strict=strict)
    name = os.fspath(file) if isinstance(file, str | os.PathLike) else str(getattr(file, "name", "-"))
    return Scan(reader, name, tunnels=tunnels, reassemble=reassemble)


class Scan:
    """The ICMP messages of one capture, batch by batch; iterate over it once.

    A context manager that closes the file; one that is dropped half way closes it too.

    Attributes:
        origin: the file, as the batches name it.
    """

    def __init__(self, reader: Reader, file: str, *, tunnels: bool = True, reassemble: bool = True) -> None:
        self.origin = Origin(file, reader.format, reader.interfaces)
        self._reader = reader
        self._scanner = Scanner(self.origin, tunnels=tunnels, reassemble=reassemble)
        self._mender = Mender(self._scanner)
        self._messages = self._truncated = self._short = 0
        self._close = weakref.finalize(self, reader.close)

    def __iter__(self) -> Iterator[Batch]:
        """Hand out batches of at least one message, and of hardly more than a block has packets."""
        with self._reader:
            for block in self._reader:
                yield from map(self._counted, self._batches(block))
            yield from map(self._counted, self._mender.finish())

    def __enter__(self) -> Self:
        """Return the scan itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file; again does nothing."""
        self._close()

    @property
    def account(self) -> Account:
        """What was read so far, and what it turned out to be; complete after the last batch."""
        account = Account.of(self._scanner, BACKEND)
        report = self._reader.report
        link_types = dict.fromkeys(interface.link_type for interface in self.origin.interfaces)
        account.captures.append(Capture(self.origin.file, self.origin.format, tuple(link_types), report))
        account.packets = report.packets
        account.messages, account.truncated, account.short = self._messages, self._truncated, self._short
        fragments = self._mender.reassembler
        account.reassembled = fragments.completed
        account.unfinished = fragments.unfinished
        account.overlapping = fragments.overlapping
        account.refused = fragments.refused
        return account

    def _batches(self, block: Block) -> Iterator[Batch]:
        for batch in self._scanner.scan(block):
            yield from self._mender.mend(batch)
        yield from self._mender.pass_time(int(block.records.time_ns[block.count - 1]))

    def _counted(self, batch: Batch) -> Batch:
        self._messages += len(batch)
        self._truncated += int(np.count_nonzero(batch.flags & layers.TRUNCATED))
        self._short += int(np.count_nonzero(batch.flags & layers.SHORT))
        return batch


class _First:
    """A message that begins in a first fragment whose datagram is waited for."""

    __slots__ = ("batch", "row")

    def __init__(self, batch: Batch, row: int) -> None:
        self.batch = batch
        self.row = row

    def detach(self) -> None:
        """Hold the one packet instead of the whole batch it came in."""
        self.batch, self.row = self.batch.take([self.row]), 0


class Mender:
    """Takes fragments out of batches and puts in the datagrams that they make.

    Attributes:
        reassembler: where the fragments wait.
    """

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self.reassembler: Reassembler[_First] = Reassembler()

    def mend(self, batch: Batch) -> Iterator[Batch]:
        """Yield a batch with its fragments replaced by what became of them; nothing if nothing is left."""
        pending = batch.flags & layers.PENDING != 0
        if not pending.any():
            if len(batch):
                yield batch
            return
        whole: list[Batch] = []
        self._take_in(batch, whole)
        stay = ~pending
        for first in self._abandoned():
            if first.batch is batch:
                stay[first.row] = True
            else:
                whole.append(_alone(first.batch))
        for first in self.reassembler.held():
            if first.batch is batch:
                first.detach()
        if stay.any():
            whole.append(_alone(_stretch(batch, stay)))
        if whole:
            yield Batch.join(whole)

    def pass_time(self, time_ns: int) -> Iterator[Batch]:
        """Yield what is left of datagrams that have been waited for long enough, if there are any."""
        self.reassembler.expire(time_ns)
        yield from self._left()

    def finish(self) -> Iterator[Batch]:
        """Yield what is left of all datagrams that are still waited for, if there are any."""
        self.reassembler.finish()
        yield from self._left()

    def _left(self) -> Iterator[Batch]:
        left = [_alone(first.batch) for first in self._abandoned()]
        if left:
            yield Batch.join(left)

    def _abandoned(self) -> list[_First]:
        abandoned, self.reassembler.abandoned = self.reassembler.abandoned, []
        return abandoned

    def _take_in(self, batch: Batch, whole: list[Batch]) -> None:
        """Hand the fragments of a batch to the reassembler; add the messages that become whole to a list."""
        for row in np.flatnonzero(batch.flags & layers.PENDING).tolist():
            flags = int(batch.flags[row])
            datagram = self.reassembler.add(
                batch.octets[batch.ip[row] : batch.frame_end[row]].tobytes(),
                _around(batch.paths[batch.path[row]]),
                int(batch.time_ns[row]),
                None if flags & layers.BARE else _First(batch, row),
            )
            if datagram is None:
                continue
            found = self._scanner.datagram(datagram.octets, batch, row)
            found.flags |= layers.OVERLAP if datagram.overlap else flags & layers.OVERLAP
            # A fragment within: its path is longer, and the scanner ends all paths.
            if (found.flags & layers.PENDING).any():
                self._take_in(found, whole)
            elif len(found):
                whole.append(found)


def _around(path: tuple[str, ...]) -> tuple[str, ...]:
    """Return the steps before the last IP header of a path; behind it there may be authentication."""
    at = len(path)
    while at and path[at - 1] not in _IP:
        at -= 1
    return path[: max(at - 1, 0)]


def _alone(batch: Batch) -> Batch:
    """Make messages of first fragments that are still pending, in place; return the batch."""
    pending = batch.flags & layers.PENDING != 0
    batch.flags[pending] = batch.flags[pending] & ~(layers.PENDING | layers.BARE) | layers.FRAGMENT
    batch.checksum_status[pending] = layers.UNVERIFIED
    return batch


def _stretch(batch: Batch, rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Batch:
    """Return some rows: with octets of their own, or, when they are most of them, with those of the batch."""
    if 2 * np.count_nonzero(rows) < len(rows):
        return batch.take(rows)
    return Batch(
        batch.octets, {name: getattr(batch, name)[rows] for name in DTYPES}, batch.paths, batch.origin
    )
