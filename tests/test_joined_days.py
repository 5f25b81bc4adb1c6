"""A report for each day of its window: the right days, what is joined with them, and how it goes on after a failure."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfr.errors import Cancelled, ReportError
from sfr.model import Window
from sfr.sources.sql.days import DaysDone, days_of
from tests.joining import NOVEMBER, Kept, Sources

USERS = "SELECT id, name FROM people ORDER BY id"
OF_DAY = "SELECT user FROM done WHERE day = :day"
COUNTED = {"source": "lessons", "query": OF_DAY, "on": {"id": "user"}, "group": {"count": "lessons"}}
PLAN: dict[str, Any] = {"query": USERS, "for_each": {"day": "day"}, "lookups": [COUNTED]}


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    found = Sources(tmp_path)
    found.add("people", "CREATE TABLE people (id INTEGER, name)", {"people": [(1, "Ada"), (2, "Bo"), (3, "Cy")]})
    rows = [(1, "2026-10-31"), (1, "2026-11-01"), (1, "2026-11-01"), (2, "2026-11-03"), (1, "2026-11-03")]
    rows += [(2, "2026-11-04"), (9, "2026-11-02")]
    found.add("lessons", "CREATE TABLE done (user INTEGER, day)", {"done": rows})
    return found


def window(start: str, end: str, zone: str) -> Window:
    return Window(start, end, zone)


def test_days_are_those_of_the_zone_also_where_clocks_change() -> None:
    days = days_of(window("2026-03-28T00:00:00+01:00", "2026-03-31T00:00:00+02:00", "Europe/Berlin"))
    assert [day.name for day in days] == ["2026-03-28", "2026-03-29", "2026-03-30"]
    assert days[1].span == Window("2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", "Europe/Berlin")


def test_a_day_without_a_midnight_begins_with_its_first_moment() -> None:
    days = days_of(window("2018-11-03T00:00:00-03:00", "2018-11-06T00:00:00-02:00", "America/Sao_Paulo"))
    assert [day.span.start for day in days] == [
        "2018-11-03T00:00:00-03:00",
        "2018-11-04T01:00:00-02:00",
        "2018-11-05T00:00:00-02:00",
    ]


def test_the_first_and_the_last_day_of_a_window_may_be_parts() -> None:
    days = days_of(window("2026-01-01T06:00:00+00:00", "2026-01-02T18:00:00+00:00", "UTC"))
    assert [(day.span.start[11:16], day.span.end[11:16]) for day in days] == [("06:00", "00:00"), ("00:00", "18:00")]


@given(
    start=st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1)),
    hours=st.integers(1, 24 * 40),
    zone=st.sampled_from(
        ["UTC", "Europe/Berlin", "America/Sao_Paulo", "Africa/Cairo", "Asia/Kolkata", "America/Havana"]
    ),
)
def test_days_follow_one_another_without_gap_or_overlap(start: datetime, hours: int, zone: str) -> None:
    begin = start.replace(tzinfo=UTC, microsecond=0)
    end = begin + timedelta(hours=hours)
    days = days_of(Window(begin.isoformat(), end.isoformat(), zone))
    spans = [(datetime.fromisoformat(day.span.start), datetime.fromisoformat(day.span.end)) for day in days]
    assert (spans[0][0], spans[-1][1]) == (begin, end)
    assert all(before[1] == after[0] for before, after in itertools.pairwise(spans))
    assert all(first < last for first, last in spans)
    dates = [date.fromisoformat(day.name) for day in days]
    assert dates == sorted(set(dates))


def test_each_day_counts_and_who_never_shows_up_comes_once_at_the_end(sources: Sources) -> None:
    found = sources.fetch(NOVEMBER, **PLAN)
    assert found.text == (
        "id,name,lessons,day\n"
        "1,Ada,2,2026-11-01\n"
        "1,Ada,1,2026-11-03\n"
        "2,Bo,1,2026-11-03\n"
        "3,Cy,0,\n"
    )  # fmt: skip
    assert found.fetched.warnings == ("lookup 1 (lessons): nothing there for 1 of 3 rows",)


def test_an_inner_join_leaves_out_who_never_shows_up(sources: Sources) -> None:
    found = sources.fetch(NOVEMBER, **{**PLAN, "lookups": [{**COUNTED, "join": "inner"}]})
    assert [row[1] for row in found.rows] == ["Ada", "Ada", "Bo"]
    assert found.fetched.warnings == ("lookup 1 (lessons): nothing there for 1 of 3 rows, which were left out",)


def test_a_day_may_be_looked_up_by_keys_too(sources: Sources) -> None:
    query = "SELECT user FROM done WHERE day >= :day_start AND day < :day_end AND user IN :keys"
    for day in ("2026-10-31", "2026-11-01", "2026-11-02", "2026-11-03", "2026-11-04"):
        sources.change("lessons", f"UPDATE done SET day = '{day} 00:00:00' WHERE day = '{day}'")
    by_keys = {**COUNTED, "query": query, "batch": 2}
    assert sources.fetch(NOVEMBER, **{**PLAN, "lookups": [by_keys]}).text.count("\n") == 5


def test_lookups_before_and_behind_the_one_of_the_day_are_joined_to_its_rows(sources: Sources) -> None:
    sources.add("teams", "CREATE TABLE teams (id INTEGER, team)", {"teams": [(1, "red"), (2, "blue"), (3, "red")]})
    sources.add("colours", "CREATE TABLE colours (team, rgb)", {"colours": [("red", "#f00"), ("blue", "#00f")]})
    before = {"source": "teams", "query": "SELECT id, team FROM teams WHERE id IN :keys", "on": {"id": "id"}}
    behind = {"source": "colours", "query": "SELECT team AS t, rgb FROM colours", "on": {"team": "t"}}
    plan = {**PLAN, "lookups": [before, COUNTED, behind], "output": ["day", "name", "lessons", "rgb"]}
    assert sources.fetch(NOVEMBER, **plan).rows == [
        ("2026-11-01", "Ada", "2", "#f00"),
        ("2026-11-03", "Ada", "1", "#f00"),
        ("2026-11-03", "Bo", "1", "#00f"),
        ("", "Cy", "0", "#f00"),
    ]


def test_a_query_of_its_own_for_each_day(sources: Sources) -> None:
    sources.configs["people"] = sources.configs["lessons"]
    found = sources.fetch(NOVEMBER, query=OF_DAY, for_each={"day": "on"})
    assert found.text == "user,on\n1,2026-11-01\n1,2026-11-01\n9,2026-11-02\n2,2026-11-03\n1,2026-11-03\n"


def test_where_the_driving_query_is_of_the_day_all_lookups_may_be(sources: Sources) -> None:
    sources.configs["people"] = sources.configs["lessons"]
    twice = {"query": OF_DAY, "on": {"user": "user"}, "group": {"count": "times"}}
    again = {"query": OF_DAY, "on": {"user": "user"}, "group": {"count": "times_2"}}
    found = sources.fetch(NOVEMBER, query=f"{OF_DAY} AND user = 1", for_each={"day": "day"}, lookups=[twice, again])
    assert found.rows == [("1", "2026-11-01", "2", "2")] * 2 + [("1", "2026-11-03", "1", "1")]


def failing_on(sources: Sources, day: str) -> Iterator[None]:
    """Rows of that day make the query fail, until the next step."""
    sources.change("lessons", "ALTER TABLE done RENAME TO all_done")
    broken = f"CASE WHEN day = '{day}' THEN abs(-9223372036854775808) ELSE user END"
    sources.change("lessons", f"CREATE VIEW done AS SELECT {broken} AS user, day FROM all_done")
    yield
    sources.change("lessons", "DROP VIEW done")
    sources.change("lessons", "ALTER TABLE all_done RENAME TO done")
    yield


def test_after_a_failure_the_next_try_goes_on_with_the_day_that_failed(sources: Sources) -> None:
    whole = sources.fetch(NOVEMBER, **PLAN)
    steps = failing_on(sources, "2026-11-03")
    next(steps)
    sink = Kept()
    with pytest.raises(ReportError):
        sources.fetch(NOVEMBER, sink, **PLAN)
    assert len(sink.points) == 2
    next(steps)
    sources.change("lessons", "DELETE FROM done WHERE day = '2026-11-01'")  # which shows that it is not read again
    assert sources.fetch(NOVEMBER, sink.next_try(), **PLAN) == whole


def test_where_the_shared_rows_are_others_by_then_it_begins_anew(sources: Sources) -> None:
    sink = Kept()
    sources.fetch(NOVEMBER, sink, **PLAN)
    sources.change("people", "INSERT INTO people VALUES (9, 'Dee')")
    found = sources.fetch(
        NOVEMBER, Kept(sink.points[0], data=bytearray(b"id,name,lessons,day\n1,old,2,2026-11-01\n")), **PLAN
    )
    assert found == sources.fetch(NOVEMBER, **PLAN)
    assert found.text.startswith("id,name,lessons,day\n1,Ada,2,2026-11-01\n9,Dee,1,2026-11-02\n")


@pytest.mark.parametrize("point", ["", "nonsense", "[]", '["2026-11-02", "other", 1, [], ""]'])
def test_a_point_that_says_nothing_begins_anew(sources: Sources, point: str) -> None:
    sink = Kept(point, data=bytearray(b"rubbish" if point else b""))
    assert sources.fetch(NOVEMBER, sink, **PLAN) == sources.fetch(NOVEMBER, **PLAN)


def test_a_day_that_is_not_over_is_not_final(sources: Sources) -> None:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    days = Window((today - timedelta(days=2)).isoformat(), (today + timedelta(days=1)).isoformat(), "UTC")
    sink = Kept()
    sources.fetch(days, sink, **PLAN)
    last = DaysDone.read(sink.points[-1])
    assert len(sink.points) == 2
    assert last is not None
    assert last.next_day == today.date().isoformat()


def test_a_run_that_is_stopped_stops_between_two_days(sources: Sources) -> None:
    answers = iter([False, False, True])
    source = sources.source(stopped=lambda: next(answers, True))
    with closing(source), pytest.raises(Cancelled):
        source.fetch(sources.report(NOVEMBER, **PLAN), Kept())


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=st.lists(st.tuples(st.integers(1, 6) | st.none(), st.sampled_from(["a", "b,", None, ""])), max_size=8),
    done=st.lists(st.tuples(st.integers(1, 6) | st.none(), st.integers(30, 36)), max_size=20),
)
def test_the_rows_are_those_of_one_database_that_joins_them(
    tmp_path: Path, people: list[tuple[int | None, str | None]], done: list[tuple[int | None, int]]
) -> None:
    rows = [(user, (date(2026, 10, 1) + timedelta(days=day - 1)).isoformat()) for user, day in done]
    sources = Sources(tmp_path)
    for name in ("people", "lessons"):
        (tmp_path / f"{name}.db").unlink(missing_ok=True)
    tables = "CREATE TABLE people (id INTEGER, name); CREATE TABLE done (user INTEGER, day);"
    sources.add("people", tables, {"people": people, "done": rows})
    sources.add("lessons", tables, {"done": rows})
    grouped = (
        "SELECT user, day, count(*) AS n FROM done WHERE day BETWEEN '2026-11-01' AND '2026-11-03' GROUP BY user, day"
    )
    query = f"SELECT id, name, coalesce(n, 0), day FROM people LEFT JOIN ({grouped}) ON id = user"
    with sqlite3.connect(tmp_path / "people.db") as database:
        expected = [tuple("" if each is None else str(each) for each in row) for row in database.execute(query)]
    assert sorted(sources.fetch(NOVEMBER, **PLAN).rows) == sorted(expected)
