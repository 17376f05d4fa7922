"""Hash tables: what has which number, and which query an answer belongs to.

Strategy: keys are rows of whole 64-bit words, and a table is an array of *slots* (open addressing, linear probing)
beside an array that holds the keys themselves. A slot has a *mark*, 32 bits of the key's hash, and the place of the
key; where marks are the same the key is compared word by word, so that two different keys are never taken for one
another, whatever their hashes are. Hashes are made with secret factors, other ones in each run: nobody can aim at one
slot.

Tables are larger than the processor's caches, and most of the time of a search is waiting for memory. So keys are
searched some at a time: each one's slot is sent for, then what it leads to, and then what there is to do is done with
everything at hand.

What callers see to, and what keeps every index inside: the number of slots is a power of two below 2**32, so that
``mark & mask`` is one of them; more slots are free than keys can come in a call, so that every search ends; each
place in a slot is that of a key that is there, and the arrays of keys have room for all that can come.
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

_QUERY = cython.declare(cython.int, tables.QUERY)

# How a key becomes one by which anybody may answer.
WITHOUT_ASKED = 1  # the host that is asked is left out
WITHOUT_BOTH = 2  # the one who asks too: where nothing is copied, any answer to anyone counts
_WITHOUT_BOTH = cython.declare(cython.uchar, WITHOUT_BOTH)
_KIND = cython.declare(cython.Py_ssize_t, tables.KIND)
_WIDE = cython.declare(cython.ulonglong, tables.WIDE)
_TIME = cython.declare(cython.Py_ssize_t, tables.OPEN.index("time_ns"))

FREE = (1 << 64) - 1  # what a slot has that leads to no key
_FREE = cython.declare(cython.ulonglong, FREE)
_ALL = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
_LOW = cython.declare(cython.ulonglong, 0xFFFFFFFF)
_MIX = cython.declare(cython.ulonglong, tables.MIX)
_AT_ONCE = cython.declare(cython.Py_ssize_t, 32)  # keys that are searched at a time


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _mark(
    keys: cython.const[cython.ulonglong][:, ::1],
    row: cython.Py_ssize_t,
    factors: cython.const[cython.ulonglong][::1],
) -> cython.ulonglong:
    """Return the mark of a key, which its hash ends in, modulo 2**64 as C has it; there is a factor for each word."""
    hashed: cython.ulonglong = 0
    product: cython.ulonglong
    word: cython.Py_ssize_t
    for word in range(keys.shape[1]):
        if keys[row, word]:
            product = keys[row, word] * factors[word] & _ALL
            hashed = hashed + (product ^ product >> 32) & _ALL
    hashed = (hashed ^ hashed >> 32) * _MIX & _ALL
    hashed = (hashed ^ hashed >> 32) * _MIX & _ALL
    return (hashed ^ hashed >> 32) & _LOW


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _slot(
    mark: cython.ulonglong,
    keys: cython.const[cython.ulonglong][:, ::1],
    row: cython.Py_ssize_t,
    slots: cython.ulonglong[::1],
    stored: cython.ulonglong[:, ::1],
) -> cython.Py_ssize_t:
    """Return the slot of a key: the one that leads to it, else the free one where it belongs."""
    mask: cython.ulonglong = slots.shape[0] - 1
    at: cython.ulonglong = mark & mask
    place: cython.Py_ssize_t
    word: cython.Py_ssize_t
    # Some slot is free, so that this ends; a place in a slot is a row of `stored`.
    while slots[at] != _FREE:
        if slots[at] >> 32 == mark:
            place = slots[at] & _LOW
            word = 0
            while word < keys.shape[1] and stored[place, word] == keys[row, word]:
                word += 1
            if word == keys.shape[1]:
                break
        at = (at + 1) & mask
    return at


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
@cython.returns(cython.void)
def _approach(
    keys: cython.const[cython.ulonglong][:, ::1],
    begin: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
    factors: cython.const[cython.ulonglong][::1],
    slots: cython.ulonglong[::1],
    stored: cython.ulonglong[:, ::1],
    marks: cython.longlong[::1],
) -> None:
    """Note the marks of some keys, and have the processor fetch what they lead to."""
    mask: cython.ulonglong = slots.shape[0] - 1
    row: cython.Py_ssize_t
    slot: cython.ulonglong
    for row in range(begin, end):
        marks[row] = _mark(keys, row, factors)
        if cython.compiled:
            fetch(cython.address(slots[marks[row] & mask]))
    if cython.compiled:
        for row in range(begin, end):
            slot = slots[marks[row] & mask]
            if slot != _FREE:
                fetch(cython.address(stored[slot & _LOW, 0]))


def number(
    keys: cython.const[cython.ulonglong][:, ::1],
    factors: cython.const[cython.ulonglong][::1],
    slots: cython.ulonglong[::1],
    stored: cython.ulonglong[:, ::1],
    count: cython.Py_ssize_t,
    limit: cython.Py_ssize_t,
    group: cython.const[cython.longlong][::1],
    members: cython.longlong[::1],
    each: cython.longlong,
    numbers: cython.longlong[::1],
) -> int:
    """Fill in the number of each key; new keys get the next ones, in their order.

    Args:
        keys: rows of words.
        factors: for their hashes, odd, as many as words at least.
        slots: more than twice as many as there will be keys.
        stored: the keys by number, with room for as many as may be new (up to the limit).
        count: how many there are.
        limit: so many there may be; later ones have no number, -1.
        group: for each key an index of ``members``; empty where there are no groups. Keys of group -1 get no new
            number.
        members: how many keys each group has; counted on.
        each: so many it may have.
        numbers: filled in, a number for each key.

    Returns:
        How many there are now.
    """
    begin: cython.Py_ssize_t
    end: cython.Py_ssize_t
    row: cython.Py_ssize_t
    word: cython.Py_ssize_t
    at: cython.Py_ssize_t
    mark: cython.ulonglong
    grouped: cython.bint = group.shape[0] > 0
    for begin in range(0, keys.shape[0], _AT_ONCE):
        end = min(begin + _AT_ONCE, keys.shape[0])
        _approach(keys, begin, end, factors, slots, stored, numbers)
        for row in range(begin, end):
            mark = numbers[row]
            at = _slot(mark, keys, row, slots, stored)
            if slots[at] != _FREE:
                numbers[row] = slots[at] & _LOW
                continue
            numbers[row] = -1
            if count >= limit or (grouped and (group[row] < 0 or members[group[row]] >= each)):
                continue
            if grouped:
                members[group[row]] += 1
            numbers[row] = count
            slots[at] = mark << 32 | count
            for word in range(keys.shape[1]):
                stored[count, word] = keys[row, word]
            count += 1
    return count


def find(
    keys: cython.const[cython.ulonglong][:, ::1],
    factors: cython.const[cython.ulonglong][::1],
    slots: cython.ulonglong[::1],
    stored: cython.ulonglong[:, ::1],
    numbers: cython.longlong[::1],
) -> None:
    """Fill in the place of each key, -1 for those that are not there; as for :func:`number`."""
    begin: cython.Py_ssize_t
    end: cython.Py_ssize_t
    row: cython.Py_ssize_t
    at: cython.Py_ssize_t
    for begin in range(0, keys.shape[0], _AT_ONCE):
        end = min(begin + _AT_ONCE, keys.shape[0])
        _approach(keys, begin, end, factors, slots, stored, numbers)
        for row in range(begin, end):
            at = _slot(numbers[row], keys, row, slots, stored)
            numbers[row] = -1 if slots[at] == _FREE else slots[at] & _LOW


def spread(old: cython.const[cython.ulonglong][::1], slots: cython.ulonglong[::1]) -> None:
    """Put what is in slots into others, which are free and more."""
    mask: cython.ulonglong = slots.shape[0] - 1
    at: cython.ulonglong
    slot: cython.Py_ssize_t
    for slot in range(old.shape[0]):
        if old[slot] != _FREE:
            at = old[slot] >> 32 & mask
            while slots[at] != _FREE:
                at = (at + 1) & mask
            slots[at] = old[slot]


def place(
    factors: cython.const[cython.ulonglong][::1],
    slots: cython.ulonglong[::1],
    stored: cython.ulonglong[:, ::1],
    marks: cython.uint[::1],
    head: cython.Py_ssize_t,
    tail: cython.Py_ssize_t,
) -> None:
    """Put queries that stand in the ring of open ones into slots; of equal keys the last one stays.

    Args:
        factors: as for :func:`number`.
        slots: more than twice as many as there are keys.
        stored: the ring of keys, see :func:`pair`.
        marks: that of their marks, filled in.
        head: the place of the first of those that are put in.
        tail: where they end.
    """
    ring: cython.Py_ssize_t = stored.shape[0] - 1
    query: cython.Py_ssize_t
    mark: cython.ulonglong
    for query in range(head, tail):
        mark = _mark(stored, query & ring, factors)
        marks[query & ring] = mark
        slots[_slot(mark, stored, query & ring, slots, stored)] = mark << 32 | (query & ring)


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
@cython.returns(cython.void)
def _widen(
    keys: cython.const[cython.ulonglong][:, ::1],
    row: cython.Py_ssize_t,
    how: cython.uchar,
    widened: cython.ulonglong[:, ::1],
) -> None:
    """Write the wide key of a key."""
    word: cython.Py_ssize_t
    for word in range(keys.shape[1]):
        widened[0, word] = keys[row, word]
    widened[0, 2] = widened[0, 3] = 0
    if how == _WITHOUT_BOTH:
        widened[0, 0] = widened[0, 1] = 0
    widened[0, _KIND] |= _WIDE


def pair(
    role: cython.const[cython.uchar][::1],
    time_ns: cython.const[cython.longlong][::1],
    keys: cython.const[cython.ulonglong][:, ::1],
    wide: cython.const[cython.uchar][::1],
    widened: cython.ulonglong[:, ::1],
    factors: cython.const[cython.ulonglong][::1],
    reach_ns: cython.longlong,
    slots: cython.ulonglong[::1],
    stored: cython.ulonglong[:, ::1],
    marks: cython.uint[::1],
    open_: cython.longlong[:, ::1],
    come: cython.uchar[::1],
    tail: cython.Py_ssize_t,
    found: cython.longlong[::1],
    first: cython.uchar[::1],
) -> int:
    """Put queries among the open ones and find the query of each response, message by message.

    The open queries stand in a ring: that of place ``n`` is in row ``n & (rows - 1)``. Places count all queries.

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
        stored: the ring of their keys: a power of two of rows, more than there will be open queries.
        marks: that of their marks, likewise.
        open_: what is known of them, columns as :data:`dissector.kernel.tables.OPEN` has them; likewise. The time is
            filled in.
        come: what has come to each: bits ``1 << role``; likewise.
        tail: the place after the last one.
        found: filled in, the place of each query, and that of the query of each response, -1 for none.
        first: filled in, whether a response is the first of its role to its query.

    Returns:
        The place after the last one now.
    """
    ring: cython.Py_ssize_t = stored.shape[0] - 1
    begin: cython.Py_ssize_t
    end: cython.Py_ssize_t
    row: cython.Py_ssize_t
    word: cython.Py_ssize_t
    at: cython.Py_ssize_t
    query: cython.Py_ssize_t
    mark: cython.ulonglong
    bit: cython.int
    widens: cython.bint
    mask: cython.ulonglong = slots.shape[0] - 1
    slot: cython.ulonglong
    for begin in range(0, keys.shape[0], _AT_ONCE):
        end = min(begin + _AT_ONCE, keys.shape[0])
        _approach(keys, begin, end, factors, slots, stored, found)
        if cython.compiled:
            for row in range(begin, end):
                slot = slots[found[row] & mask]
                if slot != _FREE:
                    fetch(cython.address(open_[slot & _LOW, _TIME]))
        for row in range(begin, end):
            mark = found[row]
            widens = wide.shape[0] > 0 and wide[row] > 0
            if role[row] == _QUERY:
                if widens:
                    _widen(keys, row, wide[row], widened)
                    mark = _mark(widened, 0, factors)
                    at = _slot(mark, widened, 0, slots, stored)
                else:
                    at = _slot(mark, keys, row, slots, stored)
                query = tail & ring
                # The latest query of a key hides the others.
                slots[at] = mark << 32 | query
                for word in range(keys.shape[1]):
                    stored[query, word] = widened[0, word] if widens else keys[row, word]
                marks[query] = mark
                open_[query, _TIME] = time_ns[row]
                come[query] = 0
                found[row] = tail
                tail += 1
                continue
            at = _slot(mark, keys, row, slots, stored)
            if slots[at] == _FREE and widens:
                _widen(keys, row, wide[row], widened)
                at = _slot(_mark(widened, 0, factors), widened, 0, slots, stored)
            found[row] = -1
            if slots[at] == _FREE:
                continue
            query = slots[at] & _LOW
            if time_ns[row] - open_[query, _TIME] > reach_ns:
                continue
            # The place: the last one that stands in that row.
            found[row] = tail - 1 - ((tail - 1 - query) & ring)
            bit = 1 << role[row]
            first[row] = come[query] & bit == 0
            come[query] |= bit
    return tail


def over(
    open_: cython.longlong[:, ::1], head: cython.Py_ssize_t, tail: cython.Py_ssize_t, before: cython.longlong
) -> int:
    """Return the place of the first open query that was not asked before a time; they stand in a ring."""
    ring: cython.Py_ssize_t = open_.shape[0] - 1
    while head < tail and open_[head & ring, _TIME] < before:
        head += 1
    return head


def leave(
    slots: cython.ulonglong[::1],
    marks: cython.const[cython.uint][::1],
    head: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
) -> None:
    """Take queries out of the slots, from a place to another; the marks stand in a ring, as for :func:`pair`."""
    ring: cython.Py_ssize_t = marks.shape[0] - 1
    mask: cython.ulonglong = slots.shape[0] - 1
    query: cython.Py_ssize_t
    at: cython.ulonglong
    hole: cython.ulonglong
    slot: cython.ulonglong
    for query in range(head, end):
        if cython.compiled:
            # Beyond the end too: whatever is fetched is one of the slots.
            fetch(cython.address(slots[marks[(query + _AT_ONCE) & ring] & mask]))
        slot = marks[query & ring]
        at = slot & mask
        slot = slot << 32 | (query & ring)
        while slots[at] != slot and slots[at] != _FREE:
            at = (at + 1) & mask
        if slots[at] == _FREE:
            # A later query has its key, and its slot.
            continue
        # What stands behind moves up, unless it would stand before where it belongs.
        hole = at
        at = (at + 1) & mask
        while slots[at] != _FREE:
            if (at - (slots[at] >> 32)) & mask >= (at - hole) & mask:
                slots[hole] = slots[at]
                hole = at
            at = (at + 1) & mask
        slots[hole] = _FREE
