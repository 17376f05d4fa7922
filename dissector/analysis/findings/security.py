"""What somebody seems to do on purpose: redirects in another's name, smurfs, sweeps, floods, odd fragments, tunnels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dissector.analysis.findings.evidence import Taken, words
from dissector.analysis.findings.model import Area, Rule, Severity, Text
from dissector.analysis.findings.view import ECHO, SIX
from dissector.capture.records import NO_TIME
from dissector.kernel import layers
from dissector.tails.datagram import IPV4

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.analysis.findings.model import Thresholds
    from dissector.analysis.findings.view import View

NOTE, WARNING, ERROR = Severity.NOTE, Severity.WARNING, Severity.ERROR
AREA = Area.SECURITY

RULES = (
    Rule(
        "redirect-not-router",
        AREA,
        ERROR,
        Text("Redirect from someone who is not the router", "并非来自路由器的重定向"),
        Text(
            "{subject} told {object} in {messages} to use {other}, and is not its router: {reasons}",
            "{subject} 以 {messages}告知 {object} 使用 {other}，但它并非其路由器：{reasons}",
        ),
        Text(
            "Have hosts ignore redirects (net.ipv4.conf.all.accept_redirects=0), and find the sender by its "
            "link-layer address: it may want to read what the host sends.",
            "让主机忽略重定向（net.ipv4.conf.all.accept_redirects=0），并按链路层地址找到发送者：其目的可能是窃听。",
        ),
        "RFC 1122, 3.2.2.2; RFC 4861, 8.1",
        ("redirect_prefix",),
    ),
    Rule(
        "smurf",
        AREA,
        WARNING,
        Text("Broadcast ping that many answer (smurf)", "多主机应答的广播 ping（smurf）"),
        Text(
            "{messages} in the name of {subject} to {object} made {count} hosts answer that were not asked by name",
            "以 {subject} 之名发往 {object} 的 {messages}，使 {count} 台未被点名询问的主机作出应答",
        ),
        Text(
            "Drop directed broadcasts on the routers (RFC 2644) and have hosts ignore echo requests to broadcast "
            "addresses; if the sender did not ask, it is the victim.",
            "在路由器上丢弃定向广播（RFC 2644），并让主机忽略发往广播地址的回显请求；若发送者并未询问，它就是受害者。",
        ),
        "RFC 1122, 3.2.2.6; RFC 2644",
        ("smurf_hosts", "redirect_prefix"),
    ),
    Rule(
        "sweep-hosts",
        AREA,
        WARNING,
        Text("Ping sweep", "ping 扫描"),
        Text(
            "{subject} sent {messages} to {count} hosts, from {first} to {last}",
            "{subject} 向 {count} 台主机发送了 {messages}，从 {first} 到 {last}",
        ),
        Text(
            "If it is no monitoring of yours, somebody looks for hosts: find out who uses that address.",
            "若不是你的监控系统，则有人在搜寻主机：查明谁在使用该地址。",
        ),
        "",
        ("sweep_hosts", "sweep_queries"),
    ),
    Rule(
        "sweep-ports",
        AREA,
        WARNING,
        Text("Port scan", "端口扫描"),
        Text(
            "{object} tried {count} ports of {subject} that cannot be reached, among them {ports}: {messages}",
            "{object} 尝试了 {subject} 的 {count} 个不可达端口，其中有 {ports}：{messages}",
        ),
        Text(
            "If it is no test of yours, somebody looks for services: find out who uses that address.",
            "若不是你的测试，则有人在搜寻服务：查明谁在使用该地址。",
        ),
        "",
        ("sweep_ports",),
    ),
    Rule(
        "unreachable-flood",
        AREA,
        WARNING,
        Text("Flood of unreachables", "不可达报文泛洪"),
        Text(
            "{subject} got {messages} of Destination Unreachable, up to {most} a second, the first from {other}",
            "{subject} 收到 {messages} Destination Unreachable，每秒最多 {most} 条，首条来自 {other}",
        ),
        Text(
            "If it did not send what they quote, somebody floods others in its name (backscatter), or floods it "
            "with errors; else it scans. Look at the quoted datagrams.",
            "若所引用的数据报并非由它发送，则有人冒其名攻击他人（反向散射）或以差错报文泛洪它；否则是它在扫描。请查看所引用的数据报。",
        ),
        "RFC 5927, 4; RFC 1812, 4.3.2.8",
        ("flood_errors",),
    ),
    Rule(
        "router-flood",
        AREA,
        ERROR,
        Text("Flood of routers", "路由器通告泛洪"),
        Text(
            "{count} addresses advertise themselves as routers on one link, the first {subject}: {messages}",
            "{count} 个地址在同一链路上通告自己为路由器，首个为 {subject}：{messages}",
        ),
        Text(
            "Filter advertisements on access ports (RA guard, RFC 6105); hosts that take all of them come to a stop.",
            "在接入端口过滤路由器通告（RA Guard，RFC 6105）；全部接受的主机会停止响应。",
        ),
        "RFC 6104; RFC 4861, 11.4",
        ("flood_routers",),
    ),
    Rule(
        "oversized",
        AREA,
        WARNING,
        Text("Oversized echo", "超大回显报文"),
        Text(
            "{subject} sent {messages} of {value} octets to {object}, in fragments",
            "{subject} 以分片方式向 {object} 发送了 {messages}，每条 {value} 八位组",
        ),
        Text(
            "If nobody tests fragmentation, somebody tries the receiver's reassembly (ping of death) or carries "
            "data; limit the size of echo at the border.",
            "若无人测试分片，则有人在攻击接收方的重组（ping of death）或夹带数据；在边界限制回显报文大小。",
        ),
        "RFC 791, 3.2; RFC 1122, 3.3.2",
        ("oversized_octets",),
    ),
    Rule(
        "fragments-overlap",
        AREA,
        ERROR,
        Text("Overlapping fragments", "重叠分片"),
        Text(
            "{subject} sent {messages} to {object} in fragments that overlap",
            "{subject} 以相互重叠的分片向 {object} 发送了 {messages}",
        ),
        Text(
            "No stack sends them: somebody hides from filters, which put fragments together otherwise than the "
            "receiver does (teardrop). Drop them at the border.",
            "正常协议栈不会产生：有人利用过滤器与接收方重组方式的差异逃避检测（teardrop）。在边界丢弃。",
        ),
        "RFC 5722; RFC 1858, 3",
    ),
    Rule(
        "tunnel",
        AREA,
        WARNING,
        Text("Echo that looks like a tunnel", "疑似隧道的回显报文"),
        Text(
            "{messages} between {subject} and {object} carry data that no ping is known to send: {reasons}",
            "{subject} 与 {object} 之间的 {messages}携带已知 ping 程序都不会发送的数据：{reasons}",
        ),
        Text(
            "Look at the data, and at what runs on both hosts; limit rate and size of echo at the border.",
            "查看数据内容以及两端主机上运行的程序；在边界限制回显报文的速率与大小。",
        ),
        "RFC 792, page 15; RFC 4443, 4.2",
        ("tunnel_messages", "tunnel_signs", "tunnel_entropy", "tunnel_sizes", "tunnel_asymmetry"),
    ),
    Rule(
        "recon-mask",
        AREA,
        WARNING,
        Text("Asks for masks", "询问地址掩码"),
        Text(
            "{subject} sent {messages} of {name} to {hosts_asked}, the first {first}",
            "{subject} 向 {hosts_asked}发送了 {messages}（{name}），首个为 {first}",
        ),
        Text(
            "Nothing uses that today but scanners, which learn of the network from the answers: filter the types, "
            "and find out who asks.",
            "如今只有扫描器使用，借应答了解网络：过滤这些类型，并查明询问者。",
        ),
        "RFC 6918, 2.1 and 2.2; RFC 950",
    ),
    Rule(
        "recon-timestamp",
        AREA,
        NOTE,
        Text("Asks hosts for their clocks", "询问多台主机的时钟"),
        Text(
            "{subject} sent {messages} of {name} to {hosts_asked}, the first {first}, the last {last}",
            "{subject} 向 {hosts_asked}发送了 {messages}（{name}），首个为 {first}，末个为 {last}",
        ),
        Text(
            "If nobody measures clocks, a scanner looks for hosts that do not answer echo; filter types 13 and 14.",
            "若无人测量时钟，则是扫描器在寻找不应答回显的主机；过滤类型 13 和 14。",
        ),
        "RFC 792, page 16; RFC 1122, 3.2.2.8",
        ("recon_hosts",),
    ),
)

INITIAL_TTLS = (255, 128, 64, 60, 32, 30)
"""What stacks send with: another TTL says that the packet was forwarded."""
MASKS = (15, 17)
"""Information Request and Address Mask Request."""
TIMESTAMP = 13
SECOND = 1_000_000_000
HOPS_AT = 48
BROADCAST, GROUPS, ALL_ONES = 0xFF, range(0xE0, 0xF0), b"\xff" * 4


def hits(view: View, thresholds: Thresholds) -> Iterator[Taken]:
    """Yield what the rules of this area take down of a batch; echo messages have states of their own."""
    batch = view.batch
    for name, kinds in (("recon-mask", MASKS), ("recon-timestamp", (TIMESTAMP,))):
        rows = view.of(*kinds)
        if len(rows):
            yield Taken(name, rows, view.src[rows], view.dst[rows], view.kinds[rows] << 8)
    rows = view.of(3, SIX + 1)
    if len(rows):
        rows = rows[batch.record_flags[rows] & NO_TIME == 0]
        second = batch.time_ns[rows] // SECOND
        yield Taken("unreachable-flood", rows, view.dst[rows], detail=second, other=view.src[rows])
    pieces = view.rows[batch.flags[view.rows] & (layers.FRAGMENT | layers.REASSEMBLED) != 0]
    if len(pieces):
        rows = pieces[batch.flags[pieces] & layers.OVERLAP != 0]
        yield Taken("fragments-overlap", rows, view.src[rows], view.dst[rows])
        large = batch.length[pieces] >= thresholds.oversized_octets
        rows = pieces[large & np.isin(view.kinds[pieces], ECHO)]
        yield Taken("oversized", rows, view.src[rows], view.dst[rows], value=batch.length[rows])
    rows = view.of(5, SIX + 137, octets=8)
    if len(rows):
        detail = view.mac(rows).astype(np.int64) | batch.ttl[rows].astype(np.int64) << HOPS_AT
        gateway = view.octets(rows, 24)
        four = batch.family[rows] == IPV4
        other = np.where(four[:, None], np.pad(gateway[:, 4:8], ((0, 0), (0, 12))), gateway[:, 8:24])
        yield Taken("redirect-not-router", rows, view.src[rows], view.dst[rows], detail, other=words(other))
    # What is known of the addresses that routers have: the Ethernet sources of what else they send.
    rows = view.of(3, 9, 11, SIX + 1, SIX + 3, SIX + 134, SIX + 135, SIX + 136)
    if len(rows):
        yield Taken("known-macs", rows, view.src[rows], detail=view.mac(rows))


def redirect_reasons(  # noqa: PLR0913, PLR0917 - all that is known of a redirect
    details: tuple[int, ...],
    version: int,
    gateway: bytes,
    receiver: bytes,
    macs: set[int],
    routers: bool | None,
    thresholds: Thresholds,
) -> list[Text]:
    """Return why redirects are not from the receiver's router; empty where nothing says so.

    Args:
        details: the Ethernet source and TTL of each, as they were taken down.
        version: of IP.
        gateway: the new first hop, as octets.
        receiver: of the redirects, as octets.
        macs: the Ethernet sources of what else their source sent.
        routers: whether their source advertises itself as a router; None where no router does.
        thresholds: what to compare with.
    """
    found: list[Text] = []
    hops = {detail >> HOPS_AT for detail in details}
    if version == IPV4 and not hops & set(INITIAL_TTLS):
        ttl = min(hops)
        found.append(
            Text(f"they were forwarded, as their TTL of {ttl} says", f"其 TTL 为 {ttl}，表明经过转发")
        )
    sources = {detail & (1 << HOPS_AT) - 1 for detail in details} - {0}
    strange = sources - macs
    if macs and strange:
        theirs, others = mac_text(min(strange)), mac_text(min(macs))
        found.append(
            Text(
                f"they come from {theirs}, all else from {others}",
                f"它们来自 {theirs}，其余报文来自 {others}",
            )
        )
    if routers is False:
        found.append(
            Text("others advertise themselves as routers, it does not", "其他节点通告自己为路由器，而它没有")
        )
    if version == IPV4:
        bits = thresholds.redirect_prefix
        one, other = (int.from_bytes(octets[:4]) >> 32 - min(bits, 32) for octets in (gateway, receiver))
        if one != other:
            found.append(
                Text(
                    "the new first hop is on another network than the receiver",
                    "新的第一跳与接收者不在同一网络",
                )
            )
    return found


def mac_text(number: int) -> str:
    """Return an Ethernet address as text."""
    return number.to_bytes(6, "big").hex(":")
