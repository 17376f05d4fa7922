"""The whole table of speeds: ``python benchmarks/run.py [FOLDER] [--scale 1] [--write docs/performance.md]``.

Each row is a ratio with its goal. Both sides are run in turn, several times, and the least time of each counts: CPU
time of the whole process (user and system), or of the loop alone where a row says so, which other load on the machine
changes less than the time that passes. Peers that are not installed are left out. Captures are made once, into FOLDER.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from loops import FILTERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

PYTHON = sys.executable
LOOPS = str(Path(__file__).with_name("loops.py"))
CAPTURES = str(Path(__file__).with_name("captures.py"))
TSHARK_PACKETS, DPKT_PACKETS, SCAPY_PACKETS, SINGLE_PACKETS = 100_000, 100_000, 10_000, 100_000
VARIANTS = ("pcapng", "nanoseconds", "big-endian", "vlan", "ipv6", "cooked")
MIB = 150
QUICK = 4.0
"""Seconds for a row: what is done sooner is done again, for the least of a few short times is chance."""


class Row(NamedTuple):
    """One line of the table.

    Attributes:
        what: is measured.
        against: what.
        ours, theirs: seconds (or MiB), None where a peer is not installed.
        ratio: how many times as good.
        goal: what it should be.
        least: whether the goal is the least; else it is the most.
        unit: of ours and theirs.
    """

    what: str
    against: str
    ours: float
    theirs: float
    ratio: float
    goal: float
    least: bool = True
    unit: str = "s"

    @property
    def reached(self) -> bool:
        """Whether the goal is reached."""
        return self.ratio >= self.goal if self.least else self.ratio <= self.goal


class Usage(NamedTuple):
    """What a process took: CPU seconds, seconds that passed, and MiB at most."""

    cpu: float
    passed: float
    memory: float


class Bench:
    """Runs things several times.

    Args:
        folder: where the captures are.
        repeat: how often, at least; only so often if that is once.
    """

    def __init__(self, folder: Path, repeat: int) -> None:
        self.folder = folder
        self.repeat = repeat
        # As installed: with its bytecode kept.
        self.env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def file(self, name: str) -> str:
        """Return the path of a capture."""
        return str(self.folder / f"{name}.pcap")

    def least(self, *sides: Callable[[], float]) -> list[float]:
        """Run the sides in turn; return the least of each."""
        runs: list[list[float]] = []
        began = time.monotonic()
        while len(runs) < self.repeat or (self.repeat > 1 and time.monotonic() - began < QUICK):
            runs.append([side() for side in sides])
        return [min(values) for values in zip(*runs, strict=True)]

    def process(self, *command: str, **env: str) -> Usage:
        """Run a command, its output thrown away."""
        began = time.monotonic()
        null = subprocess.DEVNULL
        with subprocess.Popen(command, stdout=null, stderr=null, env=self.env | env) as running:  # noqa: S603 - our own
            _, _, used = os.wait4(running.pid, 0)
            running.returncode = 0
        return Usage(used.ru_utime + used.ru_stime, time.monotonic() - began, used.ru_maxrss / 1024)

    def cpu(self, *command: str) -> Callable[[], float]:
        """Return what runs a command and returns its CPU time."""
        return lambda: self.process(*command).cpu

    def passed(self, *command: str) -> Callable[[], float]:
        """Return what runs a command and returns the time that passes."""
        return lambda: self.process(*command).passed

    def loop(self, name: str, file: str, most: int = 0, **env: str) -> list[float]:
        """Run a loop of loops.py; return its seconds, what it met, and its memory."""
        command = [PYTHON, LOOPS, name, self.file(file), *([str(most)] if most else [])]
        done = subprocess.run(command, check=True, capture_output=True, env=self.env | env)  # noqa: S603 - our own
        found: list[float] = json.loads(done.stdout)
        return found

    def seconds(self, name: str, file: str) -> Callable[[], float]:
        """Return what runs a loop and returns its CPU time."""
        return lambda: self.loop(name, file)[0]

    def each(self, name: str, file: str, most: int = 0, **env: str) -> Callable[[], float]:
        """Return what runs a loop and returns its CPU time for each thing it met."""

        def run() -> float:
            seconds, number, _ = self.loop(name, file, most, **env)
            return seconds / number

        return run


def dissector(*arguments: str) -> tuple[str, ...]:
    """Return the command, as installed where it is."""
    script = Path(PYTHON).with_name("dissector")
    return (str(script), *arguments) if script.exists() else (PYTHON, "-m", "dissector", *arguments)


def installed(name: str) -> bool:
    """Return whether a peer is here: a program or a library."""
    try:
        return bool(shutil.which(name) or version(name))
    except PackageNotFoundError:
        return False


def scans(bench: Bench) -> Iterator[Row]:
    """Yield the rows of scanning."""
    for name in ("icmp", "mixed"):
        if installed("tcpdump"):
            ours, theirs = bench.least(
                bench.seconds("scan", name), bench.cpu("tcpdump", "-nr", bench.file(name), "--count", "icmp")
            )
            yield Row(
                f"scan {name}, all columns (loop)", "tcpdump --count icmp", ours, theirs, theirs / ours, 3
            )
        if installed("capinfos"):
            ours, theirs = bench.least(
                bench.seconds("scan", name), bench.cpu("capinfos", "-c", bench.file(name))
            )
            yield Row(f"scan {name}, all columns (loop)", "capinfos -c", ours, theirs, theirs / ours, 1)
    ours, theirs = bench.least(bench.seconds("scan", "mixed"), bench.seconds("readinto", "mixed"))
    yield Row("scan mixed (loop)", "readinto of the file", ours, theirs, theirs / ours, 0.4)


def texts(bench: Bench) -> Iterator[Row]:
    """Yield the rows of lines and JSON."""
    lines = bench.cpu(*dissector("read", bench.file("icmp")))
    if installed("tcpdump"):
        for name, goal in (("icmp", 4), ("mixed", 1)):
            ours, theirs = bench.least(
                bench.cpu(*dissector("read", bench.file(name))),
                bench.cpu("tcpdump", "-nr", bench.file(name), "icmp"),
            )
            yield Row(f"read {name}, lines", "tcpdump -nr F icmp", ours, theirs, theirs / ours, goal)
    ours, theirs = bench.least(bench.cpu(*dissector("read", bench.file("hosts"))), lines)
    yield Row(
        "read, 60,000 addresses", "read, 1,000 addresses", ours, theirs, ours / theirs, 1.1, least=False
    )
    if installed("tshark"):
        number = bench.loop("scan", "icmp")[1]
        most = min(TSHARK_PACKETS, int(number))
        tshark = ("tshark", "-r", bench.file("icmp"), "-c", str(most), "-T", "ek", "-Y", "icmp")
        ours, theirs = bench.least(
            bench.cpu(*dissector("read", "--json", bench.file("icmp"))), bench.cpu(*tshark)
        )
        ours, theirs = 1e6 * ours / number, 1e6 * theirs / most
        yield Row(
            "read --json, a message", "tshark -T ek -Y icmp", ours, theirs, theirs / ours, 40, unit="µs"
        )


def objects(bench: Bench) -> Iterator[Row]:
    """Yield the rows of typed messages and columns."""
    for peer, most, goal in (("dpkt", DPKT_PACKETS, 4), ("scapy", SCAPY_PACKETS, 50)):
        if installed(peer):
            ours, theirs = bench.least(
                bench.each("read", "icmp", DPKT_PACKETS), bench.each(peer, "icmp", most)
            )
            ratio = theirs / ours
            yield Row(
                "typed message (loop)", f"{peer} packet", 1e6 * ours, 1e6 * theirs, ratio, goal, unit="µs"
            )
    ours, theirs = bench.least(bench.each("columns", "plain"), bench.each("single", "plain"))
    yield Row(
        "columns of echoes (loop)", "single messages", 1e6 * ours, 1e6 * theirs, theirs / ours, 100, unit="µs"
    )
    if installed("dpkt"):
        interpreted = bench.each("scan", "plain", DISSECTOR_KERNEL="interpreted")
        ours, theirs = bench.least(interpreted, bench.each("dpkt", "plain", DPKT_PACKETS))
        yield Row(
            "scan, kernel interpreted (loop)",
            "dpkt packet",
            1e6 * ours,
            1e6 * theirs,
            theirs / ours,
            1,
            unit="µs",
        )


def jobs(bench: Bench) -> Iterator[Row]:
    """Yield the rows of several processes and of memory."""
    file = bench.file("icmp")
    ours, theirs = bench.least(
        bench.passed(*dissector("read", "--jobs", "2", file)), bench.passed(*dissector("read", file))
    )
    yield Row("read --jobs 2 (time that passes)", "one job", ours, theirs, theirs / ours, 1.7)
    for name, most in (
        ("read", bench.process(*dissector("read", file)).memory),
        ("read --json", bench.process(*dissector("read", "--json", file)).memory),
        ("scan icmp", bench.loop("scan", "icmp")[2]),
        ("scan mixed", bench.loop("scan", "mixed")[2]),
    ):
        yield Row(f"memory of {name}", f"{MIB} MB", most, MIB, most / MIB, 1, least=False, unit="MB")


def analyses(bench: Bench) -> Iterator[Row]:
    """Yield the rows of summaries, Parquet and display filters."""
    file = bench.file("icmp")
    if installed("tshark"):
        for options, clock, run in (
            ((), "time that passes", bench.passed),
            (("--jobs", "1"), "CPU", bench.cpu),
        ):
            tshark = run("tshark", "-q", "-n", "-z", "icmp,srt", "-r", file)
            ours, theirs = bench.least(run(*dissector("summary", *options, file)), tshark)
            what = " ".join(("summary", *options))
            yield Row(f"{what} ({clock})", "tshark -z icmp,srt", ours, theirs, theirs / ours, 20)
    number = bench.loop("scan", "icmp")[1]
    with tempfile.TemporaryDirectory(dir=bench.folder) as folder:
        export = dissector("export", "-o", str(Path(folder, "messages.parquet")), file)
        ours, theirs = bench.least(bench.cpu(*export), bench.seconds("scan", "icmp"))
    yield Row("export to Parquet", "scan (loop)", ours, theirs, ours / theirs, 3, least=False)
    ours, theirs = 1e6 * ours / number, 0.5
    yield Row("export to Parquet, a message", "2 million a second", ours, theirs, theirs / ours, 1, unit="µs")
    scan = bench.each("scan", "icmp")
    found = []
    for which, text in enumerate(FILTERS if bench.repeat > 1 else FILTERS[:2], 1):
        ours, theirs = bench.least(bench.each("choose", "icmp", which), scan)
        found.append((ours / theirs, ours, theirs, text))
    found.sort()
    for name, (ratio, ours, theirs, text) in (("median", found[len(found) // 2]), ("dearest", found[-1])):
        what = f"scan -Y '{text}' ({name} of {len(found)}, loop)"
        yield Row(what, "scan (loop)", 1e9 * ours, 1e9 * theirs, ratio, 1.3, least=False, unit="ns")


def starts(bench: Bench) -> Iterator[Row]:
    """Yield the rows of starting."""
    for arguments in (("lookup", "3/4"), ("--help",)):
        ours, theirs = bench.least(bench.cpu(*dissector(*arguments)), bench.cpu(PYTHON, "-c", "pass"))
        what = " ".join(arguments)
        yield Row(what, "python -c pass", 1e3 * ours, 1e3 * theirs, ours / theirs, 6, least=False, unit="ms")
        yield Row(what, "100 ms", 1e3 * ours, 100, ours / 0.1, 1, least=False, unit="ms")
    if installed("tshark"):
        ours, theirs = bench.least(
            bench.cpu(*dissector("read", bench.file("ten"))), bench.cpu("tshark", "-r", bench.file("ten"))
        )
        yield Row("read, ten packets", "tshark", 1e3 * ours, 1e3 * theirs, theirs / ours, 1, unit="ms")


def variants(bench: Bench) -> Iterator[Row]:
    """Yield the rows of other containers, links and families."""
    for name in VARIANTS:
        ours, theirs = bench.least(bench.each("scan", name), bench.each("scan", "plain"))
        ratio, ours, theirs = ours / theirs, 1e9 * ours, 1e9 * theirs
        yield Row(
            f"scan {name}, a packet (loop)", "plain pcap", ours, theirs, ratio, 1.5, least=False, unit="ns"
        )


PARTS = (scans, texts, objects, jobs, analyses, starts, variants)


def machine() -> list[str]:
    """Return what it was measured on."""
    model = next(
        (line.partition(": ")[2] for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor() or platform.machine(),
    )
    peers = []
    for name in ("tcpdump", "tshark", "capinfos"):
        if shutil.which(name):
            done = subprocess.run([name, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - named above
            peers.append((done.stdout or done.stderr).partition("\n")[0].rstrip("."))
    peers += [
        f"{name} {version(name)}" for name in ("dpkt", "scapy", "numpy", "dissector") if installed(name)
    ]
    return [
        f"{model}, {os.cpu_count()} processors, {platform.system()} {platform.release()}",
        f"Python {platform.python_version()}; {'; '.join(peers)}",
        f"load {os.getloadavg()[0]:.1f} before the first run" if hasattr(os, "getloadavg") else "",
    ]


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text().splitlines() if file.exists() else []


def shown(row: Row) -> tuple[str, ...]:
    """Return the cells of a row."""
    goal = f"{'≥' if row.least else '≤'} {row.goal:g}"
    return (
        row.what,
        f"{row.ours:.3g} {row.unit}",
        row.against,
        f"{row.theirs:.3g} {row.unit}",
        f"{row.ratio:.2f}",
        goal,
        "yes" if row.reached else "**no**",
    )


HEAD = ("what", "takes", "against", "takes", "ratio", "goal", "reached")


def page(title: str, script: str, rows: Iterable[Sequence[str]], about: list[str], scale: float) -> str:
    """Return a page of docs/: a table, where it comes from, and the notes beside the script."""
    notes = Path(__file__).with_name(f"{script}-notes.txt").read_text(encoding="utf-8")
    today = datetime.now(UTC).date().isoformat()
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in (HEAD, ["---"] * len(HEAD), *rows))
    facts = "\n".join(f"- {line}" for line in [*about, f"{today}, scale {scale:g}"] if line)
    return f"# {title}\n\nWritten by `benchmarks/{script}.py`.\n\n{facts}\n\n{table}\n\n{notes}"


def main() -> None:
    """Run all rows and print them as they come."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "folder", type=Path, nargs="?", default=Path(tempfile.gettempdir()) / "dissector-benchmarks"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="of the captures; 1 makes 3 GB")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the table into a page")
    arguments = parser.parse_args()
    about = machine()
    folder = arguments.folder / f"{arguments.scale:g}"
    # In a process of its own: on Linux the memory of this one would count as that of all that it starts.
    subprocess.run([PYTHON, CAPTURES, folder, str(arguments.scale)], check=True)  # noqa: S603 - our own
    bench = Bench(folder, arguments.repeat)
    rows = []
    for part in PARTS:
        for row in part(bench):
            rows.append(row)
            print(" | ".join(shown(row)), flush=True)
    if arguments.write:
        arguments.write.write_text(
            page("Performance", "run", map(shown, rows), about, arguments.scale), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
