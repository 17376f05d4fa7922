"""Every message that the sample captures have: one for each row of the decoder table, more where tails differ.

The modules ``examples_*`` hold what differs in shape. A row that has no example there gets its type's with the code
replaced; a row that nobody assigned gets octets that are kept whole. So a new row of the table is in the tour at
once, and a new shape needs one example.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import examples_neighbors
import examples_rpl
import examples_v4
import examples_v6
from model import HOST, HOST6, PAUSE, SERVER, SERVER6, Example

from dissector.messages.base import Opaque
from dissector.registry.model import Family, Status
from dissector.registry.table import all_entries, find

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.registry.model import Entry

MODULES = (examples_v4, examples_v6, examples_neighbors, examples_rpl)

if TYPE_CHECKING:
    Kind = tuple[Family, int]


def examples() -> Iterator[Example]:
    """Yield every example in the order of the tour; those that were derived follow those of their type.

    Raises:
        LookupError: a row's shape is not that of its type, and no module has an example of it.
    """
    own = [example for module in MODULES for example in module.examples()]
    last = {kind_of(example): index for index, example in enumerate(own)}
    missing = missing_rows(own)
    waiting: list[Example] = []
    for index, example in enumerate(own):
        if example.after == PAUSE:
            # An exchange begins: nothing came between a query and its answer.
            yield from waiting
            waiting = []
        yield example
        kind = kind_of(example)
        if last[kind] == index:
            known = [found for found in own if kind_of(found) == kind]
            waiting += [derived(entry, known) for entry in missing.pop(kind, [])]
    yield from waiting
    for entries in missing.values():
        yield from map(kept_whole, entries)


def kind_of(example: Example) -> Kind:
    """Return family and type of an example."""
    return example.family, example.message.type


def missing_rows(own: list[Example]) -> dict[Kind, list[Entry]]:
    """Return the rows of the table without an example, by family and type; any code shows a type itself."""
    codes: dict[Kind, set[int]] = {}
    for example in own:
        codes.setdefault(kind_of(example), set()).add(example.message.code)
    missing: dict[Kind, list[Entry]] = {}
    for entry in all_entries():
        kind = entry.family, entry.type.number
        there = codes.get(kind, set())
        if not there if entry.code is None else entry.code.number not in there:
            missing.setdefault(kind, []).append(entry)
    return missing


def derived(entry: Entry, known: list[Example]) -> Example:
    """Return the example of a row by another of its type and shape; the first such is taken."""
    if entry.shape is Opaque:
        return kept_whole(entry)
    same = next((example for example in known if type(example.message) is entry.shape), None)
    if same is None:
        text = f"{entry.reference} needs an example: none of {entry.shape.__name__} is there"
        raise LookupError(text)
    message = same.message.replace(code=code_of(entry))
    return same._replace(about=entry.name.en, message=message, findings=unassigned(entry))


def kept_whole(entry: Entry) -> Example:
    """Return the example of a row whose format nobody published."""
    message = Opaque(type=entry.type.number, code=code_of(entry), data=b"kept as it is")
    src, dst = (HOST, SERVER) if entry.family is Family.ICMPV4 else (HOST6, SERVER6)
    return Example(entry.name.en, message, src, dst, findings=unassigned(entry))


def code_of(entry: Entry) -> int:
    """Return the code that shows a row: the first one of a range, zero for a type itself."""
    return 0 if entry.code is None else entry.code.number


def unassigned(entry: Entry) -> tuple[str, ...]:
    """Return the finding that numbers get which nobody assigned."""
    found = find(entry.family, entry.type.number, code_of(entry))
    if found.type.status is Status.UNASSIGNED:
        return ("type-unassigned",)
    nobodys = found.type.codes and (found.code is None or found.status is Status.UNASSIGNED)
    return ("code-unassigned",) if nobodys else ()
