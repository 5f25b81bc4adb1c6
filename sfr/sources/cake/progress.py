"""Knows how far an export has come, in a form that survives a crash, and how long the next window shall be."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sfr.sources.cake.config import CakeConfig
from sfr.sources.cake.moments import after_repetition

COMFORTABLE_ROWS = 10_000  # windows grow while twice their rows are fewer: an answer is held until it is proven


@dataclass(slots=True)
class Progress:
    """What the finished windows came to. `at` is where they end and `window_seconds` the next one's length.

    `counted` is the sum of CAKE's row counts, `duplicates` and `outside` the rows of it that were not written;
    `strays` were written although their date lies elsewhere. `border` are the ids that the next window may repeat.
    """

    order: str
    at: str
    window_seconds: int
    header: bool = False
    counted: int = 0
    duplicates: int = 0
    outside: int = 0
    strays: int = 0
    first_stray: str = ""
    uncounted: bool = False
    border: list[str] = field(default_factory=list)
    unknown_currencies: list[str] = field(default_factory=list)

    @property
    def moment(self) -> datetime:
        """`at`, in UTC."""
        return datetime.fromisoformat(self.at).astimezone(UTC)

    @property
    def records(self) -> int:
        return self.counted - self.duplicates - self.outside

    def point(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))


def resume(point: str, order: str) -> Progress | None:
    """What `point` says; None when it belongs to another order (a changed filter, other dates) or cannot be read."""
    try:
        progress = Progress(**json.loads(point))
        if progress.order != order or progress.moment.year < 1 or progress.window_seconds < 1:
            return None
    except (ValueError, TypeError, AttributeError):
        return None
    return progress


class Pace:
    """How long windows are, between the shortest and the longest that the settings allow, up to `end`."""

    def __init__(self, config: CakeConfig, end: datetime) -> None:
        self._zone, self._end = ZoneInfo(config.timezone), end
        self._shortest = max(int(config.shortest_window_minutes * 60), 1)
        self._longest = max(int(config.longest_window_minutes * 60), 1)
        self._comfortable = min(config.row_limit // 2, COMFORTABLE_ROWS)
        self.first = max(int(config.first_window_minutes * 60), 1)

    def border(self, start: datetime, seconds: int) -> datetime:
        """Where a window of that length ends: never within the hour that the instance's clock shows twice.

        Such a border would mean two moments, and CAKE may take it for either: an hour would be lost or come twice.
        """
        return min(after_repetition(start + timedelta(seconds=seconds), self._zone), self._end)

    def shorter(self, start: datetime, seconds: int) -> int | None:
        """Half the length, or less where that would end at the same place; None where nothing shorter is allowed."""
        end = self.border(start, seconds)
        while seconds > self._shortest:
            seconds = max(seconds // 2, self._shortest)
            if self.border(start, seconds) < end:
                return seconds
        return None

    def after(self, seconds: int, rows: int) -> int:
        """The length for the next window, after one with so many rows."""
        return min(seconds * 2, self._longest) if rows * 2 <= self._comfortable else seconds
