"""Messages that were made to break or to fool their reader."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Any

from cases import REQUEST, REQUEST6, clock
from containers import pcap_file
from frames import datagram, ethernet, framed
from model import HOST, HOST6, ROUTER, ROUTER6, SERVER, SERVER6, Example
from objects import interface, node
from quotes import TRACE

from dissector.messages.base import Opaque
from dissector.messages.errors import TimeExceeded
from dissector.tails.quoted import Quote, extended

if TYPE_CHECKING:
    from collections.abc import Iterator

ESCAPES = "eth0\x1b[2J\x1b]0;owned\x07\r\n\u202e"
"""A name that clears a terminal, sets its title, begins a line and turns the direction of writing."""
NESTED = 60
"""Tunnels in one another: more than anybody opens."""


def octets(about: str, kind: int, text: str, code: int = 0) -> Example:
    """Return an ICMPv4 message by its octets after the checksum, in hexadecimal."""
    return Example(about, Opaque(type=kind, code=code, data=bytes.fromhex(text)), ROUTER, HOST)


def octets6(about: str, kind: int, text: str, code: int = 0) -> Example:
    """Return an ICMPv6 message by its octets after the checksum, in hexadecimal."""
    return Example(about, Opaque(type=kind, code=code, data=bytes.fromhex(text)), ROUTER6, HOST6, 255)


def names() -> Iterator[Example]:
    """Yield texts that attack terminals, and names that never end."""
    exceeded = TimeExceeded(type=11, quote=Quote.of(TRACE))
    yield Example("an interface's name", extended(exceeded, interface(2, ESCAPES)), ROUTER, HOST)
    yield Example("a node's name", extended(exceeded, node(ESCAPES, ROUTER)), ROUTER, HOST)
    head = "1234 0001 00000e10"
    yield octets("a domain name with control characters", 38, f"{head} 05 1b5b324a0a 03 636f6d 00")
    yield octets("a domain name that points to itself", 38, f"{head} c00c")
    yield octets("two domain names that point to each other", 38, f"{head} c00e c00c")
    yield octets("a domain name that is longer than 255 octets", 38, head + 5 * ("3f" + 63 * "61") + "00")
    nonce = "c0ffee0102030405"
    yield octets6("a node's name that points to itself", 140, f"0002 0000 {nonce} 00000000 c004")
    yield octets6("a node's name with a zero octet", 140, f"0002 0000 {nonce} 00000000 0461006200 00")
    portal = b"https://x/\x1b[31m\n".ljust(22, b"\0").hex()
    yield octets6("a captive portal with control characters", 134, f"40000708 {16 * '0'} 2503{portal}")


def lengths() -> Iterator[Example]:
    """Yield lengths and numbers that cannot be."""
    target = IPv6Address("2001:db8:1::10").packed.hex()
    yield octets6("an option of length zero", 135, f"00000000 {target} 0100000000000000")
    yield octets6("an option longer than its message", 135, f"00000000 {target} 01ff00005e005310")
    yield octets6(
        "a prefix of 255 bits", 134, f"40000708 {16 * '0'} 0304ffc0 ffffffff ffffffff 00000000 {target}"
    )
    yield octets6("65535 records, none there", 143, "0000 ffff")
    record = "01ff ffff" + IPv6Address("ff02::fb").packed.hex()
    yield octets6("a record of 65535 sources", 143, f"0000 0001 {record}")
    yield octets("255 router addresses, one there", 9, "ff02 0708 c0000201 00000000")
    yield octets("router addresses of zero octets", 9, "ff00 0708 c0000201 00000000")
    quote = TRACE.ljust(128, b"\0").hex()
    yield octets("an extension object of length zero", 11, f"00200000 {quote} 20000000 00000101")
    yield octets(
        "an extension object longer than its message", 11, f"00200000 {quote} 20000000 ffff0101 03e84101"
    )
    yield octets("the quoted header has no length", 3, f"00000000 40{TRACE.hex()[2:]}", 3)
    yield octets("the quote is no IP", 3, f"00000000 {16 * 'ff'}", 3)
    yield octets6("an RPL option longer than its message", 155, "0000 07ff")
    yield octets6("a renumbering operation of length zero", 138, f"00000001 00000000 00000000 0100{60 * '0'}")
    yield octets6("a seed with more than is there", 159, "00fd aabb")


def lies() -> Iterator[bytes]:
    """Yield frames whose IP headers lie."""
    from scapy.layers.inet import IP
    from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, PadN
    from scapy.packet import Raw

    ends: dict[str, Any] = {"src": str(HOST), "dst": str(SERVER)}
    ends6: dict[str, Any] = {"src": str(HOST6), "dst": str(SERVER6)}
    message, message6 = Raw(REQUEST.octets), Raw(REQUEST6.octets)
    yield framed(IP(len=65535, proto=1, **ends) / message, HOST, SERVER)
    yield framed(IP(len=10, proto=1, **ends) / message, HOST, SERVER)
    yield framed(IP(ihl=4, proto=1, **ends) / message, HOST, SERVER)
    yield framed(IP(ihl=15, proto=1, **ends) / message, HOST, SERVER)
    yield framed(IPv6(plen=65535, nh=58, **ends6) / message6, HOST6, SERVER6)
    option = IPv6ExtHdrDestOpt(nh=60, options=[PadN(optdata=bytes(4))])
    chain = IPv6(nh=60, **ends6)
    for _ in range(NESTED):
        chain = chain / option
    yield framed(chain / message6, HOST6, SERVER6)
    nested = datagram(REQUEST)
    for _ in range(NESTED):
        nested = IP(proto=4, id=1, **ends) / nested
    yield framed(nested, HOST, SERVER)


def hostile() -> bytes:
    """Return the capture."""
    frames = [ethernet(example) for group in (names(), lengths()) for example in group]
    return pcap_file(clock([*frames, *lies()]))
