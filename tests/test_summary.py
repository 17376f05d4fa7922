"""The command ``summary``: tables in every format, JSON, several files as one, and what it says against tshark."""

from __future__ import annotations

import csv
import json
import shutil
import struct
import subprocess
from ipaddress import IPv4Address
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from tabulate import tabulate_formats

from dissector.analysis.exchanges import Exchanges
from dissector.analysis.pairing import Pairing
from dissector.capture.stream import scan
from dissector.checksum import internet_checksum
from dissector.cli.questions import Style, answers, parts
from dissector.cli.summary import command
from dissector.errors import CaptureError
from dissector.present.jsonlines import dumps
from dissector.present.summary import exchange_tables, exchanges_json

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
    for timeout in ("0.005", "5ms"):
        (line,) = told("--timeout", timeout, *halves)["exchanges"]["kinds"]
        assert (line["answered"], line["late"]) == (3, 3)
    result = run("--max-open", "2", *halves)
    assert "given up" in result.stderr


def test_findings_name_their_file_where_several_were_read(halves, pcaps):
    odd = str(pcaps / "findings.pcapng")
    frames = "findings.pcapng: 1"
    assert frames not in run(odd).stdout
    assert frames in run(*halves, odd).stdout


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


@pytest.fixture(scope="module")
def alike():
    """Return packets between twelve hosts, of which many have equal counts: asked, unasked, in errors."""
    random = Random(4)
    hosts = [bytes([10, 0, 0, last]) for last in range(1, 7)] + [bytes([9, 9, last, 1]) for last in range(6)]
    packets = []
    for number in range(60):
        one, other = random.sample(hosts, 2)
        query = ip(one, other, echo(8, number))
        router = random.choice(hosts)
        packets += [
            (number * 40, query),
            (number * 40 + 10, ip(*random.sample(hosts, 2), echo(0, 1000 + number))),
            (number * 40 + 20, ip(other, one, echo(0, number))),
            (number * 40 + 30, ip(router, one, unreachable(ip(one, other, echo(8, 2000 + number))))),
            (number * 40 + 31, ip(one, other, echo(8, 3000 + number))),
            (number * 40 + 32, ip(router, one, unreachable(ip(one, other, echo(8, 3000 + number))))),
        ]
    return packets


def unreachable(quoted):
    octets = struct.pack(">BBHI", 3, 1, 0, 0) + quoted[:28]
    return octets[:2] + struct.pack(">H", internet_checksum(octets)) + octets[4:]


def shown(found, **how):
    return "\n".join(exchange_tables(found, **how))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_the_order_of_rows_does_not_depend_on_batches(alike, tmp_path, size):
    whole, cut = Exchanges(), Exchanges()
    for batch in scan(write(tmp_path / "x.pcap", alike)):
        whole.update(batch)
        for at in range(0, len(batch), size):
            cut.update(batch[at : at + size])
    assert shown(cut.result()) == shown(whole.result())
    assert dumps(exchanges_json(cut.result())) == dumps(exchanges_json(whole.result()))


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("name", ["findings.pcapng", "tour.pcapng", "testbed/echoes.pcap"])
def test_no_part_of_a_summary_depends_on_batches(pcaps, name, as_json):
    def told(size):
        questions = parts()
        for batch in scan(pcaps / name):
            for at in range(0, len(batch), size):
                for question in questions:
                    question.state.update(batch[at : at + size])
        return list(answers(questions, Style("simple", narrow=False, as_json=as_json)))

    whole = told(1 << 20)
    assert told(1) == whole
    assert told(7) == whole


@pytest.mark.parametrize("ends", [(1,), (30, 31), (90, 200, 300)])
def test_the_order_of_rows_does_not_depend_on_states_that_are_joined(alike, tmp_path, ends):
    whole, joined = Exchanges(), Exchanges()
    for batch in scan(write(tmp_path / "x.pcap", alike)):
        whole.update(batch)
        joined.update(batch[: ends[0]])
        for begin, end in zip(ends, (*ends[1:], len(batch)), strict=True):
            later = Exchanges(begins=False)
            later.update(batch[begin:end])
            joined.merge(later)
    assert shown(joined.result()) == shown(whole.result())


def test_the_text_does_not_depend_on_files_and_processes(alike, tmp_path):
    whole = run("--table-format", "tsv", write(tmp_path / "x.pcap", alike)).stdout
    assert whole == run("--table-format", "tsv", "--jobs", "2", tmp_path / "x.pcap").stdout
    for edges in ((0, 101, 360), (0, 1, 2, 360)):
        files = [write(tmp_path / f"{begin}.pcap", alike[begin:end]) for begin, end in pairwise(edges)]
        # Findings name frames, which count anew in every file.
        assert run("--table-format", "tsv", *files).stdout.split("Findings")[0] == whole.split("Findings")[0]


def test_equal_counts_are_in_the_order_of_kinds_and_addresses(alike, tmp_path):
    lines = told(write(tmp_path / "x.pcap", alike))["exchanges"]["hosts"]
    keys = [
        (-line["sent"] - line["unasked"], *(int(IPv4Address(line[name])) for name in ("querier", "asked")))
        for line in lines
    ]
    assert keys == sorted(keys)
    assert len({key[0] for key in keys}) < len(keys) / 3


def test_answers_without_a_query_are_no_exchange(tmp_path):
    alone = write(
        tmp_path / "x.pcap",
        [
            (0, ip(A, B, echo(8, 1))),
            (5, ip(B, A, echo(0, 1))),
            (9, ip(bytes(A[:3]) + b"\x09", A, echo(0, 5))),
        ],
    )
    text = run(alone).stdout
    by_hosts, _, rest = text.partition("Exchanges by hosts")[2].partition("Answers without a query")
    assert "10.0.0.9" not in by_hosts
    assert rest.splitlines()[4].split() == ["10.0.0.9", "10.0.0.1", "8/0", "1"]
    assert len(told(alone)["exchanges"]["hosts"]) == 2


@pytest.mark.parametrize(("hosts", "told"), [(20, ""), (21, ", the 20 with the most")])
def test_a_title_says_that_there_is_more_where_there_is(tmp_path, hosts, told):
    others = [bytes([10, 0, 1, last]) for last in range(hosts)]
    asked = [(0, ip(A, other, echo(8, 1))) for other in others]
    unasked = [(1, ip(other, A, echo(0, 2))) for other in others]
    text = run(write(tmp_path / "x.pcap", asked + unasked)).stdout
    assert f"Exchanges by hosts, times in ms{told}\n" in text
    assert f"Answers without a query{told}\n" in text


@pytest.mark.parametrize("odd", [False, True])
def test_clocks_fit_eighty_columns(tmp_path, odd):
    far, further = bytes([203, 120, 113, 105]), bytes([203, 120, 113, 106])

    def timestamp(kind, sequence, receive):
        octets = struct.pack(">BBHHHIII", kind, 0, 0, 7, sequence, 80_000_000, receive, receive)
        return octets[:2] + struct.pack(">H", internet_checksum(octets)) + octets[4:]

    receive = [40_000_000, 1 << 31 if odd else 40_000_001]
    packets = [
        (
            sequence * 10 + answer,
            ip(*((further, far) if answer else (far, further)), timestamp(13 + answer, sequence, here)),
        )
        for sequence, here in enumerate(receive)
        for answer in (0, 1)
    ]
    (found,) = map(scan, [write(tmp_path / "x.pcap", packets)])
    state = Exchanges()
    for batch in found:
        state.update(batch)
    text = shown(state.result(), narrow=True).partition("Clocks, ms")[2]
    assert max(map(len, text.splitlines())) <= 80
    assert "-40000000" in text
    assert ("non-std" in text) == odd
    assert ("there" in text) != odd


def test_frames_of_findings_have_files_without_their_folder(tmp_path, pcaps):
    octets = (pcaps / "findings.pcapng").read_bytes()
    for name in ("a.pcapng", "b.pcapng"):
        (tmp_path / name).write_bytes(octets)
    text = run(tmp_path / "a.pcapng", tmp_path / "b.pcapng").stdout.partition("Findings")[2]
    assert "a.pcapng: " in text
    assert "b.pcapng: " in text
    assert str(tmp_path) not in text
    (tmp_path / "c").mkdir()
    (tmp_path / "b.pcapng").rename(tmp_path / "c" / "b.pcapng")
    text = run(tmp_path / "a.pcapng", tmp_path / "c" / "b.pcapng").stdout.partition("Findings")[2]
    assert f"{tmp_path}/a.pcapng: " in text


OUT_OF_ORDER = "warning: {} begins {} s before {} ends, and is read after it"


def test_captures_in_the_wrong_order_of_time_are_told(halves):
    first, second = halves
    for options in ([], ["--json"]):
        right, wrong = (run("-q", *options, *files) for files in ((first, second), (second, first)))
        assert right.stderr == ""
        assert wrong.exit_code == 0
        said = OUT_OF_ORDER.format(first, "0.014", second)
        assert wrong.stderr == (
            f"{said}: queries may be without their answers; give captures in the order of their time\n"
        )


def test_captures_that_overlap_are_told(tmp_path):
    one = write(tmp_path / "one.pcap", [(number * 1000, ip(A, B, echo(8, number))) for number in range(9)])
    other = write(
        tmp_path / "other.pcap", [(number * 1000 + 1, ip(B, A, echo(0, number))) for number in range(9)]
    )
    result = run("-q", one, other)
    assert result.stderr.startswith(OUT_OF_ORDER.format(other, "7.999", one) + ": queries may be")
    assert "merge those that overlap before (mergecap)" in result.stderr
    again = run("-q", one, other, other, one)
    assert again.stderr.startswith(OUT_OF_ORDER.format(other, "7.999", one) + ", and 2 more likewise: ")


def test_captures_that_follow_each_other_closely_are_not_told(tmp_path):
    packets = [(number * 40, ip(A, B, echo(8, number))) for number in range(10)]
    files = [write(tmp_path / f"{at}.pcap", packets[at : at + 4]) for at in (0, 3, 6)]
    timeless = tmp_path / "timeless.pcapng"
    simple = ip(A, B, echo(8, 1))
    blocks = [
        (0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)),
        (1, struct.pack("<HHI", 101, 0, 0)),
        (3, struct.pack("<I", len(simple)) + simple),
    ]
    timeless.write_bytes(
        b"".join(
            struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)
            for kind, body in blocks
        )
    )
    assert run("-q", files[0], timeless, *files[1:], timeless).stderr == ""


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
