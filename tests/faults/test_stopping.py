"""Checks Ctrl-C and SIGTERM: the run ends soon, clears up, writes everything down and says so."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sfr.demo.behaviours import Csv, Maintenance, NoAnswer, SessionDies, Trickle
from sfr.demo.exchange import Behaviour
from sfr.model import Status
from tests.faults.processes import Child, Finished, alive, until
from tests.faults.support import Desk

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.skipif(sys.platform == "win32", reason="signals to a process group"),
]

# Three seconds are promised; a machine that is busy with other tests gets some more.
END_SECONDS = 3.0 + 5.0
SLOW = Csv.of_bytes(6_000_000, bytes_per_second=300_000, gzip=False)

STOPS: dict[str, Callable[[Child], None]] = {
    "Ctrl-C": Child.interrupt,
    "SIGTERM": lambda run: os.kill(run.pid, signal.SIGTERM),
    "SIGTERM to all": lambda run: os.killpg(run.pid, signal.SIGTERM),
    "a closed terminal": lambda run: os.killpg(run.pid, signal.SIGHUP),
}


def assert_stopped_well(desk: Desk, run: Child, finished: Finished, below: list[int]) -> None:
    assert finished.code == 130, finished.stdout + finished.stderr
    assert "Traceback" not in finished.stderr
    written, outcomes = desk.last_run()
    assert written.exit_code == 130
    assert written.finished_at is not None
    assert {outcome.status for outcome in outcomes.values()} <= {Status.DONE, Status.CANCELLED}
    assert (desk.output / "summary.html").exists()
    assert desk.parts() == []
    until(lambda: not any(alive(pid) for pid in below), "the end of all its processes", seconds=5)


def stop(desk: Desk, run: Child, how: str) -> Finished:
    below = run.children()
    STOPS[how](run)
    finished = run.wait(END_SECONDS)
    assert_stopped_well(desk, run, finished, below)
    return finished


@pytest.mark.parametrize("how", STOPS)
def test_one_signal_in_the_middle_of_transfers_ends_the_run(tmp_path: Path, how: str) -> None:
    reports = {"quick.csv": Csv(rows=5)} | {f"slow{number}.csv": SLOW for number in range(12)}
    with Desk(tmp_path, reports) as desk:
        run = desk.start(FINAL_REPORT_PATH="final.csv")
        until(lambda: desk.grown("slow0.csv", 100_000) and desk.statuses().get("quick.csv") == "done", "a growing file")
        finished = stop(desk, run, how)
        _, outcomes = desk.last_run()
        assert outcomes.pop("quick.csv").status is Status.DONE
        assert {(outcome.status, outcome.reason) for outcome in outcomes.values()} == {
            (Status.CANCELLED, "interrupted")
        }
        assert "12 cancelled" in finished.stdout
        assert "quick.csv" in (tmp_path / "final.csv").read_text(encoding="utf-8")
        assert desk.run("--dry-run", "--failed").stdout.count("slow") >= 12


@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM"])
def test_a_server_that_never_says_a_first_byte_does_not_delay_the_end(tmp_path: Path, how: str) -> None:
    reports = {f"mute{number}.csv": NoAnswer() for number in range(3)}
    with Desk(tmp_path, reports) as desk:
        run = desk.start()
        until(lambda: all(desk.org.count(ref) for ref in desk.ids.values()), "the requests")
        stop(desk, run, how)


@pytest.mark.parametrize(
    ("what", "behaviour"),
    [("backing off", Maintenance(seconds=600)), ("a trickle", Trickle(interval_seconds=30))],
)
def test_neither_a_pause_nor_a_trickle_delays_the_end(tmp_path: Path, what: str, behaviour: Behaviour) -> None:
    reports: dict[str, Behaviour] = {"waits.csv": behaviour, "other.csv": Csv(rows=5)}
    with Desk(tmp_path, reports) as desk:
        run = desk.start("--concurrency", "1")
        until(lambda: desk.org.count(desk.ids["waits.csv"]), "the request")
        time.sleep(0.5)  # until the worker has understood the answer; sooner would be right as well
        stop(desk, run, "Ctrl-C")


SLOW_KEYRING = """
import pathlib, time
import keyring.backend

class Keyring(keyring.backend.KeyringBackend):
    priority = 1

    def get_password(self, service, username):
        pathlib.Path("asked").touch()
        time.sleep(300)

    def set_password(self, service, username, password):
        raise NotImplementedError

    delete_password = get_password
"""


@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM"])
def test_a_session_that_is_being_renewed_does_not_delay_the_end(tmp_path: Path, how: str) -> None:
    reports: dict[str, Behaviour] = {f"report{number}.csv": SessionDies() for number in range(4)}
    with Desk(tmp_path, reports) as desk:
        desk.plant("slow_keyring", SLOW_KEYRING)
        run = desk.start(PYTHON_KEYRING_BACKEND="slow_keyring.Keyring")
        until((tmp_path / "asked").exists, "the renewal")
        stop(desk, run, how)


@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM"])
def test_a_signal_during_the_sign_in_ends_the_run(tmp_path: Path, how: str) -> None:
    with Desk(tmp_path, {"a.csv": Csv(), "b.csv": Csv()}) as desk, socket.create_server(("127.0.0.1", 0)) as mute:
        mute.settimeout(60)
        run = desk.start(SFDC_DOMAIN=f"http://127.0.0.1:{mute.getsockname()[1]}")
        connection, _ = mute.accept()
        with connection:
            stop(desk, run, how)
        assert set(desk.statuses().values()) == {"cancelled"}
        assert desk.run("--failed").code == 0


def test_a_second_ctrl_c_ends_at_once_and_leaves_no_process(tmp_path: Path) -> None:
    with Desk(tmp_path, {f"mute{number}.csv": NoAnswer() for number in range(8)}) as desk:
        run = desk.start()
        until(lambda: desk.org.count(desk.ids["mute0.csv"]), "a request")
        below = run.children()
        run.interrupt()
        time.sleep(0.1)  # long enough for the first one to be seen as such, short enough to come before the end
        run.interrupt()
        finished = run.wait(END_SECONDS)
        assert finished.code == 130, finished.stderr
        assert "Traceback" not in finished.stderr
        until(lambda: not any(alive(pid) for pid in below), "the end of all its processes", seconds=5)
        assert set(desk.statuses().values()) <= {"running", "cancelled"}
        assert desk.run("--failed", "--dry-run").code == 0


@pytest.mark.parametrize("children", [1, 2, 3, 4])
def test_ctrl_c_while_the_processes_start_shows_no_traceback(tmp_path: Path, children: int) -> None:
    with Desk(tmp_path, {f"slow{number}.csv": SLOW for number in range(8)}) as desk:
        run = desk.start("--processes", "3")
        until(lambda: len(run.children()) >= children, "its children")
        run.interrupt()
        finished = run.wait(END_SECONDS)
        assert finished.code == 130, finished.stderr
        assert "Traceback" not in finished.stderr


def test_what_nohup_and_background_shells_ignore_stays_ignored(tmp_path: Path) -> None:
    with Desk(tmp_path, {"report.csv": Csv(rows=5, silence_seconds=2.0)}) as desk:
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            run = desk.start()
        finally:
            signal.signal(signal.SIGHUP, before)
        until(lambda: desk.org.count(desk.ids["report.csv"]), "the request")
        os.kill(run.pid, signal.SIGHUP)
        assert run.wait().code == 0
