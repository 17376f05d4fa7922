"""Messages that are not as an RFC wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dissector.analysis.findings.model import Area, Rule, Severity, Text
from dissector.analysis.findings.view import (
    CODE_UNASSIGNED,
    DEPRECATED,
    SIX,
    TYPE_UNASSIGNED,
    reserved_masks,
    statuses,
)
from dissector.analysis.flows import mtu_of
from dissector.analysis.quotes import ICMP_PROTOCOL, ICMPV6_PROTOCOL, MISSING, QUOTE_START, number, windows
from dissector.kernel import layers
from dissector.tails.datagram import HEADER_OCTETS, IPV4, IPV6

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dissector.analysis.findings.evidence import Numbers
    from dissector.analysis.findings.view import View
    from dissector.analysis.quotes import Quotes

    Hit = tuple[str, Numbers, NDArray[np.integer] | int]


def _rule(  # noqa: PLR0913, PLR0917 - what a rule is made of
    identity: str,
    severity: Severity,
    title: tuple[str, str],
    sentence: tuple[str, str],
    advice: tuple[str, str],
    rfc: str = "",
) -> Rule:
    """Return a rule of this area."""
    return Rule(identity, Area.CONFORMANCE, severity, Text(*title), Text(*sentence), Text(*advice), rfc)


NOTE, WARNING, ERROR = Severity.NOTE, Severity.WARNING, Severity.ERROR
FORGED = (
    (
        "No node that follows the RFC does that, and receivers discard it: look at the sender's stack, and whether "
        "somebody sends in its name."
    ),
    "遵循 RFC 的节点不会这样做，接收方会丢弃：检查发送者的协议栈，以及是否有人冒名发送。",
)
ROUTER_STACK = (
    "The sender's stack has a fault; correct or replace it, since such errors multiply.",
    "发送者的协议栈有缺陷；应修正或更换，因为这类差错会成倍增加。",
)
MTU_ADVICE = (
    (
        "Correct the MTU of the reporter's link, or the reporter: senders discard that value, and the path may be a "
        "black hole."
    ),
    "更正报告者链路的 MTU 或报告者本身：发送方会丢弃该值，路径可能成为黑洞。",
)

RULES = (
    _rule(
        "checksum-bad",
        WARNING,
        ("Wrong checksum", "校验和错误"),
        (
            "{subject} sent {messages} with a wrong checksum, the first to {other}",
            "{subject} 发送了 {messages}，校验和错误，首条发往 {other}",
        ),
        (
            (
                "If the sender captured this itself, its network card computes checksums later: then nothing is "
                "wrong. Else look for a faulty link, card or translator between."
            ),
            "若由发送者自己抓包，校验和由网卡稍后计算，并无问题；否则检查途中有故障的链路、网卡或地址转换设备。",
        ),
        "RFC 1122, 3.2.2; RFC 4443, 2.3",
    ),
    _rule(
        "deprecated",
        NOTE,
        ("Deprecated type or code", "已弃用的类型或代码"),
        (
            "{subject} sent {messages} of what is deprecated or obsolete ({name}), the first to {other}",
            "{subject} 发送了 {messages}，属于已弃用或过时的类型（{name}），首条发往 {other}",
        ),
        (
            "Nothing needs it today: find the old system or the scanner that sends it, and filter it.",
            "如今没有任何系统需要它：找出发送它的旧系统或扫描器，并加以过滤。",
        ),
        "RFC 6918; RFC 6633; RFC 1812, 5.2.7",
    ),
    _rule(
        "type-unassigned",
        NOTE,
        ("Unassigned type", "未分配的类型"),
        (
            "{subject} sent {messages} of a type that nobody assigned ({value}), the first to {other}",
            "{subject} 发送了 {messages}，类型未分配（{value}），首条发往 {other}",
        ),
        (
            "Receivers discard it: look at what the sender tries.",
            "接收方会丢弃：查明发送者的意图。",
        ),
        "RFC 1122, 3.2.2; RFC 4443, 2.4",
    ),
    _rule(
        "code-unassigned",
        NOTE,
        ("Unassigned code", "未分配的代码"),
        (
            "{subject} sent {messages} with a code that the type does not have ({name}: {value}), the first to {other}",
            "{subject} 发送了 {messages}，其代码不属于该类型（{name}：{value}），首条发往 {other}",
        ),
        (
            "Look at what the sender tries: scanners tell systems apart by what they make of it.",
            "查明发送者的意图：扫描器借此分辨系统。",
        ),
    ),
    _rule(
        "reserved-bits",
        NOTE,
        ("Reserved bits set", "保留位被置位"),
        (
            "{subject} sent {messages} of {name} with reserved bits set, the first to {other}",
            "{subject} 发送了 {messages}（{name}），保留位被置位，首条发往 {other}",
        ),
        (
            (
                "Receivers ignore them; an extension that is newer than this program, a fault, or data that somebody "
                "hides there."
            ),
            "接收方会忽略：可能是比本程序更新的扩展、缺陷，或有人在其中藏匿数据。",
        ),
        "RFC 792; RFC 4443, 3",
    ),
    _rule(
        "error-about-error",
        WARNING,
        ("Error about an error", "对差错报文的差错"),
        (
            "{subject} sent {messages} about an ICMP error, the first to {other}",
            "{subject} 针对 ICMP 差错报文发送了 {messages}，首条发往 {other}",
        ),
        ROUTER_STACK,
        "RFC 1122, 3.2.2; RFC 4443, 2.4 (e.1)",
    ),
    _rule(
        "error-about-broadcast",
        WARNING,
        ("Error about a broadcast", "对广播的差错"),
        (
            "{subject} sent {messages} about a datagram to the broadcast address, the first to {other}",
            "{subject} 针对发往广播地址的数据报发送了 {messages}，首条发往 {other}",
        ),
        ROUTER_STACK,
        "RFC 1122, 3.2.2; RFC 1812, 4.3.2.7",
    ),
    _rule(
        "error-about-multicast",
        WARNING,
        ("Error about a multicast", "对组播的差错"),
        (
            "{subject} sent {messages} about a datagram to a multicast address, the first to {other}",
            "{subject} 针对发往组播地址的数据报发送了 {messages}，首条发往 {other}",
        ),
        ROUTER_STACK,
        "RFC 1122, 3.2.2; RFC 4443, 2.4 (e.3)",
    ),
    _rule(
        "error-about-fragment",
        WARNING,
        ("Error about a later fragment", "对后续分片的差错"),
        (
            "{subject} sent {messages} about a fragment that is not the first, the first to {other}",
            "{subject} 针对非首个分片发送了 {messages}，首条发往 {other}",
        ),
        ROUTER_STACK,
        "RFC 1122, 3.2.2; RFC 1812, 4.3.2.7",
    ),
    _rule(
        "error-about-no-host",
        WARNING,
        ("Error about a datagram from no single host", "对源地址非单一主机的数据报的差错"),
        (
            "{subject} sent {messages} about a datagram whose source is no single host, the first to {other}",
            "{subject} 针对源地址不是单一主机的数据报发送了 {messages}，首条发往 {other}",
        ),
        ROUTER_STACK,
        "RFC 1122, 3.2.2; RFC 4443, 2.4 (e.6)",
    ),
    _rule(
        "quote-short",
        WARNING,
        ("Quote too short", "引用过短"),
        (
            "{subject} quoted too little in {messages}, {value} octets, the first to {other}",
            "{subject} 发送的 {messages} 引用过短，仅 {value} 八位组，首条发往 {other}",
        ),
        (
            (
                "The sender cannot tell which of its flows the error is about; correct the reporter, or what cuts its "
                "packets."
            ),
            "发送方无法判断差错涉及哪条流；应修正报告者或截短其报文的设备。",
        ),
        "RFC 1122, 3.2.2; RFC 4443, 2.4 (c)",
    ),
    _rule(
        "mtu-below-1280",
        WARNING,
        ("Packet Too Big below 1280", "Packet Too Big 小于 1280"),
        (
            (
                "{subject} told of an MTU of {value} in {messages}, below the 1280 that every IPv6 link has, "
                "the first to {other}"
            ),
            "{subject} 在 {messages}中给出的 MTU 为 {value}，低于所有 IPv6 链路均具备的 1280，首条发往 {other}",
        ),
        MTU_ADVICE,
        "RFC 8201, 4",
    ),
    _rule(
        "mtu-below-68",
        WARNING,
        ("Next-hop MTU below 68", "下一跳 MTU 小于 68"),
        (
            (
                "{subject} told of a next-hop MTU of {value} in {messages}, below the 68 that every router forwards, "
                "the first to {other}"
            ),
            "{subject} 在 {messages}中给出的下一跳 MTU 为 {value}，低于所有路由器均能转发的 68，首条发往 {other}",
        ),
        MTU_ADVICE,
        "RFC 1191, 3 and 4",
    ),
    _rule(
        "mtu-zero",
        NOTE,
        ("Next-hop MTU not told", "未给出下一跳 MTU"),
        (
            "{subject} sent {messages} of Fragmentation Needed without the next-hop MTU, the first to {other}",
            "{subject} 发送了 {messages} Fragmentation Needed，但未给出下一跳 MTU，首条发往 {other}",
        ),
        (
            "Senders have to guess the path MTU; bring the router up to date.",
            "发送方只能猜测路径 MTU；应更新该路由器。",
        ),
        "RFC 1191, 4 and 5",
    ),
    _rule(
        "mtu-above-packet",
        WARNING,
        ("MTU not below the packet", "MTU 不小于原数据报"),
        (
            (
                "{subject} called a datagram too big in {messages} that fits the MTU that is told, "
                "{value}; the first to {other}"
            ),
            "{subject} 在 {messages}中称数据报过大，而它并未超过所给出的 MTU {value}；首条发往 {other}",
        ),
        (
            (
                "Somebody may send it in the router's name to slow connections down; else a tunnel or a translator "
                "forgets its own header."
            ),
            "可能有人冒路由器之名使连接变慢；否则是隧道或地址转换设备忘记计入自身头部。",
        ),
        "RFC 1191, 4; RFC 4443, 3.2; RFC 5927, 7",
    ),
    _rule(
        "fragmentation-allowed",
        WARNING,
        ("Fragmentation Needed without DF", "未设 DF 却报需要分片"),
        (
            (
                "{subject} sent {messages} of Fragmentation Needed about a datagram that it may fragment, "
                "the first to {other}"
            ),
            "{subject} 针对可以分片的数据报发送了 {messages} Fragmentation Needed，首条发往 {other}",
        ),
        (
            "Have the router fragment, or find what clears Don't Fragment on the way.",
            "让路由器分片，或找出途中清除 DF 位的设备。",
        ),
        "RFC 792, page 5; RFC 1191, 4",
    ),
    _rule(
        "nd-hop-limit",
        ERROR,
        ("Neighbour discovery from beyond the link", "来自链路之外的邻居发现"),
        (
            "{subject} sent {messages} of {name} with a hop limit of {value}, not 255, the first to {other}",
            "{subject} 发送了 {messages}（{name}），跳数限制为 {value}，而非 255，首条发往 {other}",
        ),
        FORGED,
        "RFC 4861, 6.1, 7.1 and 8.1",
    ),
    _rule(
        "nd-code",
        WARNING,
        ("Neighbour discovery with a code", "邻居发现的代码不为零"),
        (
            "{subject} sent {messages} of {name} with code {value}, not 0, the first to {other}",
            "{subject} 发送了 {messages}（{name}），代码为 {value}，而非 0，首条发往 {other}",
        ),
        FORGED,
        "RFC 4861, 6.1, 7.1 and 8.1",
    ),
    _rule(
        "nd-source",
        ERROR,
        ("Neighbour discovery from a wrong source", "邻居发现的源地址错误"),
        (
            "{subject} sent {messages} of {name}, which only a link-local address may, the first to {other}",
            "{subject} 发送了 {messages}（{name}），此类报文只能来自链路本地地址，首条发往 {other}",
        ),
        FORGED,
        "RFC 4861, 6.1.2 and 8.1",
    ),
    _rule(
        "nd-target",
        WARNING,
        ("Neighbour discovery for a wrong address", "邻居发现的目标错误"),
        (
            (
                "{subject} sent {messages} of {name} for a multicast address, or to a wrong destination, "
                "the first to {other}"
            ),
            "{subject} 发送了 {messages}（{name}），目标为组播地址或目的地址有误，首条发往 {other}",
        ),
        FORGED,
        "RFC 4861, 7.1.1 and 7.1.2",
    ),
    _rule(
        "nd-fragmented",
        WARNING,
        ("Neighbour discovery in fragments", "分片的邻居发现"),
        (
            "{subject} sent {messages} of {name} in fragments, the first to {other}",
            "{subject} 以分片方式发送了 {messages}（{name}），首条发往 {other}",
        ),
        FORGED,
        "RFC 6980, 5",
    ),
    _rule(
        "mld-not-on-link",
        WARNING,
        ("Multicast listener message from beyond the link", "来自链路之外的组播侦听报文"),
        (
            (
                "{subject} sent {messages} of {name} with a hop limit of {value}, not 1, or from no link-local "
                "address, the first to {other}"
            ),
            (
                "{subject} 发送了 {messages}（{name}），跳数限制为 {value} 而非 1，"
                "或源地址不是链路本地地址，首条发往 {other}"
            ),
        ),
        FORGED,
        "RFC 3810, 5; RFC 2710, 3",
    ),
    _rule(
        "router-advertisement-invalid",
        WARNING,
        ("Invalid Router Advertisement (ICMPv4)", "无效的路由器通告（ICMPv4）"),
        (
            "{subject} sent {messages} of Router Advertisement that a host must discard, the first to {other}",
            "{subject} 发送了主机必须丢弃的路由器通告（{messages}），首条发往 {other}",
        ),
        FORGED,
        "RFC 1256, 5.2",
    ),
    _rule(
        "redirect-invalid",
        WARNING,
        ("Redirect that a host must discard", "主机必须丢弃的重定向"),
        (
            (
                "{subject} sent {messages} of Redirect to itself, to its receiver, or to a target that is no "
                "neighbour, the first to {other}"
            ),
            "{subject} 发送了重定向（{messages}），指向其自身、接收者或并非邻居的目标，首条发往 {other}",
        ),
        FORGED,
        "RFC 1122, 3.2.2.2; RFC 1812, 5.2.7.2; RFC 4861, 8.1",
    ),
)

ERRORS4 = (3, 4, 5, 11, 12)
"""ICMPv4 types that no error may be about (RFC 1122, 3.2.2)."""
REDIRECT6, PACKET_TOO_BIG, PARAMETER_PROBLEM, OPTION = 137, 2, 4, 2
INFORMATIONAL = 128
"""ICMPv6 types below are errors (RFC 4443, 2.1)."""
CLASS_D, CLASS_E, LOOPBACK, MULTICAST6 = 0xE0, 0xF0, 127, 0xFF
NEIGHBOR_DISCOVERY = tuple(SIX + kind for kind in (133, 134, 135, 136, 137, 141, 142, 148, 149))
"""Types whose hop limit is 255 (RFC 4861; RFC 3122, 2; RFC 3971, 6)."""
LISTENERS = tuple(SIX + kind for kind in (130, 131, 132, 143))
QUOTED6 = 1280 - HEADER_OCTETS[IPV6] - QUOTE_START
"""Octets that an ICMPv6 error quotes of what is longer (RFC 4443, 2.4)."""
MOST_HOPS = 255


def hits(view: View) -> Iterator[Hit]:
    """Yield for each rule the messages of a batch that break it, and the value that goes with it."""
    yield from _headers(view)
    quotes = view.quotes
    if quotes is not None:
        yield from _about(view, quotes)
        yield from _quoted(view, quotes)
        yield from _mtus(view, quotes)
    yield from _discovery(view)
    yield from _routers(view)


def _headers(view: View) -> Iterator[Hit]:
    """Yield what the first four octets tell, and the reserved bits."""
    batch = view.batch
    yield "checksum-bad", np.flatnonzero(batch.checksum_status == layers.BAD), 0
    numbers = view.kinds << 8 | batch.code
    state = statuses()[numbers]
    if state.any():
        state[batch.captured < 2] = 0  # noqa: PLR2004 - type and code
        yield "deprecated", np.flatnonzero(state & DEPRECATED), 0
        rows = np.flatnonzero(state & TYPE_UNASSIGNED)
        yield "type-unassigned", rows, batch.type[rows]
        rows = np.flatnonzero(state & CODE_UNASSIGNED)
        yield "code-unassigned", rows, batch.code[rows]
    may, masks = reserved_masks()
    rows = np.flatnonzero(may[view.kinds])
    some = numbers[rows]
    for key in np.unique(some).tolist():
        mask = masks.get(key)
        mask = masks[-(key >> 8)] if mask is None else mask
        if mask.any():
            these = rows[some == key]
            these = these[batch.captured[these] >= len(mask)]
            yield "reserved-bits", these[(view.octets(these, len(mask)) & mask).any(axis=1)], 0


def _about(view: View, quotes: Quotes) -> Iterator[Hit]:
    """Yield errors about what no error may be about."""
    batch, rows = view.batch, quotes.rows
    four, six = quotes.version == IPV4, quotes.version == IPV6
    old = four & (quotes.protocol == ICMP_PROTOCOL) & np.isin(quotes.type, ERRORS4)
    new = six & (quotes.protocol == ICMPV6_PROTOCOL) & (quotes.type != MISSING)
    new &= (quotes.type < INFORMATIONAL) | (quotes.type == REDIRECT6)
    yield "error-about-error", rows[old | new], 0
    everybody = four & (quotes.dst[:, :4] == MULTICAST6).all(axis=1)
    yield "error-about-broadcast", rows[everybody], 0
    first = quotes.dst[:, 0]
    kind, code = batch.type[rows], batch.code[rows]
    may = (kind == PACKET_TOO_BIG) | (kind == PARAMETER_PROBLEM) & (code == OPTION)
    group = four & (first >= CLASS_D) & (first < CLASS_E) | six & (first == MULTICAST6) & ~may
    yield "error-about-multicast", rows[group], 0
    head = windows(batch.octets, batch.icmp[rows] + QUOTE_START, QUOTE_START)
    later = four & (quotes.there >= QUOTE_START) & (number(head, 6, 2) & 0x1FFF > 0)
    yield "error-about-fragment", rows[later], 0
    first = quotes.src[:, 0]
    # On a loopback interface its addresses are those of a host.
    inside = (first == LOOPBACK) & (batch.dst[rows, 0] != LOOPBACK)
    known = quotes.there >= np.where(four, HEADER_OCTETS[IPV4], HEADER_OCTETS[IPV6])
    nobody = four & ((first == 0) | (first >= CLASS_D) | inside)
    nobody |= six & ((first == MULTICAST6) & ~may | ~quotes.src.any(axis=1))
    yield "error-about-no-host", rows[nobody & known], 0


def _quoted(view: View, quotes: Quotes) -> Iterator[Hit]:
    """Yield errors that quote too little; those that the capture cut say nothing."""
    batch, rows = view.batch, quotes.rows
    whole = batch.captured[rows] >= batch.length[rows]
    head = windows(batch.octets, batch.icmp[rows] + QUOTE_START, 1)
    four, six = quotes.version == IPV4, quotes.version == IPV6
    least = (head[:, 0] & 0x0F).astype(np.int64) * 4 + QUOTE_START
    need = np.where(four, np.where(quotes.length == MISSING, least, np.minimum(least, quotes.length)), 0)
    # Without a length there is not even a header.
    known = np.where(quotes.length == MISSING, HEADER_OCTETS[IPV6], np.minimum(quotes.length, QUOTED6))
    need = np.where(six, known, need)
    short = np.flatnonzero(whole & (quotes.there > 0) & (quotes.there < need))
    yield "quote-short", rows[short], quotes.there[short]


def _mtus(view: View, quotes: Quotes) -> Iterator[Hit]:
    """Yield errors that tell MTUs that cannot be."""
    batch, rows = view.batch, quotes.rows
    mtu, tells = mtu_of(batch, rows)
    if not tells.any():
        return
    four = tells & (batch.family[rows] == IPV4)
    six = tells & (batch.family[rows] == IPV6)
    for name, which in (
        ("mtu-below-1280", six & (mtu < 1280)),  # noqa: PLR2004 - RFC 8201, 4
        ("mtu-below-68", four & (mtu > 0) & (mtu < 68)),  # noqa: PLR2004 - RFC 1191, 3
        ("mtu-zero", four & (mtu == 0)),
        ("mtu-above-packet", tells & (quotes.length != MISSING) & (mtu >= quotes.length)),
    ):
        yield name, rows[which], mtu[which]
    head = windows(batch.octets, batch.icmp[rows] + QUOTE_START, QUOTE_START)
    allowed = four & (quotes.version == IPV4) & (quotes.there >= QUOTE_START) & (head[:, 6] & 0x40 == 0)
    yield "fragmentation-allowed", rows[allowed], 0


def _discovery(view: View) -> Iterator[Hit]:
    """Yield messages of neighbour discovery and of multicast listeners that are to be discarded."""
    batch = view.batch
    rows = view.of(*NEIGHBOR_DISCOVERY)
    if len(rows):
        hops, code = batch.ttl[rows], batch.code[rows]
        yield "nd-hop-limit", rows[hops != MOST_HOPS], hops[hops != MOST_HOPS]
        yield "nd-code", rows[code != 0], code[code != 0]
        yield "nd-fragmented", rows[batch.flags[rows] & (layers.FRAGMENT | layers.REASSEMBLED) != 0], 0
        rows = view.of(SIX + 134, SIX + 137)
        yield "nd-source", rows[~link_local(batch.src[rows])], 0
        rows = view.of(SIX + 135, SIX + 136, octets=24)
        head = view.octets(rows, 24)
        to_many = batch.dst[rows, 0] == MULTICAST6
        # ff02::1:ff00:0/104, RFC 4291, 2.7.1.
        solicited = (batch.dst[rows, :13] == SOLICITED_NODE).all(axis=1)
        asking = batch.type[rows] == 135  # noqa: PLR2004 - Neighbor Solicitation
        wrong = asking & ~batch.src[rows].any(axis=1) & ~solicited
        wrong |= ~asking & to_many & (head[:, 4] & 0x40 != 0)
        yield "nd-target", rows[wrong | (head[:, 8] == MULTICAST6)], 0
    rows = view.of(*LISTENERS)
    # A report before an address is chosen comes from :: (RFC 3810, 5.2.13).
    nowhere = ~batch.src[rows].any(axis=1) & (batch.type[rows] != 130)  # noqa: PLR2004 - the query
    strange = (batch.ttl[rows] != 1) | ~(link_local(batch.src[rows]) | nowhere)
    yield "mld-not-on-link", rows[strange], batch.ttl[rows[strange]]


SOLICITED_NODE = np.frombuffer(bytes.fromhex("ff0200000000000000000001ff"), np.uint8)


def _routers(view: View) -> Iterator[Hit]:
    """Yield advertisements of ICMPv4 that are to be discarded, and redirects."""
    batch = view.batch
    rows = view.of(9, octets=8)
    head = view.octets(rows, 8).astype(np.int64)
    need = 8 + head[:, 4] * head[:, 5] * 4
    # Code 16 is that of mobility agents, of which all have two words an entry (RFC 5944, 2.1).
    bad = ~np.isin(batch.code[rows], (0, 16)) | (head[:, 5] < 2) | (batch.length[rows] < need)  # noqa: PLR2004 - octets
    bad |= (head[:, 4] == 0) & (batch.code[rows] == 0)
    yield "router-advertisement-invalid", rows[bad], 0
    yield from _redirects(view)


def _redirects(view: View) -> Iterator[Hit]:
    """Yield redirects to where none may lead."""
    batch = view.batch
    rows = view.of(5, octets=8)
    gateway = view.octets(rows, 8)[:, 4:]
    itself = (gateway == batch.src[rows, :4]).all(axis=1) | (gateway == batch.dst[rows, :4]).all(axis=1)
    strange = (gateway[:, 0] == 0) | (gateway[:, 0] == LOOPBACK) | (gateway[:, 0] >= CLASS_D)
    yield "redirect-invalid", rows[itself | strange], 0
    rows = view.of(SIX + REDIRECT6, octets=40)
    head = view.octets(rows, 40)
    target, about = head[:, 8:24], head[:, 24:40]
    wrong = ~link_local(target) & (target != about).any(axis=1) | (about[:, 0] == MULTICAST6)
    yield "redirect-invalid", rows[wrong], 0


def link_local(addresses: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which addresses of IPv6 are link-local: fe80::/10 (RFC 4291, 2.5.6)."""
    local: NDArray[np.bool_] = (addresses[:, 0] == 0xFE) & (addresses[:, 1] & 0xC0 == 0x80)  # noqa: PLR2004 - octets
    return local
