"""Live capture: the walker of the ring, and both engines between namespaces, beside tcpdump on the same wire."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import ROOT
from test_scanner import CASES, MAC, block, eth

from dissector import kernel
from dissector.analysis.pairing import Answers
from dissector.batch import Batch, Origin
from dissector.capture.formats import open_capture
from dissector.capture.live.engine import Captured, order
from dissector.capture.records import Interface, Records
from dissector.capture.scanner import Scanner
from dissector.capture.stream import Messages, scan
from dissector.errors import (
    BufferSizeError,
    CaptureError,
    CaptureFilterError,
    NoInterfaceError,
    NoRightsError,
)
from dissector.present.blocks import Lines

if not sys.platform.startswith("linux"):
    pytest.skip("the ring is Linux's", allow_module_level=True)

from testbed.namespaces import Namespace

from dissector.capture.live import open_live, room
from dissector.capture.live.interfaces import interfaces

BACKENDS = {"interpreted": kernel.interpreted("walk")}
if kernel.walk.COMPILED:
    BACKENDS["compiled"] = kernel.walk
walk = kernel.walk
PING = CASES["ethernet"][1]


@pytest.fixture(params=list(BACKENDS))
def backend(request):
    return BACKENDS[request.param]


# --- the walker -----------------------------------------------------------------------------------------------------

BIG = sys.byteorder == "big"
TAG_VALID, TAG_TYPE_VALID = 0x10, 0x40


def packet(octets, *, following=None, index=3, status=1, tag=0, kind=0x88A8, mac=82, net=None, size=None):  # noqa: PLR0913 - fields
    """Return a packet as the kernel puts it into the ring: struct tpacket3_hdr, struct sockaddr_ll, the frame."""
    net = mac + 14 if net is None else net
    size = len(octets) if size is None else size
    whole = (mac + len(octets) + 15) // 16 * 16
    following = whole if following is None else following
    head = struct.pack(
        "=IIIIIIHHIIHHQ", following, 1000, 7, size, len(octets), status, mac, net, 0, tag, kind, 0, 0
    )
    address = struct.pack("=H2sIHBB8s", 17, b"\x08\0", index, 512, 4, 6, MAC[:6])
    return (head + address).ljust(mac, b"\xee") + octets.ljust(whole - mac, b"\xee")


class Columns:
    def __init__(self, rows=8, room=4096):
        self.records = Records(rows)
        self.octets = np.full(room, 0xAB, np.uint8)

    def walk(self, module, memory, *, table=((3, 0, 1),), left=1, at=0, end=None):  # noqa: PLR0913 - the walker's
        records = self.records
        names = ("start", "captured", "original", "time_ns", "interface", "flags")
        columns = [getattr(records, name).data for name in names]
        forms = np.array(table, np.int64).reshape(-1, 3).data
        end = len(memory) if end is None else end
        return module.ring(memory, at, end, left, BIG, forms, self.octets.data, 0, *columns, 0)

    def frame(self, row=0):
        start = self.records.start[row]
        return self.octets[start : start + self.records.captured[row]].tobytes()


def test_packets_of_a_block_are_copied_back_to_back(backend):
    columns = Columns()
    memory = b"".join(packet(PING[:size]) for size in (60, 42, 57))
    assert columns.walk(backend, memory, left=3)[0] == walk.MORE
    assert [columns.frame(row) for row in range(3)] == [PING[:60], PING[:42], PING[:57]]
    assert columns.records.start[:3].tolist() == [0, len(PING[:60]), len(PING[:60]) + 42]
    assert columns.records.time_ns[0] == 1_000_000_000_007


def test_the_tag_that_the_kernel_took_out_is_put_back(backend):
    columns = Columns()
    tagged = packet(PING, status=1 | TAG_VALID | TAG_TYPE_VALID, tag=0x200C)
    old = packet(PING, status=1 | TAG_VALID, tag=5)
    columns.walk(backend, tagged + old, left=2)
    assert columns.frame(0) == PING[:12] + b"\x88\xa8\x20\x0c" + PING[12:]
    assert columns.frame(1) == PING[:12] + b"\x81\0\0\5" + PING[12:]
    assert columns.records.original[0] == len(PING) + 4
    columns.walk(backend, tagged, table=[(3, 0, walk.RING_AS_IS)])
    assert columns.frame(0) == PING


def test_a_cooked_packet_has_a_header_that_the_scanner_reads(backend):
    columns = Columns()
    ppp = b"\xff\x03\0\x21" + PING[14:]
    columns.walk(backend, packet(ppp, net=86), table=[(3, 0, walk.RING_COOKED)])
    expected = b"\x08\0\0\0\0\0\0\3\x02\0\x04\x06" + MAC[:6] + b"\0\0" + PING[14:]
    assert columns.frame(0) == expected
    assert columns.records.original[0] == len(expected)
    columns.walk(backend, packet(ppp, net=86, status=TAG_VALID, tag=9), table=[(3, 0, walk.RING_COOKED)])
    assert columns.frame(0) == b"\x81\0" + expected[2:20] + b"\0\x09\x08\0" + PING[14:]
    (batch,) = Scanner(Origin("x", "live", [Interface(276)])).scan(block(columns.frame(0)))
    assert batch.paths[batch.path[0]] == ("sll2", "vlan 9", "ip")


def test_interfaces_are_told_apart(backend):
    columns = Columns()
    memory = b"".join(packet(PING, index=index) for index in (7, 3, 7, 9))
    status, at, left, *_, row = columns.walk(backend, memory, left=4, table=[(3, 0, 1), (7, 5, 1)])
    assert (status, left, row) == (walk.UNKNOWN, 1, 3)
    assert columns.records.interface[:3].tolist() == [5, 0, 5]
    assert at == 3 * len(packet(PING))
    assert columns.walk(backend, memory, table=[])[0] == walk.UNKNOWN


def test_it_stops_where_there_is_no_room(backend):
    memory = packet(PING) * 5
    assert Columns(rows=2).walk(backend, memory, left=5)[::4] == (walk.FULL, 2)
    columns = Columns(room=2 * len(PING) + 30)
    assert columns.walk(backend, memory, left=5)[::4] == (walk.FULL, 2)


@pytest.mark.parametrize(
    "how", [{"size": 5000}, {"mac": 60000}, {"following": 60000}, {"following": 3}, {"size": 0xFFFFFFFF}]
)
def test_a_header_that_points_outside_is_not_believed(backend, how):
    first = packet(PING, **{name: how[name] for name in how if name != "mac"})
    if "mac" in how:
        first = first[:24] + struct.pack("=H", how["mac"]) + first[26:]
    assert Columns().walk(backend, first + packet(PING), left=2)[0] == walk.SUSPECT


def test_a_packet_may_end_with_the_block_and_not_behind_it(backend):
    whole = len(packet(PING))
    room = whole - 82
    assert Columns().walk(backend, packet(PING, size=room))[::4] == (walk.MORE, 1)
    assert Columns().walk(backend, packet(PING, size=room + 1))[::4] == (walk.SUSPECT, 0)
    for end in range(2 * whole):
        assert Columns().walk(backend, packet(PING) * 2, left=2, end=end)[::4] == (walk.SUSPECT, end // whole)


def often(value):
    return st.just(value) | st.just(value) | st.just(value)


hostile = st.lists(
    st.builds(
        packet,
        st.binary(max_size=60),
        following=often(None) | st.integers(0, 400) | st.integers(0, 2**32 - 1),
        index=st.sampled_from([3, 3, 3, 7]),
        status=st.integers(0, 255),
        tag=st.integers(0, 2**32 - 1),
        kind=st.integers(0, 65535),
        mac=st.integers(68, 120),
        net=st.integers(0, 65535) | often(96) | st.integers(60, 200),
        size=often(None) | st.integers(0, 2**32 - 1) | st.integers(0, 80),
    ),
    min_size=1,
    max_size=3,
).map(b"".join)


@given(hostile | st.binary(max_size=300), st.data())
@settings(max_examples=400)
def test_hostile_blocks_are_read_within_their_bounds(memory, data):
    """What is outside has no influence, is not written to, and both back ends agree."""
    size = len(memory)
    at = data.draw(often(0) | st.integers(0, size))
    end = data.draw(often(size) | st.integers(max(size - 40, 0), size) | st.integers(0, size))
    left = data.draw(st.integers(1, 4) | st.integers(0, 2**32 - 1))
    rows, room = data.draw(st.integers(0, 4)), data.draw(st.integers(0, 150))
    form = data.draw(st.integers(0, 2))
    table = data.draw(st.sampled_from([[(3, 0, form)], [(9, 1, 0), (3, 0, form)], []]))
    seen = []
    for module in BACKENDS.values():
        for outside in (b"\0", b"\xff"):
            columns = Columns(rows, room + 64)
            guarded = columns.octets
            columns.octets = guarded[:room]
            found = columns.walk(
                module, memory[:end].ljust(len(memory) + 64, outside), left=left, at=at, end=end, table=table
            )
            assert (guarded[room:] == 0xAB).all()
            assert found[3] <= room
            assert found[4] <= rows
            ends = columns.records.start[: found[4]] + columns.records.captured[: found[4]]
            assert (columns.records.captured[: found[4]] >= 0).all()
            assert [0, *ends.tolist()] == [*columns.records.start[: found[4]].tolist(), found[3]]
            names = Records.__slots__
            filled = [getattr(columns.records, name)[: found[4]].tolist() for name in names]
            seen.append((found, guarded[: found[3]].tobytes(), filled))
    assert all(each == seen[0] for each in seen)


def test_packets_of_several_rings_come_in_the_order_of_time():
    frames = [PING, CASES["ethernet-v6"][1], CASES["vlan"][1]]
    unordered = block(*frames)
    unordered.records.time_ns[:3] = 30, 10, 20
    order(unordered.records, 3)
    octets = memoryview(unordered.octets)
    live = Captured(octets, len(octets), unordered.records, 3, 1)
    (batch,) = Scanner(Origin("x", "live", [Interface(1)])).scan(live)
    assert batch.time_ns.tolist() == [10, 20, 30]
    assert [batch.frame_octets(row) for row in range(3)] == [frames[1], frames[2], frames[0]]
    unordered.octets[:] = bytes(len(octets))  # the batch has a copy
    assert batch.frame_octets(0) == frames[1]


# --- on a wire ------------------------------------------------------------------------------------------------------


def run(*words):
    return subprocess.run(words, check=True, capture_output=True, timeout=60, text=True)


class Wire:
    """Two hosts in namespaces of their own, and a wire between them."""

    def __init__(self):
        self.here, self.there = Namespace(), Namespace()
        with self.here.entered():
            run("ip", "link", "set", "lo", "up")
        self.lay()

    def lay(self):
        with self.here.entered():
            run("ip", "link", "add", "w0", "type", "veth", "peer", "name", "w1", "netns", self.there.path)
        for namespace, name, number in ((self.here, "w0", 1), (self.there, "w1", 2)):
            with namespace.entered():
                run("ip", "link", "set", name, "up")
                run("ip", "addr", "add", f"192.0.1.{number}/24", "dev", name)
                run("ip", "addr", "add", f"2001:db8:1::{number}/64", "dev", name, "nodad")

    def ping(self, *words):
        with self.there.entered():
            return run("ping", "-c", "1", "-W", "5", *words)

    def send(self, *frames):
        """Put frames on the wire as they are; of the receiver's kernel, VLAN tags are taken out of them."""
        with self.there.entered(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
            sock.bind(("w1", 0))
            for frame in frames:
                sock.send(frame)

    def close(self):
        self.here.close()
        self.there.close()


@pytest.fixture
def wire():
    if os.geteuid() != 0:
        pytest.skip("namespaces need root")
    if not all(map(shutil.which, ("ip", "ping"))):
        pytest.skip("ip and ping are not installed")
    try:
        made = Wire()
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no namespaces here: {error}")
    yield made
    made.close()


@pytest.fixture(params=["ring", "scapy"])
def engine(request):
    return request.param


def take(live, enough, seconds=10):
    """Return ticks until ``enough`` holds of the batches so far; fail if it never does."""
    batches, notices = [], []
    deadline = time.monotonic() + seconds
    for tick in live.ticks():
        batches += tick.batches
        notices += tick.notices
        if enough(batches, notices):
            return batches, notices
        if time.monotonic() > deadline:
            break
    pytest.fail(f"only {said(batches)} and {notices} came in time")


def said(batches, kinds=(0, 8, 128, 129)):
    """Return path, addresses and octets of the echo messages."""
    return [
        (batch.paths[batch.path[row]], batch.source(row), batch.message_octets(row))
        for batch in batches
        for row in range(len(batch))
        if batch.type[row] in kinds
    ]


def at_least(count):
    return lambda batches, _notices: len(said(batches)) >= count


@contextmanager
def tcpdump(wire, file, name="w0"):
    """Write what is on the wire meanwhile."""
    if not shutil.which("tcpdump"):
        pytest.skip("tcpdump is not installed")
    with wire.here.entered():
        words = ["tcpdump", "-i", name, "--immediate-mode", "-U", "-Z", "root", "-w", str(file)]
        process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    try:
        assert "listening" in process.stderr.readline()
        yield process
        time.sleep(0.3)
    finally:
        process.terminate()
        process.communicate()


PINGS = [
    ("192.0.1.1",),
    ("2001:db8:1::1",),
    ("-s", "5000", "192.0.1.1"),
    ("-s", "5000", "2001:db8:1::1"),
]
TAGGED = eth(0x8100, b"\x20\x0c\x08\0" + PING[14:])
TAGGED6 = eth(0x88A8, b"\0\x0c\x86\xdd" + CASES["raw-v6"][1])
TWICE = CASES["stacked-vlan"][1]
LAYERED = (TAGGED, TAGGED6, TWICE, CASES["gre"][1], CASES["vxlan"][1], CASES["pppoe"][1], CASES["mpls"][1])


def test_what_tcpdump_writes_is_what_is_seen(wire, engine, tmp_path):
    """IPv4 and IPv6, in a VLAN and without, in fragments and whole."""
    with wire.here.entered():
        live = open_live(["w0"], engine=engine)
    with live, tcpdump(wire, tmp_path / "x.pcap"):
        for words in PINGS:
            wire.ping(*words)
        wire.send(*LAYERED)
        batches, _ = take(live, at_least(2 * len(PINGS) + len(LAYERED)))
        account = live.account
    with scan(tmp_path / "x.pcap") as capture:
        expected = said(capture)
    assert sorted(said(batches)) == sorted(expected)
    paths = {path for path, *_ in expected}
    assert paths >= {("eth", "vlan 12", ip) for ip in ("ip", "ipv6")}
    assert ("eth", "vlan 100", "vlan 12", "ipv6") in paths
    assert account.dropped == 0
    assert account.received >= account.packets >= account.messages >= len(expected)
    assert account.reassembled == 4
    assert live.engine == engine


def test_messages_come_one_by_one_and_own_their_memory(wire):
    with wire.here.entered():
        live = open_live(["w0"])
    kept = []
    with live:
        for number in range(3):
            wire.ping("-s", "24", "-p", f"{number:02x}", "192.0.1.1")
            kept += take(live, at_least(2))[0]
    assert [octets[-1] for *_, octets in said(kept)] == [0, 0, 1, 1, 2, 2]
    assert all(len(batch.octets) < 400 for batch in kept)


def test_blocks_are_the_packets_as_captured(wire):
    with wire.here.entered():
        live = open_live(["w0"])
    packets, messages = [], 0
    with live:
        wire.send(TAGGED, TWICE)
        for tick in live.ticks():
            messages += len(said(tick.batches))
            for each in tick.blocks:
                for row in range(each.count):
                    start = int(each.records.start[row])
                    packets.append(bytes(each.octets[start : start + int(each.records.captured[row])]))
            if messages == 2:
                break
    assert [octets for octets in packets if octets in {TAGGED, TWICE}] == [TAGGED, TWICE]


def test_tcp_and_udp_stay_in_the_kernel(wire):
    with wire.here.entered():
        live = open_live(["w0"])
        script = (
            "import socket\nlisten = socket.create_server(('192.0.1.1', 9))\nprint(flush=True)\n"
            "listen.accept()[0].recv(100)"
        )
        server = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    with live:
        server.stdout.readline()
        with wire.there.entered():
            client = "import socket; socket.create_connection(('192.0.1.1', 9)).send(b'x')"
            run(sys.executable, "-c", client)
        server.communicate()
        wire.ping("192.0.1.1")
        take(live, at_least(2))
        assert "TCP" not in live.account.others


def test_any_names_the_interface_of_each_packet(wire, engine):
    with wire.here.entered():
        live = open_live(["any"], engine=engine)
        with live:
            wire.ping("192.0.1.1")
            wire.send(TAGGED)
            run("ping", "-c", "1", "127.0.0.1")
            batches, _ = take(live, at_least(5))
    found = {}
    for batch in batches:
        for row in range(len(batch)):
            if batch.type[row] in {0, 8}:
                key = (live.origin.interfaces[batch.interface[row]].name, *batch.paths[batch.path[row]])
                found[key] = found.get(key, 0) + 1
    assert found == {("w0", "eth", "ip"): 2, ("w0", "eth", "vlan 12", "ip"): 1, ("lo", "eth", "ip"): 2}


def test_several_interfaces_come_in_the_order_of_time(wire, engine):
    with wire.here.entered():
        live = open_live(["w0", "lo"], engine=engine)
    with live:
        for _ in range(3):
            wire.ping("192.0.1.1")
            with wire.here.entered():
                run("ping", "-c", "1", "127.0.0.1")
        batches, _ = take(live, at_least(12))
        frames = [frame for batch in batches for frame in batch.frame.tolist()]
        assert frames == sorted(frames)
        for batch in batches:
            assert (np.diff(batch.time_ns) >= 0).all()
        assert len(live.counts()) == 2
        assert sum(received for received, _ in live.counts()) == live.account.received


@pytest.mark.parametrize(("hardware", "path"), [(65534, "raw"), (512, "sll2")])
def test_packets_without_frames_are_bare_or_cooked(wire, hardware, path):
    """A tun device as it is, and one that claims to be PPP."""
    create, set_link = 0x400454CA, 0x400454CD
    with wire.here.entered():
        try:
            descriptor = os.open("/dev/net/tun", os.O_RDWR)
        except OSError:
            pytest.skip("this kernel has no tun")
        fcntl.ioctl(descriptor, create, struct.pack("16sH22x", b"t0", 0x1001))
        fcntl.ioctl(descriptor, set_link, hardware)
        run("ip", "addr", "add", "192.0.9.1/24", "dev", "t0")
        run("ip", "link", "set", "t0", "up")
        live = open_live(["t0"])
        with live:
            words = ["ping", "-c", "1", "-W", "1", "192.0.9.2"]
            subprocess.run(words, capture_output=True, check=False)
            os.write(descriptor, CASES["raw"][1])
            batches, _ = take(live, at_least(2))
        os.close(descriptor)
    assert [(path, source) for path, source, _ in said(batches)] == [
        ((path, "ip"), "192.0.9.1"),
        ((path, "ip"), "192.0.2.1"),
    ]


def test_a_filter_of_the_user_is_passed_as_well(wire, engine):
    for text, paths in (
        ("icmp[icmptype] == icmp-echo", {("eth", "ip"), ("eth", "vlan 12", "ip")}),
        ("vlan 12 and icmp", {("eth", "vlan 12", "ip")}),
        ("icmp and not vlan", {("eth", "ip")}),
    ):
        with wire.here.entered():
            live = open_live(["w0"], bpf=text, engine=engine)
        with live:
            for target in ("192.0.1.1", "2001:db8:1::1"):
                wire.ping(target)
            wire.send(TAGGED)
            batches, _ = take(live, at_least(1))
            live.stop()
            for tick in live.ticks():
                batches += tick.batches
        assert {path for path, *_ in said(batches)} == paths, text


def test_an_interface_goes_down_and_comes_up(wire):
    with wire.here.entered(), open_live(["w0"]) as live:
        run("ip", "link", "set", "w0", "down")
        _, notices = take(live, lambda _batches, notices: notices)
        assert notices == ["w0 is down"]
        run("ip", "link", "set", "w0", "up")
        _, notices = take(live, lambda _batches, notices: notices)
        assert notices == ["w0 is up again"]
        wire.ping("192.0.1.1")
        take(live, at_least(2))


def test_an_interface_goes_away_and_comes_back_when_rights_were_given_up(wire, monkeypatch):
    with wire.here.entered(), open_live(["w0"]) as live:
        wire.ping("192.0.1.1")
        take(live, at_least(2))
        received = live.account.received
        run("ip", "link", "del", "w0")
        _, notices = take(live, lambda _batches, notices: "w0 has gone" in notices)
        monkeypatch.setattr("socket.socket", refusing())
        wire.lay()
        _, notices = take(live, lambda _batches, notices: any("w0 is back" in each for each in notices))
        assert notices == ["w0 is back"]
        wire.ping("192.0.1.1")
        take(live, at_least(2))
        assert live.account.received >= received + 2
        assert [each.name for each in live.origin.interfaces] == ["w0"]


def refusing():
    """Return sockets of which the kernel gives no packet socket."""
    original = socket.socket

    def make(family=socket.AF_INET, *others, **more):
        if family == socket.AF_PACKET:
            raise PermissionError(1, "Operation not permitted")
        return original(family, *others, **more)

    return make


def test_an_interface_that_is_down_at_first_is_waited_for(wire):
    with wire.here.entered():
        run("ip", "link", "add", "d0", "type", "veth", "peer", "name", "d1")
        with open_live(["d0"]) as live:
            _, notices = take(live, lambda _batches, notices: notices)
    assert notices == ["d0 is down"]


def test_drops_are_counted(wire):
    """A ring of the least size, and nobody who reads it."""
    if not shutil.which("hping3"):
        pytest.skip("hping3 is not installed")
    with wire.here.entered():
        live = open_live(["w0"], buffer=0)
    with live:
        with wire.there.entered():
            words = ["hping3", "--icmp", "-i", "u5", "-c", "20000", "-d", "1000", "-q", "192.0.1.1"]
            subprocess.run(words, capture_output=True, timeout=60, check=False)
        live.stop()
        messages = sum(len(batch) for tick in live.ticks() for batch in tick.batches)
        account = live.account
    assert account.dropped > 0
    assert account.received == account.packets + account.dropped
    assert messages == account.messages == account.packets


def test_stop_ends_it_with_what_came_before(wire, engine):
    with wire.here.entered():
        live = open_live(["w0"], engine=engine)
    with live:
        wire.ping("192.0.1.1")
        time.sleep(0.05)  # scapy's thread has to run
        live.stop()
        batches = [batch for tick in live.ticks() for batch in tick.batches]
        assert len(said(batches)) == 2
    live.stop()
    assert live.account.messages >= 2


def test_a_first_fragment_alone_comes_at_the_end(wire):
    from scapy.layers.inet import ICMP, IP
    from scapy.layers.l2 import Ether

    first = bytes(Ether(dst="ff:ff:ff:ff:ff:ff") / IP(dst="192.0.1.1", flags="MF") / ICMP() / bytes(64))
    with wire.here.entered():
        live = open_live(["w0"])
    with live:
        wire.send(first)
        live.stop()
        batches = [batch for tick in live.ticks() for batch in tick.batches]
    assert len(said(batches)) == 1
    assert live.account.unfinished == 1


@pytest.mark.parametrize("promiscuous", [False, True])
def test_promiscuous_mode_lasts_as_long_as_the_capture(wire, promiscuous):
    with wire.here.entered():
        with open_live(["w0"], promiscuous=promiscuous):
            during = run("ip", "-d", "link", "show", "w0").stdout
        assert f"promiscuity {int(promiscuous)} " in during
        assert "promiscuity 0 " in run("ip", "-d", "link", "show", "w0").stdout


def test_a_snapshot_keeps_so_many_octets(wire, engine):
    with wire.here.entered():
        live = open_live(["w0"], snaplen=60, engine=engine)
    with live:
        wire.ping("192.0.1.1")
        batches, _ = take(live, at_least(2))
    batch = Batch.join(batches)
    assert set((batch.frame_end - batch.frame_start).tolist()) == {60}


# --- what cannot be -------------------------------------------------------------------------------------------------


def test_an_interface_that_is_not_there_is_told_with_those_there_are():
    with pytest.raises(
        NoInterfaceError, match=r"there is no interface 'nope7'; there are .*lo \(up, .*127\.0\.0\.1"
    ):
        open_live(["nope7"])


@pytest.mark.parametrize("engine", ["auto", "ring"])
def test_without_rights_nothing_is_opened(engine, monkeypatch):
    monkeypatch.setattr("socket.socket", refusing())
    with pytest.raises(NoRightsError, match="CAP_NET_RAW"):
        open_live(["lo"], engine=engine)


def test_where_there_is_no_ring_scapy_captures(wire, monkeypatch):
    monkeypatch.setattr("dissector.capture.live.ring._TPACKET_V3", 99)
    with wire.here.entered():
        with pytest.raises(CaptureError, match="gives no ring"):
            open_live(["w0"], engine="ring")
        live = open_live(["w0"])
    with live:
        assert live.engine == "scapy"
        _, notices = take(live, lambda _batches, notices: notices)
    assert "scapy captures instead" in notices[0]


@pytest.mark.parametrize(("size", "names", "most"), [(1 << 30, ["lo"], 512), (300 << 20, ["lo", "any"], 256)])
def test_more_than_half_of_the_memory_is_refused_before_the_kernel_is_asked(monkeypatch, size, names, most):
    monkeypatch.setattr(room, "available", lambda: 1 << 30)
    monkeypatch.setattr("socket.socket", refusing())
    with pytest.raises(BufferSizeError, match=f"half of the 1,024 MiB .* at most {most} MiB"):
        open_live(names, buffer=size)
    with pytest.raises(NoRightsError):  # so it comes as far as to a socket
        open_live(names, buffer=most << 20)


def test_the_usual_size_is_for_every_machine(monkeypatch):
    monkeypatch.setattr(room, "available", lambda: 16 << 20)
    room.check(room.ALWAYS, 3)
    with pytest.raises(BufferSizeError):
        room.check(room.ALWAYS + 1, 1)


def test_memory_is_what_the_kernel_says(tmp_path, monkeypatch):
    told = tmp_path / "meminfo"
    monkeypatch.setattr(room, "MEMORY", told)
    told.write_text("MemTotal:       24601500 kB\nMemFree:  77 kB\nMemAvailable:   1024 kB\n")
    assert room.available() == 1 << 20
    told.unlink()
    assert room.available() == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def test_a_wrong_filter_is_told_before_anything_is_opened():
    pytest.importorskip("scapy.libs.winpcapy", reason="libpcap is missing", exc_type=OSError)
    with pytest.raises(CaptureFilterError, match="syntax error"):
        open_live(["lo"], bpf="icmp foo")


def test_a_filter_that_has_its_tag_last_is_told_where_it_goes():
    pytest.importorskip("scapy.libs.winpcapy", reason="libpcap is missing", exc_type=OSError)
    with pytest.raises(CaptureFilterError, match=r"rejects all packets; 'vlan' moves .* 'vlan 12 and icmp'"):
        open_live(["lo"], bpf="icmp and vlan 12")


@pytest.mark.parametrize("name", ["tour", "links", "findings"])
def test_passing_batches_say_the_same_while_they_last(name):
    def told(passing):
        with open_capture(ROOT / "pcaps" / f"{name}.pcapng") as reader:
            origin = Origin(name, "live", reader.interfaces)
            messages = Messages(origin, tunnels=True, reassemble=True, passing=passing)
            lines = Lines("a", name_files=False, color=False)
            text = []
            for block in reader:
                for batch in messages.of(block):
                    text += map(bytes, lines.text(batch, Answers.none(len(batch))))
            for batch in messages.finish():
                text += map(bytes, lines.text(batch, Answers.none(len(batch))))
            return b"".join(text)

    assert told(passing=True) == told(passing=False) != b""


def test_interfaces_are_listed_as_ip_lists_them(wire):
    with wire.here.entered():
        run("ip", "link", "add", "d0", "type", "veth", "peer", "name", "d1")
        found = {device.name: device for device in interfaces()}
        listed = run("ip", "-o", "link").stdout
    names = [line.split(":")[1].split("@")[0].strip() for line in listed.splitlines()]
    assert sorted(found) == sorted([*names, "any"])
    assert found["w0"].up
    assert not found["d0"].up
    assert {"192.0.1.1", "2001:db8:1::1"} < set(found["w0"].addresses)
    assert found["w0"].addresses[0] == "192.0.1.1"
    assert found["w0"].description == "Ethernet, veth"
    assert str(found["d0"]) == "d0 (down)"
    assert found["any"].link_type == -1
