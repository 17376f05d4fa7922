"""Kinds: which families, types and codes there are in a batch, and between what their messages are.

Strategy: one pass over the columns of a batch. What depends on family, type and code alone is then looked up once for
each of them, and what holds between the least and the most of all of them need not be asked of one message.

Bounds: every column has a value for each message, or is refused; a key is less than KEYS, which ``numbers`` has; there
are no more kinds than messages, and ``keys`` and ``limits`` have a row for each of these.
"""

# mypy: disable-error-code="valid-type,no-redef,attr-defined,name-defined,import-untyped,untyped-decorator"
# mypy: disable-error-code="no-untyped-def,no-any-return"

from __future__ import annotations

from dissector.kernel import layers

try:
    import cython
except ImportError:
    from dissector.kernel import shim as cython

COMPILED = cython.compiled

KEYS = 1 << 18  # keys there are
CODELESS = 1 << 17  # what the key of a message has of which no code was captured
_KEYS = cython.declare(cython.Py_ssize_t, KEYS)
_CODELESS = cython.declare(cython.longlong, CODELESS)
_WITH_CODE = cython.declare(cython.int, 2)  # octets up to the code
_BAD = cython.declare(cython.uchar, layers.BAD)

LIMITS = ("least", "most", "longest", "bad")  # what is told of each kind
_LEAST = cython.declare(cython.Py_ssize_t, LIMITS.index("least"))
_MOST = cython.declare(cython.Py_ssize_t, LIMITS.index("most"))
_LONGEST = cython.declare(cython.Py_ssize_t, LIMITS.index("longest"))
_BADLY = cython.declare(cython.Py_ssize_t, LIMITS.index("bad"))


def kinds(
    family: cython.const[cython.uchar][::1],
    type_: cython.const[cython.uchar][::1],
    code: cython.const[cython.uchar][::1],
    captured: cython.const[cython.int][::1],
    length: cython.const[cython.int][::1],
    status: cython.const[cython.uchar][::1],
    numbers: cython.int[::1],
    which: cython.longlong[::1],
    keys: cython.longlong[::1],
    limits: cython.longlong[:, ::1],
) -> int:
    """Fill in the kind of each message; kinds are numbered from 0 as they come.

    Args:
        family: 4 or 6, as the next ones a column of the batch.
        type_: see there.
        code: see there.
        captured: octets of each message that are there.
        length: octets of it by the IP header.
        status: of its checksum.
        numbers: -1, KEYS times; so afterwards.
        which: the number of each message's kind.
        keys: of each kind, code, type above, and whether it is ICMPv6 above that; with CODELESS where no code was
            captured, and no code then.
        limits: of each kind what LIMITS names: least and most octets captured, most by the IP header, and how many
            have a bad checksum.

    Returns:
        How many kinds there are.

    Raises:
        ValueError: a column has fewer rows.
    """
    rows: cython.Py_ssize_t = which.shape[0]
    row: cython.Py_ssize_t
    key: cython.longlong
    number: cython.int
    count: cython.int = 0
    if family.shape[0] < rows or type_.shape[0] < rows or code.shape[0] < rows or captured.shape[0] < rows:
        raise ValueError("fewer rows than messages")  # noqa: EM101, TRY003 - a kernel's lines are few
    if length.shape[0] < rows or status.shape[0] < rows or keys.shape[0] < rows or limits.shape[0] < rows:
        raise ValueError("fewer rows than messages")  # noqa: EM101, TRY003 - likewise
    if numbers.shape[0] < _KEYS or limits.shape[1] != _BADLY + 1:
        raise ValueError("fewer places than keys")  # noqa: EM101, TRY003 - likewise
    for row in range(rows):
        # An octet each: below 2**17.
        key = (family[row] == 6) << 16 | type_[row] << 8
        key |= code[row] if captured[row] >= _WITH_CODE else _CODELESS
        number = numbers[key]
        if number < 0:
            number = count
            numbers[key] = count
            keys[count] = key
            limits[count, _LEAST] = limits[count, _MOST] = captured[row]
            limits[count, _LONGEST] = length[row]
            limits[count, _BADLY] = 0
            count += 1
        which[row] = number
        limits[number, _LEAST] = min(limits[number, _LEAST], captured[row])
        limits[number, _MOST] = max(limits[number, _MOST], captured[row])
        limits[number, _LONGEST] = max(limits[number, _LONGEST], length[row])
        limits[number, _BADLY] += status[row] == _BAD
    for row in range(count):
        numbers[keys[row]] = -1
    return count
