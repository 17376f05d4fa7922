"""A capture read by several processes: the same results in the same order as by one.

Strategy: ranges of the file (see :mod:`dissector.capture.split`) are dealt out to workers in turn. A worker reads its
range and keeps it; the parent verifies it, tells the worker what numbers its packets have, and gets back what became
of each batch. What crosses an edge goes to the parent: batches with fragments in them, which it puts together in the
order of the file, as one process would have done.

Each worker is an executor of one process, so that what is asked of a range comes to where the range is. Octets that
were made come back by a file in memory, where there is room for it: through a pipe each would be copied five times.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO, Generic, NamedTuple, TypeVar, cast

from dissector.batch import Batch, Origin
from dissector.capture.account import Account, Capture
from dissector.capture.records import Report
from dissector.capture.scanner import Scanner
from dissector.capture.split import RANGE, Bounds, Options, Range, plan
from dissector.capture.stream import Mender, Scan, Tally, is_pending, scan
from dissector.errors import CaptureError
from dissector.kernel import BACKEND, layers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future, ProcessPoolExecutor
    from typing import Any, NoReturn, Self

    from dissector.capture.records import Interface
    from dissector.capture.split import Plan
    from dissector.capture.window import Mark

T = TypeVar("T")
R = TypeVar("R")


class Outcome(NamedTuple):
    """What the parent must know of a range that was read.

    Attributes:
        first: where it began; None where no beginning was found.
        last: where it ended.
        whole: whether nothing is damaged in it.
    """

    first: Mark | None
    last: Mark | None
    whole: bool


class Part(NamedTuple):
    """What became of a block.

    Attributes:
        time_ns: of its last packet.
        made: of each of its batches; of one with fragments in it the batch itself.
    """

    time_ns: int
    made: list[Any]


class Made(NamedTuple):
    """What became of a range.

    Attributes:
        parts: block by block.
        account: what its packets were, and its plain messages.
        report: what is damaged.
        steps: the paths of its scanner.
        interfaces: those known at its end.
    """

    parts: list[Part]
    account: Account
    report: Report
    steps: list[tuple[int, int]]
    interfaces: list[Interface]


class Spooled(NamedTuple):
    """So many octets, in the file of their range, behind those before."""

    size: int


class Pending(NamedTuple):
    """A batch with fragments in it, on its way to the parent."""

    batch: Batch


# What a worker holds: the ranges read and not handed over, and what makes something of a batch.
_ranges: dict[int, Range] = {}
_make: Callable[[Batch], Any]
_folder: Path


def _start(making: Callable[[], Callable[[Batch], Any]], folder: str) -> None:
    """Prepare a worker; the parent alone answers an interrupt."""
    global _make, _folder  # a process pool's workers have no other place for what they share
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _make, _folder = making(), Path(folder)


def _read(number: int, options: Options, bounds: Bounds, context: Any, mark: Mark | None) -> Outcome:
    """Read a range: from its mark, from the beginning of the file, or from a guess."""
    found = _ranges[number] = Range(options, Origin(options.file, "", []), bounds)
    if mark is not None or not bounds.start:
        found.read(mark)
    else:
        found.guess(context)
    return Outcome(found.first, found.last, found.last is not None and found.report.whole)


def _hand_over(number: int, frames: int) -> Made:
    """Make something of a range's batches, whose numbers of packets are ``frames`` more."""
    found = _ranges.pop(number)
    found.number(frames)
    tally = Tally()
    parts = [
        Part(
            time_ns,
            [Pending(batch) if is_pending(batch) else _make(tally.counted(batch)) for batch in batches],
        )
        for time_ns, batches in found.blocks
    ]
    _spool(number, parts)
    account = Account.of(found.scanner, BACKEND)
    tally.tell(account)
    return Made(parts, account, found.report, found.scanner.steps, found.scanner.origin.interfaces)


def _spool(number: int, parts: list[Part]) -> None:
    """Put the octets among what was made into the file of a range, if they all fit."""
    with suppress(OSError), (_folder / str(number)).open("wb") as file:
        for part in parts:
            file.writelines(made for made in part.made if isinstance(made, bytes))
        file.flush()
        for part in parts:
            part.made[:] = [Spooled(len(made)) if isinstance(made, bytes) else made for made in part.made]


def _drop(number: int) -> None:
    """Forget a range."""
    del _ranges[number]


SAFE_PATH = "PYTHONSAFEPATH"
"""The variable that keeps the current folder out of an interpreter's path."""


class Workers(Generic[T]):
    """Processes that make something of batches.

    A context manager that ends them. Use it in the main module under ``if __name__ == "__main__"``, as
    :mod:`multiprocessing` wants it.

    Args:
        jobs: how many; with one, everything happens in this process.
        making: returns the function that makes something of a batch; called once in each process. It and what is
            made must be picklable.

    Attributes:
        make: the function of this process.
        executors: the workers.
        folder: where they put octets.
    """

    def __init__(self, jobs: int, making: Callable[[], Callable[[Batch], T]]) -> None:
        self.make = making()
        self._temporary: TemporaryDirectory[str] | None = None
        self.folder = ""
        self.executors: list[ProcessPoolExecutor] = []
        if jobs > 1:
            memory = "/dev/shm"  # noqa: S108 - the folder is made in it, with a name of its own
            self._temporary = TemporaryDirectory(
                prefix="dissector-", dir=memory if os.access(memory, os.W_OK) else None
            )
            self.folder = self._temporary.name
            # A new interpreter looks for modules in the current folder first, where who sent the capture may have
            # put some; it must not.
            self._environment = os.environ.get(SAFE_PATH)
            os.environ[SAFE_PATH] = "1"
            self.executors = _executors(jobs, making, self.folder)
        self._given = 0

    def take(self, ranges: int) -> int:
        """Return the number of the first of some ranges, which no other range has."""
        first = self._given
        self._given += ranges
        return first

    def submit(self, number: int, function: Callable[..., R], *arguments: Any) -> Future[R]:
        """Have something done by the worker whom a range belongs to."""
        return self.executors[number % len(self.executors)].submit(function, number, *arguments)

    def __enter__(self) -> Self:
        """Return the workers."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes, as soon as they have done what they are at."""
        for executor in self.executors:
            executor.shutdown(cancel_futures=True)
        if self._temporary is not None:
            self._temporary.cleanup()
            if self._environment is None:
                os.environ.pop(SAFE_PATH, None)
            else:
                os.environ[SAFE_PATH] = self._environment

    @contextmanager
    def spooled(self, number: int) -> Iterator[BinaryIO]:
        """Give the octets that a worker put into the file of a range, and remove the file."""
        path = Path(self.folder, str(number))
        with path.open("rb", buffering=0) as file:
            path.unlink()
            yield cast("BinaryIO", file)

    def read(
        self, file: str, *, tunnels: bool = True, reassemble: bool = True, size: int = RANGE
    ) -> Reading[T]:
        """Open a capture, and begin to read it.

        Args:
            file: a path, or ``-`` for standard input.
            tunnels: as in :func:`dissector.capture.stream.scan`, as is the next.
            reassemble: see there.
            size: octets of the ranges it is split into, a multiple of :data:`~dissector.capture.window.SIZE`.

        Raises:
            CaptureError: it cannot be opened, or is not a capture.
        """
        options = Options(file, tunnels, reassemble)
        found = plan(file, size=size) if self.executors and Path(file).is_file() else None
        return Whole(self, options) if found is None else Split(self, options, found)

    def read_all(
        self, files: Iterable[str], *, tunnels: bool = True, reassemble: bool = True
    ) -> Iterator[Callable[[], Reading[T]]]:
        """Open captures one after another, some of them ahead.

        Args:
            files: their names.
            tunnels: as for :meth:`read`, as is the next.
            reassemble: see there.

        Yields:
            What returns the opened capture or raises, as :meth:`read` does.
        """

        def opened(file: str) -> Callable[[], Reading[T]]:
            try:
                reading = self.read(file, tunnels=tunnels, reassemble=reassemble)
            except CaptureError as error:
                return partial(_raise, error)
            return lambda: reading

        ahead: deque[Callable[[], Reading[T]]] = deque()
        for file in files:
            ahead.append(opened(file))
            if len(ahead) > 2 * len(self.executors):
                yield ahead.popleft()
        yield from ahead


def _executors(
    jobs: int, making: Callable[[], Callable[[Batch], Any]], folder: str
) -> list[ProcessPoolExecutor]:
    """Return executors of one process each."""
    import multiprocessing  # these two take as long to import as a small capture to read
    from concurrent.futures import ProcessPoolExecutor

    # Not a copy of this process, which may have threads: a clean one that has imported what all need.
    way = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(way)
    if way == "forkserver":
        context.set_forkserver_preload([__name__])
    return [ProcessPoolExecutor(1, context, _start, (making, folder)) for _ in range(jobs)]


class Reading(Generic[T]):
    """What is made of the batches of one capture; iterate over it once."""

    def __iter__(self) -> Iterator[T]:
        """Hand out what was made of each batch, in the order of :class:`~dissector.capture.stream.Scan`."""
        raise NotImplementedError

    @property
    def account(self) -> Account:
        """As of :class:`~dissector.capture.stream.Scan`."""
        raise NotImplementedError

    @property
    def progress(self) -> tuple[int, int] | None:
        """As of :class:`~dissector.capture.stream.Scan`."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the file."""


class Whole(Reading[T]):
    """A capture read in this process."""

    def __init__(self, workers: Workers[T], options: Options) -> None:
        self._scan = _open(options)
        self._make = workers.make

    def __iter__(self) -> Iterator[T]:
        """Hand out what was made of each batch."""
        return map(self._make, self._scan)

    @property
    def account(self) -> Account:
        """What was read so far."""
        return self._scan.account

    @property
    def progress(self) -> tuple[int, int] | None:
        """Octets read so far, and altogether."""
        return self._scan.progress

    def close(self) -> None:
        """Close the file."""
        self._scan.close()


class Split(Reading[T]):
    """A capture read in ranges by several processes."""

    def __init__(self, workers: Workers[T], options: Options, plan: Plan) -> None:
        self._workers = workers
        self._options = options
        self._plan = plan
        self._origin = Origin(options.file, plan.format, plan.interfaces)
        self._scanner = Scanner(self._origin, tunnels=options.tunnels, reassemble=options.reassemble)
        self._mender = Mender(self._scanner)
        self._tally = Tally()
        self._account = Account(BACKEND)
        self._report = Report()
        self._again: Scan | None = None
        self._done = 0
        self._first = workers.take(plan.ranges)
        self._ahead = 2 * len(workers.executors)
        self._reading = deque(map(self._begin, range(min(self._ahead, plan.ranges))))

    @property
    def account(self) -> Account:
        """What was read so far."""
        if self._again is not None:
            return self._again.account
        account = Account(BACKEND) + self._account
        links = dict.fromkeys(interface.link_type for interface in self._origin.interfaces)
        account.captures.append(Capture(self._origin.file, self._origin.format, tuple(links), self._report))
        account.packets = self._report.packets
        self._tally.tell(account)
        self._mender.tell(account)
        return account

    @property
    def progress(self) -> tuple[int, int]:
        """Octets of the ranges that are done, and of all."""
        return self._done * self._plan.size, self._plan.ranges * self._plan.size

    def __iter__(self) -> Iterator[T]:
        """Hand out what was made of each batch."""
        done = 0
        for made in self._ranges():
            numbers = self._take(made)
            if len(self._scanner.paths) >= layers.PROBES:
                # Some paths may not find a place, and which depends on the order in which they come.
                yield from self._read_again(done)
                return
            with self._workers.spooled(self._first + self._done) as file:
                for part in made.parts:
                    yield from self._mended(part, numbers, file)
                    done += 1
            self._done += 1
        yield from map(self._made, self._mender.finish())

    def _take(self, made: Made) -> Any:
        """Add up what became of a range; return the numbers that its paths have here."""
        self._account.add(made.account)
        self._report.extend(made.report)
        self._report.packets += made.account.packets
        self._origin.interfaces[:] = made.interfaces
        return self._scanner.adopt(made.steps)

    def _made(self, batch: Batch) -> T:
        return self._workers.make(self._tally.counted(batch))

    def _mended(self, part: Part, numbers: Any, file: BinaryIO) -> Iterator[T]:
        """Hand out what was made of a block, its fragments put together."""
        for made in part.made:
            if isinstance(made, Pending):
                batch = made.batch
                batch.path, batch.paths, batch.origin = numbers[batch.path], self._scanner.paths, self._origin
                yield from map(self._made, self._mender.mend(batch))
            else:
                yield cast("T", file.read(made.size) if isinstance(made, Spooled) else made)
        yield from map(self._made, self._mender.pass_time(part.time_ns))

    def _read_again(self, done: int) -> Iterator[T]:
        """Read all of it in this process, and hand out what comes after ``done`` blocks."""
        self._again = _open(self._options)
        for number, batches in enumerate(self._again.blocks()):
            for batch in batches:
                if number >= done:
                    yield self._workers.make(batch)

    def _ranges(self) -> Iterator[Made]:
        """Hand out the ranges, verified, in order."""
        ranges = self._plan.ranges
        coming: deque[Future[Made]] = deque()
        settled: Mark | None = None
        for number in range(ranges):
            if settled and settled.over:
                for beyond in range(number, number + len(self._reading)):
                    self._workers.submit(self._first + beyond, _drop)
                break
            outcome = self._reading.popleft().result()
            frames = 0
            if settled is None:
                settled = outcome.last
            elif outcome.whole and outcome.first and outcome.last and outcome.first.fits(settled):
                frames, settled = settled.frames, outcome.last.after(settled)
            else:
                settled = self._begin(number, settled).result().last
            coming.append(self._workers.submit(self._first + number, _hand_over, frames))
            if number + self._ahead < ranges:
                self._reading.append(self._begin(number + self._ahead))
            if len(coming) > len(self._workers.executors):
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()

    def _begin(self, number: int, mark: Mark | None = None) -> Future[Outcome]:
        """Have a range read, from a mark if that is known."""
        plan = self._plan
        stop = (number + 1) * plan.size if number + 1 < plan.ranges else None
        bounds = Bounds(number * plan.size, stop)
        return self._workers.submit(self._first + number, _read, self._options, bounds, plan.context, mark)


def _raise(error: CaptureError) -> NoReturn:
    raise error


def _open(options: Options) -> Scan:
    return scan(options.file, tunnels=options.tunnels, reassemble=options.reassemble)
