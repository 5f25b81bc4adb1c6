"""Shows what is not happening now: past runs, and a run that was only planned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sfr import wording
from sfr.app import App
from sfr.cli.program import rerun_command
from sfr.cli.terminal import Terminal, print_json
from sfr.errors import BrokenConnector, ConfigError
from sfr.exit_codes import OK
from sfr.history import History
from sfr.model import WORKBOOK, Place, Report, Run, Status
from sfr.redaction import redact
from sfr.settings import Settings, load_settings
from sfr.settings.configured import configure, configure_destination
from sfr.terminal_text import one_line


def show_history(*, run_id: str | None, output: str | None, limit: int, as_json: bool) -> int:
    """List runs, or show one; returns the exit code."""
    settings = load_settings({"output": output})
    with App(settings, Terminal(silent=True)).history() as history:
        if run_id is None:
            return _list_runs(history, settings, limit, as_json=as_json)
        return _show_run(history, run_id, rerun_command(output), as_json=as_json)


def _list_runs(history: History, settings: Settings, limit: int, *, as_json: bool) -> int:
    runs = history.runs(limit)
    if as_json:
        print_json([{**run.to_dict(), "counts": _words(counts)} for run, counts in runs])
        return OK
    if not runs:
        click.echo("no run yet")
        return OK
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("run", "started", "exit", "reports", "list"):
        table.add_column(column, no_wrap=column != "list", overflow="fold")
    for run, counts in runs:
        table.add_row(run.id, _when(run.started_at, settings), _end(run), _tally(counts), Text(one_line(run.list_name)))
    Console().print(table)
    return OK


def _show_run(history: History, run_id: str, rerun: str, *, as_json: bool) -> int:
    last = history.last_run()
    run = last if run_id == "last" else history.run(run_id)
    if last is None:
        raise ConfigError("no run yet in this history", remedy="Look whether --output names the right one.")
    if run is None:
        raise ConfigError(f"no run {run_id!r} in this history", remedy="`sfr history` lists them")
    results = list(history.results(run.id))
    if as_json:
        print_json({**run.to_dict(), "results": [result.to_dict() for result in results]})
        return OK
    from sfr.summary import print_summary

    print_summary(run, results, Console(), rerun=rerun if run == last else "")  # --failed means the last run
    return OK


def show_plan(reports: Sequence[Report], settings: Settings, where: str, *, as_json: bool) -> int:
    """What a run would fetch; no server is asked. Raises ConfigError when a source or a destination lacks a setting."""
    sources = list(dict.fromkeys(report.source for report in reports))
    for name in sources:
        if name != "salesforce" or settings.domain:  # without an org a list may be looked at all the same
            with suppress(BrokenConnector):
                configure(settings, name)
    for name in sorted({place.destination for report in reports for place in report.places} - {FOLDER}):
        with suppress(BrokenConnector):
            configure_destination(settings, name)
    if as_json:
        plan = {"list": where, "domain": settings.domain, "reports": [report.to_dict() for report in reports]}
        print_json(plan)
        return OK
    columns = [column for column in _PLAN if column in _ALWAYS or any(_PLAN[column](report) for report in reports)]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=column == "id", overflow="fold")
    for report in reports:
        table.add_row(*(Text(one_line(_PLAN[column](report))) for column in columns))
    Console().print(table)
    places = [_place(name, settings) for name in sources if name != WORKBOOK]
    count = wording.count(len(reports), "report")
    click.echo(f"{count} of {where} would be fetched from {', '.join(places)}; nothing was done")
    return OK


def _place(source: str, settings: Settings) -> str:
    if source != "salesforce":
        return source
    return settings.domain or "an org that SFDC_DOMAIN does not name yet"


def _window(report: Report) -> str:
    return f"{report.window.start[:16]} – {report.window.end[:16]}" if report.window else ""


FOLDER = "folder"

_ALWAYS = ("name", "id", "goes to")
_PLAN: dict[str, Callable[[Report], str]] = {
    "name": lambda report: report.name,
    "source": lambda report: "" if report.source == "salesforce" else report.source,
    "id": lambda report: redact(report.ref),
    "format": lambda report: report.shape.format,
    "goes to": lambda report: "; ".join(_goes_to(report, place) for place in report.places),
    "window": _window,
    "params": lambda report: redact("&".join(f"{name}={value}" for name, value in report.params)),
    "tags": lambda report: " ".join(report.tags),
}


def _goes_to(report: Report, place: Place) -> str:
    """A folder, or another place and the path there, and what happens to what is there unless that is replaced."""
    update = place.update or report.update
    how = f" ({update})" if update != "replace" else ""
    if place.destination == FOLDER:
        return str(Path(_shown(report.folder)) / place.path) + how
    return f"{place.destination}: {place.path or report.name}{how}"


def _shown(folder: str) -> str:
    """Short where it lies below the current directory, as people write it in a list."""
    here = Path.cwd()
    return str(Path(folder).relative_to(here)) if Path(folder).is_relative_to(here) else folder


def _words(counts: dict[Status, int]) -> dict[str, int]:
    return {status.value: count for status, count in counts.items()}


def _tally(counts: dict[Status, int]) -> str:
    return ", ".join(f"{count} {status.value}" for status, count in counts.items() if count)


def _end(run: Run) -> str:
    return "-" if run.exit_code is None else str(run.exit_code)


def _when(epoch_seconds: float, settings: Settings) -> str:
    return datetime.fromtimestamp(epoch_seconds, ZoneInfo(settings.timezone)).strftime("%Y-%m-%d %H:%M")
