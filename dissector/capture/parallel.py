"""A capture read by several processes: the same results in the same order as by one.

Strategy: ranges of the file (see :mod:`dissector.capture.split`) are dealt out to workers in turn. A worker reads its
range and keeps it; the parent verifies it and tells the worker what numbers its packets have. The worker then asks
what it must know of the batches before (such as: what do these answer?), the parent answers in the order of the file,
and the worker makes something of each batch. What crosses an edge goes to the parent: batches with fragments in them,
which it puts together in the order of the file, as one process would have done.

What is asked of a range goes to the process that holds it (:mod:`dissector.capture.processes`); octets that were made
come back by a file in memory (:mod:`dissector.capture.spool`).
"""

from __future__ import annotations

import os
import pickle
from collections import deque
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, cast

from dissector.batch import Origin
from dissector.capture.account import Account, Capture
from dissector.capture.processes import begin
from dissector.capture.records import Report
from dissector.capture.scanner import Scanner
from dissector.capture.split import RANGE, Bounds, Options, plan
from dissector.capture.spool import Spool, Spooled
from dissector.capture.stream import Mender, Scan, Tally, scan
from dissector.capture.worker import Pending, Worker
from dissector.errors import CaptureError
from dissector.kernel import BACKEND, layers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import NoReturn, Self

    from dissector.batch import Batch
    from dissector.capture.processes import Process, Task
    from dissector.capture.split import Plan
    from dissector.capture.window import Mark
    from dissector.capture.worker import Making, Numbered, Outcome, Part

T = TypeVar("T")
R = TypeVar("R")


class Workers(Generic[T]):
    """Processes that make something of batches.

    A context manager that ends them. Use it in the main module under ``if __name__ == "__main__"``, as
    :mod:`multiprocessing` wants it.

    Args:
        jobs: how many; with one, everything happens in this process.
        making: returns what makes something of batches; called once in each process. It, what is asked and answered
            must be picklable; what is made too, or an iterator of octets, each valid until the next is asked for.

    Attributes:
        making: that of this process.
        spool: where the workers put octets.
        answers: where they find answers.
        processes: the workers; none with one job.
    """

    def __init__(self, jobs: int, making: Callable[[], Making[T]]) -> None:
        self.making = making()
        self.processes: list[Process[Worker[T]]] = []
        # A range has its place from when it is numbered until what was made of it is written.
        places = 2 * jobs + 3 if jobs > 1 else 0
        self.spool, self.answers = Spool(places), Spool(places)
        if jobs > 1:
            self.processes = begin(jobs, Worker, making, self.spool.files, self.answers.files)
        self._given = 0

    def take(self, ranges: int) -> int:
        """Return the number of the first of some ranges, which no other range has."""
        first = self._given
        self._given += ranges
        return first

    def submit(self, number: int, function: Callable[..., R], *arguments: Any) -> Task[R]:
        """Have something done by the worker whom a range belongs to.

        Raises:
            WorkerError: it has ended.
        """
        return self.processes[number % len(self.processes)].submit(function, number, *arguments)

    def make(self, number: int, answers: list[Any]) -> Task[list[Any]]:
        """Have something made of a range, given the answers to what its worker asked."""
        pickled = pickle.dumps(answers, pickle.HIGHEST_PROTOCOL)
        return self.submit(number, Worker.make, self.answers.put(number, pickled))

    def __enter__(self) -> Self:
        """Return the workers."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes."""
        for process in self.processes:
            process.end()
        self.spool.close()
        self.answers.close()

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
        is_file = os.path.isfile(file)  # noqa: PTH113 - pathlib takes 5 ms to import
        found = plan(file, size=size) if self.processes and is_file else None
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
            if len(ahead) > 2 * len(self.processes):
                yield ahead.popleft()
        yield from ahead


class Prepared(NamedTuple):
    """A range that a worker makes something of.

    Attributes:
        blocks: for each block what was made of its batches here, and ``_THERE`` for those that the worker has.
        task: what it makes of these.
    """

    blocks: list[list[Any]]
    task: Task[list[Any]]


_THERE = object()

MOST_INTERFACES = 1024
"""Interfaces of a capture that is read by several processes."""


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
        self._making = workers.making

    def __iter__(self) -> Iterator[T]:
        """Hand out what was made of each batch."""
        self._making.begin()
        return map(self._making.all_of, self._scan)

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
        self._ahead = 2 * len(workers.processes)
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
        self._workers.making.begin()
        done = 0
        for prepared in self._prepared():
            if prepared is None:
                yield from self._read_again(done)
                return
            octets = self._workers.spool.reader(self._first + self._done)
            made = iter(prepared.task.result())
            for items in prepared.blocks:
                for item in items:
                    found = next(made) if item is _THERE else item
                    if isinstance(found, Spooled):
                        found = iter((octets.next(found),))
                    elif isinstance(found, bytes):  # there was no room in the spool
                        found = iter((found,))
                    yield cast("T", found)
                done += 1
            self._done += 1
        yield from map(self._made, self._mender.finish())

    def _prepared(self) -> Iterator[Prepared | None]:
        """Answer what was asked about each range, and have it made; None where that cannot go on.

        Batches with fragments in them are mended and made something of here.
        """
        coming: deque[Prepared] = deque()
        for number, range_ in enumerate(self._ranges(), self._first):
            numbers = self._take(range_)
            # Some paths may not find a place, and which depends on the order in which they come. All interfaces so far
            # go with each range, several times.
            if len(self._scanner.paths) >= layers.PROBES or len(self._origin.interfaces) > MOST_INTERFACES:
                yield from coming
                yield None
                return
            parts = self._workers.spool.load(number, range_.parts)
            answers: list[Any] = []
            blocks = [self._answered(part, numbers, answers) for part in parts]
            coming.append(Prepared(blocks, self._workers.make(number, answers)))
            if len(coming) > len(self._workers.processes):
                yield coming.popleft()
        yield from coming

    def _answered(self, part: Part, numbers: Any, answers: list[Any]) -> list[Any]:
        """Return what was made of a block here, and ``_THERE`` for what a worker makes, given the answers."""
        items: list[Any] = []
        for asked in part.asked:
            if isinstance(asked, Pending):
                batch = asked.batch
                batch.path, batch.paths, batch.origin = numbers[batch.path], self._scanner.paths, self._origin
                items += map(self._lasting, self._mender.mend(batch))
            else:
                answers.append(self._workers.making.answer(asked))
                items.append(_THERE)
        items += map(self._lasting, self._mender.pass_time(part.time_ns))
        return items

    def _lasting(self, batch: Batch) -> Any:
        """Return what is made of a batch; octets as they must be to be kept for a while."""
        made = self._made(batch)
        return iter([bytes(octets) for octets in made]) if isinstance(made, Iterator) else made

    def _take(self, made: Numbered) -> Any:
        """Add up what became of a range; return the numbers that its paths have here."""
        self._account.add(made.account)
        self._report.extend(made.report)
        self._report.packets += made.account.packets
        self._origin.interfaces[:] = made.interfaces
        return self._scanner.adopt(made.steps)

    def _made(self, batch: Batch) -> T:
        return self._workers.making.all_of(self._tally.counted(batch))

    def _read_again(self, done: int) -> Iterator[T]:
        """Read all of it in this process, and hand out what comes after ``done`` blocks."""
        making = self._workers.making
        making.begin()
        self._again = _open(self._options)
        for number, batches in enumerate(self._again.blocks()):
            for batch in batches:
                if number >= done:
                    yield making.all_of(batch)
                else:
                    making.answer(making.ask(batch))

    def _ranges(self) -> Iterator[Numbered]:
        """Hand out the ranges, verified, in order."""
        ranges = self._plan.ranges
        coming: deque[Task[Numbered]] = deque()
        settled: Mark | None = None
        for number in range(ranges):
            if settled and settled.over:
                for beyond in range(number, number + len(self._reading)):
                    self._workers.submit(self._first + beyond, Worker.drop)
                break
            outcome = self._reading.popleft().result()
            frames = 0
            if settled is None:
                settled = outcome.last
            elif outcome.whole and outcome.first and outcome.last and outcome.first.fits(settled):
                frames, settled = settled.frames, outcome.last.after(settled)
            else:
                settled = self._begin(number, settled).result().last
            coming.append(self._workers.submit(self._first + number, Worker.number, frames))
            if number + self._ahead < ranges:
                self._reading.append(self._begin(number + self._ahead))
            if len(coming) > len(self._workers.processes):
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()

    def _begin(self, number: int, mark: Mark | None = None) -> Task[Outcome]:
        """Have a range read, from a mark if that is known."""
        plan = self._plan
        stop = (number + 1) * plan.size if number + 1 < plan.ranges else None
        bounds = Bounds(number * plan.size, stop)
        return self._workers.submit(
            self._first + number, Worker.read, self._options, bounds, plan.context, mark
        )


def _raise(error: CaptureError) -> NoReturn:
    raise error


def _open(options: Options) -> Scan:
    return scan(options.file, tunnels=options.tunnels, reassemble=options.reassemble, passing=True)
