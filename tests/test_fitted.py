"""Tables that fit a terminal: folded, or their rows one beneath the other; in pipes they are as they were."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from dissector.present.fitted import beneath, fitted
from dissector.present.tables import tabulated
from dissector.present.text import ADDRESS, folded

ROOT = Path(__file__).parents[1]
LONG = "2001:db8:1234:5678:9abc:def0:1234:5678"
SENTENCE = (
    "17 addresses advertise themselves as routers on one link, the first of them fe80::f:1 in 17 messages"
)
REDRAWN = ["simple", "plain", "grid", "psql", "pretty", "rounded_outline", "presto"]


def fit(lines, headers, width, style="simple"):
    return "\n".join(fitted(iter(lines), headers, style, width))


def widest(text):
    return max(map(wcswidth, text.split("\n")))


@pytest.mark.parametrize("style", REDRAWN)
def test_text_is_folded_and_addresses_are_whole(style):
    text = fit([[LONG, SENTENCE, 1], ["192.0.2.1", "short", 2]], ["src", "sentence", "frame"], 80, style)
    assert widest(text) <= 80
    assert LONG in text
    assert "row 1" not in text


def test_what_has_most_text_gets_most_room():
    lines = [["redirect-not-router", "error", SENTENCE, "227, 228, 229, 230, 231"]]
    table = fit(lines, ["id", "severity", "sentence", "frames"], 80).split("\n")
    # 19 and 10 are what the first two need, and 9 is what the last one has of the rest.
    assert [len(line) for line in table[1].split()] == [19, 10, 36, 9]
    assert len(table) == 2 + 3


def test_where_words_do_not_fit_rows_stand_beneath_each_other():
    lines = [[LONG, LONG, 7, ""], ["::1", "::2", 8, SENTENCE]]
    text = fit(lines, ["source", "destination", "n", "sentence"], 80)
    assert text.split("\n") == [
        "row 1",
        f"  source       {LONG}",
        f"  destination  {LONG}",
        "  n            7",
        "",
        "row 2",
        "  source       ::1",
        "  destination  ::2",
        "  n            8",
        "  sentence     17 addresses advertise themselves as routers on one link, the",
        "               first of them fe80::f:1 in 17 messages",
    ]


def test_a_long_name_has_a_line_of_its_own():
    name = "count(DISTINCT concat(src, dst, ttl))"
    assert "\n".join(beneath([[1, 2]], [name, "n"], 40)) == f"row 1\n  {name}\n{' ' * 20}1\n  n{' ' * 17}2"


def test_chinese_takes_two_columns():
    text = fit([["目的不可达，端口不可达，因为主机没有进程监听该端口。", "192.0.2.1"]], ["说明", "src"], 40)
    assert widest(text) <= 40
    assert "row 1" not in text
    assert all(not line.strip().startswith(("，", "。")) for line in text.split("\n"))


@pytest.mark.parametrize("style", ["github", "html", "tsv", "latex", "mediawiki", "rst"])
def test_markup_is_left_to_who_reads_it(style):
    lines, headers = [[LONG] * 5], ["a", "b", "c", "d", "e"]
    plain = tabulated(lines, headers, style, preserve_whitespace=True, colalign=["left"] * 5)
    assert fit(lines, headers, 80, style) == fit(lines, headers, None, style) == plain


def test_rows_of_many_columns_come_before_the_next_is_asked_for():
    def rows():
        yield [1] * 40
        pytest.fail("nobody has asked for it")

    names = [f"name_{number}" for number in range(40)]
    assert next(fitted(rows(), names, "simple", 80)).startswith("row 1\n  name_0   1\n")


def test_a_wide_table_of_nothing_says_so():
    assert fit([], [f"a_rather_long_name_{number}" for number in range(9)], 80) == "no rows"
    assert widest(fit([], ["count(a > b and c > d and e)", "n"], 20)) <= 20


def test_octets_may_be_broken_and_are_all_there():
    octets = "0123456789abcdef" * 20
    table = fit([[octets, "192.0.2.1"]], ["data", "src"], 80)
    assert widest(table) <= 80
    assert "".join(line.split()[0] for line in table.split("\n")[2:]) == octets
    text = "\n".join(beneath([[octets]], ["data"], 30))
    assert widest(text) <= 30
    assert "".join(text.split()[3:]) == octets


words = st.text(st.sampled_from("ab1:./,-路由器，"), min_size=1, max_size=60)


@given(st.lists(words, max_size=12).map(" ".join), st.integers(2, 90))
def test_folding_loses_nothing_and_breaks_no_short_word(text, width):
    lines = folded(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(wcswidth(line) <= width for line in lines)
    plain = [word for word in text.split() if word.isascii() and len(word) <= min(width, ADDRESS)]
    assert all(any(word in line for line in lines) for word in plain)


@given(
    st.lists(st.tuples(*[st.lists(words, max_size=9).map(" ".join)] * 4), min_size=1, max_size=5),
    st.tuples(*[words] * 4),
    st.integers(20, 120),
    st.sampled_from(REDRAWN),
)
def test_any_table_fits_any_terminal(lines, headers, width, style):
    assert widest(fit(lines, headers, width, style)) <= width


@pytest.mark.skipif(os.name == "nt", reason="terminals are those of Unix")
@pytest.mark.parametrize("columns", [60, 80])
def test_a_question_on_a_terminal_fits_it(columns):
    pytest.importorskip("duckdb")
    sql = "select frame, src, dst, name, code_name, kind from messages where type = 3 limit 4"
    folds = on_terminal(columns, "query", "-q", sql, str(ROOT / "pcaps" / "tour.pcapng"))
    assert "198.51.100.80  192.0.2.10" in folds if columns == 80 else "src        198.51.100.80" in folds
    assert widest(folds) <= columns


def on_terminal(columns, *arguments):
    """Return what the program writes on a terminal of so many columns."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
    begun = [sys.executable, "-P", "-m", "dissector", *arguments]
    with subprocess.Popen(begun, stdout=theirs, env=environment) as process:
        os.close(theirs)
        octets = b""
        try:
            while some := os.read(ours, 1 << 16):
                octets += some
        except OSError:  # Linux's word for the end of it
            pass
    os.close(ours)
    assert process.returncode == 0
    return octets.decode().replace("\r\n", "\n")
