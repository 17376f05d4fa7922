"""Processes that do what they are asked, one thing after another, and keep what they were told to keep.

Not an executor of :mod:`concurrent.futures`: what is asked of a range must come to the process that holds it, so each
process would have to be an executor of its own, with threads of its own, beside which no process may be copied. Here
nothing is done in the background: a pipe to each process holds what is asked and what is answered, in order.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from dissector.errors import WorkerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import BaseContext
    from typing import Any

K = TypeVar("K")
R = TypeVar("R")

SAFE_PATH = "PYTHONSAFEPATH"
"""The variable that keeps the current folder out of an interpreter's path."""

TAKEN = {signal.SIGINT, signal.SIGTERM}
"""Signals that a process takes otherwise than its parent."""
MASKS = hasattr(signal, "pthread_sigmask")
"""Whether signals can wait; not on Windows."""

SMALL = 1 << 12
"""Octets of a task of which a pipe holds as many as are ever under way."""
THREADS = "/proc/self/task"
"""Has an entry for each thread of this process (Linux)."""


class Task(Generic[R]):
    """Something that a process was asked to do."""

    def __init__(self, process: Process[Any]) -> None:
        self._process = process
        self._outcome: tuple[bool, Any] | None = None

    def result(self) -> R:
        """Wait for what was returned, and return it.

        Raises:
            WorkerError: the process has ended.
            Exception: what was raised there.
        """
        while self._outcome is None:
            self._process.take_answer()
        done, value = self._outcome
        if not done:
            raise value
        return cast("R", value)

    def settle(self, outcome: tuple[bool, Any]) -> None:
        """Note what came of it: whether it was done, and the value or the exception."""
        self._outcome = outcome


class Process(Generic[K]):
    """A process, from its first task to :meth:`end`.

    Args:
        context: of :mod:`multiprocessing`: how it is begun.
        keeper: called in it first, with ``arguments``; returns what the tasks are about.
        arguments: see there.
        before: the processes begun before it, whose pipes a copy of this process must let go.
    """

    def __init__(
        self,
        context: BaseContext,
        keeper: Callable[..., K],
        arguments: tuple[Any, ...],
        before: Sequence[Process[K]],
    ) -> None:
        self._pipe, theirs = context.Pipe()
        inherited = context.get_start_method() == "fork"
        pipes = [self._pipe, *(process._pipe for process in before)] if inherited else []  # noqa: SLF001 - its own kind
        # mypy knows no Process of a context in general; each has one.
        self._process = context.Process(  # type: ignore[attr-defined]
            target=serve, args=(theirs, pipes, keeper, arguments), daemon=True
        )
        self._process.start()
        theirs.close()
        self._asked: deque[Task[Any]] = deque()

    def submit(self, function: Callable[..., R], *arguments: Any) -> Task[R]:
        """Have a method of what is kept there called, after all that was asked before.

        Args:
            function: the method, as the class has it.
            arguments: for it; they wait in a pipe.

        Raises:
            WorkerError: the process has ended.
        """
        from multiprocessing.reduction import ForkingPickler

        task: Task[R] = Task(self)
        pickled = ForkingPickler.dumps((function, arguments))
        if len(pickled) > SMALL:
            # What fills the pipe must be taken out of it, which the process does not do while an answer of its own
            # fills the other direction.
            self.settle()
        try:
            self._pipe.send_bytes(pickled)
        except OSError as error:
            raise WorkerError(self._lost()) from error
        self._asked.append(task)
        return task

    def take_answer(self) -> None:
        """Wait for the answer to the oldest task that has none.

        Raises:
            WorkerError: the process has ended.
        """
        try:
            outcome = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise WorkerError(self._lost()) from error
        self._asked.popleft().settle(outcome)

    def settle(self) -> None:
        """Wait for the answers to all that was asked: the process is listening then.

        Raises:
            WorkerError: it has ended.
        """
        while self._asked:
            self.take_answer()

    def end(self) -> None:
        """End the process, whatever it is at."""
        self._pipe.close()
        self._process.terminate()
        self._process.join()

    def _lost(self) -> str:
        self._process.join(1)
        code = self._process.exitcode
        how = (
            f"killed by {signal.Signals(-code).name}"
            if code is not None and code < 0
            else f"exit code {code}"
        )
        return f"a process of --jobs has ended ({how}); what it was reading is lost; read without --jobs"


def serve(
    pipe: Connection, others: list[Connection], keeper: Callable[..., K], arguments: tuple[Any, ...]
) -> None:
    """Do what comes through a pipe until it is closed; the parent alone answers an interrupt."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a copy of the parent would do what that does
    if MASKS:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, TAKEN)
    for other in others:
        other.close()
    kept = keeper(*arguments)
    with suppress(EOFError, OSError):
        while True:
            function, given = pipe.recv()
            try:
                answer = True, function(kept, *given)
            except Exception as error:  # noqa: BLE001 - it is raised in the parent
                answer = False, error
            pipe.send(answer)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let the signals wait that a process takes otherwise than its parent, until it has said so."""
    if not MASKS:
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, TAKEN)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux has it
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def begin(count: int, keeper: Callable[..., K], *arguments: Any) -> list[Process[K]]:
    """Begin processes.

    Copies of this one, which take a hundredth of a second, where it has no threads; a copy of another thread's locks
    would never be let go. Else new interpreters, which must import all again.

    Args:
        count: how many.
        keeper: called in each first; returns what the tasks are about.
        arguments: for that.
    """
    import multiprocessing  # it takes as long to import as a small capture to read

    ways = multiprocessing.get_all_start_methods()
    way = "forkserver" if "forkserver" in ways else "spawn"
    with suppress(OSError):
        if "fork" in ways and len(os.listdir(THREADS)) == 1:  # noqa: PTH208 - pathlib would be imported for this
            way = "fork"
    context = multiprocessing.get_context(way)
    if way == "forkserver":
        context.set_forkserver_preload([keeper.__module__])
    # A new interpreter looks for modules in the current folder first, where who sent the capture may have put some;
    # it must not.
    before = os.environ.get(SAFE_PATH)
    os.environ[SAFE_PATH] = "1"
    processes: list[Process[K]] = []
    try:
        with undisturbed():
            while len(processes) < count:
                processes.append(Process(context, keeper, arguments, processes))
    finally:
        if before is None:
            del os.environ[SAFE_PATH]
        else:
            os.environ[SAFE_PATH] = before
    return processes
