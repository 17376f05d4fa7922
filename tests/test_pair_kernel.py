"""The kernel that numbers keys and pairs messages: both back ends do the same, and the same as dictionaries do."""

from __future__ import annotations

import tracemalloc
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissector import kernel
from dissector.analysis import hashing
from dissector.analysis.exchanges import Exchanges
from dissector.analysis.findings import Findings
from dissector.analysis.flows import Flows
from dissector.analysis.hashing import SECRETS, Index, grown, slots_for
from dissector.analysis.pairing import Open, Pairing
from dissector.analysis.participants import WORDS
from dissector.analysis.paths import Paths
from dissector.batch import DTYPES, Batch, Origin
from dissector.capture.records import Interface

KERNELS = ("pair", "fold", "key", "exchange")
BACKENDS = {"interpreted": tuple(map(kernel.interpreted, KERNELS))}
if kernel.pair.COMPILED:
    BACKENDS["compiled"] = tuple(getattr(kernel, name) for name in KERNELS)
SAME = np.ones_like(SECRETS)
"""Factors that nobody would use: words that are turned round have the same hash."""
SECOND = 1_000_000_000


@pytest.fixture(params=list(BACKENDS), autouse=True)
def backend(request, monkeypatch):
    for name, module in zip(KERNELS, BACKENDS[request.param], strict=True):
        monkeypatch.setattr(kernel, name, module)
    return request.param


# -- numbers

KEYS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from([0, 1, 2**63, 2**64 - 1])))


@given(st.lists(KEYS, max_size=6), st.sampled_from([SECRETS, SAME, SAME * np.uint64(0)]), st.integers(0, 30))
def test_numbers_are_those_of_a_dictionary_whatever_the_hashes(batches, factors, limit):
    index, known = Index(3, limit), {}
    index._secrets = factors
    for keys in batches:
        for key in keys:
            if len(known) < limit:
                known.setdefault(key, len(known))
        numbers, new = index.number(np.array(keys, np.uint64).reshape(-1, 3))
        assert numbers.tolist() == [known.get(key, -1) for key in keys]
        assert [keys[row] for row in new] == list(known)[len(known) - len(new) :]
    assert [tuple(key) for key in index.keys.tolist()] == list(known)
    absent = np.array([[9, 9, 9]], np.uint64)
    assert index.find(absent).tolist() == [-1]


def test_many_numbers_outgrow_the_first_slots():
    keys = np.arange(20_000, dtype=np.uint64)
    index = Index()
    for begin in range(0, len(keys), 700):
        index.number(keys[begin : begin + 700])
    assert index.find(keys[::-1]).tolist() == list(range(20_000))[::-1]


def test_keys_whose_differences_cancel_out_are_apart():
    # Two words that both differ in their highest bit: any sum of odd multiples of them is the same.
    top = 1 << 63
    keys = np.array([[1, 2, 3], [1 | top, 2 | top, 3], [1 | top, 2, 3 | top]], np.uint64)
    assert Index(3).number(keys)[0].tolist() == [0, 1, 2]


def test_hashes_are_not_the_same_in_every_run():
    assert not np.array_equal(SECRETS, hashing.FACTORS)
    assert (SECRETS & np.uint64(1)).all()
    assert len(set(SECRETS.tolist())) == len(SECRETS)


# -- queries and responses

MESSAGES = st.lists(
    st.tuples(st.sampled_from([1, 2, 3]), st.integers(0, 5), st.integers(0, 4), st.sampled_from([0, 0, 1, 6]))
)


@given(MESSAGES, st.integers(1, 9), st.sampled_from([SECRETS, SAME * np.uint64(0)]))
def test_pairs_are_those_of_a_dictionary(messages, size, factors):
    reach, now, seen = 10, 0, 0
    open_, latest = Open(), {}
    open_._secrets = factors
    for begin in range(0, len(messages), size):
        some = messages[begin : begin + size]
        key = np.zeros((len(some), WORDS), np.uint64)
        key[:, 0] = [one[1] + 1 for one in some]
        key[:, 7] = [one[2] for one in some]
        expected, times = [], []
        for role, *rest, gap in some:
            now += gap
            times.append(now)
            known = latest.get(tuple(rest))
            if role == 1:
                latest[tuple(rest)] = [seen, now, set()]
                expected.append((seen, False))
                seen += 1
            elif known is None or now - known[1] > reach:
                expected.append((-1, False))
            else:
                expected.append((known[0], role not in known[2]))
                known[2].add(role)
        found, first = open_.pair(
            np.array([one[0] for one in some], np.uint8),
            np.array(times, np.int64),
            key,
            np.zeros(0, np.uint8),
            reach,
        )
        # A query's place is how many came before it.
        assert list(zip(found.tolist(), first.tolist(), strict=True)) == expected
        open_.leave(open_.over(now - reach))
        assert np.count_nonzero(open_._slots != kernel.pair.FREE) <= len(open_)


@given(st.lists(st.binary(max_size=12), min_size=2, max_size=8))
def test_stretches_that_are_the_same(stretches):
    octets = np.frombuffer(b"".join(stretches) + b"\0" * 12, np.uint8)
    starts = np.cumsum([0, *map(len, stretches[:-1])])
    sizes = np.full(len(starts), 12)
    sizes[: len(stretches)] = [min(len(one), 12) for one in stretches]
    other = np.roll(starts, 1)
    other = np.minimum(other, len(octets) - sizes)
    same = np.empty(len(starts), np.uint8)
    kernel.fold.alike(octets.data, starts.data, other.data, sizes.data, same.data)
    pieces = [octets.tobytes()[at : at + size] for at, size in zip(starts, sizes, strict=True)]
    others = [octets.tobytes()[at : at + size] for at, size in zip(other, sizes, strict=True)]
    assert same.tolist() == [one == another for one, another in zip(pieces, others, strict=True)]


COUNTED = st.dictionaries(st.integers(0, 40), st.integers(1, 5))


@given(COUNTED, st.lists(st.integers(0, 40)), COUNTED, st.integers(1, 4))
def test_keys_are_counted_as_a_counter_does(known, once, others, each):
    for more, times in ((sorted(once), []), (sorted(others), [others[key] for key in sorted(others)])):
        expected = Counter(known)
        expected.update(dict(zip(more, times, strict=True)) if times else more)
        columns = [
            np.array(one, np.int64)
            for one in (sorted(known), [known[key] for key in sorted(known)], more, times)
        ]
        both, sums = np.empty((2, len(known) + len(more)), np.int64)
        count, large = kernel.exchange.tally(*(one.data for one in columns), 2, each, both.data, sums.data)
        assert dict(zip(both[:count].tolist(), sums[:count].tolist(), strict=True)) == expected
        assert both[:count].tolist() == sorted(expected)
        assert large == any(members > each for members in Counter(key >> 2 for key in expected).values())


def test_both_back_ends_return_the_same():
    rng = np.random.default_rng(7)
    results = []
    keys = rng.integers(0, 50, (3000, 3)).astype(np.uint64)
    columns = [rng.integers(0, 40, 3000), rng.integers(0, 10**9, 3000), rng.integers(0, 10**6, 3000)]
    group, values = (keys[:, 0] % 7).astype(np.int64) - 1, rng.integers(0, 9, (3000, 5))
    for pair, fold, *_ in BACKENDS.values():
        slots, stored, numbers = slots_for(3000), np.zeros((3000, 3), np.uint64), np.empty(3000, np.int64)
        members, rows = np.zeros(6, np.int64), np.zeros((900, 5), np.int64)
        count = pair.number(
            keys.data, SECRETS.data, slots.data, stored.data, 0, 900, group.data, members.data, 100, numbers.data
        )  # fmt: skip
        fold.reduce(numbers.data, 0, values.data, np.arange(5, dtype=np.uint8).data, rows.data)
        whole, top = np.zeros((40, 12), np.int64), np.full(40, -1)
        flags = (columns[1] % 2).astype(np.uint8)
        fold.fold(
            *(column.data for column in columns), flags.data, flags.data, np.arange(40).data, top.data,
            whole.data, whole.view(np.float64).data,
        )  # fmt: skip
        results.append(
            [count, *(one.tolist() for one in (slots, stored, numbers, members, rows, whole, top))]
        )
    assert all(result == results[0] for result in results)


def test_tables_grow_to_what_is_asked_for():
    assert len(grown(np.zeros(4), 4)) == 4
    assert len(grown(np.zeros(4), 5)) == 16
    assert len(grown(np.zeros((1, 2)), 9)) == 9


# -- memory

IP, ICMP = 20, 8
DATA = 40
ORIGIN = Origin("pings.pcap", "pcap", [Interface(101)])
SENDER, PINGED = (10, 0, 0, 1), (192, 0, 2, 1)


def batch_of(octets, **told):
    """Return a batch of messages of equal size, as the scanner would make it."""
    count, size = octets.shape
    at = np.arange(count) * size
    every = {
        "frame_start": at, "frame_end": at + size, "ip": at, "icmp": at + IP, "captured": size - IP,
        "length": size - IP, "family": 4, "type": octets[:, IP], "code": octets[:, IP + 1],
        "checksum_status": 1, "ttl": 64,
    } | told  # fmt: skip
    columns = {
        name: np.ascontiguousarray(
            np.broadcast_to(
                np.asarray(every.get(name, 0), dtype), (count, 16) if name in ("src", "dst") else (count,)
            )
        )
        for name, dtype in DTYPES.items()
    }
    return Batch(octets.ravel(), columns, [("raw", "ip")], ORIGIN)


def pings(count, begin, hosts=20):
    """Return answered pings of some hosts: one every ms, with data of no pattern, answered after no fixed time."""
    rng = np.random.default_rng(begin)
    number = np.repeat(np.arange(begin, begin + count), 2)
    reply = np.arange(2 * count) % 2
    octets = np.zeros((2 * count, IP + ICMP + DATA), np.uint8)
    octets[:, 0], octets[:, IP] = 0x45, np.where(reply, 0, 8)
    octets[:, IP + 6], octets[:, IP + 7] = number >> 8 & 0xFF, number & 0xFF
    octets[:, IP + ICMP :] = np.repeat(rng.integers(0, 256, (count, DATA)), 2, axis=0)
    who, whom = np.zeros((2, 2 * count, 16), np.uint8)
    who[:, :4], whom[:, :4] = SENDER, PINGED
    who[:, 3] = 1 + number % hosts
    return batch_of(
        octets,
        frame=2 * begin + np.arange(2 * count) + 1,
        time_ns=1_700_000_000 * SECOND + number * 1_000_000 + reply * rng.integers(1, 900_000, 2 * count),
        src=np.where(reply[:, None], whom, who),
        dst=np.where(reply[:, None], who, whom),
    )


def errors(count, begin, hosts=20):
    """Return errors, one every 50 ms: Time Exceeded and Port Unreachable about datagrams that all are other ones."""
    number = np.arange(begin, begin + count)
    octets = np.zeros((count, IP + ICMP + IP + ICMP), np.uint8)
    octets[:, 0], octets[:, IP] = 0x45, np.where(number % 2, 3, 11)
    octets[:, IP + 1] = np.where(number % 2, 3, 0)
    quote = octets[:, IP + ICMP :]
    quote[:, 0], quote[:, 3], quote[:, 8], quote[:, 9] = 0x45, 28, 1, 17
    quote[:, 4], quote[:, 5] = number >> 8 & 0xFF, number & 0xFF
    quote[:, 12:16], quote[:, 16:20] = SENDER, PINGED
    quote[:, 15] = 1 + number % hosts
    quote[:, 20:24] = 0x9C, 0x40, 0, 53
    src, dst = np.zeros((2, count, 16), np.uint8)
    src[:, :4], dst[:, :4] = PINGED, quote[:, 12:16]
    time_ns = 1_700_000_000 * SECOND + number * 50_000_000
    return batch_of(octets, frame=number + 1, time_ns=time_ns, src=src, dst=dst)


def peaks(make, messages, packets):
    """Return the most octets that a state needs for so many packets of one capture, and its result then."""
    tracemalloc.start()
    try:
        state = make()
        take = state.pair if isinstance(state, Pairing) else state.update
        for begin in range(0, packets, 500):
            take(messages(500, begin))
        known, most = tracemalloc.get_traced_memory()
        if isinstance(state, Pairing):
            return most, 0
        tracemalloc.reset_peak()
        state.result()
        return most, tracemalloc.get_traced_memory()[1] - known
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("backend", [list(BACKENDS)[-1]], indirect=True)
@pytest.mark.parametrize("messages", [pings, errors])
@pytest.mark.parametrize(
    "make",
    [lambda: Pairing(limit=500), lambda: Exchanges(limit=500), Findings, Flows, Paths],
    ids=["pairing", "exchanges", "findings", "flows", "paths"],
)
def test_memory_does_not_grow_with_packets(make, messages, monkeypatch):
    # They look for what can go when there is much of it; here is little.
    monkeypatch.setattr("dissector.analysis.statistics.PACKED", 1 << 12)
    monkeypatch.setattr("dissector.analysis.findings.state.FULL", 1 << 8)
    monkeypatch.setattr("dissector.analysis.findings.tunnels.FULL", 1 << 8)
    first, tenfold = peaks(make, messages, 5_000), peaks(make, messages, 50_000)
    # Tables and histograms grow in steps, by doubling.
    assert tenfold[0] < 2 * first[0] + (1 << 17)
    assert tenfold[1] < 1.5 * first[1] + (1 << 17)


@pytest.mark.parametrize("backend", [list(BACKENDS)[-1]], indirect=True)
def test_samples_of_pings_that_show_nothing_leave(monkeypatch):
    monkeypatch.setattr("dissector.analysis.findings.tunnels.FULL", 1 << 8)
    findings = Findings()
    for begin in range(0, 10_000, 500):
        findings.update(pings(500, begin, hosts=250))
    assert len(findings.asked) == 2 * 250
    assert len(findings.tunnels.samples) < 2 * (1 << 8)
    assert not findings.tunnels.refused
