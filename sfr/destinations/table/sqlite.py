"""Loads into SQLite: everything of a load, new tables too, is one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sfr.column_types import ColumnType, read_type
from sfr.destinations.table.columns import Column
from sfr.destinations.table.config import TableConfig
from sfr.destinations.table.database import RECORD_NUMBER
from sfr.destinations.table.forms import Forms
from sfr.destinations.table.naming import NameRules, TableName
from sfr.destinations.table.records import Records, Row
from sfr.destinations.table.refusals import no_table, referred_to, rows_stayed

_TYPES = {"integer": "INTEGER", "boolean": "INTEGER", "float": "REAL"}  # all others: text, which nothing is lost in
_AS_TEXT = frozenset({"text", "decimal", "date", "time", "timestamp", "timestamp with time zone"})
_INSERT = "INSERT OR ABORT INTO"  # else a table may say that rows in the way go, or new ones, without a word
_NUMBER_DIGITS = 15  # of a number with a point, https://www.sqlite.org/datatype3.html


class SQLite:
    """A connection, as `TableDatabase` has it."""

    rules = NameRules('"', folds=True, has_schemas=False)
    forms = Forms(("0", "1"), between=b" ", canonical=True)
    mark = "?"
    moment = "TIMESTAMP"
    schema = ""

    def __init__(self, module: Any, arguments: tuple[Sequence[Any], Mapping[str, Any]], config: TableConfig) -> None:
        positional, named = arguments
        self._connection = module.connect(*positional, **{**named, "timeout": config.lock_seconds})
        self._connection.isolation_level = None  # BEGIN is ours
        self._batch = config.batch_records
        self._passing = 0

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self._connection.execute(statement, parameters).fetchall()
        return found

    def begin(self, tables: Iterable[TableName]) -> None:  # noqa: ARG002 (there is one writer at a time)
        self.run("BEGIN IMMEDIATE")

    def columns_of(self, table: TableName) -> Mapping[str, Column] | None:
        found = self.run("SELECT name, type FROM sqlite_master WHERE name = ? COLLATE NOCASE", (table.name,))
        if not found:
            return None
        if found[0][1] != "table":
            raise no_table(table.name, f"a {found[0][1]}")
        rows = self.run("SELECT name, type, pk FROM pragma_table_xinfo(?) ORDER BY cid", (table.name,))
        numbers_rows = sum(1 for _, _, place in rows if place) == 1  # such a key without a value gets the next number
        return {
            name: replace(_column(name, stored), required=bool(place) and numbers_rows and stored.upper() == "INTEGER")
            for name, stored, place in rows
        }

    def create(self, table: TableName, columns: Sequence[Column], identity: Sequence[str]) -> TableName:
        lines = []
        for column in columns:
            needed = " NOT NULL" if column.name in identity else ""  # SQLite lets primary keys be without a value
            lines.append(f"{self.rules.quoted(column.name)} {_TYPES.get(column.kind, 'TEXT')}{needed}")
        if identity:
            lines.append(f"PRIMARY KEY ({self.rules.listed(identity)})")
        self.run(f"CREATE TABLE {self.rules.table(table)} ({', '.join(lines)})")
        return table

    def emptied(self, table: TableName) -> TableName:
        others = self.run(
            "SELECT m.name FROM sqlite_master m, pragma_foreign_key_list(m.name) f "
            "WHERE m.type = 'table' AND f.\"table\" = ? COLLATE NOCASE AND m.name <> ? COLLATE NOCASE",
            (table.name, table.name),
        )
        if others:
            raise referred_to(table.name, others[0][0])
        self.run(f"DELETE FROM {self.rules.table(table)}")
        if self.run(f"SELECT 1 FROM {self.rules.table(table)} LIMIT 1"):
            raise rows_stayed(table.shown)
        return table

    def passing(self, table: TableName, columns: Sequence[Column]) -> TableName:
        self._passing += 1
        made = TableName(f"sfr_passing_{self._passing}", "temp")
        kinds = dict(self.run("SELECT name, type FROM pragma_table_xinfo(?)", (table.name,)))
        orders = dict(  # by which a key is the same as another
            self.run(
                'SELECT x.name, x.coll FROM pragma_index_list(?) l, pragma_index_xinfo(l.name) x WHERE l."unique" '
                "AND x.key AND x.name IS NOT NULL",
                (table.name,),
            )
        )
        lines = [f"{RECORD_NUMBER} INTEGER PRIMARY KEY"]
        for column in columns:
            order = self.rules.quoted(orders.get(column.name, "BINARY"))
            kind = _words(kinds.get(column.name, ""))
            lines.append(f"{self.rules.quoted(column.name)} {kind} COLLATE {order}")
        self.run(f"CREATE TEMP TABLE {made.name} ({', '.join(lines)})")
        return made

    def fill(self, table: TableName, records: Records) -> int:
        columns = self.rules.listed([column.name for column in records.columns])
        marks = ", ".join("?" * len(records.columns))
        statement = f"{_INSERT} {self.rules.table(table)} ({columns}) VALUES ({marks})"
        floats = [place for place, column in enumerate(records.columns) if column.kind == "float"]
        count = 0
        for rows in records.rows():
            cursor = self._connection.executemany(statement, _with_floats(rows, floats) if floats else rows)
            count += cursor.rowcount
        return count

    def merge(self, source: TableName, target: TableName, columns: Sequence[Column], identity: Sequence[str]) -> int:
        names = [column.name for column in columns]
        others = [self.rules.quoted(name) for name in names if name not in identity]
        listed = self.rules.listed(names)
        change = f"UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in others)}" if others else "NOTHING"
        done = self._connection.execute(
            f"{_INSERT} {self.rules.table(target)} ({listed}) SELECT {listed} FROM {self.rules.table(source)} "
            f"WHERE true ON CONFLICT ({self.rules.listed(identity)}) DO {change}"  # without WHERE it is read as a join
        )
        if others:
            return int(done.rowcount)
        return int(self.run(f"SELECT count(*) FROM {self.rules.table(source)}")[0][0])

    def unique_keys(self, table: TableName) -> list[frozenset[str]]:
        rows = self.run(
            "SELECT l.name, i.name FROM pragma_index_list(?) l, pragma_index_info(l.name) i "
            'WHERE l."unique" AND NOT l.partial',
            (table.name,),
        )
        keys: dict[str, set[str]] = {}
        for index, column in rows:
            keys.setdefault(index, set()).add(column)  # None for an expression, which is the name of no column
        primary = frozenset(
            name for (name,) in self.run("SELECT name FROM pragma_table_info(?) WHERE pk", (table.name,))
        )
        return [*map(frozenset, keys.values()), primary]

    def refuse_rollback_less(self, table: TableName) -> None:
        """There is none."""

    def commit(self) -> None:
        self.run("COMMIT")

    def check(self, shown: str, schema: str, *, create: bool) -> None:  # noqa: ARG002 (a file is written to or not)
        self.run("BEGIN IMMEDIATE")
        self.run("ROLLBACK")

    def close(self) -> None:
        """To close alone would leave the transaction open for as long as somebody holds a cursor, as an error does."""
        if self._connection.in_transaction:
            self.run("ROLLBACK")
        self._connection.close()


def _column(name: str, stored: str) -> Column:
    """A column that is there, by the rules that SQLite has for types, https://www.sqlite.org/datatype3.html 3.1"""
    kind = stored.upper()
    if "INT" in kind:
        return Column(name, ColumnType("integer"), stored, frozenset({"integer", "boolean"}))
    if any(word in kind for word in ("CHAR", "CLOB", "TEXT")):
        return Column(name, None, stored, _AS_TEXT)
    if "BLOB" in kind or not kind:
        return Column(name, None, stored)
    if any(word in kind for word in ("REAL", "FLOA", "DOUB")):
        return Column(name, ColumnType("float"), stored, frozenset({"float"}))
    return _numeric(name, stored)


def _numeric(name: str, stored: str) -> Column:
    """What looks like a number becomes one in such a column; of one with a point it keeps 15 digits."""
    try:
        known = read_type(stored)
    except ValueError:
        known = ColumnType("text")
    if known.kind == "text":  # STRING and whatever else SQLite does not know
        return Column(name, None, stored, number_digits=_NUMBER_DIGITS, makes_numbers=True)
    if known.kind == "decimal":
        holds = frozenset({"decimal", "integer"})
        return Column(name, known, stored, holds, number_digits=_NUMBER_DIGITS)
    return Column(name, known, stored, frozenset({known.kind}))


def _with_floats(rows: Sequence[Row], places: Sequence[int]) -> list[list[Any]]:
    """SQLite's own reading of a number is not always the nearest one."""
    found = []
    for row in rows:
        values: list[Any] = list(row)
        for place in places:
            if values[place] is not None:
                values[place] = float(values[place])
        found.append(values)
    return found


def _words(kind: str) -> str:
    """A declared type as it was declared, if it is one that can be declared again."""
    return kind if all(character.isalnum() or character in " (),_" for character in kind) else "TEXT"
