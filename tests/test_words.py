"""Text of batches that number their paths and interfaces differently: of several files, or parts of one."""

from __future__ import annotations

import io

from hostile import PCAP, record, tagged

import dissector
from dissector.present.blocks import JsonLines


def text(view: JsonLines, octets: bytes) -> bytes:
    return b"".join(
        bytes(piece) for batch in dissector.scan(io.BytesIO(octets)) for piece in view.text(batch)
    )


def test_paths_of_equal_numbers_are_not_mixed_up():
    parts = [PCAP + 3 * record(tagged(number)) for number in (1, 2, 1)]
    view = JsonLines()
    assert [text(view, part) for part in parts] == [text(JsonLines(), part) for part in parts]


def test_texts_are_forgotten_where_there_are_many(monkeypatch):
    monkeypatch.setattr("dissector.present.blocks.MOST_TEXTS", 262)
    parts = [PCAP + record(tagged(number)) for number in range(20)]
    view = JsonLines()
    assert [text(view, part) for part in parts] == [text(JsonLines(), part) for part in parts]
    assert len(view._assembly) < 270
