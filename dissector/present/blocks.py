"""Text of whole batches: plain messages from their columns by the kernel, the others one by one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from dissector.analysis.pairing import Answers
from dissector.capture import records
from dissector.kernel import layers, operations, render
from dissector.message import STATUSES, Message, Rows
from dissector.present import programs
from dissector.present.assembly import Assembly, Growing
from dissector.present.hexdump import hexdump
from dissector.present.jsonlines import dumps, record
from dissector.present.line import NOTHING, colored, line
from dissector.present.text import printable
from dissector.present.times import TimeColumn
from dissector.present.tree import tree
from dissector.protocols import protocol_name
from dissector.registry.model import Family

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dissector.batch import Batch
    from dissector.present.line import Answer
    from dissector.present.programs import Program

AT_ONCE = 64
"""Messages written one by one before their text is handed out: few, so that it comes soon and no interrupt loses it."""
ROOM = 1 << 20
"""Octets of text written at a time."""
NOT_PLAIN = (
    layers.FRAGMENT
    | layers.REASSEMBLED
    | layers.TRUNCATED
    | layers.SHORT
    | layers.OVERLAP
    | layers.FOREIGN
    | layers.BEYOND
)
UNKNOWN, HARD = -2, -1
MOST_TEXTS = 1 << 17
"""Texts that are remembered from one file to the next: twice the paths that one can have."""


class Blocks(ABC):
    """Batches → text."""

    def __init__(self) -> None:
        self._of_key = np.full(1 << 17, UNKNOWN, np.int64)
        self._programs: list[Program] = []
        self._paths: list[tuple[str, ...]] | None = None
        self._assemble()
        self._out = np.empty(ROOM, np.uint8)
        self._registers = np.zeros(operations.REGISTERS, np.int64)

    @abstractmethod
    def program(self, message: Message) -> Program | None:
        """Return the program for messages like a sample."""

    @abstractmethod
    def one(
        self, message: Message, time: int, answer: Answer = NOTHING, response_in: int | None = None
    ) -> str:
        """Return the text of one message, line ends included.

        Args:
            message: the message.
            time: what its time column shows.
            answer: what it answers.
            response_in: the frame of what answers it, where that is known.
        """

    def word(self, value: Any) -> str:
        """Return the text of a file's name, a link type, a path, a checksum's status, or a protocol's name."""
        return dumps(value)

    def file(self, batch: Batch) -> str:
        """Return what is written of the file."""
        return self.word(batch.origin.file)

    def times(self, batch: Batch) -> NDArray[np.int64]:
        """Return what the time column shows."""
        return batch.time_ns

    def text(
        self, batch: Batch, answers: Answers | None = None, responses: NDArray[np.int64] | None = None
    ) -> Iterator[bytes | memoryview]:
        """Yield the text of a batch in pieces, each valid until the next is asked for.

        Args:
            batch: the messages.
            answers: what each of them answers; None where nobody has looked.
            responses: the frame of what answers each of them, -1 for none; None where that is not known.
        """
        answers = Answers.none(len(batch)) if answers is None else answers
        responses = np.full(len(batch), -1, np.int64) if responses is None else responses
        shown = self.times(batch)
        chosen = self._choose(batch)
        numbers = self._numbers(batch, shown, chosen, answers, responses)
        tables = self._assembly.tables
        version = np.where(batch.flags & layers.FOREIGN, 10 - batch.family, batch.family).astype(np.uint8)
        addresses = np.stack((batch.src, batch.dst))
        rows: Rows | None = None
        row, count = 0, len(batch)
        while row < count:
            status, row, size = render.rows(
                batch.octets, batch.icmp, batch.captured, addresses, version, numbers, chosen, *tables,
                self._registers, self._out, row, count,
            )  # fmt: skip
            if size:
                yield self._out.data[:size]
            if status != operations.HARD:
                continue
            last = row + 1
            while last < min(count, row + AT_ONCE) and chosen[last] < 0:
                last += 1
            rows = rows or Rows(batch)
            pieces = [
                self.one(
                    Message(rows, index), int(shown[index]), answers.one(index), _frame(responses[index])
                )
                for index in range(row, last)
            ]
            yield "".join(pieces).encode()
            row = last

    def _choose(self, batch: Batch) -> NDArray[np.int64]:
        """Return each row's program, HARD for rows that are not plain."""
        keys = (
            (batch.family == 6).astype(np.int64) << 16  # noqa: PLR2004 - the IP version
            | batch.type.astype(np.int64) << 8
            | batch.code
        )
        chosen = self._of_key[keys]
        if (chosen == UNKNOWN).any():
            # Not np.unique, which imports numpy.ma: half as long again as all of numpy.
            for key in sorted(set(keys[chosen == UNKNOWN].tolist())):
                self._of_key[key] = self._make(key)
            chosen = self._of_key[keys]
        plain = (
            ((batch.flags & NOT_PLAIN) == 0)
            & ((batch.record_flags & records.NO_TIME) == 0)
            & (batch.checksum_status != layers.BAD)
            & (batch.captured == batch.length)
        )
        return np.where(plain, chosen, HARD)

    def _make(self, key: int) -> int:
        """Return the number of the program for a family, type and code; HARD where there is none."""
        if not render.COMPILED:
            return HARD
        family = Family.ICMPV6 if key >> 16 else Family.ICMPV4
        message = programs.sample(family, key >> 8 & 0xFF, key & 0xFF)
        program = None if message is None else self.program(message)
        if program is None:
            return HARD
        self._programs.append(program)
        return self._assembly.program(program)

    def _numbers(
        self,
        batch: Batch,
        shown: NDArray[np.int64],
        chosen: NDArray[np.int64],
        answers: Answers,
        responses: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """Return the columns that programs name, shape (columns, n)."""
        file, links, paths = self._texts(batch)
        sizes = self._assembly.sizes if self._programs else np.zeros(1, np.int64)
        columns = {
            "file": np.full(len(batch), file),
            "time": shown,
            "link": links[batch.interface],
            "path": paths[batch.path],
            "response_to": answers.frames,
            "response_in": responses,
            "rtt_ns": answers.rtt_ns,
            "timed": (answers.frames > 0) & (answers.rtt_ns >= 0),
            "data": np.maximum(batch.captured - sizes[np.maximum(chosen, 0)], 0),
        }
        return np.array(
            [columns[name] if name in columns else getattr(batch, name) for name in programs.COLUMNS],
            np.int64,
        ).reshape(len(programs.COLUMNS), len(batch))

    def _assemble(self) -> None:
        """Begin with new tables."""
        names = [protocol_name(number) for number in range(256)]
        self._assembly = Assembly(
            {
                programs.STATUSES: [self.word(status.value) for status in STATUSES],
                programs.PROTOCOLS: [self.word(name) for name in names],
            }
        )
        for program in self._programs:
            self._assembly.program(program)

    def _texts(self, batch: Batch) -> tuple[int, NDArray[np.int64], NDArray[np.int64]]:
        """Return the numbers of the texts of the file, of each interface's link type, and of each path."""
        if self._paths is not batch.paths:
            # Paths have numbers of their own in each file, and in each part of one that a process of several reads.
            if len(self._assembly) > MOST_TEXTS:
                self._assemble()
            self._paths = batch.paths
            self._file_number = self._assembly.text(self.file(batch))
            self._link_numbers, self._path_numbers = Growing(np.int64), Growing(np.int64)
        number, word = self._assembly.text, self.word
        links, paths = self._link_numbers, self._path_numbers
        known = range(len(links), len(batch.origin.interfaces))
        links.extend([number(word(batch.origin.link(index))) for index in known])
        paths.extend([number(word(list(path))) for path in batch.paths[len(paths) :]])
        return self._file_number, links.rows, paths.rows


class Lines(Blocks):
    """A line a message.

    Args:
        time_style: one of ``TimeColumn.STYLES``.
        name_files: begin each line with the name of its file.
        color: errors in yellow, and what is wrong in itself in red.
    """

    def __init__(self, time_style: str, *, name_files: bool = False, color: bool = False) -> None:
        super().__init__()
        self.time = TimeColumn(time_style)
        self.name_files = name_files
        self.color = color

    def program(self, message: Message) -> Program | None:
        """Return the program of a line; colours are for people, who read no millions of lines."""
        return None if self.color else programs.line_program(message, self.time.style)

    def one(
        self,
        message: Message,
        time: int,
        answer: Answer = NOTHING,
        response_in: int | None = None,  # noqa: ARG002 - a line is written before that is known
    ) -> str:
        """Return a line."""
        shown = line(message, "-" if message.time_ns is None else self.time.text(time), answer)
        return f"{self.prefix(message.rows.batch)}{colored(message, shown) if self.color else shown}\n"

    def word(self, value: Any) -> str:
        """Return a name as a line has it."""
        return str(value)

    def file(self, batch: Batch) -> str:
        """Return what lines begin with."""
        return self.prefix(batch)

    def prefix(self, batch: Batch) -> str:
        """Return what the lines of a file begin with."""
        return f"{printable(batch.origin.file)}: " if self.name_files else ""

    def times(self, batch: Batch) -> NDArray[np.int64]:
        """Return the column of the style asked for."""
        return self.time.numbers(batch.time_ns, (batch.record_flags & records.NO_TIME) == 0)


class Details(Lines):
    """A tree of fields a message, or its line, and its octets if asked for.

    Args:
        time_style: one of ``TimeColumn.STYLES``.
        tree: a tree instead of a line.
        octets: the octets too.
        name_files: as in :class:`Lines`.
        color: likewise.
    """

    def __init__(
        self, time_style: str, *, tree: bool, octets: bool, name_files: bool = False, color: bool = False
    ) -> None:
        super().__init__(time_style, name_files=name_files, color=color)
        self.tree = tree
        self.octets = octets

    def program(self, message: Message) -> Program | None:  # noqa: ARG002 - these are written one by one
        """Return none."""
        return None

    def one(
        self, message: Message, time: int, answer: Answer = NOTHING, response_in: int | None = None
    ) -> str:
        """Return the lines of a message and an empty one."""
        lines = tree(message, answer) if self.tree else ()
        pieces = [f"{text}\n" for text in lines] or [super().one(message, time, answer, response_in)]
        if self.octets:
            pieces += [f"    {row}\n" for row in hexdump(message)]
        return "".join([*pieces, "\n"])


class JsonLines(Blocks):
    """A JSON object a message."""

    def program(self, message: Message) -> Program | None:
        """Return the program of an object."""
        return programs.json_program(message)

    def one(
        self,
        message: Message,
        time: int,  # noqa: ARG002 - JSON has the time itself
        answer: Answer = NOTHING,
        response_in: int | None = None,
    ) -> str:
        """Return an object."""
        return f"{dumps(record(message, answer, response_in))}\n"


def _frame(number: np.int64) -> int | None:
    """Return a frame, None for none."""
    return None if number < 0 else int(number)
