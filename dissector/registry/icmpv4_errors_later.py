"""The rows of later ICMPv4 errors: of converters (31, RFC 1475) and of IP security (40, RFC 2521)."""

from __future__ import annotations

from dissector.messages import errors
from dissector.registry.model import About, Code, Kind, MessageType, Status, Text

_CONVERSION_CODES: tuple[tuple[Text, Text], ...] = (
    (
        Text("Unknown/unspecified error", "未知/未说明的错误"),
        Text(
            "Anything that no other code names; only the pointer tells more.",
            "其他代码均不适用的情况；只有指针给出线索。",
        ),
    ),
    (
        Text("Don't Convert option present", '存在"不转换"选项'),
        Text(
            "The sender forbade the conversion by an option of the datagram.",
            "发送方用选项禁止转换该数据报。",
        ),
    ),
    (
        Text("Unknown mandatory option present", "存在未知的必选选项"),
        Text(
            "An IP option that must not be left out is not known to the converter.",
            "转换器不认识某个不可省略的IP选项。",
        ),
    ),
    (
        Text("Known unsupported option present", "存在已知但不支持的选项"),
        Text("The converter knows the option, but cannot convert it.", "转换器认识该选项，但无法转换。"),
    ),
    (
        Text("Unsupported transport protocol", "不支持的传输协议"),
        Text(
            "The converter cannot convert this transport; it should quote 256 octets, because the transport"
            " header's end is not known.",
            "转换器不支持该传输协议；由于无法识别传输层首部，应引用256个八位组。",
        ),
    ),
    (
        Text("Overall length exceeded", "总长度超限"),
        Text("The datagram would be too long after the conversion.", "数据报转换后将会过长。"),
    ),
    (
        Text("IP header length exceeded", "IP首部长度超限"),
        Text(
            "The IP header, with its options, would be too long after the conversion.",
            "IP首部连同选项转换后将会过长。",
        ),
    ),
    (
        Text("Transport protocol > 255", "传输协议号大于255"),
        Text("IPv4 has only one octet for the protocol number.", "IPv4的协议号只有一个八位组。"),
    ),
    (
        Text("Port conversion out of range", "端口转换超出范围"),
        Text(
            "The port number does not fit the 16 bits of IPv4's transports.", "端口号超出IPv4传输协议的16位。"
        ),
    ),
    (
        Text("Transport header length exceeded", "传输层首部长度超限"),
        Text(
            "The transport header, with its options, would be too long after the conversion.",
            "传输层首部连同选项转换后将会过长。",
        ),
    ),
    (
        Text("32 Bit Rollover missing and ACK set", "缺少32位回绕且ACK置位"),
        Text(
            "A TCP segment acknowledges data, but lacks the option that says that only the low 32 bits of"
            " its numbers count.",
            "TCP报文段带有确认，却缺少表明序列号和确认号只有低32位有效的选项。",
        ),
    ),
    (
        Text("Unknown mandatory transport option present", "存在未知的必选传输层选项"),
        Text(
            "A transport option that must not be left out is not known to the converter.",
            "转换器不认识某个不可省略的传输层选项。",
        ),
    ),
)

_CONVERSION_ERROR = MessageType(
    number=31,
    name=Text("Datagram Conversion Error", "数据报转换错误"),
    kind=Kind.ERROR,
    shape=errors.DatagramConversionError,
    rfc=("RFC 1475", "RFC 6918"),
    status=Status.DEPRECATED,
    about=About(
        sender=Text(
            "A router between IPv4 and TP/IX, 'IP version 7' (RFC 1475). It was never widely used.",
            "IPv4与TP/IX（“IP版本7”，RFC 1475）之间的转换路由器。从未得到广泛使用。",
        ),
        meaning=Text(
            "A valid datagram could not be converted; the pointer is the offset of the field at fault (RFC"
            " 1475, 6.2).",
            "有效的数据报无法转换；指针是有误字段的偏移量（RFC 1475，6.2）。",
        ),
        receiver=Text(
            "Today's stacks do not know it and discard it in silence (RFC 1122, 3.2.2).",
            "如今的协议栈不认识，静默丢弃（RFC 1122，3.2.2）。",
        ),
        action=Text(
            "No one has a use for it: find out which tool or scan sends it.",
            "已无任何用途：查明是什么工具或扫描在发送。",
        ),
        filtering=Text(
            "Drop it: RFC 6918, 5, deprecates it as a basis for filtering.",
            "丢弃：RFC 6918（5）将其弃用，可作为过滤的依据。",
        ),
        note=Text(
            "The codes are those of RFC 1475, 6.2; IANA does not register them.",
            "代码取自RFC 1475（6.2），IANA未登记。",
        ),
    ),
    codes=tuple(
        Code(number, name, About(meaning=meaning), rfc=("RFC 1475",))
        for number, (name, meaning) in enumerate(_CONVERSION_CODES)
    ),
)

_SECURITY_FAILURE = MessageType(
    number=40,
    name=Text("Photuris", "Photuris(安全失败)"),
    kind=Kind.ERROR,
    shape=errors.SecurityFailure,
    rfc=("RFC 2521",),
    status=Status.EXPERIMENTAL,
    about=About(
        sender=Text(
            "A node that received a datagram with IP security (AH, ESP) and cannot accept it. It must limit"
            " the rate (RFC 2521, 3).",
            "收到带IP安全（AH、ESP）的数据报但无法接受的节点。必须限速（RFC 2521，3）。",
        ),
        meaning=Text(
            "A security check failed. The pointer is the offset of the SPI in the quoted headers, 0 where"
            " there is none.",
            "安全检查失败。指针是SPI在所引用首部中的偏移量，没有SPI时为0。",
        ),
        receiver=Text(
            "Must make sure that the quote matches a datagram it sent, and may then start key management"
            " (RFC 2521, 1 and 3). Linux does not know the message and discards it.",
            "必须确认所引用的内容与自己发出的数据报相符，然后可启动密钥管理（RFC 2521，1和3）。"
            "Linux不认识该报文，将其丢弃。",
        ),
        action=Text(
            "Compare the security associations of both ends. If the quote fits nothing that was sent,"
            " suspect a forgery.",
            "核对两端的安全关联。若所引用的内容与已发送的不符，可能是伪造的。",
        ),
        filtering=Text(
            "Let it pass between your own security gateways only; IKE has ways of its own to report these"
            " failures.",
            "只在自己的安全网关之间放行；IKE有自己的方式报告这类失败。",
        ),
        note=Text(
            "IANA names it after the Photuris protocol; RFC 2521 calls it ICMP Security Failures.",
            "IANA以Photuris协议命名；RFC 2521称其为ICMP安全失败（Security Failures）。",
        ),
    ),
    codes=(
        Code(
            0,
            Text("Bad SPI", "错误的SPI"),
            About(
                meaning=Text("The SPI is not valid, or has expired.", "SPI无效或已过期。"),
                action=Text(
                    "Often one end lost its state in a restart: let both ends negotiate anew.",
                    "往往是一端重启后丢失了状态：让两端重新协商。",
                ),
            ),
        ),
        Code(
            1,
            Text("Authentication Failed", "鉴别失败"),
            About(
                meaning=Text(
                    "The authenticity or integrity check failed for this SPI.",
                    "对该SPI的真实性或完整性检查失败。",
                ),
                action=Text(
                    "Compare keys and algorithms of both ends; look for a NAT that rewrites what AH"
                    " protects.",
                    "核对两端的密钥和算法；检查是否有NAT改写了AH所保护的内容。",
                ),
            ),
        ),
        Code(
            2,
            Text("Decompression Failed", "解压失败"),
            About(
                meaning=Text("The decompression check failed for this SPI.", "对该SPI的解压检查失败。"),
                action=Text("Compare the compression algorithms of both ends.", "核对两端的压缩算法。"),
            ),
        ),
        Code(
            3,
            Text("Decryption Failed", "解密失败"),
            About(
                meaning=Text("The decryption check failed for this SPI.", "对该SPI的解密检查失败。"),
                action=Text("Compare keys and algorithms of both ends.", "核对两端的密钥和算法。"),
            ),
        ),
        Code(
            4,
            Text("Need Authentication", "需要鉴别"),
            About(
                meaning=Text(
                    "More authentication is demanded: there is no SPI, or one that does not suit, such as"
                    " encryption without integrity.",
                    "要求更多的鉴别：没有SPI，或SPI不合适，例如只加密而无完整性保护。",
                ),
                action=Text(
                    "Protect this traffic as the reporting node's policy demands.",
                    "按报告节点的策略要求保护该流量。",
                ),
            ),
        ),
        Code(
            5,
            Text("Need Authorization", "需要授权"),
            About(
                meaning=Text(
                    "The sender is authenticated, but not authorized for this transport or application.",
                    "发送方已通过鉴别，但未获准使用该传输协议或应用。",
                ),
                action=Text(
                    "Extend the rights of that identity on the reporting node, or use the one that has them.",
                    "在报告的节点上扩大该身份的权限，或改用有权限的身份。",
                ),
            ),
        ),
    ),
)

LATER_ERRORS: tuple[MessageType, ...] = (_CONVERSION_ERROR, _SECURITY_FAILURE)
