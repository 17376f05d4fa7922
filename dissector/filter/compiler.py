"""A parsed filter → a predicate: names looked up, literals read as their fields ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dissector.errors import FilterError
from dissector.filter import calculate, columnwise, evaluate, literals, parse, patterns
from dissector.filter.evaluate import Computed, Predicate, Reading
from dissector.filter.expressions import Column, Expressions
from dissector.filter.named import is_field, known, reading
from dissector.filter.parse import (
    Both,
    Call,
    Either,
    Exclusive,
    Existence,
    Expression,
    Membership,
    Negation,
    Operand,
    Part,
    Relation,
    Search,
)
from dissector.filter.sources import Kind, Known

if TYPE_CHECKING:
    from collections.abc import Callable

    from dissector.filter.columnwise import Test
    from dissector.filter.literals import Value

NUMBERS = (Kind.NUMBER, Kind.BOOLEAN)
SEVERAL = "all"
JOIN: dict[type[Part], Callable[[list[Predicate]], Predicate]] = {
    Both: evaluate.both,
    Either: evaluate.either,
    Exclusive: evaluate.exclusive,
}
"""What makes one predicate of several."""
EXPRESSIONS = Expressions(is_field, lambda operand: (known(operand), reading(operand, known(operand))))
"""What is calculated from fields."""


def compiled(part: Part) -> Predicate:
    """Return the predicate of a part.

    Raises:
        FilterError: a name is not known, or a literal not what its field can be.
    """
    match part:
        case Both(parts) | Either(parts) | Exclusive(parts):
            return JOIN[type(part)]([compiled(one) for one in parts])
        case Negation(inner):
            return evaluate.negation(compiled(inner))
        case Membership(left, items, every):
            return membership(left, items, every=every)
        case Existence(Operand() as left):
            return evaluate.existence(reading(left, known(left)))
        case Existence(left):
            return existence(left)
        case Search(left, operator, right) | Relation(left, operator, right):
            return (search if isinstance(part, Search) else relation)(left, operator, right)


def kind_of(operand: Operand, field: Known, literal: Operand) -> Kind:
    """Return what a literal must be, to stand beside a field."""
    if operand.slices:
        return Kind.OCTETS
    if field.kind is Kind.ADDRESS:
        return Kind.IPV6 if ":" in literal.text else Kind.IPV4
    return field.kind


def relation(left: Expression, operator: str, right: Expression) -> Predicate:
    """Return whether values compare with a literal, or with another field's."""
    quantifier, how = operator.split("_")
    every = quantifier == SEVERAL
    if not isinstance(left, Operand) or not isinstance(right, Operand):
        return calculated(left, how, right, every=every)
    field = known(left)
    if is_field(right) and literals.label(field, right.text) is None:
        return between(left, how, right, every=every)
    kind = kind_of(left, field, right)
    literal = literals.read(field, kind, right)
    return asked(reading(left, field, kind), comparison(kind, how, literal), every=every)


def calculated(left: Expression, how: str, right: Expression, *, every: bool) -> Predicate:
    """Return whether values compare, where some are calculated."""
    ours = column_of(left)
    if isinstance(right, Operand) and not is_field(right):
        return asked(ours.values, comparison(ours.kind, how, beside(ours, right)), every=every)
    theirs = EXPRESSIONS.column(right, ours.known)
    if theirs.kind is not ours.kind and not (theirs.kind in NUMBERS and ours.kind in NUMBERS):
        sentence = f"{left.text} is {ours.kind}, {right.text} is {theirs.kind}"
        raise right.refuse(sentence)
    if theirs.constant:
        value = theirs.values.tobytes() if theirs.size else theirs.values
        return asked(ours.values, comparison(ours.kind, how, literals.Value(value)), every=every)
    if ours.kind in (Kind.OCTETS, Kind.STRING):
        sentence = f"{left.text} and {right.text} cannot be compared: only numbers and addresses can"
        raise right.refuse(sentence)
    return evaluate.fields(ours.values, theirs.values, how, every=every)


def column_of(expression: Expression) -> Column:
    """Return the column of what a test is about.

    Raises:
        FilterError: it is the same for all packets.
    """
    column = EXPRESSIONS.column(expression)
    if column.constant:
        sentence = f"{expression.text} is not the name of a field"
        raise expression.refuse(sentence)
    return column


def beside(column: Column, literal: Operand) -> Value:
    """Return a literal that stands beside what is calculated."""
    return literals.read(column.known._replace(bits=64), column.kind, literal)


def existence(value: Expression) -> Predicate:
    """Return whether what is calculated is not zero."""
    if isinstance(value, Call):
        column_of(value)
        sentence = f"{value.text} is always there: compare it, such as {value.text} > 0"
        raise value.refuse(sentence)
    return calculate.nonzero(column_of(value).values)


def asked(found: Reading | Computed, test: Test, *, every: bool = False) -> Predicate:
    """Return whether any value, or every value, passes a test."""
    return evaluate.all_values(found, test) if every else evaluate.any_value(found, test)


def comparison(kind: Kind, how: str, literal: Value) -> Test:
    """Return the test against a literal."""
    if kind is Kind.STRING:
        compare = columnwise.COMPARE[how]
        return columnwise.over_texts(lambda text: bool(compare(text, literal.value)))
    return columnwise.comparison(kind, how, literal)


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


def membership(
    left: Expression, items: tuple[tuple[Operand, Operand | None], ...], *, every: bool
) -> Predicate:
    """Return whether any value, or every value, is one of some literals, or of another field's."""
    subject = left if isinstance(left, Operand) else column_of(left)
    field = known(subject) if isinstance(subject, Operand) else subject.known._replace(bits=64)
    tests: dict[Kind, list[Test]] = {}
    found: list[Predicate] = []
    for first, last in items:
        if last is None and is_field(first) and literals.label(field, first.text) is None:
            if every:
                sentence = f"all of several cannot be asked with {first.text} among them"
                raise first.refuse(sentence)
            found.append(relation(left, "any_eq", first))
            continue
        kind = kind_of(subject, field, first) if isinstance(subject, Operand) else subject.kind
        tests.setdefault(kind, []).append(item(field, kind, first, last))
    for kind, several in tests.items():
        column = reading(subject, field, kind) if isinstance(subject, Operand) else subject.values
        found.append(asked(column, columnwise.any_of(several), every=every))
    return evaluate.either(found)


def item(field: Known, kind: Kind, first: Operand, last: Operand | None) -> Test:
    """Return the test against a literal, or a range from one to another."""
    low = literals.read(field, kind, first)
    if last is None:
        return comparison(kind, "eq", low)
    if kind is Kind.STRING:
        sentence = f"{field.name} is {kind}: there are no ranges of it"
        raise first.refuse(sentence)
    high = None if field.kind is Kind.ADDRESS and (":" in last.text) != (":" in first.text) else last
    end = None if high is None else literals.read(field, kind, high)
    if end is None or end.value < low.value:
        sentence = f"the range from {first.text} to {last.text} is empty"
        raise first.refuse(sentence)
    return columnwise.within(kind, low, end)


def search(left: Expression, operator: str, right: Expression) -> Predicate:
    """Return whether octets or a text contain others, or match an expression."""
    if not isinstance(right, Operand):
        sentence = f"{right.text} is calculated: what is looked for is written out"
        raise right.refuse(sentence)
    found: Reading | Computed = named(left) if isinstance(left, Operand) else column_of(left).values
    if found.kind is not Kind.STRING and (found.kind is not Kind.OCTETS or isinstance(found, Computed)):
        sentence = f"{left.text} is {found.kind}: of octets and texts alone it can be asked what they {said(operator)}"
        raise left.refuse(sentence)
    text = literals.octets(right) if right.quoted or operator == "contains" else right.text.encode()
    if operator == "contains":
        if isinstance(found, Computed) or found.kind is Kind.STRING:
            wanted = text.decode("utf-8", "replace")
            return asked(found, columnwise.over_texts(lambda value: wanted in value))
        return evaluate.any_span(found, columnwise.containing(text))
    try:
        pattern, literal = patterns.compiled(expression(right) if right.quoted else text)
    except patterns.PatternError as error:
        sentence = f"{right.text} cannot be used as a regular expression: {error}"
        raise right.refuse(sentence) from None
    if isinstance(found, Computed) or found.kind is Kind.STRING:
        return asked(found, columnwise.over_texts(lambda value: pattern.search(value.encode()) is not None))
    return evaluate.any_span(found, columnwise.matching(pattern, literal))


def named(operand: Operand) -> Reading:
    """Return how a field is asked for whose octets are looked through."""
    return reading(operand, known(operand), searched=True)


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
