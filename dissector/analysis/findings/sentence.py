"""The sentence of a finding: a rule's text with facts in it, made when somebody reads it, for most are not shown."""

from __future__ import annotations

from functools import cache
from string import Formatter
from typing import TYPE_CHECKING, Literal

from dissector.registry.model import Text

if TYPE_CHECKING:
    from collections.abc import Mapping


def said(sentence: Text, facts: Mapping[str, object], lang: Literal["en", "zh"]) -> str:
    """Return a sentence with facts in it; those that are texts are in its language."""
    pattern = getattr(sentence, lang)
    told: str = pattern.format_map({name: getattr(as_text(facts[name]), lang) for name in _named(pattern)})
    return told


@cache
def _named(pattern: str) -> frozenset[str]:
    """Return the names of the facts in a sentence."""
    return frozenset(name for _, name, _, _ in Formatter().parse(pattern) if name)


def as_text(fact: object) -> Text:
    """Return what is the same in both languages as a text."""
    if isinstance(fact, Text):
        return fact
    text = str(fact)
    return Text(text, text)
