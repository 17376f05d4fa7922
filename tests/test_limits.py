"""Twice the input costs about twice the work, and no memory that an attacker chooses; see ``docs/security.md``.

Work is CPU time, and compared only with that of the same input made four times as large: what grows with the square
takes sixteen times as long.
"""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from hostile import CAPTURES, MESSAGES, NAMES, PING, SECTION, interface, message, packet

from dissector import decode
from dissector.capture.formats import open_capture
from dissector.cli import cli
from dissector.kernel import walk
from dissector.layout.tail import MOST, Items
from dissector.present.tree import message_tree
from dissector.registry.model import Family
from dissector.tails import names

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.no_cover  # counting lines would take most of the time that is compared

TIMES = 4
WORST = 7
"""How many times the work four times the input may cost: between 4 and 16."""
TRIES = 3
ENOUGH = 0.05
"""Seconds below which CPU time says nothing."""
FAMILIES = {4: Family.ICMPV4, 6: Family.ICMPV6}


def linear(work: Callable[[int], Callable[[], None]], size: int, most: int) -> None:
    """Fail where work grows much faster than its size; make that larger until it can be measured."""
    work(size // 10)()  # what is made once
    for _ in range(TRIES):
        few = seconds(work, size)
        while few < ENOUGH and size < most:
            size *= 2
            few = seconds(work, size)
        many = seconds(work, TIMES * size)
        if many < max(WORST * few, ENOUGH):
            return
    pytest.fail(f"{size}: {few:.2f} s, {TIMES} times as much: {many:.2f} s")


def seconds(work: Callable[[int], Callable[[], None]], size: int) -> float:
    prepared = work(size)
    began = time.process_time()
    prepared()
    return time.process_time() - began


def command(*words: str, octets: bytes, folder: Path) -> Callable[[], None]:
    file = folder / "x"
    file.write_bytes(octets)

    def run() -> None:
        found = CliRunner().invoke(cli, [*words, str(file)])
        assert found.exit_code in {0, 2}, found.output

    return run


@pytest.mark.parametrize(
    ("name", "words"),
    [
        *((name, "read --json") for name in CAPTURES),
        *((name, "export -o {}.csv") for name in ("interfaces", "paths", "kinds")),
        ("paths", "summary --json"),
    ],
)
def test_work_is_linear(name, words, tmp_path):
    def prepared(n):
        return command(*words.format(tmp_path / "out").split(), octets=CAPTURES[name](n), folder=tmp_path)

    linear(prepared, 1000, 4000)


@pytest.mark.parametrize("name", MESSAGES)
def test_decoding_is_linear(name):
    family, make = MESSAGES[name]

    def prepared(n):
        octets = make(n)

        def run():
            decoded = decode(octets, FAMILIES[family])
            for _ in message_tree(decoded):
                pass

        return run

    linear(prepared, 200_000, 800_000)


def test_items_are_not_copied_for_each_of_them():
    found = []
    for count in (2000, TIMES * 2000):
        handed: list[int] = []
        tail = Items(lambda octets, _, handed=handed: (handed.append(len(octets)) or octets[:8], 8), "option")
        assert len(tail.read(bytes(8 * count), None, [])) == count
        found.append(sum(handed))
    assert found[0] < found[1] < WORST * found[0]


def test_what_lies_behind_many_broken_blocks_is_searched_once(monkeypatch):
    find, searched = walk.find_block, 0

    def counted(octets, position, *rest):
        nonlocal searched
        status, place = find(octets, position, *rest)
        searched += place - position
        return status, place

    monkeypatch.setattr(walk, "find_block", counted)
    # None ends with its length, and no three in a row are sound: the next one that can be seen is the end.
    broken = packet(PING) + packet(PING)[:-4] + b"\1\2\3\4"
    found = []
    for count in (500, TIMES * 500):
        searched = 0
        with open_capture(io.BytesIO(SECTION + interface() + count * broken)) as reader:
            assert sum(block.count for block in reader) == 2 * count
        found.append(searched)
    assert found[0] < found[1] < WORST * found[0]


@pytest.mark.parametrize("name", NAMES)
def test_names_within_names_come_to_an_end(name, monkeypatch):
    read, count = names._label, 0

    def counted(*arguments, **options):
        nonlocal count
        count += 1
        return read(*arguments, **options)

    monkeypatch.setattr(names, "_label", counted)
    octets = message(38, body=bytes(8) + NAMES[name])
    decoded = decode(octets, Family.ICMPV4)
    assert [finding.id for finding in decoded.findings] == ["domain-name-unreadable"]
    assert decoded.message.encode() == octets
    assert count < len(octets)


@pytest.mark.parametrize(
    ("kind", "start", "item"), [(133, bytes(4), b"\x03\1" + bytes(6)), (155, bytes(2), b"\0")]
)
def test_a_message_has_so_many_items_at_most(kind, start, item):
    octets = message(kind, 0, start + item * (MOST + 5))
    decoded = decode(octets, Family.ICMPV6)
    items = decoded.message.options
    assert (len(items), len(items.leftover)) == (MOST, 5 * len(item))
    assert any(f"option {MOST + 1} cannot be read" in finding.text for finding in decoded.findings)
    assert decoded.message.encode() == octets
