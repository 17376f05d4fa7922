"""``dissector read``: every ICMP message of some captures."""

from __future__ import annotations

from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from dissector.analysis.pairing import Pairing, Question
from dissector.capture.account import Account
from dissector.capture.parallel import Workers
from dissector.capture.worker import Making
from dissector.cli import FAILED, INTERRUPTED, USAGE, complain, fence, options, units
from dissector.cli.following import contradiction, followed
from dissector.cli.progress import watched
from dissector.cli.showing import Output, colored, view
from dissector.cli.verdict import not_begun, stopped, verdict
from dissector.errors import CaptureError, quantity
from dissector.present.account import closing as last_line
from dissector.present.times import TimeColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dissector.analysis.pairing import Answers
    from dissector.batch import Batch
    from dissector.capture.parallel import Reading
    from dissector.capture.stream import Scan
    from dissector.filter import Filter


@click.command("read")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@options.tree
@options.octets
@options.as_json
@options.of(options.LISTING, options.SOURCE)
@options.no_pairs
@options.jobs(default=1)
@click.option("--follow", is_flag=True, help="At the end wait for more, until Ctrl-C.")
@click.option(
    "--idle", metavar="TIME", callback=units.duration, help="With --follow: end after so long without more."
)
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
    follow: bool,
    idle: int | None,
) -> None:
    """Show every ICMP message in captures, one line each.

    FILE is a pcap, pcapng or snoop capture, plain or compressed (gzip, bzip2, xz, zstd, lz4); - is standard
    input. The account of what was read comes last, on stderr.
    """
    if wrong := contradiction(files, idle, follow=follow):
        ctx.fail(wrong)
    fence.put_up(ctx, reading=files)
    how: dict[str, Any] = {
        "tree": tree, "octets": octets, "as_json": as_json, "time_style": time_style, "name_files": len(files) > 1,
        "color": colored(ctx),
    }  # fmt: skip
    output = Output(view(**how).text, chosen, count, line_buffered=line_buffered)
    # Where a line depends on those before it, or an end is near, everything is made here.
    alone = jobs == 1 or follow or count or line_buffered or time_style in TimeColumn.RELATIVE
    making: Callable[[], Making[Any]] = AsItIs if alone else partial(Text, how, chosen, pairs=pairs)
    put = output.write if alone else output.put
    total = Account()
    code = 0
    try:
        with Workers(1 if alone else jobs, making) as workers, ExitStack() as stack:
            looking = {"tunnels": tunnels, "reassemble": reassemble}
            readings = (
                [stack.enter_context(followed(files[0], idle, **looking))]
                if follow
                else workers.read_all(files, **looking)
            )
            for reading in readings:
                output.pairing = Pairing() if pairs else None
                try:
                    code = max(code, read_file(reading(), put, output, total, strict=strict))
                except CaptureError as error:
                    complain(str(error))
                    code = USAGE
                if output.enough:
                    break
    except KeyboardInterrupt:
        not_begun(len(files), total)
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
    reading: Reading[Any] | Scan, put: Callable[[Any], None], output: Output, total: Account, *, strict: bool
) -> int:
    """Write the messages of one capture, add its account to the total, and return the exit code it deserves."""
    with closing(reading):
        try:
            for made in watched(reading):
                put(made)
                if output.enough:
                    break
        except KeyboardInterrupt:
            stopped(reading.account, reading.progress)
            raise
        finally:
            account = reading.account
            total.add(account)
    return verdict(account, strict=strict)


class AsItIs(Making["Batch"]):
    """Batches as they are, for :meth:`Output.write`."""

    def make(self, batch: Batch, answer: Any) -> Batch:  # noqa: ARG002 - there is none
        """Return the batch."""
        return batch


class Text(Making["Iterator[bytes | memoryview]"]):
    """Text of batches, in pieces.

    Args:
        how: for :func:`~dissector.cli.showing.view`.
        chosen: which messages; None for all.
        pairs: whether to tie answers to requests.
    """

    def __init__(self, how: dict[str, Any], chosen: Filter | None, *, pairs: bool) -> None:
        self._shown = view(**how)
        self._chosen = chosen
        self._pairing = Pairing() if pairs else None

    def begin(self) -> None:
        """Forget the requests of the capture before."""
        if self._pairing is not None:
            self._pairing = Pairing()

    def ask(self, batch: Batch) -> Question | None:
        """Return what pairing must know of a batch."""
        return None if self._pairing is None else Question.of(batch)

    def answer(self, asked: Question | None) -> Answers | None:
        """Return what the messages answer."""
        return None if asked is None or self._pairing is None else self._pairing.answer(asked)

    def make(self, batch: Batch, answer: Answers | None) -> Iterator[bytes | memoryview]:
        """Return the text of the messages that are wanted."""
        if self._chosen is None:
            return self._shown.text(batch, answer)
        mask = self._chosen.mask(batch)
        return self._shown.text(batch[mask], None if answer is None else answer.of(mask))
