"""The documentation is true: its examples print what they say, its reference is what the registry says."""

from __future__ import annotations

import doctest
import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def program(name: str):
    """Import a program of the documentation."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


EXAMPLES = program("examples")
CONSOLE = [
    pytest.param(example, id=f"{page.relative_to(ROOT)}: {example.command}")
    for page in EXAMPLES.PAGES
    for block in EXAMPLES.BLOCK.findall(page.read_text(encoding="utf-8"))
    for example in EXAMPLES.examples(block)
]


@pytest.mark.parametrize("example", CONSOLE)
def test_an_example_prints_what_its_page_says(example):
    assert EXAMPLES.run(example.command) == example.printed


def test_there_are_examples():
    assert len(CONSOLE) > 10


def test_the_reference_is_what_the_registry_says():
    generate = program("generate")
    for name, text in generate.pages().items():
        assert (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8") == text, name


def test_the_examples_in_python_are_true(monkeypatch):
    monkeypatch.chdir(ROOT)
    result = doctest.testfile(
        str(ROOT / "docs" / "python.md"), module_relative=False, optionflags=doctest.ELLIPSIS
    )
    assert result.attempted > 20
    assert not result.failed


def test_links_between_pages_lead_somewhere():
    for page in ROOT.glob("**/*.md"):
        if any(part.startswith(".") or part == "build" for part in page.relative_to(ROOT).parts):
            continue
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"
