"""A capture that is under way: sentences about it, and the view that `sniff --live` keeps on the screen."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from dissector.errors import quantity
from dissector.present.account import closing
from dissector.present.summary import milliseconds
from dissector.present.text import printable
from dissector.present.times import clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Group
    from rich.table import Table

    from dissector.analysis.exchanges import Exchanges
    from dissector.analysis.findings import CaptureFinding, Findings
    from dissector.analysis.outcomes import Line
    from dissector.analysis.types import TypeCount, Types
    from dissector.capture.account import Account

SECOND = 1_000_000_000
PERIOD = SECOND // 2
"""Nanoseconds from one look at the states to the next, at least."""
SHARE = 10
"""The looks take one part in so many of the time, so that there is more for packets where there are many."""
FRAME = 4
"""Lines of a table beside its own."""
SHARES = (2, 1, 1)
"""How kinds, exchanges and findings share the lines that there are."""
FINDINGS = 20
"""Findings that are kept to be shown, the newest."""


def captured(account: Account) -> str:
    """Return the line at the end of a capture: what was captured, and what the kernel says of it."""
    return f"{closing(account)}; {kernel_counts(account)}"


def kernel_counts(account: Account) -> str:
    """Return how many packets the kernel received for this program, and how many it had to drop."""
    return f"{account.received:,} received by the kernel, {account.dropped:,} dropped"


def still_listening(names: str, matched: int, seen: int, dropped: int) -> str:
    """Return what to tell somebody who waits.

    Args:
        names: of the interfaces.
        matched: messages shown.
        seen: packets that passed the interfaces.
        dropped: packets that the kernel had to drop.
    """
    return (
        f"still listening on {printable(names)} for icmp/icmp6, "
        f"{matched:,} matched of {seen:,} seen, {dropped:,} dropped"
    )


class States(NamedTuple):
    """The analyses that the view is about: a few of those of a summary."""

    types: Types
    exchanges: Exchanges
    findings: Findings


class Look(NamedTuple):
    """What was known at one time.

    Attributes:
        time_ns: when, by a clock that only goes forward.
        kinds: messages of each type and code.
        rates: messages a second since the look before, by family, type and code.
        exchanges: what was asked, by kind.
        findings: the newest ones first.
    """

    time_ns: int
    kinds: Sequence[TypeCount]
    rates: dict[tuple[str, int, int], float]
    exchanges: Sequence[Line]
    findings: Sequence[CaptureFinding]


class View:
    """States → what is on the screen.

    Args:
        states: the analyses.
    """

    def __init__(self, states: States) -> None:
        self.states = states
        self.begun = time.monotonic_ns()
        self.next = 0
        self.look = Look(self.begun, (), {}, (), ())

    def due(self) -> bool:
        """Return whether it is time for another look."""
        return time.monotonic_ns() >= self.next

    def refresh(self) -> None:
        """Look at the states; the more that takes, the later is the next time."""
        now = time.monotonic_ns()
        kinds = self.states.types.result()
        before = {_key(line): line.messages for line in self.look.kinds}
        seconds = max(now - self.look.time_ns, 1) / SECOND
        found = self.states.findings.result().findings
        self.look = Look(
            now,
            kinds,
            {_key(line): (line.messages - before.get(_key(line), 0)) / seconds for line in kinds},
            self.states.exchanges.result().by_kind(),
            sorted(found, key=lambda finding: finding.last_ns or 0, reverse=True)[:FINDINGS],
        )
        self.next = now + max(PERIOD, SHARE * (time.monotonic_ns() - now))

    def screen(self, names: str, account: Account, height: int) -> Group:
        """Return what is to be seen of a capture on some interfaces, in so many lines."""
        from rich.console import Group
        from rich.text import Text

        seconds = (self.look.time_ns - self.begun) // SECOND
        rate = sum(self.look.rates.values())
        head = (
            f"{printable(names)}  {seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}  "
            f"{quantity(account.messages, 'message')}, {rate:,.1f}/s  {kernel_counts(account)}"
        )
        free = height - 2 - FRAME * len(SHARES)
        rows = [max(1, free * share // sum(SHARES)) for share in SHARES]
        tables = (self._kinds(rows[0]), self._exchanges(rows[1]), self._findings(rows[2]))
        return Group(Text(head, style="bold"), *filter(None, tables), Text("Ctrl-C ends it", style="dim"))

    def _kinds(self, rows: int) -> Table | None:
        most = sorted(self.look.kinds, key=lambda line: -line.messages)[:rows]
        return _table(
            ("type", "", "/s", "count"),
            (
                (
                    f"{'v6 ' if line.entry.family == 'icmpv6' else ''}{line.type}/{line.code}",
                    _name(line),
                    f"{self.look.rates[_key(line)]:,.1f}",
                    f"{line.messages:,}",
                )
                for line in most
            ),
            numbers=2,
        )

    def _exchanges(self, rows: int) -> Table | None:
        return _table(
            ("exchange", "sent", "answered", "lost", "median ms", "p95", "max"),
            (
                (
                    line.pair.label,
                    *(f"{count:,}" for count in (line.sent, line.answered, line.lost)),
                    *(
                        ("", "", "")
                        if line.rtt is None
                        else map(milliseconds, (line.rtt.median, line.rtt.p95, line.rtt.max))
                    ),
                )
                for line in self.look.exchanges[:rows]
            ),
            numbers=6,
        )

    def _findings(self, rows: int) -> Table | None:
        return _table(
            ("seen", "", "finding"),
            (
                (
                    "" if finding.last_ns is None else clock(finding.last_ns)[:8],
                    finding.rule.severity.value,
                    finding.text,
                )
                for finding in self.look.findings[:rows]
            ),
        )


def _name(line: TypeCount) -> str:
    """Return the name of a code where it says more than that of its type."""
    kind, code = line.entry.type.name.en, line.entry.name.en
    return kind if code.startswith(kind) else code


def _key(line: TypeCount) -> tuple[str, int, int]:
    return line.entry.family.value, line.type, line.code


def _table(headers: Sequence[str], lines: Iterable[Sequence[str]], *, numbers: int = 0) -> Table | None:
    """Return a table, the last ``numbers`` columns to the right; None without lines.

    Where the terminal is too narrow, the column before the numbers is cut.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    cells = [[printable(cell) for cell in line] for line in lines]
    for place, header in enumerate(headers):
        right, gives_way = place >= len(headers) - numbers, place == len(headers) - numbers - 1
        width = 0 if gives_way else max((len(line[place]) for line in cells), default=0)
        table.add_column(header, justify="right" if right else "left", no_wrap=True, min_width=width)
    for line in cells:
        table.add_row(*map(Text, line))  # a Text, in which no brackets are markup
    return table if table.row_count else None
