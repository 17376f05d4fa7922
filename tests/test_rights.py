"""Rights: what reads hostile octets can do no more than its work takes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from places import ROOT

from dissector.cli import landlock, read, seccomp

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="fences are Linux's")

TOUR = ROOT / "pcaps" / "tour.pcapng"
ALPHABET = re.compile(r"^#define __NR_(\w+) (\d+)$", re.MULTILINE)
AS_NOBODY = {"SUDO_UID": "65534", "SUDO_GID": "65534"}

# Runs the program, and what stands in TRY behind its fence; tells on stderr, as JSON, what came of it.
BEHIND = """
import json, os, sys
from dissector.cli import fence, main

put_up = fence.put_up
def then_try(*given, **named):
    put_up(*given, **named)
    print("TOLD" + json.dumps(attempts()), file=sys.stderr, flush=True)
fence.put_up = then_try

def attempt(function):
    try:
        function()
    except OSError as error:
        return error.strerror
    return "done"

{tries}
sys.argv[0] = "dissector"
main()
"""
ATTEMPTS = """
import ctypes, fcntl, socket, subprocess
from dissector.cli import seccomp

FOLDER = os.environ["FOLDER"]
def call(number, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
def write(path):
    with open(path, "w"): pass
def child():
    if not os.fork():
        os._exit(0 if attempt(socket.socket) == "Operation not permitted" else 1)
    if os.waitstatus_to_exitcode(os.wait()[1]):
        raise OSError(0, "the child may")

def attempts():
    machine = seccomp.this_machine()
    return {
        "socket": attempt(socket.socket),
        "program": attempt(lambda: os.execv("/bin/true", ["true"])),
        "other process": attempt(lambda: call(machine.others["ptrace"], 16, os.getppid(), 0, 0)),
        "namespace": attempt(lambda: call(machine.clone, 0x10000000 | 17, 0, 0, 0, 0)),
        "namespace, other call": attempt(lambda: call(machine.clone3, 0, 0)),
        "keys": attempt(lambda: fcntl.ioctl(0, 0x5412, b"x")),
        "signal to another": attempt(lambda: os.kill(os.getppid(), 0)),
        "read a file that was not named": attempt(lambda: open(FOLDER + "/secret").close()),
        "read a list of accounts": attempt(lambda: open("/etc/passwd").close()),
        "write a file": attempt(lambda: write(FOLDER + "/new")),
        "remove a file": attempt(lambda: os.remove(FOLDER + "/secret")),
        "write a file beside the output": attempt(lambda: write(FOLDER + "/out/new")),
        "read its own library": attempt(lambda: open(os.__file__).close()),
        "child has a fence": attempt(child),
    }
"""
STATUS = """
def attempts():
    opened = []
    sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" else None)
    import atexit
    modules = lambda: [path for path in opened if path.endswith((".py", ".pyc"))]
    atexit.register(lambda: print("TOLD" + json.dumps(modules()), file=sys.stderr))
    with open("/proc/self/status") as file:
        return dict(line.rstrip("\\n").split(":\\t", 1) for line in file if ":\\t" in line)
"""


def behind(tries, *arguments, env=None, stdin=b""):
    """Run the program and return what is told behind its fence, its exit code and its output."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", BEHIND.format(tries=tries), *map(str, arguments)],
        input=stdin,
        capture_output=True,
        env={**os.environ, **(env or {})},
        timeout=120,
        check=False,
    )
    told = [json.loads(line[4:]) for line in done.stderr.decode().splitlines() if line.startswith("TOLD")]
    assert told, done.stderr.decode()
    return told, done.returncode, done.stdout.decode()


def has(fence):
    """Skip where the kernel lacks a fence."""
    from dissector.cli.libc import LIBC

    if fence is landlock and not landlock.abi(LIBC):
        pytest.skip("the kernel has no Landlock")
    if fence is seccomp and seccomp.this_machine() is None:
        pytest.skip("no system calls are known of this machine")


@pytest.mark.parametrize(
    "command",
    [
        ["read", TOUR],
        ["read", "--jobs", "2", TOUR],
        ["summary", TOUR],
        ["decode", "0800f7fd00010001"],
        ["export", TOUR, "-o", "{folder}/out/x.csv"],
        ["query", "select count(*) from messages", TOUR],
    ],
    ids=lambda command: " ".join(map(str, command[:2])),
)
def test_what_reads_can_do_nothing_else(command, tmp_path):
    has(landlock)
    has(seccomp)
    if command[0] == "query":
        pytest.importorskip("duckdb")
    (tmp_path / "secret").write_text("secret", encoding="ascii")
    (tmp_path / "out").mkdir()
    arguments = [str(word).format(folder=tmp_path) for word in command]
    (told,), code, out = behind(ATTEMPTS, *arguments, env={"FOLDER": str(tmp_path)})
    assert code == 0
    assert out or (tmp_path / "out" / "x.csv").stat().st_size
    from dissector.cli.libc import LIBC

    version = landlock.abi(LIBC)
    refused, denied = "Operation not permitted", "Permission denied"
    assert told == {
        "socket": refused,
        "program": refused,
        "other process": refused,
        "namespace": refused,
        "namespace, other call": "Function not implemented",
        "keys": refused,
        "signal to another": refused if version >= 6 else "done",
        "read a file that was not named": denied,
        "read a list of accounts": denied,
        "write a file": denied,
        "remove a file": denied,
        "write a file beside the output": "done" if command[0] == "export" else denied,
        "read its own library": "done",
        "child has a fence": "done",
    }
    assert (tmp_path / "secret").read_text(encoding="ascii") == "secret"


def status_of(pid):
    """Return what /proc tells of a process."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def test_what_reads_has_no_capability_but_those_of_files():
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "dissector", "read", "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            for _ in range(600):
                status = status_of(process.pid)
                if status["NoNewPrivs"] == "1" and status["Seccomp"] == "2":
                    break
                time.sleep(0.05)
        finally:
            process.send_signal(signal.SIGKILL)
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert {int(status[name], 16) & ~0b110 for name in ("CapPrm", "CapEff")} == {0}
    assert int(status["CapInh"], 16) == int(status["CapAmb"], 16) == 0
    if os.geteuid() == 0:
        assert int(status["CapBnd"], 16) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="raw sockets take root")
@pytest.mark.parametrize(
    "command",
    [
        ["ping", "-c", "1", "--engine", "raw", "127.0.0.1"],
        ["ping", "-c", "1", "--engine", "raw", "--json", "::1"],
        ["trace", "--engine", "raw", "127.0.0.1"],
        ["trace", "-T", "--json", "127.0.0.1"],
        ["sniff", "-i", "lo", "-a", "duration:200ms"],
        ["sniff", "-i", "lo", "-a", "duration:200ms", "--live"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("env", [AS_NOBODY, {"SUDO_UID": ""}], ids=["sudo", "root"])
def test_what_has_raw_sockets_has_no_capability(command, env):
    """Nor does it open a module any more, for whoever it is now may not be able to."""
    (status, opened), code, _ = behind(STATUS, *command, env=env)
    assert code == 0
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[name], 16) == 0, name
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    expected = "65534" if env is AS_NOBODY else "0"
    assert set(status["Uid"].split()) == set(status["Gid"].split()) == {expected}
    assert opened == []


@pytest.mark.parametrize("command", [["read", TOUR], ["decode", "0800f7fd00010001"]])
def test_it_works_where_the_kernel_has_no_fence(command):
    tries = (
        "from dissector.cli import landlock, seccomp\n"
        "landlock.abi = lambda libc: 0\nseccomp.this_machine = lambda: None\n"
        "def attempts():\n    import socket\n    return attempt(socket.socket)"
    )
    told, code, out = behind(tries, *command)
    assert (told, code) == (["done"], 0)
    assert out


def test_a_command_inside_another_program_leaves_it_as_it_is():
    before = status_of("self")
    assert CliRunner().invoke(read.command, [str(TOUR)]).exit_code == 0
    after = status_of("self")
    for name in ("CapPrm", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp"):
        assert before[name] == after[name]


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("x86_64", "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
        ("aarch64", "/usr/include/asm-generic/unistd.h"),
    ],
)
def test_system_calls_have_the_numbers_of_the_kernels_headers(name, header):
    if not Path(header).exists():
        pytest.skip(f"{header} is not there")
    machine = seccomp.MACHINES[name]
    numbers = {
        call: int(number) for call, number in ALPHABET.findall(Path(header).read_text(encoding="ascii"))
    }
    stated = {**machine.network, **machine.others}
    stated |= {call: getattr(machine, call) for call in ("seccomp", "clone", "clone3", "ioctl")}
    assert stated == {call: numbers.get(call) for call in stated}
