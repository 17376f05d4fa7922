"""What becomes of probes, as people and programs read it: lines while it happens, tables and records at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dissector.errors import quantity
from dissector.layout import address_text
from dissector.present.jsonlines import SCHEMA, message_record
from dissector.present.line import details, headline
from dissector.present.plain import plain
from dissector.present.summary import ADDRESS, milliseconds, table
from dissector.present.text import printable
from dissector.present.times import iso
from dissector.probe.events import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dissector.analysis.outcomes import Rtt
    from dissector.decoder import Decoded
    from dissector.probe.events import Event, Target

FEW = 16
"""Up to so many targets, silence is told too: a line for each probe, a row for each target."""
NAMES = 20
"""Silent targets beyond those that are named."""
HEADERS = {4: 20, 6: 40}

COUNTS: tuple[tuple[str, Callable[[Target], int]], ...] = (
    ("errors", lambda target: target.errors),
    ("not sent", lambda target: target.failed),
    ("late", lambda target: target.late),
    ("dup", lambda target: target.duplicates),
    ("altered", lambda target: target.altered),
    ("refused", lambda target: target.refused),
    ("elsewhere", lambda target: target.elsewhere),
    ("waiting", lambda target: target.waiting),
)
"""Columns that are shown where there is anything in them."""
COUNTERS = (
    "sent",
    "received",
    "lost",
    "errors",
    "failed",
    "late",
    "duplicates",
    "altered",
    "refused",
    "elsewhere",
    "waiting",
)
"""What records count."""


def label(target: Target) -> str:
    """Return a target's name, with its address where that is another: ``localhost (127.0.0.1)``."""
    address = address_text(target.address)
    return printable(address if target.name == address else f"{target.name} ({address})")


def line(event: Event, *, several: bool) -> str:
    """Return the line of an event.

    Args:
        event: the event.
        several: whether there are several targets: then the line says which one an error is about.
    """
    whom = f" to {label(event.target)}" if several else ""
    match event.outcome:
        case Outcome.TIMEOUT:
            return f"no answer from {label(event.target)}: seq={event.number}"
        case Outcome.FAILED:
            return f"not sent to {label(event.target)}: seq={event.number} {printable(event.reason or '')}"
        case Outcome.ERROR:
            return f"from {sender(event)}: {error(event.decoded)} about seq={event.number}{whom}"
        case Outcome.REFUSED:
            return f"no answer: from {sender(event)} about seq={event.number}{whom}, {printable(event.reason or '')}"
        case Outcome.REPLY:
            return reply(event)


def sender(event: Event) -> str:
    """Return who sent what came."""
    return "?" if event.source is None else address_text(event.source)


def reply(event: Event) -> str:
    """Return the line of an answer."""
    decoded, target = event.decoded, event.target
    whom = label(target) if event.source == target.address else sender(event)
    pieces = [f"{quantity(0 if decoded is None else len(decoded.octets), 'octet')} from {whom}:"]
    if decoded is not None and not decoded.name.startswith("Echo"):
        pieces.append(headline(decoded))
    pieces.append(f"seq={event.number}")
    if event.ttl is not None:
        pieces.append(f"ttl={event.ttl}")
    if event.rtt_ns is not None:
        pieces.append(f"time={milliseconds(event.rtt_ns)} ms")
    if decoded is not None and not decoded.name.startswith("Echo"):
        pieces += (said for said in details(decoded) if not said.startswith(OURS))
    pieces += (f"({remark})" for remark in remarks(event))
    return " ".join(pieces)


OURS = ("identifier=", "sequence=", "data=")
"""What a line does not repeat of an answer: it is what was asked."""


def remarks(event: Event) -> Iterator[str]:
    """Yield what is not as it should be with an answer."""
    if event.late:
        yield "late"
    if event.duplicate:
        yield "duplicate"
    if event.elsewhere:
        yield f"asked {label(event.target)}"
    if event.altered is not None:
        yield f"altered: {printable(event.altered)}"


def error(decoded: Decoded | None) -> str:
    """Return an error: ``Destination Unreachable, Host Unreachable (type 3 code 1)``."""
    if decoded is None:
        return "an error"
    code = "" if decoded.code_name is None else f", {decoded.code_name}"
    numbers = f"(type {decoded.type} code {decoded.code})"
    said = (text for text in details(decoded) if not text.startswith("about "))
    return " ".join((f"{decoded.name}{code}", numbers, *said))


def record(event: Event) -> dict[str, Any]:
    """Return an event as JSON has it; the keys are always the same."""
    return {
        "schema": SCHEMA,
        "event": event.outcome.value,
        "time": iso(event.time_ns),
        "time_ns": event.time_ns,
        "target": event.target.name,
        "address": address_text(event.target.address),
        "probe": event.number,
        "source": None if event.source is None else address_text(event.source),
        "ttl": event.ttl,
        "rtt_ns": event.rtt_ns,
        "late": event.late,
        "duplicate": event.duplicate,
        "elsewhere": event.elsewhere,
        "altered": event.altered,
        "reason": event.reason,
        "message": None if event.decoded is None else message_record(event.decoded),
    }


def target_record(target: Target, rtt: Rtt | None, name: str, time_ns: int) -> dict[str, Any]:
    """Return the statistics of a target as JSON has them.

    Args:
        target: the target.
        rtt: its round-trip times.
        name: ``target`` for those at the end, ``summary`` for those in between.
        time_ns: now.
    """
    head = {"schema": SCHEMA, "event": name, "time": iso(time_ns), "time_ns": time_ns}
    whom = {"target": target.name, "address": address_text(target.address)}
    counted = {key: getattr(target, key) for key in COUNTERS}
    return head | whom | counted | {"rtt_ns": plain(rtt)}


def tables(
    targets: Sequence[Target], rtts: Sequence[Rtt | None], table_format: str, *, narrow: bool
) -> Iterator[str]:
    """Yield the tables at the end, and a line about those targets that they do not show.

    Args:
        targets: all of them.
        rtts: the round-trip times of each.
        table_format: one of tabulate's names.
        narrow: whether 80 columns must do.
    """
    silent = [target for target in targets if not (target.received or target.errors or target.refused)]
    if len(targets) <= FEW:
        silent = []
    left = set(silent)
    shown = [(target, rtt) for target, rtt in zip(targets, rtts, strict=True) if target not in left]
    extra = [column for column in COUNTS if any(column[1](target) for target, _ in shown)]
    columns = ("target", "sent", "received", "lost %", *(name for name, _ in extra))
    widths = (None if len(extra) < FEW_EXTRA else ADDRESS, *[None] * (len(columns) - 1)) if narrow else None
    yield from table(
        "Probes",
        columns,
        [
            (label(target), target.sent, target.received, percent(target), *(of(target) for _, of in extra))
            for target, _ in shown
        ],
        table_format,
        numbers=3 + len(extra),
        widths=widths,
    )
    yield from table(
        "Round-trip times, ms",
        ("target", "min", "avg", "max", "mdev", "p50", "p95", "p99"),
        [
            (address_text(target.address), *map(milliseconds, times(rtt)))
            for target, rtt in shown
            if rtt is not None
        ],
        table_format,
        numbers=7,
        widths=(ADDRESS, *[None] * 7) if narrow else None,
    )
    if silent:
        yield silence(silent, len(targets))


FEW_EXTRA = 2
"""Columns beside the usual ones that leave room for a long name."""


def times(rtt: Rtt) -> tuple[float, ...]:
    """Return the times of a table's row."""
    return rtt.min, rtt.mean, rtt.max, rtt.stdev, rtt.median, rtt.p95, rtt.p99


def percent(target: Target) -> str:
    """Return how many of 100 probes were lost; without those that are still waited for."""
    asked = target.received + target.lost
    return f"{100 * target.lost / asked:.1f}" if asked else "-"


def silence(silent: Sequence[Target], count: int) -> str:
    """Return a line about the targets that nothing came from."""
    named = ", ".join(label(target) for target in silent[:NAMES])
    more = f" and {len(silent) - NAMES} more" if len(silent) > NAMES else ""
    return f"{len(silent)} of {quantity(count, 'target')} silent: {named}{more}"
