"""Whether captures that are taken as one come in the order of their time: what is paired goes by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dissector.capture.records import NO_TIME

if TYPE_CHECKING:
    from dissector.batch import Batch, Origin

SECOND = 1_000_000_000
DISORDER_NS = SECOND // 10
"""Messages of one capture, too, come so much out of order: where several interfaces are written to it."""


class Span(NamedTuple):
    """The time that the messages of a capture take, in ns since 1970 (UTC)."""

    file: str
    first_ns: int
    last_ns: int


class Succession:
    """The times of captures that are read one after another."""

    def __init__(self) -> None:
        self._origin: Origin | None = None
        self._spans: list[Span] = []

    def update(self, batch: Batch) -> None:
        """Take in a batch of the latest capture, or of the next one."""
        times = batch.time_ns[batch.record_flags & NO_TIME == 0]
        if not len(times):
            return
        first, last = int(times.min()), int(times.max())
        if batch.origin is self._origin:
            before = self._spans.pop()
            first, last = min(first, before.first_ns), max(last, before.last_ns)
        self._origin = batch.origin
        self._spans.append(Span(batch.origin.file, first, last))

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence where a capture begins before one that is read before it ends."""
        found = []
        latest: Span | None = None
        for span in self._spans:
            if latest is not None and (
                span.last_ns < latest.first_ns or span.first_ns < latest.last_ns - DISORDER_NS
            ):
                found.append((span, latest))
            latest = span if latest is None or span.last_ns > latest.last_ns else latest
        if not found:
            return ()
        span, before = found[0]
        early = (before.last_ns - span.first_ns) / SECOND
        others = f", and {len(found) - 1} more likewise" if len(found) > 1 else ""
        cure = "give captures in the order of their time"
        if any(late.last_ns > earlier.first_ns for late, earlier in found):
            cure += ", and merge those that overlap before (mergecap)"
        sentence = (
            f"{span.file} begins {early:.3f} s before {before.file} ends, and is read after it{others}: "
            f"queries may be without their answers; {cure}"
        )
        return (sentence,)
