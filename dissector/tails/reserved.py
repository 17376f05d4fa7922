"""Reserved fields of the parts of a message: sent as zero, ignored when received, noted when set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dissector.errors import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.layout import Shape


def reserved_set(part: Shape) -> Iterator[Finding]:
    """Yield a finding for each reserved field of a part (an option, a record) that is not zero."""
    for field in part.reserved_bits():
        value = field.text(getattr(part, field.name))
        text = f"{part.title or 'the message'}: {field.name} is reserved and not zero: {value}"
        yield Finding("reserved-set", Severity.NOTE, text)
