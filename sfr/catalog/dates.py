"""Knows the dates that people write into names, folders and parameters: `{yesterday}`, `{today-7d:%m/%d/%Y}`."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

FORMS = (
    "{today}, {yesterday}, {now}, {week_start}, {month_start}, {month_end}, {last_month_start}, {last_month_end}, "
    "{year_start}; each also with an offset in days, weeks, months or years and a format: {today-7d:%m/%d/%Y}, "
    "and {{ for a brace that is meant itself"
)

_TOKEN = re.compile(r"\{\{|\}\}|\{(?P<inside>[^{}]*)\}|[{}]")
_INSIDE = re.compile(r"(?P<base>\w+)(?P<offsets>(?:[+-]\d{1,4}[dwmy])*)(?::(?P<format>.+))?", re.ASCII | re.DOTALL)
_OFFSET = re.compile(r"([+-]\d+)([dwmy])")
# Those that every platform's C library has; `%-d` is Linux only and stops Windows with an error.
_DIRECTIVES = frozenset("aAbBdHIjmMpSuUVwWyYGzZ%")
_ISO_DATE = "%Y-%m-%d"
_ISO_TIME = "%Y-%m-%dT%H%M%S"  # without colons, which Windows allows in no file name


def _month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _last_month_end(day: date) -> date:
    return day.replace(day=1) - timedelta(days=1)


_BASES: dict[str, Callable[[date], date]] = {
    "today": lambda day: day,
    "now": lambda day: day,
    "yesterday": lambda day: day - timedelta(days=1),
    "week_start": lambda day: day - timedelta(days=day.weekday()),
    "month_start": lambda day: day.replace(day=1),
    "month_end": _month_end,
    "last_month_start": lambda day: _last_month_end(day).replace(day=1),
    "last_month_end": _last_month_end,
    "year_start": lambda day: day.replace(month=1, day=1),
}


def fill(text: str, now: datetime) -> str:
    """Replace every `{…}` in `text` by the date it stands for, seen from `now` in its own zone.

    Months and years are counted first, then the named day is taken, then days and weeks are counted: `{month_end-1m}`
    is the last day of last month. A day that a month does not have becomes its last one. Without a format, dates are
    ISO 8601. Raises ValueError with the list of forms when a `{…}` is none of them.
    """
    return _TOKEN.sub(lambda token: _fill_token(token, now), text)


def has_dates(text: str) -> bool:
    """Would `fill` change `text`, or refuse it?"""
    return "{" in text or "}" in text


def _fill_token(token: re.Match[str], now: datetime) -> str:
    if token[0] in ("{{", "}}"):
        return token[0][0]
    inside = _INSIDE.fullmatch(token["inside"].strip()) if token["inside"] else None
    if inside is None or inside["base"].lower() not in _BASES:
        raise ValueError(f"holds {token[0]}, which is no date that is known here. There are {FORMS}")
    base = inside["base"].lower()
    try:
        moment = _moment(base, inside["offsets"], now)
    except (OverflowError, ValueError) as error:
        raise ValueError(f"holds {token[0]}, which lies outside the calendar") from error
    return _format(moment, inside["format"] or (_ISO_TIME if base == "now" else _ISO_DATE), token[0])


def _moment(base: str, offsets: str, now: datetime) -> datetime:
    steps = [(int(count), unit) for count, unit in _OFFSET.findall(offsets)]
    months = sum(count * (12 if unit == "y" else 1) for count, unit in steps if unit in "my")
    days = sum(count * (7 if unit == "w" else 1) for count, unit in steps if unit in "dw")
    day = _BASES[base](_add_months(now.date(), months)) + timedelta(days=days)
    clock = now.time() if base == "now" else time()
    return datetime.combine(day, clock, tzinfo=now.tzinfo)


def _add_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError("no such year")
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _format(moment: datetime, template: str, shown: str) -> str:
    def directive(match: re.Match[str]) -> str:
        if match[1] not in _DIRECTIVES:
            raise ValueError(f"holds {shown}, and {match[0]} is no date format that works on every system")
        return moment.strftime(match[0])

    # Only the directives pass through the C library: Windows stumbles over other alphabets between them.
    return re.sub(r"%(.?)", directive, template, flags=re.DOTALL)
