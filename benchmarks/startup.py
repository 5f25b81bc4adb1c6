"""Knows how long `--help` takes beside `import requests`, the floor of any program that talks HTTP with requests."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from dataclasses import dataclass

from peers import CHECKOUT, environment_with

RUNS = 10


@dataclass(frozen=True)
class Startup:
    """Median seconds of both commands, and the median of the ratios of neighbouring runs."""

    help_seconds: float
    import_seconds: float
    ratio: float
    exit_code: int


def _seconds(command: list[str]) -> tuple[float, int]:
    began = time.perf_counter()
    done = subprocess.run(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, env=environment_with({})
    )
    return time.perf_counter() - began, done.returncode


def measure_startup(python: str) -> Startup:
    """Run both commands in turns, after one unmeasured turn that compiles the modules."""
    ours = [python, os.fspath(CHECKOUT / "main.py"), "--help"]
    floor = [python, "-c", "import requests"]
    turns = [(_seconds(ours), _seconds(floor)) for _ in range(RUNS + 1)][1:]
    return Startup(
        help_seconds=statistics.median(mine for (mine, _), _ in turns),
        import_seconds=statistics.median(theirs for _, (theirs, _) in turns),
        ratio=statistics.median(mine / theirs for (mine, _), (theirs, _) in turns),
        exit_code=max(code for (_, code), _ in turns),
    )
