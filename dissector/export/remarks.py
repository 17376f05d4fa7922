"""What only some messages have, as JSON text: extension objects (RFC 4884) and findings.

Strategy: what is written as JSON by a program (see :mod:`dissector.present.programs`) has no extensions, and no
findings but those of its type and code. So the conditions of these programs sort the messages of which all is known
from those that must be read one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dissector.export.kinds import CODELESS
from dissector.kernel import layers, operations, render
from dissector.message import messages
from dissector.present.assembly import Assembly
from dissector.present.blocks import HARD, NOT_PLAIN
from dissector.present.jsonlines import dumps, extensions_json, findings_json
from dissector.present.programs import UNLIMITED, json_program, sample
from dissector.registry.model import Family

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dissector.batch import Batch
    from dissector.export.kinds import Kinds
    from dissector.message import Message
    from dissector.present.programs import Program

TESTS = (operations.ZERO, operations.QUOTE)
"""Operations that tell whether a message is plain; the others write."""
NEVER = UNLIMITED + 1
NO_TEST = -2
"""Stands for the program of messages that need no test: all of them are plain."""
NOWHERE = np.zeros(1 << 16, np.uint8)
"""Takes what tests write, which is nothing; the kernel wants room for what as many other operations would write."""


class Noted(NamedTuple):
    """Messages that have extensions or findings.

    Attributes:
        rows: which they are.
        extensions, findings: of each, as JSON; None for none.
    """

    rows: NDArray[np.int64]
    extensions: list[str | None]
    findings: list[str | None]


class Sieve:
    """Tells which messages are not plain, by the tests of their programs."""

    def __init__(self) -> None:
        self._assembly = Assembly({})
        self._registers = np.zeros(operations.REGISTERS, np.int64)

    def add(self, program: Program) -> int:
        """Take a program, which only tests, in; return its number."""
        return self._assembly.program(program)

    def caught(self, batch: Batch, rows: NDArray[np.int64], programs: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those of some rows that are not plain, by a program each."""
        icmp, captured = batch.icmp[rows], batch.captured[rows]
        plain = (batch.flags[rows] & NOT_PLAIN == 0) & (captured == batch.length[rows])
        chosen = np.where(plain, programs, HARD)
        # What programs write of a message, but tests do not look at.
        addresses, version = np.zeros((2, len(rows), 16), np.uint8), np.zeros(len(rows), np.uint8)
        numbers = np.zeros((1, len(rows)), np.int64)
        found = []
        row, count = 0, len(rows)
        while row < count:
            status, row, _ = render.rows(
                batch.octets, icmp, captured, addresses, version, numbers, chosen, *self._assembly.tables,
                self._registers, NOWHERE, row, count,
            )  # fmt: skip
            if status != operations.DONE:
                found.append(row)
                row += 1
        return rows[found]


class Remarks:
    """Looks for extensions and findings."""

    def __init__(self) -> None:
        self._sieve = Sieve()
        self._known = np.zeros(CODELESS, np.bool_)
        self._least = np.full(CODELESS, NEVER, np.int64)
        self._most = np.zeros(CODELESS, np.int64)
        self._program = np.full(CODELESS, NO_TEST, np.int64)
        self._noted = np.zeros(CODELESS, np.bool_)
        self._usual: dict[int, str] = {}

    def of(self, batch: Batch, kinds: Kinds) -> Noted:
        """Return the messages of a batch, and of some kinds, that have any."""
        keys, captured = kinds.keys, batch.captured
        for key in keys[~self._known[keys]].tolist():
            self._learn(key)
        least, most = self._least[keys], self._most[keys]
        odd = kinds.rows((kinds.least < least) | (kinds.most > most) | kinds.bad)
        if len(odd):
            which = kinds.which[odd]
            fits = (captured[odd] >= least[which]) & (captured[odd] <= most[which])
            odd = odd[~(fits & (batch.checksum_status[odd] != layers.BAD))]
        program = self._program[keys]
        tested = kinds.rows(program != NO_TEST)
        if len(tested):
            tested = tested[np.isin(tested, odd, invert=True)] if len(odd) else tested
            caught = self._sieve.caught(batch, tested, program[kinds.which[tested]])
            odd = np.sort(np.concatenate([odd, caught]))
        usual = kinds.rows(self._noted[keys])
        found: dict[int, tuple[str | None, str | None]] = {
            row: (None, self._usual[int(keys[kinds.which[row]])]) for row in usual.tolist()
        }
        for row, message in zip(odd.tolist(), messages(batch.take(odd)) if len(odd) else (), strict=True):
            found[row] = _text(extensions_json(message)), _text(findings_json(message))
        rows = sorted(found)
        return Noted(
            np.array(rows, np.int64), [found[row][0] for row in rows], [found[row][1] for row in rows]
        )

    def _learn(self, key: int) -> None:
        """Take down what is known of all plain messages of a family, type and code."""
        self._known[key] = True
        message = sample(Family.ICMPV6 if key >> 16 else Family.ICMPV4, key >> 8 & 0xFF, key & 0xFF)
        program = None if message is None else tests_of(message)
        if message is None or program is None:
            return
        self._least[key], self._most[key] = program.least, program.most
        if program.operations:
            self._program[key] = self._sieve.add(program) if render.COMPILED else HARD
        usual = _text(findings_json(message))
        if usual is not None:
            self._noted[key], self._usual[key] = True, usual


def tests_of(message: Message) -> Program | None:
    """Return the program of messages like a sample, without what it writes; None where there is none."""
    program = json_program(message)
    if program is None:
        return None
    return program._replace(operations=[step for step in program.operations if step[0] in TESTS])


def _text(found: list[object]) -> str | None:
    return dumps(found) if found else None
