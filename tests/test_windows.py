"""Windows: which span of time is meant, when a day begins, and what `{window.start}` becomes."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfr.catalog.dates import Moment, fill, fill_values
from sfr.catalog.problems import BadCell
from sfr.catalog.windows import check_window, read_window
from sfr.day_borders import existing, midnight
from sfr.model import Window

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 21, 7, 5, 9, tzinfo=BERLIN)  # a Saturday
ROOT = Path(__file__).parent.parent


def days(window: Window) -> tuple[str, str]:
    """Both ends as days, where they are midnights in Berlin."""
    ends = [datetime.fromisoformat(end).astimezone(BERLIN) for end in (window.start, window.end)]
    assert all(end.time() == time() for end in ends)
    return ends[0].date().isoformat(), ends[1].date().isoformat()


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("today", "2026-11-21", "2026-11-22"),
        ("yesterday", "2026-11-20", "2026-11-21"),
        ("last_1_day", "2026-11-20", "2026-11-21"),
        ("last_7_days", "2026-11-14", "2026-11-21"),
        ("Last 30 Days", "2026-10-22", "2026-11-21"),
        ("this_week", "2026-11-16", "2026-11-23"),
        ("last-week", "2026-11-09", "2026-11-16"),
        ("this_month", "2026-11-01", "2026-12-01"),
        (" last_month ", "2026-10-01", "2026-11-01"),
        ("this_year", "2026-01-01", "2027-01-01"),
        ("last_year", "2025-01-01", "2026-01-01"),
        ("2026-01-01..2026-02-01", "2026-01-01", "2026-02-01"),
        ("2026-01-01 .. 2026-02-01", "2026-01-01", "2026-02-01"),
    ],
)
def test_a_window_is_read(text: str, start: str, end: str) -> None:
    window = read_window(text, NOW)
    assert (days(window), window.zone) == ((start, end), "Europe/Berlin")


def test_months_end_when_they_end() -> None:
    leap = datetime(2028, 3, 31, 12, tzinfo=BERLIN)
    assert days(read_window("last_month", leap)) == ("2028-02-01", "2028-03-01")
    assert days(read_window("this_month", leap.replace(month=12))) == ("2028-12-01", "2029-01-01")
    assert days(read_window("last_year", datetime(2028, 2, 29, tzinfo=BERLIN))) == ("2027-01-01", "2028-01-01")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2026-02-01..2026-01-01", "ends before it starts"),
        ("2026-01-01T18:00..2026-01-01T06:00", "ends before it starts"),
        ("2026-01-01..2026-01-01", "is empty"),
        ("last_0_days", "is empty"),
        ("2026-02-29..2026-03-01", "no such date"),
        ("2026-13-01..2026-14-01", "no such date"),
        ("2026-01-01T25:00..2026-01-02", "no such date or time"),
        ("01-01-2026..01-02-2026", "is no date"),
        ("..2026-01-01", "nothing on one side"),
        ("2026-01-01..", "nothing on one side"),
        ("2026-01-01", "two ends"),
        ("last_99999_days..", "is no date"),
        ("0001-01-01..9999-12-31T23:00+00:00", "beyond the calendar"),
        ("yestrday", "no window that is known"),
        ("last_x_days", "no window that is known"),
        ("٢٠٢٦-01-01..2026-02-01", "is no date"),
    ],
)
def test_what_is_no_window_is_refused_with_advice(text: str, message: str) -> None:
    with pytest.raises(BadCell, match=message) as caught:
        read_window(text, NOW.astimezone(ZoneInfo("Pacific/Auckland")))
    assert caught.value.remedy


def test_a_misspelt_window_is_told_the_near_ones() -> None:
    for text, near in (("yestrday", "yesterday"), ("last_mont", "last_month"), ("last_seven_days", "last_7_days")):
        with pytest.raises(BadCell) as caught:
            read_window(text, NOW)
        assert f"{near}" in caught.value.remedy.split("?")[0]


# Days on which clocks change


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-21", 24)])
def test_a_day_on_which_clocks_change_has_all_its_hours(day: str, hours: int) -> None:
    window = read_window("today", datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=BERLIN))
    start, end = datetime.fromisoformat(window.start), datetime.fromisoformat(window.end)
    assert end - start == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("zone", "day", "begins"),
    [
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T01:00:00-02:00"),  # 0:00 to 0:59 do not exist
        ("Africa/Cairo", "2024-04-26", "2024-04-26T01:00:00+03:00"),
        ("Asia/Beirut", "2022-03-27", "2022-03-27T01:00:00+03:00"),
        ("America/Havana", "2024-11-03", "2024-11-03T00:00:00-04:00"),  # 0:00 to 0:59 come twice
        ("Pacific/Apia", "2011-12-30", "2011-12-31T00:00:00+14:00"),  # the whole day does not exist
    ],
)
def test_a_day_begins_with_its_first_moment(zone: str, day: str, begins: str) -> None:
    assert midnight(date.fromisoformat(day), ZoneInfo(zone)).isoformat() == begins


def test_a_moment_that_clocks_jump_over_is_the_first_one_after_the_jump() -> None:
    assert existing(datetime(2026, 3, 29, 2, 30), BERLIN).isoformat() == "2026-03-29T03:00:00+02:00"
    assert existing(datetime(2026, 10, 25, 2, 30), BERLIN).isoformat() == "2026-10-25T02:30:00+02:00"
    half = existing(datetime(2024, 10, 6, 2, 10), ZoneInfo("Australia/Lord_Howe"))
    assert half.isoformat() == "2024-10-06T02:30:00+11:00"


def test_a_day_that_a_zone_does_not_have_is_empty() -> None:
    with pytest.raises(BadCell, match="empty"):
        read_window("2011-12-30..2011-12-31", datetime(2012, 1, 5, tzinfo=ZoneInfo("Pacific/Apia")))


def test_an_hour_that_comes_twice_can_be_told_by_its_offset() -> None:
    window = read_window("2026-10-25T02:30+02:00..2026-10-25T02:10+01:00", NOW)
    assert (window.start, window.end) == ("2026-10-25T02:30:00+02:00", "2026-10-25T02:10:00+01:00")
    assert read_window("2026-01-01T06:00Z..2026-01-01T18:00", NOW).start == "2026-01-01T07:00:00+01:00"


ZONES = """Europe/Berlin America/Sao_Paulo Africa/Cairo Asia/Beirut America/Havana Pacific/Apia Asia/Kathmandu UTC
Australia/Lord_Howe America/St_Johns Africa/Casablanca Asia/Tehran"""
zones = st.sampled_from([ZoneInfo(name) for name in ZONES.split()])


@given(st.dates(date(1980, 1, 1), date(2035, 1, 1)), zones)
def test_days_join_without_gap_or_overlap(day: date, zone: ZoneInfo) -> None:
    first, second = midnight(day, zone), midnight(day + timedelta(days=1), zone)
    assert first.timestamp() <= second.timestamp()
    if first.timestamp() < second.timestamp():
        assert first.date() == day
        before = (first.astimezone(UTC) - timedelta(seconds=1)).astimezone(zone)
        assert before.date() < day
        window = Window(first.isoformat(), second.isoformat(), zone.key)
        assert fill("{window.last}", Moment(first, window)) == day.isoformat()


# What a program hands over


@pytest.mark.parametrize(
    ("start", "end", "zone", "message"),
    [
        ("2026-01-01T00:00:00+01:00", "2026-02-01T00:00:00+01:00", "Europe/Berlni", "time zone"),
        ("2026-01-01", "2026-02-01", "Europe/Berlin", "offset"),
        ("2026-02-01T00:00:00+01:00", "2026-01-01T00:00:00+01:00", "Europe/Berlin", "before"),
        ("January", "February", "Europe/Berlin", "no window"),
    ],
)
def test_a_window_of_a_program_is_checked(start: str, end: str, zone: str, message: str) -> None:
    with pytest.raises(BadCell, match=message):
        check_window(Window(start, end, zone))
    check_window(read_window("last_month", NOW))


# Dates of the window in texts

MONTH = Moment(NOW, read_window("last_month", NOW))
HOURS = Moment(NOW, read_window("2026-01-01T06:00..2026-01-01T18:30", NOW))


@pytest.mark.parametrize(
    ("seen", "text", "filled"),
    [
        (MONTH, "{window.start}..{window.end}", "2026-10-01..2026-11-01"),
        (MONTH, "{window.start:%d-%m-%Y} {Window.Last:%d-%m-%Y}", "01-10-2026 31-10-2026"),
        (MONTH, "{window.last} {window.start-1d} {window.end-1m}", "2026-10-31 2026-09-30 2026-10-01"),
        (MONTH, "{window.end:%H:%M} {{window.end}}", "00:00 {window.end}"),
        (HOURS, "{window.start} {window.end}", "2026-01-01T06:00:00 2026-01-01T18:30:00"),
        (HOURS, "{window.end:%d.%m. %Hh} {window.last}", "01.01. 18h 2026-01-01"),
    ],
)
def test_the_ends_of_a_window_are_filled_in(seen: Moment, text: str, filled: str) -> None:
    assert fill(text, seen) == filled


def test_times_in_names_come_without_colons() -> None:
    assert fill("{window.start}", HOURS, in_name=True) == "2026-01-01T060000"


def test_a_window_where_there_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="this report has no window"):
        fill("{window.start}", NOW)


def test_queries_and_templates_keep_their_own_braces() -> None:
    query = "select '{window.start}', {fn now()}, {d '2026-01-01'}, {today_x}, '{}' from {{ table }} where {{today}}"
    filled = "select '2026-10-01', {fn now()}, {d '2026-01-01'}, {today_x}, '{}' from {{ table }} where {{today}}"
    assert fill_values({"{today}": [query, 5, None, {"a": "{yesterday:%d}"}]}, MONTH) == {
        "{today}": [filled, 5, None, {"a": "20"}]
    }


@pytest.mark.parametrize("text", ["{window.strat}", "{today-7x}", "{today:%Q}", "{window.start:%-d}"])
def test_what_is_surely_meant_as_a_date_is_refused_in_queries_too(text: str) -> None:
    with pytest.raises(ValueError, match="holds"):
        fill_values({"sql": f"select '{text}'"}, MONTH)


def test_the_windows_in_the_documentation_are_right() -> None:
    text = (ROOT / "docs" / "list.md").read_text(encoding="utf-8")
    examples = re.findall(r"^\| `([^`{]+)` \| `([\d-]+)` up to, not including, `([\d-]+)` \|$", text, re.MULTILINE)
    assert len(examples) > 8
    for written, start, end in examples:
        assert days(read_window(written, NOW)) == (start, end)
