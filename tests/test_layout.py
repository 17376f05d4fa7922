"""The layout package: one declaration, and every reader derived from it."""

from __future__ import annotations

import copy
import pickle
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissector.errors import EncodeError, Finding, Severity, TruncatedError
from dissector.layout import (
    OCTETS,
    Field,
    Items,
    Node,
    Several,
    Shape,
    derived,
    each,
    partial,
    rest,
    shape,
    wire,
)


@shape
class Odd(Shape):
    """Fields of every kind, at every place in an octet."""

    title = "Odd"

    flag: bool = wire(1, "A flag.", as_=bool)
    small: int = wire(3, "Three bits.", names={5: "five"})
    signed_small: int = wire(4, "Four bits with a sign.", signed=True)
    thirteen: int = wire(13, "Thirteen bits.", scale=8, unit="octets")
    reserved: int = wire(11, reserved=True, default=0)
    address: IPv4Address = wire(32, "An address.", as_=IPv4Address)
    temperature: int = wire(16, "With a sign and a step.", signed=True, scale=10, key="celsius")
    hexadecimal: int = wire(24, "In hexadecimal.", hexadecimal=True)
    address6: IPv6Address = wire(128, "A long address.", as_=IPv6Address)
    mac: bytes = wire(48, "Octets.", as_=bytes)
    long: int = wire(64, "Long.")
    longer: int = wire(96, "Longer than any code.")
    rest: bytes = rest(OCTETS, "What is left.", default=b"")

    @derived
    def double(self) -> int:
        """Twice the small number."""
        return self.small * 2


SIZE = Odd.layout.size
SAMPLE = bytes(range(1, SIZE + 1)) + b"tail"


def slowly(cls: type[Shape], octets: bytes) -> dict[str, Any]:
    """Read the fields bit by bit, knowing nothing of units: the witness of the generated readers."""
    bits = "".join(f"{octet:08b}" for octet in octets)
    values: dict[str, Any] = {}
    at = 0
    for field in cls.layout.fields:
        text = bits[at : at + field.bits]
        at += field.bits
        number = int(text, 2)
        if field.signed and text[0] == "1":
            number -= 1 << field.bits
        if field.as_ is bytes:
            values[field.name] = number.to_bytes(field.bits // 8, "big")
        elif field.as_ is int:
            values[field.name] = number * field.scale
        else:
            values[field.name] = field.as_(number)
    return values


def declare(widths: list[tuple[int, bool]]) -> type[Shape]:
    """Return a shape of integers of some widths, signed or not, filled up to whole octets."""
    body: dict[str, Any] = {
        f"f{index}": wire(bits, "A field.", signed=signed) for index, (bits, signed) in enumerate(widths)
    }
    missing = -sum(bits for bits, _ in widths) % 8
    if missing:
        body["fill"] = wire(missing, "Fills up.")
    return shape(type("Random", (Shape,), body))


def test_it_reads_what_a_slow_reader_reads() -> None:
    found = Odd.parse(SAMPLE)
    assert {name: getattr(found, name) for name in slowly(Odd, SAMPLE)} == slowly(Odd, SAMPLE)
    assert found.rest == b"tail"


@given(st.binary(min_size=SIZE, max_size=SIZE + 9))
def test_any_octets_are_read_like_the_slow_reader_does_and_written_back(octets: bytes) -> None:
    found = Odd.parse(octets)
    assert {field.name: getattr(found, field.name) for field in Odd.layout.fields} == slowly(Odd, octets)
    assert found.encode() == octets
    assert Odd.parse(found.encode()) == found


@given(st.data(), st.lists(st.tuples(st.integers(1, 70), st.booleans()), min_size=1, max_size=12))
def test_any_widths_are_read_like_the_slow_reader_does_and_written_back(
    data: st.DataObject, widths: list[tuple[int, bool]]
) -> None:
    kind = declare(widths)
    octets = data.draw(st.binary(min_size=kind.layout.size, max_size=kind.layout.size))
    found = kind.parse(octets)
    assert {field.name: getattr(found, field.name) for field in kind.layout.fields} == slowly(kind, octets)
    assert found.encode() == octets


def test_units_cover_the_octets_without_gaps() -> None:
    at = 0
    for unit in Odd.layout.units:
        assert unit.offset == at
        at += unit.octets
        assert sum(field.bits for field, _ in unit.fields) == unit.octets * 8
    assert at == SIZE
    codes = [unit.code for unit in Odd.layout.units]
    assert codes == ["B", "3s", "I", "H", "3s", "16s", "6s", "Q", "12s"]


def test_too_few_octets_are_an_error_that_says_how_many() -> None:
    with pytest.raises(TruncatedError, match=rf"Odd needs {SIZE} octets, {SIZE - 1} left") as caught:
        Odd.parse(SAMPLE[: SIZE - 1])
    assert (caught.value.need, caught.value.have) == (SIZE, SIZE - 1)


def test_partial_gives_the_fields_that_are_all_there() -> None:
    whole = Odd.parse(SAMPLE).values()
    for have in range(SIZE):
        found = partial(Odd, SAMPLE[:have])
        there = {
            field.key or field.name
            for field in Odd.layout.fields
            if not field.reserved and field.offset + field.bits <= have * 8
        }
        assert found == {key: whole[key] for key in there}


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("small", 8, "takes 0 to 7"),
        ("small", -1, "takes 0 to 7"),
        ("small", "many", "takes a number"),
        ("small", None, "takes a number"),
        ("flag", 2, "takes 0 to 1"),
        ("signed_small", 8, "takes -8 to 7"),
        ("signed_small", -9, "takes -8 to 7"),
        ("thirteen", 12, "takes a multiple of 8"),
        ("thirteen", 65536, "takes 0 to 65528"),
        ("temperature", 327680, "takes -327680 to 327670"),
        ("temperature", -5, "takes a multiple of 10"),
        ("address", "10.0.0.1", "takes a number"),
        ("address6", 1 << 128, "takes 0 to"),
        ("mac", b"short", "takes 6 octets"),
        ("mac", 7, "takes 6 octets"),
        ("longer", 1 << 96, "takes 0 to"),
    ],
)
def test_a_value_that_does_not_fit_is_an_error_that_names_the_field(
    name: str, value: object, why: str
) -> None:
    changed = Odd.parse(SAMPLE).replace(**{name: value})
    with pytest.raises(EncodeError) as caught:
        changed.encode()
    assert str(caught.value).startswith(f"Odd.{name} {why}")
    assert (caught.value.layer, caught.value.field, caught.value.value) == ("Odd", name, value)


@pytest.mark.parametrize("signed_small", [-8, -1, 0, 7])
@pytest.mark.parametrize("temperature", [-327680, -10, 0, 327670])
def test_signs_and_scales_survive(signed_small: int, temperature: int) -> None:
    changed = Odd.parse(SAMPLE).replace(signed_small=signed_small, temperature=temperature)
    found = Odd.parse(changed.encode())
    assert (found.signed_small, found.temperature) == (signed_small, temperature)


def test_values_show_keys_and_derived_values_but_no_reserved_bits() -> None:
    shown = Odd.parse(SAMPLE).values()
    assert "reserved" not in shown
    assert "temperature" not in shown
    assert shown["celsius"] == slowly(Odd, SAMPLE)["temperature"]
    assert shown["double"] == shown["small"] * 2
    assert shown["rest"] == b"tail"
    assert Odd.layout.derived == ("double",)


def test_reserved_bits_are_told_where_they_are_set() -> None:
    clean = Odd.parse(bytes(SIZE))
    assert list(clean.reserved_bits()) == []
    assert [field.name for field in clean.replace(reserved=1).reserved_bits()] == ["reserved"]

    @shape
    class Octets(Shape):
        reserved: bytes = wire(16, reserved=True, as_=bytes, default=b"\0\0")

    assert list(Octets().reserved_bits()) == []
    assert [field.name for field in Octets(reserved=b"\0\1").reserved_bits()] == ["reserved"]


def test_nodes_lie_side_by_side_at_their_bits() -> None:
    at = 800
    nodes = list(Odd.parse(SAMPLE).nodes(800))
    for node in nodes:
        assert node.offset == at
        at += node.bits
    assert at == 800 + len(SAMPLE) * 8
    texts = {node.name: node.text for node in nodes}
    assert texts["address"] == str(IPv4Address(SAMPLE[4:8]))
    assert texts["mac"] == SAMPLE[29:35].hex(":")
    assert texts["hexadecimal"] == f"0x{int.from_bytes(SAMPLE[10:13]):06x}"
    assert texts["rest"] == "4 octets"


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("flag", True, "true"),
        ("small", 5, "5 (five)"),
        ("small", 4, "4"),
        ("thirteen", 16, "16 octets"),
        ("hexadecimal", 7, "0x000007"),
        ("mac", bytes(6), "00:00:00:00:00:00"),
        ("address6", IPv6Address("2001:db8::1"), "2001:db8::1"),
    ],
)
def test_text_is_what_people_read(field: str, value: object, text: str) -> None:
    declared: Field = next(one for one in Odd.layout.fields if one.name == field)
    assert declared.text(value) == text


def test_instances_are_frozen_and_equal_by_class_and_value() -> None:
    one, other = Odd.parse(SAMPLE), Odd.parse(SAMPLE)
    assert one == other
    assert hash(one) == hash(other)
    assert one != one.replace(small=one.small + 1)
    assert one != SAMPLE
    with pytest.raises(AttributeError, match=r"Odd is frozen: use replace\(small=…\)"):
        one.small = 3  # type: ignore[misc]  # that it is refused is the point
    with pytest.raises(AttributeError):
        del one.small

    @shape
    class Same(Odd):
        """The same fields, another class."""

    assert Same.parse(SAMPLE) != one
    assert Same.layout.fields == Odd.layout.fields
    assert not hasattr(one, "__dict__")


def test_pickling_and_copying_keep_everything() -> None:
    found = Odd.parse(SAMPLE)
    assert pickle.loads(pickle.dumps(found)) == found
    assert copy.deepcopy(found) == found
    assert eval(repr(found), {"Odd": Odd, "IPv4Address": IPv4Address, "IPv6Address": IPv6Address}) == found  # noqa: S307 - our own


def test_making_one_wants_its_fields_and_no_others() -> None:
    values = {field.name: getattr(Odd.parse(SAMPLE), field.name) for field in Odd.layout.fields}
    assert Odd(**values).rest == b""
    with pytest.raises(TypeError, match=r"Odd\(\) has no field colour"):
        Odd(**{**values, "colour": "red"})
    del values["small"]
    with pytest.raises(TypeError, match=r"Odd\(\) needs small="):
        Odd(**values)


def test_fields_of_the_base_come_first_and_super_works() -> None:
    @shape
    class Longer(Odd):
        extra: int = wire(8, "One more.", default=0)
        rest: bytes = rest(OCTETS, "What is left now.", default=b"")

        def values(self) -> dict[str, Any]:
            return {**super().values(), "longer": True}

        @derived
        def triple(self) -> int:
            return self.small * 3

        @property
        def described(self) -> str:
            return super().__repr__()

    found = Longer.parse(SAMPLE)
    assert (found.extra, found.rest) == (ord("t"), b"ail")
    assert found.values()["longer"]
    assert found.values()["double"] * 3 == found.values()["triple"] * 2
    assert found.described.startswith("Longer(flag=")
    assert found.encode() == SAMPLE


def test_super_works_where_a_property_alone_uses_it() -> None:
    @shape
    class Titled(Odd):
        @property
        def described(self) -> str:
            return super().__repr__()

    assert Titled.parse(SAMPLE).described.startswith("Titled(")


def test_layouts_that_cannot_be_are_refused() -> None:
    with pytest.raises(TypeError, match="Half: its fields have 4 bits, not whole octets"):

        @shape
        class Half(Shape):
            half: int = wire(4, "Half an octet.")

    with pytest.raises(TypeError, match="do not begin at an octet"):

        @shape
        class Astride(Shape):
            first: int = wire(4, "Half an octet.")
            mac: bytes = wire(48, "Astride.", as_=bytes)
            last: int = wire(4, "Half an octet.")


def test_findings_of_a_shape_are_noted() -> None:
    note = Finding("odd", Severity.NOTE, "it is odd")

    @shape
    class Strange(Shape):
        number: int = wire(8, "A number.")

        def findings(self) -> tuple[Finding, ...]:
            return (note,)

    notes: list[Finding] = []
    Strange.parse(b"\1", notes)
    assert notes == [note]


# Tails


@shape
class Pair(Shape):
    """An item of fixed size."""

    title = "Pair"

    left: int = wire(8, "Left.")
    right: int = wire(8, "Right.")


@shape
class Pairs(Shape):
    """Pairs, and addresses."""

    pairs: Several[Pair] = rest(each(Pair, "pair"), "The pairs.", default=())


@shape
class Addresses(Shape):
    """Addresses of IPv6."""

    addresses: Several[IPv6Address] = rest(each(IPv6Address, "address"), "The addresses.", default=())


@given(st.binary(max_size=9))
def test_items_keep_what_is_no_whole_item(octets: bytes) -> None:
    notes: list[Finding] = []
    found = Pairs.parse(octets, notes)
    assert len(found.pairs) == len(octets) // 2
    assert found.pairs.leftover == octets[len(octets) // 2 * 2 :]
    assert [note.id for note in notes] == ["pair-unreadable"] * (len(octets) % 2)
    assert found.encode() == octets
    nodes = list(found.nodes(16))
    assert sum(node.bits for node in nodes) == len(octets) * 8
    assert [node.name for node in nodes] == ["pairs"] * (len(octets) // 2) + ["leftover"] * (len(octets) % 2)


def test_items_may_be_addresses() -> None:
    one, other = IPv6Address("2001:db8::1"), IPv6Address("::1")
    found = Addresses.parse(one.packed + other.packed)
    assert found.addresses == (one, other)
    assert found.encode() == one.packed + other.packed
    assert [node.text for node in found.nodes()] == ["2001:db8::1", "::1"]
    assert Addresses(addresses=Several.of([one])).encode() == one.packed


def test_items_stop_at_the_first_unreadable_one() -> None:
    def take(octets: bytes, notes: list[Finding]) -> tuple[Pair, int] | str:  # noqa: ARG001 - see Items
        return "it is not to be read" if octets[0] == 9 else (Pair.parse(octets[:2]), 2)

    notes: list[Finding] = []
    found = Items(take, "small pair").read(b"\1\2\x09\1\1\2", Pairs(), notes)
    assert found == Several.of([Pair(left=1, right=2)], b"\x09\1\1\2")
    assert notes == [
        Finding(
            "small-pair-unreadable",
            Severity.WARNING,
            "Pairs: small pair 2 cannot be read: it is not to be read",
        )
    ]


def test_several_compare_what_was_left_over_too() -> None:
    one, other = Several.of([1], b"x"), Several.of([1], b"y")
    assert one == Several.of([1], b"x")
    assert not one != Several.of([1], b"x")  # noqa: SIM202 - the operator is what is tested
    assert one != other
    assert not one == other  # noqa: SIM201 - the operator is what is tested
    assert one != (1,)
    assert Several.of([1]) == (1,)
    assert repr(one) == "(1,) + b'x'"
    assert pickle.loads(pickle.dumps(one)) == one


def test_a_group_is_a_node_with_children() -> None:
    (node,) = Pairs.parse(b"\1\2").nodes(8)
    assert node == Node(
        "pairs",
        "Pair",
        8,
        16,
        "The pairs.",
        (Node("left", "1", 8, 8, "Left."), Node("right", "2", 16, 8, "Right.")),
    )
