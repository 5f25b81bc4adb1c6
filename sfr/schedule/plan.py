"""The nouns of scheduling: what is run, when, with which arguments, whichever clock is used."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import Protocol

from sfr.errors import ConfigError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A run that starts by itself once a day, at `at` in the time zone of this computer.

    All paths are absolute. `program` is main.py, or None for `python -m sfr`; `directory` is where the run starts,
    so that relative arguments and `.env` are found. `log` receives what a run prints, also when it fails before its
    own log is open; the Windows Task Scheduler cannot redirect and leaves it out. `search_path` is the PATH of the
    run ("" = what the clock gives, which is short). `note` is for the person who installs it.
    """

    name: str
    at: time
    weekdays_only: bool
    arguments: tuple[str, ...]
    python: Path
    program: Path | None
    directory: Path
    log: Path
    search_path: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Installed:
    """An entry found at a clock. `when` and `command` are for reading; None means that the clock does not tell."""

    name: str
    when: str
    command: str
    next_run: str | None = None
    last_result: str | None = None


class Scheduler(Protocol):
    """A clock of the operating system. Every method raises ConfigError when the clock is missing or refuses."""

    @property
    def name(self) -> str:
        """What `--with` calls it."""
        ...

    def preview(self, schedule: Schedule) -> str:
        """What `install` would write and run; changes nothing and works on every platform."""
        ...

    def install(self, schedule: Schedule) -> tuple[str, ...]:
        """Install, replacing an entry of the same name; all or nothing. Returns lines that say what was done."""
        ...

    def list(self) -> tuple[Installed, ...]:
        """The entries made by `install`, and no others."""
        ...

    def remove(self, name: str) -> tuple[str, ...]:
        """Remove an entry. Returns lines that say what was done; an unknown name is a ConfigError."""
        ...


def make_schedule(
    *,
    at: str,
    python: Path,
    program: Path | None,
    directory: Path,
    log: Path,
    name: str | None = None,
    weekdays_only: bool = False,
    arguments: Sequence[str] = (),
    search_path: str = "",
    timezone: tzinfo | None = None,
) -> Schedule:
    """Check everything that can be checked before a clock is asked; raises ConfigError.

    `at` is "07:00". Without a name, a run of failed reports is called "failed" and any other one "daily", so that
    both can be installed side by side. `timezone` is the zone of the dates in report names (SFR_TIMEZONE); where it
    differs from the zone of this computer, the schedule carries a note.
    """
    start = parse_clock(at)
    # A virtual environment's Python is a symbolic link: resolved, it would start outside its environment.
    python, directory, log = python.absolute(), directory.absolute(), log.absolute()
    _require(python.is_file(), f"there is no Python at {python}", "start sfr with the Python that shall run it")
    _require(directory.is_dir(), f"there is no folder {directory}", "create it or choose another one")
    if program is not None:
        program = program.absolute()
        _require(program.is_file(), f"there is no program {program}", "start sfr from its own folder")
    for text in (*arguments, *map(str, (python, program or "", directory, log)), search_path):
        _check_text(text)
    return Schedule(
        name=check_name(name or ("failed" if "--failed" in arguments else "daily")),
        at=start,
        weekdays_only=weekdays_only,
        arguments=tuple(arguments),
        python=python,
        program=program,
        directory=directory,
        log=log,
        search_path=search_path,
        note=_zone_note(start, timezone),
    )


def command(schedule: Schedule, *, scheduled: bool = True) -> tuple[str, ...]:
    """The run as an argument vector; `scheduled=False` is the same run with a person in front of it."""
    program = ("-m", "sfr") if schedule.program is None else (str(schedule.program),)
    return (str(schedule.python), *program, "run", *(("--scheduled",) if scheduled else ()), *schedule.arguments)


def when(at: time, weekdays_only: bool) -> str:
    """The rhythm in words."""
    return f"{'Monday to Friday' if weekdays_only else 'every day'} at {at:%H:%M}"


def next_start(at: time, weekdays_only: bool, now: datetime) -> datetime:
    """The first start after `now`; both are naive and in the time zone of this computer."""
    start = datetime.combine(now.date(), at)
    while start <= now or (weekdays_only and start.isoweekday() > 5):
        start += timedelta(days=1)
    return start


def next_start_text(at: time, weekdays_only: bool) -> str:
    """The first start after this moment, for reading; for clocks that do not tell it themselves."""
    return f"{next_start(at, weekdays_only, datetime.now()):%Y-%m-%d %H:%M}"


def parse_clock(text: str) -> time:
    """Read "07:00" or "7:00"; raises ConfigError."""
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise ConfigError(
            f"--daily {text!r} is no time of day", remedy="write hours and minutes, from 00:00 to 23:59: --daily 07:00"
        )
    return time(int(match[1]), int(match[2]))


def check_name(name: str) -> str:
    """Return a name that every clock and file system accepts; raises ConfigError."""
    _require(
        _NAME.fullmatch(name) is not None,
        f"{name!r} is no name for a schedule",
        "use up to 40 letters, digits and hyphens, starting with a letter or digit",
    )
    return name


def lines(*texts: str) -> tuple[str, ...]:
    """The texts that say something."""
    return tuple(filter(None, texts))


def unknown_name(name: str) -> ConfigError:
    """The error for a name that the clock does not know."""
    return ConfigError(f"there is no schedule named {name!r}", remedy="see their names with: schedule list")


def _require(condition: bool, message: str, remedy: str) -> None:
    if not condition:
        raise ConfigError(message, remedy=remedy)


def _check_text(text: str) -> None:
    # A line break would end the entry in every format used here; the other ones cannot be written in XML or UTF-8.
    bad = next((char for char in text if unicodedata.category(char) in {"Cc", "Cs"} or char in "\ufffe\uffff"), None)
    _require(
        bad is None,
        f"{text!r} holds a character (U+{ord(bad or ' '):04X}) that a schedule cannot hold",
        "rename the file or folder, or leave the argument out",
    )


def _zone_note(at: time, timezone: tzinfo | None) -> str:
    here = datetime.combine(datetime.now().date(), at).astimezone()
    there = here.astimezone(timezone)
    if here.utcoffset() == there.utcoffset():
        return ""
    return f"{here:%H:%M} is the time of this computer; it is {there:%H:%M} then in {timezone} (SFR_TIMEZONE)"
