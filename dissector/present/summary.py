"""What a summary says of types and of exchanges: as tables and as JSON."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from dissector.present.plain import plain
from dissector.present.tables import tabulated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dissector.analysis.outcomes import Exchanged, Line
    from dissector.analysis.timestamps import Clock
    from dissector.analysis.types import TypeCount

ROWS = 20
"""Rows of a table, those with the most messages first; JSON has all of them."""
MILLISECOND = 1_000_000
ADDRESS = 15
"""Columns for an address where 80 must do: one of IPv4 fits, one of IPv6 is broken between its numbers."""
WIDER = 26
"""Columns for an address beside little else."""
WORDS = 30
"""Columns for words there."""
FEW = 4
"""Outcomes that have room there beside sent, answered and lost."""

OUTCOMES: tuple[tuple[str, Callable[[Line], int]], ...] = (
    ("error", lambda line: line.ended),
    ("dup", lambda line: line.duplicates),
    ("others", lambda line: line.by_others),
    ("late", lambda line: line.late),
    ("altered", lambda line: line.altered),
    ("new id", lambda line: line.rewritten),
    ("reord", lambda line: line.reordered),
    ("unasked", lambda line: line.unasked),
)
"""Columns that are shown where there is anything in them."""

WAYS: tuple[tuple[str, Callable[[Clock], float | None]], ...] = (
    ("there", lambda clock: clock.forward_ms),
    ("back", lambda clock: clock.backward_ms),
)
"""Times on the way, by the clocks of both."""
ODD: tuple[tuple[str, Callable[[Clock], int]], ...] = (
    ("non-std", lambda clock: clock.non_standard),
    ("swapped", lambda clock: clock.little_endian),
)
"""Answers with times that are not in milliseconds since midnight, and in the wrong order of octets; where there are."""
COARSE_MS = 10_000
"""Milliseconds from which on tenths say nothing."""


def table(  # noqa: PLR0913 - what a table is made of
    title: str,
    headers: Sequence[str],
    lines: Sequence[Sequence[object]],
    table_format: str,
    *,
    numbers: int = 0,
    widths: Sequence[int | None] | None = None,
) -> Iterator[str]:
    """Yield a table with its title, if it has any lines.

    Args:
        title: what it shows.
        headers: of the columns.
        lines: the cells.
        table_format: one of tabulate's names.
        numbers: so many columns at the end are numbers, and stand right.
        widths: columns of the terminal for each, None for as many as needed; None for no limit.
    """
    if lines:
        text = len(headers) - numbers
        yield f"{title}\n\n" + tabulated(
            lines,
            headers,
            table_format,
            colalign=["left"] * text + ["right"] * numbers,
            widths=widths,
        )


def type_tables(
    counts: Sequence[TypeCount], *, table_format: str = "simple", narrow: bool = False
) -> Iterator[str]:
    """Yield the table of types and codes."""
    lines = []
    for line in counts:
        entry = line.entry
        name = entry.type.name.en
        if entry.code is not None and not entry.name.en.startswith(name):
            name += f": {entry.name.en}"
        version = "v6 " if entry.family == "icmpv6" else ""
        lines.append((f"{version}{line.type}/{line.code}", name, entry.type.kind.value, line.messages))
    widths = (None, 42, None, None) if narrow else None
    yield from table(
        "Messages", ("type", "name", "kind", "count"), lines, table_format, numbers=1, widths=widths
    )


def types_json(counts: Sequence[TypeCount]) -> dict[str, Any]:
    """Return the types and codes as JSON has them."""
    return {
        "types": [
            {
                "family": line.entry.family.value,
                "type": line.type,
                "code": line.code,
                "name": line.entry.type.name.en,
                "code_name": None if line.entry.code is None else line.entry.code.name.en,
                "kind": line.entry.type.kind.value,
                "status": line.entry.status.value,
                "count": line.messages,
            }
            for line in counts
        ]
    }


def exchange_tables(found: Exchanged, *, table_format: str = "simple", narrow: bool = False) -> Iterator[str]:
    """Yield the tables of exchanges: by kind, by hosts, what ended them, whose data, what the clocks say."""
    kinds = found.by_kind()
    shown = [column for column in OUTCOMES if any(column[1](line) for line in kinds)]
    counted: list[tuple[str, Callable[[Line], int]]] = [
        ("sent", lambda line: line.sent),
        ("answered", lambda line: line.answered),
        ("lost", lambda line: line.lost),
    ]
    parts = [("Exchanges", counted + shown)]
    if narrow and len(shown) > FEW:
        parts = [("Exchanges", counted), ("Exchanges, what else", shown)]
    for title, columns in parts:
        yield from table(
            title,
            ("exchange", *(name for name, _ in columns)),
            [(_label(line), *(of(line) for _, of in columns)) for line in kinds],
            table_format,
            numbers=len(columns),
        )
    yield from table(
        "Round-trip times, ms",
        ("exchange", "min", "mean", "median", "p95", "p99", "max", "stdev"),
        [(_label(line), *map(milliseconds, line.rtt[:-1])) for line in kinds if line.rtt is not None],
        table_format,
        numbers=7,
    )
    hosts = found.by_hosts(ROWS + 1, of=("sent",))
    yield from table(
        f"Exchanges by hosts, times in ms{_most(hosts)}",
        ("from", "to", "kind", "sent", "lost", "median", "p99", *(() if narrow else ("answered", "jitter"))),
        [
            (line.querier, line.asked, _label(line), line.sent, line.lost, *_few(line, narrow=narrow))
            for line in hosts[:ROWS]
        ],
        table_format,
        numbers=4 if narrow else 6,
        widths=(ADDRESS, ADDRESS, *[None] * 5) if narrow else None,
    )
    hosts = found.by_hosts(ROWS + 1, of=("unasked",))
    yield from table(
        f"Answers without a query{_most(hosts)}",
        ("from", "to", "kind", "answers"),
        [(_sender(line.asked), line.querier, _label(line), line.unasked) for line in hosts[:ROWS]],
        table_format,
        numbers=1,
        widths=(WIDER, WIDER, None, None) if narrow else None,
    )
    yield from table(
        "Queries that ended in an error",
        ("type", "error", "from", "queries"),
        [
            (f"{line.type}/{line.code}", line.name, line.reporter, line.queries)
            for line in found.ended()[:ROWS]
        ],
        table_format,
        numbers=1,
        widths=(None, WORDS, None, None) if narrow else None,
    )
    yield from _series_tables(found, table_format, narrow=narrow)


def _series_tables(found: Exchanged, table_format: str, *, narrow: bool) -> Iterator[str]:
    """Yield what is told by the series with the most queries: whose data they have, what the clocks say."""
    payloads: dict[tuple[str | None, str | None, str], None] = {}
    clocks = []
    numbers = found.numbers(ROWS)
    for line, number in zip(found.of_series(numbers), numbers, strict=True):
        payload, clock = found.payload(number), found.clock(number)
        if payload is not None and line.sent:
            payloads[line.querier, payload.program, payload.evidence] = None
        if clock is not None:
            clocks.append((line.querier, line.asked, clock))
    yield from table(
        "Echo data",
        ("from", "program", "evidence"),
        [(who, program or "?", evidence) for who, program, evidence in payloads],
        table_format,
        widths=(ADDRESS, 14, 42) if narrow else None,
    )
    odd = [column for column in ODD if any(column[1](clock) for *_, clock in clocks)]
    # What goes there and back is right only as far as the clocks are, and told beside the rest where there is room.
    ways = () if narrow and odd else WAYS
    yield from table(
        "Clocks, ms",
        ("from", "to", "answ.", "ahead", *(name for name, _ in (*ways, *odd))),
        [
            (
                querier,
                asked,
                clock.exchanges,
                _ahead(clock.offset_ms),
                *(_ahead(of(clock)) for _, of in ways),
                *(of(clock) for _, of in odd),
            )
            for querier, asked, clock in clocks
        ],
        table_format,
        numbers=2 + len(ways) + len(odd),
        widths=(ADDRESS, ADDRESS, *[None] * (2 + len(ways) + len(odd))) if narrow else None,
    )


def _ahead(time_ms: float | None) -> str:
    """Return a difference between clocks; nothing for one that is not known."""
    if time_ms is None:
        return ""
    return f"{time_ms:.1f}" if abs(time_ms) < COARSE_MS else f"{time_ms:.0f}"


def exchanges_json(found: Exchanged) -> dict[str, Any]:
    """Return the exchanges as JSON has them: by kind, by hosts, by series."""
    series = []
    numbers = found.numbers()
    for line, number in zip(found.of_series(numbers), numbers, strict=True):
        payload, clock = found.payload(number), found.clock(number)
        extra = {"ended_by": plain(tuple(found.ended(number))) if line.ended else [], "data": plain(payload)}
        series.append(_record(line) | extra | {"clock": plain(clock)})
    return {
        "kinds": [_record(line) for line in found.by_kind()],
        "hosts": [_record(line) for line in found.by_hosts()],
        "series": series,
        "given_up": found.given_up,
    }


def _record(line: Line) -> dict[str, Any]:
    """Return a line as JSON has it."""
    pair = line.pair
    record: dict[str, Any] = {"family": pair.family.value, "query": pair.query, "answer": pair.answer}
    record["name"] = pair.name
    record |= {name: value for name, value in line._asdict().items() if name not in ("pair", "rtt")}
    return record | {"rtt_ns": plain(line.rtt)}


def _sender(asked: str | None) -> str | None:
    """Return who answers for an address that is asked."""
    return f"one of {asked}" if asked and ip_address(asked).is_multicast else asked


def _most(lines: Sequence[Line]) -> str:
    """Return what a title says of a table that does not have all lines."""
    return f", the {ROWS} with the most" if len(lines) > ROWS else ""


def _label(line: Line) -> str:
    return line.pair.label


def _few(line: Line, *, narrow: bool) -> tuple[object, ...]:
    """Return median and p99, and where there is room answers and jitter."""
    rtt = line.rtt
    told = ("", "", "") if rtt is None else tuple(map(milliseconds, (rtt.median, rtt.p99, rtt.jitter)))
    return told[:2] if narrow else (*told[:2], line.answered, told[2])


def milliseconds(time_ns: float) -> str:
    """Return ns as ms, with three digits behind the point, and no more than six before and behind it."""
    value = time_ns / MILLISECOND
    return f"{value:.3f}" if value < 1000 else f"{value:.0f}"  # noqa: PLR2004 - from a second on, ms are enough
