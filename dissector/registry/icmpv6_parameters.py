"""The row of ICMPv6 Parameter Problem (type 4, RFC 4443, 3.4) and its codes."""

from __future__ import annotations

from dissector.messages import errors6
from dissector.registry.model import About, Code, Effect, Kind, MessageType, Text

_LATER_THAN_4890 = Text(
    "RFC 4890 is older than this code. RFC 8883, 6, lets firewalls treat it as RFC 4890 treats such errors:"
    " pass it as the other codes of type 4.",
    "RFC 4890早于该代码。按RFC 8883（6），防火墙可参照RFC 4890处理：与类型4的其他代码一样放行。",
)

_LIMIT_RECEIVER = Text(
    "Should check it against what was sent, log it, and tell the application if that asked for extension"
    " headers; the host may then send fewer of them (RFC 8883, 4.2).",
    "应与实际发出的数据包核对并记录日志；扩展首部若由应用程序启用，应通知该程序。主机此后可减少使用扩展首部"
    "（RFC 8883，4.2）。",
)

_LIMIT_SENDER = Text(
    "A host or a router whose limits on extension headers the packet exceeds.",
    "对扩展首部设有上限、而数据包超出该上限的主机或路由器。",
)

PARAMETER_PROBLEM = MessageType(
    number=4,
    name=Text("Parameter Problem", "参数问题"),
    kind=Kind.ERROR,
    shape=errors6.ParameterProblem6,
    rfc=("RFC 4443",),
    errno="EPROTO",
    fatal=True,
    about=About(
        sender=Text(
            "Mostly the destination; a router, if a hop-by-hop option, a routing header or its own limits are"
            " concerned.",
            "多为目的主机；涉及逐跳选项、路由首部或自身处理上限时也可能是路由器。",
        ),
        meaning=Text(
            "A field of the IPv6 header or of an extension header kept the node from processing the packet,"
            " which it discarded. The pointer is the offset of that field in the quoted packet.",
            "IPv6首部或扩展首部中的某个字段使节点无法继续处理，数据包已被丢弃。指针是该字段在被引用数据包中"
            "的偏移。",
        ),
        receiver=Text(
            "Passes it to the transport that sent the packet. Linux reports EPROTO to connected UDP sockets.",
            "上报给发出该数据包的传输层。Linux向已连接的UDP套接字返回EPROTO。",
        ),
        action=Text(
            "Find the octet at the pointer in the quoted packet: it names the header or option. Then ask who"
            " put it there, the sending stack or a device on the way. The pointer may lie beyond the quoted"
            " octets.",
            "在所引用的数据包中按指针找到对应的八位组，即可知道是哪个首部或选项；再查它是发送方协议栈还是途"
            "中设备所加。指针可能超出所引用的范围。",
        ),
        filtering=Text(
            "Codes 1 and 2 must not be dropped, code 0 normally should not (RFC 4890, 4.3.1 and 4.3.2; the"
            " same for the firewall itself, 4.4.1 and 4.4.2).",
            "代码1和2不得丢弃，代码0通常不应丢弃（RFC 4890，4.3.1和4.3.2；发往防火墙自身的同样处理，"
            "见4.4.1和4.4.2）。",
        ),
    ),
    codes=(
        Code(
            0,
            Text("erroneous header field encountered", "遇到错误的首部字段"),
            About(
                meaning=Text(
                    "The field at the pointer has a value that makes no sense. Also the answer to a failed"
                    " HMAC of a segment routing header (RFC 8754, 2.1.2.1).",
                    "指针所指字段的值不合法。分段路由首部的HMAC校验失败也以此应答（RFC 8754，2.1.2.1）。",
                ),
                action=Text(
                    "The sender builds broken headers, or something on the path changed them: capture at"
                    " both ends and compare the octets around the pointer.",
                    "发送方构造了错误的首部，或途中被改动：在两端同时抓包，比对指针附近的八位组。",
                ),
                filtering=Text(
                    "Normally should not be dropped: RFC 4890, 4.3.2 in transit, 4.4.2 for the firewall"
                    " itself.",
                    "通常不应丢弃：过境见RFC 4890（4.3.2），发往防火墙自身见4.4.2。",
                ),
            ),
            effect=Effect.SOFT,
        ),
        Code(
            1,
            Text("unrecognized Next Header type encountered", "遇到无法识别的下一首部类型"),
            About(
                sender=Text("The destination.", "目的主机。"),
                meaning=Text(
                    "The destination does not know the protocol or extension header that the Next Header"
                    " field at the pointer announces. IPv6's way to say 'protocol unreachable'.",
                    "指针所指的下一首部字段声明的协议或扩展首部，目的主机不认识。相当于IPv4的协议不可达。",
                ),
                action=Text(
                    "Enable that protocol (ESP, GRE, SCTP …) on the destination, or stop sending it there.",
                    "在目的主机上启用该协议（ESP、GRE、SCTP等），或不再向它发送。",
                ),
                filtering=Text(
                    "Must not be dropped: without it the sender cannot adapt (RFC 4890, 4.3.1, 4.4.1 and"
                    " A.4).",
                    "不得丢弃：否则发送方无从调整（RFC 4890，4.3.1、4.4.1和A.4）。",
                ),
            ),
            effect=Effect.SOFT,
        ),
        Code(
            2,
            Text("unrecognized IPv6 option encountered", "遇到无法识别的IPv6选项"),
            About(
                sender=Text(
                    "The destination for a destination option, any router for a hop-by-hop option. Allowed"
                    " for multicast destinations too, if the option type starts with the bits 10 (RFC 4443,"
                    " 2.4 e).",
                    "目的选项由目的主机报告，逐跳选项可由任一路由器报告。选项类型最高两位为10时，"
                    "对组播目的地址也允许发送（RFC 4443，2.4 e）。",
                ),
                meaning=Text(
                    "The node does not know the option at the pointer, and the option's first two bits ask"
                    " for this message.",
                    "节点不认识指针所指的选项，而该选项类型的最高两位要求发送本报文。",
                ),
                action=Text(
                    "Stop sending the option, or give it a type whose first bits are 00, to be skipped. Many"
                    " such answers to one multicast packet are an attack on its source (RFC 4443, 5.2).",
                    "停用该选项，或改用最高两位为00（可跳过）的选项类型。一个组播包引来大量此类应答，"
                    "是对其源地址的攻击（RFC 4443，5.2）。",
                ),
                filtering=Text(
                    "Must not be dropped: without it the sender cannot adapt (RFC 4890, 4.3.1, 4.4.1 and"
                    " A.4).",
                    "不得丢弃：否则发送方无从调整（RFC 4890，4.3.1、4.4.1和A.4）。",
                ),
            ),
            effect=Effect.SOFT,
        ),
        Code(
            3,
            Text("IPv6 First Fragment has incomplete IPv6 Header Chain", "IPv6首个分片的首部链不完整"),
            About(
                sender=Text(
                    "The destination, or a firewall on the way that insists on seeing all headers.",
                    "目的主机，或途中要求看到完整首部的防火墙。",
                ),
                meaning=Text(
                    "The headers of a fragmented packet, down to TCP or UDP, do not all fit in its first"
                    " fragment, as RFC 7112, 5, demands. The pointer is 0.",
                    "分片数据包的首部（直到TCP或UDP）没有全部放进首个分片，违反RFC 7112（5）的要求。"
                    "指针固定为0。",
                ),
                action=Text(
                    "Honest stacks do not send this: look for a fragmentation attack or a broken tunnel"
                    " endpoint. Otherwise shorten the extension headers.",
                    "正常的协议栈不会发出这种数据包：应怀疑分片攻击或有缺陷的隧道端点；否则缩短扩展首部。",
                ),
                filtering=Text(
                    "RFC 4890 is older than this code; pass it as it passes code 0 (4.3.2).",
                    "RFC 4890早于该代码；可比照代码0（4.3.2）放行。",
                ),
            ),
            rfc=("RFC 7112",),
        ),
        Code(
            4,
            Text("SR Upper-layer Header Error", "分段路由(SR)上层首部错误"),
            About(
                sender=Text("An endpoint of an SRv6 segment.", "SRv6段的端点节点。"),
                meaning=Text(
                    "A packet addressed to one of its segment identifiers carries an upper-layer header that"
                    " is not allowed there; the pointer is that header's offset (RFC 8754, 4.3.1.2).",
                    "发往其段标识（SID）的数据包携带了不允许的上层首部；指针是该首部的偏移（RFC 8754，"
                    "4.3.1.2）。",
                ),
                action=Text(
                    "Within the SR domain: is the SID meant to decapsulate, and does the head end"
                    " encapsulate? Someone who pings a SID sees this too.",
                    "在SR域内检查：该SID是否应当解封装，头端是否做了封装。直接ping一个SID也会收到它。",
                ),
                filtering=Text(
                    "RFC 4890 is older than this code. It belongs inside the SR domain (RFC 8754, 5.4): pass"
                    " it there.",
                    "RFC 4890早于该代码。它只应出现在SR域内（RFC 8754，5.4），域内应放行。",
                ),
            ),
            rfc=("RFC 8754",),
        ),
        Code(
            5,
            Text(
                "Unrecognized Next Header type encountered by intermediate node",
                "中间节点遇到无法识别的下一首部类型",
            ),
            About(
                sender=Text(
                    "A router or firewall on the way; never the destination, which sends code 1 (RFC 8883,"
                    " 2.2).",
                    "途中的路由器或防火墙；目的主机不应发送，它使用代码1（RFC 8883，2.2）。",
                ),
                meaning=Text(
                    "A device on the path looked into the packet, met a Next Header value it does not know,"
                    " and dropped the packet.",
                    "途中设备检查数据包时遇到不认识的下一首部值，于是将其丢弃。",
                ),
                receiver=_LIMIT_RECEIVER,
                action=Text(
                    "Teach the reporting device that header, switch off its deep inspection for this"
                    " traffic, or carry the traffic in UDP.",
                    "让报告的设备支持该首部，对该流量关闭深度检查，或改用UDP承载。",
                ),
                filtering=_LATER_THAN_4890,
            ),
            rfc=("RFC 8883",),
        ),
        Code(
            6,
            Text("Extension header too big", "扩展首部过大"),
            About(
                sender=_LIMIT_SENDER,
                meaning=Text(
                    "One extension header is longer than the node accepts; the pointer is its first octet"
                    " (RFC 8883, 2.3).",
                    "某个扩展首部的长度超过节点的上限；指针指向该首部的第一个八位组（RFC 8883，2.3）。",
                ),
                receiver=_LIMIT_RECEIVER,
                action=Text(
                    "Make that header smaller (fewer segments, fewer options) or raise the limit of the"
                    " reporting node.",
                    "缩小该首部（减少段或选项），或提高报告节点的上限。",
                ),
                filtering=_LATER_THAN_4890,
            ),
            rfc=("RFC 8883",),
        ),
        Code(
            7,
            Text("Extension header chain too long", "扩展首部链过长"),
            About(
                sender=_LIMIT_SENDER,
                meaning=Text(
                    "All extension headers together have more octets than the node accepts; the pointer is"
                    " the first octet beyond its limit (RFC 8883, 2.4).",
                    "全部扩展首部的总长超过节点的上限；指针指向超限的第一个八位组（RFC 8883，2.4）。",
                ),
                receiver=_LIMIT_RECEIVER,
                action=Text(
                    "Shorten the chain, or raise the limit of the reporting node.",
                    "缩短首部链，或提高报告节点的上限。",
                ),
                filtering=_LATER_THAN_4890,
            ),
            rfc=("RFC 8883",),
        ),
        Code(
            8,
            Text("Too many extension headers", "扩展首部过多"),
            About(
                sender=_LIMIT_SENDER,
                meaning=Text(
                    "There are more extension headers than the node accepts, whatever their length; the"
                    " pointer is the first one too many (RFC 8883, 2.5).",
                    "扩展首部的个数超过节点的上限，与长度无关；指针指向第一个超出的首部（RFC 8883，2.5）。",
                ),
                receiver=_LIMIT_RECEIVER,
                action=Text(
                    "Send fewer extension headers: merge options into one, drop a routing header. Or raise"
                    " the limit of the reporting node.",
                    "减少扩展首部：把选项合并到一个首部，或去掉路由首部；也可提高报告节点的上限。",
                ),
                filtering=_LATER_THAN_4890,
            ),
            rfc=("RFC 8883",),
        ),
        Code(
            9,
            Text("Too many options in extension header", "扩展首部中的选项过多"),
            About(
                sender=_LIMIT_SENDER,
                meaning=Text(
                    "A Hop-by-Hop or Destination Options header holds more options than the node accepts;"
                    " the pointer is the first one too many (RFC 8883, 2.6).",
                    "逐跳选项首部或目的选项首部中的选项个数超过节点的上限；指针指向第一个超出的选项（RFC"
                    " 8883，2.6）。",
                ),
                receiver=_LIMIT_RECEIVER,
                action=Text(
                    "Send fewer options, or raise the limit of the reporting node.",
                    "减少选项，或提高报告节点的上限。",
                ),
                filtering=_LATER_THAN_4890,
            ),
            rfc=("RFC 8883",),
        ),
        Code(
            10,
            Text("Option too big", "选项过大"),
            About(
                sender=_LIMIT_SENDER,
                meaning=Text(
                    "One option is longer than the node accepts, or there is too much padding in a row (the"
                    " usual limit is seven octets); the pointer is the offending option (RFC 8883, 2.7).",
                    "某个选项过长，或连续的填充选项过多（通常上限为7个八位组）；指针指向出问题的选项（RFC"
                    " 8883，2.7）。",
                ),
                receiver=_LIMIT_RECEIVER,
                action=Text(
                    "Shorten the option or its padding. Much padding has no honest use: think of a covert"
                    " channel.",
                    "缩短选项或填充。大量填充没有正当用途，应考虑是否为隐蔽信道。",
                ),
                filtering=_LATER_THAN_4890,
            ),
            rfc=("RFC 8883",),
        ),
    ),
)
