"""The rows of the ICMPv6 error messages, types 0 to 127 (RFC 4443, 2.1).

Destination Unreachable and Parameter Problem, with their many codes, have a file each.
"""

from __future__ import annotations

from dissector.messages import base, errors6
from dissector.registry.icmpv6_parameters import PARAMETER_PROBLEM
from dissector.registry.icmpv6_unreachable import DESTINATION_UNREACHABLE
from dissector.registry.model import About, Code, Effect, Kind, MessageType, Status, Text

_RESERVED = MessageType(
    number=0,
    name=Text("Reserved", "保留"),
    kind=Kind.UNKNOWN,
    shape=base.Opaque,
    status=Status.UNASSIGNED,
    about=About(
        sender=Text("No one, by any standard.", "没有任何标准规定由谁发送。"),
        meaning=Text(
            "Type 0 is reserved in ICMPv6. Do not take it for the Echo Reply that it is in IPv4.",
            "ICMPv6的类型0是保留值，不要误认为IPv4中的回显应答。",
        ),
        receiver=Text(
            "By its number it would be an unknown error message, to be passed to the transport (RFC 4443,"
            " 2.4 a).",
            "按编号属于未知差错报文，应上报传输层（RFC 4443，2.4 a）。",
        ),
        action=Text(
            "Look for damage, a packet generator or a scan; octets of zero often mean a buffer that was not"
            " filled.",
            "检查是否为数据损坏、发包工具或扫描；全零的内容往往是未填写的缓冲区。",
        ),
        filtering=Text(
            "RFC 4890 does not name it. Nothing needs it: it may be dropped.",
            "RFC 4890未提及。没有任何协议需要它，可以丢弃。",
        ),
    ),
)

_PACKET_TOO_BIG = MessageType(
    number=2,
    name=Text("Packet Too Big", "数据包过大"),
    kind=Kind.ERROR,
    shape=errors6.PacketTooBig,
    rfc=("RFC 4443",),
    errno="EMSGSIZE",
    fatal=False,
    about=About(
        sender=Text(
            "A router whose next link is too narrow for the packet; also for multicast packets (RFC 4443,"
            " 3.2).",
            "下一跳链路MTU小于数据包长度的路由器；对组播数据包也会发送（RFC 4443，3.2）。",
        ),
        meaning=Text(
            "The packet was dropped, because IPv6 routers do not fragment. The MTU field says what the next"
            " link carries.",
            "数据包已被丢弃，因为IPv6路由器不做分片。MTU字段给出下一跳链路能承载的长度。",
        ),
        receiver=Text(
            "Lowers its path MTU to that value and sends smaller packets. It must discard an MTU below 1280"
            " and must never raise its estimate because of one (RFC 8201, 4).",
            "把路径MTU降到该值并改发更小的数据包。MTU小于1280时必须丢弃该报文，也绝不能据此调大估计值（RFC"
            " 8201，4）。",
        ),
        action=Text(
            "One or two per path are healthy. If they repeat for one flow, something drops them before the"
            " sender: look for filters and load balancers, or clamp the TCP MSS to the MTU given here minus"
            " 60.",
            "每条路径出现一两个属正常。若同一条流反复出现，说明它们到不了发送方：检查过滤规则和负载均衡器，"
            "或把TCP MSS钳制为此MTU减60。",
        ),
        filtering=Text(
            "Must not be dropped, in transit or addressed to the firewall itself (RFC 4890, 4.3.1 and 4.4.1):"
            " connections would open and then hang.",
            "无论过境还是发往防火墙自身都不得丢弃（RFC 4890，4.3.1和4.4.1），否则连接能建立却会卡死。",
        ),
        note=Text(
            "RFC 1981 let a host answer an MTU below 1280 with a fragment header; RFC 8201, which replaces"
            " it, tells it to discard the message.",
            "RFC 1981允许主机在MTU小于1280时加上分片首部；取代它的RFC 8201要求直接丢弃这种报文。",
        ),
    ),
    codes=(
        Code(
            0,
            Text("Packet Too Big (no code)", "数据包过大"),
            About(
                note=Text(
                    "Senders set the code to 0 and receivers ignore it (RFC 4443, 3.2).",
                    "发送方将代码置0，接收方忽略该字段（RFC 4443，3.2）。",
                ),
            ),
        ),
    ),
)

_TIME_EXCEEDED = MessageType(
    number=3,
    name=Text("Time Exceeded", "超时"),
    kind=Kind.ERROR,
    shape=errors6.TimeExceeded6,
    rfc=("RFC 4443",),
    errno="EHOSTUNREACH",
    fatal=False,
    effect=Effect.SOFT,
    about=About(
        sender=Text(
            "A router on the path (code 0) or the destination (code 1).",
            "途中的路由器（代码0）或目的主机（代码1）。",
        ),
        meaning=Text(
            "A packet ran out of hops, or its fragments did not all arrive in time.",
            "数据包的跳数耗尽，或其分片未能按时到齐。",
        ),
        receiver=Text(
            "Passes it to the transport. Soft for TCP, which goes on retransmitting (RFC 9293, 3.9.2.2);"
            " traceroute reads the hop from it.",
            "上报传输层。对TCP属软错误，TCP会继续重传（RFC 9293，3.9.2.2）；traceroute由此得知每一跳。",
        ),
        action=Text(
            "Code 0 without a traceroute running: look for a routing loop. Code 1: look for lost fragments.",
            "代码0：若无人运行traceroute，应检查路由环路。代码1：检查分片丢失。",
        ),
        filtering=Text(
            "Code 0 must not be dropped, code 1 normally should not (RFC 4890, 4.3.1 and 4.3.2).",
            "代码0不得丢弃，代码1通常不应丢弃（RFC 4890，4.3.1和4.3.2）。",
        ),
        note=Text(
            "RFC 4443 calls the four octets after the checksum unused. RFC 4884, 4.5, makes the first of"
            " them the length of the quoted packet in 64-bit words when extension objects follow.",
            "RFC 4443把校验和之后的四个八位组称为未使用；RFC 4884（4.5）规定，报文带扩展对象时，"
            "其中第一个八位组是引用数据包的长度，以64位字为单位。",
        ),
    ),
    codes=(
        Code(
            0,
            Text("hop limit exceeded in transit", "传输中超出跳数限制"),
            About(
                sender=Text("The router that counted the hop limit down to 0.", "将跳数限制减到0的路由器。"),
                meaning=Text(
                    "The packet was in a routing loop, or started with too small a hop limit, as traceroute"
                    " does on purpose.",
                    "数据包陷入路由环路，或初始跳数限制太小（traceroute有意为之）。",
                ),
                action=Text(
                    "Trace the route to the quoted destination. If two routers alternate, compare their"
                    " routes for that prefix; often one holds a default route back to the other.",
                    "对所引用的目的地址做traceroute。若有两台路由器交替出现，比对它们到该前缀的路由；"
                    "常见的是其中一台用默认路由指回另一台。",
                ),
                filtering=Text(
                    "Must not be dropped: RFC 4890, 4.3.1 in transit, 4.4.1 for the firewall itself.",
                    "不得丢弃：过境见RFC 4890（4.3.1），发往防火墙自身见4.4.1。",
                ),
            ),
        ),
        Code(
            1,
            Text("fragment reassembly time exceeded", "分片重组超时"),
            About(
                sender=Text("The destination.", "目的主机。"),
                meaning=Text(
                    "The first fragment came, but not all others within 60 seconds.",
                    "收到了首个分片，但其余分片未能在60秒内到齐。",
                ),
                action=Text(
                    "Look for loss, and for firewalls or load balancers that drop fragments or send them to"
                    " different hosts. Better send packets that need no fragments.",
                    "检查丢包，以及防火墙或负载均衡器是否丢弃分片或把分片分给了不同主机。"
                    "最好改发无需分片的数据包。",
                ),
                filtering=Text(
                    "Normally should not be dropped: RFC 4890, 4.3.2 in transit, 4.4.2 for the firewall"
                    " itself.",
                    "通常不应丢弃：过境见RFC 4890（4.3.2），发往防火墙自身见4.4.2。",
                ),
            ),
        ),
    ),
)

_UNASSIGNED = About(
    sender=Text("No one, by any standard.", "没有任何标准规定由谁发送。"),
    meaning=Text(
        "No error message has this number yet. By its number it is an error, so the packet it is about should"
        " start at the ninth octet (RFC 4443, appendix A).",
        "该编号尚未分配给任何差错报文。按编号属于差错报文，因此从第9个八位组起应是被引用的数据包"
        "（RFC 4443，附录A）。",
    ),
    receiver=Text(
        "Must pass it to the transport that sent the quoted packet, if that can be told (RFC 4443, 2.4 a).",
        "若能识别，必须上报给发出被引用数据包的传输层（RFC 4443，2.4 a）。",
    ),
    action=Text(
        "See whether IANA has assigned it since. If not, ask what the sender runs, or suspect a covert"
        " channel.",
        "先查IANA是否已新分配该编号；若没有，查明发送方运行的软件，或考虑隐蔽信道。",
    ),
    filtering=Text(
        "A matter of policy for end sites; transit networks must let it pass (RFC 4890, 4.3.4 and 4.4.4).",
        "末端站点自行制定策略；过境网络必须放行（RFC 4890，4.3.4和4.4.4）。",
    ),
)

_EXPERIMENT = About(
    sender=Text(
        "Whoever runs an experiment; several may use the number at once (RFC 4443, 2.1).",
        "进行实验的任何一方；同一编号可能被多个实验同时使用（RFC 4443，2.1）。",
    ),
    meaning=Text(
        "What the experiment says; there is no public format beyond the quoted packet of an error message.",
        "由实验自行定义；除差错报文都有的被引用数据包外，没有公开格式。",
    ),
    receiver=Text(
        "A stack that does not take part treats it as an unknown error (RFC 4443, 2.4 a).",
        "未参与实验的协议栈按未知差错报文处理（RFC 4443，2.4 a）。",
    ),
    action=Text(
        "If you run no experiment, find the host that sends it.", "若没有进行实验，应找出发送它的主机。"
    ),
    filtering=Text(
        "Drop it unless there is a good case not to (RFC 4890, 4.3.5 and 4.4.5).",
        "除非有充分理由，应丢弃（RFC 4890，4.3.5和4.4.5）。",
    ),
)

_EXPANSION = About(
    sender=Text("No one yet.", "目前无人发送。"),
    meaning=Text(
        "Held back in case the error types run out: the code would then number the new messages (RFC 4443,"
        " 2.1).",
        "留作差错类型用尽时扩展之用：届时可用代码字段为新报文编号（RFC 4443，2.1）。",
    ),
    receiver=Text(
        "Treats it as an unknown error (RFC 4443, 2.4 a).", "按未知差错报文处理（RFC 4443，2.4 a）。"
    ),
    action=Text(
        "Find the host that sends it; it has no business to.", "找出发送它的主机；目前没有正当用途。"
    ),
    filtering=Text(
        "Drop it until ICMPv6 needs the extension (RFC 4890, 4.3.5 and 4.4.5).",
        "在ICMPv6启用该扩展之前应丢弃（RFC 4890，4.3.5和4.4.5）。",
    ),
)

TYPES: tuple[MessageType, ...] = (
    _RESERVED,
    DESTINATION_UNREACHABLE,
    _PACKET_TOO_BIG,
    _TIME_EXCEEDED,
    PARAMETER_PROBLEM,
    MessageType(
        number=5,
        last=99,
        name=Text("Unassigned", "未分配"),
        kind=Kind.ERROR,
        shape=base.Opaque,
        status=Status.UNASSIGNED,
        about=_UNASSIGNED,
    ),
    *(
        MessageType(
            number=number,
            name=Text("Private experimentation", "私有实验"),
            kind=Kind.ERROR,
            shape=base.Opaque,
            rfc=("RFC 4443",),
            status=Status.EXPERIMENTAL,
            about=_EXPERIMENT,
        )
        for number in (100, 101)
    ),
    MessageType(
        number=102,
        last=126,
        name=Text("Unassigned", "未分配"),
        kind=Kind.ERROR,
        shape=base.Opaque,
        status=Status.UNASSIGNED,
        about=_UNASSIGNED,
    ),
    MessageType(
        number=127,
        name=Text("Reserved for expansion of ICMPv6 error messages", "保留,用于扩展ICMPv6差错报文"),
        kind=Kind.ERROR,
        shape=base.Opaque,
        rfc=("RFC 4443",),
        status=Status.UNASSIGNED,
        about=_EXPANSION,
    ),
)
