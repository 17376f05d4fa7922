"""The rows of ICMPv4 questions whether a node or interface is there: echo (0, 8), extended echo (42, 43)."""

from __future__ import annotations

from dissector.messages import echo
from dissector.registry.extended_echo_codes import REPLY_CODES, REQUEST_CODES
from dissector.registry.model import About, Code, Kind, MessageType, Text

_EXTENDED_ECHO_FILTERING = Text(
    "RFC 8335, 8, has it off by default and allowed by prefix, so let it in only from your management"
    " networks.",
    "RFC 8335（8）要求默认关闭并按前缀授权，因此只应放行来自管理网络的报文。",
)

PROBES: tuple[MessageType, ...] = (
    MessageType(
        number=0,
        name=Text("Echo Reply", "Echo(应答)响应"),
        kind=Kind.QUERY,
        shape=echo.Echo,
        rfc=("RFC 792",),
        answered_by=8,
        about=About(
            sender=Text(
                "The node that was pinged, from the address that was pinged (RFC 1122, 3.2.2.6).",
                "被ping的节点，以被ping的地址为源（RFC 1122，3.2.2.6）。",
            ),
            meaning=Text(
                "I am here; identifier, sequence number and data are those of the request.",
                "我在；标识符、序列号和数据与请求相同。",
            ),
            receiver=Text("Hands it to the process that sent the request.", "交给发出请求的进程。"),
            action=Text(
                "Match identifier, sequence number and data; a NAT may rewrite the identifier. Replies that"
                " no one asked for: a forged source address, or a tunnel in the data.",
                "核对标识符、序列号和数据；NAT可能改写标识符。无请求的应答意味着源地址被伪造，"
                "或数据中藏有隧道。",
            ),
            filtering=Text(
                "Let in replies to your own requests; a NAT must (RFC 5508, REQ-1). Blocking them is"
                " allowed, but unfriendly (RFC 2979, 3.1.1).",
                "应放行对自己请求的应答；NAT必须放行（RFC 5508，REQ-1）。拦截虽获允许，但不友好（RFC 2979，"
                "3.1.1）。",
            ),
        ),
        codes=(Code(0, Text("Echo Reply (no code)", "回显应答(Ping应答)")),),
    ),
    MessageType(
        number=8,
        name=Text("Echo", "Echo请求"),
        kind=Kind.QUERY,
        shape=echo.Echo,
        rfc=("RFC 792",),
        answered_by=0,
        about=About(
            sender=Text(
                "Any node: ping, monitoring, some traceroutes.", "任何节点：ping、监控系统、某些traceroute。"
            ),
            meaning=Text("Are you there? Send these octets back.", "你在吗？请把这些数据原样返回。"),
            receiver=Text(
                "Every host must answer with type 0 and return all data; it may ignore requests to"
                " broadcast and multicast addresses (RFC 1122, 3.2.2.6), as Linux does by default.",
                "每台主机都必须以类型0应答并返回全部数据；发往广播或组播地址的请求可以忽略（RFC 1122，"
                "3.2.2.6），Linux默认即忽略。",
            ),
            action=Text(
                "No answer is no proof that the host is down: it may be rate limiting or filtering. Compare"
                " with TCP, and try both directions.",
                "没有应答不等于主机离线：可能是限速或被过滤。用TCP对照，并在两个方向上测试。",
            ),
            filtering=Text(
                "Limit the rate rather than block it; blocking is allowed, but unfriendly (RFC 2979,"
                " 3.1.1). Never let it in to broadcast addresses: their hosts would amplify an attack (RFC"
                " 2644).",
                "宜限速而不宜拦截；拦截虽获允许，但不友好（RFC 2979，3.1.1）。发往广播地址的绝不能放入，"
                "否则会被用来放大攻击（RFC 2644）。",
            ),
            note=Text(
                "IANA's name is that of RFC 792; RFC 1122 calls it Echo Request.",
                "IANA沿用RFC 792的名称Echo；RFC 1122称其为Echo Request。",
            ),
        ),
        codes=(
            Code(
                0,
                Text("Echo (no code)", "回显请求(ping请求)"),
                About(
                    note=Text(
                        "Code 1, which some experimental reverse traceroutes use, is not assigned by IANA.",
                        "某些实验性的反向traceroute使用代码1，IANA并未分配。",
                    ),
                ),
            ),
        ),
    ),
    MessageType(
        number=42,
        name=Text("Extended Echo Request", "扩展回显请求"),
        kind=Kind.QUERY,
        shape=echo.ExtendedEchoRequest,
        rfc=("RFC 8335",),
        answered_by=43,
        about=About(
            sender=Text("A PROBE client: an operator's tool.", "PROBE客户端，即运维人员的工具。"),
            meaning=Text(
                "Asks a node (the proxy) about one interface, named by name, index or address: its own (L"
                " bit set), or a neighbour's (L bit clear).",
                "向某节点（代理）询问一个接口的状态，接口以名称、索引或地址指定：L位为1指该节点自己的接口，"
                "为0指其邻居的接口。",
            ),
            receiver=Text(
                "Answers with type 43 if the feature is enabled and the source is allowed, else discards it"
                " in silence (RFC 8335, 4). On Linux: net.ipv4.icmp_echo_enable_probe.",
                "功能已启用且源地址获准时以类型43应答，否则静默丢弃（RFC 8335，4）。"
                "Linux由net.ipv4.icmp_echo_enable_probe控制。",
            ),
            action=Text(
                "No answer: it is off by default. Enable it on the proxy and allow your prefix and your"
                " kind of query.",
                "没有应答：该功能默认关闭。在代理节点上启用，并允许查询方的前缀和所用的查询方式。",
            ),
            filtering=_EXTENDED_ECHO_FILTERING,
        ),
        codes=REQUEST_CODES,
    ),
    MessageType(
        number=43,
        name=Text("Extended Echo Reply", "扩展回显应答"),
        kind=Kind.QUERY,
        shape=echo.ExtendedEchoReply,
        rfc=("RFC 8335",),
        answered_by=42,
        about=About(
            sender=Text(
                "The node that was asked with type 42 (the proxy).", "收到类型42请求的节点（代理）。"
            ),
            meaning=Text(
                "The state of the probed interface, or why there is none to report.",
                "被探测接口的状态，或无法给出状态的原因。",
            ),
            receiver=Text(
                "Matches it by identifier and sequence number and shows the result.",
                "按标识符和序列号与请求对应，并显示结果。",
            ),
            action=Text(
                "Read the code, then the A, 4 and 6 bits or the state.", "先看代码，再看A、4、6位或状态字段。"
            ),
            filtering=_EXTENDED_ECHO_FILTERING,
        ),
        codes=REPLY_CODES,
    ),
)
