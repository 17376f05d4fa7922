"""Which messages of a batch take part in exchanges, and by which words they belong together.

Every query, answer and error about a query gets a *key*, the same for all that belong together: the words of who
asks and who is asked, of the kind of exchange with identifier and sequence, and of what else an answer copies. Without
the sequence it is the key of their *series*. VLANs are no part of it: where routed traffic is mirrored, query and
answer are seen in different ones.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dissector import kernel
from dissector.analysis.hashing import FACTORS, mix, words_of
from dissector.analysis.pairs import error_types, numbers, pairs, roles
from dissector.kernel.tables import ANSWER, ERROR, KIND, QUERY, WIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dissector.analysis.hashing import Hashes
    from dissector.batch import Batch

HEADER = 8
"""Octets of a message before its data."""
IPV4_HEADER, IPV6_HEADER = 20, 40
ICMPV4, ICMPV6 = 1, 58
MULTICAST4, MULTICAST6, BROADCAST = 0xE0, 0xFF, 0xFF
HOME_AGENTS = 144
"""Asked at an anycast address, answered from another one (RFC 6275, 5.3)."""
WORDS = 8
"""Words of a key: two for each address, one for kind, identifier and sequence, three for what else is copied."""
ASKING, ASKED, COPIED = slice(0, 2), slice(2, 4), slice(KIND + 1, WORDS)
_NUMBER_AT = np.uint64(32)
"""Where in the word of the kind the number of the pair is; identifier and sequence are below it."""


class Participants(NamedTuple):
    """The messages of a batch that take part, in its order; one value a message.

    Attributes:
        rows: their rows in the batch.
        role: QUERY, ANSWER or ERROR.
        number: of the pair, see :func:`dissector.analysis.pairs.pairs`.
        start: where the query or answer begins in the octets; for an error, the one it quotes.
        captured: octets of that.
        key: what they belong to, shape (n, WORDS).
        wide: whether it is a query that others than the one asked may answer.
        identity: identifier and sequence, as the four octets were read.
    """

    rows: NDArray[np.int64]
    role: NDArray[np.uint8]
    number: NDArray[np.int16]
    start: NDArray[np.int64]
    captured: NDArray[np.int32]
    key: NDArray[np.uint64]
    wide: NDArray[np.bool_]
    identity: NDArray[np.uint32]

    def series(self, which: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Return the keys of the series of some participants."""
        keys = self.key[which]
        keys[:, KIND] &= ~_tables().sequence[self.number[which]].astype(np.uint64)
        return keys

    def widening(self) -> NDArray[np.uint8]:
        """Return how the key of each is made wide, as :func:`dissector.kernel.pair.pair` has it."""
        how = np.where(_tables().bare, kernel.pair.WITHOUT_BOTH, kernel.pair.WITHOUT_ASKED).astype(np.uint8)
        found: NDArray[np.uint8] = how[self.number]
        return found

    def wide_keys(self, which: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Return the keys of some participants without the one who is asked.

        Where nothing is copied, any answer to anyone counts: a router advertises itself to all.
        """
        keys = self.key[which]
        keys[:, ASKED] = 0
        keys[_tables().bare[self.number[which]], ASKING] = 0
        keys[:, KIND] |= np.uint64(WIDE)
        return keys

    def loose_keys(self, which: NDArray[np.int64], data: Hashes) -> Hashes:
        """Return a hash of the hosts, sequence and data of some participants, whatever the identifier."""
        keys = self.key[which]
        keys[:, KIND] &= ~_tables().identifier[self.number[which]].astype(np.uint64)
        found = data.copy()
        for factor, word in zip(FACTORS, keys.T, strict=True):
            found = mix(found + word * factor)
        return found


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
    """Return participants with the words that they belong together by."""
    tables = _tables()
    octets = batch.octets
    answer = (role == ANSWER)[:, None]
    key = np.zeros((len(rows), WORDS), np.uint64)
    key[:, ASKING], key[:, ASKED] = np.where(answer, dst, src), np.where(answer, src, dst)
    identity = np.ndarray((max(len(octets) - 3, 0),), "<u4", octets, strides=(1,))[start + 4]
    # One more than its number, so that no key is all zeros.
    key[:, KIND] = number.astype(np.uint64) + np.uint64(1) << _NUMBER_AT | identity & tables.both[number]
    first, last = dst[:, 0].astype(np.uint8), (dst[:, 0] >> np.uint64(24)).astype(np.uint8)
    four = batch.family[rows] == 4  # noqa: PLR2004 - the IP version
    to_many = np.where(four, (first >= MULTICAST4) | (last == BROADCAST), first == MULTICAST6)
    queries = role == QUERY
    wide = queries & (to_many | tables.bare[number])
    present = np.bincount(number, minlength=len(tables.bare))
    for pair in pairs():
        beyond = [field for field in pair.identities if field.start >= HEADER]
        if not present[pair.number] or not (beyond or pair.number in tables.anycast):
            continue
        which = np.flatnonzero(number == pair.number)
        place = COPIED.start
        for field in beyond:
            words = words_of(octets, start[which] + field.start, field.size)
            key[which, place : place + words.shape[1]] = words
            place += words.shape[1]
        if pair.number in tables.target:
            # Who is asked is told by the target; whoever has no address yet is answered to all
            # (RFC 4861, 4.3 and 4.4).
            key[which, ASKED] = 0
            key[which[(role[which] == ANSWER) & to_many[which]], ASKING] = 0
            wide[which] = False
        elif pair.number in tables.anycast:
            wide[which] = queries[which]
    return Participants(rows, role, number, start, captured, key, wide, identity)


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
