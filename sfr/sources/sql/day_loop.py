"""Goes through the days of a report one after another, and from where an earlier try has come to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sfr.connector import Sink, Tools
from sfr.errors import Cancelled
from sfr.sources.sql.days import Day, DaysDone, is_over
from sfr.sources.sql.joined_output import JoinedOutput
from sfr.sources.sql.lookup import LookupStep


class DayLoop:
    """The days that are still to be done. `matched` marks rows that all days share and that had a match on one."""

    def __init__(
        self, days: Sequence[Day], steps: Sequence[LookupStep], output: JoinedOutput, into: Sink, tools: Tools
    ) -> None:
        self._days, self._steps, self._output, self._into, self._tools = days, steps, output, into, tools
        self._done = DaysDone.read(into.point) if into.point else None
        self._form = ""
        self._is_final = True
        self.matched = bytearray()

    @property
    def first(self) -> Day:
        """The day to begin with; the last one where none is left to do."""
        return next(iter(self._left()), self._days[-1])

    def begin(self, form: str, rows: int = 0) -> None:
        """Once the columns are known: go on from where an earlier try came to, if `form` is what it was then, or write
        the header and begin anew, which may change `first`. `rows` is how many all days share."""
        done = self._done
        self._form = form
        if done is not None and (done.form, len(done.matched)) == (form, rows):
            self._output.records, self.matched = done.records, bytearray(done.matched)
            for step, (seen, unmatched) in zip(self._steps, done.counts, strict=True):
                step.seen, step.unmatched = seen, unmatched
            return
        if done is not None or self._into.point:
            self._into.restart()
            self._done = None
        self.matched = bytearray(rows)
        self._output.write_header()

    def days(self) -> Iterator[Day]:
        """Each day that is to be done; asking for the next one says that the one before is. Raises Cancelled."""
        for day in self._left():
            check_stopped(self._tools)
            self._tools.say(f"{day.name}, {self._output.records:,} records so far")
            # A day that is not over may get more rows until a later try, which must read it again, and all after it.
            self._is_final &= is_over(day)
            yield day
            if self._is_final:
                self._into.keep(self._after(day).point())

    def _left(self) -> Sequence[Day]:
        return [day for day in self._days if self._done is None or day.name >= self._done.next_day]

    def _after(self, day: Day) -> DaysDone:
        place = self._days.index(day) + 1
        next_day = self._days[place].name if place < len(self._days) else "~"  # behind all dates
        counts = tuple((step.seen, step.unmatched) for step in self._steps)
        return DaysDone(next_day, self._form, self._output.records, counts, bytes(self.matched))


def check_stopped(tools: Tools) -> None:
    """Raises Cancelled when the run is being stopped."""
    if tools.stopped():
        raise Cancelled("the run is being stopped")
