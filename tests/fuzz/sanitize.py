"""Run every kernel over captures, mutants of them and the fuzzers' seeds; for a build that watches memory.

``.ci/sanitize`` makes that build and starts this. It says in the end how much was run; an error of a sanitizer has
ended it before.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from places import CAPTURES, ROOT

from dissector import kernel
from dissector.batch import Origin
from dissector.capture.links import LINKS
from dissector.capture.records import Block, Interface, Records
from dissector.capture.scanner import Scanner
from fuzz import mutate, pipeline, rings

SECONDS, LARGEST, PACKETS, RINGS = 45.0, 20_000, 100, 2_000
SEEDS = Path(__file__).parent / "seeds" / "containers"


class Counted(pipeline.Exact):
    """A kernel that counts how often its functions are called."""

    calls: ClassVar[Counter[str]] = Counter()

    def __getattr__(self, name: str) -> Any:
        self.calls[f"{self.module.__name__.rpartition('.')[2]}.{name}"] += callable(
            getattr(self.module, name)
        )
        return super().__getattr__(name)


def inputs(largest: int) -> list[tuple[str, bytes]]:
    """Return captures and seeds of so many octets at most, the short ones first."""
    files = [
        file
        for folder in (CAPTURES, ROOT / "pcaps", SEEDS)
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.suffix not in {".py", ".md"}
    ]
    found = [(file.name, file.read_bytes()) for file in files if file.stat().st_size <= largest]
    return sorted(found, key=lambda one: len(one[1]))


class AllLinks:
    """Scans octets as a packet of each link type."""

    def __init__(self) -> None:
        origin = Origin("-", "packet", [Interface(number) for number in LINKS])
        self.scanner = Scanner(origin, probes=255)
        self.packets = 0

    def scan(self, octets: bytes) -> None:
        """Scan octets in a buffer of just their size."""
        records = Records(1)
        records.captured[0] = records.original[0] = len(octets)
        for index in range(len(LINKS)):
            records.interface[0] = index
            exact = np.frombuffer(octets, np.uint8).copy().data
            for _batch in self.scanner.scan(Block(exact, records, 1, 1, 0)):
                pass
            self.packets += 1


def main() -> None:
    """Run until everything has been run, or the time is over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help="stop after so long (default: %(default)s)"
    )
    parser.add_argument(
        "--mutants", type=int, default=1, help="mutants of each capture (default: %(default)s)"
    )
    parser.add_argument(
        "--largest", type=int, default=LARGEST, help="octets of a capture (default: %(default)s)"
    )
    parser.add_argument(
        "--long", action="store_true", help="fifty mutants of captures of any size, without end"
    )
    asked = parser.parse_args()
    if kernel.BACKEND != "compiled":
        parser.error("the kernels are not compiled")
    if asked.long:
        asked.mutants, asked.seconds, asked.largest = 50, float("inf"), 1 << 30
    began, tried = time.monotonic(), 0
    writers, links, found = pipeline.Writers(), AllLinks(), inputs(asked.largest)
    with pipeline.using({name: Counted(one.module, one.ends) for name, one in pipeline.compiled().items()}):
        for seed in range(RINGS):
            rings.told(kernel.walk, seed)
        # Captures as they are, then a mutant of each, and so on: where time is short, each has been seen.
        for number, (name, octets) in product(range(-1, asked.mutants), found):
            if time.monotonic() - began > asked.seconds:
                break
            links.scan(octets[-random.Random(f"{name} {number}").randrange(1, 256) :])
            for each, made in mutate.mutants(name, octets, number, 1) if number >= 0 else [(name, octets)]:
                pipeline.told(each, made, writers)
                whole, single = pipeline.alone(each, made, PACKETS)
                if whole != single:
                    parser.exit(1, f"{each}: a packet alone is read as another one\n")
                tried += 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    of, seconds = len(found) * (1 + asked.mutants), time.monotonic() - began
    print(f"{tried} of {of} captures and mutants, {RINGS} rings, {links.packets} packets of all link types")
    print(f"{seconds:.0f} s, at most {peak} MiB")
    print(", ".join(f"{name}: {count}" for name, count in sorted(Counted.calls.items()) if count))


if __name__ == "__main__":
    main()
