"""``dissector read``: every ICMP message of some captures."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from dissector.analysis.pairing import Pairing
from dissector.capture.account import Account
from dissector.capture.parallel import Workers
from dissector.cli import FAILED, INTERRUPTED, USAGE, complain, options
from dissector.cli.progress import watched
from dissector.cli.showing import Output, colored, view
from dissector.cli.verdict import verdict
from dissector.errors import CaptureError
from dissector.present.account import closing as last_line
from dissector.present.text import quantity
from dissector.present.times import TimeColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dissector.batch import Batch
    from dissector.capture.parallel import Reading
    from dissector.filter import Filter


@click.command("read")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@options.tree
@options.octets
@options.as_json
@options.of(options.LISTING, options.SOURCE)
@options.no_pairs
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
        with Workers(1 if alone else jobs, making) as workers:
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


def as_text(how: dict[str, Any], chosen: Filter | None) -> Callable[[Batch], Iterator[bytes | memoryview]]:
    """Return what makes text of a batch, in pieces."""
    shown = view(**how)
    return lambda batch: shown.text(batch if chosen is None else batch[chosen.mask(batch)])
