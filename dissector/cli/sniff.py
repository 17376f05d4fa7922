"""``dissector sniff``: every ICMP message on some interfaces, as it comes."""

from __future__ import annotations

import shlex
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dissector.analysis.pairing import Pairing
from dissector.cli import FAILED, complain, fence, options, rights, units, warn
from dissector.cli.listening import Listening
from dissector.cli.rehearsal import rehearse
from dissector.cli.showing import Output, colored, view
from dissector.cli.verdict import verdict
from dissector.cli.watching import Watch
from dissector.errors import (
    BufferSizeError,
    CaptureError,
    CaptureFilterError,
    FilterError,
    NoRightsError,
    quantity,
)
from dissector.export.rotation import NO_LIMITS, Limits, Recorder, RecordingError
from dissector.present.jsonlines import SCHEMA, dumps
from dissector.present.live import captured
from dissector.present.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dissector.analysis.pairing import Answers
    from dissector.batch import Batch
    from dissector.capture.account import Account
    from dissector.capture.live import Live
    from dissector.cli.rights import User
    from dissector.cli.showing import Text
    from dissector.filter import Filter

SNAPLEN = 262144
"""Octets that are kept of a packet: more than any has."""
SMALLEST = 64
"""Octets that are kept at least."""
STDOUT = "-"
DURATION_WORD = "duration:"


def autostop(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Return the nanoseconds of ``duration:10`` or ``duration:5min``."""
    if value is None:
        return None
    if not value.startswith(DURATION_WORD):
        message = f"{printable(value)!r} is not known; such as {DURATION_WORD}10"
        raise click.BadParameter(message, ctx, param)
    return units.duration(ctx, param, value.removeprefix(DURATION_WORD))


def snapshot(ctx: click.Context, param: click.Parameter, value: int) -> int:
    """Return how many octets are kept of a packet."""
    if 0 < value < SMALLEST:
        message = f"{value} is less than {SMALLEST}, which the headers before a message need; 0 is all"
        raise click.BadParameter(message, ctx, param)
    return value or SNAPLEN


LISTENING = (
    click.option(
        "-i",
        "--interface",
        "interfaces",
        multiple=True,
        metavar="NAME",
        help="Where to listen; several times, or 'any'. Without it, on all interfaces.",
    ),
    click.option("-D", "--list-interfaces", "listing", is_flag=True, help="List the interfaces, and end."),
    click.option(
        "-f",
        "--capture-filter",
        "bpf",
        metavar="BPF",
        help="Only packets for which this is true, in the language of tcpdump, such as 'host 10.0.0.1'.",
    ),
    click.option(
        "-a",
        "--autostop",
        "duration",
        metavar="duration:TIME",
        callback=autostop,
        help="End after so long, such as duration:10 (seconds) or duration:5min.",
    ),
    click.option(
        "--promisc/--no-promisc",
        "promiscuous",
        default=False,
        help="Hear what is for other hosts as well. [default: no]",
    ),
    click.option(
        "--engine",
        type=click.Choice(["auto", "ring", "scapy"]),
        default="auto",
        help="What captures: the kernel's ring (Linux), or scapy; auto: the ring where there is one.",
    ),
    click.option(
        "--buffer",
        default="32MiB",
        show_default=True,
        callback=units.size,
        metavar="SIZE",
        help="Memory in which packets wait to be read.",
    ),
    click.option(
        "--snaplen",
        type=click.IntRange(0, SNAPLEN),
        default=SNAPLEN,
        show_default=True,
        metavar="N",
        callback=snapshot,
        help="Octets kept of a packet; 0 for all there are.",
    ),
    click.option(
        "--user",
        metavar="NAME",
        callback=rights.known_user,
        help="As root, go on as this user once the capture has begun. [default: who called sudo]",
    ),
)
RECORDING = (
    click.option(
        "-w",
        "--write",
        "file",
        metavar="FILE",
        help="Write all packets to a file as well, as pcapng; - is standard output, and then nothing is shown.",
    ),
    click.option(
        "-C",
        "--rotate-size",
        "size",
        callback=units.size,
        metavar="SIZE",
        help="Begin another file at this size.",
    ),
    click.option(
        "-G",
        "--rotate-time",
        "time_ns",
        callback=units.duration,
        metavar="TIME",
        help="Begin another file so often.",
    ),
    click.option("--keep", type=click.IntRange(1), metavar="N", help="Keep the newest N of these files."),
)


@click.command("sniff")
@options.of(LISTENING, RECORDING)
@options.tree
@options.octets
@options.as_json
@click.option(
    "--live/--no-live",
    "live_view",
    default=False,
    help="Instead of messages show what there is of them: rates, exchanges, findings; tables at the end.",
)
@options.of(options.LISTING, options.LOOKING)
@options.no_pairs
@options.fail_if_empty
@options.color
@click.pass_context
def command(
    ctx: click.Context,
    interfaces: tuple[str, ...],
    *,
    listing: bool,
    bpf: str | None,
    duration: int | None,
    promiscuous: bool,
    engine: str,
    buffer: int,
    snaplen: int,
    user: User | None,
    file: str | None,
    size: int | None,
    time_ns: int | None,
    keep: int | None,
    tree: bool,
    octets: bool,
    as_json: bool,
    live_view: bool,
    chosen: Filter | None,
    count: int | None,
    time_style: str,
    quiet: bool,
    line_buffered: bool,
    reassemble: bool,
    tunnels: bool,
    fail_if_empty: bool,
    pairs: bool,
) -> None:
    """Show every ICMP message on some interfaces, one line each, as it comes.

    Ctrl-C ends it, with the account of what was captured on stderr; the signal SIGUSR1 shows the account so far.
    """
    if listing:
        list_interfaces(as_json=as_json)
        return
    limits = Limits(size, time_ns, keep)
    if wrong := contradiction(file, limits, live_view=live_view, otherwise=tree or octets or as_json):
        ctx.fail(wrong)
    how: dict[str, Any] = {
        "tree": tree, "octets": octets, "as_json": as_json, "time_style": time_style, "name_files": False,
        "color": colored(ctx),
    }  # fmt: skip
    silent = file == STDOUT or (file is not None and quiet)

    def made() -> tuple[Text, Watch | None]:
        watch = Watch() if live_view else None
        return watch.text if watch else nothing if silent else view(**how).text, watch

    text, watch = made()
    output = Output(text, chosen, count, line_buffered=line_buffered)
    output.pairing = Pairing() if pairs and not (watch or silent) else None
    live = opened(
        interfaces,
        bpf=bpf,
        promiscuous=promiscuous,
        snaplen=snaplen,
        buffer=buffer,
        engine=engine,
        tunnels=tunnels,
        reassemble=reassemble,
        passing=watch is None,
    )
    if live is None:
        ctx.exit(FAILED)
    with live, ExitStack() as stack:
        if rights.is_root():
            rehearse(*made(), chosen)
        fence.put_up(ctx, writing=None if file == STDOUT else file, network=True, user=user)
        recorder = None
        if file is not None:  # after that, for a file is to belong to who may write it
            recorder = stack.enter_context(recording(live, file, limits, user))
        if watch is not None:
            stack.enter_context(watch.seen())
        Listening(live, output, watch, recorder, duration).run()
    ctx.exit(ended(live.account, output.messages, quiet=quiet, fail_if_empty=fail_if_empty))


def contradiction(file: str | None, limits: Limits, *, live_view: bool, otherwise: bool) -> str | None:
    """Return what is wrong about some options together; None if nothing is.

    Args:
        file: what is to be written.
        limits: when another file is to begin.
        live_view: whether a view takes the place of messages.
        otherwise: whether they are to be shown in another way than as lines.
    """
    stdout = file == STDOUT
    rules = (
        (file is None and limits != NO_LIMITS, "-C, -G and --keep are about the file of -w"),
        (limits.keep is not None and limits.one_file, "--keep needs -C or -G: without, there is one file"),
        (stdout and not limits.one_file, "standard output is one file; -C and -G need a name"),
        (stdout and live_view, "--live and -w - both want standard output"),
        (
            stdout and sys.stdout.isatty(),
            "a capture is nothing for a terminal; send it to a file or a program",
        ),
        (live_view and otherwise, "--live shows no messages; leave out -v, -x and --json"),
    )
    return next((sentence for wrong, sentence in rules if wrong), None)


def nothing(batch: Batch, answers: Answers) -> Iterator[bytes]:  # noqa: ARG001 - as what makes text
    """Make no text of messages that only a file is to have."""
    return iter(())


def opened(interfaces: Sequence[str], *, bpf: str | None, **how: Any) -> Live | None:
    """Return the capture; None where it cannot be, which people are told, with what they can do about it."""
    from dissector.capture.live import open_live
    from dissector.capture.live.ring import ANY

    wanted = interfaces or (ANY,)
    try:
        return open_live(wanted, bpf=bpf, **how)
    except NoRightsError as error:
        complain(str(error))
        click.echo(rights.three_ways(wanted, bpf), err=True)
    except CaptureFilterError as error:  # wrong usage, as is the next
        if bpf is None or isinstance(error.__cause__, ImportError) or not is_display_filter(bpf):
            raise
        sentence = f"{error}; as a display filter it is right: -Y {shlex.quote(bpf)}"
        raise CaptureFilterError(sentence) from error
    except BufferSizeError as error:
        sentence = f"--buffer: {error}"
        raise BufferSizeError(sentence) from error
    except CaptureError as error:
        complain(str(error))
    return None


def is_display_filter(text: str) -> bool:
    """Return whether some text is right as a display filter."""
    from dissector.filter import compile as compiled

    try:
        compiled(text)
    except FilterError:
        return False
    return True


def recording(live: Live, file: str, limits: Limits, user: User | None) -> Recorder:
    """Return what writes the packets to a file."""
    path = None if file == STDOUT else Path(file)
    try:
        return Recorder(path, live.origin.interfaces, partial(counted, live), limits)
    except RecordingError as error:
        if user is not None and isinstance(error.__cause__, PermissionError):
            sentence = f"{error} for {user.name or user.uid}; --user root goes on as root"
            raise RecordingError(sentence) from error
        raise


def counted(live: Live) -> list[tuple[int, int]]:
    """Return the packets that the kernel received and dropped so far, for each interface or for all together."""
    account = live.account
    return live.counts() or [(account.received, account.dropped)]


def ended(account: Account, messages: int, *, quiet: bool, fail_if_empty: bool) -> int:
    """Tell what was captured, and return the exit code that it deserves."""
    verdict(account, strict=False)
    if account.dropped:
        warn(
            f"the kernel dropped {quantity(account.dropped, 'packet')} for lack of room; --buffer makes more"
        )
    if not quiet:
        click.echo(captured(account), err=True)
    return FAILED if fail_if_empty and not messages else 0


def list_interfaces(*, as_json: bool) -> None:
    """Write the interfaces there are, a line each."""
    from dissector.capture.live.interfaces import interfaces

    devices = interfaces()
    width = max(len(printable(device.name)) for device in devices)
    for device in devices:
        if as_json:
            click.echo(dumps({"schema": SCHEMA, **device._asdict()}))
            continue
        state = "up" if device.up else "down"
        words = ", ".join((device.description, *device.addresses))
        click.echo(printable(f"{printable(device.name):{width}}  {state:4}  {words}"))
