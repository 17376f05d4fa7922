"""The registry for people: a page an entry, a table of many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dissector.present.diagram import diagram
from dissector.present.tables import tabulated
from dissector.present.text import bullets
from dissector.registry.model import Effect, Entry, Family, span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.layout import Layout
    from dissector.registry.model import Text

WIDTH = 80
TITLES = {
    "class": ("is", "性质"),
    "sender": ("sent by", "发送者"),
    "meaning": ("means", "含义"),
    "receiver": ("receiver", "接收端"),
    "errno": ("Linux", "Linux"),
    "effect": ("TCP", "TCP"),
    "action": ("do", "处理"),
    "filtering": ("filter", "过滤"),
    "answer": ("answer", "应答"),
    "note": ("note", "说明"),
    "codes": ("codes", "代码"),
}
KINDS = {
    "error": "差错报文",
    "query": "查询报文",
    "informational": "信息报文",
    "unknown": "类别未定",
}
STATUSES = {
    "current": "现行",
    "deprecated": "已弃用",
    "obsolete": "已作废",
    "experimental": "实验",
    "unassigned": "未分配",
}
FATAL = (
    ("a soft error in its table", "在其差错表中为软差错"),
    (
        "a hard error in its table: connected UDP sockets see it",
        "在其差错表中为硬差错：已连接的UDP套接字会收到",
    ),
)
"""What Linux makes of an errno, by whether it holds it for fatal."""
EFFECTS = {
    Effect.SOFT: ("a soft error: it keeps the connection", "软差错：保持连接"),
    Effect.HARD: ("a hard error: it may end the connection", "硬差错：可以中止连接"),
}


def choose(text: Text | None, lang: str) -> str | None:
    """Return a text in the language asked for."""
    return None if text is None else getattr(text, lang)


def title(key: str, lang: str) -> str:
    """Return the heading of a paragraph."""
    return TITLES[key][lang == "zh"]


def page(entry: Entry, lang: str = "en", *, layout: bool = False, width: int = WIDTH) -> Iterator[str]:
    """Yield the lines of an entry's page.

    Args:
        entry: a type, or one of its codes.
        lang: ``en`` or ``zh``.
        layout: draw the octets too.
        width: columns to wrap at.
    """
    yield f"{entry.family.label} {entry.reference.removeprefix('v6:')}  {choose(entry.name, lang)}"
    for key, text in paragraphs(entry, lang):
        if text:
            yield bullets(title(key, lang), text, width)
    codes = entry.type.codes if entry.code is None else ()
    for index, code in enumerate(codes):
        text = f"{span(code.number, code.last)} {choose(code.name, lang)}"
        yield bullets("" if index else title("codes", lang), text, width)
    if layout:
        yield ""
        yield from drawing(entry.shape.layout)


def paragraphs(entry: Entry, lang: str) -> Iterator[tuple[str, str | None]]:
    """Yield the paragraphs of a page: what each is about, and its text; None where there is nothing to say."""
    zh = lang == "zh"
    comma = "，" if zh else ", "
    about = entry.about
    kind, status = entry.type.kind.value, entry.status.value
    facts = [KINDS[kind], STATUSES[status]] if zh else [kind, status]
    if entry.code is not None:
        facts.append(f"{'类型' if zh else 'type'} {entry.type.number} {choose(entry.type.name, lang)}")
    yield "class", comma.join([*facts, *entry.rfc])
    yield "meaning", choose(about.meaning, lang)
    yield "sender", choose(about.sender, lang)
    yield "receiver", choose(about.receiver, lang)
    if entry.errno is not None:
        yield "errno", comma.join((entry.errno, FATAL[entry.fatal is True][zh]))
    if entry.effect is not None:
        yield "effect", EFFECTS[entry.effect][zh]
    yield "answer", answered(entry, lang)
    yield "action", choose(about.action, lang)
    yield "filtering", choose(about.filtering, lang)
    yield "note", choose(about.note, lang)


def answered(entry: Entry, lang: str) -> str | None:
    """Return what answers a query, or what an answer answers."""
    number = entry.type.answered_by
    if number is None:
        return None
    prefix = "v6:" if entry.family is Family.ICMPV6 else ""
    return f"类型 {prefix}{number}" if lang == "zh" else f"type {prefix}{number} is the other half"


def drawing(layout: Layout, width: int = WIDTH) -> Iterator[str]:
    """Yield the drawing of a layout and what each field means."""
    yield from diagram(layout)
    yield ""
    fields = [
        (field.name, f"{field.bits} bits", field.doc + (f" Unit: {field.unit}." if field.unit else ""))
        for field in layout.fields
    ]
    if layout.rest is not None:
        fields.append((layout.rest.name, "the rest", layout.rest.doc))
    name_width = max(len(name) for name, _, _ in fields)
    for name, size, doc in fields:
        yield bullets(f"{name:<{name_width}}  {size:>8}", doc, width, name_width + 12)


def table(entries: list[Entry], lang: str, style: str) -> str:
    """Return entries as one of tabulate's tables.

    Args:
        entries: the rows.
        lang: ``en`` or ``zh``.
        style: a table format of tabulate's.
    """
    heads = (
        ("引用", "名称", "性质", "状态", "文档")
        if lang == "zh"
        else ("what", "name", "kind", "status", "documents")
    )
    rows = []
    for entry in entries:
        name = choose(entry.name, lang) or ""
        kind, status = entry.type.kind.value, entry.status.value
        words = (KINDS[kind], STATUSES[status]) if lang == "zh" else (kind, status)
        rows.append(
            (entry.reference, name if entry.code is None else f"  {name}", *words, ", ".join(entry.rfc))
        )
    return tabulated(rows, heads, style, preserve_whitespace=True)
