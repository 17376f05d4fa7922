"""The rows of the other ICMPv6 informational messages: 128, 129, 138 to 140, 144 to 147, 150, 154 to 255.

Here are router renumbering and the numbers without a message; the rest comes from the files of its family.
"""

from __future__ import annotations

from dissector.messages import base, renumbering
from dissector.registry.icmpv6_lowpower import LOW_POWER
from dissector.registry.icmpv6_mobility import MOBILE_NODES
from dissector.registry.icmpv6_probes import PROBES
from dissector.registry.model import About, Code, Kind, MessageType, Status, Text

_ROUTER_RENUMBERING = MessageType(
    number=138,
    name=Text("Router Renumbering", "路由器重新编号"),
    kind=Kind.INFORMATIONAL,
    shape=renumbering.RouterRenumbering,
    rfc=("RFC 2894",),
    about=About(
        sender=Text(
            "A management station, and the routers that report to it.", "管理站，以及向其报告的路由器。"
        ),
        meaning=Text(
            "Adds, changes or removes prefixes on many routers at once.",
            "同时在多台路由器上增加、更改或删除前缀。",
        ),
        receiver=Text(
            "A router obeys commands that IPsec has authenticated and whose sequence number is new (RFC"
            " 2894, 3 and 4); hosts discard it.",
            "路由器执行经IPsec认证且序列号未过期的命令（RFC 2894，3和4）；主机将其丢弃。",
        ),
        action=Text(
            "Hardly any network uses it. Unless yours does, treat it as an attack and find the sender.",
            "几乎没有网络使用。若本网未使用，应视为攻击并查明发送者。",
        ),
        filtering=Text(
            "Drop it at the site border (RFC 4890, 4.3.5); IPsec protects the routers themselves (4.4.3).",
            "在站点边界丢弃（RFC 4890，4.3.5）；路由器自身由IPsec保护（4.4.3）。",
        ),
    ),
    codes=(
        Code(
            0,
            Text("Router Renumbering Command", "路由器重新编号命令"),
            About(
                sender=Text("A management station.", "管理站。"),
                meaning=Text(
                    "Match these prefixes and add, change or replace with those; with the T flag only a"
                    " test.",
                    "匹配这些前缀，并增加、更改或替换为另一些前缀；带T标志时仅作测试。",
                ),
            ),
        ),
        Code(
            1,
            Text("Router Renumbering Result", "路由器重新编号结果"),
            About(
                sender=Text(
                    "A router that carried out a command with the R flag.", "执行了带R标志命令的路由器。"
                ),
                meaning=Text(
                    "Which prefixes the command matched, on which interface.",
                    "命令在哪个接口上匹配到哪些前缀。",
                ),
                receiver=Text(
                    "The station notes which routers have carried out the command.",
                    "管理站据此得知哪些路由器已执行命令。",
                ),
            ),
        ),
        Code(
            255,
            Text("Sequence Number Reset", "序列号重置"),
            About(
                sender=Text("A management station.", "管理站。"),
                meaning=Text(
                    "Forget the last sequence number and every key used so far (RFC 2894, 5).",
                    "清除已记录的序列号，并作废迄今用过的所有密钥（RFC 2894，5）。",
                ),
                receiver=Text(
                    "The router takes commands again only under a key that it has not used before.",
                    "此后路由器只接受以未曾用过的密钥认证的命令。",
                ),
            ),
        ),
    ),
)

_UNASSIGNED = About(
    sender=Text("No one, by any standard.", "没有任何标准规定由谁发送。"),
    meaning=Text(
        "No message has this number yet. By its number it is informational.",
        "该编号尚未分配，按编号属于信息报文。",
    ),
    receiver=Text("Must discard it in silence (RFC 4443, 2.4 b).", "必须静默丢弃（RFC 4443，2.4 b）。"),
    action=Text(
        "See whether IANA has assigned it since. If not, ask what the sender runs, or suspect a covert"
        " channel.",
        "先查IANA是否已新分配该编号；若没有，查明发送方运行的软件，或考虑隐蔽信道。",
    ),
    filtering=Text(
        "A matter of policy for end sites; transit networks must let it pass (RFC 4890, 4.3.4). To the"
        " firewall itself: drop (4.4.5).",
        "末端站点自行制定策略；过境网络必须放行（RFC 4890，4.3.4）。发往防火墙自身的应丢弃（4.4.5）。",
    ),
)

_EXPERIMENT = About(
    sender=Text(
        "Whoever runs an experiment; several may use the number at once (RFC 4443, 2.1).",
        "进行实验的任何一方；同一编号可能被多个实验同时使用（RFC 4443，2.1）。",
    ),
    meaning=Text("What the experiment says; there is no public format.", "由实验自行定义，没有公开格式。"),
    receiver=Text(
        "A stack that does not take part discards it in silence (RFC 4443, 2.4 b).",
        "未参与实验的协议栈静默丢弃（RFC 4443，2.4 b）。",
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
        "Held back in case the informational types run out: the code would then number the new messages (RFC"
        " 4443, 2.1).",
        "留作信息类型用尽时扩展之用：届时可用代码字段为新报文编号（RFC 4443，2.1）。",
    ),
    receiver=Text("Discards it in silence (RFC 4443, 2.4 b).", "静默丢弃（RFC 4443，2.4 b）。"),
    action=Text(
        "Find the host that sends it; it has no business to.", "找出发送它的主机；目前没有正当用途。"
    ),
    filtering=Text(
        "Drop it until ICMPv6 needs the extension (RFC 4890, 4.3.5 and 4.4.5).",
        "在ICMPv6启用该扩展之前应丢弃（RFC 4890，4.3.5和4.4.5）。",
    ),
)

_WITHOUT_A_MESSAGE: tuple[MessageType, ...] = (
    *(
        MessageType(
            number=number,
            last=last,
            name=Text("Unassigned", "未分配"),
            kind=Kind.INFORMATIONAL,
            shape=base.Opaque,
            status=Status.UNASSIGNED,
            about=_UNASSIGNED,
        )
        for number, last in ((162, 199), (202, 254))
    ),
    *(
        MessageType(
            number=number,
            name=Text("Private experimentation", "私有实验"),
            kind=Kind.INFORMATIONAL,
            shape=base.Opaque,
            rfc=("RFC 4443",),
            status=Status.EXPERIMENTAL,
            about=_EXPERIMENT,
        )
        for number in (200, 201)
    ),
    MessageType(
        number=255,
        name=Text("Reserved for expansion of ICMPv6 informational messages", "保留,用于扩展ICMPv6信息报文"),
        kind=Kind.INFORMATIONAL,
        shape=base.Opaque,
        rfc=("RFC 4443",),
        status=Status.UNASSIGNED,
        about=_EXPANSION,
    ),
)

TYPES: tuple[MessageType, ...] = tuple(
    sorted(
        (*PROBES, _ROUTER_RENUMBERING, *MOBILE_NODES, *LOW_POWER, *_WITHOUT_A_MESSAGE),
        key=lambda row: row.number,
    )
)
