"""Knows time as CAKE tells and takes it: .NET dates, wall times without an offset, and what clocks do twice a year.

A moment here is a whole number of ticks (100 ns, as in .NET) since 1970 in UTC, so that nothing is rounded.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

TICKS = 10_000_000
_DOT_NET = re.compile(r"/Date\((-?\d+)([+-]\d{4})?\)/")  # milliseconds in UTC; the suffix is only how it was shown
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?\d*(Z|[+-]\d\d:?\d\d)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_TICKS = -62_135_510_400 * TICKS  # the second day of the year 1; .NET writes an unset date as the first
_LAST_TICKS = 253_402_214_400 * TICKS


def read_moment(value: object, zone: ZoneInfo) -> int | None:
    """The ticks of a date of either form; None for what is no date, and for .NET's unset one.

    A wall time without an offset is one of `zone`; in the hour that the clocks repeat it is taken for the first.
    """
    if not isinstance(value, str):
        return None
    if found := _DOT_NET.fullmatch(value):
        ticks = int(found[1]) * (TICKS // 1000)
    elif found := _ISO.fullmatch(value):
        offset = (found[4] or "").replace("Z", "+00:00")
        try:
            moment = datetime.fromisoformat(f"{found[1]}T{found[2]}{offset}")
            seconds = (moment if moment.tzinfo else moment.replace(tzinfo=zone)) - _EPOCH
        except (ValueError, OverflowError):
            return None
        ticks = (seconds.days * 86400 + seconds.seconds) * TICKS + int((found[3] or "0").ljust(7, "0"))
    else:
        return None
    return ticks if _FIRST_TICKS <= ticks <= _LAST_TICKS else None


def shown(ticks: int, zone: ZoneInfo) -> str:
    """ISO 8601 with the zone's offset; the fraction only where there is one."""
    seconds, rest = divmod(ticks, TICKS)
    moment = _wall(seconds, zone)
    return moment[:19] + _fraction(rest) + moment[19:]


@lru_cache(maxsize=4096)
def _wall(seconds: int, zone: ZoneInfo) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).astimezone(zone).isoformat()


def duration(ticks: int) -> str:
    """As in `1 days 02:03:04.500`, which PostgreSQL and pandas read; before zero the days are rounded down."""
    seconds, rest = divmod(ticks, TICKS)
    days, seconds = divmod(seconds, 86400)
    sign = "+" if days < 0 else ""
    return f"{days} days {sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{_fraction(rest)}"


def _fraction(ticks: int) -> str:
    if not ticks:
        return ""
    return f".{ticks // 10_000:03}" if ticks % 10_000 == 0 else f".{ticks:07}"


def ticks_of(moment: datetime) -> int:
    """The ticks of a moment with an offset."""
    span = moment - _EPOCH
    return (span.days * 86400 + span.seconds) * TICKS + span.microseconds * 10


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins there, in UTC; where the clocks skip midnight, at the first moment after it."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def asked(moment: datetime, zone: ZoneInfo) -> str:
    """A moment as CAKE takes it: the instance's wall time, `mm/dd/YYYY HH:mm:ss`."""
    return moment.astimezone(zone).strftime("%m/%d/%Y %H:%M:%S")


def is_told_twice(moment: datetime, zone: ZoneInfo) -> bool:
    """Does the instance's clock show this time twice, since it was put back?"""
    local = moment.astimezone(zone)
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def after_repetition(moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment itself, or the first one after it whose wall time is told once."""
    while is_told_twice(moment, zone):
        moment = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return moment


def before_repetition(moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment itself, or the last whole minute before it whose wall time is told once."""
    while is_told_twice(moment, zone):
        moment = moment.replace(second=0, microsecond=0) - timedelta(minutes=1)
    return moment
