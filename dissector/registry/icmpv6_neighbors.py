"""The rows of ICMPv6 neighbour and router discovery: types 133 to 137, 141, 142, 148 and 149.

With the rows of :mod:`~dissector.registry.icmpv6_multicast` these are the messages that never leave their
link.
"""

from __future__ import annotations

from dissector.messages import neighbor_discovery
from dissector.registry import icmpv6_multicast
from dissector.registry.model import About, Code, Kind, MessageType, Text

_ON_LINK = Text(
    "Nothing to do for transit: with a hop limit other than 255 it is discarded (RFC 4890, 4.3.3). On the"
    " firewall's own interfaces, and through a bridging firewall, it must not be dropped (4.4.1).",
    "过境流量无需处理：跳数限制不是255的一律被丢弃（RFC 4890，4.3.3）。对防火墙自身接口以及网桥式防火墙，"
    "不得丢弃（4.4.1）。",
)

TYPES: tuple[MessageType, ...] = (
    *icmpv6_multicast.LISTENERS,
    MessageType(
        number=133,
        name=Text("Router Solicitation", "路由器请求"),
        kind=Kind.INFORMATIONAL,
        shape=neighbor_discovery.RouterSolicitation6,
        rfc=("RFC 4861",),
        answered_by=134,
        about=About(
            sender=Text(
                "A host whose interface has just come up, to all routers (ff02::2).",
                "接口刚启用的主机，发往所有路由器（ff02::2）。",
            ),
            meaning=Text(
                "Asks the routers of the link to advertise themselves now, not at their next interval.",
                "请求本链路上的路由器立即通告，而不必等到下一个通告周期。",
            ),
            receiver=Text(
                "A router answers with an advertisement (134) within half a second; hosts discard it. Valid"
                " with hop limit 255 and code 0 only (RFC 4861, 6.1.1 and 6.2.6).",
                "路由器在半秒内以路由器通告（134）应答；主机将其丢弃。仅当跳数限制为255且代码为0时有效"
                "（RFC 4861，6.1.1和6.2.6）。",
            ),
            action=Text(
                "No answer: does a router on this VLAN send advertisements, and does the switch let type 134"
                " through? A host stops after three requests, four seconds apart.",
                "没有应答时检查：该VLAN上是否有路由器发送通告，交换机是否放行类型134。主机每隔4秒请求一次，"
                "三次后停止。",
            ),
            filtering=_ON_LINK,
        ),
        codes=(Code(0, Text("Router Solicitation (no code)", "路由器请求")),),
    ),
    MessageType(
        number=134,
        name=Text("Router Advertisement", "路由器通告"),
        kind=Kind.INFORMATIONAL,
        shape=neighbor_discovery.RouterAdvertisement6,
        rfc=("RFC 4861",),
        answered_by=133,
        about=About(
            sender=Text(
                "A router, from its link-local address: at intervals to all nodes (ff02::1), and when"
                " solicited.",
                "路由器，以其链路本地地址为源：周期性发往所有节点（ff02::1），收到请求时也发送。",
            ),
            meaning=Text(
                "Here is a router: whether and how long to use it by default, the prefixes, MTU and DNS"
                " servers of the link, and whether to ask DHCPv6 (M and O flags).",
                "宣告路由器的存在：能否及多久可用作默认路由器，本链路的前缀、MTU和DNS服务器，"
                "以及是否使用DHCPv6（M和O标志）。",
            ),
            receiver=Text(
                "A host sets default route, addresses and parameters from it. Valid with a link-local"
                " source, hop limit 255 and code 0 only (RFC 4861, 6.1.2).",
                "主机据此设置默认路由、地址和参数。仅当源为链路本地地址、跳数限制为255且代码为0时有效"
                "（RFC 4861，6.1.2）。",
            ),
            action=Text(
                "Hosts lose IPv6: check router lifetime (0 = not a default router) and prefix lifetimes. An"
                " unknown source is a rogue router: find its switch port and turn on RA guard (RFC 6105).",
                "主机失去IPv6连接时，检查路由器生存时间（0表示不作默认路由器）和前缀生存时间。"
                "来源陌生则是非法路由器：找出其交换机端口并启用RA防护（RFC 6105）。",
            ),
            filtering=_ON_LINK,
        ),
        codes=(Code(0, Text("Router Advertisement (no code)", "路由器通告")),),
    ),
    MessageType(
        number=135,
        name=Text("Neighbor Solicitation", "邻居请求"),
        kind=Kind.INFORMATIONAL,
        shape=neighbor_discovery.NeighborSolicitation,
        rfc=("RFC 4861",),
        answered_by=136,
        about=About(
            sender=Text(
                "Any node that needs a neighbour's link-layer address, checks that the neighbour still"
                " answers, or wants to use a new address (source ::, duplicate address detection).",
                "需要邻居链路层地址、确认邻居是否仍可达，或准备启用新地址（源地址为::，即重复地址检测）"
                "的任何节点。",
            ),
            meaning=Text(
                "Who has the target address? It does the work of ARP.", "谁拥有目标地址？作用相当于ARP。"
            ),
            receiver=Text(
                "The owner of the target answers with type 136. Valid with hop limit 255, code 0, at least"
                " 24 octets and a unicast target (RFC 4861, 7.1.1).",
                "目标地址的拥有者以类型136应答。有效条件：跳数限制255、代码0、至少24个八位组、"
                "目标不是组播地址（RFC 4861，7.1.1）。",
            ),
            action=Text(
                "No answer: host down, wrong VLAN or prefix, or a switch that does not deliver the"
                " solicited-node multicast group. A flood of them toward unused addresses is a scan that"
                " fills the neighbour cache.",
                "没有应答：主机离线，VLAN或前缀有误，或交换机没有转发被请求节点组播组。"
                "对未用地址的大量请求，是会塞满邻居缓存的扫描。",
            ),
            filtering=_ON_LINK,
        ),
        codes=(Code(0, Text("Neighbor Solicitation (no code)", "邻居请求")),),
    ),
    MessageType(
        number=136,
        name=Text("Neighbor Advertisement", "邻居通告"),
        kind=Kind.INFORMATIONAL,
        shape=neighbor_discovery.NeighborAdvertisement,
        rfc=("RFC 4861",),
        answered_by=135,
        about=About(
            sender=Text(
                "The node that owns the target address; unsolicited, one whose link-layer address changed.",
                "拥有目标地址的节点；链路层地址发生变化的节点会主动发送。",
            ),
            meaning=Text(
                "The target address is mine, at this link-layer address. Flags: R = I am a router, S = you"
                " asked, O = replace what you have cached.",
                "目标地址归我所有，链路层地址如此。标志：R表示本节点是路由器，S表示应邀应答，"
                "O表示覆盖已有缓存。",
            ),
            receiver=Text(
                "Updates its neighbour cache; during duplicate address detection it must not use the"
                " address. Valid with hop limit 255, code 0, and S clear if sent to a multicast address (RFC"
                " 4861, 7.1.2).",
                "更新邻居缓存；若正在做重复地址检测，则不得使用该地址。有效条件：跳数限制255、代码0，"
                "发往组播地址时S必须为0（RFC 4861，7.1.2）。",
            ),
            action=Text(
                "Two link-layer addresses for one target mean a duplicate address, a failover (VRRP), or"
                " spoofing: compare with the switch's table.",
                "同一目标出现两个链路层地址，意味着地址冲突、主备切换（VRRP）或欺骗：与交换机的MAC表核对。",
            ),
            filtering=_ON_LINK,
        ),
        codes=(Code(0, Text("Neighbor Advertisement (no code)", "邻居通告")),),
    ),
    MessageType(
        number=137,
        name=Text("Redirect Message", "重定向报文"),
        kind=Kind.INFORMATIONAL,
        shape=neighbor_discovery.Redirect6,
        rfc=("RFC 4861",),
        about=About(
            sender=Text(
                "The router that a host uses as first hop, from its link-local address.",
                "主机当前所用的第一跳路由器，以其链路本地地址为源。",
            ),
            meaning=Text(
                "For this destination there is a better first hop on your link; if target and destination"
                " are equal, the destination is itself on the link.",
                "到该目的地，本链路上有更好的第一跳；若目标与目的地址相同，则目的地就在本链路上。",
            ),
            receiver=Text(
                "A host should change its route to that destination; a router must not. Valid only from the"
                " current first hop, with hop limit 255 and code 0 (RFC 4861, 8.1 to 8.3).",
                "主机应更改到该目的地的路由，路由器不得更改。仅当来自当前第一跳、跳数限制为255且代码为0时有效"
                "（RFC 4861，8.1至8.3）。",
            ),
            action=Text(
                "Many of them: the hosts' default router or prefix is not the best one; correct that. From"
                " an address that is no router: someone diverts traffic.",
                "大量出现时，说明主机的默认路由器或前缀配置不佳，应予纠正。若来自非路由器的地址，"
                "则有人在劫持流量。",
            ),
            filtering=Text(
                "Nothing to do for transit (RFC 4890, 4.3.3). Whether nodes accept it is a decision to take"
                " case by case (4.4.4); without need, ignore it.",
                "过境流量无需处理（RFC 4890，4.3.3）。节点是否接受应逐一决定（4.4.4）；若无需要，宜忽略。",
            ),
            note=Text(
                "Informational by its number, though it reports on a packet and quotes it; no error may be"
                " sent about it (RFC 4443, 2.4 e.2).",
                "按编号属于信息报文，但它报告并引用了一个数据包；不得针对它发送差错报文（RFC 4443，2.4"
                " e.2）。",
            ),
        ),
        codes=(Code(0, Text("Redirect Message (no code)", "重定向报文")),),
    ),
    MessageType(
        number=141,
        name=Text("Inverse Neighbor Discovery Solicitation Message", "反向邻居发现请求"),
        kind=Kind.INFORMATIONAL,
        shape=neighbor_discovery.InverseNeighborSolicitation,
        rfc=("RFC 3122",),
        answered_by=142,
        about=About(
            sender=Text(
                "A node on a link such as Frame Relay that knows a peer's link-layer address but not its"
                " IPv6 address.",
                "知道对端链路层地址而不知其IPv6地址的节点，如帧中继链路上的节点。",
            ),
            meaning=Text(
                "Which IPv6 addresses belong to this link-layer address?", "这个链路层地址对应哪些IPv6地址？"
            ),
            receiver=Text(
                "The peer answers with type 142. Valid with hop limit 255 and code 0 only (RFC 3122, 4.3.1).",
                "对端以类型142应答。仅当跳数限制为255且代码为0时有效（RFC 3122，4.3.1）。",
            ),
            action=Text(
                "On Ethernet it is out of place: find the sender.", "在以太网上不应出现：应查明发送者。"
            ),
            filtering=_ON_LINK,
        ),
        codes=(
            Code(0, Text("Inverse Neighbor Discovery Solicitation Message (no code)", "反向邻居发现请求")),
        ),
    ),
    MessageType(
        number=142,
        name=Text("Inverse Neighbor Discovery Advertisement Message", "反向邻居发现通告"),
        kind=Kind.INFORMATIONAL,
        shape=neighbor_discovery.InverseNeighborAdvertisement,
        rfc=("RFC 3122",),
        answered_by=141,
        about=About(
            sender=Text("The node that was asked with type 141.", "收到类型141请求的节点。"),
            meaning=Text("These IPv6 addresses are mine on this interface.", "列出本接口上的IPv6地址。"),
            receiver=Text(
                "Enters the addresses into its neighbour cache. Valid with hop limit 255 and code 0 only"
                " (RFC 3122, 4.3.2).",
                "将这些地址写入邻居缓存。仅当跳数限制为255且代码为0时有效（RFC 3122，4.3.2）。",
            ),
            action=Text(
                "On Ethernet it is out of place: find the sender.", "在以太网上不应出现：应查明发送者。"
            ),
            filtering=_ON_LINK,
        ),
        codes=(
            Code(0, Text("Inverse Neighbor Discovery Advertisement Message (no code)", "反向邻居发现通告")),
        ),
    ),
    icmpv6_multicast.REPORT_VERSION_2,
    MessageType(
        number=148,
        name=Text("Certification Path Solicitation Message", "证书路径请求"),
        kind=Kind.INFORMATIONAL,
        shape=neighbor_discovery.CertificationPathSolicitation,
        rfc=("RFC 3971",),
        answered_by=149,
        about=About(
            sender=Text(
                "A host that uses secure neighbour discovery (SEND) and does not trust a router yet.",
                "使用安全邻居发现（SEND）、尚未信任某路由器的主机。",
            ),
            meaning=Text(
                "Asks for the certificates that lead from a trust anchor to the router.",
                "请求从信任锚到该路由器的证书链。",
            ),
            receiver=Text(
                "A router that runs SEND answers with type 149; others discard it.",
                "运行SEND的路由器以类型149应答；其他节点丢弃。",
            ),
            action=Text(
                "No answer: SEND is off on the router, or the trust anchors differ. SEND is rare in the"
                " field.",
                "没有应答：路由器未启用SEND，或双方信任锚不一致。SEND的实际部署很少。",
            ),
            filtering=_ON_LINK,
        ),
        codes=(Code(0, Text("Certification Path Solicitation Message (no code)", "证书路径请求")),),
    ),
    MessageType(
        number=149,
        name=Text("Certification Path Advertisement Message", "证书路径通告"),
        kind=Kind.INFORMATIONAL,
        shape=neighbor_discovery.CertificationPathAdvertisement,
        rfc=("RFC 3971",),
        answered_by=148,
        about=About(
            sender=Text("A router that runs SEND.", "运行SEND的路由器。"),
            meaning=Text(
                "One certificate of the path per message; the component number counts down to 0.",
                "每个报文携带证书链中的一张证书；组件编号递减到0。",
            ),
            receiver=Text(
                "The host verifies the chain and from then on trusts the router's advertisements for those"
                " prefixes.",
                "主机验证证书链，此后信任该路由器对相应前缀的通告。",
            ),
            action=Text(
                "If hosts refuse the router, check the dates and prefixes in the certificates and the hosts'"
                " clocks.",
                "若主机不接受该路由器，检查证书的有效期和前缀，以及主机时钟。",
            ),
            filtering=_ON_LINK,
        ),
        codes=(Code(0, Text("Certification Path Advertisement Message (no code)", "证书路径通告")),),
    ),
    *icmpv6_multicast.ROUTERS,
)
