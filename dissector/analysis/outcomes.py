"""What became of the queries of a capture, in lines: by kind, by pair of hosts, by series."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dissector.analysis import statistics
from dissector.analysis.hashing import FACTORS, mix
from dissector.analysis.pairs import pairs
from dissector.analysis.payloads import origin
from dissector.layout import address_text
from dissector.registry.model import Family
from dissector.registry.table import find

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dissector.analysis.pairs import Pair
    from dissector.analysis.payloads import Origin
    from dissector.analysis.timestamps import Clock, Clocks

MESSAGES = ("sent", "unasked")
"""What there is of a series: queries, and answers without a query."""
HOSTS = ("querier", "asked")
LEVELS = (0.5, 0.95, 0.99)
"""Median, p95 and p99."""


class Rtt(NamedTuple):
    """Round-trip times of answers, in ns; the quantiles are as near as :mod:`dissector.analysis.statistics` says.

    Attributes:
        jitter: of RFC 3550, 6.4.1, in the order in which the answers came; of several series, the mean.
    """

    min: int
    mean: float
    median: float
    p95: float
    p99: float
    max: int
    stdev: float
    jitter: float


class Ended(NamedTuple):
    """Queries that ended in an error.

    Attributes:
        reporter: who sent it.
        type, code, name: what it was.
        queries: how many.
    """

    reporter: str
    type: int
    code: int
    name: str
    queries: int


class Line(NamedTuple):
    """What became of some queries: every one of ``sent`` is in one of the four that follow it.

    Attributes:
        pair: what was asked, and what answers it.
        querier, asked: who asked whom; None over all hosts.
        identifier: the series; None over all.
        sent: queries.
        answered: queries that an answer came to.
        rewritten: queries that were answered with another identifier and the same data: something on the way
            rewrote it.
        ended: queries that an error was about, and no answer came to.
        lost: queries that nothing came to.
        late, altered: of those that were answered, after the timeout, and with other data than they had.
        duplicates: further answers.
        by_others: answers by other hosts than the first, to queries to many; they are no duplicates.
        reordered: answers that came after those to later queries.
        unasked: answers without a query.
        rtt: of the first answers; None where there are none.
    """

    pair: Pair
    querier: str | None
    asked: str | None
    identifier: int | None
    sent: int
    answered: int
    rewritten: int
    ended: int
    lost: int
    late: int
    altered: int
    duplicates: int
    by_others: int
    reordered: int
    unasked: int
    rtt: Rtt | None


class Exchanged:
    """What became of the queries of a capture.

    Attributes:
        series, times: the columns, a row a series (see :mod:`dissector.analysis.exchanges`).
        given_up: queries that were forgotten before their time was over, because there were too many.
        shared: queries and answers of series that are counted together, because there were too many.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a state hands over, once
        self,
        series: NDArray[np.void],
        times: NDArray[np.void],
        histogram: statistics.Histogram,
        clocks: Clocks,
        ended: Counter[tuple[int, int]],
        reporters: NDArray[np.void],
        given_up: int,
        shared: int = 0,
    ) -> None:
        self.series = series
        self.times = times
        self.given_up = given_up
        self.shared = shared
        self._histogram = histogram
        self._clocks = clocks
        self._ended = ended
        self._reporters = reporters

    @cached_property
    def _errors(self) -> defaultdict[int | None, Counter[int]]:
        """How many queries each error ended, by the number of the series; None for all."""
        found: defaultdict[int | None, Counter[int]] = defaultdict(Counter)
        for (series, error), count in self._ended.items():
            found[series][error] += count
            found[None][error] += count
        return found

    @cached_property
    def _ended_by_series(self) -> NDArray[np.int64]:
        found = np.zeros(len(self.series), np.int64)
        for (number, _), count in self._ended.items():
            found[number] += count
        return found

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence where there were too many series."""
        if not self.shared:
            return ()
        sentence = (
            f"{self.shared} queries and answers are counted together, as between 0.0.0.0 and 0.0.0.0 or :: and ::, "
            "because there were too many series (hosts and identifiers) to keep them apart"
        )
        return (sentence,)

    def by_kind(self) -> list[Line]:
        """Return a line for each kind of exchange that occurred, in the order of the pairs."""
        kinds = self.series["number"].astype(np.int64)
        return self._lines(kinds, np.flatnonzero(np.bincount(kinds, self._messages())), hosts=False)

    def by_hosts(self, limit: int | None = None, *, of: Sequence[str] = MESSAGES) -> list[Line]:
        """Return a line for each pair of hosts and kind, those with the most messages first.

        Equal ones are in the order of their kinds, of who asks and of who is asked.

        Args:
            limit: how many, at most; None for all.
            of: which messages count, ``sent`` or ``unasked`` or both; hosts without any have no line.
        """
        first, group = self._hosts
        return self._lines(group, self._most(np.bincount(group, self._messages(of)), first, limit))

    @cached_property
    def _hosts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The first series of each pair of hosts and kind, and for each series the number of its."""
        words = [np.ascontiguousarray(self.series[name]).view(np.uint64).reshape(-1, 2) for name in HOSTS]
        hashes = self.series["number"].astype(np.uint64)
        for factor, column in zip(FACTORS, np.concatenate(words, axis=1).T, strict=False):
            hashes = mix(hashes * factor + column)
        _, first, group = np.unique(hashes, return_index=True, return_inverse=True)
        return first, group.ravel()

    def by_series(self, limit: int | None = None) -> list[Line]:
        """Return a line for each series, those with the most messages first; see :meth:`numbers`."""
        return self.of_series(self.numbers(limit))

    def of_series(self, numbers: Sequence[int]) -> list[Line]:
        """Return a line for each of some series."""
        return self._lines(np.arange(len(self.series)), np.array(numbers, np.int64))

    def numbers(self, limit: int | None = None) -> list[int]:
        """Return the numbers of the series in the order of :meth:`by_series`.

        Equal ones are in the order of their kinds, hosts, identifiers and first queries.
        """
        messages = self._messages()
        found: list[int] = self._most(messages, np.arange(len(messages)), limit).tolist()
        return found

    def _messages(self, of: Sequence[str] = MESSAGES) -> NDArray[np.int64]:
        """Return how many messages each series has."""
        return sum((self.series[name] for name in of), np.zeros(len(self.series), np.int64))

    def _most(
        self, counts: NDArray[Any], series: NDArray[np.int64], limit: int | None = None
    ) -> NDArray[np.int64]:
        """Return the places of what there is any of, most first, in an order that only the capture decides.

        There are series of nothing: those of answers that turned out to be to a query to many, or rewritten.

        Args:
            counts: how much of each.
            series: a series of each, by which equal ones are in order.
            limit: how many, at most; None for all.
        """
        places = np.flatnonzero(counts)
        if limit is not None and limit < len(places):
            # Of many few are asked for: only those are sorted.
            places = places[counts[places] >= np.sort(counts[places], kind="stable")[-limit]]
        rows, times = self.series[series[places]], self.times[series[places]]
        order = (
            times["sum"], times["count"], rows["first_ns"], rows["identifier"],
            *_words(rows["asked"]), *_words(rows["querier"]), rows["version"], rows["number"], -counts[places],
        )  # fmt: skip
        return places[np.lexsort(order)][:limit]

    def _lines(
        self, group: NDArray[np.int64], chosen: NDArray[np.int64], *, hosts: bool = True
    ) -> list[Line]:
        """Return a line for each of some groups of series.

        Args:
            group: the number of each series' group.
            chosen: the numbers of the groups, in the order of the lines.
            hosts: whether the series of a group have the same hosts.
        """
        place = np.full(int(group.max(initial=-1)) + 1, -1, np.int64)
        place[chosen] = np.arange(len(chosen))
        groups = place[group]
        members = np.flatnonzero(groups >= 0)
        order = members[np.argsort(groups[members], kind="stable")]
        starts = np.searchsorted(groups[order], np.arange(len(chosen)))
        if not len(starts):
            return []
        counts = {
            name: np.add.reduceat(self.series[name][order], starts)
            for name in ("sent", "rewritten", "duplicates", "by_others", "unasked")
        }
        ended = np.add.reduceat(self._ended_by_series[order], starts)
        times = statistics.total(self.times[order], starts)
        sizes = np.diff(np.append(starts, len(order)))
        quantiles = self._histogram.quantiles(groups, len(chosen), LEVELS)
        lines = []
        for row, start in enumerate(starts.tolist()):
            first = self.series[order[start]]
            sent, answered = int(counts["sent"][row]), int(times["count"][row])
            rewritten, stopped = int(counts["rewritten"][row]), int(ended[row])
            version = int(first["version"])
            lines.append(
                Line(
                    pairs()[first["number"]],
                    _address(first["querier"], version) if hosts else None,
                    _address(first["asked"], version) if hosts else None,
                    int(first["identifier"]) if hosts and sizes[row] == 1 else None,
                    sent,
                    answered,
                    rewritten,
                    stopped,
                    sent - answered - rewritten - stopped,
                    int(times["late"][row]),
                    int(times["altered"][row]),
                    int(counts["duplicates"][row]),
                    int(counts["by_others"][row]),
                    int(times["reordered"][row]),
                    int(counts["unasked"][row]),
                    rtt_of(times[row], quantiles[row]) if answered else None,
                )
            )
        return lines

    def ended(self, number: int | None = None) -> list[Ended]:
        """Return the errors that ended queries, of one series or of all, most frequent first.

        Equal ones are in the order of who sent them, their types and codes.
        """
        lines = []
        for error, queries in self._errors[number].items():
            row = self._reporters[error]
            kind, code, version = int(row["type"]), int(row["code"]), int(row["version"])
            family = Family.ICMPV4 if row["family"] == 4 else Family.ICMPV6  # noqa: PLR2004 - the IP version
            ended = Ended(
                _address(row["address"], version), kind, code, find(family, kind, code).name.en, queries
            )
            lines.append(((-queries, version, row["address"].tobytes(), kind, code), ended))
        return [ended for _, ended in sorted(lines)]

    def clock(self, number: int) -> Clock | None:
        """Return what the Timestamp exchanges of a series say; None if it has none."""
        return self._clocks.of(number)

    def payload(self, number: int) -> Origin | None:
        """Return whose data the first query of a series has; None where it is not an echo, or not captured."""
        row = self.series[number]
        if not pairs()[row["number"]].name.startswith("Echo") or row["size"] < 0:
            return None
        data = row["sample"].tobytes()[: int(row["sampled"])]
        return origin(data, int(row["size"]), int(row["first_ns"]))


def _words(addresses: NDArray[Any]) -> list[NDArray[np.uint64]]:
    """Return a column of addresses of 16 octets as numbers to sort by, those that matter most last."""
    return list(np.ascontiguousarray(addresses).view(">u8").reshape(-1, 2).astype(np.uint64).T[::-1])


def _address(octets: Any, version: int) -> str:
    """Return an address of a column of 16 octets as text."""
    four = version == 4  # noqa: PLR2004 - the IP version
    return address_text(IPv4Address(octets.tobytes()[:4]) if four else IPv6Address(octets.tobytes()))


def rtt_of(row: Any, quantiles: NDArray[np.float64]) -> Rtt:
    """Return the times of a row; its quantiles are no further out than its extremes."""
    low, high, count = int(row["min"]), int(row["max"]), int(row["count"])
    median, p95, p99 = (min(max(float(value), low), high) for value in quantiles)
    # The standard deviation of a sample, as tshark has that of a population: over all of them.
    stdev = float(row["squares"] / count) ** 0.5
    return Rtt(low, int(row["sum"]) / count, median, p95, p99, high, stdev, float(row["jitter"]))
