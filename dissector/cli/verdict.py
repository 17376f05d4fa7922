"""What the account of a capture means for the command that read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dissector.cli import USAGE, warn
from dissector.cli.endings import ENDINGS
from dissector.errors import quantity
from dissector.present.account import warnings

if TYPE_CHECKING:
    from dissector.capture.account import Account


def verdict(account: Account, *, strict: bool) -> int:
    """Warn of what is wrong with a capture that was read, and return the exit code it deserves."""
    for sentence in warnings(account):
        warn(sentence)
    return USAGE if account.undecoded or (strict and account.damaged) else 0


def stopped(account: Account, progress: tuple[int, int] | None) -> None:
    """Warn that a signal ended the reading of a capture, and where.

    Args:
        account: of that capture alone.
        progress: octets read so far, and altogether; None where that is not known.
    """
    far = f" ({progress[0]} of {progress[1]} octets)" if progress and progress[0] else ""
    file, packets = account.captures[0].file, quantity(account.packets, "packet")
    warn(f"{file}: stopped by {ENDINGS.name} within the first {packets}{far}; the rest is missing")


def not_begun(files: int, total: Account) -> None:
    """Warn of captures that a signal left no time for."""
    if total.files < files:
        warn(f"{total.files} of {files} captures were read or begun; the others are missing")
