"""Memory while a capture goes on for long: flat but for what is told."""

from __future__ import annotations

import gc
import os
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from places import ROOT

from dissector.analysis import statistics
from dissector.analysis.exchanges import Exchanges
from dissector.capture.stream import scan

TOUR = ROOT / "pcaps" / "tour.pcapng"


@pytest.fixture
def day(monkeypatch):
    """Return the module of the benchmark whose ticks stand in for those of a network."""
    folder = str(Path(__file__).parents[1] / "benchmarks")
    monkeypatch.syspath_prepend(folder)
    import day

    return day


def memory():
    """Return the octets that are in use; what CPython keeps of small objects to use again is given up before."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def taken(day, name, seconds, folder):
    """Return the octets that Python objects and arrays take in the end, 40 packets a second."""
    with pytest.MonkeyPatch.context() as patched, Path(os.devnull).open("w", encoding="ascii") as nowhere:
        patched.setattr(day, "RATE", 40)
        patched.setattr(statistics, "PACKED", 256)
        patched.setattr(day, "memory", memory)
        patched.setattr(sys, "stdout", nowhere)
        tracemalloc.start()
        try:
            return day.listen(name, seconds, folder)[1]
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("name", ["lines", "file", "live"])
def test_memory_does_not_grow_with_time(day, name, tmp_path):
    taken(day, name, 60, tmp_path)  # what is made once
    short, long = (taken(day, name, seconds, tmp_path) for seconds in (60, 1_920))
    assert long - short < 36_000  # of 74,400 packets: a message kept would take 250 octets


def test_files_that_rotate_are_as_many_as_are_kept(day, tmp_path, monkeypatch):
    monkeypatch.setattr(day, "FILE", 8 << 10)
    taken(day, "file", 20, tmp_path)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 2
    assert files[0].stat().st_size <= 8 << 10


def test_series_beyond_the_limit_are_counted_together():
    few, all_ = Exchanges(series=5), Exchanges()
    with scan(TOUR) as batches:
        for batch in batches:
            few.update(batch)
            all_.update(batch)
    few, all_ = few.result(), all_.result()
    assert len(few.series) < len(all_.series)
    assert len(few.series) <= 5 + len(np.unique(all_.series["number"]))
    assert few.shared
    (told,) = few.warnings
    assert told.startswith(f"{few.shared} queries and answers are counted together, as between 0.0.0.0")
    assert not all_.warnings

    def counts(lines):
        return {line.pair.label: (line.sent, line.answered, line.lost, line.unasked) for line in lines}

    assert counts(few.by_kind()) == counts(all_.by_kind())
    assert [line for line in few.by_series() if line.querier == "0.0.0.0"]  # noqa: S104 - what stands for any


def test_a_state_that_is_taken_in_keeps_its_series():
    with scan(TOUR) as scanned:
        batches = list(scanned)
    few, later = Exchanges(series=5), Exchanges(begins=False)
    few.update(batches[0])
    later.update(batches[0])
    assert len(few.merge(later).result().series) >= len(later.result().series)
