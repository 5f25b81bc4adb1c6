"""What the tests of joined reports share: databases in files, a sink that remembers, a report from its list's words."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sfr.connector import Session, Tools, Wanted
from sfr.errors import ConfigError
from sfr.model import Fetched, Report, Window
from sfr.sources.sql.config import SqlConfig
from sfr.sources.sql.source import Sql

NOVEMBER = Window("2026-11-01T00:00:00+00:00", "2026-11-04T00:00:00+00:00", "UTC")  # three days


@dataclass
class Kept:
    """A sink that remembers what was written; as a try is given it that goes on from `point`."""

    point: str = ""
    validator: str = ""
    data: bytearray = field(default_factory=bytearray)
    points: list[str] = field(default_factory=list)
    _kept: int = 0

    def write(self, data: bytes | memoryview, /) -> int:
        self.data += data
        return len(data)

    def keep(self, point: str) -> None:
        self.points.append(point)
        self._kept = len(self.data)

    def restart(self) -> None:
        self.point, self._kept = "", 0
        self.data.clear()
        self.points.clear()

    def next_try(self) -> Kept:
        """What the next try is given after this one failed."""
        if not self.points:
            return Kept()
        return Kept(self.points[-1], data=self.data[: self._kept], points=[*self.points], _kept=self._kept)

    def another(self, label: str) -> Kept:
        raise AssertionError("one file is enough")


@dataclass
class Answered:
    """What became of a report: its text, and what the source said."""

    text: str
    fetched: Fetched

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """Without the header."""
        return [tuple(row) for row in csv.reader(io.StringIO(self.text, newline=""))][1:]

    @property
    def header(self) -> str:
        return self.text.partition("\n")[0]


class Sources:
    """SQLite databases in a folder, each a source by its name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.configs: dict[str, SqlConfig] = {}

    def add(self, name: str, script: str, rows: Mapping[str, Iterable[tuple[Any, ...]]] | None = None) -> None:
        """Make a database by SQL, and put rows into its tables."""
        file = self.folder / f"{name}.db"
        with sqlite3.connect(file) as database:
            database.executescript(script)
            for table, values in (rows or {}).items():
                for row in values:
                    database.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
        self.configs[name] = SqlConfig(url=f"sqlite:///{file.as_posix()}")

    def change(self, name: str, statement: str) -> None:
        with sqlite3.connect(self.folder / f"{name}.db") as database:
            database.execute(statement)

    def report(self, window: Window | None = None, **options: Any) -> Report:
        """The report that a list with these options means; its own source is `people`."""
        reference = Sql.read_reference(Wanted("", options=options, window=window))
        return Report("joined.csv", reference.ref, "people", options=reference.options, window=window)

    def source(self, stopped: Callable[[], bool] = lambda: False) -> Sql:
        tools = Tools("people", lambda: Session("", 1), stopped=stopped, config_of=self._config_of)
        return Sql(self.configs["people"], tools)

    def fetch(self, window: Window | None = None, into: Kept | None = None, **options: Any) -> Answered:
        """The whole of a report."""
        sink = into or Kept()
        fetched = self.source().fetch(self.report(window, **options), sink)
        return Answered(sink.data.decode(), fetched)

    def _config_of(self, name: str) -> SqlConfig:
        if name not in self.configs:
            raise ConfigError(f"there is no other source {name!r}")
        return self.configs[name]
