"""Messages that are not as an RFC wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dissector.analysis.findings.evidence import Taken
from dissector.analysis.findings.view import (
    CODE_UNASSIGNED,
    DEPRECATED,
    SIX,
    TYPE_UNASSIGNED,
    reserved_masks,
    statuses,
)
from dissector.analysis.hashing import words_of
from dissector.analysis.quotes import ICMP_PROTOCOL, ICMPV6_PROTOCOL, MISSING, QUOTE_START
from dissector.kernel import layers
from dissector.tails.datagram import HEADER_OCTETS, IPV4, IPV6

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dissector.analysis.findings.evidence import Numbers
    from dissector.analysis.findings.view import View
    from dissector.analysis.quotes import Quotes

    Hit = tuple[str, Numbers, NDArray[np.integer] | int]


ERRORS4 = np.zeros(257, np.bool_)
"""Whether an ICMPv4 type is one that no error may be about (RFC 1122, 3.2.2); the last one is for a MISSING type."""
ERRORS4[[3, 4, 5, 11, 12]] = True
REDIRECT6, PACKET_TOO_BIG, PARAMETER_PROBLEM, OPTION = 137, 2, 4, 2
INFORMATIONAL = 128
"""ICMPv6 types below are errors (RFC 4443, 2.1)."""
CLASS_D, CLASS_E, LOOPBACK, MULTICAST6 = 0xE0, 0xF0, 127, 0xFF
EVERYBODY = np.uint32(0xFFFFFFFF)
"""The limited broadcast address (RFC 919)."""
NEIGHBOR_DISCOVERY = tuple(SIX + kind for kind in (133, 134, 135, 136, 137, 141, 142, 148, 149))
"""Types whose hop limit is 255 (RFC 4861; RFC 3122, 2; RFC 3971, 6)."""
LISTENERS = tuple(SIX + kind for kind in (130, 131, 132, 143))
QUOTED6 = 1280 - HEADER_OCTETS[IPV6] - QUOTE_START
"""Octets that an ICMPv6 error quotes of what is longer (RFC 4443, 2.4)."""
MOST_HOPS = 255


def hits(view: View) -> Iterator[Taken]:
    """Yield for each rule the messages of a batch that break it, and the value that goes with it."""
    batch = view.batch
    for name, rows, value in _hits(view):
        if len(rows):
            detail = view.kinds[rows] << 8 | batch.code[rows]
            yield Taken(name, rows, view.src[rows], None, detail, value, view.dst[rows])


def _hits(view: View) -> Iterator[Hit]:
    yield from _headers(view)
    quotes = view.quotes
    if quotes is not None:
        yield from _about(view, quotes)
        yield from _quoted(view, quotes)
        yield from _mtus(view, quotes)
    yield from _discovery(view)
    yield from _routers(view)


def _headers(view: View) -> Iterator[Hit]:
    """Yield what the first four octets tell, and the reserved bits."""
    batch, rows = view.batch, view.rows
    if not len(rows):
        return
    yield "checksum-bad", rows[batch.checksum_status[rows] == layers.BAD], 0
    numbers = view.kinds[rows] << 8 | batch.code[rows]
    captured = batch.captured[rows]
    state = statuses()[numbers]
    if state.any():
        state[captured < 2] = 0  # noqa: PLR2004 - type and code
        yield "deprecated", rows[state & DEPRECATED != 0], 0
        some = rows[state & TYPE_UNASSIGNED != 0]
        yield "type-unassigned", some, batch.type[some]
        some = rows[state & CODE_UNASSIGNED != 0]
        yield "code-unassigned", some, batch.code[some]
    which, masks, sizes = reserved_masks()
    mask = which[numbers]
    for number in np.flatnonzero(np.bincount(mask)).tolist():
        size = int(sizes[number])
        if size:
            some = np.flatnonzero((mask == number) & (captured >= size))
            octets = words_of(batch.octets, batch.icmp[rows[some]], size)
            some = some[(octets & masks[number, : octets.shape[1]]).any(axis=1)]
            # By type and code, so that it does not matter which have a mask in common.
            yield "reserved-bits", rows[some[np.argsort(numbers[some], kind="stable")]], 0


def _about(view: View, quotes: Quotes) -> Iterator[Hit]:
    """Yield errors about what no error may be about."""
    batch, rows = view.batch, quotes.rows
    four, six = quotes.version == IPV4, quotes.version == IPV6
    old = four & (quotes.protocol == ICMP_PROTOCOL) & ERRORS4[quotes.type]
    new = six & (quotes.protocol == ICMPV6_PROTOCOL) & (quotes.type != MISSING)
    new &= (quotes.type < INFORMATIONAL) | (quotes.type == REDIRECT6)
    yield "error-about-error", rows[old | new], 0
    yield "error-about-broadcast", rows[four & (quotes.dst.view(np.uint32)[:, 0] == EVERYBODY)], 0
    first = quotes.dst[:, 0]
    kind, code = batch.type[rows], batch.code[rows]
    may = (kind == PACKET_TOO_BIG) | (kind == PARAMETER_PROBLEM) & (code == OPTION)
    group = four & (first >= CLASS_D) & (first < CLASS_E) | six & (first == MULTICAST6) & ~may
    yield "error-about-multicast", rows[group], 0
    offset = view.heads.view(">u2")[:, 3] & 0x1FFF
    yield "error-about-fragment", rows[four & (quotes.there >= QUOTE_START) & (offset > 0)], 0
    first = quotes.src[:, 0]
    # On a loopback interface its addresses are those of a host.
    inside = (first == LOOPBACK) & (batch.dst[rows, 0] != LOOPBACK)
    known = quotes.there >= np.where(four, HEADER_OCTETS[IPV4], HEADER_OCTETS[IPV6])
    nobody = four & ((first == 0) | (first >= CLASS_D) | inside)
    if six.any():
        nobody |= six & ((first == MULTICAST6) & ~may | ~quotes.src.any(axis=1))
    yield "error-about-no-host", rows[nobody & known], 0


def _quoted(view: View, quotes: Quotes) -> Iterator[Hit]:
    """Yield errors that quote too little; those that the capture cut say nothing."""
    batch, rows = view.batch, quotes.rows
    whole = batch.captured[rows] >= batch.length[rows]
    four, six = quotes.version == IPV4, quotes.version == IPV6
    least = (view.heads[:, 0] & 0x0F).astype(np.int64) * 4 + QUOTE_START
    need = np.where(four, np.where(quotes.length == MISSING, least, np.minimum(least, quotes.length)), 0)
    # Without a length there is not even a header.
    known = np.where(quotes.length == MISSING, HEADER_OCTETS[IPV6], np.minimum(quotes.length, QUOTED6))
    need = np.where(six, known, need)
    short = np.flatnonzero(whole & (quotes.there > 0) & (quotes.there < need))
    yield "quote-short", rows[short], quotes.there[short]


def _mtus(view: View, quotes: Quotes) -> Iterator[Hit]:
    """Yield errors that tell MTUs that cannot be."""
    batch, rows = view.batch, quotes.rows
    mtu, tells = view.mtus
    if not tells.any():
        return
    four = tells & (batch.family[rows] == IPV4)
    six = tells & (batch.family[rows] == IPV6)
    for name, which in (
        ("mtu-below-1280", six & (mtu < 1280)),  # noqa: PLR2004 - RFC 8201, 4
        ("mtu-below-68", four & (mtu > 0) & (mtu < 68)),  # noqa: PLR2004 - RFC 1191, 3
        ("mtu-zero", four & (mtu == 0)),
        ("mtu-above-packet", tells & (quotes.length != MISSING) & (mtu >= quotes.length)),
    ):
        yield name, rows[which], mtu[which]
    fragments = view.heads[:, 6] & 0x40 == 0
    allowed = four & (quotes.version == IPV4) & (quotes.there >= QUOTE_START) & fragments
    yield "fragmentation-allowed", rows[allowed], 0


def _discovery(view: View) -> Iterator[Hit]:
    """Yield messages of neighbour discovery and of multicast listeners that are to be discarded."""
    batch = view.batch
    rows = view.of(*NEIGHBOR_DISCOVERY)
    if len(rows):
        hops, code = batch.ttl[rows], batch.code[rows]
        yield "nd-hop-limit", rows[hops != MOST_HOPS], hops[hops != MOST_HOPS]
        yield "nd-code", rows[code != 0], code[code != 0]
        yield "nd-fragmented", rows[batch.flags[rows] & (layers.FRAGMENT | layers.REASSEMBLED) != 0], 0
        rows = view.of(SIX + 134, SIX + 137)
        yield "nd-source", rows[~link_local(batch.src[rows])], 0
        rows = view.of(SIX + 135, SIX + 136, octets=24)
        head = view.octets(rows, 24)
        to_many = batch.dst[rows, 0] == MULTICAST6
        # ff02::1:ff00:0/104, RFC 4291, 2.7.1.
        solicited = (batch.dst[rows, :13] == SOLICITED_NODE).all(axis=1)
        asking = batch.type[rows] == 135  # noqa: PLR2004 - Neighbor Solicitation
        wrong = asking & ~batch.src[rows].any(axis=1) & ~solicited
        wrong |= ~asking & to_many & (head[:, 4] & 0x40 != 0)
        yield "nd-target", rows[wrong | (head[:, 8] == MULTICAST6)], 0
    rows = view.of(*LISTENERS)
    if not len(rows):
        return
    # A report before an address is chosen comes from :: (RFC 3810, 5.2.13).
    nowhere = ~batch.src[rows].any(axis=1) & (batch.type[rows] != 130)  # noqa: PLR2004 - the query
    strange = (batch.ttl[rows] != 1) | ~(link_local(batch.src[rows]) | nowhere)
    yield "mld-not-on-link", rows[strange], batch.ttl[rows[strange]]


SOLICITED_NODE = np.frombuffer(bytes.fromhex("ff0200000000000000000001ff"), np.uint8)


def _routers(view: View) -> Iterator[Hit]:
    """Yield advertisements of ICMPv4 that are to be discarded, and redirects."""
    batch = view.batch
    rows = view.of(9, octets=8)
    if len(rows):
        head = view.octets(rows, 8).astype(np.int64)
        need = 8 + head[:, 4] * head[:, 5] * 4
        # Code 16 is that of mobility agents, of which all have two words an entry (RFC 5944, 2.1).
        bad = ~np.isin(batch.code[rows], (0, 16)) | (head[:, 5] < 2) | (batch.length[rows] < need)  # noqa: PLR2004 - octets
        bad |= (head[:, 4] == 0) & (batch.code[rows] == 0)
        yield "router-advertisement-invalid", rows[bad], 0
    yield from _redirects(view)


def _redirects(view: View) -> Iterator[Hit]:
    """Yield redirects to where none may lead."""
    batch = view.batch
    rows = view.of(5, octets=8)
    if len(rows):
        gateway = view.octets(rows, 8)[:, 4:]
        itself = (gateway == batch.src[rows, :4]).all(axis=1) | (gateway == batch.dst[rows, :4]).all(axis=1)
        strange = (gateway[:, 0] == 0) | (gateway[:, 0] == LOOPBACK) | (gateway[:, 0] >= CLASS_D)
        yield "redirect-invalid", rows[itself | strange], 0
    rows = view.of(SIX + REDIRECT6, octets=40)
    if len(rows):
        head = view.octets(rows, 40)
        target, about = head[:, 8:24], head[:, 24:40]
        wrong = ~link_local(target) & (target != about).any(axis=1) | (about[:, 0] == MULTICAST6)
        yield "redirect-invalid", rows[wrong], 0


def link_local(addresses: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which addresses of IPv6 are link-local: fe80::/10 (RFC 4291, 2.5.6)."""
    local: NDArray[np.bool_] = (addresses[:, 0] == 0xFE) & (addresses[:, 1] & 0xC0 == 0x80)  # noqa: PLR2004 - octets
    return local
