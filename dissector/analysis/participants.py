"""Which messages of a batch take part in exchanges, and by which numbers they belong together.

Every query, answer and error about a query gets a *series* (pair of hosts, kind of exchange, identifier) and a
*key* (series, sequence and what else an answer copies), the same for all that belong together. VLANs are no part
of it: where routed traffic is mirrored, query and answer are seen in different ones.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dissector.analysis.hashing import FACTORS, digest, mix
from dissector.analysis.pairs import ANSWER, QUERY, error_types, numbers, pairs, roles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dissector.analysis.hashing import Hashes
    from dissector.batch import Batch

ERROR = 3
"""The role of an error that quotes a query; see :mod:`dissector.analysis.pairs` for the others."""
HEADER = 8
"""Octets of a message before its data."""
IPV4_HEADER, IPV6_HEADER = 20, 40
ICMPV4, ICMPV6 = 1, 58
MULTICAST4, MULTICAST6, BROADCAST = 0xE0, 0xFF, 0xFF
HOME_AGENTS = 144
"""Asked at an anycast address, answered from another one (RFC 6275, 5.3)."""
_WIDE = np.uint64(0x2545F4914F6CDD1D)


class Participants(NamedTuple):
    """The messages of a batch that take part, in its order; one value a message.

    Attributes:
        rows: their rows in the batch.
        role: QUERY, ANSWER or ERROR.
        number: of the pair, see :func:`dissector.analysis.pairs.pairs`.
        start: where the query or answer begins in the octets; for an error, the one it quotes.
        captured: octets of that.
        series, key: what they belong to.
        wide: whether it is a query that others than the one asked may answer.
        without: the hash of all but identifier and sequence, for :func:`wide_keys` and :func:`loose_keys`.
        querier: the hash of who asked and of the kind.
        extra: the hash of what is copied besides them.
        identity: identifier and sequence, as the four octets were read.
    """

    rows: NDArray[np.int64]
    role: NDArray[np.uint8]
    number: NDArray[np.int16]
    start: NDArray[np.int64]
    captured: NDArray[np.int32]
    series: Hashes
    key: Hashes
    wide: NDArray[np.bool_]
    without: Hashes
    querier: Hashes
    extra: Hashes
    identity: NDArray[np.uint32]

    def wide_keys(self, which: NDArray[np.int64]) -> Hashes:
        """Return the keys of some participants without the one who is asked.

        Where nothing is copied, any answer to anyone counts: a router advertises itself to all.
        """
        tables = _tables()
        number = self.number[which]
        who = np.where(
            tables.bare[number], (number.astype(np.uint64) + np.uint64(1)) * FACTORS[4], self.querier[which]
        )
        identity = (self.identity[which] & tables.both[number]).astype(np.uint64)
        return mix(mix(who + _WIDE + identity * FACTORS[5]) + self.extra[which])

    def loose_keys(self, which: NDArray[np.int64], data: Hashes) -> Hashes:
        """Return the keys of some participants by their hosts, sequence and data, whatever the identifier."""
        sequence = (self.identity[which] & _tables().sequence[self.number[which]]).astype(np.uint64)
        return mix(mix(self.without[which] + sequence * FACTORS[6]) + data)


class Quoted(NamedTuple):
    """The queries that some errors quote.

    Attributes:
        number: of the pair; -1 where no query is quoted.
        start, captured: where the query begins, and octets of it.
        src, dst: the addresses, shape (n, 2), as :func:`_words` has them.
    """

    number: NDArray[np.int16]
    start: NDArray[np.int64]
    captured: NDArray[np.int32]
    src: NDArray[np.uint64]
    dst: NDArray[np.uint64]


class _Tables(NamedTuple):
    """By ``family << 8 | type`` or by the number of a pair: what the registry says."""

    role: NDArray[np.uint8]
    number: NDArray[np.int16]
    size: NDArray[np.int32]
    identifier: NDArray[np.uint32]
    sequence: NDArray[np.uint32]
    both: NDArray[np.uint32]
    bare: NDArray[np.bool_]
    target: tuple[int, ...]
    anycast: tuple[int, ...]


@cache
def _tables() -> _Tables:
    every = pairs()
    role = roles().copy()
    role[error_types()] = ERROR
    masks = np.zeros((len(every), 2), np.uint32)
    for pair in every:
        for identity in pair.identities:
            if identity.start < HEADER:
                # Octets 4 to 7 are read as one little-endian number, which is what their place in a mask is by.
                bits = (1 << 8 * identity.size) - 1 << 8 * (identity.start - 4)
                masks[pair.number, int(identity.name == "sequence")] |= bits
    return _Tables(
        role.ravel(),
        numbers().ravel(),
        np.array([max(pair.size, HEADER) for pair in every], np.int32),
        masks[:, 0],
        masks[:, 1],
        masks[:, 0] | masks[:, 1],
        np.array([not pair.identities for pair in every]),
        tuple(pair.number for pair in every if pair.has("target")),
        tuple(pair.number for pair in every if pair.family == "icmpv6" and pair.query == HOME_AGENTS),
    )


def participants(batch: Batch) -> Participants:
    """Return the messages of a batch that take part in exchanges."""
    tables = _tables()
    kinds = batch.family.astype(np.int64) << 8 | batch.type
    role, number = tables.role[kinds], tables.number[kinds]
    fits = batch.captured >= tables.size[number]
    errors = np.flatnonzero(role == ERROR)
    about = quoted(batch.octets, batch.icmp[errors], batch.captured[errors], batch.family[errors])
    number[errors] = about.number
    fits[errors] = about.captured >= tables.size[about.number]
    rows = np.flatnonzero((number >= 0) & fits)
    start, captured = batch.icmp[rows], batch.captured[rows]
    src, dst = _words(batch.src, rows), _words(batch.dst, rows)
    used = fits[errors] & (about.number >= 0)
    if used.any():
        at = np.searchsorted(rows, errors[used])
        start[at], captured[at] = about.start[used], about.captured[used]
        src[at], dst[at] = about.src[used], about.dst[used]
    role, number = role[rows], number[rows]
    return _keyed(batch, rows, role, number, start, captured, src, dst)


def _keyed(  # noqa: PLR0913, PLR0917 - the columns of one step on their way to the next
    batch: Batch,
    rows: NDArray[np.int64],
    role: NDArray[np.uint8],
    number: NDArray[np.int16],
    start: NDArray[np.int64],
    captured: NDArray[np.int32],
    src: NDArray[np.uint64],
    dst: NDArray[np.uint64],
) -> Participants:
    """Return participants with the numbers they belong together by."""
    tables = _tables()
    octets = batch.octets
    answer = role == ANSWER
    wide = np.zeros(len(rows), np.bool_)
    extra = np.zeros(len(rows), np.uint64)
    asking, asked = np.where(answer, dst[:, 0], src[:, 0]), np.where(answer, src[:, 0], dst[:, 0])
    who, whom = asking * FACTORS[0], asked * FACTORS[1]
    if src[:, 1].any() or dst[:, 1].any():
        who += np.where(answer, dst[:, 1], src[:, 1]) * FACTORS[2]
        whom += np.where(answer, src[:, 1], dst[:, 1]) * FACTORS[3]
    queries = role == QUERY
    first = dst[:, 0].astype(np.uint8)
    four = batch.family[rows] == 4  # noqa: PLR2004 - the IP version
    last = (dst[:, 0] >> np.uint64(24)).astype(np.uint8)
    to_many = np.where(four, (first >= MULTICAST4) | (last == BROADCAST), first == MULTICAST6)
    if to_many.any() or tables.bare[number].any():
        wide = queries & (to_many | tables.bare[number])
    for pair in pairs():
        beyond = [field for field in pair.identities if field.start >= HEADER]
        if not beyond and pair.number not in tables.anycast:
            continue
        which = np.flatnonzero(number == pair.number)
        if not len(which):
            continue
        for field in beyond:
            sizes = np.full(len(which), field.size, np.int64)
            extra[which] += digest(octets, start[which] + field.start, sizes)
        if pair.number in tables.target:
            # Who is asked is told by the target; whoever has no address yet is answered to all
            # (RFC 4861, 4.3 and 4.4).
            whom[which] = 0
            who[which[answer[which] & to_many[which]]] = 0
            wide[which] = False
        elif pair.number in tables.anycast:
            wide[which] = queries[which]
    kind = (number.astype(np.uint64) + np.uint64(1)) * FACTORS[4]
    # The hashes of addresses are sums until here; the kind and then the identifier are added, and
    # one round of mixing makes a series of them.
    who += kind
    whom += who
    identity = np.ndarray((max(len(octets) - 3, 0),), "<u4", octets, strides=(1,))[start + 4]
    identifiers = (identity & tables.identifier[number]).astype(np.uint64)
    series = mix(whom + identifiers * FACTORS[5] + extra)
    key = (identity & tables.sequence[number]).astype(np.uint64)
    key *= FACTORS[6]
    key += series
    return Participants(
        rows, role, number, start, captured, series, mix(key), wide, whom, who, extra, identity
    )


def _words(addresses: NDArray[np.uint8], rows: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return some addresses of a batch as two 64-bit words each."""
    # As one number of 16 octets each, they are gathered at once.
    return np.ascontiguousarray(addresses).view(np.complex128).ravel()[rows].view(np.uint64).reshape(-1, 2)


def quoted(
    octets: NDArray[np.uint8],
    start: NDArray[np.int64],
    captured: NDArray[np.int32],
    family: NDArray[np.uint8],
) -> Quoted:
    """Return the queries that some errors quote.

    Args:
        octets: the octets of a batch.
        start: where each error begins.
        captured: octets of it.
        family: 4 or 6.
    """
    tables = _tables()
    count = len(start)
    number = np.full(count, -1, np.int16)
    inner, left = start.copy(), np.zeros(count, np.int32)
    src, dst = np.zeros((count, 2), np.uint64), np.zeros((count, 2), np.uint64)
    four = family == 4  # noqa: PLR2004 - the IP version
    needs = HEADER + np.where(four, IPV4_HEADER, IPV6_HEADER) + HEADER
    rows = np.flatnonzero(captured >= needs)
    at = start[rows] + HEADER
    version = octets[at] >> 4
    size = np.where(version == 4, (octets[at] & 15).astype(np.int64) * 4, IPV6_HEADER)  # noqa: PLR2004 - octets
    # A later fragment has no ICMP header; behind extension headers of IPv6 the query is not looked for.
    offset = (octets[at + 6] & 0x1F).astype(np.int64) << 8 | octets[at + 7]
    icmp4 = (version == 4) & (octets[at + 9] == ICMPV4) & (offset == 0) & (size >= IPV4_HEADER)  # noqa: PLR2004 - octets
    icmp6 = (version == 6) & (octets[at + 6] == ICMPV6)  # noqa: PLR2004 - the IP version
    right = np.where(four[rows], icmp4, icmp6) & (captured[rows] >= HEADER + size + HEADER)
    rows, at, size = rows[right], at[right], size[right]
    inner[rows] = at + size
    left[rows] = captured[rows] - HEADER - size
    kinds = family[rows].astype(np.int64) << 8 | octets[inner[rows]]
    number[rows] = np.where(tables.role[kinds] == QUERY, tables.number[kinds], -1)
    for version_rows, where, width in ((rows[four[rows]], 12, 4), (rows[~four[rows]], 8, 16)):
        places = start[version_rows] + HEADER + where
        for column, begin in ((src, places), (dst, places + width)):
            found = np.zeros((len(version_rows), 16), np.uint8)
            found[:, :width] = octets[begin[:, None] + np.arange(width)]
            column[version_rows] = found.view(np.uint64)
    return Quoted(number, inner, left, src, dst)
