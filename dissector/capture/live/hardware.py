"""What Linux says of an interface's hardware (``ARPHRD_``, linux/if_arp.h), and the link type of its packets."""

from __future__ import annotations

from typing import Final

ETHERNET: Final = 1
LOOPBACK: Final = 772

ETHERNETS: Final = (ETHERNET, LOOPBACK)
"""Frames begin with an Ethernet header; that of the loopback interface has zeros for addresses."""

BARE: Final = (65534, 519)
"""Packets begin with their IP header: ARPHRD_NONE (tun, WireGuard) and ARPHRD_RAWIP (mobile networks)."""

OWN: Final = {513: 104, 801: 105, 802: 119, 803: 127}
"""Link types of hardware with frames of its own: Cisco HDLC, and 802.11 without and with Prism and radiotap."""

COOKED: Final = 276
"""LINKTYPE_LINUX_SLL2, for all other hardware: what stands before the network layer is not to be relied on there
(PPP, and tunnels such as GRE, show it one way or other by the direction of the packet)."""

_TYPES: Final = dict.fromkeys(ETHERNETS, 1) | dict.fromkeys(BARE, 101) | OWN


def link_type(hardware: int) -> int:
    """Return the LINKTYPE of the packets of an interface."""
    return _TYPES.get(hardware, COOKED)
