"""Write the reference pages in ``docs/reference/`` from the registry; with ``--check`` only compare."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dissector.present.reference import drawing, page
from dissector.registry.model import Entry, Family
from dissector.registry.table import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.messages.base import IcmpMessage
    from dissector.registry.model import MessageType

FOLDER = Path(__file__).parent / "reference"
INTRODUCTION = {
    "en": "Generated from the registry, which also answers `dissector lookup`. Do not edit.",
    "zh": "由登记表生成，与 `dissector lookup --lang zh` 同源。请勿手工修改。",
}


def family_page(family: Family, lang: str) -> Iterator[str]:
    """Yield the lines of the page of a family in one language."""
    yield f"# {family.label}"
    yield ""
    yield INTRODUCTION[lang]
    for row in TABLE[family]:
        entry = Entry(family, row)
        yield ""
        yield f"## {entry.reference.removeprefix('v6:')} {getattr(row.name, lang)}"
        yield from fenced(list(page(entry, lang))[1:])
        for code in row.codes:
            yield ""
            inner = Entry(family, row, code)
            yield f"### {inner.reference.removeprefix('v6:')} {getattr(code.name, lang)}"
            yield from fenced(list(page(inner, lang))[1:])
        if lang == "en":
            for shape in shapes(row):
                yield ""
                yield f"Octets of `{shape.__name__}`:"
                yield from fenced(list(drawing(shape.layout)))


def shapes(row: MessageType) -> list[type[IcmpMessage]]:
    """Return the shapes that a type's messages may have, each once."""
    longer = None if row.longer is None else row.longer[1]
    found = [row.shape, *(code.shape for code in row.codes), longer]
    return [shape for shape in dict.fromkeys(found) if shape is not None]


def fenced(lines: list[str]) -> Iterator[str]:
    """Yield lines as a block that is shown as it is."""
    yield ""
    yield "```text"
    yield from lines
    yield "```"


def pages() -> dict[str, str]:
    """Return each page's text by its file name."""
    found = {}
    for family in Family:
        for lang, ending in (("en", "md"), ("zh", "zh.md")):
            found[f"{family.value}.{ending}"] = "\n".join(family_page(family, lang)) + "\n"
    return found


def main() -> int:
    """Write or compare all pages; return 1 where a page is not as the registry says."""
    check = "--check" in sys.argv[1:]
    stale = []
    for name, text in pages().items():
        path = FOLDER / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            FOLDER.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"{name}: {'out of date' if check else 'written'}")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
