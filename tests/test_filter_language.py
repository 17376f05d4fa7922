"""What display filters calculate: sums, bits, functions; how what is wrong is answered; and beside tshark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import test_filter
from hypothesis import given
from hypothesis import strategies as st
from places import ROOT
from test_filter import BATCH, ECHO, batch_of, chosen, ip4, ip6

from dissector import filter as filters
from dissector.errors import FilterError
from dissector.message import messages

if TYPE_CHECKING:
    from pathlib import Path

FRAMES = [message.frame for message in messages(BATCH)]


@pytest.mark.parametrize(
    ("calculated", "plain"),
    [
        ("icmp.type + 1 == 9", "icmp.type == 8"),
        ("icmp.type == 4 + 4", "icmp.type == 8"),
        ("icmp.type == 2 * 3 + 2", "icmp.type == 8"),
        ("icmp.type == 2 + 2 * 3", "icmp.type == 8"),
        ("icmp.type == {1 + 3} * 2", "icmp.type == 8"),
        ("icmp.type * 2 - 1 == 15", "icmp.type == 8"),
        ("100 / icmp.type == 12", "icmp.type == 8"),
        ("icmp.type / 4 == 2 && icmp.type % 4 == 3", "icmp.type == 11"),
        ("-icmp.type == -8", "icmp.type == 8"),
        ("icmp.type - 9 == -1", "icmp.type == 8"),
        ("icmp.type - 9 < 0", "icmp.type < 9"),
        ("icmp.type - 8", "icmp.type !== 8"),
        ("icmp.type / 0 == 0", "icmp.type == 255"),
        ("icmp.type % 0", "icmp.type == 255"),
        ("any icmp.type + 1 == 9", "any icmp.type == 8"),
        ("all icmp.type + 1 == 9", "all icmp.type == 8"),
        ("icmp.type + 1 != 9", "icmp.type != 8"),
        ("icmp.type#1 + 1 == 9", "icmp.type#1 == 8"),
        ("icmp.type + 1 in {9, 12..13}", "icmp.type in {8, 11..12}"),
        ("icmp.type in {icmp.code, 8}", "icmp.type == icmp.code || icmp.type == 8"),
        ("icmp.type == icmp.code + 8", "icmp.type == 8 && icmp.code == 0"),
        ("icmp.type & 8 == 8", "icmp.type in {8..15}"),
        ("icmp.type & 8", "icmp.type in {8..15}"),
        ("8 & icmp.type", "icmp.type in {8..15}"),
        ("icmp[0] & 08", "icmp.type in {8..15}"),
        ("icmp[0:2] & ff:00 == 08:00", "icmp.type == 8"),
        ("ff:00 & icmp[0:2] == 08:00", "icmp.type == 8"),
        ("ip.src & 255.0.0.0 == 10.0.0.0", "ip.src == 10.0.0.0/8"),
        ("ip.src & 0.0.0.1", "ip.src & 0.0.0.1 == 0.0.0.1"),
        ("ipv6.src & ffc0:: == fe80::", "ipv6.src == fe80::/10"),
        ("abs(icmp.type - 9) == 1", "icmp.type in {8, 10}"),
        ("max(icmp.type) == 8", "icmp.type == 8 && icmp.type <= 8 && !(icmp.type > 8)"),
        ("min(icmp.type, 5) == 5", "!(icmp.type < 5)"),
        ("max(ip.src) >= 192.0.0.0", "ip.src >= 192.0.0.0"),
        ("count(icmp.type) == 2", "icmp.type#2 && !icmp.type#3"),
        ("count(icmp.mtu) >= 0", "icmp.mtu"),
        ("len(icmp#1) == 18", "icmp#1[17] && !icmp#1[18]"),
        ("len(icmp) + 20 == ip.len", "len(icmp) == ip.len - 20"),
        ('string(icmp.type) == "8"', "icmp.type == 8"),
        ('string(icmp.type) matches "^1[12]$"', "icmp.type in {11, 12}"),
        ('string(ip.src) contains "10.0"', 'ip.src_host contains "10.0"'),
        ('string(ipv6.src) == "fe80::1"', "ipv6.src == fe80::1"),
        ('upper(ipv6.src_host) == "FE80::1"', "ipv6.src == fe80::1"),
        ('lower(ipv6.src_host) contains "fe80"', "ipv6.src == fe80::/16"),
        (
            "icmp.type == 8 xor ip.ttl == 64",
            "icmp.type == 8 && !ip.ttl == 64 || !icmp.type == 8 && ip.ttl == 64",
        ),
        ("icmp.type == 8 ^^ icmp", "!icmp.type == 8 && icmp"),
        ("icmp or icmp xor icmp", "icmp"),
        ("icmp and icmp xor icmp", "icmp == 00"),
        ('icmp.type == "Echo (ping) request"', "icmp.type == 8"),
        ('icmp.type == "time exceeded" || icmp.type == echo', "icmp.type in {8, 11}"),
        ("ip.proto == icmp", "ip.proto == 1"),
        ('icmpv6.type == "Neighbor Solicitation"', "icmpv6.type == 135"),
        ('icmpv6.type in {"Echo Request", "Echo (ping) reply"}', "icmpv6.type in {128, 129}"),
        ('frame.time >= "Jan 1, 2000 00:00:00"', 'frame.time >= "2000-01-01 00:00:00"'),
        ('frame.time < "Nov 14, 2023 22:13:20.5 UTC"', 'frame.time < "2023-11-14 22:13:20.5"'),
        ("frame.time_epoch + 1 > 1.5", "frame.time_epoch > 0.5"),
    ],
)
def test_calculations_choose_what_plain_filters_do(calculated: str, plain: str) -> None:
    assert chosen(calculated) == chosen(plain)


def test_some_of_these_filters_choose_something() -> None:
    for text in (
        "icmp.type == 8",
        "icmp.type == 11",
        "ip.src == 10.0.0.0/8",
        "ipv6.src == fe80::/10",
        "icmp.type#2",
    ):
        assert chosen(text)
    assert chosen("icmp.type & 8 == 8") != FRAMES


@given(st.integers(-300, 300), st.integers(-300, 300), st.sampled_from("+-*/%"))
def test_numbers_are_calculated_as_in_c(left: int, right: int, operator: str) -> None:
    batch = batch_of([ip4(ECHO)])
    exact = {
        "+": left + right,
        "-": left - right,
        "*": left * right,
        "/": int(left / right) if right else None,
        "%": left - right * int(left / right) if right else None,
    }[operator]
    # A field that is 0 makes columns of the constants.
    text = f"{{icmp.code + {left}}} {operator} {{icmp.code + {right}}}"
    wanted = [] if exact is None else [1]
    assert chosen(f"{text} == {exact or 0}", batch) == wanted
    assert chosen(f"{text} == {(exact or 0) + 1}", batch) == []


def test_what_has_no_room_is_no_value() -> None:
    big = " * ".join(["frame.len"] + ["4294967296"] * 2)
    assert chosen(f"{big} > 0 || {big} <= 0") == []


def test_a_reply_may_be_compared_with_what_it_quotes() -> None:
    quote = ip4(ECHO, ttl=3)
    batch = batch_of([ip4(bytes.fromhex("0b00 0000 0000 0000") + quote), ip4(ECHO, ttl=3), ip6(ECHO)])
    assert chosen("max(ip.ttl) - min(ip.ttl) > 10", batch) == [1]
    assert chosen("max(ip.ttl, 100) == 100", batch) == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "under", "sentence"),
    [
        ("LEN(icmp) > 1", "LEN", "did you mean len?"),
        ("foo(icmp) > 1", "foo", 'there is no function "foo"; there are abs, count,'),
        ("len() > 1", "len", "len takes one value"),
        ("len(icmp, ip) > 1", "len", "len takes one value"),
        ("len(ip.ttl) > 1", "len", "len takes octets or a text, not a number"),
        ("upper(ip.src) == 1", "upper", "upper takes a text, not an IPv4 address"),
        ("max(ip.ttl, ip.src) == 1", "max", "max takes values of one kind"),
        ("len(icmp)", "len", "compare it, such as len(icmp) > 0"),
        ("abs(-5) == 5", "abs", "abs takes a field"),
        ("4 + 4 == icmp.type", "4 + 4", "is not the name of a field"),
        ("4 + 4", "4 + 4", "is not the name of a field"),
        ("icmp.type == 1 / 0", "1 / 0", "1 / 0 has no value"),
        # Each of twenty values goes with each of twenty others, and so on.
        ("ip.ttl" + " + ip.ttl" * 4 + " == 9", "ip.ttl", "a value is calculated from 4 fields at most"),
        ("abs(ip.ttl + ip.len) * {ip.id - max(ip.ttl, ip.len)} == 9", "abs", "from 4 fields at most"),
        ("ip.src + 1 == 10.0.0.1", "1", "is not an IPv4 address"),
        ("ip.src + ip.dst == 10.0.0.1", "ip.src + ip.dst", "cannot be calculated"),
        ("icmp & ff == 08", "icmp", "as many octets on both sides"),
        ("icmp[0:2] & ff == 08", "icmp[0:2]", "as many octets on both sides"),
        ("ip.src & 10.0.0.0/8 == 10.0.0.0", "10.0.0.0/8", "is a network"),
        ("icmp contains len(icmp)", "len", "what is looked for is written out"),
        ("icmp.type == ip.src + 1", "1", "is not an IPv4 address"),
        ("icmp.type == 8 & icmp.code == 0", "& ", "did you mean &&?"),
        ("icmp.type => 8", "=>", "did you mean >=?"),
        ("icmp.type <> 8", "<>", "did you mean !=?"),
        ("icmp.type in {3 5}", "5", "separated by commas"),
        ("${private}", "${", "there are no macros here"),
        ("host 10.0.0.1", "10.0.0.1", "belong to capture filters"),
        ("icmp.checksum_bad == 1", "icmp.checksum_bad", "did you mean icmp.checksum.status?"),
        ("ip.tos == 1", "ip.tos", "did you mean ip.dsfield?"),
        ('frame.protocols contains "icmp"', "frame.protocols", "read --json"),
        ("all icmp.type in {icmp.code, 3}", "icmp.code", "all of several"),
        ("icmp.type == 3 EQ 4", "EQ", "did you mean eq?"),
        ("icmp.type == ech", "ech", "did you mean Echo"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(text: str, under: str, sentence: str) -> None:
    with pytest.raises(FilterError) as caught:
        filters.compile(text)
    error = caught.value
    assert text[error.offset :].startswith(under.strip())
    assert sentence in str(error)
    assert str(error).count("\n") == 2


@pytest.mark.parametrize(
    "text", ["{" * 200 + "icmp.type" + "}" * 200 + " == 8", "icmp.type == " + "1+" * 500 + "1"]
)
def test_long_calculations_are_refused(text: str) -> None:
    with pytest.raises(FilterError):
        filters.compile(text)


def test_what_is_nested_is_looked_at_once() -> None:
    nested = "1 + {" * 80 + "icmp.type" + "}" * 80
    assert chosen(f"{nested} == 88") == chosen("icmp.type == 8")


TYPED = """\
icmp.type eq 8 or icmp.type eq 0
icmp.type not in {0, 8}
ip.src in {ip.dst, 10.0.0.1}
icmp.ident & 1
icmp.ident & 0xff == 1
icmp[0] & 08 == 08
ip.src & 0.0.0.1
ip.src & 255.0.0.0 == 10.0.0.0
ip.ttl + 1 == 65
ip.len - ip.hdr_len > 100
ip.len == frame.len - 14
frame.number % 2 == 0
ip.ttl + 1 * 2 == 66
{ip.ttl + 1} * 2 == 130
ip.ttl - 100 < 10
ip.ttl / 0 == 0
count(ip.src) == 1
count(icmp.mtu) >= 0
len(icmp) > 100
len(icmp) > len(ip)
len(frame) == frame.cap_len
max(ip.ttl) == 64
max(ip.ttl, 100) == 100
min(ip.ttl) <= 1
abs(ip.ttl - 100) < 50
string(ip.src) contains "10."
string(icmp.type) == "8"
string(ipv6.src) matches "^fe80"
upper(ipv6.host) contains "FE80"
lower(ip.host) contains "192"
ip.host == "192.0.2.10"
ip.host matches "^10[.]"
ip.version == 6
icmpv6.type == "Neighbor Solicitation"
ip.proto == "ICMP"
ip.checksum.status == "Good"
frame.time >= "Jan 1, 2010 00:00:00"
icmp.type === 8
any ip.ttl + 1 == 65
all ip.ttl + 1 == 65""".splitlines()
"""Filters as people type them, of which tshark 4.0 takes every one."""


@test_filter.needs_tshark
def test_what_people_type_chooses_what_tshark_chooses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "taps.lua"
    script.write_text(test_filter.TAPS)
    monkeypatch.setattr(test_filter, "TWENTY", TYPED)
    monkeypatch.setattr(test_filter, "CAPTURES", ROOT)
    compiled = [filters.compile(text) for text in TYPED]
    files = sorted((ROOT / "pcaps" / "testbed").glob("*.pcap*"))
    results = [test_filter.different(file, script, compiled) for file in files]
    if not any(compared for compared, _ in results):
        pytest.skip("this tshark runs no Lua scripts")
    assert [difference for _, found in results for difference in found] == []
