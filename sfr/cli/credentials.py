"""Keeps, lists, tries and removes the secrets of sources; a value is never shown, nor taken from the command line."""

from __future__ import annotations

import sys
from datetime import datetime

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sfr.cli.program import PROGRAM
from sfr.cli.terminal import Terminal, open_log, presentable, print_json
from sfr.credentials import FILE, Credentials, Kept
from sfr.errors import ConfigError, SfrError
from sfr.exit_codes import CONFIGURATION, OK
from sfr.settings import Settings, load_settings
from sfr.settings.inheritance import withhold_secrets
from sfr.settings.kept_secrets import credentials_of
from sfr.settings.secret_fields import SecretField, find_secret, read_name
from sfr.similar_names import did_you_mean


def change_credentials(*, action: str, words: tuple[str, ...], from_stdin: bool, as_json: bool) -> int:
    """Do what was asked; returns the exit code."""
    named = action in ("set", "remove")
    if len(words) > named:  # not repeated: it may be the secret, which the shell's history has now
        hint = "; a value is never given on the command line: it is asked for" if action == "set" else ""
        raise click.UsageError(f"too many words behind `credentials {action}`{hint}")
    if named and not words:
        raise click.UsageError(f"which one? `{PROGRAM} credentials {action} bi.password`")
    name = read_name(words[0]) if named else ""
    settings = load_settings()
    withhold_secrets()
    open_log(settings.log_file or settings.private / "sfr.log")
    kept = credentials_of(settings)
    if action == "set":
        return _set(settings, kept, name, from_stdin=from_stdin)
    if action == "remove":
        return _remove(kept, name)
    if action == "rotate":
        return _rotate(kept, from_stdin=from_stdin)
    return _list(kept, as_json=as_json) if action == "list" else _check(kept, as_json=as_json)


def _set(settings: Settings, credentials: Credentials, name: str, *, from_stdin: bool) -> int:
    secret = find_secret(settings, name)
    terminal = Terminal()
    value = _value(terminal, f"{name} (not shown): ", from_stdin=from_stdin)
    kept, notice = credentials.keep(name, secret.server, value, may_ask=terminal.interactive)
    where = f"the {kept.store}" + (f"; its key: {credentials.key_place}" if kept.store == FILE else "")
    click.echo(presentable(f"{name} is kept in {where}"))
    for line in filter(None, (notice, _beaten(secret))):
        click.echo(presentable(f"note: {line}"), err=True)
    click.echo(f"try it with: {PROGRAM} connectors check {name.partition('.')[0]}")
    return OK


def _beaten(secret: SecretField) -> str:
    """What the settings say of the same secret, where somebody may wonder which one counts."""
    if secret.elsewhere == "environment":
        return f"{secret.key} is in the environment, and that counts as long as it is there"
    return f"{secret.key} in {secret.elsewhere} is not used any more: take it out" if secret.elsewhere else ""


def _value(terminal: Terminal, prompt: str, *, from_stdin: bool) -> str:
    """What somebody types, or all of standard input without its last line end. Raises ConfigError for nothing."""
    if terminal.interactive:
        try:
            value = terminal.hidden(prompt)
        except EOFError:
            value = ""
    elif from_stdin and sys.stdin is not None:
        value = _read(sys.stdin.buffer.read())
    else:
        message = "nobody can be asked here: there is no terminal"
        raise ConfigError(message, remedy="Send the value to standard input, and add --stdin.")
    if not value.strip():
        raise ConfigError("nothing was given, so nothing was changed", remedy="Try again, with the value.")
    return value


def _read(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")  # PowerShell puts a mark in front
    except UnicodeDecodeError:
        raise ConfigError("standard input is no UTF-8 text", remedy="Send the value as UTF-8.") from None
    return text.removesuffix("\n").removesuffix("\r")


def _remove(credentials: Credentials, name: str) -> int:
    kept = credentials.forget(name, may_ask=Terminal().interactive)
    if kept is None:
        names = sorted(credentials.kept())
        there = f"There are: {', '.join(names)}." if names else "Nothing is kept."
        message = f"nothing is kept under {name}"
        raise ConfigError(message, reason="credentials", remedy=f"{did_you_mean(name, names)} {there}".lstrip())
    click.echo(presentable(f"{name} was removed from the {kept.store}"))
    return OK


def _rotate(credentials: Credentials, *, from_stdin: bool) -> int:
    old = ""
    if credentials.needs_old_key():
        old = _value(Terminal(), "The old master key (not shown): ", from_stdin=from_stdin)
    count = credentials.rotate(old)
    values = "1 value is" if count == 1 else f"{count} values are"
    click.echo(presentable(f"{values} sealed anew; the key: {credentials.key_place}"))
    return OK


def _list(credentials: Credentials, *, as_json: bool) -> int:
    kept = [each for _, each in sorted(credentials.kept().items())]
    if as_json:
        print_json([{"name": each.name, "store": each.store, **each.to_dict()} for each in kept])
    elif kept:
        Console(highlight=False).print(_table(kept))
    else:
        click.echo(f"nothing is kept yet: `{PROGRAM} credentials set bi.password` keeps the password of the source bi")
    return OK


def _table(kept: list[Kept]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("name", "where", "since", "for"):
        table.add_column(column, overflow="fold")
    for each in kept:
        since = datetime.fromisoformat(each.since).astimezone()
        cells = (each.name, each.store, f"{since:%Y-%m-%d %H:%M}", each.server)
        table.add_row(*(Text(presentable(cell)) for cell in cells))
    return table


def _check(credentials: Credentials, *, as_json: bool) -> int:
    """Read each value, show none; 2 when one of them cannot be had."""
    errors: dict[str, SfrError] = {}
    kept = credentials.kept()
    may_ask = Terminal().interactive
    for name in sorted(kept):
        try:
            credentials.values([name], may_ask=may_ask)
        except SfrError as error:
            errors[name] = error
        if not as_json:
            click.echo(presentable(f"{'FAILED' if name in errors else 'ok':<7} {name:<24} {kept[name].store}"))
    if as_json:
        print_json([{"name": name, "store": kept[name].store, "ok": name not in errors} for name in sorted(kept)])
    for text in dict.fromkeys(f"{error.message}\n{error.remedy}" for error in errors.values()):
        click.echo(presentable(text), err=True)
    return CONFIGURATION if errors else OK
