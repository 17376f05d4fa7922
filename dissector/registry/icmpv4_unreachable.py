"""The row of ICMPv4 Destination Unreachable (type 3, RFC 792, page 4) and its codes.

Codes 6 to 15, which RFC 1122 and RFC 1812 added, are in a file of their own.
"""

from __future__ import annotations

from dissector.messages import errors
from dissector.registry.icmpv4_unreachable_later import LATER_CODES
from dissector.registry.model import About, Code, Effect, Kind, MessageType, Text

_FIRST_CODES: tuple[Code, ...] = (
    Code(
        0,
        Text("Net Unreachable", "网络不可达"),
        About(
            sender=Text(
                "A router that has no route to the destination, not even a default one (RFC 1812, 4.3.3.1).",
                "没有到目的地的任何路由、连默认路由也没有的路由器（RFC 1812，4.3.3.1）。",
            ),
            meaning=Text(
                "Its routing table has no entry that matches the destination.",
                "路由表中没有与目的地址匹配的表项。",
            ),
            receiver=Text(
                "Takes it for a hint, not for proof: routes may be in transition (RFC 1122, 3.2.2.1). TCP"
                " must not abort the connection (4.2.3.9).",
                "只能当作提示，不能当作证据：路由可能正在收敛（RFC 1122，3.2.2.1）。"
                "TCP不得中止连接（4.2.3.9）。",
            ),
            action=Text(
                "Look the destination up on the reporting router: prefix withdrawn, routing session down,"
                " default route lost, or the wrong VRF.",
                "在报告的路由器上查询该目的地址：前缀是否被撤销，路由会话是否中断，默认路由是否丢失，"
                "VRF是否选错。",
            ),
        ),
        errno="ENETUNREACH",
        fatal=False,
        effect=Effect.SOFT,
    ),
    Code(
        1,
        Text("Host Unreachable", "主机不可达"),
        About(
            sender=Text(
                "The last router before the destination; the sending host itself, if the destination is on"
                " its own link.",
                "到目的地之前的最后一台路由器；目的地就在本链路上时，由发送方主机自己产生。",
            ),
            meaning=Text(
                "The network is there, but the host does not answer ARP, or the link to it failed (RFC"
                " 1812, 5.2.7.1).",
                "网络可达，但主机不应答ARP，或通往它的链路有故障（RFC 1812，5.2.7.1）。",
            ),
            receiver=Text(
                "Takes it for a hint, not for proof (RFC 1122, 3.2.2.1). TCP must not abort the connection"
                " (4.2.3.9).",
                "只能当作提示，不能当作证据（RFC 1122，3.2.2.1）。TCP不得中止连接（4.2.3.9）。",
            ),
            action=Text(
                "Is the host up and in that VLAN? Look at the ARP table of the reporting router and at the"
                " subnet mask; on a Linux router also for a route of type unreachable.",
                "主机是否在线、VLAN是否正确？检查报告路由器的ARP表和子网掩码；"
                "Linux路由器还应检查是否有unreachable类型的路由。",
            ),
        ),
        errno="EHOSTUNREACH",
        fatal=False,
        effect=Effect.SOFT,
    ),
    Code(
        2,
        Text("Protocol Unreachable", "协议不可达"),
        About(
            sender=Text("The destination host.", "目的主机。"),
            meaning=Text(
                "The host is up, but does not support the transport protocol that the quoted header names.",
                "主机在线，但不支持所引用首部中指明的传输协议。",
            ),
            receiver=Text(
                "RFC 1122, 4.2.3.9, has TCP abort. Most stacks do so only while a connection is being set"
                " up: later this message makes no sense and may be forged (RFC 5927, 5.2).",
                "RFC 1122（4.2.3.9）要求TCP中止连接。多数协议栈只在建立连接时这样做："
                "连接建立后出现本报文不合情理，可能是伪造的（RFC 5927，5.2）。",
            ),
            action=Text(
                "Load or enable the protocol (GRE, SCTP, IPsec …) on the destination, or correct the"
                " protocol number. Many protocols in a row: someone scans.",
                "在目的主机上加载或启用该协议（GRE、SCTP、IPsec等），或改正协议号。若多种协议接连出现，"
                "说明有人在扫描。",
            ),
        ),
        errno="ENOPROTOOPT",
        fatal=True,
        effect=Effect.HARD,
    ),
    Code(
        3,
        Text("Port Unreachable", "端口不可达"),
        About(
            sender=Text(
                "The destination host, or a firewall that rejects in its name.",
                "目的主机，或冒用其名义拒绝流量的防火墙。",
            ),
            meaning=Text(
                "No one listens on that port, and the transport (UDP) has no way of its own to say so. The"
                " normal end of a UDP traceroute.",
                "该端口无人监听，而传输协议（如UDP）自身无法告知对方。UDP方式的traceroute以此正常结束。",
            ),
            receiver=Text(
                "A connected UDP socket gets ECONNREFUSED. TCP, which says this with RST, must accept it"
                " for the same purpose (RFC 1122, 3.2.2.1); most stacks do not abort an established"
                " connection for it.",
                "已连接的UDP套接字得到ECONNREFUSED。TCP用RST表示这种情况，但也必须接受本报文（RFC 1122，"
                "3.2.2.1）；多数协议栈不会因此中止已建立的连接。",
            ),
            action=Text(
                "Start the service or correct the port; check the address that it listens on. If the"
                " service runs, suspect a REJECT rule: this is the default answer of iptables.",
                "启动服务或改正端口，并检查服务监听的地址。若服务正常运行，应怀疑REJECT规则："
                "这是iptables的默认应答。",
            ),
            note=Text(
                "RFC 1122 contradicts itself: 4.2.3.9 says that TCP should abort, 3.2.2.1 that it must (RFC"
                " 5927, 5.1).",
                "RFC 1122前后不一：4.2.3.9说TCP应当（SHOULD）中止连接，3.2.2.1说必须（MUST）（RFC 5927，"
                "5.1）。",
            ),
        ),
        errno="ECONNREFUSED",
        fatal=True,
        effect=Effect.HARD,
    ),
    Code(
        4,
        Text("Fragmentation Needed and Don't Fragment was Set", "要求分段并设置DF flag标志报文"),
        About(
            sender=Text(
                "A router whose next link is too narrow for the datagram.",
                "下一跳链路MTU小于数据报长度的路由器。",
            ),
            meaning=Text(
                "The datagram would have to be fragmented, but its Don't Fragment bit is set, so it was"
                " dropped. Octets 7 and 8 give the next link's MTU; 0 comes from a router older than RFC"
                " 1191.",
                "数据报需要分片才能转发，但其DF位已置1，因此被丢弃。第7、8个八位组给出下一跳链路的MTU；"
                "0表示路由器早于RFC 1191。",
            ),
            receiver=Text(
                "Must lower its path MTU to that value, never below 68 and never raise it (RFC 1191, 3)."
                " Where the MTU is 0, it takes the next plateau below the quoted total length (5 and 7).",
                "必须把路径MTU降到该值，但不得低于68，也绝不能据此调大（RFC 1191，3）。若MTU为0，"
                "则取小于所引用总长度的下一个台阶值（5和7）。",
            ),
            action=Text(
                "One or two per path are healthy. If they repeat for one flow, something drops them before"
                " the sender: look for filters and load balancers, or clamp the TCP MSS to the MTU given"
                " here minus 40.",
                "每条路径出现一两个属正常。若同一条流反复出现，说明它们到不了发送方："
                "检查过滤规则和负载均衡器，或把TCP MSS钳制为此MTU减40。",
            ),
            filtering=Text(
                "Must not be blocked on its way back to hosts that may send DF datagrams (RFC 2979, 3.1.1):"
                " connections would open and then hang.",
                "只要允许主机发出带DF位的数据报，就不得拦截返回的本报文（RFC 2979，3.1.1），"
                "否则连接能建立却会卡死。",
            ),
            note=Text(
                "RFC 1122, 4.2.3.9, counts it among the hard errors; since path MTU discovery it is a soft"
                " one (RFC 5927, 5.2). Some tables say 'no fragment bit set': what is set is Don't Fragment.",
                "RFC 1122（4.2.3.9）将其列为硬差错；有了路径MTU发现之后它属于软差错（RFC 5927，5.2）。"
                "有的资料写作“no frag. bit set”，指的是DF位已置1。",
            ),
        ),
        rfc=("RFC 792", "RFC 1191"),
        errno="EMSGSIZE",
        fatal=False,
        effect=Effect.SOFT,
        shape=errors.FragmentationNeeded,
    ),
    Code(
        5,
        Text("Source Route Failed", "源路由失败报文"),
        About(
            sender=Text(
                "A router, or a host named in the route, that cannot reach the next hop of the source route"
                " option.",
                "无法到达源路由选项中下一跳的路由器，或该路由所列的主机。",
            ),
            meaning=Text(
                "The path that the sender wrote into the datagram is broken here, or refused by policy.",
                "发送方写入数据报的路径在此处中断，或被策略拒绝。",
            ),
            receiver=Text(
                "Takes it for a hint, not for proof (RFC 1122, 3.2.2.1, which calls it Bad Source Route)."
                " TCP must not abort the connection (4.2.3.9).",
                "只能当作提示，不能当作证据（RFC 1122，3.2.2.1，该处称为Bad Source Route）。"
                "TCP不得中止连接（4.2.3.9）。",
            ),
            action=Text(
                "Send without a source route: most networks refuse the option. If you did not ask for one,"
                " find out who did.",
                "不要使用源路由：多数网络拒绝该选项。若并非有意使用，应查明由谁发出。",
            ),
        ),
        errno="EOPNOTSUPP",
        fatal=False,
        effect=Effect.SOFT,
    ),
)

DESTINATION_UNREACHABLE = MessageType(
    number=3,
    name=Text("Destination Unreachable", "目的不可达"),
    kind=Kind.ERROR,
    shape=errors.DestinationUnreachable,
    rfc=("RFC 792",),
    about=About(
        sender=Text(
            "A router that cannot forward the datagram, or the destination host itself (codes 2 and 3; RFC"
            " 792, page 5).",
            "无法转发该数据报的路由器，或目的主机自身（代码2和3；RFC 792，第5页）。",
        ),
        meaning=Text(
            "A datagram could not be delivered. The code says why; the quoted header and octets say which"
            " flow.",
            "数据报无法送达。代码说明原因，所引用的原始首部和数据说明是哪条流。",
        ),
        receiver=Text(
            "Must report it to the transport that sent the quoted datagram (RFC 1122, 3.2.2.1). On Linux a"
            " TCP connect() fails with the errno, an established connection only remembers it, and a"
            " connected UDP socket sees it if the kernel holds it for fatal; IP_RECVERR shows all.",
            "必须上报给发出原始数据报的传输层（RFC 1122，3.2.2.1）。在Linux上，建立中的TCP连接（connect）"
            "立即以该errno失败，已建立的连接只把错误记下，已连接的UDP套接字只得到内核视为致命的错误；"
            "设置IP_RECVERR可得到全部。",
        ),
        action=Text(
            "Look at the node that sent this message: its routes for codes 0, 6, 11 and 12, its ARP table"
            " for 1, the listening service for 3, the next link's MTU for 4, its filters for 9, 10 and 13.",
            "到发出该报文的节点上查：代码0、6、11和12查路由，代码1查ARP表，代码3查服务是否在监听，"
            "代码4查下一跳MTU，代码9、10和13查过滤规则。",
        ),
        filtering=Text(
            "Let it pass: without it hosts wait for timeouts, and without code 4 connections hang (RFC"
            " 2979, 3.1.1). A NAT must support it (RFC 5508, REQ-10). Routers should limit the rate (RFC"
            " 1812, 4.3.2.8).",
            "应放行：否则主机只能等待超时，缺少代码4时连接会卡死（RFC 2979，3.1.1）。NAT必须支持（RFC 5508，"
            "REQ-10）。路由器应限速（RFC 1812，4.3.2.8）。",
        ),
        note=Text(
            "RFC 792 calls the four octets after the checksum unused. RFC 4884, 4.1, makes the second of"
            " them the length of the quoted datagram in 32-bit words when extension objects follow.",
            "RFC 792把校验和之后的四个八位组称为未使用；RFC 4884（4.1）规定，报文带扩展对象时，"
            "其中第二个八位组是引用数据报的长度，以32位字为单位。",
        ),
    ),
    codes=(*_FIRST_CODES, *LATER_CODES),
)
