"""Starts the program that does the work of runs and dies in it, and tells it how far to come."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from tests.faults.office import Office
from tests.faults.processes import ROOT


@dataclass(frozen=True)
class Walked:
    """How far a run came: whether it was killed, its exit code, and the steps that it took or was killed before."""

    killed: bool
    code: int
    steps: list[str]


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
        return Walked(killed, -1 if killed else os.waitstatus_to_exitcode(status), answer["steps"])

    def complete(self) -> None:
        """What a person does: `--failed`, or the list again where the run had not even been written down."""
        run, statuses = self._office.statuses()
        if set(statuses.values()) != {"done"}:
            assert self.walk(failed=True).code == 0, self.said
        elif run != self.latest:
            assert self.walk().code == 0, self.said

    @property
    def said(self) -> str:
        return (self._office.folder / "walker.txt").read_text(encoding="utf-8")[-3000:]

    def end(self) -> None:
        self._program.kill()
        self._program.communicate()
