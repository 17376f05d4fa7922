"""Every shape of ICMPv4: vectors made by hand after the figures of the RFCs, any octets, every cut length."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissector.checksum import verify
from dissector.errors import Finding, TruncatedError
from dissector.layout import Several, partial
from dissector.messages.base import IcmpMessage, Opaque
from dissector.messages.echo import Echo, ExtendedEchoReply, ExtendedEchoRequest
from dissector.messages.errors import (
    DatagramConversionError,
    DestinationUnreachable,
    FragmentationNeeded,
    ParameterProblem,
    Redirect,
    SecurityFailure,
    SourceQuench,
    TimeExceeded,
)
from dissector.messages.historic import AlternateHostAddress, MobileHostRedirect, Traceroute
from dissector.messages.queries import (
    AddressMask,
    DomainNameReply,
    DomainNameRequest,
    Information,
    Timestamp,
)
from dissector.messages.router_discovery import RouterAdvertisement, RouterSolicitation
from dissector.present.jsonlines import plain
from dissector.tails.entries import RouterAddress, RouterAddresses
from dissector.tails.mobile_ip import (
    AgentExtension,
    Challenge,
    MobilityAgentAdvertisement,
    OneBytePadding,
    PrefixLengths,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dissector.layout import Node

QUOTED = "4500001c1c4600000111d96fc0000201c6336402" + "14e9829a00080000"
"""A quoted UDP datagram, whole."""


class Vector(NamedTuple):
    """A message in hex, what JSON shows of its fields, the ids of its findings."""

    kind: type[IcmpMessage]
    octets: str
    fields: dict[str, Any]
    findings: tuple[str, ...] = ()


VALID: dict[str, Vector] = {
    "RFC 792, page 14: echo": Vector(
        Echo, "0800 20fe 1234 0007 61626364", {"identifier": 0x1234, "sequence": 7, "data": "61626364"}
    ),
    "RFC 792, page 14: echo reply, empty": Vector(
        Echo, "0000 edc4 1234 0007", {"identifier": 0x1234, "sequence": 7, "data": ""}
    ),
    "RFC 792, page 4: port unreachable": Vector(
        DestinationUnreachable, "0303 3d56 00000000" + QUOTED, {"original_length": 0}
    ),
    "RFC 1191, 4: fragmentation needed": Vector(
        FragmentationNeeded,
        "0304 37dd 00 00 0578" + QUOTED,
        {"original_length": 0, "next_hop_mtu": 1400},
    ),
    "RFC 1191, 5: from a router before it": Vector(
        FragmentationNeeded, "0304 3d55 00 00 0000" + QUOTED, {"original_length": 0, "next_hop_mtu": 0}
    ),
    "RFC 792, page 10: source quench": Vector(SourceQuench, "0400 3c59 00000000" + QUOTED, {}),
    "RFC 792, page 12: redirect for a host": Vector(
        Redirect, "0501 7b56 c00000 01" + QUOTED, {"gateway": "192.0.0.1"}
    ),
    "RFC 792, page 6: time exceeded": Vector(
        TimeExceeded, "0b00 3559 00000000" + QUOTED, {"original_length": 0}
    ),
    "RFC 792, page 8: parameter problem": Vector(
        ParameterProblem, "0c00 2059 14 00 0000" + QUOTED, {"pointer": 20, "original_length": 0}
    ),
    "IANA, type 6: alternate host address": Vector(
        AlternateHostAddress, "0600 f9ff 00000000", {"data": "00000000"}
    ),
    "RFC 1256, 3: two addresses": Vector(
        RouterAdvertisement,
        "0900 69f5 02 02 0708 c0000201 00000000 c0000202 fffffffb",
        {
            "num_addrs": 2,
            "entry_size": 2,
            "lifetime": 1800,
            "agent_extensions": [],
            "addresses": [
                {"address": "192.0.2.1", "preference": 0},
                {"address": "192.0.2.2", "preference": -5},
            ],
        },
    ),
    "RFC 1256, 2.1: not a default router, three words": Vector(
        RouterAdvertisement,
        "0900 b3f3 01 03 0000 c0000201 80000000 00000007",
        {
            "num_addrs": 1,
            "entry_size": 3,
            "lifetime": 0,
            "agent_extensions": [],
            "addresses": [{"address": "192.0.2.1", "preference": -(1 << 31), "extra": "00000007"}],
        },
    ),
    "RFC 5944, 2.1: an agent": Vector(
        RouterAdvertisement,
        "0910 c96e 01 02 0708 c0000201 00000000"
        "10 0a 0001 ffff bfe0 c0000209"
        "13 01 18"
        "18 04 deadbeef"
        "c8 02 0102"
        "00",
        {
            "num_addrs": 1,
            "entry_size": 2,
            "lifetime": 1800,
            "agent_extensions": [
                {
                    "type": 16,
                    "length": 10,
                    "sequence": 1,
                    "registration_lifetime": 65535,
                    "registration_required": True,
                    "busy": False,
                    "home_agent": True,
                    "foreign_agent": True,
                    "minimal_encapsulation": True,
                    "gre": True,
                    "reverse_tunneling": True,
                    "udp_tunneling": True,
                    "revocation": True,
                    "regional_registration": True,
                    "care_of_addresses": ["192.0.2.9"],
                    "name": "Mobility Agent Advertisement",
                },
                {"type": 19, "length": 1, "prefix_lengths": [24], "name": "Prefix-Lengths"},
                {"type": 24, "length": 4, "challenge": "deadbeef", "name": "Mobile-Agent Challenge"},
                {"type": 200, "length": 2, "data": "0102", "name": "Unknown Extension"},
                {"type": 0, "name": "One-byte Padding"},
            ],
            "addresses": [{"address": "192.0.2.1", "preference": 0}],
        },
    ),
    "RFC 5944, 2.1: an agent without an address": Vector(
        RouterAdvertisement,
        "0900 b8e6 00 02 0708 10 06 0001 0708 2000",
        {
            "num_addrs": 0,
            "entry_size": 2,
            "lifetime": 1800,
            "agent_extensions": [
                {
                    "type": 16,
                    "length": 6,
                    "sequence": 1,
                    "registration_lifetime": 1800,
                    "registration_required": False,
                    "busy": False,
                    "home_agent": True,
                    "foreign_agent": False,
                    "minimal_encapsulation": False,
                    "gre": False,
                    "reverse_tunneling": False,
                    "udp_tunneling": False,
                    "revocation": False,
                    "regional_registration": False,
                    "care_of_addresses": [],
                    "name": "Mobility Agent Advertisement",
                }
            ],
            "addresses": [],
        },
    ),
    "RFC 1256, 3: solicitation": Vector(RouterSolicitation, "0a00 f5ff 00000000", {"data": ""}),
    "RFC 792, page 16: timestamp reply": Vector(
        Timestamp,
        "0e00 d407 1234 0007 000003e8 000003ea 000003eb",
        {
            "identifier": 0x1234,
            "sequence": 7,
            "originate": 1000,
            "receive": 1002,
            "transmit": 1003,
            "originate_ms": 1000,
            "receive_ms": 1002,
            "transmit_ms": 1003,
            "data": "",
        },
    ),
    "RFC 792, page 17: a time that is no time of day": Vector(
        Timestamp,
        "0d00 5cdc 1234 0007 800003e8 00000000 00000000",
        {
            "identifier": 0x1234,
            "sequence": 7,
            "originate": 0x800003E8,
            "receive": 0,
            "transmit": 0,
            "originate_ms": None,
            "receive_ms": 0,
            "transmit_ms": 0,
            "data": "",
        },
        ("timestamp-non-standard",),
    ),
    "RFC 792, page 18: information request": Vector(
        Information, "0f00 decb 1234 0000", {"identifier": 0x1234, "sequence": 0, "data": ""}
    ),
    "RFC 950, appendix I: address mask reply": Vector(
        AddressMask,
        "1200 dcc3 1234 0007 ffffff00",
        {"identifier": 0x1234, "sequence": 7, "address_mask": "255.255.255.0", "data": ""},
    ),
    "RFC 1393, 2.3: traceroute": Vector(
        Traceroute,
        "1e00 3be9 1234 0000 0003 ffff 9502f900 000005dc",
        {
            "identifier": 0x1234,
            "outbound_hop_count": 3,
            "return_hop_count": 65535,
            "output_link_speed": 2500000000,
            "output_link_mtu": 1500,
            "data": "",
        },
    ),
    "RFC 1475, 6.2: conversion failed": Vector(
        DatagramConversionError, "1f05 2152 00000002" + QUOTED, {"pointer": 2}
    ),
    "IANA, type 32: mobile host redirect": Vector(
        MobileHostRedirect, "2000 1dfe c0000201", {"data": "c0000201"}
    ),
    "IANA, type 33: no format": Vector(Opaque, "2100 daf9 01020304", {"data": "01020304"}),
    "RFC 1788, 2: domain name request": Vector(
        DomainNameRequest, "2500 c8c4 1234 0007", {"identifier": 0x1234, "sequence": 7, "data": ""}
    ),
    "RFC 1788, 3: two names, one compressed": Vector(
        DomainNameReply,
        "2600 fc05 1234 0007 ffffffff" + "0161 076578616d706c65 00" + "0162 c00e",
        {"identifier": 0x1234, "sequence": 7, "time_to_live": -1, "names": ["a.example", "b.example"]},
    ),
    "RFC 1788, 3: no name": Vector(
        DomainNameReply,
        "2600 b9b4 1234 0007 00000e10",
        {"identifier": 0x1234, "sequence": 7, "time_to_live": 3600, "names": []},
    ),
    "RFC 2521, 2: security failure": Vector(SecurityFailure, "2800 1845 0000 0014" + QUOTED, {"pointer": 20}),
    "RFC 8335, figure 1: extended echo request": Vector(
        ExtendedEchoRequest,
        "2a00 bcca 1234 07 01" + "2000 dcee 0008 03 02 00000007",
        {
            "identifier": 0x1234,
            "sequence": 7,
            "local": True,
            "extensions": {
                "version": 2,
                "checksum": 0xDCEE,
                "objects": [
                    {
                        "length": 8,
                        "class": 3,
                        "c_type": 2,
                        "if_index": 7,
                        "data": "",
                        "name": "Interface Identification by Index",
                    }
                ],
                "name": "ICMP Extension Structure",
            },
        },
    ),
    "RFC 8335, figure 3: extended echo reply": Vector(
        ExtendedEchoReply,
        "2b00 bb84 1234 07 47",
        {
            "identifier": 0x1234,
            "sequence": 7,
            "state": 2,
            "active": True,
            "ipv4": True,
            "ipv6": True,
            "data": "",
        },
    ),
}

INVALID: dict[str, Vector] = {
    "an error that quotes nothing": Vector(
        DestinationUnreachable, "0301 fcfe 00000000", {"original_length": 0}, ("quote-missing",)
    ),
    "a quote that is no datagram": Vector(
        Redirect, "0501 0000 c0000001 ffffffff", {"gateway": "192.0.0.1"}, ("quote-not-ip",)
    ),
    "a length without extensions": Vector(
        TimeExceeded, "0b00 0000 00 07 0000" + QUOTED, {"original_length": 28}, ("extension-missing",)
    ),
    "RFC 1256, 5.2: entries of one word": Vector(
        RouterAdvertisement,
        "0900 0000 01 01 0708 c0000201",
        {"num_addrs": 1, "entry_size": 1, "lifetime": 1800, "agent_extensions": [], "addresses": []},
        ("router-entry-size",),
    ),
    "RFC 1256, 5.2: no address": Vector(
        RouterAdvertisement,
        "0900 0000 00 02 0708",
        {"num_addrs": 0, "entry_size": 2, "lifetime": 1800, "agent_extensions": [], "addresses": []},
        ("router-no-address",),
    ),
    "RFC 1256, 5.2: an address missing": Vector(
        RouterAdvertisement,
        "0900 0000 02 02 0708 c0000201 00000001 c0000202",
        {
            "num_addrs": 2,
            "entry_size": 2,
            "lifetime": 1800,
            "agent_extensions": [],
            "addresses": [{"address": "192.0.2.1", "preference": 1}],
        },
        ("router-address-missing",),
    ),
    "RFC 1788, 1.3: a label cut": Vector(
        DomainNameReply,
        "2600 0000 1234 0007 00000e10" + "0161 00" + "0562",
        {"identifier": 0x1234, "sequence": 7, "time_to_live": 3600, "names": ["a"]},
        ("domain-name-unreadable",),
    ),
    "RFC 1035, 4.1.4: a pointer to itself": Vector(
        DomainNameReply,
        "2600 0000 1234 0007 00000e10" + "c00c",
        {"identifier": 0x1234, "sequence": 7, "time_to_live": 3600, "names": []},
        ("domain-name-unreadable",),
    ),
    "RFC 1788, 1.3: a name of more than 255 octets": Vector(
        DomainNameReply,
        "2600 0000 1234 0007 00000e10" + "0161" * 128 + "00",
        {"identifier": 0x1234, "sequence": 7, "time_to_live": 3600, "names": []},
        ("domain-name-unreadable",),
    ),
    "all three times not standard": Vector(
        Timestamp,
        "0e00 0000 0000 0000 80000000 80000000 80000000",
        {
            "identifier": 0,
            "sequence": 0,
            **dict.fromkeys(("originate", "receive", "transmit"), 1 << 31),
            **dict.fromkeys(("originate_ms", "receive_ms", "transmit_ms")),
            "data": "",
        },
        ("timestamp-non-standard",),
    ),
    "an extended echo request without a structure": Vector(
        ExtendedEchoRequest,
        "2a00 0000 1234 07 00",
        {"identifier": 0x1234, "sequence": 7, "local": False, "extensions": []},
        ("extension-missing",),
    ),
}

HEADER = {"type", "code", "checksum", "quote"}
KINDS: tuple[type[IcmpMessage], ...] = (
    AddressMask,
    AlternateHostAddress,
    DatagramConversionError,
    DestinationUnreachable,
    DomainNameReply,
    DomainNameRequest,
    Echo,
    ExtendedEchoReply,
    ExtendedEchoRequest,
    FragmentationNeeded,
    Information,
    MobileHostRedirect,
    Opaque,
    ParameterProblem,
    Redirect,
    RouterAdvertisement,
    RouterSolicitation,
    SecurityFailure,
    SourceQuench,
    TimeExceeded,
    Timestamp,
    Traceroute,
)


def covered(nodes: Iterable[Node], at: int) -> int:
    """Return where nodes end that lie side by side, and their children in them."""
    for node in nodes:
        assert node.offset == at, node
        if node.children:
            assert covered(node.children, at) == at + node.bits, node
        at += node.bits
    return at


@pytest.mark.parametrize("name", [*VALID, *INVALID])
def test_vectors(name: str) -> None:
    kind, text, fields, findings = {**VALID, **INVALID}[name]
    octets = bytes.fromhex(text)
    notes: list[Finding] = []
    message = kind.parse(octets, notes)
    assert tuple(note.id for note in notes) == findings
    values = message.values()
    assert (values["type"], values["code"]) == (octets[0], octets[1])
    found = {key: plain(value) for key, value in values.items() if key not in HEADER}
    assert found == fields
    json.dumps(found)
    assert message.encode() == octets
    assert covered(message.nodes(), 0) == len(octets) * 8
    if hasattr(message, "quote") and QUOTED in text:
        assert str(message.quote.datagram) == "UDP 192.0.2.1:5353 > 198.51.100.2:33434"


@pytest.mark.parametrize("name", VALID)
def test_the_checksums_of_the_vectors_are_right(name: str) -> None:
    assert verify(bytes.fromhex(VALID[name].octets))


@pytest.mark.parametrize("name", [*VALID, *INVALID])
def test_every_cut_length(name: str) -> None:
    kind, text, _, _ = {**VALID, **INVALID}[name]
    octets = bytes.fromhex(text)
    for length in range(len(octets)):
        cut = octets[:length]
        if length >= kind.layout.size:
            message = kind.parse(cut, [])
            assert message.encode() == cut
            assert covered(message.nodes(), 0) == length * 8
            continue
        with pytest.raises(TruncatedError) as caught:
            kind.parse(cut)
        assert (caught.value.need, caught.value.have) == (kind.layout.size, length)
        whole = kind.parse(octets[: kind.layout.size]).values()
        assert partial(kind, cut).items() <= whole.items()


def test_every_shape_has_a_vector() -> None:
    assert {vector.kind for vector in VALID.values()} == set(KINDS)


@given(st.sampled_from(KINDS), st.binary(max_size=120))
def test_any_octets_are_written_back(kind: type[IcmpMessage], octets: bytes) -> None:
    octets = octets.ljust(kind.layout.size, b"\0")
    notes: list[Finding] = []
    message = kind.parse(octets, notes)
    assert message.encode() == octets
    assert kind.parse(octets) == message
    assert covered(message.nodes(), 0) == len(octets) * 8
    assert all(isinstance(note, Finding) and note.text for note in notes)
    assert isinstance(repr(message), str)


@given(st.integers(0, 6), st.integers(0, 4), st.binary(max_size=80))
def test_any_router_advertisement_is_written_back(count: int, size: int, rest: bytes) -> None:
    octets = bytes((9, 0, 0, 0, count, size, 0, 30)) + rest
    message = RouterAdvertisement.parse(octets, [])
    assert message.encode() == octets
    assert covered(message.nodes(), 0) == len(octets) * 8
    json.dumps(plain(message.values()))
    if size >= 2:
        assert len(message.addresses) == min(count, len(rest) // (size * 4))


@given(st.lists(st.sampled_from(["0161", "00", "c00c", "c00e", "c000", "3f", "80", "ffff"]), max_size=12))
def test_any_names_are_written_back(pieces: list[str]) -> None:
    octets = bytes.fromhex("2600 0000 1234 0007 00000e10" + "".join(pieces))
    message = DomainNameReply.parse(octets, [])
    assert message.encode() == octets
    assert covered(message.nodes(), 0) == len(octets) * 8
    assert all(isinstance(str(name), str) for name in message.names)


def test_a_pointer_counts_from_the_start_of_the_message() -> None:
    octets = bytes.fromhex("2600 0000 1234 0007 00000e10" + "0161 0162 00" + "c00e" + "0163 c00c")
    names = DomainNameReply.parse(octets).names
    assert [str(name) for name in names] == ["a.b", "b", "c.a.b"]
    assert [bytes(name).hex() for name in names] == ["0161016200", "c00e", "0163c00c"]


# Mobile IP

AGENTS: dict[str, tuple[str, list[str]]] = {
    "neither home nor foreign agent": ("10 06 0001 0708 0000", ["agent-flags"]),
    "busy, no foreign agent": ("10 06 0001 0708 6000", ["agent-flags"]),
    "registration, no foreign agent": ("10 06 0001 0708 a000", ["agent-flags"]),
    "foreign agent without an address": ("10 06 0001 0708 1000", ["agent-flags"]),
    "too short": ("10 02 0001", ["agent-extension-short"]),
    "half an address": ("10 08 0001 0708 2000 c000", ["care-of-address-unreadable"]),
    "cut": ("10 06 0001", ["agent-extension-unreadable", "router-no-address"]),
    "no length": ("10", ["agent-extension-unreadable", "router-no-address"]),
    "unknown, not to be skipped": ("11 02 0102", ["agent-extension-unknown"]),
    "unknown, to be skipped": ("c8 02 0102", []),
    "prefixes of no address": ("13 01 18", ["agent-prefix-lengths"]),
    "padding": ("00", []),
}


@pytest.mark.parametrize("name", AGENTS)
def test_agent_extensions_that_break_rules_are_told(name: str) -> None:
    text, findings = AGENTS[name]
    octets = bytes.fromhex("0900 0000 00 02 0708" + text)
    notes: list[Finding] = []
    message = RouterAdvertisement.parse(octets, notes)
    assert [note.id for note in notes] == findings
    assert message.encode() == octets


def test_an_advertisement_can_be_made() -> None:
    agent = MobilityAgentAdvertisement(
        type=16, length=6, sequence=1, registration_lifetime=1800, home_agent=True
    )
    extensions: Several[AgentExtension | OneBytePadding] = Several.of(
        [
            agent,
            PrefixLengths(type=19, length=1, prefix_lengths=(24,)),
            Challenge(type=24, length=4, challenge=b"abcd"),
            OneBytePadding(),
        ]
    )
    address = RouterAddress(address=VALID_ADDRESS, preference=-5)
    message = RouterAdvertisement(
        type=9, num_addrs=1, lifetime=1800, addresses=RouterAddresses.made([address], extensions)
    )
    notes: list[Finding] = []
    again = RouterAdvertisement.parse(message.encode(), notes)
    assert (again, notes) == (message, [])
    assert again.agent_extensions == extensions
    other = RouterAdvertisement(type=9, num_addrs=1, lifetime=1800, addresses=RouterAddresses.of([address]))
    assert other != message
    assert repr(other.addresses) != repr(message.addresses)
    plain_tuple: Any = (address,)
    plainly = RouterAdvertisement(type=9, num_addrs=1, lifetime=1800, addresses=plain_tuple)
    assert plainly.encode() == other.encode()
    assert covered(plainly.nodes(), 0) == len(plainly.encode()) * 8


VALID_ADDRESS = (
    RouterAdvertisement.parse(bytes.fromhex("0900 0000 01 02 0708 c0000201 00000000")).addresses[0].address
)
