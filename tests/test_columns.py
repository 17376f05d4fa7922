from __future__ import annotations

import importlib
import pkgutil
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dissector.messages
from dissector.columns import extract
from dissector.layout import Layout, Shape, shape, wire
from dissector.messages.base import IcmpMessage
from dissector.messages.echo import Echo

if TYPE_CHECKING:
    from numpy.typing import NDArray


def all_shapes() -> list[type[IcmpMessage]]:
    """Return every shape of a message."""
    found: dict[str, type[IcmpMessage]] = {}
    for module in pkgutil.iter_modules(dissector.messages.__path__):
        for value in vars(importlib.import_module(f"dissector.messages.{module.name}")).values():
            if isinstance(value, type) and issubclass(value, IcmpMessage):
                found[f"{value.__module__}.{value.__qualname__}"] = value
    return [found[name] for name in sorted(found)]


def column(octets: bytes, starts: list[int], layout: Layout) -> dict[str, NDArray[Any]]:
    return extract(np.frombuffer(octets, np.uint8), np.array(starts, np.int64), layout)


def plain(value: Any) -> Any:
    """Return a value of a single message as columns hold it."""
    if isinstance(value, bytes | IPv6Address):
        return list(value if isinstance(value, bytes) else value.packed)
    return int(value)


def assert_same(octets: bytes, starts: list[int], kind: type[Shape]) -> None:
    columns = column(octets, starts, kind.layout)
    assert list(columns) == [field.name for field in kind.layout.fields]
    messages = [kind.parse(octets[start:]) for start in starts]
    for field in kind.layout.fields:
        values = columns[field.name]
        assert len(values) == len(starts)
        assert values.dtype.isnative
        if field.as_ in (bytes, IPv6Address):
            assert values.dtype == np.uint8
            assert values.shape[1:] == (field.bits // 8,)
        elif field.as_ in (bool, IPv4Address):
            assert values.dtype == (np.bool_ if field.as_ is bool else np.uint32)
        elif values.dtype != object:
            assert values.dtype.kind == ("i" if field.signed else "u")
        expected = [plain(getattr(message, field.name)) for message in messages]
        found = [plain(value) if value.ndim == 0 else list(value) for value in map(np.asarray, values)]
        assert found == expected


@pytest.mark.parametrize("kind", all_shapes(), ids=lambda kind: kind.__name__)
@settings(max_examples=20)
@given(data=st.data())
def test_columns_are_what_single_messages_say(kind: type[IcmpMessage], data: st.DataObject) -> None:
    octets = data.draw(st.binary(min_size=kind.layout.size, max_size=kind.layout.size + 80))
    starts = data.draw(st.lists(st.integers(0, len(octets) - kind.layout.size), max_size=6))
    assert_same(octets, starts, kind)


def made(fields: list[Any]) -> type[Shape]:
    """Return a shape with some fields, named by their place."""
    return shape(type("Made", (Shape,), {f"field_{index}": field for index, field in enumerate(fields)}))


@st.composite
def numbers(draw: st.DrawFn) -> list[Any]:
    """Return declarations of numbers of any width, which together fill whole octets."""
    fields, total = [], 0
    for bits in draw(st.lists(st.integers(1, 100), min_size=1, max_size=6)):
        signed = draw(st.booleans())
        fields.append(wire(bits, "A number.", signed=signed, scale=draw(st.sampled_from([1, 1, 2, 8, 60]))))
        total += bits
    if total % 8:
        fields.append(wire(8 - total % 8, "Filling.", as_=draw(st.sampled_from([int, bool]))))
    return fields


@st.composite
def layouts(draw: st.DrawFn) -> type[Shape]:
    """Return a shape of any fields that can be declared."""
    octets = st.integers(1, 20).map(lambda count: [wire(count * 8, "Octets.", as_=bytes)])
    addresses = st.sampled_from([[wire(32, "4.", as_=IPv4Address)], [wire(128, "6.", as_=IPv6Address)]])
    groups = draw(st.lists(st.one_of(numbers(), octets, addresses), min_size=1, max_size=4))
    return made([field for group in groups for field in group])


@given(kind=layouts(), data=st.data())
def test_any_layout_can_be_columns(kind: type[Shape], data: st.DataObject) -> None:
    octets = data.draw(st.binary(min_size=kind.layout.size, max_size=kind.layout.size + 40))
    starts = data.draw(st.lists(st.integers(0, len(octets) - kind.layout.size), max_size=4))
    assert_same(octets, starts, kind)


@pytest.mark.parametrize("bits", [8, 16, 24, 32, 40, 56, 64, 72, 128])
def test_signed_numbers_at_their_ends(bits: int) -> None:
    kind = made([wire(bits, "A number.", signed=True)])
    ends = [0, 1, -1, (1 << bits - 1) - 1, -(1 << bits - 1)]
    octets = b"".join(end.to_bytes(bits // 8, "big", signed=True) for end in ends)
    values = column(octets, [index * bits // 8 for index in range(len(ends))], kind.layout)["field_0"]
    assert values.tolist() == ends


def test_scaled_numbers_do_not_wrap() -> None:
    kind = made([wire(64, "Units.", scale=60), wire(8, "Words.", scale=4), wire(16, "Minutes.", scale=60)])
    values = column(b"\xff" * 11, [0], kind.layout)
    assert [values[name].tolist() for name in values] == [[((1 << 64) - 1) * 60], [1020], [65535 * 60]]


def test_an_ipv4_address_beside_odd_widths_has_32_bits() -> None:
    kind = made([wire(24, "Odd."), wire(32, "Address.", as_=IPv4Address), wire(8, "Flag.", as_=bool)])
    values = column(bytes.fromhex("000001 c0000201 80"), [0], kind.layout)
    assert values["field_1"].dtype == np.uint32
    assert values["field_1"].tolist() == [0xC0000201]
    assert values["field_2"].tolist() == [True]


def test_messages_may_overlap_and_repeat() -> None:
    octets = bytes(range(32))
    values = column(octets, [0, 1, 1, 24], Echo.layout)
    assert values["type"].tolist() == [0, 1, 1, 24]
    assert values["identifier"].tolist() == [0x0405, 0x0506, 0x0506, 0x1C1D]


def test_no_message_gives_empty_columns() -> None:
    values = column(b"", [], Echo.layout)
    assert {name: len(value) for name, value in values.items()} == dict.fromkeys(values, 0)
    assert list(values) == ["type", "code", "checksum", "identifier", "sequence"]


@pytest.mark.parametrize("starts", [[25], [0, 25], [-1], [24, -1], [1 << 40], [-(1 << 40)]])
def test_a_message_beyond_the_octets_is_refused(starts: list[int]) -> None:
    with pytest.raises(IndexError, match="Echo of 8 octets would run past the 32 octets given"):
        column(bytes(32), starts, Echo.layout)


def test_fewer_octets_than_one_message_are_refused() -> None:
    with pytest.raises(IndexError):
        column(bytes(7), [0], Echo.layout)


def test_a_view_into_octets_counts_from_its_own_start() -> None:
    whole = np.arange(64, dtype=np.uint8)
    values = extract(whole[16:32], np.array([8], np.int64), Echo.layout)
    assert values["type"].tolist() == [24]
    with pytest.raises(IndexError):
        extract(whole[16:32], np.array([9], np.int64), Echo.layout)


def test_columns_own_their_memory() -> None:
    octets = np.zeros(16, np.uint8)
    values = extract(octets, np.array([0], np.int64), Echo.layout)
    octets[:] = 255
    assert values["identifier"].tolist() == [0]
