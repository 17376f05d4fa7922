"""The captures of real kernels, read again: the same is expected of them as when they were made."""

from __future__ import annotations

import shutil

import pytest
from places import ROOT
from testbed import judge
from testbed.model import Scenario
from testbed.observers import MILLISECOND, unlike
from testbed.page import page
from testbed.scenarios import SCENARIOS

FOLDER = ROOT / "pcaps" / "testbed"
OCTETS = 20_000
"""None is larger."""
every = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)


@every
def test_a_capture_says_what_its_scenario_says(scenario: Scenario):
    assert judge.wrong(scenario, FOLDER / f"{scenario.name}.pcap") == []


@every
def test_tshark_agrees(scenario: Scenario):
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    capture = FOLDER / f"{scenario.name}.pcap"
    assert judge.kinds(judge.records(capture)) == judge.kinds_by_tshark(capture)


def test_there_is_a_small_capture_for_each_scenario_and_no_other():
    sizes = {path.stem: path.stat().st_size for path in FOLDER.glob("*.pcap")}
    assert sizes.keys() == SCENARIOS.keys()
    assert max(sizes.values()) < OCTETS


def test_the_page_is_current():
    assert (FOLDER / "README.md").read_text() == page(FOLDER), "run python -m testbed in tests/"


def test_no_security_finding_but_where_somebody_asks_for_masks():
    for scenario in SCENARIOS.values():
        found = judge.summary(FOLDER / f"{scenario.name}.pcap")["findings"]["findings"]
        alarms = {finding["id"] for finding in found if finding["area"] == "security"}
        assert alarms == ({"recon-mask"} if scenario.name == "mask-unanswered" else set()), scenario.name


def test_a_message_too_few_or_too_many_or_another_is_told():
    scenario = SCENARIOS["echoes"]
    messages = judge.records(FOLDER / "echoes.pcap")
    assert list(judge.differing(scenario, messages)) == []
    assert [text[:9] for text in judge.differing(scenario, messages[:-1])] == ["message 8"]
    assert [text[:18] for text in judge.differing(scenario, [*messages, messages[0]])] == [
        "a message too many"
    ]
    odd = [{**messages[0], "src": "10.9.9.9"}, *messages[1:]]
    assert list(judge.differing(scenario, odd)) == ["message 1.src is '10.9.9.9', not '10.1.0.1'"]
    echo = SCENARIOS["unreachable-by-host"]
    assert any("no finding" in text for text in judge.wrong(echo, FOLDER / "echoes.pcap"))


def test_what_was_heard_otherwise_than_written_is_told():
    written = judge.records(FOLDER / "echoes.pcap")
    assert list(unlike(written, written)) == []
    assert list(unlike(written[1:], written[1:] + written[:1])) == ["7 messages heard, 8 written"]
    turned = [written[1], written[0], *written[2:]]
    assert list(unlike(turned, written))
    assert list(unlike(turned, written, any_order=True)) == []
    late = [{**written[0], "time_ns": written[0]["time_ns"] + MILLISECOND + 1}]
    assert [text[:17] for text in unlike(late, written[:1])] == ["frame 1: its time"]
    other = [{**written[0], "ttl": 63}]
    assert list(unlike(other, written[:1])) == ["frame 1: ttl is 63 live, 64 written"]
