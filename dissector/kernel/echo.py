"""Echo messages of a batch: which they are, whose, and which of them carry what no ping is known to send.

Strategy: nearly all messages are echo messages about which there is nothing to say but who sent them. So one pass over
a batch (:func:`sift`) makes the keys of their pairs of hosts and says which messages are something else, the only ones
that other rules look at. A second one (:func:`echoes`) takes each into the row of its pair, and copies what is odd.

Bounds. The caller hands in columns of one length, and room for as many rows as there are messages. Rows are those that
:func:`sift` found; numbers are indices of the rows that are handed in with them, -1 where a message has none: both are
made by the caller, and no octet has a part in them. A message is compared with the buffer before it is read. There are
at least ``_HEADER + _ENOUGH`` octets of one that :func:`_odd` is asked about; it reads ``_TAIL + 1`` of them, the last
ones, and :func:`_sample` as many of the others as there are.
"""

# mypy: disable-error-code="valid-type,no-redef,attr-defined,name-defined,import-untyped,untyped-decorator"
# mypy: disable-error-code="no-untyped-def,no-any-return"

from __future__ import annotations

from dissector.kernel import layers, tables

try:
    import cython
except ImportError:
    from dissector.kernel import shim as cython
if cython.compiled:
    from cython.cimports.dissector.kernel.memory import fetch

COMPILED = cython.compiled

_BAD = cython.declare(cython.uchar, layers.BAD)
_PIECES = cython.declare(cython.ushort, layers.FRAGMENT | layers.REASSEMBLED)
_FOREIGN = cython.declare(cython.ushort, layers.FOREIGN)
_SIX = cython.declare(cython.int, tables.SIX)

# What a type is: see `roles` of :func:`sift`.
REQUEST, REPLY = 1, 2
_REPLY_ROLE = cython.declare(cython.uchar, REPLY)

_VERSION = cython.declare(cython.Py_ssize_t, tables.HOSTS.index("version"))
_TTL = cython.declare(cython.Py_ssize_t, tables.HOSTS.index("ttl"))
_VARIED = cython.declare(cython.Py_ssize_t, tables.HOSTS.index("varied"))
_REQUESTS = cython.declare(cython.Py_ssize_t, tables.HOSTS.index("requests"))
_REPLIES = cython.declare(cython.Py_ssize_t, tables.HOSTS.index("replies"))
_FIRST = cython.declare(cython.Py_ssize_t, tables.HOSTS.index("first_ns"))
_LAST = cython.declare(cython.Py_ssize_t, tables.HOSTS.index("last_ns"))
_PLACE = cython.declare(cython.Py_ssize_t, tables.HOSTS.index("place"))
_ODD = cython.declare(cython.Py_ssize_t, tables.HOSTS.index("odd"))
_ODD_OCTETS = cython.declare(cython.Py_ssize_t, tables.HOSTS.index("odd_octets"))
_MARKED = cython.declare(cython.Py_ssize_t, tables.HOSTS.index("marked"))

_IS_REPLY = cython.declare(cython.Py_ssize_t, tables.SAMPLE.index("reply"))
_IDENTITY = cython.declare(cython.Py_ssize_t, tables.SAMPLE.index("identity"))
_SIZE = cython.declare(cython.Py_ssize_t, tables.SAMPLE.index("size"))
_THERE = cython.declare(cython.Py_ssize_t, tables.SAMPLE.index("there"))
_DATA = cython.declare(cython.Py_ssize_t, tables.SAMPLE.index("data"))
_CLOSELY = cython.declare(cython.Py_ssize_t, tables.CLOSELY)
_AFTER = cython.declare(cython.Py_ssize_t, tables.SAMPLE.index("data") + tables.CLOSELY // 8)

_HEADER = cython.declare(cython.int, 8)  # octets before the data
# Octets that a known ping could not fill with time and identifier alone.
_ENOUGH = cython.declare(cython.int, 24)
_TAIL = cython.declare(cython.Py_ssize_t, 8)  # steps between octets at the end that tell a ping
_ONE_OF = cython.declare(cython.ulonglong, 4)  # of so many exchanges one is looked at closely
_MIX = cython.declare(cython.ulonglong, tables.MIX)
_ALL = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)

_AHEAD = cython.declare(cython.Py_ssize_t, 16)  # rows that are fetched before they are needed


def sift(
    family: cython.const[cython.uchar][::1],
    type_: cython.const[cython.uchar][::1],
    code: cython.const[cython.uchar][::1],
    checksum: cython.const[cython.uchar][::1],
    flags: cython.const[cython.ushort][::1],
    captured: cython.const[cython.int][::1],
    src: cython.const[cython.ulonglong][:, ::1],
    dst: cython.const[cython.ulonglong][:, ::1],
    roles: cython.const[cython.uchar][::1],
    kinds: cython.int[::1],
    other: cython.longlong[::1],
    echo: cython.longlong[::1],
    pairs: cython.ulonglong[:, ::1],
) -> tuple[int, int]:
    """Tell echo messages from all others.

    Args:
        family: of the messages, 4 or 6; as are the next seven a column of the batch.
        type_: their types.
        code: their codes.
        checksum: whether their checksums are right.
        flags: how they came.
        captured: octets of them that are there.
        src: their sources, two words each.
        dst: their destinations.
        roles: for each type, those of ICMPv6 with SIX more, ``REQUEST``, ``REPLY`` or 0 for what is no echo message.
        kinds: filled in, the type of each message, likewise.
        other: filled in, the messages that more is to be known of than that they are echo messages: all others, and
            those that came in fragments or have another code than 0 or a wrong checksum.
        echo: filled in, the echo messages that have a whole header.
        pairs: filled in, the addresses of each of these, four words.

    Returns:
        How many rows of ``other`` were filled in, and how many of ``echo``.
    """
    at: cython.Py_ssize_t
    kind: cython.int
    others: cython.Py_ssize_t = 0
    count: cython.Py_ssize_t = 0
    for at in range(family.shape[0]):
        kind = type_[at] + (_SIX if family[at] == 6 else 0)
        kinds[at] = kind
        if roles[kind] == 0:
            other[others] = at
            others += 1
            continue
        if code[at] != 0 or checksum[at] == _BAD or flags[at] & _PIECES:
            other[others] = at
            others += 1
        if captured[at] >= _HEADER:
            echo[count] = at
            pairs[count, 0] = src[at, 0]
            pairs[count, 1] = src[at, 1]
            pairs[count, 2] = dst[at, 0]
            pairs[count, 3] = dst[at, 1]
            count += 1
    return others, count


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


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _sample(
    octets: cython.const[cython.uchar][::1],
    start: cython.Py_ssize_t,
    there: cython.Py_ssize_t,
    sample: cython.Py_ssize_t,
    data: cython.uchar[:, ::1],
) -> None:
    """Copy the first octets of data into a sample, and zeros after them; there are so many, at most ``_CLOSELY``."""
    at: cython.Py_ssize_t
    for at in range(there):
        data[sample, 8 * _DATA + at] = octets[start + at]
    for at in range(there, _CLOSELY):
        data[sample, 8 * _DATA + at] = 0


def echoes(
    echo: cython.const[cython.longlong][::1],
    numbers: cython.const[cython.longlong][::1],
    known: cython.Py_ssize_t,
    kinds: cython.const[cython.int][::1],
    roles: cython.const[cython.uchar][::1],
    family: cython.const[cython.uchar][::1],
    flags: cython.const[cython.ushort][::1],
    octets: cython.const[cython.uchar][::1],
    starts: cython.const[cython.longlong][::1],
    captured: cython.const[cython.int][::1],
    length: cython.const[cython.int][::1],
    ttl: cython.const[cython.uchar][::1],
    time_ns: cython.const[cython.longlong][::1],
    frame: cython.const[cython.longlong][::1],
    file: cython.longlong,
    rows: cython.longlong[:, ::1],
    counts: cython.longlong[::1],
    each: cython.longlong,
    owners: cython.longlong[::1],
    samples: cython.longlong[:, ::1],
    data: cython.uchar[:, ::1],
) -> int:
    """Take echo messages into the rows of their pairs of hosts, and copy some of those with odd data.

    Args:
        echo: the rows of the messages.
        numbers: for each the row of its pair, -1 for none; new ones come in ascending order.
        known: how many pairs there were before.
        kinds: the types of all messages of the batch; as for :func:`sift`, as are the next two.
        roles: what a type is.
        family: of the messages; as are all up to ``frame`` a column of the batch.
        flags: how they came.
        octets: the octets of the batch.
        starts: where in them a message begins.
        captured: how many are.
        length: how many it had.
        ttl: its time to live.
        time_ns: when it came.
        frame: the number of its frame.
        file: what is added to it for the place.
        rows: what is known of the pairs: columns as :data:`dissector.analysis.findings.asked.COLUMNS` has them.
        counts: how many messages of each pair were chosen; counted on.
        each: so many may be.
        owners: filled in, the number of the pair of each sample, as long as there is room.
        samples: filled in, the samples: columns as :data:`dissector.kernel.tables.SAMPLE` has them, then the place.
        data: the same memory, as octets.

    Returns:
        How many were chosen, with those for which there was no room.

    Raises:
        ValueError: a message is not in ``octets``.
    """
    at: cython.Py_ssize_t
    to: cython.Py_ssize_t
    row: cython.Py_ssize_t
    start: cython.Py_ssize_t
    chosen: cython.Py_ssize_t = 0
    identity: cython.ulonglong
    mixed: cython.ulonglong
    reply: cython.bint
    for at in range(echo.shape[0]):
        if cython.compiled and at + _AHEAD < echo.shape[0] and numbers[at + _AHEAD] >= 0:
            # A row may lie in two lines of the processor's cache.
            fetch(cython.address(rows[numbers[at + _AHEAD], 0]))
            fetch(cython.address(rows[numbers[at + _AHEAD], _PLACE]))
            fetch(cython.address(counts[numbers[at + _AHEAD]]))
        to = numbers[at]
        if to < 0:
            continue
        row = echo[at]
        if to == known:
            known += 1
            rows[to, _VERSION] = 10 - family[row] if flags[row] & _FOREIGN else family[row]
            rows[to, _FIRST] = time_ns[row]
            rows[to, _PLACE] = frame[row] | file
        reply = roles[kinds[row]] == _REPLY_ROLE
        if reply:
            rows[to, _REPLIES] += 1
        else:
            if rows[to, _REQUESTS] == 0:
                rows[to, _TTL] = ttl[row]
            elif rows[to, _TTL] != ttl[row]:
                rows[to, _VARIED] = 1
            rows[to, _REQUESTS] += 1
        rows[to, _LAST] = time_ns[row]
        if captured[row] < _HEADER + _ENOUGH:
            continue
        if starts[row] < 0 or starts[row] > octets.shape[0] - captured[row]:
            raise ValueError("a message outside of its buffer")  # noqa: EM101, TRY003 - a kernel's lines are few
        start = starts[row] + _HEADER
        if not _odd(octets, starts[row] + captured[row]):
            continue
        rows[to, _ODD] += 1
        rows[to, _ODD_OCTETS] += length[row] - _HEADER
        if (
            octets[start] == 0xD5  # what each message of ptunnel begins with
            and octets[start + 1] == 0x20
            and octets[start + 2] == 0x08
            and octets[start + 3] == 0x80
        ):
            rows[to, _MARKED] += 1
        # Identifier and sequence, by which a query and its answer are chosen together.
        identity = octets[start - 4] << 16 | octets[start - 3] << 8 | octets[start - 2]
        identity = identity << 8 | octets[start - 1]
        mixed = identity * _MIX & _ALL
        mixed = (mixed ^ mixed >> 32) * _MIX & _ALL
        if (mixed ^ mixed >> 32) % _ONE_OF or counts[to] >= each:
            continue
        counts[to] += 1
        if chosen < owners.shape[0]:
            owners[chosen] = to
            samples[chosen, _IS_REPLY] = reply
            samples[chosen, _IDENTITY] = identity
            samples[chosen, _SIZE] = length[row] - _HEADER
            samples[chosen, _THERE] = min(captured[row] - _HEADER, _CLOSELY)
            _sample(octets, start, samples[chosen, _THERE], chosen, data)
            samples[chosen, _AFTER] = frame[row] | file
        chosen += 1
    return chosen


def odds(
    owners: cython.const[cython.longlong][::1],
    samples: cython.const[cython.longlong][:, ::1],
    factors: cython.const[cython.ulonglong][::1],
    sizes: cython.longlong[::1],
    varied: cython.uchar[::1],
    apart: cython.ulonglong[::1],
) -> None:
    """Tell the samples of which owners differ.

    Args:
        owners: for each sample whose it is: an index of the last three.
        samples: the samples, as for :func:`echoes`.
        factors: for their hashes, odd, as many as columns at least; nobody can know them who sends messages.
        sizes: of the first sample of each owner, -1 where there is none yet.
        varied: set to 1 where another one has another size.
        apart: what is not 0 where the samples that are replies are not those that are none; counted on.
    """
    at: cython.Py_ssize_t
    column: cython.Py_ssize_t
    owner: cython.Py_ssize_t
    word: cython.ulonglong
    hashed: cython.ulonglong
    for at in range(owners.shape[0]):
        owner = owners[at]
        if sizes[owner] < 0:
            sizes[owner] = samples[at, _SIZE]
        elif sizes[owner] != samples[at, _SIZE]:
            varied[owner] = 1
        hashed = 0
        for column in range(_IDENTITY, _AFTER):
            word = cython.cast(cython.ulonglong, samples[at, column]) & _ALL
            word = word * factors[column] & _ALL
            hashed = hashed + (word ^ word >> 32) & _ALL
        hashed = (hashed ^ hashed >> 32) * _MIX & _ALL
        hashed = (hashed ^ hashed >> 32) * _MIX & _ALL
        hashed = hashed ^ hashed >> 32
        if samples[at, _IS_REPLY]:
            apart[owner] = apart[owner] - hashed & _ALL
        else:
            apart[owner] = apart[owner] + hashed & _ALL
