"""Shows what a source offers, adds what somebody picks to the list, takes over the settings of another tool."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sfr import wording
from sfr.app import App
from sfr.catalog import Added, append_rows, default_list
from sfr.cli.program import PROGRAM
from sfr.cli.terminal import Terminal, open_log, presentable, print_json
from sfr.connector import Listed
from sfr.exit_codes import OK
from sfr.settings import Settings, load_settings
from sfr.settings.inheritance import withhold_secrets

_NUMBERS = re.compile(r"(\d+)(?:-(\d+))?")


def show_reports(
    *,
    source: str,
    search: str,
    add: bool,
    pick: str | None,
    everything: bool,
    report_list: str | None,
    no_login: bool,
    as_json: bool,
) -> int:
    """List what a source offers, add what was picked; returns the exit code."""
    if pick is not None and everything:
        raise click.UsageError("give --pick or --all, not both")
    asker = Terminal()
    wanted = "all" if everything else pick
    if add and wanted is None and (as_json or not asker.interactive):
        raise click.UsageError("--add asks, and nobody can be asked here: give --pick 1,3-5 or --all too")
    settings = opened_settings(no_login=no_login)
    found = list(App(settings, asker).list_reports(source, search))
    if not as_json:
        _show(found, source, search)
    chosen = _chosen(found, wanted, ask=add)
    usual = default_list(settings)
    path = Path(report_list).expanduser() if report_list else usual
    added = _add(chosen, settings.declared(source).name, path) if chosen else None
    if as_json:
        print_json(_as_json(source, found, added, path))
    elif added is not None:
        _tell(added, path, is_default=path == usual)
    elif found and not (add or wanted):
        click.echo(f"add some to your list: `{PROGRAM} reports {source} --add`")
    return OK


def take_over(*, file: str, dry_run: bool) -> int:
    """Turn a LinkDownloader's settings into ours; returns the exit code."""
    from sfr.import_config import import_config

    found = import_config(Path(file).expanduser(), Path(), dry_run=dry_run)
    for line in found.written:
        click.echo(presentable(f"{'would write' if dry_run else 'written'}: {line}"))
    for line in found.notices:
        click.echo(presentable(f"note: {line}"))
    if not found.written:
        click.echo("nothing was written: everything is set already")
    elif not dry_run:
        click.echo(f"try it with: {PROGRAM} connectors check superset")
    return OK


def opened_settings(*, no_login: bool = False) -> Settings:
    """The settings of a command about sources, with its log open."""
    settings = load_settings({"login": False} if no_login else {})
    withhold_secrets()
    open_log(settings.log_file or settings.private / "sfr.log")
    for notice in settings.notices:
        click.echo(presentable(f"note: {notice}"), err=True)
    return settings


def numbers_of(text: str, most: int) -> list[int]:
    """The numbers that `1,3-5` or `all` stand for, each once. Raises ValueError for what stands for none."""
    if text.strip().lower() == "all":
        return list(range(1, most + 1))
    numbers: list[int] = []
    for part in filter(None, re.split(r"[,;\s]+", re.sub(r"\s*[-–]\s*", "-", text.strip()))):
        match = _NUMBERS.fullmatch(part)
        first = int(match[1]) if match else 0
        last = int(match[2] or first) if match else 0
        if not 1 <= first <= last <= most:
            raise ValueError(f"{part!r} is no number from 1 to {most}, and no range such as 1-{most}")
        numbers += range(first, last + 1)
    return list(dict.fromkeys(numbers))


def _show(found: Sequence[Listed], source: str, search: str) -> None:
    if not found:
        which = f" whose name holds {presentable(search)!r}" if search else ""
        click.echo(f"{presentable(source)} offers no report{which}")
        return
    columns = [name for name in ("folder", "kind") if any(getattr(each, name) for each in found)]
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("no", justify="right", no_wrap=True)
    table.add_column("id", overflow="fold", min_width=min(18, max(len(each.ref) for each in found)))
    table.add_column("name", overflow="fold", ratio=3)
    for column in columns:
        table.add_column(column, overflow="fold", ratio=1)
    for number, each in enumerate(found, 1):
        cells = (str(number), each.ref, each.name, *(getattr(each, column) for column in columns))
        table.add_row(*(Text(presentable(cell)) for cell in cells))
    Console(highlight=False).print(table)


def _chosen(found: Sequence[Listed], wanted: str | None, *, ask: bool) -> list[Listed]:
    """Those with the wanted numbers; without any, a person is asked."""

    def read(text: str) -> list[int]:
        try:
            return numbers_of(text, len(found))
        except ValueError as error:
            raise click.UsageError(str(error)) from error

    if wanted is not None:
        numbers = read(wanted)
    elif ask and found:
        question = "Which ones? (such as 1,3-5, or all; nothing for none)"
        numbers = click.prompt(question, default="", show_default=False, value_proc=read, err=True)
    else:
        numbers = []
    return [found[number - 1] for number in numbers]


def _add(chosen: Sequence[Listed], source: str, path: Path) -> Added:
    return append_rows(path, [{"name": each.name, "id": each.ref, "source": source} for each in chosen])


def _tell(added: Added, path: Path, *, is_default: bool) -> None:
    there = f" ({added.already_there} had been there before)" if added.already_there else ""
    click.echo(f"added {wording.count(len(added.names), 'report')} to {path}{there}")
    for name in added.names:
        click.echo(presentable(f"  {name}"))
    if added.names:
        click.echo(f"fetch with: {PROGRAM}" if is_default else f"fetch with: {PROGRAM} {_quoted(path)}")


def _quoted(path: Path) -> str:
    return f'"{path}"' if " " in str(path) else str(path)


def _as_json(source: str, found: Sequence[Listed], added: Added | None, path: Path) -> dict[str, object]:
    rows = [
        {"number": number, "id": each.ref, "name": each.name, "folder": each.folder, "kind": each.kind}
        for number, each in enumerate(found, 1)
    ]
    told = added and {"list": str(path), "names": list(added.names), "already_there": added.already_there}
    return {"source": source, "reports": rows, "added": told}
