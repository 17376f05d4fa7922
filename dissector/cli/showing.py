"""Messages as lines, trees, octets or JSON: what `read` and `sniff` share."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from dissector.analysis.pairing import Answers, Pairing
from dissector.present.blocks import Details, JsonLines, Lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import click

    from dissector.batch import Batch
    from dissector.filter import Filter
    from dissector.present.blocks import Blocks

    Text = Callable[[Batch, Answers], Iterator[bytes | memoryview]]


class Output:
    """Batches as text on stdout.

    Args:
        text: the text of a batch and what its messages answer, in pieces; none from what shows them otherwise.
        chosen: which messages; None for all.
        count: messages after which it is enough; None for no limit.
        line_buffered: write each message at once.

    Attributes:
        pairing: what ties answers to queries of the capture that is being read; None to leave that out.
        messages: how many were chosen so far.
        last_frame: the frame of the last of them; 0 before.
    """

    def __init__(self, text: Text, chosen: Filter | None, count: int | None, *, line_buffered: bool) -> None:
        self.text = text
        self.chosen = chosen
        self.left = count
        self.line_buffered = line_buffered
        self.pairing: Pairing | None = None
        self.messages = 0
        self.last_frame = 0

    @property
    def enough(self) -> bool:
        """Whether as many messages as asked for have been written."""
        return self.left == 0

    def write(self, batch: Batch) -> None:
        """Write the messages of a batch, no more than asked for."""
        answers = Answers.none(len(batch)) if self.pairing is None else self.pairing.pair(batch)
        if self.chosen is not None:
            mask = self.chosen.mask(batch)
            batch, answers = batch[mask], answers.of(mask)
        if self.left is not None:
            batch = batch[: self.left]
            self.left -= len(batch)
        if not len(batch):
            return
        self.messages += len(batch)
        self.last_frame = int(batch.frame[-1])
        step = 1 if self.line_buffered else len(batch)
        for first in range(0, len(batch), step):
            rows = slice(first, first + step)
            self.put(self.text(batch[rows], answers.of(rows)))

    def put(self, pieces: Iterator[bytes | memoryview]) -> None:
        """Write text that was made elsewhere."""
        for piece in pieces:
            sys.stdout.buffer.write(piece)


def colored(ctx: click.Context) -> bool:
    """Return whether lines are coloured: as asked, else on a terminal."""
    return sys.stdout.isatty() if ctx.color is None else ctx.color


def view(
    *, tree: bool, octets: bool, as_json: bool, time_style: str, name_files: bool, color: bool
) -> Blocks:
    """Return what shows messages as the options ask."""
    if as_json:
        return JsonLines()
    if tree or octets:
        return Details(time_style, tree=tree, octets=octets, name_files=name_files, color=color)
    return Lines(time_style, name_files=name_files, color=color)
