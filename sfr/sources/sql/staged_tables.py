"""Knows DuckDB as a stage: how tables come in from CSV with every value exact, and how it is kept in its bounds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sfr.errors import DeliveryError, InvalidReport, ReportError, SfrError, TransientError
from sfr.missing_package import missing_package
from sfr.sources.sql.lookup_table import place_of
from sfr.sources.sql.statement import read_statement

QUERY = "query"
THREADS = 2
NULL = r"\N"  # between the databases and the stage
_TYPE = re.compile(r"[A-Za-z]\w*( [A-Za-z]\w*)*( ?\( ?\d+ ?(, ?\d+ ?)?\))?", re.ASCII)
_WHOLE = re.compile(r"(big|small|tiny|huge|u\w*)?int(eger|\d)?|long|short", re.IGNORECASE)
_DECIMAL = re.compile(r"(?:decimal|numeric) ?\( ?\d+ ?(?:, ?(\d+) ?)?\)", re.IGNORECASE)


class StagedTables:
    """Tables in a DuckDB file in `folder`, which takes no more than `memory`, and what queries give of them.

    A query may see nothing of this machine but the folder. Raises ReportError, InvalidReport, DeliveryError.
    """

    def __init__(self, folder: Path, memory: str) -> None:
        self._folder, self._aborted = folder, False
        self._duckdb = _duckdb()
        with self._renaming("stage"):
            self._connection = self._duckdb.connect(str(folder / "stage.duckdb"), config=_settings(folder, memory))
            inside = _text(f"{folder.as_posix()}/")
            self._connection.execute(f"SET allowed_directories = [{inside}]")
            self._connection.execute("SET enable_external_access = false")

    def fill(self, name: str, csv: Path, columns: Sequence[str], types: Mapping[str, str]) -> None:
        """Make a table of a CSV file with a header, whose NULLs are `NULL`; columns without a type are text."""
        where = f"stage.{name}"
        for column, kind in types.items():
            place_of(column, columns, f"{where}.types", "its query gives")
            if not _TYPE.fullmatch(kind):
                raise ReportError(
                    f"{where}.types.{column}: {kind!r} is no type",
                    reason="types",
                    remedy="Write bigint, decimal(12,2)…",
                )
        given = ", ".join(f"{_text(column)}: 'VARCHAR'" for column in columns)
        read = (
            f"read_csv({_text(csv.as_posix())}, auto_detect = false, header = true, delim = ',', quote = '\"', "
            f"escape = '\"', nullstr = {_text(NULL)}, allow_quoted_nulls = false, columns = {{{given}}})"
        )
        values = ", ".join(_value(column, types.get(column)) for column in columns)
        with self._renaming(where):
            # Every name in it is quoted, and types are of a narrow form.
            self._connection.execute(f"CREATE OR REPLACE TABLE {_name(name)} AS SELECT {values} FROM {read}")  # noqa: S608

    def columns_of(self, query: str, values: Mapping[str, Any]) -> tuple[str, ...]:
        """What a query would give."""
        text, bound = _bound(query, values)
        with self._renaming(QUERY):
            return tuple(row[0] for row in self._connection.execute(f"DESCRIBE {text}", bound).fetchall())

    def write(self, query: str, values: Mapping[str, Any], csv: Path, null: str) -> int:
        """Write what a query gives as CSV without a header; how many rows."""
        text, bound = _bound(query, values)
        form = f"FORMAT csv, HEADER false, NULLSTR {_text(null)}"
        with self._renaming(QUERY):
            row = self._connection.execute(f"COPY ({text}\n) TO {_text(csv.as_posix())} ({form})", bound).fetchone()
        assert row is not None
        return int(row[0])

    def abort(self) -> None:
        """From another thread: make what is running fail soon."""
        self._aborted = True
        self._connection.interrupt()

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _renaming(self, where: str) -> Iterator[None]:
        try:
            yield
        except self._duckdb.Error as error:
            raise _our_error(error, where, self._aborted) from error


def _duckdb() -> Any:
    try:
        import duckdb
    except ImportError as error:
        raise missing_package("a report with a stage", "duckdb", "sfr[duckdb]") from error
    return duckdb


def _settings(folder: Path, memory: str) -> dict[str, Any]:
    return {
        "memory_limit": memory,
        "temp_directory": str(folder / "spilled"),
        "threads": THREADS,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }


def _value(column: str, kind: str | None) -> str:
    """A column of text as its type; what DuckDB would round in silence is an error of its own here."""
    name = _name(column)
    if kind is None:
        return name
    decimal = _DECIMAL.fullmatch(kind)
    cast = f"CAST({name} AS {kind})"
    if decimal is None and not _WHOLE.fullmatch(kind):
        return f"{cast} AS {name}"
    places = int(decimal[1] or 0) if decimal else 0
    rounded = f"regexp_matches({name}, '[eE]') OR length(rtrim(split_part({name}, '.', 2), '0 ')) > {places}"
    told = f"error({_text(f'{column}: ')} || {name} || {_text(f' would be rounded to {kind}')})"
    return f"CASE WHEN {rounded} THEN {told} ELSE {cast} END AS {name}"


def _bound(query: str, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """A query with DuckDB's parameters in place of `:names`, and their values."""
    bound: dict[str, Any] = {}

    def render(name: str, value: Any) -> str:
        bound[name] = value
        return f"${name}"

    return read_statement(query, "").rendered(values, render).text, bound


def _our_error(error: Exception, where: str, aborted: bool) -> SfrError:
    kind = type(error).__name__
    words = str(error).partition("\n\n")[0].replace("\n", " ").strip()
    if aborted:
        return TransientError(f"{where}: the query was ended", reason="aborted")
    if kind == "OutOfMemoryException":
        return ReportError(f"{where}: {words}", reason="memory", remedy="Give the stage more with memory: 512 MB.")
    if kind == "IOException":
        return DeliveryError(f"{where}: {words}", reason="disk", remedy="Is the disk of TMPDIR full?")
    if where != QUERY:
        fault = InvalidReport if kind in ("ConversionException", "InvalidInputException") else ReportError
        return fault(f"{where}: {words}", reason="types", remedy="Correct its types, or leave them out.")
    return ReportError(f"{where}: {words}", reason="sql", remedy="Correct the query; it is asked of DuckDB.")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _name(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'
