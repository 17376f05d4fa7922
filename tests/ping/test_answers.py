"""The command ``ping`` against real kernels: what answers, and what is no answer."""

from __future__ import annotations

import re

import pytest

from ping.net import FAST, Net


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
