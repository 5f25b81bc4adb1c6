"""Knows the spans of time that people ask for, `last_month` or two dates, and when a day begins where clocks change."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sfr.catalog.problems import BadCell
from sfr.day_borders import existing, midnight
from sfr.model import Window
from sfr.similar_names import did_you_mean

FORMS = (
    "today, yesterday, last_7_days (any number), this_week, last_week, this_month, last_month, this_year, last_year, "
    "2026-01-01..2026-02-01 (the end is not included), 2026-01-01T06:00..2026-01-01T18:00"
)

_DAYS = re.compile(r"last_(\d{1,5})_days?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?", re.IGNORECASE | re.ASCII)
_DAY = timedelta(days=1)


def _month(day: date) -> date:
    return day.replace(day=1)


def _week(day: date) -> date:
    return day - day.weekday() * _DAY


def _year(day: date) -> date:
    return day.replace(month=1, day=1)


def _next_month(day: date) -> date:
    return _month(_month(day) + 31 * _DAY)


# Each as the first day and the first day that no longer belongs to it, seen from today.
_NAMED: dict[str, Callable[[date], tuple[date, date]]] = {
    "today": lambda day: (day, day + _DAY),
    "yesterday": lambda day: (day - _DAY, day),
    "this_week": lambda day: (_week(day), _week(day) + 7 * _DAY),
    "last_week": lambda day: (_week(day) - 7 * _DAY, _week(day)),
    "this_month": lambda day: (_month(day), _next_month(day)),
    "last_month": lambda day: (_month(_month(day) - _DAY), _month(day)),
    "this_year": lambda day: (_year(day), _year(day).replace(year=day.year + 1)),
    "last_year": lambda day: (_year(day).replace(year=day.year - 1), _year(day)),
}


def read_window(text: str, now: datetime) -> Window:
    """The window that `text` means, seen from `now` in its own zone (a ZoneInfo): one of FORMS.

    Days are the zone's, from midnight to midnight, so one on which clocks change has 23 or 25 hours. A moment that
    does not exist, because clocks jump over it, is the first one after the jump; one that comes twice is the first
    of the two. Raises BadCell: no such form, no such date, an end that is not after the start.
    """
    zone = now.tzinfo
    if not isinstance(zone, ZoneInfo):
        raise TypeError("a window needs an IANA time zone")
    try:
        start, end = _ends(text.strip(), now.date(), zone)
    except (OverflowError, ValueError) as error:
        if isinstance(error, BadCell):
            raise
        raise BadCell("reaches beyond the calendar", "Years go from 1 to 9999.") from error
    # As instants: moments of one zone would be compared by what its clocks show.
    if end.timestamp() < start.timestamp():
        raise BadCell("ends before it starts", "Write the earlier date first, such as 2026-01-01..2026-02-01.")
    if end.timestamp() == start.timestamp():
        raise BadCell("is empty: its end is not included", "Write the day after the last one behind the dots.")
    return Window(start.isoformat(), end.isoformat(), zone.key)


def check_window(window: Window) -> None:
    """Raises BadCell unless `window` has two moments with their offsets, one after the other, and a zone."""
    try:
        zone = ZoneInfo(window.zone)
    except (LookupError, ValueError, OSError) as error:
        message = f"has the time zone {window.zone!r}, which is not known"
        raise BadCell(message, "Write it as in Europe/Berlin.") from error
    try:
        start, end = datetime.fromisoformat(window.start), datetime.fromisoformat(window.end)
    except ValueError as error:
        raise BadCell("is no window", "Write both ends in ISO 8601, such as 2026-01-01T00:00:00+01:00.") from error
    if start.tzinfo is None or end.tzinfo is None:
        shown = midnight(start.date(), zone).isoformat()
        raise BadCell("has no offset from UTC", f"In {zone.key} that day begins with {shown}.")
    if end.timestamp() <= start.timestamp():
        raise BadCell("ends before it starts, or is empty", "Make its end a later moment; it is not included.")


def is_whole_days(window: Window) -> bool:
    """Do both ends fall on the beginning of a day?"""
    zone = ZoneInfo(window.zone)
    ends = (wall_start(window), wall_end(window))
    return all(end.timestamp() == midnight(end.date(), zone).timestamp() for end in ends)


def wall_start(window: Window) -> datetime:
    """The start in the window's zone."""
    return datetime.fromisoformat(window.start).astimezone(ZoneInfo(window.zone))


def wall_end(window: Window) -> datetime:
    """The end, which does not belong to the window, in its zone."""
    return datetime.fromisoformat(window.end).astimezone(ZoneInfo(window.zone))


def last_day(window: Window) -> date:
    """The last day of which something belongs to the window."""
    return (datetime.fromisoformat(window.end) - timedelta(microseconds=1)).astimezone(ZoneInfo(window.zone)).date()


def _ends(text: str, today: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    if ".." in text:
        first, _, second = text.partition("..")
        return _moment(first.strip(), zone), _moment(second.strip(), zone)
    word = re.sub(r"[\s_-]+", "_", text.casefold())
    if match := _DAYS.fullmatch(word):
        return midnight(today - int(match[1]) * _DAY, zone), midnight(today, zone)
    if word not in _NAMED:
        raise _unknown(text, word)
    start, end = _NAMED[word](today)
    return midnight(start, zone), midnight(end, zone)


def _moment(text: str, zone: ZoneInfo) -> datetime:
    try:
        if _DATE.fullmatch(text):
            return midnight(date.fromisoformat(text), zone)
        if _MOMENT.fullmatch(text):
            given = datetime.fromisoformat(text.upper())
            return existing(given, zone) if given.tzinfo is None else given.astimezone(zone)
    except ValueError as error:
        message = f"holds {text}, and there is no such date or time"
        raise BadCell(message, "Correct it; the year comes first.") from error
    shown = text or "nothing on one side of the dots"
    raise BadCell(f"holds {shown}, which is no date", "Write both as in 2026-01-01..2026-02-01, the year first.")


def _unknown(text: str, word: str) -> BadCell:
    if _DATE.fullmatch(text) or _MOMENT.fullmatch(text):
        remedy = "Write two dates, such as 2026-01-01..2026-01-02 for one day; the end is not included."
        return BadCell("is one date, and a window has two ends", remedy)
    hint = did_you_mean(word, [*_NAMED, "last_7_days", "last_30_days"], 2)
    return BadCell("is no window that is known here", f"{hint} There are {FORMS}.".lstrip())
