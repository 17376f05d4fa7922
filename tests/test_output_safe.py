"""Output is safe: no text from packets, captures, names or arguments steers a terminal, a spreadsheet or a page."""

from __future__ import annotations

import csv
import json
import os
import re
import struct
import subprocess
import sys
from io import StringIO
from ipaddress import ip_address
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from places import ROOT
from rich.console import Console
from tabulate import tabulate_formats

import dissector
from dissector.capture.records import Interface
from dissector.cli import cli
from dissector.export.captures import interface_description, section_header
from dissector.export.separated import cell as csv_cell
from dissector.message import messages
from dissector.present import live, ping
from dissector.present.blocks import Details, JsonLines, Lines
from dissector.present.jsonlines import dumps
from dissector.present.live import still_listening
from dissector.present.tables import ENTITIES, SAFE, cell, tabulated
from dissector.present.text import UNSEEN, printable
from dissector.probe.events import Event, Outcome, Target

TOUR = ROOT / "pcaps" / "tour.pcapng"
BIDIRECTIONAL = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
HIDDEN = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u115f\u3164\ufe0f\uffa0\U000e0001\U000e0100"
CONTROLS = "".join(map(chr, (*range(32), *range(0x7F, 0xA0)))) + "\u2028\u2029"
SURROGATES = "\udc80\udcff\ud800"
STEERING = CONTROLS + BIDIRECTIONAL + HIDDEN + SURROGATES
EVIL = (
    "\x1b]0;owned\x07\x1b[2J\r\n\u202etxt.exe\u200b\x9b31m\udcff"
    "[bold]<script>alert(1)</script>|=1+1&![x](javascript:1)"
)
"""A bit of everything."""
TEXTS = st.text(
    st.one_of(st.sampled_from(STEERING + "=+-@|<>&;[]{}!`*\\\"' a1"), st.characters()), max_size=40
)


def safe(text: str) -> bool:
    """Whether text has only characters that are seen, spaces and ends of lines."""
    return all(
        (line.isprintable() or not line)
        and not UNSEEN.intersection(line)
        and not set(STEERING).intersection(line)
        for line in text.split("\n")
    )


# --- the functions that all text goes through


@given(TEXTS)
def test_printable_text_is_one_line_without_anything_unseen(text):
    shown = printable(text)
    assert safe(shown)
    assert "\n" not in shown
    shown.encode()
    assert printable(shown) == shown


@pytest.mark.parametrize("character", STEERING)
def test_each_character_that_steers_is_escaped(character):
    for shown in (printable(f"a{character}b"), dumps({"a": f"a{character}b"}), csv_cell(f"a{character}b")):
        assert character not in shown
        assert "\\" in shown


@given(
    st.recursive(
        TEXTS | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner)
    )
)
def test_json_is_one_safe_line_that_says_the_same(value):
    text = dumps(value)
    assert safe(text)
    assert "\n" not in text
    text.encode()
    assert json.loads(text) == value


FORMULAS = "=+-@＝＋－＠"


@given(TEXTS)
def test_a_cell_of_csv_is_one_cell_and_no_formula(text):
    written = csv_cell(text)
    assert safe(written)
    assert next(csv.reader([f"1,{written},2"])) == [
        "1",
        next(csv.reader([written]), [""])[0] if written else "",
        "2",
    ]
    for part in (next(csv.reader([written])) if written else [""])[0].split(";"):
        inside = part.lstrip()
        assert len(inside) < 2 or inside[0] not in FORMULAS


@pytest.mark.parametrize(
    "text", ["=cmd|' /C calc'!A0", "+1", "-1+1", "@SUM(1)", " =1+1", "a;=1+1", "＝1", "\t=1", "\r=1"]
)
def test_what_a_spreadsheet_would_compute_is_guarded(text):
    assert next(csv.reader([csv_cell(text)]))[0] != text
    assert tabulated([(text,)], ["head"], "tsv").splitlines()[-1].strip() != text.strip()


@pytest.mark.parametrize("text", ["-", "=", "a-b", "10.0.0.1", "fe80::1", "x = 1", ""])
def test_what_is_no_formula_stays_as_it_is(text):
    assert csv_cell(text) == text


# --- tables


@pytest.mark.parametrize("style", tabulate_formats)
@given(text=TEXTS, head=TEXTS)
@settings(max_examples=25)
def test_a_cell_of_a_table_is_text_and_nothing_else(style, text, head):
    table = tabulated([(text, 1), ("plain", 2)], [head, "n"], style)
    plain = tabulated([("x", 1), ("plain", 2)], ["h", "n"], style)
    shown = table.replace("\t", " ") if style == "tsv" else table
    assert safe(shown)
    assert table.count("\n") == plain.count("\n")
    if style in {"html", "unsafehtml"}:
        kinds = re.findall(r"<(/?\w+)", table)
        assert kinds == re.findall(r"<(/?\w+)", plain)
    elif SAFE.get(style) is ENTITIES:
        left = cell(text, style)
        assert not set(left) & (set(ENTITIES) - {"&"})
        assert re.sub(r"&#\d+;", "", left).find("&") == -1
        assert table.count("|") == plain.count("|")


def test_numbers_stay_numbers():
    assert tabulated([(-5, -1.5)], ["a", "b"], "tsv").splitlines()[1].split() == ["-5", "-1.5"]


def test_a_page_gets_no_script():
    for style in tabulate_formats:
        if style in {"html", "unsafehtml"} or SAFE.get(style) is ENTITIES:
            assert "<script>" not in tabulated([(EVIL,)], [EVIL], style)
    assert tabulated([("|@@html:x@@[[file:a]]",)], ["a"], "orgtbl").count("@@") == 0
    assert tabulated([(".. image:: http://x",)], ["a"], "rst").splitlines()[-2].startswith(r"\..")
    assert r"\textbackslash{}" in tabulated([(r"\input{x}",)], ["a"], "latex_raw")


# --- messages of any octets


def echoes(family: int, octets: list[bytes]) -> bytes:
    """Return a capture of messages, raw IP each."""
    records = b""
    for number, message in enumerate(octets):
        if family == 4:
            head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(message), 1, 0, 64, 1, 0)
            packet = head + b"\x0a\0\0\1\x0a\0\0\2" + message
        else:
            head = struct.pack(">IHBB", 6 << 28, len(message), 58, 255)
            packet = head + bytes(15) + b"\1" + bytes(15) + b"\2" + message
        records += struct.pack("<IIII", 1_700_000_000, number, len(packet), len(packet)) + packet
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101) + records


NAME = EVIL.encode(errors="surrogateescape")[:63]
LABEL = bytes([len(NAME)]) + NAME + b"\0"
QUOTED = bytes.fromhex("4500001c000100004011") + bytes(118)
ADVERTISEMENT = b"\x86\0\0\0" + bytes(12)
WITH_TEXT = {
    "interface name in an extension object (RFC 5837)": (
        4,
        b"\x0b\0\0\0\0\x20\0\0" + QUOTED + b"\x20\0\0\0\0\x44\2\2\x40" + NAME.ljust(63, b"\x1b"),
    ),
    "extended echo by name (RFC 8335)": (
        4,
        b"\x2a\0\0\0\0\1\1\1\x20\0\0\0\0\x44\3\1" + NAME.ljust(64, b"\x07"),
    ),
    "node name (RFC 4620)": (6, b"\x8c\0\0\0\0\2\0\0" + bytes(12) + LABEL),
    "search list (RFC 8106)": (
        6,
        ADVERTISEMENT + b"\x1f\x0a\0\0\0\0\0\x3c" + LABEL.ljust(72, b"\0"),
    ),
    "captive portal (RFC 8910)": (6, ADVERTISEMENT + b"\x25\x0a" + (NAME + b"\x1b[2J").ljust(78, b"\x9b")),
}


def all_text(file: str | Path) -> dict[str, str]:
    """Return all that is said of a capture's messages one by one."""
    how = {
        "line": Lines("ad", name_files=True),
        "tree": Details("a", tree=True, octets=False, name_files=True),
        "octets": Details("a", tree=True, octets=True),
        "json": JsonLines(),
    }
    return {
        name: b"".join(bytes(piece) for batch in dissector.scan(file) for piece in view.text(batch)).decode()
        for name, view in how.items()
    }


@pytest.mark.parametrize("what", WITH_TEXT)
def test_text_in_a_message_is_escaped(tmp_path, what):
    family, octets = WITH_TEXT[what]
    file = tmp_path / "x.pcap"
    file.write_bytes(echoes(family, [octets]))
    shown = all_text(file)
    assert "owned" in "".join(shown.values())  # the text is read, or this would test nothing
    for text in shown.values():
        assert safe(text)
    for line in shown["json"].splitlines():
        json.loads(line)


@given(st.sampled_from((4, 6)), st.lists(st.binary(min_size=1, max_size=200), min_size=1, max_size=8))
@settings(max_examples=150)
def test_any_octets_are_shown_safely(tmp_path_factory, family, octets):
    file = tmp_path_factory.getbasetemp() / "any.pcap"
    file.write_bytes(echoes(family, octets))
    for name, text in all_text(file).items():
        assert safe(text)
        if name == "json":
            assert [json.loads(line)["schema"] for line in text.splitlines()] == [1] * text.count("\n")
    for message in dissector.read(file):
        assert safe(repr(message.fields)) or message.fields


def test_every_type_is_shown_safely(tmp_path):
    body = (NAME + b"\x1b[31m\x9b\x07\x08") * 4
    for family in (4, 6):
        file = tmp_path / f"{family}.pcap"
        file.write_bytes(
            echoes(family, [bytes([kind, code, 0, 0]) + body for kind in range(256) for code in (0, 1, 9)])
        )
        for text in all_text(file).values():
            assert text
            assert safe(text)


# --- the command line


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> str:
    """Return the name of a capture whose name, interfaces and comments are hostile."""
    name = b"=1+1\x1b[2J\n\xe2\x80\xae\xff<b>[red]|.pcapng"
    path = tmp_path_factory.mktemp("hostile") / os.fsdecode(name)
    text = EVIL.replace("\udcff", "\x9b")
    interface = Interface(101, name=f"=2+2{text}", description=text)
    blocks = section_header() + interface_description(interface, 0)
    comment = NAME + b"\x1b[2J"
    options = struct.pack("<HH", 1, len(comment)) + comment + bytes(-len(comment) % 4) + bytes(4)
    for family, octets in WITH_TEXT.values():
        packet = echoes(family, [octets])[40:]
        body = (
            struct.pack("<IIIII", 0, 0, 1, len(packet), len(packet))
            + packet
            + bytes(-len(packet) % 4)
            + options
        )
        size = struct.pack("<I", len(body) + 12)
        blocks += struct.pack("<I", 6) + size + body + size
    path.write_bytes(blocks + b"\0\0\0")  # damaged in the end
    return str(path)


def run(*words: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "dissector", *words], capture_output=True, timeout=120, check=False
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.parametrize(
    "command",
    [
        ("read",), ("read", "-v"), ("read", "-x"), ("read", "--json"), ("read", "--strict"), ("summary",),
        ("summary", "--json"), ("summary", "--lang", "zh"), ("summary", "--table-format", "github"),
    ],
)  # fmt: skip
def test_names_of_files_and_interfaces_and_comments_are_escaped(hostile, command):
    code, out, said = run(*command, hostile, hostile)
    assert code in {0, 2}
    assert said
    assert safe(out)
    assert safe(said)
    assert all(json.loads(line) for line in out.splitlines() if "--json" in command)


@pytest.mark.parametrize("style", ["simple", "html", "unsafehtml", "github", "latex_raw", "tsv"])
def test_answers_to_sql_are_escaped(hostile, style):
    pytest.importorskip("duckdb")
    sql = "select *, '<script>' || chr(27) as \"a\x1b[31m<script>\" from messages"
    code, out, said = run("query", "--table-format", style, sql, hostile)
    assert code == 0, said
    assert safe(out.replace("\t", " "))
    assert safe(said)
    assert "<script>" not in out or style in {"simple", "tsv"}
    code, out, said = run("query", "--json", sql, hostile)
    assert code == 0, said
    assert safe(out)
    assert all(json.loads(line) for line in out.splitlines())


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "pcap", "pcapng"])
def test_exports_of_hostile_names_are_whole(hostile, tmp_path, ending):
    out = tmp_path / f"x\x1b[2J.{ending}"
    code, _, said = run("export", hostile, "-o", str(out))
    assert code == 0, said
    assert safe(said)
    octets = out.read_bytes()
    if ending == "csv":
        rows = list(csv.reader(StringIO(octets.decode())))
        assert len({len(row) for row in rows}) == 1
        assert safe(octets.decode())
        assert not [
            value
            for row in rows
            for value in row
            if value[:1] in FORMULAS and not value[1:2].isdigit() and value
        ]
    elif ending == "jsonl":
        assert safe(octets.decode())
        assert [json.loads(line)["frame"] for line in octets.splitlines()]
    elif ending == "parquet":
        duckdb = pytest.importorskip("duckdb")
        assert duckdb.read_parquet(str(out)).fetchall()
    else:
        assert sum(len(batch) for batch in dissector.scan(out)) == len(WITH_TEXT)


WRONG = [
    ("read", EVIL),
    ("read", f"--{EVIL}", "x"),
    (EVIL,),
    (f"-{EVIL}",),
    ("read", "-Y", f"icmp.type == {EVIL}", str(TOUR)),
    ("read", "-Y", EVIL, str(TOUR)),
    ("read", "-t", EVIL, "x"),
    ("read", "-c", EVIL, "x"),
    ("read", "--idle", EVIL, "x"),
    ("summary", "--threshold", EVIL, "x"),
    ("summary", "--table-format", EVIL, "x"),
    ("query", EVIL, str(TOUR)),
    ("query", "--where", EVIL, str(TOUR)),
    ("export", str(TOUR), "-o", EVIL),
    ("export", str(TOUR), "-o", f"/nowhere/{EVIL}/x.csv"),
    ("lookup", EVIL),
    ("decode", EVIL),
    ("sniff", "-i", EVIL),
    ("sniff", "-f", EVIL),
    ("sniff", "--buffer", EVIL),
    ("sniff", "--user", EVIL),
    ("sniff", "-a", EVIL),
    ("ping", EVIL),
    ("ping", "--timeout", EVIL, "127.0.0.1"),
    ("ping", "-d", f"hex:{EVIL}", "127.0.0.1"),
    ("ping", "-I", EVIL, "127.0.0.1"),
    ("ping", "--log", f"/nowhere/{EVIL}", "127.0.0.1"),
    ("ping", "--file", EVIL),
    ("trace", EVIL),
    ("trace", "--source", EVIL, "127.0.0.1"),
]


@pytest.mark.parametrize(
    "words", WRONG, ids=lambda words: " ".join(words[:2]).encode("ascii", "replace").decode()[:30]
)
def test_sentences_about_what_is_wrong_are_safe(words):
    code, out, said = run(*words)
    assert code, said
    assert safe(out)
    assert safe(said)
    assert "Traceback" not in said


def test_markup_of_rich_is_text():
    table = live._table(("a", "n"), [("[bold red]x[/] " + EVIL, "1")], numbers=1)
    console = Console(file=StringIO(), force_terminal=True, width=200, legacy_windows=False)
    console.print(table)
    shown = console.file.getvalue()
    assert "[bold red]x[/]" in shown
    assert "owned" in shown
    assert "\x1b]0;owned" not in shown
    assert safe(re.sub(r"\x1b\[[0-9;]*m", "", shown))
    assert safe(still_listening(EVIL, 1, 2, 3))


@given(TEXTS)
def test_events_of_pings_are_safe(name):
    target = Target(1, name, ip_address("192.0.2.1"))
    decoded = dissector.decode(bytes.fromhex("0000fffd00010001"))
    for outcome in Outcome:
        event = Event(outcome, 0, target, 1, target.address, 64, 1, decoded, True, True, True, name, name)
        assert "\n" not in ping.line(event, several=True)
        assert safe(ping.line(event, several=True))
        assert safe(dumps(ping.record(event)))
    for style in ("simple", "github", "unsafehtml"):
        assert safe("\n".join(ping.tables([target], [None], style, narrow=False)))


def test_a_help_page_is_safe():
    assert safe(CliRunner().invoke(cli, ["--help"]).output)


def test_messages_know_their_hostile_file(hostile):
    batch = next(iter(dissector.scan(hostile)))
    assert next(iter(messages(batch))).file == hostile
