"""The kernel that display filters look with: compiled as interpreted, and nothing outside of a buffer is read."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from dissector import kernel
from dissector.filter import headers
from dissector.filter.headers import NOTHING, ends

MODULES = [kernel.interpreted("look"), kernel.look]
both = pytest.mark.parametrize("module", MODULES, ids=["interpreted", "installed"])


def v4(length=40, protocol=1, words=5, offset=0):
    return struct.pack(">BBHHHBBHII", 0x40 | words, 0, length, 0, offset, 9, protocol, 0, 0, 0)


def v6(length=20, protocol=58):
    return struct.pack(">IHBB", 6 << 28, length, protocol, 9) + bytes(32)


PLAIN = [
    v4(),
    v4(length=30),
    v4(length=19),
    v4(length=0),
    v4(length=65535),
    v4(words=6),
    v4(words=4),
    v4(words=15, length=60),
    v4(offset=0x2000),
    v4(offset=0x2001),
    v4(protocol=0),
    v4(protocol=44),
    v6(),
    v6(length=0),
    v6(length=1),
    v6(length=65535),
    v6(protocol=17),
]
OTHER = [v4(protocol=51), v6(protocol=0), v6(protocol=43), v6(protocol=44), v6(protocol=60), v6(protocol=51)]
SIZE = 64


def stretches(found):
    """Return headers as columns, each with octets behind it up to SIZE."""
    octets = np.frombuffer(b"".join(one.ljust(SIZE, b"\x06") for one in found), np.uint8)
    version = np.array([one[0] >> 4 for one in found], np.uint8)
    ip = np.arange(len(found), dtype=np.int64) * SIZE
    return octets, version, ip, ip + SIZE


def carried(module, octets, version, ip, limit):
    upper, end, protocol = (
        np.zeros(len(ip), np.int64),
        np.zeros(len(ip), np.int64),
        np.zeros(len(ip), np.uint8),
    )
    plain = module.carried(
        octets.data, version.data, ip.data, limit.data, upper.data, end.data, protocol.data
    )
    return plain, end, upper, protocol


@both
@pytest.mark.parametrize("cut", [0, 1, 24])
def test_plain_headers_say_what_all_headers_say(module, cut):
    octets, version, ip, limit = stretches(PLAIN)
    limit = limit - cut
    plain, end, upper, protocol = carried(module, octets, version, ip, limit)
    assert plain
    assert end.tolist() == ends(octets, version, ip, limit).tolist()
    want = headers._upper_layer(octets, version, ip, end)
    assert upper.tolist() == want[0].tolist()
    assert protocol.tolist() == want[1].tolist()
    assert NOTHING in protocol.tolist()


@both
@pytest.mark.parametrize("one", OTHER)
def test_other_headers_are_left_to_the_caller(module, one):
    assert not carried(module, *stretches([v4(), one, v6()]))[0]


@both
@pytest.mark.parametrize(("one", "there"), [(v4(), 19), (v6(), 39), (v4(), 0), (v6(), -1)])
def test_headers_that_are_cut_are_left_to_the_caller(module, one, there):
    octets, version, ip, limit = stretches([one])
    assert not carried(module, octets, version, ip, ip + there)[0]
    assert carried(module, octets, version, ip, limit)[0]


@both
@pytest.mark.parametrize(("at", "limit"), [(-1, 20), (0, SIZE + 1), (-SIZE, 0), (1 << 60, 1 << 61)])
def test_headers_outside_of_the_buffer_are_refused(module, at, limit):
    octets, version, ip, _ = stretches([v4()])
    with pytest.raises(ValueError, match="outside"):
        carried(module, octets, version, ip * 0 + at, ip * 0 + limit)


@both
def test_columns_of_fewer_rows_are_refused(module):
    octets, version, ip, limit = stretches([v4(), v4()])
    columns = [version, ip, limit, ip.copy(), ip.copy(), version.copy()]
    for place in (0, 2, 3, 4, 5):
        short = [one[:1] if index == place else one for index, one in enumerate(columns)]
        with pytest.raises(ValueError, match="fewer"):
            module.carried(octets.data, *(one.data for one in short))
    before, rows = np.zeros(module.KINDS, np.int16), np.zeros(2, np.int64)
    for place in range(4):
        given = [version, version, version, before]
        given[place] = given[place][:-1]
        with pytest.raises(ValueError, match="fewer"):
            module.quoting(*(one.data for one in given), rows.data)
    chosen, found = np.zeros(module.KINDS // 2, np.uint8), np.zeros(2, np.uint8)
    for place in range(3):
        given = [version, version, chosen]
        given[place] = given[place][:-1]
        with pytest.raises(ValueError, match="fewer"):
            module.among(*(one.data for one in given), found.data)


@both
def test_what_quotes_is_told_by_family_type_and_code(module):
    before = np.zeros(module.KINDS, np.int16)
    before[0x301], before[0x10302] = 8, 40
    family = np.array([4, 4, 6, 6, 0, 4], np.uint8)
    code = np.array([1, 2, 1, 2, 1, 1], np.uint8)
    rows = np.full(6, -1, np.int64)
    type_ = np.full(6, 3, np.uint8)
    count = module.quoting(family.data, type_.data, code.data, before.data, rows.data)
    assert rows[:count].tolist() == [0, 3, 5]
    chosen, found = np.zeros(module.KINDS // 2, np.uint8), np.full(6, 7, np.uint8)
    chosen[0x302] = 1
    module.among(type_.data, code.data, chosen.data, found.data)
    assert found.tolist() == [0, 1, 0, 1, 0, 0]


@both
@pytest.mark.parametrize("size", range(1, 9))
def test_numbers_are_read_in_network_order(module, size):
    octets = np.arange(200, 220, dtype=np.uint8)
    starts, found = np.array([0, 5, 19 - size], np.int64), np.zeros(3, np.uint64)
    module.numbers(octets.data, starts.data, 1, size, found.data)
    want = [int.from_bytes(octets[at + 1 : at + 1 + size].tobytes(), "big") for at in starts.tolist()]
    assert found.tolist() == want
    pieces = np.zeros((3, size), np.uint8)
    module.pieces(octets.data, starts.data, pieces.data)
    assert [row.tobytes() for row in pieces] == [octets[at : at + size].tobytes() for at in starts.tolist()]


@both
@pytest.mark.parametrize("start", [-1, 13, 1 << 60, -(1 << 60)])
def test_octets_outside_of_the_buffer_are_refused(module, start):
    octets, starts = np.zeros(20, np.uint8), np.array([0, start], np.int64)
    with pytest.raises(ValueError, match="outside"):
        module.numbers(octets.data, starts.data, 0, 8, np.zeros(2, np.uint64).data)
    with pytest.raises(ValueError, match="outside"):
        module.pieces(octets.data, starts.data, np.zeros((2, 8), np.uint8).data)


@both
def test_numbers_have_one_to_eight_octets_and_room(module):
    octets, starts = np.zeros(20, np.uint8), np.zeros(2, np.int64)
    for size, many in ((0, 2), (9, 2), (4, 1)):
        with pytest.raises(ValueError, match="room"):
            module.numbers(octets.data, starts.data, 0, size, np.zeros(many, np.uint64).data)
    with pytest.raises(ValueError, match="room"):
        module.pieces(octets.data, starts.data, np.zeros((1, 8), np.uint8).data)
