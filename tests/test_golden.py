"""The output of commands is what it was; see `golden/cases.py`."""

from __future__ import annotations

import pytest
from golden.cases import CASES, FOLDER, output


@pytest.mark.parametrize("name", CASES)
def test_output_is_as_it_was(name):
    expected = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    assert output(CASES[name]) == expected


def test_every_golden_output_has_a_case():
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(CASES)
