"""Which messages of a batch take part in exchanges, and by which words they belong together.

Every query, answer and error about a query gets a *key*, the same for all that belong together: the words of who
asks and who is asked (two each), of the kind of exchange with identifier and sequence (one), and of what else an
answer copies (three). Without the sequence it is the key of their *series*. VLANs are no part of it: where routed
traffic is mirrored, query and answer are seen in different ones.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dissector import kernel
from dissector.analysis.hashing import FACTORS, mix
from dissector.analysis.pairs import error_types, numbers, pairs, roles
from dissector.kernel.tables import ERROR, KIND, WIDE, WORDS
from dissector.registry.model import Family

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dissector.analysis.hashing import Hashes
    from dissector.batch import Batch

HEADER = 8
"""Octets of a message before its data."""
HOME_AGENTS = 144
"""Asked at an anycast address, answered from another one (RFC 6275, 5.3)."""
ASKING, ASKED = slice(0, 2), slice(2, 4)
COPIED_AT = kernel.key.PAIR.index("first")
"""Where a row of the kernel's table of pairs says what else is copied."""


class Participants(NamedTuple):
    """The messages of a batch that take part, in its order; one value a message.

    Attributes:
        rows: their rows in the batch.
        role: QUERY, ANSWER or ERROR.
        number: of the pair, see :func:`dissector.analysis.pairs.pairs`.
        start: where the query or answer begins in the octets; for an error, the one it quotes.
        captured: octets of that.
        key: what they belong to, shape (n, WORDS).
        widening: how its key is made wide, as :func:`dissector.kernel.pair.pair` has it; 0 for a query that only the
            one asked may answer.
        identity: identifier and sequence, as the four octets were read.
    """

    rows: NDArray[np.int64]
    role: NDArray[np.uint8]
    number: NDArray[np.int16]
    start: NDArray[np.int64]
    captured: NDArray[np.int32]
    key: NDArray[np.uint64]
    widening: NDArray[np.uint8]
    identity: NDArray[np.uint32]

    def series(self, which: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Return the keys of the series of some participants."""
        keys = np.empty((len(which), WORDS), np.uint64)
        kernel.exchange.series(
            which.data, self.key.data, self.number.data, _tables().sequence.data, keys.data
        )  # fmt: skip
        return keys

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


class _Tables(NamedTuple):
    """By ``family << 8 | type``, by the number of a pair, and for the kernel: what the registry says."""

    role: NDArray[np.uint8]
    number: NDArray[np.int16]
    identifier: NDArray[np.uint32]
    sequence: NDArray[np.uint32]
    bare: NDArray[np.bool_]
    pairs: NDArray[np.int64]


@cache
def _tables() -> _Tables:
    every = pairs()
    role = roles().copy()
    role[error_types()] = ERROR
    masks = np.zeros((len(every), 2), np.uint32)
    known = np.zeros((len(every), len(kernel.key.PAIR)), np.int64)
    bare = np.array([not pair.identities for pair in every])
    for pair in every:
        beyond: list[int] = []
        for identity in pair.identities:
            if identity.start < HEADER:
                # Octets 4 to 7 are read as one little-endian number, which is what their place in a mask is by.
                bits = (1 << 8 * identity.size) - 1 << 8 * (identity.start - 4)
                masks[pair.number, int(identity.name == "sequence")] |= bits
            else:
                # Whole words each: addresses, nonces and EUI-64.
                beyond += range(identity.start, identity.start + identity.size, 8)
        anycast = pair.family is Family.ICMPV6 and pair.query == HOME_AGENTS
        known[pair.number, :COPIED_AT] = (
            max(pair.size, HEADER),
            masks[pair.number].sum(),
            kernel.pair.WITHOUT_BOTH if bare[pair.number] else kernel.pair.WITHOUT_ASKED,
            pair.has("target"),
            bare[pair.number] or anycast,
            len(beyond),
        )
        known[pair.number, COPIED_AT : COPIED_AT + len(beyond)] = beyond
    return _Tables(role.ravel(), numbers().ravel(), masks[:, 0], masks[:, 1].copy(), bare, known)


def participants(batch: Batch) -> Participants:
    """Return the messages of a batch that take part in exchanges."""
    tables, most = _tables(), len(batch)
    found = Participants(
        rows=np.empty(most, np.int64),
        role=np.empty(most, np.uint8),
        number=np.empty(most, np.int16),
        start=np.empty(most, np.int64),
        captured=np.empty(most, np.int32),
        key=np.empty((most, WORDS), np.uint64),
        widening=np.empty(most, np.uint8),
        identity=np.empty(most, np.uint32),
    )
    addresses = (
        np.ascontiguousarray(column).view("<u8").astype(np.uint64, copy=False)
        for column in (batch.src, batch.dst)
    )
    columns = (batch.family, batch.type, batch.icmp, batch.captured, *addresses, batch.octets)
    count = kernel.key.participants(
        *(np.ascontiguousarray(column).data for column in columns),
        tables.role.data, tables.number.data, tables.pairs.data, *(column.data for column in found),
    )  # fmt: skip
    return Participants._make(column[:count] for column in found)
