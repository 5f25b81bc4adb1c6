"""Checks that a server that asks for a pause gets it from everybody, and that nothing goes on for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfr.demo.behaviours import (
    Csv,
    CutMidStream,
    JsonError,
    Maintenance,
    NeverEnds,
    NoAnswer,
    ReportTimeout,
    Throttle,
    Trickle,
)
from sfr.demo.exchange import Behaviour
from sfr.model import Outcome, Status
from tests.faults.support import Desk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

# A request that was let through just before the pause began may still be on its way to the org.
UNDER_WAY_SECONDS = 0.5


def in_flight(outcomes: dict[str, Outcome], since: float) -> list[int]:
    """How many attempts were under way at each beginning of one, from `since` on, in order of time."""
    spans = [
        # An attempt ends for the gate a little before it is written down.
        (attempt.started_at, attempt.started_at + attempt.seconds * 0.7)
        for outcome in outcomes.values()
        for attempt in outcome.attempts
    ]
    starts = sorted(start for start, _ in spans if start >= since)
    return [sum(start <= moment < end for start, end in spans) for moment in starts]


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_pause_that_the_server_asks_of_one_holds_for_every_worker(tmp_path: Path, form: str) -> None:
    maintenance = Maintenance(seconds=4, form=form)  # type: ignore[arg-type]
    reports: dict[str, Behaviour | list[Behaviour]] = {"asked.csv": [maintenance, Csv()]}
    reports |= {f"report{number}.csv": Csv(rows=50, silence_seconds=0.1) for number in range(200)}
    with Desk(tmp_path, reports) as desk:
        finished = desk.run("--processes", "2", "--concurrency", "8")
        requests = desk.org.requests()
        asked = [request.time for request in requests if desk.ids["asked.csv"] in request.path]
        pause_seconds = 4.0 if form == "seconds" else 3.0  # a date has no fractions
        during = [
            request.time - asked[0]
            for request in requests
            if asked[0] + UNDER_WAY_SECONDS < request.time < asked[0] + pause_seconds
        ]
        assert finished.code == 0, finished.stdout + finished.stderr
        assert during == []
        assert len(asked) == 2


def test_a_server_that_is_overrun_gets_half_as_many_at_once_and_later_more_again(tmp_path: Path) -> None:
    reports: dict[str, Behaviour | list[Behaviour]] = {"asked.csv": [Maintenance(seconds=1), Csv()]}
    reports |= {f"report{number:02d}.csv": Csv(rows=50, silence_seconds=0.6) for number in range(60)}
    with Desk(tmp_path, reports) as desk:
        finished = desk.run("--processes", "2", "--concurrency", "8")
        _, outcomes = desk.last_run()
        assert finished.code == 0, finished.stdout + finished.stderr
        first = outcomes["asked.csv"].attempts[0]
        at_once = in_flight(outcomes, first.started_at + first.seconds + 1.0)
        # Those that were in flight before the pause have ended by then.
        assert max(at_once[:4]) <= 4
        assert max(at_once) > 6


def test_a_server_that_takes_few_at_once_and_never_says_how_long_to_wait_is_served_in_the_end(tmp_path: Path) -> None:
    report = Csv(rows=50, silence_seconds=0.2)
    throttle = Throttle(parallel=2, status=429, then=report)
    with Desk(tmp_path, {f"report{number}.csv": throttle for number in range(12)}) as desk:
        finished = desk.run("--concurrency", "8")
        assert finished.code == 0, finished.stdout + finished.stderr
        for name in desk.names:
            assert desk.content(name) == report.data()


@pytest.mark.parametrize(
    "behaviour", [CutMidStream("close", Csv(rows=500)), ReportTimeout(), JsonError(status=500), Maintenance(seconds=0)]
)
def test_max_attempts_is_the_most(tmp_path: Path, behaviour: Behaviour) -> None:
    with Desk(tmp_path, {"bad.csv": behaviour, "good.csv": Csv()}) as desk:
        finished = desk.run("--max-attempts", "2")
        _, outcomes = desk.last_run()
        assert finished.code == 1, finished.stdout + finished.stderr
        assert desk.org.count(desk.ids["bad.csv"]) == len(outcomes["bad.csv"].attempts) == 2
        assert outcomes["good.csv"].status is Status.DONE


@pytest.mark.parametrize(
    "behaviour",
    [NoAnswer(), Maintenance(seconds=600), Trickle(interval_seconds=0.2), CutMidStream("reset", Csv(rows=500))],
    ids=["never a first byte", "a long pause", "a trickle", "cut again and again"],
)
def test_the_deadline_ends_the_run_soon_whatever_the_server_does(tmp_path: Path, behaviour: Behaviour) -> None:
    reports = {f"good{number}.csv": Csv() for number in range(3)} | {
        f"bad{number}.csv": behaviour for number in range(20)
    }
    with Desk(tmp_path, reports) as desk:
        finished = desk.run("--deadline", "3s", seconds=30)
        run, outcomes = desk.last_run()
        bad = {name: outcome for name, outcome in outcomes.items() if name.startswith("bad")}
        assert finished.code == 1, finished.stdout + finished.stderr
        assert run.exit_code == 1
        assert {(outcome.status, outcome.reason) for outcome in bad.values()} == {(Status.FAILED, "deadline")}
        assert (desk.output / "summary.html").exists()
        assert desk.parts() == []


def test_a_byte_now_and_then_is_bounded_by_the_time_for_one_try(tmp_path: Path) -> None:
    reports = {"trickle.csv": Trickle(interval_seconds=0.1), "good.csv": Csv()}
    with Desk(tmp_path, reports) as desk:
        finished = desk.run(SFR_ATTEMPT_SECONDS="1")
        _, outcomes = desk.last_run()
        assert finished.code == 1, finished.stdout + finished.stderr
        assert outcomes["trickle.csv"].reason == "too-long"
        assert desk.org.count(desk.ids["trickle.csv"]) == 3
        assert outcomes["good.csv"].status is Status.DONE


def test_the_time_for_one_try_also_bounds_what_begins_after_it_has_passed(tmp_path: Path) -> None:
    late = Trickle(interval_seconds=0.1, first_seconds=2.0)
    with Desk(tmp_path, {"late.csv": late}) as desk:
        finished = desk.run(SFR_ATTEMPT_SECONDS="1")
        assert finished.code == 1, finished.stdout + finished.stderr
        assert desk.last_run()[1]["late.csv"].reason == "too-long"


def test_a_transfer_that_stands_still_is_begun_again(tmp_path: Path) -> None:
    report = Csv(rows=50)
    reports = {"stalls.csv": [Trickle(interval_seconds=0.0, stall_after_bytes=40), report], "good.csv": [report]}
    with Desk(tmp_path, reports) as desk:
        finished = desk.run(SFR_STALL_SECONDS="1")
        _, outcomes = desk.last_run()
        assert finished.code == 0, finished.stdout + finished.stderr
        assert [attempt.reason for attempt in outcomes["stalls.csv"].attempts] == ["stalled", ""]
        assert desk.content("stalls.csv") == report.data()


@pytest.mark.parametrize("bytes_per_second", [0.0, 20_000_000.0])
def test_a_body_that_never_ends_is_bounded_by_its_size(tmp_path: Path, bytes_per_second: float) -> None:
    with Desk(tmp_path, {"endless.csv": NeverEnds(bytes_per_second), "good.csv": Csv()}) as desk:
        finished = desk.run(SFR_MAX_REPORT_MEGABYTES="5")
        _, outcomes = desk.last_run()
        assert finished.code == 1, finished.stdout + finished.stderr
        assert outcomes["endless.csv"].reason == "too-large"
        assert desk.org.count(desk.ids["endless.csv"]) == 1
        assert outcomes["good.csv"].status is Status.DONE
        assert desk.parts() == []


def test_a_first_byte_that_does_not_come_is_bounded_too(tmp_path: Path) -> None:
    with Desk(tmp_path, {"mute.csv": [NoAnswer(), Csv()]}) as desk:
        finished = desk.run(SFR_FIRST_BYTE_SECONDS="1")
        assert finished.code == 0, finished.stdout + finished.stderr
        assert [attempt.reason for attempt in desk.last_run()[1]["mute.csv"].attempts] == ["timeout", ""]
