"""seccomp: system calls that this process and its children are refused from now on, for good.

A program in the kernel looks at each system call (seccomp(2), ``struct seccomp_data``) and says what becomes of it.
It names what is refused, not what is allowed: the C library and the kernel change the calls they make for the same
work, and what is listed here no reading of a capture has ever needed.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from typing import NamedTuple


class Machine(NamedTuple):
    """What an architecture calls things.

    Attributes:
        audit: its number (``AUDIT_ARCH_``).
        seccomp, clone, clone3, ioctl: numbers of system calls.
        network: of those that reach other hosts and programs.
        others: of those that start programs, look into other processes, make namespaces, or reach parts of the kernel
            that this program has no use for.
    """

    audit: int
    seccomp: int
    clone: int
    clone3: int
    ioctl: int
    network: dict[str, int]
    others: dict[str, int]


MACHINES = {
    "x86_64": Machine(
        audit=0xC000003E,
        seccomp=317,
        clone=56,
        clone3=435,
        ioctl=16,
        network={"socket": 41, "connect": 42, "accept": 43, "bind": 49, "listen": 50, "accept4": 288},
        others={
            "execve": 59, "execveat": 322,
            "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "pidfd_getfd": 438,
            "unshare": 272, "setns": 308,
            "bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "io_uring_setup": 425,
            "add_key": 248, "request_key": 249, "keyctl": 250,
        },
    ),
    "aarch64": Machine(
        audit=0xC00000B7,
        seccomp=277,
        clone=220,
        clone3=435,
        ioctl=29,
        network={"socket": 198, "connect": 203, "accept": 202, "bind": 200, "listen": 201, "accept4": 242},
        others={
            "execve": 221, "execveat": 281,
            "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271, "pidfd_getfd": 438,
            "unshare": 97, "setns": 268,
            "bpf": 280, "perf_event_open": 241, "userfaultfd": 282, "io_uring_setup": 425,
            "add_key": 217, "request_key": 218, "keyctl": 219,
        },
    ),
}  # fmt: skip

_NAMESPACES = 0x7E020000  # CLONE_NEW...
_TYPE_INTO_TERMINAL, _TALK_TO_CONSOLE = 0x5412, 0x541C  # TIOCSTI, TIOCLINUX
_OTHER_TABLE = 0x40000000  # numbers of x86's x32, from here on

# Offsets in struct seccomp_data; of arguments the lower half, on these little-endian machines.
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND = 0, 4, 16, 24
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000

_SET_FILTER = 1
_NO_SLOWDOWN = 4  # before Linux 5.16 a filter would slow all code down, against Spectre


def program(machine: Machine, *, network: bool) -> bytes:
    """Return the program, as the kernel takes it.

    Args:
        machine: for which.
        network: whether sockets may be made.
    """
    refused = [*machine.others.values(), *(() if network else machine.network.values())]
    # Each step: operation, operand, and where to go if it holds and if not; None: to the next.
    steps: list[tuple[int, int, str | None, str | None]] = [
        (_LOAD, _ARCHITECTURE, None, None),
        (_EQUAL, machine.audit, None, "refuse"),
        (_LOAD, _NUMBER, None, None),
        (_AT_LEAST, _OTHER_TABLE, "refuse", None),
        # Its flags are in memory, where a filter cannot look. The C library goes on to clone.
        (_EQUAL, machine.clone3, "unknown", None),
        *((_EQUAL, number, "refuse", None) for number in refused),
        (_EQUAL, machine.clone, "clone", None),
        (_EQUAL, machine.ioctl, None, "allow"),
        (_LOAD, _SECOND, None, None),
        (_EQUAL, _TYPE_INTO_TERMINAL, "refuse", None),
        (_EQUAL, _TALK_TO_CONSOLE, "refuse", "allow"),
        (_LOAD, _FIRST, None, None),
        (_ANY_BIT, _NAMESPACES, "refuse", "allow"),
        (_RETURN, _ALLOW, None, None),
        (_RETURN, _ERROR | errno.EPERM, None, None),
        (_RETURN, _ERROR | errno.ENOSYS, None, None),
    ]
    count = len(steps)
    places = {"unknown": count - 1, "refuse": count - 2, "allow": count - 3, "clone": count - 5}
    return b"".join(
        struct.pack("=HBBI", code, *(places[to] - at - 1 if to else 0 for to in (true, false)), operand)
        for at, (code, operand, true, false) in enumerate(steps)
    )


def this_machine() -> Machine | None:
    """Return what this architecture calls things; None for one that is not known here, or a process of 32 bits."""
    return MACHINES.get(os.uname().machine) if sys.maxsize > _OTHER_TABLE * 2 else None


def refuse(libc: ctypes.CDLL, *, network: bool) -> bool:
    """Let the system calls be refused. Needs ``PR_SET_NO_NEW_PRIVS``.

    Args:
        libc: the C library.
        network: whether sockets may be made.

    Returns:
        Whether they are.
    """
    machine = this_machine()
    if machine is None:
        return False
    code = ctypes.create_string_buffer(made := program(machine, network=network), len(made))
    # struct sock_fprog: how many instructions, and where they are.
    filter_ = struct.pack("@HP", len(made) // 8, ctypes.addressof(code))
    return bool(libc.syscall(machine.seccomp, _SET_FILTER, _NO_SLOWDOWN, filter_) == 0)
