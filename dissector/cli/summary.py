"""``dissector summary``: what is in some captures, in tables."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from dissector.analysis.exchanges import Exchanges
from dissector.analysis.findings import Findings, Thresholds
from dissector.analysis.findings.model import dashed
from dissector.analysis.flows import Flows
from dissector.analysis.pairing import LIMIT, SECOND
from dissector.analysis.paths import Paths
from dissector.analysis.series import LIMIT as SERIES
from dissector.analysis.types import Types
from dissector.capture.account import Account
from dissector.capture.stream import scan
from dissector.cli import FAILED, INTERRUPTED, USAGE, complain, fence, options, warn
from dissector.cli.verdict import not_begun, stopped, verdict
from dissector.errors import CaptureError
from dissector.present.account import closing
from dissector.present.findings import findings_json, findings_tables, thresholds_json, thresholds_table
from dissector.present.flows import flow_tables, flows_json
from dissector.present.jsonlines import SCHEMA, dumps
from dissector.present.paths import path_tables, paths_json
from dissector.present.summary import exchange_tables, exchanges_json, type_tables, types_json
from dissector.present.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dissector.capture.stream import Scan
    from dissector.filter import Filter


TIMEOUT = 2.0
"""Seconds after which an answer is late."""


class Part(NamedTuple):
    """One question that a summary answers.

    Attributes:
        name: what JSON calls it.
        state: what batches are put into: it has ``update(batch)`` and ``result()``.
        tables: its result as tables, each a text.
        as_json: its result as JSON has it.
    """

    name: str
    state: Any
    tables: Callable[..., Iterator[str]]
    as_json: Callable[..., dict[str, Any]]


def parts(
    timeout: float = TIMEOUT,
    max_open: int = LIMIT,
    thresholds: Thresholds | None = None,
    lang: str = "en",
    *,
    max_series: int = SERIES,
) -> tuple[Part, ...]:
    """Return what a summary is made of, in the order in which it is shown: a line for each analysis."""
    return (
        Part("types", Types(), type_tables, types_json),
        Part(
            "exchanges",
            Exchanges(round(timeout * SECOND), max_open, series=max_series),
            exchange_tables,
            exchanges_json,
        ),
        Part("flows", Flows(queries=False), flow_tables, flows_json),
        Part("paths", Paths(), path_tables, paths_json),
        Part("findings", Findings(thresholds), partial(findings_tables, lang=lang), findings_json),
    )


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
    type=click.FloatRange(0, min_open=True),
    default=TIMEOUT,
    show_default=True,
    metavar="SECONDS",
    help="An answer after this is late; after five times this it is no answer any more.",
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
    questions = parts(timeout, max_open, thresholds, lang, max_series=max_series)
    total = Account()
    code = 0
    try:
        for file in files:
            try:
                with scan(file, reassemble=reassemble, tunnels=tunnels) as batches:
                    code = max(code, read_file(batches, chosen, questions, total, strict=strict))
            except CaptureError as error:
                complain(str(error))
                code = USAGE
    except KeyboardInterrupt:
        not_begun(len(files), total)
        code = INTERRUPTED
    if total.files:
        for text in shown(questions, table_format, as_json=as_json):
            click.echo(text)
        if not quiet:
            click.echo(closing(total), err=True)
    if code == 0 and fail_if_empty and not total.messages:
        code = FAILED
    ctx.exit(code)


def read_file(
    batches: Scan, chosen: Filter | None, questions: tuple[Part, ...], total: Account, *, strict: bool
) -> int:
    """Put one capture into all questions, add its account to the total, and return the exit code it deserves."""
    try:
        for batch in batches:
            wanted = batch if chosen is None else batch[chosen.mask(batch)]
            for question in questions:
                question.state.update(wanted)
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


def shown(questions: tuple[Part, ...], table_format: str, *, as_json: bool) -> Iterator[str]:
    """Yield the answers: a line of JSON each, or tables with an empty line after each."""
    for question in questions:
        result = question.state.result()
        if getattr(result, "given_up", 0):
            warn(
                f"given up before their time was over, because too many were open: {result.given_up} of the queries "
                "(--max-open keeps more)"
            )
        for sentence in getattr(result, "warnings", ()):
            warn(sentence)
        if as_json:
            yield dumps({"schema": SCHEMA, "part": question.name, **question.as_json(result)})
        else:
            for text in question.tables(result, table_format=table_format, narrow=on_terminal()):
                yield f"{text}\n"


def on_terminal() -> bool:
    """Return whether the tables go to a terminal, where 80 columns must do."""
    return sys.stdout.isatty()
