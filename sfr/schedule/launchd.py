"""A launchd agent on macOS: its property list and how it is loaded into the user's session."""

from __future__ import annotations

import os
import plistlib
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Any, ClassVar

from sfr.errors import ConfigError
from sfr.schedule import plan, steps
from sfr.schedule.plan import Installed, Schedule
from sfr.schedule.steps import File, Steps

_LAST_EXIT_CODE = re.compile(r"last exit code = (\d+)")


@dataclass(frozen=True, slots=True)
class Launchd:
    """`launchctl` is the command to call, `folder` where the agents of this user are (None = the usual place)."""

    launchctl: tuple[str, ...] = ("launchctl",)
    folder: Path | None = None
    name: ClassVar[str] = "launchd"

    def preview(self, schedule: Schedule) -> str:
        return self._steps(schedule).preview()

    def install(self, schedule: Schedule) -> tuple[str, ...]:
        steps.make_folder(schedule.log.parent)
        self._steps(schedule).install()
        return plan.lines(
            f"launchd starts {schedule.name!r} {plan.when(schedule.at, schedule.weekdays_only)}, "
            "or when the computer wakes after that",
            schedule.note,
            f"what it prints goes to {schedule.log}",
            "it runs while you are logged in",
        )

    def list(self) -> tuple[Installed, ...]:
        return tuple(self._installed())

    def remove(self, name: str) -> tuple[str, ...]:
        path = self._path(plan.check_name(name))
        if not path.exists():
            raise plan.unknown_name(name)
        steps.attempt(self._bootout(name))  # an agent that is not loaded is refused, and need not be unloaded
        steps.discard(path)
        return (f"removed {path}",)

    def _folder(self) -> Path:
        return self.folder or Path.home() / "Library" / "LaunchAgents"

    def _path(self, name: str) -> Path:
        return self._folder() / f"{_label(name)}.plist"

    def _steps(self, schedule: Schedule) -> Steps:
        path = self._path(schedule.name)
        unload = self._bootout(schedule.name)
        load = (*self.launchctl, "bootstrap", _domain(), str(path))
        return Steps(
            files=(File(path, plistlib.dumps(agent(schedule), sort_keys=False).decode()),),
            commands=(unload, load),
            tolerated=frozenset({unload}),
            undo_commands=(unload,),
            restore_commands=(load,),
        )

    def _bootout(self, name: str) -> steps.Command:
        return (*self.launchctl, "bootout", f"{_domain()}/{_label(name)}")

    def _installed(self) -> Iterator[Installed]:
        for path in sorted(self._folder().glob(f"{_label('*')}.plist")):
            name = path.stem.removeprefix(_label(""))
            try:
                values = plistlib.loads(path.read_bytes())
            except (plistlib.InvalidFileException, ValueError, OSError) as error:
                raise ConfigError(f"{path} cannot be read: {error}", remedy=f"remove it: {path}") from error
            yield _describe(name, values, self._last_result(name))

    def _last_result(self, name: str) -> str | None:
        printed = steps.attempt((*self.launchctl, "print", f"{_domain()}/{_label(name)}"))
        code = _LAST_EXIT_CODE.search(steps.decoded(printed.stdout))
        return f"exit code {code[1]}" if code else None


def agent(schedule: Schedule) -> dict[str, Any]:
    """The property list by launchd.plist(5): weekday 1 is Monday; no time limit and no second instance by nature."""
    clock = {"Hour": schedule.at.hour, "Minute": schedule.at.minute}
    path = {"EnvironmentVariables": {"PATH": schedule.search_path}} if schedule.search_path else {}
    return {
        "Label": _label(schedule.name),
        "ProgramArguments": list(plan.command(schedule)),
        "WorkingDirectory": str(schedule.directory),
        **path,
        "StartCalendarInterval": [{"Weekday": day, **clock} for day in range(1, 6)]
        if schedule.weekdays_only
        else clock,
        "StandardOutPath": str(schedule.log),
        "StandardErrorPath": str(schedule.log),
        # The default slows processor, disk and network down, as for work that nobody waits for.
        "ProcessType": "Interactive",
    }


def _label(name: str) -> str:
    return f"sfr.{name}"


def _domain() -> str:
    # Only a preview can get here without user numbers.
    return f"gui/{os.getuid()}" if hasattr(os, "getuid") else "gui/$UID"


def _describe(name: str, values: dict[str, Any], last_result: str | None) -> Installed:
    command = shlex.join(values.get("ProgramArguments", ()))
    interval = values.get("StartCalendarInterval", {})
    weekdays_only = isinstance(interval, list)
    clock = (interval[0] if interval else {}) if weekdays_only else interval
    if not {"Hour", "Minute"} <= set(clock):
        return Installed(name, "changed by hand", command, None, last_result)
    at = time(clock["Hour"], clock["Minute"])
    return Installed(name, plan.when(at, weekdays_only), command, plan.next_start_text(at, weekdays_only), last_result)
