"""Writer: packets as the records of a capture file, one after another into one buffer.

Strategy: one pass over the columns of a block or a batch, in Cython's pure-Python mode. A packet is written whole or
not at all, so that what a caller hands to the operating system in one piece ends where a packet ends.

Bounds. Where packets lie comes from readers of hostile files. Each is compared with the end of its buffer before an
octet of it is read, and the room that it takes with the end of ``out`` before one is written. Lengths are below 2**31,
so sums of 64-bit numbers cannot overflow.
"""

# mypy: disable-error-code="valid-type,no-redef,attr-defined,name-defined,import-untyped,untyped-decorator"

from __future__ import annotations

try:
    import cython
except ImportError:
    from dissector.kernel import shim as cython
if cython.compiled:
    from cython.cimports.libc.string import memcpy

COMPILED = cython.compiled

_ENHANCED = cython.declare(cython.ulonglong, 6)  # type of an Enhanced Packet Block (pcapng, section 4.3)
_AROUND = cython.declare(cython.Py_ssize_t, 32)  # octets of such a block beside the packet
_HEADER = cython.declare(cython.Py_ssize_t, 16)  # octets before the packet in a pcap
_SECOND = cython.declare(cython.ulonglong, 1000000000)
_LARGEST = cython.declare(cython.longlong, 4294967295)


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _put(out: cython.uchar[::1], at: cython.Py_ssize_t, value: cython.ulonglong) -> cython.void:
    """Write the low 32 bits of a number, little-endian; the caller has made sure of four octets at ``at``."""
    out[at] = value & 0xFF
    out[at + 1] = (value >> 8) & 0xFF
    out[at + 2] = (value >> 16) & 0xFF
    out[at + 3] = (value >> 24) & 0xFF


def packets(
    octets: cython.const[cython.uchar][::1],
    start: cython.const[cython.longlong][::1],
    captured: cython.const[cython.int][::1],
    original: cython.const[cython.longlong][::1],
    time_ns: cython.const[cython.longlong][::1],
    interface: cython.const[cython.int][::1],
    row: cython.Py_ssize_t,
    count: cython.Py_ssize_t,
    enhanced: cython.bint,
    out: cython.uchar[::1],
) -> tuple[int, int]:
    """Write packets from ``row`` on, as many as there is room for.

    Args:
        octets: the buffer that they are in.
        start: see :class:`dissector.capture.records.Records`, as for the next four; all have ``count`` rows or more.
        captured: see there.
        original: see there; at least ``captured`` is written.
        time_ns: see there; a time before 1970 is written as 1970.
        interface: the number of each packet's Interface Description Block.
        row: the first packet to write.
        count: the row after the last one.
        enhanced: as Enhanced Packet Blocks of a pcapng; else as records of a pcap. Both little-endian, in nanoseconds.
        out: where to, from its first octet on.

    Returns:
        The first row that was not written, and how many octets were.

    Raises:
        ValueError: the columns have fewer rows, or a packet is not in ``octets``.
    """
    room: cython.Py_ssize_t = out.shape[0]
    end: cython.Py_ssize_t = octets.shape[0]
    to: cython.Py_ssize_t = 0
    first: cython.Py_ssize_t
    size: cython.Py_ssize_t
    need: cython.Py_ssize_t
    at: cython.Py_ssize_t
    time: cython.ulonglong
    length: cython.longlong
    if row < 0 or count > start.shape[0] or count > captured.shape[0] or count > original.shape[0]:
        raise ValueError("fewer rows than packets")  # noqa: EM101, TRY003 - a kernel's lines are few
    if count > time_ns.shape[0] or count > interface.shape[0]:
        raise ValueError("fewer rows than packets")  # noqa: EM101, TRY003 - likewise
    while row < count:
        # 0 <= row < count, so that every column has this row.
        first = start[row]
        size = captured[row]
        if first < 0 or size < 0 or first > end - size:
            raise ValueError("a packet outside of its buffer")  # noqa: EM101, TRY003 - likewise
        need = _AROUND + ((size + 3) & ~3) if enhanced else _HEADER + size
        if to > room - need:
            break
        # From here on to + need <= room: what is written below ends at to + need.
        time = max(0, time_ns[row])
        length = max(size, original[row])
        length = min(length, _LARGEST)
        if enhanced:
            _put(out, to, _ENHANCED)
            _put(out, to + 4, need)
            _put(out, to + 8, interface[row])
            _put(out, to + 12, time >> 32)
            _put(out, to + 16, time)
            at = to + 20
        else:
            _put(out, to, time // _SECOND)
            _put(out, to + 4, time % _SECOND)
            at = to + 8
        _put(out, at, size)
        _put(out, at + 4, length)
        at += 8
        if not cython.compiled:
            out[at : at + size] = octets[first : first + size]
        elif size > 0:
            # first + size <= end, and at + size <= to + need.
            memcpy(cython.address(out[at]), cython.address(octets[first]), size)
        at += size
        if enhanced:
            while at < to + need - 4:  # padding to 32 bits: at most three octets
                out[at] = 0
                at += 1
            _put(out, at, need)
        to += need
        row += 1
    return row, to
