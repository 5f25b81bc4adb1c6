"""Knows the dates that people write into names, folders and parameters: `{yesterday}`, `{window.start:%m/%d/%Y}`."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any

from sfr.catalog.windows import is_whole_days, last_day, wall_end, wall_start
from sfr.model import Window

FORMS = (
    "{today}, {yesterday}, {now}, {week_start}, {month_start}, {month_end}, {last_month_start}, {last_month_end}, "
    "{year_start}, and of a report with a window {window.start}, {window.end}, {window.last}; each also with an "
    "offset in days, weeks, months or years and a format: {today-7d:%m/%d/%Y}, and {{ for a brace that is meant itself"
)

_TOKEN = re.compile(r"\{\{|\}\}|\{(?P<inside>[^{}]*)\}|[{}]")
_INSIDE = re.compile(
    r"(?P<base>\w+(?:\.\w+)?)(?P<offsets>(?:[+-]\d{1,4}[dwmy])*)(?::(?P<format>.+))?", re.ASCII | re.DOTALL
)
_OFFSET = re.compile(r"([+-]\d+)([dwmy])")
# Those that every platform's C library has; `%-d` is Linux only and stops Windows with an error.
_DIRECTIVES = frozenset("aAbBdHIjmMpSuUVwWyYGzZ%")
_BETWEEN = " _-."  # what people put between a name and a date
_ISO_DATE = "%Y-%m-%d"
_ISO_TIME = "%Y-%m-%dT%H:%M:%S"
_ISO_TIME_IN_NAMES = "%Y-%m-%dT%H%M%S"  # Windows allows no colons in file names


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
_ENDS: dict[str, Callable[[Window], datetime | date]] = {
    "window.start": wall_start,
    "window.end": wall_end,
    "window.last": last_day,
}
# In the text of a query, where braces are everyday: nothing inside of doubled ones, and only what is surely ours.
_IN_QUERIES = re.compile(
    rf"\{{\{{(?:(?!\}}\}}).)*\}}\}}|\{{\s*(?:(?:{'|'.join(_BASES)})(?=\s*[-+:}}])|window\.)[^{{}}]*\}}",
    re.DOTALL | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Moment:
    """From where dates are seen: `now` in the zone of the report, and the report's window."""

    now: datetime
    window: Window | None = None


def fill(
    text: str,
    seen: Moment | datetime,
    *,
    keep: Container[str] = (),
    words: Mapping[str, str] = MappingProxyType({}),
    in_name: bool = False,
) -> str:
    """Replace every `{…}` in `text` by the date it stands for, as seen from a moment in its own zone.

    Months and years are counted first, then the named day is taken, then days and weeks are counted: `{month_end-1m}`
    is the last day of last month. A day that a month does not have becomes its last one. Without a format, dates are
    ISO 8601; the ends of a window that is not made of whole days come with their times, `in_name` without colons.
    What is in `keep` stays as it is, and what is in `words`, braces and all, becomes what it says there.
    Raises ValueError with the list of forms when a `{…}` is none of them, or asks for a window where there is none.
    """
    moment = seen if isinstance(seen, Moment) else Moment(seen)

    def filled(token: re.Match[str]) -> str:
        if token[0] in keep:
            return token[0]
        return words[token[0]] if token[0] in words else _fill_token(token, moment, in_name, words)

    return _TOKEN.sub(filled, text)


def undated(text: str) -> str:
    """`text` without its dates, and without what stood between them and the rest: `sales_{today}` is `sales`."""
    marked = _TOKEN.sub(lambda token: token[0][0] if token[0] in ("{{", "}}") else "\0", text)
    first, *others = marked.split("\0")
    if not others:
        return first
    parts = [first.rstrip(_BETWEEN), *(part.strip(_BETWEEN) for part in others[:-1]), others[-1].lstrip(_BETWEEN)]
    return "_".join(part for part in parts if part)


def fill_values(value: Any, seen: Moment) -> Any:
    """`value` (of JSON) with the dates filled in in all its texts, at any depth, but not in its keys.

    Texts are queries and templates, so a `{…}` that is no date stays, and so does everything in `{{…}}`. Raises
    ValueError for what is surely meant as a date and is none.
    """
    if isinstance(value, str):
        return _IN_QUERIES.sub(lambda found: _fill_in_query(found[0], seen), value)
    if isinstance(value, dict):
        return {key: fill_values(each, seen) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [fill_values(each, seen) for each in value]
    return value


def _fill_in_query(text: str, seen: Moment) -> str:
    return text if text.startswith("{{") else fill(text, seen)


def _fill_token(token: re.Match[str], seen: Moment, in_name: bool, words: Mapping[str, str]) -> str:
    if token[0] in ("{{", "}}"):
        return token[0][0]
    inside = _INSIDE.fullmatch(token["inside"].strip()) if token["inside"] else None
    base = inside["base"].lower() if inside else ""
    if inside is None or base not in {*_BASES, *_ENDS}:
        what = "nothing" if words else "no date"
        raise ValueError(
            f"holds {token[0]}, which is {what} that is known here. There are {', '.join([*words, FORMS])}"
        )
    if base in _ENDS and seen.window is None:
        raise ValueError(f"holds {token[0]}, and this report has no window. Give it one, such as last_month")
    try:
        moment = _moment(base, inside["offsets"], seen)
    except (OverflowError, ValueError) as error:
        raise ValueError(f"holds {token[0]}, which lies outside the calendar") from error
    return _format(moment, inside["format"] or _usual_format(base, seen.window, in_name), token[0])


def _usual_format(base: str, window: Window | None, in_name: bool) -> str:
    if base == "now":
        return _ISO_TIME_IN_NAMES
    if base in ("window.start", "window.end") and window is not None and not is_whole_days(window):
        return _ISO_TIME_IN_NAMES if in_name else _ISO_TIME
    return _ISO_DATE


def _moment(base: str, offsets: str, seen: Moment) -> datetime:
    steps = [(int(count), unit) for count, unit in _OFFSET.findall(offsets)]
    months = sum(count * (12 if unit == "y" else 1) for count, unit in steps if unit in "my")
    days = sum(count * (7 if unit == "w" else 1) for count, unit in steps if unit in "dw")
    if base in _ENDS and seen.window is not None:
        end = _ENDS[base](seen.window)
        day, clock = (end.date(), end.timetz()) if isinstance(end, datetime) else (end, time(tzinfo=seen.now.tzinfo))
        return datetime.combine(_add_months(day, months) + timedelta(days=days), clock)
    day = _BASES[base](_add_months(seen.now.date(), months)) + timedelta(days=days)
    clock = seen.now.time() if base == "now" else time()
    return datetime.combine(day, clock, tzinfo=seen.now.tzinfo)


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
