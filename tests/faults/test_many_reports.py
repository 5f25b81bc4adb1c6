"""Checks that a long list costs no more per report than a short one, and hardly more memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sfr.demo.behaviours import Csv
from sfr.demo.org import DEMO_SID, OrgProcess
from tests.faults.processes import ROOT
from tests.services import require

FEW, MANY = 100, 10_000

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def measured(org: OrgProcess, output: Path, count: int) -> list[dict[str, Any]]:
    """What was measured after 100 reports, after each 500, and at the very end."""
    finished = subprocess.run(
        [sys.executable, "-m", "tests.faults.many_reports", org.url, str(output), str(count)],
        cwd=ROOT,
        env={**os.environ, "TEST_SESSION": DEMO_SID},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    answer = json.loads(finished.stdout)
    assert answer["exit_code"] == 0
    marks: list[dict[str, Any]] = answer["marks"]
    return marks


def peak_megabytes(marks: list[dict[str, Any]]) -> float:
    """Of all processes together."""
    return max(sum(mark["kilobytes"]) for mark in marks) / 1000


def test_ten_thousand_reports_need_little_more_memory_than_a_hundred_and_no_more_statements_each(
    tmp_path: Path,
) -> None:
    require(Path("/proc/self/statm").exists(), "/proc, to see memory")
    with OrgProcess({f"00O5g00000{number:05d}": Csv(rows=3) for number in range(MANY)}) as org:
        few = measured(org, tmp_path / "few", FEW)
        many = measured(org, tmp_path / "many", MANY)
    assert few[0]["reports"] == many[0]["reports"] == 100
    assert peak_megabytes(many) - peak_megabytes(few) < 50, (few, many)
    assert peak_megabytes(many) - peak_megabytes(many[:1]) < 50, many
    statements = {mark["reports"]: mark["statements"] for mark in many[:-1]}
    early, late = statements[2_000] - statements[1_000], statements[MANY] - statements[MANY - 1_000]
    assert 0 < late < 2 * early, statements
