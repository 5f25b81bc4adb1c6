"""Knows the days of a window in its zone, and how far a loop over them has come, in a form that survives a crash."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sfr.day_borders import midnight
from sfr.model import Window


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day of the window's zone, and the part of it that belongs to the window, half-open."""

    name: str
    span: Window

    @property
    def date(self) -> date:
        """The calendar day."""
        return date.fromisoformat(self.name)


def days_of(window: Window) -> list[Day]:
    """Every day of which something belongs to the window, the first one first. A day has 23 or 25 hours where clocks
    change; only the first and the last one may be cut, by a window that is not made of whole days."""
    zone = ZoneInfo(window.zone)
    start = datetime.fromisoformat(window.start).astimezone(zone)
    end = datetime.fromisoformat(window.end).astimezone(zone)
    days: list[Day] = []
    while _utc(start) < _utc(end):
        next_day = midnight(start.date() + timedelta(days=1), zone)
        stop = min(next_day, end, key=_utc)
        days.append(Day(start.date().isoformat(), Window(start.isoformat(), stop.isoformat(), window.zone)))
        start = next_day
    return days


def is_over(day: Day) -> bool:
    """Whether no more rows of that day are to come, as far as clocks can tell."""
    return _utc(datetime.fromisoformat(day.span.end)) <= datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class DaysDone:
    """How far a loop over days has come: `records` were written for the days before `next_day`.

    `form` is what must be the same for a later try to go on: the columns, and the rows that all days share. `counts`
    are those of each lookup, of rows seen and without a match; `matched` has a byte for each shared row that had one.
    """

    next_day: str
    form: str
    records: int
    counts: tuple[tuple[int, int], ...] = ()
    matched: bytes = b""

    def point(self) -> str:
        """The text that `read` understands."""
        packed = base64.b64encode(zlib.compress(self.matched, 1)).decode()
        return json.dumps([self.next_day, self.form, self.records, self.counts, packed])

    @classmethod
    def read(cls, point: str) -> DaysDone | None:
        """What an earlier try said; None where that is nothing to go on from."""
        try:
            next_day, form, records, counts, packed = json.loads(point)
            matched = zlib.decompress(base64.b64decode(packed))
            return cls(str(next_day), str(form), int(records), tuple((int(a), int(b)) for a, b in counts), matched)
        except (ValueError, TypeError, zlib.error):
            return None


def digest_of(rows: Sequence[Sequence[str | None]]) -> str:
    """Equal for the same rows in the same order."""
    found = hashlib.sha256()
    for row in rows:
        found.update(repr(row).encode("utf-8", "replace"))
    return found.hexdigest()[:32]


def _utc(moment: datetime) -> datetime:
    """Moments of one zone would be compared by what its clocks show."""
    return moment.astimezone(UTC)
