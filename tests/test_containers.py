"""Containers: hand-built files of each format, whole and damaged, packed and not, and what is said about them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import struct
import sys
import threading
import tracemalloc
from typing import TYPE_CHECKING, NamedTuple

import lz4.frame
import numpy as np
import pytest
import zstandard

from dissector import kernel
from dissector.capture import pcap as pcap_module
from dissector.capture import pcapng, window
from dissector.capture.formats import open_capture
from dissector.capture.records import NO_TIME, SHORTENED
from dissector.errors import CaptureError, TruncatedCaptureError, UnknownFormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dissector.capture.records import Reader

T0 = 1_700_000_000


class Packet(NamedTuple):
    frame: int
    time_ns: int
    octets: bytes
    original: int
    interface: int
    flags: int


@pytest.fixture(params=["in use", "interpreted"], autouse=True)
def walker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run everything on the kernel in use and on the interpreted one (the same where nothing is compiled)."""
    if request.param == "interpreted":
        if not kernel.walk.COMPILED:
            pytest.skip("the kernel in use is the interpreted one")
        interpreted = kernel.interpreted("walk")
        monkeypatch.setattr(pcap_module, "walk", interpreted)
        monkeypatch.setattr(pcapng, "walk", interpreted)


def packets(reader: Reader) -> list[Packet]:
    """Read all packets, checking that every block keeps its promises."""
    found: list[Packet] = []
    for block in reader:
        records = block.records
        assert 1 <= block.count <= len(records)
        for row in range(block.count):
            start, captured = int(records.start[row]), int(records.captured[row])
            assert 0 <= start <= start + captured <= len(block.octets)
            assert 0 <= records.interface[row] < len(reader.interfaces)
            found.append(
                Packet(
                    block.first_frame + row,
                    int(records.time_ns[row]),
                    bytes(block.octets[start : start + captured]),
                    int(records.original[row]),
                    int(records.interface[row]),
                    int(records.flags[row]),
                )
            )
    assert reader.report.packets == len(found)
    return found


def read(octets: bytes) -> tuple[list[Packet], Reader]:
    with open_capture(io.BytesIO(octets)) as reader:
        return packets(reader), reader


# --- builders ---------------------------------------------------------------------------------------------------


def data(number: int, size: int = 60) -> bytes:
    """Octets of a packet in which no record header can be seen."""
    return bytes([0xE0 | number & 0x1F]) * size


def pcap_header(order: str = "<", magic: int = 0xA1B2C3D4, link: int = 1, snaplen: int = 65535) -> bytes:
    return struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snaplen, link)


def record(
    octets: bytes, number: int = 0, order: str = "<", extra: bytes = b"", wire: int | None = None
) -> bytes:
    size = len(octets)
    return (
        struct.pack(order + "IIII", T0 + number, 1000 + number, size, size if wire is None else wire)
        + extra
        + octets
    )


def pcap(
    count: int = 5, order: str = "<", magic: int = 0xA1B2C3D4, extra: bytes = b"", size: int = 60
) -> bytes:
    return pcap_header(order, magic) + b"".join(
        record(data(number, size), number, order, extra) for number in range(count)
    )


def block(kind: int, body: bytes, order: str = "<", *, trailer: int | None = None) -> bytes:
    body += bytes(-len(body) % 4)
    length = len(body) + 12
    last = length if trailer is None else trailer
    return struct.pack(order + "II", kind, length) + body + struct.pack(order + "I", last)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(order: str = "<", link: int = 1, snaplen: int = 0, options: bytes = b"") -> bytes:
    return block(1, struct.pack(order + "HHI", link, 0, snaplen) + options, order)


def enhanced(octets: bytes, ticks: int = T0 * 10**6, order: str = "<", number: int = 0) -> bytes:
    size = len(octets)
    return block(
        6, struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, size, size) + octets, order
    )


def ng(count: int = 5, order: str = "<") -> bytes:
    return (
        section(order)
        + interface(order)
        + b"".join(enhanced(data(number), T0 * 10**6 + number, order) for number in range(count))
    )


def snoop(count: int = 5, link: int = 4, pad: int = 2) -> bytes:
    octets = b"snoop\0\0\0" + struct.pack(">II", 2, link)
    for number in range(count):
        size = 60
        octets += (
            struct.pack(">IIIIII", size + 4, size, 24 + size + pad, 0, T0 + number, 7)
            + data(number)
            + bytes(pad)
        )
    return octets


# --- whole files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("magic", "extra", "scale"),
    [
        (0xA1B2C3D4, b"", 1000),
        (0xA1B23C4D, b"", 1),
        (0xA1B2CD34, bytes(8), 1000),
        (0xA1B2CD34, b"\0\0\0\2\0\x08\0\0" + bytes(4), 1000),
        (0xA1B2C3D4, b"\0\0\0\1\0\x08\0\0", 1000),
        (0xA1B2C3D4, bytes(4), 1000),
    ],
    ids=["us", "ns", "modified", "suse-6.3", "red-hat-6.1", "nokia"],
)
def test_pcap_of_each_kind_and_byte_order(order: str, magic: int, extra: bytes, scale: int) -> None:
    found, reader = read(pcap(5, order, magic, extra))
    assert reader.report.whole
    assert reader.format == "pcap"
    assert found == [
        Packet(n + 1, (T0 + n) * 10**9 + (1000 + n) * scale, data(n), 60, 0, 0) for n in range(5)
    ]


def test_pcap_header_says_link_snaplen_and_frame_check_sequence() -> None:
    _, reader = read(pcap_header(link=0x24000071, snaplen=96))
    (only,) = reader.interfaces
    assert (only.link_type, only.fcs, only.snaplen, only.resolution) == (113, 4, 96, "us")
    _, reader = read(pcap_header(link=0x20000001))
    assert reader.interfaces[0].fcs == 0


def test_old_pcap_has_the_original_length_first() -> None:
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 2, 0, 0, 65535, 1)
    found, reader = read(head + struct.pack("<IIII", T0, 5, 90, 60) + data(1))
    assert [(p.octets, p.original) for p in found] == [(data(1), 90)]
    assert reader.report.whole


def test_aix_pcap_has_interface_types_and_nanoseconds() -> None:
    head = struct.pack(">IHHiIII", 0xA1B2C3D4, 2, 2, 0, 0, 65535, 6)
    found, reader = read(head + struct.pack(">IIII", T0, 5, 90, 60) + data(1))
    assert reader.interfaces[0].link_type == 1
    assert found[0].time_ns == T0 * 10**9 + 5


@pytest.mark.parametrize(("magic", "scale"), [(0x1C0001AC, 1), (0x1C0001AB, 1000)])
def test_ixia_pcap_has_a_longer_file_header(magic: int, scale: int) -> None:
    found, _ = read(pcap_header(">", magic) + bytes(4) + record(data(1), 1, ">"))
    assert found == [Packet(1, (T0 + 1) * 10**9 + 1001 * scale, data(1), 60, 0, 0)]


def test_pcap_without_packets() -> None:
    found, reader = read(pcap(0))
    assert found == []
    assert reader.report.whole


def test_captured_may_exceed_original() -> None:
    found, reader = read(pcap_header() + record(data(1), wire=40) + record(data(2)))
    assert [(len(p.octets), p.original) for p in found] == [(60, 40), (60, 60)]
    assert reader.report.whole


def test_snoop() -> None:
    found, reader = read(snoop())
    assert reader.format == "snoop"
    assert reader.interfaces[0].link_type == 1
    assert found == [Packet(n + 1, (T0 + n) * 10**9 + 7000, data(n), 64, 0, 0) for n in range(5)]
    assert reader.report.whole


def test_surveyor_gives_snoop_links_another_meaning() -> None:
    assert read(snoop(link=12, pad=16))[1].interfaces[0].link_type == 1
    assert read(snoop(link=12, pad=0))[1].interfaces[0].link_type == -1


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_of_each_byte_order(order: str) -> None:
    found, reader = read(ng(5, order))
    assert reader.report.whole
    assert found == [Packet(n + 1, T0 * 10**9 + n * 1000, data(n), 60, 0, 0) for n in range(5)]


def test_sections_of_mixed_byte_order_have_their_own_interfaces() -> None:
    found, reader = read(
        ng(2, "<")
        + section(">") + interface(">", 101, options=option(9, b"\x09", ">")) + interface(">", 113)
        + enhanced(b"raw", T0 * 10**9 + 7, ">") + enhanced(b"sll", 9, ">", number=1)
        + ng(1, "<")
    )  # fmt: skip
    assert [(p.frame, p.octets[:3], p.interface) for p in found] == [
        (1, data(0, 3), 0),
        (2, data(1, 3), 0),
        (3, b"raw", 1),
        (4, b"sll", 2),
        (5, data(0, 3), 3),
    ]
    assert found[2].time_ns == T0 * 10**9 + 7
    assert [(i.link_type, i.section, i.resolution) for i in reader.interfaces] == [
        (1, 0, "us"),
        (101, 1, "ns"),
        (113, 1, "us"),
        (1, 2, "us"),
    ]
    assert reader.report.whole


def test_simple_and_obsolete_packet_blocks() -> None:
    obsolete = struct.pack("<HHIIII", 1, 0, 0, 5_000_000, 3, 70) + b"old"
    found, reader = read(
        section() + interface(snaplen=4) + interface(link=101)
        + block(3, struct.pack("<I", 9) + b"1234") + block(3, struct.pack("<I", 2) + b"12")
        + block(2, obsolete)
    )  # fmt: skip
    assert found == [
        Packet(1, 0, b"1234", 9, 0, NO_TIME),
        Packet(2, 0, b"12", 2, 0, NO_TIME),
        Packet(3, 5_000_000_000, b"old", 70, 1, 0),
    ]
    assert reader.report.whole


@pytest.mark.parametrize(
    ("resolution", "ticks", "expected", "name"),
    [
        (0, 3, 3_000_000_000, "10^-0 s"),
        (3, 1_700_000_000_123, 1_700_000_000_123_000_000, "10^-3 s"),
        (6, 5, 5_000, "us"),
        (9, 5, 5, "ns"),
        (12, 1_999, 1, "10^-12 s"),
        (12, 2**64 - 1, (2**64 - 1) // 1000, "10^-12 s"),
        (27, 10**18, 1, "10^-27 s"),
        (0x80, 3, 3_000_000_000, "2^-0 s"),
        (0x80 | 10, 1536, 1_500_000_000, "2^-10 s"),
        (0x80 | 32, T0 << 32 | 1 << 31, T0 * 10**9 + 500_000_000, "2^-32 s"),
        (0x80 | 63, 2**63 - 1, 999_999_999, "2^-63 s"),
        (0x80 | 70, 2**63, 2**63 * 10**9 >> 70, "2^-70 s"),
    ],
)
def test_resolutions(resolution: int, ticks: int, expected: int, name: str) -> None:
    described = interface(options=option(9, bytes([resolution])))
    found, reader = read(section() + described + enhanced(b"x", ticks))
    assert (found[0].time_ns, found[0].flags) == (expected, 0)
    assert reader.interfaces[0].resolution == name


@pytest.mark.parametrize(("resolution", "ticks"), [(6, 2**64 - 1), (0, 10**10), (40, 5), (0x80, 2**40)])
def test_times_that_do_not_fit_are_flagged(resolution: int, ticks: int) -> None:
    found, _ = read(section() + interface(options=option(9, bytes([resolution]))) + enhanced(b"x", ticks))
    assert (found[0].time_ns, found[0].flags) == (0, NO_TIME)


@pytest.mark.parametrize("offset", [T0, -T0, 0])
def test_time_offset_is_added(offset: int) -> None:
    described = interface(options=option(14, struct.pack("<q", offset)))
    found, reader = read(section() + described + enhanced(b"x", 5))
    assert found[0].time_ns == offset * 10**9 + 5000
    assert reader.interfaces[0].offset == offset


def test_time_offset_out_of_range_is_no_time() -> None:
    described = interface(options=option(14, struct.pack("<q", 2**62)))
    found, _ = read(section() + described + enhanced(b"x", 5))
    assert found[0].flags == NO_TIME


def test_interface_options_are_read_laxly() -> None:
    options = (
        option(2, b"eth\xff\x1b") + option(3, b"uplink") + option(13, b"\x20") + struct.pack("<HH", 9, 400)
    )
    found, reader = read(section() + interface(options=options) + enhanced(b"x"))
    (only,) = reader.interfaces
    assert (only.name, only.description, only.fcs) == ("eth\\xff\x1b", "uplink", 4)
    assert found[0].time_ns == T0 * 10**9


def test_unknown_blocks_are_passed_over_and_numbered_ones_keep_their_frame() -> None:
    # Wireshark gives a frame number to the journal, to custom blocks and to sysdig's events, and to no others.
    octets = section() + interface()
    for kind in (4, 5, 7, 9, 10, 0xBAD, 0x204, 0x208, 0x216, 0x221, 0x222, 0x40000BAD, 0x7777, 0x80000001):
        octets += block(kind, bytes(40)) + enhanced(data(kind))
    found, reader = read(octets)
    assert [p.frame for p in found] == [1, 2, 3, 5, 6, 8, 10, 11, 13, 15, 16, 18, 19, 20]
    assert reader.report.whole
    assert reader.report.packets == 14


def test_block_length_that_is_no_multiple_of_four() -> None:
    # The ntar library wrote such: the length counts no padding, the trailing one stands behind it.
    odd = struct.pack("<II", 5, 15) + bytes(3) + bytes(1) + struct.pack("<I", 15)
    found, reader = read(section() + interface() + odd + enhanced(b"x"))
    assert len(found) == 1
    assert reader.report.whole


def test_more_packets_than_a_block_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window.Records.__init__, "__defaults__", (7,))
    for octets in (pcap(50), snoop(50), ng(50)):
        found, reader = read(octets)
        assert [p.frame for p in found] == list(range(1, 51))
        assert [p.octets for p in found] == [data(n) for n in range(50)]
        assert reader.report.whole


def test_records_across_every_edge_of_the_buffer(monkeypatch: pytest.MonkeyPatch) -> None:
    for size in range(64, 200, 7):
        monkeypatch.setattr(window, "SIZE", size)
        for octets in (pcap(20), pcap(6, size=500), snoop(20), ng(20)):
            found, reader = read(octets)
            assert [p.octets[:1] for p in found] == [data(n)[:1] for n in range(len(found))]
            assert len(found) in {20, 6}
            assert reader.report.whole


class Trickle(io.RawIOBase):
    """A pipe that hands out a few octets at a time."""

    def __init__(self, octets: bytes, step: int) -> None:
        self._octets = octets
        self._step = step

    def readinto(self, view: memoryview) -> int:  # type: ignore[override]  # the base class is vague
        step = self._octets[: min(self._step, len(view))]
        view[: len(step)] = step
        self._octets = self._octets[len(step) :]
        return len(step)


@pytest.mark.parametrize("step", [1, 3, 17, 100])
def test_octets_that_trickle_in(step: int) -> None:
    for octets in (pcap(10), snoop(10), ng(10), gzip.compress(ng(10))):
        with open_capture(Trickle(octets, step)) as reader:  # type: ignore[arg-type]  # it can do what is needed
            assert len(packets(reader)) == 10
            assert reader.report.whole


def test_packets_come_out_while_the_pipe_is_still_open() -> None:
    reading, writing = os.pipe()
    os.write(writing, pcap(3))
    with os.fdopen(reading, "rb") as pipe, open_capture(pipe) as reader:
        blocks = iter(reader)
        assert next(blocks).count == 3
        os.write(writing, record(data(9)))
        assert next(blocks).first_frame == 4
        os.close(writing)
        assert list(blocks) == []


# --- damage -----------------------------------------------------------------------------------------------------


def test_cut_in_the_last_packet() -> None:
    found, reader = read(pcap(20)[:-30])
    assert len(found) == 19
    offset = 24 + 19 * 76
    assert reader.report.warnings() == [
        f"whole up to packet 19 (octet {offset}); the file ends 30 octets short"
    ]
    (damage,) = reader.report.damage
    assert damage[:4] == (19, offset, 30, True)
    assert reader.report.cut
    assert reader.report.skipped == 0


def test_stray_octets_at_the_end() -> None:
    found, reader = read(pcap(5) + b"\1\2\3")
    assert len(found) == 5
    assert reader.report.warnings() == ["whole up to packet 5 (octet 404); the file ends 13 octets short"]


@pytest.mark.parametrize("build", [pcap, snoop, ng])
def test_every_cut_keeps_what_is_whole(build: Callable[..., bytes]) -> None:
    whole, _ = read(build(4))
    octets = build(4)
    ends = {len(build(count)): count for count in range(5)}
    for size in range(24, len(octets)):
        found, reader = read(octets[:size])
        kept = max((count for end, count in ends.items() if end <= size), default=0)
        assert found == whole[:kept]
        assert reader.report.whole == (size in ends or (build is ng and size == len(section())))
        assert reader.report.cut != reader.report.whole


def test_claim_of_two_gibibytes_is_refused_without_allocating() -> None:
    start = pcap(3)
    huge = struct.pack("<IIII", T0, 0, 0x7FFFFFFF, 0x7FFFFFFF) + data(7, 100)
    octets = start + huge + b"".join(record(data(n), n) for n in range(4))
    tracemalloc.start()
    try:
        found, reader = read(octets)
        assert tracemalloc.get_traced_memory()[1] < 3 * window.SIZE
    finally:
        tracemalloc.stop()
    assert len(found) == 7
    assert reader.report.warnings() == [
        (
            f"whole up to packet 3 (octet {len(start)}); what follows claims 2147483647 octets; "
            f"116 octets skipped up to the next packet (octet {len(start) + 116})"
        )
    ]
    assert reader.report.skipped == 116


def test_rubbish_in_the_middle_of_a_pcap() -> None:
    rubbish = random.Random(1).randbytes(1000)
    found, reader = read(pcap(5) + rubbish + b"".join(record(data(n), n) for n in range(5)))
    assert len(found) == 10
    assert "1000 octets skipped up to the next packet (octet 1404)" in reader.report.warnings()[0]
    assert "whole up to packet 5 (octet 404)" in reader.report.warnings()[0]


def test_hole_of_zeros_in_the_middle_of_a_pcap() -> None:
    found, reader = read(pcap(5) + bytes(4096) + b"".join(record(data(n), n) for n in range(5)))
    assert len(found) == 10
    assert reader.report.skipped == 4096
    assert "no packet header follows; 4096 octets skipped" in reader.report.warnings()[0]


def test_rubbish_up_to_the_end() -> None:
    found, reader = read(pcap(5) + b"\xff" * 500)
    assert len(found) == 5
    assert "500 octets skipped up to the end of the file" in reader.report.warnings()[0]
    assert not reader.report.cut


def test_length_that_is_too_great_shortens_its_packet_only() -> None:
    octets = bytearray(pcap(10, size=100))
    struct.pack_into("<I", octets, 24 + 3 * 116 + 8, 400)
    found, reader = read(bytes(octets))
    assert [p.octets for p in found] == [data(n, 100) for n in range(10)]
    assert [p.flags for p in found] == [0, 0, 0, SHORTENED] + [0] * 6
    assert "the packet there claims 400 octets, the next begins after 100" in reader.report.warnings()[0]


def test_length_that_is_too_small_loses_the_rest_of_its_packet_only() -> None:
    octets = bytearray(pcap(10, size=100))
    struct.pack_into("<I", octets, 24 + 3 * 116 + 8, 40)
    found, reader = read(bytes(octets))
    assert [len(p.octets) for p in found] == [100, 100, 100, 40] + [100] * 6
    assert reader.report.skipped == 60


def test_capture_inside_a_packet_is_not_taken_for_the_outer_one() -> None:
    # A capture file that was being sent; the packet behind it is damaged.
    sent = pcap(30, size=40)[24:]
    octets = pcap_header() + record(data(1)) + record(sent) + b"\xff" * 50
    octets += b"".join(record(data(n), n) for n in range(5))
    found, reader = read(octets)
    assert [p.octets for p in found] == [data(1), sent] + [data(n) for n in range(5)]
    assert reader.report.skipped == 50
    # The same when the file ends in the packet.
    found, reader = read(pcap_header() + record(data(1)) + record(sent)[:-20])
    assert len(found) == 1
    assert reader.report.cut


def test_damage_in_a_file_larger_than_the_buffer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "SIZE", 1000)
    octets = (
        pcap(40)
        + b"\xff" * 5000
        + b"".join(record(data(n), n) for n in range(40))
        + b"\0" * 3000
        + pcap(40)[24:]
    )
    found, reader = read(octets)
    assert len(found) == 120
    assert reader.report.skipped == 8000
    assert reader.report.places == 2


def test_damage_all_over_is_counted_and_not_listed_without_end() -> None:
    octets = pcap_header() + b"".join(pcap(4)[24:] + b"\xff" * 20 for _ in range(80)) + pcap(4)[24:]
    found, reader = read(octets)
    assert len(found) == 324
    assert (reader.report.places, len(reader.report.damage)) == (80, 50)
    assert reader.report.warnings()[-1] == "30 more damaged places; 1600 octets skipped altogether"


def test_rubbish_in_the_middle_of_a_pcapng() -> None:
    start = ng(5)
    octets = start + b"\xff" * 333 + b"".join(enhanced(data(n), n) for n in range(5))
    found, reader = read(octets)
    assert len(found) == 10
    assert reader.report.skipped == 333
    assert reader.report.warnings()[0] == (
        f"whole up to packet 5 (octet {len(start)}); what follows claims 4294967295 octets; 333 octets skipped"
    )


def test_pcapng_lengths_that_are_wrong() -> None:
    good = [enhanced(data(n), n) for n in range(8)]
    head = section() + interface()
    for wrong in (0x7FFFFFFF, 5, 16, 400, 100_000):
        blocks = list(good)
        blocks[3] = blocks[3][:4] + struct.pack("<I", wrong) + blocks[3][8:]
        found, reader = read(head + b"".join(blocks))
        assert [p.octets for p in found] == [data(n) for n in range(8)], wrong
        assert reader.report.places == 1
    # Only the length at the end is wrong.
    blocks = list(good)
    blocks[3] = blocks[3][:-4] + b"\1\2\3\4"
    found, reader = read(head + b"".join(blocks))
    assert [p.octets for p in found] == [data(n) for n in range(8)]
    assert "does not end with its length" in reader.report.warnings()[0]


def test_packet_of_no_interface_and_packet_too_great_for_its_block() -> None:
    lost = enhanced(b"lost", number=3)
    great = block(6, struct.pack("<IIIII", 0, 0, 5, 5000, 5000) + b"12345678")
    found, reader = read(section() + interface() + lost + great + enhanced(b"good"))
    assert [(p.octets, p.flags) for p in found] == [(b"12345678", SHORTENED), (b"good", 0)]
    first, second = reader.report.warnings()
    assert "is of an interface that is not described; 36 octets skipped" in first
    assert "claims more octets than its block has" in second
    assert read(section() + enhanced(b"lost"))[0] == []


def test_damaged_section_header() -> None:
    bad = bytearray(section())
    bad[8:12] = b"\0\0\0\0"
    found, reader = read(ng(2) + bytes(bad) + ng(3))
    assert len(found) == 5
    assert reader.report.skipped == 28


def test_strict_raises_at_the_first_damage_and_hands_out_what_comes_before() -> None:
    for octets in (pcap(5)[:-1], ng(5)[:-1], pcap(5) + b"\xff" * 99, ng(5) + b"\xff" * 99):
        reader = open_capture(io.BytesIO(octets), strict=True)
        blocks = iter(reader)
        assert next(blocks).count >= 4
        with pytest.raises(TruncatedCaptureError, match=r"^stream: whole up to packet \d \(octet \d+\); "):
            list(blocks)
    with open_capture(io.BytesIO(pcap(5)), strict=True) as reader:
        assert len(packets(reader)) == 5


def test_bounded_memory_for_a_file_of_interfaces_and_for_a_block_of_the_largest_size() -> None:
    many = section() + interface() * 3000 + enhanced(b"x", number=2999)
    found, reader = read(many)
    assert (len(found), len(reader.interfaces)) == (1, 3000)
    assert found[0].interface == 2999
    large = block(0x7777, bytes(5_000_000))
    found, _ = read(section() + interface() + large + enhanced(b"x"))
    assert len(found) == 1


# --- packed -----------------------------------------------------------------------------------------------------

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda octets: lzma.compress(octets, lzma.FORMAT_ALONE),
    "zstd": lambda octets: zstandard.ZstdCompressor(write_checksum=True).compress(octets),
    "lz4": lambda octets: lz4.frame.compress(octets, content_checksum=True),
}


def noisy(count: int = 300) -> bytes:
    """A pcap that does not pack well, so that a cut leaves something."""
    chance = random.Random(5)
    return pcap_header() + b"".join(record(chance.randbytes(200), n) for n in range(count))


@pytest.fixture
def standard_input(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes], None]]:
    opened: list[io.TextIOWrapper] = []

    def feed(octets: bytes) -> None:
        reading, writing = os.pipe()

        def write() -> None:
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(octets)

        threading.Thread(target=write).start()
        opened.append(os.fdopen(reading))
        monkeypatch.setattr(sys, "stdin", opened[-1])

    yield feed
    for stream in opened:
        stream.close()


@pytest.mark.parametrize("packing", PACKERS)
def test_each_packing_from_file_pipe_and_object(
    packing: str, tmp_path: Path, standard_input: Callable[[bytes], None]
) -> None:
    octets = PACKERS[packing](noisy())
    path = tmp_path / "no ending"
    path.write_bytes(octets)
    standard_input(octets)
    for file in (path, str(path), "-", io.BytesIO(octets)):
        with open_capture(file) as reader:
            assert len(packets(reader)) == 300
            assert reader.report.whole


@pytest.mark.parametrize("packing", PACKERS)
def test_cut_packings_give_what_could_be_read(packing: str) -> None:
    octets = PACKERS[packing](noisy(20_000 if packing == "bzip2" else 3000))
    found, reader = read(octets[: len(octets) * 2 // 3])
    assert len(found) > 100
    (warning,) = reader.report.warnings()
    assert warning.startswith(f"whole up to packet {len(found)} (octet {24 + 216 * len(found)}); ")
    assert warning.endswith(f"its {packing} stream is cut off")
    assert reader.report.cut


@pytest.mark.parametrize("packing", [name for name in PACKERS if name != "lzma"])
def test_wrong_check_sum_at_the_end_costs_nothing(packing: str) -> None:
    octets = bytearray(PACKERS[packing](pcap(50)))
    octets[-6 if packing == "gzip" else -1] ^= 0x55
    found, reader = read(bytes(octets))
    assert len(found) == 50
    assert f"its {packing} stream is " in reader.report.warnings()[0]


def test_damage_within_a_packing_keeps_what_comes_before() -> None:
    octets = bytearray(gzip.compress(noisy(3000)))
    octets[len(octets) // 2 : len(octets) // 2 + 2000] = bytes(2000)
    found, reader = read(bytes(octets))
    assert len(found) > 1000
    assert reader.report.cut


@pytest.mark.parametrize("packing", [name for name in PACKERS if name != "lzma"])
def test_several_streams_in_a_row_are_one_file(packing: str) -> None:
    pack = PACKERS[packing]
    octets = pcap(40)
    found, reader = read(pack(octets[:500]) + pack(octets[500:501]) + pack(octets[501:]) + bytes(100))
    assert len(found) == 40
    assert reader.report.whole


def test_octets_behind_a_packing_are_told() -> None:
    _, reader = read(gzip.compress(pcap(4)) + b"something else")
    assert reader.report.warnings() == [
        "whole up to packet 4 (octet 328); octets that are not gzip follow its gzip stream"
    ]


@pytest.mark.parametrize("packing", PACKERS)
def test_unpacked_size_is_never_trusted(packing: str) -> None:
    octets = PACKERS[packing](pcap(2) + bytes(30_000_000))
    tracemalloc.start()
    try:
        found, reader = read(octets)
        assert tracemalloc.get_traced_memory()[1] < 40_000_000
    finally:
        tracemalloc.stop()
    assert len(found) == 2
    assert "30000000 octets skipped" in reader.report.warnings()[0]


# --- refusals ---------------------------------------------------------------------------------------------------


def refusal(octets: bytes, name: str, folder: Path) -> str:
    (folder / name).write_bytes(octets)
    with pytest.raises(CaptureError) as caught:
        open_capture(folder / name)
    return str(caught.value).replace(f"{folder}{os.sep}", "")


READ = "; pcap, pcapng and snoop are read, also packed with gzip, bzip2, xz, zstd or lz4"


@pytest.mark.parametrize(
    ("octets", "sentence"),
    [
        (b"", "x is empty (0 octets)"),
        (gzip.compress(b"", mtime=0), "x is empty (0 octets after unpacking)"),
        (gzip.compress(b"abc", mtime=0)[:5], "nothing can be read from x: its gzip stream is cut off"),
        (b"\xd4\xc3\xb2\xa1\2\0", "x ends in its file header (6 of 24 octets)"),
        (b"snoop\0\0\0\0\0", "x ends in its file header (10 of 16 octets)"),
        (b"snoop\0\0\0\0\0\0\1\0\0\0\4", "x is a snoop file of version 1; versions 2 to 5 are read"),
        (b"Hello, this is a letter.\n", "x is not a capture: it looks like text" + READ),
        ("你好,这是一封信。\n".encode(), "x is not a capture: it looks like text" + READ),
        (b'{"a": 1}', "x is not a capture: it looks like JSON" + READ),
        (b"<?xml version='1.0'?>", "x is not a capture: it looks like XML" + READ),
        (b"<!DOCTYPE html><html>", "x is not a capture: it looks like HTML" + READ),
        (b"#!/bin/sh\nls\n", "x is not a capture: it looks like a script" + READ),
        (b"PK\3\4" + bytes(40), "x is not a capture: it looks like a zip archive; unpack it first"),
        (b"a" * 257 + b"ustar\x0000", "x is not a capture: it looks like a tar archive; unpack it first"),
        (b"\x7fELF\2\1\1", "x is not a capture: it looks like an ELF program" + READ),
        (b"\x89PNG\r\n\x1a\n", "x is not a capture: it looks like a PNG image" + READ),
        (b"%PDF-1.7\n", "x is not a capture: it looks like a PDF document" + READ),
        (bytes(500), "x is not a capture: it looks like zeros only" + READ),
        (
            gzip.compress(b"some text", mtime=0),
            "x (unpacked from gzip) is not a capture: it looks like text" + READ,
        ),
        (
            gzip.compress(gzip.compress(pcap(1), mtime=0), mtime=0),
            "x (unpacked from gzip) is not a capture: it looks like gzip data, packed twice" + READ,
        ),
        (
            b"\xfe\xdc\xba\x98\x76\x54\x32\x10\0\1\2",
            "x is not a capture: it looks like binary data (it begins with fe dc ba 98 76 54 32 10)" + READ,
        ),
        (
            b"0000  45 00 00 54 00 00 40 00\n",
            "x is not a capture: it looks like a hex dump; text2pcap IN OUT makes a capture of it",
        ),
        (
            b"12:00:00.000000 IP 10.0.0.1 > 10.0.0.2: ICMP echo request\n",
            (
                "x is not a capture: it looks like what tcpdump prints; let tcpdump write the packets themselves, "
                "with -w FILE"
            ),
        ),
        (
            b"0800f7ff00000000deadbeef\n",
            "x is not a capture: it looks like octets in hex; `dissector decode` reads one message given as hex",
        ),
    ],
)
def test_what_is_no_capture_is_told_by_what_it_looks_like(
    octets: bytes, sentence: str, tmp_path: Path
) -> None:
    assert refusal(octets, "x", tmp_path) == sentence


@pytest.mark.parametrize(
    ("octets", "name"),
    [
        (b"GMBU\0\2\1\1", "Microsoft Network Monitor 2"),
        (b"RTSS\1\1", "Microsoft Network Monitor 1"),
        (b"TRSNIFF data    \x1a", "NGSniffer (Sniffer for DOS)"),
        (b"XCP\x00001.100\0", "NetXray or Sniffer for Windows"),
        (b"iptrace 2.0", "AIX iptrace 2"),
        (b"btsnoop\0\0\0\0\1", "btsnoop (Bluetooth)"),
        (b"\x05VNF\1\0\0\0", "Visual Networks"),
        (b"+---------+---------------+----------+\n", "K12 text"),
        (bytes(7) + b"\1" + b"\x02\4\0\x18\0\0\0\4" + bytes(8), "Endace ERF"),
    ],
)
def test_captures_of_other_formats_are_named_with_their_remedy(
    octets: bytes, name: str, tmp_path: Path
) -> None:
    with pytest.raises(UnknownFormatError) as caught:
        open_capture(io.BytesIO(octets))
    assert str(caught.value) == (
        f"stream is a capture in the format of {name}, which is not read; this converts it: "
        "editcap -F pcapng IN OUT"
    )
    path = tmp_path / "my trace.cap"
    path.write_bytes(octets)
    with pytest.raises(UnknownFormatError, match=rf"editcap -F pcapng '{path}' 'my trace\.pcapng'$"):
        open_capture(path)


def test_missing_file_and_directory_are_told_as_the_shell_does(tmp_path: Path) -> None:
    (tmp_path / "capture.pcap").write_bytes(pcap(1))
    with pytest.raises(CaptureError) as caught:
        open_capture(tmp_path / "captrue.pcap")
    assert str(caught.value) == (
        f"{tmp_path / 'captrue.pcap'}: No such file or directory; did you mean {tmp_path / 'capture.pcap'}?"
    )
    with pytest.raises(CaptureError) as caught:
        open_capture(tmp_path)
    assert str(caught.value) == f"{tmp_path}: Is a directory; captures in it: capture.pcap"
    with pytest.raises(CaptureError, match=r"nowhere/x\.pcap: No such file or directory$"):
        open_capture(tmp_path / "nowhere" / "x.pcap")
    with pytest.raises(CaptureError, match="is not a file name"):
        open_capture("a\0b")


def test_files_given_open_stay_open_and_paths_are_closed(tmp_path: Path) -> None:
    given = io.BytesIO(pcap(2))
    with open_capture(given) as reader:
        packets(reader)
    assert not given.closed
    (tmp_path / "x").write_bytes(pcap(2))
    with open_capture(tmp_path / "x"):
        pass  # an unclosed file is a warning, which is an error here


def test_error_while_reading_keeps_what_was_read() -> None:
    class Failing(Trickle):
        def readinto(self, view: memoryview) -> int:
            got = super().readinto(view)
            if not got:
                raise OSError(5, "Input/output error")
            return got

    with open_capture(Failing(pcap(5), 100)) as reader:  # type: ignore[arg-type]  # it can do what is needed
        assert len(packets(reader)) == 5
    assert reader.report.warnings() == [
        "whole up to packet 5 (octet 404); it cannot be read further: Input/output error"
    ]


# --- any octets -------------------------------------------------------------------------------------------------


def mutated(octets: bytes, chance: random.Random) -> bytes:
    """Change some octets, put some in, take some out, cut, double; now and then write a telling number."""
    changed = bytearray(octets)
    for _ in range(chance.choice((1, 1, 2, 5, 30))):
        at = chance.randrange(len(changed) + 1)
        match chance.randrange(6):
            case 0 if at < len(changed):
                changed[at] = chance.randrange(256)
            case 1:
                changed[at:at] = chance.randbytes(chance.randrange(40))
            case 2:
                del changed[at : at + chance.randrange(60)]
            case 3:
                del changed[max(at, 12) :]
            case 4:
                number = chance.choice((0, 1, 11, 12, 13, 255, 65535, 262144, 2**31 - 1, 2**31, 2**32 - 1))
                changed[at : at + 4] = struct.pack(chance.choice("<>") + "I", number)
            case _:
                changed[at:at] = changed[at : at + chance.randrange(300)]
    return bytes(changed)


@pytest.mark.parametrize("name", ["pcap", "modified", "snoop", "pcapng", "sections", "gzip", "zstd"])
def test_any_octets_give_packets_or_a_capture_error(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "SIZE", 512)
    seed = {
        "pcap": pcap(8),
        "modified": pcap(6, ">", 0xA1B2CD34, bytes(8)),
        "snoop": snoop(6),
        "pcapng": ng(5) + block(3, struct.pack("<I", 4) + b"abcd") + block(9, b"journal"),
        "sections": ng(2) + ng(2, ">") + interface(">", options=option(9, b"\x8a", ">")) + ng(2),
        "gzip": gzip.compress(pcap(8)),
        "zstd": zstandard.ZstdCompressor(write_checksum=True).compress(ng(8)),
    }[name]
    chance = random.Random(name)
    for _ in range(400):
        octets = mutated(seed, chance)
        try:
            found, reader = read(octets)
        except CaptureError:
            continue
        assert [p.frame for p in found] == sorted({p.frame for p in found})
        assert sum(len(p.octets) for p in found) <= max(len(octets), 20_000)
        assert all(np.iinfo(np.int64).min <= p.time_ns <= np.iinfo(np.int64).max for p in found)
        # Every octet is accounted for: whatever is lost is told.
        if reader.report.whole and name in {"pcap", "modified"}:
            header = 24 if name == "modified" else 16
            assert 24 + sum(header + len(p.octets) for p in found) == len(octets) or len(found) < 9
