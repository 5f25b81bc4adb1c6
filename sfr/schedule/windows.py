"""The Windows Task Scheduler: the XML of a task, and schtasks, whose answers are in the language of the user."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar
from xml.etree import ElementTree

from sfr.errors import ConfigError
from sfr.schedule import plan, shortcut, steps
from sfr.schedule.plan import Installed, Schedule
from sfr.schedule.steps import File, Steps

NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"

# Columns of `schtasks /Query /V /FO CSV`; the headings are translated, their order is not.
_NEXT_RUN_COLUMN, _LAST_RESULT_COLUMN = 2, 6
_LAST_RESULTS = {"267009": "running now", "267011": None}  # SCHED_S_TASK_RUNNING, SCHED_S_TASK_HAS_NOT_RUN
_PATH_LIMIT = 260  # pathType of the schema
_REPLACED = re.compile(r"%[A-Za-z_][A-Za-z0-9_()]*%|\$\(")
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")


@dataclass(frozen=True, slots=True)
class Windows:
    """`user_id` is the security identifier of the user ("" = ask whoami), `desktop` the folder for the shortcut."""

    schtasks: tuple[str, ...] = ("schtasks",)
    user_id: str = ""
    desktop: Path | None = None
    name: ClassVar[str] = "windows"

    def preview(self, schedule: Schedule) -> str:
        return self._steps(schedule).preview()

    def install(self, schedule: Schedule) -> tuple[str, ...]:
        task = self._steps(schedule)
        task.install()
        steps.discard(_xml_path(schedule.name))
        return plan.lines(
            f"the Task Scheduler starts {schedule.name!r} {plan.when(schedule.at, schedule.weekdays_only)}, "
            "or as soon as it can when that was missed",
            schedule.note,
            *(f"shortcut with a window: {file.path}" for file in task.files[1:]),
            "it runs while you are logged on",
        )

    def list(self) -> tuple[Installed, ...]:
        return tuple(self._installed())

    def remove(self, name: str) -> tuple[str, ...]:
        if name not in self._names():
            raise plan.unknown_name(plan.check_name(name))
        steps.call((*self.schtasks, "/Delete", "/TN", _task_path(name), "/F"))
        link = shortcut.path(name, self.desktop)
        if link is not None:
            steps.discard(link)
        return (f"removed the task {_task_path(name)} and its shortcut",)

    def _steps(self, schedule: Schedule) -> Steps:
        xml = _xml_path(schedule.name)
        start = plan.next_start(schedule.at, schedule.weekdays_only, datetime.now())
        link = shortcut.path(schedule.name, self.desktop)
        return Steps(
            files=(
                File(xml, task_xml(schedule, self.user_id or _user_id(), start), "utf-16"),
                *((File(link, shortcut.batch(schedule)),) if link else ()),
            ),
            commands=((*self.schtasks, "/Create", "/XML", str(xml), "/TN", _task_path(schedule.name), "/F"),),
        )

    def _names(self) -> tuple[str, ...]:
        rows = csv.reader(steps.call((*self.schtasks, "/Query", "/FO", "CSV", "/NH")).splitlines())
        return tuple(row[0].removeprefix(_task_path("")) for row in rows if row and row[0].startswith(_task_path("")))

    def _installed(self) -> Iterator[Installed]:
        for name in self._names():
            query = (*self.schtasks, "/Query", "/TN", _task_path(name))
            rows = csv.reader(steps.call((*query, "/V", "/FO", "CSV", "/NH")).splitlines())
            yield described(name, steps.call((*query, "/XML")), next(filter(None, rows)))


def task_xml(schedule: Schedule, user_id: str, start: datetime) -> str:
    """The task definition, version 1.2 of the schema (Task Scheduler Schema, Microsoft).

    InteractiveToken: only a logged-on user has the browser session and the keyring. `start` lies in the future, since
    with StartWhenAvailable a start in the past would run at once. Priority 5 is normal; the default 7 also slows the
    disk down. No time limit: the scheduler would kill where `--deadline` ends a run in order.
    Raises ConfigError for what Task Scheduler would not run as written.
    """
    command, *arguments = plan.command(schedule)
    texts = (command, subprocess.list2cmdline(arguments), str(schedule.directory))
    _check(*texts)
    day = {"ScheduleByWeek": {"WeeksInterval": "1", "DaysOfWeek": dict.fromkeys(_WEEKDAYS, "")}}
    tree = {
        "RegistrationInfo": {"Description": f"sfr: {plan.when(schedule.at, schedule.weekdays_only)}"},
        "Triggers": {
            "CalendarTrigger": {  # the one place here where the schema wants an order
                "Enabled": "true",
                "StartBoundary": f"{start:%Y-%m-%dT%H:%M:%S}",  # without a zone: the time on the user's clock
                **(day if schedule.weekdays_only else {"ScheduleByDay": {"DaysInterval": "1"}}),
            }
        },
        "Principals": {"Principal": {"UserId": user_id, "LogonType": "InteractiveToken", "RunLevel": "LeastPrivilege"}},
        "Settings": {
            "MultipleInstancesPolicy": "IgnoreNew",
            "DisallowStartIfOnBatteries": "false",
            "StopIfGoingOnBatteries": "false",
            "StartWhenAvailable": "true",
            "WakeToRun": "false",
            "ExecutionTimeLimit": "PT0S",
            "Priority": "5",
        },
        "Actions": {"Exec": dict(zip(("Command", "Arguments", "WorkingDirectory"), texts, strict=True))},
    }
    task = ElementTree.Element("Task", {"version": "1.2", "xmlns": NAMESPACE})
    _grow(task, tree)
    _only(task, "Principals/Principal").set("id", "Author")
    _only(task, "Actions").set("Context", "Author")
    ElementTree.indent(task)
    return f'<?xml version="1.0" encoding="UTF-16"?>\n{ElementTree.tostring(task, encoding="unicode")}\n'


def described(name: str, xml: str, row: list[str]) -> Installed:
    """What `schtasks /Query` says of a task: its `/XML` and its row of `/V /FO CSV`."""
    # Printed to a pipe, the text is in the console's code page although its first line says UTF-16.
    task = ElementTree.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", xml).strip())  # noqa: S314 written by Windows itself
    find = {element.tag.removeprefix(f"{{{NAMESPACE}}}"): element for element in task.iter()}
    command = " ".join(find[tag].text or "" for tag in ("Command", "Arguments") if tag in find)
    rhythm = "changed by hand"
    if "StartBoundary" in find and ("ScheduleByDay" in find or "ScheduleByWeek" in find):
        at = datetime.fromisoformat(find["StartBoundary"].text or "").time()
        rhythm = plan.when(at, "ScheduleByWeek" in find)
    result = row[_LAST_RESULT_COLUMN]
    return Installed(name, rhythm, command, row[_NEXT_RUN_COLUMN], _LAST_RESULTS.get(result, f"exit code {result}"))


def _task_path(name: str) -> str:
    return f"\\sfr\\{name}"


def _xml_path(name: str) -> Path:
    return Path(tempfile.gettempdir()) / f"sfr-{name}.xml"


def _user_id() -> str:
    if sys.platform != "win32":
        return "(the security identifier of the user)"
    row = next(csv.reader([steps.call(("whoami", "/user", "/fo", "csv", "/nh"))]))
    return row[1]


def _check(command: str, arguments: str, directory: str) -> None:
    for path in (command, directory):
        if len(path) > _PATH_LIMIT:
            raise ConfigError(
                f"the path is longer than the {_PATH_LIMIT} characters of a scheduled task: {path}",
                remedy="move the folder nearer to the root of the disk",
            )
    replaced = next(filter(None, map(_REPLACED.search, (command, arguments, directory))), None)
    if replaced is not None:
        raise ConfigError(
            f"the Task Scheduler would replace {replaced[0]!r} by a variable",
            remedy="write the report into a list file and schedule that, or rename the folder",
        )


def _grow(parent: ElementTree.Element, tree: dict[str, object]) -> None:
    for tag, content in tree.items():
        child = ElementTree.SubElement(parent, tag)
        if isinstance(content, dict):
            _grow(child, content)
        else:
            child.text = str(content) or None


def _only(parent: ElementTree.Element, path: str) -> ElementTree.Element:
    return next(parent.iterfind(path))
