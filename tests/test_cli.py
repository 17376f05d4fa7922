"""The command line as users meet it: options, pipes, colours, help."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

PROGRAM = (sys.executable, "-P", "-m", "dissector")
TOUR = "tour.pcapng"


def test_several_files_are_named_on_each_line(dissector, pcaps):
    run = dissector("read", pcaps / "short.pcap", pcaps / "damaged.pcap")
    names = {line.split(": ")[0] for line in run.out.splitlines()}
    assert names == {str(pcaps / "short.pcap"), str(pcaps / "damaged.pcap")}
    assert "from 2 files" in run.err


def test_standard_input_is_read(dissector, pcaps):
    piped = dissector("read", "-", stdin=(pcaps / TOUR).read_bytes())
    assert piped.out == dissector("read", pcaps / TOUR).out


def test_count_stops_after_so_many_messages(dissector, pcaps):
    run = dissector("read", "-c", "7", pcaps / TOUR)
    assert len(run.out.splitlines()) == 7
    assert run.err == "stopped after 7 messages\n"
    assert len(dissector("read", "-c", "3", "--json", "-l", pcaps / TOUR).out.splitlines()) == 3


def test_quiet_leaves_out_the_account(dissector, pcaps):
    assert dissector("read", "-q", pcaps / TOUR).err == ""


@pytest.mark.parametrize("options", [[], ["-v"], ["-x"], ["--json"]])
def test_a_closed_pipe_ends_quietly(pcaps, options):
    with subprocess.Popen(
        [*PROGRAM, "read", *options, *[pcaps / TOUR] * 40], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        run.stdout.readline()
        run.stdout.close()
        error = run.stderr.read().decode()
        assert run.wait(30) == 0
    assert "Traceback" not in error
    assert "Broken" not in error


def test_an_interrupt_shows_what_was_read_so_far(pcaps):
    with subprocess.Popen(
        [*PROGRAM, "read", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        run.stdin.write((pcaps / "big-endian-ns.pcap").read_bytes())
        run.stdin.flush()
        first = run.stdout.readline()
        time.sleep(0.2)
        run.send_signal(signal.SIGINT)
        _, error = run.communicate(timeout=30)
    assert b"Echo" in first
    assert b"Traceback" not in error
    assert b"packets read" in error
    assert run.returncode == 130


def test_json_is_lines_of_objects_with_the_same_keys(dissector, pcaps):
    plain = [json.loads(line) for line in dissector("read", "--json", pcaps / TOUR).out.splitlines()]
    other = [
        json.loads(line) for line in dissector("read", "--json", "-v", "-x", pcaps / TOUR).out.splitlines()
    ]
    assert plain == other
    assert len({tuple(entry) for entry in plain}) == 1
    assert all(entry["schema"] == 1 for entry in plain)


@pytest.mark.parametrize(
    ("style", "first"),
    [("a", "12:00:00.000000"), ("ad", "2024-01-01"), ("r", "0.000000"), ("e", "1704110400.000000")],
)
def test_times_are_shown_as_asked(dissector, pcaps, style, first):
    run = dissector("read", "-t", style, "-c", "2", pcaps / TOUR)
    assert run.out.splitlines()[0].split()[1] == first


def test_the_line_without_columns_is_the_same(dissector, pcaps):
    at_once = dissector("read", pcaps / TOUR).out
    one_by_one = dissector("read", "-l", pcaps / TOUR).out
    assert at_once == one_by_one


@pytest.mark.parametrize("arguments", [[], ["read"], ["lookup"], ["decode"]])
def test_help_fits_a_terminal(dissector, arguments):
    run = dissector(*arguments, "--help", env={**os.environ, "COLUMNS": "80"})
    assert run.code == 0
    assert max(map(len, run.out.splitlines())) <= 80


def test_lookup_pages_fit_a_terminal(dissector):
    for what in ("3", "v6:134", "5"):
        assert max(map(len, dissector("lookup", what, "--layout").out.splitlines())) <= 100


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_printed(dissector, shell):
    run = dissector("--print-completion", shell)
    assert run.code == 0
    assert "_DISSECTOR_COMPLETE" in run.out


def test_the_version_names_the_kernel(dissector):
    assert dissector("--version").out.startswith("dissector ")
    forced = dissector("--version", env={**os.environ, "DISSECTOR_KERNEL": "interpreted"})
    assert "interpreted" in forced.out


def test_lookup_says_what_may_have_been_meant(dissector):
    run = dissector("lookup", "frobnicate")
    assert run.code == 1
    assert run.err.startswith("error: ")
    assert len(run.err.splitlines()) == 1


def test_lookup_refuses_an_unknown_table_format(dissector):
    run = dissector("lookup", "--table-format", "papyrus")
    assert run.code == 2
    assert "github" in run.err


def test_decode_reads_hex_in_many_forms(dissector):
    forms = [
        ("decode", "0800f7fd00010001"),
        ("decode", "08:00:f7:fd:00:01:00:01"),
        ("decode", "0800", "f7fd", "0001", "0001"),
        ("decode", "0x0800f7fd00010001"),
    ]
    texts = {dissector(*form).out for form in forms}
    assert len(texts) == 1
    assert "identifier: 1" in texts.pop()


def test_decode_reads_dumps_and_raw_octets_from_stdin(dissector):
    octets = bytes.fromhex("0800f7fd00010001")
    expected = dissector("decode", octets.hex()).out
    for given in (
        octets,
        b"0800 f7fd 0001 0001\n",
        b"00000000: 0800 f7fd 0001 0001                      ........\n",
        b"00000000  08 00 f7 fd 00 01 00 01                           |........|\n00000008\n",
        b"0x0000:  0800 f7fd 0001 0001  ........\n",
    ):
        assert dissector("decode", "-", stdin=given).out == expected


def test_decode_says_what_is_no_hex(dissector):
    assert "found 'z' after 0 octets" in dissector("decode", "zz").err
    assert dissector("decode", "zz").code == 2
    assert "no whole octets" in dissector("decode", "080").err
    packet = dissector("decode", "4500001400010000400600000a0000010a000002")
    assert packet.code == 1
    assert "1 TCP" in packet.err


def test_decode_takes_a_frame_where_told(dissector):
    frame = "02000000000102000000000208004500001c00010000400166dd0a0000010a0000020800f7fd00010001"
    run = dissector("decode", "--as", "ethernet", frame, "--json")
    assert json.loads(run.out)["path"] == ["eth", "ip"]


def test_answers_name_their_request_and_the_time_since(dissector, pcaps):
    shown = dissector("read", "--json", pcaps / "big-endian-ns.pcap").out.splitlines()
    entries = {entry["frame"]: entry for entry in map(json.loads, shown)}
    answers = {frame: entry["response_to"] for frame, entry in entries.items() if entry["response_to"]}
    assert answers == {2: 1, 4: 3}
    for frame, request in answers.items():
        assert entries[frame]["rtt_ns"] == entries[frame]["time_ns"] - entries[request]["time_ns"] > 0
    assert "re=1 rtt=0.012" in dissector("read", pcaps / "big-endian-ns.pcap").out
    assert "re=" not in dissector("read", "--no-pairs", pcaps / "big-endian-ns.pcap").out


def test_a_filter_does_not_hide_the_request_from_its_answer(dissector, pcaps):
    run = dissector("read", "-Y", "icmp.type == 0", "--json", pcaps / "big-endian-ns.pcap")
    assert [json.loads(line)["response_to"] for line in run.out.splitlines()] == [1, 3]


def test_a_wrong_filter_is_shown_with_carets(dissector, pcaps):
    run = dissector("read", "-Y", "icmp.tpye == 3", pcaps / TOUR)
    assert (run.code, run.out) == (2, "")
    assert run.err.splitlines()[1:] == ["    icmp.tpye == 3", "    ^~~~~~~~~"]
    assert "did you mean icmp.type?" in run.err


@pytest.mark.parametrize("options", [[], ["--json"], ["--no-pairs"], ["-Y", "icmpv6"]])
def test_two_jobs_print_what_one_does(dissector, pcaps, options):
    one = dissector("read", *options, pcaps / TOUR, pcaps / "fragments.pcap")
    two = dissector("read", *options, "--jobs", "2", pcaps / TOUR, pcaps / "fragments.pcap")
    assert (one.code, one.out, one.err) == (two.code, two.out, two.err)


def test_colours_are_written_where_asked_for(dissector, pcaps):
    always = dissector("read", "--color", "always", pcaps / TOUR).out
    assert "\x1b[33m" in always
    assert "\x1b" not in dissector("read", pcaps / TOUR).out
    assert (
        "\x1b"
        not in dissector("read", "--color", "never", pcaps / TOUR, env={**os.environ, "FORCE_COLOR": "1"}).out
    )


@pytest.mark.parametrize("arguments", [("lookup", "3/4"), ("read", TOUR), ("--help",)])
def test_a_stdout_that_is_closed_is_no_traceback(pcaps, arguments):
    command = " ".join([*PROGRAM, *(str(pcaps / TOUR) if part == TOUR else part for part in arguments)])
    run = subprocess.run(["bash", "-c", f"{command} >&-"], capture_output=True, timeout=60, check=False)  # noqa: S607 - the shell
    assert b"Traceback" not in run.stderr


@pytest.mark.parametrize("stream", ["<&-", ">&-", "2>&-"])
@pytest.mark.parametrize("arguments", ["read TOUR", "read -", "decode -", "lookup 3/4", "read --jobs 2 TOUR"])
def test_standard_streams_may_be_closed(pcaps, stream, arguments):
    command = f"{' '.join(PROGRAM)} {arguments.replace('TOUR', str(pcaps / TOUR))} {stream}"
    run = subprocess.run(
        ["/bin/bash", "-c", command], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
    )
    assert b"Traceback" not in run.stderr
    if stream == "2>&-" and "TOUR" in arguments:
        assert run.stdout.count(b"\n") == 234


def test_workers_import_nothing_from_the_current_folder(pcaps, tmp_path):
    (tmp_path / "numpy.py").write_text("raise SystemExit('imported from here')")
    run = subprocess.run(
        [*PROGRAM, "read", "--no-pairs", "--jobs", "2", pcaps / TOUR, pcaps / TOUR],
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert b"imported from here" not in run.stderr
    assert run.stdout.count(b"\n") == 2 * 234
