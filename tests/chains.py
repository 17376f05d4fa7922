"""Paths made of Linux network namespaces: hosts and routers in a chain, for those who may make them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SYSCTLS = (
    "net.ipv4.ip_forward=1",
    "net.ipv6.conf.all.forwarding=1",
    "net.ipv4.conf.all.rp_filter=0",
    "net.ipv4.conf.default.rp_filter=0",
    "net.ipv6.conf.default.accept_dad=0",
)


class Net:
    """Namespaces, removed in the end.

    Args:
        name: what their names begin with; the process makes them unique.
    """

    def __init__(self, name: str) -> None:
        self.prefix = f"{name}{os.getpid():x}"
        self.names: list[str] = []

    def add(self, *names: str) -> None:
        """Make namespaces that forward, with their loopback up."""
        for name in names:
            ip("netns", "add", f"{self.prefix}{name}")
            self.names.append(name)
            self.ip(name, "link", "set", "dev", "lo", "up")
            self.run(name, "sysctl", "-qw", *SYSCTLS)

    def link(self, left: str, right: str, nets: tuple[str, str]) -> None:
        """Join two namespaces; addresses end in 1 on the left and 2 on the right.

        Args:
            left, right: their names; the interface in each is called as the other one.
            nets: the networks, such as ``10.0.1.`` and ``fd00:1::``.
        """
        ends = {"name": right, "netns": self.prefix + left}, {"name": left, "netns": self.prefix + right}
        first, second = ([word for item in end.items() for word in item] for end in ends)
        ip("link", "add", *first, "type", "veth", "peer", *second)
        for name, other, last in ((left, right, "1"), (right, left, "2")):
            self.ip(name, "link", "set", "dev", other, "up")
            self.ip(name, "addr", "add", f"{nets[0]}{last}/24", "dev", other)
            self.ip(name, "addr", "add", f"{nets[1]}{last}/64", "dev", other, "nodad")

    def ip(self, name: str, *words: str) -> None:
        """Run ip in a namespace."""
        ip("-n", self.prefix + name, *words)

    def run(self, name: str, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a program in a namespace."""
        command = ["ip", "netns", "exec", self.prefix + name, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=check)

    def trace(self, name: str, *words: str, user: int | None = None) -> subprocess.CompletedProcess[str]:
        """Run ``dissector trace`` in a namespace, as a user without rights where one is named."""
        become = [] if user is None else ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        return self.run(name, *become, sys.executable, "-P", "-m", "dissector", "trace", *words, check=False)

    def remove(self) -> None:
        """Remove all namespaces, and what is in them."""
        for name in self.names:
            ip("netns", "del", self.prefix + name)


def ip(*words: str) -> None:
    """Run ip."""
    command = [shutil.which("ip") or "ip", *words]
    subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)


@contextmanager
def network(name: str) -> Iterator[Net]:
    """Give a network of namespaces, and remove it; skip where none can be made."""
    if os.geteuid() or shutil.which("ip") is None:
        pytest.skip("network namespaces need root and iproute2")
    found = Net(name)
    try:
        try:
            found.add("probe")
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"no network namespaces here: {error}")
        yield found
    finally:
        found.remove()


def chain(net: Net, routers: int) -> tuple[str, str]:
    """Make host – routers – host and return the addresses of the last one, v4 and v6.

    The first host is ``h``, the routers are ``r1`` and so on, the last host is ``t``. The network left of router
    n is 10.77.n-1.0/24 and fd77:n-1::/64.
    """
    names = ["h", *(f"r{number}" for number in range(1, routers + 1)), "t"]
    net.add(*names)
    for place in range(len(names) - 1):
        net.link(names[place], names[place + 1], (f"10.77.{place}.", f"fd77:{place}::"))
    for place, name in enumerate(names):
        if place < len(names) - 1:
            net.ip(name, "route", "add", "default", "via", f"10.77.{place}.2")
            net.ip(name, "route", "add", "default", "via", f"fd77:{place}::2")
        if place > 1:
            back = place - 1
            net.ip(name, "route", "add", "10.77.0.0/24", "via", f"10.77.{back}.1")
            net.ip(name, "route", "add", "fd77:0::/64", "via", f"fd77:{back}::1")
    return f"10.77.{routers}.2", f"fd77:{routers}::2"
