"""The table ``exchanges``: what became of each query, a row each, in the order of the capture.

Strategy: queries are rows from when they are seen. Answers and errors are put to them, and what no answer can come to
any more leaves, so that few rows are there at a time.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np

from dissector.analysis.pairing import Pairing, data_of, loose_keys
from dissector.analysis.pairs import pairs
from dissector.analysis.reporters import versions
from dissector.analysis.series import differs, identifiers, returning
from dissector.analysis.succession import DISORDER_NS
from dissector.export.answers import HELD, NONE
from dissector.export.columns import Addresses, Values, Words
from dissector.export.schema import BOOLEAN, TEXT, TIME, Column
from dissector.export.table import Table
from dissector.kernel.tables import ANSWER, ERROR
from dissector.registry.table import find

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from dissector.analysis.pairing import Joined
    from dissector.analysis.participants import Participants
    from dissector.batch import Batch
    from dissector.registry.model import Family

COLUMNS = (
    Column("file", TEXT, doc="The file of the query, as it was named.", nullable=False),
    Column("frame", "BIGINT", doc="Frame of the query.", nullable=False),
    Column("time", TIME, "UTC", "When the query was captured."),
    Column("exchange", TEXT, doc="Types of query and answer: `8/0`, `v6 128/129`.", nullable=False),
    Column("name", TEXT, doc="Name of the query's type.", nullable=False),
    Column("querier", TEXT, doc="Who asked.", nullable=False),
    Column("asked", TEXT, doc="Who was asked.", nullable=False),
    Column("identifier", "USMALLINT", doc="Identifier of the query, where its kind has one."),
    Column("sequence", "USMALLINT", doc="Sequence number of the query, where its kind has one."),
    Column(
        "outcome",
        TEXT,
        doc="`answered`; `rewritten`: answered with another identifier and the same data; `error`: an ICMP error "
        "is about it, and no answer came; `unanswered`.",
        nullable=False,
    ),
    Column("response_in", "BIGINT", doc="Frame of the first answer."),
    Column("response_file", TEXT, doc="The file of that frame."),
    Column("responder", TEXT, doc="Who answered first; not who was asked where that is many."),
    Column("rtt_ns", "BIGINT", "ns", "Time between query and first answer."),
    Column("late", BOOLEAN, doc="Whether that came after the timeout of 2 s.", nullable=False),
    Column("altered", BOOLEAN, doc="Whether it has other data than it should return.", nullable=False),
    Column("duplicates", "BIGINT", doc="Further answers.", nullable=False),
    Column(
        "by_others",
        "BIGINT",
        doc="Answers by other hosts than the first, where many were asked; they are no duplicates.",
        nullable=False,
    ),
    Column("rewritten_as", "USMALLINT", doc="Identifier of the answer, where it was rewritten on the way."),
    Column("error_in", "BIGINT", doc="Frame of the first error about it."),
    Column("error_file", TEXT, doc="The file of that frame."),
    Column("error_from", TEXT, doc="Who sent that error."),
    Column("error_type", "UTINYINT", doc="Its type."),
    Column("error_code", "UTINYINT", doc="Its code."),
    Column("error_name", TEXT, doc="Its code's name."),
)
"""Its columns."""
OUTCOMES = ("answered", "rewritten", "error", "unanswered")
ANSWERED, REWRITTEN, ENDED, UNANSWERED = range(4)
QUERIES = np.dtype(
    [
        ("order", np.int64),
        ("frame", np.int64),
        ("time_ns", np.int64),
        ("response_in", np.int64),
        ("rtt_ns", np.int64),
        ("duplicates", np.int64),
        ("by_others", np.int64),
        ("error_in", np.int64),
        ("file", np.int32),
        ("response_file", np.int32),
        ("error_file", np.int32),
        ("digest", np.uint64),
        ("loose", np.uint64),
        ("querier", "V16"),
        ("asked", "V16"),
        ("responder", "V16"),
        ("error_from", "V16"),
        ("size", np.int32),
        ("identifier", np.int32),
        ("sequence", np.int32),
        ("rewritten_as", np.int32),
        ("number", np.int16),
        ("version", np.uint8),
        ("error_version", np.uint8),
        ("error_type", np.uint8),
        ("error_code", np.uint8),
        ("altered", np.bool_),
    ]
)
"""A query and what became of it; -1 where a number is not known. ``order``, ``digest``, ``size`` and ``loose`` are
those of :data:`dissector.analysis.open_queries.OPEN`."""
UNASKED = np.dtype(
    [
        ("order", np.int64),
        ("frame", np.int64),
        ("time_ns", np.int64),
        ("file", np.int32),
        ("loose", np.uint64),
        ("responder", "V16"),
        ("identifier", np.int32),
    ]
)
"""An answer without a query: another identifier may have been rewritten into its own."""
UNKNOWN = ("response_in", "rtt_ns", "error_in", "rewritten_as")
"""Columns of QUERIES that are -1 at first."""


class Queries:
    """The queries of captures that follow one another in time."""

    def __init__(self) -> None:
        self.pairing = Pairing()
        self.files = Words()
        self.file = NONE
        self.open: deque[NDArray[np.void]] = deque()
        self.unasked = np.zeros(0, UNASKED)
        self._words = {column.name: Addresses() for column in COLUMNS if column.type == TEXT}

    def add(self, batch: Batch) -> Iterator[Table]:
        """Take in a batch, and yield the queries whose time is over then."""
        self.file = self.files.number(batch.origin.file)
        before = self.pairing.seen
        joined = self.pairing.join(batch)
        order = self.pairing.open.rows["order"][self.pairing.open.at(joined.place)]
        self.pairing.expire()
        self._ask(batch, joined, before)
        self._answer(batch, joined, order)
        self._wonder(batch, joined, before)
        yield from self.over()

    def over(self, *, every: bool = False) -> Iterator[Table]:
        """Yield the queries whose time is over, or all."""
        oldest = self.pairing.now - self.pairing.reach_ns
        octets = sum(stretch.nbytes for stretch in self.open)
        while self.open and (every or octets > HELD or int(self.open[0]["time_ns"].max()) < oldest):
            stretch = self.open.popleft()
            octets -= stretch.nbytes
            self._take_rewritten(stretch)
            yield self._table(stretch)
        first = int(self.open[0]["order"][0]) if self.open else self.pairing.seen
        self.unasked = self.unasked[self.unasked["order"] > first]

    def _ask(self, batch: Batch, joined: Joined, before: int) -> None:
        """Take in the queries of a batch."""
        parts, which = joined.parts, joined.asking
        if not len(which):
            return
        rows = parts.rows[which]
        made = np.zeros(len(which), QUERIES)
        for name in UNKNOWN:
            made[name] = NONE
        made["order"], made["frame"], made["time_ns"] = rows + before, batch.frame[rows], batch.time_ns[rows]
        made["file"] = self.file
        made["querier"], made["asked"] = _addresses(batch.src[rows]), _addresses(batch.dst[rows])
        made["number"], made["version"] = parts.number[which], versions(batch, rows)
        made["loose"], made["digest"], made["size"] = loose_keys(batch, parts, which)
        for name in ("identifier", "sequence"):
            made[name] = _identities(batch, parts, which, name)
        self.open.append(made)

    def _answer(self, batch: Batch, joined: Joined, order: NDArray[np.int64]) -> None:
        """Put answers and errors to their queries, which have these numbers."""
        parts, response, first, by_other = joined.parts, joined.response, joined.first, joined.by_other
        for stretch in reversed(self.open):
            if not len(response):
                return
            at = np.minimum(np.searchsorted(stretch["order"], order), len(stretch) - 1)
            here = stretch["order"][at] == order
            self._put(batch, parts, stretch, at[here], response[here], first[here], by_other[here])
            response, order, first, by_other = (
                column[~here] for column in (response, order, first, by_other)
            )

    def _put(  # noqa: PLR0913, PLR0917 - the columns of one step on their way to the next
        self,
        batch: Batch,
        parts: Participants,
        stretch: NDArray[np.void],
        at: NDArray[np.int64],
        response: NDArray[np.int64],
        first: NDArray[np.bool_],
        by_other: NDArray[np.bool_],
    ) -> None:
        """Put some answers and errors to the queries at some places of a stretch."""
        role = parts.role[response]
        np.add.at(stretch["by_others"], at[by_other], 1)
        np.add.at(stretch["duplicates"], at[(role == ANSWER) & ~first & ~by_other], 1)
        answers = (role == ANSWER) & first
        which, place = response[answers], at[answers]
        rows = parts.rows[which]
        stretch["response_in"][place], stretch["response_file"][place] = batch.frame[rows], self.file
        stretch["rtt_ns"][place] = np.maximum(batch.time_ns[rows] - stretch["time_ns"][place], 0)
        stretch["responder"][place] = _addresses(batch.src[rows])
        compared = returning()[parts.number[which]]
        data, sizes = data_of(batch, parts, which)
        stretch["altered"][place] = compared & differs(stretch[place], data, sizes)
        errors = (role == ERROR) & first
        place, rows = at[errors], parts.rows[response[errors]]
        stretch["error_in"][place], stretch["error_file"][place] = batch.frame[rows], self.file
        stretch["error_from"][place], stretch["error_version"][place] = (
            _addresses(batch.src[rows]),
            versions(batch, rows),
        )
        stretch["error_type"][place], stretch["error_code"][place] = batch.type[rows], batch.code[rows]

    def _wonder(self, batch: Batch, joined: Joined, before: int) -> None:
        """Take down the answers that have no query."""
        parts = joined.parts
        which = joined.unasked[parts.role[joined.unasked] == ANSWER]
        if not len(which):
            return
        rows = parts.rows[which]
        made = np.zeros(len(which), UNASKED)
        made["order"], made["frame"], made["time_ns"] = rows + before, batch.frame[rows], batch.time_ns[rows]
        made["file"], made["loose"] = self.file, loose_keys(batch, parts, which)[0]
        made["responder"], made["identifier"] = _addresses(batch.src[rows]), identifiers(parts, which)
        self.unasked = np.concatenate([self.unasked, made])[-self.pairing.limit :]

    def _take_rewritten(self, stretch: NDArray[np.void]) -> None:
        """Give queries without an answer the one that has their hosts, sequence and data, and another identifier.

        Each takes the earliest that no other has taken.
        """
        left = np.flatnonzero((stretch["response_in"] < 0) & (stretch["loose"] != 0))
        left = left[np.isin(stretch["loose"][left], self.unasked["loose"])]
        for row in left.tolist():
            query, later = stretch[row], self.unasked["time_ns"] - stretch["time_ns"][row]
            fits = (self.unasked["loose"] == query["loose"]) & (self.unasked["order"] > query["order"])
            found = np.flatnonzero(fits & (later <= self.pairing.reach_ns))
            if len(found):
                answer = self.unasked[found[0]]
                for name, told in (
                    ("response_in", "frame"),
                    ("response_file", "file"),
                    ("responder", "responder"),
                ):
                    stretch[name][row] = answer[told]
                stretch["rtt_ns"][row] = max(int(later[found[0]]), 0)
                stretch["rewritten_as"][row] = answer["identifier"]
                self.unasked["loose"][found[0]] = 0

    def _table(self, stretch: NDArray[np.void]) -> Table:
        """Return queries as rows."""
        answered, rewritten, ended = (
            stretch[name] >= 0 for name in ("response_in", "rewritten_as", "error_in")
        )
        outcome = np.where(
            answered, np.where(rewritten, REWRITTEN, ANSWERED), np.where(ended, ENDED, UNANSWERED)
        )
        every = pairs()
        made = {
            "file": Values(stretch["file"], None, self.files.texts),
            "response_file": Values.of(stretch["response_file"], ~answered, self.files.texts),
            "error_file": Values.of(stretch["error_file"], ~ended, self.files.texts),
            "time": Values(stretch["time_ns"]),
            "exchange": Values(stretch["number"], None, [pair.label for pair in every]),
            "name": Values(stretch["number"], None, [pair.name for pair in every]),
            "outcome": Values(outcome, None, OUTCOMES),
            "late": Values(stretch["rtt_ns"] > self.pairing.timeout_ns),
        }
        for name in ("frame", "altered", "duplicates", "by_others"):
            made[name] = Values(stretch[name])
        for name in ("identifier", "sequence", "response_in", "rtt_ns", "rewritten_as", "error_in"):
            made[name] = Values.of(stretch[name], stretch[name] < 0)
        for name in ("error_type", "error_code"):
            made[name] = Values.of(stretch[name], ~ended)
        made["error_name"] = self._error_names(stretch, ended)
        for name, there, version in (
            ("querier", None, "version"),
            ("asked", None, "version"),
            ("responder", answered, "version"),
            ("error_from", ended, "error_version"),
        ):
            rows = slice(None) if there is None else there
            octets = np.ascontiguousarray(stretch[name][rows]).view(np.uint8).reshape(-1, 16)
            words = self._words[name]
            numbers = words.find(octets, stretch[version][rows])
            made[name] = Values(numbers, None if there is None else ~there, words.texts)
        return Table(len(stretch), made)

    def _error_names(self, stretch: NDArray[np.void], ended: NDArray[np.bool_]) -> Values:
        """Return the names of the errors."""
        words = Words()
        number = stretch["number"][ended]
        kinds = zip(
            number.tolist(),
            stretch["error_type"][ended].tolist(),
            stretch["error_code"][ended].tolist(),
            strict=True,
        )
        every = pairs()
        found = [words.number(_name(every[pair].family, kind, code)) for pair, kind, code in kinds]
        return Values(np.array(found, np.int32), ~ended, words.texts)


def _name(family: Family, kind: int, code: int) -> str:
    return find(family, kind, code).name.en


def _addresses(octets: NDArray[np.uint8]) -> NDArray[Any]:
    """Return addresses of 16 octets as single values."""
    return np.ascontiguousarray(octets).view("V16").reshape(len(octets))


def _identities(batch: Batch, parts: Participants, which: NDArray[np.int64], name: str) -> NDArray[np.int32]:
    """Return identifiers or sequence numbers, -1 for kinds that have none."""
    found = np.full(len(which), NONE, np.int32)
    for pair in pairs():
        here = np.flatnonzero(parts.number[which] == pair.number)
        for identity in pair.identities:
            if len(here) and identity.name == name:
                places = parts.start[which[here]] + identity.start
                found[here] = 0
                for octet in range(identity.size):
                    found[here] = found[here] << 8 | batch.octets[places + octet]
    return found


def exchanges(captures: Iterable[Iterable[Batch]]) -> Iterator[Table]:
    """Yield the queries of some captures.

    Answers are looked for in the next capture, too, unless it begins before this one ends: captures that do not
    follow one another are each by itself.
    """
    queries = Queries()
    for batches in captures:
        begun = False
        for batch in filter(len, batches):
            if not begun and int(batch.time_ns[0]) < queries.pairing.now - DISORDER_NS:
                yield from queries.over(every=True)
                queries = Queries()
            begun = True
            yield from queries.add(batch)
    yield from queries.over(every=True)
