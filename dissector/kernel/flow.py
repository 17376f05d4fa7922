"""The keys by which errors are told apart: the flow that is quoted, and the probe of a traceroute.

Strategy: one loop over what :mod:`dissector.kernel.quote` has read, straight into the rows of keys.

Bounds. No octet is read here. What was read is compared with the number of keys once a call, and the numbers that are
indices of tables, families and octets, with these.
"""

# mypy: disable-error-code="valid-type,no-redef,attr-defined,name-defined,import-untyped,untyped-decorator"
# mypy: disable-error-code="no-untyped-def,no-any-return"

from __future__ import annotations

from dissector.kernel import tables

try:
    import cython
except ImportError:
    from dissector.kernel import shim as cython

COMPILED = cython.compiled

_MISSING = cython.declare(cython.longlong, -1)

_VERSION = cython.declare(cython.Py_ssize_t, tables.QUOTE.index("version"))
_PROTOCOL = cython.declare(cython.Py_ssize_t, tables.QUOTE.index("protocol"))
_TTL = cython.declare(cython.Py_ssize_t, tables.QUOTE.index("ttl"))
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

_HAS_SPORT = cython.declare(cython.ulonglong, tables.HAS_SPORT)
_HAS_DPORT = cython.declare(cython.ulonglong, tables.HAS_DPORT)
_HAS_TYPE = cython.declare(cython.ulonglong, tables.HAS_TYPE)
_HAS_IDENTIFIER = cython.declare(cython.ulonglong, tables.HAS_IDENTIFIER)
_HAS_SPI = cython.declare(cython.ulonglong, tables.HAS_SPI)
_HAS_MTU = cython.declare(cython.ulonglong, tables.HAS_MTU)

_EXCEEDED = cython.declare(cython.ulonglong, tables.EXCEEDED)


@cython.cfunc
@cython.exceptval(check=False)
def _fewer(
    count: cython.Py_ssize_t,
    numbers: cython.const[cython.longlong][:, ::1],
    hosts: cython.const[cython.ulonglong][:, :, ::1],
) -> cython.bint:
    """Return whether fewer errors than so many were read, or less was read of them."""
    return (
        numbers.shape[0] < _COLUMNS
        or numbers.shape[1] < count
        or hosts.shape[0] < _HOSTS
        or hosts.shape[1] < count
        or hosts.shape[2] < 2
    )


def errors(
    numbers: cython.const[cython.longlong][:, ::1],
    hosts: cython.const[cython.ulonglong][:, :, ::1],
    keys: cython.ulonglong[:, ::1],
) -> None:
    """Make keys of errors: the flow that is quoted, then the error; see :mod:`dissector.analysis.flow_keys`.

    Args:
        numbers: what :func:`read` has filled in.
        hosts: likewise, two words an address.
        keys: filled in, eleven words an error.

    Raises:
        ValueError: fewer errors were read, or keys are shorter.
    """
    place: cython.Py_ssize_t
    count: cython.Py_ssize_t = keys.shape[0]
    present: cython.ulonglong
    selector: cython.ulonglong
    if _fewer(count, numbers, hosts) or keys.shape[1] < 11:
        raise ValueError("fewer errors than keys, or short keys")  # noqa: EM101, TRY003 - a kernel's lines are few
    for place in range(count):
        keys[place, 0] = _HAS_MTU << 8 if numbers[_MTU, place] != _MISSING else 0
        # Without a destination no flow is known.
        if hosts[_DST, place, 0] == 0 and hosts[_DST, place, 1] == 0:
            keys[place, 1] = keys[place, 2] = keys[place, 3] = keys[place, 4] = keys[place, 5] = 0
        else:
            present = selector = 0
            if numbers[_SPORT, place] != _MISSING:
                present |= _HAS_SPORT
                selector |= numbers[_SPORT, place] << 16
            if numbers[_DPORT, place] != _MISSING:
                present |= _HAS_DPORT
                selector |= numbers[_DPORT, place]
            if numbers[_TYPE, place] != _MISSING:
                present |= _HAS_TYPE
                selector |= numbers[_TYPE, place] << 16
            if numbers[_IDENTIFIER, place] != _MISSING:
                present |= _HAS_IDENTIFIER
                selector |= numbers[_IDENTIFIER, place]
            if numbers[_SPI, place] != _MISSING:
                present |= _HAS_SPI
                selector |= numbers[_SPI, place]
            keys[place, 0] |= (numbers[_PROTOCOL, place] + 1) << 16 | present << 8 | numbers[_VERSION, place]
            keys[place, 1] = selector
            keys[place, 2] = hosts[_SRC, place, 0]
            keys[place, 3] = hosts[_SRC, place, 1]
            keys[place, 4] = hosts[_DST, place, 0]
            keys[place, 5] = hosts[_DST, place, 1]
        keys[place, 6] = numbers[_ERROR, place]
        if numbers[_MTU, place] != _MISSING:
            keys[place, 6] |= cython.cast(cython.ulonglong, numbers[_MTU, place]) << 32
        keys[place, 7] = hosts[_REPORTER, place, 0]
        keys[place, 8] = hosts[_REPORTER, place, 1]
        keys[place, 9] = hosts[_RECEIVER, place, 0]
        keys[place, 10] = hosts[_RECEIVER, place, 1]


def probes(
    numbers: cython.const[cython.longlong][:, ::1],
    hosts: cython.const[cython.ulonglong][:, :, ::1],
    ends: cython.const[cython.uchar][:, ::1],
    probed: cython.const[cython.uchar][::1],
    most: cython.longlong,
    chosen: cython.longlong[::1],
    keys: cython.ulonglong[:, ::1],
) -> int:
    """Choose the errors about what may be a probe of a traceroute, and make their keys.

    Args:
        numbers: what :func:`read` has filled in.
        hosts: likewise, two words an address.
        ends: what an error tells of a probe, for each family and type: EXCEEDED, ENDED, or 0 for nothing.
        probed: which protocols probes are of.
        most: with more hops left than this, what was ended by an error was no probe.
        chosen: the places of those chosen are filled in; there is room for all.
        keys: likewise their keys, nine words each; see :mod:`dissector.analysis.paths`.

    Returns:
        How many there are.

    Raises:
        ValueError: fewer errors were read than there is room for, or keys are shorter.
    """
    place: cython.Py_ssize_t
    count: cython.Py_ssize_t = 0
    error: cython.ulonglong
    what: cython.ulonglong
    probe: cython.ulonglong
    at: cython.Py_ssize_t
    if _fewer(chosen.shape[0], numbers, hosts) or keys.shape[0] < chosen.shape[0] or keys.shape[1] < 9:
        raise ValueError("fewer errors than keys, or short keys")  # noqa: EM101, TRY003 - a kernel's lines are few
    if ends.shape[1] < 256 or probed.shape[0] < 256:
        raise ValueError("a table without a place for each octet")  # noqa: EM101, TRY003 - likewise
    for place in range(chosen.shape[0]):
        error = numbers[_ERROR, place]
        if error & 0xFF >= cython.cast(cython.ulonglong, ends.shape[0]):
            raise ValueError("a family without a table")  # noqa: EM101, TRY003 - likewise
        what = ends[error & 0xFF, error >> 8 & 0xFF]
        if what == 0 or not probed[numbers[_PROTOCOL, place] & 0xFF] or not numbers[_OPENING, place]:
            continue
        # One that was answered before it was due to run out had its hops counted by somebody who traces.
        if (error >> 16 & 0xFF) != 0 if what == _EXCEEDED else numbers[_TTL, place] > most:
            continue
        # 32 bits that the probes of one sender may share, 16 that count them, and 16 that may.
        if numbers[_SEQUENCE, place] != _MISSING:
            probe = numbers[_IDENTIFIER, place] << 16 | numbers[_SEQUENCE, place]
        elif numbers[_DPORT, place] != _MISSING:
            probe = numbers[_SPORT, place] << 32 | numbers[_DPORT, place] << 16 | numbers[_DPORT, place]
        else:
            continue
        probe <<= 16
        if numbers[_VERSION, place] == 4:
            probe |= numbers[_ID, place]
        chosen[count] = place
        keys[count, 0] = what | numbers[_VERSION, place] << 8 | numbers[_PROTOCOL, place] << 16
        keys[count, 0] |= (error >> 8 & 0xFFFF) << 24 | (error >> 24) << 48
        keys[count, 1] = probe
        # Whom the error is for sent the probe, whatever a translator left in the quote (RFC 5508, 4.2.1).
        at = _RECEIVER if error >> 24 == cython.cast(cython.ulonglong, numbers[_VERSION, place]) else _SRC
        keys[count, 2] = hosts[at, place, 0]
        keys[count, 3] = hosts[at, place, 1]
        keys[count, 4] = hosts[_DST, place, 0]
        keys[count, 5] = hosts[_DST, place, 1]
        keys[count, 6] = hosts[_REPORTER, place, 0]
        keys[count, 7] = hosts[_REPORTER, place, 1]
        # What else may tell probes apart whose ports are the same, before the number of what the error tells beside.
        keys[count, 8] = 0
        if numbers[_MARK, place] != _MISSING:
            keys[count, 8] = cython.cast(cython.ulonglong, numbers[_MARK, place]) << 32
        count += 1
    return count
