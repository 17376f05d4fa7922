"""The row of the RPL Control Message (type 155, RFC 6550, 6), the routing protocol of low-power networks."""

from __future__ import annotations

from dissector.messages import base, rpl
from dissector.registry.model import About, Code, Kind, MessageType, Status, Text

_SECURE = 0x80
"""The bit of a RPL code that says that a security section follows (RFC 6550, 6)."""


def _secure(plain: Code, name: Text) -> Code:
    """Return the row of the secure variant of a RPL message."""
    return Code(
        plain.number | _SECURE,
        name,
        About(
            sender=plain.about.sender,
            meaning=Text(
                f"The message of code {plain.number} behind a security section, which says algorithm, key"
                " and counter; what follows it may be encrypted (RFC 6550, 6.1).",
                f"代码{plain.number}的报文，前面加上安全部分（说明算法、密钥和计数器），"
                "其后内容可能被加密（RFC 6550，6.1）。",
            ),
            receiver=Text(
                "Checks the integrity code or signature and that the counter is new, discards it if either"
                f" fails, and then treats it as code {plain.number} (RFC 6550, 10.7).",
                f"校验完整性码或签名以及计数器是否为新值，任一不通过即丢弃；其后按代码{plain.number}处理"
                "（RFC 6550，10.7）。",
            ),
            action=Text(
                "All nodes of the network drop it: compare keys and security levels; one node's messages are"
                " dropped: its counter went back, often after a restart.",
                "全网都丢弃时，比对密钥和安全级别；只丢弃某一节点的报文时，多为该节点重启后计数器回退。",
            ),
        ),
        rfc=plain.rfc,
        status=plain.status,
        shape=rpl.SecureRpl,
    )


_DIS = Code(
    0,
    Text("DODAG Information Solicitation", "DODAG信息请求(DIS)"),
    About(
        sender=Text("A node that looks for a DODAG to join.", "正在寻找可加入DODAG的节点。"),
        meaning=Text(
            "Which RPL routers are near, and for which network? What a router solicitation is on Ethernet.",
            "附近有哪些RPL路由器，属于哪个网络？相当于以太网上的路由器请求。",
        ),
        receiver=Text(
            "Sent to one router, that router answers with a DIO (code 1); sent to all, routers restart their"
            " trickle timers and so send DIOs soon (RFC 6550, 8.3).",
            "单播时，该路由器以DIO（代码1）应答；组播时，各路由器重置Trickle定时器，很快就会发出DIO（RFC"
            " 6550，8.3）。",
        ),
        action=Text(
            "One node repeats it: no router hears it, or none matches what it solicits. Many to ff02::1a"
            " keep every timer short and drain the batteries: find the sender.",
            "单个节点反复发送：没有路由器听到，或没有符合其条件的路由器。大量发往ff02::1a会使各定时器始终很"
            "短、耗尽电池：应找出发送者。",
        ),
    ),
    shape=rpl.DodagInformationSolicitation,
)

_DIO = Code(
    1,
    Text("DODAG Information Object", "DODAG信息对象(DIO)"),
    About(
        sender=Text(
            "Every RPL router, the root first, at the intervals of a trickle timer.",
            "每台RPL路由器（从根节点开始），按Trickle定时器的间隔发送。",
        ),
        meaning=Text(
            "Here is a DODAG: its instance, identifier and version, my rank in it, and how it is run.",
            "宣告一个DODAG：其实例、标识和版本，本节点在其中的等级（Rank），以及运行参数。",
        ),
        receiver=Text(
            "Chooses parents of lower rank from such messages and computes its own rank (RFC 6550, 8.2).",
            "据此选择等级更低的节点作父节点，并计算自己的等级（RFC 6550，8.2）。",
        ),
        action=Text(
            "Rank 65535 (infinite) means that the router has lost its way to the root. A version that keeps"
            " growing is global repair over and over: look at the root.",
            "等级为65535（无穷大）表示该路由器已失去通往根节点的路径。版本号不断增长说明反复进行全局修复："
            "检查根节点。",
        ),
    ),
    shape=rpl.DodagInformationObject,
)

_DAO = Code(
    2,
    Text("Destination Advertisement Object", "目的通告对象(DAO)"),
    About(
        sender=Text(
            "A node, to its parents (storing mode) or to the root (non-storing mode).",
            "节点：存储模式下发往父节点，非存储模式下发往根节点。",
        ),
        meaning=Text(
            "These addresses are reached through me; with path lifetime 0 no longer (No-Path).",
            "经由本节点可到达这些地址；路径生存时间为0则表示不再可达（No-Path）。",
        ),
        receiver=Text(
            "Installs the downward route, and acknowledges (code 3) if the K flag asks for it (RFC 6550,"
            " 9.3).",
            "安装下行路由；若K标志要求确认，则回送代码3（RFC 6550，9.3）。",
        ),
        action=Text(
            "A node is not reached from outside though it sends: see whether its DAO arrives at the root,"
            " and whether its sequence grows.",
            "节点能发送却无法从外部到达时，检查其DAO是否到达根节点，序列号是否递增。",
        ),
    ),
    shape=rpl.DestinationAdvertisementObject,
)

_DAO_ACK = Code(
    3,
    Text("Destination Advertisement Object Acknowledgment", "目的通告对象确认(DAO-ACK)"),
    About(
        sender=Text("A parent or the root that got a DAO.", "收到DAO的父节点或根节点。"),
        meaning=Text(
            "Status 0 accepts; up to 127 it accepts but suggests another parent; above, it refuses (RFC"
            " 6550, 6.5.1).",
            "状态0表示接受；127及以下表示接受但建议另选父节点；更大的值表示拒绝（RFC 6550，6.5.1）。",
        ),
        receiver=Text("Keeps the parent, or looks for another one.", "保留该父节点，或另选父节点。"),
        action=Text(
            "Refusals mostly mean a full routing table: use non-storing mode, or more routers.",
            "拒绝多因路由表已满：改用非存储模式，或增加路由器。",
        ),
        note=Text(
            "RFC 6550, 6.5.1, lists 127 in both ranges. RFC 9010 has since split the octet into flags and a"
            " value, which RFC 9009, 4.3.4, uses too.",
            "RFC 6550（6.5.1）把127同时列入两个区间。此后RFC 9010把该八位组分为标志和取值，RFC 9009（4.3.4）"
            "也采用这种划分。",
        ),
    ),
    shape=rpl.DestinationAdvertisementAck,
)

_P2P_DRO = Code(
    4,
    Text("P2P Discovery Reply Object", "点到点发现应答对象(P2P-DRO)"),
    About(
        sender=Text("The target of a route discovery between two nodes.", "点到点路由发现的目标节点。"),
        meaning=Text(
            "The route that was found between origin and target, without a way over the root.",
            "源节点与目标节点之间发现的路由，不必绕经根节点。",
        ),
        receiver=Text(
            "Routers on the way may install the route; the origin uses it.",
            "途中路由器可安装该路由，由源节点使用。",
        ),
        action=Text(
            "No reply: the target is too many hops away, or the temporary DODAG ended too early.",
            "没有应答：目标跳数太多，或临时DODAG过早结束。",
        ),
    ),
    rfc=("RFC 6997",),
    status=Status.EXPERIMENTAL,
    shape=base.Opaque,
)

_P2P_DRO_ACK = Code(
    5,
    Text("P2P Discovery Reply Object Acknowledgement", "点到点发现应答对象确认(P2P-DRO-ACK)"),
    About(
        sender=Text("The origin of a route discovery between two nodes.", "点到点路由发现的源节点。"),
        meaning=Text("The discovery reply has arrived.", "已收到发现应答。"),
        receiver=Text("The target stops repeating its reply.", "目标节点停止重发应答。"),
        action=Text(
            "Missing ones show as repeated replies (code 4): check the radio links on that route.",
            "缺失时表现为应答（代码4）反复重发：检查该路由上的无线链路。",
        ),
    ),
    rfc=("RFC 6997",),
    status=Status.EXPERIMENTAL,
    shape=base.Opaque,
)

_MEASUREMENT = Code(
    6,
    Text("Measurement Object", "测量对象(MO)"),
    About(
        sender=Text(
            "A node that wants to know how good a route is, and the end of the route, which returns it.",
            "想了解某条路由质量的节点，以及将其送回的路由终点。",
        ),
        meaning=Text(
            "Collects the routing metrics along an existing route between two nodes.",
            "沿两节点间的现有路由收集路由度量值。",
        ),
        receiver=Text(
            "Routers on the way add their link's metrics; the end sends the result back.",
            "途中路由器累加本链路的度量值，终点将结果送回。",
        ),
        action=Text(
            "Compare the result with what the application needs; a poor route is worth a discovery of a new"
            " one.",
            "将结果与应用需求比较；若路由太差，可重新发起点到点发现。",
        ),
    ),
    rfc=("RFC 6998",),
    status=Status.EXPERIMENTAL,
    shape=base.Opaque,
)

_DCO = Code(
    7,
    Text("Destination Cleanup Object", "目的清除对象(DCO)"),
    About(
        sender=Text(
            "The router where an old and a new path to a node meet, or the root.",
            "通往某节点的新旧路径交汇处的路由器，或根节点。",
        ),
        meaning=Text(
            "Forget the old route to this target; sent downward along it.",
            "清除到该目标的旧路由；沿旧路径向下发送。",
        ),
        receiver=Text(
            "Removes the route, unless its own has a newer path sequence, and passes the message on (RFC"
            " 9009, 4.4).",
            "除非本地路由的路径序列号更新，否则删除该路由并向下转发（RFC 9009，4.4）。",
        ),
        action=Text(
            "Stale routes remain: a router on the old path does not know RFC 9009, or the K flag was set and"
            " no one answered.",
            "旧路由仍在：旧路径上有不支持RFC 9009的路由器，或设置了K标志却无人应答。",
        ),
    ),
    rfc=("RFC 9009",),
    shape=rpl.DestinationCleanupObject,
)

_DCO_ACK = Code(
    8,
    Text("Destination Cleanup Object Acknowledgment", "目的清除对象确认(DCO-ACK)"),
    About(
        sender=Text("The next router on the old path.", "旧路径上的下一台路由器。"),
        meaning=Text(
            "The route is removed (status 0), or there was none.", "路由已删除（状态0），或本来就没有该路由。"
        ),
        receiver=Text("The sender of the cleanup stops repeating it.", "清除消息的发送者停止重发。"),
        action=Text(
            "'No routing entry' now and then is harmless: the route had expired already.",
            "偶尔出现“无路由表项”并无妨碍：该路由此前已过期。",
        ),
    ),
    rfc=("RFC 9009",),
    shape=rpl.DestinationCleanupAck,
)

_CONSISTENCY_CHECK = Code(
    0x8A,
    Text("Consistency Check", "一致性检查(CC)"),
    About(
        sender=Text(
            "A node that doubts a neighbour's message counter, and that neighbour, which answers (R flag).",
            "怀疑邻居报文计数器的节点，以及应答的邻居（R标志）。",
        ),
        meaning=Text(
            "A challenge with a nonce, so that no recorded message can pass for a fresh one; always secured.",
            "带随机数（Nonce）的质询，使重放的旧报文无法冒充新报文；总是以安全方式发送。",
        ),
        receiver=Text(
            "A member of the DODAG answers a unicast challenge with the same nonce; multicast ones must be"
            " discarded (RFC 6550, 10.4).",
            "DODAG成员以相同的随机数应答单播质询；组播的必须丢弃（RFC 6550，10.4）。",
        ),
        action=Text(
            "Many of them: nodes restart and lose their counters, or someone replays messages.",
            "大量出现：节点重启丢失计数器，或有人在重放报文。",
        ),
    ),
    shape=rpl.ConsistencyCheck,
)

RPL = MessageType(
    number=155,
    name=Text("RPL Control Message", "RPL控制报文"),
    kind=Kind.INFORMATIONAL,
    shape=base.Opaque,
    rfc=("RFC 6550",),
    about=About(
        sender=Text(
            "Nodes and routers of a low-power network that routes with RPL.",
            "以RPL路由的低功耗网络中的节点和路由器。",
        ),
        meaning=Text(
            "Builds and repairs a tree of routes toward a root (DODAG). The code says which message it is;"
            " codes from 128 on carry a security section.",
            "构建并修复通向根节点的路由树（DODAG）。代码说明是哪种报文；128及以上的代码带有安全部分。",
        ),
        receiver=Text(
            "A RPL node updates parents and routes; any other node discards it in silence (RFC 4443, 2.4 b).",
            "RPL节点更新父节点和路由；其他节点静默丢弃（RFC 4443，2.4 b）。",
        ),
        action=Text(
            "It belongs inside the low-power network. On office or backbone links find the border router"
            " that leaks it.",
            "它只应出现在低功耗网络内。若出现在办公网或骨干链路上，应找出泄漏它的边界路由器。",
        ),
        filtering=Text(
            "RFC 4890 is older and counts it among the unassigned types (4.3.4). It has the scope of a link,"
            " except DAO and DAO-ACK in non-storing mode (RFC 6550, 6): do not let it leave or enter the"
            " low-power network.",
            "RFC 4890早于该报文，将其归入未分配类型（4.3.4）。除非存储模式的DAO和DAO-ACK外，"
            "它只在链路范围内有效（RFC 6550，6）：不应让它进出低功耗网络。",
        ),
    ),
    codes=(
        _DIS,
        _DIO,
        _DAO,
        _DAO_ACK,
        _P2P_DRO,
        _P2P_DRO_ACK,
        _MEASUREMENT,
        _DCO,
        _DCO_ACK,
        _secure(_DIS, Text("Secure DODAG Information Solicitation", "安全DODAG信息请求")),
        _secure(_DIO, Text("Secure DODAG Information Object", "安全DODAG信息对象")),
        _secure(_DAO, Text("Secure Destination Advertisement Object", "安全目的通告对象")),
        _secure(
            _DAO_ACK, Text("Secure Destination Advertisement Object Acknowledgment", "安全目的通告对象确认")
        ),
        _secure(_P2P_DRO, Text("Secure P2P Discovery Reply Object", "安全点到点发现应答对象")),
        _secure(
            _P2P_DRO_ACK,
            Text("Secure P2P Discovery Reply Object Acknowledgement", "安全点到点发现应答对象确认"),
        ),
        _secure(_MEASUREMENT, Text("Secure Measurement Object", "安全测量对象")),
        _secure(_DCO, Text("Secure Destination Cleanup Object", "安全目的清除对象")),
        _secure(_DCO_ACK, Text("Secure Destination Cleanup Object Acknowledgment", "安全目的清除对象确认")),
        _CONSISTENCY_CHECK,
    ),
)
