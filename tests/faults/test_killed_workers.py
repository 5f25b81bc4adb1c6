"""Checks that a process killed with -9 below a run costs nothing but the time of what it had."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from sfr.demo.behaviours import Csv, Trickle
from sfr.model import Status
from tests.faults.processes import Child, alive, until
from tests.faults.support import Desk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

SLOW = Csv.of_bytes(1_500_000, seed=3, bytes_per_second=400_000, gzip=False)
SMALL = Csv(rows=200, silence_seconds=0.05)


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):  # it has just ended by itself
        os.kill(pid, signal.SIGKILL)


def test_a_worker_killed_in_the_middle_of_transfers_costs_no_report(tmp_path: Path) -> None:
    reports = {f"slow{number}.csv": SLOW for number in range(4)} | {f"small{number}.csv": SMALL for number in range(12)}
    with Desk(tmp_path, reports) as desk:
        run = desk.start("--processes", "2", "--concurrency", "4")
        until(lambda: all(desk.grown(f"slow{number}.csv", 100_000) for number in range(4)), "four growing files")
        victim = run.worker_with(desk.part("slow0.csv"))
        assert victim is not None
        kill(victim)
        finished = run.wait()
        _, outcomes = desk.last_run()
        assert finished.code == 0, finished.stdout + finished.stderr
        assert {outcome.status for outcome in outcomes.values()} == {Status.DONE}
        assert "a worker process ended (code -9)" in finished.stdout
        for name in reports:
            assert desk.content(name) == (SLOW if name.startswith("slow") else SMALL).data()
        # What the other worker had was not asked for again.
        assert sorted(desk.org.count(desk.ids[f"slow{number}.csv"]) for number in range(4)) == [1, 1, 2, 2]
        assert desk.parts() == []


def test_idle_and_busy_workers_may_be_killed_at_any_moment(tmp_path: Path) -> None:
    reports = {f"report{number}.csv": Csv(rows=300, seed=number, silence_seconds=0.2) for number in range(60)}
    dice = random.Random(20261121)
    with Desk(tmp_path, reports) as desk:
        run = desk.start("--processes", "2", "--concurrency", "4")
        until(lambda: "done" in desk.statuses().values(), "a first report")
        killed = 0
        while run.running and killed < 6:
            until(lambda: not run.running or run.workers(), "a worker")
            for victim in dice.sample(run.workers(), k=min(1, len(run.workers()))):
                kill(victim)
                killed += 1
            time.sleep(dice.uniform(0.0, 1.2))  # the moment is what is random here
        finished = run.wait()
        _, outcomes = desk.last_run()
        good = {name for name, outcome in outcomes.items() if outcome.status is Status.DONE}
        unlucky = {name for name, outcome in outcomes.items() if outcome.reason == "killed-worker"}
        assert killed >= 3
        assert good | unlucky == set(reports), outcomes
        assert finished.code == bool(unlucky)
        for name in good:
            assert desk.content(name) == reports[name].data()
        if unlucky:
            assert desk.run("--failed").code == 0
        assert desk.parts() == []


def test_an_idle_worker_killed_beside_a_busy_one_is_no_loss(tmp_path: Path) -> None:
    with Desk(tmp_path, {"slow.csv": SLOW, "small.csv": SMALL}) as desk:
        run = desk.start("--processes", "2", "--concurrency", "2")
        until(lambda: desk.grown("slow.csv") and desk.statuses().get("small.csv") == "done", "only the slow one left")
        busy = run.worker_with(desk.part("slow.csv"))
        for _ in range(3):
            idle = [pid for pid in run.workers() if pid != busy]
            for pid in idle:
                kill(pid)
            until(lambda gone=idle: not any(alive(pid) for pid in gone), "their end")
        finished = run.wait()
        assert finished.code == 0, finished.stdout + finished.stderr
        assert desk.org.count(desk.ids["slow.csv"]) == 1


def test_a_report_that_kills_its_worker_twice_fails_by_name_and_the_others_do_not(tmp_path: Path) -> None:
    poison = Trickle(interval_seconds=0.05, report=Csv(rows=50, gzip=False))
    reports = {"poison.csv": poison} | {f"good{number}.csv": SLOW for number in range(5)}
    with Desk(tmp_path, reports) as desk:
        run = desk.start("--processes", "2", "--concurrency", "4")
        for tries in (1, 2):
            until(lambda tries=tries: desk.org.count(desk.ids["poison.csv"]) == tries, "the request")
            kill(_holder(run, desk, "poison.csv"))
        finished = run.wait()
        _, outcomes = desk.last_run()
        assert finished.code == 1, finished.stdout + finished.stderr
        assert outcomes["poison.csv"].reason == "killed-worker"
        assert "poison.csv" in finished.stdout
        assert "its worker process died twice" in finished.stdout
        assert [outcomes[f"good{number}.csv"].status for number in range(5)] == [Status.DONE] * 5
        assert desk.org.count(desk.ids["poison.csv"]) == 2
        assert not (desk.output / "poison.csv").exists()
        assert desk.parts() == []


def _holder(run: Child, desk: Desk, name: str) -> int:
    """The worker that is writing this report."""
    holder = until(lambda: run.worker_with(desk.part(name)), f"a worker with {name}")
    assert isinstance(holder, int)
    return holder


@pytest.mark.parametrize("moment", ["mid-transfer", "between-small-ones"])
def test_the_process_that_workers_share_may_be_killed(tmp_path: Path, moment: str) -> None:
    slow = {f"slow{number}.csv": SLOW for number in range(4)} if moment == "mid-transfer" else {}
    small = {f"small{number}.csv": SMALL for number in range(8 if slow else 120)}
    reports = slow | small
    with Desk(tmp_path, reports) as desk:
        run = desk.start("--processes", "2", "--concurrency", "4")
        if slow:
            until(lambda: desk.grown("slow0.csv", 100_000), "a growing file")
        else:
            until(lambda: "done" in desk.statuses().values(), "a first report")
        for pid in run.shared():
            kill(pid)
        finished = run.wait()
        _, outcomes = desk.last_run()
        bad = {name: outcome for name, outcome in outcomes.items() if outcome.status is not Status.DONE}
        assert bad == {}, desk.log()
        assert finished.code == 0
        for name in reports:
            assert desk.content(name) == (SLOW if name in slow else SMALL).data()
        assert "the process that workers share ended" in desk.log()


def test_a_second_killed_sharing_process_is_replaced_too(tmp_path: Path) -> None:
    reports = {f"slow{number}.csv": SLOW for number in range(2)}
    with Desk(tmp_path, reports) as desk:
        run = desk.start("--processes", "2", "--concurrency", "2")
        before: set[int] = set()
        for _ in range(2):
            fresh = until(lambda known=frozenset(before): set(run.shared()) - known, "a sharing process")
            until(lambda: desk.grown("slow0.csv", 50_000), "a growing file")
            for pid in fresh:
                kill(pid)
            before |= fresh
        finished = run.wait()
        assert finished.code == 0, desk.log()
        assert desk.content("slow0.csv") == SLOW.data()
