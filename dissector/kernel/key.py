"""Which messages take part in exchanges, the keys by which they belong together, and hashes of their data.

Strategy: one pass over the columns of a batch. What the registry says of types and pairs comes in tables, see
:mod:`dissector.analysis.participants`, which also tells what a key consists of.

Bounds. A message that is not wholly in the octets is refused before one of them is read. Of a query or an answer there
are at least as many octets as its pair needs, eight and whatever is copied behind them; an error has a quoted IP
header and eight octets more behind its own eight before it is looked at, and what it quotes is held to the same.
Families are 4 and 6, so that ``family << 8 | type`` is in the tables of types; numbers of pairs come from these.
"""

# mypy: disable-error-code="valid-type,no-redef,attr-defined,name-defined,import-untyped,untyped-decorator"
# mypy: disable-error-code="no-untyped-def,no-any-return"

from __future__ import annotations

from dissector.kernel import tables

try:
    import cython
except ImportError:
    from dissector.kernel import shim as cython
if cython.compiled:
    from cython.cimports.dissector.kernel.memory import fetch

COMPILED = cython.compiled

_QUERY = cython.declare(cython.uchar, tables.QUERY)
_ANSWER = cython.declare(cython.uchar, tables.ANSWER)
_ERROR = cython.declare(cython.uchar, tables.ERROR)
_KIND = cython.declare(cython.Py_ssize_t, tables.KIND)
_WORDS = cython.declare(cython.Py_ssize_t, tables.WORDS)
_MIX = cython.declare(cython.ulonglong, tables.MIX)
_ALL = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)

_AHEAD = cython.declare(cython.Py_ssize_t, 16)  # messages that are fetched before they are needed

_HEADER = cython.declare(cython.int, 8)  # octets of an ICMP message before its data, and of what errors quote
_IPV4_HEADER = cython.declare(cython.int, 20)
_IPV6_HEADER = cython.declare(cython.int, 40)
_ICMPV4 = cython.declare(cython.uchar, 1)
_ICMPV6 = cython.declare(cython.uchar, 58)
_MULTICAST4 = cython.declare(cython.uchar, 0xE0)
_MULTICAST6 = cython.declare(cython.uchar, 0xFF)
_BROADCAST = cython.declare(cython.uchar, 0xFF)

# What there is in a row of the table of pairs.
PAIR = ("size", "identities", "widening", "target", "anyone", "copied", "first", "second", "third")
_SIZE = cython.declare(cython.Py_ssize_t, PAIR.index("size"))
_IDENTITIES = cython.declare(cython.Py_ssize_t, PAIR.index("identities"))
_WIDENING = cython.declare(cython.Py_ssize_t, PAIR.index("widening"))
_TARGET = cython.declare(cython.Py_ssize_t, PAIR.index("target"))
_ANYONE = cython.declare(cython.Py_ssize_t, PAIR.index("anyone"))
_COPIED = cython.declare(cython.Py_ssize_t, PAIR.index("copied"))


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _word(octets: cython.const[cython.uchar][::1], at: cython.Py_ssize_t) -> cython.ulonglong:
    """Return eight octets as a number, the first one lowest."""
    return (
        cython.cast(cython.ulonglong, octets[at])
        | cython.cast(cython.ulonglong, octets[at + 1]) << 8
        | cython.cast(cython.ulonglong, octets[at + 2]) << 16
        | cython.cast(cython.ulonglong, octets[at + 3]) << 24
        | cython.cast(cython.ulonglong, octets[at + 4]) << 32
        | cython.cast(cython.ulonglong, octets[at + 5]) << 40
        | cython.cast(cython.ulonglong, octets[at + 6]) << 48
        | cython.cast(cython.ulonglong, octets[at + 7]) << 56
    )


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _half(octets: cython.const[cython.uchar][::1], at: cython.Py_ssize_t) -> cython.ulonglong:
    """Return four octets as a number, the first one lowest."""
    return (
        cython.cast(cython.ulonglong, octets[at])
        | cython.cast(cython.ulonglong, octets[at + 1]) << 8
        | cython.cast(cython.ulonglong, octets[at + 2]) << 16
        | cython.cast(cython.ulonglong, octets[at + 3]) << 24
    )


@cython.cfunc
@cython.exceptval(check=False)
def _quoted(
    octets: cython.const[cython.uchar][::1], at: cython.Py_ssize_t, left: cython.int, family: cython.uchar
) -> cython.Py_ssize_t:
    """Return how many octets of IP header stand before the ICMP message that an error quotes; 0 where none is quoted.

    A later fragment has no ICMP header; behind extension headers of IPv6 the query is not looked for.

    Args:
        octets: the octets of the batch.
        at: where the quote begins.
        left: octets of it.
        family: of the error: 4 or 6, which the quote must have too.
    """
    size: cython.int
    if family == 4:
        if left < _IPV4_HEADER + _HEADER or octets[at] >> 4 != 4 or octets[at + 9] != _ICMPV4:
            return 0
        size = (octets[at] & 15) * 4
        if size < _IPV4_HEADER or octets[at + 6] & 0x1F or octets[at + 7] or left < size + _HEADER:
            return 0
        return size
    if left < _IPV6_HEADER + _HEADER or octets[at] >> 4 != 6 or octets[at + 6] != _ICMPV6:
        return 0
    return _IPV6_HEADER


def participants(
    family: cython.const[cython.uchar][::1],
    types: cython.const[cython.uchar][::1],
    icmp: cython.const[cython.longlong][::1],
    captured: cython.const[cython.int][::1],
    src: cython.const[cython.ulonglong][:, ::1],
    dst: cython.const[cython.ulonglong][:, ::1],
    octets: cython.const[cython.uchar][::1],
    roles: cython.const[cython.uchar][::1],
    numbers: cython.const[cython.short][::1],
    pairs: cython.const[cython.longlong][:, ::1],
    rows: cython.longlong[::1],
    role: cython.uchar[::1],
    number: cython.short[::1],
    start: cython.longlong[::1],
    there: cython.int[::1],
    keys: cython.ulonglong[:, ::1],
    widening: cython.uchar[::1],
    identity: cython.uint[::1],
) -> int:
    """Fill in the messages of a batch that take part in exchanges, in its order.

    Args:
        family: the column of the batch, as are the next three.
        types: the types.
        icmp: where each message begins.
        captured: octets of it.
        src: the addresses, two words each, the first octet lowest; as is the next.
        dst: where each went.
        octets: the octets of the batch.
        roles: by ``family << 8 | type``, what a message is.
        numbers: likewise the number of its pair, -1 for none.
        pairs: a row for each pair, columns as :data:`PAIR` has them: octets that are needed; which bits of the four
            octets from the fifth on are identifier and sequence; how a key is widened; whether the target tells who is
            asked; whether anyone may answer, whatever address is asked; how many words of a key are copied from behind
            the first eight octets, and where each begins.
        rows: filled in, with room for a value for each message, as are the next ones: the row in the batch.
        role: what it is.
        number: the number of its pair.
        start: where the query or answer begins; for an error, the one it quotes.
        there: octets of that.
        keys: what they belong to.
        widening: how its key is made wide, 0 for a query that only the one asked may answer.
        identity: identifier and sequence, as the four octets were read.

    Returns:
        How many they are.

    Raises:
        ValueError: a message is not in ``octets``.
    """
    row: cython.Py_ssize_t
    begin: cython.Py_ssize_t
    word: cython.Py_ssize_t
    size: cython.Py_ssize_t = 0
    count: cython.Py_ssize_t = 0
    left: cython.int
    kind: cython.int
    pair: cython.int
    what: cython.uchar
    four: cython.bint
    many: cython.bint
    asks: cython.Py_ssize_t
    asked: cython.Py_ssize_t
    halves: cython.ulonglong
    for row in range(rows.shape[0]):
        if cython.compiled and row + _AHEAD < rows.shape[0]:
            begin = icmp[row + _AHEAD]
            if 0 <= begin < octets.shape[0]:
                fetch(cython.address(octets[begin]))
        kind = family[row] << 8 | types[row]
        what = roles[kind]
        if what == 0:
            continue
        four = family[row] == 4
        begin = icmp[row]
        left = captured[row]
        if begin < 0 or left < 0 or begin > octets.shape[0] - left:
            raise ValueError("a message outside of its buffer")  # noqa: EM101, TRY003 - a kernel's lines are few
        pair = numbers[kind]
        if what == _ERROR:
            size = _quoted(octets, begin + _HEADER, left - _HEADER, family[row])
            if size == 0:
                continue
            begin += _HEADER + size
            left -= _HEADER + cython.cast(cython.int, size)
            kind = family[row] << 8 | octets[begin]
            if roles[kind] != _QUERY:
                continue
            pair = numbers[kind]
        if pair < 0 or left < pairs[pair, _SIZE]:
            continue
        rows[count] = row
        role[count] = what
        number[count] = pair
        start[count] = begin
        there[count] = left
        halves = _half(octets, begin + 4)
        identity[count] = halves
        asks = 2 if what == _ANSWER else 0
        asked = 2 - asks
        if what == _ERROR and four:
            # The addresses are those of the quoted header, which ends where the query begins.
            size = begin - size
            keys[count, 0] = _half(octets, size + 12)
            keys[count, 2] = _half(octets, size + 16)
            keys[count, 1] = keys[count, 3] = 0
            many = octets[size + 16] >= _MULTICAST4 or octets[size + 19] == _BROADCAST
        elif what == _ERROR:
            size = begin - size
            for word in range(4):
                keys[count, word] = _word(octets, size + 8 + 8 * word)
            many = octets[size + 24] == _MULTICAST6
        else:
            for word in range(2):
                keys[count, asks + word] = src[row, word]
                keys[count, asked + word] = dst[row, word]
            if four:
                many = dst[row, 0] & 0xFF >= _MULTICAST4 or dst[row, 0] >> 24 & 0xFF == _BROADCAST
            else:
                many = dst[row, 0] & 0xFF == _MULTICAST6
        # One more than its number, so that no key is all zeros.
        keys[count, _KIND] = cython.cast(cython.ulonglong, pair + 1) << 32 | halves & pairs[pair, _IDENTITIES]
        for word in range(_KIND + 1, _WORDS):
            keys[count, word] = 0
        widening[count] = pairs[pair, _WIDENING]
        for word in range(pairs[pair, _COPIED]):
            keys[count, _KIND + 1 + word] = _word(octets, begin + pairs[pair, _COPIED + 1 + word])
        if pairs[pair, _TARGET]:
            # Who is asked is told by the target; whoever has no address yet is answered to all
            # (RFC 4861, 4.3 and 4.4).
            keys[count, 2] = keys[count, 3] = 0
            if what == _ANSWER and many:
                keys[count, 0] = keys[count, 1] = 0
            many = False
        elif pairs[pair, _ANYONE]:
            many = True
        if what == _QUERY and not many:
            widening[count] = 0
        count += 1
    return count


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _mixed(value: cython.ulonglong) -> cython.ulonglong:
    """Return a value with every bit spread over all bits, modulo 2**64 as C has it."""
    value = (value ^ value >> 32) * _MIX & _ALL
    value = (value ^ value >> 32) * _MIX & _ALL
    return value ^ value >> 32


def digests(
    rows: cython.const[cython.longlong][::1],
    icmp: cython.const[cython.longlong][::1],
    captured: cython.const[cython.int][::1],
    length: cython.const[cython.int][::1],
    octets: cython.const[cython.uchar][::1],
    factor: cython.ulonglong,
    found: cython.ulonglong[::1],
    sizes: cython.longlong[::1],
) -> None:
    """Fill in a hash of the data of some messages: what follows the eight octets of the header.

    Args:
        rows: their rows in the batch.
        icmp: where each message begins, as are the next two a column of the batch.
        captured: octets of it.
        length: how many it had.
        octets: the octets of the batch.
        factor: for the hash, odd.
        found: filled in, 0 where the data were cut.
        sizes: filled in, octets of the data.

    Raises:
        ValueError: a message is not in ``octets``.
    """
    row: cython.Py_ssize_t
    one: cython.Py_ssize_t
    at: cython.Py_ssize_t
    end: cython.Py_ssize_t
    size: cython.longlong
    value: cython.ulonglong
    word: cython.ulonglong
    for one in range(rows.shape[0]):
        row = rows[one]
        size = length[row] - _HEADER
        sizes[one] = size
        found[one] = 0
        if captured[row] - _HEADER < size:
            continue
        size = max(size, 0)
        if icmp[row] < 0 or icmp[row] > octets.shape[0] - _HEADER - size:
            raise ValueError("a message outside of its buffer")  # noqa: EM101, TRY003 - a kernel's lines are few
        at = icmp[row] + _HEADER
        end = at + size
        value = size
        while at + 8 <= end:
            value = _mixed(value * factor + _word(octets, at) & _ALL)
            at += 8
        if at < end:
            word = 0
            while at < end:
                end -= 1
                word = word << 8 | octets[end]
            value = _mixed(value * factor + word & _ALL)
        found[one] = _mixed(value)
