"""The rows of multicast on the link: listener (130 to 132, 143) and router discovery (151 to 153)."""

from __future__ import annotations

from dissector.messages import multicast
from dissector.registry.model import About, Code, Kind, MessageType, Text

_ON_LINK = Text(
    "Nothing to do for transit: hop limit 1 and a link-local source keep it on its link (RFC 4890, 4.3.3)."
    " On the firewall's own interfaces, and through a bridging firewall, it must not be dropped (4.4.1).",
    "过境流量无需处理：跳数限制为1且源为链路本地地址，报文出不了本链路（RFC 4890，4.3.3）。"
    "对防火墙自身接口以及网桥式防火墙，不得丢弃（4.4.1）。",
)

_NO_ANSWER_NEEDED = Text(
    "Routers and snooping switches note the listener; there is no answer.",
    "路由器和做侦听的交换机记下该侦听者；没有应答报文。",
)

_SNOOPER_ACTION = Text(
    "Rare in the field. Multicast reaches a switch but not its routers: check that snooping knows the router"
    " port.",
    "实际网络中少见。若组播到了交换机却到不了路由器，检查侦听功能是否识别出路由器端口。",
)

LISTENERS: tuple[MessageType, ...] = (
    MessageType(
        number=130,
        name=Text("Multicast Listener Query", "组播侦听者查询"),
        kind=Kind.INFORMATIONAL,
        shape=multicast.MulticastListenerQuery,
        longer=(28, multicast.MulticastListenerQuery2),
        rfc=("RFC 2710", "RFC 9777"),
        about=About(
            sender=Text(
                "The querier of the link: the multicast router, or switch, with the lowest address.",
                "本链路的查询器：地址最小的组播路由器或交换机。",
            ),
            meaning=Text(
                "Who listens to multicast here? The address says to which group, :: means any. 24 octets are"
                " MLDv1, 28 and more MLDv2.",
                "此处谁在侦听组播？地址字段指明组，::表示所有组。长度24个八位组为MLDv1，28个及以上为MLDv2。",
            ),
            receiver=Text(
                "Listeners answer within the maximum response delay, with 131 (MLDv1) or 143 (MLDv2).",
                "侦听者在最大响应时延内应答：MLDv1用131，MLDv2用143。",
            ),
            action=Text(
                "Multicast, and with it neighbour discovery, dies after some minutes: there is no querier"
                " while switches snoop. Enable one, or switch snooping off.",
                "若组播（连同邻居发现）几分钟后中断，多半是交换机启用了侦听而链路上没有查询器：启用查询器，"
                "或关闭侦听。",
            ),
            filtering=_ON_LINK,
        ),
        codes=(Code(0, Text("Multicast Listener Query (no code)", "组播侦听者查询")),),
    ),
    MessageType(
        number=131,
        name=Text("Multicast Listener Report", "组播侦听者报告"),
        kind=Kind.INFORMATIONAL,
        shape=multicast.MulticastListenerReport,
        rfc=("RFC 2710",),
        about=About(
            sender=Text(
                "An MLDv1 listener, to the group itself: when it joins, and when queried.",
                "MLDv1侦听者，发往该组地址本身：加入时发送，被查询时也发送。",
            ),
            meaning=Text("I listen to this multicast group.", "本节点侦听该组播组。"),
            receiver=Text(
                "Routers and snooping switches note the group; other listeners keep silent, since one report"
                " is enough.",
                "路由器和做侦听的交换机记下该组；其他侦听者不再报告，因为一份就够了。",
            ),
            action=Text(
                "Modern hosts send type 143 unless an MLDv1 querier is on the link: if that is not wanted,"
                " find it.",
                "现代主机发送类型143，只有链路上存在MLDv1查询器时才会回退到本类型；若非有意，"
                "应找出该查询器。",
            ),
            filtering=_ON_LINK,
        ),
        codes=(Code(0, Text("Multicast Listener Report (no code)", "组播侦听者报告")),),
    ),
    MessageType(
        number=132,
        name=Text("Multicast Listener Done", "组播侦听者完成"),
        kind=Kind.INFORMATIONAL,
        shape=multicast.MulticastListenerDone,
        rfc=("RFC 2710",),
        about=About(
            sender=Text(
                "An MLDv1 listener that leaves a group, to all routers (ff02::2).",
                "退出某组的MLDv1侦听者，发往所有路由器（ff02::2）。",
            ),
            meaning=Text("I no longer listen to this multicast group.", "本节点不再侦听该组播组。"),
            receiver=Text(
                "The querier asks that group once more (type 130) and ends delivery if no one reports.",
                "查询器再对该组查询一次（类型130），若无人报告则停止转发。",
            ),
            action=Text(
                "A stream that stops for others when one host leaves: the switch forgets the group at once"
                " (fast leave) though several hosts share the port.",
                "若一台主机退出导致其他主机的组播流中断，说明交换机启用了快速离开，而该端口下有多台主机。",
            ),
            filtering=_ON_LINK,
        ),
        codes=(Code(0, Text("Multicast Listener Done (no code)", "组播侦听者完成")),),
    ),
)

REPORT_VERSION_2 = MessageType(
    number=143,
    name=Text("Version 2 Multicast Listener Report", "第2版组播侦听者报告"),
    kind=Kind.INFORMATIONAL,
    shape=multicast.MulticastListenerReport2,
    rfc=("RFC 9777",),
    about=About(
        sender=Text(
            "Any IPv6 node, to all MLDv2 routers (ff02::16): when what it listens to changes, and when"
            " queried.",
            "任何IPv6节点，发往所有MLDv2路由器（ff02::16）：侦听状态变化时发送，被查询时也发送。",
        ),
        meaning=Text(
            "One record a group: which sources it wants (include) or does not want (exclude). Exclude with"
            " no source means everything.",
            "每组一条记录：想接收哪些源（INCLUDE）或不接收哪些源（EXCLUDE）。EXCLUDE且源列表为空表示全部接"
            "收。",
        ),
        receiver=_NO_ANSWER_NEEDED,
        action=Text(
            "Every node sends one for each solicited-node group when it gets an address, so it is normal"
            " noise. A host that gets no stream: look whether its report arrives at the router.",
            "节点每获得一个地址，都会为相应的被请求节点组发送报告，属正常现象。主机收不到组播流时，"
            "检查其报告是否到达路由器。",
        ),
        filtering=_ON_LINK,
        note=Text(
            "RFC 9777 replaces RFC 3810; the message is the same.", "RFC 9777取代RFC 3810，报文格式不变。"
        ),
    ),
    codes=(Code(0, Text("Version 2 Multicast Listener Report (no code)", "第2版组播侦听者报告")),),
)

ROUTERS: tuple[MessageType, ...] = (
    MessageType(
        number=151,
        name=Text("Multicast Router Advertisement", "组播路由器通告"),
        kind=Kind.INFORMATIONAL,
        shape=multicast.MulticastRouterAdvertisement,
        rfc=("RFC 4286",),
        code_holds="advertisement_interval",
        about=About(
            sender=Text(
                "A multicast router, to all snoopers (ff02::6a): at intervals, and when solicited.",
                "组播路由器，发往所有侦听设备（ff02::6a）：周期性发送，收到请求时也发送。",
            ),
            meaning=Text(
                "Multicast is forwarded here. The code octet is the interval in seconds to the next one.",
                "此处转发组播。代码八位组是通告间隔，以秒为单位。",
            ),
            receiver=Text(
                "Snooping switches send multicast and listener reports to that port.",
                "做侦听的交换机把组播流量和侦听者报告转发到该端口。",
            ),
            action=_SNOOPER_ACTION,
            filtering=_ON_LINK,
        ),
    ),
    MessageType(
        number=152,
        name=Text("Multicast Router Solicitation", "组播路由器请求"),
        kind=Kind.INFORMATIONAL,
        shape=multicast.MulticastRouterSolicitation,
        rfc=("RFC 4286",),
        about=About(
            sender=Text(
                "A snooping device that has just started, to all routers (ff02::2).",
                "刚启动的侦听设备，发往所有路由器（ff02::2）。",
            ),
            meaning=Text("Which multicast routers are on this link?", "本链路上有哪些组播路由器？"),
            receiver=Text("Multicast routers answer with type 151.", "组播路由器以类型151应答。"),
            action=_SNOOPER_ACTION,
            filtering=_ON_LINK,
        ),
    ),
    MessageType(
        number=153,
        name=Text("Multicast Router Termination", "组播路由器终止"),
        kind=Kind.INFORMATIONAL,
        shape=multicast.MulticastRouterTermination,
        rfc=("RFC 4286",),
        about=About(
            sender=Text(
                "A router that ends multicast forwarding on the interface, to all snoopers (ff02::6a).",
                "在该接口上停止组播转发的路由器，发往所有侦听设备（ff02::6a）。",
            ),
            meaning=Text("This router no longer forwards multicast here.", "该路由器不再在此转发组播。"),
            receiver=Text(
                "Snooping switches remove the port from their list of router ports.",
                "做侦听的交换机把该端口从路由器端口列表中删除。",
            ),
            action=Text(
                "Expected when multicast routing is switched off. Otherwise suspect a forgery: it cuts the"
                " link off from its streams.",
                "关闭组播路由时属正常。否则应怀疑伪造：它会切断该链路的组播流。",
            ),
            filtering=_ON_LINK,
        ),
    ),
)
