"""Tries the sources and destinations that somebody has named, and says how each of them took it."""

from __future__ import annotations

import logging
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import click

from sfr.app import App
from sfr.cli.program import PROGRAM
from sfr.cli.sources import opened_settings
from sfr.cli.terminal import Terminal, presentable, print_json
from sfr.errors import AuthError, ConfigError, SfrError
from sfr.exit_codes import CONFIGURATION, FAILED, LOGIN, OK
from sfr.plugins import source_types
from sfr.settings import Settings
from sfr.settings.secret_fields import unknown_name
from sfr.shelf_keeper import ShelfKeeper

log = logging.getLogger("sfr.cli")


@dataclass(frozen=True, slots=True)
class _Tried:
    """How the try of a source or destination ended; no error is a good one."""

    name: str
    kind: str
    error: SfrError | None = None

    def to_dict(self) -> dict[str, Any]:
        error = self.error
        told = error and {"reason": error.reason, "error": presentable(error.message), "remedy": error.remedy}
        return {"name": self.name, "type": self.kind, "ok": error is None, **(told or {})}


def try_them(name: str | None, *, no_login: bool, as_json: bool) -> int:
    """All of them, or the one of that name; returns the exit code. Raises ConfigError for a name that is none."""
    settings = opened_settings(no_login=no_login)
    tried = []
    for each in _tries(settings, name):
        tried.append(each)
        if not as_json:
            _say(each)
    if as_json:
        print_json([each.to_dict() for each in tried])
    elif not tried:
        click.echo(f"no source is configured yet: `{PROGRAM} connectors` shows what they need")
    return _exit_code(tried)


def _tries(settings: Settings, only: str | None) -> Iterator[_Tried]:
    app, shelves = App(settings, Terminal()), ShelfKeeper(settings)
    wanted = only.strip().lower() if only else ""
    if wanted in settings.destination_names():
        yield _tried(wanted, settings.destination_type(wanted), shelves.check)
        return
    if wanted and wanted not in {*settings.source_names(), *source_types()}:
        raise unknown_name(settings, wanted)
    for name in [settings.declared(only).name] if only else settings.source_names():
        if only is None and name == "salesforce" and settings.domain is None:
            continue  # it is always there, and nobody has said which org
        yield _tried(name, settings.source_type(name), app.check_source)
    for name in () if only else settings.destination_names():
        yield _tried(name, settings.destination_type(name), shelves.check)


def _tried(name: str, kind: str, check: Callable[[str], None]) -> _Tried:
    try:
        check(name)
    except SfrError as error:
        return _Tried(name, kind, error)
    except Exception as error:  # whatever a stranger's connector does
        log.exception("the check of %s broke", name)
        told = SfrError(f"its connector broke: {type(error).__name__}: {error}", reason="connector")
        told.remedy = "The log has the details; is there a newer version of its package?"
        return _Tried(name, kind, told)
    return _Tried(name, kind)


def _say(tried: _Tried) -> None:
    click.echo(presentable(f"{'ok' if tried.error is None else 'FAILED':<7} {tried.name:<16} {tried.kind}"))
    if tried.error is not None:
        for line in (*tried.error.message.splitlines(), *tried.error.remedy.splitlines()):
            click.echo(_indented(presentable(line)))


def _indented(line: str) -> str:
    """Below the name; at a terminal broken between words."""
    margin = " " * 8
    if not sys.stdout.isatty():
        return margin + line
    width = shutil.get_terminal_size().columns - 1
    return textwrap.fill(
        line, width, initial_indent=margin, subsequent_indent=margin, break_long_words=False, break_on_hyphens=False
    )


def _exit_code(tried: Iterable[_Tried]) -> int:
    """What stops most comes first: settings, then the login, then everything else."""
    errors = [each.error for each in tried if each.error is not None]
    if any(isinstance(error, ConfigError) for error in errors):
        return CONFIGURATION
    if any(isinstance(error, AuthError) for error in errors):
        return LOGIN
    return FAILED if errors else OK
