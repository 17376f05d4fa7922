"""Packets as capture files: the kernel, and the files of a live capture."""

from __future__ import annotations

import errno
import io
import os
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import ROOT

from dissector import kernel
from dissector.capture.formats import open_capture
from dissector.capture.records import Block, Interface, Records
from dissector.export import captures, rotation
from dissector.export.captures import Packets, Written
from dissector.export.rotation import Limits, Recorder, RecordingError

BACKENDS = {"interpreted": kernel.interpreted("write")}
if kernel.write.COMPILED:
    BACKENDS["compiled"] = kernel.write
SECOND = 1_000_000_000
TSHARK = shutil.which("tshark")
NOON = 1_700_000_000 * SECOND


@pytest.fixture(params=BACKENDS)
def backend(request, monkeypatch):
    monkeypatch.setattr(kernel, "write", BACKENDS[request.param])
    return BACKENDS[request.param]


def block(packets, *, times=None, first_frame=1, interfaces=None):
    """Return packets as a block, with some octets between them."""
    records = Records(max(1, len(packets)))
    octets = bytearray()
    for row, packet in enumerate(packets):
        octets += b"\xee" * (row % 3)
        records.start[row] = len(octets)
        records.captured[row] = records.original[row] = len(packet)
        records.time_ns[row] = NOON + row if times is None else times[row]
        records.interface[row] = 0 if interfaces is None else interfaces[row]
        octets += packet
    return Block(octets, records, len(packets), first_frame, 0)


def read_back(file):
    """Return the packets of a capture: octets, octets on the wire, time, interface; it must be whole."""
    found = []
    with open_capture(file, strict=True) as reader:
        for part in reader:
            rec = part.records
            for row in range(part.count):
                start = int(rec.start[row])
                octets = bytes(part.octets[start : start + int(rec.captured[row])])
                found.append((octets, int(rec.original[row]), int(rec.time_ns[row]), int(rec.interface[row])))
    return found


PACKETS = st.lists(
    st.tuples(st.binary(min_size=1, max_size=70), st.integers(0, 2**62 - 1), st.integers(0, 90))
)


@given(PACKETS, st.booleans(), st.integers(110, 400))
def test_what_is_written_is_read_again(packets, enhanced, room):
    part = block([octets for octets, _, _ in packets])
    for row, (octets, time_ns, more) in enumerate(packets):
        part.records.time_ns[row] = time_ns if enhanced else time_ns % (2**32 * SECOND)
        part.records.original[row] = len(octets) + more
    before, results = kernel.write, []
    for module in BACKENDS.values():
        kernel.write = module
        try:
            written, row, pieces = Written(enhanced=enhanced), 0, []
            while row < part.count:
                row, piece = written.next(Packets.of_block(part), row, part.count, room)
                assert 0 < len(piece) <= room
                pieces.append(bytes(piece))
            results.append(b"".join(pieces))
        finally:
            kernel.write = before
    assert len(set(results)) == 1
    head = captures.section_header() + captures.interface_description(Interface(1))
    found = read_back(io.BytesIO((head if enhanced else captures._pcap_header(1, 0)) + results[0]))
    times = part.records.time_ns.tolist()
    want = [(octets, len(octets) + more, times[row], 0) for row, (octets, _, more) in enumerate(packets)]
    assert found == want


@pytest.mark.usefixtures("backend")
def test_lengths_and_times_that_do_not_fit_are_bent_to_what_does():
    part = block([b"abcd", b"efgh"], times=[-5, NOON])
    part.records.original[:2] = 1, 2**40
    written, out = Written(enhanced=True), io.BytesIO()
    out.write(captures.section_header() + captures.interface_description(Interface(1)))
    out.writelines(written.all(Packets.of_block(part)))
    assert read_back(io.BytesIO(out.getvalue())) == [(b"abcd", 4, 0, 0), (b"efgh", 2**32 - 1, NOON, 0)]


@pytest.mark.parametrize(("start", "captured"), [(-1, 4), (0, -1), (5, 4), (2**62, 1), (0, 2**31 - 1)])
def test_a_packet_outside_of_its_buffer_is_refused(backend, start, captured):
    part = block([b"12345678"])
    part.records.start[0], part.records.captured[0] = start, captured
    with pytest.raises(ValueError, match="outside"):
        backend.packets(*arguments(part), 0, 1, True, memoryview(bytearray(99)))


def test_more_packets_than_rows_are_refused(backend):
    part = block([b"12345678"])
    with pytest.raises(ValueError, match="fewer"):
        backend.packets(*arguments(part), 0, 2, True, memoryview(bytearray(99)))
    with pytest.raises(ValueError, match="fewer"):
        backend.packets(*arguments(part), -1, 1, True, memoryview(bytearray(99)))


def test_nothing_is_written_where_there_is_no_room(backend):
    part = block([b"12345678"])
    out = bytearray(39)
    assert backend.packets(*arguments(part), 0, 1, True, memoryview(out)) == (0, 0)
    assert backend.packets(*arguments(part), 0, 1, False, memoryview(out)[:23]) == (0, 0)
    assert out == bytes(39)


def arguments(part):
    rec = part.records
    columns = (rec.start, rec.captured, rec.original, rec.time_ns, rec.interface)
    return (memoryview(part.octets), *(column.data for column in columns))


@pytest.mark.usefixtures("backend")
def test_a_packet_larger_than_the_room_gets_it(tmp_path):
    packets = [b"small", bytes(3 * captures.ROOM), b"after"]
    recorder = Recorder(tmp_path / "x.pcapng", [Interface(1)], lambda: [(3, 0)])
    recorder.write(block(packets))
    recorder.close()
    assert [octets for octets, *_ in read_back(tmp_path / "x.pcapng")] == packets


def test_a_file_is_whole_at_every_moment(tmp_path):
    file, ports = tmp_path / "x.pcapng", [Interface(1, name="eth0")]
    recorder = Recorder(file, ports, lambda: [(0, 0)])
    assert read_back(file) == []
    recorder.write(block([b"one", b"two"]))
    assert len(read_back(file)) == 2
    ports.append(Interface(101, name="tun0"))
    recorder.write(block([b"three"], interfaces=[1], first_frame=3))
    assert [(octets, port) for octets, _, _, port in read_back(file)] == [
        (b"one", 0),
        (b"two", 0),
        (b"three", 1),
    ]
    recorder.close()
    assert recorder.packets == 3


def test_packets_after_the_last_frame_are_left_out(tmp_path):
    recorder = Recorder(tmp_path / "x.pcapng", [Interface(1)], lambda: [(0, 0)])
    recorder.write(block([b"a", b"b", b"c"], first_frame=10), last_frame=11)
    recorder.write(block([b"d"], first_frame=13), last_frame=11)
    recorder.close()
    assert [octets for octets, *_ in read_back(tmp_path / "x.pcapng")] == [b"a", b"b"]


@pytest.mark.usefixtures("backend")
def test_size_begins_files_that_are_no_larger(tmp_path):
    packets = [bytes([number]) * (50 + number) for number in range(60)]
    recorder = Recorder(tmp_path / "x.pcapng", [Interface(1)], lambda: [(0, 0)], Limits(size=1024))
    recorder.write(block(packets[:40]))
    recorder.write(block(packets[40:]))
    recorder.close()
    files = sorted(tmp_path.iterdir())
    assert len(files) > 5
    assert all(file.stat().st_size <= 1024 for file in files)
    assert [octets for file in files for octets, *_ in read_back(file)] == packets


def test_a_packet_larger_than_a_file_is_alone_in_one(tmp_path):
    packets = [b"small", bytes(5000), b"small"]
    recorder = Recorder(tmp_path / "x.pcapng", [Interface(1)], lambda: [(0, 0)], Limits(size=1024))
    recorder.write(block(packets))
    recorder.close()
    assert [[octets for octets, *_ in read_back(file)] for file in sorted(tmp_path.iterdir())] == [
        [packet] for packet in packets
    ]


def test_time_begins_files(tmp_path):
    times = [NOON + second * SECOND for second in (0, 4, 9, 10, 11, 35, 36)]
    recorder = Recorder(tmp_path / "x.pcapng", [Interface(1)], lambda: [(0, 0)], Limits(time_ns=10 * SECOND))
    recorder.write(block([b"p"] * 4, times=times[:4]))
    recorder.write(block([b"p"] * 3, times=times[4:]))
    recorder.close()
    found = [[time for _, _, time, _ in read_back(file)] for file in sorted(tmp_path.iterdir())]
    assert found == [times[:3], times[3:5], times[5:]]


def test_only_the_newest_files_stay(tmp_path):
    other = tmp_path / "x_00000_20200101000000.pcapng"
    other.write_bytes(b"somebody else's")
    times = [NOON + hour * 3600 * SECOND for hour in range(5)]
    recorder = Recorder(tmp_path / "x.pcapng", [Interface(1)], lambda: [(0, 0)], Limits(None, SECOND, 2))
    recorder.write(block([b"p"] * 5, times=times))
    recorder.close()
    names = [file.name for file in sorted(tmp_path.iterdir())]
    assert names == [other.name, "x_00004_20231115011320.pcapng", "x_00005_20231115021320.pcapng"]


def full_after(room, monkeypatch):
    """Let the disk have room for so many octets and no more."""
    write, left = os.write, [room]

    def limited(file, octets):
        if not left[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        done = write(file, octets[: left[0]])
        left[0] -= done
        return done

    monkeypatch.setattr(rotation.os, "write", limited)


def test_a_full_disk_leaves_what_was_written_whole(tmp_path, monkeypatch):
    file = tmp_path / "x.pcapng"
    recorder = Recorder(file, [Interface(1)], lambda: [(0, 0)])
    full_after(700, monkeypatch)
    with (
        pytest.raises(RecordingError, match=r"x\.pcapng cannot be written: No space left.*whole in it"),
        recorder,
    ):
        recorder.write(block([bytes(100)] * 20))
    assert len(read_back(file)) == 700 // 132


def test_a_file_that_cannot_be_made_is_named(tmp_path):
    with pytest.raises(RecordingError, match=r"no/x\.pcapng cannot be written: No such file"):
        Recorder(tmp_path / "no" / "x.pcapng", [], lambda: [(0, 0)])


@given(st.lists(st.integers(0, 40)), st.integers(0, 900))
def test_whole_blocks_are_counted(sizes, size):
    octets = b"".join(captures._block(6, bytes(4 * count)) for count in sizes)
    borders = [0, *np.cumsum([12 + 4 * count for count in sizes]).tolist()]
    size = min(size, len(octets))
    assert rotation.whole(octets, size) == max(border for border in borders if border <= size)


@pytest.mark.skipif(TSHARK is None, reason="tshark is not installed")
def test_tshark_reads_counts_and_packets(tmp_path):
    file = tmp_path / "x.pcapng"
    source = ROOT / "pcaps" / "links.pcapng"
    with open_capture(source) as reader:
        recorder = Recorder(file, reader.interfaces, lambda: [(1234, 56)])
        for part in reader:
            recorder.write(part)
        recorder.close()
        count = reader.report.packets
    fields = ["-e", "frame.time_epoch", "-e", "frame.len", "-e", "frame.interface_name"]
    told = [
        subprocess.run([TSHARK, "-n", "-r", path, "-T", "fields", *fields], capture_output=True, check=True)
        for path in (source, file)
    ]
    assert len(told[1].stdout.splitlines()) == count
    assert told[0].stdout.split() == told[1].stdout.split()


@pytest.mark.parametrize(("counts", "blocks"), [([(3, 0), (5, 1)], 2), ([(8, 1)], 1)])
def test_each_interface_has_its_counts_where_they_are_known(tmp_path, counts, blocks):
    ports = [Interface(1, name="eth0"), Interface(1, name="eth1")]
    with Recorder(tmp_path / "x.pcapng", ports, lambda: counts) as recorder:
        before = (tmp_path / "x.pcapng").stat().st_size
        recorder.write(block([b"one"]))
    end = (tmp_path / "x.pcapng").read_bytes()[before + 36 :]
    assert end.count((5).to_bytes(4, "little")) >= blocks
    if blocks == 2:
        for number, (received, dropped) in enumerate(counts):
            at = number * len(end) // 2
            assert end[at + 8 : at + 12] == number.to_bytes(4, "little")
            assert end[at + 24 : at + 32] == received.to_bytes(8, "little")
            assert end[at + 36 : at + 44] == dropped.to_bytes(8, "little")
    else:
        assert b"on all interfaces 8 packets received, 1 dropped" in end


def test_counts_stand_in_the_statistics_block():
    one = captures.interface_statistics(NOON, 1234, 56, 0)
    assert one[:4] == b"\x05\0\0\0"
    assert one[20:32] == b"\x04\0\x08\0" + (1234).to_bytes(8, "little")
    assert one[32:44] == b"\x05\0\x08\0" + (56).to_bytes(8, "little")
    several = captures.interface_statistics(NOON, 1234, 56)
    assert b"on all interfaces 1234 packets received, 56 dropped" in several
