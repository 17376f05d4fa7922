"""Look: what display filters look at: which messages quote, what IP headers carry, octets at many places.

Strategy: one pass over the rows, so that what most of them have not costs one comparison. Headers that are cut or have
extension headers are left to the caller.

Bounds: columns have a value for each row, or are refused. A place is compared with the buffer before it is read; an IP
header is read where all of it is before the end of its datagram, which is in the buffer, or is refused.
"""

# mypy: disable-error-code="valid-type,no-redef,attr-defined,name-defined,import-untyped,untyped-decorator"
# mypy: disable-error-code="no-untyped-def,no-any-return"

from __future__ import annotations

try:
    import cython
except ImportError:
    from dissector.kernel import shim as cython

COMPILED = cython.compiled

KINDS = 1 << 17  # families, types and codes that there are
_KINDS = cython.declare(cython.Py_ssize_t, KINDS)
_V4 = cython.declare(cython.Py_ssize_t, 20)  # octets of an IPv4 header without options
_V6 = cython.declare(cython.Py_ssize_t, 40)  # octets of an IPv6 header
_NOTHING = cython.declare(cython.uchar, 255)  # the protocol of what is no start of anything
_WORD = cython.declare(cython.Py_ssize_t, 8)  # octets of a number, at most


def quoting(
    octets: cython.const[cython.uchar][::1],
    family: cython.const[cython.uchar][::1],
    type_: cython.const[cython.uchar][::1],
    code: cython.const[cython.uchar][::1],
    start: cython.const[cython.longlong][::1],
    captured: cython.const[cython.int][::1],
    before: cython.const[cython.short][::1],
    rows: cython.longlong[::1],
    ip: cython.longlong[::1],
    limit: cython.longlong[::1],
    version: cython.uchar[::1],
) -> int:
    """Note which messages quote a datagram, and where.

    Args:
        octets: the buffer.
        family: of each message, 4 or 6; 0 where there is none.
        type_: its type.
        code: its code.
        start: where it begins.
        captured: octets of it that are there.
        before: octets before the datagram by code, type above and family (4: 0, 6: 1) above that; 0 where none is
            quoted, below 0 where it stands in an option.
        rows: takes the rows of messages that quote.
        ip: takes where the datagram begins; where the message does if it stands in an option.
        limit: takes where the octets that there are of the message end.
        version: takes the datagram's version, 4 or 6; 0 if it stands in an option.

    Returns:
        How many there are.

    Raises:
        ValueError: a column has fewer rows than ``rows``, or a message is not in the buffer.
    """
    row: cython.Py_ssize_t
    at: cython.Py_ssize_t
    end: cython.Py_ssize_t
    reach: cython.int
    number: cython.int
    count: cython.Py_ssize_t = 0
    many: cython.Py_ssize_t = rows.shape[0]
    last: cython.Py_ssize_t = octets.shape[0]
    if family.shape[0] < many or type_.shape[0] < many or code.shape[0] < many or before.shape[0] < _KINDS:
        raise ValueError("fewer rows than messages")  # noqa: EM101, TRY003 - a kernel's lines are few
    if start.shape[0] < many or captured.shape[0] < many or ip.shape[0] < many or limit.shape[0] < many:
        raise ValueError("fewer rows than messages")  # noqa: EM101, TRY003 - likewise
    if version.shape[0] < many:
        raise ValueError("fewer rows than messages")  # noqa: EM101, TRY003 - likewise
    for row in range(many):
        # Below 2**17.
        reach = before[(family[row] == 6) << 16 | type_[row] << 8 | code[row]]
        if reach == 0 or family[row] == 0:
            continue
        at = start[row]
        if at < 0 or captured[row] < 0 or at > last - captured[row]:
            raise ValueError("a message outside of its buffer")  # noqa: EM101, TRY003 - likewise
        end = at + captured[row]
        number = 0
        if reach > 0:
            at += reach
            if at >= end:
                continue
            number = octets[at] >> 4
            if number != 4 and number != 6:
                continue
        # As many as rows so far, at most.
        rows[count] = row
        ip[count] = at
        limit[count] = end
        version[count] = number
        count += 1
    return count


def among(
    type_: cython.const[cython.uchar][::1],
    code: cython.const[cython.uchar][::1],
    chosen: cython.const[cython.uchar][::1],
    found: cython.uchar[::1],
) -> None:
    """Tell which messages are of some types and codes.

    Args:
        type_: of each message.
        code: likewise.
        chosen: 1 or 0 by code, and type above that.
        found: takes the same for each message.

    Raises:
        ValueError: a column has fewer rows than ``found``.
    """
    row: cython.Py_ssize_t
    many: cython.Py_ssize_t = found.shape[0]
    if type_.shape[0] < many or code.shape[0] < many or chosen.shape[0] < _KINDS // 2:
        raise ValueError("fewer rows than messages")  # noqa: EM101, TRY003 - a kernel's lines are few
    for row in range(many):
        # An octet each: below 2**16.
        found[row] = chosen[type_[row] << 8 | code[row]]


def carried(
    octets: cython.const[cython.uchar][::1],
    version: cython.const[cython.uchar][::1],
    ip: cython.const[cython.longlong][::1],
    limit: cython.const[cython.longlong][::1],
    upper: cython.longlong[::1],
    end: cython.longlong[::1],
    protocol: cython.uchar[::1],
) -> bool:
    """Note what IP headers carry and where that begins and ends, if all of them are plain.

    Args:
        octets: the buffer.
        version: 4 or 6, of each header.
        ip: where it begins.
        limit: where the octets that there are of its datagram end.
        upper: takes where begins what it carries.
        end: takes where its datagram ends by its own length; the limit where that is beyond it or makes no sense.
        protocol: takes what it carries; 255 where that is a later fragment, or begins inside of the header.

    Returns:
        Whether all are plain: whole, without extension headers and AH. If not, nothing is told.

    Raises:
        ValueError: a column has fewer rows, or a datagram is not in the buffer.
    """
    many: cython.Py_ssize_t = ip.shape[0]
    row: cython.Py_ssize_t
    at: cython.Py_ssize_t
    size: cython.Py_ssize_t
    carries: cython.int
    if version.shape[0] < many or limit.shape[0] < many or upper.shape[0] < many or end.shape[0] < many:
        raise ValueError("fewer rows than headers")  # noqa: EM101, TRY003 - a kernel's lines are few
    if protocol.shape[0] < many:
        raise ValueError("fewer rows than headers")  # noqa: EM101, TRY003 - likewise
    for row in range(many):
        at = ip[row]
        if at < 0 or limit[row] > octets.shape[0]:
            raise ValueError("a datagram outside of its buffer")  # noqa: EM101, TRY003 - likewise
        end[row] = limit[row]
        if version[row] == 4:
            if at + _V4 > limit[row]:
                return False
            # Total Length (RFC 791, 3.1).
            size = octets[at + 2] << 8 | octets[at + 3]
            if size >= _V4:
                end[row] = min(at + size, limit[row])
            carries = octets[at + 9]
            upper[row] = at + (octets[at] & 15) * 4
            if (octets[at + 6] & 31) | octets[at + 7] or upper[row] < at + _V4:
                protocol[row] = _NOTHING
            else:
                protocol[row] = carries
        else:
            if at + _V6 > limit[row]:
                return False
            # Payload Length, without the header (RFC 8200, 3).
            size = octets[at + 4] << 8 | octets[at + 5]
            if size > 0:
                end[row] = min(at + _V6 + size, limit[row])
            carries = octets[at + 6]
            upper[row] = at + _V6
            protocol[row] = carries
            # Hop-by-hop options, routing, fragment, destination options (RFC 8200, 4).
            if carries == 0 or carries == 43 or carries == 44 or carries == 60:
                return False
        if carries == 51:  # AH (RFC 4302)
            return False
    return True


def numbers(
    octets: cython.const[cython.uchar][::1],
    starts: cython.const[cython.longlong][::1],
    offset: cython.Py_ssize_t,
    size: cython.Py_ssize_t,
    there: cython.const[cython.uchar][::1],
    found: cython.ulonglong[::1],
) -> None:
    """Read a number in network order at each of some places.

    Args:
        octets: the buffer.
        starts: the places.
        offset: how far behind each the number begins.
        size: octets of it, 1 to 8.
        there: 0 where there is no number; empty where there is one at each place.
        found: takes the numbers, 0 where there is none.

    Raises:
        ValueError: a number is not in the buffer, or there is no room.
    """
    row: cython.Py_ssize_t
    at: cython.Py_ssize_t
    index: cython.Py_ssize_t
    last: cython.Py_ssize_t = octets.shape[0] - size
    value: cython.ulonglong
    some: cython.bint = there.shape[0] > 0
    if not 1 <= size <= _WORD or found.shape[0] < starts.shape[0]:
        raise ValueError("no number, or no room")  # noqa: EM101, TRY003 - a kernel's lines are few
    if some and there.shape[0] < starts.shape[0]:
        raise ValueError("fewer rows than places")  # noqa: EM101, TRY003 - likewise
    for row in range(starts.shape[0]):
        if some and there[row] == 0:
            found[row] = 0
            continue
        at = starts[row] + offset
        if at < 0 or at > last:
            raise ValueError("a number outside of its buffer")  # noqa: EM101, TRY003 - likewise
        value = 0
        for index in range(size):
            value = value << 8 | octets[at + index]
        found[row] = value


def pieces(
    octets: cython.const[cython.uchar][::1],
    starts: cython.const[cython.longlong][::1],
    found: cython.uchar[:, ::1],
) -> None:
    """Copy octets from each of some places on.

    Args:
        octets: the buffer.
        starts: the places.
        found: takes the octets, a row for each; as many as a row has.

    Raises:
        ValueError: they are not in the buffer, or there is no room.
    """
    size: cython.Py_ssize_t = found.shape[1]
    last: cython.Py_ssize_t = octets.shape[0] - size
    row: cython.Py_ssize_t
    at: cython.Py_ssize_t
    index: cython.Py_ssize_t
    if found.shape[0] < starts.shape[0]:
        raise ValueError("no room")  # noqa: EM101, TRY003 - a kernel's lines are few
    for row in range(starts.shape[0]):
        at = starts[row]
        if at < 0 or at > last:
            raise ValueError("octets outside of their buffer")  # noqa: EM101, TRY003 - likewise
        for index in range(size):
            found[row, index] = octets[at + index]
