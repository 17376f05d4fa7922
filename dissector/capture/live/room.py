"""How much memory packets may wait in.

What the kernel gives to a ring belongs to no process: it cannot be swapped out, and no limit of a process or of a
container holds it back. Before it says no it ends programs to make room. So too much is never asked for.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from dissector.errors import BufferSizeError

MEMORY: Final = Path("/proc/meminfo")
ALWAYS: Final = 32 << 20
"""Octets of a ring that may be asked for in any case; where there are not so many, the kernel says so."""
_MIB: Final = 1 << 20


def check(size: int, rings: int) -> None:
    """Refuse rings that would take more than half of the memory that programs can still get.

    Args:
        size: octets of a ring.
        rings: how many there are to be.

    Raises:
        BufferSizeError: they would.
    """
    free = available()
    most = max(free // 2 // rings, ALWAYS)
    if size > most:
        each = f" for each of {rings} interfaces" if rings > 1 else ""
        message = (
            f"a buffer of {_mib(size)}{each} is too much: half of the {_mib(free)} of memory that "
            f"this machine has left may be taken, so at most {_mib(most)}{each}"
        )
        raise BufferSizeError(message)


def available() -> int:
    """Return the octets of memory that programs can get without swapping; all there is, where that is not told."""
    try:
        lines = MEMORY.read_text(encoding="ascii").splitlines()
    except OSError:
        lines = []
    for line in lines:
        name, _, amount = line.partition(":")
        if name == "MemAvailable":
            return int(amount.split()[0]) << 10
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _mib(size: int) -> str:
    return f"{size // _MIB:,} MiB"
