"""Kills the whole command line at steps of a delivery to several places, and lets the next run complete the work."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import deadly_steps
from tests.faults.delivered import check_all_new, check_completion, killed_before
from tests.faults.office import SECONDS, Office
from tests.faults.processes import Child, alive, until
from tests.servers.small_s3 import SmallS3
from tests.services import require

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

# Where what lies somewhere is about to change. All other steps are walked in one process (test_delivery_steps.py), or
# here with TEST_EVERY_STEP. Both reports are delivered one after the other, each to the table, the bucket, the output
# and the archive.
TELLING = {
    "parent": (
        "1 INSERT INTO sfr_runs",
        "1 INSERT INTO reports_generated",
        "1 UPDATE sfr_runs SET",
    ),
    "worker": (
        "2 open /output/.sfr/staging/.users.parquet.PART.part",
        "1 COMMIT",
        "1 send PUT",
        "1 os.rename /output/.users.parquet.PART.part /output/users.parquet",
        "1 os.link /output/.sfr/staging/.users.parquet.PART.part /archive/.users.parquet.PART.part",
        "1 os.rename /archive/.users.parquet.PART.part /archive/old/users.parquet",
        "3 COMMIT",
        "1 os.rename /output/.added.csv.PART.part /output/added.csv",
        "1 os.rename /archive/.added.csv.PART.part /archive/added.csv",
    ),
}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    require(Path("/proc/self/stat").exists(), "/proc, to see processes")
    with SmallS3() as bucket:
        office = Office(tmp_path, bucket)
        office.plant("sitecustomize", Path(deadly_steps.__file__).read_text(encoding="utf-8"))
        yield office
        office.end()


def walked_steps(office: Office) -> list[str]:
    """What happens in a run that has files to replace, and is not killed."""
    trace = office.folder / "steps.txt"
    assert office.run().code == 0
    office.begin_generation()
    finished = office.run(STEPS_TRACE=str(trace), STEPS_FOLDER=str(office.folder))
    assert finished.code == 0, finished.stdout + finished.stderr
    return trace.read_text(encoding="utf-8").splitlines()


def chosen(steps: list[str], *roles: str) -> list[str]:
    """Those that are walked: all of these roles, or the telling ones, which are still to be found."""
    if os.environ.get("TEST_EVERY_STEP"):
        return [step for step in steps if step.startswith(roles)]
    telling = [f"{role} {step}" for role in roles for step in TELLING[role]]
    assert not set(telling) - set(steps), "a run does these no more"
    return telling


def start_to_die(office: Office, step: str, whom: str) -> Child:
    """A run in which one process, or all of them, are killed before that step."""
    once = office.folder / "killed-once"
    once.unlink(missing_ok=True)
    return office.start(STEPS_KILL=step, STEPS_WHOM=whom, STEPS_ONCE=str(once), STEPS_FOLDER=str(office.folder))


def test_a_run_killed_as_a_whole_leaves_nothing_half_and_what_was_not_brought_is_fetched_once(office: Office) -> None:
    steps = walked_steps(office)
    generations, before = [1, 2], check_all_new(office, [1, 2])
    for step in chosen(steps, "parent", "worker"):
        office.begin_generation()
        newest, _ = office.statuses()
        run = start_to_die(office, step, "group")
        below = run.children()
        assert run.wait(SECONDS).code == -signal.SIGKILL, f"{step} did not come: {run.stdout}{run.stderr}"
        until(lambda below=below: not any(alive(pid) for pid in below), "the end of all its processes")
        with killed_before(step):
            before = check_completion(office, before, generations, lambda newest=newest: complete(office, newest))


def complete(office: Office, newest: str) -> None:
    """What a person does: `--failed`, or the list again where the run had not even been written down."""
    run, _ = office.statuses()
    finished = office.run() if run == newest else office.run("--failed")
    assert finished.code == 0, finished.stdout + finished.stderr


def test_a_run_whose_worker_is_killed_completes_by_itself(office: Office) -> None:
    steps = walked_steps(office)
    generations = [1, 2]
    for step in chosen(steps, "worker"):
        office.begin_generation()
        run = start_to_die(office, step, "self")
        finished = run.wait(SECONDS)
        with killed_before(step):
            assert finished.code == 0, finished.stdout + finished.stderr
            assert "a worker process ended" in finished.stdout + finished.stderr
            generations.append(office.generation)
            check_all_new(office, generations)
