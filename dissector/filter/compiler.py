"""A parsed filter → a predicate: names looked up, literals read as their fields ask for."""

from __future__ import annotations

import re
from difflib import get_close_matches
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from dissector.errors import FilterError
from dissector.filter import columnwise, evaluate, literals, names, parse, patterns, slices
from dissector.filter.evaluate import Predicate, Reading
from dissector.filter.headers import IPV4_HEADER, IPV6_HEADER
from dissector.filter.parse import (
    Both,
    Either,
    Existence,
    Membership,
    Negation,
    Operand,
    Part,
    Relation,
    Search,
)
from dissector.filter.sources import Decoded, Ending, Excerpt, Kind, Known, Placed, Reach

if TYPE_CHECKING:
    from dissector.filter.columnwise import Test
    from dissector.filter.literals import Value
    from dissector.filter.sources import Source

LAYER = re.compile(r"\s*(\d{1,3})\s*(?:-\s*(\d{1,3})\s*)?")
NUMBERS = (Kind.NUMBER, Kind.BOOLEAN)
SEVERAL = "all"
WIDEST = 64
"""Octets that are compared as rows at most."""
LEAST_HEADERS = {"ip": IPV4_HEADER, "ipv6": IPV6_HEADER}
LONGEST = 1 << 16


def compiled(part: Part) -> Predicate:
    """Return the predicate of a part.

    Raises:
        FilterError: a name is not known, or a literal not what its field can be.
    """
    match part:
        case Both(parts) | Either(parts):
            join = evaluate.both if isinstance(part, Both) else evaluate.either
            return join([compiled(one) for one in parts])
        case Negation(inner):
            return evaluate.negation(compiled(inner))
        case Membership(left, items, every):
            return membership(left, items, every=every)
        case Existence(left):
            return evaluate.existence(reading(left, known(left)))
        case Search(left, operator, right) | Relation(left, operator, right):
            return (search if isinstance(part, Search) else relation)(left, operator, right)


def known(operand: Operand) -> Known:
    """Return the field of a name.

    Raises:
        FilterError: there is none.
    """
    field = None if operand.quoted else names.find(operand.text)
    if field is not None:
        return field
    if operand.quoted or not re.match(r"[A-Za-z_]", operand.text):
        sentence = f"{operand.text} is not the name of a field"
        raise operand.refuse(sentence)
    elsewhere = names.elsewhere(operand.text)
    if elsewhere:
        raise operand.refuse(elsewhere)
    sentence = f'there is no field "{operand.text}"'
    near = suggestions(operand.text)
    raise operand.refuse(sentence if near else f"{sentence}; names begin with {names.PREFIXES}", near)


def suggestions(name: str) -> tuple[str, ...]:
    """Return names that may have been meant, best first; none that is far from what was written."""
    every = names.all_names()
    prefix, dot, rest = name.lower().partition(".")
    renamed = f"{names.MEANT.get(prefix, prefix)}{dot}{rest}"
    if renamed in every:
        return (renamed,)
    ends = sorted((one for one in every if one.endswith(f".{name}") and not dot), key=len)
    return tuple(get_close_matches(renamed, every, n=3, cutoff=0.75) or ends[:2])


def reading(operand: Operand, field: Known, kind: Kind | None = None, *, searched: bool = False) -> Reading:
    """Return how a field is asked for: its slices and layer.

    Args:
        operand: its name, as it stands in the filter.
        field: the field.
        kind: chooses among addresses of both versions.
        searched: its octets are looked through, not compared.
    """
    layers = layers_of(operand)
    sources = field.sources
    wanted = field.kind if kind is None else kind
    if field.kind is Kind.ADDRESS and kind is not None:
        as_ = IPv4Address if kind is Kind.IPV4 else IPv6Address
        sources = tuple(
            source for source in sources if isinstance(source, Placed) and source.field.as_ is as_
        )
    if not operand.slices:
        return Reading(sources, wanted, layers)
    if field.kind not in (Kind.OCTETS, Kind.IPV4, Kind.IPV6, Kind.ADDRESS) or (
        field.kind is not Kind.OCTETS and any(isinstance(source, Decoded) for source in sources)
    ):
        sentence = f"{field.name} is {field.kind}: of octets alone there are parts"
        raise operand.refuse(sentence)
    try:
        parts = slices.parsed(operand.slices)
    except ValueError as error:
        raise operand.refuse(str(error)) from None
    excerpts = () if searched else excerpt(sources, parts)
    if excerpts:
        return Reading(excerpts, Kind.OCTETS, layers)
    return Reading(sources, Kind.OCTETS, layers, slices.Cut(parts))


def layers_of(operand: Operand) -> tuple[int, ...]:
    """Return which headers are asked for, counted from the outermost: ``#2``, ``#[1-2,4]``; none for all."""
    if not operand.layer:
        return ()
    found: list[int] = []
    for part in operand.layer.strip("#[] \t").split(","):
        match = LAYER.fullmatch(part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 0 < first <= last:
            sentence = f"{operand.layer} is not a layer: #1 is the first header of its protocol, #2 the next"
            raise operand.refuse(sentence)
        found += range(first, last + 1)
    return tuple(found)


def excerpt(sources: tuple[Source, ...], parts: tuple[slices.Slice, ...]) -> tuple[Source, ...]:
    """Return sources that read a slice at once; none where it is not at a fixed place."""
    part = parts[0]
    if len(parts) > 1 or not part.length or part.length > WIDEST:
        return ()
    reaches = [source for source in sources if isinstance(source, Reach)]
    if part.start < 0:
        ends = tuple(Ending(one, -part.start, part.length) for one in reaches)
        return ends if part.start + part.length <= 0 and len(ends) == len(sources) else ()
    # The octets of an IP header end before what it carries.
    reaches = [one for one in reaches if part.start + part.length <= LEAST_HEADERS.get(one.where, LONGEST)]
    found = tuple(Excerpt(one, part.start, part.length) for one in reaches)
    return found if len(found) == len(sources) else ()


def kind_of(operand: Operand, field: Known, literal: Operand) -> Kind:
    """Return what a literal must be, to stand beside a field."""
    if operand.slices:
        return Kind.OCTETS
    if field.kind is Kind.ADDRESS:
        return Kind.IPV6 if ":" in literal.text else Kind.IPV4
    return field.kind


def relation(left: Operand, operator: str, right: Operand) -> Predicate:
    """Return whether values compare with a literal, or with another field's."""
    field = known(left)
    quantifier, how = operator.split("_")
    if is_field(right) and not (field.labels and right.text in field.labels):
        return between(left, how, right, every=quantifier == SEVERAL)
    kind = kind_of(left, field, right)
    literal = literals.read(field, kind, right)
    return asked(reading(left, field, kind), comparison(kind, how, literal), every=quantifier == SEVERAL)


def asked(found: Reading, test: Test, *, every: bool = False) -> Predicate:
    """Return whether any value, or every value, passes a test."""
    return evaluate.all_values(found, test) if every else evaluate.any_value(found, test)


def comparison(kind: Kind, how: str, literal: Value) -> Test:
    """Return the test against a literal."""
    if kind is Kind.STRING:
        compare = columnwise.COMPARE[how]
        return columnwise.over_texts(lambda text: bool(compare(text, literal.value)))
    return columnwise.comparison(kind, how, literal)


def is_field(operand: Operand) -> bool:
    """Return whether an operand on the right is a field's name, not a literal."""
    return not operand.quoted and names.find(operand.text) is not None


def between(left: Operand, how: str, right: Operand, *, every: bool) -> Predicate:
    """Return whether the values of two fields compare."""
    ours, theirs = reading(left, known(left)), reading(right, known(right))
    both = (ours.kind, theirs.kind)
    if Kind.OCTETS in both or Kind.STRING in both or Kind.ADDRESS in both:
        sentence = f"{left.text} and {right.text} cannot be compared: only numbers and addresses can"
        raise right.refuse(sentence)
    if ours.kind is not theirs.kind and not (ours.kind in NUMBERS and theirs.kind in NUMBERS):
        sentence = f"{left.text} is {ours.kind}, {right.text} is {theirs.kind}"
        raise right.refuse(sentence)
    return evaluate.fields(ours, theirs, how, every=every)


def membership(left: Operand, items: tuple[tuple[Operand, Operand | None], ...], *, every: bool) -> Predicate:
    """Return whether any value, or every value, is one of some literals."""
    field = known(left)
    tests: dict[Kind, list[Test]] = {}
    for first, last in items:
        kind = kind_of(left, field, first)
        low = literals.read(field, kind, first)
        if last is None:
            test = comparison(kind, "eq", low)
        elif kind is Kind.STRING:
            sentence = f"{field.name} is {kind}: there are no ranges of it"
            raise first.refuse(sentence)
        else:
            high = literals.read(field, kind, last)
            if kind_of(left, field, last) is not kind or high.value < low.value:
                sentence = f"the range from {first.text} to {last.text} is empty"
                raise first.refuse(sentence)
            test = columnwise.within(kind, low, high)
        tests.setdefault(kind, []).append(test)
    return evaluate.either(
        [
            asked(reading(left, field, kind), columnwise.any_of(several), every=every)
            for kind, several in tests.items()
        ]
    )


def search(left: Operand, operator: str, right: Operand) -> Predicate:
    """Return whether octets or a text contain others, or match an expression."""
    field = known(left)
    found = reading(left, field, searched=True)
    if found.kind not in (Kind.OCTETS, Kind.STRING):
        sentence = f"{field.name} is {found.kind}: of octets and texts alone it can be asked what they {said(operator)}"
        raise left.refuse(sentence)
    text = literals.octets(right) if right.quoted or operator == "contains" else right.text.encode()
    if operator == "contains":
        if found.kind is Kind.STRING:
            wanted = text.decode("utf-8", "replace")
            return asked(found, columnwise.over_texts(lambda value: wanted in value))
        return evaluate.any_span(found, columnwise.containing(text))
    try:
        pattern, literal = patterns.compiled(expression(right) if right.quoted else text)
    except patterns.PatternError as error:
        sentence = f"{right.text} cannot be used as a regular expression: {error}"
        raise right.refuse(sentence) from None
    if found.kind is Kind.STRING:
        return asked(found, columnwise.over_texts(lambda value: pattern.search(value.encode()) is not None))
    return evaluate.any_span(found, columnwise.matching(pattern, literal))


def said(operator: str) -> str:
    """Return an operator as the end of a sentence."""
    return "contain" if operator == "contains" else "match"


def expression(operand: Operand) -> bytes:
    """Return a regular expression as it stands in its string: escapes are its own, but for the quotes."""
    text = operand.text
    return (text[2:-1] if text.startswith("r") else text[1:-1].replace('\\"', '"')).encode()


def with_text(error: FilterError, text: str) -> FilterError:
    """Return an error that shows the filter it is about."""
    return FilterError(
        error.wrong, text=text, offset=error.offset, length=error.length, suggestions=error.suggestions
    )


def predicate(text: str) -> Predicate:
    """Return the predicate of a filter's text.

    Raises:
        FilterError: it is not a filter.
    """
    part = parse.parse(text)
    try:
        return compiled(part)
    except FilterError as error:
        raise with_text(error, text) from None
