"""Shows the links by which the files of a past run may be fetched, and makes new ones."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing
from dataclasses import replace

import click

from sfr.app import App
from sfr.cli.terminal import Terminal, complain, print_json
from sfr.errors import ConfigError, SfrError
from sfr.exit_codes import FAILED, OK
from sfr.history import History
from sfr.model import Result, Run
from sfr.settings import Settings, load_settings
from sfr.shelf_keeper import ShelfKeeper
from sfr.summary.places import elsewhere, until

_REPLACED = "another file has taken its place since, and the link leads to that one"


def show_links(*, run_id: str, output: str | None, renew: bool, as_json: bool) -> int:
    """Print where the files of a run lie and the links to them; returns the exit code.

    With `renew` every link is made anew and written down; 1 where one could not be.
    """
    settings = load_settings({"output": output})
    with App(settings, Terminal(silent=True)).history() as history:
        run = history.last_run() if run_id == "last" else history.run(run_id)
        if run is None:
            raise ConfigError(f"no run {run_id!r} in this history", remedy="`sfr history` lists them")
        results = [result for result in history.results(run.id) if elsewhere(result)]
        failed = False
        if renew:
            results, failed = _renewed(results, history, settings)
        results = [_marked(result, history.replaced(result.outcome)) for result in results]
    _print(run, results, as_json=as_json)
    return FAILED if failed else OK


def _renewed(results: list[Result], history: History, settings: Settings) -> tuple[list[Result], bool]:
    found, failed = [], False
    with closing(ShelfKeeper(settings)) as shelves:
        for result in results:
            deliveries = []
            for each in result.outcome.deliveries:
                try:
                    deliveries.append(shelves.link(each))
                except SfrError as error:
                    complain(f"{result.job.report.name}, {each.destination}: {error.message}", error.remedy)
                    deliveries.append(each)
                    failed = True
            outcome = replace(result.outcome, deliveries=tuple(deliveries))
            history.renew_links(outcome)
            found.append(replace(result, outcome=outcome))
    return found, failed


def _marked(result: Result, replaced: Collection[str]) -> Result:
    """The result, with a warning beside each file that another one has taken the place of."""
    deliveries = (
        replace(each, warnings=(_REPLACED,)) if each.location in replaced and not each.warnings else each
        for each in result.outcome.deliveries
    )
    return replace(result, outcome=replace(result.outcome, deliveries=tuple(deliveries)))


def _print(run: Run, results: list[Result], *, as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {"run": run.id, "report": result.job.report.name, **each.to_dict()}
                for result in results
                for each in elsewhere(result)
            ]
        )
        return
    if not results:
        click.echo(f"run {run.id} brought nothing to places with links")
    for result in results:
        for each in elsewhere(result):
            click.echo(f"{result.job.report.name}  {each.destination}: {each.location}")
            click.echo(f"  {each.link}  ({until(each)})" if each.link else "  no link")
            for warning in each.warnings:
                click.echo(f"  ! {warning}")
