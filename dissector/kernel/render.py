"""Text from columns: lines and JSON of many messages, written a row after another into one buffer.

Strategy: what a row looks like is a *program*, made in Python from the shape and the registry once for each type and
code (see :mod:`dissector.present.programs`): a list of operations such as "these literal octets", "this column as a
number", "this field of the message". This kernel runs programs. Rows that are not plain (cut, fragments, options,
extensions) are not taken: it stops at such a row, Python writes it, and the kernel goes on after it.

Bounds. The octets are hostile, the programs and their tables are our own. A row is only taken when its ``captured``
octets are in ``octets`` and are at least the program's least, within which its fields lie; what lies behind these
(a quoted datagram) is compared with the end of the row before it is read, and its protocol, one octet, is the index
of its name. Every other text is named by a column that was made beside the table of texts. A row is begun when
``out`` has room for the longest text of its program, which counts the literals and 64 octets for anything else: a
number has 20 digits and a sign, a time 30 octets, an address 39, with brackets and port 47; a field of octets is
counted by its size. No operation writes more.
"""

# mypy: disable-error-code="valid-type,no-redef,attr-defined,name-defined,import-untyped,untyped-decorator"
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from dissector.kernel import operations

try:
    import cython
except ImportError:
    from dissector.kernel import shim as cython

COMPILED = cython.compiled

_DONE = cython.declare(cython.longlong, operations.DONE)
_ROOM = cython.declare(cython.longlong, operations.ROOM)
_HARD = cython.declare(cython.longlong, operations.HARD)
_LITERAL = cython.declare(cython.longlong, operations.LITERAL)
_NUMBER = cython.declare(cython.longlong, operations.NUMBER)
_NUMBER_OR_NULL = cython.declare(cython.longlong, operations.NUMBER_OR_NULL)
_TIME = cython.declare(cython.longlong, operations.TIME)
_ADDRESS = cython.declare(cython.longlong, operations.ADDRESS)
_TEXT = cython.declare(cython.longlong, operations.TEXT)
_FIELD = cython.declare(cython.longlong, operations.FIELD)
_UNLESS_FIELD = cython.declare(cython.longlong, operations.UNLESS_FIELD)
_UNLESS_NUMBER = cython.declare(cython.longlong, operations.UNLESS_NUMBER)
_ZERO = cython.declare(cython.longlong, operations.ZERO)
_QUOTE = cython.declare(cython.longlong, operations.QUOTE)
_QUOTED = cython.declare(cython.longlong, operations.QUOTED)
_QUOTED_ADDRESS = cython.declare(cython.longlong, operations.QUOTED_ADDRESS)
_QUOTED_END = cython.declare(cython.longlong, operations.QUOTED_END)
_QUOTED_TEXT = cython.declare(cython.longlong, operations.QUOTED_TEXT)
_CLOCK = cython.declare(cython.longlong, operations.CLOCK)
_ISO = cython.declare(cython.longlong, operations.ISO)
_SECONDS = cython.declare(cython.longlong, operations.SECONDS)
_F_OFFSET = cython.declare(cython.longlong, operations.F_OFFSET)
_F_OCTETS = cython.declare(cython.longlong, operations.F_OCTETS)
_F_SHIFT = cython.declare(cython.longlong, operations.F_SHIFT)
_F_BITS = cython.declare(cython.longlong, operations.F_BITS)
_F_SIGNED = cython.declare(cython.longlong, operations.F_SIGNED)
_F_SCALE = cython.declare(cython.longlong, operations.F_SCALE)
_F_STYLE = cython.declare(cython.longlong, operations.F_STYLE)
_BOOLEAN = cython.declare(cython.longlong, operations.BOOLEAN)
_IPV4 = cython.declare(cython.longlong, operations.IPV4)
_IPV6 = cython.declare(cython.longlong, operations.IPV6)
_OCTETS = cython.declare(cython.longlong, operations.OCTETS)
_R_PROTOCOL = cython.declare(cython.longlong, operations.R_PROTOCOL)
_R_TTL = cython.declare(cython.longlong, operations.R_TTL)
_R_LENGTH = cython.declare(cython.longlong, operations.R_LENGTH)
_R_ID = cython.declare(cython.longlong, operations.R_ID)
_R_SPORT = cython.declare(cython.longlong, operations.R_SPORT)
_R_DPORT = cython.declare(cython.longlong, operations.R_DPORT)
_R_TRUNCATED = cython.declare(cython.longlong, operations.R_TRUNCATED)
_R_SEQ = cython.declare(cython.longlong, operations.R_SEQ)
_R_VERSION = cython.declare(cython.longlong, operations.R_VERSION)
_R_ADDRESSES = cython.declare(cython.longlong, operations.R_ADDRESSES)
_REGISTERS = cython.declare(cython.longlong, operations.REGISTERS)
_NOTHING = cython.declare(cython.longlong, operations.NOTHING)
_SECOND = cython.declare(cython.longlong, 1000000000)
_LARGEST = cython.declare(cython.longlong, 9223372036854775807)
_DAY = cython.declare(cython.longlong, 86400)
_TCP = cython.declare(cython.longlong, 6)
_UDP = cython.declare(cython.longlong, 17)


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _decimal(out: cython.uchar[::1], at: cython.Py_ssize_t, value: cython.ulonglong) -> cython.Py_ssize_t:
    """Write a number; return where it ends."""
    size: cython.Py_ssize_t = 1
    rest: cython.ulonglong = value
    while rest >= 10:
        rest = rest // 10
        size += 1
    end: cython.Py_ssize_t = at + size
    at = end
    while True:
        at -= 1
        out[at] = 48 + value % 10
        value = value // 10
        if value == 0:
            return end


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _signed(out: cython.uchar[::1], at: cython.Py_ssize_t, value: cython.longlong) -> cython.Py_ssize_t:
    """Write a number that may be negative."""
    if value < 0:
        out[at] = 45
        # Unsigned, because the least number has no opposite.
        return _decimal(out, at + 1, 0 - cython.cast(cython.ulonglong, value))
    return _decimal(out, at, value)


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _padded(
    out: cython.uchar[::1], at: cython.Py_ssize_t, value: cython.longlong, digits: cython.Py_ssize_t
) -> cython.Py_ssize_t:
    """Write a number with leading zeros."""
    place: cython.Py_ssize_t = at + digits
    while place > at:
        place -= 1
        out[place] = 48 + value % 10
        value = value // 10
    return at + digits


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _digit(value: cython.longlong) -> cython.uchar:
    """Return a hexadecimal digit."""
    return 48 + value if value < 10 else 87 + value


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _word(out: cython.uchar[::1], at: cython.Py_ssize_t, letters: cython.ulonglong) -> cython.Py_ssize_t:
    """Write a word of ASCII letters given as a number: ``true``, ``false``, ``null``."""
    size: cython.Py_ssize_t = 5 if letters > 0xFFFFFFFF else 4
    place: cython.Py_ssize_t = at + size
    while place > at:
        place -= 1
        out[place] = letters & 0xFF
        letters = letters >> 8
    return at + size


@cython.cfunc
@cython.exceptval(check=False)
def _time(
    out: cython.uchar[::1], at: cython.Py_ssize_t, time_ns: cython.longlong, style: cython.longlong
) -> cython.Py_ssize_t:
    """Write a time, or a difference in seconds (_SECONDS); return -1 for a time before 1970, and for -2**63 ns."""
    seconds: cython.longlong
    fraction: cython.longlong
    days: cython.longlong
    era_day: cython.longlong
    year: cython.longlong
    year_day: cython.longlong
    month: cython.longlong
    if time_ns < 0:
        if style != _SECONDS or time_ns < -_LARGEST:
            return -1
        out[at] = 45
        at += 1
        time_ns = -time_ns
    seconds = time_ns // _SECOND
    fraction = time_ns - seconds * _SECOND
    if style == _SECONDS:
        at = _decimal(out, at, seconds)
    else:
        days = seconds // _DAY
        seconds = seconds - days * _DAY
        if style != _CLOCK:
            # Civil date from days since 1970-01-01, in years that begin in March.
            days += 719468
            era_day = days % 146097
            year = (era_day - era_day // 1460 + era_day // 36524 - era_day // 146096) // 365
            year_day = era_day - (365 * year + year // 4 - year // 100)
            month = (5 * year_day + 2) // 153
            days = days // 146097 * 400 + year
            at = _padded(out, at, days + 1 if month > 9 else days, 4)
            out[at] = 45
            at = _padded(out, at + 1, month - 9 if month > 9 else month + 3, 2)
            out[at] = 45
            at = _padded(out, at + 1, year_day - (153 * month + 2) // 5 + 1, 2)
            out[at] = 84 if style == _ISO else 32
            at += 1
        at = _padded(out, at, seconds // 3600, 2)
        out[at] = 58
        at = _padded(out, at + 1, seconds // 60 % 60, 2)
        out[at] = 58
        at = _padded(out, at + 1, seconds % 60, 2)
    out[at] = 46
    at += 1
    if style == _ISO or fraction % 1000 != 0:
        at = _padded(out, at, fraction, 9)
    else:
        at = _padded(out, at, fraction // 1000, 6)
    if style == _ISO:
        out[at] = 90
        at += 1
    return at


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _ipv4(
    out: cython.uchar[::1],
    at: cython.Py_ssize_t,
    octets: cython.const[cython.uchar][::1],
    place: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """Write an IPv4 address."""
    at = _decimal(out, at, octets[place])
    out[at] = 46
    at = _decimal(out, at + 1, octets[place + 1])
    out[at] = 46
    at = _decimal(out, at + 1, octets[place + 2])
    out[at] = 46
    return _decimal(out, at + 1, octets[place + 3])


@cython.cfunc
@cython.exceptval(check=False)
def _ipv6(
    out: cython.uchar[::1],
    at: cython.Py_ssize_t,
    octets: cython.const[cython.uchar][::1],
    place: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """Write an IPv6 address (RFC 5952, 4); return -1 for one that begins with 80 zero bits.

    Those are ``::``, ``::1`` and addresses that hold IPv4 ones, which libraries write in different ways.
    """
    group: cython.Py_ssize_t
    value: cython.longlong
    first: cython.Py_ssize_t = -1  # the longest run of zero groups, the first of equals
    longest: cython.Py_ssize_t = 1
    run: cython.Py_ssize_t = 0
    for group in range(8):
        if octets[place + 2 * group] == 0 and octets[place + 2 * group + 1] == 0:
            run += 1
            if run > longest:
                longest = run
                first = group - run + 1
        else:
            run = 0
    if first == 0 and longest >= 5:
        return -1
    group = 0
    while group < 8:
        if group == first:
            out[at] = 58
            at += 1
            group += longest
            if group == 8:
                out[at] = 58
                at += 1
            continue
        if group:
            out[at] = 58
            at += 1
        value = octets[place + 2 * group] * 256 + octets[place + 2 * group + 1]
        if value >= 4096:
            out[at] = _digit(value // 4096)
            at += 1
        if value >= 256:
            out[at] = _digit(value // 256 % 16)
            at += 1
        if value >= 16:
            out[at] = _digit(value // 16 % 16)
            at += 1
        out[at] = _digit(value % 16)
        at += 1
        group += 1
    return at


@cython.cfunc
@cython.exceptval(check=False)
def _field(
    out: cython.uchar[::1],
    at: cython.Py_ssize_t,
    octets: cython.const[cython.uchar][::1],
    start: cython.Py_ssize_t,
    field: cython.const[cython.longlong][:, ::1],
    row: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """Write a field of the message that starts at ``start``; return -1 for an address that is not taken."""
    style: cython.longlong = field[row, _F_STYLE]
    place: cython.Py_ssize_t = start + field[row, _F_OFFSET]
    index: cython.Py_ssize_t
    value: cython.ulonglong
    number: cython.longlong
    if style == _IPV4:
        return _ipv4(out, at, octets, place)
    if style == _IPV6:
        return _ipv6(out, at, octets, place)
    if style == _OCTETS:
        for index in range(field[row, _F_OCTETS]):
            out[at] = _digit(octets[place + index] // 16)
            out[at + 1] = _digit(octets[place + index] % 16)
            at += 2
        return at
    value = _bits(octets, place, field, row)
    if style == _BOOLEAN:
        return _word(out, at, 0x74727565 if value != 0 else 0x66616C7365)
    if field[row, _F_SIGNED] != 0:
        number = value
        if number >= cython.cast(cython.longlong, 1) << (field[row, _F_BITS] - 1):
            number -= cython.cast(cython.longlong, 1) << field[row, _F_BITS]
        return _signed(out, at, number * field[row, _F_SCALE])
    return _decimal(out, at, value * field[row, _F_SCALE])


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _bits(
    octets: cython.const[cython.uchar][::1],
    place: cython.Py_ssize_t,
    field: cython.const[cython.longlong][:, ::1],
    row: cython.Py_ssize_t,
) -> cython.ulonglong:
    """Return the bits of a field of at most 63 bits."""
    value: cython.ulonglong = 0
    index: cython.Py_ssize_t
    for index in range(field[row, _F_OCTETS]):
        value = (value << 8) | octets[place + index]
    value = value >> field[row, _F_SHIFT]
    return value & ((cython.cast(cython.ulonglong, 1) << field[row, _F_BITS]) - 1)


@cython.cfunc
@cython.exceptval(check=False)
def _quote(
    octets: cython.const[cython.uchar][::1],
    at: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
    registers: cython.longlong[::1],
) -> cython.bint:
    """Read a plain quoted datagram into the registers; return whether it is one.

    Plain is TCP or UDP behind an IP header without options or extension headers, not a later fragment, with its
    ports; nothing after the datagram; nothing that could be an extension structure behind 128 octets (RFC 4884, 5.5).
    """
    have: cython.longlong = end - at
    protocol: cython.longlong
    length: cython.longlong
    payload: cython.Py_ssize_t
    if have >= 128 + 4 and octets[at + 128] // 16 == 2:
        return False
    if have >= 28 and octets[at] == 0x45:
        protocol = octets[at + 9]
        length = octets[at + 2] * 256 + octets[at + 3]
        # The bits of the fragment offset, and of more fragments.
        if (octets[at + 6] & 0x3F) != 0 or octets[at + 7] != 0 or have > length:
            return False
        payload = at + 20
        registers[_R_TTL] = octets[at + 8]
        registers[_R_ID] = octets[at + 4] * 256 + octets[at + 5]
        registers[_R_VERSION] = 4
        registers[_R_ADDRESSES] = at + 12
    elif have >= 48 and octets[at] // 16 == 6:
        protocol = octets[at + 6]
        length = octets[at + 4] * 256 + octets[at + 5] + 40
        if have > length or length == 40:
            return False
        payload = at + 40
        registers[_R_TTL] = octets[at + 7]
        registers[_R_ID] = _NOTHING
        registers[_R_VERSION] = 6
        registers[_R_ADDRESSES] = at + 8
    else:
        return False
    if protocol == _TCP:
        registers[_R_SEQ] = (
            (cython.cast(cython.longlong, octets[payload + 4]) * 256 + octets[payload + 5]) * 256
            + octets[payload + 6]
        ) * 256 + octets[payload + 7]
    elif protocol == _UDP:
        registers[_R_SEQ] = _NOTHING
    else:
        return False
    registers[_R_PROTOCOL] = protocol
    registers[_R_LENGTH] = length
    registers[_R_SPORT] = octets[payload] * 256 + octets[payload + 1]
    registers[_R_DPORT] = octets[payload + 2] * 256 + octets[payload + 3]
    registers[_R_TRUNCATED] = have < length
    return True


@cython.cfunc
@cython.exceptval(check=False)
def _run(
    octets: cython.const[cython.uchar][::1],
    start: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
    addresses: cython.const[cython.uchar][:, :, ::1],
    version: cython.const[cython.uchar][::1],
    numbers: cython.const[cython.longlong][:, ::1],
    row: cython.Py_ssize_t,
    code: cython.const[cython.longlong][:, ::1],
    first: cython.Py_ssize_t,
    last: cython.Py_ssize_t,
    fields: cython.const[cython.longlong][:, ::1],
    texts: cython.const[cython.longlong][:, ::1],
    literals: cython.const[cython.uchar][::1],
    registers: cython.longlong[::1],
    out: cython.uchar[::1],
    at: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """Run the program ``code[first:last]`` for one row; return where its text ends, -1 if the row is not plain."""
    step: cython.Py_ssize_t = first
    what: cython.longlong
    a: cython.longlong
    b: cython.longlong
    place: cython.Py_ssize_t
    stop: cython.Py_ssize_t
    while step < last:
        what = code[step, 0]
        a = code[step, 1]
        b = code[step, 2]
        step += 1
        if what == _TEXT or what == _QUOTED_TEXT:
            b += numbers[a, row] if what == _TEXT else registers[a]
            a = texts[b, 0]
            b = texts[b, 1]
            what = _LITERAL
        if what == _LITERAL:
            stop = b
            for place in range(a, stop):
                out[at] = literals[place]
                at += 1
        elif what == _NUMBER:
            at = _signed(out, at, numbers[a, row])
        elif what == _NUMBER_OR_NULL:
            if numbers[a, row] < 0:
                at = _word(out, at, 0x6E756C6C)
            else:
                at = _signed(out, at, numbers[a, row])
        elif what == _TIME:
            at = _time(out, at, numbers[a, row], b)
        elif what == _ADDRESS:
            if version[row] == 4:
                at = _ipv4(out, at, addresses[a, row], 0)
            else:
                at = _ipv6(out, at, addresses[a, row], 0)
        elif what == _FIELD:
            at = _field(out, at, octets, start, fields, a)
        elif what == _UNLESS_FIELD:
            if _bits(octets, start + fields[a, _F_OFFSET], fields, a) == 0:
                step += b
        elif what == _UNLESS_NUMBER:
            if numbers[a, row] == 0:
                step += b
        elif what == _ZERO:
            if _bits(octets, start + fields[a, _F_OFFSET], fields, a) != 0:
                return -1
        elif what == _QUOTE:
            if not _quote(octets, start + a, end, registers):
                return -1
        elif what == _QUOTED:
            if a == _R_TRUNCATED:
                at = _word(out, at, 0x74727565 if registers[a] else 0x66616C7365)
            elif registers[a] == _NOTHING:
                at = _word(out, at, 0x6E756C6C)
            else:
                at = _signed(out, at, registers[a])
        elif what == _QUOTED_ADDRESS or what == _QUOTED_END:
            if registers[_R_VERSION] == 4:
                at = _ipv4(out, at, octets, registers[_R_ADDRESSES] + 4 * a)
            else:
                if what == _QUOTED_END:
                    out[at] = 91
                    at += 1
                at = _ipv6(out, at, octets, registers[_R_ADDRESSES] + 16 * a)
            if what == _QUOTED_END and at > 0:
                if registers[_R_VERSION] == 6:
                    out[at] = 93
                    at += 1
                out[at] = 58
                at = _decimal(out, at + 1, registers[_R_SPORT + a])
        if at < 0:
            return -1
    return at


def rows(
    octets: cython.const[cython.uchar][::1],
    icmp: cython.const[cython.longlong][::1],
    captured: cython.const[cython.int][::1],
    addresses: cython.const[cython.uchar][:, :, ::1],
    version: cython.const[cython.uchar][::1],
    numbers: cython.const[cython.longlong][:, ::1],
    program: cython.const[cython.longlong][::1],
    programs: cython.const[cython.longlong][:, ::1],
    code: cython.const[cython.longlong][:, ::1],
    fields: cython.const[cython.longlong][:, ::1],
    texts: cython.const[cython.longlong][:, ::1],
    literals: cython.const[cython.uchar][::1],
    registers: cython.longlong[::1],
    out: cython.uchar[::1],
    row: cython.Py_ssize_t,
    last: cython.Py_ssize_t,
):
    """Write rows from ``row`` to ``last`` at the start of ``out``, as far as they are plain and fit.

    Args:
        octets: the batch's octets.
        icmp: where each row's message begins in them.
        captured: octets of it that are there.
        addresses: source and destination, shape (2, n, 16).
        version: 4 or 6: of which family these are.
        numbers: the columns that programs name, shape (columns, n).
        program: each row's program; -1 for a row that is not plain.
        programs: first and last operation of each, the longest text it writes, least and most octets that a message
            has for it; shape (programs, 5).
        code: the operations of all programs, shape (operations, 4).
        fields: the fields that programs name, shape (fields, 7).
        texts: beginning and end in ``literals``, shape (texts, 2).
        literals: the octets of all literals.
        registers: scratch, at least _REGISTERS long.
        out: where the text goes.
        row: the first row.
        last: the row to stop before.

    Returns:
        Status (_DONE, _ROOM, _HARD), the next row, and how many octets were written.

    Raises:
        ValueError: a column has fewer rows, or a message is not in ``octets``.
    """
    at: cython.Py_ssize_t = 0
    after: cython.Py_ssize_t
    which: cython.longlong
    start: cython.Py_ssize_t
    room: cython.Py_ssize_t = out.shape[0]
    if row < 0 or last > icmp.shape[0] or last > captured.shape[0] or last > addresses.shape[1]:
        raise ValueError("fewer rows than messages")  # noqa: EM101, TRY003 - a kernel's lines are few
    if last > version.shape[0] or last > numbers.shape[1] or last > program.shape[0]:
        raise ValueError("fewer rows than messages")  # noqa: EM101, TRY003 - likewise
    while row < last:
        which = program[row]
        if which < 0 or captured[row] < programs[which, 3] or captured[row] > programs[which, 4]:
            return _HARD, row, at
        if at + programs[which, 2] > room:
            return _ROOM, row, at
        start = icmp[row]
        # captured >= the program's least, which is not negative.
        if start < 0 or start > octets.shape[0] - captured[row]:
            raise ValueError("a message outside of its buffer")  # noqa: EM101, TRY003 - likewise
        after = _run(
            octets, start, start + captured[row], addresses, version, numbers, row, code, programs[which, 0],
            programs[which, 1], fields, texts, literals, registers, out, at,
        )  # fmt: skip
        if after < 0:
            return _HARD, row, at
        at = after
        row += 1
    return _DONE, row, at
