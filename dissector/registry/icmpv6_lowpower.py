"""The rows of ICMPv6 in low-power networks: RPL (155), 6LoWPAN registration (157, 158), MPL (159)."""

from __future__ import annotations

from dissector.messages import base, lowpan, multicast_forwarding
from dissector.registry.icmpv6_rpl import RPL
from dissector.registry.model import About, Code, Kind, MessageType, Status, Text

_REGISTRATION_FILTERING = Text(
    "RFC 4890 is older and counts it among the unassigned types (4.3.4). It crosses several hops inside the"
    " low-power network (RFC 6775, 8.2), so pass it there and nowhere else.",
    "RFC 4890早于该报文，将其归入未分配类型（4.3.4）。它在低功耗网络内跨越多跳（RFC 6775，8.2），"
    "只应在该网络内放行。",
)

_REQUEST_MEANING = Text(
    "May this address be registered to this node? A registration lifetime of 0 asks to remove it.",
    "能否把该地址登记给该节点？登记生存时间为0表示请求删除。",
)

_CONFIRMATION_MEANING = Text(
    "Status 0: the address is the node's. Status 1: another node has it. Others say why it was not registered"
    " (RFC 8505, 4.1).",
    "状态0：该地址归该节点。状态1：已被其他节点占用。其他值说明未能登记的原因（RFC 8505，4.1）。",
)


def _duplicate_address_codes(
    short: str, meaning: Text, extended: tuple[type[base.IcmpMessage], ...]
) -> tuple[Code, ...]:
    """Return the codes of type 157 or 158: that of RFC 6775, those of RFC 8505, and the unassigned."""
    plain = Code(
        0,
        Text(f"{short} message", f"{short}报文"),
        About(
            meaning=Text(
                f"{meaning.en} The node is told by its EUI-64 (RFC 6775, 4.4).",
                f"{meaning.zh}节点以EUI-64标识（RFC 6775，4.4）。",
            )
        ),
        rfc=("RFC 6775",),
        shape=lowpan.DuplicateAddress,
    )
    longer = tuple(
        Code(
            suffix,
            Text(f"E{short} message with {bits}-bit ROVR field", f"带{bits}位ROVR字段的E{short}报文"),
            About(
                meaning=Text(
                    f"{meaning.en} The node is told by an ownership verifier (ROVR) of {bits} bits (RFC"
                    " 8505, 4.2).",
                    f"{meaning.zh}节点以{bits}位所有权验证值（ROVR）标识（RFC 8505，4.2）。",
                )
            ),
            rfc=("RFC 8505",),
            shape=shape,
        )
        for suffix, bits, shape in zip(range(1, 5), range(64, 257, 64), extended, strict=True)
    )
    unassigned = Code(
        5,
        Text("Unassigned", "未分配"),
        About(
            meaning=Text(
                "No meaning has been given to this code; its low four bits would say how long the verifier"
                " is.",
                "该代码没有定义；其低四位本应指明所有权验证值的长度。",
            ),
            receiver=Text(
                "No rule covers it: RFC 6775, 8.2.1, discards other codes than 0.",
                "没有相应规定：按RFC 6775（8.2.1），代码不为0的一律丢弃。",
            ),
            action=Text("See whether IANA has assigned it since.", "查看IANA是否已新分配该代码。"),
            note=Text(
                "RFC 6775 contradicts itself: 4.4 has the receiver ignore the code, 8.2.1 has it check for"
                " 0. RFC 8505, 4.2, gives the low four bits a meaning and has the high four ignored.",
                "RFC 6775自相矛盾：4.4要求接收方忽略代码，8.2.1却要求检查其为0。RFC 8505（4.2）"
                "为低四位赋予含义，并要求忽略高四位。",
            ),
        ),
        rfc=("RFC 8505",),
        status=Status.UNASSIGNED,
        shape=base.Opaque,
        last=15,
    )
    return (plain, *longer, unassigned)


_EXTENDED: tuple[type[base.IcmpMessage], ...] = (
    lowpan.ExtendedDuplicateAddress64,
    lowpan.ExtendedDuplicateAddress128,
    lowpan.ExtendedDuplicateAddress192,
    lowpan.ExtendedDuplicateAddress256,
)

LOW_POWER: tuple[MessageType, ...] = (
    RPL,
    MessageType(
        number=157,
        name=Text("Duplicate Address Request", "重复地址请求"),
        kind=Kind.INFORMATIONAL,
        shape=lowpan.DuplicateAddress,
        rfc=("RFC 6775", "RFC 8505"),
        answered_by=158,
        code_bits=4,
        about=About(
            sender=Text(
                "A 6LoWPAN router (6LR) at which a host registers, to the border router (6LBR).",
                "接受主机登记的6LoWPAN路由器（6LR），发往边界路由器（6LBR）。",
            ),
            meaning=_REQUEST_MEANING,
            receiver=Text(
                "The border router looks the address up in its table and answers with type 158 (RFC 6775,"
                " 8.2.4).",
                "边界路由器在其表中查找该地址，以类型158应答（RFC 6775，8.2.4）。",
            ),
            action=Text(
                "No answer: the border router is not reached, or does not do multihop duplicate detection;"
                " then hosts cannot complete their registration.",
                "没有应答：到不了边界路由器，或其不支持多跳重复地址检测；主机因此无法完成登记。",
            ),
            filtering=_REGISTRATION_FILTERING,
        ),
        codes=_duplicate_address_codes("DAR", _REQUEST_MEANING, _EXTENDED),
    ),
    MessageType(
        number=158,
        name=Text("Duplicate Address Confirmation", "重复地址确认"),
        kind=Kind.INFORMATIONAL,
        shape=lowpan.DuplicateAddress,
        rfc=("RFC 6775", "RFC 8505"),
        answered_by=157,
        code_bits=4,
        about=About(
            sender=Text(
                "The border router (6LBR), to the router that asked with type 157.",
                "边界路由器（6LBR），发往以类型157询问的路由器。",
            ),
            meaning=_CONFIRMATION_MEANING,
            receiver=Text(
                "The router enters the host as registered, or not, and passes the status on in a neighbor"
                " advertisement (RFC 6775, 8.2.5).",
                "该路由器据此确认或取消主机的登记，并在邻居通告中转达状态（RFC 6775，8.2.5）。",
            ),
            action=Text(
                "Status 1 again and again: two nodes have one address, or a node changed its EUI-64. Status"
                " 2 or 9: a table is full.",
                "状态1反复出现：两个节点使用同一地址，或某节点更换了EUI-64。状态2或9：表已满。",
            ),
            filtering=_REGISTRATION_FILTERING,
        ),
        codes=_duplicate_address_codes("DAC", _CONFIRMATION_MEANING, _EXTENDED),
    ),
    MessageType(
        number=159,
        name=Text("MPL Control Message", "MPL控制报文"),
        kind=Kind.INFORMATIONAL,
        shape=multicast_forwarding.MplControl,
        rfc=("RFC 7731",),
        about=About(
            sender=Text(
                "An MPL forwarder, to its neighbours, at the intervals of a trickle timer.",
                "MPL转发器，按Trickle定时器的间隔发往邻居。",
            ),
            meaning=Text(
                "Of each multicast source (seed): which of its messages I still hold, and from which number"
                " on I want them.",
                "针对每个组播源（种子）：本节点仍缓存哪些报文，从哪个序列号起愿意接收。",
            ),
            receiver=Text(
                "Sends what the neighbour lacks, and asks for what it lacks itself by sending its own list"
                " (RFC 7731, 10.3).",
                "向邻居补发其缺少的报文，并发送自己的列表以索取所缺报文（RFC 7731，10.3）。",
            ),
            action=Text(
                "Multicast is lost: compare the lists of two neighbours. Many of them mean that neighbours"
                " differ all the time: a poor link, or too small a buffer.",
                "组播丢失时，比对两个邻居的列表。大量出现说明邻居间始终不一致：链路太差，或缓存太小。",
            ),
            filtering=Text(
                "RFC 4890 is older and counts it among the unassigned types (4.3.4). It is sent to link"
                " scope with hop limit 255 (RFC 7731, 6.2): pass it within the link only.",
                "RFC 4890早于该报文，将其归入未分配类型（4.3.4）。它以跳数限制255在链路范围内发送（RFC"
                " 7731，6.2）：只在本链路内放行。",
            ),
        ),
        codes=(Code(0, Text("MPL Control Message (no code)", "MPL控制报文")),),
    ),
)
