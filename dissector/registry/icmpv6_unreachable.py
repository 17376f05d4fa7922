"""The row of ICMPv6 Destination Unreachable (type 1, RFC 4443, 3.1) and its codes."""

from __future__ import annotations

from dissector.messages import errors6
from dissector.registry.model import About, Code, Effect, Kind, MessageType, Text

DESTINATION_UNREACHABLE = MessageType(
    number=1,
    name=Text("Destination Unreachable", "目的不可达"),
    kind=Kind.ERROR,
    shape=errors6.DestinationUnreachable6,
    rfc=("RFC 4443",),
    about=About(
        sender=Text(
            "A router that cannot forward the packet, the destination itself (code 4), or the IPv6 layer of"
            " the host that tried to send it.",
            "无法转发该数据包的路由器、目的主机自身（代码4），或发送方主机自己的IPv6层。",
        ),
        meaning=Text(
            "A packet could not be delivered, for a reason other than congestion. The code says why; the"
            " quoted packet says which flow.",
            "数据包因拥塞以外的原因无法送达。代码说明原因，所引用的原始数据包说明是哪条流。",
        ),
        receiver=Text(
            "Passes it to the transport that sent the quoted packet (RFC 4443, 3.1). On Linux a TCP connect()"
            " fails with the errno; an established connection only remembers it, unless IPV6_RECVERR is set.",
            "上报给发出原始数据包的传输层（RFC 4443，3.1）。在Linux上，建立中的TCP连接（connect）"
            "立即以该errno失败；已建立的连接只把错误记下，除非设置了IPV6_RECVERR。",
        ),
        action=Text(
            "Look at the node that sent this message: its routes for codes 0 and 6, its filters for 1 and 5,"
            " its neighbour cache for 3, the listening service for 4.",
            "到发出该报文的节点上查：代码0和6查路由，代码1和5查过滤规则，代码3查邻居缓存，"
            "代码4查服务是否在监听。",
        ),
        filtering=Text(
            "Must not be dropped, any code, in transit or addressed to the firewall itself (RFC 4890, 4.3.1"
            " and 4.4.1). Sending may be disabled per interface (RFC 4443, 3.1), but hosts then wait for"
            " timeouts.",
            "无论过境还是发往防火墙自身，所有代码都不得丢弃（RFC 4890，4.3.1和4.4.1）。可以按接口关闭发送"
            "（RFC 4443，3.1），但主机将只能等待超时。",
        ),
        note=Text(
            "RFC 4443 calls the four octets after the checksum unused. RFC 4884, 4.4, makes the first of"
            " them the length of the quoted packet in 64-bit words when extension objects follow.",
            "RFC 4443把校验和之后的四个八位组称为未使用；RFC 4884（4.4）规定，报文带扩展对象时，"
            "其中第一个八位组是引用数据包的长度，以64位字为单位。",
        ),
    ),
    codes=(
        Code(
            0,
            Text("no route to destination", "没有到目的地的路由"),
            About(
                sender=Text("A router that has no default route.", "没有默认路由的路由器。"),
                meaning=Text(
                    "Its forwarding table has no entry that matches the destination.",
                    "转发表中没有与目的地址匹配的表项。",
                ),
                action=Text(
                    "Look the destination up on the reporting router: prefix withdrawn, routing session"
                    " down, default route lost, or the wrong VRF.",
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
            Text("communication with destination administratively prohibited", "与目的地的通信被管理性禁止"),
            About(
                sender=Text(
                    "A firewall, or a router or host with a filter.",
                    "防火墙，或配置了过滤规则的路由器或主机。",
                ),
                meaning=Text(
                    "A rule refuses this traffic; the network itself may be well.",
                    "流量被规则拒绝；网络本身可能一切正常。",
                ),
                receiver=Text(
                    "TCP may take it for a hard error (RFC 5927, 5.1), but most stacks do not abort a"
                    " connection that is already synchronized (5.2). Linux gives EACCES to connected UDP"
                    " sockets.",
                    "TCP可将其视为硬错误（RFC 5927，5.1），但多数协议栈不会因此中止已同步的连接（5.2）。"
                    "Linux向已连接的UDP套接字返回EACCES。",
                ),
                action=Text(
                    "Search the rules and the deny log of the node that sent the message, not of the"
                    " destination, for the addresses and ports quoted in it.",
                    "按报文所引用的地址和端口，查发出该报文的节点（而不是目的主机）的规则和拒绝日志。",
                ),
            ),
            errno="EACCES",
            fatal=True,
            effect=Effect.HARD,
        ),
        Code(
            2,
            Text("beyond scope of source address", "超出源地址的作用域"),
            About(
                sender=Text("A router at the edge of a scope zone.", "作用域边界上的路由器。"),
                meaning=Text(
                    "The packet would have to leave the scope of its source address: a link-local source"
                    " sent to a global destination, for instance.",
                    "数据包必须越出其源地址的作用域才能送达，例如源地址是链路本地地址，"
                    "目的地址却是全局地址。",
                ),
                action=Text(
                    "Find out why the host chose that source: usually it has no global address (no router"
                    " advertisement, DHCPv6 failed), or the application bound itself to fe80::.",
                    "查明主机为何选用该源地址：通常是没有获得全局地址（收不到路由器通告，或DHCPv6失败），"
                    "或应用程序绑定了fe80::地址。",
                ),
                note=Text(
                    "RFC 1885 used code 2 for 'not a neighbour' and RFC 2463 left it unassigned; Linux still"
                    " calls it ICMPV6_NOT_NEIGHBOUR. RFC 4443, 6.2, stands.",
                    "RFC 1885曾用代码2表示“不是邻居”，RFC 2463未分配该代码；"
                    "Linux至今仍称其为ICMPV6_NOT_NEIGHBOUR。以RFC 4443（6.2）为准。",
                ),
            ),
            errno="EHOSTUNREACH",
            fatal=False,
        ),
        Code(
            3,
            Text("address unreachable", "地址不可达"),
            About(
                sender=Text(
                    "Usually the last router before the destination; the sending host itself, if the"
                    " destination is on its own link.",
                    "通常是到目的地之前的最后一台路由器；目的地就在本链路上时，由发送方主机自己产生。",
                ),
                meaning=Text(
                    "The catch-all: the link-layer address could not be resolved, the link failed, or the"
                    " packet came in over the very point-to-point link whose subnet holds the address.",
                    "兜底代码：链路层地址解析失败，链路有故障，或者数据包正是从该地址所属子网的点到点链路上"
                    "收到的。",
                ),
                action=Text(
                    "Is the host up and in that VLAN? Look at the neighbour cache of the reporting router,"
                    " at the prefix length, and whether a switch (MLD snooping, RA or ND guard) swallows"
                    " types 135 and 136.",
                    "主机是否在线、VLAN是否正确？检查报告路由器的邻居缓存和前缀长度，以及交换机（MLD侦听、"
                    "RA/ND防护）是否吞掉了类型135和136的报文。",
                ),
            ),
            errno="EHOSTUNREACH",
            fatal=False,
            effect=Effect.SOFT,
        ),
        Code(
            4,
            Text("port unreachable", "端口不可达"),
            About(
                sender=Text(
                    "The destination host, or a firewall that rejects in its name.",
                    "目的主机，或冒用其名义拒绝流量的防火墙。",
                ),
                meaning=Text(
                    "No one listens on that port, and the transport (UDP) has no way of its own to say so."
                    " The normal end of a UDP traceroute.",
                    "该端口无人监听，而传输协议（如UDP）自身无法告知对方。UDP方式的traceroute以此正常结束。",
                ),
                receiver=Text(
                    "A connected UDP socket gets ECONNREFUSED. TCP, which says this with RST, would take it"
                    " for a hard error (RFC 5927, 5.1).",
                    "已连接的UDP套接字得到ECONNREFUSED。TCP用RST表示这种情况，若收到本报文，"
                    "会视为硬错误（RFC 5927，5.1）。",
                ),
                action=Text(
                    "Start the service or correct the port; check that it listens on IPv6 and not on IPv4"
                    " alone. If the service runs, suspect a REJECT rule: this is the default answer of"
                    " ip6tables.",
                    "启动服务或改正端口，并确认服务监听的是IPv6，而不只是IPv4。若服务正常运行，"
                    "应怀疑REJECT规则：这是ip6tables的默认应答。",
                ),
            ),
            errno="ECONNREFUSED",
            fatal=True,
            effect=Effect.HARD,
        ),
        Code(
            5,
            Text("source address failed ingress/egress policy", "源地址不符合入口/出口策略"),
            About(
                sender=Text("A router that filters by source address.", "按源地址过滤（如uRPF）的路由器。"),
                meaning=Text(
                    "This source address is not allowed here, whatever the destination. A more precise form"
                    " of code 1.",
                    "不论发往何处，该源地址都不允许从此处通过。它是代码1的细化。",
                ),
                action=Text(
                    "Compare the quoted source with the prefixes allowed on that interface. Typical: a"
                    " multihomed site sends one provider's addresses out of the other's link, or uRPF meets"
                    " an asymmetric route.",
                    "将所引用的源地址与该接口允许的前缀比对。常见原因：多宿主站点把甲运营商的地址从乙运营商"
                    "的链路发出，或uRPF遇到非对称路由。",
                ),
            ),
            errno="EACCES",
            fatal=True,
        ),
        Code(
            6,
            Text("reject route to destination", "到目的地的路由被拒绝"),
            About(
                sender=Text(
                    "A router whose best match is a reject route.", "最佳匹配为拒绝路由（reject）的路由器。"
                ),
                meaning=Text(
                    "The router is configured to refuse all traffic for the prefix. A more precise form of"
                    " code 1.",
                    "路由器被配置为拒绝发往该前缀的所有流量。它是代码1的细化。",
                ),
                action=Text(
                    "Find the reject route on the reporting router. If it belongs to an aggregate, the more"
                    " specific route beneath it is gone: look for that one.",
                    "在报告的路由器上找到这条拒绝路由。若它属于聚合路由，说明其下更具体的路由已经消失，"
                    "应追查那条路由。",
                ),
            ),
            errno="EACCES",
            fatal=True,
        ),
        Code(
            7,
            Text("Error in Source Routing Header", "源路由首部错误"),
            About(
                sender=Text(
                    "A router in a RPL network that cannot reach the next hop of a source route.",
                    "RPL网络中无法到达源路由下一跳的路由器。",
                ),
                meaning=Text(
                    "The strict source route that the DODAG root put into the packet is broken at this node;"
                    " the quoted destination is the hop that failed (RFC 6550, 11.2.2.3).",
                    "DODAG根节点写入数据包的严格源路由在本节点处中断；所引用的目的地址就是不可达的那一跳"
                    "（RFC 6550，11.2.2.3）。",
                ),
                receiver=Text(
                    "It goes to the root, which learns that its downward route is stale.",
                    "报文发往根节点，根节点由此得知其下行路由已失效。",
                ),
                action=Text(
                    "Within a RPL network: check radio link and parent of the failed hop; the next DAO"
                    " repairs the route. Anywhere else it is out of place.",
                    "在RPL网络内：检查失效一跳的无线链路及其父节点，下一个DAO会修复路由。"
                    "出现在其他网络中则属异常。",
                ),
            ),
            rfc=("RFC 6550", "RFC 6554"),
            errno="EPROTO",
            fatal=True,
        ),
        Code(
            8,
            Text("Headers too long", "首部过长"),
            About(
                sender=Text(
                    "Any node, on the path or at its end, with a limited parsing buffer.",
                    "路径上或终点处解析缓冲区有限的任何节点。",
                ),
                meaning=Text(
                    "All headers together, encapsulations included, are longer than the node can process."
                    " The Pointer object (class 4) names the first octet beyond its limit (RFC 8883, 3).",
                    "所有首部（含封装首部）的总长超出节点的处理能力。Pointer扩展对象（类4）"
                    "指出超限的第一个八位组（RFC 8883，3）。",
                ),
                receiver=Text(
                    "Should check it against what was sent, log it, and may send fewer headers to that"
                    " destination (RFC 8883, 4.2).",
                    "应与实际发出的数据包核对并记录日志，此后可减少发往该目的地的首部（RFC 8883，4.2）。",
                ),
                action=Text(
                    "Shorten the header chain: fewer segments in a routing header, less telemetry, one"
                    " encapsulation less; or raise the parsing limit of the reporting node.",
                    "缩短首部链：减少路由首部中的段、减少带内遥测、去掉一层封装；或提高报告节点的解析上限。",
                ),
            ),
            rfc=("RFC 8883",),
            errno="EPROTO",
            fatal=True,
        ),
        Code(
            9,
            Text("Error in P-Route", "投影路由(P-Route)错误"),
            About(
                sender=Text(
                    "A router in a RPL network that cannot forward along a projected route.",
                    "RPL网络中无法沿投影路由转发的路由器。",
                ),
                meaning=Text(
                    "A route that the RPL root or a controller installed (a P-Route) is broken at this node.",
                    "由RPL根节点或控制器下发的路由（P-Route）在本节点处中断。",
                ),
                receiver=Text(
                    "It is meant for the root, which computes the projected route anew.",
                    "报文供根节点使用，由根节点重新计算投影路由。",
                ),
                action=Text(
                    "Within a RPL network: check the link behind the reporting node, and whether the root"
                    " installs a new route. Anywhere else it is out of place.",
                    "在RPL网络内：检查报告节点之后的链路，以及根节点是否下发了新路由。"
                    "出现在其他网络中则属异常。",
                ),
            ),
            rfc=("RFC 9914",),
            errno="EPROTO",
            fatal=True,
        ),
    ),
)
