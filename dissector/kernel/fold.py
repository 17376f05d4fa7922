"""Passes over the messages of a batch: what is added up, compared and chosen, message by message.

Strategy: each is one loop over columns, in the order of the capture, so that first and last, duplicates and jitter are
plain statements.

Bounds. Numbers are indices of the rows that callers hand in with them, -1 where a message has none: both are made in
one place (:mod:`dissector.analysis.table`), and no octet has a part in them. Stretches of octets are compared with the
buffer before they are read. Of a message that :func:`_odd` is asked about there are at least ``_HEADER + _ENOUGH``
octets; it reads ``_TAIL + 1`` of them, the last ones, and what else is read are the first 12.
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

_ADD = cython.declare(cython.uchar, tables.RULES.index("count"))
_LEAST = cython.declare(cython.uchar, tables.RULES.index("least"))
_MOST = cython.declare(cython.uchar, tables.RULES.index("most"))
_LATEST = cython.declare(cython.uchar, tables.RULES.index("last"))

_COUNT = cython.declare(cython.Py_ssize_t, tables.TIMES.index("count"))
_SUM = cython.declare(cython.Py_ssize_t, tables.TIMES.index("sum"))
_MIN = cython.declare(cython.Py_ssize_t, tables.TIMES.index("min"))
_MAX = cython.declare(cython.Py_ssize_t, tables.TIMES.index("max"))
_SQUARES = cython.declare(cython.Py_ssize_t, tables.TIMES.index("squares"))
_FIRST = cython.declare(cython.Py_ssize_t, tables.TIMES.index("first"))
_LATEST_TIME = cython.declare(cython.Py_ssize_t, tables.TIMES.index("last"))
_JITTER = cython.declare(cython.Py_ssize_t, tables.TIMES.index("jitter"))
_LATE = cython.declare(cython.Py_ssize_t, tables.TIMES.index("late"))
_ALTERED = cython.declare(cython.Py_ssize_t, tables.TIMES.index("altered"))
_REORDERED = cython.declare(cython.Py_ssize_t, tables.TIMES.index("reordered"))
_TOP = cython.declare(cython.Py_ssize_t, tables.TIMES.index("top"))

_TTL = cython.declare(cython.Py_ssize_t, tables.HOSTS.index("ttl"))
_VARIED = cython.declare(cython.Py_ssize_t, tables.HOSTS.index("varied"))
_REQUESTS = cython.declare(cython.Py_ssize_t, tables.HOSTS.index("requests"))
_REPLIES = cython.declare(cython.Py_ssize_t, tables.HOSTS.index("replies"))
_LAST = cython.declare(cython.Py_ssize_t, tables.HOSTS.index("last_ns"))
_ODD = cython.declare(cython.Py_ssize_t, tables.HOSTS.index("odd"))
_ODD_OCTETS = cython.declare(cython.Py_ssize_t, tables.HOSTS.index("odd_octets"))
_MARKED = cython.declare(cython.Py_ssize_t, tables.HOSTS.index("marked"))

# What is odd about data: see :mod:`dissector.analysis.findings.tunnels`.
_HEADER = cython.declare(cython.int, 8)  # octets before the data
# Octets that a known ping could not fill with time and identifier alone.
_ENOUGH = cython.declare(cython.int, 24)
_TAIL = cython.declare(cython.Py_ssize_t, 8)  # steps between octets at the end that tell a ping
_ONE_OF = cython.declare(cython.ulonglong, 4)  # of so many exchanges one is looked at closely
_MIX = cython.declare(cython.ulonglong, tables.MIX)
_ALL = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)

_AHEAD = cython.declare(cython.Py_ssize_t, 16)  # rows that are fetched before they are needed


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
        other: where the one begins that it is compared with.
        sizes: octets of each.
        same: filled in.

    Raises:
        ValueError: a stretch is not in ``octets``.
    """
    row: cython.Py_ssize_t
    at: cython.Py_ssize_t
    begin: cython.Py_ssize_t
    across: cython.Py_ssize_t
    room: cython.Py_ssize_t
    differ: cython.uchar
    for row in range(one.shape[0]):
        begin = one[row]
        across = other[row]
        room = octets.shape[0] - sizes[row]
        if sizes[row] < 0 or begin < 0 or begin > room or across < 0 or across > room:
            raise ValueError("a stretch outside of its buffer")  # noqa: EM101, TRY003 - a kernel's lines are few
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


def reduce(
    numbers: cython.const[cython.longlong][::1],
    known: cython.Py_ssize_t,
    values: cython.const[cython.longlong][:, ::1],
    rules: cython.const[cython.uchar][::1],
    rows: cython.longlong[:, ::1],
) -> None:
    """Take rows of values into the rows of their numbers.

    Args:
        numbers: for each of the values the row it goes to, -1 for none; new ones come in ascending order.
        known: how many rows there were before; later ones take the first values that come.
        values: the values.
        rules: for each column how two values become one: 0 adds them, 1 takes the less, 2 the greater, 3 the later,
            any other the earlier.
        rows: what they are taken into.
    """
    at: cython.Py_ssize_t
    to: cython.Py_ssize_t
    column: cython.Py_ssize_t
    value: cython.longlong
    for at in range(numbers.shape[0]):
        if cython.compiled and at + _AHEAD < numbers.shape[0] and numbers[at + _AHEAD] >= 0:
            fetch(cython.address(rows[numbers[at + _AHEAD], 0]))
        to = numbers[at]
        if to < 0:
            continue
        if to == known:
            known += 1
            for column in range(values.shape[1]):
                rows[to, column] = values[at, column]
            continue
        for column in range(values.shape[1]):
            value = values[at, column]
            if rules[column] == _ADD:
                rows[to, column] += value
            elif rules[column] == _LATEST or (
                (rules[column] == _LEAST and value < rows[to, column])
                or (rules[column] == _MOST and value > rows[to, column])
            ):
                rows[to, column] = value


def moments(
    numbers: cython.const[cython.longlong][::1],
    seconds: cython.const[cython.longlong][::1],
    values: cython.const[cython.longlong][:, ::1],
    each: cython.longlong,
    latest: cython.longlong[:, ::1],
    owner: cython.longlong[::1],
    rows: cython.longlong[:, ::1],
    count: cython.Py_ssize_t,
) -> int:
    """Take values into a row for each second in which their key came; the last of so many has all that come later.

    Args:
        numbers: of the keys, -1 for none.
        seconds: when each came.
        values: how many came, a time and a frame, of which the least are kept.
        each: rows that a key may have.
        latest: for each key the latest row, its second, and how many rows it has.
        owner: the key of each row.
        rows: the rows; there is room for as many as there are values.
        count: how many there are.

    Returns:
        How many there are now.
    """
    at: cython.Py_ssize_t
    key: cython.Py_ssize_t
    row: cython.Py_ssize_t
    column: cython.Py_ssize_t
    for at in range(numbers.shape[0]):
        key = numbers[at]
        if key < 0:
            continue
        row = latest[key, 0]
        if latest[key, 2] == 0 or (seconds[at] != latest[key, 1] and latest[key, 2] < each):
            row = count
            count += 1
            owner[row] = key
            latest[key, 0] = row
            latest[key, 1] = seconds[at]
            latest[key, 2] += 1
            for column in range(3):
                rows[row, column] = values[at, column]
            continue
        rows[row, 0] += values[at, 0]
        for column in range(1, 3):
            rows[row, column] = min(rows[row, column], values[at, column])
    return count


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _odd(octets: cython.const[cython.uchar][::1], end: cython.Py_ssize_t) -> cython.bint:
    """Return whether the last octets before ``end`` are neither all alike, nor counting, nor two over and over."""
    at: cython.Py_ssize_t
    step: cython.int = (octets[end - 1] - octets[end - 2]) & 0xFF
    counting: cython.bint = True
    for at in range(end - _TAIL, end - 1):
        if (octets[at] - octets[at - 1]) & 0xFF != step:
            counting = False
            break
    if counting:
        return False
    at = end - _TAIL + 1
    while at < end and octets[at] == octets[at - 2]:
        at += 1
    return at < end


def echoes(
    numbers: cython.const[cython.longlong][::1],
    reply: cython.const[cython.uchar][::1],
    octets: cython.const[cython.uchar][::1],
    starts: cython.const[cython.longlong][::1],
    captured: cython.const[cython.int][::1],
    length: cython.const[cython.int][::1],
    ttl: cython.const[cython.uchar][::1],
    time_ns: cython.const[cython.longlong][::1],
    rows: cython.longlong[:, ::1],
    counts: cython.longlong[::1],
    each: cython.longlong,
    chosen: cython.uchar[::1],
) -> None:
    """Take echo messages into the rows of their pairs of hosts, and choose some of those with odd data.

    Args:
        numbers: for each message the row of its pair, -1 for none.
        reply: whether it is a reply; as are the next ones a value a message.
        octets: the octets of the batch.
        starts: where in them the message begins.
        captured: how many are.
        length: how many it had.
        ttl: its time to live.
        time_ns: when it came.
        rows: what is known of the pairs: columns as :data:`dissector.analysis.findings.asked.COLUMNS` has them.
        counts: how many messages of each pair were chosen; counted on.
        each: so many may be.
        chosen: filled in.

    Raises:
        ValueError: a message is not in ``octets``.
    """
    at: cython.Py_ssize_t
    to: cython.Py_ssize_t
    start: cython.Py_ssize_t
    mixed: cython.ulonglong
    for at in range(numbers.shape[0]):
        if cython.compiled and at + _AHEAD < numbers.shape[0] and numbers[at + _AHEAD] >= 0:
            fetch(cython.address(rows[numbers[at + _AHEAD], 0]))
        to = numbers[at]
        chosen[at] = 0
        if to < 0:
            continue
        if reply[at]:
            rows[to, _REPLIES] += 1
        else:
            if rows[to, _REQUESTS] == 0:
                rows[to, _TTL] = ttl[at]
            elif rows[to, _TTL] != ttl[at]:
                rows[to, _VARIED] = 1
            rows[to, _REQUESTS] += 1
        rows[to, _LAST] = time_ns[at]
        if captured[at] < _HEADER + _ENOUGH:
            continue
        if starts[at] < 0 or starts[at] > octets.shape[0] - captured[at]:
            raise ValueError("a message outside of its buffer")  # noqa: EM101, TRY003 - a kernel's lines are few
        start = starts[at] + _HEADER
        if not _odd(octets, starts[at] + captured[at]):
            continue
        rows[to, _ODD] += 1
        rows[to, _ODD_OCTETS] += length[at] - _HEADER
        if (
            octets[start] == 0xD5  # what each message of ptunnel begins with
            and octets[start + 1] == 0x20
            and octets[start + 2] == 0x08
            and octets[start + 3] == 0x80
        ):
            rows[to, _MARKED] += 1
        # Identifier and sequence, by which a query and its answer are chosen together.
        mixed = octets[start - 4] << 16 | octets[start - 3] << 8 | octets[start - 2]
        mixed = (mixed << 8 | octets[start - 1]) * _MIX & _ALL
        mixed = (mixed ^ mixed >> 32) * _MIX & _ALL
        if (mixed ^ mixed >> 32) % _ONE_OF == 0 and counts[to] < each:
            counts[to] += 1
            chosen[at] = 1


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
            step = time - whole[to, _LATEST_TIME]
            if step < 0:
                step = -step
            broken[to, _JITTER] += (step - broken[to, _JITTER]) / 16  # RFC 3550, 6.4.1
            whole[to, _MIN] = min(whole[to, _MIN], time)
            whole[to, _MAX] = max(whole[to, _MAX], time)
        whole[to, _COUNT] = count
        whole[to, _SUM] += time
        whole[to, _LATEST_TIME] = time
        whole[to, _LATE] += late[at]
        whole[to, _ALTERED] += altered[at]
        if order[at] < top[owner[to]]:
            whole[to, _REORDERED] += 1
        else:
            top[owner[to]] = order[at]
        whole[to, _TOP] = max(whole[to, _TOP], order[at])
