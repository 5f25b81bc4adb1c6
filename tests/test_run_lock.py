"""Checks that an output belongs to one run at a time, and that nobody else's death keeps it locked."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sfr.errors import Busy, ConfigError
from sfr.run_lock import only_run

HOLDER = """
import pathlib, sys
from sfr.run_lock import only_run
with only_run(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(directory: Path) -> subprocess.Popen[str]:
    """Another process that has the lock now."""
    command = [sys.executable, "-c", HOLDER, str(directory)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_is_told_the_process_and_start_of_the_first(tmp_path: Path) -> None:
    with holder(tmp_path / ".sfr") as first:
        with pytest.raises(Busy) as caught, only_run(tmp_path / ".sfr"):
            pass
        assert f"process {first.pid}, started " in caught.value.message
        assert re.search(r"started \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", caught.value.message)
        assert str(tmp_path) in caught.value.message
        assert "--output" in caught.value.remedy
        first.kill()


def test_the_lock_of_a_killed_process_is_free_at_once(tmp_path: Path) -> None:
    with holder(tmp_path / ".sfr") as first:
        first.kill()
    with only_run(tmp_path / ".sfr"):
        assert f'"pid": {os.getpid()}' in (tmp_path / ".sfr" / "run.json").read_text(encoding="utf-8")


def test_it_can_be_had_again_and_again_and_leaves_no_owner(tmp_path: Path) -> None:
    for _ in range(2):
        with only_run(tmp_path / "new" / ".sfr"):
            pass
    assert not (tmp_path / "new" / ".sfr" / "run.json").exists()


def test_an_error_inside_frees_it(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), only_run(tmp_path):
        raise ZeroDivisionError
    with only_run(tmp_path):
        pass


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"pid": 7}', '"text"'])
def test_an_owner_that_cannot_be_read_is_a_process_that_is_just_starting(tmp_path: Path, content: str) -> None:
    with holder(tmp_path) as first:
        (tmp_path / "run.json").write_text(content, encoding="utf-8")
        with pytest.raises(Busy, match="just starting"), only_run(tmp_path):
            pass
        first.kill()


def test_a_place_that_cannot_be_a_folder_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigError, match="cannot be written") as caught, only_run(tmp_path / "file" / ".sfr"):
        pass
    assert str(tmp_path / "file") in caught.value.message
    assert "--output" in caught.value.remedy
