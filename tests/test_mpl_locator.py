from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissector.errors import Finding, TruncatedError
from dissector.messages.locator import Locator, LocatorUpdate
from dissector.messages.multicast_forwarding import (
    MplControl,
    MplSeedInfo,
    MplSeedInfo16,
    MplSeedInfo64,
    MplSeedInfo128,
)

if TYPE_CHECKING:
    from dissector.layout import Shape

SHAPES: list[type[Shape]] = [MplControl, LocatorUpdate]
SEEDS = "0a 0c a5c001 | fe 09 1234 8140 | 05 06 0011223344556677 80 | 07 03 20010db8000000000000000000000001"
UPDATE = "9c000000 02010000 20010db800010002 000a0e10 20010db800030004 00140e10"


def octets(text: str) -> bytes:
    return bytes.fromhex(text.replace(" ", "").replace("|", ""))


def test_s_says_how_long_the_seed_id_is() -> None:
    notes: list[Finding] = []
    message = MplControl.parse(octets("9f000000" + SEEDS), notes)
    assert not notes
    first, second, third, fourth = message.seed_infos
    assert type(first) is MplSeedInfo
    assert (first.min_seqno, first.bm_len, first.s) == (10, 3, 0)
    assert isinstance(second, MplSeedInfo16)
    assert second.seed_id == octets("1234")
    assert isinstance(third, MplSeedInfo64)
    assert third.seed_id == octets("0011223344556677")
    assert isinstance(fourth, MplSeedInfo128)
    assert fourth.seed_id == octets("20010db8000000000000000000000001")
    assert fourth.buffered_mpl_messages == b""


def test_bits_count_from_the_left_and_wrap() -> None:
    first, second, third, fourth = MplControl.parse(octets("9f000000" + SEEDS)).seed_infos
    assert first.buffered == (10, 12, 15, 17, 18, 19, 33)
    assert second.buffered == (254, 5, 7)
    assert third.buffered == (5,)
    assert fourth.buffered == ()


def test_seed_infos_are_shown_where_they_are() -> None:
    nodes = [node for node in MplControl.parse(octets("9f000000" + SEEDS)).nodes() if node.children]
    assert [(node.text, node.offset, node.bits) for node in nodes] == [
        ("MPL Seed Info", 32, 40),
        ("MPL Seed Info", 72, 48),
        ("MPL Seed Info", 120, 88),
        ("MPL Seed Info", 208, 144),
    ]
    assert [node.name for node in nodes[1].children] == [
        "min_seqno",
        "bm_len",
        "s",
        "seed_id",
        "buffered_mpl_messages",
    ]


def test_a_control_message_may_be_empty() -> None:
    notes: list[Finding] = []
    assert tuple(MplControl.parse(octets("9f000000"), notes).seed_infos) == ()
    assert not notes


@pytest.mark.parametrize("cut", ["0a", "0a04", "0a01ff", "0a0200", "0a03" + "00" * 15, "0aff" + "00" * 78])
def test_a_seed_info_that_is_cut_is_left_over(cut: str) -> None:
    notes: list[Finding] = []
    message = MplControl.parse(octets("9f000000 0a04ff" + cut), notes)
    assert len(message.seed_infos) == 1
    assert message.seed_infos.leftover == octets(cut)
    assert [note.id for note in notes] == ["seed-info-unreadable"]
    assert message.encode() == octets("9f000000 0a04ff" + cut)


def test_the_largest_seed_info() -> None:
    notes: list[Finding] = []
    (seed,) = MplControl.parse(octets("9f000000 00ff" + "11" * 16 + "80" * 63), notes).seed_infos
    assert not notes
    assert len(seed.buffered) == 63
    assert seed.buffered[-1] == (62 * 8) % 256


def test_a_locator_update() -> None:
    notes: list[Finding] = []
    message = LocatorUpdate.parse(octets(UPDATE), notes)
    assert not notes
    assert (message.num_of_locs, message.operation, message.reserved) == (2, 1, 0)
    assert tuple(message.locators) == (
        Locator(locator=octets("20010db800010002"), preference=10, lifetime=3600),
        Locator(locator=octets("20010db800030004"), preference=20, lifetime=3600),
    )
    assert "1 (advertisement)" in [node.text for node in message.nodes()]


@pytest.mark.parametrize("missing", [1, 11, 12, 13, 24])
def test_fewer_locators_than_stated(missing: int) -> None:
    notes: list[Finding] = []
    message = LocatorUpdate.parse(octets(UPDATE)[:-missing], notes)
    assert len(message.locators) == 2 - (missing + 11) // 12
    assert [note.id for note in notes] == ["locator-count"]
    assert message.encode() == octets(UPDATE)[:-missing]


def test_octets_after_the_last_locator() -> None:
    notes: list[Finding] = []
    message = LocatorUpdate.parse(octets(UPDATE) + b"\x07", notes)
    assert message.locators.leftover == b"\x07"
    assert [note.id for note in notes] == ["octets-after-end"]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_cut_is_refused_or_written_back(shape: type[Shape]) -> None:
    whole = octets(UPDATE)
    for length in range(len(whole) + 1):
        if length < shape.layout.size:
            with pytest.raises(TruncatedError):
                shape.parse(whole[:length])
        else:
            assert shape.parse(whole[:length], []).encode() == whole[:length]


@pytest.mark.parametrize("shape", SHAPES)
@given(data=st.binary(max_size=150))
def test_any_octets_are_written_back(shape: type[Shape], data: bytes) -> None:
    whole = data.ljust(shape.layout.size, b"\x01")
    message = shape.parse(whole, [])
    assert message.encode() == whole
    assert shape.parse(whole) == message
    assert sum(node.bits for node in message.nodes()) == len(whole) * 8
    assert set(message.values()) >= {"type", "code", "checksum"}
