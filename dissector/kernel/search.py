"""Search: which stretches of a buffer contain some octets.

Strategy: memchr looks for the octet of the needle that the caller holds for the rarest, and memcmp at the rest where
it stands. Interpreted, ``bytes.find`` does both.

Bounds: a stretch is compared with the buffer before it is looked at. A needle can begin at the places from its begin
to its end less the needle's size; ``at`` and ``last`` are those places moved by ``rarest``, which is inside the
needle. So what memchr reads ends at ``last``, and what memcmp reads with the stretch: no octet of another one is read.
"""

# mypy: disable-error-code="valid-type,no-redef,attr-defined,name-defined,import-untyped,untyped-decorator"

from __future__ import annotations

try:
    import cython
except ImportError:
    from dissector.kernel import shim as cython
if cython.compiled:
    from cython.cimports.libc.string import memchr, memcmp

COMPILED = cython.compiled


def containing(
    octets: cython.const[cython.uchar][::1],
    spans: cython.const[cython.longlong][:, ::1],
    needle: cython.const[cython.uchar][::1],
    rarest: cython.Py_ssize_t,
    found: cython.uchar[::1],
) -> None:
    """Note which stretches contain some octets.

    Args:
        octets: the buffer.
        spans: where each begins and ends, two numbers a row.
        needle: what is looked for, at least one octet.
        rarest: which octet of it to look for.
        found: takes 1 or 0 for each.

    Raises:
        ValueError: a stretch is not in the buffer, or there is no needle or no room in ``found``.
    """
    size: cython.Py_ssize_t = len(needle)
    row: cython.Py_ssize_t
    at: cython.Py_ssize_t
    last: cython.Py_ssize_t
    if size < 1 or not 0 <= rarest < size or len(spans) > len(found):
        raise ValueError("no needle, or no room")  # noqa: EM101, TRY003 - a kernel's lines are few
    for row in range(len(spans)):
        if spans[row, 0] < 0 or spans[row, 1] > len(octets):
            raise ValueError("a stretch outside of its buffer")  # noqa: EM101, TRY003 - likewise
    if not cython.compiled:
        wanted = bytes(needle)
        for row, (at, end) in enumerate(spans.tolist()):
            found[row] = bytes(octets[at:end]).find(wanted) >= 0
        return
    base: cython.p_const_uchar = cython.address(octets[0]) if len(octets) else cython.NULL
    place: cython.p_const_uchar
    for row in range(len(spans)):
        found[row] = 0
        at = spans[row, 0] + rarest
        last = spans[row, 1] - size + rarest
        while at <= last:
            place = cython.cast(cython.p_const_uchar, memchr(base + at, needle[rarest], last - at + 1))
            if place == cython.NULL:
                break
            at = place - base
            if memcmp(place - rarest, cython.address(needle[0]), size) == 0:
                found[row] = 1
                break
            at += 1
