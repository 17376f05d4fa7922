"""Node Information Queries and Replies against hand-made octets, scapy's, and any octets at all."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissector.errors import Finding, TruncatedError
from dissector.messages.node_information import NodeInformation
from dissector.tails import node_data

NONCE = "0102030405060708"
ADDRESS = "20010db8" + "00" * 11 + "01"
HOST = b"\x04host\x07example\x00".hex()
SINGLE = b"\x04host\x00\x00".hex()


def read(text: str) -> tuple[NodeInformation, list[str]]:
    """Return a message and the ids of its findings."""
    notes: list[Finding] = []
    octets = bytes.fromhex(text)
    message = NodeInformation.parse(octets, notes)
    assert message.encode() == octets
    assert sum(node.bits for node in message.nodes()) == len(octets) * 8
    return message, [note.id for note in notes]


def query(code: int, data: str, qtype: int = 2, flags: int = 0) -> tuple[NodeInformation, list[str]]:
    return read(f"8b{code:02x}0000 {qtype:04x}{flags:04x}" + NONCE + data)


def reply(qtype: int, data: str, code: int = 0, flags: int = 0) -> tuple[NodeInformation, list[str]]:
    return read(f"8c{code:02x}0000 {qtype:04x}{flags:04x}" + NONCE + data)


def test_subjects_of_queries() -> None:
    for code, data, content in (
        (0, ADDRESS, node_data.SubjectIpv6(address=IPv6Address("2001:db8::1"))),
        (2, "c0000201", node_data.SubjectIpv4(address=IPv4Address("192.0.2.1"))),
        (1, "", b""),
    ):
        message, ids = query(code, data)
        assert (message.content, ids) == (content, [])
        assert message.nonce.hex() == NONCE


@pytest.mark.parametrize(("data", "text"), [(HOST, "host.example"), (SINGLE, "host")])
def test_name_as_the_subject(data: str, text: str) -> None:
    message, ids = query(1, data)
    assert ids == []
    assert isinstance(message.content, node_data.SubjectName)
    assert str(message.content.node_name) == text


@pytest.mark.parametrize(
    ("code", "data"),
    [
        (0, ADDRESS[:-2]),
        (0, ADDRESS + "00"),
        (0, ""),
        (2, "c00002"),
        (1, HOST[:-2]),
        (1, HOST + "00"),
        (1, "c000"),
        (3, "00"),
    ],
)
def test_odd_subjects_are_kept_whole(code: int, data: str) -> None:
    message, ids = query(code, data)
    assert (message.content, ids) == (bytes.fromhex(data), ["node-data-unreadable"])


def test_noop_has_no_data() -> None:
    for code in (0, 1, 2):
        assert query(code, "", qtype=0)[1] == []
    assert reply(0, "")[1] == []
    assert reply(0, "00")[1] == ["node-data-unreadable"]


def test_names_in_a_reply() -> None:
    message, ids = reply(2, "00000000" + HOST + b"\x03www\xc0\x09".hex() + b"\x05other\x00".hex())
    assert ids == []
    assert isinstance(message.content, node_data.NodeNames)
    # Offset 9 is the label "example": offsets count from the TTL, as RFC 4620, 6.2 says.
    assert [str(name) for name in message.content.node_names] == ["host.example", "www.example", "other"]
    single, ids = reply(2, "00000000" + SINGLE + SINGLE)
    assert ids == []
    assert isinstance(single.content, node_data.NodeNames)
    assert [str(name) for name in single.content.node_names] == ["host", "host"]
    none, ids = reply(2, "00000000")
    assert isinstance(none.content, node_data.NodeNames)
    assert (none.content.node_names, ids) == ((), [])


def test_odd_names_in_a_reply_are_left_over() -> None:
    for surplus in ("04686f", "c0ff", "80"):
        message, ids = reply(2, "00000000" + HOST + surplus)
        assert isinstance(message.content, node_data.NodeNames)
        assert [str(name) for name in message.content.node_names] == ["host.example"]
        assert (message.content.node_names.leftover, ids) == (
            bytes.fromhex(surplus),
            ["node-name-unreadable"],
        )
    assert reply(2, "0000")[1] == ["node-data-unreadable"]


def test_addresses_in_a_reply() -> None:
    message, ids = reply(3, "00000000" + ADDRESS + "0000000f" + ADDRESS, flags=0x3F)
    assert ids == []
    assert isinstance(message.content, node_data.NodeAddresses)
    assert [(one.ttl, str(one.address)) for one in message.content.addresses] == [
        (0, "2001:db8::1"),
        (15, "2001:db8::1"),
    ]
    cut, ids = reply(3, "00000000" + ADDRESS + "0000")
    assert isinstance(cut.content, node_data.NodeAddresses)
    assert (len(cut.content.addresses), cut.content.addresses.leftover) == (1, b"\0\0")
    assert ids == ["address-unreadable"]


def test_ipv4_addresses_in_a_reply() -> None:
    message, ids = reply(4, "00000000c0000201" + "00000000c0000202", flags=3)
    assert ids == []
    assert isinstance(message.content, node_data.NodeIpv4Addresses)
    assert [str(one.address) for one in message.content.addresses] == ["192.0.2.1", "192.0.2.2"]


def test_refusals_have_no_data() -> None:
    for code in (1, 2):
        assert reply(2, "", code=code)[1] == []
        assert reply(2, "00000000", code=code)[1] == ["node-data-unreadable"]


def test_a_qtype_nobody_knows_is_kept_whole() -> None:
    message, ids = reply(9, "010203")
    assert (message.content, ids) == (b"\1\2\3", [])


def test_flags_are_where_the_rfc_draws_them() -> None:
    names = ["truncated", "all_addresses", "compatible", "link_local", "site_local", "global_scope"]
    for bit, name in enumerate(names):
        message, ids = query(0, ADDRESS, qtype=3, flags=1 << bit)
        assert [other for other in names if getattr(message, other)] == [name]
        assert ids == []
        assert query(0, ADDRESS, qtype=4, flags=1 << bit)[1] == ([] if bit < 2 else ["flags-undefined"])
        assert query(0, ADDRESS, qtype=2, flags=1 << bit)[1] == ["flags-undefined"]


def test_each_cut_length_is_kept_or_refused() -> None:
    whole = bytes.fromhex("8c000000 00030000" + NONCE + "00000000" + ADDRESS)
    for length in range(len(whole)):
        if length < NodeInformation.layout.size:
            with pytest.raises(TruncatedError):
                NodeInformation.parse(whole[:length])
        else:
            read(whole[:length].hex())


@given(
    kind=st.sampled_from((139, 140)),
    code=st.integers(0, 4),
    qtype=st.integers(0, 5),
    data=st.binary(max_size=120)
    | st.lists(st.sampled_from((b"\x01a", b"\0", b"\xc0\4", b"\xc0\6")), max_size=9).map(b"".join),
)
def test_any_octets_survive(kind: int, code: int, qtype: int, data: bytes) -> None:
    read((bytes((kind, code, 0, 0, 0, qtype, 0, 0)) + bytes(8) + data).hex())


class TestScapy:
    """What scapy writes is read back with the values it was given."""

    inet6 = pytest.importorskip("scapy.layers.inet6")

    def test_queries(self) -> None:
        by_name = read(bytes(self.inet6.ICMPv6NIQueryName(data="host.example", nonce=b"12345678")).hex())[0]
        assert by_name.nonce == b"12345678"
        assert isinstance(by_name.content, node_data.SubjectName)
        assert str(by_name.content.node_name) == "host.example"
        by_address = read(bytes(self.inet6.ICMPv6NIQueryIPv6(data="2001:db8::1", flags="GA")).hex())[0]
        assert by_address.content == node_data.SubjectIpv6(address=IPv6Address("2001:db8::1"))
        assert (by_address.global_scope, by_address.all_addresses, by_address.link_local) == (
            True,
            True,
            False,
        )
        by_ipv4 = read(bytes(self.inet6.ICMPv6NIQueryIPv4(data="192.0.2.1")).hex())[0]
        assert by_ipv4.content == node_data.SubjectIpv4(address=IPv4Address("192.0.2.1"))

    def test_replies(self) -> None:
        names = read(bytes(self.inet6.ICMPv6NIReplyName(data=[0, "host.example", "www.example"])).hex())[0]
        assert isinstance(names.content, node_data.NodeNames)
        assert [str(name) for name in names.content.node_names] == ["host.example", "www.example"]
        addresses = read(bytes(self.inet6.ICMPv6NIReplyIPv6(data=[(9, "2001:db8::1")])).hex())[0]
        assert isinstance(addresses.content, node_data.NodeAddresses)
        assert [(one.ttl, str(one.address)) for one in addresses.content.addresses] == [(9, "2001:db8::1")]
        ipv4 = read(bytes(self.inet6.ICMPv6NIReplyIPv4(data=[(9, "192.0.2.1")])).hex())[0]
        assert isinstance(ipv4.content, node_data.NodeIpv4Addresses)
        assert [(one.ttl, str(one.address)) for one in ipv4.content.addresses] == [(9, "192.0.2.1")]
