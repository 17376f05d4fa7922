"""`read --follow`: a capture that another program is still writing."""

from __future__ import annotations

import gzip
import os
import shutil
import signal
import subprocess
import sys
import time
from io import BytesIO

import pytest
from places import ROOT
from test_faults import HEADER, PATIENCE, packet

import dissector
from dissector.capture import growing
from dissector.capture.growing import Growing

PROGRAM = [sys.executable, "-P", "-m", "dissector"]
TOUR = ROOT / "pcaps" / "tour.pcapng"


@pytest.fixture
def followed():
    """Return a function that begins to follow a file, and end what it began."""
    running = []

    def begin(file, *options: str):
        running.append(
            subprocess.Popen(
                [*PROGRAM, "read", "--follow", *options, str(file)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        )
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def ended(process) -> tuple[int, bytes, str]:
    out, said = process.communicate(timeout=PATIENCE)
    return process.returncode, out, said.decode()


def test_packets_are_shown_as_they_are_written(tmp_path, followed):
    file = tmp_path / "x.pcap"
    file.write_bytes(HEADER + packet(1))
    process = followed(file)
    assert process.stdout.readline().startswith(b"1 ")
    with file.open("ab", buffering=0) as out:
        for number in range(2, 5):
            octets = packet(number)
            out.write(octets[:20])
            time.sleep(0.15)
            out.write(octets[20:])
            assert process.stdout.readline().startswith(b"%d " % number)
    process.send_signal(signal.SIGINT)
    code, out, said = ended(process)
    assert (code, out) == (0, b"")
    assert said == "4 packets read, 4 ICMP (4 ICMPv4)\n"


def test_a_file_without_its_header_is_waited_for(tmp_path, followed):
    file = tmp_path / "x.pcapng"
    file.touch()
    process = followed(file, "--idle", "2s")
    octets = TOUR.read_bytes()
    with file.open("ab", buffering=0) as out:
        for at in range(0, len(octets), 9999):
            out.write(octets[at : at + 9999])
            time.sleep(0.05)
    code, out, said = ended(process)
    assert code == 0
    whole = subprocess.run([*PROGRAM, "read", TOUR], capture_output=True, check=True)
    assert (out, said) == (whole.stdout, whole.stderr.decode())


def test_what_is_missing_of_the_last_packet_is_said(tmp_path, followed):
    file = tmp_path / "x.pcap"
    file.write_bytes(HEADER + packet(1) + packet(2)[:30])
    code, out, said = ended(followed(file, "--idle", "200ms"))
    assert code == 0
    assert out.count(b"\n") == 1
    assert "whole up to packet 1 (octet 82); the file ends 28 octets short" in said
    assert ended(followed(file, "--idle", "200ms", "--strict"))[0] == 2


@pytest.mark.parametrize("how", ["cut", "rotated", "removed"])
def test_a_file_that_will_not_grow_any_more_is_said(tmp_path, followed, how):
    file = tmp_path / "x.pcap"
    file.write_bytes(HEADER + packet(1))
    process = followed(file)
    assert process.stdout.readline().startswith(b"1 ")
    if how == "cut":
        os.truncate(file, 40)
    else:
        with file.open("ab") as out:
            out.write(packet(2))
        if how == "rotated":
            file.rename(tmp_path / "x.1.pcap")
            file.write_bytes(HEADER)
        else:
            file.unlink()
    code, out, said = ended(process)
    assert code == 0
    assert out.count(b"\n") == (0 if how == "cut" else 1)
    words = {
        "cut": "it was cut to 40 octets",
        "rotated": "another file has its name now",
        "removed": "it was removed",
    }
    assert f"it cannot be read further: {words[how]}" in said


def test_enough_is_enough(tmp_path, followed):
    file = tmp_path / "x.pcap"
    file.write_bytes(HEADER + packet(1) + packet(2))
    code, out, said = ended(followed(file, "-c", "2"))
    assert (code, out.count(b"\n"), said) == (0, 2, "stopped after 2 messages\n")


@pytest.mark.skipif(
    not shutil.which("tcpdump") or os.geteuid() != 0, reason="tcpdump and root write the capture"
)
def test_a_capture_by_tcpdump_is_followed(tmp_path, followed):
    file = tmp_path / "x.pcap"
    file.touch()
    file.chmod(0o666)
    tmp_path.chmod(0o777)
    writer = subprocess.Popen(
        ["tcpdump", "-i", "lo", "-U", "-Z", "root", "-w", file, "icmp"],  # noqa: S607 - the shell's path finds it
        stderr=subprocess.PIPE,
    )
    writer.stderr.readline()
    process = followed(file, "-c", "4")
    pings = ["ping", "-c", "2", "-i", "0.2", "127.0.0.1"]
    subprocess.run(pings, stdout=subprocess.DEVNULL, check=True)
    code, out, _ = ended(process)
    writer.terminate()
    writer.communicate()
    assert code == 0
    assert out.count(b"Echo Reply") == 2


def test_wrong_usage(dissector):
    assert "--idle is about --follow" in dissector("read", "--idle", "1s", TOUR).err
    assert "needs the name of a file" in dissector("read", "--follow", "-").err
    assert "--follow reads one capture" in dissector("read", "--follow", TOUR, TOUR).err
    run = dissector("read", "--follow", TOUR.with_name("tour.pcap"))
    assert run.code == 2
    assert "did you mean" in run.err


def test_a_growing_file_is_read_by_the_library(tmp_path, monkeypatch):
    monkeypatch.setattr(growing, "PERIOD", 0.001)
    file = tmp_path / "x.pcap.gz"
    file.write_bytes(gzip.compress(HEADER + packet(1) + packet(2)))
    with Growing(str(file), idle_ns=10_000_000) as octets:
        assert sum(len(batch) for batch in dissector.scan(octets)) == 2
    octets = Growing(str(file))
    octets.stop()
    assert BytesIO(octets.readall()).getvalue() == file.read_bytes()
    octets.close()
    octets.close()
