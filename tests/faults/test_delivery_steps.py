"""Walks the steps of a run that delivers to several places: killed before each of them, it leaves nothing half."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.faults.delivered import check_all_new, check_nothing_half
from tests.faults.office import Office
from tests.faults.support import ROOT
from tests.servers.small_s3 import SmallS3
from tests.services import require

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

MOST_STEPS = 32  # of about a hundred; set TEST_EVERY_STEP to walk all


@dataclass
class Walked:
    """How far a run came: whether it was killed, how many steps it took, which one was the last."""

    killed: bool
    code: int
    steps: int
    last: str


class Walker:
    """The program that does the work of runs in the office, and dies as often as it is told."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._runs, self.latest = 0, ""
        environment = office.environment(PYTHONPATH=str(ROOT), PYTHONDONTWRITEBYTECODE="1")
        self._program = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.walker"],
            cwd=office.folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(office.folder / "walker.txt").open("wb"),
            text=True,
        )

    def walk(self, last: int | None = None, *, failed: bool = False) -> Walked:
        """A run, killed before step `last`; with `failed` it fetches what the run before did not bring."""
        self._runs += 1
        self.latest = f"run-{self._runs:04d}"
        order = {"run": self.latest, "last": last, "failed": failed}
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._program.stdin.write(f"{json.dumps(order)}\n")
        self._program.stdin.flush()
        answer: dict[str, Any] = json.loads(self._program.stdout.readline() or "{}")
        assert answer, self.said
        status = answer["status"]
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        return Walked(killed, -1 if killed else os.waitstatus_to_exitcode(status), answer["steps"], answer["last"])

    @property
    def said(self) -> str:
        return (self._office.folder / "walker.txt").read_text(encoding="utf-8")[-3000:]

    def end(self) -> None:
        self._program.kill()
        self._program.communicate()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    require(hasattr(os, "fork"), "a system that can fork")
    with SmallS3() as bucket:
        yield Office(tmp_path, bucket)


@pytest.fixture
def walker(office: Office) -> Iterator[Walker]:
    walker = Walker(office)
    yield walker
    walker.end()


def test_a_run_killed_at_any_step_leaves_the_old_or_the_new_and_the_next_one_completes_it(
    office: Office, walker: Walker
) -> None:
    first = walker.walk()
    assert first.code == 0, walker.said
    generations = [1]
    before = check_all_new(office, generations)
    office.begin_generation()
    whole = walker.walk()  # the second one has files to replace
    assert whole.code == 0, walker.said
    generations.append(office.generation)
    before = check_all_new(office, generations)
    every = 1 if os.environ.get("TEST_EVERY_STEP") else max(1, -(-whole.steps // MOST_STEPS))
    step = 1 + whole.steps % every
    while True:
        office.begin_generation()
        walked = walker.walk(step)
        if not walked.killed:
            break
        where = f"killed before step {step}: {walked.last}"
        try:
            check_nothing_half(office, before, generations)
            complete(office, walker)
            generations.append(office.generation)
            before = check_all_new(office, generations)
        except AssertionError as error:
            error.add_note(where)
            raise
        step += every
    assert step > whole.steps * 0.9


def complete(office: Office, walker: Walker) -> None:
    """What a person does: `--failed`, or the list again where the run had not even been written down."""
    run, statuses = office.statuses()
    known = set(statuses.values()) != {"done"}
    if known or run == walker.latest:
        if known:
            assert walker.walk(failed=True).code == 0, walker.said
        return
    assert walker.walk().code == 0, walker.said
