"""The account of a capture: how much was read, and what it turned out to be."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from dissector.capture.links import link_description, link_name
from dissector.kernel import layers
from dissector.protocols import protocol_name

if TYPE_CHECKING:
    from dissector.capture.records import Report
    from dissector.capture.scanner import Scanner

LARGE: Final = 500_000
"""Packets from which on it matters that the kernel is interpreted."""

ETHERTYPES: Final = {
    0x0800: "IPv4",
    0x0806: "ARP",
    0x0842: "Wake-on-LAN",
    0x0BAD: "VINES",
    0x2000: "CDP",
    0x22F0: "AVTP",
    0x22F3: "TRILL",
    0x6002: "MOP",
    0x6003: "DECnet",
    0x6004: "LAT",
    0x6558: "Transparent Ethernet Bridging",
    0x8035: "RARP",
    0x809B: "AppleTalk",
    0x80F3: "AARP",
    0x8100: "VLAN",
    0x8137: "IPX",
    0x86DD: "IPv6",
    0x8808: "Ethernet flow control",
    0x8809: "Slow Protocols",
    0x880B: "PPP",
    0x8847: "MPLS",
    0x8848: "MPLS",
    0x8863: "PPPoE Discovery",
    0x8864: "PPPoE",
    0x887B: "HomePlug",
    0x888E: "EAPOL",
    0x8892: "PROFINET",
    0x8899: "Realtek",
    0x88A2: "ATA over Ethernet",
    0x88A4: "EtherCAT",
    0x88A8: "VLAN",
    0x88AB: "Powerlink",
    0x88B8: "GOOSE",
    0x88BA: "Sampled Values",
    0x88CA: "TIPC",
    0x88CC: "LLDP",
    0x88CD: "SERCOS III",
    0x88E1: "HomePlug AV",
    0x88E3: "MRP",
    0x88E5: "MACsec",
    0x88E7: "PBB",
    0x88F5: "MVRP",
    0x88F6: "MMRP",
    0x88F7: "PTP",
    0x88FB: "PRP",
    0x8902: "CFM",
    0x8906: "FCoE",
    0x8914: "FIP",
    0x8915: "RoCE",
    0x892F: "HSR",
    0x893A: "IEEE 1905.1",
    0x893F: "E-Tag",
    0x894F: "NSH",
    0x9000: "Loopback",
    0x9100: "VLAN",
}
"""Ethernet types by number, in the words people use for them."""

_OTHERS: Final = {
    layers.LATER_FRAGMENT: ("later fragment", "later fragments"),
    layers.CUT_SHORT: ("cut short", "cut short"),
    layers.MALFORMED: ("malformed", "malformed"),
    layers.TOO_DEEP: ("nested too deep", "nested too deep"),
    layers.NOT_DECODED: ("not decoded link", "not decoded link"),
    layers.NOT_IP: ("not IP", "not IP"),
    layers.ENCRYPTED: ("encrypted", "encrypted"),
}
"""Verdicts that are neither protocols nor Ethernet types, in words for one packet and for several."""
_MESSAGES: Final = frozenset({layers.MESSAGE4, layers.MESSAGE6})
_NAMED = 8
"""Kinds that :attr:`Account.others` names; the rest is added up."""


class Capture(NamedTuple):
    """One file of an account.

    Attributes:
        file: its name as the user gave it.
        format: the container, such as ``"pcapng"``.
        link_types: LINKTYPE numbers of its interfaces, each once.
        report: its state; complete once the file is read.
    """

    file: str
    format: str
    link_types: tuple[int, ...]
    report: Report

    @property
    def container(self) -> str:
        """What it is, in words: ``"pcap, Ethernet"``."""
        return ", ".join([self.format, *map(link_description, self.link_types)])


class Account:
    """What was read from some captures; accounts of several can be added up.

    Attributes:
        captures: the files.
        packets: packets read.
        messages: ICMP messages found, both families.
        icmpv6: those of them that are ICMPv6.
        verdicts: packets by what they turned out to be (see :mod:`dissector.kernel.layers`), without zeros.
        links: packets skipped by link type, for those that are not decoded.
        truncated: messages of which fewer octets were captured than there were.
        short: messages of fewer than 8 octets.
        reassembled: messages put together from fragments.
        unfinished: datagrams of which fragments were missing, cut or too many.
        overlapping: IPv6 datagrams dropped because their fragments overlap (RFC 5722).
        refused: fragments that contradict themselves or others.
        received: packets that the system's filter let pass, of a live capture; with those it dropped.
        dropped: packets that the system had no room for, of a live capture.
        kernel: ``"compiled"`` or ``"interpreted"``.
    """

    def __init__(self, kernel: str = "") -> None:
        self.captures: list[Capture] = []
        self.packets = 0
        self.messages = 0
        self.icmpv6 = 0
        self.verdicts: Counter[int] = Counter()
        self.links: Counter[int] = Counter()
        self.truncated = 0
        self.short = 0
        self.reassembled = 0
        self.unfinished = 0
        self.overlapping = 0
        self.refused = 0
        self.received = 0
        self.dropped = 0
        self.kernel = kernel

    @classmethod
    def of(cls, scanner: Scanner, kernel: str = "") -> Account:
        """Return what a scanner knows: packets by verdict, and link types skipped."""
        account = cls(kernel)
        account.packets = int(scanner.counts.sum())
        account.verdicts.update(
            {int(kind): int(scanner.counts[kind]) for kind in np.flatnonzero(scanner.counts)}
        )
        account.links.update(scanner.skipped_links)
        return account

    def add(self, other: Account) -> None:
        """Add what another account says to this one."""
        self.captures += other.captures
        self.packets += other.packets
        self.messages += other.messages
        self.icmpv6 += other.icmpv6
        self.verdicts += other.verdicts
        self.links += other.links
        self.truncated += other.truncated
        self.short += other.short
        self.reassembled += other.reassembled
        self.unfinished += other.unfinished
        self.overlapping += other.overlapping
        self.refused += other.refused
        self.received += other.received
        self.dropped += other.dropped
        self.kernel = other.kernel or self.kernel

    def __add__(self, other: Account) -> Account:
        """Return the account of both; neither is changed."""
        both = Account()
        both.add(self)
        both.add(other)
        return both

    @property
    def files(self) -> int:
        """How many files were read."""
        return len(self.captures)

    @property
    def malformed(self) -> int:
        """Packets in which a header contradicts itself or does not fit in what carries it."""
        return self.verdicts[layers.MALFORMED]

    @property
    def cut_short(self) -> int:
        """Packets of which too few octets were kept to tell what they are."""
        return self.verdicts[layers.CUT_SHORT]

    @property
    def skipped(self) -> int:
        """Packets of link types that are not decoded."""
        return self.verdicts[layers.NOT_DECODED]

    @property
    def undecoded(self) -> bool:
        """Whether there were packets, and all of link types that are not decoded."""
        return 0 < self.packets == self.skipped

    @property
    def damaged(self) -> bool:
        """Whether any file is not whole."""
        return any(not capture.report.whole for capture in self.captures)

    @property
    def slow(self) -> bool:
        """Whether a compiled kernel would have saved a wait worth a hint."""
        return self.kernel == "interpreted" and self.packets >= LARGE

    def kinds(self) -> list[tuple[str, int]]:
        """Return what packets without a message were, with their number, most frequent first."""
        found: Counter[str] = Counter()
        for verdict, count in self.verdicts.items():
            if verdict not in _MESSAGES:
                found[verdict_name(verdict, count)] += count
        return sorted(found.items(), key=lambda kind: (-kind[1], kind[0]))

    @property
    def others(self) -> str:
        """What packets without a message were: ``"5 TCP, 3 UDP, 2 ARP"``; empty if there were none."""
        kinds = self.kinds()
        named = kinds if len(kinds) <= _NAMED + 1 else kinds[:_NAMED]
        words = [f"{count} {name}" for name, count in named]
        if len(kinds) > len(named):
            rest = kinds[len(named) :]
            words.append(f"{sum(count for _, count in rest)} of {len(rest)} other kinds")
        return ", ".join(words)

    def skipped_links(self) -> list[str]:
        """Return a sentence a link type that is not decoded, most frequent first."""
        return [
            f"link type {_link(link_type)} is not decoded; {count} packet{'s' * (count != 1)} skipped"
            for link_type, count in sorted(self.links.items(), key=lambda link: (-link[1], link[0]))
        ]


def verdict_name(verdict: int, count: int = 1) -> str:
    """Return what some packets turned out to be, such as ``"TCP"`` or ``"later fragments"``.

    Args:
        verdict: see :mod:`dissector.kernel.layers`.
        count: how many packets, for the number of the noun.
    """
    if verdict in _OTHERS:
        one, several = _OTHERS[verdict]
        return one if count == 1 else several
    if verdict >= layers.ETHERTYPES:
        number = verdict - layers.ETHERTYPES
        return ETHERTYPES.get(number) or f"Ethernet type 0x{number:04x}"
    return protocol_name(verdict)


def _link(link_type: int) -> str:
    name = link_name(link_type)
    return name if name == str(link_type) else f"{link_type} ({name})"
