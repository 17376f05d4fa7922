"""Which format a file is of: open it, or say in one sentence why not and what to do about it."""

from __future__ import annotations

import difflib
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from dissector.capture.likeness import likeness, other_capture
from dissector.capture.pcap import is_pcap, open_pcap
from dissector.capture.pcapng import SECTION, PcapngReader
from dissector.capture.snoop import MAGIC, open_snoop
from dissector.capture.source import open_source
from dissector.errors import CaptureError, UnknownFormatError

if TYPE_CHECKING:
    from dissector.capture.records import Reader
    from dissector.capture.source import Source

READ = "pcap, pcapng and snoop are read, also packed with gzip, bzip2, xz, zstd or lz4"
_HEAD = 12  # enough to know the formats that are read
_LOOK = 4096
_CLOSE = 3
_ENDINGS = (".pcap", ".pcapng", ".cap", ".snoop", ".dmp", ".gz", ".bz2", ".xz", ".zst", ".lz4")


def open_capture(file: str | os.PathLike[str] | BinaryIO, *, strict: bool = False) -> Reader:
    """Open a capture, of whatever format that is read and however packed.

    Args:
        file: a path, ``"-"`` for standard input, or a binary file object, which is not closed.
        strict: whether the reader raises :class:`TruncatedCaptureError` at the first damaged place, instead
            of noting it in its report.

    Returns:
        A reader; iterate over it once, and close it or use it as a context manager.

    Raises:
        CaptureError: there is no such file, it cannot be opened, it is empty, or it ends in its header.
        UnknownFormatError: it is no capture, or one of a format that is not read.
    """
    if file == "":
        message = "'' is no file name"
        raise CaptureError(message)
    try:
        source = open_source(file)
    except OSError as error:
        raise CaptureError(not_opened(file, error)) from error
    except ValueError as error:  # a path with a NUL in it
        message = f"{file!r} is not a file name ({error})"
        raise CaptureError(message) from error
    try:
        return _reader(source, strict=strict)
    except BaseException:
        source.close()
        raise


def _reader(source: Source, *, strict: bool) -> Reader:
    head = source.peek(_HEAD)
    if is_pcap(head):
        return open_pcap(source, strict=strict)
    if int.from_bytes(head[:4], "big") == SECTION and len(head) >= 4:  # noqa: PLR2004 - octets of the number
        return PcapngReader(source, strict=strict)
    if head.startswith(MAGIC):
        return open_snoop(source, strict=strict)
    raise _refusal(source)


def _refusal(source: Source) -> CaptureError:
    """Return the error for octets that are no capture of a format that is read."""
    name, head = source.name, source.peek(_LOOK)
    inside = f"{name} (unpacked from {source.packing})" if source.packing else name
    if not head and source.fault:
        return CaptureError(f"nothing can be read from {name}: {source.fault}")
    if not head:
        return CaptureError(f"{name} is empty (0 octets{' after unpacking' if source.packing else ''})")
    other = other_capture(head)
    if other:
        paths = shlex.join((name, f"{Path(name).stem}.pcapng")) if source.is_path else "IN OUT"
        return UnknownFormatError(
            f"{inside} is a capture in the format of {other}, which is not read; "
            f"this converts it: editcap -F pcapng {paths}"
        )
    what, hint = likeness(head)
    return UnknownFormatError(f"{inside} is not a capture: it looks like {what}; {hint or READ}")


def not_opened(file: str | os.PathLike[str] | BinaryIO, error: OSError) -> str:
    """Return what the shell would say, with names that may have been meant."""
    path = os.fspath(file) if isinstance(file, (str, os.PathLike)) else str(file)
    reason = f"{path}: {error.strerror or error}"
    folder, name = (path, "") if isinstance(error, IsADirectoryError) else os.path.split(path)
    try:
        names = sorted(os.listdir(folder or "."))  # noqa: PTH208 - names as they are shown, not paths
    except OSError:
        return reason
    if isinstance(error, IsADirectoryError):
        close = [other for other in names if other.endswith(_ENDINGS)][:_CLOSE]
        return f"{reason}; captures in it: {', '.join(close)}" if close else reason
    if not isinstance(error, FileNotFoundError):
        return reason
    close = [str(Path(folder, other)) for other in difflib.get_close_matches(name, names, _CLOSE)]
    return f"{reason}; did you mean {' or '.join(close)}?" if close else reason
