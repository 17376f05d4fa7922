"""The rows of the ICMPv4 error messages (RFC 1122, 3.2.2); 4, 5, 11 and 12 are here.

Destination Unreachable, with its many codes, and the errors of later documents have files of their own.
"""

from __future__ import annotations

from dissector.messages import errors
from dissector.registry.icmpv4_errors_later import LATER_ERRORS
from dissector.registry.icmpv4_unreachable import DESTINATION_UNREACHABLE
from dissector.registry.model import About, Code, Effect, Kind, MessageType, Status, Text

_SOURCE_QUENCH = MessageType(
    number=4,
    name=Text("Source Quench", "流量控制"),
    kind=Kind.ERROR,
    shape=errors.SourceQuench,
    rfc=("RFC 792", "RFC 6633"),
    status=Status.DEPRECATED,
    errno="EREMOTEIO",
    fatal=False,
    about=About(
        sender=Text(
            "Routers and hosts of old that were short of buffers. Hosts must not send it now (RFC 6633, 3),"
            " routers should not (RFC 1812, 4.3.3.3).",
            "缓冲区不足的旧式路由器和主机。如今主机不得发送（RFC 6633，3），路由器不应发送（RFC 1812，"
            "4.3.3.3）。",
        ),
        meaning=Text(
            "Send more slowly: datagrams to this destination are being dropped, or soon will be. The quoted"
            " one may still have arrived (RFC 792, page 11).",
            "请放慢发送：发往该目的地的数据报正在或即将被丢弃。所引用的数据报仍可能已送达（RFC 792，第11页）"
            "。",
        ),
        receiver=Text(
            "Must discard it in silence: TCP, UDP, SCTP and DCCP alike (RFC 6633, 3 and 5). On Linux only a"
            " ping socket reports it, as EREMOTEIO.",
            "必须静默丢弃，TCP、UDP、SCTP和DCCP均如此（RFC 6633，3和5）。"
            "在Linux上只有ping套接字以EREMOTEIO上报。",
        ),
        action=Text(
            "Find out who sends it: very old equipment, or someone who wants to slow your connections down"
            " (RFC 5927, 6.1). Against congestion use ECN or queue management.",
            "查明由谁发送：要么是非常老旧的设备，要么有人企图降低连接的吞吐量（RFC 5927，6.1）。"
            "应对拥塞请用ECN或队列管理。",
        ),
        filtering=Text(
            "Must be discarded by hosts, security gateways and firewalls, and should be logged as a"
            " security fault (RFC 6633, 8).",
            "主机、安全网关和防火墙必须丢弃，并应作为安全问题记入日志（RFC 6633，8）。",
        ),
        note=Text(
            "Older texts describe it as working flow control, or set it apart as a control message. RFC"
            " 1122, 3.2.2, counts it among the errors, and RFC 6633 deprecates it.",
            "较早的资料称其为正在使用的流量控制，或将其另列为控制报文，也译作源抑制、源站抑制。"
            "RFC 1122（3.2.2）将其列为差错报文，RFC 6633已将其弃用。",
        ),
    ),
    codes=(Code(0, Text("Source Quench (no code)", "源端被关闭(基本流控制)")),),
)

_REDIRECT_FOR_NETWORK = Text(
    "Routers must not send it (RFC 1812, 5.2.7.2), because it does not say which mask the network has. IANA"
    " lists it without a mark.",
    "路由器不得发送（RFC 1812，5.2.7.2），因为其中没有说明网络的掩码。IANA未作标记。",
)

_REDIRECT = MessageType(
    number=5,
    name=Text("Redirect", "重定向"),
    kind=Kind.ERROR,
    shape=errors.Redirect,
    rfc=("RFC 792",),
    about=About(
        sender=Text(
            "The host's first-hop router, if it forwards the datagram out of the interface that it came in"
            " on (RFC 1812, 5.2.7.2). Hosts should not send it (RFC 1122, 3.2.2.2).",
            "主机的第一跳路由器，当它从收到数据报的接口将其转发出去时（RFC 1812，5.2.7.2）。"
            "主机不应发送（RFC 1122，3.2.2.2）。",
        ),
        meaning=Text(
            "There is a shorter way: send to the router named here, which is on your own link. The datagram"
            " was forwarded all the same.",
            "有更短的路径：请改发给本报文指定的路由器，它就在你的链路上。原数据报仍已转发。",
        ),
        receiver=Text(
            "A host must update its route, but should discard a redirect to a router that is not on its"
            " link, or from one that is not its current first hop (RFC 1122, 3.2.2.2). Linux obeys"
            " net.ipv4.conf.*.accept_redirects.",
            "主机必须更新路由；但若新路由器不在本链路上，或发送者不是当前的第一跳，则应丢弃（RFC 1122，"
            "3.2.2.2）。Linux由net.ipv4.conf.*.accept_redirects控制。",
        ),
        action=Text(
            "On a link with two routers: give the hosts the better route, or switch redirects off. Where"
            " there is one router only, suspect an attack that draws traffic to the named address.",
            "链路上有两台路由器时：为主机配置更好的路由，或关闭重定向。若只有一台路由器，"
            "应怀疑有人企图把流量引向所指的地址。",
        ),
        filtering=Text(
            "Needed on the link itself only. A firewall may block it entirely (RFC 2979, 3.1.1), and hosts"
            " with a static route do without it.",
            "只在本链路上有用。防火墙可以完全拦截（RFC 2979，3.1.1）；使用静态路由的主机也不需要它。",
        ),
        note=Text(
            "Some texts set it apart as a control message; RFC 1122, 3.2.2, and RFC 1812, 4.3.1, count it"
            " among the errors. It takes no extensions (RFC 4884, 4.6).",
            "有的资料将其另列为控制报文；RFC 1122（3.2.2）和RFC 1812（4.3.1）将其列为差错报文。"
            "它不能带扩展（RFC 4884，4.6）。",
        ),
    ),
    codes=(
        Code(
            0,
            Text("Redirect Datagram for the Network (or subnet)", "对网络重定向"),
            About(
                sender=Text("Routers of old.", "旧式路由器。"),
                meaning=Text(
                    "The better router is for the whole network of the quoted destination.",
                    "更好的路由器适用于所引用目的地址所在的整个网络。",
                ),
                receiver=Text(
                    "Must accept it (RFC 1122, 3.2.2.2), and should treat it as a redirect for the host"
                    " (3.3.1.2).",
                    "必须接受（RFC 1122，3.2.2.2），并应按主机重定向处理（3.3.1.2）。",
                ),
                action=Text("Suspicious today: look at the sender.", "如今属可疑报文：应检查发送者。"),
                note=_REDIRECT_FOR_NETWORK,
            ),
            status=Status.OBSOLETE,
        ),
        Code(
            1,
            Text("Redirect Datagram for the Host", "主机重定向"),
            About(
                meaning=Text(
                    "The better router is for the quoted destination address alone.",
                    "更好的路由器只适用于所引用的目的地址。",
                ),
            ),
        ),
        Code(
            2,
            Text("Redirect Datagram for the Type of Service and Network", "对服务类型和网络重定向"),
            About(
                sender=Text("Routers of old.", "旧式路由器。"),
                meaning=Text(
                    "The better router is for the whole network, but only for the quoted type of service.",
                    "更好的路由器适用于整个网络，但仅限于所引用的服务类型。",
                ),
                receiver=Text(
                    "Must accept it (RFC 1122, 3.2.2.2), and should treat it as a redirect for the host"
                    " (3.3.1.2).",
                    "必须接受（RFC 1122，3.2.2.2），并应按主机重定向处理（3.3.1.2）。",
                ),
                action=Text("Suspicious today: look at the sender.", "如今属可疑报文：应检查发送者。"),
                note=_REDIRECT_FOR_NETWORK,
            ),
            status=Status.OBSOLETE,
        ),
        Code(
            3,
            Text("Redirect Datagram for the Type of Service and Host", "对服务类型和主机重定向"),
            About(
                sender=Text(
                    "A first-hop router whose choice depends on the type of service; it may send code 1"
                    " instead (RFC 1812, 5.2.7.2).",
                    "选路时考虑服务类型的第一跳路由器；也可以改发代码1（RFC 1812，5.2.7.2）。",
                ),
                meaning=Text(
                    "The better router is for the quoted destination address and type of service.",
                    "更好的路由器适用于所引用的目的地址和服务类型。",
                ),
            ),
        ),
    ),
)

_TIME_EXCEEDED = MessageType(
    number=11,
    name=Text("Time Exceeded", "ICMP超时"),
    kind=Kind.ERROR,
    shape=errors.TimeExceeded,
    rfc=("RFC 792",),
    effect=Effect.SOFT,
    about=About(
        sender=Text(
            "A router on the path (code 0) or the destination (code 1).",
            "途中的路由器（代码0）或目的主机（代码1）。",
        ),
        meaning=Text(
            "A datagram ran out of hops, or its fragments did not all arrive in time.",
            "数据报的生存时间耗尽，或其分片未能按时到齐。",
        ),
        receiver=Text(
            "Must pass it to the transport (RFC 1122, 3.2.2.4). TCP must not abort the connection"
            " (4.2.3.9); traceroute reads the hop from it.",
            "必须上报传输层（RFC 1122，3.2.2.4）。TCP不得中止连接（4.2.3.9）；traceroute由此得知每一跳。",
        ),
        action=Text(
            "Code 0 without a traceroute running: look for a routing loop. Code 1: look for lost fragments.",
            "代码0：若无人运行traceroute，应检查路由环路。代码1：检查分片丢失。",
        ),
        filtering=Text(
            "Let it pass: traceroute depends on it (RFC 1812, 5.3.1), and a NAT must support it (RFC 5508,"
            " REQ-10).",
            "应放行：traceroute依赖它（RFC 1812，5.3.1），NAT必须支持（RFC 5508，REQ-10）。",
        ),
        note=Text(
            "RFC 792 calls the four octets after the checksum unused. RFC 4884, 4.2, makes the second of"
            " them the length of the quoted datagram in 32-bit words when extension objects follow.",
            "RFC 792把校验和之后的四个八位组称为未使用；RFC 4884（4.2）规定，报文带扩展对象时，"
            "其中第二个八位组是引用数据报的长度，以32位字为单位。",
        ),
    ),
    codes=(
        Code(
            0,
            Text("Time to Live exceeded in Transit", "传输期间生存时间为0"),
            About(
                sender=Text("The router that counted the TTL down to 0.", "将TTL减到0的路由器。"),
                meaning=Text(
                    "The datagram was in a routing loop, or started with too small a TTL, as traceroute"
                    " does on purpose.",
                    "数据报陷入路由环路，或初始TTL太小（traceroute有意为之）。",
                ),
                action=Text(
                    "Trace the route to the quoted destination. If two routers alternate, compare their"
                    " routes for that prefix; often one holds a default route back to the other.",
                    "对所引用的目的地址做traceroute。若有两台路由器交替出现，比对它们到该前缀的路由；"
                    "常见的是其中一台用默认路由指回另一台。",
                ),
                filtering=Text(
                    "Let it pass. A router must send it, unless that is switched off on the interface (RFC"
                    " 1812, 5.2.7.3).",
                    "应放行。除非在接口上关闭，路由器必须发送（RFC 1812，5.2.7.3）。",
                ),
            ),
            errno="EHOSTUNREACH",
            fatal=False,
        ),
        Code(
            1,
            Text("Fragment Reassembly Time Exceeded", "在数据报组装期间生存时间为0"),
            About(
                sender=Text("The destination.", "目的主机。"),
                meaning=Text(
                    "The first fragment came, but not all others before the reassembly timer ran out, after"
                    " 60 to 120 seconds (RFC 1122, 3.3.2).",
                    "收到了首个分片，但其余分片未能在重组计时器到期（60到120秒）之前到齐（RFC 1122，3.3.2）"
                    "。",
                ),
                receiver=Text(
                    "Must pass it to the transport (RFC 1122, 3.2.2.4), for which it is a soft error; Linux"
                    " drops it.",
                    "必须上报传输层（RFC 1122，3.2.2.4），属软差错；Linux将其丢弃。",
                ),
                action=Text(
                    "Look for loss, and for firewalls or load balancers that drop fragments or send them to"
                    " different hosts. Better send datagrams that need no fragments.",
                    "检查丢包，以及防火墙或负载均衡器是否丢弃分片或把分片分给了不同主机。"
                    "最好改发无需分片的数据报。",
                ),
                note=Text(
                    "Some tables say that the TTL reached 0 during reassembly. The cause is the timer of"
                    " the receiving host, not the TTL (RFC 792, page 7; RFC 1122, 3.3.2).",
                    "有的资料说是组装期间生存时间（TTL）减到0，其实原因是接收主机的重组计时器到期（RFC 792，"
                    "第7页；RFC 1122，3.3.2）；通常称“分片重组超时”。",
                ),
            ),
        ),
    ),
)

_PARAMETER_PROBLEM = MessageType(
    number=12,
    name=Text("Parameter Problem", "参数问题"),
    kind=Kind.ERROR,
    shape=errors.ParameterProblem,
    rfc=("RFC 792",),
    errno="EPROTO",
    fatal=True,
    effect=Effect.SOFT,
    about=About(
        sender=Text(
            "Any router or host that dropped a datagram because of its header (RFC 792, page 9).",
            "因首部有问题而丢弃数据报的任何路由器或主机（RFC 792，第9页）。",
        ),
        meaning=Text(
            "A field or option of the quoted IP header is wrong, missing or too long, and no other message"
            " fits better.",
            "所引用IP首部的某个字段或选项有误、缺失或长度不对，且没有更合适的报文可用。",
        ),
        receiver=Text(
            "Must pass it to the transport and may tell the user (RFC 1122, 3.2.2.5). Soft for TCP"
            " (4.2.3.9); on Linux a connected UDP socket gets EPROTO.",
            "必须上报传输层，可以告知用户（RFC 1122，3.2.2.5）。对TCP属软差错（4.2.3.9）；在Linux上，"
            "已连接的UDP套接字得到EPROTO。",
        ),
        action=Text(
            "Look at the octet of the quoted header that the pointer names: a fault in the sender, a device"
            " on the path that rewrites headers, or a filter of IP options.",
            "查看指针所指的引用首部八位组：发送方实现有误、途中设备改写了首部，或有IP选项过滤。",
        ),
        filtering=Text(
            "Let it pass; it is rare. A filter of precedence must not drop it (RFC 1812, 5.3.3.3); a NAT"
            " may support it (RFC 5508, REQ-10).",
            "应放行；此报文少见。优先级过滤器不得丢弃（RFC 1812，5.3.3.3）；NAT可以支持（RFC 5508，REQ-10）"
            "。",
        ),
        note=Text(
            "RFC 792 calls the three octets after the pointer unused. RFC 4884, 4.3, makes the first of"
            " them the length of the quoted datagram in 32-bit words when extension objects follow.",
            "RFC 792把指针之后的三个八位组称为未使用；RFC 4884（4.3）规定，报文带扩展对象时，"
            "其中第一个八位组是引用数据报的长度，以32位字为单位。",
        ),
    ),
    codes=(
        Code(
            0,
            Text("Pointer indicates the error", "坏的IP首部(包括各种差错)"),
            About(
                meaning=Text(
                    "The pointer names the octet at fault: 1 is the TOS, 20 the type of the first option"
                    " (RFC 792, page 9).",
                    "指针指出有误的八位组：1是TOS，20是首个选项的类型（RFC 792，第9页）。",
                ),
                note=Text(
                    "Some tables call it 'IP header bad (catchall error)'; RFC 792 has no such name.",
                    "有的资料称其为“坏的IP首部”这一兜底差错；RFC 792原名是“由指针指出差错”。",
                ),
            ),
        ),
        Code(
            1,
            Text("Missing a Required Option", "缺少必须的选项"),
            About(
                sender=Text(
                    "A node that takes labelled datagrams only (RFC 1108, 2.8.1).",
                    "只接受带安全标记的数据报的节点（RFC 1108，2.8.1）。",
                ),
                meaning=Text(
                    "The datagram lacks an IP option that is required here; the pointer is the option's"
                    " type, 130 for the Basic Security Option.",
                    "数据报缺少此处必需的IP选项；指针给出该选项的类型，基本安全选项为130。",
                ),
                action=Text(
                    "Label the traffic, or lift the requirement on the reporting node. Outside of military"
                    " networks it is out of place.",
                    "为流量加上安全标记，或在报告的节点上取消该要求。出现在军用网络之外则属异常。",
                ),
            ),
            rfc=("RFC 1108", "RFC 1122"),
        ),
        Code(
            2,
            Text("Bad Length", "不支持的长度报文"),
            About(
                meaning=Text(
                    "A length in the quoted header is wrong: that of the header, of the datagram or of an"
                    " option.",
                    "所引用首部中的某个长度有误：首部、数据报或选项的长度。",
                ),
                action=Text(
                    "Compare the lengths in the quoted header; look for a fault in the sender, or damage on"
                    " the path.",
                    "核对所引用首部中的各个长度；检查发送方实现是否有误，或途中是否损坏。",
                ),
                note=Text(
                    "IANA lists the code without any document; RFC 792 does not know it.",
                    "IANA列出该代码但未给出文档，RFC 792中没有；通常称“长度错误”。",
                ),
            ),
        ),
    ),
)

ERRORS: tuple[MessageType, ...] = (
    DESTINATION_UNREACHABLE,
    _SOURCE_QUENCH,
    _REDIRECT,
    _TIME_EXCEEDED,
    _PARAMETER_PROBLEM,
    *LATER_ERRORS,
)
