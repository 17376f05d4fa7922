"""The table ``findings``: what a capture shows that deserves a look, a row each, the gravest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dissector.analysis.findings import Findings
from dissector.export.columns import Values, Words
from dissector.export.schema import NUMPY, TEXT, TIME, Column
from dissector.export.table import Table
from dissector.present.findings import frames_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dissector.analysis.findings import CaptureFinding
    from dissector.batch import Batch

COLUMNS = (
    Column("id", TEXT, doc="Its name: [all of them](findings.md).", nullable=False),
    Column("area", TEXT, doc="`conformance`, `operation`, `security`.", nullable=False),
    Column("severity", TEXT, doc="`note`, `warning`, `error`.", nullable=False),
    Column("title", TEXT, doc="Its name for people.", nullable=False),
    Column("sentence", TEXT, doc="What was seen.", nullable=False),
    Column("messages", "BIGINT", doc="How many messages show it.", nullable=False),
    Column("first", TIME, "UTC", "When it was first seen."),
    Column("last", TIME, "UTC", "When it was last seen."),
    Column(
        "hosts",
        TEXT,
        doc="The addresses that it is about, with commas between them; whose doing it is first.",
    ),
    Column("frames", TEXT, doc="The first frames that show it, each after its file where there are several."),
    Column("rfc", TEXT, doc="What it rests on."),
    Column("advice", TEXT, doc="What to do.", nullable=False),
)
"""Its columns."""


def findings(captures: Iterable[Iterable[Batch]]) -> Iterator[Table]:
    """Yield what some captures, as one, show."""
    state = Findings()
    for batches in captures:
        for batch in batches:
            state.update(batch)
    found = state.result().findings
    several = len(state.files) > 1
    rows = [_row(finding, several=several) for finding in found]
    if rows:
        yield Table(len(rows), {column.name: _values(column, rows) for column in COLUMNS})


def _row(finding: CaptureFinding, *, several: bool) -> dict[str, str | int | None]:
    rule = finding.rule
    return {
        "id": rule.id,
        "area": rule.area.value,
        "severity": rule.severity.value,
        "title": rule.title.en,
        "sentence": finding.text,
        "messages": finding.messages,
        "first": finding.first_ns,
        "last": finding.last_ns,
        "hosts": ", ".join(map(str, finding.hosts)) or None,
        "frames": frames_text(finding.frames, len(finding.frames), with_file=several),
        "rfc": rule.rfc or None,
        "advice": rule.advice.en,
    }


def _values(column: Column, rows: list[dict[str, str | int | None]]) -> Values:
    found = [row[column.name] for row in rows]
    if column.type == TEXT:
        return Words().column([None if cell is None else str(cell) for cell in found])
    missing = np.array([cell is None for cell in found], np.bool_)
    return Values.of(np.array([cell or 0 for cell in found], NUMPY[column.type]), missing)
