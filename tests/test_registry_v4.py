"""The ICMPv4 rows: held against the stored IANA registry, whole in both languages, all 256 types once."""

from __future__ import annotations

import csv
import errno
import re
import sys
from typing import TYPE_CHECKING

import pytest
from places import DATA

from dissector.messages import base, echo, errors, experiments, historic, queries, router_discovery
from dissector.registry.icmpv4_other import TYPES
from dissector.registry.model import Effect, Entry, Family, Kind, MessageType, Status, Text, entries, span

if TYPE_CHECKING:
    from collections.abc import Iterator

ENTRIES = {entry.reference: entry for entry in entries(Family.ICMPV4, TYPES)}
LONGEST = 400
CITATION = re.compile(r"RFC \d+|REQ-\d+|\d+(?:\.\d+)+")

LINUX_UNREACHABLE = (
    "ENETUNREACH",
    "EHOSTUNREACH",
    "ENOPROTOOPT",
    "ECONNREFUSED",
    "EMSGSIZE",
    "EOPNOTSUPP",
    "ENETUNREACH",
    "EHOSTDOWN",
    "ENONET",
    "ENETUNREACH",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "EHOSTUNREACH",
    "EHOSTUNREACH",
    "EHOSTUNREACH",
    "EHOSTUNREACH",
)
"""The errno of each code of type 3: icmp_err_convert of Linux."""

SOFT = {"3/0", "3/1", "3/4", "3/5", "11", "11/0", "11/1", "12", "12/0", "12/1", "12/2"}
HARD = {"3/2", "3/3"}
"""RFC 1122, 4.2.3.9, but 3/4, which path MTU discovery made soft (RFC 5927, 5.2)."""

SHAPES = {
    errors.DestinationUnreachable: {3},
    errors.SourceQuench: {4},
    errors.Redirect: {5},
    historic.AlternateHostAddress: {6},
    echo.Echo: {0, 8},
    router_discovery.RouterAdvertisement: {9},
    router_discovery.RouterSolicitation: {10},
    errors.TimeExceeded: {11},
    errors.ParameterProblem: {12},
    queries.Timestamp: {13, 14},
    queries.Information: {15, 16},
    queries.AddressMask: {17, 18},
    historic.Traceroute: {30},
    errors.DatagramConversionError: {31},
    historic.MobileHostRedirect: {32},
    queries.DomainNameRequest: {37},
    queries.DomainNameReply: {38},
    errors.SecurityFailure: {40},
    experiments.ExperimentalMobility: {41},
    echo.ExtendedEchoRequest: {42},
    echo.ExtendedEchoReply: {43},
    base.Opaque: {1, 2, 7, *range(19, 30), *range(33, 37), 39, *range(44, 256)},
}


def stored_registry() -> dict[str, dict[str, str]]:
    """Return the stored registry's ICMPv4 rows by reference."""
    with (DATA / "icmp_registry.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["family"] == "icmpv4"]
    return {"/".join(filter(None, (row["type"], row["code"]))): row for row in rows}


IANA = stored_registry()
every_type = pytest.mark.parametrize("row", TYPES, ids=[span(row.number, row.last) for row in TYPES])
every_entry = pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)


def numbers(row: MessageType) -> range:
    return range(row.number, (row.last or row.number) + 1)


def own_texts(entry: Entry) -> Iterator[Text]:
    """Yield what the entry's row itself says, without its name."""
    about = entry.type.about if entry.code is None else entry.code.about
    yield from filter(None, about)


def is_chinese(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"


def is_wide(character: str) -> bool:
    """Tell Chinese characters and Chinese punctuation."""
    return "\u3000" <= character <= "\u9fff" or "\uff00" <= character <= "\uffef"


def test_registry_has_the_rows_of_iana_and_no_others() -> None:
    assert set(ENTRIES) == set(IANA)


@pytest.mark.parametrize("reference", IANA)
def test_row_says_what_iana_says(reference: str) -> None:
    entry, stored = ENTRIES[reference], IANA[reference]
    assert entry.name == Text(stored["name_en"], stored["name_zh"])
    assert entry.type.kind is Kind(stored["kind"])
    assert entry.status is Status(stored["status"].removesuffix("-range"))
    documents = tuple(name.replace("RFC", "RFC ") for name in stored["rfc"].split(";") if name)
    if documents:
        assert entry.rfc == documents
    else:
        assert (entry.type if entry.code is None else entry.code).rfc == ()


@every_type
def test_type_names_its_counterpart(row: MessageType) -> None:
    stored = IANA[span(row.number, row.last)]["answered_by_or_pair"]
    assert row.answered_by == (int(stored) if stored else None)


@pytest.mark.parametrize("row", [row for row in TYPES if row.answered_by is not None and row.number != 10])
def test_counterparts_name_each_other(row: MessageType) -> None:
    # But 10: most advertisements answer no solicitation.
    assert ENTRIES[str(row.answered_by)].type.answered_by == row.number


def test_every_type_has_one_row_in_ascending_order() -> None:
    assert [number for row in TYPES for number in numbers(row)] == list(range(256))


@every_type
def test_codes_ascend_without_overlap(row: MessageType) -> None:
    codes = [number for code in row.codes for number in range(code.number, (code.last or code.number) + 1)]
    assert codes == sorted(set(codes))
    assert set(codes) <= set(range(256))


def test_every_type_has_its_shape() -> None:
    found: dict[type, set[int]] = {}
    for row in TYPES:
        found.setdefault(row.shape, set()).update(numbers(row))
    assert found == SHAPES


def test_codes_with_a_shape_of_their_own() -> None:
    own = {
        reference: entry.shape for reference, entry in ENTRIES.items() if entry.shape is not entry.type.shape
    }
    assert own == {"3/4": errors.FragmentationNeeded}


@every_type
def test_type_says_everything_but_notes(row: MessageType) -> None:
    assert [part for part, text in row.about._asdict().items() if text is None] in ([], ["note"])


@every_entry
def test_names_are_in_both_languages(entry: Entry) -> None:
    assert entry.name.en
    assert not any(map(is_wide, entry.name.en))
    assert any(map(is_chinese, entry.name.zh))


@every_entry
def test_texts_are_sentences_in_both_languages(entry: Entry) -> None:
    for text in own_texts(entry):
        assert not any(map(is_wide, text.en)), text.en
        assert any(map(is_chinese, text.zh)), text.zh
        assert text.en.endswith((".", "?")), text.en
        assert text.zh.endswith(("。", "？")), text.zh
        assert "  " not in text.en, text.en
        assert " " not in re.sub(r"[!-~]+ (?=[!-~])", "", text.zh), text.zh
        assert max(map(len, text)) <= LONGEST, text.en


@every_entry
def test_both_languages_cite_the_same(entry: Entry) -> None:
    for text in own_texts(entry):
        assert set(CITATION.findall(text.en)) == set(CITATION.findall(text.zh)), text.en


@pytest.mark.parametrize("code", range(16))
def test_unreachable_has_the_errno_of_linux(code: int) -> None:
    assert ENTRIES[f"3/{code}"].errno == LINUX_UNREACHABLE[code]


def test_other_errnos_of_linux() -> None:
    others = {key: entry.errno for key, entry in ENTRIES.items() if entry.errno and entry.type.number != 3}
    assert others == {
        "4": "EREMOTEIO",
        "4/0": "EREMOTEIO",
        "11/0": "EHOSTUNREACH",
        "12": "EPROTO",
        "12/0": "EPROTO",
        "12/1": "EPROTO",
        "12/2": "EPROTO",
    }


@pytest.mark.skipif(sys.platform != "linux", reason="the names are those of Linux")
@every_entry
def test_errno_is_one_that_exists(entry: Entry) -> None:
    assert entry.errno is None or hasattr(errno, entry.errno)


@every_entry
def test_effect_on_tcp(entry: Entry) -> None:
    expected = {Effect.SOFT: SOFT, Effect.HARD: HARD}
    assert [effect for effect in Effect if entry.reference in expected[effect]] == [
        effect for effect in Effect if entry.effect is effect
    ]
