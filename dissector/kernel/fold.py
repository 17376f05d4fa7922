"""Passes over the messages of a batch: what is added up, compared and chosen, message by message.

Strategy: each is one loop over columns, in the order of the capture, so that first and last, duplicates and jitter are
plain statements.

Bounds. Numbers are indices of the rows that callers hand in with them, -1 where a message has none: both are made in
one place (:mod:`dissector.analysis.table`), and no octet has a part in them. Stretches of octets are compared with the
buffer before they are read.
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
