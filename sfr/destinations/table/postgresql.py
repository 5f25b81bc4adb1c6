"""Loads into PostgreSQL: everything of a load, new tables too, is one transaction, and the bytes go in by COPY."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sfr.column_types import ColumnType, read_type
from sfr.destinations.table.columns import MOST_FRACTION_DIGITS, Column
from sfr.destinations.table.config import TableConfig
from sfr.destinations.table.database import RECORD_NUMBER
from sfr.destinations.table.forms import Forms
from sfr.destinations.table.naming import NameRules, TableName
from sfr.destinations.table.records import Records
from sfr.destinations.table.refusals import inherited, no_table, referred_to, rows_stayed
from sfr.errors import DeliveryError

_CONNECT_SECONDS = 10
# A server that is gone without a word is noticed after a minute or so, https://www.postgresql.org/docs/current/libpq-connect.html
_CONNECT_OPTIONS = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 90_000}
_TABLES = ("r", "p")
_TYPES = {
    "integer": "bigint",
    "float": "double precision",
    "boolean": "boolean",
    "date": "date",
    "time": "time",
    "timestamp": "timestamp",
    "timestamp with time zone": "timestamp with time zone",
}
_WITH_FRACTION = re.compile(r"(time|timestamp)\((\d)\) (.*)")


class PostgreSQL:
    """A connection, as `TableDatabase` has it."""

    rules = NameRules('"', most=63, counts_bytes=True)
    forms = Forms(("f", "t"), refused=b"\0")
    mark = "%s"
    moment = "TIMESTAMP WITH TIME ZONE"

    def __init__(self, module: Any, arguments: tuple[Sequence[Any], Mapping[str, Any]], config: TableConfig) -> None:
        positional, named = arguments
        options = {"connect_timeout": _CONNECT_SECONDS, **_CONNECT_OPTIONS, **named}
        self._connection = module.connect(*positional, **options)
        self._cursor = self._connection.cursor()
        self._settings = {
            "statement_timeout": f"{config.statement_seconds * 1000:.0f}",
            "lock_timeout": f"{config.lock_seconds * 1000:.0f}",
            "DateStyle": "ISO, YMD",
            "TimeZone": "UTC",
            "standard_conforming_strings": "on",
        }
        self._passing = 0
        self.schema = self.run("SELECT current_schema()")[0][0] or "public"
        self._connection.rollback()

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self._cursor.execute(statement.encode(), parameters or None)
        return self._cursor.fetchall() if self._cursor.description else []

    def begin(self, tables: Iterable[TableName]) -> None:
        for name, value in self._settings.items():
            self.run("SELECT set_config(%s, %s, true)", (name, value))
        for shown in sorted(table.shown for table in tables):
            number = int.from_bytes(hashlib.sha256(f"sfr table {shown}".encode()).digest()[:8], "big", signed=True)
            self.run("SELECT pg_advisory_xact_lock(%s)", (number,))

    def columns_of(self, table: TableName) -> Mapping[str, Column] | None:
        found = self.run(
            "SELECT c.oid, c.relkind::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = %s AND c.relname = %s",
            (table.schema, table.name),
        )
        if not found:
            return None
        number, kind = found[0]
        if kind not in _TABLES:
            raise no_table(table.shown)
        columns = self.run(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
            "WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            (number,),
        )
        return {name: _column(name, stored) for name, stored in columns}

    def create(self, table: TableName, columns: Sequence[Column], identity: Sequence[str]) -> TableName:
        lines = [f"{self.rules.quoted(column.name)} {_type(column.type)}" for column in columns]
        if identity:
            lines.append(f"PRIMARY KEY ({self.rules.listed(identity)})")
        self.run(f"CREATE TABLE {self.rules.table(table)} ({', '.join(lines)})")
        return table

    def emptied(self, table: TableName) -> TableName:
        """Its rows are deleted, not the table: grants, indexes, views and whoever reads just now keep what they have.
        To truncate it would show an empty table to readers whose transaction is older."""
        name = self.rules.table(table)
        others = self.run(
            "SELECT DISTINCT conrelid::regclass::text FROM pg_constraint "
            "WHERE contype = 'f' AND confrelid = to_regclass(%s) AND conrelid <> confrelid",
            (name,),
        )
        if others:
            raise referred_to(table.shown, others[0][0])
        heirs = self.run(  # those of a partitioned table are its parts
            "SELECT i.inhrelid::regclass::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhparent "
            "WHERE c.oid = to_regclass(%s) AND c.relkind = 'r'",
            (name,),
        )
        if heirs:
            raise inherited(table.shown, heirs[0][0])
        self.run(f"DELETE FROM {name}")
        if self.run(f"SELECT 1 FROM {name} LIMIT 1"):
            raise rows_stayed(table.shown)
        return table

    def passing(self, table: TableName, columns: Sequence[Column]) -> TableName:
        self._passing += 1
        made = TableName(f"sfr_passing_{self._passing}", "pg_temp")
        wanted, name = self.rules.listed([column.name for column in columns]), self.rules.table(made)
        self.run(
            f"CREATE TEMP TABLE {made.name} ON COMMIT DROP AS "
            f"SELECT {wanted} FROM {self.rules.table(table)} WITH NO DATA"
        )
        self.run(f"ALTER TABLE {name} ADD COLUMN {RECORD_NUMBER} bigint GENERATED ALWAYS AS IDENTITY")
        return made

    def fill(self, table: TableName, records: Records) -> int:
        name, columns = self.rules.table(table), self.rules.listed([column.name for column in records.columns])
        options = f"FORMAT csv, ENCODING 'UTF8', DELIMITER {_literal(records.delimiter.decode())}"
        null = b"" if records.null is None else records.null
        options += f", NULL {_literal(null.decode())}"
        if records.null is None:  # else an empty field without quotes would be no value
            options += f", FORCE_NOT_NULL ({columns})"
        with self._cursor.copy(f"COPY {name} ({columns}) FROM STDIN ({options})".encode()) as copy:
            for piece in records.pieces():
                copy.write(piece if isinstance(piece, bytes) else _csv(piece, records, null))
        return int(self._cursor.rowcount)

    def merge(self, source: TableName, target: TableName, columns: Sequence[Column], identity: Sequence[str]) -> int:
        names = [column.name for column in columns]
        others = [self.rules.quoted(name) for name in names if name not in identity]
        listed = self.rules.listed(names)
        change = f"UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in others)}" if others else "NOTHING"
        self.run(
            f"INSERT INTO {self.rules.table(target)} ({listed}) SELECT {listed} FROM {self.rules.table(source)} "
            f"ON CONFLICT ({self.rules.listed(identity)}) DO {change}"
        )
        if others:
            return int(self._cursor.rowcount)
        return int(self.run(f"SELECT count(*) FROM {self.rules.table(source)}")[0][0])

    def unique_keys(self, table: TableName) -> list[frozenset[str]]:
        rows = self.run(
            "SELECT array_agg(a.attname::text) FROM pg_index i "
            "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1]) "
            "WHERE i.indrelid = to_regclass(%s) AND i.indisunique AND i.indimmediate AND i.indisvalid "
            "AND i.indpred IS NULL AND i.indexprs IS NULL GROUP BY i.indexrelid",
            (self.rules.table(table),),
        )
        return [frozenset(names) for (names,) in rows]

    def refuse_rollback_less(self, table: TableName) -> None:
        """There is none."""

    def commit(self) -> None:
        self._connection.commit()

    def check(self, shown: str, schema: str, *, create: bool) -> None:
        there = self.run("SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = %s", (schema,))
        read_only = self.run("SELECT current_setting('transaction_read_only')")[0][0] == "on"
        if not there:
            problem = f"there is no schema {schema!r}"
        elif read_only:
            problem = "it can only be read here"
        elif create and not there[0][0]:
            problem = f"the user may not make tables in the schema {schema!r}"
        else:
            return
        raise DeliveryError(
            f"{shown}: {problem}",
            reason="no-permission" if there else "no-schema",
            remedy="Have it made or granted, name another schema_name, or write create=no.",
        )

    def close(self) -> None:
        self._connection.close()


def _type(wanted: ColumnType | None) -> str:
    if wanted is None or wanted.kind == "text":
        return f"varchar({wanted.length})" if wanted and wanted.length else "text"
    return f"numeric({wanted.precision},{wanted.scale})" if wanted.kind == "decimal" else _TYPES[wanted.kind]


def _column(name: str, stored: str) -> Column:
    """A column that is there. What is none of our types, PostgreSQL judges alone."""
    fraction = _WITH_FRACTION.fullmatch(stored)
    if stored == "numeric":
        return Column(name, None, stored, frozenset({"decimal", "integer"}))
    try:
        known = read_type(f"{fraction[1]} {fraction[3]}" if fraction else stored)
    except ValueError:
        return Column(name, None, stored)
    holds = {known.kind, "integer"} if known.kind == "decimal" else {known.kind}
    digits = int(fraction[2]) if fraction else MOST_FRACTION_DIGITS
    return Column(name, known, stored, frozenset(holds), fraction_digits=digits)


def _csv(rows: Sequence[Sequence[str | None]], records: Records, null: bytes) -> bytes:
    """Values that needed a second look, as COPY reads them; in quotes, which no value is without."""
    lines = [
        records.delimiter.join(null if value is None else b'"%b"' % value.replace('"', '""').encode() for value in row)
        for row in rows
    ]
    return b"".join(line + records.line_end for line in lines)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
