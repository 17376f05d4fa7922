"""``dissector export``: the messages of some captures as a file for other programs."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from dissector.cli import FAILED, INTERRUPTED, complain, fence, options, warn
from dissector.cli.endings import ENDINGS
from dissector.cli.progress import watched
from dissector.cli.verdict import verdict
from dissector.errors import quantity
from dissector.export.sources import Captures
from dissector.present.account import closing
from dissector.present.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dissector.export.answers import Teller, Told
    from dissector.filter import Filter

    Writer = Callable[[Iterable[Told], BinaryIO, str], int]


def to_parquet(told: Iterable[Told], out: BinaryIO, name: str) -> int:  # noqa: ARG001 - as all writers
    """Write the table `messages` as Parquet."""
    from dissector.export import parquet

    return parquet.write(told, out)


def to_csv(told: Iterable[Told], out: BinaryIO, name: str) -> int:  # noqa: ARG001 - as all writers
    """Write the table `messages` as CSV."""
    from dissector.export import separated
    from dissector.export.answers import final
    from dissector.export.table import tables

    return separated.write(tables(final(told)), out)


def to_json(told: Iterable[Told], out: BinaryIO, name: str) -> int:  # noqa: ARG001 - as all writers
    """Write a JSON object a line, as `read --json`."""
    from dissector.export.answers import final
    from dissector.present.blocks import JsonLines

    lines = JsonLines()
    rows = 0
    for messages in final(told):
        out.writelines(lines.text(messages.batch, messages.answers, messages.later.response_in))
        rows += len(messages.batch)
    return rows


def to_pcap(told: Iterable[Told], out: BinaryIO, name: str) -> int:
    """Write the packets that the messages are in, as pcap."""
    from dissector.export.captures import write_pcap

    return write_pcap((messages.batch for messages in told), out, name)


def to_pcapng(told: Iterable[Told], out: BinaryIO, name: str) -> int:  # noqa: ARG001 - as all writers
    """Write the packets that the messages are in, as pcapng."""
    from dissector.export.captures import write_pcapng

    return write_pcapng((messages.batch for messages in told), out)


WRITERS: dict[str, Writer] = {
    ".parquet": to_parquet,
    ".csv": to_csv,
    ".json": to_json,
    ".jsonl": to_json,
    ".pcap": to_pcap,
    ".pcapng": to_pcapng,
}
"""What writes a file, by its ending."""
PACKETS = (to_pcap, to_pcapng)
"""Those for which it is the same what answers what."""


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
@options.display_filter
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
    chosen: Filter | None,
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
    from dissector.export.answers import Teller, untold
    from dissector.export.output import whole

    for file in files:
        if output.exists() and Path(file).exists() and output.samefile(file):
            ctx.fail(f"{printable(file)} is what would be written over")
    fence.put_up(ctx, reading=files, writing=str(output), temporary=where is not None)
    captures = Captures(files, reassemble=reassemble, tunnels=tunnels, watched=partial(watched, beside=True))
    write = WRITERS[output.suffix.lower()]
    teller = Teller()
    try:
        with captures, where_true(where) as true, whole(output) as out:
            alone = write in PACKETS and where is None
            # Who wants the first few does not want what it takes to read many.
            few = count is not None
            told = untold(captures.batches(at_once=few)) if alone else teller.tell(captures.each(at_once=few))
            rows = write(first(true(filtered(told, chosen)), count), out, str(output))
    except KeyboardInterrupt:
        complain(f"stopped; {output} was not written")
        ctx.exit(INTERRUPTED)
    if teller.missed:
        warn(missed(teller))
    account = captures.account
    code = verdict(account, strict=strict)
    if not quiet:
        click.echo(f"{closing(account)}; {quantity(rows, 'message')} in {printable(str(output))}", err=True)
    if code:
        ctx.exit(code)
    if fail_if_empty and not rows:
        ctx.exit(FAILED)


def missed(teller: Teller) -> str:
    """Return the sentence about answers that came when their queries had been written."""
    return (
        f"response_in is null for {teller.missed} of the answered queries: too much came before their answers"
    )


def filtered(told: Iterable[Told], chosen: Filter | None) -> Iterator[Told]:
    """Yield the messages that a display filter selects."""
    for messages in told:
        yield messages if chosen is None else messages.of(chosen.mask(messages.batch))


@contextmanager
def where_true(where: str | None) -> Iterator[Callable[[Iterable[Told]], Iterable[Told]]]:
    """Hold what yields the messages for which a condition in SQL is true; all without one."""
    if where is None:
        yield lambda told: told
        return
    from dissector.export.answers import final
    from dissector.export.database import Where

    with ENDINGS.held():  # raised while duckdb works, or in what it calls, an exception would be lost
        made = Where(where)
    with made as condition:

        def chosen(messages: Told) -> Told:
            with ENDINGS.held():
                return condition.chosen(messages)

        yield lambda told: map(chosen, final(told))


def first(told: Iterable[Told], count: int | None) -> Iterator[Told]:
    """Yield the first messages, no more than asked for."""
    left = count
    for messages in told:
        if not len(messages.batch):
            continue
        yield messages if left is None else messages.of(slice(left))
        if left is not None:
            left -= min(left, len(messages.batch))
            if not left:
                return
