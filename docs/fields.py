"""Write ``docs/filter-fields.md``, every name that a display filter can ask for; with ``--check`` only compare."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dissector.filter import names
from dissector.filter.sources import Decoded, Kind, Placed, Reach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.filter.sources import Known

PAGE = Path(__file__).with_name("filter-fields.md")
TITLES = {
    "data": "What an echo carries",
    "frame": "The packet, as the capture has it",
    "ip": "IPv4 headers: of tunnels, of the message, and quoted",
    "ipv6": "IPv6 headers: of tunnels, of the message, and quoted",
    "icmp": "ICMP messages, and quoted ones",
    "icmpv6": "ICMPv6 messages, and quoted ones",
    "quoted": "The datagram that an error quotes",
}
"""The sections, by what their names begin with."""
MOST = 4
"""Shapes, and names of values, that are listed for a field."""
WIDEST = 64
"""Bits of a number that is in no header."""


def page() -> str:
    """Return the page, in Markdown."""
    lines = [
        "# Fields of display filters",
        "",
        "Every name that [a display filter](filter.md) can ask for. Generated from the table of messages by",
        "`python docs/fields.py`; do not edit.",
    ]
    for prefix, title in TITLES.items():
        lines += ["", f"## {title}", "", "| name | is | of |", "|---|---|---|"]
        lines += [row(field) for field in names.names(prefix).values()]
    return "\n".join(lines) + "\n"


def row(field: Known) -> str:
    """Return the line of a field."""
    kind = (
        f"{field.kind}, {field.bits} bits"
        if field.kind is Kind.NUMBER and field.bits < WIDEST
        else field.kind
    )
    known = [f"`{label}`" for label in field.labels or {}]
    labels = ", ".join(known[:MOST]) + (f" and {len(known) - MOST} more" if len(known) > MOST else "")
    shapes = sorted(set(owners(field)))
    of = ", ".join(shapes[:MOST]) + (f" and {len(shapes) - MOST} more" if len(shapes) > MOST else "")
    return f"| `{field.name}` | {kind}{f': {labels}' if labels else ''} | {of} |"


def owners(field: Known) -> Iterator[str]:
    """Yield the names of the shapes that have a field."""
    for source in field.sources:
        if isinstance(source, Placed | Reach | Decoded) and source.of is not None:
            yield from (shape.layout.name for shape in source.of.wanted)


def main() -> int:
    """Write or compare the page; return 1 where it is not as the table says."""
    check = "--check" in sys.argv[1:]
    stale = not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page()
    if stale:
        print(f"{PAGE.name}: {'out of date' if check else 'written'}")
        if not check:
            PAGE.write_text(page(), encoding="utf-8")
    return int(check and stale)


if __name__ == "__main__":
    sys.exit(main())
