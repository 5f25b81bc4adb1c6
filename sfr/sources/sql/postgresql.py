"""Knows PostgreSQL by psycopg and the COPY protocol: texts as the server writes them, and CSV without a detour.

COPY's lines are taken from libpq directly: psycopg's own loop costs half as much again for each of them.
"""

from __future__ import annotations

import re
import selectors
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import sql
from psycopg.pq import DiagnosticField, ExecStatus
from psycopg.pq.abc import PGresult

from sfr.sources.sql import csv_text
from sfr.sources.sql.config import SqlConfig
from sfr.sources.sql.refusals import Misplaced
from sfr.sources.sql.sockets import Line
from sfr.sources.sql.statement import Rendered, Statement

BLOCK_BYTES = 1 << 18
CANCEL_SECONDS = 2.0
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
# The server is asked now and then whether it still lives, else a broken line would be waited at for ever.
_ALIVE = {"keepalives": 1, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 6}


class PostgreSql:
    """One connection; implements `CopyingDatabase`."""

    def __init__(self, config: SqlConfig) -> None:
        # Not by its URL, in which libpq would take a + for itself and not for a space.
        _, _, address = config.address.connect_arguments()
        address.pop("context", None)  # how SQLAlchemy would have values read
        named: dict[str, Any] = {
            "connect_timeout": int(config.connect_seconds),
            "application_name": "sfr",
            **_ALIVE,
            **address,
            "client_encoding": "UTF8",
        }
        self._connection = psycopg.connect(**named, autocommit=True)  # begun in words, with what it needs
        self._raw = self._connection.pgconn
        self._line = Line(self._raw.socket)
        self._lines: Iterator[list[bytes]] = iter(())
        self._count = 0
        try:
            self._begin(config)
        except BaseException:
            self.close()
            raise

    def _begin(self, config: SqlConfig) -> None:
        """Local settings, so that they hold behind a pooler of transactions too."""
        zone = config.timezone
        spoken = f"INTERVAL '{zone}' HOUR TO MINUTE" if zone[:1] in "+-" else f"'{zone}'"
        self._connection.execute(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
            "SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'postgres'; SET LOCAL bytea_output = 'hex';"
            "SET LOCAL extra_float_digits = 3;"  # the shortest exact text, from PostgreSQL 12 on
            "SET LOCAL idle_in_transaction_session_timeout = 0;"
            f"SET LOCAL statement_timeout = {int(config.statement_seconds * 1000)};"
            f"SET LOCAL TIME ZONE {spoken}".encode()
        )

    def run(self, statement: Statement, params: Mapping[str, Any]) -> Sequence[str]:
        """Its columns; the records come by `fetch`."""
        rendered = self._rendered(statement, params)
        columns = self._described(rendered)
        if columns:
            self._copy(rendered, "FORMAT text")
            self._lines = self._blocks()
        return columns

    def fetch(self, rows: int) -> Sequence[tuple[str | None, ...]]:
        """About that many: what came until then."""
        found: list[tuple[str | None, ...]] = []
        for lines in self._lines:
            found += map(_values, b"".join(lines)[:-1].decode().split("\n"))
            if len(found) >= rows:
                break
        return found

    def texts(self, _number: int, column: tuple[Any, ...]) -> Sequence[str | None]:
        return column

    def copy_csv(
        self,
        statement: Statement,
        params: Mapping[str, Any],
        on_columns: Callable[[Sequence[str]], None],
        write: Callable[[bytes], object],
        null: str,
    ) -> int:
        """Write the server's own CSV below a header. How many records there were."""
        rendered = self._rendered(statement, params)
        columns = self._described(rendered)
        on_columns(columns)
        self._copy(rendered, f"FORMAT csv, NULL {self._literal('', null)}")
        write(csv_text.header(columns, null).encode())  # the server's own would leave its delimiter to be guessed
        for lines in self._blocks():
            write(b"".join(lines))
        return self._count

    def abort(self) -> None:
        with suppress(psycopg.Error):  # it has ended, or cannot be reached; either way nobody waits for it
            self._connection.cancel_safe(timeout=CANCEL_SECONDS)
        self._line.cut()

    def close(self) -> None:
        self._connection.close()
        self._line.close()

    def _rendered(self, statement: Statement, params: Mapping[str, Any]) -> Rendered:
        return statement.rendered(params, self._literal)

    def _literal(self, _name: str, value: Any) -> str:
        return sql.Literal(value).as_string(self._connection)

    def _described(self, rendered: Rendered) -> Sequence[str]:
        """The columns, without running it; what the server thinks is wrong with it."""
        text = rendered.text.encode()
        for result in (self._raw.prepare(b"", text), self._raw.describe_prepared(b"")):
            if result.status != ExecStatus.COMMAND_OK:
                raise _misplaced(result, rendered, 0)
        return [(result.fname(number) or b"").decode() for number in range(result.nfields)]

    def _copy(self, rendered: Rendered, form: str) -> None:
        before = "COPY (\n"
        result = self._raw.exec_(f"{before}{rendered.text}\n) TO STDOUT ({form})".encode())
        if result.status != ExecStatus.COPY_OUT:
            raise _misplaced(result, rendered, len(before))

    def _blocks(self) -> Iterator[list[bytes]]:
        """The lines that COPY sends, some at a time; their number is in `_count` afterwards."""
        take, block, size = self._raw.get_copy_data, list[bytes](), 0
        with selectors.DefaultSelector() as selector:
            selector.register(self._raw.socket, selectors.EVENT_READ)
            while True:
                length, line = take(1)
                if length > 0:
                    block.append(bytes(line))
                    size += length
                elif length == 0:
                    selector.select()
                    self._raw.consume_input()
                if block and (size >= BLOCK_BYTES or length < 0):
                    yield block
                    block, size = [], 0
                if length < 0:
                    break
        self._finish()

    def _finish(self) -> None:
        while (result := self._raw.get_result()) is not None:
            if result.status != ExecStatus.COMMAND_OK:
                raise psycopg.errors.error_from_result(result, "utf-8")
            self._count = result.command_tuples or 0


def _misplaced(result: PGresult, rendered: Rendered, before: int) -> Exception:
    error = psycopg.errors.error_from_result(result, "utf-8")
    position = result.error_field(DiagnosticField.STATEMENT_POSITION)
    if position is None:
        return error
    return Misplaced(error, rendered.original(int(position) - 1 - before))


def _values(line: str) -> tuple[str | None, ...]:
    """The values of a line of COPY's text format."""
    if "\\" not in line:
        return tuple(line.split("\t"))
    return tuple(
        None if field == r"\N" else _ESCAPED.sub(_unescaped, field) if "\\" in field else field
        for field in line.split("\t")
    )


def _unescaped(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[1], found[1])
