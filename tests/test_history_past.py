"""Past runs: finding them, their results, what is unfinished, what the last good run had; on all three databases."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from sfr.errors import ConfigError
from sfr.history import History
from sfr.model import Outcome, Report, Run, Status
from tests.histories import good, queued, reports, sqlite_url, statements

pytest_plugins = ("tests.history_fixtures",)


def test_a_finished_run_knows_when_and_how(history: History) -> None:
    queued(history)
    history.finish_run("r1", 130, 900.5)
    assert history.last_run() == Run("r1", 100.0, finished_at=900.5, exit_code=130)


def test_an_empty_history_has_no_runs(history: History) -> None:
    assert history.last_run() is None
    assert history.run("r1") is None
    assert history.run("") is None
    assert history.runs() == []
    assert history.counts("r1") == {}


def test_runs_are_listed_newest_first_with_their_counts(history: History) -> None:
    for number in (2, 3, 1):
        queued(history, f"r{number}", count=number, started_at=float(number))
    history.close_open("r3", Status.SKIPPED, "", "", 9.0)
    history.add_run(Run("r4", 4.0), [])
    listed = [(run.id, counts) for run, counts in history.runs(3)]
    assert listed == [("r4", {}), ("r3", {Status.SKIPPED: 3}), ("r2", {Status.QUEUED: 2})]
    last = history.last_run()
    assert last is not None
    assert last.id == "r4"


def test_a_run_is_found_by_the_beginning_of_its_id(history: History) -> None:
    for name in ("20261121-0700-ab", "20261121-0800-cd", "20261121", "X%_"):
        history.add_run(Run(name, 1.0), [])
    found = {prefix: history.run(prefix) for prefix in ("20261121-07", "20261121", "X%", "X_", "x%", "9")}
    assert {prefix: run and run.id for prefix, run in found.items()} == {
        "20261121-07": "20261121-0700-ab",
        "20261121": "20261121",
        "X%": "X%_",
        "X_": None,
        "x%": None,
        "9": None,
    }
    with pytest.raises(ConfigError, match="2 runs begin with '20261121-0': 20261121-0"):
        history.run("20261121-0")


def test_unfinished_is_what_did_not_succeed_in_list_order(history: History) -> None:
    wanted = reports(7)
    history.add_run(Run("r1", 1.0), wanted)
    jobs = history.claim("r1", 6, 60, 500.0)
    ends = (Status.FAILED, Status.DONE, Status.UNVERIFIED, Status.SKIPPED, Status.CANCELLED)
    history.settle([Outcome(job.id, end) for job, end in zip(jobs, ends, strict=False)])
    assert history.unfinished("r1") == [wanted[0], *wanted[3:]]
    assert history.unfinished("r1", unverified=True) == [wanted[0], *wanted[2:]]


def test_results_come_page_by_page_and_let_others_write_meanwhile(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfr.history.PAGE", 5)
    queued(history, count=11)
    jobs = history.claim("r1", 11, 60, 500.0)
    history.settle([good(job) for job in jobs])
    with statements() as seen:
        stream = history.results("r1")
        first = next(stream)
        history.finish_run("r1", 0, 1.0)
        numbers = [first.job.number, *(result.job.number for result in stream)]
    assert numbers == list(range(1, 12))
    assert first.outcome == good(jobs[0])
    assert len([statement for statement in seen if "FROM sfr_jobs" in statement]) == 4, "three pages and the end"


def test_a_claimed_job_knows_the_last_good_run_of_the_same_report(history: History) -> None:
    for day, records in ((1, 10), (2, 20), (3, 30), (4, 40)):
        queued(history, f"day{day}", count=1)
        (job,) = history.claim(f"day{day}", 1, 60, 500.0)
        end = {3: Status.UNVERIFIED, 4: Status.FAILED}.get(day, Status.DONE)
        history.settle([Outcome(job.id, end, records=records, columns=("Id", f"Größe {day}"), finished_at=day)])
    queued(history, "today", count=2)
    known, new = history.claim("today", 2, 60, 500.0)
    assert (known.previous_records, known.previous_columns) == (30, ("Id", "Größe 3"))
    assert (new.previous_records, new.previous_columns) == (None, ())


@pytest.mark.parametrize(
    ("yesterday", "today", "same"),
    [
        (Report("a_1.csv", "X", template="a_{today}.csv"), Report("a_2.csv", "X", template="a_{today}.csv"), True),
        (Report("a.csv", "X"), Report("a.csv", "X"), True),
        (Report("a.csv", "X"), Report("b.csv", "X"), False),
        (Report("a.csv", "X"), Report("a.csv", "Y"), False),
        (Report("a.csv", "X"), Report("a.csv", "X", source="other"), False),
        (Report("a.csv", "X", params=(("p", "1"),)), Report("a.csv", "X", params=(("p", "2"),)), False),
        (Report("a.csv", "X", folder="/emea"), Report("a.csv", "X", folder="/apac"), False),
        (Report("a.csv", "X", template="a\nX\nemea"), Report("a.csv", "X", template="a\nX\napac"), False),
    ],
)
def test_the_same_report_is_one_of_the_same_source_reference_and_template(
    tmp_path: Path, yesterday: Report, today: Report, same: bool
) -> None:
    with closing(History(sqlite_url(tmp_path / "h.db"), owner="me")) as history:
        for name, report in (("r1", yesterday), ("r2", today)):
            history.add_run(Run(name, 1.0), [report])
            (job,) = history.claim(name, 1, 60, 500.0)
            history.settle([good(job)])
    assert (job.previous_records is not None) == same


def test_claiming_costs_as_many_statements_after_a_thousand_runs_as_after_one(tmp_path: Path) -> None:
    costs = []
    with closing(History(sqlite_url(tmp_path / "h.db"), owner="me")) as history:
        for runs in (1, 999):
            for number in range(runs):
                queued(history, f"{runs}-{number}", count=1)
                end = Outcome(f"{runs}-{number}-00001", Status.DONE, records=number, finished_at=float(number))
                history.settle([end])
            queued(history, f"last-{runs}", count=50)
            with statements() as seen:
                (job, *_) = history.claim(f"last-{runs}", 8, 60, 500.0)
            costs.append(len(seen))
    assert job.previous_records == 998
    assert costs[0] == costs[1] == 3
