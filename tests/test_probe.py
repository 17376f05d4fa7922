"""Probing without a network: targets, messages, pace, and which probe a message is about."""

from __future__ import annotations

import io
import socket
import struct
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import pairwise

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissector.cli.units import SECONDS, Finite, Seconds
from dissector.decoder import decode_message
from dissector.encoder import encode
from dissector.messages.echo import Echo
from dissector.messages.errors import DestinationUnreachable
from dissector.present import ping
from dissector.probe import targets as module
from dissector.probe.datagram import error_message, offender
from dissector.probe.events import Event, Outcome, Probe, Target
from dissector.probe.kinds import Ask
from dissector.probe.matching import Arrival, Matcher, same
from dissector.probe.probes import QUERIES, STAMP, Payload, Question, difference, extended_echo
from dissector.probe.schedule import SLACK, Schedule
from dissector.probe.session import round_trip
from dissector.probe.targets import TargetError, Word, addresses, numeric, spans, words
from dissector.probe.times import LIMIT, Times
from dissector.registry.model import Family
from dissector.tails.headers import Ipv4Header
from dissector.tails.quoted import Quote

A, B, C = (IPv4Address(f"192.0.2.{number}") for number in (1, 2, 3))
IDENTIFIER = 0x1234


def names(*given):
    return [str(address) for _, address in addresses(spans(map(Word, given))[0])]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("10.0.0.1", ["10.0.0.1"]),
        ("10.0.0.1-3", ["10.0.0.1", "10.0.0.2", "10.0.0.3"]),
        ("10.0.0.255-10.0.1.1", ["10.0.0.255", "10.0.1.0", "10.0.1.1"]),
        ("10.0.0.0/30", ["10.0.0.1", "10.0.0.2"]),
        ("10.0.0.6/30", ["10.0.0.5", "10.0.0.6"]),
        ("10.0.0.0/31", ["10.0.0.0", "10.0.0.1"]),
        ("10.0.0.7/32", ["10.0.0.7"]),
        ("2001:db8::a-c", ["2001:db8::a", "2001:db8::b", "2001:db8::c"]),
        ("2001:db8::/126", ["2001:db8::1", "2001:db8::2", "2001:db8::3"]),
    ],
)
def test_ranges_and_networks_are_expanded(word, expected):
    assert names(word) == expected
    assert numeric(word).size == len(expected)


@pytest.mark.parametrize(
    ("word", "ends"), [("fe80::1-3%{}", "123"), ("fe80::%{}/126", "123"), ("fe80::9%{}", "9")]
)
def test_link_local_ranges_and_networks_have_their_interface_at_the_end(word, ends):
    (_, interface), *_ = socket.if_nameindex()
    assert names(word.format(interface)) == [f"fe80::{end}%{interface}" for end in ends]
    with pytest.raises(TargetError, match="there is no interface no-such"):
        numeric(word.format("no-such"))


@pytest.mark.parametrize(
    "word", ["10.0.0.9-3", "10.0.0.1-", "10.0.0.1-2001:db8::1", "10.0.0.0/33", "x/24", "10.0.0.0%lo/24"]
)
def test_what_is_no_range_is_refused(word):
    with pytest.raises(TargetError, match=r"is no (range|network)"):
        numeric(word)


@pytest.mark.parametrize("word", ["my-host", "10-0-0-1.example", "localhost"])
def test_a_dash_in_a_name_makes_no_range(word):
    assert numeric(word) is None


def test_a_range_is_not_expanded_before_it_is_asked_for():
    (span,), _ = spans([Word("2001:db8::/32")])
    assert span.size == 2**96 - 1
    assert next(addresses([span])) == ("2001:db8::1", IPv6Address("2001:db8::1"))


def test_names_are_resolved_in_the_family_asked_for(monkeypatch):
    def getaddrinfo(name, _port, family, kind):
        if name == "gone":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        found = "2001:db8::1" if family == socket.AF_INET6 else "192.0.2.1"
        return [(family, kind, 0, "", (found, 0, 0, 0) if ":" in found else (found, 0))]

    monkeypatch.setattr(module.socket, "getaddrinfo", getaddrinfo)
    found, failed = spans(map(Word, ("one", "gone", "two")), 6)
    assert [(span.name, str(span.first)) for span in found] == [
        ("one", "2001:db8::1"),
        ("two", "2001:db8::1"),
    ]
    assert failed == ["gone did not resolve: Name or service not known"]
    with pytest.raises(TargetError, match="no IPv6 address"):
        spans([Word("192.0.2.1")], 6)


def test_a_file_of_targets_has_comments():
    found = list(words(io.StringIO("# all\na b # c\n\nd"), "hosts"))
    assert found == [("a", "hosts, line 2"), ("b", "hosts, line 2"), ("d", "hosts, line 4")]


@pytest.mark.parametrize("query", [*QUERIES.values(), extended_echo("eth0"), extended_echo("7", local=False)])
@pytest.mark.parametrize("family", list(Family))
def test_every_query_is_a_message_that_the_decoder_reads(query, family):
    if family not in query.types:
        pytest.skip(f"{query.name} is no message of {family.label}")
    message = query.build(Question(query.types[family], 7, 9, b"data"))
    src, dst = ((A, B), (IPv6Address(1), IPv6Address(2)))[family is Family.ICMPV6]
    decoded = decode_message(encode(message, family, src=src, dst=dst), family, src=src, dst=dst)
    assert decoded.malformed is None
    assert decoded.checksum_status == "good"
    assert not [finding for finding in decoded.findings if finding.severity != "note"]
    if query.sequence_bits:
        assert (decoded.fields["identifier"], decoded.fields["sequence"]) == (7, 9)
    assert query.answer(family) is not None


@pytest.mark.parametrize(
    ("interface", "key", "value"),
    [
        ("eth0", "interface_name", "eth0"),
        ("12", "if_index", 12),
        ("192.0.2.1", "address", A),
        ("2001:db8::1", "address", IPv6Address("2001:db8::1")),
    ],
)
def test_an_interface_is_named_as_it_is_given(interface, key, value):
    message = extended_echo(interface).build(Question(42, 1, 1, b""))
    decoded = decode_message(encode(message), Family.ICMPV4)
    (found,) = decoded.message.extensions.objects
    assert getattr(found, key) == value
    assert decoded.findings == ()


def test_the_sequence_number_wraps_at_its_width():
    assert QUERIES[Ask.ECHO].sequence(65_537) == 1
    assert extended_echo("1").sequence(257) == 1


@given(st.integers(0, 200), st.integers(0, 2**32 - 1), st.integers(0, 2**40))
def test_data_say_which_probe_they_are_from(size, target, number):
    payload = Payload(size)
    data = payload.octets(target, number)
    assert len(data) == size
    assert payload.ours(data)
    assert payload.stamp(data) == ((target, number & 0xFFFFFFFF) if size >= STAMP else None)
    if size >= STAMP:
        assert Payload(size).stamp(data) is None
        assert not Payload(size).ours(data)


def test_data_of_a_user_are_sent_as_they_are():
    assert Payload(5, b"hello").octets(1, 1) == b"hello"
    assert Payload(7, b"abc").octets(1, 1) == b"abcabca"
    assert Payload(0, b"").octets(1, 1) == b""


def test_the_difference_of_data_is_told_in_words():
    assert difference(b"abc", b"abc") is None
    assert difference(b"abc", b"ab") == "2 octets came back of 3"
    assert difference(b"abc", b"axc") == "octet 1 is 0x78, was 0x62"


class Bench:
    """A matcher with two targets, one probe each."""

    def __init__(self, kind=Ask.ECHO, size=56, data=None):
        self.payload = Payload(size, data)
        self.query = QUERIES[kind]
        self.matcher = Matcher(self.query, self.payload)
        self.probes = []
        for number, address in enumerate((A, B)):
            target = Target(number, str(address), address)
            assert self.matcher.begin(target)
            self.probes.append(Probe(target, 1, 0, 0.0))
            self.matcher.add(self.probes[-1])

    def request(self, target=0, identifier=IDENTIFIER, sequence=1, data=None):
        data = self.payload.octets(target, 1) if data is None else data
        return self.query.build(Question(self.query.types[Family.ICMPV4], identifier, sequence, data))

    def reply(self, source=A, *, damage=False, **changes):
        message = self.request(**changes).replace(type=self.query.answer(Family.ICMPV4))
        octets = bytearray(encode(message))
        octets[-1] ^= damage
        return self.matcher.match(Arrival(Family.ICMPV4, bytes(octets), IDENTIFIER, source, C))

    def error(self, dst=A, protocol=1, cut=None, **changes):
        inner = encode(self.request(**changes))[:cut]
        header = Ipv4Header(total_length=20 + len(inner), protocol=protocol, src=C, dst=dst)
        message = DestinationUnreachable(type=3, code=1, quote=Quote.of(header.encode() + inner))
        return self.matcher.match(Arrival(Family.ICMPV4, encode(message), IDENTIFIER, C, C))


def test_an_answer_belongs_to_its_probe():
    bench = Bench()
    match = bench.reply(B, target=1)
    assert (match.probe, match.outcome) == (bench.probes[1], Outcome.REPLY)
    assert (match.elsewhere, match.altered) == (False, None)


def test_the_stamp_tells_the_probe_whoever_answers():
    bench = Bench()
    match = bench.reply(C, target=1)
    assert match.probe is bench.probes[1]
    assert match.elsewhere


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, None),
        ({"identifier": 1}, "identifier is 1, was 4660"),
        ({"sequence": 2}, "sequence number is 2, was 1"),
    ],
)
def test_a_stamp_with_other_numbers_is_an_altered_answer(changes, told):
    bench = Bench()
    match = bench.reply(data=bench.payload.octets(0, 1), **changes)
    assert (match.probe, match.outcome, match.altered) == (bench.probes[0], Outcome.REPLY, told)


@pytest.mark.parametrize("changes", [{"source": C}, {"identifier": 1}, {"sequence": 2}])
def test_without_a_stamp_address_identifier_and_sequence_must_be_right(changes):
    bench = Bench(size=8)
    assert bench.reply().outcome is Outcome.REPLY
    assert bench.reply(**changes) is None


def test_an_answer_must_have_the_cookie():
    assert Bench().reply(data=bytes(56)).outcome is Outcome.REFUSED
    assert Bench(data=b"x" * 56).reply(data=bytes(56)).altered == "octet 0 is 0x00, was 0x78"


def test_an_answer_must_have_a_right_checksum():
    match = Bench().reply(damage=True)
    assert (match.outcome, match.reason) == (Outcome.REFUSED, "its checksum is wrong")


def test_altered_data_are_told():
    bench = Bench()
    data = bytearray(bench.payload.octets(0, 1))
    data[30] ^= 1
    assert bench.reply(data=bytes(data)).altered == "octet 30 is 0x1f, was 0x1e"


def test_an_address_without_its_scope_is_the_same():
    scoped, bare = IPv6Address("fe80::1%eth0"), IPv6Address("fe80::1")
    assert same(scoped, bare)
    assert not same(scoped, IPv6Address("fe80::1%eth1"))
    assert not same(scoped, IPv6Address("fe80::2%eth0"))


def test_an_answer_to_a_probe_that_was_forgotten_is_none():
    bench = Bench()
    bench.matcher.forget(bench.probes[0])
    assert bench.reply() is None
    assert len(bench.matcher) == 1


def test_a_later_probe_with_the_same_sequence_is_not_forgotten_with_the_earlier():
    bench = Bench()
    later = Probe(bench.probes[0].target, 65_537, 0, 0.0)
    bench.matcher.add(later)
    bench.matcher.forget(bench.probes[0])
    assert bench.reply(data=bench.payload.octets(0, 65_537)).probe is later
    assert bench.reply(data=bench.payload.octets(0, 1)).outcome is Outcome.REPLY  # old data, by its numbers


def test_an_error_belongs_to_the_probe_it_quotes():
    bench = Bench()
    match = bench.error(B, target=1)
    assert (match.probe, match.outcome) == (bench.probes[1], Outcome.ERROR)
    assert bench.error(cut=8).probe is bench.probes[0]  # RFC 792 promises no more


@pytest.mark.parametrize(
    "changes",
    [{"dst": C}, {"identifier": 1}, {"sequence": 2}, {"protocol": 17}, {"data": bytes(56)}, {"cut": 4}],
)
def test_an_error_about_the_probe_of_another_is_not_taken(changes):
    assert Bench().error(**changes) is None


@given(st.binary(max_size=80), st.sampled_from(list(Family)))
def test_no_octets_upset_the_matcher(octets, family):
    for head in (b"", b"\x00", b"\x03", b"\x0b", b"\x81", b"\x01"):
        address = A if family is Family.ICMPV4 else IPv6Address(1)
        Bench().matcher.match(Arrival(family, head + octets, IDENTIFIER, address, address))


def test_a_timestamp_reply_is_matched_by_its_numbers():
    bench = Bench(Ask.TIMESTAMP)
    assert bench.reply().outcome is Outcome.REPLY
    assert bench.reply(identifier=1) is None


def test_an_advertisement_answers_the_last_solicitation():
    bench = Bench(Ask.ROUTER_SOLICITATION)
    octets = encode(decode_message(bytes.fromhex("0900000001020708c000020100000000"), Family.ICMPV4).message)
    match = bench.matcher.match(Arrival(Family.ICMPV4, octets, IDENTIFIER, B, C))
    assert match.probe is bench.probes[1]


@pytest.mark.parametrize(
    ("kind", "code", "info", "key", "value"),
    [(3, 4, 1400, "next_hop_mtu", 1400), (12, 0, 20, "pointer", 20), (3, 1, 77, "original_length", 0)],
)
def test_what_the_kernel_tells_of_an_error_is_a_message(kind, code, info, key, value):
    error = struct.pack("=IBBBBII", 113, 2, kind, code, 0, info, 0)
    error += struct.pack("=HH4s8x", socket.AF_INET, 0, C.packed)
    quote = encode(Echo(type=8, identifier=5, sequence=6, data=b"x" * 20))
    octets = error_message(Family.ICMPV4, quote, error, A, B)
    decoded = decode_message(octets, Family.ICMPV4)
    assert decoded.fields[key] == value
    assert (decoded.quoted.src, decoded.quoted.dst) == (B, A)
    assert (decoded.quoted.identifier, decoded.quoted.sequence) == (5, 6)
    assert offender(error, A) == C


def schedule(count, interval=1.0, rate=1000.0, limit=2):
    made = (Target(number, str(number), ip_address(number)) for number in range(count))
    return Schedule(made, interval, rate, limit)


def sent(plan, end, step=0.0005, stall=None):
    """Return (time, target, probe) of what is sent until some time, by a clock that may stand still once."""
    now, found = 0.0, []
    while now < end and not plan.finished:
        turn = plan.take(now)
        if turn is not None:
            found.append((now, turn[0].number, turn[1]))
        else:
            now += step
        if stall is not None and stall[0] <= now < stall[1]:
            now = stall[1]
    return found


def test_each_target_has_its_interval():
    found = sent(schedule(1, interval=0.1, limit=3), 1)
    assert [number for *_, number in found] == [1, 2, 3]
    assert [time for time, *_ in found] == pytest.approx([0, 0.1, 0.2], abs=0.001)


def test_all_together_keep_to_the_rate():
    found = sent(schedule(100, rate=100, limit=1), 2)
    assert len(found) == 100
    gaps = [after[0] - before[0] for before, after in pairwise(found)]
    assert min(gaps) > 0.009


def test_those_that_are_due_again_go_before_those_not_begun():
    found = sent(schedule(100, interval=0.05, rate=100, limit=2), 5)
    assert len(found) == 200
    assert found.index(next(turn for turn in found if turn[1:] == (0, 2))) < 10


def test_what_was_missed_is_not_sent_in_a_burst():
    found = sent(schedule(1, interval=0.1, limit=100), 3, stall=(0.5, 2.0))
    after = [time for time, *_ in found if time >= 2.0]
    assert len(after) == pytest.approx(10, abs=1)
    gaps = [later - earlier for earlier, later in pairwise(after)]
    assert min(gaps) > 0.1 - SLACK
    crowd = sent(schedule(10_000, rate=1000, limit=1), 3, stall=(0.5, 2.0))
    assert sum(2.0 <= time < 2.0 + SLACK for time, *_ in crowd) <= 1000 * SLACK * 2 + 1


def test_targets_are_begun_when_their_turn_comes():
    begun = []

    def lazily():
        for number in range(10**9):
            begun.append(number)
            yield Target(number, "", ip_address(number))

    plan = Schedule(lazily(), 1.0, 1000.0, 1)
    sent(plan, 0.05)
    assert len(begun) < 60


def test_times_are_those_of_each_target():
    times = Times()
    for number in range(1, 101):
        times.add(0, number, number * 1000)
        times.add(100, number, 5)
    result = times.result(101)
    assert result[1] is None
    assert (result[0].min, result[0].max, result[0].mean) == (1000, 100_000, 50_500)
    assert result[0].p95 == pytest.approx(95_000, rel=0.001)
    assert result[0].stdev == pytest.approx(28_866, rel=0.001)
    assert result[100].median == 5


def test_memory_of_times_is_bounded():
    times = Times()
    for number in range(3 * LIMIT):
        times.add(0, number, 1000 + number % 7)
    assert len(times._waiting) < LIMIT
    assert times.result(1)[0].mean == pytest.approx(1003, abs=1)


@pytest.mark.parametrize(
    ("received_ns", "elapsed", "expected"),
    [
        (1_500_000, 0.002, 500_000),
        (None, 0.002, 2_000_000),
        (0, 0.002, 2_000_000),
        (10**12, 0.002, 2_000_000),
    ],
)
def test_a_clock_that_is_set_spoils_no_time(received_ns, elapsed, expected):
    probe = Probe(Target(0, "x", A), 1, 1_000_000, 0.0)
    assert round_trip(probe, received_ns, elapsed) == expected


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2", 2), ("0.5", 0.5), ("500ms", 0.5), ("250 us", 0.00025), ("1m", 60), (".5s", 0.5)],
)
def test_durations_have_units(text, seconds):
    assert SECONDS.convert(text, None, None) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "x", "-1", "0", "1 day", "1e3", "5msx"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(click.BadParameter, match="is no duration"):
        SECONDS.convert(text, None, None)


def test_durations_may_have_a_range():
    wanted = Seconds(0.001, 3600)
    assert wanted.convert("1h", None, None) == 3600
    assert wanted.convert("1ms", None, None) == 0.001
    for text in ("61m", "999us"):
        with pytest.raises(click.BadParameter, match=r"is not from 0\.001 to 3600 seconds"):
            wanted.convert(text, None, None)


@pytest.mark.parametrize("text", ["nan", "-nan", "inf", "-inf", "1e999", "2", "x"])
def test_what_is_no_finite_number_of_a_range_is_refused(text):
    assert Finite(0, 1).convert("0.5", None, None) == 0.5
    with pytest.raises(click.BadParameter):
        Finite(0, 1).convert(text, None, None)


def test_names_cannot_steer_a_terminal():
    target = Target(0, "x\x1b[2J", A)
    text = ping.line(Event(Outcome.TIMEOUT, 0, target, 1), several=False)
    assert "\x1b" not in text
    failed = Event(Outcome.FAILED, 0, target, 1, reason="\x1b[31m")
    assert "\x1b" not in ping.line(failed, several=True)


def test_records_have_the_same_keys_whatever_happened():
    target = Target(0, "x", A)
    reply = Event(Outcome.REPLY, 0, target, 1, A, 64, 1000, decode_message(bytes(8), Family.ICMPV4))
    assert set(ping.record(reply)) == set(ping.record(Event(Outcome.TIMEOUT, 0, target, 1)))


def test_tables_fit_80_columns():
    targets = [Target(number, "a.rather.long.name.of.a.host.example", A) for number in range(3)]
    times = Times()
    for target in targets:
        target.sent = target.received = 100_000
        target.late = target.duplicates = target.errors = 12_345
        times.add(target.number, 1, 123_456_789_012)
    for text in ping.tables(targets, times.result(3), "simple", narrow=True):
        assert max(map(len, text.splitlines())) <= 80
