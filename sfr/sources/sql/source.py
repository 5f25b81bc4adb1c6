"""Fetches what queries give in any database that SQLAlchemy knows, as exact CSV."""

from __future__ import annotations

from collections.abc import Iterator

from sfr.connector import Listed, Sink, Tools
from sfr.database_errors import is_foreign, renamed
from sfr.errors import ConfigError, ReportError
from sfr.model import Fetched, Proof, Report
from sfr.sources.sql import queries, tables
from sfr.sources.sql.config import SqlConfig
from sfr.sources.sql.joined_report import JoinedReport
from sfr.sources.sql.options import SqlOptions
from sfr.sources.sql.query import Query
from sfr.sources.sql.reading import Readings
from sfr.sources.sql.reference import INLINE, read_reference


class Sql:
    """Queries in PostgreSQL, MySQL, MariaDB, SQLite and what else SQLAlchemy can read; whole tables too."""

    Config = SqlConfig
    Options = SqlOptions
    uses_window = True

    def __init__(self, config: SqlConfig, tools: Tools) -> None:
        self._config, self._tools = config, tools
        self._readings = Readings()

    read_reference = staticmethod(read_reference)

    @property
    def null(self) -> str:
        return self._config.null

    def check(self) -> None:
        """Raises AuthError for a wrong password, ConfigError for what else is wrong with the settings."""
        try:
            with self._readings.open(self._config) as reading:
                list(reading.batches(Query("SELECT 1 AS one", place="the question whether it answers")))
        except ReportError as error:
            raise ConfigError(error.message, reason=error.reason, remedy=error.remedy) from error

    def fetch(self, report: Report, into: Sink) -> Fetched:
        """Write what the report's query gives."""
        options = SqlOptions.model_validate(report.options)
        if options.is_joined:
            return JoinedReport(report, self._config, self._tools, self._readings).fetch(into)
        if into.point:
            into.restart()  # rows of another transaction would not fit to those that are there
        null = self._config.null if report.shape.null is None else report.shape.null
        self._tools.turn()
        with self._readings.open(self._config) as reading:
            records = reading.write_csv(self._query(report, options), into, null)
        return Fetched(records=records, proof=Proof.COUNT, null=null)

    def list_reports(self, search: str) -> Iterator[Listed]:
        """Tables and views."""
        self._config.address.check_driver()
        try:
            yield from tables.listed(self._config.address, search)
        except Exception as error:  # every driver has a family of its own
            if not is_foreign(error):
                raise
            raise renamed(error, self._config.address) from error

    def abort(self) -> None:
        self._readings.abort()

    def close(self) -> None:
        """Nothing stays open between two reports."""

    def _query(self, report: Report, options: SqlOptions) -> Query:
        if options.query is None:
            return Query(tables.query_for(report.ref, self._config.address.dialect), place=report.ref)
        given = options.values(report.params)
        window = queries.window_values(report.window, self._config)
        place = report.ref if queries.is_file(report.ref) else INLINE
        return Query(options.query, {**window, **given}, place)
