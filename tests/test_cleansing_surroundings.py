"""What a function of the user's does to its process harms no other report and nothing that the run says."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.command_line import Ended, Person

MOVING = "import os\ndef sales(frame, report):\n    os.chdir('/')\n    return frame\n"
WRITING = """
import os, sys, threading
def sales(frame, report):
    thread = threading.Thread(target=print, args=("aside",))
    thread.start()
    thread.join()
    os.write(1, b"straight\\n")
    os.system(f'"{sys.executable}" -c "print(5 * 11)"')
    return frame
"""


@pytest.fixture
def person(tmp_path: Path) -> Person:
    somebody = Person(tmp_path)
    sqlite3.connect(tmp_path / "data.db").close()
    (tmp_path / "archive").mkdir()
    return somebody


def ran(person: Person, function: str, *reports: dict[str, object]) -> Ended:
    """A run of `reports` from a database beside the list; each may name the function `clean.py:sales`."""
    (person.folder / "clean.py").write_text(function, encoding="utf-8")
    (person.folder / "list.json").write_text(json.dumps(reports), encoding="utf-8")
    environment = {"SFR_LITE_TYPE": "sql", "SFR_LITE_URL": "sqlite:///data.db", "SFR_CONCURRENCY": "1"}
    folder = {"SFR_ARCHIVE_TYPE": "folder", "SFR_ARCHIVE_DIRECTORY": "archive"}
    return person.types("list.json", "--json", **environment, **folder)


def report(name: str, **more: object) -> dict[str, object]:
    return {"name": name, "source": "lite", "query": "SELECT 1 AS a", **more}


def test_a_function_that_changes_the_folder_fails_alone(person: Person) -> None:
    reports = [report("first", clean="clean.py:sales"), report("second", destination="archive")]
    first, second = ran(person, MOVING, *reports).json()["results"]
    assert "the working directory is that of all reports" in first["error"]
    assert first["error"].endswith("(line 3)")
    assert second["status"] == "done"
    assert (person.folder / "archive" / "second.csv").read_text(encoding="utf-8") == "a\n1\n"


def test_what_a_function_and_its_programs_write_stands_in_the_log_and_not_in_the_json(person: Person) -> None:
    ended = ran(person, WRITING, report("first", clean="clean.py:sales"))
    assert ended.json()["results"][0]["status"] == "done"
    log = (person.output / ".sfr" / "sfr.log").read_text(encoding="utf-8")
    for printed in ("aside", "straight", "55"):
        assert f"printed: {printed}\n" in log
