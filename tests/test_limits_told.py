"""What meets a limit is told in one sentence, and read with little memory; see ``docs/security.md``."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import resource
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hostile import (
    CAPTURES,
    PCAP,
    PING,
    SECTION,
    SNOOP,
    block,
    interface,
    ip4,
    named,
    nested,
    packet,
    record,
    tagged,
)

from dissector.capture import pcapng, source
from dissector.capture.formats import open_capture
from dissector.capture.records import Damage, Report
from dissector.capture.stream import scan
from dissector.errors import CaptureError, TruncatedCaptureError
from dissector.filter import FilterError
from dissector.filter import compile as compiled
from dissector.kernel import layers

PROGRAM = [sys.executable, "-P", "-m", "dissector"]
MEMORY = 100 << 10
"""KiB beyond those of a capture of one packet: the buffers, fragments that are waited for, and what Python keeps."""
HUGE = 0xFFFFFFF0


STATUS = Path("/proc/self/status")
WATCHED = f"""
import sys
status = open("{STATUS}", "rb", buffering=0)
from dissector.cli import run
try:
    run()
finally:
    sys.stdout.flush()
    print(status.read().decode().partition("VmHWM:")[2].split()[0], file=sys.stderr)
"""
"""A program that says last how much memory it had at most; its own, unlike ru_maxrss, which has its parent's in it."""


def peak(file: Path, octets: bytes) -> int:
    """Return the most memory that a process has in use when it reads a capture, KiB."""
    file.write_bytes(octets)
    words = [sys.executable, "-P", "-c", WATCHED, "read", "--json", "-q", str(file)]
    done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    return int(done.stderr.split()[-1])


LARGE = {
    "gzip": lambda: gzip.compress(PCAP + record(PING) + bytes(300 << 20), 1),
    "bzip2": lambda: bz2.compress(PCAP + record(PING) + bytes(300 << 20)),
    "tiny-fragments": lambda: CAPTURES["tiny-fragments"](5000),
    "one-octet-fragments": lambda: CAPTURES["one-octet-fragments"](20_000),
    "odd-fragments": lambda: (
        PCAP + b"".join(record(ip4(b"x", number=number, word=0x2001)) for number in range(60_000))
    ),
    "first-fragments": lambda: CAPTURES["first-fragments"](8000),
    "large-fragments": lambda: (
        PCAP + b"".join(record(ip4(bytes(60_000), number=number, word=0x2001)) for number in range(3000))
    ),
    "interfaces": lambda: SECTION + 800_000 * interface() + packet(PING),
    "named-interfaces": lambda: SECTION + b"".join(map(named, range(60_000))) + packet(PING),
    "empty-blocks": lambda: CAPTURES["empty-blocks"](3000),
    "empty-options": lambda: CAPTURES["empty-options"](5000),
    "record": lambda: PCAP + record(PING, HUGE) + bytes(1000),
    "block": lambda: SECTION + interface() + block(6, PING, HUGE) + bytes(1000),
    "snoop": lambda: SNOOP + struct.pack(">IIIIII", HUGE, HUGE, HUGE, 0, 0, 0) + bytes(1000),
}


@pytest.mark.skipif(not STATUS.exists(), reason="the memory of a process is told by /proc")
@pytest.mark.parametrize("name", LARGE)
def test_memory_has_a_bound(name, tmp_path):
    least = peak(tmp_path / "x", PCAP + record(PING))
    assert peak(tmp_path / "x", LARGE[name]()) < least + MEMORY


def warnings(octets: bytes) -> list[str]:
    with open_capture(io.BytesIO(octets)) as reader:
        for _ in reader:
            pass
        return reader.report.warnings()


def test_a_stream_that_unpacks_to_too_much_is_left(monkeypatch):
    monkeypatch.setattr(source, "MOST_UNPACKED", 1 << 20)
    (_, said) = warnings(bz2.compress(PCAP + record(PING) + bytes(100 << 20)))
    assert "its bzip2 stream unpacks to more than 10000 times its size, no more is read" in said
    # A capture of zeros in gzip is far from that.
    assert not any("times" in said for said in warnings(gzip.compress(PCAP + 100_000 * record(bytes(60)))))


def test_a_gibibyte_is_unpacked_and_no_more():
    zstandard = pytest.importorskip("zstandard")
    octets = zstandard.compress(PCAP + record(PING)) + 10 * zstandard.compress(bytes(128 << 20))
    (skipped, said) = warnings(octets)
    assert "its zstd stream unpacks to more than 10000 times its size, no more is read" in said
    (count,) = re.findall(r"(\d+) octets skipped", skipped)
    assert 1 << 30 < int(count) + (64 << 20) < 1200 << 20


def test_xz_may_not_ask_for_more_than_it_needs():
    octets = bytearray(lzma.compress(PCAP + record(PING), preset=0))
    # The block header: its size, flags, one filter (LZMA2), the size of its dictionary, here 512 MiB, padding, CRC.
    end = 12 + 4 * octets[12]
    assert octets[13:16] == b"\0\x21\1"
    octets[16] = 34
    octets[end : end + 4] = zlib.crc32(octets[12:end]).to_bytes(4, "little")
    with pytest.raises(CaptureError, match="Memory usage limit exceeded"):
        open_capture(io.BytesIO(octets))


def test_what_is_packed_twice_is_no_capture():
    with pytest.raises(CaptureError, match="gzip"):
        open_capture(io.BytesIO(gzip.compress(gzip.compress(PCAP + record(PING)))))


def test_interfaces_beyond_those_remembered_are_told(monkeypatch):
    monkeypatch.setattr(pcapng, "_INTERFACES", 3)
    said = warnings(SECTION + 4 * interface() + packet(PING))
    assert any("more than 3 interfaces, their packets are skipped" in one for one in said)


def test_what_is_left_out_with_interfaces_is_one_sentence(monkeypatch):
    monkeypatch.setattr(pcapng, "_INTERFACES", 3)
    octets = SECTION + 5 * interface() + 2 * packet(PING, 2) + 60 * (packet(PING, 3) + packet(PING, 4))
    said = warnings(octets + SECTION + interface() + packet(PING))
    assert said == ["more than 3 interfaces, their packets are skipped (3 interfaces, 121 packets)"]
    with (
        open_capture(io.BytesIO(octets), strict=True) as reader,
        pytest.raises(TruncatedCaptureError, match=r"whole up to packet 0 .* more than 3 interfaces$"),
    ):
        list(reader)
    # One that is not described, where all are remembered, is damage.
    assert "not described; 112 octets skipped" in warnings(SECTION + interface() + packet(PING, 1))[0]


def test_names_of_interfaces_beyond_measure_are_told(monkeypatch):
    monkeypatch.setattr(pcapng, "_TEXTS", 1000)
    # Those that no longer fit are left out; later ones may.
    octets = SECTION + named(0) + named(1) + named(2) + interface() + named(3) + packet(PING, 4)
    with open_capture(io.BytesIO(octets)) as reader:
        assert sum(block.count for block in reader) == 1
    assert [len(one.name) + len(one.description) for one in reader.interfaces] == [498, 498, 0, 0, 0]
    assert reader.report.whole
    (said,) = reader.report.warnings()
    assert said == "names of interfaces take too much room: those of 2 interfaces are left out"


def test_a_long_name_is_cut():
    text = struct.pack("<HH", 2, 60_000) + 60_000 * b"x"
    with open_capture(io.BytesIO(SECTION + interface(text) + packet(PING))) as reader:
        assert [block.count for block in reader] == [1]
    assert [one.name for one in reader.interfaces] == [256 * "x"]


BROKEN = {
    "another length at its end": (2, SECTION + interface(), packet(PING) + packet(PING)[:-4] + b"\1\2\3\4"),
    "of no interface": (1, SECTION + interface(), packet(PING) + packet(PING, 7)),
    "too short": (1, SECTION + interface(), packet(PING) + block(1, b"")),
    "more than its block has": (
        2,
        SECTION + interface(),
        packet(PING) + block(6, struct.pack("<5I", 0, 0, 5, 500, 500) + PING),
    ),
    "no record": (4, PCAP, 4 * record(PING) + record(b"", HUGE) + bytes(20)),
    "more than there is": (6, PCAP, 2 * record(PING) + record(PING, 120) + 3 * record(PING)),
}
"""Packets in each damaged stretch, how the file begins, and the stretch."""


@pytest.mark.parametrize("name", BROKEN)
def test_damaged_places_do_not_cost_a_block_each(name):
    each, start, stretch = BROKEN[name]
    with open_capture(io.BytesIO(start + 500 * stretch)) as reader:
        counts = [block.count for block in reader]
    # What ends with the file, damaged, may be one more.
    assert (len(counts) <= 2, sum(counts)) == (True, 500 * each)
    assert reader.report.places == 500


@pytest.mark.parametrize("name", ["interfaces", "sections"])
def test_packets_with_descriptions_between_them_are_one_block(name):
    with open_capture(io.BytesIO(CAPTURES[name](500))) as reader:
        (found,) = ((block.count, block.records.interface[: block.count].tolist()) for block in reader)
    assert found == (500, list(range(500)) if name == "sections" else 500 * [0])
    assert len(reader.interfaces) == 500


def test_paths_of_headers_beyond_the_limit_end_early(tmp_path):
    file = tmp_path / "x.pcap"
    count = 32_000
    file.write_bytes(PCAP + b"".join(record(tagged(number)) for number in range(count)))
    with scan(file) as messages:
        batches = list(messages)
    paths = batches[0].paths
    assert (sum(map(len, batches)), len(paths)) == (count, layers.MAX_PATHS)
    first, last = paths[batches[0].path[0]], paths[batches[-1].path[-1]]
    assert first == ("eth", "vlan 0", "vlan 0", "ip")
    assert first[:1] == last[:1]
    assert len(last) < len(first)


@pytest.mark.parametrize(
    "octets",
    [
        PCAP + record(PING) + record(PING, HUGE),
        SECTION + interface() + packet(PING) + block(6, PING, HUGE),
        SNOOP + struct.pack(">IIIIII", HUGE, HUGE, HUGE, 0, 0, 0) + PING,
    ],
    ids=["pcap", "pcapng", "snoop"],
)
def test_four_gigabytes_are_claimed_in_vain(octets):
    assert any(f"claims {HUGE} octets" in said for said in warnings(octets))


@pytest.mark.parametrize("link", [1, 231], ids=["Ethernet", "D-Bus"])
def test_no_packet_is_waited_for_that_is_larger_than_any(link):
    size = (128 << 20) + (128 << 10)
    described = PCAP[:20] + struct.pack("<I", link)
    assert (
        f"claims {size} octets" in warnings(described + 4 * record(PING) + record(PING, size) + bytes(100))[0]
    )
    described = SECTION + interface(link=link)
    assert (
        f"claims {size} octets;" in warnings(described + packet(PING) + block(6, PING, size) + bytes(100))[0]
    )


def test_the_places_of_several_ranges_are_fifty():
    one, other = Report(), Report()
    for report in (one, other):
        for place in range(40):
            report.add(Damage(place, place, 1, cut=False, sentence="damaged"))
    one.extend(other)
    assert (len(one.damage), one.places) == (50, 80)
    assert one.warnings()[-1] == "30 more damaged places; 80 octets skipped altogether"


def test_tunnels_beyond_the_limit_are_told(tmp_path, dissector):
    file = tmp_path / "x.pcap"
    file.write_bytes(PCAP + record(nested(5)) + record(nested(60)))
    run = dissector("read", file)
    assert (run.code, run.out.count("\n")) == (0, 1)
    assert "2 packets read, 1 ICMP (1 ICMPv4); others: 1 " in run.err
    assert "deep" in run.err or "nested" in run.err or "layers" in run.err


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("(" * 9_000 + "icmp" + ")" * 9_000, "parentheses may be nested 100 deep"),
        ("icmp || " * 1_000_000 + "icmp", "a filter has at most 20000 characters, this one 8000004"),
        (f'icmp matches "{1001 * "a"}"', "it has 1001 octets, 1000 are allowed"),
    ],
    ids=["nested", "long", "long expression"],
)
def test_a_filter_has_bounds(text, sentence):
    with pytest.raises(FilterError, match=sentence):
        compiled(text)


def test_negations_have_none():
    assert compiled("!" * 19_000 + "icmp").text.endswith("!icmp")


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("(" * 40_000 + "1" + ")" * 40_000, "Max expression depth limit of 1000 exceeded."),
        ("1 + " * 20_000 + "1", "Max expression depth limit of 1000 exceeded."),
        ("1," * 60_000 + "1", "SQL has at most 100000 characters here, this has 120008"),
    ],
    ids=["nested", "summed", "long"],
)
def test_sql_has_bounds(sql, sentence, tmp_path, dissector):
    pytest.importorskip("duckdb")
    file = tmp_path / "x.pcap"
    file.write_bytes(PCAP + record(PING))
    run = dissector("query", f"select {sql}", file)
    assert (run.code, run.err) == (2, f"error: {sentence}\n")


@pytest.mark.parametrize("options", [(), ("--jobs", "2")], ids=["alone", "jobs"])
def test_a_thousand_files_need_few_open_at_a_time(options, tmp_path):
    names = []
    for number in range(1000):
        file = tmp_path / f"{number}.pcap"
        file.write_bytes(PCAP + record(PING))
        names.append(str(file))
    done = subprocess.run(
        [*PROGRAM, "read", *options, *names],
        capture_output=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)),
    )
    assert done.returncode == 0, done.stderr
    assert b"1000 packets read from 1000 files" in done.stderr
