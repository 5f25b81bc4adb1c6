"""The queue: claiming, leases, giving back and settling, on each of the three databases."""

from __future__ import annotations

import logging
from contextlib import closing

import pytest

from sfr.errors import ConfigError
from sfr.history import History
from sfr.model import Attempt, Outcome, Result, Run, Status
from tests.histories import bad, good, heard, outcomes, process, queued, reports, statements, statuses
from tests.history_programs import claim_all

pytest_plugins = ("tests.history_fixtures",)


def test_a_new_run_is_there_with_all_its_jobs_queued_in_list_order(history: History) -> None:
    run = Run("r1", 100.25, list_name="input/liste.csv", output="output", pid=2**32 - 1, host="pc")
    wanted = reports(3)
    history.add_run(run, wanted)
    assert history.run("r1") == run
    assert [result.job.report for result in history.results("r1")] == wanted
    assert [result.job.id for result in history.results("r1")] == ["r1-00001", "r1-00002", "r1-00003"]
    assert history.counts("r1") == {Status.QUEUED: 3}


def test_a_run_without_reports_is_a_run(history: History) -> None:
    history.add_run(Run("r1", 1.0), [])
    assert history.counts("r1") == {}
    assert list(history.results("r1")) == []
    assert history.claim("r1", 5, 60, 500.0) == []


def test_a_run_is_added_whole_or_not_at_all(history: History) -> None:
    queued(history, "r1", count=1)
    with pytest.raises(ConfigError):
        queued(history, "r1", count=2)
    assert history.counts("r1") == {Status.QUEUED: 1}


def test_jobs_are_claimed_in_list_order_and_once(history: History, other: History) -> None:
    queued(history, count=5)
    assert [job.number for job in history.claim("r1", 2, 60, 500.0)] == [1, 2]
    assert [job.number for job in other.claim("r1", 2, 60, 500.0)] == [3, 4]
    assert [job.number for job in history.claim("r1", 2, 60, 500.0)] == [5]
    assert history.claim("r1", 2, 60, 500.0) == []
    assert history.counts("r1") == {Status.RUNNING: 5}


def test_only_jobs_of_the_run_are_claimed(history: History) -> None:
    queued(history, "r1", count=1)
    queued(history, "r2", count=1)
    assert [job.run_id for job in history.claim("r2", 10, 60, 500.0)] == ["r2"]


def test_two_processes_that_claim_at_once_share_the_jobs_without_a_duplicate(url: str) -> None:
    with closing(History(url, owner="me")) as history:
        queued(history, count=200)
    with process(claim_all, url, "first") as (_, first), process(claim_all, url, "second") as (_, second):
        for pipe in (first, second):
            assert heard(pipe) == "ready"
        for pipe in (first, second):
            pipe.send("go")
        taken = [heard(pipe) for pipe in (first, second)]
    assert sorted(taken[0] + taken[1]) == [f"r1-{number:05d}" for number in range(1, 201)]


def test_a_job_whose_lease_is_over_is_claimed_again(history: History, other: History) -> None:
    queued(history, count=1)
    (job,) = history.claim("r1", 1, 60, 500.0)
    assert other.claim("r1", 1, 60, 559.9) == []
    assert other.claim("r1", 1, 60, 560.0) == [job]


def test_a_renewed_lease_lasts_longer(history: History, other: History) -> None:
    queued(history, count=2)
    history.claim("r1", 1, 60, 500.0)
    other.claim("r1", 1, 60, 500.0)
    history.renew("r1", 60, 550.0)
    assert [job.number for job in other.claim("r1", 5, 60, 600.0)] == [2]


def test_renewing_nothing_sends_nothing(history: History) -> None:
    queued(history)
    with statements() as seen:
        history.renew("r1", 60, 500.0)
    assert seen == []


def test_a_claim_whose_answer_was_lost_comes_back(history: History, url: str) -> None:
    """Given jobs the database gave to us while the connection broke, when others are renewed, then these run out."""
    queued(history, count=2)
    with closing(History(url, owner="me")) as unheard:
        unheard.claim("r1", 1, 60, 500.0)
    history.claim("r1", 1, 60, 500.0)
    history.renew("r1", 60, 550.0)
    assert [job.number for job in history.claim("r1", 5, 60, 580.0)] == [1]


def test_a_job_given_back_is_first_in_the_queue_and_remembers_deaths(history: History) -> None:
    queued(history, count=3)
    first, second = history.claim("r1", 2, 60, 500.0)
    history.requeue([first.id], died=True)
    history.requeue([first.id], died=True)
    history.requeue([second.id], died=False)
    assert [(job.number, job.deaths) for job in history.claim("r1", 9, 60, 500.0)] == [(1, 1), (2, 0), (3, 0)]


def test_another_owner_cannot_give_our_job_back(history: History, other: History) -> None:
    queued(history, count=1)
    (job,) = history.claim("r1", 1, 60, 500.0)
    other.requeue([job.id], died=True)
    assert statuses(history) == [Status.RUNNING]
    history.requeue([], died=True)


def test_what_is_settled_comes_back_as_it_was(history: History) -> None:
    queued(history)
    first, second, third = history.claim("r1", 3, 60, 500.0)
    history.settle([bad(second), good(first)])
    assert list(history.results("r1")) == [
        Result(first, good(first)),
        Result(second, bad(second)),
        Result(third, Outcome(third.id, Status.RUNNING, started_at=500.0)),
    ]
    history.settle([])


def test_settling_again_replaces(history: History) -> None:
    queued(history, count=1)
    (job,) = history.claim("r1", 1, 60, 500.0)
    history.settle([good(job), bad(job)])
    assert outcomes(history) == [bad(job)]
    history.settle([good(job)])
    history.settle([good(job)])
    assert outcomes(history) == [good(job)]
    history.settle([bad(job)])
    assert outcomes(history) == [bad(job)]


def test_a_settled_job_is_not_claimed_renewed_or_given_back(history: History) -> None:
    queued(history, count=1)
    (job,) = history.claim("r1", 1, 60, 500.0)
    history.settle([good(job)])
    history.renew("r1", 60, 500.0)
    history.requeue([job.id], died=True)
    assert history.claim("r1", 1, 60, 1e12) == []
    assert outcomes(history) == [good(job)]


def test_a_job_that_was_never_claimed_can_be_settled(history: History) -> None:
    queued(history, count=1)
    (result,) = history.results("r1")
    history.settle([Outcome(result.job.id, Status.SKIPPED, reason="session")])
    assert statuses(history) == [Status.SKIPPED]


def test_the_outcome_of_a_job_that_another_owner_took_over_is_dropped_and_logged(
    history: History, other: History, caplog: pytest.LogCaptureFixture
) -> None:
    queued(history, count=1)
    (job,) = history.claim("r1", 1, 60, 500.0)
    other.claim("r1", 1, 60, 600.0)
    with caplog.at_level(logging.WARNING, "sfr.history"):
        history.settle([bad(job)])
    assert statuses(history) == [Status.RUNNING]
    assert job.id in caplog.text
    other.settle([good(job)])
    assert outcomes(history) == [good(job)]


def test_attempts_that_share_a_number_are_all_kept(history: History) -> None:
    """A renewed session costs no attempt: the try before it and the one after it are both the first."""
    queued(history, count=1)
    (job,) = history.claim("r1", 1, 60, 500.0)
    tries = (Attempt(1, 1.0, 2.0, reason="session"), Attempt(1, 4.0, 2.0), Attempt(2, 7.0, 2.0))
    history.settle([Outcome(job.id, Status.DONE, attempts=tries)])
    assert outcomes(history)[0].attempts == tries


def test_closing_ends_what_is_open_and_nothing_else(history: History, other: History) -> None:
    queued(history, count=4)
    first, _ = history.claim("r1", 2, 60, 500.0)
    other.claim("r1", 1, 60, 510.0)
    history.settle([good(first)])
    closed = history.close_open("r1", Status.CANCELLED, "cancelled", "stopped by the user", 700.0)
    assert [(outcome.job_id, outcome.started_at) for outcome in closed] == [
        ("r1-00002", 500.0),
        ("r1-00003", 510.0),
        ("r1-00004", None),
    ]
    for outcome in closed:
        assert (outcome.status, outcome.finished_at) == (Status.CANCELLED, 700.0)
        assert (outcome.reason, outcome.error) == ("cancelled", "stopped by the user")
    assert outcomes(history) == [good(first), *closed]
    assert history.close_open("r1", Status.CANCELLED, "cancelled", "", 800.0) == []
    assert history.claim("r1", 9, 60, 1e12) == []
