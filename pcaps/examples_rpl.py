"""One realistic RPL control message of every kind (RFC 6550, RFC 9009, RFC 6997, RFC 6998)."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Any

from model import HOST_LOCAL, MILLISECOND, ROUTER_LOCAL, Example, some

from dissector.messages.base import Opaque
from dissector.messages.rpl import (
    ConsistencyCheck,
    ConsistencyCheckBase,
    DestinationAdvertisementAck,
    DestinationAdvertisementObject,
    DestinationCleanupAck,
    DestinationCleanupObject,
    DodagInformationObject,
    DodagInformationSolicitation,
    SecureRpl,
)
from dissector.tails.kept import Prefix
from dissector.tails.rpl_options import (
    DagMetricContainer,
    DodagConfiguration,
    DodagOptions,
    Pad1,
    PadN,
    PrefixInformation,
    RouteInformation,
    RplTarget,
    SolicitedInformation,
    TargetDescriptor,
    TransitInformation,
    TransitInformationWithParent,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.messages.base import IcmpMessage

ALL_RPL_NODES = IPv6Address("ff02::1a")
DODAGID, NODE = IPv6Address("2001:db8:6::1"), IPv6Address("2001:db8:6::10")
INSTANCE = 30
LINK = 3 * MILLISECOND
"""Round trip over a radio link."""
ROUTER_RANK = 512


def solicitations() -> Iterator[Example]:
    """Yield DIS and DIO."""
    wanted = SolicitedInformation.of(
        7,
        rpl_instance_id=INSTANCE,
        instance_id_predicate=True,
        dodagid_predicate=True,
        dodagid=DODAGID,
        version_number=0,
    )
    dis = DodagInformationSolicitation(type=155, options=some(Pad1(), PadN.of(1, data=bytes(3)), wanted))
    yield Example("who is in this DODAG?", dis, HOST_LOCAL, ALL_RPL_NODES)
    # RFC 6551, 4.3.2: one object, ETX of the path, in 1/128.
    metric = DagMetricContainer.of(2, metric_data=bytes.fromhex("07000002 0100"))
    configuration = DodagConfiguration.of(
        4,
        path_control_size=0,
        dio_interval_doublings=8,
        dio_interval_min=12,
        dio_redundancy_constant=10,
        max_rank_increase=1792,
        min_hop_rank_increase=256,
        ocp=1,
        default_lifetime=30,
        lifetime_unit=60,
    )
    route = RouteInformation.of(
        3, prefix_length=48, preference=0, route_lifetime=1800, prefix=Prefix(DODAGID.packed[:8])
    )
    prefix = PrefixInformation.of(
        8,
        prefix_length=64,
        autonomous=True,
        router_address=True,
        valid_lifetime=86_400,
        preferred_lifetime=14_400,
        prefix=DODAGID,
    )
    dio = DodagInformationObject(
        type=155,
        code=1,
        rpl_instance_id=INSTANCE,
        version_number=240,
        rank=ROUTER_RANK,
        grounded=True,
        mode_of_operation=1,
        dtsn=240,
        dodagid=DODAGID,
        options=some(metric, configuration, route, prefix),
    )
    yield Example("a DODAG, one hop from its root", dio, ROUTER_LOCAL, ALL_RPL_NODES, after=LINK)


def destinations() -> Iterator[Example]:
    """Yield DAO, DCO and their acknowledgements."""
    target = RplTarget.of(5, prefix_length=128, target_prefix=Prefix(NODE.packed))
    tag = TargetDescriptor.of(9, descriptor=0xCAFE)
    path = {"path_control": 0, "path_sequence": 241, "path_lifetime": 30}
    parent = TransitInformationWithParent.of(6, parent_address=DODAGID, **path)
    dao = DestinationAdvertisementObject(
        type=155,
        code=2,
        rpl_instance_id=INSTANCE,
        ack_expected=True,
        dodagid_present=True,
        dao_sequence=241,
        options=DodagOptions.of([target, tag, parent], dodagid=DODAGID),
    )
    yield from exchange(
        "I am reached through the root", dao, acknowledged(DestinationAdvertisementAck, 3, 241)
    )
    invalid = TransitInformation.of(6, invalidate=True, **path)
    dco = DestinationCleanupObject(
        type=155,
        code=7,
        rpl_instance_id=INSTANCE,
        ack_expected=True,
        rpl_status=195,
        dco_sequence=5,
        options=DodagOptions.of([target, invalid]),
    )
    ack = DestinationCleanupAck(type=155, code=8, rpl_instance_id=INSTANCE, dco_sequence=5)
    yield from exchange("it is no longer reached through me", dco, ack)


def acknowledged(
    kind: type[DestinationAdvertisementAck], code: int, sequence: int
) -> DestinationAdvertisementAck:
    """Return the acknowledgement of a DAO."""
    return kind(type=155, code=code, rpl_instance_id=INSTANCE, dao_sequence=sequence)


def exchange(about: str, message: IcmpMessage, answer: IcmpMessage) -> tuple[Example, Example]:
    """Return a message of the host and what acknowledges it."""
    return (
        Example(about, message, HOST_LOCAL, ROUTER_LOCAL),
        Example(f"{about}: acknowledged", answer, ROUTER_LOCAL, HOST_LOCAL, after=LINK),
    )


def others() -> Iterator[Example]:
    """Yield what is kept whole: the messages of RFC 6997 and RFC 6998, and those that are secured."""
    # RFC 6997, 8: instance, version and flags, DODAGID, then a P2P Route Discovery option with one hop.
    discovery = bytes.fromhex("8000 c000") + DODAGID.packed
    reply = Opaque(type=155, code=4, data=discovery + bytes.fromhex("0a1200 01") + NODE.packed)
    yield from exchange("the path to a node was found", reply, Opaque(type=155, code=5, data=discovery))
    # RFC 6998, 3: instance, compression, flags, sequence number, and both ends of what is measured.
    measured = bytes.fromhex("8000 4001") + NODE.packed + DODAGID.packed
    yield Example("measure this path", Opaque(type=155, code=6, data=measured), HOST_LOCAL, ROUTER_LOCAL)
    section: dict[str, Any] = {"key_identifier_mode": 0, "counter": 1}
    encrypted = bytes.fromhex("01 9f3c5a7e 1b2d4f60 8293a4b5 c6d7e8f9")
    secret = SecureRpl(type=155, code=128, security_level=1, secured=encrypted, **section)
    yield Example("encrypted, with a key of the group", secret, HOST_LOCAL, ALL_RPL_NODES)
    base = ConsistencyCheckBase(
        rpl_instance_id=INSTANCE, cc_nonce=0xBEEF, dodagid=DODAGID, destination_counter=0
    )
    code = bytes.fromhex("a1b2c3d4")
    check = ConsistencyCheck(
        type=155, code=138, security_level=0, secured=b"\1" + base.encode() + code, **section
    )
    yield Example("which counter do you expect?", check, HOST_LOCAL, ROUTER_LOCAL)
    answer = base.replace(response=True, destination_counter=1)
    told = check.replace(counter=77, secured=b"\1" + answer.encode() + code)
    yield Example("this one", told, ROUTER_LOCAL, HOST_LOCAL, after=LINK)


def examples() -> Iterator[Example]:
    """Yield all of them."""
    yield from solicitations()
    yield from destinations()
    yield from others()
