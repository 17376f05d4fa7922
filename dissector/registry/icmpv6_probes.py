"""The rows of ICMPv6 questions that a node answers about itself.

Echo (128, 129), node information (139, 140) and extended echo (160, 161).
"""

from __future__ import annotations

from dissector.messages import echo, node_information
from dissector.registry.extended_echo_codes import REPLY_CODES, REQUEST_CODES
from dissector.registry.model import About, Code, Kind, MessageType, Status, Text

_NODE_INFORMATION_FILTERING = Text(
    "Drop it at the site border unless there is a good case not to (RFC 4890, 4.3.5); on own interfaces"
    " decide and write it down (4.4.4). By default nodes refuse queries from global addresses (RFC 4620, 8).",
    "除非有充分理由，应在站点边界丢弃（RFC 4890，4.3.5）；对自身接口应明确制定策略（4.4.4）。"
    "节点默认拒绝来自全局地址的查询（RFC 4620，8）。",
)

_EXTENDED_ECHO_FILTERING = Text(
    "RFC 4890 is older and does not know it. RFC 8335, 8, has it off by default and allowed by prefix, so"
    " let it in only from your management networks.",
    "RFC 4890早于该报文，未作规定。RFC 8335（8）要求默认关闭并按前缀授权，因此只应放行来自管理网络的报文。",
)

PROBES: tuple[MessageType, ...] = (
    MessageType(
        number=128,
        name=Text("Echo Request", "回显请求"),
        kind=Kind.INFORMATIONAL,
        shape=echo.Echo,
        rfc=("RFC 4443",),
        answered_by=129,
        about=About(
            sender=Text(
                "Any node: ping6, monitoring, some traceroutes.",
                "任何节点：ping6、监控系统、某些traceroute。",
            ),
            meaning=Text("Are you there? Send these octets back.", "你在吗？请把这些数据原样返回。"),
            receiver=Text(
                "Every node must answer with type 129 and return all data (RFC 4443, 4.2); also, as a rule,"
                " when it was sent to a multicast or anycast address.",
                "每个节点都必须以类型129应答并返回全部数据（RFC 4443，4.2）；发往组播或任播地址的请求通常也"
                "应答。",
            ),
            action=Text(
                "No answer is no proof that the host is down: it may be rate limiting or filtering. Compare"
                " with TCP, and try both directions.",
                "没有应答不等于主机离线：可能是限速或被过滤。用TCP对照，并在两个方向上测试。",
            ),
            filtering=Text(
                "Must not be dropped: scanning is hard in IPv6 and Teredo needs it (RFC 4890, 4.3.1 and"
                " 4.4.1). Limit the rate instead.",
                "不得丢弃：IPv6地址难以扫描，且Teredo依赖它（RFC 4890，4.3.1和4.4.1）。需要时可限速。",
            ),
        ),
        codes=(Code(0, Text("Echo Request (no code)", "回显请求")),),
    ),
    MessageType(
        number=129,
        name=Text("Echo Reply", "回显应答"),
        kind=Kind.INFORMATIONAL,
        shape=echo.Echo,
        rfc=("RFC 4443",),
        answered_by=128,
        about=About(
            sender=Text(
                "The node that was pinged, from the address that was pinged; from one of its unicast"
                " addresses if that was a multicast or anycast one.",
                "被ping的节点，以被ping的地址为源；若请求发往组播或任播地址，则以自己的单播地址为源。",
            ),
            meaning=Text(
                "I am here; identifier, sequence number and data are those of the request.",
                "我在；标识符、序列号和数据与请求相同。",
            ),
            receiver=Text("Hands it to the process that sent the request.", "交给发出请求的进程。"),
            action=Text(
                "Match identifier, sequence number and data. Replies that no one asked for: a forged source"
                " address, or a tunnel in the data.",
                "核对标识符、序列号和数据。无请求的应答意味着源地址被伪造，或数据中藏有隧道。",
            ),
            filtering=Text(
                "Must not be dropped (RFC 4890, 4.3.1 and 4.4.1).", "不得丢弃（RFC 4890，4.3.1和4.4.1）。"
            ),
        ),
        codes=(Code(0, Text("Echo Reply (no code)", "回显应答")),),
    ),
    MessageType(
        number=139,
        name=Text("ICMP Node Information Query", "ICMP节点信息查询"),
        kind=Kind.INFORMATIONAL,
        shape=node_information.NodeInformation,
        rfc=("RFC 4620",),
        status=Status.EXPERIMENTAL,
        answered_by=140,
        about=About(
            sender=Text(
                "A diagnostic tool, such as ping6 -N on Linux or -w on BSD.",
                "诊断工具，例如Linux的ping6 -N或BSD的ping6 -w。",
            ),
            meaning=Text(
                "Asks a node for its name or addresses; the qtype says which (0 NOOP, 2 name, 3 IPv6, 4 IPv4"
                " addresses).",
                "询问节点的名称或地址；Qtype指明内容（0空操作，2名称，3 IPv6地址，4 IPv4地址）。",
            ),
            receiver=Text(
                "Answers with type 140 if the subject is its own and policy allows; else discards it in"
                " silence or refuses (RFC 4620, 5).",
                "若查询对象属于自己且策略允许，以类型140应答；否则静默丢弃或拒绝（RFC 4620，5）。",
            ),
            action=Text(
                "Few systems answer today. From outside the site it is reconnaissance.",
                "如今少有系统应答。若来自站点之外，则属于侦察行为。",
            ),
            filtering=_NODE_INFORMATION_FILTERING,
        ),
        codes=(
            Code(
                0,
                Text(
                    "Data field contains an IPv6 address (subject of the query)",
                    "数据字段为IPv6地址(查询对象)",
                ),
                About(
                    meaning=Text(
                        "Asks the node that owns the IPv6 address in the data.",
                        "向拥有数据字段中该IPv6地址的节点查询。",
                    ),
                ),
            ),
            Code(
                1,
                Text(
                    "Data field contains a name (subject), or is empty (NOOP)",
                    "数据字段为名称(查询对象),或为空(NOOP)",
                ),
                About(
                    meaning=Text(
                        "Asks the node with the name in the data; with no data it only asks whether someone"
                        " answers.",
                        "向数据字段中该名称的节点查询；数据为空时只询问是否有人应答。",
                    ),
                ),
            ),
            Code(
                2,
                Text(
                    "Data field contains an IPv4 address (subject of the query)",
                    "数据字段为IPv4地址(查询对象)",
                ),
                About(
                    meaning=Text(
                        "Asks the node that owns the IPv4 address in the data.",
                        "向拥有数据字段中该IPv4地址的节点查询。",
                    ),
                ),
            ),
        ),
    ),
    MessageType(
        number=140,
        name=Text("ICMP Node Information Response", "ICMP节点信息响应"),
        kind=Kind.INFORMATIONAL,
        shape=node_information.NodeInformation,
        rfc=("RFC 4620",),
        status=Status.EXPERIMENTAL,
        answered_by=139,
        about=About(
            sender=Text("The node that was asked with type 139.", "收到类型139查询的节点。"),
            meaning=Text(
                "The answer, or why there is none; the nonce is that of the query.",
                "给出答案或不予回答的原因；随机数（Nonce）与查询相同。",
            ),
            receiver=Text(
                "Matches it to its query by the nonce, and should not base security decisions on it (RFC"
                " 4620, 8).",
                "按随机数与查询对应，不应据此作安全决策（RFC 4620，8）。",
            ),
            action=Text(
                "Leaving the site it gives away names and addresses: switch the service off on that node.",
                "若流出站点，会泄露名称和地址：应在该节点上关闭此服务。",
            ),
            filtering=_NODE_INFORMATION_FILTERING,
        ),
        codes=(
            Code(
                0,
                Text("Successful reply (Reply Data may be empty)", "成功应答(应答数据可为空)"),
                About(meaning=Text("The data holds the answer.", "数据字段即为答案。")),
            ),
            Code(
                1,
                Text("Responder refuses to supply the answer", "响应者拒绝提供答案"),
                About(
                    meaning=Text(
                        "The node understood the query, but its policy forbids an answer.",
                        "节点理解该查询，但其策略不允许回答。",
                    ),
                    action=Text(
                        "Ask from a link-local address, or permit your address in the node's policy.",
                        "改用链路本地地址查询，或在该节点的策略中允许查询方地址。",
                    ),
                ),
            ),
            Code(
                2,
                Text("Qtype of the query is unknown to the responder", "响应者不认识该查询类型(Qtype)"),
                About(
                    meaning=Text("The node does not know what was asked for.", "节点不认识所询问的内容。"),
                    action=Text(
                        "Ask with qtype 0, 2 or 3, which every responder supports.",
                        "改用每个响应者都支持的Qtype 0、2或3。",
                    ),
                ),
            ),
        ),
    ),
    MessageType(
        number=160,
        name=Text("Extended Echo Request", "扩展回显请求"),
        kind=Kind.INFORMATIONAL,
        shape=echo.ExtendedEchoRequest,
        rfc=("RFC 8335",),
        answered_by=161,
        about=About(
            sender=Text("A PROBE client: an operator's tool.", "PROBE客户端，即运维人员的工具。"),
            meaning=Text(
                "Asks a node (the proxy) about one interface, named by name, index or address: its own (L"
                " bit set), or a neighbour's (L bit clear).",
                "向某节点（代理）询问一个接口的状态，接口以名称、索引或地址指定：L位为1指该节点自己的接口，"
                "为0指其邻居的接口。",
            ),
            receiver=Text(
                "Answers with type 161 if the feature is enabled and the source is allowed, else discards it"
                " in silence (RFC 8335, 4). On Linux: net.ipv4.icmp_echo_enable_probe.",
                "功能已启用且源地址获准时以类型161应答，否则静默丢弃（RFC 8335，4）。Linux由"
                "net.ipv4.icmp_echo_enable_probe控制。",
            ),
            action=Text(
                "No answer: it is off by default. Enable it on the proxy and allow your prefix and your kind"
                " of query.",
                "没有应答：该功能默认关闭。在代理节点上启用，并允许查询方的前缀和所用的查询方式。",
            ),
            filtering=_EXTENDED_ECHO_FILTERING,
        ),
        codes=REQUEST_CODES,
    ),
    MessageType(
        number=161,
        name=Text("Extended Echo Reply", "扩展回显应答"),
        kind=Kind.INFORMATIONAL,
        shape=echo.ExtendedEchoReply,
        rfc=("RFC 8335",),
        answered_by=160,
        about=About(
            sender=Text(
                "The node that was asked with type 160 (the proxy).", "收到类型160请求的节点（代理）。"
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
