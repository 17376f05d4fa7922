"""Batches that pass: what the command line makes of one keeps nothing of its memory, which the next one fills again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner

import dissector
from dissector.batch import DTYPES
from dissector.capture import window
from dissector.cli import cli
from dissector.cli.questions import Style, answers, parts

if TYPE_CHECKING:
    from pathlib import Path

CAPTURES = ("tour.pcapng", "findings.pcapng", "hostile.pcap", "testbed/mtu-discovery.pcap")
SMALL = 512
"""Octets of a window; each capture has many then, and few otherwise."""


@pytest.mark.parametrize("name", CAPTURES)
def test_states_keep_nothing_of_a_batch(pcaps: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(window, "SIZE", SMALL)
    found = []
    for spoiled in (False, True):
        questions = parts()
        with dissector.scan(pcaps / name) as batches:
            for batch in batches:
                for question in questions:
                    question.state.update(batch)
                if spoiled:
                    batch.octets[:] = 0x5A
                    for column in DTYPES:
                        getattr(batch, column).view(np.uint8)[:] = 0x33
        found.append(
            [answer.texts for answer in answers(questions, Style("simple", narrow=False, as_json=True))]
        )
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "words",
    [
        ("read",),
        ("read", "--json"),
        ("read", "-v"),
        ("read", "-x"),
        ("read", "-t", "d"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("name", CAPTURES)
def test_what_is_shown_does_not_depend_on_how_much_is_read_at_once(
    pcaps: Path, monkeypatch: pytest.MonkeyPatch, name: str, words: tuple[str, ...]
) -> None:
    def shown() -> str:
        done = CliRunner().invoke(cli, [*words, str(pcaps / name)])
        assert done.exit_code == 0
        return done.stdout

    whole = shown()
    monkeypatch.setattr(window, "SIZE", SMALL)
    assert shown() == whole
    assert whole
