"""Every row of "what bad input gets": one sentence, nothing lost that can be read, the right exit code."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import struct

import lz4.frame
import pytest
import zstandard

ECHO = bytes.fromhex("0800f7fd00010001")
IP = bytes.fromhex("4500001c000100004001") + b"\0\0" + bytes((10, 0, 0, 1, 10, 0, 0, 2))
ETHERNET = bytes.fromhex("020000000001020000000002") + b"\x08\0"
FRAME = ETHERNET + IP + ECHO
TCP_FRAME = ETHERNET + IP[:9] + b"\x06" + IP[10:] + bytes(20)
HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)


def packet(frame: bytes, second: int = 0) -> bytes:
    return struct.pack("<IIII", 1_700_000_000 + second, 0, len(frame), len(frame)) + frame


def capture(count: int, frame: bytes = FRAME, header: bytes = HEADER) -> bytes:
    return header + b"".join(packet(frame, second) for second in range(count))


@pytest.fixture
def read(dissector, tmp_path):
    """Return a function that writes a file and reads it."""

    def run(octets: bytes, *options: str, name: str = "x.pcap"):
        (tmp_path / name).write_bytes(octets)
        return dissector("read", *options, tmp_path / name)

    return run


def test_an_empty_file_is_said_to_be_empty(read):
    run = read(b"")
    assert run.code == 2
    assert run.out == ""
    assert run.err.startswith("error: ")
    assert "x.pcap is empty (0 octets)" in run.err


def test_a_header_alone_is_no_error(read):
    run = read(HEADER)
    assert (run.code, run.out) == (0, "")
    assert run.err.startswith("0 packets in ")
    assert run.err.rstrip().endswith("x.pcap (pcap, Ethernet)")


def test_a_capture_without_icmp_says_what_is_in_it(read):
    run = read(capture(5, TCP_FRAME))
    assert (run.code, run.out, run.err) == (0, "", "5 packets read, 0 ICMP (5 TCP)\n")
    assert read(capture(5, TCP_FRAME), "--fail-if-empty").code == 1


def test_a_cut_last_packet_keeps_all_before_it(read):
    whole = capture(20)
    run = read(whole[:-30])
    assert run.out.count("Echo") == 19
    offset = len(capture(19))
    assert f"whole up to packet 19 (octet {offset}); the file ends 30 octets short" in run.err
    assert run.code == 0
    strict = read(whole[:-30], "--strict")
    assert strict.code == 2
    assert strict.out == run.out


def test_stray_octets_at_the_end_are_told(read):
    run = read(capture(3) + b"abc")
    assert run.out.count("Echo") == 3
    assert "whole up to packet 3" in run.err
    assert run.code == 0


def test_rubbish_in_the_middle_is_passed_over(read):
    run = read(capture(10) + b"\xff" * 100 + capture(10)[len(HEADER) :])
    assert run.out.count("Echo") == 20
    assert "100 octets" in run.err
    assert run.code == 0


@pytest.mark.parametrize(
    ("octets", "looks"),
    [
        (b"hello, world\n", "text"),
        (b'{"a": 1}\n', "JSON"),
        (b"PK\x03\x04" + bytes(30), "zip"),
        (b"\x7fELF\x02\x01\x01" + bytes(60), "ELF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(30), "PNG"),
        (b"%PDF-1.7\n" + bytes(30), "PDF"),
    ],
    ids=["text", "json", "zip", "elf", "png", "pdf"],
)
def test_what_is_no_capture_is_named(read, octets, looks):
    run = read(octets)
    assert run.code == 2
    assert looks in run.err
    assert "pcapng" in run.err or "unpack it first" in run.err
    assert len(run.err.splitlines()) == 1


PACKERS = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.compress,
    "lz4": lz4.frame.compress,
}


@pytest.mark.parametrize("kind", PACKERS)
def test_compression_is_found_by_magic_number(read, dissector, kind):
    packed = PACKERS[kind](capture(300))
    run = read(packed)
    assert (run.code, run.out.count("Echo")) == (0, 300)
    piped = dissector("read", "-", stdin=packed)
    assert (piped.code, piped.out) == (0, run.out)


@pytest.mark.parametrize("kind", PACKERS)
def test_a_cut_compressed_capture_is_told(read, kind):
    # More than a block of bzip2, which cannot be unpacked in part.
    noise = random.Random(1)
    varied = HEADER + b"".join(packet(FRAME + noise.randbytes(1400), n) for n in range(2000))
    packed = PACKERS[kind](varied)
    run = read(packed[: len(packed) * 2 // 3])
    assert run.code == 0
    assert "warning" in run.err
    assert "x.pcap" in run.err
    assert read(packed[: len(packed) * 2 // 3], "--strict").code == 2


def test_an_unknown_link_type_is_named_and_counted(read):
    run = read(capture(4, header=HEADER[:20] + struct.pack("<I", 260)))
    assert run.code == 2
    assert "link type 260" in run.err
    assert "is not decoded; 4 packets skipped" in run.err


def test_a_claim_of_2_gib_is_refused_without_the_memory(read):
    huge = struct.pack("<IIII", 1_700_000_000, 0, 0x7FFFFFFF, 0x7FFFFFFF)
    run = read(capture(3) + huge + capture(5)[len(HEADER) :])
    assert run.out.count("Echo") == 8
    assert str(len(capture(3))) in run.err
    assert run.code == 0


def test_a_missing_file_is_answered_with_close_matches(dissector, tmp_path):
    (tmp_path / "edge-router.pcap").write_bytes(capture(1))
    run = dissector("read", tmp_path / "edge-ruter.pcap")
    assert run.code == 2
    assert "edge-router.pcap" in run.err


def test_a_directory_is_said_to_be_one(dissector, tmp_path):
    run = dissector("read", tmp_path)
    assert run.code == 2
    assert "directory" in run.err


def test_a_bad_file_among_good_ones_costs_only_itself(dissector, tmp_path):
    (tmp_path / "a.pcap").write_bytes(capture(2))
    (tmp_path / "b.pcap").write_bytes(b"no capture")
    (tmp_path / "c.pcap").write_bytes(capture(3))
    run = dissector("read", *(tmp_path / f"{name}.pcap" for name in "abc"))
    assert run.out.count("Echo") == 5
    assert run.code == 2
    assert "5 packets read from 2 files" in run.err


def test_control_characters_in_names_are_escaped(dissector, tmp_path):
    (tmp_path / "\x1b[31mred\n.pcap").write_bytes(b"")
    run = dissector("read", tmp_path / "\x1b[31mred\n.pcap")
    assert "\x1b[31m" not in run.err
    assert "\\x1b[31mred\\x0a.pcap is empty" in run.err


def test_a_wrong_command_is_answered_with_the_right_one(dissector):
    run = dissector("raed", "x.pcap")
    assert run.code == 2
    assert "did you mean 'read'" in run.err


def test_a_file_for_a_command_is_answered_with_the_command(dissector, tmp_path):
    (tmp_path / "x.pcap").write_bytes(capture(1))
    run = dissector(tmp_path / "x.pcap")
    assert run.code == 2
    assert "dissector read" in run.err


def test_nothing_is_printed_but_json_on_stdout_of_an_empty_capture(read):
    run = read(HEADER, "--json")
    assert (run.code, run.out) == (0, "")
