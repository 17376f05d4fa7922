"""The network interfaces there are."""

from __future__ import annotations

import socket
import struct
import sys
from ipaddress import ip_address
from typing import Final, NamedTuple

from dissector.capture.links import link_description
from dissector.capture.live import hardware, netlink, scapy_alone
from dissector.capture.live.ring import ANY

_UP: Final = 0x1
_FAMILIES: Final = frozenset({socket.AF_INET, socket.AF_INET6})
_LINK = struct.Struct("=BxHiII")  # struct ifinfomsg: family, hardware, index, flags, change
_ADDRESS = struct.Struct("=BBBBi")  # struct ifaddrmsg: family, prefix length, flags, scope, index
# Attributes: IFLA_IFNAME, IFLA_LINKINFO, IFLA_INFO_KIND in it; IFA_ADDRESS, IFA_LOCAL.
_NAME, _ABOUT, _KIND = 3, 18, 1
_PEER, _LOCAL = 1, 2


class Device(NamedTuple):
    """A network interface.

    Attributes:
        name: such as ``eth0``; ``any`` for all of them at once.
        index: the system's number of it; 0 for ``any``.
        up: whether it is up.
        link_type: LINKTYPE number of its packets; -1 where that is known only once it is open.
        addresses: IP addresses as text, IPv4 first.
        description: a few words: ``Ethernet``, ``Ethernet, veth``.
    """

    name: str
    index: int  # type: ignore[assignment]  # tuples have a method of that name, of no use here
    up: bool
    link_type: int
    addresses: tuple[str, ...] = ()
    description: str = ""

    def __str__(self) -> str:
        """Return it in a few words: ``eth0 (up, 192.0.2.1)``."""
        return f"{self.name} ({', '.join(['up' if self.up else 'down', *self.addresses])})"


def interfaces() -> list[Device]:
    """Return the network interfaces by their number, and ``any`` in the end where it can be captured on."""
    if sys.platform != "linux":
        return _by_scapy()
    addresses = _addresses()
    found = []
    for fixed, about in netlink.dump(netlink.LINKS):
        _, kind, index, flags, _ = _LINK.unpack(fixed)
        link_type = hardware.link_type(kind)
        words = [link_description(link_type)]
        driver = netlink.attributes(about.get(_ABOUT, b"")).get(_KIND, b"").rstrip(b"\0").decode()
        if kind == hardware.LOOPBACK:
            words = ["loopback"]
        elif driver:
            words.append(driver)
        name = about[_NAME].rstrip(b"\0").decode(errors="surrogateescape")
        found.append(
            Device(name, index, bool(flags & _UP), link_type, addresses.get(index, ()), ", ".join(words))
        )
    found.sort(key=lambda device: device.index)
    return [*found, Device(ANY, 0, any(device.up for device in found), -1, (), "all interfaces")]


def there_are() -> str:
    """Return a clause that names the interfaces there are."""
    return f"there are {', '.join(map(str, interfaces()))}"


def _addresses() -> dict[int, tuple[str, ...]]:
    """Return the addresses of each interface by its number."""
    found: dict[int, list[str]] = {}
    for fixed, about in netlink.dump(netlink.ADDRESSES):
        family, *_, index = _ADDRESS.unpack(fixed)
        # On a link from point to point IFA_ADDRESS is the other end's.
        packed = about.get(_LOCAL) or about.get(_PEER)
        if family in _FAMILIES and packed:
            found.setdefault(index, []).append(str(ip_address(packed)))
    return {index: tuple(sorted(several, key=lambda text: ":" in text)) for index, several in found.items()}


def _by_scapy() -> list[Device]:
    """Return the interfaces that scapy knows, on systems other than Linux."""
    scapy_alone.prepare()
    import scapy.interfaces  # noqa: F401 - it fills conf
    from scapy.config import conf

    conf.ifaces.reload()
    return [
        Device(
            each.name,
            each.index,
            "UP" in str(each.flags) or not each.flags,
            -1,
            (*each.ips[4], *each.ips[6]),
            each.description if each.description != each.name else "",
        )
        for each in sorted(conf.ifaces.values(), key=lambda each: each.index)
    ]
