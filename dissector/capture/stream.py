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

from dissector.batch import Batch, Origin
from dissector.capture.account import Account, Capture
from dissector.capture.formats import open_capture
from dissector.capture.fragments import Reassembler
from dissector.capture.scanner import Scanner
from dissector.kernel import BACKEND, layers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike
    from types import TracebackType
    from typing import BinaryIO, Self

    from dissector.capture.records import Block, Reader, Report

_LASTING = np.uint16(0xFFFF & ~(layers.PENDING | layers.BARE))
"""The flags of a message that have a meaning beyond this module."""
_COUNTED = layers.REASSEMBLED | layers.TRUNCATED | layers.SHORT
_IP = frozenset({layers.STEP_NAMES[layers.IPV4], layers.STEP_NAMES[layers.IPV6]})


def scan(  # noqa: PLR0913 - the options of a scan
    file: str | PathLike[str] | BinaryIO,
    *,
    tunnels: bool = True,
    reassemble: bool = True,
    strict: bool = False,
    passing: bool = False,
    probes: int = 0,
) -> Scan:
    """Open a capture and return its ICMP messages as a stream of batches.

    Args:
        file: a path, ``-`` for standard input, or a binary file; compressed or not.
        tunnels: whether to look into tunnels.
        reassemble: whether to put fragments together; without, a first fragment is a message by itself.
        strict: whether damage is an error.
        passing: whether a batch is good only until the next one is asked for: it saves memory that is new each time.
        probes: batches have the datagrams of UDP and TCP too that may be probes of a traceroute (``Batch.probes``),
            which have no more hops left than this: then there are batches without a message. With 0 there are none.

    Raises:
        CaptureError: it cannot be opened, or is not a capture.
        TruncatedCaptureError: while iterating, if ``strict`` and it is damaged.
    """
    reader = open_capture(file, strict=strict)
    name = os.fspath(file) if isinstance(file, str | os.PathLike) else str(getattr(file, "name", "-"))
    return Scan(reader, name, tunnels=tunnels, reassemble=reassemble, passing=passing, probes=probes)


class Scan:
    """The ICMP messages of one capture, batch by batch; iterate over it once.

    A context manager that closes the file; one that is dropped half way closes it too.

    Attributes:
        origin: the file, as the batches name it.
    """

    def __init__(  # noqa: PLR0913 - the options of a scan
        self,
        reader: Reader,
        file: str,
        *,
        tunnels: bool = True,
        reassemble: bool = True,
        passing: bool = False,
        probes: int = 0,
    ) -> None:
        self.origin = Origin(file, reader.format, reader.interfaces)
        self._reader = reader
        self._messages = Messages(
            self.origin, tunnels=tunnels, reassemble=reassemble, passing=passing, probes=probes
        )
        self._close = weakref.finalize(self, reader.close)

    def __iter__(self) -> Iterator[Batch]:
        """Hand out batches of at least one message, or probe, and of hardly more than a block has packets."""
        for batches in self.blocks():
            yield from batches

    def blocks(self) -> Iterator[Iterator[Batch]]:
        """Hand out the batches block by block, and what is left at the end as if it were one more."""
        with self._reader:
            for block in self._reader:
                yield self._messages.of(block)
            yield self._messages.finish()

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
    def progress(self) -> tuple[int, int] | None:
        """Octets read so far, and octets altogether; None where that is not known."""
        return self._reader.progress

    @property
    def account(self) -> Account:
        """What was read so far, and what it turned out to be; complete after the last batch."""
        return self._messages.account(self._reader.report)


class Messages:
    """The ICMP messages in blocks of packets of one origin: scanned, their fragments put together, and counted.

    Args:
        origin: where the packets are from.
        tunnels: as for :func:`scan`.
        reassemble: as for :func:`scan`.
        passing: whether a batch is good only until the next block.
        probes: as for :func:`scan`.
    """

    def __init__(
        self, origin: Origin, *, tunnels: bool, reassemble: bool, passing: bool = False, probes: int = 0
    ) -> None:
        self._origin = origin
        self._scanner = Scanner(
            origin, tunnels=tunnels, reassemble=reassemble, passing=passing, probes=probes
        )
        self._mender = Mender(self._scanner)
        self._tally = Tally()

    def of(self, block: Block) -> Iterator[Batch]:
        """Yield the messages of a block, and those that its fragments make whole."""
        for batch in self._scanner.scan(block):
            yield from map(self._tally.counted, self._mender.mend(batch))
        yield from self.pass_time(int(block.records.time_ns[block.count - 1]))

    def pass_time(self, time_ns: int) -> Iterator[Batch]:
        """Yield what is left of datagrams that have been waited for long enough, if there is anything."""
        yield from map(self._tally.counted, self._mender.pass_time(time_ns))

    def finish(self) -> Iterator[Batch]:
        """Yield what is left of all datagrams that are still waited for, if there is anything."""
        yield from map(self._tally.counted, self._mender.finish())

    def account(self, report: Report) -> Account:
        """Return what the packets so far turned out to be."""
        account = Account.of(self._scanner, BACKEND)
        link_types = dict.fromkeys(interface.link_type for interface in self._origin.interfaces)
        account.captures.append(Capture(self._origin.file, self._origin.format, tuple(link_types), report))
        account.packets = report.packets
        self._tally.tell(account)
        self._mender.tell(account)
        return account


class Tally:
    """Counts messages for an account; named as there."""

    def __init__(self) -> None:
        self.messages = self.icmpv6 = self.reassembled = self.truncated = self.short = 0

    def counted(self, batch: Batch) -> Batch:
        """Count the messages of a batch, and return it."""
        self.messages += len(batch)
        self.icmpv6 += int(np.count_nonzero(batch.family == 6))  # noqa: PLR2004 - as in batches
        if np.bitwise_or.reduce(batch.flags) & _COUNTED:
            self.reassembled += int(np.count_nonzero(batch.flags & layers.REASSEMBLED))
            self.truncated += int(np.count_nonzero(batch.flags & layers.TRUNCATED))
            self.short += int(np.count_nonzero(batch.flags & layers.SHORT))
        return batch

    def tell(self, account: Account) -> None:
        """Add the counts to an account."""
        for name, count in vars(self).items():
            setattr(account, name, getattr(account, name) + count)


class _First:
    """The packet of a first fragment whose datagram is waited for."""

    __slots__ = ("batch", "row")

    def __init__(self, batch: Batch, row: int) -> None:
        self.batch = batch
        self.row = row

    def detach(self) -> None:
        """Hold the one packet instead of the whole batch it came in."""
        self.batch, self.row = self.batch.take([self.row]), 0

    @property
    def bare(self) -> bool:
        """Whether no message is known to begin in it: what it carries is a tunnel."""
        return bool(self.batch.flags[self.row] & layers.BARE)


class Mender:
    """Takes fragments out of batches and puts in the datagrams that they make.

    Attributes:
        reassembler: where the fragments wait.
    """

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._before: dict[int, tuple[str, ...]] = {}
        self.reassembler: Reassembler[_First] = Reassembler()

    def mend(self, batch: Batch) -> Iterator[Batch]:
        """Yield a batch with its fragments replaced by what became of them; nothing if nothing is left."""
        if not is_pending(batch):
            if len(batch) or len(batch.probes):
                yield batch
            return
        pending = batch.flags & layers.PENDING != 0
        found: list[Batch] = []
        self._take_in(batch, found)
        stay = ~pending
        for first in self._abandoned():
            if first.batch is batch and not first.bare:
                stay[first.row] = True
            elif len(message := self._message(first)):
                found.append(message)
        for first in self.reassembler.held():
            if first.batch is batch:
                first.detach()
        found.append(_alone(_stretch(batch, stay)))
        yield from _joined(found)

    def pass_time(self, time_ns: int) -> Iterator[Batch]:
        """Yield what is left of datagrams that have been waited for long enough, if there is anything."""
        self.reassembler.expire(time_ns)
        yield from _joined([self._message(first) for first in self._abandoned()])

    def tell(self, account: Account) -> None:
        """Put into an account what did not become whole."""
        account.unfinished = self.reassembler.unfinished
        account.overlapping = self.reassembler.overlapping
        account.refused = self.reassembler.refused

    def finish(self) -> Iterator[Batch]:
        """Yield what is left of all datagrams that are still waited for, if there is anything."""
        self.reassembler.finish()
        yield from _joined([self._message(first) for first in self._abandoned()])

    def _abandoned(self) -> list[_First]:
        abandoned, self.reassembler.abandoned = self.reassembler.abandoned, []
        return abandoned

    def _take_in(self, batch: Batch, found: list[Batch]) -> None:
        """Hand the fragments of a batch to the reassembler; add the messages that become whole to a list."""
        rows = np.flatnonzero(batch.flags & layers.PENDING)
        columns = (batch.ip, batch.frame_end, batch.path, batch.time_ns)
        octets = batch.octets.data
        for row, start, end, path, time_ns in zip(
            rows.tolist(), *(column[rows].tolist() for column in columns), strict=True
        ):
            around = self._around(path, batch.paths)
            datagram = self.reassembler.add(bytes(octets[start:end]), around, time_ns, _First(batch, row))
            if datagram is None:
                continue
            message = self._scanner.datagram(datagram.octets, batch, row)
            message.flags |= layers.OVERLAP if datagram.overlap else batch.flags[row] & layers.OVERLAP
            # Fragments within fragments come to an end: each has a longer path, and the scanner bounds paths.
            if (message.flags & layers.PENDING).any():
                self._take_in(message, found)
            elif len(message):
                found.append(message)

    def _around(self, path: int, paths: list[tuple[str, ...]]) -> tuple[str, ...]:
        """Return the steps before the last IP header of a path; behind it there may be authentication."""
        if path not in self._before:
            steps = paths[path]
            last = max((at for at, step in enumerate(steps) if step in _IP), default=0)
            self._before[path] = steps[:last]
        return self._before[path]

    def _message(self, first: _First) -> Batch:
        """Return the message that begins in a first fragment; an empty batch if none does."""
        batch, row = first.batch, first.row
        if not first.bare:
            return _alone(batch.take([row]))
        start, end, header = int(batch.frame_start[row]), int(batch.frame_end[row]), int(batch.ip[row])
        message = self._scanner.datagram(batch.octets[header:end].tobytes(), batch, row, alone=True)
        # Its frame is here, link layer and all, unlike that of a datagram put together.
        message.octets = batch.octets[start:end].copy()
        message.frame_end += header - start
        message.ip += header - start
        message.icmp += header - start
        return message


def is_pending(batch: Batch) -> bool:
    """Whether there are fragments among the rows of a batch, for a :class:`Mender`."""
    return bool(np.bitwise_or.reduce(batch.flags) & layers.PENDING)


def _joined(batches: list[Batch]) -> Iterator[Batch]:
    filled = [batch for batch in batches if len(batch) or len(batch.probes)]
    if filled:
        yield Batch.join(filled)


def _alone(batch: Batch) -> Batch:
    """Make messages of first fragments that are still pending, in place; return the batch.

    The scanner has flagged them as fragments and left their checksums unverified.
    """
    batch.flags &= _LASTING
    return batch


def _stretch(batch: Batch, rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Batch:
    """Return some rows: with octets of their own, or, when they are most of them, with those of the batch."""
    if 2 * np.count_nonzero(rows) < len(rows):
        return batch.take(rows)
    return batch[rows]
