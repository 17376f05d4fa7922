"""The command ``ping`` against real kernels: hosts and a router made of network namespaces."""

from __future__ import annotations

import json
import os
import pwd
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from types import SimpleNamespace
from typing import NamedTuple

import pytest
from places import ROOT

from dissector.cli.endings import ENDINGS
from dissector.cli.ping import signals

IP = shutil.which("ip") or ""
NOBODY = 65534
GROUPS = "net.ipv4.ping_group_range"


class Run(NamedTuple):
    """What a run left."""

    code: int
    out: str
    err: str

    @property
    def records(self):
        return [json.loads(line) for line in self.out.splitlines()]

    def only(self, event):
        return [record for record in self.records if record["event"] == event]


def tool(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"
    return done.stdout


class Net:
    """A prober, a router and a host: 10.71.1.1 — 10.71.1.254 | 10.71.2.254 — 10.71.2.1, and the same in IPv6."""

    HOST, HOST6, ROUTER, ROUTER6 = "10.71.2.1", "fd71:2::1", "10.71.1.254", "fd71:1::fe"
    NOWHERE, FILTERED = "10.71.9.9", "10.71.8.8"
    CROWD = "10.71.128.0"

    def __init__(self):
        self.names = {role: f"dping{os.getpid()}{role}" for role in "pra"}

    def ip(self, role, *words):
        tool(IP, "-n", self.names[role], *words)

    def inside(self, role, *words):
        return [IP, "netns", "exec", self.names[role], *words]

    def sysctl(self, role, *settings):
        tool(*self.inside(role, "sysctl", "-qw", *settings))

    def make(self):
        for name in self.names.values():
            tool(IP, "netns", "add", name)
        for role in self.names:
            # No address has to be tentative for a second before it can be used.
            self.sysctl(role, "net.ipv6.conf.default.accept_dad=0")
        for one, other, link in (("p", "r", "1"), ("a", "r", "2")):
            ends = ("link", "add", f"v{link}", "type", "veth", "peer", "name", f"w{link}", "netns")
            self.ip(one, *ends, self.names[other])
            for role, device, host in ((one, f"v{link}", "1"), (other, f"w{link}", "254")):
                six = "1" if host == "1" else "fe"
                self.ip(role, "address", "add", f"10.71.{link}.{host}/24", "dev", device)
                self.ip(role, "address", "add", f"fd71:{link}::{six}/64", "dev", device, "nodad")
                self.ip(role, "link", "set", device, "up")
                self.ip(role, "link", "set", "lo", "up")
        self.sysctl("r", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        self.sysctl("r", "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0")
        self.sysctl("a", "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0")
        for role, link in (("p", "1"), ("a", "2")):
            self.ip(role, "route", "add", "default", "via", f"10.71.{link}.254")
            self.ip(role, "-6", "route", "add", "default", "via", f"fd71:{link}::fe")
        self.ip("r", "route", "add", "unreachable", "10.71.9.0/24")
        self.ip("r", "-6", "route", "add", "unreachable", "fd71:9::/64")
        self.ip("r", "route", "add", "prohibit", "10.71.8.0/24")
        self.ip("r", "route", "add", "10.71.128.0/17", "via", self.HOST)
        self.ip("a", "route", "add", "local", "10.71.128.0/17", "dev", "lo")
        self.sysctl("a", "net.ipv4.icmp_echo_enable_probe=1")

    def wait(self):
        """Wait until both ways lead to the host; a new link may take some seconds."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.ping("-n", "1", "-w", "300ms", self.HOST, self.HOST6).code == 0:
                return
        pytest.fail("the hosts of this test do not reach each other")

    def remove(self):
        for name in self.names.values():
            subprocess.run([IP, "netns", "delete", name], capture_output=True, check=False)

    def command(self, *arguments):
        return self.inside("p", sys.executable, "-P", "-m", "dissector", "ping", *arguments)

    def ping(self, *arguments, stdin=""):
        done = subprocess.run(
            self.command(*arguments), input=stdin, capture_output=True, text=True, timeout=120, check=False
        )
        return Run(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments):
        return subprocess.Popen(
            self.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )


@pytest.fixture(scope="module")
def net():
    if os.geteuid() or not IP:
        pytest.skip("network namespaces need root and the command ip")
    made = Net()
    try:
        made.make()
    except AssertionError as error:
        made.remove()
        pytest.skip(f"no network namespaces here: {error}")
    try:
        made.wait()
        yield made
    finally:
        made.remove()


@pytest.fixture
def everybody(net):
    """Let everybody send echoes."""
    net.sysctl("p", f"{GROUPS}=0 2147483647")
    yield net
    net.sysctl("p", f"{GROUPS}=1 0")


@pytest.fixture(params=["datagram", "raw"])
def engine(request):
    request.getfixturevalue("everybody")
    return request.param


RESPONDER = """
import socket, struct, sys, threading
def checksum(octets):
    number = int.from_bytes(octets + b"\\0" * (len(octets) % 2))
    return 0xFFFF - (number % 0xFFFF or 0xFFFF)
def icmp(kind, code, rest):
    octets = bytes((kind, code, 0, 0)) + rest
    return octets[:2] + checksum(octets).to_bytes(2) + octets[4:]
def ip(src, dst, payload):
    size = 20 + len(payload)
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, size, 0, 0, 64, 1, 0, socket.inet_aton(src), socket.inet_aton(dst))
    return head + payload
listener = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
print("ready", flush=True)
while True:
    packet, _ = listener.recvfrom(65535)
    message = packet[20:]
    if message[0] != 8:
        continue
    src, dst = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
    def send(octets, source=dst):
        sender.sendto(ip(source, src, octets), (src, 0))
    data = message[8:]
"""


@pytest.fixture
def responder(net):
    """Return a function that lets a program answer echoes in the kernel's place."""
    started = []
    net.sysctl("a", "net.ipv4.icmp_echo_ignore_all=1")

    def answer(body):
        program = RESPONDER + textwrap.indent(textwrap.dedent(body), "    ")
        process = subprocess.Popen(
            net.inside("a", sys.executable, "-c", program), stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout.readline() == "ready\n"

    yield answer
    for process in started:
        process.kill()
        process.communicate()
    net.sysctl("a", "net.ipv4.icmp_echo_ignore_all=0")


FAST = ("-i", "20ms", "-w", "500ms")


@pytest.mark.parametrize("address", [Net.HOST, Net.HOST6])
def test_a_host_answers(engine, net, address):
    run = net.ping("--engine", engine, "-n", "3", *FAST, "--json", address)
    assert run.code == 0, run.err
    replies = run.only("reply")
    assert [reply["probe"] for reply in replies] == [1, 2, 3]
    assert all(reply["ttl"] == 63 and reply["source"] == address for reply in replies)
    assert all(reply["message"]["checksum_status"] == "good" for reply in replies)
    assert all(0 < reply["rtt_ns"] < 500_000_000 for reply in replies)
    (target,) = run.only("target")
    assert (target["sent"], target["received"], target["lost"]) == (3, 3, 0)
    assert target["rtt_ns"]["min"] <= target["rtt_ns"]["median"] <= target["rtt_ns"]["max"]


@pytest.mark.parametrize("address", [Net.HOST, Net.HOST6, "127.0.0.1"])
def test_a_host_answers_through_scapy(net, address):
    run = net.ping("--engine", "scapy", "-n", "2", *FAST, "--json", address)
    assert run.code == 0, run.err
    assert len(run.only("reply")) == 2
    assert all(reply["message"]["checksum_status"] == "good" for reply in run.only("reply"))


def test_the_line_of_an_answer_is_like_pings(net):
    run = net.ping("-n", "1", net.HOST)
    first = run.out.splitlines()[0]
    assert first.startswith(f"64 octets from {net.HOST}: seq=1 ttl=63 time=")
    assert first.endswith(" ms")
    assert max(map(len, run.out.splitlines())) <= 80


def test_all_octets_of_data_come_back(engine, net):
    run = net.ping("--engine", engine, "-n", "1", "-s", "1001", "--json", net.HOST)
    assert run.only("reply")[0]["message"]["data_length"] == 1001
    run = net.ping("--engine", engine, "-n", "1", "-s", "0", "--json", net.HOST, net.HOST6)
    assert run.code == 0
    run = net.ping("--engine", engine, "-n", "1", "-d", "this is icmp databody", "--json", net.HOST)
    assert run.only("reply")[0]["message"]["data_length"] == 21


def test_data_longer_than_a_packet_are_fragmented_unless_told_not_to(engine, net):
    assert net.ping("--engine", engine, "-n", "1", "-s", "4000", net.HOST).code == 0
    run = net.ping("--engine", engine, "-n", "1", "-s", "4000", "--df", "--json", net.HOST)
    assert run.only("failed")[0]["reason"] == "Message too long"
    assert run.code == 1


def test_a_router_tells_its_mtu(engine, net):
    net.ip("r", "link", "set", "w2", "mtu", "1300")
    try:
        run = net.ping("--engine", engine, "-n", "1", "-s", "1400", "--df", "--json", net.HOST, net.HOST6)
    finally:
        net.ip("r", "link", "set", "w2", "mtu", "1500")
    errors = {error["address"]: error["message"] for error in run.only("error")}
    assert errors[net.HOST]["fields"]["next_hop_mtu"] == 1300
    assert errors[net.HOST6]["fields"]["mtu"] == 1300


def test_a_timestamp_is_answered(net):
    run = net.ping("--type", "timestamp", "-n", "2", *FAST, "--json", net.HOST)
    assert run.code == 0
    fields = run.only("reply")[0]["message"]["fields"]
    assert fields["originate_ms"] is not None
    assert abs(fields["receive_ms"] - fields["originate_ms"]) < 1000
    line = net.ping("--type", "timestamp", "-n", "1", net.HOST).out.splitlines()[0]
    assert "Timestamp Reply" in line
    (received,) = (int(word.partition("=")[2]) for word in line.split() if word.startswith("receive="))
    assert 0 <= received - fields["receive_ms"] < 60_000


@pytest.mark.parametrize("kind", ["address-mask", "information"])
def test_linux_leaves_old_queries_unanswered(net, kind):
    run = net.ping("--type", kind, "-n", "1", "-w", "200ms", "--json", net.HOST)
    assert run.code == 1
    assert [event["event"] for event in run.records] == ["timeout", "target"]


@pytest.mark.parametrize(
    ("interface", "state"),
    [("v2", True), ("10.71.2.1", True), ("fd71:2::1", True), ("nosuch0", False)],
)
@pytest.mark.parametrize("address", [Net.HOST, Net.HOST6])
def test_an_interface_is_asked_about(net, address, interface, state):
    run = net.ping("--type", "extended-echo", "--interface", interface, "-n", "1", "--json", address)
    assert run.code == 0, run.err + run.out
    message = run.only("reply")[0]["message"]
    assert message["name"] == "Extended Echo Reply"
    assert message["fields"]["active"] is state
    assert message["code"] == (0 if state else 2)


@pytest.mark.parametrize("address", [Net.NOWHERE, "fd71:9::9"])
def test_an_error_about_a_probe_ends_it(engine, net, address):
    run = net.ping(
        "--engine", engine, "-n", "1", *FAST, "--json", address
    )  # Linux sends five in a row at most
    assert run.code == 1
    errors = run.only("error")
    assert [error["probe"] for error in errors] == [1]
    router = net.ROUTER if "." in address else net.ROUTER6
    assert all(error["source"] == router for error in errors)
    kinds = {(error["message"]["type"], error["message"]["code"]) for error in errors}
    assert kinds == ({(3, 1)} if "." in address else {(1, 3)} if kinds == {(1, 3)} else {(1, 0)})
    assert all(error["message"]["quoted"]["dst"] == address for error in errors)
    (target,) = run.only("target")
    assert (target["errors"], target["received"], target["lost"]) == (1, 0, 1)


def test_the_line_of_an_error_names_it(net):
    run = net.ping("-n", "1", net.NOWHERE)
    text = "Destination Unreachable, Host Unreachable (type 3 code 1) about seq=1"
    assert run.out.splitlines()[0] == f"from {net.ROUTER}: {text}"
    run = net.ping("-n", "1", net.FILTERED, net.NOWHERE)
    assert f"(type 3 code 13) about seq=1 to {net.FILTERED}" in run.out


@pytest.mark.parametrize("address", [Net.HOST, Net.HOST6])
def test_a_ttl_of_one_ends_at_the_router(engine, net, address):
    run = net.ping("--engine", engine, "-n", "1", "-t", "1", "--json", address)
    (error,) = run.only("error")
    assert error["message"]["name"] == "Time Exceeded"
    assert error["source"] == (net.ROUTER if address == net.HOST else net.ROUTER6)


def test_duplicates_are_told(net, responder):
    responder("send(icmp(0, 0, message[4:])); send(icmp(0, 0, message[4:]))")
    run = net.ping("-n", "3", *FAST, "--json", net.HOST)
    assert run.code == 0
    (target,) = run.only("target")
    assert (target["received"], target["lost"]) == (3, 0)
    assert target["duplicates"] >= 2
    assert sum(reply["duplicate"] for reply in run.only("reply")) == target["duplicates"]


def test_losses_are_counted(net, responder):
    responder("if message[7] == 2: send(icmp(0, 0, message[4:]))")
    run = net.ping("-n", "3", "-i", "20ms", "-w", "300ms", net.HOST)
    assert run.code == 0
    assert f"no answer from {net.HOST}: seq=3" in run.out
    assert re.search(rf"{net.HOST} +3 +1 +66.7", run.out)


def test_a_late_answer_is_told_as_late(net, responder):
    responder("threading.Timer(0.3, send, (icmp(0, 0, message[4:]),)).start()")
    run = net.ping("-n", "4", "-i", "200ms", "-w", "200ms", "--json", net.HOST)
    events = [(record["event"], record["probe"]) for record in run.records if "probe" in record]
    assert events.index(("timeout", 1)) < events.index(("reply", 1))
    assert run.only("reply")[0]["late"] is True
    (target,) = run.only("target")
    assert target["late"] == target["received"] >= 2


def test_altered_data_are_told(net, responder):
    responder("send(icmp(0, 0, message[4:8] + data[:40] + b'\\xff' + data[41:]))")
    run = net.ping("-n", "1", "--json", net.HOST)
    assert run.only("reply")[0]["altered"] == "octet 40 is 0xff, was 0x28"
    assert run.only("target")[0]["altered"] == 1
    assert "(altered: octet 40 is 0xff, was 0x28)" in net.ping("-n", "1", net.HOST).out


def test_data_cut_on_the_way_are_told(net, responder):
    responder("send(icmp(0, 0, message[4:8] + data[:32]))")
    run = net.ping("-n", "1", "--json", net.HOST)
    assert run.only("reply")[0]["altered"] == "32 octets came back of 56"


def test_an_answer_without_our_cookie_is_none(net, responder):
    responder("send(icmp(0, 0, message[4:8] + bytes(56)))")
    run = net.ping("-n", "1", "-w", "300ms", "--json", net.HOST)
    assert run.code == 1
    assert run.only("refused")[0]["reason"] == "its data are not those that were sent"
    assert not run.only("reply")
    (target,) = run.only("target")
    assert (target["refused"], target["altered"], target["lost"]) == (1, 0, 1)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("icmp(0, 0, bytes((message[4] ^ 1,)) + message[5:])", r"identifier is \d+, was \d+"),
        ("icmp(0, 0, message[4:6] + bytes((0x12, 0x34)) + data)", "sequence number is 4660, was 1"),
        ("icmp(0, 7, message[4:])", "code is 7, was 0"),
        (
            "icmp(0, 7, message[4:6] + bytes((0x12, 0x34)) + data[:40])",
            "code is 7, was 0, sequence number is 4660, was 1, 40 octets came back of 56",
        ),
    ],
)
def test_numbers_changed_on_the_way_are_told(net, responder, sent, told):
    responder(f"send({sent})")
    run = net.ping("--engine", "raw", "-n", "1", "--json", net.HOST)
    assert run.code == 0
    assert re.fullmatch(told, run.only("reply")[0]["altered"])
    assert run.only("target")[0]["altered"] == 1


def test_the_table_counts_what_the_lines_say(net, responder):
    responder("""
        number = message[7]
        octets = icmp(0, 0, message[4:8] + (data[:40], bytes(56), data, data, data[:39])[number - 1])
        send(octets[:2] + bytes(2) + octets[4:] if number == 3 else octets)
    """)
    out = net.ping("--engine", "raw", "-n", "5", "-i", "20ms", "-w", "300ms", net.HOST).out
    assert out.count("(altered: ") == 2
    assert out.count("no answer: from ") == 2
    assert re.search(r"target +sent +received +lost % +altered +refused\n", out)
    assert re.search(rf"{net.HOST} +5 +3 +40.0 +2 +2\n", out)


def test_an_answer_with_a_wrong_checksum_is_none(net, responder):
    responder("octets = icmp(0, 0, message[4:]); send(octets[:2] + b'\\x12\\x34' + octets[4:])")
    run = net.ping("--engine", "raw", "-n", "1", "-w", "300ms", "--json", net.HOST)
    assert run.code == 1
    assert run.only("refused")[0]["reason"] == "its checksum is wrong"


def test_an_answer_from_another_address_is_told(net, responder):
    responder("send(icmp(0, 0, message[4:]), '10.71.200.7')")
    run = net.ping("--engine", "raw", "-n", "1", "--json", net.HOST)
    (reply,) = run.only("reply")
    assert reply["elsewhere"] is True
    assert reply["source"] == "10.71.200.7"
    assert "from 10.71.200.7: seq=1" in (out := net.ping("--engine", "raw", "-n", "1", net.HOST).out)
    assert f"(asked {net.HOST})" in out


def test_what_is_about_the_probes_of_others_is_not_taken(net, responder):
    responder("""
        other = bytes((message[4] ^ 1,)) + message[5:8]
        for rest in (other, message[4:7] + bytes((message[7] ^ 0x80,))):
            send(icmp(0, 0, rest + data))                                     # another's answer, same data
        quote = packet[:20] + message
        away = bytes((10, 71, 2, 9))
        send(icmp(3, 1, bytes(4) + packet[:16] + away + message))             # about another destination
        send(icmp(3, 1, bytes(4) + packet[:24] + other + data))               # another's identifier
        send(icmp(3, 1, bytes(4) + packet[:28] + bytes(len(data))))           # without our cookie
        send(icmp(3, 1, bytes(4) + packet[:9] + b"\\x11" + packet[10:]))      # about a UDP datagram
    """)
    run = net.ping("-n", "1", "-w", "300ms", "--json", net.HOST)
    # The first two have our stamp: whoever returns our data answers us. The rest is nobody's.
    assert not run.only("error")
    assert run.only("target")[0]["errors"] == 0


def test_a_thousand_addresses_answer(engine, net, tmp_path):
    log = tmp_path / "log.jsonl"
    run = net.ping("--engine", engine, "-n", "1", "--log", log, "--json", "10.71.128.1-10.71.131.232")
    assert run.code == 0
    assert len({reply["address"] for reply in run.only("reply")}) == 1000
    assert all(reply["source"] == reply["address"] for reply in run.only("reply"))
    assert [json.loads(line) for line in log.read_text().splitlines()] == run.records


def test_the_silent_among_many_are_counted_not_listed(net):
    run = net.ping("-n", "1", "-w", "200ms", "10.71.128.0/28", "10.71.2.200-230")
    assert run.code == 1
    assert "of 45 targets silent" in run.out
    assert "no answer from" not in run.out


def test_targets_come_from_a_file(net, tmp_path):
    targets = tmp_path / "targets"
    targets.write_text(f"# hosts\n{net.HOST}  # the host\n\n{net.ROUTER} {net.HOST6}\n")
    assert len(net.ping("-n", "1", "--json", "--file", targets).only("reply")) == 3
    assert (
        len(net.ping("-n", "1", "--json", "--file", "-", stdin=f"{net.HOST}\n{net.HOST}").only("reply")) == 1
    )


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (
            f"# hosts\n{Net.HOST}\n10.0.0.0/33  # too long\n".encode(),
            "{0}, line 3: 10.0.0.0/33 is no network",
        ),
        (b"10.0.0.1-x", "{0}, line 1: 10.0.0.1-x is no range"),
        (
            b"\n\nfe80::1%nosuch",
            "{0}, line 3: fe80::1%nosuch: there is no interface nosuch; there are lo, v1",
        ),
        (b"\x7fELF\x02\x01\x01\0", "{0} is not a list of targets: line 1 is no text"),
        ("10.0.0.1\n".encode("utf-16"), "{0} is not a list of targets: line 1 is no text"),
        (b"10.0.0.1\n" + b" " * (1 << 20), "{0} is not a list of targets: line 2 is no text"),
    ],
)
def test_what_is_wrong_with_a_file_of_targets_is_told_with_its_place(net, tmp_path, octets, said):
    targets = tmp_path / "targets"
    targets.write_bytes(octets)
    run = net.ping("--file", targets)
    assert run.code == 2
    assert f"Error: {said.format(targets)}" in run.err
    assert not run.out


def test_a_name_in_a_file_that_does_not_resolve_is_told_with_its_place(net, tmp_path):
    targets = tmp_path / "targets"
    # Some editors begin a text with a byte order mark.
    targets.write_text(f"{net.HOST}\nno.such.name.invalid\n", encoding="utf-8-sig")
    run = net.ping("-n", "1", "--file", targets)
    assert run.code == 2
    assert f"{targets}, line 2: no.such.name.invalid did not resolve" in run.err
    assert f"from {net.HOST}" in run.out
    run = net.ping("--file", "-", stdin="10.0.0.9-3")
    assert "standard input, line 1: 10.0.0.9-3 is no range" in run.err


def test_a_multicast_target_needs_to_be_meant(net):
    run = net.ping("-n", "1", "ff02::1%v1")
    assert run.code == 2
    assert "-b" in run.err
    run = net.ping("-b", "-n", "1", "-w", "200ms", "--json", "ff02::1%v1")
    assert run.code == 0
    assert len({reply["source"] for reply in run.only("reply")}) == 2


@pytest.mark.parametrize("target", ["10.71.1.255", "255.255.255.255", "10.71.1.250-255"])
def test_a_broadcast_target_needs_to_be_meant(net, target):
    run = net.ping("-n", "1", target)
    assert run.code == 2
    assert "is a broadcast address, many hosts may answer: -b if that is meant" in run.err
    assert not run.out


def test_a_broadcast_address_within_a_range_is_not_sent_to(net):
    run = net.ping("-n", "1", "-w", "200ms", "--json", "10.71.1.254-10.71.2.1")
    assert run.only("failed")[0]["reason"] == "Permission denied: it is a broadcast address"
    assert {reply["address"] for reply in run.only("reply")} >= {"10.71.1.254", "10.71.2.1"}
    # A route that prohibits is refused in the same words.
    net.ip("p", "route", "add", "prohibit", "10.71.7.0/24")
    assert net.ping("-n", "1", "--json", "10.71.7.1").only("failed")[0]["reason"] == "Permission denied"


def test_who_answers_a_broadcast_answers_from_no_other_place(net):
    net.sysctl("r", "net.ipv4.icmp_echo_ignore_broadcasts=0")
    run = net.ping("-b", "-n", "1", "-w", "200ms", "--json", "10.71.1.255")
    net.sysctl("r", "net.ipv4.icmp_echo_ignore_broadcasts=1")
    assert run.code == 0
    assert [(reply["source"], reply["elsewhere"]) for reply in run.only("reply")] == [(net.ROUTER, False)]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("224.0.0.1", "224.0.0.1 is a multicast address, many hosts may answer; a path leads to one"),
        ("10.71.1.255", "10.71.1.255 is a broadcast address, many hosts may answer; a path leads to one"),
        ("fe80::1%nosuch", "there is no interface nosuch; there are lo, v1"),
    ],
)
def test_no_path_is_traced_to_what_is_no_single_host(net, target, said):
    done = subprocess.run(
        net.inside("p", sys.executable, "-P", "-m", "dissector", "trace", target),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert not done.stdout


def test_an_interface_that_is_not_there_is_told_with_those_that_are(net):
    for arguments, code in (
        (("fe80::1%nosuch",), 2),
        (("-I", "fe80::1%nosuch", net.HOST6), 1),
        (("-I", "nosuch", net.HOST6), 1),
    ):
        run = net.ping("-n", "1", *arguments)
        assert run.code == code
        assert "nosuch" in run.err
        assert run.err.endswith("; there are lo, v1\n")
        assert not run.out


def test_an_interface_may_have_a_dash_in_its_name(net):
    net.ip("p", "link", "add", "br-x", "type", "veth", "peer", "name", "br-y")
    try:
        run = net.ping("-n", "1", "-w", "100ms", "fe80::1%br-x")
    finally:
        net.ip("p", "link", "delete", "br-x")
    assert run.code == 1
    assert "fe80::1%br-x" in run.out


def test_probes_under_way_are_not_lost_in_tables_in_between(net, responder):
    responder("if message[7] == 1: send(icmp(0, 0, message[4:]))")
    process = net.start("--forever", "-i", "50ms", "--summary-every", "200ms", "--json", "-w", "1m", net.HOST)
    summaries = []
    for line in process.stdout:
        record = json.loads(line)
        if record["event"] == "summary":
            summaries.append((record["sent"], record["received"], record["waiting"], record["lost"]))
        if len(summaries) == 2:
            break
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    last = json.loads(out.splitlines()[-1])
    summaries.append((last["sent"], last["received"], last["waiting"], last["lost"]))
    assert summaries == [(sent, 1, sent - 1, 0) for sent, *_ in summaries]
    assert summaries[0][0] > 2


def test_no_wait_is_too_long_for_the_system(net):
    process = net.start("-n", "2", "-i", f"{10**17}h", "-w", f"{10**17}h", "--rate", "1e-300", net.HOST)
    assert f"from {net.HOST}" in process.stdout.readline()
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert "Round-trip times" in out


def test_ctrl_c_prints_the_table(net):
    process = net.start("--forever", "-i", "50ms", net.HOST)
    for _ in range(3):
        process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert "Round-trip times, ms" in out
    assert "Traceback" not in err


def test_a_signal_shows_the_tables_in_between(net):
    process = net.start("--forever", "-i", "50ms", "-q", "--summary-every", "200ms", net.HOST)
    text = ""
    while text.count("Probes") < 2:
        text += process.stdout.readline()
    process.send_signal(signal.SIGUSR1)
    while text.count("Probes") < 3:
        text += process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_who_asks_before_it_sends_is_answered_then(monkeypatch):
    asked = []
    monkeypatch.setattr(ENDINGS, "asked", True)
    with signals(SimpleNamespace(stop=None, summarise=lambda: asked.append("summary"))):
        assert asked == ["summary"]


def test_a_log_survives_being_killed(net, tmp_path):
    log = tmp_path / "log.jsonl"
    process = net.start("--forever", "-i", "10ms", "--log", log, net.HOST)
    for _ in range(20):
        process.stdout.readline()
    process.kill()
    process.communicate()
    records = [json.loads(line) for line in log.read_text().splitlines()]
    assert len(records) >= 19
    assert [record["probe"] for record in records] == list(range(1, len(records) + 1))


def test_without_rights_the_ways_are_told_least_privilege_first(net):
    program = [sys.executable, "-P", "-m", "dissector", "ping"]
    words = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    if not shutil.which("setpriv"):
        pytest.skip("needs the command setpriv")
    run = subprocess.run(
        net.inside("p", *words, *program, "-n", "1", "-d", "two words", net.HOST),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert run.stderr.startswith("error: not allowed to send echo probes\n")
    this = shlex.join([sys.executable, "-m", "dissector", "ping", "-n", "1", "-d", "two words", net.HOST])
    become = f"--reuid {pwd.getpwuid(NOBODY).pw_name} --regid {NOBODY} --init-groups"
    assert [line.strip() for line in run.stderr.splitlines() if line.startswith("     ")] == [
        f'sudo sysctl -w {GROUPS}="0 2147483647"',
        f"sudo setpriv {become} --inh-caps +net_raw --ambient-caps +net_raw {this}",
        f"sudo {this}",
    ]


@pytest.mark.parametrize(
    ("arguments", "ways"),
    [
        (("--engine", "datagram"), ["sysctl"]),
        (("--engine", "raw"), ["setpriv", sys.executable]),
        (("--type", "timestamp"), ["setpriv", sys.executable]),
    ],
)
def test_only_ways_are_told_that_help(net, arguments, ways):
    words = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    if not shutil.which("setpriv"):
        pytest.skip("needs the command setpriv")
    run = subprocess.run(
        net.inside("p", *words, sys.executable, "-P", "-m", "dissector", "ping", *arguments, net.HOST),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert re.findall(r"^ {5}sudo (\S+)", run.stderr, re.MULTILINE) == ways


def test_nobody_may_ping_where_everybody_may(everybody):
    net = everybody
    words = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    if not shutil.which("setpriv"):
        pytest.skip("needs the command setpriv")
    run = subprocess.run(
        net.inside("p", *words, sys.executable, "-P", "-m", "dissector", "ping", "-n", "1", net.HOST),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "(datagram socket)" in run.stderr


def test_an_unprivileged_ping_of_this_host(dissector):
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP).close()
    except OSError:
        pytest.skip("net.ipv4.ping_group_range does not let this user send echoes")
    run = dissector("ping", "--engine", "datagram", "-n", "1", "127.0.0.1")
    assert run.code == 0
    assert "64 octets from 127.0.0.1: seq=1 ttl=" in run.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no target"),
        (("10.0.0.0/8",), "--many"),
        (("224.0.0.1",), "-b"),
        (("-w", "soon", "127.0.0.1"), "is no duration"),
        (("--rate", "nan", "127.0.0.1"), "'nan' is no finite number"),
        (("--rate", "inf", "127.0.0.1"), "'inf' is no finite number"),
        (("--rate", "1e999", "127.0.0.1"), "'1e999' is no finite number"),
        (("--rate", "0", "127.0.0.1"), "is not in the range"),
        (("-d", "hex:0", "127.0.0.1"), "is no hex"),
        (("-6", "127.0.0.1"), "is no IPv6 address"),
        (("--type", "timestamp", "::1"), "no message of ICMPv6"),
        (("--type", "timestamp", "--engine", "datagram", "127.0.0.1"), "echoes only"),
        (("--type", "extended-echo", "127.0.0.1"), "--interface"),
        (("--interface", "eth0", "127.0.0.1"), "belong to --type extended-echo"),
        (("--type", "extended-echo", "--neighbor", "--interface", "eth0", "127.0.0.1"), "by an address only"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_sent(dissector, arguments, said):
    run = dissector("ping", *arguments)
    assert run.code == 2
    assert said in run.err


def test_every_target_that_is_silent_makes_the_exit_code_one(net):
    assert net.ping("-n", "1", "-w", "200ms", net.HOST, "10.71.2.99").code == 1
    assert net.ping("-n", "1", net.HOST, net.HOST6).code == 0


def test_a_name_that_does_not_resolve_makes_it_two(net):
    run = net.ping("-n", "1", "no.such.name.invalid", net.HOST)
    assert run.code == 2
    assert "no.such.name.invalid did not resolve" in run.err
    assert f"from {net.HOST}" in run.out


def commands():
    """Return every command line that the pages about probing show."""
    found = {}
    for page in ("ping.md", "source-programs.md"):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        shell = "\n".join(re.findall(r"(?<=^```sh\n).*?(?=^```$)", text, re.DOTALL | re.MULTILINE))
        found |= dict.fromkeys(re.findall(r"`(dissector ping [^`]*)`", text) + shell.splitlines())
    return [line for line in found if line]


@pytest.fixture
def example(everybody):
    """Let the host be all the addresses of the pages."""
    net = everybody
    for role, where in (("r", ["via", net.HOST]), ("a", ["dev", "lo"])):
        local = ["local"] if role == "a" else []
        net.ip(role, "route", "replace", *local, "192.0.2.0/24", *where)
        six = ["via", net.HOST6] if role == "r" else where
        net.ip(role, "-6", "route", "replace", *local, "2001:db8::/64", *six)
    return net


@pytest.mark.parametrize("line", commands())
def test_a_command_of_the_pages_does_what_they_say(example, tmp_path, line):
    (tmp_path / "targets.txt").write_text("192.0.2.1\n192.0.2.2\n")
    program = f"{shlex.quote(sys.executable)} -P -m dissector ping"
    if "--forever" in line:
        program = f"timeout --preserve-status -s INT 3 {program}"
    words = example.inside("p", "bash", "-c", line.replace("dissector ping", program))
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " from " in done.stdout or '"reply"' in done.stdout
