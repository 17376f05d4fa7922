"""Hosts in network namespaces (Linux, root), and what is captured of what they say to each other."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PATIENCE = 30
"""Seconds that a program may take to begin or to end."""
SETTLE = 0.5
"""Seconds after the last packet in which captures take in what is on the way."""


class Host(NamedTuple):
    """A network namespace."""

    name: str

    def words(self, *command: str) -> tuple[str, ...]:
        """Return a command as it runs on this host."""
        return ("ip", "netns", "exec", self.name, *command)

    def run(self, *command: str) -> str:
        """Run a command on this host; return what it writes."""
        done = subprocess.run(self.words(*command), check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own
        return done.stdout

    def begin(self, *command: str) -> subprocess.Popen[str]:
        """Begin a command on this host."""
        pipe = subprocess.PIPE
        return subprocess.Popen(self.words(*command), stdout=pipe, stderr=pipe, text=True)  # noqa: S603 - our own


def ip(command: str) -> None:
    """Run ``ip`` with some words."""
    subprocess.run(["ip", *command.split()], check=True, capture_output=True)  # noqa: S603, S607 - as on the PATH


@contextmanager
def chain(count: int) -> Iterator[list[Host]]:
    """Yield hosts in a row, each the router of those behind it, for as long as this lasts.

    Host n and the next are joined by a wire, ``n0`` and ``p0`` at its ends, with 10.0.n.1 and 10.0.n.2; two hosts have
    192.0.2.1 and 192.0.2.2 too.
    """
    hosts = [Host(f"bench{os.getpid()}-{number}") for number in range(count)]
    with ExitStack() as stack:
        for host in hosts:
            ip(f"netns add {host.name}")
            stack.callback(ip, f"netns del {host.name}")
            ip(f"-n {host.name} link set lo up")
            for setting in ("ip_forward=1", "icmp_ratelimit=0", "icmp_msgs_per_sec=1000000"):
                host.run("sysctl", "-qw", f"net.ipv4.{setting}")
            # What IPv6 says when a link comes up would be seen by the one who began first.
            host.run(
                "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"
            )
        for number, (one, other) in enumerate(pairwise(hosts)):
            ip(f"link add n0 netns {one.name} type veth peer name p0 netns {other.name}")
            for host, name, end in ((one, "n0", 1), (other, "p0", 2)):
                ip(f"-n {host.name} link set {name} up")
                ip(f"-n {host.name} addr add 10.0.{number}.{end}/24 dev {name}")
                if count == 2:  # noqa: PLR2004 - a wire
                    ip(f"-n {host.name} addr add 192.0.2.{end}/24 dev {name}")
            ip(f"-n {one.name} route add default via 10.0.{number}.2")
            for far in range(number):
                ip(f"-n {other.name} route add 10.0.{far}.0/24 via 10.0.{number}.1")
        yield hosts


class Seen(NamedTuple):
    """What a program has captured.

    Attributes:
        packets: in its file.
        dropped: packets that the kernel had no room for, as the program says.
        cpu: seconds that it took while packets came, start and end left out.
    """

    packets: int
    dropped: int
    cpu: float


class Capture:
    """A program that writes packets to a file.

    Args:
        host: where it runs.
        file: what it writes.
        command: the program.
    """

    def __init__(self, host: Host, file: Path, *command: str) -> None:
        self.file = file
        file.unlink(missing_ok=True)
        self.process = host.begin(*command)

    def wait(self) -> None:
        """Wait until it captures: it has made its file by then."""
        deadline = time.monotonic() + PATIENCE
        while not self.file.exists() and time.monotonic() < deadline:
            if self.process.poll() is not None:
                message = f"{self.process.args!r} ended: {self.process.communicate()[1]}"
                raise RuntimeError(message)
            time.sleep(0.01)
        time.sleep(SETTLE)
        self.before = self.cpu()

    def cpu(self) -> float:
        """Return the CPU seconds of its main thread so far; the kernel counts them in ns."""
        return int(Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[0]) / 1e9

    def end(self) -> Seen:
        """End it; return what it has captured."""
        cpu = self.cpu() - self.before
        self.process.send_signal(signal.SIGINT)
        _, told = self.process.communicate(timeout=PATIENCE)
        return Seen(packets(self.file), dropped(told), cpu)


def packets(file: Path) -> int:
    """Return how many packets are in a capture."""
    from dissector.capture.formats import open_capture

    with open_capture(str(file)) as reader:
        return sum(block.count for block in reader)


def dropped(told: str) -> int:
    """Return how many packets a program says, in its last lines, that the kernel has dropped."""
    found = re.search(r"([\d,]+) packets? dropped by kernel|kernel dropped ([\d,]+)", told)
    return int((found[1] or found[2]).replace(",", "")) if found else 0


def compared(
    host: Host, folder: Path, ours: Sequence[str], traffic: Callable[[], object]
) -> tuple[Seen, Seen]:
    """Let this program and tcpdump capture the same on a host's ``p0``; return what they have seen.

    Args:
        host: where they capture.
        folder: for their files.
        ours: this program, with what comes before its own options.
        traffic: what is to be captured; it returns when it is over.
    """
    one, other = folder / "ours.pcapng", folder / "theirs.pcap"
    captures = (
        Capture(host, one, *ours, "sniff", "-i", "p0", "-q", "-w", str(one)),
        Capture(host, other, "tcpdump", "-i", "p0", "-Z", "root", "-w", str(other), "icmp or icmp6"),
    )
    for capture in captures:
        capture.wait()
    traffic()
    time.sleep(SETTLE)
    mine, theirs = (capture.end() for capture in captures)
    return mine, theirs
