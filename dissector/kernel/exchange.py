"""What queries and their answers leave behind, message by message, once :mod:`dissector.kernel.pair` has joined them.

Strategy: each is one loop in the order of the capture. The open queries stand in a ring, see there: that of place ``n``
is in row ``n & (rows - 1)``; in the order of the capture the rows of answers lie anywhere, so they are sent for some
messages ahead.

Bounds. Rings have a power of two of rows, so that a masked place is one of them. Rows, participants, series and pairs
are indices that callers made in the arrays that they hand in with them, and no octet has a part in them; what is filled
in has room for a value for each participant. No octets are read.
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
_KIND = cython.declare(cython.Py_ssize_t, tables.KIND)
_WORDS = cython.declare(cython.Py_ssize_t, tables.WORDS)
_WIDE = cython.declare(cython.ulonglong, tables.WIDE)

_SERIES = cython.declare(cython.Py_ssize_t, tables.OPEN.index("series"))
_FRAME = cython.declare(cython.Py_ssize_t, tables.OPEN.index("frame"))
_ORDER = cython.declare(cython.Py_ssize_t, tables.OPEN.index("order"))
_ERROR = cython.declare(cython.Py_ssize_t, tables.OPEN.index("error"))
_TIME = cython.declare(cython.Py_ssize_t, tables.OPEN.index("time_ns"))

_SENT = cython.declare(cython.Py_ssize_t, tables.COUNTS.index("sent"))
_DUPLICATES = cython.declare(cython.Py_ssize_t, tables.COUNTS.index("duplicates"))
_BY_OTHERS = cython.declare(cython.Py_ssize_t, tables.COUNTS.index("by_others"))

_END = cython.declare(cython.Py_ssize_t, len(tables.TIMES) - 1)  # where the end of a row of times is
_HEADER = cython.declare(cython.longlong, 8)  # octets of a message before its data
_AHEAD = cython.declare(cython.Py_ssize_t, 16)  # rows that are fetched before they are needed


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
@cython.returns(cython.void)
def _ahead(
    at: cython.Py_ssize_t, place: cython.const[cython.longlong][::1], open_: cython.longlong[:, ::1]
) -> None:
    """Have the processor fetch the row of the query that some steps later comes to."""
    if cython.compiled and at + _AHEAD < place.shape[0] and place[at + _AHEAD] >= 0:
        fetch(cython.address(open_[place[at + _AHEAD] & (open_.shape[0] - 1), 0]))


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
@cython.returns(cython.void)
def _enter(
    query: cython.Py_ssize_t, frame: cython.longlong, order: cython.longlong, open_: cython.longlong[:, ::1]
) -> None:
    """Take down what is known of a query when it comes."""
    open_[query, _FRAME] = frame
    open_[query, _ORDER] = order
    open_[query, _ERROR] = -1


def tell(
    role: cython.const[cython.uchar][::1],
    rows: cython.const[cython.longlong][::1],
    frame: cython.const[cython.longlong][::1],
    time_ns: cython.const[cython.longlong][::1],
    seen: cython.longlong,
    found: cython.const[cython.longlong][::1],
    open_: cython.longlong[:, ::1],
    frames: cython.longlong[::1],
    rtt_ns: cython.longlong[::1],
) -> None:
    """Take down queries, and tell frame and round-trip time of the query of each answer.

    Args:
        role: what each participant is, as are the next ones a value for each.
        rows: its row in the batch.
        frame: that of its packet.
        time_ns: when it came.
        seen: messages before the batch.
        found: the place of its query, or its own; -1 for none.
        open_: the ring of what is known of queries.
        frames: filled in at the rows of answers that have a query.
        rtt_ns: likewise.
    """
    ring: cython.Py_ssize_t = open_.shape[0] - 1
    at: cython.Py_ssize_t
    query: cython.Py_ssize_t
    for at in range(role.shape[0]):
        _ahead(at, found, open_)
        query = found[at] & ring
        if role[at] == _QUERY:
            _enter(query, frame[at], rows[at] + seen, open_)
        elif role[at] == _ANSWER and found[at] >= 0:
            frames[rows[at]] = open_[query, _FRAME]
            rtt_ns[rows[at]] = max(time_ns[at] - open_[query, _TIME], -1)


def join(
    role: cython.const[cython.uchar][::1],
    rows: cython.const[cython.longlong][::1],
    frame: cython.const[cython.longlong][::1],
    seen: cython.longlong,
    key: cython.const[cython.ulonglong][:, ::1],
    found: cython.const[cython.longlong][::1],
    first: cython.const[cython.uchar][::1],
    wide: cython.bint,
    open_: cython.longlong[:, ::1],
    stored: cython.const[cython.ulonglong][:, ::1],
    answerer: cython.ulonglong[:, ::1],
    asking: cython.longlong[::1],
    response: cython.longlong[::1],
    place: cython.longlong[::1],
    earliest: cython.uchar[::1],
    by_other: cython.uchar[::1],
    unasked: cython.longlong[::1],
) -> tuple[int, int]:
    """Take down queries, and tell apart queries, what has one, and what has none.

    Args:
        role: as for :func:`tell`, as are the next three.
        rows: the row of each in the batch.
        frame: that of its packet.
        seen: messages before the batch.
        key: what it belongs to.
        found: the place of its query, or its own; -1 for none.
        first: whether it is the first of its role to its query.
        wide: whether any open query may be answered by others than the one asked.
        open_: the ring of what is known of queries.
        stored: the ring of their keys.
        answerer: the ring of who answered first, where others may.
        asking: filled in, which are queries.
        response: filled in, which have one, as are the next three.
        place: its place.
        earliest: whether they are the first of their role.
        by_other: whether they are further answers, by another host than the first.
        unasked: filled in, which have none.

    Returns:
        How many are queries, and how many have one.
    """
    ring: cython.Py_ssize_t = open_.shape[0] - 1
    at: cython.Py_ssize_t
    query: cython.Py_ssize_t
    queries: cython.Py_ssize_t = 0
    joined: cython.Py_ssize_t = 0
    alone: cython.Py_ssize_t = 0
    for at in range(role.shape[0]):
        query = found[at] & ring
        if role[at] == _QUERY:
            _enter(query, frame[at], rows[at] + seen, open_)
            asking[queries] = at
            queries += 1
            continue
        if found[at] < 0:
            unasked[alone] = at
            alone += 1
            continue
        response[joined] = at
        place[joined] = found[at]
        earliest[joined] = first[at]
        by_other[joined] = 0
        if wide and role[at] == _ANSWER and stored[query, _KIND] >= _WIDE:
            if first[at]:
                answerer[query, 0] = key[at, 2]
                answerer[query, 1] = key[at, 3]
            elif answerer[query, 0] != key[at, 2] or answerer[query, 1] != key[at, 3]:
                by_other[joined] = 1
        joined += 1
    return queries, joined


def series(
    which: cython.const[cython.longlong][::1],
    key: cython.const[cython.ulonglong][:, ::1],
    number: cython.const[cython.short][::1],
    sequence: cython.const[cython.uint][::1],
    keys: cython.ulonglong[:, ::1],
) -> None:
    """Fill in the keys of the series of some participants.

    Args:
        which: the participants.
        key: the key of each.
        number: that of the pair of each.
        sequence: for each pair, which bits of the word of the kind are the sequence.
        keys: filled in.
    """
    row: cython.Py_ssize_t
    at: cython.Py_ssize_t
    word: cython.Py_ssize_t
    for row in range(which.shape[0]):
        at = which[row]
        for word in range(_WORDS):
            keys[row, word] = key[at, word]
        keys[row, _KIND] ^= key[at, _KIND] & sequence[number[at]]


def ask(
    numbers: cython.const[cython.longlong][::1],
    counts: cython.longlong[:, ::1],
    first: cython.longlong[::1],
) -> int:
    """Count queries of series.

    Args:
        numbers: the series of each.
        counts: for each series, columns as :data:`dissector.kernel.tables.COUNTS` has them; counted on.
        first: filled in, which are the first of their series.

    Returns:
        How many these are.
    """
    at: cython.Py_ssize_t
    new: cython.Py_ssize_t = 0
    for at in range(numbers.shape[0]):
        if cython.compiled and at + _AHEAD < numbers.shape[0]:
            fetch(cython.address(counts[numbers[at + _AHEAD], 0]))
        if counts[numbers[at], _SENT] == 0:
            first[new] = at
            new += 1
        counts[numbers[at], _SENT] += 1
    return new


def answer(
    role: cython.const[cython.uchar][::1],
    rows: cython.const[cython.longlong][::1],
    number: cython.const[cython.short][::1],
    asking: cython.const[cython.longlong][::1],
    response: cython.const[cython.longlong][::1],
    place: cython.const[cython.longlong][::1],
    first: cython.const[cython.uchar][::1],
    by_other: cython.const[cython.uchar][::1],
    begin: cython.longlong,
    time_ns: cython.const[cython.longlong][::1],
    icmp: cython.const[cython.longlong][::1],
    captured: cython.const[cython.int][::1],
    length: cython.const[cython.int][::1],
    returning: cython.const[cython.uchar][::1],
    timeout_ns: cython.longlong,
    open_: cython.longlong[:, ::1],
    current: cython.const[cython.longlong][::1],
    counts: cython.longlong[:, ::1],
    whole: cython.longlong[:, ::1],
    made: cython.longlong[:, ::1],
    late: cython.uchar[::1],
    altered: cython.uchar[::1],
    crossing: cython.uchar[::1],
) -> int:
    """Take in answers that have a query: count further ones, and tell what is to be known of first ones.

    Args:
        role: of each participant, as are the next two.
        rows: its row in the batch.
        number: that of its pair.
        asking: which participants are queries, see :func:`join`, as are the next four.
        response: which have a query.
        place: its place.
        first: whether they are the first of their role to it.
        by_other: whether they are answers by another host than the first.
        begin: the place of the first query of the batch.
        time_ns: the column of the batch, as are the next three.
        icmp: where each message begins.
        captured: octets of it.
        length: how many it had.
        returning: for each pair, whether answers must return the data of their query.
        timeout_ns: answers after this are late.
        open_: the ring of what is known of queries.
        current: for each series the row of times that its answers go to now.
        counts: see :func:`ask`.
        whole: the rows of times, which are sent for.
        made: filled in for first answers, a row for each column: which participant it is, its series, its row of times,
            its round-trip time in ns, the order of its query, where its data and those of its query begin, and octets
            that are to be the same.
        late: filled in for each of them, whether it came after the timeout, as are the next two.
        altered: whether it is of another size than its query.
        crossing: whether it is to be compared with a query of an earlier batch.

    Returns:
        How many first answers there are.
    """
    ring: cython.Py_ssize_t = open_.shape[0] - 1
    at: cython.Py_ssize_t
    one: cython.Py_ssize_t
    query: cython.Py_ssize_t
    row: cython.Py_ssize_t
    asked: cython.Py_ssize_t
    owner: cython.Py_ssize_t
    rtt: cython.longlong
    size: cython.longlong
    count: cython.Py_ssize_t = 0
    for at in range(response.shape[0]):
        _ahead(at, place, open_)
        one = response[at]
        if role[one] != _ANSWER:
            continue
        query = place[at] & ring
        owner = open_[query, _SERIES]
        if not first[at]:
            counts[owner, _BY_OTHERS if by_other[at] else _DUPLICATES] += 1
            continue
        if cython.compiled:
            fetch(cython.address(whole[current[owner], 0]))
            fetch(cython.address(whole[current[owner], _END]))
        row = rows[one]
        rtt = max(time_ns[row] - open_[query, _TIME], 0)
        made[0, count] = one
        made[1, count] = owner
        made[2, count] = current[owner]
        made[3, count] = rtt
        made[4, count] = open_[query, _ORDER]
        made[5, count] = made[6, count] = icmp[row] + _HEADER
        made[7, count] = 0
        late[count] = rtt > timeout_ns
        altered[count] = crossing[count] = 0
        if returning[number[one]]:
            if place[at] >= begin:
                asked = rows[asking[place[at] - begin]]
                size = length[row]
                altered[count] = size != length[asked]
                # Data that were cut by the capture are not compared, only how many octets they are.
                if captured[row] >= size and captured[asked] >= size > _HEADER:
                    made[6, count] = icmp[asked] + _HEADER
                    made[7, count] = size - _HEADER
            else:
                crossing[count] = 1
        count += 1
    return count


def unanswered(
    come: cython.const[cython.uchar][::1],
    head: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
    found: cython.longlong[::1],
) -> int:
    """Fill in the rows of a ring where no answer has come to the query.

    Args:
        come: what has come to each: bits ``1 << role``; a ring.
        head: the place of the first of those that are looked at.
        end: where they end.
        found: filled in, with room for all.

    Returns:
        How many they are.
    """
    ring: cython.Py_ssize_t = come.shape[0] - 1
    query: cython.Py_ssize_t
    count: cython.Py_ssize_t = 0
    for query in range(head, end):
        if come[query & ring] & 1 << _ANSWER == 0:
            found[count] = query & ring
            count += 1
    return count


def tally(
    keys: cython.const[cython.longlong][::1],
    counts: cython.const[cython.longlong][::1],
    more: cython.const[cython.longlong][::1],
    times: cython.const[cython.longlong][::1],
    shift: cython.int,
    each: cython.Py_ssize_t,
    both: cython.longlong[::1],
    sums: cython.longlong[::1],
) -> tuple[int, bool]:
    """Put counted keys together with others, in ascending order.

    Args:
        keys: ascending, each once.
        counts: how often each came.
        more: ascending.
        times: how often each of these came; empty for once each.
        shift: keys that are the same but for so many bits are of one group.
        each: a group with more keys than this is a large one.
        both: filled in, all keys, each once, with room for all.
        sums: filled in, how often each came.

    Returns:
        How many keys there are, and whether a group is large.
    """
    at: cython.Py_ssize_t = 0
    other: cython.Py_ssize_t = 0
    count: cython.Py_ssize_t = 0
    alike: cython.Py_ssize_t = 0
    large: cython.bint = False
    key: cython.longlong
    size: cython.longlong
    while at < keys.shape[0] or other < more.shape[0]:
        if other == more.shape[0] or (at < keys.shape[0] and keys[at] <= more[other]):
            key = keys[at]
            size = counts[at]
            at += 1
        else:
            key = more[other]
            size = times[other] if times.shape[0] > 0 else 1
            other += 1
        if count > 0 and both[count - 1] == key:
            sums[count - 1] += size
            continue
        alike = alike + 1 if count > 0 and both[count - 1] >> shift == key >> shift else 1
        large = large or alike > each
        both[count] = key
        sums[count] = size
        count += 1
    return count, large
