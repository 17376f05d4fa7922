"""Landlock: a process gives up the file system but for what it names, for itself and its children, for good.

Linux has it from 5.13 on; each version of its interface (its ABI) knows more accesses than the one before. What the
kernel does not know cannot be given up, and is not asked for. See landlock(7) and ``linux/landlock.h``.
"""

from __future__ import annotations

import ctypes
import os
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# System calls, the same numbers on all architectures.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1  # flag of the first: return the ABI
_PATH_BENEATH = 1
_FILES_ONLY = 0xC007  # accesses that make sense for what is no folder: execute, write, read, truncate, ioctl

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_DIR, MAKE_REG, TRUNCATE = 1 << 7, 1 << 8, 1 << 14
READ = READ_FILE | READ_DIR
WRITE = WRITE_FILE | TRUNCATE
REPLACE = WRITE | MAKE_REG | REMOVE_FILE
"""What it takes in a folder to write a file and give it its name when it is whole."""
KEEP_HOUSE = READ | REPLACE | MAKE_DIR | REMOVE_DIR
"""What it takes in a folder to make and remove files and folders."""

_FILE_BITS = {1: 13, 2: 14, 3: 15, 5: 16}
"""Accesses to files there are from an ABI on; then accesses of TCP, and signals and sockets of others."""
_TCP_FROM, _TCP = 4, 0x3
_SCOPES_FROM, _SCOPES = 6, 0x3


def abi(libc: ctypes.CDLL) -> int:
    """Return the version of the kernel's Landlock; 0 if it has none, or it is off."""
    return max(int(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)), 0)


def restrict(libc: ctypes.CDLL, allowed: Mapping[str, int]) -> bool:
    """Give up all files, all of TCP, and signals to processes that have not done the same, but for what is allowed.

    What is open stays open. Needs ``PR_SET_NO_NEW_PRIVS``.

    Args:
        libc: the C library.
        allowed: accesses by path; of a folder, to all that is in it. What does not exist is passed over.

    Returns:
        Whether it is in force.
    """
    version = abi(libc)
    if not version:
        return False
    handled = (1 << max(bits for since, bits in _FILE_BITS.items() if since <= version)) - 1
    words = [handled]
    if version >= _TCP_FROM:
        words.append(_TCP)
    if version >= _SCOPES_FROM:
        words.append(_SCOPES)
    attributes = struct.pack(f"={len(words)}Q", *words)
    rules = libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if rules < 0:
        return False
    try:
        for path, accesses in allowed.items():
            with suppress(OSError):
                _allow(libc, rules, path, accesses & handled)
        return bool(libc.syscall(_RESTRICT_SELF, rules, 0) == 0)
    finally:
        os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, path: str, accesses: int) -> None:
    """Add a rule. The kernel refuses one about a pipe: there it needs none."""
    if not os.path.isdir(path):  # noqa: PTH112 - pathlib takes 5 ms to import
        accesses &= _FILES_ONLY
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        libc.syscall(_ADD_RULE, rules, _PATH_BENEATH, struct.pack("=Qi", accesses, place), 0)
    finally:
        os.close(place)
