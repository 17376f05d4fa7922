"""Options that mean the same for every command."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from dissector.present.times import TimeColumn

if TYPE_CHECKING:
    from dissector.filter import Filter

C = TypeVar("C", bound=Callable[..., Any])


def obey_color(ctx: click.Context, param: click.Parameter, value: str) -> None:  # noqa: ARG001 - click's signature
    """Set whether colours are written, where that is asked for; else the environment and the terminal decide."""
    if value != "auto":
        ctx.color = value == "always"


color = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    expose_value=False,
    callback=obey_color,
    help="Colour the output; auto: on terminals.",
)

lang = click.option(
    "--lang",
    type=click.Choice(["en", "zh"]),
    default="en",
    envvar="DISSECTOR_LANG",
    show_envvar=True,
    help="English or Chinese.",
)

as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


def known_format(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Return the name of a table format, if tabulate has it."""
    if ctx.get_parameter_source("table_format") is not ParameterSource.DEFAULT:
        from tabulate import tabulate_formats  # only tables need it

        if value not in tabulate_formats:
            message = f"no table format {value!r}; there are {', '.join(tabulate_formats)}"
            raise click.BadParameter(message, ctx, param)
    return value


table_format = click.option(
    "--table-format",
    default="simple",
    metavar="NAME",
    callback=known_format,
    help="One of tabulate's formats, such as github or html.",
)

tree = click.option("-v", "--verbose", "tree", is_flag=True, help="A tree of all fields of each message.")

octets = click.option(
    "-x", "--hex", "octets", is_flag=True, help="The octets, each with the field it belongs to."
)

jobs = partial(
    click.option,
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    help="Read with N processes; the output is the same.",
)

LOOKING = (
    click.option(
        "--no-reassemble",
        "reassemble",
        flag_value=False,
        default=True,
        help="Leave IP fragments as they are.",
    ),
    click.option("--no-tunnels", "tunnels", flag_value=False, default=True, help="Do not look into tunnels."),
)

fail_if_empty = click.option("--fail-if-empty", is_flag=True, help="Fail (1) where there is no ICMP message.")

SOURCE = (
    *LOOKING,
    click.option("--strict", is_flag=True, help="Fail (2) where a capture is damaged."),
    fail_if_empty,
)

no_pairs = click.option(
    "--no-pairs",
    "pairs",
    flag_value=False,
    default=True,
    help="Do not tie answers to requests; a little faster.",
)


def compiled(ctx: click.Context, param: click.Parameter, value: str | None) -> Filter | None:  # noqa: ARG001 - click's signature
    """Return the filter of some text.

    Raises:
        FilterError: it is none.
    """
    if value is None:
        return None
    from dissector import filter as display  # its grammar takes a while

    return display.compile(value)


display_filter = click.option(
    "-Y",
    "--filter",
    "chosen",
    metavar="EXPR",
    callback=compiled,
    help="Only messages for which this is true, such as 'icmp.type == 3 && ip.src == 10.0.0.0/8'.",
)

no_names = click.option(
    "-n", "no_names", is_flag=True, expose_value=False, help="Accepted; addresses are never resolved."
)

LISTING = (
    display_filter,
    click.option("-c", "--count", type=click.IntRange(1), metavar="N", help="Stop after N messages."),
    click.option(
        "-t",
        "--time",
        "time_style",
        type=click.Choice(TimeColumn.STYLES),
        default="a",
        help="a: time of day, ad: with date, r: since the first, d: since the one before, e: since 1970; all UTC.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="No account at the end."),
    no_names,
    click.option("-l", "--line-buffered", is_flag=True, help="Write each line at once."),
)


def of(*groups: tuple[Callable[[C], C], ...]) -> Callable[[C], C]:
    """Return a decorator that adds groups of options, in this order."""

    def add(command: C) -> C:
        for group in reversed(groups):
            for option in reversed(group):
                command = option(command)
        return command

    return add
