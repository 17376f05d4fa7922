"""The account of captures as people read it: the line at the end, and the warnings before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dissector.errors import quantity
from dissector.present.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.capture.account import Account

SLOW = (
    "the kernel is interpreted, which takes some hundred times as long: "
    "install a C compiler, then install dissector again"
)


def closing(account: Account) -> str:
    """Return the line at the end: packets read, ICMP messages, what the others were."""
    if not account.packets and account.files == 1:
        capture = account.captures[0]
        return f"0 packets in {printable(capture.file)} ({capture.container})"
    read = f"{quantity(account.packets, 'packet')} read"
    if account.files > 1:
        read += f" from {quantity(account.files, 'file')}"
    others = account.others
    if not account.messages:
        return f"{read}, 0 ICMP" + (f" ({others})" if others else "")
    line = f"{read}, {account.messages} ICMP ({', '.join(_about(account))})"
    return f"{line}; others: {others}" if others else line


def _about(account: Account) -> Iterator[str]:
    """Yield what there is to say about the messages."""
    for count, what in (
        (account.messages - account.icmpv6, "ICMPv4"),
        (account.icmpv6, "ICMPv6"),
        (account.truncated, "cut by the capture"),
        (account.short, "of fewer than 8 octets"),
        (account.reassembled, "reassembled"),
        (account.unfinished, "with fragments missing"),
        (account.overlapping, "dropped for overlapping fragments"),
        (account.refused, "refused for contradictory fragments"),
    ):
        if count:
            yield f"{count} {what}"


def warnings(account: Account) -> Iterator[str]:
    """Yield what went wrong while reading, a sentence each."""
    for capture in account.captures:
        for sentence in capture.report.warnings():
            yield f"{capture.file}: {sentence}"
    for sentence in account.skipped_links():
        yield sentence
    if account.slow:
        yield SLOW
