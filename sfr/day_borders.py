"""Knows at which moment a day begins in a time zone, also where clocks jump over midnight or show it twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a day in a zone."""
    return existing(datetime.combine(day, time()), zone)


def existing(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment at which the clocks of `zone` show `wall` (without a zone): the first one if there are two, and if
    clocks jump over it the first one after the jump."""
    moment = wall.replace(tzinfo=zone, fold=0)
    if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    # The jump lies between what the offset after it and the offset before it make of `wall`.
    before, after = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), moment.astimezone(UTC)
    old = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2 // _SECOND * _SECOND
        before, after = (middle, after) if middle.astimezone(zone).utcoffset() == old else (before, middle)
    return after.astimezone(zone)
