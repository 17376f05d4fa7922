"""Where the events of probes go: lines or JSON on stdout, and a log that survives whatever ends the program."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from dissector.cli import warn
from dissector.present import ping
from dissector.present.jsonlines import dumps
from dissector.probe.events import Outcome

if TYPE_CHECKING:
    from dissector.cli.lines import Lines
    from dissector.probe.events import Event
    from dissector.probe.session import Session

COLORS = {
    Outcome.ERROR: "yellow",
    Outcome.TIMEOUT: "yellow",
    Outcome.FAILED: "red",
    Outcome.REFUSED: "red",
}


class Reporter:
    """Writes events and statistics.

    Args:
        count: how many targets there are.
        log: a file for every event, or None.
        as_json: whether events are shown as JSON; else as lines.
        quiet: whether only statistics are shown.
        table_format: one of tabulate's names.
    """

    def __init__(
        self, count: int, log: Lines | None, *, as_json: bool, quiet: bool, table_format: str
    ) -> None:
        self._several = count > 1
        self._silence = count <= ping.FEW
        self._log = log
        self._as_json = as_json
        self._quiet = quiet
        self._table_format = table_format

    def event(self, event: Event) -> None:
        """Show and log an event."""
        shown = self._as_json and not self._quiet
        if self._log is not None or shown:
            text = dumps(ping.record(event))
            self._note(text)
            if shown:
                click.echo(text)
        if self._as_json or self._quiet or not (self._silence or event.outcome is not Outcome.TIMEOUT):
            return
        color = COLORS.get(event.outcome)
        line = ping.line(event, several=self._several)
        click.echo(line if color is None else click.style(line, fg=color))

    def statistics(self, session: Session, name: str) -> None:
        """Show and log the statistics of all targets.

        Args:
            session: the session.
            name: ``target`` for those at the end, ``summary`` for those in between.
        """
        rtts = session.times()
        now = time.time_ns()
        if self._log is not None or self._as_json:
            for target, rtt in zip(session.targets, rtts, strict=True):
                text = dumps(ping.target_record(target, rtt, name, now))
                self._note(text)
                if self._as_json:
                    click.echo(text)
        if not self._as_json:
            narrow = sys.stdout.isatty()
            for text in ping.tables(session.targets, rtts, self._table_format, narrow=narrow):
                click.echo(f"\n{text}")

    def _note(self, text: str) -> None:
        """Write a line to the log, and out of this process: nothing that ends it later can take it back."""
        if self._log is None:
            return
        try:
            self._log.write(f"{text}\n".encode())
        except OSError as error:
            warn(f"{self._log.name}: {error.strerror}; the log ends here")
            self._log = None
