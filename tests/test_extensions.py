"""Where the extension structure of RFC 4884 begins, and every object in it."""

from __future__ import annotations

import json
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissector.checksum import internet_checksum
from dissector.decoder import decode_message
from dissector.layout import Several, Shape
from dissector.messages.echo import ExtendedEchoReply, ExtendedEchoRequest
from dissector.messages.errors import DestinationUnreachable, ParameterProblem, TimeExceeded
from dissector.messages.errors6 import DestinationUnreachable6, TimeExceeded6
from dissector.present.jsonlines import plain
from dissector.present.line import details
from dissector.registry.model import Family
from dissector.tails.datagram import Datagram
from dissector.tails.extensions import (
    ExtendedInformationPointer,
    ExtensionObject,
    Extensions,
    InterfaceByAddress,
    InterfaceByIndex,
    InterfaceByName,
    InterfaceInformation,
    LabelStackEntry,
    MplsLabelStack,
    NodeIdentification,
    PrivateObject,
    is_structure,
)
from dissector.tails.interfaces import IfIndex, InterfaceMtu, IpAddress4, IpAddress6, Name
from dissector.tails.quoted import Quote, extended

if TYPE_CHECKING:
    from dissector.errors import Finding
    from dissector.messages.base import IcmpMessage

LABELS = "000c0101" + "03e84001" + "03e85101"
"""Labels 16004 and 16005 (RFC 4950, 5)."""


def structure(*objects: str, checksum: int | None = None) -> bytes:
    """Return a structure (RFC 4884, 7) of objects in hex; its checksum computed where none is given."""
    bare = bytes.fromhex("20000000" + "".join(objects))
    number = internet_checksum(bare) if checksum is None else checksum
    return bare[:2] + number.to_bytes(2, "big") + bare[4:]


def datagram(total: int, there: int) -> bytes:
    """Return the first octets of a UDP datagram whose data has no zero and no 2 in front."""
    head = bytes.fromhex(f"4500{total:04x}1c4640000111000ac0000201c6336402") + bytes.fromhex(
        "14e9829a05c80000"
    )
    return (head + bytes(0x40 + index % 32 for index in range(1500)))[:there]


def exceeded(length: int, rest: bytes) -> bytes:
    """Return a Time Exceeded (RFC 4884, 4.2) with that length octet."""
    return bytes.fromhex(f"0b000000{length:04x}0000") + rest


def read(kind: type[IcmpMessage], octets: bytes) -> tuple[Any, list[str]]:
    """Return the message, which must be written back as it was, and the ids of its findings."""
    notes: list[Finding] = []
    message = kind.parse(octets, notes)
    assert message.encode() == octets
    at = 0
    for node in message.nodes():
        assert node.offset == at
        at += node.bits
    assert at == len(octets) * 8
    return message, [note.id for note in notes]


def labels(quote: Quote) -> list[int]:
    """Return the labels of a quote's first object."""
    assert quote.extensions is not None
    (stack,) = quote.extensions.objects
    assert isinstance(stack, MplsLabelStack)
    return [entry.label for entry in stack.entries]


TWO = [16004, 16005]
NODE = structure("000c0502" + "0872312d636f7265")

FRAMES: dict[str, tuple[bytes, int, int, list[str]]] = {
    # name: message, octets of the datagram, of its padding, findings
    "t1: quoted total length 1500": (exceeded(32, datagram(1500, 128) + structure(LABELS)), 128, 0, []),
    "t2: no length, as before RFC 4884": (
        exceeded(0, datagram(1500, 128) + structure(LABELS)),
        128,
        0,
        ["extension-length"],
    ),
    "t3: 200 octets": (exceeded(50, datagram(1500, 200) + structure(LABELS)), 200, 0, []),
    "t4: 60 octets, padded": (
        exceeded(32, datagram(60, 60) + bytes(68) + structure(LABELS)),
        60,
        68,
        [],
    ),
    "t5: the unpadded length": (
        exceeded(17, datagram(68, 68) + bytes(60) + structure(LABELS)),
        68,
        60,
        ["extension-length"],
    ),
    "t25: the length in octets": (
        exceeded(128, datagram(1500, 128) + structure(LABELS)),
        128,
        0,
        ["extension-length"],
    ),
    "no checksum": (exceeded(32, datagram(1500, 128) + structure(LABELS, checksum=0)), 128, 0, []),
    "less than 128 octets, where the length says": (
        exceeded(15, datagram(1500, 60) + structure(LABELS)),
        60,
        0,
        ["extension-quote-short"],
    ),
    "the length in octets, no 128 of them": (
        exceeded(200, datagram(1500, 200) + structure(LABELS)),
        200,
        0,
        ["extension-length"],
    ),
}


@pytest.mark.parametrize("name", FRAMES)
def test_the_structure_is_found_where_it_is(name: str) -> None:
    octets, quoted, padding, findings = FRAMES[name]
    message, found = read(TimeExceeded, octets)
    assert labels(message.quote) == TWO
    assert len(message.quote.datagram) == quoted
    assert message.quote.padding == bytes(padding)
    assert found == findings
    assert message.quote.extensions.checksum_status == ("absent" if name == "no checksum" else "good")


def test_t6_names_the_node() -> None:
    message, found = read(TimeExceeded, exceeded(32, datagram(1500, 128) + NODE))
    assert found == []
    assert plain(message.quote.extensions.as_json()) == [
        {
            "class": 5,
            "c_type": 2,
            "name": "Node Identification",
            "address": None,
            "node_name": "r1-core",
        }
    ]


@pytest.mark.parametrize("length", [0, 75])
def test_t26_without_extensions_there_are_none(length: int) -> None:
    message, found = read(TimeExceeded, exceeded(length, datagram(1500, 300)))
    assert message.quote == Quote(Datagram(datagram(1500, 300)))
    assert found == (["extension-missing"] if length else [])


def test_t25_a_wrong_checksum_is_reported() -> None:
    message, found = read(
        TimeExceeded, exceeded(32, datagram(1500, 128) + structure(LABELS, checksum=0xBEEF))
    )
    assert labels(message.quote) == TWO
    assert found == ["extension-checksum-bad"]
    assert message.quote.extensions.checksum_status == "bad"


def test_without_a_length_a_wrong_checksum_is_no_structure() -> None:
    octets = exceeded(0, datagram(1500, 128) + structure(LABELS, checksum=0xBEEF))
    message, found = read(TimeExceeded, octets)
    assert message.quote.extensions is None
    assert found == []


def test_without_a_length_a_cut_structure_is_none() -> None:
    octets = exceeded(0, datagram(1500, 128) + structure(LABELS, checksum=0)[:-2])
    message, _ = read(TimeExceeded, octets)
    assert message.quote.extensions is None


def test_every_cut_length_keeps_what_is_there() -> None:
    octets = exceeded(32, datagram(1500, 128) + structure(LABELS, "00080302" + "00000007"))
    for length in range(8, len(octets)):
        message, found = read(TimeExceeded, octets[:length])
        extensions = message.quote.extensions
        if length < 136 + 4:
            assert extensions is None
            assert "extension-missing" in found
            continue
        whole = [MplsLabelStack] * (length >= 136 + 4 + 12)
        assert [type(item) for item in extensions.objects] == whole
        # Between two objects nothing shows that there was another: the checksum is what tells.
        at_edge = length == 136 + 4 + 12
        assert extensions.checksum_status == ("bad" if at_edge else "unverified")
        assert ("extension-object-unreadable" in found) == (length not in (140, 152))


def test_the_structure_of_icmpv6_is_found() -> None:
    packet = bytes.fromhex("6000000005b81101" + "20010db8" * 8) + datagram(1500, 1500)[20:]
    for length, quoted in ((16, 128), (0, 128), (25, 200), (128, 128)):
        octets = bytes.fromhex(f"03000000{length:02x}000000") + packet[:quoted] + structure(LABELS)
        message, found = read(TimeExceeded6, octets)
        assert labels(message.quote) == TWO
        assert message.original_length == length * 8
        assert found == ([] if length * 8 == quoted else ["extension-length"])


@given(st.binary(max_size=80), st.integers(0, 255), st.integers(0, 200), st.booleans())
def test_any_octets_are_written_back(octets: bytes, length: int, quoted: int, with_version: bool) -> None:
    if with_version and octets:
        octets = b"\x20" + octets[1:]
    for kind in (TimeExceeded, DestinationUnreachable, ParameterProblem):
        message, _ = read(kind, exceeded(length, datagram(1500, quoted) + octets))
        if message.quote.extensions is not None:
            json.dumps(plain(message.quote.extensions.as_json()))
    read(DestinationUnreachable6, exceeded(length, datagram(1500, quoted) + octets))


# Objects

OBJECTS: dict[str, tuple[str, type[ExtensionObject], dict[str, Any]]] = {
    "RFC 4950, 5: two labels": (
        LABELS,
        MplsLabelStack,
        {
            "name": "MPLS Label Stack",
            "entries": [
                {"label": 16004, "tc": 0, "bottom": False, "ttl": 1, "name": "Label Stack Entry"},
                {"label": 16005, "tc": 0, "bottom": True, "ttl": 1, "name": "Label Stack Entry"},
            ],
        },
    ),
    "RFC 5837, figure 5: incoming, ifIndex and name": (
        "0014020a" + "00000007" + "0c476967616265742f30" + "0000",
        InterfaceInformation,
        {
            "name": "Interface Information",
            "role": 0,
            "role_name": "interface on which the datagram arrived",
            "if_index": 7,
            "address": None,
            "interface_name": "Gigabet/0",
            "mtu": None,
        },
    ),
    "RFC 5837, figure 6: ifIndex, IPv4 address, name": (
        "0018020e" + "00000007" + "00010000c0000201" + "0865746830000000",
        InterfaceInformation,
        {
            "name": "Interface Information",
            "role": 0,
            "role_name": "interface on which the datagram arrived",
            "if_index": 7,
            "address": "192.0.2.1",
            "interface_name": "eth0",
            "mtu": None,
        },
    ),
    "RFC 5837, figure 7: ifIndex, IPv6 address": (
        "001c020c" + "00000007" + "00020000" + "20010db8000000000000000000000001",
        InterfaceInformation,
        {
            "name": "Interface Information",
            "role": 0,
            "role_name": "interface on which the datagram arrived",
            "if_index": 7,
            "address": "2001:db8::1",
            "interface_name": None,
            "mtu": None,
        },
    ),
    "RFC 5837, 4.1: next hop, MTU": (
        "000802c1" + "000005dc",
        InterfaceInformation,
        {
            "name": "Interface Information",
            "role": 3,
            "role_name": "next hop to which the datagram would have been forwarded",
            "if_index": None,
            "address": None,
            "interface_name": None,
            "mtu": 1500,
        },
    ),
    "RFC 5837, 4.1: nothing, and data to be ignored": (
        "00080240" + "deadbeef",
        InterfaceInformation,
        {
            "name": "Interface Information",
            "role": 1,
            "role_name": "sub-IP component on which the datagram arrived",
            "if_index": None,
            "address": None,
            "interface_name": None,
            "mtu": None,
        },
    ),
    "RFC 8335, 2.1: by name": (
        "000c0301" + "6574683000000000",
        InterfaceByName,
        {"name": "Interface Identification by Name", "interface_name": "eth0"},
    ),
    "RFC 8335, 2.1: by index": (
        "00080302" + "00000007",
        InterfaceByIndex,
        {"name": "Interface Identification by Index", "if_index": 7, "data": ""},
    ),
    "RFC 8335, figure 2: by IPv4 address": (
        "000c0303" + "00010400" + "c0000201",
        InterfaceByAddress,
        {
            "name": "Interface Identification by Address",
            "afi": 1,
            "address_length": 4,
            "address": "192.0.2.1",
        },
    ),
    "RFC 8335, figure 2: by MAC, padded": (
        "00100303" + "40050600" + "0242ac1100020000",
        InterfaceByAddress,
        {
            "name": "Interface Identification by Address",
            "afi": 16389,
            "address_length": 6,
            "address": "02:42:ac:11:00:02",
        },
    ),
    "RFC 8883, 3.1: pointer": (
        "00080401" + "00000528",
        ExtendedInformationPointer,
        {"name": "Extended Information Pointer", "pointer": 1320, "data": ""},
    ),
    "node identification: address and name": (
        "00140506" + "00010000c0000201" + "0872312d636f7265",
        NodeIdentification,
        {"name": "Node Identification", "address": "192.0.2.1", "node_name": "r1-core"},
    ),
    "private use": (
        "0008f701" + "01020304",
        PrivateObject,
        {"name": "Private Use Object", "data": "01020304"},
    ),
    "unknown class": (
        "0008c801" + "01020304",
        ExtensionObject,
        {"name": "Unknown Object", "data": "01020304"},
    ),
    "unknown C-Type": (
        "00080309" + "01020304",
        ExtensionObject,
        {"name": "Unknown Object", "data": "01020304"},
    ),
    "no payload": ("0004c801", ExtensionObject, {"name": "Unknown Object", "data": ""}),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_objects_are_read(name: str) -> None:
    octets, kind, expected = OBJECTS[name]
    notes: list[Finding] = []
    extensions = Extensions.parse(structure(octets), notes)
    (found,) = extensions.objects
    assert notes == []
    assert type(found) is kind
    head = bytes.fromhex(octets)
    assert plain(extensions.as_json()) == [{"class": head[2], "c_type": head[3]} | expected]
    json.dumps(plain(extensions.as_json()))
    assert extensions.encode() == structure(octets)
    assert list(extensions.nodes())


BAD: dict[str, tuple[str, str]] = {
    "length below the header": ("00030101" + "00", "extension-object-unreadable"),
    "length beyond the end": ("00100101" + "03e84001", "extension-object-unreadable"),
    "half a label": ("000a0101" + "03e84001" + "0000", "label-stack-entry-unreadable"),
    "by index, without one": ("00060302" + "0000", "extension-object-short"),
    "by address, without one": ("00040303", "extension-object-short"),
    "no multiple of four": ("0006c801" + "0000", "extension-object-unaligned"),
    "no ifIndex": ("00060208" + "0000", "extension-object-cut"),
    "an address of an unknown family": ("000c0204" + "00070000c0000201", "extension-object-cut"),
    "an address cut": ("000a0204" + "00010000c000", "extension-object-cut"),
    "half a family": ("00050204" + "00", "extension-object-cut"),
    "no name": ("00040202", "extension-object-cut"),
    "a name longer than the object": ("00080202" + "09657468", "extension-object-cut"),
    "a name of length zero": ("00080202" + "00657468", "extension-object-cut"),
    "two of one role": ("00080201" + "000005dc" + "00080201" + "000005dc", "extension-role-twice"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_objects_are_kept_and_told(name: str) -> None:
    octets, finding = BAD[name]
    notes: list[Finding] = []
    extensions = Extensions.parse(structure(octets), notes)
    assert finding in [note.id for note in notes]
    assert extensions.encode() == structure(octets)
    json.dumps(plain(extensions.as_json()))


def test_a_structure_of_another_version_or_without_objects_is_told() -> None:
    notes: list[Finding] = []
    Extensions.parse(bytes.fromhex("10000000"), notes)
    assert [note.id for note in notes] == ["extension-version", "extension-empty"]
    assert not is_structure(bytes.fromhex("20000000"))
    assert not is_structure(structure("00030101"))
    assert is_structure(structure(LABELS))


@given(st.binary(min_size=4, max_size=60))
def test_any_structure_is_written_back(octets: bytes) -> None:
    extensions = Extensions.parse(octets, [])
    assert extensions.encode() == octets
    json.dumps(plain(extensions.as_json()))


@given(st.integers(0, 255), st.sampled_from([1, 2, 3, 4, 5, 247]), st.binary(max_size=40))
def test_any_object_is_written_back(c_type: int, class_num: int, data: bytes) -> None:
    octets = structure(f"{len(data) + 4:04x}{class_num:02x}{c_type:02x}" + data.hex())
    extensions = Extensions.parse(octets, [])
    assert extensions.encode() == octets
    assert sum(node.bits for node in extensions.nodes()) == len(octets) * 8
    json.dumps(plain(extensions.as_json()))


def test_names_are_text_whatever_is_in_them() -> None:
    assert Name.of("eth0").encode() == bytes.fromhex("0865746830000000")
    assert Name.of("").encode() == bytes.fromhex("04000000")
    assert Name.of("é" * 40).length == 64
    assert Name.of("é" * 40).text == "é" * 31
    assert Name.parse(bytes.fromhex("08ff1b5b30000000")).text == "\\xff\x1b[0"


# Making them


def test_an_error_with_extensions_can_be_made() -> None:
    stack = MplsLabelStack(
        length=8,
        class_num=1,
        c_type=1,
        entries=Several.of([LabelStackEntry(label=16004, bottom=True, ttl=1)]),
    )
    for quoted, length in ((60, 128), (128, 128), (201, 204)):
        message = extended(TimeExceeded(type=11, quote=Quote.of(datagram(quoted, quoted))), stack)
        assert message.original_length == length
        again, found = read(TimeExceeded, message.encode())
        assert found == []
        assert again == message
        assert labels(again.quote) == [16004]
        assert bytes(again.quote.datagram) == datagram(quoted, quoted)
    packet = bytes.fromhex("6000000000a11101" + "20010db8" * 8) + datagram(1500, 161)
    six = extended(DestinationUnreachable6(type=1, quote=Quote.of(packet)), stack)
    assert six.original_length == 208
    again, found = read(DestinationUnreachable6, six.encode())
    assert (again, found) == (six, [])


def test_objects_can_be_made() -> None:
    parts: Several[Shape] = Several.of(
        [
            IfIndex(if_index=7),
            IpAddress4(address=IPv4Address("192.0.2.1")),
            Name.of("eth0"),
            InterfaceMtu(mtu=1500),
        ]
    )
    made = InterfaceInformation(length=28, class_num=2, c_type=0x0F, parts=parts)
    extensions = Extensions.of(made)
    assert extensions.checksum_status == "good"
    again = Extensions.parse(extensions.encode(), [])
    assert again == extensions
    six = IpAddress6(address=IPv6Address("2001:db8::1"))
    assert six.encode() == bytes.fromhex("00020000" + "20010db8000000000000000000000001")


# Extended echo


def test_an_extended_echo_request_is_about_an_interface() -> None:
    octets = bytes.fromhex("2a00000012340701") + structure("000c0301" + "6574683000000000")
    message, found = read(ExtendedEchoRequest, octets)
    assert found == []
    assert message.extensions.objects[0].interface_name == "eth0"


def test_an_extended_echo_request_without_a_structure_is_told() -> None:
    octets = bytes.fromhex("2a00000012340701" + "2000")
    message, found = read(ExtendedEchoRequest, octets)
    assert found == ["extension-missing"]
    assert message.extensions == Several.of([], b"\x20\x00")
    assert not message.extensions


def test_a_structure_that_a_reply_returns_is_shown() -> None:
    octets = bytes.fromhex("2b00000012340746") + structure("00080302" + "00000007")
    message, found = read(ExtendedEchoReply, octets)
    assert found == []
    assert (message.state, message.active, message.ipv4, message.ipv6) == (2, True, True, False)
    assert message.data == octets[8:]
    assert message.extensions.objects[0].if_index == 7
    assert [node.text for node in message.nodes()][-1] == "ICMP Extension Structure"


@pytest.mark.parametrize("rest", ["20000001" + "0008030200000007", "200000", "1000fff7", "20000000"])
def test_other_octets_in_a_reply_are_data(rest: str) -> None:
    message, _ = read(ExtendedEchoReply, bytes.fromhex("2b00000012340746" + rest))
    assert message.extensions is None
    assert [node.text for node in message.nodes()][-1] == f"{len(rest) // 2} octets"


def test_data_behind_the_objects_of_a_probe_are_no_part_of_the_sum() -> None:
    # As ping of Linux sends it: the structure, then eight octets of its own.
    rest = structure("00080302" + "00000001") + bytes.fromhex("000b11223344aabb")
    request, found = read(ExtendedEchoRequest, bytes.fromhex("a0000000fb610001") + rest)
    assert found == ["extension-object-unreadable"]
    assert request.extensions.checksum_status == "good"
    assert request.extensions.objects.leftover == rest[-8:]
    reply, _ = read(ExtendedEchoReply, bytes.fromhex("a1000000fb610007") + rest)
    assert reply.extensions == request.extensions


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("00080302" + "00000007", "Interface Identification by Index 7"),
        ("00080301" + "65746830", "Interface Identification by Name eth0"),
        ("000c0303" + "00010400" + "c0000201", "Interface Identification by Address 192.0.2.1"),
        (
            "00100303" + "00060600" + "0000 5e00 5301 0000",
            "Interface Identification by Address 00:00:5e:00:53:01",
        ),
    ],
)
def test_a_line_tells_by_what_an_interface_is_asked_for(told: str, said: str) -> None:
    octets = bytes.fromhex("2a000000 00070101") + structure(told)
    assert list(details(decode_message(octets, Family.ICMPV4)))[-1] == f"extensions=[{said}]"


@pytest.mark.parametrize(("state", "said"), [(2, "reachable"), (6, "failed"), (7, "7"), (0, "0")])
def test_a_line_tells_the_state_of_an_interface(state: int, said: str) -> None:
    octets = bytes.fromhex("2b000000 000701") + bytes((state << 5,))
    assert f"state={said}" in details(decode_message(octets, Family.ICMPV4))
