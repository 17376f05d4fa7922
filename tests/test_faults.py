"""Faults, each caused for real: what was written stays whole, and exit code and sentence say what happened."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from places import ROOT

from dissector.capture.formats import open_capture
from dissector.capture.window import SIZE

PROGRAM = [sys.executable, "-P", "-m", "dissector"]
HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
ETHERNET = b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0"
IP = bytes.fromhex("4500001c000100004001") + b"\0\0" + bytes((10, 0, 0, 1, 10, 0, 0, 2))
ROOM = 65536
PATIENCE = 60
"""Seconds after which something has hung."""


def packet(number: int, second: int | None = None) -> bytes:
    frame = ETHERNET + IP + struct.pack(">BBHHH", 8, 0, 0, number >> 16, number & 0xFFFF)
    seconds = 1_700_000_000 + (number if second is None else second)
    return struct.pack("<IIII", seconds, 0, len(frame), len(frame)) + frame


@pytest.fixture(scope="module")
def capture(tmp_path_factory) -> Path:
    """Return a capture that takes a second or so to show."""
    file = tmp_path_factory.mktemp("faults") / "x.pcap"
    file.write_bytes(HEADER + b"".join(map(packet, range(4000))))
    return file


@pytest.fixture(params=["limit", "tmpfs"])
def full(request, tmp_path, small_disk):
    """Return a folder without room for much, and what a process must do first for that to be so."""
    if request.param == "limit":
        yield tmp_path, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))
        return
    with small_disk(tmp_path, ROOM):
        yield tmp_path, None


def start(*arguments, **how):
    return subprocess.Popen([*PROGRAM, *map(str, arguments)], stderr=subprocess.PIPE, cwd=ROOT, **how)


def told(process) -> tuple[int, str]:
    """Wait for a process; return its exit code and what it said."""
    _, said = process.communicate(timeout=PATIENCE)
    return process.returncode, said.decode()


def whole_lines(octets: bytes) -> bool:
    return octets.endswith(b"\n") or not octets


# --- a full disk


@pytest.mark.parametrize(
    "command",
    [
        ("read",),
        ("read", "--json"),
        ("read", "-v"),
        ("read", "-x"),
        ("read", "--jobs", "2"),
        ("summary", "--json"),
        ("query", "--json", "select * from messages"),
    ],
)
def test_a_full_disk_leaves_whole_lines(full, capture, command):
    if command[0] == "query":
        pytest.importorskip("duckdb")
    folder, first = full
    out = folder / "out"
    (folder / "taken").write_bytes(bytes(ROOM // 2))
    if command[0] == "summary":
        (folder / "taken").unlink()
        out.write_bytes(b"x" * (ROOM - 1) + b"\n")
    with out.open("ab") as stream:
        code, said = told(start(*command, capture, stdout=stream, preexec_fn=first))
    assert code == 1
    assert said.splitlines()[-1].startswith("error: standard output: ")
    assert said.splitlines()[-1].endswith("what was written before is whole up to its last line")
    assert "Traceback" not in said
    written = out.read_bytes()
    assert written
    assert written.endswith(b"\n")
    if command[-1] == "--json" and command[0] == "read":
        assert [json.loads(line)["frame"] for line in written.splitlines()] == list(
            range(1, written.count(b"\n") + 1)
        )


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl", "pcap", "pcapng"])
def test_an_export_that_does_not_fit_is_not_there(full, ending):
    folder, first = full
    if ending == "parquet":
        if first is not None:
            pytest.skip("so much smaller is a Parquet file that it would have to be made of a large capture")
        (folder / "taken").write_bytes(bytes(ROOM - 4096))
    large = folder.parent / f"{folder.name}-large.pcap"
    large.write_bytes(HEADER + b"".join(map(packet, range(30_000 if ending == "parquet" else 4000))))
    out = folder / f"x.{ending}"
    code, said = told(start("export", large, "-o", out, preexec_fn=first))
    assert (code, said) == (1, f"error: {out}: {os.strerror(27 if first else 28)}\n")
    assert [file.name for file in folder.iterdir() if file.name != "taken"] == []
    large.unlink()


def test_a_log_of_pings_ends_with_a_whole_line(full):
    folder, first = full
    log = folder / "log"
    log.write_bytes(b"x" * (ROOM - 6000 - 1) + b"\n")
    code, said = told(
        start(
            "ping",
            "-q",
            "-n",
            20,
            "-i",
            "10ms",
            "127.0.0.1",
            "--log",
            log,
            stdout=subprocess.DEVNULL,
            preexec_fn=first,
        )
    )
    if "cannot send" in said or "needs" in said:
        pytest.skip("pings may not be sent here")
    assert code == 0, said
    assert "the log ends here" in said
    lines = log.read_bytes()[ROOM - 6000 :]
    assert lines.endswith(b"\n")
    assert all(json.loads(line)["event"] == "reply" for line in lines.splitlines())


def test_stderr_that_cannot_be_written_ends_no_command_with_a_traceback():
    with open("/dev/full", "wb") as nowhere:  # noqa: PTH123 - a device
        done = subprocess.run([*PROGRAM, "read", "nothing.pcap"], stderr=nowhere, check=False)
        assert done.returncode == 1


# --- nobody reads


COMMANDS = {
    "read": ("read", "{}"),
    "json": ("read", "--json", "{}"),
    "tree": ("read", "-v", "{}"),
    "jobs": ("read", "--jobs", "2", "{}"),
    "summary": ("summary", "{}"),
    "shared": ("summary", "--jobs", "2", "{}"),
    "query": ("query", "--json", "select * from messages", "{}"),
    "lookup": ("lookup", "--all"),
    "decode": ("decode", "0800f7fd00010001"),
    "help": ("--help",),
    "version": ("--version",),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_output_that_nobody_reads_is_no_failure(capture, name):
    if name == "query":
        pytest.importorskip("duckdb")
    reader, writer = os.pipe()
    os.close(reader)
    code, said = told(start(*(word.format(capture) for word in COMMANDS[name]), stdout=writer))
    os.close(writer)
    assert code == 0
    assert "Traceback" not in said
    assert "Broken" not in said


@pytest.mark.parametrize("name", COMMANDS)
def test_output_that_was_closed_before_is_no_failure(capture, name):
    if name == "query":
        pytest.importorskip("duckdb")
    words = [word.format(capture) for word in COMMANDS[name]]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *PROGRAM, *words],  # noqa: S607 - the shell's path finds it
        capture_output=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr


# --- signals

DELAYS = (0.15, 0.35, 0.6, 1.0)
"""Seconds; with DISSECTOR_LONG every fiftieth of a second."""
BLINK = 0.01
"""Seconds between two moments that a busy machine does not tell apart."""
INTERRUPTED = {
    **{name: COMMANDS[name] for name in ("read", "json", "jobs", "summary", "shared", "query")},
    "parquet": ("export", "{}", "-o", "x.parquet"),
    "pcapng": ("export", "{}", "-o", "x.pcapng"),
    "where": ("export", "--where", "type = 8", "{}", "-o", "x.csv"),
}
if os.environ.get("DISSECTOR_LONG"):
    DELAYS = tuple(place / 50 for place in range(2, 120))


def delays(words: list[str]) -> tuple[float, ...]:
    """Return moments while a command is at work, and those that are the same for all; it has been done once then."""
    began = time.monotonic()
    assert told(start(*words, stdout=subprocess.DEVNULL))[0] == 0
    took = time.monotonic() - began
    if words[0] == "export":
        Path(words[-1]).unlink()
    return (*(took * part for part in (0.3, 0.6, 0.9)), *DELAYS)


def test_all_processes_of_a_summary_stop_at_the_same_message(tmp_path):
    file, count = tmp_path / "large.pcap", 60 * 4000
    file.write_bytes(HEADER + b"".join(map(packet, range(4000))) * 60)
    words = ["summary", "--json", "--jobs", "2", file]
    whole = (0.0, 2 * max(delays(words)))
    (early, late), counts = whole, []
    for _ in range(40):
        if late - early < BLINK:  # the machine has become slower or faster meanwhile
            early, late = whole
        delay = (early + late) / 2
        process = start(*words, stdout=subprocess.PIPE)
        timer = threading.Timer(delay, process.send_signal, [signal.SIGINT])
        timer.start()
        written, said = process.communicate(timeout=PATIENCE)
        timer.cancel()
        assert "Traceback" not in said.decode()
        parts = {part["part"]: part for part in map(json.loads, written.splitlines())}
        seen = sum(line["count"] for line in parts["types"]["types"]) if parts else 0
        if parts:
            assert seen == sum(line["sent"] for line in parts["exchanges"]["kinds"])
        if not seen:
            early = delay
        elif seen == count:
            late = delay
        else:
            assert process.returncode == 128 + signal.SIGINT
            counts.append(seen)
            if len(counts) > 2:
                break
    assert counts


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", INTERRUPTED)
def test_a_signal_at_any_moment_leaves_what_is_whole(tmp_path, capture, name, number):
    if name in {"query", "where"}:
        pytest.importorskip("duckdb")
    words = [word.format(capture) for word in INTERRUPTED[name]]
    words = [str(tmp_path / word) if word.startswith("x.") else word for word in words]
    codes = set()
    for delay in delays(words):
        out = tmp_path / "out"
        with out.open("wb") as stream:
            process = start(*words, stdout=stream)
            timer = threading.Timer(delay, process.send_signal, [number])
            timer.start()
            code, said = told(process)
            timer.cancel()
        codes.add(code)
        # By the system, before the program is there or when it has done all; or in an orderly way.
        assert code in {0, -number, 128 + number}, said
        if code == 128 + number:
            # duckdb tells what it leaks when it is left half imported.
            said = said.partition("nanobind: leaked")[0]
            assert "Traceback" not in said
            assert "Exception" not in said
        written = out.read_bytes()
        assert whole_lines(written)
        if "--json" in words:
            assert all(json.loads(line) for line in written.splitlines())
        if name in {"parquet", "pcapng", "where"}:
            file = Path(words[-1])
            assert [one.name for one in tmp_path.iterdir() if one != out] == (
                [file.name] if file.exists() else []
            )
            if not file.exists() and code == 128 + number and said.strip():
                assert "was not written" in said
            file.unlink(missing_ok=True)
    assert codes - {0}


SWALLOWED = """
import os, signal, time
from dissector.cli.endings import ENDINGS, Ended

class Late:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)

ENDINGS.begin()
try:
    Late()
    time.sleep(PATIENCE)
except Ended:
    print(ENDINGS.end(0))
"""


def test_a_signal_that_comes_within_a_destructor_is_not_lost():
    code = SWALLOWED.replace("PATIENCE", str(PATIENCE))
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (f"{128 + signal.SIGTERM}\n", "")


AT_THE_END = """
import os, signal, sys
from dissector import cli
from dissector.cli.endings import Endings

def late(function, once=[]):
    def first(*args):
        if not once:
            once.append(function)
            os.kill(os.getpid(), signal.SIGTERM)
        return function(*args)
    return first

sys.argv = ["dissector", "lookup", "3/4"]
Endings.NAME = late(Endings.NAME)
cli.main()
"""


@pytest.mark.parametrize("name", ["end", "_no_alarm"])
def test_a_signal_that_comes_when_all_is_done_is_told_by_the_exit_code_alone(name):
    code = AT_THE_END.replace("NAME", name)
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (128 + signal.SIGTERM, "")
    assert "Fragmentation" in done.stdout


def test_a_signal_is_said_with_what_is_missing(capture):
    process = start("read", "-v", capture, "nothing.pcap", stdout=subprocess.PIPE)
    process.stdout.readline()  # it has begun
    process.send_signal(signal.SIGTERM)
    written, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + signal.SIGTERM
    assert f"{capture}: stopped by SIGTERM within the first 4000 packets" in said.decode()
    assert "the rest is missing" in said.decode()
    assert "1 of 2 captures were read or begun; the others are missing" in said.decode()
    assert written.endswith(b"\n")


def test_a_reader_that_stands_still_does_not_keep_a_signal_waiting(capture):
    process = start("read", "-v", capture, stdout=subprocess.PIPE)
    time.sleep(1)  # the pipe is full by then
    process.send_signal(signal.SIGTERM)
    process.wait(PATIENCE)
    process.communicate()
    assert process.returncode == 128 + signal.SIGTERM


def test_an_interrupt_that_is_ignored_stays_ignored(capture):
    process = start(
        "read",
        capture,
        stdout=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    written, _ = process.communicate(timeout=PATIENCE)
    assert (process.returncode, written.count(b"\n")) == (0, 4000)


# --- workers


def children(number: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{number}/task/{number}/children").read_text().split()]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="children are found by /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("command", [("read", "--no-pairs"), ("summary",)], ids=lambda words: words[0])
def test_a_worker_that_is_killed_is_said_in_a_sentence(tmp_path, command, number):
    file = tmp_path / "large.pcap"
    record = packet(0)
    file.write_bytes(HEADER + record * (12_000_000 // len(record)))
    process = start(*command, "--jobs", "2", file, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE
    while not (workers := children(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.001)
    process.send_signal(signal.SIGSTOP)  # who does not go on does not end its workers
    os.kill(workers[0], number)
    process.send_signal(signal.SIGCONT)
    code, said = told(process)
    assert code == 1
    assert said.splitlines()[-1].startswith("error: a process of --jobs has ended")
    assert said.count("\n") == 1
    for worker in workers:
        assert not Path(f"/proc/{worker}").exists()


# --- clocks


def test_a_clock_that_steps_back_stops_nothing(tmp_path, dissector):
    file = tmp_path / "back.pcap"
    seconds = [0, 10, 20, -3600, -3599, 5, -1_699_999_999, 30]
    file.write_bytes(HEADER + b"".join(packet(number, second) for number, second in enumerate(seconds)))
    for options in ((), ("-t", "r"), ("-t", "d"), ("--json",), ("-v",)):
        run = dissector("read", *options, file)
        assert run.code == 0, run.err
        assert "8 packets read, 8 ICMP" in run.err
    assert dissector("summary", file).code == 0
    for ending in ("csv", "pcap", "pcapng", "jsonl"):
        out = tmp_path / f"again.{ending}"
        assert dissector("export", file, "-o", out).code == 0
        if ending.startswith("pcap"):
            with open_capture(out) as reader:
                times = [time for block in reader for time in block.records.time_ns[: block.count].tolist()]
            assert [ns // 10**9 - 1_700_000_000 for ns in times] == seconds


# --- files that change while they are read


CUT = 3 * SIZE
"""Octets of a capture that is cut."""


def cut_while_read(tmp_path, left: int, *options: str) -> tuple[int, str]:
    """Read a capture of several windows that is cut when the first has been shown."""
    file = tmp_path / "cut.pcap"
    record = packet(0)
    file.write_bytes(HEADER + record * (CUT // len(record)))
    process = start("read", "--no-pairs", *options, file, stdout=subprocess.PIPE)
    process.stdout.readline()
    os.truncate(file, left)
    return told(process)


@pytest.mark.parametrize("odd", [0, 10])
def test_a_file_that_is_cut_while_it_is_read_is_said(tmp_path, odd):
    record = packet(0)
    left = len(HEADER) + len(record) * (2 * SIZE // len(record)) + odd
    code, said = cut_while_read(tmp_path, left)
    assert code == 0
    size = len(HEADER) + CUT // len(record) * len(record)
    assert f"it was cut from {size} to {left} octets while it was read" in said
    assert ("octets short" in said) == bool(odd)
    assert cut_while_read(tmp_path, left, "--strict")[0] == 2


# --- interfaces


def inside(space: str, *words: object) -> list[str]:
    return ["ip", "netns", "exec", space, *map(str, words)]


@pytest.fixture
def space():
    """Return a namespace with a pair of interfaces between which pings go."""
    if os.geteuid() or not shutil.which("ip"):
        pytest.skip("namespaces take root and ip(8)")
    name = f"faults-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False)  # noqa: S607 - the shell's path finds it
    if made.returncode:
        pytest.skip(f"no namespaces here: {made.stderr.decode().strip()}")
    for words in (
        "link set lo up",
        "link add west type veth peer name east",
        "link set west up",
        "link set east up",
    ):
        subprocess.run(inside(name, "ip", *words.split()), check=True)
    yield name
    subprocess.run(["ip", "netns", "del", name], check=True)  # noqa: S607 - the shell's path finds it


def test_an_interface_that_is_removed_ends_nothing(space, tmp_path):
    file = tmp_path / "x.pcapng"
    process = subprocess.Popen(
        inside(space, *PROGRAM, "sniff", "-i", "west", "-i", "lo", "-w", file, "--user", "root"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    deadline = time.monotonic() + PATIENCE
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    subprocess.run(inside(space, "ip", "link", "del", "west"), check=True)
    time.sleep(0.5)
    subprocess.run(
        inside(space, "ping", "-c", 2, "-i", 0.2, "127.0.0.1"), stdout=subprocess.DEVNULL, check=True
    )
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    written, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "west" in said.decode()
    assert "Traceback" not in said.decode()
    assert b"Echo" in written
    with open_capture(file) as reader:
        assert sum(block.count for block in reader) >= 4
        assert reader.report.whole


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_any_moment_leaves_a_whole_capture_and_whole_lines(space, tmp_path, number):
    for delay in DELAYS:
        file = tmp_path / "x.pcapng"
        pings = subprocess.Popen(
            inside(space, "ping", "-q", "-i", 0.002, "127.0.0.1"), stdout=subprocess.DEVNULL
        )
        process = subprocess.Popen(
            inside(space, *PROGRAM, "sniff", "-i", "lo", "--json", "-w", file, "--user", "root"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        timer = threading.Timer(delay + 0.5, process.send_signal, [number])
        timer.start()
        written, said = process.communicate(timeout=PATIENCE)
        timer.cancel()
        pings.terminate()
        pings.wait()
        assert process.returncode in {0, -number, 128 + number}
        assert whole_lines(written)
        messages = [json.loads(line) for line in written.splitlines()]
        if file.exists() and file.stat().st_size:
            with open_capture(file, strict=True) as reader:
                assert sum(block.count for block in reader) >= len(messages)
            file.unlink()
        if process.returncode == 0:
            assert "received by the kernel" in said.decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_pings_with_whole_lines(space, tmp_path, number):
    for delay in DELAYS:
        log = tmp_path / "log"
        process = subprocess.Popen(
            inside(space, *PROGRAM, "ping", "--json", "--forever", "-i", "2ms", "--log", log, "127.0.0.1"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        threading.Timer(delay + 0.3, process.send_signal, [number]).start()
        written, said = process.communicate(timeout=PATIENCE)
        assert process.returncode in {0, 1, -number, 128 + number}
        assert b"Traceback" not in said or process.returncode == -number
        for octets in (written, log.read_bytes() if log.exists() else b""):
            assert whole_lines(octets)
            assert all(json.loads(line) for line in octets.splitlines())
        log.unlink(missing_ok=True)
