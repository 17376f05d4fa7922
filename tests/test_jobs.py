"""`--jobs` changes how long it takes, and nothing else."""

from __future__ import annotations

import os
import struct
from functools import partial
from pathlib import Path

import pytest
from places import CAPTURES

from dissector.capture.parallel import Workers
from dissector.capture.split import RANGE, plan
from dissector.cli import questions
from dissector.cli.questions import parts, shares
from dissector.cli.read import Text

PCAP = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
ETHERNET = b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0"


def datagram(number: int, payload: bytes, fragment: int = 0) -> bytes:
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), number & 0xFFFF, fragment, 64, 1, 0)
    return ETHERNET + head + b"\x0a\0\0\1\x0a\0\0" + bytes([number % 200 + 1]) + payload


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    """Return a capture of three ranges, with fragments that lie far from each other, and damage."""
    file = tmp_path_factory.mktemp("jobs") / "large.pcap"
    octets = bytearray(PCAP)
    late: list[bytes] = []
    number = 0
    while len(octets) < 2 * RANGE + 500_000:
        payload = struct.pack(">BBHHH", 8, 0, 0, number >> 16, number & 0xFFFF) + bytes(1000)
        frames = [datagram(number, payload)]
        if number % 500 == 0:
            frames = [datagram(number, payload[:504], 0x2000)]
            late.append(datagram(number, payload[504:], 63))
        if number % 5000 == 4999:
            frames += late
            late.clear()
        for frame in frames:
            octets += struct.pack("<IIII", 1_700_000_000, number, len(frame), len(frame)) + frame
        number += 1
    at = RANGE + 700_000
    octets[at : at + 50] = b"\xff" * 50
    file.write_bytes(octets)
    return file


def test_it_is_split(large: Path) -> None:
    found = plan(str(large))
    assert found is not None
    assert found.ranges == 3


@pytest.mark.parametrize(
    "options",
    [(), ("--json",), ("-t", "d"), ("-c", "9000"), ("--no-reassemble", "--strict", "-t", "e")],
    ids=" ".join,
)
def test_one_large_file(dissector, large: Path, options: tuple[str, ...]) -> None:
    one = dissector("read", *options, large)
    assert dissector("read", *options, "--jobs", "2", large) == one
    assert one.out


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="the shared captures are not beside the project")
@pytest.mark.parametrize("options", [("--json",), ("-v", "-t", "ad")], ids=" ".join)
def test_all_real_captures_at_once(dissector, options: tuple[str, ...]) -> None:
    files = sorted(file for file in CAPTURES.rglob("*") if file.is_file())
    one = dissector("read", *options, *files)
    assert dissector("read", *options, "--jobs", "3", *files) == one
    assert one.code == 2  # some are of formats that are not read
    assert "packets read from" in one.err


@pytest.mark.parametrize("jobs", ["2", "3", "9"])
@pytest.mark.parametrize("options", [(), ("--json", "--strict"), ("-Y", "icmp.seq < 900")], ids=" ".join)
def test_a_summary(dissector, pcaps: Path, large: Path, options: tuple[str, ...], jobs: str) -> None:
    files = (large, pcaps / "tour.pcapng", "missing.pcap", pcaps / "tour.pcapng")
    one = dissector("summary", *options, *files)
    assert dissector("summary", *options, "--jobs", jobs, *files) == one
    assert one.code == 2  # a file is missing
    assert one.out


@pytest.mark.parametrize("jobs", range(1, 7))
def test_questions_are_shared_out(jobs: int) -> None:
    questions = parts()
    shared = shares(questions, jobs)
    assert len(shared) == min(jobs, len(questions))
    names = [name for share in shared for name in share]
    assert sorted(names) == sorted(question.name for question in questions)
    assert all(shared)


@pytest.mark.parametrize(("processors", "wanted"), [(1, 1), (2, 2), (64, 2)])
def test_large_captures_are_shared_out_where_there_are_processors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processors: int, wanted: int
) -> None:
    monkeypatch.setattr(questions, "processors", lambda: processors)
    half, odd = str(tmp_path / "half"), str(tmp_path / "odd")
    for file, size in ((half, questions.LARGE // 2), (odd, questions.LARGE // 2 - 1)):
        Path(file).touch()
        os.truncate(file, size)
    assert questions.processes(None, [half, half]) == wanted
    assert questions.processes(None, [half, odd]) == 1
    assert questions.processes(3, [odd]) == 3
    assert questions.processes(3, [odd, "-"]) == 1


def test_a_summary_warns_of_limits_wherever_they_are(dissector, pcaps: Path) -> None:
    words = ("summary", "--max-open", "1", "--max-series", "1", pcaps / "tour.pcapng")
    one = dissector(*words)
    assert dissector(*words, "--jobs", "2") == one
    assert one.err.count("warning: ") > 1


def test_interfaces_that_fill_a_pipe(dissector, tmp_path: Path) -> None:
    """What a process must know of a file may be more than a pipe holds, and so may what it answers."""
    file = tmp_path / "interfaces.pcapng"
    packet = datagram(1, struct.pack(">BBHHH", 8, 0, 0, 1, 1))
    body = struct.pack("<IIIII", 0, 0, 0, len(packet), len(packet)) + packet + bytes(-len(packet) % 4)
    section = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    octets = section + block(1, struct.pack("<HHI", 1, 0, 0)) * 10_000
    octets += block(6, body) * (2 * RANGE // len(block(6, body)))
    file.write_bytes(octets)
    one = dissector("read", "-q", file)
    assert dissector("read", "-q", "--jobs", "2", file) == one
    assert one.out


def block(kind: int, body: bytes) -> bytes:
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


def test_standard_input_is_read_as_ever(dissector, large: Path) -> None:
    octets = large.read_bytes()[:100_000]
    one = dissector("read", "-", stdin=octets)
    assert dissector("read", "--jobs", "2", "-", stdin=octets) == one
    assert one.out


def test_without_files_in_memory(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.memfd_create")
    one, two = (read_with(jobs, large) for jobs in (1, 2))
    assert two == one
    assert one


def read_with(jobs: int, file: Path) -> bytes:
    how = {
        "tree": False,
        "octets": False,
        "as_json": False,
        "time_style": "a",
        "name_files": False,
        "color": False,
    }
    with Workers(jobs, partial(Text, how, None, pairs=True)) as workers:
        return b"".join(bytes(piece) for made in workers.read(str(file)) for piece in made)


def test_jobs_must_be_some(dissector) -> None:
    assert dissector("read", "--jobs", "0", "x.pcap").code == 2
