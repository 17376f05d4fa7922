"""Faults of programs that send and listen, each caused for real; see ``test_faults.py``."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hostile import PCAP, PING, record
from places import ROOT

from dissector.capture.formats import open_capture

PROGRAM = [sys.executable, "-P", "-m", "dissector"]
PATIENCE = 60
"""Seconds after which something has hung."""
ROOM = 65536


HERE, ROUTER = (f"faults-{name}-{os.getpid()}" for name in ("here", "router"))
LINKS = (
    f"-n {HERE} link set lo up",
    f"-n {HERE} link add west type veth peer name east netns {ROUTER}",
    f"-n {HERE} link set west up",
    f"-n {ROUTER} link set east up",
    f"-n {HERE} addr add 10.99.0.1/24 dev west",
    f"-n {ROUTER} addr add 10.99.0.2/24 dev east",
    f"-n {HERE} route add default via 10.99.0.2",
    # What goes there is lost without a word.
    f"-n {ROUTER} link add nowhere type veth peer name void",
    f"-n {ROUTER} link set void up",
    f"-n {ROUTER} link set nowhere up",
    f"-n {ROUTER} route add 10.99.9.0/24 dev nowhere",
    f"-n {ROUTER} neigh add 10.99.9.9 lladdr 02:00:00:00:00:99 dev nowhere",
    f"netns exec {ROUTER} sysctl -qw net.ipv4.ip_forward=1",
)


def ip(*words: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["ip", *words], capture_output=True, check=check)  # noqa: S607 - the shell's path finds it


@pytest.fixture
def inside():
    """Return a function that puts words before a command, so that it runs in a namespace of its own, with a router."""
    if os.geteuid() or not shutil.which("ip"):
        pytest.skip("namespaces take root and ip(8)")
    made = [ip("netns", "add", name, check=False) for name in (HERE, ROUTER)]
    if any(one.returncode for one in made):
        pytest.skip(f"no namespaces here: {made[0].stderr.decode().strip()}")
    try:
        for words in LINKS:
            ip(*words.split())
        yield lambda *words: ["ip", "netns", "exec", HERE, *map(str, words)]
    finally:
        for name in (HERE, ROUTER):
            ip("netns", "del", name)


def begun(words, **how):
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, **how)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("as_json", [False, True], ids=["table", "json"])
def test_a_path_that_is_interrupted_is_shown_so_far(inside, as_json, number):
    options = ["--json"] if as_json else []
    process = begun(inside(*PROGRAM, "trace", *options, "-w", "30", "-q", "1", "10.99.9.9"))
    first = process.stdout.readline()
    while not as_json and b"10.99.0.2" not in (line := process.stdout.readline()):
        first += line
    time.sleep(0.2)
    process.send_signal(number)
    written, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + number, said
    assert b"Traceback" not in said
    assert written.endswith(b"\n")
    if as_json:
        hop, *_, path = (json.loads(line) for line in (first + written).splitlines())
        assert (hop["part"], hop["answers"][0]["address"]) == ("hop", "10.99.0.2")
        assert (path["part"], path["stopped"]) == ("path", "interrupted")
    else:
        assert first.startswith(b"Traceroute 10.99.0.1 > 10.99.9.9")
        assert b"; interrupted" in written


def flooded(inside):
    return subprocess.Popen(inside("ping", "-q", "-f", "-s", "1000", "127.0.0.1"), stdout=subprocess.DEVNULL)


def test_a_capture_on_a_full_disk_is_whole_up_to_its_last_packet(inside, tmp_path, small_disk):
    file = tmp_path / "x.pcapng"
    with small_disk(tmp_path, ROOM):
        pings = flooded(inside)
        process = begun(inside(*PROGRAM, "sniff", "-q", "-i", "lo", "-w", file, "--user", "root"))
        _, said = process.communicate(timeout=PATIENCE)
        pings.terminate()
        pings.wait()
        assert process.returncode == 1
        assert b"No space left on device" in said
        assert b"Traceback" not in said
        with open_capture(file) as reader:
            assert sum(block.count for block in reader) > ROOM // 2500
            assert reader.report.whole


def test_a_capture_whose_program_is_killed_has_whole_packets(inside, tmp_path):
    file = tmp_path / "x.pcapng"
    pings = flooded(inside)
    process = begun(inside(*PROGRAM, "sniff", "-q", "-i", "lo", "-w", file, "--user", "root"))
    deadline = time.monotonic() + PATIENCE
    while not (file.exists() and file.stat().st_size > ROOM) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    process.communicate()
    pings.terminate()
    pings.wait()
    with open_capture(file) as reader:
        count = sum(block.count for block in reader)
        assert count > 0
        # At most the last one is cut, and that is told.
        assert reader.report.whole or (reader.report.cut and reader.report.places == 1)


def test_an_export_whose_program_is_killed_leaves_no_file_of_its_name(tmp_path):
    capture, out = tmp_path / "large.pcap", tmp_path / "x.pcapng"
    capture.write_bytes(PCAP + 500_000 * record(PING))
    process = begun([*PROGRAM, "export", capture, "-o", out])
    deadline = time.monotonic() + PATIENCE
    parts: list[Path] = []
    while not any(part.stat().st_size > ROOM for part in parts) and time.monotonic() < deadline:
        parts = [part for part in tmp_path.iterdir() if part != capture]
        time.sleep(0.001)
    process.kill()
    process.communicate()
    (left,) = (part for part in tmp_path.iterdir() if part != capture)
    assert left != out
    with open_capture(left) as reader:
        assert sum(block.count for block in reader) > 0
        assert reader.report.whole or (reader.report.cut and reader.report.places == 1)
