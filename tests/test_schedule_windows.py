"""The task XML against the facts of its schema, and what is asked of schtasks."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import replace
from datetime import datetime, time
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sfr.errors import ConfigError
from sfr.schedule import shortcut
from sfr.schedule.plan import Schedule, command
from sfr.schedule.windows import NAMESPACE, Windows, described, task_xml
from tests.test_schedule import SAMPLE, made
from tests.test_schedule_shortcut import split_by_windows

SID = "S-1-5-21-1111111111-2222222222-3333333333-1001"
START = datetime(2026, 11, 23, 7, 0)
TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"), max_size=30)

# Facts of the Task Scheduler Schema (Microsoft, "Task Scheduler Schema"). Everything is xs:all, in any order and each
# at most once, but for the trigger: xs:sequence, its base type first (Enabled, StartBoundary, EndBoundary, Repetition,
# ExecutionTimeLimit), then RandomDelay, then one ScheduleBy… . Only Actions and its Command are required.
TRIGGER_ORDER = ["Enabled", "StartBoundary", "EndBoundary", "Repetition", "ExecutionTimeLimit", "RandomDelay"]
TRIGGER_ORDER += ["ScheduleByDay", "ScheduleByWeek", "ScheduleByMonth", "ScheduleByMonthDayOfWeek"]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
ALLOWED = {
    "Task": ["RegistrationInfo", "Triggers", "Settings", "Data", "Principals", "Actions"],
    "RegistrationInfo": [
        *["URI", "SecurityDescriptor", "Source", "Date", "Author", "Version", "Description", "Documentation"]
    ],
    "Triggers": ["CalendarTrigger"],
    "CalendarTrigger": TRIGGER_ORDER,
    "ScheduleByDay": ["DaysInterval"],
    "ScheduleByWeek": ["WeeksInterval", "DaysOfWeek"],
    "DaysOfWeek": DAYS,
    "Principals": ["Principal"],
    "Principal": ["UserId", "LogonType", "GroupId", "DisplayName", "RunLevel"],
    "Settings": [
        *["AllowStartOnDemand", "RestartOnFailure", "MultipleInstancesPolicy", "DisallowStartIfOnBatteries"],
        *["StopIfGoingOnBatteries", "AllowHardTerminate", "StartWhenAvailable", "NetworkProfileName"],
        *["RunOnlyIfNetworkAvailable", "WakeToRun", "Enabled", "Hidden", "DeleteExpiredTaskAfter", "IdleSettings"],
        *["NetworkSettings", "ExecutionTimeLimit", "Priority", "RunOnlyIfIdle"],  # the later ones need version 1.3
    ],
    "Actions": ["Exec"],
    "Exec": ["Command", "Arguments", "WorkingDirectory"],
}
VALUES = {
    "LogonType": {"S4U", "Password", "InteractiveToken", "InteractiveTokenOrPassword"},
    "RunLevel": {"LeastPrivilege", "HighestAvailable"},
    "MultipleInstancesPolicy": {"Parallel", "Queue", "IgnoreNew", "StopExisting"},
    "Priority": set(map(str, range(11))),
    "Enabled": {"true", "false"},
    "StartWhenAvailable": {"true", "false"},
    "DisallowStartIfOnBatteries": {"true", "false"},
    "StopIfGoingOnBatteries": {"true", "false"},
    "WakeToRun": {"true", "false"},
}


def parsed(schedule: Schedule) -> ElementTree.Element:
    """As Windows reads it: UTF-16 with a byte order mark and a declaration that says so."""
    return ElementTree.fromstring(task_xml(schedule, SID, START).encode("utf-16"))


def bare(element: ElementTree.Element) -> str:
    return element.tag.removeprefix(f"{{{NAMESPACE}}}")


def value(task: ElementTree.Element, tag: str) -> str:
    (found,) = (element for element in task.iter() if bare(element) == tag)
    return found.text or ""


@pytest.mark.parametrize("weekdays_only", [True, False])
def test_a_task_keeps_to_the_schema(weekdays_only: bool) -> None:
    task = parsed(replace(SAMPLE, weekdays_only=weekdays_only))
    assert task.tag == f"{{{NAMESPACE}}}Task"
    assert task.get("version") == "1.2"
    for element in task.iter():
        tag, children = bare(element), [bare(child) for child in element]
        assert set(children) <= set(ALLOWED.get(tag, ())), tag
        assert len(children) == len(set(children)), tag
        assert (element.text or "") in VALUES.get(tag, {element.text or ""}), tag
        if tag == "CalendarTrigger":
            assert children == sorted(children, key=TRIGGER_ORDER.index)
            assert sum(child.startswith("ScheduleBy") for child in children) == 1
    (principal,) = task.iterfind(f".//{{{NAMESPACE}}}Principal")
    (actions,) = task.iterfind(f"{{{NAMESPACE}}}Actions")
    assert actions.get("Context") == principal.get("id")


def test_a_task_starts_late_rather_than_never_and_never_twice_and_is_not_killed() -> None:
    task = parsed(SAMPLE)
    assert value(task, "StartWhenAvailable") == "true"
    assert value(task, "MultipleInstancesPolicy") == "IgnoreNew"
    assert value(task, "ExecutionTimeLimit") == "PT0S"
    assert value(task, "DisallowStartIfOnBatteries") == value(task, "StopIfGoingOnBatteries") == "false"
    assert value(task, "StartBoundary") == "2026-11-23T07:00:00"


def test_a_task_runs_as_the_logged_on_user_without_more_rights() -> None:
    task = parsed(SAMPLE)
    assert (value(task, "UserId"), value(task, "LogonType")) == (SID, "InteractiveToken")
    assert value(task, "RunLevel") == "LeastPrivilege"


def test_weekdays_are_five_days_of_a_week() -> None:
    (days,) = parsed(SAMPLE).iterfind(f".//{{{NAMESPACE}}}DaysOfWeek")
    assert [bare(day) for day in days] == DAYS[:5]
    assert not list(parsed(replace(SAMPLE, weekdays_only=False)).iterfind(f".//{{{NAMESPACE}}}DaysOfWeek"))


@given(argument=TEXT.filter(lambda text: "%" not in text and "$(" not in text))
@example(argument='a\\"b\\\\" c\\')
@example(argument="")
def test_windows_splits_the_arguments_as_they_were_meant(argument: str) -> None:
    schedule = replace(SAMPLE, arguments=("--report", argument))
    assert tuple(split_by_windows(value(parsed(schedule), "Arguments"))) == command(schedule)[1:]


@pytest.mark.parametrize("argument", ["%USERPROFILE%\\list.csv", "%ProgramFiles(x86)%", "$(Arg0)"])
def test_what_the_task_scheduler_would_replace_is_refused(argument: str) -> None:
    with pytest.raises(ConfigError, match="would replace") as caught:
        task_xml(replace(SAMPLE, arguments=(argument,)), SID, START)
    assert "list file" in caught.value.remedy


def test_a_percent_sign_that_is_no_variable_is_kept() -> None:
    schedule = replace(SAMPLE, arguments=("100% {today:%m/%d/%Y}",))
    assert value(parsed(schedule), "Arguments").endswith('"100% {today:%m/%d/%Y}"')


def test_a_path_longer_than_the_schema_allows_is_refused() -> None:
    with pytest.raises(ConfigError, match="260 characters"):
        task_xml(replace(SAMPLE, directory=Path("/" + "d" * 260)), SID, START)


# What schtasks does with its options, on files; it exists on Windows only.
SCHTASKS = """
import pathlib, sys
folder, options = pathlib.Path(sys.argv[1]), sys.argv[2:]
if (folder / "refuse").exists():
    sys.exit("ERROR: Access is denied.")
name = options[options.index("/TN") + 1].rsplit("\\\\")[-1] if "/TN" in options else None
match options[0], options[-1]:
    case "/Create", "/F":
        xml = pathlib.Path(options[options.index("/XML") + 1]).read_bytes()
        assert xml.startswith((b"\\xff\\xfe", b"\\xfe\\xff"))
        (folder / f"{name}.task").write_bytes(xml)
    case "/Delete", "/F":
        (folder / f"{name}.task").unlink()
    case "/Query", "/XML":
        print((folder / f"{name}.task").read_bytes().decode("utf-16"))
    case "/Query", _ if name:
        print(f'"PC","\\\\sfr\\\\{name}","23.11.2026 07:00:00","Bereit","Interaktiv","21.11.2026 07:00:01","1","ada"')
    case "/Query", _:
        print('"\\\\Microsoft\\\\x","N/A","Bereit"')
        for task in sorted(folder.glob("*.task")):
            print(f'"\\\\sfr\\\\{task.stem}","23.11.2026 07:00:00","Bereit"')
"""


@pytest.fixture
def windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Windows:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "schtasks.py").write_text(SCHTASKS)
    (tmp_path / "tasks").mkdir()
    (tmp_path / "Schreibtisch").mkdir()
    schtasks = (sys.executable, str(tmp_path / "schtasks.py"), str(tmp_path / "tasks"))
    return Windows(schtasks, SID, tmp_path / "Schreibtisch")


def test_a_task_is_created_listed_replaced_and_removed_with_its_shortcut(windows: Windows, tmp_path: Path) -> None:
    link = tmp_path / "Schreibtisch" / "sfr daily.cmd"
    said = windows.install(SAMPLE)
    windows.install(replace(SAMPLE, at=time(8, 30), weekdays_only=False))
    assert str(link) in "\n".join(said)
    assert link.read_bytes() == shortcut.batch(SAMPLE).encode()
    (found,) = windows.list()
    assert (found.name, found.when) == ("daily", "every day at 08:30")
    assert (found.next_run, found.last_result) == ("23.11.2026 07:00:00", "exit code 1")
    assert found.command.endswith("run --scheduled --failed")
    windows.remove("daily")
    assert windows.list() == ()
    assert not link.exists()
    with pytest.raises(ConfigError, match="'daily'"):
        windows.remove("daily")


def test_a_refused_task_leaves_no_shortcut_and_no_file(windows: Windows, tmp_path: Path) -> None:
    (tmp_path / "tasks" / "refuse").touch()
    with pytest.raises(ConfigError, match=r"Access is denied\."):
        windows.install(SAMPLE)
    assert not list((tmp_path / "Schreibtisch").iterdir())
    xml = next(line for line in windows.preview(SAMPLE).splitlines() if line.startswith("# file "))
    assert not Path(xml.removeprefix("# file ")).exists()


@pytest.mark.parametrize(
    ("code", "shown"), [("0", "exit code 0"), ("267009", "running now"), ("267011", None), ("-1", "exit code -1")]
)
def test_the_last_result_of_a_task_is_told_apart_from_the_states_of_the_scheduler(code: str, shown: str | None) -> None:
    row = ["PC", "\\sfr\\daily", "N/A", "Ready", "Interactive only", "N/A", code]
    assert described("daily", task_xml(SAMPLE, SID, START), row).last_result == shown


def test_a_task_with_another_trigger_is_shown_as_changed_by_hand() -> None:
    xml = task_xml(SAMPLE, SID, START).replace("ScheduleByWeek", "ScheduleByMonth")
    assert described("daily", xml, ["", "", "N/A", "", "", "", "0"]).when == "changed by hand"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "win32", reason="the Task Scheduler is a part of Windows")
@pytest.mark.skipif(os.environ.get("CI", "").lower() != "true", reason="installs a task: only on a machine of CI")
def test_the_task_scheduler_itself_takes_a_task_and_gives_it_back(tmp_path: Path) -> None:
    windows = Windows(desktop=tmp_path)
    windows.install(made(tmp_path, name="test-of-sfr", weekdays_only=True))
    assert [(found.name, found.when) for found in windows.list()] == [("test-of-sfr", "Monday to Friday at 07:00")]
    windows.remove("test-of-sfr")
    assert windows.list() == ()
