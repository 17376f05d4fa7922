"""The benchmarks run, on small captures; how fast is not asserted."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).parents[1] / "benchmarks" / "run.py"


def test_every_row_is_measured(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    done = subprocess.run(
        [sys.executable, RUN, tmp_path, "--scale", "0.05", "--repeat", "1", "--write", page],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = done.stdout.splitlines()
    assert len(rows) >= 20
    assert all(len(row.split(" | ")) == 7 for row in rows)
    text = page.read_text(encoding="utf-8")
    assert all(row.split(" | ")[0] in text for row in rows)
    assert {path.stem for path in tmp_path.glob("0.05/*")} >= {"icmp", "mixed", "hosts", "pcapng", "cooked"}


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("tcpdump"),
    reason="network namespaces take Linux and root, and tcpdump is what is compared with",
)
def test_every_live_row_is_measured(tmp_path: Path) -> None:
    page = tmp_path / "performance-live.md"
    done = subprocess.run(
        [sys.executable, RUN.with_name("live.py"), "--scale", "0.001", "--repeat", "1", "--write", page],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if "Operation not permitted" in done.stderr:
        pytest.skip("namespaces cannot be made here")
    assert done.returncode == 0, done.stderr
    rows = done.stdout.splitlines()
    assert len(rows) >= 10
    assert all(len(row.split(" | ")) == 7 for row in rows)
    text = page.read_text(encoding="utf-8")
    assert all(row.split(" | ")[0] in text for row in rows)
