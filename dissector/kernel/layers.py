"""The numbers that the scan kernel, the link types and the account of a capture share.

A *layer* is something the kernel peels; its number says which routine does it, and its name is the step that a
message's ``path`` shows. A *verdict* says what a packet turned out to be; every packet gets exactly one.
"""

from __future__ import annotations

_names: list[str] = [""]


def _layer(step: str = "") -> int:
    """Return the next free number for a layer whose step in a path is ``step`` (empty: it leaves none)."""
    _names.append(step)
    return len(_names) - 1


# The network layer and what stands right before it.
ETHERNET = _layer("eth")
IPV4 = _layer("ip")
IPV6 = _layer("ipv6")
BY_VERSION = _layer()
"""IPv4 or IPv6, as the first four bits say."""
VLAN = _layer("vlan")
MPLS = _layer("mpls")
PPPOE = _layer("pppoe")
PPP = _layer("ppp")
LLC = _layer("llc")
SNAP = _layer()
ETHERTYPE = _layer()
"""A two-octet Ethernet type with nothing before it."""

# Link layers.
RAW = _layer("raw")
NULL = _layer("null")
LINUX_SLL = _layer("sll")
LINUX_SLL2 = _layer("sll2")
PPP_SERIAL = _layer()
PPP_DIRECTION = _layer()
CISCO_HDLC = _layer("chdlc")
CISCO_HDLC_DIRECTION = _layer()
FRAME_RELAY = _layer("fr")
FRAME_RELAY_DIRECTION = _layer()
WLAN = _layer("wlan")
RADIOTAP = _layer("radiotap")
PPI = _layer("ppi")
PRISM = _layer("prism")
AVS = _layer("avs")
NFLOG = _layer("nflog")
IPOIB = _layer("ipoib")
FDDI = _layer("fddi")
TOKEN_RING = _layer("tr")
ARCNET = _layer("arcnet")
ARCNET_LINUX = _layer("arcnet")
SLIP = _layer("slip")
DSA = _layer("dsa")
EDSA = _layer("edsa")
BROADCOM_TAG = _layer("brcm")
BROADCOM_TAG_FIRST = _layer("brcm")
IPNET = _layer("ipnet")
PKTAP = _layer("pktap")
ENC = _layer("enc")
PFLOG = _layer("pflog")
ERF = _layer("erf")
NETANALYZER = _layer("netanalyzer")
NETANALYZER_PREAMBLE = _layer("netanalyzer")
MPACKET = _layer("mpacket")
IP_OVER_FC = _layer("fc")
IEEE1394 = _layer("1394")
SUN_ATM = _layer("atm")
CLASSICAL_IP = _layer("clip")

# What is put between an IP header, or an Ethernet type, and the datagram it carries.
GRE = _layer("gre")
ERSPAN = _layer("erspan")
ERSPAN3 = _layer("erspan")
WCCP = _layer("wccp")
CISCO_METADATA = _layer("cmd")
NSH = _layer("nsh")
MACSEC = _layer("macsec")
BACKBONE_TAG = _layer("pbb")
HSR = _layer("hsr")
VN_TAG = _layer("vntag")
BRIDGE_PORT_TAG = _layer("etag")
PSEUDO_WIRE = _layer("pw")
ETHERIP = _layer("etherip")
AUTHENTICATION = _layer("ah")
VXLAN = _layer("vxlan")
VXLAN_GPE = _layer("vxlan-gpe")
GENEVE = _layer("geneve")
GTP = _layer("gtp")
TEREDO = _layer("teredo")
L2TP = _layer("l2tp")
L2TPV3 = _layer("l2tp")
LISP = _layer("lisp")
AYIYA = _layer("ayiya")

# What an IP header may announce and the kernel does not peel as a layer: it leaves no step.
MESSAGE = _layer()
"""ICMP or ICMPv6."""
UDP = _layer()
"""UDP, which is looked into only if its ports are those of a tunnel."""
EXTENSION = _layer()
"""An IPv6 extension header."""

STEP_NAMES = tuple(_names)
"""The step each layer leaves in a path, by its number."""

ETHER_TYPES = {
    0x0800: IPV4,
    0x86DD: IPV6,
    0x8100: VLAN,
    0x88A8: VLAN,
    0x9100: VLAN,
    0x9200: VLAN,
    0x9300: VLAN,
    0x8847: MPLS,
    0x8848: MPLS,
    0x8864: PPPOE,
    0x8870: LLC,
    0x880B: PPP,
    0x883E: WCCP,
    0x88BE: ERSPAN,
    0x22EB: ERSPAN3,
    0x8909: CISCO_METADATA,
    0x894F: NSH,
    0x88E5: MACSEC,
    0x892F: HSR,
    0x8926: VN_TAG,
    0x893F: BRIDGE_PORT_TAG,
    0x88E7: BACKBONE_TAG,
    0x6558: ETHERNET,
}
"""Ethernet types, also those that occur only in GRE, that carry something to peel."""

PROTOCOLS = {
    1: MESSAGE,
    58: MESSAGE,
    17: UDP,
    4: IPV4,
    41: IPV6,
    47: GRE,
    51: AUTHENTICATION,
    97: ETHERIP,
    115: L2TPV3,
    137: MPLS,
    0: EXTENSION,
    43: EXTENSION,
    44: EXTENSION,
    60: EXTENSION,
    135: EXTENSION,
    139: EXTENSION,
    140: EXTENSION,
}
"""Protocol numbers of IP that may lead to a message."""

TUNNEL_PROTOCOLS = (17, 4, 41, 47, 97, 115, 137)
"""Those that lead there only through a tunnel."""
TUNNEL_ETHER_TYPES = (0x6558, 0x88E7)
"""Ethernet types with a whole frame behind them."""

UDP_PORTS = {
    1701: L2TP,
    2152: GTP,
    3386: GTP,
    3544: TEREDO,
    4341: LISP,
    4754: GRE,
    4789: VXLAN,
    4790: VXLAN_GPE,
    5072: AYIYA,
    6081: GENEVE,
    6635: MPLS,
    8472: VXLAN,
}
"""UDP ports that carry tunnels (IANA's numbers; 8472 is the one Linux used for VXLAN before there was one)."""

# Flags of a message; the first eight are part of a Batch.
FRAGMENT = 1
"""The first fragment of a datagram whose rest is not here."""
REASSEMBLED = 2
"""Put together from fragments; it stands in the frame of the last one."""
TRUNCATED = 4
"""Fewer octets were captured than the IP header claims."""
TUNNEL = 8
"""An IP datagram or Ethernet frame carries the datagram."""
SHORT = 16
"""Fewer than the 8 octets that every ICMP message has (RFC 792), by the IP header."""
OVERLAP = 32
"""Put together from fragments that overlap; the octets that came first were kept."""
FOREIGN = 64
"""ICMP in IPv6 or ICMPv6 in IPv4: the addresses are of the other family."""
BEYOND = 128
"""The IP header claims octets beyond the end of the frame on the wire."""
PENDING = 256
"""Within the kernel: a fragment that the reassembler wants to see."""
BARE = 512
"""Within the kernel: the row stands for such a fragment alone, no message begins in it."""

# Verdicts: 0 to 255 are the protocol of the innermost IP header.
MESSAGE4 = 256
MESSAGE6 = 257
LATER_FRAGMENT = 258
"""A fragment of an ICMP message that is not the first."""
CUT_SHORT = 259
"""The capture kept too few octets to tell."""
MALFORMED = 260
"""A header contradicts itself or does not fit in what carries it."""
TOO_DEEP = 261
"""More layers than are peeled."""
NOT_DECODED = 262
"""The link type is not decoded."""
NOT_IP = 263
"""Something of the link layer's own: LLC, PPP control, 802.11 management."""
ENCRYPTED = 264
"""Encrypted at the link layer."""
ETHERTYPES = 512
"""From here on: an Ethernet type that is not IP."""
VERDICTS = ETHERTYPES + 65536
"""How many verdicts there are."""

PROBE_OFFSETS = {
    "src": 0,
    "dst": 16,
    "sport": 32,
    "dport": 34,
    "mark": 36,
    "id": 40,
    "ttl": 44,
    "protocol": 45,
    "version": 46,
    "record_flags": 47,
    "frame": 48,
    "time_ns": 56,
}
"""Where in its octets stands what is put down of a datagram that may be a probe; see ``dissector.batch.PROBE``."""
PROBE_SIZE = 64
"""Octets of it."""

GOOD, BAD, UNVERIFIED = 0, 1, 2
"""Values of ``checksum_status``."""

MAX_LAYERS = 40
"""Layers that are peeled of one packet at most."""
PROBES = 1024
"""Places looked at in the table of paths, so that nobody can make it slow; as many paths are told apart for sure."""

MAX_PATHS = 1 << 16
"""Distinct paths that are told apart in one capture at most."""
