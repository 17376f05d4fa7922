"""Traceroutes as tables and as JSON."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

from dissector.errors import quantity
from dissector.present.flows import MILLISECOND, error_text
from dissector.present.plain import plain
from dissector.present.tables import tabulated
from dissector.present.text import printable
from dissector.protocols import protocol_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.analysis.flow_keys import Address
    from dissector.analysis.hops import Answer, Hop, Path
    from dissector.analysis.paths import PathReport

WIDTH = 80
WIDTHS = (5, 39, 9, 21)
"""Columns of a table that fits 80: hop, address, answers, round-trip times with what is told beside."""
HEADERS = ("hop", "address", "answers", "min/mean/max ms")
NUMBERING = {
    "ttl": "",
    "count": "hops counted by the probes' numbers",
    "relative": "hops counted by the probes' numbers, from the first that was answered",
    "order": "hops in the order of their answers, gaps unknown",
}
"""Where hop numbers are from, where it is not the probes' TTL."""


def path_tables(report: PathReport, *, table_format: str = "simple", narrow: bool = False) -> Iterator[str]:
    """Yield a table for each traceroute, with a line before it and what is odd after it.

    Args:
        report: what was found.
        table_format: one of tabulate's names.
        narrow: whether to fit 80 columns.
    """
    for path in report.paths:
        text = tabulated(
            [line for hop in path.hops for line in hop_lines(path, hop)],
            HEADERS,
            table_format,
            widths=WIDTHS if narrow else None,
        )
        head = [line for long in _head(path) for line in (wrapped(long) if narrow else [long])]
        yield "\n".join((*head, "", text))


def paths_json(report: PathReport) -> dict[str, Any]:
    """Return what JSON shows of a report; times are ns since 1970 (UTC), ``rtt_ns`` ns."""
    paths = [plain(path) | {"missing": list(path.missing)} for path in report.paths]
    return {"paths": paths, "warnings": list(report.warnings)}


def wrapped(line: str) -> list[str]:
    """Return a line in as many as fit 80 columns."""
    return wrap(line, WIDTH, subsequent_indent="    ", break_on_hyphens=False)


def _head(path: Path) -> Iterator[str]:
    """Yield the lines before a table: the path, how it ended, what is odd."""
    yield title(path.src, path.dst, path.protocol, path.port)
    yield f"  {end_text(path)}"
    if NUMBERING[path.numbering]:
        yield f"  {NUMBERING[path.numbering]}"
    yield from loop_lines(path)


def title(src: Address, dst: Address, protocol: int, port: int | None) -> str:
    """Return what was traced: from where to where, with which probes."""
    name = protocol_name(protocol)
    if port is not None:
        name += f" port {port}"
    return f"Traceroute {src} > {dst} ({name})"


def loop_lines(path: Path) -> Iterator[str]:
    """Yield a line about loops, where there are any."""
    if path.loops:
        yield f"  loop: {', '.join(map(str, path.loops))} at more than one hop, with others in between"


def end_text(path: Path, answer: str = "echo reply", waited_for: str = "ICMP answer") -> str:
    """Return how a path ended, as a sentence without its full stop.

    Args:
        path: the path.
        answer: what it was that ended it, where that was no ICMP error.
        waited_for: what did not come, where nothing ended it; in captures nothing but ICMP is looked at.
    """
    hops = quantity(len(path.hops), "hop")
    if path.end == "nothing":
        return f"no {waited_for} from the destination in {hops}"
    if path.end_type is not None and path.end_code is not None:
        answer = error_text(4 if path.dst.version == 4 else 6, path.end_type, path.end_code)  # noqa: PLR2004 - the version
    return f"{path.end} after {hops}: {answer} from {path.ended_by}"


def hop_lines(path: Path, hop: Hop) -> Iterator[tuple[str, ...]]:
    """Yield the lines of one hop, an address each; a star where nobody answered."""
    number = str(hop.number)
    sent = "" if hop.probes is None else f" of {hop.probes}"
    if not hop.answers:
        yield number, "*", f"0{sent}" if sent else "", ""
    for answer in hop.answers:
        yield number, str(answer.address), f"{answer.answers}{sent}", "; ".join(_told(path, answer))
        number = ""


def _milliseconds(value: float) -> str:
    """Return a time with as many digits as say something."""
    digits = 2 if value < 10 else 1 if value < 1000 else 0  # noqa: PLR2004 - where four digits are enough
    return f"{value:.{digits}f}"


def _told(path: Path, answer: Answer) -> Iterator[str]:
    """Yield what there is to say about the answers of an address: times, errors, labels, interfaces."""
    times = answer.rtt_ns
    if times:
        values = (min(times), sum(times) / len(times), max(times))
        yield "/".join(_milliseconds(value / MILLISECOND) for value in values)
    if path.end != "reached" and answer.address == path.ended_by and answer.type == path.end_type:
        yield error_text(4 if path.dst.version == 4 else 6, answer.type or 0, answer.code or 0)  # noqa: PLR2004 - the version
    if answer.labels:
        yield "MPLS " + " ".join(f"{label.label} (TTL {label.ttl})" for label in answer.labels)
    for interface in answer.interfaces:
        known = [
            None if interface.name is None else printable(interface.name),
            None if interface.if_index is None else f"index {interface.if_index}",
            None if interface.address is None else str(interface.address),
            None if interface.mtu is None else f"MTU {interface.mtu}",
        ]
        yield f"{interface.role}: " + ", ".join(text for text in known if text is not None)
