"""Small batches put together: nothing is lost, changed or out of order, and memory has a bound."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

import dissector
from dissector.batch import DTYPES, PROBE, Batch, Origin
from dissector.capture import gathering, window
from dissector.capture.gathering import Gathering, gathered
from dissector.cli import cli


@pytest.fixture(scope="module")
def tour(pcaps):
    return Batch.join(dissector.scan(pcaps / "tour.pcapng"))


def pieces(batch: Batch, size: int) -> list[Batch]:
    return [batch[start : start + size] for start in range(0, len(batch), size)]


def frames(batch: Batch) -> list[bytes]:
    return [batch.frame_octets(row) for row in range(len(batch))]


@pytest.mark.parametrize("size", [1, 7, 100])
@pytest.mark.parametrize("enough", [1, 50, 1 << 13])
def test_messages_are_the_same_in_the_same_order(tour, monkeypatch, size, enough):
    monkeypatch.setattr(gathering, "ENOUGH", enough)
    found = list(gathered(pieces(tour, size)))
    assert all(len(batch) >= enough for batch in found[:-1])
    assert len(found) <= len(tour) // enough + 1
    assert [one for batch in found for one in frames(batch)] == frames(tour)
    for name in set(DTYPES) - {"frame_start", "frame_end", "ip", "icmp"}:
        column = np.concatenate([getattr(batch, name) for batch in found])
        assert (column == getattr(tour, name)).all(), name
    messages = [batch.message_octets(row) for batch in found for row in range(len(batch))]
    assert messages == [tour.message_octets(row) for row in range(len(tour))]


def test_what_waits_is_a_copy(tour):
    passing = tour.take(np.arange(len(tour)))
    waiting = Gathering()
    assert not list(waiting.put(passing[:5]))
    passing.octets[:] = 0
    passing.type[:] = 99
    (found,) = waiting.rest()
    assert frames(found) == frames(tour[:5])
    assert found.type.tolist() == tour.type[:5].tolist()
    assert not list(waiting.rest())


def test_a_large_batch_passes_as_it_is_behind_what_has_waited(tour, monkeypatch):
    monkeypatch.setattr(gathering, "ENOUGH", 20)
    small, large = tour[:3], tour[3:]
    waiting = Gathering()
    assert not list(waiting.put(small))
    before, same = waiting.put(large)
    assert before.frame.tolist() == small.frame.tolist()
    assert same is large


def test_files_are_kept_apart(pcaps):
    one, other = (Batch.join(dissector.scan(pcaps / "tour.pcapng")) for _ in range(2))
    found = list(gathered([one[:3], one[3:9], other[:4], other[4:5]]))
    assert [len(batch) for batch in found] == [9, 5]
    assert [batch.paths for batch in found] == [one.paths, other.paths]


def test_octets_have_a_bound(tour, monkeypatch):
    most = max(map(len, frames(tour)))
    monkeypatch.setattr(gathering, "OCTETS", 2000)
    found = list(gathered(pieces(tour, 1)))
    assert len(found) > 1
    assert max(len(batch.octets) for batch in found) < 2000 + most


def test_empty_batches_are_none(tour):
    assert not list(gathered([tour[:0], tour[:0]]))


@pytest.mark.parametrize("words", [(), ("-Y", "icmp.type == 3 or icmp.type == 8")], ids=["all", "filter"])
@pytest.mark.parametrize("enough", [1, 30])
def test_a_summary_does_not_depend_on_it(pcaps, monkeypatch, words, enough):
    captures = [str(pcaps / "findings.pcapng"), str(pcaps / "tour.pcapng")]
    monkeypatch.setattr(window, "SIZE", 512)
    shown = []
    for least in (enough, 1 << 13):
        monkeypatch.setattr(gathering, "ENOUGH", least)
        done = CliRunner().invoke(cli, ["summary", "--json", *words, *captures])
        assert done.exit_code in {0, 1}, done.output
        shown.append(done.stdout)
    assert shown[0] == shown[1]


def test_probes_wait_with_their_messages_and_without(monkeypatch):
    probes = np.zeros(9, PROBE)
    probes["frame"] = np.arange(9) + 1
    paths, waiting = [()], Gathering()
    batches = [Batch.empty(Origin("x", "pcap", []), paths, probes[at : at + 3]) for at in range(0, 9, 3)]
    assert not [found for batch in batches for found in waiting.put(batch)]
    (found,) = waiting.rest()
    assert found.probes["frame"].tolist() == list(range(1, 10))
    monkeypatch.setattr(gathering, "OCTETS", 4 * probes.itemsize)
    found = [len(batch.probes) for one in batches for batch in waiting.put(one)]
    assert found == [6]
