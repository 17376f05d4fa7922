"""What several tests need: the sample captures, the shared captures where they are, the command line."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from places import CAPTURES, ROOT, SHARED

if TYPE_CHECKING:
    from collections.abc import Iterator

# How long an example takes depends on what else the machine does.
settings.register_profile("untimed", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that begins the tests in the background has Ctrl-C ignored, and so would have what the tests begin.
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Run(NamedTuple):
    """What a run of the command line left."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real captures."""
    if not CAPTURES.is_dir():
        pytest.skip("the shared captures are not beside this checkout (DISSECTOR_SHARED says where they are)")
    return SHARED


@pytest.fixture(scope="session")
def pcaps() -> Path:
    """Return the folder of sample captures."""
    return ROOT / "pcaps"


@pytest.fixture(scope="session")
def dissector():
    """Return a function that runs the installed command line in a process of its own."""

    def run(*arguments: str | Path, stdin: bytes = b"", env: dict[str, str] | None = None) -> Run:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "dissector", *map(str, arguments)],
            input=stdin,
            capture_output=True,
            env=env,
            timeout=120,
            check=False,
        )
        return Run(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture
def small_disk():
    """Return what mounts a disk of so many octets at a folder; it skips the test where that is not allowed."""

    @contextmanager
    def mounted(folder: Path, size: int) -> Iterator[None]:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder],  # noqa: S607 - the shell's path finds it
            capture_output=True,
            check=False,
        )
        if done.returncode:
            pytest.skip("mounting a small tmpfs takes root")
        try:
            yield
        finally:
            subprocess.run(["umount", "-l", folder], check=True)  # noqa: S607 - the shell's path finds it

    return mounted
