"""The command ``ping`` while it runs, and how it ends."""

from __future__ import annotations

import json
import signal
import time

import pytest

from dissector.cli.endings import ENDINGS


def test_probes_under_way_are_not_lost_in_tables_in_between(net, responder):
    responder("if message[7] == 1: send(icmp(0, 0, message[4:]))")
    process = net.start("--forever", "-i", "50ms", "--summary-every", "200ms", "--json", "-w", "1m", net.HOST)
    summaries = []
    for line in process.stdout:
        record = json.loads(line)
        if record["event"] == "summary":
            summaries.append((record["sent"], record["received"], record["waiting"], record["lost"]))
        if len(summaries) == 2:
            break
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    last = json.loads(out.splitlines()[-1])
    summaries.append((last["sent"], last["received"], last["waiting"], last["lost"]))
    assert summaries == [(sent, 1, sent - 1, 0) for sent, *_ in summaries]
    assert summaries[0][0] > 2


def test_no_wait_is_too_long_for_the_system(net):
    process = net.start("-n", "2", "-i", f"{10**17}h", "-w", f"{10**17}h", "--rate", "1e-300", net.HOST)
    assert f"from {net.HOST}" in process.stdout.readline()
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert "Round-trip times" in out


def test_ctrl_c_prints_the_table(net):
    process = net.start("--forever", "-i", "50ms", net.HOST)
    for _ in range(3):
        process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert "Round-trip times, ms" in out
    assert "Traceback" not in err


def test_a_signal_shows_the_tables_in_between(net):
    process = net.start("--forever", "-i", "50ms", "-q", "--summary-every", "200ms", net.HOST)
    text = ""
    while text.count("Probes") < 2:
        text += process.stdout.readline()
    process.send_signal(signal.SIGUSR1)
    while text.count("Probes") < 3:
        text += process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_who_asks_before_it_sends_is_answered_then(monkeypatch):
    asked = []
    monkeypatch.setattr(ENDINGS, "asked", True)
    with ENDINGS.answered(lambda: asked.append("summary")):
        assert asked == ["summary"]


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_that_comes_twice_is_one(net, name):
    process = net.start("--forever", "-i", "50ms", net.HOST)
    process.stdout.readline()
    # As timeout(1) does, which sends it to the program and to its group; now with some time in between.
    process.send_signal(getattr(signal, name))
    time.sleep(0.01)
    process.send_signal(getattr(signal, name))
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert "Round-trip times, ms" in out


def test_a_log_survives_being_killed(net, tmp_path):
    log = tmp_path / "log.jsonl"
    process = net.start("--forever", "-i", "10ms", "--log", log, net.HOST)
    for _ in range(20):
        process.stdout.readline()
    process.kill()
    process.communicate()
    records = [json.loads(line) for line in log.read_text().splitlines()]
    assert len(records) >= 19
    assert [record["probe"] for record in records] == list(range(1, len(records) + 1))


def test_every_target_that_is_silent_makes_the_exit_code_one(net):
    assert net.ping("-n", "1", "-w", "200ms", net.HOST, "10.71.2.99").code == 1
    assert net.ping("-n", "1", net.HOST, net.HOST6).code == 0


def test_a_name_that_does_not_resolve_makes_it_two(net):
    run = net.ping("-n", "1", "no.such.name.invalid", net.HOST)
    assert run.code == 2
    assert "no.such.name.invalid did not resolve" in run.err
    assert f"from {net.HOST}" in run.out
