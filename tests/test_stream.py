"""A capture as batches: fragments put together, what is left of the others, and the account."""

from __future__ import annotations

import csv
import gc
import io
import random
import shutil
import struct
import subprocess
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from places import CAPTURES

from dissector.capture.account import LARGE, Account, Capture, verdict_name
from dissector.capture.records import Damage, Report
from dissector.capture.stream import Mender, Scan, scan
from dissector.checksum import internet_checksum
from dissector.errors import CaptureError, TruncatedCaptureError
from dissector.kernel import layers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dissector.batch import Batch

RAW, ETHERNET, IPMB = 101, 1, 199
ICMP, IPIP, UDP, GRE, AH, ICMPV6 = 1, 4, 17, 47, 51, 58


# --- makers ------------------------------------------------------------------------------------------------


def echo(size: int = 100, seed: int = 1) -> bytes:
    """An ICMPv4 echo request with that many octets of data."""
    rest = bytes(4) + random.Random(seed).randbytes(size)
    return b"\x08\0" + internet_checksum(b"\x08\0\0\0" + rest).to_bytes(2) + rest


def ipv4(
    data: bytes, protocol: int = ICMP, *, start: int = 0, more: bool = False, identification: int = 7
) -> bytes:
    """An IPv4 packet."""
    fields = (0x45, 0, 20 + len(data), identification, start // 8 | more << 13, 64, protocol, 0)
    header = struct.pack("!BBHHHBBH4s4s", *fields, b"\x0a\0\0\1", b"\x0a\0\0\2")
    return header[:10] + internet_checksum(header).to_bytes(2) + header[12:] + data


def split(data: bytes, protocol: int = ICMP, *, at: int = 48, identification: int = 7) -> list[bytes]:
    """A datagram in two fragments."""
    return [
        ipv4(data[:at], protocol, more=True, identification=identification),
        ipv4(data[at:], protocol, start=at, identification=identification),
    ]


def ethernet(packet: bytes, vlan: int = 0) -> bytes:
    """A frame with an IPv4 packet."""
    return bytes(12) + (b"\x81\0" + vlan.to_bytes(2) if vlan else b"") + b"\x08\0" + packet


def capture(packets: Iterable[bytes], link: int = RAW, times: Iterable[float] | None = None) -> io.BytesIO:
    """A pcap of packets a millisecond apart, or at given seconds."""
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, link)]
    moments = iter(times) if times is not None else (index / 1000 for index in range(1 << 30))
    for packet, moment in zip(packets, moments, strict=False):
        micro = round(moment * 1_000_000)
        out.append(struct.pack("<IIII", *divmod(micro, 1_000_000), len(packet), len(packet)) + packet)
    return io.BytesIO(b"".join(out))


def read(packets: Iterable[bytes], link: int = RAW, **options: Any) -> tuple[list[Batch], Account]:
    """The batches of some packets, and the account."""
    times = options.pop("times", None)
    with scan(capture(packets, link, times), **options) as stream:
        batches = list(stream)
        account = stream.account
    for batch in batches:
        assert len(batch)
        assert (np.diff(batch.frame) >= 0).all()
        assert not (batch.flags & (layers.PENDING | layers.BARE)).any()
    assert sum(account.verdicts.values()) == account.packets
    assert account.messages == sum(map(len, batches))
    return batches, account


def rows(batches: list[Batch]) -> Iterator[tuple[int, int, bytes]]:
    """Frame, flags and octets of each message."""
    for batch in batches:
        for row in range(len(batch)):
            yield int(batch.frame[row]), int(batch.flags[row]), batch.message_octets(row)


# --- fragments ---------------------------------------------------------------------------------------------


def test_a_datagram_put_together_stands_in_the_frame_of_its_last_fragment() -> None:
    message, other = echo(), echo(8)
    first, last = split(message)
    batches, account = read([first, ipv4(other), last, ipv4(other)])
    assert list(rows(batches)) == [(2, 0, other), (3, layers.REASSEMBLED, message), (4, 0, other)]
    (batch,) = batches
    assert batch.checksum_status.tolist() == [layers.GOOD] * 3
    assert batch.frame_octets(1)[20:] == message
    assert batch.length[1] == len(message)
    assert batch.time_ns[1] == 2_000_000
    assert (account.packets, account.messages, account.reassembled, account.unfinished) == (4, 3, 1, 0)
    assert account.others == "1 later fragment"


def test_fragments_in_any_order_and_twice() -> None:
    message = echo()
    first, last = split(message)
    for packets, frame in (([last, first], 2), ([first, first, last], 3), ([last, last, first], 3)):
        batches, _ = read(packets)
        assert list(rows(batches)) == [(frame, layers.REASSEMBLED, message)]


def test_icmpv6_is_put_together_and_its_checksum_verified() -> None:
    inet6 = pytest.importorskip("scapy.layers.inet6")
    packet = inet6.IPv6(src="fe80::1", dst="fe80::2") / inet6.IPv6ExtHdrFragment(id=9)
    packet /= inet6.ICMPv6EchoRequest(id=1, seq=2, data=echo(3000))
    batches, account = read([bytes(part) for part in inet6.fragment6(packet, 1280)])
    ((frame, flags, octets),) = rows(batches)
    assert (frame, flags) == (account.packets, layers.REASSEMBLED)
    assert octets[8:] == echo(3000)
    assert batches[0].checksum_status[0] == layers.GOOD
    assert batches[0].source(0) == "fe80::1"


def test_without_reassembly_each_packet_stands_by_itself() -> None:
    first, last = split(echo())
    batches, account = read([first, last], reassemble=False)
    assert list(rows(batches)) == [(1, layers.FRAGMENT, first[20:])]
    assert account.others == "1 later fragment"


def test_a_first_fragment_left_alone_is_a_message_of_its_own_frame() -> None:
    first, _ = split(echo())
    batches, account = read([ethernet(first), ethernet(ipv4(echo(8)))], ETHERNET)
    assert [list(rows([batch])) for batch in batches] == [
        [(2, 0, echo(8))],
        [(1, layers.FRAGMENT, first[20:])],
    ]
    last = batches[-1]
    assert last.checksum_status[0] == layers.UNVERIFIED
    assert last.frame_octets(0) == ethernet(first)
    assert last.octets[last.ip[0] : last.icmp[0]].tobytes() == first[:20]
    assert account.unfinished == 1


def test_a_later_fragment_left_alone_is_only_counted() -> None:
    _, last = split(echo())
    batches, account = read([last])
    assert not batches
    assert (account.others, account.unfinished) == ("1 later fragment", 1)


def test_a_first_fragment_is_given_up_after_a_minute_of_capture_time() -> None:
    first, last = split(echo())
    other = ipv4(b"\0" * 8, protocol=99)
    filler = [ipv4(bytes(1400), protocol=99)] * 4000
    moments = [0.0, *(1 + index / 100 for index in range(4000)), 59.9]
    batches, account = read([first, *filler, last], times=moments)
    assert account.reassembled == 1
    late = [first, other, *filler, last]
    batches, account = read(late, times=[0, 61, *([61.5] * 4000), 62])
    assert (account.reassembled, account.unfinished) == (0, 2)
    assert list(rows(batches)) == [(1, layers.FRAGMENT, first[20:])]


def test_what_is_given_up_comes_in_time_and_not_at_the_end() -> None:
    first, _ = split(echo())
    filler = [ipv4(bytes(60000), protocol=99)] * 150
    batches, _ = read([first, *filler, ipv4(echo(8))], times=[0, *([61] * 150), 62])
    assert [frame for frame, _, _ in rows(batches)] == [1, 152]


def test_a_batch_of_fragments_does_not_keep_their_octets() -> None:
    fragments = [
        part for number in range(20) for part in split(echo(1000), protocol=GRE, identification=number)
    ]
    batches, _ = read([*fragments, ipv4(echo(8))])
    (batch,) = batches
    assert len(batch.octets) == 20 + 16


def test_fragments_far_apart_in_a_large_capture() -> None:
    message = echo(60000)
    first, last = split(message, at=30000)
    filler = [ipv4(bytes(60000), protocol=99)] * 150
    batches, account = read([first, *filler, last])
    assert list(rows(batches)) == [(152, layers.REASSEMBLED, message)]
    batches, account = read([first, *filler])
    assert list(rows(batches)) == [(1, layers.FRAGMENT, first[20:])]
    assert account.unfinished == 1


def test_a_first_fragment_that_waits_keeps_its_packet_and_not_the_batch() -> None:
    held: list[int] = []
    mend = Mender.mend

    def watched(self: Mender, batch: Batch) -> Iterator[Batch]:
        yield from mend(self, batch)
        held.extend(len(first.batch.octets) for first in self.reassembler.held())

    packets = [*split(echo())[:1], *[ipv4(echo(1000))] * 100]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Mender, "mend", watched)
        read(packets)
    assert held == [len(packets[0])]


def test_overlapping_ipv4_fragments_are_flagged() -> None:
    message = echo(100)
    packets = [ipv4(message[:48], more=True), ipv4(b"?" * 8 + message[48:], start=40)]
    batches, _ = read(packets)
    assert list(rows(batches)) == [(2, layers.REASSEMBLED | layers.OVERLAP, message)]


def test_different_vlans_do_not_mix() -> None:
    first, last = split(echo())
    batches, account = read([ethernet(first, 1), ethernet(last, 2), ethernet(last, 1)], ETHERNET)
    ((frame, _, octets),) = rows(batches)
    assert (frame, octets) == (3, echo())
    assert batches[0].paths[batches[0].path[0]] == ("eth", "vlan 1", "ip")
    assert account.unfinished == 1


# --- tunnels -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("protocol", "before", "path"),
    [
        pytest.param(IPIP, b"", ("raw", "ip", "ip"), id="ipip"),
        pytest.param(GRE, b"\0\0\x08\0", ("raw", "ip", "gre", "ip"), id="gre"),
        pytest.param(
            UDP,
            struct.pack("!HHHHII", 9, 4789, 0, 0, 8 << 24, 0),
            ("raw", "ip", "vxlan", "eth", "ip"),
            id="vxlan",
        ),
    ],
)
def test_a_fragmented_tunnel_is_put_together_before_it_is_opened(
    protocol: int, before: bytes, path: tuple[str, ...]
) -> None:
    message = echo()
    inner = ipv4(message)
    outer = before + (ethernet(inner) if "eth" in path else inner)
    batches, account = read(split(outer, protocol))
    assert list(rows(batches)) == [(2, layers.REASSEMBLED | layers.TUNNEL, message)]
    (batch,) = batches
    assert [step for step in batch.paths[batch.path[0]] if step != "raw"] == [
        step for step in path if step != "raw"
    ]
    assert batch.checksum_status[0] == layers.GOOD
    assert account.packets == 2


def test_the_message_in_a_tunnels_first_fragment_is_not_lost() -> None:
    inner = ipv4(echo())
    first, _ = split(inner, IPIP)
    batches, account = read([ethernet(first)], ETHERNET)
    assert list(rows(batches)) == [(1, layers.FRAGMENT | layers.TUNNEL | layers.TRUNCATED, first[40:])]
    (batch,) = batches
    assert batch.frame_octets(0) == ethernet(first)
    assert batch.octets[batch.ip[0] : batch.icmp[0]].tobytes() == inner[:20]
    assert batch.paths[batch.path[0]] == ("eth", "ip", "ip")
    assert batch.checksum_status[0] == layers.UNVERIFIED
    assert account.unfinished == 1


def test_the_message_in_a_tunnels_fragment_that_is_refused_is_not_lost() -> None:
    first = ipv4(ipv4(echo())[:50], IPIP, more=True)
    batches, account = read([first, ipv4(echo(8))])
    assert list(rows(batches)) == [
        (1, layers.FRAGMENT | layers.TUNNEL | layers.TRUNCATED, first[40:]),
        (2, 0, echo(8)),
    ]
    assert account.refused == 1


def test_fragments_inside_a_tunnel() -> None:
    message = echo()
    batches, _ = read([ipv4(part, IPIP, identification=index) for index, part in enumerate(split(message))])
    assert list(rows(batches)) == [(2, layers.REASSEMBLED | layers.TUNNEL, message)]


def test_fragments_of_fragments() -> None:
    """Each fragment of a datagram in a tunnel whose packets are fragmented again."""
    message = echo(400)
    packets: list[bytes] = []
    for index, part in enumerate(split(message, at=200)):
        packets += split(part, IPIP, at=80, identification=index)
    batches, account = read(packets)
    assert list(rows(batches)) == [(4, layers.REASSEMBLED | layers.TUNNEL, message)]
    assert account.reassembled == 1


def test_fragments_of_fragments_left_alone() -> None:
    message = echo(400)
    part, _ = split(message, at=200)
    batches, account = read(split(part, IPIP, at=80))
    ((frame, flags, octets),) = rows(batches)
    assert (frame, octets) == (2, part[20:])
    assert flags == layers.FRAGMENT | layers.REASSEMBLED | layers.TUNNEL
    assert account.unfinished == 1


def test_a_fragmented_datagram_with_authentication() -> None:
    """RFC 4302: the Authentication Header is in the first fragment alone, and a step of its path."""
    message = echo()
    authentication = bytes([ICMP, 4]) + bytes(22)
    batches, _ = read(split(authentication + message, AH))
    assert list(rows(batches)) == [(2, layers.REASSEMBLED, message)]


def test_nested_fragments_come_to_an_end() -> None:
    """A datagram whose payload is the last fragment of the next, forty times and more."""
    packets: list[bytes] = []
    inner = ipv4(echo(8), start=48, identification=99)
    for identification in range(60):
        packets.append(ipv4(inner, IPIP, start=0, more=True, identification=identification))
        inner = ipv4(bytes(8), IPIP, start=(len(inner) + 7) // 8 * 8, identification=identification)
    read(packets)
    deep = ipv4(echo(8), more=False)
    for identification in range(60):
        deep = split(deep, IPIP, at=16, identification=identification)[1]
    read([deep] * 3)


def test_fragments_of_udp_that_is_no_tunnel_leave_nothing_behind() -> None:
    datagram = struct.pack("!HHHH", 53, 4000, 0, 0) + bytes(200)
    batches, account = read(split(datagram, UDP))
    assert not batches
    assert (account.others, account.unfinished, account.reassembled) == ("2 UDP", 0, 0)


def test_without_tunnels_their_fragments_are_left_alone() -> None:
    batches, account = read(split(ipv4(echo()), IPIP), tunnels=False)
    assert not batches
    assert account.others == "2 IPv4"


# --- the account -------------------------------------------------------------------------------------------


def test_the_account_names_what_was_there() -> None:
    packets = [
        *[ethernet(ipv4(bytes(20), 6))] * 5,
        ethernet(ipv4(bytes(8), 17)),
        *[bytes(12) + b"\x08\x06" + bytes(28)] * 2,
        ethernet(ipv4(b"\x08\0\xf7", ICMP)),
        ethernet(ipv4(bytes(20), 250)),
        bytes(12) + b"\xbe\xef" + bytes(40),
    ]
    _, account = read(packets, ETHERNET)
    assert account.others == "5 TCP, 2 ARP, 1 Ethernet type 0xbeef, 1 UDP, 1 protocol 250"
    assert (account.packets, account.messages, account.short) == (11, 1, 1)
    assert account.captures[0].container == "pcap, Ethernet"
    assert not account.damaged


def test_truncated_messages_are_counted() -> None:
    packet = ipv4(echo())
    stream = scan(io.BytesIO(capture([packet]).getvalue()[:40] + bytes(packet[:0])))
    with stream:
        list(stream)
    assert stream.account.damaged
    data = bytearray(capture([packet[:60]]).getvalue())
    data[36:40] = len(packet).to_bytes(4, "little")
    with scan(io.BytesIO(bytes(data))) as cut:
        list(cut)
    assert (cut.account.truncated, cut.account.messages) == (1, 1)


def test_link_types_that_are_not_decoded_are_named() -> None:
    _, account = read([bytes(20)] * 3, IPMB)
    assert account.undecoded
    assert account.skipped_links() == ["link type 199 (IPMB_KONTRON) is not decoded; 3 packets skipped"]
    assert account.others == "3 not decoded link"
    _, account = read([bytes(20)], 9999)
    assert account.skipped_links() == ["link type 9999 is not decoded; 1 packet skipped"]


def test_a_capture_without_packets() -> None:
    batches, account = read([])
    assert not batches
    assert (account.packets, account.messages, account.others) == (0, 0, "")
    assert account.captures[0].container == "pcap, Raw IP"
    assert not account.undecoded


def test_accounts_add_up() -> None:
    _, one = read([ipv4(bytes(20), 6), ipv4(echo())])
    _, two = read([ipv4(bytes(20), 6), ipv4(bytes(8), 17), split(echo())[0]])
    both = one + two
    assert (both.files, both.packets, both.messages, both.unfinished) == (2, 5, 2, 1)
    assert both.others == "2 TCP, 1 UDP"
    assert (one.packets, two.packets, one.others) == (2, 3, "1 TCP")


def test_nothing_is_left_out_when_accounts_are_added() -> None:
    total, other = Account("compiled"), Account("compiled")
    for number, (name, value) in enumerate(vars(other).items(), 1):
        if isinstance(value, int):
            setattr(other, name, number)
        elif isinstance(value, Counter):
            value[number] = number
    other.captures.append(Capture("x", "pcap", (1,), Report()))
    total.add(other)
    assert vars(total) == vars(other)
    assert not total.damaged
    other.captures[0].report.add(Damage(1, 40, 7, cut=False, sentence="7 octets skipped"))
    assert total.damaged
    total.add(other)
    assert (total.short, total.links.total(), total.files) == (2 * other.short, 2 * other.links.total(), 2)


def test_many_kinds_are_summed_up() -> None:
    account = Account()
    account.verdicts.update({number: 300 - number for number in range(200, 212)})
    assert account.others.endswith("93 protocol 207, 362 of 4 other kinds")


def test_only_a_large_capture_read_slowly_deserves_a_hint() -> None:
    account = Account("interpreted")
    account.packets = LARGE - 1
    assert not account.slow
    account.packets = LARGE
    assert account.slow
    account.kernel = "compiled"
    assert not account.slow


def test_every_verdict_has_a_name() -> None:
    names = [verdict_name(verdict) for verdict in range(layers.VERDICTS) if verdict not in range(256, 258)]
    assert all(names[:256])
    assert verdict_name(layers.ETHERTYPES + 0x88CC) == "LLDP"
    assert verdict_name(132) == "SCTP"
    assert verdict_name(layers.LATER_FRAGMENT, 2) == "later fragments"
    assert {verdict_name(verdict) for verdict in range(layers.CUT_SHORT, layers.ENCRYPTED + 1)} >= {
        "malformed",
        "not IP",
    }


# --- the stream --------------------------------------------------------------------------------------------


def test_the_origin_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(capture([ipv4(echo())]).getvalue())
    for name in (path, str(path)):
        with scan(name) as stream:
            (batch,) = stream
        assert batch.origin is stream.origin
        assert (stream.origin.file, stream.origin.format) == (str(path), "pcap")


def test_a_stream_that_is_dropped_closes_its_file(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(capture([ipv4(echo())] * 5).getvalue())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scan(path)
        stream: Scan | None = scan(path)
        assert stream is not None
        batches = iter(stream)
        next(batches)
        stream = None
        del batches
        gc.collect()
    with scan(path) as stream:
        next(iter(stream))
    stream.close()


def test_strict_raises_where_the_capture_is_damaged() -> None:
    data = capture([ipv4(echo())] * 3).getvalue()[:-10]
    with scan(io.BytesIO(data)) as stream:
        assert sum(map(len, stream)) == 2
        assert stream.account.damaged
    with scan(io.BytesIO(data), strict=True) as stream, pytest.raises(TruncatedCaptureError):
        list(stream)


def test_what_is_no_capture_is_refused_at_once() -> None:
    with pytest.raises(CaptureError):
        scan(io.BytesIO(b"hello, world; this is no capture"))


def test_a_flood_of_first_fragments_is_bounded_and_loses_no_message() -> None:
    packets = [split(echo(), identification=number)[0] for number in range(12000)]
    with scan(capture(packets)) as stream:
        frames: list[int] = []
        for batch in stream:
            frames += batch.frame.tolist()
            assert len(stream._messages._mender.reassembler) <= 8192
    assert sorted(frames) == list(range(1, 12001))


# --- against tshark ----------------------------------------------------------------------------------------

SURICATA = "OISF+suricata-verify/tests__ipv6-evasion__ipv6-malformed-fragments"
TSHARK_ALONE = {
    **dict.fromkeys(
        [(f"{SURICATA}-{number}__frag-{number}.pcap", frame) for number, frame in (
            (1, 9), (2, 9), (3, 9), (4, 9), (6, 8), (7, 8), (8, 7), (17, 11), (18, 9), (29, 8),
        )],
        "the fragments overlap: the datagram must be dropped (RFC 5722, 4)",
    ),
    (f"{SURICATA}-15__frag-15.pcap", 59): "65543 octets of payload: too many (RFC 8200, 4.5)",
    (f"{SURICATA}-16__frag-16.pcap", 52): "66928 octets of payload: the same",
    (f"{SURICATA}-35__frag-35.pcap", 7): "a Fragment header within, which tshark takes for ICMPv6",
    (f"{SURICATA}-36__frag-36.pcap", 7): "the same",
}  # fmt: skip
"""Messages that tshark shows and that are not there, with the reason."""
DISSECTOR_ALONE = {
    (f"{SURICATA}-35__frag-35.pcap", 9): "the datagram within, whole and with a good checksum",
    (f"{SURICATA}-36__frag-36.pcap", 9): "the same",
}
"""Messages that tshark misses, beside first fragments left alone."""
STATUS = {"1": layers.GOOD, "0": layers.BAD, "2": layers.UNVERIFIED, "3": layers.UNVERIFIED}


def tshark(path: Path) -> dict[int, tuple[int, int, int | None, int | None]]:
    """Family, type, code and checksum status of the outermost ICMP message of each frame."""
    names = [
        f"{layer}.{name}" for layer in ("icmp", "icmpv6") for name in ("type", "code", "checksum.status")
    ]
    options = [
        "-o",
        "ip.defragment:TRUE",
        "-o",
        "ipv6.defragment:TRUE",
        "-Y",
        "icmp or icmpv6",
        "-T",
        "fields",
    ]
    fields = [word for name in ("frame.number", *names) for word in ("-e", name)]
    command = [shutil.which("tshark") or "tshark", "-n", "-2", "-r", str(path), *options, *fields]
    run = subprocess.run(command, capture_output=True, check=False)
    found = {}
    for line in run.stdout.decode().splitlines():
        cells = [cell.split(",")[0] for cell in line.split("\t")]
        family, values = (4, cells[1:4]) if cells[1] else (6, cells[4:7])
        if values[0]:  # a message may have no octets
            code = int(values[1]) if values[1] else None
            found[int(cells[0])] = family, int(values[0]), code, STATUS.get(values[2])
    return found


def fragmented() -> list[str]:
    """The shared captures in which there are fragments of ICMP."""
    if not CAPTURES.is_dir():
        return []

    with (CAPTURES.parent / "index.csv").open(newline="") as table:
        return [row["file"] for row in csv.DictReader(table) if row["fragment_frames"] not in ("", "0")]


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="the shared captures are not beside the project")
@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
@pytest.mark.parametrize("name", fragmented())
def test_real_fragments_as_tshark_reads_them(name: str) -> None:
    try:
        stream = scan(CAPTURES / name)
    except CaptureError as error:
        pytest.skip(str(error))
    with stream:
        ours = {
            int(batch.frame[row]): (
                int(batch.flags[row]),
                (
                    int(batch.family[row]),
                    int(batch.type[row]),
                    int(batch.code[row]),
                    int(batch.checksum_status[row]),
                ),
            )
            for batch in stream
            for row in range(len(batch))
        }
    theirs = tshark(CAPTURES / name)
    for frame in theirs.keys() - ours.keys():
        assert (name, frame) in TSHARK_ALONE
    for frame in ours.keys() - theirs.keys():
        assert ours[frame][0] & layers.FRAGMENT or (name, frame) in DISSECTOR_ALONE
    for frame in theirs.keys() & ours.keys():
        assert all(b in (None, a) for a, b in zip(ours[frame][1], theirs[frame], strict=True)), frame
