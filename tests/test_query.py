from __future__ import annotations

import json
import os
import struct
import sys
import threading
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from click.testing import CliRunner

import dissector
from dissector.analysis.exchanges import Exchanges
from dissector.analysis.findings import Findings
from dissector.checksum import internet_checksum
from dissector.cli.export import command as export
from dissector.cli.query import command
from dissector.export import arrow, database, schema
from dissector.export.answers import Teller, final
from dissector.export.database import Database, MissingExtraError, QueryError, Where, known
from dissector.export.exchanges import COLUMNS as EXCHANGES
from dissector.export.findings import COLUMNS as FINDINGS
from dissector.messages.echo import Echo

duckdb = pytest.importorskip("duckdb")
ROOT = Path(__file__).parents[1]
TOUR = ROOT / "pcaps" / "tour.pcapng"


def run(*arguments, **options):
    return CliRunner().invoke(command, list(map(str, arguments)), **options)


def of(file=TOUR):
    """Return the tables of a capture."""
    return known(lambda: iter([dissector.scan(file)]))


def ask(sql, file=TOUR):
    with Database(of(file)) as database:
        names, rows = database.query(sql, as_json=True)
        return [dict(zip(names, row, strict=True)) for row in rows]


def test_a_question_is_answered_as_a_table():
    result = run("select family, count(*) as n from messages group by family order by n", TOUR)
    assert result.exit_code == 0
    counts = {name: sum(m.family == name for m in dissector.read(TOUR)) for name in ("icmpv4", "icmpv6")}
    for name, count in counts.items():
        assert [name, str(count)] in [line.split() for line in result.stdout.splitlines()]
    assert "234 packets read, 234 ICMP" in result.stderr


def test_the_tables_are_shown():
    assert {row["name"] for row in ask("show tables")} == {"messages", "exchanges", "findings"}


def test_of_a_table_that_there_is_not_the_three_are_named():
    with pytest.raises(QueryError, match='no table "packets"; there are messages, exchanges, findings'):
        ask("select * from packets")


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
    "select current_setting('temp_directory') from read_csv_auto('/etc/passwd')",
    "from '/etc/passwd'",
    "table '/etc/passwd'",
    "select * from parquet_scan('/etc/passwd')",
    "select * from parquet_metadata('/etc/passwd')",
    "select * from read_ndjson_objects('/etc/passwd')",
    "select * from exchanges, read_text('/etc/passwd')",
    "select * from query('copy messages to ''/tmp/dissector-test.csv'' ')",
    "select * from query_table('/etc/passwd')",
    "select * from findings where sentence in (select content from read_text('/etc/passwd'))",
    "with x as (from read_csv('/etc/passwd')) from x",
    "summarize '/etc/passwd'",
    "describe '/etc/passwd'",
    "pragma database_list",
    "checkpoint",
    "use other",
    "detach memory",
    "import database '/tmp/dissector-test'",
    "prepare x as select 1",
    "execute x",
    "vacuum",
    "explain analyze select 1",
    "create macro x() as 1",
    "create function x() as 1",
    "insert into messages select * from messages",
    "delete from findings",
    "drop view exchanges",
    "",
    ";",
]


@pytest.mark.parametrize("sql", REFUSED)
def test_sql_reaches_no_file_no_network_and_nothing_of_python(sql):
    secret_of_the_caller = of()["messages"]
    assert secret_of_the_caller.columns
    with pytest.raises(QueryError):
        ask(sql)
    assert not list(Path("/tmp").glob("dissector-test*"))  # noqa: S108 - where it would have been written


@pytest.mark.parametrize("sql", ["set enable_external_access = true", "set lock_configuration = false"])
def test_what_is_shut_stays_shut_even_for_statements_that_are_no_select(sql):
    with (
        Database(of()) as database,
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


def test_an_error_is_one_sentence_with_carets(dissector):
    result = dissector("query", "select foo from messages", TOUR)
    assert result.code == 2
    lines = result.err.splitlines()
    assert lines[0].startswith('error: Referenced column "foo" not found in FROM clause!')
    assert lines[1] == "    select foo from messages"
    assert lines[2].startswith("           ^")
    assert len(lines) == 3


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("select 1; select 2", "2 statements"),
        ("", "nothing"),
        ("copy messages to 'x'", "COPY"),
        ("pivot messages on type using count(*)", "a PIVOT that does not name its columns"),
    ],
)
def test_what_is_not_one_select_is_named(sql, kind):
    with pytest.raises(QueryError, match=f"one SELECT is wanted, not {kind}"):
        ask(sql)
    assert ask("pivot (select type from messages) on type in (3, 99) using count(*)") == [{"3": 22, "99": 0}]


def test_text_in_double_quotes_is_told():
    with pytest.raises(QueryError, match=r"text stands in single quotes: '10\.0\.0\.1'"):
        ask('select * from messages where src = "10.0.0.1"')
    with pytest.raises(QueryError, match='column "sourc" not found'):
        ask("select * from messages where sourc = '10.0.0.1'")


@pytest.mark.parametrize("command", ["query", "export"])
def test_the_error_of_a_condition_shows_it_as_it_was_written(dissector, tmp_path, command):
    more = ["-o", tmp_path / "x.csv"] if command == "export" else []
    result = dissector(command, "--where", "type = 3 and foo", *more, TOUR)
    assert result.code == 2
    assert 'column "foo" not found' in result.err
    result = dissector(command, "--where", "type = 3)", *more, TOUR)
    assert result.code == 2
    sentence, *marks = result.err.splitlines()
    assert sentence == 'error: syntax error at or near ")"'
    # The oldest duckdb does not tell where.
    assert marks in ([], ["    type = 3)", "            ^"])


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


@pytest.mark.parametrize("files", [("nofile",), (TOUR, "nofile"), ("nofile", TOUR), ("-", "nofile")])
@pytest.mark.parametrize("asking", [("select 1",), ("describe messages",), ("--where", "false")])
def test_a_missing_file_is_told_whether_or_not_the_sql_reads_it(dissector, files, asking):
    result = dissector("query", *asking, *files, stdin=TOUR.read_bytes())
    assert (result.code, result.out, result.err) == (2, "", "error: nofile: No such file or directory\n")


@pytest.mark.parametrize(
    ("octets", "said"), [(b"", "is empty (0 octets)"), (b"text, no packets", "looks like text")]
)
def test_what_is_no_capture_is_told_whether_or_not_the_sql_reads_it(dissector, tmp_path, octets, said):
    (tmp_path / "file").write_bytes(octets)
    for file, name in ((tmp_path / "file", str(tmp_path / "file")), ("-", "standard input")):
        result = dissector("query", "select 1", TOUR, file, stdin=octets)
        assert (result.code, result.out) == (2, "")
        assert result.err.startswith(f"error: {name} is ")
        assert said in result.err


def test_a_file_in_the_place_of_the_sql_is_told(dissector):
    result = dissector("query", TOUR, "select 1")
    assert result.code == 2
    assert f"{TOUR} is a file; the SELECT comes before the files" in result.err


@pytest.mark.skipif(os.name == "nt", reason="named pipes are those of Unix")
def test_a_named_pipe_is_read_as_often_as_a_file(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writing = threading.Thread(target=pipe.write_bytes, args=(TOUR.read_bytes(),))
    writing.start()
    sql = "select count(*) as n, any_value(m.file) as file from messages m join exchanges using (frame)"
    result = run("--json", "-q", sql, pipe)
    writing.join()
    assert (
        json.loads(result.stdout)
        == ask(
            f"select count(*) as n, '{pipe}' as file from exchanges"  # noqa: S608 - ours
        ).pop()
    )


def test_what_no_sql_has_looked_for_is_not_missed(tmp_path):
    empty = pcap(tmp_path / "empty.pcap", [])
    assert run("--fail-if-empty", "select 1", TOUR).exit_code == 0
    assert run("--fail-if-empty", "select count(*) from messages", empty).exit_code == 1


@pytest.mark.parametrize(
    "expression",
    [
        "count(*) > 1",
        "frame in (select frame from messages)",
        "foo = 1",
        "row_number() over () = 1",
        "1; select 1",
        "1) or (1 = 1",
        "",
        "(",
    ],
)
def test_where_takes_one_condition_on_one_message(expression):
    with pytest.raises(QueryError), Where(expression):
        pass


def test_where_chooses_in_batches():
    with Where("ttl > 60 and kind = 'error'") as condition:
        for told in final(Teller().tell([dissector.scan(TOUR)])):
            chosen = [
                m.frame
                for m in dissector.message.messages(told.batch)
                if m.ttl > 60 and m.entry.type.kind == "error"
            ]
            assert condition.chosen(told).batch.frame.tolist() == chosen


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
    table = of()["messages"]
    table.__arrow_c_stream__()
    table.__arrow_c_schema__()
    assert not arrow._alive
    assert not arrow._structures


def test_an_error_while_reading_comes_out_as_it_is():
    def fails():
        yield from dissector.scan(TOUR)
        message = "gone"
        raise dissector.CaptureError(message)

    with (
        Database(known(lambda: iter([fails()]))) as database,
        pytest.raises(dissector.CaptureError, match="gone"),
    ):
        list(database.query("select count(*) from messages")[1])


# exchanges and findings


def pcap(path, frames):
    """Write (seconds, IPv4 or IPv6 packet) as a capture of raw IP."""
    from dissector.export.captures import PCAP_NS

    octets = [struct.pack("<IHHIIII", PCAP_NS, 2, 4, 0, 0, 65535, 101)]
    for seconds, packet in frames:
        second, fraction = divmod(round(seconds * 10**9), 10**9)
        octets += [struct.pack("<IIII", second, fraction, len(packet), len(packet)), packet]
    path.write_bytes(b"".join(octets))
    return path


def ip(source, destination, payload):
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0, 64, 1, 0)
    return head + IPv4Address(source).packed + IPv4Address(destination).packed + payload


def echo(kind, identifier, sequence, data=b"0123456789abcdef"):
    return dissector.encode(Echo(type=kind, identifier=identifier, sequence=sequence, data=data))


ASKING, ASKED, ROUTER = "10.0.0.1", "10.0.0.2", "10.0.0.9"


def request(sequence, identifier=7):
    return ip(ASKING, ASKED, echo(8, identifier, sequence))


def reply(sequence, identifier=7, data=b"0123456789abcdef"):
    return ip(ASKED, ASKING, echo(0, identifier, sequence, data))


def unreachable(sequence):
    octets = bytearray(struct.pack(">BBHI", 3, 1, 0, 0) + request(sequence))
    octets[2:4] = internet_checksum(bytes(octets)).to_bytes(2)
    return ip(ROUTER, ASKING, bytes(octets))


@pytest.fixture
def outcomes(tmp_path):
    frames = [
        (100.0, request(1)), (100.1, reply(1)), (100.2, reply(1)), (100.3, reply(1)),  # 1 to 4: twice more
        (101.0, request(2)), (104.5, reply(2)),  # 5, 6: late
        (105.0, request(3)), (105.1, reply(3, data=b"0123456789abcdeX")),  # 7, 8: altered
        (106.0, request(4)), (106.1, unreachable(4)), (106.2, unreachable(4)),  # 9 to 11: an error
        (107.0, request(5)), (107.1, reply(5, identifier=9)),  # 12, 13: rewritten
        (108.0, request(6)),  # 14: nothing
        (120.0, reply(6)),  # 15: too late to be an answer
        (121.0, request(1)), (121.1, reply(1)),  # 16, 17: used again
    ]  # fmt: skip
    return pcap(tmp_path / "outcomes.pcap", frames)


def test_each_query_has_one_outcome(outcomes):
    columns = (
        "frame, outcome, response_in, rtt_ns, late, altered, duplicates, rewritten_as, error_in, error_from"
    )
    rows = [tuple(row.values()) for row in ask(f"select {columns} from exchanges", outcomes)]  # noqa: S608 - ours
    assert rows == [
        (1, "answered", 2, 100_000_000, False, False, 2, None, None, None),
        (5, "answered", 6, 3_500_000_000, True, False, 0, None, None, None),
        (7, "answered", 8, 100_000_000, False, True, 0, None, None, None),
        (9, "error", None, None, False, False, 0, None, 10, ROUTER),
        (12, "rewritten", 13, 100_000_000, False, False, 0, 9, None, None),
        (14, "unanswered", None, None, False, False, 0, None, None, None),
        (16, "answered", 17, 100_000_000, False, False, 0, None, None, None),
    ]


def test_a_row_of_exchanges_says_who_asked_whom_and_what(outcomes):
    row = ask("select * from exchanges where frame = 9", outcomes)[0]
    assert list(row) == [column.name for column in EXCHANGES]
    assert row["error_file"] == row["file"]
    del row["file"], row["time"], row["error_file"]
    said = {name: value for name, value in row.items() if value not in (None, False, 0)}
    assert said == {
        "frame": 9, "exchange": "8/0", "name": "Echo", "querier": ASKING, "asked": ASKED, "identifier": 7,
        "sequence": 4, "outcome": "error", "error_in": 10, "error_from": ROUTER, "error_type": 3, "error_code": 1,
        "error_name": "Host Unreachable",
    }  # fmt: skip


def counted(file, batches=1 << 20):
    """Return for each kind of exchange what the table says, as a line of the summary has it."""
    sql = (
        "select exchange, count(*) as sent, sum(outcome = 'answered') as answered, "
        "sum(outcome = 'rewritten') as rewritten, sum(outcome = 'error') as ended, "
        "sum(outcome = 'unanswered') as lost, sum(late and outcome = 'answered') as late, "
        "sum(altered) as altered, sum(duplicates) as duplicates, sum(by_others) as by_others "
        "from exchanges group by all"
    )
    parts = [b[at : at + batches] for b in dissector.scan(file) for at in range(0, len(b), batches)]
    with Database(known(lambda: iter([parts]))) as database:
        names, rows = database.query(sql)
        return {row[0]: dict(zip(names[1:], row[1:], strict=True)) for row in rows}


def summed(file):
    state = Exchanges()
    for batch in dissector.scan(file):
        state.update(batch)
    names = ("sent", "answered", "rewritten", "ended", "lost", "late", "altered", "duplicates", "by_others")
    lines = [line for line in state.result().by_kind() if line.sent]
    return {line.pair.label: {name: getattr(line, name) for name in names} for line in lines}


def test_exchanges_are_those_of_the_summary(outcomes):
    assert counted(outcomes) == counted(outcomes, 1) == summed(outcomes)
    for file in sorted((ROOT / "pcaps").glob("*.pcap*")):
        if file.stat().st_size:
            try:
                want = summed(file)
            except dissector.CaptureError:
                continue
            assert counted(file) == want, file


def test_exchanges_of_real_captures_are_those_of_the_summary(shared):
    sent = 0
    for file in sorted((shared / "captures" / "files").rglob("*.*cap*"))[::4]:
        if not file.is_file() or file.stat().st_size > 200_000:
            continue
        try:
            want = summed(file)
        except dissector.CaptureError:
            continue
        assert counted(file) == want, file
        sent += sum(line["sent"] for line in want.values())
    assert sent > 100


def test_findings_are_those_of_the_summary():
    file = ROOT / "pcaps" / "findings.pcapng"
    state = Findings()
    for batch in dissector.scan(file):
        state.update(batch)
    rows = ask("select * from findings", file)
    assert list(rows[0]) == [column.name for column in FINDINGS]
    want = state.result().findings
    assert [(row["id"], row["sentence"], row["messages"]) for row in rows] == [
        (one.rule.id, one.text, one.messages) for one in want
    ]
    assert [row["frames"] for row in rows] == [
        ", ".join(str(place.frame) for place in one.frames) for one in want
    ]
    assert all(row["advice"] and row["severity"] in {"note", "warning", "error"} for row in rows)


def test_a_table_is_made_only_when_it_is_named(monkeypatch):
    made = []

    def making(name):
        def make(_):
            made.append(name)
            yield from ()

        return make

    for name in ("exchanges", "findings"):
        monkeypatch.setattr(database, name, making(name))
    assert ask("select count(*) as n from messages") == [{"n": 234}]
    if int(duckdb.__version__.partition(".")[0]) >= database.STREAMS_AGAIN:  # before, naming it reads it
        ask("describe exchanges")
    assert made == []
    ask("select * from exchanges")
    assert set(made) == {"exchanges"}


def test_tables_can_be_joined():
    sql = (
        "select count(*) as n from exchanges e join messages m on m.frame = e.response_in "
        "where m.response_to = e.frame and m.rtt_ns = e.rtt_ns and outcome = 'answered'"
    )
    answered = ask("select count(*) as n from exchanges where outcome = 'answered'")
    assert ask(sql) == answered
    assert answered[0]["n"] > 30


def test_extensions_and_findings_of_messages_are_json():
    rows = ask("select (extensions::json)[0].name as name from messages where extensions is not null")
    assert {"name": '"MPLS Label Stack"'} in rows
    rows = ask("select frame, findings::json->0->>'id' as id from messages where findings is not null")
    want = {m.frame: m.findings[0].id for m in dissector.read(TOUR) if m.findings}
    assert {row["frame"]: row["id"] for row in rows} == want


def test_a_display_filter_and_a_count_choose_messages():
    result = run(
        "-Y",
        "icmp.type == 3",
        "-c",
        "3",
        "--json",
        "-q",
        "select type, count(*) as n from messages group by all",
        TOUR,
    )
    assert json.loads(result.stdout) == {"type": 3, "n": 3}
    result = run("-Y", "icmp.tipe == 3", "select 1", TOUR)
    assert "did you mean" in str(result.exception)


@pytest.fixture
def seam(tmp_path):
    """Return packets whose queries are answered, rewritten and ended by errors in the next of two captures."""
    frames = [
        (100.0, request(1)), (100.1, request(2)), (100.2, request(3)), (100.3, request(4)), (100.4, request(5)),
        (100.5, reply(1)), (100.6, unreachable(2)), (100.7, reply(3, identifier=9)),
        (108.0, reply(4)), (111.0, reply(5)),
    ]  # fmt: skip
    return tmp_path, frames


ACROSS = (
    "select frame, outcome, response_in, response_file, rtt_ns, late, error_in, error_file from exchanges"
)


def across(*files):
    return [
        tuple(json.loads(line).values()) for line in run("--json", "-q", ACROSS, *files).stdout.splitlines()
    ]


def test_exchanges_cross_from_one_capture_to_the_next(seam):
    folder, frames = seam
    one = pcap(folder / "one.pcap", frames[:5])
    two, three = pcap(folder / "two.pcap", frames[5:7]), pcap(folder / "three.pcap", frames[7:])
    assert across(one, two, three) == [
        (1, "answered", 1, str(two), 500_000_000, False, None, None),
        (2, "error", None, None, None, False, 2, str(two)),
        (3, "rewritten", 1, str(three), 500_000_000, False, None, None),
        (4, "answered", 2, str(three), 7_700_000_000, True, None, None),
        (5, "unanswered", None, None, None, False, None, None),
    ]


@pytest.mark.parametrize("cut", range(1, 10))
def test_outcomes_do_not_depend_on_where_a_capture_is_cut(seam, cut):
    folder, frames = seam
    whole = pcap(folder / "whole.pcap", frames)
    one, two = pcap(folder / "one.pcap", frames[:cut]), pcap(folder / "two.pcap", frames[cut:])
    sql = "select outcome, rtt_ns, late, rewritten_as, error_name from exchanges"
    assert run("--json", "-q", sql, one, two).stdout == run("--json", "-q", sql, whole).stdout


def test_captures_that_do_not_follow_one_another_are_each_by_itself(seam):
    folder, frames = seam
    one, two = pcap(folder / "one.pcap", frames[:5]), pcap(folder / "two.pcap", frames[5:])
    again = pcap(folder / "again.pcap", [(99.9, request(7)), (100.1, reply(7)), (104.0, reply(8))])
    assert {row[1] for row in across(two, one)} == {"unanswered"}
    assert [row[:4] for row in across(one, again)][5:] == [(1, "answered", 2, str(again))]
    assert {row[1] for row in across(one, again, two)[:5]} == {"unanswered"}


def test_several_captures_have_exchanges_of_their_own():
    result = run(
        "--json",
        "-q",
        "select file, count(*) as n from exchanges group by all",
        TOUR,
        ROOT / "pcaps" / "big-endian-ns.pcap",
    )
    assert len(result.stdout.splitlines()) == 2
