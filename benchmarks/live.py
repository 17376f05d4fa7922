"""The table of live speeds: ``python benchmarks/live.py [--scale 1] [--write docs/performance-live.md]``.

Linux, as root: hosts are network namespaces that it makes itself and takes away again. Each row is measured beside a
peer in the same run, several times, and the pair with the best ratio counts: other load on the machine disturbs both
sides, but not equally. Peers that are not installed are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from day import day
from run import Row, dissector, installed, machine, page
from run import shown as cells
from wire import Seen, chain, compared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SENDER = str(Path(__file__).with_name("sender.py"))
FLOOD_SECONDS, BURST, RATE, TARGETS, PROBES, HOPS = 5, 1_000_000, 100_000, 10_000, 500, 10
INTERVAL_MS = 1
"""Between two probes to different targets."""
US = 1e6
DAYS = (
    ("lines", "with answers tied to requests", 1.02),
    ("file", "-w -C 16MiB --keep 2", 1.02),
    ("live", "--live", 1.02),
    ("hosts", "--live, a new host each second", 3),
)
"""What a day is put into, and how much of the memory after the first minute the end may take."""


class Live:
    """What the rows share.

    Args:
        folder: for captures.
        scale: of counts and times.
        repeat: how often each is measured.
        day: seconds of the rows of memory.
    """

    def __init__(self, folder: Path, scale: float, repeat: int, day: float) -> None:
        self.folder = folder
        self.scale = scale
        self.repeat = repeat
        self.day = day

    def best(self, measured: Callable[[], Row]) -> Row:
        """Measure several times; return the row with the best ratio."""
        rows = [measured() for _ in range(self.repeat)]
        return (max if rows[0].least else min)(rows, key=lambda row: row.ratio)


def captures(live: Live) -> Iterator[Row]:
    """Yield the rows of `sniff` beside tcpdump, on the same wire at the same time."""
    if not installed("tcpdump"):
        return
    with chain(2) as (here, there):
        there.run("sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=1")
        (link,) = json.loads(there.run("ip", "-j", "link", "show", "p0"))
        sender = (sys.executable, SENDER, "n0", link["address"])

        def burst(rate: float = 0) -> object:
            return here.run(*sender, str(round(BURST * live.scale)), str(rate))

        def flood() -> object:
            hping = f"timeout -s INT {FLOOD_SECONDS * live.scale} hping3 -I n0 --icmp --flood -q 192.0.2.2"
            return here.run("sh", "-c", f"{hping} >/dev/null 2>&1 || true")

        kinds = [(f"echoes, {RATE:,} a second", lambda: burst(RATE)), ("burst of echoes", burst)]
        if installed("hping3"):
            kinds.insert(0, ("hping3 --icmp --flood", flood))
        for name, traffic in kinds:
            runs = [compared(there, live.folder, dissector(), traffic) for _ in range(live.repeat)]
            yield from captured(name, runs)


def captured(name: str, runs: list[tuple[Seen, Seen]]) -> Iterator[Row]:
    """Yield what several runs of one traffic say: the worst count and drops, and the best CPU time."""
    mine, theirs = min(runs, key=lambda run: run[0].packets / max(run[1].packets, 1))
    ratio = mine.packets / max(theirs.packets, 1)
    yield Row(f"{name}: packets", "tcpdump -w", mine.packets, theirs.packets, ratio, 1, unit="")
    mine, theirs = max(runs, key=lambda run: run[0].dropped)
    ratio = mine.dropped / max(theirs.dropped, 1)
    yield Row(f"{name}: dropped", "tcpdump -w", mine.dropped, theirs.dropped, ratio, 1, least=False, unit="")
    mine, theirs = min(runs, key=lambda run: run[0].cpu / max(run[1].cpu, 1e-9))
    ours, peer = (US * seen.cpu / max(seen.packets, 1) for seen in (mine, theirs))
    yield Row(
        f"{name}: CPU a packet", "tcpdump -w", ours, peer, ours / max(peer, 1e-9), 2, least=False, unit="µs"
    )


def many(live: Live) -> Iterator[Row]:
    """Yield the rows of many targets, one probe each, all of which answer."""
    if not installed("fping"):
        return
    count = round(TARGETS * live.scale)
    targets = live.folder / "targets"
    targets.write_text("".join(f"198.18.{number >> 8}.{number & 255}\n" for number in range(count)))
    first = live.folder / "target"
    first.write_text("198.18.0.0\n")
    with chain(2) as (here, there):
        there.run("ip", "route", "add", "local", "198.18.0.0/15", "dev", "lo")

        def timed(*command: str) -> tuple[float, str]:
            began = time.monotonic()
            # fping ends with 1 where one target has not answered: what it says is what counts.
            told = here.run("sh", "-c", '"$@" || true', "sh", *command)
            return time.monotonic() - began, told

        def probed(*command: str) -> tuple[float, float, str]:
            """Return the seconds that all targets take, those of one, and what is said of all."""
            one, _ = timed(*command, str(first))
            all_, told = timed(*command, str(targets))
            return all_, one, told

        def measured() -> tuple[Row, Row, Row]:
            rate = str(round(1000 / INTERVAL_MS))
            ours, start, said = probed(
                *dissector("ping"), "-c", "1", "--rate", rate, "--json", "-q", "--file"
            )
            theirs, begin, peer = probed("fping", "-r", "0", "-a", "-i", str(INTERVAL_MS), "-f")
            answers = sum(json.loads(line).get("received") == 1 for line in said.splitlines())
            alive = len(peer.splitlines())
            what = f"ping, {count:,} targets, a probe every {INTERVAL_MS} ms"
            return (
                Row(f"{what}: answers", "fping", answers, alive, answers / max(alive, 1), 1, unit=""),
                Row(f"{what}: time that passes", "fping", ours, theirs, ours / theirs, 1, least=False),
                Row(
                    f"{what}: beyond the time for one", "fping", ours - start, theirs - begin,
                    (ours - start) / (theirs - begin), 1, least=False,
                ),
            )  # fmt: skip

        runs = [measured() for _ in range(live.repeat)]
        answers, *times = zip(*runs, strict=True)
        yield min(answers, key=lambda row: row.ratio)
        for rows in times:
            yield min(rows, key=lambda row: row.ratio)


def round_trips(live: Live) -> Iterator[Row]:
    """Yield the row of round-trip times on an idle wire."""
    if not installed("ping"):
        return
    with chain(2) as (here, _):
        count = str(max(round(PROBES * live.scale), 10))

        def measured() -> Row:
            interval = ("-c", count, "-i", "0.01", "192.0.2.2")
            both = [here.begin(*dissector("ping"), "--json", *interval), here.begin("ping", *interval)]
            ours, theirs = (running.communicate()[0] for running in both)
            replies = [json.loads(line) for line in ours.splitlines()]
            mine = statistics.median(reply["rtt_ns"] / 1e3 for reply in replies if reply["event"] == "reply")
            peer = statistics.median(1e3 * float(text) for text in re.findall(r"time=([\d.]+) ms", theirs))
            away = abs(mine - peer)
            what = "round trip on an idle wire, median; µs apart"
            return Row(what, "ping", mine, peer, away, 50, least=False, unit="µs")

        yield live.best(measured)


def traced(_: Live) -> Iterator[Row]:
    """Yield the rows of a path of ten hops."""
    with chain(HOPS + 1) as (here, *_others):
        target = f"10.0.{HOPS - 1}.2"
        ours = hops(here.run(*dissector("trace"), "--json", target))
        peers = {"traceroute": ("-n", "-q", "1"), "mtr": ("-n", "-r", "-c", "1")}
        for peer, options in peers.items():
            if installed(peer):
                theirs = re.findall(
                    r"10\.0\.\d+\.2", "\n".join(here.run(peer, *options, target).splitlines()[1:])
                )
                same = ours == theirs
                yield Row(f"trace: the same {HOPS} hops", peer, len(ours), len(theirs), same, 1, unit="")


def hops(told: str) -> list[str]:
    """Return who answered, hop by hop, of the JSON lines of `trace`."""
    lines = map(json.loads, told.splitlines())
    return [answer["address"] for line in lines if line["part"] == "hop" for answer in line["answers"]]


def days(live: Live) -> Iterator[Row]:
    """Yield the rows of memory over a day."""
    seconds = round(live.day * live.scale)
    for name, words, goal in DAYS:
        early, late = day(name, seconds, live.folder)
        what = f"sniff {words}, {seconds:,} s of 1,000 packets a second: memory at the end"
        yield Row(what, "after a minute", late, early, late / early, goal, least=False, unit="MiB")


PARTS = (captures, many, round_trips, traced, days)


def shown(row: Row) -> tuple[str, ...]:
    """Return the cells of a row; counts as whole numbers."""
    what, ours, against, theirs, *rest = cells(row)
    if not row.unit:
        ours, theirs = f"{row.ours:,.0f}", f"{row.theirs:,.0f}"
    return what, ours, against, theirs, *rest


def main() -> None:
    """Run all rows and print them as they come."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--scale", type=float, default=1.0, help="of counts and times")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--day", type=float, default=86_400, help="seconds of packets of the rows of memory")
    parser.add_argument("--only", choices=[part.__name__ for part in PARTS], help="a part of the table")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the table into a page")
    arguments = parser.parse_args()
    if sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("ip"):
        parser.error("this takes Linux, root and ip")
    about = machine()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        live = Live(Path(folder), arguments.scale, arguments.repeat, arguments.day)
        for part in PARTS:
            if arguments.only in {None, part.__name__}:
                for row in part(live):
                    rows.append(row)
                    print(" | ".join(shown(row)), flush=True)
    if arguments.write:
        arguments.write.write_text(
            page("Performance, live", "live", map(shown, rows), about, arguments.scale), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
