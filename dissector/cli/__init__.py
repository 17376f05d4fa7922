"""The command line: one module a command, imported when that command is called."""

from __future__ import annotations

import gc
import io
import os
import sys
from importlib import import_module
from typing import Any, NoReturn

import click

from dissector.cli.endings import ENDINGS
from dissector.cli.lines import Lines
from dissector.errors import CaptureError, DissectError, LanguageError
from dissector.present.text import printable

PROGRAM = "dissector"
OWN_PROCESS = "a process of this program's own"
"""What the root context holds when no code of others runs beside it: then a fence may be put up around all."""
COMMANDS = {
    "read": "Every ICMP message in captures: a line, a tree, octets or JSON each.",
    "sniff": "Every ICMP message on some interfaces, as it comes.",
    "ping": "Whether hosts answer, and how fast: many at once, by several kinds of probes.",
    "summary": "Tables: types, what was answered, which flow each error is about, paths.",
    "export": "Messages as Parquet, CSV, JSON, pcap or pcapng.",
    "query": "SQL over the table of messages.",
    "trace": "The path to a host: hops, times, labels, path MTUs.",
    "lookup": "What an ICMP type or code means, and what to do about it.",
    "decode": "One message or packet, given as hex or raw octets.",
}
"""Each command with its help; its module here has the same name and holds ``command``."""

FAILED, USAGE, INTERRUPTED = 1, 2, 130


class Commands(click.Group):
    """The commands, none of them imported before it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return their names, as `--help` lists them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Return a command; None for a name that is not one."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"{__name__}.{cmd_name}").command
        if not gc.isenabled():  # by who began this program; what is there now need never be looked through
            gc.freeze()
            gc.enable()
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[Any, Any, list[str]]:
        """Return the command of some arguments; a wrong name is answered with what may have been meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            shown = printable(args[0])
            if os.path.exists(args[0]):  # noqa: PTH110 - pathlib takes 5 ms to import, for this alone
                ctx.fail(f"no command {shown!r}; to read that file: {PROGRAM} read {shown}")
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(COMMANDS)}"
            ctx.fail(f"no command {shown!r}; {hint}")
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the options, which may write, too: the version."""
        try:
            return super().parse_args(ctx, args)
        except BrokenPipeError:
            ctx.exit(0)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; that the reader of its output has gone is no failure (click makes it one)."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            ctx.exit(0)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def show_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:  # noqa: ARG001 - click's signature
    """Print the version and the kernel in use."""
    if value and not ctx.resilient_parsing:
        import dissector
        from dissector.kernel import BACKEND

        click.echo(f"{PROGRAM} {dissector.__version__} (kernel: {BACKEND})")
        ctx.exit()


def show_completion(ctx: click.Context, param: click.Parameter, value: str | None) -> None:  # noqa: ARG001 - click's signature
    """Print the shell's completion script."""
    if value and not ctx.resilient_parsing:
        from click.shell_completion import get_completion_class

        kind = get_completion_class(value) or ctx.fail(f"no completion for {value}")
        click.echo(kind(ctx.command, {}, PROGRAM, f"_{PROGRAM.upper()}_COMPLETE").source())
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=show_version,
    help="Show the version and which kernel is in use.",
)
@click.option(
    "--print-completion",
    type=click.Choice(["bash", "zsh", "fish"]),
    is_eager=True,
    expose_value=False,
    callback=show_completion,
    help="Print a script that completes commands and options.",
)
def cli() -> None:
    """ICMP, read: what is in a capture, and what a message means.

    \b
    dissector read x.pcap              a line for each ICMP message, v4 and v6
    dissector lookup 3/4               what type 3 code 4 means
    dissector decode 0800f7fd00010001  one message, given in hex
    """  # noqa: D301 - \b keeps click from wrapping what follows


def main() -> NoReturn:
    """Run the command line; never show a traceback for what a user can cause."""
    # NumPy's threads take 30 ms to begin and have nothing to do here; without them, --jobs can copy this process.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    ENDINGS.begin()
    try:
        open_streams()
        code = ENDINGS.end(run())
    except KeyboardInterrupt:  # while something else was being said
        code = ENDINGS.end(INTERRUPTED)
    except OSError:  # nothing can be said: stderr is what cannot be written
        code = ENDINGS.end(FAILED)
    sys.exit(code)


def run() -> int:
    """Run the command line, say what went wrong, and return the exit code."""
    try:
        code = cli.main(
            prog_name=PROGRAM, standalone_mode=False, color=color_of_environment(), obj=OWN_PROCESS
        )
    except click.ClickException as error:
        error.message = printable(error.message)  # type: ignore[misc]  # final only for its type checkers
        error.show()
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        code = INTERRUPTED
    except LanguageError as error:
        complain(error.sentence)
        for mark in error.marks:
            click.echo(printable(mark), err=True)
        code = USAGE
    except DissectError as error:
        complain(str(error))
        code = USAGE if isinstance(error, CaptureError) else FAILED
    except UnicodeEncodeError as error:  # only arguments have what cannot be encoded, for names of files may
        complain(f"{error.object!r} is no text in UTF-8")
        code = USAGE
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error))
        code = FAILED
    return code if isinstance(code, int) else 0


def open_streams() -> None:
    """Put something in the place of standard streams that were closed before the program began.

    Standard output is one that ends where a line ends; what its encoding does not have is escaped.
    """
    for name, mode in (("stdin", "r"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: PTH123, SIM115 - it lasts until the end
            setattr(sys, name, stream)
    closed = sys.stdout is None
    number, encoding = (
        (os.open(os.devnull, os.O_WRONLY), "utf-8") if closed else (sys.stdout.fileno(), sys.stdout.encoding)
    )
    lines = Lines(number, "standard output")
    sys.stdout = io.TextIOWrapper(lines, encoding, "backslashreplace", "\n", write_through=True)


def color_of_environment() -> bool | None:
    """Return what NO_COLOR, TERM and FORCE_COLOR say about colours; None where they leave it to the terminal."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return True if os.environ.get("FORCE_COLOR") else None


def complain(sentence: str) -> None:
    """Write an error for people on stderr."""
    context = click.get_current_context(silent=True)
    color = color_of_environment() if context is None else context.color
    click.echo(f"{click.style('error:', fg='red', bold=True)} {printable(sentence)}", err=True, color=color)


def warn(sentence: str) -> None:
    """Write a warning for people on stderr."""
    click.echo(f"{click.style('warning:', fg='yellow', bold=True)} {printable(sentence)}", err=True)
