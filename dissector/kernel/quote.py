"""Which messages are errors, and what they quote: the headers of datagrams as numbers.

Strategy: one loop over the errors of a batch, which reads the headers of each quote as
:class:`~dissector.tails.datagram.Datagram` does. Which protocols and types there are, callers say in tables.

Bounds. The octets are hostile. :func:`read` compares the rows with the columns, and each message with the buffer,
before it looks at a quote: ``start`` is where that begins and ``start + there`` where what was captured of it ends.
Places in it are counted from ``start``; a number of n octets is read at ``at`` only after ``there >= at + n`` was
found. ``there`` shrinks where padding follows the datagram, and never grows. ``at`` grows by 8 octets or more with
each header that is passed, so that the walk ends. Tables have an entry for each value of an octet, and a row for
each family; a family is compared.
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
    from cython.cimports.libc.string import memcpy, memset

COMPILED = cython.compiled

_MISSING = cython.declare(cython.longlong, -1)
_FIXED = cython.declare(cython.int, 8)  # octets of an error before its quote (RFC 792; RFC 4443, 3)
_FOREIGN = cython.declare(cython.int, layers.FOREIGN)

_VERSION = cython.declare(cython.Py_ssize_t, tables.QUOTE.index("version"))
_THERE = cython.declare(cython.Py_ssize_t, tables.QUOTE.index("there"))
_PROTOCOL = cython.declare(cython.Py_ssize_t, tables.QUOTE.index("protocol"))
_TTL = cython.declare(cython.Py_ssize_t, tables.QUOTE.index("ttl"))
_LENGTH = cython.declare(cython.Py_ssize_t, tables.QUOTE.index("length"))
_ID = cython.declare(cython.Py_ssize_t, tables.QUOTE.index("id"))
_SPORT = cython.declare(cython.Py_ssize_t, tables.QUOTE.index("sport"))
_DPORT = cython.declare(cython.Py_ssize_t, tables.QUOTE.index("dport"))
_MARK = cython.declare(cython.Py_ssize_t, tables.QUOTE.index("mark"))
_TYPE = cython.declare(cython.Py_ssize_t, tables.QUOTE.index("type"))
_IDENTIFIER = cython.declare(cython.Py_ssize_t, tables.QUOTE.index("identifier"))
_SEQUENCE = cython.declare(cython.Py_ssize_t, tables.QUOTE.index("sequence"))
_SPI = cython.declare(cython.Py_ssize_t, tables.QUOTE.index("spi"))
_OPENING = cython.declare(cython.Py_ssize_t, tables.QUOTE.index("opening"))
_MTU = cython.declare(cython.Py_ssize_t, tables.QUOTE.index("mtu"))
_ERROR = cython.declare(cython.Py_ssize_t, tables.QUOTE.index("error"))
_COLUMNS = cython.declare(cython.Py_ssize_t, len(tables.QUOTE))

_SRC = cython.declare(cython.Py_ssize_t, tables.ADDRESSES.index("src"))
_DST = cython.declare(cython.Py_ssize_t, tables.ADDRESSES.index("dst"))
_REPORTER = cython.declare(cython.Py_ssize_t, tables.ADDRESSES.index("reporter"))
_RECEIVER = cython.declare(cython.Py_ssize_t, tables.ADDRESSES.index("receiver"))
_HOSTS = cython.declare(cython.Py_ssize_t, len(tables.ADDRESSES))

_AHEAD = cython.declare(cython.Py_ssize_t, 8)  # errors that are fetched before they are read

_PORTS = cython.declare(cython.int, tables.PORTS)
_TCP = cython.declare(cython.int, tables.TCP)
_ICMP = cython.declare(cython.int, tables.ICMP)
_ICMPV6 = cython.declare(cython.int, tables.ICMPV6)
_ESP = cython.declare(cython.int, tables.ESP)
_AH = cython.declare(cython.int, tables.AH)
_EXTENSION = cython.declare(cython.int, tables.EXTENSION)
_FRAGMENT = cython.declare(cython.int, tables.FRAGMENT)


def messages(
    family: cython.const[cython.uchar][::1],
    kind: cython.const[cython.uchar][::1],
    captured: cython.const[cython.int][::1],
    ttl: cython.const[cython.uchar][::1],
    wanted: cython.const[cython.uchar][:, ::1],
    most: cython.longlong,
    rows: cython.longlong[::1],
) -> int:
    """Choose messages of some types that have eight octets, as errors have before their quote.

    Args:
        family: of each message.
        kind: its type.
        captured: octets of it that are there.
        ttl: its time to live.
        wanted: which types: for each family, then for each type.
        most: the most TTL that it may have.
        rows: room for all; the rows of those that are chosen are filled in.

    Returns:
        How many there are.

    Raises:
        ValueError: a column has fewer rows, or there is no table for a family.
    """
    row: cython.Py_ssize_t
    count: cython.Py_ssize_t = 0
    end: cython.Py_ssize_t = family.shape[0]
    if kind.shape[0] < end or captured.shape[0] < end or ttl.shape[0] < end or rows.shape[0] < end:
        raise ValueError("fewer rows than messages")  # noqa: EM101, TRY003 - a kernel's lines are few
    if wanted.shape[1] < 256:
        raise ValueError("a table without a place for each type")  # noqa: EM101, TRY003 - likewise
    for row in range(end):
        if family[row] >= wanted.shape[0]:
            raise ValueError("a family without a table")  # noqa: EM101, TRY003 - likewise
        if wanted[family[row], kind[row]] and captured[row] >= _FIXED and ttl[row] <= most:
            rows[count] = row
            count += 1
    return count


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _u16(octets: cython.const[cython.uchar][::1], at: cython.Py_ssize_t) -> cython.longlong:
    """Return the number in two octets, which are there."""
    return octets[at] << 8 | octets[at + 1]


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _u32(octets: cython.const[cython.uchar][::1], at: cython.Py_ssize_t) -> cython.longlong:
    """Return the number in four octets, which are there."""
    return _u16(octets, at) << 16 | _u16(octets, at + 2)


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _copy(
    octets: cython.const[cython.uchar][::1],
    at: cython.Py_ssize_t,
    size: cython.Py_ssize_t,
    hosts: cython.uchar[:, :, ::1],
    which: cython.Py_ssize_t,
    place: cython.Py_ssize_t,
) -> cython.void:
    """Copy an address of 4 or 16 octets, which are there."""
    if cython.compiled:
        memcpy(cython.address(hosts[which, place, 0]), cython.address(octets[at]), size)
    else:
        for column in range(size):
            hosts[which, place, column] = octets[at + column]


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _clear(hosts: cython.uchar[:, :, ::1], which: cython.Py_ssize_t, place: cython.Py_ssize_t) -> cython.void:
    """Make an address zeros."""
    if cython.compiled:
        memset(cython.address(hosts[which, place, 0]), 0, 16)
    else:
        for column in range(16):
            hosts[which, place, column] = 0


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _ipv4(
    octets: cython.const[cython.uchar][::1],
    start: cython.Py_ssize_t,
    place: cython.Py_ssize_t,
    numbers: cython.longlong[:, ::1],
    hosts: cython.uchar[:, :, ::1],
) -> cython.Py_ssize_t:
    """Read the header of IPv4 (RFC 791, 3.1), of which an octet is there; return where the next one begins, or -1."""
    there: cython.Py_ssize_t = numbers[_THERE, place]
    size: cython.Py_ssize_t = (octets[start] & 0x0F) * 4
    at: cython.Py_ssize_t
    length: cython.longlong
    if there >= 4:
        length = _u16(octets, start + 2)
        numbers[_LENGTH, place] = length
        if 20 <= length < there:
            # Zeros after the datagram's end pad it (RFC 4884, 4); other octets say that its length is wrong.
            at = length
            while at < min(there, 28) and octets[start + at] == 0:
                at += 1
            if at >= min(there, 28):
                there = length
                numbers[_THERE, place] = there
    if there >= 6:
        numbers[_ID, place] = _u16(octets, start + 4)
    if there >= 9:
        numbers[_TTL, place] = octets[start + 8]
    if there >= 10:
        numbers[_PROTOCOL, place] = octets[start + 9]
    if there >= 16:
        _copy(octets, start + 12, 4, hosts, _SRC, place)
    if there >= 20:
        _copy(octets, start + 16, 4, hosts, _DST, place)
    # More than a header is there, and it is that of a first fragment.
    if size >= 20 and there > size and _u16(octets, start + 6) & 0x1FFF == 0:
        return size
    return -1


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _ipv6(
    octets: cython.const[cython.uchar][::1],
    start: cython.Py_ssize_t,
    place: cython.Py_ssize_t,
    numbers: cython.longlong[:, ::1],
    hosts: cython.uchar[:, :, ::1],
) -> cython.Py_ssize_t:
    """Read the header of IPv6 (RFC 8200, 3); return where the next one begins, or -1."""
    there: cython.Py_ssize_t = numbers[_THERE, place]
    # Zero with something behind it: a jumbogram (RFC 2675, 3), or segmentation left to hardware.
    if there >= 6 and (there <= 40 or _u16(octets, start + 4) != 0):
        numbers[_LENGTH, place] = 40 + _u16(octets, start + 4)
    if there >= 7:
        numbers[_PROTOCOL, place] = octets[start + 6]
    if there >= 8:
        numbers[_TTL, place] = octets[start + 7]
    if there >= 24:
        _copy(octets, start + 8, 16, hosts, _SRC, place)
    if there >= 40:
        _copy(octets, start + 24, 16, hosts, _DST, place)
    return 40 if there > 40 else -1


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _walk(
    octets: cython.const[cython.uchar][::1],
    start: cython.Py_ssize_t,
    at: cython.Py_ssize_t,
    place: cython.Py_ssize_t,
    six: cython.bint,
    follows: cython.const[cython.uchar][:, ::1],
    numbers: cython.longlong[:, ::1],
) -> cython.Py_ssize_t:
    """Pass extension headers and AH; return where the transport header begins, of which an octet is there, or -1."""
    there: cython.Py_ssize_t = numbers[_THERE, place]
    what: cython.int
    size: cython.Py_ssize_t
    while True:
        what = follows[six, numbers[_PROTOCOL, place]]
        if what != _EXTENSION and what != _FRAGMENT and what != _AH:
            return at
        numbers[_PROTOCOL, place] = octets[start + at]
        if there - at < 8:
            return -1
        size = 8
        if what == _FRAGMENT:
            numbers[_ID, place] = _u32(octets, start + at + 4)
            if _u16(octets, start + at + 2) >> 3:
                return -1
        elif what == _AH:
            size = (octets[start + at + 1] + 2) * 4
        else:
            size = (octets[start + at + 1] + 1) * 8
        at += size
        if at >= there:
            return -1


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _transport(
    octets: cython.const[cython.uchar][::1],
    start: cython.Py_ssize_t,
    at: cython.Py_ssize_t,
    place: cython.Py_ssize_t,
    what: cython.int,
    identified: cython.const[cython.uchar][:, ::1],
    numbers: cython.longlong[:, ::1],
) -> cython.void:
    """Read of a header, of which an octet is there, what tells flows and probes apart."""
    there: cython.Py_ssize_t = numbers[_THERE, place] - at
    start += at
    if what == _PORTS or what == _TCP:
        if there >= 2:
            numbers[_SPORT, place] = _u16(octets, start)
        if there >= 4:
            numbers[_DPORT, place] = _u16(octets, start + 2)
        if there >= 8:
            numbers[_MARK, place] = _u32(octets, start + 4)
        # SYN without ACK opens a connection (RFC 9293, 3.5).
        if what == _TCP and there >= 14 and octets[start + 13] & 0x12 != 0x02:
            numbers[_OPENING, place] = 0
    elif what == _ICMP or what == _ICMPV6:
        numbers[_TYPE, place] = octets[start]
        if identified[what == _ICMPV6, octets[start]]:
            if there >= 6:
                numbers[_IDENTIFIER, place] = _u16(octets, start + 4)
            if there >= 8:
                numbers[_SEQUENCE, place] = _u16(octets, start + 6)
    elif what == _ESP and there >= 4:
        numbers[_SPI, place] = _u32(octets, start)


def read(
    octets: cython.const[cython.uchar][::1],
    rows: cython.const[cython.longlong][::1],
    icmp: cython.const[cython.longlong][::1],
    captured: cython.const[cython.int][::1],
    family: cython.const[cython.uchar][::1],
    kind: cython.const[cython.uchar][::1],
    code: cython.const[cython.uchar][::1],
    flags: cython.const[cython.ushort][::1],
    src: cython.const[cython.uchar][::1],
    dst: cython.const[cython.uchar][::1],
    follows: cython.const[cython.uchar][:, ::1],
    identified: cython.const[cython.uchar][:, ::1],
    numbers: cython.longlong[:, ::1],
    hosts: cython.uchar[:, :, ::1],
) -> None:
    """Read some errors and what they quote.

    Args:
        octets: the octets of the batch.
        rows: of the errors, each with the eight octets before its quote.
        icmp: where in them each message begins; a value a message, as in a batch, as are the next seven.
        captured: octets of it that are there.
        family: of it.
        kind: its type.
        code: its code.
        flags: as in a batch.
        src: its source, 16 octets.
        dst: its destination, likewise.
        follows: what header the number of a protocol stands for: in IPv4, in IPv6.
        identified: which types have an identifier: of ICMP, of ICMPv6.
        numbers: filled in, columns as :data:`dissector.kernel.tables.QUOTE` has them.
        hosts: filled in, likewise as :data:`dissector.kernel.tables.ADDRESSES`; zeros where one is not there.

    Raises:
        ValueError: an error is in no column, or not in ``octets``; or what is to be filled in has too little room.
    """
    place: cython.Py_ssize_t
    row: cython.Py_ssize_t
    column: cython.Py_ssize_t
    start: cython.Py_ssize_t
    at: cython.Py_ssize_t
    six: cython.bint
    count: cython.Py_ssize_t = rows.shape[0]
    end: cython.Py_ssize_t = min(icmp.shape[0], captured.shape[0], family.shape[0], kind.shape[0])
    end = min(end, code.shape[0], flags.shape[0], src.shape[0] // 16, dst.shape[0] // 16)
    if min(follows.shape[0], identified.shape[0]) < 2 or min(follows.shape[1], identified.shape[1]) < 256:
        raise ValueError("a table without a place for each octet")  # noqa: EM101, TRY003 - a kernel's lines are few
    if (
        numbers.shape[0] < _COLUMNS
        or hosts.shape[0] < _HOSTS
        or min(numbers.shape[1], hosts.shape[1]) < count
    ):
        raise ValueError("no room for what is quoted")  # noqa: EM101, TRY003 - likewise
    if hosts.shape[2] < 16:
        raise ValueError("no room for an address")  # noqa: EM101, TRY003 - likewise
    for place in range(count):
        if cython.compiled and place + _AHEAD < count and 0 <= rows[place + _AHEAD] < end:
            row = rows[place + _AHEAD]
            if 0 <= icmp[row] < octets.shape[0]:
                fetch(cython.address(octets[icmp[row]]))
            fetch(cython.address(src[16 * row]))
            fetch(cython.address(dst[16 * row]))
        row = rows[place]
        if row < 0 or row >= end:
            raise ValueError("an error in no column")  # noqa: EM101, TRY003 - likewise
        if captured[row] < _FIXED or icmp[row] < 0 or icmp[row] > octets.shape[0] - captured[row]:
            raise ValueError("a message outside of its buffer")  # noqa: EM101, TRY003 - likewise
        for column in range(_COLUMNS):
            numbers[column, place] = _MISSING
        _clear(hosts, _SRC, place)
        _clear(hosts, _DST, place)
        _copy(src, 16 * row, 16, hosts, _REPORTER, place)
        _copy(dst, 16 * row, 16, hosts, _RECEIVER, place)
        at = 10 - family[row] if flags[row] & _FOREIGN else family[row]
        numbers[_ERROR, place] = (at << 8 | code[row]) << 16 | kind[row] << 8 | family[row]
        start = icmp[row] + _FIXED
        # The MTU of the next hop (RFC 1191, 4; RFC 4443, 3.2).
        if family[row] == 4 and kind[row] == 3 and code[row] == 4:
            numbers[_MTU, place] = _u16(octets, start - 2)
        elif family[row] == 6 and kind[row] == 2:
            numbers[_MTU, place] = _u32(octets, start - 4)
        numbers[_THERE, place] = captured[row] - _FIXED
        numbers[_OPENING, place] = 1
        numbers[_VERSION, place] = 0
        if captured[row] == _FIXED or (octets[start] >> 4 != 4 and octets[start] >> 4 != 6):
            continue
        numbers[_VERSION, place] = octets[start] >> 4
        six = octets[start] >> 4 == 6
        if six:
            at = _ipv6(octets, start, place, numbers, hosts)
        else:
            at = _ipv4(octets, start, place, numbers, hosts)
        if at >= 0:
            at = _walk(octets, start, at, place, six, follows, numbers)
        if at >= 0:
            _transport(octets, start, at, place, follows[six, numbers[_PROTOCOL, place]], identified, numbers)
