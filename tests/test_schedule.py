"""The noun of a schedule, the choice of a clock, and installations that fail half-way."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfr.errors import ConfigError
from sfr.schedule import KINDS, Schedule, make_schedule, named, plan, system
from sfr.schedule.plan import command, next_start
from sfr.schedule.steps import File, Steps

SAMPLE = Schedule(
    name="daily",
    at=time(7),
    weekdays_only=True,
    arguments=("--failed",),
    python=Path("/usr/bin/python3"),
    program=Path("/home/ada/sfr/main.py"),
    directory=Path("/home/ada/sfr"),
    log=Path("/home/ada/sfr/output/.sfr/daily.log"),
)


def made(folder: Path, **changes: Any) -> Schedule:
    program = folder / "main.py"
    program.touch()
    values: dict[str, Any] = {
        "at": "07:00",
        "python": Path(sys.executable),
        "program": program,
        "directory": folder,
        "log": folder / "schedule.log",
    }
    return make_schedule(**(values | changes))


def test_a_scheduled_run_says_so_and_a_shortcut_does_not(tmp_path: Path) -> None:
    schedule = made(tmp_path, arguments=("input/other list.csv",))
    start = (sys.executable, str(tmp_path / "main.py"), "run")
    assert command(schedule) == (*start, "--scheduled", "input/other list.csv")
    assert command(schedule, scheduled=False) == (*start, "input/other list.csv")


def test_without_a_program_the_package_is_started(tmp_path: Path) -> None:
    assert command(made(tmp_path, program=None)) == (sys.executable, "-m", "sfr", "run", "--scheduled")


def test_a_virtual_environments_python_is_not_resolved_to_the_one_behind_it(tmp_path: Path) -> None:
    link = tmp_path / "python"
    try:
        link.symlink_to(sys.executable)
    except OSError:
        pytest.skip("this user may not create symbolic links")
    assert made(tmp_path, python=link).python == link


@pytest.mark.parametrize(("arguments", "name"), [((), "daily"), (("--failed",), "failed")])
def test_a_rerun_of_failures_gets_a_name_of_its_own(tmp_path: Path, arguments: tuple[str, ...], name: str) -> None:
    assert made(tmp_path, arguments=arguments).name == name


@pytest.mark.parametrize(("text", "at"), [("07:00", time(7)), ("7:05", time(7, 5)), ("23:59", time(23, 59))])
def test_a_time_of_day_is_read(tmp_path: Path, text: str, at: time) -> None:
    assert made(tmp_path, at=text).at == at


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"at": "24:00"}, "'24:00' is no time of day"),
        ({"at": "7"}, "'7' is no time of day"),
        ({"at": "٧:٠٠"}, "is no time of day"),
        ({"name": "../x"}, "'../x' is no name"),
        ({"name": "-x"}, "'-x' is no name"),
        ({"name": "a" * 41}, "is no name"),
        ({"python": Path("nowhere/python")}, "there is no Python at"),
        ({"program": Path("nowhere/main.py")}, "there is no program"),
        ({"directory": Path("nowhere")}, "there is no folder"),
        ({"arguments": ("two\nlines",)}, "U+000A"),
        ({"arguments": ("\udcff",)}, "U+DCFF"),
        ({"search_path": "\ufffe"}, "U+FFFE"),
    ],
)
def test_what_is_wrong_is_said_with_its_value_and_a_remedy(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        made(tmp_path, **changes)
    assert said in caught.value.message
    assert caught.value.remedy


def test_a_time_zone_unlike_the_computers_is_noted(tmp_path: Path) -> None:
    here = datetime.now().astimezone().utcoffset()
    zones = map(ZoneInfo, ("Pacific/Kiritimati", "Pacific/Pago_Pago"))
    far = next(zone for zone in zones if datetime.now(zone).utcoffset() != here)
    assert f"in {far}" in made(tmp_path, timezone=far).note
    assert made(tmp_path).note == ""


@given(
    now=st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2040, 1, 1)),
    at=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    weekdays_only=st.booleans(),
)
def test_the_next_start_is_the_first_fitting_one_after_now(now: datetime, at: time, weekdays_only: bool) -> None:
    start = next_start(at, weekdays_only, now)
    assert start > now
    assert start.time() == at
    assert start - now <= timedelta(days=3 if weekdays_only else 1)
    assert not (weekdays_only and start.isoweekday() > 5)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_previewed_on_every_platform(kind: str) -> None:
    shown = named(kind).preview(SAMPLE)
    assert "--scheduled" in shown
    assert "--failed" in shown
    assert named(kind).name == kind


@pytest.mark.parametrize("kind", KINDS)
def test_schedules_with_two_names_share_nothing(kind: str) -> None:
    scheduler = named(kind)
    assert scheduler.preview(SAMPLE).replace("daily", "noon") == scheduler.preview(
        replace(SAMPLE, name="noon", log=Path(str(SAMPLE.log).replace("daily", "noon")))
    )


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError) as caught:
        named("anacron")
    assert "cron" in caught.value.remedy


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="there the clock is part of the system")
def test_a_computer_without_any_clock_is_told_what_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match=r"systemd.*crontab"):
        system()


def test_an_installation_that_fails_half_way_leaves_everything_as_it_was(tmp_path: Path) -> None:
    old, new, trace = tmp_path / "old", tmp_path / "sub" / "new", tmp_path / "trace"
    old.write_bytes(b"before\r\n")

    def note(text: str) -> tuple[str, ...]:
        state = f"{{'old': open({str(old)!r}).read(), 'new': os.path.exists({str(new)!r})}}"
        return (sys.executable, "-c", f"import os; print({text!r}, {state}, file=open({str(trace)!r}, 'a'))")

    refuse = (sys.executable, "-c", "import sys; sys.exit('no room left')")
    steps = Steps(
        files=(File(old, "after"), File(new, "after")),
        commands=(refuse, note("first"), (sys.executable, "-c", "raise SystemExit('disk on fire')"), note("never")),
        tolerated=frozenset({refuse}),
        undo_commands=(note("undo"),),
        restore_commands=(refuse, note("restore"), ("no-such-program",)),
    )
    with pytest.raises(ConfigError, match="disk on fire"):
        steps.install()
    assert old.read_bytes() == b"before\r\n"
    assert not new.exists()
    assert trace.read_text().splitlines() == [
        "first {'old': 'after', 'new': True}",
        "undo {'old': 'after', 'new': True}",
        "restore {'old': 'before\\n', 'new': False}",
    ]


def test_a_file_that_cannot_be_written_is_named_and_the_others_are_undone(tmp_path: Path) -> None:
    blocked = tmp_path / "folder"
    blocked.mkdir()
    good = tmp_path / "good"
    with pytest.raises(ConfigError, match="folder"):
        Steps(files=(File(good, "text"), File(blocked, "text")), commands=()).install()
    assert not good.exists()
    assert blocked.is_dir()


def test_a_missing_program_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no-such-program could not be started"):
        Steps(files=(), commands=(("no-such-program",),)).install()


def test_a_rhythm_reads_like_a_sentence() -> None:
    assert plan.when(time(7), weekdays_only=False) == "every day at 07:00"
    assert plan.when(time(19, 5), weekdays_only=True) == "Monday to Friday at 19:05"
