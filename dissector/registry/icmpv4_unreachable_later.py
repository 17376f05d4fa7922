"""The later codes of ICMPv4 Destination Unreachable: 6 to 12 from RFC 1122, 13 to 15 from RFC 1812.

RFC 1812, 5.2.7.1, says which of them a router still sends.
"""

from __future__ import annotations

from dissector.registry.model import About, Code, Status, Text

LATER_CODES: tuple[Code, ...] = (
    Code(
        6,
        Text("Destination Network Unknown", "目的网络未知"),
        About(
            sender=Text("Routers of old; they should send code 0 now.", "旧式路由器；如今应改发代码0。"),
            meaning=Text(
                "Claims that the destination network does not exist, which a router cannot know.",
                "声称目的网络不存在，而路由器其实无从得知。",
            ),
            receiver=Text("As for code 0; Linux holds it for fatal.", "同代码0；但Linux视为致命错误。"),
            action=Text(
                "Treat it as code 0: look the destination up on the reporting router.",
                "按代码0处理：在报告的路由器上查询该目的地址。",
            ),
            note=Text(
                "IANA lists it without a mark; RFC 1812, 5.2.7.1, says that it should not be generated.",
                "IANA未作标记；RFC 1812（5.2.7.1）规定不应再产生该代码。",
            ),
        ),
        rfc=("RFC 1122",),
        status=Status.OBSOLETE,
        errno="ENETUNREACH",
        fatal=True,
    ),
    Code(
        7,
        Text("Destination Host Unknown", "目的主机未知"),
        About(
            sender=Text(
                "A router that learned it from the link layer (RFC 1812, 5.2.7.1).",
                "由链路层得知此事的路由器（RFC 1812，5.2.7.1）。",
            ),
            meaning=Text(
                "The link layer itself says that the host does not exist. No answer to ARP is code 1.",
                "链路层明确告知该主机不存在。ARP无应答属于代码1。",
            ),
            action=Text(
                "Correct the destination address, or the link layer's table of addresses. Rare on Ethernet.",
                "改正目的地址，或链路层的地址表。在以太网上少见。",
            ),
        ),
        rfc=("RFC 1122",),
        errno="EHOSTDOWN",
        fatal=True,
    ),
    Code(
        8,
        Text("Source Host Isolated", "源主机被隔离"),
        About(
            sender=Text("Packet switches and routers of old.", "旧式分组交换机和路由器。"),
            meaning=Text(
                "The source host is cut off from the network behind the sender of this message.",
                "源主机与发出本报文的节点之后的网络相隔离。",
            ),
            action=Text(
                "Treat it as code 0 or 1, and find out which equipment still sends it.",
                "按代码0或1处理，并查明哪台设备仍在发送。",
            ),
            note=Text(
                "IANA lists it without a mark; RFC 1812, 5.2.7.1, tells routers to send code 0 or 1 instead.",
                "IANA未作标记；RFC 1812（5.2.7.1）要求路由器改发代码0或1，即“作废不用”。",
            ),
        ),
        rfc=("RFC 1122",),
        status=Status.OBSOLETE,
        errno="ENONET",
        fatal=True,
    ),
    Code(
        9,
        Text("Communication with Destination Network is Administratively Prohibited", "目的网络被强制禁止"),
        About(
            sender=Text(
                "An end-to-end encryptor, or a node that checks IP security labels (RFC 1108, 2.8.2).",
                "端到端加密设备，或检查IP安全标记的节点（RFC 1108，2.8.2）。",
            ),
            meaning=Text(
                "Policy forbids this source to talk to the whole network.",
                "策略禁止该源地址与整个目的网络通信。",
            ),
            action=Text(
                "Search the policy and the deny log of the node that sent the message for the quoted"
                " addresses.",
                "按报文所引用的地址，查发出该报文的节点的策略和拒绝日志。",
            ),
            note=Text(
                "It was made for encryptors of the United States' military; filtering routers should send"
                " code 13 (RFC 1812, 5.2.7.1).",
                "该代码原为美军的端到端加密设备而设；做过滤的路由器应发送代码13（RFC 1812，5.2.7.1）。"
                "“强制禁止”通常称“管理性禁止”。",
            ),
        ),
        rfc=("RFC 1122",),
        errno="ENETUNREACH",
        fatal=True,
    ),
    Code(
        10,
        Text("Communication with Destination Host is Administratively Prohibited", "目的主机被强制禁止"),
        About(
            sender=Text(
                "As code 9; also Linux firewalls whose REJECT rule names icmp-host-prohibited.",
                "同代码9；另有REJECT规则指定icmp-host-prohibited的Linux防火墙。",
            ),
            meaning=Text(
                "Policy forbids this source to talk to this host.", "策略禁止该源地址与该主机通信。"
            ),
            action=Text(
                "Look at the firewall of the host itself first: its last rule often is such a REJECT. Then"
                " at the policy of the node that sent the message.",
                "先查目的主机自身的防火墙：其末条规则往往就是这种REJECT。再查发出该报文的节点的策略。",
            ),
            note=Text(
                "As for code 9: filtering routers should send code 13 (RFC 1812, 5.2.7.1).",
                "同代码9：做过滤的路由器应发送代码13（RFC 1812，5.2.7.1）。“强制禁止”通常称“管理性禁止”。",
            ),
        ),
        rfc=("RFC 1122",),
        errno="EHOSTUNREACH",
        fatal=True,
    ),
    Code(
        11,
        Text("Destination Network Unreachable for Type of Service", "对特定的TOS网络不可达报文"),
        About(
            sender=Text(
                "A router that routes by type of service (RFC 1812, 4.3.3.1).",
                "按服务类型选路的路由器（RFC 1812，4.3.3.1）。",
            ),
            meaning=Text(
                "There are routes to the network, but none with the TOS asked for or with the default TOS.",
                "有到该网络的路由，但没有一条符合所请求的TOS或默认TOS。",
            ),
            action=Text(
                "Send with TOS 0, or look at the TOS routes of the reporting router.",
                "改用TOS 0发送，或检查报告路由器的TOS路由。",
            ),
            note=Text(
                "The TOS octet has become the DS field (RFC 2474), and routing by TOS is no longer in use.",
                "TOS八位组已改作DS字段（RFC 2474），按TOS选路已不再使用。",
            ),
        ),
        rfc=("RFC 1122",),
        errno="ENETUNREACH",
        fatal=False,
    ),
    Code(
        12,
        Text("Destination Host Unreachable for Type of Service", "对特定的TOS主机不可达报文"),
        About(
            sender=Text(
                "The last router before the destination, if it routes by type of service (RFC 1812,"
                " 4.3.3.1).",
                "到目的地之前的最后一台路由器，若它按服务类型选路（RFC 1812，4.3.3.1）。",
            ),
            meaning=Text(
                "There are routes to the host, but none with the TOS asked for or with the default TOS.",
                "有到该主机的路由，但没有一条符合所请求的TOS或默认TOS。",
            ),
            action=Text(
                "Send with TOS 0, or look at the TOS routes of the reporting router.",
                "改用TOS 0发送，或检查报告路由器的TOS路由。",
            ),
            note=Text(
                "The TOS octet has become the DS field (RFC 2474), and routing by TOS is no longer in use.",
                "TOS八位组已改作DS字段（RFC 2474），按TOS选路已不再使用。",
            ),
        ),
        rfc=("RFC 1122",),
        errno="EHOSTUNREACH",
        fatal=False,
    ),
    Code(
        13,
        Text("Communication Administratively Prohibited", "由于过滤 网络流量被禁止报文"),
        About(
            sender=Text(
                "A router or firewall with a filter; a NAT that has no room for the new session or may not"
                " open it (RFC 5508, REQ-8).",
                "配置了过滤规则的路由器或防火墙；因资源不足或策略而不能建立新会话的NAT（RFC 5508，REQ-8）。",
            ),
            meaning=Text(
                "A rule refuses this traffic; the network itself may be well.",
                "流量被规则拒绝；网络本身可能一切正常。",
            ),
            action=Text(
                "Search the rules and the deny log of the node that sent the message, not of the"
                " destination, for the addresses and ports quoted in it.",
                "按报文所引用的地址和端口，查发出该报文的节点（而不是目的主机）的规则和拒绝日志。",
            ),
            filtering=Text(
                "Let it pass. Routers may be set not to send it (RFC 1812, 5.2.7.1); senders then wait for"
                " timeouts.",
                "应放行。路由器可配置为不发送（RFC 1812，5.2.7.1），但发送方将只能等待超时。",
            ),
            note=Text(
                "Some tables add 'by filtering' to the name; RFC 1812, 5.2.7.1, has it in the explanation"
                " only.",
                "有的资料在名称中加上“由于过滤”，RFC 1812（5.2.7.1）只在解释中提到；"
                "通常称“通信被管理性禁止”。",
            ),
        ),
        rfc=("RFC 1812",),
        errno="EHOSTUNREACH",
        fatal=True,
    ),
    Code(
        14,
        Text("Host Precedence Violation", "主机越权报文"),
        About(
            sender=Text(
                "The first router of the path, if it checks precedence (RFC 1812, 5.3.3.3).",
                "路径上的第一台路由器，若它检查优先级（RFC 1812，5.3.3.3）。",
            ),
            meaning=Text(
                "The host asked for a precedence that it may not use for these addresses, protocol and"
                " ports.",
                "主机对这些地址、协议和端口使用了不允许的优先级。",
            ),
            action=Text(
                "Send with a lower precedence (the first three bits of the TOS octet; today the class"
                " selectors of the DSCP), or permit it on the first router.",
                "改用较低的优先级（TOS八位组的前三位，如今是DSCP的类选择码），或在第一台路由器上允许它。",
            ),
            filtering=Text(
                "Let it pass. Routers may be set not to send it (RFC 1812, 5.2.7.1).",
                "应放行。路由器可配置为不发送（RFC 1812，5.2.7.1）。",
            ),
            note=Text(
                "It is about the precedence of the datagram, not about access rights.",
                "此处的“越权”指超出允许的优先级，与访问权限无关；通常称“主机优先级违规”。",
            ),
        ),
        rfc=("RFC 1812",),
        errno="EHOSTUNREACH",
        fatal=True,
    ),
    Code(
        15,
        Text("Precedence cutoff in effect", "优先权终止生效报文"),
        About(
            sender=Text(
                "A router on the path that drops what is below a minimum precedence (RFC 1812, 5.3.3.3).",
                "路径上丢弃低于最低优先级的流量的路由器（RFC 1812，5.3.3.3）。",
            ),
            meaning=Text(
                "The operators demand a minimum precedence at present, and the datagram had less.",
                "运营者当前规定了最低优先级，而该数据报低于此值。",
            ),
            action=Text(
                "Wait, or ask the operator which precedence is needed; the cutoff may push traffic into a"
                " dead end where another path exists.",
                "稍后再试，或向运营者询问所需的优先级；即使另有可用路径，"
                "流量也可能被引入该截止区域而被丢弃。",
            ),
            filtering=Text(
                "Let it pass. Routers may be set not to send it (RFC 1812, 5.2.7.1).",
                "应放行。路由器可配置为不发送（RFC 1812，5.2.7.1）。",
            ),
            note=Text(
                "Some tables print 'ineffect': the cutoff is in effect.",
                "有的资料误作“ineffect”，应为“in effect”（生效）；通常称“优先级截止生效”。",
            ),
        ),
        rfc=("RFC 1812",),
        errno="EHOSTUNREACH",
        fatal=True,
    ),
)
