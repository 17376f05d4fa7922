"""What does not work in a network: closed ports, filters, loops, black holes, doubled addresses, routers at odds."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from dissector.analysis.findings.evidence import Taken, words
from dissector.analysis.findings.model import Area, Rule, Severity, Text
from dissector.analysis.findings.view import SIX
from dissector.analysis.flow_keys import pair_hashes
from dissector.analysis.path_mtu import LEAST
from dissector.analysis.quotes import MISSING, UDP
from dissector.tails.datagram import IPV4

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dissector.analysis.findings.evidence import Numbers
    from dissector.analysis.findings.view import View
    from dissector.analysis.quotes import Quotes

NOTE, WARNING, ERROR = Severity.NOTE, Severity.WARNING, Severity.ERROR
AREA = Area.OPERATION

RULES = (
    Rule(
        "port-closed",
        AREA,
        NOTE,
        Text("Port closed", "端口关闭"),
        Text(
            "{subject} told {object} in {messages} that nothing listens on {ports}",
            "{subject} 以 {messages}告知 {object}：没有程序在 {ports} 上监听",
        ),
        Text(
            "Start the service, or correct the address or port that the client is configured with.",
            "启动该服务，或更正客户端配置的地址或端口。",
        ),
        "RFC 1122, 4.1.3.1; RFC 4443, 3.1",
    ),
    Rule(
        "port-refused",
        AREA,
        NOTE,
        Text("Port refused by another host", "端口被他机代为拒绝"),
        Text(
            "{other} told {object} in {messages} that {ports} on {subject} cannot be reached: another host answered "
            "for it",
            "{other} 以 {messages}告知 {object}：{subject} 上的 {ports} 不可达，即由另一台主机代为答复",
        ),
        Text(
            "Whether a service runs there was not seen. If this traffic is wanted, look for a filter on the reporter "
            "that rejects so, as iptables and nftables do unless told otherwise; or the reporter is another address "
            "of the same host.",
            "无法得知该处是否有服务。若需要该流量，请检查报告者上如此拒绝的过滤规则"
            "（iptables 与 nftables 的默认方式）；报告者也可能是同一主机的另一地址。",
        ),
        "RFC 1122, 3.2.2.1; RFC 4443, 3.1",
    ),
    Rule(
        "filtered",
        AREA,
        NOTE,
        Text("Filtered", "被过滤"),
        Text(
            "{subject} refuses by policy what is sent to {object} ({ports}): {messages}, the first to {other}",
            "{subject} 按策略拒绝发往 {object} 的流量（{ports}）：{messages}，首条发往 {other}",
        ),
        Text(
            "If this traffic is wanted, change the access list on the reporter.",
            "若需要该流量，请修改报告者上的访问控制列表。",
        ),
        "RFC 1812, 5.2.7.1; RFC 4443, 3.1",
    ),
    Rule(
        "loop",
        AREA,
        WARNING,
        Text("Routing loop", "路由环路"),
        Text(
            "what {subject} sends to {object} runs out of hops, always at {reporters}: {messages}",
            "{subject} 发往 {object} 的数据报总在 {reporters} 处耗尽跳数：{messages}",
        ),
        Text(
            "Compare the routes to the destination on these routers: each sends it to the other, or in a ring. A "
            "sender whose TTL is too small looks the same.",
            "比较这些路由器上到该目的地的路由：它们彼此互指或成环。发送方 TTL 过小也有同样现象。",
        ),
        "RFC 792, page 6; RFC 1812, 5.3.1; RFC 4443, 3.3",
        ("loop_errors",),
    ),
    Rule(
        "mtu-black-hole",
        AREA,
        WARNING,
        Text("MTU black hole", "MTU 黑洞"),
        Text(
            "{subject} goes on sending to {object} what is too big for an MTU of {detail}, though {other} told it in "
            "{messages} over {seconds}",
            "{subject} 仍向 {object} 发送超过 MTU {detail} 的数据报，尽管 {other} 已在 {seconds}内以 {messages}告知",
        ),
        Text(
            "The errors do not reach the sender, or it does not heed them: let 3/4 and Packet Too Big through its "
            "filters, or lower its MTU, or clamp the TCP MSS.",
            "差错报文未到达发送方，或被其忽略：放行 3/4 与 Packet Too Big，或降低其 MTU，或限制 TCP MSS。",
        ),
        "RFC 1191, 6.3; RFC 8201, 4; RFC 2923",
        ("mtu_repeats", "mtu_seconds"),
    ),
    Rule(
        "rate-limited",
        AREA,
        NOTE,
        Text("Rate limiting", "速率限制"),
        Text(
            "{reporters} answered {queries} of {subject} to {object} with {messages} alone: errors are limited in rate",
            "{reporters} 对 {subject} 发往 {object} 的 {queries}仅以 {messages}答复：差错报文受到速率限制",
        ),
        Text(
            "Nothing, unless it hides a fault: ask more slowly. Losses shown by path tools at this hop are not real.",
            "无需处理，除非它掩盖了故障：放慢探测即可。路径工具在该跳显示的丢包并不真实。",
        ),
        "RFC 1812, 4.3.2.8; RFC 4443, 2.4 (f)",
        ("rate_queries", "rate_errors", "rate_ratio"),
    ),
    Rule(
        "duplicate-address",
        AREA,
        ERROR,
        Text("Duplicate address", "地址冲突"),
        Text("{subject} is claimed by {macs}: {messages}", "{subject} 被 {macs} 同时声称拥有：{messages}"),
        Text(
            "Find the hosts by their link-layer addresses and give one another address; if one of them is not "
            "yours, somebody takes over its neighbour's traffic.",
            "按链路层地址找到这些主机并更换其一的地址；若其中有不属于你的主机，可能有人在劫持邻居流量。",
        ),
        "RFC 4862, 5.4; RFC 4861, 7.2.5",
    ),
    Rule(
        "routers-differ",
        AREA,
        WARNING,
        Text("Routers at odds: one may be rogue", "路由器通告相互矛盾：可能有非法路由器"),
        Text(
            "{hosts} advertise themselves as routers on one link and contradict each other: {messages}",
            "{hosts} 在同一链路上通告自己为路由器，且内容相互矛盾：{messages}",
        ),
        Text(
            "Find each by its link-layer address; switch off what is no router of yours and filter advertisements "
            "on access ports (RA guard, RFC 6105); else give them one configuration.",
            "按链路层地址逐一查找；关闭非法路由器，并在接入端口过滤通告（RA Guard，RFC 6105）；否则统一其配置。",
        ),
        "RFC 4861, 6.2.7; RFC 6104",
    ),
    Rule(
        "routers-several",
        AREA,
        NOTE,
        Text("Several routers on a link", "同一链路上有多个路由器"),
        Text(
            "{hosts} advertise themselves as routers on one link: {messages}",
            "{hosts} 在同一链路上通告自己为路由器：{messages}",
        ),
        Text(
            "Make sure that all of them are yours.",
            "确认它们都属于你。",
        ),
        "RFC 4861, 6.2.7; RFC 6104",
    ),
    Rule(
        "redirected",
        AREA,
        NOTE,
        Text("Redirected", "被重定向"),
        Text(
            "{subject} told {object} in {messages} to use another first hop, the first time {other}",
            "{subject} 以 {messages}告知 {object} 使用另一个第一跳，首次为 {other}",
        ),
        Text(
            "Give the host the better route, so that the router need not forward what comes in and goes out by "
            "one interface; or switch redirects off.",
            "为主机配置更好的路由，使路由器不必将流量从同一接口收进又发出；或关闭重定向。",
        ),
        "RFC 1812, 5.2.7.2; RFC 4861, 8",
    ),
)

TRACEROUTE = range(33434, 33434 + 256)
"""UDP ports that traceroute sends to; that they are closed is how it ends."""
REFUSED, PROHIBITED, EXCEEDED, UNREACHABLE_OR_EXCEEDED = 1, 2, 4, 8
"""What :func:`told` says."""
DAD, ANNOUNCED, CLAIMED = (role << 48 for role in (1, 2, 3))
"""What a link-layer address did with an IPv6 address: asked whether it is taken, told all, claimed it (O flag)."""
MAC = (1 << 48) - 1


@cache
def told() -> NDArray[np.uint8]:
    """Return what errors tell, by ``kind << 8 | code``."""
    found = np.zeros((2 * SIX, 256), np.uint8)
    found[[3, 11, SIX + 1, SIX + 3]] |= UNREACHABLE_OR_EXCEEDED
    found[[11, SIX + 3], 0] |= EXCEEDED
    found[3, 3] |= REFUSED
    found[SIX + 1, 4] |= REFUSED
    found[3, [9, 10, 13]] |= PROHIBITED
    found[SIX + 1, [1, 5, 6]] |= PROHIBITED
    return found.ravel()


def hits(view: View) -> Iterator[Taken]:
    """Yield what the rules of this area take down of a batch."""
    quotes = view.quotes
    if quotes is not None:
        yield from _errors(view, quotes)
        yield from _too_big(view, quotes)
    yield from _addresses(view)
    yield from _routers(view)
    yield from _redirects(view)


def _errors(view: View, quotes: Quotes) -> Iterator[Taken]:
    """Yield what errors tell of the hosts and paths that they are about."""
    batch, rows = view.batch, quotes.rows
    tells = told()[view.kinds[rows] << 8 | batch.code[rows]]
    if not tells.any():
        return
    src, dst = view.src[rows], view.dst[rows]
    source, target = words(quotes.src), words(quotes.dst)
    known = (target[:, 0] | target[:, 1]) != 0
    which = np.flatnonzero((tells & REFUSED != 0) & (quotes.dport != MISSING))
    which = which[~_traced(quotes, which)]
    itself = (src[which] == target[which]).all(axis=1)
    for name, some in (("port-closed", which[itself]), ("port-refused", which[~itself])):
        yield Taken(name, rows[some], target[some], dst[some], _services(quotes, some), other=src[some])
    some = np.flatnonzero((tells & PROHIBITED != 0) & known)
    yield Taken("filtered", rows[some], src[some], target[some], _services(quotes, some), other=dst[some])
    which = np.flatnonzero((tells & EXCEEDED != 0) & known)
    asked = np.flatnonzero((tells & UNREACHABLE_OR_EXCEEDED != 0) & known & (quotes.identifier != MISSING))
    for name, some in (("loop", which[~_traced(quotes, which)]), ("rate-limited", asked)):
        reporter = src[some]
        number = pair_hashes(reporter, reporter)
        yield Taken(name, rows[some], source[some], target[some], number, other=reporter)


def _traced(quotes: Quotes, some: Numbers) -> NDArray[np.bool_]:
    """Return which of some quotes may be of a traceroute, as their port says."""
    port = quotes.dport[some]
    found: NDArray[np.bool_] = quotes.protocol[some] == UDP
    return found & (port >= TRACEROUTE.start) & (port < TRACEROUTE.stop)


def _services(quotes: Quotes, some: Numbers) -> Numbers:
    """Return protocols and ports of some quotes, 0 where they are MISSING."""
    return np.maximum(quotes.protocol[some], 0) << 16 | np.maximum(quotes.dport[some], 0)


def _too_big(view: View, quotes: Quotes) -> Iterator[Taken]:
    """Yield errors that tell an MTU for a datagram that is larger."""
    mtu, tells = view.mtus
    if not tells.any():
        return
    batch, rows = view.batch, quotes.rows
    least = np.where(batch.family[rows] == IPV4, LEAST[4], LEAST[6])
    which = np.flatnonzero(tells & (mtu >= least) & (quotes.length > mtu) & quotes.dst.any(axis=1))
    source, target = words(quotes.src[which]), words(quotes.dst[which])
    some = rows[which]
    yield Taken("mtu-black-hole", some, source, target, mtu[which], quotes.length[which], view.src[some])


def _addresses(view: View) -> Iterator[Taken]:
    """Yield who asks whether an address is taken, and who claims it."""
    batch = view.batch
    rows = view.of(SIX + 135, octets=24)
    rows = rows[~batch.src[rows].any(axis=1)]
    if len(rows):
        mac = view.mac(rows)
        some = np.flatnonzero(mac)
        target = words(view.octets(rows, 24)[some, 8:])
        yield Taken("duplicate-address", rows[some], target, detail=mac[some] | np.uint64(DAD))
    rows = view.of(SIX + 136, octets=24)
    if len(rows):
        head = view.octets(rows, 32)
        # The Target Link-Layer Address option (RFC 4861, 4.6.1), where it comes first and is of Ethernet.
        told = (batch.captured[rows] >= 32) & (head[:, 24] == 2) & (head[:, 25] == 1)  # noqa: PLR2004 - octets
        named = np.zeros(len(rows), np.uint64)
        for place in range(26, 32):
            named = named << np.uint64(8) | head[:, place]
        mac = np.where(told, named, view.mac(rows))
        role = np.where(batch.dst[rows, 0] == 0xFF, ANNOUNCED, 0)  # noqa: PLR2004 - multicast
        role = np.where(head[:, 4] & 0x20 != 0, CLAIMED, role)
        some = np.flatnonzero((mac != 0) & (role != 0))
        detail = mac[some] | role[some].astype(np.uint64)
        yield Taken(
            "duplicate-address",
            rows[some],
            words(head[some, 8:24]),
            detail=detail,
            other=view.src[rows[some]],
        )


def _routers(view: View) -> Iterator[Taken]:
    """Yield the routers of ICMPv6 with the parameters that must not differ (RFC 4861, 6.2.7)."""
    rows = view.of(SIX + 134, octets=16)
    if not len(rows):
        return
    head = view.octets(rows, 16)
    timers = [crc32(octets.tobytes()) & 0xFFFF if octets.any() else 0 for octets in head[:, 8:16]]
    detail = view.links[rows] << 32 | np.array(timers, np.int64)
    detail |= head[:, 4].astype(np.int64) << 16 | (head[:, 5] >> 6).astype(np.int64) << 24
    default = head[:, 6:8].any(axis=1)
    yield Taken("routers-differ", rows[default], view.src[rows[default]], detail=detail[default])


def contradict(one: int, other: int) -> bool:
    """Return whether two routers' parameters do; what is zero is not specified, but for the flags M and O."""
    hops, timers = (one >> 16 & 0xFF, other >> 16 & 0xFF), (one & 0xFFFF, other & 0xFFFF)
    flags = one >> 24 & 3 != other >> 24 & 3
    return flags or any(0 not in pair and pair[0] != pair[1] for pair in (hops, timers))


def _redirects(view: View) -> Iterator[Taken]:
    """Yield redirects."""
    for kind, size, place in ((5, 8, slice(4, 8)), (SIX + 137, 40, slice(8, 24))):
        rows = view.of(kind, octets=size)
        if len(rows):
            gateway = np.zeros((len(rows), 16), np.uint8)
            octets = view.octets(rows, size)[:, place]
            gateway[:, : octets.shape[1]] = octets
            yield Taken("redirected", rows, view.src[rows], view.dst[rows], other=words(gateway))
