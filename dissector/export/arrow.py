"""Columns as an Arrow stream (the Arrow C data and C stream interfaces), without an Arrow library.

What reads tables asks an object for ``__arrow_c_stream__``: duckdb, polars, pandas 2.2 and pyarrow do. The structures
point at the memory of NumPy arrays, so that nothing is copied; an array is kept alive until its reader releases
it, which may be in another thread.
"""

from __future__ import annotations

import ctypes
import errno
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_int64, c_void_p
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from dissector.export.schema import BOOLEAN, NUMPY, TEXT, TIME
from dissector.present.text import utf8

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from dissector.export.columns import Values
    from dissector.export.schema import Column
    from dissector.export.table import Table

NULLABLE = 2
"""ARROW_FLAG_NULLABLE."""
SCHEMA_CAPSULE, STREAM_CAPSULE = b"arrow_schema", b"arrow_array_stream"
"""The names of the capsules (Arrow PyCapsule interface)."""
FORMATS = {
    TEXT: "i",
    TIME: "tsn:",
    BOOLEAN: "b",
    "UTINYINT": "C",
    "USMALLINT": "S",
    "UINTEGER": "I",
    "UBIGINT": "L",
    "INTEGER": "i",
    "BIGINT": "l",
}
"""Arrow's names of the types; of texts, that of the indices."""


class Schema(ctypes.Structure):
    """``struct ArrowSchema``."""


class Array(ctypes.Structure):
    """``struct ArrowArray``."""


class Stream(ctypes.Structure):
    """``struct ArrowArrayStream``."""


RELEASE_SCHEMA = CFUNCTYPE(None, POINTER(Schema))
RELEASE_ARRAY = CFUNCTYPE(None, POINTER(Array))
RELEASE_STREAM = CFUNCTYPE(None, POINTER(Stream))
GET_SCHEMA = CFUNCTYPE(c_int, POINTER(Stream), POINTER(Schema))
GET_NEXT = CFUNCTYPE(c_int, POINTER(Stream), POINTER(Array))
GET_ERROR = CFUNCTYPE(c_void_p, POINTER(Stream))

Schema._fields_ = [
    ("format", c_char_p),
    ("name", c_char_p),
    ("metadata", c_void_p),
    ("flags", c_int64),
    ("n_children", c_int64),
    ("children", POINTER(POINTER(Schema))),
    ("dictionary", POINTER(Schema)),
    ("release", RELEASE_SCHEMA),
    ("private_data", c_void_p),
]
Array._fields_ = [
    ("length", c_int64),
    ("null_count", c_int64),
    ("offset", c_int64),
    ("n_buffers", c_int64),
    ("n_children", c_int64),
    ("buffers", POINTER(c_void_p)),
    ("children", POINTER(POINTER(Array))),
    ("dictionary", POINTER(Array)),
    ("release", RELEASE_ARRAY),
    ("private_data", c_void_p),
]
Stream._fields_ = [
    ("get_schema", GET_SCHEMA),
    ("get_next", GET_NEXT),
    ("get_last_error", GET_ERROR),
    ("release", RELEASE_STREAM),
    ("private_data", c_void_p),
]

_keys = count(1)
_alive: dict[int, Any] = {}
"""What readers have not released yet, by the key in ``private_data``."""
_structures: dict[int, Schema | Stream] = {}
"""What is in capsules, by address. A reader may take it over into a structure of its own: either can go first."""


class ArrowTable:
    """A table that Arrow readers can read, once or again.

    Args:
        columns: its columns.
        start: starts anew, and yields some rows at a time.

    Attributes:
        raised: what ended the last reading early, None where nothing did. A reader is told its text only.
    """

    def __init__(self, columns: Mapping[str, Column], start: Callable[[], Iterator[Table]]) -> None:
        self.columns = columns
        self.start = start
        self.raised: BaseException | None = None

    def __arrow_c_schema__(self) -> Any:
        """Return the capsule of the schema."""
        return _capsule(_table_schema(self.columns), SCHEMA_CAPSULE, _drop_schema)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Return the capsule of a stream of all rows; another schema than its own is not offered."""
        self.raised = None
        made = Stream()
        source = _Source(self)
        made.get_schema, made.get_next, made.get_last_error = source.callbacks
        made.release = _release_stream
        made.private_data = key = next(_keys)
        _alive[key] = source
        return _capsule(made, STREAM_CAPSULE, _drop_stream)


class _Source:
    """What the callbacks of one stream work on."""

    def __init__(self, table: ArrowTable) -> None:
        self.table = table
        self.parts = table.start()
        self.error = ctypes.create_string_buffer(b"")
        self.callbacks = GET_SCHEMA(self.get_schema), GET_NEXT(self.get_next), GET_ERROR(self.get_error)

    def get_schema(self, stream: Any, out: Any) -> int:  # noqa: ARG002 - the interface's signature
        """Hand the schema over."""
        made = _table_schema(self.table.columns)
        ctypes.memmove(out, ctypes.byref(made), ctypes.sizeof(Schema))
        return 0

    def get_next(self, stream: Any, out: Any) -> int:  # noqa: ARG002 - the interface's signature
        """Hand the next rows over; at the end, an array that is released already."""
        try:
            part = next(self.parts, None)
            if part is None:
                ctypes.memset(out, 0, ctypes.sizeof(Array))
                return 0
            nothing = _Nothing(part.length)
            children = [
                _array(column, part.columns.get(name), nothing) for name, column in self.table.columns.items()
            ]
            made = _filled(part.length, 0, [None], children)
            ctypes.memmove(out, ctypes.byref(made), ctypes.sizeof(Array))
        except BaseException as error:  # noqa: BLE001 - nothing may be raised into C; it is told as Arrow wants it
            self.table.raised = error
            self.error = ctypes.create_string_buffer(str(error).encode())
            return errno.EIO
        return 0

    def get_error(self, stream: Any) -> int:  # noqa: ARG002 - the interface's signature
        """Return the sentence of the last error."""
        return ctypes.addressof(self.error)


class _Nothing:
    """Memory that all columns without values share."""

    def __init__(self, rows: int) -> None:
        self.zeros = np.zeros(rows * 8 + 8, np.uint8)


def _capsule(made: Schema | Stream, name: bytes, destroy: Any) -> Any:
    """Return a capsule."""
    address = ctypes.addressof(made)
    _structures[address] = made
    return _new_capsule(address, name, destroy)


def _table_schema(columns: Mapping[str, Column]) -> Schema:
    """Return the schema of a table."""
    return _schema("", "+s", [_column_schema(column) for column in columns.values()])


def _column_schema(column: Column) -> Schema:
    """Return the schema of a column; texts have a dictionary."""
    dictionary = _schema("", "u", []) if column.type == TEXT else None
    return _schema(column.name, FORMATS[column.type], [], dictionary)


def _schema(name: str, kind: str, children: list[Schema], dictionary: Schema | None = None) -> Schema:
    made = Schema()
    pointers = (POINTER(Schema) * len(children))(*map(ctypes.pointer, children))
    texts = (name.encode(), kind.encode())
    made.name, made.format = texts
    made.flags = NULLABLE
    made.n_children = len(children)
    made.children = pointers if children else None
    made.dictionary = None if dictionary is None else ctypes.pointer(dictionary)
    made.release = _release_schema
    made.private_data = key = next(_keys)
    _alive[key] = (made, texts, children, pointers, dictionary)
    return made


def _array(column: Column, found: Values | None, nothing: _Nothing) -> Array:
    """Return the values of a column."""
    if found is None:
        rows = len(nothing.zeros) // 8 - 1
        dictionary = _dictionary(()) if column.type == TEXT else None
        return _filled(rows, rows, [nothing.zeros, nothing.zeros], [], dictionary)
    every = found.every
    validity, nulls = None, 0
    if found.missing is not None:
        validity = np.packbits(~found.missing, bitorder="little")
        nulls = int(np.count_nonzero(found.missing))
    dictionary = None if found.texts is None else _dictionary(found.texts)
    if column.type == BOOLEAN:
        values = np.packbits(every, bitorder="little")
    else:
        values = np.ascontiguousarray(every.astype(NUMPY[column.type], copy=False))
    return _filled(len(every), nulls, [validity, values], [], dictionary)


def _dictionary(texts: Sequence[str]) -> Array:
    """Return texts."""
    encoded = [utf8(text) for text in texts]
    offsets = np.zeros(len(encoded) + 1, np.int32)
    np.cumsum([len(octets) for octets in encoded], out=offsets[1:])
    octets = np.frombuffer(b"".join(encoded) + b"\0", np.uint8)
    return _filled(len(encoded), 0, [None, offsets, octets], [])


def _filled(
    length: int,
    nulls: int,
    buffers: list[NDArray[Any] | None],
    children: list[Array],
    dictionary: Array | None = None,
) -> Array:
    """Return an array; what it points at is alive until it is released."""
    made = Array()
    addresses = (c_void_p * len(buffers))(*(None if b is None else b.ctypes.data for b in buffers))
    pointers = (POINTER(Array) * len(children))(*map(ctypes.pointer, children))
    made.length, made.null_count = length, nulls
    made.n_buffers, made.buffers = len(buffers), addresses
    made.n_children = len(children)
    made.children = pointers if children else None
    made.dictionary = None if dictionary is None else ctypes.pointer(dictionary)
    made.release = _release_array
    made.private_data = key = next(_keys)
    _alive[key] = (made, buffers, addresses, children, pointers, dictionary)
    return made


def _release(what: Any) -> None:
    """Release a schema or an array with its children and its dictionary, as far as nobody has taken them over."""
    made = what.contents
    below = [made.children[index] for index in range(made.n_children)]
    if made.dictionary:
        below.append(made.dictionary)
    for pointer in below:
        if pointer.contents.release:
            pointer.contents.release(pointer)
    key = made.private_data
    made.release = type(made.release)()
    _alive.pop(key, None)


def _end(what: Any) -> None:
    """Release a stream: what it reads from is closed."""
    made = what.contents
    source = _alive.pop(made.private_data)
    made.release = RELEASE_STREAM()
    source.parts.close()


def _drop(capsule: int, name: bytes) -> None:
    """Release what is in a capsule that goes, if nobody has taken it over."""
    made = _structures.pop(_pointer_of(capsule, name))
    if made.release:
        made.release(ctypes.pointer(made))


def _drop_a_schema(capsule: int) -> None:
    _drop(capsule, SCHEMA_CAPSULE)


def _drop_a_stream(capsule: int) -> None:
    _drop(capsule, STREAM_CAPSULE)


_release_schema = RELEASE_SCHEMA(_release)
_release_array = RELEASE_ARRAY(_release)
_release_stream = RELEASE_STREAM(_end)
_DESTRUCTOR = ctypes.PYFUNCTYPE(None, c_void_p)
_drop_schema = _DESTRUCTOR(_drop_a_schema)
_drop_stream = _DESTRUCTOR(_drop_a_stream)
_new_capsule = ctypes.PYFUNCTYPE(ctypes.py_object, c_void_p, c_char_p, _DESTRUCTOR)(
    ("PyCapsule_New", ctypes.pythonapi)
)
_pointer_of = ctypes.PYFUNCTYPE(c_void_p, c_void_p, c_char_p)(("PyCapsule_GetPointer", ctypes.pythonapi))
