from __future__ import annotations

import csv
import re

import pytest
from places import DATA

from dissector.registry.objects import OBJECT_CLASSES, ROLE, ObjectEntry, find_object, object_entries
from dissector.tails.extensions import OBJECTS, ExtensionObject

FACTS = DATA / "extension_objects.csv"


def key(entry: ObjectEntry) -> tuple[str, str]:
    number, _, c_type = entry.reference.partition("/")
    return number, c_type.replace(" ", "")


def test_every_row_of_the_facts_is_there_with_its_names_and_documents() -> None:
    with FACTS.open(encoding="utf-8", newline="") as file:
        rows = {(row["class_num"], row["c_type"]): row for row in csv.DictReader(file)}
    ours = {key(entry): entry for entry in object_entries()}
    assert ours.keys() == rows.keys()
    for where, row in rows.items():
        entry = ours[where]
        documents = [re.sub(r"^RFC(?=\d)", "RFC ", name) for name in row["ref"].split(";") if name]
        assert list(entry.documents) == documents, where
        # A name in parentheses is a remark about a number that has none.
        if not row["name_en"].startswith("("):
            assert entry.name == (row["name_en"], row["name_zh"]), where
        assert entry.name.en
        assert entry.name.zh


def test_every_shape_belongs_to_a_row() -> None:
    for (class_num, c_type), kind in OBJECTS.items():
        entry = find_object(class_num, c_type)
        assert entry is not None
        assert entry.shape is kind
        assert (entry.c_type is None) == (c_type is None)


def test_every_named_c_type_but_the_reserved_one_has_a_shape() -> None:
    without = [
        entry.reference
        for entry in object_entries()
        if entry.c_type is not None and entry.shape is ExtensionObject
    ]
    assert without == ["1/0"]


@pytest.mark.parametrize(
    ("class_num", "c_type", "reference"),
    [
        (1, 1, "1/1"),
        (1, 2, "1"),
        (2, 0b0000_1101, "2/role 0"),
        (2, 0b0100_0000, "2/role 1"),
        (2, 0b1000_1000, "2/role 2"),
        (2, 0b1111_1111, "2/role 3"),
        (2, None, "2"),
        (3, 3, "3/3"),
        (5, 6, "5"),
        (250, 9, "247-255"),
    ],
)
def test_numbers_are_found(class_num: int, c_type: int | None, reference: str) -> None:
    entry = find_object(class_num, c_type)
    assert entry is not None
    assert entry.reference == reference


def test_classes_that_nobody_assigned_are_not_found() -> None:
    known = {number for row in OBJECT_CLASSES for number in range(row.number, (row.last or row.number) + 1)}
    assert {number for number in range(256) if find_object(number) is None} == set(range(256)) - known
    assert find_object(6, 1) is None


def test_roles_fill_the_two_high_bits() -> None:
    roles = [one for row in OBJECT_CLASSES for one in row.c_types if one.bits == ROLE]
    assert [one.number >> 6 for one in roles] == [0, 1, 2, 3]
