from __future__ import annotations

import struct
from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import CAPTURES

from dissector.checksum import pseudo_header, verify
from dissector.errors import EncodeError, Finding, TruncatedError
from dissector.layout import Several, Shape
from dissector.messages.experiments import ExperimentalMobility
from dissector.messages.mobility import (
    FastHandover,
    HomeAgentAddressDiscoveryReply,
    HomeAgentAddressDiscoveryRequest,
    MobilePrefixAdvertisement,
    MobilePrefixSolicitation,
)

SHAPES: list[type[Shape]] = [
    ExperimentalMobility,
    HomeAgentAddressDiscoveryRequest,
    HomeAgentAddressDiscoveryReply,
    MobilePrefixSolicitation,
    MobilePrefixAdvertisement,
    FastHandover,
]
PREFIX = "0304 60 a0 00015180 00003840 00000000 20010db800000000aaaabbbb00000000"


def octets(text: str) -> bytes:
    return bytes.fromhex(text.replace(" ", ""))


@pytest.mark.parametrize(("kind", "family_type"), [("ICMPv4", 41), ("ICMPv6", 150)])
def test_experiment_keeps_its_options(kind: str, family_type: int) -> None:
    notes: list[Finding] = []
    message = ExperimentalMobility.parse(octets(f"{family_type:02x}01beef 01000000 8a020000"), notes)
    assert message == ExperimentalMobility(
        type=family_type, code=1, checksum=0xBEEF, subtype=1, data=octets("8a020000")
    ), kind
    assert [node.text for node in message.nodes() if node.name == "subtype"] == ["1 (CXTP)"]
    assert not notes


def test_reserved_octets_of_an_experiment_are_told() -> None:
    message = ExperimentalMobility.parse(octets("96000000 00000001"))
    assert [field.name for field in message.reserved_bits()] == ["reserved"]


def test_home_agent_request() -> None:
    message = HomeAgentAddressDiscoveryRequest.parse(octets("90000000 04d20000"))
    assert (message.identifier, message.reserved, message.data) == (1234, 0, b"")


def test_home_agents_are_as_many_as_fit() -> None:
    first, second = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")
    message = HomeAgentAddressDiscoveryReply.parse(octets("91000000 04d20000") + first.packed + second.packed)
    assert tuple(message.home_agent_addresses) == (first, second)
    nodes = list(message.nodes())
    assert [(node.text, node.offset, node.bits) for node in nodes[-2:]] == [
        ("2001:db8::1", 64, 128),
        ("2001:db8::2", 192, 128),
    ]


def test_a_home_agent_that_is_cut_is_left_over() -> None:
    notes: list[Finding] = []
    message = HomeAgentAddressDiscoveryReply.parse(octets("91000000 04d20000") + bytes(31), notes)
    assert len(message.home_agent_addresses) == 1
    assert message.home_agent_addresses.leftover == bytes(15)
    assert [note.id for note in notes] == ["home-agent-address-unreadable"]


def test_prefix_solicitation_without_options() -> None:
    notes: list[Finding] = []
    message = MobilePrefixSolicitation.parse(octets("92000000 04d20000"), notes)
    assert (message.identifier, tuple(message.options)) == (1234, ())
    assert not notes


def test_prefix_advertisement_flags_and_options() -> None:
    notes: list[Finding] = []
    message = MobilePrefixAdvertisement.parse(octets("93000000 04d2 8000" + PREFIX), notes)
    assert (message.managed, message.other, message.reserved) == (True, False, 0)
    assert len(message.options) == 1
    assert not notes
    other = MobilePrefixAdvertisement.parse(octets("93000000 04d2 400a"))
    assert (other.managed, other.other, other.reserved) == (False, True, 10)


@pytest.mark.parametrize(
    ("subtype", "name"), [(2, "2 (RtSolPr)"), (3, "3 (PrRtAdv)"), (4, "4 (HI, deprecated)"), (9, "9")]
)
def test_fast_handover(subtype: int, name: str) -> None:
    message = FastHandover.parse(octets(f"9a020000 {subtype:02x}00 1234 13010102 11223344"))
    assert (message.code, message.subtype, message.identifier) == (2, subtype, 0x1234)
    assert name in [node.text for node in message.nodes()]
    assert len(message.options) == 1


def test_an_option_without_length_is_left_over() -> None:
    notes: list[Finding] = []
    message = FastHandover.parse(octets("9a000000 02000001 1300010203040506"), notes)
    assert tuple(message.options) == ()
    assert message.options.leftover == octets("1300010203040506")
    assert [note.id for note in notes] == ["option-unreadable"]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_cut_is_refused_or_written_back(shape: type[Shape]) -> None:
    whole = octets("93000000 04d28000" + PREFIX + "0101020304050607")
    for length in range(len(whole) + 1):
        if length < shape.layout.size:
            with pytest.raises(TruncatedError):
                shape.parse(whole[:length])
        else:
            assert shape.parse(whole[:length], []).encode() == whole[:length]


@pytest.mark.parametrize("shape", SHAPES)
@given(data=st.binary(max_size=100))
def test_any_octets_are_written_back(shape: type[Shape], data: bytes) -> None:
    whole = data.ljust(shape.layout.size, b"\x01")
    message = shape.parse(whole, [])
    assert message.encode() == whole
    assert shape.parse(whole) == message
    assert message.replace(code=message.values()["code"]) == message
    assert sum(node.bits for node in message.nodes()) == len(whole) * 8


def test_a_value_that_does_not_fit_is_refused() -> None:
    with pytest.raises(EncodeError, match="subtype"):
        FastHandover(type=154, subtype=256).encode()


def packet(name: str) -> bytes:
    folder, prefix = CAPTURES / "kaitoy+pcap4j", "pcap4j-packettest__src__test__resources__IcmpV6"
    found = folder / f"{prefix}{name}PacketTest.pcap"
    if not found.is_file():
        pytest.skip("the shared captures are not beside the project")
    capture = found.read_bytes()
    (length,) = struct.unpack_from("<I" if capture[0] == 0xD4 else ">I", capture, 32)
    return capture[40 : 40 + length]


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("HomeAgentAddressDiscoveryRequest", HomeAgentAddressDiscoveryRequest),
        ("HomeAgentAddressDiscoveryReply", HomeAgentAddressDiscoveryReply),
        ("MobilePrefixSolicitation", MobilePrefixSolicitation),
        ("MobilePrefixAdvertisement", MobilePrefixAdvertisement),
    ],
)
def test_captured(name: str, shape: type[Shape]) -> None:
    frame = packet(name)
    header, message = frame[14:54], frame[54:]
    src, dst = IPv6Address(header[8:24]), IPv6Address(header[24:40])
    assert verify(pseudo_header(src, dst, len(message)) + message)
    notes: list[Finding] = []
    read = shape.parse(message, notes)
    # The generator of these captures filled reserved fields and lifetimes with any numbers.
    assert {note.id for note in notes} <= {"reserved-set", "option-lifetimes"}
    assert read.encode() == message
    assert read.values()["identifier"] == 1234
    if isinstance(read, HomeAgentAddressDiscoveryReply):
        assert [str(address) for address in read.home_agent_addresses] == [
            "2001:db8::aaaa:bbbb:0:0",
            "2001:db8::aaaa:bbbb:0:1",
        ]
    if isinstance(read, MobilePrefixAdvertisement):
        assert isinstance(read.options, Several)
        assert [option.values()["type"] for option in read.options] == [1, 5, 3]
        assert (read.managed, read.other, read.reserved) == (True, False, 10)
