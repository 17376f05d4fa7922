"""The rows of the ICMPv4 query messages (RFC 1122, 3.2.2; RFC 1812, 4.3.1); 9, 10 and 13 to 18 are here.

Echo and extended echo have a file of their own, and so have the queries of experiments that ended.
"""

from __future__ import annotations

from dissector.messages import queries, router_discovery
from dissector.registry.icmpv4_probes import PROBES
from dissector.registry.model import About, Code, Kind, MessageType, Status, Text

_DISCOVERY_FILTERING = Text(
    "For the link only, with TTL 1 when multicast (RFC 1256, 3): never let it across a border. Switches"
    " should take advertisements from router ports only.",
    "只限本链路，组播时TTL为1（RFC 1256，3）：绝不能越过边界。交换机应只接受来自路由器端口的通告。",
)

_DEPRECATED_FILTERING = Text(
    "Drop it: RFC 6918, 5, deprecates it as a basis for filtering.",
    "丢弃：RFC 6918（5）将其弃用，可作为过滤的依据。",
)

_TIMESTAMP_FILTERING = Text(
    "No RFC asks for it to pass; it tells strangers the host's clock, so drop it at the border. A NAT may"
    " support it (RFC 5508, REQ-10).",
    "没有RFC要求放行；它会向外人泄露主机时钟，应在边界丢弃。NAT可以支持（RFC 5508，REQ-10）。",
)

_TIMESTAMP_NOTE = Text(
    "Some tables call it obsolete. Neither IANA nor RFC 6918 does; RFC 1122, 3.2.2.8, leaves it to the host.",
    "有的资料标为“作废不用”，但IANA和RFC 6918均未弃用；RFC 1122（3.2.2.8）规定主机可以实现。",
)

_MASK_NOTE = Text(
    "Some tables show it as in use; RFC 6918, 2.4 and 2.5, deprecates it in favour of DHCP.",
    "有的资料视其为仍在使用；RFC 6918（2.4和2.5）已将其弃用，由DHCP取代。",
)

_ROUTER_DISCOVERY: tuple[MessageType, ...] = (
    MessageType(
        number=9,
        name=Text("Router Advertisement", "路由器通告"),
        kind=Kind.QUERY,
        shape=router_discovery.RouterAdvertisement,
        rfc=("RFC 1256",),
        about=About(
            sender=Text(
                "A router, every 7 to 10 minutes by default and when asked with type 10; agents of Mobile"
                " IP too.",
                "路由器：默认每7到10分钟一次，以及收到类型10请求时；移动IP的代理也会发送。",
            ),
            meaning=Text(
                "These are my addresses, how much I am preferred as default router, and how long that"
                " holds. A lifetime of 0: I am going away.",
                "这些是我的地址、作为默认路由器的优先程度和有效时间。生存期为0表示即将停止服务。",
            ),
            receiver=Text(
                "A host with router discovery takes the preferred neighbouring address as default router,"
                " if the message is valid (RFC 1256, 5.2 and 5.3). The Linux kernel leaves that to daemons.",
                "启用路由器发现的主机校验报文后，选优先级最高的邻居地址作默认路由器（RFC 1256，5.2和5.3）。"
                "Linux内核不处理，由守护进程处理。",
            ),
            action=Text(
                "Compare the sender with your routers: anyone on the link can pose as one (RFC 1256, 7). A"
                " preference of 80000000 in hex means: not as default router.",
                "将发送者与自己的路由器比对：链路上任何人都能冒充路由器（RFC 1256，7）。"
                "优先级为十六进制80000000表示不作默认路由器。",
            ),
            filtering=_DISCOVERY_FILTERING,
            note=Text(
                "It is for any host, not only for diskless ones (RFC 1256, 2). RFC 1812, 4.3.1, counts it"
                " among the queries, RFC 5508, 2, in neither class.",
                "它面向任何主机，而不只是无盘工作站（RFC 1256，2）。RFC 1812（4.3.1）将其列为查询报文，"
                "RFC 5508（2）认为既非查询也非差错。",
            ),
        ),
        codes=(
            Code(
                0,
                Text("Normal router advertisement", "路由器通告"),
                About(
                    meaning=Text(
                        "The sender routes ordinary traffic, as any router does.",
                        "发送者与普通路由器一样转发一般流量。",
                    ),
                    note=Text(
                        "Agents of Mobile IP use this code too (RFC 5944, 2.1), but without an extension of"
                        " type 16 it is no agent advertisement, whatever some tools call it.",
                        "移动IP的代理也用此代码（RFC 5944，2.1），但不带类型16扩展的就不是代理通告，"
                        "即使有的工具这样显示。",
                    ),
                ),
                rfc=("RFC 1256", "RFC 5944"),
            ),
            Code(
                16,
                Text("Does not route common traffic", "不转发普通流量"),
                About(
                    sender=Text("A mobility agent of Mobile IP.", "移动IP的移动代理。"),
                    meaning=Text(
                        "The sender serves registered mobile nodes only.", "发送者只为已注册的移动节点服务。"
                    ),
                    receiver=Text(
                        "A mobile node may register with the agent. Hosts that know only RFC 1256 discard"
                        " it, because the code is not 0 (RFC 1256, 5.2).",
                        "移动节点可向该代理注册。只支持RFC 1256的主机因代码不为0而将其丢弃（RFC 1256，5.2）"
                        "。",
                    ),
                    action=Text(
                        "Do you run Mobile IP? If not, look at the sender.",
                        "本网是否运行移动IP？若没有，应检查发送者。",
                    ),
                    note=Text(
                        "Some texts know only code 0; code 16 came with Mobile IP (now RFC 5944, 2.1).",
                        "有的资料只提到代码0；代码16由移动IP引入（现见RFC 5944，2.1）。",
                    ),
                ),
                rfc=("RFC 5944",),
            ),
        ),
    ),
    MessageType(
        number=10,
        name=Text("Router Solicitation", "路由器请求"),
        kind=Kind.QUERY,
        shape=router_discovery.RouterSolicitation,
        rfc=("RFC 1256",),
        answered_by=9,
        about=About(
            sender=Text(
                "A host that starts up, three times at most, to 224.0.0.2 or 255.255.255.255 (RFC 1256, 5.1"
                " and 6).",
                "启动时的主机，最多发送三次，发往224.0.0.2或255.255.255.255（RFC 1256，5.1和6）。",
            ),
            meaning=Text("Which routers are here? Advertise at once.", "这里有哪些路由器？请立即通告。"),
            receiver=Text(
                "A router answers with type 9 within two seconds; hosts discard it in silence (RFC 1256,"
                " 4.3 and 5.2).",
                "路由器在两秒内以类型9应答；主机静默丢弃（RFC 1256，4.3和5.2）。",
            ),
            action=Text(
                "Harmless, and rare today: DHCP gives hosts their router. If it is unwanted, switch router"
                " discovery off on the host.",
                "无害，如今少见：主机由DHCP得知路由器。若不需要，在该主机上关闭路由器发现。",
            ),
            filtering=_DISCOVERY_FILTERING,
            note=Text(
                "Some texts say that it uses only the first four octets; it has eight, the last four"
                " reserved (RFC 1256, 3).",
                "有的资料说它只用前4个八位组；其实共8个，后4个保留（RFC 1256，3）。",
            ),
        ),
        codes=(Code(0, Text("Router Solicitation (no code)", "路由器的发现/选择/请求报文")),),
    ),
)

_TIMESTAMPS: tuple[MessageType, ...] = (
    MessageType(
        number=13,
        name=Text("Timestamp", "时间戳请求"),
        kind=Kind.QUERY,
        shape=queries.Timestamp,
        rfc=("RFC 792",),
        answered_by=14,
        about=About(
            sender=Text(
                "Any node: clock tools such as clockdiff, and scanners.",
                "任何节点：clockdiff等对时工具，以及扫描器。",
            ),
            meaning=Text(
                "What time is it on your clock? It carries the time when it was sent, in ms since midnight"
                " UT.",
                "你的时钟现在几点？报文带有发出时刻，以UT零点起的毫秒数表示。",
            ),
            receiver=Text(
                "A host may implement it, and then answers every request but those to broadcast or"
                " multicast addresses (RFC 1122, 3.2.2.8). Linux answers.",
                "主机可以实现；若实现，则对每个请求应答，发往广播或组播地址的可以忽略（RFC 1122，3.2.2.8）。"
                "Linux会应答。",
            ),
            action=Text(
                "Use NTP to set clocks. From outside it is mostly reconnaissance.",
                "校时应使用NTP。若来自外部，多半是侦察行为。",
            ),
            filtering=_TIMESTAMP_FILTERING,
            note=_TIMESTAMP_NOTE,
        ),
        codes=(Code(0, Text("Timestamp (no code)", "时间戳请求")),),
    ),
    MessageType(
        number=14,
        name=Text("Timestamp Reply", "时间戳应答"),
        kind=Kind.QUERY,
        shape=queries.Timestamp,
        rfc=("RFC 792",),
        answered_by=13,
        about=About(
            sender=Text(
                "The node that was asked, from the address that was asked (RFC 1122, 3.2.2.8).",
                "被询问的节点，以被询问的地址为源（RFC 1122，3.2.2.8）。",
            ),
            meaning=Text(
                "Your time, the time when I received it and the time when I sent this. With the high bit"
                " set a time has another unit or origin (RFC 792, page 17).",
                "你的发出时刻、我的接收时刻和发送时刻。最高位为1的时间另有单位或起点（RFC 792，第17页）。",
            ),
            receiver=Text(
                "Hands it to the process that asked. With T4 the time of arrival: round trip"
                " (T4-T1)-(T3-T2), clock offset ((T2-T1)+(T3-T4))/2.",
                "交给发出请求的进程。设T4为到达时刻：往返时间为(T4-T1)-(T3-T2)，"
                "时钟偏差为((T2-T1)+(T3-T4))/2。",
            ),
            action=Text(
                "Reckon modulo a day (86400000 ms). Values beyond a day: the replier probably writes them"
                " in the wrong octet order.",
                "按一天（86400000毫秒）取模计算。数值超过一天，多半是应答方的字节序有误。",
            ),
            filtering=_TIMESTAMP_FILTERING,
            note=_TIMESTAMP_NOTE,
        ),
        codes=(
            Code(
                0,
                Text("Timestamp Reply (no code)", "时间戳应答"),
                About(
                    note=Text(
                        "Some tables leave the code open; it is 0 (RFC 792, page 16).",
                        "有的资料未填代码；代码为0（RFC 792，第16页）。",
                    ),
                ),
            ),
        ),
    ),
)

_INFORMATION: tuple[MessageType, ...] = (
    MessageType(
        number=15,
        name=Text("Information Request", "信息请求"),
        kind=Kind.QUERY,
        shape=queries.Information,
        rfc=("RFC 792", "RFC 6918"),
        status=Status.DEPRECATED,
        answered_by=16,
        about=About(
            sender=Text(
                "Diskless hosts of old, at start-up; today DHCP does this (RFC 6918, 2.2).",
                "启动时的旧式无盘主机；如今由DHCP完成（RFC 6918，2.2）。",
            ),
            meaning=Text(
                "Which network am I on? Source and destination may have network number 0.",
                "我在哪个网络上？源地址和目的地址的网络号可以为0。",
            ),
            receiver=Text(
                "Should not implement it: hosts RFC 1122, 3.2.2.7, routers RFC 1812, 4.3.3.7. Linux"
                " discards it.",
                "不应实现：主机见RFC 1122（3.2.2.7），路由器见RFC 1812（4.3.3.7）。Linux将其丢弃。",
            ),
            action=Text(
                "Find the sender: very old equipment, or a scanner that tells systems apart by their"
                " answers. Hosts use DHCP.",
                "查明发送者：非常老旧的设备，或靠应答识别系统的扫描器。主机应使用DHCP。",
            ),
            filtering=_DEPRECATED_FILTERING,
        ),
        codes=(
            Code(
                0,
                Text("Information Request (no code)", "信息请求"),
                About(
                    note=Text(
                        "Some tables leave the code open; it is 0 (RFC 792, page 18).",
                        "有的资料未填代码；代码为0（RFC 792，第18页）。",
                    ),
                ),
            ),
        ),
    ),
    MessageType(
        number=16,
        name=Text("Information Reply", "信息应答"),
        kind=Kind.QUERY,
        shape=queries.Information,
        rfc=("RFC 792", "RFC 6918"),
        status=Status.DEPRECATED,
        answered_by=15,
        about=About(
            sender=Text(
                "Routers and hosts of old, asked with type 15.", "收到类型15请求的旧式路由器和主机。"
            ),
            meaning=Text(
                "The addresses in its IP header tell the network's number; the message itself holds nothing"
                " (RFC 792, page 19).",
                "IP首部中的地址给出网络号；报文本身不含信息（RFC 792，第19页）。",
            ),
            receiver=Text(
                "Today's stacks discard it; they do not send the request (RFC 1122, 3.2.2.7).",
                "如今的协议栈将其丢弃，也不会发出请求（RFC 1122，3.2.2.7）。",
            ),
            action=Text(
                "Find the node that still answers, and who asks it.", "查明仍在应答的节点，以及是谁在询问。"
            ),
            filtering=_DEPRECATED_FILTERING,
        ),
        codes=(Code(0, Text("Information Reply (no code)", "信息应答")),),
    ),
)

_ADDRESS_MASKS: tuple[MessageType, ...] = (
    MessageType(
        number=17,
        name=Text("Address Mask Request", "掩码请求"),
        kind=Kind.QUERY,
        shape=queries.AddressMask,
        rfc=("RFC 950", "RFC 6918"),
        status=Status.DEPRECATED,
        answered_by=18,
        about=About(
            sender=Text(
                "Hosts of old at start-up, by broadcast (RFC 950, 2.3); today mostly scanners.",
                "启动时的旧式主机，以广播发送（RFC 950，2.3）；如今多为扫描器。",
            ),
            meaning=Text(
                "Which mask has this subnet? The mask field is 0.", "本子网的掩码是什么？掩码字段为0。"
            ),
            receiver=Text(
                "A host may answer only if it was configured as agent (RFC 1122, 3.2.2.9), a router does so"
                " by default (RFC 1812, 4.3.3.9). Linux discards it.",
                "主机只有经明确配置为代理才可应答（RFC 1122，3.2.2.9），路由器则默认应答（RFC 1812，"
                "4.3.3.9）。Linux将其丢弃。",
            ),
            action=Text(
                "Give hosts their mask by DHCP. From outside it is reconnaissance.",
                "用DHCP向主机提供掩码。若来自外部，属侦察行为。",
            ),
            filtering=_DEPRECATED_FILTERING,
            note=_MASK_NOTE,
        ),
        codes=(Code(0, Text("Address Mask Request (no code)", "地址掩码请求")),),
    ),
    MessageType(
        number=18,
        name=Text("Address Mask Reply", "掩码应答"),
        kind=Kind.QUERY,
        shape=queries.AddressMask,
        rfc=("RFC 950", "RFC 6918"),
        status=Status.DEPRECATED,
        answered_by=17,
        about=About(
            sender=Text(
                "A router, or a host configured as address mask agent; without a request too, when it"
                " starts up (RFC 1122, 3.2.2.9).",
                "路由器，或配置为掩码代理的主机；启动时也会主动发送（RFC 1122，3.2.2.9）。",
            ),
            meaning=Text("The mask of the subnet is this.", "本子网的掩码如下。"),
            receiver=Text(
                "A host set to use it takes the first one, asked for or not, and ignores the rest; every"
                " other host ignores it (RFC 1122, 3.2.2.9). A router must not learn from it (RFC 1812,"
                " 4.3.3.9).",
                "启用该功能的主机采用收到的第一个应答（无论是否请求过），忽略其余；"
                "其他主机一律忽略（RFC 1122，3.2.2.9）。路由器不得据此设定掩码（RFC 1812，4.3.3.9）。",
            ),
            action=Text(
                "Compare the mask with the subnet's. If it leaves the site, it gives away your subnets:"
                " switch the agent off.",
                "将掩码与本子网比对。若流出站点，会泄露子网划分：应关闭该代理。",
            ),
            filtering=_DEPRECATED_FILTERING,
            note=_MASK_NOTE,
        ),
        codes=(Code(0, Text("Address Mask Reply (no code)", "地址掩码应答")),),
    ),
)

QUERIES: tuple[MessageType, ...] = (*PROBES, *_ROUTER_DISCOVERY, *_TIMESTAMPS, *_INFORMATION, *_ADDRESS_MASKS)
