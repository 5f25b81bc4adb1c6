"""CAKE on the days when the clocks change: its times have no offset, and no conversion may be lost or come twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sfr.errors import ReportError
from sfr.model import Window
from sfr.sources.cake.moments import after_repetition, before_repetition, is_told_twice, midnight
from sfr.sources.cake.progress import Pace
from tests.cake_exports import MINUTE, config, fetch, fetch_until_done, ids, ids_of, report, some, table
from tests.servers.cake import Cake
from tests.servers.cake_plays import Asked, Fault

CHANGES = {
    ("America/New_York", "2026-11-01"): 25,
    ("America/New_York", "2026-03-08"): 23,
    ("Europe/Berlin", "2026-10-25"): 25,
    ("Europe/Berlin", "2026-03-29"): 23,
    ("America/Havana", "2026-11-01"): 25,  # the clock goes back to midnight
    ("Australia/Lord_Howe", "2026-04-05"): 24.5,  # by half an hour
    ("Africa/Cairo", "2026-04-24"): 23,  # midnight is skipped
}
DAYS = [(*day, hours) for day, hours in CHANGES.items()]


def day_in(zone: str, day: str) -> Window:
    start = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    end = (datetime.fromisoformat(day) + timedelta(days=1)).replace(tzinfo=ZoneInfo(zone))
    return Window(start.isoformat(), end.isoformat(), zone)


def bounds(window: Window) -> tuple[datetime, datetime]:
    start, end = (datetime.fromisoformat(text) for text in (window.start, window.end))
    return start, end


@pytest.mark.parametrize(("zone", "day", "hours"), DAYS)
@pytest.mark.parametrize("stores", ["utc", "wall"])
@pytest.mark.parametrize("ends", ["half-open", "inclusive"])
def test_a_day_on_which_the_clocks_change_comes_whole(
    zone: str, day: str, hours: float, stores: str, ends: str
) -> None:
    start, end = bounds(day_in(zone, day))
    before, after = some(90, 2 * MINUTE, start - 180 * MINUTE, 1), some(90, 2 * MINUTE, end, 9000)
    wanted = some(int((end - start) / (5 * MINUTE)), 5 * MINUTE, start)
    with Cake([*before, *wanted, *after], zone=zone, stores=stores, ends=ends) as server:
        fetched, tray = fetch(server, report(window=day_in(zone, day)), row_limit=40)
        assert (end - start) == timedelta(hours=hours)
        assert sorted(ids(tray)) == ids_of(wanted)
        assert fetched.records == len(wanted)
        for text in {text for window in server.windows for text in window}:
            wall = datetime.strptime(text, "%m/%d/%Y %H:%M:%S")
            offsets = {wall.replace(tzinfo=ZoneInfo(zone), fold=fold).utcoffset() for fold in (0, 1)}
            assert len(offsets) == 1, f"{text} is two times, or none"


def test_dates_of_the_repeated_hour_are_told_apart() -> None:
    zone, day = "America/New_York", "2026-11-01"
    start, _ = bounds(day_in(zone, day))
    with Cake(some(6, 30 * MINUTE, start), zone=zone) as server:
        _, tray = fetch(server, report(window=day_in(zone, day)))
        dates = [row["event_conversion_date"] for row in table(tray)]
        assert dates[2:5] == ["2026-11-01T01:00:00-04:00", "2026-11-01T01:30:00-04:00", "2026-11-01T01:00:00-05:00"]


@pytest.mark.parametrize("answer", ["json", "xml"])
def test_a_crowded_repeated_hour_is_paged_since_it_cannot_be_split(answer: str) -> None:
    zone, day = "America/New_York", "2026-11-01"
    start, _ = bounds(day_in(zone, day))
    wanted = some(25 * 60, MINUTE, start)
    with Cake(wanted, zone=zone, stores="wall") as server:
        fetched, tray = fetch(server, report(window=day_in(zone, day)), answer=answer, row_limit=30)
        assert sorted(ids(tray)) == ids_of(wanted)
        paged = {asked.window for asked in server.asked if int(asked.params["start_at_row"])}
        assert {end for _, end in paged} == {"11/01/2026 02:00:00"}
        assert fetched.records == len(wanted)


def test_a_slow_window_before_the_repeated_hour_still_gets_shorter() -> None:
    zone = "America/New_York"
    start, end = bounds(day_in(zone, "2026-11-01"))
    with Cake(zone=zone) as server:
        pace = Pace(config(server), end)
        moment, seconds = start + 30 * MINUTE, 3600
        lengths = [pace.border(moment, seconds) - moment]
        while shorter := pace.shorter(moment, seconds):
            seconds = shorter
            lengths.append(pace.border(moment, seconds) - moment)
        assert lengths == sorted(lengths, reverse=True)
        assert len(set(lengths)) == len(lengths)
        assert lengths[0] == 150 * MINUTE
        assert lengths[-1] == MINUTE


def test_a_window_of_another_zone_may_begin_within_the_repeated_hour() -> None:
    zone = "America/New_York"
    start = datetime(2026, 11, 1, 1, 30, tzinfo=ZoneInfo(zone))  # the first 1:30
    window = Window(start.isoformat(), "2026-11-01T01:30:00-05:00", "Etc/GMT+5")
    around = some(120, 2 * MINUTE, start.astimezone(UTC) - 120 * MINUTE)
    wanted = around[60:90]
    for stores in ("utc", "wall"):
        with Cake(around, zone=zone, stores=stores) as server:
            fetched, tray = fetch(server, report(window=window))
            assert sorted(ids(tray)) == ids_of(wanted)
            assert fetched.records == 30
            with pytest.raises(ReportError, match="shows twice"):
                fetch(server, report(window=window), answer="xml")


def test_days_by_date_are_those_of_the_instance_and_the_last_one_belongs_to_the_export() -> None:
    zone = "Europe/Berlin"
    options = {"start_date": "28-03-2026", "end_date": "29-03-2026"}
    start = datetime(2026, 3, 28, tzinfo=ZoneInfo(zone))
    end = datetime(2026, 3, 30, tzinfo=ZoneInfo(zone))
    wanted = some(int((end - start).total_seconds() // 600) - 6, 10 * MINUTE, start)
    with Cake([*wanted, *some(5, MINUTE, end, 5000)], zone=zone) as server:
        fetched, tray = fetch(server, report(window=None, options=options))
        assert ids(tray) == ids_of(wanted)
        assert fetched.records == len(wanted)
        assert (server.windows[0][0], server.windows[-1][1]) == ("03/28/2026 00:00:00", "03/30/2026 00:00:00")


@pytest.mark.parametrize(("zone", "day", "hours"), DAYS)
def test_every_border_that_a_window_may_get_is_told_once(zone: str, day: str, hours: float) -> None:
    key = ZoneInfo(zone)
    moment = midnight(datetime.fromisoformat(day).date(), key)
    end = moment + timedelta(hours=hours)
    while moment < end:
        for border in (after_repetition(moment, key), before_repetition(moment, key)):
            assert not is_told_twice(border, key)
        assert before_repetition(moment, key) <= moment <= after_repetition(moment, key)
        moment += 7 * MINUTE


def test_a_failure_within_the_repeated_hour_goes_on_from_there() -> None:
    zone, day = "Europe/Berlin", "2026-10-25"
    start, _ = bounds(day_in(zone, day))
    wanted = some(25 * 12, 5 * MINUTE, start)

    def slow(asked: Asked) -> Fault | None:
        return Fault(status=504) if asked.seconds > 3 * 3600 else None

    with Cake(wanted, zone=zone, fault=slow) as server:
        fetched, tray, failures = fetch_until_done(server, report(window=day_in(zone, day)))
        assert ids(tray) == ids_of(wanted)
        assert (fetched.records, failures > 0) == (300, True)
