"""What the commands about reports and sessions do: settings in, one verb of the App, words and an exit code out."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click

from sfr import wording
from sfr.app import App, RunResult
from sfr.binding import with_workbooks
from sfr.catalog import parse_reports, read_list, select
from sfr.cli.naming import Named
from sfr.cli.program import rerun_command, typed
from sfr.cli.terminal import (
    Terminal,
    complain,
    open_log,
    output_may_end,
    presentable,
    print_json,
    read_session,
    watcher_for,
)
from sfr.exit_codes import FAILED, LOGIN, OK, login_refused
from sfr.model import Report, Status
from sfr.redaction import redact
from sfr.rerun import list_name_of
from sfr.settings import Settings, load_settings
from sfr.settings.inheritance import withhold_secrets

log = logging.getLogger("sfr.cli")


def run_reports(
    *,
    words: Sequence[str],
    commands: Sequence[str],
    single: Sequence[str],
    only: Sequence[str],
    tag: Sequence[str],
    failed: bool,
    unverified: bool,
    dry_run: bool,
    quiet: bool,
    as_json: bool,
    scheduled: bool,
    **options: Any,
) -> int:
    """Run what the command line names; returns the exit code."""
    if sum(map(bool, (words, single, failed))) > 1:
        raise click.UsageError("give a list, or --report, or --failed: only one of them")
    if unverified and not failed:
        raise click.UsageError("--unverified goes with --failed")
    asker = Terminal(silent=scheduled)
    named = Named.of(words, commands)
    settings = _settings(asker, named, scheduled=scheduled, **options)
    app = App(settings, asker)
    reports, where = _reports(app, settings, named, single, failed=failed, unverified=unverified)
    if failed and not reports:
        return _nothing_to_do(where, scheduled=scheduled, as_json=as_json)
    reports = select(reports, only, tag) if only or tag else reports
    if dry_run:
        from sfr.cli.past import show_plan

        return show_plan(with_workbooks(reports), settings, where, as_json=as_json)
    result = app.run(reports, watcher_for(quiet=quiet, scheduled=scheduled, silent=as_json), where)
    return show_result(
        result, rerun=rerun_command(options["output"]), quiet=quiet, scheduled=scheduled, as_json=as_json
    )


def _nothing_to_do(where: str, *, scheduled: bool, as_json: bool) -> int:
    log.info("nothing to do: %s brought every report", where)
    if as_json:
        print_json({"run": None, "exit_code": OK, "files": {}, "results": []})
    elif not scheduled:
        click.echo(f"nothing to do: {where} brought every report")
    return OK


def show_result(
    result: RunResult, *, rerun: str = "", quiet: bool = False, scheduled: bool = False, as_json: bool = False
) -> int:
    """Say how a run ended, and the command `rerun` that fetches the rest; returns the exit code."""
    if as_json:
        print_json(_as_json(result))
    elif not scheduled and not quiet:
        from rich.console import Console

        from sfr.summary import print_summary

        with output_may_end():
            click.echo()
            print_summary(result.run, result.results, Console(), files=result.files, rerun=rerun)
    for problem in result.problems:
        complain(problem)
    if result.exit_code == FAILED and (quiet or scheduled) and not as_json:
        _tell_of_no_start(result)
    if result.exit_code == LOGIN:
        _tell_of_login(result, rerun)
    log.info("run %s ended with exit code %d", result.run.id, result.exit_code)
    return result.exit_code


def _tell_of_login(result: RunResult, rerun: str) -> None:
    """Whoever does not let us in, a source or a destination; the first of them stands for all."""
    lacking = (each for each in result.results if each.outcome.status is Status.SKIPPED or login_refused(each.outcome))
    first = next(lacking, None)
    why = first.outcome.error if first else ""
    advice = "run `sfr login` where somebody can answer, then"
    if first and first.outcome.remedy and (login_refused(first.outcome) or first.job.report.source != "salesforce"):
        advice = f"{wording.sentence(first.outcome.remedy)} Then"
    complain(f"login needed. {why}", f"{advice} `{rerun}`")


def _tell_of_no_start(result: RunResult) -> None:
    """Without a session no report was begun, so that nobody who wants few words has heard of it."""
    outcomes = [entry.outcome for entry in result.results]
    if outcomes and all(each.status is Status.SKIPPED for each in outcomes):
        complain(f"nothing was fetched: {outcomes[0].error}", outcomes[0].remedy)


def check_access(**options: Any) -> int:
    """Show the chain; 0 when a session is there, 3 when not."""
    from sfr.settings.configured import configure
    from sfr.sources.salesforce.access import Access

    asker = Terminal()
    settings = _settings(asker, **options)
    click.echo(f"org      {settings.require_domain()}")
    steps = Access(configure(settings, "salesforce").config, asker).steps()
    for number, step in enumerate(steps, 1):
        click.echo(redact(f"{number}. {step.link:<24} {step.reason:<16} {step.detail}".rstrip()))
    there = any(step.reason == "ok" for step in steps)
    missing = typed("no session yet: `sfr login` gets one, and a run asks by itself")
    click.echo("a session is there" if there else missing)
    return OK if there else LOGIN


def log_in(**options: Any) -> int:
    """Get a session; AuthError (exit code 3) without one."""
    from sfr.settings.configured import configure
    from sfr.sources.salesforce.access import Access

    asker = Terminal()
    settings = _settings(asker, **options)
    found = Access(configure(settings, "salesforce").config, asker).sign_in()
    click.echo(f"logged in to {settings.require_domain()} ({found.link})")
    return OK


def log_out(*, domain: str | None, everything: bool) -> int:
    """Forget the session."""
    from sfr.settings.configured import configure
    from sfr.sources.salesforce.access import Access

    asker = Terminal(silent=True)
    config = configure(_settings(asker, domain=domain), "salesforce").config
    for line in Access(config, asker).sign_out(everything=everything):
        click.echo(line)
    return OK


def _settings(
    asker: Terminal,
    named: Named | None = None,
    *,
    sid_stdin: bool = False,
    no_login: bool = False,
    scheduled: bool = False,
    deadline: str | None = None,
    **options: Any,
) -> Settings:
    overrides = {**options, "deadline_seconds": deadline, "report_list": named.report_list if named else None}
    if sid_stdin:
        overrides["sid"] = read_session(asker)
        if not overrides["sid"]:
            raise click.UsageError("--sid-stdin: nothing came on standard input")
    if no_login or scheduled:
        overrides["login"] = False
    settings = load_settings(overrides)
    if named:
        named.check(settings)  # before there is a log: a mistyped word leaves nothing behind
    withhold_secrets()
    open_log(settings.log_file or settings.private / "sfr.log")
    for notice in settings.notices:
        log.warning("%s", notice)
        asker.say(f"note: {notice}")
    return settings


def _reports(
    app: App, settings: Settings, named: Named, single: Sequence[str], *, failed: bool, unverified: bool
) -> tuple[list[Report], str]:
    """What is to be fetched, and what to call the place where that is written."""
    if failed:
        run, reports = app.unfinished(unverified=unverified)
        return [_as_asked_now(report, settings) for report in reports], list_name_of(run)
    if single:
        return parse_reports(single, settings, app.now(), _notify), "--report"
    return named.reports(settings, lambda path: read_list(path, settings, app.now(), _notify))


def _as_asked_now(report: Report, settings: Settings) -> Report:
    """A report of an earlier run, with what is wished today beside what was wished then."""
    return replace(report, excel=report.excel or settings.excel, keep_footer=report.keep_footer or settings.keep_footer)


def _notify(text: str) -> None:
    log.warning("%s", text)
    click.echo(presentable(f"note: {text}"), err=True)


def _as_json(result: RunResult) -> dict[str, Any]:
    return {
        "run": result.run.to_dict(),
        "exit_code": result.exit_code,
        "files": {word: str(path) for word, path in result.files.items()},
        "results": [{"report": entry.job.report.to_dict(), **entry.outcome.to_dict()} for entry in result.results],
    }
