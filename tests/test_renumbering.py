"""Router renumbering against hand-made octets from the figures of RFC 2894, and any octets at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissector.errors import Finding, TruncatedError
from dissector.messages.renumbering import RouterRenumbering
from dissector.tails.renumbering import MatchReport, PrefixControlOperation

HEADER = "00000007 01 40 03e8 00000000"
PREFIX = "20010db8" + "00" * 12
USE = "3010 c080 00278d00 00093a80 80000000 20010db8" + "00" * 12
OPERATION = "02070140 30400000" + PREFIX + USE
BARE = "01030230 00800000" + PREFIX
REPORT = "00000130 00000005" + PREFIX


def read(text: str) -> tuple[RouterRenumbering, list[str]]:
    """Return a message and the ids of its findings."""
    notes: list[Finding] = []
    octets = bytes.fromhex(text)
    message = RouterRenumbering.parse(octets, notes)
    assert message.encode() == octets
    assert sum(node.bits for node in message.nodes()) == len(octets) * 8
    return message, [note.id for note in notes]


def command(body: str) -> tuple[RouterRenumbering, list[str]]:
    return read("8a000000" + HEADER + body)


def result(body: str) -> tuple[RouterRenumbering, list[str]]:
    return read("8a010000" + HEADER + body)


def test_header() -> None:
    message, ids = command("")
    assert ids == []
    assert (message.sequence_number, message.segment_number, message.max_delay) == (7, 1, 1000)
    names = ["test", "result_requested", "all_interfaces", "site_specific", "processed"]
    for bit, name in zip((0x80, 0x40, 0x20, 0x10, 0x08), names, strict=True):
        flagged, ids = read(f"8a000000 00000007 01 {bit:02x} 03e8 00000000")
        assert [other for other in names if getattr(flagged, other)] == [name]
        assert ids == (["processed-flag"] if name == "processed" else [])


def test_command() -> None:
    message, ids = command(OPERATION + BARE)
    assert ids == []
    first, second = message.body
    assert isinstance(first, PrefixControlOperation)
    assert isinstance(second, PrefixControlOperation)
    assert (first.op_code, first.op_length, first.ordinal) == (2, 56, 1)
    assert (first.match_len, first.min_len, first.max_len, str(first.match_prefix)) == (
        64,
        48,
        64,
        "2001:db8::",
    )
    (use,) = first.use_prefixes
    assert (use.use_len, use.keep_len, use.flag_mask, use.ra_flags) == (48, 16, 0xC0, 0x80)
    assert (use.valid_lifetime, use.preferred_lifetime) == (2592000, 604800)
    assert (use.decrement_valid, use.decrement_preferred, str(use.use_prefix)) == (True, False, "2001:db8::")
    assert (second.op_code, second.use_prefixes) == (1, ())


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ("04030130 00800000" + PREFIX, ["operation-unknown"]),
        ("01030181 00800000" + PREFIX, ["operation-bounds"]),
        ("01030130 00800001" + PREFIX, ["reserved-set"]),
        ("01070130 00800000" + PREFIX + USE.replace("3010", "7011"), ["operation-bounds"]),
        ("01070130 00800000" + PREFIX + USE.replace("20010db8", "ff020000"), ["operation-prefix"]),
        ("01070130 00800000" + PREFIX + USE.replace("80000000", "80000001"), ["reserved-set"]),
        ("01040130 00800000" + PREFIX + "00" * 8, ["use-prefix-unreadable"]),
        ("01020130 00800000" + PREFIX, ["operation-unreadable"]),
        ("01070130 00800000" + PREFIX, ["operation-unreadable"]),
        ("0103", ["operation-unreadable"]),
        (BARE + BARE, ["ordinal-twice"]),
    ],
)
def test_what_is_wrong_with_a_command(body: str, ids: list[str]) -> None:
    assert command(body)[1] == ids


def test_result() -> None:
    message, ids = result(REPORT)
    assert ids == []
    (report,) = message.body
    assert isinstance(report, MatchReport)
    assert (report.ordinal, report.matched_len, report.interface_index) == (1, 48, 5)
    assert str(report.matched_prefix) == "2001:db8::"
    assert result(REPORT.replace("00000130", "00020130", 1))[1] == ["operation-refused"]
    assert result(REPORT.replace("00000130", "00010130", 1))[1] == ["operation-refused"]
    assert result(REPORT.replace("00000130", "00040130", 1))[1] == ["reserved-set"]
    assert result(REPORT + "00")[1] == ["match-report-unreadable"]


def test_reset_has_no_body() -> None:
    assert read("8aff0000" + HEADER)[1] == []
    message, ids = read("8aff0000" + HEADER + "00")
    assert (message.body, ids) == (b"\0", ["octets-after-end"])


def test_each_cut_length_is_kept_or_refused() -> None:
    for code, body in ((0, OPERATION), (1, REPORT)):
        whole = bytes.fromhex(f"8a{code:02x}0000" + HEADER + body)
        for length in range(len(whole)):
            if length < RouterRenumbering.layout.size:
                with pytest.raises(TruncatedError):
                    RouterRenumbering.parse(whole[:length])
            else:
                _, ids = read(whole[:length].hex())
                assert bool(ids) == (length > RouterRenumbering.layout.size)


@given(
    code=st.sampled_from((0, 1, 2, 255)),
    header=st.binary(min_size=14, max_size=14),
    parts=st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from((2, 3, 4, 7, 11)), st.binary(max_size=90)), max_size=3
    ),
)
def test_any_octets_survive(code: int, header: bytes, parts: list[tuple[int, int, bytes]]) -> None:
    body = b"".join(bytes((number, units)) + octets for number, units, octets in parts)
    read((bytes((138, code)) + header + body).hex())
