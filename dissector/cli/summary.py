"""``dissector summary``: what is in some captures, in tables."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING

import click

from dissector.analysis.findings import Thresholds
from dissector.analysis.findings.model import dashed
from dissector.analysis.pairing import LIMIT
from dissector.analysis.series import LIMIT as SERIES
from dissector.analysis.succession import Succession
from dissector.capture.account import Account
from dissector.cli import FAILED, INTERRUPTED, USAGE, complain, fence, options, units, warn
from dissector.cli.endings import ENDINGS
from dissector.cli.progress import watched
from dissector.cli.questions import TIMEOUT, Inquiry, Style, parts, processes, reading
from dissector.cli.verdict import not_begun, stopped, verdict
from dissector.errors import CaptureError
from dissector.present.account import closing
from dissector.present.findings import thresholds_json, thresholds_table
from dissector.present.jsonlines import SCHEMA, dumps
from dissector.present.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dissector.capture.stream import Scan
    from dissector.cli.questions import Answer
    from dissector.filter import Filter


LONGEST = 10**9
"""Seconds: five times as many, in ns, are a number of 64 bits."""


def set_thresholds(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> Thresholds:
    """Return the thresholds with those that are set, each ``NAME=VALUE``."""
    values = {}
    for text in value:
        name, _, number = text.partition("=")
        try:
            values[name] = float(number)
        except ValueError:
            message = f"{printable(text)!r} is no NAME=VALUE, such as sweep-hosts=64"
            raise click.BadParameter(message, ctx, param) from None
    try:
        return Thresholds.of(values)
    except KeyError as error:
        names = [dashed(name) for name in Thresholds._fields]
        name = dashed(str(error.args[0]))
        near = get_close_matches(name, names, n=1)
        meant = f"did you mean {near[0]}?" if near else "--thresholds lists them"
        message = f"there is no threshold {printable(name)!r}; {meant}"
        raise click.BadParameter(message, ctx, param) from None
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None


def needed(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Return the captures, one at least unless the thresholds alone are asked for."""
    if not value and not ctx.params.get("list_thresholds"):
        raise click.MissingParameter(ctx=ctx, param=param)
    return value


@click.command("summary")
@click.argument("files", nargs=-1, metavar="FILE...", callback=needed)
@options.display_filter
@click.option(
    "--timeout",
    type=units.Seconds(most=LONGEST),
    default=TIMEOUT,
    show_default=True,
    metavar="TIME",
    help="An answer after this is late; after five times this it is no answer any more. Seconds, or 500ms.",
)
@click.option(
    "--max-open",
    type=click.IntRange(1),
    default=LIMIT,
    show_default=True,
    metavar="N",
    help="Queries that are kept until their time is over; beyond, the oldest are given up.",
)
@click.option(
    "--max-series",
    type=click.IntRange(1),
    default=SERIES,
    show_default=True,
    metavar="N",
    help="Series (hosts and identifier) that are kept apart; those that begin later are counted together.",
)
@click.option(
    "--threshold",
    "thresholds",
    multiple=True,
    callback=set_thresholds,
    metavar="NAME=VALUE",
    help="Set a number that findings compare with; several times for several.",
)
@click.option(
    "--thresholds", "list_thresholds", is_flag=True, is_eager=True, help="List these numbers, and stop."
)
@options.lang
@options.as_json
@options.table_format
@options.of(options.SOURCE)
@options.jobs(
    help="Share the work out over N processes; the output is the same.  [default: 2 for large captures]"
)
@click.option("-q", "--quiet", is_flag=True, help="No account at the end.")
@options.no_names
@options.color
@click.pass_context
def command(
    ctx: click.Context,
    files: tuple[str, ...],
    *,
    chosen: Filter | None,
    timeout: float,
    max_open: int,
    max_series: int,
    thresholds: Thresholds,
    list_thresholds: bool,
    lang: str,
    as_json: bool,
    table_format: str,
    reassemble: bool,
    tunnels: bool,
    strict: bool,
    fail_if_empty: bool,
    jobs: int | None,
    quiet: bool,
) -> None:
    """Show what is in captures: types, exchanges with losses and round-trip times.

    Several captures count as one, in the order given. - is standard input.
    """
    if list_thresholds:
        for text in listed(thresholds, table_format, lang, as_json=as_json):
            click.echo(text)
        return
    fence.put_up(ctx, reading=files)
    make = partial(parts, timeout, max_open, thresholds, lang, max_series=max_series)
    looking = {"reassemble": reassemble, "tunnels": tunnels}
    total, succession = Account(), Succession()
    code = 0
    with Inquiry(processes(jobs, files), make, chosen) as inquiry:
        try:
            for file in files:
                try:
                    with reading(file, looking) as batches:
                        inquiry.open(file, looking)
                        code = max(code, read_file(batches, inquiry, succession, total, strict=strict))
                except CaptureError as error:
                    complain(str(error))
                    code = USAGE
        except KeyboardInterrupt:
            not_begun(len(files), total)
            code = INTERRUPTED
        if total.files:
            # What was read is shown: a signal that comes meanwhile changes the exit code only, unless it comes again.
            with ENDINGS.instead(lambda: None):
                answers = inquiry.answers(Style(table_format, on_terminal(), as_json))
                for text in told(answers, succession.warnings):
                    click.echo(text)
                if not quiet:
                    click.echo(closing(total), err=True)
    if code == 0 and fail_if_empty and not total.messages:
        code = FAILED
    ctx.exit(code)


def read_file(
    batches: Scan, inquiry: Inquiry, succession: Succession, total: Account, *, strict: bool
) -> int:
    """Put one capture into all questions, add its account to the total, and return the exit code it deserves."""
    try:
        for batch in watched(batches, beside=True):
            with ENDINGS.held():
                inquiry.take(batch)
                succession.update(batch)
    except KeyboardInterrupt:
        stopped(batches.account, batches.progress)
        raise
    finally:
        account = batches.account
        total.add(account)
    return verdict(account, strict=strict)


def listed(thresholds: Thresholds, table_format: str, lang: str, *, as_json: bool) -> Iterator[str]:
    """Yield the thresholds: a line of JSON, or a table."""
    if as_json:
        yield dumps({"schema": SCHEMA, "part": "thresholds", "thresholds": thresholds_json(thresholds)})
    else:
        yield from thresholds_table(thresholds, table_format=table_format, narrow=on_terminal(), lang=lang)


def told(answers: Iterable[Answer], noted: Iterable[str] = ()) -> Iterator[str]:
    """Warn of what was noted while reading, and of what limits have made of answers, and yield their texts."""
    for sentence in noted:
        warn(sentence)
    for answer in answers:
        for sentence in answer.warnings:
            warn(sentence)
        yield from answer.texts


def on_terminal() -> bool:
    """Return whether the tables go to a terminal, where 80 columns must do."""
    return sys.stdout.isatty()
