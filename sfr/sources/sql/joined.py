"""Joins the rows of a query with what lookups in other databases give for them, at once or day by day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sfr.connector import Sink, Tools
from sfr.model import Fetched, Proof
from sfr.sources.sql.day_loop import DayLoop, check_stopped
from sfr.sources.sql.days import Day, digest_of
from sfr.sources.sql.joined_output import JoinedOutput
from sfr.sources.sql.lookup import LookupStep
from sfr.sources.sql.lookup_keys import Row
from sfr.sources.sql.lookup_table import Answer, too_many
from sfr.sources.sql.shared_rows import SharedRows


@dataclass(frozen=True, slots=True)
class JoinPlan:
    """What is to be done: `drive` sends the driving query, whose rows the lookups of `steps` add to.

    `days` are those of a loop, if there is one, and `day_column` what their column is called, "" for none. `daily` are
    the numbers of the lookups that want a day. Where the driving query wants none, all days share its rows, of which no
    more than `keep_rows` are kept, and one lookup is daily.
    """

    drive: Callable[[Day | None], Answer]
    steps: Sequence[LookupStep]
    days: Sequence[Day] = ()
    day_column: str = ""
    daily: frozenset[int] = frozenset()
    drives_daily: bool = False
    keep_rows: int = 500_000


class Joined:
    """One report on its way. What is wrong with its columns and keys is told before a row is written."""

    def __init__(self, plan: JoinPlan, output: JoinedOutput, into: Sink, tools: Tools) -> None:
        self._plan, self._output, self._into, self._tools = plan, output, into, tools

    def run(self) -> Fetched:
        """Write all rows. Raises ReportError, and whatever the databases say."""
        plan = self._plan
        if not plan.days:
            self._at_once()
        elif plan.drives_daily:
            self._each_day()
        else:
            self._each_day_of_the_same()
        warnings = tuple(text for step in plan.steps for text in step.warnings())
        return Fetched(records=self._output.records, proof=Proof.COUNT, warnings=warnings, null=self._output.null)

    def _at_once(self) -> None:
        answer = self._plan.drive(None)
        self._output.begin(self._begun(self._plan.steps, answer.columns))
        self._output.write_header()
        self._write(answer.batches, self._plan.steps)

    def _each_day(self) -> None:
        """The driving query anew for each day."""
        plan, loop = self._plan, self._loop()
        first = loop.first
        answer = plan.drive(first)
        columns = (*answer.columns, *([plan.day_column] if plan.day_column else ()))
        self._output.begin(self._begun(plan.steps, columns, first))
        loop.begin(self._output.form)
        if loop.first is not first:  # an earlier try came to there, with other columns
            _read_to_the_end(answer)
            answer = plan.drive(loop.first)
        for day in loop.days():
            if day is not loop.first:
                answer = plan.drive(day)
            rows = _with_day(answer.batches, day) if plan.day_column else answer.batches
            self._write(rows, plan.steps, day)

    def _each_day_of_the_same(self) -> None:
        """The same rows for each day, which are joined with those of the day by one lookup; others come before or
        after it.

        A row that finds nothing on a day gives nothing for that day; a left join shows it once, at the end, where it
        found nothing on any day.
        """
        plan, loop = self._plan, self._loop()
        (number,) = plan.daily
        before, daily, after = plan.steps[:number], plan.steps[number], plan.steps[number + 1 :]
        columns, shared = self._shared(before)
        daily.begin(columns, loop.first, plan.day_column)
        self._output.begin(self._begun(after, daily.columns))
        loop.begin(f"{self._output.form} {digest_of(shared)}", len(shared))
        rows = SharedRows(shared, daily, loop.matched)
        for day in loop.days():
            for found in rows.found(day):
                if after:
                    self._write([list(zip(*found, strict=True))], after)
                else:
                    self._output.write_columns(found)
        if daily.is_left:
            self._write([rows.nowhere()], after)
        daily.seen, daily.unmatched = len(shared), loop.matched.count(0)

    def _shared(self, before: Sequence[LookupStep]) -> tuple[tuple[str, ...], list[Row]]:
        """The rows that all days share, and their columns."""
        answer = self._plan.drive(None)
        columns = self._begun(before, answer.columns)
        shared: list[Row] = []
        for rows in self._through(answer.batches, before):
            shared += rows
            if len(shared) > self._plan.keep_rows:
                raise too_many("the driving query", self._plan.keep_rows)
        return columns, shared

    def _begun(self, steps: Sequence[LookupStep], columns: Sequence[str], day: Day | None = None) -> tuple[str, ...]:
        """The columns after these steps."""
        for step in steps:
            step.begin(columns, self._day_for(step, day))
            columns = step.columns
        return tuple(columns)

    def _write(self, rows: Iterable[Sequence[Row]], steps: Sequence[LookupStep], day: Day | None = None) -> None:
        for batch in self._through(rows, steps, day):
            check_stopped(self._tools)
            self._output.write(batch)

    def _through(
        self, rows: Iterable[Sequence[Row]], steps: Sequence[LookupStep], day: Day | None = None
    ) -> Iterable[Sequence[Row]]:
        for step in steps:
            rows = step.apply(rows, self._day_for(step, day))
        return rows

    def _day_for(self, step: LookupStep, day: Day | None) -> Day | None:
        return day if self._plan.steps.index(step) in self._plan.daily else None

    def _loop(self) -> DayLoop:
        return DayLoop(self._plan.days, self._plan.steps, self._output, self._into, self._tools)


def _with_day(batches: Iterable[Sequence[Row]], day: Day) -> Iterator[Sequence[Row]]:
    for rows in batches:
        yield [(*row, day.name) for row in rows]


def _read_to_the_end(answer: Answer) -> None:
    """A database can be asked for nothing else before."""
    for _ in answer.batches:
        continue
