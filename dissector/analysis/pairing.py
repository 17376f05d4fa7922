"""Queries joined with what answers them: over the edges of batches, in one pass, with bounded memory.

An answer belongs to the latest query before it (by the order of the capture) that has its key, if that was not
longer ago than the reach. So identifiers and sequences can be used again and again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dissector.analysis.hashing import digest
from dissector.analysis.pairs import ANSWER, QUERY
from dissector.analysis.participants import ERROR, HEADER, Participants, Sorter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dissector.analysis.hashing import Hashes
    from dissector.batch import Batch

SECOND = 1_000_000_000
TIMEOUT_NS = 2 * SECOND
"""Default: an answer after this is late."""
REACH = 5
"""So many timeouts after a query its answers are still looked for."""
LIMIT = 1 << 20
"""Default: so many queries are kept to be answered."""
SIGNIFICANT = 8
"""Octets of data from which on a message is known again by them, if its identifier was rewritten."""

OPEN = np.dtype(
    [
        ("key", np.uint64),
        ("series", np.uint64),
        ("time_ns", np.int64),
        ("frame", np.int64),
        ("order", np.int64),
        ("digest", np.uint64),
        ("loose", np.uint64),
        ("error", np.int32),
        ("size", np.int32),
        ("answered", np.bool_),
    ]
)
"""A query that may still be answered: ``order`` counts messages from 0, ``digest`` is that of its data (of
``size`` octets), ``loose`` its key without identifier (0: none), ``error`` the place of the error that ended it
in a list of the owner, -1 for none."""

UNASKED = np.dtype([*((name, OPEN[name]) for name in OPEN.names or () if name != "answered"), ("wide", np.uint64)])
"""An answer without a query, or an error about none (``error`` is then its place): ``wide`` is its wide key."""


class Joined(NamedTuple):
    """What became of the participants of a batch.

    Attributes:
        parts: the participants.
        response: answers and errors that have a query, in the order of the batch; indices in ``parts``.
        query: the query of each, index in ``parts``; -1 where it is of an earlier batch.
        asked: the query of each, as far as it is known where it is of this batch: dtype OPEN.
        first: whether it is the first answer to its query (or the first error about it).
        unasked: answers and errors that have none; indices in ``parts``.
    """

    parts: Participants
    response: NDArray[np.int64]
    query: NDArray[np.int64]
    asked: NDArray[np.void]
    first: NDArray[np.bool_]
    unasked: NDArray[np.int64]


class Pairing:
    """Pairs queries and answers of a stream of batches.

    Args:
        timeout_ns: an answer after this is late; after five times this it is no answer any more.
        limit: how many queries are kept to be answered; beyond, the oldest are given up.

    Attributes:
        given_up: queries that were given up for the limit's sake.
    """

    def __init__(self, timeout_ns: int = TIMEOUT_NS, limit: int = LIMIT) -> None:
        self.timeout_ns = timeout_ns
        self.reach_ns = REACH * timeout_ns
        self.limit = limit
        self.given_up = 0
        self.seen = 0
        self.now = -(1 << 62)
        self.open: list[NDArray[np.void]] = []
        self._wide = False
        self._sorter = Sorter()

    def pair(self, batch: Batch) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return for each message of a batch the frame of the query that it answers, and the RTT.

        Batches must come in the order of the capture.

        Returns:
            Frame, from 1, and nanoseconds; both -1 for what answers nothing. Further answers count too.
        """
        joined = self.join(batch)
        frames, rtt = np.full(len(batch), -1, np.int64), np.full(len(batch), -1, np.int64)
        answers = np.flatnonzero(joined.parts.role[joined.response] == ANSWER)
        rows = joined.parts.rows[joined.response[answers]]
        frames[rows] = joined.asked["frame"][answers]
        rtt[rows] = np.maximum(batch.time_ns[rows] - joined.asked["time_ns"][answers], -1)
        self.expire()
        return frames, rtt

    def join(self, batch: Batch) -> Joined:
        """Return what became of the participants of a batch; its queries are then open."""
        parts = self._sorter.participants(batch)
        times = batch.time_ns[parts.rows]
        response, query, unasked = latest(parts.key, parts.role, ~parts.wide)
        asked = self._asked(parts, batch, query)
        response, query, asked, unasked = self._found(
            parts.key[unasked], response, query, asked, unasked, times
        )
        if self._wide or parts.wide.any():
            self._wide = True
            response, query, asked, unasked = self._widely(parts, batch, response, query, asked, unasked, times)
        near = times[response] - asked["time_ns"] <= self.reach_ns
        if not near.all():
            unasked = np.sort(np.concatenate([unasked, response[~near]]))
            response, query, asked = response[near], query[near], asked[near]
        order = np.argsort(response, kind="stable")
        response, query, asked = response[order], query[order], asked[order]
        first = self._first(parts, response, asked)
        self._open(parts, batch, response, query, first)
        self.seen += len(batch)
        if len(batch):
            self.now = max(self.now, int(batch.time_ns.max()))
        return Joined(parts, response, query, asked, first, unasked)
