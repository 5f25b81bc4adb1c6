"""A run whose printed lines nobody takes any more goes on, and its exit code is about the reports."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sfr.demo.behaviours import Csv
from sfr.demo.org import DemoOrg
from tests.command_line import MAIN, PATIENCE_SECONDS, Person, report_id

pytestmark = pytest.mark.slow


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    with DemoOrg({report_id(1): Csv(), report_id(2): Csv(silence_seconds=1.0)}) as org:
        yield Person(tmp_path, org.url)


def reports() -> list[str]:
    return [f"--report={name},{report_id(number)}" for number, name in enumerate(("soon", "later"), 1)]


def assert_that_all_is_there(person: Person) -> None:
    assert (person.output / "soon.csv").exists()
    assert (person.output / "later.csv").exists()
    assert (person.output / "summary.html").exists()
    [run] = person.types("history", "--json").json()
    assert (run["exit_code"], run["counts"]) == (0, {"done": 2})
    assert "standard output is gone" in (person.output / ".sfr" / "sfr.log").read_text(encoding="utf-8")


def test_a_reader_that_leaves_after_the_first_line_does_not_end_the_run(person: Person) -> None:
    command = [*MAIN, *reports()]
    with subprocess.Popen(
        command, cwd=person.folder, env=person.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"run ")
        process.stdout.close()
        assert process.wait(PATIENCE_SECONDS) == 0
        assert process.stderr.read() == b""
    assert_that_all_is_there(person)


def test_a_reader_that_leaves_before_the_summary_does_not_change_the_exit_code(person: Person) -> None:
    command = [*MAIN, *reports()]
    with subprocess.Popen(command, cwd=person.folder, env=person.environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while not process.stdout.readline().startswith(b"of 2 reports"):
            assert process.poll() is None
        process.stdout.close()
        assert process.wait(PATIENCE_SECONDS) == 0
    assert (person.output / "later.csv").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device /dev/full is a speciality of Linux")
def test_a_full_disk_behind_the_printed_lines_does_not_end_the_run(person: Person) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*MAIN, *reports()],
            cwd=person.folder,
            env=person.environment,
            stdout=full,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    assert done.returncode == 0
    assert_that_all_is_there(person)


def test_without_any_standard_output_a_run_works(person: Person) -> None:
    code = "import sys; sys.stdout = None; from sfr.__main__ import main; main()"
    ended = person.types(*reports(), program=(sys.executable, "-c", code))
    assert (ended.code, ended.stdout, ended.stderr) == (0, "", "")
    assert sorted(path.name for path in person.output.iterdir()) == [".sfr", "later.csv", "soon.csv", "summary.html"]
