"""The live view of `sniff`: analyses instead of messages, seen while they grow, and their tables at the end."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from dissector.analysis.pairing import LIMIT
from dissector.cli.questions import TIMEOUT, Style, answers, parts
from dissector.cli.summary import on_terminal, told
from dissector.present.live import States, View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.live import Live as Screen

    from dissector.analysis.pairing import Answers
    from dissector.batch import Batch
    from dissector.capture.live import Live


class Watch:
    """Batches → the questions of a summary."""

    def __init__(self) -> None:
        self.questions = parts(TIMEOUT, LIMIT)
        states = {part.name: part.state for part in self.questions}
        self.view = View(States(*(states[name] for name in States._fields)))
        self.screen: Screen | None = None

    def text(self, batch: Batch, answered: Answers) -> Iterator[bytes]:  # noqa: ARG002 - as what makes text
        """Take in a batch; no text is made of it."""
        for question in self.questions:
            question.state.update(batch)
        return iter(())

    def look(self, live: Live) -> None:
        """Show how things are, if it is time for that."""
        if self.screen is not None and self.view.due():
            self.view.refresh()
            height = self.screen.console.height
            self.screen.update(self.view.screen(live.origin.file, live.account, height), refresh=True)

    @contextmanager
    def seen(self) -> Iterator[None]:
        """Keep the view on the terminal, where there is one, while this lasts; then write the tables."""
        if on_terminal():
            from rich.live import Live as Screen

            with Screen(auto_refresh=False, transient=True) as self.screen:
                yield
            self.screen = None
        else:
            yield
        for text in self.tables():
            click.echo(text)

    def tables(self) -> Iterator[str]:
        """Return what there is to say in the end."""
        return told(answers(self.questions, Style("simple", on_terminal(), as_json=False)))
