from __future__ import annotations

import importlib.util
import operator
import os
import pickle
import re
import shutil
import subprocess
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_network
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from differential import differences
from differential.differences import Difference
from hypothesis import given, settings
from hypothesis import strategies as st
from places import CAPTURES, ROOT

import dissector
from dissector import filter as filters
from dissector.api import RAW_IP
from dissector.batch import Batch, Origin
from dissector.capture.records import Block, Interface, Records
from dissector.capture.scanner import Scanner
from dissector.errors import FilterError, UnknownFormatError
from dissector.filter import names, parse
from dissector.message import Message, messages

if TYPE_CHECKING:
    from pathlib import Path

SRC, DST = IPv4Address("10.0.0.1"), IPv4Address("192.0.2.9")
ECHO = bytes.fromhex("0800 0000 1234 0001") + b"abcdefghij"
REPLY = bytes.fromhex("0000 0000 1234 0002") + b"ABCDEFGHIJ"


def ip4(
    payload: bytes, *, src: IPv4Address = SRC, dst: IPv4Address = DST, ttl: int = 64, protocol: int = 1
) -> bytes:
    head = bytes((0x45, 0)) + (20 + len(payload)).to_bytes(2) + bytes(4) + bytes((ttl, protocol, 0, 0))
    return head + src.packed + dst.packed + payload


def ip6(payload: bytes, *, src: str = "fe80::1", dst: str = "ff02::1") -> bytes:
    head = bytes((0x60, 0, 0, 0)) + len(payload).to_bytes(2) + bytes((58, 255))
    return head + IPv6Address(src).packed + IPv6Address(dst).packed + payload


UDP = bytes.fromhex("c000 0035 000c 0000") + b"data"
PACKETS = [
    ip4(ECHO),
    ip4(REPLY, src=DST, dst=SRC, ttl=3),
    ip4(bytes.fromhex("0304 0000 0000 0578") + ip4(UDP, protocol=17)),  # fragmentation needed
    ip4(bytes.fromhex("0b00 0000 0000 0000") + ip4(ECHO, ttl=1)),  # time exceeded, about an echo request
    ip4(bytes.fromhex("0501 0000 c000 0201") + ip4(UDP, protocol=17)),  # redirect
    ip4(bytes.fromhex("0800 0000 12")),  # cut before its sequence number
    ip6(
        bytes.fromhex("8700 0000 0000 0000")
        + IPv6Address("fe80::2").packed
        + bytes.fromhex("0101 020304050607")
    ),
    ip6(bytes.fromhex("8600 0000 40 c8 0708 00000000 00000000"), src="fe80::99"),
    ip6(bytes.fromhex("0200 0000 0000 0500") + ip6(bytes.fromhex("8000 0000 0007 0009"))),  # packet too big
]


def batch_of(packets: list[bytes], link: int = RAW_IP) -> Batch:
    """Return the messages of raw IP packets, or of frames, the first of them at second 1."""
    records = Records(len(packets))
    sizes = np.array([len(packet) for packet in packets])
    records.start[:] = np.cumsum(sizes) - sizes
    records.captured[:] = records.original[:] = sizes
    records.time_ns[:] = np.arange(1, len(packets) + 1) * 1_000_000_000
    origin = Origin("-", "pcapng", [Interface(link, name="eth0")])
    scanner = Scanner(origin, reassemble=False)
    return Batch.join(list(scanner.scan(Block(bytearray(b"".join(packets)), records, len(packets), 1, 0))))


BATCH = batch_of(PACKETS)


def chosen(text: str, batch: Batch = BATCH) -> list[int]:
    mask = filters.compile(text).mask(batch)
    assert mask.dtype == np.bool_
    assert mask.shape == (len(batch),)
    return batch.frame[mask].tolist()


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("", [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("icmp", [1, 2, 3, 4, 5, 6]),
        ("icmpv6", [7, 8, 9]),
        ("ip", [1, 2, 3, 4, 5, 6]),
        ("not ip", [7, 8, 9]),
        ("icmp.type == 8", [1, 4, 6]),
        ("icmp.type#1 == 8", [1, 6]),
        ("icmp.type#2 == 8", [4]),
        ("icmp.type != 8", [2, 3, 5]),
        ("!(icmp.type == 8)", [2, 3, 5, 7, 8, 9]),
        ("icmp.type !== 8", [2, 3, 4, 5]),
        ("icmp.type === 8", [1, 6]),
        ("all icmp.type > 3", [1, 4, 5, 6]),
        ("any icmp.type > 8", [4]),
        ("icmp.type == 3 or icmp and icmp.type == 99", [3]),
        ("icmp.type eq 010", [1, 4, 6]),
        ("icmp.type == 0x0b", [4]),
        ("icmp.type == 0b1011", [4]),
        ("icmp.type in {3, 5..11} && !(icmp.type == 8)", [3, 5]),
        ("icmp.type not in {8}", [2, 3, 5, 7, 8, 9]),
        ("icmp.ident", [1, 2, 4]),
        ("icmp.seq", [1, 2, 4]),
        ("icmp.identifier == 0x1234", [1, 2, 4]),
        ("icmp.ident_le == 0x3412", [1, 2, 4]),
        ("icmp.mtu == 1400", [3]),
        ("icmp.next_hop_mtu < 1400", []),
        ("icmp.redir_gw == 192.0.2.1", [5]),
        ("icmp.gateway == 192.0.2.0/24", [5]),
        ("ip.src == 10.0.0.0/8", [1, 3, 4, 5, 6]),
        ("ip.src != 10.0.0.0/8", [2]),
        ("ip.src in {192.0.2.1..192.0.2.9}", [2]),
        ("ip.addr == 192.0.2.9 && ip.ttl lt 5", [2, 4]),
        ("ip.ttl#1 < 5", [2]),
        ("ip.proto == 17", [3, 5]),
        ("ip.src[0:2] == 0a:00", [1, 3, 4, 5, 6]),
        ("icmp[0:2] == 03:04", [3]),
        ("icmp[0] == 0b", [4]),
        ("icmp[6-7] == 0578", [3]),
        ('icmp[-2:2] == "ij"', [1, 4]),
        ("icmp[0,4:2] == 08:12:34", [1, 4]),
        ('icmp[8:] == "abcdefghij"', [1, 4]),
        ("icmp[36:4]", [3, 4, 5]),
        ("icmp[40:4]", [4]),
        ('icmp contains "cde"', [1, 4]),
        ("icmp contains 12:34:00:02", [2]),
        ('icmp.data contains "cde"', [1, 4]),
        ('icmp matches "C.E"', [1, 2, 4]),
        ('icmp matches r"^\\x08"', [1, 4, 6]),
        ('frame contains "GHI"', [2]),
        ("icmp[4:4] contains 12:34", [1, 2, 4]),
        ("icmp[2:2] contains 12:34", []),
        ('icmp[8:2] matches "^ab$"', [1, 2, 4]),
        ('icmp == ""', []),
        ("icmp[8:2] > 61:61", [1, 4]),
        ("icmp[8:2] in {41:42..61:61}", [2, 3, 4, 5]),
        ("frame.number in {2..3}", [2, 3]),
        ("frame.time_epoch > 7.999999999", [8, 9]),
        ('frame.time == "1970-01-01 00:00:02"', [2]),
        ('frame.time >= "1970-01-01T01:00:08.000000000+01:00"', [8, 9]),
        ("frame.len == 38", [1, 2]),
        ('frame.interface_id == 0 && frame.interface_name == "eth0" && icmpv6.mtu', [9]),
        ('frame.interface_name contains "th1"', []),
        ("frame.interface_description", []),
        ("ipv6.src == fe80::/10", [7, 8, 9]),
        ("ipv6.src > fe80::1", [8]),
        ("ipv6.dst == ff02::1 && ipv6.hlim == 255", [7, 8, 9]),
        ("icmpv6.nd.ns.target_address == fe80::2", [7]),
        ("icmpv6.target[14:2] == 00:02", [7]),
        ("icmpv6.nd.ra.cur_hop_limit == 64 && icmpv6.nd.ra.flag.m == 1 && icmpv6.other == True", [8]),
        ("icmpv6.nd.ra.flag.prf == 1", [8]),
        ("icmpv6.nd.ra.flag == 0xc8", [8]),
        ("icmpv6.preference == 1", [8]),
        ("icmpv6.opt.type == 1", [7]),
        ("icmpv6.opt.linkaddr == 02:03:04:05:06:07", [7]),
        ("icmpv6.opt.linkaddr[0:3] == 02:03:04", [7]),
        ("icmpv6.echo.identifier == 7", [9]),
        ("quoted.src == 10.0.0.1", [3, 4, 5]),
        ("quoted.src == fe80::1", [9]),
        ("quoted.dport == 53 || quoted.type == 8", [3, 4, 5]),
        ("quoted.protocol == 17", [3, 5]),
        ("quoted.ttl == 1", [4]),
        ("icmp.seq == icmp.ident", []),
        ("ip.src == ip.src", [1, 2, 3, 4, 5, 6]),
        ("ip.src != ip.dst", [1, 2, 3, 4, 5, 6]),
        ("icmp.checksum.status == Bad and icmp.type == 5", [5]),
        ("icmp.checksum == 0 && icmp.type == 5", [5]),
    ],
)
def test_filters_choose(text: str, frames: list[int]) -> None:
    assert chosen(text) == frames


@pytest.mark.parametrize(
    ("text", "under", "suggestion"),
    [
        ("icmp.tpye == 3", "icmp.tpye", "icmp.type"),
        ("icmp && ICMP.type == 3", "ICMP.type", "icmp.type"),
        ("ttl == 3", "ttl", "ip.ttl"),
        ("icmp.type = 3", "=", "=="),
        ("icmp AND ip", "AND", "and"),
        ("icmp.type == 256", "256", None),
        ("icmp.type == eight", "eight", None),
        ('icmp.type == "8"', '"8"', None),
        ("icmp.type == 8 9", "9", None),
        ("icmp.type[0:1] == 8", "icmp.type", None),
        ("icmp[0:0] == 8", "icmp", None),
        ("icmp[x] == 8", "icmp", None),
        ("icmp == zz", "zz", None),
        ("icmp#0 == 08", "icmp", None),
        ("ip.src == 10.0.0.0/33", "10.0.0.0/33", None),
        ("ip.src == fe80::1", "fe80::1", None),
        ("ip.src == icmp.type", "icmp.type", None),
        ("ip.src in {10.0.0.9..10.0.0.1}", "10.0.0.9", None),
        ("ip.ttl contains 1", "ip.ttl", None),
        ('icmp matches "("', '"("', None),
        ('icmp matches "(a+)+b"', '"(a+)+b"', None),
        ('icmp matches "(a|ab)*c"', '"(a|ab)*c"', None),
        ('icmp matches "(a)\\1"', '"(a)\\1"', None),
        ("ip.flags.df == tru", "tru", "True"),
        ("icmp.checksum.status == goood", "goood", "Good"),
        ("frame.time_epoch == now", "now", None),
        ("8 == icmp.type", "8", None),
        ('icmp contains "abc', '"abc', None),
        ("日本 && icmp", "日", None),
    ],
)
def test_what_is_wrong_is_pointed_at(text: str, under: str, suggestion: str | None) -> None:
    with pytest.raises(FilterError) as caught:
        filters.compile(text)
    error = caught.value
    assert text[error.offset : error.offset + error.length].startswith(under)
    sentence, shown, carets = str(error).split("\n")
    assert shown == f"    {text}"
    assert carets.strip(" ").startswith("^")
    assert (f"; did you mean {suggestion}?" in sentence) is (suggestion is not None)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.offset, again.suggestions) == (str(error), error.offset, error.suggestions)


@pytest.mark.parametrize("text", ["icmp &&", "(icmp", "icmp.type ==", "icmp.type in {3,", "!"])
def test_a_filter_that_ends_in_the_middle(text: str) -> None:
    with pytest.raises(FilterError, match="ends in the middle"):
        filters.compile(text)


def test_carets_stand_beneath_wide_characters_and_control_characters() -> None:
    with pytest.raises(FilterError) as caught:
        filters.compile('icmp contains "日本" &&\ticmp.tpye')
    _, shown, carets = str(caught.value).split("\n")
    assert "\t" not in shown
    # Two of the characters before it take two columns each.
    assert carets.index("^") == shown.index("icmp.tpye") + 2


def test_filters_that_are_too_long_or_too_deep_are_refused() -> None:
    with pytest.raises(FilterError, match="20000 characters"):
        filters.compile("icmp " * 5000)
    with pytest.raises(FilterError, match="nested 100 deep"):
        filters.compile("(" * 200 + "icmp" + ")" * 200)
    assert chosen("!" * 5001 + "icmp") == [7, 8, 9]
    assert chosen("(" * 100 + "icmp" + ")" * 100) == [1, 2, 3, 4, 5, 6]


@settings(max_examples=300)
@given(
    st.text(max_size=40)
    | st.lists(
        st.sampled_from(
            [
                "icmp",
                ".",
                "type",
                " == ",
                "8",
                "[",
                ":",
                "]",
                "(",
                ")",
                "!",
                '"',
                "&&",
                "in {",
                "}",
                "#1",
                "..",
                "~",
                "matches",
                "-",
            ]
        ),
        max_size=12,
    ).map("".join)
)
def test_any_text_is_a_filter_or_a_filter_error(text: str) -> None:
    offset = 0
    try:
        filters.compile(text).mask(BATCH)
    except FilterError as error:
        offset = error.offset
    assert 0 <= offset <= len(text)


def test_every_field_can_be_asked_for() -> None:
    every = names.all_names()
    assert len(every) == len(set(every)) > 300
    for name in every:
        mask = filters.compile(name).mask(BATCH)
        assert mask.shape == (len(BATCH),)


def test_every_field_of_every_shape_has_a_name() -> None:
    for prefix, family in names.FAMILIES.items():
        for shape in names._shapes(family):
            for name in shape._names():
                assert names.find(f"{prefix}.{name}"), f"{prefix}.{name}"


def test_each_of_wiresharks_names_is_of_a_field() -> None:
    for prefix, table in (("icmp", names.wireshark.ICMP), ("icmpv6", names.wireshark.ICMPV6)):
        assert [name for name in table if names.find(f"{prefix}.{name}") is None] == []


def test_fields_of_the_table_are_what_messages_say() -> None:
    for row, message in enumerate(messages(BATCH)):
        one = BATCH[row : row + 1]
        prefix = "icmp" if message.family.value == "icmpv4" else "icmpv6"
        for key, value in message.fields.items():
            if isinstance(value, bool | int | IPv4Address | IPv6Address):
                assert filters.compile(f"{prefix}.{key}#1 == {value}").mask(one).all()


def test_no_messages_give_an_empty_mask() -> None:
    for text in (
        "icmp.type == 8",
        "icmp contains 08",
        "icmp.mtu",
        "icmpv6.opt.type == 1",
        "icmp[-1] == 1",
        "quoted.id",
    ):
        assert chosen(text, BATCH[:0]) == []


def test_a_filter_is_pickled_by_its_text() -> None:
    found = pickle.loads(pickle.dumps(filters.compile("icmp.type == 8")))
    assert found.text == "icmp.type == 8"
    assert BATCH.frame[found.mask(BATCH)].tolist() == [1, 4, 6]


def test_patterns_that_are_harmless_are_accepted() -> None:
    for pattern in ("a+b*c?", "(foo|bar)+", r"\d+\.\d+", "(ab){3}", "^.{4}x", "[^a]+z"):
        filters.compile(f'icmp matches r"{pattern}"')


# A naive evaluator: message by message, by what the decoder says.

COMPARE = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def layers_of(message: Message) -> list[dict[str, Any]]:
    """Return the fields of a message and of the one that it quotes."""
    found = [
        {
            "icmp.type": message.type if message.family.value == "icmpv4" else None,
            "icmp.ident": message.fields.get("identifier") if message.family.value == "icmpv4" else None,
            "ip.src": message.src if message.src.version == 4 else None,
            "ip.ttl": message.ttl if message.src.version == 4 else None,
            "icmpv6.type": message.type if message.family.value == "icmpv6" else None,
            "ipv6.src": message.src if message.src.version == 6 else None,
            "frame.number": message.frame,
            "icmp": message.octets if message.family.value == "icmpv4" else None,
        }
    ]
    quoted = message.quoted
    if quoted is not None:
        four = quoted.version == 4
        inner = quoted.octets[20 if four else 40 :]
        icmp, icmp6 = four and quoted.protocol == 1, not four and quoted.protocol == 58
        found.append(
            {
                "icmp.type": quoted.type if icmp else None,
                "icmp.ident": quoted.identifier if icmp else None,
                "ip.src": quoted.src if four else None,
                "ip.ttl": quoted.ttl if four else None,
                "icmpv6.type": quoted.type if icmp6 else None,
                "ipv6.src": None if four else quoted.src,
                "icmp": inner if icmp else None,
            }
        )
    return found


def naive(part: parse.Part, layers: list[dict[str, Any]]) -> bool:  # noqa: C901, PLR0911 - a case each
    def values(name: str) -> list[Any]:
        return [layer[name] for layer in layers if layer.get(name) is not None]

    def literal(one: parse.Operand) -> Any:
        return ip_network(one.text) if "." in one.text or "::" in one.text else int(one.text, 0)

    def compare(how: str, value: Any, wanted: Any) -> bool:
        if not isinstance(wanted, int):
            first = wanted.network_address
            masked = type(value)(int(value) & int(wanted.netmask))
            return bool(COMPARE[how](masked, first))
        return bool(COMPARE[how](value, wanted))

    match part:
        case parse.Both(parts):
            return all(naive(one, layers) for one in parts)
        case parse.Either(parts):
            return any(naive(one, layers) for one in parts)
        case parse.Negation(inner):
            return not naive(inner, layers)
        case parse.Existence(one):
            return bool(values(one.text))
        case parse.Search(left, _, right):
            return any(bytes.fromhex(right.text.replace(":", "")) in value for value in values(left.text))
        case parse.Membership(left, items):
            return any(
                compare("==", value, literal(first))
                if last is None
                else compare(">=", value, literal(first)) and compare("<=", value, literal(last))
                for value in values(left.text)
                for first, last in items
            )
        case parse.Relation(left, how, right):
            quantifier, way = how.split("_")
            sign = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}[way]
            results = [compare(sign, value, literal(right)) for value in values(left.text)]
            return any(results) if quantifier == "any" else bool(results) and all(results)
    raise AssertionError


NUMBERS = {"icmp.type": 255, "icmp.ident": 65535, "ip.ttl": 255, "icmpv6.type": 255, "frame.number": 12}
SMALL = st.sampled_from([0, 1, 3, 5, 8, 11, 64, 128, 135, 0x1234])


@st.composite
def field_tests(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from([*NUMBERS, "ip.src", "ipv6.src", "icmp"]))
    if name == "icmp":
        return draw(
            st.sampled_from(["icmp", "icmp contains 12:34", "icmp contains 08", "icmp contains 61:62:63"])
        )
    if name in NUMBERS:
        value = (
            (SMALL | st.integers(0, NUMBERS[name])).filter(lambda number: number <= NUMBERS[name]).map(str)
        )
    elif name == "ip.src":
        value = st.sampled_from(["10.0.0.1", "192.0.2.9", "10.0.0.0/8", "0.0.0.0/0", "192.0.2.8/31"])
    else:
        value = st.sampled_from(["fe80::1", "fe80::/10", "ff02::1", "::/0"])
    how = draw(st.sampled_from([*COMPARE, "===", "!==", "in", "range", "exists"]))
    if how == "exists":
        return name
    if how == "in":
        return f"{name} in {{{', '.join(draw(st.lists(value, min_size=1, max_size=3)))}}}"
    if how == "range" and name in NUMBERS:
        low, high = sorted(int(draw(value)) for _ in range(2))
        return f"{name} in {{{low}..{high}}}"
    return f"{name} {'==' if how == 'range' else how} {draw(value)}"


EXPRESSIONS = st.recursive(
    field_tests(),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||", "and", "or"]), inner).map(
            lambda parts: f"({' '.join(parts)})"
        ),
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(" ".join),
        inner.map(lambda text: f"!({text})"),
    ),
    max_leaves=8,
)
LAYERS = [layers_of(message) for message in messages(BATCH)]


@settings(max_examples=400)
@given(EXPRESSIONS)
def test_random_expressions_choose_what_a_naive_evaluator_does(text: str) -> None:
    part = parse.parse(text)
    assert filters.compile(text).mask(BATCH).tolist() == [naive(part, layers) for layers in LAYERS]


@given(st.binary(max_size=60), st.binary(min_size=1, max_size=3))
def test_contains_finds_what_is_in_one_message_alone(payload: bytes, needle: bytes) -> None:
    batch = batch_of([ip4(ECHO[:8] + payload[:30]), ip4(ECHO[:8] + payload[30:])])
    found = filters.compile(f"icmp contains {needle.hex(':')}").mask(batch).tolist()
    assert found == [needle in message.octets for message in messages(batch)]


@given(st.binary(max_size=80))
def test_any_quote_can_be_asked_about(quote: bytes) -> None:
    batch = batch_of(
        [ip4(bytes.fromhex("0b00 0000 0000 0000") + quote), ip6(bytes.fromhex("0300 0000 0000 0000") + quote)]
    )
    for text in (
        "icmp.type == 8",
        "ip.ttl == 1",
        "ipv6.src == ::",
        "icmp[-1] == 00",
        "quoted.dport == 1",
        "icmp.ident",
    ):
        filters.compile(text).mask(batch)
    for message in messages(batch):
        quoted = message.quoted
        if quoted is not None and quoted.src is not None:
            text = f"quoted.src == {quoted.src}"
            assert filters.compile(text).mask(batch)[message.frame - 1]


# Beside tshark.

TWENTY = """\
icmp.type == 8
icmp.type != 8
icmp.type in {3, 5, 11..12} && ip.src == 10.0.0.0/8
ip.addr == 192.168.0.0/16 and icmp
ip.ttl < 64 and not icmpv6
icmp.ident == 1 || icmp.seq > 100
icmp.mtu
icmp.checksum.status == 0
icmp[0:2] == 03:03
icmp[4:2] == 00:00 && icmp
icmp contains "abcdefgh"
icmp matches "[a-c]{3}d"
icmpv6.type >= 128 && icmpv6.type <= 137
icmpv6.nd.ns.target_address == fe80::/10
icmpv6.nd.ra.cur_hop_limit == 64
icmpv6.mtu || icmpv6.echo.identifier
ipv6.src == ff00::/8 or ipv6.dst == ff02::/16
ip.src == ip.dst && icmp
frame.len > 200 && (icmp || icmpv6)
icmp.code != 0 && icmp.redir_gw
icmpv6.opt.type == 1
icmpv6.mldr.mar.multicast_address == ff02::16
icmp.type == 3 or icmp and icmp.type == 11
icmp[-1:1] == 00
ip.dsfield == 0xc0 && icmp
ip.flags.df == 1 && icmp
ip.proto == 17 && icmp
ip.src#1 == 10.0.0.0/8
icmp.type#2
icmp.length.original_datagram > 0
icmp.mpls.label
icmpv6.nd.na.flag.s == 1""".splitlines()
"""Twenty filters and some."""

TAPS = """
local number = 0
for line in os.getenv("FILTERS"):gmatch("[^\\n]+") do
  number = number + 1
  local this = number
  local tap = Listener.new("frame", line)
  function tap.packet(info) io.stdout:write(this, " ", info.number, "\\n") end
end
"""
"""Prints which frames each filter chooses: tshark reads a capture once for all of them."""


def frames_of_tshark(file: Path, script: Path) -> dict[int, set[int]]:
    options = [
        f"-o{name}:{value}"
        for name, value in (
            ("ip.defragment", "FALSE"),
            ("ipv6.defragment", "FALSE"),
            ("ip.check_checksum", "TRUE"),
        )
    ]
    command = ["tshark", "-q", "-X", f"lua_script:{script}", *options, "-r", str(file)]
    env = {**os.environ, "FILTERS": "\n".join([*TWENTY, "icmp || icmpv6"])}
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=120, check=False)
    found: dict[int, set[int]] = defaultdict(set)
    for number, frame in re.findall(r"^(\d+) (\d+)$", done.stdout, re.MULTILINE):
        found[int(number) - 1].add(int(frame))
    return found


def different(file: Path, script: Path, compiled: list[filters.Filter]) -> tuple[int, list[Difference]]:
    """Return how many messages of a capture both read, and which of them filters choose otherwise than tshark."""
    theirs = frames_of_tshark(file, script)
    compared = 0
    found: list[Difference] = []
    try:
        batches = list(dissector.scan(file, reassemble=False)) if theirs else []
    except UnknownFormatError:
        return 0, []
    name = str(file.relative_to(CAPTURES))
    for number, one in enumerate(compiled):
        # A frame may have several messages: it is chosen if one of them is.
        ours = {int(frame) for batch in batches for frame in batch.frame[one.mask(batch)]}
        both = theirs[len(compiled)] & {int(frame) for batch in batches for frame in batch.frame}
        compared = len(both)
        found += [
            Difference(name, frame, one.text, frame in theirs[number], frame in ours)
            for frame in sorted((ours ^ theirs[number]) & both)
        ]
    return compared, found


needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")


@needs_tshark
@pytest.mark.usefixtures("shared")
def test_filters_choose_what_tshark_chooses(tmp_path: Path) -> None:
    script = tmp_path / "taps.lua"
    script.write_text(TAPS)
    compiled = [filters.compile(text) for text in TWENTY]
    files = sorted(file for file in CAPTURES.rglob("*") if file.is_file())
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda file: different(file, script, compiled), files))
    if not any(compared for compared, _ in results):
        pytest.skip("this tshark runs no Lua scripts")
    assert sum(compared for compared, _ in results) > 10_000
    differences.check("tshark filters", [one for _, found in results for one in found])


def test_networks_of_every_length_choose_the_same_as_the_standard_library() -> None:
    address = IPv4Address("10.0.0.1")
    for prefix in range(33):
        network = IPv4Network((address, prefix), strict=False)
        others = [message.frame for message in messages(BATCH) if message.src in network]
        assert chosen(f"ip.src#1 == 10.0.0.1/{prefix}") == others


def test_a_quote_ends_where_its_own_header_says() -> None:
    quote = ip4(ECHO, ttl=1)
    batch = batch_of([ip4(bytes.fromhex("0b00 0000 0000 0000") + quote.ljust(128, b"\0"))])
    assert chosen("icmp#2[-1] == 6a", batch) == [1]
    assert chosen("icmp#1[-1] == 00", batch) == [1]


@pytest.mark.parametrize("offset", ["0001", "0100", "1f00"])
def test_a_later_fragment_that_is_quoted_has_no_message_in_it(offset: str) -> None:
    quote = ip4(ECHO)
    later = quote[:6] + bytes.fromhex(offset) + quote[8:]
    batch = batch_of([ip4(bytes.fromhex("0b00 0000 0000 0000") + one) for one in (quote, later)])
    assert chosen("icmp.type == 8", batch) == [1]
    assert chosen("quoted.src == 10.0.0.1", batch) == [1, 2]


# Tunnels: headers around a message, from the outermost on.


def in_vxlan(frame: bytes, version: int = 4) -> bytes:
    inner = bytes.fromhex("0800000000000100") + bytes(12) + bytes.fromhex("0800") + frame
    udp = bytes.fromhex("c00012b5") + (8 + len(inner)).to_bytes(2) + bytes(2) + inner
    if version == 4:
        return ip4(udp, src=IPv4Address("198.18.0.1"), dst=IPv4Address("198.18.0.2"), ttl=99, protocol=17)
    head = bytes((0x60, 0, 0, 0)) + len(udp).to_bytes(2) + bytes((17, 77))
    return head + IPv6Address("2001:db8::1").packed + IPv6Address("2001:db8::2").packed + udp


TUNNELLED = [
    ip4(ECHO),
    in_vxlan(ip4(ECHO)),
    in_vxlan(ip4(REPLY, src=DST, dst=SRC, ttl=3), 6),
    ip4(ip6(bytes.fromhex("8000 0000 0007 0009")), protocol=41, ttl=11),
    in_vxlan(in_vxlan(ip4(bytes.fromhex("0b00 0000 0000 0000") + ip4(UDP, protocol=17, ttl=1)))),
    # The outer header's length is none that can be: there is no such value.
    in_vxlan(ip4(ECHO))[:2] + b"\0\0" + in_vxlan(ip4(ECHO))[4:],
]


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("ip.src == 198.18.0.1", [2, 5]),
        ("ip.src == 10.0.0.1", [1, 2, 4, 5, 6]),
        ("ip.src#1 == 10.0.0.1", [1, 4, 6]),
        ("ip.src#2 == 10.0.0.1", [2]),
        ("ip.src#[3-4] == 10.0.0.1", [5]),
        ("ip.src#1 == 192.0.2.9", [3]),
        ("ip.src#[1,4] == 10.0.0.1", [1, 4, 5, 6]),
        ("ip.ttl == 99", [2, 5]),
        ("ip.ttl != 99", [1, 3, 4, 6]),
        ("all ip.ttl in {1, 64, 99}", [1, 2, 5, 6]),
        ("ip.ttl < 12", [3, 4, 5]),
        ("ip.proto == 17", [2, 5]),
        ("ipv6.hlim == 77", [3]),
        ("ipv6 && ip", [3, 4]),
        ("ip[12:4] == 198.18.0.1", None),
        ("ip[12:2] == c6:12", [2, 5]),
        ("quoted.ttl == 1", [5]),
        ("icmp.type#1 == 8", [1, 2, 6]),
    ],
)
def test_headers_of_tunnels_have_values(text: str, frames: list[int] | None) -> None:
    batch = batch_of(TUNNELLED)
    assert batch.frame.tolist() == [1, 2, 3, 4, 5, 6]
    if frames is None:
        with pytest.raises(FilterError):
            filters.compile(text)
    else:
        assert chosen(text, batch) == frames


def test_frames_of_a_tunnel_may_have_its_header_at_different_places() -> None:
    inner = ip4(ECHO)
    vlans = [b"", bytes.fromhex("8100 0001"), bytes.fromhex("8100 0001 8100 0002")]
    frames = [bytes(12) + tag + bytes.fromhex("0800") + in_vxlan(inner) for tag in vlans] * 3
    batch = batch_of(frames, link=1)
    assert chosen("ip.ttl#1 == 99 && ip.src#2 == 10.0.0.1", batch) == list(range(1, 10))


def test_a_header_is_found_behind_one_with_options() -> None:
    plain = in_vxlan(in_vxlan(ip4(ECHO)))
    options = bytes((0x46, 0)) + (len(plain) + 4).to_bytes(2) + plain[4:20] + bytes(4) + plain[20:]
    batch = batch_of([plain, options, plain])
    assert len(set(batch.path.tolist())) == 1
    assert chosen("ip.ttl#1 == 99 && ip.ttl#2 == 99 && ip.src#3 == 10.0.0.1", batch) == [1, 2, 3]


@given(st.lists(st.integers(0, 3), max_size=6), st.randoms(use_true_random=False))
def test_any_octets_around_a_message_are_harmless(depths: list[int], random: Any) -> None:
    packets = [ip4(ECHO)]
    for depth in depths:
        packet = ip4(ECHO)
        for _ in range(depth):
            packet = in_vxlan(packet, random.choice((4, 6)))
        octets = bytearray(packet)
        octets[random.randrange(len(octets))] ^= 1 << random.randrange(8)
        packets.append(bytes(octets))
    batch = batch_of(packets)
    for text in (
        "ip.src == 198.18.0.1",
        "ip.ttl#2 == 64",
        "ip[-1] == 00",
        "ipv6.dst == 2001:db8::2",
        "ip.len > 9",
    ):
        filters.compile(text).mask(batch)


# What is quoted otherwise than by the errors of RFC 792.


def test_the_packet_in_a_redirect_of_icmpv6_is_looked_at() -> None:
    echo = ip6(bytes.fromhex("8000 0000 0007 0009"))
    head = bytes.fromhex("8900 0000 0000 0000") + IPv6Address("fe80::1").packed * 2
    mac = bytes.fromhex("0201 020304050607")
    option = bytes.fromhex("0407 0000 0000 0000") + echo
    batch = batch_of(
        [
            ip6(head + mac + option),
            ip6(head + option),
            ip6(head + mac),
            ip6(head + bytes(2)),
            ip6(head + option[:20]),
        ]
    )
    assert chosen("icmpv6.echo.identifier == 7", batch) == [1, 2]
    assert chosen("icmpv6.type#2 == 128", batch) == [1, 2]
    assert chosen("quoted.dst == ff02::1", batch) == [1, 2]


def test_an_authentication_header_is_stepped_over() -> None:
    header = bytes.fromhex("0104 0000 0000 0001 0000 0001") + bytes(12)
    quote4 = ip4(header + ECHO, protocol=51)
    quote6 = ip6(
        bytes.fromhex("3a04 0000 0000 0001 0000 0001") + bytes(12) + bytes.fromhex("8000 0000 0007 0009")
    )
    quote6 = quote6[:6] + bytes((51,)) + quote6[7:]
    batch = batch_of(
        [
            ip4(bytes.fromhex("0b00 0000 0000 0000") + quote4),
            ip6(bytes.fromhex("0300 0000 0000 0000") + quote6),
        ]
    )
    assert chosen("icmp.ident == 0x1234 || icmpv6.echo.identifier == 7", batch) == [1, 2]


# What can never be, and what there is not.


@pytest.mark.parametrize(
    ("text", "under", "sentence"),
    [
        ("icmp.code == -1", "-1", "-1 is too small for icmp.code, which is 0 or more"),
        ("icmp.type in {-1..3}", "-1", "too small"),
        ("icmpv6.preference == -3", "-3", "too small for icmpv6.preference, which is -2 or more"),
        ("icmpv6.preference == 2", "2", "at most 1"),
        ("ip.len == 65536", "65536", "at most 65535"),
        (
            "tcp.port == 443",
            "tcp.port",
            "tcp is not decoded; of what an error quotes there are quoted.protocol",
        ),
        ("udp", "udp", "udp is not decoded"),
        ("eth.src == 01:02", "eth.src", "names begin with icmp, icmpv6, ip, ipv6, data, frame or quoted"),
        ("icmp.resptime > 1", "icmp.resptime", "read --json shows that"),
        ("frame.time_delta > 1", "frame.time_delta", "read -t d shows that"),
        ("icmp.type#[0] == 8", "icmp.type", "is not a layer"),
        ("icmp.type#[2-1] == 8", "icmp.type", "is not a layer"),
        ("ip.flags.df == 2", "2", "2 is not true or false"),
    ],
)
def test_what_cannot_be_is_refused(text: str, under: str, sentence: str) -> None:
    with pytest.raises(FilterError) as caught:
        filters.compile(text)
    error = caught.value
    assert text[error.offset : error.offset + error.length].startswith(under)
    assert sentence in str(error)
    assert error.suggestions == ()


def test_names_of_other_programs_are_understood() -> None:
    for text, meant in (
        ("ipv4.src", "ip.src"),
        ("icmp6.type", "icmpv6.type"),
        ("ip6", "ipv6"),
        ("ICMP4", "icmp"),
    ):
        with pytest.raises(FilterError) as caught:
            filters.compile(text)
        assert caught.value.suggestions == (meant,)


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("all icmp.type in {3, 5}", [3, 5]),
        ("all icmp.type in {8, 11}", [1, 4, 6]),
        ("any icmp.type in {11}", [4]),
        ("all icmp.type not in {8}", [2, 3, 4, 5, 7, 8, 9]),
        ("quoted.src in {10.0.0.1, fe80::1}", [3, 4, 5, 9]),
    ],
)
def test_all_values_may_be_asked_to_be_among_some(text: str, frames: list[int]) -> None:
    assert chosen(text) == frames


# Searches look for what is rare first; what they find does not depend on it.


@given(st.binary(max_size=90), st.integers(0, 80), st.integers(1, 5))
def test_octets_in_the_middle_of_a_message_are_found(payload: bytes, at: int, size: int) -> None:
    batch = batch_of([ip4(ECHO), ip4(ECHO[:8] + payload)])
    needle = (ECHO[:8] + payload)[at : at + size] or b"\0"
    octets = [message.octets for message in messages(batch)]
    assert filters.compile(f"icmp contains {needle.hex(':')}").mask(batch).tolist() == [
        needle in one for one in octets
    ]


@given(
    st.sampled_from(
        [
            "ab+c",
            "a{2}b",
            "xa?b",
            "^ab",
            "b$",
            "a.c",
            "[ab]c",
            "(ab|ac)c",
            "A+",
            "(?-i:A)b",
            "a|bc",
            "(?=b)b+",
        ]
    ),
    st.lists(st.text("abcABC", max_size=8), min_size=1, max_size=6),
)
def test_expressions_find_what_the_standard_library_finds(pattern: str, texts: list[str]) -> None:
    batch = batch_of([ip4(ECHO[:8] + text.encode()) for text in texts])
    found = filters.compile(f'icmp.data matches r"{pattern}"').mask(batch).tolist()
    expression = re.compile(pattern.encode(), re.IGNORECASE)
    assert found == [bool(text) and expression.search(text.encode()) is not None for text in texts]


def test_the_page_of_fields_is_what_the_table_says() -> None:
    spec = importlib.util.spec_from_file_location("docs_fields", ROOT / "docs" / "fields.py")
    assert spec is not None
    assert spec.loader is not None
    fields = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fields)
    text = fields.page()
    assert fields.PAGE.read_text(encoding="utf-8") == text
    for name in names.all_names():
        assert f"| `{name}` |" in text


def test_what_extensions_say_has_the_same_names_in_both_families(pcaps: Path) -> None:
    found = {}
    for text in (
        "icmp.ext",
        "icmpv6.ext",
        "icmp.ext.version == 2",
        "icmp.ext.res != 0",
        "icmp.ext contains 20:00",
    ):
        chosen = filters.compile(text)
        with dissector.scan(pcaps / "tour.pcapng") as batches:
            found[text] = [
                pair
                for batch in batches
                for pair in zip(
                    batch.frame[chosen.mask(batch)].tolist(),
                    batch.family[chosen.mask(batch)].tolist(),
                    strict=True,
                )
            ]
    assert {family for _, family in found["icmp.ext"]} == {4, 6}
    assert found["icmpv6.ext"] == [pair for pair in found["icmp.ext"] if pair[1] == 6]
    assert found["icmp.ext.version == 2"] == found["icmp.ext contains 20:00"] == found["icmp.ext"]
    assert found["icmp.ext.res != 0"] == []
