"""The shortcut on the desktop, as cmd.exe and the program it starts read it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sfr.schedule import shortcut
from sfr.schedule.plan import command
from tests.test_schedule import SAMPLE, made
from tests.test_schedule_cron import AWKWARD

TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"), max_size=30)


def split_by_windows(line: str) -> Iterator[str]:
    """CommandLineToArgvW for what follows the program: 2n backslashes before a quote are n, an odd one keeps it."""
    word, quoted, started, slashes = "", False, False, 0
    for char in f"{line} ":
        if char == "\\":
            slashes += 1
            continue
        word += "\\" * (slashes // 2 if char == '"' else slashes)
        started = started or slashes > 0
        if char == '"' and slashes % 2 == 0:
            quoted, started = not quoted, True
        elif char in " \t" and not quoted:
            if started:
                yield word
            word, started = "", False
        else:
            word, started = word + char, True
        slashes = 0
    assert not quoted


def read_by_cmd(line: str) -> str:
    """What cmd.exe hands to the program of a batch line without variables: %% is %, ^ frees the next, " guards."""
    assert "%" not in line.replace("%%", "")
    out, quoted, freed = "", False, False
    for char in line.replace("%%", "%"):
        if not (freed or quoted) and char == "^":
            freed = True
            continue
        assert quoted or freed or char not in "&|<>()^", f"cmd would act on {char} in {line}"
        if char == '"' and not freed:
            quoted = not quoted
        out, freed = out + char, False
    assert not quoted
    return out


@given(argument=TEXT | AWKWARD)
@example(argument="\\\\server\\share\\")
@example(argument='"&calc&"')
@example(argument='^"%PATH%"^')
def test_the_shortcut_hands_over_every_argument_and_starts_nothing_else(argument: str) -> None:
    schedule = replace(SAMPLE, arguments=("--report", argument))
    (line,) = (line for line in shortcut.batch(schedule).split("\r\n") if " run " in line)
    assert tuple(split_by_windows(read_by_cmd(line))) == command(schedule, scheduled=False)


def test_the_shortcut_is_readable_and_keeps_its_window_and_exit_code() -> None:
    schedule = replace(SAMPLE, program=Path("/home/ada/my folder/main.py"))
    lines = shortcut.batch(schedule).split("\r\n")
    assert f'{SAMPLE.python} "{schedule.program}" run --failed' in lines
    assert lines[:2] == ["@echo off", "chcp 65001 >nul"]
    assert lines[-3:] == ["pause", "exit /b %code%", ""]
    assert "--scheduled" not in shortcut.batch(schedule)


@pytest.mark.skipif(sys.platform != "win32", reason="cmd.exe is a part of Windows")
def test_cmd_itself_hands_over_every_argument(tmp_path: Path) -> None:
    folder = tmp_path / "ä & (b) %PATH% ^"
    folder.mkdir()
    schedule = made(folder, arguments=("--report", '50% "x" & ^ ü|\\'))
    assert schedule.program is not None
    schedule.program.write_text("import json, sys; json.dump(sys.argv, open('seen', 'w')); sys.exit(3)")
    batch = folder / "run it.cmd"
    batch.write_bytes(shortcut.batch(schedule).encode())
    done = subprocess.run([batch], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert done.returncode == 3
    assert tuple(json.loads((folder / "seen").read_text())) == command(schedule, scheduled=False)[1:]


def test_a_shortcut_is_named_after_its_schedule(tmp_path: Path) -> None:
    assert shortcut.path("daily", tmp_path) == tmp_path / "sfr daily.cmd"
