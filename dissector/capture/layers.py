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

STEP_NAMES = tuple(_names)
"""The step each layer leaves in a path, by its number."""

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

GOOD, BAD, UNVERIFIED = 0, 1, 2
"""Values of ``checksum_status``."""

MAX_LAYERS = 40
"""Layers that are peeled of one packet at most."""
MAX_PATHS = 1 << 16
"""Distinct paths that are told apart in one capture at most."""
