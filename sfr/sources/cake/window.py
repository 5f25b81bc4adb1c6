"""Fetches one window of an export: in one answer, or in pages where it may not be shorter; counts every row."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from typing import Any, cast
from zoneinfo import ZoneInfo

from sfr.connector import Sink
from sfr.errors import InvalidReport, TransientError
from sfr.rows import CsvRows
from sfr.sources.cake.answers import Envelope, Row
from sfr.sources.cake.calls import Calls
from sfr.sources.cake.columns import DATE, ID, Table
from sfr.sources.cake.config import CakeConfig
from sfr.sources.cake.moments import TICKS, asked, read_moment, shown, ticks_of
from sfr.sources.cake.order import Order

_BATCH_ROWS = 500
_OVERLAP_ROWS = 2
_MOST_RECOUNTS = 6
_BORDER_TICKS = 2 * TICKS
_MOST_BORDER_IDS = 20_000


@dataclass(slots=True)
class Part:
    """A window's rows as finished CSV, and what was noticed about them. `ids` are those written, with their moment.

    `row_count` is CAKE's own count, None where it did not tell; `rows` is how many came, dropped ones included.
    """

    csv: bytearray = field(default_factory=bytearray)
    ids: dict[str, int] = field(default_factory=dict)
    tail: list[str] = field(default_factory=list)
    rows: int = 0
    row_count: int | None = None
    duplicates: int = 0
    outside: int = 0
    strays: int = 0
    first_stray: str = ""

    def write(self, data: bytes | memoryview) -> int:
        self.csv += data
        return len(data)

    def border(self, end_ticks: int) -> list[str]:
        """The ids that a next window may send again, since CAKE's windows may hold both of their ends: those of the
        last two seconds, by whatever clock, before the newest row, or before the end where a stray row is newer."""
        newest = min(max(self.ids.values(), default=0), end_ticks)
        return [key for key, ticks in self.ids.items() if ticks >= newest - _BORDER_TICKS][-_MOST_BORDER_IDS:]


class Asker:
    """Asks for windows of one order."""

    def __init__(self, calls: Calls, key: str, config: CakeConfig, order: Order, table: Table) -> None:
        self._calls, self._key, self._order, self._table = calls, key, order, table
        self._limit, self._zone = config.row_limit, ZoneInfo(config.timezone)
        self._path = f"/api/{config.version}/reports.asmx/EventConversions"

    def whole(self, start: datetime, end: datetime, seen: Collection[str]) -> Part | None:
        """The window in one answer; None when it is full: as many rows as the limit, or fewer than CAKE counts."""
        part = Part()
        envelope = Envelope()
        self._take(part, self._ask(start, end, 0, None, envelope), start, end, seen)
        part.row_count = envelope.row_count
        if part.rows >= self._limit or (part.row_count is not None and part.row_count > part.rows):
            return None
        return _proven(part)

    def paged(self, start: datetime, end: datetime, seen: Collection[str]) -> Part:
        """The window page by page, in the order of the ids, which no two rows share.

        Each page begins with rows that have been there before: were they others, rows would have moved meanwhile. It
        makes no difference whether the server's first row is number 0 or 1.
        """
        part = Part()
        while True:
            envelope, known = Envelope(), part.rows
            begin = max(known - _OVERLAP_ROWS, 0)
            rows = self._ask(start, end, begin, ID, envelope)
            came = self._take(part, _beyond(part.tail, rows) if known else rows, start, end, seen)
            if known and envelope.row_count != part.row_count:
                raise _moved()
            part.row_count = envelope.row_count
            more = part.row_count is not None and part.row_count > part.rows
            if not came or not (more or came >= self._limit - _OVERLAP_ROWS - 1):
                return _proven(part)

    def _ask(
        self, start: datetime, end: datetime, begin: int, sort_field: str | None, envelope: Envelope
    ) -> Iterator[Row]:
        params: dict[str, Any] = {
            "start_date": asked(start, self._zone),
            "end_date": asked(end, self._zone),
            **self._order.filters,
            "start_at_row": begin,
            "row_limit": self._limit,
        }
        if sort_field is not None:
            params.update(sort_field=sort_field, sort_descending="false")
        return self._calls.rows(self._path, params, self._key, envelope)

    def _take(self, part: Part, rows: Iterator[Row], start: datetime, end: datetime, seen: Collection[str]) -> int:
        """Add rows to a part; returns how many came."""
        before = part.rows
        begin, finish = ticks_of(start), ticks_of(end)
        writer = CsvRows(cast(Sink, part), self._table.columns, header=False)
        kept = self._kept(part, rows, (begin, finish), seen)
        while batch := list(islice(kept, _BATCH_ROWS)):
            writer.write(batch)
        return part.rows - before

    def _kept(
        self, part: Part, rows: Iterator[Row], window: tuple[int, int], seen: Collection[str]
    ) -> Iterator[tuple[Any, ...]]:
        for row in rows:
            key = _id_of(row)
            part.rows += 1
            part.tail = [*part.tail[-_OVERLAP_ROWS:], key]
            ticks = read_moment(row.get(DATE), self._zone)
            if key in part.ids or key in seen:
                part.duplicates += 1
            elif ticks is not None and self._is_outside(ticks):
                part.outside += 1
            else:
                self._note_stray(part, ticks, window)
                part.ids[key] = window[1] if ticks is None else ticks
                yield self._table.values(row, ticks)

    def _is_outside(self, ticks: int) -> bool:
        """Asked for only because CAKE takes no other borders: the very end, and hours that its clock shows twice."""
        order = self._order
        at_end = order.end_ticks <= ticks < ticks_of(order.end) + TICKS
        return at_end or ticks_of(order.start) <= ticks < order.start_ticks

    def _note_stray(self, part: Part, ticks: int | None, window: tuple[int, int]) -> None:
        if ticks is None or window[0] - TICKS <= ticks <= window[1] + TICKS:
            return
        part.strays += 1
        part.first_stray = part.first_stray or shown(ticks, self._zone)


def _id_of(row: Row) -> str:
    key = row.get(ID)
    if key is None or key == "":
        raise InvalidReport(
            f"a conversion came without {ID}", reason="format", remedy="check VERSION: is it one of the event API?"
        )
    return str(key)


def _beyond(tail: list[str], rows: Iterator[Row]) -> Iterator[Row]:
    """What follows the rows that the page before ended with. Raises TransientError when it does not begin so."""
    first = list(islice(rows, _OVERLAP_ROWS + 1))
    ids = [_id_of(row) for row in first]
    for count in (_OVERLAP_ROWS + 1, _OVERLAP_ROWS):
        if len(tail) >= count and ids[:count] == tail[-count:]:
            return chain(first[count:], rows)
    raise _moved()


def _proven(part: Part) -> Part:
    """Raises TransientError when CAKE counts other rows than it sent."""
    if part.row_count is not None and part.row_count != part.rows:
        raise TransientError(
            f"CAKE counts {part.row_count:,} conversions and sent {part.rows:,}",
            reason="count",
            max_attempts=_MOST_RECOUNTS,
            remedy="the data may have changed meanwhile; try again later, or with a shorter LONGEST_WINDOW_MINUTES",
        )
    return part


def _moved() -> TransientError:
    return TransientError(
        "the conversions changed between two pages of one window", reason="moved", max_attempts=_MOST_RECOUNTS
    )
