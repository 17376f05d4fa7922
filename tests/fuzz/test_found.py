"""What fuzzing found, and every seed, by each back end: both make the same of it, and nothing is broken."""

from __future__ import annotations

import pytest

from dissector import kernel
from fuzz import pipeline, run

BACKENDS = [pipeline.interpreted()] + ([pipeline.compiled()] if kernel.BACKEND == "compiled" else [])

FOUND = {
    "filters": [
        # A part of a frame was looked for in what the messages quote as well, which is in no frame of its own.
        b"\0frame[0:2] == 08:00",
        # An octet that is no text, within a string.
        b'\0icmp.data == "\xff"',
        b"\0icmp.data contains '\xed\xa0\x80'",
    ],
}


@pytest.mark.parametrize("name", run.HARNESSES)
def test_found_and_seeds(name):
    if name == "queries":
        pytest.importorskip("duckdb")
    seeds = [file.read_bytes() for file in sorted((run.SEEDS / name).iterdir())]
    assert seeds
    made = []
    for kernels in BACKENDS:
        with pipeline.using(kernels):
            harness = run.HARNESSES[name].make()
            made.append([harness(octets) for octets in FOUND.get(name, []) + seeds])
    # What took too long, on a busy machine, is nothing; it is not compared.
    assert all(one == other for one, other in zip(made[0], made[-1], strict=True) if None not in (one, other))
