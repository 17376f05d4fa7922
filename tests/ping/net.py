"""Hosts that ping each other, made of network namespaces, and the command among them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from typing import NamedTuple

import pytest

IP = shutil.which("ip") or ""
NOBODY = 65534
GROUPS = "net.ipv4.ping_group_range"
FAST = ("-i", "20ms", "-w", "500ms")


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
