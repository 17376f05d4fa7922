"""The quoted datagram: every header, cut anywhere, padded, written back."""

from __future__ import annotations

import json
import pickle
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissector.messages.errors import SourceQuench, TimeExceeded
from dissector.messages.errors6 import PacketTooBig
from dissector.present.jsonlines import plain
from dissector.tails.datagram import KEYS, Datagram, split
from dissector.tails.quoted import NO_QUOTE, Quote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dissector.errors import Finding
    from dissector.layout import Node

SRC, DST = "c0000201", "c6336402"
SRC6, DST6 = "20010db8000000000000000000000001", "20010db8000000000000000000000002"


def ipv4(
    protocol: int, payload: str, *, length: int | None = None, options: str = "", fragment: str = "4000"
) -> bytes:
    """Return an IPv4 datagram (RFC 791, 3.1) from hex; ``length`` is what its header says."""
    words = 5 + len(options) // 8
    total = words * 4 + len(payload) // 2 if length is None else length
    return bytes.fromhex(
        f"4{words:x}00{total:04x}1c46{fragment}01{protocol:02x}0000{SRC}{DST}{options}{payload}"
    )


def ipv6(protocol: int, payload: str, *, length: int | None = None) -> bytes:
    """Return an IPv6 packet (RFC 8200, 3) from hex."""
    total = len(payload) // 2 if length is None else length
    return bytes.fromhex(f"60012345{total:04x}{protocol:02x}01{SRC6}{DST6}{payload}")


TCP = "01bbc3500000000a0000000b5012ffff00000000"
UDP = "14e9829a00080000"
SCTP = "0b5a0b5b01020304deadbeef"
ECHO = "0800000012340007"


def shown(datagram: Datagram) -> dict[str, Any]:
    """Return what JSON shows of it, without what is null."""
    return {key: value for key, value in plain(datagram.as_json()).items() if value is not None}


IP4: dict[str, Any] = {"src": "192.0.2.1", "dst": "198.51.100.2", "ttl": 1, "id": 0x1C46, "truncated": False}
IP6: dict[str, Any] = {"src": "2001:db8::1", "dst": "2001:db8::2", "ttl": 1, "truncated": False}

DATAGRAMS = {
    "tcp": (ipv4(6, TCP), IP4 | {"protocol": 6, "length": 40, "sport": 443, "dport": 50000, "seq": 10}),
    "tcp with options": (
        ipv4(6, "01bbc3500000000a0000000b6012ffff00000000" + "020405b4"),
        IP4 | {"protocol": 6, "length": 44, "sport": 443, "dport": 50000, "seq": 10},
    ),
    "tcp, eight octets": (
        ipv4(6, TCP[:16], length=1500),
        IP4 | {"protocol": 6, "length": 1500, "sport": 443, "dport": 50000, "seq": 10, "truncated": True},
    ),
    "udp": (ipv4(17, UDP), IP4 | {"protocol": 17, "length": 28, "sport": 5353, "dport": 33434}),
    "udp-lite": (ipv4(136, UDP), IP4 | {"protocol": 136, "length": 28, "sport": 5353, "dport": 33434}),
    "sctp": (ipv4(132, SCTP), IP4 | {"protocol": 132, "length": 32, "sport": 2906, "dport": 2907}),
    "icmp echo": (
        ipv4(1, ECHO),
        IP4 | {"protocol": 1, "length": 28, "type": 8, "code": 0, "identifier": 0x1234, "sequence": 7},
    ),
    "icmp error": (
        ipv4(1, "03040000000005dc" + ipv4(17, UDP).hex()),
        IP4 | {"protocol": 1, "length": 56, "type": 3, "code": 4},
    ),
    "icmp extended echo": (
        ipv4(1, "2a00000012340701"),
        IP4 | {"protocol": 1, "length": 28, "type": 42, "code": 0, "identifier": 0x1234, "sequence": 7},
    ),
    "esp": (ipv4(50, "0001e24000000001"), IP4 | {"protocol": 50, "length": 28, "spi": 123456}),
    "ah, then tcp": (
        ipv4(51, "060400000001e24000000001" + "00" * 12 + TCP),
        IP4 | {"protocol": 6, "length": 64, "spi": 123456, "sport": 443, "dport": 50000, "seq": 10},
    ),
    "ah of RFC 1826, then echo": (
        ipv6(51, "3a0000000001e240" + "8000000012340007"),
        IP6
        | {"protocol": 58, "length": 56, "spi": 123456}
        | {"type": 128, "code": 0, "identifier": 0x1234, "sequence": 7},
    ),
    "gre": (ipv4(47, "2000080000000007"), IP4 | {"protocol": 47, "length": 28}),
    "options": (
        ipv4(17, UDP, options="94040000" + "07070400000000" + "00"),
        IP4 | {"protocol": 17, "length": 40, "sport": 5353, "dport": 33434},
    ),
    "later fragment": (ipv4(17, UDP, fragment="00b9"), IP4 | {"protocol": 17, "length": 28}),
    "first fragment": (
        ipv4(17, UDP, fragment="2000"),
        IP4 | {"protocol": 17, "length": 28, "sport": 5353, "dport": 33434},
    ),
    "unknown protocol": (ipv4(253, "01020304"), IP4 | {"protocol": 253, "length": 24}),
    "no payload": (ipv4(17, ""), IP4 | {"protocol": 17, "length": 20}),
    "v6 udp": (ipv6(17, UDP), IP6 | {"protocol": 17, "length": 48, "sport": 5353, "dport": 33434}),
    "v6 echo": (
        ipv6(58, "8000000012340007"),
        IP6 | {"protocol": 58, "length": 48, "type": 128, "code": 0, "identifier": 0x1234, "sequence": 7},
    ),
    "v6 error": (ipv6(58, "0200000000000500"), IP6 | {"protocol": 58, "length": 48, "type": 2, "code": 0}),
    "v6 all extension headers": (
        ipv6(0, "3c000502000001002b00010400000000" + "2c02040000000000" + SRC6 + "06000001deadbeef" + TCP),
        IP6 | {"protocol": 6, "length": 108, "id": 0xDEADBEEF, "sport": 443, "dport": 50000, "seq": 10},
    ),
    "v6 later fragment": (
        ipv6(44, "110000b8deadbeef" + UDP),
        IP6 | {"protocol": 17, "length": 56, "id": 0xDEADBEEF},
    ),
    "v6 ah, then udp": (
        ipv6(51, "110400000001e24000000001" + "00" * 12 + UDP),
        IP6 | {"protocol": 17, "length": 72, "spi": 123456, "sport": 5353, "dport": 33434},
    ),
    "v6 no next header": (ipv6(59, ""), IP6 | {"protocol": 59, "length": 40}),
}


@pytest.mark.parametrize("name", DATAGRAMS)
def test_each_header_is_read(name: str) -> None:
    octets, expected = DATAGRAMS[name]
    datagram = Datagram(octets)
    assert shown(datagram) == expected
    assert tuple(datagram.as_json()) == KEYS
    json.dumps(plain(datagram.as_json()))


def leaves(nodes: Iterable[Node]) -> Iterable[Node]:
    for node in nodes:
        if node.children:
            assert node.children[0].offset == node.offset
            assert sum(child.bits for child in node.children) == node.bits
            yield from leaves(node.children)
        else:
            yield node


@pytest.mark.parametrize("name", DATAGRAMS)
def test_every_cut_length_is_read_and_no_octet_is_lost(name: str) -> None:
    octets, expected = DATAGRAMS[name]
    head = bytes.fromhex("0400f4ff00000000")
    for length in range(len(octets) + 1):
        notes: list[Finding] = []
        message = SourceQuench.parse(head + octets[:length], notes)
        assert message.encode() == head + octets[:length]
        assert [note.id for note in notes] == (["quote-missing"] if not length else [])
        at = 0
        for node in leaves(message.nodes()):
            assert node.offset == at
            at += node.bits
        assert at == (8 + length) * 8
        if length:
            assert message.quote.datagram is not None
            found = shown(message.quote.datagram)
            # What is shown of a cut one is what is shown of the whole one, less what is not there.
            cut = {"truncated": found["truncated"]}
            if len(octets) > length and "protocol" in found:
                cut["protocol"] = found["protocol"]
            assert found.items() <= (expected | cut).items()
            assert str(message.quote.datagram)


@given(st.binary(max_size=200), st.sampled_from([4, 6]))
def test_any_octets_are_read_and_written_back(octets: bytes, version: int) -> None:
    if octets:
        octets = bytes([version << 4 | octets[0] & 0x0F]) + octets[1:]
    head = bytes.fromhex("0200f4ff00000500")
    message = PacketTooBig.parse(head + octets, [])
    assert message.encode() == head + octets
    at = 0
    for node in leaves(message.nodes()):
        assert node.offset == at
        at += node.bits
    assert at == len(head + octets) * 8
    if message.quote.datagram is not None:
        json.dumps(plain(message.quote.datagram.as_json()))


@given(st.data(), st.sampled_from(sorted(DATAGRAMS)))
def test_damaged_datagrams_are_read_and_written_back(data: st.DataObject, name: str) -> None:
    octets = bytearray(DATAGRAMS[name][0])
    for _ in range(data.draw(st.integers(1, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    quote = Quote.of(bytes(octets))
    assert quote.encode() == octets
    if quote.datagram is not None:
        json.dumps(plain(quote.datagram.as_json()))
        list(quote.datagram.nodes(0))


def test_attributes_have_their_types() -> None:
    four, six = Datagram(DATAGRAMS["udp"][0]), Datagram(DATAGRAMS["v6 udp"][0])
    assert four.src == IPv4Address("192.0.2.1")
    assert six.dst == IPv6Address("2001:db8::2")
    assert (four.version, six.version) == (4, 6)
    assert (four.protocol_name, six.protocol_name) == ("UDP", "UDP")
    assert str(four) == "UDP 192.0.2.1:5353 > 198.51.100.2:33434"
    assert str(six) == "UDP [2001:db8::1]:5353 > [2001:db8::2]:33434"
    assert str(Datagram(ipv4(253, ""))) == "protocol 253 192.0.2.1 > 198.51.100.2"
    assert str(Datagram(b"\x45")) == "IPv4 ? > ?"


def test_zero_octets_after_the_end_are_padding() -> None:
    octets = ipv4(17, UDP)
    datagram, padding = split(octets + bytes(100))
    assert datagram == Datagram(octets)
    assert padding == bytes(100)
    assert not Datagram(octets).truncated
    datagram, padding = split(ipv6(17, UDP) + bytes(3))
    assert (datagram, padding) == (Datagram(ipv6(17, UDP)), bytes(3))


def test_other_octets_after_the_end_are_the_datagrams_own() -> None:
    # Old BSD took the header from the total length before it quoted: the ports would be lost.
    octets = ipv4(17, UDP, length=20)
    notes: list[Finding] = []
    quote = SourceQuench.parse(bytes.fromhex("0400f4ff00000000") + octets, notes).quote
    assert quote.datagram is not None
    assert (quote.datagram.sport, quote.padding) == (5353, b"")
    assert [note.id for note in notes] == ["quote-length"]


def test_what_is_no_ip_datagram_is_kept_and_told() -> None:
    octets = bytes.fromhex("0400f4ff00000000" + "7f00deadbeef")
    notes: list[Finding] = []
    message = SourceQuench.parse(octets, notes)
    assert message.quote == Quote(None, octets[8:])
    assert [note.id for note in notes] == ["quote-not-ip"]
    assert message.encode() == octets
    assert [node.name for node in message.nodes()][-1] == "padding"


def test_a_header_that_is_too_short_to_be_one_ends_the_reading() -> None:
    octets = bytearray(ipv4(17, UDP))
    octets[0] = 0x44
    datagram = Datagram(bytes(octets))
    assert (datagram.src, datagram.sport) == (IPv4Address("192.0.2.1"), None)


def test_a_jumbogram_has_no_length() -> None:
    datagram = Datagram(ipv6(0, "1100c204000100000000000000000000", length=0))
    assert datagram.length is None
    assert datagram.truncated
    assert datagram.protocol == 17


def test_a_long_chain_of_extension_headers_ends() -> None:
    octets = ipv6(60, "3c00010400000000" * 8000)
    datagram = Datagram(octets)
    assert datagram.protocol == 60
    assert len(datagram.layers) == 8001


def test_options_are_named() -> None:
    names = [node.text for node in Datagram(DATAGRAMS["options"][0]).layers[0].node(0).children[-3:]]
    assert names == ["Router Alert", "Record Route", "End of Options"]
    names = [node.text for node in Datagram(DATAGRAMS["tcp with options"][0]).layers[1].node(0).children]
    assert names[-1] == "Maximum Segment Size"


def test_a_quote_can_be_made() -> None:
    octets = ipv4(17, UDP)
    message = TimeExceeded(type=11, quote=Quote.of(octets))
    assert message.encode() == bytes.fromhex("0b00000000000000") + octets
    assert TimeExceeded.parse(message.encode()) == message
    assert TimeExceeded(type=11).quote == NO_QUOTE
    assert TimeExceeded(type=11).encode() == bytes.fromhex("0b00000000000000")


def test_quotes_can_be_compared_and_pickled() -> None:
    quote = Quote.of(ipv4(17, UDP))
    assert quote.datagram is not None
    assert quote.datagram.sport == 5353
    assert pickle.loads(pickle.dumps(quote)) == quote
    assert hash(quote) == hash(Quote.of(ipv4(17, UDP)))
    assert quote != Quote.of(ipv4(6, TCP))
