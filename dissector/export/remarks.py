"""What only some messages have, as JSON text: extension objects (RFC 4884) and findings.

Strategy: what is written as JSON by a program (see :mod:`dissector.present.programs`) has no extensions, and no
findings but those of its type and code. So the conditions of these programs sort the messages of which all is known
from those that must be read one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dissector.kernel import layers, operations
from dissector.message import messages
from dissector.present.blocks import Blocks
from dissector.present.jsonlines import dumps, extensions_json, findings_json
from dissector.present.line import NOTHING
from dissector.present.programs import UNLIMITED, json_program, sample
from dissector.registry.model import Family

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dissector.batch import Batch
    from dissector.message import Message
    from dissector.present.line import Answer
    from dissector.present.programs import Program

KINDS = 1 << 17
"""How many families, types and codes there are, in one number each."""
TESTS = (operations.ZERO, operations.QUOTE)
"""Operations that tell whether a message is plain; the others write."""
NEVER = UNLIMITED + 1


class Noted(NamedTuple):
    """Messages that have extensions or findings.

    Attributes:
        rows: which they are.
        extensions, findings: of each, as JSON; None for none.
    """

    rows: NDArray[np.int64]
    extensions: list[str | None]
    findings: list[str | None]


class Sieve(Blocks):
    """Tells which messages are not plain, by the tests of their programs."""

    def __init__(self) -> None:
        super().__init__()
        self.caught: list[int] = []

    def program(self, message: Message) -> Program | None:
        """Return the tests alone."""
        return tests_of(message)

    def one(
        self,
        message: Message,
        time: int,  # noqa: ARG002 - nothing is written
        answer: Answer = NOTHING,  # noqa: ARG002 - likewise
        response_in: int | None = None,  # noqa: ARG002 - likewise
    ) -> str:
        """Take down a message that is not plain."""
        self.caught.append(message.row)
        return ""

    def rows(self, batch: Batch) -> list[int]:
        """Return the rows that are not plain."""
        self.caught = []
        for _ in self.text(batch):
            pass
        return self.caught


class Remarks:
    """Looks for extensions and findings."""

    def __init__(self) -> None:
        self._sieve = Sieve()
        self._known = np.zeros(KINDS, np.bool_)
        self._least = np.full(KINDS, NEVER, np.int64)
        self._most = np.zeros(KINDS, np.int64)
        self._tested = np.zeros(KINDS, np.bool_)
        self._noted = np.zeros(KINDS, np.bool_)
        self._usual: dict[int, str] = {}

    def of(self, batch: Batch, kinds: NDArray[np.int32]) -> Noted:
        """Return the messages of a batch that have any.

        Args:
            batch: the messages.
            kinds: family (0 or 1), type and code of each, as one number.
        """
        if not self._known[kinds].all():
            for kind in np.flatnonzero(np.bincount(kinds[~self._known[kinds]])).tolist():
                self._learn(kind)
        captured = batch.captured
        plain = (captured >= self._least[kinds]) & (captured <= self._most[kinds])
        plain &= batch.checksum_status != layers.BAD
        tested = np.flatnonzero(plain & self._tested[kinds])
        if len(tested):
            plain[tested[self._sieve.rows(batch[tested])]] = False
        odd = np.flatnonzero(~plain)
        usual = np.flatnonzero(plain & self._noted[kinds])
        found: dict[int, tuple[str | None, str | None]] = {
            row: (None, self._usual[int(kinds[row])]) for row in usual.tolist()
        }
        for row, message in zip(odd.tolist(), messages(batch.take(odd)), strict=True):
            found[row] = _text(extensions_json(message)), _text(findings_json(message))
        rows = sorted(found)
        return Noted(
            np.array(rows, np.int64), [found[row][0] for row in rows], [found[row][1] for row in rows]
        )

    def _learn(self, kind: int) -> None:
        """Take down what is known of all plain messages of a family, type and code."""
        self._known[kind] = True
        message = sample(Family.ICMPV6 if kind >> 16 else Family.ICMPV4, kind >> 8 & 0xFF, kind & 0xFF)
        program = None if message is None else tests_of(message)
        if message is None or program is None:
            return
        self._least[kind], self._most[kind] = program.least, program.most
        self._tested[kind] = bool(program.operations)
        usual = _text(findings_json(message))
        if usual is not None:
            self._noted[kind], self._usual[kind] = True, usual


def tests_of(message: Message) -> Program | None:
    """Return the program of messages like a sample, without what it writes; None where there is none."""
    program = json_program(message)
    if program is None:
        return None
    return program._replace(operations=[step for step in program.operations if step[0] in TESTS])


def _text(found: list[object]) -> str | None:
    return dumps(found) if found else None
