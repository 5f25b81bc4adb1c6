"""Knows SQLite: a file that is opened to be read, and the texts of its values."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from sfr.errors import TransientError
from sfr.sources.sql.config import SqlConfig
from sfr.sources.sql.csv_text import Numbers
from sfr.sources.sql.statement import Statement
from sfr.sources.sql.values import plain, text_of

STEPS_BETWEEN_LOOKS = 100_000
_TEXTS, _NUMBERS = {str, type(None)}, {int, float}


class Sqlite:
    """One connection; implements `Database`."""

    def __init__(self, config: SqlConfig) -> None:
        self._seconds = config.statement_seconds
        self._end = float("inf")
        self._cursor: sqlite3.Cursor | None = None
        self._connection = sqlite3.connect(
            f"file:{quote(str(config.address.file))}?mode=ro",
            uri=True,
            isolation_level=None,
            timeout=config.connect_seconds,
            check_same_thread=False,  # it is aborted from another thread
        )
        self._connection.execute("PRAGMA query_only = ON")
        self._connection.set_authorizer(_only_this_file)
        self._connection.set_progress_handler(self._is_late, STEPS_BETWEEN_LOOKS)
        self._connection.execute("BEGIN")

    def run(self, statement: Statement, params: Mapping[str, Any]) -> Sequence[str]:
        """Its columns, when the first row is there."""
        values: list[Any] = []

        def bound(_name: str, value: Any) -> str:
            values.append(plain(value))
            return "?"  # SQLite seeks each name among all others: a long list would take minutes

        text = statement.rendered(params, bound).text
        self._end = time.monotonic() + self._seconds
        try:
            self._cursor = self._connection.execute(text, values)
        except sqlite3.OperationalError as error:
            raise self._late_or(error) from error
        return [column[0] for column in self._cursor.description or ()]

    def fetch(self, rows: int) -> Sequence[tuple[Any, ...]]:
        """None left: an empty one."""
        try:
            return self._cursor.fetchmany(rows) if self._cursor is not None else ()
        except sqlite3.OperationalError as error:
            raise self._late_or(error) from error

    def texts(self, _number: int, column: tuple[Any, ...]) -> Sequence[str | None]:
        """Each value has a type of its own; in most columns all have the same."""
        kinds = set(map(type, column))
        if kinds <= _TEXTS:
            return column
        if kinds <= _NUMBERS:
            return Numbers(map(repr, column))
        return [text_of(value) for value in column]

    def abort(self) -> None:
        self._connection.interrupt()

    def close(self) -> None:
        self._connection.close()

    def _is_late(self) -> bool:
        return time.monotonic() > self._end

    def _late_or(self, error: sqlite3.OperationalError) -> Exception:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT and self._is_late():
            message = f"the query took longer than {self._seconds:g} seconds"
            remedy = "make the query quicker (an index, a shorter window), or raise statement_seconds"
            return TransientError(message, reason="timeout", max_attempts=2, remedy=remedy)
        return error


def _only_this_file(action: int, *_about: str | None) -> int:
    return sqlite3.SQLITE_DENY if action in (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH) else sqlite3.SQLITE_OK
