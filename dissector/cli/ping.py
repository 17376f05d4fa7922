"""``dissector ping``: whether hosts answer."""

from __future__ import annotations

import errno
import shlex
import sys
from contextlib import ExitStack
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import click

from dissector.cli import FAILED, USAGE, complain, fence, options, rights, units, warn
from dissector.cli.endings import ENDINGS
from dissector.cli.lines import appended
from dissector.errors import quantity
from dissector.present.text import printable
from dissector.probe.kinds import Ask, Engine
from dissector.probe.targets import TargetError, Word, addresses, group_of, interfaces, spans, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dissector.probe.engines import Channel
    from dissector.probe.probes import Query
    from dissector.probe.targets import Span
    from dissector.registry.model import Family

DATA = 56
"""Octets of data that an echo has, as those of other programs."""
MOST_DATA = 65_507
"""Octets that fit a packet of IPv4 beside its headers."""
MOST_TARGETS = 65_536
"""Addresses that are probed without being asked whether that is meant."""
RATE = 1000
"""Packets a second that do no harm."""


def octets_of(ctx: click.Context, param: click.Parameter, value: str | None) -> bytes | None:
    """Return the data of some text, or of hex after ``hex:``."""
    if value is None or not value.startswith("hex:"):
        return None if value is None else value.encode(errors="surrogateescape")
    try:
        return bytes.fromhex(value[4:].replace(":", " "))
    except ValueError:
        message = f"{value!r} is no hex; such data look like hex:00ff12"
        raise click.BadParameter(message, ctx, param) from None


@click.command("ping")
@click.argument("targets", nargs=-1, metavar="TARGET...")
@click.option(
    "--file",
    "files",
    multiple=True,
    type=click.File(encoding="utf-8-sig", errors="surrogateescape"),
    metavar="FILE",
    help="Targets from a file, # begins a comment; - is standard input.",
)
@click.option(
    "-n",
    "-c",
    "--count",
    type=click.IntRange(1),
    default=4,
    show_default=True,
    metavar="N",
    help="Probes to each target.",
)
@click.option("--forever", is_flag=True, help="Until Ctrl-C.")
@click.option(
    "-w",
    "-W",
    "--timeout",
    type=units.SECONDS,
    default="5",
    show_default=True,
    metavar="TIME",
    help="An answer after this is late. Seconds, or with a unit: 500ms.",
)
@click.option(
    "-i",
    "--interval",
    type=units.SECONDS,
    default="1",
    show_default=True,
    metavar="TIME",
    help="Between two probes to the same target.",
)
@click.option(
    "--rate",
    type=units.Finite(0, min_open=True),
    default=RATE,
    show_default=True,
    metavar="N",
    help="At most so many probes a second to all targets together.",
)
@click.option("-d", "--data", callback=octets_of, metavar="TEXT", help="Data of an echo; or hex:00ff….")
@click.option(
    "-s",
    "--size",
    type=click.IntRange(0, MOST_DATA),
    metavar="N",
    help=f"Octets of data; {DATA}, or what -d has, which is repeated.",
)
@click.option("-t", "--ttl", type=click.IntRange(1, 255), metavar="N", help="TTL or hop limit.")
@click.option("--tos", type=click.IntRange(0, 255), metavar="N", help="Type of service or traffic class.")
@click.option("--df", is_flag=True, help="Do not fragment; routers tell their MTU.")
@click.option("-4", "version", flag_value=4, type=int, help="Names as IPv4 addresses.")
@click.option("-6", "version", flag_value=6, type=int, help="Names as IPv6 addresses.")
@click.option("-I", "--source", metavar="ADDRESS", help="Send from this address, or through this interface.")
@click.option("-b", "--broadcast", is_flag=True, help="Targets may be broadcast and multicast addresses.")
@click.option(
    "--type",
    "kind",
    type=click.Choice([kind.value for kind in Ask]),
    default=Ask.ECHO.value,
    show_default=True,
    help="What is asked.",
)
@click.option(
    "--interface",
    metavar="NAME",
    help="Of extended-echo: name, index or address of the target's interface.",
)
@click.option(
    "--neighbor",
    is_flag=True,
    help="Of extended-echo: --interface is an address of a neighbour of the target.",
)
@click.option(
    "--engine",
    type=click.Choice([engine.value for engine in Engine]),
    help="How to send; else the first that works.",
)
@click.option("--many", is_flag=True, help=f"More than {MOST_TARGETS} targets are meant.")
@click.option("--log", metavar="FILE", help="Append every event to a file, as JSON lines, at once.")
@click.option("--summary-every", type=units.SECONDS, metavar="TIME", help="The tables in between, too.")
@click.option("-q", "--quiet", is_flag=True, help="Only the tables at the end.")
@options.as_json
@options.table_format
@options.color
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Tell whether hosts answer, and how fast.

    TARGET is a name, an address, a network (10.0.0.0/24) or a range (10.0.0.1-20). Ctrl-C ends with the tables;
    SIGUSR1 shows them in between.
    """
    chosen, unresolved = targets_of(ctx, given)
    for sentence in unresolved:
        complain(sentence)
    if not chosen:
        ctx.exit(USAGE)
    code = run(ctx, chosen, query_of(ctx, given), given)
    ctx.exit(USAGE if unresolved else code)


def targets_of(ctx: click.Context, given: dict[str, Any]) -> tuple[list[Span], list[str]]:
    """Return the targets, and a sentence for each that did not resolve."""
    named = [Word(text) for text in given["targets"]]
    try:
        for file in given["files"]:
            named += words(file, "standard input" if file.name == "<stdin>" else file.name)
        if not named:
            ctx.fail("no target: name a host, an address, a network or a range")
        chosen, unresolved = spans(named, given["version"])
    except TargetError as error:
        ctx.fail(str(error))
    total = sum(span.size for span in chosen)
    if total > MOST_TARGETS and not given["many"]:
        seconds = total * given["count"] / given["rate"]
        ctx.fail(
            f"{total} targets, of which {MOST_TARGETS} are probed at most: --many if they are meant "
            f"(at {given['rate']:g} probes a second that takes {seconds / 3600:.1f} hours)"
        )
    if not given["broadcast"]:
        refuse_groups(ctx, chosen)
    return chosen, unresolved


def refuse_groups(ctx: click.Context, chosen: Iterable[Span]) -> None:
    """Say which target stands for several hosts, and leave, if there is one; those within ranges are not sent to."""
    for span in chosen:
        for address in dict.fromkeys((span.first, span.last)):
            group = group_of(address)
            if group is not None:
                whom = span.name if span.size == 1 else f"{address} of {span.name}"
                ctx.fail(f"{whom} is a {group} address, many hosts may answer: -b if that is meant")


def query_of(ctx: click.Context, given: dict[str, Any]) -> Query:
    """Return what is asked."""
    kind, interface = Ask(given["kind"]), given["interface"]
    from dissector.probe import probes

    if kind is not Ask.EXTENDED_ECHO:
        if interface is not None or given["neighbor"]:
            ctx.fail("--interface and --neighbor belong to --type extended-echo")
        return probes.QUERIES[kind]
    if interface is None:
        ctx.fail("--type extended-echo asks about an interface: --interface NAME, index or address")
    if given["neighbor"]:
        try:
            ip_address(interface)
        except ValueError:
            ctx.fail("--neighbor: what is not the target's own is known by an address only (RFC 8335, 2.1)")
    return probes.extended_echo(interface, local=not given["neighbor"])


def run(ctx: click.Context, chosen: list[Span], query: Query, given: dict[str, Any]) -> int:
    """Probe, show, and return the exit code."""
    from dissector.cli.reporter import Reporter
    from dissector.probe.probes import Payload
    from dissector.probe.session import Plan, Session

    data, size, count = given["data"], given["size"], sum(span.size for span in chosen)
    payload = Payload((DATA if data is None else len(data)) if size is None else size, data)
    limit = None if given["forever"] else given["count"]
    plan = Plan(
        limit,
        given["interval"],
        given["timeout"],
        given["rate"],
        given["summary_every"],
        broadcast=given["broadcast"],
    )
    with ExitStack() as stack:
        channels = open_channels(ctx, chosen, query, given)
        for channel in channels.values():
            stack.callback(channel.close)
        log = None if given["log"] is None else stack.enter_context(appended(given["log"]))
        fence.put_up(ctx, network=True, user=rights.who_called())
        reporter = Reporter(
            count,
            log,
            as_json=given["as_json"],
            quiet=given["quiet"],
            table_format=given["table_format"],
        )
        session = Session(
            addresses(chosen),
            channels,
            query,
            payload,
            plan,
            report=reporter.event,
            summary=lambda: reporter.statistics(session, "summary"),
        )
        if not given["quiet"]:
            engines = " and ".join(dict.fromkeys(channel.engine for channel in channels.values()))
            data_text = f", {quantity(payload.size, 'octet')} of data" if query.has_data else ""
            whom = printable(chosen[0].name) if count == 1 else f"{count} targets"
            click.echo(f"{query.name} to {whom}{data_text} ({engines} socket)", err=True)
        with ENDINGS.instead(session.stop, ordinary=True), ENDINGS.answered(session.summarise):
            session.run()
        reporter.statistics(session, "target")
    if session.repeated:
        warn(f"{quantity(session.repeated, 'address')} given more than once; each is probed once")
    return 0 if all(target.received for target in session.targets) else FAILED


def open_channels(
    ctx: click.Context, chosen: list[Span], query: Query, given: dict[str, Any]
) -> dict[Family, Channel]:
    """Return what to send with, for each family among the targets; say what is wrong, and leave, where that fails."""
    from dissector.probe.engines import RightsError, open_channel
    from dissector.probe.sockets import FAMILIES, Options

    engine = None if given["engine"] is None else Engine(given["engine"])
    if engine is Engine.DATAGRAM and not query.datagram:
        ctx.fail(f"the datagram engine sends echoes only: {query.name} needs another")
    how = Options(given["ttl"], given["tos"], given["source"], given["df"], given["broadcast"])
    channels: dict[Family, Channel] = {}
    for span in chosen:
        family = FAMILIES[span.first.version]
        if family in channels:
            continue
        if family not in query.types:
            ctx.fail(f"{query.name} is no message of {family.label}: {span.name} cannot be asked so")
        try:
            channels[family] = open_channel(family, query, how, engine)
        except RightsError as error:
            complain(str(error))
            click.echo(ways(error.tried), err=True)
            ctx.exit(FAILED)
        except OSError as error:
            complain(f"cannot send{origin(how.source, error)}")
            ctx.exit(FAILED)
    return channels


def ways(tried: Sequence[Engine]) -> str:
    """Return commands that work where this one may not, the one with the fewest rights first.

    Args:
        tried: the engines of which one would do.
    """
    command = shlex.join([*rights.this_program(), *sys.argv[1:]])
    privileged = tried != [Engine.DATAGRAM]  # which the kernel allows by groups, to root as to others
    found = []
    if sys.platform == "linux":
        if Engine.DATAGRAM in tried:
            everybody = 'sudo sysctl -w net.ipv4.ping_group_range="0 2147483647"'
            found.append(("let everybody send echoes, by the kernel", everybody))
        if privileged:
            one = "this program as yourself, with the capability CAP_NET_RAW"
            found.append((one, rights.with_capability(command)))
    if privileged:
        found.append(("root", f"sudo {command}"))
    lines = ["  What helps, the fewest rights first:"]
    for number, (what, way) in enumerate(found, 1):
        lines += [f"  {number}. {what}:", f"     {way}"]
    return "\n".join(map(printable, lines))


def origin(source: str | None, error: OSError) -> str:
    """Return the end of a sentence: from where nothing can be sent, why, and what there is instead."""
    where = "" if source is None else f" from {source}"
    hint = f"; there are {interfaces()}" if error.errno == errno.ENODEV else ""
    return f"{where}: {error.strerror or error}{hint}"
