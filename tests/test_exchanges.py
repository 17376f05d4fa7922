"""What was asked and what was answered: outcomes, round-trip times, and that states can be merged."""

from __future__ import annotations

import io
import math
import statistics as reference
import struct
from ipaddress import ip_address
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dissector.analysis.exchanges import Exchanges
from dissector.analysis.hashing import Index
from dissector.analysis.pairing import Pairing
from dissector.analysis.pairs import answers, pairs, roles
from dissector.analysis.statistics import EACH, Histogram, buckets, join, table, take, values
from dissector.api import scan
from dissector.checksum import internet_checksum
from dissector.kernel.tables import QUERY
from dissector.registry.model import Family
from dissector.registry.table import types

MS = 1_000_000
START = 1_700_000_000_000_000_000
A, B, ROUTER = "10.0.0.1", "10.0.0.2", "192.0.2.1"


def ip(src, dst, payload, protocol=None):
    src, dst = ip_address(src), ip_address(dst)
    if src.version == 4:
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol or 1, 0)
        return head + src.packed + dst.packed + payload
    return struct.pack(">IHBB", 6 << 28, len(payload), protocol or 58, 64) + src.packed + dst.packed + payload


def icmp(kind, code, rest, data=b""):
    octets = struct.pack(">BBH", kind, code, 0) + rest + data
    return octets[:2] + struct.pack(">H", internet_checksum(octets)) + octets[4:]


def echo(kind, identifier, sequence, data=b"abcdefgh" * 4):
    return icmp(kind, 0, struct.pack(">HH", identifier, sequence), data)


def capture(packets, snaplen=65535):
    """Return a capture (nanoseconds, raw IP) of packets: time in ms since START, octets."""
    out = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, snaplen, 101)]
    for time, octets in packets:
        seconds, rest = divmod(START + round(time * MS), 1_000_000_000)
        out.append(
            struct.pack("<IIII", seconds, rest, min(len(octets), snaplen), len(octets)) + octets[:snaplen]
        )
    return io.BytesIO(b"".join(out))


def batches(packets, **options):
    return [batch for batch in scan(capture(packets, **options)) if len(batch)]


def exchanges(packets, **options):
    state, one_by_one = Exchanges(**options), Exchanges(**options)
    for batch in batches(packets):
        state.update(batch)
        for row in range(len(batch)):
            one_by_one.update(batch[row : row + 1])
    found = state.result()
    assert told(one_by_one.result()) == told(found)
    return found


def only(packets, **options):
    (line,) = exchanges(packets, **options).by_kind()
    return line


def outcome(line):
    return {
        name: getattr(line, name)
        for name in (
            "answered",
            "rewritten",
            "ended",
            "lost",
            "late",
            "altered",
            "duplicates",
            "by_others",
            "reordered",
            "unasked",
        )
        if getattr(line, name)
    }


def asked(time=0.0, identifier=7, sequence=1, src=A, dst=B, **data):
    return time, ip(src, dst, echo(8, identifier, sequence, **data))


def replied(time=10.0, identifier=7, sequence=1, src=B, dst=A, **data):
    return time, ip(src, dst, echo(0, identifier, sequence, **data))


# -- pairs


def test_every_answered_type_of_the_registry_is_in_one_pair():
    of_registry = {
        (family, frozenset((row.number, row.answered_by)))
        for family in Family
        for row in types(family)
        if row.answered_by is not None
    }
    assert {(pair.family, frozenset((pair.query, pair.answer))) for pair in pairs()} == of_registry
    assert len(pairs()) == len(of_registry)


def test_who_asks_and_who_answers():
    known = {(pair.family.value, pair.query, pair.answer) for pair in pairs()}
    v4 = {(8, 0), (13, 14), (15, 16), (17, 18), (37, 38), (42, 43), (10, 9)}
    v6 = {(128, 129), (133, 134), (135, 136), (139, 140), (144, 145), (146, 147), (157, 158), (160, 161)}
    assert {("icmpv4", *pair) for pair in v4} | {("icmpv6", *pair) for pair in v6} <= known
    for pair in pairs():
        rows = {row.number: row for row in types(pair.family)}
        assert not answers(rows[pair.query])
        assert answers(rows[pair.answer])
    assert roles()[4, 8] == QUERY


def test_identities_come_from_the_shapes():
    by_query = {(pair.family, pair.query): {i.name for i in pair.identities} for pair in pairs()}
    assert by_query[Family.ICMPV4, 8] == {"identifier", "sequence"}
    assert by_query[Family.ICMPV6, 135] == {"target"}
    assert by_query[Family.ICMPV6, 139] == {"nonce"}
    assert by_query[Family.ICMPV6, 160] == {"identifier", "sequence"}
    assert by_query[Family.ICMPV4, 10] == set()


# -- outcomes


def test_answered_with_its_round_trip_time():
    line = only([asked(0), replied(12.5)])
    assert outcome(line) == {"answered": 1}
    assert line.sent == 1
    assert line.rtt.min == line.rtt.max == line.rtt.median == 12.5 * MS


def test_unanswered():
    assert outcome(only([asked()])) == {"lost": 1}


def test_answered_more_than_once():
    assert outcome(only([asked(0), replied(1), replied(2), replied(3)])) == {"answered": 1, "duplicates": 2}


def test_late_but_paired():
    line = only([asked(0), replied(2500)])
    assert outcome(line) == {"answered": 1, "late": 1}
    assert line.rtt.max == 2500 * MS
    assert outcome(only([asked(0), replied(2500)], timeout_ns=3000 * MS)) == {"answered": 1}


def test_so_late_that_it_is_no_answer():
    assert outcome(only([asked(0), replied(10_001)])) == {"lost": 1, "unasked": 1}


def test_a_reply_without_query_has_the_direction_of_the_query():
    found = exchanges([replied()])
    (line,) = found.by_hosts()
    assert (line.querier, line.asked, line.sent, line.unasked) == (A, B, 0, 1)


def test_altered_data_same_checksum_or_other_length():
    words = b"12345678"
    for data in (b"12345679", b"34125678", b"123456", b"12345678\0"):
        assert outcome(only([asked(data=words), replied(data=data)])) == {"answered": 1, "altered": 1}, data
    assert outcome(only([asked(data=words), replied(data=words)])) == {"answered": 1}


def test_data_cut_by_the_capture_are_not_called_altered():
    packets = [asked(data=b"x" * 100), replied(data=b"x" * 99 + b"y")]
    state = Exchanges()
    for batch in batches(packets, snaplen=60):
        state.update(batch)
    assert outcome(state.result().by_kind()[0]) == {"answered": 1}


def test_identifier_rewritten_on_the_way():
    assert outcome(only([asked(identifier=7), replied(identifier=4711)])) == {"rewritten": 1}


def test_another_ping_whose_query_is_missing_is_not_taken_for_rewriting():
    assert outcome(only([asked(), replied(identifier=9, data=b"other data in it")])) == {
        "lost": 1,
        "unasked": 1,
    }
    assert outcome(only([asked(data=b""), replied(identifier=9, data=b"")])) == {"lost": 1, "unasked": 1}


def test_ended_by_an_error_which_and_from_whom():
    _, query = asked()
    error = icmp(11, 0, bytes(4), query[:28])
    found = exchanges([(0, query), (4, ip(ROUTER, A, error))])
    assert outcome(found.by_kind()[0]) == {"ended": 1}
    (ended,) = found.ended()
    assert (ended.reporter, ended.type, ended.code, ended.queries) == (ROUTER, 11, 0, 1)


@pytest.mark.parametrize("kind", [4, 5])
def test_source_quench_and_redirect_do_not_end_a_query(kind):
    _, query = asked()
    error = icmp(kind, 1 if kind == 5 else 0, bytes(4), query[:28])
    assert outcome(only([(0, query), (4, ip(ROUTER, A, error))])) == {"lost": 1}


def test_an_answer_counts_more_than_an_error():
    _, query = asked()
    error = ip(ROUTER, A, icmp(3, 1, bytes(4), query[:28]))
    for packets in ([(0, query), (4, error), replied(9)], [(0, query), replied(4), (9, error)]):
        assert outcome(only(packets)) == {"answered": 1}


def test_an_error_about_an_answer_or_another_protocol_ends_nothing():
    _, answer = replied()
    about_answer = ip(ROUTER, B, icmp(3, 1, bytes(4), answer[:28]))
    _, query = asked()
    about_udp = ip(ROUTER, A, icmp(3, 3, bytes(4), ip(A, B, query[20:28], 17)))
    assert outcome(only([asked(), (1, about_answer), (2, about_udp)])) == {"lost": 1}


def test_error_of_icmpv6():
    query = ip("2001:db8::1", "2001:db8::2", echo(128, 3, 4))
    error = ip("2001:db8::ff", "2001:db8::1", icmp(1, 3, bytes(4), query))
    found = exchanges([(0, query), (5, error)])
    assert outcome(found.by_kind()[0]) == {"ended": 1}
    assert found.ended()[0].reporter == "2001:db8::ff"


def test_identifier_and_sequence_used_again_pair_by_time():
    packets = [asked(0), replied(1), asked(100), replied(105), asked(200), asked(300), replied(302)]
    line = only(packets)
    assert outcome(line) == {"answered": 3, "lost": 1}
    assert (line.rtt.min, line.rtt.max) == (1 * MS, 5 * MS)


def test_reordered():
    packets = [asked(0, sequence=1), asked(1, sequence=2), replied(5, sequence=2), replied(9, sequence=1)]
    assert outcome(only(packets)) == {"answered": 2, "reordered": 1}


def test_a_query_to_many_is_answered_by_others():
    packets = [asked(dst="224.0.0.1"), replied(1, src=B), replied(2, src="10.0.0.3"), replied(3, src=B)]
    assert outcome(only(packets)) == {"answered": 1, "by_others": 1, "duplicates": 1}


def test_others_than_the_first_may_answer_in_another_batch_or_state():
    packets = [asked(dst="10.0.0.255"), replied(1, src=B), replied(2, src="10.0.0.3"), replied(3, src=B)]
    (batch,) = batches(packets)
    for at in range(1, len(batch)):
        one, other = Exchanges(), Exchanges(begins=False)
        one.update(batch[:at])
        other.update(batch[at:])
        (line,) = one.merge(other).result().by_kind()
        assert outcome(line) == {"answered": 1, "by_others": 1, "duplicates": 1}, at


def both(query, answer, src, dst, back):
    """Return what became of a query and its answer, and of the answer without it."""
    there, here = (0, ip(src, dst, query)), (3, ip(back or dst, src, answer))
    return outcome(only([there, here])), outcome(only([here]))


HOST, HOST2 = "fe80::1", "fe80::2"
NONCE = b"\1\2\3\4\5\6\7\x08"
TARGET = ip_address(HOST2).packed


@pytest.mark.parametrize(
    ("query", "answer", "src", "dst", "back"),
    [
        (icmp(13, 0, b"\0\1\0\2", bytes(12)), icmp(14, 0, b"\0\1\0\2", bytes(12)), A, B, None),
        (icmp(15, 0, b"\0\1\0\2"), icmp(16, 0, b"\0\1\0\2"), A, B, None),
        (icmp(17, 0, b"\0\1\0\2", bytes(4)), icmp(18, 0, b"\0\1\0\2", b"\xff\xff\xff\0"), A, B, None),
        (icmp(37, 0, b"\0\1\0\2"), icmp(38, 0, b"\0\1\0\2", bytes(5)), A, B, None),
        (icmp(42, 0, b"\0\1\2\1"), icmp(43, 0, b"\0\1\2\x06"), A, B, None),
        (icmp(10, 0, bytes(4)), icmp(9, 0, b"\1\2\7\x08", bytes(8)), A, "224.0.0.2", B),
        (icmp(133, 0, bytes(4)), icmp(134, 0, bytes(12)), HOST, "ff02::2", HOST2),
        (icmp(135, 0, bytes(4), TARGET), icmp(136, 0, b"\x60\0\0\0", TARGET), HOST, "ff02::1:ff00:2", HOST2),
        (icmp(139, 1, bytes(4), NONCE), icmp(140, 0, bytes(4), NONCE), HOST, HOST2, None),
        (icmp(144, 0, b"\0\1\0\0"), icmp(145, 0, b"\0\1\0\0"), HOST, "2001:db8::fdff:ffff:ffff:fffe", HOST2),
        (icmp(146, 0, b"\0\1\0\0"), icmp(147, 0, b"\0\1\x80\0"), HOST, HOST2, None),
        (
            icmp(157, 0, bytes(4), NONCE + TARGET),
            icmp(158, 0, b"\1\0\0\1", NONCE + TARGET),
            HOST,
            HOST2,
            None,
        ),
        (icmp(160, 0, b"\0\1\2\1"), icmp(161, 0, b"\0\1\2\x06"), HOST, HOST2, None),
    ],
)
def test_each_kind_of_exchange(query, answer, src, dst, back):
    assert both(query, answer, src, dst, back) == ({"answered": 1}, {"unasked": 1})


def test_another_sequence_identifier_nonce_or_target_is_no_answer():
    assert outcome(only([asked(sequence=1), replied(sequence=2)])) == {"lost": 1, "unasked": 1}
    wrong = icmp(136, 0, b"\x60\0\0\0", ip_address("fe80::3").packed)
    there, _ = both(icmp(135, 0, bytes(4), TARGET), wrong, HOST, "ff02::1:ff00:2", HOST2)
    assert there == {"lost": 1, "unasked": 1}


def test_duplicate_address_detection_is_answered_to_all():
    packets = [
        (0, ip("::", "ff02::1:ff00:2", icmp(135, 0, bytes(4), TARGET))),
        (2, ip(HOST2, "ff02::1", icmp(136, 0, b"\x20\0\0\0", TARGET))),
    ]
    assert outcome(only(packets)) == {"answered": 1}


def test_the_oldest_queries_are_given_up_and_that_is_said():
    packets = [asked(number, sequence=number) for number in range(50)]
    found = exchanges(packets, limit=10)
    assert found.given_up == 40
    assert found.by_kind()[0].lost == 50
    assert exchanges(packets).given_up == 0


# -- numbers


def taken(rtt, start=0):
    """Return a row of times, of which the query of the first is number ``start``."""
    rows, none = table(1), np.zeros(len(rtt), np.int64)
    order = np.arange(start, start + len(rtt))
    take(
        rows, np.zeros(1, np.int64), np.array([-1]), none, np.array(rtt, np.int64), order, none > 0, none > 0
    )
    return rows


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=60))
def test_rows_of_times_are_what_the_textbook_says(rtt):
    jitter = 0.0
    for before, after in pairwise(rtt):
        jitter += (abs(after - before) - jitter) / 16  # RFC 3550, 6.4.1
    (row,) = taken(rtt)
    assert (row["min"], row["max"], row["sum"]) == (min(rtt), max(rtt), sum(rtt))
    assert row["jitter"] == pytest.approx(jitter, abs=1e-3)
    assert math.sqrt(row["squares"] / len(rtt)) == pytest.approx(reference.pstdev(rtt), rel=1e-6, abs=1)


@given(st.lists(st.integers(0, 10**10), max_size=30), st.lists(st.integers(0, 10**10), max_size=30))
def test_rows_joined_are_the_row_of_both(one, other):
    joined = join(taken(one), taken(other, len(one)))
    for name in joined.dtype.names:
        assert joined[name][0] == pytest.approx(taken(one + other)[name][0], rel=1e-6, abs=1), name


@given(st.lists(st.integers(0, 2**50), min_size=1))
def test_buckets_are_close_and_ascend(times):
    found = values(buckets(np.array(sorted(times))))
    assert (np.diff(found) >= 0).all()
    assert found == pytest.approx(np.array(sorted(times), float), rel=1 / 2048)
    small = np.arange(2048)
    assert (values(buckets(small)) == small).all()


def test_a_series_with_many_times_has_wider_buckets():
    rtt = np.exp(np.random.default_rng(5).uniform(np.log(1e5), np.log(1e9), 40_000)).astype(np.int64)
    histogram = Histogram()
    histogram.limit = 1000
    for some in np.split(rtt, 40):
        histogram.add(np.zeros(len(some), np.int64), buckets(some))
    assert len(histogram.entries()[0]) <= EACH
    assert histogram.entries()[2].sum() == len(rtt)
    found = histogram.quantiles(np.zeros(1, np.int64), 1, (0.5, 0.95, 0.99))[0]
    exact = np.sort(rtt)[[19_999, 37_999, 39_599]]
    assert np.abs(found / exact - 1).max() < 0.03


def test_quantiles_are_of_the_nearest_rank():
    packets = []
    for number in range(1, 101):
        packets += [asked(number * 1000, sequence=number), replied(number * 1000 + number, sequence=number)]
    rtt = only(packets).rtt
    assert [round(value / MS) for value in (rtt.median, rtt.p95, rtt.p99)] == [50, 95, 99]


@given(
    st.lists(st.lists(st.integers(0, 40).map(lambda n: n * 2**12) | st.integers(0, 2**64 - 1), max_size=40))
)
def test_index_numbers_in_the_order_of_appearance(columns):
    index, known = Index(), {}
    for column in columns:
        numbers, new = index.number(np.array(column, np.uint64))
        fresh = [at for at, value in enumerate(column) if value not in known and value not in column[:at]]
        for value in column:
            known.setdefault(value, len(known))
        assert numbers.tolist() == [known[value] for value in column]
        assert sorted(new.tolist()) == fresh


# -- states

EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "answer", "error", "many", "rewritten", "answer many"]),
        st.integers(0, 1),  # which hosts
        st.integers(1, 2),  # identifier
        st.integers(0, 3),  # sequence
        st.sampled_from([0, 1, 2, 7, 400, 900, 2500, 4000]),  # ms since the one before
        st.booleans(),  # other data
    ),
    max_size=40,
)


def traffic(events):
    now, packets = 0, []
    for what, host, identifier, sequence, gap, other in events:
        now += gap
        dst = (B, "10.0.0.9")[host]
        data = b"other data here!" if other else b"data that are sent"[:16]
        query = ip(A, dst, echo(8, identifier, sequence, data))
        packets.append(
            (
                now,
                {
                    "ask": query,
                    "answer": ip(dst, A, echo(0, identifier, sequence, data)),
                    "error": ip(ROUTER, A, icmp(11, 0, bytes(4), query[:28])),
                    "many": ip(A, "224.0.0.1", echo(8, 5, sequence, data)),
                    "answer many": ip(dst, A, echo(0, 5, sequence, data)),
                    "rewritten": ip(dst, A, echo(0, 99, sequence, data)),
                }[what],
            )
        )
    return packets


def told(found):
    """Return all that a result tells, to be compared."""
    lines = {}
    for line, number in zip(found.by_series(), found.numbers(), strict=True):
        key = (line.pair.number, line.querier, line.asked, found.series["identifier"][number])
        row = found.series[number]
        who = sorted((e.reporter, e.type, e.code, e.queries) for e in found.ended(number))
        lines[key] = (
            line[4:-1],
            None if line.rtt is None else [pytest.approx(value, rel=1e-6, abs=1) for value in line.rtt],
            who,
            [row[name].tolist() for name in ("first_ns", "size", "sampled")],
            row["sample"].tobytes(),
        )
    return lines


@settings(max_examples=300)
@given(EVENTS, st.lists(st.integers(0, 40), max_size=3))
def test_batches_may_be_cut_anywhere(events, cuts):
    whole, cut = Exchanges(), Exchanges()
    for batch in batches(traffic(events)):
        whole.update(batch)
        edges = [0, *sorted(min(edge, len(batch)) for edge in cuts), len(batch)]
        for start, end in pairwise(edges):
            cut.update(batch[start:end])
    assert told(cut.result()) == told(whole.result())


ASK = ("ask", 0, 1, 0, 0, False)
TWO_FOR_ONE_ANSWER = [
    *[ASK] * 9,
    ("ask", 0, 2, 1, 0, False),
    *[ASK] * 23,
    ("ask", 0, 1, 1, 0, False),
    ("rewritten", 0, 1, 1, 0, False),
    ("ask", 0, 1, 0, 2500, False),
    *[("ask", 0, 1, 0, 4000, False)] * 2,
]
"""The earlier of two queries takes an answer, though another state than the later one's knows that it has ended."""


MANY_ANSWERED_OUT_OF_ORDER = [
    *[ASK] * 3,
    ("many", 0, 1, 0, 0, False),
    ("many", 0, 1, 3, 0, False),
    ("answer many", 0, 1, 3, 0, False),
    *[ASK] * 6,
    ("answer many", 0, 1, 0, 0, False),
]
"""The second answer is late of two, though the state that hears both knows the query of the first alone."""


@settings(max_examples=300)
@example(TWO_FOR_ONE_ANSWER, 0, 10, False)
@example(MANY_ANSWERED_OUT_OF_ORDER, 0, 4, False)
@given(EVENTS, st.integers(0, 40), st.integers(0, 40), st.booleans())
def test_merged_states_are_the_state_of_all(events, first, second, later_first):
    whole = Exchanges()
    states = [Exchanges(), Exchanges(begins=False), Exchanges(begins=False)]
    for batch in batches(traffic(events)):
        whole.update(batch)
        edges = [0, *sorted((min(first, len(batch)), min(second, len(batch)))), len(batch)]
        for state, start, end in zip(states, edges, edges[1:], strict=False):
            for row in range(start, end):
                state.update(batch[row : row + 1])
    one, two, three = states
    merged = one.merge(two.merge(three)) if later_first else one.merge(two).merge(three)
    assert told(merged.result()) == told(whole.result())


@settings(max_examples=100)
@given(EVENTS, st.integers(1, 7))
def test_pairing_tells_frame_and_time_of_the_query(events, size):
    packets = traffic(events)
    latest, expected = {}, []
    for frame, (now, octets) in enumerate(packets, 1):
        kind, key = octets[20], octets[24:28]
        src, dst = octets[12:16], octets[16:20]
        found = None
        if kind == 8:
            latest[src, dst, key] = (frame, now)
        elif kind == 0:
            found = latest.get((dst, src, key))
            if found is None or now - found[1] > 10_000:
                many = latest.get((dst, ip_address("224.0.0.1").packed, key)) if found is None else None
                found = many if many is not None and now - many[1] <= 10_000 else None
        expected.append((-1, -1) if found is None else (found[0], (now - found[1]) * MS))
    pairing = Pairing()
    told_pairs = []
    for batch in batches(packets):
        for start in range(0, len(batch), size):
            frames, rtt = pairing.pair(batch[start : start + size])
            told_pairs += zip(frames.tolist(), rtt.tolist(), strict=True)
    assert told_pairs == expected


# -- clocks

MIDNIGHT = -(START // MS) % 86_400_000
"""Milliseconds from START to the next midnight."""


def clock_of(originate, receive, transmit, at=(0.0, 20.0), order=">"):
    identity = b"\0\1\0\1"
    query = icmp(13, 0, identity, struct.pack(f"{order}III", originate, 0, 0))
    answer = icmp(14, 0, identity, struct.pack(f"{order}III", originate, receive, transmit))
    found = exchanges([(at[0], ip(A, B, query)), (at[1], ip(B, A, answer))])
    (number,) = found.numbers()
    return found.clock(number)


def of_day(ms):
    return (START // MS + ms) % 86_400_000


def test_offset_and_one_way_delays():
    # The replier is 500 ms ahead; 8 ms there, 2 ms to think, 10 ms back.
    clock = clock_of(of_day(0), of_day(508), of_day(510))
    assert clock.exchanges == 1
    assert (clock.forward_ms, clock.backward_ms) == (508, -490)
    assert clock.offset_ms == 499  # half of 508 - (-490): the ways differ by 2 ms
    assert (clock.non_standard, clock.little_endian) == (0, 0)


def test_midnight_between_query_and_answer():
    clock = clock_of(86_399_995, 3, 4, at=(MIDNIGHT - 5, MIDNIGHT + 15))
    assert (clock.forward_ms, clock.backward_ms) == (8, 11)


def test_times_that_are_not_standard_are_counted_and_not_calculated_with():
    clock = clock_of(of_day(0), 1 << 31 | 5, 1 << 31 | 6)
    assert (clock.exchanges, clock.non_standard, clock.offset_ms) == (0, 1, None)


def test_little_endian_senders_are_reported_and_understood():
    clock = clock_of(of_day(0), of_day(8), of_day(10), order="<")
    assert (clock.little_endian, clock.forward_ms) == (1, 8)


def test_a_timestamp_reply_that_was_cut_has_no_clock():
    identity = b"\0\1\0\1"
    packets = [
        (0, ip(A, B, icmp(13, 0, identity, bytes(12)))),
        (1, ip(B, A, icmp(14, 0, identity, bytes(12)))),
    ]
    state = Exchanges()
    for batch in batches(packets, snaplen=30):
        state.update(batch)
    found = state.result()
    assert outcome(found.by_kind()[0]) == {"answered": 1}
    assert found.clock(0) is None


# -- data

SECONDS, MICROSECONDS = 1_700_000_000, 123_456


@pytest.mark.parametrize(
    ("data", "program"),
    [
        (struct.pack("<qq", SECONDS, MICROSECONDS) + bytes(range(16, 56)), "iputils ping"),
        (struct.pack(">II", SECONDS, MICROSECONDS) + bytes(range(8, 56)), "ping of macOS or BSD"),
        (struct.pack("<IIqq", 3, 0, SECONDS, MICROSECONDS) + bytes(32), "fping"),
        (b"abcdefghijklmnopqrstuvwabcdefghi", "Windows ping"),
        (b"\0" * 8 + b"\xab\xcd" * 32, "Cisco IOS ping"),
        (b"X" * 20, "hping3"),
        (bytes(120), "nmap"),
        (bytes.fromhex("d5200880") + bytes(30), "ptunnel"),
        (b"\xaa" * 64, "Nachi worm"),
        (b"@ABCDEFGHIJKLMNO", "traceroute"),
        (b"", None),
        (b"something else here", None),
        (bytes(32), None),
    ],
)
def test_program_by_its_data(data, program):
    found = exchanges([asked(data=data)])
    payload = found.payload(0)
    assert payload.program == program
    assert payload.evidence
    has_time = struct.pack("<q", SECONDS) in data or struct.pack(">I", SECONDS) in data
    assert (payload.send_time is not None) == has_time
    if has_time:
        assert payload.send_time.time_ns == SECONDS * 10**9 + MICROSECONDS * 1000


def test_a_time_a_day_off_is_no_time():
    data = struct.pack("<qq", SECONDS - 90_000, MICROSECONDS) + bytes(range(16, 56))
    assert exchanges([asked(data=data)]).payload(0).send_time is None


# -- hostile input


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(st.sampled_from([0, 3, 8, 9, 10, 13, 14, 42]), st.binary(max_size=60), st.integers(20, 90)),
        min_size=1,
        max_size=8,
    )
)
def test_no_octets_stop_it(messages):
    for snaplen in {snaplen for _, _, snaplen in messages}:
        one, other = Exchanges(), Exchanges(begins=False)
        for batch in batches(
            [(0, ip(A, B, bytes([kind]) + rest)) for kind, rest, _ in messages], snaplen=snaplen
        ):
            one.update(batch)
            other.update(batch)
        found = one.merge(other).result()
        for number in found.numbers():
            found.payload(number)
            found.clock(number)
        assert sum(line.sent for line in found.by_kind()) == sum(line.sent for line in found.by_series())
