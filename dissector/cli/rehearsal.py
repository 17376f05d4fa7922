"""A rehearsal before rights are given up: whoever one is afterwards may not be able to read this program's modules.

Much is imported when it is needed first. So everything that may be is imported, and a few messages are shown to nobody,
in the way asked for.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from io import StringIO
from typing import TYPE_CHECKING

from dissector import analysis, layout, messages, present, probe, registry, tails
from dissector.analysis.pairing import Pairing
from dissector.batch import Origin
from dissector.capture.records import Block, Interface, Records
from dissector.capture.scanner import Scanner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.batch import Batch
    from dissector.cli.showing import Text
    from dissector.cli.watching import Watch
    from dissector.filter import Filter

RAW = 101
"""LINKTYPE of packets that begin with their IP header."""
ECHO = bytes.fromhex("4500001c 00010000 40010000 c0000201 c0000202 0800f7fd 00010001")
REPLY = bytes.fromhex("4500001c 00010000 40010000 c0000202 c0000201 0000fffd 00010001")
UNREACHABLE = bytes.fromhex("45000038 00010000 40010000 c0000202 c0000201 0303fcfc 00000000") + ECHO
ECHO6 = bytes.fromhex(f"60000000 00083a40 {'20010db8':0<31}1 {'20010db8':0<31}2 80000000 00010001")


def import_all() -> None:
    """Import all that decodes, asks and shows, what tables are made with, and names of hosts encoded."""
    for package in (layout, tails, messages, registry, analysis, present, probe):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    import_module("encodings.idna")
    from tabulate import tabulate

    tabulate([["报文"]], ["类型"])


def rehearse(text: Text, watch: Watch | None, chosen: Filter | None) -> None:
    """Go once through what messages go through.

    Args:
        text: what makes their text; not the one to be used later, for it may remember what it has shown.
        watch: whose view and tables are wanted; not the one to be used later either.
        chosen: which messages are wanted; None for all.
    """
    pairing = Pairing()
    for batch in batches():
        for _ in text(batch, pairing.pair(batch)):
            pass
        if chosen is not None:
            chosen.mask(batch)
    if watch is not None:
        from rich.console import Console

        from dissector.capture.account import Account

        watch.view.refresh()
        Console(file=StringIO()).print(watch.view.screen("", Account(), height=24))
        for _ in watch.tables():
            pass


def batches() -> Iterator[Batch]:
    """Yield a few messages."""
    packets = (ECHO, REPLY, UNREACHABLE, ECHO6)
    records = Records(len(packets))
    start = 0
    for row, packet in enumerate(packets):
        records.start[row] = start
        records.captured[row] = records.original[row] = len(packet)
        start += len(packet)
    scanner = Scanner(Origin("", "live", [Interface(RAW)]))
    yield from scanner.scan(Block(bytearray(b"".join(packets)), records, len(packets), 1, 0))
