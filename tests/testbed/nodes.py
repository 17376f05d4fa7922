"""A kernel's network of its own, and an interface of it on a link.

The addresses follow from the order in which a scenario names hosts and links: host 3 on link 2 is 10.2.0.3,
2001:db8:2::3 and 02:00:00:00:02:03, and its interface there is ``eth2``.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from testbed.namespaces import Namespace

if TYPE_CHECKING:
    from scapy.packet import Packet

SECONDS = 10
"""What a command may take at most."""
LACKING = (
    "not supported",
    "No such file or directory",
    "Unknown qdisc",
    "Unknown device type",
    "Protocol not",
)
"""How ip, tc and nft say that the kernel has not got something."""
QUIET = {
    "ipv6/conf/default/accept_dad": 0,
    "ipv6/conf/default/router_solicitations": 0,
    "ipv6/conf/default/mldv1_unsolicited_report_interval": 10,
    "ipv6/conf/default/mldv2_unsolicited_report_interval": 10,
    "ipv4/icmp_ratelimit": 0,
    "ipv6/icmp/ratelimit": 0,
}
"""What hosts do of themselves is off or soon over, and so are limits, until a scenario asks for them."""


class MissingError(Exception):
    """This machine cannot play a scenario; the text says what it has not got."""


class Wire(NamedTuple):
    """Where a host's packets are watched.

    Attributes:
        host: the host.
        name: an interface of its, or ``any``.
    """

    host: Host
    name: str


class Port(NamedTuple):
    """A host's interface on a link."""

    host: Host
    link: int

    @property
    def name(self) -> str:
        """Its name inside the host."""
        return f"eth{self.link}"

    @property
    def v4(self) -> str:
        """Its IPv4 address."""
        return f"10.{self.link}.0.{self.host.number}"

    @property
    def v6(self) -> str:
        """Its IPv6 address."""
        return f"2001:db8:{self.link}::{self.host.number}"

    @property
    def mac(self) -> str:
        """Its link-layer address."""
        return f"02:00:00:00:{self.link:02x}:{self.host.number:02x}"

    @property
    def local(self) -> str:
        """Its link-local IPv6 address, which the kernel makes of the link-layer address (RFC 4291, appendix A)."""
        return f"fe80::ff:fe00:{self.link << 8 | self.host.number:x}"

    @property
    def if_index(self) -> int:
        """Its number inside the host."""
        with self.host.namespace.entered():
            return socket.if_nametoindex(self.name)

    def send(self, to: str, *packets: Packet) -> None:
        """Put packets on the link as they are, each in an Ethernet frame.

        Args:
            to: the link-layer address that the frames go to.
            packets: from their IP header on.
        """
        from scapy.layers.l2 import Ether

        frames = [bytes(Ether(src=self.mac, dst=to) / packet) for packet in packets]
        with self.host.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
            sender.bind((self.name, 0))
            for frame in frames:
                sender.send(frame)


class Node:
    """A kernel's network of its own, and what is done in it."""

    def __init__(self) -> None:
        self.namespace = Namespace()
        for name, value in QUIET.items():
            self.set(name, value)

    def set(self, name: str, value: float | str) -> None:
        """Write a kernel setting, named by its path under ``net``.

        Raises:
            MissingError: this kernel has no such setting.
        """
        with self.namespace.entered():
            setting = Path("/proc/sys/net", name)
            if not setting.exists():
                text = f"this kernel has no net.{name.replace('/', '.')}"
                raise MissingError(text)
            setting.write_text(str(value))

    def socket(self, family: int, kind: int, protocol: int = 0) -> socket.socket:
        """Open a socket of this host."""
        with self.namespace.entered():
            return socket.socket(family, kind, protocol)

    def start(self, *command: str | Path) -> subprocess.Popen[bytes]:
        """Start a program on this host, its output in pipes.

        Raises:
            MissingError: the program is not installed.
        """
        if shutil.which(command[0]) is None:
            text = f"{command[0]} is not installed"
            raise MissingError(text)
        with self.namespace.entered():
            return subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )

    def run(self, *command: str, told: str = "") -> str:
        """Run a program on this host to its end, and return what it printed.

        Args:
            command: the program and its arguments.
            told: what it reads.

        Raises:
            MissingError: the program is not installed, or says that the kernel lacks something.
            RuntimeError: it failed otherwise.
        """
        with self.start(*command) as process:
            try:
                out, err = process.communicate(told.encode(), timeout=SECONDS)
            finally:
                process.kill()
        if process.returncode:
            reason = f"{' '.join(command)}: {err.decode().strip()} ({told.strip()})"
            raise MissingError(reason) if any(sign in reason for sign in LACKING) else RuntimeError(reason)
        return out.decode()

    def ip(self, *commands: str) -> None:
        """Run commands of ``ip``, such as ``route add unreachable 10.9.0.0/16``; ``-6`` may come first."""
        for family in ("", "-6"):
            chosen = [
                command.removeprefix("-6 ")
                for command in commands
                if command.startswith("-6") == bool(family)
            ]
            if chosen:
                self.run("ip", *([family] if family else []), "-batch", "-", told="\n".join(chosen))

    def nft(self, rules: str) -> None:
        """Load a ruleset of nftables."""
        self.run("nft", "-f", "-", told=f"{rules}\n")

    def tc(self, *commands: str) -> None:
        """Run commands of ``tc``."""
        self.run("tc", "-batch", "-", told="\n".join(commands))


class Host(Node):
    """A node with addresses: a host, or a router if it forwards.

    Args:
        number: the last part of its addresses.
        forwards: whether it is a router.
    """

    def __init__(self, number: int, *, forwards: bool = False) -> None:
        super().__init__()
        self.number = number
        self.set("ipv4/ip_forward", int(forwards))
        self.set("ipv6/conf/all/forwarding", int(forwards))
        self.ip("link set lo up")

    def route(self, beyond: int | str, gateway: Port) -> None:
        """Send what goes to a link, or to ``default``, to a gateway; IPv4 and IPv6."""
        whole = beyond == "default"
        four, six = (beyond, beyond) if whole else (f"10.{beyond}.0.0/16", f"2001:db8:{beyond}::/48")
        self.ip(f"route add {four} via {gateway.v4}", f"-6 route add {six} via {gateway.v6}")
