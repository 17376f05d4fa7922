"""The command ``ping`` without rights, and used wrongly."""

from __future__ import annotations

import pwd
import re
import shlex
import shutil
import socket
import subprocess
import sys

import pytest

from ping.net import GROUPS, NOBODY


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
