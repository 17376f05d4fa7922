"""The text of a display filter → what it says, every part with its place in the text.

The grammar stands in ``grammar.lark``.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from dissector.errors import FilterError

if TYPE_CHECKING:
    from lark import Lark, Token, Tree

LONGEST = 20_000
"""Characters that a filter may have."""
DEEPEST = 100
"""Parentheses within parentheses that a filter may have: each costs Python a few calls."""

OPERATORS = {
    "==": "any_eq", "eq": "any_eq", "===": "all_eq", "!=": "all_ne", "ne": "all_ne", "!==": "any_ne", "~=": "any_ne",
    "<": "any_lt", "lt": "any_lt", "<=": "any_le", "le": "any_le", ">": "any_gt", "gt": "any_gt", ">=": "any_ge",
    "ge": "any_ge",
}  # fmt: skip
"""How often and how values must compare, by the operators that say it: Wireshark 4's meanings."""


MEANT = {"=": "==", "&": "&&", "|": "||", "<>": "!=", "=>": ">=", "=<": "<="}
"""Operators of other languages, and what they are here."""
WORDS = frozenset((*OPERATORS, *MEANT.values(), "and", "or", "not", "xor", "in", "contains", "matches"))
"""What may be suggested for something that was not expected."""
CAPTURED = ("host", "net", "port", "src", "dst", "proto")
"""Words of capture filters, before an address or a number."""


class Operand(NamedTuple):
    """A field's name or a literal.

    Attributes:
        text: as it stands, quotes included.
        at: where it begins in the filter.
        layer: ``#1`` as it stands; empty where there is none.
        slices: ``[0:2]`` as it stands; empty where there is none.
    """

    text: str
    at: int
    layer: str = ""
    slices: str = ""

    @property
    def quoted(self) -> bool:
        """Whether it is a string or a character."""
        return self.text.endswith(('"', "'"))

    def refuse(self, sentence: str, suggestions: tuple[str, ...] = ()) -> FilterError:
        """Return the error that points at it; the filter's text is added by who has it."""
        return FilterError(sentence, text="", offset=self.at, length=len(self.text), suggestions=suggestions)


class Calculation(NamedTuple):
    """Two values make another: ``+``, ``-``, ``*``, ``/``, ``%``, ``&``."""

    left: Expression
    operator: str
    right: Expression

    @property
    def at(self) -> int:
        """Where it begins in the filter."""
        return self.left.at

    @property
    def text(self) -> str:
        """What it says."""
        return f"{self.left.text} {self.operator} {self.right.text}"

    def refuse(self, sentence: str) -> FilterError:
        """Return the error that points at it."""
        return FilterError(sentence, text="", offset=self.at, length=len(self.text))


class Call(NamedTuple):
    """A function of some values.

    Attributes:
        name: the function.
        arguments: the values.
        at: where it begins in the filter.
    """

    name: str
    arguments: tuple[Expression, ...]
    at: int

    @property
    def text(self) -> str:
        """What it says."""
        return f"{self.name}({', '.join(one.text for one in self.arguments)})"

    def refuse(self, sentence: str, suggestions: tuple[str, ...] = ()) -> FilterError:
        """Return the error that points at its name."""
        return FilterError(sentence, text="", offset=self.at, length=len(self.name), suggestions=suggestions)


Expression = Operand | Calculation | Call


class Existence(NamedTuple):
    """A field is there, or what is calculated is not zero."""

    value: Expression


class Relation(NamedTuple):
    """A value compares in a way, any or all that a field has: ``any_eq``, ``all_ne``."""

    left: Expression
    operator: str
    right: Expression


class Search(NamedTuple):
    """A value contains octets, or matches a regular expression."""

    left: Expression
    operator: str
    right: Expression


class Membership(NamedTuple):
    """Any value of a field, or every value, is one of some values, or within one of some ranges."""

    left: Expression
    items: tuple[tuple[Operand, Operand | None], ...]
    every: bool = False


class Negation(NamedTuple):
    """The opposite."""

    part: Part


class Both(NamedTuple):
    """All of some parts."""

    parts: tuple[Part, ...]


class Either(NamedTuple):
    """Any of some parts; without one: nothing."""

    parts: tuple[Part, ...]


class Exclusive(NamedTuple):
    """An odd number of some parts: of two, one alone."""

    parts: tuple[Part, ...]


Part = Existence | Relation | Search | Membership | Negation | Both | Either | Exclusive
JOINED: dict[str, type[Both | Either | Exclusive]] = {"both": Both, "either": Either, "exclusive": Exclusive}
"""Parts made of parts, by their names in the grammar."""


@cache
def grammar() -> Lark:
    """Return the parser, made when the first filter is read."""
    from lark import Lark  # for those who filter

    text = (Path(__file__).parent / "grammar.lark").read_text(encoding="utf-8")
    return Lark(text, parser="lalr", lexer="contextual")


def parse(text: str) -> Part:
    """Return what a filter says; one without text says what everything fulfils.

    Raises:
        FilterError: it is not in the language.
    """
    from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedToken

    if len(text) > LONGEST:
        sentence = f"a filter has at most {LONGEST} characters, this one {len(text)}"
        raise FilterError(sentence, text="", offset=0)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        sentence = "a filter is text in UTF-8, and this is not"
        raise FilterError(sentence, text=text, offset=error.start, length=error.end - error.start) from None
    try:
        tree = grammar().parse(text)
    except UnexpectedEOF:
        raise _end(text) from None
    except UnexpectedToken as error:
        if error.token.type == "$END":
            raise _end(text) from None
        raise _unexpected(text, error.token.start_pos or 0, str(error.token)) from None
    except UnexpectedCharacters as error:
        at = error.pos_in_stream or 0
        raise _unexpected(text, at, text[at]) from None
    return _start(tree, text)


def _end(text: str) -> FilterError:
    return FilterError("the filter ends in the middle", text=text, offset=len(text.rstrip()), length=1)


def _unexpected(text: str, at: int, found: str) -> FilterError:
    """Return the error that says what may have been meant."""
    if found[0] in "\"'" and len(found) == 1:
        return FilterError("the string has no end", text=text, offset=at, length=len(text) - at)
    if text.startswith("${", at):
        sentence = "there are no macros here: write out what ${…} stands for"
        return FilterError(sentence, text=text, offset=at, length=2)
    sentence = f'"{found}" was not expected here'
    before = text[:at].rstrip()
    if before.rpartition(" ")[2] in CAPTURED:
        sentence += "; host, net and port belong to capture filters (-f): write ip.addr or quoted.dport"
    elif re.search(r"\bin\s*\{[^}]*$", before) and re.match(r"[\w\"']", found):
        sentence += ": values within {…} are separated by commas"
    bits = re.search(r"(?<!&)&(?!&)[^&|]*$", before)
    if bits and found in OPERATORS:
        # What stands there was meant to be two tests.
        at, found = bits.start(), "&"
        sentence = "& takes bits of a value, and joins no tests"
    for pair in range(max(at - 1, 0), at + 1):
        if text[pair : pair + 2] in MEANT:
            at, found = pair, text[pair : pair + 2]
    meant = MEANT.get(found, found.lower())
    suggestions = (meant,) if meant in WORDS and meant != found else ()
    return FilterError(sentence, text=text, offset=at, length=len(found), suggestions=suggestions)


def _start(tree: Tree[Any], text: str) -> Part:
    depth = 0
    for at, character in enumerate(text):
        depth += (character in "({") - (character in ")}")
        if depth > DEEPEST:
            sentence = f"parentheses may be nested {DEEPEST} deep"
            raise FilterError(sentence, text=text, offset=at)
    return _part(tree.children[0]) if tree.children else Both(())


def _part(tree: Tree[Any]) -> Part:
    """Return a part of the filter."""
    children = tree.children
    if tree.data in JOINED:
        return JOINED[tree.data](tuple(map(_part, children)))
    if tree.data == "negation":
        negated = True
        tree = children[0]
        while tree.data == "negation":
            negated, tree = not negated, tree.children[0]
        return Negation(_part(tree)) if negated else _part(tree)
    return _test(str(tree.data), children)


def _test(kind: str, children: list[Any]) -> Part:
    """Return a test of one value."""
    if kind == "existence":
        return Existence(_value(children[0]))
    if kind == "relation":
        *quantifier, left, comparison, right = children
        operator = OPERATORS.get(str(comparison), str(comparison))
        if quantifier:
            operator = f"{quantifier[0]}_{operator.partition('_')[2]}"
        return Relation(_value(left), operator, _value(right))
    if kind == "search":
        left, operator, right = children
        return Search(_value(left), "contains" if operator == "contains" else "matches", _value(right))
    *quantifier, left, _ = (child for child in children if not is_item(child))
    items = tuple(_item(child) for child in children if is_item(child))
    found = Membership(_value(left), items, every=quantifier == ["all"])
    return Negation(found) if kind == "no_membership" else found


def is_item(child: Tree[Any] | Token) -> bool:
    """Return whether a part of a membership is one of its values."""
    return getattr(child, "data", "") == "item"


def _item(tree: Tree[Any]) -> tuple[Operand, Operand | None]:
    first, *last = map(_operand, tree.children)
    return first, last[0] if last else None


def _value(tree: Tree[Any], depth: int = 0) -> Expression:
    """Return a field, a literal, or what is made of them."""
    if tree.data == "operand":
        operand = _operand(tree)
        if re.match(r"-[A-Za-z_]", operand.text):
            positive = operand._replace(text=operand.text[1:], at=operand.at + 1)
            return Calculation(Operand("0", operand.at), "-", positive)
        return operand
    if depth > DEEPEST:
        sentence = f"a value may be calculated in {DEEPEST} steps"
        raise FilterError(sentence, text="", offset=0)
    children: list[Any] = tree.children
    if tree.data == "call":
        name, *arguments = children
        return Call(str(name), tuple(_value(one, depth + 1) for one in arguments), name.start_pos or 0)
    left, operator, right = children
    return Calculation(_value(left, depth + 1), str(operator), _value(right, depth + 1))


def _operand(tree: Tree[Any]) -> Operand:
    main, *others = cast("list[Token]", tree.children)
    rest = {token.type: str(token) for token in others}
    return Operand(str(main), main.start_pos or 0, rest.get("LAYER", ""), rest.get("SLICE", ""))
