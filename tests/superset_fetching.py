"""Does with a Superset source what the engine does: signs in, reads the reference, fetches, renews, tries again."""

from __future__ import annotations

import csv
import io
import time
from typing import Any

from sfr.connector import Door, Session, Tools, Wanted
from sfr.errors import AuthError, TransientError
from sfr.model import Fetched, Report, Window
from sfr.sources.superset.config import SupersetConfig
from sfr.sources.superset.source import Superset
from sfr.testing import Tray
from tests.servers.superset import password_of


class Nobody:
    interactive = False

    def say(self, text: str) -> None: ...

    def hidden(self, prompt: str) -> str:
        raise AssertionError(prompt)


def config_of(url: str, username: str = "admin", **settings: Any) -> SupersetConfig:
    if "api_key" not in settings:
        settings = {"username": username, "password": password_of(username), **settings}
    return SupersetConfig(url=url, first_byte_seconds=30, **settings)


class Fetching:
    """A source with a session that is renewed as the session keeper does. `renewals` counts how often it was."""

    def __init__(self, url: str, username: str = "admin", **settings: Any) -> None:
        self.config = config_of(url, username, **settings)
        self.session = Session(Superset.sign_in(self.config, Door("", Nobody())), 1)
        self.source = Superset(self.config, Tools("superset", lambda: self.session))
        self.renewals = 0

    def renew(self) -> None:
        self.session = Session(Superset.sign_in(self.config, Door(self.session.value, Nobody())), 2)
        self.renewals += 1

    def report(self, text: object, *, window: Window | None = None, **options: Any) -> Report:
        params = options.pop("params", ())
        read = Superset.read_reference(Wanted(str(text), params, options))
        return Report("a.csv", read.ref, "superset", read.params, options=read.options, window=window, many=read.many)

    def once(self, text: object, into: Tray | None = None, **options: Any) -> tuple[Fetched, Tray]:
        """One try."""
        tray = Tray() if into is None else into
        return self.source.fetch(self.report(text, **options), tray), tray

    def until_done(self, text: object, into: Tray, **options: Any) -> tuple[Fetched, Tray]:
        """As many tries as it takes, each from the last point that was kept."""
        deadline = time.monotonic() + 60
        while True:
            try:
                return self.source.fetch(self.report(text, **options), into), into
            except AuthError:
                self.renew()
            except TransientError:
                assert time.monotonic() < deadline
            into = into.resumed()


def rows_of(tray: Tray) -> list[list[str]]:
    """The header and the records."""
    text = tray.data.decode("utf-8")
    assert not text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text, newline="")))
