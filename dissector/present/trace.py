"""A path while it is probed: hop after hop as they become known, then how it ended; as JSON lines."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

from dissector.errors import quantity
from dissector.present.jsonlines import SCHEMA
from dissector.present.paths import (
    HEADERS,
    WIDTHS,
    end_text,
    hop_lines,
    loop_lines,
    wrapped,
)
from dissector.present.plain import plain
from dissector.present.tables import tabulated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.probe.tracing.result import FlowPath, Trace, TracedHop

IPV4_WIDTH = 15
GAP = "  "
INNER = {"frames"}
"""Of answers: a capture's frames, where these have flows."""
OUTER = {"hops", "numbering", "first_frame", "last_frame"}
"""Of paths: what here is always the same, or told hop by hop."""


class LiveTable:
    """A table whose lines are written one by one, in the columns of :func:`~dissector.present.paths.path_tables`.

    Args:
        version: of IP: addresses of IPv6 need more room.
        narrow: whether to fit 80 columns.
    """

    def __init__(self, version: int, *, narrow: bool) -> None:
        hop, address, answers, told = WIDTHS
        if version == 4:  # noqa: PLR2004 - the version
            told, address = told + address - IPV4_WIDTH, IPV4_WIDTH
        self.widths = (hop, address, answers)
        self.told = told
        self.narrow = narrow

    def head(self) -> Iterator[str]:
        """Yield the lines with the names of the columns."""
        yield self._line(*HEADERS)
        yield GAP.join("-" * width for width in (*self.widths, self.told))

    def hop(self, trace: Trace, hop: TracedHop) -> Iterator[str]:
        """Yield the lines of a hop."""
        for number, address, answers, told in hop_rows(trace, hop):
            pieces = wrap(told, self.told, break_on_hyphens=False) if self.narrow else [told]
            yield self._line(number, address, answers, *pieces[:1])
            for piece in pieces[1:]:
                yield self._line("", "", "", piece)

    def _line(self, *cells: str) -> str:
        first = [cell.ljust(width) for cell, width in zip(cells, self.widths, strict=False)]
        return GAP.join([*first, *cells[len(self.widths) :]]).rstrip()


def hop_rows(trace: Trace, hop: TracedHop) -> Iterator[tuple[str, str, str, str]]:
    """Yield the lines of a hop, an address each: number, address, answers, and what there is to say."""
    for place, (number, address, answers, told) in enumerate(hop_lines(trace.path, hop.hop)):
        said = [told] if told else []
        if hop.flows and len(hop.flows[place]) < len(trace.flows):
            said.append("flow " + " ".join(map(str, hop.flows[place])))
        if place == 0 and hop.late:
            said.append(f"{hop.late} late")
        if place == 0 and narrows(trace, hop):
            said.append(f"path MTU {hop.mtu}")
        yield number, address, answers, "; ".join(said)


def narrows(trace: Trace, hop: TracedHop) -> bool:
    """Return whether a hop is the first that only smaller probes reach, or the first of all."""
    before = [one.mtu for one in trace.hops if one.mtu is not None and one.hop.number < hop.hop.number]
    return hop.mtu is not None and (not before or hop.mtu < before[-1])


def trace_table(trace: Trace, *, table_format: str, narrow: bool) -> str:
    """Return the table of a path, in one of tabulate's formats."""
    return tabulated(
        [row for hop in trace.hops for row in hop_rows(trace, hop)],
        HEADERS,
        table_format,
        widths=WIDTHS if narrow else None,
    )


def closing(trace: Trace, *, narrow: bool) -> Iterator[str]:
    """Yield the lines after a table: how it ended, what is odd, the paths of the flows."""
    for line in _closing(trace):
        yield from wrapped(line) if narrow else [line]


def _closing(trace: Trace) -> Iterator[str]:
    path = trace.path
    yield end_text(path, trace.answer or "echo reply", "answer") + WHY[trace.stopped]
    yield from loop_lines(path)
    if trace.mtu is not None:
        yield f"  path MTU {trace.mtu} octets"
    late = sum(hop.late for hop in trace.hops)
    odd = [
        quantity(count, noun)
        for count, noun in ((late, "late answer"), (trace.duplicates, "duplicate"))
        if count
    ]
    if odd:
        yield f"  {', '.join(odd)}"
    if len(trace.flows) > 1:
        yield from _flow_lines(trace)


WHY = {
    "end": "",
    "gap": "; given up (--gap-limit)",
    "max-hops": "; as many as were asked for (--max-hops)",
    "interrupted": "; interrupted",
}


def _flow_lines(trace: Trace) -> Iterator[str]:
    """Yield a line for each different path, with the flows that took it."""
    taken: dict[tuple[str, ...], list[FlowPath]] = {}
    for one in trace.flows:
        taken.setdefault(hops_of(one), []).append(one)
    yield f"  {quantity(len(taken), 'path')} by {quantity(len(trace.flows), 'flow')}"
    for hops, flows in taken.items():
        yield f"  flow {' '.join(str(one.flow.number) for one in flows)}: {' > '.join(hops)}"


def hops_of(one: FlowPath) -> tuple[str, ...]:
    """Return the addresses of a path, ``*`` where nobody answered."""
    return tuple("/".join(str(answer.address) for answer in hop.answers) or "*" for hop in one.path.hops)


def hop_json(hop: TracedHop) -> dict[str, Any]:
    """Return what JSON shows of a hop; ``rtt_ns`` in ns."""
    values = plain(hop.hop)
    answers = [
        {name: value for name, value in answer.items() if name not in INNER} | {"flows": list(flows)}
        for answer, flows in zip(values.pop("answers"), hop.flows, strict=True)
    ]
    return {"schema": SCHEMA, "part": "hop", **values, "late": hop.late, "mtu": hop.mtu, "answers": answers}


def trace_json(trace: Trace) -> dict[str, Any]:
    """Return what JSON shows of a path beside its hops; times are ns since 1970 (UTC)."""
    path = {name: value for name, value in plain(trace.path).items() if name not in OUTER}
    return {
        "schema": SCHEMA,
        "part": "path",
        **path,
        "missing": [hop.hop.number for hop in trace.hops if not hop.hop.answers],
        "stopped": trace.stopped,
        "answer": trace.answer or None,
        "length": len(trace.path.hops),
        "sent": trace.sent,
        "late": sum(hop.late for hop in trace.hops),
        "duplicates": trace.duplicates,
        "mtu": trace.mtu,
        "flows": [
            {
                "flow": one.flow.number,
                "selector": one.flow.sport,
                "end": one.path.end,
                "hops": [[str(answer.address) for answer in hop.answers] for hop in one.path.hops],
            }
            for one in trace.flows
        ],
    }
