"""Stands in for ``import cython`` where Cython is not installed.

The kernels are Python source in Cython's pure-Python mode. Cython is needed to compile them and for nothing else;
run as plain Python, they need only names that do nothing. The idiom is that of fontTools::

    try:
        import cython
    except ImportError:
        from dissector.kernel import shim as cython
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Thing = TypeVar("_Thing")

compiled = False
"""Whether this is the compiled kernel: never, when this module is in use."""


def _unchanged(thing: _Thing) -> _Thing:
    """Return what was decorated as it is."""
    return thing


def _decorator(*_arguments: object, **_options: object) -> Callable[[_Thing], _Thing]:
    """Return a decorator that changes nothing."""
    return _unchanged


cfunc = ccall = inline = cclass = final = _unchanged
locals = returns = exceptval = boundscheck = wraparound = cdivision = initializedcheck = _decorator  # noqa: A001 - Cython's names
nonecheck = overflowcheck = profile = linetrace = infer_types = binding = annotation_typing = _decorator


class _Type:
    """A C type: calling it gives the number unchanged, indexing it (``uchar[::1]``) gives the type again."""

    def __call__(self, value: Any = 0) -> Any:
        """Return the value."""
        return value

    def __getitem__(self, _item: object) -> _Type:
        """Return the type itself."""
        return self


bint = char = uchar = short = ushort = long = ulong = longlong = ulonglong = Py_ssize_t = size_t = void = (
    _Type()
)
int = uint = float = double = const = _Type()  # noqa: A001 - Cython's names


def declare(_kind: object = None, value: Any = None, **_names: object) -> Any:
    """Return the value."""
    return value


def cast(_kind: object, value: _Thing, **_options: object) -> _Thing:
    """Return the value."""
    return value
