"""``dissector read``: every ICMP message of some captures."""

from __future__ import annotations

import sys
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from dissector.analysis.pairing import Answers, Pairing
from dissector.capture.account import Account
from dissector.capture.parallel import Workers
from dissector.cli import FAILED, INTERRUPTED, USAGE, complain, options
from dissector.cli.progress import watched
from dissector.cli.verdict import verdict
from dissector.errors import CaptureError
from dissector.present.account import closing as last_line
from dissector.present.blocks import Details, JsonLines, Lines
from dissector.present.text import quantity
from dissector.present.times import TimeColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dissector.batch import Batch
    from dissector.capture.parallel import Reading
    from dissector.filter import Filter
    from dissector.present.blocks import Blocks


class Output:
    """Batches as text on stdout.

    Args:
        text: the text of a batch and what its messages answer, in pieces.
        chosen: which messages; None for all.
        count: messages after which it is enough; None for no limit.
        line_buffered: write each message at once.

    Attributes:
        pairing: what ties answers to queries of the capture that is being read; None to leave that out.
    """

    def __init__(
        self,
        text: Callable[[Batch, Answers], Iterator[bytes | memoryview]],
        chosen: Filter | None,
        count: int | None,
        *,
        line_buffered: bool,
    ) -> None:
        self.text = text
        self.chosen = chosen
        self.left = count
        self.line_buffered = line_buffered
        self.pairing: Pairing | None = None

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
        step = 1 if self.line_buffered else max(1, len(batch))
        for first in range(0, len(batch), step):
            rows = slice(first, first + step)
            self._put(batch[rows], answers.of(rows))

    def put(self, text: bytes) -> None:
        """Write text that was made elsewhere."""
        sys.stdout.buffer.write(text)
        sys.stdout.buffer.flush()

    def _put(self, batch: Batch, answers: Answers) -> None:
        for piece in self.text(batch, answers):
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()


@click.command("read")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@options.tree
@options.octets
@options.as_json
@options.of(options.LISTING, options.SOURCE)
@click.option(
    "--no-pairs",
    "pairs",
    flag_value=False,
    default=True,
    help="Do not tie answers to requests; a little faster.",
)
@options.jobs
@options.color
@click.pass_context
def command(
    ctx: click.Context,
    files: tuple[str, ...],
    *,
    tree: bool,
    octets: bool,
    as_json: bool,
    chosen: Filter | None,
    count: int | None,
    time_style: str,
    quiet: bool,
    line_buffered: bool,
    reassemble: bool,
    tunnels: bool,
    strict: bool,
    fail_if_empty: bool,
    pairs: bool,
    jobs: int,
) -> None:
    """Show every ICMP message in captures, one line each.

    FILE is a pcap, pcapng or snoop capture, plain or compressed (gzip, bzip2, xz, zstd, lz4); - is standard
    input. The account of what was read comes last, on stderr.
    """
    how: dict[str, Any] = {
        "tree": tree, "octets": octets, "as_json": as_json, "time_style": time_style, "name_files": len(files) > 1,
        "color": colored(ctx),
    }  # fmt: skip
    output = Output(view(**how).text, chosen, count, line_buffered=line_buffered)
    alone = jobs == 1 or count or line_buffered or pairs or time_style in TimeColumn.RELATIVE
    making, put = (as_it_is, output.write) if alone else (partial(as_text, how, chosen), output.put)
    total = Account()
    code = 0
    try:
        with Workers(jobs, making) as workers:
            for reading in workers.read_all(files, tunnels=tunnels, reassemble=reassemble):
                output.pairing = Pairing() if pairs else None
                try:
                    code = max(code, read_file(reading(), put, output, total, strict=strict))
                except CaptureError as error:
                    complain(str(error))
                    code = USAGE
                if output.enough:
                    break
    except KeyboardInterrupt:
        code = INTERRUPTED
    if not quiet and total.files:
        click.echo(
            f"stopped after {quantity(count or 0, 'message')}" if output.enough else last_line(total),
            err=True,
        )
    if code == 0 and fail_if_empty and not total.messages:
        code = FAILED
    ctx.exit(code)


def read_file(
    reading: Reading[Any], put: Callable[[Any], None], output: Output, total: Account, *, strict: bool
) -> int:
    """Write the messages of one capture, add its account to the total, and return the exit code it deserves."""
    with closing(reading):
        try:
            for made in watched(reading, lambda: reading.progress, "reading"):
                put(made)
                if output.enough:
                    break
        finally:
            account = reading.account
            total.add(account)
    return verdict(account, strict=strict)


def as_it_is() -> Callable[[Batch], Batch]:
    """Return what returns a batch, for text that depends on the messages before: then it is made here."""
    return lambda batch: batch


def as_text(how: dict[str, Any], chosen: Filter | None) -> Callable[[Batch], bytes]:
    """Return what makes text of a batch."""
    shown = view(**how)

    def text(batch: Batch) -> bytes:
        wanted = batch if chosen is None else batch[chosen.mask(batch)]
        return b"".join(map(bytes, shown.text(wanted)))

    return text


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
