"""Who else watches a wire: the library's live capture, and the command ``sniff``."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from dissector.message import messages
from dissector.present.jsonlines import record
from testbed.nodes import MissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from testbed.model import Record
    from testbed.nodes import Port, Wire

    Observer = Callable[[Port | Wire, str | None], AbstractContextManager[list[Record]]]

ROOT = Path(__file__).parents[2]
PATIENCE, STEP = 10.0, 0.02
"""Seconds: for a program to begin and to end, and between two looks."""
OWN = frozenset({"file", "frame", "interface", "link", "path", "time", "time_ns", "response_to", "rtt_ns"})
"""What may differ between two captures of one wire: they count frames, and ``any`` has a link type of its own."""
MILLISECOND = 1_000_000
RUNNING = 5
"""The column of /proc/net/packet that says whether packets come (net/packet/af_packet.c)."""


@contextmanager
def library(wire: Port | Wire, bpf: str | None) -> Iterator[list[Record]]:
    """Watch a wire with :func:`dissector.capture.live.open_live`.

    Args:
        wire: where.
        bpf: a filter, as tcpdump has it.

    Yields:
        What JSON says of each message; complete at the end.

    Raises:
        MissingError: the package has no live capture.
    """
    if find_spec("dissector.capture.live") is None:
        text = "the package has no live capture"
        raise MissingError(text)
    from dissector.capture.live import open_live

    heard: list[Record] = []

    def listen() -> None:
        for tick in live.ticks():
            for batch in tick.batches:
                heard.extend(json.loads(json.dumps(record(message))) for message in messages(batch))

    with wire.host.namespace.entered():
        live = open_live([wire.name], bpf=bpf)
    with live:
        listener = Thread(target=listen)
        listener.start()
        try:
            yield heard
        finally:
            live.stop()
            listener.join(PATIENCE)


@contextmanager
def sniff(wire: Port | Wire, bpf: str | None) -> Iterator[list[Record]]:
    """Watch a wire with ``dissector sniff --json``; as :func:`library`."""
    if find_spec("dissector.cli.sniff") is None:
        text = "the package has no command sniff"
        raise MissingError(text)
    command = [sys.executable, "-P", "-m", "dissector", "sniff", "-i", wire.name, "--json", "-q"]
    command += ["-a", f"duration:{PATIENCE:.0f}", "-f", bpf or "ip or ip6"]
    heard: list[Record] = []
    before = listening(wire)
    with wire.host.start(*command) as process:
        try:
            deadline = time.monotonic() + PATIENCE
            while listening(wire) == before and process.poll() is None and time.monotonic() < deadline:
                time.sleep(STEP)
            yield heard
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        finally:
            process.terminate()
    assert not err, err.decode()
    heard += map(json.loads, out.splitlines())


def listening(wire: Port | Wire) -> int:
    """Return how many packet sockets of a host are bound; one more says that a program has begun to listen."""
    with wire.host.namespace.entered():
        rows = Path("/proc/thread-self/net/packet").read_text().splitlines()[1:]
    return sum(row.split()[RUNNING] == "1" for row in rows)


def content(message: Record) -> str:
    """Return what two captures of a message have in common."""
    return json.dumps({key: value for key, value in message.items() if key not in OWN}, sort_keys=True)


def unlike(heard: list[Record], read: list[Record], *, any_order: bool = False) -> Iterator[str]:
    """Yield how what was heard on a wire differs from what tcpdump wrote there at the same time.

    Args:
        heard: by us.
        read: what tcpdump wrote.
        any_order: timers of several processors sent them, whose packets two sockets may see in another order.
    """
    if any_order:
        heard, read = sorted(heard, key=content), sorted(read, key=content)
    if len(heard) != len(read):
        yield f"{len(heard)} messages heard, {len(read)} written"
    for ours, theirs in zip(heard, read, strict=False):
        name = f"frame {theirs['frame']}"
        for key in theirs.keys() - OWN:
            if ours[key] != theirs[key]:
                yield f"{name}: {key} is {ours[key]!r} live, {theirs[key]!r} written"
        if abs(ours["time_ns"] - theirs["time_ns"]) > MILLISECOND:
            yield f"{name}: its time is {ours['time_ns']} live, {theirs['time_ns']} written"
