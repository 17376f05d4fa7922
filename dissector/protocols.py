"""The names of IP protocols, by the numbers of the Protocol and Next Header fields (IANA)."""

from __future__ import annotations

PROTOCOLS = {
    0: "Hop-by-Hop Options",
    1: "ICMP",
    2: "IGMP",
    4: "IPv4",
    6: "TCP",
    8: "EGP",
    9: "IGP",
    17: "UDP",
    27: "RDP",
    33: "DCCP",
    41: "IPv6",
    43: "Routing",
    44: "Fragment",
    45: "IDRP",
    46: "RSVP",
    47: "GRE",
    50: "ESP",
    51: "AH",
    55: "Min-IPv4",
    57: "SKIP",
    58: "ICMPv6",
    59: "No Next Header",
    60: "Destination Options",
    80: "ISO-IP",
    84: "IPTM",
    88: "EIGRP",
    89: "OSPF",
    94: "IPIP",
    97: "EtherIP",
    98: "ENCAP",
    103: "PIM",
    108: "IPComp",
    112: "VRRP",
    113: "PGM",
    115: "L2TP",
    124: "IS-IS over IPv4",
    132: "SCTP",
    133: "FC",
    135: "Mobility",
    136: "UDP-Lite",
    137: "MPLS",
    138: "manet",
    139: "HIP",
    140: "Shim6",
    141: "WESP",
    142: "ROHC",
    143: "Ethernet",
    144: "AGGFRAG",
    145: "NSH",
}
"""Those that are met, in the words of the RFCs; what is not here is told by its number."""


def protocol_name(number: int) -> str:
    """Return a protocol's name, ``"TCP"``; ``"protocol 200"`` where it has none here."""
    return PROTOCOLS.get(number, f"protocol {number}")
