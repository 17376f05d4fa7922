"""Hash tables: what has which number, which query an answer belongs to, and the times of each series.

Strategy: keys are rows of whole 64-bit words, and a table is an array of *slots* (open addressing, linear probing)
beside an array that holds the keys themselves. A slot has the place of a key, -1 where it is free. Whatever a slot
leads to is compared with the key word by word, so that two different keys are never taken for one another, whatever
their hashes are. Hashes are made with secret factors, other ones in each run: nobody can aim at one slot.

What callers see to, and what keeps every index inside: the number of slots is a power of two, so that ``hash & mask``
is one of them; more slots are free than keys can come in a call, so that every search ends; each place in a slot is
below the count of keys that are there, and the arrays of keys have room for all that can come.
"""

# mypy: disable-error-code="valid-type,no-redef,attr-defined,name-defined,import-untyped,untyped-decorator"
# mypy: disable-error-code="no-untyped-def,no-any-return"

from __future__ import annotations

try:
    import cython
except ImportError:
    from dissector.kernel import shim as cython

COMPILED = cython.compiled

# Roles, as :mod:`dissector.analysis.pairs` and :mod:`dissector.analysis.participants` have them.
_QUERY = cython.declare(cython.int, 1)

# Columns of times, as :data:`dissector.analysis.statistics.TIMES` has them.
_COUNT = cython.declare(cython.Py_ssize_t, 0)
_SUM = cython.declare(cython.Py_ssize_t, 1)
_MIN = cython.declare(cython.Py_ssize_t, 2)
_MAX = cython.declare(cython.Py_ssize_t, 3)
_SQUARES = cython.declare(cython.Py_ssize_t, 4)
_FIRST = cython.declare(cython.Py_ssize_t, 5)
_LAST = cython.declare(cython.Py_ssize_t, 6)
_JITTER = cython.declare(cython.Py_ssize_t, 7)
_LATE = cython.declare(cython.Py_ssize_t, 8)
_ALTERED = cython.declare(cython.Py_ssize_t, 9)
_REORDERED = cython.declare(cython.Py_ssize_t, 10)
_TOP = cython.declare(cython.Py_ssize_t, 11)


# How a key becomes one by which anybody may answer.
WITHOUT_ASKED = 1  # the host that is asked is left out
WITHOUT_BOTH = 2  # the one who asks too: where nothing is copied, any answer to anyone counts
_WITHOUT_BOTH = cython.declare(cython.uchar, WITHOUT_BOTH)
_KIND = cython.declare(cython.Py_ssize_t, 4)  # the word of a key that says the kind
_WIDE = cython.declare(cython.ulonglong, 1 << 63)  # what a wide key has there, so that it is no other's

_ALL = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
_MIX = cython.declare(cython.ulonglong, 0xD6E8FEB86659FD93)


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _hash(
    keys: cython.const[cython.ulonglong][:, ::1],
    row: cython.Py_ssize_t,
    factors: cython.const[cython.ulonglong][::1],
) -> cython.ulonglong:
    """Return the hash of a key, modulo 2**64 as C has it; there is a factor for each word."""
    hashed: cython.ulonglong = 0
    product: cython.ulonglong
    word: cython.Py_ssize_t
    for word in range(keys.shape[1]):
        if keys[row, word]:
            product = keys[row, word] * factors[word] & _ALL
            hashed = hashed + (product ^ product >> 32) & _ALL
    hashed = (hashed ^ hashed >> 32) * _MIX & _ALL
    hashed = (hashed ^ hashed >> 32) * _MIX & _ALL
    return hashed ^ hashed >> 32


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _slot(
    keys: cython.const[cython.ulonglong][:, ::1],
    row: cython.Py_ssize_t,
    factors: cython.const[cython.ulonglong][::1],
    slots: cython.longlong[::1],
    stored: cython.ulonglong[:, ::1],
    head: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """Return the slot of a key: the one that leads to it, else the free one where it belongs.

    What lies before ``head`` is over, and passed by without a look at its key, which is far away in memory.
    """
    mask: cython.ulonglong = slots.shape[0] - 1
    at: cython.ulonglong = _hash(keys, row, factors) & mask
    place: cython.Py_ssize_t = slots[at]
    word: cython.Py_ssize_t
    # Some slot is free, so that this ends; a place in a slot is a row of `stored`.
    while place >= 0:
        if place >= head:
            word = 0
            while word < keys.shape[1] and stored[place, word] == keys[row, word]:
                word += 1
            if word == keys.shape[1]:
                break
        at = (at + 1) & mask
        place = slots[at]
    return at


def number(
    keys: cython.const[cython.ulonglong][:, ::1],
    factors: cython.const[cython.ulonglong][::1],
    slots: cython.longlong[::1],
    stored: cython.ulonglong[:, ::1],
    head: cython.Py_ssize_t,
    count: cython.Py_ssize_t,
    limit: cython.Py_ssize_t,
    numbers: cython.longlong[::1],
) -> int:
    """Fill in the number of each key; new keys get the next ones, in their order.

    Args:
        keys: rows of words.
        factors: for their hashes, odd, as many as words at least.
        slots: more than twice as many as there will be keys.
        stored: the keys by number, with room for as many as may be new (up to the limit).
        head: those before are over.
        count: how many there are.
        limit: so many there may be; later ones have no number, -1.
        numbers: filled in, a number for each key.

    Returns:
        How many there are now.
    """
    row: cython.Py_ssize_t
    word: cython.Py_ssize_t
    at: cython.Py_ssize_t
    found: cython.Py_ssize_t
    for row in range(keys.shape[0]):
        at = _slot(keys, row, factors, slots, stored, head)
        found = slots[at]
        if found < 0 and count < limit:
            found = count
            slots[at] = found
            for word in range(keys.shape[1]):
                stored[found, word] = keys[row, word]
            count += 1
        numbers[row] = found
    return count


def place(
    factors: cython.const[cython.ulonglong][::1],
    slots: cython.longlong[::1],
    stored: cython.ulonglong[:, ::1],
    head: cython.Py_ssize_t,
    first: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
) -> None:
    """Put stored keys into slots; of equal ones the last one stays.

    Args:
        factors: as for :func:`number`.
        slots: more than twice as many as there are keys.
        stored: the keys.
        head: those before are over.
        first: the first of those that are put in.
        end: where they end.
    """
    row: cython.Py_ssize_t
    for row in range(first, end):
        slots[_slot(stored, row, factors, slots, stored, head)] = row


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _wide_slot(
    keys: cython.const[cython.ulonglong][:, ::1],
    row: cython.Py_ssize_t,
    how: cython.uchar,
    widened: cython.ulonglong[:, ::1],
    factors: cython.const[cython.ulonglong][::1],
    slots: cython.longlong[::1],
    stored: cython.ulonglong[:, ::1],
    head: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """Write the wide key of a key, and return its slot."""
    word: cython.Py_ssize_t
    for word in range(keys.shape[1]):
        widened[0, word] = keys[row, word]
    widened[0, 2] = widened[0, 3] = 0
    if how == _WITHOUT_BOTH:
        widened[0, 0] = widened[0, 1] = 0
    widened[0, _KIND] |= _WIDE
    return _slot(widened, 0, factors, slots, stored, head)


def pair(
    role: cython.const[cython.uchar][::1],
    time_ns: cython.const[cython.longlong][::1],
    keys: cython.const[cython.ulonglong][:, ::1],
    wide: cython.const[cython.uchar][::1],
    widened: cython.ulonglong[:, ::1],
    factors: cython.const[cython.ulonglong][::1],
    reach_ns: cython.longlong,
    slots: cython.longlong[::1],
    stored: cython.ulonglong[:, ::1],
    asked_ns: cython.longlong[::1],
    come: cython.uchar[::1],
    head: cython.Py_ssize_t,
    tail: cython.Py_ssize_t,
    found: cython.longlong[::1],
    first: cython.uchar[::1],
) -> int:
    """Put queries among the open ones and find the query of each response, message by message.

    Args:
        role: a query (1), an answer (2) or an error (3), as are the next three a value for each message.
        time_ns: when it came.
        keys: what query and response have in common.
        wide: how a key is widened, see ``WITHOUT_ASKED``: that of a query at once, that of a response if it is not
            found. Empty where no query is wide.
        widened: room for a key.
        factors: as for :func:`number`.
        reach_ns: how long after a query its answers are looked for.
        slots: more than twice as many as there will be open queries.
        stored: the keys of queries; from ``tail`` on room for all that come.
        asked_ns: the times of queries, likewise.
        come: what has come to each: bits ``1 << role``; likewise.
        head: where the open queries begin; those before are over.
        tail: where they end.
        found: filled in, the place of each query, and that of the query of each response, -1 for none.
        first: filled in, whether a response is the first of its role to its query.

    Returns:
        Where the open queries end now.
    """
    row: cython.Py_ssize_t
    word: cython.Py_ssize_t
    at: cython.Py_ssize_t
    query: cython.Py_ssize_t
    bit: cython.int
    look: cython.bint = wide.shape[0] > 0
    for row in range(keys.shape[0]):
        if role[row] == _QUERY and look and wide[row]:
            at = _wide_slot(keys, row, wide[row], widened, factors, slots, stored, head)
        else:
            at = _slot(keys, row, factors, slots, stored, head)
        if role[row] == _QUERY:
            # The latest query of a key hides the others.
            slots[at] = tail
            for word in range(keys.shape[1]):
                stored[tail, word] = widened[0, word] if look and wide[row] else keys[row, word]
            asked_ns[tail] = time_ns[row]
            come[tail] = 0
            found[row] = tail
            tail += 1
            continue
        query = slots[at]
        if query < 0 and look and wide[row]:
            query = slots[_wide_slot(keys, row, wide[row], widened, factors, slots, stored, head)]
        if query < 0 or time_ns[row] - asked_ns[query] > reach_ns:
            found[row] = -1
            continue
        found[row] = query
        bit = 1 << role[row]
        first[row] = come[query] & bit == 0
        come[query] |= bit
    return tail


def alike(
    octets: cython.const[cython.uchar][::1],
    one: cython.const[cython.longlong][::1],
    other: cython.const[cython.longlong][::1],
    sizes: cython.const[cython.longlong][::1],
    same: cython.uchar[::1],
) -> None:
    """Tell which stretches of octets are the same.

    Args:
        octets: the octets.
        one: where each stretch begins.
        other: where the one begins that it is compared with; both lie in ``octets`` as a whole.
        sizes: octets of each, none below 0.
        same: filled in.
    """
    row: cython.Py_ssize_t
    at: cython.Py_ssize_t
    begin: cython.Py_ssize_t
    across: cython.Py_ssize_t
    differ: cython.uchar
    for row in range(one.shape[0]):
        begin = one[row]
        across = other[row]
        if cython.compiled:
            differ = 0
            # Without a way out in between, so that the compiler makes it steps of many octets.
            for at in range(sizes[row]):
                differ |= octets[begin + at] ^ octets[across + at]
            same[row] = differ == 0
        else:
            size = sizes[row]
            same[row] = octets[begin : begin + size] == octets[across : across + size]


def firsts(
    numbers: cython.const[cython.longlong][::1],
    counts: cython.longlong[::1],
    each: cython.longlong,
    kept: cython.uchar[::1],
) -> None:
    """Tell which rows are among the first of their number.

    Args:
        numbers: of the rows: indices of ``counts``, or -1, of which none is.
        counts: how many there were of each number; counted on.
        each: how many are kept.
        kept: filled in.
    """
    row: cython.Py_ssize_t
    at: cython.Py_ssize_t
    for row in range(numbers.shape[0]):
        at = numbers[row]
        kept[row] = 0
        if at >= 0 and counts[at] < each:
            counts[at] += 1
            kept[row] = 1


def over(
    asked_ns: cython.longlong[::1], head: cython.Py_ssize_t, tail: cython.Py_ssize_t, before: cython.longlong
) -> int:
    """Return the first of the open queries that was not asked before a time."""
    while head < tail and asked_ns[head] < before:
        head += 1
    return head


def fold(
    row: cython.const[cython.longlong][::1],
    rtt: cython.const[cython.longlong][::1],
    order: cython.const[cython.longlong][::1],
    late: cython.const[cython.uchar][::1],
    altered: cython.const[cython.uchar][::1],
    owner: cython.const[cython.longlong][::1],
    top: cython.longlong[::1],
    whole: cython.longlong[:, ::1],
    broken: cython.double[:, ::1],
) -> None:
    """Take round-trip times into rows of times, in the order in which the answers came.

    Args:
        row: which row each goes to; a row of ``whole``.
        rtt: the times, ns.
        order: of their queries.
        late: whether each came after the timeout.
        altered: whether its data differ from those of its query.
        owner: the series of each row; an index of ``top``.
        top: the latest query that was answered in each series.
        whole: the rows, as whole numbers.
        broken: the same memory, as numbers with a fraction.
    """
    at: cython.Py_ssize_t
    to: cython.Py_ssize_t
    time: cython.longlong
    step: cython.longlong
    count: cython.longlong
    apart: cython.double
    for at in range(row.shape[0]):
        to = row[at]
        time = rtt[at]
        count = whole[to, _COUNT] + 1
        if count == 1:
            whole[to, _FIRST] = time
            whole[to, _MIN] = time
            whole[to, _MAX] = time
        else:
            # Welford: the mean moves by a part of the difference.
            apart = time - whole[to, _SUM] / cython.cast(cython.double, count - 1)
            broken[to, _SQUARES] += apart * apart * (count - 1) / count
            step = time - whole[to, _LAST]
            if step < 0:
                step = -step
            broken[to, _JITTER] += (step - broken[to, _JITTER]) / 16  # RFC 3550, 6.4.1
            whole[to, _MIN] = min(whole[to, _MIN], time)
            whole[to, _MAX] = max(whole[to, _MAX], time)
        whole[to, _COUNT] = count
        whole[to, _SUM] += time
        whole[to, _LAST] = time
        whole[to, _LATE] += late[at]
        whole[to, _ALTERED] += altered[at]
        if order[at] < top[owner[to]]:
            whole[to, _REORDERED] += 1
        else:
            top[owner[to]] = order[at]
        whole[to, _TOP] = max(whole[to, _TOP], order[at])
