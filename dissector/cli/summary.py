"""``dissector summary``: what is in some captures, in tables."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from dissector.analysis.exchanges import Exchanges
from dissector.analysis.findings import Findings
from dissector.analysis.flows import Flows
from dissector.analysis.pairing import LIMIT, SECOND
from dissector.analysis.paths import Paths
from dissector.analysis.types import Types
from dissector.capture.account import Account
from dissector.capture.stream import scan
from dissector.cli import FAILED, INTERRUPTED, USAGE, complain, options, warn
from dissector.cli.verdict import verdict
from dissector.errors import CaptureError
from dissector.present.account import closing
from dissector.present.findings import findings_json, findings_tables
from dissector.present.flows import flow_tables, flows_json
from dissector.present.jsonlines import SCHEMA, dumps
from dissector.present.paths import path_tables, paths_json
from dissector.present.summary import exchange_tables, exchanges_json, type_tables, types_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


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


def parts(timeout: float, max_open: int) -> tuple[Part, ...]:
    """Return what a summary is made of, in the order in which it is shown: a line for each analysis."""
    return (
        Part("types", Types(), type_tables, types_json),
        Part("exchanges", Exchanges(round(timeout * SECOND), max_open), exchange_tables, exchanges_json),
        Part("flows", Flows(queries=False), flow_tables, flows_json),
        Part("paths", Paths(), path_tables, paths_json),
        Part("findings", Findings(), findings_tables, findings_json),
    )


@click.command("summary")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=2.0,
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
@options.as_json
@options.table_format
@options.of(options.SOURCE)
@click.option("-q", "--quiet", is_flag=True, help="No account at the end.")
@click.option(
    "-n", "no_names", is_flag=True, expose_value=False, help="Accepted; addresses are never resolved."
)
@options.color
@click.pass_context
def command(
    ctx: click.Context,
    files: tuple[str, ...],
    *,
    timeout: float,
    max_open: int,
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
    questions = parts(timeout, max_open)
    total = Account()
    code = 0
    try:
        for file in files:
            try:
                read = read_file(
                    file, questions, total, reassemble=reassemble, tunnels=tunnels, strict=strict
                )
                code = max(code, read)
            except CaptureError as error:
                complain(str(error))
                code = USAGE
    except KeyboardInterrupt:
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
    file: str, questions: tuple[Part, ...], total: Account, *, reassemble: bool, tunnels: bool, strict: bool
) -> int:
    """Put one capture into all questions, add its account to the total, and return the exit code it deserves."""
    with scan(file, reassemble=reassemble, tunnels=tunnels) as batches:
        try:
            for batch in batches:
                for question in questions:
                    question.state.update(batch)
        finally:
            account = batches.account
            total.add(account)
    return verdict(account, strict=strict)


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
