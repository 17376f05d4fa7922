"""A day of packets for `sniff`, as fast as it takes them: ``python day.py lines|file|live|hosts SECONDS FOLDER``.

Packets come as ticks from a stand-in for the network: 1,000 a second by their times, echoes and replies between 250
hosts and one. Writes to standard error a line of JSON after each hour of them: seconds, and the memory of the process
in MiB; and in the end its memory after the first minute and now.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sender import echo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.capture.account import Account
    from dissector.capture.live import Tick

RATE = 1000
MINUTE = 60
HOUR = 60 * MINUTE
SECOND = 1_000_000_000
BEGIN = 1_700_000_000 * SECOND
HOSTS = 250
SIZE = 98
FILE = 16 << 20
"""Octets of a file before the next begins; two are kept."""
PAGE = 4096


def memory() -> float:
    """Return what the process has in memory now, in MiB."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE / (1 << 20)


class Source:
    """What stands in for a live capture: see :class:`dissector.capture.live.Live`.

    Args:
        seconds: how long it lasts.
        strangers: whether each second one asks who was never seen before.
        passing: as for :func:`dissector.capture.live.open_live`.

    Attributes:
        early, late: what the process had in memory after the first minute and at the end.
    """

    def __init__(self, seconds: int, *, strangers: bool, passing: bool) -> None:
        from dissector.batch import Origin
        from dissector.capture.records import Interface, Records, Report
        from dissector.capture.stream import Messages

        self.seconds = seconds
        self.strangers = strangers
        self.origin = Origin("day0", "live", [Interface(1, name="day0", resolution="ns")])
        self.early = self.late = 0.0
        self._messages = Messages(self.origin, tunnels=True, reassemble=True, passing=passing)
        self._report = Report()
        self._records = Records(RATE)
        self._records.start[:] = np.arange(RATE) * SIZE
        self._records.captured[:] = self._records.original[:] = SIZE
        queries = [echo(bytes(6), bytes(6), number) for number in range(RATE // 2)]
        rows = np.frombuffer(b"".join(query for query in queries for _ in range(2)), np.uint8).reshape(
            -1, SIZE
        )
        self._octets = rows.copy()
        self._octets[:, 29] = np.arange(RATE) // 2 % HOSTS
        replies = self._octets[1::2]
        replies[:, 26:30], replies[:, 30:34] = replies[:, 30:34].copy(), replies[:, 26:30].copy()
        replies[:, 34] = 0

    def ticks(self) -> Iterator[Tick]:
        """Hand out a tick for each second."""
        from dissector.capture.live import Tick
        from dissector.capture.records import Block

        for second in range(self.seconds):
            if self.strangers:  # of 172.16.0.0/12
                stranger = np.frombuffer((0xAC100000 + second % (1 << 20)).to_bytes(4, "big"), np.uint8)
                self._octets[0, 26:30] = self._octets[1, 30:34] = stranger
            self._records.time_ns[:] = BEGIN + second * SECOND + np.arange(RATE) * (SECOND // RATE)
            block = Block(memoryview(self._octets.tobytes()), self._records, RATE, second * RATE + 1, 0)
            self._report.packets += RATE
            yield Tick(tuple(self._messages.of(block)), (block,))
            if second == min(MINUTE, self.seconds // 2):
                self.early = memory()
            if (second + 1) % HOUR == 0:
                print(json.dumps([second + 1, memory()]), file=sys.stderr, flush=True)
        self.late = memory()
        yield Tick(tuple(self._messages.finish()))

    def stop(self) -> None:
        """Do nothing: it ends by itself."""

    @property
    def account(self) -> Account:
        """What there was so far."""
        return self._messages.account(self._report)


def listen(name: str, seconds: int, folder: Path) -> tuple[float, float]:
    """Let `sniff` take in a day; return its memory after the first minute and at the end."""
    from dissector.analysis.pairing import Pairing
    from dissector.cli import listening
    from dissector.cli.showing import Output, view
    from dissector.cli.watching import Watch
    from dissector.export.rotation import Limits, Recorder

    listening.REST = 0
    watch = Watch() if name in {"live", "hosts"} else None
    lines = view(tree=False, octets=False, as_json=False, time_style="a", name_files=False, color=False)
    source = Source(seconds, strangers=name == "hosts", passing=watch is None)
    output = Output(watch.text if watch else lines.text, None, None, line_buffered=False)
    output.pairing = None if watch else Pairing()
    with ExitStack() as stack:
        recorder = None
        if name == "file":
            limits = Limits(size=FILE, keep=2)
            recorder = stack.enter_context(
                Recorder(folder / "day.pcapng", source.origin.interfaces, lambda: [(0, 0)], limits)
            )
        listening.Listening(source, output, watch, recorder, None).run()  # type: ignore[arg-type]  # a stand-in
        return source.early, source.late


def day(name: str, seconds: int, folder: Path) -> tuple[float, float]:
    """Do that in a process of its own."""
    command = (sys.executable, __file__, name, str(seconds), str(folder))
    done = subprocess.run(  # noqa: S603 - our own
        command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    early, late = json.loads(done.stderr.splitlines()[-1])
    return early, late


def main() -> None:
    """Take in a day; lines go to standard output, so that the numbers go to standard error."""
    name, seconds, folder = sys.argv[1:]
    print(json.dumps(listen(name, int(seconds), Path(folder))), file=sys.stderr)


if __name__ == "__main__":
    main()
