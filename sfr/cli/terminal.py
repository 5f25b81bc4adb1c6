"""Talks to the person at the terminal, if there is one: questions, progress, the log file."""

from __future__ import annotations

import getpass
import json
import logging
import os
import re
import secrets
import sys
import tempfile
import textwrap
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import click

from sfr.cli.program import typed
from sfr.progress.plain import PlainProgress
from sfr.redaction import RedactingFormatter, redact
from sfr.terminal_text import one_line
from sfr.watcher import Watcher

_MARK = f"link {secrets.token_hex(8)} "  # stands in for a link, and in nobody's report
_PLACEHOLDER = re.compile(f'"{_MARK}([0-9]+)"')
LOG_BYTES = 5_000_000
LOG_FILES = 5

log = logging.getLogger("sfr.cli")


class Terminal:
    """A person at a terminal, or nobody; implements `Asker`."""

    def __init__(self, *, silent: bool = False) -> None:
        self.interactive = not silent and sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()

    def say(self, text: str) -> None:
        click.echo(presentable(text), err=True)

    def hidden(self, prompt: str) -> str:
        return getpass.getpass(prompt)


def read_session(asker: Terminal) -> str:
    """The session id from standard input: one line, or a hidden question where a person sits there."""
    if asker.interactive:
        return asker.hidden("Session id (sid), not shown: ").strip()
    return sys.stdin.readline().strip() if sys.stdin is not None else ""


def complain(text: str, advice: str = "") -> None:
    """Say what is wrong and what can be done about it, on standard error and in the log."""
    log.error("%s", text)
    click.echo(presentable(f"sfr: {text}"), err=True)
    if advice:
        click.echo(presentable(textwrap.indent(advice, "     ")), err=True)


def presentable(text: str) -> str:
    """`text` for a person's terminal: no secrets, and no commands to it, which a list or a server may have sent."""
    return typed(redact("\n".join(map(one_line, text.splitlines()))))


def print_json(value: Any) -> None:
    """Print a value for a program, in ASCII: nobody knows which encoding the other end of a pipe expects.

    What stands under "link" is meant to be passed on, and is spared by the redaction of all the rest.
    """
    links: list[str] = []
    text = redact(json.dumps(_without_links(value, links), indent=1))
    click.echo(_PLACEHOLDER.sub(lambda match: json.dumps(links[int(match[1])]), text))


def _without_links(value: Any, links: list[str]) -> Any:
    if isinstance(value, dict):
        return {
            key: _taken(each, links) if key == "link" else _without_links(each, links) for key, each in value.items()
        }
    return [_without_links(each, links) for each in value] if isinstance(value, (list, tuple)) else value


def _taken(link: Any, links: list[str]) -> Any:
    if not isinstance(link, str) or not link:
        return link
    links.append(link)
    return f"{_MARK}{len(links) - 1}"


class _LogFile(RotatingFileHandler):
    """A file that takes log lines while its disk does; that it does not is said once, without a traceback."""

    _told = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging calls it so
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self._told:
            self._told = True
            why = error.strerror or type(error).__name__
            click.echo(
                presentable(f"sfr: the log {self.baseFilename} cannot be written ({why}), and lacks lines"), err=True
            )


def open_log(path: Path) -> None:
    """Send all log lines, redacted, to a file that is rotated. Where it cannot be opened, say so and go on without."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = _LogFile(path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8")
    except OSError as error:
        complain(f"no log: {path} cannot be written ({error.strerror})")
        return
    handler.setFormatter(RedactingFormatter("%(asctime)s  %(levelname)-7s  %(name)s  %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("urllib3").setLevel(logging.WARNING)  # its debug lines name addresses


def keep_traceback(error: Exception) -> str:
    """Write down what nobody expected, where there is no log yet; returns where."""
    text = redact("".join(traceback.format_exception(error)))
    with tempfile.NamedTemporaryFile("w", prefix="sfr-", suffix=".log", delete=False, encoding="utf-8") as file:
        file.write(text)
    return file.name


def watcher_for(*, quiet: bool, scheduled: bool, silent: bool) -> Watcher:
    """Live progress for a terminal, lines for everything else, the log for a run without a console."""
    if scheduled or silent or sys.stdout is None:
        return PlainProgress(logging.getLogger("sfr.run").info, quiet=quiet)
    if quiet or not sys.stdout.isatty() or os.environ.get("CI") or os.environ.get("TERM") == "dumb":
        return PlainProgress(_print_line, quiet=quiet)
    from rich.console import Console

    from sfr.progress.live import LiveProgress

    return LiveProgress(Console())


def _print_line(line: str) -> None:
    with output_may_end():
        sys.stdout.write(redact(line) + "\n")
        sys.stdout.flush()


@contextmanager
def output_may_end() -> Iterator[None]:
    """Around what is printed about a run: a closed pipe or a full disk behind it ends the printing, not the run."""
    try:
        yield
    except (OSError, SystemExit) as error:  # the latter is how rich tells of a closed pipe
        log.warning("standard output is gone, so nothing more is printed: %s", error)
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  open as long as the process
