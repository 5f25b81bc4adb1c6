"""What `schedule` does: make, list and remove entries of the system's clock."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from sfr.errors import ConfigError
from sfr.exit_codes import OK
from sfr.schedule.install import named, system
from sfr.schedule.plan import Schedule, Scheduler, make_schedule
from sfr.settings import load_settings


def change_schedule(
    *,
    action: str | None,
    name: str | None,
    daily: str | None,
    weekdays: bool,
    failed: bool,
    report_list: str | None,
    entry: str | None,
    kind: str | None,
    preview: bool,
) -> int:
    """Do what was asked; returns the exit code."""
    if action == "list":
        return _list(_scheduler(kind))
    if action == "remove":
        for line in _scheduler(kind).remove(name or entry or "daily"):
            click.echo(line)
        return OK
    if daily is None:
        raise click.UsageError("say when: --daily 07:00 (or `schedule list`, `schedule remove NAME`)")
    if failed and report_list:
        raise click.UsageError("--failed takes what the run before did not bring, so it goes with no --list")
    if report_list and not Path(report_list).is_file():
        raise ConfigError(f"the list {report_list} does not exist", remedy="name one that does, or write it first")
    arguments = (["--failed"] if failed else []) + ([report_list] if report_list else [])
    wanted = _schedule(entry, daily, arguments, weekdays=weekdays)
    scheduler = _scheduler(kind)  # last, since what was typed may be wrong whatever this computer has
    if preview:
        click.echo(scheduler.preview(wanted))
        return OK
    for line in scheduler.install(wanted):
        click.echo(line)
    return OK


def _scheduler(kind: str | None) -> Scheduler:
    return named(kind) if kind else system()


def _schedule(name: str | None, daily: str, arguments: list[str], *, weekdays: bool) -> Schedule:
    main, settings = Path(sys.argv[0]).resolve(), load_settings()
    return make_schedule(
        name=name,
        at=daily,
        weekdays_only=weekdays,
        arguments=arguments,
        python=Path(sys.executable),
        program=main if main.name == "main.py" else None,
        directory=Path.cwd(),
        log=settings.private.absolute() / "schedule.log",
        search_path=os.environ.get("PATH", ""),
        timezone=ZoneInfo(settings.timezone),
    )


def _list(scheduler: Scheduler) -> int:
    entries = scheduler.list()
    if not entries:
        click.echo(f"no schedule of sfr in {scheduler.name}")
    for entry in entries:
        click.echo(f"{entry.name}: {entry.when}")
        click.echo(f"  {entry.command}")
        for what, value in (("next run", entry.next_run), ("last result", entry.last_result)):
            if value:
                click.echo(f"  {what}: {value}")
    return OK
