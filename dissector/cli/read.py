"""``dissector read``: every ICMP message of some captures."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from dissector.capture.account import Account
from dissector.capture.stream import scan
from dissector.cli import FAILED, INTERRUPTED, USAGE, complain, options, warn
from dissector.errors import CaptureError
from dissector.message import messages
from dissector.present.account import closing, warnings
from dissector.present.hexdump import hexdump
from dissector.present.jsonlines import dumps, record
from dissector.present.line import line
from dissector.present.text import printable
from dissector.present.times import TimeColumn
from dissector.present.tree import tree as tree_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dissector.message import Message


class Output:
    """Messages as text on stdout, gathered and written a batch at a time.

    Args:
        show: the lines of a message.
        count: messages after which it is enough; None for no limit.
        line_buffered: write each message at once.
    """

    def __init__(self, show: Callable[[Message], Iterator[str]], count: int | None, *, line_buffered: bool) -> None:
        self.show = show
        self.left = count
        self.line_buffered = line_buffered

    @property
    def enough(self) -> bool:
        """Whether as many messages as asked for have been written."""
        return self.left == 0

    def write(self, found: Iterator[Message]) -> None:
        """Write messages, no more than asked for."""
        gathered: list[str] = []
        try:
            for message in found:
                gathered += self.show(message)
                if self.left is not None:
                    self.left -= 1
                if self.line_buffered:
                    self.flush(gathered)
                if self.enough:
                    break
        finally:
            self.flush(gathered)

    def flush(self, gathered: list[str]) -> None:
        """Write what was gathered."""
        if gathered:
            sys.stdout.write("\n".join([*gathered, ""]))
            sys.stdout.flush()
            gathered.clear()


def views(
    *, tree: bool, octets: bool, as_json: bool, time_style: str, name_files: bool
) -> Callable[[Message], Iterator[str]]:
    """Return what shows a message as the options ask."""
    time = TimeColumn(time_style)

    def show(message: Message) -> Iterator[str]:
        if as_json:
            yield dumps(record(message))
            return
        if tree:
            yield from tree_lines(message)
        else:
            prefix = f"{printable(message.file)}: " if name_files else ""
            yield prefix + line(message, time(message.time_ns))
        if octets:
            yield from (f"    {row}" for row in hexdump(message))
        if tree or octets:
            yield ""

    return show


@click.command("read")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@options.tree
@options.octets
@options.as_json
@options.of(options.LISTING, options.SOURCE)
@options.color
@click.pass_context
def command(
    ctx: click.Context,
    files: tuple[str, ...],
    *,
    tree: bool,
    octets: bool,
    as_json: bool,
    count: int | None,
    time_style: str,
    quiet: bool,
    line_buffered: bool,
    reassemble: bool,
    tunnels: bool,
    strict: bool,
    fail_if_empty: bool,
) -> None:
    """Show every ICMP message in captures, one line each.

    FILE is a pcap, pcapng or snoop capture, plain or compressed (gzip, bzip2, xz, zstd, lz4); - is standard
    input. The account of what was read comes last, on stderr.
    """
    show = views(tree=tree, octets=octets, as_json=as_json, time_style=time_style, name_files=len(files) > 1)
    output = Output(show, count, line_buffered=line_buffered)
    total = Account()
    code = 0
    try:
        for file in files:
            try:
                code = max(code, read_file(file, output, total, reassemble=reassemble, tunnels=tunnels, strict=strict))
            except CaptureError as error:
                complain(str(error))
                code = USAGE
            if output.enough:
                break
    except KeyboardInterrupt:
        code = INTERRUPTED
    if not quiet and total.files:
        click.echo(closing(total), err=True)
    if code == 0 and fail_if_empty and not total.messages:
        code = FAILED
    ctx.exit(code)


def read_file(file: str, output: Output, total: Account, *, reassemble: bool, tunnels: bool, strict: bool) -> int:
    """Write the messages of one capture, add its account to the total, and return the exit code it deserves."""
    with scan(file, reassemble=reassemble, tunnels=tunnels) as batches:
        try:
            for batch in batches:
                output.write(messages(batch))
                if output.enough:
                    break
        finally:
            account = batches.account
            total.add(account)
    for sentence in warnings(account):
        warn(sentence)
    if strict and account.damaged:
        return USAGE
    return USAGE if account.undecoded else 0
