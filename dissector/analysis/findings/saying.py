"""Facts as the sentences of findings have them, in both languages: how many, how they are called, the first few."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from dissector.analysis.findings.sentence import as_text
from dissector.analysis.findings.view import SIX
from dissector.protocols import protocol_name
from dissector.registry.model import Family, Text
from dissector.registry.table import find

if TYPE_CHECKING:
    from collections.abc import Iterable

NAMED = 3
"""How many ports, names or addresses a sentence has before it says how many more there are."""


def quantity(count: int, one: str, several: str, measured: str) -> Text:
    """Return how many there are.

    Args:
        count: the number.
        one: the noun, in English.
        several: its plural.
        measured: the noun in Chinese, after its measure word: ``"条报文"``.
    """
    return Text(f"{count} {one if count == 1 else several}", f"{count} {measured}")


def messages(count: int) -> Text:
    """Return how many messages there are."""
    return quantity(count, "message", "messages", "条报文")


def span(least: int | None, most: int | None) -> Text:
    """Return one number, or the two that others are between."""
    return as_text(least) if least == most else Text(f"{least} to {most}", f"{least} 至 {most}")


def some(facts: Iterable[object]) -> Text:
    """Return the first of some facts in a row, and how many more there are."""
    every = [as_text(fact) for fact in facts]
    more = len(every) - NAMED
    en = ", ".join(one.en for one in every[:NAMED])
    zh = "、".join(one.zh for one in every[:NAMED])
    return Text(f"{en} and {more} more", f"{zh} 等 {len(every)} 项") if more > 0 else Text(en, zh)


def reasons(texts: Iterable[Text]) -> Text:
    """Return some reasons, one after another."""
    every = list(texts)
    return Text("; ".join(one.en for one in every), "；".join(one.zh for one in every))


@lru_cache(maxsize=1024)
def names(details: tuple[int, ...]) -> Text:
    """Return the names of types: ``Redirect, Address Mask Request``."""
    found: dict[Text, None] = {}
    for detail in details:
        kind = detail >> 8
        family = Family.ICMPV6 if kind >= SIX else Family.ICMPV4
        entry = find(family, kind % SIX, detail & 0xFF)
        name = entry.type.name
        if entry.code is not None and len(entry.type.codes) > 1:
            name = Text(f"{name.en} ({entry.code.name.en})", f"{name.zh}（{entry.code.name.zh}）")
        found[name] = None
    return some(found)


def services(details: Iterable[int]) -> Text:
    """Return protocols and ports: ``UDP 53, TCP 22``."""
    found = []
    for detail in details:
        protocol, port = detail >> 16, detail & 0xFFFF
        name = protocol_name(protocol)
        found.append(f"{name} {port}" if port else name)
    return some(found)
