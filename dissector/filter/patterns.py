"""Regular expressions that cannot keep a program busy for ever.

Python's engine goes back and tries again; where one repeat stands within another, or alternatives that can begin
alike within a repeat, its work doubles with every octet. Such expressions are refused.
"""

from __future__ import annotations

import re
import warnings

# The parser of the standard library's own expressions has no other name.
from re import _constants as constants  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

LONGEST = 1000
"""Octets that an expression may have."""
REPEATS = (constants.MAX_REPEAT, constants.MIN_REPEAT)


class PatternError(ValueError):
    """An expression is wrong, or could take for ever."""


def compiled(octets: bytes) -> re.Pattern[bytes]:
    """Return an expression, which takes no notice of case, as in Wireshark.

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
    return pattern


def _check(parts: Any, *, repeated: bool) -> None:
    """Refuse what takes for ever; ``repeated`` says that all of it stands within a repeat."""
    for what, argument in parts:
        if what in (constants.GROUPREF, constants.GROUPREF_EXISTS):
            message = "references to groups are not allowed"
            raise PatternError(message)
        if what in REPEATS:
            least, most, inner = argument
            if repeated and least != most:
                message = "a repeat within a repeat can take for ever"
                raise PatternError(message)
            _check(inner, repeated=repeated or most > 1)
        elif what is constants.BRANCH:
            if repeated and not _distinct(argument[1]):
                message = "alternatives that can begin alike, within a repeat, can take for ever"
                raise PatternError(message)
            for branch in argument[1]:
                _check(branch, repeated=repeated)
        elif what is constants.SUBPATTERN:
            _check(argument[-1], repeated=repeated)
        elif what in (constants.ASSERT, constants.ASSERT_NOT):
            _check(argument[1], repeated=repeated)
        elif what in (constants.ATOMIC_GROUP, constants.POSSESSIVE_REPEAT):
            inner = argument if what is constants.ATOMIC_GROUP else argument[2]
            _check(inner, repeated=repeated)


def _distinct(branches: Any) -> bool:
    """Return whether alternatives begin with different letters."""
    first = [branch[0] if len(branch) else None for branch in branches]
    letters = [chr(one[1]).casefold() for one in first if one is not None and one[0] is constants.LITERAL]
    return len(set(letters)) == len(branches)
