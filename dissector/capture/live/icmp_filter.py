"""The filter that runs in the kernel: what may hold an ICMP message passes.

It is made from the tables that the scan kernel peels by (:mod:`dissector.kernel.layers`) and never refuses a packet
that the scan kernel would find a message in, or a fragment of one. It may let others pass, because the scan kernel has
the last word: whatever is rare and complicated (tunnels, MPLS, PPPoE, LLC) passes by its number alone. Refused is what
there is most of on a network: TCP, UDP but for tunnels, ARP.

Through the program X holds where the header at hand begins.
"""

from __future__ import annotations

import socket

from dissector.capture.live import bpf, hardware
from dissector.kernel import layers

VLAN_TAGS = 4
"""Tags in the frame that are passed over; the kernel has taken out the outermost before. More are let pass."""
EXTENSIONS = 8
"""IPv6 extension headers that are passed over; a packet that has more is let pass."""

_ACCEPT, _REJECT = "accept", "reject"
_FRAGMENT_HEADER = 44
_NEXT = 0
"""The place in the program's memory of the next header's number."""


def icmp_filter(ending: list[bpf.Instruction], *, tunnels: bool = True) -> list[bpf.Instruction]:
    """Return the program.

    Args:
        ending: what decides about a packet that may hold ICMP: a whole program.
        tunnels: whether what is opened as a tunnel may hold ICMP.
    """
    program = bpf.Program()
    _link(program)
    _types(program, () if tunnels else layers.TUNNEL_ETHER_TYPES)
    protocols = [number for number in layers.PROTOCOLS if tunnels or number not in layers.TUNNEL_PROTOCOLS]
    _ipv4(program, protocols)
    _ipv6(program, protocols)
    _udp(program)
    program.place(_REJECT)
    program.add(bpf.RETURN, 0)
    program.place(_ACCEPT)
    program.extend(ending)
    return program.instructions


def _link(program: bpf.Program) -> None:
    """Go where the hardware's frames are read, to come out at ``type`` with the Ethernet type in A."""
    program.add(bpf.LOAD_WORD, bpf.HARDWARE)
    program.when(bpf.EQUAL, hardware.LOOPBACK, "loopback")
    program.when(bpf.EQUAL, hardware.ETHERNET, "ethernet")
    for kind in hardware.BARE:
        program.when(bpf.EQUAL, kind, "bare")
    for kind in hardware.OWN:
        program.when(bpf.EQUAL, kind, _ACCEPT)
    program.add(bpf.LOAD_X, bpf.NETWORK)
    program.add(bpf.LOAD_WORD, bpf.PROTOCOL)
    program.go("type")

    program.place("bare")
    program.add(bpf.LOAD_X, 0)
    program.add(bpf.LOAD_BYTE, 0)
    program.add(bpf.AND, 0xF0)
    program.when(bpf.EQUAL, 0x40, "ipv4")
    program.when(bpf.EQUAL, 0x60, "ipv6")
    program.go(_REJECT)

    program.place("loopback")  # what it sends comes again as what it receives
    program.add(bpf.LOAD_WORD, bpf.PACKET_TYPE)
    program.when(bpf.EQUAL, socket.PACKET_OUTGOING, _REJECT)
    program.place("ethernet")
    program.add(bpf.LOAD_X, 14)
    program.add(bpf.LOAD_HALF, 12)
    program.place("type")


def _types(program: bpf.Program, closed: tuple[int, ...]) -> None:
    """Go on by the Ethernet type in A; X is behind it."""
    tags = [number for number, layer in layers.ETHER_TYPES.items() if layer == layers.VLAN]
    for level in range(VLAN_TAGS):
        for tag in tags:
            program.when(bpf.EQUAL, tag, f"tag {level}")
        program.go("carried")
        program.place(f"tag {level}")
        _advance(program, 4)
        program.add(bpf.LOAD_HALF + bpf.AT_X, -2)
    program.place("carried")
    for number, layer in layers.ETHER_TYPES.items():
        if number not in closed:
            label = {layers.IPV4: "ipv4", layers.IPV6: "ipv6"}.get(layer, _ACCEPT)
            program.when(bpf.EQUAL, number, label)
    program.when(bpf.GREATER, 1500, _REJECT)
    # A length, and IEEE 802.2 behind it: unnumbered information for SNAP, IP and network layer protocol identifiers.
    program.add(bpf.LOAD_BYTE + bpf.AT_X, 2)
    program.when(bpf.EQUAL, 0x03, "unnumbered")
    program.go(_REJECT)
    program.place("unnumbered")
    program.add(bpf.LOAD_HALF + bpf.AT_X, 0)
    for points in (0xAAAA, 0x0606, 0xFEFE):
        program.when(bpf.EQUAL, points, _ACCEPT)
    program.go(_REJECT)


def _ipv4(program: bpf.Program, protocols: list[int]) -> None:
    """Go on by the protocol of IPv4 (RFC 791); each fragment has it."""
    program.place("ipv4")
    program.add(bpf.LOAD_BYTE + bpf.AT_X, 9)
    for protocol in protocols:
        if layers.PROTOCOLS[protocol] == layers.UDP:
            program.when(bpf.EQUAL, protocol, "udp in ipv4")
        elif layers.PROTOCOLS[protocol] != layers.EXTENSION:
            program.when(bpf.EQUAL, protocol, _ACCEPT)
    program.go(_REJECT)
    program.place("udp in ipv4")
    program.add(bpf.LOAD_HALF + bpf.AT_X, 6)
    program.when(bpf.ANY_BIT, 0x1FFF, _ACCEPT)  # a later fragment: no ports to tell by
    program.add(bpf.LOAD_BYTE + bpf.AT_X, 0)
    program.add(bpf.AND, 0x0F)
    program.add(bpf.SHIFT_LEFT, 2)
    program.add(bpf.ADD_X)
    program.add(bpf.X_FROM_A)
    program.go("udp")


def _ipv6(program: bpf.Program, protocols: list[int]) -> None:
    """Go from header to header of IPv6 (RFC 8200 section 4) until one is no extension."""
    extensions = [number for number in protocols if layers.PROTOCOLS[number] == layers.EXTENSION]
    program.place("ipv6")
    program.add(bpf.LOAD_BYTE + bpf.AT_X, 6)
    program.add(bpf.STORE, _NEXT)
    _advance(program, 40)
    for level in range(EXTENSIONS):
        program.add(bpf.LOAD_MEMORY, _NEXT)
        program.when(bpf.EQUAL, _FRAGMENT_HEADER, f"fragment {level}")
        for number in extensions:
            program.when(bpf.EQUAL, number, f"extension {level}")
        program.go("upper layer")
        program.place(f"fragment {level}")
        program.add(bpf.LOAD_HALF + bpf.AT_X, 2)
        program.when(bpf.ANY_BIT, 0xFFF8, "later fragment")
        _store_next(program)
        _advance(program, 8)
        program.go(f"header {level}")
        program.place(f"extension {level}")
        _store_next(program)
        program.add(bpf.LOAD_BYTE + bpf.AT_X, 1)
        program.add(bpf.ADD, 1)
        program.add(bpf.SHIFT_LEFT, 3)
        program.add(bpf.ADD_X)
        program.add(bpf.X_FROM_A)
        program.place(f"header {level}")
    program.go(_ACCEPT)

    program.place("later fragment")  # of it the first header alone is known
    program.add(bpf.LOAD_BYTE + bpf.AT_X, 0)
    for number in protocols:
        program.when(bpf.EQUAL, number, _ACCEPT)
    program.go(_REJECT)

    program.place("upper layer")
    program.add(bpf.LOAD_MEMORY, _NEXT)
    for number in protocols:
        program.when(bpf.EQUAL, number, "udp" if layers.PROTOCOLS[number] == layers.UDP else _ACCEPT)
    program.go(_REJECT)


def _udp(program: bpf.Program) -> None:
    """Accept the ports of tunnels, destination or source."""
    program.place("udp")
    for at in (2, 0):
        program.add(bpf.LOAD_HALF + bpf.AT_X, at)
        for port in layers.UDP_PORTS:
            program.when(bpf.EQUAL, port, _ACCEPT)


def _advance(program: bpf.Program, octets: int) -> None:
    """Add octets to X; A becomes the same."""
    program.add(bpf.LOAD_IMMEDIATE, octets)
    program.add(bpf.ADD_X)
    program.add(bpf.X_FROM_A)


def _store_next(program: bpf.Program) -> None:
    """Keep the number of the next header, which is the first octet of this one."""
    program.add(bpf.LOAD_BYTE + bpf.AT_X, 0)
    program.add(bpf.STORE, _NEXT)
