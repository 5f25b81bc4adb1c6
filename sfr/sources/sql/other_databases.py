"""Knows every other database that SQLAlchemy can talk to: rows in a stream, texts made of Python's values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import CursorResult, create_engine, text
from sqlalchemy.pool import NullPool

from sfr.sources.sql.config import SqlConfig
from sfr.sources.sql.statement import Statement, check_reads
from sfr.sources.sql.values import text_of


class OtherDatabase:
    """One connection; implements `Database`. Its transaction is rolled back, whatever the query did."""

    def __init__(self, config: SqlConfig) -> None:
        config.address.connect_arguments()  # tells what is missing
        engine = create_engine(config.address.parsed(), poolclass=NullPool, hide_parameters=True)
        self._connection = engine.connect().execution_options(stream_results=True, max_row_buffer=config.batch_rows)
        self._driver = cast(Any, self._connection.connection.driver_connection)
        self._result: CursorResult[Any] | None = None
        if hasattr(self._driver, "timeout"):  # pyodbc: seconds that a statement may take
            self._driver.timeout = int(config.statement_seconds)

    def run(self, statement: Statement, params: Mapping[str, Any]) -> Sequence[str]:
        """Its columns."""
        check_reads(statement)
        values: dict[str, Any] = {}

        def named(name: str, value: Any) -> str:
            values[name] = value
            return f":{name}"

        escaped = Statement(tuple(each.replace(":", "\\:") for each in statement.texts), statement.names)
        self._result = self._connection.execute(text(escaped.rendered(params, named).text), values)
        return list(self._result.keys()) if self._result.returns_rows else []

    def fetch(self, rows: int) -> Sequence[tuple[Any, ...]]:
        """None left: an empty one."""
        return [tuple(row) for row in self._result.fetchmany(rows)] if self._result is not None else ()

    def texts(self, _number: int, column: tuple[Any, ...]) -> Sequence[str | None]:
        return [text_of(value) for value in column]

    def abort(self) -> None:
        """Where the driver can do that, the query is cancelled; else it ends at its time limit."""
        cancel = getattr(self._driver, "cancel", None)
        if cancel is not None:
            cancel()

    def close(self) -> None:
        self._connection.close()
