"""What goes on while `sniff` listens: messages are shown, packets written, and signals end it or ask how it goes."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dissector.cli import warn
from dissector.cli.endings import ENDINGS
from dissector.present.live import captured, still_listening

if TYPE_CHECKING:
    from dissector.capture.live import Live, Tick
    from dissector.cli.showing import Output
    from dissector.cli.watching import Watch
    from dissector.export.rotation import Recorder

SECOND = 1_000_000_000
PATIENCE = 5 * SECOND
"""Nanoseconds without a message after which people are told that the program is not stuck."""
REST, MANY = 0.03, 8192
"""Seconds to let packets come together, unless that many have: what is done with them costs most by the time."""
DEVICES = Path("/proc/net/dev")
"""Where Linux counts packets, by interface."""


class Listening:
    """A capture that is under way.

    Args:
        live: the capture.
        output: what takes its messages.
        watch: whose view is to be kept up to date; None without one.
        recorder: what writes its packets; None for nothing.
        duration: nanoseconds until it ends; None for no end.
    """

    def __init__(
        self, live: Live, output: Output, watch: Watch | None, recorder: Recorder | None, duration: int | None
    ) -> None:
        self.live = live
        self.output = output
        self.watch = watch
        self.recorder = recorder
        self.begun = time.monotonic_ns()
        self.end = None if duration is None else self.begun + duration
        self.patient = sys.stderr.isatty() and watch is None
        self.before = passed(live.origin.file)
        self.asked = False

    def run(self) -> None:
        """Go on until there is enough, time is over, or a signal ends it."""
        with ENDINGS.instead(self.live.stop, ordinary=True), ENDINGS.answered(self.ask):
            for tick in self.live.ticks():
                self.take(tick)
                if self.output.enough:
                    break
                self.look_around()
                if 0 < sum(block.count for block in tick.blocks) < MANY:
                    time.sleep(REST)

    def take(self, tick: Tick) -> None:
        """Write and show what has come."""
        for notice in tick.notices:
            warn(notice)
        limited = self.output.left is not None
        if not limited:  # what is seen is in the file, whatever happens next
            self.record(tick, None)
        for batch in tick.batches:
            self.output.write(batch)
            if self.output.enough:
                break
        if limited:
            self.record(tick, self.output.last_frame if self.output.enough else None)

    def record(self, tick: Tick, last_frame: int | None) -> None:
        """Write the packets up to a frame, or all."""
        if self.recorder is not None:
            for block in tick.blocks:
                self.recorder.write(block, last_frame)

    def look_around(self) -> None:
        """Do what does not depend on packets."""
        now = time.monotonic_ns()
        if self.end is not None and now >= self.end:
            self.end = None
            self.live.stop()
        if self.asked:
            self.asked = False
            click.echo(captured(self.live.account), err=True)
        if self.patient and now - self.begun > PATIENCE:
            self.patient = False
            if not self.output.messages:
                click.echo(self.silence(), err=True)
        if self.watch is not None:
            self.watch.look(self.live)

    def silence(self) -> str:
        """Return what to tell people who have seen nothing so far."""
        names, account = self.live.origin.file, self.live.account
        now = passed(names)
        seen = account.received if now is None or self.before is None else now - self.before
        return still_listening(names, self.output.messages, seen, account.dropped)

    def ask(self) -> None:
        """Have the account shown: not here, where a line may be half written."""
        self.asked = True


def passed(names: str) -> int | None:
    """Return the packets that have passed some interfaces since they came up; None where that is not told.

    Args:
        names: with a comma between; ``any`` for all.
    """
    wanted = names.split(",")
    try:
        lines = DEVICES.read_text().splitlines()[2:]
    except OSError:
        return None
    count = 0
    for line in lines:
        name, _, numbers = line.partition(":")
        if name.strip() in wanted or wanted == ["any"]:
            columns = numbers.split()
            count += int(columns[1]) + int(columns[9])  # packets received and sent
    return count
