"""Loads into MySQL and MariaDB: tables are filled beside the old ones and change places with them in one step."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from sfr.destinations.table.columns import Column
from sfr.destinations.table.config import TableConfig
from sfr.destinations.table.database import RECORD_NUMBER
from sfr.destinations.table.forms import Forms
from sfr.destinations.table.mysql_bulk import insert_all, load_all
from sfr.destinations.table.mysql_names import loading_of, lock_of, replaced_of
from sfr.destinations.table.mysql_types import column_there, type_of
from sfr.destinations.table.naming import NameRules, TableName
from sfr.destinations.table.records import Records
from sfr.destinations.table.refusals import no_table, referred_to
from sfr.errors import DeliveryError, TransientError

_CONNECT_SECONDS = 10
_GRACE_SECONDS = 60  # a server that kept silent so much longer than a statement may take is gone
_MODE = (
    "STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
)

log = logging.getLogger("sfr.destinations.table")


class MySQL:
    """A connection, as `TableDatabase` has it. A statement that makes or drops a table ends a transaction here, so what
    is new grows under a name of its own, and one RENAME puts it in place."""

    rules = NameRules("`", most=64, folds=True, refused="\0\U00010000-\U0010ffff", spaces_at_end=False)
    forms = Forms(("0", "1"), keeps_zones=False, words=(b"NULL",))
    mark = "%s"
    moment = "TIMESTAMP"

    def __init__(self, module: Any, arguments: tuple[Sequence[Any], Mapping[str, Any]], config: TableConfig) -> None:
        positional, named = arguments
        silence = int(config.statement_seconds) + _GRACE_SECONDS
        options = {"connect_timeout": _CONNECT_SECONDS, "read_timeout": silence, "write_timeout": silence, **named}
        options |= {"charset": "utf8mb4", "local_infile": config.local_infile}
        self._error = module.Error
        self._connection = module.connect(*positional, **options)
        self._cursor = self._connection.cursor()
        self._config = config
        version, local_infile, schema = self.run("SELECT VERSION(), @@local_infile, DATABASE()")[0]
        self._is_mariadb = "mariadb" in version.lower()
        self._by_file = config.local_infile and bool(local_infile)
        self.schema = schema or ""
        self._swaps: list[tuple[TableName, TableName, TableName | None]] = []
        self._tables: list[TableName] = []
        self._passing = 0
        self._prepare()

    def _prepare(self) -> None:
        wait_seconds = max(1, int(self._config.lock_seconds))
        self.run(
            f"SET SESSION sql_mode = '{_MODE}', time_zone = '+00:00', lock_wait_timeout = {wait_seconds}, "
            f"innodb_lock_wait_timeout = {wait_seconds}"
        )
        if self._is_mariadb:
            self.run(f"SET SESSION max_statement_time = {self._config.statement_seconds:f}")

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self._cursor.execute(statement, tuple(parameters) or None)
        return list(self._cursor.fetchall()) if self._cursor.description else []

    def begin(self, tables: Iterable[TableName]) -> None:
        self._tables = sorted(tables, key=lambda table: table.shown)
        for table in self._tables:
            if self.run("SELECT GET_LOCK(%s, %s)", (lock_of(table), max(1, int(self._config.lock_seconds))))[0][0] != 1:
                raise TransientError(f"another load is at work on {table.shown}", reason="busy")
            replaced = replaced_of(table)
            if not self._is_there(table) and self._is_there(replaced):  # a server that died at the RENAME of a load
                self.run(f"RENAME TABLE {self.rules.table(replaced)} TO {self.rules.table(table)}")
        self.run("START TRANSACTION")

    def _is_there(self, table: TableName) -> bool:
        return bool(self._kind_of(table))

    def _kind_of(self, table: TableName) -> list[tuple[Any, ...]]:
        return self.run(
            "SELECT table_type, engine FROM information_schema.tables WHERE table_schema = %s AND table_name = %s",
            (table.schema, table.name),
        )

    def columns_of(self, table: TableName) -> Mapping[str, Column] | None:
        found = self._kind_of(table)
        if not found:
            return None
        if "VIEW" in found[0][0]:
            raise no_table(table.shown)
        rows = self.run(
            "SELECT column_name, column_type, is_nullable FROM information_schema.columns "
            "WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position",
            (table.schema, table.name),
        )
        return {
            name: column_there(name, stored if isinstance(stored, str) else stored.decode(), required=empty == "NO")
            for name, stored, empty in rows
        }

    def create(self, table: TableName, columns: Sequence[Column], identity: Sequence[str]) -> TableName:
        lines = [
            f"{self.rules.quoted(each.name)} {type_of(each, identity, is_mariadb=self._is_mariadb)}" for each in columns
        ]
        if identity:
            lines.append(f"PRIMARY KEY ({self.rules.listed(identity)})")
        made = self._beginning(table, f"({', '.join(lines)}) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4")
        self._swaps.append((made, table, None))
        return made

    def _beginning(self, table: TableName, rest: str) -> TableName:
        """A new table beside `table`; what a load that died has left there goes."""
        made, replaced = loading_of(table), replaced_of(table)
        self.run(f"DROP TABLE IF EXISTS {self.rules.table(made)}, {self.rules.table(replaced)}")
        self.run(f"CREATE TABLE {self.rules.table(made)} {rest}")
        return made

    def emptied(self, table: TableName) -> TableName:
        """A new one like it. Grants and views go by the name here; triggers, foreign keys and a history of versions do
        not, and so a table with any is emptied and filled in one transaction."""
        others = self.run(
            "SELECT table_schema, table_name FROM information_schema.key_column_usage "
            "WHERE referenced_table_schema = %s AND referenced_table_name = %s "
            "AND NOT (table_schema = %s AND table_name = %s)",
            (table.schema, table.name) * 2,
        )
        if others:
            raise referred_to(table.shown, ".".join(others[0]))
        if self._has_more_than_its_name(table):
            return self._emptied_in_place(table)
        made = self._beginning(table, f"LIKE {self.rules.table(table)}")
        self._swaps.append((made, table, replaced_of(table)))
        return made

    def _has_more_than_its_name(self, table: TableName) -> bool:
        found = self.run(
            "SELECT 1 FROM information_schema.triggers WHERE event_object_schema = %s AND event_object_table = %s "
            "UNION ALL SELECT 1 FROM information_schema.key_column_usage "
            "WHERE table_schema = %s AND table_name = %s AND referenced_table_name IS NOT NULL",
            (table.schema, table.name) * 2,
        )
        return bool(found) or "VERSIONED" in self._kind_of(table)[0][0]

    def _emptied_in_place(self, table: TableName) -> TableName:
        self.refuse_rollback_less(table)
        if len(self._tables) > 1:
            raise DeliveryError(
                f"table {table.shown} has triggers, foreign keys or versions: it cannot be replaced together",
                reason="several-files",
                remedy="Ask the source for one file, or take triggers, foreign keys and versions away.",
            )
        self.run(f"DELETE FROM {self.rules.table(table)}")
        return table

    def passing(self, table: TableName, columns: Sequence[Column]) -> TableName:
        self._passing += 1
        made = TableName(f"sfr_passing_{self._passing}", table.schema)
        self.run(
            f"CREATE TEMPORARY TABLE {self.rules.table(made)} "
            f"({RECORD_NUMBER} BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB "
            f"SELECT {', '.join(f't.{self.rules.quoted(each.name)}' for each in columns)} FROM (SELECT 1) one "
            f"LEFT JOIN {self.rules.table(table)} t ON FALSE LIMIT 0"  # a join takes NOT NULL from its columns
        )
        return made

    def fill(self, table: TableName, records: Records) -> int:
        name = self.rules.table(table)
        columns = self.rules.listed([each.name for each in records.columns])
        if self._by_file:
            return load_all(self._cursor, self.run, f"{name} CHARACTER SET utf8mb4", columns, records)
        return insert_all(self._cursor, name, columns, records, self._config.batch_records)

    def merge(self, source: TableName, target: TableName, columns: Sequence[Column], identity: Sequence[str]) -> int:
        """In two statements: MySQL's own upsert would take a row for the same by any unique index of the table."""
        rules, names = self.rules, [each.name for each in columns]
        same = " AND ".join(f"t.{rules.quoted(name)} = s.{rules.quoted(name)}" for name in identity)
        both = f"{rules.table(source)} s STRAIGHT_JOIN {rules.table(target)} t ON {same}"
        changes = [f"t.{name} = s.{name}" for name in map(rules.quoted, (n for n in names if n not in identity))]
        if changes:
            self.run(f"UPDATE {both} SET {', '.join(changes)}")
            found = int(self._cursor.rowcount)  # the drivers are asked to count rows that stay as they are too
        else:
            found = int(self.run(f"SELECT COUNT(*) FROM {both}")[0][0])
        self.run(
            f"INSERT INTO {rules.table(target)} ({rules.listed(names)}) "
            f"SELECT {', '.join(f's.{rules.quoted(name)}' for name in names)} FROM {rules.table(source)} s "
            f"LEFT JOIN {rules.table(target)} t ON {same} WHERE t.{rules.quoted(identity[0])} IS NULL"
        )
        return found + int(self._cursor.rowcount)

    def unique_keys(self, table: TableName) -> list[frozenset[str]]:
        rows = self.run(
            "SELECT index_name, column_name, sub_part FROM information_schema.statistics "
            "WHERE table_schema = %s AND table_name = %s AND non_unique = 0",
            (table.schema, table.name),
        )
        keys: dict[str, set[str]] = {}
        for index, column, part in rows:
            keys.setdefault(index, set()).add(column if part is None else "")  # no column has this name
        return [*map(frozenset, keys.values())]

    def refuse_rollback_less(self, table: TableName) -> None:
        engine = self._kind_of(table)[0][1]
        if self.run("SELECT 1 FROM information_schema.engines WHERE engine = %s AND transactions = 'YES'", (engine,)):
            return
        raise DeliveryError(
            f"table {table.shown} is of the kind {engine}, and what goes into it cannot be taken back",
            reason="engine",
            remedy=f"ALTER TABLE {table.name} ENGINE=InnoDB",
        )

    def commit(self) -> None:
        self._connection.commit()
        steps, replaced = [], []
        for made, table, aside in self._swaps:
            if aside is not None:
                steps.append(f"{self.rules.table(table)} TO {self.rules.table(aside)}")
                replaced.append(self.rules.table(aside))
            steps.append(f"{self.rules.table(made)} TO {self.rules.table(table)}")
        if steps:
            self.run(f"RENAME TABLE {', '.join(steps)}")
        self._swaps = []
        try:
            if replaced:
                self.run(f"DROP TABLE {', '.join(replaced)}")
            for table in self._tables:
                self.run("DO RELEASE_LOCK(%s)", (lock_of(table),))
        except self._error:  # the new rows are in place; the next load removes the old ones
            log.warning("a table that was replaced could not be dropped: %s", ", ".join(replaced), exc_info=True)

    def check(self, shown: str, schema: str, *, create: bool) -> None:  # noqa: ARG002 (grants have too many forms)
        if self.run("SELECT 1 FROM information_schema.schemata WHERE schema_name = %s", (schema,)):
            return
        raise DeliveryError(
            f"{shown}: there is no database {schema!r}", reason="no-database", remedy="Correct the url or schema_name."
        )

    def close(self) -> None:
        with suppress(self._error):  # what is left of a load that did not end goes at once, or with the next one
            self._connection.rollback()
            for made, _, _ in self._swaps:
                self.run(f"DROP TABLE IF EXISTS {self.rules.table(made)}")
        self._connection.close()
