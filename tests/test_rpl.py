from __future__ import annotations

import pickle
import struct
from ipaddress import IPv6Address
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import CAPTURES

from dissector.checksum import pseudo_header, verify
from dissector.errors import EncodeError, Finding, TruncatedError
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
from dissector.tails.rpl_options import (
    RPL_OPTIONS,
    DagMetricContainer,
    DodagConfiguration,
    DodagOptions,
    Pad1,
    PadN,
    PrefixInformation,
    RouteInformation,
    RplOption,
    RplTarget,
    SolicitedInformation,
    TargetDescriptor,
    TransitInformation,
    TransitInformationWithParent,
)

if TYPE_CHECKING:
    from dissector.layout import Several, Shape
    from dissector.messages.base import IcmpMessage

ROOT = IPv6Address("2001:db8::1")
SHAPES: list[type[IcmpMessage]] = [
    DodagInformationSolicitation,
    DodagInformationObject,
    DestinationAdvertisementObject,
    DestinationAdvertisementAck,
    DestinationCleanupObject,
    DestinationCleanupAck,
    SecureRpl,
    ConsistencyCheck,
]
DODAGID = "20010db8000000000000000000000001"
TARGET = "05 12 00 80" + DODAGID
TRANSIT = "06 04 80 c0 f0 ff"
ALL_OPTIONS = (
    "00 | 0103000000 | 0206 07000002 0480 | 030e 4008 00000e10 20010db800010002"
    "| 040e 08 08 0c 0a 0380 0080 0001 00 1e 003c |" + TARGET + "|" + TRANSIT + "| 0614 40 c0 f0 00"
    "20010db8000000000000000000000002 | 0713 1e e0 20010db8000000000000000000000001 f1"
    "| 081e 40 60 00015180 00003840 00000000 20010db8000000000000000000000003 | 0904 deadbeef | 0a021234"
)
MAC = "aabbccdd"
CHECK = "1e 80 beef" + DODAGID + "00000009"


def octets(text: str) -> bytes:
    return bytes.fromhex(text.replace(" ", "").replace("|", ""))


def options_of(text: str, notes: list[Finding] | None = None) -> Several[Pad1 | RplOption]:
    return DodagInformationSolicitation.parse(octets("9b000000 0000" + text), notes).options


def only(text: str) -> Pad1 | RplOption:
    notes: list[Finding] = []
    (option,) = options_of(text, notes)
    assert not notes
    return option


def ids(notes: list[Finding]) -> list[str]:
    return [note.id for note in notes]


def test_solicitation() -> None:
    message = DodagInformationSolicitation.parse(octets("9b000000 0102"))
    assert (message.flags, message.reserved, tuple(message.options)) == (1, 2, ())
    assert [field.name for field in message.reserved_bits()] == ["flags", "reserved"]


def test_information_object() -> None:
    notes: list[Finding] = []
    message = DodagInformationObject.parse(octets("9b010000 1e f1 0480 8b f0 0000" + DODAGID), notes)
    assert not notes
    assert message == DodagInformationObject(
        type=155,
        code=1,
        rpl_instance_id=30,
        version_number=241,
        rank=1152,
        grounded=True,
        mode_of_operation=1,
        dodag_preference=3,
        dtsn=240,
        dodagid=ROOT,
    )
    assert "1 (non-storing)" in [node.text for node in message.nodes()]
    assert [
        field.name
        for field in DodagInformationObject.parse(
            octets("9b01" + "00" * 6 + "40" + "00" * 19)
        ).reserved_bits()
    ] == ["zero"]


def test_advertisement_with_a_dodagid() -> None:
    notes: list[Finding] = []
    message = DestinationAdvertisementObject.parse(
        octets("9b020000 1e c0 00 05" + DODAGID + TARGET + TRANSIT), notes
    )
    assert not notes
    assert (message.rpl_instance_id, message.ack_expected, message.dodagid_present) == (30, True, True)
    assert (message.dao_sequence, message.dodagid) == (5, ROOT)
    target, transit = message.options
    assert isinstance(target, RplTarget)
    assert isinstance(transit, TransitInformation)
    places = [(node.name, node.text, node.offset, node.bits) for node in message.nodes()][-3:]
    assert places == [
        ("dodagid", "2001:db8::1", 64, 128),
        ("options", "RPL Target", 192, 160),
        ("options", "Transit Information", 352, 48),
    ]


def test_advertisement_without_a_dodagid() -> None:
    notes: list[Finding] = []
    message = DestinationAdvertisementObject.parse(octets("9b020000 1e 80 00 05" + TARGET), notes)
    assert not notes
    assert message.dodagid is None
    assert len(message.options) == 1


def test_an_advertisement_without_a_target_is_discarded() -> None:
    notes: list[Finding] = []
    DestinationAdvertisementObject.parse(octets("9b020000 1e 80 00 05" + TRANSIT), notes)
    assert ids(notes) == ["dao-no-target"]


@pytest.mark.parametrize(
    ("shape", "head"),
    [
        (DestinationAdvertisementAck, "9b030000 1e 80 05 00"),
        (DestinationCleanupObject, "9b070000 1e 40 c3 05"),
        (DestinationCleanupAck, "9b080000 1e 80 05 81"),
    ],
)
def test_the_d_flag_says_that_a_dodagid_follows(shape: type[IcmpMessage], head: str) -> None:
    notes: list[Finding] = []
    message = shape.parse(octets(head + DODAGID + "00"), notes)
    values = message.values()
    assert (values["rpl_instance_id"], values["dodagid_present"], values["dodagid"]) == (30, True, ROOT)
    assert tuple(values["options"]) == (Pad1(),)
    without = shape.parse(octets(head.replace(" 80 ", " 00 ").replace(" 40 ", " 80 ") + "00")).values()
    assert (without["dodagid_present"], without["dodagid"]) == (False, None)
    assert tuple(without["options"]) == (Pad1(),)
    assert not notes


def test_status_and_sequence_of_acknowledgements() -> None:
    dao_ack = DestinationAdvertisementAck.parse(octets("9b030000 1e 00 05 07"))
    assert (dao_ack.dao_sequence, dao_ack.status) == (5, 7)
    dco = DestinationCleanupObject.parse(octets("9b070000 1e 80 c3 05"))
    assert (dco.ack_expected, dco.rpl_status, dco.dco_sequence) == (True, 195, 5)
    dco_ack = DestinationCleanupAck.parse(octets("9b080000 1e 00 05 81"))
    assert (dco_ack.dco_sequence, dco_ack.dco_ack_status) == (5, 129)


def test_a_dodagid_that_is_cut_is_left_over() -> None:
    notes: list[Finding] = []
    whole = octets("9b080000 1e 80 05 00" + DODAGID)[:-1]
    message = DestinationCleanupAck.parse(whole, notes)
    assert (message.dodagid, message.options.leftover) == (None, whole[8:])
    assert ids(notes) == ["rpl-dodagid-cut"]
    assert message.encode() == whole


def test_options_with_different_dodagids_differ() -> None:
    assert DodagOptions.of([], dodagid=ROOT) == DodagOptions.of([], dodagid=ROOT)
    assert DodagOptions.of([], dodagid=ROOT) != DodagOptions.of([])
    assert DodagOptions.of([], b"1") != DodagOptions.of([])
    assert repr(DodagOptions.of([], dodagid=ROOT)) == "IPv6Address('2001:db8::1') + ()"


def test_made_messages_are_read_back() -> None:
    made = DestinationCleanupObject(
        type=155,
        code=7,
        rpl_instance_id=30,
        dodagid_present=True,
        dco_sequence=1,
        options=DodagOptions.of([TargetDescriptor.of(9, descriptor=1)], dodagid=ROOT),
    )
    assert made.encode() == octets("9b070000 1e 40 00 01" + DODAGID + "0904 00000001")
    assert DestinationCleanupObject.parse(made.encode()) == made
    assert pickle.loads(pickle.dumps(made)) == made


def test_pad1_has_no_length() -> None:
    assert only("00") == Pad1()
    assert [node.bits for node in Pad1().nodes()] == [8]


def test_padn() -> None:
    assert only("0103000000") == PadN(type=1, length=3, data=bytes(3))
    assert only("0100") == PadN.of(1)


def test_metric_container() -> None:
    assert only("0206 07000002 0480") == DagMetricContainer.of(2, metric_data=octets("07000002 0480"))


@pytest.mark.parametrize(("prf", "preference"), [("00", 0), ("08", 1), ("18", -1)])
def test_route_information(prf: str, preference: int) -> None:
    option = only("030e 40" + prf + "00000e10 20010db800010002")
    assert isinstance(option, RouteInformation)
    assert (option.prefix_length, option.preference, option.route_lifetime) == (64, preference, 3600)
    assert str(option.prefix) == "2001:db8:1:2::"


def test_a_prefix_has_as_many_octets_as_it_needs() -> None:
    option = only("0309 18 00 ffffffff 20010d")
    assert isinstance(option, RouteInformation)
    assert str(option.prefix) == "2001:d00::"
    assert "4294967295 (infinity)" in [node.text for node in option.nodes()]


@pytest.mark.parametrize(
    ("option", "finding"),
    [
        ("0306 00 10 00000000", "rpl-route-preference"),
        ("0308 11 00 00000000 2001", "rpl-prefix-cut"),
        ("0306 00 20 00000000", "reserved-set"),
        ("0505 00 20 20010d", None),
        ("0305 00 00 000000", "rpl-option-short"),
        ("040d" + "00" * 13, "rpl-option-short"),
        ("0501 00", "rpl-option-short"),
        ("0603 000000", "rpl-option-short"),
        ("0712" + "00" * 18, "rpl-option-short"),
        ("081d" + "00" * 29, "rpl-option-short"),
        ("0903 000000", "rpl-option-short"),
        ("0502 01 00", "reserved-set"),
    ],
)
def test_findings_of_options(option: str, finding: str | None) -> None:
    notes: list[Finding] = []
    (read,) = options_of(option, notes)
    assert ids(notes) == ([] if finding is None else [finding])
    if finding == "rpl-option-short":
        assert type(read) is RplOption
    assert read.encode() == octets(option)


def test_dodag_configuration() -> None:
    option = only("040e 0b 08 0c 0a 0380 0080 0001 00 1e 003c")
    assert option == DodagConfiguration(
        type=4,
        length=14,
        authentication_enabled=True,
        path_control_size=3,
        dio_interval_doublings=8,
        dio_interval_min=12,
        dio_redundancy_constant=10,
        max_rank_increase=896,
        min_hop_rank_increase=128,
        ocp=1,
        default_lifetime=30,
        lifetime_unit=60,
    )


def test_target() -> None:
    option = only("0506 00 20 20010db8")
    assert isinstance(option, RplTarget)
    assert (option.prefix_length, str(option.target_prefix)) == (32, "2001:db8::")


def test_the_length_says_whether_the_parent_is_there() -> None:
    without = only("0604 c0 c0 f0 00")
    assert type(without) is TransitInformation
    assert (without.external, without.invalidate, without.path_control) == (True, True, 0xC0)
    assert (without.path_sequence, without.path_lifetime) == (240, 0)
    assert "0 (no path any more)" in [node.text for node in without.nodes()]
    parent = only("0614 00 c0 f0 ff" + DODAGID)
    assert isinstance(parent, TransitInformationWithParent)
    assert parent.parent_address == ROOT
    cut = only("0613 00 c0 f0 ff" + DODAGID[:-2])
    assert type(cut) is TransitInformation
    assert cut.data == ROOT.packed[:-1]


def test_solicited_information() -> None:
    option = only("0713 1e a0" + DODAGID + "f1")
    assert option == SolicitedInformation(
        type=7,
        length=19,
        rpl_instance_id=30,
        version_predicate=True,
        dodagid_predicate=True,
        dodagid=ROOT,
        version_number=241,
    )
    other = only("0713 1e 40" + DODAGID + "f1")
    assert isinstance(other, SolicitedInformation)
    assert (other.version_predicate, other.instance_id_predicate, other.dodagid_predicate) == (
        False,
        True,
        False,
    )


@pytest.mark.parametrize(
    ("flags", "flag"), [("80", "on_link"), ("40", "autonomous"), ("20", "router_address")]
)
def test_prefix_information(flags: str, flag: str) -> None:
    option = only("081e 40" + flags + "00015180 00003840 00000000" + DODAGID)
    assert option == PrefixInformation(
        type=8,
        length=30,
        prefix_length=64,
        on_link=flag == "on_link",
        autonomous=flag == "autonomous",
        router_address=flag == "router_address",
        valid_lifetime=86400,
        preferred_lifetime=14400,
        prefix=ROOT,
    )


def test_target_descriptor() -> None:
    option = only("0904 deadbeef")
    assert option == TargetDescriptor(type=9, length=4, descriptor=0xDEADBEEF)
    assert "0xdeadbeef" in [node.text for node in option.nodes()]


@pytest.mark.parametrize("number", [*range(10, 256)])
def test_what_is_not_known_is_kept(number: int) -> None:
    option = only(f"{number:02x}03 010203")
    assert type(option) is RplOption
    assert (option.type, option.data) == (number, b"\1\2\3")


@pytest.mark.parametrize("cut", ["05", "0502", "050200", "09ff" + "00" * 254])
def test_an_option_that_is_cut_is_left_over(cut: str) -> None:
    notes: list[Finding] = []
    options = options_of("00" + cut, notes)
    assert (tuple(options), options.leftover) == ((Pad1(),), octets(cut))
    assert ids(notes) == ["option-unreadable"]


def test_too_long_an_option_is_refused() -> None:
    with pytest.raises(EncodeError, match="length"):
        RplOption.of(10, data=bytes(256)).encode()


def test_all_options_in_one_message() -> None:
    notes: list[Finding] = []
    found = options_of(ALL_OPTIONS, notes)
    assert not notes
    assert not found.leftover
    assert [option.title for option in found] == [
        "Pad1",
        "PadN",
        "DAG Metric Container",
        "Route Information",
        "DODAG Configuration",
        "RPL Target",
        "Transit Information",
        "Transit Information",
        "Solicited Information",
        "Prefix Information",
        "RPL Target Descriptor",
        "Unknown Option",
    ]
    assert RPL_OPTIONS.write(found) == octets(ALL_OPTIONS)


@pytest.mark.parametrize(
    ("kim", "level", "identifier", "source", "index"),
    [
        (0, 0, "07", None, 7),
        (0, 3, "07", None, 7),
        (1, 0, "", None, None),
        (2, 2, "0102030405060708 07", octets("0102030405060708"), 7),
        (3, 0, "", None, None),
        (3, 1, "0102030405060708 07", octets("0102030405060708"), 7),
    ],
)
def test_the_key_identifier(
    kim: int, level: int, identifier: str, source: bytes | None, index: int | None
) -> None:
    notes: list[Finding] = []
    whole = octets("9b810000 80 00") + bytes([kim << 6 | level, 0]) + octets("00000005" + identifier + MAC)
    message = SecureRpl.parse(whole, notes)
    assert not notes
    assert (message.counter_is_time, message.key_identifier_mode, message.security_level) == (
        True,
        kim,
        level,
    )
    assert (message.counter, message.algorithm, message.encrypted) == (5, 0, level % 2 == 1)
    assert (message.key_source, message.key_index, message.body) == (source, index, octets(MAC))
    names = [node.name for node in message.nodes()][-3:]
    assert ("key_source" in names, "key_index" in names) == (source is not None, index is not None)
    assert names[-1] == "body"
    assert sum(node.bits for node in message.nodes()) == len(whole) * 8


@pytest.mark.parametrize(
    ("security", "finding"),
    [
        ("00 01 40 00", "rpl-security-unknown"),
        ("00 00 44 00", "rpl-security-unknown"),
        ("00 00 80 00", "rpl-key-identifier-cut"),
    ],
)
def test_what_cannot_be_verified_is_discarded(security: str, finding: str) -> None:
    notes: list[Finding] = []
    whole = octets("9b800000" + security + "00000005" + MAC)
    message = SecureRpl.parse(whole, notes)
    assert ids(notes) == [finding]
    assert message.encode() == whole
    assert sum(node.bits for node in message.nodes()) == len(whole) * 8


def test_consistency_check() -> None:
    notes: list[Finding] = []
    message = ConsistencyCheck.parse(octets("9b8a0000 00 00 40 00 00000005" + CHECK + MAC), notes)
    assert not notes
    assert (message.rpl_instance_id, message.response, message.cc_nonce) == (30, True, 0xBEEF)
    assert (message.dodagid, message.destination_counter) == (ROOT, 9)
    assert message.base is not None
    assert message.base.data == octets(MAC)
    assert [(node.name, node.offset) for node in message.nodes()][-7:] == [
        ("rpl_instance_id", 96),
        ("response", 104),
        ("flags", 105),
        ("cc_nonce", 112),
        ("dodagid", 128),
        ("destination_counter", 256),
        ("data", 288),
    ]
    assert ConsistencyCheckBase.layout.size == 24


@pytest.mark.parametrize(
    "hidden", ["00 00 41 00 00000005" + CHECK + MAC, "00 00 40 00 00000005" + CHECK[:-2]]
)
def test_a_check_that_is_encrypted_or_cut_is_kept(hidden: str) -> None:
    message = ConsistencyCheck.parse(octets("9b8a0000" + hidden))
    assert message.base is None
    shown = ("rpl_instance_id", "response", "cc_nonce", "dodagid", "destination_counter")
    assert {message.values()[name] for name in shown} == {None}
    assert [node.name for node in message.nodes()][-1] == "body"


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("flags", ["00", "80", "40"])
def test_every_cut_is_refused_or_written_back(shape: type[IcmpMessage], flags: str) -> None:
    whole = octets("9b020000 1e" + flags + "00 05" + DODAGID + ALL_OPTIONS)
    for length in range(len(whole) + 1):
        if length < shape.layout.size:
            with pytest.raises(TruncatedError):
                shape.parse(whole[:length])
        else:
            assert shape.parse(whole[:length], []).encode() == whole[:length]


@pytest.mark.parametrize("shape", SHAPES)
@given(data=st.binary(max_size=120))
def test_any_octets_are_written_back(shape: type[IcmpMessage], data: bytes) -> None:
    whole = data.ljust(shape.layout.size, b"\x01")
    message = shape.parse(whole, [])
    assert message.encode() == whole
    assert shape.parse(whole) == message
    assert sum(node.bits for node in message.nodes()) == len(whole) * 8
    assert repr(message).startswith(shape.__name__)
    assert message.values()["type"] == whole[0]


@given(
    parts=st.lists(
        st.builds(
            lambda number, data: bytes([number, len(data)]) + data, st.integers(1, 12), st.binary(max_size=40)
        )
    )
)
def test_options_of_any_length_are_read_one_by_one(parts: list[bytes]) -> None:
    found = options_of(b"".join(parts).hex())
    assert [option.encode() for option in found] == parts
    assert not found.leftover


def capture(owner: str, name: str) -> bytes:
    found = CAPTURES / owner / name
    if not found.is_file():
        pytest.skip("the shared captures are not beside the project")
    octets = found.read_bytes()
    (length,) = struct.unpack_from("<I" if octets[0] == 0xD4 else ">I", octets, 32)
    return octets[40 : 40 + length]


@pytest.mark.parametrize(
    ("name", "shape", "dodagid"),
    [
        ("tests__rpl-14-dao.pcap", DestinationAdvertisementObject, b"pandora is fun\nl"),
        ("tests__rpl-26-senddaoack.pcap", DestinationAdvertisementAck, b"thisismydicedag2"),
    ],
)
def test_captured(name: str, shape: type[Shape], dodagid: bytes) -> None:
    frame = capture("the-tcpdump-group+tcpdump", name)
    src, dst, message = IPv6Address(frame[22:38]), IPv6Address(frame[38:54]), frame[54:]
    assert verify(pseudo_header(src, dst, len(message)) + message)
    read = shape.parse(message)
    assert read.values()["dodagid"] == IPv6Address(dodagid)
    assert read.encode() == message
