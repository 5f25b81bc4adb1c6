"""Reads queries of several databases into the tables of a stage, and writes what one query over them gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sfr.connector import Sink, Tools
from sfr.model import Fetched, Proof
from sfr.sources.sql.day_loop import DayLoop, check_stopped
from sfr.sources.sql.days import Day
from sfr.sources.sql.joined_output import JoinedOutput
from sfr.sources.sql.staged_tables import StagedTables

_PIECE_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class StagedTable:
    """A table to be: `write_csv` writes its rows into a file and gives its columns. `is_daily` ones are made anew for
    each day of a loop."""

    name: str
    write_csv: Callable[[Path, Day | None], tuple[str, ...]]
    types: Mapping[str, str]
    is_daily: bool


class StagedQuery:
    """One report. `values` gives the parameters of its query, for a day or for none."""

    def __init__(
        self, folder: Path, tables: StagedTables, query: str, values: Callable[[Day | None], Mapping[str, Any]]
    ) -> None:
        self._folder, self._tables, self._query, self._values = folder, tables, query, values

    def run(
        self, staged: list[StagedTable], days: list[Day], output: JoinedOutput, into: Sink, tools: Tools
    ) -> Fetched:
        """Stage what all days share, then write what the query gives, at once or for each day."""
        if not days:
            self._fill(staged, None, tools)
            output.begin(self._tables.columns_of(self._query, self._values(None)))
            output.write_header()
            self._write(None, output)
        else:
            self._each_day(staged, days, output, into, tools)
        return Fetched(records=output.records, proof=Proof.COUNT, null=output.null)

    def _each_day(
        self, staged: list[StagedTable], days: list[Day], output: JoinedOutput, into: Sink, tools: Tools
    ) -> None:
        loop = DayLoop(days, (), output, into, tools)
        daily = [table for table in staged if table.is_daily]
        self._fill([table for table in staged if not table.is_daily], None, tools)
        self._fill(daily, loop.first, tools)
        output.begin(self._tables.columns_of(self._query, self._values(loop.first)))
        there = loop.first
        loop.begin(output.form)
        for day in loop.days():
            if day is not there:
                self._fill(daily, day, tools)
            self._write(day, output)

    def _fill(self, staged: list[StagedTable], day: Day | None, tools: Tools) -> None:
        csv = self._folder / "table.csv"
        for table in staged:
            check_stopped(tools)
            tools.say(f"reading {table.name}" + (f" of {day.name}" if day else ""))
            columns = table.write_csv(csv, day)
            self._tables.fill(table.name, csv, columns, table.types)
            csv.unlink()

    def _write(self, day: Day | None, output: JoinedOutput) -> None:
        csv = self._folder / "result.csv"
        records = self._tables.write(self._query, self._values(day), csv, output.null)
        with csv.open("rb") as file:
            output.copy(iter(lambda: file.read(_PIECE_BYTES), b""), records)
        csv.unlink()
