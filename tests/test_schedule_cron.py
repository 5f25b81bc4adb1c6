"""The crontab line, run by a real shell, and the user's other lines."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfr.errors import ConfigError
from sfr.schedule.cron import Cron, entry, with_entry, without_entry
from sfr.schedule.plan import Schedule, command
from tests.services import require
from tests.test_schedule import SAMPLE, made

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="cron is a Unix program")

# What breaks a shell, a crontab or a careless format string.
AWKWARD = st.text(alphabet="ab ä漢'\"%$`!&|;<>()*?[]{}#~=-", max_size=12)
NAMES = AWKWARD.map(lambda text: f"x{text}x")


@pytest.fixture
def crontab() -> Iterator[tuple[str, ...]]:
    """The real crontab command on a real crontab: of a user nobody is, or of CI's own; never of a developer."""
    require(shutil.which("crontab") is not None, "crontab (apt package cron)")
    is_root = os.geteuid() == 0
    require(is_root or os.environ.get("CI", "").lower() == "true", "a crontab that is nobody's own: root or CI")
    argv = ("crontab", "-u", "nobody") if is_root else ("crontab",)
    before = subprocess.run((*argv, "-l"), capture_output=True, check=False)
    yield argv
    subprocess.run((*argv, "-" if before.stdout else "-r"), input=before.stdout, capture_output=True, check=False)


def as_cron_runs_it(line: str) -> str:
    """By crontab(5): five fields, then the command; a % ends it unless it has a backslash, which is removed."""
    shell = line.split(" ", 5)[5]
    assert "%" not in shell.replace("\\%", "")
    return shell.replace("\\%", "%")


@settings(max_examples=25, deadline=None)
@given(folder=NAMES, argument=AWKWARD, search_path=NAMES)
def test_the_shell_of_cron_runs_exactly_the_intended_command(folder: str, argument: str, search_path: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch) / folder
        directory.mkdir()
        schedule = made(directory, arguments=("--report", argument), search_path=search_path)
        assert schedule.program is not None
        schedule.program.write_text(
            "import json, os, sys; print(json.dumps([sys.argv, os.getcwd(), os.environ['PATH']]))"
        )
        subprocess.run(("/bin/sh", "-c", as_cron_runs_it(entry(schedule))), check=True, cwd="/")
        argv, started_in, path = json.loads(schedule.log.read_text())
        assert tuple(argv) == command(schedule)[1:]
        assert Path(started_in).samefile(directory)
        assert path == search_path


def test_what_a_run_says_before_it_can_log_is_kept(tmp_path: Path) -> None:
    schedule = made(tmp_path)
    schedule.log.write_text("yesterday\n")
    assert schedule.program is not None
    schedule.program.write_text("raise SystemExit('no module named requests')")
    subprocess.run(("/bin/sh", "-c", as_cron_runs_it(entry(schedule))), check=False)
    assert schedule.log.read_text() == "yesterday\nno module named requests\n"


@pytest.mark.parametrize(("weekdays_only", "fields"), [(True, "5 7 * * 1-5"), (False, "5 7 * * *")])
def test_weekdays_are_monday_to_friday(weekdays_only: bool, fields: str) -> None:
    line = entry(replace(SAMPLE, at=time(7, 5), weekdays_only=weekdays_only))
    assert line.startswith(f"{fields} cd ")
    assert line.endswith(" # sfr:daily")


def test_a_backslash_is_refused_since_cron_programs_disagree_about_it() -> None:
    with pytest.raises(ConfigError, match="backslash"):
        entry(replace(SAMPLE, arguments=("a\\b",)))


@given(lines=st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"sfr:", b""))), open_end=st.booleans())
def test_other_lines_stay_byte_for_byte(lines: list[bytes], open_end: bool) -> None:
    crontab = b"\n".join(lines) + (b"" if open_end else b"\n")
    once = with_entry(crontab, "daily", entry(SAMPLE))
    twice = with_entry(once, "daily", entry(replace(SAMPLE, at=time(8))))
    assert once.startswith(crontab)
    assert twice.count(b"# sfr:daily") == 1
    assert without_entry(twice, "daily").rstrip(b"\n") == crontab.rstrip(b"\n")


def test_only_the_entry_of_that_very_name_is_replaced() -> None:
    mine = b"# sfr:daily is mine\n0 1 * * * echo '# sfr:daily' \n0 2 * * * x # sfr:daily-2\n"
    assert with_entry(mine, "daily", entry(SAMPLE)).startswith(mine)
    assert without_entry(mine, "daily") == mine


def test_a_crontab_is_installed_listed_replaced_and_removed(crontab: tuple[str, ...], tmp_path: Path) -> None:
    mine = b'# m\xc3\xa4n\nMAILTO=""\n\n@yearly  true\t# x\n'
    subprocess.run((*crontab, "-"), input=mine, check=True)
    cron = Cron(crontab)
    schedule = made(tmp_path, arguments=("--report", "a,{today:%Y}"), log=tmp_path / "new" / "s.log")
    said = cron.install(schedule)
    cron.install(replace(schedule, name="failed", at=time(12), weekdays_only=True))
    cron.install(replace(schedule, at=time(8)))
    assert str(schedule.log) in "\n".join(said)
    assert schedule.log.parent.is_dir()
    assert [(found.name, found.when) for found in cron.list()] == [
        ("failed", "Monday to Friday at 12:00"),
        ("daily", "every day at 08:00"),
    ]
    assert all("{today:%Y}" in found.command and found.next_run for found in cron.list())
    cron.remove("daily")
    cron.remove("failed")
    assert subprocess.run((*crontab, "-l"), capture_output=True, check=True).stdout == mine
    with pytest.raises(ConfigError, match="'daily'"):
        cron.remove("daily")


def test_a_user_without_a_crontab_gets_one_and_loses_it_again(crontab: tuple[str, ...], tmp_path: Path) -> None:
    subprocess.run((*crontab, "-r"), capture_output=True, check=False)
    cron = Cron(crontab)
    assert cron.list() == ()
    cron.install(made(tmp_path))
    cron.remove("daily")
    assert b"no crontab" in subprocess.run((*crontab, "-l"), capture_output=True, check=False).stderr


def test_an_entry_changed_by_hand_is_shown_as_it_is(crontab: tuple[str, ...]) -> None:
    subprocess.run((*crontab, "-"), input=b"# 0 7 * * * x # sfr:off\n*/5 * * * * y # sfr:often\n", check=True)
    assert [(found.name, found.when, found.command) for found in Cron(crontab).list()] == [
        ("off", "changed by hand", "# 0 7 * * * x"),
        ("often", "changed by hand", "*/5 * * * * y"),
    ]


def test_a_crontab_that_refuses_is_quoted_and_nothing_changes(tmp_path: Path) -> None:
    refusing = tmp_path / "crontab"
    refusing.write_text("#!/bin/sh\necho 'You (ada) are not allowed to use this program (crontab)' >&2\nexit 1\n")
    refusing.chmod(0o755)
    schedule: Schedule = made(tmp_path)
    with pytest.raises(ConfigError, match=r"You \(ada\) are not allowed") as caught:
        Cron((str(refusing),)).install(schedule)
    assert caught.value.remedy
