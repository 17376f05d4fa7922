"""A name in a filter → where its values are read: its field, the parts of it, the headers that count."""

from __future__ import annotations

import re
from difflib import get_close_matches
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from dissector.filter import names, slices, wireshark
from dissector.filter.evaluate import Reading
from dissector.filter.headers import LEAST
from dissector.filter.sources import Ending, Excerpt, Kind, Known, Placed, Reach, Told

if TYPE_CHECKING:
    from dissector.filter.parse import Operand
    from dissector.filter.sources import Source

LAYER = re.compile(r"\s*(\d{1,3})\s*(?:-\s*(\d{1,3})\s*)?")
WIDEST = 64
"""Octets that are compared as rows at most."""
LONGEST = 1 << 16


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
    renamed = wireshark.FORMER.get(renamed, renamed)
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
        field.kind is not Kind.OCTETS and any(isinstance(source, Told) for source in sources)
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
    reaches = [one for one in reaches if part.start + part.length <= LEAST.get(one.where, LONGEST)]
    found = tuple(Excerpt(one, part.start, part.length) for one in reaches)
    return found if len(found) == len(sources) else ()


def is_field(operand: Operand) -> bool:
    """Return whether an operand is a field's name, not a literal."""
    return not operand.quoted and names.find(operand.text) is not None
