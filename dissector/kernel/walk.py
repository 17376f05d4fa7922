"""Walkers: where the packets are in a stretch of a capture file.

Strategy: one pass over the headers of the records, in Cython's pure-Python mode, so that the same source runs
compiled or as plain Python. There are two walkers of files. :func:`records` reads containers made of one kind
of record with a fixed header (pcap in its variants, snoop), told by numbers where the fields of the header are.
:func:`blocks` reads the packet blocks of pcapng and leaves every rare block to Python. Beside each stands its
*finder*, which looks for the next true record in damaged octets. A third walker, :func:`ring`, reads what the
Linux kernel captures into a ring, and copies it, because the kernel wants the ring back.

A walker of a file takes a record only if what follows it may be a record as well; so a wrong length is noticed
at the record that has it. It stops at whatever is not plain, says why with a status, and lets Python judge.

Bounds. The octets are hostile, so nothing that is read from them is an index before it was compared. A function
that is called from outside first compares ``position`` and ``end`` with the buffer, and ``row`` with the columns.
From there on ``position`` only grows, and an octet is read only where a comparison with ``end`` (or ``limit``,
which is no further) came before; inner functions say what their caller has made sure of. A row is written only
below the length of the columns. An interface's row is read only below ``first + count``, rows that the reader has
filled, whose factors are not 0. Lengths in the octets are below 2**32 and buffers below 2**40, so that no sum
overflows; times are kept below 2**62.
"""

# mypy: disable-error-code="valid-type,attr-defined,import-untyped,untyped-decorator,no-any-return"

from __future__ import annotations

import sys

try:
    import cython
except ImportError:
    from dissector.kernel import shim as cython
if cython.compiled:
    from cython.cimports.libc.string import memcpy

COMPILED = cython.compiled

# Why a walker or a finder stopped.
MORE = 0  # the next record is not all there
FULL = 1  # the columns are full
SUSPECT = 2  # the record here, or what follows it, cannot be one
SPECIAL = 3  # pcapng: a section header or an interface description
NUMBERED = 4  # pcapng: no packet, but Wireshark gives it a frame number
UNREADABLE = 5  # pcapng: a packet of an interface that is not described, or one too big for its block
FOUND = 6  # a finder: here is a record
NONE = 7  # a finder: there is no record up to the end of the file
UNKNOWN = 8  # ring: a packet of an interface that is not in the table

CHAIN = 3  # headers in a row that make a place in damaged octets believable
# More than a capture inside one packet can have: 64 KiB hold no such chain.
_LONG_CHAIN = cython.declare(cython.longlong, 4096)
# Links from which on the places of a chain are noted. Chains that begin at different places may be one from some place
# on, and somebody who means harm can make them all lead to the same bad end: each place is then looked at but once.
_NOTED = cython.declare(cython.longlong, 64)
# Captured octets of a record met while searching: what every tool writes at most.
_RESYNC_LIMIT = cython.declare(cython.longlong, 262144)
_WIRE_LIMIT = cython.declare(cython.longlong, 134217728)  # original octets of such a record
_SECOND = cython.declare(cython.longlong, 1000000000)
_BIG = cython.declare(cython.bint, sys.byteorder == "big")


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _u32(octets: cython.const[cython.uchar][::1], at: cython.Py_ssize_t, big: cython.bint) -> cython.longlong:
    """Return the 32-bit number at ``at``; the caller has made sure of its four octets."""
    value: cython.uint = 0
    if not cython.compiled:
        return int.from_bytes(octets[at : at + 4], "big" if big else "little")
    # One load: of four octets put together by shifts GCC makes four.
    memcpy(cython.address(value), cython.address(octets[at]), 4)
    if big != _BIG:
        value = value >> 24 | (value >> 8 & 0xFF00) | (value << 8 & 0xFF0000) | value << 24
    return value


# --- records with a fixed header ----------------------------------------------------------------------------


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _span(
    octets: cython.const[cython.uchar][::1],
    at: cython.Py_ssize_t,
    header: cython.longlong,
    at_captured: cython.longlong,
    at_length: cython.longlong,
    big: cython.bint,
    limit: cython.longlong,
) -> cython.longlong:
    """Return the octets of the record at ``at`` with its header, or -1 if it cannot be one.

    The caller has made sure of the header. ``at_length`` is -1 where a header has no length of the whole
    record.
    """
    size: cython.longlong = _u32(octets, at + at_captured, big)
    if size > limit:
        return -1
    if at_length < 0:
        if size == 0 and octets[at] == 0 and octets[at + 1] == 0:  # sixteen zeros are a hole in the file
            if _u32(octets, at, big) == 0 and _u32(octets, at + 4, big) == 0:
                if _u32(octets, at + 8, big) == 0 and _u32(octets, at + 12, big) == 0:
                    return -1
        return header + size
    length: cython.longlong = _u32(octets, at + at_length, big)  # RFC 1761: with header and padding
    if length < header + size or length > header + size + limit:
        return -1
    return length


def span(
    octets: cython.const[cython.uchar][::1], position: cython.Py_ssize_t, layout: cython.longlong[::1]
) -> int:
    """Return how many octets the record at ``position`` claims with its header, or -1 if it cannot be one.

    ``layout`` is as for :func:`records`; the header must be there.

    Raises:
        ValueError: it is not in the buffer.
    """
    if position < 0 or position + layout[0] > len(octets):
        raise ValueError("outside of the buffer")  # noqa: EM101, TRY003 - a kernel's lines are few
    return _span(octets, position, layout[0], layout[3], layout[5], layout[6], layout[8])


def records(
    octets: cython.const[cython.uchar][::1],
    position: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
    final: cython.bint,
    layout: cython.longlong[::1],
    start: cython.longlong[::1],
    captured: cython.int[::1],
    original: cython.longlong[::1],
    time_ns: cython.longlong[::1],
    row: cython.Py_ssize_t,
) -> tuple[int, int, int]:
    """Note the records from ``position`` on in the columns.

    Args:
        octets: the buffer.
        position: where a record starts.
        end: where the octets that are valid end; at most the length of the buffer.
        final: whether nothing comes after ``end``.
        layout: header length, offsets of seconds, fraction, captured and original length and of the length of
            the whole record (-1 if none), 1 for big-endian, nanoseconds in a unit of the fraction, most
            octets captured.
        start: column to fill, as are the next three; all have the same length.
        captured: see :class:`dissector.capture.records.Records`.
        original: see there.
        time_ns: see there.
        row: the first free row.

    Returns:
        Status (MORE, FULL, SUSPECT), position of the record that was not taken, and first free row.

    Raises:
        ValueError: a place or a row that was given is not there.
    """
    header: cython.longlong = layout[0]
    at_seconds: cython.longlong = layout[1]
    at_fraction: cython.longlong = layout[2]
    at_captured: cython.longlong = layout[3]
    at_original: cython.longlong = layout[4]
    at_length: cython.longlong = layout[5]
    big: cython.bint = layout[6]
    scale: cython.longlong = layout[7]
    limit: cython.longlong = layout[8]
    rows: cython.Py_ssize_t = start.shape[0]
    following: cython.Py_ssize_t
    span: cython.longlong
    after: cython.longlong
    if position < 0 or end > len(octets) or row < 0 or rows > min(len(captured), len(original), len(time_ns)):
        raise ValueError("outside of the buffer or the columns")  # noqa: EM101, TRY003 - a kernel's lines are few
    if position + header > end:
        return MORE, position, row
    span = _span(octets, position, header, at_captured, at_length, big, limit)
    while row < rows:
        # Here position + header <= end, and span is that of the record at position.
        if span < 0:
            return SUSPECT, position, row
        following = position + span
        if following > end:
            return MORE, position, row
        after = 0
        if following + header <= end:
            after = _span(octets, following, header, at_captured, at_length, big, limit)
            if after < 0:
                return SUSPECT, position, row
        elif following < end and not final:
            return MORE, position, row
        start[row] = position + header
        captured[row] = _u32(octets, position + at_captured, big)
        original[row] = _u32(octets, position + at_original, big)
        time_ns[row] = (
            _u32(octets, position + at_seconds, big) * _SECOND
            + _u32(octets, position + at_fraction, big) * scale
        )
        row += 1
        position = following
        if following + header > end:
            return MORE, position, row
        span = after
    return FULL, position, row


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _believable(
    octets: cython.const[cython.uchar][::1],
    at: cython.Py_ssize_t,
    header: cython.longlong,
    at_fraction: cython.longlong,
    at_captured: cython.longlong,
    at_original: cython.longlong,
    at_length: cython.longlong,
    big: cython.bint,
) -> cython.longlong:
    """Return what :func:`_span` does, but ask more: under 10**9 parts in a second, some octets."""
    span: cython.longlong = _span(octets, at, header, at_captured, at_length, big, _RESYNC_LIMIT)
    if span <= header or _u32(octets, at + at_fraction, big) >= _SECOND:
        return -1
    size: cython.longlong = _u32(octets, at + at_original, big)
    if size == 0 or size > _WIRE_LIMIT:
        return -1
    return span


def find_record(
    octets: cython.const[cython.uchar][::1],
    position: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
    final: cython.bint,
    layout: cython.longlong[::1],
    beyond: cython.Py_ssize_t,
) -> tuple[int, int]:
    """Look for the next record in damaged octets.

    A place is believed if a chain of at least three headers, each where the one before it says, starts there,
    or if a shorter one leads to the very end of the file.

    Args:
        octets: the buffer.
        position: where to look first.
        end: where the valid octets end.
        final: whether nothing comes after ``end``.
        layout: as for :func:`records`.
        beyond: where the record under suspicion claims to end, if that is possible; only places before it are
            looked at, and the last header of the chain must lie at it or after. A capture inside a packet (a
            file that was being sent) has good chains too, but they do not lead to a header outside the
            packet. 0 to look at all places.

    Returns:
        Status (FOUND, MORE, NONE) and the place: of the record, or of the first one that more octets must
        decide.

    Raises:
        ValueError: a place or a row that was given is not there.
    """
    header: cython.longlong = layout[0]
    at_fraction: cython.longlong = layout[2]
    at_captured: cython.longlong = layout[3]
    at_original: cython.longlong = layout[4]
    at_length: cython.longlong = layout[5]
    big: cython.bint = layout[6]
    at: cython.Py_ssize_t
    span: cython.longlong
    links: cython.int
    first: cython.Py_ssize_t = -1  # the place that the first octet of `noted` is for, once there is one
    noted: cython.uchar[::1] = None
    if position < 0 or end > len(octets):
        raise ValueError("outside of the buffer")  # noqa: EM101, TRY003 - a kernel's lines are few
    while position + header <= end:
        if 0 < beyond <= position:
            return NONE, position
        at = position
        links = 0
        while True:
            # Here at + header <= end.
            span = _believable(octets, at, header, at_fraction, at_captured, at_original, at_length, big)
            if span < 0:
                break
            links += 1
            if (links >= CHAIN and at >= beyond) or links >= _LONG_CHAIN:
                return FOUND, position
            at += span
            if final and at == end:
                return FOUND, position
            if at + header > end:
                if not final:
                    return MORE, position
                break
            if links >= _NOTED:
                if first < 0:
                    first = position
                    noted = bytearray(end - first)
                # Inside: `first` is at most the position, and `at` lies between that and the end.
                if noted[at - first]:
                    break
                noted[at - first] = 1
        position += 1
    return (NONE if final else MORE), position


# --- pcapng -------------------------------------------------------------------------------------------------

# Block types of draft-ietf-opsawg-pcapng, section 4 and 11.1.
_SECTION = cython.declare(cython.longlong, 0x0A0D0D0A)
_INTERFACE = cython.declare(cython.longlong, 1)
_PACKET = cython.declare(cython.longlong, 2)
_SIMPLE = cython.declare(cython.longlong, 3)
_ENHANCED = cython.declare(cython.longlong, 6)
_JOURNAL = cython.declare(cython.longlong, 9)
_SECRETS = cython.declare(cython.longlong, 10)
_CUSTOM = cython.declare(cython.longlong, 0xBAD)
_CUSTOM_LOCAL = cython.declare(cython.longlong, 0x40000BAD)
_CALL = cython.declare(cython.longlong, 0x204)  # sysdig's events, of three versions
_CALL_2 = 0x216
_CALL_LARGE = cython.declare(cython.longlong, 0x221)
_BYTE_ORDER = cython.declare(cython.longlong, 0x1A2B3C4D)

# Rows of the table of interfaces.
UNIT_MULTIPLY = 0  # nanoseconds = ticks * factor
UNIT_DIVIDE = 1  # nanoseconds = ticks // factor
UNIT_BINARY = 2  # ticks of 2**-factor seconds
UNIT_NONE = 3  # no time that could be told
_MULTIPLY = cython.declare(cython.longlong, UNIT_MULTIPLY)
_DIVIDE = cython.declare(cython.longlong, UNIT_DIVIDE)
_BINARY = cython.declare(cython.longlong, UNIT_BINARY)
_LAST_NS = cython.declare(cython.longlong, 9223372036854775807)
# Times are nearer to 1970 than 2**62 ns (1823 to 2116), so that all that are compared differ by a 64-bit number.
_FAR_NS = cython.declare(cython.longlong, 4611686018427387904)


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _nanoseconds(ticks: cython.ulonglong, unit: cython.longlong, factor: cython.ulonglong) -> cython.longlong:
    """Return ticks as nanoseconds rounded down, or -1 if that is more than 63 bits."""
    seconds: cython.ulonglong
    part: cython.ulonglong
    high: cython.ulonglong
    low: cython.ulonglong
    if unit == _MULTIPLY:
        if ticks > _LAST_NS // factor:
            return -1
        return ticks * factor
    if unit == _DIVIDE:
        return ticks // factor
    if unit != _BINARY:
        return -1
    seconds = 0
    part = ticks
    if factor < 64:
        seconds = ticks >> factor
        part = ticks - (seconds << factor)
    if seconds > 9223372035:
        return -1
    if factor < 30:
        part = (part * 1000000000) >> factor
    else:
        # 10**9 = 5**9 * 2**9; the number is taken in two halves because 64 bits do not hold the product.
        high = part >> 21
        low = part - (high << 21)
        high = high * 1953125 + ((low * 1953125) >> 21)
        part = high >> (factor - 30) if factor < 94 else 0
    return seconds * 1000000000 + part


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _packet(
    octets: cython.const[cython.uchar][::1],
    position: cython.Py_ssize_t,
    limit: cython.Py_ssize_t,
    big: cython.bint,
    interfaces: cython.longlong[:, ::1],
    first: cython.Py_ssize_t,
    count: cython.Py_ssize_t,
    start: cython.longlong[::1],
    captured: cython.int[::1],
    original: cython.longlong[::1],
    time_ns: cython.longlong[::1],
    interface: cython.int[::1],
    flags: cython.uchar[::1],
    row: cython.Py_ssize_t,
    shorten: cython.bint,
) -> cython.bint:
    """Note the packet block at ``position``, whose body ends at ``limit``; return whether it could be.

    ``shorten`` allows a packet that claims more octets than there are up to ``limit``. The caller has made
    sure that ``limit`` is not past the end, that ``position + 8`` is not past ``limit``, and that there is a
    row.
    """
    kind: cython.longlong = _u32(octets, position, big)
    content: cython.Py_ssize_t = position + 28
    number: cython.longlong = 0
    size: cython.longlong
    wire: cython.longlong
    snaplen: cython.longlong
    ticks: cython.ulonglong
    nanoseconds: cython.longlong
    offset: cython.longlong
    if kind == _SIMPLE:
        content = position + 12
        if content > limit or count < 1:
            return False
        wire = _u32(octets, position + 8, big)
        snaplen = interfaces[first, 3]
        size = wire if snaplen == 0 or wire < snaplen else snaplen
        nanoseconds = -1
        offset = 0
    else:
        if content > limit:
            return False
        if kind == _ENHANCED:
            number = _u32(octets, position + 8, big)
        elif big:
            number = octets[position + 8] * 256 + octets[position + 9]
        else:
            number = octets[position + 9] * 256 + octets[position + 8]
        if number >= count:
            return False
        ticks = _u32(octets, position + 12, big)
        ticks = (ticks << 32) | _u32(octets, position + 16, big)
        size = _u32(octets, position + 20, big)
        wire = _u32(octets, position + 24, big)
        nanoseconds = _nanoseconds(ticks, interfaces[first + number, 0], interfaces[first + number, 1])
        offset = interfaces[first + number, 2]
    flags[row] = 0
    if size > limit - content:
        if not shorten:
            return False
        size = limit - content
        flags[row] = 2
    if nanoseconds >= 0 and (offset <= 0 or nanoseconds < _FAR_NS - offset):
        nanoseconds += offset
    else:
        nanoseconds = _FAR_NS
    if not -_FAR_NS < nanoseconds < _FAR_NS:
        nanoseconds = 0
        flags[row] |= 1
    start[row] = content
    captured[row] = size
    original[row] = wire
    time_ns[row] = nanoseconds
    interface[row] = first + number
    return True


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _numbered(kind: cython.longlong) -> cython.bint:
    """Return whether Wireshark gives blocks of this type a frame number, though they are no packets."""
    if kind == _JOURNAL or kind == _CUSTOM or kind == _CUSTOM_LOCAL:
        return True
    return kind == _CALL or kind == _CALL_2 or kind == _CALL_LARGE


def blocks(
    octets: cython.const[cython.uchar][::1],
    position: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
    big: cython.bint,
    limit: cython.longlong,
    interfaces: cython.longlong[:, ::1],
    first: cython.Py_ssize_t,
    count: cython.Py_ssize_t,
    start: cython.longlong[::1],
    captured: cython.int[::1],
    original: cython.longlong[::1],
    time_ns: cython.longlong[::1],
    interface: cython.int[::1],
    flags: cython.uchar[::1],
    row: cython.Py_ssize_t,
) -> tuple[int, int, int]:
    """Note the packets of the pcapng blocks from ``position`` on in the columns, passing over other blocks.

    Args:
        octets: the buffer.
        position: where a block starts.
        end: where the valid octets end; at most the length of the buffer.
        big: the byte order of the section.
        limit: most octets of a block.
        interfaces: a row an interface of the file, shape (n, 4): unit and factor of its time stamps,
            nanoseconds to add to them, snaplen.
        first: the row of the section's first interface.
        count: interfaces of the section; ``first + count`` rows are there.
        start: column to fill, as are the next five; all have the same length.
        captured: see :class:`dissector.capture.records.Records`.
        original: see there.
        time_ns: see there.
        interface: see there.
        flags: see there.
        row: the first free row.

    Returns:
        Status (MORE, FULL, SUSPECT, SPECIAL, NUMBERED, UNREADABLE), position of the block that was not taken,
        and first free row.

    Raises:
        ValueError: a place or a row that was given is not there.
    """
    rows: cython.Py_ssize_t = start.shape[0]
    kind: cython.longlong
    length: cython.longlong
    following: cython.Py_ssize_t
    if position < 0 or end > len(octets) or row < 0 or first < 0 or count > len(interfaces) - first:
        raise ValueError("outside of the buffer or the table")  # noqa: EM101, TRY003 - a kernel's lines are few
    if rows > min(len(captured), len(original), len(time_ns), len(interface), len(flags)):
        raise ValueError("outside of the columns")  # noqa: EM101, TRY003 - likewise
    while row < rows:
        if position + 12 > end:
            return MORE, position, row
        kind = _u32(octets, position, big)
        if kind == _SECTION or kind == _INTERFACE:
            return SPECIAL, position, row
        length = _u32(octets, position + 4, big)
        if length < 12 or length > limit:
            return SUSPECT, position, row
        # A length that is no multiple of four (the ntar library wrote such) does not count the padding.
        following = position + ((length + 3) & ~3)
        if following > end:
            return MORE, position, row
        if _u32(octets, following - 4, big) != length:
            return SUSPECT, position, row
        if kind == _ENHANCED or kind == _SIMPLE or kind == _PACKET:
            if not _packet(
                octets, position, following - 4, big, interfaces, first, count,
                start, captured, original, time_ns, interface, flags, row, False,
            ):  # fmt: skip
                return UNREADABLE, position, row
            row += 1
        elif kind >= _JOURNAL and _numbered(kind):
            return NUMBERED, position, row
        position = following
    return FULL, position, row


def damaged_packet(
    octets: cython.const[cython.uchar][::1],
    position: cython.Py_ssize_t,
    limit: cython.Py_ssize_t,
    big: cython.bint,
    interfaces: cython.longlong[:, ::1],
    first: cython.Py_ssize_t,
    count: cython.Py_ssize_t,
    start: cython.longlong[::1],
    captured: cython.int[::1],
    original: cython.longlong[::1],
    time_ns: cython.longlong[::1],
    interface: cython.int[::1],
    flags: cython.uchar[::1],
    row: cython.Py_ssize_t,
) -> bool:
    """Note what can be had of a packet block that is not as it should be; return whether there was something.

    Args:
        octets: the buffer.
        position: where the block starts.
        limit: where the octets that may belong to the packet end; at most the length of the buffer.
        big: as for :func:`blocks`, as are all that follow.
        interfaces: see there.
        first: see there.
        count: see there.
        start: see there.
        captured: see there.
        original: see there.
        time_ns: see there.
        interface: see there.
        flags: see there.
        row: the row to fill; it must be there.

    Returns:
        Whether the row was filled.

    Raises:
        ValueError: a place or a row that was given is not there.
    """
    kind: cython.longlong
    if position < 0 or limit > len(octets) or first < 0 or count > len(interfaces) - first:
        raise ValueError("outside of the buffer or the table")  # noqa: EM101, TRY003 - a kernel's lines are few
    if not 0 <= row < min(len(start), len(captured), len(original), len(time_ns), len(interface), len(flags)):
        raise ValueError("outside of the columns")  # noqa: EM101, TRY003 - likewise
    if position + 8 > limit:
        return False
    kind = _u32(octets, position, big)
    if kind != _ENHANCED and kind != _SIMPLE and kind != _PACKET:
        return False
    return _packet(
        octets, position, limit, big, interfaces, first, count,
        start, captured, original, time_ns, interface, flags, row, True,
    )  # fmt: skip


def find_block(
    octets: cython.const[cython.uchar][::1],
    position: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
    final: cython.bint,
    big: cython.bint,
    beyond: cython.Py_ssize_t,
) -> tuple[int, int]:
    """Look for the next block of a pcapng file in damaged octets.

    A place is believed if a chain of at least three blocks of known type starts there, each with the same
    length at both its ends, or a chain that leads to the very end of the file.

    Args:
        octets: the buffer.
        position: where to look first.
        end: where the valid octets end.
        final: whether nothing comes after ``end``.
        big: the byte order of the section; a section header in the chain says its own.
        beyond: as for :func:`find_record`.

    Returns:
        Status (FOUND, MORE, NONE) and the place: of the block, or of the first one that more octets must
        decide.

    Raises:
        ValueError: a place or a row that was given is not there.
    """
    at: cython.Py_ssize_t
    kind: cython.longlong
    length: cython.longlong
    links: cython.int
    order: cython.bint
    start: cython.Py_ssize_t
    first: cython.Py_ssize_t = -1  # as in find_record
    noted: cython.uchar[::1] = None
    if position < 0 or end > len(octets):
        raise ValueError("outside of the buffer")  # noqa: EM101, TRY003 - a kernel's lines are few
    while position + 12 <= end:
        if 0 < beyond <= position:
            return NONE, position
        at = position
        links = 0
        order = big
        while True:
            # Here at + 12 <= end.
            kind = _u32(octets, at, order)
            if kind == _SECTION:
                if _u32(octets, at + 8, True) == _BYTE_ORDER:
                    order = True
                elif _u32(octets, at + 8, False) == _BYTE_ORDER:
                    order = False
                else:
                    break
            elif not (1 <= kind <= 6 or kind == _SECRETS or _numbered(kind)):
                break
            length = _u32(octets, at + 4, order)
            if length < 12 or length > 2 * _RESYNC_LIMIT:
                break
            start = at
            at += (length + 3) & ~3
            if at > end:
                if not final:
                    return MORE, position
                break
            if _u32(octets, at - 4, order) != length:
                break
            links += 1
            if (links >= CHAIN and start >= beyond) or links >= _LONG_CHAIN or (final and at == end):
                return FOUND, position
            if at + 12 > end:
                if not final:
                    return MORE, position
                break
            if links >= _NOTED:
                if first < 0:
                    first = position
                    noted = bytearray(end - first)
                # Inside: `first` is at most the position, and `at` lies between that and the end.
                if noted[at - first] & (2 if order else 1):
                    break
                noted[at - first] |= 2 if order else 1
        position += 1
    return (NONE if final else MORE), position


# --- the ring of AF_PACKET ----------------------------------------------------------------------------------

# The form that the packets of an interface get.
RING_AS_IS = 0  # frames as the link has them
RING_TAGGED = 1  # Ethernet: a VLAN tag that the kernel took out goes back behind the addresses
RING_COOKED = 2  # without what stands before the network layer, and with a LINKTYPE_LINUX_SLL2 header instead

_TAGGED = cython.declare(cython.longlong, RING_TAGGED)
_COOKED = cython.declare(cython.longlong, RING_COOKED)
# struct tpacket3_hdr of linux/if_packet.h, and the struct sockaddr_ll behind it.
_RING_HEADER = cython.declare(cython.Py_ssize_t, 68)
_RING_TAG = cython.declare(cython.longlong, 0x10)  # TP_STATUS_VLAN_VALID
_RING_TAG_TYPE = cython.declare(cython.longlong, 0x40)  # TP_STATUS_VLAN_TPID_VALID
_SLL2 = cython.declare(cython.Py_ssize_t, 20)
_TAG = cython.declare(cython.Py_ssize_t, 4)
_ADDRESSES = cython.declare(cython.Py_ssize_t, 12)


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _u16(octets: cython.const[cython.uchar][::1], at: cython.Py_ssize_t, big: cython.bint) -> cython.int:
    """Return the 16-bit number at ``at``; the caller has made sure of its two octets."""
    if big:
        return octets[at] << 8 | octets[at + 1]
    return octets[at + 1] << 8 | octets[at]


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _put(
    octets: cython.uchar[::1], to: cython.Py_ssize_t, value: cython.longlong, size: cython.Py_ssize_t
) -> cython.Py_ssize_t:
    """Write a number in network order; return where it ends. The caller has made sure of its octets."""
    k: cython.Py_ssize_t
    for k in range(size):
        octets[to + k] = (value >> 8 * (size - 1 - k)) & 0xFF
    return to + size


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _copy(
    octets: cython.const[cython.uchar][::1],
    at: cython.Py_ssize_t,
    size: cython.Py_ssize_t,
    out: cython.uchar[::1],
    to: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """Copy octets; return where they end. The caller has made sure of both places."""
    if not cython.compiled:
        out[to : to + size] = octets[at : at + size]
    elif size > 0:
        memcpy(cython.address(out[to]), cython.address(octets[at]), size)
    return to + size


def ring(
    memory: cython.const[cython.uchar][::1],
    at: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
    left: cython.longlong,
    big: cython.bint,
    table: cython.const[cython.longlong][:, ::1],
    octets: cython.uchar[::1],
    position: cython.Py_ssize_t,
    start: cython.longlong[::1],
    captured: cython.int[::1],
    original: cython.longlong[::1],
    time_ns: cython.longlong[::1],
    interface: cython.int[::1],
    flags: cython.uchar[::1],
    row: cython.Py_ssize_t,
) -> tuple[int, int, int, int, int]:
    """Copy the packets of a block of a TPACKET_V3 ring, and note them in the columns.

    A VLAN tag that the kernel has taken out of a frame is put back.

    Args:
        memory: the ring.
        at: where the header of a packet starts.
        end: where the block ends; at most the length of the ring.
        left: packets from there on.
        big: the byte order of this machine.
        table: a row an interface, shape (n, 3): the kernel's number of it, its index in the reader's
            ``interfaces``, and the form that its packets get.
        octets: where the packets go.
        position: the first free place there.
        start: column to fill, as are the next five; all have the same length.
        captured: see :class:`dissector.capture.records.Records`.
        original: see there.
        time_ns: see there.
        interface: see there.
        flags: see there.
        row: the first free row.

    Returns:
        Status (MORE: that was all; FULL: no room for the next; SUSPECT: it cannot be a packet; UNKNOWN: its
        interface is not in the table), where the header of the packet that was not taken starts, packets from
        there on, first free place and first free row.

    Raises:
        ValueError: a place or a row that was given is not there.
    """
    rows: cython.Py_ssize_t = start.shape[0]
    room: cython.Py_ssize_t = octets.shape[0]
    known: cython.Py_ssize_t = table.shape[0]
    entry: cython.Py_ssize_t = 0
    tried: cython.Py_ssize_t
    number: cython.longlong
    size: cython.longlong
    wire: cython.longlong
    status: cython.longlong
    form: cython.longlong
    kind: cython.longlong
    first: cython.Py_ssize_t
    extra: cython.Py_ssize_t
    cut: cython.Py_ssize_t
    to: cython.Py_ssize_t
    following: cython.longlong
    if end > len(memory) or position < 0 or position > room or row < 0:
        raise ValueError("outside of the ring or the buffer")  # noqa: EM101, TRY003 - a kernel's lines are few
    if rows > min(len(captured), len(original), len(time_ns), len(interface), len(flags)):
        raise ValueError("outside of the columns")  # noqa: EM101, TRY003 - likewise
    while left > 0:
        if at < 0 or at > end or end - at < _RING_HEADER:
            return SUSPECT, at, left, position, row
        following = _u32(memory, at, big)
        size = _u32(memory, at + 12, big)
        wire = _u32(memory, at + 16, big)
        status = _u32(memory, at + 20, big)
        first = at + _u16(memory, at + 24, big)
        cut = _u16(memory, at + 26, big) - _u16(memory, at + 24, big)
        if (
            first > end
            or size > end - first
            or following > end - at
            or (left > 1 and following < _RING_HEADER)
        ):
            return SUSPECT, at, left, position, row
        number = _u32(memory, at + 52, big)
        tried = 0
        while tried < known and table[entry, 0] != number:
            tried += 1
            entry = entry + 1 if entry + 1 < known else 0
        if tried == known:
            return UNKNOWN, at, left, position, row
        form = table[entry, 2]
        if row >= rows or room - position < size + _SLL2 + _TAG:
            return FULL, at, left, position, row
        # Here size + 24 octets are free behind position, and those from first to first + size are in the block.
        kind = _u16(memory, at + 36, big) if status & _RING_TAG_TYPE else 0x8100
        to = position
        extra = 0
        if form == _COOKED:
            if cut < 0 or cut > size:
                return SUSPECT, at, left, position, row
            extra = _SLL2 - cut
            if status & _RING_TAG:
                to = _put(octets, to, kind, 2)
            else:
                to = _copy(memory, at + 50, 2, octets, to)  # sll_protocol, in network order
            to = _put(octets, to, 0, 2)
            to = _put(octets, to, number, 4)
            to = _put(octets, to, _u16(memory, at + 56, big), 2)
            to = _copy(memory, at + 58, 10, octets, to)  # type of packet, length of address, address
            if status & _RING_TAG:
                extra += _TAG
                to = _put(octets, to, _u32(memory, at + 32, big) & 0xFFFF, 2)
                to = _copy(memory, at + 50, 2, octets, to)
            to = _copy(memory, first + cut, size - cut, octets, to)
        elif form == _TAGGED and status & _RING_TAG and size >= _ADDRESSES:
            extra = _TAG
            to = _copy(memory, first, _ADDRESSES, octets, to)
            to = _put(octets, to, kind, 2)
            to = _put(octets, to, _u32(memory, at + 32, big) & 0xFFFF, 2)
            to = _copy(memory, first + _ADDRESSES, size - _ADDRESSES, octets, to)
        else:
            to = _copy(memory, first, size, octets, to)
        start[row] = position
        captured[row] = to - position
        original[row] = wire + extra
        time_ns[row] = _u32(memory, at + 4, big) * _SECOND + _u32(memory, at + 8, big)
        interface[row] = table[entry, 1]
        flags[row] = 0
        row += 1
        position = to
        left -= 1
        at += following
    return MORE, at, left, position, row
