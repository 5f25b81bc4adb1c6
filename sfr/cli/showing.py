"""The demonstration: the real pipeline against a small org on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import click

from sfr.app import App
from sfr.cli.actions import show_result
from sfr.cli.terminal import Terminal, open_log, watcher_for
from sfr.model import Report
from sfr.settings import default_settings

MOST_ATTEMPTS = 4  # one of the faults is cut for ever, and a demonstration must end


def run_demo(*, faults: bool, output: str) -> int:
    """Start the org, fetch its reports with the real pipeline, show everything; returns the exit code.

    Settings are the defaults: somebody's own history and summary file are no place for demonstrations.
    """
    from sfr.demo.login import log_in
    from sfr.demo.org import DEMO_PASSWORD, DEMO_USERNAME, OrgProcess
    from sfr.demo.plan import DEMO_REPORTS, FAULT_REPORTS, plan_of

    rows = (*DEMO_REPORTS, *FAULT_REPORTS) if faults else DEMO_REPORTS
    folder = str(Path(output).absolute())
    reports = [Report(name=row.name, ref=row.id, folder=folder, template=row.name) for row in rows]
    os.environ["no_proxy"] = "127.0.0.1"  # a company's proxy cannot reach an org on this machine
    with OrgProcess(plan_of(rows)) as org:
        settings = default_settings(
            domain=org.url, output=Path(output), login=False, max_attempts=MOST_ATTEMPTS if faults else None
        )
        open_log(settings.private / "sfr.log")
        click.echo(f"A small org runs at {org.url} with {len(rows)} reports: one is refused")
        click.echo("and then cut, one is big, one is full of quotes, and the session ends midway.")
        if faults:
            click.echo(f"{len(FAULT_REPORTS)} of them cannot succeed.")
        sign_in = {"salesforce": lambda _dead: log_in(org.url, DEMO_USERNAME, DEMO_PASSWORD)}
        app = App(settings, Terminal(silent=True), sign_in)
        result = app.run(reports, watcher_for(quiet=False, scheduled=False, silent=False), "the demonstration")
    return show_result(result)
