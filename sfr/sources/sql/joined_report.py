"""Puts a report over several databases together: which query goes to which of them, with which values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sfr.connector import Sink, Tools
from sfr.errors import AuthError, ReportError
from sfr.model import Fetched, Report
from sfr.sources.sql import queries
from sfr.sources.sql.config import SqlConfig
from sfr.sources.sql.days import Day, days_of
from sfr.sources.sql.joined import Joined, JoinPlan
from sfr.sources.sql.joined_options import EachDay, Lookup, Staged
from sfr.sources.sql.joined_output import JoinedOutput
from sfr.sources.sql.joined_reference import DAY_NAMES
from sfr.sources.sql.lookup import Ask, LookupStep
from sfr.sources.sql.lookup_table import Answer
from sfr.sources.sql.options import SqlOptions
from sfr.sources.sql.query import Query
from sfr.sources.sql.reading import Reading, Readings
from sfr.sources.sql.stage_folder import stage_folder
from sfr.sources.sql.staged_query import StagedQuery, StagedTable
from sfr.sources.sql.staged_tables import NULL as STAGE_NULL
from sfr.sources.sql.staged_tables import StagedTables
from sfr.sources.sql.statement import read_statement


class JoinedReport:
    """One report, and the connections it needs: one for each of its queries, since rows of several come at a time."""

    def __init__(self, report: Report, config: SqlConfig, tools: Tools, readings: Readings) -> None:
        self._report, self._config, self._tools, self._readings = report, config, tools, readings
        self._options = SqlOptions.model_validate(report.options)
        self._null = config.null if report.shape.null is None else report.shape.null

    def fetch(self, into: Sink) -> Fetched:
        """Write the report. Raises as `Joined.run` and `StagedQuery.run`."""
        output = JoinedOutput(into, self._null, self._options.output)
        with ExitStack() as stack:
            if self._options.stage:
                return self._staged(stack, output, into)
            return Joined(self._plan(stack), output, into, self._tools).run()

    def _staged(self, stack: ExitStack, output: JoinedOutput, into: Sink) -> Fetched:
        options = self._options
        assert options.query is not None
        folder = stack.enter_context(stage_folder())
        tables = stack.enter_context(closing(StagedTables(folder, options.memory)))
        stack.enter_context(self._readings.ending(tables))
        query = StagedQuery(folder, tables, options.query, self._values_for_stage)
        staged = [self._staged_table(name, part) for name, part in options.stage.items()]
        return query.run(staged, self._days, output, into, self._tools)

    def _staged_table(self, name: str, part: Staged) -> StagedTable:
        config = self._config_of(part)

        def write_csv(csv: Path, day: Day | None) -> tuple[str, ...]:
            self._tools.turn()
            query = Query(part.query, {**self._values(config, day), **part.params}, f"stage.{name}")
            with self._opened(config, query.place) as reading, csv.open("wb") as file:
                reading.write_csv(query, file, STAGE_NULL)
                return reading.columns

        names = read_statement(part.query, config.address.dialect).names
        return StagedTable(name, write_csv, part.types, bool(set(names) & set(DAY_NAMES)))

    def _values_for_stage(self, day: Day | None) -> Mapping[str, Any]:
        """Only what the query names; DuckDB takes no others. Its moments are without a zone."""
        assert self._options.query is not None
        values = self._values(self._config, day)
        return {
            name: values[name].replace(tzinfo=None) if isinstance(values[name], datetime) else values[name]
            for name in read_statement(self._options.query, "").names
        }

    def _values(self, config: SqlConfig, day: Day | None) -> dict[str, Any]:
        """What all queries may use."""
        window = queries.window_values(self._report.window, config)
        return {**window, **self._options.values(self._report.params), **day_values(day, config)}

    @property
    def _days(self) -> list[Day]:
        window = self._report.window
        return days_of(window) if self._options.for_each and window is not None else []

    def _plan(self, stack: ExitStack) -> JoinPlan:
        options = self._options
        assert options.query is not None
        # As many rows at a time as are looked up at once.
        rows = max((lookup.batch for lookup in options.lookups), default=None)
        drive = self._asker(stack, self._config, Query(options.query, place="query"), rows)
        steps, daily = [], set()
        for number, lookup in enumerate(options.lookups):
            config = self._config_of(lookup)
            place = f"lookup {number + 1} ({lookup.source or self._report.source})"
            names = read_statement(lookup.query, config.address.dialect).names
            ask = self._asker(stack, config, Query(lookup.query, lookup.params, place))
            steps.append(LookupStep(place, lookup, ask, names, options.keep_rows))
            if set(names) & set(DAY_NAMES):
                daily.add(number)
        names = read_statement(options.query, self._config.address.dialect).names
        return JoinPlan(
            drive=lambda day: drive({}, day),
            steps=steps,
            days=self._days,
            day_column=options.for_each.day if isinstance(options.for_each, EachDay) else "",
            daily=frozenset(daily),
            drives_daily=bool(set(names) & set(DAY_NAMES)),
            keep_rows=options.keep_rows,
        )

    def _asker(self, stack: ExitStack, config: SqlConfig, query: Query, rows: int | None = None) -> Ask:
        """What sends a query, over a connection that is opened when it is needed first; `rows` come at a time."""
        opened: list[Reading] = []

        def ask(keys: Mapping[str, Sequence[str | None]], day: Day | None) -> Answer:
            if not opened:
                opened.append(stack.enter_context(self._opened(config, query.place)))
            self._tools.turn()
            values = {**self._values(config, day), **query.params, **keys}
            batches = opened[0].batches(Query(query.text, values, query.place), rows)
            return Answer(opened[0].columns, batches)

        return ask

    @contextmanager
    def _opened(self, config: SqlConfig, place: str) -> Iterator[Reading]:
        """As `Readings.open`; but a further database that lets nobody in must not stop all that its neighbour has."""
        try:
            with self._readings.open(config) as reading:
                yield reading
        except AuthError as error:
            if config is self._config:
                raise
            raise ReportError(f"{place}: {error.message}", reason=error.reason, remedy=error.remedy) from error

    def _config_of(self, part: Lookup | Staged) -> SqlConfig:
        if part.source in (None, self._report.source):
            return self._config
        config: SqlConfig = self._tools.config_of(part.source)
        return config


def day_values(day: Day | None, config: SqlConfig) -> dict[str, Any]:
    """The day as values of a query: its date, and its first moment with that of the next day, as this database
    understands moments."""
    if day is None:
        return {}
    window = queries.window_values(day.span, config)
    return {"day": day.date, "day_start": window["window_start"], "day_end": window["window_end"]}
