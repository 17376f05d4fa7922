"""``dissector query``: SQL over the messages of some captures."""

from __future__ import annotations

import os
import sys
from functools import partial
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

import click

from dissector.cli import FAILED, INTERRUPTED, complain, fence, options
from dissector.cli.endings import ENDINGS
from dissector.cli.progress import watched
from dissector.cli.verdict import verdict
from dissector.export.schema import BRIEF
from dissector.export.sources import Captures
from dissector.present.account import closing
from dissector.present.jsonlines import dumps
from dissector.present.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dissector.export.answers import Told
    from dissector.filter import Filter


@click.command("query")
@click.argument("arguments", nargs=-1, required=True, metavar="[SQL] FILE...")
@click.option("--where", metavar="SQL", help="Instead of a SELECT: show the messages for which this is true.")
@options.display_filter
@click.option("-c", "--count", type=click.IntRange(1), metavar="N", help="Only the first N messages.")
@options.as_json
@options.table_format
@options.of(options.SOURCE)
@click.option("-q", "--quiet", is_flag=True, help="No account at the end.")
@options.color
@click.pass_context
def command(
    ctx: click.Context,
    arguments: tuple[str, ...],
    *,
    where: str | None,
    chosen: Filter | None,
    count: int | None,
    as_json: bool,
    table_format: str,
    reassemble: bool,
    tunnels: bool,
    strict: bool,
    fail_if_empty: bool,
    quiet: bool,
) -> None:
    r"""Answer a question in SQL about the ICMP messages of captures.

    SQL is one SELECT in duckdb's language over the tables messages, exchanges (a row a query: what became of it) and
    findings (what deserves a look). It sees these only: no file, no network. "describe messages" lists the columns.
    -Y and -c choose the rows of messages alone.

    \b
    dissector query "select name, count(*) from messages group by all" x.pcap
    dissector query "select asked, count(*) from exchanges where outcome = 'unanswered' group by all" x.pcap
    dissector query --where "type = 3 and quoted_dport = 53" x.pcap
    """
    from dissector.cli.export import filtered, first
    from dissector.export.database import MESSAGES, Database, known

    sql = ""
    if where is None:
        sql, *names = arguments
        if not names:
            ctx.fail('a SELECT and a FILE are wanted: query "select count(*) from messages" FILE')
        if os.path.isfile(sql):  # noqa: PTH113 - Path raises for SQL that is too long for a name
            ctx.fail(f"{printable(sql)} is a file; the SELECT comes before the files")
    else:
        names = list(arguments)
    fence.put_up(ctx, reading=names, temporary=True)
    # Lines of JSON come while captures are read; a table when all of it is known.
    reading = partial(watched, beside=not as_json)
    captures = Captures(tuple(names), reassemble=reassemble, tunnels=tunnels, again=True, watched=reading)
    tables = known(captures.each, lambda told: first(filtered(unless_stopped(told), chosen), count))
    try:
        with captures:
            # Raised while duckdb works, or in what it calls, an exception would be lost.
            with ENDINGS.held():
                database = Database(tables)
            with database, ENDINGS.instead(database.interrupt):
                if where is not None:
                    condition = database.condition(where)
                    sql = f"SELECT {', '.join(BRIEF)} FROM {MESSAGES} WHERE {condition}"  # noqa: S608 - the user's own SQL
                heads, rows = database.query(sql, as_json=as_json)
                width = get_terminal_size().columns if sys.stdout.isatty() else None
                shown = as_objects(heads, rows) if as_json else as_table(heads, rows, table_format, width)
                for text in shown:
                    click.echo(text)
                    ENDINGS.check()
    except KeyboardInterrupt:
        complain("stopped; the answer is not whole")
        ctx.exit(INTERRUPTED)
    account = captures.account
    code = verdict(account, strict=strict)
    # A query that had enough early has not read all: how much is by chance.
    if not quiet and captures.complete:
        click.echo(closing(account), err=True)
    if code:
        ctx.exit(code)
    if fail_if_empty and captures.complete and not account.messages:
        ctx.exit(FAILED)


def unless_stopped(told: Iterable[Told]) -> Iterator[Told]:
    """Yield messages until a signal comes.

    Raises:
        Ended: it has.
    """
    for messages in told:
        ENDINGS.check()
        yield messages


def as_objects(heads: list[str], rows: Iterator[tuple[Any, ...]]) -> Iterator[str]:
    """Yield a JSON object a row."""
    for row in rows:
        yield dumps(dict(zip(heads, row, strict=True)))


def as_table(
    heads: list[str], rows: Iterator[tuple[Any, ...]], style: str, width: int | None = None
) -> Iterator[str]:
    """Yield the rows as a table of tabulate's, which fits so many columns of a terminal."""
    from dissector.present.fitted import fitted

    yield from fitted(([_cell(value) for value in row] for row in rows), heads, style, width)


def _cell(value: Any) -> Any:
    """Return a value as a table shows it."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return ""
    return value
