"""Hosts, routers and the links between them."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from testbed.nodes import Host, Node, Port

if TYPE_CHECKING:
    from typing import Self

SWITCH = "02:00:00:00:00:ff"
"""The link-layer address of a switch."""


class Network(ExitStack):
    """What a scenario builds; everything in it is gone at the end.

    Attributes:
        hosts, links: how many there are.
        switch: the newest.
    """

    switch: Node

    def __init__(self) -> None:
        super().__init__()
        self.hosts = 0
        self.links = 0

    def __enter__(self) -> Self:
        """Return the network."""
        super().__enter__()
        return self

    def host(self, *, forwards: bool = False) -> Host:
        """Return a new host."""
        self.hosts += 1
        host = Host(self.hosts, forwards=forwards)
        self.callback(host.namespace.close)
        return host

    def router(self) -> Host:
        """Return a new host that forwards."""
        return self.host(forwards=True)

    def link(self, *hosts: Host, mtu: int = 1500, known: bool = True) -> tuple[Port, ...]:
        """Connect hosts: two by a cable, more by a switch.

        Args:
            hosts: which.
            mtu: octets of a packet on the link.
            known: the hosts know each other's link-layer addresses from the start.

        Returns:
            The interface of each.
        """
        self.links += 1
        ports = tuple(Port(host, self.links) for host in hosts)
        if len(ports) == 2:
            self._cable(*ports)
        else:
            self._switch(ports)
        for port in ports:
            up(port, mtu)
        if known:
            for port in ports:
                port.host.ip(*(line for other in ports if other != port for line in neighbor(port, other)))
        return ports

    def _cable(self, one: Port, other: Port) -> None:
        """Connect two hosts."""
        one.host.ip(
            f"link add name {one.name} address {one.mac} type veth "
            f"peer name {other.name} address {other.mac} netns {other.host.namespace.path}"
        )

    def _switch(self, ports: tuple[Port, ...]) -> None:
        """Connect hosts by a bridge, which has no addresses and floods what is for many."""
        switch = Node()
        self.callback(switch.namespace.close)
        self.switch = switch
        switch.set("ipv6/conf/default/disable_ipv6", 1)
        switch.ip(
            f"link add name lan address {SWITCH} type bridge forward_delay 0 mcast_snooping 0",
            "link set lan up",
        )
        for number, port in enumerate(ports):
            port.host.ip(
                f"link add name {port.name} address {port.mac} type veth "
                f"peer name port{number} netns {switch.namespace.path}"
            )
            switch.ip(f"link set port{number} master lan up")

    def line(self, length: int, **mtus: int) -> list[Port]:
        """Return a client and a server with routers between them, and routes both ways.

        Args:
            length: how many routers.
            mtus: ``link2=1400`` sets the MTU of the second link.

        Returns:
            Interfaces from the client to the server, two a link.
        """
        chain = [self.host(), *(self.router() for _ in range(length)), self.host()]
        ports: list[Port] = []
        for number in range(length + 1):
            ports += self.link(*chain[number : number + 2], mtu=mtus.get(f"link{number + 1}", 1500))
        for place, host in enumerate(chain):
            for link in range(1, length + 2):
                if link > place + 1:
                    host.route(link, ports[2 * place + 1])
                elif link < place:
                    host.route(link, ports[2 * place - 2])
        return ports


def up(port: Port, mtu: int) -> None:
    """Give an interface its addresses, and wait for nothing: duplicates are not looked for."""
    port.host.ip(
        f"link set {port.name} mtu {mtu} up",
        f"address add {port.v4}/24 broadcast 10.{port.link}.0.255 dev {port.name}",
        f"-6 address add {port.v6}/64 dev {port.name} nodad",
    )


def neighbor(port: Port, other: Port) -> tuple[str, ...]:
    """Return the commands that tell a host the link-layer address of another."""
    return tuple(
        f"neighbor replace {address} lladdr {other.mac} dev {port.name} nud permanent"
        for address in (other.v4, other.v6, other.local)
    )
