"""The command ``summary``: tables in every format, JSON, several files as one, and what it says against tshark."""

from __future__ import annotations

import csv
import json
import shutil
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from tabulate import tabulate_formats

from dissector.analysis.exchanges import Exchanges
from dissector.analysis.pairing import Pairing
from dissector.capture.stream import scan
from dissector.checksum import internet_checksum
from dissector.cli.summary import command
from dissector.errors import CaptureError

if TYPE_CHECKING:
    from pathlib import Path

TSHARK = shutil.which("tshark") or ""
A, B = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])


def echo(kind, sequence):
    octets = struct.pack(">BBHHH", kind, 0, 0, 7, sequence) + bytes(range(40))
    return octets[:2] + struct.pack(">H", internet_checksum(octets)) + octets[4:]


def ip(src, dst, payload):
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, 1, 0) + src + dst + payload


def write(path: Path, packets) -> Path:
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
    for milliseconds, octets in packets:
        seconds, rest = divmod(milliseconds, 1000)
        out += struct.pack("<IIII", seconds + 1_700_000_000, rest * 1000, len(octets), len(octets)) + octets
    path.write_bytes(out)
    return path


@pytest.fixture
def halves(tmp_path):
    """Return two captures: four queries in the first, three answers to them and one twice in the second."""
    queries = [(number, ip(A, B, echo(8, number))) for number in range(4)]
    answers = [(number, ip(B, A, echo(0, number % 10))) for number in (10, 11, 12)]
    first = write(tmp_path / "first.pcap", queries)
    return first, write(tmp_path / "second.pcap", [*answers, (14, ip(B, A, echo(0, 2)))])


def run(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def told(*arguments):
    result = run("--json", *arguments)
    assert result.exit_code == 0, result.output
    return {line["part"]: line for line in map(json.loads, result.stdout.splitlines())}


def test_several_files_count_as_one(halves):
    (line,) = told(*halves)["exchanges"]["kinds"]
    numbers = {key: line[key] for key in ("sent", "answered", "lost", "duplicates", "unasked")}
    assert numbers == {"sent": 4, "answered": 3, "lost": 1, "duplicates": 1, "unasked": 0}
    assert line["rtt_ns"]["min"] == line["rtt_ns"]["max"] == 10_000_000


def test_json_has_types_hosts_and_series(halves):
    parts = told(*halves)
    assert [(line["type"], line["code"], line["count"]) for line in parts["types"]["types"]] == [
        (0, 0, 4),
        (8, 0, 4),
    ]
    assert {line["kind"] for line in parts["types"]["types"]} == {"query"}
    (series,) = parts["exchanges"]["series"]
    assert (series["querier"], series["asked"], series["identifier"]) == ("10.0.0.1", "10.0.0.2", 7)
    assert series["data"]["program"] == "ping"
    assert parts["exchanges"]["hosts"][0]["sent"] == 4


@pytest.mark.parametrize("name", tabulate_formats)
def test_every_table_format(halves, name):
    result = run("--table-format", name, *halves)
    assert result.exit_code == 0
    assert "10.0.0.1" in result.stdout


def test_a_format_that_is_none(halves):
    result = run("--table-format", "gitbub", *halves)
    assert result.exit_code == 2
    assert "github" in result.stderr


@pytest.mark.parametrize("timeout", ["nan", "inf", "0", "-1", "1e300", "soon"])
def test_a_timeout_is_a_time(halves, timeout):
    result = run("--timeout", timeout, *halves)
    assert result.exit_code == 2
    assert "Invalid value for '--timeout'" in result.stderr


def test_timeout_and_limit(halves):
    (line,) = told("--timeout", "0.005", *halves)["exchanges"]["kinds"]
    assert (line["answered"], line["late"]) == (3, 3)
    result = run("--max-open", "2", *halves)
    assert "given up" in result.stderr


def test_fits_eighty_columns_on_a_terminal(shared, monkeypatch):
    from dissector.cli import summary

    capture = shared / "captures" / "files" / "chrissanders+packets" / "activeosfingerprinting.pcapng"
    more = sorted((shared / "captures" / "files").glob("nsnam+*/*icmpv6*"))
    monkeypatch.setattr(summary, "on_terminal", lambda: True)
    result = run(capture, *more)
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_nothing_there(tmp_path):
    empty = write(tmp_path / "empty.pcap", [])
    assert run(empty).exit_code == 0
    assert run("--fail-if-empty", empty).exit_code == 1
    assert run(tmp_path / "missing.pcap").exit_code == 2


def srt(capture):
    """Return requests, replies and losses as tshark counts them."""
    out = subprocess.run(
        [TSHARK, "-r", str(capture), "-q", "-z", "icmp,srt"], capture_output=True, text=True, check=True
    ).stdout
    for before, line in zip(out.splitlines(), out.splitlines()[1:], strict=False):
        if before.startswith("Requests"):
            return tuple(map(int, line.split()[:3]))
    return 0, 0, 0


@pytest.mark.skipif(not TSHARK, reason="tshark is not installed")
def test_requests_replies_and_losses_are_those_of_tshark(halves, tmp_path):
    joined = tmp_path / "joined.pcap"
    joined.write_bytes(halves[0].read_bytes() + halves[1].read_bytes()[24:])
    (line,) = told(joined)["exchanges"]["kinds"]
    assert (line["sent"], line["answered"], line["lost"]) == srt(joined)


DIFFERENT = {
    "appneta+tcpreplay/test__test2.replay_unique_ip": "times of half a minute between query and answer: over the reach",
    "appneta+tcpreplay/test__test.rewrite_endpoint": "addresses of queries and answers rewritten differently",
    "appneta+tcpreplay/test__test2.rewrite_endpoint": "as above",
    "appneta+tcpreplay/test__test2.replay_include": "queries within pseudo-wires over MPLS, which are not opened",
    "ajbanjara+Wireshark/uploads____moin_import____attachments__SampleCaptures__netlink-conntrack.pcap": (
        "a link type that is not decoded"
    ),
}
"""Captures in which tshark pairs what is not paired here, and why."""


def test_pairs_are_those_of_tshark(shared):
    """What tshark pairs by identifier, sequence and data is paired here, and with the same query."""
    csv.field_size_limit(1 << 30)
    captures = shared / "captures"
    differences, same = [], 0
    for table in sorted((captures / "expected").rglob("*.tsv")):
        name = str(table.relative_to(captures / "expected"))[:-4]
        with table.open(newline="") as rows:
            theirs = {
                int(row["frame.number"].split(",")[0]): int(answered.split(",")[0])
                for row in csv.DictReader(rows, delimiter="\t")
                if (answered := row["icmp.resp_to"] or row["icmpv6.resp_to"])
            }
        if not theirs or name in DIFFERENT:
            continue
        pairing, mine = Pairing(), {}
        try:
            for batch in scan(captures / "files" / name, reassemble=False):
                frames, _ = pairing.pair(batch)
                mine |= dict(
                    zip(batch.frame[frames >= 0].tolist(), frames[frames >= 0].tolist(), strict=True)
                )
        except CaptureError:
            continue  # formats that are not read have tests of their own
        same += sum(mine.get(frame) == query for frame, query in theirs.items())
        differences += [
            (name, frame, query, mine.get(frame))
            for frame, query in theirs.items()
            if mine.get(frame) != query
        ]
    assert same > 5000
    assert differences == []


def test_outcomes_of_the_shared_captures_add_up(shared):
    for capture in sorted((shared / "captures" / "files").glob("chrissanders+packets/*")):
        state = Exchanges()
        try:
            for batch in scan(capture):
                state.update(batch)
        except CaptureError:
            continue
        for line in state.result().by_series():
            assert line.lost >= 0
            assert line.sent == line.answered + line.rewritten + line.ended + line.lost
