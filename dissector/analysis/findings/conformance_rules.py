"""The rules of conformance: what is said of messages that are not as an RFC wants them."""

from __future__ import annotations

from dissector.analysis.findings.model import Area, Rule, Severity, Text


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
