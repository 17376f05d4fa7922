"""The rows of ICMPv4 messages that hardly any system spoke: 6, 30, 32 to 39 (RFC 6918), 41 (RFC 4065)."""

from __future__ import annotations

from dissector.messages import base, experiments, historic, queries
from dissector.registry.model import About, Code, Kind, MessageType, Status, Text

_RECEIVER = Text(
    "Today's stacks do not know it and discard it in silence (RFC 1122, 3.2.2).",
    "如今的协议栈不认识，静默丢弃（RFC 1122，3.2.2）。",
)

_ACTION = Text(
    "No one has a use for it: find out which tool or scan sends it, or suspect a covert channel.",
    "已无任何用途：查明是什么工具或扫描在发送，或考虑隐蔽信道。",
)

_FILTERING = Text(
    "Drop it: RFC 6918, 5, deprecates it as a basis for filtering.",
    "丢弃：RFC 6918（5）将其弃用，可作为过滤的依据。",
)

_ALTERNATE_HOST_ADDRESS = MessageType(
    number=6,
    name=Text("Alternate Host Address", "备用主机地址"),
    kind=Kind.UNKNOWN,
    shape=historic.AlternateHostAddress,
    rfc=("RFC 6918",),
    status=Status.DEPRECATED,
    about=About(
        sender=Text("No one that is known of.", "没有已知的发送者。"),
        meaning=Text(
            "By its name, that a host has another address. Nothing about its format is public (RFC 6918,"
            " 2.1).",
            "从名称看，表示主机另有一个地址。其格式没有任何公开资料（RFC 6918，2.1）。",
        ),
        receiver=_RECEIVER,
        action=_ACTION,
        filtering=_FILTERING,
    ),
    codes=(Code(0, Text("Alternate Address for Host", "主机的备用地址")),),
)

_TRACEROUTE = MessageType(
    number=30,
    name=Text("Traceroute", "路由跟踪(Traceroute)"),
    kind=Kind.INFORMATIONAL,
    shape=historic.Traceroute,
    rfc=("RFC 1393", "RFC 6918"),
    status=Status.DEPRECATED,
    about=About(
        sender=Text(
            "A router that handled a packet with the IP Traceroute option (82); it goes to the originator"
            " that the option names (RFC 1393, 3.3).",
            "处理了带IP Traceroute选项（82）的数据包的路由器；发往该选项所指的发起者（RFC 1393，3.3）。",
        ),
        meaning=Text(
            "Your packet came by here: so many routers out, so many back (65535 on the way out), and this"
            " is the next link's speed and MTU.",
            "你的数据包经过此处：去程和回程各经过多少路由器（去程时回程计数为65535），"
            "以及下一链路的速率和MTU。",
        ),
        receiver=Text(
            "The tool that sent the option lists the hops by their counts. Today's stacks discard the"
            " message in silence (RFC 1122, 3.2.2).",
            "发出该选项的工具按跳数列出各跳。如今的协议栈静默丢弃该报文（RFC 1122，3.2.2）。",
        ),
        action=Text(
            "Hardly any router ever sent it; the option is obsolete too. The traceroute of today reads type"
            " 11.",
            "几乎没有路由器发送过；相应的选项也已作废。如今的traceroute依靠类型11。",
        ),
        filtering=_FILTERING,
        note=Text(
            "The codes are those of RFC 1393, 2.3; IANA does not register them.",
            "代码取自RFC 1393（2.3），IANA未登记。",
        ),
    ),
    codes=(
        Code(
            0,
            Text("Outbound Packet successfully forwarded", "出站分组已成功转发"),
            About(
                meaning=Text(
                    "The router forwarded the packet; that may also be the one on the way back.",
                    "路由器已转发该数据包；也可能是回程的数据包。",
                ),
            ),
            rfc=("RFC 1393",),
        ),
        Code(
            1,
            Text("No route for Outbound Packet; packet discarded", "出站分组无路由,已丢弃"),
            About(
                meaning=Text(
                    "The router has no route for the packet and dropped it.",
                    "路由器没有该数据包的路由，已将其丢弃。",
                ),
                action=Text(
                    "Look the destination up on the router that sent this.",
                    "在发出本报文的路由器上查询该目的地址。",
                ),
            ),
            rfc=("RFC 1393",),
        ),
    ),
)

_MOBILE_HOST_REDIRECT = MessageType(
    number=32,
    name=Text("Mobile Host Redirect", "移动主机重定向"),
    kind=Kind.UNKNOWN,
    shape=historic.MobileHostRedirect,
    rfc=("RFC 6918",),
    status=Status.DEPRECATED,
    about=About(
        sender=Text(
            "Nodes of an experiment with mobile hosts in 1993 that no RFC followed (RFC 6918, 2.8).",
            "1993年一项移动主机实验中的节点，该实验没有形成RFC（RFC 6918，2.8）。",
        ),
        meaning=Text(
            "By its name, where packets for a mobile host should be sent.",
            "从名称看，指明发给移动主机的数据包应送往何处。",
        ),
        receiver=_RECEIVER,
        action=_ACTION,
        filtering=_FILTERING,
    ),
)

_NEIGHBOUR_DRAFT = Text(
    "Nodes of an early draft of IPv6 neighbour discovery, of 1995 (RFC 6918, 2.9 and 2.10).",
    "1995年IPv6邻居发现早期草案中的节点（RFC 6918，2.9和2.10）。",
)

_NEIGHBOUR_NOTE = Text(
    "IPv6 does this today with ICMPv6 types 135 and 136 (RFC 4861).",
    "如今IPv6用ICMPv6的类型135和136完成此功能（RFC 4861）。",
)

_MOBILITY_DRAFT = Text(
    "Nodes of an early draft of IPv6 mobility, of 1994 (RFC 6918, 2.11 and 2.12).",
    "1994年IPv6移动性早期草案中的节点（RFC 6918，2.11和2.12）。",
)

_DRAFTS_OF_IPV6: tuple[MessageType, ...] = (
    MessageType(
        number=33,
        name=Text("IPv6 Where-Are-You", 'IPv6"你在哪里"'),
        kind=Kind.QUERY,
        shape=base.Opaque,
        rfc=("RFC 6918",),
        status=Status.DEPRECATED,
        answered_by=34,
        about=About(
            sender=_NEIGHBOUR_DRAFT,
            meaning=Text(
                "Asks for an adjacent IPv6 node. The format was never published in an RFC.",
                "询问相邻的IPv6节点。其格式从未在RFC中发布。",
            ),
            receiver=_RECEIVER,
            action=_ACTION,
            filtering=_FILTERING,
            note=_NEIGHBOUR_NOTE,
        ),
    ),
    MessageType(
        number=34,
        name=Text("IPv6 I-Am-Here", 'IPv6"我在这里"'),
        kind=Kind.QUERY,
        shape=base.Opaque,
        rfc=("RFC 6918",),
        status=Status.DEPRECATED,
        answered_by=33,
        about=About(
            sender=_NEIGHBOUR_DRAFT,
            meaning=Text(
                "Identifies an adjacent IPv6 node. The format was never published in an RFC.",
                "表明相邻IPv6节点的身份。其格式从未在RFC中发布。",
            ),
            receiver=_RECEIVER,
            action=_ACTION,
            filtering=_FILTERING,
            note=_NEIGHBOUR_NOTE,
        ),
    ),
    MessageType(
        number=35,
        name=Text("Mobile Registration Request", "移动注册请求"),
        kind=Kind.QUERY,
        shape=base.Opaque,
        rfc=("RFC 6918",),
        status=Status.DEPRECATED,
        answered_by=36,
        about=About(
            sender=_MOBILITY_DRAFT,
            meaning=Text(
                "A mobile node asks that its packets follow it. The format was never published in an RFC.",
                "移动节点请求将其数据包转送到新位置。其格式从未在RFC中发布。",
            ),
            receiver=_RECEIVER,
            action=_ACTION,
            filtering=_FILTERING,
        ),
    ),
    MessageType(
        number=36,
        name=Text("Mobile Registration Reply", "移动注册应答"),
        kind=Kind.QUERY,
        shape=base.Opaque,
        rfc=("RFC 6918",),
        status=Status.DEPRECATED,
        answered_by=35,
        about=About(
            sender=_MOBILITY_DRAFT,
            meaning=Text(
                "Answers a mobile node's registration. The format was never published in an RFC.",
                "对移动节点注册的应答。其格式从未在RFC中发布。",
            ),
            receiver=_RECEIVER,
            action=_ACTION,
            filtering=_FILTERING,
        ),
    ),
)

_DOMAIN_NAMES: tuple[MessageType, ...] = (
    MessageType(
        number=37,
        name=Text("Domain Name Request", "域名请求"),
        kind=Kind.QUERY,
        shape=queries.DomainNameRequest,
        rfc=("RFC 1788", "RFC 6918"),
        status=Status.DEPRECATED,
        answered_by=38,
        about=About(
            sender=Text(
                "A host that wanted a name for an address without asking DNS; hardly any ever did (RFC"
                " 6918, 2.13).",
                "想不经DNS而得知某地址的域名的主机；几乎从未有过（RFC 6918，2.13）。",
            ),
            meaning=Text(
                "Which domain names do you have? It goes to the very address in question (RFC 1788, 1.1).",
                "你有哪些域名？报文直接发往所询问的地址（RFC 1788，1.1）。",
            ),
            receiver=_RECEIVER,
            action=_ACTION,
            filtering=_FILTERING,
        ),
        codes=(Code(0, Text("Domain Name Request (code 0)", "域名请求"), rfc=("RFC 1788",)),),
    ),
    MessageType(
        number=38,
        name=Text("Domain Name Reply", "域名应答"),
        kind=Kind.QUERY,
        shape=queries.DomainNameReply,
        rfc=("RFC 1788", "RFC 6918"),
        status=Status.DEPRECATED,
        answered_by=37,
        about=About(
            sender=Text(
                "The host that was asked with type 37, from the address that was asked (RFC 1788, 3).",
                "收到类型37请求的主机，以被询问的地址为源（RFC 1788，3）。",
            ),
            meaning=Text(
                "My names, and for how many seconds they may be cached (a signed number). No name at all:"
                " none is known.",
                "我的域名，以及可缓存的秒数（有符号数）。不带域名表示没有已知的域名。",
            ),
            receiver=_RECEIVER,
            action=Text(
                "Do not trust the names: the host itself claims them. Find the node that still answers.",
                "不要相信其中的域名：它们由该主机自行声称。查明仍在应答的节点。",
            ),
            filtering=_FILTERING,
        ),
        codes=(Code(0, Text("Domain Name Reply (code 0)", "域名应答"), rfc=("RFC 1788",)),),
    ),
)

_SKIP = MessageType(
    number=39,
    name=Text("SKIP", "SKIP(简单密钥管理)"),
    kind=Kind.UNKNOWN,
    shape=base.Opaque,
    rfc=("RFC 6918",),
    status=Status.DEPRECATED,
    about=About(
        sender=Text(
            "Nodes that spoke SKIP, a key management of 1995 that IKE displaced (RFC 6918, 2.15).",
            "使用SKIP的节点；SKIP是1995年的密钥管理协议，后被IKE取代（RFC 6918，2.15）。",
        ),
        meaning=Text(
            "Says which algorithms a node supports. The format was never published in an RFC.",
            "说明节点支持哪些算法。其格式从未在RFC中发布。",
        ),
        receiver=_RECEIVER,
        action=_ACTION,
        filtering=_FILTERING,
    ),
)

_EXPERIMENTAL_MOBILITY = MessageType(
    number=41,
    name=Text(
        "ICMP messages utilized by experimental mobility protocols such as Seamoby",
        "实验性移动协议(如Seamoby)使用的ICMP报文",
    ),
    kind=Kind.UNKNOWN,
    shape=experiments.ExperimentalMobility,
    rfc=("RFC 4065",),
    status=Status.EXPERIMENTAL,
    about=About(
        sender=Text(
            "Mobile nodes and access routers in an experiment with fast handover.",
            "快速切换实验中的移动节点和接入路由器。",
        ),
        meaning=Text(
            "The subtype names the protocol: 0 CARD (finding access routers), 1 CXTP (passing on context).",
            "子类型指明协议：0为CARD（发现接入路由器），1为CXTP（传递上下文）。",
        ),
        receiver=Text(
            "Only nodes that take part use it; others discard it in silence (RFC 1122, 3.2.2).",
            "只有参与实验的节点使用；其他节点静默丢弃（RFC 1122，3.2.2）。",
        ),
        action=Text(
            "If you run no such experiment, find the host that sends it.",
            "若没有进行此类实验，应找出发送它的主机。",
        ),
        filtering=Text(
            "Drop it unless you take part. A NAT may drop it (RFC 5508, REQ-11).",
            "除非参与实验，应丢弃。NAT可以丢弃（RFC 5508，REQ-11）。",
        ),
    ),
)

HISTORIC: tuple[MessageType, ...] = (
    _ALTERNATE_HOST_ADDRESS,
    _TRACEROUTE,
    _MOBILE_HOST_REDIRECT,
    *_DRAFTS_OF_IPV6,
    *_DOMAIN_NAMES,
    _SKIP,
    _EXPERIMENTAL_MOBILITY,
)
