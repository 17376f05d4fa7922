"""The rows of ICMPv6 messages for nodes that move: types 144 to 147, 150, 154 and 156."""

from __future__ import annotations

from dissector.messages import experiments, locator, mobility
from dissector.registry.model import About, Code, Kind, MessageType, Status, Text

_MOBILE_IP_FILTERING = Text(
    "Normally should not be dropped; RFC 4890, 4.3.2 and A.14, gives the directions to allow for sites with"
    " home agents and for sites that host roaming nodes.",
    "通常不应丢弃；有归属代理的站点和接待漫游节点的站点各应放行哪个方向，见RFC 4890（4.3.2和A.14）。",
)

MOBILE_NODES: tuple[MessageType, ...] = (
    MessageType(
        number=144,
        name=Text("Home Agent Address Discovery Request Message", "归属代理地址发现请求"),
        kind=Kind.INFORMATIONAL,
        shape=mobility.HomeAgentAddressDiscoveryRequest,
        rfc=("RFC 6275",),
        answered_by=145,
        about=About(
            sender=Text(
                "A mobile node away from home, to the home agents' anycast address of its home prefix.",
                "离开归属网络的移动节点，发往其归属前缀的归属代理任播地址。",
            ),
            meaning=Text("Which home agents serve my home link?", "我的归属链路上有哪些归属代理？"),
            receiver=Text(
                "A home agent answers with type 145 (RFC 6275, 10.5).",
                "由一台归属代理以类型145应答（RFC 6275，10.5）。",
            ),
            action=Text(
                "No answer: no home agent on that link, or the anycast address is filtered at the site"
                " border.",
                "没有应答：该链路上没有归属代理，或任播地址在站点边界被过滤。",
            ),
            filtering=_MOBILE_IP_FILTERING,
        ),
        codes=(
            Code(0, Text("Home Agent Address Discovery Request Message (no code)", "归属代理地址发现请求")),
        ),
    ),
    MessageType(
        number=145,
        name=Text("Home Agent Address Discovery Reply Message", "归属代理地址发现应答"),
        kind=Kind.INFORMATIONAL,
        shape=mobility.HomeAgentAddressDiscoveryReply,
        rfc=("RFC 6275",),
        answered_by=144,
        about=About(
            sender=Text("A home agent.", "归属代理。"),
            meaning=Text(
                "The home agents of that link, the preferred first.", "该链路上的归属代理列表，按优先级排列。"
            ),
            receiver=Text("The mobile node registers with them in that order.", "移动节点依次向它们注册。"),
            action=Text(
                "Registration fails though this came: check the listed addresses and IPsec to them.",
                "收到后仍注册失败时，检查列出的地址及到这些地址的IPsec。",
            ),
            filtering=_MOBILE_IP_FILTERING,
        ),
        codes=(
            Code(0, Text("Home Agent Address Discovery Reply Message (no code)", "归属代理地址发现应答")),
        ),
    ),
    MessageType(
        number=146,
        name=Text("Mobile Prefix Solicitation", "移动前缀请求"),
        kind=Kind.INFORMATIONAL,
        shape=mobility.MobilePrefixSolicitation,
        rfc=("RFC 6275",),
        answered_by=147,
        about=About(
            sender=Text(
                "A mobile node away from home, to its home agent.", "离开归属网络的移动节点，发往其归属代理。"
            ),
            meaning=Text(
                "Has my home prefix changed? What a router solicitation is at home.",
                "归属前缀有变化吗？相当于在归属链路上发路由器请求。",
            ),
            receiver=Text("The home agent answers with type 147.", "归属代理以类型147应答。"),
            action=Text(
                "No answer: check the binding of the node at its home agent, and IPsec between them.",
                "没有应答：检查该节点在归属代理上的绑定，以及两者间的IPsec。",
            ),
            filtering=_MOBILE_IP_FILTERING,
        ),
        codes=(Code(0, Text("Mobile Prefix Solicitation (no code)", "移动前缀请求")),),
    ),
    MessageType(
        number=147,
        name=Text("Mobile Prefix Advertisement", "移动前缀通告"),
        kind=Kind.INFORMATIONAL,
        shape=mobility.MobilePrefixAdvertisement,
        rfc=("RFC 6275",),
        answered_by=146,
        about=About(
            sender=Text(
                "A home agent, when asked and when a home prefix changes.",
                "归属代理，收到请求或归属前缀变化时发送。",
            ),
            meaning=Text(
                "The prefixes of the home link and their lifetimes.", "归属链路的前缀及其生存时间。"
            ),
            receiver=Text(
                "The mobile node forms or gives up home addresses accordingly.",
                "移动节点据此生成或放弃归属地址。",
            ),
            action=Text(
                "A node keeps an old home address: see whether this reaches it and passes IPsec.",
                "节点仍使用旧的归属地址时，检查该报文能否到达并通过IPsec验证。",
            ),
            filtering=_MOBILE_IP_FILTERING,
        ),
        codes=(Code(0, Text("Mobile Prefix Advertisement (no code)", "移动前缀通告")),),
    ),
    MessageType(
        number=150,
        name=Text(
            "ICMP messages utilized by experimental mobility protocols such as Seamoby",
            "实验性移动协议(如Seamoby)使用的ICMP报文",
        ),
        kind=Kind.INFORMATIONAL,
        shape=experiments.ExperimentalMobility,
        rfc=("RFC 4065",),
        status=Status.EXPERIMENTAL,
        about=About(
            sender=Text("Nodes in an experiment with fast handover.", "参与快速切换实验的节点。"),
            meaning=Text(
                "The subtype says which protocol: 0 CARD (RFC 4066), 1 CXTP (RFC 4067).",
                "子类型指明协议：0为CARD（RFC 4066），1为CXTP（RFC 4067）。",
            ),
            receiver=Text("A node that does not take part discards it.", "未参与实验的节点将其丢弃。"),
            action=Text(
                "If you run no such experiment, find the host that sends it.",
                "若没有进行此类实验，应找出发送它的主机。",
            ),
            filtering=Text(
                "Transit networks must let it pass, end sites drop it unless they take part (RFC 4890,"
                " 4.3.4).",
                "过境网络必须放行，末端站点若不参与实验应丢弃（RFC 4890，4.3.4）。",
            ),
        ),
    ),
    MessageType(
        number=154,
        name=Text("FMIPv6 Messages", "快速移动IPv6(FMIPv6)报文"),
        kind=Kind.INFORMATIONAL,
        shape=mobility.FastHandover,
        rfc=("RFC 5568",),
        about=About(
            sender=Text(
                "A mobile node (subtype 2, RtSolPr) or its access router (subtype 3, PrRtAdv).",
                "移动节点（子类型2，RtSolPr）或其接入路由器（子类型3，PrRtAdv）。",
            ),
            meaning=Text(
                "Which router is behind that access point? Asked and answered before the node moves there.",
                "某接入点后面是哪台路由器？在节点移动过去之前询问并应答。",
            ),
            receiver=Text(
                "The router answers subtype 2 with subtype 3; the node prepares its next address from it.",
                "路由器以子类型3应答子类型2；节点据此准备新地址。",
            ),
            action=Text(
                "Handover is slow: see whether the router answers, and for the access point that was asked.",
                "切换缓慢时，检查路由器是否应答，以及应答的是否为所询问的接入点。",
            ),
            filtering=Text(
                "RFC 4890 is older and counts it among the unassigned types, a matter of policy (4.3.4). It"
                " has hop limit 255 and concerns a node and its access router: no need for it across a"
                " border.",
                "RFC 4890早于该报文，将其归入未分配类型，由策略决定（4.3.4）。其跳数限制为255，"
                "只涉及节点与接入路由器，无需越过边界。",
            ),
            note=Text(
                "IANA lists no codes; RFC 5568, 6.1.2, gives PrRtAdv the codes 0 to 5. Subtypes 4 and 5 (HI,"
                " HAck) moved to the mobility header.",
                "IANA未列出代码；RFC 5568（6.1.2）为PrRtAdv定义了代码0到5。子类型4和5（HI、HAck）"
                "已改用移动首部。",
            ),
        ),
    ),
    MessageType(
        number=156,
        name=Text("ILNPv6 Locator Update Message", "ILNPv6定位符更新"),
        kind=Kind.INFORMATIONAL,
        shape=locator.LocatorUpdate,
        rfc=("RFC 6743",),
        status=Status.EXPERIMENTAL,
        about=About(
            sender=Text(
                "An ILNPv6 node whose locators changed, to each correspondent (operation 1); the"
                " correspondent, to acknowledge (operation 2).",
                "定位符发生变化的ILNPv6节点，发往每个通信对端（操作1）；对端以操作2确认。",
            ),
            meaning=Text("From now on I am reached at these locators.", "今后可通过这些定位符到达本节点。"),
            receiver=Text(
                "Checks the nonce, uses the new locators and acknowledges (RFC 6743, 2, 4 and 6). A node"
                " without ILNP discards it.",
                "校验Nonce后改用新定位符并确认（RFC 6743，2、4和6）。不支持ILNP的节点将其丢弃。",
            ),
            action=Text(
                "ILNP is an experiment: outside of one, find the sender. Without a nonce option it is forged"
                " or broken.",
                "ILNP属于实验：若未参与，应查明发送者。不带Nonce选项的报文是伪造的或有缺陷。",
            ),
            filtering=Text(
                "RFC 4890 is older and counts it among the unassigned types: transit networks pass it, sites"
                " decide (4.3.4).",
                "RFC 4890早于该报文，将其归入未分配类型：过境网络放行，站点自行决定（4.3.4）。",
            ),
        ),
        codes=(Code(0, Text("ILNPv6 Locator Update Message (no code)", "ILNPv6定位符更新")),),
    ),
)
