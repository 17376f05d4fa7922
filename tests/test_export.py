from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import dissector
from dissector import kernel
from dissector.analysis.pairing import Pairing
from dissector.batch import DTYPES
from dissector.cli.export import command
from dissector.export import answers, captures, page, pages, parquet, schema, separated, thrift
from dissector.export.answers import Teller, final, settled
from dissector.export.columns import Addresses
from dissector.export.schema import TEXT
from dissector.export.sources import Captures
from dissector.export.table import tables
from dissector.message import messages
from dissector.present.jsonlines import dumps, record

ROOT = Path(__file__).parents[1]
SAMPLES = sorted(path for path in (ROOT / "pcaps").glob("*.pcap*") if path.stat().st_size)


def run(*arguments):
    return CliRunner().invoke(command, list(map(str, arguments)))


def told(file):
    return Teller().tell([dissector.scan(file)])


def rows_of(file, rows=1 << 18):
    """Return the rows of the table of a capture, as dicts."""
    found = []
    for table in tables(final(told(file)), rows):
        cells = {}
        for name in schema.columns():
            values = table.columns.get(name)
            if values is None:
                cells[name] = [None] * table.length
                continue
            plain = values.every.tolist()
            if values.texts is not None:
                plain = [(values.texts or [None])[index] for index in plain]
            if values.missing is not None:
                plain = [
                    None if absent else value
                    for value, absent in zip(plain, values.missing.tolist(), strict=True)
                ]
            cells[name] = plain
        found += [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]
    return found


def expected(message, answer, response_in):
    """Return what the JSON of a message says, as the schema has it."""
    said = record(message, answer, response_in)
    row = {
        name: said[name]
        for name in schema.columns()
        if name in said and not isinstance(said[name], list | dict)
    }
    row["path"] = ":".join(said["path"])
    row["original"] = message.original
    for key, source in schema.fields().items():
        row[source.column.name] = said["fields"].get(key)
    for column in schema.DATAGRAM:
        key = column.name.removeprefix(schema.QUOTED)
        row[column.name] = (said["quoted"] or {}).get(key)
    if row["quoted_protocol"] != 50:
        row["quoted_spi"] = None  # the JSON has AH's too
    for name in ("extensions", "findings"):
        row[name] = dumps(said[name]) if said[name] else None
    del row["time"]
    return row


def answers_of(file):
    """Return what each message answers, and the frame of the first answer to each frame."""
    pairing, found, first = Pairing(), [], {}
    for batch in dissector.scan(file):
        answers = pairing.pair(batch)
        for row, frame in enumerate(batch.frame.tolist()):
            found.append(answers.one(row))
            if found[-1][0] is not None:
                first.setdefault(found[-1][0], frame)
    return found, first


def assert_same(file):
    rows = rows_of(file)
    answers, first = answers_of(file)
    count = 0
    for batch in dissector.scan(file):
        for message in messages(batch):
            want = expected(message, answers[count], first.get(message.frame))
            got = dict(rows[count])
            assert got.pop("time") == got["time_ns"]
            assert got == want, f"{file} frame {message.frame}"
            count += 1
    assert count == len(rows)
    return count


@pytest.mark.parametrize("file", SAMPLES, ids=lambda path: path.name)
def test_the_columns_say_what_the_json_says(file):
    assert_same(file)


def test_the_columns_say_what_the_json_says_of_real_captures(shared):
    count = 0
    for file in sorted((shared / "captures" / "files").rglob("*.*cap*")):
        if not file.is_file() or file.stat().st_size > 200_000:
            continue
        try:
            count += assert_same(file)
        except dissector.CaptureError:
            continue
    assert count > 1000


def test_tables_do_not_depend_on_how_many_rows_they_have():
    file = ROOT / "pcaps" / "tour.pcapng"
    assert rows_of(file, 1) == rows_of(file)


def test_a_key_that_is_taken_gets_a_prefix_and_all_others_are_the_json_keys():
    columns = schema.fields()
    assert columns["status"].column.name == "field_status"
    assert all(source.column.name == key for key, source in columns.items() if key != "status")
    assert columns["next_hop_mtu"].column[1:3] == ("USMALLINT", "octets")
    assert columns["originate_ms"].column.type == "BIGINT"


def test_the_page_of_the_schema_is_what_the_schema_says():
    text = (ROOT / "docs" / "schema.md").read_text(encoding="utf-8")
    assert text == "\n".join(page.page()) + "\n"


# Parquet


def parquet_rows(path):
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as connection:
        found = connection.execute(f"select * replace (epoch_ns(time) as time) from '{path}'")  # noqa: S608 - a path of ours
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.mark.parametrize("file", SAMPLES, ids=lambda path: path.name)
def test_parquet_has_what_the_table_has(file, tmp_path):
    out = tmp_path / "x.parquet"
    assert run(file, "-o", out).exit_code in (0, 2)
    if out.exists():
        assert parquet_rows(out) == rows_of(file)


def test_parquet_of_several_row_groups(tmp_path):
    file, out = ROOT / "pcaps" / "tour.pcapng", tmp_path / "x.parquet"
    with out.open("wb") as stream:
        batches = (batch[row : row + 7] for batch in dissector.scan(file) for row in range(0, len(batch), 7))
        assert parquet.write(Teller().tell([batches]), stream, 20) == 234
    assert parquet_rows(out) == rows_of(file)


def test_parquet_of_several_pages(tmp_path, monkeypatch):
    """Pages without values, before, between and behind those with some."""
    monkeypatch.setattr(parquet, "PAGE", 5)
    file, out = ROOT / "pcaps" / "tour.pcapng", tmp_path / "x.parquet"
    with out.open("wb") as stream:
        batches = (batch[row : row + 3] for batch in dissector.scan(file) for row in range(0, len(batch), 3))
        assert parquet.write(Teller().tell([batches]), stream, 100) == 234
    assert parquet_rows(out) == rows_of(file)


def test_parquet_without_messages_has_the_columns(tmp_path):
    duckdb = pytest.importorskip("duckdb")
    out = tmp_path / "x.parquet"
    with out.open("wb") as stream:
        assert parquet.write(iter(()), stream) == 0
    with duckdb.connect() as connection:
        described = connection.execute(f"describe from '{out}'").fetchall()
    assert [(row[0], row[1]) for row in described] == [(c.name, c.type) for c in schema.columns().values()]


def test_parquet_tells_the_least_and_the_most(tmp_path):
    duckdb = pytest.importorskip("duckdb")
    out = tmp_path / "x.parquet"
    run(ROOT / "pcaps" / "tour.pcapng", "-o", out)
    with duckdb.connect() as connection:
        told = (
            "select stats_min_value, stats_max_value from parquet_metadata(?) where path_in_schema = 'frame'"
        )
        assert connection.execute(told, [str(out)]).fetchall() == [("1", "234")]


@pytest.mark.parametrize("count", [1, 2, 255, 256, 257, 65535, 65536, 65537, 70000])
def test_indices_of_every_width_come_back(count, tmp_path):
    duckdb = pytest.importorskip("duckdb")
    batch = next(iter(dissector.scan(ROOT / "pcaps" / "tour.pcapng")))
    big = batch.take(np.zeros(70001, np.int64))
    big.src[:, :4] = (np.arange(70001, dtype=">u4") % count).view(np.uint8).reshape(-1, 4)
    big.family[:] = 4
    big.flags[:] = 0
    big.original[:] = np.arange(70001) % count
    out = tmp_path / "x.parquet"
    with out.open("wb") as stream:
        parquet.write(Teller().tell([[big]]), stream)
    with duckdb.connect() as connection:
        asked = (
            "select count(distinct src), count(distinct original), max(original), sum(original) "  # noqa: S608 - ours
            f"from '{out}'"
        )
        found = connection.execute(asked).fetchone()
    assert found == (count, count, count - 1, int(big.original.sum()))


def test_thrift_numbers_and_structs():
    assert thrift.varint(300) == b"\xac\x02"
    # Field 1 is an i32 of -1, field 3 true, field 40 a text: a delta of 2, then a number in full.
    assert thrift.struct({1: thrift.Short(-1), 2: None, 3: True, 40: "x"}) == b"\x15\x01\x21\x08\x50\x01x\x00"
    assert thrift.struct({1: [1] * 15})[:3] == b"\x19\xf6\x0f"


def test_addresses_are_found_however_they_meet():
    """Addresses of which many share a slot, and the same octets as IPv4 and IPv6."""
    known = Addresses()
    random = np.random.default_rng(4)
    octets = random.integers(0, 256, (200_000, 16), np.uint8)
    octets[1::2] = octets[::2]
    version = np.full(len(octets), 6, np.uint8)
    version[:1000] = 4
    octets[:1000, 4:] = 0
    octets[1000:2000] = octets[:1000]
    for _ in range(2):
        numbers = known.find(octets, version)
        assert known.texts[numbers[0]] == ".".join(map(str, octets[0, :4]))
        assert len(np.unique(numbers)) == len(
            {(bytes(o), v) for o, v in zip(octets, version.tolist(), strict=True)}
        )
        for row in (5, 999, 1000, 1999, 2000, 199_999):
            text = str(dissector.batch.IPv6Address(octets[row].tobytes())) if version[row] == 6 else None
            assert text is None or known.texts[numbers[row]] == text


@pytest.mark.parametrize(
    "module", [kernel.page, kernel.interpreted("page")], ids=["installed", "interpreted"]
)
def test_addresses_may_lie_anywhere(module, monkeypatch):
    monkeypatch.setattr(kernel, "page", module)
    octets = np.arange(49, dtype=np.uint8)[1:].reshape(3, 16)
    known = Addresses()
    assert known.find(octets, np.full(3, 6, np.uint8)).tolist() == [0, 1, 2]
    assert known.texts[0] == "102:304:506:708:90a:b0c:d0e:f10"


@pytest.mark.parametrize("kind", [np.int32, np.int64])
@pytest.mark.parametrize("count", [0, 1, 2, 32, 33, 127, 128, 129, 130, 161, 1000])
@pytest.mark.parametrize("span", [1, 2, 250, 70_000, 2**31 - 1, 2**62])
def test_differences_come_back(kind, count, span, tmp_path):
    """One column of random numbers as a file, read by duckdb."""
    duckdb = pytest.importorskip("duckdb")
    limit = min(span, np.iinfo(kind).max)
    values = np.random.default_rng(count).integers(-limit, limit, count, kind, endpoint=True)
    body = pages.differences(values)
    physical = 1 if kind is np.int32 else 2
    header = {1: thrift.Short(count), 2: thrift.Short(5), 3: thrift.Short(3), 4: thrift.Short(3)}
    size = thrift.Short(len(body))
    head = thrift.struct({1: thrift.Short(0), 2: size, 3: size, 5: header})
    chunk = {1: thrift.Short(physical), 2: [thrift.Short(5)], 3: ["x"], 4: thrift.Short(0), 5: count}
    chunk |= {6: len(head + body), 7: len(head + body), 9: 4}
    group = {1: [{2: 4, 3: chunk}], 2: len(head + body), 3: count}
    column = {1: thrift.Short(physical), 3: thrift.Short(0), 4: "x"}
    footer = thrift.struct(
        {1: thrift.Short(2), 2: [{4: "m", 5: thrift.Short(1)}, column], 3: count, 4: [group]}
    )
    out = tmp_path / "x.parquet"
    out.write_bytes(b"PAR1" + head + body + footer + len(footer).to_bytes(4, "little") + b"PAR1")
    with duckdb.connect() as connection:
        assert connection.execute(f"select x from '{out}'").fetchall() == [(x,) for x in values.tolist()]  # noqa: S608 - ours


# what answers what


def batches_of(file, rows):
    for batch in dissector.scan(file):
        for row in range(0, len(batch), rows):
            yield batch[row : row + rows]


def test_response_in_does_not_depend_on_batches():
    file = ROOT / "pcaps" / "tour.pcapng"
    _, first = answers_of(file)
    for rows in (1, 2, 5, 1000):
        found = {}
        for some in final(Teller().tell([batches_of(file, rows)])):
            found.update(zip(some.batch.frame.tolist(), some.later.response_in.tolist(), strict=True))
        assert {frame: response for frame, response in found.items() if response >= 0} == first


def test_what_leaves_too_early_is_counted():
    file = ROOT / "pcaps" / "tour.pcapng"
    teller = Teller()
    told = final(teller.tell([batches_of(file, 1)]), held=0)
    found = [some.later.response_in.copy() for some in told]
    _, first = answers_of(file)
    assert max(map(int, np.concatenate(found))) == answers.NONE
    assert teller.missed == len(first)


def test_what_waits_leaves_when_its_time_is_over():
    file = ROOT / "pcaps" / "tour.pcapng"
    waiting = []

    def slow():
        for batch in batches_of(file, 1):
            batch.time_ns[:] = int(batch.frame[0]) * 10**9
            yield batch

    def counted():
        for some in Teller().tell([slow()]):
            waiting.append(some)
            yield some

    for some in settled(counted(), lambda told: (told.later,), lambda _: 1):
        assert waiting.pop(0) is some
        assert len(waiting) <= 11 or some.later.pairs.over


def test_two_captures_have_answers_of_their_own(tmp_path):
    file, out = ROOT / "pcaps" / "tour.pcapng", tmp_path / "x.json"
    assert run(file, file, "-o", out).exit_code == 0
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [row["response_in"] for row in rows[:234]] == [row["response_in"] for row in rows[234:]]


# CSV and JSON


def test_csv_has_what_the_table_has(tmp_path):
    file, out = ROOT / "pcaps" / "tour.pcapng", tmp_path / "x.csv"
    assert run(file, "-o", out).exit_code == 0
    with out.open(newline="", encoding="utf-8") as stream:
        found = list(csv.DictReader(stream))
    want = rows_of(file)
    assert len(found) == len(want)
    for got, row in zip(found, want, strict=True):
        assert list(got) == list(schema.columns())
        for name, value in row.items():
            if name == "time":
                assert got[name] == record_time(value)
            elif isinstance(value, bool):
                assert got[name] == str(value).lower()
            else:
                assert got[name] == ("" if value is None else str(value)), name


def record_time(time_ns):
    from dissector.present.times import iso

    return iso(time_ns)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("-", "-"),
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1", "'+1"),
        ("-2+3", "'-2+3"),
        ("@SUM(1)", "'@SUM(1)"),
        ('=1,"2"', '"\'=1,""2"""'),
        ("a,b", '"a,b"'),
        ("a\nb\x1b[31m", r"a\x0ab\x1b[31m"),
        ("\t=1", r"\x09=1"),
    ],
)
def test_a_cell_is_no_formula_and_no_control(text, shown):
    assert separated.cell(text) == shown


def test_a_file_name_that_is_a_formula_is_none_in_csv(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("=1+1,x.pcapng").write_bytes((ROOT / "pcaps" / "tour.pcapng").read_bytes())
    assert run("=1+1,x.pcapng", "-o", "x.csv").exit_code == 0
    with Path("x.csv").open(newline="", encoding="utf-8") as stream:
        assert next(iter(csv.DictReader(stream)))["file"] == "'=1+1,x.pcapng"


def test_json_is_that_of_read(tmp_path):
    file, out = ROOT / "pcaps" / "tour.pcapng", tmp_path / "x.json"
    assert run(file, "-o", out).exit_code == 0
    want = [record(message) for message in dissector.read(file)]
    got = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [row["frame"] for row in got] == [row["frame"] for row in want]
    assert [row["fields"] for row in got] == json.loads(json.dumps([row["fields"] for row in want]))
    answers, first = answers_of(file)
    assert [(row["response_to"], row["rtt_ns"]) for row in got] == answers
    assert [row["response_in"] for row in got] == [first.get(row["frame"]) for row in got]
    assert len(first) > 10


# captures


def packets(path):
    """Return time, link type, octets and length on the wire of every message's packet."""
    found = []
    for batch in dissector.scan(path, reassemble=False):
        for row in range(len(batch)):
            interface = batch.origin.interfaces[batch.interface[row]]
            link = (interface.link_type, interface.fcs)
            found.append((int(batch.time_ns[row]), link, batch.frame_octets(row), int(batch.original[row])))
    return found


@pytest.mark.parametrize("file", SAMPLES, ids=lambda path: path.name)
def test_pcapng_has_the_packets_of_the_messages(file, tmp_path):
    out = tmp_path / "x.pcapng"
    assert run(file, "-o", out, "--no-reassemble").exit_code in (0, 2)
    assert sorted(packets(out)) == sorted(packets(file))


def test_pcap_has_the_packets_of_the_messages_to_the_nanosecond(tmp_path):
    out = tmp_path / "x.pcap"
    files = [file for file in SAMPLES if len({packet[1] for packet in packets(file)}) == 1]
    assert files
    for file in files:
        assert run(file, "-o", out, "--no-reassemble").exit_code in (0, 2)
        assert packets(out) == packets(file)


def test_a_datagram_that_was_put_together_is_written_as_one(tmp_path):
    out = tmp_path / "x.pcapng"
    whole = [m for m in dissector.read(ROOT / "pcaps" / "fragments.pcap") if m.reassembled]
    assert run(ROOT / "pcaps" / "fragments.pcap", "-o", out).exit_code == 0
    there = [m for m in dissector.read(out) if m.link == "RAW"]
    assert [(m.octets, m.src, m.dst, m.time_ns) for m in there] == [
        (m.octets, m.src, m.dst, m.time_ns) for m in whole
    ]
    assert whole


def test_a_pcap_of_two_link_types_is_refused_and_leaves_nothing(tmp_path):
    batch = next(iter(dissector.scan(ROOT / "pcaps" / "tour.pcapng")))
    raw = dissector.batch.Batch(
        batch.octets,
        {name: getattr(batch, name) for name in DTYPES},
        batch.paths,
        batch.origin._replace(interfaces=[batch.origin.interfaces[0]._replace(link_type=101)]),
    )
    raw.interface[:] = 0
    with (
        (tmp_path / "x.pcap").open("wb") as out,
        pytest.raises(captures.MixedLinksError, match=r"write \.pcapng"),
    ):
        captures.write_pcap([batch[:3], raw[:3]], out, "x.pcap")


def test_two_files_have_interfaces_of_their_own(tmp_path):
    file, out = ROOT / "pcaps" / "tour.pcapng", tmp_path / "x.pcapng"
    assert run(file, file, "-o", out).exit_code == 0
    with dissector.scan(out) as batches:
        assert {int(number) for batch in batches for number in batch.interface} == {0, 1}


# the command


def test_an_unknown_ending_is_told(tmp_path):
    result = run(ROOT / "pcaps" / "tour.pcapng", "-o", tmp_path / "x.xlsx")
    assert result.exit_code == 2
    assert ".parquet" in result.output


def test_what_is_read_is_not_written_over(tmp_path):
    file = tmp_path / "x.pcapng"
    file.write_bytes((ROOT / "pcaps" / "tour.pcapng").read_bytes())
    assert run(file, "-o", file).exit_code == 2
    assert file.read_bytes() == (ROOT / "pcaps" / "tour.pcapng").read_bytes()


def test_count_and_where_choose(tmp_path):
    pytest.importorskip("duckdb")
    out = tmp_path / "x.json"
    assert run(ROOT / "pcaps" / "tour.pcapng", "-o", out, "-c", "5").exit_code == 0
    assert len(out.read_text().splitlines()) == 5
    assert run(ROOT / "pcaps" / "tour.pcapng", "-o", out, "--where", "type = 11 -- yes").exit_code == 0
    assert {json.loads(line)["type"] for line in out.read_text().splitlines()} == {11}
    want = sum(message.type == 11 for message in dissector.read(ROOT / "pcaps" / "tour.pcapng"))
    assert len(out.read_text().splitlines()) == want > 0


@pytest.mark.parametrize("ending", ["parquet", "csv", "json", "pcap", "pcapng"])
def test_a_display_filter_chooses(ending, tmp_path):
    file, out = ROOT / "pcaps" / "tour.pcapng", tmp_path / f"x.{ending}"
    result = run(file, "-o", out, "-Y", "icmp.type == 11", "-c", "2")
    assert result.exit_code == 0, result.output
    assert "2 messages" in result.stderr


def test_where_knows_what_answers_a_message(tmp_path):
    pytest.importorskip("duckdb")
    for ending in ("json", "pcapng"):
        out = tmp_path / f"x.{ending}"
        file = ROOT / "pcaps" / "tour.pcapng"
        assert run(file, "-o", out, "--where", "response_in = frame + 1 and rtt_ns is null").exit_code == 0
    _, first = answers_of(file)
    rows = [json.loads(line)["frame"] for line in (tmp_path / "x.json").read_text().splitlines()]
    assert rows == sorted(frame for frame, response in first.items() if response == frame + 1)
    assert len(rows) == len(list(dissector.read(tmp_path / "x.pcapng")))


@pytest.mark.parametrize("ending", ["parquet", "csv", "json", "pcap", "pcapng"])
def test_a_capture_that_cannot_be_read_leaves_what_was_there(ending, tmp_path):
    out = tmp_path / f"x.{ending}"
    out.write_text("before")
    result = run(ROOT / "pcaps" / "tour.pcapng", tmp_path / "missing.pcap", "-o", out)
    assert isinstance(result.exception, dissector.CaptureError | dissector.DissectError)
    assert out.read_text() == "before"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.skipif(os.name == "nt", reason="signals are sent as on Unix")
def test_control_c_leaves_no_file(tmp_path):
    out = tmp_path / "x.parquet"
    program = "from dissector.cli.export import command; command(['-', '-o', __import__('sys').argv[1]])"
    process = subprocess.Popen(
        [sys.executable, "-c", program, out], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdin.write((ROOT / "pcaps" / "tour.pcapng").read_bytes())
    process.stdin.flush()
    for _ in range(200):
        if list(tmp_path.glob(".*.part")):
            break
        time.sleep(0.05)
    assert list(tmp_path.glob(".*.part"))
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"was not written" in err
    assert not list(tmp_path.iterdir())


# columns for others


def test_to_numpy_copies_nothing():
    batch = next(iter(dissector.scan(ROOT / "pcaps" / "tour.pcapng")))
    found = batch.to_numpy()
    assert list(found) == list(DTYPES)
    for name, column in found.items():
        assert column.shape == (len(batch),)
        assert np.shares_memory(column, getattr(batch, name))
    assert bytes(found["src"][3]) == batch.src[3].tobytes()
    empty = dissector.batch.Batch.empty(batch.origin).to_numpy()
    assert all(column.shape == (0,) for column in empty.values())


def test_texts_have_their_own_columns_only():
    assert all(column.type != TEXT or not column.unit for column in schema.columns().values())


def test_pandas_takes_the_columns_as_they_are():
    pandas = pytest.importorskip("pandas")
    batch = next(iter(dissector.scan(ROOT / "pcaps" / "tour.pcapng")))
    columns = batch.to_numpy()
    series = {
        name: pandas.Series(column, copy=False)
        for name, column in columns.items()
        if column.dtype.kind != "V"
    }
    assert len(series) == len(columns) - 2
    for name, one in series.items():
        assert one.tolist() == getattr(batch, name).tolist()
        assert np.shares_memory(one.to_numpy(), getattr(batch, name)), name


def test_polars_takes_the_columns_as_they_are():
    polars = pytest.importorskip("polars")
    batch = next(iter(dissector.scan(ROOT / "pcaps" / "tour.pcapng")))
    for name, column in batch.to_numpy().items():
        if column.dtype.kind == "V":
            continue
        series = polars.Series(name, column)
        assert series.to_list() == getattr(batch, name).tolist()
        assert np.shares_memory(series.to_numpy(), getattr(batch, name)), name


def test_polars_and_pandas_read_the_arrow_stream_and_the_file(tmp_path):
    polars = pytest.importorskip("polars")
    file, out = ROOT / "pcaps" / "tour.pcapng", tmp_path / "x.parquet"
    assert run(file, "-o", out).exit_code == 0
    frame = polars.read_parquet(out)
    assert frame.shape == (234, len(schema.columns()))
    want = rows_of(file)
    for name in ("frame", "time_ns", "src", "type", "response_in", "rtt_ns", "findings", "local"):
        assert frame[name].to_list() == [row[name] for row in want], name


def test_all_captures_are_looked_at_before_one_is_read():
    read = Captures((str(SAMPLES[0]), "nofile"))
    with pytest.raises(dissector.CaptureError, match="nofile: No such file"), read:
        pytest.fail("nothing should be read")
