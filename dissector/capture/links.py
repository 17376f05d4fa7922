"""Link types: the number in a capture file, its name, and how the kernel reads what begins there.

Numbers are LINKTYPE values of tcpdump.org's registry; names are those of libpcap's DLT constants. A few
numbers that files in the wild carry without being registered are among them (12, 14 and 18, as libpcap and
Wireshark read them; 149, which Apple's tcpdump writes for PKTAP).
"""

from __future__ import annotations

from typing import NamedTuple

from dissector.kernel import layers


class Link(NamedTuple):
    """One link type.

    Attributes:
        name: libpcap's name without ``DLT_``.
        description: a few words.
        layer: what the kernel reads at the start of the packet; 0 if the link type is not decoded.
    """

    name: str
    description: str
    layer: int = 0


LINKS = {
    0: Link("NULL", "BSD loopback", layers.NULL),
    1: Link("EN10MB", "Ethernet", layers.ETHERNET),
    2: Link("EN3MB", "Experimental Ethernet (3 Mb/s)"),
    3: Link("AX25", "AX.25"),
    4: Link("PRONET", "Proteon ProNET token ring"),
    5: Link("CHAOS", "MIT Chaosnet"),
    6: Link("IEEE802", "Token ring", layers.TOKEN_RING),
    7: Link("ARCNET", "BSD ARCNET", layers.ARCNET),
    8: Link("SLIP", "SLIP", layers.SLIP),
    9: Link("PPP", "PPP", layers.PPP),
    10: Link("FDDI", "FDDI", layers.FDDI),
    12: Link("RAW", "Raw IP", layers.RAW),
    14: Link("RAW", "Raw IP (OpenBSD)", layers.RAW),
    18: Link("ATM_CLIP", "Linux Classical IP over ATM", layers.CLASSICAL_IP),
    50: Link("PPP_SERIAL", "PPP over serial", layers.PPP_SERIAL),
    51: Link("PPP_ETHER", "PPPoE", layers.PPPOE),
    99: Link("SYMANTEC_FIREWALL", "Symantec Firewall"),
    100: Link("ATM_RFC1483", "RFC 1483 LLC-encapsulated ATM", layers.LLC),
    101: Link("RAW", "Raw IP", layers.RAW),
    104: Link("C_HDLC", "Cisco HDLC", layers.CISCO_HDLC),
    105: Link("IEEE802_11", "802.11", layers.WLAN),
    106: Link("ATM_CLIP", "Linux Classical IP over ATM", layers.CLASSICAL_IP),
    107: Link("FRELAY", "Frame Relay", layers.FRAME_RELAY),
    108: Link("LOOP", "OpenBSD loopback", layers.NULL),
    109: Link("ENC", "OpenBSD encapsulated IP", layers.ENC),
    112: Link("CISCO_IOS", "Cisco internal"),
    113: Link("LINUX_SLL", "Linux cooked v1", layers.LINUX_SLL),
    114: Link("LTALK", "Localtalk"),
    117: Link("PFLOG", "OpenBSD pflog file", layers.PFLOG),
    118: Link("CISCO_IOS", "Cisco IOS"),
    119: Link("PRISM_HEADER", "802.11 plus Prism header", layers.PRISM),
    120: Link("AIRONET_HEADER", "802.11 plus Aironet header"),
    122: Link("IP_OVER_FC", "RFC 2625 IP-over-Fibre Channel", layers.IP_OVER_FC),
    123: Link("SUNATM", "Sun raw ATM", layers.SUN_ATM),
    127: Link("IEEE802_11_RADIO", "802.11 plus radiotap header", layers.RADIOTAP),
    129: Link("ARCNET_LINUX", "Linux ARCNET", layers.ARCNET_LINUX),
    130: Link("JUNIPER_MLPPP", "Juniper Multi-Link PPP"),
    131: Link("JUNIPER_MLFR", "Juniper Multi-Link Frame Relay"),
    132: Link("JUNIPER_ES", "Juniper Encryption Services PIC"),
    133: Link("JUNIPER_GGSN", "Juniper GGSN PIC"),
    134: Link("JUNIPER_MFR", "Juniper FRF.16 Frame Relay"),
    135: Link("JUNIPER_ATM2", "Juniper ATM2 PIC"),
    136: Link("JUNIPER_SERVICES", "Juniper Advanced Services PIC"),
    137: Link("JUNIPER_ATM1", "Juniper ATM1 PIC"),
    138: Link("APPLE_IP_OVER_IEEE1394", "Apple IP-over-IEEE 1394", layers.IEEE1394),
    139: Link("MTP2_WITH_PHDR", "SS7 MTP2 with Pseudo-header"),
    140: Link("MTP2", "SS7 MTP2"),
    141: Link("MTP3", "SS7 MTP3"),
    142: Link("SCCP", "SS7 SCCP"),
    143: Link("DOCSIS", "DOCSIS"),
    144: Link("LINUX_IRDA", "Linux IrDA"),
    147: Link("USER0", "Private use 0"),
    148: Link("USER1", "Private use 1"),
    149: Link("PKTAP", "Apple DLT_PKTAP (DLT_USER2)", layers.PKTAP),
    150: Link("USER3", "Private use 3"),
    151: Link("USER4", "Private use 4"),
    152: Link("USER5", "Private use 5"),
    153: Link("USER6", "Private use 6"),
    154: Link("USER7", "Private use 7"),
    155: Link("USER8", "Private use 8"),
    156: Link("USER9", "Private use 9"),
    157: Link("USER10", "Private use 10"),
    158: Link("USER11", "Private use 11"),
    159: Link("USER12", "Private use 12"),
    160: Link("USER13", "Private use 13"),
    161: Link("USER14", "Private use 14"),
    162: Link("USER15", "Private use 15"),
    163: Link("IEEE802_11_RADIO_AVS", "802.11 plus AVS radio information header", layers.AVS),
    164: Link("JUNIPER_MONITOR", "Juniper Passive Monitor PIC"),
    165: Link("BACNET_MS_TP", "BACnet MS/TP"),
    166: Link("PPP_PPPD", "PPP for pppd, with direction flag", layers.PPP_DIRECTION),
    167: Link("JUNIPER_PPPOE", "Juniper PPPoE"),
    168: Link("JUNIPER_PPPOE_ATM", "Juniper PPPoE/ATM"),
    169: Link("GPRS_LLC", "GPRS LLC"),
    170: Link("GPF_T", "GPF-T"),
    171: Link("GPF_F", "GPF-F"),
    174: Link("JUNIPER_PIC_PEER", "Juniper PIC Peer"),
    175: Link("ERF_ETH", "Ethernet with Endace ERF header", layers.ERF),
    176: Link("ERF_POS", "Packet-over-SONET with Endace ERF header", layers.ERF),
    177: Link("LINUX_LAPD", "Linux vISDN LAPD"),
    178: Link("JUNIPER_ETHER", "Juniper Ethernet"),
    179: Link("JUNIPER_PPP", "Juniper PPP"),
    180: Link("JUNIPER_FRELAY", "Juniper Frame Relay"),
    181: Link("JUNIPER_CHDLC", "Juniper C-HDLC"),
    182: Link("MFR", "FRF.16 Frame Relay"),
    183: Link("JUNIPER_VP", "Juniper Voice PIC"),
    184: Link("A429", "Arinc 429"),
    185: Link("A653_ICM", "Arinc 653 Interpartition Communication"),
    186: Link("USB_FREEBSD", "USB with FreeBSD header"),
    187: Link("BLUETOOTH_HCI_H4", "Bluetooth HCI UART transport layer"),
    188: Link("IEEE802_16_MAC_CPS", "IEEE 802.16 MAC Common Part Sublayer"),
    189: Link("USB_LINUX", "USB with Linux header"),
    190: Link("CAN20B", "Controller Area Network (CAN) v. 2.0B"),
    191: Link("IEEE802_15_4_LINUX", "IEEE 802.15.4 with Linux padding"),
    192: Link("PPI", "Per-Packet Information", layers.PPI),
    193: Link("IEEE802_16_MAC_CPS_RADIO", "IEEE 802.16 MAC Common Part Sublayer plus radiotap header"),
    194: Link("JUNIPER_ISM", "Juniper Integrated Service Module"),
    195: Link("IEEE802_15_4", "IEEE 802.15.4 with FCS"),
    196: Link("SITA", "SITA pseudo-header"),
    197: Link("ERF", "Endace ERF header", layers.ERF),
    198: Link("RAIF1", "Ethernet with u10 Networks pseudo-header"),
    199: Link("IPMB_KONTRON", "IPMB with Kontron pseudo-header"),
    200: Link("JUNIPER_ST", "Juniper Secure Tunnel"),
    201: Link("BLUETOOTH_HCI_H4_WITH_PHDR", "Bluetooth HCI UART transport layer plus pseudo-header"),
    202: Link("AX25_KISS", "AX.25 with KISS header"),
    203: Link("LAPD", "LAPD"),
    204: Link("PPP_WITH_DIR", "PPP with direction", layers.PPP_DIRECTION),
    205: Link("C_HDLC_WITH_DIR", "Cisco HDLC with direction", layers.CISCO_HDLC_DIRECTION),
    206: Link("FRELAY_WITH_DIR", "Frame Relay with direction", layers.FRAME_RELAY_DIRECTION),
    207: Link("LAPB_WITH_DIR", "LAPB with direction"),
    209: Link("IPMB_LINUX", "IPMB with Linux/Pigeon Point pseudo-header"),
    210: Link("FLEXRAY", "FlexRay"),
    211: Link("MOST", "Media Oriented Systems Transport"),
    212: Link("LIN", "Local Interconnect Network"),
    213: Link("X2E_SERIAL", "X2E serial"),
    214: Link("X2E_XORAYA", "X2E Xoraya"),
    215: Link("IEEE802_15_4_NONASK_PHY", "IEEE 802.15.4 with non-ASK PHY data"),
    216: Link("LINUX_EVDEV", "Linux evdev events"),
    217: Link("GSMTAP_UM", "GSM Um interface"),
    218: Link("GSMTAP_ABIS", "GSM Abis interface"),
    219: Link("MPLS", "MPLS with label as link-layer header", layers.MPLS),
    220: Link("USB_LINUX_MMAPPED", "USB with padded Linux header"),
    221: Link("DECT", "DECT"),
    222: Link("AOS", "AOS Space Data Link protocol"),
    223: Link("WIHART", "Wireless HART"),
    224: Link("FC_2", "Fibre Channel FC-2"),
    225: Link("FC_2_WITH_FRAME_DELIMS", "Fibre Channel FC-2 with frame delimiters"),
    226: Link("IPNET", "Solaris ipnet", layers.IPNET),
    227: Link("CAN_SOCKETCAN", "CAN-bus with SocketCAN headers"),
    228: Link("IPV4", "Raw IPv4", layers.IPV4),
    229: Link("IPV6", "Raw IPv6", layers.IPV6),
    230: Link("IEEE802_15_4_NOFCS", "IEEE 802.15.4 without FCS"),
    231: Link("DBUS", "D-Bus"),
    232: Link("JUNIPER_VS", "Juniper Virtual Server"),
    233: Link("JUNIPER_SRX_E2E", "Juniper SRX E2E"),
    234: Link("JUNIPER_FIBRECHANNEL", "Juniper Fibre Channel"),
    235: Link("DVB_CI", "DVB-CI"),
    236: Link("MUX27010", "MUX27010"),
    237: Link("STANAG_5066_D_PDU", "STANAG 5066 D_PDUs"),
    238: Link("JUNIPER_ATM_CEMIC", "Juniper ATM CEMIC"),
    239: Link("NFLOG", "Linux netfilter log messages", layers.NFLOG),
    240: Link("NETANALYZER", "Ethernet with Hilscher netANALYZER pseudo-header", layers.NETANALYZER),
    241: Link(
        "NETANALYZER_TRANSPARENT",
        "Ethernet with Hilscher netANALYZER pseudo-header, preamble, SFD",
        layers.NETANALYZER_PREAMBLE,
    ),
    242: Link("IPOIB", "RFC 4391 IP-over-Infiniband", layers.IPOIB),
    243: Link("MPEG_2_TS", "MPEG-2 transport stream"),
    244: Link("NG40", "ng40 protocol tester Iub/Iur"),
    245: Link("NFC_LLCP", "NFC LLCP PDUs with pseudo-header"),
    246: Link("PFSYNC", "Packet filter state syncing"),
    247: Link("INFINIBAND", "InfiniBand"),
    248: Link("SCTP", "SCTP"),
    249: Link("USBPCAP", "USB with USBPcap header"),
    250: Link("RTAC_SERIAL", "Schweitzer Engineering Laboratories RTAC packets"),
    251: Link("BLUETOOTH_LE_LL", "Bluetooth Low Energy air interface"),
    252: Link("WIRESHARK_UPPER_PDU", "Wireshark upper PDU"),
    253: Link("NETLINK", "Linux netlink"),
    254: Link("BLUETOOTH_LINUX_MONITOR", "Bluetooth Linux Monitor"),
    255: Link("BLUETOOTH_BREDR_BB", "Bluetooth Basic Rate/Enhanced Data Rate baseband packets"),
    256: Link("BLUETOOTH_LE_LL_WITH_PHDR", "Bluetooth Low Energy air interface with pseudo-header"),
    257: Link("PROFIBUS_DL", "PROFIBUS data link layer"),
    258: Link("PKTAP", "Apple DLT_PKTAP", layers.PKTAP),
    259: Link("EPON", "Ethernet with 802.3 Clause 65 EPON preamble"),
    260: Link("IPMI_HPM_2", "IPMI trace packets"),
    261: Link("ZWAVE_R1_R2", "Z-Wave RF profile R1 and R2 packets"),
    262: Link("ZWAVE_R3", "Z-Wave RF profile R3 packets"),
    263: Link(
        "WATTSTOPPER_DLM", "WattStopper Digital Lighting Management (DLM), Legrand Nitoo Open protocol"
    ),
    264: Link("ISO_14443", "ISO 14443 messages"),
    265: Link("RDS", "IEC 62106 Radio Data System groups"),
    266: Link("USB_DARWIN", "USB with Darwin header"),
    267: Link("OPENFLOW", "OpenBSD DLT_OPENFLOW"),
    268: Link("SDLC", "IBM SDLC frames"),
    269: Link("TI_LLN_SNIFFER", "TI LLN sniffer frames"),
    271: Link("VSOCK", "Linux vsock"),
    272: Link("NORDIC_BLE", "Nordic Semiconductor Bluetooth LE sniffer frames"),
    273: Link("DOCSIS31_XRA31", "Excentis XRA-31 DOCSIS 3.1 RF sniffer frames"),
    274: Link("ETHERNET_MPACKET", "802.3br mPackets", layers.MPACKET),
    275: Link("DISPLAYPORT_AUX", "DisplayPort AUX channel monitoring data"),
    276: Link("LINUX_SLL2", "Linux cooked v2", layers.LINUX_SLL2),
    278: Link("OPENVIZSLA", "OpenVizsla USB"),
    279: Link("EBHSCR", "Elektrobit High Speed Capture and Replay (EBHSCR)"),
    280: Link("VPP_DISPATCH", "VPP graph dispatch tracer"),
    281: Link("DSA_TAG_BRCM", "Broadcom tag", layers.BROADCOM_TAG),
    282: Link("DSA_TAG_BRCM_PREPEND", "Broadcom tag (prepended)", layers.BROADCOM_TAG_FIRST),
    283: Link("IEEE802_15_4_TAP", "IEEE 802.15.4 with pseudo-header"),
    284: Link("DSA_TAG_DSA", "Marvell DSA", layers.DSA),
    285: Link("DSA_TAG_EDSA", "Marvell EDSA", layers.EDSA),
    286: Link("ELEE", "ELEE lawful intercept packets"),
    287: Link("Z_WAVE_SERIAL", "Z-Wave serial frames between host and chip"),
    288: Link("USB_2_0", "USB 2.0/1.1/1.0 as transmitted over the cable"),
    289: Link("ATSC_ALP", "ATSC Link-Layer Protocol packets"),
    290: Link("ETW", "Event Tracing for Windows"),
    292: Link("ZBOSS_NCP", "ZBOSS NCP"),
    293: Link("USB_2_0_LOW_SPEED", "USB 1.0, low speed"),
    294: Link("USB_2_0_FULL_SPEED", "USB 1.1, full speed"),
    295: Link("USB_2_0_HIGH_SPEED", "USB 2.0, high speed"),
    296: Link("AUERSWALD_LOG", "Auerswald log"),
    297: Link("ZWAVE_TAP", "Z-Wave with metadata"),
    298: Link("SILABS_DEBUG_CHANNEL", "Silicon Labs debug channel"),
    299: Link("FIRA_UCI", "Ultra-wideband controller interface"),
    300: Link("MDB", "Multi-Drop Bus"),
    301: Link("DECT_NR", "DECT-2020 New Radio"),
}
"""Link types by number. What is not here has no name, and is not decoded."""

KNOWN = 1 << 9
"""One more than the greatest number that may be decoded; the kernel's own table has this size."""


def layer_of(link_type: int) -> int:
    """Return what the kernel reads at the start of packets of a link type; 0 if it is not decoded."""
    link = LINKS.get(link_type)
    return link.layer if link else 0


def link_name(link_type: int) -> str:
    """Return the name of a link type, such as ``EN10MB``; its number as text where it has none."""
    link = LINKS.get(link_type)
    return link.name if link else str(link_type)


def link_description(link_type: int) -> str:
    """Return a link type in words, such as ``Ethernet``."""
    link = LINKS.get(link_type)
    return link.description if link else f"link type {link_type}"
