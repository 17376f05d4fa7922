"""What a finding about a capture is, how its rule is declared, and the thresholds that rules have."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from dissector.analysis.findings.sentence import said
from dissector.errors import Severity
from dissector.registry.model import Text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from dissector.analysis.flow_keys import Address

__all__ = ["Area", "CaptureFinding", "FindingsReport", "Place", "Rule", "Severity", "Text", "Thresholds"]


class Area(StrEnum):
    """What a rule is about."""

    CONFORMANCE = "conformance"
    OPERATION = "operation"
    SECURITY = "security"


TITLES = {
    Area.CONFORMANCE: Text("Conformance", "一致性"),
    Area.OPERATION: Text("Operation", "运行"),
    Area.SECURITY: Text("Security", "安全"),
}


class Thresholds(NamedTuple):
    """The numbers that rules compare with; :data:`MEANINGS` says of each what it is, and why it is as it is."""

    frames: int = 5
    loop_errors: int = 8
    mtu_repeats: int = 3
    mtu_seconds: float = 1.0
    rate_queries: int = 20
    rate_errors: int = 5
    rate_ratio: float = 2.0
    redirect_prefix: int = 16
    sweep_hosts: int = 16
    sweep_queries: float = 4.0
    sweep_ports: int = 16
    flood_errors: int = 100
    flood_routers: int = 16
    smurf_hosts: int = 3
    oversized_octets: int = 10_000
    recon_hosts: int = 2
    tunnel_messages: int = 10
    tunnel_entropy: float = 3.0
    tunnel_sizes: int = 4
    tunnel_asymmetry: float = 2.0
    tunnel_signs: int = 2

    @classmethod
    def of(cls, values: Mapping[str, float]) -> Self:
        """Return the thresholds with other values for some, by their names with ``-`` or ``_``.

        Raises:
            KeyError: there is no threshold of that name.
            ValueError: a value is below zero, or has a fraction where whole things are counted.
        """
        found = {}
        for written, value in values.items():
            name = written.replace("-", "_")
            if name not in cls._fields:
                raise KeyError(name)
            kind = type(cls._field_defaults[name])
            if value < 0:
                message = f"{dashed(name)} cannot be {value:g}: it is below zero"
                raise ValueError(message)
            if not value < MOST:
                message = f"{dashed(name)} cannot be {value:g}: it is no number below {MOST}"
                raise ValueError(message)
            if kind(value) != value:
                message = f"{dashed(name)} is a whole number, not {value:g}"
                raise ValueError(message)
            found[name] = kind(value)
        return cls()._replace(**found)


def dashed(name: str) -> str:
    """Return the name of a threshold as people write it."""
    return name.replace("_", "-")


class Meaning(NamedTuple):
    """What a threshold is.

    Attributes:
        unit: of its value.
        text: what it is, and why it is as it is.
    """

    unit: Text
    text: Text


MEANINGS = {
    "frames": Meaning(
        Text("frames", "帧"),
        Text("Frames that a finding names, the first ones.", "一条发现所列出的最先若干帧。"),
    ),
    "loop_errors": Meaning(
        Text("messages", "报文"),
        Text(
            "Time Exceeded about one pair of hosts, from one router or two alone: a traceroute hears from more "
            "routers, and asks each three times.",
            "关于同一对主机、仅来自一台或两台路由器的 Time Exceeded：traceroute 会涉及更多路由器，每台询问三次。",
        ),
    ),
    "mtu_repeats": Meaning(
        Text("messages", "报文"),
        Text(
            "Errors that tell one sender the same MTU for one destination: it is to heed the first.",
            "就同一目的地向同一发送方告知同一 MTU 的差错：首条即应被采纳。",
        ),
    ),
    "mtu_seconds": Meaning(
        Text("s", "秒"),
        Text(
            "Over so many seconds at least: shorter, and they may be about what was under way already.",
            "至少持续的秒数：更短则可能只涉及已在途中的数据报。",
        ),
    ),
    "rate_queries": Meaning(
        Text("messages", "报文"),
        Text("Queries to one host that errors should have answered.", "发往同一主机、本应以差错答复的查询。"),
    ),
    "rate_errors": Meaning(
        Text("messages", "报文"),
        Text("Errors about them, at least.", "针对它们的差错，至少这么多。"),
    ),
    "rate_ratio": Meaning(
        Text("times", "倍"),
        Text(
            "So many queries for each error, or more, none of them answered.",
            "每条差错对应的查询数，且均未得到应答。",
        ),
    ),
    "redirect_prefix": Meaning(
        Text("bits", "比特"),
        Text(
            "Bits that a new gateway's address has in common with the receiver's: both are on one network, and "
            "there are few larger ones than that.",
            "新网关地址与接收者地址相同的前缀长度：两者在同一网络上，而更大的网络很少。",
        ),
    ),
    "sweep_hosts": Meaning(
        Text("hosts", "主机"),
        Text("Hosts that one host asks.", "一台主机所询问的主机数。"),
    ),
    "sweep_queries": Meaning(
        Text("messages", "报文"),
        Text(
            "Queries to each of them on average, at most: who monitors hosts asks on and on.",
            "平均每台至多的查询数：监控系统会持续询问。",
        ),
    ),
    "sweep_ports": Meaning(
        Text("ports", "端口"),
        Text(
            "Ports of one host that another is told cannot be reached; those of traceroute (UDP from 33434 on) do "
            "not count.",
            "一台主机被告知另一台主机不可达的端口数；traceroute 的端口（自 UDP 33434 起）不计。",
        ),
    ),
    "flood_errors": Meaning(
        Text("messages", "报文"),
        Text(
            "Destination Unreachable to one host within a second of the clock.",
            "同一主机在时钟一秒内收到的 Destination Unreachable。",
        ),
    ),
    "flood_routers": Meaning(
        Text("addresses", "地址"),
        Text(
            "Addresses that advertise themselves as routers on one link.",
            "同一链路上通告自己为路由器的地址数。",
        ),
    ),
    "smurf_hosts": Meaning(
        Text("hosts", "主机"),
        Text(
            "Hosts that answer echo requests to a broadcast address, and were not asked by name.",
            "应答了发往广播地址的回显请求、而未被点名询问的主机。",
        ),
    ),
    "oversized_octets": Meaning(
        Text("octets", "八位组"),
        Text(
            "Octets of an echo message beyond which it is oversized: jumbo frames end before.",
            "回显报文超过此长度即为超大：巨型帧也达不到。",
        ),
    ),
    "recon_hosts": Meaning(
        Text("hosts", "主机"),
        Text(
            "Hosts that are asked for their clock; one alone may be meant to be measured.",
            "被询问时钟的主机数；仅一台则可能确为测量。",
        ),
    ),
    "tunnel_messages": Meaning(
        Text("messages", "报文"),
        Text(
            "Echo messages between two hosts with data that no ping is known to send.",
            "两台主机之间携带已知 ping 程序都不会发送之数据的回显报文。",
        ),
    ),
    "tunnel_entropy": Meaning(
        Text("bits", "比特"),
        Text(
            "Bits an octet: the entropy of the data and of the steps between octets, whichever is less, on average; "
            "patterns have less than 2.",
            "每八位组的比特数：数据的熵与相邻八位组差值的熵中较小者的平均值；固定模式小于 2。",
        ),
    ),
    "tunnel_sizes": Meaning(
        Text("sizes", "种大小"),
        Text("Different sizes of data; ping keeps to one.", "数据的不同大小；ping 只用一种。"),
    ),
    "tunnel_asymmetry": Meaning(
        Text("times", "倍"),
        Text(
            "So many times as many octets one way as the other: echo gives back what it gets.",
            "两个方向八位组数之比：回显本应原样返回。",
        ),
    ),
    "tunnel_signs": Meaning(
        Text("signs", "项迹象"),
        Text(
            "How many of the signs of a tunnel are needed: entropy, sizes, asymmetry, answers that differ from their "
            "query. A known tunnel's mark counts for as many as are needed.",
            "所需的隧道迹象数：熵、大小、不对称、应答与查询不同。已知隧道的标记即视为足够。",
        ),
    ),
}
"""What each threshold is."""
MOST = 1 << 53
"""No threshold is so large; whole numbers below are exact."""


class Rule(NamedTuple):
    """One thing to find: everything that is said about it stands here.

    Attributes:
        id: its name, stable.
        area: what it is about.
        severity: how much it matters.
        title: its name for people.
        sentence: the sentence of a finding; the facts stand in braces.
        advice: what to do.
        rfc: what it rests on, with the section; empty where that is no RFC.
        thresholds: the names of the thresholds it has.
    """

    id: str
    area: Area
    severity: Severity
    title: Text
    sentence: Text
    advice: Text
    rfc: str = ""
    thresholds: tuple[str, ...] = ()


class Place(NamedTuple):
    """A packet in a file; ``frame`` counts from 1."""

    file: str
    frame: int


class CaptureFinding(NamedTuple):
    """Something that a capture shows.

    Attributes:
        rule: what was found.
        facts: what its sentence says, by name.
        messages: how many messages show it.
        first_ns, last_ns: ns since 1970, earliest and latest; None where the capture has no times.
        hosts: the addresses it is about, whose doing it is first.
        frames: the first messages that show it.
    """

    rule: Rule
    facts: Mapping[str, object]
    messages: int
    first_ns: int | None
    last_ns: int | None
    hosts: tuple[Address, ...]
    frames: tuple[Place, ...]

    @property
    def text(self) -> str:
        """One sentence with the facts."""
        return said(self.rule.sentence, self.facts, "en")

    @property
    def text_zh(self) -> str:
        """The same in Chinese."""
        return said(self.rule.sentence, self.facts, "zh")


class FindingsReport(NamedTuple):
    """What a capture shows.

    Attributes:
        findings: the gravest first; of equal ones security, operation, conformance.
        thresholds: what was compared with.
        refused: messages that were not looked at for lack of room.
        warnings: a sentence where a table was too small.
        files: those that had messages.
    """

    findings: tuple[CaptureFinding, ...]
    thresholds: Thresholds
    refused: int
    warnings: tuple[str, ...]
    files: tuple[str, ...]
