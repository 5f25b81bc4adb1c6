"""A systemd user timer: its two unit files and the quoting that systemd wants in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from sfr.errors import ConfigError
from sfr.schedule import plan, steps
from sfr.schedule.plan import Installed, Schedule
from sfr.schedule.steps import File, Steps

_PLAIN_WORD = re.compile(r"[A-Za-z0-9_/.,:=@+-]+")
_WHEN = re.compile(r"^OnCalendar=(Mon\.\.Fri )?\*-\*-\* (\d\d:\d\d):00$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Systemd:
    """`systemctl` is the command that reaches the user's manager, `folder` where units are (None = usual)."""

    systemctl: tuple[str, ...] = ("systemctl", "--user")
    folder: Path | None = None
    name: ClassVar[str] = "systemd"

    def preview(self, schedule: Schedule) -> str:
        return self._steps(schedule).preview()

    def install(self, schedule: Schedule) -> tuple[str, ...]:
        # systemd creates the log file but not its folder, and fails with 209/STDOUT without it.
        steps.make_folder(schedule.log.parent)
        self._steps(schedule).install()
        return plan.lines(
            f"systemd starts {schedule.name!r} {plan.when(schedule.at, schedule.weekdays_only)}, "
            "or as soon as it can when that was missed",
            schedule.note,
            f"what it prints goes to {schedule.log}",
            "it runs while you are logged in; to run it without: loginctl enable-linger",
        )

    def list(self) -> tuple[Installed, ...]:
        return tuple(self._installed())

    def remove(self, name: str) -> tuple[str, ...]:
        timer, service = self._paths(plan.check_name(name))
        if not timer.exists():
            raise plan.unknown_name(name)
        steps.call((*self.systemctl, "disable", "--now", timer.name))
        # Its memory of the last start, else a later timer of this name would catch up at once. Not before systemd 243.
        steps.attempt((*self.systemctl, "clean", "--what=state", timer.name))
        steps.discard(timer)
        steps.discard(service)
        steps.call((*self.systemctl, "daemon-reload"))
        return (f"removed {timer} and {service.name}",)

    def running(self) -> bool:
        """Whether the user's systemd manager answers."""
        return steps.attempt((*self.systemctl, "show", "--property=Version")).returncode == 0

    def _folder(self) -> Path:
        from platformdirs.unix import Unix

        return self.folder or Unix("systemd").user_config_path / "user"

    def _paths(self, name: str) -> tuple[Path, Path]:
        return self._folder() / f"sfr-{name}.timer", self._folder() / f"sfr-{name}.service"

    def _steps(self, schedule: Schedule) -> Steps:
        timer, service = self._paths(schedule.name)
        reload = (*self.systemctl, "daemon-reload")
        enable = (*self.systemctl, "enable", timer.name)
        # `enable --now` leaves a timer that is already active as it was, with its old time.
        restart = (*self.systemctl, "restart", timer.name)
        return Steps(
            files=(File(service, service_unit(schedule)), File(timer, timer_unit(schedule))),
            commands=(reload, enable, restart),
            undo_commands=((*self.systemctl, "disable", "--now", timer.name),),
            restore_commands=(reload, enable, restart),
        )

    def _installed(self) -> Iterator[Installed]:
        for timer in sorted(self._folder().glob("sfr-*.timer")):
            name = timer.stem.removeprefix("sfr-")
            service = timer.with_suffix(".service")
            rhythm = _WHEN.search(timer.read_text(encoding="utf-8", errors="replace"))
            yield Installed(
                name,
                f"{'Monday to Friday' if rhythm[1] else 'every day'} at {rhythm[2]}" if rhythm else "changed by hand",
                _line(service, "ExecStart="),
                self._property(timer.name, "NextElapseUSecRealtime"),
                self._last_result(service.name),
            )

    def _last_result(self, service: str) -> str | None:
        ended = self._property(service, "ExecMainExitTimestamp")
        return ended and f"exit code {self._property(service, 'ExecMainStatus')} ({ended})"

    def _property(self, unit: str, name: str) -> str | None:
        return steps.call((*self.systemctl, "show", unit, f"--property={name}", "--value")).strip() or None


def timer_unit(schedule: Schedule) -> str:
    """The timer. A time without a zone is local (systemd.time(7)); Persistent catches up a missed start."""
    days = "Mon..Fri " if schedule.weekdays_only else ""
    return f"""[Unit]
Description=sfr {schedule.name}: {plan.when(schedule.at, schedule.weekdays_only)}

[Timer]
OnCalendar={days}*-*-* {schedule.at:%H:%M}:00
Persistent=true

[Install]
WantedBy=timers.target
"""


def service_unit(schedule: Schedule) -> str:
    """The run itself. A oneshot service has no time limit of its own (systemd.service(5), TimeoutStartSec)."""
    # systemd cuts blanks at the end of a line and joins it to the next after a backslash: the slash prevents both.
    directory = f"{schedule.directory}/".replace("%", "%%")
    log = str(schedule.log).replace("%", "%%")
    path = f"Environment={word(f'PATH={schedule.search_path}')}\n" if schedule.search_path else ""
    return f"""[Unit]
Description=sfr {schedule.name}

[Service]
Type=oneshot
WorkingDirectory={directory}
{path}ExecStart={exec_start(plan.command(schedule))}
StandardOutput=append:{log}
StandardError=inherit
"""


def exec_start(argv: tuple[str, ...]) -> str:
    """A command line for ExecStart=; raises ConfigError for a program that systemd cannot name.

    Variables ($) are replaced in every word the program is given, its own name included, but not in the path that is
    started; so no way of writing a program with $ is right for both.
    """
    program, *arguments = argv
    if "$" in program:
        raise ConfigError(
            f"systemd cannot start a program with $ in its path: {program}", remedy="use the Python of another folder"
        )
    return " ".join([word(program), *(word(argument.replace("$", "$$")) for argument in arguments)])


def word(text: str) -> str:
    """One word by the quoting rules of systemd.syntax(7); % would otherwise start a specifier (systemd.unit(5))."""
    if _PLAIN_WORD.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _line(unit: Path, key: str) -> str:
    lines = unit.read_text(encoding="utf-8", errors="replace").splitlines() if unit.exists() else []
    return next((line.removeprefix(key) for line in lines if line.startswith(key)), "")
