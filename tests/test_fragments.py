"""Datagrams come back from their fragments, whatever the order; hostile fragments get nowhere."""

from __future__ import annotations

import random
import tracemalloc
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissector.capture import fragments
from dissector.capture.fragment import read_fragment
from dissector.capture.fragments import MOST_FRAGMENTS, TIMEOUT_NS, Reassembler, Whole
from dissector.checksum import internet_checksum, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Split = tuple[bytes, list[int], random.Random]

SECOND = 1_000_000_000
ICMP, UDP, ICMPV6, DESTINATION_OPTIONS = 1, 17, 58, 60


def ipv4(  # noqa: PLR0913 - the fields of the header
    data: bytes,
    *,
    start: int = 0,
    more: bool = False,
    identification: int = 7,
    protocol: int = ICMP,
    options: bytes = b"",
    total: int | None = None,
    flags: int = 0,
) -> bytes:
    """An IPv4 packet with its checksum."""
    size = 20 + len(options)
    word = start // 8 | more << 13 | flags
    total = size + len(data) if total is None else total
    head = bytes([0x40 | size // 4, 0]) + total.to_bytes(2) + identification.to_bytes(2) + word.to_bytes(2)
    tail = bytes.fromhex("0a000001 0a000002") + options
    checksum = internet_checksum(head + bytes([64, protocol, 0, 0]) + tail)
    return head + bytes([64, protocol]) + checksum.to_bytes(2) + tail + data


def ipv6(  # noqa: PLR0913 - the fields of the headers
    data: bytes,
    *,
    start: int | None = None,
    more: bool = False,
    identification: int = 7,
    following: int = ICMPV6,
    before: bytes = b"",
    chain: tuple[int, ...] = (),
) -> bytes:
    """An IPv6 packet; with ``start``, a fragment. ``before`` are extension headers named by ``chain``."""
    numbers = [*chain, *([] if start is None else [44]), following]
    headers = bytearray(before)
    if before:
        headers[0] = numbers[1]
    if start is not None:
        headers += bytes([following, 0]) + (start | more).to_bytes(2) + identification.to_bytes(4)
    body = bytes(headers) + data
    addresses = bytes.fromhex("20010db8") + bytes(11) + b"\1" + bytes.fromhex("20010db8") + bytes(11) + b"\2"
    return bytes.fromhex("60000000") + len(body).to_bytes(2) + bytes([numbers[0], 61]) + addresses + body


def pieces(data: bytes, cuts: Iterable[int]) -> list[tuple[int, bool, bytes]]:
    """(start, more, octets) of the pieces of data between cuts, which are multiples of 8."""
    edges = [0, *sorted({cut for cut in cuts if 0 < cut < len(data)}), len(data)]
    return [(low, high < len(data), data[low:high]) for low, high in pairwise(edges)]


def fed(
    reassembler: Reassembler[Any], packets: list[bytes], path: tuple[str, ...] = ("eth", "ip")
) -> list[Whole]:
    """What comes out of fragments put in one after another."""
    found = [reassembler.add(packet, path, index) for index, packet in enumerate(packets)]
    return [whole for whole in found if whole is not None]


def seeded(number: int) -> random.Random:
    return random.Random(number)


SPLITS = st.tuples(
    st.binary(min_size=9, max_size=400),
    st.lists(st.integers(1, 50).map(lambda words: 8 * words), min_size=1, max_size=20),
    st.randoms(use_true_random=False),
)


def shuffled(packets: list[bytes], rng: random.Random) -> list[bytes]:
    """The packets in any order, some of them twice; the one that was last is never doubled after the end."""
    doubled = packets[:-1] + [packet for packet in packets[:-1] if rng.random() < 0.3]
    rng.shuffle(doubled)
    return [*doubled, packets[-1]]


@given(SPLITS, st.sampled_from([b"", b"\x94\x04\0\0", b"\1" * 40]))
def test_any_legal_split_of_ipv4_in_any_order_with_duplicates_comes_back(
    split: Split, options: bytes
) -> None:
    data, cuts, rng = split
    parts = pieces(data, cuts)
    if len(parts) == 1:
        parts = pieces(data, [8])
    rng.shuffle(parts)
    packets = [ipv4(octets, start=start, more=more, options=options) for start, more, octets in parts]
    (whole,) = fed(Reassembler(), shuffled(packets, rng))
    assert whole.octets == ipv4(data, options=options)
    assert not whole.overlap


@given(SPLITS, st.sampled_from([(b"", ()), (bytes([0, 0, 1, 4, 0, 0, 0, 0]), (0,))]))
def test_any_legal_split_of_ipv6_in_any_order_with_duplicates_comes_back(
    split: Split, unfragmentable: tuple[bytes, tuple[int, ...]]
) -> None:
    data, cuts, rng = split
    before, chain = unfragmentable
    parts = pieces(data, cuts)
    if len(parts) == 1:
        parts = pieces(data, [8])
    rng.shuffle(parts)
    packets = [
        ipv6(octets, start=start, more=more, before=before, chain=chain) for start, more, octets in parts
    ]
    (whole,) = fed(Reassembler(), shuffled(packets, rng))
    assert whole.octets == ipv6(data, before=before, chain=chain)


@given(st.binary(max_size=200))
def test_no_octets_raise(octets: bytes) -> None:
    fed(
        Reassembler(),
        [octets, b"\x45" + octets, b"\x60" + octets, ipv4(octets, more=True), ipv6(octets, start=8)],
    )


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 6), st.booleans()), max_size=30), st.data())
def test_ipv4_keeps_what_came_first(shapes: list[tuple[int, int, bool]], data: st.DataObject) -> None:
    """Against a model that writes each octet once."""
    reassembler: Reassembler[str] = Reassembler()
    model: dict[int, int] = {}
    seen: set[tuple[int, bytes]] = set()
    end, clean = None, True
    for start, size, last in shapes:
        octets = data.draw(st.binary(min_size=8 * size, max_size=8 * size))
        low, high = 8 * start, 8 * (start + size)
        whole = reassembler.add(ipv4(octets, start=low, more=not last), (), 0)
        top = max(model, default=-1) + 1
        contradiction = (
            (end is not None and high >= end) if not last else (top > high or end not in {None, high})
        )
        if not start and last:
            assert whole is not None
            continue
        if contradiction:
            assert whole is None
            continue
        fresh = [at for at in range(low, high) if at not in model]
        clean = clean and (len(fresh) == high - low or (low, octets) in seen)
        seen.add((low, octets))
        model.update({at: octets[at - low] for at in fresh})
        end = high if last else end
        if len(model) == end:
            assert whole is not None
            assert whole.octets[20:] == bytes(model[at] for at in range(end))
            if clean:
                assert not whole.overlap
            return
        assert whole is None


def test_the_header_is_that_of_the_first_fragment_and_sums_right() -> None:
    options = b"\x94\x04\0\0"
    first = ipv4(bytes(16), more=True, options=options, flags=0x4000)
    (whole,) = fed(Reassembler(), [ipv4(b"tail", start=16), first])
    assert whole.octets[:24] == ipv4(bytes(16) + b"tail", options=options)[:24]
    assert verify(whole.octets[:24])


def test_padding_after_the_datagram_is_left_out() -> None:
    packets = [ipv4(bytes(8), more=True) + b"padding", ipv4(b"end", start=8) + bytes(23)]
    (whole,) = fed(Reassembler(), packets)
    assert whole.octets == ipv4(bytes(8) + b"end")
    packets = [ipv6(bytes(8), start=0, more=True) + b"padding", ipv6(b"end", start=8) + bytes(23)]
    (whole,) = fed(Reassembler(), packets)
    assert whole.octets == ipv6(bytes(8) + b"end")


def test_the_next_header_of_the_first_ipv6_fragment_counts() -> None:
    packets = [ipv6(b"end", start=8, following=UDP), ipv6(bytes(8), start=0, more=True)]
    (whole,) = fed(Reassembler(), packets)
    assert whole.octets == ipv6(bytes(8) + b"end")


@pytest.mark.parametrize(
    "other",
    [
        {"identification": 8},
        {"protocol": UDP},
    ],
)
def test_fragments_of_different_datagrams_stay_apart(other: dict[str, Any]) -> None:
    assert not fed(Reassembler(), [ipv4(bytes(8), more=True), ipv4(b"end", start=8, **other)])


def test_fragments_on_different_paths_stay_apart() -> None:
    reassembler: Reassembler[Any] = Reassembler()
    assert reassembler.add(ipv4(bytes(8), more=True), ("eth", "vlan 1"), 0) is None
    assert reassembler.add(ipv4(b"end", start=8), ("eth", "vlan 2"), 0) is None
    assert reassembler.add(ipv4(b"end", start=8), ("eth", "vlan 1"), 0) is not None


def test_an_atomic_fragment_stands_for_itself() -> None:
    reassembler: Reassembler[Any] = Reassembler()
    assert reassembler.add(ipv6(bytes(8), start=0, more=True), (), 0) is None
    whole = reassembler.add(ipv6(b"alone", start=0), (), 0)
    assert whole is not None
    assert whole.octets == ipv6(b"alone")
    whole = reassembler.add(ipv6(b"end", start=8), (), 0)
    assert whole is not None
    assert whole.octets == ipv6(bytes(8) + b"end")


# --- what goes wrong ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param(ipv4(bytes(12), more=True), id="not-a-multiple-of-8"),
        pytest.param(ipv6(bytes(12), start=0, more=True), id="not-a-multiple-of-8-v6"),
        pytest.param(ipv4(bytes(64), start=65528), id="ping-of-death"),
        pytest.param(ipv6(bytes(64), start=65528), id="ping-of-death-v6"),
        pytest.param(ipv4(b"", start=8), id="empty"),
        pytest.param(ipv6(b"", start=8), id="empty-v6"),
        pytest.param(ipv4(bytes(8), more=True, total=16), id="shorter-than-its-header"),
        pytest.param(ipv4(bytes(8), more=True, total=0), id="no-length"),
        pytest.param(b"\x43" + ipv4(bytes(8), more=True)[1:], id="header-of-12-octets"),
        pytest.param(ipv4(bytes(8), more=True)[:19], id="cut-in-the-header"),
        pytest.param(ipv6(bytes(8), start=0)[:47], id="cut-in-the-fragment-header"),
        pytest.param(ipv6(bytes(8)), id="no-fragment-header"),
        pytest.param(
            ipv6(bytes(8), start=8, before=b"\0\xff" + bytes(6), chain=(0,)), id="extension-past-the-end"
        ),
        pytest.param(b"\x75" + bytes(60), id="version-7"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_what_no_host_would_keep_is_refused_and_its_message_given_back(packet: bytes) -> None:
    reassembler: Reassembler[Any] = Reassembler()
    assert reassembler.add(packet, (), 0, "message") is None
    assert reassembler.refused == 1
    assert reassembler.abandoned == ["message"]
    assert not len(reassembler)
    assert not reassembler.octets


def test_teardrop_is_refused() -> None:
    """The second fragment ends within the first (CVE-1999-0015)."""
    reassembler: Reassembler[Any] = Reassembler()
    assert not fed(reassembler, [ipv4(bytes(40), more=True), ipv4(bytes(4), start=24)])
    assert reassembler.refused == 1


@pytest.mark.parametrize(
    "late",
    [
        pytest.param(ipv4(bytes(8), start=16), id="another-end-before"),
        pytest.param(ipv4(bytes(8), start=32), id="another-end-behind"),
        pytest.param(ipv4(bytes(8), start=32, more=True), id="more-behind-the-end"),
        pytest.param(ipv4(bytes(8), start=24, more=True), id="more-at-the-end"),
    ],
)
def test_an_end_that_contradicts_the_one_known_is_refused(late: bytes) -> None:
    reassembler: Reassembler[Any] = Reassembler()
    found = fed(reassembler, [ipv4(b"last one", start=24), late, ipv4(b"x" * 24, more=True)])
    assert reassembler.refused == 1
    assert [whole.octets for whole in found] == [ipv4(b"x" * 24 + b"last one")]


def test_ipv4_overlap_keeps_what_came_first_and_says_so() -> None:
    reassembler: Reassembler[Any] = Reassembler()
    packets = [ipv4(b"A" * 16, more=True), ipv4(b"B" * 16, start=8, more=True), ipv4(b"C" * 16, start=16)]
    (whole,) = fed(reassembler, packets)
    assert whole.octets[20:] == b"A" * 16 + b"B" * 8 + b"C" * 8
    assert whole.overlap
    assert not len(reassembler)


def test_one_ipv4_fragment_over_several_fills_the_gaps_between_them() -> None:
    packets = [
        ipv4(b"B" * 8, start=8, more=True),
        ipv4(b"D" * 8, start=24, more=True),
        ipv4(b"a" * 40, more=True),
        ipv4(b"E" * 8, start=40),
    ]
    (whole,) = fed(Reassembler(), packets)
    assert whole.octets[20:] == b"aaaaaaaaBBBBBBBBaaaaaaaaDDDDDDDDaaaaaaaaEEEEEEEE"
    assert whole.overlap


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(ipv6(b"B" * 16, start=8, more=True), id="part"),
        pytest.param(ipv6(b"B" * 16, start=0, more=True), id="same-place-other-octets"),
        pytest.param(ipv6(b"A" * 8, start=0, more=True), id="shorter"),
        pytest.param(ipv6(b"A" * 24, start=0, more=True), id="longer"),
        pytest.param(ipv6(b"B" * 4, start=8), id="teardrop"),
    ],
)
def test_overlapping_ipv6_fragments_drop_the_datagram_and_what_is_still_to_come(second: bytes) -> None:
    """RFC 5722, 4."""
    reassembler: Reassembler[Any] = Reassembler()
    assert reassembler.add(ipv6(b"A" * 16, start=0, more=True), (), 0, "message") is None
    assert not fed(reassembler, [second, ipv6(b"C" * 8, start=16)], ())
    assert reassembler.overlapping == 1
    assert reassembler.abandoned == ["message"]
    assert not fed(reassembler, [ipv6(b"A" * 16, start=0, more=True), ipv6(b"C" * 8, start=16)], ())


def test_an_exact_duplicate_is_no_overlap() -> None:
    """RFC 8200, 4.5."""
    for make in (ipv4, ipv6):
        first, last = make(b"A" * 16, start=0, more=True), make(b"C" * 8, start=16)
        (whole,) = fed(Reassembler(), [first, first, first, last])
        assert not whole.overlap


def test_a_fragment_cut_in_the_capture_ends_its_datagram() -> None:
    for make in (ipv4, ipv6):
        reassembler: Reassembler[Any] = Reassembler()
        assert reassembler.add(make(bytes(16), start=0, more=True)[:-3], (), 0, "message") is None
        assert reassembler.abandoned == ["message"]
        assert not fed(reassembler, [make(bytes(8), start=16)], ())
        assert reassembler.unfinished == 1


def test_a_cut_later_fragment_gives_the_first_back() -> None:
    reassembler: Reassembler[Any] = Reassembler()
    reassembler.add(ipv4(bytes(16), more=True), (), 0, "message")
    reassembler.add(ipv4(bytes(16), start=16, more=True)[:-1], (), 0, "later")
    assert reassembler.abandoned == ["message"]
    reassembler.finish()
    assert reassembler.abandoned == ["message"]


def test_headers_too_long_for_the_data_are_refused() -> None:
    """The last fragment fits behind its own 20 octets of header, not behind the 60 of the first."""
    reassembler: Reassembler[Any] = Reassembler()
    data = bytes(65512)
    packets = [ipv4(data[40000:], start=40000), ipv4(data[:40000], more=True, options=b"\1" * 40)]
    assert not fed(reassembler, packets)
    assert reassembler.refused == 1
    (whole,) = fed(reassembler, [packets[0], ipv4(data[:40000], more=True)])
    assert len(whole.octets) == 65532


def test_a_datagram_waits_a_minute() -> None:
    """RFC 8200, 4.5; from the first-arriving fragment on."""
    for late, known in ((60 * SECOND, True), (60 * SECOND + 1, False), (-61 * SECOND, False)):
        reassembler: Reassembler[Any] = Reassembler()
        reassembler.add(ipv4(bytes(8), more=True), (), 0, "message")
        whole = reassembler.add(ipv4(bytes(8), start=8), (), late)
        assert (whole is not None) == known
        assert reassembler.abandoned == ([] if known else ["message"])
        assert reassembler.unfinished == (not known)


def test_time_alone_gives_up_what_is_old() -> None:
    reassembler: Reassembler[Any] = Reassembler()
    for number in range(5):
        reassembler.add(ipv4(bytes(8), more=True, identification=number), (), number * 10 * SECOND, number)
    reassembler.expire(TIMEOUT_NS + 15 * SECOND)
    assert reassembler.abandoned == [0, 1]
    assert list(reassembler.held()) == [2, 3, 4]
    reassembler.finish()
    assert reassembler.abandoned == [0, 1, 2, 3, 4]
    assert reassembler.unfinished == 5
    assert not reassembler.octets


def test_udp_is_let_go_of_unless_it_leads_to_a_tunnel() -> None:
    for ports, kept in (((5000, 53), False), ((5000, 4789), True), ((3544, 5000), True)):
        reassembler: Reassembler[Any] = Reassembler()
        head = ports[0].to_bytes(2) + ports[1].to_bytes(2) + bytes(12)
        packets = [ipv4(bytes(1400), start=16, more=True, protocol=UDP), ipv4(head, more=True, protocol=UDP)]
        assert not fed(reassembler, packets)
        assert (reassembler.octets > 1400) == kept
        assert bool(fed(reassembler, [ipv4(bytes(8), start=1416, protocol=UDP)])) == kept
        assert not reassembler.unfinished
    orphaned: Reassembler[Any] = Reassembler()
    assert not fed(orphaned, [ipv4(bytes(1400), start=16, more=True, protocol=UDP)])
    orphaned.finish()
    assert not orphaned.unfinished


# --- floods ------------------------------------------------------------------------------------------------


def test_a_flood_gives_up_the_oldest_first() -> None:
    reassembler: Reassembler[Any] = Reassembler(most_datagrams=10)
    for number in range(100):
        reassembler.add(ipv4(bytes(8), more=True, identification=number), (), 0, number)
    assert reassembler.abandoned == list(range(90))
    assert len(reassembler) == 10


@pytest.mark.parametrize("make", [ipv4, ipv6])
@pytest.mark.parametrize(
    ("sizes", "cut", "each"),
    [
        pytest.param([8], 0, 3, id="tiny"),
        pytest.param([8], 0, 900, id="many-pieces"),
        pytest.param([8, 8, 8, 8, 1400], 0, 3, id="mixed"),
        pytest.param([16], 1, 1, id="given-up"),
    ],
)
def test_a_flood_has_a_bound_in_octets_that_are_really_used(
    make: Callable[..., bytes], sizes: list[int], cut: int, each: int
) -> None:
    rng = seeded(1)
    most = 1 << 20
    reassembler: Reassembler[Any] = Reassembler(most_octets=most)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(12000):
            size = rng.choice(sizes)
            start = 16 * (number % each) if each > 3 else rng.choice([0, 8, 8 * rng.randrange(1, 5000)])
            packet = make(bytes(size), start=start, more=True, identification=number // each)
            reassembler.add(packet[: len(packet) - cut], (), number, bytearray(packet))
            reassembler.abandoned.clear()
            assert reassembler.octets <= most
        used = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert reassembler.octets > 0.9 * most
    assert used < 1.1 * most


def test_tiny_fragments_have_a_bound_in_number() -> None:
    reassembler: Reassembler[Any] = Reassembler()
    for number in range(MOST_FRAGMENTS + 100):
        reassembler.add(ipv4(bytes(8), start=8 * number, more=True), (), 0, None if number else "message")
    assert reassembler.abandoned == ["message"]
    assert reassembler.unfinished == 1
    assert reassembler.octets < 1000


def test_no_more_datagrams_are_waited_for() -> None:
    reassembler: Reassembler[Any] = Reassembler()
    for number in range(10_000):
        reassembler.add(ipv4(bytes(8), start=8, more=True, identification=number), (), 0)
    assert (len(reassembler), reassembler.unfinished) == (8192, 10_000 - 8192)


def test_what_is_given_up_leaves_its_octets() -> None:
    reassembler: Reassembler[Any] = Reassembler()
    tracemalloc.start()
    try:
        for number in range(100):
            for start in (0, 8):
                reassembler.add(ipv6(bytes(50_000), start=start, more=True, identification=number), (), 0)
        used = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert (len(reassembler), reassembler.overlapping) == (100, 100)
    assert used < 1 << 20


def test_fragments_that_overlap_again_and_again_have_a_bound_too() -> None:
    reassembler: Reassembler[Any] = Reassembler()
    for number in range(3 * MOST_FRAGMENTS):
        reassembler.add(ipv4(bytes([number & 0xFF]) * 64, start=8 * (number % 7), more=True), (), 0)
    assert reassembler.unfinished == 1
    assert reassembler.octets < 1000


def test_a_datagram_of_65535_octets_in_tiny_steps_comes_back() -> None:
    rng = seeded(2)
    data = rng.randbytes(65515)
    parts = pieces(data, range(0, 65515, 72))
    rng.shuffle(parts)
    (whole,) = fed(Reassembler(), [ipv4(octets, start=start, more=more) for start, more, octets in parts])
    assert whole.octets == ipv4(data)


# --- an independent maker ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 7, 1480, 1481, 5000, 60000])
def test_scapys_ipv4_fragments_come_back(size: int) -> None:
    inet = pytest.importorskip("scapy.layers.inet")
    data = seeded(size).randbytes(size)
    packet = inet.IP(src="10.0.0.1", dst="10.0.0.2", id=99) / inet.ICMP(id=1, seq=2) / data
    parts = [bytes(part) for part in inet.fragment(packet, fragsize=1480 if size > 100 else 8)]
    seeded(size).shuffle(parts)
    found = fed(Reassembler(), parts)
    assert [whole.octets for whole in found] == [bytes(packet)]


@pytest.mark.parametrize("size", [2000, 5000, 60000])
def test_scapys_ipv6_fragments_come_back(size: int) -> None:
    inet6 = pytest.importorskip("scapy.layers.inet6")
    data = seeded(size).randbytes(size)
    options = inet6.IPv6ExtHdrHopByHop(options=[inet6.RouterAlert()])
    whole = (
        inet6.IPv6(src="2001:db8::1", dst="2001:db8::2") / options / inet6.ICMPv6EchoRequest(id=1, data=data)
    )
    fragmented = inet6.IPv6(src="2001:db8::1", dst="2001:db8::2") / options / inet6.IPv6ExtHdrFragment(id=5)
    packet = fragmented / inet6.ICMPv6EchoRequest(id=1, data=data, cksum=whole[inet6.ICMPv6EchoRequest].cksum)
    parts = [bytes(part) for part in inet6.fragment6(packet, 1280)]
    seeded(size).shuffle(parts)
    found = fed(Reassembler(), parts)
    assert len(found) == 1
    octets = found[0].octets
    again = inet6.IPv6(octets)
    assert octets[48:] == bytes(again[inet6.ICMPv6EchoRequest])
    assert octets[:48] == bytes(whole)[:48]
    assert octets[56:] == data


def test_the_parts_of_a_fragment_are_those_of_its_header() -> None:
    part = read_fragment(ipv6(b"x" * 16, start=24, more=True, identification=0x01020304))
    assert part is not None
    assert (part.start, part.end, part.more, part.data, part.protocol) == (24, 40, True, b"x" * 16, ICMPV6)
    assert part.key[-4:] == bytes([1, 2, 3, 4])
    assert fragments.MOST_OCTETS < 1 << 26
