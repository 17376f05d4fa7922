"""Harnesses for what people write: display filters, and SQL, which must not leave its tables.

The first octet says how the others are read: as text, or each as a word of the language; mutants of words are sentences
far more often than mutants of text are.
"""

from __future__ import annotations

import os
import secrets
from contextlib import ExitStack, chdir, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer
from typing import TYPE_CHECKING
from unittest.mock import patch
from weakref import finalize

from places import ROOT

import dissector
from dissector import filter as filters
from dissector.cli.query import as_objects, as_table
from dissector.errors import FilterError
from dissector.export import database
from dissector.export.answers import Teller, final
from dissector.export.arrow import ArrowTable
from dissector.present.text import printable
from fuzz.harness_messages import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.export.table import Table

SAMPLES = tuple(ROOT / "pcaps" / name for name in ("extensions.pcap", "tunnels.pcap", "short.pcap"))
"""What is asked about: few messages of many kinds."""
AS_WORDS, JOINED, CONDITION = 1, 2, 4
"""Bits of the first octet: the octets are words; words without spaces between; a condition instead of a SELECT."""
ROWS, SECONDS = 20, 1.0
"""What is looked at of an answer, and how long it may take before it is stopped: that much is what was asked for."""

FIELDS = (
    "icmp", "icmpv6", "icmp.type", "icmp.code", "icmp.ident", "icmp.seq", "icmp.data", "icmp.checksum",
    "icmp.mtu", "icmpv6.type", "icmpv6.opt", "icmpv6.opt.linkaddr", "icmpv6.nd.ns.target_address",
    "icmp.checksum.status", "ip", "ip.src", "ip.dst", "ip.addr", "ip.ttl", "ip.flags.df", "ipv6.src",
    "ipv6.addr", "frame", "frame.number", "frame.len", "frame.time", "frame.time_relative",
    "frame.interface_name", "quoted.src", "quoted.sport", "quoted.protocol", "eth.src", "vlan.id", "udp.port",
    "icmp.resp_to", "_ws.expert",
)  # fmt: skip
FILTER_WORDS = (
    *FIELDS, "==", "!=", "===", "!==", "~=", "<", "<=", ">", ">=", "eq", "any_ne", "all_eq", "contains",
    "matches", "~", "in", "not", "!", "and", "&&", "or", "||", "any", "all", "(", ")", "{", "}", ",", "..", "[",
    "]", "[0:2]", "[-4:]", "[1-2,4]", "#1", "#[1,2]", "#-1", "0", "1", "8", "-1", "3.5", "0x10", "017", "0b11",
    "4294967296", "1e3", "10.0.0.0/8", "10.0.0.1", "2001:db8::/32", "::1", "08:00:45", "08",
    "00:15:c7:56:80:00", '"a"', '"\\x00\\xff"', '"(a|b)*c"', '"[0-9]{2,3}"', "'a'", 'r"\\d+"',
    '"2024-01-01 12:00:00"', '"', "'", "true", "false", "\u00e4", "\n", "\0", "\u202e",
)  # fmt: skip
TABLES = ("messages", "exchanges", "findings")
SQL_WORDS = (
    *TABLES, "select", "from", "where", "group by all", "order by", "limit", "with", "as", "(", ")", ",", "*",
    "=", "<>", "<", "||", "::", "union all", "join", "using", "on", "in", "exists", "not", "and", "or",
    "is null", "case when", "then", "end", "describe", "summarize", "pivot", "unnest", "over", "count(*)",
    "sum", "min", "max", "type", "code", "src", "dst", "frame", "time", "name", "rtt_ns", "quoted", "fields",
    "1", "0", "-1", "1e300", "'a'", "''", "null", "true", "1.5", "'1 day'", "interval", "timestamp",
    "'nan'::double", "cast", "blob", "'\\xff'::blob", "[1, 2]", "{'a': 1}", "map {'a': 1}", "--", "/*", "*/",
    ";", '"', "'", "$$", "\n", "\0", "\u202e", "\ud800", "read_csv", "read_text", "read_blob", "read_json",
    "glob", "sniff_csv", "parquet_scan", "query", "query_table", "getenv", "getvariable", "'secret.csv'",
    '"secret.csv"', "'*'", "'DISSECTOR_SECRET'", "SECRET", "duckdb_settings()", "duckdb_secrets()",
    "current_setting('temp_directory')", "copy", "to", "'made.csv'", "attach", "install", "load", "set",
    "pragma", "create table", "insert into", "export database", "'.'", "range(3)", "information_schema.tables",
    "sqlite_master", "pg_catalog.pg_class", "columns(*)", "lateral", "qualify", "row_number()", "lambda x: x",
    "error('x')", "chr(27)", "repeat('a', 99)",
)  # fmt: skip


def text_of(given: bytes, words: tuple[str, ...]) -> str:
    """Return what octets say, with the first octet's idea of them."""
    how, octets = given[0] if given else 0, given[1:]
    if not how & AS_WORDS:
        return os.fsdecode(octets)  # as what is given on a command line
    return ("" if how & JOINED else " ").join(words[octet % len(words)] for octet in octets)


def _again(parts: list[Table]) -> Iterator[Table]:
    yield from parts


class Filters:
    """A display filter: it is one, and chooses messages, or it is refused in one sentence."""

    def __init__(self) -> None:
        self.batches = [batch for file in SAMPLES for batch in dissector.scan(file)]

    def __call__(self, given: bytes) -> object:
        """Return which messages a filter chooses, or why it is none."""
        text = text_of(given, FILTER_WORDS)
        try:
            chosen = filters.compile(text)
        except FilterError as error:
            refused = error
        else:
            return self.masks(chosen, text)
        assert 0 <= refused.offset <= len(text)
        shown(str(refused).split("\n")[-2:] if text else [])
        return str(refused)

    def masks(self, chosen: filters.Filter, text: str) -> list[list[bool]]:
        """Return what a filter chooses of each batch."""
        assert repr(chosen) == f"Filter({text!r})"
        masks = [chosen.mask(batch) for batch in self.batches]
        for mask, batch in zip(masks, self.batches, strict=True):
            assert (mask.dtype, mask.shape) == (bool, (len(batch),))
        return [mask.tolist() for mask in masks]


class Queries:
    """SQL: rows, or a sentence; and what lies beside the tables stays there.

    A file, an environment variable and a variable of Python's hold a secret that no answer may tell.
    """

    def __init__(self) -> None:
        self.opened = ExitStack()
        finalize(self, self.opened.close)
        self.folder = self.opened.enter_context(TemporaryDirectory(prefix="dissector-fuzz-"))
        self.secret = secrets.token_hex(16)
        Path(self.folder, "secret.csv").write_text(f"a\n{self.secret}\n", encoding="ascii")
        captures = [list(dissector.scan(file)) for file in SAMPLES]
        self.told = list(final(Teller().tell(captures)))
        self.tables = {
            name: ArrowTable(table.columns, partial(_again, list(table.start())))
            for name, table in database.known(lambda: captures).items()
        }
        with self.room():
            self.database = self.opened.enter_context(database.Database(self.tables))

    @contextmanager
    def room(self) -> Iterator[None]:
        """Put secrets where SQL might look, and give it little memory: what it asks for may need any."""
        little = {"memory_limit": "256MB", "max_temp_directory_size": "0B", "threads": "1"}
        with (
            chdir(self.folder),
            patch.dict(os.environ, DISSECTOR_SECRET=self.secret),
            patch.dict(database.CLOSED, little),
        ):
            yield
            assert [file.name for file in Path().iterdir()] == ["secret.csv"], "a file was written"

    def __call__(self, given: bytes) -> object:
        """Return rows, or a sentence; nothing if it took too long."""
        sql = text_of(given, SQL_WORDS)
        late = Timer(SECONDS, self.database.interrupt)
        late.start()
        try:
            with self.room():
                answer = self.chosen(sql) if given and given[0] & CONDITION else self.answer(sql, given)
        except database.QueryError as error:
            answer = shown([printable(error.sentence), *map(printable, error.marks)])
            if "invalidated" in error.sentence:  # by a fault of duckdb's own
                with self.room():
                    self.database = self.opened.enter_context(database.Database(self.tables))
        except KeyboardInterrupt:
            return None
        finally:
            late.cancel()
            late.join()
        assert self.secret not in str(answer) or self.secret in sql, "the secret is told"
        return answer

    def answer(self, sql: str, given: bytes) -> list[str]:
        """Return the first rows of an answer as text."""
        as_json = bool(given[-1] & 1) if given else False
        heads, rows = self.database.query(sql, as_json=as_json)
        few = (row for row, _ in zip(rows, range(ROWS), strict=False))
        return shown(
            line
            for text in (as_objects(heads, few) if as_json else as_table(heads, few, "simple"))
            for line in text.split("\n")
        )

    def chosen(self, expression: str) -> list[list[int]]:
        """Return the frames of the messages for which a condition is true."""
        with database.Where(expression) as where:
            return [where.chosen(told).batch.frame.tolist() for told in self.told]
