"""Damaged and hostile captures, read by this program and its peers: ``python benchmarks/hostile.py [FOLDER]``.

Every program reads every mutant in a process of its own and shows all it knows of each packet. Counted is how that
ends: well or with an error told; in a traceback; killed by a signal; not at all. Time is CPU time of all mutants
together, memory the most that any of them took. Mutants are those of ``tests/fuzz/mutate.py``, the same in each run.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from fuzz.mutate import mutants  # noqa: E402 - the tests' folder is no package

PATIENCE = 60
"""Seconds until a program hangs."""
LARGEST = 1 << 20
"""Octets of a capture of which mutants are made."""
MIB = 1024
"""KiB."""

SCAPY = """
import sys
from scapy.all import PcapReader
from scapy.error import Scapy_Exception
try:
    with PcapReader(sys.argv[1]) as reader:
        for packet in reader:
            packet.show(dump=True)
except Scapy_Exception as error:
    sys.exit(f"error: {error}")
"""
DPKT = """
import sys, dpkt
kinds = {1: dpkt.ethernet.Ethernet, 12: dpkt.ip.IP, 101: dpkt.ip.IP, 113: dpkt.sll.SLL}
try:
    with open(sys.argv[1], "rb") as file:
        reader = dpkt.pcap.UniversalReader(file)
        kind = kinds.get(reader.datalink(), dpkt.ethernet.Ethernet)
        for _, octets in reader:
            try:
                repr(kind(octets))
            except dpkt.UnpackError:
                pass
except (dpkt.UnpackError, ValueError) as error:
    sys.exit(f"error: {error}")
"""
"""What the two document that they raise is caught."""


class Program(NamedTuple):
    """What reads captures.

    Attributes:
        name: what it is called, with its version.
        command: how it is begun; the capture follows.
    """

    name: str
    command: tuple[str, ...]


class Outcome(NamedTuple):
    """How a program ended.

    Attributes:
        code: its exit code; negative: the signal that killed it.
        hung: whether it had to be ended.
        traceback: whether it ended in one.
        seconds: of CPU time.
        kib: of memory, at most.
    """

    code: int
    hung: bool
    traceback: bool
    seconds: float
    kib: int


def programs() -> Iterator[Program]:
    """Yield those that are installed."""
    yield Program(f"dissector {of('dissector')}", (sys.executable, "-P", "-m", "dissector", "read", "-v"))
    if shutil.which("tshark"):
        yield Program(f"tshark {said('tshark', '--version').split()[2]}", ("tshark", "-n", "-V", "-r"))
    if shutil.which("tcpdump"):
        yield Program(
            f"tcpdump {said('tcpdump', '--version').split()[2]}", ("tcpdump", "-n", "-vvv", "-X", "-r")
        )
    for package, code in (("scapy", SCAPY), ("dpkt", DPKT)):
        if found := of(package):
            yield Program(f"{package} {found}", (sys.executable, "-P", "-c", code))


def of(package: str) -> str:
    """Return the version of a package; empty if it is not installed."""
    if package == "dissector":
        from dissector import __version__

        return __version__
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def said(*command: str) -> str:
    """Return what a command says of itself."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - names of peers
    return done.stdout or done.stderr


def run(program: Program, file: Path) -> Outcome:
    """Have a program read a capture."""
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(  # noqa: S603 - peers, and files made here
            [*program.command, str(file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
        )
        hung = threading.Event()

        def end() -> None:
            hung.set()
            process.kill()

        watch = threading.Timer(PATIENCE, end)
        watch.start()
        _, status, used = os.wait4(process.pid, 0)
        watch.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        complaints.seek(0)
        traceback = b"Traceback (most recent call last)" in complaints.read()
    return Outcome(
        process.returncode, hung.is_set(), traceback, used.ru_utime + used.ru_stime, used.ru_maxrss
    )


def captures(folder: Path) -> list[Path]:
    """Return the captures of a folder, in the order of their names."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in {".pcap", ".pcapng", ".cap"})
    return [path for path in files if path.stat().st_size <= LARGEST]


def table(rows: dict[Program, list[Outcome]]) -> Iterator[str]:
    """Yield the lines of the table."""
    yield "| program | told | traceback | killed | hung | CPU s | most memory MiB |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for program, outcomes in rows.items():
        hung = sum(outcome.hung for outcome in outcomes)
        killed = sum(outcome.code < 0 and not outcome.hung for outcome in outcomes)
        traceback = sum(outcome.traceback for outcome in outcomes)
        told = len(outcomes) - hung - killed - traceback
        seconds = sum(outcome.seconds for outcome in outcomes)
        memory = max(outcome.kib for outcome in outcomes) / MIB
        yield f"| {program.name} | {told} | {traceback} | {killed} | {hung} | {seconds:.1f} | {memory:.0f} |"


def main() -> None:
    """Make the mutants, have them read, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "pcaps")
    parser.add_argument("--mutants", type=int, default=20, help="of each capture")
    parser.add_argument("--most", type=int, default=1000, help="captures to make mutants of, evenly chosen")
    given = parser.parse_args()
    chosen = captures(given.folder)
    chosen = chosen[:: max(len(chosen) // given.most, 1)][: given.most]
    rows: dict[Program, list[Outcome]] = {program: [] for program in programs()}
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "mutant")
        for path in chosen:
            for name, octets in mutants(path.name, path.read_bytes(), 0, given.mutants):
                file.write_bytes(octets)
                count += 1
                for program, outcomes in rows.items():
                    outcomes.append(outcome := run(program, file))
                    if outcome.hung or outcome.traceback or outcome.code < 0:
                        how = "hung" if outcome.hung else "traceback" if outcome.traceback else ""
                        how = how or signal.Signals(-outcome.code).name
                        print(f"{program.name}: {name}: {how}", file=sys.stderr)
    for line in table(rows):
        print(line)
    print()
    print(
        f"{count} mutants of {len(chosen)} captures, {datetime.now(UTC):%Y-%m-%d}, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    )


if __name__ == "__main__":
    main()
