"""The commands that the pages about probing show."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest
from places import ROOT


def commands():
    """Return every command line that the pages about probing show."""
    found = {}
    for page in ("ping.md", "source-programs.md"):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        shell = "\n".join(re.findall(r"(?<=^```sh\n).*?(?=^```$)", text, re.DOTALL | re.MULTILINE))
        found |= dict.fromkeys(re.findall(r"`(dissector ping [^`]*)`", text) + shell.splitlines())
    return [line for line in found if line]


@pytest.fixture
def example(everybody):
    """Let the host be all the addresses of the pages."""
    net = everybody
    for role, where in (("r", ["via", net.HOST]), ("a", ["dev", "lo"])):
        local = ["local"] if role == "a" else []
        net.ip(role, "route", "replace", *local, "192.0.2.0/24", *where)
        six = ["via", net.HOST6] if role == "r" else where
        net.ip(role, "-6", "route", "replace", *local, "2001:db8::/64", *six)
    return net


@pytest.mark.parametrize("line", commands())
def test_a_command_of_the_pages_does_what_they_say(example, tmp_path, line):
    (tmp_path / "targets.txt").write_text("192.0.2.1\n192.0.2.2\n")
    program = f"{shlex.quote(sys.executable)} -P -m dissector ping"
    if "--forever" in line:
        program = f"timeout --preserve-status -s INT 3 {program}"
    words = example.inside("p", "bash", "-c", line.replace("dissector ping", program))
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " from " in done.stdout or '"reply"' in done.stdout
