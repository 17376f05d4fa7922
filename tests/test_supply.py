"""What this package brings with it: nothing runs when it is imported, and what it needs is listed, with its licence."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution

import pytest
from places import ROOT

LICENCES = ROOT / "docs" / "licences.md"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

# Imports every module, and tells what any of them did beyond reading modules, and where.
IMPORTING = """
import importlib, json, pkgutil, sys, os
import numpy, click, tabulate, lark  # what others do when they are imported is not our doing

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
DOING = ("socket.", "subprocess.", "os.", "shutil.", "tempfile.", "urllib.", "signal.", "fcntl.", "ctypes.call", "pty.")
HARMLESS = ("os.listdir", "os.scandir", "socket.gethostname")
did = []
def watch(event, given):
    if event == "open":
        if isinstance(given[2], int) and given[2] & WRITING:
            did.append(f"{event} {given[0]}")
    elif event.startswith(DOING) and event not in HARMLESS:
        did.append(f"{event} {given}")
import dissector
sys.addaudithook(watch)
count = 0
before = dict(os.environ), os.getcwd()
for module in pkgutil.walk_packages(dissector.__path__, "dissector."):
    importlib.import_module(module.name)
    count += 1
if before != (dict(os.environ), os.getcwd()):
    did.append("changed the environment")
late = [name for name in ("scapy", "duckdb", "dpkt") if name in sys.modules]
print(json.dumps([count, did, late]))
"""


def test_importing_does_nothing():
    done = subprocess.run(
        [sys.executable, "-B", "-P", "-c", IMPORTING], capture_output=True, check=True, timeout=120
    )
    count, did, late = json.loads(done.stdout)
    assert count > 100
    assert did == []
    assert late == []
    assert done.stderr == b""


def needed():
    """Return the names of what is installed with this package and its extra for SQL, and what those need in turn."""
    waiting = [
        *PYPROJECT["project"]["dependencies"],
        *PYPROJECT["project"]["optional-dependencies"]["tables"],
    ]
    found = {}
    while waiting:
        requirement = waiting.pop()
        if "extra ==" in requirement:
            if "widechars" not in requirement:
                continue
        elif ";" in requirement:
            continue  # for other systems or versions
        name = re.match(r"[\w.-]+", requirement)[0].lower()
        if name not in found:
            try:
                found[name] = distribution(name)
            except PackageNotFoundError:
                pytest.skip(f"{name} is not installed")
            if name == "tabulate" or "[" not in requirement:
                waiting += found[name].requires or ()
    return found


def listed():
    """Return the licence that the page tells of each package."""
    rows = re.findall(
        r"^\| \[([\w.-]+)\]\(\S+\) \| ([^|]+) \|", LICENCES.read_text(encoding="utf-8"), re.MULTILINE
    )
    return {name.lower(): licence.strip() for name, licence in rows}


def test_each_package_that_is_needed_is_listed_with_its_licence():
    found, told = needed(), listed()
    assert set(told) == set(found)
    for name, package in found.items():
        metadata = package.metadata
        said = " ".join(
            [metadata.get("License-Expression") or "", (metadata.get("License") or "")[:200]]
            + [line for line in metadata.get_all("Classifier") or () if line.startswith("License")]
        )
        family = re.match(r"\w+", told[name])[0]
        assert re.search(family, said, re.IGNORECASE), (name, told[name], said)


def test_each_requirement_has_a_lower_bound():
    project = PYPROJECT["project"]
    groups = [PYPROJECT["build-system"]["requires"], project["dependencies"]]
    groups += [project["optional-dependencies"][extra] for extra in ("tables", "test")]
    for requirement in (requirement for group in groups for requirement in group):
        assert re.fullmatch(r"[\w.-]+(\[\w+\])?>=[\w.]+(,!=[\w.]+)?|dissector\[\w+\]", requirement), (
            requirement
        )
