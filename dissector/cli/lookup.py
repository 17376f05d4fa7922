"""``dissector lookup``: what the registry says."""

from __future__ import annotations

import click
from click.core import ParameterSource

from dissector.cli import options
from dissector.present.reference import page, table
from dissector.registry.find import as_json as entry_record
from dissector.registry.find import find_entries
from dissector.registry.table import all_entries

MOST_PAGES = 3
"""As many entries are shown as pages; more are a table."""


@click.command("lookup")
@click.argument("what", nargs=-1, metavar="[WHAT]")
@click.option("--all", "everything", is_flag=True, help="The whole registry: every type and code.")
@options.lang
@click.option("--layout", is_flag=True, help="Draw the octets, as RFCs do, with what each field means.")
@options.as_json
@options.table_format
@options.color
@click.pass_context
def command(
    ctx: click.Context,
    what: tuple[str, ...],
    *,
    everything: bool,
    lang: str,
    layout: bool,
    as_json: bool,
    table_format: str,
) -> None:
    """Tell what an ICMP type or code means, and what to do about it.

    WHAT is a number (3, 3/4, v6 2, v6:1/4), a name or a part of it (port unreachable, 端口不可达), an errno
    (ECONNREFUSED) or a document (RFC 4884). Without it, all types are listed.
    """
    if what and not everything:
        found = find_entries(" ".join(what))
    else:
        found = [entry for entry in all_entries() if everything or entry.code is None]
    if as_json:
        from dissector.present.jsonlines import dumps

        for entry in found:
            click.echo(dumps(entry_record(entry)))
    elif what and len(found) <= MOST_PAGES and not asked_for_table(ctx):
        for index, entry in enumerate(found):
            if index:
                click.echo()
            for text in page(entry, lang, layout=layout):
                click.echo(text)
    else:
        click.echo(table(found, lang, table_format))


def asked_for_table(ctx: click.Context) -> bool:
    """Return whether a format of tables was named."""
    return ctx.get_parameter_source("table_format") is not ParameterSource.DEFAULT
