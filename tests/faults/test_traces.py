"""Checks what a run leaves behind and shows: never a session value, and never a traceback but in the log."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from sfr.demo.behaviours import (
    Csv,
    CutMidStream,
    IdentityVerification,
    JsonError,
    Maintenance,
    MiddleBox,
    NoPermission,
    NotFound,
    SessionDies,
    WrongHost,
)
from sfr.demo.exchange import Behaviour
from sfr.demo.org import DEMO_SID
from tests.faults.processes import ROOT, Child
from tests.faults.support import Desk
from tests.faults.test_lost_sessions import LOGIN_KEYRING

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

# Imported by every process of a run: all logs at DEBUG, and a mistake in the source that shows its session.
MISTAKE = f"""
import logging, sys
logging.INFO = logging.DEBUG
sys.path.insert(0, {str(ROOT)!r})
from sfr.sources.salesforce.source import Salesforce
fetch = Salesforce.fetch

def mistaken(self, report, into):
    if report.name.startswith("mistake"):
        raise RuntimeError("a mistake beside " + self._export._tools.session().value)
    return fetch(self, report, into)

Salesforce.fetch = mistaken
"""


def contents(place: str) -> bytes:
    """What a file of /proc holds; nothing when its process has just ended."""
    try:
        return Path(place).read_bytes()
    except OSError:
        return b""


def command_line(pid: int) -> bytes:
    return contents(f"/proc/{pid}/cmdline")


@contextmanager
def watched_processes(run: Child) -> Iterator[set[bytes]]:
    """The command lines of a run's processes, and the environment of its children, looked at all the time."""
    seen: set[bytes] = set()
    over = threading.Event()

    def look() -> None:
        own = command_line(run.pid)
        while not over.wait(0.02):
            for pid in run.children():
                command = command_line(pid)
                seen.add(command)
                if command != own:  # a child that is still the parent's image shows what the parent was given
                    seen.add(contents(f"/proc/{pid}/environ"))
        seen.add(own)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def spellings(sid: str) -> set[bytes]:
    """A session value as it may be written: as it is, in an address, and its secret part alone."""
    return {sid.encode(), quote(sid, safe="").encode(), sid.partition("!")[2].encode()}


def left_behind(folder: Path) -> dict[str, bytes]:
    """Every file below, but what the test itself has put there."""
    files = [path for path in folder.rglob("*") if path.is_file() and "planted" not in path.parts]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.parametrize("arguments", [(), ("--json",)], ids=["in words", "as JSON"])
def test_no_session_value_is_left_anywhere_nor_seen_in_the_process_list(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    told = f"INVALID: {DEMO_SID} is over"
    reports: dict[str, Behaviour | list[Behaviour]] = {
        "good.csv": Csv(rows=100),
        "dies.csv": [SessionDies(0.5), Csv(rows=10)],
        "dies-later.csv": [SessionDies(2.0), Csv(rows=10)],
        "mistake.csv": Csv(),
        "gone.csv": NotFound(),
        "forbidden.csv": NoPermission(),
        "verify.csv": IdentityVerification("script"),
        "portal.csv": MiddleBox(),
        "told.csv": JsonError(400, "BAD", told),
        "told-well.csv": JsonError(200, "BAD", told),
        "elsewhere.csv": WrongHost(f"http://elsewhere.example/frontdoor?sid={quote(DEMO_SID)}&x="),
        "cut.csv": CutMidStream("error-tail", Csv(rows=500)),
        "waits.csv": [Maintenance(seconds=1), Csv()],
    }
    with Desk(tmp_path, reports) as desk:
        desk.plant("login_keyring", LOGIN_KEYRING)
        desk.plant("sitecustomize", MISTAKE)
        run = desk.start(
            "--max-attempts",
            "4",
            *arguments,
            PYTHON_KEYRING_BACKEND="login_keyring.Keyring",
            FINAL_REPORT_PATH="final.csv",
        )
        with watched_processes(run) as processes:
            finished = run.wait()
        values = {request.sid for request in desk.org.requests()} - {""}
        assert finished.code == 1, finished.stdout + finished.stderr
        assert len(values) >= 2
        assert DEMO_SID in values
        assert len(processes) > 3
        assert "DEBUG" in desk.log()
        assert "the session was renewed" in finished.stdout + desk.log()
        places = {**left_behind(tmp_path), **{f"process {number}": text for number, text in enumerate(processes)}}
        assert {"stdout-0", "stderr-0", "final.csv", "output/.sfr/sfr.log", "output/summary.html"} <= places.keys()
        assert any(place.startswith("output/.sfr/history.db") for place in places)
        found = [
            place
            for value in values
            for spelling in spellings(value)
            for place, content in places.items()
            if spelling in content
        ]
        assert found == []
        if arguments:
            told_as_json = {row["report"]["name"]: row for row in json.loads(finished.stdout)["results"]}
            assert told_as_json["mistake.csv"]["reason"] == "bug"


def test_a_mistake_in_a_job_is_one_line_for_people_and_a_redacted_traceback_in_the_log(tmp_path: Path) -> None:
    with Desk(tmp_path, {"mistake.csv": Csv(), "good.csv": Csv()}) as desk:
        desk.plant("sitecustomize", MISTAKE)
        finished = desk.run()
        _, outcomes = desk.last_run()
        assert finished.code == 1
        assert "failed: mistake.csv: unexpected RuntimeError" in finished.stdout
        assert "Traceback" not in finished.stdout + finished.stderr
        assert "Traceback" in desk.log()
        assert "RuntimeError: a mistake beside [secret]" in desk.log()
        assert outcomes["mistake.csv"].reason == "bug"
        assert outcomes["good.csv"].status == "done"


def test_a_source_that_cannot_even_be_built_fails_its_reports_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    with Desk(tmp_path, {"a.csv": Csv(), "b.csv": Csv()}) as desk:
        desk.plant("sitecustomize", MISTAKE + "\nSalesforce.__init__ = lambda self, config: None\n")
        finished = desk.run()
        _, outcomes = desk.last_run()
        assert finished.code == 1
        assert {outcome.reason for outcome in outcomes.values()} == {"bug"}
        assert "Traceback" in desk.log()


@pytest.mark.parametrize("place", ["sfr.catalog.read_list", "sfr.engine.Engine.drain", "sfr.summary.write_manifest"])
def test_a_mistake_anywhere_else_is_one_line_for_people_and_a_traceback_in_the_log(tmp_path: Path, place: str) -> None:
    module, _, name = place.removesuffix(".drain").rpartition(".")
    target = f"{module}.{name}, 'drain'" if place.endswith(".drain") else f"{module}, {name!r}"
    mistake = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
if sys.argv[0].endswith("main.py"):
    import {module}

    def mistaken(*_, **__):
        raise RuntimeError("a mistake beside {DEMO_SID}")

    setattr({target}, mistaken)
"""
    with Desk(tmp_path, {"report.csv": Csv()}) as desk:
        desk.plant("sitecustomize", mistake)
        finished = desk.run()
        assert finished.code == 1
        assert "unexpected RuntimeError: a mistake beside [secret]" in finished.stderr
        assert "Traceback" not in finished.stdout + finished.stderr
        assert str(desk.output / ".sfr" / "sfr.log") in finished.stderr
        assert "RuntimeError: a mistake beside [secret]" in desk.log()
        assert DEMO_SID not in finished.stderr + desk.log()
