"""The fence around a command: what reads hostile octets can do no more than its work takes.

A mistake in a parser must not become a way into the system. So before the first octet of a capture is read, the process
gives up all that it does not need, for good: another user's rights, capabilities, files that it was not told to read or
write (Landlock), the network, other programs and processes (seccomp). Where the kernel lacks one, the others stand.

Only the program puts up a fence, around itself; who imports the package, or runs a command of it inside a program of
their own, keeps what they have.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from dissector.cli import OWN_PROCESS, rights

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import click

    from dissector.cli.rights import User

SYSTEM = (
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/nix/store",
    "/gnu/store",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/dev/null",
    "/dev/urandom",
    "/proc/self",
    "/sys/fs/cgroup",
)
"""What libraries read late: other libraries, how much memory there is."""
INTERFACES = ("/proc/net", "/sys/class/net", "/sys/devices")
"""What is read about interfaces."""
PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120 - pathlib takes 5 ms to import
"""The folder that this package is imported from."""


def put_up(
    ctx: click.Context,
    *,
    reading: Iterable[str] = (),
    writing: str | None = None,
    temporary: bool = False,
    network: bool = False,
    user: User | None = None,
) -> None:
    """Give up what a command does not need.

    Args:
        ctx: of the command.
        reading: files that it reads.
        writing: a file that it writes; others beside it, too.
        temporary: whether it needs temporary files; it gets a folder for them, which goes with the context.
        network: whether it may open sockets. What must not has files to read, and those may be where only root may
            look, so that it keeps what root may do with files.
        user: who it is to be from now on; None to stay who one is.

    Raises:
        RightsError: that is somebody else, and this is not root.
    """
    if ctx.find_root().obj is not OWN_PROCESS:
        return
    if network and rights.is_root():
        from dissector.cli.rehearsal import import_all

        import_all()
    rights.drop(user, kept=() if network else rights.OF_FILES)
    if not (sys.platform == "linux" and alone()):
        return
    from dissector.cli import landlock, seccomp
    from dissector.cli.libc import LIBC

    reading = tuple(reading)
    paths = (*SYSTEM, *(INTERFACES if network else ()), *of_python(), *reading)
    allowed = dict.fromkeys(paths, landlock.READ)
    allowed[os.devnull] |= landlock.WRITE
    for file in reading:
        if not os.path.exists(file):  # noqa: PTH110 - pathlib takes 5 ms to import
            # The names beside it may be told instead of it.
            folder = os.path.dirname(os.path.abspath(file))  # noqa: PTH100, PTH120 - likewise
            allowed[folder] = allowed.get(folder, 0) | landlock.READ_DIR
    if temporary:
        import tempfile

        folder = tempfile.tempdir = ctx.with_resource(tempfile.TemporaryDirectory(prefix="dissector-"))
        allowed[folder] = landlock.KEEP_HOUSE
        allowed[os.path.dirname(folder)] = landlock.REMOVE_DIR  # noqa: PTH120 - as PACKAGE
    for path in places_of(writing):
        accesses = landlock.REPLACE if os.path.isdir(path) else landlock.WRITE  # noqa: PTH112 - likewise
        allowed[path] = allowed.get(path, 0) | accesses
    landlock.restrict(LIBC, allowed)
    seccomp.refuse(LIBC, network=network)


def alone() -> bool:
    """Return whether this process has one thread: a fence holds who puts it up, and who is begun by it later."""
    return len(os.listdir("/proc/self/task")) == 1  # noqa: PTH208 - likewise


def of_python() -> Iterator[str]:
    """Yield where modules and libraries come from that are imported late."""
    yield from (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, PACKAGE)
    yield from (path for path in sys.path if path)
    yield from (path for path in os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep) if path)


def places_of(file: str | None) -> Iterator[str]:
    """Yield what must be written for a file to be written: itself if it is a device or a pipe, else its folder.

    A link's folder counts, too: who numbers files puts them there.
    """
    if file is None:
        return
    for path in (os.path.abspath(file), os.path.realpath(file)):  # noqa: PTH100 - likewise
        there = os.path.exists(path) and not os.path.isfile(path)  # noqa: PTH110, PTH113 - likewise
        yield path if there else os.path.dirname(path)  # noqa: PTH120 - likewise
