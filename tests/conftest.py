"""What several tests need: the sample captures, the shared captures where they are, the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]


class Run(NamedTuple):
    """What a run of the command line left."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of facts and real captures beside the project."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the shared facts and captures are not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def pcaps() -> Path:
    """Return the folder of sample captures."""
    return ROOT / "pcaps"


@pytest.fixture(scope="session")
def dissector():
    """Return a function that runs the installed command line in a process of its own."""

    def run(*arguments: str | Path, stdin: bytes = b"", env: dict[str, str] | None = None) -> Run:
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-P", "-m", "dissector", *map(str, arguments)],
            input=stdin,
            capture_output=True,
            env=env,
            timeout=120,
            check=False,
        )
        return Run(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run
