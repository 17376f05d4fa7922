"""What a filter calculates → columns: which kinds of values go together, and what the functions are."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dissector.filter import calculate, literals
from dissector.filter.columnwise import Texts
from dissector.filter.evaluate import Computed, Reading
from dissector.filter.parse import Call, Operand
from dissector.filter.sources import Excerpt, Kind, Known
from dissector.layout import address_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from dissector.filter.evaluate import Values
    from dissector.filter.parse import Calculation, Expression

ADDRESS = 16
ARITHMETIC = (Kind.NUMBER, Kind.BOOLEAN)
MASKED = (*ARITHMETIC, Kind.IPV4, Kind.IPV6, Kind.OCTETS)
FIELDS = 4
"""A value is calculated from so many fields at most: a packet may have many values of each, and every one goes with
every other."""


class Column(NamedTuple):
    """What an expression is.

    Attributes:
        kind: what its values are.
        values: where they are; of a constant the value.
        known: a field that a literal beside it is read for.
        size: octets of each value, where those are octets and all have as many; else 0.
    """

    kind: Kind
    values: Any
    known: Known
    size: int = 0

    @property
    def constant(self) -> bool:
        """Whether it is the same for all packets."""
        return not isinstance(self.values, Reading | Computed)


class Expressions:
    """Makes columns of expressions.

    Args:
        is_field: whether an operand names a field.
        reading: returns how a field is asked for.
    """

    def __init__(
        self, is_field: Callable[[Operand], bool], reading: Callable[[Operand], tuple[Known, Reading]]
    ) -> None:
        self.is_field = is_field
        self.reading = reading

    def column(self, expression: Expression, beside: Known | None = None) -> Column:
        """Return the column of an expression.

        Args:
            expression: the expression.
            beside: what it is compared with, which a literal is read for; None where that is not known.

        Raises:
            FilterError: there is no such function, or the kinds do not go together.
        """
        if isinstance(expression, Call):
            return self._call(expression)
        if not isinstance(expression, Operand):
            return self._calculation(expression, beside)
        if not self.is_field(expression):
            return self._literal(expression, beside)
        known, reading = self.reading(expression)
        size = 0
        if reading.kind is Kind.OCTETS and all(isinstance(one, Excerpt) for one in reading.sources):
            size = sum(one.field.bits for one in reading.sources[:1] if isinstance(one, Excerpt)) // 8
        return Column(reading.kind, reading, known._replace(kind=reading.kind), size)

    def _literal(self, operand: Operand, beside: Known | None) -> Column:
        """Return the column of a literal."""
        if beside is None:
            beside = Known("a value", Kind.NUMBER, (), signed=True)
        elif beside.kind is Kind.NUMBER:
            # What is calculated may be bigger than what it is calculated from.
            beside = beside._replace(bits=64, signed=True)
        if beside.kind is Kind.ADDRESS:
            beside = beside._replace(kind=Kind.IPV6 if ":" in operand.text else Kind.IPV4)
        value, mask = literals.read(beside, beside.kind, operand)
        if mask is not None:
            sentence = f"{operand.text} is a network: nothing is calculated with one"
            raise operand.refuse(sentence)
        size = len(value) if beside.kind in (Kind.OCTETS, Kind.IPV6) else 0
        if size:
            value = np.frombuffer(value, np.uint8)
        return Column(beside.kind, value, beside, size)

    def _calculation(self, expression: Calculation, beside: Known | None) -> Column:
        """Return the column of a sum, or of bits."""
        if self._fields(expression) > FIELDS:
            sentence = f"a value is calculated from {FIELDS} fields at most"
            raise expression.refuse(sentence)
        left, right = self._sides(expression, beside)
        operator = expression.operator
        kinds = {Kind.NUMBER if one is Kind.BOOLEAN else one for one in (left.kind, right.kind)}
        kind = kinds.pop()
        fit = MASKED if operator == "&" else (*ARITHMETIC, Kind.SECONDS) if operator in "+-" else ARITHMETIC
        if kinds or kind not in fit:
            sentence = f"{left.kind} {operator} {right.kind} cannot be calculated"
            raise expression.refuse(sentence)
        if kind is Kind.OCTETS and not 0 < left.size == right.size:
            sentence = "bits are taken of as many octets on both sides, such as icmp[0:2] & ff:00"
            raise expression.refuse(sentence)
        known = Known(expression.text, kind, (), signed=kind is Kind.NUMBER)
        if not (left.constant and right.constant):
            values: Any = calculate.combined(left.values, operator, right.values, kind)
        elif left.size:
            values = left.values & right.values
        else:
            result, there = calculate.OPERATIONS[operator](left.values, right.values)
            if there is not None and not there.all():
                sentence = f"{expression.text} has no value"
                raise expression.refuse(sentence)
            values = int(result)
        return Column(kind, values, known, left.size)

    def _fields(self, expression: Expression) -> int:
        """Return how many fields an expression is made of."""
        if isinstance(expression, Operand):
            return int(self.is_field(expression))
        inner = expression.arguments if isinstance(expression, Call) else (expression.left, expression.right)
        return sum(map(self._fields, inner))

    def _sides(self, expression: Calculation, beside: Known | None) -> tuple[Column, Column]:
        """Return the columns of both sides; a literal on one is read for the other."""
        if isinstance(expression.left, Operand) and not self.is_field(expression.left):
            right = self.column(expression.right, beside)
            return self.column(expression.left, right.known), right
        left = self.column(expression.left, beside)
        return left, self.column(expression.right, left.known)

    def _call(self, call: Call) -> Column:
        """Return the column of a function."""
        if call.name not in _FUNCTIONS:
            meant = tuple(one for one in _FUNCTIONS if one == call.name.lower())
            sentence = f'there is no function "{call.name}"'
            if not meant:
                sentence += f"; there are {', '.join(_FUNCTIONS)}"
            raise call.refuse(sentence, meant)
        several = call.name in ("max", "min")
        if not call.arguments or (len(call.arguments) > 1 and not several):
            sentence = f"{call.name} takes one value" + (" or more" if several else "")
            raise call.refuse(sentence)
        columns = [self.column(call.arguments[0])]
        columns += [self.column(one, columns[0].known) for one in call.arguments[1:]]
        if all(column.constant for column in columns):
            sentence = f"{call.name} takes a field"
            raise call.refuse(sentence)
        kind, kinds = columns[0].kind, _FUNCTIONS[call.name]
        if kind not in kinds or any(column.kind is not kind for column in columns):
            sentence = f"{call.name} takes {' or '.join(kinds)}, not {kind}"
            if kind in kinds:
                sentence = f"{call.name} takes values of one kind"
            raise call.refuse(sentence)
        values = _called(call.name, columns)
        known = Known(call.text, values.kind, (), signed=values.kind is Kind.NUMBER)
        return Column(values.kind, values, known)


def _called(name: str, columns: list[Column]) -> Computed:
    """Return the column of a function that there is, of what it takes."""
    first = columns[0].values
    if name == "count":
        return calculate.counted(first)
    if name in ("max", "min"):
        values = [column.values for column in columns]
        return calculate.extreme(values, columns[0].kind, greatest=name == "max")
    if name == "string":
        return calculate.each(first, Kind.STRING, _written(columns[0].kind))
    kind, convert = _CONVERT[name]
    return calculate.each(first, kind, convert)


def _length(found: Values) -> Any:
    """Return how many octets values have."""
    values = found.values
    if isinstance(values, Texts):
        return values.column(lambda text: len(text.encode()), np.int64)
    if values.dtype == np.uint8:
        return np.full(len(values), values.shape[1], np.int64)
    return values[:, 1] - values[:, 0]


def _written(kind: Kind) -> Callable[[Values], Texts]:
    """Return what makes a text of each value, each different one once."""
    convert = _WRITTEN[kind]

    def texts(found: Values) -> Texts:
        values = found.values
        if values.ndim > 1:
            values = np.ascontiguousarray(values).view(f"V{ADDRESS}")[:, 0]
        there, places = np.unique(values, return_inverse=True)
        return Texts([convert(one) for one in there], places)

    return texts


_WRITTEN: dict[Kind, Callable[[Any], str]] = {
    Kind.NUMBER: lambda value: str(int(value)),
    Kind.IPV4: lambda value: str(IPv4Address(int(value))),
    Kind.IPV6: lambda value: address_text(IPv6Address(value.tobytes())),
}
"""How numbers and addresses are written."""
_CONVERT: dict[str, tuple[Kind, Callable[[Values], Any]]] = {
    "abs": (Kind.NUMBER, lambda found: np.abs(np.asarray(found.values, np.int64))),
    "len": (Kind.NUMBER, _length),
    "lower": (Kind.STRING, lambda found: found.values.each(str.lower)),
    "upper": (Kind.STRING, lambda found: found.values.each(str.upper)),
}
_FUNCTIONS: dict[str, tuple[Kind, ...]] = {
    "abs": (Kind.NUMBER,),
    "count": tuple(Kind),
    "len": (Kind.OCTETS, Kind.STRING),
    "lower": (Kind.STRING,),
    "max": (Kind.NUMBER, Kind.SECONDS, Kind.IPV4),
    "min": (Kind.NUMBER, Kind.SECONDS, Kind.IPV4),
    "string": (Kind.NUMBER, Kind.IPV4, Kind.IPV6),
    "upper": (Kind.STRING,),
}
"""The functions, and the kinds of values that they take."""
