"""The user's crontab: one marked line per schedule, every other line untouched byte for byte."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from datetime import time
from typing import ClassVar

from sfr.errors import ConfigError
from sfr.schedule import plan, steps
from sfr.schedule.plan import Installed, Schedule

# The mark stands at the end of the line, where /bin/sh takes it for a comment: an entry can never lose its mark.
_MARKED = re.compile(rb"^(?P<entry>.*) # sfr:(?P<name>[A-Za-z0-9-]+)[ \t]*$")
_ENTRY = re.compile(r"(?P<minute>\d+) (?P<hour>\d+) \* \* (?P<days>\*|1-5) (?P<command>.*)")


@dataclass(frozen=True, slots=True)
class Cron:
    """`crontab` is the command to call, with options such as `-u`. Cron does not catch up a start it missed."""

    crontab: tuple[str, ...] = ("crontab",)
    name: ClassVar[str] = "cron"

    def preview(self, schedule: Schedule) -> str:
        return f"# line in the crontab (crontab -e)\n{entry(schedule)}\n"

    def install(self, schedule: Schedule) -> tuple[str, ...]:
        line = entry(schedule)
        steps.make_folder(schedule.log.parent)
        self._write(with_entry(self._read(), schedule.name, line))
        return plan.lines(
            f"cron starts {schedule.name!r} {plan.when(schedule.at, schedule.weekdays_only)}",
            schedule.note,
            f"what it prints goes to {schedule.log}",
            "cron skips a start while the computer is off",
        )

    def list(self) -> tuple[Installed, ...]:
        marks = (_MARKED.match(line) for line in self._read().splitlines())
        return tuple(_installed(mark["name"].decode(), steps.decoded(mark["entry"])) for mark in marks if mark)

    def remove(self, name: str) -> tuple[str, ...]:
        before = self._read()
        after = without_entry(before, plan.check_name(name))
        if after == before:
            raise plan.unknown_name(name)
        self._write(after)
        return (f"removed {name!r} from the crontab",)

    def _read(self) -> bytes:
        argv = (*self.crontab, "-l")
        done = steps.attempt(argv)
        if done.returncode == 0:
            return done.stdout
        if b"no crontab" in done.stderr:
            return b""
        raise ConfigError(
            f"{steps.readable(argv)} refused: {steps.decoded(done.stderr).strip()}",
            remedy="ask the administrator of this computer to allow cron (/etc/cron.allow)",
        )

    def _write(self, text: bytes) -> None:
        steps.call((*self.crontab, "-" if text else "-r"), text)


def entry(schedule: Schedule) -> str:
    """The crontab line; raises ConfigError for a text that cron cannot carry.

    An unescaped % ends the command and starts its standard input (crontab(5)). About a backslash before anything
    but % the cron programs differ: vixie-cron drops one of two, cronie keeps both. So none is written.
    """
    path = f"PATH={shlex.quote(schedule.search_path)} " if schedule.search_path else ""
    run = f"{path}{shlex.join(plan.command(schedule))} >> {shlex.quote(str(schedule.log))} 2>&1"
    shell = f"cd {shlex.quote(str(schedule.directory))} && {run}"
    if "\\" in shell:
        raise ConfigError(
            "a crontab line cannot hold a backslash, and the command has one",
            remedy="rename the file or folder, or use --with systemd",
        )
    days = "1-5" if schedule.weekdays_only else "*"
    escaped = shell.replace("%", "\\%")
    return f"{schedule.at.minute} {schedule.at.hour} * * {days} {escaped} # sfr:{schedule.name}"


def with_entry(crontab: bytes, name: str, line: str) -> bytes:
    """The crontab with `line` as the only entry of that name."""
    rest = without_entry(crontab, name)
    separator = b"" if not rest or rest.endswith(b"\n") else b"\n"
    return rest + separator + line.encode() + b"\n"


def without_entry(crontab: bytes, name: str) -> bytes:
    """The crontab without entries of that name."""
    return b"".join(line for line in crontab.splitlines(keepends=True) if not _is_entry(line, name))


def _is_entry(line: bytes, name: str) -> bool:
    mark = _MARKED.match(line.rstrip(b"\r\n"))
    return mark is not None and mark["name"] == name.encode()


def _installed(name: str, text: str) -> Installed:
    known = _ENTRY.fullmatch(text)
    if known is None:  # somebody edited the line or commented it out: shown as it is
        return Installed(name, "changed by hand", text)
    at, weekdays_only = time(int(known["hour"]), int(known["minute"])), known["days"] == "1-5"
    shell = known["command"].replace("\\%", "%")
    return Installed(name, plan.when(at, weekdays_only), shell, plan.next_start_text(at, weekdays_only))
