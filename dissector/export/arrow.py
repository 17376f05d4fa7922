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
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

NULLABLE = 2
"""ARROW_FLAG_NULLABLE."""
STREAM = b"arrow_array_stream"
"""The name of the capsule (Arrow PyCapsule interface)."""


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


class Texts(NamedTuple):
    """The distinct texts of a column, as Arrow's dictionaries have them.

    Attributes:
        offsets: where each begins in ``octets``, and where the last ends, int32.
        octets: all of them, UTF-8.
    """

    offsets: NDArray[np.int32]
    octets: NDArray[np.uint8]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Texts:
        """Return some texts so."""
        encoded = [text.encode() for text in texts]
        offsets = np.zeros(len(encoded) + 1, np.int32)
        np.cumsum([len(octets) for octets in encoded], out=offsets[1:])
        return cls(offsets, np.frombuffer(b"".join(encoded) or b"\0", np.uint8))


class Values(NamedTuple):
    """A column of so many rows.

    Attributes:
        values: numbers; for texts, the index of each row's in ``texts``, int32.
        missing: which rows have none; None where all have one.
        texts: the distinct texts, for a column of texts.
    """

    values: NDArray[Any]
    missing: NDArray[np.bool_] | None = None
    texts: Texts | None = None


def stream(formats: Mapping[str, str], tables: Callable[[], Iterator[Mapping[str, Values]]]) -> Any:
    """Return a capsule that an Arrow reader takes rows from.

    Args:
        formats: the columns and their types, as Arrow's format strings; ``u`` for texts.
        tables: starts anew; yields the columns of some rows at a time. What it raises ends the stream, with the
            exception's text.
    """
    made = Stream()
    key = next(_keys)
    source = _Source(formats, tables())
    made.get_schema, made.get_next, made.get_last_error = source.callbacks
    made.release = _release_stream
    made.private_data = key
    _alive[key] = (source, made)
    return _new_capsule(ctypes.addressof(made), STREAM, _destroy)


class _Source:
    """What the callbacks of one stream work on."""

    def __init__(self, formats: Mapping[str, str], tables: Iterator[Mapping[str, Values]]) -> None:
        self.formats = formats
        self.tables = tables
        self.error = ctypes.create_string_buffer(b"")
        self.callbacks = GET_SCHEMA(self.get_schema), GET_NEXT(self.get_next), GET_ERROR(self.get_error)

    def get_schema(self, stream: Any, out: Any) -> int:  # noqa: ARG002 - the interface's signature
        """Fill in the schema."""
        children = [_schema(name, kind) for name, kind in self.formats.items()]
        _fill_schema(out.contents, "", "+s", children, None)
        return 0

    def get_next(self, stream: Any, out: Any) -> int:  # noqa: ARG002 - the interface's signature
        """Fill in the next rows; at the end, an array that is released already."""
        try:
            table = next(self.tables, None)
            if table is None:
                ctypes.memset(out, 0, ctypes.sizeof(Array))
                return 0
            children = [_array(table[name]) for name in self.formats]
            _fill_array(out.contents, children[0].length if children else 0, [None], children)
        except BaseException as error:  # noqa: BLE001 - nothing may be raised into C; it is told as Arrow wants it
            self.error = ctypes.create_string_buffer(f"{error}".encode())
            self.raised = error
            return errno.EIO
        return 0

    def get_error(self, stream: Any) -> int:  # noqa: ARG002 - the interface's signature
        """Return the sentence of the last error."""
        return ctypes.addressof(self.error)


def _schema(name: str, kind: str) -> Schema:
    """Return the schema of a column."""
    made = Schema()
    dictionary = None
    if kind == "u":
        dictionary = _fill_schema(Schema(), "", "u", [], None)
        kind = "i"
    return _fill_schema(made, name, kind, [], dictionary)


def _fill_schema(made: Schema, name: str, kind: str, children: list[Schema], dictionary: Schema | None) -> Schema:
    pointers = (POINTER(Schema) * len(children))(*map(ctypes.pointer, children))
    texts = (name.encode(), kind.encode())
    made.name, made.format = texts
    made.metadata = None
    made.flags = NULLABLE
    made.n_children = len(children)
    made.children = pointers if children else None
    made.dictionary = None if dictionary is None else ctypes.pointer(dictionary)
    made.release = _release_schema
    made.private_data = key = next(_keys)
    _alive[key] = (made, texts, children, pointers, dictionary)
    return made


def _array(column: Values) -> Array:
    """Return a column."""
    validity: NDArray[Any] | None = None
    values = column.values
    if column.missing is not None:
        validity = np.packbits(~column.missing, bitorder="little")
    if values.dtype == np.bool_:
        values = np.packbits(values, bitorder="little")
    made = Array()
    _fill_array(made, len(column.values), [validity, np.ascontiguousarray(values)], [])
    if column.missing is not None:
        made.null_count = -1
    if column.texts is not None:
        dictionary = Array()
        _fill_array(dictionary, len(column.texts.offsets) - 1, [None, *column.texts], [])
        made.dictionary = ctypes.pointer(dictionary)
        _alive[made.private_data] += (dictionary,)
    return made


def _fill_array(made: Array, length: int, buffers: list[NDArray[Any] | None], children: list[Array]) -> None:
    addresses = (c_void_p * len(buffers))(*(None if b is None else b.ctypes.data for b in buffers))
    pointers = (POINTER(Array) * len(children))(*map(ctypes.pointer, children))
    made.length = length
    made.null_count = made.offset = 0
    made.n_buffers = len(buffers)
    made.buffers = addresses
    made.n_children = len(children)
    made.children = pointers if children else None
    made.dictionary = None
    made.release = _release_array
    made.private_data = key = next(_keys)
    _alive[key] = (made, buffers, addresses, children, pointers)


def _release(what: Any) -> None:
    """Release a structure with its children and its dictionary, as far as nobody has taken them over."""
    made = what.contents
    for index in range(made.n_children):
        child = made.children[index]
        if child.contents.release:
            child.contents.release(child)
    if made.dictionary and made.dictionary.contents.release:
        made.dictionary.contents.release(made.dictionary)
    key = made.private_data
    made.release = type(made.release)()
    _alive.pop(key, None)


def _end(what: Any) -> None:
    """Release a stream: what is read from is closed."""
    made = what.contents
    made.release = RELEASE_STREAM()
    source, _ = _alive[made.private_data]
    close = getattr(source.tables, "close", None)
    if close is not None:
        close()
    source.tables = iter(())


def _drop(capsule: int) -> None:
    """Free the stream of a capsule that goes; release it if nobody has."""
    address = _pointer_of(capsule, STREAM)
    made = Stream.from_address(address)
    key = made.private_data
    if made.release:
        made.release(ctypes.pointer(made))
    _alive.pop(key, None)


_release_schema = RELEASE_SCHEMA(_release)
_release_array = RELEASE_ARRAY(_release)
_release_stream = RELEASE_STREAM(_end)
_DESTRUCTOR = ctypes.PYFUNCTYPE(None, c_void_p)
_destroy = _DESTRUCTOR(_drop)
_new_capsule = ctypes.PYFUNCTYPE(ctypes.py_object, c_void_p, c_char_p, _DESTRUCTOR)(("PyCapsule_New", ctypes.pythonapi))
_pointer_of = ctypes.PYFUNCTYPE(c_void_p, c_void_p, c_char_p)(("PyCapsule_GetPointer", ctypes.pythonapi))
