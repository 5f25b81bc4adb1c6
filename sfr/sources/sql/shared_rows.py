"""Rows that all days of a report share: which of them find something on a day, as columns, and which never did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import compress

from sfr.sources.sql.days import Day
from sfr.sources.sql.lookup import LookupStep
from sfr.sources.sql.lookup_keys import Row

Columns = list[Sequence[str | None]]


class SharedRows:
    """`matched` has a byte for each row; it becomes 1 when the row finds something."""

    def __init__(self, rows: Sequence[Row], daily: LookupStep, matched: bytearray) -> None:
        self._rows, self._daily, self._matched = rows, daily, matched
        self._keys = daily.keys_of(rows)
        # Columns are gone through at the speed of C; rows are not.
        self._columns: Columns = [[row[place] for row in rows] for place in range(len(rows[0]))] if rows else []

    def found(self, day: Day) -> Iterator[Columns]:
        """The rows that find something on that day, with it behind them, as their columns."""
        start = 0
        for rows in self._daily.portions([self._rows]):
            part = slice(start, start + len(rows))
            found = self._daily.find(rows, self._keys[part], day)
            marks = int.from_bytes(self._matched[part]) | int.from_bytes(map(bool, found))
            self._matched[part] = marks.to_bytes(len(rows))
            start += len(rows)
            if any(found):
                yield self._joined(part, found)

    def nowhere(self) -> list[Row]:
        """Those that found nothing on any day, with nothing behind them."""
        empty = self._daily.of_nothing
        return [row + empty for row, matched in zip(self._rows, self._matched, strict=True) if not matched]

    def _joined(self, part: slice, found: Sequence[Sequence[Row]]) -> Columns:
        hits = list(filter(None, found))
        if max(map(len, hits)) > 1:
            pairs = zip(compress(self._rows[part], found), hits, strict=True)
            rows = [row + tail for row, tails in pairs for tail in tails]
            return [[row[place] for row in rows] for place in range(len(rows[0]))]
        tails = [tails[0] for tails in hits]
        columns: Columns = [list(compress(column[part], found)) for column in self._columns]
        return columns + [[tail[place] for tail in tails] for place in range(len(tails[0]))]
