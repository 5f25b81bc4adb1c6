"""Stops runs in the middle of shaping very many records: by Ctrl-C, and by a kill inside a single write."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.many_records import OLD, QUERY, check_whole
from tests.faults.office import SECONDS, Office
from tests.faults.processes import alive, until
from tests.faults.test_stopping import END_SECONDS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(sys.platform == "win32", reason="signals to a process group"),
]

SHAPES = {
    "big.parquet": "format: parquet",
    "big.xlsx": "format: xlsx",
    "big.csv": "steps: [{sort: [words]}]",
    "big.csv by code": "clean: input/clean.py:slowly",
}
CLEANER = """
def slowly(frame, report):
    return frame.assign(more=[str(each).upper() for each in frame["more"]]).sort_values("words")
"""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    (tmp_path / "input" / "clean.py").write_text(CLEANER, encoding="utf-8")
    office.output.mkdir()
    yield office
    office.end()


def yesterday(office: Office, name: str, shape: str) -> Path:
    """The file of a list with one report, as it was left yesterday."""
    office.write_list(f'- name: big\n  source: lms\n  query: "{QUERY}"\n  {shape}\n')
    place = office.output / name
    place.write_bytes(OLD)
    return place


def parts(office: Office) -> list[Path]:
    return [*office.output.glob(".*.part")]


def is_shaping(office: Office) -> bool:
    """Whether what came is there as a whole, and a second file grows from it."""
    return len(parts(office)) == 2


def check_completed(office: Office, place: Path) -> None:
    again = office.run("--failed")
    assert again.code == 0, again.stdout + again.stderr
    check_whole(place)
    assert office.names() == {f"output/{place.name}"}
    assert office.left_over() == []


@pytest.mark.parametrize("shape", SHAPES)
def test_ctrl_c_in_the_middle_of_shaping_ends_the_run_soon_and_failed_brings_the_report(
    office: Office, shape: str
) -> None:
    place = yesterday(office, shape.partition(" ")[0], SHAPES[shape])
    run = office.start()
    until(lambda: is_shaping(office), "two files", seconds=SECONDS)
    below = run.children()
    run.interrupt()
    finished = run.wait(END_SECONDS)
    assert finished.code == 130, finished.stdout + finished.stderr
    assert "Traceback" not in finished.stdout + finished.stderr
    assert place.read_bytes() == OLD
    assert parts(office) == []
    assert set(office.statuses()[1].values()) == {"cancelled"}
    until(lambda: not any(alive(pid) for pid in below), "the end of all its processes", seconds=5)
    check_completed(office, place)


CUT_BYTES = 1_000_001  # where no write ends
# The system carries a write out as far as the limit, and kills whoever goes on. The parent stands still meanwhile, so
# that it does nothing about it.
DEADLY_WRITE = """
import os, resource, signal, sys

def hear(event, arguments):
    if event != "open" or "+" not in str(arguments[1]) or os.path.exists({once!r}):
        return
    with open({once!r}, "w") as once:
        once.write(str(os.getpid()))
    if {whole!r}:
        os.kill(os.getppid(), signal.SIGSTOP)
    resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

if "--multiprocessing-fork" in sys.orig_argv:
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    sys.addaudithook(hear)
"""
FORMATS = ("parquet", "xlsx", "jsonl", "csv.gz")


def plant_deadly_write(office: Office, *, whole: bool) -> Path:
    """The file in which a worker that will die writes its number."""
    once = office.folder / "killed-once"
    office.plant("sitecustomize", DEADLY_WRITE.format(once=str(once), whole=whole, limit=CUT_BYTES))
    return once


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_run_killed_inside_a_write_of_a_conversion_leaves_the_old_file_and_failed_brings_the_new(
    office: Office, format_name: str
) -> None:
    place = yesterday(office, f"big.{format_name}", f"format: {format_name}")
    once = plant_deadly_write(office, whole=True)
    run = office.start()
    worker = int(until(lambda: once.exists() and once.read_text(), "a conversion", seconds=SECONDS))
    until(lambda: not alive(worker), "the end of its worker", seconds=SECONDS)
    assert CUT_BYTES in {path.stat().st_size for path in parts(office)}
    os.killpg(run.pid, signal.SIGKILL)
    assert run.wait(SECONDS).code == -signal.SIGKILL
    assert place.read_bytes() == OLD
    assert office.names() == {f"output/{place.name}"}
    assert set(office.statuses()[1].values()) == {"running"}
    check_completed(office, place)


def test_a_worker_killed_inside_a_write_of_a_conversion_costs_one_more_fetch_and_no_record(office: Office) -> None:
    place = yesterday(office, "big.parquet", "format: parquet")
    plant_deadly_write(office, whole=False)
    finished = office.run()
    assert finished.code == 0, finished.stdout + finished.stderr
    assert "a worker process ended" in finished.stdout + finished.stderr
    check_whole(place)
    assert office.left_over() == []
