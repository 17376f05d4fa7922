"""``dissector trace``: the path to a host."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, NamedTuple

import click
from click.core import ParameterSource

from dissector.cli import FAILED, INTERRUPTED, USAGE, complain, fence, options, rights, units
from dissector.cli.endings import ENDINGS
from dissector.present.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dissector.analysis.flow_keys import Address
    from dissector.probe.tracing.channel import Aim, Channel
    from dissector.probe.tracing.flows import Marks
    from dissector.probe.tracing.tracer import Tracer

PROTOCOLS = {"udp": 17, "tcp": 6, "icmp": 1}
ICMPV6 = 58
PORTS = {"udp": 33434, "tcp": 80, "icmp": 0}
SIZES = {4: 60, 6: 80}
"""Octets of a probe, as traceroute sends them."""
QUERIES = 3
SECOND = 1_000_000_000
MOST_SIZE = 65535


class Shown(NamedTuple):
    """How a path is shown.

    Attributes:
        as_json: as JSON lines.
        live: each hop when it is known; else one table at the end.
        table_format: of that table.
    """

    as_json: bool
    live: bool
    table_format: str


@click.command("trace")
@click.argument("host", metavar="HOST")
@click.option("-4", "version", flag_value=4, type=int, help="Take an IPv4 address of a name.")
@click.option("-6", "version", flag_value=6, type=int, help="Take an IPv6 address of a name.")
@click.option("-U", "--udp", "protocol", flag_value="udp", default=True, help="Probes are UDP (the default).")
@click.option("-I", "--icmp", "protocol", flag_value="icmp", help="Probes are echo requests.")
@click.option("-T", "--tcp", "protocol", flag_value="tcp", help="Probes are TCP SYNs; needs rights.")
@click.option(
    "-p",
    "--port",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="Destination port, the same in all probes.  [default: 33434 UDP, 80 TCP]",
)
@click.option(
    "-q",
    "--queries",
    type=click.IntRange(1, 10),
    metavar="N",
    help="Probes for each hop and flow.  [default: 3; with several flows 1]",
)
@click.option(
    "-f",
    "--first",
    type=click.IntRange(1, 255),
    default=1,
    show_default=True,
    metavar="HOP",
    help="First hop.",
)
@click.option(
    "-m",
    "--max-hops",
    "most",
    type=click.IntRange(1, 255),
    default=30,
    show_default=True,
    metavar="HOP",
    help="Last hop.",
)
@click.option(
    "-w",
    "--timeout",
    type=units.Seconds(0.001, 3600),
    default=3.0,
    show_default=True,
    metavar="TIME",
    help="Wait so long for an answer; less where hops behind answer sooner.",
)
@click.option(
    "-z",
    "--interval",
    type=units.Seconds(0.0001, 3600),
    default=0.005,
    show_default=True,
    metavar="TIME",
    help="Between two probes.",
)
@click.option(
    "-N",
    "--parallel",
    type=click.IntRange(1, 1000),
    default=64,
    show_default=True,
    metavar="N",
    help="Probes that wait for an answer at a time.",
)
@click.option(
    "--gap-limit",
    "gap",
    type=click.IntRange(1, 255),
    default=10,
    show_default=True,
    metavar="N",
    help="Give up after so many hops without an answer.",
)
@click.option(
    "-s",
    "--size",
    type=click.IntRange(1, MOST_SIZE),
    metavar="OCTETS",
    help="Size of a probe, IP header included.  [default: 60 IPv4, 80 IPv6]",
)
@click.option("--mtu", "discover", is_flag=True, help="Find the path MTU of each hop: send whole what fits.")
@click.option(
    "--flows",
    type=click.IntRange(1, 16),
    default=1,
    show_default=True,
    metavar="N",
    help="Look for several paths: N flows, each with its own source port.",
)
@click.option("-a", "--source", metavar="ADDRESS", help="Address to send from.")
@click.option("-i", "--interface", metavar="NAME", help="Interface to send by.")
@click.option(
    "--engine",
    type=click.Choice(["auto", "raw", "socket"]),
    default="auto",
    help="Raw sockets, or ordinary ones, which need no rights; auto: what is allowed.",
)
@options.no_names
@options.as_json
@options.table_format
@options.color
@click.pass_context
def command(
    ctx: click.Context,
    host: str,
    *,
    version: int | None,
    protocol: str,
    port: int | None,
    queries: int | None,
    first: int,
    most: int,
    timeout: float,
    interval: float,
    parallel: int,
    gap: int,
    size: int | None,
    discover: bool,
    flows: int,
    source: str | None,
    interface: str | None,
    engine: str,
    as_json: bool,
    table_format: str,
) -> None:
    """Show the path to HOST: who answers probes that run out of hops.

    All probes of a flow look the same to load balancers. Hops are shown as they become known.
    """
    from dissector.probe.tracing.channel import Aim, RightsError
    from dissector.probe.tracing.flows import Marks, least_size
    from dissector.probe.tracing.tracer import Plan, Tracer

    if first > most:
        ctx.fail(f"the first hop ({first}) is behind the last one ({most})")
    dst = address_of(ctx, host, version)
    number = ICMPV6 if protocol == "icmp" and dst.version == 6 else PROTOCOLS[protocol]  # noqa: PLR2004 - the version
    least = least_size(number, dst.version)
    if size is not None and size < least:
        ctx.fail(f"these probes have {least} octets at least (--size {size})")
    sender = None if source is None else address_of(ctx, source, dst.version)
    aim = Aim(dst, number, PORTS[protocol] if port is None or protocol == "icmp" else port, flows)
    aim = aim._replace(source=sender, interface=interface, whole=discover)
    marks = Marks.random()
    try:
        channel = channel_of(engine, aim, marks)
    except RightsError as error:
        complain(str(error))
        click.echo(ways(protocol, host), err=True)
        ctx.exit(FAILED)
    fence.put_up(ctx, network=True, user=rights.who_called())
    plan = Plan(
        first=first,
        most=most,
        queries=queries or (QUERIES if flows == 1 else 1),
        timeout_ns=round(timeout * SECOND),
        interval_ns=round(interval * SECOND),
        parallel=parallel,
        gap=gap,
        size=size or (channel.mtu if discover else max(SIZES[dst.version], least)),
        discover=discover,
    )
    streamed = ctx.get_parameter_source("table_format") is ParameterSource.DEFAULT
    shown = Shown(as_json, streamed, table_format)
    try:
        ctx.exit(traced(Tracer(plan, channel, marks), shown))
    finally:
        channel.close()


def address_of(ctx: click.Context, word: str, version: int | None) -> Address:
    """Return the address that a word is, or resolves to; end with what is wrong about it."""
    from dissector.probe.targets import TargetError, Word, group_of, spans

    try:
        found, failed = spans([Word(word)], version)
    except TargetError as error:
        ctx.fail(str(error))
    if failed:
        complain(failed[0])
        ctx.exit(USAGE)
    span = found[0]
    if span.first != span.last:
        ctx.fail(f"{word} is more than one address; a path leads to one")
    group = group_of(span.first)
    if group is not None:
        ctx.fail(f"{word} is a {group} address, many hosts may answer; a path leads to one")
    return span.first


def channel_of(engine: str, aim: Aim, marks: Marks) -> Channel:
    """Return what sends probes: raw sockets where they are allowed, or as asked.

    Raises:
        RightsError: the system does not allow it.
        TraceError: there is no way there.
    """
    from dissector.probe.tracing.channel import RightsError
    from dissector.probe.tracing.queued import QueueChannel
    from dissector.probe.tracing.raw import RawChannel

    if engine != "socket":
        try:
            return RawChannel(aim, marks)
        except RightsError:
            if engine == "raw":
                raise
    return QueueChannel(aim, marks)


def ways(protocol: str, host: str) -> str:
    """Return three commands that work where this one may not, the one with the fewest rights first."""
    program = shlex.join(rights.this_program())
    command = shlex.join([*rights.this_program(), *sys.argv[1:]])
    first = f"{program} trace {shlex.quote(host)}"
    lines = [
        "  Raw sockets take the capability CAP_NET_RAW. Any of these will do:",
        "  1. UDP probes, which take no rights:",
        f"     {first}",
        "  2. this program as yourself, with that one capability:",
        f"     {rights.with_capability(command)}",
        "  3. root:",
        f"     sudo {command}",
    ]
    if protocol == "icmp":
        lines += [
            "  Or let everybody send echo requests, by the kernel:",
            '     sudo sysctl -w net.ipv4.ping_group_range="0 2147483647"',
        ]
    return "\n".join(map(printable, lines))


def traced(tracer: Tracer, shown: Shown) -> int:
    """Probe, show what becomes known, and return the exit code. A signal that is to end it stops the probes."""
    from dissector.present.jsonlines import dumps
    from dissector.present.paths import title
    from dissector.present.trace import LiveTable, closing, hop_json, trace_json, trace_table

    version, narrow = tracer.dst.version, sys.stdout.isatty()
    table = LiveTable(version, narrow=narrow)
    if not shown.as_json:
        flow = tracer.channel.flows[0]
        write([title(flow.src, flow.dst, flow.protocol, flow.dport or None), ""])
    if shown.live and not shown.as_json:
        write(table.head())
    with ENDINGS.instead(tracer.stop):
        for number in tracer.run():
            trace = tracer.result()
            if trace is None or not (shown.live or shown.as_json):
                continue
            hop = trace.hops[number - tracer.plan.first]
            write([dumps(hop_json(hop))] if shown.as_json else table.hop(trace, hop))
    trace = tracer.result()
    if trace is None:  # stopped before the first probe
        return INTERRUPTED
    if shown.as_json:
        write([dumps(trace_json(trace))])
    else:
        if not shown.live:
            write([trace_table(trace, table_format=shown.table_format, narrow=narrow)])
        write(["", *closing(trace, narrow=narrow)])
    if trace.stopped == "interrupted":
        return INTERRUPTED
    return 0 if trace.reached else FAILED


def write(lines: Iterable[str]) -> None:
    """Write lines at once."""
    for line in lines:
        click.echo(line)
    sys.stdout.flush()
