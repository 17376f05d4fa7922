"""Errors by flow as tables and as JSON: which flows, who reports, path MTUs, translated addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dissector.errors import quantity
from dissector.message import FAMILIES
from dissector.present.plain import plain
from dissector.present.tables import tabulated
from dissector.present.times import SECOND
from dissector.protocols import protocol_name
from dissector.registry.model import Family
from dissector.registry.table import find

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dissector.analysis.flow_keys import Flow, Span
    from dissector.analysis.flow_report import FlowErrors, FlowReport
    from dissector.analysis.path_mtu import MtuValue, PathMtu

ROWS = 20
"""Rows of a table, the most frequent first; JSON has all of them."""
ERRORS = 4
"""Lines of one flow in a table: of a traceroute, each hop is another sender."""
MILLISECOND = SECOND // 1000


def flow_tables(
    report: FlowReport, *, table_format: str = "simple", rows: int = ROWS, narrow: bool = False
) -> Iterator[str]:
    """Yield the tables of a report, each with its title; those with nothing in them are left out.

    Args:
        report: what was found.
        table_format: one of tabulate's names.
        rows: rows of a table, at most.
        narrow: whether to fit 80 columns.
    """
    flows = list(report.most(rows))
    yield from _table(
        _title("Errors by flow", len(report), len(flows)),
        ("errors", "over", "about", "error", "from"),
        [line for item in flows for line in _flow_lines(item)],
        table_format,
        (6, 8, 26, 16, 15) if narrow else None,
    )
    yield from _table(
        _title("Errors by sender", report.senders, rows),
        ("errors", "flows", "over", "error", "from"),
        [
            (
                item.span.messages,
                item.flows,
                duration(item.span),
                error_text(item.family, item.type, item.code),
                str(item.reporter),
            )
            for item in report.reporting(rows)
        ],
        table_format,
        (6, 6, 8, 20, 28) if narrow else None,
    )
    yield from _table(
        _title("Path MTUs", report.destinations, rows),
        ("to", "path MTU", "told", "by", "later ones", "hint"),
        [_mtu_line(item) for item in report.path_mtus(rows)],
        table_format,
        (16, 4, 14, 15, 6, 12) if narrow else None,
    )
    translated = [item for item in flows if item.source_nat or item.destination_nat]
    yield from _table(
        "Quoted and outer addresses that disagree (NAT?)",
        ("quoted flow", "error sent to", "by the destination as"),
        [
            (
                flow_text(item.flow),
                ", ".join(map(str, item.source_nat)),
                ", ".join(map(str, item.destination_nat)),
            )
            for item in translated
        ],
        table_format,
        (32, 20, 20) if narrow else None,
    )


def flows_json(report: FlowReport, rows: int | None = None) -> dict[str, Any]:
    """Return what JSON shows of a report; times are ns since 1970 (UTC), lengths and MTUs octets.

    Args:
        report: what was found.
        rows: how many flows, the ones with the most errors; all by default.
    """
    return {
        "errors": report.count,
        "flows": len(report),
        "by_flow": [plain(item) for item in report.most(rows)],
        "by_reporter": plain(report.reporters),
        "path_mtus": plain(report.path_mtus()),
        "warnings": list(report.warnings),
    }


def _title(name: str, count: int, shown: int) -> str:
    """Return the title of a table of which some rows are shown."""
    return f"{name} ({count})" if count <= shown else f"{name} ({count}, the first {shown} here)"


def _flow_lines(item: FlowErrors) -> Iterator[tuple[object, ...]]:
    """Yield a line for each kind of error about a flow; the flow stands in the first one."""
    about = flow_text(item.flow)
    if item.seen is not None:
        about += f" ({quantity(item.seen.messages, 'message')} of it captured)"
    for error in item.errors[:ERRORS]:
        what = error_text(error.family, error.type, error.code)
        if error.mtu is not None:
            what += f", MTU {error.mtu}"
        yield error.span.messages, duration(error.span), about, what, str(error.reporter)
        about = ""
    more = item.errors[ERRORS:]
    if more:
        what = "1 more kind or sender" if len(more) == 1 else f"{len(more)} more kinds or senders"
        yield sum(error.span.messages for error in more), "", "", what, ""


def _mtu_line(item: PathMtu) -> tuple[object, ...]:
    """Return the line of one destination."""
    later = {None: "", True: "fit", False: "are too big"}[item.shrank]
    hint = ""
    if item.black_holes:
        hint = f"black hole? {quantity(len(item.black_holes), 'flow')} told again and again"
    return (
        str(item.destination),
        "" if item.path_mtu is None else item.path_mtu,
        ", ".join(map(_told, item.values)),
        ", ".join(map(str, item.reporters)),
        later,
        hint,
    )


def _told(value: MtuValue) -> str:
    """Return one value that was told, and how often."""
    text = str(value.told)
    if value.mtu is None:
        text += " (invalid)"
    elif value.estimated:
        text += f" (assume {value.mtu})"
    return text if value.span.messages == 1 else f"{text} {value.span.messages} times"


def flow_text(flow: Flow | None) -> str:
    """Return a flow as text: ``UDP 10.0.0.2:5353 > 192.0.2.1:33434``."""
    if flow is None:
        return "unknown: nothing is quoted"
    name = "IP" if flow.protocol is None else protocol_name(flow.protocol)
    ends = []
    for address, port in ((flow.src, flow.sport), (flow.dst, flow.dport)):
        end = str(address)
        if port is not None:
            end = f"[{end}]:{port}" if address.version != 4 else f"{end}:{port}"  # noqa: PLR2004 - the version
        ends.append(end)
    text = f"{name} {' > '.join(ends)}"
    if flow.type is not None:
        family = Family.ICMPV4 if flow.protocol == 1 else Family.ICMPV6
        text += f" {find(family, flow.type).type.name.en}"
    if flow.identifier is not None:
        text += f" id {flow.identifier}"
    return text if flow.spi is None else f"{text} SPI 0x{flow.spi:08x}"


def error_text(family: int, kind: int, code: int) -> str:
    """Return type and code of an error with their name: ``3/3 Port Unreachable``, ``v6 2/0 Packet Too Big``."""
    entry = find(FAMILIES[family], kind, code)
    name = entry.type.name.en if entry.code is None or len(entry.type.codes) == 1 else entry.code.name.en
    return f"{'v6 ' if FAMILIES[family] is Family.ICMPV6 else ''}{kind}/{code} {name}"


def duration(span: Span) -> str:
    """Return over what time something came, in seconds; nothing for what came once, or has no times."""
    if span.messages == 1 or span.first_ns is None or span.last_ns is None:
        return ""
    return f"{(span.last_ns - span.first_ns) / SECOND:.3f} s"


def _table(
    title: str,
    headers: Sequence[str],
    lines: Sequence[Sequence[object]],
    table_format: str,
    widths: Sequence[int] | None,
) -> Iterator[str]:
    """Yield a table with its title, if it has any lines."""
    if lines:
        text = tabulated(
            lines,
            headers,
            table_format,
            widths=widths,
        )
        yield f"{title}\n\n{text}"
