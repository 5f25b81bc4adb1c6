"""Shows the types of sources with their settings, tries the configured ones, and begins new connectors."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

import sfr
from sfr import __version__
from sfr.cli.declared import Connector, Setting, common_settings, connectors_of, find_connector
from sfr.cli.program import PROGRAM
from sfr.cli.terminal import presentable, print_json
from sfr.errors import ConfigError
from sfr.exit_codes import FAILED, OK
from sfr.settings import load_settings

log = logging.getLogger("sfr.cli")


def show_or_check(*, what: str | None, name: str | None, no_login: bool, as_json: bool) -> int:
    """All types, one of them, or a try of the configured sources; returns the exit code."""
    if what == "check":
        from sfr.cli.trying import try_them

        return try_them(name, no_login=no_login, as_json=as_json)
    if name is not None:
        raise click.UsageError(f"after the type {what} comes nothing; `connectors check {name}` tries a source")
    return _show_all(as_json=as_json) if what is None else _show_one(what, as_json=as_json)


def begin_connector(*, action: str, name: str, kind: str, folder: str) -> int:
    """Write the package of a new connector; returns the exit code."""
    from sfr.kit import write_package
    from sfr.plugins import DESTINATIONS, SOURCES

    assert action == "new"
    if name in (SOURCES if kind == "source" else DESTINATIONS):
        raise ConfigError(f"sfr has a {kind} {name} of its own", reason="name", remedy="Choose another name.")
    place = write_package(name, kind, Path(folder), __version__)
    connector_file = place / f"sfr_{name}".replace("-", "_") / f"{kind}.py"
    click.echo(f"written: {place}")
    if not _is_installed():
        click.echo(f'    python -m pip install -e "{Path(sfr.__file__).resolve().parents[1]}"')
    click.echo(f"    cd {place}")
    click.echo('    python -m pip install -e ".[test]"')
    click.echo("    python -m pytest")
    click.echo(f"then make {connector_file} your own")
    return OK


def _is_installed() -> bool:
    """Whether pip knows sfr. Where it only runs from its folder, a package that needs it cannot be installed."""
    try:
        distribution("sfr")
    except PackageNotFoundError:
        return False
    return True


def _show_all(*, as_json: bool) -> int:
    settings = load_settings()
    types = [*connectors_of("source"), *connectors_of("destination")]
    mine = [(name, settings.source_type(name)) for name in settings.source_names()]
    if as_json:
        print_json(
            {
                "connectors": [each.to_dict() for each in types],
                "every_source": [setting.to_dict() for setting in common_settings()],
                "configured": [{"name": name, "type": kind} for name, kind in mine],
            }
        )
        return OK
    console = Console(highlight=False)
    console.print(_table_of_types(types))
    for each in types:
        if each.settings:
            _print_settings(console, f"{each.kind} {each.name}", each.settings)
    _print_settings(console, "every source", common_settings())
    click.echo("\nyour sources")
    for name, kind in mine:
        click.echo(presentable(f"  {name:<16} {kind}"))
    click.echo("\nA further one has a name, a type and settings: SFR_BI_TYPE=superset, SFR_BI_URL=… in .env,")
    click.echo(f"or a table [bi] in {settings.sources_file}. Try them with: {PROGRAM} connectors check")
    click.echo(f"A secret stays out of all files with: {PROGRAM} credentials set bi.password")
    return OK


def _show_one(name: str, *, as_json: bool) -> int:
    found = find_connector(name, load_settings())
    if as_json:
        print_json(found.to_dict())
        return OK
    console = Console(highlight=False)
    console.print(Text(presentable(f"{found.name}: {found.help}")))
    console.print(Text(presentable(f"{found.kind}, {found.package}")))
    if found.problem:
        console.print(Text(presentable(found.problem)))
        return FAILED
    _print_settings(console, "settings", found.settings)
    if found.options:
        _print_settings(console, "options of its reports, in the list", found.options)
    if found.kind == "source":
        _print_settings(console, "as for every source", common_settings(found.name))
    return OK


def _table_of_types(types: Iterable[Connector]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("type", "kind", "from"):
        table.add_column(column, no_wrap=True)
    table.add_column("what it is", overflow="fold")
    for each in types:
        cells = (each.name, each.kind, each.package, each.problem or each.help)
        table.add_row(*(Text(presentable(cell)) for cell in cells))
    return table


def _print_settings(console: Console, title: str, settings: Iterable[Setting]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column(title, overflow="fold", min_width=20)
    table.add_column("default", overflow="fold", min_width=8)
    table.add_column("meaning", overflow="fold", ratio=1)
    for setting in settings:
        table.add_row(*(Text(presentable(cell)) for cell in (setting.key, setting.value, setting.meaning)))
    console.print()
    console.print(table)
