"""The command ``ping``: many targets, from files, by name, and those that must be meant."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ping.net import Net


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
