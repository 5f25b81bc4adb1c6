"""The launchd agent: what its property list says, and the order of loading."""

from __future__ import annotations

import plistlib
import sys
from dataclasses import replace
from datetime import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfr.errors import ConfigError
from sfr.schedule.launchd import Launchd, agent
from sfr.schedule.plan import command
from tests.test_schedule import SAMPLE

posix = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for launchctl is a shell script")


def launchctl(folder: Path, script: str) -> tuple[str, ...]:
    """launchctl exists on macOS only: this one writes down what it is asked, then does what `script` says."""
    path = folder / "launchctl"
    path.write_text(f'#!/bin/sh\necho "$@" >> "{folder}/asked"\n{script}\n')
    path.chmod(0o755)
    return (str(path),)


@given(argument=st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff")))
def test_a_property_list_gives_back_every_argument(argument: str) -> None:
    schedule = replace(SAMPLE, arguments=(argument,), search_path=argument)
    read = plistlib.loads(plistlib.dumps(agent(schedule)))
    assert tuple(read["ProgramArguments"]) == command(schedule)
    assert read.get("EnvironmentVariables", {}).get("PATH", "") == argument


def test_weekdays_are_five_dates_and_every_day_is_one() -> None:
    at = {"Hour": 7, "Minute": 30}
    schedule = replace(SAMPLE, at=time(7, 30))
    assert agent(schedule)["StartCalendarInterval"] == [{"Weekday": day, **at} for day in (1, 2, 3, 4, 5)]
    assert agent(replace(schedule, weekdays_only=False))["StartCalendarInterval"] == at


def test_a_run_is_not_throttled_and_starts_in_its_folder_with_its_log() -> None:
    values = agent(SAMPLE)
    assert values["ProcessType"] == "Interactive"
    assert values["WorkingDirectory"] == str(SAMPLE.directory)
    assert values["StandardOutPath"] == values["StandardErrorPath"] == str(SAMPLE.log)
    assert "RunAtLoad" not in values


@posix
def test_an_agent_is_loaded_listed_and_removed(tmp_path: Path) -> None:
    answers = 'case "$1" in bootout) exit 3;; print) echo "	last exit code = 1";; esac'
    launchd = Launchd(launchctl(tmp_path, answers), tmp_path / "agents")
    launchd.install(replace(SAMPLE, log=tmp_path / "logs" / "daily.log"))
    (found,) = launchd.list()
    assert (found.name, found.when, found.last_result) == ("daily", "Monday to Friday at 07:00", "exit code 1")
    assert found.command.endswith("main.py run --scheduled --failed")
    launchd.remove("daily")
    assert launchd.list() == ()
    asked = [line.split()[0] for line in (tmp_path / "asked").read_text().splitlines()]
    assert asked == ["bootout", "bootstrap", "print", "bootout"]
    with pytest.raises(ConfigError, match="'daily'"):
        launchd.remove("daily")


@posix
def test_a_refused_agent_gives_its_place_back_to_the_one_before(tmp_path: Path) -> None:
    schedule = replace(SAMPLE, log=tmp_path / "daily.log")
    Launchd(launchctl(tmp_path, ""), tmp_path / "agents").install(schedule)
    refusing = launchctl(tmp_path, '[ "$1" != bootstrap ] || { echo "Bootstrap failed: 5" >&2; exit 5; }')
    with pytest.raises(ConfigError, match="Bootstrap failed: 5"):
        Launchd(refusing, tmp_path / "agents").install(replace(schedule, at=time(9)))
    (found,) = Launchd(refusing, tmp_path / "agents").list()
    assert found.when == "Monday to Friday at 07:00"
    asked = [line.split()[0] for line in (tmp_path / "asked").read_text().splitlines()]
    assert asked == ["bootout", "bootstrap", "bootout", "bootstrap", "bootout", "bootstrap", "print"]


def test_a_broken_property_list_is_named(tmp_path: Path) -> None:
    (tmp_path / "sfr.daily.plist").write_text("not a list")
    with pytest.raises(ConfigError, match=r"sfr\.daily\.plist"):
        Launchd(folder=tmp_path).list()
