"""Checks files on their way: how they are called, whose they are, and how they are put in their place."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfr import atomic, engine
from sfr.demo.behaviours import Csv
from sfr.demo.org import DemoOrg
from sfr.engine import Engine
from sfr.history import History
from sfr.model import Delivered, Phase, Status
from sfr.part_names import Writer, part_name, writer_of
from sfr.staging import FORGOTTEN_SECONDS, sweep
from tests.command_line import MAIN, PATIENCE_SECONDS, Person, report_id
from tests.histories import good, queued, sqlite_url
from tests.surroundings import Room, download

SALES = report_id(1)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), max_size=300))
def test_a_partial_name_fits_begins_with_a_dot_and_tells_whose_it_is(name: str) -> None:
    part = part_name(name, os.getpid())
    assert len(part.encode()) <= 255
    assert part.startswith(f".{name[:30]}")
    assert part.endswith(".part")
    assert part != part_name(name, os.getpid())
    assert (writer_of(part), writer_of(part_name(name, os.getppid()))) == (Writer.GONE, Writer.LIVES)


def test_a_partial_file_forgotten_for_a_day_goes_even_if_some_process_has_its_number(tmp_path: Path) -> None:
    fresh, forgotten, browsers = part_name("a.csv", os.getppid()), part_name("a.csv", os.getppid()), ".download.part"
    for name, age_seconds in ((fresh, FORGOTTEN_SECONDS / 2), (forgotten, FORGOTTEN_SECONDS * 2), (browsers, 1e6)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - age_seconds,) * 2)
    assert sweep(tmp_path, ours=False) == 1
    assert {path.name for path in tmp_path.iterdir()} == {fresh, browsers}


@pytest.mark.skipif(not hasattr(os, "waitid"), reason="Windows has no processes that have ended and are still there")
def test_a_process_that_has_ended_and_was_not_buried_writes_no_more() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert writer_of(part_name("a.csv", process.pid)) is Writer.GONE


def test_a_partial_file_of_another_machine_is_left_alone_in_a_folder_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as there:
        there.setattr(socket, "gethostname", lambda: "another-machine")
        path = tmp_path / part_name("a.csv", os.getpid())
    path.touch()
    assert (sweep(tmp_path, ours=False), path.exists()) == (0, True)
    assert (sweep(tmp_path, ours=True), path.exists()) == (1, False)


@pytest.mark.slow
def test_two_runs_that_deliver_to_one_folder_leave_each_others_files_alone(tmp_path: Path) -> None:
    slow, quick = Csv(rows=300, silence_seconds=6.0), Csv(rows=20)
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    with DemoOrg({SALES: [slow, quick]}) as org:
        first, second = Person(tmp_path / "first", org.url), Person(tmp_path / "second", org.url)
        command = [*MAIN, "--report", f"sales,{SALES},{shelf}", "--json"]
        with subprocess.Popen(command, cwd=first.folder, env=first.environment, stdout=subprocess.PIPE) as process:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not org.count(SALES):
                assert time.monotonic() < deadline
                time.sleep(0.02)
            (part,) = shelf.glob(".*.part")
            assert second.types("--report", f"sales,{SALES},{shelf}").code == 0
            assert part.exists()
            assert (shelf / "sales.csv").read_bytes() == quick.data()
            assert process.wait(PATIENCE_SECONDS) == 0
        assert org.count(SALES) == 2
    assert [(path.name, path.read_bytes()) for path in shelf.iterdir()] == [("sales.csv", slow.data())]


# Putting a file in its place


class Meddling(Room):
    """Something else does `meddle` with the partial file when all bytes of a report have come."""

    def __init__(self, folder: Path, meddle: Any) -> None:
        super().__init__()
        self._folder, self._meddle = folder, meddle

    def show(self, phase: Phase, attempt: int, note: str = "") -> None:
        if phase is Phase.FINISHING:
            self._meddle(next(self._folder.glob(".*.part")))


def _grow(part: Path) -> None:
    with part.open("ab") as file:
        file.write(b"x" * (1 << 20))


@pytest.mark.parametrize(
    ("meddle", "reason"),
    [
        (_grow, "changed-on-disk"),
        pytest.param(
            Path.unlink, "not-writable", marks=pytest.mark.skipif(os.name == "nt", reason="an open file stays there")
        ),
    ],
)
def test_what_somebody_else_changed_on_the_disk_is_not_delivered(tmp_path: Path, meddle: Any, reason: str) -> None:
    (tmp_path / "sales.csv").write_bytes(b"yesterday")
    result = download(Csv(), tmp_path, Meddling(tmp_path, meddle))
    assert (result.outcome.status, result.outcome.reason) == (Status.FAILED, reason)
    assert (tmp_path / "sales.csv").read_bytes() == b"yesterday"


def test_a_file_that_is_held_for_a_moment_is_moved_when_it_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, where a virus scanner looks into every fresh file; this system has to play it."""
    held = iter([True, True, False])
    move = Path.replace

    def replace(path: Path, target: Path) -> Path:
        if next(held):
            raise PermissionError(13, "held by a scanner")
        return move(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr(atomic, "HELD_SECONDS", float(PATIENCE_SECONDS))
    atomic.write_text(tmp_path / "a.csv", "new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.csv", "new")]
    assert not list(held)


@pytest.mark.skipif(os.name != "nt", reason="only Windows refuses to replace an open file")
def test_on_windows_a_file_that_is_closed_soon_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    target.write_text("old")
    file = target.open()
    threading.Timer(0.5, file.close).start()
    atomic.write_text(target, "new")
    assert target.read_text() == "new"


def test_the_names_of_files_are_on_the_disk_before_the_history_calls_them_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(History(sqlite_url(tmp_path / "h.db"), owner="me")) as history:
        queued(history, count=1)
        (job,) = history.claim("r1", 1, 60, 500.0)
        seen: list[tuple[list[str], dict[Status, int]]] = []
        monkeypatch.setattr(engine, "sync_folders_of", lambda places: seen.append((list(places), history.counts("r1"))))
        nobody: Any = None
        pool: Any = SimpleNamespace(limits={"salesforce": 1})
        at_work = Engine(history, pool, nobody, nobody, nobody)
        place = str(tmp_path / "a.csv")
        outcome = replace(good(job), deliveries=(Delivered(place), Delivered("s3://reports/a.csv")))
        at_work.unwritten[job.id] = outcome
        at_work._write()
        assert seen == [([place], {Status.RUNNING: 1})]
        assert history.counts("r1") == {Status.DONE: 1}


def test_each_folder_of_delivered_files_is_synced_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(atomic, "sync_folder", synced.append)
    atomic.sync_folders_of([str(tmp_path / "a.csv"), "", str(tmp_path / "b.csv"), str(tmp_path / "deep" / "c.csv")])
    assert sorted(synced) == [tmp_path, tmp_path / "deep"]
