"""Findings as tables and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dissector.present.summary import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dissector.analysis.findings import CaptureFinding, FindingsReport, Place

ALIKE = 3
"""Findings of one rule in a table, those with the most messages; JSON has all of them."""
WIDTHS = (8, 15, 38, 12)
"""Columns of a terminal, which with two between each are 79."""
TEXTS = {
    "en": ("Findings", ("severity", "finding", "what was seen", "frames"), "{} more like this"),
    "zh": ("发现", ("严重性", "发现", "所见", "帧"), "另有 {} 条同类"),
}
ADVICE = {"en": ("What to do", ("finding", "what to do", "rests on")), "zh": ("处理建议", ("发现", "建议", "依据"))}


def findings_tables(
    report: FindingsReport, *, table_format: str = "simple", narrow: bool = False, lang: str = "en"
) -> Iterator[str]:
    """Yield the tables of findings: what was seen, and what to do about each kind.

    Args:
        report: what was found.
        table_format: one of tabulate's names.
        narrow: whether to fit 80 columns.
        lang: of titles and advice; the sentences are English.
    """
    title, headers, more = TEXTS[lang]
    lines: list[tuple[object, ...]] = []
    by_rule: dict[str, list[CaptureFinding]] = {}
    for finding in report.findings:
        by_rule.setdefault(finding.rule.id, []).append(finding)
    several = len({place.file for finding in report.findings for place in finding.frames}) > 1
    for alike in by_rule.values():
        rule = alike[0].rule
        for finding in alike[:ALIKE]:
            frames = frames_text(finding.frames, finding.messages, with_file=several)
            lines.append((rule.severity.value, rule.id, finding.text, frames))
        if len(alike) > ALIKE:
            lines.append((rule.severity.value, rule.id, more.format(len(alike) - ALIKE), ""))
    yield from table(title, headers, lines, table_format, widths=WIDTHS if narrow else None)
    title, headers = ADVICE[lang]
    rules = [alike[0].rule for alike in by_rule.values()]
    yield from table(
        title,
        headers,
        [(rule.id, getattr(rule.advice, lang), rule.rfc) for rule in rules],
        table_format,
        widths=(WIDTHS[1], 40, 20) if narrow else None,
    )


def frames_text(frames: Sequence[Place], messages: int, *, with_file: bool) -> str:
    """Return frames as text: ``1, 5, 9 …``; with the file before the first of each, where there are several."""
    parts, before = [], ""
    for place in frames:
        named = f"{place.file}: " if with_file and place.file != before else ""
        parts.append(f"{named}{place.frame}")
        before = place.file
    return ", ".join(parts) + (" …" if messages > len(frames) else "")


def findings_json(report: FindingsReport) -> dict[str, Any]:
    """Return what JSON shows of a report; times are ns since 1970 (UTC)."""
    return {
        "findings": [
            {
                "id": finding.rule.id,
                "area": finding.rule.area.value,
                "severity": finding.rule.severity.value,
                "title": finding.rule.title.en,
                "text": finding.text,
                "advice": finding.rule.advice.en,
                "rfc": finding.rule.rfc,
                "messages": finding.messages,
                "first_ns": finding.first_ns,
                "last_ns": finding.last_ns,
                "hosts": [str(host) for host in finding.hosts],
                "frames": [place._asdict() for place in finding.frames],
            }
            for finding in report.findings
        ],
        "thresholds": report.thresholds._asdict(),
        "warnings": list(report.warnings),
    }
