"""What the account of a capture means for the command that read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dissector.cli import USAGE, warn
from dissector.present.account import warnings

if TYPE_CHECKING:
    from dissector.capture.account import Account


def verdict(account: Account, *, strict: bool) -> int:
    """Warn of what is wrong with a capture that was read, and return the exit code it deserves."""
    for sentence in warnings(account):
        warn(sentence)
    return USAGE if account.undecoded or (strict and account.damaged) else 0
