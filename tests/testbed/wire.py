"""A wire that is watched: what tcpdump writes of it."""

from __future__ import annotations

import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dissector

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from testbed.nodes import Port, Wire

PACKETS = "1000"
"""More are not written."""
OCTETS = "2048"
"""Room for a packet; tcpdump's buffer has few places for longer ones, and a burst would not fit."""
LIFETIME = "30"
"""Seconds after which tcpdump is stopped, should nobody do so."""
PATIENCE, SETTLING, STEP = 5.0, 0.15, 0.03
"""Seconds: for the messages to come, for those to come that should not, and between two looks."""


@contextmanager
def recorded(wire: Port | Wire, capture: Path, messages: int, bpf: str | None) -> Iterator[None]:
    """Have tcpdump write what passes, until so many ICMP messages have.

    Args:
        wire: where.
        capture: the file to write.
        messages: how many are awaited; not for ever.
        bpf: only packets for which this is true.

    Raises:
        RuntimeError: tcpdump failed.
    """
    command = ["tcpdump", "-i", wire.name, "-c", PACKETS, "-w", str(capture), "-U", "--immediate-mode"]
    command += ["-s", OCTETS, "--time-stamp-precision", "nano", "-Z", "root", *([bpf] if bpf else [])]
    with wire.host.start("timeout", "--preserve-status", LIFETIME, *command) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if b"listening on" in line:
                    break
            else:
                text = f"tcpdump ended at once: {process.wait()}"
                raise RuntimeError(text)
            yield
            deadline = time.monotonic() + PATIENCE
            while count(capture) < messages and time.monotonic() < deadline:
                time.sleep(STEP)
            time.sleep(SETTLING)
        finally:
            process.terminate()
            try:
                _, told = process.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
    if b"\n0 packets dropped by kernel" not in told:
        text = f"tcpdump lost something: {told.decode()}"
        raise RuntimeError(text)


def count(capture: Path) -> int:
    """Return how many ICMP messages there are so far."""
    return (
        sum(len(batch) for batch in dissector.scan(capture))
        if capture.exists() and capture.stat().st_size
        else 0
    )
