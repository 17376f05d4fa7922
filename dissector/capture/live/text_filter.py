"""Capture filters that users write (pcap-filter(7)), compiled by libpcap through scapy.

libpcap compiles for packets as they are in a file. In the kernel they are different in two ways. Behind what stands
before the network layer, on hardware whose packets get a cooked header here, the program must look at the network
layer. And a VLAN tag is not in the frame, but beside it. A filter that speaks of VLANs is made to look there; one that
does not sees the frame without the tag, and so matches tagged frames as well, as it does in tcpdump.
"""

from __future__ import annotations

import re
from typing import Final

from dissector.capture.live import bpf, hardware, scapy_alone
from dissector.errors import CaptureFilterError
from dissector.kernel import layers

_EN10MB, _RAW = 1, 12
"""DLT numbers, as libpcap has them on Linux."""
_SIZE: Final = 0x18
"""The bits of a load that say how many octets."""
_ABSOLUTE, _FROM_X, _HEADER_LENGTH = 0x20, 0x40, 0xB1
_TAG_PLACES: Final = {
    (bpf.LOAD_HALF, 12): bpf.TAG_TYPE,
    (bpf.LOAD_HALF, 14): bpf.TAG,
}
_WORD: Final = 0xFFFFFFFF
_BEHIND_TAG: Final = 16
_TAG_SIZE: Final = 4
_TAGGED: Final = re.compile(r"\bvlan\b")


def text_filter(text: str, link_types: set[int] | None, snaplen: int) -> list[bpf.Instruction]:
    """Return a program that decides by a user's filter.

    Args:
        text: the filter.
        link_types: those it is for, or None for all there may be.
        snaplen: octets to be kept of a packet that passes.

    Raises:
        CaptureFilterError: it is not a filter, or not one for that link type; or there is no libpcap.
    """
    ethernet = link_types is None or 1 in link_types
    others = link_types is None or bool(link_types - {1})
    program = bpf.Program()
    program.add(bpf.LOAD_WORD, bpf.HARDWARE)
    for kind in hardware.ETHERNETS:
        program.when(bpf.EQUAL, kind, "ethernet")
    for kind in hardware.BARE:
        program.when(bpf.EQUAL, kind, "bare")
    bare = _compiled(text, _RAW, snaplen, needed=others and not ethernet)
    program.extend([_moved(instruction, bpf.NETWORK) for instruction in bare])
    program.place("bare")
    program.extend(bare)
    program.place("ethernet")
    plain = _compiled(text, _EN10MB, snaplen, needed=ethernet)
    if _TAGGED.search(text):
        program.add(bpf.LOAD_WORD, bpf.TAG_PRESENT)
        program.when(bpf.EQUAL, 0, "untagged")
        program.extend([_beside(instruction) for instruction in plain])
        program.place("untagged")
    program.extend(plain)
    return program.instructions


def icmp_text(text: str | None, *, tunnels: bool = True, types: bool = True) -> str:
    """Return a filter for what may hold ICMP, as text, for systems whose kernel takes no program of ours.

    It lets more pass than :func:`~.icmp_filter.icmp_filter`: all there is behind VLAN tags and extension headers.

    Args:
        text: the user's filter, which packets have to pass as well.
        tunnels: whether what is opened as a tunnel may hold ICMP.
        types: whether the link has Ethernet types.
    """
    wanted = ["ip[6:2] & 0x1fff != 0"] if tunnels else []
    for protocol, layer in layers.PROTOCOLS.items():
        if layer == layers.UDP and tunnels:
            wanted += [f"udp port {port}" for port in layers.UDP_PORTS]
        elif tunnels or protocol not in layers.TUNNEL_PROTOCOLS:
            wanted += [f"ip6[6] = {protocol}"] + [f"ip[9] = {protocol}"] * (layer != layers.EXTENSION)
    for number, layer in layers.ETHER_TYPES.items() if types else ():
        if layer not in {layers.IPV4, layers.IPV6} and (tunnels or number not in layers.TUNNEL_ETHER_TYPES):
            wanted.append(f"ether proto {number}")
    if types:
        wanted.append("ether[12:2] <= 1500")
    both = " or ".join(wanted)
    return f"({text}) and ({both})" if text else both


def _compiled(text: str, link: int, snaplen: int, *, needed: bool) -> list[bpf.Instruction]:
    """Return a filter as libpcap compiles it; a program that refuses all if it cannot be and is not needed."""
    scapy_alone.prepare()
    from scapy.arch.common import compile_filter
    from scapy.error import Scapy_Exception

    try:
        compiled = compile_filter(text, linktype=link)
    except ImportError as error:
        message = (
            "capture filters are compiled by libpcap, which is not installed (package libpcap0.8 or libpcap)"
        )
        raise CaptureFilterError(message) from error
    except Scapy_Exception as error:
        if not needed:
            return [bpf.Instruction(bpf.RETURN, 0, 0, 0)]
        reason = re.sub(r".*\((.*)\)$", r"\1", str(error), flags=re.DOTALL)
        message = f"{text!r} is not a capture filter (pcap-filter(7)): {reason}"
        if _TAGGED.search(text):
            message += (
                "; 'vlan' moves what comes after it behind the tag, so it goes first: 'vlan 12 and icmp'"
            )
        raise CaptureFilterError(message) from error
    # scapy has signed operands.
    found = [
        bpf.Instruction(each.code, each.jt, each.jf, each.k & _WORD)
        for each in (compiled.bf_insns[at] for at in range(compiled.bf_len))
    ]
    # What a program returns is how many octets to keep: all of them, or none.
    return [each._replace(k=snaplen) if each.code == bpf.RETURN and each.k else each for each in found]


def _moved(instruction: bpf.Instruction, by: int) -> bpf.Instruction:
    """Return an instruction that reads octets of the packet elsewhere; others as they are."""
    if instruction.code == _HEADER_LENGTH or instruction.code & ~_SIZE in {_ABSOLUTE, _FROM_X}:
        return instruction._replace(k=(instruction.k + by) & _WORD)
    return instruction


def _beside(instruction: bpf.Instruction) -> bpf.Instruction:
    """Return an instruction that reads a tagged frame, for one whose tag is beside it."""
    place = _TAG_PLACES.get((instruction.code, instruction.k))
    if place is not None:
        return instruction._replace(code=bpf.LOAD_WORD, k=place & _WORD)
    return _moved(instruction, -_TAG_SIZE) if instruction.k >= _BEHIND_TAG else instruction
