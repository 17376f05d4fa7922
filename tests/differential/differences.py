"""The list of deliberate differences, and which of those found are not in it, or no longer found."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LIST = Path(__file__).with_name("differences.toml")


class Difference(NamedTuple):
    """One value that we and another program read differently.

    Attributes:
        file: the capture, as the index names it.
        frame: the packet's number.
        field: what differs; ``message`` where one of the two has no such message.
        theirs: the other's value.
        ours: our value.
    """

    file: str
    frame: int
    field: str
    theirs: Any
    ours: Any


class Listed(NamedTuple):
    """One entry of the list; ``differences.toml`` says what its keys mean."""

    other: str
    files: list[str]
    fields: list[str]
    right: str
    why: str
    rfc: str
    frames: tuple[int | None, ...] = (None,)

    def parts(self) -> Iterator[tuple[str, int | None, str]]:
        """Yield what has to occur: a pattern of names, a frame (None: any) and a field."""
        for file in self.files:
            for frame in self.frames:
                for field in self.fields:
                    yield file, frame, field


def listed(other: str) -> list[Listed]:
    """Return the entries about one program."""
    with LIST.open("rb") as file:
        entries = [Listed(**entry) for entry in tomllib.load(file)["difference"]]
    return [entry for entry in entries if entry.other == other]


def is_part(part: tuple[str, int | None, str], found: Difference) -> bool:
    """Return whether a part of an entry is about a difference."""
    file, frame, field = part
    return field == found.field and frame in (None, found.frame) and fnmatchcase(found.file, file)


def check(other: str, found: Iterable[Difference]) -> None:
    """Fail on a difference that is not listed, and on a listed one that does not occur.

    Args:
        other: the program.
        found: every difference from it, in all the captures that were compared.
    """
    parts = [part for entry in listed(other) for part in entry.parts()]
    found = list(found)
    unlisted = [difference for difference in found if not any(is_part(part, difference) for part in parts)]
    assert not unlisted, f"not listed: {len(unlisted)}, such as {unlisted[:5]}"
    idle = [part for part in parts if not any(is_part(part, difference) for difference in found)]
    assert not idle, f"listed, and no longer so: {idle[:5]}"
