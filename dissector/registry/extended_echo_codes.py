"""The codes of extended echo, which RFC 8335 gives to ICMPv4 (42, 43) and ICMPv6 (160, 161) alike."""

from __future__ import annotations

from dissector.registry.model import About, Code, Status, Text

REQUEST_CODES: tuple[Code, ...] = (
    Code(0, Text("No Error", "无错误")),
    Code(
        1,
        Text("Unassigned", "未分配"),
        About(
            meaning=Text(
                "Senders set the code of a request to 0 and receivers ignore it (RFC 8335, 2): other values"
                " have no meaning.",
                "发送方将请求的代码置0，接收方忽略该字段（RFC 8335，2），其余取值没有定义。",
            ),
        ),
        status=Status.UNASSIGNED,
        last=255,
    ),
)

REPLY_CODES: tuple[Code, ...] = (
    Code(
        0,
        Text("No Error", "无错误"),
        About(
            meaning=Text(
                "For an own interface: A active, 4 and 6 the protocols it runs. For a neighbour: the state"
                " of its"
                " cache entry (2 reachable, 6 failed).",
                "自身接口：A表示活动，4和6表示所运行的协议。邻居接口：其缓存表项的状态（2可达，6失败）。",
            ),
            action=Text(
                "A clear: the interface exists but is down. State 6 or 1: the proxy cannot reach the"
                " neighbour.",
                "A为0：接口存在但未启用。状态为6或1：代理无法到达该邻居。",
            ),
        ),
    ),
    Code(
        1,
        Text("Malformed Query", "查询格式错误"),
        About(
            meaning=Text(
                "The request did not name exactly one interface, or named a neighbour's by name or index.",
                "请求没有恰好指定一个接口，或以名称、索引指定邻居的接口。",
            ),
            action=Text(
                "Correct the client: one identification object; with the L bit clear, an address.",
                "改正客户端：只带一个接口标识对象；L位为0时只能用地址。",
            ),
        ),
    ),
    Code(
        2,
        Text("No Such Interface", "无此接口"),
        About(
            meaning=Text(
                "The proxy has no such interface, or has it in another VPN (RFC 8335, 8).",
                "代理上没有该接口，或该接口属于另一个VPN（RFC 8335，8）。",
            ),
            action=Text(
                "Check the name (it must match exactly), the index or the address.",
                "检查接口名称（须完全一致）、索引或地址。",
            ),
        ),
    ),
    Code(
        3,
        Text("No Such Table Entry", "无此表项"),
        About(
            meaning=Text(
                "The address is not in the proxy's neighbour cache or ARP table.",
                "代理的邻居缓存或ARP表中没有该地址。",
            ),
            action=Text(
                "Let the proxy talk to that neighbour first (ping it), then ask again.",
                "先让代理与该邻居通信（例如ping一次），再重新查询。",
            ),
        ),
    ),
    Code(
        4,
        Text("Multiple Interfaces Satisfy Query", "多个接口符合查询"),
        About(
            meaning=Text(
                "More than one interface or cache entry fits, as with a link-local address.",
                "有多个接口或缓存表项符合，例如用链路本地地址查询时。",
            ),
            action=Text("Ask by name or index.", "改用名称或索引查询。"),
        ),
    ),
    Code(
        5,
        Text("Unassigned", "未分配"),
        About(
            meaning=Text("No meaning has been given to this code.", "该代码没有定义。"),
            action=Text("See whether IANA has assigned it since.", "查看IANA是否已新分配该代码。"),
        ),
        status=Status.UNASSIGNED,
        last=255,
    ),
)
