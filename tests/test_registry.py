from __future__ import annotations

import csv
import re
import subprocess
import sys
import unicodedata

import pytest
from places import DATA

from dissector.messages.base import IcmpMessage, Opaque
from dissector.registry.model import Effect, Entry, Family, Kind, Status, span
from dissector.registry.table import TABLE, all_entries, family_entries, find, message_type

FACTS = DATA / "icmp_registry.csv"
ENTRIES = list(all_entries())
OCTETS = range(256)


def name_of(entry: Entry) -> str:
    return entry.reference


def facts() -> dict[tuple[str, str, str], dict[str, str]]:
    with FACTS.open(encoding="utf-8", newline="") as file:
        return {(row["family"], row["type"], row["code"]): row for row in csv.DictReader(file)}


def key(entry: Entry) -> tuple[str, str, str]:
    code = "" if entry.code is None else span(entry.code.number, entry.code.last)
    return entry.family.value, span(entry.type.number, entry.type.last), code


def test_the_table_holds_the_rows_of_the_facts_and_no_others() -> None:
    rows = facts()
    ours = [key(entry) for entry in ENTRIES]
    assert len(ours) == len(set(ours)) == 249
    assert set(ours) == set(rows)


@pytest.mark.parametrize("entry", ENTRIES, ids=name_of)
def test_a_row_says_what_the_facts_say(entry: Entry) -> None:
    row = facts()[key(entry)]
    assert entry.name == (row["name_en"], row["name_zh"])
    assert entry.type.kind.value == row["kind"]
    assert entry.status.value == row["status"].removesuffix("-range")
    documents = [re.sub(r"^RFC(?=\d)", "RFC ", name) for name in row["rfc"].split(";") if name]
    # A code without documents in the facts has those of its type here: None of its own is what both mean.
    assert list(entry.rfc) == documents or (not documents and entry.code is not None and not entry.code.rfc)
    if entry.code is None:
        pair = entry.type.answered_by
        assert ("" if pair is None else str(pair)) == row["answered_by_or_pair"]


@pytest.mark.parametrize("entry", ENTRIES, ids=name_of)
def test_every_entry_says_everything_in_both_languages(entry: Entry) -> None:
    about = entry.about
    for key_, text in about._asdict().items():
        if text is None:
            assert key_ == "note"
            continue
        assert text.en[-1] in ".?!…", (key_, text.en)
        assert text.zh[-1] in "。？！…", (key_, text.zh)
        assert text.en.isascii() or not any(unicodedata.east_asian_width(char) in "WF" for char in text.en)
        assert any("\u4e00" <= char <= "\u9fff" for char in text.zh)
        assert "  " not in text.en
        assert "  " not in text.zh


def test_pairs_point_at_each_other() -> None:
    for family, rows in TABLE.items():
        for row in rows:
            if row.answered_by is None:
                continue
            other = message_type(family, row.answered_by)
            # Router discovery for ICMPv4 is named in one direction: advertisements mostly come unasked.
            assert other.answered_by == row.number or (family, row.number) == (Family.ICMPV4, 10)
            assert other.kind is row.kind


@pytest.mark.parametrize("family", Family)
def test_types_and_codes_are_ascending_and_types_fill_the_octet(family: Family) -> None:
    covered: list[int] = []
    for row in TABLE[family]:
        covered += range(row.number, (row.last or row.number) + 1)
        numbers = [
            number for code in row.codes for number in range(code.number, (code.last or code.number) + 1)
        ]
        assert numbers == sorted(set(numbers))
        assert all(number in OCTETS for number in numbers)
    assert covered == list(OCTETS)


@pytest.mark.parametrize("family", Family)
def test_every_type_and_code_is_found_and_is_always_the_same_object(family: Family) -> None:
    own = {id(entry) for entry in family_entries(family)}
    for number in OCTETS:
        bare = find(family, number)
        assert bare.code is None
        assert bare.type is message_type(family, number)
        assert bare.type.number <= number <= (bare.type.last or bare.type.number)
        for code in OCTETS:
            entry = find(family, number, code)
            assert id(entry) in own
            told = code & (1 << bare.type.code_bits) - 1
            listed = [one for one in bare.type.codes if one.number <= told <= (one.last or one.number)]
            assert entry.code is (listed[0] if listed else None)
            assert entry.type is bare.type


@pytest.mark.parametrize("number", [-1, 256])
def test_what_is_no_octet_is_refused(number: int) -> None:
    with pytest.raises(KeyError):
        find(Family.ICMPV4, number)


def test_the_kind_of_an_icmpv6_type_is_in_its_high_bit() -> None:
    for row in TABLE[Family.ICMPV6][1:]:
        assert row.kind is (Kind.ERROR if row.number < 128 else Kind.INFORMATIONAL)


@pytest.mark.parametrize("entry", ENTRIES, ids=name_of)
def test_shapes_read_what_they_write(entry: Entry) -> None:
    shape = entry.shape
    assert issubclass(shape, IcmpMessage)
    octets = bytes([entry.type.number, 0 if entry.code is None else entry.code.number]) + bytes(98)
    assert shape.parse(octets).encode() == octets


def test_what_has_a_published_format_has_a_shape() -> None:
    without = {
        entry.reference for entry in ENTRIES if entry.shape is Opaque and entry.status is Status.CURRENT
    }
    # The type of RPL says nothing of its octets; each of its codes does.
    assert without == {"v6:155"}


def test_errno_and_effect_are_those_of_errors() -> None:
    for entry in ENTRIES:
        if entry.type.kind is not Kind.ERROR:
            assert entry.errno is None, entry.reference
            assert entry.effect is None, entry.reference


@pytest.mark.parametrize(
    ("number", "code", "errno", "effect"),
    [
        (1, 0, "ENETUNREACH", Effect.SOFT),
        (1, 1, "EACCES", Effect.HARD),
        (1, 2, "EHOSTUNREACH", None),
        (1, 3, "EHOSTUNREACH", Effect.SOFT),
        (1, 4, "ECONNREFUSED", Effect.HARD),
        (1, 5, "EACCES", None),
        (1, 6, "EACCES", None),
        (1, 7, "EPROTO", None),
        (2, 0, "EMSGSIZE", None),
        (3, 0, "EHOSTUNREACH", Effect.SOFT),
        (4, 0, "EPROTO", Effect.SOFT),
        (4, 3, "EPROTO", None),
    ],
)
def test_what_linux_reports_of_icmpv6(number: int, code: int, errno: str, effect: Effect | None) -> None:
    entry = find(Family.ICMPV6, number, code)
    assert (entry.errno, entry.effect) == (errno, effect)


@pytest.mark.parametrize(
    ("number", "code", "errno"),
    [
        (3, 0, "ENETUNREACH"),
        (3, 1, "EHOSTUNREACH"),
        (3, 2, "ENOPROTOOPT"),
        (3, 3, "ECONNREFUSED"),
        (3, 4, "EMSGSIZE"),
        (3, 5, "EOPNOTSUPP"),
        (3, 7, "EHOSTDOWN"),
        (3, 8, "ENONET"),
        (3, 13, "EHOSTUNREACH"),
        (11, 0, "EHOSTUNREACH"),
        (12, 1, "EPROTO"),
    ],
)
def test_what_linux_reports_of_icmpv4(number: int, code: int, errno: str) -> None:
    assert find(Family.ICMPV4, number, code).errno == errno


def test_secure_rpl_codes_are_the_plain_ones_with_the_high_bit() -> None:
    for plain in range(9):
        entry, secure = (find(Family.ICMPV6, 155, code) for code in (plain, plain | 0x80))
        assert secure.name.en == f"Secure {entry.name.en}"
        assert secure.rfc == entry.rfc
        assert secure.status is entry.status


def test_who_needs_icmpv4_alone_does_not_import_icmpv6() -> None:
    program = (
        "import sys; from dissector.registry.model import Family; from dissector.registry.table import find;"
        "find(Family.ICMPV4, 3, 4); print([name for name in sys.modules if 'icmpv6' in name])"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_the_table_has_no_other_lazy_names() -> None:
    from dissector.registry import table

    with pytest.raises(AttributeError, match="no attribute 'ROWS'"):
        _ = table.ROWS


LINUX = {
    Family.ICMPV4: {
        3: (
            False,
            False,
            True,
            True,
            False,
            False,
            True,
            True,
            True,
            True,
            True,
            False,
            False,
            True,
            True,
            True,
        ),
        11: (False, None),
        12: (True, True, True),
    },
    Family.ICMPV6: {
        1: (False, True, False, False, True, True, True, True, True, True),
        2: (False,),
        3: (False, False),
        4: (True,) * 11,
    },
}
"""Which errors Linux holds for fatal, by type and code (icmp_err_convert, icmpv6_err_convert)."""


@pytest.mark.parametrize("family", Family)
def test_an_errno_says_whether_linux_holds_it_for_fatal(family: Family) -> None:
    for number, verdicts in LINUX[family].items():
        assert tuple(find(family, number, code).fatal for code in range(len(verdicts))) == verdicts
    for entry in family_entries(family):
        assert (entry.fatal is None) == (entry.errno is None), entry.reference


def test_the_prefix_of_a_duplicate_address_code_is_ignored() -> None:
    for number in (157, 158):
        for suffix in range(5):
            own = find(Family.ICMPV6, number, suffix)
            assert all(find(Family.ICMPV6, number, prefix | suffix) is own for prefix in range(0, 256, 16))
