"""Checks what is left when a whole run is killed with -9, and that `--failed` fetches the rest."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from sfr.demo.behaviours import Csv
from sfr.model import Status
from sfr.part_names import part_name
from tests.faults.processes import Child, alive, until
from tests.faults.support import Desk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

OLD = b"the file of yesterday\n"
SLOW = Csv.of_bytes(3_000_000, seed=3, bytes_per_second=500_000, gzip=False)
SMALL = Csv(rows=200)


def kill_run(run: Child) -> list[int]:
    """kill -9 the parent alone, as the out-of-memory killer does; returns the processes below it."""
    below = run.children()
    os.kill(run.pid, signal.SIGKILL)
    assert run.wait().code == -signal.SIGKILL
    return below


def test_a_killed_run_leaves_no_process_and_damages_no_file_and_the_rest_comes_later(tmp_path: Path) -> None:
    reports = {"slow1.csv": SLOW, "slow2.csv": SLOW} | {f"small{number}.csv": SMALL for number in range(6)}
    with Desk(tmp_path, reports) as desk:
        desk.output.mkdir()
        for name in ("slow1.csv", "small0.csv"):
            (desk.output / name).write_bytes(OLD)
        run = desk.start("--processes", "2", "--concurrency", "4")
        until(lambda: desk.grown("slow1.csv", 300_000) and desk.grown("slow2.csv", 300_000), "two growing files")
        until(lambda: list(desk.statuses().values()).count("done") == 6, "all small reports")
        below = kill_run(run)
        assert len(below) >= 3  # two workers and what they share
        until(lambda: not any(alive(pid) for pid in below), "the end of all its processes", seconds=5)
        assert desk.content("slow1.csv") == OLD
        assert not (desk.output / "slow2.csv").exists()
        assert desk.content("small0.csv") == SMALL.data()

        again = desk.run("--failed")
        assert again.code == 0, again.stdout + again.stderr
        _, outcomes = desk.last_run()
        assert set(outcomes) == {"slow1.csv", "slow2.csv"}
        assert desk.content("slow1.csv") == desk.content("slow2.csv") == SLOW.data()
        assert desk.parts() == []
        assert [desk.org.count(desk.ids[f"small{number}.csv"]) for number in range(6)] == [1] * 6
        assert "nothing to do" in desk.run("--failed").stdout


def test_partial_files_of_a_killed_run_are_swept_at_the_next_start(tmp_path: Path) -> None:
    with Desk(tmp_path, {"small.csv": SMALL}) as desk:
        desk.output.mkdir()
        for name in (".small.csv.part", ".gone_from_the_list.csv.kept.part", ".sfr-1-2.part"):
            (desk.output / name).write_bytes(b'"half a rec')
        assert desk.run().code == 0
        assert desk.parts() == []
        assert desk.content("small.csv") == SMALL.data()


def test_partial_files_in_a_folder_of_others_are_swept_only_if_they_are_ours(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with Desk(tmp_path, {"small.csv": SMALL}) as desk:
        with subprocess.Popen([sys.executable, "-c", ""]) as ended:
            ended.wait()
        (elsewhere / part_name("small.csv", ended.pid)).write_bytes(b"ours")
        (elsewhere / ".download.part").write_bytes(b"of a browser")
        assert desk.run(REPORT_DIRECTORY=str(elsewhere)).code == 0
        assert sorted(path.name for path in elsewhere.iterdir()) == [".download.part", "small.csv"]


def test_a_run_killed_between_file_and_history_fetches_that_report_again(tmp_path: Path) -> None:
    """The history is kept locked by somebody else, so that the file is there and its outcome is not."""
    held_back = Csv(rows=500, silence_seconds=4.0)
    with Desk(tmp_path, {"first.csv": SMALL, "second.csv": held_back}) as desk:
        run = desk.start("--processes", "1")
        until(lambda: set(desk.statuses().values()) == {"done", "running"}, "the first report")
        with closing(sqlite3.connect(desk.output / ".sfr" / "history.db", timeout=30)) as locker:
            locker.execute("begin immediate")
            until((desk.output / "second.csv").exists, "the second file")
            below = kill_run(run)
            locker.rollback()
        until(lambda: not any(alive(pid) for pid in below), "the end of all its processes", seconds=5)
        assert desk.statuses() == {"first.csv": "done", "second.csv": "running"}
        assert desk.content("second.csv") == held_back.data()

        again = desk.run("--failed")
        assert again.code == 0, again.stdout + again.stderr
        _, outcomes = desk.last_run()
        assert {name: outcome.status for name, outcome in outcomes.items()} == {"second.csv": Status.DONE}
        assert desk.content("second.csv") == held_back.data()


def test_a_run_killed_while_its_workers_start_leaves_none_of_them(tmp_path: Path) -> None:
    with Desk(tmp_path, {"slow.csv": SLOW, "small.csv": SMALL}) as desk:
        for wanted in (1, 2, 3):
            run = desk.start("--processes", "2", "--concurrency", "2")
            until(lambda run=run, wanted=wanted: len(run.children()) >= wanted, "its first children")
            below = kill_run(run)
            until(lambda below=below: not any(alive(pid) for pid in below), "their end", seconds=15)
        assert desk.run().code == 0
