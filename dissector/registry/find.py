"""Finding what someone asks for: numbers, names in English and Chinese, errno values, documents.

Strategy: a question is tried as a number, a document and an errno first, since those say exactly what they
mean; then as a name, in tiers: the name itself or what people call it; words of it; the beginnings of its
words; its words and those of its type; the texts. Only where no tier has anything are words corrected that
are in no name.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, overload

from dissector.errors import LookupFailedError
from dissector.registry.aliases import ALIASES, ERROR_MESSAGES, SYNONYMS
from dissector.registry.model import Entry, Family, Status
from dissector.registry.table import all_entries, family_entries, find

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.registry.model import Code, MessageType, Text

OCTET = 255
SHORTEST = 4
"""Letters that a word needs to be looked for in the texts."""
LONGEST = 200
"""Characters that a question may have: more are no name, and would be slow to correct."""
EXAMPLES = ("3/4", "v6:1/4", '"port unreachable"', "ECONNREFUSED", "RFC 792")
FAMILIES = {"4": Family.ICMPV4, "6": Family.ICMPV6, "": None}

_NUMBER = r"(?:0x[0-9a-f]{1,8}|\d{1,9})"
_SPAN = rf"{_NUMBER}(?:\s*-\s*{_NUMBER})?"
_PREFIX = re.compile(
    r"(?:icmp|(?:icmp-?)?v(?=[46])|icmp-?(?=[46]))(?P<family>[46]?)(?![a-z0-9])[\s:/,_-]*", re.IGNORECASE
)
_NUMBERS = re.compile(
    rf"(?:type|类型)?[\s=:]*(?P<type>{_SPAN})(?:(?:\s*[/,:.;]?\s*(?:code|代码)[\s=:]*|\s*[/,:.]\s*|\s+)(?P<code>{_SPAN}))?",
    re.IGNORECASE,
)
_DOCUMENT = r"rfc[\s_-]*0*(\d{1,9})"
_WORD = r"[a-z0-9]+|[\u3400-\u9fff]+"
"""Compiled where they are used: a number needs neither, and so many characters take 1 ms."""
_NOISE = frozenset({"a", "an", "the", "of", "icmp", "icmp6", "icmpv6", "message", "messages", "报文", "消息"})


class _Hit(NamedTuple):
    """An entry that fits a question, and how well: less is better."""

    rank: tuple[int, int]
    entry: Entry


class _Named(NamedTuple):
    """An entry with the words of its names.

    Attributes:
        entry: the entry.
        forms: the words of each name; those that only repeat the type's name are left to the type.
        general: the words of each name of its type, none for the type itself.
    """

    entry: Entry
    forms: tuple[tuple[str, ...], ...]
    general: tuple[tuple[str, ...], ...]


@overload
def lookup(what: int, code: int | None = None, /, *, family: Family = Family.ICMPV4) -> Entry: ...
@overload
def lookup(what: str, /, *, family: Family | None = None) -> Entry: ...
def lookup(what: int | str, code: int | None = None, /, *, family: Family | None = None) -> Entry:
    """Return the entry of a type, of a type and code, or of a question as `dissector lookup` takes it.

    Args:
        what: a type, 0 to 255; or a question such as ``"v6:1/4"`` or ``"port unreachable"``.
        code: the code, 0 to 255; None for the type itself. Types without codes of their own take any.
        family: which ICMP; for numbers ICMPv4 if not given, for names both, the best of ICMPv4 first.

    Raises:
        LookupFailedError: there is nothing of that number or name, or there are several that fit as well.
        TypeError: a code is given beside a question.
    """
    if isinstance(what, int):
        return _exact(Family.ICMPV4 if family is None else family, what, code)
    if code is not None:
        message = "lookup() takes a code beside a type's number only"
        raise TypeError(message)
    hits = _search(what, family)
    best = hits[0]
    equal = [hit.entry for hit in hits if hit.rank == best.rank and hit.entry.family is best.entry.family]
    if len(equal) > 1:
        names = tuple(entry.reference for entry in equal)
        sentence = f"{what!r} fits {len(names)} messages equally well, such as {_listing(names)}"
        raise LookupFailedError(sentence, suggestions=names)
    return best.entry


def find_entries(query: str) -> list[Entry]:
    """Return the entries that a question is about, best first.

    A number alone is an ICMPv4 type, as in ``3`` and ``3/4``, unless only ICMPv6 has assigned it (``135``);
    ``v6`` or ``icmpv6`` before a number or a name asks for ICMPv6, ``v4`` for ICMPv4. A range (``5-99``,
    ``3/9-13``) gives all that it touches.

    Args:
        query: number, name, alias, errno value or its message, or document.

    Raises:
        LookupFailedError: nothing fits; its ``suggestions`` are questions that have an answer.
    """
    return [hit.entry for hit in _search(query)]


def as_json(entry: Entry) -> dict[str, Any]:
    """Return what `lookup --json` prints of an entry: the same keys for each, None where it has nothing."""
    row, code, about = entry.type, entry.code, entry.about
    shown: dict[str, Any] = {
        "family": entry.family.value,
        "type": row.number,
        "type_last": row.last,
        "code": None if code is None else code.number,
        "code_last": None if code is None else code.last,
        **_both("name", entry.name),
        "kind": row.kind.value,
        "status": entry.status.value,
        "rfc": list(entry.rfc),
    }
    for key, text in about._asdict().items():
        shown |= _both(key, text)
    effect = None if entry.effect is None else entry.effect.value
    return shown | {
        "errno": entry.errno,
        "fatal": entry.fatal,
        "effect": effect,
        "answered_by": row.answered_by,
    }


def _both(key: str, text: Text | None) -> dict[str, str | None]:
    """Return a text under its key in English, and under the key with ``_zh`` in Chinese."""
    return {key: None, f"{key}_zh": None} if text is None else {key: text.en, f"{key}_zh": text.zh}


def _exact(family: Family, number: int, code: int | None) -> Entry:
    """Return the entry of a type and code; a type that has codes must have this one."""
    for what, value in (("type", number), ("code", code)):
        if value is not None and not 0 <= value <= OCTET:
            sentence = f"{family.label} has no {what} {value}: a {what} is one octet, 0 to {OCTET}"
            raise LookupFailedError(sentence)
    entry = find(family, number, code)
    if code is not None and entry.code is None and entry.type.codes:
        known = tuple(Entry(family, entry.type, known).reference for known in entry.type.codes)
        sentence = (
            f"{family.label} type {number}, {entry.name.en}, has no code {code}; it has {_listing(known)}"
        )
        raise LookupFailedError(sentence, suggestions=known)
    return entry


def _listing(references: tuple[str, ...]) -> str:
    """Return some references as a short text."""
    shown = 5
    return ", ".join(references[:shown]) + (" …" if len(references) > shown else "")


def _search(query: str, family: Family | None = None) -> list[_Hit]:
    """Return what fits, best first; at least one."""
    asked = " ".join(unicodedata.normalize("NFKC", query).split()).strip("\"'“”‘’ ")
    if not asked or len(asked) > LONGEST:
        sentence = f"nothing was asked for; try {_listing(EXAMPLES)}"
        if asked:
            sentence = f"no name has {len(asked)} characters; try {_listing(EXAMPLES)}"
        raise LookupFailedError(sentence, suggestions=EXAMPLES)
    prefix = _PREFIX.match(asked)
    wanted, text = family, asked
    if prefix:
        text = asked[prefix.end() :]
        wanted = FAMILIES[prefix["family"]] or family
    numbers = _NUMBERS.fullmatch(text)
    if numbers:
        return _by_number(wanted, prefix is not None, *numbers.group("type", "code"))
    if text and not any(map(str.isalpha, text)):
        sentence = f"{asked!r} is no type and code; try {_listing(EXAMPLES)}"
        raise LookupFailedError(sentence, suggestions=EXAMPLES)
    named = [row for each in Family if wanted in (None, each) for row in _named(each)]
    if not text:
        return [_Hit((0, 0), row.entry) for row in named if row.entry.code is None]
    for way in (_by_document, _by_errno, _by_name, _by_text, _by_corrected_name):
        hits = way(text, named)
        if hits:
            return sorted(hits, key=lambda hit: (hit.rank, hit.entry.family))
    return _give_up(asked)


def _by_number(family: Family | None, stated: bool, type_text: str, code_text: str | None) -> list[_Hit]:
    """Return the entry of a type, or of a type and code; for ranges all that they touch."""
    first, last = _bounds(type_text)
    if family is None:
        only_v6 = not stated and all(map(_only_in_v6, (first, last)))
        family = Family.ICMPV6 if only_v6 else Family.ICMPV4
    codes = None if code_text is None else _bounds(code_text)
    if first == last and (codes is None or codes[0] == codes[1]):
        return [_Hit((0, 0), _exact(family, first, codes and codes[0]))]
    found = [
        _Hit((0, 0), entry)
        for entry in family_entries(family)
        if _touches(entry.type, (first, last))
        and (entry.code is None if codes is None else entry.code is not None and _touches(entry.code, codes))
    ]
    if not found:
        sentence = f"{family.label} has no types {type_text}" + (
            "" if code_text is None else f" with codes {code_text}"
        )
        raise LookupFailedError(sentence)
    return found


def _only_in_v6(number: int) -> bool:
    """Return whether ICMPv6 has assigned a type that ICMPv4 has not."""
    return (
        number <= OCTET
        and find(Family.ICMPV4, number).status is Status.UNASSIGNED
        and find(Family.ICMPV6, number).status is not Status.UNASSIGNED
    )


def _bounds(text: str) -> tuple[int, int]:
    """Return both ends of ``5-99``, or one number twice; hexadecimal too."""
    numbers = [
        int(part, 16 if part.lower().startswith("0x") else 10)
        for part in re.findall(_NUMBER, text, re.IGNORECASE)
    ]
    return min(numbers), max(numbers)


def _touches(row: MessageType | Code, bounds: tuple[int, int]) -> bool:
    """Return whether a type or code lies in a range, at least in part."""
    return bounds[0] <= (row.last or row.number) and row.number <= bounds[1]


def _by_document(text: str, named: list[_Named]) -> list[_Hit]:
    """Return the entries that a document defines; where there are none, those that mention it."""
    asked = re.fullmatch(_DOCUMENT, text, re.IGNORECASE)
    if not asked:
        return []
    document = f"RFC {asked[1]}"
    found = [_Hit((0, 0), row.entry) for row in named if document in row.entry.rfc]
    if not found:
        mention = re.compile(rf"{document}\b", re.ASCII)
        found = [_Hit((1, 0), row.entry) for row in named if mention.search(_own_text(row.entry))]
    if not found:
        documents = {int(name[4:]) for row in named for name in row.entry.rfc if name.startswith("RFC ")}
        near = sorted(documents, key=lambda number: abs(number - int(asked[1])))[:3]
        suggestions = tuple(f"RFC {number}" for number in near)
        sentence = f"no message rests on {document}; documents near it are {_listing(suggestions)}"
        raise LookupFailedError(sentence, suggestions=suggestions)
    return found


def _own_text(entry: Entry) -> str:
    """Return all texts of a row itself, and what its shape says of its documents."""
    row = entry.type if entry.code is None else entry.code
    texts = [part for text in row.about if text is not None for part in text]
    return "\n".join([*texts, row.shape.__doc__ or "" if row.shape is not None else ""])


def _by_errno(text: str, named: list[_Named]) -> list[_Hit]:
    """Return the entries for which Linux reports an errno value: plainest causes, other types, codes."""
    name = ERROR_MESSAGES.get(text.casefold(), text.upper())
    found = [row.entry for row in named if row.entry.errno == name]
    places = _places(_words(name))
    return [
        _Hit((0, places.get(entry.reference, len(places) + (entry.code is not None))), entry)
        for entry in found
    ]


def _words(text: str) -> tuple[str, ...]:
    """Return what matters of a name: its words in lower case, each run of Chinese characters being one."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("(no code)", "")
    for noise in ("报文", "消息"):
        plain = plain.replace(noise, " ")
    words = tuple(SYNONYMS.get(word, word) for word in re.findall(_WORD, plain))
    return tuple(word for word in words if word not in _NOISE) or words


@cache
def _named(family: Family) -> tuple[_Named, ...]:
    """Return the entries of a family with the words of their names."""
    rows: list[_Named] = []
    general: tuple[tuple[str, ...], ...] = ()
    for entry in family_entries(family):
        forms = tuple(map(_words, entry.name))
        if entry.code is None:
            general = forms
            rows.append(_Named(entry, forms, ()))
        else:
            rows.append(_Named(entry, tuple(form for form in forms if form not in general), general))
    return tuple(rows)


@cache
def _aliases() -> dict[tuple[str, ...], str]:
    """Return the aliases by their words."""
    return {_words(alias): references for alias, references in ALIASES.items()}


def _places(asked: tuple[str, ...]) -> dict[str, int]:
    """Return the references that an alias stands for, with their places in it; none where it is no alias."""
    return {reference: place for place, reference in enumerate(_aliases().get(asked, "").split())}


def _by_name(text: str, named: list[_Named]) -> list[_Hit]:
    """Return the entries with that name or alias; where there are none, those with such words."""
    asked = _words(text)
    if not asked:
        return []
    places = _places(asked)
    hits = [
        _Hit((0, places.get(row.entry.reference, len(places))), row.entry)
        for row in named
        if row.entry.reference in places or asked in row.forms
    ]
    if hits:
        return hits
    for row in named:
        ranks = [rank for form in row.forms for rank in _fits(asked, form)]
        if not ranks:
            ranks = [(3, surplus) for _, surplus in _fits_with_type(asked, row)]
        if ranks:
            hits.append(_Hit(min(ranks), row.entry))
    return hits


def _fits(asked: tuple[str, ...], form: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Yield how well words fit a name: by whole words or their beginnings, short names first."""
    chinese = "".join(word for word in form if not word.isascii())
    surplus = sum(map(len, form)) - sum(map(len, asked))
    if all(word in form if word.isascii() else word in chinese for word in asked):
        yield (1, surplus)
    elif all(_begins(word, form) if word.isascii() else word in chinese for word in asked):
        yield (2, surplus)


def _begins(word: str, form: tuple[str, ...]) -> bool:
    """Return whether a word of at least two letters is the beginning of one in a name."""
    return len(word) > 1 and any(other.startswith(word) for other in form)


def _fits_with_type(asked: tuple[str, ...], row: _Named) -> Iterator[tuple[int, int]]:
    """Yield how well words fit the names of type and code together, at least one of them that of the code."""
    for form in row.forms:
        if any(_begins(word, form) if word.isascii() else word in "".join(form) for word in asked):
            for general in row.general:
                yield from _fits(asked, general + form)


def _by_text(text: str, named: list[_Named]) -> list[_Hit]:
    """Return the entries whose own texts have all the words, codes before types; no short words."""
    asked = _words(text)
    if not asked or any(len(word) < SHORTEST for word in asked if word.isascii()) or asked[0] in _NOISE:
        return []
    words = [re.compile(rf"\b{word}" if word.isascii() else word, re.ASCII) for word in asked]
    hits = []
    for row in named:
        own = unicodedata.normalize("NFKC", _own_text(row.entry)).casefold()
        if all(word.search(own) for word in words):
            hits.append(_Hit((4, int(row.entry.code is None)), row.entry))
    return hits


def _by_corrected_name(text: str, named: list[_Named]) -> list[_Hit]:
    """Return the entries whose name is meant by one that is misspelt."""
    from difflib import get_close_matches

    forms = {form for row in named for form in row.forms} | set(_aliases())
    known = {word for form in forms for word in form if word.isascii()}
    asked = _words(text)
    words = [
        word
        if word in known or not word.isascii()
        else next(iter(get_close_matches(word, known, 1, 0.75)), word)
        for word in asked
    ]
    hits = _by_name(" ".join(words), named)
    if hits:
        return hits
    closeness = 0.8 if all(word.isascii() for word in asked) else 0.5
    near = get_close_matches(" ".join(asked), sorted(map(" ".join, forms)), 3, closeness)
    found: dict[str, _Hit] = {}
    for place, name in enumerate(near):
        for hit in _by_name(name, named):
            found.setdefault(hit.entry.reference, _Hit((5, place), hit.entry))
    return list(found.values())


def _give_up(asked: str) -> NoReturn:
    """Raise what says that nothing fits, with names that look alike."""
    from difflib import get_close_matches

    names = [name.removesuffix(" (no code)") for entry in all_entries() for name in entry.name]
    names += [entry.errno for entry in all_entries() if entry.errno]
    plain = {name.casefold(): name for name in names}
    suggestions = tuple(plain[name] for name in get_close_matches(asked.casefold(), plain, 3, 0.5))
    sentence = f"nothing in the registry fits {asked!r}"
    if suggestions:
        sentence += "; did you mean " + " or ".join(f'"{name}"' for name in suggestions) + "?"
    else:
        sentence += f"; try {_listing(EXAMPLES)}"
    raise LookupFailedError(sentence, suggestions=suggestions or EXAMPLES)
