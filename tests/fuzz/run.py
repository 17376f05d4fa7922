"""Fuzzing guided by coverage: atheris (libFuzzer) makes octets, harnesses see what becomes of them.

  run.py                      all harnesses, one after another, from the saved seeds, for two minutes
  run.py NAME... --seconds S --slice S --corpus FOLDER
                              these, in turns, for longer; what is found is kept, and so is the count
  run.py --one NAME [FILE | OPTION...]
                              one, in this process: again with the input of a crash, or with options of libFuzzer's
  run.py --mutants NAME...    mutants of seeds and kept inputs, many and fast, by the kernels that are installed
  run.py --again NAME...      each seed and kept input by both back ends, which make the same of it
  run.py --minimise NAME...   replace the seeds by the fewest kept inputs that reach as much

Kernels are interpreted, so that their branches are seen; --again needs compiled ones as well.
"""

from __future__ import annotations

import argparse
import re
import resource
import subprocess
import sys
import time
from hashlib import sha256
from importlib import import_module
from itertools import count, cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from traceback import print_exc
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).resolve().parent
ROOT, SEEDS = HERE.parents[1], HERE / "seeds"
SECONDS, TIMEOUT, MEMORY, SEED_LARGEST = 120, 20, 2048, 320
"""Of a run; of one input; MiB of a process; octets of a seed."""
START = 4
"""Seconds that a harness takes to start, about."""
AT_ONCE = 10
"""Mutants of an input before the next one's: one of each kind."""


class Harness(NamedTuple):
    """A harness and its limits.

    Attributes:
        module, kind: where it is.
        largest: octets of an input, at most.
    """

    module: str
    kind: str
    largest: int

    def make(self) -> Callable[[bytes], object]:
        """Return it, ready."""
        kind: Callable[[], Callable[[bytes], object]] = getattr(
            import_module(f"fuzz.{self.module}"), self.kind
        )
        return kind()


HARNESSES = {
    "messages": Harness("harness_messages", "Messages", 1024),
    "tails": Harness("harness_messages", "Tails", 512),
    "extensions": Harness("harness_messages", "Structures", 512),
    "quotes": Harness("harness_messages", "Quotes", 512),
    "containers": Harness("harness_captures", "Containers", 4096),
    "packets": Harness("harness_captures", "Packets", 512),
    "fragments": Harness("harness_captures", "Fragments", 320),
    "conversations": Harness("harness_captures", "Conversations", 512),
    "rings": Harness("harness_captures", "Rings", 1024),
    "filters": Harness("harness_languages", "Filters", 256),
    "queries": Harness("harness_languages", "Queries", 256),
}


# --- one harness, in this process ------------------------------------------------------------------------------------


def one(name: str, options: list[str]) -> None:
    """Fuzz; never returns."""
    import atheris

    # Also what is imported later, while it runs.
    with atheris.instrument_imports(include=["dissector"], enable_loader_override=False):
        from dissector import kernel

        if kernel.BACKEND != "interpreted":
            sys.exit("the kernels are compiled: nothing is seen of their branches")
        harness = HARNESSES[name].make()

        def test(octets: bytes) -> None:
            harness(octets)

        # libFuzzer starts itself again by its first argument, for --minimise.
        itself = f"{sys.executable} -P {Path(__file__).resolve()} --one {name}"
        atheris.Setup([itself, f"-max_len={HARNESSES[name].largest}", *options], test)
        atheris.Fuzz()


# --- all harnesses, each in a process --------------------------------------------------------------------------------


class Turn(NamedTuple):
    """What came of a turn of a harness."""

    executions: int
    seconds: float
    covered: int
    inputs: int
    memory: int
    slowest: int
    code: int


def number(pattern: str, text: str) -> int:
    """Return the last number that stands behind some words, 0 for none."""
    return int((re.findall(pattern + r"\s*(\d+)", text) or [0])[-1])


def turn(name: str, seconds: int, folder: Path, seed: int) -> Turn:
    """Fuzz for some time; crashes, and what was said of them, are left in the folder."""
    corpus = folder / name
    corpus.mkdir(parents=True, exist_ok=True)
    options = [
        f"-max_total_time={seconds}", f"-timeout={TIMEOUT}", f"-rss_limit_mb={MEMORY}", "-print_final_stats=1",
        f"-artifact_prefix={folder}/{name}-", f"-seed={seed}", str(corpus), str(SEEDS / name),
    ]  # fmt: skip
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-P", __file__, "--one", name, *options],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    told = done.stdout + done.stderr
    if done.returncode:
        (folder / f"{name}-{time.time():.0f}.log").write_text(told, encoding="utf-8")
        kept = [
            line for line in told.splitlines() if not line.startswith(("INFO: Instrumenting", "#", "stat::"))
        ]
        print("\n".join(kept[-40:]), flush=True)
    return Turn(
        number("stat::number_of_executed_units:", told) or number(r"(?m)^#", told),
        time.monotonic() - began,
        number(r"cov:", told),
        sum(1 for _ in corpus.iterdir()),
        number("stat::peak_rss_mb:", told),
        number("stat::slowest_unit_time_sec:", told),
        done.returncode,
    )


def blind_turn(name: str, seconds: int, folder: Path, seed: int) -> Turn:
    """Try mutants of what is kept, without looking at branches, for some time; what fails is left in the folder."""
    import signal

    from fuzz import mutate

    def hung(*_: object) -> None:
        sentence = f"longer than {TIMEOUT} s"
        raise TimeoutError(sentence)

    signal.signal(signal.SIGALRM, hung)
    harness, largest = HARNESSES[name].make(), HARNESSES[name].largest
    kept = [file.read_bytes() for file in inputs(name, folder)]
    began, executions, failed, longest = time.monotonic(), 0, 0, 0.0
    for round_ in count(seed):
        for place, octets in enumerate(kept):
            began_one = time.monotonic()
            if began_one - began > seconds:
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
                spent = began_one - began
                return Turn(executions, spent, 0, len(kept), peak, int(longest), failed)
            for kind, mutant in mutate.mutants(f"{name} {place}", octets, round_ * AT_ONCE, AT_ONCE):
                signal.alarm(TIMEOUT)
                try:
                    harness(mutant[:largest])
                except Exception:  # noqa: BLE001 - that nothing is raised is what is tested
                    failed += 1
                    print(f"{kind}: {mutant[:largest].hex()}")
                    print_exc()
                    (folder / f"{name}-crash-{sha256(mutant).hexdigest()[:12]}").write_bytes(mutant[:largest])
                signal.alarm(0)
                executions += 1
            longest = max(longest, time.monotonic() - began_one)
    raise AssertionError


def shares(names: list[str], seconds: int, each: int | None, start: int) -> Iterator[tuple[str, int]]:
    """Yield whose turn it is and for how many seconds: each once, or again and again if told for how long."""
    end = time.monotonic() + seconds
    if each is None:
        for at, name in enumerate(names):
            left = end - time.monotonic()
            yield name, max(1, int(left / (len(names) - at)) - start)
        return
    for name in cycle(names):
        left = int(end - time.monotonic())
        if left <= start:
            return
        yield name, min(each, left)


def turns(names: list[str], asked: argparse.Namespace, folder: Path) -> int:
    """Let harnesses take turns until the time is over; return how many ended with a crash."""
    crashes, total = 0, 0
    take, start = (blind_turn, 0) if asked.mutants else (turn, START)
    for number_of, (name, seconds) in enumerate(shares(names, asked.seconds, asked.slice, start), asked.seed):
        made = take(name, seconds, folder, number_of)
        crashes, total = crashes + bool(made.code), total + made.executions
        print(
            f"{name:<13} {made.executions:>9,} executions, {made.executions / made.seconds:>6,.0f}/s, "
            f"{made.covered:>5} edges, {made.inputs:>5} inputs kept, {made.memory:>4} MiB, "
            f"slowest {made.slowest} s{', CRASH' if made.code else ''}",
            flush=True,
        )
        with (folder / "turns.tsv").open("a", encoding="ascii") as file:
            print(
                int(time.time()), "mutants" if asked.mutants else "guided", name, *made, sep="\t", file=file
            )
    print(f"{total:,} executions, {crashes} crashes")
    return crashes


# --- seeds and both back ends ----------------------------------------------------------------------------------------


def inputs(name: str, folder: Path) -> Iterator[Path]:
    """Yield the files of seeds and kept inputs, crashes too."""
    for place, pattern in ((SEEDS / name, "*"), (folder / name, "*"), (folder, f"{name}-*-*")):
        yield from sorted(file for file in place.glob(pattern) if file.is_file())


def again(names: list[str], folder: Path) -> int:
    """Give each input to both back ends; return of how many they did not make the same."""
    from dissector import kernel
    from fuzz import pipeline

    if kernel.BACKEND != "compiled":
        sys.exit("the kernels are not compiled: there is nothing to compare")
    different = 0
    for name in names:
        files, digests, seconds = list(inputs(name, folder)), [], []
        for kernels in (pipeline.interpreted(), pipeline.compiled()):
            with pipeline.using(kernels):
                harness, began = HARNESSES[name].make(), time.process_time()
                digests.append([digest(harness, file.read_bytes()) for file in files])
                seconds.append(time.process_time() - began)
        unlike = [file for file, *both in zip(files, *digests, strict=True) if both[0] != both[1]]
        different += len(unlike)
        print(
            f"{name:<13} {len(files):>6} inputs, {seconds[0]:.1f} s interpreted, {seconds[1]:.1f} s compiled",
            flush=True,
        )
        for file in unlike:
            print(f"  {file}: not the same by both", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{different} not the same, at most {peak} MiB")
    return different


def digest(harness: Callable[[bytes], Any], octets: bytes) -> bytes:
    """Return what stands for all that a harness makes of octets."""
    return sha256(repr(harness(octets)).encode(errors="surrogatepass")).digest()


def minimise(names: list[str], folder: Path) -> int:
    """Replace seeds by as few inputs as reach as much; return how many harnesses this failed for."""
    failed = 0
    for name in names:
        with TemporaryDirectory() as new:
            options = [
                "-set_cover_merge=1",
                f"-max_len={min(SEED_LARGEST, HARNESSES[name].largest)}",
                new,
                str(SEEDS / name),
                str(folder / name),
            ]
            done = subprocess.run(
                [sys.executable, "-P", __file__, "--one", name, *options], capture_output=True, check=False
            )
            if done.returncode:
                print(f"{name}: {done.stderr.decode(errors='replace')[-2000:]}")
                failed += 1
                continue
            found = sorted({file.read_bytes() for file in Path(new).iterdir()})
        for file in (SEEDS / name).iterdir():
            file.unlink()
        for octets in found:
            (SEEDS / name / sha256(octets).hexdigest()[:12]).write_bytes(octets)
        print(f"{name}: {len(found)} seeds, {sum(map(len, found))} octets", flush=True)
    return failed


def main() -> None:
    """Do what was asked for."""
    if sys.argv[1:2] == ["--one"]:
        sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
        one(sys.argv[2], sys.argv[3:])
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(HARNESSES))
    parser.add_argument("--seconds", type=int, default=SECONDS, help="altogether (default: %(default)s)")
    parser.add_argument("--slice", type=int, help="seconds of a turn (default: each has one)")
    parser.add_argument("--corpus", type=Path, help="keep what is found in this folder")
    parser.add_argument(
        "--seed", type=int, default=1, help="of the first turn's randomness (default: %(default)s)"
    )
    parser.add_argument("--mutants", action="store_true", help="mutants of what is kept, without atheris")
    parser.add_argument("--again", action="store_true", help="compare both back ends")
    parser.add_argument("--minimise", action="store_true", help="make new seeds")
    asked = parser.parse_args()
    names = asked.names or list(HARNESSES)
    if not HARNESSES.keys() >= set(names):
        parser.error(f"harnesses are {', '.join(HARNESSES)}")
    for name in names:
        (SEEDS / name).mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as temporary:
        folder = (asked.corpus or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        sys.path.insert(0, str(ROOT / "tests"))
        if asked.again:
            sys.exit(bool(again(names, folder)))
        sys.exit(bool(minimise(names, folder) if asked.minimise else turns(names, asked, folder)))


if __name__ == "__main__":
    main()
