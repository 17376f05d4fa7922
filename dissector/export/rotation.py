"""Packets of a live capture as pcapng: one file, or one after another, limited in size, time and number.

Nothing is held back: what has been handed over is in the file, whole packets in one write each time. So a file can be
read while it grows, and whatever ends the program leaves a file that is whole up to its last packet.
"""

from __future__ import annotations

import os
import stat
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dissector.errors import DissectError
from dissector.export.captures import (
    ROOM,
    SNAPLEN,
    Packets,
    Written,
    interface_description,
    interface_statistics,
    section_header,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from dissector.capture.records import Block, Interface

    Counts = Callable[[], Sequence[tuple[int, int]]]

STDOUT = 1


class RecordingError(DissectError):
    """A file of packets cannot be made, or not be gone on with."""


class Limits(NamedTuple):
    """When the next file begins, and how many stay.

    Attributes:
        size: octets of a file at most; None for no limit. A packet that is larger gets a file of its own.
        time_ns: a file ends before the first packet that came so long after its first; None for no limit.
        keep: files that stay, the newest; None for all.
    """

    size: int | None = None
    time_ns: int | None = None
    keep: int | None = None

    @property
    def one_file(self) -> bool:
        """Whether there is nothing that would begin another file."""
        return self.size is None and self.time_ns is None


NO_LIMITS = Limits()


class Recorder:
    """Blocks of packets → files.

    Args:
        path: the file; with limits, a number and the time (UTC) are put before its ending. None for stdout.
        interfaces: what the packets came by; may grow.
        counts: what gives packets received and dropped so far, a pair for each interface or one for all together.
        limits: when the next file begins.

    Attributes:
        packets: packets written, to all files.

    Raises:
        RecordingError: the file cannot be made.
    """

    def __init__(
        self, path: Path | None, interfaces: list[Interface], counts: Counts, limits: Limits = NO_LIMITS
    ) -> None:
        self.path = path
        self.interfaces = interfaces
        self.counts = counts
        self.limits = limits
        self.packets = 0
        self._begun: int | None = None
        self._failed = False
        self._number = 0
        self._kept: deque[Path] = deque()
        self._written = Written(enhanced=True)
        self._open(time.time_ns())

    def write(self, block: Block, last_frame: int | None = None) -> None:
        """Write the packets of a block, all or those up to a frame.

        Raises:
            RecordingError: there is no room, or whatever else; the file is whole up to the packet before.
            BrokenPipeError: it is stdout, and nobody reads it any more.
        """
        packets = Packets.of_block(block)
        count = packets.count
        if last_frame is not None:
            count = min(count, last_frame - block.first_frame + 1)
        times = block.records.time_ns
        self._describe()
        row = 0
        while row < count:
            stop = count
            begun = int(times[row]) if self._begun is None else self._begun
            if self.limits.time_ns is not None:
                late = np.flatnonzero(times[row:count] - begun >= self.limits.time_ns)
                stop = row + int(late[0]) if len(late) else count
            done, octets = self._written.next(packets, row, stop, self._room())
            if done == row:
                if self._begun is not None:  # there is something in this file: the packet begins another
                    self._close()
                    self._open(int(times[row]))
                    continue
                done, octets = self._written.next(packets, row, row + 1)
            self._begun = begun
            self._put(octets)
            self.packets += done - row
            row = done

    def close(self) -> None:
        """End the file with what was received and dropped; one that failed stays as it is."""
        self._close()

    def __enter__(self) -> Self:
        """Return the recorder itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the file."""
        self.close()

    def _room(self) -> int:
        """Return the octets that may be written at once."""
        if self.limits.size is None:
            return ROOM
        return min(ROOM, max(0, self.limits.size - self._size - len(self._statistics())))

    def _open(self, time_ns: int) -> None:
        self._number += 1
        self._size = 0
        self._described = 0
        self._begun = None
        self._name = "stdout" if self.path is None else str(self._path(time_ns))
        if self.path is None:
            self._file = STDOUT
        else:
            path = self._path(time_ns)
            try:
                self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
            except OSError as error:
                sentence = f"{path} cannot be written: {error.strerror}"
                raise RecordingError(sentence) from error
            self._kept.append(path)
        self._regular = stat.S_ISREG(os.fstat(self._file).st_mode)
        self._put(section_header())
        self._describe()
        while self.limits.keep is not None and len(self._kept) > self.limits.keep:
            self._kept.popleft().unlink(missing_ok=True)

    def _path(self, time_ns: int) -> Path:
        """Return the name of the file that begins at a time: ``x_00001_20231114221320.pcapng``."""
        assert self.path is not None  # noqa: S101 - stdout has no name
        if self.limits.one_file:
            return self.path
        moment = time.strftime("%Y%m%d%H%M%S", time.gmtime(time_ns // 1_000_000_000))
        return self.path.with_name(f"{self.path.stem}_{self._number:05d}_{moment}{self.path.suffix}")

    def _describe(self) -> None:
        """Describe the interfaces that this file does not know yet."""
        for interface in self.interfaces[self._described :]:
            self._put(interface_description(interface, interface.snaplen or SNAPLEN))
            self._described += 1

    def _statistics(self) -> bytes:
        """Return what ends a file: an Interface Statistics Block for each interface, or one that tells of all."""
        if not self._described:
            return b""
        now, counts = time.time_ns(), self.counts()
        if len(counts) == self._described:
            return b"".join(interface_statistics(now, *pair, number) for number, pair in enumerate(counts))
        return interface_statistics(now, *map(sum, zip(*counts, strict=True)))

    def _close(self) -> None:
        if not self._failed:
            self._put(self._statistics())
        if self.path is not None:
            os.close(self._file)

    def _put(self, octets: bytes | memoryview) -> None:
        """Write whole blocks; where that fails half way, take back what is not whole."""
        done = 0
        try:
            while done < len(octets):
                done += os.write(self._file, octets[done:])
        except BrokenPipeError:
            self._failed = True
            raise
        except OSError as error:
            self._failed = True
            if self._regular:
                os.ftruncate(self._file, self._size + whole(octets, done))
            sentence = f"{self._name} cannot be written: {error.strerror}; the packets written before are whole in it"
            raise RecordingError(sentence) from error
        self._size += done


def whole(octets: bytes | memoryview, size: int) -> int:
    """Return how many of the first ``size`` octets of some blocks of a pcapng are blocks that are whole."""
    end = 0
    while end + 8 <= size:
        following = end + int.from_bytes(octets[end + 4 : end + 8], "little")
        if following > size:
            break
        end = following
    return end
