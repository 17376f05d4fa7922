"""Octets on their way from one process to another: in files in memory, where the system has such.

Through a pipe each octet would be copied five times. Here the sender copies it once, and the receiver looks at it in
place. The files have no names and go with the process that made them.
"""

from __future__ import annotations

import mmap
import os
import pickle
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Octets = bytes | memoryview

STEP = 4 << 20
"""Octets by which a place grows."""


class Spooled(NamedTuple):
    """So many octets, in the place of their range, behind those before."""

    size: int


class Spool:
    """Places for octets; made by the receiver.

    Args:
        places: how many may be full at a time.

    Attributes:
        files: of each place the path by which another process of the same user opens it; empty where the system
            has no files in memory.
    """

    def __init__(self, places: int) -> None:
        self._numbers: list[int] = []
        if hasattr(os, "memfd_create"):
            self._numbers = [os.memfd_create("dissector") for _ in range(places)]
        self._views: list[memoryview] = [memoryview(b"")] * places
        self.files = [f"/proc/{os.getpid()}/fd/{number}" for number in self._numbers]

    def reader(self, number: int) -> Reader:
        """Return a reader of the place with a number (modulo how many there are)."""
        return Reader(self, number % len(self.files) if self.files else 0)

    def view(self, place: int, end: int) -> memoryview:
        """Return the octets of a place up to an end."""
        if len(self._views[place]) < end:
            self._views[place] = memoryview(mmap.mmap(self._numbers[place], 0))
        return self._views[place][:end]

    def load(self, number: int, found: Spooled | bytes) -> Any:
        """Return what was pickled into the place with a number, or is here as octets."""
        octets = self.reader(number).next(found) if isinstance(found, Spooled) else found
        return pickle.loads(octets)  # noqa: S301 - from a process of this program

    def put(self, number: int, octets: bytes) -> Spooled | bytes:
        """Put octets into the place with a number, for the other side to load; return them where there is no room."""
        if not self.files:
            return octets
        place = Place(self.files[number % len(self.files)])
        try:
            return place.put([octets])
        finally:
            place.close()

    def close(self) -> None:
        """Give the memory back, but for what is still looked at."""
        self._views.clear()
        for number in self._numbers:
            os.close(number)
        self._numbers.clear()


class Reader:
    """Takes octets out of a place, from its beginning."""

    def __init__(self, spool: Spool, place: int) -> None:
        self._spool = spool
        self._place = place
        self._at = 0

    def next(self, spooled: Spooled) -> memoryview:
        """Return the next octets, which are valid until the place is filled anew."""
        first = self._at
        self._at += spooled.size
        return self._spool.view(self._place, self._at)[first:]


class Place:
    """A place of a spool, in the process that fills it.

    Args:
        file: its path; empty where there is none.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._number = -1
        self._size = 0
        self._at = 0

    def begin(self) -> None:
        """Fill it anew, from its beginning."""
        self._at = 0

    def put(self, pieces: Iterable[Octets]) -> Spooled | bytes:
        """Put octets behind those before; return how many they are, or themselves, where there is no room."""
        first = self._at
        over: list[bytes] = []
        for piece in pieces:
            if over or not self._append(piece):
                over.append(bytes(piece))
        if not over:
            return Spooled(self._at - first)
        # Rare: what was put before is taken back.
        before = os.pread(self._number, self._at - first, first) if self._at > first else b""
        self._at = first
        return b"".join((before, *over))

    def close(self) -> None:
        """Let go of the file."""
        if self._number >= 0:
            os.close(self._number)

    def _append(self, piece: Octets) -> bool:
        end = self._at + len(piece)
        try:
            if self._number < 0:
                self._number = os.open(self._file, os.O_RDWR)
            if end > self._size:
                # Whole steps, for the pages that are there are used again and again.
                self._size = -(-end // STEP) * STEP
                os.ftruncate(self._number, self._size)
            with memoryview(piece) as rest:
                at = 0
                while at < len(rest):
                    at += os.pwrite(self._number, rest[at:], self._at + at)
        except OSError:
            return False
        self._at = end
        return True


def load(file: str, found: Spooled | bytes) -> Any:
    """Return what was pickled into the beginning of a place, or is here as octets."""
    if not isinstance(found, Spooled):
        return pickle.loads(found)  # noqa: S301 - from a process of this program
    number = os.open(file, os.O_RDONLY)
    try:
        return pickle.loads(os.pread(number, found.size, 0))  # noqa: S301 - likewise
    finally:
        os.close(number)
