"""What the tests of the command ``ping`` have in common."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from ping.net import GROUPS, IP, RESPONDER, Net


@pytest.fixture(scope="package")
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
