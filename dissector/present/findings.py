"""Findings as tables and as JSON, and the page about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dissector.analysis.findings.model import MEANINGS, TITLES, Thresholds, dashed
from dissector.analysis.findings.rules import RULES
from dissector.errors import Severity
from dissector.present.summary import table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from dissector.analysis.findings import CaptureFinding, FindingsReport, Place

ALIKE = 3
"""Findings of one rule in a table, those with the most messages; JSON has all of them."""
WIDTHS = (10, 15, 36, 12)
"""Columns of a terminal, which with two between each are 79; the first is as wide as tabulate makes its header."""
TEXTS = {
    "en": ("Findings", ("severity", "finding", "what was seen", "frames"), "{} more like this"),
    "zh": ("发现", ("严重性", "发现", "所见", "帧"), "另有 {} 条同类"),
}
SEVERITIES = {
    "en": {severity: severity.value for severity in Severity},
    "zh": {Severity.NOTE: "提示", Severity.WARNING: "警告", Severity.ERROR: "错误"},
}
ADVICE = {
    "en": ("What to do", ("finding", "what to do", "rests on")),
    "zh": ("处理建议", ("发现", "建议", "依据")),
}


def findings_tables(
    report: FindingsReport, *, table_format: str = "simple", narrow: bool = False, lang: str = "en"
) -> Iterator[str]:
    """Yield the tables of findings: what was seen, and what to do about each kind.

    Args:
        report: what was found.
        table_format: one of tabulate's names.
        narrow: whether to fit 80 columns.
        lang: of all texts, ``"en"`` or ``"zh"``.
    """
    title, headers, more = TEXTS[lang]
    lines: list[tuple[object, ...]] = []
    by_rule: dict[str, list[CaptureFinding]] = {}
    for finding in report.findings:
        by_rule.setdefault(finding.rule.id, []).append(finding)
    names = _short(report.files)
    for alike in by_rule.values():
        rule = alike[0].rule
        for finding in alike[:ALIKE]:
            places = [place._replace(file=names[place.file]) for place in finding.frames]
            frames = frames_text(places, finding.messages, with_file=len(names) > 1)
            text = finding.text if lang == "en" else finding.text_zh
            lines.append((SEVERITIES[lang][rule.severity], rule.id, text, frames))
        if len(alike) > ALIKE:
            lines.append((SEVERITIES[lang][rule.severity], rule.id, more.format(len(alike) - ALIKE), ""))
    yield from table(title, headers, lines, table_format, widths=WIDTHS if narrow else None)
    title, advice_headers = ADVICE[lang]
    rules = [alike[0].rule for alike in by_rule.values()]
    yield from table(
        title,
        advice_headers,
        [(rule.id, getattr(rule.advice, lang), rule.rfc) for rule in rules],
        table_format,
        widths=(WIDTHS[1], 40, 20) if narrow else None,
    )


def _short(files: Collection[str]) -> dict[str, str]:
    """Return names of files without the folder that all are in, if there is one."""
    folders = {name.rpartition("/")[0] for name in files}
    folder = folders.pop() if len(folders) == 1 else ""
    return {name: name.removeprefix(f"{folder}/") if folder else name for name in files}


def thresholds_table(thresholds: Thresholds, *, table_format: str, narrow: bool, lang: str) -> Iterator[str]:
    """Yield the table of thresholds: names, values, units, what they are."""
    said = WORDS[lang]
    rows = [
        (dashed(name), f"{value:g}", *(getattr(text, lang) for text in MEANINGS[name]))
        for name, value in thresholds._asdict().items()
    ]
    yield from table(
        said.thresholds, said.headers, rows, table_format, widths=(16, 7, 9, 41) if narrow else None
    )


def thresholds_json(thresholds: Thresholds) -> list[dict[str, Any]]:
    """Return what JSON shows of thresholds."""
    return [
        {
            "name": dashed(name),
            "value": value,
            "unit": MEANINGS[name].unit.en,
            "meaning": MEANINGS[name].text.en,
            "meaning_zh": MEANINGS[name].text.zh,
        }
        for name, value in thresholds._asdict().items()
    ]


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
                "title_zh": finding.rule.title.zh,
                "text": finding.text,
                "text_zh": finding.text_zh,
                "advice": finding.rule.advice.en,
                "advice_zh": finding.rule.advice.zh,
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


class Words(NamedTuple):
    """What the page says beside the rules, in one language."""

    title: str
    introduction: str
    limits: str
    sentence: str
    advice: str
    rests: str
    thresholds: str
    settable: str
    headers: tuple[str, str, str, str]


WORDS = {
    "en": Words(
        title="Findings",
        introduction="What `dissector summary` finds in a capture beside its numbers. Generated from the rules by "
        "`python docs/findings.py`; do not edit.\n\n"
        "Each finding has an id, a severity, one sentence with the facts, the first frames that show it, what to do, "
        "and the RFC that it rests on. It is told from ICMP alone: what other protocols would show is not looked at. "
        "[A sample capture](../pcaps/README.md), `findings.pcapng`, raises every one of them.",
        limits="What is not found: fragments beyond 65,535 octets and IPv6 fragments that overlap never become "
        "messages; the account of the capture counts them. A redirect with all of the router's marks, and one rogue "
        "router alone on a link, look like the real ones.",
        sentence="Sentence",
        advice="What to do",
        rests="Rests on",
        thresholds="Thresholds",
        settable="Every threshold can be set by its name: `dissector summary --threshold sweep-hosts=64`, or "
        '`Findings(Thresholds.of({"sweep-hosts": 64}))`. `dissector summary --thresholds` lists them.',
        headers=("threshold", "value", "unit", "what it is"),
    ),
    "zh": Words(
        title="发现",
        introduction="`dissector summary` 在数字之外从抓包中发现的问题。"
        "由 `python docs/findings.py` 依规则生成；请勿手工修改。\n\n"
        "每条发现包含标识、严重性、一句陈述事实的话、最先显示它的帧、处理建议及所依据的 RFC。"
        "判断仅依据 ICMP，不查看其他协议。"
        "[示例抓包](../pcaps/README.md) `findings.pcapng` 会触发全部规则。",
        limits="无法发现的情形：超过 65,535 八位组的分片与重叠的 IPv6 分片不会成为报文，只在抓包统计中计数；"
        "具备路由器全部特征的冒名重定向，以及链路上唯一的非法路由器，与真实情形无法区分。",
        sentence="语句",
        advice="处理建议",
        rests="依据",
        thresholds="阈值",
        settable="每个阈值均可按名称设置：`dissector summary --threshold sweep-hosts=64`，或 "
        '`Findings(Thresholds.of({"sweep-hosts": 64}))`。`dissector summary --thresholds` 列出全部阈值。',
        headers=("阈值", "值", "单位", "含义"),
    ),
}


def page(lang: str = "en") -> str:
    """Return the page about all rules, in Markdown."""
    said = WORDS[lang]
    lines = [f"# {said.title}", "", said.introduction, "", said.limits]
    for area, title in TITLES.items():
        lines += ["", f"## {getattr(title, lang)}"]
        for rule in (rule for rule in RULES if rule.area is area):
            severity = SEVERITIES[lang][rule.severity]
            lines += ["", f"### {rule.id}", "", f"{getattr(rule.title, lang)} ({severity})", ""]
            lines.append(f"- {said.sentence}: {getattr(rule.sentence, lang)}")
            lines.append(f"- {said.advice}: {getattr(rule.advice, lang)}")
            if rule.rfc:
                lines.append(f"- {said.rests}: {rule.rfc}")
            if rule.thresholds:
                lines.append(
                    f"- {said.thresholds}: {', '.join(f'`{dashed(name)}`' for name in rule.thresholds)}"
                )
    lines += ["", f"## {said.thresholds}", "", said.settable, ""]
    lines += [f"| {' | '.join(said.headers)} |", "|---|---:|---|---|"]
    for name, value in Thresholds()._asdict().items():
        unit, meaning = (getattr(text, lang) for text in MEANINGS[name])
        lines.append(f"| `{dashed(name)}` | {value:g} | {unit} | {meaning} |")
    return "\n".join(lines) + "\n"
