"""Network namespaces without names: the kernel removes one with its last descriptor, whatever becomes of us."""

from __future__ import annotations

import ctypes
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CLONE_NEWNET = 0x40000000
CURRENT = "/proc/thread-self/ns/net"


def call(function: str, *arguments: int) -> None:
    """Call a function of the C library: ``os.setns`` and ``os.unshare`` came with Python 3.12.

    Raises:
        OSError: it failed.
    """
    if getattr(ctypes.CDLL(None, use_errno=True), function)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")


@contextmanager
def returning() -> Iterator[None]:
    """Put the thread back into its namespace at the end."""
    home = os.open(CURRENT, os.O_RDONLY)
    try:
        yield
    finally:
        call("setns", home, CLONE_NEWNET)
        os.close(home)


class Namespace:
    """A network namespace of its own.

    Attributes:
        descriptor: what keeps it alive; processes that were started in it do so too.
    """

    def __init__(self) -> None:
        with returning():
            call("unshare", CLONE_NEWNET)
            self.descriptor = os.open(CURRENT, os.O_RDONLY)

    @property
    def path(self) -> str:
        """Where other processes find it."""
        return f"/proc/{os.getpid()}/fd/{self.descriptor}"

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Have the thread in it: sockets that are opened and processes that are started meanwhile stay there."""
        with returning():
            call("setns", self.descriptor, CLONE_NEWNET)
            yield

    def close(self) -> None:
        """Give it up."""
        os.close(self.descriptor)
