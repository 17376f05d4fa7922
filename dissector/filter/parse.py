"""The text of a display filter → what it says, every part with its place in the text.

The grammar stands in ``grammar.lark``.
"""

from __future__ import annotations

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


class Existence(NamedTuple):
    """A field is there."""

    operand: Operand


class Relation(NamedTuple):
    """A field compares in a way, any or all of its values: ``any_eq``, ``all_ne``."""

    left: Operand
    operator: str
    right: Operand


class Search(NamedTuple):
    """A field contains octets, or matches a regular expression."""

    left: Operand
    operator: str
    right: Operand


class Membership(NamedTuple):
    """Any value of a field, or every value, is one of some values, or within one of some ranges."""

    left: Operand
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


Part = Existence | Relation | Search | Membership | Negation | Both | Either


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
    meant = {"=": "==", "&": "&&", "|": "||"}.get(found, found.lower())
    suggestions = (meant,) if meant in ("==", "&&", "||", "and", "or", "not") and meant != found else ()
    if found[0] in "\"'" and len(found) == 1:
        return FilterError("the string has no end", text=text, offset=at, length=len(text) - at)
    sentence = f'"{found}" was not expected here'
    return FilterError(sentence, text=text, offset=at, length=len(found), suggestions=suggestions)


def _start(tree: Tree[Any], text: str) -> Part:
    depth = 0
    for at, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth > DEEPEST:
            sentence = f"parentheses may be nested {DEEPEST} deep"
            raise FilterError(sentence, text=text, offset=at)
    return _part(tree.children[0]) if tree.children else Both(())


def _part(tree: Tree[Any]) -> Part:
    """Return a part of the filter."""
    children = tree.children
    if tree.data in ("either", "both"):
        parts = tuple(map(_part, children))
        return Either(parts) if tree.data == "either" else Both(parts)
    if tree.data == "negation":
        negated = True
        tree = children[0]
        while tree.data == "negation":
            negated, tree = not negated, tree.children[0]
        return Negation(_part(tree)) if negated else _part(tree)
    return _test(str(tree.data), children)


def _test(kind: str, children: list[Any]) -> Part:
    """Return a test of one field."""
    if kind == "existence":
        return Existence(_operand(children[0]))
    if kind == "relation":
        *quantifier, left, comparison, right = children
        operator = OPERATORS.get(str(comparison), str(comparison))
        if quantifier:
            operator = f"{quantifier[0]}_{operator.partition('_')[2]}"
        return Relation(_operand(left), operator, _operand(right))
    if kind == "search":
        left, operator, right = children
        return Search(_operand(left), "contains" if operator == "contains" else "matches", _operand(right))
    *quantifier, left, _ = (child for child in children if not is_item(child))
    items = tuple(_item(child) for child in children if is_item(child))
    found = Membership(_operand(left), items, every=quantifier == ["all"])
    return Negation(found) if kind == "no_membership" else found


def is_item(child: Tree[Any] | Token) -> bool:
    """Return whether a part of a membership is one of its values."""
    return getattr(child, "data", "") == "item"


def _item(tree: Tree[Any]) -> tuple[Operand, Operand | None]:
    first, *last = map(_operand, tree.children)
    return first, last[0] if last else None


def _operand(tree: Tree[Any]) -> Operand:
    main, *others = cast("list[Token]", tree.children)
    rest = {token.type: str(token) for token in others}
    return Operand(str(main), main.start_pos or 0, rest.get("LAYER", ""), rest.get("SLICE", ""))
