"""The kernel that display filters look with: compiled as interpreted, and nothing outside of a buffer is read."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from dissector import kernel
from dissector.filter import headers
from dissector.filter.headers import NOTHING, ends

MODULES = [kernel.interpreted("look"), kernel.look]
EVERYWHERE = np.zeros(0, np.uint8).data
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
    for place in (1, 2, 3, 4, 5, 6, 8, 9, 10):
        given = quoting_columns(module, 2)
        given[place] = given[place][:-1]
        with pytest.raises(ValueError, match="fewer"):
            module.quoting(*(one.data for one in given))
    chosen, found = np.zeros(module.KINDS // 2, np.uint8), np.zeros(2, np.uint8)
    for place in range(3):
        given = [version, version, chosen]
        given[place] = given[place][:-1]
        with pytest.raises(ValueError, match="fewer"):
            module.among(*(one.data for one in given), found.data)


def quoting_columns(module, many):
    """Return what ``quoting`` is given for messages of 10 octets each, type 0, and room for what it tells."""
    octets = np.full(10 * many, 0x45, np.uint8)
    family, type_, code = np.full(many, 4, np.uint8), np.zeros(many, np.uint8), np.zeros(many, np.uint8)
    start, captured = np.arange(many, dtype=np.int64) * 10, np.full(many, 10, np.int32)
    before = np.zeros(module.KINDS, np.int16)
    places = [np.full(many, -1, np.int64) for _ in range(3)]
    return [octets, family, type_, code, start, captured, before, *places, np.full(many, 99, np.uint8)]


@both
def test_what_quotes_is_told_by_family_type_and_code(module):
    given = quoting_columns(module, 7)
    octets, family, type_, code, _, captured, before, rows, ip, limit, version = given
    before[0x301], before[0x10302], before[0x303] = 8, 9, -1
    type_[:] = 3
    family[:], code[:] = [4, 4, 6, 6, 0, 4, 4], [1, 2, 1, 2, 1, 3, 1]
    octets[39], captured[6] = 0x60, 9
    count = module.quoting(*(one.data for one in given))
    found = [column[:count].tolist() for column in (rows, ip, limit, version)]
    assert found == [[0, 3, 5, 6], [8, 39, 50, 68], [10, 40, 60, 69], [4, 6, 0, 4]]
    for column in (rows, ip, limit):
        assert column[count:].tolist() == [-1] * 3


@both
@pytest.mark.parametrize(
    ("octet", "there", "quotes"), [(0x45, 9, 1), (0x45, 8, 0), (0x55, 10, 0), (0x60, 10, 1)]
)
def test_what_is_quoted_is_there_and_a_datagram(module, octet, there, quotes):
    given = quoting_columns(module, 1)
    given[0][8], given[5][0], given[6][0] = octet, there, 8
    assert module.quoting(*(one.data for one in given)) == quotes


@both
@pytest.mark.parametrize(("start", "captured"), [(-1, 4), (15, 6), (0, -1), (1 << 62, 4), (20, 1)])
def test_messages_outside_of_the_buffer_are_refused(module, start, captured):
    given = quoting_columns(module, 2)
    given[6][0] = 1
    given[4][1], given[5][1] = start, captured
    with pytest.raises(ValueError, match="outside"):
        module.quoting(*(one.data for one in given))


@both
def test_the_types_and_codes_of_messages_are_told_apart(module):
    type_, code = np.full(6, 3, np.uint8), np.array([1, 2, 1, 2, 1, 1], np.uint8)
    chosen, found = np.zeros(module.KINDS // 2, np.uint8), np.full(6, 7, np.uint8)
    chosen[0x302] = 1
    module.among(type_.data, code.data, chosen.data, found.data)
    assert found.tolist() == [0, 1, 0, 1, 0, 0]


@both
@pytest.mark.parametrize("size", range(1, 9))
def test_numbers_are_read_in_network_order(module, size):
    octets = np.arange(200, 220, dtype=np.uint8)
    starts, found = np.array([0, 5, 19 - size], np.int64), np.zeros(3, np.uint64)
    module.numbers(octets.data, starts.data, 1, size, EVERYWHERE, found.data)
    want = [int.from_bytes(octets[at + 1 : at + 1 + size].tobytes(), "big") for at in starts.tolist()]
    assert found.tolist() == want
    there = np.array([0, 1, 0], np.uint8)
    starts[0] = 1000  # nothing is looked at where nothing is
    module.numbers(octets.data, starts.data, 1, size, there.data, found.data)
    assert found.tolist() == [0, want[1], 0]
    starts[0] = 0
    pieces = np.zeros((3, size), np.uint8)
    module.pieces(octets.data, starts.data, pieces.data)
    assert [row.tobytes() for row in pieces] == [octets[at : at + size].tobytes() for at in starts.tolist()]


@both
@pytest.mark.parametrize("start", [-1, 13, 1 << 60, -(1 << 60)])
def test_octets_outside_of_the_buffer_are_refused(module, start):
    octets, starts = np.zeros(20, np.uint8), np.array([0, start], np.int64)
    with pytest.raises(ValueError, match="outside"):
        module.numbers(octets.data, starts.data, 0, 8, EVERYWHERE, np.zeros(2, np.uint64).data)
    with pytest.raises(ValueError, match="outside"):
        module.pieces(octets.data, starts.data, np.zeros((2, 8), np.uint8).data)


@both
def test_numbers_have_one_to_eight_octets_and_room(module):
    octets, starts = np.zeros(20, np.uint8), np.zeros(2, np.int64)
    for size, many in ((0, 2), (9, 2), (4, 1)):
        with pytest.raises(ValueError, match="room"):
            module.numbers(octets.data, starts.data, 0, size, EVERYWHERE, np.zeros(many, np.uint64).data)
    with pytest.raises(ValueError, match="fewer"):
        module.numbers(octets.data, starts.data, 0, 8, np.ones(1, np.uint8).data, np.zeros(2, np.uint64).data)
    with pytest.raises(ValueError, match="room"):
        module.pieces(octets.data, starts.data, np.zeros((1, 8), np.uint8).data)
