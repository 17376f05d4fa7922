"""Play scenarios."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from testbed.namespaces import Namespace
from testbed.network import Network
from testbed.nodes import MissingError
from testbed.wire import recorded

if TYPE_CHECKING:
    from pathlib import Path

    from testbed.model import Record, Scenario
    from testbed.observers import Observer

REPORT = ("icmpv6", 143)
"""A multicast listener report."""
NO_REPORTS = "not (ip6[6] = 0 and ip6[48] = 143)"
"""Kernels tell what they listen to when they please; scenarios that are not about that watch without it."""


def needs() -> None:
    """Raise what is missing for any scenario.

    Raises:
        MissingError: there is something.
    """
    if not hasattr(os, "geteuid") or os.geteuid():
        text = "the test bed makes network namespaces: it needs Linux and root"
        raise MissingError(text)
    for tool in ("ip", "tcpdump", "timeout"):
        if shutil.which(tool) is None:
            text = f"{tool} is not installed"
            raise MissingError(text)
    try:
        Namespace().close()
    except OSError as error:
        text = f"no network namespace can be made here: {error}"
        raise MissingError(text) from error


def play(scenario: Scenario, capture: Path, *observers: Observer) -> list[list[Record]]:
    """Play a scenario while tcpdump writes what passes.

    Args:
        scenario: which.
        capture: the file to write.
        observers: who else watches.

    Returns:
        What each of them heard.

    Raises:
        MissingError: this machine cannot play it.
    """
    needs()
    about_reports = any((told["family"], told["type"]) == REPORT for told in scenario.seen)
    bpf = None if about_reports else NO_REPORTS
    with Network() as network, closing(scenario.play(network)) as playing:
        wire = next(playing)
        with ExitStack() as watching:
            heard = [watching.enter_context(observer(wire, bpf)) for observer in observers]
            watching.enter_context(recorded(wire, capture, len(scenario.seen), bpf))
            for _ in playing:
                text = f"{scenario.name} names two wires to watch"
                raise ValueError(text)
        return heard
