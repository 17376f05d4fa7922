"""Octets of a capture: from a path, from standard input or from a file object, unpacked on the way.

Strategy: a packed stream is told by its magic number, so that it need neither be named well nor be seekable.
It is handed to its unpacker in small steps, which bounds what one step can unpack (zstd makes 128 KiB of four
octets) without trusting any size that the stream claims, and leaves little to lose when a step fails.
"""

from __future__ import annotations

import os
import stat
import sys
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import FileIO

_STEP = 512  # packed octets unpacked at a time
_TAIL = 64  # the last ones go one by one: a wrong check sum at the very end then costs nothing before it
_CHUNK = 262144
_PIECE = 1048576  # unpacked octets at a time, of those unpackers that can be told
_MEMORY = 268435456  # what an xz stream may ask for

MOST_UNPACKED = 1 << 30
"""Octets that a packed file may unpack to, however few it has."""
MOST_TIMES = 10_000
"""Unpacked octets for each packed one, beyond those: ten times what captures of nothing but zeros come to in gzip."""


class Source:
    """Octets in order, without going back.

    Attributes:
        name: of the file, as it was given.
        packing: ``"gzip"``, ``"bzip2"``, ``"xz"``, ``"zstd"``, ``"lz4"``, or empty.
        is_path: whether the name is a path that a shell could be given.
        fault: why the octets ended before they should, as a clause; empty if they did not.
    """

    def __init__(self, name: str, packing: str = "", *, is_path: bool = False) -> None:
        self.name = name
        self.packing = packing
        self.is_path = is_path
        self.fault = ""
        self._ahead = b""

    def peek(self, count: int) -> bytes:
        """Return up to ``count`` of the next octets, fewer only at the end; they are still to be read."""
        while len(self._ahead) < count:
            chunk = bytearray(count - len(self._ahead))
            got = self._fill(memoryview(chunk))
            if not got:
                break
            self._ahead += chunk[:got]
        return self._ahead[:count]

    def readinto(self, view: memoryview) -> int:
        """Fill ``view`` from its start with what is there; return the number of octets, 0 at the end."""
        if not self._ahead:
            return self._fill(view)
        count = min(len(view), len(self._ahead))
        view[:count] = self._ahead[:count]
        self._ahead = self._ahead[count:]
        return count

    @property
    def size(self) -> int | None:
        """Octets altogether when it was opened, where it is a file in which one can go anywhere; else None."""
        return None

    @property
    def lost(self) -> str:
        """Why there is less than there was when it was opened, as a clause; empty where there is not."""
        return ""

    def go_to(self, offset: int) -> None:
        """Go on reading at an offset; only where :attr:`size` is known."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the file, if it was opened here."""

    def _fill(self, view: memoryview) -> int:
        """Do what :meth:`readinto` says, behind what was looked at before."""
        raise NotImplementedError


class _File(Source):
    """Octets as they are in a file."""

    def __init__(self, file: BinaryIO | FileIO, name: str, *, owned: bool) -> None:
        super().__init__(name, is_path=owned)
        self._file = file
        self._owned = owned
        status = os.fstat(file.fileno()) if owned else None
        self._size = status.st_size if status and stat.S_ISREG(status.st_mode) else None
        # readinto1 returns what a pipe has; readinto of a buffered file would wait until the view is full.
        into = getattr(file, "readinto1", None) or getattr(file, "readinto", None) or self._copy
        if isinstance(file, BufferedReader):
            into = self._past_buffer
        self._into: Callable[[memoryview], int | None] = into

    def _past_buffer(self, view: memoryview) -> int:
        """Read what a buffered file holds, and go round its buffer from then on.

        Given a view larger than its buffer, CPython's readinto1 waits for more even if it holds octets.
        """
        file = cast("BufferedReader", self._file)
        held = len(file.peek(1))
        if held <= len(view):
            self._into = file.raw.readinto
        return file.readinto(view[:held])

    def _copy(self, view: memoryview) -> int:
        """Read from a file object that can do no more than ``read``."""
        octets = self._file.read(min(len(view), _CHUNK))
        view[: len(octets)] = octets
        return len(octets)

    def _fill(self, view: memoryview) -> int:
        if self.fault:
            return 0
        try:
            return self._into(view) or 0
        except OSError as error:
            self.fault = f"it cannot be read further: {error.strerror or error}"
            return 0

    @property
    def size(self) -> int | None:
        return self._size

    @property
    def lost(self) -> str:
        if self._size is None:
            return ""
        now = os.fstat(self._file.fileno()).st_size
        return f"it was cut from {self._size} to {now} octets while it was read" if now < self._size else ""

    def go_to(self, offset: int) -> None:
        self._ahead = b""
        self._file.seek(offset)

    def close(self) -> None:
        if self._owned:
            self._file.close()


class _Unpacker(Protocol):
    """What the unpackers of zlib, bz2, lzma, zstandard and lz4 have in common."""

    @property
    def eof(self) -> bool:
        """Whether the stream has come to its end."""

    @property
    def unused_data(self) -> bytes | None:
        """What was handed over beyond the end."""

    def decompress(self, octets: bytes, /, *most: int) -> bytes:
        """Return what these octets of the stream unpack to."""


# The packages are imported only when a file asks for them.
def _gzip() -> _Unpacker:
    import zlib

    return cast("_Unpacker", zlib.decompressobj(31))


def _bzip2() -> _Unpacker:
    import bz2

    return cast("_Unpacker", bz2.BZ2Decompressor())


def _xz() -> _Unpacker:
    import lzma

    return cast("_Unpacker", lzma.LZMADecompressor(memlimit=_MEMORY))


def _zstd() -> _Unpacker:
    import zstandard

    return cast("_Unpacker", zstandard.ZstdDecompressor().decompressobj())


def _lz4() -> _Unpacker:
    from lz4.frame import LZ4FrameDecompressor  # type: ignore[import-untyped]  # it has no types

    return cast("_Unpacker", LZ4FrameDecompressor())


_PACKINGS: tuple[tuple[bytes, str, Callable[[], _Unpacker]], ...] = (
    (b"\x1f\x8b\x08", "gzip", _gzip),
    (b"BZh", "bzip2", _bzip2),
    (b"\xfd7zXZ\0", "xz", _xz),
    (b"]\0\0", "lzma", _xz),
    (b"\x28\xb5\x2f\xfd", "zstd", _zstd),
    (b"\x04\x22\x4d\x18", "lz4", _lz4),
)
_MAGIC = 6


class _Unpacked(Source):
    """Octets of a packed file, unpacked."""

    def __init__(self, packed: Source, packing: str, unpacker: Callable[[], _Unpacker]) -> None:
        super().__init__(packed.name, packing, is_path=packed.is_path)
        self._source = packed
        self._new = unpacker
        self._unpacker = unpacker()
        self._packed = b""
        self._at = 0
        self._taken = 0  # packed octets that were handed to the unpacker
        self._made = 0
        self._rest = memoryview(b"")
        self._ended = False

    @property
    def lost(self) -> str:
        return self._source.lost

    def close(self) -> None:
        self._source.close()

    def _fill(self, view: memoryview) -> int:
        filled = 0
        while filled < len(view):
            if not self._rest:
                self._rest = memoryview(self._piece())
                if not self._rest:
                    break
            count = min(len(view) - filled, len(self._rest))
            view[filled : filled + count] = self._rest[:count]
            self._rest = self._rest[count:]
            filled += count
        return filled

    def _piece(self) -> bytes:
        """Return the next unpacked octets, none at the end."""
        piece = b""
        while not piece and not self._ended:
            if self._unpacker.eof and not self._next_stream():
                break
            # Those that can hold output back (bzip2 makes 46 MB of 45 octets) say when they want more.
            hungry = getattr(self._unpacker, "needs_input", None)
            pending = hungry is False
            step = b"" if pending else self._step()
            if not step and not pending:
                self._end(self._source.fault or f"its {self.packing} stream is cut off")
                break
            try:
                piece = self._unpacker.decompress(step, *(() if hungry is None else (_PIECE,)))
            except Exception as error:  # noqa: BLE001 - each unpacker has its own, and two are imported late
                self._end(f"its {self.packing} stream is damaged ({error})")
                break
            self._made += len(piece)
            if self._made > MOST_UNPACKED and self._made > MOST_TIMES * self._taken:
                self._end(
                    f"its {self.packing} stream unpacks to more than {MOST_TIMES} times its size, no more is read"
                )
                return b""
            if self._unpacker.eof:
                self._at -= len(self._unpacker.unused_data or b"")
        return piece

    def _end(self, fault: str) -> None:
        self._ended = True
        self.fault = fault

    def _have(self, count: int) -> int:
        """Read packed octets until there are ``count`` or the file ends; return how many there are."""
        while len(self._packed) - self._at < count:
            chunk = bytearray(_CHUNK)
            got = self._source.readinto(memoryview(chunk))
            if not got:
                break
            self._packed = self._packed[self._at :] + chunk[:got]
            self._at = 0
        return len(self._packed) - self._at

    def _step(self) -> bytes:
        """Take the packed octets of the next step."""
        count = min(_STEP, max(self._have(_STEP + _TAIL) - _TAIL, 1))
        step = self._packed[self._at : self._at + count]
        self._at += len(step)
        self._taken += len(step)
        return step

    def _next_stream(self) -> bool:
        """Begin the next of several streams in one file (``cat a.gz b.gz``); return whether there is one."""
        while self._have(_MAGIC):
            head = self._packed[self._at : self._at + _MAGIC]
            if head[0] == 0:  # padding: RFC 1952 says nothing of it, the xz format 1.1 section 2.2 allows it
                self._at += 1
            elif _packing(head, self._new):
                self._unpacker = self._new()
                return True
            else:
                self._end(f"octets that are not {self.packing} follow its {self.packing} stream")
                return False
        self._end(self._source.fault)
        return False


def _packing(
    head: bytes, only: Callable[[], _Unpacker] | None = None
) -> tuple[str, Callable[[], _Unpacker]] | None:
    """Return how octets that begin with ``head`` are packed, or None."""
    for magic, name, unpacker in _PACKINGS:
        if head.startswith(magic) and only in {None, unpacker}:
            return name, unpacker
    return None


def open_source(file: str | os.PathLike[str] | BinaryIO) -> Source:
    """Open a file for reading, unpacked.

    Args:
        file: a path, ``"-"`` for standard input, or a binary file object, which is not closed.

    Raises:
        OSError: it cannot be opened.
    """
    raw: Source
    if isinstance(file, (str, os.PathLike)):
        path = os.fspath(file)
        if path == "-":
            raw = _File(cast("BinaryIO", sys.stdin.buffer), "standard input", owned=False)
        else:
            raw = _File(Path(path).open("rb", buffering=0), path, owned=True)  # noqa: SIM115 - the source closes it
    else:
        name = getattr(file, "name", None)
        raw = _File(file, name if isinstance(name, str) else "stream", owned=False)
    packing = _packing(raw.peek(_MAGIC))
    return _Unpacked(raw, *packing) if packing else raw
