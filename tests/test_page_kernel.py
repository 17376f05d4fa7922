"""Kernels of tables: numbers as pages of Parquet, which kinds of messages there are; compiled as interpreted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dissector import kernel
from dissector.kernel import layers

PAGES = [kernel.interpreted("page"), kernel.page]
KINDS = [kernel.interpreted("kinds"), kernel.kinds]
both = pytest.mark.parametrize("module", PAGES, ids=["interpreted", "installed"])
both_kinds = pytest.mark.parametrize("module", KINDS, ids=["interpreted", "installed"])
WORDS = st.integers(-(2**63), 2**63 - 1)


class Octets:
    """Reads what pages begin with."""

    def __init__(self, octets):
        self.octets, self.at = octets, 0

    def varint(self):
        value = shift = 0
        while True:
            octet = self.octets[self.at]
            self.at += 1
            value |= (octet & 0x7F) << shift
            shift += 7
            if octet < 0x80:
                return value

    def signed(self):
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def packed(self, count, width):
        size = count * width // 8
        bits = int.from_bytes(self.octets[self.at : self.at + size], "little")
        self.at += size
        return [bits >> width * index & (1 << width) - 1 for index in range(count)]


def differences(module, first, steps):
    out = np.full(module.room(len(steps)), 0xAA, np.uint8)
    end = module.differences(first, np.array(steps, np.int64).data, out.data)
    return out[:end].tobytes()


def numbers_of(octets):
    """Read a page of differences: Parquet's DELTA_BINARY_PACKED, with numbers of 64 bits."""
    reader = Octets(octets)
    block, pieces, count, value = reader.varint(), reader.varint(), reader.varint(), reader.signed()
    assert (block, pieces) == (128, 4)
    found = [value]
    while len(found) < count:
        least = reader.signed()
        widths = list(reader.octets[reader.at : reader.at + 4])
        reader.at += 4
        for width in widths:
            if len(found) == count:
                assert width == 0
                continue
            for above in reader.packed(32, width)[: count - len(found)]:
                value = (value + least + above + 2**63) % 2**64 - 2**63
                found.append(value)
    assert reader.at == len(octets)
    return found


@both
@settings(max_examples=60)
@given(st.lists(st.integers(-40, 40) | st.integers(-(2**34), 2**34) | WORDS, min_size=1, max_size=300))
def test_differences_come_back(module, numbers):
    steps = np.diff(np.array(numbers, np.int64)) if len(numbers) > 1 else []
    assert numbers_of(differences(module, numbers[0], steps)) == numbers


@both
def test_differences_take_as_many_bits_as_they_need(module):
    steps = np.tile([-3, 0, 4], 128)
    # Three blocks of 128, each with its least difference and four widths of three bits.
    assert len(differences(module, 5, steps)) == 2 + 1 + 2 + 1 + 3 * (1 + 4 + 128 * 3 // 8)


@both
@pytest.mark.parametrize("width", range(1, 33))
@pytest.mark.parametrize("count", [1, 7, 8, 9, 40])
def test_indices_come_back(module, width, count):
    places = np.random.default_rng(width).integers(0, 1 << width, count)
    out = np.full(module.room(count), 0xAA, np.uint8)
    end = module.indices(places.data, width, out.data)
    reader = Octets(out[:end].tobytes())
    eights = (count + 7) // 8
    assert (reader.varint(), reader.varint()) == (width, eights << 1 | 1)
    assert reader.packed(eights * 8, width) == [*places.tolist(), *[0] * (eights * 8 - count)]
    assert reader.at == end


@both
@pytest.mark.parametrize("wrong", [-1, 8, 1 << 40, -(1 << 62)])
def test_an_index_that_is_too_large_is_refused(module, wrong):
    with pytest.raises(ValueError, match="too large"):
        module.indices(np.array([1, wrong, 2]).data, 3, np.zeros(module.room(3), np.uint8).data)


@both
def test_nothing_is_written_where_there_is_no_room(module):
    out = np.zeros(module.room(1000) - 1, np.uint8)
    steps = np.full(1000, 1)
    with pytest.raises(ValueError, match="room"):
        module.differences(0, steps.data, out.data)
    for width in (0, 33):
        with pytest.raises(ValueError, match="room"):
            module.indices(steps.data, width, np.zeros(1 << 16, np.uint8).data)
    with pytest.raises(ValueError, match="room"):
        module.indices(steps.data, 1, out.data)
    assert not out.any()


@both
def test_the_widest_values_fit_the_room(module):
    ends = [-(2**62), 2**62] * 300
    for count in (1, 2, 127, 128, 129, 161, 600):
        assert len(differences(module, 2**62, ends[:count])) <= module.room(count) - 8
    out = np.zeros(module.room(9), np.uint8)
    assert module.indices(np.full(9, (1 << 32) - 1).data, 32, out.data) <= len(out) - 8


@both
@pytest.mark.parametrize("kind", ["u1", "u2", "i4", "i8"])
def test_numbers_have_places_as_they_come(module, kind):
    known, numbers = np.full(module.SMALL, -1, np.int32), np.zeros(module.SMALL, np.int64)
    values = np.array([7, 3, 7, 250, 3], kind)
    places = np.zeros(5, np.int64)
    count = module.learn(values.view("u1").data, values.itemsize, known.data, numbers.data, 0, places.data)
    assert (count, places.tolist(), numbers[:3].tolist()) == (3, [0, 1, 0, 2, 1], [7, 3, 250])
    count = module.learn(
        values[3:].view("u1").data, values.itemsize, known.data, numbers.data, 3, places[:2].data
    )
    assert (count, places[:2].tolist()) == (3, [2, 1])


@both
@pytest.mark.parametrize("wrong", [-1, 1 << 16, -(1 << 31)])
def test_a_number_too_large_for_a_dictionary_is_told(module, wrong):
    known, numbers = np.full(module.SMALL, -1, np.int32), np.zeros(module.SMALL, np.int64)
    values = np.array([9, wrong, 5], np.int32)
    count = module.learn(values.view("u1").data, 4, known.data, numbers.data, 0, np.zeros(3, np.int64).data)
    assert (-count - 1, known[9], known[5]) == (1, 0, -1)


@both
def test_half_a_number_and_small_tables_are_refused(module):
    known, numbers = np.full(module.SMALL, -1, np.int32), np.zeros(module.SMALL, np.int64)
    octets, places = np.zeros(9, np.uint8), np.zeros(3, np.int64)
    for size in (0, 2, 3, 4, 16):
        with pytest.raises(ValueError, match="half"):
            module.learn(octets.data, size, known.data, numbers.data, 0, places.data)
    with pytest.raises(ValueError, match="room"):
        module.learn(octets[:3].data, 1, known[1:].data, numbers.data, 0, places.data)
    with pytest.raises(ValueError, match="room"):
        module.learn(octets[:3].data, 1, known.data, numbers[1:].data, 0, places.data)


@both
def test_addresses_are_found_in_their_slots(module):
    words = np.array([[1, 0], [7, 9], [1, 2], [7, 9], [0, 0]], np.uint64)
    factors = np.array([1 << module.SLOT_AT, 3 << module.SLOT_AT], np.uint64)
    high, low = np.zeros(module.SLOTS, np.uint64), np.zeros(module.SLOTS, np.uint64)
    known = np.full(module.SLOTS, -1, np.int32)
    # 7 ^ 27 = 28: that is where [7, 9] is; [1, 2] has another address in its slot, 7.
    for slot, number, (one, other) in ((1, 5, words[0]), (28, 6, words[1]), (7, 8, (1, 4))):
        high[slot], low[slot], known[slot] = one, other, number
    numbers, missing = np.full(5, -7, np.int32), np.zeros(5, np.int64)
    tables = [words, factors, high, low, known, numbers, missing]
    count = module.find(*(one.data for one in tables))
    assert (count, missing[:2].tolist(), numbers.tolist()) == (2, [2, 4], [5, 6, -7, 6, -7])
    for place in range(1, 7):
        short = [one[:-1] if index == place else one for index, one in enumerate(tables)]
        with pytest.raises(ValueError, match=r"fewer|room"):
            module.find(*(one.data for one in short))


def columns():
    """Columns of five messages: ICMPv4 3/1 twice, ICMPv6 128, one cut before its code, one of type 255."""
    return [
        np.array([4, 4, 6, 4, 6], np.uint8),
        np.array([3, 3, 128, 3, 255], np.uint8),
        np.array([1, 1, 0, 0, 255], np.uint8),
        np.array([36, 28, 64, 1, 8], np.int32),
        np.array([36, 99, 64, 50, 8], np.int32),
        np.array([layers.GOOD, layers.BAD, layers.GOOD, layers.UNVERIFIED, layers.GOOD], np.uint8),
    ]


@both_kinds
def test_kinds_are_told_apart_with_what_holds_of_all(module):
    numbers = np.full(module.KEYS, -1, np.int32)
    which, keys, limits = np.zeros(5, np.int64), np.zeros(5, np.int64), np.zeros((5, 4), np.int64)
    for _ in range(2):
        count = module.kinds(
            *(column.data for column in columns()), numbers.data, which.data, keys.data, limits.data
        )
        assert count == 4
        assert which.tolist() == [0, 0, 1, 2, 3]
        assert keys[:4].tolist() == [0x301, 0x18000, module.CODELESS | 0x300, 0x1FFFF]
        assert module.LIMITS == ("least", "most", "longest", "bad")
        assert limits[:4].tolist() == [[28, 36, 99, 1], [64, 64, 64, 0], [1, 1, 50, 0], [8, 8, 8, 0]]
        assert (numbers == -1).all()


@both_kinds
def test_columns_of_fewer_rows_are_refused(module):
    tables = [np.full(module.KEYS, -1, np.int32), *(np.zeros(5, np.int64) for _ in range(2))]
    tables.append(np.zeros((5, 4), np.int64))
    given_ones = [*columns(), *tables]
    for place in range(len(given_ones)):
        if place == 7:
            continue  # how many messages there are is told by this one
        short = [one[:-1] if index == place else one for index, one in enumerate(given_ones)]
        with pytest.raises(ValueError, match="fewer"):
            module.kinds(*(one.data for one in short))
    with pytest.raises(ValueError, match="fewer"):
        module.kinds(*(one.data for one in [*given_ones[:-1], np.zeros((5, 3), np.int64)]))
