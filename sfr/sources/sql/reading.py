"""Knows how records are read out of one database: in a read-only transaction, each value as its exact text."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeAlias

from sfr.database_errors import Trouble, is_foreign, renamed
from sfr.errors import ReportError, SfrError
from sfr.sources.sql import csv_text
from sfr.sources.sql.config import SqlConfig
from sfr.sources.sql.query import Query
from sfr.sources.sql.refusals import Misplaced, query_error
from sfr.sources.sql.statement import Statement, read_statement

Record: TypeAlias = tuple[str | None, ...]

log = logging.getLogger("sfr.source.sql")


class Writable(Protocol):
    """What CSV is written into."""

    def write(self, data: bytes, /) -> int: ...


class Database(Protocol):
    """One connection with a read-only transaction, by the database's own driver, whose errors it raises.

    `run` starts a statement and gives the names of its columns; `fetch` gives the next records of it, none at the end;
    `texts` gives the values of one column as the database writes them, None for NULL. `abort` is called from
    another thread and makes a blocked call fail; `close` ends the connection without reading on.
    """

    def run(self, statement: Statement, params: Mapping[str, Any]) -> Sequence[str]: ...
    def fetch(self, rows: int) -> Sequence[tuple[Any, ...]]: ...
    def texts(self, number: int, column: tuple[Any, ...]) -> Sequence[str | None]: ...
    def abort(self) -> None: ...
    def close(self) -> None: ...


class CopyingDatabase(Database, Protocol):
    """A database that writes CSV itself."""

    def copy_csv(
        self,
        statement: Statement,
        params: Mapping[str, Any],
        on_columns: Callable[[Sequence[str]], None],
        write: Callable[[bytes], object],
        null: str,
    ) -> int: ...


class Reading:
    """A database that is being read. All queries see the same state of it, as far as it can do that. One query at a
    time: the next one may begin when the last record of the one before was taken. `columns` are those of the last one.

    Each method raises ReportError with the database's own words and their place in the query, TransientError where
    another try may help, AuthError; never with a value of a parameter.
    """

    def __init__(self, database: Database, config: SqlConfig) -> None:
        self._database, self._config = database, config
        self.columns: tuple[str, ...] = ()
        self._aborted = False

    def batches(self, query: Query, rows: int | None = None) -> Iterator[list[Record]]:
        """The records of a query, some thousand at a time, each value as the very text that the database has for it.

        `columns` are there when this returns, before the first batch is taken.
        """
        self._run(query)
        return self._rest(query, rows or self._config.batch_rows)

    def write_csv(self, query: Query, into: Writable, null: str | None = None) -> int:
        """Write all records as CSV with a header, the quickest way there is. How many there were."""
        marker = self._config.null if null is None else null
        if hasattr(self._database, "copy_csv"):
            with self._renaming(query):
                statement = self._statement(query)
                return int(
                    self._database.copy_csv(
                        statement, query.params, lambda names: self._take_columns(names, query), into.write, marker
                    )
                )
        self._run(query)
        return self._write(query, into, marker)

    def _write(self, query: Query, into: Writable, null: str) -> int:
        """The way that every database can go."""
        into.write(csv_text.header(self.columns, null).encode())
        count = 0
        while records := self._next(query, self._config.batch_rows):
            count += len(records)
            into.write(csv_text.block(self._columns_of(records, query), null).encode())
        return count

    def abort(self) -> None:
        """From another thread: make a query that is running fail soon, here and in the database."""
        self._aborted = True
        self._database.abort()

    def close(self) -> None:
        self._database.close()

    def _run(self, query: Query) -> None:
        with self._renaming(query):
            self._take_columns(self._database.run(self._statement(query), query.params), query)

    def _rest(self, query: Query, rows: int) -> Iterator[list[Record]]:
        while records := self._next(query, rows):
            yield list(zip(*self._columns_of(records, query), strict=True))

    def _next(self, query: Query, rows: int) -> Sequence[tuple[Any, ...]]:
        with self._renaming(query):
            return self._database.fetch(rows)

    def _columns_of(self, records: Sequence[tuple[Any, ...]], query: Query) -> list[Sequence[str | None]]:
        with self._renaming(query):
            places = range(len(records[0]))
            return [self._database.texts(place, tuple([row[place] for row in records])) for place in places]

    def _statement(self, query: Query) -> Statement:
        statement = read_statement(query.text, self._config.address.dialect)
        if missing := sorted(set(statement.names) - set(query.params)):
            raise ReportError(
                f"{query.place}: :{missing[0]} has no value", reason="params", remedy="Give it one below params."
            )
        return statement

    def _take_columns(self, names: Sequence[str], query: Query) -> None:
        if not names:
            raise ReportError(
                f"{query.place}: it gives no columns", reason="sql", remedy="Write a query that reads: SELECT …"
            )
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ReportError(
                f"{query.place}: two columns are called {', '.join(twice)}",
                reason="columns",
                remedy="Give each its own name: … AS other_name.",
            )
        self.columns = tuple(names)

    @contextmanager
    def _renaming(self, query: Query) -> Iterator[None]:
        try:
            yield
        except (SfrError, GeneratorExit):
            raise
        except Exception as error:  # every driver has a family of its own, and may break oddly when it is cut off
            if not (self._aborted or is_foreign(error) or isinstance(error, Misplaced)):
                raise
            raise query_error(error, query, self._config, aborted=self._aborted) from error


class Abortable(Protocol):
    """What another thread can make fail soon."""

    def abort(self) -> None: ...


class Readings:
    """All databases that a source has open just now, so that another thread can end them."""

    def __init__(self) -> None:
        self._open: list[Abortable] = []

    @contextmanager
    def open(self, config: SqlConfig) -> Iterator[Reading]:
        """A connection to a database for as long as the block takes; what was begun there is rolled back at its end.

        Raises AuthError for a wrong password, ConfigError for a missing driver, ReportError for an unknown database,
        TransientError where it cannot be reached.
        """
        reading = Reading(connected(config), config)
        self._open.append(reading)
        try:
            yield reading
        finally:
            self._open.remove(reading)
            reading.close()

    @contextmanager
    def ending(self, other: Abortable) -> Iterator[None]:
        """What else is to be ended with them, for as long as the block takes."""
        self._open.append(other)
        try:
            yield
        finally:
            self._open.remove(other)

    def abort(self) -> None:
        """From another thread: make all that is being read fail soon."""
        for each in list(self._open):
            each.abort()


def connected(config: SqlConfig) -> Database:
    """A connection of the kind that fits the address, in a read-only transaction. Raises as `Readings.open`."""
    address = config.address
    address.check_driver()
    try:
        return _opened(config)
    except Exception as error:  # every driver has a family of its own
        if not is_foreign(error):
            raise
        log.debug("connecting to %s failed", address.shown, exc_info=True)
        found = renamed(error, address)
        if found.reason == Trouble.STATEMENT:  # no query was sent yet
            found.remedy = "correct what its settings say"
        raise found from error


def _opened(config: SqlConfig) -> Database:
    kind = (config.address.dialect, config.address.driver)
    if kind == ("postgresql", "psycopg"):
        from sfr.sources.sql.postgresql import PostgreSql

        return PostgreSql(config)
    if kind in (("mysql", "mysqldb"), ("mysql", "pymysql")):
        from sfr.sources.sql.mysql import MySql

        return MySql(config)
    if kind == ("sqlite", "pysqlite"):
        from sfr.sources.sql.sqlite import Sqlite

        return Sqlite(config)
    from sfr.sources.sql.other_databases import OtherDatabase

    return OtherDatabase(config)
