"""What is still wanted after runs that fetched only some of what those before them lacked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sfr.history import History
from sfr.model import Outcome, Report, Run, Shape, Status
from sfr.rerun import list_name_of, still_wanted


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    found = History(f"sqlite:///{tmp_path}/history.db", owner="test")
    yield found
    found.close()


def ran(history: History, number: int, reports: Sequence[Report], good: str, list_name: str = "list.csv") -> Run:
    """A run of which the reports whose names begin with a letter of `good` come."""
    run = Run(f"r{number}", float(number), list_name=list_name)
    history.add_run(run, reports)
    jobs = history.claim(run.id, len(reports), 60, 500.0)
    status = {True: Status.DONE, False: Status.FAILED}
    history.settle([Outcome(job.id, status[job.report.name[0] in good]) for job in jobs])
    history.finish_run(run.id, 1, number + 0.5)
    return run


def names(reports: Sequence[Report]) -> list[str]:
    return [report.name for report in reports]


def test_what_was_left_out_when_some_was_fetched_again_is_still_wanted(history: History) -> None:
    first = ran(history, 1, [Report(f"{letter}.csv", letter) for letter in "abcd"], good="a")
    missing = still_wanted(history, first, unverified=False)
    assert names(missing) == ["b.csv", "c.csv", "d.csv"]
    second = ran(history, 2, missing[:1], good="b", list_name=list_name_of(first))
    missing = still_wanted(history, second, unverified=False)
    assert names(missing) == ["c.csv", "d.csv"]
    assert {report.continues.rpartition("-")[0] for report in missing} == {"r1"}
    third = ran(history, 3, missing[:1], good="", list_name=list_name_of(second))
    missing = still_wanted(history, third, unverified=False)
    assert names(missing) == ["c.csv", "d.csv"]
    fourth = ran(history, 4, missing, good="cd", list_name=list_name_of(third))
    assert still_wanted(history, fourth, unverified=False) == []


def test_a_run_of_a_list_knows_nothing_of_those_before(history: History) -> None:
    reports = [Report("a.csv", "a"), Report("b.csv", "b")]
    ran(history, 1, reports, good="a")
    assert still_wanted(history, ran(history, 2, reports[:1], good="a"), unverified=False) == []
    odd = ran(history, 3, reports[:1], good="a", list_name="run of the day.csv")
    assert still_wanted(history, odd, unverified=False) == []


def test_the_sheets_of_a_workbook_that_are_there_are_asked_for_once(history: History) -> None:
    sheets = [replace(Report(f"{letter}.csv", letter), shape=Shape(workbook="w.xlsx")) for letter in "ab"]
    reports = [*sheets, Report("w.xlsx", "", source="workbook"), Report("c.csv", "c")]
    first = ran(history, 1, reports, good="a")
    missing = still_wanted(history, first, unverified=False)
    assert sorted(names(missing)) == ["a.csv", "b.csv", "c.csv", "w.xlsx"]
    book = [report for report in missing if report.name != "c.csv"]
    second = ran(history, 2, book, good="abw", list_name=list_name_of(first))
    assert names(still_wanted(history, second, unverified=False)) == ["c.csv"]
