"""The base of every shape, and the decorator that makes a class one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, dataclass_transform

from dissector.errors import Finding, TruncatedError
from dissector.layout.field import (
    NO_DEFAULT,
    Field,
    Node,
    Rest,
    derived,
    rest,
    wire,
)
from dissector.layout.plan import Layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

ShapeClass = TypeVar("ShapeClass", bound="type[Shape]")


class Shape:
    """Octets with a declared layout: the base of messages, options, extension objects and headers.

    Instances are frozen, compare by class and value, and are made with keywords.
    """

    __slots__ = ()
    layout: ClassVar[Layout] = Layout("Shape", (), None, ())
    title: ClassVar[str] = ""
    """What people call it, where its class has a name of its own among its kind (an option, an object)."""

    def __init__(self, **values: Any) -> None:
        cls = type(self)
        members = [(field.name, field.default) for field in cls.layout.fields]
        if cls.layout.rest is not None:
            members.append((cls.layout.rest.name, cls.layout.rest.default))
        for name, default in members:
            value = values.pop(name, default)
            if value is NO_DEFAULT:
                message = f"{cls.__name__}() needs {name}="
                raise TypeError(message)
            object.__setattr__(self, name, value)
        if values:
            message = f"{cls.__name__}() has no field {', '.join(values)}"
            raise TypeError(message)

    @classmethod
    def parse(cls, octets: bytes, notes: list[Finding] | None = None) -> Self:
        """Read octets from the start to the end.

        Args:
            octets: all of it; octets after the fixed part go to the tail, are ignored where there is none.
            notes: findings are added here.

        Raises:
            TruncatedError: fewer octets than the fixed part has.
        """
        layout = cls.layout
        if len(octets) < layout.size:
            raise TruncatedError(layout.name, need=layout.size, have=len(octets))
        self: Self = layout.read(octets, [] if notes is None else notes)
        return self

    @property
    def called(self) -> str:
        """What sentences about it call it: its title, else the name of its class."""
        return self.title or type(self).__name__

    def encode(self) -> bytes:
        """Return the octets, every field as it stands (no checksum is computed here).

        Raises:
            EncodeError: a value does not fit its field.
        """
        layout = self.layout
        octets = layout.write(self)
        return (
            octets
            if layout.rest is None
            else octets + layout.rest.tail.write(getattr(self, layout.rest.name))
        )

    def nodes(self, offset: int = 0) -> Iterator[Node]:
        """Yield the fields at their places, ``offset`` bits further on, the tail's after them."""
        for field in self.layout.fields:
            value = getattr(self, field.name)
            yield Node(field.name, field.text(value), offset + field.offset, field.bits, field.doc)
        tail = self.layout.rest
        if tail is not None:
            yield from tail.tail.nodes(
                tail.name, getattr(self, tail.name), offset + self.layout.size * 8, tail.doc
            )

    def values(self) -> dict[str, Any]:
        """Return what JSON shows of it: fields by key without the reserved ones, derived values, the tail."""
        return {key: getattr(self, name) for key, name in self.layout.shown}

    def reserved_bits(self) -> Iterator[Field]:
        """Yield the reserved fields that are not zero."""
        for field in self.layout.fields:
            if field.reserved and any(
                getattr(self, field.name) if field.as_ is bytes else (getattr(self, field.name),)
            ):
                yield field

    def findings(self) -> Iterable[Finding]:
        """Return what is wrong with its values, reserved bits apart; shapes with own rules override it."""
        return ()

    def replace(self, **changes: Any) -> Self:
        """Return another one with some values changed."""
        return type(self)(**{**{name: getattr(self, name) for name in self._names()}, **changes})

    @classmethod
    def _names(cls) -> list[str]:
        """Return the names of all attributes, in order."""
        tail = cls.layout.rest
        return [field.name for field in cls.layout.fields] + ([] if tail is None else [tail.name])

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: shapes are frozen."""
        message = f"{type(self).__name__} is frozen: use replace({name}=…)"
        raise AttributeError(message)

    def __delattr__(self, name: str) -> None:
        """Refuse: shapes are frozen."""
        self.__setattr__(name, None)

    def __eq__(self, other: object) -> bool:
        """Compare class and every value."""
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self._names())

    def __hash__(self) -> int:
        """Hash class and every value."""
        return hash((type(self), *(getattr(self, name) for name in self._names())))

    def __repr__(self) -> str:
        """Return the call that makes it."""
        return (
            f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self._names())})"
        )

    def __reduce__(self) -> tuple[Callable[..., Shape], tuple[type[Shape], dict[str, Any]]]:
        """Pickle by value."""
        return _remake, (type(self), {name: getattr(self, name) for name in self._names()})


def _remake(cls: type[Shape], values: dict[str, Any]) -> Shape:
    """Make a shape from its values: the other half of pickling."""
    return cls(**values)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(wire, rest))
def shape(cls: ShapeClass) -> ShapeClass:
    """Give a class that declares fields its slots and its :class:`Layout`; a base's fields come first."""
    fields = list(cls.layout.fields)
    offset = sum(field.bits for field in fields)
    tail = cls.layout.rest
    body = dict(cls.__dict__)
    own: list[str] = []
    for name, declared in cls.__dict__.items():
        if isinstance(declared, Field):
            fields.append(declared._replace(name=name, offset=offset))
            offset += declared.bits
        elif isinstance(declared, Rest):
            tail = declared._replace(name=name)
        else:
            continue
        del body[name]
        own.append(name)
    names = cls.layout.derived + tuple(name for name, value in body.items() if isinstance(value, derived))
    for name in ("__dict__", "__weakref__"):
        body.pop(name, None)
    body["__slots__"] = tuple(own)
    body["layout"] = Layout(cls.__name__, tuple(fields), tail, names)
    body["__match_args__"] = tuple(field.name for field in fields if not field.reserved)
    # The class again, with slots.
    remade: ShapeClass = type(cls)(cls.__name__, cls.__bases__, body)  # type: ignore[misc]
    remade.layout.shape = remade
    cell = _class_cell(body)
    if cell is not None:
        cell.cell_contents = remade
    return remade


def _class_cell(body: Mapping[str, Any]) -> Any:
    """Return what ``super()`` finds its class in, in all methods of a class; None where none uses it."""
    for value in body.values():
        inner = (getattr(value, name, None) for name in ("__func__", "fget", "function"))
        function = next(filter(None, inner), value)
        free: tuple[str, ...] = getattr(getattr(function, "__code__", None), "co_freevars", ())
        if "__class__" in free:
            return function.__closure__[free.index("__class__")]
    return None


def partial(cls: type[Shape], octets: bytes) -> dict[str, Any]:
    """Return those values of a shape that lie wholly inside octets that are too few for it, by JSON key."""
    have = len(octets) * 8
    whole = cls.layout.read(octets.ljust(cls.layout.size, b"\0"), [])
    return {
        field.key or field.name: getattr(whole, field.name)
        for field in cls.layout.fields
        if not field.reserved and field.offset + field.bits <= have
    }
