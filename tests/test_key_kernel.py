"""The kernel that makes keys of a batch: both back ends do the same, and none reads outside of the buffer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissector import kernel
from dissector.analysis.exchanges import Exchanges
from dissector.analysis.pairs import error_types, pairs
from dissector.analysis.participants import participants
from dissector.api import scan
from dissector.batch import DTYPES, Batch, Origin
from dissector.capture.records import Interface
from dissector.registry.model import Family

CAPTURES = sorted(Path(__file__).parent.parent.joinpath("pcaps").rglob("*.pcap*"))
MODULES = {"interpreted": kernel.interpreted("key")}
if kernel.key.COMPILED:
    MODULES["compiled"] = kernel.key


def batch_of(messages):
    """Return a batch of messages as they are: family, type, and octets of which so many were captured."""
    octets = b"".join(message for *_, message in messages)
    sizes = np.array([len(message) for *_, message in messages], np.int32)
    starts = np.cumsum(sizes, dtype=np.int64) - sizes
    columns = {
        name: np.zeros((len(messages), 16) if name in ("src", "dst") else len(messages), kind)
        for name, kind in DTYPES.items()
    }
    told = {"family": [one[0] for one in messages], "type": [one[1] for one in messages]}
    for name, values in (told | {"icmp": starts, "captured": sizes, "length": sizes}).items():
        columns[name][:] = values
    return Batch(
        np.frombuffer(octets, np.uint8), columns, [("raw", "ip")], Origin("", "pcap", [Interface(101)])
    )


def both(batch):
    """Return what each back end makes of a batch."""
    results = []
    for module in MODULES.values():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(kernel, "key", module)
            results.append([column.tolist() for column in participants(batch)])
    return results


KINDS = [
    (4 if pair.family is Family.ICMPV4 else 6, kind) for pair in pairs() for kind in (pair.query, pair.answer)
]
KINDS += [(int(family), int(kind)) for family, kind in np.argwhere(error_types())[::3]]
QUOTES = [
    b"\x45" + bytes(8) + b"\x01" + bytes(10),
    b"\x46" + bytes(8) + b"\x01" + bytes(14),
    b"\x60" + bytes(5) + b"\x3a",
]


@st.composite
def messages(draw):
    family, kind = draw(st.sampled_from(KINDS))
    quote = draw(st.sampled_from([b"", *QUOTES]))
    asked = bytes([draw(st.sampled_from([8, 13, 128, 135, 0]))]) + draw(st.binary(max_size=60))
    filling = bytes(33) if quote[:1] == b"\x60" else b""
    return family, kind, draw(st.binary(min_size=8, max_size=8)) + quote + filling + asked


@given(st.lists(messages(), max_size=12))
def test_both_back_ends_make_the_same(some):
    compiled, *others = both(batch_of(some))
    assert all(other == compiled for other in others)


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_both_back_ends_make_the_same_of_captures(path):
    for batch in scan(str(path)):
        one, *others = both(batch)
        assert all(other == one for other in others)


@pytest.mark.parametrize("module", MODULES.values(), ids=list(MODULES))
@pytest.mark.parametrize(("start", "captured"), [(-1, 40), (0, 41), (1, 40), (1 << 40, 40), (0, -1)])
@pytest.mark.parametrize("kind", [8, 3])
def test_a_message_outside_of_the_buffer_is_refused(module, start, captured, kind, monkeypatch):
    batch = batch_of([(4, kind, bytes(40))])
    batch.icmp[0], batch.captured[0] = start, captured
    monkeypatch.setattr(kernel, "key", module)
    with pytest.raises(ValueError, match="outside"):
        participants(batch)


@pytest.mark.parametrize("module", MODULES.values(), ids=list(MODULES))
def test_digests_are_of_the_data_alone_and_of_all_of_them(module):
    data = [
        b"",
        b"a",
        b"a\0",
        b"abcdefg",
        b"abcdefgh",
        b"abcdefghi",
        b"abcdefgi",
        b"abcdefgh" * 9,
        b"abcdefgh" * 8,
    ]
    octets = b"".join(bytes([number]) * 8 + one for number, one in enumerate(data + data))
    sizes = np.array([8 + len(one) for one in data + data], np.int32)
    starts = np.cumsum(sizes, dtype=np.int64) - sizes
    captured = sizes.copy()
    captured[1] -= 1
    rows, found, told = np.arange(len(sizes)), np.empty(len(sizes), np.uint64), np.empty(len(sizes), np.int64)
    module.digests(
        rows.data, starts.data, captured.data, sizes.data, np.frombuffer(octets, np.uint8).data, 0x9E3779B97F4A7C15,
        found.data, told.data,
    )  # fmt: skip
    assert told.tolist() == (sizes - 8).tolist()
    assert found[1] == 0
    found[1] = found[1 + len(data)]
    assert found[: len(data)].tolist() == found[len(data) :].tolist()
    assert len(set(found.tolist())) == len(data)


@pytest.mark.parametrize("module", MODULES.values(), ids=list(MODULES))
@pytest.mark.parametrize(("start", "size"), [(-1, 40), (0, 41), (1, 40), (1 << 40, 40), (41, 7)])
def test_data_outside_of_the_buffer_are_refused(module, start, size):
    zero, sizes = np.zeros(1, np.int64), np.array([size], np.int32)
    with pytest.raises(ValueError, match="outside"):
        module.digests(
            zero.data, np.array([start]).data, sizes.data, sizes.data, np.zeros(40, np.uint8).data, 3,
            zero.view(np.uint64).data, zero.copy().data,
        )  # fmt: skip


def test_a_batch_with_every_other_row_is_one_like_others():
    path = next(path for path in CAPTURES if max(map(len, scan(str(path))), default=0) > 4)
    batch = max(scan(str(path)), key=len)
    few, copied = batch[::2], batch[np.arange(0, len(batch), 2)]
    assert [column.tolist() for column in participants(few)] == [
        column.tolist() for column in participants(copied)
    ]
    states = []
    for one in (few, copied):
        state = Exchanges()
        state.update(one)
        states.append(repr(state.result().by_series()))
    assert states[0] == states[1]


def test_a_quoted_query_has_the_key_of_the_query():
    query = bytes([8, 0, 0, 0, 0, 7, 0, 1])
    header = bytes.fromhex("4500001c 0000 0000 40 01 0000 0a000001 c0000201".replace(" ", ""))
    long = bytes.fromhex("46000020 0000 0000 40 01 0000 0a000001 c0000201 00000000".replace(" ", ""))
    batch = batch_of([(4, 8, query), *((4, 11, bytes(8) + quote + query) for quote in (header, long))])
    batch.src[0, :4], batch.dst[0, :4] = (10, 0, 0, 1), (192, 0, 2, 1)
    keys = participants(batch).key
    assert len(keys) == 3
    assert (keys == keys[0]).all()


@pytest.mark.parametrize(
    ("at", "value"), [(0, 0x44), (0, 0x65), (6, 0x01), (7, 0x01), (9, 17), (20, 0)],
    ids=["short header", "version", "offset", "low offset", "protocol", "an answer"],
)  # fmt: skip
def test_what_quotes_no_query_takes_no_part(at, value):
    octets = bytearray(bytes(8) + b"\x45" + bytes(8) + b"\x01" + bytes(10) + b"\x08" + bytes(7))
    assert len(participants(batch_of([(4, 3, bytes(octets))])).rows) == 1
    octets[8 + at] = value
    assert not len(participants(batch_of([(4, 3, bytes(octets))])).rows)
