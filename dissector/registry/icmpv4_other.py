"""The rows of ICMPv4: the numbers without a message are here, the rest comes from the files of its family."""

from __future__ import annotations

from dissector.messages import base
from dissector.registry.icmpv4_errors import ERRORS
from dissector.registry.icmpv4_historic import HISTORIC
from dissector.registry.icmpv4_queries import QUERIES
from dissector.registry.model import About, Kind, MessageType, Status, Text

_SENDER = Text("No one, by any standard.", "没有任何标准规定由谁发送。")

_RECEIVER = Text(
    "Hosts must discard it in silence (RFC 1122, 3.2.2); a router may pass it to the ICMP user interface"
    " (RFC 1812, 4.3.2.1).",
    "主机必须静默丢弃（RFC 1122，3.2.2）；路由器可交给ICMP用户接口（RFC 1812，4.3.2.1）。",
)

_FILTERING = Text(
    "No RFC names it, and nothing needs it: it may be dropped at the border.",
    "没有RFC提及，也没有任何协议需要它：可以在边界丢弃。",
)

_UNASSIGNED = About(
    sender=_SENDER,
    meaning=Text(
        "No message has this number. Unlike in ICMPv6, the number does not tell errors from queries.",
        "该编号尚未分配。与ICMPv6不同，从编号看不出是差错还是查询报文。",
    ),
    receiver=_RECEIVER,
    action=Text(
        "See whether IANA has assigned it since. If not, look for damage, ask what the sender runs, or"
        " suspect a covert channel.",
        "先查IANA是否已新分配该编号；若没有，检查数据是否损坏、发送方运行的软件，或考虑隐蔽信道。",
    ),
    filtering=_FILTERING,
)


def _reserved(meaning: Text) -> About:
    """Return the texts of a number that is set aside for something."""
    return About(
        sender=_SENDER,
        meaning=meaning,
        receiver=_RECEIVER,
        action=Text(
            "Find the host that sends it; it has no business to.", "找出发送它的主机；目前没有正当用途。"
        ),
        filtering=_FILTERING,
    )


_EXPERIMENT = About(
    sender=Text(
        "Whoever runs an experiment; no one owns the number, so several may use it at once.",
        "进行实验的任何一方；该编号不归任何人所有，可能被多个实验同时使用。",
    ),
    meaning=Text(
        "Set aside for experiments by RFC 4727; there is no public format.",
        "由RFC 4727留作实验之用，没有公开格式。",
    ),
    receiver=Text(
        "A stack that does not take part discards it in silence (RFC 1122, 3.2.2).",
        "未参与实验的协议栈静默丢弃（RFC 1122，3.2.2）。",
    ),
    action=Text(
        "If you run no experiment, find the host that sends it.", "若没有进行实验，应找出发送它的主机。"
    ),
    filtering=Text("Drop it at the border unless an experiment needs it.", "除非实验需要，应在边界丢弃。"),
)

_WITHOUT_A_MESSAGE: tuple[MessageType, ...] = (
    *(
        MessageType(
            number=number,
            last=last,
            name=Text("Unassigned", "未分配"),
            kind=Kind.UNKNOWN,
            shape=base.Opaque,
            status=Status.UNASSIGNED,
            about=_UNASSIGNED,
        )
        for number, last in ((1, None), (2, None), (7, None), (44, 252))
    ),
    MessageType(
        number=19,
        name=Text("Reserved (for Security)", "保留(用于安全)"),
        kind=Kind.UNKNOWN,
        shape=base.Opaque,
        status=Status.UNASSIGNED,
        about=_reserved(
            Text(
                "Set aside for security; no document defines a message.",
                "为安全用途保留；没有文档定义任何报文。",
            )
        ),
    ),
    MessageType(
        number=20,
        last=29,
        name=Text("Reserved (for Robustness Experiment)", "保留(用于健壮性实验)"),
        kind=Kind.UNKNOWN,
        shape=base.Opaque,
        status=Status.UNASSIGNED,
        about=_reserved(
            Text(
                "Set aside for an experiment with robustness; no document defines a message.",
                "为健壮性实验保留；没有文档定义任何报文。",
            )
        ),
    ),
    *(
        MessageType(
            number=number,
            name=name,
            kind=Kind.UNKNOWN,
            shape=base.Opaque,
            rfc=("RFC 4727",),
            status=Status.EXPERIMENTAL,
            about=_EXPERIMENT,
        )
        for number, name in (
            (253, Text("RFC3692-style Experiment 1", "RFC3692式实验1")),
            (254, Text("RFC3692-style Experiment 2", "RFC3692式实验2")),
        )
    ),
    MessageType(
        number=255,
        name=Text("Reserved", "保留"),
        kind=Kind.UNKNOWN,
        shape=base.Opaque,
        status=Status.UNASSIGNED,
        about=_reserved(
            Text(
                "The last number, set aside by IANA; no document defines a message.",
                "最后一个编号，由IANA保留；没有文档定义任何报文。",
            )
        ),
    ),
)

TYPES: tuple[MessageType, ...] = tuple(
    sorted((*ERRORS, *QUERIES, *HISTORIC, *_WITHOUT_A_MESSAGE), key=lambda row: row.number)
)
