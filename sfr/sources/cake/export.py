"""Walks through an export window by window, so that what has been fetched and counted is never asked for again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sfr.connector import Sink, Tools
from sfr.errors import Cancelled, TransientError
from sfr.model import Fetched, Proof
from sfr.rows import CsvRows
from sfr.sources.cake.classify import TOO_MUCH
from sfr.sources.cake.columns import Table
from sfr.sources.cake.config import CakeConfig
from sfr.sources.cake.moments import ticks_of
from sfr.sources.cake.order import Order
from sfr.sources.cake.progress import Pace, Progress, resume
from sfr.sources.cake.window import Asker, Part


class Export:
    """One order on its way into a sink.

    A duplicate is looked for within its window and among the rows of the window before it: CAKE may send the rows of a
    border twice, since it may count both ends of a window as inside. After a crash the window before is known by its
    last two seconds alone, which is where borders are. So memory is bounded by two windows, however long the export.
    """

    def __init__(
        self, order: Order, config: CakeConfig, asker: Asker, table: Table, *, into: Sink, tools: Tools
    ) -> None:
        self._order, self._asker, self._table = order, asker, table
        self._into, self._tools = into, tools
        self._zone = ZoneInfo(config.timezone)
        self._pace = Pace(config, order.end)
        self._progress = self._begin()
        self._seen: Collection[str] = frozenset(self._progress.border)
        self._is_early = False  # whether a window was asked for before it was over

    def run(self) -> Fetched:
        """Raises TransientError when it has to go on later, from the last finished window."""
        while (start := self._progress.moment) < self._order.end:
            if self._tools.stopped():
                raise Cancelled("the run is being stopped")
            self._advance(start)
        self._write_header()
        progress = self._progress
        if progress.uncounted:
            return Fetched(proof=Proof.NONE, warnings=self._warnings())
        return Fetched(records=progress.records, proof=Proof.COUNT, warnings=self._warnings())

    def _begin(self) -> Progress:
        progress = resume(self._into.point, self._order.mark) if self._into.point else None
        if progress is not None:
            return progress
        if self._into.point:
            self._into.restart()
        return Progress(self._order.mark, self._order.start.isoformat(), self._pace.first)

    def _advance(self, start: datetime) -> None:
        """One window further, or a shorter one the next time."""
        progress = self._progress
        end = self._pace.border(start, progress.window_seconds)
        shorter = self._pace.shorter(start, progress.window_seconds)
        self._tools.say(f"{start.astimezone(self._zone):%d %b %Y %H:%M}, {progress.records:,} conversions so far")
        asked_at = datetime.now(UTC)
        try:
            part = self._asker.whole(start, end, self._seen) if shorter else self._asker.paged(start, end, self._seen)
        except TransientError as error:
            if shorter and error.reason in TOO_MUCH:
                progress.window_seconds = shorter
                self._keep()
            raise
        if part is None and shorter:
            progress.window_seconds = shorter
        elif part is not None:
            self._is_early |= end > asked_at
            self._finish(part, end)

    def _finish(self, part: Part, end: datetime) -> None:
        """Write what is proven, and say how far it goes."""
        progress = self._progress
        self._write_header()
        if part.csv:
            self._into.write(memoryview(part.csv))
        progress.counted += part.rows
        progress.uncounted |= part.row_count is None
        progress.duplicates += part.duplicates
        progress.outside += part.outside
        progress.strays += part.strays
        progress.first_stray = progress.first_stray or part.first_stray
        progress.border = part.border(ticks_of(end))
        progress.unknown_currencies = sorted({*progress.unknown_currencies, *self._table.unknown_currencies})[:20]
        progress.at = end.isoformat()
        progress.window_seconds = self._pace.after(progress.window_seconds, part.rows)
        self._seen = part.ids.keys()
        self._keep()

    def _keep(self) -> None:
        """Only what is over is final: a try that goes on later would miss what came meanwhile."""
        if not self._is_early:
            self._into.keep(self._progress.point())

    def _write_header(self) -> None:
        """Only now: until rows are there, a slow first window counts as a server that prepares its answer."""
        if not self._progress.header:
            CsvRows(self._into, self._table.columns).finish()
            self._progress.header = True

    def _warnings(self) -> tuple[str, ...]:
        progress = self._progress
        warnings = []
        if progress.duplicates:
            warnings.append(f"{progress.duplicates:,} duplicate conversions (same event_conversion_id) were dropped")
        if progress.strays:
            warnings.append(
                f"{progress.strays:,} conversions are dated outside of the time that was asked for, the first "
                f"{progress.first_stray}: is TIMEZONE the zone of the CAKE instance?"
            )
        if progress.unknown_currencies:
            named = ", ".join(progress.unknown_currencies)
            warnings.append(f"CAKE names no code for these currency ids: {named}")
        if progress.uncounted:
            warnings.append("CAKE did not say how many conversions there are, so nothing shows that all came")
        if self._is_early:
            warnings.append("the window was not over yet: later conversions are missing")
        return tuple(warnings)
