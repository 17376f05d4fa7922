"""``dissector export``: the messages of some captures as a file for other programs."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from dissector.cli import FAILED, INTERRUPTED, complain, options
from dissector.cli.verdict import verdict
from dissector.export.sources import Captures
from dissector.present.account import closing
from dissector.present.text import printable, quantity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dissector.batch import Batch

    Writer = Callable[[Iterable[Batch], BinaryIO, str], int]


def to_parquet(batches: Iterable[Batch], out: BinaryIO, name: str) -> int:  # noqa: ARG001 - as all writers
    """Write the table `messages` as Parquet."""
    from dissector.export import parquet
    from dissector.export.table import tables

    return parquet.write(tables(batches), out)


def to_csv(batches: Iterable[Batch], out: BinaryIO, name: str) -> int:  # noqa: ARG001 - as all writers
    """Write the table `messages` as CSV."""
    from dissector.export import separated
    from dissector.export.table import tables

    return separated.write(tables(batches), out)


def to_json(batches: Iterable[Batch], out: BinaryIO, name: str) -> int:  # noqa: ARG001 - as all writers
    """Write a JSON object a line, as `read --json`."""
    from dissector.present.blocks import JsonLines

    lines = JsonLines()
    rows = 0
    for batch in batches:
        out.writelines(lines.text(batch))
        rows += len(batch)
    return rows


def to_pcap(batches: Iterable[Batch], out: BinaryIO, name: str) -> int:
    """Write the packets that the messages are in, as pcap."""
    from dissector.export.captures import write_pcap

    return write_pcap(batches, out, name)


def to_pcapng(batches: Iterable[Batch], out: BinaryIO, name: str) -> int:  # noqa: ARG001 - as all writers
    """Write the packets that the messages are in, as pcapng."""
    from dissector.export.captures import write_pcapng

    return write_pcapng(batches, out)


WRITERS: dict[str, Writer] = {
    ".parquet": to_parquet,
    ".csv": to_csv,
    ".json": to_json,
    ".jsonl": to_json,
    ".pcap": to_pcap,
    ".pcapng": to_pcapng,
}
"""What writes a file, by its ending."""


def known_ending(ctx: click.Context, param: click.Parameter, value: str) -> Path:
    """Return the path of a file whose ending says what to write."""
    path = Path(value)
    if path.suffix.lower() not in WRITERS:
        message = f"the ending of {printable(value)!r} is none of {', '.join(WRITERS)}"
        raise click.BadParameter(message, ctx, param)
    return path


@click.command("export")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="OUT",
    callback=known_ending,
    help=f"The file to write; its ending says what: {', '.join(WRITERS)}.",
)
@click.option(
    "--where", metavar="SQL", help="Only messages for which this is true, such as 'type = 3 and ttl < 9'."
)
@click.option("-c", "--count", type=click.IntRange(1), metavar="N", help="Stop after N messages.")
@options.of(options.SOURCE)
@click.option("-q", "--quiet", is_flag=True, help="No account at the end.")
@options.color
@click.pass_context
def command(
    ctx: click.Context,
    files: tuple[str, ...],
    *,
    output: Path,
    where: str | None,
    count: int | None,
    reassemble: bool,
    tunnels: bool,
    strict: bool,
    fail_if_empty: bool,
    quiet: bool,
) -> None:
    """Write the ICMP messages of captures to a file, as a table, as JSON lines, or their packets as a capture.

    The columns of the table are the same for every capture; the documentation lists them. The file is there when it
    is whole: what ends early leaves nothing, and what was there before as it was.
    """
    from dissector.export.output import whole

    for file in files:
        if output.exists() and Path(file).exists() and output.samefile(file):
            ctx.fail(f"{printable(file)} is what would be written over")
    captures = Captures(files, reassemble=reassemble, tunnels=tunnels)
    try:
        with chosen(captures.batches(), where) as batches, whole(output) as out:
            rows = WRITERS[output.suffix.lower()](first(batches, count), out, str(output))
    except KeyboardInterrupt:
        complain(f"stopped; {output} was not written")
        ctx.exit(INTERRUPTED)
    account = captures.account
    code = verdict(account, strict=strict)
    if not quiet:
        click.echo(f"{closing(account)}; {quantity(rows, 'message')} in {printable(str(output))}", err=True)
    if code:
        ctx.exit(code)
    if fail_if_empty and not rows:
        ctx.exit(FAILED)


@contextmanager
def chosen(batches: Iterator[Batch], where: str | None) -> Iterator[Iterable[Batch]]:
    """Hold the messages for which a condition is true; all without one."""
    if where is None:
        yield batches
        return
    from dissector.export.database import Where

    with Where(where) as condition:
        yield filter(len, map(condition.chosen, batches))


def first(batches: Iterable[Batch], count: int | None) -> Iterator[Batch]:
    """Yield the first messages, no more than asked for."""
    left = count
    for batch in batches:
        yield batch if left is None else batch[:left]
        if left is not None:
            left -= min(left, len(batch))
            if not left:
                return
