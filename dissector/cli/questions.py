"""The questions that a summary answers, and the processes that they are shared out to.

Each process reads the captures by itself and keeps the states of its questions alone: every state sees every batch, in
the order of the capture, so that the answers are those of one process. Batches are shared out by the count: no process
begins one before this one has, and after an interrupt all have seen the same.
"""

from __future__ import annotations

import os
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from dissector.analysis.exchanges import Exchanges
from dissector.analysis.findings import Findings, Thresholds
from dissector.analysis.flows import Flows
from dissector.analysis.pairing import LIMIT, SECOND
from dissector.analysis.paths import MAX_HOPS, Paths
from dissector.analysis.series import LIMIT as SERIES
from dissector.analysis.types import Types
from dissector.capture.gathering import Gathering
from dissector.capture.processes import begin, processors
from dissector.capture.stream import scan
from dissector.present.findings import findings_json, findings_tables
from dissector.present.flows import flow_tables, flows_json
from dissector.present.jsonlines import SCHEMA, dumps
from dissector.present.paths import path_tables, paths_json
from dissector.present.summary import exchange_tables, exchanges_json, type_tables, types_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Self

    from dissector.batch import Batch
    from dissector.capture.processes import Process, Task
    from dissector.capture.stream import Scan
    from dissector.filter import Filter

TIMEOUT = 2.0
"""Seconds after which an answer is late."""
LARGE = 1 << 26
"""Octets of captures from which on a second process saves more than it costs: to begin, and to read all once more."""
AHEAD = 16
"""Batches that this process may be ahead of another."""


class Part(NamedTuple):
    """One question that a summary answers.

    Attributes:
        name: what JSON calls it.
        cost: what it takes, in about nanoseconds a message: shares are made by it.
        state: what batches are put into: it has ``update(batch)`` and ``result()``.
        tables: its result as tables, each a text.
        as_json: its result as JSON has it.
    """

    name: str
    cost: int
    state: Any
    tables: Callable[..., Iterator[str]]
    as_json: Callable[..., dict[str, Any]]


def parts(
    timeout: float = TIMEOUT,
    max_open: int = LIMIT,
    thresholds: Thresholds | None = None,
    lang: str = "en",
    *,
    max_series: int = SERIES,
) -> tuple[Part, ...]:
    """Return what a summary is made of, in the order in which it is shown: a line for each analysis."""
    exchanges = Exchanges(round(timeout * SECOND), max_open, series=max_series)
    findings = partial(findings_tables, lang=lang)
    return (
        Part("types", 10, Types(), type_tables, types_json),
        Part("exchanges", 290, exchanges, exchange_tables, exchanges_json),
        Part("flows", 40, Flows(queries=False), flow_tables, flows_json),
        Part("paths", 20, Paths(), path_tables, paths_json),
        Part("findings", 220, Findings(thresholds), findings, findings_json),
    )


class Style(NamedTuple):
    """How answers are to look.

    Attributes:
        table_format: tabulate's name of it.
        narrow: whether 80 columns must do.
        as_json: whether to give a line of JSON instead of tables.
    """

    table_format: str
    narrow: bool
    as_json: bool


class Answer(NamedTuple):
    """What there is to say about a question.

    Attributes:
        name: of its part.
        warnings: what limits have made of it, a sentence each.
        texts: tables, or a line of JSON.
    """

    name: str
    warnings: list[str]
    texts: list[str]


def answers(questions: Iterable[Part], style: Style) -> Iterator[Answer]:
    """Yield what the states know by now; they can go on."""
    for question in questions:
        result = question.state.result()
        warnings = []
        if given_up := getattr(result, "given_up", 0):
            warnings.append(
                f"given up before their time was over, because too many were open: {given_up} of the queries "
                "(--max-open keeps more)"
            )
        warnings += getattr(result, "warnings", ())
        if style.as_json:
            texts = [dumps({"schema": SCHEMA, "part": question.name, **question.as_json(result)})]
        else:
            tables = question.tables(result, table_format=style.table_format, narrow=style.narrow)
            texts = [f"{text}\n" for text in tables]
        yield Answer(question.name, warnings, texts)


def reading(file: str, looking: dict[str, bool]) -> Scan:
    """Open a capture as all processes read it, so that batches can be counted.

    Args:
        file: its name.
        looking: for :func:`~dissector.capture.stream.scan`.

    Raises:
        CaptureError: it cannot be opened, or is not a capture.
    """
    return scan(file, **looking, passing=True, probes=MAX_HOPS)


class Asked:
    """Some questions, and the capture that they are put to.

    Args:
        make: returns all questions, new.
        chosen: which messages count; None for all.
    """

    def __init__(self, make: Callable[[], tuple[Part, ...]], chosen: Filter | None) -> None:
        self.questions = make()
        self._chosen = chosen
        self._batches: Iterator[Batch] = iter(())
        self._gathering = Gathering()

    def keep(self, names: list[str]) -> None:
        """Leave the questions that have other names to another process."""
        self.questions = tuple(question for question in self.questions if question.name in names)

    def open(self, file: str, looking: dict[str, bool]) -> None:
        """Go on with another capture.

        Args:
            file: its name.
            looking: for :func:`~dissector.capture.stream.scan`.

        Raises:
            CaptureError: it cannot be opened, or is not a capture.
        """
        self._batches = iter(reading(file, looking))

    def take_next(self) -> None:
        """Take in the next batch of the capture that was opened."""
        self.take(next(self._batches))

    def take(self, batch: Batch) -> None:
        """Take in a batch."""
        wanted = batch if self._chosen is None else batch[self._chosen.mask(batch)]
        self._ask(self._gathering.put(wanted))

    def _ask(self, batches: Iterable[Batch]) -> None:
        for batch in batches:
            for question in self.questions:
                question.state.update(batch)

    def answers(self, style: Style) -> list[Answer]:
        """Return what is known by now."""
        self._ask(self._gathering.rest())
        return list(answers(self.questions, style))


class Inquiry:
    """All questions of a summary: some are put here, others in further processes.

    A context manager that ends these.

    Args:
        jobs: processes altogether.
        make: returns all questions, new; picklable, as is the next.
        chosen: which messages count; None for all.
    """

    def __init__(self, jobs: int, make: Callable[[], tuple[Part, ...]], chosen: Filter | None) -> None:
        self._here = Asked(make, chosen)
        self._names = [question.name for question in self._here.questions]
        mine, *others = shares(self._here.questions, jobs)
        self._processes: list[Process[Asked]] = begin(len(others), Asked, make, chosen) if others else []
        self._tasks: deque[Task[None]] = deque()
        self._here.keep(mine)
        for process, names in zip(self._processes, others, strict=True):
            self._tasks.append(process.submit(Asked.keep, names))

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes."""
        for process in self._processes:
            process.end()

    def open(self, file: str, looking: dict[str, bool]) -> None:
        """Go on with another capture, whose batches are then taken in, one after another.

        Args:
            file: its name, of a file that can be read again.
            looking: for :func:`~dissector.capture.stream.scan`.
        """
        for process in self._processes:
            self._tasks.append(process.submit(Asked.open, file, looking))

    def take(self, batch: Batch) -> None:
        """Take in the next batch.

        Raises:
            WorkerError: a process has ended.
        """
        for process in self._processes:
            self._tasks.append(process.submit(Asked.take_next))
        self._here.take(batch)
        while len(self._tasks) > AHEAD * len(self._processes):
            self._tasks.popleft().result()

    def answers(self, style: Style) -> list[Answer]:
        """Return what is known by now, in the order in which it is shown.

        Raises:
            WorkerError: a process has ended.
        """
        tasks = [process.submit(Asked.answers, style) for process in self._processes]
        found = self._here.answers(style)
        while self._tasks:
            self._tasks.popleft().result()
        for task in tasks:
            found += task.result()
        return sorted(found, key=lambda answer: self._names.index(answer.name))


def processes(jobs: int | None, files: Sequence[str]) -> int:
    """Return how many processes are to answer.

    Args:
        jobs: how many are asked for; None for what is best: a third one would have little to do.
        files: the captures; another process must find them again.
    """
    if not all(map(os.path.isfile, files)):
        return 1
    if jobs is not None:
        return jobs
    return 2 if processors() > 1 and sum(map(os.path.getsize, files)) >= LARGE else 1


def shares(questions: Iterable[Part], jobs: int) -> list[list[str]]:
    """Return the names of questions in as many shares, of about the same cost; in fewer if there are not so many."""
    questions = sorted(questions, key=lambda question: -question.cost)
    made: list[list[Part]] = [[] for _ in range(min(jobs, len(questions)))]
    for question in questions:
        least = min(made, key=lambda share: sum(part.cost for part in share))
        least.append(question)
    return [[question.name for question in share] for share in made]
