"""What is kept of series of exchanges, and how queries are compared with what answers them."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dissector.analysis.pairs import pairs
from dissector.analysis.participants import HEADER
from dissector.analysis.payloads import SAMPLE
from dissector.registry.model import Family
from dissector.registry.table import message_type

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dissector.analysis.participants import Participants
    from dissector.batch import Batch

SERIES = np.dtype(
    [
        ("number", np.int16),
        ("version", np.uint8),
        ("identifier", np.uint16),
        ("querier", "V16"),
        ("asked", "V16"),
        ("first_ns", np.int64),
        ("last_ns", np.int64),
        ("sent", np.int64),
        ("duplicates", np.int64),
        ("rewritten", np.int64),
        ("rewritten_as", np.int32),
        ("unasked", np.int64),
        ("size", np.int32),
        ("sampled", np.uint8),
        ("sample", f"V{SAMPLE}"),
    ]
)
"""What is known of a series: ``number`` of its pair, who asks whom, when, how often what happened, and the data
of its first query (``size`` octets, of which the first ``sampled`` are in ``sample``)."""

UNASKED = np.dtype(
    [
        ("key", np.uint64),
        ("wide", np.uint64),
        ("loose", np.uint64),
        ("digest", np.uint64),
        ("time_ns", np.int64),
        ("order", np.int64),
        ("series", np.int64),
        ("row", np.int64),
        ("size", np.int32),
        ("error", np.int32),
        ("identifier", np.uint16),
        ("role", np.uint8),
        ("times", np.uint32, (3,)),
    ]
)
"""An answer without a query, or at the beginning of a stretch an error about none: the columns of OPEN, the keys
by which its query could yet be found, the number of its series, the row of times that begins after it (-1: none),
and the three times of a Timestamp Reply."""

COUNTS = ("sent", "duplicates", "rewritten", "unasked")
"""The columns of SERIES that are counts."""
TIMESTAMP = 13
UNKNOWN = np.uint32(0xFFFFFFFF)
"""Stands for a time that was not captured."""


class Answers(NamedTuple):
    """Answers that are not in rows yet, by their arrival: row of times, RTT, order of the query, and two flags."""

    row: NDArray[np.int64]
    rtt: NDArray[np.int64]
    order: NDArray[np.int64]
    late: NDArray[np.bool_]
    altered: NDArray[np.bool_]


class Closed(NamedTuple):
    """What became of queries that no answer came to.

    Attributes:
        series: the number of the series of each.
        taken: the index of the answer with another identifier, -1 for none.
        error: the number of the error that ended it, -1 for none.
    """

    series: NDArray[np.int64]
    taken: NDArray[np.int64]
    error: NDArray[np.int64]


@cache
def returning() -> NDArray[np.bool_]:
    """Return which pairs have an answer that must return the query's data: same shape, nothing else to tell."""
    found = []
    for pair in pairs():
        query, answer = (message_type(pair.family, number).shape for number in (pair.query, pair.answer))
        told = {field.name for field in query.layout.fields} - {"type", "code", "checksum"}
        found.append(query is answer and told == {"identifier", "sequence"})
    return np.array(found)


@cache
def timestamp_pair() -> int:
    """Return the number of the pair of Timestamp and Timestamp Reply."""
    return next(pair.number for pair in pairs() if pair.family is Family.ICMPV4 and pair.query == TIMESTAMP)


def grown(table: NDArray[Any], count: int) -> NDArray[Any]:
    """Return a table with room for so many rows: itself, or a copy twice as long."""
    if count <= len(table):
        return table
    return np.concatenate([table, np.zeros(max(count, 2 * len(table)) - len(table), table.dtype)])


def ranked(owner: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return rows by their place among those of their owner: all first ones, all second ones, and so on."""
    order = np.argsort(owner, kind="stable")
    sorted_owner = owner[order]
    starts = np.append(True, sorted_owner[1:] != sorted_owner[:-1])[: len(owner)]
    at = np.arange(len(owner))
    rank = at - np.maximum.accumulate(np.where(starts, at, 0))
    return [order[rank == place] for place in range(int(rank.max(initial=-1)) + 1)]


def ends(closed: Closed) -> Counter[tuple[int, int]]:
    """Return how many queries of each series each error ended."""
    ended = np.flatnonzero(closed.error >= 0)
    both, counts = np.unique(closed.series[ended] << 32 | closed.error[ended], return_counts=True)
    return Counter(
        {
            (one >> 32, one & 0xFFFFFFFF): count
            for one, count in zip(both.tolist(), counts.tolist(), strict=True)
        }
    )


def identifiers(parts: Participants, which: NDArray[np.int64]) -> NDArray[np.uint16]:
    """Return the identifiers of some participants, 0 for those of kinds that have none."""
    has = np.array([pair.has("identifier") for pair in pairs()])[parts.number[which]]
    found: NDArray[np.uint16] = np.where(
        has, parts.identity[which].astype(np.uint16).byteswap(), np.uint16(0)
    )
    return found


def times_of(batch: Batch, parts: Participants, which: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Return the three times of Timestamp messages, shape (n, 3); all UNKNOWN where they were cut off."""
    times = np.full((len(which), 3), UNKNOWN, np.uint32)
    there = np.flatnonzero(parts.captured[which] >= HEADER + times.itemsize * 3)
    words = batch.octets[parts.start[which[there]][:, None] + HEADER + np.arange(12)]
    times[there] = words.view(">u4")
    return times


def distinct(values: NDArray[np.int64]) -> list[int]:
    """Return the values that there are; nearly always there is but one."""
    if len(values) and int(values.min()) == int(values.max()):
        return [int(values[0])]
    found: list[int] = np.unique(values).tolist()
    return found


def different(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Return which rows of words differ."""
    found = one[:, 0] ^ other[:, 0]
    for column in range(1, one.shape[1]):
        found |= one[:, column] ^ other[:, column]
    unlike: NDArray[np.bool_] = found != 0
    return unlike


def differs(
    queries: NDArray[np.void], data: NDArray[np.uint64], sizes: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which answers differ from their queries, as far as the digests of their data are known."""
    known = (queries["digest"] != 0) & (data != 0)
    found: NDArray[np.bool_] = (queries["size"] != sizes) | (known & (queries["digest"] != data))
    return found
