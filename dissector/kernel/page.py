"""Pages: numbers of a column as Parquet has them, as indices of a dictionary or as differences.

Strategy: numbers come as words of 64 bits and leave in as few bits as hold the largest. Where these bits are few, eight
at a time are put together without a branch; eight of any width end at the end of an octet.

Addresses are looked up in slots, each of which holds the last address that came to be there: what is not found in its
own is left to the caller.

Bounds: a slot is less than SLOTS, which the three columns of slots have. ``known`` of a dictionary has SMALL places,
and a number is compared with that before it is an index of it; so has ``numbers``, and each number has a place of its
own. ``out`` has the room that :func:`room` tells, which is compared before anything is written; :func:`_packed` writes
a word of 64 bits more than it fills, which is counted there.
"""

# mypy: disable-error-code="valid-type,no-redef,attr-defined,name-defined,import-untyped,untyped-decorator"
# mypy: disable-error-code="no-untyped-def,no-any-return"

from __future__ import annotations

try:
    import cython
except ImportError:
    from dissector.kernel import shim as cython
if cython.compiled:
    from cython.cimports.libc.string import memcpy

COMPILED = cython.compiled

SMALL = 1 << 16  # numbers that may have a dictionary are less
_SMALL = cython.declare(cython.longlong, SMALL)
SLOTS = 1 << 16  # addresses that are found at once
SLOT_AT = 48  # bits of a product below those that name a slot
_SLOTS = cython.declare(cython.Py_ssize_t, SLOTS)
_SLOT_AT = cython.declare(cython.int, SLOT_AT)
_BLOCK = cython.declare(cython.Py_ssize_t, 128)  # differences in a block: what every reader knows
_PIECES = cython.declare(cython.Py_ssize_t, 4)  # pieces of a block, each with a width
_PIECE = cython.declare(cython.Py_ssize_t, 32)  # differences in a piece
_VARINT = cython.declare(cython.Py_ssize_t, 10)  # octets of a number of 64 bits, at most
_WORD = cython.declare(cython.Py_ssize_t, 8)  # octets of a value, at most
_FEW = cython.declare(cython.Py_ssize_t, 16)  # bits of a value of which four are a word at most
_HALF = cython.declare(cython.Py_ssize_t, 32)  # bits that leave a word at once where they are many
_HALF_OF_IT = cython.declare(cython.ulonglong, 0xFFFFFFFF)
_ALL = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)


def room(count: cython.Py_ssize_t) -> int:
    """Return how many octets a page of so many values may take."""
    # A head of a few numbers; of the last block, or the last eight, there may be one value. A word to spare.
    blocks: cython.Py_ssize_t = count // _BLOCK + 1
    return 5 * _VARINT + blocks * (_VARINT + _PIECES + _BLOCK * _WORD) + _WORD


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _varint(out: cython.uchar[::1], at: cython.Py_ssize_t, value: cython.ulonglong) -> cython.Py_ssize_t:
    """Write a number in octets of 7 bits, the least first; return where it ends, _VARINT octets further at most."""
    while value > 0x7F:
        out[at] = value & 0x7F | 0x80
        value >>= 7
        at += 1
    out[at] = value
    return at + 1


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _signed(out: cython.uchar[::1], at: cython.Py_ssize_t, value: cython.longlong) -> cython.Py_ssize_t:
    """Write a signed number, small ones of either sign in few octets (zigzag); return where it ends."""
    doubled: cython.ulonglong = cython.cast(cython.ulonglong, value) << 1 & _ALL
    return _varint(out, at, doubled if value >= 0 else doubled ^ _ALL)


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _put(out: cython.uchar[::1], at: cython.Py_ssize_t, bits: cython.ulonglong) -> cython.void:
    """Write a word, little-endian; there is room for it."""
    # Spelled out, so that compilers make it one store.
    out[at] = bits & 0xFF
    out[at + 1] = bits >> 8 & 0xFF
    out[at + 2] = bits >> 16 & 0xFF
    out[at + 3] = bits >> 24 & 0xFF
    out[at + 4] = bits >> 32 & 0xFF
    out[at + 5] = bits >> 40 & 0xFF
    out[at + 6] = bits >> 48 & 0xFF
    out[at + 7] = bits >> 56 & 0xFF


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _above(
    values: cython.const[cython.longlong][::1], row: cython.Py_ssize_t, least: cython.longlong
) -> cython.ulonglong:
    """Return by how much a value is above the least one, modulo 2**64."""
    return cython.cast(cython.ulonglong, values[row]) - cython.cast(cython.ulonglong, least) & _ALL


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _four(
    values: cython.const[cython.longlong][::1],
    row: cython.Py_ssize_t,
    least: cython.longlong,
    width: cython.Py_ssize_t,
) -> cython.ulonglong:
    """Return four values of few bits as one word."""
    return (
        _above(values, row, least)
        | _above(values, row + 1, least) << width
        | _above(values, row + 2, least) << 2 * width
        | _above(values, row + 3, least) << 3 * width
    )


@cython.cfunc
@cython.exceptval(check=False)
def _packed(
    values: cython.const[cython.longlong][::1],
    row: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
    least: cython.longlong,
    width: cython.Py_ssize_t,
    out: cython.uchar[::1],
    at: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """Write by how much values are above the least one, in so many bits each; return where they end.

    Those that are missing in the last eight are zero. What is above ``least`` fits the width: callers have made this of
    the values.
    """
    low: cython.ulonglong
    high: cython.ulonglong
    bit: cython.Py_ssize_t
    left: cython.Py_ssize_t
    if width == 0:
        return at
    while row + 8 <= end and width <= _FEW:
        low = _four(values, row, least, width)
        high = _four(values, row + 4, least, width)
        if width == _FEW:
            _put(out, at, low)
            _put(out, at + _WORD, high)
        else:
            # 0 < 4 * width < 64, so that both shifts are defined.
            _put(out, at, (low | high << 4 * width) & _ALL)
            _put(out, at + _WORD, high >> 64 - 4 * width)
        at += width
        row += 8
    bit = 0
    low = 0
    while row < end:
        high = _above(values, row, least)
        left = width
        while left:
            # Up to 32 bits beside fewer than 32 that wait.
            low |= (high & _HALF_OF_IT) << bit
            bit += min(left, _HALF)
            high >>= _HALF
            left -= min(left, _HALF)
            if bit >= _HALF:
                _put(out, at, low)
                at += 4
                low >>= _HALF
                bit -= _HALF
        row += 1
    if bit:
        _put(out, at, low)
        at += (bit + 7) // 8
    return at


def learn(
    values: cython.const[cython.uchar][::1],
    size: cython.Py_ssize_t,
    known: cython.int[::1],
    numbers: cython.longlong[::1],
    count: cython.Py_ssize_t,
    places: cython.longlong[::1],
) -> int:
    """Fill in the place of each number in a dictionary; new numbers get the next ones.

    Args:
        values: the numbers, as the memory of an array.
        size: octets of each: 1, 2, 4 or 8; those of 4 and 8 have a sign.
        known: the place by the number, SMALL of them, -1 for none; added to.
        numbers: the number by place, as many as ``known`` has; added to.
        count: how many are known.
        places: filled in.

    Returns:
        How many are known now; as a negative number less one where a number is too large for a dictionary, and those
        from there on have no place.

    Raises:
        ValueError: the arrays are of other sizes.
    """
    row: cython.Py_ssize_t
    rows: cython.Py_ssize_t = places.shape[0]
    value: cython.longlong
    small: cython.ushort = 0
    word: cython.int = 0
    if size not in (1, 2, 4, 8) or values.shape[0] != rows * size:
        raise ValueError("half a number")  # noqa: EM101, TRY003 - a kernel's lines are few
    if known.shape[0] < _SMALL or numbers.shape[0] < _SMALL:
        raise ValueError("no room")  # noqa: EM101, TRY003 - likewise
    for row in range(rows):
        value = 0
        if not cython.compiled:
            value = int.from_bytes(values[row * size : (row + 1) * size], "little", signed=size > 2)
        elif size == 1:
            value = values[row]
        elif size == 2:
            memcpy(cython.address(small), cython.address(values[row * 2]), 2)
            value = small
        elif size == 4:
            memcpy(cython.address(word), cython.address(values[row * 4]), 4)
            value = word
        else:
            memcpy(cython.address(value), cython.address(values[row * 8]), 8)
        if value < 0 or value >= _SMALL:
            return -count - 1
        if known[value] < 0:
            # Each number has a place of its own, so that count is below SMALL here.
            known[value] = count
            numbers[count] = value
            count += 1
        places[row] = known[value]
    return count


def find(
    words: cython.const[cython.ulonglong][:, ::1],
    factors: cython.const[cython.ulonglong][::1],
    high: cython.const[cython.ulonglong][::1],
    low: cython.const[cython.ulonglong][::1],
    known: cython.const[cython.int][::1],
    numbers: cython.int[::1],
    missing: cython.longlong[::1],
) -> int:
    """Fill in the numbers of addresses that are in their slots.

    Args:
        words: two for each address.
        factors: one for each word; a slot is named by the highest bits of both products together (exclusive or).
        high: the first word of the address in each slot, SLOTS of them.
        low: the second one.
        known: its number, -1 where there is none.
        numbers: filled in where the address is there.
        missing: takes the rows where it is not.

    Returns:
        How many these are.

    Raises:
        ValueError: a column has fewer rows.
    """
    row: cython.Py_ssize_t
    many: cython.Py_ssize_t = words.shape[0]
    count: cython.Py_ssize_t = 0
    slot: cython.ulonglong
    if words.shape[1] != 2 or factors.shape[0] < 2 or numbers.shape[0] < many or missing.shape[0] < many:
        raise ValueError("fewer rows than addresses")  # noqa: EM101, TRY003 - a kernel's lines are few
    if high.shape[0] < _SLOTS or low.shape[0] < _SLOTS or known.shape[0] < _SLOTS:
        raise ValueError("no room")  # noqa: EM101, TRY003 - likewise
    for row in range(many):
        slot = ((words[row, 0] * factors[0] ^ words[row, 1] * factors[1]) & _ALL) >> _SLOT_AT
        if known[slot] >= 0 and high[slot] == words[row, 0] and low[slot] == words[row, 1]:
            numbers[row] = known[slot]
        else:
            # No more of them than rows: there is room.
            missing[count] = row
            count += 1
    return count


def indices(
    values: cython.const[cython.longlong][::1],
    width: cython.Py_ssize_t,
    out: cython.uchar[::1],
) -> int:
    """Write indices of a dictionary, with their width before them (RLE_DICTIONARY).

    Args:
        values: the indices.
        width: bits of one, 1 to 32.
        out: where to.

    Returns:
        Where they end.

    Raises:
        ValueError: there is not enough room, or an index is too large.
    """
    count: cython.Py_ssize_t = values.shape[0]
    at: cython.Py_ssize_t = 1
    row: cython.Py_ssize_t
    every: cython.ulonglong = 0
    if not 1 <= width <= 32 or room(count) > out.shape[0]:
        raise ValueError("no room")  # noqa: EM101, TRY003 - a kernel's lines are few
    for row in range(count):
        every |= cython.cast(cython.ulonglong, values[row]) & _ALL
    if every >> width:
        raise ValueError("an index that is too large")  # noqa: EM101, TRY003 - likewise
    out[0] = width
    # Bit-packed values come in eights; those that fill up the last are not looked at.
    at = _varint(out, at, (count + 7) // 8 << 1 | 1)
    row = _packed(values, 0, count, 0, width, out, at)
    at += (count + 7) // 8 * width
    while row < at:
        out[row] = 0
        row += 1
    return at


def differences(
    first: cython.longlong,
    steps: cython.const[cython.longlong][::1],
    out: cython.uchar[::1],
) -> int:
    """Write numbers as differences (DELTA_BINARY_PACKED).

    Args:
        first: the first number.
        steps: by how much each of the others is above the one before.
        out: where to.

    Returns:
        Where they end.

    Raises:
        ValueError: there is not enough room.
    """
    count: cython.Py_ssize_t = steps.shape[0]
    at: cython.Py_ssize_t = 0
    block: cython.Py_ssize_t
    piece: cython.Py_ssize_t
    end: cython.Py_ssize_t
    last: cython.Py_ssize_t
    row: cython.Py_ssize_t
    widths: cython.Py_ssize_t
    width: cython.Py_ssize_t
    least: cython.longlong
    every: cython.ulonglong
    if room(count) > out.shape[0]:
        raise ValueError("no room")  # noqa: EM101, TRY003 - a kernel's lines are few
    at = _varint(out, at, _BLOCK)
    at = _varint(out, at, _PIECES)
    at = _varint(out, at, count + 1)
    at = _signed(out, at, first)
    for block in range(0, count, _BLOCK):
        end = min(block + _BLOCK, count)
        least = steps[block]
        for row in range(block, end):
            least = min(least, steps[row])
        at = _signed(out, at, least)
        widths = at
        for row in range(_PIECES):
            out[widths + row] = 0
        at += _PIECES
        for piece in range(block, end, _PIECE):
            last = min(piece + _PIECE, end)
            every = 0
            for row in range(piece, last):
                every |= _above(steps, row, least)
            width = 0
            while every:
                width += 1
                every >>= 1
            out[widths + (piece - block) // _PIECE] = width
            # A piece is whole: 32 values take four octets for each of their bits.
            row = _packed(steps, piece, last, least, width, out, at)
            at += _PIECE // 8 * width
            while row < at:
                out[row] = 0
                row += 1
    return at
