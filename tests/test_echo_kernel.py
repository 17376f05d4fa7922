"""The kernel that tells echo messages from others: its two forms agree, and read no octet outside of the buffer."""

from __future__ import annotations

import numpy as np
import pytest

import dissector
from dissector import kernel
from dissector.analysis.findings import Findings
from dissector.analysis.findings.tunnels import EACH, PLACE
from dissector.analysis.findings.view import SIX, View, columns, roles
from dissector.kernel import layers, tables

MODULES = {module.COMPILED: module for module in (kernel.interpreted("echo"), kernel.echo)}
PLACES = [(-1, 40), (0, 41), (1, 40), (1 << 40, 40), (-40, 40)]
BACKENDS = pytest.mark.parametrize(
    "module", MODULES.values(), ids=["compiled" if one else "interpreted" for one in MODULES]
)


@BACKENDS
@pytest.mark.parametrize(("start", "size"), PLACES)
def test_octets_outside_of_the_buffer_are_refused(module, start, size):
    zero, octet = np.zeros(1, np.int64), np.zeros(1, np.uint8)
    kinds, sizes = np.full(1, 8, np.int32), np.full(1, size, np.int32)
    samples = np.zeros((1, PLACE + 1), np.int64)
    with pytest.raises(ValueError, match="outside"):
        module.echoes(
            zero, zero, 1, kinds, roles(), octet, octet.astype(np.uint16), np.zeros(40, np.uint8),
            zero + start, sizes, sizes, octet, zero, zero, 0,
            np.zeros((1, len(tables.HOSTS)), np.int64), zero.copy(), 1, zero.copy(), samples, samples.view(np.uint8),
        )  # fmt: skip


def views(*arrays):
    """Return arrays as a kernel has them: single values are whole numbers of Python, which do not overflow."""
    return [array.data for array in arrays]


def told(module, batch, *, room):
    """Return all that the kernel fills in for a batch."""
    count = len(batch)
    kinds, other, echo = np.empty(count, np.int32), np.empty(count, np.int64), np.empty(count, np.int64)
    pairs = np.empty((count, 4), np.uint64)
    words = [np.ascontiguousarray(column).view(np.uint64) for column in (batch.src, batch.dst)]
    others, echoes = module.sift(
        *columns(batch, "family", "type", "code", "checksum_status", "flags", "captured"),
        *views(*words, roles(), kinds, other, echo, pairs),
    )  # fmt: skip
    echo, pairs = echo[:echoes], pairs[:echoes]
    numbers = np.unique(pairs, axis=0, return_inverse=True)[1].ravel()
    # As the caller's table has it: in the order of their coming.
    order = dict.fromkeys(numbers.tolist())
    numbers = np.array([list(order).index(number) for number in numbers.tolist()], np.int64)
    rows, counts = np.zeros((len(order), len(tables.HOSTS)), np.int64), np.zeros(len(order), np.int64)
    owners, samples = np.full(room, -1), np.full((room, PLACE + 1), -1)
    chosen = module.echoes(
        *views(echo, numbers), 0, *views(kinds, roles()),
        *columns(batch, "family", "flags", "octets", "icmp", "captured", "length", "ttl", "time_ns", "frame"),
        1 << 40, *views(rows, counts), EACH, *views(owners, samples, samples.view(np.uint8)),
    )  # fmt: skip
    found = min(chosen, room)
    sizes, varied, apart = (
        np.full(len(order), -1),
        np.zeros(len(order), np.uint8),
        np.zeros(len(order), np.uint64),
    )
    factors = np.arange(1, 2 * PLACE + 3, 2, dtype=np.uint64) * np.uint64(tables.MIX)
    module.odds(*views(owners[:found], samples[:found], factors, sizes, varied, apart))
    return kinds, other[:others], echo, pairs, rows, counts, owners, samples, chosen, sizes, varied, apart


@pytest.mark.skipif(len(MODULES) == 1, reason="the kernels are not compiled")
@pytest.mark.parametrize("room", [1000, 3, 0])
@pytest.mark.parametrize("name", ["findings.pcapng", "tunnels.pcap", "fragments.pcap", "tour.pcapng"])
def test_both_forms_fill_in_the_same(pcaps, name, room):
    for batch in dissector.scan(pcaps / name):
        for one, other in zip(*(told(module, batch, room=room) for module in MODULES.values()), strict=True):
            np.testing.assert_array_equal(one, other)


def test_rules_look_at_all_but_echo_messages_in_order(pcaps):
    for name in ("findings.pcapng", "fragments.pcap", "tour.pcapng"):
        for batch in dissector.scan(pcaps / name):
            view = View(batch, 0)
            kinds = np.where(batch.family == 6, SIX, 0) + batch.type
            echo = np.isin(kinds, [8, 0, SIX + 128, SIX + 129])
            strange = (batch.code != 0) | (batch.checksum_status == layers.BAD)
            strange |= batch.flags & (layers.FRAGMENT | layers.REASSEMBLED) != 0
            assert view.kinds.tolist() == kinds.tolist()
            assert view.rows.tolist() == np.flatnonzero(~echo | strange).tolist()
            assert view.echo.tolist() == np.flatnonzero(echo & (batch.captured >= 8)).tolist()
            addresses = np.column_stack([batch.src, batch.dst])[view.echo]
            assert view.pairs.tobytes() == addresses.tobytes()


def test_columns_of_every_other_row_are_taken(pcaps):
    some, same = Findings(), Findings()
    for batch in dissector.scan(pcaps / "findings.pcapng"):
        some.update(batch[::2])
        same.update(batch[np.arange(0, len(batch), 2)])
    assert some.result() == same.result()
