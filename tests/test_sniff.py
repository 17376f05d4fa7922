"""Listening: what `sniff` shows and writes; on real interfaces where there may be namespaces."""

from __future__ import annotations

import json
import os
import pwd
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from places import ROOT
from rich.console import Console

from dissector.batch import Origin
from dissector.capture import live
from dissector.capture.account import Account
from dissector.capture.formats import open_capture
from dissector.capture.live import Tick
from dissector.capture.stream import Messages, Scan
from dissector.cli import listening, rights, units
from dissector.cli.rehearsal import batches
from dissector.cli.sniff import command
from dissector.cli.watching import Watch
from dissector.errors import CaptureFilterError, NoInterfaceError, NoRightsError
from dissector.present import live as present

TOUR = ROOT / "pcaps" / "tour.pcapng"
PROGRAM = [sys.executable, "-P", "-m", "dissector"]


class Replay:
    """A capture file as if it were live."""

    received, dropped = 237, 3

    def __init__(self, file, name="eth0"):
        self.reader = open_capture(file)
        self.origin = Origin(name, "live", self.reader.interfaces)
        self.messages = Messages(self.origin, tunnels=True, reassemble=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.reader.close()

    def ticks(self):
        for block in self.reader:
            yield Tick(tuple(self.messages.of(block)), (block,), ())
        yield Tick(tuple(self.messages.finish()))

    def stop(self):
        """Nothing stops a replay."""

    def counts(self):
        return []

    @property
    def account(self):
        account = self.messages.account(self.reader.report)
        account.received, account.dropped = self.received, self.dropped
        return account


@pytest.fixture
def sniff(monkeypatch):
    """Return a function that runs the command on a replay of a file."""

    def run(*arguments, file=TOUR):
        monkeypatch.setattr(live, "open_live", lambda *_, **__: Replay(file))
        return CliRunner().invoke(command, [str(argument) for argument in arguments])

    return run


def refuse(monkeypatch, error):
    def refused(*_, **__):
        raise error

    monkeypatch.setattr(live, "open_live", refused)


@pytest.mark.parametrize(
    "options", [(), ("-v",), ("-x",), ("--json",), ("-t", "ad"), ("-Y", "icmp.type == 3")]
)
def test_everything_that_read_shows_is_shown(sniff, dissector, options):
    want = dissector("read", *options, TOUR).out
    shown = sniff("-i", "eth0", *options)
    assert shown.exit_code == 0
    if "--json" in options:
        lines = [json.loads(line) for line in want.splitlines()]
        assert [json.loads(line) for line in shown.stdout.splitlines()] == [
            line | {"file": "eth0"} for line in lines
        ]
    else:
        assert shown.stdout == want


def test_the_account_tells_what_the_kernel_counted(sniff):
    shown = sniff("-i", "eth0")
    assert "234 packets read, 234 ICMP" in shown.stderr
    assert "237 received by the kernel, 3 dropped" in shown.stderr
    assert "warning: the kernel dropped 3 packets" in shown.stderr


def test_quiet_means_no_account_and_with_a_file_no_lines(sniff, tmp_path):
    shown = sniff("-q")
    assert shown.stdout
    assert "packets read" not in shown.stderr
    assert "dropped 3 packets" in shown.stderr
    assert not sniff("-q", "-w", tmp_path / "x.pcapng").stdout
    assert sniff("-w", tmp_path / "x.pcapng").stdout


@pytest.mark.parametrize("options", [("-c", "4"), ("-q", "-c", "4"), ("-c", "4", "-Y", "icmp.type == 3")])
def test_count_ends_it_and_the_file_with_that_message(sniff, dissector, tmp_path, options):
    file = tmp_path / "x.pcapng"
    assert sniff(*options, "-w", file).exit_code == 0
    frames = [
        json.loads(line)["frame"] for line in dissector("read", "--json", TOUR, *options).out.splitlines()
    ]
    written = [json.loads(line)["frame"] for line in dissector("read", "--json", file).out.splitlines()]
    assert written == list(range(1, frames[-1] + 1))


def test_a_capture_on_standard_output_is_nothing_else(sniff, dissector, capfdbinary):
    assert sniff("-w", "-").stdout_bytes == b""
    written = capfdbinary.readouterr().out
    assert dissector("read", "-", stdin=written).out == dissector("read", TOUR).out


def test_files_are_rotated(sniff, dissector, tmp_path):
    assert sniff("-q", "-w", tmp_path / "x.pcapng", "-C", "4KiB").exit_code == 0
    files = sorted(tmp_path.iterdir())
    assert len(files) > 5
    assert re.fullmatch(r"x_00001_\d{14}\.pcapng", files[0].name)
    assert "234 packets read" in dissector("read", *files).err
    assert sniff("-q", "-w", tmp_path / "y.pcapng", "-G", "5s", "--keep", "2").exit_code == 0
    assert len(list(tmp_path.glob("y_*"))) == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("-C", "1MiB"), "about the file of -w"),
        (("--keep", "2"), "about the file of -w"),
        (("-w", "x", "--keep", "2"), "--keep needs -C or -G"),
        (("-w", "-", "-G", "5s"), "standard output is one file"),
        (("-w", "-", "--live"), "both want standard output"),
        (("--live", "--json"), "--live shows no messages"),
        (("--snaplen", "63"), "63 is less than 64, which the headers"),
        (("-w", "x", "-C", "100"), "'100' is no size, such as"),
        (("-w", "x", "-G", "0"), "'0' is no duration, such as"),
        (("-a", "packets:3"), "'packets:3' is not known; such as duration:10"),
        (("-a", "duration:soon"), "'soon' is no duration"),
        (("--user", "no\x1bbody"), r"there is no user 'no\\x1bbody'"),
    ],
)
def test_options_that_cannot_be_are_told(sniff, options, said):
    shown = sniff(*options)
    assert shown.exit_code == 2
    assert said in shown.stderr


def test_amounts_have_units():
    def amount(of, text):
        return of(None, None, text)

    assert amount(units.duration, "500ms") == 500_000_000
    assert amount(units.duration, "1.5") == amount(units.duration, "1.5 s") == 1_500_000_000
    assert amount(units.duration, "2min") == 120_000_000_000
    assert amount(units.size, "64KiB") == amount(units.size, "64k") == 65536
    assert amount(units.size, "1.5MB") == 1_500_000
    assert units.size(None, None, None) is None


def test_nothing_found_is_a_failure_only_when_asked_for(sniff):
    assert sniff("-Y", "icmp.type == 200").exit_code == 0
    assert sniff("-Y", "icmp.type == 200", "--fail-if-empty").exit_code == 1
    assert sniff("--fail-if-empty").exit_code == 0


# -- rights


def test_without_rights_three_ways_are_told_the_one_with_the_fewest_first(monkeypatch):
    refuse(monkeypatch, NoRightsError("capturing on eth0 needs rights"))
    monkeypatch.setattr(sys, "argv", ["/opt/my tools/dissector", "sniff", "-i", "eth0", "-f", "host a"])
    shown = CliRunner().invoke(command, ["-i", "eth0", "-f", "host a"])
    assert shown.exit_code == 1
    first, *others = shown.stderr.splitlines()
    assert first == "error: capturing on eth0 needs rights"
    commands = [shlex.split(line) for line in others if line.startswith("     sudo")]
    mine = ["/opt/my tools/dissector", "sniff", "-i", "eth0", "-f", "host a"]
    assert [words[1] for words in commands] == ["tcpdump", "setpriv", mine[0]]
    assert commands[0][2:] == [
        "-i", "eth0", "-U", "-w", "-", "(icmp or icmp6) and (host a)", "|", mine[0], "read", "-",
    ]  # fmt: skip
    assert commands[1][-6:] == mine
    assert commands[2][1:] == mine


def test_a_module_is_started_as_one(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/x/dissector/__main__.py", "sniff"])
    assert rights.this_program() == [sys.executable, "-m", "dissector"]


@pytest.mark.parametrize(("error", "code"), [(NoInterfaceError, 1), (CaptureFilterError, 2)])
def test_what_cannot_be_listened_to_is_told(error, code):
    program = (
        "import sys; from dissector.capture import live; from dissector import cli, errors\n"
        f"def refused(*_, **__): raise errors.{error.__name__}('it is so')\n"
        "live.open_live = refused; sys.argv = ['dissector', 'sniff']; cli.main()"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (code, b"error: it is so\n")


def test_who_called_sudo_is_gone_on_as(monkeypatch):
    for name, value in (("SUDO_UID", "1234"), ("SUDO_GID", "56"), ("SUDO_USER", "alice")):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert rights.known_user(None, None, None) == rights.User("alice", 1234, 56)
    assert rights.known_user(None, None, "root") == rights.User("root", 0, 0)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert rights.known_user(None, None, None) is None
    with pytest.raises(rights.RightsError, match="only root can go on as alice"):
        rights.drop(rights.User("alice", 1234, 56))


def test_the_rehearsal_has_messages_of_both_families():
    (batch,) = batches()
    assert batch.type.tolist() == [8, 0, 3, 128]


def live_option(dissector, *words):
    """Run the command in a process of its own; what is wrong with its options is told before anything is opened."""
    done = dissector("sniff", "-i", "lo", "-a", "duration:1ms", *words)
    assert "Traceback" not in done.err
    return done


@pytest.mark.skipif(sys.platform != "linux", reason="the ring is Linux's")
def test_a_buffer_beyond_all_measure_is_a_sentence():
    program = (
        "from dissector import cli; from dissector.capture.live import ring, room\n"
        "ring.Ring._allocate = None  # the kernel would give what it has, and end programs to have it\n"
        "room.available = lambda: 1 << 30; cli.main()"
    )
    for size in ("600MiB", "1TiB", "100TiB"):
        words = [sys.executable, "-P", "-c", program, "sniff", "-i", "lo", "--buffer", size]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert done.stderr.startswith("error: --buffer: a buffer of ")
        assert done.stderr.endswith("so at most 512 MiB\n")


@pytest.mark.skipif(sys.platform != "linux", reason="interfaces are listed so on Linux")
def test_an_interface_without_a_name_is_quoted(dissector):
    done = dissector("sniff", "-i", "")
    assert done.code == 1
    assert done.err.startswith("error: there is no interface ''; there are lo ")


def test_a_display_filter_in_the_place_of_a_capture_filter_is_told(dissector):
    pytest.importorskip("scapy.libs.winpcapy", reason="libpcap is missing", exc_type=OSError)
    for text in ("icmp.type == 8", "ip.src==192.0.2.1"):
        done = live_option(dissector, "-f", text)
        assert done.code == 2
        assert done.err.endswith(f"as a display filter it is right: -Y {shlex.quote(text)}\n")
    done = live_option(dissector, "-f", "icmp foo")
    assert done.code == 2
    assert done.err.startswith("error: 'icmp foo' is not a capture filter (pcap-filter(7)): ")
    assert "-Y" not in done.err


# -- the view


def view_of(file, height=24):
    watch = Watch()
    with Scan(open_capture(file), "eth0") as scan:
        for batch in scan:
            assert list(watch.text(batch, None)) == []
        watch.view.refresh()
        console = Console(file=StringIO(), width=80, height=height)
        console.print(watch.view.screen("eth[red]0\x1b", scan.account, height))
        return watch, console.file.getvalue()


@pytest.mark.parametrize("height", [16, 24, 60])
def test_the_view_fits_the_terminal(height):
    _, shown = view_of(ROOT / "pcaps" / "findings.pcapng", height)
    assert len(shown.splitlines()) <= max(height, 18)
    assert "eth[red]0\\x1b" in shown
    assert "received by the kernel" in shown
    assert "Net Unreachable" in shown


def test_without_a_terminal_the_view_is_its_last_tables(sniff, dissector):
    assert sniff("--live").stdout == dissector("summary", TOUR).out


def test_a_look_costs_no_more_than_its_share():
    watch, _ = view_of(TOUR)
    view = watch.view
    assert not view.due()
    before = time.monotonic_ns()
    view.refresh()
    after = time.monotonic_ns()
    assert view.next >= before + present.PERIOD
    assert view.next - view.look.time_ns <= max(present.PERIOD, present.SHARE * (after - before))


# -- sentences


def test_people_who_wait_are_told_what_is_seen():
    told = present.still_listening("eth0", 0, 1234, 0)
    assert told == "still listening on eth0 for icmp/icmp6, 0 matched of 1,234 seen, 0 dropped"


def test_packets_that_pass_are_counted(tmp_path, monkeypatch):
    devices = tmp_path / "dev"
    devices.write_text(
        "Inter-|   Receive\n face |bytes\n"
        "    lo:     100       3    0    0    0     0          0         0      100       4    0    0\n"
        "  eth0:    9000      20    0    0    0     0          0         0     8000      30    0    0\n"
    )
    monkeypatch.setattr(listening, "DEVICES", devices)
    assert [listening.passed(names) for names in ("lo", "eth0", "lo,eth0", "any", "x")] == [7, 50, 57, 57, 0]
    monkeypatch.setattr(listening, "DEVICES", tmp_path / "none")
    assert listening.passed("lo") is None


def test_numbers_of_the_kernel_have_commas():
    account = Account()
    account.received, account.dropped = 1240, 0
    assert present.kernel_counts(account) == "1,240 received by the kernel, 0 dropped"


# -- real interfaces


@pytest.fixture(scope="module")
def wire():
    """Return names of two namespaces with a wire between them: 192.0.2.1 on a, 192.0.2.2 on b."""
    ip = shutil.which("ip")
    if sys.platform != "linux" or os.geteuid() != 0 or ip is None or shutil.which("ping") is None:
        pytest.skip("namespaces take Linux, root, ip and ping")
    here, there = (f"snf{os.getpid()}{end}" for end in "ab")
    steps = [
        f"netns add {here}",
        f"netns add {there}",
        f"link add snfa netns {here} type veth peer name snfb netns {there}",
        f"-n {here} addr add 192.0.2.1/24 dev snfa",
        f"-n {there} addr add 192.0.2.2/24 dev snfb",
        f"-n {here} link set snfa up",
        f"-n {there} link set snfb up",
    ]
    try:
        for step in steps:
            if subprocess.run([ip, *step.split()], capture_output=True, check=False).returncode:
                pytest.skip("namespaces cannot be made here")
        yield here, there
    finally:
        for name in (here, there):
            subprocess.run([ip, "netns", "del", name], capture_output=True, check=False)


def inside(name, *words):
    return ["ip", "netns", "exec", name, *map(str, words)]


def ping(wire, count=1):
    subprocess.run(
        inside(wire[0], "ping", "-c", count, "-i", "0.01", "192.0.2.2"), capture_output=True, check=True
    )


class Sniffing:
    """A `sniff` on the second namespace's end of the wire."""

    def __init__(self, wire, *options, before=()):
        words = (*before, *PROGRAM, "sniff", "-i", "snfb", "-f", "icmp", *options)
        self.process = subprocess.Popen(
            inside(wire[1], *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, bufsize=0
        )
        self.wire = wire

    def line(self):
        """Ping until there is a line; return it."""
        for _ in range(200):
            ping(self.wire)
            if select.select([self.process.stdout], [], [], 0.1)[0]:
                return self.process.stdout.readline().decode()
        raise AssertionError

    def end(self, number):
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out.decode(), err.decode()


@pytest.fixture
def listen(wire):
    """Return a function that begins to sniff; what still runs in the end is killed."""
    begun = []

    def begin(*options, before=()):
        begun.append(Sniffing(wire, *options, before=before))
        return begun[-1]

    yield begin
    for sniffing in begun:
        with sniffing.process as process:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_messages_come_as_they_are_until_a_signal_ends_it(wire, listen, tmp_path, dissector, number):
    file = tmp_path / "x.pcapng"
    sniffing = listen("-w", file)
    first = sniffing.line()
    assert re.match(r"1 \S+ 192\.0\.2\.1 > 192\.0\.2\.2 ICMP Echo identifier=", first)
    sniffing.process.send_signal(signal.SIGUSR1)
    assert b"received by the kernel" in sniffing.process.stderr.readline()
    ping(wire, 3)
    code, out, err = sniffing.end(number)
    assert code == 0
    assert "rtt=" in out
    assert re.search(r"(\d+) packets read, \1 ICMP .*; \1 received by the kernel, 0 dropped", err)
    assert dissector("read", file).out == first + out


def test_who_asks_before_it_listens_is_answered_then(listen):
    """As soon as the program takes signals at all, and long before it listens."""
    process = listen().process
    wait_until_taken(process.pid, signal.SIGTERM)
    process.send_signal(signal.SIGUSR1)
    assert (
        process.stderr.readline()
        == b"0 packets in snfb (live, Ethernet); 0 received by the kernel, 0 dropped\n"
    )
    assert process.poll() is None


def wait_until_taken(pid, number):
    """Wait until a process takes a signal itself."""
    for _ in range(1000):
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        if int(re.search(r"^SigCgt:\s*(\w+)$", status, re.MULTILINE)[1], 16) >> number - 1 & 1:
            return
        time.sleep(0.001)
    raise AssertionError


def test_what_was_written_survives_the_end_of_the_process(listen, tmp_path, dissector):
    file = tmp_path / "x.pcapng"
    sniffing = listen("-w", file)
    shown = sniffing.line()
    _, out, _ = sniffing.end(signal.SIGKILL)
    read = dissector("read", "--strict", file)
    assert read.code == 0
    assert (shown + out).startswith(read.out) or read.out.startswith(shown + out)
    assert read.out.startswith(shown)


def test_scapy_shows_and_writes_the_same(wire, listen, tmp_path, dissector):
    file = tmp_path / "x.pcapng"
    sniffing = listen("--engine", "scapy", "-w", file, "--snaplen", 0)
    first = sniffing.line()
    assert re.match(r"1 \S+ 192\.0\.2\.1 > 192\.0\.2\.2 ICMP Echo identifier=", first)
    ping(wire, 3)
    code, out, err = sniffing.end(signal.SIGINT)
    assert code == 0
    assert "0 dropped" in err
    assert dissector("read", file).out == first + out


def test_a_duration_and_a_count_end_it(wire, listen):
    started = listen("-a", "duration:200ms").process
    assert (started.wait(30), started.stdout.read()) == (0, b"")
    started.communicate()
    sniffing = listen("-c", 2)
    sniffing.line()
    ping(wire)
    assert sniffing.process.wait(30) == 0
    assert len(sniffing.process.communicate()[0].splitlines()) == 1


def test_a_reader_that_goes_ends_it_quietly(wire, listen):
    sniffing = listen()
    sniffing.line()
    sniffing.process.stdout.close()
    for _ in range(100):
        if sniffing.process.poll() is not None:
            break
        ping(wire)
        time.sleep(0.05)
    assert sniffing.process.returncode == 0
    assert "Traceback" not in sniffing.process.stderr.read().decode()
    sniffing.process.stderr.close()


@pytest.fixture
def folder_of_nobody():
    """Return a folder that is nobody's, where everybody may come: those of pytest are closed."""
    nobody = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory(prefix="dissector-") as name:
        os.chown(name, nobody.pw_uid, nobody.pw_gid)
        yield Path(name)


def test_rights_are_given_up_and_files_belong_to_the_user(wire, listen, folder_of_nobody):
    nobody = pwd.getpwnam("nobody")
    folder = folder_of_nobody
    sniffing = listen("--user", "nobody", "-w", folder / "x.pcapng", "-C", "1KiB")
    sniffing.line()
    lines = Path(f"/proc/{sniffing.process.pid}/status").read_text(encoding="ascii").splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert set(status["Uid"].split()) == {str(nobody.pw_uid)}
    assert set(status["Gid"].split()) == {str(nobody.pw_gid)}
    assert int(status["CapPrm"], 16) == int(status["CapEff"], 16) == 0
    assert status["NoNewPrivs"].strip() == "1"
    ping(wire, 10)
    assert sniffing.end(signal.SIGINT)[0] == 0
    files = list(folder.iterdir())
    assert len(files) > 1
    assert {file.stat().st_uid for file in files} == {nobody.pw_uid}


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is not installed")
def test_one_capability_is_enough_and_none_is_not(listen):
    become = ["setpriv", "--reuid", "nobody", "--regid", str(pwd.getpwnam("nobody").pw_gid), "--init-groups"]
    ambient = ["--inh-caps", "+net_raw", "--ambient-caps", "+net_raw"]
    code, _, err = listen(before=become).end(0)
    assert code == 1
    assert "error: capturing on snfb needs rights" in err
    sniffing = listen(before=[*become, *ambient])
    assert "Echo" in sniffing.line()
    assert sniffing.end(signal.SIGINT)[0] == 0


def test_interfaces_are_listed(wire):
    done = subprocess.run(inside(wire[1], *PROGRAM, "sniff", "-D"), capture_output=True, check=True, cwd=ROOT)
    assert re.search(rb"^snfb +up +Ethernet, veth, 192\.0\.2\.2", done.stdout, re.MULTILINE)
    done = subprocess.run(inside(wire[1], *PROGRAM, "sniff", "-D", "--json"), capture_output=True, check=True)
    devices = {device["name"]: device for device in map(json.loads, done.stdout.splitlines())}
    assert devices["snfb"]["addresses"][0] == "192.0.2.2"
    done = subprocess.run(inside(wire[1], *PROGRAM, "sniff", "-i", "no"), capture_output=True, check=False)
    assert done.returncode == 1
    assert b"snfb (up, 192.0.2.2" in done.stderr
