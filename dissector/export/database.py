"""SQL over tables, with duckdb, in a room without doors: it sees the tables it is given, no file and no network.

Strategy: duckdb reads the tables as Arrow streams, batch by batch, each time a query needs them; so a capture may be
larger than memory. What a query has to keep, as for sorting, goes to a folder for temporary files when memory ends.
"""

from __future__ import annotations

import math
import re
from json import loads
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from dissector.errors import DissectError, LanguageError
from dissector.export.answers import Teller, final
from dissector.export.arrow import ArrowTable
from dissector.export.columns import Values
from dissector.export.exchanges import COLUMNS as EXCHANGES
from dissector.export.exchanges import exchanges
from dissector.export.findings import COLUMNS as FINDINGS
from dissector.export.findings import findings
from dissector.export.schema import TIME, Column, columns
from dissector.export.table import Maker, Table, finished, tables
from dissector.present.text import utf8
from dissector.present.times import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import TracebackType
    from typing import Self

    from dissector.batch import Batch
    from dissector.export.answers import Told

MESSAGES = "messages"
EXTRA = "tables"
"""The extra of this package that brings duckdb."""
CLOSED = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_unsigned_extensions": "false",
}
"""What is shut from the start; nothing can open it again, see `lock_configuration`."""
PLAIN = ("BOOLEAN", "VARCHAR", "DOUBLE", "FLOAT", "HUGEINT", "UHUGEINT")
"""Types that Python has too, beside the integers."""
NESTED = ("[]", "STRUCT", "MAP", "UNION", "[")
AT_ONCE = 1000
"""Rows that are fetched at a time."""
STREAMS_AGAIN = 2
"""From this version on, duckdb reads a stream anew for every query; before, each once, so that it is kept."""
ONCE = "a stream"
LONGEST = 100_000
"""Characters that SQL may have."""
ADVICE = ' Use "SET '
"""How duckdb's advice begins to change a setting, which is not possible here."""
LINE = re.compile(r"\n+LINE \d+: ")
"""What comes before the line that an error is in, and the line beneath with carets."""
SEVERAL = "MULTI"
"""What it calls statements that do as several do: a PIVOT that looks for its columns first."""
UNNAMED = "a PIVOT that does not name its columns, as in ON type IN (3, 11)"
ABSENT = re.compile(r"Table with name (.+) does not exist!")
"""What duckdb says of a table that there is not; the name that it proposes is one of its own."""
UNKNOWN = re.compile(r'Referenced column "(.+?)" not found')
"""What it says of a column that there is not."""
SHOW = re.compile(r"\s*show\b", re.IGNORECASE)
"""How a question about all tables begins."""
CHOSEN = "the messages"
"""The name of what ``--where`` chooses from; one that an expression does not name by chance."""
ROW = "number of the row"


class MissingExtraError(DissectError):
    """A package that is needed only here is not installed."""


class QueryError(LanguageError):
    """SQL that duckdb refuses."""


class Database:
    """Some tables that can be asked.

    Args:
        offered: tables, each by its name; made when a question names it.

    Raises:
        MissingExtraError: duckdb is not installed.
    """

    def __init__(self, offered: Mapping[str, ArrowTable]) -> None:
        try:
            import duckdb
        except ModuleNotFoundError as error:
            sentence = f"SQL needs duckdb, which is not installed: pip install 'dissector[{EXTRA}]'"
            raise MissingExtraError(sentence) from error
        self._duckdb = duckdb
        self._tables: dict[str, ArrowTable] = {}
        self._names = tuple(offered)
        self._folder = TemporaryDirectory(prefix="dissector-")
        self._connection = duckdb.connect(config={**CLOSED, "temp_directory": self._folder.name})
        self._once = int(duckdb.__version__.partition(".")[0]) < STREAMS_AGAIN
        self._waiting = dict(offered)
        # Else a name that is no table would be looked for among Python's variables.
        self._connection.execute("SET python_enable_replacements = false")
        self._connection.execute("SET lock_configuration = true")

    def __enter__(self) -> Self:
        """Return the database itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Forget everything."""
        self._connection.close()
        self._folder.cleanup()

    def interrupt(self) -> None:
        """End what is asked at the moment; may be called from a signal handler."""
        self._connection.interrupt()

    def offer(self, name: str, table: ArrowTable) -> None:
        """Offer a table by a name, in place of what was offered by it."""
        self._tables[name] = table
        self._connection.register(name, table)

    def _make(self, sql: str) -> None:
        """Make the tables whose names occur in some SQL; all of them for SHOW."""
        for name in [name for name in self._waiting if name in sql.lower() or SHOW.match(sql)]:
            table = self._waiting.pop(name)
            if not self._once:
                self.offer(name, table)
                continue
            self.offer(ONCE, table)
            self._connection.execute(f'CREATE TEMP TABLE "{name}" AS FROM "{ONCE}"')
            self._connection.unregister(ONCE)

    def query(self, sql: str, *, as_json: bool = False) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
        """Ask one question.

        Args:
            sql: a SELECT, or what duckdb reads as one (WITH, FROM, DESCRIBE, SUMMARIZE).
            as_json: nested values as lists and dicts, else as text.

        Returns:
            The names of the columns, and the rows: numbers, bool, str and None. What Python has no type for, or a
            coarser one, such as times in nanoseconds, is text.

        Raises:
            QueryError: it is not SQL, or asks for what there is not or what is not allowed.
        """
        sql = sql.rstrip().removesuffix(";")
        try:
            self._single(sql)
            self._make(sql)
            described = self._connection.execute(f"DESCRIBE FROM (\n{sql}\n)").fetchall()
            names = [str(row[0]) for row in described]
            shown = [f"c{index}" for index in range(len(names))]
            chosen = ", ".join(
                _converted(name, str(row[1]), as_json=as_json)
                for name, row in zip(shown, described, strict=True)
            )
            asked = f"(\n{sql}\n) AS asked({', '.join(shown)})"
            self._connection.execute(f"SELECT {chosen} FROM {asked}")  # noqa: S608 - the user's own SQL is what runs
        except self._duckdb.Error as error:
            raise self._refusal(error) from error
        return names, self._rows([_reader(str(row[1])) if as_json else _plain for row in described])

    def rows_where(self, expression: str, name: str = CHOSEN) -> list[int]:
        """Return the numbers of the rows of a table with a column :data:`ROW` for which an expression is true.

        Raises:
            QueryError: it is not an expression, or asks for what there is not.
        """
        condition = f"CAST({self.condition(expression)} AS BOOLEAN)"
        try:
            asked = f'SELECT "{ROW}" FROM "{name}" WHERE {condition}'  # noqa: S608 - as in query
            found = self._connection.execute(asked).fetchall()
        except self._duckdb.Error as error:
            raise self._refusal(error) from error
        return [row[0] for row in found]

    def condition(self, expression: str) -> str:
        """Return an expression in parentheses, to stand behind WHERE.

        Raises:
            QueryError: it is not one expression.
        """
        if not expression.strip():
            sentence = "a condition is wanted, such as type = 3"
            raise QueryError(sentence)
        condition = f"(\n{expression}\n)"
        try:
            # By itself as well: so its parentheses are its own, and it ends with those around it and not before.
            self._single(f"SELECT\n{expression}\n")
            self._single(f"SELECT {condition}")
        except self._duckdb.Error as error:
            raise self._refusal(error) from error
        return condition

    def _single(self, sql: str) -> None:
        """Refuse what is not one SELECT, or too much of it."""
        if len(sql) > LONGEST:
            sentence = f"SQL has at most {LONGEST} characters here, this has {len(sql)}"
            raise QueryError(sentence)
        if utf8(sql).decode() != sql:
            sentence = "SQL is text in UTF-8, and this is not"
            raise QueryError(sentence)
        statements = self._connection.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != self._duckdb.StatementType.SELECT:
            kinds = [statement.type.name.replace("_", " ") for statement in statements]
            kind = f"{len(kinds)} statements" if len(kinds) > 1 else "".join(kinds) or "nothing"
            # Before it had a name for them, they were told apart: statements that nobody wrote.
            if kind == SEVERAL or not all(statement.query for statement in statements):
                kind = UNNAMED
            sentence = f"one SELECT is wanted, not {kind}"
            raise QueryError(sentence)

    def _rows(self, readers: list[Callable[[Any], Any]]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of what was asked last."""
        while True:
            try:
                rows = self._connection.fetchmany(AT_ONCE)
            except self._duckdb.Error as error:
                raise self._refusal(error) from error
            if not rows:
                return
            for row in rows:
                yield tuple(
                    None if value is None else read(value) for read, value in zip(readers, row, strict=True)
                )

    def _refusal(self, error: Exception) -> BaseException:
        """Return what to raise for an error of duckdb's: what ended a table early, or a sentence."""
        for table in self._tables.values():
            if table.raised is not None:
                return table.raised
        if isinstance(error, self._duckdb.InterruptException):
            return KeyboardInterrupt()
        said = str(error)
        place = LINE.search(said)
        kind, _, text = said[: place.start() if place else None].partition(": ")
        sentence = text if kind.endswith("Error") else f"{kind}: {text}"
        if (absent := ABSENT.match(text)) and self._names:
            sentence = f'there is no table "{absent[1]}"; there are {", ".join(self._names)}'
        if (unknown := UNKNOWN.match(text)) and f'"{unknown[1]}"' in said[place.start() if place else 0 :]:
            sentence = f"there is no column {unknown[1]}; text stands in single quotes: '{unknown[1]}'"
        marks: tuple[str, ...] = ()
        if place:
            first, *others = said[place.end() :].split("\n")
            # Both begin with what names the line, which is not the user's own: it is among lines of ours.
            label = len(place[0].lstrip("\n"))
            marks = (first, *(other[label:] for other in others if other.strip()))
        return QueryError(
            " ".join(sentence.partition(ADVICE)[0].split()), tuple(f"    {mark}" for mark in marks)
        )


def _nested(kind: str) -> bool:
    """Return whether values of a type have values in them."""
    return kind.endswith("]") or kind.startswith(NESTED)


def _converted(name: str, kind: str, *, as_json: bool) -> str:
    """Return the expression for a column of a type."""
    if kind in PLAIN or kind.endswith(("INT", "INTEGER")):
        return name
    if kind.startswith("DECIMAL"):
        return f"CAST({name} AS DOUBLE)"
    if as_json and _nested(kind):
        return f"CAST(to_json({name}) AS VARCHAR)"
    if as_json and kind == TIME:
        return f"epoch_ns({name})"
    return f"CAST({name} AS VARCHAR)"


def _reader(kind: str) -> Callable[[Any], Any]:
    """Return what makes JSON of a value of a type as :func:`_converted` leaves it."""
    if _nested(kind):
        return loads
    return iso if kind == TIME else _plain


def _plain(value: Any) -> Any:
    """Return a value as JSON can have it: no number that is none."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def known(
    captures: Callable[[], Iterable[Iterable[Batch]]],
    chosen: Callable[[Iterable[Told]], Iterable[Told]] = iter,
) -> dict[str, ArrowTable]:
    """Return the tables by name: ``messages``, ``exchanges``, ``findings``; each is made when it is read.

    Args:
        captures: reads them from the start, one after another.
        chosen: chooses the rows of ``messages``; the others are always about everything.
    """
    return {
        MESSAGES: ArrowTable(columns(), lambda: tables(chosen(final(Teller().tell(captures()))))),
        "exchanges": ArrowTable(_named(EXCHANGES), lambda: exchanges(captures())),
        "findings": ArrowTable(_named(FINDINGS), lambda: findings(captures())),
    }


def _named(group: tuple[Column, ...]) -> dict[str, Column]:
    return {column.name: column for column in group}


class Where:
    """A condition in SQL on the columns of ``messages``, for choosing messages batch by batch.

    Args:
        expression: what stands behind WHERE.

    Raises:
        MissingExtraError: duckdb is not installed.
        QueryError: it is not an expression, or asks for what there is not.
    """

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self._part = Table(0, {ROW: Values(np.zeros(0, np.int64))})
        schema = {**columns(), ROW: Column(ROW, "BIGINT", nullable=False)}
        self._table = ArrowTable(schema, self._parts)
        self._database = Database({})
        try:
            # An error is told at once, even where there is no message.
            self._rows()
        except BaseException:
            self._database.close()
            raise

    def _parts(self) -> Iterator[Table]:
        yield self._part

    def chosen(self, told: Told) -> Told:
        """Return the messages for which it is true, in their order."""
        table = finished(Maker().table(told))
        self._part = Table(
            table.length, {**table.columns, ROW: Values(np.arange(table.length, dtype=np.int64))}
        )
        mask = np.zeros(table.length, np.bool_)
        mask[self._rows()] = True
        return told if mask.all() else told.of(mask)

    def _rows(self) -> list[int]:
        self._database.offer(CHOSEN, self._table)
        return self._database.rows_where(self.expression)

    def __enter__(self) -> Self:
        """Return the condition itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close its database."""
        self._database.close()
