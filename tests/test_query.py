from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import dissector
from dissector.cli.export import command as export
from dissector.cli.query import command
from dissector.export import arrow, schema
from dissector.export.database import Database, MissingExtraError, QueryError, Where, messages
from dissector.export.table import tables

duckdb = pytest.importorskip("duckdb")
ROOT = Path(__file__).parents[1]
TOUR = ROOT / "pcaps" / "tour.pcapng"


def run(*arguments, **options):
    return CliRunner().invoke(command, list(map(str, arguments)), **options)


def ask(sql, file=TOUR):
    with Database({"messages": messages(lambda: tables(dissector.scan(file)))}) as database:
        names, rows = database.query(sql, as_json=True)
        return [dict(zip(names, row, strict=True)) for row in rows]


def test_a_question_is_answered_as_a_table():
    result = run("select family, count(*) as n from messages group by family order by n", TOUR)
    assert result.exit_code == 0
    counts = {name: sum(m.family == name for m in dissector.read(TOUR)) for name in ("icmpv4", "icmpv6")}
    for name, count in counts.items():
        assert [name, str(count)] in [line.split() for line in result.stdout.splitlines()]
    assert "234 packets read, 234 ICMP" in result.stderr


def test_json_has_the_types_and_times_of_the_contract():
    rows = run("--json", "-q", "select frame, time, src, fragment, gateway from messages limit 3", TOUR)
    found = [json.loads(line) for line in rows.stdout.splitlines()]
    want = [
        {
            "frame": m.frame,
            "time": dissector.present.times.iso(m.time_ns),
            "src": str(m.src),
            "fragment": False,
        }
        for m in list(dissector.read(TOUR))[:3]
    ]
    assert found == [{**row, "gateway": None} for row in want]


def test_table_formats_are_tabulates():
    assert run("--table-format", "github", "select 1 as one", TOUR).stdout.splitlines()[1].startswith("|---")
    wrong = run("--table-format", "nope", "select 1", TOUR)
    assert wrong.exit_code == 2
    assert "github" in wrong.output


def test_where_shows_messages():
    rows = run("--where", "type = 11 -- and no more", "--json", "-q", TOUR)
    found = [json.loads(line) for line in rows.stdout.splitlines()]
    assert [row["frame"] for row in found] == [m.frame for m in dissector.read(TOUR) if m.type == 11]
    assert tuple(found[0]) == schema.BRIEF


def test_several_files_are_one_table_and_standard_input_is_read_twice():
    assert ask("select 1") == [{"1": 1}]
    both = run(
        "--json",
        "-q",
        "select count(*) as n, count(distinct file) as f from messages",
        TOUR,
        "-",
        input=TOUR.read_bytes(),
    )
    assert json.loads(both.stdout) == {"n": 468, "f": 2}
    joined = run(
        "--json",
        "-q",
        "select count(*) as n from messages a join messages b using (frame)",
        "-",
        input=TOUR.read_bytes(),
    )
    assert json.loads(joined.stdout) == {"n": 234}


def test_what_duckdb_has_and_json_has_not_is_plain():
    row = ask(
        "select 1.5::decimal(4,1) d, 'nan'::double n, [time] l, {'a': 1} s, 170141183460469231731687303715884105727 h, "
        "date '2020-01-02' t, 'x' as x, 'y' as x, null z from messages limit 1"
    )[0]
    assert row["d"] == 1.5
    assert row["n"] is None
    assert len(row["l"]) == 1
    assert row["s"] == {"a": 1}
    assert row["h"] == 2**127 - 1
    assert row["t"] == "2020-01-02"
    assert row["z"] is None


def test_the_schema_is_fixed():
    described = ask("describe messages")
    assert [(row["column_name"], row["column_type"]) for row in described] == [
        (column.name, column.type) for column in schema.columns().values()
    ]


REFUSED = [
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('/etc/passwd')",
    "select * from read_blob('/etc/passwd')",
    "select * from read_json('/etc/passwd')",
    "select * from read_parquet('/etc/passwd')",
    "select * from sniff_csv('/etc/passwd')",
    "select * from glob('/etc/*')",
    "select * from '/etc/passwd'",
    "select * from '/etc/passwd.csv'",
    "select * from 'https://example.org/x.csv'",
    "select * from read_csv('https://example.org/x.csv')",
    "select * from 's3://bucket/x.parquet'",
    "copy messages to '/tmp/dissector-test.csv'",
    "copy (select 1) to '/tmp/dissector-test.csv'",
    "export database '/tmp/dissector-test'",
    "attach '/tmp/dissector-test.db'",
    "attach ':memory:' as other",
    "install httpfs",
    "load httpfs",
    "load '/tmp/x.duckdb_extension'",
    "create table x as select 1",
    "create secret (type s3)",
    "set enable_external_access = true",
    "set lock_configuration = false",
    "pragma enable_external_access",
    "reset lock_configuration",
    "select 1; copy messages to '/tmp/dissector-test.csv'",
    "call pragma_version()",
    "select * from secret_of_the_caller",
    "select * from sqlite_scan('/tmp/x.db', 'x')",
    "select getenv('HOME')",
    "",
    ";",
]


@pytest.mark.parametrize("sql", REFUSED)
def test_sql_reaches_no_file_no_network_and_nothing_of_python(sql):
    secret_of_the_caller = messages(lambda: tables(dissector.scan(TOUR)))
    assert secret_of_the_caller.columns
    with pytest.raises(QueryError):
        ask(sql)
    assert not list(Path("/tmp").glob("dissector-test*"))  # noqa: S108 - where it would have been written


@pytest.mark.parametrize("sql", ["set enable_external_access = true", "set lock_configuration = false"])
def test_what_is_shut_stays_shut_even_for_statements_that_are_no_select(sql):
    with (
        Database({"messages": messages(lambda: tables(dissector.scan(TOUR)))}) as database,
        pytest.raises(duckdb.Error, match="lock"),
    ):
        database._connection.execute(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "copy messages to '/tmp/dissector-test.csv'",
        "attach '/tmp/dissector-test.db'",
        "install httpfs",
        "load httpfs",
        "select * from read_csv('/etc/passwd')",
    ],
)
def test_the_room_has_no_doors_even_without_the_check_of_the_statement(sql):
    with Database({}) as database, pytest.raises(duckdb.Error):
        database._connection.execute(sql)


def test_an_error_is_one_sentence_with_carets():
    result = run("select foo from messages", TOUR)
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert lines[0].startswith('error: Referenced column "foo" not found in FROM clause!')
    assert lines[1] == "    select foo from messages"
    assert lines[2].startswith("           ^")
    assert len(lines) == 3


def test_carets_are_beneath_a_later_line():
    with pytest.raises(QueryError) as caught:
        ask("select 1,\n  foo\nfrom messages")
    assert caught.value.marks[0].strip() == "foo"
    assert caught.value.marks[1].index("^") == caught.value.marks[0].index("foo")


def test_control_characters_are_escaped():
    result = run("select chr(27) || '[31m' as \"a\x1b\"", TOUR)
    assert "\x1b" not in result.output
    assert r"\x1b[31m" in result.stdout


def test_an_unreadable_file_is_told_as_such(tmp_path):
    result = run("select count(*) from messages", tmp_path / "missing.pcap")
    assert isinstance(result.exception, dissector.CaptureError)
    assert "missing.pcap" in str(result.exception)


@pytest.mark.parametrize(
    "expression",
    [
        "count(*) > 1",
        "frame in (select frame from messages)",
        "foo = 1",
        "row_number() over () = 1",
        "1; select 1",
        "",
        "(",
    ],
)
def test_where_takes_one_condition_on_one_message(expression):
    with pytest.raises(QueryError), Where(expression):
        pass


def test_where_chooses_in_batches():
    with Where("ttl > 60 and kind = 'error'") as condition:
        for batch in dissector.scan(TOUR):
            chosen = [
                m.frame
                for m in dissector.message.messages(batch)
                if m.ttl > 60 and m.entry.type.kind == "error"
            ]
            assert condition.chosen(batch).frame.tolist() == chosen


def test_without_duckdb_one_sentence_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    result = run("select 1", TOUR)
    assert isinstance(result.exception, MissingExtraError)
    assert "pip install 'dissector[tables]'" in str(result.exception)
    # Parquet and CSV do without.
    assert CliRunner().invoke(export, [str(TOUR), "-o", str(tmp_path / "x.parquet")]).exit_code == 0


def test_everything_that_duckdb_reads_is_released():
    assert ask("select count(src) as n from messages")[0]["n"] == 234
    with pytest.raises(QueryError):
        ask("select error('x') from messages")
    assert not arrow._alive
    assert not arrow._structures


def test_a_capsule_that_nobody_reads_is_released():
    table = messages(lambda: tables(dissector.scan(TOUR)))
    table.__arrow_c_stream__()
    table.__arrow_c_schema__()
    assert not arrow._alive
    assert not arrow._structures


def test_an_error_while_reading_comes_out_as_it_is():
    def fails():
        yield from tables(dissector.scan(TOUR))
        message = "gone"
        raise dissector.CaptureError(message)

    with (
        Database({"messages": messages(fails)}) as database,
        pytest.raises(dissector.CaptureError, match="gone"),
    ):
        list(database.query("select count(*) from messages")[1])
