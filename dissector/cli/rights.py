"""Rights: what to do without those to capture, and giving up those that are not needed any more.

What is given up is given up for good: the bounding set is emptied as well, so that not even root gets a capability back
by running a program, and ``PR_SET_NO_NEW_PRIVS`` makes set-user-ID programs ordinary ones.
"""

from __future__ import annotations

import os
import shlex
import struct
import sys
from typing import TYPE_CHECKING, NamedTuple

import click

from dissector.errors import DissectError
from dissector.present.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NO_NEW_PRIVILEGES = 38
"""PR_SET_NO_NEW_PRIVS of prctl(2)."""
BOUNDING_SET_DROP = 24
"""PR_CAPBSET_DROP, likewise."""
CAPABILITIES = 64
"""More than there are."""
CAPABILITY_VERSION = 0x20080522
"""_LINUX_CAPABILITY_VERSION_3 of capget(2): 64 bits for each of the sets, in two halves."""
OF_FILES = (1, 2)
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: what lets root read and write anybody's files."""


class User(NamedTuple):
    """An account of this system.

    Attributes:
        name: its name; empty where there is only a number.
        uid, gid: its numbers.
    """

    name: str
    uid: int
    gid: int


class RightsError(DissectError):
    """Rights cannot be given up."""


def known_user(ctx: click.Context, param: click.Parameter, value: str | None) -> User | None:
    """Return the account that a name or a number means.

    Without either it is that of :func:`who_called`.
    """
    if value is None:
        return who_called()
    import pwd

    try:
        found = pwd.getpwuid(int(value)) if value.isdecimal() else pwd.getpwnam(value)
    except KeyError:
        message = f"there is no user {printable(value)!r}"
        raise click.BadParameter(message, ctx, param) from None
    return User(found.pw_name, found.pw_uid, found.pw_gid)


def who_called() -> User | None:
    """Return, for root, the account of whoever called sudo; None where nobody did."""
    if not is_root():
        return None
    uid, gid = (os.environ.get(name, "") for name in ("SUDO_UID", "SUDO_GID"))
    if not (uid.isdecimal() and gid.isdecimal()):
        return None
    return User(os.environ.get("SUDO_USER", ""), int(uid), int(gid))


def is_root() -> bool:
    """Return whether this is root, who can read and write anybody's files until capabilities are given up."""
    return os.geteuid() == 0


def to_drop(user: User | None) -> bool:
    """Return whether a user is somebody else."""
    return user is not None and user.uid != os.geteuid()


def drop(user: User | None, kept: Iterable[int] = ()) -> None:
    """Become a user for good, with their groups, without capabilities, and gain no rights ever again.

    Args:
        user: who; None to stay who one is. Only root can become somebody else.
        kept: numbers of capabilities to keep, those of them that there are; of another user, none can be.

    Raises:
        RightsError: that is somebody else, and this is not root.
    """
    if user is not None and to_drop(user) and not is_root():
        sentence = f"only root can go on as {user.name or user.uid}; leave out --user"
        raise RightsError(sentence)
    linux = sys.platform == "linux"
    if linux:
        empty_bounding_set()  # first, for this takes a capability
    if user is not None and to_drop(user):
        if user.name:
            os.initgroups(user.name, user.gid)
        else:
            os.setgroups([user.gid])
        os.setgid(user.gid)
        os.setuid(user.uid)
    if linux:
        from dissector.cli.libc import LIBC

        keep_capabilities(kept)
        LIBC.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)


def empty_bounding_set() -> None:
    """Let no program that is run ever have a capability; nothing where this is not allowed."""
    from dissector.cli.libc import LIBC

    for number in range(CAPABILITIES):
        if LIBC.prctl(BOUNDING_SET_DROP, number, 0, 0, 0):
            break


def keep_capabilities(kept: Iterable[int]) -> None:
    """Give up all capabilities but some, of those that this thread has."""
    import ctypes

    from dissector.cli.libc import LIBC

    header = struct.pack("@Ii", CAPABILITY_VERSION, 0)
    # Effective, permitted, inheritable: the lower halves of the three, then the upper ones.
    held = ctypes.create_string_buffer(24)
    LIBC.capget(header, held)
    mask = sum(1 << number for number in kept)
    permitted = mask & struct.unpack_from("=I", held, 4)[0]
    LIBC.capset(header, struct.pack("=6I", permitted, permitted, 0, 0, 0, 0))


def three_ways(interfaces: Sequence[str], bpf: str | None) -> str:
    """Return three commands that capture where this one may not, the one with the fewest rights first.

    Args:
        interfaces: what was to be listened on.
        bpf: the capture filter that was given.
    """
    program = shlex.join(this_program())
    command = shlex.join([*this_program(), *sys.argv[1:]])
    device = interfaces[0] if len(interfaces) == 1 else "any"
    wanted = "icmp or icmp6" if bpf is None else f"(icmp or icmp6) and ({bpf})"
    lines = [
        "  Capturing takes the capability CAP_NET_RAW. Any of these will do:",
        "  1. tcpdump captures, and this program needs no rights:",
        f"     sudo tcpdump -i {shlex.quote(device)} -U -w - {shlex.quote(wanted)} | {program} read -",
    ]
    if sys.platform == "linux":
        lines += [
            "  2. this program as yourself, with that one capability:",
            f"     {with_capability(command)}",
        ]
    lines += [
        "  3. root, given up as soon as the capture has begun:",
        f"     sudo {command}",
        "  Reading files takes no rights.",
    ]
    return "\n".join(map(printable, lines))


def with_capability(command: str) -> str:
    """Return the command that runs another as oneself with the capability CAP_NET_RAW, and no other."""
    become = shlex.join(["--reuid", me(), "--regid", str(os.getgid()), "--init-groups"])
    return f"sudo setpriv {become} --inh-caps +net_raw --ambient-caps +net_raw {command}"


def this_program() -> list[str]:
    """Return the command that started this program, so that it is found whatever sudo makes of PATH."""
    if os.path.basename(sys.argv[0]) == "__main__.py":  # noqa: PTH119 - pathlib takes 5 ms to import
        return [sys.executable, "-m", "dissector"]
    return [os.path.abspath(sys.argv[0])]  # noqa: PTH100 - likewise


def me() -> str:
    """Return the name of who runs this; the number where there is no name."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
