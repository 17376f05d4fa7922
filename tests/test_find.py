from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissector.errors import LookupFailedError
from dissector.registry.aliases import ALIASES, ERROR_MESSAGES
from dissector.registry.find import EXAMPLES, as_json, find_entries, lookup
from dissector.registry.model import Entry, Family
from dissector.registry.table import all_entries, find

ENTRIES = list(all_entries())


def references(query: str) -> list[str]:
    return [entry.reference for entry in find_entries(query)]


def bare(name: str) -> str:
    return name.removesuffix(" (no code)")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.reference)
def test_every_entry_is_found_by_its_reference(entry: Entry) -> None:
    # ICMPv4's unassigned types are ICMPv6's assigned ones: there the family has to be named.
    asked = entry.reference if entry.family is Family.ICMPV6 else f"v4 {entry.reference}"
    assert find_entries(asked) == [entry]
    assert lookup(asked) is entry


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.reference)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_entry_is_among_those_that_its_name_finds(entry: Entry, lang: str) -> None:
    name = bare(getattr(entry.name, lang))
    found = find_entries(name)
    # A code that is called as its type is found as the type.
    assert any(one is entry or (one.code is None and one.type is entry.type) for one in found)
    assert any(name in map(bare, one.name) for one in found[:5])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("3/4", "3/4"),
        ("3", "3"),
        ("v6 2", "v6:2"),
        ("v6:1/4", "v6:1/4"),
        ("icmpv6 1/4", "v6:1/4"),
        ("ICMP6:1/4", "v6:1/4"),
        ("icmp 3/4", "3/4"),
        ("icmp 4", "4"),
        ("icmpv4 11", "11"),
        (" 3 / 4 ", "3/4"),
        ("3 4", "3/4"),
        ("3,4", "3/4"),
        ("type 3 code 4", "3/4"),
        ("type=3, code=4", "3/4"),
        ("类型3代码4", "3/4"),
        ("３／４", "3/4"),
        ("0x0b", "11"),
        ("0x03/0x0D", "3/13"),
        ("135", "v6:135"),
        ("v4 135", "44-252"),
        ("icmp 135", "44-252"),
        ("253", "253"),
        ("v6 155/0x82", "v6:155/130"),
        ("v6:157/7", "v6:157/5-15"),
        ("v6 151/60", "v6:151"),
        ("20", "20-29"),
    ],
)
def test_numbers(query: str, expected: str) -> None:
    assert references(query) == [expected]
    assert lookup(query).reference == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("3-5", ["3", "4", "5"]),
        ("3/9-11", ["3/9", "3/10", "3/11"]),
        ("19-25", ["19", "20-29"]),
        ("22-30", ["20-29", "30"]),
        ("v6:1-3/0", ["v6:1/0", "v6:2/0", "v6:3/0"]),
        ("133-134", ["v6:133", "v6:134"]),
    ],
)
def test_ranges(query: str, expected: list[str]) -> None:
    assert references(query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("port unreachable", ["3/3", "v6:1/4"]),
        ('"Port Unreachable"', ["3/3", "v6:1/4"]),
        ("端口不可达", ["3/3", "v6:1/4"]),
        ("端口不可达报文", ["3/3", "v6:1/4"]),
        ("icmp-port-unreachable", ["3/3", "v6:1/4"]),
        ("ICMP_PORT_UNREACH", ["3/3", "v6:1/4"]),
        ("v6 port unreachable", ["v6:1/4"]),
        ("v4 端口不可达", ["3/3"]),
        ("icmp6-adm-prohibited", ["v6:1/1"]),
        ("icmp-host-prohibited", ["3/10"]),
        ("destination unreachable", ["3", "v6:1"]),
        ("time exceeded", ["11", "v6:3"]),
        ("ICMP超时", ["11", "v6:3"]),
        ("redirect", ["5", "v6:137"]),
        ("neighbour solicitation", ["v6:135"]),
        ("IPv6 Where-Are-You", ["33"]),
        ("DIO", ["v6:155/1"]),
        ("dao-ack", ["v6:155/3"]),
        ("source quench", ["4"]),
        ("源站抑制", ["4"]),
        ("destination unreachable port", ["3/3", "v6:1/4"]),
    ],
)
def test_names(query: str, expected: list[str]) -> None:
    assert references(query) == expected


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("ping", "8"),
        ("pong", "0"),
        ("traceroute", "11/0"),
        ("TTL exceeded", "11/0"),
        ("hop limit exceeded", "v6:3/0"),
        ("frag needed", "3/4"),
        ("PMTU", "3/4"),
        ("PTB", "v6:2"),
        ("smurf", "8"),
        ("RS", "v6:133"),
        ("RA", "v6:134"),
        ("NS", "v6:135"),
        ("NA", "v6:136"),
        ("MLD", "v6:130"),
        ("DAD", "v6:135"),
        ("administratively-prohibited", "3/13"),
        ("uRPF", "v6:1/5"),
        ("没有路由", "v6:1/0"),
    ],
)
def test_what_people_call_it(query: str, best: str) -> None:
    assert references(query)[0] == best
    assert lookup(query).reference == best


@pytest.mark.parametrize("alias", ALIASES)
def test_every_alias_finds_what_it_stands_for(alias: str) -> None:
    wanted = ALIASES[alias].split()
    assert len(wanted) == len(set(wanted))
    assert references(alias)[: len(wanted)] == wanted


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("port unreachabel", "3/3"),
        ("echo reqest", "8"),
        ("naighbor solicitation", "v6:135"),
        ("端口无法到达", "3/3"),
        ("tiem exceeded", "11"),
    ],
)
def test_what_is_misspelt_is_found(query: str, best: str) -> None:
    assert references(query)[0] == best


def test_parts_of_names_find_the_shortest_name_first() -> None:
    found = references("router adv")
    assert found[:2] == ["9", "v6:134"]
    assert "v6:151" in found
    assert set(references("邻居")) >= {"v6:135", "v6:136"}


def test_nothing_is_found_twice() -> None:
    for query in [*ALIASES, "RFC 792", "EPROTO", "MTU太小", "unassigned", "router", "地址"]:
        found = references(query)
        assert len(found) == len(set(found)), query


def test_errno_values_and_their_messages() -> None:
    assert references("ECONNREFUSED") == references("Connection refused") == ["3/3", "v6:1/4"]
    assert references("No route to host")[:2] == ["3/1", "v6:1/3"]
    for name in {entry.errno for entry in ENTRIES} - {None}:
        assert name is not None
        assert set(references(name)) == {entry.reference for entry in ENTRIES if entry.errno == name}
    assert set(ERROR_MESSAGES.values()) <= {entry.errno for entry in ENTRIES}


def test_documents() -> None:
    expected = [entry.reference for entry in ENTRIES if "RFC 4443" in entry.rfc]
    assert references("RFC 4443") == references("rfc4443") == references("rfc-04443") == expected
    assert references("RFC 6633")[0] == "4"


def test_a_document_that_defines_no_message_finds_those_that_mention_it() -> None:
    assert {"3", "11", "12", "v6:1", "v6:3"} <= set(references("RFC 4884"))
    with pytest.raises(LookupFailedError, match="rests on RFC 791;") as raised:
        find_entries("RFC 791")
    assert raised.value.suggestions[0] == "RFC 792"


def test_words_of_the_texts_are_found_where_no_name_has_them() -> None:
    assert "v6:134" in references("DHCPv6")


def test_a_family_alone_gives_its_types() -> None:
    found = find_entries("v6")
    assert all(entry.code is None and entry.family is Family.ICMPV6 for entry in found)
    assert found == [entry for entry in ENTRIES if entry.code is None and entry.family is Family.ICMPV6]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("300", "a type is one octet"),
        ("3/256", "a code is one octet"),
        ("3/99", "has no code 99; it has 3/0, "),
        ("v6:1/77", "ICMPv6 type 1, Destination Unreachable, has no code 77"),
        ("v6:5-9/1-2", "no types 5-9 with codes 1-2"),
        ("-1", "is no type and code"),
        ("3//4", "is no type and code"),
        ("", "nothing was asked for"),
        ("  ", "nothing was asked for"),
        ("xyzzy", "nothing in the registry fits 'xyzzy'; try 3/4"),
        ("ECONNREFUSEDD", 'did you mean "ECONNREFUSED"'),
        ("RFC 99999", "no message rests on RFC 99999"),
        ("9" * 150, "is no type and code"),
        ("RFC " + "9" * 150, "nothing in the registry fits"),
        ("9" * 5000, "no name has 5000 characters"),
        ("port " * 5000, "no name has 24999 characters"),
        ("\x1b[31mred\u2028", "nothing in the registry fits"),
    ],
)
def test_what_is_not_there_is_told_in_one_sentence(query: str, sentence: str) -> None:
    with pytest.raises(LookupFailedError) as raised:
        find_entries(query)
    assert sentence in str(raised.value)
    assert str(raised.value).isprintable()


def test_examples_have_answers() -> None:
    for example in EXAMPLES:
        assert find_entries(example)


@pytest.mark.parametrize(
    "query", ["3/99", "xyzzy", "ECONNREFUSEDD", "RFC 99999", "", "-1", "dest hnreach prt"]
)
def test_suggestions_have_answers(query: str) -> None:
    with pytest.raises(LookupFailedError) as raised:
        find_entries(query)
    assert raised.value.suggestions
    for suggestion in raised.value.suggestions:
        assert find_entries(suggestion)


def test_lookup_takes_numbers() -> None:
    assert lookup(3, 4) is find(Family.ICMPV4, 3, 4)
    assert lookup(3) is find(Family.ICMPV4, 3)
    assert lookup(1, 4, family=Family.ICMPV6) is find(Family.ICMPV6, 1, 4)
    assert lookup(135) is find(Family.ICMPV4, 135)
    assert lookup(151, 60, family=Family.ICMPV6).reference == "v6:151"


@pytest.mark.parametrize(("number", "code"), [(256, None), (-1, None), (3, 16), (3, 256), (3, -1)])
def test_lookup_refuses_numbers_that_are_not_there(number: int, code: int | None) -> None:
    with pytest.raises(LookupFailedError):
        lookup(number, code)


def test_lookup_takes_no_code_beside_a_question() -> None:
    with pytest.raises(TypeError):
        lookup("3", 4)  # type: ignore[call-overload]  # what a type checker refuses, too


def test_lookup_takes_names_of_one_family_or_of_both() -> None:
    assert lookup("port unreachable").reference == "3/3"
    assert lookup("port unreachable", family=Family.ICMPV6).reference == "v6:1/4"
    assert lookup("1/4", family=Family.ICMPV6).reference == "v6:1/4"
    assert lookup("v6:1/4", family=Family.ICMPV4).reference == "v6:1/4"
    assert lookup("neighbor solicitation").reference == "v6:135"


def test_lookup_refuses_what_fits_several_as_well() -> None:
    with pytest.raises(LookupFailedError, match="equally well, such as 0, ") as raised:
        lookup("RFC 792")
    assert "3/3" in raised.value.suggestions


def test_json_has_the_keys_of_the_contract() -> None:
    shown = as_json(find(Family.ICMPV6, 1, 4))
    assert (shown["family"], shown["type"], shown["code"]) == ("icmpv6", 1, 4)
    assert (shown["type_last"], shown["code_last"]) == (None, None)
    assert (shown["name"], shown["name_zh"]) == ("port unreachable", "端口不可达")
    assert (shown["kind"], shown["status"], shown["rfc"]) == ("error", "current", ["RFC 4443"])
    assert (shown["errno"], shown["effect"], shown["answered_by"]) == ("ECONNREFUSED", "hard", None)
    assert shown["note"] is shown["note_zh"] is None
    texts = ("name", "sender", "meaning", "receiver", "action", "filtering", "note")
    plain = ("family", "type", "type_last", "code", "code_last", "kind", "status", "rfc")
    assert set(shown) == {
        *plain,
        *texts,
        *(f"{key}_zh" for key in texts),
        "errno",
        "effect",
        "fatal",
        "answered_by",
    }


def test_json_of_every_entry_has_the_same_keys_and_is_json() -> None:
    keys = list(as_json(ENTRIES[0]))
    for entry in ENTRIES:
        shown = as_json(entry)
        assert list(shown) == keys
        assert json.loads(json.dumps(shown, ensure_ascii=False)) == shown
        assert (shown["code"] is None) == (entry.code is None)
    assert as_json(find(Family.ICMPV4, 8))["answered_by"] == 0
    ranged = as_json(find(Family.ICMPV6, 157, 9))
    assert (ranged["code"], ranged["code_last"]) == (5, 15)


@given(st.text(max_size=30))
def test_any_text_gives_entries_or_one_sentence(query: str) -> None:
    sentence = ""
    try:
        assert find_entries(query)
    except LookupFailedError as failed:
        sentence = str(failed)
    assert sentence.isprintable()
