"""Checks a full disk, a folder that cannot be written, a locked history and a second run on the same output."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from sfr.demo.behaviours import Csv, NoAnswer
from sfr.model import Status
from tests.faults.processes import alive, until
from tests.faults.small_disks import small_disk
from tests.faults.support import Desk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

BIG = Csv.of_bytes(6_000_000, seed=3, gzip=False)
SMALL = Csv(rows=200)


def test_a_full_disk_fails_the_report_that_does_not_fit_by_name_and_no_other(tmp_path: Path) -> None:
    reports = {"big.csv": BIG} | {f"small{number}.csv": SMALL for number in range(10)}
    with small_disk(tmp_path / "shelf") as shelf, Desk(tmp_path, reports) as desk:
        (shelf / "big.csv").write_bytes(b"yesterday\n")
        # One after the other: there is no room for anything in the moment in which the big one has taken all of it.
        finished = desk.run("--concurrency", "1", REPORT_DIRECTORY=str(shelf))
        _, outcomes = desk.last_run()
        assert finished.code == 1, finished.stdout + finished.stderr
        assert outcomes["big.csv"].reason == "disk-full"
        assert "big.csv" in finished.stdout
        assert "disk is full" in finished.stdout
        assert len(outcomes["big.csv"].attempts) == 1
        for number in range(10):
            assert outcomes[f"small{number}.csv"].status is Status.DONE
            assert (shelf / f"small{number}.csv").read_bytes() == SMALL.data()
        assert (shelf / "big.csv").read_bytes() == b"yesterday\n"
        assert not list(shelf.glob(".*.part"))


def test_a_disk_that_is_full_under_history_and_log_too_fails_only_what_does_not_fit(tmp_path: Path) -> None:
    """While the big one fills the disk, nothing else can be written there either; it must all come afterwards."""
    slowly = Csv.of_bytes(6_000_000, seed=3, bytes_per_second=2_000_000, gzip=False)
    reports = {"big.csv": slowly} | {f"small{number}.csv": Csv(rows=50, silence_seconds=0.3) for number in range(10)}
    with small_disk(tmp_path / "output") as shelf, Desk(tmp_path, reports) as desk:
        finished = desk.run("--concurrency", "2")
        _, outcomes = desk.last_run()
        assert finished.code == 1, finished.stdout + finished.stderr
        assert outcomes["big.csv"].reason == "disk-full"
        good = {name for name, outcome in outcomes.items() if outcome.status is Status.DONE}
        full = {name for name, outcome in outcomes.items() if outcome.reason == "disk-full"}
        assert good | full == set(reports), outcomes
        assert "Traceback" not in finished.stderr
        for name in good:
            assert (shelf / name).read_bytes() == Csv(rows=50).data()
        assert not list(shelf.glob(".*.part"))


def test_a_folder_that_became_read_only_fails_its_reports_by_name_and_no_other(tmp_path: Path) -> None:
    reports = {"locked.csv": SMALL, "free.csv": SMALL}
    with small_disk(tmp_path / "shelf") as shelf, Desk(tmp_path, reports) as desk:
        (shelf / "locked.csv").write_bytes(b"yesterday\n")
        desk.write_list(list(reports), {"locked.csv": str(shelf)})
        subprocess.run(["mount", "-o", "remount,ro", str(shelf)], check=True)
        finished = desk.run()
        _, outcomes = desk.last_run()
        assert finished.code == 1, finished.stdout + finished.stderr
        assert outcomes["locked.csv"].reason == "not-writable"
        assert str(shelf) in outcomes["locked.csv"].error
        assert outcomes["free.csv"].status is Status.DONE
        assert (shelf / "locked.csv").read_bytes() == b"yesterday\n"


def test_a_folder_in_the_place_of_a_file_fails_that_report_by_name(tmp_path: Path) -> None:
    with Desk(tmp_path, {"taken.csv": SMALL, "free.csv": SMALL}) as desk:
        (desk.output / "taken.csv").mkdir(parents=True)
        finished = desk.run()
        _, outcomes = desk.last_run()
        assert finished.code == 1
        assert (outcomes["taken.csv"].reason, outcomes["free.csv"].status) == ("not-writable", Status.DONE)
        assert desk.parts() == []


@pytest.mark.parametrize("obstacle", ["a file in its place", "a read-only disk"])
def test_an_output_that_cannot_be_written_is_refused_at_the_start(tmp_path: Path, obstacle: str) -> None:
    with Desk(tmp_path, {"report.csv": SMALL}) as desk:
        if obstacle == "a file in its place":
            desk.output.write_bytes(b"")
            finished = desk.run()
        else:
            with small_disk(desk.output) as disk:
                subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
                finished = desk.run()
        assert finished.code == 2, finished.stdout + finished.stderr
        assert "cannot be written" in finished.stderr
        assert "Traceback" not in finished.stderr
        assert desk.org.count(desk.ids["report.csv"]) == 0


def test_a_history_that_is_locked_at_the_start_is_refused_with_its_name(tmp_path: Path) -> None:
    with Desk(tmp_path, {"report.csv": SMALL}) as desk:
        assert desk.run().code == 0
        place = desk.output / ".sfr" / "history.db"
        with closing(sqlite3.connect(place)) as locker:
            locker.execute("begin immediate")
            finished = desk.run()
            locker.rollback()
        assert finished.code == 2, finished.stdout + finished.stderr
        assert str(place) in finished.stderr
        assert "locked by another process" in finished.stderr
        assert "Traceback" not in finished.stderr
        assert desk.org.count(desk.ids["report.csv"]) == 1
        assert desk.run().code == 0


def test_a_history_that_is_locked_in_the_middle_gets_its_outcomes_afterwards(tmp_path: Path) -> None:
    reports = {f"report{number}.csv": Csv(rows=20, silence_seconds=0.5) for number in range(12)}
    with Desk(tmp_path, reports) as desk:
        run = desk.start("--concurrency", "2")
        until(lambda: "done" in desk.statuses().values(), "a first report")
        with closing(sqlite3.connect(desk.output / ".sfr" / "history.db", timeout=30)) as locker:
            locker.execute("begin immediate")
            before = sum(desk.org.count(ref) for ref in desk.ids.values())
            until(lambda: sum(desk.org.count(ref) for ref in desk.ids.values()) > before + 2, "reports going on")
            until(lambda: "locked by another process" in desk.log(), "a line about it")
            locker.rollback()
        finished = run.wait()
        written, outcomes = desk.last_run()
        assert finished.code == 0, finished.stdout + finished.stderr
        assert written.exit_code == 0
        assert {outcome.status for outcome in outcomes.values()} == {Status.DONE}
        assert all(desk.org.count(ref) == 1 for ref in desk.ids.values())


def test_a_history_that_stays_locked_is_waited_for_and_ctrl_c_ends_the_waiting(tmp_path: Path) -> None:
    """Two faults at once: the run cannot write down how it ended, but it ends, says so, and nothing is damaged."""
    reports = {f"report{number}.csv": Csv(rows=20, silence_seconds=0.5) for number in range(6)}
    with Desk(tmp_path, reports) as desk:
        run = desk.start("--concurrency", "2")
        until(lambda: "done" in desk.statuses().values(), "a first report")
        with closing(sqlite3.connect(desk.output / ".sfr" / "history.db", timeout=30)) as locker:
            locker.execute("begin immediate")
            until(lambda: all((desk.output / name).exists() for name in reports), "all files")
            assert run.running
            run.interrupt()
            finished = run.wait()
            locker.rollback()
        assert finished.code == 130, finished.stdout + finished.stderr
        assert "locked by another process" in finished.stdout
        assert "locked by another process" in finished.stderr
        assert "Traceback" not in finished.stderr
        assert (desk.output / "summary.html").exists()
        assert desk.run("--failed").code == 0
        assert all(desk.content(name) == Csv(rows=20).data() for name in reports)


def test_a_history_that_breaks_in_the_middle_ends_the_run_clearly_and_leaves_no_process(tmp_path: Path) -> None:
    reports = {f"report{number}.csv": Csv(rows=20, silence_seconds=0.5) for number in range(30)}
    with Desk(tmp_path, reports) as desk:
        run = desk.start("--concurrency", "2")
        until(lambda: "done" in desk.statuses().values(), "a first report")
        below = run.children()
        with closing(sqlite3.connect(desk.output / ".sfr" / "history.db", timeout=30)) as vandal:
            vandal.execute("drop table sfr_jobs")
        finished = run.wait()
        assert finished.code == 2
        assert "history" in finished.stderr
        assert "Traceback" not in finished.stderr
        until(lambda: not any(alive(pid) for pid in below), "the end of all its processes", seconds=5)


def test_a_second_run_on_the_same_output_is_refused_and_told_who_the_first_is(tmp_path: Path) -> None:
    with Desk(tmp_path, {"mute.csv": NoAnswer()}) as desk:
        started = time.strftime("%Y-%m-%d")
        first = desk.start()
        until(lambda: desk.org.count(desk.ids["mute.csv"]), "the first run")
        second = desk.run()
        assert second.code == 4, second.stdout + second.stderr
        assert f"process {first.pid}" in second.stderr
        assert f"started {started}" in second.stderr
        assert "Traceback" not in second.stderr
        assert desk.org.count(desk.ids["mute.csv"]) == 1
        assert first.running
        elsewhere = desk.start("--output", "elsewhere")
        until(lambda: desk.org.count(desk.ids["mute.csv"]) == 2, "a run on another output")
        assert elsewhere.running


def test_the_lock_of_a_killed_run_is_no_obstacle(tmp_path: Path) -> None:
    with Desk(tmp_path, {"report.csv": [NoAnswer(), SMALL]}) as desk:
        killed = desk.start()
        until(lambda: desk.org.count(desk.ids["report.csv"]), "the request")
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
        assert (desk.output / ".sfr" / "run.lock").exists()
        again = desk.run()
        assert again.code == 0, again.stdout + again.stderr
