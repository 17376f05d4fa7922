"""Regular expressions that cannot keep a program busy for ever.

Python's engine goes back and tries again; where one repeat stands within another, or alternatives that can begin
alike within a repeat, its work doubles with every octet. Such expressions are refused.
"""

from __future__ import annotations

import re
import warnings

# The parser of the standard library's own expressions has no other name.
from re import _constants as constants
from re import _parser as parser
from typing import Any

LONGEST = 1000
"""Octets that an expression may have."""
REPEATS = (constants.MAX_REPEAT, constants.MIN_REPEAT)


class PatternError(ValueError):
    """An expression is wrong, or could take for ever."""


def compiled(octets: bytes) -> tuple[re.Pattern[bytes], bytes]:
    """Return an expression, which takes no notice of case, as in Wireshark, and octets that all that matches contains.

    Raises:
        PatternError: it is none that can be used.
    """
    if len(octets) > LONGEST:
        message = f"it has {len(octets)} octets, {LONGEST} are allowed"
        raise PatternError(message)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pattern = re.compile(octets, re.IGNORECASE)
            parts = parser.parse(octets, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError) as error:
        raise PatternError(str(error)) from None
    _check(parts, repeated=False)
    return pattern, _literal(parts)


def _literal(parts: Any) -> bytes:
    """Return octets that all that matches contains, in either case of its letters: the longest known."""
    runs = [b""]
    for what, argument in parts:
        inner: Any = argument[2] if what in REPEATS and argument[0] else ()
        if what is constants.LITERAL:
            runs[-1] += bytes((argument,))
        elif len(inner) == 1 and inner[0][0] is constants.LITERAL:
            # At least one of it stands behind what is before it, and one before what comes.
            one = bytes((inner[0][1],))
            runs[-1] += one
            runs.append(one)
        elif what is not constants.AT:
            runs.append(b"")
    return max(runs, key=len)


def _check(parts: Any, *, repeated: bool) -> None:
    """Refuse what takes for ever; ``repeated`` says that all of it stands within a repeat."""
    for what, argument in parts:
        if what in (constants.GROUPREF, constants.GROUPREF_EXISTS):
            message = "references to groups are not allowed"
            raise PatternError(message)
        inner, again = _within(what, argument)
        if repeated and what in REPEATS and argument[0] != argument[1]:
            message = "a repeat within a repeat can take for ever"
            raise PatternError(message)
        if repeated and what is constants.BRANCH and not _distinct(inner):
            message = "alternatives that can begin alike, within a repeat, can take for ever"
            raise PatternError(message)
        for one in inner:
            _check(one, repeated=repeated or again)


def _within(what: Any, argument: Any) -> tuple[Any, bool]:
    """Return what stands within a part of an expression, and whether it can be there more than once."""
    if what in REPEATS or what is constants.POSSESSIVE_REPEAT:
        return argument[2:], argument[1] > 1 and what in REPEATS
    if what is constants.BRANCH:
        return argument[1], False
    if what in (constants.SUBPATTERN, constants.ASSERT, constants.ASSERT_NOT):
        return argument[-1:], False
    return ((argument,), False) if what is constants.ATOMIC_GROUP else ((), False)


def _distinct(branches: Any) -> bool:
    """Return whether alternatives begin with different letters."""
    first = [branch[0] if len(branch) else None for branch in branches]
    letters = [chr(one[1]).casefold() for one in first if one is not None and one[0] is constants.LITERAL]
    return len(set(letters)) == len(branches)
